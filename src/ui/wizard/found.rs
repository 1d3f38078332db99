//! What the doctor found, as the path back shows it: its rows, which of them is chosen, and when it is looked at again.

use crate::engine::doctor::Examined;
use crate::engine::drain::DrainWish;
use crate::plan::problem::Problem;
use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::message::{Effect, Examinations};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::opening::{KeptWorker, Saved};
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::validation::plan;

/// Half-seconds after which the doctor looks again by itself while its screen is open.
const AGAIN: u64 = 30;

/// A row of the diagnosis.
#[derive(Clone, Copy)]
pub enum FoundRow<'a> {
    /// A worker with which nothing is wrong.
    Healthy(&'a Examined),
    /// A worker that could not be looked at.
    Unseen(&'a Examined, &'a Problem),
    /// Something that is wrong, and what follows from it.
    Cause {
        /// The worker.
        one: &'a Examined,
        /// Its place in the order of mending, counted from 1.
        number: usize,
        /// What is wrong.
        problem: &'a Problem,
        /// What is seen too and comes from it.
        follows: &'a [Problem],
    },
    /// Something that could not be looked at.
    Unknown(&'a Examined, &'a Problem),
}

impl<'a> FoundRow<'a> {
    /// The worker that it is about.
    pub fn of(&self) -> &'a Examined {
        match self {
            Self::Healthy(one) | Self::Unseen(one, _) | Self::Cause { one, .. } | Self::Unknown(one, _) => {
                one
            }
        }
    }

    /// The problem that it is.
    pub fn problem(&self) -> Option<&'a Problem> {
        match self {
            Self::Healthy(_) => None,
            Self::Unseen(_, problem) | Self::Unknown(_, problem) | Self::Cause { problem, .. } => {
                Some(problem)
            }
        }
    }
}

/// What was found on the workers that this journey is about.
pub fn found(model: &Model) -> impl Iterator<Item = &Examined> {
    model.doctor.seen.iter().flat_map(|seen| seen.iter()).filter(|one| model.chosen(&one.worker))
}

/// The rows of the diagnosis, worker by worker, what is to be mended first before the rest.
pub fn rows(model: &Model) -> Vec<FoundRow<'_>> {
    let mut rows = Vec::new();
    for one in found(model) {
        match &one.found {
            Err(problem) => rows.push(FoundRow::Unseen(one, problem)),
            Ok(found) if found.healthy() => rows.push(FoundRow::Healthy(one)),
            Ok(found) => {
                let causes = (1..).zip(&found.causes);
                rows.extend(causes.map(|(number, cause)| FoundRow::Cause {
                    one,
                    number,
                    problem: &cause.problem,
                    follows: &cause.follows,
                }));
                rows.extend(found.unknown.iter().map(|problem| FoundRow::Unknown(one, problem)));
            }
        }
    }
    rows
}

/// The row that is chosen.
pub fn chosen(model: &Model) -> Option<FoundRow<'_>> {
    let rows = rows(model);
    let last = rows.len().checked_sub(1)?;
    rows.get(model.doctor.row.min(last)).copied()
}

/// The worker whose repair is shown.
pub fn to_mend(model: &Model) -> Option<&Examined> {
    let name = model.doctor.worker.as_ref()?;
    found(model).find(|one| one.worker == *name)
}

/// Whom one can choose to bring back: the workers of the plan, then the other nodes of the cluster.
pub fn candidates(model: &Model) -> Vec<String> {
    let mut names = model.worker_names();
    let others = model.doctor.elsewhere.iter().map(|node| node.name.clone());
    let others: Vec<String> = others.filter(|name| !names.contains(name)).collect();
    names.extend(others);
    names
}

/// The workers of the other sessions, those of the newest first. A demo has no other.
pub fn kept_workers(model: &Model) -> Vec<KeptWorker> {
    let open = model.session();
    let others = model.sessions.kept.iter().filter(|saved| model.demo.is_none() && saved.name != open);
    let of = |saved: &Saved| {
        let (session, when) = (saved.name.clone(), saved.when.clone());
        let kept = |worker: &String| KeptWorker {
            session: session.clone(),
            when: when.clone(),
            worker: worker.clone(),
        };
        saved.workers.iter().map(kept).collect::<Vec<_>>()
    };
    others.flat_map(of).collect()
}

/// The first of them with which something is wrong; of the other nodes the first that is not Ready.
pub fn first_failing(model: &Model) -> Option<usize> {
    candidates(model).iter().position(|name| standing(model, name).0 == Role::Bad)
}

