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

/// The kubeconfig that a kube-proxy in a manifest is told, as the path that it has on the machine; `None` = there is none that
/// is mounted from there, or it is told a configuration, which is not read here.
pub fn proxy_kubeconfig(text: &[u8]) -> Option<String> {
    let spec = tree(text)?.get("spec")?.clone();
    spec.get("containers")?.as_sequence()?.iter().find_map(|container| {
        let words = |key: &str| -> Vec<String> {
            let all = container.get(key).and_then(Value::as_sequence).into_iter().flatten();
            all.filter_map(|word| word.as_str().map(str::to_owned)).collect()
        };
        // A shell may have the whole line in one word.
        let said = [words("command"), words("args")].concat().join(" ");
        let words: Vec<&str> = said.split_whitespace().collect();
        // `hyperkube proxy` is one too.
        let is_proxy = |word: &&str| matches!(word.rsplit('/').next(), Some("kube-proxy" | "proxy"));
        let at = words.iter().position(is_proxy)?;
        let flag = |name: &str| {
            let own = words.get(at..)?.iter().enumerate();
            own.filter_map(|(place, word)| {
                let rest =
                    word.trim_start_matches('-').strip_prefix(name).filter(|_| word.starts_with('-'))?;
                if rest.is_empty() { words.get(at + place + 1).copied() } else { rest.strip_prefix('=') }
            })
            .next_back()
        };
        if flag("config").is_some() {
            return None;
        }
        on_the_machine(&spec, container, flag("kubeconfig")?)
    })
}

/// Where on the machine a file of a container lies.
fn on_the_machine(spec: &Value, container: &Value, path: &str) -> Option<String> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let below = |mount: &Value| -> Option<(usize, String, String)> {
        let at = text(mount, "mountPath")?.trim_end_matches('/').to_owned();
        let rest = path.strip_prefix(&at).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        (text(mount, "subPath").is_none())
            .then(|| (at.len(), rest.to_owned(), text(mount, "name").unwrap_or_default()))
    };
    let mounts = container.get("volumeMounts")?.as_sequence()?;
    let (_, rest, volume) = mounts.iter().filter_map(below).max()?;
    let volumes = spec.get("volumes")?.as_sequence()?;
    let volume = volumes.iter().find(|one| text(one, "name").as_deref() == Some(&volume))?;
    let host = text(volume.get("hostPath")?, "path")?;
    host.starts_with('/').then(|| super::clean::line(&format!("{}{rest}", host.trim_end_matches('/'))))
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
    use super::{pod, proxy_kubeconfig, same_containers, same_pod};

    #[test]
    fn the_kubeconfig_of_a_kube_proxy_is_found_where_the_machine_has_it() {
        let with = |command: &str, mounts: &str| {
            let text = format!(
                "kind: Pod\nmetadata: {{name: kube-proxy}}\nspec:\n  containers:\n  - name: p\n    command: {command}\n    \
                 volumeMounts: {mounts}\n  volumes:\n  - name: k\n    hostPath: {{path: /etc/kubernetes/}}\n  - name: e\n    \
                 emptyDir: {{}}\n"
            );
            proxy_kubeconfig(text.as_bytes())
        };
        let usual = "[{name: e, mountPath: /}, {name: k, mountPath: /k8s}]";
        let told = Some("/etc/kubernetes/proxy.conf".to_owned());
        assert_eq!(with("[kube-proxy, --v=2, --kubeconfig=/k8s/proxy.conf]", usual), told);
        assert_eq!(with("[/usr/bin/kube-proxy, --kubeconfig, /k8s/proxy.conf]", usual), told);
        assert_eq!(with("[sh, -c, \"exec kube-proxy --kubeconfig=/k8s/proxy.conf 2>&1\"]", usual), told);
        assert_eq!(
            with("[kube-proxy, --kubeconfig=/k8s2/proxy.conf]", usual),
            None,
            "that is in no folder of the machine"
        );
        assert_eq!(with("[kube-proxy, --config=/k8s/c, --kubeconfig=/k8s/proxy.conf]", usual), None);
        assert_eq!(with("[other, --kubeconfig=/k8s/proxy.conf]", usual), None);
        assert_eq!(with("[kube-proxy, --master=http://a]", usual), None);
        assert_eq!(proxy_kubeconfig(b"{"), None);
        let one = "[{name: k, mountPath: /k8s, subPath: x}]";
        assert_eq!(with("[kube-proxy, --kubeconfig=/k8s/proxy.conf]", one), None);
    }

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
