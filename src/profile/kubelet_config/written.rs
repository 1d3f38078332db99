//! The file as gangplank writes it.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::owned::{OwnedField, owned_fields};
use super::yaml_text;
use crate::plan::kubelet_fields::KubeletFields;
use crate::profile::render::{self, RenderError};

/// How the kubelet makes its cgroups. It has to be what the container runtime does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CgroupDriver {
    /// By itself, below `/kubepods`.
    Cgroupfs,
    /// Through systemd, in `kubepods.slice`.
    Systemd,
}

impl CgroupDriver {
    /// The word for it in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cgroupfs => "cgroupfs",
            Self::Systemd => "systemd",
        }
    }
}

/// What becomes of swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KubeletSwap {
    /// The kubelet does not start on a machine that has swap.
    Refuse,
    /// It starts, and pods get none: said by name (`memorySwap.swapBehavior`, where the kubelet has `NoSwap`).
    NoSwap,
    /// It starts; it has no name for "none" yet. Before 1.28 nothing keeps pods from swap (`minors::NO_SWAP_FOR_PODS`).
    Start,
}

/// What gangplank says in the file; fields that a kubelet may not have are `None` where it has them not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeletSettings {
    /// Path of the CA that signs those who reach this kubelet.
    pub client_ca: String,
    /// Path of the certificate that the kubelet shows.
    pub cert: String,
    /// Path of its key.
    pub key: String,
    /// Folder of the static pods.
    pub static_pods: String,
    /// Addresses of the cluster's DNS service.
    pub dns: Vec<IpAddr>,
    /// Domain of the cluster, without a dot at its end.
    pub domain: String,
    /// What the container runtime has.
    pub cgroup_driver: CgroupDriver,
    /// The file that pods which do not ask the cluster's DNS get their servers from.
    pub resolv_conf: String,
    /// Where the container runtime listens, `unix:///run/containerd/containerd.sock`.
    pub runtime_endpoint: Option<String>,
    /// Whether a host on cgroup v1 is refused.
    pub fail_cgroup_v1: Option<bool>,
    /// What becomes of swap.
    pub swap: KubeletSwap,
}

