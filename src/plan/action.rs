//! Actions are data. A step returns a list of these and never runs anything; one function turns an action into
//! shell text, and the plan, the journal, the undo and the execution all read that one list. On a host the
//! shell shown is what runs: its words such as `put` are functions of `assets/host/prelude.sh`, which
//! `gangplank plan --functions` prints below the actions.
//!
//! It is long because the closed set of actions and everything that is read from it stand together.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::fact::Facts;

/// The place of a value that does not exist yet, such as `certificate of w1 kubelet`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot(pub String);

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What goes into a file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// These bytes.
    Literal(#[serde(with = "super::mark")] Vec<u8>),
    /// A value that an earlier action brings.
    Later(Slot),
    /// A file on this computer.
    File {
        /// The file.
        path: PathBuf,
        /// The SHA-256 it must have, lower-case hex; `None` = whatever it has when it is sent.
        sha256: Option<String>,
    },
    /// A value of the vault; only the host layer reads it.
    Secret(SecretRef),
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(bytes) => write!(f, "Literal({} bytes)", bytes.len()),
            Self::Later(slot) => write!(f, "Later({slot})"),
            Self::File { path, .. } => write!(f, "File({})", path.display()),
            Self::Secret(secret) => write!(f, "Secret({secret})"),
        }
    }
}

/// Names a secret in the vault; never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SecretRef {
    /// Passphrase of the CA's key.
    Ca,
    /// Password for sudo on a host (`user@host:port`).
    Sudo(String),
    /// Password for the SSH login of a host.
    Ssh(String),
    /// Passphrase of a key file.
    Key(PathBuf),
    /// A private key made in memory, by label.
    Made(String),
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ca => f.write_str("passphrase of the CA key"),
            Self::Sudo(host) => write!(f, "sudo password on {host}"),
            Self::Ssh(host) => write!(f, "SSH password of {host}"),
            Self::Key(path) => write!(f, "passphrase of {}", path.display()),
            Self::Made(label) => write!(f, "{label}"),
        }
    }
}

/// Key kinds made by gangplank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyAlgorithm {
    /// RSA with 2048 bits, as in the post.
    Rsa2048,
    /// NIST P-256.
    P256,
}

impl KeyAlgorithm {
    /// The word the prelude takes.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa2048",
            Self::P256 => "p256",
        }
    }
}

/// What a certificate shall say; ours, whatever the CSR asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateSpec {
    /// Common name.
    pub cn: String,
    /// Organizations (groups for the API server from Kubernetes 1.4 on).
    pub organizations: Vec<String>,
    /// IP addresses of the SAN.
    pub ips: Vec<IpAddr>,
    /// DNS names of the SAN.
    pub names: Vec<String>,
    /// Extended key usage clientAuth.
    pub client: bool,
    /// Extended key usage serverAuth.
    pub server: bool,
    /// Life in days.
    pub days: u32,
}

impl CertificateSpec {
    /// The subject as `openssl -subj` takes it.
    pub fn subject(&self) -> String {
        let escape = |text: &str| text.replace('\\', "\\\\").replace('/', "\\/");
        let mut out = String::new();
        for organization in &self.organizations {
            out.push_str("/O=");
            out.push_str(&escape(organization));
        }
        out.push_str("/CN=");
        out.push_str(&escape(&self.cn));
        out
    }

    /// The SAN as openssl's configuration takes it; empty when there is none.
    pub fn san(&self) -> String {
        let names = self.names.iter().map(|name| format!("DNS:{name}"));
        let ips = self.ips.iter().map(|ip| format!("IP:{ip}"));
        names.chain(ips).collect::<Vec<_>>().join(",")
    }
}

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
    },
    /// Images out of a tar that is sent from here.
    SendImage {
        /// The tar, with hash and size.
        tar: Content,
        /// Names it brings that are missing now.
        names: Vec<String>,
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
    },
    /// A file of ours that must not be there any more; a copy is kept.
    Remove {
        /// Absolute path.
        path: String,
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
        run: String,
        /// Old content.
        old: String,
        /// Our content; another one is left alone.
        new: String,
        /// Mode and owner it had, `644 root:root`.
        mode: String,
    },
    /// Undo: removes what we made, when it is still what we wrote.
    UndoCreate {
        /// Absolute path.
        path: String,
        /// Our content; another one is left alone.
        new: String,
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
    },
    /// Undo: removes the containers of the pods the kubelet started and kube-proxy's rules.
    CleanPods,
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

