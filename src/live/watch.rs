//! Starts and ends the threads. A host that stays in the list keeps its thread and its stream when the list
//! changes; one that left it is let go.

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::World;
use crate::kube::ClusterApi;
use crate::plan::model::Plan;
use crate::plan::place::Place;

use super::logs::{self, LogWish};
use super::thread::{Send, StopSignal, WatchShared, WatchTarget, watch_targets};
use super::update::{LogNews, Update};
use super::{api, host, opened};

/// A host's thread does little and there may be many.
const STACK: usize = 512 * 1024;

/// The threads; they end when this is dropped.
pub struct Watch {
    shared: Arc<WatchShared>,
    hosts: HashMap<WatchTarget, Arc<StopSignal>>,
    api: Option<Arc<StopSignal>>,
    /// The cluster as the watch is known to it.
    cluster: Option<Arc<dyn ClusterApi>>,
    /// The host that is opened, and who asks for its events.
    opened: Option<(Place, Option<Arc<StopSignal>>)>,
    /// Who follows a log.
    log: Option<Arc<StopSignal>>,
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
        let shared = WatchShared::new(world, send);
        Self {
            shared: Arc::new(shared),
            hosts: HashMap::new(),
            api: None,
            cluster: None,
            opened: None,
            log: None,
        }
    }

    /// From now on these hosts are watched and no others.
    pub fn hosts(&mut self, spots: &[WatchTarget]) {
        self.hosts.retain(|spot, told| {
            let stays = spots.contains(spot);
            told.end(!stays);
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
        self.reopen();
    }

    /// From now on this host is looked at alone: what else there is of it is asked for. `None` = no host is.
    pub fn open(&mut self, place: Option<&Place>) {
        if self.opened.as_ref().map(|(place, _)| place) == place {
            return;
        }
        self.close();
        self.opened = place.map(|place| (place.clone(), None));
        self.reopen();
    }

    /// From now on this log is followed and no other; one of a host that is not watched is not.
    pub fn log(&mut self, wish: Option<&LogWish>) {
        if let Some(told) = self.log.take() {
            told.end(true);
        }
        let Some(wish) = wish else { return };
        let Some(spot) = self.hosts.keys().find(|spot| spot.place == wish.place) else {
            let news = LogNews::Ended("that host is not watched".to_owned());
            return self.shared.say(&StopSignal::default(), Update::Log { number: wish.number, news });
        };
        let told = Arc::new(StopSignal::default());
        let (shared, mine) = (Arc::clone(&self.shared), Arc::clone(&told));
        let (spot, wish) = (spot.clone(), wish.clone());
        self.log = Some(told);
        run("live log".to_owned(), move || logs::follow(&shared, &mine, &spot, &wish));
    }

    fn close(&mut self) {
        for told in self.hosts.values() {
            told.open(false);
        }
        if let Some((_, Some(told))) = self.opened.take() {
            told.end(true);
        }
    }

    /// Whoever looks at the opened host is told so, and asked for its events.
    fn reopen(&mut self) {
        let Some((place, asks)) = &mut self.opened else { return };
        let host = self.hosts.iter().find(|(spot, _)| spot.place == *place).map(|(_, told)| told);
        let Some(host) = host else { return };
        host.open(true);
        if let (None, Some(cluster), Place::Worker(node)) = (&asks, &self.cluster, &*place) {
            let told = Arc::new(StopSignal::default());
            let (shared, mine, host) = (Arc::clone(&self.shared), Arc::clone(&told), Arc::clone(host));
            let (cluster, node) = (Arc::clone(cluster), node.clone());
            *asks = Some(told);
            run("live events".to_owned(), move || opened::follow(&shared, &mine, &host, &*cluster, &node));
        }
    }

    /// From now on this plan's API is watched; `may_sign` = the CA may be used to become known to it, which
    /// may ask for its passphrase.
    pub fn cluster(&mut self, plan: &Arc<Plan>, may_sign: bool) {
        if let Some(told) = self.api.take() {
            told.end(true);
        }
        let told = Arc::new(StopSignal::default());
        let (shared, mine, plan) = (Arc::clone(&self.shared), Arc::clone(&told), Arc::clone(plan));
        let cluster: Arc<dyn ClusterApi> = Arc::from(self.shared.world.another_cluster());
        self.api = Some(told);
        self.cluster = Some(Arc::clone(&cluster));
        run("live api".to_owned(), move || api::follow(&shared, &mine, &*cluster, &plan, may_sign));
        if let Some((_, asks)) = &mut self.opened {
            // Who asks for events asks the cluster of now.
            if let Some(told) = asks.take() {
                told.end(true);
            }
        }
        self.reopen();
    }

    /// Whoever waits for the next try tries now.
    pub fn again(&self) {
        for told in self.hosts.values().chain(&self.api) {
            told.again();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.close();
        self.log(None);
        for told in self.hosts.values().chain(&self.api) {
            told.end(true);
        }
    }
}

/// A thread that cannot be had leaves its row as it is: nothing else depends on it.
fn run(name: String, does: impl FnOnce() + std::marker::Send + 'static) {
    let _ = std::thread::Builder::new().name(name).stack_size(STACK).spawn(does);
}
