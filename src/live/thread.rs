//! What the threads of the panel are given: what they watch, where they say what they hear, when they connect and
//! how they are told to end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::update::Update;
use crate::engine::World;
use crate::plan::model::{Login, Plan};
use crate::plan::place::Place;
use crate::plan::runtime_fact::RuntimeKind;

/// Hosts connected to at once: sshd refuses the newcomers of a crowd.
const AT_ONCE: usize = 32;
/// How soon a thread that waits for its next try notices that it should end.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// A host to watch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WatchTarget {
    /// The worker it is.
    pub place: Place,
    /// How it is logged in to.
    pub login: Login,
    /// The container runtime that the plan names; `None` = whichever holds containers of a kubelet.
    pub runtime: Option<RuntimeKind>,
}

/// The workers of a plan, in its order.
pub fn watch_targets(plan: &Plan) -> Vec<WatchTarget> {
    let spot = |worker: &crate::plan::model::Worker| WatchTarget {
        place: Place::Worker(worker.name.clone()),
        login: worker.ssh.clone(),
        runtime: plan.cluster.runtime.kind(),
    };
    plan.workers.iter().map(spot).collect()
}

/// Where updates go; called on the threads.
pub type Send = Box<dyn Fn(Update) + std::marker::Send + Sync>;

/// What all threads share.
pub(super) struct WatchShared {
    pub world: Arc<dyn World + std::marker::Send + Sync>,
    send: Send,
    connecting: Mutex<usize>,
    done: Condvar,
}

/// What a thread is told.
#[derive(Default)]
pub(super) struct StopSignal {
    end: AtomicBool,
    again: AtomicBool,
    opened: AtomicBool,
    /// Namespaces and names of the pods whose containers were seen last, while the host is opened.
    pods: Mutex<Vec<(String, String)>>,
}

impl StopSignal {
    /// Ends the thread, or lets it go on.
    pub fn end(&self, ends: bool) {
        self.end.store(ends, Ordering::Release);
    }

    /// Whatever waits is tried now.
    pub fn again(&self) {
        self.again.store(true, Ordering::Release);
    }

    /// It should end.
    pub fn over(&self) -> bool {
        self.end.load(Ordering::Acquire)
    }

    /// Somebody looks at this host alone: its journal and its certificates are asked for too.
    pub fn open(&self, is: bool) {
        self.opened.store(is, Ordering::Release);
    }

    /// Whether somebody does.
    pub fn is_open(&self) -> bool {
        self.opened.load(Ordering::Acquire)
    }

    /// These pods run on it.
    pub fn set_pods(&self, pods: Vec<(String, String)>) {
        *self.pods.lock().unwrap_or_else(PoisonError::into_inner) = pods;
    }

    /// The pods that were seen last.
    pub fn pods(&self) -> Vec<(String, String)> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Nothing is tried again now: the wish was said while there was nothing to try.
    pub fn forget(&self) {
        self.again.store(false, Ordering::Release);
    }
}

/// A place among those that connect.
pub(super) struct ConnectPermit<'s>(&'s WatchShared);

impl Drop for ConnectPermit<'_> {
    fn drop(&mut self) {
        *self.0.connecting.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.done.notify_one();
    }
}

impl WatchShared {
    pub fn new(world: Arc<dyn World + std::marker::Send + Sync>, send: Send) -> Self {
        Self { world, send, connecting: Mutex::new(0), done: Condvar::new() }
    }

    /// Says something, unless nobody wants to hear it any more.
    pub fn say(&self, told: &StopSignal, update: Update) {
        if !told.over() {
            (self.send)(update);
        }
    }

    /// Waits for a place among those that connect.
    pub fn turn(&self) -> ConnectPermit<'_> {
        let mut connecting = self.connecting.lock().unwrap_or_else(PoisonError::into_inner);
        while *connecting >= AT_ONCE {
            connecting = self.done.wait(connecting).unwrap_or_else(PoisonError::into_inner);
        }
        *connecting += 1;
        ConnectPermit(self)
    }

    /// Waits so long, for ever without a time; less when told to end or, then it is true, to try again.
    pub fn rest(&self, told: &StopSignal, time: Option<Duration>) -> bool {
        let mut left = time.unwrap_or(Duration::MAX);
        while !left.is_zero() && !told.over() {
            if told.again.swap(false, Ordering::AcqRel) {
                return true;
            }
            let glance = left.min(POLL_INTERVAL);
            self.world.wait(glance);
            // A lab's clock moves by itself when somebody waits; that must not take a processor with it.
            std::thread::park_timeout(Duration::from_millis(1));
            left = left.saturating_sub(glance);
        }
        false
    }
}

pub(super) fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(now)
}
