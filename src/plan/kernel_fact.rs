//! What a machine's kernel does for pods, and what files on it say for its next start.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::remote::Remote;

/// What a file says for the next start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSetting {
    /// A setting, or a module.
    pub key: Remote<String>,
    /// Its value; empty for a module.
    pub value: Remote<String>,
    /// The file, absolute path.
    pub file: Remote<String>,
}

/// What the kernel does now, told by its effect, and at the next start.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KernelFact {
    /// Settings that are there, by name.
    pub sysctls: BTreeMap<String, Remote<String>>,
    /// The overlay file system is known (/proc/filesystems).
    pub overlay: bool,
    /// Packets over a bridge can be filtered (/proc/sys/net/bridge).
    pub bridge: bool,
    /// The modules of the kernel that runs are on this machine.
    pub has_modules: bool,
    /// Modules that are built in.
    pub builtin: Vec<Remote<String>>,
    /// Settings in files.
    pub kept_sysctls: Vec<KeptSetting>,
    /// Modules in files.
    pub kept_modules: Vec<KeptSetting>,
}

impl KernelFact {
    /// Whether a setting is there and is 1.
    pub fn is_on(&self, key: &str) -> bool {
        self.sysctls.get(key).is_some_and(|value| *value == "1")
    }
}
