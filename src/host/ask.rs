//! What a person is asked while a connection is made: secrets, and whether a host key is the right one.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Somebody who can be asked. Several connections ask at the same time.
pub trait Ask: Send + Sync {
    /// A secret; `None` gives this way up.
    fn secret(&self, wanted: &SecretWanted) -> Option<Zeroizing<String>>;
    /// A judgement on a host key nobody knows.
    fn trust(&self, question: &HostKeyQuestion) -> TrustAnswer;
}

/// Which secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretWanted {
    /// The passphrase of a key file.
    Passphrase {
        /// The file.
        file: PathBuf,
        /// The last answer was wrong.
        again: bool,
    },
    /// The password of a user.
    Password {
        /// The user.
        user: String,
        /// Where it is asked, `host:port`.
        host: String,
        /// The last answer was wrong.
        again: bool,
    },
    /// The answer to a question of the server that is no plain password.
    Answer {
        /// The user.
        user: String,
        /// Where it is asked, `host:port`.
        host: String,
        /// The server's question.
        question: String,
        /// The answer may be shown while typed.
        echo: bool,
    },
}

/// A host key to be judged by a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKeyQuestion {
    /// Name as known_hosts would hold it.
    pub host: String,
    /// `ssh-ed25519` and so on.
    pub kind: String,
    /// Of the key it showed, `SHA256:...`.
    pub fingerprint: String,
    /// What else was found, in words; empty when nothing.
    pub note: String,
    /// Where it would be remembered.
    pub file: Option<PathBuf>,
}

/// A person's judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrustAnswer {
    /// Trust, and add it to known_hosts.
    Remember,
    /// Trust for this connection.
    Once,
    /// Do not connect.
    Refuse,
}
