//! What a profile is asked for, and what it answers with: key pairs, files and flags.

use crate::plan::action::{CertificateSpec, KeyAlgorithm};
use crate::plan::fact::Machine;
use crate::plan::kubelet_fields::KubeletFields;
use crate::plan::model::{Plan, Version, Worker};
use crate::plan::remote::Remote;

/// A key pair with its certificate on a worker.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// `kubelet` or `kube-proxy`.
    pub name: &'static str,
    /// Private key.
    pub key: String,
    /// Path of the certificate.
    pub cert: String,
    /// Key kind.
    pub kind: KeyAlgorithm,
    /// What the certificate says.
    pub wish: CertificateSpec,
}

/// A file a profile wants.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredFile {
    /// Absolute path.
    pub path: String,
    /// All that is in it.
    pub text: String,
}

/// A kubelet flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// As the unit has it, `--name=value`.
    pub text: String,
    /// Without it the node would not be what was asked for; an optional one is dropped with a note when the
    /// kubelet's parser refuses it.
    pub required: bool,
}

impl Flag {
    /// The flag without its value, `--name`.
    pub fn name(&self) -> &str {
        self.text.split('=').next().unwrap_or(&self.text)
    }
}

/// What a profile is asked for: one worker of a plan and what is known of its machine.
#[derive(Debug, Clone)]
pub struct NodeSetup<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The worker.
    pub worker: &'a Worker,
    /// Its machine.
    pub machine: &'a Machine,
    /// Docker's cgroup driver.
    pub cgroup_driver: &'a str,
    /// The kubelet's version.
    pub kubelet: Version,
    /// Flags its parser refuses.
    pub refused: &'a [Remote<String>],
    /// flanneld is installed as a unit.
    pub flannel: bool,
    /// Fields of somebody else in the kubelet's configuration that is there; they stay.
    pub kept: KubeletFields,
}