/// How much an action can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Adds something.
    Adds,
    /// Changes something; the old is kept.
    Changes,
    /// Cannot be taken back.
    Final,
}

/// A piece of shell text.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// As it is.
    Text(String),
    /// `BYTES SHA256` of a content that follows on descriptor 3.
    Payload(Content),
    /// A value not known yet, or a secret: shown by its name.
    Hole(String),
}

/// Shell text as a list of pieces, so redaction is by type and not by search.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShellText(pub Vec<Piece>);

impl fmt::Display for ShellText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => f.write_str(text)?,
                Piece::Payload(Content::Literal(bytes)) => {
                    write!(f, "{} {}", bytes.len(), crate::plan::action::sha256(bytes))?;
                }
                Piece::Payload(Content::File { path, sha256 }) => {
                    write!(
                        f,
                        "<size of {}> {}",
                        path.display(),
                        sha256.as_deref().unwrap_or("<its SHA-256>")
                    )?;
                }
                Piece::Payload(Content::Later(slot)) => write!(f, "<{slot}>")?,
                Piece::Payload(Content::Secret(secret)) => write!(f, "<{secret}>")?,
                Piece::Hole(name) => write!(f, "<{name}>")?,
            }
        }
        Ok(())
    }
}

/// SHA-256 in lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    super::hex::encode(&openssl::sha::sha256(bytes))
}

fn words(list: &[&str]) -> Piece {
    Piece::Text(shell_words::join(list))
}

/// The same by hand with `openssl ca`'s simpler sister. Ours sets the subject and the start too.
fn sign_by_hand(csr: &Slot, wish: &CertificateSpec, out: &Slot) -> Vec<Piece> {
    let mut lines =
        vec!["basicConstraints=CA:FALSE".to_owned(), "keyUsage=digitalSignature,keyEncipherment".to_owned()];
    let purposes: Vec<&str> = [(wish.client, "clientAuth"), (wish.server, "serverAuth")]
        .iter()
        .filter(|(on, _)| *on)
        .map(|(_, name)| *name)
        .collect();
    if !purposes.is_empty() {
        lines.push(format!("extendedKeyUsage={}", purposes.join(",")));
    }
    if !wish.san().is_empty() {
        lines.push(format!("subjectAltName={}", wish.san()));
    }
    let mut words = vec!["printf", "%s\\n"];
    words.extend(lines.iter().map(String::as_str));
    vec![
        Piece::Text(format!("{} > extensions\n", shell_words::join(words))),
        Piece::Text("openssl x509 -req -in ".to_owned()),
        Piece::Hole(csr.0.clone()),
        Piece::Text(format!(
            " -CA ca.crt -CAkey ca.key -CAcreateserial -sha256 -days {} -extfile extensions -out ",
            wish.days
        )),
        Piece::Hole(out.0.clone()),
    ]
}

