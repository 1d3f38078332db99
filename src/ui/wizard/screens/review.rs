//! The review: one row for each step of each place, what it would do, what it would replace.

use crate::engine::PlacePreview;
use crate::engine::inspect::StepOutcome;
use crate::plan::action::{Action, Content, Risk};
use crate::plan::place::Place;
use crate::plan::redact::Redactor;
use crate::step::StepState;
use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::dialogs::confirm::{Confirm, ConfirmDialog};
use crate::ui::wizard::dialogs::text::TextDialog;
use crate::ui::wizard::form::editing;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::form::item::Item;
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::look::Inspection;
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::navigation::edit;
use crate::ui::wizard::probes::inspect;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::run::start;

/// A row of the review.
#[derive(Clone, Copy)]
pub struct ReviewRow<'a> {
    /// The place.
    pub seen: &'a PlacePreview,
    /// The step; `None` = the place could not be looked at.
    pub looked: Option<&'a StepOutcome>,
}

/// All rows, in order.
pub fn rows(model: &Model) -> Vec<ReviewRow<'_>> {
    let Some(seen) = model.preview.inspection.seen() else { return Vec::new() };
    seen.iter()
        .flat_map(|place| {
            let broken = place.problem.is_some() && place.looked.is_empty();
            let first = broken.then_some(ReviewRow { seen: place, looked: None });
            first
                .into_iter()
                .chain(place.looked.iter().map(move |one| ReviewRow { seen: place, looked: Some(one) }))
        })
        .collect()
}

/// Actions of a step.
pub fn actions(looked: &StepOutcome) -> &[Action] {
    match &looked.state {
        StepState::Todo(actions) => actions,
        StepState::Done(_) | StepState::Await(_) | StepState::Blocked(_) => &[],
    }
}

/// Counts of an inspection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Actions of all places.
    pub actions: usize,
    /// Places that have some.
    pub places: usize,
    /// Places with a problem.
    pub problems: usize,
    /// Steps that are as they should be.
    pub same: usize,
}

/// Counts what an inspection found.
pub fn count(seen: &[PlacePreview]) -> Count {
    let mut count = Count::default();
    for place in seen {
        let of_place: usize = place.looked.iter().map(|one| actions(one).len()).sum();
        count.actions = count.actions.saturating_add(of_place);
        count.places = count.places.saturating_add(usize::from(of_place > 0));
        count.problems = count.problems.saturating_add(usize::from(place.blocked().is_some()));
        let same = place.looked.iter().filter(|one| matches!(one.state, StepState::Done(_))).count();
        count.same = count.same.saturating_add(same);
    }
    count
}

/// What an action replaces that gangplank did not make.
fn foreign(action: &Action, seen: &PlacePreview) -> bool {
    if action.risk(&seen.facts) != Risk::Changes {
        return false;
    }
    let Some(path) = action.path() else { return false };
    let there = match seen.facts.file(path).yes() {
        Some(Some(file)) => file.sha256.clone(),
        Some(None) | None => match seen.facts.key(path).yes() {
            Some(Some(key)) => key.sha256.clone(),
            Some(None) | None => return false,
        },
    };
    !seen.facts.is_ours(path, &there)
}

/// Hosts on which something of others is replaced, with what.
pub fn replaced(model: &Model) -> Vec<(String, Vec<String>)> {
    let Some(seen) = model.preview.inspection.seen() else { return Vec::new() };
    seen.iter()
        .filter_map(|place| {
            let Place::Worker(name) = &place.place else { return None };
            let list: Vec<String> = place
                .looked
                .iter()
                .flat_map(actions)
                .filter(|action| foreign(action, place))
                .map(Action::title)
                .collect();
            (!list.is_empty()).then(|| (name.clone(), list))
        })
        .collect()
}

/// The sign of a step: what it does at worst.
pub fn sign(looked: &StepOutcome, seen: &PlacePreview) -> (&'static str, Role) {
    let list = actions(looked);
    if list.iter().any(|action| foreign(action, seen)) {
        return ("! replaces", Role::Warn);
    }
    match list.iter().map(|action| action.risk(&seen.facts)).max() {
        Some(Risk::Adds) => ("+", Role::Added),
        Some(Risk::Changes) => ("~ copy kept", Role::Changed),
        Some(Risk::Final) => ("! signed for good", Role::Warn),
        None => ("", Role::Dim),
    }
}

/// The words under which an action can be taken back.
pub fn undo_words(action: &Action, seen: &PlacePreview) -> String {
    let inverse = action.inverse(&seen.facts);
    match action {
        Action::Sign { .. } => "cannot be taken back: an issued certificate ends by itself".to_owned(),
        Action::Kubectl { .. } => "the copy kept before is put back".to_owned(),
        Action::KubeApply { .. } => "an object this run made is deleted; a changed one stays".to_owned(),
        _ if inverse.is_empty() => "nothing to take back".to_owned(),
        _ => inverse.iter().map(Action::title).collect::<Vec<_>>().join(", "),
    }
}

