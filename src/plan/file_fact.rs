//! A file of a machine and a private key, as they were found.

use serde::{Deserialize, Serialize};

use super::remote::Remote;

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FileFact {
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// Octal, `644`.
    pub mode: String,
    /// User and group, `root:root`.
    pub owner: Remote<String>,
    /// In bytes.
    pub size: u64,
    /// The content, when asked for.
    #[serde(with = "super::mark::option")]
    pub content: Option<Vec<u8>>,
    /// It holds a private key, or looks as if: only the certificates that are in it as PEM were read.
    #[serde(default)]
    pub holds_key: bool,
    /// When its content was written last, by the clock of its machine, seconds since 1970; `None` = not told. Whoever copies a
    /// file may keep an older time.
    #[serde(default)]
    pub written_s: Option<i64>,
}

/// A private key; only its public half is known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeyFact {
    /// Octal, `600`.
    pub mode: String,
    /// User and group, `root:root`.
    pub owner: Remote<String>,
    /// SHA-256 of the public key (DER SubjectPublicKeyInfo), lower-case hex; empty = unreadable.
    pub spki_sha256: String,
    /// It wants a passphrase.
    pub encrypted: bool,
    /// SHA-256 of the file.
    pub sha256: String,
    /// What it looks like from outside, where it is encrypted or cannot be read; see `pki::file_form`.
    #[serde(default)]
    pub signs: Vec<String>,
}
