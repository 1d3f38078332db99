//! Where things are on a worker, whatever its Kubernetes.

use super::kernel;
use crate::plan::programs;

/// Where the kubelet binary is expected.
pub const KUBELET: &str = "/usr/local/bin/kubelet";

/// Where static pods are read from.
pub const MANIFESTS: &str = "/etc/kubernetes/manifests";

/// The unit file.
pub const UNIT: &str = "/etc/systemd/system/kubelet.service";

/// The user that kube-proxy comes as, where it has an identity of its own (bound by default with RBAC, 1.6 and later).
pub const KUBE_PROXY_USER: &str = "system:kube-proxy";

/// Folder of the worker's keys and certificates.
pub const SSL: &str = "/etc/kubernetes/ssl";

/// The kubelet's kubeconfig.
pub const KUBECONFIG: &str = "/etc/kubernetes/worker-kubeconfig.yaml";

/// kube-proxy's kubeconfig, where it has an identity of its own.
pub const PROXY_KUBECONFIG: &str = "/etc/kubernetes/kube-proxy-kubeconfig.yaml";

/// The kubelet's configuration file (1.10 and later).
pub const KUBELET_CONFIG: &str = "/var/lib/kubelet/config.yaml";

/// Where docker's configuration is.
const DOCKER_CONFIG: &str = "/etc/docker/daemon.json";

/// Where containerd's configuration is, unless its unit names another file.
const CONTAINERD_CONFIG: &str = "/etc/containerd/config.toml";

/// gangplank's own part of it, where it imports such.
pub const CONTAINERD_PART: &str = "/etc/containerd/conf.d/99-gangplank.toml";

/// What lies below these is written by gangplank on a worker.
const OWN_FOLDERS: [&str; 4] =
    ["/etc/kubernetes", "/var/lib/kubelet", "/etc/ssl/etcd", "/etc/systemd/system/kubelet.service.d"];

/// Folders that it makes for single files.
const MADE_FOLDERS: [&str; 4] = [
    programs::CNI_FOLDERS[0],
    programs::CNI_FOLDERS[1],
    programs::CNI_FOLDERS[2],
    "/etc/systemd/system/containerd.service.d",
];

/// Single files that it writes besides.
const OWN_FILES: [&str; 8] = [
    KUBELET,
    UNIT,
    DOCKER_CONFIG,
    CONTAINERD_CONFIG,
    CONTAINERD_PART,
    programs::CONTAINERD_DROP_IN,
    kernel::SYSCTL_FILE,
    kernel::MODULES_FILE,
];

/// Whether a file, told by its absolute path without any detour, is one that gangplank writes on a worker.
pub fn is_own(path: &str) -> bool {
    OWN_FILES.contains(&path)
        || programs::is_place(path)
        || OWN_FOLDERS.iter().any(|folder| is_below(path, folder))
}

/// Whether a folder is one that gangplank makes on a worker: its own, or one on the way there.
pub fn is_own_folder(path: &str) -> bool {
    let made = || OWN_FOLDERS.iter().chain(&MADE_FOLDERS);
    let mut own = made().chain(&OWN_FILES);
    is_own(path) || made().any(|one| *one == path) || own.any(|one| is_below(one, path))
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/') && rest.len() > 1)
}
