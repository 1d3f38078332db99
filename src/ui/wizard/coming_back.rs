//! The way back begins: for workers of the plan, for nodes of the cluster that come into it, or for one in no plan.

use std::collections::BTreeSet;

use crate::plan::model::Login;
use crate::ui::wizard::form::target::screen_of;
use crate::ui::wizard::look::Inspection;
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::navigation::go;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::{Journey, Screen};
use crate::ui::wizard::screens::workers::add_node;

/// The worker with this login comes back. One that the plan has is that of the plan; of another what is there is read, and
/// nothing is asked. How one logs in to others says nothing of it.
pub fn come_back_by(model: &mut Model, typed: Login) -> Vec<Effect> {
    if let Some(name) = of_the_plan(model, &typed) {
        let effects = come_back(model, BTreeSet::from([name.clone()]));
        model.say(Role::Ok, format!("{typed} is {name} of the plan"));
        return effects;
    }
    set_out(model, vec![typed.host.clone()], Some(Box::new(typed)));
    go(model, Screen::Diagnosis)
}

/// The worker of the plan that is reached at the same host and port; `None` = none, or more than one.
fn of_the_plan(model: &Model, typed: &Login) -> Option<String> {
    const SSH: u16 = 22;
    let is = |row: &usize| {
        let Some(worker) = model.form.answers.workers.get(*row) else { return false };
        let hosts = [&worker.name, &worker.address, &worker.ssh.host];
        let port = worker.ssh.port.unwrap_or_else(|| SSH.into());
        hosts.into_iter().any(|host| host.as_deref() == Some(&typed.host))
            && port == u32::from(typed.port.unwrap_or(SSH))
    };
    let mut rows = (0..model.form.answers.workers.len()).filter(is);
    let row = rows.next()?;
    rows.next().is_none().then(|| model.worker_name(row))
}

/// The way back begins, for these workers of the plan or for one in no plan.
fn set_out(model: &mut Model, only: Vec<String>, unplanned: Option<Box<Login>>) {
    if model.form.unplanned != unplanned {
        model.forget_found_and_done();
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
