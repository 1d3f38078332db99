//! Looks at the CA, the API and the workers, and the inspection of everything: when one begins, and whose answer counts.

use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::form::target::screen_of;
use crate::ui::wizard::look::{Inspection, Look, LookStatus, ProbeTarget};
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::validation::plan;

/// Takes in what a look saw; `number` tells whether it is the newest.
pub fn looked(model: &mut Model, target: &ProbeTarget, number: u64, look: Look) {
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
pub fn inspect_if_needed(model: &mut Model) -> Vec<Effect> {
    match &model.preview.inspection {
        Inspection::Seen { stale: false, .. } | Inspection::Looking => Vec::new(),
        Inspection::Seen { .. } | Inspection::None | Inspection::Failed(_) => inspect(model),
    }
}

/// Looks at what an answer is about, when it was changed since.
pub fn look_at(model: &mut Model, field: Field) -> Vec<Effect> {
    let row = model.nav.row;
    let target = match screen_of(&field.path(row)) {
        Screen::Ca => ProbeTarget::Ca,
        Screen::Cluster if field == Field::Api => ProbeTarget::Api,
        Screen::Workers if model.is_called_twice(row) => return Vec::new(),
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

/// Looks at one thing, unless what was seen of it still holds or its answers are wrong.
pub fn look_unless_fresh(model: &mut Model, target: ProbeTarget) -> Vec<Effect> {
    let row = match &target {
        ProbeTarget::Worker(name) => {
            (0..model.form.answers.workers.len()).find(|row| model.worker_name(*row) == *name)
        }
        ProbeTarget::Ca | ProbeTarget::Api => Some(0),
    };
    let Some(row) = row else { return Vec::new() };
    let wrong = model.form.issues.iter().any(|remark| remark.stops && of_target(&target, row, &remark.field));
    let fresh = model.probes.looks.get(&target).is_some_and(|look| !look.stale);
    if wrong || fresh { Vec::new() } else { vec![look(model, target)] }
}

/// Looks at every worker with an address again; what was seen of them is forgotten.
pub fn look_at_workers(model: &mut Model) -> Vec<Effect> {
    model.probes.looks.retain(|target, _| !matches!(target, ProbeTarget::Worker(_)));
    let workers = 0..model.form.answers.workers.len();
    let answered =
        |row: &usize| model.form.answers.workers.get(*row).is_some_and(|worker| worker.address.is_some());
    let targets: Vec<ProbeTarget> =
        workers.filter(answered).map(|row| ProbeTarget::Worker(model.worker_name(row))).collect();
    targets.into_iter().flat_map(|target| look_unless_fresh(model, target)).collect()
}

fn of_target(target: &ProbeTarget, row: usize, path: &str) -> bool {
    match target {
        ProbeTarget::Ca => path.starts_with("ca.") && path != "ca.days",
        ProbeTarget::Api => path == "cluster.api",
        ProbeTarget::Worker(_) => path.starts_with(&format!("workers[{row}]")),
    }
}
