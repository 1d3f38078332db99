//! Undo: every machine as it was, except for what somebody changed after us, which is named.

use gangplank::engine::Event;
use gangplank::host::Stop;
use gangplank::lab::setup::{FIRST_CLUSTER, FIRST_CLUSTER_PLAN};
use gangplank::lab::{Fault, HERE};

use super::bench::{ALL, Bench, How, Ran, how};
use super::change::two_plans;
use super::look::{assert_as_before, pictures};

fn dns(bench: &Bench) -> Vec<String> {
    bench.lab().cluster_state(|cluster| {
        cluster.objects.keys().filter(|path| path.contains("dns")).cloned().collect()
    })
}

fn said(ran: &Ran, place: &str) -> Vec<String> {
    let line = |one: &gangplank::engine::Stamped| match &one.event {
        Event::Output { line, .. } => Some(line.clone()),
        _ => None,
    };
    ran.at(place).filter_map(line).collect()
}

#[test]
fn undo_after_one_run_leaves_everything_as_it_was() {
    let bench = Bench::first();
    let before = pictures(&bench);
    bench.apply().done();
    let ran = bench.undo();
    assert_eq!(ran.code, 0, "{}", ran.trouble());
    assert_as_before(&bench, &before, "after undo");
    assert_eq!(bench.lab().cluster_state(|cluster| cluster.node_names()), Vec::<String>::new());
    assert_eq!(dns(&bench), Vec::<String>::new());
}

#[test]
fn undo_after_three_plans_leaves_everything_as_it_was() {
    let (a, b) = two_plans();
    let mut bench = Bench::new(FIRST_CLUSTER, &a);
    let before = pictures(&bench);
    for plan in [&a, &b, &a, &FIRST_CLUSTER_PLAN.to_owned()] {
        bench.replan(plan);
        bench.apply().done();
    }
    let ran = bench.undo();
    assert_eq!(ran.code, 0, "{}", ran.trouble());
    assert_as_before(&bench, &before, "after undo");
    assert_eq!(bench.lab().cluster_state(|cluster| cluster.node_names()), Vec::<String>::new());
    assert_eq!(dns(&bench), Vec::<String>::new());
}

#[test]
fn undone_workers_come_aboard_again_and_a_second_undo_finds_nothing() {
    let bench = Bench::first();
    let before = pictures(&bench);
    bench.apply().done();
    assert_eq!(bench.undo().code, 0);
    let again = bench.undo();
    assert_eq!(again.code, 0, "{}", again.trouble());
    for worker in ALL {
        assert_eq!(again.outcomes(worker), [("undo".to_owned(), "same")]);
    }
    bench.apply().done();
    assert_eq!(bench.undo().code, 0);
    assert_as_before(&bench, &before, "after undo");
}

#[test]
fn undo_after_a_run_that_was_cut_off_leaves_everything_as_it_was() {
    for k in [0, 3, 9, 14, 19] {
        let bench = Bench::first();
        let before = pictures(&bench);
        bench.lab().fault("w1", Fault::CutAfterAction(k));
        assert_eq!(bench.apply().code, 1);
        bench.lab().mend("w1");
        let ran = bench.undo();
        assert_eq!(ran.code, 0, "{k}: {}", ran.trouble());
        assert_as_before(&bench, &before, "after undo");
    }
}

#[test]
fn a_file_somebody_changed_after_us_is_left_alone_and_named() {
    let bench = Bench::first();
    bench.apply().done();
    let path = "/var/lib/kubelet/config.yaml";
    let theirs = b"# mine now\n";
    bench.lab().machine("w2", |machine| machine.write(path, theirs, "644", "root:root"));
    let ran = bench.undo();
    assert_eq!(ran.code, 0, "{}", ran.trouble());
    let named = said(&ran, "w2");
    assert!(named.contains(&format!("{path} is no longer what gangplank wrote: left alone")), "{named:?}");
    bench.lab().machine("w2", |machine| {
        assert_eq!(machine.files[path].bytes, theirs);
        let left: Vec<&String> =
            machine.files.keys().filter(|path| path.starts_with("/etc/kubernetes")).collect();
        assert_eq!(left, Vec::<&String>::new());
    });
    assert_eq!(said(&ran, "w1"), Vec::<String>::new());
}

