//! A worker in no plan whose login is typed: diagnosed, repaired and reported, and nothing is said of a plan.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::sync::Arc;

use gangplank::doctor::{Cause, Diagnosis, Layout};
use gangplank::engine::doctor::Examined;
use gangplank::engine::{Event, ExitCode, Stamped, TaskOutcome};
use gangplank::plan::action::{Action, Verb};
use gangplank::plan::code::ProblemCode;
use gangplank::plan::fact::Facts;
use gangplank::plan::place::Place;
use gangplank::plan::problem::{Problem, Remedy};
use gangplank::step::StepId;
use gangplank::ui::gallery::scenes::scene;
use gangplank::ui::wizard::keymap::entries;
use gangplank::ui::wizard::message::{Effect, Msg};
use gangplank::ui::wizard::model::Model;
use gangplank::ui::wizard::screen::Screen;
use gangplank::ui::wizard::screens::report::summary;
use gangplank::ui::wizard::update::update;

use super::random::text;
use super::setup::{press, saves, writes};

const HOST: &str = "192.0.2.77";

fn place() -> Place {
    Place::Worker(HOST.to_owned())
}

fn start(unit: &str) -> Action {
    Action::Service { verb: Verb::Start, unit: unit.to_owned() }
}

fn stopped(actions: Vec<Action>) -> Examined {
    let mut problem = Problem::new(ProblemCode::Kubelet14, format!("the kubelet of {HOST} does not run"));
    problem.ways.push(Remedy::Repair { title: "start it".to_owned(), actions });
    let cause = Cause { problem, follows: Vec::new() };
    examined(Diagnosis { causes: vec![cause], ..Diagnosis::default() })
}

fn examined(found: Diagnosis) -> Examined {
    Examined {
        worker: HOST.to_owned(),
        host: format!("ops@{HOST}"),
        found: Ok(found),
        actions: Vec::new(),
        facts: Facts::default(),
        pods: Vec::new(),
        layout: Some(Layout::HardWay),
    }
}

/// From the list to pick from, its login typed; what was wanted then.
fn typed(login: &str) -> (Model, Vec<Effect>) {
    let mut model = scene("pick", (120, 36)).unwrap();
    press(&mut model, "<end>");
    assert!(text(&model).contains("another host: its login is typed"), "{}", text(&model));
    press(&mut model, "<enter>");
    assert!(text(&model).contains("no plan is needed"), "{}", text(&model));
    let effects = press(&mut model, &format!("{login}<enter>"));
    (model, effects)
}

fn looks(effects: &[Effect]) -> Vec<u64> {
    let number = |one: &Effect| match one {
        Effect::Examine { number, .. } => Some(*number),
        _ => None,
    };
    effects.iter().filter_map(number).collect()
}

fn found(one: Examined) -> Model {
    let (mut model, effects) = typed(&format!("ops@{HOST}"));
    let number = looks(&effects)[0];
    update(&mut model, Msg::Examined { number, seen: Ok(Arc::new(vec![one])) });
    model
}

#[test]
fn a_login_that_is_typed_is_diagnosed_without_a_plan_and_nothing_else_is() {
    let (mut model, effects) = typed(&format!("ops@{HOST}"));
    assert_eq!((model.nav.screen, looks(&effects).len()), (Screen::Diagnosis, 1), "{effects:?}");
    let login = model.form.unplanned.clone().unwrap();
    assert_eq!((login.user.as_deref(), login.host.as_str()), (Some("ops"), HOST));
    assert!(text(&model).contains(&format!("in no plan: {HOST}")), "{}", text(&model));
    // What was found of the plan's workers is not shown as this one's.
    assert!(!text(&model).contains("worker01"), "{}", text(&model));
    // What an older look at the plan's workers saw does not count.
    let old = Msg::Examined { number: model.doctor.number.wrapping_sub(1), seen: Ok(Arc::new(Vec::new())) };
    update(&mut model, old);
    assert!(model.doctor.seen.is_none() && model.doctor.looking);
}

#[test]
fn whose_login_is_in_the_plan_comes_back_as_the_plans_worker() {
    let mut model = scene("pick", (120, 36)).unwrap();
    let address = model.form.answers.workers[1].address.clone().unwrap();
    press(&mut model, &format!("<end><enter>root@{address}"));
    press(&mut model, "<enter>");
    assert_eq!((model.form.only.as_slice(), &model.form.unplanned), (&["worker02".to_owned()][..], &None));
    assert!(text(&model).contains("E-CERT-13"), "{}", text(&model));
}

