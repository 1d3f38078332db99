//! One batch of actions and wants becomes one POSIX sh script; what comes back becomes action ends and
//! facts. The script prints a mark with a nonce before and after each action to both streams, and only
//! such a mark says that something was done. Nothing here talks to a machine.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::questions::questions;
use crate::limits;
use crate::plan::action::{Action, Content, KeyAlgorithm, Piece, SecretRef};
use crate::plan::fact::FactQuery;
use crate::plan::plan_field::PlanField;

/// The words the script is made of.
pub const PRELUDE: &str = concat!(
    include_str!("../../assets/host/prelude.sh"),
    include_str!("../../assets/host/runtime.sh"),
    include_str!("../../assets/host/docker.sh"),
    include_str!("../../assets/host/containerd.sh"),
    include_str!("../../assets/host/programs.sh"),
    include_str!("../../assets/host/kubelet.sh"),
    include_str!("../../assets/host/kernel.sh"),
    include_str!("../../assets/host/found.sh"),
);

/// Contents up to this size go with the script, so that only wishes travel while an action runs; a larger one
/// follows when its action asks for it.
const SMALL: u64 = 64 << 10;

/// What one exec does on a host: actions in order, then questions.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Done in order; the first that fails ends them.
    pub actions: Vec<Action>,
    /// Asked after the actions, also after a failed one.
    pub queries: Vec<FactQuery>,
    /// Names the folder on the host that holds old files and the record.
    pub run: String,
    /// Who works there, when nobody else may meanwhile.
    pub lock: Option<HostLock>,
}

/// Who works on a host: one operator at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostLock {
    /// Tells one run from all others.
    pub token: String,
    /// In words, for the others.
    pub who: String,
}

/// What a script does about the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockUse {
    /// Nothing: nobody asked for it, or it cannot be had.
    None,
    /// Takes it, and holds it after its end until the other side lets go.
    Take,
    /// Goes on only when it is still ours.
    Keep,
}

/// What follows the script on standard input.
pub enum Payload {
    /// Bytes of a file or a secret.
    Bytes(Zeroizing<Vec<u8>>),
    /// A file on this computer, sent in pieces.
    File {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
    },
}

impl Payload {
    /// Its size in bytes; of a file, as it was when the batch was made.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { size, .. } => *size,
        }
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A compiled batch.
pub struct Script {
    /// The script's text; holds no secret.
    pub text: String,
    /// The small contents: they follow at once, in order.
    pub small: Vec<Payload>,
    /// The large ones, each sent when the action of this index asks for it.
    pub large: BTreeMap<usize, Payload>,
}

/// The batch cannot be compiled: a value is missing.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum CompileError {
    /// A slot nobody filled.
    #[error("{0} is not there yet")]
    NotYet(String),
    /// A file of this computer cannot be read.
    #[error("{path}: {why}")]
    Unreadable {
        /// Where the plan names it.
        field: PlanField,
        /// The file.
        path: String,
        /// The system's words.
        why: String,
    },
    /// A file is not the one the plan names.
    #[error("{path} has SHA-256 {is}, and {want} was expected")]
    OtherHash {
        /// Where the plan names it.
        field: PlanField,
        /// The file.
        path: String,
        /// In the plan.
        want: String,
        /// In truth.
        is: String,
    },
    /// A secret nobody gave.
    #[error("no {0} was given")]
    NoSecret(SecretRef),
}

