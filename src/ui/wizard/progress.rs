//! What each event of the engine changes on the run that is seen.

use crate::engine::{Event, Stamped, TaskOutcome};
use crate::host::plain_shell;
use crate::plan::action::Action;
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Verdict};
use crate::step::{CATALOGUE, On, Step, StepId};
use crate::ui::wizard::cells::{Cell, CellState};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::remedy::{RemedyChoice, RunRemedy, ways};
use crate::ui::wizard::role::Role;
use crate::ui::wizard::run_state::{RepairEnd, Run, Trouble};
use crate::ui::wizard::screens::log::Log;

/// The places of the matrix, in order: this computer, the workers, the cluster.
pub fn places(model: &Model) -> Vec<Place> {
    let workers = model.journey_names().into_iter().map(Place::Worker);
    if model.form.unplanned.is_some() {
        return workers.collect();
    }
    [Place::Local].into_iter().chain(workers).chain([Place::Cluster]).collect()
}

/// How many places the matrix has.
pub fn place_count(model: &Model) -> usize {
    if model.form.unplanned.is_some() {
        return 1;
    }
    let workers = if model.form.only.is_empty() {
        model.form.answers.workers.len()
    } else {
        model.worker_names().iter().filter(|name| model.chosen(name)).count()
    };
    workers.saturating_add(2)
}

/// The steps that are shown, in order: one that not every worker has only where something was told of it.
pub fn steps(model: &Model) -> impl Iterator<Item = &'static dyn Step> {
    let run = &model.run;
    let planned = model.form.unplanned.is_none();
    CATALOGUE
        .iter()
        .copied()
        .filter(move |_| planned)
        .filter(|step| !step.rare() || run.cells.told(step.id().0))
}

/// A step by its id.
pub fn step(id: StepId) -> Option<&'static dyn Step> {
    CATALOGUE.iter().copied().find(|step| step.id() == id)
}

/// Whether a step is one of a place.
pub fn belongs(step: &dyn Step, place: &Place) -> bool {
    match step.on() {
        On::Worker | On::Ready => matches!(place, Place::Worker(_)),
        On::Local => *place == Place::Local,
        On::Cluster => *place == Place::Cluster,
    }
}

/// The title of a step.
pub fn title(id: &str) -> &str {
    CATALOGUE.iter().find(|step| step.id().0 == id).map_or(id, |step| step.title())
}

fn stamp(t: f64) -> String {
    format!("{t:7.2}")
}

fn log<'a>(run: &'a mut Run, place: &Place) -> &'a mut Log {
    run.logs.entry(place.clone()).or_default()
}

/// Changes the cell that an event is about.
fn cell(run: &mut Run, event: &Stamped, change: impl FnOnce(&mut Cell)) {
    if let Some(id) = event.step {
        run.cells.change(&event.place, id.0, change);
    }
}

