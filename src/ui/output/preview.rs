//! `gangplank plan`: every action with the exact shell and its undo, before anything is done.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use crate::engine::PlacePreview;
use crate::host::batch::PRELUDE;
use crate::host::plain_action;
use crate::plan::action::{Action, Content, Risk};
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Verdict};
use crate::step::{Proof, StepState};
use crate::ui::output::alike::{self, SharedProblems};

/// What a preview found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlanFindings {
    /// Actions to do.
    pub actions: usize,
    /// Places with a problem.
    pub problems: usize,
}

/// Counts what a plan would change and what stops it.
pub fn found(seen: &[PlacePreview]) -> PlanFindings {
    let mut found = PlanFindings::default();
    for place in seen {
        found.problems += usize::from(place.blocked().is_some());
        for one in &place.looked {
            if let StepState::Todo(actions) = &one.state {
                found.actions += actions.len();
            }
        }
    }
    found
}

fn proof_text(proof: &Proof) -> String {
    match proof {
        Proof::Containers { wanted, within, .. } => {
            format!("waits until {}, at most {within} s", crate::step::all_run(wanted))
        }
        Proof::NodeReady { name, within, .. } => format!("waits until {name} is Ready, at most {within} s"),
        Proof::Pods { selector, count, within } => {
            format!("waits until {count} pods with {selector} are ready, at most {within} s")
        }
        Proof::Dns { name, server, .. } => format!("asks {server} for {name}"),
        Proof::Reach { node, .. } => format!("asks the API for a log and a command on {node}"),
        Proof::Kubectl { context, .. } => format!("runs kubectl get nodes with context {context}"),
    }
}

fn risk_sign(risk: Risk) -> &'static str {
    match risk {
        Risk::Adds => "+",
        Risk::Changes => "~",
        Risk::Final => "!",
    }
}

/// What of a preview is printed beside the actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlanDetail {
    /// What would be written into files.
    pub files: bool,
    /// The functions that are sent, in place of the plain shell they come down to.
    pub functions: bool,
}

impl PlanDetail {
    fn shell(self, action: &Action) -> String {
        if self.functions { action.shell().to_string() } else { plain_action(action) }
    }
}

fn action_text(out: &mut String, seen: &PlacePreview, action: &Action, detail: PlanDetail) {
    let _ = writeln!(out, "    {} {}", risk_sign(action.risk(&seen.facts)), action.title());
    for (number, line) in detail.shell(action).lines().enumerate() {
        // A remark is nothing to type.
        let sign = if number == 0 && !line.starts_with('#') { "$" } else { " " };
        let _ = writeln!(out, "      {sign} {line}");
    }
    if let (true, Some(Content::Literal(bytes))) = (detail.files, action.content()) {
        for line in String::from_utf8_lossy(bytes).lines() {
            let _ = writeln!(out, "      | {line}");
        }
    }
    let inverse = action.inverse(&seen.facts);
    let undo = match action {
        Action::Sign { .. } => "an issued certificate cannot be taken back; it expires by itself".to_owned(),
        Action::Kubectl { .. } => "the copy kept before is put back".to_owned(),
        Action::KubeApply { .. } => "an object this run made is deleted; a changed one stays".to_owned(),
        _ if inverse.is_empty() => "nothing to take back".to_owned(),
        _ => inverse.iter().map(|one| detail.shell(one)).collect::<Vec<_>>().join("\n"),
    };
    for (number, line) in undo.lines().enumerate() {
        let _ = writeln!(out, "      {} {line}", if number == 0 { "undo:" } else { "     " });
    }
}

