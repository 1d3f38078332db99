//! What the threads of a run share: the base once it is known, how many hosts are worked on at a time, how far the
//! workers are, and how each place ended.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::engine::cluster::facts::{Gate, SharedFacts};
use crate::engine::event::Cost;
use crate::engine::exit::End;
use crate::engine::run::proof::DnsGate;
use crate::plan::code::ProblemCode;
use crate::plan::place::Place;
use crate::plan::problem::Problem;

/// Runs when it is dropped, after a panic too.
pub(crate) struct OnDrop<F: Fn()>(pub(crate) F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

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
    pub(crate) base: Gate<Result<Arc<SharedFacts>, Problem>>,
    pub(crate) login: Gate<()>,
    pub(crate) dns: DnsGate,
    pub(crate) ends: Mutex<BTreeMap<Place, End>>,
    pub(crate) costs: Mutex<BTreeMap<Place, Cost>>,
    /// Workers that are Ready, workers that are over without, workers whose work is over.
    pub(crate) progress: Mutex<(usize, usize, usize)>,
    pub(crate) moved: Condvar,
    pub(crate) slots: Slots,
}

/// How many hosts may be worked on at once.
pub struct Slots {
    free: Mutex<usize>,
    freed: Condvar,
}

/// A slot that others may use meanwhile; dropped, it is taken again.
pub(crate) struct Lent<'s>(&'s Slots);

impl Slots {
    fn new(jobs: usize) -> Self {
        Self { free: Mutex::new(jobs.max(1)), freed: Condvar::new() }
    }

    pub(crate) fn take(&self) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
    }

    pub(crate) fn give(&self) {
        *self.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.freed.notify_one();
    }

    /// Lets others work while whoever holds a slot waits for a person.
    pub(crate) fn lend(&self) -> Lent<'_> {
        self.give();
        Lent(self)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.0.take();
    }
}

impl RunShared {
    pub(crate) fn new(jobs: usize) -> Self {
        Self {
            base: Gate::default(),
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
        self.base.open(Err(Problem::new(ProblemCode::Bug04, why)));
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
