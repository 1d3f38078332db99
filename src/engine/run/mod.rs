//! A run: one thread for each worker, one for the CA, this computer and the cluster. One host that fails never
//! stops another; the cluster's steps wait for one Ready worker, the lookups for the cluster's DNS.

pub mod coordinator;
pub mod proof;
pub mod worker;

use std::cell::Cell;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::engine::event::{Cost, Event, Front, TaskOutcome};
use crate::engine::exit::{End, ExitCode};
use crate::engine::inspect::WorkSite;
use crate::engine::options::RunOptions;
use crate::engine::run::proof::Ended;
use crate::engine::session::journal::EventSink;
use crate::engine::sync::{OnDrop, Reported, RunShared};
use crate::engine::world::World;
use crate::host::{Host, LiveStream};
use crate::plan::action::Action;
use crate::plan::fact::Facts;
use crate::plan::model::{CaPlace, Plan, Worker};
use crate::plan::place::Place;
use crate::plan::problem::Problem;
use crate::step::{self, On, StepId, StepInput, StepState};

/// A plan on its way: what a run, a preview, an undo and a repair work with.
pub struct Engine<'a> {
    /// What the operator decided.
    pub(crate) plan: &'a Plan,
    /// What it stands on.
    pub(crate) world: &'a dyn World,
    /// Numbers and shows events.
    pub(crate) events: EventSink<'a>,
    /// What this run is asked.
    pub(crate) options: RunOptions<'a>,
    /// Counts batches.
    batches: AtomicU64,
}

impl<'a> Engine<'a> {
    /// An engine that has not begun yet; `front` shows what happens.
    pub fn new(plan: &'a Plan, world: &'a dyn World, front: &'a dyn Front, options: RunOptions<'a>) -> Self {
        let events = EventSink::new(front, &options.run);
        Self { plan, world, events, options, batches: AtomicU64::new(0) }
    }
}

