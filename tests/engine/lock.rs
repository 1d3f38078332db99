//! Two runs with different state folders: the second is told who works there and touches nothing.

use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use gangplank::engine::undo::UndoScope;
use gangplank::engine::world::scripted::LabWorld;
use gangplank::engine::{Engine, Event, Front, Journal, RunOptions, Session, Stamped, TaskOutcome, World};
use gangplank::host::{HostTrouble, Stop};
use gangplank::live::{Link, Panel, start, watch_targets};
use gangplank::plan::model::{Login, Plan};
use gangplank::plan::place::Place;

use super::bench::{Bench, How, how};

/// What the other one does.
type Does<'d> = &'d (dyn Fn(&Engine) -> u8 + Sync);

#[derive(Default)]
struct Heard(Mutex<Vec<Stamped>>);

impl Front for Heard {
    fn emit(&self, event: &Stamped) {
        self.0.lock().unwrap().push(event.clone());
    }
}

/// A run of another operator on the same lab; its code, what it did on w1, and the problems there.
fn another(bench: &Bench, does: &dyn Fn(&Engine) -> u8) -> (u8, usize, Vec<String>) {
    let state = tempfile::tempdir().unwrap();
    let session = Session::open(state.path(), &bench.plan, &bench.text).unwrap();
    let (heard, stop) = (Heard::default(), Stop::default());
    let options = RunOptions {
        session: Some(&session),
        journal: Journal::open(&session.folder, "other").unwrap(),
        only: vec!["w1".to_owned()],
        ..RunOptions::new("other", &stop)
    };
    let code = does(&Engine::new(&bench.plan, &bench.world, &heard, options));
    let events = heard.0.into_inner().unwrap();
    let at = || events.iter().filter(|one| one.place.is_worker("w1"));
    let begun = at().filter(|one| matches!(one.event, Event::ActionStarted { .. })).count();
    let problems = at()
        .filter_map(|one| match &one.event {
            Event::TaskEnded { outcome: TaskOutcome::Failed { problem } } => {
                let ways: Vec<String> = problem.ways.iter().map(|way| way.text(&one.place)).collect();
                let told = [problem.evidence.join(" "), ways.join(" ")].join(" ");
                Some(format!("{} {} {told}", problem.code, problem.what))
            }
            _ => None,
        })
        .collect();
    (code, begun, problems)
}

#[test]
fn the_second_of_two_operators_is_told_who_holds_the_worker_and_touches_nothing() {
    let works: [(&str, Does); 2] = [
        ("apply", &|engine| engine.apply().number()),
        ("undo", &|engine| engine.undo(&UndoScope::Everything, &|_| true).number()),
    ];
    for (name, does) in works {
        let bench = Bench::first();
        let (stop, seen) = (Stop::default(), Mutex::new(None));
        let meet = |one: &Stamped| {
            let first = one.place.is_worker("w1") && matches!(one.event, Event::ActionEnded { .. });
            let mut seen = seen.lock().unwrap();
            if first && seen.is_none() {
                *seen = Some(another(&bench, does));
            }
        };
        let ran = bench.apply_with(&How { seen: &meet, only: vec!["w1".to_owned()], ..how(&stop) });
        assert_eq!(ran.code, 0, "{name}: {}", ran.trouble());
        let (code, begun, problems) = seen.into_inner().unwrap().unwrap();
        assert_eq!((code, begun), (1, 0), "{name}: {problems:?}");
        assert!(
            problems.len() == 1
                && problems[0].starts_with("E-HOST-04")
                && problems[0].contains(&format!("op@this computer, run {}", ran.run))
                && problems[0].contains("since 20"),
            "{name}: {problems:?}"
        );
        // The lock went with the run: whoever comes now works.
        assert!(bench.lab().machine("w1", |machine| machine.lock.is_none()).unwrap(), "{name}");
        assert_eq!(another(&bench, &|engine| engine.apply().number()).0, 0, "{name}");
    }
}

