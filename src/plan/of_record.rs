//! What the record of a machine says of the files on it.

use super::fact::{Facts, Known};
use super::record::RecordKind;

impl Facts {
    /// Whether the record tells of a change to one of these files that no later line of `kind` for `of` followed:
    /// what runs has not read it yet.
    pub fn unread(&self, is_input: &dyn Fn(&str) -> bool, kind: &RecordKind, of: &str) -> bool {
        let Known::Yes(record) = self.record() else { return false };
        for line in record.lines.iter().rev() {
            if line.kind == *kind && line.path == of {
                return false;
            }
            if matches!(line.kind, RecordKind::Put | RecordKind::Key) && is_input(&line.path) {
                return true;
            }
        }
        false
    }

    /// Whether gangplank's record on that machine says it wrote this content to this path.
    pub fn is_ours(&self, path: &str, sha256: &str) -> bool {
        let Known::Yes(record) = self.record() else { return false };
        for line in record.lines.iter().rev().filter(|line| line.path == path) {
            if line.new == sha256 {
                return true;
            }
            // A line is written before the change it tells of: where the old content is still there, the change
            // did not happen.
            if line.old != sha256 {
                return false;
            }
        }
        false
    }
}