impl Engine<'_> {
    /// The next batch's number.
    pub fn next_batch(&self) -> u64 {
        self.batches.fetch_add(1, Ordering::SeqCst)
    }

    /// The workers of this run.
    pub fn workers(&self) -> Vec<&Worker> {
        self.plan
            .workers
            .iter()
            .filter(|worker| self.options.only.is_empty() || self.options.only.contains(&worker.name))
            .collect()
    }

    /// Which hosts are contacted, in words.
    pub fn contacted(&self) -> Vec<String> {
        let mut hosts = vec![self.plan.cluster.api.url()];
        if let CaPlace::Host { login, .. } = &self.plan.ca.place {
            hosts.push(format!("{} (CA)", login_text(login)));
        }
        hosts.extend(
            self.workers().iter().map(|worker| format!("{} ({})", login_text(&worker.ssh), worker.name)),
        );
        hosts
    }

    /// Carries the plan out; the exit code.
    pub fn apply(&self) -> ExitCode {
        let workers = self.workers();
        let shared = RunShared::new(self.options.jobs);
        self.expect_requests();
        self.events.tell(&Place::Local, None, Event::RunStarted { hosts: self.contacted() });
        std::thread::scope(|scope| {
            if matches!(self.plan.ca.place, CaPlace::Host { .. }) {
                // The CA is behind a login itself: the others log in meanwhile, and nothing is done before it is known.
                shared.login.open(());
            }
            let shared = &shared;
            scope.spawn(move || {
                let _guard = OnDrop(|| shared.give_up("the thread of the cluster ended early"));
                self.cluster_thread(shared, self.workers().len());
            });
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
        let code = End::exit_code(ends.values().copied());
        // A journal that cannot be closed leaves the run open, which is safe: it is looked at again.
        let _ = self.options.journal.over(code.number());
        self.events.tell(
            &Place::Local,
            None,
            Event::RunEnded {
                code: code.number(),
                places: ends.iter().map(|(place, end)| (place.to_string(), end.word().to_owned())).collect(),
                counts: costs.into_iter().map(|(place, cost)| (place.to_string(), cost)).collect(),
                next: self.next(code),
            },
        );
        code
    }

    fn next(&self, code: ExitCode) -> Vec<String> {
        match code {
            ExitCode::Done => self
                .plan
                .kubectl
                .iter()
                .map(|kubectl| match &kubectl.file {
                    Some(file) => {
                        format!(
                            "kubectl --kubeconfig {} --context {} get nodes",
                            file.display(),
                            kubectl.context
                        )
                    }
                    None => format!("kubectl --context {} get nodes", kubectl.context),
                })
                .collect(),
            ExitCode::Stopped => vec!["run the same command again: it goes on from there".to_owned()],
            ExitCode::Problem | ExitCode::Usage | ExitCode::Bug | ExitCode::Differences => {
                vec!["mend what is named above and run the same command again: what is done stays".to_owned()]
            }
        }
    }

    /// At the guided pace the person is asked before a step's actions are sent; a no stops the run.
    pub(crate) fn go_on(&self, place: &Place, step: StepId, actions: &[Action]) -> bool {
        if !self.options.guided || actions.is_empty() {
            return true;
        }
        if self.events.front().go_on(place, step, actions) {
            // Meanwhile the whole run may have been stopped.
            return !self.options.stop.wanted();
        }
        if !self.options.stop.wanted() {
            self.options.stop.press();
        }
        false
    }

    /// What is about to be sent must be what was reviewed, else it is told; what could not be reviewed is told too.
    pub(crate) fn as_reviewed(&self, place: &Place, tasks: &[(StepId, Action)]) -> Option<Problem> {
        match self.options.reviewed.as_ref()?.check(place, tasks) {
            Ok(free) => {
                for id in free {
                    let count = tasks.iter().filter(|(one, _)| *one == id).count();
                    let text = format!("{count} actions that could not be reviewed before");
                    self.events.tell(place, Some(id), Event::Note { text });
                }
                None
            }
            Err((id, problem)) => {
                self.fail(place, Some(id), problem.clone());
                Some(problem)
            }
        }
    }

    pub(crate) fn fail(&self, place: &Place, step: Option<StepId>, problem: Problem) {
        let event = match step {
            Some(_) => Event::TaskEnded { outcome: TaskOutcome::Failed { problem } },
            None => Event::Trouble { problem },
        };
        self.events.tell(place, step, event);
    }

    fn worker_thread(&self, shared: &RunShared, worker: &Worker, place: &Place) -> End {
        shared.slots.take();
        // Given back and counted whatever happens, a panic included.
        let reported = Cell::new(Reported::Nothing);
        let _guard = OnDrop(|| {
            self.no_more_requests(place);
            if reported.get() == Reported::Nothing {
                shared.worked();
                shared.slots.give();
            }
            if reported.get() != Reported::Ended {
                shared.moved(false);
            }
        });
        shared.login.wait();
        self.worker_run(shared, worker, place, &reported)
    }

    fn worker_run(
        &self,
        shared: &RunShared,
        worker: &Worker,
        place: &Place,
        reported: &Cell<Reported>,
    ) -> End {
        if self.options.stop.wanted() {
            return End::Stopped;
        }
        // The base failed before anybody logged in: nothing is contacted.
        if let Some(Err(_)) = shared.base.wait_for(std::time::Duration::ZERO) {
            return End::Problem;
        }
        // The first step of a worker is the one that is about reaching it.
        let connect = step::steps(On::Worker).next().map(step::Step::id);
        let mut host = match self.world.host(place, &worker.ssh) {
            Ok(host) => host,
            Err(trouble) => {
                self.fail(place, connect, trouble.problem(place));
                return End::Problem;
            }
        };
        let mut stream: Option<Box<dyn LiveStream>> = None;
        let mut site = WorkSite {
            place: place.clone(),
            worker: Some(worker),
            on: On::Worker,
            host: host.as_mut(),
            facts: Facts::default(),
            asked_ms: 0,
            slots: Some(&shared.slots),
        };
        let end = self.worker_steps(shared, &mut site, &mut stream, reported);
        drop(stream);
        shared
            .costs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(place.clone(), crate::engine::cost(host.as_ref()));
        end
    }

    fn worker_steps(
        &self,
        shared: &RunShared,
        site: &mut WorkSite,
        stream: &mut Option<Box<dyn LiveStream>>,
        reported: &Cell<Reported>,
    ) -> End {
        if let Err(problem) = self.first_look(site) {
            self.fail(&site.place, step::steps(On::Worker).next().map(step::Step::id), problem);
            return End::Problem;
        }
        if self.options.stop.wanted() {
            // The questions may have been cut short: nothing is concluded from them.
            self.events.tell(&site.place, None, Event::TaskEnded { outcome: TaskOutcome::Stopped });
            return End::Stopped;
        }
        let Ok(base) = shared.base.wait() else {
            let why = "the CA or the API stops everything, see above".to_owned();
            self.events.tell(&site.place, None, Event::TaskEnded { outcome: TaskOutcome::Skipped { why } });
            return End::Problem;
        };
        let mut worked = self.work(&base, site);
        self.no_more_requests(&site.place);
        shared.slots.give();
        reported.set(Reported::Worked);
        shared.worked();
        if worked.problem.is_none() && !worked.stopped {
            self.prove_worker(&base, site, &mut worked, stream);
        }
        let ready = worked.problem.is_none() && !worked.stopped;
        shared.moved(ready);
        reported.set(Reported::Ended);
        if worked.stopped {
            return End::Stopped;
        }
        if !ready {
            return End::Problem;
        }
        let mut end = if worked.changed > 0 { End::Changed } else { End::Same };
        if shared.dns.wait() {
            for step in step::steps(On::Ready) {
                let cx = StepInput::new(self.plan, site.view(), base.view(self.world.now()), &[]);
                match step.look(&cx) {
                    StepState::Await(proof) => {
                        self.events.tell(&site.place, Some(step.id()), Event::TaskStarted);
                        let ended = self.dns_answers(site, &proof, stream);
                        let stopped = matches!(ended, Ended::Stopped);
                        if self.tell_proof(&site.place, step.id(), ended).is_some() {
                            end = End::Problem;
                        } else if stopped {
                            end = End::Stopped;
                        }
                    }
                    StepState::Done(evidence) => {
                        let outcome = TaskOutcome::Same { evidence };
                        self.events.tell(&site.place, Some(step.id()), Event::TaskEnded { outcome });
                    }
                    StepState::Todo(_) | StepState::Blocked(_) => {}
                }
            }
        }
        end
    }
}

pub(crate) fn login_text(login: &crate::plan::model::Login) -> String {
    let user = login.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
    let port = login.port.filter(|port| *port != 22).map(|port| format!(":{port}")).unwrap_or_default();
    format!("{user}{}{port}", login.host)
}

/// What a host cost so far.
pub(crate) fn cost(host: &dyn Host) -> Cost {
    let (counts, streams) = (host.counts(), host.streams());
    Cost {
        connections: counts.connections,
        execs: counts.execs.saturating_sub(streams),
        streams,
        tcp: counts.tcp,
    }
}
