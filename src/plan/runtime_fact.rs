//! What a machine says of its container runtimes.

use serde::{Deserialize, Serialize};

use super::containerd_fact::ContainerdFact;
use super::remote::Remote;

/// A container runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuntimeKind {
    /// The Docker engine, through the kubelet's dockershim (until 1.23); meant where an older record says none.
    #[default]
    Docker,
    /// containerd, through CRI.
    Containerd,
}

impl RuntimeKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Docker, Self::Containerd];

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its name, which is that of its systemd unit too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Containerd => "containerd",
        }
    }
}

/// The container runtimes of a machine. Where two are installed, the kubelet that is there decides which is asked; where
/// there is none, both are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RuntimeFact {
    /// The Docker engine, when it was asked.
    pub docker: Option<DockerFact>,
    /// containerd, when it was asked.
    pub containerd: Option<ContainerdFact>,
}

/// The Docker engine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DockerFact {
    /// Server version; empty = the engine does not answer.
    pub version: Remote<String>,
    /// `cgroupfs` or `systemd`.
    pub cgroup_driver: Remote<String>,
    /// Storage driver.
    pub storage: Remote<String>,
    /// Root folder.
    pub root: Remote<String>,
    /// Free space there in MiB, where it is not the usual folder.
    pub free_mib: Option<u64>,
    /// Why it does not answer.
    pub error: Remote<String>,
    /// It let the time pass without an answer.
    pub frozen: bool,
}
