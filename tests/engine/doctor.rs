//! The doctor and the repair over the scripted lab: faults that are hard to make for real too.

use gangplank::engine::doctor::Examined;
use gangplank::engine::undo::UndoScope;
use gangplank::host::Stop;
use gangplank::lab::Fault;
use gangplank::plan::code::ProblemCode;

use super::bench::{Bench, how};
use super::demo::open;

fn codes(examined: &Examined) -> Vec<ProblemCode> {
    examined.found.as_ref().unwrap().causes.iter().map(|cause| cause.problem.code).collect()
}

fn follows(examined: &Examined) -> Vec<ProblemCode> {
    let causes = &examined.found.as_ref().unwrap().causes;
    causes.iter().flat_map(|cause| cause.follows.iter().map(|problem| problem.code)).collect()
}

fn aboard() -> Bench {
    let bench = Bench::first();
    bench.apply().done();
    bench
}

#[test]
fn workers_that_are_well_are_called_healthy_with_what_was_looked_at() {
    let bench = aboard();
    let all = bench.examine(&[]);
    assert_eq!(all.len(), 3);
    for one in &all {
        assert!(one.healthy(), "{:?}", one.found);
        let well = one.found.as_ref().unwrap().well.join("\n");
        for part in ["Keys and requests: ", "Enable and start: enabled, active", "node Ready"] {
            assert!(well.contains(part), "no {part}: {well}");
        }
    }
    // Where there is a tool that asks.
    let first = &all[0].found.as_ref().unwrap();
    assert!(first.well.iter().any(|line| line.starts_with("cluster DNS: 10.")), "{first:?}");
    let (_lab, bench) = open("current");
    bench.apply().done();
    assert!(bench.examine(&[]).iter().all(Examined::healthy), "{:?}", bench.examine(&[])[0].found);
}

#[test]
fn a_blank_worker_is_not_called_healthy() {
    let bench = Bench::first();
    let all = bench.examine(&["w1"]);
    assert!(!all[0].healthy());
    assert_eq!(codes(&all[0]), [ProblemCode::Step02], "that it is no worker yet, and nothing else");
}

/// A worker that somebody else set up, as far as the machine tells.
#[test]
fn files_of_others_are_not_judged_and_what_is_wrong_with_their_kubelet_is() {
    let bench = aboard();
    bench.lab().machine("w1", |machine| {
        machine.files.retain(|path, _| !path.ends_with("/record.jsonl"));
        machine.files.remove("/etc/kubernetes/worker-kubeconfig.yaml");
    });
    let all = bench.examine(&["w1"]);
    assert!(codes(&all[0]).is_empty(), "{:?}", codes(&all[0]));
    let unknown = &all[0].found.as_ref().unwrap().unknown;
    assert_eq!((unknown.len(), all[0].healthy()), (1, false), "{unknown:?}");
    bench.lab().fault("w1", Fault::KubeletStopped);
    assert_eq!(codes(&bench.examine(&["w1"])[0]), [ProblemCode::Kubelet08]);
}

#[test]
fn each_fault_is_named_first_and_nothing_that_follows_from_it_is_a_cause() {
    for (fault, first) in [
        (Fault::KubeletStopped, ProblemCode::Kubelet08),
        (Fault::RuntimeDown, ProblemCode::Docker01),
        (Fault::RuntimeFrozen, ProblemCode::Docker02),
        (Fault::NoRoute, ProblemCode::Api24),
        (Fault::KubeletMissing, ProblemCode::Kubelet01),
        (Fault::ClockOff(3_600_000), ProblemCode::Clock01),
    ] {
        let bench = aboard();
        bench.lab().fault("w1", fault.clone());
        bench.lab().advance(std::time::Duration::from_secs(120));
        let all = bench.examine(&["w1"]);
        assert_eq!(codes(&all[0]), [first], "{fault:?}: {:#?}", all[0].found);
    }
}

#[test]
fn what_comes_from_a_cause_stands_below_it() {
    let bench = aboard();
    bench.lab().fault("w1", Fault::RuntimeDown);
    bench.lab().advance(std::time::Duration::from_secs(300));
    let all = bench.examine(&["w1"]);
    assert_eq!(codes(&all[0]), [ProblemCode::Docker01]);
    assert!(follows(&all[0]).contains(&ProblemCode::Node04), "{:#?}", all[0].found);
}

#[test]
fn of_two_causes_the_one_to_mend_first_is_first_and_the_other_is_named() {
    let bench = aboard();
    bench.lab().fault("w1", Fault::RuntimeDown);
    bench.lab().machine("w1", |machine| {
        machine.files.remove("/etc/kubernetes/worker-kubeconfig.yaml");
    });
    assert_eq!(codes(&bench.examine(&["w1"])[0]), [ProblemCode::Docker01, ProblemCode::File05]);
}

