//! What differs between the minors of Kubernetes, as a table: nowhere else is a minor compared with a number.
//!
//! Each row stands for something that a minor has and another has not: a field, a flag, a mode, an image, a way to
//! behave. Rows were read in the sources of each minor of [`READ`], once in its first release and once in a late one.

mod features;
mod images;
mod kubelet_fields;
mod kubelet_flags;
mod lookup;
mod proxy_flags;

use super::model::Version;
use super::runtime_fact::RuntimeKind;

pub use images::{COREDNS, PAUSE, REGISTRY};
pub use lookup::{flag, is_log_flag, kubelet_field, markdown, proxy_flag, proxy_mode, rows};

/// The minors of Kubernetes 1 in which something is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first minor; 0 = it began before what was read.
    from: u16,
    /// The first minor in which it is not so any more; `None` = it still is.
    until: Option<u16>,
}

impl Span {
    /// In all that was read.
    const ALWAYS: Self = Self::since(0);

    const fn since(from: u16) -> Self {
        Self { from, until: None }
    }

    const fn before(until: u16) -> Self {
        Self::between(0, until)
    }

    const fn between(from: u16, until: u16) -> Self {
        Self { from, until: Some(until) }
    }

    /// Whether it is so in this version.
    pub fn holds(self, version: Version) -> bool {
        let before = |until: u16| (version.major, version.minor) < (1, until);
        !before(self.from) && self.until.is_none_or(before)
    }

    /// The first version in which it is so.
    pub fn first(self) -> Version {
        of(self.from)
    }

    /// The first version in which it is not so any more; `None` = it still is.
    pub fn end(self) -> Option<Version> {
        self.until.map(of)
    }

    /// Where it changes: its first version, unless it began before what was read, and the first one without it.
    pub fn limits(self) -> impl Iterator<Item = Version> {
        Some(self.first()).filter(|_| self.from > 0).into_iter().chain(self.end())
    }

    /// One minor before, at and after each of its limits: where files that depend on it have to be looked at.
    pub fn around(self) -> impl Iterator<Item = Version> {
        self.limits().flat_map(|limit| (limit.minor.saturating_sub(1)..=limit.minor + 1).map(of))
    }
}

const fn of(minor: u16) -> Version {
    Version { major: 1, minor, patch: 0 }
}

/// The minor that a version belongs to, as people say it: 1.27.
pub fn name(version: Version) -> String {
    format!("{}.{}", version.major, version.minor)
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowKind {
    /// A field of KubeletConfiguration, its path with dots.
    KubeletField,
    /// A flag of the kubelet.
    KubeletFlag,
    /// A flag of kube-proxy.
    ProxyFlag,
    /// What kube-proxy takes as its mode on Linux.
    ProxyMode,
    /// The image that belongs to a minor.
    Image,
    /// A way to behave, a default or a right.
    Feature,
}

/// One difference between minors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinorRow {
    /// The field, the flag, the mode, the image, or what is so, in words.
    pub what: &'static str,
    /// Which of these it is.
    pub kind: RowKind,
    /// The minors in which it is so.
    pub span: Span,
    /// Where it was read: a file, below the root of Kubernetes or of the module that it begins with.
    pub source: &'static str,
}

/// The releases whose sources were read for the rows of fields, flags, modes and images, by minor. Whatever is asked of
/// an older one has no answer.
pub const READ: &[(u16, &str)] = &[
    (16, "1.16.15"),
    (17, "1.17.17"),
    (18, "1.18.20"),
    (19, "1.19.16"),
    (20, "1.20.15"),
    (21, "1.21.14"),
    (22, "1.22.17"),
    (23, "1.23.17"),
    (24, "1.24.0, 1.24.17"),
    (25, "1.25.0, 1.25.16"),
    (26, "1.26.0, 1.26.15"),
    (27, "1.27.0, 1.27.16"),
    (28, "1.28.0, 1.28.15"),
    (29, "1.29.0, 1.29.6"),
    (30, "1.30.0, 1.30.14"),
    (31, "1.31.0, 1.31.14"),
    (32, "1.32.0, 1.32.13"),
    (33, "1.33.0, 1.33.13"),
    (34, "1.34.0, 1.34.4"),
    (35, "1.35.0, 1.35.4"),
    (36, "1.36.0, 1.36.3"),
    (37, "1.37.0, 1.37.2"),
];

/// The oldest minor of which fields and flags are known.
const READ_FROM: Span = Span::since(16);
/// The oldest minor that is served with a runtime of CRI.
pub const OLDEST: Version = of(24);
/// The newest minor of the table.
pub const NEWEST: Version = of(37);

/// Whether a version is newer than the table: it is served as [`NEWEST`], and that is said.
pub fn is_newer(version: Version) -> bool {
    (version.major, version.minor) > (NEWEST.major, NEWEST.minor)
}

/// Each minor from [`OLDEST`] to [`NEWEST`].
pub fn current() -> impl Iterator<Item = Version> {
    (OLDEST.minor..=NEWEST.minor).map(of)
}