/// Compiles a batch. The `first` script of a shell brings the words with it; those behind it go to the same shell.
/// `secret` looks a secret up in the vault.
pub fn compile(
    batch: &Batch,
    nonce: &str,
    lock: LockUse,
    first: bool,
    secret: &dyn Fn(&SecretRef) -> Option<Zeroizing<String>>,
) -> Result<Script, CompileError> {
    let lock = match (&batch.lock, lock) {
        (Some(by), LockUse::Take) => format!("claim {}\n", shell_words::join([&by.token, &by.who])),
        // The shell that held it has ended: nobody else may have worked there since.
        (Some(by), LockUse::Keep) if first => format!(
            "mine {}\nclaim {}\n",
            shell_words::quote(&by.token),
            shell_words::join([&by.token, &by.who])
        ),
        (Some(by), LockUse::Keep) => format!("mine {}\n", shell_words::quote(&by.token)),
        (Some(_), LockUse::None) | (None, _) => String::new(),
    };
    let (mut small, mut large) = (Vec::new(), BTreeMap::new());
    let mut plain: Vec<(usize, Zeroizing<Vec<u8>>)> = Vec::new();
    let (mut contents, mut blocks) = (String::new(), String::new());
    let (mut early, mut first_end) = (None, 0);
    let mut small_contents = Vec::new();
    let written = written(&batch.actions);
    for (index, action) in batch.actions.iter().enumerate() {
        let (mut line, item) = action_line(action, secret)?;
        if let Some(next) = next_key(&batch.actions[index..]) {
            let _ = write!(line, " {}", shell_words::quote(next));
        }
        if index > 1 && is_early(action, &written) {
            early = line
                .strip_prefix("kubelet_takes ")
                .map(|rest| (index, format!("early_takes {index} {rest}\n")));
        }
        if index == 0 && !written.is_empty() {
            // What cannot be written safely is found out before anything is changed.
            line = format!("sure {} && {{ {line}\n}}", shell_words::join(&written));
        }
        let _ = write!(blocks, "if begin {index}; then {line}\nend $?; fi\n");
        if index == 0 {
            first_end = blocks.len();
        }
        match item {
            Some(item) if item.len() > SMALL => {
                large.insert(index, item);
            }
            Some(item) => {
                small_contents.push(index);
                match item {
                    Payload::Bytes(bytes) if is_plain(&bytes) => plain.push((index, bytes)),
                    item => {
                        let _ = writeln!(contents, "b{index}=$(head -c {} <&3 | base64)", item.len());
                        small.push(item);
                    }
                }
            }
            None => {}
        }
    }
    if let Some((index, line)) = early
        && plain.iter().any(|(one, _)| *one == index)
    {
        blocks.insert_str(first_end, &line);
    }
    if !plain.is_empty() {
        let block = together(&plain);
        let _ = writeln!(
            contents,
            "set -f; IFS='{BETWEEN}'; set -- $(head -c {} <&3); unset IFS; set +f",
            block.len()
        );
        for (place, (index, _)) in plain.iter().enumerate() {
            let _ = write!(contents, "p{index}=${{{}}} ", place + 1);
        }
        contents.push_str("; set --\n");
        small.push(Payload::Bytes(block));
    }
    // Nothing begins before the line behind the small contents is there: what is cut off before does nothing.
    let run = shell_words::quote(&batch.run);
    let begin = if first {
        format!(
            "M=@{nonce} RUN={run}\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin:$PATH \
             LC_ALL=C; export PATH LC_ALL; unset IFS; umask 022; cd /\n{PRELUDE}"
        )
    } else {
        // What was said last may have had no line end.
        format!("M=@{nonce} RUN={run}\nfresh_start; printf '\\n'; printf '\\n' >&2\n")
    };
    let mut text = format!("{begin}{lock}{contents}read -r l <&3 || stop=1\nlisten\n{blocks}");
    text.push_str("no_early_key\nno_early_check\nflush\nreloaded\nif [ -z \"$stop\" ]; then p=''\n");
    questions(&batch.queries, &mut text);
    // Nobody else may hear what comes behind the last mark.
    text.push_str("[ -z \"$p\" ] || wait $p\nfi\nmute\nmark z \"$stop\"\n");
    // A question that still runs when all was told to stop goes too; the lock is given back all the same.
    text.push_str("[ -z \"$stop\" ] || { trap '' TERM; kill -TERM 0; give_up; exit 0; }\n");
    for index in small_contents {
        let _ = writeln!(text, "unset p{index} b{index}");
    }
    if first {
        text.push_str("serve\n");
    }
    Ok(Script { text, small, large })
}

/// Whether what an action finds out is the same before the others of its batch are done, so that it may be asked beside
/// them.
fn is_early(action: &Action, written: &[&str]) -> bool {
    matches!(action, Action::CheckKubelet { program, .. } if !written.contains(&program.as_str()))
}

/// The path of the RSA key that is made after the first of these actions, where that makes one too: two processors
/// search for primes side by side.
fn next_key(actions: &[Action]) -> Option<&str> {
    let mut keys = actions.iter().map(|action| match action {
        Action::MakeKey { path, kind: KeyAlgorithm::Rsa2048 } => Some(path.as_str()),
        _ => None,
    });
    keys.next().flatten()?;
    keys.flatten().next()
}

/// The paths that a batch writes, each once.
fn written(actions: &[Action]) -> Vec<&str> {
    let mut paths: Vec<&str> = Vec::new();
    for action in actions {
        let (Action::Put { path, .. }
        | Action::MakeKey { path, .. }
        | Action::Remove { path }
        | Action::PlaceProgram { path, .. }) = action
        else {
            continue;
        };
        if !paths.contains(&path.as_str()) {
            paths.push(path);
        }
    }
    paths
}