/// How a worker stands, in a few words: for the list to choose from.
pub fn standing(model: &Model, worker: &str) -> (Role, String) {
    let doctor = &model.doctor;
    let node = doctor.elsewhere.iter().find(|node| node.name == worker);
    if let Some(node) = node.filter(|_| !model.worker_names().iter().any(|name| name == worker)) {
        return if node.ready {
            (Role::Ok, "in no plan; the API says Ready".to_owned())
        } else {
            (Role::Bad, "in no plan; the API does not call it Ready".to_owned())
        };
    }
    let one = doctor.seen.iter().flat_map(|seen| seen.iter()).find(|one| one.worker == worker);
    match (one, &doctor.failed) {
        (Some(one), _) => match &one.found {
            Err(problem) => (Role::Bad, format!("{} {}", problem.code, problem.what)),
            Ok(found) if found.healthy() => (Role::Ok, "nothing is wrong with it".to_owned()),
            Ok(found) => {
                let first = found.causes.first().map(|cause| &cause.problem);
                let more = found.causes.len().saturating_sub(1);
                let more = if more == 0 { String::new() } else { format!(", and {more} more") };
                match first.or(found.unknown.first()) {
                    Some(problem) => (Role::Bad, format!("{} {}{more}", problem.code, problem.what)),
                    None => (Role::Warn, "not everything could be looked at".to_owned()),
                }
            }
        },
        (None, _) if doctor.looking => (Role::Running, "is being looked at".to_owned()),
        (None, Some(problem)) => (Role::Warn, format!("not looked at: {} {}", problem.code, problem.what)),
        (None, None) => (Role::Dim, "not looked at yet".to_owned()),
    }
}

/// Another choice of what its pods do before the repair; the API is asked which they are.
pub fn drain(model: &mut Model) -> Vec<Effect> {
    let Some(worker) = to_mend(model).map(|one| one.worker.clone()) else { return Vec::new() };
    let doctor = &mut model.doctor;
    doctor.drain = doctor.drain.next();
    doctor.leaving = None;
    doctor.drain.wish().map(|wish| Effect::Leaving { worker, wish }).into_iter().collect()
}

/// Takes in what the API says of the pods of a worker, where that is still the question.
pub fn leaving(model: &mut Model, worker: &str, wish: DrainWish, lines: Result<Vec<String>, Problem>) {
    let doctor = &mut model.doctor;
    if doctor.worker.as_deref() == Some(worker) && doctor.drain.wish() == Some(wish) {
        doctor.leaving = Some(lines);
    }
}

/// Lets the doctor look at these workers, empty = all; nothing where the answers are no plan.
pub fn examine(model: &mut Model, only: Vec<String>) -> Vec<Effect> {
    if plan(model).is_none() && model.form.unplanned.is_none() {
        return Vec::new();
    }
    let doctor = &mut model.doctor;
    doctor.number = doctor.number.saturating_add(1);
    doctor.looking = true;
    vec![Effect::Examine { number: doctor.number, only }]
}

/// The same, unless what was seen of the workers of this journey still holds.
pub fn examine_if_needed(model: &mut Model) -> Vec<Effect> {
    let doctor = &model.doctor;
    let all = model.journey_names();
    let seen =
        |name: &String| doctor.seen.as_ref().is_some_and(|seen| seen.iter().any(|one| one.worker == *name));
    if doctor.looking || !doctor.stale && doctor.failed.is_none() && all.into_iter().all(|name| seen(&name)) {
        return Vec::new();
    }
    examine(model, model.form.only.clone())
}

/// The doctor's screen is open and what it shows is old: it looks again where it could look before.
pub fn examine_by_itself(model: &mut Model) -> Vec<Effect> {
    let old = model.window.ticks.wrapping_sub(model.doctor.ticks) >= AGAIN;
    let open = model.nav.screen == Screen::Diagnosis && model.dialogs.open.is_empty();
    // Where nobody got in, every look would ask for the same password again: that is for R.
    let in_all = model.doctor.failed.is_none() && found(model).all(|one| one.found.is_ok());
    if open && old && in_all && !model.doctor.looking && !model.run.going_on() {
        return examine(model, model.form.only.clone());
    }
    Vec::new()
}

/// Takes in what was found, where it is the newest look.
pub fn examined(model: &mut Model, number: u64, seen: Examinations) {
    if number != model.doctor.number {
        return;
    }
    let now = model.window.now;
    let ticks = model.window.ticks;
    // The row that is read stays chosen where it is still there.
    let before =
        chosen(model).map(|row| (row.of().worker.clone(), row.problem().map(|problem| problem.what.clone())));
    let doctor = &mut model.doctor;
    doctor.looking = false;
    doctor.ticks = ticks;
    match seen {
        Ok(all) => {
            if let Some(mending) = doctor.mending.as_mut().filter(|mending| mending.ended.is_some()) {
                let name = &mending.before.worker;
                mending.after = all.iter().find(|one| one.worker == *name).cloned().or(mending.after.take());
            }
            doctor.seen = Some(all);
            doctor.at = Some(now);
            doctor.stale = false;
            doctor.failed = None;
        }
        Err(problem) => doctor.failed = Some(problem),
    }
    mark_first_failing(model);
    let rows = rows(model);
    let (last, count) = (rows.len().saturating_sub(1), rows.len());
    let same = before.and_then(|(worker, what)| {
        let is = |row: &FoundRow<'_>| {
            row.of().worker == worker && row.problem().map(|problem| &problem.what) == what.as_ref()
        };
        (0..count).find(|at| rows.get(*at).is_some_and(is))
    });
    if let Some(at) = same {
        model.doctor.row = at;
    } else {
        model.doctor.row = model.doctor.row.min(last);
        model.doctor.scroll = 0;
    }
}

/// Who chooses a worker finds the mark on the first that fails, unless they have moved it.
fn mark_first_failing(model: &mut Model) {
    let Some(at) = first_failing(model) else { return };
    for dialog in &mut model.dialogs.open {
        if let Dialog::Pick(pick) = dialog
            && !pick.touched
        {
            pick.at = at;
        }
    }
}
