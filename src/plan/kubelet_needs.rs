//! What the kubelet of a machine needs there, by its version.

use super::fact::{Fact, Facts, Known};
use super::minors;
use super::model::Version;
use super::runtime_fact::RuntimeKind;

impl Facts {
    /// The container runtime that the kubelet which is there needs; `None` = not known.
    pub fn kubelets_runtime(&self) -> Option<RuntimeKind> {
        self.iter().find_map(|(_, known)| match known {
            Known::Yes(Fact::Kubelet(Some(kubelet))) => {
                minors::runtime(Version::parse(&kubelet.version.to_string())?)
            }
            _ => None,
        })
    }
}
