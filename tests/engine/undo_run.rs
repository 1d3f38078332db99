//! Two different things: one run is taken back, or a worker leaves the cluster with its whole record and its node.

use gangplank::engine::undo::{UndoList, UndoScope};
use gangplank::host::Stop;
use gangplank::lab::setup::{FIRST_CLUSTER, FIRST_CLUSTER_PLAN};
use gangplank::plan::place::Place;

use super::bench::{Bench, How, Ran, how};
use super::look::{assert_as_before, pictures};

/// Two runs: the second changes the kubelet's configuration.
fn twice() -> (Bench, Ran, Ran) {
    let plan = FIRST_CLUSTER_PLAN.replace("deploy: coredns", "deploy: none");
    let mut bench = Bench::new(FIRST_CLUSTER, &plan);
    let first = bench.apply_only(&["w1"]).done();
    bench.replan(&plan.replace("10.3.0.2", "10.3.0.10"));
    let second = bench.apply_only(&["w1"]).done();
    assert_eq!(second.end("w1"), "changed");
    (bench, first, second)
}

fn titles(list: &UndoList, place: &str) -> Vec<String> {
    let of = |(at, _): &&(Place, Vec<_>)| at.to_string() == place;
    list.places
        .iter()
        .filter(of)
        .flat_map(|(_, actions)| actions)
        .map(gangplank::plan::action::Action::title)
        .collect()
}

fn nodes(bench: &Bench) -> Vec<String> {
    bench.lab().cluster_state(|cluster| cluster.node_names())
}

#[test]
fn undo_takes_back_the_last_run_that_changed_something_and_leaves_the_one_before() {
    let plan = FIRST_CLUSTER_PLAN.replace("deploy: coredns", "deploy: none");
    let mut bench = Bench::new(FIRST_CLUSTER, &plan);
    bench.apply_only(&["w1"]).done();
    let aboard = pictures(&bench);
    bench.replan(&plan.replace("10.3.0.2", "10.3.0.10"));
    let second = bench.apply_only(&["w1"]).done();
    // This one changes nothing and is not taken for the last.
    assert_eq!(bench.apply_only(&["w1"]).done().end("w1"), "same");
    let stop = Stop::default();
    let (ran, shown) = bench.undo_run(&UndoScope::LastRun, &how(&stop));
    assert_eq!(ran.code, 0, "{}", ran.trouble());
    assert_eq!(shown.run, Some(second.run));
    assert_as_before(&bench, &aboard, "after the undo of the second run");
    assert_eq!(nodes(&bench), ["w1"], "the node came with the first run");
    // What was shown is what was done.
    assert_eq!(titles(&shown, "w1"), ran.actions("w1"));
    // The kubelet reads what was put back.
    let stale = bench.lab().machine("w1", |machine| super::look::stale(machine)).unwrap();
    assert_eq!(stale, Vec::<&str>::new());
}

#[test]
fn the_next_undo_takes_back_the_run_before_and_its_node() {
    let plan = FIRST_CLUSTER_PLAN.replace("deploy: coredns", "deploy: none");
    let mut bench = Bench::new(FIRST_CLUSTER, &plan);
    let blank = pictures(&bench);
    bench.apply_only(&["w1"]).done();
    bench.replan(&plan.replace("10.3.0.2", "10.3.0.10"));
    bench.apply_only(&["w1"]).done();
    let stop = Stop::default();
    assert_eq!(bench.undo_run(&UndoScope::LastRun, &how(&stop)).0.code, 0);
    let (ran, shown) = bench.undo_run(&UndoScope::LastRun, &how(&stop));
    assert_eq!(ran.code, 0, "{}", ran.trouble());
    assert_eq!(titles(&shown, "cluster"), ["delete /api/v1/nodes/w1"]);
    assert_as_before(&bench, &blank, "after both");
    assert_eq!(nodes(&bench), Vec::<String>::new());
    let (ran, shown) = bench.undo_run(&UndoScope::LastRun, &how(&stop));
    assert!(ran.code == 0 && shown.is_empty() && shown.run.is_none(), "{shown:?}");
}

