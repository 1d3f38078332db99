//! The first document of a YAML text as a tree with places. Go's reader, and so a kubelet, looks at no other.

use std::borrow::Cow;

use marked_yaml::LoaderOptions;

use super::other_yaml::other_kind;
use super::tree::{self, Tree, TreeNode, Value};
use super::yaml_weight::{TooMuch, weigh};

/// What was read.
pub(crate) struct FirstDocument {
    /// Its value; what readers of YAML 1.1 such as Go's take for a truth value or a number is one.
    pub(crate) root: TreeNode,
    /// The line on which the second document begins, from 1.
    pub(crate) second: Option<usize>,
}

/// Why nothing was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoDocument {
    /// From 1.
    pub(crate) line: Option<usize>,
    /// What is so, with nothing of the text in it.
    pub(crate) what: &'static str,
    /// What to do.
    pub(crate) cure: &'static str,
}

/// Reads it; JSON is YAML too. An empty text is an empty mapping.
pub(crate) fn first_document(text: &str) -> Result<FirstDocument, NoDocument> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (first, second) = first_of(text);
    let fault = |line, what, cure| NoDocument { line, what, cure };
    weigh(first).map_err(|much| match much {
        TooMuch::Depth => fault(None, "is nested too deeply", "write it with less brackets"),
        TooMuch::Directives => fault(None, "has more directives (lines of %) than one", "remove them"),
        TooMuch::Values => {
            fault(None, "holds far more than such a file needs", "write it without aliases of aliases")
        }
    })?;
    let tree: Tree = serde_yaml::from_str::<Option<Tree>>(first)
        .map_err(|error| no_yaml(&error, first))?
        .unwrap_or(Tree::Map(Vec::new()));
    let options = LoaderOptions::default().prevent_coercion(true);
    // Where this reader refuses what the other one took, there are no lines.
    let marked = marked_yaml::parse_yaml_with_options(0, first, options).ok();
    let mut root = tree::join(tree, marked.as_ref());
    as_go_sees(&mut root);
    Ok(FirstDocument { root, second })
}

/// The text of the first document, and the line on which another begins.
fn first_of(text: &str) -> (&str, Option<usize>) {
    let (mut content, mut at) = (false, 0_usize);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let marker = ["---", "..."].iter().any(|mark| {
            line.strip_prefix(mark)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
        });
        if marker && content {
            let rest = text.get(at..).unwrap_or_default();
            let more = rest.lines().any(|line| {
                let line = line.trim_start_matches("---").trim_start_matches("...").trim();
                !line.is_empty() && !line.starts_with('#')
            });
            return (text.get(..at).unwrap_or_default(), more.then(|| number.saturating_add(1)));
        }
        content |= marker || !(line.trim().is_empty() || line.starts_with(['#', '%']));
        at = at.saturating_add(line.len());
    }
    (text, None)
}

fn no_yaml(error: &serde_yaml::Error, text: &str) -> NoDocument {
    let line = error.location().map(|at| at.line());
    let written = line.and_then(|line| text.lines().nth(line.saturating_sub(1))).unwrap_or_default();
    let indent = written.get(..written.len().saturating_sub(written.trim_start().len())).unwrap_or_default();
    if error.to_string().contains("expected a value without a tag") {
        NoDocument { line, what: "has a tag (!name)", cure: "remove the tag" }
    } else if indent.contains('\t') {
        NoDocument { line, what: "has a tab in the indentation", cure: "indent with spaces" }
    } else {
        NoDocument { line, what: "is no YAML", cure: "look at this line and the one before it" }
    }
}

/// `yes` is true and `1_000` a number where they stand without quotes.
fn as_go_sees(node: &mut TreeNode) {
    let plain = node.plain;
    match &mut node.value {
        Value::Text(text) if plain => match other_kind(text) {
            Some("a truth value") => {
                let on = ["y", "yes", "on", "true"].contains(&text.to_ascii_lowercase().as_str());
                node.value = Value::Flag(on);
            }
            Some("nothing") => node.value = Value::Null,
            Some(_) => node.value = Value::Number(std::mem::take(text)),
            None => {}
        },
        Value::List(items) => items.iter_mut().for_each(as_go_sees),
        Value::Map(entries) => entries.iter_mut().for_each(|entry| as_go_sees(&mut entry.node)),
        Value::Null | Value::Flag(_) | Value::Number(_) | Value::Text(_) => {}
    }
}

