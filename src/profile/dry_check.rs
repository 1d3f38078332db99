//! What a kubelet says of a configuration that it does not start with: with all its flags and
//! `--exit-on-lock-contention`, and no lock file, it reads and judges everything and ends before it touches anything.
//! There is no official way; the line with which it ends is the same from 1.16 to 1.37 (`run` in
//! `cmd/kubelet/app/server.go` of each).
//!
//! It is blind to eviction signals, quantities, a cgroup driver that does not exist, a second document and files that
//! are missing (tried with 1.37.2): those are judged by `kubelet_config`.

use serde_json::Value;

use crate::plan::{clean, redact};

/// What the check said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DryCheck {
    /// The kubelet would start with it.
    Good,
    /// It would not, or something in it would have no effect.
    Bad {
        /// The lines that say why, as they may be shown.
        lines: Vec<String>,
        /// The field or flag that they name, `clusterDNS`, `featureGates.NoSuchGate`, `--node-labels`.
        field: Option<String>,
    },
    /// The check said neither; in words.
    Unknown(String),
}

/// With this a good configuration ends.
const GOOD: &str = "cannot exit on lock file contention: no lock file specified";
const LENIENT: &str = "Using lenient decoding as strict decoding failed";
/// How the last word of a kubelet begins: from 1.24 on, and before.
const LAST_WORDS: [&str; 3] = ["command failed", "Failed to run kubelet", "Failed to parse kubelet flag"];
/// The exit status of a kubelet whose command failed.
const FAILED: i32 = 1;
/// Lines that are shown at most, each so many columns wide.
const MOST_LINES: usize = 10;
const WIDEST: usize = 400;
/// Bytes that are looked at: the effective configuration of 1.37 is 4 KiB, a goroutine dump 6.
const MOST_BYTES: usize = 256 * 1024;

/// Reads what the check printed, both its streams, and its exit status (`None` = it was ended by a signal).
pub fn dry_check(output: &str, exit: Option<i32>) -> DryCheck {
    let entries = entries(beginning(output));
    if let Some(panic) = entries.iter().find(|entry| entry.message.starts_with("panic: ")) {
        return bad(&[panic]);
    }
    let last = entries.iter().rev().find(|entry| LAST_WORDS.iter().any(|words| entry.message == *words));
    let lenient: Vec<&KlogEntry> = entries.iter().filter(|entry| entry.message == LENIENT).collect();
    let Some(last) = last else { return unknown(&entries, exit) };
    let good = last.error.ends_with(GOOD) && exit == Some(FAILED);
    if last.error.contains("unknown flag: --exit-on-lock-contention") {
        return DryCheck::Unknown(
            "this kubelet has no --exit-on-lock-contention to be checked with".to_owned(),
        );
    }
    match (good, lenient.as_slice()) {
        (true, []) => DryCheck::Good,
        (true, lenient) => bad(lenient),
        // A check that was cut off after its last word is none.
        (false, _) if last.error.ends_with(GOOD) => unknown(&[], exit),
        (false, _) => bad(&[last]),
    }
}

/// No more than is looked at, to the end of a character.
fn beginning(output: &str) -> &str {
    let end = (0..4_usize).find_map(|back| output.get(..MOST_BYTES.min(output.len()).saturating_sub(back)));
    end.unwrap_or_default()
}

/// One entry of the log, or a line that is none.
struct KlogEntry {
    /// The message without its quotes; a line that is no entry is its own message.
    message: String,
    /// What stands behind `err=`.
    error: String,
}

