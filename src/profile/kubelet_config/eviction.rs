//! Eviction and what is reserved: the kubelet's dry check does not look at them, its start fails.

use super::amount::{percent, quantity};
use super::duration;
use super::fields::{EVICTION, RESOURCES, SIGNALS, came_later};
use super::finding::{ConfigEffect, below, value_of};
use super::remarks::{ConfigRemarks, line, nearest};
use crate::plan::clean;
use crate::plan::tree::{TreeEntry, TreeNode, Value};

/// The last entry of a name: it is the one that holds.
fn entry<'a>(entries: &'a [TreeEntry], key: &str) -> Option<&'a TreeNode> {
    let found = entries.iter().rev().find(|entry| entry.key == key).map(|entry| &entry.node);
    found.filter(|node| !matches!(node.value, Value::Null))
}

fn keys(node: Option<&TreeNode>) -> Vec<&str> {
    match node.map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.iter().map(|entry| entry.key.as_str()).collect(),
        _ => Vec::new(),
    }
}

/// A kubelet does not start with a signal that it does not know.
fn signal(said: &mut ConfigRemarks, path: &str, key: &str, node: &TreeNode) {
    if key.starts_with("containerfs.") && SIGNALS.iter().any(|signal| signal.name == key) {
        let what =
            "has no effect: the kubelet takes what nodefs or imagefs says, and an older one does not start";
        said.say(ConfigEffect::Idle, line(node), path, what, "take it out");
    } else if !SIGNALS.iter().any(|signal| signal.name == key) {
        let near = nearest(key, SIGNALS, |name| name.eq_ignore_ascii_case(key));
        let names = || SIGNALS.iter().map(|signal| signal.name).collect::<Vec<_>>().join(", ");
        let cure = near.map_or_else(|| format!("known are {}", names()), |near| format!("write {near}"));
        let what = "is no eviction signal: the kubelet does not start";
        said.say(ConfigEffect::Stops, line(node), path, what, cure);
    }
}

pub(super) fn threshold(said: &mut ConfigRemarks, path: &str, key: &str, node: &TreeNode, reclaim: bool) {
    signal(said, path, key, node);
    let Some(text) = said.as_text(path, node, "10%") else { return };
    let mut wrong = |what: &str| {
        let cure =
            if reclaim { "write one like 500Mi or 5%" } else { "write one like 500Mi, 10%, or 0% for none" };
        said.say(ConfigEffect::Stops, line(node), path, format!("{} {what}", value_of(path, text)), cure);
    };
    if text.ends_with('%') {
        match percent(text) {
            Ok(number) if reclaim && number <= 0.0 => wrong("is not above 0%"),
            Ok(number) if number < 0.0 || !reclaim && number > 100.0 => wrong("is not from 0% to 100%"),
            Ok(_) => {}
            Err(bad) => said.bad(path, node, bad),
        }
        return;
    }
    match quantity(text) {
        Err(mut bad) => {
            bad.what.push_str(" and no percentage");
            said.bad(path, node, bad);
        }
        Ok(amount) if amount.is_negative() || amount.is_zero() && !reclaim => {
            wrong("is not more than nothing");
        }
        Ok(amount) if amount.is_thousandths() => thousandths(said, path, node, text),
        Ok(_) => {}
    }
}

fn thousandths(said: &mut ConfigRemarks, path: &str, node: &TreeNode, text: &str) {
    let what = format!("{} is thousandths of a byte", value_of(path, text));
    let number = text.trim_end_matches('m');
    let cure = if number.len() <= 20 { format!("write {number}Mi or {number}M") } else { String::new() };
    said.say(ConfigEffect::Notice, line(node), path, what, cure);
}

pub(super) fn grace(said: &mut ConfigRemarks, path: &str, key: &str, node: &TreeNode) {
    signal(said, path, key, node);
    let Some(text) = said.as_text(path, node, "1m30s") else { return };
    match duration::is_negative(text) {
        Err(bad) => said.bad(path, node, bad),
        Ok(true) => {
            let what = format!("{} is less than nothing", value_of(path, text));
            said.say(ConfigEffect::Stops, line(node), path, what, "write one like 1m30s");
        }
        Ok(false) => {}
    }
}

