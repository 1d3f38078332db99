//! Undoing a run and removing a worker: two commands, each of which shows everything first.

use gangplank::engine::{Event, ExitCode, Stamped};
use gangplank::plan::code::ProblemCode;
use gangplank::plan::place::Place;
use gangplank::plan::problem::Problem;
use gangplank::step::StepId;
use gangplank::ui::gallery::scenes::scene;
use gangplank::ui::wizard::keymap::{bar, entries};
use gangplank::ui::wizard::message::{Effect, Msg};
use gangplank::ui::wizard::model::Model;
use gangplank::ui::wizard::progress;
use gangplank::ui::wizard::question::{Question, Reply};
use gangplank::ui::wizard::remedy::RunRemedy;
use gangplank::ui::wizard::screen::Screen;
use gangplank::ui::wizard::undoing::{TakeBack, TakeBackList};
use gangplank::ui::wizard::update::update;

use super::random::text;
use super::setup::{press, trouble};

fn worker(number: usize) -> Place {
    Place::Worker(format!("worker0{number}"))
}

fn asked(model: &mut Model, what: &TakeBack) {
    let name = what.host().unwrap_or("default-cluster").to_owned();
    let place = what.host().map_or(Place::Local, |host| Place::Worker(host.to_owned()));
    let lines = (1..=60).map(|number| format!("take away file {number:02}.")).collect();
    let list = TakeBackList { what: what.clone(), name, lines, places: vec![place], actions: 60 };
    update(model, Msg::Ask { id: 7, question: Question::TakeBack(list) });
}

fn done(model: &mut Model, place: &Place, action: &str) {
    let event = Event::ActionEnded { action: action.to_owned(), status: 0, ms: 0 };
    let step = Some(StepId::UNDO);
    update(
        model,
        Msg::Run(Stamped { v: 1, seq: 0, t: 1.0, run: "r".to_owned(), place: place.clone(), step, event }),
    );
}

fn agrees(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Reply { id: 7, reply: Reply::TakeBack(true) }))
}

#[test]
fn undo_this_run_and_remove_this_worker_are_two_commands_and_each_names_its_place() {
    for (word, first, wanted) in [
        ("undo this run", "worker01", TakeBack::Run(Some("worker02".to_owned()))),
        ("remove a worker from the cluster", "worker01", TakeBack::Worker("worker02".to_owned())),
    ] {
        let mut model = scene("report", (80, 24)).unwrap();
        assert!(entries(&model, word).iter().any(|entry| entry.text.starts_with(word)), "{word}");
        press(&mut model, &format!("<c-k>{word}<enter>"));
        let shown = text(&model);
        assert!(shown.contains(first) && shown.contains("worker02"), "{shown}");
        let effects = press(&mut model, "2<enter>");
        assert!(matches!(effects.as_slice(), [Effect::Undo(what)] if *what == wanted), "{effects:?}");
    }
}

#[test]
fn all_that_will_happen_is_read_before_the_name_is_typed_and_nothing_else_says_yes() {
    for wrong in
        ["<enter>", "worker01<enter><enter>", "<tab><tab><enter>", "worker02<esc>", "1<enter>", "yes<enter>"]
    {
        let mut model = scene("report", (80, 24)).unwrap();
        press(&mut model, "u2<enter>");
        let shown = text(&model);
        assert!(shown.contains("LOOKING") && !shown.contains("UNDOING"), "{shown}");
        asked(&mut model, &TakeBack::Run(Some("worker02".to_owned())));
        assert!(text(&model).contains("file 01."), "{}", text(&model));
        press(&mut model, &"<pgdn>".repeat(9));
        assert!(
            text(&model).contains("file 60.") && text(&model).contains("Type worker02"),
            "{}",
            text(&model)
        );
        assert!(!agrees(&press(&mut model, wrong)), "{wrong}");
        update(&mut model, Msg::RunOver { code: ExitCode::Stopped, undone: vec![worker(2)] });
        assert!(model.run.undone.is_empty() && model.nav.screen == Screen::Report);
        assert!(text(&model).contains("Every worker has joined."), "{}", text(&model));
    }
}

