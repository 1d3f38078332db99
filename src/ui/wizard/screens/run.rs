//! The run: its output, the card of a problem, and how a run begins and ends.

use crate::engine::ExitCode;
use crate::plan::place::Place;
use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::found::examine;
use crate::ui::wizard::intent::{Intent, Motion};
use crate::ui::wizard::look::ProbeTarget;
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::navigation::go;
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::probes::inspect;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::run_state::RepairEnd;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::log::Log;
use crate::ui::wizard::validation::stale;
use crate::ui::wizard::{ending, found, layout, listing, progress};

/// The screen.
pub struct RunScreen;

impl RunScreen {
    /// Takes an intent in.
    pub fn intent(model: &mut Model, intent: &Intent) -> Outcome {
        match intent {
            Intent::Choose(at) => {
                model.run.chosen = true;
                model.run.way = (*at).min(progress::choices(model).len().saturating_sub(1));
            }
            Intent::Move(motion @ (Motion::Up | Motion::Down)) if on_matrix(model) => {
                let last = progress::steps(model).count().saturating_sub(listing::matrix_rows(model));
                model.run.top = Some(motion.moved(listing::matrix_top(model), last));
            }
            Intent::Move(motion) if model.run.in_log || model.run.troubles.is_empty() => {
                in_log(model, *motion);
            }
            Intent::Move(motion) => on_card(model, *motion),
            Intent::Number(number) if !model.run.in_log => {
                let at = number.saturating_sub(1);
                if at < progress::choices(model).len() {
                    model.run.chosen = true;
                    model.run.way = at;
                }
            }
            _ => {}
        }
        Outcome::Stay
    }

    /// The way out that is marked on the card.
    pub fn open(model: &Model) -> Outcome {
        let choice = progress::choices(model).into_iter().nth(model.run.way);
        choice.map_or(Outcome::Stay, |choice| Outcome::OfCard(choice.act))
    }
}

/// The arrows move the matrix: it has the keys, and not all of its steps have room.
fn on_matrix(model: &Model) -> bool {
    let fits = listing::matrix_rows(model) >= progress::steps(model).count();
    !model.run.in_log && model.run.troubles.is_empty() && !fits
}

fn in_log(model: &mut Model, motion: Motion) {
    let page = isize::try_from(layout::log_rows(model).saturating_sub(1)).unwrap_or(10);
    let count = progress::places(model).len().max(1);
    match motion {
        Motion::Up => on_log(model, |log, rows| log.scroll(-1, rows)),
        Motion::Down => on_log(model, |log, rows| log.scroll(1, rows)),
        Motion::PageUp => on_log(model, |log, rows| log.scroll(-page, rows)),
        Motion::PageDown => on_log(model, |log, rows| log.scroll(page, rows)),
        Motion::Home => on_log(model, |log, _| log.home()),
        Motion::End => on_log(model, |log, _| log.end()),
        Motion::Left if model.run.in_log => on_log(model, |log, _| log.left = log.left.saturating_sub(20)),
        Motion::Right if model.run.in_log => on_log(model, |log, _| log.left = log.left.saturating_add(20)),
        Motion::Left => {
            model.run.shown = model.run.shown.saturating_add(count).saturating_sub(1) % count;
            None
        }
        Motion::Right => {
            model.run.shown = model.run.shown.saturating_add(1) % count;
            None
        }
    };
}

fn on_card(model: &mut Model, motion: Motion) {
    let last = progress::choices(model).len().saturating_sub(1);
    model.run.chosen = true;
    match motion {
        Motion::Up => model.run.way = model.run.way.saturating_sub(1),
        Motion::Down => model.run.way = model.run.way.saturating_add(1).min(last),
        Motion::Left | Motion::Right => {
            let count = model.run.troubles.len().max(1);
            let step = if motion == Motion::Left { count.saturating_sub(1) } else { 1 };
            model.run.card = model.run.card.saturating_add(step) % count;
            model.run.way = 0;
            model.run.evidence = 0;
        }
        Motion::PageUp | Motion::PageDown => {
            let seen = listing::card(model).seen;
            model.run.evidence = motion.scrolled(model.run.evidence, seen.pages());
        }
        Motion::Home => model.run.way = 0,
        Motion::End => model.run.way = last,
    }
}

