//! The fields of the forms: what each is called, which key of the plan it is, what it stands for when it is left empty.
//! All screens, the plain mode and the tests read and write answers through this one list.

use crate::plan::fields_text;
use crate::plan::plan_field::PlanField;
use crate::plan::range::Refusal;

/// A field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// Where the CA is.
    CaPlace,
    /// `user@host:port/folder` of the CA's host.
    CaHost,
    /// Path of the CA's certificate.
    CaCert,
    /// Path of the CA's key.
    CaKey,
    /// SSH key for the CA's host.
    CaSshKey,
    /// Jump hosts on the way to the CA's host.
    CaJump,
    /// Fingerprint the CA host's key must have.
    CaHostKey,
    /// Life of certificates.
    Days,
    /// Name of the cluster.
    Cluster,
    /// API address.
    Api,
    /// Service range.
    ServiceRange,
    /// DNS address.
    Dns,
    /// DNS domain.
    Domain,
    /// Pod range.
    PodRange,
    /// The version of Kubernetes on the workers.
    Kubernetes,
    /// Differences from the post.
    Differences,
    /// Container runtime of the workers.
    Runtime,
    /// How kube-proxy comes to a worker.
    KubeProxy,
    /// Whether a worker may have cgroup v1 only.
    CgroupV1,
    /// Whether a worker may have swap on.
    Swap,
    /// What is written for the pod network.
    PodNetwork,
    /// A worker's name.
    Name,
    /// Its address.
    Address,
    /// Its login user.
    User,
    /// Its SSH port.
    Port,
    /// Its SSH host, where that is not the address.
    Host,
    /// Its SSH key.
    SshKey,
    /// Jump hosts.
    Jump,
    /// Fingerprint its host key must have.
    HostKey,
    /// Image tars.
    Images,
    /// A kubelet to copy.
    Kubelet,
    /// Its SHA-256.
    KubeletHash,
    /// A folder with programs to copy.
    Binaries,
    /// Further arguments of its kubelet.
    KubeletArgs,
    /// Fields of its kubelet's configuration.
    KubeletConfig,
    /// Further arguments of its kube-proxy.
    ProxyArgs,
    /// Files of others may be replaced.
    Replace,
    /// Whether and where a context is written.
    Kubectl,
    /// Context name.
    Context,
    /// Cluster entry.
    ContextCluster,
    /// User entry.
    ContextUser,
    /// Kubeconfig file.
    ContextFile,
    /// Which DNS.
    Deploy,
    /// How many DNS pods.
    Replicas,
}

/// A value of a choice: what is written into the plan and how it reads.
pub type Choice = (&'static str, &'static str);

const CA_PLACES: &[Choice] = &[
    ("files", "files here"),
    ("ssh", "another host, by SSH"),
    ("new", "make a new one"),
    ("offline", "offline"),
];
const DIFFERENCES: &[Choice] = &[("repaired", "repaired"), ("faithful", "faithful to the post")];
const RUNTIMES: &[Choice] =
    &[("auto", "auto: as the version has it"), ("docker", "Docker"), ("containerd", "containerd")];
const KUBE_PROXY: &[Choice] =
    &[("auto", "auto: a static pod"), ("static-pod", "a static pod"), ("none", "none")];
const CGROUP_V1: &[Choice] = &[("refuse", "refuse such a worker"), ("allow", "allow it")];
const SWAP: &[Choice] = &[("refuse", "refuse such a worker"), ("no-swap", "kept, but not for pods")];
const POD_NETWORK: &[Choice] = &[("none", "none: others bring it")];
const YES_NO: &[Choice] = &[("no", "no"), ("yes", "yes")];
const KUBECTL: &[Choice] =
    &[("file", "a file of its own"), ("merge", "merge into the existing kubeconfig"), ("none", "no context")];
/// A choice that is left to the version.
pub const AUTO: &str = "auto";
const DEPLOY: &[Choice] = &[
    (AUTO, "auto: as the version has it"),
    ("kube-dns-v11", "SkyDNS: kube-dns v11, as in the post"),
    ("coredns", "CoreDNS"),
    ("none", "none: prove what answers already"),
];

