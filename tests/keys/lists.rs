//! Lists in a window too low for them: each says how many of its rows are hidden, and keys reach its last row. They
//! are walked through in `windows.rs`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::sync::Arc;

use gangplank::engine::{Event, Stamped};
use gangplank::live::{Panel, watch_targets};
use gangplank::plan::code::ProblemCode;
use gangplank::plan::place::Place;
use gangplank::plan::problem::{Problem, Remedy};
use gangplank::step::StepId;
use gangplank::ui::gallery::scenes;
use gangplank::ui::wizard::dialogs::Dialog;
use gangplank::ui::wizard::dialogs::confirm::{Confirm, ConfirmDialog};
use gangplank::ui::wizard::dialogs::import::ImportDialog;
use gangplank::ui::wizard::dialogs::paste::PasteDialog;
use gangplank::ui::wizard::dialogs::pick::PickDialog;
use gangplank::ui::wizard::dialogs::problem::ProblemDialog;
use gangplank::ui::wizard::look::{Inspection, ProbeTarget};
use gangplank::ui::wizard::message::Msg;
use gangplank::ui::wizard::model::Model;
use gangplank::ui::wizard::opening::{Demo, Saved};
use gangplank::ui::wizard::question::Question;
use gangplank::ui::wizard::role::Role;
use gangplank::ui::wizard::screen::Screen;
use gangplank::ui::wizard::undoing::{TakeBack, TakeBackList};
use gangplank::ui::wizard::update::update;
use gangplank::ui::wizard::validation::validate;

use super::random::text;
use super::setup::{model, press};

pub const ROWS: usize = 200;
pub const LOW: (u16, u16) = (80, 24);

pub fn row(number: usize) -> String {
    format!("row{number:03}")
}

pub fn rows() -> Vec<String> {
    (1..=ROWS).map(row).collect()
}

fn low() -> Model {
    let mut model = model();
    model.window.size = LOW;
    model
}

fn over(dialog: Dialog) -> Model {
    let mut model = low();
    model.dialogs.open.push(dialog);
    model
}

/// A scene whose first worker is there two hundred times.
pub fn many(scene: &str) -> Model {
    let mut model = scenes::scene(scene, LOW).unwrap();
    let worker = model.form.answers.workers[0].clone();
    let first = Place::Worker(model.worker_name(0));
    model.form.answers.workers = rows()
        .into_iter()
        .enumerate()
        .map(|(at, name)| {
            let mut one = worker.clone();
            one.name = Some(name);
            one.address = Some(format!("10.1.{}.{}", at / 250, at % 250 + 1));
            one
        })
        .collect();
    if let Inspection::Seen { seen, at, .. } = &model.preview.inspection {
        let mut all = seen.as_ref().clone();
        let one = all.iter().find(|one| one.place == first).unwrap().clone();
        all.retain(|one| !matches!(one.place, Place::Worker(_)));
        all.extend(rows().into_iter().map(|name| {
            let mut one = one.clone();
            one.place = Place::Worker(name);
            one
        }));
        model.preview.inspection = Inspection::of(Arc::new(all), at.clone());
    }
    validate(&mut model);
    model
}

fn problem() -> Problem {
    let mut problem = Problem::new(ProblemCode::Action01, "it does not work");
    problem.evidence = (1..=ROWS).map(|number| format!("seen{number:03}")).collect();
    problem.ways = rows().into_iter().map(Remedy::Manual).collect();
    problem
}

fn run(event: Event) -> Msg {
    let place = Place::Worker(row(1));
    Msg::Run(Stamped { v: 1, seq: 0, t: 1.0, run: "r".to_owned(), place, step: Some(StepId("keys")), event })
}

fn on_run() -> Model {
    let mut model = many("run-done");
    model.nav.screen = Screen::Run;
    model.run.shown = 1;
    model
}

