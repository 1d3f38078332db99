//! Whatever dialog shows numbers, pressing one marks that choice. Where none are shown a digit chooses nothing: in the
//! question for a host key nobody may answer by reflex, and where a name is typed it is part of the name.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use gangplank::plan::code::ProblemCode;
use gangplank::plan::place::Place;
use gangplank::plan::problem::{Problem, Remedy};
use gangplank::step::StepId;
use gangplank::ui::gallery::scenes::scene;
use gangplank::ui::tui::theme::{Glyph, Paint};
use gangplank::ui::wizard::dialogs::Dialog;
use gangplank::ui::wizard::dialogs::ask::AskDialog;
use gangplank::ui::wizard::dialogs::import::ImportDialog;
use gangplank::ui::wizard::dialogs::mend::MendDialog;
use gangplank::ui::wizard::dialogs::pick::{DemosDialog, PickDialog};
use gangplank::ui::wizard::dialogs::problem::ProblemDialog;
use gangplank::ui::wizard::look::ProbeTarget;
use gangplank::ui::wizard::message::Msg;
use gangplank::ui::wizard::model::Model;
use gangplank::ui::wizard::question::Question;
use gangplank::ui::wizard::role::Role;
use gangplank::ui::wizard::update::update;

use super::random::text;
use super::setup::{answered, confirm, model, press, replace, running, secret, trouble, trust};

/// What a dialog does with digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digits {
    /// It shows numbers, and a digit marks the choice that has it.
    Choose,
    /// They are text that is typed.
    Typed,
    /// They do nothing there.
    Nothing,
}

/// The table of all dialogs: it does not compile while one is missing, and the test fails while one has no case.
macro_rules! table {
    ($($name:literal: $pattern:pat => $digits:ident,)*) => {
        pub const KINDS: &[&str] = &[$($name),*];

        pub fn kind(dialog: &Dialog) -> (&'static str, Digits) {
            match dialog {
                $($pattern => ($name, Digits::$digits),)*
            }
        }
    };
}

table! {
    "help": Dialog::Help(_) => Nothing,
    "menu": Dialog::Menu(_) => Typed,
    "jump": Dialog::Jump(_) => Choose,
    "explain": Dialog::Explain(_) => Nothing,
    "apply": Dialog::Apply(_) => Choose,
    "secret": Dialog::Ask(AskDialog { question: Question::Secret { .. }, .. }) => Typed,
    "host key": Dialog::Ask(AskDialog { question: Question::Trust { .. }, .. }) => Nothing,
    "go on": Dialog::Ask(AskDialog { question: Question::GoOn { .. }, .. }) => Choose,
    "take back": Dialog::Ask(AskDialog { question: Question::TakeBack(_), .. }) => Typed,
    "paste": Dialog::Paste(_) => Typed,
    "certificates": Dialog::Certificates(_) => Typed,
    "import": Dialog::Import(_) => Nothing,
    "line": Dialog::Line(_) => Typed,
    "replace": Dialog::Confirm(_) => Typed,
    "quit": Dialog::Quit(_) => Choose,
    "text": Dialog::Text(_) => Nothing,
    "problem": Dialog::Problem(_) => Choose,
    "demos": Dialog::Demos(_) => Choose,
    "pick": Dialog::Pick(_) => Nothing,
    "where": Dialog::Where(_) => Choose,
    "mend": Dialog::Mend(_) => Choose,
}

fn problem() -> Problem {
    let ways = vec![Remedy::Manual("one".to_owned()), Remedy::Manual("two".to_owned())];
    Problem { ways, ..Problem::new(ProblemCode::Action01, "it does not work") }
}

fn over(dialog: Dialog) -> Model {
    let mut model = answered("cluster");
    model.dialogs.open.push(dialog);
    model
}

fn after(mut model: Model, keys: &str) -> Model {
    press(&mut model, keys);
    model
}

fn hearing(mut model: Model, msg: Msg) -> Model {
    update(&mut model, msg);
    model
}

/// Every dialog, and those that show more than one list in each of them.
fn cases() -> Vec<Model> {
    let worker = || Place::Worker("worker1".to_owned());
    let go_on = Question::GoOn { place: worker(), step: StepId("keys"), actions: vec!["one".to_owned()] };
    let many =
        Problem { ways: (1..=12).map(|one| Remedy::Manual(format!("way {one}"))).collect(), ..problem() };
    let look =
        |problem| Dialog::Problem(ProblemDialog::new(ProbeTarget::Worker("worker1".to_owned()), problem));
    let running_and_stopped = after(running(), "<c-c><c-c><c-c>");
    let text = Msg::Text { title: "a text".to_owned(), lines: vec![(Role::Text, "a line".to_owned())] };
    let certificates = gangplank::ui::wizard::dialogs::paste::CertificatesDialog::default();
    let explain = gangplank::ui::wizard::dialogs::explain::ExplainDialog;
    vec![
        after(answered("cluster"), "?"),
        after(answered("cluster"), "<c-k>"),
        after(answered("cluster"), "<c-g>"),
        over(Dialog::Explain(explain)),
        after(answered("review"), "a"),
        hearing(answered("cluster"), secret(1)),
        hearing(answered("cluster"), trust(1)),
        hearing(answered("cluster"), Msg::Ask { id: 1, question: go_on }),
        scene("confirm-undo", (80, 24)).unwrap(),
        after(answered("workers"), "m"),
        over(Dialog::Certificates(certificates)),
        over(Dialog::Import(ImportDialog::new(vec!["one".to_owned(), "two".to_owned()]))),
        after(answered("cluster"), "S"),
        confirm(replace()),
        after(answered("cluster"), "<c-c>"),
        after(running(), "<c-c>"),
        running_and_stopped,
        hearing(answered("cluster"), text),
        over(look(problem())),
        over(look(many)),
        over(Dialog::Demos(DemosDialog::default())),
        over(Dialog::Pick(PickDialog::default())),
        after(scene("run-done", (80, 24)).unwrap(), "u"),
        over(Dialog::Mend(MendDialog::new(worker(), "start it".to_owned(), Vec::new(), false))),
    ]
}

