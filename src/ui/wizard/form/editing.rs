//! A field that is typed into or chosen in: what stands there is the answer at once, and is looked at when it is left.

use crate::plan::answers::KubectlAnswers;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::form::item::Item;
use crate::ui::wizard::form::target::screen_of;
use crate::ui::wizard::form::text_input::TextInput;
use crate::ui::wizard::intent::{Intent, Motion};
use crate::ui::wizard::layout;
use crate::ui::wizard::look::ProbeTarget;
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::probes::look_at;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::validation::{stale, validate};

/// An intent on a screen of fields.
pub fn intent(model: &mut Model, intent: &Intent) -> Outcome {
    Outcome::Effects(take(model, intent))
}

fn take(model: &mut Model, intent: &Intent) -> Vec<Effect> {
    match intent {
        Intent::Type(key) => match &mut model.form.editor {
            Some(editor) => {
                editor.press(*key);
                typed(model)
            }
            None => Vec::new(),
        },
        Intent::Text(text) => match &mut model.form.editor {
            Some(editor) => {
                editor.insert(text);
                typed(model)
            }
            None => Vec::new(),
        },
        Intent::Answer(field, text) => answer(model, *field, text),
        Intent::Move(motion @ (Motion::Up | Motion::Down)) => move_focus(model, *motion == Motion::Down),
        Intent::Move(Motion::Left | Motion::Right) | Intent::Toggle => {
            let forward = *intent != Intent::Move(Motion::Left);
            match model.item() {
                Some(Item::Field(field)) => choose(model, field, forward),
                Some(Item::Button(_)) => move_focus(model, forward),
                Some(Item::Rows) | None => Vec::new(),
            }
        }
        Intent::Move(motion @ (Motion::PageUp | Motion::PageDown)) => {
            scroll(model, *motion);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Turns the page of a form or a report that is longer than the window.
pub fn scroll(model: &mut Model, motion: Motion) {
    model.nav.scroll = motion.scrolled(model.nav.scroll, layout::page_size(model));
}

/// The row of a list after a motion; `None` = the keys leave the list.
pub fn on_list(motion: Motion, row: usize, count: usize) -> Option<usize> {
    let last = count.saturating_sub(1);
    match motion {
        Motion::Up if row == 0 => None,
        Motion::Down if row >= last => None,
        Motion::Left | Motion::Right => None,
        motion => Some(motion.moved(row, last)),
    }
}

/// Ticks without a key after which what was typed is looked at.
const RESTS: u8 = 2;

/// Writes an answer; what cannot be read as what the field wants is kept as it was typed.
fn put(model: &mut Model, field: Field, row: usize, text: &str) {
    field.set(&mut model.form.answers, row, text);
    let key = (field, if field.is_of_worker() { row } else { 0 });
    if field.unreadable(text).is_some() {
        model.form.unread.insert(key, text.to_owned());
    } else {
        model.form.unread.remove(&key);
    }
}

/// What stands in the field becomes the answer at once, so that everything made of it follows.
pub fn typed(model: &mut Model) -> Vec<Effect> {
    let (Some(editor), Some(Item::Field(field))) = (&model.form.editor, model.item()) else {
        return Vec::new();
    };
    let text = editor.first().to_owned();
    let row = model.nav.row;
    let before = model.worker_name(row);
    put(model, field, row, &text);
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
            match screen_of(&field.path(0)) {
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
    let target = match screen_of(&field.path(model.nav.row)) {
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
    if let Some(why) = forget_password(model, field) {
        model.say(Role::Bad, why);
    }
    effects.extend(look_at(model, field));
    effects
}

/// An answer that is refused and holds a secret is kept nowhere; why it was refused.
fn forget_password(model: &mut Model, field: Field) -> Option<String> {
    let row = model.nav.row;
    if !model.holds_secret(field, row) {
        return None;
    }
    let why = model.remark(field, row)?.what.clone();
    let before = model.worker_name(row);
    let rest = model.without_secrets(field, row);
    put(model, field, row, &rest);
    rename(model, &before, row);
    validate(model);
    Some(why)
}

/// A whole answer at once, as the lines of the plain mode give it; one that stands there already changes nothing.
pub fn answer(model: &mut Model, field: Field, text: &str) -> Vec<Effect> {
    if model.answer(field, model.nav.row) == text {
        model.form.touched.insert((field, model.nav.row));
        return Vec::new();
    }
    let (row, before) = (model.nav.row, model.worker_name(model.nav.row));
    put(model, field, row, text);
    rename(model, &before, row);
    model.form.touched.insert((field, row));
    validate(model);
    mark(model, field);
    vec![Effect::Save]
}

/// A text field that gets the keys is typed into at once, by whoever types into fields.
pub fn edit_if_text(model: &mut Model) {
    if let Some(Item::Field(field)) = model.item()
        && field.choices().is_none()
        && !model.form.whole
    {
        model.form.editor = Some(TextInput::line(&model.answer(field, model.nav.row)));
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
            model.form.laid_by.0.clone_from(&model.form.answers.ca.place);
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

/// The next value of a choice, or the one before, round.
pub fn choose(model: &mut Model, field: Field, forward: bool) -> Vec<Effect> {
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

/// Those of the fields that have an answer, here or among the defaults.
pub fn answered(model: &Model, list: &[Field]) -> Vec<Field> {
    let has = |field: &Field| {
        !field.get(&model.form.answers, model.nav.row).is_empty()
            || field.inherited(&model.form.answers).is_some()
    };
    list.iter().copied().filter(has).collect()
}
