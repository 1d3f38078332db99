//! A crash or a lost connection after every single action: the next run goes on and comes to the same end.

use std::collections::BTreeMap;

use gangplank::engine::session::journal::left_open;
use gangplank::lab::Fault;
use gangplank::lab::setup::{FIRST_CLUSTER, FIRST_CLUSTER_PLAN};

use super::bench::{Bench, Ran};
use super::look::{assert_same_state, stale, state};

const ONE: &[&str] = &["w1"];

/// The end of a run that nobody disturbed, and how many actions it took on the worker itself.
fn undisturbed(plan: &str) -> (BTreeMap<String, String>, Vec<String>) {
    let bench = Bench::new(FIRST_CLUSTER, plan);
    let ran = bench.apply_only(ONE).done();
    // Signing is no action of the worker's own.
    let actions = ran.actions("w1").into_iter().filter(|title| !title.starts_with("sign ")).collect();
    (state(&bench), actions)
}

/// Breaks off at every action and runs again; `check` sees the first run.
fn break_off_everywhere(
    plan: &str,
    fault: impl Fn(usize) -> Fault,
    check: impl Fn(&Bench, &Ran, usize, &str),
) {
    let (wanted, actions) = undisturbed(plan);
    assert!(actions.len() >= 20, "{actions:?}");
    let mut broken = Vec::new();
    for (k, title) in actions.iter().enumerate() {
        let bench = Bench::new(FIRST_CLUSTER, plan);
        let fault = fault(k);
        bench.lab().fault("w1", fault.clone());
        let first = bench.apply_only(ONE);
        assert_eq!(first.code, 1, "{fault:?} at {title}");
        check(&bench, &first, k, title);
        bench.lab().revive();
        bench.lab().mend("w1");
        let second = bench.apply_only(ONE);
        let end = std::panic::catch_unwind(|| {
            assert_eq!(second.code, 0, "{}", second.trouble());
            assert_same_state(&state(&bench), &wanted, "after the second run");
        });
        if let Err(panic) = end {
            let why = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            broken.push(format!("{fault:?} at {title}: {why}"));
        }
    }
    assert!(broken.is_empty(), "{} of {}:\n{}", broken.len(), actions.len(), broken.join("\n"));
}

#[test]
fn killed_after_any_action_the_next_run_comes_to_the_same_end() {
    break_off_everywhere(FIRST_CLUSTER_PLAN, Fault::KillAfterAction, |bench, first, _, title| {
        let open = bench.left_open_had_it_died(&first.run);
        assert!(!open.contains(&("w1".to_owned(), title.to_owned())), "{title} had ended: {open:?}");
    });
}

#[test]
fn cut_off_after_any_action_the_next_run_comes_to_the_same_end() {
    break_off_everywhere(&without_dns(), Fault::CutAfterAction, names_the_unknown_action);
}

#[test]
fn cut_off_before_any_action_the_next_run_comes_to_the_same_end() {
    break_off_everywhere(&without_dns(), Fault::CutBeforeAction, names_the_unknown_action);
}

/// A lost connection to a worker is nothing to the cluster's own steps, and without them it goes faster.
fn without_dns() -> String {
    FIRST_CLUSTER_PLAN.replace("deploy: coredns", "deploy: none")
}

fn names_the_unknown_action(bench: &Bench, first: &Ran, _: usize, title: &str) {
    let problems = first.problems("w1");
    assert_eq!(first.codes("w1"), ["E-SSH-17"], "{title}");
    let said = format!("unknown whether this finished: {title}");
    assert!(problems[0].evidence.contains(&said), "{title}: {:?}", problems[0].evidence);
    let open = bench.left_open_had_it_died(&first.run);
    assert_eq!(open.first(), Some(&("w1".to_owned(), title.to_owned())), "the journal");
}