#[test]
fn a_run_that_stops_or_loses_its_machine_lets_go_of_the_lock() {
    let bench = Bench::first();
    bench.lab().fault("w1", gangplank::lab::Fault::CutAfterAction(3));
    assert_eq!(bench.apply_only(&["w1"]).code, 1);
    assert!(bench.lab().machine("w1", |machine| machine.lock.is_none()).unwrap());
    bench.lab().mend("w1");
    let stop = Stop::default();
    let press = |one: &Stamped| {
        if matches!(one.event, Event::ActionEnded { .. }) {
            stop.press();
        }
    };
    assert_eq!(bench.apply_with(&How { seen: &press, only: vec!["w1".to_owned()], ..how(&stop) }).code, 3);
    assert!(bench.lab().machine("w1", |machine| machine.lock.is_none()).unwrap());
    assert_eq!(bench.apply_only(&["w1"]).code, 0);
}

#[test]
fn who_only_looks_takes_no_lock() {
    let bench = Bench::first();
    bench.preview();
    assert!(bench.lab().machine("w1", |machine| machine.lock.is_none()).unwrap());
}

/// Waits until a watch of the workers has seen w1.
fn seen_by_a_watch(world: LabWorld, plan: &Plan) -> bool {
    let (send, news) = mpsc::channel();
    let heard = Box::new(move |update| drop(send.send(update)));
    let _watch = start(Arc::new(world), &Arc::new(plan.clone()), false, heard);
    let mut panel = Panel::new(&watch_targets(plan));
    let w1 = Place::Worker("w1".to_owned());
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        let Ok(update) = news.recv_timeout(Duration::from_secs(20)) else { break };
        panel.apply(update);
        if panel.row(&w1).is_some_and(|row| row.link == Link::Up && row.seen.is_some()) {
            return true;
        }
    }
    false
}

#[test]
fn the_second_may_watch_and_ask_the_doctor_while_the_first_holds_the_worker() {
    let bench = Bench::first();
    let (stop, seen) = (Stop::default(), Mutex::new(None));
    let meet = |one: &Stamped| {
        let mut seen = seen.lock().unwrap();
        if one.place.is_worker("w1") && matches!(one.event, Event::ActionEnded { .. }) && seen.is_none() {
            let held = || bench.lab().machine("w1", |machine| machine.lock.is_some()).unwrap();
            let (_, _, problems) = another(&bench, &|engine| engine.apply().number());
            let world = LabWorld::new(bench.lab().clone(), &bench.world.home());
            let looked = held() && seen_by_a_watch(world, &bench.plan);
            let examined = bench.examine(&["w1"]).pop().unwrap().found.is_ok();
            *seen = Some((held(), looked, examined, problems));
        }
    };
    let ran = bench.apply_with(&How { seen: &meet, only: vec!["w1".to_owned()], ..how(&stop) });
    assert_eq!(ran.code, 0, "{}", ran.trouble());
    let (held, looked, examined, problems) = seen.into_inner().unwrap().unwrap();
    assert_eq!((held, looked, examined), (true, true, true));
    assert!(problems[0].contains("gangplank watch PLAN --worker w1"), "{problems:?}");
}

#[test]
fn whoever_holds_a_worker_that_is_in_no_plan_may_be_looked_at_by_the_doctor() {
    let held =
        HostTrouble::Held { host: "n1".to_owned(), who: "ann@desk, run 1".to_owned(), since: 1_795_435_200 };
    let place = Place::Worker("n1".to_owned());
    let login = Login { host: "n1".to_owned(), user: Some("root".to_owned()), ..Login::default() };
    for (login, doctor) in [
        (login.clone(), "gangplank doctor root@n1"),
        (Login { user: None, ..login }, "gangplank doctor ssh://n1"),
    ] {
        let problem = held.problem_without_plan(&place, &login);
        let ways: Vec<String> = problem.ways.iter().map(|way| way.text(&place)).collect();
        assert!(ways[0].ends_with(doctor) && !ways.join(" ").contains("PLAN"), "{ways:?}");
        assert!(problem.what.contains("ann@desk, run 1"), "{}", problem.what);
        assert!(problem.evidence.iter().any(|line| line.contains("since 2026-11-23T12:00:00Z")));
    }
}