impl TreeNode {
    /// A value that was written nowhere.
    pub(crate) fn of_json(value: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        let value = match value {
            Json::Null => Value::Null,
            Json::Bool(flag) => Value::Flag(*flag),
            Json::Number(number) => Value::Number(number.to_string()),
            Json::String(text) => Value::Text(text.clone()),
            Json::Array(items) => Value::List(items.iter().map(Self::of_json).collect()),
            Json::Object(map) => Value::Map(
                map.iter()
                    .map(|(key, value)| tree::TreeEntry {
                        key: key.clone(),
                        place: None,
                        node: Self::of_json(value),
                    })
                    .collect(),
            ),
        };
        Self { place: None, source: None, plain: false, value }
    }

    /// The value as JSON, of doubled keys the last; `None` = a number that JSON has not.
    pub(crate) fn to_json(&self) -> Option<serde_json::Value> {
        use serde_json::Value as Json;
        Some(match &self.value {
            Value::Null => Json::Null,
            Value::Flag(flag) => Json::Bool(*flag),
            Value::Number(number) => serde_json::from_str(&decimal(number)).ok()?,
            Value::Text(text) => Json::String(text.clone()),
            Value::List(items) => Json::Array(items.iter().map(Self::to_json).collect::<Option<_>>()?),
            Value::Map(entries) => {
                let entries = entries.iter().map(|entry| Some((entry.key.clone(), entry.node.to_json()?)));
                Json::Object(entries.collect::<Option<_>>()?)
            }
        })
    }
}

/// `+5` and `.5` are numbers in YAML and none in JSON.
fn decimal(number: &str) -> Cow<'_, str> {
    let number = number.strip_prefix('+').unwrap_or(number);
    if number.starts_with('.') { Cow::Owned(format!("0{number}")) } else { Cow::Borrowed(number) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value(text: &str) -> serde_json::Value {
        first_document(text).map_err(|fault| fault.what).unwrap().root.to_json().unwrap()
    }

    #[test]
    fn words_without_quotes_are_what_go_makes_of_them() {
        let text = "a: yes\nb: 'yes'\nc: Off\nd: 1_000x\ne: 10.3.0.2\nf: ~\ng: [on, \"on\"]\nh: 7\n";
        let is = json!({"a": true, "b": "yes", "c": false, "d": "1_000x", "e": "10.3.0.2", "f": null, "g": [true, "on"], "h": 7});
        assert_eq!(value(text), is);
        assert_eq!(value("{\"a\": [1, \"x\"]}"), json!({"a": [1, "x"]}), "JSON");
        assert_eq!(value("a: 1\na: 2\n"), json!({"a": 2}), "the last one");
        assert_eq!(value("a: &x [1]\nb: *x\n"), json!({"a": [1], "b": [1]}), "aliases");
        assert_eq!(first_document("a: 0x1F\nb: 1_000\n").ok().and_then(|read| read.root.to_json()), None);
    }

    #[test]
    fn the_second_document_is_found_and_an_empty_one_is_none() {
        for (text, second) in [
            ("a: 1\n---\nb: 2\n", Some(2)),
            ("# c\n---\na: 1\n---\nb: [\n", Some(4)),
            ("---\na: 1\n", None),
            ("a: 1\n---\n# only words\n...\n", None),
            ("a: 1\nb: |\n  ---\n  x\n", None),
            ("a: 1\n...\nb: 2\n", Some(2)),
        ] {
            let read = first_document(text).map_err(|fault| fault.what).unwrap();
            assert_eq!(read.second, second, "{text:?}");
            assert_eq!(read.root.to_json().unwrap()["a"], 1, "{text:?}");
        }
        assert_eq!(value(""), json!({}));
        assert_eq!(value("---\n# nothing\n"), json!({}));
    }

    #[test]
    fn what_is_no_yaml_has_its_line_and_nothing_of_the_text() {
        for (text, line, what) in [
            ("a: 1\n\tb: hunter2\n", Some(2), "has a tab in the indentation"),
            ("a: [hunter2\nb: }\n", Some(2), "is no YAML"),
            ("a: !hunter2 x\n", None, "has a tag (!name)"),
        ] {
            let fault = first_document(text).err().unwrap();
            assert_eq!(fault.what, what, "{text:?}");
            assert!(line.is_none() || fault.line == line, "{text:?} {fault:?}");
        }
        assert!(first_document(&"[{".repeat(900_000)).is_err());
    }

    #[test]
    fn every_value_has_its_line_in_the_second_half_of_a_file_too() {
        let read =
            first_document("---\n# c\na: 1\nb:\n  c: [x,\n    y]\n").map_err(|fault| fault.what).unwrap();
        let Value::Map(entries) = &read.root.value else { panic!("no mapping") };
        let lines: Vec<_> = entries.iter().map(|entry| entry.place.map(|(line, _)| line)).collect();
        assert_eq!(lines, [Some(3), Some(4)]);
    }
}
