//! What a machine tells of itself: system, names, clock, memory, disk, addresses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::remote::Remote;

/// A machine.
#[expect(clippy::struct_excessive_bools, reason = "each is a yes-or-no fact of its own, none a state")]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Machine {
    /// `PRETTY_NAME` of os-release.
    pub os: Remote<String>,
    /// `uname -m`.
    pub arch: Remote<String>,
    /// `uname -r`.
    pub kernel: Remote<String>,
    /// `uname -n`.
    pub hostname: Remote<String>,
    /// Numeric user id the work runs as; 0 is what it needs.
    pub uid: u32,
    /// Milliseconds since 1970 by the machine's clock, read when the question was answered.
    pub clock_ms: i64,
    /// The same by this computer's clock, when that answer came; `None` = that was not noted.
    #[serde(default)]
    pub clock_at_ms: Option<i64>,
    /// Logical processors.
    pub cpus: u32,
    /// Memory, MiB.
    pub memory_mib: u64,
    /// Whether any swap is on.
    pub swap: bool,
    /// 1 or 2.
    pub cgroup: u8,
    /// Free space in MiB where the path lies: `/`, `/etc`, and the usual folder of images.
    pub free_mib: BTreeMap<String, u64>,
    /// IP addresses of the interfaces; of loopback only those of global scope.
    pub addresses: Vec<Remote<String>>,
    /// `openssl version`; empty = not installed.
    pub openssl: Remote<String>,
    /// TCP ports with a listener.
    pub listening: Vec<u16>,
    /// `net.ipv4.ip_forward` is 1.
    pub ip_forward: bool,
    /// DNS tools found among dig, nslookup, host.
    pub dns_tools: Vec<Remote<String>>,
    /// systemd runs as process 1.
    pub systemd: bool,
    /// /etc/cni/net.d holds a network configuration.
    pub cni: bool,
    /// /run/systemd/resolve/resolv.conf exists.
    pub resolved: bool,
    /// Every name server of /etc/resolv.conf is the machine itself, on loopback.
    #[serde(default)]
    pub asks_itself: bool,
}

impl Machine {
    /// Milliseconds its clock is ahead of this computer's; `asked_ms` is when it was asked, where the moment of the
    /// answer was not noted. `None` = its clock could not be read.
    pub fn ahead_ms(&self, asked_ms: i64) -> Option<i64> {
        (self.clock_ms != 0).then(|| self.clock_ms.saturating_sub(self.clock_at_ms.unwrap_or(asked_ms)))
    }
}
