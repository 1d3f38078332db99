//! Programs that are sent to a worker: their names for people and the shell that tries them.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::content::Content;
use crate::plan::programs;

/// What is wanted of a program that waits on a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramTrial {
    /// Its name.
    pub name: String,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// In words, such as `v1.34 to v1.37`.
    pub wanted: String,
    /// Shell patterns on its version; one of them must hold.
    pub takes: Vec<String>,
}

impl ProgramTrial {
    /// The shell that asks it for its version, where it lies at a path.
    pub fn call(&self, at: &str) -> String {
        programs::call(&self.name, at)
    }
}

/// `send kubelet (154 MB, sha256 0123456789ab)`.
pub(super) fn sending(name: &str, program: &Content, size: u64) -> String {
    let hash = match program {
        Content::File { sha256: Some(hash), .. } => hash.get(..12).unwrap_or(hash),
        _ => "not known",
    };
    format!("send {name} ({}, sha256 {hash})", megabytes(size))
}

/// `154 MB`, and below that with a digit behind the point.
fn megabytes(size: u64) -> String {
    let tenths = size.saturating_add(50_000) / 100_000;
    if tenths >= 100 { format!("{} MB", tenths / 10) } else { format!("{}.{} MB", tenths / 10, tenths % 10) }
}

/// `try kubelet (wanted: v1.34 to v1.37), ctr`.
pub(super) fn trying(trials: &[ProgramTrial]) -> String {
    let one = |trial: &ProgramTrial| match trial.takes.as_slice() {
        [any] if any == "*" => trial.name.clone(),
        _ => format!("{} (wanted: {})", trial.name, trial.wanted),
    };
    format!("start for their version: {}", trials.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// The shell text that tries them all, a line each.
pub(super) fn trials(trials: &[ProgramTrial], config: Option<&str>) -> String {
    let mut text = String::new();
    for trial in trials {
        let mut words = vec!["try_program", &trial.name, &trial.sha256, &trial.wanted];
        words.extend(trial.takes.iter().map(String::as_str));
        // A String takes whatever is written.
        let _ = writeln!(text, "{}", shell_words::join(words));
        if let (programs::CONTAINERD, Some(config)) = (trial.name.as_str(), config) {
            let _ = writeln!(text, "{}", shell_words::join(["try_config", &trial.sha256, config]));
        }
    }
    text.push_str("tried");
    text
}
