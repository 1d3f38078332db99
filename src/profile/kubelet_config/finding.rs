//! What is to be said of a configuration: the field, what stands there, what to write.

use std::fmt;

use super::fields::FIELDS;
use crate::plan::clean;
use crate::plan::issue::{PlanIssue, shown};
use crate::plan::kubelet_fields;
use crate::plan::redact::sounds_secret;
use crate::plan::tree::{TreeNode, Value};

/// What a kubelet does with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConfigEffect {
    /// It does not start.
    Stops,
    /// It starts, and this has no effect.
    Idle,
    /// It works; somebody should know.
    Notice,
}

/// One thing to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFinding {
    /// Line in the file, from 1; `None` = it was not read from a file, or the line is not known.
    pub line: Option<usize>,
    /// The field, `evictionHard.nodefs.availabe`; empty for the file as a whole.
    pub field: String,
    /// What stands there; nothing that may be secret.
    pub what: String,
    /// What to write instead.
    pub cure: String,
    /// What a kubelet does with it.
    pub effect: ConfigEffect,
}

impl ConfigFinding {
    /// As a remark on a plan, whose fields are below `place`, such as `workers[0].kubelet_config`. What has no effect
    /// stops there too: whoever wrote it meant something.
    pub fn issue(&self, place: &str) -> PlanIssue {
        let field = if self.field.is_empty() { place.to_owned() } else { format!("{place}.{}", self.field) };
        match self.effect {
            ConfigEffect::Stops | ConfigEffect::Idle => PlanIssue::wrong(field, &self.what, &self.cure),
            ConfigEffect::Notice => PlanIssue::warning(field, &self.what, &self.cure),
        }
    }
}

impl fmt::Display for ConfigFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.what)?;
        if self.cure.is_empty() { Ok(()) } else { write!(f, "; {}", self.cure) }
    }
}

/// A path with a key below it, as the remarks on a plan have it.
pub(super) fn below(path: &str, key: &str) -> String {
    if path.is_empty() { clean::short(key, 80) } else { kubelet_fields::below(path, key) }
}

/// Whether nothing of a value may be shown: its name is none of the table's and sounds like a secret, or it is a header.
pub(super) fn is_secret(path: &str) -> bool {
    let last = path.rsplit(['.', '[']).next().unwrap_or(path);
    let known = FIELDS.iter().any(|field| field.name == last);
    path.starts_with("staticPodURLHeader") || !known && sounds_secret(last)
}

/// A text as it may be shown.
pub(super) fn value_of(path: &str, text: &str) -> String {
    if is_secret(path) { "a text (not shown)".to_owned() } else { shown(text) }
}

/// A value as it was read.
pub(super) fn read_as(path: &str, node: &TreeNode) -> String {
    match &node.value {
        Value::Null => "is empty".to_owned(),
        Value::Flag(flag) => format!("is the truth value {flag}"),
        Value::Number(_) | Value::Text(_) if is_secret(path) => "is something that is not shown".to_owned(),
        Value::Number(number) => format!("is the number {}", shown(number).trim_matches('"')),
        Value::Text(text) => format!("is the text {}", shown(text)),
        Value::List(_) => "is a list".to_owned(),
        Value::Map(_) => "is a mapping".to_owned(),
    }
}
