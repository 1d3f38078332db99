//! The flags that the kubelets of a lab know.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::plan::minors;
use crate::plan::model::Version;

/// Flags the kubelet of 1.2.2 takes.
const FLAGS_1_2: &str = include_str!("../../assets/labs/kubelet-v1.2.2-flags.txt");

/// Flags a kubelet of 1.16 to 1.23 takes, as far as a plan may hold them.
const FLAGS_1_20: &str = "address alsologtostderr bootstrap-kubeconfig cert-dir cgroup-driver cgroup-root \
    cgroups-per-qos client-ca-file cloud-config cloud-provider cluster-dns cluster-domain cni-bin-dir \
    cni-conf-dir config container-runtime container-runtime-endpoint docker-endpoint eviction-hard \
    fail-swap-on feature-gates hairpin-mode healthz-bind-address healthz-port hostname-override \
    housekeeping-interval image-pull-progress-deadline kube-reserved kubeconfig log-dir logtostderr max-pods \
    network-plugin network-plugin-mtu node-ip node-labels node-status-update-frequency pod-cidr \
    pod-infra-container-image pod-manifest-path port read-only-port register-node register-with-taints \
    resolv-conf root-dir rotate-certificates serialize-image-pulls system-reserved tls-cert-file \
    tls-private-key-file v version volume-plugin-dir";

/// Flags the kubelet of 1.37.2 takes, by its own help.
const FLAGS_1_37: &str = include_str!("../../assets/labs/kubelet-v1.37.2-flags.txt");

/// The flags a kubelet of this version does not know, without values.
pub(crate) fn unknown_flags(version: &str, flags: &[String]) -> Vec<String> {
    // Asked whenever anybody looks at a running kubelet: the lists are taken apart once.
    static OLD: LazyLock<HashSet<&str>> = LazyLock::new(|| FLAGS_1_2.split_whitespace().collect());
    static NEW: LazyLock<HashSet<&str>> = LazyLock::new(|| FLAGS_1_20.split_whitespace().collect());
    static CURRENT: LazyLock<HashSet<&str>> = LazyLock::new(|| FLAGS_1_37.split_whitespace().collect());
    let of = |is: minors::Span| Version::parse(version).is_some_and(|version| is.holds(version));
    let known = match () {
        () if of(minors::THE_POST) => &*OLD,
        () if of(minors::CRI_ONLY) => &*CURRENT,
        () => &*NEW,
    };
    let name = |flag: &String| flag.split('=').next().unwrap_or(flag).to_owned();
    let mut unknown: Vec<String> = flags.iter().map(name).collect();
    unknown.retain(|flag| !known.contains(flag.trim_start_matches('-')));
    unknown.dedup();
    unknown
}
