//! When the commands of the table are possible.

use crate::ui::wizard::command::Command;
use crate::ui::wizard::form::item::Button;
use crate::ui::wizard::look::Inspection;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::remedy::RunRemedy;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::run::host;
use crate::ui::wizard::{found, progress, ways_out};

pub(super) fn always(_: &Model) -> bool {
    true
}

pub(super) fn typing(model: &Model) -> bool {
    model.form.editor.as_ref().is_some_and(|editor| !editor.is_empty())
}

pub(super) fn on_form(model: &Model) -> bool {
    !matches!(model.nav.screen, Screen::Run | Screen::Welcome)
}

pub(super) fn has_explanation(model: &Model) -> bool {
    model.nav.screen != Screen::Welcome
}

pub(super) fn shows_shell(model: &Model) -> bool {
    matches!(model.nav.screen, Screen::Run | Screen::Review | Screen::Repair)
}

pub(super) fn with_plan(model: &Model) -> bool {
    model.nav.screen != Screen::Welcome && model.form.unplanned.is_none()
}

pub(super) fn can_continue(model: &Model) -> bool {
    model.buttons().contains(&Button::Continue) && model.run.offline.is_none()
}

pub(super) fn on_workers(model: &Model) -> bool {
    model.nav.screen == Screen::Workers
}

pub(super) fn has_worker(model: &Model) -> bool {
    on_workers(model) && !model.form.answers.workers.is_empty()
}

pub(super) fn on_review(model: &Model) -> bool {
    model.nav.screen == Screen::Review
}

pub(super) fn can_apply(model: &Model) -> bool {
    let to_do = match model.nav.screen {
        Screen::Review => matches!(model.preview.inspection, Inspection::Seen { .. }),
        Screen::Repair => found::to_mend(model).is_some_and(|one| !one.repair().is_empty()),
        _ => false,
    };
    to_do && !model.run.read_only
}

/// A repair is shown, and it may be made.
pub(super) fn can_drain(model: &Model) -> bool {
    // The API is asked as an admin, which needs a plan.
    model.nav.screen == Screen::Repair && can_apply(model) && model.form.unplanned.is_none()
}

pub(super) fn has_rows(model: &Model) -> bool {
    match model.nav.screen {
        Screen::Review => model.preview.inspection.seen().is_some(),
        Screen::Diagnosis | Screen::Repair => model.doctor.seen.is_some(),
        _ => false,
    }
}

pub(super) fn on_run(model: &Model) -> bool {
    model.nav.screen == Screen::Run
}

pub(super) fn has_trouble(model: &Model) -> bool {
    on_run(model) && !model.run.troubles.is_empty()
}

pub(super) fn has_fix(model: &Model) -> bool {
    has_trouble(model)
        && progress::choices(model).iter().any(|choice| matches!(choice.act, RunRemedy::Edit(..)))
}

pub(super) fn has_repair(model: &Model) -> bool {
    has_trouble(model) && progress::repair(model).is_some() || ways_out::offered(model).is_some()
}

pub(super) fn has_host(model: &Model) -> bool {
    if model.live.open {
        return model.live.chosen().is_some();
    }
    let back = on_way_back(model) && host(model).is_some();
    on_run(model) || model.nav.screen == Screen::Report || has_worker(model) || back
}

/// The workers that come back are of the plan, which can be reviewed.
pub(super) fn can_review(model: &Model) -> bool {
    on_way_back(model) && model.form.unplanned.is_none()
}

/// On the screens of the diagnosis and of the repair.
pub(super) fn on_way_back(model: &Model) -> bool {
    matches!(model.nav.screen, Screen::Diagnosis | Screen::Repair)
}

/// A repair that a diagnosis led to has ended.
pub(super) fn can_sum_up(model: &Model) -> bool {
    model.doctor.mending.as_ref().is_some_and(|mending| mending.ended.is_some())
        && matches!(model.nav.screen, Screen::Report | Screen::Diagnosis)
}

pub(super) fn can_undo(model: &Model) -> bool {
    // The card says when there is nothing to take back.
    let nothing = on_run(model) && progress::shown(model).is_some_and(|trouble| trouble.done.is_empty());
    can_remove(model) && !nothing
}

pub(super) fn can_remove(model: &Model) -> bool {
    has_host(model) && !model.run.read_only && model.form.planned.is_some() && model.form.unplanned.is_none()
}

pub(super) fn can_look(model: &Model) -> bool {
    matches!(
        model.nav.screen,
        Screen::Ca
            | Screen::Cluster
            | Screen::Workers
            | Screen::Certificates
            | Screen::Kubectl
            | Screen::Dns
            | Screen::Review
            | Screen::Diagnosis
    )
}

pub(super) fn has_diff(model: &Model) -> bool {
    matches!(model.nav.screen, Screen::Review | Screen::Kubectl)
}

/// Every answer is there, and nothing is being changed that would be looked at half done.
pub(super) fn can_diagnose(model: &Model) -> bool {
    with_plan(model) && !on_way_back(model) && !model.run.going_on() && !model.form.answers.workers.is_empty()
}

/// Every answer is there, and nothing is being changed that would be looked at half done.
pub(super) fn can_look_at_certificates(model: &Model) -> bool {
    with_plan(model) && !model.run.going_on() && model.form.planned.is_some()
}

pub(super) fn has_live(model: &Model) -> bool {
    model.live.panel.is_some()
}

/// One host is opened in the live panel, and no log of it.
pub(super) fn on_live_host(model: &Model) -> bool {
    model.live.opened().is_some() && model.live.log().is_none()
}

pub(super) fn on_live_log(model: &Model) -> bool {
    model.live.log().is_some()
}

/// The output of a run has the keys, or a log of the live panel.
pub(super) fn on_output(model: &Model) -> bool {
    on_run(model) || on_live_log(model)
}

pub(super) fn can_copy(model: &Model) -> bool {
    model.nav.screen != Screen::Welcome || on_live_log(model)
}

/// What is possible while the live panel has the window: what is below it has no keys then.
pub(super) fn in_live(model: &Model, command: Command) -> bool {
    match command {
        Command::Back
        | Command::Menu
        | Command::Help
        | Command::Palette
        | Command::Quit
        | Command::Suspend
        | Command::Shell
        | Command::Redraw => true,
        Command::Enter | Command::Diagnose => !on_live_log(model),
        Command::Live => model.live.opened().is_none(),
        Command::Logs | Command::Journal => on_live_host(model),
        Command::FollowLog
        | Command::Wrap
        | Command::Copy
        | Command::Search
        | Command::SearchNext
        | Command::SearchPrevious => on_live_log(model),
        _ => false,
    }
}

pub(super) fn waits_for_certificates(model: &Model) -> bool {
    model.run.offline.is_some()
}
