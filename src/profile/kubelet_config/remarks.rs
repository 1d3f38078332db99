//! The remarks on a configuration while it is read, and the few ways in which a value is wrong.

use super::amount::BadText;
use super::fields::ConfigField;
use super::finding::{ConfigEffect, ConfigFinding, read_as, value_of};
use crate::plan::issue::shown;
use crate::plan::model::Version;
use crate::plan::tree::{TreeNode, Value};

/// More is not said of one configuration.
const MOST_FINDINGS: usize = 100;

/// Remarks so far.
pub(super) struct ConfigRemarks {
    /// The version that reads the configuration; `None` = any that is served.
    pub(super) kubelet: Option<Version>,
    /// What is to be said.
    pub(super) found: Vec<ConfigFinding>,
}

/// Where a value begins.
pub(super) fn line(node: &TreeNode) -> Option<usize> {
    node.place.map(|(line, _)| line)
}

impl ConfigRemarks {
    /// Adds one; after the hundredth none is added.
    pub(super) fn say(
        &mut self,
        effect: ConfigEffect,
        line: Option<usize>,
        field: &str,
        what: impl Into<String>,
        cure: impl Into<String>,
    ) {
        if self.found.len() < MOST_FINDINGS {
            let (field, what, cure) = (field.to_owned(), what.into(), cure.into());
            self.found.push(ConfigFinding { line, field, what, cure, effect });
        }
    }

    /// A text that is not what it should be.
    pub(super) fn bad(&mut self, path: &str, node: &TreeNode, bad: BadText) {
        let what = match &node.value {
            Value::Text(text) => bad.what.replacen(&shown(text), &value_of(path, text), 1),
            _ => bad.what,
        };
        self.say(ConfigEffect::Stops, line(node), path, what, bad.cure);
    }

    /// A value of another type than the field's.
    pub(super) fn wrong_type(&mut self, path: &str, node: &TreeNode, wanted: &str, cure: &str) {
        let what = format!("{}, and must be {wanted}", read_as(path, node));
        self.say(ConfigEffect::Stops, line(node), path, what, cure);
    }

    /// A text that begins with a number; the cure for the bare number names an example.
    pub(super) fn as_text<'a>(&mut self, path: &str, node: &'a TreeNode, like: &str) -> Option<&'a str> {
        match &node.value {
            Value::Text(text) => Some(text),
            Value::Null => None,
            _ => {
                self.wrong_type(
                    path,
                    node,
                    &format!("a text like \"{like}\""),
                    &format!("write it as in \"{like}\", in quotes"),
                );
                None
            }
        }
    }
}

/// The name that was meant.
pub(super) fn nearest(
    key: &str,
    fields: &[ConfigField],
    same: impl Fn(&str) -> bool,
) -> Option<&'static str> {
    if let Some(field) = fields.iter().find(|field| same(field.name)) {
        return Some(field.name);
    }
    let close = fields
        .iter()
        .filter(|field| field.name.len().abs_diff(key.len()) <= 4)
        .map(|field| (strsim::damerau_levenshtein(field.name, key), field.name))
        .filter(|(distance, name)| *distance <= (name.len() / 4).clamp(1, 4));
    close.min().map(|(_, name)| name)
}