impl Field {
    /// The field for a key of the plan that a problem asks to change.
    pub fn of(field: PlanField) -> Self {
        match field {
            PlanField::ClusterName => Self::Cluster,
            PlanField::Api => Self::Api,
            PlanField::Domain => Self::Domain,
            PlanField::ServiceRange => Self::ServiceRange,
            PlanField::DnsAddress => Self::Dns,
            PlanField::PodRange => Self::PodRange,
            PlanField::Kubernetes => Self::Kubernetes,
            PlanField::Differences => Self::Differences,
            PlanField::Runtime => Self::Runtime,
            PlanField::KubeProxy => Self::KubeProxy,
            PlanField::CgroupV1 => Self::CgroupV1,
            PlanField::Swap => Self::Swap,
            PlanField::PodNetwork => Self::PodNetwork,
            PlanField::CaPlace => Self::CaPlace,
            PlanField::CaCert => Self::CaCert,
            PlanField::CaKey => Self::CaKey,
            PlanField::CaDays => Self::Days,
            PlanField::CaSshKey => Self::CaSshKey,
            PlanField::CaSshJump => Self::CaJump,
            PlanField::CaSshHostKey => Self::CaHostKey,
            PlanField::WorkerName => Self::Name,
            PlanField::WorkerAddress => Self::Address,
            PlanField::SshHost => Self::Host,
            PlanField::SshPort => Self::Port,
            PlanField::SshUser => Self::User,
            PlanField::SshKey => Self::SshKey,
            PlanField::SshJump => Self::Jump,
            PlanField::SshHostKey => Self::HostKey,
            PlanField::ImageTars => Self::Images,
            PlanField::KubeletFile => Self::Kubelet,
            PlanField::KubeletSha256 => Self::KubeletHash,
            PlanField::Binaries => Self::Binaries,
            PlanField::KubeletArgs => Self::KubeletArgs,
            PlanField::KubeletConfig => Self::KubeletConfig,
            PlanField::ProxyArgs => Self::ProxyArgs,
            PlanField::Replace => Self::Replace,
            PlanField::KubectlContext => Self::Context,
            PlanField::KubectlCluster => Self::ContextCluster,
            PlanField::KubectlUser => Self::ContextUser,
            PlanField::KubectlFile => Self::ContextFile,
            PlanField::KubectlMerge => Self::Kubectl,
            PlanField::DnsDeploy => Self::Deploy,
            PlanField::DnsReplicas => Self::Replicas,
        }
    }

