//! Workers that are called as other places are: each place keeps what is its own.

use std::collections::BTreeMap;

use gangplank::engine::{Event, ExitCode, Stamped, TaskOutcome};
use gangplank::plan::answers::WorkerAnswers;
use gangplank::plan::code::ProblemCode;
use gangplank::plan::place::Place;
use gangplank::plan::problem::Problem;
use gangplank::step::StepId;
use gangplank::ui::wizard::cells::CellState;
use gangplank::ui::wizard::message::Msg;
use gangplank::ui::wizard::model::Model;
use gangplank::ui::wizard::progress::places;
use gangplank::ui::wizard::screen::Screen;
use gangplank::ui::wizard::update::update;

use super::random::text;
use super::setup::model;

const NAMES: [&str; 3] = ["here", "cluster", "ca-host"];

fn worker(name: &str) -> Place {
    Place::Worker(name.to_owned())
}

fn tell(model: &mut Model, place: &Place, step: Option<&'static str>, event: Event) {
    let (place, step) = (place.clone(), step.map(StepId));
    let stamped = Stamped { v: 1, seq: 0, t: 1.0, run: "r".to_owned(), place, step, event };
    update(model, Msg::Run(stamped));
}

fn state(model: &Model, place: &Place, step: &'static str) -> Option<CellState> {
    model.run.cells.get(place, step).map(|cell| cell.state)
}

fn with_workers() -> Model {
    let mut model = model();
    model.window.size = (120, 36);
    let named = |name: &&str| WorkerAnswers { name: Some((*name).to_owned()), ..WorkerAnswers::default() };
    model.form.answers.workers = NAMES.iter().map(named).collect();
    model
}

#[test]
fn the_end_of_a_run_holds_the_workers_that_ended_and_no_place_of_the_same_name() {
    for name in NAMES {
        let (own, other) = (worker(name), Place::of_word(name));
        for ended in [&own, &other] {
            let mut model = with_workers();
            tell(&mut model, &own, Some("keys"), Event::TaskStarted);
            tell(&mut model, &other, Some("kubectl"), Event::TaskStarted);
            let ends = BTreeMap::from([(ended.to_string(), "stopped".to_owned())]);
            let over = Event::RunEnded {
                code: ExitCode::Stopped,
                places: ends,
                counts: BTreeMap::new(),
                next: vec![],
            };
            tell(&mut model, &Place::Local, None, over);
            let held = |place: &Place| if place == ended { CellState::Held } else { CellState::Running };
            assert_eq!(state(&model, &own, "keys"), Some(held(&own)), "{ended} ended");
            assert_eq!(state(&model, &other, "kubectl"), Some(held(&other)), "{ended} ended");
            assert_eq!(model.run.ends.get(ended).map(String::as_str), Some("stopped"));
            assert_eq!(model.run.ends.len(), 1);
        }
    }
}

#[test]
fn the_report_says_of_each_how_it_ended() {
    let mut model = with_workers();
    let all = places(&model);
    let problem = Problem::new(ProblemCode::Action01, "it does not work");
    tell(
        &mut model,
        &worker("here"),
        Some("keys"),
        Event::TaskEnded { outcome: TaskOutcome::Failed { problem } },
    );
    let ends: BTreeMap<String, String> =
        all.iter().map(|place| (place.to_string(), format!("end of {place}"))).collect();
    assert_eq!(ends.len(), all.len(), "no two are written alike");
    let over =
        Event::RunEnded { code: ExitCode::Problem, places: ends, counts: BTreeMap::new(), next: Vec::new() };
    tell(&mut model, &Place::Local, None, over);
    model.nav.screen = Screen::Report;
    let shown = text(&model);
    for place in &all {
        assert!(shown.contains(&format!("end of {place} ")), "{place}:\n{shown}");
    }
    assert_eq!(shown.matches("E-ACTION-01").count(), 1, "{shown}");
}