impl Action {
    /// The shell text: on a host, what runs; for work done in Rust, the same by hand.
    pub fn shell(&self) -> ShellText {
        ShellText(match self {
            Self::MakeDir { path, mode } => vec![words(&["make_dir", path, mode])],
            Self::MakeKey { path, kind } => vec![words(&["make_key", path, kind.word()])],
            Self::MakeCsr { key, wish, .. } => vec![words(&["make_csr", key, &wish.subject(), &wish.san()])],
            Self::Sign { csr, wish, out, .. } => sign_by_hand(csr, wish, out),
            Self::Put { path, content, mode, owner } => vec![
                words(&["put", path, mode, owner]),
                Piece::Text(" ".to_owned()),
                Piece::Payload(content.clone()),
            ],
            Self::LoadImage { tar, names } => {
                let mut list = vec!["load_image", tar.as_str()];
                list.extend(names.iter().map(String::as_str));
                vec![words(&list)]
            }
            Self::SendImage { tar, names } => {
                let list: Vec<&str> = names.iter().map(String::as_str).collect();
                vec![
                    Piece::Text("load_sent ".to_owned()),
                    Piece::Payload(tar.clone()),
                    Piece::Text(" ".to_owned()),
                    words(&list),
                ]
            }
            Self::Service { verb, unit } if unit.is_empty() => vec![words(&["service", verb.word()])],
            Self::Service { verb, unit } => vec![words(&["service", verb.word(), unit])],
            Self::RestartPod { container } => vec![words(&["restart_pod", container])],
            Self::Remove { path } => vec![words(&["remove_file", path])],
            Self::NoteForeign { unit } => vec![words(&["note", "foreign", unit, "", "", ""])],
            Self::NoteNode { name, unknown } => {
                let kind = if *unknown { "node-unknown" } else { "node" };
                vec![words(&["note", kind, name, "", "", ""])]
            }
            Self::KubeApply { object } => {
                vec![Piece::Text(format!("kubectl apply --validate=false -f - <<'EOF'\n{object:#}\nEOF"))]
            }
            Self::Kubectl { args } => {
                let mut list = vec!["kubectl"];
                list.extend(args.iter().map(String::as_str));
                vec![words(&list)]
            }
            Self::RestoreFile { path, run, old, new, mode } => {
                vec![words(&["put_back", path, run, old, new, mode])]
            }
            Self::UndoCreate { path, new } => vec![words(&["take_away", path, new])],
            Self::UndoMakeDir { path } => vec![words(&["take_dir", path])],
            Self::UndoLoadImage { name } => vec![words(&["take_image", name])],
            Self::CleanPods => vec![words(&["clean_pods"])],
            Self::KubeDelete { path, .. } => {
                let what = path.trim_start_matches("/api/v1/").replace('/', " ");
                vec![Piece::Text(format!("kubectl delete {what}"))]
            }
            Self::DeleteRecord { run } => vec![words(&["forget", run])],
            Self::Script { text, .. } => vec![Piece::Text(text.clone())],
        })
    }

    /// What it does, in a few words.
    pub fn title(&self) -> String {
        match self {
            Self::MakeDir { path, .. } => format!("make folder {path}"),
            Self::MakeKey { path, kind } => format!("make key {path} ({})", kind.word()),
            Self::MakeCsr { key, .. } => format!("make a signing request for {key}"),
            Self::Sign { wish, .. } => format!("sign {}", wish.subject()),
            Self::Put { path, .. } => format!("write {path}"),
            Self::LoadImage { tar, names } => format!("load {} from {tar}", names.join(", ")),
            Self::SendImage { tar: Content::File { path, .. }, names } => {
                format!("send and load {} from {}", names.join(", "), path.display())
            }
            Self::SendImage { names, .. } => format!("send and load {}", names.join(", ")),
            Self::Service { verb, unit } => format!("systemctl {} {unit}", verb.word()).trim_end().to_owned(),
            Self::RestartPod { container } => format!("restart the {container} container"),
            Self::NoteForeign { unit } => format!("note that another {unit} was there before"),
            Self::NoteNode { name, unknown: false } => format!("note that node {name} is new"),
            Self::NoteNode { name, unknown: true } => format!("note that node {name} may be new"),
            Self::KubeApply { object } => format!("apply {}", object_name(object)),
            Self::Kubectl { args } => {
                format!("kubectl {}", args.iter().take(3).cloned().collect::<Vec<_>>().join(" "))
            }
            Self::RestoreFile { path, .. } => format!("put back {path}"),
            Self::Remove { path } | Self::UndoCreate { path, .. } => format!("remove {path}"),
            Self::UndoMakeDir { path } => format!("remove folder {path} if it is empty"),
            Self::UndoLoadImage { name } => format!("remove image {name}"),
            Self::CleanPods => "remove the kubelet's containers and kube-proxy's rules".to_owned(),
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
            | Self::Service { .. }
            | Self::RestartPod { .. }
            | Self::Remove { .. }
            | Self::NoteForeign { .. }
            | Self::NoteNode { .. }
            | Self::KubeApply { .. }
            | Self::Kubectl { .. }
            | Self::RestoreFile { .. }
            | Self::UndoCreate { .. }
            | Self::UndoMakeDir { .. }
            | Self::UndoLoadImage { .. }
            | Self::CleanPods
            | Self::KubeDelete { .. }
            | Self::DeleteRecord { .. }
            | Self::Script { .. } => None,
        }
    }

