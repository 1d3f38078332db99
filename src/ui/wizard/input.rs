//! Keys on a screen: commands of the table, text for the field, rows of a list.
//!
//! It is long because every key of every screen ends here.

use crate::plan::answers::{Answers, KubectlAnswers, WorkerAnswers};
use crate::plan::place::Place;
use crate::plan::range;
use crate::ui::wizard::dialogs::bulk;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::form::text_input::TextInput;
use crate::ui::wizard::key::{Key, KeyCode};
use crate::ui::wizard::keymap::{self, Command};
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::{
    Button, Inspection, Item, Journey, LineFor, Model, Overlay, ProbeTarget, Screen,
};
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screens::run;
use crate::ui::wizard::update::{self, back, go, look, next, stale, validate};
use crate::ui::wizard::{form, layer};

/// Ticks without a key after which what was typed is looked at.
const RESTS: u8 = 2;

/// A key was pressed.
pub fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    if !model.dialogs.open.is_empty() {
        return layer::key(model, key);
    }
    if model.live.open {
        return live_key(model, key);
    }
    let in_field = model.form.editor.is_some();
    if let Some(command) = keymap::command(model, key, in_field) {
        return perform(model, command);
    }
    if let Some(editor) = &mut model.form.editor {
        if matches!(key.code, KeyCode::Up) {
            return move_focus(model, false);
        }
        if matches!(key.code, KeyCode::Down) {
            return move_focus(model, true);
        }
        if matches!(key.code, KeyCode::PageUp | KeyCode::PageDown) {
            scroll(model, key.code == KeyCode::PageDown, 10);
            return Vec::new();
        }
        editor.press(key);
        return typed(model);
    }
    plain(model, key)
}

/// What stands in the field becomes the answer at once, so that everything made of it follows.
fn typed(model: &mut Model) -> Vec<Effect> {
    let (Some(editor), Some(Item::Field(field))) = (&model.form.editor, model.item()) else {
        return Vec::new();
    };
    let text = editor.first().to_owned();
    let row = model.nav.row;
    let before = model.worker_name(row);
    field.set(&mut model.form.answers, row, &text);
    rename(model, &before, row);
    model.form.typed = 0;
    validate(model);
    mark(model, field);
    Vec::new()
}