/// Two at once would work on the same hosts.
pub const AT_WORK: &str = "the others are still at work; take this way when they are done";

/// Begins a run; `only` = these workers, empty = all of the journey.
pub fn start(model: &mut Model, only: Vec<String>) -> Vec<Effect> {
    if !model.run.going_on() {
        // Another try at the same worker is of the same repair.
        let worker = model.doctor.mending.as_ref().map(|mending| mending.before.worker.clone());
        if worker.is_none_or(|worker| only.as_slice() != [worker]) {
            model.doctor.mending = None;
        }
        if let Some(mending) = &mut model.doctor.mending {
            (mending.ended, mending.after) = (None, None);
        }
    }
    start_with(model, &only.clone(), Effect::Run { only })
}

/// The same, with what is done.
pub fn start_with(model: &mut Model, only: &[String], effect: Effect) -> Vec<Effect> {
    if model.run.read_only {
        model.say(Role::Warn, "started with --read-only: nothing is changed");
        return Vec::new();
    }
    if model.run.going_on() {
        model.say(Role::Warn, AT_WORK);
        return Vec::new();
    }
    let again: Vec<Place> = if only.is_empty() {
        progress::places(model)
    } else {
        only.iter().cloned().map(Place::Worker).chain([Place::Local, Place::Cluster]).collect()
    };
    progress::clear(&mut model.run, &again);
    model.run.undoing = None;
    model.run.repairs.iter_mut().for_each(|repair| repair.alone = false);
    if model.run.going == 0 {
        model.run.started = Some(model.window.now);
        model.run.ended = None;
        model.run.actions = (0, 0);
        model.run.stops = 0;
    }
    model.run.going = model.run.going.saturating_add(1);
    model.nav.finished.insert(Screen::Review);
    let mut effects = if model.nav.screen == Screen::Run {
        model.form.editor = None;
        model.nav.focus = 0;
        Vec::new()
    } else {
        go(model, Screen::Run)
    };
    if let Some(first) = only.first() {
        let first = Place::Worker(first.clone());
        model.run.shown = progress::places(model).iter().position(|place| *place == first).unwrap_or(0);
    } else {
        model.run.shown = 1;
    }
    effects.push(effect);
    effects
}

