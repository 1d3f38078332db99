//! A worker that no plan tells of, as it was found: how its kubelet is started, and as whom it talks to the API.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::remote::Remote;
use super::yaml_weight::is_bearable;

/// The flags of a kubelet or a kube-proxy that say where its files are, what it is called and what of its machine it minds; of
/// others nothing is kept.
pub const FLAGS: [&str; 26] = [
    "api-servers",
    "bootstrap-kubeconfig",
    "cert-dir",
    "cgroup-driver",
    "client-ca-file",
    "cluster-dns",
    "cluster-domain",
    "config",
    "config-dir",
    "container-runtime",
    "container-runtime-endpoint",
    "fail-swap-on",
    "healthz-port",
    "hostname-override",
    "image-service-endpoint",
    "kubeconfig",
    "master",
    "node-ip",
    "pod-manifest-path",
    "require-kubeconfig",
    "resolv-conf",
    "rotate-certificates",
    "root-dir",
    "tls-cert-file",
    "tls-private-key-file",
    "v",
];

/// How a kubelet is started, or a kube-proxy that is a unit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KubeletStart {
    /// Those of [`FLAGS`] that its unit gives it, without dashes, with what its variables hold; of one given twice the last
    /// counts. What the unit does not give is as its process has it.
    pub flags: BTreeMap<String, Remote<String>>,
    /// Of those the ones that its process was started with otherwise.
    pub otherwise: Vec<String>,
    /// The program that its unit starts, where that is not there.
    pub absent: Option<Remote<String>>,
    /// The same, where it is there and may not be executed.
    pub closed: Option<Remote<String>>,
    /// The same, where it does not run and says no version: the program, the status it ended with, and what it printed.
    pub mute: Option<(Remote<String>, u32, Remote<String>)>,
    /// Files of its environment, in the order of systemd, and whether each is there.
    pub env_files: Vec<(Remote<String>, bool)>,
}

impl KubeletStart {
    /// A flag's value, when it is given and not empty.
    pub fn flag(&self, name: &str) -> Option<&str> {
        self.flags.get(name).map(Remote::untrusted).filter(|value| !value.is_empty())
    }
}

/// As whom a kubelet or a kube-proxy talks to the API: what its kubeconfig names, and what the API answers to it. Of a private key
/// there is the hash of its public half alone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NodeIdentity {
    /// Mode of the kubeconfig, octal.
    pub mode: String,
    /// The URL of the API server.
    pub server: Remote<String>,
    /// The CA it trusts, PEM; empty = none could be read.
    pub ca: String,
    /// The certificate it shows and what follows it, PEM; empty = none could be read.
    pub cert: String,
    /// The files that it names, by the names of a kubeconfig: `client-certificate` and so on; what is embedded is in none.
    pub files: BTreeMap<String, Remote<String>>,
    /// Those that are embedded, by the same names.
    pub embeds: Vec<String>,
    /// Those of the files that are not there, or cannot be read.
    pub gone: Vec<String>,
    /// Mode of the file that the key is in, octal.
    pub key_mode: String,
    /// Number of the group of that file; `None` = it was not told.
    #[serde(default)]
    pub key_group: Option<u32>,
    /// Number of the owner of that file; `None` = it was not told.
    #[serde(default)]
    pub key_owner: Option<u32>,
    /// SHA-256 of the DER SubjectPublicKeyInfo of its key, hex; `None` = no key that openssl can read.
    pub key_spki: Option<String>,
    /// It has a token.
    pub token: bool,
    /// The worker's clock when it asked, milliseconds since 1970.
    pub asked_ms: Option<i64>,
    /// What the API answered when it was asked for the node.
    pub node: ApiAnswer,
    /// The same for its Lease.
    pub lease: ApiAnswer,
    /// The same for the node's pods; of a kube-proxy, which has no node here, for one service of the cluster.
    #[serde(default)]
    pub more: ApiAnswer,
}

impl NodeIdentity {
    /// Whether its kubeconfig has this at all, in a file or within.
    pub fn has(&self, what: &str) -> bool {
        self.files.contains_key(what) || self.embeds.iter().any(|one| one == what)
    }
}

/// What an API server answered to a question that was asked on a worker.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ApiAnswer {
    /// Status of HTTP; `None` = there was none.
    pub status: Option<u16>,
    /// The body; without a status, why there is none.
    pub body: Remote<String>,
}

/// A kubelet's configuration file, YAML or JSON; `None` = it is no mapping, or holds more than one needs.
pub fn config_tree(text: &str) -> Option<serde_json::Value> {
    let tree: serde_json::Value = is_bearable(text).then(|| serde_yaml::from_str(text).ok())??;
    tree.is_object().then_some(tree)
}
