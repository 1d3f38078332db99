//! Actions are data. A step returns a list of these and never runs anything; one function turns an action into
//! shell text, and the plan, the journal, the undo and the execution all read that one list. On a host the
//! shell shown is what runs: its words such as `put` are functions of `assets/host/prelude.sh`, which
//! `gangplank plan --functions` prints below the actions.

mod certificate;
mod content;
mod inverse;
mod program;
mod shell;
mod shell_text;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::plan::runtime_fact::RuntimeKind;
use crate::plan::written::{RunFolder, Written};

pub use certificate::{CertificateSpec, KeyAlgorithm};
pub use content::{Content, SecretRef, Slot, sha256};
pub use inverse::Risk;
pub use program::ProgramTrial;
pub use shell_text::{Piece, ShellText};

/// What systemd shall do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verb {
    /// Read the unit files again.
    DaemonReload,
    /// Start at boot (reads the unit files again too).
    Enable,
    /// Do not start at boot.
    Disable,
    /// Start it now.
    Start,
    /// Stop and start.
    Restart,
    /// Stop it now.
    Stop,
}

impl Verb {
    /// systemctl's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::DaemonReload => "daemon-reload",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Start => "start",
            Self::Restart => "restart",
            Self::Stop => "stop",
        }
    }
}

/// A text of the program, such as a mode.
type FixedText = &'static str;

/// Reads a text of the program back: it is one of those that actions are made with.
fn fixed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FixedText, D::Error> {
    let text = String::deserialize(deserializer)?;
    FIXED
        .into_iter()
        .find(|known| *known == text)
        .ok_or_else(|| D::Error::custom(format!("no action has {text}")))
}

/// Modes and owners that actions are made with.
const FIXED: [FixedText; 6] = ["0755", "0644", "0600", "0700", "root:root", "-"];

