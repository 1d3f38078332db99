//! From a message to a new state and a list of effects. Pure: nothing is read, written or asked here.
//!
//! It is long because every message ends here.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::plan::check::{PathBases, check, check_differences, finish};
use crate::plan::model::Plan;
use crate::plan::place::Place;
use crate::profile::DIFFERENCES;
use crate::ui::wizard::form;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::form::text_input::TextInput;
use crate::ui::wizard::input;
use crate::ui::wizard::message::{Effect, Msg, Opened};
use crate::ui::wizard::model::{
    CellState, Inspection, Item, Journey, Look, LookStatus, Model, Overlay, PATH, ProbeTarget, Question,
    Screen,
};
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screens::run;

/// Takes a message in.
#[expect(clippy::too_many_lines, reason = "one arm for each message")]
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(key) | Msg::HiddenKey(key) => input::key(model, key),
        Msg::Paste(text) | Msg::HiddenPaste(text) => input::paste(model, &text),
        Msg::Resize(width, height) => {
            model.window.size = (width, height);
            Vec::new()
        }
        Msg::Tick(now) => {
            tick(model, now);
            input::rested(model)
        }
        Msg::Resumed => vec![Effect::Redraw],
        Msg::Looked { target, number, look } => {
            looked(model, &target, number, look);
            Vec::new()
        }
        Msg::Inspected { number, seen } => {
            if number == model.preview.number {
                model.preview.inspection = match seen {
                    Ok(seen) => {
                        let at = model.window.now.strftime("%H:%M:%S").to_string();
                        Inspection::Seen { seen, at, stale: false }
                    }
                    Err(problem) => Inspection::Failed(problem),
                };
                model.preview.row = 0;
            }
            Vec::new()
        }
        Msg::Run(event) => {
            run::event(model, &event);
            Vec::new()
        }
        Msg::RunOver { code, undone } => run_over(model, code, &undone),
        Msg::Live(update) => {
            if let Some(panel) = &mut model.live.panel {
                panel.apply(update);
            }
            Vec::new()
        }
        Msg::Ask { id, question } => {
            model.dialogs.waiting.push_back((id, question));
            show_question(model);
            Vec::new()
        }
        Msg::Unasked { id } => {
            model.dialogs.waiting.retain(|(one, _)| *one != id);
            model
                .dialogs
                .open
                .retain(|overlay| !matches!(overlay, Overlay::Ask { id: one, .. } if *one == id));
            show_question(model);
            Vec::new()
        }
        Msg::Offline(offline) => {
            model.run.offline = (!offline.waiting.is_empty()).then_some(offline);
            Vec::new()
        }
        Msg::Say(role, text) => {
            model.say(role, text);
            Vec::new()
        }
        Msg::Text { title, lines } | Msg::Difference { title, lines } => {
            model.dialogs.open.push(Overlay::Text { title, lines, scroll: 0 });
            Vec::new()
        }
        Msg::Saved(when) => {
            model.sessions.saved = Some(when);
            Vec::new()
        }
        Msg::Opened(opened) => open(model, *opened),
        Msg::Hosts(hosts) => {
            if hosts.is_empty() {
                model.say(Role::Warn, "ssh_config names no hosts");
            } else {
                let seen =
                    |host: String| host.chars().filter(|c| !crate::plan::clean::is_invisible(*c)).collect();
                let hosts = hosts.into_iter().map(|host| (seen(host), false)).collect();
                model.dialogs.open.push(Overlay::Import { hosts, at: 0 });
            }
            Vec::new()
        }
        Msg::Sessions(sessions) => {
            model.sessions.kept = sessions;
            Vec::new()
        }
        Msg::Caption(caption) => {
            if let Some(demo) = &mut model.demo {
                demo.caption = caption;
            }
            Vec::new()
        }
        Msg::Paused(paused) => {
            if let Some(demo) = &mut model.demo {
                demo.paused = paused;
            }
            Vec::new()
        }
        Msg::Faults(faults) => {
            if let Some(demo) = &mut model.demo {
                demo.faults = faults;
            }
            Vec::new()
        }
        Msg::Leave(code) => {
            model.window.leaving = Some(code);
            vec![Effect::Save, Effect::Quit(code)]
        }
    }
}