#[test]
fn another_port_of_a_host_of_the_plan_is_another_machine_and_nothing_is_taken_over() {
    let mut model = scene("pick", (120, 36)).unwrap();
    let address = model.form.answers.workers[1].address.clone().unwrap();
    model.form.answers.workers[2].ssh.jump = Some(vec!["ops@bastion".to_owned()]);
    press(&mut model, &format!("<space><end><enter>root@{address}:2203"));
    let effects = press(&mut model, "<enter>");
    let login = model.form.unplanned.clone().unwrap();
    assert_eq!((login.port, login.jump.len(), login.key.is_some()), (Some(2203), 0, false));
    assert_eq!((model.form.only.as_slice(), looks(&effects).len()), (&[address][..], 1));
}

#[test]
fn what_an_earlier_run_of_the_plan_met_is_not_said_of_it_and_the_other_way_round() {
    let mut model = scene("pick", (120, 36)).unwrap();
    let other = Problem::new(ProblemCode::Kubelet01, "of another");
    let event = Event::Trouble { problem: other };
    let at = Place::Worker("worker02".to_owned());
    update(
        &mut model,
        Msg::Run(Stamped { v: 1, seq: 0, t: 1.0, run: "r".to_owned(), place: at, step: None, event }),
    );
    assert_eq!(model.run.troubles.len(), 1);
    press(&mut model, &format!("<end><enter>ops@{HOST}"));
    let effects = press(&mut model, "<enter>");
    assert!(model.run.troubles.is_empty() && model.run.ended.is_none());
    let one = stopped(vec![start("kubelet")]);
    update(&mut model, Msg::Examined { number: looks(&effects)[0], seen: Ok(Arc::new(vec![one])) });
    press(&mut model, "<enter>a");
    update(&mut model, Msg::RunOver { code: ExitCode::Done, undone: Vec::new() });
    press(&mut model, "c");
    assert!(text(&model).contains("is repaired: the API"), "{}", text(&model));
    press(&mut model, "<esc><esc><esc><esc><esc>");
    assert_eq!(model.nav.screen, Screen::Welcome);
    assert!(model.run.ended.is_none() && model.run.code.is_none(), "of the plan nothing was run");
}

#[test]
fn what_is_no_login_is_refused_where_it_is_typed() {
    let (mut model, effects) = typed("ops@");
    assert_eq!((model.nav.screen, looks(&effects).len()), (Screen::Welcome, 0));
    assert!(model.form.unplanned.is_none());
    press(&mut model, "<esc>");
    assert_eq!(model.nav.screen, Screen::Welcome);
}

#[test]
fn it_is_repaired_and_reported_and_no_key_of_a_plan_is_offered() {
    let mut model = found(stopped(vec![start("kubelet")]));
    let offered = |model: &Model, words: &str| entries(model, words).iter().any(|entry| entry.text == words);
    for screen in [Screen::Diagnosis, Screen::Repair] {
        assert_eq!(model.nav.screen, screen);
        for words in [
            "review every step that differs, not only what mends it",
            "save the answers as a plan file for `gangplank apply`",
            "write a shell script that does the same by hand",
        ] {
            assert!(!offered(&model, words), "{words}");
        }
        assert!(!text(&model).contains("Review all"), "{}", text(&model));
        press(&mut model, "<enter>");
    }
    let shown = text(&model);
    for words in ["$ systemctl start kubelet", "that takes a plan", "no file is written but those shown"] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    let effects = press(&mut model, "rd");
    assert_eq!(
        (model.nav.screen, effects.iter().any(|one| matches!(one, Effect::Leaving { .. }))),
        (Screen::Repair, false)
    );
    let effects = press(&mut model, "a");
    assert!(effects.iter().any(|one| matches!(one, Effect::Mend(name) if name == HOST)), "{effects:?}");
    let tell = |model: &mut Model, event| {
        let step = Some(StepId("repair"));
        let event = Stamped { v: 1, seq: 0, t: 1.0, run: "r".to_owned(), place: place(), step, event };
        update(model, Msg::Run(event));
    };
    assert!(text(&model).contains("○ systemctl start kubelet"), "{}", text(&model));
    let action = start("kubelet").title();
    tell(
        &mut model,
        Event::ActionStarted { action: action.clone(), shell: "systemctl start kubelet".to_owned() },
    );
    assert!(!text(&model).contains("○ systemctl start kubelet"), "{}", text(&model));
    tell(&mut model, Event::ActionEnded { action, status: 0, ms: 30 });
    assert!(text(&model).contains("✓ systemctl start kubelet"), "{}", text(&model));
    tell(&mut model, Event::TaskEnded { outcome: TaskOutcome::Proven { evidence: "Ready".to_owned() } });
    let effects = update(&mut model, Msg::RunOver { code: ExitCode::Done, undone: Vec::new() });
    let number = looks(&effects)[0];
    press(&mut model, "c");
    let well = examined(Diagnosis::default());
    update(&mut model, Msg::Examined { number, seen: Ok(Arc::new(vec![well])) });
    let shown = text(&model);
    for words in [
        "is repaired: the API",
        "E-KUBELET-14",
        "nothing is wrong with",
        "by hand, as it is in no plan",
        "systemctl stop kubelet",
    ] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    for words in ["u undoes", "dig @", "Save plan", "its plan"] {
        assert!(!shown.contains(words), "{words}\n{shown}");
    }
    assert!(summary(&model).unwrap().contains("in no plan"));
    assert!(!model.preview.done, "the plan was not carried out");
    assert!(!writes(&press(&mut model, "uD")));
}

