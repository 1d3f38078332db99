//! Taking back, in the wizard: what the last run did, or all of a worker. What would happen is looked up first and
//! shown whole; only then is the name typed.

use crate::engine::ExitCode;
use crate::plan::place::Place;
use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::dialogs::pick::WhereDialog;
use crate::ui::wizard::ending;
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::navigation::go;
use crate::ui::wizard::progress;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::run::{AT_WORK, host};
use crate::ui::wizard::undoing::{TakeBack, TakeBackList, Undoing};
use crate::ui::wizard::validation::stale;

/// Asks where, when that is not clear by what is shown: the card's worker, or the row's.
pub fn ask(model: &mut Model, remove: bool) -> Vec<Effect> {
    if !allowed(model) {
        return Vec::new();
    }
    let clear = progress::shown(model).is_some() && model.nav.screen == Screen::Run
        || model.nav.screen == Screen::Workers;
    let host = host(model);
    match host {
        Some(host) if clear => {
            begin(model, if remove { TakeBack::Worker(host) } else { TakeBack::Run(Some(host)) })
        }
        _ => {
            model.dialogs.open.push(Dialog::Where(WhereDialog { remove, at: 0 }));
            Vec::new()
        }
    }
}

/// The places that are offered.
pub fn offered(model: &Model, remove: bool) -> Vec<TakeBack> {
    let workers = model.worker_names().into_iter().filter(|name| model.chosen(name));
    if remove {
        return workers.map(TakeBack::Worker).collect();
    }
    workers.map(|name| TakeBack::Run(Some(name))).chain([TakeBack::Run(None)]).collect()
}

fn allowed(model: &mut Model) -> bool {
    if model.run.read_only {
        model.say(Role::Warn, "started with --read-only: nothing is changed");
        return false;
    }
    if model.run.going_on() {
        model.say(Role::Warn, AT_WORK);
        return false;
    }
    true
}

/// What would happen is looked up; nothing is changed before somebody agrees to it.
pub fn begin(model: &mut Model, what: TakeBack) -> Vec<Effect> {
    if !allowed(model) {
        return Vec::new();
    }
    model.run.going = model.run.going.saturating_add(1);
    model.run.stops = 0;
    model.say(Role::Text, format!("{}: looking at what will happen; nothing is changed yet", what.title()));
    model.run.undoing = Some(Undoing { what: what.clone(), since: None, done: 0, of: 0, code: None });
    vec![Effect::Undo(what)]
}

/// The name was typed: it begins.
pub fn agreed(model: &mut Model, list: &TakeBackList) -> Vec<Effect> {
    let effects = if model.nav.screen == Screen::Run { Vec::new() } else { go(model, Screen::Run) };
    progress::clear(&mut model.run, &list.places);
    if let Some(place) = list.places.first() {
        model.run.shown = progress::places(model).iter().position(|one| one == place).unwrap_or(0);
    }
    for place in &list.places {
        model.run.taken.remove(place);
    }
    if let Some(undoing) = &mut model.run.undoing {
        undoing.since = Some(model.window.now);
        undoing.of = list.actions;
    }
    effects
}

/// Takes in that it has ended.
pub fn over(model: &mut Model, code: ExitCode, undone: &[Place]) -> Vec<Effect> {
    let run = &mut model.run;
    run.going = run.going.saturating_sub(1);
    run.stops = 0;
    run.cells.hold_running(|_| true);
    let Some(undoing) = &mut run.undoing else { return Vec::new() };
    undoing.code = Some(code);
    let title = undoing.what.title();
    let mut effects = vec![Effect::Save];
    if undoing.since.is_none() {
        // Whoever said no, and whoever was told that there is nothing, sees what was there before.
        if code != ExitCode::Problem {
            run.undoing = None;
        }
        match code {
            ExitCode::Done => model.say(Role::Ok, format!("{title}: there is nothing to take back")),
            ExitCode::Problem => {
                effects.extend(go(model, Screen::Run));
                model.say(Role::Bad, "nothing was taken back; the card says why");
            }
            _ => model.say(Role::Warn, "nothing was taken back"),
        }
        return effects;
    }
    run.ended = Some(model.window.now);
    for place in undone.iter().filter(|_| code == ExitCode::Done) {
        run.undone.insert(place.clone());
        run.changed.remove(place);
        run.ends.remove(place);
        run.cells.forget(place);
    }
    let troubled = !run.troubles.is_empty();
    if code != ExitCode::Done {
        run.code = Some(run.code.map_or(code, |before| before.max(code)));
    }
    let (role, words) = ending::words(model);
    model.say(role, words);
    if model.nav.screen == Screen::Run && !troubled {
        model.nav.focus = model.buttons().len();
    }
    stale(model);
    model.preview.done = false;
    effects
}