fn top(model: &Model) -> (&'static str, Digits) {
    kind(model.dialogs.open.last().unwrap_or_else(|| panic!("no dialog is open\n{}", text(model))))
}

/// The numbers that stand before choices, and the one whose choice is marked.
fn numbers(model: &Model) -> (Vec<usize>, Option<usize>) {
    let here = model.window.theme.glyph(Glyph::Here);
    let (mut all, mut marked) = (Vec::new(), None);
    for line in text(model).lines() {
        for part in line.split(['│', '┃']) {
            let (is, rest) = match part.strip_prefix(&format!(" {here} ")) {
                Some(rest) => (true, rest),
                None => (false, part.strip_prefix("   ").unwrap_or_default()),
            };
            let number = rest.split_once(' ').and_then(|(number, _)| number.parse::<usize>().ok());
            all.extend(number);
            marked = number.filter(|_| is).or(marked);
        }
    }
    (all, marked)
}

#[test]
fn every_dialog_is_in_the_table_of_what_digits_do() {
    let cases = cases();
    let tried: Vec<&str> = cases.iter().map(|model| top(model).0).collect();
    for name in KINDS {
        assert!(tried.contains(name), "{name} is tried nowhere");
    }
}

#[test]
fn a_number_that_is_shown_marks_its_choice_and_others_mark_nothing() {
    for mut model in cases() {
        model.window.size = (80, 24);
        let (name, digits) = top(&model);
        if digits != Digits::Choose {
            continue;
        }
        let (all, first) = numbers(&model);
        assert!(all.len() > 1 && first.is_some(), "{name}: {all:?} {first:?}\n{}", text(&model));
        // From the last to the first: no mark is where it was before.
        for number in all.iter().rev().chain(&all) {
            assert!((1..=9).contains(number), "{name} shows {number}, which no key has\n{}", text(&model));
            let effects = press(&mut model, &number.to_string());
            assert_eq!(numbers(&model).1, Some(*number), "{name}\n{}", text(&model));
            assert!(effects.is_empty(), "{name}: a number only marks, {effects:?}");
        }
        let before = text(&model);
        for number in (0..=9).filter(|number| !all.contains(number)) {
            press(&mut model, &number.to_string());
            assert_eq!(text(&model), before, "{name} has no {number}");
        }
    }
}

#[test]
fn a_digit_is_text_where_text_is_typed_and_nothing_where_no_number_is_shown() {
    for mut model in cases() {
        model.window.size = (80, 24);
        let (name, digits) = top(&model);
        if digits == Digits::Choose {
            continue;
        }
        assert!(numbers(&model).0.is_empty(), "{name} shows numbers\n{}", text(&model));
        let (open, before) = (model.dialogs.open.len(), text(&model));
        let typed = |model: &mut Model| {
            let text = model.dialogs.open.last_mut().and_then(Dialog::input).map(|input| input.text());
            text.unwrap_or_default().matches("123").count()
        };
        let (had, effects) = (typed(&mut model), press(&mut model, "123"));
        assert!(effects.is_empty() && model.dialogs.open.len() == open, "{name}: {effects:?}");
        match digits {
            Digits::Typed if name == "secret" => assert_ne!(text(&model), before, "{name}"),
            Digits::Typed => assert_eq!(typed(&mut model), had + 1, "{name}\n{}", text(&model)),
            Digits::Nothing | Digits::Choose => assert_eq!(text(&model), before, "{name}"),
        }
    }
}

/// The card of a run and the ways of the first screen are no dialogs, and have numbers too.
#[test]
fn the_numbers_of_a_card_and_of_the_first_screen_choose_too() {
    let ways = (1..=3).map(|one| Remedy::Manual(format!("way {one}"))).collect();
    let mut card = running();
    update(&mut card, trouble(Place::Worker("worker1".to_owned()), ways));
    for number in ["3", "1", "2"] {
        press(&mut card, number);
        assert!(text(&card).contains(&format!("▶ {number} way {number}")), "{}", text(&card));
    }
    let at = card.run.way;
    press(&mut card, "09");
    assert_eq!(card.run.way, at);
    let words = [
        "Where is the CA",
        "Which worker comes back?",
        "no session to resume",
        "Open a plan file",
        "Which demo?",
    ];
    for (number, words) in (1..).zip(words) {
        let mut welcome = model();
        press(&mut welcome, &format!("{number}"));
        assert!(text(&welcome).contains(words), "{number}\n{}", text(&welcome));
    }
}
