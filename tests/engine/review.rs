//! From Review to Run: only what was reviewed is sent.

use gangplank::engine::{Event, Reviewed};
use gangplank::host::Stop;
use gangplank::lab::setup::FIRST_CLUSTER;
use gangplank::plan::action::sha256;

use super::bench::{ALL, Bench, How, Ran, how};
use super::change::two_plans;
use super::faults::{KUBELET, without_kubelet};
use super::look::pictures;

const UNIT: &str = "/etc/systemd/system/kubelet.service";

fn reviewed(bench: &Bench, reviewed: Reviewed) -> Ran {
    bench.apply_with(&How { reviewed: Some(reviewed), ..how(&Stop::default()) })
}

#[test]
fn what_was_reviewed_is_carried_out() {
    let bench = Bench::first();
    let review = Reviewed::of(&bench.preview());
    let ran = reviewed(&bench, review.clone()).done();
    assert!(
        !ran.events.iter().any(|one| matches!(&one.event, Event::Note { text } if text.contains("reviewed")))
    );
    // Fewer actions than reviewed are fine.
    reviewed(&bench, review).done();
}

#[test]
fn other_content_than_reviewed_stops_the_worker_before_anything_is_sent() {
    let (a, b) = two_plans();
    let mut bench = Bench::new(FIRST_CLUSTER, &a);
    let review = Reviewed::of(&bench.preview());
    bench.replan(&b);
    let before = pictures(&bench);
    let ran = reviewed(&bench, review);
    assert_eq!(ran.code, 1);
    for worker in ALL {
        let problem = ran.problems(worker).remove(0);
        assert_eq!((problem.code.as_str(), ran.actions(worker).len()), ("E-REVIEW-01", 0));
        assert!(problem.evidence.contains(&format!("other content, kubelet: write {UNIT}")), "{problem:?}");
        assert!(ran.outcomes(worker).contains(&("kubelet".to_owned(), "failed")));
    }
    let untouched = |name: &&str| ALL.contains(name);
    let after: Vec<_> = pictures(&bench).into_iter().filter(|(name, _)| untouched(name)).collect();
    assert!(after == before.into_iter().filter(|(name, _)| untouched(name)).collect::<Vec<_>>());
    // Reviewed again it runs.
    let again = Reviewed::of(&bench.preview());
    reviewed(&bench, again).done();
}

#[test]
fn an_action_that_is_new_is_named() {
    let bench = Bench::first();
    bench.apply().done();
    let review = Reviewed::of(&bench.preview());
    bench.lab().machine("w2", |machine| machine.files.remove(UNIT));
    let ran = reviewed(&bench, review);
    let problem = ran.problems("w2").remove(0);
    assert_eq!((ran.code, problem.code.as_str()), (1, "E-REVIEW-01"));
    assert!(problem.evidence.contains(&format!("new, kubelet: write {UNIT}")), "{problem:?}");
    assert_eq!((ran.end("w1"), ran.end("w3")), ("same", "same"));
}

#[test]
fn a_machine_that_was_not_reviewed_is_not_changed() {
    let bench = Bench::first();
    let seen: Vec<_> = bench.preview().into_iter().filter(|seen| seen.place.to_string() != "w3").collect();
    let ran = reviewed(&bench, Reviewed::of(&seen));
    assert_eq!((ran.codes("w3"), ran.actions("w3").len()), (vec!["E-REVIEW-01".to_owned()], 0));
    assert_eq!(ran.end("w1"), "changed", "{}", ran.trouble());
}

#[test]
fn what_lay_behind_a_barrier_is_allowed_and_told() {
    let bench = without_kubelet(&sha256(KUBELET));
    let review = Reviewed::of(&bench.preview());
    let ran = reviewed(&bench, review).done();
    let noted = ran.at("w1").filter(|one| matches!(one.event, Event::Note { .. }));
    let steps: Vec<&str> = noted.map(|one| one.step.unwrap().0).collect();
    assert!(steps.contains(&"kubelet") && !steps.contains(&"prerequisites"), "{steps:?}");
}

#[test]
fn a_cluster_that_could_not_be_seen_is_allowed_and_told() {
    let bench = Bench::first();
    bench.lab().set_api_calls(Some(0));
    let mut seen = bench.preview();
    bench.lab().set_api_calls(None);
    // What it shows then is a guess, and need not be what the cluster turns out to want.
    seen.iter_mut().filter(|seen| seen.unknown).for_each(|seen| seen.looked.clear());
    let ran = reviewed(&bench, Reviewed::of(&seen)).done();
    let noted = ran.at("cluster").any(
        |one| matches!(&one.event, Event::Note { text } if text.contains("could not be reviewed before")),
    );
    assert!(noted, "{:?}", ran.lines("cluster"));
}