    /// What it is called on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::CaPlace => "Where is the CA",
            Self::CaHost => "Login and folder",
            Self::CaCert => "Certificate",
            Self::CaKey => "Key",
            Self::CaSshKey | Self::SshKey => "SSH key file",
            Self::Days => "Valid for days",
            Self::Cluster => "Cluster name",
            Self::Api => "API address",
            Self::ServiceRange => "Service range",
            Self::Dns => "DNS address",
            Self::Domain => "DNS domain",
            Self::PodRange => "Pod range",
            Self::Kubernetes => "Version",
            Self::Differences => "Against the post",
            Self::Runtime => "Container runtime",
            Self::KubeProxy => "kube-proxy",
            Self::CgroupV1 => "cgroup v1",
            Self::Swap => "Swap",
            Self::PodNetwork => "Pod network",
            Self::Name => "Name",
            Self::Address => "Address",
            Self::User => "SSH user",
            Self::Port => "SSH port",
            Self::Host => "SSH host",
            Self::CaJump | Self::Jump => "Jump hosts",
            Self::CaHostKey | Self::HostKey => "Host key",
            Self::Images => "Image tars",
            Self::Kubelet => "Kubelet to copy",
            Self::KubeletHash => "Its SHA-256",
            Self::Binaries => "Binaries",
            Self::KubeletArgs => "Kubelet flags",
            Self::KubeletConfig => "Kubelet config",
            Self::ProxyArgs => "Proxy flags",
            Self::Replace => "Replace files",
            Self::Kubectl => "Write",
            Self::Context => "Context name",
            Self::ContextCluster => "Cluster entry",
            Self::ContextUser => "User entry",
            Self::ContextFile => "Kubeconfig",
            Self::Deploy => "Cluster DNS",
            Self::Replicas => "Pods",
        }
    }

    /// What an empty field means, or an example.
    pub fn hint(self) -> &'static str {
        match self {
            Self::CaPlace
            | Self::Differences
            | Self::Runtime
            | Self::KubeProxy
            | Self::CgroupV1
            | Self::Swap
            | Self::PodNetwork
            | Self::Replace
            | Self::Kubectl
            | Self::Deploy => "",
            Self::CaHost => "root@root-ca-host/root",
            Self::CaCert => "ca.crt",
            Self::CaKey => "ca.key",
            Self::CaSshKey | Self::SshKey => "the agent and ssh_config decide",
            Self::Days => "365",
            Self::Cluster => "default-cluster",
            Self::Api => "https://loadbalancer.example.com",
            Self::ServiceRange => "10.3.0.0/24, as the API server has it",
            Self::Dns => "10.3.0.2: in the range, not its first",
            Self::Domain => "cluster.local",
            Self::PodRange => "not stated",
            Self::Kubernetes => "auto: the machines are asked",
            Self::Name => "worker1",
            Self::Address => "192.168.2.1",
            Self::User => "root",
            Self::Port => "22",
            Self::Host => "the address",
            Self::CaJump | Self::Jump => "none",
            Self::KubeletArgs | Self::ProxyArgs => "--v=2, blanks between several",
            Self::Binaries => "none: they are there already",
            Self::KubeletConfig => "maxPods=50, systemReserved.memory=1Gi",
            Self::CaHostKey | Self::HostKey => "known_hosts decides",
            Self::Images => "here:images.tar or host:/path, commas between",
            Self::Kubelet => "none: it is there already",
            Self::KubeletHash => "64 hex digits",
            Self::Context | Self::ContextCluster => "the cluster's name",
            Self::ContextUser => "the cluster's name and -admin",
            Self::ContextFile => "chosen so that nothing is overwritten",
            Self::Replicas => "1",
        }
    }

    /// What it is for, in one line.
    pub fn help(self) -> &'static str {
        match self {
            Self::CaPlace => "who signs: the CA's key is used where it lies and goes nowhere else",
            Self::CaHost => "the host that has the CA, and the folder there",
            Self::CaCert => "the CA's certificate; every worker gets a copy",
            Self::CaKey => "the CA's private key; it is only used to sign",
            Self::CaSshKey | Self::SshKey => "the private key file for the SSH login",
            Self::CaJump | Self::Jump => "hosts to go through, commas between",
            Self::CaHostKey | Self::HostKey => "the fingerprint this host must show",
            Self::Days => "so long the new certificates are good",
            Self::Cluster => "what this cluster is called here: session, context and files go by it",
            Self::Api => "how workers reach the masters: the load balancer, or the only API server",
            Self::ServiceRange => "as --service-cluster-ip-range of the API server says it",
            Self::Dns => "the address of cluster DNS: a free one of the service range",
            Self::Domain => "names of services end with it",
            Self::PodRange => "where pods get their addresses; only checked against the others",
            Self::Kubernetes => "which files are written follows from it; the machines are asked",
            Self::Differences => {
                "1.2 only: repaired mends what the post gets wrong, faithful does as it says"
            }
            Self::Runtime => "what runs the containers of the workers",
            Self::KubeProxy => "who carries service addresses to pods; none: something else does",
            Self::CgroupV1 => "a worker without cgroup v2: its kubelet must be told to put up with it",
            Self::Swap => "a worker that has swap on: refused, or its pods get none of it",
            Self::PodNetwork => "what is written so that pods reach each other",
            Self::Name => "the node's name in the cluster; nothing else may have it",
            Self::Address => "the IP address other machines reach it by",
            Self::User => "who logs in: root, or somebody whose sudo may run sh",
            Self::Port => "the port of its SSH server",
            Self::Host => "what ssh dials, where that is another name or address",
            Self::Images => "tars of images to load, for a worker that pulls nothing",
            Self::Kubelet => "a kubelet to copy to the worker, when it has none",
            Self::KubeletHash => "what the kubelet's SHA-256 must be",
            Self::Binaries => "a folder here: kubelet, containerd, runc, CNI plugins in it are put in place",
            Self::KubeletArgs => "more flags for its kubelet",
            Self::KubeletConfig => "fields of its kubelet's configuration, commas between",
            Self::ProxyArgs => "more flags for its kube-proxy",
            Self::Replace => "yes: files others made there may be replaced, after you typed its name",
            Self::Kubectl => "how kubectl here reaches the cluster",
            Self::Context => "kubectl --context NAME",
            Self::ContextCluster => "the name of the entry with the API's address",
            Self::ContextUser => "the name of the entry with your certificate",
            Self::ContextFile => "the file that is written",
            Self::Deploy => "what answers names in the cluster",
            Self::Replicas => "how many DNS pods run",
        }
    }

    /// Its hint is an example; any other says what an empty field means.
    pub fn hint_is_example(self) -> bool {
        matches!(
            self,
            Self::CaHost
                | Self::CaCert
                | Self::CaKey
                | Self::Api
                | Self::ServiceRange
                | Self::Dns
                | Self::Name
                | Self::Address
                | Self::Images
                | Self::KubeletHash
                | Self::KubeletArgs
                | Self::KubeletConfig
                | Self::ProxyArgs
        )
    }

    /// The values, when it is a choice.
    pub fn choices(self) -> Option<&'static [Choice]> {
        match self {
            Self::CaPlace => Some(CA_PLACES),
            Self::Differences => Some(DIFFERENCES),
            Self::Runtime => Some(RUNTIMES),
            Self::KubeProxy => Some(KUBE_PROXY),
            Self::CgroupV1 => Some(CGROUP_V1),
            Self::Swap => Some(SWAP),
            Self::PodNetwork => Some(POD_NETWORK),
            Self::Replace => Some(YES_NO),
            Self::Kubectl => Some(KUBECTL),
            Self::Deploy => Some(DEPLOY),
            _ => None,
        }
    }

    /// Each worker has one.
    pub fn is_of_worker(self) -> bool {
        self.path(0) != self.path(1)
    }

    /// What is wrong with a text that cannot be read as what the field wants, and what to write; `None` = it can be,
    /// or there is none.
    pub fn unreadable(self, text: &str) -> Option<Refusal> {
        let text = text.trim();
        match self {
            Self::Days | Self::Port | Self::Replicas if !text.is_empty() && text.parse::<u32>().is_err() => {
                let cure = "write digits only, or leave it empty".to_owned();
                Some((format!("{text:?} is not a whole number"), cure))
            }
            Self::KubeletConfig => fields_text::read(text).err(),
            _ => None,
        }
    }

    /// Where remarks name it.
    pub fn path(self, row: usize) -> String {
        let worker = |rest: &str| format!("workers[{row}].{rest}");
        match self {
            Self::CaPlace | Self::CaHost => "ca.where".to_owned(),
            Self::CaCert => "ca.cert".to_owned(),
            Self::CaKey => "ca.key".to_owned(),
            Self::CaSshKey => "ca.ssh.key".to_owned(),
            Self::CaJump => "ca.ssh.jump".to_owned(),
            Self::CaHostKey => "ca.ssh.host_key".to_owned(),
            Self::Days => "ca.days".to_owned(),
            Self::Cluster => "cluster.name".to_owned(),
            Self::Api => "cluster.api".to_owned(),
            Self::ServiceRange => "cluster.service_range".to_owned(),
            Self::Dns => "cluster.dns".to_owned(),
            Self::Domain => "cluster.domain".to_owned(),
            Self::PodRange => "cluster.pod_range".to_owned(),
            Self::Kubernetes => "cluster.kubernetes".to_owned(),
            Self::Differences => "cluster.differences".to_owned(),
            Self::Runtime => "cluster.runtime".to_owned(),
            Self::KubeProxy => "cluster.kube_proxy".to_owned(),
            Self::CgroupV1 => "cluster.cgroup_v1".to_owned(),
            Self::Swap => "cluster.swap".to_owned(),
            Self::PodNetwork => "cluster.pod_network".to_owned(),
            Self::Name => worker("name"),
            Self::Address => worker("address"),
            Self::User => worker("ssh.user"),
            Self::Port => worker("ssh.port"),
            Self::Host => worker("ssh.host"),
            Self::SshKey => worker("ssh.key"),
            Self::Jump => worker("ssh.jump"),
            Self::HostKey => worker("ssh.host_key"),
            Self::Images => worker("images"),
            Self::Kubelet => worker("kubelet.file"),
            Self::KubeletHash => worker("kubelet.sha256"),
            Self::Binaries => worker("binaries"),
            Self::KubeletArgs => worker("kubelet_args"),
            Self::KubeletConfig => worker("kubelet_config"),
            Self::ProxyArgs => worker("proxy_args"),
            Self::Replace => worker("replace"),
            Self::Kubectl => "kubectl".to_owned(),
            Self::Context => "kubectl.context".to_owned(),
            Self::ContextCluster => "kubectl.cluster".to_owned(),
            Self::ContextUser => "kubectl.user".to_owned(),
            Self::ContextFile => "kubectl.file".to_owned(),
            Self::Deploy => "dns.deploy".to_owned(),
            Self::Replicas => "dns.replicas".to_owned(),
        }
    }
}