#[test]
fn cut_off_between_an_input_and_the_restart_the_next_run_still_restarts() {
    let mut broken = Vec::new();
    for (before, after) in [super::change::two_plans(), super::change::two_domains()] {
        for k in 0..2 {
            let mut bench = Bench::new(FIRST_CLUSTER, &before);
            bench.apply_only(ONE).done();
            bench.replan(&after);
            bench.lab().fault("w1", Fault::CutAfterAction(k));
            let cut = bench.apply_only(ONE);
            assert_eq!(cut.code, 1);
            let second = bench.apply_only(ONE).done();
            let unread = bench.lab().machine("w1", |machine| stale(machine)).unwrap();
            if !unread.is_empty() {
                let (cut, second) = (cut.actions("w1"), second.outcomes("w1"));
                broken.push(format!("after {cut:?} the kubelet has not read {unread:?}: {second:?}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_journal_names_the_unknown_action_although_the_run_came_to_its_end() {
    let bench = Bench::first();
    bench.lab().fault("w1", Fault::CutAfterAction(4));
    let ran = bench.apply_only(ONE);
    let cut = ran.actions("w1").pop().unwrap();
    assert_eq!(left_open(&bench.session()), [("w1".to_owned(), cut)]);
}

#[test]
fn a_run_that_ended_well_leaves_nothing_open() {
    let bench = Bench::first();
    bench.apply_only(ONE).done();
    assert_eq!(left_open(&bench.session()), []);
}

/// A worker that has joined and has five things wrong with it.
fn ill() -> Bench {
    let bench = Bench::first();
    bench.apply_only(ONE).done();
    bench.lab().machine("w1", |machine| {
        machine.files.remove("/etc/kubernetes/ssl/worker.crt");
        machine.files.remove("/etc/kubernetes/worker-kubeconfig.yaml");
        machine.files.remove("/etc/kubernetes/manifests/kube-proxy.yaml");
        for (path, file) in &mut machine.files {
            if path.ends_with("/worker.key") {
                "644".clone_into(&mut file.mode);
            }
        }
    });
    bench.lab().fault("w1", Fault::KubeletStopped);
    bench
}

/// Breaks a repair off at every action and repairs again.
fn break_off_a_repair(fault: impl Fn(usize) -> Fault) {
    let bench = ill();
    let whole = bench.mend("w1").done();
    let wanted = state(&bench);
    let own = |ran: &Ran| ran.actions("w1").into_iter().filter(|title| !title.starts_with("sign ")).collect();
    let actions: Vec<String> = own(&whole);
    assert!(actions.len() >= 6, "{actions:?}");
    let mut broken = Vec::new();
    for (k, title) in actions.iter().enumerate() {
        let bench = ill();
        bench.lab().fault("w1", fault(k));
        let first = bench.mend("w1");
        assert_ne!(first.code, 0, "{k} at {title}");
        bench.lab().revive();
        let second = bench.mend("w1");
        let end = std::panic::catch_unwind(|| {
            assert_eq!(second.code, 0, "{}", second.trouble());
            assert_same_state(&state(&bench), &wanted, "after the second repair");
            assert!(bench.examine(ONE)[0].healthy(), "{:?}", bench.examine(ONE)[0].found);
        });
        if let Err(panic) = end {
            let why = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            broken.push(format!("{k} at {title}: {why}"));
        }
        // Nothing is done twice that was done: what the first carried out to its end is not in the second.
        let again: Vec<String> = own(&second);
        let done = actions.iter().take(k).filter(|title| title.starts_with("write "));
        broken.extend(done.filter(|title| again.contains(title)).map(|title| format!("{k}: again {title}")));
    }
    assert!(broken.is_empty(), "{} of {}:\n{}", broken.len(), actions.len(), broken.join("\n"));
}

#[test]
fn a_repair_killed_after_any_action_is_finished_by_the_next() {
    break_off_a_repair(Fault::KillAfterAction);
}

#[test]
fn a_repair_cut_off_around_any_action_is_finished_by_the_next() {
    break_off_a_repair(Fault::CutAfterAction);
    break_off_a_repair(Fault::CutBeforeAction);
}
