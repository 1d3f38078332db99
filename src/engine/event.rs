//! What happens, as data: the lines on a terminal, `--json`, the journal and the tests all read these. JSON
//! lines are `{v:1, seq, t, run, place, step?, action?, kind, ...}`; changes only add.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::exit::ExitCode;
use crate::engine::signing::offline::Bundle;
use crate::engine::world::Cost;
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
        /// What could not be seen, in words.
        why: String,
    },
    /// Not tried.
    Skipped {
        /// What it would have waited for, or who stopped it, in words.
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
        /// How it ended; its fields stand beside `kind`.
        #[serde(flatten)]
        outcome: TaskOutcome,
    },
    /// Something went wrong outside of a step.
    Trouble {
        /// What went wrong, with its ways out.
        problem: Problem,
    },
    /// The run ended.
    RunEnded {
        /// With what it ended.
        code: ExitCode,
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
    /// The queue of work it belongs to; `--json` tells it in one word.
    pub place: Place,
    /// The step, when it is one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<StepId>,
    /// What happened; its fields stand beside these.
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

/// Numbers events and hands them on.
pub struct EventSink<'a> {
    front: &'a dyn Front,
    run: String,
    started: Instant,
    seq: Mutex<u64>,
}

impl<'a> EventSink<'a> {
    /// The events of one run, from number 0 on.
    pub fn new(front: &'a dyn Front, run: &str) -> Self {
        Self { front, run: run.to_owned(), started: Instant::now(), seq: Mutex::new(0) }
    }

    /// Whoever shows what happens.
    pub fn front(&self) -> &'a dyn Front {
        self.front
    }

    /// Tells an event; events are shown in the order of their numbers.
    pub fn tell(&self, place: &Place, step: Option<StepId>, event: Event) {
        let mut seq = self.seq.lock().unwrap_or_else(PoisonError::into_inner);
        let stamped = Stamped {
            v: 1,
            seq: *seq,
            t: (self.started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
            run: self.run.clone(),
            place: place.clone(),
            step,
            event,
        };
        *seq += 1;
        self.front.emit(&stamped);
    }
}
