//! A run from its start to its exit code: one thread for each worker, one for the CA, this computer and the cluster.
//! One host that fails never stops another; the namespace is made first, the cluster's other steps wait for one Ready
//! worker, the lookups for the cluster's DNS.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::engine::cluster::facts::{self, SharedFacts};
use crate::engine::event::{Event, TaskOutcome};
use crate::engine::exit::{End, ExitCode};
use crate::engine::inspect::WorkSite;
use crate::engine::run::proof::Ended;
use crate::engine::run::shared::RunShared;
use crate::engine::run::{Engine, Worked};
use crate::engine::session::objects;
use crate::engine::sync::OnDrop;
use crate::kube::apply::ObjectPaths;
use crate::kube::{ApiError, Applied};
use crate::plan::action::{Action, object_name};
use crate::plan::fact::Facts;
use crate::plan::model::{CaPlace, DnsKind};
use crate::plan::place::Place;
use crate::plan::plan_field::PlanField;
use crate::plan::problem::{Problem, Remedy};
use crate::step::{self, On, PlaceView, Proof, RunView, Step, StepId, StepInput, StepState};

impl Engine<'_> {
    /// Carries the plan out; the exit code.
    pub fn apply(&self) -> ExitCode {
        let workers = self.workers();
        let threads = RunShared::new(self.options.jobs);
        if self.options.renew.is_some() {
            let names: Vec<&str> = workers.iter().map(|worker| worker.name.as_str()).collect();
            // Where it cannot be written nothing is sent either.
            let _ = self.options.journal.renews(&names);
        }
        self.expect_requests();
        self.events.tell(&Place::Local, None, Event::RunStarted { hosts: self.contacted() });
        std::thread::scope(|scope| {
            if matches!(self.plan.ca.place, CaPlace::Host { .. }) {
                // The CA is behind a login itself: the others log in meanwhile, and nothing is done before it is known.
                threads.login.open(());
            }
            let threads = &threads;
            scope.spawn(move || {
                let _guard = OnDrop(|| threads.give_up("the thread of the cluster ended early"));
                self.cluster_thread(threads, self.workers().len());
            });
            for worker in &workers {
                let worker = *worker;
                scope.spawn(move || {
                    let place = Place::Worker(worker.name.clone());
                    let end = self.worker_thread(threads, worker, &place);
                    threads.end(&place, end);
                });
            }
        });
        let ends = threads.ends.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let costs = threads.costs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&ends);
        let code = End::exit_code(&ends.values().copied());
        // A journal that cannot be closed leaves the run open, which is safe: it is looked at again.
        let _ = self.options.journal.over(code.number());
        self.events.tell(
            &Place::Local,
            None,
            Event::RunEnded {
                code,
                places: ends.iter().map(|(place, end)| (place.to_string(), end.word().to_owned())).collect(),
                counts: costs.into_iter().map(|(place, cost)| (place.to_string(), cost)).collect(),
                next: self.next(&threads, code),
            },
        );
        code
    }

    fn next(&self, threads: &RunShared, code: ExitCode) -> Vec<String> {
        match code {
            ExitCode::Done => {
                let learnt = threads.facts.wait_for(Duration::ZERO).and_then(Result::ok);
                let (home, reads) = (self.world.home(), self.world.kubectl_reads());
                let words =
                    learnt.map(|shared| step::kubectl_words(self.plan, &shared.local.facts, &home, &reads));
                let words = words.filter(|words| !words.is_empty());
                words.map(|words| format!("{} get nodes", shell_words::join(words))).into_iter().collect()
            }
            ExitCode::Stopped => vec!["run the same command again: it goes on from there".to_owned()],
            ExitCode::Problem | ExitCode::Usage | ExitCode::Bug | ExitCode::Differences => {
                vec!["mend what is named above and run the same command again: what is done stays".to_owned()]
            }
        }
    }

    /// The CA, this computer, the cluster.
    pub(crate) fn cluster_thread(&self, threads: &RunShared, workers: usize) {
        let mut at = Place::Local;
        let learnt = SharedFacts::learn(
            self.plan,
            self.world,
            self.options.session.is_some(),
            &self.options.made,
            &threads.login,
        )
        .and_then(|mut shared| {
            shared.renew = self.options.renew;
            if let Some(session) = self.options.session {
                session.check_identity(self.plan, &shared.signer.info().cert.fingerprint)?;
            }
            at = Place::Cluster;
            shared.fits(self.plan)?;
            Ok(Arc::new(shared))
        });
        threads.facts.open(learnt.clone());
        threads.login.open(());
        if self.options.stop.wanted() {
            // What was learnt may have been cut short: nothing is concluded from it.
            self.no_more_requests(&Place::Local);
            threads.dns.open(false);
            self.events.tell(&Place::Local, None, Event::TaskEnded { outcome: TaskOutcome::Stopped });
            threads.end(&Place::Local, End::Stopped);
            return;
        }
        let shared = match learnt {
            Ok(shared) => shared,
            Err(problem) => {
                self.no_more_requests(&Place::Local);
                threads.dns.open(false);
                self.fail(&at, None, problem);
                threads.end(&at, End::Problem);
                return;
            }
        };
        for text in &shared.notes {
            self.events.tell(&Place::Cluster, None, Event::Note { text: text.clone() });
        }
        std::thread::scope(|scope| {
            let shared = &shared;
            // This computer and the cluster have nothing to wait for from each other.
            scope.spawn(move || threads.end(&Place::Local, self.local_steps(threads, shared, workers)));
            let cluster = self.cluster_steps(threads, shared, workers);
            threads.dns.open(cluster != End::Problem && cluster != End::Stopped);
            threads.end(&Place::Cluster, cluster);
        });
        if let Some(cost) = shared.signer.cost() {
            threads.costs.lock().unwrap_or_else(PoisonError::into_inner).insert(Place::CaHost, cost);
        }
    }

    fn local_steps(&self, threads: &RunShared, shared: &SharedFacts, workers: usize) -> End {
        let mut host = self.world.local();
        let mut site = WorkSite {
            place: Place::Local,
            worker: None,
            on: On::Local,
            host: host.as_mut(),
            facts: shared.local.facts.clone(),
            asked_ms: self.world.now().as_millisecond(),
            slots: None,
            repaired: None,
        };
        let worked = self.work(shared, &mut site);
        self.no_more_requests(&Place::Local);
        let mut end = ended(&worked);
        if end == End::Problem || end == End::Stopped {
            return end;
        }
        if worked.changed > 0 {
            // kubectl is a large program, and where things are changed the workers' part is the long one.
            threads.wait_idle(workers);
        }
        for (id, proof) in worked.proofs {
            if let Proof::Kubectl { file, context } = proof {
                self.events.tell(&Place::Local, Some(id), Event::TaskStarted);
                // With an offline CA the admin's certificate of this run is the first that the API knows.
                let known = match &shared.cluster.nodes {
                    Some(_) => Ok(()),
                    None if shared.signer.is_offline() => {
                        shared.nodes(self.plan, self.world, false).map(|_| ())
                    }
                    None => Err(shared.cluster.nodes_why.clone()),
                };
                let ended = match known {
                    Ok(()) => self.kubectl_works(&file, &context),
                    Err(why) => Ended::NotShown(format!("the API is not there: {why}")),
                };
                let stopped = matches!(ended, Ended::Stopped);
                if self.tell_proof(&Place::Local, id, ended).is_some() {
                    end = End::Problem;
                } else if stopped && end != End::Problem {
                    end = End::Stopped;
                }
            }
        }
        end
    }

    fn cluster_steps(&self, threads: &RunShared, shared: &SharedFacts, workers: usize) -> End {
        let reached = shared.cluster.nodes.is_some() && !self.options.stop.wanted();
        let mut first = End::Same;
        if reached {
            first = self.apply_objects(shared, &shared.cluster, &|step: &dyn Step| step.at_once());
            if first == End::Problem || first == End::Stopped {
                return first;
            }
        }
        let later = |step: &dyn Step| !(reached && step.at_once());
        let skip = |why: &str| {
            for step in step::steps(On::Cluster).filter(|step| later(*step)) {
                let outcome = TaskOutcome::Skipped { why: why.to_owned() };
                self.events.tell(&Place::Cluster, Some(step.id()), Event::TaskEnded { outcome });
            }
        };
        if !threads.one_ready(workers) {
            if self.plan.dns.deploy != Some(DnsKind::None) {
                skip("no worker of this run became Ready");
            }
            return if self.options.stop.wanted() { End::Stopped } else { first };
        }
        if self.options.stop.wanted() {
            skip("stopped");
            return End::Stopped;
        }
        // The API may have come up only after the first look.
        let fresh;
        let facts = if shared.cluster.nodes.is_some() {
            &shared.cluster
        } else {
            if let Err(why) = shared.nodes(self.plan, self.world, false) {
                skip(&why);
                return End::Problem;
            }
            fresh = facts::cluster(self.plan, self.world, &self.options.made, &shared.names);
            &fresh
        };
        match self.apply_objects(shared, facts, &later) {
            End::Same => first,
            end => end,
        }
    }

    fn apply_objects(
        &self,
        shared: &SharedFacts,
        cluster: &step::ClusterFacts,
        wanted: &dyn Fn(&dyn Step) -> bool,
    ) -> End {
        let mut end = End::Same;
        let nothing = Facts::default();
        for step in step::steps(On::Cluster).filter(|step| wanted(*step)) {
            let (place, id) = (Place::Cluster, step.id());
            let seen = PlaceView { worker: None, facts: &nothing, asked_ms: 0, repaired: false };
            let run = RunView { cluster, ..shared.view(self.world.now()) };
            let cx = StepInput::new(self.plan, seen, run, &[]);
            match step.look(&cx) {
                StepState::Done(evidence) => {
                    self.events.tell(
                        &place,
                        Some(id),
                        Event::TaskEnded { outcome: TaskOutcome::Same { evidence } },
                    );
                }
                StepState::Blocked(problem) => {
                    self.fail(&place, Some(id), problem);
                    return End::Problem;
                }
                StepState::Todo(actions) => {
                    let tasks: Vec<(StepId, Action)> = actions.iter().map(|one| (id, one.clone())).collect();
                    if self.as_reviewed(&place, &tasks).is_some() {
                        return End::Problem;
                    }
                    if !self.go_on(&place, id, &actions) {
                        self.events.tell(
                            &place,
                            Some(id),
                            Event::TaskEnded { outcome: TaskOutcome::Stopped },
                        );
                        return End::Stopped;
                    }
                    match self.kube(&place, id, &actions) {
                        Ok(true) => end = End::Changed,
                        Ok(false) => {
                            let outcome = TaskOutcome::Stopped;
                            self.events.tell(&place, Some(id), Event::TaskEnded { outcome });
                            return End::Stopped;
                        }
                        Err(problem) => {
                            self.fail(&place, Some(id), problem);
                            return End::Problem;
                        }
                    }
                }
                StepState::Await(Proof::Pods { selector, count, within }) => {
                    self.events.tell(&place, Some(id), Event::TaskStarted);
                    let ended = self.pods_ready(&selector, count, within);
                    if matches!(ended, Ended::Stopped) {
                        self.tell_proof(&place, id, ended);
                        return End::Stopped;
                    }
                    if self.tell_proof(&place, id, ended).is_some() {
                        return End::Problem;
                    }
                }
                StepState::Await(_) => {}
            }
        }
        end
    }

    /// Applies objects through the API; `false` when it was stopped before their end.
    pub(crate) fn kube(&self, place: &Place, id: StepId, actions: &[Action]) -> Result<bool, Problem> {
        self.events.tell(place, Some(id), Event::TaskStarted);
        let number = self.next_batch();
        let tasks: Vec<(StepId, Action)> = actions.iter().map(|action| (id, action.clone())).collect();
        self.options.journal.before(place, number, &tasks, &Facts::default())?;
        for (index, action) in actions.iter().enumerate() {
            let Action::KubeApply { object } = action else { continue };
            let began = std::time::Instant::now();
            let started = Event::ActionStarted { action: action.title(), shell: action.shell().to_string() };
            self.events.tell(place, Some(id), started);
            let result = self.world.cluster().apply(object);
            if let Ok(Applied::Created { uid }) = &result {
                self.remember(object, uid);
            }
            let status = i32::from(result.is_err());
            let _ = self.options.journal.ended(place, number, index, status);
            let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.events.tell(place, Some(id), Event::ActionEnded { action: action.title(), status, ms });
            match result {
                Ok(Applied::Changed { fields, pods_stay }) => {
                    let mut text = format!("{} differed in {}", object_name(object), fields.join(", "));
                    if pods_stay {
                        text.push_str("; its running pods stay as they are until they are deleted");
                    }
                    self.events.tell(place, Some(id), Event::Note { text });
                }
                Ok(Applied::Created { .. } | Applied::Same) => {}
                Err(ApiError::Stopped) => return Ok(false),
                Err(error) => {
                    let mut problem =
                        Problem::new(error.code(), format!("{} was not accepted", object_name(object)))
                            .seen(error.to_string());
                    if error.address_taken() || error.address_outside_range() {
                        problem = problem.edit(
                            PlanField::DnsAddress,
                            "cluster.dns: a free address inside the API server's service range",
                        );
                    }
                    return Err(problem.way(Remedy::Retry));
                }
            }
        }
        let outcome = TaskOutcome::Changed { actions: actions.len() };
        self.events.tell(place, Some(id), Event::TaskEnded { outcome });
        Ok(true)
    }

    /// Remembers an object this run made, for undo.
    fn remember(&self, object: &serde_json::Value, uid: &str) {
        if let Ok(at) = ObjectPaths::of(object) {
            self.remember_path(&at.object, uid);
        }
    }

    /// Remembers what lies at an API path, for undo.
    pub(crate) fn remember_path(&self, path: &str, uid: &str) {
        let Some(session) = self.options.session else { return };
        if let Err(error) = objects::remember(&session.folder, &self.options.run, path, uid) {
            let text = format!("{path} could not be noted for undo: {error}");
            self.events.tell(&Place::Cluster, None, Event::Note { text });
        }
    }
}

fn ended(worked: &Worked) -> End {
    if worked.problem.is_some() {
        End::Problem
    } else if worked.stopped {
        End::Stopped
    } else if worked.changed > 0 {
        End::Changed
    } else {
        End::Same
    }
}