/// The answer that names the file of this computer which an action sends.
pub(crate) fn named_by(action: &Action) -> PlanField {
    match action {
        Action::SendImage { .. } => PlanField::ImageTars,
        Action::SendProgram { .. } => PlanField::Binaries,
        _ => PlanField::KubeletFile,
    }
}

/// The shell text of an action and the content it wants.
fn action_line(
    action: &Action,
    secret: &dyn Fn(&SecretRef) -> Option<Zeroizing<String>>,
) -> Result<(String, Option<Payload>), CompileError> {
    if let Action::Script { text, secrets, .. } = action {
        if secrets.is_empty() {
            return Ok((format!("( {text}\n)"), None));
        }
        let value = |name: &SecretRef| secret(name).ok_or_else(|| CompileError::NoSecret(name.clone()));
        let values = secrets.iter().map(value).collect::<Result<Vec<_>, _>>()?;
        // Grown in place it would leave copies behind.
        let mut lines = Zeroizing::new(Vec::with_capacity(values.iter().map(|value| value.len() + 1).sum()));
        for value in &values {
            lines.extend_from_slice(value.as_bytes());
            lines.push(b'\n');
        }
        let line = format!("content {} | ( exec 4<&0 </dev/null\n{text}\n)", lines.len());
        return Ok((line, Some(Payload::Bytes(lines))));
    }
    let (mut line, mut payload) = (String::new(), None);
    for piece in action.shell().0 {
        match piece {
            Piece::Text(text) => line.push_str(&text),
            Piece::Hole(name) => return Err(CompileError::NotYet(name)),
            Piece::Payload(content) => {
                let (item, hash) = match content {
                    Content::Literal(bytes) => {
                        let hash = crate::plan::action::sha256(&bytes);
                        (Payload::Bytes(Zeroizing::new(bytes)), hash)
                    }
                    Content::File { path, sha256 } => {
                        let field = named_by(action);
                        let unreadable = |error: std::io::Error| CompileError::Unreadable {
                            field,
                            path: path.display().to_string(),
                            why: error.to_string(),
                        };
                        let size = std::fs::metadata(&path).map_err(unreadable)?.len();
                        let is = hash_file(&path).map_err(unreadable)?;
                        if let Some(want) = sha256
                            && want != is
                        {
                            return Err(CompileError::OtherHash {
                                field,
                                path: path.display().to_string(),
                                want,
                                is,
                            });
                        }
                        (Payload::File { path, size }, is)
                    }
                    Content::Secret(name) => {
                        let value = secret(&name).ok_or_else(|| CompileError::NoSecret(name.clone()))?;
                        let bytes = Zeroizing::new(value.as_bytes().to_vec());
                        let hash = crate::plan::action::sha256(&bytes);
                        (Payload::Bytes(bytes), hash)
                    }
                    Content::Later(slot) => return Err(CompileError::NotYet(slot.0)),
                };
                let _ = write!(line, "{} {hash}", item.len());
                payload = Some(item);
            }
        }
    }
    Ok((line, payload))
}

/// SHA-256 of a file, lower-case hex, read in pieces.
fn hash_file(path: &std::path::Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut file = limits::file::open(path)?;
    let mut hasher = openssl::sha::Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        let got = file.read(&mut buffer)?;
        if got == 0 {
            break;
        }
        hasher.update(&buffer[..got]);
    }
    Ok(crate::plan::hex::encode(&hasher.finish()))
}

/// Whether a shell variable can hold it and a shell of any kind gives it back: no NUL, nothing that a shell uses
/// for itself, and not our own separator.
fn is_plain(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b' '..=b'~'))
}

/// Stands between contents that come together; never in one of them.
const BETWEEN: char = '\u{1e}';

/// Contents in one piece; one more behind the last keeps its newline from the shell.
fn together(contents: &[(usize, Zeroizing<Vec<u8>>)]) -> Zeroizing<Vec<u8>> {
    let length = contents.iter().map(|(_, bytes)| bytes.len() + 1).sum::<usize>() + 1;
    // Grown in place it would leave copies behind.
    let mut block = Zeroizing::new(Vec::with_capacity(length));
    for (_, bytes) in contents {
        block.extend_from_slice(bytes);
        block.push(BETWEEN as u8);
    }
    block.push(b'.');
    block
}
