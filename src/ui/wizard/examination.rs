//! What the doctor found on the workers that come back, what is chosen of it, and the repair that came of it.

use std::sync::Arc;

use jiff::Timestamp;

use crate::engine::doctor::{Examined, NodeElsewhere};
use crate::engine::drain::{DrainWish, USUAL};
use crate::plan::problem::Problem;

/// What the doctor found, and what is chosen of it.
#[derive(Debug, Default)]
pub struct Examination {
    /// The number of the newest look.
    pub number: u64,
    /// It goes on.
    pub looking: bool,
    /// What was found; that of the look before while another goes on.
    pub seen: Option<Arc<Vec<Examined>>>,
    /// What stopped the newest look.
    pub failed: Option<Problem>,
    /// The nodes of the cluster that were no workers of the plan then.
    pub elsewhere: Vec<NodeElsewhere>,
    /// When what is shown was looked at.
    pub at: Option<Timestamp>,
    /// Answers have changed since.
    pub stale: bool,
    /// The beat of the clock at which it ended.
    pub ticks: u64,
    /// The chosen row, counted from 0.
    pub row: usize,
    /// The first line shown of what is known of it, counted from 0.
    pub scroll: usize,
    /// The chosen action of the repair, counted from 0.
    pub action: usize,
    /// The worker whose repair is shown.
    pub worker: Option<String>,
    /// Whether its pods leave first.
    pub drain: DrainChoice,
    /// What the API says of its pods, for that choice; `None` = it was not asked, or has not answered.
    pub leaving: Option<Result<Vec<String>, Problem>>,
    /// The repair that was begun last.
    pub mending: Option<Box<Mending>>,
}

impl Examination {
    /// Answers have changed: what was found is of another plan, and what is on its way counts no more.
    pub fn forget(&mut self) {
        self.stale = true;
        self.elsewhere.clear();
        self.hold();
    }

    /// What was found stays as it is read: a look that is on its way counts no more.
    pub fn hold(&mut self) {
        if self.looking {
            self.number = self.number.saturating_add(1);
            self.looking = false;
        }
    }
}

/// Whether the pods of a worker leave before it is repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DrainChoice {
    /// They stay.
    #[default]
    No,
    /// Those that somebody makes anew elsewhere.
    Safe,
    /// Also those with which something is lost.
    All,
}

impl DrainChoice {
    /// The one behind it.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::No => Self::Safe,
            Self::Safe => Self::All,
            Self::All => Self::No,
        }
    }

    /// What is wished of a drain.
    pub fn wish(self) -> Option<DrainWish> {
        let lost = match self {
            Self::No => return None,
            Self::Safe => false,
            Self::All => true,
        };
        Some(DrainWish { lost, within: USUAL })
    }
}

/// A repair that was begun from a diagnosis.
#[derive(Debug, Clone)]
pub struct Mending {
    /// What was found before it.
    pub before: Examined,
    /// When that was looked at.
    pub seen_at: Timestamp,
    /// When the repair began.
    pub began: Timestamp,
    /// When it ended; `None` = it goes on.
    pub ended: Option<Timestamp>,
    /// What was found after it; `None` = nobody has looked yet.
    pub after: Option<Examined>,
}

impl std::fmt::Debug for Examined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Examined({}, {:?})", self.worker, self.found)
    }
}
