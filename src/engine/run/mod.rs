//! The engine and what everything that works with one shares: which workers, which batch, what was reviewed, how a
//! failure is told.

mod batches;
mod coordinator;
pub(crate) mod failure;
mod gather;
mod noted;
mod proof;
mod shared;
mod worker;

pub(crate) use batches::resolve;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::engine::event::{Event, EventSink, Front, TaskOutcome};
use crate::engine::exit::End;
use crate::engine::options::RunOptions;
use crate::engine::repaired::RepairedAt;
use crate::engine::world::World;
use crate::host::HostLock;
use crate::host::shell::nonce;
use crate::plan::action::Action;
use crate::plan::model::{CaPlace, Plan, Worker};
use crate::plan::place::Place;
use crate::plan::problem::Problem;
use crate::step::{Proof, StepId};

/// A plan on its way: what a run, a preview, an undo and a repair work with.
pub struct Engine<'a> {
    /// What the operator decided.
    pub(crate) plan: &'a Plan,
    /// What it stands on.
    pub(crate) world: &'a dyn World,
    /// Numbers and shows events.
    pub(crate) events: EventSink<'a>,
    /// What this run is asked.
    pub(crate) options: RunOptions<'a>,
    /// Who works, for the lock on each worker.
    lock: HostLock,
    /// Counts batches.
    batches: AtomicU64,
    /// How the places of the run before ended.
    pub(crate) ends: Mutex<BTreeMap<Place, End>>,
    /// The places that a repair changed.
    pub(crate) repaired: Mutex<BTreeMap<Place, RepairedAt>>,
}

/// How a place's work ended.
#[derive(Default)]
pub struct Worked {
    /// What must still become true.
    pub proofs: Vec<(StepId, Proof)>,
    /// Actions carried out.
    pub changed: usize,
    /// What stopped it.
    pub problem: Option<Problem>,
    /// The person stopped it.
    pub stopped: bool,
    /// When the kubelet was started, by this computer's clock, milliseconds.
    pub started_ms: Option<i64>,
    /// The worker's node was not there before.
    pub node: Option<NewNode>,
    /// When the last action ended, by this computer's clock, milliseconds.
    pub ended_ms: Option<i64>,
}

impl Worked {
    /// Of a place that a repair may have changed: what is proven must be younger than that.
    pub fn after(repaired: Option<RepairedAt>) -> Self {
        let (started_ms, ended_ms) = (repaired.and_then(|at| at.started_ms), repaired.map(|at| at.ended_ms));
        Self { started_ms, ended_ms, ..Self::default() }
    }
}

/// A node that a run makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewNode {
    /// The API did not have it.
    Sure,
    /// The API could not be asked: it is new when it is younger than this, by this computer's clock, milliseconds.
    WhenYoungerThan(i64),
}

impl<'a> Engine<'a> {
    /// An engine that has not begun yet; `front` shows what happens.
    pub fn new(plan: &'a Plan, world: &'a dyn World, front: &'a dyn Front, options: RunOptions<'a>) -> Self {
        let events = EventSink::new(front, &options.run);
        let lock = HostLock {
            token: format!("{}-{}", options.run, nonce()),
            who: format!("{}, run {}", world.operator(), options.run),
        };
        let (batches, ends, repaired) = (AtomicU64::new(0), Mutex::default(), Mutex::default());
        Self { plan, world, events, options, lock, batches, ends, repaired }
    }
}

impl Engine<'_> {
    /// Whether a place of the run before ended as it should.
    pub fn ended_well(&self, place: &Place) -> bool {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(ends.get(place), Some(End::Same | End::Changed))
    }

    /// The next batch's number.
    pub fn next_batch(&self) -> u64 {
        self.batches.fetch_add(1, Ordering::SeqCst)
    }

    /// The lock that work on a place takes: on a worker, when something may be changed.
    pub(crate) fn lock_on(&self, place: &Place) -> Option<HostLock> {
        let changes = matches!(place, Place::Worker(_)) && self.options.session.is_some();
        changes.then(|| self.lock.clone())
    }

    /// The workers of this run.
    pub fn workers(&self) -> Vec<&Worker> {
        self.plan
            .workers
            .iter()
            .filter(|worker| self.options.only.is_empty() || self.options.only.contains(&worker.name))
            .collect()
    }

    /// Which hosts are contacted, in words.
    pub fn contacted(&self) -> Vec<String> {
        let mut hosts = vec![self.plan.cluster.api.url()];
        if let CaPlace::Host { login, .. } = &self.plan.ca.place {
            hosts.push(format!("{login} (CA)"));
        }
        hosts.extend(self.workers().iter().map(|worker| format!("{} ({})", worker.ssh, worker.name)));
        hosts
    }

    /// At the guided pace the person is asked before a step's actions are sent; a no stops the run.
    pub(crate) fn go_on(&self, place: &Place, step: StepId, actions: &[Action]) -> bool {
        if !self.options.guided || actions.is_empty() {
            return true;
        }
        if self.events.front().go_on(place, step, actions) {
            // Meanwhile the whole run may have been stopped.
            return !self.options.stop.wanted();
        }
        if !self.options.stop.wanted() {
            self.options.stop.press();
        }
        false
    }

    /// What is about to be sent must be what was reviewed, else it is told; what could not be reviewed is told too.
    pub(crate) fn as_reviewed(&self, place: &Place, tasks: &[(StepId, Action)]) -> Option<Problem> {
        match self.options.reviewed.as_ref()?.check(place, tasks) {
            Ok(free) => {
                for id in free {
                    let count = tasks.iter().filter(|(one, _)| *one == id).count();
                    let text = format!("{count} actions that could not be reviewed before");
                    self.events.tell(place, Some(id), Event::Note { text });
                }
                None
            }
            Err((id, problem)) => {
                self.fail(place, Some(id), problem.clone());
                Some(problem)
            }
        }
    }

    pub(crate) fn fail(&self, place: &Place, step: Option<StepId>, problem: Problem) {
        let event = match step {
            Some(_) => Event::TaskEnded { outcome: TaskOutcome::Failed { problem } },
            None => Event::Trouble { problem },
        };
        self.events.tell(place, step, event);
    }
}
