//! What is learnt of containerd and of what a kubelet needs beside it: its files, what it makes of them, whether it
//! answers, its CRI, and what lies in the folders of the pod network.

use serde::{Deserialize, Serialize};

use super::remote::Remote;

/// containerd on a worker, asked by one word of the host's shell text, each part with a deadline of its own.
#[expect(clippy::struct_excessive_bools, reason = "each is a yes-or-no fact of its own, none a state")]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerdFact {
    /// Absolute path of the program that its unit starts, else of the one in PATH; empty = it is not installed.
    pub program: Remote<String>,
    /// What its `--version` printed, or the version of the one that runs where that is this very program; empty = it
    /// said nothing.
    pub version: Remote<String>,
    /// Version of the one that runs, as `ctr version` has it from its socket; empty = none answers.
    pub server: Remote<String>,
    /// Why none answers.
    pub error: Remote<String>,
    /// It let the time pass without an answer.
    pub frozen: bool,
    /// The file it reads first.
    pub file: ContainerdFile,
    /// Names of the files in `/etc/containerd/conf.d`, which the file may import.
    pub dropins: Vec<Remote<String>>,
    /// What `containerd config dump` printed: the configuration merged from all files, TOML of its newest version.
    pub dump: Remote<String>,
    /// Why `config dump` printed none; empty = it did.
    pub dump_error: Remote<String>,
    /// What `config dump` complained of, a line each.
    pub complaints: Vec<Remote<String>>,
    /// The plugins of CRI that it lists; one that is off is not listed (`ctr plugins ls`).
    pub plugins: Vec<CriPlugin>,
    /// The plugins were listed, so that one that is missing is off.
    pub plugins_listed: bool,
    /// The sandbox image that the dump names.
    pub sandbox_image: Remote<String>,
    /// Whether that image is there; `None` = that is not known.
    pub sandbox_there: Option<bool>,
    /// The program of the runtime that pods have unless they name one, where that is not there: a path, or a name that no folder
    /// in the PATH of containerd's process has.
    pub runc_absent: Option<Remote<String>>,
    /// The folders of the pod network.
    pub network: NetworkFolders,
    /// Its folder of images and containers.
    pub root: Remote<String>,
    /// Free space there, MiB; `None` = not known.
    pub free_mib: Option<u64>,
    /// `KillMode` of its unit: with `process` containers survive a restart; empty = systemd did not say.
    pub kill_mode: Remote<String>,
    /// Absolute path of crictl; empty = there is none.
    pub crictl: Remote<String>,
    /// `/run/containerd/containerd.sock` exists.
    pub socket: bool,
    /// CRI-O's socket exists.
    pub crio: bool,
    /// cri-dockerd's socket exists.
    pub cri_dockerd: bool,
    /// Packets on a bridge pass iptables; `None` = the kernel has no such switch: br_netfilter is not loaded.
    pub bridge_iptables: Option<bool>,
    /// The kernel has overlayfs now.
    pub overlay: bool,
}

/// The file that containerd reads first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerdFile {
    /// Absolute path: what its unit names, else `/etc/containerd/config.toml`.
    pub path: Remote<String>,
    /// Its text, at most 64 KiB; `None` = there is no such file, or it could not be read.
    pub text: Option<Remote<String>>,
    /// Why it could not be read; empty = it was, or there is none.
    pub error: Remote<String>,
    /// Its mode lets nobody but its owner and group read it.
    pub private: bool,
}

/// A plugin of containerd that belongs to its CRI.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CriPlugin {
    /// `io.containerd.grpc.v1`, or `io.containerd.cri.v1` since 2.0.
    pub kind: Remote<String>,
    /// `cri`, `images` or `runtime`.
    pub id: Remote<String>,
    /// `ok`, `error` or `skip`.
    pub status: Remote<String>,
    /// Why it did not load; empty = it did.
    pub reason: Remote<String>,
}

/// The folders in which CRI looks for the pod network.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkFolders {
    /// Folder of the configurations.
    pub conf_dir: Remote<String>,
    /// What lies there, by name: at most 16 files.
    pub files: Vec<NetworkFile>,
    /// There are more than that.
    pub more: bool,
    /// Folders of the plugins.
    pub bin_dirs: Vec<Remote<String>>,
    /// Names of the programs in them.
    pub programs: Vec<Remote<String>>,
}

/// A configuration of a pod network.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkFile {
    /// Its name in the folder.
    pub name: Remote<String>,
    /// Its text, at most 64 KiB.
    pub text: Remote<String>,
    /// It is larger than what was read.
    pub cut: bool,
}