#[test]
fn the_header_says_undoing_and_the_report_what_was_taken_back() {
    let mut model = scene("report", (120, 36)).unwrap();
    let forward = model.run.changed[&worker(2)].clone();
    press(&mut model, "u2<enter>");
    asked(&mut model, &TakeBack::Run(Some("worker02".to_owned())));
    assert!(agrees(&press(&mut model, "worker02<enter><enter>")));
    done(&mut model, &worker(2), "take away /etc/kubernetes/ssl/worker.key");
    let shown = text(&model);
    assert!(shown.contains("UNDOING") && shown.contains("1 of 60 actions"), "{shown}");
    assert!(!shown.contains("APPLYING"), "{shown}");
    update(&mut model, Msg::RunOver { code: ExitCode::Done, undone: vec![worker(2)] });
    press(&mut model, "c");
    assert_eq!(model.nav.screen, Screen::Report);
    let shown = text(&model);
    for words in ["TAKEN BACK", "Taken back: what the run did on worker02."] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    assert!(!shown.contains("Every worker has joined"), "{shown}");
    assert!(!forward.is_empty() && !model.run.changed.contains_key(&worker(2)));
    assert_eq!(model.run.taken[&worker(2)], ["take away /etc/kubernetes/ssl/worker.key"]);
}

#[test]
fn what_was_not_all_taken_back_is_not_called_taken_back() {
    let mut model = scene("report", (120, 36)).unwrap();
    press(&mut model, "D1<enter>");
    asked(&mut model, &TakeBack::Worker("worker01".to_owned()));
    assert!(agrees(&press(&mut model, "worker01<enter><enter>")));
    assert!(text(&model).contains("REMOVING"), "{}", text(&model));
    update(&mut model, trouble(worker(1), Vec::new()));
    update(&mut model, Msg::RunOver { code: ExitCode::Problem, undone: vec![worker(1)] });
    update(&mut model, Msg::Told);
    press(&mut model, "<esc>");
    model.nav.screen = Screen::Report;
    let shown = text(&model);
    assert!(shown.contains("Not everything was taken back"), "{shown}");
    assert!(!shown.contains("has joined") && !shown.contains("removed from the cluster"), "{shown}");
}

#[test]
fn a_run_that_comes_after_an_undo_is_told_as_a_run() {
    let mut model = scene("report", (120, 36)).unwrap();
    press(&mut model, "u2<enter>");
    asked(&mut model, &TakeBack::Run(Some("worker02".to_owned())));
    press(&mut model, "worker02<enter><enter>");
    update(&mut model, Msg::RunOver { code: ExitCode::Done, undone: vec![worker(2)] });
    let effects = gangplank::ui::wizard::screens::run::start(&mut model, vec!["worker02".to_owned()]);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Run { .. })));
    assert!(text(&model).contains("APPLYING"), "{}", text(&model));
    update(&mut model, Msg::RunOver { code: ExitCode::Done, undone: Vec::new() });
    model.nav.screen = Screen::Report;
    assert!(text(&model).contains("Every worker has joined."), "{}", text(&model));
}

#[test]
fn a_card_that_says_that_nothing_needs_undoing_offers_no_undo() {
    let mut model = scene("run-problem", (120, 36)).unwrap();
    let mut seen = [false, false];
    for card in 0..model.run.troubles.len() {
        model.run.card = card;
        let nothing = text(&model).contains("nothing that needs undoing");
        seen[usize::from(nothing)] = true;
        let offered = progress::choices(&model).iter().any(|choice| choice.act == RunRemedy::Undo);
        let key = bar(&model, 400, 2).iter().any(|(key, _)| key == "u");
        assert_eq!((offered, key), (!nothing, !nothing), "{}", text(&model));
    }
    assert!(seen[1], "{:?}", model.run.troubles);
    // What was done before the problem can be taken back.
    let problem = Problem::new(ProblemCode::Action01, "it does not work");
    done(&mut model, &worker(1), "write file");
    let trouble = Event::Trouble { problem };
    let step = Some(StepId("keys"));
    update(
        &mut model,
        Msg::Run(Stamped {
            v: 1,
            seq: 0,
            t: 1.0,
            run: "r".to_owned(),
            place: worker(1),
            step,
            event: trouble,
        }),
    );
    model.run.card = model.run.troubles.iter().position(|one| !one.done.is_empty()).unwrap();
    assert!(progress::choices(&model).iter().any(|choice| choice.act == RunRemedy::Undo));
}