/// One thing that is done to a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// A folder, with its parents.
    MakeDir {
        /// Absolute path.
        path: String,
        /// Octal, with a leading zero.
        #[serde(deserialize_with = "fixed")]
        mode: FixedText,
    },
    /// A private key, made where it stays.
    MakeKey {
        /// Absolute path; mode 0600.
        path: String,
        /// Algorithm and size of the key.
        kind: KeyAlgorithm,
    },
    /// A certificate signing request, brought back.
    MakeCsr {
        /// The key's path.
        key: String,
        /// What it asks for.
        wish: CertificateSpec,
        /// Where the CSR goes.
        out: Slot,
    },
    /// A certificate, signed where the CA is.
    Sign {
        /// The CSR.
        csr: Slot,
        /// Path of the key on the worker: its public half must be the CSR's.
        key: String,
        /// What the certificate says.
        wish: CertificateSpec,
        /// Where the certificate goes.
        out: Slot,
    },
    /// A file: temporary name beside it, mode and owner, then the rename.
    Put {
        /// Absolute path.
        path: String,
        /// What goes in.
        content: Content,
        /// Octal, with a leading zero.
        #[serde(deserialize_with = "fixed")]
        mode: FixedText,
        /// `root:root`; `-` = whoever writes it.
        #[serde(deserialize_with = "fixed")]
        owner: FixedText,
    },
    /// Images out of a tar that is on the host.
    LoadImage {
        /// The tar there.
        tar: String,
        /// Names it brings that are missing now.
        names: Vec<String>,
        /// The runtime that does it; `None` = the host finds out by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        runtime: Option<RuntimeKind>,
    },
    /// Images out of a tar that is sent from here.
    SendImage {
        /// The tar, with hash and size.
        tar: Content,
        /// Names it brings that are missing now.
        names: Vec<String>,
        /// The runtime that does it; `None` = the host finds out by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        runtime: Option<RuntimeKind>,
    },
    /// A program, sent to where it waits until all that come with it were tried.
    SendProgram {
        /// Its name.
        name: String,
        /// The file here, with its hash.
        program: Content,
        /// Its size in bytes.
        size: u64,
    },
    /// Programs that wait are started for their version; nothing is put in place unless all are as wanted.
    TryPrograms {
        /// Which, and what is wanted of each.
        programs: Vec<ProgramTrial>,
        /// The configuration that a containerd among them must read; `None` = none need be.
        config: Option<String>,
    },
    /// A program that waits becomes what is at a path; a copy of the old one is kept.
    PlaceProgram {
        /// Its name.
        name: String,
        /// SHA-256, lower-case hex.
        sha256: String,
        /// Absolute path.
        path: String,
        /// What becomes of the one that runs, in words; empty = none does.
        effect: String,
    },
    /// A systemd service.
    Service {
        /// What to do.
        verb: Verb,
        /// The unit; empty for daemon-reload.
        unit: String,
    },
    /// The containers of a static pod again, because a file they read once has changed.
    RestartPod {
        /// Container name.
        container: String,
        /// The runtime that does it; `None` = the host finds out by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        runtime: Option<RuntimeKind>,
    },
    /// A file of ours that must not be there any more; a copy is kept.
    Remove {
        /// Absolute path.
        path: String,
    },
    /// Lets the kubelet read the configuration it would get, without starting it; nothing of its own is touched.
    CheckKubelet {
        /// The program, absolute path.
        program: String,
        /// The configuration file it would get.
        config: Content,
        /// The flags it would be started with, but for the one that names the file.
        flags: Vec<String>,
    },
    /// Waits until a kubelet that was restarted is up; if it is not within 20 s, the files of this run that it reads are put
    /// back as they were and it is started again.
    ProveKubelet {
        /// The port of its health check on loopback; 0 = it has none.
        port: u16,
        /// What is put back, absolute paths, where this run changed it.
        back: Vec<String>,
    },
    /// A setting of the kernel, now; a file of its own sets it at the next start.
    SetSysctl {
        /// Its name, such as `net.ipv4.ip_forward`.
        key: String,
        /// The value.
        value: String,
    },
    /// A module of the kernel, now; a file of its own names it for the next start. Undo leaves it loaded.
    LoadModule {
        /// Its name, such as `br_netfilter`.
        name: String,
    },
    /// Undo: a setting of the kernel as it was, when it is still the one that was set.
    UndoSysctl {
        /// Its name, such as `net.ipv4.ip_forward`.
        key: String,
        /// What it was.
        old: String,
        /// What was set; another value is left alone.
        new: String,
    },
    /// Undo: says that a module stays loaded, for something else may use it by now.
    KeepModule {
        /// Its name, such as `br_netfilter`.
        name: String,
    },
    /// Writes down that somebody else's kubelet was there before, so that undo does not clean up after it.
    NoteForeign {
        /// Unit name.
        unit: String,
    },
    /// Writes down in the host's record that the node was not in the API before, so that undo deletes it.
    NoteNode {
        /// Node name.
        name: String,
        /// The API could not be asked: by its age undo will tell whether it was new.
        unknown: bool,
    },
    /// An API object: created, or changed where it differs.
    KubeApply {
        /// The object.
        object: Value,
    },
    /// kubectl's own configuration command, run here.
    Kubectl {
        /// Arguments after `kubectl`.
        args: Vec<String>,
    },
    /// Undo: the file as it was, when it is still the one we wrote.
    RestoreFile {
        /// Absolute path.
        path: String,
        /// Run whose folder holds the old content.
        run: RunFolder,
        /// Old content.
        old: String,
        /// Our content; another one is left alone.
        new: Written,
        /// Mode and owner it had, `644 root:root`.
        mode: String,
    },
    /// Undo: removes what we made, when it is still what we wrote.
    UndoCreate {
        /// Absolute path.
        path: String,
        /// Our content; another one is left alone.
        new: Written,
    },
    /// Undo: removes a folder we made, when it is empty.
    UndoMakeDir {
        /// Absolute path.
        path: String,
    },
    /// Undo: removes an image that was absent before.
    UndoLoadImage {
        /// Name of the image, `repository:tag`.
        name: String,
        /// The runtime that does it; `None` = the host finds out by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        runtime: Option<RuntimeKind>,
    },
    /// Undo: removes the containers of the pods the kubelet started and kube-proxy's rules.
    CleanPods {
        /// The runtime that does it; `None` = the host finds out by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        runtime: Option<RuntimeKind>,
    },
    /// Undo: removes a node object.
    KubeDelete {
        /// API path.
        path: String,
        /// It must still be this object.
        uid: Option<String>,
    },
    /// Undo: removes the run's folder with its record.
    DeleteRecord {
        /// Run id.
        run: String,
    },
    /// Shell of our own making that is not an action on a worker, such as signing on the CA host.
    Script {
        /// What it is for.
        title: String,
        /// POSIX sh; reads its secret lines from descriptor 4.
        text: String,
        /// Given on descriptor 4, a line each.
        secrets: Vec<SecretRef>,
    },
}

