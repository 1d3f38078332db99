//! Starts and ends the threads. A host that stays in the list keeps its thread and its stream when the list
//! changes; one that left it is let go.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::engine::World;
use crate::plan::model::{Login, Plan};
use crate::plan::place::Place;

use super::update::Update;
use super::{api, host};

/// Hosts connected to at once: sshd refuses the newcomers of a crowd.
const AT_ONCE: usize = 32;
/// A host's thread does little and there may be many.
const STACK: usize = 512 * 1024;
/// How soon a thread that waits for its next try notices that it should end.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// A host to watch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WatchTarget {
    /// Which.
    pub place: Place,
    /// How it is logged in to.
    pub login: Login,
}

/// The workers of a plan, in its order.
pub fn watch_targets(plan: &Plan) -> Vec<WatchTarget> {
    let spot = |worker: &crate::plan::model::Worker| WatchTarget {
        place: Place::Worker(worker.name.clone()),
        login: worker.ssh.clone(),
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
}

impl StopSignal {
    /// It should end.
    pub fn over(&self) -> bool {
        self.end.load(Ordering::Acquire)
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

/// The threads; they end when this is dropped.
pub struct Watch {
    shared: Arc<WatchShared>,
    hosts: HashMap<WatchTarget, Arc<StopSignal>>,
    api: Option<Arc<StopSignal>>,
}

/// Watches the workers of a plan and its cluster; `may_sign` = the CA may be used to become known to the API.
pub fn start(
    world: Arc<dyn World + std::marker::Send + Sync>,
    plan: &Arc<Plan>,
    may_sign: bool,
    send: Send,
) -> Watch {
    let mut watch = Watch::new(world, send);
    watch.hosts(&watch_targets(plan));
    watch.cluster(plan, may_sign);
    watch
}

impl Watch {
    /// Watches nothing yet.
    pub fn new(world: Arc<dyn World + std::marker::Send + Sync>, send: Send) -> Self {
        let shared = WatchShared { world, send, connecting: Mutex::new(0), done: Condvar::new() };
        Self { shared: Arc::new(shared), hosts: HashMap::new(), api: None }
    }

    /// From now on these hosts are watched and no others.
    pub fn hosts(&mut self, spots: &[WatchTarget]) {
        self.hosts.retain(|spot, told| {
            let stays = spots.contains(spot);
            told.end.store(!stays, Ordering::Release);
            stays
        });
        for spot in spots {
            if !self.hosts.contains_key(spot) {
                let told = Arc::new(StopSignal::default());
                let (shared, mine, place) = (Arc::clone(&self.shared), Arc::clone(&told), spot.clone());
                self.hosts.insert(spot.clone(), told);
                run(format!("live {}", spot.place), move || host::follow(&shared, &mine, &place));
            }
        }
    }

    /// From now on this plan's API is watched; `may_sign` = the CA may be used to become known to it, which
    /// may ask for its passphrase.
    pub fn cluster(&mut self, plan: &Arc<Plan>, may_sign: bool) {
        if let Some(told) = self.api.take() {
            told.end.store(true, Ordering::Release);
        }
        let told = Arc::new(StopSignal::default());
        let (shared, mine, plan) = (Arc::clone(&self.shared), Arc::clone(&told), Arc::clone(plan));
        self.api = Some(told);
        run("live api".to_owned(), move || api::follow(&shared, &mine, &plan, may_sign));
    }

    /// Whoever waits for the next try tries now.
    pub fn again(&self) {
        for told in self.hosts.values().chain(&self.api) {
            told.again.store(true, Ordering::Release);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        for told in self.hosts.values().chain(&self.api) {
            told.end.store(true, Ordering::Release);
        }
    }
}

/// A thread that cannot be had leaves its row as it is: nothing else depends on it.
fn run(name: String, does: impl FnOnce() + std::marker::Send + 'static) {
    let _ = std::thread::Builder::new().name(name).stack_size(STACK).spawn(does);
}
