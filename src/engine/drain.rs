//! Drain: a node takes no new pods, and those that somebody makes anew elsewhere leave it, as far as their disruption
//! budgets allow within a time.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::event::Event;
use super::run::Engine;
use crate::engine::cluster::login::SignIn;
use crate::engine::doctor::Examined;
use crate::engine::exit::ExitCode;
use crate::kube::cluster::is_left_by_us;
use crate::kube::drain::{DrainList, Evicted, Evictee, budgets_path, judge};
use crate::kube::{ApiError, Node, ReadyState};
use crate::plan::code::ProblemCode;
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy};

/// It is asked again so often whether a pod is gone, and whether its budget allows it now.
const AGAIN: Duration = Duration::from_secs(2);
/// So many pods are named.
const NAMED: usize = 12;

/// Why a drain is left out.
pub const NOT_READY: &str = "the API does not call its node Ready, so whether a pod could leave it is not sure; it goes on without a drain";
/// So long pods may take to leave, unless it is said otherwise.
pub const USUAL: Duration = Duration::from_secs(300);

/// What a drain shall do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrainWish {
    /// Pods leave too with which something is lost.
    pub lost: bool,
    /// So long they may take.
    pub within: Duration,
}

/// What came of a drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Its pods have left; whether it was cordoned for it.
    Done {
        /// Nobody had cordoned it before.
        cordoned: bool,
    },
    /// The API knows no such node.
    NoNode,
    /// The API does not call it Ready: whether a pod could leave is not sure.
    NotReady {
        /// An earlier drain of ours left it cordoned.
        cordoned: bool,
    },
}

