//! The release of the pods of a machine that is off, broken off anywhere: said again it ends the same, and the mark goes when
//! the machine is back.

use std::time::Duration;

use gangplank::engine::demo::DemoLab;
use gangplank::engine::{Event, Stamped};
use gangplank::host::Stop;
use gangplank::lab::Fault;
use gangplank::plan::code::ProblemCode;
use gangplank::plan::place::Place;

use super::bench::{Bench, How, Ran, how};
use super::demo::open;
use super::killed::{Seen, action, killed};
use super::look::{assert_same_state, state};
use super::traces::assert_nothing_half;

const WORKER: &str = "worker01";

fn aboard() -> (DemoLab, Bench) {
    let (lab, bench) = open("current");
    bench.lab().set_fast_keys();
    bench.apply_only(&[WORKER]).done();
    (lab, bench)
}

/// Its machine is off, and the API has noticed.
fn off() -> (DemoLab, Bench) {
    let (lab, bench) = aboard();
    bench.lab().pull_cable(WORKER);
    bench.lab().advance(Duration::from_secs(120));
    (lab, bench)
}

fn back(bench: &Bench) {
    bench.lab().mend(WORKER);
    bench.lab().advance(Duration::from_secs(120));
}

fn marked(bench: &Bench) -> bool {
    bench.lab().cluster_state(|cluster| cluster.is_out_of_service(WORKER))
}

/// What a release and the end of it tell, and every action.
fn steps(one: &Stamped) -> Option<String> {
    match &one.event {
        Event::Note { text } if one.place == Place::Cluster => Some(text.clone()),
        _ => action(one),
    }
}

fn apply(bench: &Bench, seen: Seen) -> Ran {
    bench.apply_with(&How { seen, only: vec![WORKER.to_owned()], ..how(&Stop::default()) })
}

#[test]
fn a_machine_that_may_run_is_not_released() {
    let (_lab, bench) = aboard();
    let refused = |bench: &Bench| bench.release(WORKER, &how(&Stop::default())).1.unwrap_err().code;
    assert_eq!(refused(&bench), ProblemCode::Node09, "it lets us log in");
    bench.lab().pull_cable(WORKER);
    assert_eq!(refused(&bench), ProblemCode::Node09, "the API still calls it Ready");
    assert!(!marked(&bench));
}

#[test]
fn a_release_broken_off_anywhere_ends_the_same_when_it_is_said_again() {
    let wanted = {
        let (_lab, bench) = off();
        let (ran, new) = bench.release(WORKER, &how(&Stop::default()));
        assert_eq!((ran.code, new, marked(&bench)), (0, Ok(true), true));
        state(&bench)
    };
    let again = |bench: &Bench, about: &str| {
        let was = marked(bench);
        let (ran, new) = bench.release(WORKER, &how(&Stop::default()));
        assert_eq!((ran.code, marked(bench)), (0, true), "{about}: {new:?}");
        assert_eq!(new, Ok(!was), "{about}: it says whether it was so before");
        assert_same_state(&state(bench), &wanted, about);
        assert_nothing_half(bench, &[], about);
    };
    // Killed after all that it does.
    let (_lab, bench) = off();
    let release = |seen: Seen| bench.release(WORKER, &How { seen, ..how(&Stop::default()) }).0;
    let (_, title) = killed(&bench, 0, &steps, &release);
    assert!(title.unwrap().contains("marked as out of service") && marked(&bench));
    again(&bench, "killed after the mark");
    // The API is gone after so many calls.
    for calls in 0.. {
        let (_lab, bench) = off();
        bench.lab().set_api_calls(Some(calls));
        let (first, why) = bench.release(WORKER, &how(&Stop::default()));
        bench.lab().set_api_calls(None);
        if first.code == 0 {
            assert!(calls >= 3, "only {calls}");
            break;
        }
        assert!(why.is_err() && !marked(&bench), "after {calls}");
        again(&bench, &format!("the API was gone after {calls} calls"));
    }
}

#[test]
fn the_mark_goes_when_the_machine_is_back_wherever_the_run_is_broken_off() {
    let wanted = {
        let (_lab, bench) = off();
        bench.release(WORKER, &how(&Stop::default())).1.unwrap();
        back(&bench);
        assert!(marked(&bench), "not by itself");
        let ran = apply(&bench, &|_| {}).done();
        assert!(ran.events.iter().filter_map(steps).any(|text| text.contains("no longer marked")));
        assert!(!marked(&bench));
        state(&bench)
    };
    // What there is to do beside it.
    let released = || {
        let (lab, bench) = off();
        bench.release(WORKER, &how(&Stop::default())).1.unwrap();
        back(&bench);
        bench.lab().machine(WORKER, |machine| {
            machine.files.remove("/etc/kubernetes/worker-kubeconfig.yaml").unwrap();
        });
        (lab, bench)
    };
    let again = |bench: &Bench, about: &str| {
        let second = apply(bench, &|_| {});
        assert_eq!(second.code, 0, "{about}: {}", second.trouble());
        assert!(!marked(bench), "{about}");
        assert_same_state(&state(bench), &wanted, about);
        assert_nothing_half(bench, &[], about);
    };
    for after in 0.. {
        let (_lab, bench) = released();
        let (_, Some(title)) = killed(&bench, after, &steps, &|seen| apply(&bench, seen)) else {
            assert!(after >= 3, "only {after}");
            break;
        };
        again(&bench, &format!("killed after {title}"));
    }
    for k in 0.. {
        let (_lab, bench) = released();
        bench.lab().fault(WORKER, Fault::CutAfterAction(k));
        if apply(&bench, &|_| {}).code == 0 {
            assert!(k >= 2, "only {k}");
            break;
        }
        again(&bench, &format!("cut off after action {k}"));
    }
}
