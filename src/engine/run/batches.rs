//! The actions of a place on their way: cut into batches at the values to come, agreed to at the guided pace, signed
//! where a certificate is wanted, written into the journal before they are sent, and judged by what came back.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::engine::cluster::facts::SharedFacts;
use crate::engine::event::{Event, TaskOutcome};
use crate::engine::inspect::WorkSite;
use crate::engine::run::failure::action_problem;
use crate::engine::run::{Engine, NewNode, Worked};
use crate::engine::signing::remote::Coming;
use crate::engine::signing::request::SignRequest;
use crate::host::{Batch, BatchEnd, BatchProgress};
use crate::plan::action::{Action, Content, Slot, Verb};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Known};
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy};
use crate::step::{self, StepId};

impl Engine<'_> {
    /// Sends the actions; `false` when they did not all succeed.
    pub(crate) fn carry_out(
        &self,
        shared: &SharedFacts,
        site: &mut WorkSite,
        tasks: Vec<(StepId, Action)>,
        worked: &mut Worked,
        barrier: bool,
    ) -> bool {
        let mut slots: BTreeMap<Slot, String> = BTreeMap::new();
        let images = tasks
            .iter()
            .any(|(_, action)| matches!(action, Action::LoadImage { .. } | Action::SendImage { .. }));
        let runtime = tasks.iter().any(|(id, _)| id.0 == "runtime");
        let mut segment: Vec<(StepId, Action)> = Vec::new();
        // At the guided pace a person may think about it for long.
        let brings =
            !self.options.guided && tasks.iter().any(|(_, action)| matches!(action, Action::Sign { .. }));
        let mut coming = brings.then(|| shared.signer.expect());
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
                let coming = coming.take().unwrap_or_else(|| shared.signer.expect());
                if !self.sign(shared, site, &requests, coming, &mut slots, worked) {
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
        let queries = if barrier { Vec::new() } else { self.unsettled(site, images, runtime) };
        self.may_go_on(site, &segment, worked) && self.send(site, &segment, queries, &mut slots, worked)
    }

    /// What our own actions may have changed; whether containers run is for a proof to say.
    fn unsettled(&self, site: &WorkSite, images: bool, runtime: bool) -> Vec<FactQuery> {
        step::queries(site.on, self.plan, site.worker, &self.world.home())
            .into_iter()
            .filter(|want| {
                (!want.settled() || runtime && *want == FactQuery::Runtime)
                    && !matches!(
                        want,
                        FactQuery::Kubelet { .. } | FactQuery::Containers | FactQuery::Healthz(_)
                    )
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
        shared: &SharedFacts,
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
        let answers = if shared.signer.is_offline() {
            let Some(answers) = self.gather(shared, site, wanted, &ended) else {
                return !self.stops_here(site, *id, worked);
            };
            answers
        } else {
            let wanted = wanted.into_iter().map(|(_, wanted)| wanted).collect();
            shared.signer.sign_all(wanted, coming, self.world, &ended)
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
                // Cut short by the person, the CA's host says what it may.
                Err(_) if self.stops_here(site, *id, worked) => return false,
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
            lock: self.lock_on(&site.place),
        };
        let mut current: Option<StepId> = None;
        let mut began = Instant::now();
        let place = site.place.clone();
        let (mut started, mut ended_ms, mut new_node) = (None, None, None);
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
                // What the node said before this proves nothing.
                ended_ms = Some(self.world.now().as_millisecond());
                if let Action::Service { verb: Verb::Start | Verb::Restart, unit } = action
                    && unit == "kubelet"
                {
                    started = ended_ms;
                }
                if let (Action::NoteNode { unknown, .. }, 0) = (action, status) {
                    let now = self.world.now().as_millisecond();
                    new_node = Some(if *unknown { NewNode::WhenYoungerThan(now) } else { NewNode::Sure });
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
        worked.node = worked.node.or(new_node);
        worked.ended_ms = ended_ms.or(worked.ended_ms);
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
                    problem = problem.seen(format!("unknown whether this finished: {}", action.title()));
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
}

/// A request's name among those of all places: the place and the name of the key.
fn request_name(place: &Place, key: &str) -> String {
    let file = key.rsplit('/').next().unwrap_or(key);
    let stem = file.strip_suffix(".key").unwrap_or(file);
    match place {
        Place::Local => stem.to_owned(),
        Place::Worker(name) => format!("{name}-{stem}"),
        Place::CaHost | Place::Cluster => format!("{place}-{stem}"),
    }
}

/// Puts values that have come into an action's content.
pub(crate) fn resolve(action: Action, slots: &BTreeMap<Slot, String>) -> Result<Action, Slot> {
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
