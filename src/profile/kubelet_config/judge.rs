//! What is wrong with a configuration, also where the kubelet's own dry check sees nothing.

use std::collections::BTreeMap;

use super::amount::quantity;
use super::duration;
use super::eviction::{eviction, grace, memory_percent, reserved, threshold};
use super::fields::{ConfigField, ConfigValue, FIELDS, FLAGS, OTHER_NAMES, came_later};
use super::finding::{ConfigEffect, ConfigFinding, below, is_secret, read_as, value_of};
use super::remarks::{ConfigRemarks, line, nearest};
use crate::plan::minors;
use crate::plan::model::Version;
use crate::plan::tree::{TreeEntry, TreeNode, Value};

/// Everything to say of the fields of a configuration, `apiVersion` and `kind` left out. `kubelet` is the version that
/// reads it; `None` = any that is served.
pub(super) fn judge(entries: &[TreeEntry], kubelet: Option<Version>) -> Vec<ConfigFinding> {
    let mut judge = ConfigJudge { said: ConfigRemarks { kubelet, found: Vec::new() } };
    judge.part("", entries, FIELDS);
    eviction(&mut judge.said, entries);
    judge.said.found
}

/// Whether a kubelet may have a field of this name.
pub(super) fn is_field(name: &str, kubelet: Option<Version>) -> bool {
    match FIELDS.iter().find(|field| field.name == name) {
        Some(_) => kubelet.is_none_or(|kubelet| came_later(name, kubelet).is_none()),
        None => kubelet.is_some_and(minors::is_newer),
    }
}

struct ConfigJudge {
    said: ConfigRemarks,
}

impl ConfigJudge {
    fn part(&mut self, path: &str, entries: &[TreeEntry], fields: &[ConfigField]) {
        self.doubled(path, entries);
        for TreeEntry { key, place, node } in entries {
            let here = below(path, key);
            let at = place.map(|(line, _)| line);
            let Some(field) = fields.iter().find(|field| field.name == key) else {
                if !(path.is_empty() && ["apiVersion", "kind"].contains(&key.as_str())) {
                    self.unknown(&here, key, at, fields);
                }
                continue;
            };
            if let Some(kubelet) = self.said.kubelet
                && let Some(first) = came_later(&here, kubelet)
            {
                let what = format!(
                    "came with Kubernetes {}: this kubelet ({kubelet}) does not know it",
                    first.without_patch()
                );
                self.said.say(ConfigEffect::Idle, at, &here, what, "leave it out, or use a newer kubelet");
            }
            self.value(&here, node, field.value);
        }
    }

