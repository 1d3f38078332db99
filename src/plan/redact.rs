//! What may hold a secret and is shown all the same, hidden in one place: keys of a plan, logins, what a machine says
//! in a line, and the difference of two versions of a file that are gangplank's own. A text is taken apart by what it
//! is (YAML, a unit, flags), so that a value is hidden with all that belongs to it. The content of a file that somebody
//! else wrote is shown nowhere, hidden or not.

use std::ops::Range;

use serde::Deserialize;
use serde_yaml::Value;
use similar::ChangeTag;
use zeroize::Zeroizing;

use super::yaml_weight::is_bearable;
use super::{clean, line_diff};

mod signs;
mod words;

use signs::HIDDEN;
pub use signs::{has_login_password, sounds_secret};
pub use words::{line, said};

/// Hides the secrets of texts that are compared: the same value gets the same number in all of them, another
/// value another one, and nothing of the value itself is shown, not even a hash that could be guessed at.
#[derive(Default)]
pub struct Redactor {
    /// Hidden so far; a value's number is its place, from 1.
    seen: Vec<Zeroizing<String>>,
}

impl Redactor {
    /// The text without its secrets, taken apart as what it is: YAML, a systemd unit, or lines.
    pub fn text(&mut self, text: &str) -> Zeroizing<String> {
        if is_unit(text) {
            return self.unit(text);
        }
        self.yaml(text).unwrap_or_else(|| self.lines(text))
    }

    /// Every document again, as YAML writes it, each secret value hidden with all below it.
    fn yaml(&mut self, text: &str) -> Option<Zeroizing<String>> {
        if !is_bearable(text) {
            return None;
        }
        let mut out = Zeroizing::new(String::with_capacity(text.len()));
        for (at, document) in serde_yaml::Deserializer::from_str(text).enumerate() {
            let mut value = Value::deserialize(document).ok()?;
            if !(value.is_mapping() || value.is_sequence()) {
                return None;
            }
            self.value(&mut value);
            if at > 0 {
                out.push_str("---\n");
            }
            out.push_str(&Zeroizing::new(serde_yaml::to_string(&value).ok()?));
        }
        (!out.is_empty()).then_some(out)
    }

