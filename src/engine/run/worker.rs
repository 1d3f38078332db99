//! One place's work: every step looks, the actions go out in as few batches as the values to come allow, and
//! every step looks again. A step that is in the way stops the place before anything on it is changed.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::engine::cluster::facts::{SharedFacts, millis};
use crate::engine::event::{Event, TaskOutcome};
use crate::engine::failure::action_problem;
use crate::engine::inspect::{StepOutcome, WorkSite, look_all};
use crate::engine::run::Engine;
use crate::engine::signing::signer::{Coming, SignRequest};
use crate::host::{Batch, BatchEnd, BatchProgress};
use crate::plan::action::{Action, Content, Slot, Verb};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Known};
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy, Verdict};
use crate::step::{self, Proof, StepId, StepState};

/// How a place's work ended.
#[derive(Default)]
pub struct Worked {
    /// What must still become true.
    pub proofs: Vec<(StepId, Proof)>,
    /// Actions carried out.
    pub changed: usize,
    /// What stopped it.
    pub problem: Option<Problem>,
    /// The person stopped it.
    pub stopped: bool,
    /// When something was started, by this computer's clock, milliseconds.
    pub started_ms: Option<i64>,
}

impl Engine<'_> {
    fn ask(&self, site: &mut WorkSite, queries: Vec<FactQuery>) -> Result<(), Problem> {
        let batch = Batch { queries, run: self.options.run.clone(), ..Batch::default() };
        let sent = millis(self.world.now());
        let end = site.host.run(&batch, self.options.stop, &mut |_| {});
        // The clock was read somewhere in between.
        site.asked_ms = sent.midpoint(millis(self.world.now()));
        site.facts.update(end.facts);
        match end.trouble {
            Some(trouble) => Err(trouble.problem(&site.place)),
            None => Ok(()),
        }
    }

    /// The first look at a place: one exec.
    pub fn first_look(&self, site: &mut WorkSite) -> Result<(), Problem> {
        let queries = step::queries(site.on, self.plan, site.worker, &self.world.home());
        self.ask(site, queries)
    }

    /// Does a place's work.
    pub fn work(&self, base: &SharedFacts, site: &mut WorkSite) -> Worked {
        let mut worked = Worked::default();
        let mut told = false;
        loop {
            let looked = look_all(self.plan, self.world, base, site);
            if self.refuse(site, &looked, &mut worked) {
                return worked;
            }
            let barrier = looked
                .last()
                .is_some_and(|last| last.step.barrier() && matches!(last.state, StepState::Todo(_)));
            let mut tasks: Vec<(StepId, Action)> = Vec::new();
            for one in &looked {
                let id = one.step.id();
                if !told {
                    self.tell_verdicts(site, one);
                }
                match &one.state {
                    StepState::Done(evidence) => {
                        let outcome = TaskOutcome::Same { evidence: evidence.clone() };
                        self.events.tell(&site.place, Some(id), Event::TaskEnded { outcome });
                    }
                    StepState::Todo(actions) => {
                        tasks.extend(actions.iter().map(|action| (id, action.clone())))
                    }
                    StepState::Await(proof) => worked.proofs.push((id, proof.clone())),
                    StepState::Blocked(_) => {}
                }
            }
            told = true;
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
            if !self.carry_out(base, site, tasks, &mut worked, barrier) {
                return worked;
            }
            worked.changed += count;
            if barrier {
                worked.proofs.clear();
                if let Err(problem) = self.first_look(site) {
                    worked.problem = Some(problem);
                    return worked;
                }
                continue;
            }
            if self.options.stop.wanted() {
                worked.stopped = true;
            } else {
                self.look_again(base, site, &mut worked);
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

    /// Sends the actions; `false` when they did not all succeed.
    fn carry_out(
        &self,
        base: &SharedFacts,
        site: &mut WorkSite,
        tasks: Vec<(StepId, Action)>,
        worked: &mut Worked,
        barrier: bool,
    ) -> bool {
        let mut slots: BTreeMap<Slot, String> = BTreeMap::new();
        let images = tasks
            .iter()
            .any(|(_, action)| matches!(action, Action::LoadImage { .. } | Action::SendImage { .. }));
        let mut segment: Vec<(StepId, Action)> = Vec::new();
        // At the guided pace a person may think about it for long.
        let brings =
            !self.options.guided && tasks.iter().any(|(_, action)| matches!(action, Action::Sign { .. }));
        let mut coming = brings.then(|| base.signer.expect());
        let mut tasks = tasks.into_iter().peekable();
        while let Some((id, action)) = tasks.next() {
            // What is to be signed goes with the keys: the same answer tells their public halves.
            let sign = matches!(action, Action::Sign { .. });
            if self.options.guided && !sign && segment.last().is_some_and(|(last, _)| *last != id) {
                let batch = std::mem::take(&mut segment);
                if !self.may_go_on(site, &batch, worked)
                    || !self.send(site, &batch, Vec::new(), &mut slots, worked)
                {
                    return false;
                }
            }
            if let Action::Sign { .. } = action {
                let mut requests = vec![(id, action)];
                while let Some(next) = tasks.next_if(|(_, action)| matches!(action, Action::Sign { .. })) {
                    requests.push(next);
                }
                let keys = requests.iter().filter_map(|(_, action)| match action {
                    Action::Sign { key, .. } => Some(FactQuery::Key(key.clone())),
                    _ => None,
                });
                let queries = keys.collect();
                let batch = std::mem::take(&mut segment);
                if !self.may_go_on(site, &batch, worked)
                    || !self.send(site, &batch, queries, &mut slots, worked)
                    || self.stops_here(site, id, worked)
                    || !self.may_go_on(site, &requests, worked)
                {
                    return false;
                }
                let coming = coming.take().unwrap_or_else(|| base.signer.expect());
                if !self.sign(base, site, &requests, coming, &mut slots, worked) {
                    return false;
                }
                continue;
            }
            match resolve(action, &slots) {
                Ok(action) => segment.push((id, action)),
                Err(slot) => {
                    worked.problem =
                        Some(Problem::new(ProblemCode::Bug03, format!("{slot} is not there yet")));
                    return false;
                }
            }
        }
        let queries = if barrier { Vec::new() } else { self.unsettled(site, images) };
        self.may_go_on(site, &segment, worked) && self.send(site, &segment, queries, &mut slots, worked)
    }

    /// What our own actions may have changed; whether containers run is for a proof to say.
    fn unsettled(&self, site: &WorkSite, images: bool) -> Vec<FactQuery> {
        step::queries(site.on, self.plan, site.worker, &self.world.home())
            .into_iter()
            .filter(|want| {
                !want.settled() && !matches!(want, FactQuery::Kubelet { .. } | FactQuery::Containers)
            })
            .filter(|want| images || *want != FactQuery::Images)
            .collect()
    }

    /// At the guided pace, whether this step's batch may be sent; told as stopped when not.
    fn may_go_on(&self, site: &WorkSite, tasks: &[(StepId, Action)], worked: &mut Worked) -> bool {
        let Some((id, _)) = tasks.first() else { return true };
        let actions: Vec<Action> = tasks.iter().map(|(_, action)| action.clone()).collect();
        self.go_on(&site.place, *id, &actions) || !self.stops_here(site, *id, worked)
    }

    /// Whether the person wants no more, told for the step that would have come next.
    fn stops_here(&self, site: &WorkSite, id: StepId, worked: &mut Worked) -> bool {
        if self.options.stop.wanted() {
            worked.stopped = true;
            self.events.tell(&site.place, Some(id), Event::TaskEnded { outcome: TaskOutcome::Stopped });
        }
        worked.stopped
    }

    fn sign(
        &self,
        base: &SharedFacts,
        site: &WorkSite,
        requests: &[(StepId, Action)],
        coming: Coming,
        slots: &mut BTreeMap<Slot, String>,
        worked: &mut Worked,
    ) -> bool {
        let Some((id, _)) = requests.first() else { return true };
        self.events.tell(&site.place, Some(*id), Event::TaskStarted);
        let began = Instant::now();
        let (mut wanted, mut signs) = (Vec::new(), Vec::new());
        for (id, action) in requests {
            let Action::Sign { csr, key, wish, out } = action else { continue };
            let spki = match site.facts.key(key) {
                Known::Yes(Some(fact)) => fact.spki_sha256.clone(),
                other => {
                    let problem = step::unknown(key, other.why_not());
                    self.fail(&site.place, Some(*id), problem.clone());
                    worked.problem = Some(problem);
                    return false;
                }
            };
            let csr = slots.get(csr).cloned().unwrap_or_default();
            wanted.push((
                request_name(&site.place, key),
                SignRequest { csr, request: step::request(wish), spki },
            ));
            signs.push((*id, action, out.clone()));
        }
        for (id, action, _) in &signs {
            let started = Event::ActionStarted { action: action.title(), shell: action.shell().to_string() };
            self.events.tell(&site.place, Some(*id), started);
        }
        let ended = |index: usize, good: bool| {
            let Some((id, action, _)) = signs.get(index) else { return };
            let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            let ended = Event::ActionEnded { action: action.title(), status: i32::from(!good), ms };
            self.events.tell(&site.place, Some(*id), ended);
        };
        let answers = if base.signer.is_offline() {
            let Some(answers) = self.gather(base, site, wanted, &ended) else {
                return !self.stops_here(site, *id, worked);
            };
            answers
        } else {
            let wanted = wanted.into_iter().map(|(_, wanted)| wanted).collect();
            base.signer.sign_all(wanted, coming, self.world, &ended)
        };
        let results: Vec<Result<(Slot, String), Problem>> = answers
            .into_iter()
            .zip(&signs)
            .map(|(answer, (_, _, out))| answer.map(|pem| (out.clone(), pem)))
            .collect();
        let count = results.len();
        for result in results {
            match result {
                Ok((slot, pem)) => {
                    slots.insert(slot, pem);
                }
                Err(problem) => {
                    let outcome = TaskOutcome::Failed { problem: problem.clone() };
                    self.events.tell(&site.place, Some(*id), Event::TaskEnded { outcome });
                    worked.problem = Some(problem);
                    return false;
                }
            }
        }
        let outcome = TaskOutcome::Changed { actions: count };
        self.events.tell(&site.place, Some(*id), Event::TaskEnded { outcome });
        true
    }

    /// Sends one batch and reads what came of it.
    pub(crate) fn send(
        &self,
        site: &mut WorkSite,
        tasks: &[(StepId, Action)],
        queries: Vec<FactQuery>,
        slots: &mut BTreeMap<Slot, String>,
        worked: &mut Worked,
    ) -> bool {
        if tasks.is_empty() {
            // Keys that were there before are known from the first look.
            return true;
        }
        let number = self.next_batch();
        if let Err(problem) = self.options.journal.before(&site.place, number, tasks, &site.facts) {
            worked.problem = Some(problem);
            return false;
        }
        let batch = Batch {
            actions: tasks.iter().map(|(_, action)| action.clone()).collect(),
            queries,
            run: self.options.run.clone(),
        };
        let mut current: Option<StepId> = None;
        let mut began = Instant::now();
        let place = site.place.clone();
        let mut started = None;
        let end = site.host.run(&batch, self.options.stop, &mut |heard| match heard {
            BatchProgress::Began(index) => {
                let Some((id, action)) = tasks.get(index) else { return };
                if current != Some(*id) {
                    current = Some(*id);
                    self.events.tell(&place, Some(*id), Event::TaskStarted);
                }
                // A journal that cannot be written any more must not stop what is under way.
                let _ = self.options.journal.began(&place, number, index);
                began = Instant::now();
                let shell = action.shell().to_string();
                self.events.tell(&place, Some(*id), Event::ActionStarted { action: action.title(), shell });
            }
            BatchProgress::Said(index, err, line) => {
                if let Some((id, action)) = tasks.get(index)
                    && action.yields().is_none()
                {
                    self.events.tell(&place, Some(*id), Event::Output { line, err });
                }
            }
            BatchProgress::Ended(index, status) => {
                let Some((id, action)) = tasks.get(index) else { return };
                if let Action::Service { verb: Verb::Start | Verb::Restart, .. } = action {
                    // What the node said before this proves nothing.
                    started = Some(millis(self.world.now()));
                }
                let _ = self.options.journal.ended(&place, number, index, status);
                let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                let ended = Event::ActionEnded { action: action.title(), status, ms };
                self.events.tell(&place, Some(*id), ended);
                let last = tasks.get(index + 1).is_none_or(|(next, _)| next != id);
                if last && status == 0 {
                    let actions = tasks.iter().filter(|(one, _)| one == id).count();
                    self.events.tell(
                        &place,
                        Some(*id),
                        Event::TaskEnded { outcome: TaskOutcome::Changed { actions } },
                    );
                }
            }
            BatchProgress::LeftAlone(_) => {}
            BatchProgress::Sent(sent, of) => self.events.tell(&place, current, Event::Progress { sent, of }),
        });
        worked.started_ms = started.or(worked.started_ms);
        site.facts.update(end.facts.clone());
        for (index, (_, action)) in tasks.iter().enumerate() {
            if let (Some(slot), Some(done)) = (action.yields(), end.actions.get(&index))
                && done.status == Some(0)
            {
                slots.insert(slot.clone(), done.out.clone());
            }
        }
        self.judge(site, tasks, &end, worked)
    }

    /// Whether a batch came to its end; tells why not.
    fn judge(
        &self,
        site: &WorkSite,
        tasks: &[(StepId, Action)],
        end: &BatchEnd,
        worked: &mut Worked,
    ) -> bool {
        let failed = tasks
            .iter()
            .enumerate()
            .find(|(index, _)| end.actions.get(index).is_none_or(|action| action.status != Some(0)));
        let Some((index, (id, action))) = failed else {
            // All done, but the questions behind it may have been cut short.
            worked.stopped |= end.stopped;
            return !end.stopped;
        };
        let done = end.actions.get(&index);
        let outcome = match done.and_then(|done| done.status) {
            // Cut short by the person, it ends as it may: a half-sent file, a child that got the signal.
            Some(status) if !self.options.stop.wanted() => TaskOutcome::Failed {
                problem: action_problem(&site.place, action, status, &done.cloned().unwrap_or_default()),
            },
            _ if end.stopped || self.options.stop.wanted() && end.trouble.is_none() => TaskOutcome::Stopped,
            Some(_) => TaskOutcome::Stopped,
            None => {
                let early = || format!("{}: the script ended early", site.place);
                let early = || Problem::new(ProblemCode::Host01, early()).way(Remedy::Retry);
                let trouble = end.trouble.as_ref().map(|trouble| trouble.problem(&site.place));
                let mut problem = trouble.unwrap_or_else(early);
                if done.is_some() {
                    problem = problem.seen(format!("nobody knows whether this was done: {}", action.title()));
                }
                TaskOutcome::Failed { problem }
            }
        };
        if let TaskOutcome::Failed { problem } = &outcome {
            worked.problem = Some(problem.clone());
        } else {
            worked.stopped = true;
        }
        self.events.tell(&site.place, Some(*id), Event::TaskEnded { outcome });
        false
    }

    /// After the work every step must be satisfied.
    fn look_again(&self, base: &SharedFacts, site: &WorkSite, worked: &mut Worked) {
        for one in look_all(self.plan, self.world, base, site) {
            let id = one.step.id();
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

/// A request's name among those of all places: the place and the name of the key.
fn request_name(place: &Place, key: &str) -> String {
    let file = key.rsplit('/').next().unwrap_or(key);
    let stem = file.strip_suffix(".key").unwrap_or(file);
    match place {
        Place::Local => stem.to_owned(),
        Place::CaHost | Place::Cluster | Place::Worker(_) => format!("{place}-{stem}"),
    }
}

/// Puts values that have come into an action's content.
fn resolve(action: Action, slots: &BTreeMap<Slot, String>) -> Result<Action, Slot> {
    match action {
        Action::Put { path, content: Content::Later(slot), mode, owner } => match slots.get(&slot) {
            Some(value) => {
                Ok(Action::Put { path, content: Content::Literal(value.clone().into_bytes()), mode, owner })
            }
            None => Err(slot),
        },
        other => Ok(other),
    }
}
