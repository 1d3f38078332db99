//! kube-proxy's flags, dashes for underscores. Read in the sources of each minor of `super::READ`.

use super::{MinorRow, RowKind, Span};

const fn row(what: &'static str, span: Span) -> MinorRow {
    MinorRow { what, kind: RowKind::ProxyFlag, span, source: "cmd/kube-proxy/app/options.go" }
}

/// Each flag of a kube-proxy from 1.16 on, by name, but those that it has of its libraries.
pub(super) const ROWS: &[MinorRow] = &[
    row("bind-address", Span::ALWAYS),
    row("bind-address-hard-fail", Span::since(19)),
    row("cleanup", Span::ALWAYS),
    row("cleanup-ipvs", Span::before(21)),
    row("cluster-cidr", Span::ALWAYS),
    row("config", Span::ALWAYS),
    row("config-sync-period", Span::ALWAYS),
    row("conntrack-max-per-core", Span::ALWAYS),
    row("conntrack-min", Span::ALWAYS),
    row("conntrack-tcp-be-liberal", Span::since(29)),
    row("conntrack-tcp-timeout-established", Span::ALWAYS),
    row("conntrack-udp-timeout", Span::since(29)),
    row("conntrack-udp-timeout-stream", Span::since(29)),
    row("detect-local-mode", Span::since(18)),
    row("feature-gates", Span::ALWAYS),
    row("healthz-bind-address", Span::ALWAYS),
    row("healthz-port", Span::ALWAYS),
    row("hostname-override", Span::ALWAYS),
    row("init-only", Span::since(29)),
    row("iptables-localhost-nodeports", Span::since(26)),
    row("iptables-masquerade-bit", Span::ALWAYS),
    row("iptables-min-sync-period", Span::ALWAYS),
    row("iptables-sync-period", Span::ALWAYS),
    row("ipvs-exclude-cidrs", Span::ALWAYS),
    row("ipvs-min-sync-period", Span::ALWAYS),
    row("ipvs-scheduler", Span::ALWAYS),
    row("ipvs-strict-arp", Span::ALWAYS),
    row("ipvs-sync-period", Span::ALWAYS),
    row("ipvs-tcp-timeout", Span::since(18)),
    row("ipvs-tcpfin-timeout", Span::since(18)),
    row("ipvs-udp-timeout", Span::since(18)),
    row("kube-api-burst", Span::ALWAYS),
    row("kube-api-content-type", Span::ALWAYS),
    row("kube-api-qps", Span::ALWAYS),
    row("kubeconfig", Span::ALWAYS),
    row("masquerade-all", Span::ALWAYS),
    row("master", Span::ALWAYS),
    row("metrics-bind-address", Span::ALWAYS),
    row("metrics-port", Span::ALWAYS),
    row("nodeport-addresses", Span::ALWAYS),
    row("oom-score-adj", Span::ALWAYS),
    row("pod-bridge-interface", Span::since(24)),
    row("pod-interface-name-prefix", Span::since(24)),
    row("profiling", Span::ALWAYS),
    row("proxy-mode", Span::ALWAYS),
    row("proxy-port-range", Span::before(31)),
    row("show-hidden-metrics-for-version", Span::since(18)),
    row("udp-timeout", Span::before(26)),
    row("write-config-to", Span::ALWAYS),
];

/// Those of its libraries, but those that begin with `log-` (k8s.io/component-base/logs, k8s.io/klog/v2).
pub(super) const OF_LIBRARIES: &[&str] = &[
    "add-dir-header",
    "alsologtostderr",
    "help",
    "logging-format",
    "logtostderr",
    "one-output",
    "skip-headers",
    "skip-log-headers",
    "stderrthreshold",
    "v",
    "version",
    "vmodule",
];
