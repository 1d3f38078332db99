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

/// What the kernel has of inotify for whoever asked, root.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InotifyFact {
    /// One more of these was refused: `instances` or `watches`; `None` = nobody was refused, or it was not tried.
    pub refused: Option<InotifyKind>,
    /// How many a user may have, `fs.inotify.max_user_instances`.
    pub instances: Option<u64>,
    /// The same of watches, `fs.inotify.max_user_watches`.
    pub watches: Option<u64>,
}

/// What there are only so many of for each user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum InotifyKind {
    /// Of `inotify_init(2)`.
    Instances,
    /// Of `inotify_add_watch(2)`.
    Watches,
}

/// A kube-proxy that runs in the machine's own network, and the rules that there are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProxyFact {
    /// Seconds since its process was started; `None` = that was not told.
    pub up_s: Option<u64>,
    /// Its mode, `iptables`; empty = it is told none; `None` = its configuration was not read.
    pub mode: Option<Remote<String>>,
    /// Modes that there are rules of: `iptables`, `userspace`, `ipvs`, `nftables`.
    pub rules: Vec<Remote<String>>,
    /// All of the kernel's tables of addresses were looked at to their end.
    pub whole: bool,
    /// Tables of nftables' own were looked at too.
    pub nftables: bool,
}

/// The end of the newest log of a container that was started again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LogEnd {
    /// Its pod, `namespace/name`.
    pub pod: Remote<String>,
    /// Its lines, oldest first.
    pub lines: Vec<Remote<String>>,
}

/// What was found around a kubelet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Surroundings {
    /// The file systems that are written to.
    pub disks: Vec<DiskFact>,
    /// The loopback interface is down.
    #[serde(default)]
    pub lo_down: bool,
    /// `/etc/machine-id`, which a kubelet tells the API when it starts; `None` = there is none.
    #[serde(default)]
    pub machine_id: Option<Remote<String>>,
    /// Who listens on the port of a kubelet, 10250.
    pub listeners: Vec<ListenerFact>,
    /// Rules of the firewall that refuse something, as `iptables-save` shows them, and those of nft's own tables behind
    /// `nft FAMILY TABLE CHAIN (hook HOOK): `.
    pub refusals: Vec<Remote<String>>,
    /// The newest lines of kube-proxy's container, oldest first.
    pub proxy_log: Vec<Remote<String>>,
    /// The ends of the newest logs of containers that were started again, the newest first.
    #[serde(default)]
    pub log_ends: Vec<LogEnd>,
    /// What journald says that it left out of the kubelet's journal; `None` = nothing is known of any.
    pub suppressed: Option<Remote<String>>,
    /// The name of the API that does not resolve there; `None` = it does, or was not asked.
    pub unresolved: Option<Remote<String>>,
    /// What is left of inotify.
    #[serde(default)]
    pub inotify: InotifyFact,
    /// Its kube-proxy, where one runs by that name.
    #[serde(default)]
    pub proxy: Option<ProxyFact>,
    /// Bridges on which a runtime itself gives pods their addresses, with their IPv4 addresses.
    #[serde(default)]
    pub bridges: Vec<(Remote<String>, Remote<String>)>,
    /// Who is in the group of root beside root; `None` = that was not told.
    #[serde(default)]
    pub root_group: Option<Vec<Remote<String>>>,
}
