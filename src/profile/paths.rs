//! Where things are on a worker, whatever its Kubernetes.

/// Where the kubelet binary is expected.
pub const KUBELET: &str = "/usr/local/bin/kubelet";

/// Where static pods are read from.
pub const MANIFESTS: &str = "/etc/kubernetes/manifests";

/// The unit file.
pub const UNIT: &str = "/etc/systemd/system/kubelet.service";

/// Folder of the worker's keys and certificates.
pub const SSL: &str = "/etc/kubernetes/ssl";

/// The kubelet's kubeconfig.
pub const KUBECONFIG: &str = "/etc/kubernetes/worker-kubeconfig.yaml";

/// kube-proxy's kubeconfig, where it has an identity of its own.
pub const PROXY_KUBECONFIG: &str = "/etc/kubernetes/kube-proxy-kubeconfig.yaml";

/// The kubelet's configuration file (1.10 and later).
pub const KUBELET_CONFIG: &str = "/var/lib/kubelet/config.yaml";
