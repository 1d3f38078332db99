//! What can go wrong between us and a machine, each with a stable code. libssh2's own words are useless
//! ("Unable to exchange encryption keys" for four different causes), so they are replaced here.

use crate::plan::code::ProblemCode;
use crate::plan::remote::Remote;
use std::path::PathBuf;

use thiserror::Error;

/// Why a machine cannot be talked to.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WireError {
    /// No TCP connection.
    #[error("{addr} is not reachable: {why}")]
    Unreachable {
        /// What was connected to, `host:port`.
        addr: String,
        /// The system's words.
        why: String,
    },
    /// Something else than SSH answers on that port.
    #[error("{addr} does not speak SSH, it answered \"{shown}\"")]
    NotSsh {
        /// What was connected to, `host:port`.
        addr: String,
        /// The first words it sent.
        shown: Remote<String>,
    },
    /// A deadline passed.
    #[error("no answer within {seconds} s: {what}")]
    Timeout {
        /// What was waited for.
        what: String,
        /// The deadline in seconds.
        seconds: u64,
    },
    /// The two sides share no key exchange, host key, cipher or MAC.
    #[error("no algorithm in common with {server}; gangplank has no SHA-1, OpenSSH 7.2 or newer is needed")]
    NoCommonAlgorithm {
        /// The server's greeting.
        server: Remote<String>,
    },
    /// The host key is not known and was not accepted.
    #[error("the {kind} host key of {host} is not known: {fingerprint}{}", note_text(note))]
    HostKeyUnknown {
        /// Name as `known_hosts` would hold it.
        host: String,
        /// `ssh-ed25519` and so on.
        kind: String,
        /// Of the key it showed, `SHA256:...`.
        fingerprint: String,
        /// What else was found, in words; empty when nothing.
        note: String,
    },
    /// Another host key is on record.
    #[error("the host key of {host} has changed: it shows {shown}, {}:{line} holds {known}{types}", file.display())]
    HostKeyChanged {
        /// Name as `known_hosts` holds it.
        host: String,
        /// Fingerprint shown now.
        shown: String,
        /// Fingerprint on record.
        known: String,
        /// The file with the record.
        file: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// The types of the two, in words, when they differ.
        types: Box<str>,
    },
    /// The plan states another host key.
    #[error("{host} shows the host key {shown}, the plan states {stated}")]
    HostKeyNotStated {
        /// The host.
        host: String,
        /// Fingerprint shown now.
        shown: String,
        /// Fingerprint in the plan.
        stated: String,
    },
    /// The host key is marked `@revoked`.
    #[error("the host key {fingerprint} of {host} is revoked in {}:{line}", file.display())]
    HostKeyRevoked {
        /// The host.
        host: String,
        /// The revoked fingerprint.
        fingerprint: String,
        /// The file that revokes it.
        file: PathBuf,
        /// Its line, from 1.
        line: usize,
    },
    /// A `known_hosts` file cannot be read or written.
    #[error("{}: {why}", file.display())]
    KnownHosts {
        /// The file.
        file: PathBuf,
        /// The system's words.
        why: String,
    },
    /// No way to log in was accepted.
    #[error("{host} refused the login of {user}; it accepts {}; tried: {}", ways(accepts), list(tried))]
    LoginRefused {
        /// The machine.
        host: String,
        /// The user.
        user: String,
        /// Each way tried, in order, in words.
        tried: Vec<String>,
        /// The ways the server accepts: `publickey`, `password` and so on.
        accepts: Vec<Remote<String>>,
    },
    /// A key file that is missing, unreadable or of a kind we cannot use.
    #[error("key file {}: {why}", file.display())]
    KeyUnreadable {
        /// The file.
        file: PathBuf,
        /// What is wrong with it, in words.
        why: String,
    },
    /// The passphrase does not open the key.
    #[error("the passphrase does not open {}", file.display())]
    PassphraseWrong {
        /// The key file.
        file: PathBuf,
    },
    /// The server cut the login off (`MaxAuthTries`).
    #[error("{host} ended the login of {user} after too many tries: {}", list(tried))]
    TooManyFailures {
        /// The machine.
        host: String,
        /// The user.
        user: String,
        /// Each way tried, in order, in words.
        tried: Vec<String>,
    },
    /// The server starts no command for this user.
    #[error("{host} starts no command for this user")]
    NoShell {
        /// The machine.
        host: String,
    },
    /// The server opens no further session (`MaxSessions`).
    #[error("{host} opens no further session on this connection (MaxSessions): {why}")]
    TooManySessions {
        /// The machine.
        host: String,
        /// The server's reason.
        why: Remote<String>,
    },
    /// The machine could not, or would not, connect onwards.
    #[error("{host} cannot connect to {to}: {why}")]
    NoTcp {
        /// The machine.
        host: String,
        /// `host:port` wanted.
        to: String,
        /// The reason given.
        why: String,
    },
    /// The connection is gone.
    #[error("the connection was lost: {why}")]
    Lost {
        /// Why, in words.
        why: String,
    },
    /// We dropped the connection ourselves.
    #[error("the connection was dropped from this side")]
    Cut,
    /// A jump host on the way failed.
    #[error("jump host {host}: {error}")]
    Jump {
        /// The jump host.
        host: String,
        /// What happened there.
        error: Box<WireError>,
    },
    /// The SSH configuration asks for something that is not supported, or cannot be read.
    #[error("SSH configuration for {host}: {why}")]
    Config {
        /// The host as written.
        host: String,
        /// What is not understood or not supported, in words.
        why: String,
    },
    /// ssh_config has another program carry the connection.
    #[error("SSH configuration for {host}: {what} is not followed here")]
    ProxyCommand {
        /// The host as written.
        host: String,
        /// Where it stands, and the program's name.
        what: String,
    },
    /// The command is longer than libssh2 can send; payload belongs on stdin.
    #[error("the command has {length} bytes, {limit} are possible")]
    TooLong {
        /// Its length.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// A program on this computer could not be started.
    #[error("{program} cannot be started on this computer: {why}")]
    Local {
        /// The program.
        program: String,
        /// The system's words.
        why: String,
    },
}

