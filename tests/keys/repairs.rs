//! Repairs: offered where the problem is shown, and told on the report.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use gangplank::engine::demo;
use gangplank::engine::{Event, ExitCode, Stamped, TaskOutcome, World, probe};
use gangplank::plan::check::{PathBases, finish};
use gangplank::plan::code::ProblemCode;
use gangplank::plan::place::Place;
use gangplank::plan::problem::{Problem, Remedy};
use gangplank::step::StepId;
use gangplank::ui::gallery::scenes::scene;
use gangplank::ui::wizard::effects::describe;
use gangplank::ui::wizard::keymap::{bar, entries};
use gangplank::ui::wizard::look::ProbeTarget;
use gangplank::ui::wizard::message::{Effect, Msg};
use gangplank::ui::wizard::model::Model;
use gangplank::ui::wizard::screen::Screen;
use gangplank::ui::wizard::screens::review::rows;
use gangplank::ui::wizard::update::update;

use super::random::text;
use super::setup::press;

fn worker(name: &str) -> Place {
    Place::Worker(name.to_owned())
}

fn told(event: Event, step: &'static str) -> Msg {
    let step = Some(StepId(step));
    Msg::Run(Stamped { v: 1, seq: 0, t: 1.0, run: "r".to_owned(), place: worker("worker03"), step, event })
}

fn over(code: ExitCode) -> Msg {
    Msg::RunOver { code, undone: Vec::new() }
}

fn done() -> Msg {
    told(Event::TaskEnded { outcome: TaskOutcome::Changed { actions: 1 } }, "repair")
}

/// Review of the workers that failed, after the repair of worker03 was agreed to.
fn repairing() -> Model {
    let mut model = scene("review-reonboard", (80, 24)).unwrap();
    let docker = rows(&model).iter().position(|row| {
        let problem = row.looked.and_then(|looked| looked.blocked());
        problem.is_some_and(|one| one.ways.iter().any(|way| matches!(way, Remedy::Repair { .. })))
    });
    model.preview.row = docker.expect("worker03's docker is stopped");
    let effects = press(&mut model, "p1<enter>");
    assert!(effects.iter().any(|one| matches!(one, Effect::Repair { again: false, .. })), "{effects:?}");
    model
}

fn report(mut model: Model) -> String {
    model.nav.screen = Screen::Report;
    text(&model)
}

#[test]
fn a_repair_has_a_line_on_the_report_with_when_it_was_and_how_it_ended() {
    let when = "2026-11-23 09:00:0";
    let line = format!("worker03: systemctl start docker, {when}");
    let mut model = repairing();
    let shown = report_of(&mut model);
    assert!(shown.contains(&line) && shown.contains("goes on"), "{shown}");
    update(&mut model, done());
    update(&mut model, over(ExitCode::Done));
    let shown = report(model);
    for words in
        ["What was repaired", &line, ": repaired", "worker03 is repaired; the plan was not carried out"]
    {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    assert!(!shown.contains("has joined"), "{shown}");

    let mut model = repairing();
    let problem = Problem::new(ProblemCode::Unit01, "docker does not start");
    update(&mut model, told(Event::Trouble { problem }, "repair"));
    update(&mut model, over(ExitCode::Problem));
    let shown = report(model);
    assert!(shown.contains(&line) && shown.contains("failed, E-UNIT-01"), "{shown}");
    assert!(shown.contains("worker03 is not repaired"), "{shown}");

    for (code, words) in [(ExitCode::Stopped, "stopped before"), (ExitCode::Problem, "did not begin")] {
        let mut model = repairing();
        update(&mut model, over(code));
        let shown = report(model);
        assert!(shown.contains(&line) && shown.contains(words), "{words}\n{shown}");
    }
}

fn report_of(model: &mut Model) -> String {
    let screen = std::mem::replace(&mut model.nav.screen, Screen::Report);
    let shown = text(model);
    model.nav.screen = screen;
    shown
}

#[test]
fn a_repair_with_a_run_after_it_ends_as_the_repair_and_not_as_the_run() {
    let mut model = scene("run-problem", (80, 24)).unwrap();
    let at = model.run.troubles.iter().position(|one| one.place == worker("worker03")).unwrap();
    model.run.card = at;
    assert!(
        press(&mut model, "p1<enter>").iter().any(|one| matches!(one, Effect::Repair { again: true, .. }))
    );
    update(&mut model, done());
    let problem = Problem::new(ProblemCode::Node01, "it is not Ready");
    update(&mut model, told(Event::Trouble { problem }, "ready"));
    update(&mut model, over(ExitCode::Problem));
    let shown = report(model);
    assert!(shown.contains("systemctl start docker") && shown.contains(": repaired"), "{shown}");
    assert!(shown.contains("Not every worker has joined"), "{shown}");
}

/// Workers of the lab of failed workers, each looked at as the wizard looks at it.
fn looked_at() -> Model {
    let mut model = scene("review-reonboard", (120, 36)).unwrap();
    let lab = demo::open("failed-worker", 0.0, Some(7)).unwrap();
    let bases = PathBases { base: lab.world.home().into(), home: Some(lab.world.home().into()) };
    let plan = finish(&lab.answers, &bases).unwrap();
    for one in &plan.workers {
        let look = describe::worker(&probe::worker(&plan, one, lab.world.as_ref()));
        model.probes.looks.insert(ProbeTarget::Worker(one.name.clone()), look);
    }
    model.nav.screen = Screen::Workers;
    (model.nav.focus, model.form.editor) = (0, None);
    model
}

#[test]
fn workers_says_why_a_worker_must_come_back_and_offers_the_repair_of_its_problem() {
    let mut model = looked_at();
    let p = |model: &Model| bar(model, 400, 2).iter().any(|(key, word)| key == "p" && word == "repair");
    model.nav.row = 1;
    let mut shown = String::new();
    for _ in 0..6 {
        shown += &text(&model);
        let rows = gangplank::ui::tui::view::screens::page_rows(&model);
        update(&mut model, Msg::Page { rows });
        model.nav.scroll += 10;
    }
    for words in [
        "! expired 2026-11-14",
        "the certificate of kubelet expired on 2026-11-14",
        "certificate of kube-proxy expired",
    ] {
        assert!(
            shown.contains(words),
            "{words}
{shown}"
        );
    }
    assert!(!p(&model), "a certificate is no repair");
    (model.nav.row, model.nav.scroll) = (2, 0);
    assert!(text(&model).contains("docker is stopped") && p(&model), "{}", text(&model));
    assert!(entries(&model, "fix").iter().any(|entry| entry.text.starts_with("repair what the problem")));
    let effects = press(&mut model, "C");
    assert!(effects.iter().any(|one| matches!(one, Effect::DaysLeft)), "{effects:?}");
    let effects = press(&mut model, "H");
    let diagnosed =
        |one: &Effect| matches!(one, Effect::Diagnose { only } if only == &["worker03".to_owned()]);
    assert!(effects.iter().any(diagnosed), "{effects:?}");
    press(&mut model, "p");
    let shown = text(&model);
    for words in ["Repair worker03", "systemctl start docker", "undo: ", "Repair it now"] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    let effects = press(&mut model, "1<enter>");
    let of_it = |one: &Effect| matches!(one, Effect::Repair { place, again: false, .. } if *place == worker("worker03"));
    assert!(effects.iter().any(of_it), "{effects:?}");
}