/// Takes an event in.
pub fn event(model: &mut Model, event: &Stamped) {
    let run = &mut model.run;
    let at = stamp(event.t);
    match &event.event {
        Event::RunStarted { hosts } => {
            log(run, &Place::Local).push(at, Role::Dim, format!("contacts {}", hosts.join(", ")));
        }
        Event::Note { text } => log(run, &event.place).push(at, Role::Warn, text.clone()),
        Event::Verdict(verdict) => {
            let (role, text) = match verdict {
                Verdict::Ok { about, seen } => (Role::Dim, format!("{about}: {seen}")),
                Verdict::Warning { about, seen, cure } => (Role::Warn, format!("! {about}: {seen}; {cure}")),
                Verdict::Stops(problem) => (Role::Bad, format!("{} {}", problem.code, problem.what)),
            };
            log(run, &event.place).push(at, role, text);
        }
        Event::TaskStarted => {
            cell(run, event, |cell| {
                cell.state = CellState::Running;
                cell.since = Some(event.t);
            });
        }
        Event::ActionStarted { action, shell } => {
            if run.undoing.is_none() {
                run.actions.0 = run.actions.0.saturating_add(1);
            }
            cell(run, event, |cell| {
                cell.state = CellState::Running;
                cell.since.get_or_insert(event.t);
                cell.words.clone_from(action);
            });
            let log = log(run, &event.place);
            for (number, line) in plain_shell(shell).lines().enumerate() {
                let sign = if number == 0 { "$" } else { " " };
                log.push(at.clone(), Role::Code, format!("{sign} {line}"));
            }
        }
        Event::Output { line, err } => {
            let role = if *err { Role::Warn } else { Role::Text };
            log(run, &event.place).push(at, role, format!("  {line}"));
        }
        Event::Progress { sent, of } => {
            cell(run, event, |cell| cell.sent = Some((*sent, *of)));
        }
        Event::ActionEnded { action, status, ms } => {
            match &mut run.undoing {
                Some(undoing) => undoing.done = undoing.done.saturating_add(1),
                None => run.actions.1 = run.actions.1.saturating_add(1),
            }
            cell(run, event, |cell| {
                cell.sent = None;
                if *status == 0 {
                    cell.done = cell.done.saturating_add(1);
                }
            });
            if *status == 0 {
                let told = if run.undoing.is_some() { &mut run.taken } else { &mut run.changed };
                told.entry(event.place.clone()).or_default().push(action.clone());
            }
            let role = if *status == 0 { Role::Dim } else { Role::Bad };
            let seconds = Seconds(*ms);
            log(run, &event.place).push(at, role, format!("  exit {status} in {seconds}: {action}"));
        }
        Event::TaskEnded { outcome } => {
            repair_ended(
                run,
                event,
                match outcome {
                    TaskOutcome::Stopped => RepairEnd::Stopped,
                    TaskOutcome::Failed { problem } => RepairEnd::Failed(problem.code),
                    _ => RepairEnd::Done,
                },
            );
            ended(run, event, outcome);
        }
        Event::Trouble { problem } => {
            repair_ended(run, event, RepairEnd::Failed(problem.code));
            trouble(run, event, problem.clone());
            log(run, &event.place).push(at, Role::Bad, format!("{} {}", problem.code, problem.what));
        }
        Event::RunEnded { code, places, next, .. } => {
            run.code = Some(run.code.map_or(*code, |before| before.max(*code)));
            let ends = places.iter().map(|(word, end)| (Place::of_word(word), end.clone()));
            run.ends.extend(ends.collect::<Vec<_>>());
            run.next.clone_from(next);
            let ended: Vec<Place> = places.keys().map(|word| Place::of_word(word)).collect();
            hold(run, &ended);
        }
    }
}

/// The repair that goes on has ended, where the event is about it.
fn repair_ended(run: &mut Run, event: &Stamped, end: RepairEnd) {
    let going = run.repairs.last_mut().filter(|repair| repair.end.is_none() && repair.place == event.place);
    if let Some(repair) = going.filter(|_| event.step == Some(StepId::REPAIR)) {
        repair.end = Some(end);
    }
}

struct Seconds(u64);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02} s", self.0 / 1000, self.0 % 1000 / 10)
    }
}

fn ended(run: &mut Run, event: &Stamped, outcome: &TaskOutcome) {
    let (state, words, role) = match outcome {
        TaskOutcome::Changed { actions: 1 } => (CellState::Changed, "1 action".to_owned(), Role::Ok),
        TaskOutcome::Changed { actions } => (CellState::Changed, format!("{actions} actions"), Role::Ok),
        TaskOutcome::Same { evidence } => (CellState::Same, evidence.clone(), Role::Dim),
        TaskOutcome::Proven { evidence } => (CellState::Proven, evidence.clone(), Role::Ok),
        TaskOutcome::NotProven { why } => (CellState::Unproven, why.clone(), Role::Warn),
        TaskOutcome::Skipped { why } => (CellState::Skipped, why.clone(), Role::Warn),
        TaskOutcome::Failed { problem } => (CellState::Failed, problem.what.clone(), Role::Bad),
        TaskOutcome::Stopped => (CellState::Held, "stopped".to_owned(), Role::Warn),
    };
    cell(run, event, |cell| {
        cell.state = state;
        cell.words.clone_from(&words);
        cell.since = None;
        cell.sent = None;
    });
    let name = event.step.map_or("", |id| title(id.0));
    let word = word(state);
    log(run, &event.place).push(stamp(event.t), role, format!("{name}: {word}  {words}"));
    if let TaskOutcome::Failed { problem } = outcome {
        trouble(run, event, problem.clone());
    }
}

