//! A worker's thread, and the work of any place: every step looks, the actions go out in as few batches as the values
//! to come allow, and every step looks again. A step that is in the way stops the place before anything on it is
//! changed. On a worker the proofs follow, and at the end the lookups of the cluster's DNS.

use std::cell::Cell;
use std::sync::PoisonError;
use std::time::Duration;

use crate::engine::cluster::facts::SharedFacts;
use crate::engine::event::{Event, TaskOutcome};
use crate::engine::exit::End;
use crate::engine::inspect::{StepOutcome, WorkSite, look_all};
use crate::engine::run::proof::Ended;
use crate::engine::run::shared::{Reported, RunShared};
use crate::engine::run::{Engine, Worked};
use crate::engine::sync::OnDrop;
use crate::engine::world::cost;
use crate::host::{Batch, LiveStream};
use crate::plan::action::Action;
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Facts};
use crate::plan::model::Worker;
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy, Verdict};
use crate::step::{self, On, Proof, StepId, StepInput, StepState};

impl Engine<'_> {
    pub(crate) fn worker_thread(&self, threads: &RunShared, worker: &Worker, place: &Place) -> End {
        threads.slots.take();
        // Given back and counted whatever happens, a panic included.
        let reported = Cell::new(Reported::Nothing);
        let _guard = OnDrop(|| {
            self.no_more_requests(place);
            if reported.get() == Reported::Nothing {
                threads.worked();
                threads.slots.give();
            }
            if reported.get() != Reported::Ended {
                threads.moved(false);
            }
        });
        threads.login.wait();
        self.worker_run(threads, worker, place, &reported)
    }

    fn worker_run(
        &self,
        threads: &RunShared,
        worker: &Worker,
        place: &Place,
        reported: &Cell<Reported>,
    ) -> End {
        if self.options.stop.wanted() {
            return End::Stopped;
        }
        // The facts failed before anybody logged in: nothing is contacted.
        if let Some(Err(_)) = threads.facts.wait_for(Duration::ZERO) {
            return End::Problem;
        }
        // The first step of a worker is the one that is about reaching it.
        let connect = step::steps(On::Worker).next().map(step::Step::id);
        let mut host = match self.world.host(place, &worker.ssh) {
            Ok(host) => host,
            Err(trouble) if self.options.stop.wanted() && trouble.is_cut() => {
                self.events.tell(place, connect, Event::TaskEnded { outcome: TaskOutcome::Stopped });
                return End::Stopped;
            }
            Err(trouble) => {
                self.fail(place, connect, trouble.problem(place));
                return End::Problem;
            }
        };
        host.of_runtime(self.plan.cluster.runtime.kind());
        let mut stream: Option<Box<dyn LiveStream>> = None;
        let mut site = WorkSite {
            place: place.clone(),
            worker: Some(worker),
            on: On::Worker,
            host: host.as_mut(),
            facts: Facts::default(),
            asked_ms: 0,
            slots: Some(&threads.slots),
            repaired: self.repaired_at(place),
        };
        let end = self.worker_steps(threads, &mut site, &mut stream, reported);
        drop(stream);
        threads
            .costs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(place.clone(), cost(host.as_ref()));
        end
    }

    fn worker_steps(
        &self,
        threads: &RunShared,
        site: &mut WorkSite,
        stream: &mut Option<Box<dyn LiveStream>>,
        reported: &Cell<Reported>,
    ) -> End {
        let node = site.worker.map(|worker| worker.name.clone()).unwrap_or_default();
        std::thread::scope(|scope| {
            // Whatever can be proven before anything is changed costs no time beside the look.
            let reached = scope.spawn(move || {
                let shared = threads.facts.wait().ok()?;
                self.reached_before(&shared, &node)
            });
            let reached = || reached.join().ok().flatten();
            self.steps_of_worker(threads, site, stream, reported, reached)
        })
    }

    fn steps_of_worker(
        &self,
        threads: &RunShared,
        site: &mut WorkSite,
        stream: &mut Option<Box<dyn LiveStream>>,
        reported: &Cell<Reported>,
        reached: impl FnOnce() -> Option<String>,
    ) -> End {
        if let Err(problem) = self.first_look(site, &[]) {
            self.fail(&site.place, step::steps(On::Worker).next().map(step::Step::id), problem);
            return End::Problem;
        }
        if self.options.stop.wanted() {
            // The questions may have been cut short: nothing is concluded from them.
            self.events.tell(&site.place, None, Event::TaskEnded { outcome: TaskOutcome::Stopped });
            return End::Stopped;
        }
        let facts = threads.facts.wait();
        if self.options.stop.wanted() {
            self.events.tell(&site.place, None, Event::TaskEnded { outcome: TaskOutcome::Stopped });
            return End::Stopped;
        }
        let Ok(shared) = facts else {
            let why = "the CA or the API stops everything, see above".to_owned();
            self.events.tell(&site.place, None, Event::TaskEnded { outcome: TaskOutcome::Skipped { why } });
            return End::Problem;
        };
        if let Some(worker) = site.worker.filter(|_| self.options.session.is_some()) {
            self.back_in_service(&shared, &worker.name);
        }
        let mut worked = self.work(&shared, site);
        self.no_more_requests(&site.place);
        // What follows only looks.
        site.host.release();
        threads.slots.give();
        reported.set(Reported::Worked);
        threads.worked();
        if worked.problem.is_none() && !worked.stopped {
            self.prove_worker(&shared, site, &mut worked, stream);
        }
        self.note_node(&shared, site, &worked);
        let ready = worked.problem.is_none() && !worked.stopped;
        threads.moved(ready);
        reported.set(Reported::Ended);
        if worked.stopped {
            return End::Stopped;
        }
        if !ready {
            return End::Problem;
        }
        let mut end = if worked.changed > 0 { End::Changed } else { End::Same };
        let before = if worked.changed > 0 { None } else { reached() };
        for step in step::steps(On::Ready) {
            // What does not need the cluster's steps does not wait for them.
            if !step.at_once() && !threads.dns.wait() {
                continue;
            }
            let cx = StepInput::new(self.plan, site.view(), shared.view(self.world.now()), &[]);
            if !step.applies(&cx) {
                continue;
            }
            match step.look(&cx) {
                StepState::Await(proof) => {
                    self.events.tell(&site.place, Some(step.id()), Event::TaskStarted);
                    let ended = match (&proof, &before) {
                        (Proof::Reach { .. }, Some(evidence)) => Ended::True(evidence.clone()),
                        (Proof::Reach { .. }, None) => self.kubelet_is_reached(&site.place, &proof),
                        _ => self.dns_answers(site, &proof, stream),
                    };
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
        end
    }

    fn ask(&self, site: &mut WorkSite, queries: Vec<FactQuery>) -> Result<(), Problem> {
        let (run, lock) = (self.options.run.clone(), self.lock_on(&site.place));
        let batch = Batch { queries, run, lock, ..Batch::default() };
        let sent = self.world.now().as_millisecond();
        let end = site.host.run(&batch, self.options.stop, &mut |_| {});
        // The clock was read somewhere in between.
        site.asked_ms = sent.midpoint(self.world.now().as_millisecond());
        site.facts.update(end.facts);
        match end.trouble {
            Some(trouble) => Err(trouble.problem(&site.place)),
            None => Ok(()),
        }
    }

    /// The first look at a place: one exec. `more` is asked beside what the steps want to know.
    pub fn first_look(&self, site: &mut WorkSite, more: &[FactQuery]) -> Result<(), Problem> {
        let mut queries = step::queries(site.on, self.plan, site.worker, &self.world.home());
        queries.extend(more.iter().filter(|query| !queries.contains(query)).cloned().collect::<Vec<_>>());
        self.ask(site, queries)
    }

    /// Does a place's work.
    pub fn work(&self, shared: &SharedFacts, site: &mut WorkSite) -> Worked {
        let mut worked = Worked::after(site.repaired);
        // Steps behind a barrier come only after it.
        let mut told: Vec<StepId> = Vec::new();
        loop {
            let looked = look_all(self.plan, self.world, shared, site);
            if self.refuse(site, &looked, &mut worked) {
                return worked;
            }
            let barrier = looked
                .last()
                .is_some_and(|last| last.step.barrier() && matches!(last.state, StepState::Todo(_)));
            let mut tasks: Vec<(StepId, Action)> = Vec::new();
            for one in &looked {
                let id = one.step.id();
                if !told.contains(&id) {
                    self.tell_verdicts(site, one);
                    told.push(id);
                }
                match &one.state {
                    StepState::Done(evidence) => {
                        let outcome = TaskOutcome::Same { evidence: evidence.clone() };
                        self.events.tell(&site.place, Some(id), Event::TaskEnded { outcome });
                    }
                    StepState::Todo(actions) => {
                        tasks.extend(actions.iter().map(|action| (id, action.clone())));
                    }
                    StepState::Await(proof) => worked.proofs.push((id, proof.clone())),
                    StepState::Blocked(_) => {}
                }
            }
            if tasks.is_empty() {
                return worked;
            }
            if self.options.stop.wanted() {
                worked.stopped = true;
                return worked;
            }
            worked.problem = self.as_reviewed(&site.place, &tasks);
            if worked.problem.is_some() {
                return worked;
            }
            let count = tasks.len();
            if !self.carry_out(shared, site, tasks, &mut worked, barrier) {
                return worked;
            }
            worked.changed += count;
            if barrier {
                worked.proofs.clear();
                if let Err(problem) = self.first_look(site, &[]) {
                    worked.problem = Some(problem);
                    return worked;
                }
                continue;
            }
            if self.options.stop.wanted() {
                worked.stopped = true;
            } else {
                self.look_again(shared, site, &mut worked);
            }
            return worked;
        }
    }

    fn tell_verdicts(&self, site: &WorkSite, one: &StepOutcome) {
        for verdict in &one.verdicts {
            if !matches!(verdict, Verdict::Stops(_)) {
                self.events.tell(&site.place, Some(one.step.id()), Event::Verdict(verdict.clone()));
            }
        }
    }

    /// Tells what is in the way; `true` when something is, and then nothing is changed.
    fn refuse(&self, site: &WorkSite, looked: &[StepOutcome], worked: &mut Worked) -> bool {
        if looked.iter().all(|one| one.blocked().is_none()) {
            return false;
        }
        let mut first: Option<Problem> = None;
        for one in looked {
            self.tell_verdicts(site, one);
            let all = one.verdicts.iter().filter_map(|verdict| match verdict {
                Verdict::Stops(problem) => Some(problem),
                Verdict::Ok { .. } | Verdict::Warning { .. } => None,
            });
            let own = match &one.state {
                StepState::Blocked(problem) => Some(problem),
                StepState::Done(_) | StepState::Todo(_) | StepState::Await(_) => None,
            };
            for problem in own.into_iter().chain(all) {
                let outcome = TaskOutcome::Failed { problem: problem.clone() };
                self.events.tell(&site.place, Some(one.step.id()), Event::TaskEnded { outcome });
                first.get_or_insert(problem.clone());
            }
        }
        worked.problem = first;
        worked.problem.is_some()
    }

    /// After the work every step must be satisfied.
    fn look_again(&self, shared: &SharedFacts, site: &WorkSite, worked: &mut Worked) {
        for one in look_all(self.plan, self.world, shared, site) {
            let id = one.step.id();
            if worked.proofs.iter().any(|(proof, _)| *proof == id) {
                // What it sees of the cluster is of before; its proof looks now.
                continue;
            }
            let problem = match &one.state {
                StepState::Todo(actions) => {
                    let mut problem = Problem::new(
                        ProblemCode::Step01,
                        format!("{}: {} did not take", site.place, one.step.title()),
                    )
                    .way(Remedy::Retry);
                    for action in actions.iter().take(4) {
                        problem = problem.seen(format!("still to do: {}", action.title()));
                    }
                    problem
                }
                StepState::Blocked(problem) => problem.clone(),
                StepState::Done(_) | StepState::Await(_) => continue,
            };
            let outcome = TaskOutcome::Failed { problem: problem.clone() };
            self.events.tell(&site.place, Some(id), Event::TaskEnded { outcome });
            worked.problem = Some(problem);
            return;
        }
    }
}
