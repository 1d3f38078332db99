//! A run: one thread for each worker, one for the CA, this computer and the cluster. One host that fails never
//! stops another; the cluster's steps wait for one Ready worker, the lookups for the cluster's DNS.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::base::{Base, Gate, millis};
use super::event::{Cost, Event, Outcome};
use super::journal::{Journal, Teller};
use super::proof::{DnsGate, Ended};
use super::session::Session;
use super::work::{Looked, Site, Worked, look_all};
use super::world::World;
use crate::host::{Host, LiveStream, Stop};
use crate::kube::Applied;
use crate::plan::action::{Action, object_name};
use crate::plan::fact::Facts;
use crate::plan::model::{CaPlace, DnsKind, Plan, Worker};
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Way};
use crate::step::{self, Look, On, Proof, State, StepId};

/// Everything a run needs.
pub struct Engine<'a> {
    /// What the operator decided.
    pub plan: &'a Plan,
    /// What it stands on.
    pub world: &'a dyn World,
    /// Numbers and shows events.
    pub teller: Teller<'a>,
    /// Writes down what is about to be done.
    pub journal: Journal,
    /// The person's wish to stop.
    pub stop: &'a Stop,
    /// The run's id: time and process, sortable.
    pub run: String,
    /// Hosts worked on at once.
    pub jobs: usize,
    /// One batch for each step instead of as few as possible.
    pub guided: bool,
    /// Only these workers; empty = all.
    pub only: Vec<String>,
    /// The session, when this run may change something.
    pub session: Option<&'a Session>,
    /// Counts batches.
    pub batches: AtomicU64,
}

/// How a place ended, for the summary and the exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Nothing needed to be done.
    Same,
    /// Something was done, and it is proven.
    Changed,
    /// It has a problem.
    Problem,
    /// The person stopped it.
    Stopped,
}

/// Exit codes (README).
pub mod code {
    /// Done.
    pub const DONE: u8 = 0;
    /// A host has a problem.
    pub const PROBLEM: u8 = 1;
    /// Wrong use or plan.
    pub const USE: u8 = 2;
    /// Stopped by the person.
    pub const STOPPED: u8 = 3;
    /// `plan` found differences.
    pub const DIFFERENCES: u8 = 5;
}

/// What the threads share.
struct Shared {
    base: Gate<Result<Arc<Base>, Problem>>,
    login: Gate<()>,
    dns: DnsGate,
    ends: Mutex<BTreeMap<Place, End>>,
    costs: Mutex<BTreeMap<Place, Cost>>,
    /// Workers that are Ready, workers that are over without.
    progress: Mutex<(usize, usize)>,
    moved: Condvar,
    slots: Mutex<usize>,
    freed: Condvar,
}

impl Shared {
    fn new(jobs: usize) -> Self {
        Self {
            base: Gate::default(),
            login: Gate::default(),
            dns: Gate::default(),
            ends: Mutex::default(),
            costs: Mutex::default(),
            progress: Mutex::default(),
            moved: Condvar::new(),
            slots: Mutex::new(jobs.max(1)),
            freed: Condvar::new(),
        }
    }

