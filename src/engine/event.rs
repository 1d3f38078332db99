//! What happens, as data: the lines on a terminal, `--json`, the journal and the tests all read these. JSON
//! lines are `{v:1, seq, t, run, place, step?, action?, kind, ...}`; changes only add.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::signing::offline::Bundle;
use crate::plan::action::Action;
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Verdict};
use crate::step::StepId;

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum TaskOutcome {
    /// Something was done.
    Changed {
        /// How many actions.
        actions: usize,
    },
    /// Nothing needed to be done.
    Same {
        /// How that shows.
        evidence: String,
    },
    /// It became true.
    Proven {
        /// How that shows.
        evidence: String,
    },
    /// It could not be proven, which is not a failure.
    NotProven {
        /// Why.
        why: String,
    },
    /// Not tried.
    Skipped {
        /// Why.
        why: String,
    },
    /// It failed.
    Failed {
        /// The problem.
        problem: Problem,
    },
    /// The person stopped it.
    Stopped,
}

impl TaskOutcome {
    /// Whether later work may build on it.
    pub fn good(&self) -> bool {
        match self {
            Self::Changed { .. } | Self::Same { .. } | Self::Proven { .. } | Self::NotProven { .. } => true,
            Self::Skipped { .. } | Self::Failed { .. } | Self::Stopped => false,
        }
    }
}

/// What a place cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cost {
    /// Connections.
    pub connections: usize,
    /// Execs, streams left out.
    pub execs: usize,
    /// Live streams.
    pub streams: usize,
    /// TCP connections made by the machine.
    pub tcp: usize,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Event {
    /// A run began.
    RunStarted {
        /// Hosts that are contacted, in words.
        hosts: Vec<String>,
    },
    /// Something worth knowing.
    Note {
        /// In words.
        text: String,
    },
    /// A remark on the machine.
    Verdict(Verdict),
    /// A step begins on a place.
    TaskStarted,
    /// An action begins.
    ActionStarted {
        /// In words.
        action: String,
        /// Its shell text; secrets and values to come are shown by name.
        shell: String,
    },
    /// An action said something.
    Output {
        /// The line, cleaned.
        line: String,
        /// It came on stderr.
        err: bool,
    },
    /// A file is on its way.
    Progress {
        /// Bytes sent.
        sent: u64,
        /// Of how many.
        of: u64,
    },
    /// An action ended.
    ActionEnded {
        /// In words.
        action: String,
        /// Exit status; 0 = done.
        status: i32,
        /// How long it took.
        ms: u64,
    },
    /// A step ended on a place.
    TaskEnded {
        /// How.
        #[serde(flatten)]
        outcome: TaskOutcome,
    },
    /// Something went wrong outside of a step.
    Trouble {
        /// What.
        problem: Problem,
    },
    /// The run ended.
    RunEnded {
        /// Exit code.
        code: u8,
        /// Places by how they ended.
        places: BTreeMap<String, String>,
        /// What they cost.
        counts: BTreeMap<String, Cost>,
        /// What to try next.
        next: Vec<String>,
    },
}

/// An event with its place in the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stamped {
    /// Version of the format.
    pub v: u8,
    /// Counts up from 0.
    pub seq: u64,
    /// Seconds since the run started.
    pub t: f64,
    /// Run id.
    pub run: String,
    /// Where.
    pub place: Place,
    /// Which step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<StepId>,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

impl Stamped {
    /// As `--json` tells it: the place in one word, and of a problem what a person is told.
    pub fn told(&self) -> serde_json::Result<Value> {
        let mut told = serde_json::to_value(self)?;
        told["place"] = Value::String(self.place.to_string());
        match &self.event {
            Event::Trouble { problem } | Event::TaskEnded { outcome: TaskOutcome::Failed { problem } } => {
                told["problem"] = problem.told();
            }
            Event::Verdict(Verdict::Stops(problem)) => told["ways"] = problem.told_ways(),
            _ => {}
        }
        Ok(told)
    }
}

/// Whoever shows what happens. Called from several threads, one at a time.
pub trait Front: Send + Sync {
    /// Shows an event.
    fn emit(&self, event: &Stamped);
    /// At the guided pace: whether these actions of a step may be sent now; `false` stops the run as Ctrl-C
    /// does. It may wait for a person as long as it likes, and several places ask at the same time.
    fn go_on(&self, _place: &Place, _step: StepId, _actions: &[Action]) -> bool {
        true
    }
    /// The requests that wait for an offline CA are others than before.
    fn offline(&self, _bundle: &Bundle) {}
}
