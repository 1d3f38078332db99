//! The programs that a folder named by `binaries` may hold: their names, where each goes on a worker, and what was
//! learnt of both ends.

use serde::{Deserialize, Serialize};

use super::remote::Remote;

/// The kubelet's name.
pub const KUBELET: &str = "kubelet";
/// containerd's name.
pub const CONTAINERD: &str = "containerd";
/// runc's name.
pub const RUNC: &str = "runc";

/// What a folder may hold besides the plugins of the pod network.
pub const PROGRAMS: [&str; 6] = [KUBELET, CONTAINERD, "containerd-shim-runc-v2", "ctr", "crictl", RUNC];

/// The plugins of the pod network, by the names that `containernetworking/plugins` gives them (README of its 1.9).
pub const CNI_PLUGINS: [&str; 18] = [
    "bandwidth",
    "bridge",
    "dhcp",
    "dummy",
    "firewall",
    "host-device",
    "host-local",
    "ipvlan",
    "loopback",
    "macvlan",
    "portmap",
    "ptp",
    "sbr",
    "static",
    "tap",
    "tuning",
    "vlan",
    "vrf",
];

/// Folders below the one of the plan in which programs are looked for too: of containerd's archive, of the plugins',
/// and of the tree that "Kubernetes the hard way" downloads.
pub const SUB_FOLDERS: [&str; 5] = ["bin", "worker", "cni", "cni-plugins", "opt/cni/bin"];

/// Where gangplank puts the plugins of the pod network; the first is containerd's default.
pub const CNI_FOLDERS: [&str; 3] = ["/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"];

/// Where a program is put that no unit starts by its path.
const BIN: &str = "/usr/local/bin";
/// Where runc is put: it comes first in the PATH that systemd gives a unit.
const SBIN: &str = "/usr/local/sbin";

/// What lets the unit of containerd start the one that gangplank put in place.
pub const CONTAINERD_DROP_IN: &str = "/etc/systemd/system/containerd.service.d/50-gangplank.conf";

/// Where what is sent waits on a worker until all of it was tried.
pub const WAITING: &str = "/var/lib/gangplank/programs";

/// Whether a file of this name is one of the programs.
pub fn is_program(name: &str) -> bool {
    PROGRAMS.contains(&name) || is_plugin(name)
}

/// Whether it is a plugin of the pod network.
pub fn is_plugin(name: &str) -> bool {
    CNI_PLUGINS.contains(&name)
}

/// Where a program that is no plugin goes, absolute path.
pub fn place(name: &str) -> String {
    if name == RUNC { format!("{SBIN}/{name}") } else { format!("{BIN}/{name}") }
}

/// Every place where gangplank may put a program.
pub fn places() -> Vec<String> {
    let plugins =
        CNI_FOLDERS.iter().flat_map(|folder| CNI_PLUGINS.iter().map(move |name| format!("{folder}/{name}")));
    PROGRAMS.iter().map(|name| place(name)).chain(plugins).collect()
}

/// Whether an absolute path without any detour is one of them.
pub fn is_place(path: &str) -> bool {
    let Some((folder, name)) = path.rsplit_once('/') else { return false };
    CNI_FOLDERS.contains(&folder) && is_plugin(name) || PROGRAMS.contains(&name) && place(name) == path
}

/// Where a program waits, absolute path.
pub fn waits(sha256: &str, name: &str) -> String {
    format!("{WAITING}/{sha256}/{name}")
}

/// How it is asked for its version.
pub fn call(name: &str, at: &str) -> String {
    let at = shell_words::quote(at);
    match name {
        "containerd-shim-runc-v2" => format!("{at} -v"),
        name if PROGRAMS.contains(&name) => format!("{at} --version"),
        _ => format!("echo '{{\"cniVersion\":\"1.0.0\"}}' | CNI_COMMAND=VERSION {at}"),
    }
}

/// What a file is, from its first bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProgramForm {
    /// A program for Linux on this architecture, as `uname -m` calls it.
    Elf(String),
    /// Something else, in words: `a shell script`, `an archive (gzip)`.
    Other(String),
    /// It cannot be read, and why.
    Unreadable(String),
}

/// A program in the folder on this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalProgram {
    /// Its name, one of [`PROGRAMS`] or [`CNI_PLUGINS`].
    pub name: String,
    /// The file, absolute path; a link is followed when it is read.
    pub path: String,
    /// What it is.
    pub form: ProgramForm,
    /// In bytes.
    pub size: u64,
    /// SHA-256, lower-case hex; empty where it is no program.
    pub sha256: String,
}

/// A folder of programs on this computer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProgramFolder {
    /// What was found of the programs, those of the folder itself first.
    pub programs: Vec<LocalProgram>,
    /// What else lies there, by its path below the folder, at most 40.
    pub others: Vec<String>,
    /// There is more than that.
    pub more: bool,
}

/// A program on a worker.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PlacedProgram {
    /// Absolute path.
    pub path: String,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// Octal, `755`.
    pub mode: String,
    /// User and group, `root:root`.
    pub owner: Remote<String>,
    /// In bytes.
    pub size: u64,
}

/// What a worker has of the programs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProgramsFact {
    /// What lies where gangplank would put one.
    pub there: Vec<PlacedProgram>,
    /// SHA-256 of what an earlier run sent whole and did not put in place.
    pub waiting: Vec<String>,
    /// systemd has loaded a unit of containerd.
    pub unit: bool,
    /// It is active.
    pub active: bool,
    /// What that unit starts, as systemd tells it: the program and its arguments; empty = no unit, or it says nothing.
    pub starts: Remote<String>,
    /// The runc that a containerd of that unit finds before one in `/usr/local/sbin`, absolute path; empty = none.
    pub runc: Remote<String>,
    /// Free space where programs wait, MiB; `None` = not known.
    pub free_mib: Option<u64>,
}

impl ProgramsFact {
    /// What lies at a path.
    pub fn at(&self, path: &str) -> Option<&PlacedProgram> {
        self.there.iter().find(|one| one.path == path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_a_program_is_known_as_one_and_no_other_path_is() {
        assert!(places().iter().all(|path| is_place(path)));
        for path in [
            "/usr/local/bin/runc",
            "/usr/bin/containerd",
            "/opt/cni/bin/x",
            "/opt/cni/bin/../bridge",
            "kubelet",
        ] {
            assert!(!is_place(path), "{path}");
        }
    }
}