/// The difference of the chosen row's files: what is there against what would be.
pub fn diff(model: &Model) -> Vec<(Role, String)> {
    let rows = rows(model);
    let Some(row) = rows.get(model.preview.row) else { return Vec::new() };
    let Some(looked) = row.looked else { return Vec::new() };
    let mut lines = Vec::new();
    for action in actions(looked) {
        let (Some(path), Some(Content::Literal(bytes))) = (action.path(), action.content()) else { continue };
        let there = match row.seen.facts.file(path).yes() {
            Some(Some(file)) => file.content.clone().unwrap_or_default(),
            Some(None) | None => Vec::new(),
        };
        // What others wrote may hold a token or a key.
        let mut hide = Redactor::default();
        let old = hide.text(&String::from_utf8_lossy(&there));
        let new = hide.text(&String::from_utf8_lossy(bytes));
        lines.push((Role::Accent, path.to_owned()));
        let diff = crate::plan::line_diff::lines(&old, &new);
        for change in diff.iter_all_changes() {
            let (sign, role) = match change.tag() {
                similar::ChangeTag::Equal => (" ", Role::Dim),
                similar::ChangeTag::Delete => ("-", Role::Removed),
                similar::ChangeTag::Insert => ("+", Role::Added),
            };
            let text = crate::plan::clean::line(change.value().trim_end_matches('\n'));
            lines.push((role, format!("{sign} {text}")));
        }
        lines.push((Role::Text, String::new()));
    }
    lines
}

/// The screen.
pub struct ReviewScreen;

impl ReviewScreen {
    /// Takes an intent in.
    pub fn intent(model: &mut Model, intent: &Intent) -> Vec<Effect> {
        let count = rows(model).len();
        match intent {
            Intent::Choose(at) => model.preview.row = (*at).min(count.saturating_sub(1)),
            Intent::Move(motion) if model.item() == Some(Item::Rows) => {
                match editing::on_list(*motion, model.preview.row, count) {
                    Some(row) => model.preview.row = row,
                    None => return editing::intent(model, intent),
                }
            }
            _ => return editing::intent(model, intent),
        }
        Vec::new()
    }
}

/// Goes to the answer a row is made of and comes straight back.
pub fn edit_row(model: &mut Model) -> Vec<Effect> {
    let target = {
        let rows = rows(model);
        let Some(row) = rows.get(model.preview.row) else {
            return match model.preview.inspection {
                Inspection::Failed(_) => edit(model, Screen::Ca, None, None),
                _ => Vec::new(),
            };
        };
        let worker = match &row.seen.place {
            Place::Worker(name) => Some(name.clone()),
            Place::Local | Place::CaHost | Place::Cluster => None,
        };
        let (screen, field) = match row.looked.map(|looked| looked.step.id().0) {
            Some("keys" | "sign" | "certificates" | "admin") => (Screen::Certificates, Some(Field::Days)),
            Some("context" | "kubectl") => (Screen::Kubectl, None),
            Some("namespace" | "dns" | "dns-pods" | "dns-lookup") => (Screen::Dns, None),
            Some("images") => (Screen::Workers, Some(Field::Images)),
            _ => (Screen::Workers, Some(Field::Name)),
        };
        (screen, field, worker)
    };
    edit(model, target.0, target.1, target.2.as_deref())
}

/// Carries the plan out, when it was seen as it is now; what others made is asked for by name first.
pub fn apply(model: &mut Model) -> Vec<Effect> {
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
            return inspect(model);
        }
        Inspection::Looking => {
            model.say(Role::Warn, "the hosts are still being looked at");
            return Vec::new();
        }
    }
    let replaced = replaced(model);
    if let Some((host, actions)) = replaced.first().cloned() {
        let more = replaced.iter().skip(1).map(|(host, _)| host.clone()).collect();
        let what = Confirm::Replace { host, actions, more };
        model.dialogs.open.push(Dialog::Confirm(ConfirmDialog::new(what)));
        return Vec::new();
    }
    start(model, Vec::new())
}

/// Shows the difference of the chosen row, or of the kubeconfig.
pub fn show_diff(model: &mut Model) -> Vec<Effect> {
    if model.nav.screen == Screen::Kubectl {
        return vec![Effect::KubeconfigDiff];
    }
    let lines = diff(model);
    if lines.is_empty() {
        model.say(Role::Dim, "this step changes no file");
    } else {
        model.dialogs.open.push(Dialog::Text(TextDialog::new("Difference", lines)));
    }
    Vec::new()
}
