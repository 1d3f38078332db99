//! What was changed in a file of ours, by its parts: the keys of YAML, the directives, variables and flags of a unit. A
//! value that may be secret is not shown.

use std::collections::BTreeMap;

use serde_yaml::Value;

use super::clean;
use super::redact::{has_login_password, sounds_secret};
use super::yaml_weight::is_bearable;

/// So many parts are named.
const MOST: usize = 8;
/// A longer value is cut, columns.
const VALUE: usize = 80;

/// What differs between the text that gangplank wrote and the one that is there, by its parts.
pub fn differences(path: &str, ours: &str, theirs: &str) -> Vec<String> {
    let (Ok(before), after) = (parts(path, ours), parts(path, theirs)) else { return Vec::new() };
    let after = match after {
        Ok(after) => after,
        Err(why) => return vec![why],
    };
    let mut all = Vec::new();
    let keys: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let name = clean::short(key, VALUE);
        match (before.get(key), after.get(key)) {
            (Some(was), Some(is)) if was != is => {
                all.push(if hidden(key, was) || hidden(key, is) {
                    format!("changed: {name} (not shown)")
                } else {
                    format!("changed: {name} from {} to {}", value(was), value(is))
                });
            }
            (None, Some(is)) => all.push(if hidden(key, is) {
                format!("added: {name} (not shown)")
            } else {
                format!("added: {name} {}", value(is))
            }),
            (Some(_), None) => all.push(format!("taken out: {name}")),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    if all.is_empty() {
        all.push("only its layout or a comment was changed".to_owned());
    }
    let more = all.len().saturating_sub(MOST);
    all.truncate(MOST);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    all
}

fn value(text: &str) -> String {
    if text.is_empty() { "\"\"".to_owned() } else { clean::short(text, VALUE) }
}

/// Whether a part may hold a secret: by its name, by what it says, or because it looks like a token.
fn hidden(key: &str, value: &str) -> bool {
    let token = value.split(|c: char| !(c.is_ascii_alphanumeric() || "+/=_-".contains(c))).any(|word| {
        word.len() >= 20
            && !word.starts_with('/')
            && word.bytes().any(|byte| byte.is_ascii_digit())
            && word.bytes().any(|byte| byte.is_ascii_alphabetic())
    });
    let names_path = value.starts_with('/') && !value.contains(char::is_whitespace);
    let named = sounds_secret(key)
        || sounds_secret(value)
        || ["pass", "auth", "key="].iter().any(|word| key.to_lowercase().contains(word));
    named && !names_path || value.split_whitespace().any(has_login_password) || value.contains('\n') || token
}

/// The parts of a file by name, or why it has none.
fn parts(path: &str, text: &str) -> Result<BTreeMap<String, String>, String> {
    if path.ends_with(".service") {
        return Ok(unit(text));
    }
    if !is_bearable(text) {
        return Err("it holds more than gangplank ever writes".to_owned());
    }
    let tree: Value = serde_yaml::from_str(text).map_err(|error| {
        let line = error.location().map_or(String::new(), |at| format!(" (line {})", at.line()));
        format!("it is no YAML any more{line}")
    })?;
    let mut all = BTreeMap::new();
    flatten("", &tree, &mut all);
    Ok(all)
}

fn flatten(at: &str, tree: &Value, all: &mut BTreeMap<String, String>) {
    let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        _ => String::new(),
    };
    match tree {
        Value::Mapping(map) => {
            for (key, value) in map {
                flatten(&below(&text(key)), value, all);
            }
        }
        Value::Sequence(list) => {
            for (number, value) in list.iter().enumerate() {
                let flag = text(value);
                let name = value.get("name").or_else(|| value.get("mountPath")).map(text);
                match (name, flag.strip_prefix("--").and_then(|flag| flag.split_once('='))) {
                    (Some(name), _) => flatten(&format!("{at}[{name}]"), value, all),
                    (None, Some((name, value))) => {
                        all.insert(below(&format!("--{name}")), value.to_owned());
                    }
                    (None, None) => flatten(&format!("{at}[{number}]"), value, all),
                }
            }
        }
        Value::Tagged(tagged) => flatten(at, &tagged.value, all),
        scalar => {
            all.insert(at.to_owned(), text(scalar));
        }
    }
}

