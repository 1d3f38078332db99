//! The guided pace: a person is asked before each step's batch, and a no stops the run.

use std::collections::BTreeMap;
use std::sync::Mutex;

use gangplank::host::Stop;
use gangplank::plan::action::Action;
use gangplank::plan::place::Place;
use gangplank::step::StepId;

use super::bench::{Bench, How, how};

#[test]
fn at_the_guided_pace_every_action_is_asked_about_once_with_its_step() {
    let (stop, asked) = (Stop::default(), Mutex::new(BTreeMap::<String, Vec<(String, Vec<String>)>>::new()));
    let go_on = |place: &Place, step: StepId, actions: &[Action]| {
        let titles = actions.iter().map(Action::title).collect();
        asked.lock().unwrap().entry(place.to_string()).or_default().push((step.0.to_owned(), titles));
        true
    };
    let bench = Bench::first();
    let ran = bench.apply_with(&How { guided: true, go_on: &go_on, ..how(&stop) }).done();
    let asked = asked.lock().unwrap();
    let steps: Vec<&str> = asked["w1"].iter().map(|(step, _)| step.as_str()).collect();
    let want = ["images", "keys", "sign", "certificates", "kubeconfigs", "kubelet", "kube-proxy", "start"];
    assert_eq!(steps, want);
    for place in ["w1", "w2", "w3", "here", "cluster"] {
        let mut all: Vec<String> = asked[place].iter().flat_map(|(_, titles)| titles.clone()).collect();
        let mut done = ran.actions(place);
        // Signing runs side by side.
        all.sort();
        done.sort();
        assert_eq!(all, done, "{place}");
    }
}

#[test]
fn at_the_straight_pace_nobody_is_asked() {
    let stop = Stop::default();
    Bench::first().apply_with(&How { go_on: &|_, _, _| panic!("nobody asks"), ..how(&stop) }).done();
}

#[test]
fn a_no_stops_the_run_before_that_step_and_the_next_run_finishes() {
    for step in ["images", "keys", "sign", "kubelet", "start"] {
        let (stop, bench) = (Stop::default(), Bench::first());
        let go_on = |_: &Place, id: StepId, _: &[Action]| id.0 != step;
        let only = vec!["w1".to_owned()];
        let ran = bench.apply_with(&How { guided: true, go_on: &go_on, only, ..how(&stop) });
        assert_eq!((ran.code, stop.level()), (3, 1), "{step}: {}", ran.trouble());
        assert!(ran.outcomes("w1").contains(&(step.to_owned(), "stopped")), "{:?}", ran.outcomes("w1"));
        assert!(!ran.outcomes("w1").contains(&(step.to_owned(), "changed")));
        bench.apply_only(&["w1"]).done();
    }
}

#[test]
fn a_no_in_the_cluster_leaves_its_objects_unmade() {
    let (stop, bench) = (Stop::default(), Bench::first());
    let go_on = |place: &Place, _: StepId, _: &[Action]| *place != Place::Cluster;
    let ran = bench.apply_with(&How { guided: true, go_on: &go_on, ..how(&stop) });
    assert_eq!((ran.code, ran.actions("cluster")), (3, Vec::new()), "{}", ran.trouble());
    bench.apply().done();
}
