//! The way back begins: for workers of the plan, for nodes of the cluster that come into it, or for one in no plan.

use std::collections::BTreeSet;

use crate::plan::model::Login;
use crate::ui::wizard::examination::Examination;
use crate::ui::wizard::form::target::screen_of;
use crate::ui::wizard::look::Inspection;
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::navigation::go;
use crate::ui::wizard::screen::{Journey, Screen};
use crate::ui::wizard::screens::workers::add_node;

/// The worker with this login comes back. One that the plan has is that of the plan; of another what is there is read, and
/// nothing is asked.
pub fn come_back_by(model: &mut Model, typed: Login) -> Vec<Effect> {
    let names = (0..model.form.answers.workers.len()).filter(|row| {
        let worker = model.form.answers.workers.get(*row);
        let answers = worker.map(|worker| [&worker.name, &worker.address, &worker.ssh.host]);
        answers.into_iter().flatten().any(|answer| answer.as_deref() == Some(&typed.host))
    });
    let known: BTreeSet<String> = names.map(|row| model.worker_name(row)).collect();
    if !known.is_empty() {
        return come_back(model, known);
    }
    // How one logs in is as for the workers there are, where it was not said.
    let planned = model.form.planned.as_ref().and_then(|plan| plan.workers.last());
    let above = planned.map(|worker| worker.ssh.clone()).unwrap_or_default();
    let login = Login { user: typed.user.clone().or(above.user), key: above.key, jump: above.jump, ..typed };
    set_out(model, vec![login.host.clone()], Some(Box::new(login)));
    go(model, Screen::Diagnosis)
}

/// The way back begins, for these workers of the plan or for one in no plan.
fn set_out(model: &mut Model, only: Vec<String>, unplanned: Option<Box<Login>>) {
    if model.form.unplanned != unplanned {
        // What was found of others is not of this one.
        model.doctor =
            Examination { number: model.doctor.number.saturating_add(1), ..Examination::default() };
    }
    model.form.only = only;
    model.form.unplanned = unplanned;
    model.form.journey = Journey::Reonboard;
    model.preview.inspection = Inspection::None;
    if model.nav.history.is_empty() && model.nav.screen != Screen::Welcome {
        model.nav.history.push(Screen::Welcome);
    }
    (model.doctor.row, model.doctor.scroll) = (0, 0);
}

/// These workers come back: what is missing is asked for first, else what is wrong with them is shown at once.
pub fn come_back(model: &mut Model, chosen: BTreeSet<String>) -> Vec<Effect> {
    // A node that is in no plan is from now on; how one logs in is as for the worker above.
    let planned = model.worker_names();
    let new: Vec<_> =
        model.doctor.elsewhere.iter().filter(|node| chosen.contains(&node.name)).cloned().collect();
    for node in new.into_iter().filter(|node| !planned.contains(&node.name)) {
        add_node(model, node);
    }
    set_out(model, chosen.into_iter().collect(), None);
    let wrong = model.form.issues.iter().find(|remark| remark.stops).map(|remark| remark.field.clone());
    if let Some(field) = wrong {
        return go(model, screen_of(&field));
    }
    go(model, Screen::Diagnosis)
}
