//! What a cluster brings to its nodes by DaemonSets: kube-proxy, a network that replaces it, the network of pods. They
//! are known by what they run, whatever they are called and in whatever namespace; what a network is told to do about
//! services stands in its own configuration, which is asked for.
//!
//! Facts: kubeadm's `kube-system/kube-proxy` runs the program by its name (`cmd/kubeadm/app/phases/addons/proxy`);
//! containers are called `kube-flannel`, `calico-node`, `cilium-agent`, `weave`, `kindnet-cni`, `antrea-agent`,
//! `kube-router`, `cni-server` (kube-ovn), `ovnkube-node`, `aws-node` in the manifests of their projects; canal is
//! calico's and flannel's in one pod. cilium replaces kube-proxy where `cilium-config` says `kube-proxy-replacement:
//! "true"` (`strict` before 1.14), calico with `bpfEnabled` or `FELIX_BPFENABLED`, kube-router unless it is told
//! `--run-service-proxy=false`, antrea with `antreaProxy.proxyAll`, ovn-kubernetes always.

use serde_json::Value;

use super::cluster::ClusterApi;
use super::daemon_set::{DaemonSet, PodContainer};
use super::error::ApiError;
use crate::plan::clean;
use crate::plan::minors;
use crate::plan::model::Version;

/// The names of containers that make a network of pods, with what people call it.
const NETWORKS: [(&str, &str); 11] = [
    ("kube-flannel", "flannel"),
    ("calico-node", "calico"),
    ("cilium-agent", "cilium"),
    ("weave", "weave"),
    ("kindnet-cni", "kindnet"),
    ("antrea-agent", "antrea"),
    ("kube-router", "kube-router"),
    ("cni-server", "kube-ovn"),
    ("ovnkube-node", "ovn-kubernetes"),
    ("ovnkube-controller", "ovn-kubernetes"),
    ("aws-node", "amazon-vpc-cni"),
];
/// The same by the image, for manifests that call their containers otherwise.
const IMAGES: [(&str, &str); 7] = [
    ("flannel/flannel", "flannel"),
    ("coreos/flannel", "flannel"),
    ("calico/node", "calico"),
    ("cilium/cilium", "cilium"),
    ("weaveworks/weave-kube", "weave"),
    ("kindest/kindnetd", "kindnet"),
    ("cloudnativelabs/kube-router", "kube-router"),
];
/// What kube-proxy is called.
pub const KUBE_PROXY: &str = "kube-proxy";

/// Whether it does what kube-proxy does: an address of a service leads to its pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServesServices {
    /// No: a kube-proxy is needed beside it.
    No,
    /// Yes: no kube-proxy is needed.
    Yes,
    /// It could not be asked: why.
    Unknown(String),
}

/// Something that comes to nodes by a DaemonSet.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeAddon {
    /// What people call it: `kube-proxy`, `cilium`.
    pub name: &'static str,
    /// What brings it.
    pub daemon_set: DaemonSet,
    /// It makes the network of pods.
    pub network: bool,
    /// It does what kube-proxy does.
    pub services: ServesServices,
}

impl NodeAddon {
    /// It is kube-proxy itself, not something that does without it.
    pub fn is_kube_proxy(&self) -> bool {
        self.name == KUBE_PROXY
    }
}

