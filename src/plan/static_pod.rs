//! A manifest as a kubelet reads it: a pod, or the reason why it makes none of it.

use serde_yaml::Value;

use super::yaml_weight::is_bearable;

/// `namespace/name` of the pod in a manifest; else why the kubelet makes none of it. Nothing of the text is told.
pub fn pod(text: &[u8]) -> Result<String, String> {
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err("it is empty".to_owned());
    }
    if !is_light(text) {
        return Err("it holds more than a manifest needs".to_owned());
    }
    let object: Value = serde_yaml::from_slice(text).map_err(|error| {
        let line = error.location().map_or(String::new(), |at| format!(", line {}", at.line()));
        format!("it is no YAML or JSON{line}")
    })?;
    let text =
        |value: Option<&Value>| value.and_then(Value::as_str).map(super::clean::words).unwrap_or_default();
    let kind = text(object.get("kind"));
    if kind != "Pod" {
        return Err(if kind.is_empty() {
            "it names no kind".to_owned()
        } else {
            "its kind is not Pod".to_owned()
        });
    }
    let meta = object.get("metadata");
    let name = text(meta.and_then(|meta| meta.get("name")));
    let containers = object.get("spec").and_then(|spec| spec.get("containers")).and_then(Value::as_sequence);
    if name.is_empty() {
        return Err("its pod has no name".to_owned());
    }
    if containers.is_none_or(Vec::is_empty) {
        return Err("its pod has no containers".to_owned());
    }
    let space = text(meta.and_then(|meta| meta.get("namespace")));
    Ok(format!("{}/{name}", if space.is_empty() { "default" } else { &space }))
}

/// Whether two manifests are the same pod: comments and layout make no other one.
pub fn same_pod(one: &[u8], other: &[u8]) -> bool {
    matches!((tree(one), tree(other)), (Some(one), Some(other)) if one == other)
}

/// Whether the containers of two manifests are the same.
pub fn same_containers(one: &[u8], other: &[u8]) -> bool {
    let containers = |text| tree(text)?.get("spec")?.get("containers").cloned();
    matches!((containers(one), containers(other)), (Some(one), Some(other)) if one == other)
}

fn tree(text: &[u8]) -> Option<Value> {
    is_light(text).then(|| serde_yaml::from_slice(text).ok())?
}

/// Whether a reader of YAML may be given what a host sent.
fn is_light(text: &[u8]) -> bool {
    is_bearable(&String::from_utf8_lossy(text))
}

#[cfg(test)]
mod tests {
    use super::{pod, same_containers, same_pod};

    #[test]
    fn a_comment_makes_no_other_pod_and_a_volume_no_other_container() {
        let one = b"spec: {containers: [{name: a}]}\n".as_slice();
        assert!(same_pod(one, b"# hello\nspec:\n  containers:\n  - name: a\n"));
        let volume = b"spec: {containers: [{name: a}], volumes: [{name: v}]}\n".as_slice();
        assert!(!same_pod(one, volume) && same_containers(one, volume));
        assert!(!same_containers(one, b"spec: {containers: [{name: a, args: [x]}]}\n"));
        assert!(!same_containers(b"x: [", b"x: ["), "what cannot be read is not known to be the same");
    }

    #[test]
    fn a_manifest_is_a_pod_or_the_reason_why_not() {
        let good = "apiVersion: v1\nkind: Pod\nmetadata: {name: kube-proxy, namespace: kube-system}\nspec: {containers: [{name: a}]}\n";
        assert_eq!(pod(good.as_bytes()), Ok("kube-system/kube-proxy".to_owned()));
        let json = br#"{"kind":"Pod","metadata":{"name":"x"},"spec":{"containers":[{"name":"a"}]}}"#;
        assert_eq!(pod(json), Ok("default/x".to_owned()));
        for (text, why) in [
            ("", "it is empty"),
            ("\n \n", "it is empty"),
            ("kind: Pod\n\tx: canary\n", "it is no YAML or JSON, line 2"),
            ("kind: Deployment\n", "its kind is not Pod"),
            ("a: 1\n", "it names no kind"),
            ("kind: Pod\nmetadata: {}\n", "its pod has no name"),
            ("kind: Pod\nmetadata: {name: x}\nspec: {containers: []}\n", "its pod has no containers"),
        ] {
            assert_eq!(pod(text.as_bytes()), Err(why.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn brackets_and_directives_without_end_are_told_before_a_reader_begins() {
        let tags = "%TAG !t! t\n".repeat(90_000);
        for text in ["[{".repeat(900_000), tags] {
            assert_eq!(pod(text.as_bytes()), Err("it holds more than a manifest needs".to_owned()));
            assert!(!same_pod(text.as_bytes(), text.as_bytes()));
        }
    }
}
