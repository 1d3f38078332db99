//! The record on a host: what gangplank changed there, a line for each change, in `record.jsonl` beside the old
//! files. Undo takes it back from its lines alone. A line that is not understood may stand for a change that
//! nobody else knows of: it is kept and named, never left out.

use serde::{Deserialize, Serialize};

/// The version of the lines that this program writes and reads; a line without one is of the first.
pub const VERSION: u32 = 1;

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordKind {
    /// A file was written, or removed when there is no new content.
    Put,
    /// A private key was made.
    Key,
    /// A folder was made.
    Dir,
    /// An image was loaded.
    Image,
    /// A unit was enabled.
    Enable,
    /// A unit is about to be started or restarted.
    Start,
    /// A unit was started: what it reads was read.
    Started,
    /// The containers of a static pod were made anew.
    Restarted,
    /// Another program is about to change a file.
    Merge,
    /// What that program made of it.
    Merged,
    /// A unit of somebody else's was there before.
    Foreign,
    /// The node was not in the API before.
    Node,
    /// The node may not have been in the API before.
    NodeUnknown,
    /// A setting of the kernel was set.
    Sysctl,
    /// A module of the kernel was loaded.
    Module,
    /// A link is about to lead elsewhere: from `old` to `new`, which are paths here.
    Link,
    /// A word that this program does not know.
    #[serde(untagged)]
    Other(String),
}

impl Default for RecordKind {
    fn default() -> Self {
        Self::Other(String::new())
    }
}

/// A line of `record.jsonl` on a host: one change gangplank made there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct RecordLine {
    /// The version of its format; older lines have none, which is 1.
    #[serde(default = "first")]
    pub v: u32,
    /// Run id: the folder below /var/lib/gangplank.
    pub run: String,
    /// What was done.
    pub kind: RecordKind,
    /// Path, image, unit or node.
    pub path: String,
    /// SHA-256 of what was there before; empty = nothing.
    #[serde(default)]
    pub old: String,
    /// SHA-256 of what is there now.
    #[serde(default)]
    pub new: String,
    /// Mode (and owner) before, `644 root:root`; of an image, the runtime it was loaded into.
    #[serde(default)]
    pub mode: String,
    /// Seconds since 1970, the host's clock.
    #[serde(default)]
    pub time: i64,
}

fn first() -> u32 {
    1
}

/// What the records of a machine say, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Record {
    /// The lines that can be read.
    pub lines: Vec<RecordLine>,
    /// The others, as they stand there.
    pub unread: Vec<String>,
    /// The version of a line that a newer gangplank wrote.
    pub newer: Option<u32>,
}

/// Enough of a line to know whether the rest can be understood.
#[derive(Deserialize)]
struct Versioned {
    #[serde(default = "first")]
    v: u32,
}

impl Record {
    /// Reads lines of `record.jsonl`.
    pub fn read<'l>(lines: impl IntoIterator<Item = &'l str>) -> Self {
        let mut record = Self::default();
        for text in lines.into_iter().filter(|text| !text.trim().is_empty()) {
            let v = serde_json::from_str::<Versioned>(text).map_or(1, |line| line.v);
            if v > VERSION {
                record.newer = record.newer.max(Some(v));
                record.unread.push(text.to_owned());
                continue;
            }
            match serde_json::from_str::<RecordLine>(text) {
                Ok(line) => record.lines.push(line),
                Err(_) => record.unread.push(text.to_owned()),
            }
        }
        record
    }

    /// Whether a file was written at `path`.
    pub fn wrote(&self, path: &str) -> bool {
        self.lines.iter().any(|line| line.kind == RecordKind::Put && line.path == path)
    }

    /// What undo does not understand, as a person may read it: lines as they stand there, and kinds without a
    /// meaning.
    pub fn not_understood(&self) -> Vec<String> {
        let other = |line: &RecordLine| match &line.kind {
            RecordKind::Other(word) => Some(format!("{word} {} (run {})", line.path, line.run)),
            _ => None,
        };
        self.unread.iter().cloned().chain(self.lines.iter().filter_map(other)).collect()
    }
}
