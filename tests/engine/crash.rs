//! A crash or a lost connection after every single action: the next run goes on and comes to the same end.

use std::collections::BTreeMap;

use gangplank::engine::session::journal::left_open;
use gangplank::host::Stop;
use gangplank::lab::Fault;
use gangplank::lab::setup::{FIRST_CLUSTER, FIRST_CLUSTER_PLAN};

use super::bench::{Bench, How, Ran, how};
use super::killed::{Seen, action, killed};
use super::look::{assert_as_before, assert_same_state, pictures, stale, state};
use super::scripted::{By, Of, SCRIPTED, Scripted, own};
use super::traces::{assert_nothing_half, issued, new_ones, open_keys, signatures, taken_back};

const ONE: &[&str] = &["w1"];

/// The end of a run that nobody disturbed, what undo would take back of it, and its actions on the worker itself.
fn undisturbed(plan: &str) -> (BTreeMap<String, String>, BTreeMap<String, String>, Vec<String>) {
    let bench = Bench::new(FIRST_CLUSTER, plan);
    let ran = bench.apply_only(ONE).done();
    // Signing is no action of the worker's own.
    let actions = ran.actions("w1").into_iter().filter(|title| !title.starts_with("sign ")).collect();
    (state(&bench), taken_back(&bench), actions)
}

/// Breaks off at every action and runs again; `check` sees the first run.
fn break_off_everywhere(
    plan: &str,
    fault: impl Fn(usize) -> Fault,
    check: impl Fn(&Bench, &Ran, usize, &str),
) {
    let (wanted, record, actions) = undisturbed(plan);
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
            assert_same_state(&taken_back(&bench), &record, "what undo would take back");
            assert_nothing_half(&bench, &[], "after the second run");
        });
        if let Err(panic) = end {
            broken.push(format!("{fault:?} at {title}: {}", why(panic.as_ref())));
        }
    }
    assert!(broken.is_empty(), "{} of {}:\n{}", broken.len(), actions.len(), broken.join("\n"));
}

#[test]
fn killed_after_any_action_of_any_place_the_next_run_comes_to_the_same_end() {
    let whole = Bench::first();
    let ran = whole.apply_only(ONE).done();
    let (wanted, record, signed) = (state(&whole), taken_back(&whole), signatures(&ran));
    let mut broken = Vec::new();
    for after in 0.. {
        let bench = Bench::first();
        let before = pictures(&bench);
        let apply = |seen: Seen| {
            let only = vec!["w1".to_owned()];
            bench.apply_with(&How { only, seen, ..how(&Stop::default()) })
        };
        let (first, Some(title)) = killed(&bench, after, &action, &apply) else {
            assert!(after >= 30, "only {after} actions");
            break;
        };
        let end = std::panic::catch_unwind(|| {
            assert_eq!(first.code, 1, "{}", first.trouble());
            let open = left_open(&bench.session());
            assert!(!open.iter().any(|(at, one)| title == format!("{at}: {one}")), "it had ended: {open:?}");
            assert_nothing_half(&bench, &[], "after the first run");
            let there = issued(&bench);
            let second = bench.apply_only(ONE);
            assert_eq!(second.code, 0, "{}", second.trouble());
            assert_same_state(&state(&bench), &wanted, "after the second run");
            assert_same_state(&taken_back(&bench), &record, "what undo would take back");
            assert_nothing_half(&bench, &[], "after the second run");
            // A certificate that was in place stays; one that was signed and never put anywhere is signed again.
            let now = issued(&bench);
            assert!(there.iter().all(|(at, bytes)| now.get(at) == Some(bytes)), "signed twice");
            assert_eq!(signatures(&second), signed - there.len());
            let undone = bench.undo();
            assert_eq!(undone.code, 0, "{}", undone.trouble());
            assert_as_before(&bench, &before, "after undo");
        });
        if let Err(panic) = end {
            broken.push(format!("{after}, after {title}: {}", why(panic.as_ref())));
        }
    }
    assert!(broken.is_empty(), "{}:\n{}", broken.len(), broken.join("\n"));
}

/// What a panic said.
fn why(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
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

/// A worker with something wrong, and its repairs.
struct Ill<'i> {
    bench: Bench,
    worker: String,
    _lab: Option<gangplank::engine::demo::DemoLab>,
    name: &'i str,
}

impl Ill<'_> {
    fn mend(&self, seen: Seen) -> Ran {
        let only = vec![self.worker.clone()];
        self.bench.mend_with(&How { only, seen, ..how(&Stop::default()) }, None)
    }
}

