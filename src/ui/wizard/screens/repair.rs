//! The repair: the smallest change that mends what the doctor found on one worker, action by action, each with what it
//! runs and what takes it back.

use crate::engine::doctor::Examined;
use crate::engine::found_repair::replaced;
use crate::host::{pasteable, plain_action};
use crate::plan::action::{Action, Risk};
use crate::plan::place::Place;
use crate::ui::output::doctor::{self, restarts};
use crate::ui::wizard::beside::Beside;
use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::dialogs::confirm::{Confirm, ConfirmDialog};
use crate::ui::wizard::examination::{DrainChoice, Mending};
use crate::ui::wizard::form::editing;
use crate::ui::wizard::form::item::Item;
use crate::ui::wizard::found::to_mend;
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::navigation::go;
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::run_state::Repair;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::review;
use crate::ui::wizard::screens::run;
use crate::ui::wizard::ways_out::must_confirm;

/// The screen.
pub struct RepairScreen;

impl RepairScreen {
    /// Takes an intent in.
    pub fn intent(model: &mut Model, intent: &Intent) -> Outcome {
        let count = to_mend(model).map_or(0, |one| one.repair().len());
        match intent {
            Intent::Choose(at) => choose(model, (*at).min(count.saturating_sub(1))),
            Intent::Move(motion) if model.item() == Some(Item::Rows) && count > 0 => {
                match editing::on_list(*motion, model.doctor.action, count) {
                    Some(row) => choose(model, row),
                    None => return editing::intent(model, intent),
                }
            }
            _ => return editing::intent(model, intent),
        }
        Outcome::Stay
    }
}

fn choose(model: &mut Model, row: usize) {
    model.doctor.action = row;
    model.doctor.scroll = 0;
}

/// What is run, in lines.
pub fn commands(action: &Action) -> Vec<String> {
    let shell = plain_action(action);
    let sign = |number| if number == 0 { "$" } else { " " };
    shell.lines().enumerate().map(|(number, line)| format!("{} {line}", sign(number))).collect()
}

/// What takes an action back, in words.
pub fn undo(one: &Examined, action: &Action) -> String {
    let inverse: Vec<String> = doctor::undo(action, &one.facts).iter().map(Action::title).collect();
    if inverse.is_empty() { "nothing to take back".to_owned() } else { inverse.join(", ") }
}

/// What is said of the whole repair: what it is for, what it restarts, what is done behind it.
pub fn about(model: &Model, one: &Examined) -> Vec<(Role, String)> {
    let all = one.repair();
    let mut lines = Vec::new();
    if let Some((problem, actions)) = one.first_repair() {
        let some = if actions.len() == 1 {
            "the first action".to_owned()
        } else {
            format!("the first {} actions", actions.len())
        };
        lines.push((Role::Text, format!("mends {} {}: {some}", problem.code, problem.what)));
    }
    lines.push((Role::Warn, restarts(&all, &one.pods)));
    lines.extend(doctor::fates(one).into_iter().map(|line| (Role::Text, line)));
    if all.iter().any(|action| action.risk(&one.facts) == Risk::Final) {
        lines.push((Role::Warn, "a certificate is signed: that cannot be taken back or revoked".to_owned()));
    }
    let again = if model.form.unplanned.is_some() {
        "it is looked at again after each, and what its other causes offer is done too; no file is written but those shown".to_owned()
    } else {
        "it is looked at again after that, and what the steps find different then is put right".to_owned()
    };
    lines.extend(one.first_repair().map(|_| (Role::Text, again)));
    lines.push((Role::Text, "it is repaired when the API says that the node is Ready and has heard of its kubelet since the last change".to_owned()));
    lines.extend(pods(model));
    if let Some(file) = review::outside(model).filter(|_| model.form.unplanned.is_none()) {
        let said = format!(
            "the kubeconfig goes to {}, outside ~/.kube: whatever reads that file reads it too",
            file.display()
        );
        lines.push((Role::Warn, said));
    }
    if model.form.unplanned.is_none() {
        lines.push((Role::Dim, "instead: r reviews every step".to_owned()));
    }
    lines
}

/// What its pods do first.
fn pods(model: &Model) -> Vec<(Role, String)> {
    let doctor = &model.doctor;
    if model.form.unplanned.is_some() {
        return vec![(Role::Dim, "its pods are not asked to leave: that takes a plan".to_owned())];
    }
    match (doctor.drain, &doctor.leaving) {
        (DrainChoice::No, _) => {
            vec![(Role::Dim, "its pods are not asked to leave; d lets them leave first".to_owned())]
        }
        (_, None) => vec![(Role::Running, "asking the API which of its pods leave first".to_owned())],
        (_, Some(Err(problem))) => {
            vec![(Role::Warn, format!("its pods are not known: {} {}", problem.code, problem.what))]
        }
        (_, Some(Ok(lines))) => lines.iter().map(|line| (Role::Text, line.trim_start().to_owned())).collect(),
    }
}

