//! A drain around a repair that is killed anywhere: the next one ends it, and takes back its own cordon alone.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use gangplank::engine::demo::DemoLab;
use gangplank::engine::drain::DrainWish;
use gangplank::engine::{Event, Stamped};
use gangplank::host::Stop;
use gangplank::lab::Fault;
use gangplank::plan::place::Place;

use super::bench::{Bench, How, Ran, how};
use super::demo::open;
use super::killed::{Seen, action, killed};
use super::look::{assert_same_state, state};
use super::traces::assert_nothing_half;

const WORKER: &str = "worker01";

/// Ready by the API, with cluster DNS on it and two things wrong.
fn ill() -> (DemoLab, Bench) {
    let (lab, bench) = open("current");
    bench.lab().set_fast_keys();
    bench.apply_only(&[WORKER]).done();
    bench.lab().machine(WORKER, |machine| {
        machine.files.remove("/etc/kubernetes/worker-kubeconfig.yaml").unwrap();
        "644".clone_into(&mut machine.files.get_mut("/etc/kubernetes/ssl/worker.key").unwrap().mode);
    });
    (lab, bench)
}

fn mend(bench: &Bench, seen: Seen) -> Ran {
    let wish = DrainWish { lost: true, within: std::time::Duration::from_secs(60) };
    bench.mend_with(&How { seen, only: vec![WORKER.to_owned()], ..how(&Stop::default()) }, Some(wish))
}

/// Whether new pods stay away, by the API.
fn cordoned(bench: &Bench) -> bool {
    bench.lab().cluster_state(|cluster| cluster.is_cordoned(WORKER))
}

/// What a drain tells: the cordon, each pod, the end of the cordon; and every action.
fn steps(one: &Stamped) -> Option<String> {
    match &one.event {
        Event::Note { text } if one.place == Place::Cluster => Some(text.clone()),
        _ => action(one),
    }
}

fn told(ran: &Ran) -> Vec<String> {
    ran.events.iter().filter_map(steps).collect()
}

#[test]
fn a_drain_is_the_cordon_then_the_pods_then_the_repair_then_the_end_of_the_cordon() {
    let (_lab, bench) = ill();
    let ran = mend(&bench, &|_| {}).done();
    let told = told(&ran);
    let at = |word: &str| {
        told.iter().position(|text| text.contains(word)).unwrap_or_else(|| panic!("{word}: {told:?}"))
    };
    let order = [
        "takes no new pods now",
        "kube-system/coredns",
        "write /etc/kubernetes/worker-kubeconfig.yaml",
        "takes new pods again",
    ];
    assert!(order.map(at).is_sorted(), "{told:?}");
    assert!(!cordoned(&bench));
}

#[test]
fn a_drain_killed_anywhere_is_ended_by_the_next_and_its_cordon_with_it() {
    let wanted = {
        let (_lab, bench) = ill();
        mend(&bench, &|_| {}).done();
        state(&bench)
    };
    let mut seen_cordoned = 0;
    for after in 0.. {
        let (_lab, bench) = ill();
        let (_, Some(title)) = killed(&bench, after, &steps, &|seen| mend(&bench, seen)) else {
            assert!(after >= 5, "only {after}");
            break;
        };
        seen_cordoned += usize::from(cordoned(&bench));
        let second = mend(&bench, &|_| {});
        assert_eq!(second.code, 0, "after {title}: {}", second.trouble());
        assert!(!cordoned(&bench), "after {title}: {:?}", told(&second));
        assert!(bench.examine(&[WORKER])[0].healthy(), "after {title}");
        assert_same_state(&state(&bench), &wanted, &title);
        assert_nothing_half(&bench, &[], &title);
    }
    assert!(seen_cordoned >= 3, "{seen_cordoned}");
}

#[test]
fn a_cordon_of_somebody_else_stays_whenever_the_drain_is_killed() {
    for after in 0.. {
        let (_lab, bench) = ill();
        bench.lab().cluster_state(|cluster| cluster.cordon(WORKER));
        let (_, Some(title)) = killed(&bench, after, &steps, &|seen| mend(&bench, seen)) else {
            assert!(after >= 4, "only {after}");
            break;
        };
        assert!(cordoned(&bench), "after {title}");
        let second = mend(&bench, &|_| {});
        assert_eq!(second.code, 0, "after {title}: {}", second.trouble());
        assert!(cordoned(&bench), "after {title}: {:?}", told(&second));
    }
}