#[test]
fn a_run_under_a_later_one_is_not_taken_back_alone() {
    let (bench, first, second) = twice();
    let before = pictures(&bench);
    let stop = Stop::default();
    let only = How { only: vec!["w1".to_owned()], ..how(&stop) };
    let (ran, shown) = bench.undo_run(&UndoScope::Run(first.run.clone()), &only);
    assert_eq!((ran.code, ran.codes("w1")), (1, vec!["E-UNDO-06".to_owned()]));
    assert!(ran.problems("w1")[0].evidence[0].contains(&second.run), "{}", ran.trouble());
    assert!(titles(&shown, "w1").is_empty());
    assert_as_before(&bench, &before, "nothing is touched");
    assert_eq!(bench.undo_run(&UndoScope::Run(second.run), &only).0.code, 0);
    assert_eq!(bench.undo_run(&UndoScope::Run(first.run), &only).0.code, 0);
    assert_eq!(nodes(&bench), Vec::<String>::new());
}

#[test]
fn a_run_that_no_record_knows_is_said_with_those_that_there_are() {
    let (bench, _, second) = twice();
    let before = pictures(&bench);
    let stop = Stop::default();
    let (ran, _) = bench.undo_run(&UndoScope::Run("20200101T000000Z-1".to_owned()), &how(&stop));
    assert_eq!((ran.code, ran.codes("cluster")), (1, vec!["E-UNDO-07".to_owned()]));
    assert!(ran.problems("cluster")[0].evidence[0].contains(&second.run), "{}", ran.trouble());
    assert_as_before(&bench, &before, "nothing is touched");
}

#[test]
fn a_worker_that_is_removed_leaves_with_its_whole_record_and_its_node() {
    let (bench, _, _) = twice();
    bench.apply_only(&["w2"]).done();
    let w2 = |bench: &Bench| bench.lab().machine("w2", |machine| machine.picture());
    let before = w2(&bench);
    let stop = Stop::default();
    let only = How { only: vec!["w1".to_owned()], ..how(&stop) };
    let (ran, shown) = bench.undo_run(&UndoScope::Everything, &only);
    assert_eq!(ran.code, 0, "{}", ran.trouble());
    assert_eq!(shown.run, None);
    assert_eq!(titles(&shown, "cluster"), ["delete /api/v1/nodes/w1"]);
    assert_eq!(titles(&shown, "w1").iter().filter(|title| title.starts_with("remove the record")).count(), 2);
    assert_eq!((bench.lab().record("w1"), nodes(&bench)), (Vec::new(), vec!["w2".to_owned()]));
    assert_eq!(w2(&bench), before);
}

#[test]
fn a_no_leaves_everything_as_it_is() {
    let (bench, _, _) = twice();
    let before = pictures(&bench);
    let stop = Stop::default();
    let ran = bench.refuse_undo(&how(&stop));
    assert_eq!(ran.code, 3);
    assert_as_before(&bench, &before, "after a no");
}

#[test]
fn while_a_machine_cannot_be_read_nobody_knows_which_run_was_the_last() {
    let (bench, first, second) = twice();
    let before = pictures(&bench);
    bench.lab().fault("w2", gangplank::lab::Fault::Unreachable);
    let stop = Stop::default();
    let (ran, _) = bench.undo_run(&UndoScope::LastRun, &how(&stop));
    assert_eq!((ran.code, ran.codes("cluster")), (1, vec!["E-UNDO-08".to_owned()]), "{}", ran.trouble());
    let known = &ran.problems("cluster")[0].evidence;
    assert!(known[0].contains(&second.run) && known[1].contains(&first.run), "{known:?}");
    assert_as_before(&bench, &before, "nothing is touched");
    let only = How { only: vec!["w1".to_owned()], ..how(&stop) };
    let (ran, shown) = bench.undo_run(&UndoScope::LastRun, &only);
    assert_eq!((ran.code, shown.run), (0, Some(second.run)), "{}", ran.trouble());
}