/// The preview as text.
pub fn text(seen: &[PlacePreview], detail: PlanDetail) -> String {
    let mut out = String::new();
    let problems = problems(seen);
    for place in seen {
        let below = |problem: &Problem| problems.is_shared(&place.place, &place.host, problem);
        // Of a host that is like others in this nothing more is known.
        if place.looked.is_empty() && place.notes.is_empty() && place.problem.as_ref().is_some_and(below) {
            continue;
        }
        let _ = writeln!(out, "\n{} ({})", place.place, place.host);
        let card = |out: &mut String, indent: &str, problem: &Problem| {
            if below(problem) {
                let _ = writeln!(out, "{indent}{}  as on others, see below", problem.code);
                return;
            }
            for line in problem.card(&place.place) {
                let _ = writeln!(out, "{indent}{line}");
            }
        };
        if let Some(problem) = &place.problem {
            card(&mut out, "  ", problem);
        }
        for note in &place.notes {
            let _ = writeln!(out, "  note: {note}");
        }
        for one in &place.looked {
            let title = one.step.title();
            match &one.state {
                StepState::Done(evidence) => {
                    let _ = writeln!(out, "  {title}: already right  {evidence}");
                }
                StepState::Await(proof) => {
                    let _ = writeln!(out, "  {title}: {}", proof_text(proof));
                }
                StepState::Todo(actions) => {
                    let _ = writeln!(out, "  {title}: {} to do", actions.len());
                    for action in actions {
                        action_text(&mut out, place, action, detail);
                    }
                }
                StepState::Blocked(problem) => {
                    let _ = writeln!(out, "  {title}: problem");
                    card(&mut out, "    ", problem);
                }
            }
            for verdict in &one.verdicts {
                match verdict {
                    Verdict::Ok { .. } => {}
                    Verdict::Warning { about, seen, cure } => {
                        let _ = writeln!(out, "    warning: {about}: {seen}; {cure}");
                    }
                    Verdict::Stops(problem) => card(&mut out, "    ", problem),
                }
            }
            let last = place.looked.last().is_some_and(|last| std::ptr::eq(last, one));
            if last && one.step.barrier() && matches!(one.state, StepState::Todo(_)) {
                let _ = writeln!(out, "  what follows depends on this and is looked at after it");
            }
        }
    }
    for one in problems.shared() {
        let _ = writeln!(out, "\non {} hosts: {}", one.places.len(), alike::names(&one.places));
        for line in one.problem.card(&Place::Worker("NAME".to_owned())) {
            let _ = writeln!(out, "  {line}");
        }
    }
    let found = found(seen);
    let places = places_with_actions(seen);
    let _ =
        writeln!(out, "\n{} actions on {places} places, {} with a problem", found.actions, found.problems);
    if found.actions > 0 {
        let _ = writeln!(out, "+ adds   ~ changes, the old is kept for undo   ! cannot be taken back");
    }
    out
}

/// All problems, those of the same reason together.
fn problems(seen: &[PlacePreview]) -> SharedProblems {
    let mut all = SharedProblems::default();
    for place in seen {
        let mut add = |problem: &Problem| all.add(&place.place, &place.host, problem);
        place.problem.iter().for_each(|problem| drop(add(problem)));
        for one in &place.looked {
            if let StepState::Blocked(problem) = &one.state {
                add(problem);
            }
            for verdict in &one.verdicts {
                if let Verdict::Stops(problem) = verdict {
                    add(problem);
                }
            }
        }
    }
    all
}

fn places_with_actions(seen: &[PlacePreview]) -> usize {
    seen.iter().filter(|place| place.looked.iter().any(|one| matches!(one.state, StepState::Todo(_)))).count()
}

/// The functions the shell lines are made of.
pub fn functions() -> &'static str {
    PRELUDE
}

/// The preview as JSON lines: one for each place and step.
pub fn json(seen: &[PlacePreview]) -> Vec<Value> {
    let mut lines = Vec::new();
    for place in seen {
        if let Some(problem) = &place.problem {
            lines.push(
                json!({"v": 1, "kind": "trouble", "place": place.place.to_string(), "problem": problem.told()}),
            );
        }
        for note in &place.notes {
            lines.push(json!({"v": 1, "kind": "note", "place": name(&place.place), "text": note}));
        }
        for one in &place.looked {
            let mut line = BTreeMap::from([
                ("v", json!(1)),
                ("kind", json!("looked")),
                ("place", json!(name(&place.place))),
                ("step", json!(one.step.id())),
                ("verdicts", one.verdicts.iter().map(Verdict::told).collect()),
            ]);
            match &one.state {
                StepState::Done(evidence) => {
                    line.insert("state", json!("same"));
                    line.insert("evidence", json!(evidence));
                }
                StepState::Await(proof) => {
                    line.insert("state", json!("proof"));
                    line.insert("evidence", json!(proof_text(proof)));
                }
                StepState::Blocked(problem) => {
                    line.insert("state", json!("problem"));
                    line.insert("problem", problem.told());
                }
                StepState::Todo(actions) => {
                    line.insert("state", json!("todo"));
                    let actions: Vec<Value> = actions
                        .iter()
                        .map(|action| {
                            let undo: Vec<String> =
                                action.inverse(&place.facts).iter().map(|one| one.shell().to_string()).collect();
                            json!({"action": action.title(), "shell": action.shell().to_string(), "undo": undo})
                        })
                        .collect();
                    line.insert("actions", json!(actions));
                }
            }
            lines.push(json!(line));
        }
    }
    lines
}

fn name(place: &Place) -> String {
    place.to_string()
}
