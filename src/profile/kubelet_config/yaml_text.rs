//! A value as YAML that readers of 1.1 (Go's) and of 1.2 take for the same: every text is quoted as JSON quotes it,
//! keys are bare only where nobody could take them for anything else, mappings are sorted.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Lines of a mapping; the keys of `first` come before the others.
pub(super) fn mapping(map: &Map<String, Value>, first: &[&str]) -> String {
    let mut out = String::new();
    block(&mut out, map, 0, first);
    out
}

fn block(out: &mut String, map: &Map<String, Value>, indent: usize, first: &[&str]) {
    let mut keys: Vec<&String> = map.keys().collect();
    let place = |key: &str| first.iter().position(|one| *one == key).unwrap_or(first.len());
    keys.sort_by_key(|key| (place(key), key.as_str()));
    for key in keys {
        let _ = write!(out, "{:indent$}{}:", "", key_text(key));
        below(out, &map[key], indent);
    }
}

/// What stands behind a key, with the end of its line.
fn below(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            block(out, map, indent.saturating_add(2), &[]);
        }
        Value::Array(list) if !list.is_empty() => {
            out.push('\n');
            for item in list {
                let _ = writeln!(out, "{:indent$}- {}", "", flow(item));
            }
        }
        other => {
            let _ = writeln!(out, " {}", flow(other));
        }
    }
}

/// A value on one line.
fn flow(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(list) => format!("[{}]", list.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            let entries = entries.iter().map(|(key, value)| format!("{}: {}", key_text(key), flow(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Words that readers of YAML 1.1 take for a truth value or for nothing.
const OTHER_KINDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

fn key_text(key: &str) -> String {
    let bare = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"./_-".contains(&b))
        && !OTHER_KINDS.contains(&key.to_ascii_lowercase().as_str());
    if bare { key.to_owned() } else { quoted(key) }
}

/// As JSON quotes it, and what no reader of YAML takes raw is escaped too.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') =>
            {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_reader_sees_the_same_value() {
        let value = json!({
            "zero": 0, "on": "on", "text": "0644", "list": ["1_000", {"key": "a", "effect": "NoSchedule"}, []],
            "map": {"nodefs.available": "10%", "y": true, "deep": {"empty": {}}},
            "odd key": "a: b # \"c\" \\ \u{7f} \u{2028} \u{1b} \n\t 名 🚢", "part": 0.8, "nothing": null,
        });
        let text = mapping(value.as_object().unwrap(), &["zero"]);
        assert!(
            text.starts_with("zero: 0\nlist:\n- \"1_000\"\n- {effect: \"NoSchedule\", key: \"a\"}\n"),
            "{text}"
        );
        assert!(text.contains("\n  \"y\": true\n") && text.contains("\n\"on\": \"on\"\n"), "{text}");
        assert!(text.contains("\n  deep:\n    empty: {}\n"), "{text}");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text}");
        assert_eq!(crate::profile::render::read_back(&text).unwrap(), value);
    }
}