impl Action {
    /// What it does, in a few words.
    pub fn title(&self) -> String {
        match self {
            Self::MakeDir { path, .. } => format!("make folder {path}"),
            Self::MakeKey { path, kind } => format!("make key {path} ({})", kind.word()),
            Self::MakeCsr { key, .. } => format!("make a signing request for {key}"),
            Self::Sign { wish, .. } => format!("sign {}", wish.subject()),
            Self::Put { path, .. } => format!("write {path}"),
            Self::LoadImage { tar, names, .. } => format!("load {} from {tar}", names.join(", ")),
            Self::SendImage { tar: Content::File { path, .. }, names, .. } => {
                format!("send and load {} from {}", names.join(", "), path.display())
            }
            Self::SendImage { names, .. } => format!("send and load {}", names.join(", ")),
            Self::SendProgram { name, program, size } => program::sending(name, program, *size),
            Self::TryPrograms { programs, .. } => program::trying(programs),
            Self::PlaceProgram { path, effect, .. } if effect.is_empty() => format!("put {path} in place"),
            Self::PlaceProgram { path, effect, .. } => format!("replace {path} ({effect})"),
            Self::Service { verb, unit } => format!("systemctl {} {unit}", verb.word()).trim_end().to_owned(),
            Self::RestartPod { container, .. } => format!("restart the {container} container"),
            Self::CheckKubelet { .. } => {
                "let the kubelet read its new configuration without starting".to_owned()
            }
            Self::ProveKubelet { .. } => {
                "wait until the kubelet is up, else put its old files back and restart it".to_owned()
            }
            Self::SetSysctl { key, value } => format!("set {key} to {value}"),
            Self::LoadModule { name } => format!("load kernel module {name}"),
            Self::UndoSysctl { key, old, .. } => format!("set {key} back to {old}"),
            Self::KeepModule { name } => format!("leave kernel module {name} loaded until the next start"),
            Self::NoteForeign { unit } => format!("note that another {unit} was there before"),
            Self::NoteNode { name, unknown: false } => format!("note that node {name} is new"),
            Self::NoteNode { name, unknown: true } => format!("note that node {name} may be new"),
            Self::KubeApply { object } => format!("apply {}", object_name(object)),
            Self::Kubectl { args } => {
                format!("kubectl {}", shell_words::join(args.iter().take(3)))
            }
            Self::RestoreFile { path, .. } => format!("put back {path}"),
            Self::Remove { path } | Self::UndoCreate { path, .. } => format!("remove {path}"),
            Self::UndoMakeDir { path } => format!("remove folder {path} if it is empty"),
            Self::UndoLoadImage { name, .. } => format!("remove image {name}"),
            Self::CleanPods { .. } => "remove the kubelet's containers and kube-proxy's rules".to_owned(),
            Self::KubeDelete { path, .. } => format!("delete {path}"),
            Self::DeleteRecord { run } => format!("remove the record of run {run}"),
            Self::Script { title, .. } => title.clone(),
        }
    }

    /// The value it brings back.
    pub fn yields(&self) -> Option<&Slot> {
        match self {
            Self::MakeCsr { out, .. } | Self::Sign { out, .. } => Some(out),
            Self::MakeDir { .. }
            | Self::MakeKey { .. }
            | Self::Put { .. }
            | Self::LoadImage { .. }
            | Self::SendImage { .. }
            | Self::SendProgram { .. }
            | Self::TryPrograms { .. }
            | Self::PlaceProgram { .. }
            | Self::Service { .. }
            | Self::RestartPod { .. }
            | Self::Remove { .. }
            | Self::CheckKubelet { .. }
            | Self::ProveKubelet { .. }
            | Self::SetSysctl { .. }
            | Self::LoadModule { .. }
            | Self::UndoSysctl { .. }
            | Self::KeepModule { .. }
            | Self::NoteForeign { .. }
            | Self::NoteNode { .. }
            | Self::KubeApply { .. }
            | Self::Kubectl { .. }
            | Self::RestoreFile { .. }
            | Self::UndoCreate { .. }
            | Self::UndoMakeDir { .. }
            | Self::UndoLoadImage { .. }
            | Self::CleanPods { .. }
            | Self::KubeDelete { .. }
            | Self::DeleteRecord { .. }
            | Self::Script { .. } => None,
        }
    }

    /// The content it carries.
    pub fn content(&self) -> Option<&Content> {
        match self {
            Self::Put { content, .. }
            | Self::SendImage { tar: content, .. }
            | Self::SendProgram { program: content, .. }
            | Self::CheckKubelet { config: content, .. } => Some(content),
            _ => None,
        }
    }

    /// The path it writes.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::MakeDir { path, .. }
            | Self::MakeKey { path, .. }
            | Self::Put { path, .. }
            | Self::PlaceProgram { path, .. }
            | Self::Remove { path } => Some(path),
            _ => None,
        }
    }
}

/// `Service kube-system/kube-dns`.
pub fn object_name(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (kind, space, name) = (text("/kind"), text("/metadata/namespace"), text("/metadata/name"));
    if space.is_empty() { format!("{kind} {name}") } else { format!("{kind} {space}/{name}") }
}
