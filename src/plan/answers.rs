//! The answers: what was typed so far, in the file or on the screens. Everything may be missing and
//! nothing is believed yet; `check` says what is wrong and `finish` makes a plan of it. The YAML form is
//! the plan file. There is no field for a secret.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::kubelet_fields::KubeletFields;

/// The commented example plan file: the cluster of the blog post.
pub const EXAMPLE: &str = include_str!("../../assets/plan.example.yaml");

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// All answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answers {
    /// The cluster the workers join.
    #[serde(skip_serializing_if = "is_default")]
    pub cluster: ClusterAnswers,
    /// Where certificates are signed.
    #[serde(skip_serializing_if = "is_default")]
    pub ca: CaAnswers,
    /// The worker entries; one entry with a range stands for several workers.
    #[serde(skip_serializing_if = "is_default")]
    pub workers: Vec<WorkerAnswers>,
    /// What every worker inherits unless its entry says otherwise.
    #[serde(skip_serializing_if = "is_default")]
    pub defaults: Defaults,
    /// Image names.
    #[serde(skip_serializing_if = "is_default")]
    pub images: ImageAnswers,
    /// The kubectl context.
    #[serde(skip_serializing_if = "is_default")]
    pub kubectl: KubectlAnswers,
    /// Cluster DNS.
    #[serde(skip_serializing_if = "is_default")]
    pub dns: DnsAnswers,
}

/// Answers about the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterAnswers {
    /// Name of the cluster.
    #[serde(skip_serializing_if = "is_default")]
    pub name: Option<String>,
    /// The API's address, `https://loadbalancer:port`.
    #[serde(skip_serializing_if = "is_default")]
    pub api: Option<String>,
    /// DNS domain; `cluster.local` when left out.
    #[serde(skip_serializing_if = "is_default")]
    pub domain: Option<String>,
    /// Range of service addresses.
    #[serde(skip_serializing_if = "is_default")]
    pub service_range: Option<String>,
    /// Address of the DNS service.
    #[serde(skip_serializing_if = "is_default")]
    pub dns: Option<String>,
    /// Range of pod addresses.
    #[serde(skip_serializing_if = "is_default")]
    pub pod_range: Option<String>,
    /// `auto` (also when left out) or a version.
    #[serde(skip_serializing_if = "is_default")]
    pub kubernetes: Option<String>,
    /// Which named differences from the post are on; `repaired` when left out.
    #[serde(skip_serializing_if = "is_default")]
    pub differences: Option<DifferenceAnswers>,
    /// Container runtime of the workers: see `RuntimeWish`.
    #[serde(skip_serializing_if = "is_default")]
    pub runtime: Option<String>,
    /// How kube-proxy comes to a worker: `auto` (also when left out), `static-pod` or `none`.
    #[serde(skip_serializing_if = "is_default")]
    pub kube_proxy: Option<String>,
    /// A worker that has cgroup v1 only: `refuse` (also when left out) or `allow`.
    #[serde(skip_serializing_if = "is_default")]
    pub cgroup_v1: Option<String>,
    /// A worker that has swap on: `refuse` (also when left out) or `no-swap`.
    #[serde(skip_serializing_if = "is_default")]
    pub swap: Option<String>,
    /// What gangplank writes for the pod network: `none`, also when left out.
    #[serde(skip_serializing_if = "is_default")]
    pub pod_network: Option<String>,
}

/// Which named differences from the post are on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum DifferenceAnswers {
    /// `repaired` or `faithful`.
    All(String),
    /// Single ones on top of a base.
    Each {
        /// `repaired` (also when left out) or `faithful`.
        #[serde(default, skip_serializing_if = "is_default")]
        base: Option<String>,
        /// Switched on or off by id.
        #[serde(flatten)]
        set: BTreeMap<String, bool>,
    },
}

/// Answers about the CA.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CaAnswers {
    /// `files`, `new`, `offline` or `ssh://user@host:port/dir`.
    #[serde(rename = "where", skip_serializing_if = "is_default")]
    pub place: Option<String>,
    /// Certificate file: a path here, or a name inside the SSH directory.
    #[serde(skip_serializing_if = "is_default")]
    pub cert: Option<String>,
    /// Key file: a path here, or a name inside the SSH directory.
    #[serde(skip_serializing_if = "is_default")]
    pub key: Option<String>,
    /// Life of a certificate; 365 when left out.
    #[serde(skip_serializing_if = "is_default")]
    pub days: Option<u32>,
    /// The rest of the login to the CA's host.
    #[serde(skip_serializing_if = "is_default")]
    pub ssh: CaLogin,
}

/// The part of the CA host's login that `ssh://` has no room for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CaLogin {
    /// Key file here.
    #[serde(skip_serializing_if = "is_default")]
    pub key: Option<String>,
    /// Jump hosts, outermost first.
    #[serde(skip_serializing_if = "is_default")]
    pub jump: Option<Vec<String>>,
    /// `SHA256:...` fingerprint of the host's key.
    #[serde(skip_serializing_if = "is_default")]
    pub host_key: Option<String>,
}