#[test]
fn without_its_file_of_name_servers_a_kubelet_makes_no_pods_and_an_empty_one_is_to_know() {
    let bench = aboard();
    let machine = |text: Option<&[u8]>| {
        bench.lab().machine("w1", |machine| match text {
            Some(text) => machine.write("/etc/resolv.conf", text, "644", "root:root"),
            None => drop(machine.files.remove("/etc/resolv.conf")),
        });
        bench.examine(&["w1"]).remove(0)
    };
    assert_eq!(codes(&machine(None)), [ProblemCode::Name03]);
    for (text, word) in [("search example\n", "names no name server"), ("nameserver 127.0.0.53\n", "alone")] {
        let seen = machine(Some(text.as_bytes()));
        let notes = &seen.found.as_ref().unwrap().notes;
        assert!(seen.healthy() && notes.iter().any(|note| note.contains(word)), "{:?}", seen.found);
    }
}

#[test]
fn a_worker_that_cannot_be_reached_does_not_hide_the_others() {
    let bench = aboard();
    bench.lab().fault("w2", Fault::Unreachable);
    let all = bench.examine(&[]);
    assert_eq!(all.iter().map(Examined::healthy).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(all[1].found.as_ref().unwrap_err().code, ProblemCode::Ssh01);
}

#[test]
fn certificates_are_listed_by_their_end_and_those_within_a_time_are_issued_anew() {
    let bench = aboard();
    bench.lab().advance(std::time::Duration::from_secs(3600));
    let all = bench.certificates();
    let ends: Vec<_> = all.iter().map(|one| one.life.as_ref().unwrap().end).collect();
    assert!(ends.is_sorted(), "{all:?}");
    let ca = all.iter().filter(|one| one.life.as_ref().unwrap().ca).collect::<Vec<_>>();
    assert_eq!((ca.len(), ca[0].places.len()), (1, 3), "the CA's own is listed once");
    assert_eq!(all.len(), 1 + 1 + 3 * 2, "of the admin, the CA, and two of each worker");
    // A day before their end is soon for nobody, and half an hour of their life was an hour ago.
    let day = jiff::SignedDuration::from_hours(24);
    assert_eq!(bench.renew("w1", day).actions("w1"), Vec::<String>::new());
    let almost = jiff::SignedDuration::from_hours(24 * 365) - jiff::SignedDuration::from_mins(30);
    let ran = bench.renew("w1", almost);
    assert_eq!(ran.code, 0);
    assert!(ran.actions("w1").iter().any(|action| action == "write /etc/kubernetes/ssl/worker.crt"));
    assert!(
        !ran.actions("w1").iter().any(|action| action.starts_with("make key")),
        "{:?}",
        ran.actions("w1")
    );
    assert_eq!(bench.renew("w1", almost).actions("w1"), Vec::<String>::new());
}

#[test]
fn a_repair_does_what_its_causes_need_and_leaves_a_healthy_worker() {
    let bench = aboard();
    bench.lab().fault("w1", Fault::KubeletStopped);
    bench.lab().machine("w1", |machine| {
        machine.files.remove("/etc/kubernetes/worker-kubeconfig.yaml");
    });
    let ran = bench.mend("w1");
    assert_eq!(ran.code, 0, "{:?}", ran.actions("w1"));
    assert_eq!(
        ran.actions("w1"),
        ["write /etc/kubernetes/worker-kubeconfig.yaml", "systemctl restart kubelet"]
    );
    // What the API said before the restart proves nothing.
    assert!(ran.outcomes("w1").contains(&("ready".to_owned(), "proven")), "{:?}", ran.outcomes("w1"));
    assert!(bench.examine(&["w1"])[0].healthy());
    // It is one run, and undo takes it back.
    let (undone, _) = bench.undo_run(&UndoScope::LastRun, &how(&Stop::default()));
    assert_eq!(undone.code, 0);
    assert!(codes(&bench.examine(&["w1"])[0]).contains(&ProblemCode::File05));
}

#[test]
fn a_frozen_kubelet_is_a_cause_of_its_own_beside_an_api_that_is_cut_off() {
    let bench = aboard();
    bench.lab().fault("w1", Fault::NoRoute);
    bench.lab().fault("w1", Fault::KubeletStopped);
    let all = bench.examine(&["w1"]);
    assert_eq!(codes(&all[0]), [ProblemCode::Api24, ProblemCode::Kubelet08]);
    assert!(!all[0].actions.is_empty());
    // Where a step is in the way a run refuses all, so nothing of the others is promised.
    bench.lab().fault("w1", Fault::KubeletMissing);
    assert!(bench.examine(&["w1"])[0].actions.is_empty());
}
