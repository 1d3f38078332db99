//! The doctor: every worker is looked at once, and judged. Repair: what the causes offer by themselves first, then what
//! the steps would change, with the proof that the API hears of the kubelet again.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use serde::{Deserialize, Serialize};

use super::repaired::RepairedAt;
use super::run::Engine;
use crate::doctor::{
    Cause, ClusterWord, Diagnosis, FileVerdict, Layout, Patient, RESOLVER_FILES, diagnose, dns_query,
    file_verdicts, flannel_query, identity_query, kube_proxy_sees, made_anew, may_kube_proxy_see, name_of,
    refuses_incoming, resolver_query,
};
use crate::engine::cluster::facts::SharedFacts;
use crate::engine::exit::ExitCode;
use crate::engine::sync::Gate;
use crate::kube::{Node, Pod, ReadyState};
use crate::plan::action::Action;
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Facts};
use crate::plan::model::Worker;
use crate::plan::place::Place;
use crate::plan::problem::Problem;

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
    /// The pods that the API says are on it, `NAMESPACE/NAME`; empty where it did not tell.
    #[serde(default)]
    pub pods: Vec<String>,
}

impl Examined {
    /// The first repair that a cause offers by itself.
    pub fn first_repair(&self) -> Option<(&Problem, &[Action])> {
        self.repairs().next()
    }

    fn repairs(&self) -> impl Iterator<Item = (&Problem, &[Action])> {
        let causes = self.found.as_ref().map_or(&[][..], |found| found.causes.as_slice());
        causes.iter().filter_map(|cause| Some((&cause.problem, cause.problem.offers()?)))
    }

    /// All that a repair would carry out, as far as that is known now: what a cause offers by itself, then what the steps
    /// would change. Of a worker in no plan, what its causes offer.
    pub fn repair(&self) -> Vec<&Action> {
        if self.healthy() {
            return Vec::new();
        }
        // Where there are steps, they have in them what the causes behind the first offer.
        let most = if self.layout.is_some() { usize::MAX } else { 1 };
        let own = self.repairs().take(most).flat_map(|(_, actions)| actions);
        let mut all: Vec<&Action> = Vec::new();
        for action in own.chain(&self.actions) {
            if !all.contains(&action) {
                all.push(action);
            }
        }
        all
    }

    /// What becomes of each file that was looked at, by its path, as far as that is known now.
    pub fn verdicts(&self) -> BTreeMap<String, FileVerdict> {
        self.found.as_ref().map(|found| file_verdicts(&self.facts, &self.repair(), found)).unwrap_or_default()
    }

    /// Everything was looked at, and nothing is wrong.
    pub fn healthy(&self) -> bool {
        self.found.as_ref().is_ok_and(Diagnosis::healthy)
    }
}

/// A node of the cluster that is no worker of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeElsewhere {
    /// Its name.
    pub name: String,
    /// The address that it says to have; empty = none.
    pub address: String,
    /// The API says that it is Ready.
    pub ready: bool,
}

impl Engine<'_> {
    /// Looks at every worker that was asked for and says what is wrong with it; changes nothing.
    pub fn examine(&self) -> Result<Vec<Examined>, Problem> {
        self.examine_with_nodes().map(|(examined, _)| examined)
    }

    /// The same, and the nodes of the cluster that are no workers of the plan.
    pub fn examine_with_nodes(&self) -> Result<(Vec<Examined>, Vec<NodeElsewhere>), Problem> {
        let login = Gate::default();
        let shared = SharedFacts::learn(self.plan, self.world, false, &self.options.made, &login)?;
        let around = FactQuery::Around(name_of(&self.plan.cluster.api.host));
        let mut more = vec![FactQuery::Journal("kubelet".to_owned()), around];
        more.extend(RESOLVER_FILES.map(resolver_query));
        more.push(flannel_query());
        // Where none is deployed nobody waits for its answer.
        let cluster = &self.plan.cluster;
        let dns = || dns_query(&cluster.dns.to_string(), &cluster.domain);
        more.extend(shared.cluster.at_dns_address.is_some().then(dns).flatten());
        let seen = self.inspect_workers(&shared, &|worker| {
            more.iter().cloned().chain([identity_query(self.plan, worker)]).collect()
        });
        let workers = self.workers();
        let examined = workers.iter().zip(seen).map(|(worker, seen)| self.judged(&shared, worker, seen));
        let planned = |node: &Node| {
            let same = |worker: &Worker| node.name == worker.name || node.has(&worker.address.to_string());
            self.plan.workers.iter().any(same)
        };
        let elsewhere =
            shared.cluster.nodes.iter().flatten().filter(|node| !planned(node) && !node.is_master()).map(
                |node| NodeElsewhere {
                    name: node.name.to_string(),
                    address: node.internal_ip.as_ref().map(ToString::to_string).unwrap_or_default(),
                    ready: node.ready.state == ReadyState::Ready,
                },
            );
        let elsewhere = elsewhere.collect();
        Ok((examined.collect(), elsewhere))
    }

    fn judged(&self, shared: &SharedFacts, worker: &Worker, seen: super::inspect::PlacePreview) -> Examined {
        // Where a step is in the way a run refuses the others too.
        let refused = seen.blocked().is_some();
        let steps = seen.looked.iter().filter(|_| !refused);
        let actions = steps.flat_map(|one| one.actions().to_vec()).collect();
        let word = self.word(shared, &worker.name);
        let patient = Patient {
            plan: self.plan,
            worker,
            facts: &seen.facts,
            asked_ms: seen.asked_ms,
            run: shared.view(self.world.now()),
            word: &word,
        };
        let found = if let Some(problem) = seen.problem {
            Err(problem)
        } else {
            let found = self.compared(shared, worker, diagnose(&patient));
            Ok(self.reached(worker, &seen.facts, found))
        };
        Examined {
            worker: worker.name.clone(),
            host: seen.host,
            found,
            actions,
            facts: seen.facts,
            layout: None,
            pods: word.pods.iter().map(|pod| format!("{}/{}", pod.namespace, pod.name)).collect(),
        }
    }

    /// Beside what was found, whether its node is still the one that this computer saw.
    fn compared(&self, shared: &SharedFacts, worker: &Worker, mut found: Diagnosis) -> Diagnosis {
        let node = shared.cluster.nodes.iter().flatten().find(|node| node.name == worker.name.as_str());
        let seen = self.options.seen.iter().rev().find(|seen| seen.node == worker.name);
        let anew = node.zip(seen).and_then(|(node, seen)| made_anew(node, &seen.run, &seen.uid));
        found.notes.extend(anew);
        found
    }

    /// Where nothing else is wrong and its firewall refuses something that comes in, whether the API gets through to its
    /// kubelet all the same.
    fn reached(&self, worker: &Worker, facts: &Facts, mut found: Diagnosis) -> Diagnosis {
        let rules = refuses_incoming(facts, name_of(&self.plan.cluster.api.host).as_deref());
        if rules.is_empty() || !found.causes.is_empty() {
            return found;
        }
        if let Some(mut problem) = self.hinders_the_api(&worker.name) {
            // Whom the kubelet refuses, no rule keeps away.
            if problem.code == ProblemCode::Api27 {
                problem.evidence.extend(rules);
            }
            found.causes.push(Cause { problem, follows: Vec::new() });
        }
        found
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
        // Also where nothing was started: what the API said before proves nothing.
        let began = RepairedAt { started_ms: None, ended_ms: self.world.now().as_millisecond() };
        self.repaired.lock().unwrap_or_else(PoisonError::into_inner).entry(place).or_insert(began);
        self.apply()
    }
}