/// Answers about an SSH login.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoginAnswers {
    /// Name, address or alias; the worker's address when left out.
    #[serde(skip_serializing_if = "is_default")]
    pub host: Option<String>,
    /// TCP port of sshd; ssh_config or 22 when left out.
    #[serde(skip_serializing_if = "is_default")]
    pub port: Option<u32>,
    /// Login user; ssh_config or the operator's name when left out.
    #[serde(skip_serializing_if = "is_default")]
    pub user: Option<String>,
    /// Key file here.
    #[serde(skip_serializing_if = "is_default")]
    pub key: Option<String>,
    /// Jump hosts `user@host:port`, outermost first.
    #[serde(skip_serializing_if = "is_default")]
    pub jump: Option<Vec<String>>,
    /// `SHA256:...` fingerprint of the host's key.
    #[serde(skip_serializing_if = "is_default")]
    pub host_key: Option<String>,
}

/// Answers about a kubelet binary to copy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KubeletAnswers {
    /// The file here.
    #[serde(skip_serializing_if = "is_default")]
    pub file: Option<String>,
    /// Its SHA-256 in hex.
    #[serde(skip_serializing_if = "is_default")]
    pub sha256: Option<String>,
}

/// Answers about one worker, or several when name or address has a range.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkerAnswers {
    /// Node name, `worker[01-03]`. A plain name with a range of addresses gives `name-1`, `name-2`, ...
    #[serde(skip_serializing_if = "is_default")]
    pub name: Option<String>,
    /// IP address, `192.168.2.[1-3]`.
    #[serde(skip_serializing_if = "is_default")]
    pub address: Option<String>,
    /// Login; its host may have a range too.
    #[serde(skip_serializing_if = "is_default")]
    pub ssh: LoginAnswers,
    /// Image tars, `here:file` or `host:/file`; an empty list takes none of the defaults.
    #[serde(skip_serializing_if = "is_default")]
    pub images: Option<Vec<String>>,
    /// A kubelet binary to copy.
    #[serde(skip_serializing_if = "is_default")]
    pub kubelet: KubeletAnswers,
    /// A folder here with programs to copy; `kubelet` wins over the one in it.
    #[serde(skip_serializing_if = "is_default")]
    pub binaries: Option<String>,
    /// Further kubelet arguments.
    #[serde(skip_serializing_if = "is_default")]
    pub kubelet_args: Option<Vec<String>>,
    /// Fields of the kubelet's configuration, laid over those of the defaults one by one.
    #[serde(skip_serializing_if = "is_default")]
    pub kubelet_config: Option<KubeletFields>,
    /// Further kube-proxy arguments.
    #[serde(skip_serializing_if = "is_default")]
    pub proxy_args: Option<Vec<String>>,
    /// Files that gangplank did not write may be replaced.
    #[serde(skip_serializing_if = "is_default")]
    pub replace: Option<bool>,
}

/// What every worker inherits: each key of the login and each field of the kubelet's configuration by itself, the
/// lists, the kubelet and the folder as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Defaults {
    /// Login; its host stays empty.
    #[serde(skip_serializing_if = "is_default")]
    pub ssh: LoginAnswers,
    /// Image tars.
    #[serde(skip_serializing_if = "is_default")]
    pub images: Option<Vec<String>>,
    /// A kubelet binary to copy.
    #[serde(skip_serializing_if = "is_default")]
    pub kubelet: KubeletAnswers,
    /// A folder here with programs to copy.
    #[serde(skip_serializing_if = "is_default")]
    pub binaries: Option<String>,
    /// Further kubelet arguments.
    #[serde(skip_serializing_if = "is_default")]
    pub kubelet_args: Option<Vec<String>>,
    /// Fields of the kubelet's configuration.
    #[serde(skip_serializing_if = "is_default")]
    pub kubelet_config: Option<KubeletFields>,
    /// Further kube-proxy arguments.
    #[serde(skip_serializing_if = "is_default")]
    pub proxy_args: Option<Vec<String>>,
}

/// Image names by their key in the plan file; see [`IMAGE_KEYS`].
pub type ImageAnswers = BTreeMap<String, String>;

/// The keys of `images`.
pub const IMAGE_KEYS: [&str; 7] = ["kube_proxy", "pause", "etcd", "kube2sky", "skydns", "healthz", "coredns"];

/// Answers about the kubectl context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum KubectlAnswers {
    /// `none`: no context is written.
    Word(String),
    /// A context.
    Context(ContextAnswers),
}

impl Default for KubectlAnswers {
    fn default() -> Self {
        Self::Context(ContextAnswers::default())
    }
}

/// Answers about the context to write.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContextAnswers {
    /// Context; the cluster's name when left out.
    #[serde(skip_serializing_if = "is_default")]
    pub context: Option<String>,
    /// Cluster entry; the cluster's name when left out.
    #[serde(skip_serializing_if = "is_default")]
    pub cluster: Option<String>,
    /// User entry; the cluster's name and `-admin` when left out.
    #[serde(skip_serializing_if = "is_default")]
    pub user: Option<String>,
    /// File to write.
    #[serde(skip_serializing_if = "is_default")]
    pub file: Option<String>,
    /// Merge into the existing kubeconfig; `false` when left out.
    #[serde(skip_serializing_if = "is_default")]
    pub merge: Option<bool>,
}

/// Answers about cluster DNS.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DnsAnswers {
    /// `kube-dns-v11`, `coredns` or `none`; left out, the version's profile has its own.
    #[serde(skip_serializing_if = "is_default")]
    pub deploy: Option<String>,
    /// Pods; 1 when left out.
    #[serde(skip_serializing_if = "is_default")]
    pub replicas: Option<u32>,
}
