//! Single fields of a plan file: opening a mapping, taking a text, a number, a flag or a list out of it,
//! and a remark with its place when it is something else. Knows no key of the plan.

use std::collections::{BTreeMap, HashMap};

use super::tree::{TextPlace, TreeEntry, TreeNode, Value};
use crate::plan::clean::is_invisible;
use crate::plan::issue::{PlanIssue, shown};
use crate::plan::redact::sounds_secret;

/// Where each field of a file was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldPlaces {
    pub(crate) file: String,
    pub(crate) places: HashMap<String, TextPlace>,
}

impl FieldPlaces {
    /// Line and column of a field; of the nearest field around it when it was not written itself.
    pub fn of(&self, field: &str) -> Option<(usize, usize)> {
        let mut field = field;
        loop {
            if let Some(place) = self.places.get(field) {
                return Some(*place);
            }
            field = &field[..field.rfind(['.', '['])?];
        }
    }

    /// Gives a remark the file and, when it has none, the place of its field.
    pub fn place(&self, mut issue: PlanIssue) -> PlanIssue {
        issue.file.clone_from(&self.file);
        if issue.line.is_none()
            && let Some((line, column)) = self.of(&issue.field)
        {
            (issue.line, issue.column) = (Some(line), Some(column));
        }
        issue
    }
}

/// The reading in progress: remarks so far and places so far.
pub(crate) struct Shape {
    pub(crate) lines: FieldPlaces,
    pub(crate) issues: Vec<PlanIssue>,
}

/// One mapping being read; what stays in it at the end is unknown.
pub(crate) struct Map {
    field: String,
    pub(crate) entries: BTreeMap<String, TreeNode>,
}

impl Map {
    fn below(&self, key: &str) -> String {
        if self.field.is_empty() { key.to_owned() } else { format!("{}.{key}", self.field) }
    }

    pub(crate) fn take(&mut self, key: &str) -> Option<(String, TreeNode)> {
        let node = self.entries.remove(key)?;
        if matches!(node.value, Value::Null) { None } else { Some((self.below(key), node)) }
    }
}

/// More wrong keys and types than this are counted instead of listed.
pub(crate) const MOST_ISSUES: usize = 500;

impl Shape {
    pub(crate) fn part<T: Default>(
        &mut self,
        map: &mut Map,
        key: &str,
        read: impl FnOnce(&mut Self, &str, TreeNode) -> T,
    ) -> T {
        map.take(key).map_or_else(T::default, |(field, node)| read(self, &field, node))
    }