    fn value(&mut self, value: &mut Value) {
        match value {
            Value::Mapping(map) => {
                // An environment variable or a header: its name says what its value is.
                let named = map.get("name").and_then(Value::as_str).is_some_and(sounds_secret);
                for (key, value) in map.iter_mut() {
                    let key = key.as_str().unwrap_or_default();
                    if sounds_secret(key) || (named && key == "value") {
                        self.hide(value);
                    } else {
                        self.value(value);
                    }
                }
            }
            Value::Sequence(list) => list.iter_mut().for_each(|one| self.value(one)),
            Value::String(text) => {
                if text.contains("PRIVATE KEY-----") || line(text) != *text {
                    *text = self.hidden_line(text);
                }
            }
            Value::Tagged(tagged) => self.value(&mut tagged.value),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn hide(&mut self, value: &mut Value) {
        if value.is_null() {
            return;
        }
        let text = Zeroizing::new(serde_yaml::to_string(value).unwrap_or_default());
        *value = Value::String(self.stand_in(text));
    }

    /// A line with the number of what was hidden in it.
    fn hidden_line(&mut self, text: &str) -> String {
        let number = self.number(Zeroizing::new(text.to_owned()));
        if text.contains("-----BEGIN") {
            format!("{HIDDEN} {number}")
        } else {
            format!("{} {number}", line(text))
        }
    }

    fn stand_in(&mut self, text: Zeroizing<String>) -> String {
        format!("{HIDDEN} {}", self.number(text))
    }

    /// A unit: what the environment holds is hidden whole, of flags what sounds secret.
    fn unit(&mut self, text: &str) -> Zeroizing<String> {
        let mut out = Zeroizing::new(String::with_capacity(text.len()));
        let mut lines = text.lines();
        while let Some(first) = lines.next() {
            // A backslash joins lines; a secret may begin on one and end on the next.
            let mut whole = Zeroizing::new(first.to_owned());
            while whole.ends_with('\\') {
                let Some(next) = lines.next() else { break };
                whole.push('\n');
                whole.push_str(next);
            }
            match whole.split_once('=') {
                Some((key @ ("Environment" | "PassEnvironment" | "SetCredential"), value)) => {
                    let name =
                        value.trim_start_matches('"').split_once('=').map(|(name, _)| format!("{name}="));
                    let hidden = self.stand_in(Zeroizing::new(value.to_owned()));
                    out.extend([key, "=", &name.unwrap_or_default(), &hidden]);
                }
                Some((key, _)) if sounds_secret(key) => {
                    let hidden = self.stand_in(whole.clone());
                    out.extend([key, "=", &hidden]);
                }
                _ if line(&whole.replace('\n', " ")) != whole.replace('\n', " ") => {
                    let shown: Vec<String> = whole.lines().map(line).collect();
                    let (shown, number) = (shown.join("\n"), self.number(whole.clone()).to_string());
                    // A flag on one line and its value on the next: only the whole is known to be safe.
                    let joined = line(&whole.replace('\n', " "));
                    let one = if joined == shown.replace('\n', " ") { shown } else { joined };
                    out.extend([one.as_str(), " ", &number]);
                }
                _ => out.push_str(&whole),
            }
            out.push('\n');
        }
        out
    }

    /// The text with each line that sounds secret as `key: (hidden) 1`, together with what belongs to it: what is
    /// further in below it, the list below a key without a value, the rest of a private key.
    fn lines(&mut self, text: &str) -> Zeroizing<String> {
        let lines: Vec<&str> = text.lines().collect();
        let mut out = Zeroizing::new(String::with_capacity(text.len()));
        let mut at = 0;
        while let Some(one) = lines.get(at) {
            let cleaned = clean::line(one);
            if sounds_secret(one) || sounds_secret(&cleaned) || line(&cleaned) != cleaned {
                let block = block(&lines, at);
                at = block.end;
                let value = Zeroizing::new(lines.get(block).unwrap_or_default().join("\n"));
                let hidden = self.stand_in(value);
                let key = key(one.trim_start());
                let indent = one.get(..depth(one)).unwrap_or_default();
                out.extend([indent, key.as_str(), hidden.as_str()]);
            } else {
                at = at.saturating_add(1);
                out.push_str(one);
            }
            out.push('\n');
        }
        out
    }

    fn number(&mut self, value: Zeroizing<String>) -> usize {
        let known = self.seen.iter().position(|seen| *seen == value);
        let at = known.unwrap_or_else(|| {
            self.seen.push(value);
            self.seen.len().saturating_sub(1)
        });
        at.saturating_add(1)
    }
}

/// The difference of two versions of a file that are both gangplank's own, as lines with their sign (` `, `-`, `+`):
/// so many unchanged ones around each change, `None` = all. Of what may be secret only whether it differs is seen.
pub fn difference(before: &str, after: &str, around: Option<usize>) -> Vec<(char, String)> {
    let mut hide = Redactor::default();
    let (before, after) = (hide.text(before), hide.text(after));
    let diff = line_diff::lines(&before, &after);
    let groups = diff.grouped_ops(around.unwrap_or(usize::MAX >> 2));
    let mut out = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        if at > 0 {
            out.push((' ', "...".to_owned()));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            out.push((sign, clean::line(change.value())));
        }
    }
    out
}

/// A file of systemd: a section first of all that is no remark.
fn is_unit(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with(['#', ';']));
    first.is_some_and(|line| line.starts_with('[') && line.ends_with(']') && !line.contains([',', '"', ' ']))
        && text.lines().any(|line| line.contains('='))
}

/// The lines that are one with the secret one at `first`.
fn block(lines: &[&str], first: usize) -> Range<usize> {
    let line = lines.get(first).copied().unwrap_or_default();
    let below = || lines.iter().enumerate().skip(first.saturating_add(1));
    if line.contains("-----BEGIN") {
        let last = below().find(|(_, line)| line.contains("-----END")).map(|(at, _)| at);
        return first..last.map_or(lines.len(), |last| last.saturating_add(1));
    }
    let (top, bare) = (depth(line), line.trim_end().ends_with(':'));
    let mut end = first.saturating_add(1);
    for (at, line) in below() {
        // A blank line belongs to it only when more of it follows.
        if line.trim().is_empty() {
            continue;
        }
        let item = bare && depth(line) == top && line.trim_start().starts_with('-');
        if depth(line) <= top && !item {
            break;
        }
        end = at.saturating_add(1);
    }
    first..end
}

fn depth(line: &str) -> usize {
    line.len().saturating_sub(line.trim_start().len())
}

/// What stands before a value, when it is nothing but a key.
fn key(line: &str) -> String {
    let is_key = |key: &str| {
        let key = key.strip_prefix("- ").unwrap_or(key).trim().trim_matches(['"', '\'']);
        key.starts_with(char::is_alphanumeric)
            && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    match line.split_once([':', '=']) {
        Some((key, _)) if is_key(key) => format!("{}: ", key.trim_end()),
        Some(_) | None => String::new(),
    }
}

#[cfg(test)]
#[path = "redact/tests.rs"]
mod tests;
