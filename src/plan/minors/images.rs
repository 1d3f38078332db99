//! The images that belong to a minor.

use super::{MinorRow, RowKind, Span};

/// Where each image of Kubernetes is. The last releases of 1.22 to 1.24 name registry.k8s.io as well, where all of
/// theirs are; k8s.gcr.io gets no new ones since April 2023.
pub const REGISTRY: &[(Span, &str)] =
    &[(Span::before(24), "k8s.gcr.io"), (Span::since(24), "registry.k8s.io")];

/// The pause image: the kubelet's default (`cmd/kubelet/app/options/container_runtime.go` of each), and from 1.34, whose
/// kubelet has none, kubeadm's (`cmd/kubeadm/app/constants/constants.go`).
pub const PAUSE: &[(Span, &str)] = &[
    (Span::before(18), "k8s.gcr.io/pause:3.1"),
    (Span::between(18, 21), "k8s.gcr.io/pause:3.2"),
    (Span::between(21, 22), "k8s.gcr.io/pause:3.4.1"),
    (Span::between(22, 23), "k8s.gcr.io/pause:3.5"),
    (Span::between(23, 24), "k8s.gcr.io/pause:3.6"),
    (Span::between(24, 25), "registry.k8s.io/pause:3.7"),
    (Span::between(25, 26), "registry.k8s.io/pause:3.8"),
    (Span::between(26, 31), "registry.k8s.io/pause:3.9"),
    (Span::between(31, 34), "registry.k8s.io/pause:3.10"),
    (Span::between(34, 36), "registry.k8s.io/pause:3.10.1"),
    (Span::since(36), "registry.k8s.io/pause:3.10.2"),
];

/// The CoreDNS of kubeadm and of the manifest in `cluster/addons`, which agree. 1.30.0 and 1.31.0 came with v1.11.1,
/// their later releases as here.
pub const COREDNS: &[(Span, &str)] = &[
    (Span::between(24, 25), "registry.k8s.io/coredns/coredns:v1.8.6"),
    (Span::between(25, 27), "registry.k8s.io/coredns/coredns:v1.9.3"),
    (Span::between(27, 29), "registry.k8s.io/coredns/coredns:v1.10.1"),
    (Span::between(29, 30), "registry.k8s.io/coredns/coredns:v1.11.1"),
    (Span::between(30, 33), "registry.k8s.io/coredns/coredns:v1.11.3"),
    (Span::between(33, 34), "registry.k8s.io/coredns/coredns:v1.12.0"),
    (Span::between(34, 35), "registry.k8s.io/coredns/coredns:v1.12.1"),
    (Span::between(35, 36), "registry.k8s.io/coredns/coredns:v1.13.1"),
    (Span::between(36, 37), "registry.k8s.io/coredns/coredns:v1.14.2"),
    (Span::since(37), "registry.k8s.io/coredns/coredns:v1.14.6"),
];

/// The tables above as rows.
pub(super) fn rows() -> impl Iterator<Item = MinorRow> {
    let table = |rows: &'static [(Span, &'static str)], source| {
        rows.iter().map(move |(span, what)| MinorRow { what, kind: RowKind::Image, span: *span, source })
    };
    table(PAUSE, "cmd/kubelet/app/options/container_runtime.go, cmd/kubeadm/app/constants/constants.go")
        .chain(table(
            COREDNS,
            "cmd/kubeadm/app/constants/constants.go, cluster/addons/dns/coredns/coredns.yaml.base",
        ))
        .chain(table(REGISTRY, "cmd/kubeadm/app/apis/kubeadm/v1beta3/defaults.go"))
}
