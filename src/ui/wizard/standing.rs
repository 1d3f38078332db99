//! How the steps of the path stand: good is what was looked at and found so, not what was visited.

use crate::engine::doctor::Examined;
use crate::ui::wizard::form::target::screen_of;
use crate::ui::wizard::found;
use crate::ui::wizard::look::{Inspection, LookStatus, ProbeTarget};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::review_table::ReviewTable;
use crate::ui::wizard::screen::Screen;

/// How a step stands; `None` = nobody has looked since its answers changed.
pub fn of(model: &Model, screen: Screen) -> Option<LookStatus> {
    if model.form.issues.iter().any(|remark| remark.stops && screen_of(&remark.field) == screen) {
        return Some(LookStatus::Bad);
    }
    if model.preview.done
        && matches!(screen, Screen::Certificates | Screen::Kubectl | Screen::Dns | Screen::Review)
    {
        return Some(LookStatus::Good);
    }
    match screen {
        Screen::Ca => look(model, &ProbeTarget::Ca),
        Screen::Cluster => look(model, &ProbeTarget::Api),
        Screen::Workers => workers(model),
        Screen::Certificates => inspected(model).and_then(|table| table.certificates).map(status),
        Screen::Kubectl => inspected(model).and_then(|table| table.kubectl).map(status),
        Screen::Dns => inspected(model).and_then(|table| table.dns).map(status),
        Screen::Review => inspected(model).map(|table| status(table.count.problems > 0)),
        Screen::Diagnosis => diagnosis(model),
        Screen::Welcome | Screen::Run | Screen::Report | Screen::Repair => None,
    }
}

fn look(model: &Model, target: &ProbeTarget) -> Option<LookStatus> {
    model.probes.looks.get(target).filter(|look| !look.stale).map(|look| look.mood)
}

/// The worst of the workers. Both lists go by name, so they are walked side by side: this is asked for each frame.
fn workers(model: &Model) -> Option<LookStatus> {
    let rows = 0..model.form.answers.workers.len();
    let mut names: Vec<_> =
        rows.map(|row| model.worker_called(row)).filter(|name| model.chosen(name)).collect();
    names.sort_unstable();
    let mut looks = model
        .probes
        .looks
        .iter()
        .filter_map(|(target, look)| match target {
            ProbeTarget::Worker(name) => Some((name.as_str(), look)),
            ProbeTarget::Ca | ProbeTarget::Api => None,
        })
        .peekable();
    worst(names.iter().map(|name| {
        while looks.next_if(|(other, _)| *other < name.as_ref()).is_some() {}
        looks.peek().filter(|(other, look)| other == name && !look.stale).map(|(_, look)| look.mood)
    }))
}

/// Whether something is wrong with the workers that come back.
fn diagnosis(model: &Model) -> Option<LookStatus> {
    let mut all = found::found(model).peekable();
    all.peek()?;
    (!model.doctor.stale).then(|| status(!all.all(Examined::healthy)))
}

/// What was inspected, while the answers are the same.
fn inspected(model: &Model) -> Option<&ReviewTable> {
    match &model.preview.inspection {
        Inspection::Seen { seen, table, stale: false, .. } if !seen.is_empty() => Some(table),
        Inspection::Seen { .. } | Inspection::None | Inspection::Looking | Inspection::Failed(_) => None,
    }
}

fn status(bad: bool) -> LookStatus {
    if bad { LookStatus::Bad } else { LookStatus::Good }
}

/// The worst of several; not known, when one is not known or there is none.
fn worst(all: impl Iterator<Item = Option<LookStatus>>) -> Option<LookStatus> {
    let rank = |status: LookStatus| match status {
        LookStatus::Good => 0,
        LookStatus::Looking => 1,
        LookStatus::Doubtful => 2,
        LookStatus::Bad => 3,
    };
    let mut worst = None;
    for one in all {
        let one = one?;
        worst = Some(worst.filter(|known| rank(*known) >= rank(one)).unwrap_or(one));
    }
    worst
}
