//! The person stops a run: exit 3, and the next run finishes.

use std::sync::atomic::{AtomicBool, Ordering};

use gangplank::engine::{Event, Stamped};
use gangplank::host::Stop;

use super::bench::{ALL, Bench, How, Ran, how};
use super::look::{assert_same_state, state};

#[derive(Debug, Clone, Copy, PartialEq)]
enum When {
    /// Its first action begins, or the step itself where it has none.
    Begins,
    /// It is over.
    Ends,
}

/// Presses so often when a step begins or ends anywhere.
fn stopped_at(bench: &Bench, only: &[&str], step: &str, when: When, presses: usize) -> Ran {
    let (wish, done) = (Stop::default(), AtomicBool::new(false));
    let press = |one: &Stamped| {
        let now = match one.event {
            Event::ActionStarted { .. } => when == When::Begins,
            Event::TaskStarted => when == When::Begins && PROOFS.contains(&step),
            Event::TaskEnded { .. } => when == When::Ends,
            _ => false,
        };
        if now && one.step.is_some_and(|id| id.0 == step) && !done.swap(true, Ordering::SeqCst) {
            (0..presses).for_each(|_| wish.press());
        }
    };
    let only = only.iter().map(|name| (*name).to_owned()).collect();
    let ran = bench.apply_with(&How { seen: &press, only, ..how(&wish) });
    assert!(done.load(Ordering::SeqCst), "{step} was reached");
    ran
}

const WORK: [&str; 7] = ["images", "keys", "certificates", "kubeconfigs", "kubelet", "kube-proxy", "start"];
const PROOFS: [&str; 4] = ["containers", "ready", "dns-pods", "dns-lookup"];

/// One worker, so that the moment is always the same.
fn stop_everywhere(steps: &[&str], when: When, presses: usize) {
    let wanted = {
        let bench = Bench::first();
        bench.apply_only(&["w1"]).done();
        state(&bench)
    };
    let mut broken = Vec::new();
    for step in steps {
        let bench = Bench::first();
        let ran = stopped_at(&bench, &["w1"], step, when, presses);
        if ran.code != 3 {
            broken.push(format!("{when:?} {step}: exit {}\n{}", ran.code, ran.trouble()));
        }
        let again = bench.apply_only(&["w1"]);
        if again.code != 0 {
            broken.push(format!("{when:?} {step}, the next run: exit {}\n{}", again.code, again.trouble()));
            continue;
        }
        assert_same_state(&state(&bench), &wanted, step);
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn pressed_when_any_work_begins_the_run_stops_and_the_next_one_finishes() {
    stop_everywhere(&WORK, When::Begins, 1);
    stop_everywhere(&["sign", "dns"], When::Begins, 1);
}

#[test]
fn pressed_when_any_proof_begins_the_run_stops_and_the_next_one_finishes() {
    stop_everywhere(&PROOFS, When::Begins, 1);
}

#[test]
fn pressed_twice_the_run_stops_and_the_next_one_finishes() {
    stop_everywhere(&["images", "keys", "sign", "start", "ready", "dns-pods"], When::Begins, 2);
}

#[test]
fn pressed_when_any_work_ends_the_run_stops_and_the_next_one_finishes() {
    stop_everywhere(&WORK, When::Ends, 1);
}

#[test]
fn pressed_before_it_begins_a_run_stops_and_changes_nothing() {
    let bench = Bench::first();
    let before = super::look::pictures(&bench);
    let stop = Stop::default();
    stop.press();
    let ran = bench.apply_with(&how(&stop));
    assert_eq!(ran.code, 3, "{}", ran.trouble());
    assert!(super::look::pictures(&bench) == before);
    bench.apply().done();
}

#[test]
fn a_stopped_step_says_so_and_no_place_calls_it_a_problem() {
    let bench = Bench::first();
    let ran = stopped_at(&bench, &[], "kubelet", When::Begins, 1);
    assert_eq!(ran.code, 3, "{}", ran.trouble());
    for worker in ALL {
        assert_ne!(ran.end(worker), "problem", "{worker}: {}", ran.trouble());
    }
    assert!(ALL.iter().any(|worker| ran.end(worker) == "stopped"));
}