/// Somebody stopped typing an answer about the CA or the API: it is looked at while the keys are still there.
/// Workers wait until their field is left, because each look logs in.
pub fn rested(model: &mut Model) -> Vec<Effect> {
    model.form.typed = model.form.typed.saturating_add(1);
    match model.item() {
        Some(Item::Field(field)) if model.form.editor.is_some() && model.form.typed == RESTS => {
            match form::screen_of(&field.path(0)) {
                Screen::Ca | Screen::Cluster if !field.get(&model.form.answers, 0).is_empty() => {
                    look_at(model, field)
                }
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

fn rename(model: &mut Model, before: &str, row: usize) {
    let now = model.worker_name(row);
    let alias = model.form.alias.take().filter(|(of, _)| *of == row).map(|(_, name)| name);
    let before = alias.unwrap_or_else(|| before.to_owned());
    if now == before {
        return;
    }
    let others: Vec<String> = (0..model.form.answers.workers.len())
        .filter(|other| *other != row)
        .map(|other| model.worker_name(other))
        .collect();
    if others.contains(&before) {
        return;
    }
    // On its way past the name of another worker it takes nothing over from it.
    if others.contains(&now) {
        model.form.alias = Some((row, before));
        return;
    }
    let (old, new) = (ProbeTarget::Worker(before.clone()), ProbeTarget::Worker(now.clone()));
    if let Some(look) = model.probes.looks.remove(&old) {
        model.probes.looks.insert(new.clone(), look);
    }
    if let Some(number) = model.probes.numbers.remove(&old) {
        model.probes.numbers.insert(new, number);
    }
    for name in &mut model.form.only {
        if *name == before {
            name.clone_from(&now);
        }
    }
}

/// What was seen of it is old now.
fn mark(model: &mut Model, field: Field) {
    stale(model);
    let target = match form::screen_of(&field.path(model.nav.row)) {
        Screen::Ca => Some(ProbeTarget::Ca),
        Screen::Cluster => (field == Field::Api).then_some(ProbeTarget::Api),
        Screen::Workers => Some(ProbeTarget::Worker(model.worker_name(model.nav.row))),
        _ => None,
    };
    if let Some(look) = target.and_then(|target| model.probes.looks.get_mut(&target)) {
        look.stale = true;
    }
}

/// The keys leave the field: its answer is saved and looked at.
pub fn leave_field(model: &mut Model) -> Vec<Effect> {
    if model.form.editor.take().is_none() {
        return Vec::new();
    }
    let Some(Item::Field(field)) = model.item() else { return Vec::new() };
    model.form.touched.insert((field, model.nav.row));
    let mut effects = vec![Effect::Save];
    effects.extend(look_at(model, field));
    effects
}

/// A whole answer at once, as the lines of the plain mode give it.
pub fn answer(model: &mut Model, field: Field, text: &str) -> Vec<Effect> {
    let (row, before) = (model.nav.row, model.worker_name(model.nav.row));
    field.set(&mut model.form.answers, row, text);
    rename(model, &before, row);
    model.form.touched.insert((field, row));
    validate(model);
    mark(model, field);
    vec![Effect::Save]
}

/// Looks at what an answer is about, when it was changed since.
fn look_at(model: &mut Model, field: Field) -> Vec<Effect> {
    let row = model.nav.row;
    let target = match form::screen_of(&field.path(row)) {
        Screen::Ca => ProbeTarget::Ca,
        Screen::Cluster if field == Field::Api => ProbeTarget::Api,
        Screen::Workers => ProbeTarget::Worker(model.worker_name(row)),
        _ => return Vec::new(),
    };
    let fresh = model.probes.looks.get(&target).is_some_and(|look| !look.stale);
    let wrong = model.form.issues.iter().any(|remark| remark.stops && of_target(&target, row, &remark.field));
    if fresh || wrong {
        return Vec::new();
    }
    vec![look(model, target)]
}

fn of_target(target: &ProbeTarget, row: usize, path: &str) -> bool {
    match target {
        ProbeTarget::Ca => path.starts_with("ca.") && path != "ca.days",
        ProbeTarget::Api => path == "cluster.api",
        ProbeTarget::Worker(_) => path.starts_with(&format!("workers[{row}]")),
    }
}

/// A text field that gets the keys is typed into at once.
pub fn edit_if_text(model: &mut Model) {
    if let Some(Item::Field(field)) = model.item()
        && field.choices().is_none()
    {
        model.form.editor = Some(TextInput::line(&field.get(&model.form.answers, model.nav.row)));
    }
}

/// The keys go to the next or the previous item, round.
pub fn move_focus(model: &mut Model, forward: bool) -> Vec<Effect> {
    let typing = model.form.editor.is_some();
    let effects = leave_field(model);
    let count = model.items().len().max(1);
    let step = if forward { 1 } else { count.saturating_sub(1) };
    model.nav.focus = model.nav.focus.saturating_add(step) % count;
    model.nav.scroll = 0;
    let field = matches!(model.item(), Some(Item::Field(_)));
    if typing || field && model.nav.screen != Screen::Workers {
        edit_if_text(model);
    }
    effects
}

/// Another choice takes no answer away: what belongs to the one before is kept for when it comes back.
fn lay_by(model: &mut Model, field: Field) {
    match (field, &model.form.answers.kubectl) {
        (Field::CaPlace, _) if form_is_ssh(model) => {
            model.form.laid_by.0.clone_from(&model.form.answers.ca.place)
        }
        (Field::Kubectl, KubectlAnswers::Context(context)) => model.form.laid_by.1 = Some(context.clone()),
        _ => {}
    }
}

fn form_is_ssh(model: &Model) -> bool {
    Field::CaPlace.get(&model.form.answers, 0) == "ssh"
}

fn take_up(model: &mut Model, field: Field, value: &str) {
    if field == Field::CaPlace && value == "ssh" && model.form.laid_by.0.is_some() {
        model.form.answers.ca.place.clone_from(&model.form.laid_by.0);
    }
    if field == Field::Kubectl
        && value != "none"
        && let Some(context) = &model.form.laid_by.1
    {
        model.form.answers.kubectl = KubectlAnswers::Context(context.clone());
        field.set(&mut model.form.answers, 0, value);
    }
}

fn choose(model: &mut Model, field: Field, forward: bool) -> Vec<Effect> {
    let Some(choices) = field.choices() else { return Vec::new() };
    let now = field.get(&model.form.answers, model.nav.row);
    let at = choices.iter().position(|(value, _)| *value == now).unwrap_or(0);
    let step = if forward { 1 } else { choices.len().saturating_sub(1) };
    let at = at.saturating_add(step) % choices.len().max(1);
    lay_by(model, field);
    if let Some((value, _)) = choices.get(at) {
        field.set(&mut model.form.answers, model.nav.row, value);
        take_up(model, field, value);
    }
    model.form.touched.insert((field, model.nav.row));
    validate(model);
    mark(model, field);
    let mut effects = vec![Effect::Save];
    effects.extend(look_at(model, field));
    effects
}

/// Carries out a command.
#[expect(clippy::too_many_lines, reason = "one arm for each command")]
pub fn perform(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Enter => enter(model),
        Command::Back => {
            if model.form.editor.is_some() {
                return leave_field(model);
            }
            if model.run.in_log {
                model.run.in_log = false;
                return Vec::new();
            }
            back(model)
        }
        Command::Continue => {
            let mut effects = leave_field(model);
            effects.extend(next(model));
            effects
        }
        Command::Next => tab(model, true),
        Command::Previous => tab(model, false),
        Command::Menu => {
            model.dialogs.open.push(Overlay::Menu { search: TextInput::line(""), at: 0 });
            Vec::new()
        }
        Command::Jump => {
            let at = update::jumps(model).iter().position(|screen| *screen == model.nav.screen).unwrap_or(0);
            model.dialogs.open.push(Overlay::Jump { at });
            Vec::new()
        }
        Command::Help => {
            model.dialogs.open.push(Overlay::Help { scroll: 0 });
            Vec::new()
        }
        Command::Explain => {
            if crate::ui::wizard::layout::regions(model).explain_fits {
                model.explain.open = !model.explain.open;
            } else {
                model.dialogs.open.push(Overlay::Explain);
            }
            Vec::new()
        }
        Command::ExplainTab => {
            if explain_scrolled(model) {
                return Vec::new();
            }
            model.explain.tab = model.explain.tab.saturating_add(1) % 4;
            model.explain.scroll = 0;
            Vec::new()
        }
        Command::Live => {
            let effects = leave_field(model);
            model.live.open = true;
            effects
        }
        Command::Copy => vec![Effect::Copy(crate::ui::wizard::dialogs::explain::copy_text(model))],
        Command::Export => ask_line(model, LineFor::Export),
        Command::SavePlan => ask_line(model, LineFor::SavePlan),
        Command::Diff => diff(model),
        Command::Apply => apply(model),
        Command::Look => look_again(model),
        Command::Add => add_worker(model, WorkerAnswers::default()),
        Command::Paste => {
            model
                .dialogs
                .open
                .push(Overlay::PasteWorkers { text: TextInput::many(""), wrong: String::new() });
            Vec::new()
        }
        Command::Import => vec![Effect::FindHosts],
        Command::Remove => remove_worker(model),
        Command::Pace => {
            model.run.guided = !model.run.guided;
            let pace =
                if model.run.guided { "guided: it asks before each step" } else { "straight: all at once" };
            model.say(Role::Ok, format!("pace {pace}"));
            Vec::new()
        }
        Command::Palette => {
            model.window.theme.palette = model.window.theme.palette.next();
            model.say(Role::Ok, format!("palette {}", model.window.theme.palette.name()));
            Vec::new()
        }
        Command::Quit => {
            model.dialogs.open.push(Overlay::Quit { at: 0 });
            Vec::new()
        }
        Command::Suspend => vec![Effect::Suspend],
        Command::Redraw => vec![Effect::Redraw],
        Command::Undo | Command::Repair if model.run.read_only => {
            model.say(Role::Warn, "started with --read-only: nothing is changed");
            Vec::new()
        }
        Command::Undo | Command::Repair if model.run.going_on() => {
            model.say(Role::Warn, update::AT_WORK);
            Vec::new()
        }
        Command::Undo => match host(model) {
            Some(host) => {
                let what = crate::ui::wizard::model::Confirm::Undo { host };
                model.dialogs.open.push(Overlay::Confirm { what, typed: TextInput::line(""), yes: false });
                Vec::new()
            }
            None => Vec::new(),
        },
        Command::Shell => host(model).map(|host| vec![Effect::Shell(host)]).unwrap_or_default(),
        Command::Retry => layer::apply_shown_remedy(model, &run::RunRemedy::Retry),
        Command::Skip => layer::apply_shown_remedy(model, &run::RunRemedy::Skip),
        Command::Repair => match run::repair(model) {
            Some(choice) => layer::apply_shown_remedy(model, &choice.act),
            None => Vec::new(),
        },
        Command::Fix => {
            let edit =
                run::choices(model).into_iter().find(|choice| matches!(choice.act, run::RunRemedy::Edit(..)));
            if let Some(choice) = edit {
                layer::apply_shown_remedy(model, &choice.act)
            } else {
                model.say(Role::Warn, "no answer of the plan is the cause; see the ways on the card");
                Vec::new()
            }
        }
        Command::Certificates => {
            model.dialogs.open.push(Overlay::PasteCertificates { text: TextInput::many("") });
            Vec::new()
        }
        Command::Output => {
            model.run.in_log = !model.run.in_log;
            Vec::new()
        }
        Command::NextHost => {
            let count = run::places(model).len().max(1);
            model.run.shown = model.run.shown.saturating_add(1) % count;
            Vec::new()
        }
        Command::Search => {
            let text = TextInput::line("");
            model.dialogs.open.push(Overlay::Line { what: LineFor::Search, text });
            Vec::new()
        }
        Command::SearchNext | Command::SearchPrevious => {
            let found = on_log(model, |log, rows| log.find(command == Command::SearchNext, rows));
            if found == Some(false) {
                model.say(Role::Warn, "not found");
            }
            Vec::new()
        }
        Command::Follow => {
            on_log(model, |log, _| log.end());
            Vec::new()
        }
        Command::Wrap => {
            on_log(model, |log, _| log.wrap = !log.wrap);
            Vec::new()
        }
    }
}

/// The rest of a long tab comes before the next one.
fn explain_scrolled(model: &mut Model) -> bool {
    let area = crate::ui::wizard::layout::regions(model).explain;
    if area.width == 0 {
        return false;
    }
    let (rows, width) =
        (usize::from(area.height.saturating_sub(4)), usize::from(area.width.saturating_sub(4)));
    let lines = crate::ui::wizard::dialogs::explain::tab(model, model.explain.tab, width).len();
    let more = lines > model.explain.scroll.saturating_add(rows);
    if more {
        model.explain.scroll = model.explain.scroll.saturating_add(rows);
    }
    more
}

fn tab(model: &mut Model, forward: bool) -> Vec<Effect> {
    if model.nav.screen == Screen::Run && model.run.going_on() {
        model.run.in_log = !model.run.in_log;
        return Vec::new();
    }
    move_focus(model, forward)
}

fn ask_line(model: &mut Model, what: LineFor) -> Vec<Effect> {
    let effects = leave_field(model);
    let name = model.session();
    let text = match what {
        LineFor::Export => match model.form.only.as_slice() {
            [one] => format!("onboard-{one}.sh"),
            _ => format!("onboard-{name}.sh"),
        },
        LineFor::SavePlan => format!("{name}.yaml"),
        LineFor::OpenPlan | LineFor::Search => String::new(),
    };
    model.dialogs.open.push(Overlay::Line { what, text: TextInput::line(&text) });
    effects
}

/// The log that is shown, with the rows it has on the screen.
pub fn on_log<T>(
    model: &mut Model,
    see: impl FnOnce(&mut crate::ui::wizard::screens::log::Log, usize) -> T,
) -> Option<T> {
    let rows = crate::ui::wizard::layout::log_rows(model);
    let place = run::places(model).get(model.run.shown).cloned()?;
    Some(see(model.run.logs.entry(place).or_default(), rows))
}

/// The worker that undo and shell are about.
fn host(model: &Model) -> Option<String> {
    let name = |place: &Place| match place {
        Place::Worker(name) => Some(name.clone()),
        Place::Local | Place::CaHost | Place::Cluster => None,
    };
    match model.nav.screen {
        Screen::Workers => (!model.form.answers.workers.is_empty()).then(|| model.worker_name(model.nav.row)),
        _ => run::shown(model)
            .and_then(|trouble| name(&trouble.place))
            .or_else(|| run::places(model).get(model.run.shown).and_then(name))
            .or_else(|| run::places(model).iter().find_map(name)),
    }
}

fn enter(model: &mut Model) -> Vec<Effect> {
    match model.item() {
        Some(Item::Field(field)) if field.choices().is_some() => choose(model, field, true),
        Some(Item::Field(_)) if model.form.editor.is_none() => {
            edit_if_text(model);
            Vec::new()
        }
        Some(Item::Field(_)) => {
            let at = model.nav.focus;
            let effects = move_focus(model, true);
            // On the last field Enter is Continue, which then has the keys.
            if let Some(Item::Button(_)) = model.item()
                && let Some(position) =
                    model.items().iter().position(|item| *item == Item::Button(Button::Continue))
                && model.nav.focus > at
            {
                model.nav.focus = position;
            }
            effects
        }
        Some(Item::Button(button)) => press(model, button),
        Some(Item::Rows) => open_row(model),
        None => Vec::new(),
    }
}

/// Presses a button.
pub fn press(model: &mut Model, button: Button) -> Vec<Effect> {
    match button {
        Button::Continue => next(model),
        Button::Back | Button::Return => back(model),
        Button::Add => add_worker(model, WorkerAnswers::default()),
        Button::Paste => perform(model, Command::Paste),
        Button::Import => perform(model, Command::Import),
        Button::Look => look_again(model),
        Button::Apply => apply(model),
        Button::SavePlan => ask_line(model, LineFor::SavePlan),
        Button::Export => ask_line(model, LineFor::Export),
        Button::Quit => perform(model, Command::Quit),
    }
}

fn open_row(model: &mut Model) -> Vec<Effect> {
    match model.nav.screen {
        Screen::Welcome => welcome(model),
        Screen::Workers => {
            if model.form.answers.workers.is_empty() {
                return add_worker(model, WorkerAnswers::default());
            }
            let target = ProbeTarget::Worker(model.worker_name(model.nav.row));
            if let Some(problem) = model.probes.looks.get(&target).and_then(|look| look.problem.clone()) {
                model.dialogs.open.push(Overlay::Problem { target, problem, at: 0 });
                return Vec::new();
            }
            model.nav.focus = 1;
            edit_if_text(model);
            Vec::new()
        }
        Screen::Review => crate::ui::wizard::screens::review::edit_row(model),
        Screen::Run => {
            let choice = run::choices(model).into_iter().nth(model.run.way);
            match choice {
                Some(choice) => layer::apply_shown_remedy(model, &choice.act),
                None => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

fn welcome(model: &mut Model) -> Vec<Effect> {
    model.form.journey = if model.nav.row == 1 { Journey::Reonboard } else { Journey::New };
    match model.nav.row {
        0 => {
            model.form.only.clear();
            go(model, Screen::Ca)
        }
        1 if !model.form.answers.workers.is_empty() => {
            model.dialogs.open.push(Overlay::PickWorker { chosen: std::collections::BTreeSet::new(), at: 0 });
            Vec::new()
        }
        1 => {
            if let Some(saved) = model.sessions.kept.first() {
                vec![Effect::OpenSession(saved.name.clone())]
            } else {
                model.say(Role::Warn, "no session is kept here: open the plan the worker was onboarded with");
                let text = TextInput::line("");
                model.dialogs.open.push(Overlay::Line { what: LineFor::OpenPlan, text });
                Vec::new()
            }
        }
        2 => match model.sessions.kept.as_slice() {
            [] => {
                model.say(Role::Warn, "there is no session to resume yet");
                Vec::new()
            }
            sessions => {
                let name = sessions.first().map(|saved| saved.name.clone()).unwrap_or_default();
                vec![Effect::OpenSession(name)]
            }
        },
        3 => {
            let text = TextInput::line("plan.yaml");
            model.dialogs.open.push(Overlay::Line { what: LineFor::OpenPlan, text });
            Vec::new()
        }
        4 => {
            model.dialogs.open.push(Overlay::PickDemo { at: 0 });
            Vec::new()
        }
        row => {
            let saved = model.sessions.kept.get(row.saturating_sub(4)).map(|saved| saved.name.clone());
            saved.map(|name| vec![Effect::OpenSession(name)]).unwrap_or_default()
        }
    }
}

fn add_worker(model: &mut Model, worker: WorkerAnswers) -> Vec<Effect> {
    let mut effects = leave_field(model);
    let taken = model.worker_names();
    let mut new = vec![worker];
    bulk::name_them(&mut new, &taken);
    // The user of the row above is the best guess.
    if let (Some(new), Some(above)) = (new.first_mut(), model.form.answers.workers.last())
        && new.ssh.user.is_none()
    {
        new.ssh.user.clone_from(&above.ssh.user);
        new.ssh.port = above.ssh.port;
        new.ssh.key.clone_from(&above.ssh.key);
        new.images.clone_from(&above.images);
    }
    model.form.answers.workers.extend(new);
    model.nav.row = model.form.answers.workers.len().saturating_sub(1);
    validate(model);
    stale(model);
    let at = model.items().iter().position(|item| *item == Item::Field(Field::Address));
    model.nav.focus = at.unwrap_or(0);
    edit_if_text(model);
    effects.push(Effect::Save);
    effects
}

/// Adds workers that were pasted or imported.
pub fn add_many(model: &mut Model, mut workers: Vec<WorkerAnswers>) -> Vec<Effect> {
    model.form.editor = None;
    bulk::name_them(&mut workers, &model.worker_names());
    let known: Vec<Option<String>> =
        model.form.answers.workers.iter().map(|worker| worker.address.clone()).collect();
    workers.retain(|worker| worker.address.is_none() || !known.contains(&worker.address));
    let (first, count) = (model.form.answers.workers.len(), workers.len());
    model.form.answers.workers.extend(workers);
    model.nav.row = first.min(model.form.answers.workers.len().saturating_sub(1));
    model.nav.focus = 0;
    validate(model);
    stale(model);
    model.say(Role::Ok, format!("{count} added"));
    let mut effects = vec![Effect::Save];
    for row in first..model.form.answers.workers.len().min(first.saturating_add(40)) {
        if model.form.answers.workers.get(row).is_some_and(|worker| worker.address.is_some()) {
            let target = ProbeTarget::Worker(model.worker_name(row));
            effects.push(look(model, target));
        }
    }
    effects
}

fn remove_worker(model: &mut Model) -> Vec<Effect> {
    if model.nav.row < model.form.answers.workers.len() {
        let name = model.worker_name(model.nav.row);
        // What stands in a field belongs to the row that goes.
        model.form.editor = None;
        model.form.alias = None;
        model.form.answers.workers.remove(model.nav.row);
        let chosen = !model.form.only.is_empty();
        if !model.worker_names().contains(&name) {
            model.probes.looks.remove(&ProbeTarget::Worker(name.clone()));
            model.probes.numbers.remove(&ProbeTarget::Worker(name.clone()));
            model.form.only.retain(|one| *one != name);
        }
        let gone = model.nav.row;
        model.form.touched = std::mem::take(&mut model.form.touched)
            .into_iter()
            .filter(|(_, row)| *row != gone)
            .map(|(field, row)| (field, if row > gone { row.saturating_sub(1) } else { row }))
            .collect();
        model.nav.focus = 0;
        model.nav.row = model.nav.row.min(model.form.answers.workers.len().saturating_sub(1));
        validate(model);
        stale(model);
        model.say(Role::Ok, format!("{name} is off the list; its machine was not touched"));
        if chosen && model.form.only.is_empty() {
            // Nobody is left to come back: that must not turn into everybody.
            model.nav.history.clear();
            let mut effects = update::enter(model, Screen::Welcome);
            effects.push(Effect::Save);
            return effects;
        }
    }
    vec![Effect::Save]
}

fn look_again(model: &mut Model) -> Vec<Effect> {
    match model.nav.screen {
        Screen::Ca => vec![look(model, ProbeTarget::Ca)],
        Screen::Cluster => vec![look(model, ProbeTarget::Api)],
        Screen::Workers if !model.form.answers.workers.is_empty() => {
            let target = ProbeTarget::Worker(model.worker_name(model.nav.row));
            vec![look(model, target)]
        }
        _ => update::inspect(model),
    }
}

fn apply(model: &mut Model) -> Vec<Effect> {
    if model.run.read_only {
        model.say(Role::Warn, "started with --read-only: nothing is changed");
        return Vec::new();
    }
    if model.run.going_on() {
        model.say(Role::Warn, "a run goes on: two at once would work on the same hosts");
        return Vec::new();
    }
    match &model.preview.inspection {
        Inspection::Seen { stale: false, .. } => {}
        Inspection::Seen { .. } | Inspection::None | Inspection::Failed(_) => {
            model.say(Role::Warn, "answers have changed: the hosts are looked at again first");
            return update::inspect(model);
        }
        Inspection::Looking => {
            model.say(Role::Warn, "the hosts are still being looked at");
            return Vec::new();
        }
    }
    let replaced = crate::ui::wizard::screens::review::replaced(model);
    if let Some((host, actions)) = replaced.first().cloned() {
        let more = replaced.iter().skip(1).map(|(host, _)| host.clone()).collect();
        let what = crate::ui::wizard::model::Confirm::Replace { host, actions, more };
        model.dialogs.open.push(Overlay::Confirm { what, typed: TextInput::line(""), yes: false });
        return Vec::new();
    }
    update::start(model, Vec::new())
}

fn diff(model: &mut Model) -> Vec<Effect> {
    if model.nav.screen == Screen::Kubectl {
        return vec![Effect::KubeconfigDiff];
    }
    let lines = crate::ui::wizard::screens::review::diff(model);
    if lines.is_empty() {
        model.say(Role::Dim, "this step changes no file");
    } else {
        model.dialogs.open.push(Overlay::Text { title: "Difference".to_owned(), lines, scroll: 0 });
    }
    Vec::new()
}

/// How many rows the list of the screen has.
fn rows(model: &Model) -> usize {
    match model.nav.screen {
        Screen::Welcome => form::WELCOME.len().saturating_add(model.sessions.kept.len().saturating_sub(1)),
        Screen::Workers => model.form.answers.workers.len(),
        Screen::Review => crate::ui::wizard::screens::review::rows(model).len(),
        _ => 0,
    }
}

/// Keys that are no command while no field is typed into.
fn plain(model: &mut Model, key: Key) -> Vec<Effect> {
    if !key.is_bare() {
        return Vec::new();
    }
    if model.nav.screen == Screen::Run {
        return run_key(model, key);
    }
    // The report is a list of nothing: its arrows turn the page.
    let reads = model.nav.screen == Screen::Report && matches!(model.item(), Some(Item::Rows));
    let on_rows = !reads && matches!(model.item(), Some(Item::Rows));
    let count = rows(model);
    let row = if model.nav.screen == Screen::Review { &mut model.preview.row } else { &mut model.nav.row };
    let last = count.saturating_sub(1);
    match key.code {
        KeyCode::Up | KeyCode::Char('k') if reads => scroll(model, false, 1),
        KeyCode::Down | KeyCode::Char('j') if reads => scroll(model, true, 1),
        KeyCode::Home | KeyCode::Char('g') if reads => model.nav.scroll = 0,
        KeyCode::End | KeyCode::Char('G') if reads => scroll(model, true, usize::MAX),
        KeyCode::Up | KeyCode::Char('k') if on_rows && *row > 0 => *row = row.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') if on_rows && *row < last => *row = row.saturating_add(1),
        KeyCode::PageUp if on_rows => *row = row.saturating_sub(10),
        KeyCode::PageDown if on_rows => *row = row.saturating_add(10).min(last),
        KeyCode::Home | KeyCode::Char('g') if on_rows => *row = 0,
        KeyCode::End | KeyCode::Char('G') if on_rows => *row = last,
        KeyCode::Char(c) if model.nav.screen == Screen::Welcome && c.is_ascii_digit() => {
            let at = usize::try_from(c.to_digit(10).unwrap_or(0)).unwrap_or(0).saturating_sub(1);
            if at < count {
                model.nav.row = at;
                return welcome(model);
            }
        }
        KeyCode::Up | KeyCode::Char('k') => return move_focus(model, false),
        KeyCode::Down | KeyCode::Char('j') => return move_focus(model, true),
        KeyCode::Left | KeyCode::Right | KeyCode::Char(' ') => match model.item() {
            Some(Item::Field(field)) => return choose(model, field, key.code != KeyCode::Left),
            Some(Item::Button(_)) => return move_focus(model, key.code != KeyCode::Left),
            Some(Item::Rows) | None => {}
        },
        KeyCode::PageUp => scroll(model, false, 10),
        KeyCode::PageDown => scroll(model, true, 10),
        _ => {}
    }
    Vec::new()
}

/// Turns the page of a form or a report that is longer than the window.
fn scroll(model: &mut Model, down: bool, by: usize) {
    model.nav.scroll = if down {
        model.nav.scroll.saturating_add(by).min(crate::ui::tui::view::screens::hidden(model))
    } else {
        model.nav.scroll.saturating_sub(by)
    };
}

fn run_key(model: &mut Model, key: Key) -> Vec<Effect> {
    if model.run.in_log || model.run.troubles.is_empty() {
        let rows = crate::ui::wizard::layout::log_rows(model);
        let page = isize::try_from(rows.saturating_sub(1)).unwrap_or(10);
        let count = run::places(model).len().max(1);
        match key.code {
            KeyCode::Up | KeyCode::Char('k') => {
                on_log(model, |log, rows| log.scroll(-1, rows));
            }
            KeyCode::Down | KeyCode::Char('j') => {
                on_log(model, |log, rows| log.scroll(1, rows));
            }
            KeyCode::PageUp => {
                on_log(model, |log, rows| log.scroll(-page, rows));
            }
            KeyCode::PageDown => {
                on_log(model, |log, rows| log.scroll(page, rows));
            }
            KeyCode::Home | KeyCode::Char('g') => {
                on_log(model, |log, _| log.home());
            }
            KeyCode::End => {
                on_log(model, |log, _| log.end());
            }
            KeyCode::Left if model.run.in_log => {
                on_log(model, |log, _| log.left = log.left.saturating_sub(20));
            }
            KeyCode::Right if model.run.in_log => {
                on_log(model, |log, _| log.left = log.left.saturating_add(20));
            }
            KeyCode::Left => {
                model.run.shown = model.run.shown.saturating_add(count).saturating_sub(1) % count;
            }
            KeyCode::Right => model.run.shown = model.run.shown.saturating_add(1) % count,
            _ => {}
        }
        return Vec::new();
    }
    let choices = run::choices(model);
    model.run.chosen = true;
    match key.code {
        KeyCode::Up | KeyCode::Char('k') => model.run.way = model.run.way.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => {
            model.run.way = model.run.way.saturating_add(1).min(choices.len().saturating_sub(1));
        }
        KeyCode::Left | KeyCode::Right => {
            let count = model.run.troubles.len().max(1);
            let step = if key.code == KeyCode::Left { count.saturating_sub(1) } else { 1 };
            model.run.card = model.run.card.saturating_add(step) % count;
            model.run.way = 0;
        }
        KeyCode::Char(c) if c.is_ascii_digit() => {
            let at = usize::try_from(c.to_digit(10).unwrap_or(0)).unwrap_or(0).saturating_sub(1);
            if at < choices.len() {
                model.run.way = at;
            }
        }
        _ => {}
    }
    Vec::new()
}

fn live_key(model: &mut Model, key: Key) -> Vec<Effect> {
    if let Some(
        command @ (Command::Help
        | Command::Menu
        | Command::Quit
        | Command::Suspend
        | Command::Redraw
        | Command::Palette),
    ) = keymap::command(model, key, false)
    {
        return perform(model, command);
    }
    let count = model.live.panel.as_ref().map_or(0, |panel| panel.rows().len());
    let view = &mut model.live;
    match key.code {
        KeyCode::Esc if view.host => view.host = false,
        KeyCode::Esc | KeyCode::Char('l' | 'q') => view.open = false,
        KeyCode::Enter => {
            view.host = !view.host;
            view.scroll = 0;
        }
        KeyCode::Up | KeyCode::Char('k') if view.host => view.scroll = view.scroll.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') if view.host => {
            view.scroll = view.scroll.saturating_add(1).min(500);
        }
        KeyCode::Up | KeyCode::Char('k') => view.at = view.at.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => {
            view.at = view.at.saturating_add(1).min(count.saturating_sub(1));
        }
        KeyCode::PageUp => view.at = view.at.saturating_sub(10),
        KeyCode::PageDown => view.at = view.at.saturating_add(10).min(count.saturating_sub(1)),
        _ => {}
    }
    Vec::new()
}

/// Text was pasted.
pub fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    let clean = text.replace("\r\n", "\n").replace('\r', "\n");
    let clean = clean.split('\n').map(crate::plan::clean::line).collect::<Vec<_>>().join("\n");
    if !model.dialogs.open.is_empty() {
        layer::paste(model, &clean);
        return Vec::new();
    }
    let lines = clean.trim().lines().count();
    if model.nav.screen == Screen::Workers && lines > 1 {
        let wrong = String::new();
        let area = TextInput::many(clean.trim());
        let effects = leave_field(model);
        model.dialogs.open.push(Overlay::PasteWorkers { text: area, wrong });
        return effects;
    }
    if let Some(editor) = &mut model.form.editor {
        editor.insert(&clean);
        return typed(model);
    }
    Vec::new()
}

/// One row for each worker: a range in a plan that was opened becomes as many rows.
pub fn expand_ranges(answers: &mut Answers) {
    let rows = std::mem::take(&mut answers.workers);
    for row in rows {
        match expand(&row) {
            Some(many) => answers.workers.extend(many),
            None => answers.workers.push(row),
        }
    }
}

fn expand(row: &WorkerAnswers) -> Option<Vec<WorkerAnswers>> {
    let ranged = |text: &Option<String>| text.as_deref().is_some_and(range::has_range);
    if !ranged(&row.name) && !ranged(&row.address) && !ranged(&row.ssh.host) {
        return None;
    }
    let list =
        |text: &Option<String>| text.as_deref().map_or(Some(Vec::new()), |text| range::expand(text).ok());
    let (names, addresses, hosts) = (list(&row.name)?, list(&row.address)?, list(&row.ssh.host)?);
    let count = names.len().max(addresses.len()).max(hosts.len());
    let fits = |texts: &[String]| texts.is_empty() || texts.len() == count || texts.len() == 1;
    // One login for many workers would reach one machine many times.
    let apart = hosts.is_empty() || hosts.len() == count;
    if !apart || !fits(&names) || !fits(&addresses) || !fits(&hosts) || addresses.len() != count {
        return None;
    }
    let pick = |texts: &[String], at: usize| texts.get(at).or_else(|| texts.first()).cloned();
    Some(
        (0..count)
            .map(|at| {
                let mut one = row.clone();
                one.name = match pick(&names, at) {
                    // As the plan file has it: a plain name with a range of addresses is numbered.
                    Some(name) if names.len() == 1 && count > 1 => {
                        Some(format!("{name}-{}", at.saturating_add(1)))
                    }
                    name => name,
                };
                one.address = pick(&addresses, at);
                one.ssh.host = pick(&hosts, at);
                one
            })
            .collect(),
    )
}
