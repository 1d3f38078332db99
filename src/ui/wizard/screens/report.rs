//! The report: a page to read.

use crate::engine::found_repair::leaves_something;
use crate::plan::action::Action;
use crate::plan::place::Place;
use crate::ui::output::incident::{self, Incident};
use crate::ui::wizard::ending;
use crate::ui::wizard::form::editing;
use crate::ui::wizard::form::editing::scroll;
use crate::ui::wizard::form::item::Item;
use crate::ui::wizard::intent::{Intent, Motion};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::screens::repair;

/// The screen.
pub struct ReportScreen;

impl ReportScreen {
    /// Takes an intent in: while no button has the keys, arrows turn the page.
    pub fn intent(model: &mut Model, intent: &Intent) -> Outcome {
        match intent {
            Intent::Move(Motion::Left | Motion::Right) => editing::intent(model, intent),
            Intent::Move(motion) if model.item() == Some(Item::Rows) => {
                scroll(model, *motion);
                Outcome::Stay
            }
            _ => editing::intent(model, intent),
        }
    }
}

/// How what was done is taken back.
pub fn back(model: &Model) -> Vec<String> {
    if model.form.unplanned.is_none() {
        return vec![
            "u undoes this run, D removes a worker from the cluster; both show all of it first.".to_owned(),
        ];
    }
    let Some(mending) = &model.doctor.mending else { return Vec::new() };
    let one = &mending.before;
    let repair = one.repair();
    let changed = model.run.changed.get(&Place::Worker(one.worker.clone()));
    let undo = |title: &String| {
        let action = repair.iter().find(|action| action.title() == *title);
        action.map_or_else(
            || "what it changed is to be looked at by hand".to_owned(),
            |action| repair::undo(one, action),
        )
    };
    let lines: Vec<String> =
        changed.into_iter().flatten().map(|title| format!("{title}: {}", undo(title))).collect();
    if lines.is_empty() {
        return vec!["nothing was changed".to_owned()];
    }
    let was_done = |action: &Action| changed.is_some_and(|all| all.contains(&action.title()));
    let first = if repair.iter().any(|action| was_done(action) && leaves_something(action)) {
        format!(
            "gangplank undo {} takes back what was replaced; the rest by hand:",
            shell_words::quote(&one.host)
        )
    } else {
        "by hand, as it is in no plan:".to_owned()
    };
    std::iter::once(first).chain(lines).collect()
}

/// What was wrong with the worker that was repaired last, what was changed on it and how it is now, as Markdown;
/// `None` = no repair has ended.
pub fn summary(model: &Model) -> Option<String> {
    let mending = model.doctor.mending.as_ref()?;
    let place = Place::Worker(mending.before.worker.clone());
    let troubles = model.run.troubles.iter();
    let session = model.session();
    Some(incident::markdown(&Incident {
        cluster: if model.form.unplanned.is_some() { "in no plan" } else { &session },
        before: &mending.before,
        seen_at: mending.seen_at,
        began: mending.began,
        ended: mending.ended?,
        changed: model.run.changed.get(&place).map(Vec::as_slice).unwrap_or_default(),
        end: &ending::words(model).1,
        troubles: &troubles.map(|trouble| &trouble.problem).collect::<Vec<_>>(),
        after: mending.after.as_ref(),
    }))
}