    fn take_slot(&self) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        while *slots == 0 {
            slots = self.freed.wait(slots).unwrap_or_else(PoisonError::into_inner);
        }
        *slots -= 1;
    }

    fn give_slot(&self) {
        *self.slots.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.freed.notify_one();
    }

    fn end(&self, place: &Place, end: End) {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).insert(place.clone(), end);
    }

    fn moved(&self, ready: bool) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if ready {
            progress.0 += 1;
        } else {
            progress.1 += 1;
        }
        self.moved.notify_all();
    }

    /// Waits until a worker is Ready; `false` when none will be.
    fn one_ready(&self, workers: usize) -> bool {
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

/// A place that was only looked at.
pub struct Seen {
    /// Where.
    pub place: Place,
    /// `root@10.0.0.1:22`.
    pub host: String,
    /// Each step, in order.
    pub looked: Vec<Looked>,
    /// What is known of it, for undo and risk.
    pub facts: Facts,
    /// Why it could not be looked at.
    pub problem: Option<Problem>,
}

impl Engine<'_> {
    /// The next batch's number.
    pub fn next_batch(&self) -> u64 {
        self.batches.fetch_add(1, Ordering::SeqCst)
    }

    /// The workers of this run.
    pub fn workers(&self) -> Vec<&Worker> {
        self.plan.workers.iter().filter(|worker| self.only.is_empty() || self.only.contains(&worker.name)).collect()
    }

    /// Which hosts are contacted, in words.
    pub fn contacted(&self) -> Vec<String> {
        let mut hosts = vec![self.plan.cluster.api.url()];
        if let CaPlace::Host { login, .. } = &self.plan.ca.place {
            hosts.push(format!("{} (CA)", login_text(login)));
        }
        hosts.extend(self.workers().iter().map(|worker| format!("{} ({})", login_text(&worker.ssh), worker.name)));
        hosts
    }

    /// Carries the plan out; the exit code.
    pub fn apply(&self) -> u8 {
        let workers = self.workers();
        let shared = Shared::new(self.jobs);
        self.teller.tell(&Place::Here, None, Event::RunStarted { hosts: self.contacted() });
        std::thread::scope(|scope| {
            if matches!(self.plan.ca.place, CaPlace::Host { .. }) {
                // The CA is behind a login itself: the others log in meanwhile, and nothing is done before it is known.
                shared.login.open(());
            }
            let shared = &shared;
            scope.spawn(move || self.cluster_thread(shared, self.workers().len()));
            for worker in &workers {
                let worker = *worker;
                scope.spawn(move || {
                    let place = Place::Worker(worker.name.clone());
                    let end = self.worker_thread(shared, worker, &place);
                    shared.end(&place, end);
                });
            }
        });
        let ends = shared.ends.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let costs = shared.costs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let code = if ends.values().any(|end| *end == End::Problem) {
            code::PROBLEM
        } else if ends.values().any(|end| *end == End::Stopped) {
            code::STOPPED
        } else {
            code::DONE
        };
        // A journal that cannot be closed leaves the run open, which is safe: it is looked at again.
        let _ = self.journal.over(code);
        let word = |end: &End| match end {
            End::Same => "same",
            End::Changed => "changed",
            End::Problem => "problem",
            End::Stopped => "stopped",
        };
        self.teller.tell(
            &Place::Here,
            None,
            Event::RunEnded {
                code,
                places: ends.iter().map(|(place, end)| (place.to_string(), word(end).to_owned())).collect(),
                counts: costs.into_iter().map(|(place, cost)| (place.to_string(), cost)).collect(),
                next: self.next(code),
            },
        );
        code
    }

    fn next(&self, code: u8) -> Vec<String> {
        match code {
            code::DONE => self
                .plan
                .kubectl
                .iter()
                .map(|kubectl| format!("kubectl --context {} get nodes", kubectl.context))
                .collect(),
            code::STOPPED => vec!["run the same command again: it goes on from there".to_owned()],
            _ => vec!["mend what is named above and run the same command again: what is done stays".to_owned()],
        }
    }

    fn fail(&self, place: &Place, step: Option<StepId>, problem: Problem) {
        let event = match step {
            Some(_) => Event::TaskEnded { outcome: Outcome::Failed { problem } },
            None => Event::Trouble { problem },
        };
        self.teller.tell(place, step, event);
    }

    fn worker_thread(&self, shared: &Shared, worker: &Worker, place: &Place) -> End {
        shared.take_slot();
        shared.login.wait();
        let mut reported = false;
        let end = self.worker_run(shared, worker, place, &mut reported);
        if !reported {
            shared.give_slot();
            shared.moved(false);
        }
        end
    }

    fn worker_run(&self, shared: &Shared, worker: &Worker, place: &Place, reported: &mut bool) -> End {
        // The base failed before anybody logged in: nothing is contacted.
        if let Some(Err(_)) = shared.base.wait_for(std::time::Duration::ZERO) {
            return End::Problem;
        }
        let connect = Some(StepId("connect"));
        let mut host = match self.world.host(place, &worker.ssh) {
            Ok(host) => host,
            Err(trouble) => {
                self.fail(place, connect, trouble.problem(place));
                return End::Problem;
            }
        };
        let mut stream: Option<Box<dyn LiveStream>> = None;
        let mut site = Site {
            place: place.clone(),
            worker: Some(worker),
            on: On::Worker,
            host: host.as_mut(),
            facts: Facts::default(),
            asked_ms: 0,
        };
        let end = self.worker_steps(shared, &mut site, &mut stream, reported);
        drop(stream);
        shared.costs.lock().unwrap_or_else(PoisonError::into_inner).insert(place.clone(), super::cost(host.as_ref()));
        end
    }

    fn worker_steps(
        &self,
        shared: &Shared,
        site: &mut Site,
        stream: &mut Option<Box<dyn LiveStream>>,
        reported: &mut bool,
    ) -> End {
        if let Err(problem) = self.first_look(site) {
            self.fail(&site.place, Some(StepId("connect")), problem);
            return End::Problem;
        }
        let base = match shared.base.wait() {
            Ok(base) => base,
            Err(_) => {
                let why = "the CA or the API stops everything, see above".to_owned();
                self.teller.tell(&site.place, None, Event::TaskEnded { outcome: Outcome::Skipped { why } });
                return End::Problem;
            }
        };
        let mut worked = self.work(&base, site);
        shared.give_slot();
        *reported = true;
        if worked.problem.is_none() && !worked.stopped {
            self.prove_worker(&base, site, &mut worked, stream);
        }
        let ready = worked.problem.is_none() && !worked.stopped;
        shared.moved(ready);
        if worked.stopped {
            return End::Stopped;
        }
        if !ready {
            return End::Problem;
        }
        let mut end = if worked.changed > 0 { End::Changed } else { End::Same };
        if shared.dns.wait() {
            for step in step::steps(On::Ready) {
                let cx = self.look(&base, site, &[]);
                match step.look(&cx) {
                    State::Await(proof) => {
                        self.teller.tell(&site.place, Some(step.id()), Event::TaskStarted);
                        let ended = self.dns_answers(site, &proof, stream);
                        let stopped = matches!(ended, Ended::Stopped);
                        if self.tell_proof(&site.place, step.id(), ended).is_some() {
                            end = End::Problem;
                        } else if stopped {
                            end = End::Stopped;
                        }
                    }
                    State::Done(evidence) => {
                        let outcome = Outcome::Same { evidence };
                        self.teller.tell(&site.place, Some(step.id()), Event::TaskEnded { outcome });
                    }
                    State::Todo(_) | State::Blocked(_) => {}
                }
            }
        }
        end
    }

    fn look<'l>(&'l self, base: &'l Base, site: &'l Site, queued: &'l [Action]) -> Look<'l> {
        Look {
            plan: self.plan,
            worker: site.worker,
            facts: &site.facts,
            here: &base.here,
            cluster: &base.cluster,
            ca: Some(base.signer.info()),
            queued,
            home: "",
            now: self.world.now(),
            asked_ms: site.asked_ms,
        }
    }

    /// The CA, this computer, the cluster.
    fn cluster_thread(&self, shared: &Shared, workers: usize) {
        let learnt = Base::learn(self.plan, self.world, self.session.is_some(), &shared.login).and_then(|base| {
            if let Some(session) = self.session {
                session.check_identity(self.plan, &base.signer.info().cert.fingerprint)?;
            }
            Ok(Arc::new(base))
        });
        shared.base.open(learnt.clone());
        shared.login.open(());
        let base = match learnt {
            Ok(base) => base,
            Err(problem) => {
                self.fail(&Place::Here, None, problem);
                shared.dns.open(false);
                shared.end(&Place::Here, End::Problem);
                return;
            }
        };
        for text in &base.notes {
            self.teller.tell(&Place::Cluster, None, Event::Note { text: text.clone() });
        }
        let here = self.here_steps(&base);
        shared.end(&Place::Here, here);
        let cluster = self.cluster_steps(shared, &base, workers);
        shared.dns.open(cluster != End::Problem && cluster != End::Stopped);
        shared.end(&Place::Cluster, cluster);
        if let Some(cost) = base.signer.cost() {
            shared.costs.lock().unwrap_or_else(PoisonError::into_inner).insert(Place::CaHost, cost);
        }
    }

    fn here_steps(&self, base: &Base) -> End {
        let mut host = self.world.here();
        let mut site = Site {
            place: Place::Here,
            worker: None,
            on: On::Here,
            host: host.as_mut(),
            facts: base.here.clone(),
            asked_ms: millis(self.world.now()),
        };
        let worked = self.work(base, &mut site);
        let mut end = ended(&worked);
        if end == End::Problem || end == End::Stopped {
            return end;
        }
        for (id, proof) in worked.proofs {
            if let Proof::Kubectl { file, context } = proof {
                self.teller.tell(&Place::Here, Some(id), Event::TaskStarted);
                let known = base.cluster.nodes.is_some();
                let ended = if known {
                    self.kubectl_works(&file, &context)
                } else {
                    Ended::NotShown(format!("the API is not there: {}", base.cluster.nodes_why))
                };
                if self.tell_proof(&Place::Here, id, ended).is_some() {
                    end = End::Problem;
                }
            }
        }
        end
    }

    fn cluster_steps(&self, shared: &Shared, base: &Base, workers: usize) -> End {
        let skip = |why: &str| {
            for step in step::steps(On::Cluster) {
                let outcome = Outcome::Skipped { why: why.to_owned() };
                self.teller.tell(&Place::Cluster, Some(step.id()), Event::TaskEnded { outcome });
            }
        };
        if !shared.one_ready(workers) {
            if self.plan.dns.deploy != DnsKind::None {
                skip("no worker is Ready");
            }
            return if self.stop.wanted() { End::Stopped } else { End::Same };
        }
        if self.stop.wanted() {
            skip("stopped");
            return End::Stopped;
        }
        // The API may have come up only after the first look.
        let fresh;
        let facts = if base.cluster.nodes.is_some() {
            &base.cluster
        } else {
            if let Err(why) = base.nodes(self.plan, self.world) {
                skip(&why);
                return End::Problem;
            }
            fresh = super::base::cluster(self.plan, self.world);
            &fresh
        };
        self.apply_objects(base, facts)
    }

    fn apply_objects(&self, base: &Base, cluster: &step::ClusterFacts) -> End {
        let mut end = End::Same;
        let nothing = Facts::default();
        for step in step::steps(On::Cluster) {
            let (place, id) = (Place::Cluster, step.id());
            let cx = Look {
                plan: self.plan,
                worker: None,
                facts: &nothing,
                here: &base.here,
                cluster,
                ca: Some(base.signer.info()),
                queued: &[],
                home: "",
                now: self.world.now(),
                asked_ms: 0,
            };
            match step.look(&cx) {
                State::Done(evidence) => {
                    self.teller.tell(&place, Some(id), Event::TaskEnded { outcome: Outcome::Same { evidence } });
                }
                State::Blocked(problem) => {
                    self.fail(&place, Some(id), problem);
                    return End::Problem;
                }
                State::Todo(actions) => {
                    if let Err(problem) = self.kube(id, &actions) {
                        self.fail(&place, Some(id), problem);
                        return End::Problem;
                    }
                    end = End::Changed;
                }
                State::Await(Proof::Pods { selector, count, within }) => {
                    self.teller.tell(&place, Some(id), Event::TaskStarted);
                    let ended = self.pods_ready(&selector, count, within);
                    if matches!(ended, Ended::Stopped) {
                        self.tell_proof(&place, id, ended);
                        return End::Stopped;
                    }
                    if self.tell_proof(&place, id, ended).is_some() {
                        return End::Problem;
                    }
                }
                State::Await(_) => {}
            }
        }
        end
    }

    /// Applies objects through the API.
    fn kube(&self, id: StepId, actions: &[Action]) -> Result<(), Problem> {
        let place = Place::Cluster;
        self.teller.tell(&place, Some(id), Event::TaskStarted);
        let number = self.next_batch();
        let tasks: Vec<(StepId, Action)> = actions.iter().map(|action| (id, action.clone())).collect();
        self.journal.before(&place, number, &tasks, &Facts::default()).map_err(|error| {
            Problem::new("E-SESSION-04", "the journal cannot be written, so nothing was sent").seen(error.to_string())
        })?;
        for (index, action) in actions.iter().enumerate() {
            let Action::KubeApply { object } = action else { continue };
            let began = std::time::Instant::now();
            let started = Event::ActionStarted { action: action.title(), shell: action.shell().to_string() };
            self.teller.tell(&place, Some(id), started);
            let result = self.world.cluster().apply(object);
            let status = i32::from(result.is_err());
            let _ = self.journal.ended(&place, number, index, status);
            let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.teller.tell(&place, Some(id), Event::ActionEnded { action: action.title(), status, ms });
            match result {
                Ok(Applied::Created { uid }) => self.remember(object, &uid),
                Ok(Applied::Changed { fields, pods_stay }) => {
                    let mut text = format!("{} differed in {}", object_name(object), fields.join(", "));
                    if pods_stay {
                        text.push_str("; its running pods stay as they are until they are deleted");
                    }
                    self.teller.tell(&place, Some(id), Event::Note { text });
                }
                Ok(Applied::Same) => {}
                Err(error) => {
                    let mut problem = Problem::new(error.code(), format!("{} was not accepted", object_name(object)))
                        .seen(error.to_string());
                    if error.address_taken() || error.address_outside_range() {
                        problem = problem.edit("cluster.dns: a free address inside the API server's service range");
                    }
                    return Err(problem.way(Way::Retry));
                }
            }
        }
        let outcome = Outcome::Changed { actions: actions.len() };
        self.teller.tell(&place, Some(id), Event::TaskEnded { outcome });
        Ok(())
    }

    /// Remembers an object this run made, for undo.
    fn remember(&self, object: &serde_json::Value, uid: &str) {
        let (Some(session), Ok(at)) = (self.session, crate::kube::apply::Place::of(object)) else { return };
        let line = serde_json::json!({"path": at.object, "uid": uid});
        if let Err(error) = super::undo::remember(&session.folder, &line) {
            let text = format!("{} could not be noted for undo: {error}", object_name(object));
            self.teller.tell(&Place::Cluster, None, Event::Note { text });
        }
    }

    /// Looks at every place and changes nothing.
    pub fn preview(&self) -> Result<Vec<Seen>, Problem> {
        let login = Gate::default();
        let base = Base::learn(self.plan, self.world, false, &login)?;
        let mut seen: Vec<Seen> = std::thread::scope(|scope| {
            let base = &base;
            let threads: Vec<_> =
                self.workers().into_iter().map(|worker| scope.spawn(move || self.peek(base, worker))).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
        });
        let mut host = self.world.here();
        let site = Site {
            place: Place::Here,
            worker: None,
            on: On::Here,
            host: host.as_mut(),
            facts: base.here.clone(),
            asked_ms: 0,
        };
        let looked = look_all(self, &base, &site);
        seen.push(Seen {
            place: Place::Here,
            host: "this computer".to_owned(),
            looked,
            facts: base.here.clone(),
            problem: None,
        });
        seen.push(self.peek_cluster(&base));
        Ok(seen)
    }

    fn peek(&self, base: &Base, worker: &Worker) -> Seen {
        let place = Place::Worker(worker.name.clone());
        let mut seen = Seen {
            place: place.clone(),
            host: login_text(&worker.ssh),
            looked: Vec::new(),
            facts: Facts::default(),
            problem: None,
        };
        let mut host = match self.world.host(&place, &worker.ssh) {
            Ok(host) => host,
            Err(trouble) => {
                seen.problem = Some(trouble.problem(&place));
                return seen;
            }
        };
        let mut site = Site {
            place,
            worker: Some(worker),
            on: On::Worker,
            host: host.as_mut(),
            facts: Facts::default(),
            asked_ms: 0,
        };
        match self.first_look(&mut site) {
            Ok(()) => seen.looked = look_all(self, base, &site),
            Err(problem) => seen.problem = Some(problem),
        }
        seen.facts = site.facts;
        seen
    }

    fn peek_cluster(&self, base: &Base) -> Seen {
        let nothing = Facts::default();
        let looked = step::steps(On::Cluster)
            .map(|step| {
                let cx = Look {
                    plan: self.plan,
                    worker: None,
                    facts: &nothing,
                    here: &base.here,
                    cluster: &base.cluster,
                    ca: Some(base.signer.info()),
                    queued: &[],
                    home: "",
                    now: self.world.now(),
                    asked_ms: 0,
                };
                Looked { step, state: step.look(&cx), verdicts: Vec::new() }
            })
            .collect();
        let problem = base.cluster.nodes.is_none().then(|| {
            Problem::new("E-API-23", "what is in the cluster is not known").seen(base.cluster.nodes_why.clone())
        });
        Seen { place: Place::Cluster, host: self.plan.cluster.api.url(), looked, facts: nothing, problem }
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

fn login_text(login: &crate::plan::model::Login) -> String {
    let user = login.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
    let port = login.port.filter(|port| *port != 22).map(|port| format!(":{port}")).unwrap_or_default();
    format!("{user}{}{port}", login.host)
}

/// What a host cost so far.
pub(super) fn cost(host: &dyn Host) -> Cost {
    let (counts, streams) = (host.counts(), host.streams());
    Cost {
        connections: counts.connections,
        execs: counts.execs.saturating_sub(streams),
        streams,
        tcp: counts.tcp,
    }
}
