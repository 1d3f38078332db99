//! `gangplank doctor` and `gangplank repair`: what is wrong with a worker, what mends it, and what that restarts.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::engine::doctor::Examined;
use crate::engine::found_repair::leaves_something;
use crate::host::plain_action;
use crate::plan::action::{Action, Verb};
use crate::plan::fact::Facts;
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy};

/// An object for each worker.
pub fn json(all: &[Examined]) -> Vec<Value> {
    all.iter()
        .map(|one| {
            let mut told = match &one.found {
                Ok(diagnosis) => diagnosis.told(),
                Err(problem) => json!({"healthy": false, "causes": [problem.told()], "unknown": [], "notes": [], "well": []}),
            };
            told["kind"] = "diagnosis".into();
            if let Some(layout) = one.layout {
                told["layout"] = json!(layout);
            }
            told["place"] = one.worker.clone().into();
            told["host"] = one.host.clone().into();
            told["repair"] = one.repair().iter().map(|action| action.title()).collect::<Vec<_>>().into();
            told["files"] = json!(one.verdicts());
            told
        })
        .collect()
}

/// For a person.
pub fn text(all: &[Examined]) -> String {
    let mut out = String::new();
    for one in all {
        let place = Place::Worker(one.worker.clone());
        let _ = writeln!(out, "{} ({})", one.worker, one.host);
        match &one.found {
            Err(problem) => {
                let _ = writeln!(out, "  it could not be looked at:");
                card(&mut out, problem, &place);
            }
            Ok(found) => {
                if found.healthy() {
                    let _ = writeln!(out, "  nothing is wrong with it; this was looked at:");
                    for line in &found.well {
                        let _ = writeln!(out, "    {line}");
                    }
                }
                for (number, cause) in found.causes.iter().enumerate() {
                    let first = if number == 0 { "to be mended first:" } else { "then:" };
                    let _ = writeln!(out, "  {first}");
                    card(&mut out, &cause.problem, &place);
                    for symptom in &cause.follows {
                        let _ = writeln!(out, "      from it comes {}  {}", symptom.code, symptom.what);
                        for line in &symptom.evidence {
                            let _ = writeln!(out, "        {line}");
                        }
                    }
                }
                for problem in &found.unknown {
                    let _ = writeln!(out, "  not known:");
                    card(&mut out, problem, &place);
                }
                for note in &found.notes {
                    let _ = writeln!(out, "  to know: {note}");
                }
                repair(&mut out, one);
            }
        }
    }
    out
}

fn card(out: &mut String, problem: &Problem, place: &Place) {
    // A repair is shown with its commands below.
    let mut shown = problem.clone();
    shown.ways.retain(|way| !matches!(way, Remedy::Repair { .. } | Remedy::Retry | Remedy::Skip));
    for line in shown.card(place) {
        let _ = writeln!(out, "    {line}");
    }
}

/// The commands of the repair, what each undoes, and what is restarted.
fn repair(out: &mut String, one: &Examined) {
    if one.healthy() {
        return;
    }
    let all = one.repair();
    if all.is_empty() && one.layout.is_some() {
        let _ =
            writeln!(out, "  gangplank repair would change nothing by itself: what mends it stands above");
        return;
    }
    if all.is_empty() {
        if one.found.as_ref().is_ok_and(|found| !found.causes.is_empty()) {
            let _ = writeln!(
                out,
                "  gangplank repair would change nothing now: the first of these is for you to mend"
            );
        }
        return;
    }
    let _ = writeln!(out, "  gangplank repair does this, and looks again after each cause:");
    for action in &all {
        let _ = writeln!(out, "    {}", action.title());
        for (number, line) in plain_action(action).lines().enumerate() {
            let _ = writeln!(out, "      {} {line}", if number == 0 { "$" } else { " " });
        }
        let undo = undo(action, &one.facts);
        for (number, line) in undo
            .iter()
            .flat_map(|one| plain_action(one).lines().map(str::to_owned).collect::<Vec<_>>())
            .enumerate()
        {
            let _ = writeln!(out, "      {} {line}", if number == 0 { "undo:" } else { "     " });
        }
    }
    for line in fates(one) {
        let _ = writeln!(out, "  {line}");
    }
    let _ = writeln!(out, "  {}", restarts(&all, &one.pods));
    if one.layout.is_some() && all.iter().any(|action| leaves_something(action)) {
        let host = shell_words::quote(&one.host);
        let _ = writeln!(out, "  what it puts in place of others is taken back by: gangplank undo {host}");
    }
    let left = one.found.as_ref().map_or(0, |found| {
        found.causes.iter().filter(|cause| one.layout.is_some() && cause.problem.offers().is_none()).count()
    });
    if left > 0 {
        let _ = writeln!(out, "  it does not mend the other causes above: those are for you");
    }
}

/// What takes an action of a repair back. Only a kubelet takes its containers with it.
pub fn undo(action: &Action, facts: &Facts) -> Vec<Action> {
    let kubelet = matches!(action, Action::Service { unit, .. } if unit == "kubelet");
    let mut inverse = action.inverse(facts);
    inverse.retain(|one| kubelet || !matches!(one, Action::CleanPods { .. }));
    inverse
}

/// What becomes of its files, and what a repair keeps its hands off, a line each.
pub fn fates(one: &Examined) -> Vec<String> {
    let all = one.verdicts();
    let mut lines: Vec<String> = all
        .iter()
        .filter(|(_, verdict)| !verdict.is_kept())
        .map(|(path, verdict)| format!("{path}: {}", verdict.words()))
        .collect();
    let keys: Vec<&str> = all
        .iter()
        .filter(|(_, verdict)| verdict.is_left())
        .map(|(path, _)| path)
        .filter(|path| one.facts.key(path).yes().is_some())
        .map(String::as_str)
        .collect();
    let kept = all.values().filter(|verdict| verdict.is_kept()).count();
    if kept > 0 {
        let files = if kept == 1 { "1 other file" } else { &format!("{kept} other files") };
        let among = match keys.as_slice() {
            [] => String::new(),
            [one] => format!(", among them the key {one}"),
            all => format!(", among them the keys {}", all.join(", ")),
        };
        lines.push(format!(
            "not touched by that: {files} that were looked at{among}; nor what its pods keep there"
        ));
    }
    lines
}

/// So many pods are named.
const MOST_PODS: usize = 5;

/// What actions restart, and what of the pods is known to go on; `pods` are those that the API says are there.
pub fn restarts(actions: &[&Action], pods: &[String]) -> String {
    let mut restarted: Vec<&str> = actions
        .iter()
        .filter_map(|action| match action {
            Action::Service { verb: Verb::Restart | Verb::Start, unit } => Some(unit.as_str()),
            Action::RestartPod { container, .. } => Some(container.as_str()),
            _ => None,
        })
        .collect();
    restarted.dedup();
    // Containers belong to the runtime: only of the others it is known that they end none.
    let runtime = restarted.iter().any(|unit| !["kubelet", "kube-proxy"].contains(unit));
    match (restarted.is_empty(), runtime) {
        (true, _) => "none of this restarts anything".to_owned(),
        (false, false) => format!("restarted: {}; all other pods go on", restarted.join(", ")),
        (false, true) => {
            let more = pods.len().saturating_sub(MOST_PODS);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let named: Vec<String> = pods.iter().take(MOST_PODS).cloned().collect();
            let whose =
                if named.is_empty() { String::new() } else { format!(" of {}{more}", named.join(", ")) };
            format!(
                "restarted: {}; whether the containers{whose} go on meanwhile is for that unit to say: systemctl show -p KillMode",
                restarted.join(", ")
            )
        }
    }
}