fn tick(model: &mut Model, now: jiff::Timestamp) {
    model.window.now = now;
    model.window.ticks = model.window.ticks.wrapping_add(1);
    if let Some(toast) = &mut model.window.toast {
        toast.ticks = toast.ticks.saturating_sub(1);
        if toast.ticks == 0 {
            model.window.toast = None;
        }
    }
}

fn looked(model: &mut Model, target: &ProbeTarget, number: u64, look: Look) {
    // A worker may have got another name since: the number finds it.
    let found =
        model.probes.numbers.iter().find(|(_, newest)| **newest == number).map(|(now, _)| now.clone());
    let same_kind = |now: &ProbeTarget| {
        now == target || matches!((now, target), (ProbeTarget::Worker(_), ProbeTarget::Worker(_)))
    };
    if let Some(now) = found.filter(same_kind) {
        let stale =
            model.probes.looks.get(&now).is_some_and(|look| look.stale && look.mood == LookStatus::Looking);
        let stale = look.stale || stale && now != *target;
        model.probes.looks.insert(now, Look { stale, ..look });
    }
}

/// Brings the next question on top, when none is shown.
pub fn show_question(model: &mut Model) {
    if model.dialogs.open.iter().any(|overlay| matches!(overlay, Overlay::Ask { .. })) {
        return;
    }
    let Some((id, question)) = model.dialogs.waiting.pop_front() else { return };
    let secret = matches!(question, Question::Secret { .. });
    let typed = if secret { TextInput::secret() } else { TextInput::line("") };
    // An unknown host key and the next step are never one reflex away from yes.
    let at = if matches!(question, Question::Trust { .. }) { 2 } else { 0 };
    model.dialogs.open.push(Overlay::Ask { id, question, typed, at });
}

fn run_over(model: &mut Model, code: u8, undone: &[Place]) -> Vec<Effect> {
    let run = &mut model.run;
    run.going = run.going.saturating_sub(1);
    run.code = Some(run.code.map_or(code, |before| before.max(code)));
    for place in undone {
        if code == 0 {
            run.undone.insert(place.clone());
            run.changed.remove(place);
            run.cells.retain(|(one, _), _| one != place);
        }
    }
    if run.going == 0 {
        run.ended = Some(model.window.now);
        run.stops = 0;
        for cell in run.cells.values_mut() {
            if cell.state == CellState::Running {
                cell.state = CellState::Held;
            }
        }
        run.offline = None;
        if !run.chosen {
            run.card = 0;
        }
        // What another host still has is not mended by a run that ended well.
        if !run.troubles.is_empty() {
            run.code = Some(run.code.unwrap_or(0).max(1));
        }
        if let Some(before) = model.form.only_before.take() {
            model.form.only = before;
        }
        for overlay in &mut model.dialogs.open {
            // Its answers mean something else now.
            if let Overlay::Quit { at } = overlay {
                *at = 0;
            }
        }
        let run = &mut model.run;
        let told =
            model.window.toast.as_ref().is_some_and(|toast| toast.role == Role::Bad && toast.ticks > 10);
        if told && run.troubles.is_empty() {
            // Why it could not even begin was just said.
        } else if undone.is_empty() {
            let worst = run.code.unwrap_or(code);
            match worst {
                0 => model.say(Role::Ok, "everything is aboard; Continue opens the report"),
                3 => model.say(Role::Warn, "stopped; what was done stays, and a new run goes on from there"),
                _ => model.say(Role::Bad, "not everything is aboard; the card has the ways out"),
            }
        } else if code == 0 {
            model.say(Role::Ok, "taken back");
        }
        let buttons = form::buttons(model).len();
        if model.nav.screen == Screen::Run && model.run.troubles.is_empty() {
            // Continue has the keys: there is nothing else to do here.
            model.nav.focus = buttons;
        }
        stale(model);
    }
    vec![Effect::Save]
}

