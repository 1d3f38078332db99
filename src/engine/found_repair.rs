//! The repair of a worker that no plan tells of: what its causes offer by themselves, one after another, each looked at again
//! before the next; then the proof that the API has heard of its kubelet since. None of its files is written, but for a
//! certificate that was issued for it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::doctor::Examined;
use super::event::{Event, EventSink, Front, TaskOutcome};
use super::exit::ExitCode;
use super::found::{FoundLook, FoundVisit, look};
use super::repaired::RepairedAt;
use super::run::failure::action_problem;
use super::run::resolve;
use super::signing::signer::Signer;
use crate::doctor::{Cause, Diagnosis, Layout, NodeHeard};
use crate::host::shell::nonce;
use crate::host::{Batch, BatchProgress, Host, HostLock};
use crate::pki::Request;
use crate::plan::action::{Action, Slot, Verb};
use crate::plan::code::ProblemCode;
use crate::plan::fact::Facts;
use crate::plan::place::Place;
use crate::plan::problem::Problem;
use crate::step::{self, StepId};

/// So many causes are mended one after another.
const MOST_REPAIRS: usize = 6;
/// So long it may take until the API hears of the kubelet again: a Lease is renewed every 10 s, and a node whose network
/// comes up later is not Ready at once.
const HEARD_WITHIN: Duration = Duration::from_secs(90);
/// Between two looks.
const BETWEEN: Duration = Duration::from_secs(2);

/// What stopped it.
pub(super) enum Broken {
    Failed(Problem),
    Stopped,
}

/// A repair on its way.
pub struct FoundRepair<'a> {
    pub(super) visit: FoundVisit<'a>,
    pub(super) events: EventSink<'a>,
    signer: Option<&'a Signer>,
    lock: HostLock,
    pub(super) place: Place,
    /// What its events are of.
    step: StepId,
    /// Something was no longer what gangplank had made of it.
    pub(super) left: Cell<bool>,
}

impl<'a> FoundRepair<'a> {
    /// One that has not begun; `signer` is the cluster's CA where one is at hand.
    pub fn new(visit: FoundVisit<'a>, front: &'a dyn Front, signer: Option<&'a Signer>) -> Self {
        let lock = HostLock {
            token: format!("{}-{}", visit.run, nonce()),
            who: format!("{}, run {}", visit.world.operator(), visit.run),
        };
        let events = EventSink::new(front, visit.run);
        Self {
            visit,
            events,
            signer,
            lock,
            place: visit.place(),
            step: StepId::REPAIR,
            left: Cell::new(false),
        }
    }

    /// One that takes back what another did.
    pub fn back(visit: FoundVisit<'a>, front: &'a dyn Front) -> Self {
        Self { step: StepId::UNDO, ..Self::new(visit, front, None) }
    }

    /// Mends what `first` offers; how it ended, and how the worker is then.
    pub fn mend(&self, first: &Examined) -> (ExitCode, Examined) {
        let mut facts = Facts::default();
        let (world, login) = (self.visit.world, self.visit.login);
        let mut host = match world.host(&self.place, login) {
            Ok(host) => host,
            Err(trouble) => {
                let problem = trouble.problem_without_plan(&self.place, login);
                self.events.tell(&self.place, None, Event::Trouble { problem: problem.clone() });
                return (ExitCode::Problem, self.visit.examined(Err(problem), facts));
            }
        };
        let (code, found) = match self.carry_on(host.as_mut(), first, &mut facts) {
            Ok((code, look)) => (code, Ok(look.diagnosis)),
            Err(Broken::Stopped) => {
                let outcome = TaskOutcome::Stopped;
                self.events.tell(&self.place, Some(StepId::REPAIR), Event::TaskEnded { outcome });
                (ExitCode::Stopped, look(&self.visit, host.as_mut(), &mut facts).map(|look| look.diagnosis))
            }
            Err(Broken::Failed(problem)) => {
                let outcome = TaskOutcome::Failed { problem };
                self.events.tell(&self.place, Some(StepId::REPAIR), Event::TaskEnded { outcome });
                (ExitCode::Problem, look(&self.visit, host.as_mut(), &mut facts).map(|look| look.diagnosis))
            }
        };
        (code, self.visit.examined(found, facts))
    }

