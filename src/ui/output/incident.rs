//! The summary of an incident, as Markdown: what was wrong with a worker, what was changed on it, and how it is now.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::engine::doctor::Examined;
use crate::engine::{Bundle, Event, ExitCode, Front, Stamped, TaskOutcome};
use crate::plan::action::Action;
use crate::plan::place::Place;
use crate::plan::problem::Problem;
use crate::step::StepId;

/// A repair from its diagnosis to its end.
pub struct Incident<'a> {
    /// The cluster.
    pub cluster: &'a str,
    /// What was found before anything was changed.
    pub before: &'a Examined,
    /// When that was looked at.
    pub seen_at: Timestamp,
    /// When the repair began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// What was changed, in words and in order.
    pub changed: &'a [String],
    /// How it ended, in a sentence.
    pub end: &'a str,
    /// What stood in its way.
    pub troubles: &'a [&'a Problem],
    /// What was found afterwards; `None` = nobody has looked.
    pub after: Option<&'a Examined>,
}

/// Words that nobody takes for Markdown.
fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn when(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn problem(out: &mut String, problem: &Problem, indent: &str) {
    let _ = writeln!(out, "{indent}- **{}** {}", problem.code, safe(&problem.what));
    for line in &problem.evidence {
        let _ = writeln!(out, "{indent}  - {}", safe(line));
    }
}

/// What was found, cause by cause.
fn found(out: &mut String, one: &Examined) {
    match &one.found {
        Err(why) => {
            let _ = writeln!(out, "It could not be looked at:\n");
            problem(out, why, "");
        }
        Ok(found) if found.healthy() => {
            let _ = writeln!(out, "Nothing is wrong with it. This was looked at:\n");
            for line in &found.well {
                let _ = writeln!(out, "- {}", safe(line));
            }
        }
        Ok(found) => {
            for cause in &found.causes {
                problem(out, &cause.problem, "");
                for symptom in &cause.follows {
                    let _ = writeln!(out, "  - from it came **{}** {}", symptom.code, safe(&symptom.what));
                }
            }
            for why in &found.unknown {
                let _ = writeln!(out, "- not known: **{}** {}", why.code, safe(&why.what));
            }
        }
    }
}

/// The summary.
pub fn markdown(incident: &Incident<'_>) -> String {
    let Incident { cluster, before, seen_at, began, ended, changed, end, troubles, after } = incident;
    let mut out = String::new();
    let _ = writeln!(out, "# Incident: {}, cluster {}\n", safe(&before.worker), safe(cluster));
    let took = ended.duration_since(*began).as_secs().max(0);
    let _ = writeln!(out, "| | |\n|---|---|");
    let _ = writeln!(out, "| worker | {} ({}) |", safe(&before.worker), safe(&before.host));
    let _ = writeln!(out, "| looked at | {} |", when(*seen_at));
    let _ = writeln!(out, "| repair began | {} |", when(*began));
    let _ = writeln!(out, "| repair ended | {}, after {took} s |", when(*ended));
    let _ = writeln!(out, "| end | {} |", safe(end));
    let _ = writeln!(out, "\n## What was wrong\n");
    found(&mut out, before);
    let _ = writeln!(out, "\n## What was changed\n");
    if changed.is_empty() {
        let _ = writeln!(out, "Nothing on {}.", safe(&before.worker));
    }
    for (number, line) in (1..).zip(*changed) {
        let _ = writeln!(out, "{number}. {}", safe(line));
    }
    if !troubles.is_empty() {
        let _ = writeln!(out, "\nWhat stood in its way:\n");
        for why in *troubles {
            problem(&mut out, why, "");
        }
    }
    let _ = writeln!(out, "\n## Afterwards\n");
    match after {
        Some(one) => found(&mut out, one),
        None => {
            let _ = writeln!(out, "Nobody has looked again since.");
        }
    }
    out
}

/// What was changed, in words, and what stood in the way, each with its place.
pub type WhatHappened = (Vec<String>, Vec<(Place, Problem)>);

/// Shows a run, and remembers what was changed and what stood in the way.
pub struct Remembering<'a> {
    shown: &'a dyn Front,
    kept: Mutex<WhatHappened>,
}

impl<'a> Remembering<'a> {
    /// Shows it so.
    pub fn over(shown: &'a dyn Front) -> Self {
        Self { shown, kept: Mutex::default() }
    }

    /// What happened until now.
    pub fn remembered(&self) -> WhatHappened {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Front for Remembering<'_> {
    fn emit(&self, event: &Stamped) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match &event.event {
            Event::ActionEnded { action, status: 0, .. } => kept.0.push(format!("{}: {action}", event.place)),
            Event::Trouble { problem } | Event::TaskEnded { outcome: TaskOutcome::Failed { problem } }
                if !kept.1.iter().any(|(_, one)| one.code == problem.code) =>
            {
                kept.1.push((event.place.clone(), problem.clone()));
            }
            _ => {}
        }
        drop(kept);
        self.shown.emit(event);
    }

    fn go_on(&self, place: &Place, step: StepId, actions: &[Action]) -> bool {
        self.shown.go_on(place, step, actions)
    }

    fn offline(&self, bundle: &Bundle) {
        self.shown.offline(bundle);
    }
}

/// How a repair ended, in a sentence; `well` = its worker is as it should be, whatever is wrong elsewhere.
pub fn ending(worker: &str, code: ExitCode, well: bool, troubles: &[(Place, Problem)]) -> String {
    let repaired = format!("{worker} is repaired: the API has heard of its kubelet since, and says Ready.");
    match (code, troubles.first()) {
        (ExitCode::Done, _) => repaired,
        (ExitCode::Stopped, _) => "Stopped. What was done stays.".to_owned(),
        (_, Some((place, problem))) if well => {
            let at = if place.is_worker(worker) { "There is still" } else { "Elsewhere there is" };
            format!("{repaired} {at} a problem: {} {} ({place}).", problem.code, problem.what)
        }
        _ => format!("{worker} is not repaired; what was done stays."),
    }
}
