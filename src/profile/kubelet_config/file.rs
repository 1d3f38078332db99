//! A file that is on a worker already, or an operator's map: what is to be said of it, and what of it stays.

use serde_json::Value as Json;

use super::finding::{ConfigEffect, ConfigFinding, read_as, value_of};
use super::judge::{is_field, judge};
use super::owned::{OWNED, OwnedField};
use crate::limits::TEXT_FILE;
use crate::plan::first_document::{FirstDocument, first_document};
use crate::plan::kubelet_fields::KubeletFields;
use crate::plan::model::Version;
use crate::plan::remote::Remote;
use crate::plan::tree::{TreeNode, Value};

const API_VERSION: &str = "kubelet.config.k8s.io/v1beta1";
const KIND: &str = "KubeletConfiguration";

/// What of a file stays when the worker is set up again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFields {
    /// What is not gangplank's own, as an operator's map; fields without effect are left out.
    pub fields: KubeletFields,
    /// Fields of gangplank that the file has too: its own words take their place.
    pub replaced: Vec<OwnedField>,
    /// What the file says without effect, and what somebody should know of it.
    pub said: Vec<ConfigFinding>,
}

/// A file that the configuration names and that has to be on the worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// The field.
    pub field: &'static str,
    /// Its path on the worker; a relative one starts at the configuration's folder.
    pub path: Remote<String>,
    /// Line in the file, from 1.
    pub line: Option<usize>,
}

