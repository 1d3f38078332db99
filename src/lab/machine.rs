//! The state of one machine: files, folders, units, containers, what it is made of. It does only what a file
//! system does; what actions mean is in `act`, what questions see in `facts`.

use std::collections::BTreeMap;

use crate::lab::faults::{Fault, Faults};
use crate::lab::node::NodeLogin;
use crate::plan::action::sha256;
use crate::plan::fact::ImageFact;
use crate::plan::runtime_fact::RuntimeKind;

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabFile {
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Octal, without leading zero.
    pub mode: String,
    /// User and group, `root:root`.
    pub owner: String,
}

/// A systemd unit as systemd has loaded it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabUnit {
    /// It starts at boot.
    pub enabled: bool,
    /// It was started and not stopped.
    pub active: bool,
    /// The unit file's text as systemd read it last; `None` = never.
    pub loaded: Option<Vec<u8>>,
    /// It needs no file of ours: `docker`, `containerd`, `flanneld`.
    pub builtin: bool,
}

/// A container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabContainer {
    /// 64 hex digits.
    pub id: String,
    /// Image name.
    pub image: String,
    /// Command line.
    pub command: String,
    /// Its name.
    pub name: String,
    /// Manifest it comes from, or `cluster`.
    pub manifest: String,
    /// SHA-256 of that manifest.
    pub manifest_sha256: String,
    /// When it was made, milliseconds of the lab.
    pub created: u64,
    /// When it was started last, milliseconds of the lab.
    pub started: u64,
}

/// A `docker save` tar that lies somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabTar {
    /// Images in it.
    pub images: Vec<ImageFact>,
    /// Its size in bytes.
    pub size: u64,
}

/// What a machine is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// `PRETTY_NAME` of `/etc/os-release`.
    pub os: String,
    /// `uname -n`.
    pub hostname: String,
    /// Addresses of its interfaces.
    pub addresses: Vec<String>,
    /// Login user; any other than `root` works below sudo.
    pub user: String,
    /// The password sudo asks for; `None` = it asks for none.
    pub sudo_password: Option<String>,
    /// SSH port.
    pub port: u16,
    /// `openssl version`; empty = none.
    pub openssl: String,
    /// Docker's version; empty = none.
    pub docker: String,
    /// containerd's version, which then runs the containers; empty = none.
    pub containerd: String,
    /// It has crictl.
    pub crictl: bool,
    /// Docker's, `cgroupfs` or `systemd`; containerd has it in its configuration.
    pub cgroup_driver: String,
    /// 1 or 2.
    pub cgroup: u8,
    /// Swap is on.
    pub swap: bool,
    /// Free space in MiB of `/`.
    pub free_mib: u64,
    /// What its kubelet binary prints, `v1.2.2`; empty = there is none.
    pub kubelet: String,
    /// TCP ports with a listener, beside those of services.
    pub listening: Vec<u16>,
    /// DNS tools it has.
    pub dns_tools: Vec<String>,
    /// What `net.ipv4.ip_forward` is set to.
    pub ip_forward: bool,
}

impl Default for Build {
    fn default() -> Self {
        Self {
            os: "Debian GNU/Linux 12 (bookworm)".to_owned(),
            hostname: String::new(),
            addresses: Vec::new(),
            user: "root".to_owned(),
            sudo_password: None,
            port: 22,
            openssl: "OpenSSL 3.0.15 3 Sep 2024".to_owned(),
            docker: "20.10.24".to_owned(),
            containerd: String::new(),
            crictl: false,
            cgroup_driver: "cgroupfs".to_owned(),
            cgroup: 1,
            swap: false,
            free_mib: 40_000,
            kubelet: "v1.2.2".to_owned(),
            listening: vec![22],
            dns_tools: Vec::new(),
            ip_forward: true,
        }
    }
}

/// What docker's configuration must say for a kubelet of 1.2.
const SHAREABLE: &[u8] = b"{\"default-ipc-mode\": \"shareable\"}\n";