/// A unit: directives by section, flags and variables each for itself.
fn unit(text: &str) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    let mut section = String::new();
    let joined = text.replace("\\\n", " ");
    for line in joined.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with('[') {
            line.clone_into(&mut section);
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let key = format!("{section} {}", key.trim());
        let words = shell_words::split(value).unwrap_or_else(|_| vec![value.to_owned()]);
        let apart = key.ends_with("Environment") || words.iter().any(|word| word.starts_with("--"));
        if !apart {
            let known = all.entry(key).or_default();
            *known =
                if known.is_empty() { value.trim().to_owned() } else { format!("{known} {}", value.trim()) };
            continue;
        }
        let mut rest = Vec::new();
        for word in words {
            match word.split_once('=') {
                Some((name, value)) => drop(all.insert(format!("{key} {name}"), value.to_owned())),
                None if word.starts_with("--") => drop(all.insert(format!("{key} {word}"), String::new())),
                None => rest.push(word),
            }
        }
        if !rest.is_empty() {
            all.insert(key, rest.join(" "));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::differences;

    const UNIT: &str = "[Unit]\nAfter=docker.service\n\n[Service]\nExecStart=/usr/local/bin/kubelet \\\n  --node-ip=10.0.0.1 \\\n  --v=2\nRestart=always\n";

    #[test]
    fn a_unit_is_compared_by_directives_and_flags() {
        let theirs = UNIT.replace("--node-ip=10.0.0.1", "--node-ip=10.0.0.9 --max-pods=50").replace(
            "Restart=always\n",
            "Restart=no\nEnvironment=\"HTTPS_PROXY=http://ops:canary@proxy:3128\" API_TOKEN=canary\n",
        );
        assert_eq!(
            differences("/etc/systemd/system/kubelet.service", UNIT, &theirs),
            [
                "added: [Service] Environment API_TOKEN (not shown)",
                "added: [Service] Environment HTTPS_PROXY (not shown)",
                "added: [Service] ExecStart --max-pods 50",
                "changed: [Service] ExecStart --node-ip from 10.0.0.1 to 10.0.0.9",
                "changed: [Service] Restart from always to no",
            ]
        );
    }

    #[test]
    fn yaml_is_compared_by_its_tree() {
        let ours = "a:\n  b: 1\n  file: /etc/private.key\nlist:\n- name: x\n  image: one\ncommand: [run, --mode=iptables]\n";
        let theirs = "a: {b: 2, file: /etc/other.key, token: canary}\nlist: [{name: x, image: two}]\ncommand: [run, --mode=ipvs]\n";
        assert_eq!(
            differences("/x.yaml", ours, theirs),
            [
                "changed: a.b from 1 to 2",
                "changed: a.file from /etc/private.key to /etc/other.key",
                "added: a.token (not shown)",
                "changed: command.--mode from iptables to ipvs",
                "changed: list[x].image from one to two",
            ]
        );
        assert_eq!(
            differences("/x.yaml", "a: 1\n", "# hello\na:   1\n"),
            ["only its layout or a comment was changed"]
        );
        assert_eq!(
            differences("/x.yaml", "a: 1\n", "a: 1\n\tb: canary\n"),
            ["it is no YAML any more (line 2)"]
        );
        assert_eq!(differences("/x.yaml", "a: 1\n", "a: 1\n"), ["only its layout or a comment was changed"]);
    }

    #[test]
    fn brackets_without_end_are_told_before_a_reader_begins() {
        let said = differences("/x.yaml", "a: b\n", &"[{".repeat(900_000));
        assert_eq!(said, ["it holds more than gangplank ever writes"]);
    }

    #[test]
    fn what_looks_like_a_token_is_not_shown_whatever_it_is_called() {
        let said = differences(
            "/x.yaml",
            "a: b\n",
            "a: 07401bf5canary0123456789abcd\nkeyData: |\n  canary\n  canary\n",
        );
        assert!(!said.join("\n").contains("07401"), "{said:?}");
    }
}
