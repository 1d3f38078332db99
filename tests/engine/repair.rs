//! What a problem offers beside words: a small repair, and leave to replace.

use gangplank::lab::Fault;
use gangplank::plan::action::{Action, Verb};
use gangplank::plan::code::ProblemCode;
use gangplank::plan::place::Place;
use gangplank::plan::plan_field::PlanField;
use gangplank::plan::problem::{Problem, Remedy};
use serde_json::json;

use super::bench::{Bench, Ran};

fn w1() -> Place {
    Place::Worker("w1".to_owned())
}

fn repair_of(problem: &Problem) -> Vec<Action> {
    let actions = |way: &Remedy| match way {
        Remedy::Repair { actions, .. } => Some(actions.clone()),
        Remedy::Retry | Remedy::Edit { .. } | Remedy::Manual(_) | Remedy::Skip | Remedy::Replace(_) => None,
    };
    problem.ways.iter().find_map(actions).unwrap()
}

fn down() -> (Bench, Ran) {
    let bench = Bench::first();
    bench.lab().fault("w1", Fault::RuntimeDown);
    let ran = bench.apply();
    assert_eq!(ran.codes("w1"), ["E-DOCKER-01"]);
    (bench, ran)
}

#[test]
fn a_docker_that_is_down_is_started_by_the_repair_and_the_run_goes_on() {
    let (bench, ran) = down();
    let actions = repair_of(&ran.problems("w1")[0]);
    assert_eq!(actions, [Action::Service { verb: Verb::Start, unit: "docker".to_owned() }]);
    let mended = bench.repair(&w1(), &actions);
    assert_eq!((mended.code, mended.actions("w1")), (0, vec!["systemctl start docker".to_owned()]));
    assert_eq!(mended.outcomes("w1"), [("repair".to_owned(), "changed")]);
    assert!(bench.left_open_had_it_died(&mended.run).is_empty());
    bench.apply_only(&["w1"]).done();
    let runs = || bench.lab().machine("w1", |machine| machine.runtime_runs());
    assert_eq!(runs(), Some(true));
    let undone = bench.undo();
    assert_eq!((undone.code, runs()), (0, Some(false)), "{}", undone.trouble());
    let actions = undone.actions("w1");
    let at = |title: &str| actions.iter().position(|one| one == title);
    assert!(at("systemctl stop docker") > at("systemctl stop kubelet"), "{actions:?}");
    assert_eq!(actions.iter().filter(|one| one.contains("containers and kube-proxy")).count(), 1);
}

#[test]
fn a_repair_that_fails_says_why() {
    let bench = Bench::first();
    let start = Action::Service { verb: Verb::Start, unit: "nothing".to_owned() };
    let ran = bench.repair(&w1(), &[start]);
    assert_eq!((ran.code, ran.codes("w1")), (1, vec!["E-UNIT-01".to_owned()]));
    assert!(ran.problems("w1")[0].evidence.iter().any(|line| line.contains("not found")));
    bench.lab().fault("w1", Fault::Unreachable);
    assert_eq!(bench.repair(&w1(), &[]).codes("w1"), ["E-SSH-01"]);
    assert_eq!(bench.repair(&Place::Cluster, &[]).codes("cluster"), ["E-BUG-06"]);
}

#[test]
fn a_foreign_file_offers_leave_to_replace_it() {
    let bench = Bench::first();
    bench.lab().fault("w1", Fault::ForeignFile(gangplank::profile::UNIT.to_owned()));
    let problem = bench.apply().problems("w1").remove(0);
    let text = "and it is replaced; the old file is kept on the host for undo";
    assert_eq!(
        (problem.code.as_str(), problem.ways.contains(&Remedy::Replace(text.to_owned()))),
        ("E-FILE-01", true)
    );
}

#[test]
fn ways_are_told_as_kind_and_text() {
    let problem = Problem::new(ProblemCode::Action01, "x")
        .repair("start docker", vec![Action::CleanPods { runtime: None }])
        .replace("and so on")
        .edit(PlanField::SshHost, "workers[].ssh.host or .port")
        .manual("do it")
        .way(Remedy::Retry)
        .way(Remedy::Skip);
    assert_eq!(
        problem.told(),
        json!({"code": "E-ACTION-01", "what": "x", "evidence": [], "ways": [
            {"kind": "repair", "text": {"title": "start docker"}},
            {"kind": "replace", "text": "and so on"},
            {"kind": "edit", "text": "workers[].ssh.host or .port", "field": "workers[].ssh.host"},
            {"kind": "manual", "text": "do it"},
            {"kind": "retry"},
            {"kind": "skip"},
        ]})
    );
    assert_eq!(
        problem.ways[1].text(&w1()),
        "write replace: true for w1 in the plan, or say --replace w1, and so on"
    );
    assert_eq!(problem.ways[2].text(&w1()), "change workers[].ssh.host or .port in the plan");
}