/// The image without its registry's tag and digest.
fn without_tag(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        Some(_) | None => image,
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn runs_kube_proxy(container: &PodContainer) -> bool {
    let program = container.words.first().is_some_and(|word| last(word) == KUBE_PROXY);
    let image = last(without_tag(&container.image));
    let image = ["-amd64", "-arm64", "-arm", "-ppc64le", "-s390x"]
        .iter()
        .find_map(|arch| image.strip_suffix(arch))
        .unwrap_or(image);
    program || image == KUBE_PROXY
}

/// What a DaemonSet is known for, and the container that makes it so.
fn known(set: &DaemonSet) -> Option<(&'static str, &PodContainer)> {
    if let Some(container) = set.containers.iter().find(|one| runs_kube_proxy(one)) {
        return Some((KUBE_PROXY, container));
    }
    let by_name = |one: &PodContainer| NETWORKS.iter().find(|(name, _)| one.name == *name);
    let by_image = |one: &PodContainer| {
        let image = without_tag(&one.image);
        let ends =
            |name: &str| image == name || image.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'));
        IMAGES.iter().find(|(name, _)| ends(name))
    };
    let find = |one: &PodContainer| by_name(one).or_else(|| by_image(one)).map(|(_, network)| *network);
    let all: Vec<(&'static str, &PodContainer)> =
        set.containers.iter().filter_map(|one| Some((find(one)?, one))).collect();
    let calico = all.iter().find(|(name, _)| *name == "calico");
    match (calico, all.iter().any(|(name, _)| *name == "flannel")) {
        (Some((_, container)), true) => Some(("canal", container)),
        _ => all.first().copied(),
    }
}

/// An object's answer: there is none, or it may not be read.
fn ask(api: &dyn ClusterApi, path: &str) -> Result<Option<Value>, String> {
    api.get(path).map_err(|error| clean::short(&error.to_string(), 200))
}

fn serves(yes: bool) -> ServesServices {
    if yes { ServesServices::Yes } else { ServesServices::No }
}

fn services(
    api: &dyn ClusterApi,
    name: &str,
    set: &DaemonSet,
    container: &PodContainer,
) -> Result<ServesServices, String> {
    let config = |map: &str, key: &str| {
        let path = format!("/api/v1/namespaces/{}/configmaps/{map}", set.namespace);
        let object = ask(api, &path)?;
        Ok::<_, String>(object.and_then(|it| Some(it.get("data")?.get(key)?.as_str()?.to_owned())))
    };
    Ok(match name {
        KUBE_PROXY | "ovn-kubernetes" => ServesServices::Yes,
        "cilium" => {
            let flag = container.words.iter().find_map(|word| word.strip_prefix("--kube-proxy-replacement="));
            let said = match flag {
                Some(said) => Some(said.to_owned()),
                None => config("cilium-config", "kube-proxy-replacement")?,
            };
            serves(said.is_some_and(|said| said == "true" || said == "strict"))
        }
        "calico" | "canal" => {
            let own = container.variables.iter().find(|(name, _)| name == "FELIX_BPFENABLED");
            // Its environment goes before what stands in the API (Felix's order of configuration).
            if let Some((_, value)) = own {
                serves(value.eq_ignore_ascii_case("true"))
            } else {
                let felix = ask(api, "/apis/crd.projectcalico.org/v1/felixconfigurations/default")?;
                serves(felix.is_some_and(|it| it.pointer("/spec/bpfEnabled") == Some(&Value::Bool(true))))
            }
        }
        "kube-router" => serves(!container.words.iter().any(|word| word == "--run-service-proxy=false")),
        "antrea" => {
            let map = set.config_maps.iter().find(|map| map.starts_with("antrea-config"));
            let text = config(map.map_or("antrea-config", String::as_str), "antrea-agent.conf")?;
            serves(text.is_some_and(|text| proxies_all(&text)))
        }
        _ => ServesServices::No,
    })
}

/// `antreaProxy.proxyAll` of antrea's configuration.
fn proxies_all(text: &str) -> bool {
    let value: Result<serde_yaml::Value, _> = serde_yaml::from_str(text);
    value.is_ok_and(|value| value["antreaProxy"]["proxyAll"] == serde_yaml::Value::Bool(true))
}

/// What comes to nodes of this cluster by DaemonSets, those that are for some nodes only too.
///
/// # Errors
/// The DaemonSets could not be listed.
pub fn node_addons(api: &dyn ClusterApi, version: Option<Version>) -> Result<Vec<NodeAddon>, ApiError> {
    let current = version.is_none_or(|version| minors::DAEMON_SETS_OF_APPS.holds(version));
    let group = if current { "apps/v1" } else { "extensions/v1beta1" };
    // An API that knows none has none.
    let list = api.get_list(&format!("/apis/{group}/daemonsets"))?.unwrap_or_default();
    let sets = list.get("items").and_then(Value::as_array).into_iter().flatten();
    let mut addons = Vec::new();
    for set in sets.filter_map(DaemonSet::from_json) {
        let Some((name, container)) = known(&set) else { continue };
        let services = services(api, name, &set, container).unwrap_or_else(ServesServices::Unknown);
        addons.push(NodeAddon { name, network: name != KUBE_PROXY, services, daemon_set: set });
    }
    Ok(addons)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{DaemonSet, known, proxies_all};

    #[expect(clippy::needless_pass_by_value, reason = "a literal is given as it is")]
    fn name(containers: Value) -> Option<&'static str> {
        let object = json!({"metadata": {"name": "n", "namespace": "s"},
            "spec": {"template": {"spec": {"containers": containers}}}});
        known(&DaemonSet::from_json(&object).expect("it has a name")).map(|(name, _)| name)
    }

    #[test]
    fn each_is_known_by_what_it_runs() {
        let one = |name: &str, image: &str| json!([{"name": name, "image": image}]);
        let cases = [
            (one("kube-proxy", "registry.k8s.io/kube-proxy:v1.37.2"), Some("kube-proxy")),
            (one("kube-proxy", "k8s.gcr.io/kube-proxy-amd64:v1.11.0"), Some("kube-proxy")),
            (one("p", "registry.local:5000/mirror/kube-proxy@sha256:00"), Some("kube-proxy")),
            (
                json!([{"name": "p", "image": "hyperkube", "command": ["/usr/local/bin/kube-proxy"]}]),
                Some("kube-proxy"),
            ),
            (one("metrics", "example.com/kube-proxy-exporter:1"), None),
            (one("kube-flannel", "ghcr.io/flannel-io/flannel:v0.27.0"), Some("flannel")),
            (one("f", "quay.io/coreos/flannel:v0.14.0-amd64"), Some("flannel")),
            (one("calico-node", "docker.io/calico/node:v3.30.0"), Some("calico")),
            (
                json!([{"name": "calico-node", "image": "calico/node"}, {"name": "kube-flannel", "image": "flannel"}]),
                Some("canal"),
            ),
            (one("cilium-agent", "quay.io/cilium/cilium:v1.18.0@sha256:00"), Some("cilium")),
            (one("cilium-envoy", "quay.io/cilium/cilium-envoy:v1"), None),
            (one("calico-csi", "calico/csi:v3.30.0"), None),
            (one("kube-multus", "ghcr.io/k8snetworkplumbingwg/multus-cni:snapshot"), None),
            (one("weave", "weaveworks/weave-kube:2.8.1"), Some("weave")),
            (one("kindnet-cni", "docker.io/kindest/kindnetd:v20240202"), Some("kindnet")),
            (one("antrea-agent", "antrea/antrea-agent-ubuntu:v2.0.0"), Some("antrea")),
            (one("kube-router", "docker.io/cloudnativelabs/kube-router"), Some("kube-router")),
        ];
        for (containers, wanted) in cases {
            assert_eq!(name(containers.clone()), wanted, "{containers}");
        }
    }

    #[test]
    fn antrea_says_whether_it_proxies_all() {
        assert!(proxies_all("antreaProxy:\n  enable: true\n  proxyAll: true\n"));
        assert!(!proxies_all("antreaProxy:\n#  proxyAll: true\n  proxyAll: false\n"));
        assert!(!proxies_all("featureGates:\n"));
    }
}
