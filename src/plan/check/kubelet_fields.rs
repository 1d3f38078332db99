//! Fields of the kubelet's configuration: that they have names of fields, hold no secret and no more than a file of the
//! kubelet ever has. Which fields there are, and which gangplank writes itself, is known to the profile.

use serde_json::Value;

use super::judge::Judge;
use crate::limits::KUBELET_FIELDS;
use crate::plan::clean::is_invisible;
use crate::plan::kubelet_fields::{DEEPEST, KubeletFields, below};
use crate::plan::redact::{line, sounds_secret};

/// Fields whose names sound secret and whose values are none: `KubeletConfiguration` of k8s.io/kubelet
/// config/v1beta1/types.go.
const SOUND_SECRET: [&str; 3] =
    ["authorization", "configMapAndSecretChangeDetectionStrategy", "imagePullCredentialsVerificationPolicy"];

/// Judges the fields at their place; what is not said is nothing.
pub(super) fn kubelet_fields(
    judge: &mut Judge<'_>,
    field: &str,
    said: Option<&KubeletFields>,
) -> KubeletFields {
    let Some(said) = said else { return KubeletFields::new() };
    let bytes = serde_json::to_string(said).map_or(0, |text| text.len());
    if bytes > KUBELET_FIELDS.count() {
        let what = format!("has {bytes} bytes, more than the {} it may have", KUBELET_FIELDS.size());
        judge.wrong(field, what, "write the fields that differ from the kubelet's own defaults");
        return KubeletFields::new();
    }
    for (name, value) in said {
        let place = below(field, name);
        if !is_name(name) {
            judge.wrong(
                &place,
                "is not the name of a field".to_owned(),
                &better(name).map_or("write one like maxPods".to_owned(), |name| format!("write {name}")),
            );
            continue;
        }
        let secret = sounds_secret(name) && !SOUND_SECRET.contains(&name.as_str());
        look(judge, &place, value, secret, 1);
    }
    said.clone()
}

/// A field begins with a small letter and has no sign in it, as all of the kubelet's do.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 80
        && name.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The field for a flag that somebody remembers: `--max-pods` is `maxPods`.
fn better(name: &str) -> Option<String> {
    let name = name.trim_start_matches('-');
    let mut out = String::new();
    let mut large = false;
    for c in name.chars().take(80) {
        match c {
            '-' | '_' => large = true,
            c if large => {
                out.push(c.to_ascii_uppercase());
                large = false;
            }
            c if out.is_empty() => out.push(c.to_ascii_lowercase()),
            c => out.push(c),
        }
    }
    is_name(&out).then_some(out)
}

/// Judges a value and all below it. `secret` = a key above it sounds as if a secret were there.
fn look(judge: &mut Judge<'_>, field: &str, value: &Value, secret: bool, depth: usize) {
    if depth > DEEPEST {
        judge.wrong(field, "is nested too deeply".to_owned(), "no field of the kubelet is that deep");
        return;
    }
    match value {
        Value::String(text) if holds_secret(text, secret) => {
            judge.wrong(
                field,
                "looks like a secret".to_owned(),
                "remove it: secrets are never in a plan; name a file that holds it, where there is such a field",
            );
        }
        Value::String(text) if text.chars().any(is_invisible) => {
            judge.wrong(field, "has a character that cannot be seen".to_owned(), "remove it");
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                look(judge, &format!("{field}[{at}]"), value, secret, depth.saturating_add(1));
            }
        }
        Value::Object(map) => {
            // A header or a variable: its name says what its value is.
            let named = map.get("name").and_then(Value::as_str).is_some_and(sounds_secret);
            for (key, value) in map {
                let place = below(field, key);
                if key.is_empty() || key.len() > 253 || key.chars().any(is_invisible) {
                    judge.wrong(&place, "is not a key".to_owned(), "write one that can be seen");
                    continue;
                }
                let secret = secret || sounds_secret(key) || (named && key == "value");
                look(judge, &place, value, secret, depth.saturating_add(1));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether a text may be a secret: it is where one is, or looks like one. The path of a file is none.
fn holds_secret(text: &str, secret: bool) -> bool {
    let path = text.starts_with('/') && !text.contains(char::is_whitespace);
    secret && !text.is_empty() && !path || text.contains("-----BEGIN") || line(text) != text
}