#[test]
fn what_is_not_gangplanks_is_written_over_only_after_the_hosts_name_was_typed() {
    let put = Action::Put {
        path: "/var/lib/kubelet/kubelet.crt".to_owned(),
        content: gangplank::plan::action::Content::Literal(b"x".to_vec()),
        mode: "0644",
        owner: "root:root",
    };
    let mut model = found(stopped(vec![put, start("kubelet")]));
    press(&mut model, "<enter>");
    let effects = press(&mut model, "a");
    assert!(!writes(&effects), "{effects:?}");
    assert!(text(&model).contains("write over /var/lib/kubelet/kubelet.crt"), "{}", text(&model));
    assert!(!writes(&press(&mut model, "no<enter>")));
    press(&mut model, "a");
    press(&mut model, HOST);
    press(&mut model, "<enter>");
    assert!(writes(&press(&mut model, "<enter>")), "{}", text(&model));
    // For another repair it is typed anew.
    assert!(model.form.confirmed.is_empty());
}

#[test]
fn a_repair_that_failed_offers_what_needs_no_plan_and_another_try_looks_first() {
    let mut model = found(stopped(vec![start("kubelet")]));
    press(&mut model, "<enter>a");
    let mut problem = Problem::new(ProblemCode::Kubelet01, "it ends again");
    problem.ways.push(Remedy::Replace("a file".to_owned()));
    problem.ways.push(Remedy::Manual("read its journal".to_owned()));
    let event = Event::TaskEnded { outcome: TaskOutcome::Failed { problem } };
    let step = Some(StepId("repair"));
    update(
        &mut model,
        Msg::Run(Stamped { v: 1, seq: 0, t: 1.0, run: "r".to_owned(), place: place(), step, event }),
    );
    update(&mut model, Msg::RunOver { code: ExitCode::Problem, undone: Vec::new() });
    let shown = text(&model);
    assert!(shown.contains("read its journal") && shown.contains("Try again"), "{shown}");
    for words in ["Replace on", "Skip", "Undo this run"] {
        assert!(!shown.contains(words), "{words}\n{shown}");
    }
    let effects = press(&mut model, "r");
    assert!(!effects.iter().any(|one| matches!(one, Effect::Run { .. })), "{effects:?}");
    assert_eq!((model.nav.screen, looks(&effects).len()), (Screen::Diagnosis, 1));
}

#[test]
fn the_next_journey_is_not_about_it_and_its_session_is_not_written() {
    let mut model = found(stopped(vec![start("kubelet")]));
    let planned = model.worker_names();
    press(&mut model, "<esc>");
    assert_eq!(model.nav.screen, Screen::Welcome);
    assert!(model.form.unplanned.is_none() && model.form.only.is_empty() && model.doctor.seen.is_none());
    assert_eq!(model.worker_names(), planned, "the plan is what it was");
    let effects = press(&mut model, "2");
    assert!(!looks(&effects).is_empty() && !saves(&effects), "{effects:?}");
}