/// Breaks a repair off after every action, in every way, and repairs again.
fn break_off_a_repair(ill: &dyn Fn() -> Ill<'static>) -> Vec<String> {
    let whole = ill();
    let before = issued(&whole.bench);
    let ran = whole.mend(&|_| {}).done();
    let (wanted, record) = (state(&whole.bench), taken_back(&whole.bench));
    let (signed, actions) = (signatures(&ran), own(&ran, &whole.worker));
    assert_eq!(signed, new_ones(&whole.bench, &before), "one signature for each certificate");
    assert!(!actions.is_empty(), "{}", whole.name);
    let mut broken = Vec::new();
    let mut one = |about: String, breaks: &dyn Fn(&Ill) -> Option<Ran>| {
        let ill = ill();
        let (before, open) = (issued(&ill.bench), open_keys(&ill.bench));
        let Some(first) = breaks(&ill) else { return false };
        let bench = &ill.bench;
        let end = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            assert_ne!(first.code, 0);
            assert_nothing_half(bench, &open, "after the first repair");
            let (there, new) = (issued(bench), new_ones(bench, &before));
            let second = ill.mend(&|_| {});
            assert_eq!(second.code, 0, "{}", second.trouble());
            assert_same_state(&state(bench), &wanted, "after the second repair");
            assert_same_state(&taken_back(bench), &record, "what undo would take back");
            assert_nothing_half(bench, &[], "after the second repair");
            assert!(
                bench.examine(&[&ill.worker])[0].healthy(),
                "{:?}",
                bench.examine(&[&ill.worker])[0].found
            );
            // One that was signed and never put anywhere is signed again, and no other.
            assert_eq!(signatures(&second), signed - new, "signatures");
            let now = issued(bench);
            let fresh = there.iter().filter(|(at, bytes)| before.get(*at) != Some(*bytes));
            assert!(fresh.into_iter().all(|(at, bytes)| now.get(at) == Some(bytes)), "signed twice");
        }));
        if let Err(panic) = end {
            broken.push(format!("{}, {about}: {}", whole.name, why(panic.as_ref())));
        }
        true
    };
    for after in 0.. {
        let kill = |ill: &Ill| {
            let (ran, at) = killed(&ill.bench, after, &action, &|seen| ill.mend(seen));
            at.map(|_| ran)
        };
        if !one(format!("killed after {after}"), &kill) {
            assert!(after >= actions.len(), "{}: only {after} kills", whole.name);
            break;
        }
    }
    for (k, title) in actions.iter().enumerate() {
        for fault in [Fault::CutAfterAction(k), Fault::CutBeforeAction(k)] {
            one(format!("{fault:?} {title}"), &|ill: &Ill| {
                ill.bench.lab().fault(&ill.worker, fault.clone());
                Some(ill.mend(&|_| {}))
            });
        }
    }
    broken
}

#[test]
fn a_repair_of_five_faults_broken_off_after_any_action_is_finished_by_the_next() {
    let five = || Ill { bench: ill(), worker: "w1".to_owned(), _lab: None, name: "five at once" };
    let broken = break_off_a_repair(&five);
    assert!(broken.is_empty(), "{}:\n{}", broken.len(), broken.join("\n"));
}

/// The rows are shared by threads: each lab is one of its own.
fn break_off_every_repair(of: Of) {
    let mut broken = Vec::new();
    let rows: Vec<&'static Scripted> =
        SCRIPTED.iter().filter(|row| row.of == of && matches!(row.by, By::Repair)).collect();
    std::thread::scope(|scope| {
        let (front, back) = rows.split_at(rows.len() / 2);
        let halves = [front, back].map(|rows| {
            scope.spawn(move || {
                let of = |row: &'static Scripted| {
                    break_off_a_repair(&|| {
                        let (lab, bench, worker) = row.aboard();
                        (row.made)(&bench, &worker);
                        Ill { bench, worker, _lab: lab, name: row.name }
                    })
                };
                rows.iter().flat_map(|row| of(row)).collect::<Vec<_>>()
            })
        });
        broken.extend(halves.into_iter().flat_map(|half| half.join().unwrap()));
    });
    assert!(broken.is_empty(), "{}:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn the_repair_of_each_fault_with_docker_broken_off_after_any_action_is_finished_by_the_next() {
    break_off_every_repair(Of::Docker);
}

#[test]
fn the_repair_of_each_fault_with_containerd_broken_off_after_any_action_is_finished_by_the_next() {
    break_off_every_repair(Of::Containerd);
}
