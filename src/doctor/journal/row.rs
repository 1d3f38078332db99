//! A row of the table: words of a line, and what they mean.

use crate::plan::code::ProblemCode;

/// Where a row may be the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::doctor) enum When {
    /// The kubelet ends.
    Ends,
    /// It runs, and its node is not Ready.
    Runs,
    /// It runs, and pods of it do not.
    Pods,
}

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::doctor) struct JournalRow {
    /// Nowhere: it is only told beside a cause.
    pub when: &'static [When],
    /// Words that a line has when it says so; one of them is enough. A star stands for anything.
    words: &'static [&'static str],
    /// With one of these it says something else.
    but: &'static [&'static str],
    /// It is said of work with the API.
    pub of_api: bool,
    /// The cause.
    pub code: ProblemCode,
    /// In words.
    pub means: &'static str,
    /// What mends it.
    pub cure: &'static str,
    /// What would decide it; empty = the line does.
    pub decides: &'static str,
}

pub(super) const fn row(
    when: &'static [When],
    code: ProblemCode,
    words: &'static [&'static str],
    means: &'static str,
    cure: &'static str,
) -> JournalRow {
    JournalRow { when, words, but: &[], of_api: false, code, means, cure, decides: "" }
}

/// What a line of work with the API has. The same errors come from probes, volumes and registries.
const OF_API: &[&str] = &[
    "Failed to watch",
    "ailed to list",
    "Unable to register",
    "lease",
    "Error updating node status",
    "nable to update node status",
    "Unable to write event",
    "update status for pod",
    "mirror pod",
    "rror getting node",
    "getting existing node",
    "CSINode",
    "requesting a signed certificate",
];

impl JournalRow {
    pub(super) const fn but(self, but: &'static [&'static str]) -> Self {
        Self { but, ..self }
    }

    pub(super) const fn decides(self, decides: &'static str) -> Self {
        Self { decides, ..self }
    }

    pub(super) const fn of_api(self) -> Self {
        Self { of_api: true, ..self }
    }

    /// Whether a line says it.
    pub(super) fn says(&self, line: &str) -> bool {
        let has = |words: &[&str]| words.iter().any(|words| says(line, words));
        has(self.words) && !has(self.but) && (!self.of_api || has(OF_API))
    }
}

/// Whether it has these words, one behind the other.
pub(super) fn says(line: &str, words: &str) -> bool {
    words.split('*').try_fold(line, |rest, part| Some(rest.split_once(part)?.1)).is_some()
}
