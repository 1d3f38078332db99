//! What was seen of one thing, and of everything.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::engine::PlacePreview;
use crate::plan::model::Version;
use crate::plan::problem::Problem;
use crate::ui::wizard::review_table::ReviewTable;
use crate::ui::wizard::role::Role;

/// How a look at something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LookStatus {
    /// It goes on.
    Looking,
    /// Nothing is wrong with it.
    Good,
    /// Works, but look.
    Doubtful,
    /// Something is in the way.
    Bad,
}

/// A look at the CA, the API or a worker, in lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// How it went.
    pub mood: LookStatus,
    /// A few words for a table.
    pub word: String,
    /// What was seen.
    pub lines: Vec<(Role, String)>,
    /// What is in the way, with the ways out.
    pub problem: Option<Problem>,
    /// The answers it was made of have changed since.
    pub stale: bool,
    /// The version that was said, of the API or of a worker's kubelet.
    #[serde(default)]
    pub version: Option<String>,
}

impl Look {
    /// The version that was said; what is looked at anew has said none yet.
    pub fn said(&self) -> Option<Version> {
        Version::parse(self.version.as_deref()?).filter(|_| !self.stale)
    }

    /// One that has just begun.
    pub fn begun() -> Self {
        Self {
            mood: LookStatus::Looking,
            word: "looking".to_owned(),
            lines: Vec::new(),
            problem: None,
            stale: false,
            version: None,
        }
    }
}

/// What was looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ProbeTarget {
    /// The CA.
    Ca,
    /// The API.
    Api,
    /// A worker, by name.
    Worker(String),
}

/// An inspection of all places: what review, certificates and the others show.
#[derive(Debug, Clone, Default)]
pub enum Inspection {
    /// None yet.
    #[default]
    None,
    /// It goes on.
    Looking,
    /// Seen; `stale` when answers have changed since.
    Seen {
        /// The places.
        seen: Arc<Vec<PlacePreview>>,
        /// When, in words.
        at: String,
        /// Answers have changed since.
        stale: bool,
        /// Their steps in the order of the review, and counted.
        table: Arc<ReviewTable>,
    },
    /// The CA or the API stops everything.
    Failed(Problem),
}

impl std::fmt::Debug for PlacePreview {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seen({}, {} steps)", self.place, self.looked.len())
    }
}

impl Inspection {
    /// All places were looked at, at this time in words.
    pub fn of(seen: Arc<Vec<PlacePreview>>, at: String) -> Self {
        let table = Arc::new(ReviewTable::of(&seen));
        Self::Seen { seen, at, stale: false, table }
    }

    /// The places, to keep what is made of them beside them.
    pub fn shared(&self) -> Option<&Arc<Vec<PlacePreview>>> {
        match self {
            Self::Seen { seen, .. } => Some(seen),
            Self::None | Self::Looking | Self::Failed(_) => None,
        }
    }

    /// The steps of what was seen, in the order of the review; of nothing seen there are none.
    pub fn table(&self) -> Option<&ReviewTable> {
        match self {
            Self::Seen { table, .. } => Some(table),
            Self::None | Self::Looking | Self::Failed(_) => None,
        }
    }

    /// What was seen, old or new.
    pub fn seen(&self) -> Option<&[PlacePreview]> {
        match self {
            Self::Seen { seen, .. } => Some(seen),
            Self::None | Self::Looking | Self::Failed(_) => None,
        }
    }
}
