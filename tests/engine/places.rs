//! Workers that are called like the places that are no workers.

use gangplank::engine::session::journal::left_open;
use gangplank::lab::setup::{FIRST_CLUSTER, FIRST_CLUSTER_PLAN};
use gangplank::plan::place::Place;

use super::bench::Bench;

/// `w1`, `w2` and `w3` are called so.
const NAMES: [&str; 3] = ["here", "ca-host", "cluster"];

fn bench() -> Bench {
    let mut lab = FIRST_CLUSTER.to_owned();
    for (old, new) in ["w1", "w2", "w3"].into_iter().zip(NAMES) {
        lab = lab.replace(&format!("{{name: {old},"), &format!("{{name: {new},"));
    }
    let plan = FIRST_CLUSTER_PLAN
        .replace(
            "{name: \"w[1-2]\", address: \"10.0.0.[11-12]\"}",
            "{name: here, address: 10.0.0.11}\n- {name: ca-host, address: 10.0.0.12}",
        )
        .replace("{name: w3,", "{name: cluster,");
    Bench::new(&lab, &plan)
}

#[test]
fn workers_called_like_places_are_brought_aboard_and_told_apart_from_them() {
    let bench = bench();
    let ran = bench.apply().done();
    for name in NAMES {
        let (place, worker) = (name.to_owned(), format!("worker/{name}"));
        assert_eq!(ran.end(&worker), "changed", "{name}");
        assert!(ran.cost(&worker).1 > 0, "{name}: what a worker costs is counted for it");
        let of_the_place = ran.outcomes(&place);
        assert!(of_the_place.iter().all(|(step, _)| step != "node-ready"), "{name}: {of_the_place:?}");
        let proven = ("ready".to_owned(), "proven");
        assert!(ran.outcomes(&worker).contains(&proven), "{name}: {:?}", ran.outcomes(&worker));
    }
    assert_eq!((ran.end("here"), ran.end("cluster")), ("changed", "changed"));
    for event in &ran.events {
        let Place::Worker(name) = &event.place else { continue };
        assert_eq!(event.told().unwrap()["place"], format!("worker/{name}"));
    }
    assert_eq!(left_open(&bench.session()), Vec::<(String, String)>::new());
    let again = bench.apply().done();
    for place in NAMES.iter().map(|name| format!("worker/{name}")) {
        assert_eq!(again.end(&place), "same", "{:?}", again.actions(&place));
    }
    assert_eq!((again.end("here"), again.end("cluster")), ("same", "same"));
}

#[test]
fn a_worker_called_like_a_place_is_undone_alone() {
    let bench = bench();
    let blank = |name: &str| bench.lab().machine(name, |machine| machine.picture()).unwrap();
    let before = NAMES.map(blank);
    bench.apply().done();
    let ran = bench.undo().done();
    assert_eq!(NAMES.map(blank), before, "{}", ran.trouble());
    for name in NAMES {
        assert!(!ran.actions(&format!("worker/{name}")).is_empty(), "{name}");
    }
    assert_eq!(bench.lab().cluster_state(|cluster| cluster.node_names()), Vec::<String>::new());
}