impl Engine<'_> {
    /// What a drain of this node would do; `None` = the API knows no such node.
    pub fn drain_list(&self, worker: &str) -> Result<Option<DrainList>, Problem> {
        let cluster = self.world.cluster();
        self.enter()?;
        let failed = |error: ApiError| self.api_failed(worker, &error);
        let Some(node) = cluster.get(&format!("/api/v1/nodes/{worker}")).map_err(failed)? else {
            return Ok(None);
        };
        let ready = Node::from_json(&node).is_some_and(|node| node.ready.state == ReadyState::Ready);
        let ours = is_left_by_us(&node);
        let path = format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{worker}");
        let Some(pods) = cluster.get_list(&path).map_err(failed)? else {
            return Ok(Some(DrainList { ready, ours, ..DrainList::default() }));
        };
        let version = cluster.version().map_err(failed)?;
        let budgets = match budgets_path(version) {
            // They are only shown: an eviction heeds them whoever may read them.
            Some(path) => cluster.get_list(path).map(Option::unwrap_or_default),
            None => Ok(Value::Null),
        };
        let (budgets, budgets_why) = match budgets {
            Ok(budgets) => (budgets, String::new()),
            Err(error) => (Value::Null, error.to_string()),
        };
        Ok(Some(DrainList { budgets_why, ready, ours, ..judge(&pods, &budgets) }))
    }

    /// Mends a worker, its pods first where that is wished: whoever was cordoned for it takes pods again when it is mended.
    pub fn mend_drained(&self, first: Examined, wish: Option<DrainWish>) -> ExitCode {
        let worker = first.worker.clone();
        let Some(wish) = wish else { return self.mend(first) };
        let cordoned = match self.drain(&worker, wish) {
            Ok(Drained::Done { cordoned }) => cordoned,
            Ok(Drained::NoNode) => {
                self.note(format!("{worker} is no node of the cluster: nothing is drained"));
                false
            }
            Ok(Drained::NotReady { cordoned }) => {
                self.note(format!("{worker}: {NOT_READY}"));
                cordoned
            }
            Err(problem) => {
                self.fail(&Place::Worker(worker), None, problem);
                return if self.options.stop.wanted() { ExitCode::Stopped } else { ExitCode::Problem };
            }
        };
        let code = self.mend(first);
        // Whoever cannot be proven to work takes no new pods; what is wrong elsewhere is none of its faults.
        let good = code == ExitCode::Done || self.ended_well(&Place::Worker(worker.clone()));
        if cordoned && !good {
            self.note(format!("{worker} stays cordoned, as it is not repaired: kubectl uncordon {worker}"));
        } else if cordoned && let Err(problem) = self.uncordon(&worker) {
            let problem = problem.seen(format!("{worker} stays cordoned: kubectl uncordon {worker}"));
            self.fail(&Place::Worker(worker), None, problem);
            return ExitCode::Problem;
        }
        code
    }

    fn enter(&self) -> Result<(), Problem> {
        SignIn::default()
            .enter(self.plan, self.world, self.world.cluster(), true)
            .map_err(|why| Problem::new(ProblemCode::Api23, "the API does not know us").seen(why))
    }

    fn api_failed(&self, worker: &str, error: &ApiError) -> Problem {
        Problem::new(error.code(), format!("{worker} cannot be drained: {error}"))
            .seen(self.world.cluster().url())
            .way(Remedy::Retry)
    }

    fn note(&self, text: String) {
        self.events.tell(&Place::Cluster, None, Event::Note { text });
    }

    /// Cordons a node and lets its pods leave. Where that fails what was cordoned for it takes pods again.
    pub fn drain(&self, worker: &str, wish: DrainWish) -> Result<Drained, Problem> {
        let Some(list) = self.drain_list(worker)? else { return Ok(Drained::NoNode) };
        let cluster = self.world.cluster();
        let failed = |error: ApiError| self.api_failed(worker, &error);
        if !list.ready {
            return Ok(Drained::NotReady { cordoned: list.ours });
        }
        if !wish.lost && !list.lost.is_empty() {
            return Err(would_be_lost(worker, &list));
        }
        let cordoned = cluster.cordon(worker, true).map_err(failed)?;
        let told = if cordoned { "takes no new pods now" } else { "was cordoned before, and stays so" };
        self.note(format!("{worker} {told}"));
        let leaving: Vec<Evictee> =
            list.leave.into_iter().chain(list.lost.into_iter().map(|(one, _)| one)).collect();
        match self.empty(worker, leaving, wish) {
            Ok(()) => Ok(Drained::Done { cordoned }),
            Err(problem) => {
                if cordoned && self.uncordon(worker).is_err() {
                    return Err(problem.seen(format!("{worker} stays cordoned: kubectl uncordon {worker}")));
                }
                Err(problem)
            }
        }
    }

    /// Ends a drain that was interrupted: a worker that is well takes pods again where one of ours left it cordoned.
    pub fn end_drain(&self, worker: &str) -> Result<(), Problem> {
        self.enter()?;
        let node = self.world.cluster().get(&format!("/api/v1/nodes/{worker}"));
        let node = node.map_err(|error| self.api_failed(worker, &error))?;
        if node.is_some_and(|node| is_left_by_us(&node)) { self.uncordon(worker) } else { Ok(()) }
    }

    /// Lets new pods come to a node again.
    pub fn uncordon(&self, worker: &str) -> Result<(), Problem> {
        let done = self.world.cluster().cordon(worker, false);
        done.map_err(|error| self.api_failed(worker, &error))?;
        self.note(format!("{worker} takes new pods again"));
        Ok(())
    }

    fn empty(&self, worker: &str, leaving: Vec<Evictee>, wish: DrainWish) -> Result<(), Problem> {
        let cluster = self.world.cluster();
        let version = cluster.version().map_err(|error| self.api_failed(worker, &error))?;
        let began = self.world.now();
        // Those that were not asked yet, or not with success; and those that are on their way.
        let (mut asking, mut going) = (leaving, Vec::<Evictee>::new());
        let mut refused: Vec<(Evictee, String)> = Vec::new();
        // Those of which it was told that they wait.
        let mut told = BTreeSet::new();
        loop {
            refused.clear();
            for one in std::mem::take(&mut asking) {
                match cluster.evict(&one, version) {
                    Ok(Evicted::Leaves) => {
                        self.note(format!("pod {one} leaves {worker}"));
                        going.push(one);
                    }
                    Ok(Evicted::NotNow(why)) => {
                        if told.insert(one.path().to_owned()) {
                            self.note(format!("pod {one} has not left {worker}: {why}; it is asked again"));
                        }
                        refused.push((one, why));
                    }
                    Err(error) => return Err(self.api_failed(worker, &error).seen(format!("pod {one}"))),
                }
            }
            let mut there = Vec::new();
            for one in going {
                if self.is_there(&one).map_err(|error| self.api_failed(worker, &error))? {
                    there.push(one);
                }
            }
            going = there;
            if going.is_empty() && refused.is_empty() {
                return Ok(());
            }
            let gone_by = self.world.now().duration_since(began);
            let over = gone_by >= jiff::SignedDuration::try_from(wish.within).unwrap_or_default();
            if over || self.options.stop.wanted() {
                let why = if over {
                    format!("pods of {worker} did not leave within {} s", wish.within.as_secs())
                } else {
                    format!("it was stopped while pods of {worker} were leaving")
                };
                return Err(did_not_leave(why, &going, &refused));
            }
            asking.extend(refused.drain(..).map(|(one, _)| one));
            self.world.wait(AGAIN);
        }
    }

    fn is_there(&self, pod: &Evictee) -> Result<bool, ApiError> {
        let found = self.world.cluster().get(pod.path())?;
        Ok(found.is_some_and(|object| pod.is(&object)))
    }
}

fn named(problem: Problem, lines: Vec<String>) -> Problem {
    let more = lines.len().saturating_sub(NAMED);
    let problem = lines.into_iter().take(NAMED).fold(problem, Problem::seen);
    if more == 0 { problem } else { problem.seen(format!("and {more} more")) }
}

fn would_be_lost(worker: &str, list: &DrainList) -> Problem {
    let lines = list.lost.iter().map(|(one, why)| format!("{one}: {why}")).collect();
    named(Problem::new(ProblemCode::Node06, format!("with pods of {worker} something would be lost")), lines)
        .seen("nothing was changed: no pod was asked to leave, and the node was not cordoned")
        .manual("move or delete these pods, or let them go all the same with --drain=all")
}

fn did_not_leave(why: String, going: &[Evictee], refused: &[(Evictee, String)]) -> Problem {
    let lines = refused
        .iter()
        .map(|(one, why)| format!("{one}: {why}"))
        .chain(going.iter().map(|one| format!("{one} was asked to leave and is still there")))
        .collect();
    named(Problem::new(ProblemCode::Node07, why), lines).way(Remedy::Retry).manual(
        "let the budget allow it (more replicas, ready ones), or give it longer with --drain-within SECONDS",
    )
}