/// RBAC, and with it what a service account may do (release notes of 1.6).
pub const RBAC: Span = Span::since(6);
/// DaemonSets are of the group apps/v1 (release notes of 1.9).
pub const DAEMON_SETS_OF_APPS: Span = Span::since(9);
/// A question with `dryRun=All` is answered and nothing is made (beta, on by default; release notes of 1.13).
pub const DRY_RUN: Span = Span::since(13);
/// A pod is asked to leave by an eviction, which heeds disruption budgets (policy/v1beta1; release notes of 1.5).
pub const EVICTION: Span = Span::since(5);
/// An eviction is of the group policy/v1 (release notes of 1.22).
pub const EVICTION_V1: Span = Span::since(22);
/// Disruption budgets are of the group policy/v1 (release notes of 1.21).
pub const BUDGETS_V1: Span = Span::since(21);
/// Kubelets renew a Lease in kube-node-lease (NodeLease is on by default; release notes of 1.14).
pub const NODE_LEASE: Span = Span::since(14);
/// A kubelet reads its certificate again by itself and drops the connections that were made with the old one, also those to
/// an address (client-go `transport/cert_rotation.go`; PR 133654, release notes of 1.36).
pub const KUBELET_READS_CERT_AGAIN: Span = Span::since(36);
/// A client reads the certificate that its kubeconfig names again within five minutes (client-go `transport/cert_rotation.go`,
/// read in 1.21).
pub const CLIENT_READS_CERT_AGAIN: Span = Span::since(21);
/// The taint out-of-service is heeded (NodeOutOfServiceVolumeDetach, on by default; release notes of 1.26).
pub const OUT_OF_SERVICE: Span = Span::since(26);
/// A cluster of IPv6 addresses (beta; release notes of 1.18).
pub const IPV6: Span = Span::since(18);
/// What the post sets up.
pub const THE_POST: Span = Span::between(2, 3);
/// The kubelets with dockershim that take a configuration file, Node authorizer and RBAC as they are written here.
pub const DOCKERSHIM: Span = Span::between(16, 24);
/// Kubelets that need a container runtime with CRI (dockershim is gone; release notes of 1.24).
pub const CRI_ONLY: Span = Span::since(24);