    fn carry_on(
        &self,
        host: &mut dyn Host,
        first: &Examined,
        facts: &mut Facts,
    ) -> Result<(ExitCode, FoundLook), Broken> {
        let begun = Instant::now();
        let mut waited = begun;
        let (mut done, mut changed): (Vec<(ProblemCode, String)>, Option<RepairedAt>) = (Vec::new(), None);
        let mut wrote = false;
        // Nobody knows how old the look is that it was agreed upon.
        let mut now = self.look(host, facts)?;
        let end = loop {
            let next = now.diagnosis.causes.iter().find_map(|cause| {
                let actions = cause.problem.offers()?;
                let what = (cause.problem.code, cause.problem.what.clone());
                // The same cause again: this repair does not mend it.
                (!done.contains(&what) && was_agreed(first, actions)).then(|| (what, actions.to_vec()))
            });
            if let Some((what, actions)) = next
                && done.len() < MOST_REPAIRS
            {
                wrote |= actions.iter().any(leaves_something);
                let at = self.carry_out(host, &actions, now.spki.as_deref())?;
                let started_ms = at.started_ms.or(changed.and_then(|before| before.started_ms));
                changed = Some(RepairedAt { started_ms, ..at });
                done.push(what);
                waited = Instant::now();
                now = self.look(host, facts)?;
                continue;
            }
            let proven = changed.is_none_or(|at| is_heard_since(&now, at));
            if now.diagnosis.healthy() && proven {
                if let Some(heard) = now.heard.filter(|_| changed.is_some()) {
                    let evidence = evidence(heard);
                    self.events.tell(
                        &self.place,
                        Some(StepId::REPAIR),
                        Event::TaskEnded { outcome: TaskOutcome::Proven { evidence } },
                    );
                }
                break ExitCode::Done;
            }
            if changed.is_none() || stays(first, &now.diagnosis, proven) || waited.elapsed() > HEARD_WITHIN {
                break ExitCode::Problem;
            }
            if self.visit.stop.wanted() {
                return Err(Broken::Stopped);
            }
            self.visit.world.wait(BETWEEN);
            now = self.look(host, facts)?;
        };
        if end == ExitCode::Problem && now.diagnosis.healthy() {
            let problem = Problem::unknown(
                "whether the API has heard of the kubelet since",
                &format!("it did not within {} s, and nothing else is wrong", HEARD_WITHIN.as_secs()),
            );
            now.diagnosis.unknown.push(problem);
        }
        // What was started leaves nothing that undo could use; a file that was replaced is kept with its record.
        if changed.is_some() && !wrote && Layout::of(facts) != Layout::Gangplank {
            let forget = Action::DeleteRecord { run: self.visit.run.to_owned() };
            self.carry_out(host, &[forget], None)?;
        }
        Ok((end, now))
    }

    fn look(&self, host: &mut dyn Host, facts: &mut Facts) -> Result<FoundLook, Broken> {
        *facts = Facts::default();
        let looked = look(&self.visit, host, facts);
        if self.visit.stop.wanted() {
            return Err(Broken::Stopped);
        }
        looked.map_err(Broken::Failed)
    }

