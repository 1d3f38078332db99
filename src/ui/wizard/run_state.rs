//! The run as it is seen: how far every step is on every place, what was said, what stands in the way.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use serde::{Deserialize, Serialize};

use crate::engine::ExitCode;
use crate::plan::code::ProblemCode;
use crate::plan::place::Place;
use crate::plan::problem::Problem;
use crate::step::StepId;
use crate::ui::wizard::cells::Cells;
use crate::ui::wizard::screens::log::Log;
use crate::ui::wizard::undoing::Undoing;

/// The problem a place has.
#[derive(Debug, Clone, PartialEq)]
pub struct Trouble {
    /// The place that has it.
    pub place: Place,
    /// In which step.
    pub step: Option<StepId>,
    /// The problem, with its ways out.
    pub problem: Problem,
    /// What was done before it, in words.
    pub done: Vec<String>,
}

/// A repair that was agreed to.
#[derive(Debug, Clone, PartialEq)]
pub struct Repair {
    /// Where it is made.
    pub place: Place,
    /// What was run, in words.
    pub what: String,
    /// When it began.
    pub at: Timestamp,
    /// How it ended; `None` = it goes on.
    pub end: Option<RepairEnd>,
    /// The plan was not carried out with it or after it.
    pub alone: bool,
}

/// How a repair ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepairEnd {
    /// All of it was done.
    Done,
    /// Not all of it was, because of this problem.
    Failed(ProblemCode),
    /// Somebody stopped it.
    Stopped,
    /// It did not begin.
    NotBegun,
}

impl std::fmt::Display for RepairEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Done => f.write_str("repaired"),
            Self::Failed(code) => write!(f, "failed, {code}"),
            Self::Stopped => f.write_str("stopped before its end"),
            Self::NotBegun => f.write_str("did not begin"),
        }
    }
}

/// The run as it is seen.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four wishes of the person that have nothing to do with each other"
)]
pub struct Run {
    /// How far every step is on every place.
    pub cells: Cells,
    /// Output by place.
    pub logs: BTreeMap<Place, Log>,
    /// Problems that wait for somebody.
    pub troubles: Vec<Trouble>,
    /// Runs going on now.
    pub going: usize,
    /// A stop was asked for so often.
    pub stops: u8,
    /// When the first one began.
    pub started: Option<Timestamp>,
    /// When the last one ended.
    pub ended: Option<Timestamp>,
    /// Worst exit code so far.
    pub code: Option<ExitCode>,
    /// Actions begun and ended.
    pub actions: (usize, usize),
    /// How each place ended.
    pub ends: BTreeMap<Place, String>,
    /// What to try next.
    pub next: Vec<String>,
    /// Files and other things changed, by place, in words.
    pub changed: BTreeMap<Place, Vec<String>>,
    /// A repair alone goes on here.
    pub repairing: Option<Place>,
    /// The repairs since the program began, in their order.
    pub repairs: Vec<Repair>,
    /// Why each change is made, by place and by what is done.
    pub why: BTreeMap<(Place, String), String>,
    /// Places the person skips.
    pub skipped: BTreeSet<Place>,
    /// The place whose output is shown.
    pub shown: usize,
    /// The problem whose card is shown.
    pub card: usize,
    /// The person has chosen a card or a way: it is not changed under their eyes.
    pub chosen: bool,
    /// The chosen way on the card.
    pub way: usize,
    /// The first line shown of the card's evidence, counted from 0.
    pub evidence: usize,
    /// The first step shown in a low window, when the person has chosen it.
    pub top: Option<usize>,
    /// The output has the keys.
    pub in_log: bool,
    /// Where what a run did was taken back, whole.
    pub undone: BTreeSet<Place>,
    /// What was taken back, by place, in words.
    pub taken: BTreeMap<Place, Vec<String>>,
    /// What is being taken back, or was last; `None` = a run came after it.
    pub undoing: Option<Undoing>,
    /// CSRs that wait for an offline CA.
    pub offline: Option<Offline>,
    /// One batch for each step, asked before each.
    pub guided: bool,
    /// Only looks; Apply is not there.
    pub read_only: bool,
}

impl Run {
    /// Something is being done now.
    pub fn going_on(&self) -> bool {
        self.going > 0
    }
}

/// Waiting signing requests of a CA that is offline.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Offline {
    /// Where the requests are.
    pub folder: String,
    /// What to run there.
    pub command: String,
    /// Who waits, and whether its certificate has come.
    pub waiting: Vec<(String, bool)>,
    /// What was said about the last certificates.
    pub said: String,
}
