//! Who laid a worker out: from the unit of its kubelet, its drop-ins, its flags and its record. What mends it follows
//! the layout, so that nothing is written that its own tools would fight.

use serde::{Deserialize, Serialize};

use crate::plan::fact::{Facts, Known};
use crate::profile;

/// A layout of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// gangplank's own: by its record it wrote the kubelet's unit.
    Gangplank,
    /// kubeadm's: `10-kubeadm.conf`, `kubelet.conf`, a certificate that renews itself (kubeadm 1.37,
    /// `cmd/kubeadm/app/phases/kubelet`).
    Kubeadm,
    /// Of the course "Kubernetes the hard way": credentials below `/var/lib/kubelet`, kube-proxy as a unit.
    HardWay,
    /// By hand as for Kubernetes 1.2: certificates and kubeconfigs below `/etc/kubernetes`, kube-proxy as a static pod.
    ByHand,
    /// None of these: read flag by flag.
    Other,
}

impl Layout {
    /// Recognised by what was found.
    pub fn of(facts: &Facts) -> Self {
        if is_ours(facts) {
            return Self::Gangplank;
        }
        let start = facts.kubelet_start();
        let start = start.yes();
        let kubeconfig = start.and_then(|start| start.flag("kubeconfig")).unwrap_or_default();
        let unit = facts.unit("kubelet");
        let dropin = |name: &str| {
            unit.yes().is_some_and(|unit| unit.dropins.iter().any(|one| one.path.to_string().ends_with(name)))
        };
        let reads = |name: &str| {
            start
                .is_some_and(|start| start.env_files.iter().any(|(path, _)| path.to_string().ends_with(name)))
        };
        if dropin("/10-kubeadm.conf")
            || reads("/kubeadm-flags.env")
            || kubeconfig == "/etc/kubernetes/kubelet.conf"
        {
            return Self::Kubeadm;
        }
        if kubeconfig.starts_with("/var/lib/kubelet/") {
            return Self::HardWay;
        }
        if kubeconfig.starts_with("/etc/kubernetes/") {
            return Self::ByHand;
        }
        Self::Other
    }

    /// In words.
    pub fn about(self) -> &'static str {
        match self {
            Self::Gangplank => "gangplank's: its record is below /var/lib/gangplank",
            Self::Kubeadm => "kubeadm's: what belongs to its tools is named, not replaced",
            Self::HardWay => "that of \"Kubernetes the hard way\": credentials below /var/lib/kubelet",
            Self::ByHand => "made by hand, with its files below /etc/kubernetes",
            Self::Other => "none that is known here: it was read flag by flag",
        }
    }
}

/// gangplank set the machine up: it wrote the kubelet's unit. A repair of a worker in no plan leaves a record too.
pub(super) fn is_ours(facts: &Facts) -> bool {
    matches!(facts.record(), Known::Yes(record) if record.wrote(profile::UNIT))
}
