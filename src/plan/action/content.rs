//! What actions carry: bytes, files, and the names of secrets and of values that are not there yet.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::plan::hex;

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
    Literal(#[serde(with = "crate::plan::mark")] Vec<u8>),
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

/// SHA-256 in lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(&openssl::sha::sha256(bytes))
}
