//! Taking a way out of a problem.

use crate::plan::action::Action;
use crate::plan::code::ProblemCode;
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy};
use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::dialogs::mend::MendDialog;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::found::examine;
use crate::ui::wizard::look::ProbeTarget;
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::navigation::{edit, focus_on, go};
use crate::ui::wizard::probes::{inspect, look};
use crate::ui::wizard::remedy::RunRemedy;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::run_state::{Repair, Trouble};
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::review;
use crate::ui::wizard::screens::run::{AT_WORK, start};
use crate::ui::wizard::screens::workers::remove_worker;
use crate::ui::wizard::validation::{stale, validate};
use crate::ui::wizard::{manual, progress, take_back};

/// Takes a way out of a problem that a look found.
pub fn apply_look_remedy(model: &mut Model, target: &ProbeTarget, act: &RunRemedy) -> Vec<Effect> {
    let worker = match target {
        ProbeTarget::Worker(name) => Some(name.clone()),
        ProbeTarget::Ca | ProbeTarget::Api => None,
    };
    match act {
        RunRemedy::Retry => {
            let target = target.clone();
            vec![look(model, target)]
        }
        RunRemedy::Skip => {
            let row = worker.and_then(|name| {
                (0..model.form.answers.workers.len()).find(|row| model.worker_name(*row) == name)
            });
            if let Some(row) = row {
                model.nav.row = row;
                return remove_worker(model);
            }
            Vec::new()
        }
        RunRemedy::Edit(screen, field) if *screen == model.nav.screen => {
            let row = model.nav.row;
            focus_on(model, &field.path(row));
            Vec::new()
        }
        RunRemedy::Replace => {
            let row = worker.and_then(|name| {
                (0..model.form.answers.workers.len()).find(|row| model.worker_name(*row) == name)
            });
            let Some(row) = row else { return Vec::new() };
            Field::Replace.set(&mut model.form.answers, row, "yes");
            validate(model);
            stale(model);
            model.say(Role::Ok, "it may be replaced; Apply asks for the host's name first");
            vec![Effect::Save, look(model, target.clone())]
        }
        RunRemedy::Manual(text) if *target == ProbeTarget::Ca => {
            vec![Effect::Copy(manual::command(model, Some(&Place::CaHost), text))]
        }
        _ => apply_remedy(model, act, worker.map(Place::Worker)),
    }
}

/// Takes a way out of the problem that is shown.
pub fn apply_shown_remedy(model: &mut Model, act: &RunRemedy) -> Vec<Effect> {
    let place = progress::shown(model).map(|trouble| trouble.place.clone());
    apply_remedy(model, act, place)
}

/// Others' files may be replaced on this worker, and nobody has typed its name.
pub fn must_confirm(model: &Model, name: &str) -> bool {
    let row = (0..model.form.answers.workers.len()).find(|row| model.worker_name(*row) == name);
    row.is_some_and(|row| Field::Replace.get(&model.form.answers, row) == "yes")
        && !model.form.confirmed.contains(name)
}

fn changed_since(model: &Model, place: Option<&Place>) -> bool {
    let code = |trouble: &&Trouble| trouble.problem.code == ProblemCode::Review01;
    model.run.troubles.iter().filter(code).any(|trouble| Some(&trouble.place) == place)
}