/// Takes in that a run has ended.
pub fn run_over(model: &mut Model, code: ExitCode) -> Vec<Effect> {
    if let Some(repair) = model.run.repairs.last_mut() {
        let not_begun = if code == ExitCode::Stopped { RepairEnd::Stopped } else { RepairEnd::NotBegun };
        repair.end.get_or_insert(not_begun);
    }
    if let Some(place) = model.run.repairing.take() {
        return repaired(model, &place, code);
    }
    let run = &mut model.run;
    run.going = run.going.saturating_sub(1);
    run.code = Some(run.code.map_or(code, |before| before.max(code)));
    if run.going == 0 {
        run.ended = Some(model.window.now);
        run.stops = 0;
        run.cells.hold_running(|_| true);
        run.offline = None;
        if !run.chosen {
            run.card = 0;
        }
        // What another host still has is not mended by a run that ended well.
        if !run.troubles.is_empty() {
            run.code = Some(run.code.unwrap_or(ExitCode::Done).max(ExitCode::Problem));
        }
        if let Some(before) = model.form.only_before.take() {
            model.form.only = before;
        }
        for dialog in &mut model.dialogs.open {
            // Its answers mean something else now.
            if let Dialog::Quit(quit) = dialog {
                quit.at = 0;
            }
        }
        let run = &mut model.run;
        let told =
            model.window.toast.as_ref().is_some_and(|toast| toast.role == Role::Bad && toast.ticks > 10);
        if told && run.troubles.is_empty() {
            // Why it could not even begin was just said.
        } else {
            let worst = run.code.unwrap_or(code);
            match worst {
                ExitCode::Done if !run.undone.is_empty() => {
                    let (role, words) = ending::words(model);
                    model.say(role, words);
                }
                ExitCode::Done if model.doctor.mending.is_some() => {
                    let (role, words) = ending::words(model);
                    model.say(role, words);
                }
                ExitCode::Done => model.say(Role::Ok, "every worker has joined; Continue opens the report"),
                ExitCode::Stopped => {
                    model.say(Role::Warn, "stopped; what was done stays, and a new run goes on from there");
                }
                _ if model.doctor.mending.is_some() => {
                    let (role, words) = ending::words(model);
                    model.say(role, words);
                }
                _ => model.say(Role::Bad, "not every worker has joined; the card has the ways out"),
            }
        }
        let buttons = model.buttons().len();
        if model.nav.screen == Screen::Run && model.run.troubles.is_empty() {
            // Continue has the keys: there is nothing else to do here.
            model.nav.focus = buttons;
        }
        stale(model);
        let all = model.run.code == Some(ExitCode::Done) && model.run.undone.is_empty();
        model.preview.done = all && model.run.skipped.is_empty() && model.form.unplanned.is_none();
        let now = model.window.now;
        if let Some(mending) = model.doctor.mending.as_mut().filter(|mending| mending.ended.is_none()) {
            mending.ended = Some(now);
            let only = vec![mending.before.worker.clone()];
            let mut effects = vec![Effect::Save];
            // What the summary says of how it is now is looked at now.
            effects.extend(examine(model, only));
            return effects;
        }
    }
    vec![Effect::Save]
}

/// A repair alone is over: what it was shown on is looked at again.
fn repaired(model: &mut Model, place: &Place, code: ExitCode) -> Vec<Effect> {
    let run = &mut model.run;
    run.going = run.going.saturating_sub(1);
    run.ended = Some(model.window.now);
    run.stops = 0;
    run.code = Some(code);
    stale(model);
    if code != ExitCode::Done {
        model.say(Role::Bad, format!("{place} is not repaired; the card says why"));
        return vec![Effect::Save];
    }
    model.probes.looks.retain(|target, _| *target != ProbeTarget::Worker(place.to_string()));
    let mut effects = go(model, Screen::Review);
    if !effects.iter().any(|effect| matches!(effect, Effect::Inspect { .. })) {
        effects.extend(inspect(model));
    }
    model.say(Role::Ok, format!("{place} is repaired; every host is looked at again"));
    effects
}

/// The log that is shown, with the rows it has on the screen: that of the live panel, where it is open.
pub fn on_log<T>(model: &mut Model, see: impl FnOnce(&mut Log, usize) -> T) -> Option<T> {
    if model.live.log().is_some() {
        let rows = layout::live_rows(model);
        return model.live.log.as_mut().map(|log| see(&mut log.lines, rows));
    }
    let rows = layout::log_rows(model);
    let place = progress::places(model).get(model.run.shown).cloned()?;
    Some(see(model.run.logs.entry(place).or_default(), rows))
}

/// The worker that undo and shell are about.
pub fn host(model: &Model) -> Option<String> {
    let name = |place: &Place| match place {
        Place::Worker(name) => Some(name.clone()),
        Place::Local | Place::CaHost | Place::Cluster => None,
    };
    if model.live.open {
        return model.live.chosen().and_then(name);
    }
    match model.nav.screen {
        Screen::Diagnosis => found::chosen(model).map(|row| row.of().worker.clone()),
        Screen::Repair => model.doctor.worker.clone(),
        Screen::Workers => (!model.form.answers.workers.is_empty()).then(|| model.worker_name(model.nav.row)),
        _ => progress::shown(model)
            .and_then(|trouble| name(&trouble.place))
            .or_else(|| progress::places(model).get(model.run.shown).and_then(name))
            .or_else(|| progress::places(model).iter().find_map(name)),
    }
}
