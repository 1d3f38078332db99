//! From screen to screen: on, back, to one answer and back again.

use crate::live::{Panel, watch_targets};
use crate::plan::model::Plan;
use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::dialogs::bulk::expand_ranges;
use crate::ui::wizard::dialogs::problem::ProblemDialog;
use crate::ui::wizard::form::editing::{edit_if_text, leave_field};
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::form::item::Item;
use crate::ui::wizard::form::target::screen_of;
use crate::ui::wizard::found::examine_if_needed;
use crate::ui::wizard::look::{Look, LookStatus, ProbeTarget};
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::probes::{inspect_if_needed, look};
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::{Journey, PATH, Screen};
use crate::ui::wizard::validation::{plan, validate};

/// Opens a screen: focus on what is to be answered next.
pub fn enter(model: &mut Model, screen: Screen) -> Vec<Effect> {
    model.nav.screen = screen;
    if model.nav.return_to == Some(screen) {
        model.nav.return_to = None;
    }
    if screen == Screen::Welcome && model.form.unplanned.take().is_some() {
        // The next journey is another one.
        model.form.only.clear();
        model.forget_found_and_done();
    }
    if screen == Screen::Ca && model.form.answers.ca.place.is_none() {
        // The choice that is shown is the answer.
        model.form.answers.ca.place = Some("files".to_owned());
        validate(model);
    }
    model.nav.row = 0;
    model.nav.scroll = 0;
    model.form.editor = None;
    model.explain.scroll = 0;
    model.nav.focus = first_focus(model);
    edit_if_text(model);
    let mut effects = Vec::new();
    match screen {
        Screen::Ca => {
            if model.form.answers.ca.cert.is_some() && !model.probes.looks.contains_key(&ProbeTarget::Ca) {
                effects.push(look(model, ProbeTarget::Ca));
            }
        }
        Screen::Cluster => {
            if model.form.answers.cluster.api.is_some() && !model.probes.looks.contains_key(&ProbeTarget::Api)
            {
                effects.push(look(model, ProbeTarget::Api));
            }
        }
        Screen::Workers => {
            for row in 0..model.form.answers.workers.len() {
                let target = ProbeTarget::Worker(model.worker_name(row));
                let answered =
                    model.form.answers.workers.get(row).is_some_and(|worker| worker.address.is_some());
                if answered && !model.probes.looks.contains_key(&target) && model.probes.looks.len() < 40 {
                    effects.push(look(model, target));
                }
            }
        }
        Screen::Certificates
        | Screen::Kubectl
        | Screen::Dns
        | Screen::Review
        | Screen::Diagnosis
        | Screen::Repair => {
            effects.extend(match screen {
                Screen::Diagnosis => examine_if_needed(model),
                Screen::Repair => Vec::new(),
                _ => inspect_if_needed(model),
            });
            if let Some(plan) = plan(model).filter(|_| model.form.unplanned.is_none())
                && !follows(model, &plan)
            {
                model.live.panel.get_or_insert_with(Panel::default).hosts(&watch_targets(&plan));
                effects.push(Effect::Live);
            }
        }
        Screen::Welcome | Screen::Run | Screen::Report => {}
    }
    effects
}

/// The live panel shows the hosts of this plan already.
fn follows(model: &Model, plan: &Plan) -> bool {
    let spots = watch_targets(plan);
    let shown =
        model.live.panel.as_ref().map(|panel| panel.rows().iter().map(|row| &row.place).collect::<Vec<_>>());
    shown.is_some_and(|shown| shown == spots.iter().map(|spot| &spot.place).collect::<Vec<_>>())
}

fn first_focus(model: &Model) -> usize {
    let items = model.items();
    let missing = items.iter().position(|item| match item {
        Item::Field(field) => {
            field.choices().is_none()
                && field.get(&model.form.answers, model.nav.row).is_empty()
                && model
                    .form
                    .issues
                    .iter()
                    .any(|remark| remark.stops && remark.field == field.path(model.nav.row))
        }
        Item::Rows | Item::Button(_) => false,
    });
    match model.nav.screen {
        // Apply and Quit are never under the first key press.
        Screen::Welcome
        | Screen::Workers
        | Screen::Review
        | Screen::Run
        | Screen::Report
        | Screen::Diagnosis
        | Screen::Repair => 0,
        _ => missing.unwrap_or_else(|| {
            // Everything is answered: Continue has the keys.
            items.len().saturating_sub(if model.nav.return_to.is_some() { 2 } else { 1 })
        }),
    }
}

/// The screen one is on is where Esc leads from the next; each is remembered once, so that the way back has an end.
fn remember(model: &mut Model) {
    let screen = model.nav.screen;
    model.nav.history.retain(|one| *one != screen);
    model.nav.history.push(screen);
}

/// On to a screen, remembering this one.
pub fn go(model: &mut Model, screen: Screen) -> Vec<Effect> {
    if model.nav.screen != screen {
        remember(model);
    }
    let mut effects = enter(model, screen);
    effects.push(Effect::Save);
    effects
}

/// One screen back.
pub fn back(model: &mut Model) -> Vec<Effect> {
    if model.run.going_on() && model.nav.return_to != Some(Screen::Run) {
        model.say(Role::Warn, "the run goes on: Ctrl-C stops it, what was done stays");
        if model.nav.screen == Screen::Run {
            return Vec::new();
        }
        model.nav.history.retain(|one| *one != Screen::Run);
        return enter(model, Screen::Run);
    }
    if let Some(screen) = model.nav.return_to.take() {
        model.nav.history.retain(|one| *one != screen);
        return enter(model, screen);
    }
    let Some(screen) = model.nav.history.pop() else {
        model.say(Role::Dim, "this is the first screen; Ctrl-C leaves");
        return if model.nav.screen == Screen::Welcome { Vec::new() } else { enter(model, Screen::Welcome) };
    };
    if screen == Screen::Welcome {
        model.nav.history.clear();
    }
    enter(model, screen)
}

