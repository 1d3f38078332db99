//! What the threads of a run share: the facts once they are known, how far the workers are, and how each place
//! ended and what it cost.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::engine::cluster::facts::SharedFacts;
use crate::engine::exit::End;
use crate::engine::sync::{Gate, Slots};
use crate::engine::world::Cost;
use crate::plan::code::ProblemCode;
use crate::plan::place::Place;
use crate::plan::problem::Problem;

/// How far a worker's thread has told the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reported {
    /// It is still at work.
    Nothing,
    /// The work is over, the proofs are not.
    Worked,
    /// Ready, or never.
    Ended,
}

/// What the threads share.
pub(crate) struct RunShared {
    pub(crate) facts: Gate<Result<Arc<SharedFacts>, Problem>>,
    pub(crate) login: Gate<()>,
    /// Opens when the cluster's own steps are over: whether DNS is there.
    pub(crate) dns: Gate<bool>,
    pub(crate) ends: Mutex<BTreeMap<Place, End>>,
    pub(crate) costs: Mutex<BTreeMap<Place, Cost>>,
    /// Workers that are Ready, workers that are over without, workers whose work is over.
    pub(crate) progress: Mutex<(usize, usize, usize)>,
    pub(crate) moved: Condvar,
    pub(crate) slots: Slots,
}

impl RunShared {
    pub(crate) fn new(jobs: usize) -> Self {
        Self {
            facts: Gate::default(),
            login: Gate::default(),
            dns: Gate::default(),
            ends: Mutex::default(),
            costs: Mutex::default(),
            progress: Mutex::default(),
            moved: Condvar::new(),
            slots: Slots::new(jobs),
        }
    }

    /// Whoever waits must not wait for ever, whatever became of the thread that was to answer.
    pub(crate) fn give_up(&self, why: &str) {
        self.facts.open(Err(Problem::new(ProblemCode::Bug04, why)));
        self.login.open(());
        self.dns.open(false);
    }

    pub(crate) fn end(&self, place: &Place, end: End) {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).insert(place.clone(), end);
    }

    pub(crate) fn moved(&self, ready: bool) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if ready {
            progress.0 += 1;
        } else {
            progress.1 += 1;
        }
        self.moved.notify_all();
    }

    pub(crate) fn worked(&self) {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).2 += 1;
        self.moved.notify_all();
    }

    /// Waits until a worker is Ready or nothing is done on any of them any more.
    pub(crate) fn wait_idle(&self, workers: usize) {
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let busy = |progress: &mut (usize, usize, usize)| progress.0 == 0 && progress.2 < workers;
        drop(self.moved.wait_while(progress, busy));
    }

    /// Waits until a worker is Ready; `false` when none will be.
    pub(crate) fn one_ready(&self, workers: usize) -> bool {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if progress.0 > 0 {
                return true;
            }
            if progress.1 >= workers {
                return false;
            }
            progress = self.moved.wait(progress).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
