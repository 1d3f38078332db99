//! The plan: what the operator decided, complete, checked and immutable. It is made by `check::finish`
//! from [`Answers`](super::answers::Answers) and holds no secret and nothing learnt from a machine.

use std::fmt;
use std::net::IpAddr;
use std::path::{Component, Path, PathBuf};

use ipnet::IpNet;

use super::kubelet_fields::KubeletFields;
use super::wishes::{CgroupV1, KubeProxyWish, PodNetworkWish, RuntimeWish, SwapPolicy};

/// A complete plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The cluster the workers join.
    pub cluster: Cluster,
    /// Where certificates are signed.
    pub ca: Ca,
    /// The workers, in the order of the file.
    pub workers: Vec<Worker>,
    /// Image names the manifests use; `None` leaves the profile's own.
    pub images: Images,
    /// The kubectl context on this computer; `None` when the operator wants none.
    pub kubectl: Option<Kubectl>,
    /// Cluster DNS.
    pub dns: Dns,
}

/// The cluster: one API address, one DNS domain, the ranges.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Names the session and the default context; a DNS label.
    pub name: String,
    /// The load balancer's or the only API server's address.
    pub api: ApiAddress,
    /// `cluster.local` unless said otherwise; no trailing dot.
    pub domain: String,
    /// `--service-cluster-ip-range` of the API server.
    pub service_range: IpNet,
    /// Address of the DNS service, inside `service_range`; the kubelet's `--cluster-dns`.
    pub dns: IpAddr,
    /// Pod addresses (`--cluster-cidr` of kube-proxy), when known.
    pub pod_range: Option<IpNet>,
    /// `None` = take it from the machines (`auto`).
    pub kubernetes: Option<Version>,
    /// Which named differences from the post profile v1.2 applies.
    pub differences: Differences,
    /// Container runtime of the workers.
    pub runtime: RuntimeWish,
    /// How kube-proxy comes to a worker.
    pub kube_proxy: KubeProxyWish,
    /// What happens to a worker that has cgroup v1 only.
    pub cgroup_v1: CgroupV1,
    /// What happens to a worker that has swap on.
    pub swap: SwapPolicy,
    /// What gangplank writes for the pod network.
    pub pod_network: PodNetworkWish,
}

/// `https://host:port`, port 443 when left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiAddress {
    /// Name or IP address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl ApiAddress {
    /// The address as an URL; port 443 is not written.
    pub fn url(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == 443 { format!("https://{host}") } else { format!("https://{host}:{}", self.port) }
    }
}

/// A Kubernetes version, `1.20.2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The 1 of 1.20.2.
    pub major: u16,
    /// The 20 of 1.20.2.
    pub minor: u16,
    /// The 2 of 1.20.2.
    pub patch: u16,
}

impl Version {
    /// Reads `v1.20.2`, `1.20`, `Kubernetes v1.2.2` and `v1.18.3-gke.1+abc`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches("Kubernetes").trim().trim_start_matches('v');
        let mut parts = text.split('.').map(|part| {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<u16>().ok()
        });
        let (major, minor) = (parts.next()??, parts.next()??);
        let patch = parts.next().flatten().unwrap_or(0);
        Some(Self { major, minor, patch })
    }

    /// Major and minor, `v1.20`.
    pub fn without_patch(self) -> String {
        format!("v{}.{}", self.major, self.minor)
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "v{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Which of profile v1.2's named differences are on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Differences {
    /// `true` = repaired (all on), `false` = faithful (only those the work cannot do without).
    pub repaired: bool,
    /// Single ones switched on or off by id.
    pub set: std::collections::BTreeMap<String, bool>,
}

/// Where the CA is.
#[derive(Debug, Clone, PartialEq)]
pub struct Ca {
    /// The place.
    pub place: CaPlace,
    /// Life of a certificate in days; never past the CA's own end.
    pub days: u32,
}

/// The place of the CA's key.
#[derive(Debug, Clone, PartialEq)]
pub enum CaPlace {
    /// Both files on this computer.
    Files {
        /// PEM or DER certificate.
        cert: PathBuf,
        /// Key file.
        key: PathBuf,
    },
    /// On an SSH host; signing happens there.
    Host {
        /// How to log in.
        login: Login,
        /// Certificate file on that host, absolute.
        cert: String,
        /// Key file on that host, absolute.
        key: String,
    },
    /// Made here when the files do not exist yet.
    New {
        /// Certificate file to make.
        cert: PathBuf,
        /// Key file to make.
        key: PathBuf,
    },
    /// Its key is on a machine that nothing reaches: requests are carried there and certificates back.
    Offline {
        /// PEM or DER certificate on this computer.
        cert: PathBuf,
    },
}

