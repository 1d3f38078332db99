//! Whatever is said and shown of a cluster is of its own runtime: plans, cards, actions, what takes them back, and the
//! script by hand, of blank workers and of such that are broken in every way the lab knows.

use gangplank::engine::demo::DemoLab;
use gangplank::engine::undo::UndoScope;
use gangplank::host::{Stop, plain_action};
use gangplank::lab::Fault;
use gangplank::plan::model::Version;
use gangplank::plan::place::Place;
use gangplank::ui::output::preview::{PlanDetail, text};
use gangplank::ui::script;

use super::bench::{Bench, Ran, how};
use super::demo::{WORKERS, json, open};

/// Words of the other runtime. The name of another program that is recognised and refused is no word of it.
fn strange(said: &str, words: &[&str]) -> Vec<String> {
    let said = said.to_lowercase().replace("cri-dockerd", "");
    let line = |line: &&str| words.iter().any(|word| line.contains(word));
    said.lines().filter(line).map(str::to_owned).collect()
}

/// The plan with its cards, and the script.
fn looked(bench: &Bench) -> String {
    let seen = bench.preview();
    let files = PlanDetail { files: true, functions: false };
    let cards = seen.iter().filter_map(|one| Some(one.blocked()?.card(&one.place).join("\n")));
    let mut all = text(&seen, files) + &script::script(&bench.plan, &seen);
    all.extend(cards);
    all
}

fn told(ran: &Ran) -> String {
    let cards = WORKERS.iter().flat_map(|worker| {
        let place = Place::Worker((*worker).to_owned());
        ran.problems(worker).into_iter().map(move |problem| problem.card(&place).join("\n") + "\n")
    });
    json(ran) + &cards.collect::<String>()
}

/// Everything that a lab makes the program say.
fn everything(name: &str) -> Vec<(String, String)> {
    let (_, bench) = open(name);
    let mut all = vec![("blank workers".to_owned(), looked(&bench))];
    all.push(("the first run".to_owned(), told(&bench.apply().done())));
    let stop = Stop::default();
    let (ran, list) = bench.undo_run(&UndoScope::LastRun, &how(&stop));
    let back: Vec<String> =
        list.places.iter().flat_map(|(_, actions)| actions).map(|one| plain_action(one) + "\n").collect();
    assert!(back.concat().contains("rm"), "something is taken back: {back:?}");
    all.push(("undo".to_owned(), told(&ran) + &back.concat()));
    let faults = [
        Fault::DiskFull,
        Fault::NoSpace,
        Fault::RuntimeDown,
        Fault::RuntimeFrozen,
        Fault::KubeletMissing,
        Fault::ClockOff(400_000),
        Fault::NoApi,
        Fault::NoRoute,
    ];
    for onboarded in [false, true] {
        for fault in &faults {
            let (lab, bench) = open(name);
            if onboarded {
                bench.apply().done();
            }
            broken(&lab, fault);
            all.push((format!("{fault:?}, onboarded: {onboarded}"), looked(&bench) + &told(&bench.apply())));
        }
    }
    all
}

fn broken(lab: &DemoLab, fault: &Fault) {
    for worker in WORKERS {
        lab.world.lab().fault(worker, fault.clone());
    }
}

#[test]
fn nothing_that_is_said_of_a_current_cluster_names_docker() {
    for (when, said) in everything("current") {
        let strange = strange(&said, &["docker"]);
        assert!(strange.is_empty(), "{when}: {strange:#?}");
    }
}

#[test]
fn nothing_that_is_said_of_a_cluster_with_docker_names_the_commands_of_containerd() {
    for (when, said) in everything("first-cluster") {
        let strange = strange(&said, &["ctr ", "crictl", "containerd config"]);
        assert!(strange.is_empty(), "{when}: {strange:#?}");
    }
}

#[test]
fn a_version_beyond_the_table_is_served_as_the_newest_and_that_is_said() {
    let (_, bench) = open("current");
    assert!(!text(&bench.preview(), PlanDetail::default()).contains("newer than this gangplank knows"));
    let (lab, bench) = open("current");
    lab.world.lab().cluster_state(|cluster| cluster.version = Version { major: 1, minor: 38, patch: 0 });
    let said = text(&bench.preview(), PlanDetail::default());
    assert!(
        said.contains("the API server is v1.38.0, newer than this gangplank knows: it is served as v1.37"),
        "{said}"
    );
}