fn trouble(run: &mut Run, event: &Stamped, problem: Problem) {
    let done = run.changed.get(&event.place).cloned().unwrap_or_default();
    run.troubles.retain(|one| one.place != event.place || one.problem.code != problem.code);
    let shown = run.troubles.get(run.card).map(|one| one.place.clone());
    run.troubles.push(Trouble { place: event.place.clone(), step: event.step, problem, done });
    // In the order of the hosts, so that two takes of a demo look the same; the card that is read stays.
    run.troubles.sort_by(|one, other| one.place.cmp(&other.place));
    if let Some(at) = shown.and_then(|place| run.troubles.iter().position(|one| one.place == place)) {
        run.card = at;
    } else {
        run.way = 0;
    }
}

/// What a run leaves unfinished is held.
fn hold(run: &mut Run, ended: &[Place]) {
    let bad: Vec<Place> = run.troubles.iter().map(|trouble| trouble.place.clone()).collect();
    run.cells.hold_running(|place| ended.contains(place));
    run.cells.hold_waiting(|place| bad.contains(place));
}

/// The word of a state.
pub fn word(state: CellState) -> &'static str {
    match state {
        CellState::Waiting => "waiting",
        CellState::Running => "running",
        CellState::Changed => "changed",
        CellState::Same => "already right",
        CellState::Proven => "proven",
        CellState::Unproven => "unproven",
        CellState::Skipped => "skipped",
        CellState::Failed => "failed",
        CellState::Held => "held",
    }
}

/// Forgets how a place went, because it is run again.
pub fn clear(run: &mut Run, places: &[Place]) {
    run.troubles.retain(|trouble| !places.contains(&trouble.place));
    for place in places {
        run.cells.forget(place);
    }
    run.skipped.retain(|place| !places.contains(place));
    run.undone.retain(|place| !places.contains(place));
    run.card = run.card.min(run.troubles.len().saturating_sub(1));
    run.way = 0;
    run.evidence = 0;
    run.top = None;
    run.chosen = false;
    run.code = None;
}

/// The problem whose card is shown.
pub fn shown(model: &Model) -> Option<&Trouble> {
    let last = model.run.troubles.len().saturating_sub(1);
    model.run.troubles.get(model.run.card.min(last))
}

/// The ways out of the problem that is shown.
pub fn choices(model: &Model) -> Vec<RemedyChoice> {
    let Some(trouble) = shown(model) else { return Vec::new() };
    let mut all = ways(&trouble.problem, &trouble.place, !trouble.done.is_empty());
    all.retain(|choice| model.form.unplanned.is_none() || choice.act.needs_no_plan());
    all
}

/// The actions of the repair of a worker in no plan, in order, and how far each is.
pub fn repair_actions(model: &Model) -> Vec<(CellState, String)> {
    let Some(mending) = model.doctor.mending.as_ref().filter(|_| model.form.unplanned.is_some()) else {
        return Vec::new();
    };
    let place = Place::Worker(mending.before.worker.clone());
    let done = model.run.changed.get(&place).map(Vec::as_slice).unwrap_or_default();
    let now = model.run.cells.get(&place, StepId::REPAIR.0);
    let state = |title: &String| match now {
        _ if done.contains(title) => CellState::Changed,
        Some(cell) if cell.words == *title && cell.state == CellState::Running => CellState::Running,
        _ if mending.ended.is_some() => CellState::Held,
        _ => CellState::Waiting,
    };
    let titles = mending.before.repair().into_iter().map(Action::title);
    titles.map(|title| (state(&title), title)).collect()
}

/// The repair that the shown problem offers.
pub fn repair(model: &Model) -> Option<RemedyChoice> {
    choices(model).into_iter().find(|choice| matches!(choice.act, RunRemedy::Repair(_) | RunRemedy::Replace))
}
