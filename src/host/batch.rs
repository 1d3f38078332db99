//! One batch of actions and wants becomes one POSIX sh script; what comes back becomes action ends and
//! facts. The script prints a mark with a nonce before and after each action to both streams, and only
//! such a mark says that something was done. Nothing here talks to a machine.
//!
//! It is long because the script, its marks and the reading of its answer are one protocol.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::answer;
use crate::plan::action::{Action, Content, Piece, SecretRef};
use crate::plan::fact::{FactQuery, Facts, FlagSet};
use crate::plan::plan_field::PlanField;

/// The words the script is made of.
pub const PRELUDE: &str = include_str!("../../assets/host/prelude.sh");

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
    #[error("{path} has SHA-256 {is}, the plan says {want}")]
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

/// Compiles a batch. `secret` looks a secret up in the vault.
pub fn compile(
    batch: &Batch,
    nonce: &str,
    secret: &dyn Fn(&SecretRef) -> Option<Zeroizing<String>>,
) -> Result<Script, CompileError> {
    let (mut small, mut large) = (Vec::new(), BTreeMap::new());
    let mut plain: Vec<(usize, Zeroizing<Vec<u8>>)> = Vec::new();
    let (mut contents, mut blocks) = (String::new(), String::new());
    for (index, action) in batch.actions.iter().enumerate() {
        let (line, item) = action_line(action, secret)?;
        let _ = write!(blocks, "if begin {index}; then {line}\nend $?; fi\n");
        match item {
            Some(item) if item.len() > SMALL => {
                large.insert(index, item);
            }
            Some(item) => match item {
                Payload::Bytes(bytes) if is_plain(&bytes) => plain.push((index, bytes)),
                item => {
                    let _ = writeln!(contents, "b{index}=$(head -c {} <&3 | base64)", item.len());
                    small.push(item);
                }
            },
            None => {}
        }
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
    let mut text = format!(
        "M=@{nonce} RUN={}\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin:$PATH \
         LC_ALL=C; export PATH LC_ALL; unset IFS; umask 022; cd /\n{PRELUDE}{contents}\
         read -r l <&3 || stop=1\nlisten\n{blocks}",
        shell_words::quote(&batch.run)
    );
    text.push_str("flush\nif [ -z \"$stop\" ]; then p=''\n");
    questions(&batch.queries, &mut text);
    text.push_str("[ -z \"$p\" ] || wait $p\nfi\nmark z \"$stop\"\nmute\n");
    // A question that still runs when all was told to stop goes too.
    text.push_str("[ -z \"$stop\" ] || { trap '' TERM; kill -TERM 0; }\nexit 0\n");
    Ok(Script { text, small, large })
}

/// The shell text of an action and the content it wants.
/// The answer that names the file of this computer which an action sends.
pub(crate) fn named_by(action: &Action) -> PlanField {
    if matches!(action, Action::SendImage { .. }) { PlanField::ImageTars } else { PlanField::KubeletFile }
}

fn action_line(
    action: &Action,
    secret: &dyn Fn(&SecretRef) -> Option<Zeroizing<String>>,
) -> Result<(String, Option<Payload>), CompileError> {
    if let Action::Script { text, secrets, .. } = action {
        if secrets.is_empty() {
            return Ok((format!("( {text}\n)"), None));
        }
        let mut lines = Zeroizing::new(Vec::new());
        for name in secrets {
            let value = secret(name).ok_or_else(|| CompileError::NoSecret(name.clone()))?;
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
    let mut file = std::fs::File::open(path)?;
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

/// Asks. The slow questions run side by side behind the quick ones; questions of a kind are asked together.
fn questions(queries: &[FactQuery], text: &mut String) {
    let (mut files, mut units, mut tars) = (String::new(), String::new(), String::new());
    let (mut slow, mut quick) = (String::new(), String::new());
    let mut docker = ["-".to_owned(), "-".to_owned(), "-".to_owned()];
    for (index, want) in queries.iter().enumerate() {
        match want {
            FactQuery::File { path, content } => {
                let kind = if *content { "content" } else { "hash" };
                let _ = write!(files, " {index} {} {kind}", shell_words::quote(path));
            }
            FactQuery::Key(path) => {
                let _ = write!(files, " {index} {} key", shell_words::quote(path));
            }
            FactQuery::Unit(name) => {
                let _ = write!(units, " {index} {}", shell_words::quote(name));
            }
            FactQuery::Tar(path) => {
                let _ = write!(tars, "q={index}; ask_tar {}; ", shell_words::quote(path));
            }
            FactQuery::Docker => docker[0] = index.to_string(),
            FactQuery::Containers => docker[1] = index.to_string(),
            FactQuery::Images => docker[2] = index.to_string(),
            FactQuery::Kubelet { .. } | FactQuery::Tls { .. } | FactQuery::Lookup(_) => {
                let _ = writeln!(slow, "q={index}; {{ {}; }} & p=\"$p $!\"", question(want));
            }
            FactQuery::Machine | FactQuery::Folder(_) | FactQuery::Record => {
                let _ = writeln!(quick, "q={index}; {}", question(want));
            }
        }
    }
    let mut job = |call: String| {
        let _ = writeln!(slow, "{{ {call}}} & p=\"$p $!\"");
    };
    if docker.iter().any(|number| number != "-") {
        job(format!("ask_docker {}; ", docker.join(" ")));
    }
    if !units.is_empty() {
        job(format!("ask_units{units}; "));
    }
    if !tars.is_empty() {
        job(tars);
    }
    if !files.is_empty() {
        let _ = writeln!(quick, "ask_files{files}");
    }
    text.push_str(&slow);
    text.push_str(&quick);
}

fn question(want: &FactQuery) -> String {
    let call = |name: &str, words: &[&str]| format!("{name} {}", shell_words::join(words));
    match want {
        FactQuery::Machine => "ask_machine".to_owned(),
        FactQuery::Folder(path) => call("ask_folder", &[path]),
        FactQuery::Record => "ask_record".to_owned(),
        FactQuery::Lookup(name) => call("ask_lookup", &[name]),
        FactQuery::Tls { host, port } => call("ask_tls", &[host, &port.to_string()]),
        // Asked together with others of their kind.
        FactQuery::File { .. }
        | FactQuery::Key(_)
        | FactQuery::Unit(_)
        | FactQuery::Docker
        | FactQuery::Containers
        | FactQuery::Images
        | FactQuery::Tar(_) => String::new(),
        FactQuery::Kubelet { path, flags } => {
            let words = |set: &FlagSet| {
                let mut words = vec![path.as_str()];
                words.extend(set.flags.iter().map(String::as_str));
                shell_words::join(words)
            };
            let arm = |set: &FlagSet| format!("{}) try_flags {} ;; ", set.versions.join("|"), words(set));
            let mut text = call("ask_kubelet", &[path]);
            // The newest is the likeliest; a start costs a tenth of a second.
            if let Some((newest, others)) = flags.split_last() {
                let others: String = others.iter().map(arm).collect();
                let _ = write!(
                    text,
                    " && if likely {}; then case $kv in {}) say tried 1 ;; {others}*) ;; esac; \
                     else kubelet_version {}; case $kv in {others}{}*) ;; esac; fi",
                    words(newest),
                    newest.versions.join("|"),
                    shell_words::quote(path),
                    arm(newest),
                );
            }
            text
        }
    }
}

/// What is heard while a batch runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchProgress {
    /// An action began.
    Began(usize),
    /// It said something: a cleaned line; `true` = on stderr.
    Said(usize, bool, String),
    /// It ended with this status; 0 = done.
    Ended(usize, i32),
    /// It left something as it is, because that is no longer what gangplank wrote.
    LeftAlone(usize),
    /// Bytes of the payload sent, of how many.
    Sent(u64, u64),
}

/// How an action of a batch ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActionEnd {
    /// Exit status; `None` = no end mark came, so nobody knows.
    pub status: Option<i32>,
    /// What it printed.
    pub out: String,
    /// What it complained.
    pub err: String,
    /// It left something as it is, because that is no longer what gangplank wrote.
    pub left_alone: bool,
}

/// How a batch ended.
#[derive(Debug, Clone, Default)]
pub struct BatchEnd {
    /// One for each action that began, by index.
    pub actions: BTreeMap<usize, ActionEnd>,
    /// Answers to the wants.
    pub facts: Facts,
    /// It was asked to stop and did.
    pub stopped: bool,
    /// The last mark came: nothing was cut off.
    pub complete: bool,
    /// Text outside of any action: stderr, and what came before the first mark; the reason when no mark came.
    pub noise: String,
    /// Why it was cut off.
    pub trouble: Option<super::HostTrouble>,
}

/// A longer line is taken apart, bytes.
const LONGEST: usize = 1 << 20;

/// Reads what a script prints.
pub struct Reader {
    mark: String,
    queries: Vec<FactQuery>,
    streams: [MarkReader; 2],
    answers: BTreeMap<usize, Vec<(String, String)>>,
    started: bool,
    wanted: Option<usize>,
    end: BatchEnd,
}

#[derive(Default)]
struct MarkReader {
    partial: Vec<u8>,
    at: Option<usize>,
    over: bool,
}

impl Reader {
    /// A reader for a batch compiled with this nonce.
    pub fn new(nonce: &str, queries: &[FactQuery]) -> Self {
        Self {
            mark: format!("@{nonce} "),
            queries: queries.to_vec(),
            streams: [MarkReader::default(), MarkReader::default()],
            answers: BTreeMap::new(),
            started: false,
            wanted: None,
            end: BatchEnd::default(),
        }
    }

    /// Takes bytes of stdout or stderr.
    pub fn feed(&mut self, is_err: bool, bytes: &[u8], hear: &mut dyn FnMut(BatchProgress)) {
        let stream = &mut self.streams[usize::from(is_err)];
        let before = stream.partial.len();
        stream.partial.extend_from_slice(bytes);
        let end = match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => before + end + 1,
            None if stream.partial.len() > LONGEST => stream.partial.len(),
            None => return,
        };
        let rest = stream.partial.split_off(end);
        let whole = std::mem::replace(&mut stream.partial, rest);
        for line in whole.split(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(line);
            self.line(is_err, &line, hear);
        }
    }

    fn line(&mut self, is_err: bool, line: &str, hear: &mut dyn FnMut(BatchProgress)) {
        let stream = &mut self.streams[usize::from(is_err)];
        if let Some(rest) = line.strip_prefix(&self.mark) {
            self.started = true;
            let mut words = rest.splitn(3, ' ');
            let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            match first {
                "b" => {
                    stream.at = second.parse().ok();
                    if let (false, Some(at)) = (is_err, stream.at) {
                        self.end.actions.entry(at).or_default();
                        hear(BatchProgress::Began(at));
                    }
                }
                "e" => {
                    if let (Ok(at), Some(status)) =
                        (second.parse(), words.next().and_then(|word| word.trim().parse().ok()))
                        && !is_err
                    {
                        self.end.actions.entry(at).or_default().status = Some(status);
                        hear(BatchProgress::Ended(at, status));
                    }
                    stream.at = None;
                }
                "l" => {
                    if let (Ok(at), false) = (second.parse(), is_err) {
                        self.end.actions.entry(at).or_default().left_alone = true;
                        hear(BatchProgress::LeftAlone(at));
                    }
                }
                "c" => self.wanted = second.parse().ok(),
                "z" => {
                    stream.over = true;
                    if !is_err {
                        self.end.complete = true;
                        self.end.stopped = second == "1";
                    }
                }
                number => {
                    if let Ok(question) = number.parse() {
                        let value = words.next().unwrap_or_default().to_owned();
                        self.answers.entry(question).or_default().push((second.to_owned(), value));
                    }
                }
            }
            return;
        }
        if line.is_empty() {
            return;
        }
        match stream.at {
            Some(at) => {
                let entry = self.end.actions.entry(at).or_default();
                let text = if is_err { &mut entry.err } else { &mut entry.out };
                if text.len() < 1 << 20 {
                    text.push_str(line);
                    text.push('\n');
                }
                hear(BatchProgress::Said(at, is_err, crate::plan::clean::line(line)));
            }
            None => {
                // A shell that runs nothing, such as nologin, says why on stdout.
                if (is_err || !self.started) && self.end.noise.len() < 4096 {
                    self.end.noise.push_str(&crate::plan::clean::line(line));
                    self.end.noise.push('\n');
                }
            }
        }
    }

    /// The action that asks for its large content, once.
    pub fn wanted(&mut self) -> Option<usize> {
        self.wanted.take()
    }

    /// Whether any mark came: the script itself runs.
    pub fn started(&self) -> bool {
        self.started
    }

    /// Whether the last mark came on both streams.
    pub fn complete(&self) -> bool {
        self.streams.iter().all(|stream| stream.over)
    }

    /// What was learnt.
    pub fn finish(mut self) -> BatchEnd {
        for (index, want) in self.queries.iter().enumerate() {
            let lines = self.answers.remove(&index).unwrap_or_default();
            let fact = answer::read(want, &lines);
            self.end.facts.learn(want.clone(), fact);
        }
        self.end
    }
}