#[test]
fn an_existing_kubeconfig_is_merged_into_and_comes_back_on_undo() {
    let old = "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\ncurrent-context: mine\n";
    let plan = format!("{FIRST_CLUSTER_PLAN}\nkubectl: {{merge: true}}\n");
    let bench = Bench::new(FIRST_CLUSTER, &plan);
    bench.lab().machine(HERE, |here| here.write("/home/op/.kube/config", old.as_bytes(), "600", "-"));
    let before = pictures(&bench);
    bench.apply().done();
    let second = bench.apply().done();
    assert_eq!(second.end("here"), "same", "{:?}", second.actions("here"));
    let text = bench.lab().read_here("/home/op/.kube/config").unwrap();
    assert!(String::from_utf8_lossy(&text).contains("current-context: mine"));
    let ran = bench.undo();
    assert_eq!(ran.code, 0, "{}", ran.trouble());
    assert_as_before(&bench, &before, "after undo");
}

#[test]
fn a_kubelet_that_was_there_before_gets_its_files_back_and_runs_again() {
    // A unit of somebody else's that runs; the operator says replace.
    let plan = FIRST_CLUSTER_PLAN.replace("address:", "replace: true, address:");
    // Without DNS: the first run made it, and undo would rightly take its containers away.
    let plan = plan.replace("deploy: coredns", "deploy: none");
    let bench = Bench::new(FIRST_CLUSTER, &plan);
    bench.apply().done();
    // Ours by hand now: the records are gone, so this is the state somebody else left behind.
    for worker in ALL {
        bench.lab().machine(worker, |machine| {
            let kept = format!("{}/", machine.state);
            machine.files.retain(|path, _| !path.starts_with(&kept));
            machine.folders.retain(|path, _| !path.starts_with("/var/lib/gangplank"));
            let config = machine.files.get_mut("/var/lib/kubelet/config.yaml").unwrap();
            config.bytes.extend_from_slice(b"# by hand\n");
        });
    }
    let before = pictures(&bench);
    bench.apply().done();
    let ran = bench.undo();
    assert_eq!(ran.code, 0, "{}", ran.trouble());
    for (worker, was) in before.iter().filter(|(name, _)| name.starts_with('w')) {
        let is = bench.lab().machine(worker, |machine| machine.picture()).unwrap();
        assert_eq!(is, *was, "{worker}");
        let stale = bench.lab().machine(worker, |machine| super::look::stale(machine)).unwrap();
        assert_eq!(stale, Vec::<&str>::new(), "{worker} runs with what was put back");
    }
}