#[test]
fn a_cordon_that_a_killed_drain_left_ends_also_where_the_node_is_not_ready_by_then() {
    let (_lab, bench) = ill();
    let (_, at) = killed(&bench, 0, &steps, &|seen| mend(&bench, seen));
    assert!(at.unwrap().contains("takes no new pods now") && cordoned(&bench));
    bench.lab().fault(WORKER, Fault::KubeletStopped);
    bench.lab().advance(std::time::Duration::from_secs(120));
    let second = mend(&bench, &|_| {}).done();
    assert!(told(&second).iter().any(|text| text.contains("goes on without a drain")), "{:?}", told(&second));
    assert!(!cordoned(&bench), "{:?}", told(&second));
}

/// After the first one was cut off the same again ends the drain, and takes back its own cordon alone.
#[track_caller]
fn ended_by_the_next(bench: &Bench, foreign: bool, wanted: &BTreeMap<String, String>, about: &str) {
    let second = mend(bench, &|_| {});
    assert_eq!(second.code, 0, "{about}: {}", second.trouble());
    assert_eq!(cordoned(bench), foreign, "{about}: {:?}", told(&second));
    assert!(bench.examine(&[WORKER])[0].healthy(), "{about}");
    assert_same_state(&state(bench), wanted, about);
    assert_nothing_half(bench, &[], about);
}

fn ill_and_cordoned(foreign: bool) -> (DemoLab, Bench) {
    let (lab, bench) = ill();
    if foreign {
        bench.lab().cluster_state(|cluster| cluster.cordon(WORKER));
    }
    (lab, bench)
}

fn whole() -> BTreeMap<String, String> {
    let (_lab, bench) = ill();
    mend(&bench, &|_| {}).done();
    state(&bench)
}

#[test]
fn a_drain_whose_machine_is_cut_off_at_any_action_is_ended_by_the_next() {
    let wanted = whole();
    let faults: [fn(usize) -> Fault; 2] = [Fault::CutAfterAction, Fault::CutBeforeAction];
    for (foreign, fault) in [false, true].into_iter().flat_map(|whose| faults.map(|fault| (whose, fault))) {
        for k in 0.. {
            let (_lab, bench) = ill_and_cordoned(foreign);
            bench.lab().fault(WORKER, fault(k));
            let about = format!("{:?}, a cordon of somebody else: {foreign}", fault(k));
            let first = mend(&bench, &|_| {});
            if first.code == 0 {
                assert!(k >= 3, "{about}");
                break;
            }
            assert!(cordoned(&bench), "{about}: it is not repaired");
            assert!(bench.lab().machine(WORKER, |machine| machine.lock.is_none()).unwrap(), "{about}");
            ended_by_the_next(&bench, foreign, &wanted, &about);
        }
    }
}

#[test]
fn a_drain_that_loses_the_api_after_any_action_is_ended_by_the_next() {
    let wanted = whole();
    for foreign in [false, true] {
        let mut left_cordoned = 0;
        for after in 0.. {
            let (_lab, bench) = ill_and_cordoned(foreign);
            let (count, at) = (AtomicUsize::new(0), Mutex::new(None));
            let first = mend(&bench, &|one: &Stamped| {
                if let Some(title) = steps(one)
                    && count.fetch_add(1, Ordering::SeqCst) == after
                {
                    bench.lab().set_api_calls(Some(0));
                    *at.lock().unwrap() = Some(title);
                }
            });
            bench.lab().set_api_calls(None);
            let Some(title) = at.into_inner().unwrap() else {
                assert!(after >= 5, "only {after}");
                break;
            };
            let about = format!("the API was gone after {title}, a cordon of somebody else: {foreign}");
            assert!(first.code == 1 || title.contains("takes new pods again"), "{about}: {}", first.code);
            left_cordoned += usize::from(cordoned(&bench));
            ended_by_the_next(&bench, foreign, &wanted, &about);
        }
        assert!(left_cordoned >= 3, "{left_cordoned}");
    }
}