/// The kubelet's process.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    /// When systemd started it, milliseconds of the lab.
    pub started: u64,
    /// When it was started last, by systemd itself.
    pub tried: u64,
    /// The files as they were then.
    pub files: BTreeMap<String, LabFile>,
    /// Since when it stays up.
    pub up: Option<u64>,
    /// Since when it talks to the API.
    pub talks: Option<u64>,
    /// Whether its node is Ready, and since when it is so or not.
    pub works: Option<(bool, u64)>,
    /// The name of its node, once that is there.
    pub node: Option<String>,
    /// It has registered its node, which it does once.
    pub registered: bool,
    /// Its certificate and what it talks to; an error ends it.
    pub login: std::cell::OnceCell<Result<NodeLogin, String>>,
    /// Why it ends or what it complains of; empty = nothing.
    pub journal: Vec<String>,
    /// It does not stay up.
    pub crashes: bool,
}

/// What containerd serves since it was started: its files are read then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServedCri {
    /// CRI is on.
    pub on: bool,
    /// Cgroups are made through systemd.
    pub systemd: bool,
    /// The image that every pod begins with.
    pub sandbox: String,
}

/// The kernel of a machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabKernel {
    /// `br_netfilter` is not loaded.
    pub no_bridge_filter: bool,
    /// Settings that are not 1.
    pub sysctls: BTreeMap<String, String>,
}

/// One machine.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "facts of their own, no states")]
pub struct LabMachine {
    /// What it is made of.
    pub build: Build,
    /// This computer: no owners, no units, its own folder for what is kept.
    pub here: bool,
    /// Absolute path of the folder that holds a folder for each run.
    pub state: String,
    /// Files by absolute path.
    pub files: BTreeMap<String, LabFile>,
    /// Folders: mode by absolute path.
    pub folders: BTreeMap<String, String>,
    /// Units by name without `.service`.
    pub units: BTreeMap<String, LabUnit>,
    /// The images that its runtime lists.
    pub images: Vec<ImageFact>,
    /// Running containers.
    pub containers: Vec<LabContainer>,
    /// kube-proxy has written rules.
    pub rules: bool,
    /// Tars by path.
    pub tars: BTreeMap<String, LabTar>,
    /// What containerd serves; `None` = there is none, or it did not come up.
    pub(crate) cri: Option<ServedCri>,
    /// What its kernel does for pods.
    pub kernel: LabKernel,
    /// How often the containers of a manifest were made.
    pub(crate) made: BTreeMap<String, u64>,
    pub(crate) process: Option<Process>,
    pub(crate) faults: Faults,
    pub(crate) counts: crate::host::WireCounts,
    pub(crate) streams: usize,
    /// The runtime that was named for its live stream last.
    pub stream_runtime: Option<RuntimeKind>,
    /// Connections of a lower generation are dead.
    pub(crate) generation: u64,
    pub(crate) connected: bool,
    /// Undo left something alone in this batch.
    pub(crate) left: bool,
    /// Who works on it, and since when.
    pub lock: Option<(crate::host::HostLock, i64)>,
}

/// What undo must bring back: everything but times and running processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    files: BTreeMap<String, LabFile>,
    folders: BTreeMap<String, String>,
    units: BTreeMap<String, (bool, bool)>,
    images: Vec<ImageFact>,
    containers: Vec<String>,
    rules: bool,
}

impl LabMachine {
    /// It was made a worker: there is a unit for its kubelet.
    pub fn is_worker(&self) -> bool {
        self.files.contains_key("/etc/systemd/system/kubelet.service")
    }

    /// A machine with the folders every Linux has.
    pub fn new(build: Build) -> Self {
        let mut machine = Self { build, state: "/var/lib/gangplank".to_owned(), ..Self::default() };
        for folder in
            ["/etc/systemd/system", "/etc/sysctl.d", "/etc/modules-load.d", "/usr/local/bin", "/root", "/tmp"]
        {
            machine.folders_to(folder);
        }
        machine.write("/etc/resolv.conf", b"nameserver 10.0.0.2\n", "644", "root:root");
        if machine.has_containerd() {
            machine.folders_to("/var/lib/containerd");
        } else {
            machine.folders_to("/var/lib/docker");
        }
        if !machine.build.docker.is_empty() {
            let docker = LabUnit { enabled: true, active: true, loaded: None, builtin: true };
            machine.units.insert("docker".to_owned(), docker);
            machine.write("/etc/docker/daemon.json", SHAREABLE, "644", "root:root");
        }
        if !machine.build.kubelet.is_empty() {
            let bytes = format!("kubelet {}\n", machine.build.kubelet).into_bytes();
            machine.write(crate::profile::KUBELET, &bytes, "755", "root:root");
        }
        machine
    }