fn apply_remedy(model: &mut Model, act: &RunRemedy, place: Option<Place>) -> Vec<Effect> {
    let worker = match &place {
        Some(Place::Worker(name)) => Some(name.clone()),
        Some(Place::Local | Place::CaHost | Place::Cluster) | None => None,
    };
    let changes =
        matches!(act, RunRemedy::Retry | RunRemedy::Repair(_) | RunRemedy::Replace | RunRemedy::Undo);
    if changes && model.run.read_only {
        model.say(Role::Warn, "started with --read-only: nothing is changed");
        return Vec::new();
    }
    // Two runs at once would work on the same computer and the same cluster.
    if changes && model.run.going_on() {
        model.say(Role::Warn, AT_WORK);
        return Vec::new();
    }
    let unconfirmed = worker.as_ref().is_some_and(|name| must_confirm(model, name));
    match act {
        // What is there is another thing than what was agreed to: it is looked at and agreed to again. So it is
        // where others' files may be replaced and the host's name was not typed yet.
        RunRemedy::Retry | RunRemedy::Repair(_) if changed_since(model, place.as_ref()) || unconfirmed => {
            let mut effects = go(model, Screen::Review);
            if !effects.iter().any(|effect| matches!(effect, Effect::Inspect { .. })) {
                effects.extend(inspect(model));
            }
            effects
        }
        // What is there now is looked at first, and its repair read again.
        RunRemedy::Retry if model.form.unplanned.is_some() => {
            let mut effects = go(model, Screen::Diagnosis);
            effects.extend(examine(model, model.form.only.clone()));
            effects
        }
        RunRemedy::Retry => match worker {
            Some(name) => start(model, vec![name]),
            None => start(model, Vec::new()),
        },
        RunRemedy::Edit(screen, field) => edit(model, *screen, Some(*field), worker.as_deref()),
        RunRemedy::Repair(actions) => {
            let Some(place) = place else { return Vec::new() };
            let title = format!("Repair {place}");
            let again = model.nav.screen == Screen::Run;
            ask_repair(model, place, title, actions.clone(), again)
        }
        RunRemedy::Replace => {
            let Some(name) = worker else { return Vec::new() };
            let row = (0..model.form.answers.workers.len()).find(|row| model.worker_name(*row) == name);
            if let Some(row) = row {
                Field::Replace.set(&mut model.form.answers, row, "yes");
                validate(model);
                stale(model);
            }
            // What others made is replaced only after its host's name was typed: the review asks for it.
            let before = std::mem::replace(&mut model.form.only, vec![name.clone()]);
            model.form.only_before.get_or_insert(before);
            let mut effects = go(model, Screen::Review);
            model.say(Role::Warn, format!("review what is replaced on {name}, then apply"));
            effects.push(Effect::Save);
            effects
        }
        RunRemedy::Skip => {
            if let Some(place) = place {
                model.run.troubles.retain(|trouble| trouble.place != place);
                model.run.card = 0;
                model.run.way = 0;
                model.say(Role::Ok, format!("{place} is left alone; what was done there stays"));
                model.run.skipped.insert(place);
            }
            vec![Effect::Save]
        }
        RunRemedy::Undo => take_back::ask(model, false),
        RunRemedy::Shell => worker.map(|name| vec![Effect::Shell(name)]).unwrap_or_default(),
        RunRemedy::Manual(text) => vec![Effect::Copy(manual::command(model, place.as_ref(), text))],
    }
}

/// What is run and what takes it back is shown, and asked once; `again` = then the plan is carried out there.
pub fn ask_repair(
    model: &mut Model,
    place: Place,
    title: String,
    actions: Vec<Action>,
    again: bool,
) -> Vec<Effect> {
    model.dialogs.open.push(Dialog::Mend(MendDialog::new(place, title, actions, again)));
    Vec::new()
}

/// The answer was yes.
pub fn make_repair(model: &mut Model, place: Place, actions: Vec<Action>, again: bool) -> Vec<Effect> {
    if model.run.read_only {
        model.say(Role::Warn, "started with --read-only: nothing is changed");
        return Vec::new();
    }
    if model.run.going_on() {
        model.say(Role::Warn, AT_WORK);
        return Vec::new();
    }
    let mut effects = if model.nav.screen == Screen::Run { Vec::new() } else { go(model, Screen::Run) };
    progress::clear(&mut model.run, std::slice::from_ref(&place));
    model.run.undoing = None;
    model.run.repairing = (!again).then(|| place.clone());
    model.run.started = Some(model.window.now);
    let titles: Vec<String> = actions.iter().map(Action::title).collect();
    model.run.repairs.push(Repair {
        place: place.clone(),
        what: titles.join("; "),
        at: model.window.now,
        end: None,
        alone: !again,
    });
    model.run.going = model.run.going.saturating_add(1);
    model.run.shown = progress::places(model).iter().position(|one| *one == place).unwrap_or(0);
    effects.push(Effect::Repair { place, actions, again });
    effects
}

/// The repair that the chosen row of Review or Workers offers: where, what it is called, what is run.
pub fn offered(model: &Model) -> Option<(Place, String, Vec<Action>)> {
    let (place, problems): (Place, Vec<&Problem>) = match model.nav.screen {
        Screen::Review => {
            let rows = review::rows(model);
            let row = rows.get(model.preview.row)?;
            let of_step = row.looked.and_then(|looked| looked.blocked());
            (row.seen.place.clone(), of_step.into_iter().chain(row.seen.problem.as_ref()).collect())
        }
        Screen::Workers => {
            let name = model.worker_name(model.nav.row);
            let look = model.probes.looks.get(&ProbeTarget::Worker(name.clone()))?;
            (Place::Worker(name), look.problem.iter().collect())
        }
        _ => return None,
    };
    problems.into_iter().flat_map(|problem| &problem.ways).find_map(|way| match way {
        Remedy::Repair { title, actions } => {
            Some((place.clone(), format!("Repair {place}: {title}"), actions.clone()))
        }
        _ => None,
    })
}