impl WireError {
    /// The stable code shown on the problem card.
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::Unreachable { .. } => ProblemCode::Ssh01,
            Self::NotSsh { .. } => ProblemCode::Ssh02,
            Self::Timeout { .. } => ProblemCode::Ssh03,
            Self::NoCommonAlgorithm { .. } => ProblemCode::Ssh04,
            Self::HostKeyUnknown { .. } => ProblemCode::Ssh05,
            Self::HostKeyChanged { .. } => ProblemCode::Ssh06,
            Self::HostKeyNotStated { .. } => ProblemCode::Ssh07,
            Self::HostKeyRevoked { .. } => ProblemCode::Ssh08,
            Self::KnownHosts { .. } => ProblemCode::Ssh09,
            Self::LoginRefused { .. } => ProblemCode::Ssh10,
            Self::KeyUnreadable { .. } => ProblemCode::Ssh11,
            Self::PassphraseWrong { .. } => ProblemCode::Ssh12,
            Self::TooManyFailures { .. } => ProblemCode::Ssh13,
            Self::NoShell { .. } => ProblemCode::Ssh14,
            Self::TooManySessions { .. } => ProblemCode::Ssh15,
            Self::NoTcp { .. } => ProblemCode::Ssh16,
            Self::Lost { .. } => ProblemCode::Ssh17,
            Self::Cut => ProblemCode::Ssh18,
            Self::Jump { .. } => ProblemCode::Ssh19,
            Self::Config { .. } | Self::ProxyCommand { .. } => ProblemCode::Ssh20,
            Self::TooLong { .. } => ProblemCode::Ssh21,
            Self::Local { .. } => ProblemCode::Ssh22,
        }
    }

    /// A lost connection with its reason.
    pub(crate) fn lost(why: impl Into<String>) -> Self {
        Self::Lost { why: why.into() }
    }
}

fn ways(accepts: &[Remote<String>]) -> String {
    accepts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn list(tried: &[String]) -> String {
    if tried.is_empty() { "nothing, there was nothing to try".to_owned() } else { tried.join(", ") }
}

impl WireError {
    /// Nobody answered at all: neither the machine nor anything on the way to it refused.
    pub fn is_silence(&self) -> bool {
        match self {
            // A machine that takes a connection and then says nothing runs.
            Self::Timeout { what, .. } => what.starts_with("connecting to"),
            Self::Unreachable { why, .. } => {
                let why = why.to_lowercase();
                ["timed out", "no answer", "no route to host", "host is unreachable"]
                    .iter()
                    .any(|word| why.contains(word))
            }
            _ => false,
        }
    }
}

fn note_text(note: &str) -> String {
    if note.is_empty() { String::new() } else { format!(" ({note})") }
}