/// The list and what is beside it, in parts of these widths.
pub fn lines(model: &Model, list: usize, detail: usize) -> Beside {
    let mut out = Beside::default();
    let Some(one) = to_mend(model) else {
        out.heading("what was to be mended is gone: the diagnosis has what is there now", list);
        return out;
    };
    let all = one.repair();
    if all.is_empty() {
        out.heading(&format!("nothing is left to change on {}", one.worker), list);
    } else {
        out.heading(&format!("on {} ({}), in this order:", one.worker, one.host), list);
    }
    for (at, action) in all.iter().enumerate() {
        let role = if action.risk(&one.facts) == Risk::Adds { Role::Added } else { Role::Changed };
        out.row(at, role, &format!("{} {}", at.saturating_add(1), action.title()), list);
    }
    let at = model.doctor.action.min(all.len().saturating_sub(1));
    if let Some(action) = all.get(at) {
        out.say(Role::Text, &action.title(), 0, detail);
        for line in commands(action) {
            out.say(Role::Code, &line, 2, detail);
        }
        out.say(Role::Dim, &format!("undo: {}", undo(one, action)), 2, detail);
        out.detail.push((Role::Text, String::new()));
    }
    if !all.is_empty() {
        for (role, line) in about(model, one) {
            out.say(role, &line, 0, detail);
        }
    }
    out
}

/// The commands of the chosen action, to be copied.
pub fn copy_text(model: &Model) -> String {
    let Some(one) = to_mend(model) else { return String::new() };
    let all = one.repair();
    let at = model.doctor.action.min(all.len().saturating_sub(1));
    all.get(at).map(|action| pasteable(&plain_action(action)) + "\n").unwrap_or_default()
}

/// The repair begins: it was read on its screen.
pub fn begin(model: &mut Model) -> Vec<Effect> {
    if model.run.read_only {
        model.say(Role::Warn, "started with --read-only: nothing is changed");
        return Vec::new();
    }
    if model.run.going_on() {
        model.say(Role::Warn, run::AT_WORK);
        return Vec::new();
    }
    if model.doctor.stale {
        model.say(Role::Warn, "answers have changed: the worker is looked at again first");
        return go(model, Screen::Diagnosis);
    }
    let Some(one) = to_mend(model).filter(|one| !one.repair().is_empty()).cloned() else {
        model.say(Role::Warn, "there is nothing to repair");
        return go(model, Screen::Diagnosis);
    };
    if model.doctor.drain.wish().is_some() && model.doctor.leaving.is_none() {
        model.say(Role::Warn, "the API is still being asked which of its pods leave first");
        return Vec::new();
    }
    if model.form.unplanned.is_some() {
        let files: Vec<String> =
            replaced(&one).into_iter().map(|file| format!("write over {file}")).collect();
        if !files.is_empty() && !model.form.confirmed.remove(&one.worker) {
            let what = Confirm::Replace { host: one.worker, actions: files, more: Vec::new() };
            model.dialogs.open.push(Dialog::Confirm(ConfirmDialog::new(what)));
            return Vec::new();
        }
    }
    // What others made is replaced only after its host's name was typed: the review asks for it.
    if must_confirm(model, &one.worker) {
        model.say(
            Role::Warn,
            format!("others' files may be replaced on {}: review it, then apply", one.worker),
        );
        return go(model, Screen::Review);
    }
    if model.form.unplanned.is_some() {
        // What an earlier one did there is not of this one.
        model.run.changed.remove(&Place::Worker(one.worker.clone()));
    }
    model.form.agreed_outside = review::outside(model);
    model.run.why.clear();
    let name = one.worker.clone();
    let place = Place::Worker(name.clone());
    let titles = one.first_repair().map(|(_, actions)| actions.iter().map(Action::title).collect::<Vec<_>>());
    let now = model.window.now;
    model.doctor.mending = Some(Box::new(Mending {
        before: one,
        seen_at: model.doctor.at.unwrap_or(now),
        began: now,
        ended: None,
        after: None,
    }));
    model.nav.finished.insert(Screen::Repair);
    let effects = run::start_with(model, std::slice::from_ref(&name), Effect::Mend(name.clone()));
    if let Some(titles) = titles {
        model.run.repairs.push(Repair { place, what: titles.join("; "), at: now, end: None, alone: false });
    }
    effects
}
