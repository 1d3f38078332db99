//! What is to be said about the answers, and the plan they make.

use std::sync::Arc;

use crate::plan::check::{PathBases, check_differences, finish, judge};
use crate::plan::issue::PlanIssue;
use crate::plan::model::Plan;
use crate::profile::{DIFFERENCES, needed_differences};
use crate::ui::wizard::form::by_label;
use crate::ui::wizard::form::target::screen_of;
use crate::ui::wizard::look::Inspection;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::screen::Screen;

/// Judges all answers again and marks finished screens whose answers have become wrong.
pub fn validate(model: &mut Model) {
    let ids: Vec<&str> = DIFFERENCES.iter().map(|difference| difference.id).collect();
    // A key is answered within a frame also with 500 workers: the answers are judged once.
    let (plan, issues) = judge(&model.form.answers, &path_bases(model));
    model.form.planned = plan.filter(|_| model.form.unread.is_empty()).map(Arc::new);
    model.form.issues = issues;
    for remark in &mut model.form.issues {
        remark.what = by_label::by_hand(&remark.what);
        remark.cure = by_label::by_label(&remark.cure);
    }
    model.form.issues.extend(check_differences(&model.form.answers, &ids, &needed_differences()));
    let unread: Vec<PlanIssue> = model
        .form
        .unread
        .iter()
        .filter_map(|((field, row), text)| {
            let (what, cure) = field.unreadable(text)?;
            Some(PlanIssue::wrong(field.path(*row), what, cure))
        })
        .collect();
    model.form.issues.extend(unread);
    model.nav.invalidated.clear();
    let finished: Vec<Screen> = model.nav.finished.iter().copied().collect();
    for screen in finished {
        let wrong =
            model.form.issues.iter().find(|remark| remark.stops && screen_of(&remark.field) == screen);
        if let Some(remark) = wrong {
            let words = format!("{} {}", model.field_name(&remark.field), remark.what);
            model.nav.invalidated.insert(screen, words);
        }
    }
}

/// The plan, when everything is answered well.
pub fn plan(model: &Model) -> Option<Plan> {
    if !model.form.unread.is_empty() {
        return None;
    }
    finish(&model.form.answers, &path_bases(model)).ok()
}

fn path_bases(model: &Model) -> PathBases {
    PathBases { base: model.form.base.clone(), home: model.form.home.clone() }
}

/// What was inspected is no longer what would be done.
pub fn stale(model: &mut Model) {
    model.preview.done = false;
    model.doctor.forget();
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
