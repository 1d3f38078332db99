//! What a step is: its name, its queue, what it wants to know and what it makes of it.

use serde::{Serialize, Serializer};

use super::input::StepInput;
use super::state::StepState;
use crate::plan::fact::FactQuery;
use crate::plan::model::{Plan, Worker};
use crate::plan::problem::Verdict;

/// Names a step; stable, used in events, the journal and `assets/explain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub &'static str);

impl StepId {
    /// No step, but events of a repair carry it.
    pub const REPAIR: Self = Self("repair");
    /// No step, but events of an undo carry it.
    pub const UNDO: Self = Self("undo");
}

impl Serialize for StepId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl std::fmt::Display for StepId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

/// Which queue a step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// Every worker.
    Worker,
    /// The operator's computer.
    Local,
    /// The cluster, through its API; waits for one Ready worker.
    Cluster,
    /// Every Ready worker, once the cluster's steps are done.
    Ready,
}

/// A step.
pub trait Step: Sync {
    /// Its name.
    fn id(&self) -> StepId;
    /// Its title on the screen.
    fn title(&self) -> &'static str;
    /// Whose queue it is in.
    fn on(&self) -> On {
        On::Worker
    }
    /// Steps of the same queue that must be done before.
    fn needs(&self) -> &'static [&'static str] {
        &[]
    }
    /// What it wants to know, whatever the profile turns out to be.
    fn queries(&self, plan: &Plan, worker: Option<&Worker>, home: &str) -> Vec<FactQuery>;
    /// What it finds.
    fn look(&self, cx: &StepInput) -> StepState;
    /// Remarks on the machine, one for each thing looked at.
    fn verdicts(&self, _: &StepInput) -> Vec<Verdict> {
        Vec::new()
    }
    /// A step of the cluster that is done before any worker is Ready, where the API is reached; or one of a Ready worker
    /// that does not wait for the cluster's steps.
    fn at_once(&self) -> bool {
        false
    }
    /// Not every worker has it; where it does not apply nothing is told of it.
    fn applies(&self, _: &StepInput) -> bool {
        true
    }
    /// It is shown only where something was told of it.
    fn rare(&self) -> bool {
        false
    }
    /// Its actions change what the later steps must know before they can look.
    fn barrier(&self) -> bool {
        false
    }
    /// What, why, commands, undo: Markdown.
    fn explain(&self) -> &'static str;
}
