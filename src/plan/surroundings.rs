//! What a kubelet needs of its machine beside its own files.

use serde::{Deserialize, Serialize};

use super::remote::Remote;

/// A file system, by a folder that is on it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DiskFact {
    /// The folder.
    pub path: Remote<String>,
    /// Where it is mounted.
    pub mounted_on: Remote<String>,
    /// Its size and what is left of it, KiB; `None` = it was not told.
    pub kib: Option<(u64, u64)>,
    /// The files that it can hold, and how many more; `None` = it has no such limit, or it was not told.
    pub inodes: Option<(u64, u64)>,
    /// Nothing can be written there.
    pub read_only: bool,
}

/// Who listens on a port.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListenerFact {
    /// The TCP port.
    pub port: u16,
    /// The name of the process; empty = it was not told.
    pub program: Remote<String>,
    /// Its number; `None` = it was not told.
    pub pid: Option<u32>,
}

/// What was found around a kubelet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Surroundings {
    /// The file systems that are written to.
    pub disks: Vec<DiskFact>,
    /// Who listens on the port of a kubelet, 10250.
    pub listeners: Vec<ListenerFact>,
    /// Rules of the firewall that refuse something, as `iptables-save` shows them.
    pub refusals: Vec<Remote<String>>,
    /// The newest lines of kube-proxy's container, oldest first.
    pub proxy_log: Vec<Remote<String>>,
    /// What journald says that it left out of the kubelet's journal; `None` = nothing is known of any.
    pub suppressed: Option<Remote<String>>,
    /// The name of the API that does not resolve there; `None` = it does, or was not asked.
    pub unresolved: Option<Remote<String>>,
}