    /// Sends the actions of one cause; what is to be signed is signed in between.
    pub(super) fn carry_out(
        &self,
        host: &mut dyn Host,
        actions: &[Action],
        spki: Option<&str>,
    ) -> Result<RepairedAt, Broken> {
        let mut at = RepairedAt { started_ms: None, ended_ms: self.visit.world.now().as_millisecond() };
        let mut slots: BTreeMap<Slot, String> = BTreeMap::new();
        let mut segment: Vec<Action> = Vec::new();
        for action in actions {
            if let Action::Sign { csr, wish, out, .. } = action {
                self.send(host, &std::mem::take(&mut segment), &mut slots, &mut at)?;
                let request = slots.get(csr).map_or("", String::as_str);
                let tell = |event| self.events.tell(&self.place, Some(self.step), event);
                let (title, began) = (action.title(), Instant::now());
                tell(Event::ActionStarted { action: title.clone(), shell: action.shell().to_string() });
                let signed = self.sign(request, &step::request(wish), spki);
                let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                tell(Event::ActionEnded { action: title, status: i32::from(signed.is_err()), ms });
                let signed = signed.map_err(Broken::Failed)?;
                slots.insert(out.clone(), signed);
                continue;
            }
            let missing = |slot: Slot| {
                Broken::Failed(Problem::new(ProblemCode::Bug03, format!("{slot} is not there yet")))
            };
            segment.push(resolve(action.clone(), &slots).map_err(missing)?);
        }
        self.send(host, &segment, &mut slots, &mut at)?;
        Ok(at)
    }

    /// `spki` is that of the key that was found: no other gets the certificate.
    fn sign(&self, csr: &str, request: &Request, spki: Option<&str>) -> Result<String, Problem> {
        let missing = || Problem::new(ProblemCode::Ca00, "no CA was given that could issue a certificate");
        let unknown = || Problem::unknown("the kubelet's key", "its public half was not told");
        let signer = self.signer.ok_or_else(missing)?;
        signer.sign(csr, request, spki.ok_or_else(unknown)?, self.visit.world)
    }

    fn send(
        &self,
        host: &mut dyn Host,
        actions: &[Action],
        slots: &mut BTreeMap<Slot, String>,
        at: &mut RepairedAt,
    ) -> Result<(), Broken> {
        if actions.is_empty() {
            return Ok(());
        }
        let (world, stop) = (self.visit.world, self.visit.stop);
        if stop.wanted() {
            return Err(Broken::Stopped);
        }
        let tell = |event| self.events.tell(&self.place, Some(self.step), event);
        let batch = Batch {
            actions: actions.to_vec(),
            run: self.visit.run.to_owned(),
            lock: Some(self.lock.clone()),
            ..Batch::default()
        };
        tell(Event::TaskStarted);
        let mut began = Instant::now();
        let end = host.run(&batch, stop, &mut |heard| match heard {
            BatchProgress::Began(index) => {
                let Some(action) = actions.get(index) else { return };
                began = Instant::now();
                tell(Event::ActionStarted { action: action.title(), shell: action.shell().to_string() });
            }
            BatchProgress::Said(index, err, line) => {
                if actions.get(index).is_some_and(|action| action.yields().is_none()) {
                    tell(Event::Output { line, err });
                }
            }
            BatchProgress::Ended(index, status) => {
                let Some(action) = actions.get(index) else { return };
                at.ended_ms = world.now().as_millisecond();
                if let Action::Service { verb: Verb::Start | Verb::Restart, unit } = action
                    && unit == "kubelet"
                {
                    at.started_ms = Some(at.ended_ms);
                }
                let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                tell(Event::ActionEnded { action: action.title(), status, ms });
            }
            BatchProgress::LeftAlone(_) => self.left.set(true),
            BatchProgress::Sent(..) => {}
        });
        for (index, action) in actions.iter().enumerate() {
            let done = end.actions.get(&index);
            match done.and_then(|done| done.status) {
                Some(0) => {
                    if let (Some(slot), Some(done)) = (action.yields(), done) {
                        slots.insert(slot.clone(), done.out.clone());
                    }
                }
                Some(status) if !stop.wanted() => {
                    let said = done.cloned().unwrap_or_default();
                    return Err(Broken::Failed(action_problem(&self.place, action, status, &said)));
                }
                _ if end.stopped || stop.wanted() => return Err(Broken::Stopped),
                _ => {
                    let early = || {
                        Problem::new(ProblemCode::Host01, format!("{}: the script ended early", self.place))
                    };
                    let trouble = end
                        .trouble
                        .as_ref()
                        .map(|trouble| trouble.problem_without_plan(&self.place, self.visit.login));
                    let mut problem = trouble.unwrap_or_else(early);
                    if done.is_some() {
                        problem = problem.seen(format!("unknown whether this finished: {}", action.title()));
                    }
                    return Err(Broken::Failed(problem));
                }
            }
        }
        tell(Event::TaskEnded { outcome: TaskOutcome::Changed { actions: actions.len() } });
        Ok(())
    }
}