#[test]
fn an_undo_that_was_cut_off_anywhere_is_finished_by_the_next_one() {
    let mut broken = Vec::new();
    for k in [0, 2, 5, 9, 13, 16, 18, 20, 22, 24] {
        let bench = Bench::first();
        let before = pictures(&bench);
        bench.apply_only(&["w1"]).done();
        bench.lab().fault("w1", Fault::CutAfterAction(k));
        let first = bench.undo();
        let second = bench.undo();
        bench.lab().mend("w1");
        let nodes = bench.lab().cluster_state(|cluster| cluster.node_names());
        if second.code != 0 || pictures(&bench) != before || !nodes.is_empty() {
            let (codes, begun) = ((first.code, second.code), first.actions("w1"));
            broken.push(format!("{k}: {codes:?} {nodes:?} {:?} {}", begun.last(), second.trouble()));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn an_undo_that_was_killed_anywhere_is_finished_by_the_next_one() {
    let mut broken = Vec::new();
    for k in [0, 3, 8, 15, 19, 21, 22, 23, 24, 25] {
        let bench = Bench::first();
        let before = pictures(&bench);
        bench.apply_only(&["w1"]).done();
        bench.lab().fault("w1", Fault::KillAfterAction(k));
        let first = bench.undo();
        bench.lab().revive();
        let second = bench.undo();
        bench.lab().mend("w1");
        let nodes = bench.lab().cluster_state(|cluster| cluster.node_names());
        if second.code != 0 || pictures(&bench) != before || !nodes.is_empty() {
            let (codes, begun) = ((first.code, second.code), first.actions("w1"));
            broken.push(format!("{k}: {codes:?} {nodes:?} {:?} {}", begun.last(), second.trouble()));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn undo_with_the_api_down_says_that_the_nodes_stay_and_takes_them_later() {
    let plan = FIRST_CLUSTER_PLAN.replace("deploy: coredns", "deploy: none");
    let bench = Bench::new(FIRST_CLUSTER, &plan);
    bench.apply_only(&["w1"]).done();
    bench.lab().set_api_calls(Some(0));
    let ran = bench.undo();
    bench.lab().set_api_calls(None);
    assert_eq!(ran.code, 1, "the node w1 is still there");
    assert_eq!(bench.undo().code, 0);
    assert_eq!(bench.lab().cluster_state(|cluster| cluster.node_names()), Vec::<String>::new());
}

#[test]
fn an_undo_that_is_stopped_says_so_and_the_next_one_finishes() {
    let bench = Bench::first();
    let before = pictures(&bench);
    bench.apply_only(&["w1"]).done();
    let stop = Stop::default();
    let press = |one: &gangplank::engine::Stamped| {
        if one.place.to_string() == "w1" && matches!(one.event, Event::ActionEnded { .. }) {
            stop.press();
        }
    };
    let ran = bench.undo_with(&How { seen: &press, ..how(&stop) });
    assert_eq!(ran.code, 3, "{}", ran.trouble());
    assert_eq!(bench.undo().code, 0);
    assert_as_before(&bench, &before, "after undo");
}

#[test]
fn undo_of_one_worker_leaves_the_others_and_this_computer_alone() {
    // Without cluster DNS: its pods move when a node goes, and that is the cluster's doing.
    let plan = FIRST_CLUSTER_PLAN.replace("deploy: coredns", "deploy: none");
    let bench = Bench::new(FIRST_CLUSTER, &plan);
    let blank = pictures(&bench);
    bench.apply().done();
    let (after, stop) = (pictures(&bench), Stop::default());
    let ran = bench.undo_with(&How { only: vec!["w1".to_owned()], ..how(&stop) });
    assert_eq!(ran.code, 0, "{}", ran.trouble());
    let now = pictures(&bench);
    for ((place, is), ((_, was_blank), (_, was_after))) in now.iter().zip(blank.iter().zip(&after)) {
        assert!(is == if *place == "w1" { was_blank } else { was_after }, "{place}");
    }
    assert_eq!(bench.lab().cluster_state(|cluster| cluster.node_names()), ["w2", "w3"]);
    // What is done is told while it is done.
    let told = ran.at("w1").filter(|one| matches!(one.event, Event::ActionEnded { status: 0, .. })).count();
    assert!(told > 10, "{told}");
    assert_eq!((ran.actions("w2"), ran.actions("here")), (Vec::new(), Vec::new()));
    assert_eq!(bench.apply().done().end("w1"), "changed");
}

#[test]
fn undo_of_one_worker_leaves_cluster_dns_to_the_others() {
    let bench = Bench::first();
    bench.apply().done();
    let stop = Stop::default();
    let ran = bench.undo_with(&How { only: vec!["w1".to_owned()], ..how(&stop) });
    assert_eq!(ran.code, 0, "{}", ran.trouble());
    assert!(!dns(&bench).is_empty(), "cluster DNS serves the others");
}
