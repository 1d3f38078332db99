//! The diagnosis: what is wrong with each worker that comes back, in the order of mending, and the evidence, the ways
//! out and the kubelet's journal of the chosen one.

use crate::engine::doctor::Examined;
use crate::plan::place::Place;
use crate::plan::problem::Problem;
use crate::ui::output::doctor;
use crate::ui::wizard::beside::Beside;
use crate::ui::wizard::examination::DrainChoice;
use crate::ui::wizard::form::editing;
use crate::ui::wizard::form::item::Item;
use crate::ui::wizard::found::{FoundRow, chosen, rows};
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::look::ProbeTarget;
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::navigation::go;
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::remedy::{RemedyChoice, RunRemedy, ways};
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;

/// Lines of the kubelet's journal that are shown, the newest.
const JOURNAL: usize = 30;

/// The screen.
pub struct DiagnosisScreen;

impl DiagnosisScreen {
    /// Takes an intent in.
    pub fn intent(model: &mut Model, intent: &Intent) -> Outcome {
        let count = rows(model).len();
        match intent {
            Intent::Choose(at) => choose(model, (*at).min(count.saturating_sub(1))),
            Intent::Number(number) => {
                let choice = choices(model).into_iter().nth(number.saturating_sub(1));
                let worker = chosen(model).map(|row| row.of().worker.clone());
                if let (Some(choice), Some(worker)) = (choice, worker) {
                    return Outcome::Remedy(ProbeTarget::Worker(worker), choice.act);
                }
            }
            Intent::Move(motion) if model.item() == Some(Item::Rows) && count > 0 => {
                match editing::on_list(*motion, model.doctor.row, count) {
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
    model.doctor.row = row;
    model.doctor.scroll = 0;
}

/// On to the repair of the chosen row's worker, where there is one.
pub fn to_repair(model: &mut Model) -> Vec<Effect> {
    let Some(row) = chosen(model) else {
        let words = if model.doctor.looking {
            "the workers are still being looked at"
        } else {
            "nothing was found yet; R looks again"
        };
        model.say(Role::Warn, words);
        return Vec::new();
    };
    let one = row.of();
    let (name, some, healthy) = (one.worker.clone(), !one.repair().is_empty(), one.healthy());
    if some {
        model.nav.finished.insert(Screen::Diagnosis);
        // What is agreed to is what was read.
        model.doctor.hold();
        model.doctor.worker = Some(name);
        model.doctor.drain = DrainChoice::No;
        model.doctor.leaving = None;
        model.doctor.action = 0;
        model.doctor.scroll = 0;
        return go(model, Screen::Repair);
    }
    let words = if healthy {
        format!("nothing is wrong with {name}")
    } else {
        format!(
            "there is nothing that gangplank would change on {name} now: its ways out are for you to take"
        )
    };
    model.say(Role::Warn, words);
    Vec::new()
}

/// The ways out of the chosen row that can be taken from here.
pub fn choices(model: &Model) -> Vec<RemedyChoice> {
    let Some(row) = chosen(model) else { return Vec::new() };
    let Some(problem) = row.problem() else { return Vec::new() };
    let all = ways(problem, &Place::Worker(row.of().worker.clone()), false);
    // Looking again has its key, and the repair its screen.
    all.into_iter()
        .filter(|choice| !matches!(choice.act, RunRemedy::Retry | RunRemedy::Skip | RunRemedy::Repair(_)))
        .filter(|choice| model.form.unplanned.is_none() || choice.act.needs_no_plan())
        .collect()
}

/// The list and what is beside it, in parts of these widths.
pub fn lines(model: &Model, list: usize, detail: usize) -> Beside {
    let mut out = Beside::default();
    let mut before = None;
    for (at, row) in rows(model).iter().enumerate() {
        let one = row.of();
        if before != Some(one.worker.as_str()) {
            out.heading(&format!("{} ({})", one.worker, one.host), list);
            before = Some(one.worker.as_str());
        }
        let (role, words) = in_words(row);
        out.row(at, role, &words, list);
    }
    if let Some(row) = chosen(model) {
        beside(model, &row, &mut out, detail);
    }
    out
}

fn in_words(row: &FoundRow<'_>) -> (Role, String) {
    let of = |problem: &Problem| format!("{} {}", problem.code, problem.what);
    match row {
        FoundRow::Healthy(_) => (Role::Ok, "nothing is wrong with it".to_owned()),
        FoundRow::Unseen(_, problem) => (Role::Bad, format!("it could not be looked at: {}", of(problem))),
        FoundRow::Cause { number, problem, .. } => (Role::Bad, format!("{number} {}", of(problem))),
        FoundRow::Unknown(_, problem) => (Role::Warn, format!("not known: {}", of(problem))),
    }
}

fn beside(model: &Model, row: &FoundRow<'_>, out: &mut Beside, width: usize) {
    let one = row.of();
    if let Some(problem) = row.problem() {
        out.say(Role::Bad, &format!("{} {}", problem.code, problem.what), 0, width);
        for line in &problem.evidence {
            out.say(Role::Text, line, 2, width);
        }
    }
    if let FoundRow::Cause { number, problem: cause, follows, .. } = row {
        for symptom in *follows {
            out.say(Role::Warn, &format!("from it comes {} {}", symptom.code, symptom.what), 2, width);
            for line in &symptom.evidence {
                out.say(Role::Dim, line, 4, width);
            }
        }
        let repair = one.repair();
        match one.first_repair() {
            Some((problem, _)) if problem == *cause => {
                out.say(Role::Ok, "Enter shows its repair, with every command and its undo", 0, width);
            }
            None if *number == 1 && !repair.is_empty() => {
                out.say(Role::Ok, "Enter shows what gangplank would change, with every undo", 0, width);
            }
            _ => {}
        }
    }
    for (number, choice) in (1..).zip(choices(model)) {
        out.say(Role::Key, &format!("{number} {}", choice.text), 0, width);
    }
    if let Ok(found) = &one.found {
        if found.healthy() {
            out.say(Role::Ok, "this was looked at, and is right:", 0, width);
            for line in &found.well {
                out.say(Role::Text, line, 2, width);
            }
        }
        for note in &found.notes {
            out.say(Role::Dim, &format!("to know: {note}"), 0, width);
        }
    }
    journal(one, out, width);
}

fn journal(one: &Examined, out: &mut Beside, width: usize) {
    let facts = &one.facts;
    let said = facts.journal("kubelet");
    let Some(lines) = said.yes().map(|journal| &journal.said).filter(|lines| !lines.is_empty()) else {
        return;
    };
    out.detail.push((Role::Text, String::new()));
    out.say(Role::Accent, "the kubelet's journal, the lines that say most:", 0, width);
    for line in lines.iter().skip(lines.len().saturating_sub(JOURNAL)) {
        out.say(Role::Dim, &line.to_string(), 2, width);
    }
}

/// What the doctor says of the chosen worker, to be copied.
pub fn copy_text(model: &Model) -> String {
    chosen(model).map(|row| doctor::text(std::slice::from_ref(row.of()))).unwrap_or_default()
}