/// How a host is reached over SSH, as the operator wrote it; `ssh_config` fills the rest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Login {
    /// Host name, address or `ssh_config` alias.
    pub host: String,
    /// Port, when stated.
    pub port: Option<u16>,
    /// User, when stated.
    pub user: Option<String>,
    /// Key file, when stated.
    pub key: Option<PathBuf>,
    /// Jump hosts `user@host:port`, outermost first, when stated.
    pub jump: Vec<String>,
    /// `SHA256:...` fingerprint the host must show, when stated.
    pub host_key: Option<String>,
}

/// As one types it: `root@10.0.0.1:2222`, without what is not stated and without the usual port.
impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        match self.port {
            // The colons of an address must not run into that of the port.
            Some(port) if port != 22 && self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            Some(port) if port != 22 => write!(f, "{}:{port}", self.host),
            Some(_) | None => f.write_str(&self.host),
        }
    }
}

/// One worker.
#[derive(Debug, Clone, PartialEq)]
pub struct Worker {
    /// Node name: a lower-case DNS name.
    pub name: String,
    /// The node's IP address; goes into the SAN.
    pub address: IpAddr,
    /// SSH login.
    pub ssh: Login,
    /// Image tars to load when an image is missing.
    pub images: Vec<ImageTar>,
    /// A kubelet binary to copy when the worker has none.
    pub kubelet: Option<KubeletFile>,
    /// A folder on this computer with programs to copy; `kubelet` wins over the one in it.
    pub binaries: Option<PathBuf>,
    /// Further kubelet arguments, each `--flag=value`.
    pub kubelet_args: Vec<String>,
    /// Fields of the kubelet's configuration: the worker's own laid over those of the defaults.
    pub kubelet_config: KubeletFields,
    /// Further kube-proxy arguments.
    pub proxy_args: Vec<String>,
    /// The operator said that files gangplank did not write may be replaced on this host.
    pub replace: bool,
}

/// Where an image tar is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageTar {
    /// On this computer; it is uploaded.
    Local(PathBuf),
    /// Already on the worker.
    Host(String),
}

/// A kubelet binary on this computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeletFile {
    /// The file.
    pub file: PathBuf,
    /// Its SHA-256, lower-case hex; the copy is refused when it differs.
    pub sha256: String,
}

/// Image names, each overriding the profile's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Images {
    /// kube-proxy (v1.2: hyperkube).
    pub kube_proxy: Option<String>,
    /// The pod's infrastructure container.
    pub pause: Option<String>,
    /// DNS v11: etcd.
    pub etcd: Option<String>,
    /// DNS v11: kube2sky.
    pub kube2sky: Option<String>,
    /// DNS v11: SkyDNS.
    pub skydns: Option<String>,
    /// DNS v11: exechealthz.
    pub healthz: Option<String>,
    /// CoreDNS: its only container.
    pub coredns: Option<String>,
}

/// The kubectl context to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kubectl {
    /// Context name.
    pub context: String,
    /// Cluster entry name.
    pub cluster: String,
    /// User entry name.
    pub user: String,
    /// File to write; `None` = `~/.kube/config` when it does not exist yet, else `~/.kube/<cluster>.yaml`.
    pub file: Option<PathBuf>,
    /// Merge into the existing kubeconfig through `kubectl config`.
    pub merge: bool,
    /// Somebody saw that the file is outside `~/.kube` and agreed; a plan cannot say so itself.
    pub outside_agreed: bool,
}

impl Kubectl {
    /// The file the plan names, when it is not below `~/.kube`: a colleague's plan could name a file that a shell
    /// or another program reads.
    pub fn outside(&self, home: &Path) -> Option<&Path> {
        let file = self.file.as_deref()?;
        let inside = file.strip_prefix(home.join(".kube")).is_ok_and(|rest| {
            rest.components().count() > 0
                && rest.components().all(|part| matches!(part, Component::Normal(_)))
        });
        (!inside).then_some(file)
    }
}

/// Cluster DNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dns {
    /// What to deploy; `None` = what the version's profile has.
    pub deploy: Option<DnsKind>,
    /// How many pods of it.
    pub replicas: u32,
}

/// Which DNS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DnsKind {
    /// The post's ReplicationController `kube-dns-v11` (SkyDNS, kube2sky, etcd, healthz).
    KubeDnsV11,
    /// CoreDNS as of Kubernetes 1.20.
    CoreDns,
    /// Nothing is deployed; what answers already is proven.
    None,
}
