//! What can be opened: sessions that were kept, and demos.

use serde::{Deserialize, Serialize};

/// A session that can be gone on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Name of the cluster.
    pub name: String,
    /// Where it was left.
    pub screen: String,
    /// When it was left, in words.
    pub when: String,
    /// What it is about, in words.
    pub about: String,
    /// The names of its workers.
    #[serde(default)]
    pub workers: Vec<String>,
}

/// A worker of another session: choosing it opens that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptWorker {
    /// The session.
    pub session: String,
    /// When that was left, in words.
    pub when: String,
    /// The worker's name in its plan.
    pub worker: String,
}

impl KeptWorker {
    /// What is known of it here.
    pub fn standing(&self) -> String {
        format!("in session \"{}\" ({}), not looked at", self.session, self.when)
    }
}

/// The demo that is open, or is being opened: which lab it is, and what the screen says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demo {
    /// Which lab.
    pub name: String,
    /// What it is, in a few words.
    pub title: String,
    /// What is seen there, in two or three sentences.
    pub about: String,
    /// Faults that can be thrown or mended now: id, worker and title.
    pub faults: Vec<(String, String, String)>,
    /// What is said while it plays by itself.
    pub caption: Option<String>,
    /// It plays by itself and stands still.
    pub paused: bool,
}