/// On from a form: what is wrong on it is shown and stops.
pub fn next(model: &mut Model) -> Vec<Effect> {
    if model.nav.screen == Screen::Workers {
        expand_ranges(&mut model.form.answers);
    }
    validate(model);
    let screen = model.nav.screen;
    let rows = if screen == Screen::Workers { model.form.answers.workers.len().max(1) } else { 1 };
    for row in 0..rows {
        for item in model.items() {
            if let Item::Field(field) = item {
                model.form.touched.insert((field, row));
            }
        }
    }
    let wrong = model
        .form
        .issues
        .iter()
        .find(|remark| remark.stops && screen_of(&remark.field) == screen)
        .map(|remark| (remark.field.clone(), remark.what.clone()));
    if let Some((field, what)) = wrong {
        focus_on(model, &field);
        let name = model.field_name(&field);
        model.say(Role::Bad, format!("{name} {what}"));
        return Vec::new();
    }
    let bad = match screen {
        Screen::Ca => model.probes.looks.get(&ProbeTarget::Ca),
        _ => None,
    };
    if let Some(Look { mood: LookStatus::Bad, problem: Some(problem), .. }) = bad {
        let words = format!("{} {}", problem.code, problem.what);
        let (target, problem) = (ProbeTarget::Ca, problem.clone());
        model.say(Role::Bad, words);
        model.dialogs.open.push(Dialog::Problem(ProblemDialog::new(target, problem)));
        return Vec::new();
    }
    model.nav.finished.insert(screen);
    model.nav.return_to = None;
    let Some(next) = following(model.form.journey, screen) else { return Vec::new() };
    go(model, next)
}

/// Gives the keys to the field that a remark is about.
pub fn focus_on(model: &mut Model, path: &str) {
    if let Some(row) = path
        .strip_prefix("workers[")
        .and_then(|rest| rest.split(']').next())
        .and_then(|number| number.parse::<usize>().ok())
    {
        model.nav.row = row.min(model.form.answers.workers.len().saturating_sub(1));
    }
    let row = model.nav.row;
    let at = model.items().iter().position(|item| match item {
        Item::Field(field) => path == field.path(row) || path.starts_with(&format!("{}[", field.path(row))),
        Item::Rows | Item::Button(_) => false,
    });
    model.form.editor = None;
    model.nav.focus = at.unwrap_or(0);
    edit_if_text(model);
}

/// Goes to an answer and comes back to the screen one is on.
pub fn edit(model: &mut Model, screen: Screen, field: Option<Field>, worker: Option<&str>) -> Vec<Effect> {
    let from = model.nav.screen;
    remember(model);
    let effects = enter(model, screen);
    model.nav.return_to = Some(from);
    if let Some(name) = worker {
        model.nav.row =
            (0..model.form.answers.workers.len()).find(|row| model.worker_name(*row) == name).unwrap_or(0);
    }
    if let Some(field) = field {
        let at = model.items().iter().position(|item| *item == Item::Field(field));
        model.form.editor = None;
        model.nav.focus = at.unwrap_or(0);
        edit_if_text(model);
    }
    effects
}

/// The screens of the path that can be jumped to.
pub fn jumps(model: &Model) -> Vec<Screen> {
    let back = (model.form.journey == Journey::Reonboard).then_some(Screen::Diagnosis);
    back.into_iter()
        .chain(PATH)
        .filter(|screen| match screen {
            Screen::Run => model.run.started.is_some(),
            // Of a worker in no plan nothing was asked.
            screen if model.form.unplanned.is_some() => *screen == Screen::Diagnosis,
            Screen::Review | Screen::Diagnosis => plan(model).is_some(),
            Screen::Ca => true,
            _ => model.nav.finished.contains(screen) || model.nav.screen == *screen || plan(model).is_some(),
        })
        .chain((model.run.ended.is_some()).then_some(Screen::Report))
        .collect()
}

/// To a screen of the path, unless a run goes on elsewhere.
pub fn jump_to(model: &mut Model, screen: Screen) -> Vec<Effect> {
    if model.run.going_on() && screen != Screen::Run {
        model.say(Role::Warn, "the run goes on: Ctrl-C stops it");
        return Vec::new();
    }
    let mut effects = leave_field(model);
    effects.extend(go(model, screen));
    effects
}

/// The screen after this one.
fn following(journey: Journey, screen: Screen) -> Option<Screen> {
    match screen {
        // Whoever was only asked for what was missing goes on with the worker that comes back.
        Screen::Dns if journey == Journey::Reonboard => Some(Screen::Diagnosis),
        Screen::Diagnosis => Some(Screen::Repair),
        Screen::Welcome => Some(Screen::Ca),
        Screen::Ca => Some(Screen::Cluster),
        Screen::Cluster => Some(Screen::Workers),
        Screen::Workers => Some(Screen::Certificates),
        Screen::Certificates => Some(Screen::Kubectl),
        Screen::Kubectl => Some(Screen::Dns),
        Screen::Dns => Some(Screen::Review),
        Screen::Review | Screen::Repair => Some(Screen::Run),
        Screen::Run => Some(Screen::Report),
        Screen::Report => None,
    }
}

/// The title of a journey.
pub fn journey(model: &Model) -> &'static str {
    match model.form.journey {
        Journey::New => "new workers",
        Journey::Reonboard => "re-onboard",
    }
}