pub(super) fn reserved(said: &mut ConfigRemarks, path: &str, key: &str, node: &TreeNode) {
    if !RESOURCES.contains(&key) {
        let near =
            RESOURCES.iter().find(|known| strsim::damerau_levenshtein(known, &key.to_lowercase()) <= 2);
        let cure = match (key, near) {
            ("storage" | "disk" | "ephemeralStorage", _) => "write ephemeral-storage".to_owned(),
            (_, Some(near)) => format!("write {near}"),
            (_, None) => format!("known are {}", RESOURCES.join(", ")),
        };
        let what = "cannot be reserved: the kubelet does not start";
        said.say(ConfigEffect::Stops, line(node), path, what, cure);
    }
    let Some(text) = said.as_text(path, node, if key == "cpu" { "500m" } else { "1Gi" }) else { return };
    match quantity(text) {
        Err(bad) => said.bad(path, node, bad),
        Ok(amount) if amount.is_negative() => {
            let what = format!("{} is less than nothing", value_of(path, text));
            said.say(ConfigEffect::Stops, line(node), path, what, "write one like 500Mi");
        }
        Ok(amount) if amount.is_thousandths() && ["memory", "ephemeral-storage"].contains(&key) => {
            thousandths(said, path, node, text);
        }
        Ok(_) => {}
    }
}

pub(super) fn memory_percent(said: &mut ConfigRemarks, path: &str, key: &str, node: &TreeNode) {
    if key != "memory" {
        said.say(
            ConfigEffect::Stops,
            line(node),
            path,
            "cannot be reserved here, only memory can",
            "take it out",
        );
    }
    let Some(text) = said.as_text(path, node, "50%") else { return };
    let number: Option<u8> = text.strip_suffix('%').and_then(|number| number.parse().ok());
    if number.is_none_or(|number| number > 100) {
        let what = format!("{} is no whole percentage from 0% to 100%", value_of(path, text));
        said.say(ConfigEffect::Stops, line(node), path, what, "write one like 50%");
    }
}

/// What belongs together in the eviction settings.
pub(super) fn eviction(said: &mut ConfigRemarks, entries: &[TreeEntry]) {
    let merged = entry(entries, "mergeDefaultEvictionSettings").map(|node| &node.value);
    if let Some(hard) = entry(entries, "evictionHard")
        && !matches!(merged, Some(Value::Flag(true)))
    {
        let set = keys(Some(hard));
        let unset: Vec<String> = EVICTION
            .iter()
            .filter(|(signal, _)| !set.contains(signal))
            .map(|(signal, value)| format!("{signal} {value}"))
            .collect();
        if !unset.is_empty() && matches!(hard.value, Value::Map(_)) {
            let what = format!("sets it alone: the defaults of the others are off ({})", unset.join(", "));
            let has = said
                .kubelet
                .is_none_or(|kubelet| came_later("mergeDefaultEvictionSettings", kubelet).is_none());
            let cure = if has {
                "add mergeDefaultEvictionSettings: true, or write them too, if they are to stay"
            } else {
                "write them too, if they are to stay"
            };
            said.say(ConfigEffect::Notice, line(hard), "evictionHard", what, cure);
        }
    }
    let soft = entry(entries, "evictionSoft");
    let grace = keys(entry(entries, "evictionSoftGracePeriod"));
    for signal in keys(soft).into_iter().filter(|signal| !grace.contains(signal)) {
        let what = "has no grace period: the kubelet does not start";
        let path = below("evictionSoft", signal);
        let cure = format!("write {}: 1m30s below evictionSoftGracePeriod", clean::short(signal, 60));
        said.say(ConfigEffect::Stops, soft.and_then(line), &path, what, cure);
    }
}