/// Everything to say of an operator's map. `kubelet` is the version that will read it; `None` = it is not known yet.
/// What is gangplank's own is said by [`owned_fields`](super::owned_fields).
pub fn judge_map(map: &KubeletFields, kubelet: Option<Version>) -> Vec<ConfigFinding> {
    match TreeNode::of_json(&Json::Object(map.clone())).value {
        Value::Map(entries) => judge(&entries, kubelet),
        Value::Null | Value::Flag(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => Vec::new(),
    }
}

/// Everything to say of a file, in the order of its lines; what stops a kubelet comes first.
pub fn judge_text(text: &str, kubelet: Option<Version>) -> Vec<ConfigFinding> {
    match read(text) {
        Ok(document) => of_document(&document, kubelet),
        Err(finding) => vec![finding],
    }
}

/// What of a file stays.
///
/// # Errors
/// The file cannot be read, or a kubelet does not start with it: nothing of it is taken over unseen.
pub fn kept(text: &str, kubelet: Option<Version>) -> Result<KeptFields, Vec<ConfigFinding>> {
    let document = read(text).map_err(|finding| vec![finding])?;
    let found = of_document(&document, kubelet);
    let (stops, said): (Vec<_>, Vec<_>) = found
        .into_iter()
        // gangplank's own fields are written anew, whatever stands there.
        .filter(|finding| finding.effect != ConfigEffect::Stops || !is_owned(&finding.field))
        .partition(|finding| finding.effect == ConfigEffect::Stops);
    if !stops.is_empty() {
        return Err(stops);
    }
    let Some(Json::Object(mut fields)) = document.root.to_json() else {
        let what = "holds a number that cannot be taken over";
        return Err(vec![whole(None, what, "write it with decimal digits")]);
    };
    let replaced = OWNED.iter().filter(|owned| take(&mut fields, owned.field)).copied().collect();
    for finding in said.iter().filter(|finding| finding.effect == ConfigEffect::Idle) {
        match finding.field.split_once('.') {
            Some((map, signal)) if map.starts_with("eviction") => {
                if let Some(Json::Object(signals)) = fields.get_mut(map)
                    && signal.starts_with("containerfs.")
                {
                    signals.remove(signal);
                }
            }
            _ if stands_once(&document.root, &finding.field) => {
                take(&mut fields, &finding.field);
            }
            _ => {}
        }
    }
    fields.retain(|key, value| is_field(key, kubelet) && !value.is_null());
    Ok(KeptFields { fields, replaced, said })
}

/// The files that a configuration names; whether they are there is for the worker to say.
pub fn named_files(text: &str) -> Vec<NamedFile> {
    const PATHS: [&str; 5] = [
        "authentication.x509.clientCAFile",
        "tlsCertFile",
        "tlsPrivateKeyFile",
        "resolvConf",
        "staticPodPath",
    ];
    let Ok(document) = read(text) else { return Vec::new() };
    let named = PATHS.iter().filter_map(|field| {
        let node = find(&document.root, field)?;
        let Value::Text(path) = &node.value else { return None };
        let line = node.place.map(|(line, _)| line);
        (!path.is_empty()).then(|| NamedFile { field, path: Remote::new(path.as_str()), line })
    });
    named.collect()
}

fn whole(line: Option<usize>, what: &str, cure: &str) -> ConfigFinding {
    let (what, cure) = (what.to_owned(), cure.to_owned());
    ConfigFinding { line, field: String::new(), what, cure, effect: ConfigEffect::Stops }
}

fn read(text: &str) -> Result<FirstDocument, ConfigFinding> {
    if text.len() > TEXT_FILE.count() {
        return Err(whole(None, "is far larger than such a file", "look at what it is"));
    }
    if text.trim().is_empty() {
        return Err(whole(
            None,
            "is empty: the kubelet does not start",
            "write apiVersion and kind at least",
        ));
    }
    let document = first_document(text).map_err(|fault| whole(fault.line, fault.what, fault.cure))?;
    if matches!(document.root.value, Value::Map(_)) {
        return Ok(document);
    }
    let what = format!("{}, and must be a mapping of fields", read_as("", &document.root));
    Err(whole(Some(1), &what, "write fields, each with its value"))
}

fn of_document(document: &FirstDocument, kubelet: Option<Version>) -> Vec<ConfigFinding> {
    let Value::Map(entries) = &document.root.value else { return Vec::new() };
    let mut found = Vec::new();
    for (field, wanted) in [("apiVersion", API_VERSION), ("kind", KIND)] {
        let node = find(&document.root, field);
        let is = match node.map(|node| &node.value) {
            Some(Value::Text(text)) if text == wanted => continue,
            Some(Value::Text(text)) => format!("is {}: the kubelet does not start", value_of(field, text)),
            Some(_) | None => "is missing: the kubelet does not start".to_owned(),
        };
        let line = node.and_then(|node| node.place).map(|(line, _)| line);
        let finding =
            ConfigFinding { field: field.to_owned(), ..whole(line, &is, &format!("write {wanted}")) };
        found.push(finding);
    }
    found.extend(judge(entries, kubelet));
    if let Some(line) = document.second {
        let what = "begins a second document here, which the kubelet never reads";
        let finding = whole(Some(line), what, "put its fields into the first one, and take it out");
        found.push(ConfigFinding { effect: ConfigEffect::Idle, ..finding });
    }
    found.sort_by_key(|finding| (finding.effect, finding.line.unwrap_or(usize::MAX)));
    found
}

/// The last value of a path.
fn find<'a>(node: &'a TreeNode, path: &str) -> Option<&'a TreeNode> {
    path.split('.').try_fold(node, |node, key| match &node.value {
        Value::Map(entries) => entries.iter().rev().find(|entry| entry.key == key).map(|entry| &entry.node),
        _ => None,
    })
}

fn is_owned(field: &str) -> bool {
    let within = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    OWNED.iter().any(|owned| within(owned.field, field))
}

/// Whether a key stands once in its mapping: of a doubled one the last holds, and that is taken over.
fn stands_once(root: &TreeNode, path: &str) -> bool {
    let (outer, key) = path.rsplit_once('.').unwrap_or(("", path));
    let outer = if outer.is_empty() { Some(root) } else { find(root, outer) };
    match outer.map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.iter().filter(|entry| entry.key == key).count() == 1,
        _ => false,
    }
}

/// Takes a field out, and what holds nothing any more; whether it was there.
fn take(map: &mut KubeletFields, path: &str) -> bool {
    match path.split_once('.') {
        None => map.remove(path).is_some_and(|value| !value.is_null()),
        Some((key, rest)) => match map.get_mut(key) {
            Some(Json::Object(inner)) => {
                let taken = take(inner, rest);
                if inner.is_empty() {
                    map.remove(key);
                }
                taken
            }
            // What cannot hold the field takes its place.
            Some(_) => map.remove(key).is_some_and(|value| !value.is_null()),
            None => false,
        },
    }
}
