//! The doctor: every worker is looked at once, and judged. Repair: what the causes offer by themselves first, then what
//! the steps would change, with the proof that the API hears of the kubelet again.

use serde::{Deserialize, Serialize};

use super::run::Engine;
use crate::doctor::{ClusterWord, Diagnosis, Layout, Patient, diagnose, kube_proxy_sees, may_kube_proxy_see};
use crate::engine::cluster::facts::SharedFacts;
use crate::engine::exit::ExitCode;
use crate::engine::sync::Gate;
use crate::kube::Pod;
use crate::plan::action::Action;
use crate::plan::fact::{FactQuery, Facts};
use crate::plan::model::Worker;
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy};

/// So many causes are mended one after another; each is looked at again before the next.
const MOST_REPAIRS: usize = 6;

/// A worker that was examined.
#[derive(Clone, Serialize, Deserialize)]
pub struct Examined {
    /// Its name.
    pub worker: String,
    /// How it is reached.
    pub host: String,
    /// What is wrong with it; where it could not be looked at, why.
    pub found: Result<Diagnosis, Problem>,
    /// What the steps would change next; nothing while one of them is in the way.
    pub actions: Vec<Action>,
    /// What the machine answered.
    pub facts: Facts,
    /// Whose layout it has; `None` = a plan tells of it, or it could not be looked at.
    pub layout: Option<Layout>,
}

impl Examined {
    /// The first repair that a cause offers by itself.
    pub fn first_repair(&self) -> Option<(&Problem, &[Action])> {
        let causes = self.found.as_ref().ok()?.causes.iter();
        causes.map(|cause| &cause.problem).find_map(|problem| {
            let actions = problem.ways.iter().find_map(|way| match way {
                Remedy::Repair { actions, .. } => Some(actions.as_slice()),
                _ => None,
            })?;
            Some((problem, actions))
        })
    }

    /// All that a repair would carry out, as far as that is known now: what a cause offers by itself, then what the steps
    /// would change. Nothing of a worker in no plan.
    pub fn repair(&self) -> Vec<&Action> {
        if self.layout.is_some() || self.healthy() {
            return Vec::new();
        }
        let own = self.first_repair().map_or(&[][..], |(_, actions)| actions);
        let mut all: Vec<&Action> = own.iter().collect();
        for action in &self.actions {
            if !all.contains(&action) {
                all.push(action);
            }
        }
        all
    }

    /// Everything was looked at, and nothing is wrong.
    pub fn healthy(&self) -> bool {
        self.found.as_ref().is_ok_and(Diagnosis::healthy)
    }
}

impl Engine<'_> {
    /// Looks at every worker that was asked for and says what is wrong with it; changes nothing.
    pub fn examine(&self) -> Result<Vec<Examined>, Problem> {
        let login = Gate::default();
        let shared = SharedFacts::learn(self.plan, self.world, false, &self.options.made, &login)?;
        let more = vec![FactQuery::Journal("kubelet".to_owned())];
        let seen = self.inspect_workers(&shared, &more);
        let workers = self.workers();
        let examined = workers.iter().zip(seen).map(|(worker, seen)| self.judged(&shared, worker, seen));
        Ok(examined.collect())
    }

    fn judged(&self, shared: &SharedFacts, worker: &Worker, seen: super::inspect::PlacePreview) -> Examined {
        // Where a step is in the way a run refuses the others too.
        let refused = seen.blocked().is_some();
        let steps = seen.looked.iter().filter(|_| !refused);
        let actions = steps.flat_map(|one| one.actions().to_vec()).collect();
        let patient = Patient {
            plan: self.plan,
            worker,
            facts: &seen.facts,
            asked_ms: seen.asked_ms,
            run: shared.view(self.world.now()),
            word: &self.word(shared, &worker.name),
        };
        let found = match seen.problem {
            Some(problem) => Err(problem),
            None => Ok(diagnose(&patient)),
        };
        Examined {
            worker: worker.name.clone(),
            host: seen.host,
            found,
            actions,
            facts: seen.facts,
            layout: None,
        }
    }

    /// What the API says of what runs on a worker; nothing where it did not tell of nodes either.
    fn word(&self, shared: &SharedFacts, worker: &str) -> ClusterWord {
        if shared.cluster.nodes.is_none() {
            return ClusterWord::default();
        }
        let api = self.world.cluster();
        let (path, review) = may_kube_proxy_see();
        let answer = api.question(path, &review);
        let pods = api.get_list(&format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{worker}"));
        ClusterWord {
            proxy: answer.ok().and_then(|answer| kube_proxy_sees(&answer)),
            pods: pods.ok().flatten().map(|list| Pod::list(&list)).unwrap_or_default(),
        }
    }

    /// Mends the one worker that is left in the plan: what its causes offer, then what the steps change.
    pub fn mend(&self, first: Examined) -> ExitCode {
        let place = Place::Worker(first.worker.clone());
        let (mut now, mut done) = (first, Vec::new());
        for _ in 0..MOST_REPAIRS {
            let Some((problem, actions)) = now.first_repair() else { break };
            let what = (problem.code, problem.what.clone());
            // The same cause again: this repair does not mend it, and the proof below says what is wrong.
            if done.contains(&what) {
                break;
            }
            let code = self.repair(&place, actions);
            if code != ExitCode::Done {
                return code;
            }
            done.push(what);
            match self.examine().map(|mut all| all.pop()) {
                Ok(Some(examined)) => now = examined,
                Ok(None) => break,
                Err(problem) => {
                    self.fail(&place, None, problem);
                    return ExitCode::Problem;
                }
            }
        }
        self.apply()
    }
}