fn open(model: &mut Model, opened: Opened) -> Vec<Effect> {
    model.form.answers = opened.answers;
    input::expand_ranges(&mut model.form.answers);
    model.form.base = opened.base;
    model.form.only = opened.only;
    if opened.reonboard || !model.form.only.is_empty() {
        model.form.journey = Journey::Reonboard;
    }
    model.nav.finished = opened.finished.iter().filter_map(|name| Screen::parse(name)).collect();
    model.demo = opened.demo;
    model.live.panel = None;
    model.form.confirmed.clear();
    model.probes.looks.clear();
    model.probes.numbers.clear();
    model.form.editor = None;
    model.nav.return_to = None;
    model.preview.inspection = Inspection::None;
    model.nav.history = vec![Screen::Welcome];
    validate(model);
    if !opened.note.is_empty() {
        model.say(Role::Ok, opened.note);
    }
    if model.form.journey == Journey::Reonboard && model.form.only.is_empty() {
        // Whatever was asked while it opened is answered first.
        model.dialogs.open.insert(0, Overlay::PickWorker { chosen: BTreeSet::new(), at: 0 });
        return Vec::new();
    }
    // A run is never opened by itself: what is there is looked at and reviewed again.
    let screen = match Screen::parse(&opened.screen) {
        Some(Screen::Run | Screen::Report) => Screen::Review,
        Some(Screen::Welcome) | None => Screen::Ca,
        Some(screen) => screen,
    };
    let mut effects = enter(model, screen);
    model.nav.row = opened.row.min(model.form.answers.workers.len().saturating_sub(1));
    effects.push(Effect::Save);
    effects
}

/// Judges all answers again and marks finished screens whose answers have become wrong.
pub fn validate(model: &mut Model) {
    let ids: Vec<&str> = DIFFERENCES.iter().map(|difference| difference.id).collect();
    model.form.issues = check(&model.form.answers);
    model.form.issues.extend(check_differences(&model.form.answers, &ids));
    model.form.planned = plan(model).map(Arc::new);
    model.nav.invalidated.clear();
    let finished: Vec<Screen> = model.nav.finished.iter().copied().collect();
    for screen in finished {
        let wrong =
            model.form.issues.iter().find(|remark| remark.stops && form::screen_of(&remark.field) == screen);
        if let Some(remark) = wrong {
            model.nav.invalidated.insert(screen, format!("{} {}", remark.field, remark.what));
        }
    }
}

/// The plan, when everything is answered well.
pub fn plan(model: &Model) -> Option<Plan> {
    let places = PathBases { base: model.form.base.clone(), home: model.form.home.clone() };
    finish(&model.form.answers, &places).ok()
}

/// What was inspected is no longer what would be done.
pub fn stale(model: &mut Model) {
    match &mut model.preview.inspection {
        Inspection::Seen { stale, .. } => *stale = true,
        // Its answer would be about what was wanted before.
        Inspection::Looking => {
            model.preview.number = model.preview.number.saturating_add(1);
            model.preview.inspection = Inspection::None;
        }
        Inspection::None | Inspection::Failed(_) => {}
    }
}

/// Begins a look.
pub fn look(model: &mut Model, target: ProbeTarget) -> Effect {
    model.probes.counter = model.probes.counter.saturating_add(1);
    let number = model.probes.counter;
    model.probes.numbers.insert(target.clone(), number);
    let before = model.probes.looks.insert(target.clone(), Look::begun());
    // What was seen stays readable until the new answer is there.
    if let (Some(before), Some(now)) = (before, model.probes.looks.get_mut(&target)) {
        now.lines = before.lines;
        now.stale = true;
    }
    Effect::Look { target, number }
}

