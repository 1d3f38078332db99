//! What the summary of a repair says: what was wrong and by what that was seen, what was changed, how it is now, and when.

use std::sync::Mutex;

use gangplank::engine::doctor::Examined;
use gangplank::engine::{Engine, Event, Front, Journal, RunOptions, Session, Stamped};
use gangplank::host::Stop;
use gangplank::lab::Fault;
use gangplank::plan::place::Place;
use gangplank::ui::output::incident::{Incident, Remembering, ending, markdown};
use jiff::Timestamp;

use super::bench::Bench;

const KEY: &str = "/etc/kubernetes/ssl/worker.key";
const KUBECONFIG: &str = "/etc/kubernetes/worker-kubeconfig.yaml";

/// Shows each event to the test.
struct Shown<'s>(&'s (dyn Fn(&Stamped) + Sync), Mutex<usize>);

impl Front for Shown<'_> {
    fn emit(&self, event: &Stamped) {
        *self.1.lock().unwrap() += 1;
        (self.0)(event);
    }
}

fn ill() -> Bench {
    let bench = Bench::first();
    bench.apply_only(&["w1"]).done();
    bench.lab().machine("w1", |machine| {
        machine.files.remove(KUBECONFIG).unwrap();
        "644".clone_into(&mut machine.files.get_mut(KEY).unwrap().mode);
    });
    bench
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_435_200 + second).unwrap()
}

/// A repair of w1 as the command makes it, and its summary.
fn summary(bench: &Bench, seen: &(dyn Fn(&Stamped) + Sync)) -> (u8, String) {
    let state = tempfile::tempdir().unwrap();
    let session = Session::open(state.path(), &bench.plan, &bench.text).unwrap();
    let (shown, stop) = (Shown(seen, Mutex::default()), Stop::default());
    let front = Remembering::over(&shown);
    let options = RunOptions {
        session: Some(&session),
        journal: Journal::open(&session.folder, "mend").unwrap(),
        only: vec!["w1".to_owned()],
        ..RunOptions::new("mend", &stop)
    };
    let engine = Engine::new(&bench.plan, &bench.world, &front, options);
    let look = || -> Option<Examined> { engine.examine().ok()?.pop() };
    let before = look().unwrap();
    let code = engine.mend_drained(before.clone(), None);
    let (changed, troubles) = front.remembered();
    assert!(*shown.1.lock().unwrap() > changed.len(), "it is shown too");
    let well = engine.ended_well(&Place::Worker("w1".to_owned()));
    let after = look();
    let text = markdown(&Incident {
        cluster: "first",
        before: &before,
        seen_at: at(0),
        began: at(60),
        ended: at(102),
        changed: &changed,
        end: &ending("w1", code, well, &troubles),
        troubles: &troubles.iter().map(|(_, problem)| problem).collect::<Vec<_>>(),
        after: after.as_ref(),
    });
    (code.number(), text)
}

/// The text between two headings.
fn part<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let (_, rest) = text.split_once(from).unwrap_or_else(|| panic!("no {from}:\n{text}"));
    rest.split_once(to).map_or(rest, |(part, _)| part)
}

#[test]
fn the_summary_of_a_repair_has_what_was_wrong_by_what_what_was_changed_how_it_is_now_and_when() {
    let bench = ill();
    let (code, text) = summary(&bench, &|_| {});
    assert_eq!(code, 0, "{text}");
    let head = part(&text, "# Incident: w1, cluster first\n", "## What was wrong");
    for line in [
        "| worker | w1 (",
        "| looked at | 2026-11-23 12:00:00 UTC |",
        "| repair began | 2026-11-23 12:01:00 UTC |",
        "| repair ended | 2026-11-23 12:01:42 UTC, after 42 s |",
        "| end | w1 is repaired: the API has heard of its kubelet since, and says Ready. |",
    ] {
        assert!(head.contains(line), "{line}:\n{text}");
    }
    let wrong = part(&text, "## What was wrong\n", "## What was changed");
    let causes: Vec<&str> = wrong.lines().filter(|line| line.starts_with("- **E-")).collect();
    assert!(causes.len() >= 2, "{wrong}");
    assert!(wrong.contains("  - ") && wrong.contains("worker.key") && wrong.contains("644"), "{wrong}");
    assert!(wrong.contains("worker-kubeconfig.yaml"), "{wrong}");
    let changed = part(&text, "## What was changed\n", "## Afterwards");
    let lines: Vec<&str> = changed.lines().filter(|line| !line.is_empty()).collect();
    assert!(lines[0].starts_with("1. w1: "), "{changed}");
    for file in ["worker.key", "worker-kubeconfig.yaml"] {
        assert!(lines.iter().any(|line| line.contains(file)), "{file}: {changed}");
    }
    assert!(!changed.contains("stood in its way"), "{changed}");
    let after = part(&text, "## Afterwards\n", "## ");
    assert!(after.contains("Nothing is wrong with it. This was looked at:\n\n- "), "{after}");
}

#[test]
fn a_repair_that_a_lost_machine_ends_is_not_called_one() {
    let bench = ill();
    bench.lab().fault("w1", Fault::CutAfterAction(0));
    let (code, text) = summary(&bench, &|_| {});
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("| end | w1 is not repaired; what was done stays. |"), "{text}");
    let changed = part(&text, "## What was changed\n", "## Afterwards");
    assert!(changed.contains("What stood in its way:\n\n- **E-SSH-17**"), "{changed}");
    assert!(changed.contains("unknown whether this finished"), "{changed}");
    assert!(part(&text, "## Afterwards\n", "## ").contains("- **E-"), "{text}");
}

#[test]
fn a_repair_that_the_ca_keeps_away_from_the_worker_is_not_called_one() {
    let bench = ill();
    let gone = |one: &Stamped| {
        if matches!(one.event, Event::ActionEnded { .. }) {
            bench.lab().fault("root-ca-host", Fault::Unreachable);
        }
    };
    let (code, text) = summary(&bench, &gone);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("| end | w1 is not repaired; what was done stays. |"), "{text}");
}