    /// Of a key that stands there twice the last one holds.
    fn doubled(&mut self, path: &str, entries: &[TreeEntry]) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in entries {
            let count = counts.entry(&entry.key).or_default();
            *count = count.saturating_add(1);
        }
        for (key, _) in counts.iter().filter(|(_, count)| **count > 1) {
            let same: Vec<&TreeEntry> = entries.iter().filter(|entry| entry.key == *key).collect();
            let Some((first, last)) = same.first().zip(same.last()) else { continue };
            let here = below(path, key);
            let holds = match &last.node.value {
                Value::Text(text) => value_of(&here, text),
                Value::Number(number) => value_of(&here, number).trim_matches('"').to_owned(),
                Value::Flag(flag) => flag.to_string(),
                Value::Null | Value::List(_) | Value::Map(_) => "the last one".to_owned(),
            };
            let begins =
                first.place.map_or(String::new(), |(line, _)| format!(" (the first is on line {line})"));
            let what = format!("is written {} times{begins}: {holds} holds", same.len());
            self.said.say(ConfigEffect::Idle, line(&last.node), &here, what, "keep one");
        }
    }

    fn unknown(&mut self, path: &str, key: &str, line: Option<usize>, fields: &[ConfigField]) {
        let top = fields.as_ptr() == FIELDS.as_ptr();
        let same = |name: &str| {
            let plain = |text: &str| text.replace(['-', '_'], "").to_ascii_lowercase();
            plain(name) == plain(key.trim_start_matches('-'))
        };
        if key == "<<" {
            let what = "takes over the fields of another mapping, which is not followed here";
            return self.said.say(ConfigEffect::Notice, line, path, what, "write the fields out");
        }
        if let Some((_, flag)) = FLAGS.iter().find(|(name, _)| top && same(name)) {
            let what = format!("has no effect: it is no field, it is the flag {flag}");
            return self.said.say(ConfigEffect::Idle, line, path, what, "take it out");
        }
        let other = OTHER_NAMES.iter().find(|(name, _)| top && same(name)).map(|(_, field)| *field);
        let near = other.or_else(|| nearest(key, fields, same));
        if near.is_none() && self.said.kubelet.is_some_and(minors::is_newer) {
            let what =
                format!("is not known here, where the fields up to {} are", minors::NEWEST.without_patch());
            return self.said.say(ConfigEffect::Notice, line, path, what, "see what the kubelet says of it");
        }
        let cure = near.map_or("take it out".to_owned(), |near| format!("write {near}"));
        self.said.say(ConfigEffect::Idle, line, path, "has no effect: there is no such field", cure);
    }

    fn value(&mut self, path: &str, node: &TreeNode, value: ConfigValue) {
        // An empty value says nothing.
        if matches!(node.value, Value::Null) {
            return;
        }
        match value {
            ConfigValue::Flag => {
                if !matches!(node.value, Value::Flag(_)) {
                    self.said.wrong_type(path, node, "true or false", "write true or false, without quotes");
                }
            }
            ConfigValue::Whole32 => self.whole(path, node, i64::from(i32::MIN), i64::from(i32::MAX)),
            ConfigValue::Whole64 => self.whole(path, node, i64::MIN, i64::MAX),
            ConfigValue::Real => {
                if !matches!(node.value, Value::Number(_)) {
                    self.said.wrong_type(path, node, "a number", "write it without quotes, like 0.9");
                }
            }
            ConfigValue::Text => self.is_text(path, node),
            ConfigValue::OneOf(words) => self.one_of(path, node, words),
            ConfigValue::Duration => self.duration(path, node),
            ConfigValue::AnyDuration => {
                if !matches!(node.value, Value::Number(_)) {
                    self.duration(path, node);
                }
            }
            ConfigValue::Bytes => self.bytes(path, node),
            ConfigValue::Quantity => self.quantity(path, node),
            ConfigValue::Texts => self.list(path, node, Self::is_text),
            ConfigValue::Wholes => self.list(path, node, |judge, path, item| {
                judge.whole(path, item, i64::from(i32::MIN), i64::from(i32::MAX));
            }),
            ConfigValue::TextMap => self.map(path, node, |judge, path, _, item| judge.is_text(path, item)),
            ConfigValue::TextLists => self.map(path, node, |judge, path, _, item| {
                judge.list(path, item, Self::is_text);
            }),
            ConfigValue::Flags => {
                self.map(path, node, |judge, path, _, item| judge.value(path, item, ConfigValue::Flag));
            }
            ConfigValue::Thresholds => self
                .map(path, node, |judge, path, key, item| threshold(&mut judge.said, path, key, item, false)),
            ConfigValue::Reclaims => self
                .map(path, node, |judge, path, key, item| threshold(&mut judge.said, path, key, item, true)),
            ConfigValue::GracePeriods => {
                self.map(path, node, |judge, path, key, item| grace(&mut judge.said, path, key, item));
            }
            ConfigValue::Reserved => {
                self.map(path, node, |judge, path, key, item| reserved(&mut judge.said, path, key, item));
            }
            ConfigValue::Percents => self
                .map(path, node, |judge, path, key, item| memory_percent(&mut judge.said, path, key, item)),
            ConfigValue::Amounts => self.map(path, node, |judge, path, _, item| judge.quantity(path, item)),
            ConfigValue::Part(fields) => match &node.value {
                Value::Map(entries) => self.part(path, entries, fields),
                _ => self.said.wrong_type(path, node, "a mapping", &fields_below(fields)),
            },
            ConfigValue::Parts(fields) => self.list(path, node, |judge, path, item| match &item.value {
                Value::Map(entries) => judge.part(path, entries, fields),
                _ => judge.said.wrong_type(path, item, "a mapping", &fields_below(fields)),
            }),
        }
    }

    fn list(&mut self, path: &str, node: &TreeNode, mut each: impl FnMut(&mut Self, &str, &TreeNode)) {
        match &node.value {
            Value::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    each(self, &format!("{path}[{at}]"), item);
                }
            }
            Value::Text(text) if !text.contains(['\n', '"']) && !is_secret(path) => {
                let cure = format!("write it as a list, [{}]", value_of(path, text));
                self.said.wrong_type(path, node, "a list", &cure);
            }
            _ => self.said.wrong_type(path, node, "a list", "write it as lines that begin with -"),
        }
    }

    fn map(&mut self, path: &str, node: &TreeNode, mut each: impl FnMut(&mut Self, &str, &str, &TreeNode)) {
        let Value::Map(entries) = &node.value else {
            return self.said.wrong_type(path, node, "a mapping", "write keys below it, each with its value");
        };
        self.doubled(path, entries);
        for entry in entries.iter().filter(|entry| !matches!(entry.node.value, Value::Null)) {
            each(self, &below(path, &entry.key), &entry.key, &entry.node);
        }
    }

    fn is_text(&mut self, path: &str, node: &TreeNode) {
        let _ = self.text(path, node);
    }

    fn text<'a>(&mut self, path: &str, node: &'a TreeNode) -> Option<&'a str> {
        match &node.value {
            Value::Text(text) => return Some(text),
            Value::Null => return None,
            Value::Flag(_) | Value::Number(_) => {
                let written = node.source.clone().unwrap_or_else(|| match &node.value {
                    Value::Flag(flag) => flag.to_string(),
                    Value::Number(number) => number.clone(),
                    _ => String::new(),
                });
                let shown =
                    if is_secret(path) { String::new() } else { format!(": {}", value_of(path, &written)) };
                self.said.wrong_type(path, node, "a text", &format!("write it in quotes{shown}"));
            }
            Value::List(_) | Value::Map(_) => self.said.wrong_type(path, node, "a text", "write one text"),
        }
        None
    }

    fn whole(&mut self, path: &str, node: &TreeNode, least: i64, most: i64) {
        match &node.value {
            Value::Null => {}
            Value::Number(number) => {
                if !go_whole(number).is_some_and(|number| (least..=most).contains(&number)) {
                    let what =
                        format!("{}, and must be a whole number from {least} to {most}", read_as(path, node));
                    self.said.say(
                        ConfigEffect::Stops,
                        line(node),
                        path,
                        what,
                        "write decimal digits alone, like 110",
                    );
                }
            }
            Value::Text(text) if text.parse::<i64>().is_ok() => {
                self.said.wrong_type(
                    path,
                    node,
                    "a whole number",
                    &format!("write it without quotes: {text}"),
                );
            }
            _ => self.said.wrong_type(path, node, "a whole number", "write decimal digits alone, like 110"),
        }
    }

    fn one_of(&mut self, path: &str, node: &TreeNode, words: &[&str]) {
        let Some(text) = self.text(path, node) else { return };
        if !text.is_empty() && !words.contains(&text) {
            let what = format!("{} is none of {}", value_of(path, text), words.join(", "));
            let near = words.iter().find(|word| word.eq_ignore_ascii_case(text));
            let cure = near.map_or("write one of them".to_owned(), |near| format!("write {near}"));
            self.said.say(ConfigEffect::Stops, line(node), path, what, cure);
        }
    }

    fn duration(&mut self, path: &str, node: &TreeNode) {
        if let Some(text) = self.said.as_text(path, node, "30s")
            && let Err(bad) = duration::is_negative(text)
        {
            self.said.bad(path, node, bad);
        }
    }

    fn bytes(&mut self, path: &str, node: &TreeNode) {
        let Some(text) = self.said.as_text(path, node, "10Mi") else { return };
        match quantity(text) {
            Err(bad) => self.said.bad(path, node, bad),
            Ok(amount) if !amount.is_whole() => {
                let what = format!("{} is no whole number of bytes", value_of(path, text));
                self.said.say(ConfigEffect::Stops, line(node), path, what, "write one like 10Mi");
            }
            Ok(_) => {}
        }
    }

    fn quantity(&mut self, path: &str, node: &TreeNode) {
        if matches!(node.value, Value::Number(_)) {
            return;
        }
        if let Some(text) = self.said.as_text(path, node, "1Gi")
            && let Err(bad) = quantity(text)
        {
            self.said.bad(path, node, bad);
        }
    }
}

fn fields_below(fields: &[ConfigField]) -> String {
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    format!("write {} below it", names.join(", "))
}

/// A whole number as Go reads it from YAML: `110`, `0x6E`, `1_000`.
fn go_whole(number: &str) -> Option<i64> {
    let text = number.replace('_', "");
    let (negative, digits) =
        text.strip_prefix('-').map_or((false, text.trim_start_matches('+')), |rest| (true, rest));
    let based = |prefix: &str, base: u32| {
        digits.strip_prefix(prefix).map(|digits| i64::from_str_radix(digits, base).ok())
    };
    let octal = digits.len() > 1 && digits.starts_with('0');
    let value = based("0x", 16)
        .or_else(|| based("0o", 8))
        .or_else(|| based("0b", 2))
        .or_else(|| octal.then(|| i64::from_str_radix(digits, 8).ok()));
    let value = value.unwrap_or_else(|| digits.parse().ok())?;
    Some(if negative { value.checked_neg()? } else { value })
}