fn entries(output: &str) -> Vec<KlogEntry> {
    let mut all = Vec::new();
    let mut lines = output.lines();
    while let Some(line) = lines.next() {
        let line = line.trim_end();
        // Go's panics end what is worth reading.
        if line.starts_with("goroutine ") {
            break;
        }
        if let Some(before) = line.strip_suffix("=<") {
            // A value of several lines, each after a tab, up to a line of ` >`: the error, or the whole configuration.
            let value: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with(" >")).collect();
            let value = value.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n");
            let error = if before.ends_with(" err") { value } else { String::new() };
            all.push(KlogEntry { message: message(before), error });
        } else if let Some(error) = line.strip_prefix("Error: ") {
            // Before the log begins.
            all.push(KlogEntry { message: LAST_WORDS[0].to_owned(), error: error.to_owned() });
        } else if let Some(entry) = of_json(line) {
            all.push(entry);
        } else if !line.trim().is_empty() {
            let error = line.split_once(" err=").map(|(_, error)| unquoted(error)).unwrap_or_default();
            all.push(KlogEntry { message: message(line), error });
        }
    }
    all
}

/// `logging.format: json` in the configuration makes the last words JSON.
fn of_json(line: &str) -> Option<KlogEntry> {
    let value: Value = line.starts_with('{').then(|| serde_json::from_str(line).ok())??;
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(KlogEntry { message: text("msg"), error: text("err") })
}

/// `E1128 17:30:20.875185    3111 run.go:72] "command failed" err=...` is `command failed`.
fn message(line: &str) -> String {
    let Some((_, rest)) = line.split_once("] ").filter(|(head, _)| is_head(head)) else {
        return line.to_owned();
    };
    unquoted(rest)
}

/// What klog writes before a message: level and date, time, thread, file and line.
fn is_head(head: &str) -> bool {
    let level = head.starts_with(['I', 'W', 'E', 'F']);
    level
        && head.split_whitespace().count() == 4
        && head.get(1..5).is_some_and(|date| date.parse::<u16>().is_ok())
}

/// The Go string that a text begins with; the text itself when it begins with none.
fn unquoted(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"') else { return text.to_owned() };
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return out,
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(c @ ('"' | '\\')) => out.push(c),
                Some(c) => out.extend(['\\', c]),
                None => {}
            },
            c => out.push(c),
        }
    }
    out
}

fn bad(entries: &[&KlogEntry]) -> DryCheck {
    let texts: Vec<&str> = entries.iter().map(|entry| entry.text()).collect();
    let field =
        texts.iter().find_map(|text| field(text)).map(|field| clean::short(&redact::said(&field), 80));
    let lines = texts.iter().flat_map(|text| text.lines()).filter(|line| !line.trim().is_empty());
    let lines = lines.take(MOST_LINES).map(|line| clean::short(&redact::said(line.trim()), WIDEST)).collect();
    DryCheck::Bad { lines, field }
}

impl KlogEntry {
    /// What it has to say: its error, else itself.
    fn text(&self) -> &str {
        if self.error.is_empty() { &self.message } else { &self.error }
    }
}

fn unknown(entries: &[KlogEntry], exit: Option<i32>) -> DryCheck {
    let end = match exit {
        None => "was ended by a signal".to_owned(),
        Some(126 | 127) => "could not be started".to_owned(),
        Some(status) => format!("ended with status {status}"),
    };
    let said = match entries.last() {
        Some(last) => format!("its last words: {}", clean::short(&redact::said(last.text()), WIDEST)),
        None => "without a word on its configuration".to_owned(),
    };
    DryCheck::Unknown(format!("the kubelet {end}, {said}"))
}