/// Why no file was made.
#[derive(Debug, thiserror::Error)]
pub enum KubeletConfigError {
    /// The operator's map says what is gangplank's own.
    #[error("{}", said(.0))]
    Owned(Vec<OwnedField>),
    /// The text could not be read again.
    #[error(transparent)]
    Unreadable(#[from] RenderError),
    /// The text, read again, is not what was meant.
    #[error("the kubelet's configuration does not say what was meant")]
    Differs,
}

fn said(owned: &[OwnedField]) -> String {
    let lines = owned.iter().map(|one| format!("{}: {}; {}", one.field, one.why, one.instead));
    lines.collect::<Vec<_>>().join("; ")
}

/// Names the fields of the file that was there before, so that the next look still knows whose they are.
const KEPT: &str = "# From the file that was here before: ";

/// The fields that a file of gangplank's says it took over.
pub fn taken_over(text: &str) -> impl Iterator<Item = &str> {
    let head = text.lines().take_while(|line| line.starts_with('#'));
    head.filter_map(|line| line.strip_prefix(KEPT)).flat_map(|names| names.split(", "))
}

/// What the file begins with.
const HEADER: &str = "# The kubelet's configuration, written by gangplank. Fields of your own belong below\n\
                      # kubelet_config in the plan: they are kept here when the worker is set up again.\n";

/// The file: gangplank's fields, those of the plan, and those of the file that was there before, where the plan does not
/// name them; sorted, so that the same wish is the same text.
///
/// # Errors
/// The plan's map says something that is gangplank's own, or the text does not read back as what was meant.
pub fn kubelet_config(
    settings: &KubeletSettings,
    operator: &KubeletFields,
    before: &KubeletFields,
) -> Result<String, KubeletConfigError> {
    let owned = owned_fields(operator);
    if !owned.is_empty() {
        return Err(KubeletConfigError::Owned(owned));
    }
    let mut all = ours(settings);
    let has = |key: &String| operator.get(key).is_some_and(|value| !value.is_null());
    let kept: KubeletFields =
        before.iter().filter(|(key, _)| !has(key)).map(|(key, value)| (key.clone(), value.clone())).collect();
    merge(&mut all, &kept);
    merge(&mut all, operator);
    let mut names: Vec<&str> = kept.keys().map(String::as_str).collect();
    names.sort_unstable();
    let names = if names.is_empty() { String::new() } else { format!("{KEPT}{}\n", names.join(", ")) };
    let text = format!("{HEADER}{names}{}", yaml_text::mapping(&all, &["apiVersion", "kind"]));
    if render::read_back(&text)? == Value::Object(all) { Ok(text) } else { Err(KubeletConfigError::Differs) }
}

fn ours(settings: &KubeletSettings) -> KubeletFields {
    let KubeletSettings { client_ca, cert, key, static_pods, dns, domain, cgroup_driver, .. } = settings;
    let mut map = KubeletFields::new();
    let mut set = |field: &str, value: Value| map.insert(field.to_owned(), value);
    set("apiVersion", json!("kubelet.config.k8s.io/v1beta1"));
    set("kind", json!("KubeletConfiguration"));
    set(
        "authentication",
        json!({
            "anonymous": {"enabled": false},
            "webhook": {"enabled": true},
            "x509": {"clientCAFile": client_ca},
        }),
    );
    set("authorization", json!({"mode": "Webhook"}));
    set("staticPodPath", json!(static_pods));
    set("clusterDNS", dns.iter().map(ToString::to_string).collect());
    set("clusterDomain", json!(domain));
    // Without these two the kubelet signs a pair of its own.
    set("tlsCertFile", json!(cert));
    set("tlsPrivateKeyFile", json!(key));
    set("cgroupDriver", json!(cgroup_driver.name()));
    set("resolvConf", json!(settings.resolv_conf));
    set("readOnlyPort", json!(0));
    set("failSwapOn", json!(settings.swap == KubeletSwap::Refuse));
    if settings.swap == KubeletSwap::NoSwap {
        set("memorySwap", json!({"swapBehavior": "NoSwap"}));
    }
    if let Some(endpoint) = &settings.runtime_endpoint {
        set("containerRuntimeEndpoint", json!(endpoint));
    }
    if let Some(fail) = settings.fail_cgroup_v1 {
        set("failCgroupV1", json!(fail));
    }
    map
}

/// Puts the operator's fields beside ours, also inside a mapping that both have. What is empty says nothing.
fn merge(all: &mut KubeletFields, more: &KubeletFields) {
    for (key, value) in more {
        match (all.get_mut(key), value) {
            (_, Value::Null) => {}
            (Some(Value::Object(inner)), Value::Object(value)) => merge(inner, value),
            (_, value) => {
                all.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> KubeletSettings {
        KubeletSettings {
            client_ca: "/etc/kubernetes/ssl/ca.crt".to_owned(),
            cert: "/etc/kubernetes/ssl/worker.crt".to_owned(),
            key: "/etc/kubernetes/ssl/worker.key".to_owned(),
            static_pods: "/etc/kubernetes/manifests".to_owned(),
            dns: vec!["10.3.0.2".parse().unwrap()],
            domain: "cluster.local".to_owned(),
            cgroup_driver: CgroupDriver::Systemd,
            resolv_conf: "/run/systemd/resolve/resolv.conf".to_owned(),
            runtime_endpoint: Some("unix:///run/containerd/containerd.sock".to_owned()),
            fail_cgroup_v1: Some(false),
            swap: KubeletSwap::Refuse,
        }
    }

    fn map(value: Value) -> KubeletFields {
        match value {
            Value::Object(map) => map,
            other => panic!("{other} is no mapping"),
        }
    }

    fn read(text: &str) -> Value {
        render::read_back(text).unwrap()
    }

    #[test]
    fn the_whole_file_is_this() {
        let text = kubelet_config(&settings(), &KubeletFields::new(), &KubeletFields::new()).unwrap();
        let body = text.strip_prefix(HEADER).unwrap();
        assert_eq!(
            body,
            r#"apiVersion: "kubelet.config.k8s.io/v1beta1"
kind: "KubeletConfiguration"
authentication:
  anonymous:
    enabled: false
  webhook:
    enabled: true
  x509:
    clientCAFile: "/etc/kubernetes/ssl/ca.crt"
authorization:
  mode: "Webhook"
cgroupDriver: "systemd"
clusterDNS:
- "10.3.0.2"
clusterDomain: "cluster.local"
containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock"
failCgroupV1: false
failSwapOn: true
readOnlyPort: 0
resolvConf: "/run/systemd/resolve/resolv.conf"
staticPodPath: "/etc/kubernetes/manifests"
tlsCertFile: "/etc/kubernetes/ssl/worker.crt"
tlsPrivateKeyFile: "/etc/kubernetes/ssl/worker.key"
"#
        );
    }

    #[test]
    fn a_field_that_the_kubelet_does_not_have_is_not_there() {
        let settings = KubeletSettings { runtime_endpoint: None, fail_cgroup_v1: None, ..settings() };
        let read = read(&kubelet_config(&settings, &KubeletFields::new(), &KubeletFields::new()).unwrap());
        for field in ["containerRuntimeEndpoint", "failCgroupV1", "memorySwap"] {
            assert_eq!(read.get(field), None, "{field}");
        }
    }

    #[test]
    fn swap_is_refused_or_named_or_only_let_be() {
        for (swap, fail, behavior) in [
            (KubeletSwap::Refuse, true, None),
            (KubeletSwap::NoSwap, false, Some("NoSwap")),
            (KubeletSwap::Start, false, None),
        ] {
            let text = kubelet_config(
                &KubeletSettings { swap, ..settings() },
                &KubeletFields::new(),
                &KubeletFields::new(),
            )
            .unwrap();
            let read = read(&text);
            assert_eq!(read["failSwapOn"], fail, "{swap:?}");
            let named = read.pointer("/memorySwap/swapBehavior").and_then(Value::as_str);
            assert_eq!(named, behavior, "{swap:?}");
        }
    }

    #[test]
    fn the_operators_fields_stand_beside_ours_and_their_order_makes_no_difference() {
        let one = map(json!({
            "maxPods": 50, "authentication": {"webhook": {"cacheTTL": "1m"}}, "podPidsLimit": null,
            "kubeReserved": {"memory": "500Mi", "cpu": "100m"}, "registerWithTaints": [{"key": "a", "effect": "NoExecute"}],
        }));
        let other = map(json!({
            "registerWithTaints": [{"effect": "NoExecute", "key": "a"}],
            "kubeReserved": {"cpu": "100m", "memory": "500Mi"}, "maxPods": 50,
            "authentication": {"webhook": {"cacheTTL": "1m"}},
        }));
        let text = kubelet_config(&settings(), &one, &KubeletFields::new()).unwrap();
        assert_eq!(text, kubelet_config(&settings(), &other, &KubeletFields::new()).unwrap());
        let read = read(&text);
        assert_eq!(read["authentication"]["webhook"], json!({"cacheTTL": "1m", "enabled": true}));
        assert_eq!(read["authentication"]["x509"]["clientCAFile"], "/etc/kubernetes/ssl/ca.crt");
        assert_eq!(read["kubeReserved"], json!({"cpu": "100m", "memory": "500Mi"}));
        assert_eq!((&read["maxPods"], read.get("podPidsLimit")), (&json!(50), None));
    }

    #[test]
    fn an_operator_does_not_overrule_what_is_ours() {
        for (field, value) in [
            ("clusterDNS", json!(["10.9.9.9"])),
            ("authentication", json!({"anonymous": {"enabled": true}})),
            ("authentication", json!(false)),
            ("authorization", json!({"mode": "AlwaysAllow"})),
            ("failSwapOn", json!(false)),
            ("kind", json!("Pod")),
        ] {
            let operator = map(json!({field: value}));
            let error = kubelet_config(&settings(), &operator, &KubeletFields::new()).unwrap_err();
            assert!(error.to_string().starts_with(field), "{error}");
        }
    }

    #[test]
    fn fields_of_the_file_that_was_there_stay_and_are_named_unless_the_plan_has_them() {
        let before = map(json!({
            "maxPods": 50, "evictionHard": {"memory.available": "200Mi"},
            "authentication": {"webhook": {"cacheTTL": "1m"}},
        }));
        let plan = map(json!({"evictionHard": {"nodefs.available": "5%"}}));
        let text = kubelet_config(&settings(), &plan, &before).unwrap();
        let names: Vec<&str> = taken_over(&text).collect();
        assert_eq!(names, ["authentication", "maxPods"], "{text}");
        let read = read(&text);
        assert_eq!(read["maxPods"], 50);
        assert_eq!(read["evictionHard"], json!({"nodefs.available": "5%"}));
        assert_eq!(read["authentication"]["webhook"], json!({"cacheTTL": "1m", "enabled": true}));
        // Without any, nothing is said of them.
        let text = kubelet_config(&settings(), &plan, &KubeletFields::new()).unwrap();
        assert_eq!(taken_over(&text).count(), 0);
    }
}