/// The kubelet's `containerRuntimeEndpoint` is a field; before, the flag of that name is needed.
pub const ENDPOINT_FIELD: Span = Span::since(27);
/// The kubelet takes `--container-runtime`. It has to say `remote` up to 1.23; from 1.24 that is all there is.
pub const RUNTIME_FLAG: Span = Span::before(27);
/// The kubelet takes `--pod-infra-container-image`. What runs is the runtime's choice; see [`PAUSE_KEPT`].
pub const PAUSE_FLAG: Span = Span::before(35);
/// The image that the flag or its default names is never collected by the kubelet; later only what is pinned is kept.
pub const PAUSE_KEPT: Span = Span::before(29);
/// Images that the runtime calls pinned are never collected by the kubelet.
pub const PINNED_KEPT: Span = Span::since(23);
/// The kubelet takes `--network-plugin` and `--cni-*`, which went with dockershim.
pub const NETWORK_PLUGIN_FLAG: Span = Span::before(24);
/// `failCgroupV1` is a field.
pub const FAIL_CGROUP_V1_FIELD: Span = Span::since(31);
/// The kubelet does not start on cgroup v1 unless `failCgroupV1: false` is written.
pub const CGROUP_V1_REFUSED: Span = Span::since(35);
/// `memorySwap.swapBehavior: NoSwap` is taken; before, the field is fatal without a feature gate.
pub const NO_SWAP_VALUE: Span = Span::since(30);
/// Pods get no swap where `failSwapOn: false` is all that is written; before, nothing keeps them from it.
pub const NO_SWAP_FOR_PODS: Span = Span::since(28);
/// `registerNode` and `registerWithTaints` are fields.
pub const REGISTER_FIELDS: Span = Span::since(23);
/// `--config-dir` merges drop-ins without more ado; from 1.28 it needed a variable of the environment.
pub const DROP_IN_FOLDER: Span = Span::since(30);
/// The kubelet ends with `failed to parse kubelet flag` and no usage text at a flag that it does not know.
pub const SHORT_FLAG_ERROR: Span = Span::since(24);
/// A field that does not exist is told by the line `Using lenient decoding as strict decoding failed`.
pub const LENIENT_LINE: Span = Span::since(21);
/// With `--exit-on-lock-contention` and no lock file the kubelet judges its flags and its file, and ends before it does
/// anything. 1.9 has it as well, but no file of v1beta1.
pub const DRY_CHECK: Span = Span::since(10);
/// A label of `kubernetes.io` in `--node-labels` that a kubelet may not give ends it.
pub const LABELS_JUDGED: Span = Span::since(16);
/// The kubelet logs its whole configuration when it starts.
pub const LOGS_CONFIGURATION: Span = Span::since(37);
/// The kubelet speaks v1 of CRI alone: containerd 1.6 or later.
pub const CRI_V1_ONLY: Span = Span::since(26);
/// The runtime's answer to RuntimeConfig replaces `cgroupDriver`.
pub const CGROUP_DRIVER_OF_RUNTIME: Span = Span::since(31);
/// A runtime without RuntimeConfig (containerd before 2.0) will do. That it ends with 1.38 is announced, not read.
pub const CGROUP_DRIVER_FALLBACK: Span = Span::before(38);
/// A static pod that names a ServiceAccount, ConfigMap, Secret or claim does not run.
pub const STATIC_POD_ALONE: Span = Span::since(34);
/// The UID of a static pod is made in another way: going over this limit gives each a new one, and starts it anew.
pub const STATIC_POD_UID: Span = Span::since(35);
/// A kubelet that starts leaves the status of running containers as it was; before, pods may be unready for seconds.
pub const STATUS_KEPT: Span = Span::since(35);
/// A new serving certificate is read from its file without a restart.
pub const SERVING_CERTIFICATE_RELOADED: Span = Span::since(31);
/// A kubelet that may not create its Node looks whether there is one.
pub const FORBIDDEN_NODE_SOUGHT: Span = Span::since(32);
/// A kubelet may read its own Node alone, and the pods that are bound to it.
pub const OWN_NODE_ALONE: Span = Span::since(32);
/// The kubelet asks for `nodes/pods`, `nodes/healthz` and `nodes/configz` before `nodes/proxy`.
pub const FINE_RIGHTS: Span = Span::since(33);
/// The kubelet translates WebSockets for the runtime: with cri-dockerd exec fails unless that is switched off.
pub const WEB_SOCKETS_TO_KUBELET: Span = Span::since(36);
/// A ServiceAccount gets no Secret with a token of its own.
pub const NO_TOKEN_SECRETS: Span = Span::since(24);
/// kubeadm gives masters the label `node-role.kubernetes.io/master`.
pub const MASTER_LABEL: Span = Span::before(24);
/// kubeadm gives masters the taint `node-role.kubernetes.io/master`.
pub const MASTER_TAINT: Span = Span::before(25);
/// kube-proxy takes the mode nftables; in 1.29 and 1.30 only with its feature gate.
pub const NFTABLES: Span = Span::since(31);
/// kube-proxy takes the mode userspace.
pub const USERSPACE: Span = Span::before(26);
/// kube-proxy tells in its log that ipvs is deprecated.
pub const IPVS_DEPRECATED: Span = Span::since(35);
/// kube-proxy warns when no mode is given, for its default will change.
pub const MODE_WARNING: Span = Span::since(37);
/// kube-proxy calls the program conntrack.
pub const CONNTRACK_PROGRAM: Span = Span::before(32);
/// ClusterRole system:node-proxier may read EndpointSlices.
pub const PROXY_SLICES: Span = Span::since(18);
/// The API server keeps its service range as the ServiceCIDR `kubernetes` (MultiCIDRServiceAllocator is GA), and
/// ClusterRole system:node-proxier may read `servicecidrs`.
pub const SERVICE_CIDRS: Span = Span::since(33);
/// CoreDNS asks for a right to get nodes.
pub const COREDNS_GETS_NODES: Span = Span::before(28);
/// CoreDNS needs the right to list and watch EndpointSlices.
pub const COREDNS_SLICES: Span = Span::since(22);

/// The container runtime that a kubelet of this version is set up with; `None` = it is not served.
pub fn runtime(kubelet: Version) -> Option<RuntimeKind> {
    let docker = THE_POST.holds(kubelet) || DOCKERSHIM.holds(kubelet);
    let containerd = CRI_ONLY.holds(kubelet).then_some(RuntimeKind::Containerd);
    containerd.or(docker.then_some(RuntimeKind::Docker))
}

/// The value of a table in this version.
pub fn at<T: Copy>(table: &[(Span, T)], version: Version) -> Option<T> {
    table.iter().find(|(span, _)| span.holds(version)).map(|(_, value)| *value)
}

/// How a kubelet's minor stands to its API server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skew {
    /// The server serves it.
    Served,
    /// A kubelet is never newer than its server (version skew policy of Kubernetes).
    Newer,
    /// More than so many minors older.
    TooOld {
        /// The most minors it may be older.
        most: u16,
    },
}

/// Servers before it serve kubelets that are two minors older, later ones three (version skew policy; release notes of
/// 1.28).
const THREE_OLDER: Span = Span::since(28);

/// Judges a kubelet by the version skew policy of Kubernetes. It holds for the kubelets that are set up here but the
/// post's, whose server has its own version.
pub fn skew(kubelet: Version, api: Version) -> Skew {
    let most = if THREE_OLDER.holds(api) { 3 } else { 2 };
    if (kubelet.major, kubelet.minor) > (api.major, api.minor) {
        Skew::Newer
    } else if kubelet >= DOCKERSHIM.first() && api.minor.saturating_sub(kubelet.minor) > most {
        Skew::TooOld { most }
    } else {
        Skew::Served
    }
}

#[cfg(test)]
mod tests;
