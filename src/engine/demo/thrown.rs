//! Faults that were thrown, and what was there before them.

use crate::lab::LabFile;

/// A fault that was thrown.
pub(super) struct Thrown {
    pub id: &'static str,
    pub worker: String,
    pub files: Vec<Replaced>,
}

/// A file that a fault put somewhere, or took away.
pub(super) struct Replaced {
    pub path: String,
    /// What was there before.
    pub before: Option<LabFile>,
    /// What the fault put there.
    pub put: Option<String>,
}