/// What is opened, the keys that lead to its end, and what its last row says.
pub fn lists() -> Vec<(&'static str, Model, String, &'static str)> {
    let pages = "<pgdn>".repeat(ROWS);
    let asked = |question| {
        let mut model = low();
        update(&mut model, Msg::Ask { id: 1, question });
        model
    };
    let end = || "<end>".to_owned();
    let last = "row200";
    let mut all = Vec::new();

    let mut pick = many("workers");
    pick.dialogs.open.push(Dialog::Pick(PickDialog::default()));
    all.push(("pick", pick, end(), last));

    let mut menu = low();
    menu.demo = Some(Demo {
        name: "demo".to_owned(),
        title: String::new(),
        about: String::new(),
        faults: rows().into_iter().map(|row| (row.clone(), String::new(), row)).collect(),
        caption: None,
        paused: false,
    });
    press(&mut menu, "<c-k>");
    all.push(("menu", menu, pages.clone(), last));

    all.push(("import", over(Dialog::Import(ImportDialog::new(rows()))), end(), last));
    all.push(("problem, ways", over(at_problem()), end(), last));
    all.push(("problem, seen", over(at_problem()), pages.clone(), "seen200"));

    let replace = Confirm::Replace { host: row(1), actions: rows(), more: Vec::new() };
    all.push(("replace", over(Dialog::Confirm(ConfirmDialog::new(replace))), pages.clone(), last));
    let undo = TakeBackList {
        what: TakeBack::Worker(row(1)),
        name: row(1),
        lines: rows(),
        places: Vec::new(),
        actions: rows().len(),
    };
    all.push(("undo", asked(Question::TakeBack(undo)), pages.clone(), last));

    let place = Place::Worker(row(1));
    let go_on = Question::GoOn { place, step: StepId("keys"), actions: rows() };
    all.push(("question", asked(go_on), pages.clone(), last));

    let mut text = low();
    let lines = rows().into_iter().map(|row| (Role::Text, row)).collect();
    update(&mut text, Msg::Text { title: "a text".to_owned(), lines });
    all.push(("text", text, end(), last));

    let mut help = low();
    press(&mut help, "?");
    let glossary = gangplank::ui::wizard::texts::glossary();
    let word: &'static str = glossary.last().unwrap().0.clone().leak();
    all.push(("help", help, end(), word));

    let mut welcome = low();
    let kept = |name: String| Saved {
        name,
        screen: String::new(),
        when: String::new(),
        about: String::new(),
        workers: vec!["w1".to_owned()],
    };
    welcome.sessions.kept = rows().into_iter().map(kept).collect();
    all.push(("welcome", welcome, end(), last));

    all.push(("workers", many("workers"), end(), last));
    all.push(("review", many("review"), end(), last));
    all.push(("report", many("report"), pages.clone(), last));

    let mut log = on_run();
    for line in rows() {
        update(&mut log, run(Event::Output { line, err: false }));
    }
    press(&mut log, "o<home>");
    all.push(("log", log, end(), last));

    let mut card = on_run();
    update(&mut card, run(Event::Trouble { problem: problem() }));
    all.push(("card, ways", card, end(), last));
    let mut card = on_run();
    update(&mut card, run(Event::Trouble { problem: problem() }));
    all.push(("card, seen", card, pages, "seen200"));

    let mut matrix = on_run();
    matrix.run.top = Some(0);
    let steps = gangplank::ui::wizard::progress::steps(&matrix).last().unwrap().title();
    all.push(("matrix, steps", matrix, "<down>".repeat(30), steps));
    all.push(("matrix, places", on_run(), "<right>".repeat(ROWS - 1), last));

    let mut live = many("live");
    live.live.open = true;
    live.live.panel = Some(Panel::new(&watch_targets(live.form.planned.as_deref().unwrap())));
    all.push(("live", live, end(), last));
    all
}

fn at_problem() -> Dialog {
    Dialog::Problem(ProblemDialog::new(ProbeTarget::Worker(row(1)), problem()))
}

#[test]
fn many_pasted_lines_are_counted_and_so_are_those_that_cannot_be_read() {
    let mut model = over(Dialog::Paste(PasteDialog::new(&rows().join(" [\n"))));
    assert!(text(&model).contains("line 200 of 200"), "{}", text(&model));
    press(&mut model, "<tab>");
    let shown = text(&model);
    assert!(shown.contains("line 1:") && shown.contains("more lines that cannot be read"), "{shown}");
}

#[test]
fn certificates_that_have_no_card_are_counted_and_have_a_line_each() {
    let mut model = many("certificates");
    let rows = gangplank::ui::tui::view::screens::page_rows(&model);
    update(&mut model, Msg::Page { rows });
    let mut seen = String::new();
    for _ in 0..300 {
        press(&mut model, "<pgdn>");
        seen += &text(&model);
    }
    for words in
        ["140 more workers get the like; Review has each:", "row061 to be signed", "row200 to be signed"]
    {
        assert!(seen.contains(words), "{words}\n{}", text(&model));
    }
}

/// What a row does may be longer than the window too.
#[test]
fn what_the_chosen_row_does_is_read_to_its_end() {
    let mut model = scenes::scene("review", LOW).unwrap();
    press(&mut model, "<down><down>");
    let at = |model: &Model| text(model);
    let first = at(&model);
    assert!(first.contains("more below, J K"), "{first}");
    press(&mut model, &"J".repeat(80));
    let end = at(&model);
    assert!(end.contains("undo:") && end.contains("more above, J K"), "{end}");
    press(&mut model, &"K".repeat(80));
    assert_eq!(at(&model), first);
}
