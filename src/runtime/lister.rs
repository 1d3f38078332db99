//! Which program lists the containers of a worker.

use serde::{Deserialize, Serialize};

/// The program that gave a list of containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lister {
    /// `docker ps`, which is meant where none is named.
    #[default]
    Docker,
    /// `crictl ps`.
    Crictl,
    /// `ctr`, which comes with containerd and is always there.
    Ctr,
}

impl Lister {
    /// It asks CRI, or what stands behind it.
    pub fn is_cri(self) -> bool {
        matches!(self, Self::Crictl | Self::Ctr)
    }

    /// What its program is called.
    pub fn program(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Crictl => "crictl",
            Self::Ctr => "ctr",
        }
    }

    /// What one would type, as the head of a table says it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Docker => "docker ps",
            Self::Crictl => "crictl ps",
            Self::Ctr => "ctr",
        }
    }

    /// What one would type to see the containers of pods.
    pub fn command(self) -> &'static str {
        match self {
            Self::Docker => "docker ps",
            Self::Crictl => "crictl ps",
            Self::Ctr => "ctr -n k8s.io containers ls",
        }
    }

    /// By the name of its program.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Docker, Self::Crictl, Self::Ctr].into_iter().find(|one| one.program() == name)
    }
}