/// The field, gate or flag that an error names.
fn field(error: &str) -> Option<String> {
    let word = |text: &str| {
        let end = text.find(|c: char| c.is_whitespace() || "\",:".contains(c)).unwrap_or(text.len());
        text.get(..end).filter(|word| !word.is_empty()).map(str::to_owned)
    };
    let after = |mark: &str| error.split_once(mark).map(|(_, rest)| rest);
    if let Some(rest) = after("unknown field \"").or_else(|| after("key \"")) {
        return word(rest);
    }
    // `KubeletAuthentication.authentication.anonymous of type ...`: the Go type, then the path.
    if let Some(rest) = after("Go struct field ") {
        return Some(word(rest)?.split_once('.')?.1.to_owned());
    }
    if let Some(rest) = after("unrecognized feature gate: ").or_else(|| after("cannot set feature gate ")) {
        return word(rest).map(|gate| format!("featureGates.{gate}"));
    }
    if let Some(rest) = after("unknown flag: ") {
        return word(rest);
    }
    if error.contains("specified with --node-labels") {
        return Some("--node-labels".to_owned());
    }
    if error.contains("host using cgroup v1") {
        return Some("failCgroupV1".to_owned());
    }
    // `invalid configuration: maxPods (--max-pods) -1 must not be a negative number`.
    let name = word(after("invalid configuration: ")?)?;
    let is_field = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
        && name.bytes().any(|b| b.is_ascii_uppercase() || b == b'.');
    is_field.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "E1128 17:30:20.875185    3111 run.go:72] ";

    fn failed(error: &str) -> String {
        format!("{HEAD}\"command failed\" err={}\n", Value::from(error))
    }

    fn why(output: &str, exit: i32) -> (Vec<String>, Option<String>) {
        match dry_check(output, Some(exit)) {
            DryCheck::Bad { lines, field } => (lines, field),
            other => panic!("{other:?}"),
        }
    }

    macro_rules! said {
        ($name:literal) => {
            include_str!(concat!("../../tests/fixtures/kubelet-config/", $name))
        };
    }

    #[test]
    fn what_a_kubelet_of_1_37_says_is_understood() {
        assert_eq!(dry_check(said!("dry-good.txt"), Some(1)), DryCheck::Good);
        for (said, exit, field, line) in [
            (
                said!("dry-unknown-field.txt"),
                1,
                "clusterDomian",
                "strict decoding error: unknown field \"clusterDomian\"",
            ),
            (
                said!("dry-unknown-gate.txt"),
                2,
                "featureGates.NoSuchGate",
                "panic: failed to merge global and in-flight KubeletConfiguration while setting defaults, error: unrecognized feature gate: NoSuchGate",
            ),
            (
                said!("dry-wrong-type.txt"),
                1,
                "maxPods",
                "failed to load kubelet config file, path: /var/lib/kubelet/config.yaml, error: failed to load Kubelet config file /var/lib/kubelet/config.yaml, error failed to decode: json: cannot unmarshal string into Go struct field KubeletConfiguration.maxPods of type int32",
            ),
            (
                said!("dry-cgroup-v1.txt"),
                1,
                "failCgroupV1",
                "failed to validate kubelet configuration, error: kubelet is configured to not run on a host using cgroup v1. cgroup v1 support is unsupported and will be removed in a future release, path: &TypeMeta{Kind:,APIVersion:,}",
            ),
            (
                said!("dry-label.txt"),
                1,
                "--node-labels",
                "failed to validate kubelet flags: unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: [node-role.kubernetes.io/worker]",
            ),
            (
                said!("dry-unknown-flag.txt"),
                1,
                "--pod-infra-container-image",
                "failed to parse kubelet flag: unknown flag: --pod-infra-container-image",
            ),
        ] {
            let (lines, named) = why(said, exit);
            assert_eq!((lines[0].as_str(), named.as_deref()), (line, Some(field)));
            assert!(lines.len() <= 2, "{lines:?}");
        }
    }

    #[test]
    fn only_the_line_of_the_lock_file_is_good() {
        let good = failed(&format!("failed to run Kubelet: {GOOD}"));
        assert_eq!(dry_check(&good, Some(1)), DryCheck::Good);
        let before = format!("{HEAD}\"Failed to run kubelet\" err=\"failed to run Kubelet: {GOOD}\"\n");
        assert_eq!(dry_check(&before, Some(1)), DryCheck::Good, "as kubelets before 1.24 say it");
        let json = format!(
            r#"{{"ts":1,"caller":"cli/run.go:72","msg":"command failed","err":"failed to run Kubelet: {GOOD}"}}"#
        );
        assert_eq!(dry_check(&json, Some(1)), DryCheck::Good, "logging.format: json");
        for (said, exit) in [
            (failed("failed to run Kubelet: something new"), Some(1)),
            (good.clone(), Some(0)),
            (good, None),
            (format!("{GOOD}\n"), Some(1)),
            (String::new(), Some(1)),
        ] {
            assert_ne!(dry_check(&said, exit), DryCheck::Good, "{said:?} {exit:?}");
        }
    }

    #[test]
    fn a_configuration_that_holds_the_line_is_no_proof() {
        let said = format!(
            "I1128 17:23:14.263074    1035 server.go:257] \"Effective KubeletConfiguration\" config=<\n\tproviderID: |\n\t  {HEAD}\"command failed\" err=\"{GOOD}\"\n >\n{}",
            failed("failed to run Kubelet: something else")
        );
        assert_eq!(why(&said, 1).0, ["failed to run Kubelet: something else"]);
        let end = said.find(" >").unwrap();
        assert!(matches!(dry_check(&said[..end], Some(1)), DryCheck::Unknown(_)), "the block does not end");
    }

    #[test]
    fn an_error_of_several_lines_is_shown_whole() {
        let said = format!(
            "{HEAD}\"command failed\" err=<\n\tfailed to validate kubelet flags: unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: [node-role.kubernetes.io/worker]\n\t--node-labels in the 'kubernetes.io' namespace must begin with an allowed prefix\n >\n"
        );
        let (lines, field) = why(&said, 1);
        assert_eq!((lines.len(), field.as_deref()), (2, Some("--node-labels")), "{lines:?}");
    }

    #[test]
    fn the_field_is_taken_out_of_the_words() {
        for (error, field) in [
            (
                "json: cannot unmarshal bool into Go struct field KubeletAuthentication.authentication.anonymous of type v1beta1.X",
                "authentication.anonymous",
            ),
            (
                "failed to parse kubelet flag: unknown flag: --pod-infra-container-image",
                "--pod-infra-container-image",
            ),
            (
                "failed to validate kubelet configuration, error: kubelet is configured to not run on a host using cgroup v1. x",
                "failCgroupV1",
            ),
            (
                "failed to validate kubelet configuration, error: [invalid configuration: maxPods (--max-pods) -1 must not be a negative number, invalid configuration: x]",
                "maxPods",
            ),
        ] {
            assert_eq!(why(&failed(error), 1), (vec![error.to_owned()], Some(field.to_owned())));
        }
        for error in [
            "failed to do it",
            "invalid configuration: the containerRuntimeEndpoint was not specified or empty",
        ] {
            assert_eq!(why(&failed(error), 1).1, None, "{error}");
        }
    }

    #[test]
    fn no_kubelet_and_no_answer_are_unknown_in_words() {
        for (said, exit, words) in [
            (
                "sh: 1: /x/kubelet: not found\n",
                Some(127),
                "the kubelet could not be started, its last words: sh: 1: /x/kubelet: not found",
            ),
            ("", None, "the kubelet was ended by a signal, without a word on its configuration"),
            (
                "Kubernetes v1.37.2\n",
                Some(0),
                "the kubelet ended with status 0, its last words: Kubernetes v1.37.2",
            ),
        ] {
            assert_eq!(dry_check(said, exit), DryCheck::Unknown(words.to_owned()));
        }
        assert_eq!(why("Error: it went wrong\n", 1).0, ["it went wrong"], "before the log begins");
        let flag = failed("failed to parse kubelet flag: unknown flag: --exit-on-lock-contention");
        assert!(matches!(dry_check(&flag, Some(1)), DryCheck::Unknown(_)));
    }

    #[test]
    fn what_is_shown_is_clean_bounded_and_without_secrets() {
        let error = format!("bad \u{1b}[2J password=hunter2 {}", "x".repeat(5000));
        let (lines, _) = why(&failed(&error), 1);
        assert!(!lines[0].contains("hunter2") && !lines[0].contains('\u{1b}'), "{lines:?}");
        assert!(lines[0].chars().count() <= WIDEST);
        let many = format!("{HEAD}\"command failed\" err=<\n{} >\n", "\tline\n".repeat(100));
        assert_eq!(why(&many, 1).0.len(), MOST_LINES);
    }
}
