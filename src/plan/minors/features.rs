//! What kubelet, kube-proxy, kubeadm and the API server do from a minor on, or up to one.

use super::{MinorRow, RowKind, Span};

const fn row(span: Span, what: &'static str, source: &'static str) -> MinorRow {
    MinorRow { what, kind: RowKind::Feature, span, source }
}

const fn mode(what: &'static str, span: Span) -> MinorRow {
    MinorRow {
        what,
        kind: RowKind::ProxyMode,
        span,
        source: "pkg/proxy/apis/config/validation/validation.go",
    }
}

const GATES: &str = "pkg/features/kube_features.go";
const SERVER: &str = "cmd/kubelet/app/server.go";
const PROXY: &str = "cmd/kube-proxy/app/server_linux.go";
const POLICY: &str = "plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go";
const COLLECTOR: &str = "pkg/kubelet/images/image_gc_manager.go";

/// Each of them, the kubelet's first.
pub(super) const ROWS: &[MinorRow] = &[
    row(super::RBAC, "RBAC", "release notes of 1.6"),
    row(super::DAEMON_SETS_OF_APPS, "DaemonSets are of apps/v1", "release notes of 1.9"),
    row(super::DRY_RUN, "a question with dryRun makes nothing", "release notes of 1.13"),
    row(super::NODE_LEASE, "kubelets renew a Lease", "release notes of 1.14"),
    row(super::IPV6, "a cluster of IPv6 addresses", "release notes of 1.18"),
    row(super::CRI_ONLY, "a runtime of CRI is needed, dockershim is gone", "release notes of 1.24"),
    row(super::THREE_OLDER, "kubelets may be three minors older, not two", "release notes of 1.28"),
    row(super::SHORT_FLAG_ERROR, "an unknown flag ends the kubelet without a usage text", SERVER),
    row(
        super::LENIENT_LINE,
        "an unknown field is told in one line",
        "pkg/kubelet/kubeletconfig/util/codec/codec.go",
    ),
    row(super::DRY_CHECK, "the kubelet judges flags and file without a start", SERVER),
    row(super::LABELS_JUDGED, "labels of kubernetes.io are judged by the kubelet", "release notes of 1.16"),
    row(super::LOGS_CONFIGURATION, "the kubelet logs its whole configuration", SERVER),
    row(super::DROP_IN_FOLDER, "drop-ins of --config-dir need no variable", SERVER),
    row(
        super::CGROUP_V1_REFUSED,
        "failCgroupV1 is true when it is left out",
        "pkg/kubelet/apis/config/v1beta1/defaults.go",
    ),
    row(
        super::NO_SWAP_VALUE,
        "memorySwap.swapBehavior: NoSwap is taken",
        "pkg/kubelet/apis/config/validation/validation.go",
    ),
    row(
        super::NO_SWAP_FOR_PODS,
        "pods get no swap with failSwapOn: false alone",
        "pkg/kubelet/kuberuntime/kuberuntime_container_linux.go",
    ),
    row(super::CRI_V1_ONLY, "v1 of CRI alone (containerd 1.6)", "pkg/kubelet/cri/remote/remote_runtime.go"),
    row(super::CGROUP_DRIVER_OF_RUNTIME, "the runtime's answer replaces cgroupDriver", GATES),
    row(super::CGROUP_DRIVER_FALLBACK, "a runtime need not know RuntimeConfig (end announced)", SERVER),
    row(super::PAUSE_KEPT, "the kubelet's own pause image is never collected", COLLECTOR),
    row(super::PINNED_KEPT, "pinned images are never collected", COLLECTOR),
    row(super::STATIC_POD_ALONE, "a static pod may name no object of the API", GATES),
    row(
        super::STATIC_POD_UID,
        "the UID of a static pod is made with fnv, not md5",
        "pkg/kubelet/config/common.go",
    ),
    row(super::STATUS_KEPT, "a kubelet that starts leaves the containers' status", GATES),
    row(super::SERVING_CERTIFICATE_RELOADED, "a new serving certificate is read without a restart", GATES),
    row(super::FORBIDDEN_NODE_SOUGHT, "a kubelet that may not create its Node looks for it", GATES),
    row(super::OWN_NODE_ALONE, "a kubelet reads its own Node and pods alone", GATES),
    row(super::FINE_RIGHTS, "nodes/pods, nodes/healthz and nodes/configz are rights", GATES),
    row(super::WEB_SOCKETS_TO_KUBELET, "the kubelet translates WebSockets for the runtime", GATES),
    row(super::NO_TOKEN_SECRETS, "a ServiceAccount gets no Secret with a token", GATES),
    row(
        super::MASTER_LABEL,
        "masters have the label node-role.kubernetes.io/master",
        "cmd/kubeadm/app/phases/markcontrolplane/markcontrolplane.go",
    ),
    row(
        super::MASTER_TAINT,
        "masters have the taint node-role.kubernetes.io/master",
        "cmd/kubeadm/app/util/config/initconfiguration.go",
    ),
    row(super::IPVS_DEPRECATED, "kube-proxy calls ipvs deprecated", PROXY),
    row(super::MODE_WARNING, "kube-proxy warns when no mode is given", PROXY),
    row(super::CONNTRACK_PROGRAM, "kube-proxy calls the program conntrack", "pkg/proxy/conntrack"),
    row(super::PROXY_SLICES, "system:node-proxier may read EndpointSlices", POLICY),
    row(super::SERVICE_CIDRS, "system:node-proxier may read servicecidrs", POLICY),
    row(Span::before(27), "system:kubelet-api-admin has nodes/spec", POLICY),
    row(
        super::FINE_RIGHTS,
        "system:kubelet-api-admin has nodes/pods, nodes/healthz and nodes/configz",
        POLICY,
    ),
    row(super::COREDNS_GETS_NODES, "CoreDNS may get nodes", "cluster/addons/dns/coredns/coredns.yaml.base"),
    row(
        super::COREDNS_SLICES,
        "CoreDNS may read EndpointSlices",
        "cmd/kubeadm/app/phases/addons/dns/manifests.go",
    ),
    mode("iptables", Span::ALWAYS),
    mode("ipvs", Span::ALWAYS),
    mode("nftables", super::NFTABLES),
    mode("userspace", super::USERSPACE),
];