    /// The content it carries.
    pub fn content(&self) -> Option<&Content> {
        match self {
            Self::Put { content, .. } | Self::SendImage { tar: content, .. } => Some(content),
            _ => None,
        }
    }

    /// The path it writes.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::MakeDir { path, .. }
            | Self::MakeKey { path, .. }
            | Self::Put { path, .. }
            | Self::Remove { path } => Some(path),
            _ => None,
        }
    }

    /// How much it can break, given what is there now.
    pub fn risk(&self, facts: &Facts) -> Risk {
        match self {
            Self::Sign { .. } => Risk::Final,
            Self::Put { path, .. } | Self::Remove { path }
                if matches!(facts.file(path).yes(), Some(Some(_))) =>
            {
                Risk::Changes
            }
            Self::MakeKey { path, .. } if matches!(facts.key(path).yes(), Some(Some(_))) => Risk::Changes,
            Self::Service { verb: Verb::Restart | Verb::Stop | Verb::Disable, .. } => Risk::Changes,
            _ => Risk::Adds,
        }
    }

    /// What would take it back, given what is there now; empty when nothing needs to or nothing can.
    pub fn inverse(&self, before: &Facts) -> Vec<Action> {
        let was = |path: &str| match before.file(path).yes() {
            Some(Some(file)) => Some((file.sha256.clone(), format!("{} {}", file.mode, file.owner))),
            Some(None) | None => match before.key(path).yes() {
                Some(Some(key)) => Some((key.sha256.clone(), format!("{} {}", key.mode, key.owner))),
                Some(None) | None => None,
            },
        };
        match self {
            Self::MakeDir { path, .. } => vec![Self::UndoMakeDir { path: path.clone() }],
            Self::MakeKey { path, .. } | Self::Put { path, .. } => {
                let new = match self.content() {
                    Some(Content::Literal(bytes)) => sha256(bytes),
                    Some(Content::File { sha256: Some(sha256), .. }) => sha256.clone(),
                    Some(Content::File { sha256: None, .. } | Content::Later(_) | Content::Secret(_))
                    | None => "<its hash>".to_owned(),
                };
                match was(path) {
                    Some((old, mode)) => {
                        vec![Self::RestoreFile {
                            path: path.clone(),
                            run: "<this run>".to_owned(),
                            old,
                            new,
                            mode,
                        }]
                    }
                    None => vec![Self::UndoCreate { path: path.clone(), new }],
                }
            }
            Self::Remove { path } => match was(path) {
                Some((old, mode)) => {
                    let (run, new) = ("<this run>".to_owned(), String::new());
                    vec![Self::RestoreFile { path: path.clone(), run, old, new, mode }]
                }
                None => Vec::new(),
            },
            Self::LoadImage { names, .. } | Self::SendImage { names, .. } => {
                names.iter().map(|name| Self::UndoLoadImage { name: name.clone() }).collect()
            }
            Self::Service { verb: Verb::Enable, unit } => {
                vec![Self::Service { verb: Verb::Disable, unit: unit.clone() }]
            }
            Self::Service { verb: Verb::Start, unit } => {
                vec![Self::Service { verb: Verb::Stop, unit: unit.clone() }, Self::CleanPods]
            }
            Self::NoteNode { name, .. } => {
                vec![Self::KubeDelete { path: format!("/api/v1/nodes/{name}"), uid: None }]
            }
            _ => Vec::new(),
        }
    }
}

/// `Service kube-system/kube-dns`.
pub fn object_name(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (kind, space, name) = (text("/kind"), text("/metadata/namespace"), text("/metadata/name"));
    if space.is_empty() { format!("{kind} {name}") } else { format!("{kind} {space}/{name}") }
}