/// Begins an inspection.
pub fn inspect(model: &mut Model) -> Vec<Effect> {
    if plan(model).is_none() {
        model.preview.inspection = Inspection::None;
        return Vec::new();
    }
    model.preview.number = model.preview.number.saturating_add(1);
    model.preview.inspection = Inspection::Looking;
    vec![Effect::Inspect { number: model.preview.number }]
}

/// An inspection is needed and none is there.
fn inspect_if_needed(model: &mut Model) -> Vec<Effect> {
    match &model.preview.inspection {
        Inspection::Seen { stale: false, .. } | Inspection::Looking => Vec::new(),
        Inspection::Seen { .. } | Inspection::None | Inspection::Failed(_) => inspect(model),
    }
}

/// Opens a screen: focus on what is to be answered next.
pub fn enter(model: &mut Model, screen: Screen) -> Vec<Effect> {
    model.nav.screen = screen;
    if model.nav.return_to == Some(screen) {
        model.nav.return_to = None;
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
    input::edit_if_text(model);
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
        Screen::Certificates | Screen::Kubectl | Screen::Dns | Screen::Review => {
            effects.extend(inspect_if_needed(model));
            if let Some(plan) = plan(model)
                && !follows(model, &plan)
            {
                effects.push(Effect::Live);
            }
        }
        Screen::Welcome | Screen::Run | Screen::Report => {}
    }
    effects
}

/// The live panel shows the hosts of this plan already.
fn follows(model: &Model, plan: &Plan) -> bool {
    let spots = crate::live::watch_targets(plan);
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
        Screen::Welcome | Screen::Workers | Screen::Review | Screen::Run | Screen::Report => 0,
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
        input::expand_ranges(&mut model.form.answers);
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
        .find(|remark| remark.stops && form::screen_of(&remark.field) == screen)
        .map(|remark| (remark.field.clone(), remark.what.clone()));
    if let Some((field, what)) = wrong {
        focus_on(model, &field);
        model.say(Role::Bad, format!("{field} {what}"));
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
        model.dialogs.open.push(Overlay::Problem { target, problem, at: 0 });
        return Vec::new();
    }
    model.nav.finished.insert(screen);
    model.nav.return_to = None;
    let Some(next) = form::next(screen) else { return Vec::new() };
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
    input::edit_if_text(model);
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
        input::edit_if_text(model);
    }
    effects
}

/// Two at once would work on the same hosts.
pub const AT_WORK: &str = "the others are still at work; take this way when they are done";

/// Begins a run; `only` = these workers, empty = all of the journey.
pub fn start(model: &mut Model, only: Vec<String>) -> Vec<Effect> {
    if model.run.read_only {
        model.say(Role::Warn, "started with --read-only: nothing is changed");
        return Vec::new();
    }
    if model.run.going_on() {
        model.say(Role::Warn, AT_WORK);
        return Vec::new();
    }
    let again: Vec<Place> = if only.is_empty() {
        run::places(model)
    } else {
        only.iter().cloned().map(Place::Worker).chain([Place::Local, Place::Cluster]).collect()
    };
    run::clear(&mut model.run, &again);
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
        let places = run::places(model);
        model.run.shown = places.iter().position(|place| place.is_worker(first)).unwrap_or(0);
    } else {
        model.run.shown = 1;
    }
    effects.push(Effect::Run { only });
    effects
}

/// The screens of the path that can be jumped to.
pub fn jumps(model: &Model) -> Vec<Screen> {
    PATH.iter()
        .copied()
        .filter(|screen| match screen {
            Screen::Run => model.run.started.is_some(),
            Screen::Review => plan(model).is_some(),
            Screen::Ca => true,
            _ => model.nav.finished.contains(screen) || model.nav.screen == *screen || plan(model).is_some(),
        })
        .chain((model.run.ended.is_some()).then_some(Screen::Report))
        .collect()
}