    /// The operator's computer, with a home folder and one for what is kept.
    pub fn here(home: &str, state: &str) -> Self {
        let mut machine = Self { here: true, state: state.to_owned(), ..Self::default() };
        machine.folders_to(home);
        machine
    }

    /// Login and address, `root@10.0.0.11:22`.
    pub fn describe(&self) -> String {
        if self.here {
            return "this computer".to_owned();
        }
        let address = self.build.addresses.first().map_or(self.build.hostname.as_str(), String::as_str);
        format!("{}@{address}:{}", self.build.user, self.build.port)
    }

    /// A file as somebody before us left it, with its folders.
    pub fn write(&mut self, path: &str, bytes: &[u8], mode: &str, owner: &str) {
        self.folders_to(parent(path));
        let owner = if self.here { "-" } else { owner };
        let file = LabFile { bytes: bytes.to_vec(), mode: mode.to_owned(), owner: owner.to_owned() };
        self.files.insert(path.to_owned(), file);
    }

    fn folders_to(&mut self, path: &str) {
        let mut at = path;
        while !at.is_empty() && at != "/" {
            self.folders.entry(at.to_owned()).or_insert_with(|| "755".to_owned());
            at = parent(at);
        }
    }

    /// Everything undo must bring back.
    pub fn picture(&self) -> Picture {
        Picture {
            files: self.files.clone(),
            folders: self.folders.clone(),
            units: self
                .units
                .iter()
                .filter(|(_, unit)| unit.enabled || unit.active)
                .map(|(name, unit)| (name.clone(), (unit.enabled, unit.active)))
                .collect(),
            images: self.images.clone(),
            containers: self.containers.iter().map(|one| one.name.clone()).collect(),
            rules: self.rules,
        }
    }

    /// Whether its container runtime answers.
    pub fn runtime_runs(&self) -> bool {
        self.runtime().is_some_and(|runtime| {
            !self.faults.has(&Fault::RuntimeDown)
                && !self.faults.has(&Fault::RuntimeFrozen)
                && self.units.get(runtime.name()).is_some_and(|unit| unit.active)
        })
    }

    /// Whether such a fault is set.
    pub fn has_fault(&self, is: impl Fn(&Fault) -> bool) -> bool {
        self.faults.set.iter().any(is)
    }

    /// What the kubelet binary says, when there is one.
    pub fn kubelet(&self) -> Option<String> {
        if self.faults.has(&Fault::KubeletMissing) {
            return None;
        }
        let file = self.files.get(crate::profile::KUBELET)?;
        let own = String::from_utf8_lossy(&file.bytes).trim().trim_start_matches("kubelet ").to_owned();
        Some(self.faults.kubelet_version().map_or(own, str::to_owned))
    }

    /// A file as the running kubelet read it when it was started; `None` = it does not run or had none.
    pub fn kubelet_read(&self, path: &str) -> Option<&[u8]> {
        self.process.as_ref()?.files.get(path).map(|file| file.bytes.as_slice())
    }

    /// SHA-256 of a file.
    pub fn hash(&self, path: &str) -> Option<String> {
        self.files.get(path).map(|file| sha256(&file.bytes))
    }

    /// Names in a folder; `None` = there is none.
    pub fn names(&self, folder: &str) -> Option<Vec<String>> {
        let folder = if folder == "/" { "" } else { folder.trim_end_matches('/') };
        if !folder.is_empty() && !self.folders.contains_key(folder) {
            return None;
        }
        let inside = |path: &String| {
            let rest = path.strip_prefix(folder)?.strip_prefix('/')?;
            (!rest.is_empty() && !rest.contains('/')).then(|| rest.to_owned())
        };
        let mut names: Vec<String> =
            self.files.keys().chain(self.folders.keys()).filter_map(inside).collect();
        names.extend(self.tars.keys().filter_map(inside));
        names.sort();
        Some(names)
    }
}

/// The folder of a path.
pub(crate) fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((folder, _)) => folder,
    }
}

/// What is said of a connection that is gone.
pub(crate) fn lost(machine: Option<&LabMachine>) -> &'static str {
    if machine.is_some_and(|machine| machine.faults.has(&Fault::Unreachable)) {
        "the host does not answer any more"
    } else {
        "connection reset by peer"
    }
}