/// A file is written only where that was shown to whoever agreed.
fn was_agreed(first: &Examined, actions: &[Action]) -> bool {
    let shown = first.repair();
    let is_shown = |action: &Action| shown.iter().any(|known| known.title() == action.title());
    actions.iter().all(|action| !matches!(action, Action::Put { .. }) || is_shown(action))
}

/// The files of somebody else that the repair of a worker in no plan writes over.
pub fn replaced(examined: &Examined) -> Vec<&String> {
    let Ok(found) = &examined.found else { return Vec::new() };
    // One that is gone is not written over.
    let there = found.causes.iter().filter(|cause| cause.problem.code != ProblemCode::File05);
    let actions = there.filter_map(|cause| cause.problem.offers()).flatten();
    let written = actions.filter_map(|action| match action {
        Action::Put { path, .. } if !is_beside(path) => Some(path),
        _ => None,
    });
    written.collect()
}

/// It leaves something that an undo takes back: a file that it replaced, or a link that it led elsewhere.
pub fn leaves_something(action: &Action) -> bool {
    match action {
        Action::Put { path, .. } => !is_beside(path),
        Action::Script { text, .. } => text.starts_with("rotate_in "),
        _ => false,
    }
}

/// A file of ours that only comes beside others.
pub fn is_beside(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with("gangplank-"))
}

/// Something that was wrong before is wrong still, and will not pass by itself.
fn stays(first: &Examined, now: &Diagnosis, proven: bool) -> bool {
    let Ok(before) = &first.found else { return false };
    let same = |one: &Problem, other: &Problem| one.code == other.code && one.what == other.what;
    let was_cause = |cause: &Cause| before.causes.iter().any(|one| same(&one.problem, &cause.problem));
    let was_unknown = |problem: &Problem| before.unknown.iter().any(|one| same(one, problem));
    now.causes.iter().any(|cause| !cause.may_pass() && cause.problem.offers().is_none() && was_cause(cause))
        || proven && now.causes.is_empty() && now.unknown.iter().all(was_unknown)
}

/// The API has heard of the kubelet since; where that was started, also its status is younger, for the one before may still
/// say Ready.
fn is_heard_since(now: &FoundLook, at: RepairedAt) -> bool {
    let (Some(heard), Some(ahead)) = (now.heard, now.ahead_ms) else { return false };
    // A status has whole seconds, and so has this.
    let since = |ms: i64| ms.saturating_add(ahead).div_euclid(1000).saturating_mul(1000);
    let younger =
        |time: Option<jiff::Timestamp>, ms: i64| time.is_some_and(|time| time.as_millisecond() >= since(ms));
    heard.ready
        && younger(heard.last, at.started_ms.unwrap_or(at.ended_ms))
        && at.started_ms.is_none_or(|started| younger(heard.status, started))
}

fn evidence(heard: NodeHeard) -> String {
    let when = heard
        .last
        .map_or_else(String::new, |time| format!(", heard of at {}", time.strftime("%H:%M:%S UTC")));
    format!("the API, asked from there, says Ready{when}")
}