    /// Opens a mapping: notes places, says which keys are unknown (`keys` empty: any is known) or doubled.
    pub(crate) fn map(&mut self, field: &str, node: TreeNode, keys: &[&str]) -> Option<Map> {
        let entries = match node.value {
            Value::Null => Vec::new(),
            Value::Map(entries) => entries,
            Value::Flag(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => {
                let cure = format!("write keys below it: {}", keys.join(", "));
                self.wrong_type(field, &node, "a mapping", &cure);
                return None;
            }
        };
        if let Some(place) = node.place {
            self.lines.places.entry(field.to_owned()).or_insert(place);
        }
        let mut map = Map { field: field.to_owned(), entries: BTreeMap::new() };
        for TreeEntry { key, place, node } in entries {
            let field = map.below(&key);
            let known = if keys.is_empty() {
                !sounds_secret(&key) || switch(&node).is_some()
            } else {
                keys.contains(&key.as_str())
            };
            if !known {
                self.unknown(&field, &key, place, keys);
                continue;
            }
            if let Some(place) = node.place.or(place) {
                self.lines.places.insert(field.clone(), place);
            }
            if map.entries.insert(key.clone(), node).is_some() {
                let first = place.map_or(String::new(), |(line, _)| format!("; the first is on line {line}"));
                let what = format!("is written more than once{first}");
                self.issues.push(PlanIssue::wrong(field, what, "keep one"));
            }
        }
        Some(map)
    }

    fn unknown(&mut self, field: &str, key: &str, place: Option<TextPlace>, keys: &[&str]) {
        let field: String = field.chars().filter(|c| !is_invisible(*c)).take(80).collect();
        let mut issue = if let Some(cure) = elsewhere(key, keys) {
            PlanIssue::wrong(field, "is an unknown key", cure)
        } else if sounds_secret(key) {
            PlanIssue::wrong(
                field,
                "is an unknown key and looks like a secret",
                "remove it: secrets are never in a plan; they are asked for, or given by --secret",
            )
        } else {
            // Looking for the key that was meant costs most: not for what is only counted.
            let known = if self.issues.len() < MOST_ISSUES { keys } else { &[] };
            let near = known
                .iter()
                // Nor for what is far longer or shorter than all of them.
                .filter(|known| known.len().abs_diff(key.len()) <= known.len())
                .map(|known| (strsim::damerau_levenshtein(known, &key.to_lowercase()), known))
                .filter(|(distance, known)| *distance <= known.len().div_ceil(3))
                .min();
            let cure = match near {
                Some((_, known)) => format!("write {known}"),
                None => format!("known here: {}", keys.join(", ")),
            };
            PlanIssue::wrong(field, "is an unknown key", cure)
        };
        if let Some((line, column)) = place {
            (issue.line, issue.column) = (Some(line), Some(column));
        }
        self.issues.push(issue);
    }

    pub(crate) fn wrong_type(&mut self, field: &str, node: &TreeNode, wanted: &str, cure: &str) {
        let mut issue = PlanIssue::wrong(field, format!("{}, not {wanted}", parsed(node)), cure);
        if let Some((line, column)) = node.place {
            (issue.line, issue.column) = (Some(line), Some(column));
        }
        self.issues.push(issue);
    }

    pub(crate) fn text(&mut self, map: &mut Map, key: &str) -> Option<String> {
        let (field, node) = map.take(key)?;
        self.text_of(&field, &node)
    }

    pub(crate) fn text_of(&mut self, field: &str, node: &TreeNode) -> Option<String> {
        let Value::Text(text) = &node.value else {
            let cure = match (&node.source, &node.value) {
                (Some(source), Value::Number(_) | Value::Flag(_)) => {
                    format!("write it in quotes: \"{source}\"")
                }
                _ => "write one text".to_owned(),
            };
            self.wrong_type(field, node, "a text", &cure);
            return None;
        };
        let kind = if node.plain { super::other_yaml::other_kind(text) } else { None };
        if let Some(kind) = kind {
            let what = format!("{text} without quotes is {kind} for some YAML readers");
            self.issues.push(PlanIssue::wrong(field, what, format!("write it in quotes: \"{text}\"")));
            return None;
        }
        if let Some(c) = text.chars().find(|c| is_invisible(*c)) {
            let what = format!("has a character that cannot be seen (U+{:04X})", u32::from(c));
            self.issues.push(PlanIssue::wrong(field, what, "remove it"));
            return None;
        }
        Some(text.clone())
    }

    /// A text that may look like a number: what was written counts, so that 1.20 does not become 1.2.
    pub(crate) fn verbatim(&mut self, map: &mut Map, key: &str) -> Option<String> {
        let (field, node) = map.take(key)?;
        match (&node.value, &node.source) {
            (Value::Number(_), Some(source)) => Some(source.clone()),
            (Value::Text(text), _) if text.bytes().all(|b| b.is_ascii_digit()) => Some(text.clone()),
            _ => self.text_of(&field, &node),
        }
    }

    pub(crate) fn number(&mut self, map: &mut Map, key: &str) -> Option<u32> {
        let (field, node) = map.take(key)?;
        let written = node.source.clone().unwrap_or_default();
        if let Value::Number(number) = &node.value
            && let Ok(number) = number.parse::<u32>()
            && (written.is_empty() || written == number.to_string())
        {
            return Some(number);
        }
        if matches!(node.value, Value::Number(_)) {
            let what = format!("{written} is not a whole number that fits here");
            self.issues.push(PlanIssue::wrong(field, what, "write decimal digits alone, like 30"));
        } else {
            self.wrong_type(&field, &node, "a whole number", "write decimal digits alone, like 30");
        }
        None
    }

    pub(crate) fn flag(&mut self, map: &mut Map, key: &str) -> Option<bool> {
        let (field, node) = map.take(key)?;
        if let Value::Flag(flag) = node.value {
            return Some(flag);
        }
        self.wrong_type(&field, &node, "true or false", "write true or false");
        None
    }

    /// A list of texts; where `single` a text alone is a list of one.
    pub(crate) fn texts(&mut self, map: &mut Map, key: &str, single: bool) -> Option<Vec<String>> {
        let (field, node) = map.take(key)?;
        let items = match node.value {
            Value::List(items) => items,
            Value::Text(_) if single => vec![node],
            _ => {
                self.wrong_type(
                    &field,
                    &node,
                    "a list",
                    "write it as [\"...\"] or as lines that begin with -",
                );
                return None;
            }
        };
        let mut out = Vec::new();
        for (at, item) in items.into_iter().enumerate() {
            let field = format!("{field}[{at}]");
            if let Some(place) = item.place {
                self.lines.places.insert(field.clone(), place);
            }
            // A wrong item keeps its index for later remarks; no plan is made of it anyway.
            out.push(self.text_of(&field, &item).unwrap_or_default());
        }
        Some(out)
    }
}

/// Where a key belongs that other programs write beside the address: below `ssh`, when that is known here.
fn elsewhere(key: &str, keys: &[&str]) -> Option<String> {
    let key = key.to_ascii_lowercase().replace('-', "_");
    let below = |word: &str| keys.contains(&"ssh").then(|| format!("write it below ssh: {word}"));
    match key.as_str() {
        "user" | "username" | "login" | "ssh_user" | "ansible_user" | "remote_user" => below("user"),
        "port" | "ssh_port" | "ansible_port" => below("port"),
        "key"
        | "ssh_key"
        | "ssh_key_path"
        | "key_path"
        | "key_file"
        | "identity_file"
        | "identityfile"
        | "private_key_file"
        | "private_key_path"
        | "ssh_private_key_file"
        | "ansible_ssh_private_key_file" => below("key"),
        "host_key" | "hostkey" => below("host_key"),
        "jump" | "proxyjump" | "proxy_jump" | "bastion" | "bastion_host" => below("jump"),
        "host" | "ansible_host" | "ssh_host" => below("host"),
        "ip" | "addr" | "ip_address" | "internal_address" | "internal_ip" if keys.contains(&"address") => {
            Some("write address".to_owned())
        }
        "hostname" | "hostname_override" | "node" if keys.contains(&"name") && keys.contains(&"address") => {
            Some("write name".to_owned())
        }
        _ => None,
    }
}

/// `on` and `off` as well as `true` and `false`.
pub(crate) fn switch(node: &TreeNode) -> Option<bool> {
    match &node.value {
        Value::Flag(on) => Some(*on),
        Value::Text(word) if word == "on" => Some(true),
        Value::Text(word) if word == "off" => Some(false),
        _ => None,
    }
}

/// A value as YAML read it.
fn parsed(node: &TreeNode) -> String {
    let read = match &node.value {
        Value::Null => return "is empty".to_owned(),
        Value::List(_) => return "is a list".to_owned(),
        Value::Map(_) => return "is a mapping".to_owned(),
        Value::Text(text) => return format!("{} is a text", shown(text)),
        Value::Flag(flag) => format!("the truth value {flag}"),
        Value::Number(number) => format!("the number {number}"),
    };
    match &node.source {
        Some(source) => format!("{source} is {read}"),
        None => format!("is {read}"),
    }
}
