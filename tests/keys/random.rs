//! Keys, pastes, sizes and news at random: nothing panics, every screen can be left, answers change only by hand.

use std::collections::BTreeMap;

use gangplank::engine::{Event, ExitCode, Stamped, TaskOutcome};
use gangplank::plan::code::ProblemCode;
use gangplank::plan::place::Place;
use gangplank::plan::plan_field::PlanField;
use gangplank::plan::problem::{Problem, Remedy};
use gangplank::step::StepId;
use gangplank::ui::tui::view;
use gangplank::ui::wizard::bindings::TABLE;
use gangplank::ui::wizard::dialogs::Dialog;
use gangplank::ui::wizard::effects::session;
use gangplank::ui::wizard::form::item::Item;
use gangplank::ui::wizard::key::{Key, KeyCode};
use gangplank::ui::wizard::look::{Look, LookStatus, ProbeTarget};
use gangplank::ui::wizard::message::{Effect, Msg};
use gangplank::ui::wizard::model::Model;
use gangplank::ui::wizard::question::Question;
use gangplank::ui::wizard::role::Role;
use gangplank::ui::wizard::run_state::Offline;
use gangplank::ui::wizard::screen::Screen;
use gangplank::ui::wizard::update::update;
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// The screen as text.
pub fn text(model: &Model) -> String {
    let (width, height) = model.window.size;
    let mut screen = Terminal::new(TestBackend::new(width, height)).unwrap();
    screen.draw(|frame| view::draw(frame, model)).unwrap();
    // A screen without any cell has no text either.
    if width == 0 || height == 0 { String::new() } else { screen.backend().to_string() }
}

/// Text as a hostile host or a clumsy paste has it.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("\u{1b}]0;x\u{7}\u{1b}[2J".to_owned()),
        Just(
            "\u{202e}\u{200b}\u{feff}e\u{301}\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{4e2d}\u{6587}"
                .to_owned()
        ),
        Just("a\r\nb\tc\u{0}".to_owned()),
        Just("x".repeat(700)),
        Just("10.0.0.[1-3]\ncore@10.0.0.9:22\n[".to_owned()),
        "[ -~]{0,40}",
        "\\PC{0,12}",
    ]
}

fn exit_code() -> impl Strategy<Value = ExitCode> {
    prop::sample::select(ExitCode::ALL.to_vec())
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        Just(Place::Local),
        Just(Place::CaHost),
        Just(Place::Cluster),
        Just(Place::Worker("worker1".to_owned())),
        hostile().prop_map(Place::Worker),
    ]
}

fn problem() -> impl Strategy<Value = Problem> {
    (hostile(), hostile(), hostile()).prop_map(|(what, seen, way)| Problem {
        code: ProblemCode::Action01,
        what,
        evidence: vec![seen],
        ways: vec![
            Remedy::Retry,
            Remedy::Edit { field: PlanField::KubeletArgs, text: way.clone() },
            Remedy::Edit { field: PlanField::Api, text: "cluster.api".to_owned() },
            Remedy::Manual(way.clone()),
            Remedy::Repair { title: way, actions: Vec::new() },
            Remedy::Replace("a file".to_owned()),
            Remedy::Skip,
        ],
    })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        hostile().prop_map(|text| Event::RunStarted { hosts: vec![text] }),
        hostile().prop_map(|text| Event::Note { text }),
        Just(Event::TaskStarted),
        (hostile(), hostile()).prop_map(|(action, shell)| Event::ActionStarted { action, shell }),
        (hostile(), any::<bool>()).prop_map(|(line, err)| Event::Output { line, err }),
        (any::<u64>(), any::<u64>()).prop_map(|(sent, of)| Event::Progress { sent, of }),
        (hostile(), any::<i32>(), any::<u64>()).prop_map(|(action, status, ms)| Event::ActionEnded {
            action,
            status,
            ms
        }),
        problem().prop_map(|problem| Event::Trouble { problem }),
        problem().prop_map(|problem| Event::TaskEnded { outcome: TaskOutcome::Failed { problem } }),
        any::<usize>().prop_map(|actions| Event::TaskEnded { outcome: TaskOutcome::Changed { actions } }),
        hostile().prop_map(|evidence| Event::TaskEnded { outcome: TaskOutcome::Proven { evidence } }),
        (exit_code(), hostile()).prop_map(|(code, text)| Event::RunEnded {
            code,
            places: BTreeMap::from([(text.clone(), text.clone())]),
            counts: BTreeMap::new(),
            next: vec![text],
        }),
    ]
}

fn question() -> impl Strategy<Value = Question> {
    prop_oneof![
        hostile().prop_map(|prompt| Question::Secret { prompt }),
        (hostile(), hostile()).prop_map(|(host, note)| Question::Trust {
            host,
            kind: "ed25519".to_owned(),
            fingerprint: note.clone(),
            note,
        }),
        (place(), hostile()).prop_map(|(place, action)| Question::GoOn {
            place,
            step: StepId("keys"),
            actions: vec![action; 30],
        }),
    ]
}

/// What happens; `Msg` itself cannot be shrunk or shown twice.
#[derive(Debug, Clone)]
enum Happens {
    Key(Key),
    Paste(String),
    Resize(u16, u16),
    Tick,
    Looked(ProbeTarget, Problem, bool),
    Inspected(Problem),
    Seen,
    Ask(u64, Question),
    Unasked(u64),
    Say(String),
    Text(String),
    Hosts(String),
    Offline(String),
    Run(Place, f64, Event),
    RunOver(ExitCode),
}

fn held_with(code: KeyCode, (control, alt, shift): (bool, bool, bool)) -> Key {
    Key { code, control, alt, shift }
}

fn key() -> impl Strategy<Value = Key> {
    let table: Vec<Key> = TABLE.iter().flat_map(|binding| binding.keys).map(|key| key.key).collect();
    let moves = [
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Backspace,
        KeyCode::Delete,
        KeyCode::F(5),
        KeyCode::Other,
    ];
    let held = prop_oneof![
        4 => Just((false, false, false)),
        1 => Just((false, false, true)),
        1 => Just((true, false, false)),
        1 => Just((false, true, false)),
    ];
    prop_oneof![
        4 => proptest::sample::select(table),
        4 => Just(Key::plain(KeyCode::Enter)),
        3 => (proptest::sample::select(moves.to_vec()), held.clone()).prop_map(|(code, with)| held_with(code, with)),
        3 => (any::<char>(), held.clone()).prop_map(|(c, with)| held_with(KeyCode::Char(c), with)),
        3 => (proptest::char::range(' ', '~'), held).prop_map(|(c, with)| held_with(KeyCode::Char(c), with)),
    ]
}

fn happens() -> impl Strategy<Value = Happens> {
    let target = prop_oneof![
        Just(ProbeTarget::Ca),
        Just(ProbeTarget::Api),
        Just(ProbeTarget::Worker("worker1".to_owned())),
        hostile().prop_map(ProbeTarget::Worker),
    ];
    prop_oneof![
        40 => key().prop_map(Happens::Key),
        3 => hostile().prop_map(Happens::Paste),
        3 => (0_u16..=210, 0_u16..=70).prop_map(|(width, height)| Happens::Resize(width, height)),
        2 => Just(Happens::Tick),
        2 => (target, problem(), any::<bool>()).prop_map(|(target, problem, bad)| Happens::Looked(target, problem, bad)),
        1 => problem().prop_map(Happens::Inspected),
        2 => Just(Happens::Seen),
        1 => (0_u64..9, question()).prop_map(|(id, question)| Happens::Ask(id, question)),
        1 => (0_u64..9).prop_map(Happens::Unasked),
        1 => hostile().prop_map(Happens::Say),
        1 => hostile().prop_map(Happens::Text),
        1 => hostile().prop_map(Happens::Hosts),
        1 => hostile().prop_map(Happens::Offline),
        3 => (place(), prop_oneof![0.0..1e6, Just(f64::MAX), Just(f64::NAN)], event())
            .prop_map(|(place, t, event)| Happens::Run(place, t, event)),
        1 => exit_code().prop_map(Happens::RunOver),
    ]
}

fn msg(model: &Model, what: &Happens, seq: u64) -> Msg {
    match what.clone() {
        Happens::Key(key) => Msg::Key(key),
        Happens::Paste(text) => Msg::Paste(text),
        Happens::Resize(width, height) => Msg::Resize(width, height),
        Happens::Tick => Msg::Tick(model.window.now),
        Happens::Looked(target, problem, bad) => {
            let number = model.probes.numbers.get(&target).copied().unwrap_or(0);
            let lines = vec![(Role::Text, problem.what.clone())];
            let mood = if bad { LookStatus::Bad } else { LookStatus::Good };
            let look = Look {
                mood,
                lines,
                word: problem.what.clone(),
                problem: bad.then_some(problem),
                stale: false,
                version: None,
            };
            Msg::Looked { target, number, look }
        }
        Happens::Inspected(problem) => Msg::Inspected { number: model.preview.number, seen: Err(problem) },
        Happens::Seen => Msg::Inspected { number: model.preview.number, seen: Ok(std::sync::Arc::default()) },
        Happens::Ask(id, question) => Msg::Ask { id, question },
        Happens::Unasked(id) => Msg::Unasked { id },
        Happens::Say(text) => Msg::Say(Role::Warn, text),
        Happens::Text(text) => {
            Msg::Text { title: text.clone(), lines: vec![(Role::Added, text.clone()), (Role::Code, text)] }
        }
        Happens::Hosts(text) => Msg::Hosts(vec![(text, None)]),
        Happens::Offline(text) => Msg::Offline(Offline {
            folder: text.clone(),
            command: text.clone(),
            waiting: vec![(text.clone(), false)],
            said: text,
        }),
        Happens::Run(place, t, event) => {
            Msg::Run(Stamped { v: 1, seq, t, run: "r".to_owned(), place, step: Some(StepId("keys")), event })
        }
        Happens::RunOver(code) => Msg::RunOver { code, undone: Vec::new() },
    }
}

/// Only a person's hand changes answers: a key or a paste.
fn by_hand(what: &Happens) -> bool {
    matches!(what, Happens::Key(_) | Happens::Paste(_))
}

/// Whether a secret stands in the open field, or in one below an open dialog.
fn holds_secret(model: &Model) -> bool {
    let Some(Item::Field(field)) = model.item() else { return false };
    model.form.editor.is_some() && model.holds_secret(field, model.nav.row)
}

fn start(at: usize) -> Model {
    match at {
        0 => super::model(),
        1 => super::answered("workers"),
        2 => super::answered("review"),
        3 => super::running(),
        4 => super::answered("kubectl"),
        _ => {
            let mut model = super::answered("review");
            model.run.read_only = true;
            model
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_wizard_stays_whole(at in 0_usize..6, story in proptest::collection::vec(happens(), 1..60)) {
        let mut model = start(at);
        for (seq, what) in (0..).zip(&story) {
            let before = model.form.answers.clone();
            let going = model.run.going_on();
            let message = msg(&model, what, seq);
            let effects = update(&mut model, message);
            prop_assert!(by_hand(what) || model.form.answers == before, "{what:?} changed answers");
            if model.run.read_only {
                prop_assert!(!super::writes(&effects), "{what:?}: {effects:?}");
            }
            // Two at once would work on the same hosts.
            let begun = effects.iter().filter(|effect| super::writes(std::slice::from_ref(effect))).count();
            prop_assert!(begun == 0 || begun == 1 && !going, "{what:?}: {effects:?}");
            text(&model);
        }
        // A field that is left forgets a secret that was typed into it; nothing else is forgotten.
        let forgets = holds_secret(&model);
        let answers = model.form.answers.clone();
        for _ in 0..30 {
            let effects = update(&mut model, Msg::Key(Key::plain(KeyCode::Esc)));
            prop_assert!(!effects.iter().any(|effect| matches!(effect, Effect::Quit(_))));
        }
        prop_assert!(
            model.dialogs.open.iter().all(|dialog| matches!(dialog, Dialog::Ask(_))) && model.dialogs.waiting.is_empty()
                || model.dialogs.open.is_empty(),
            "{:?}", model.dialogs.open
        );
        prop_assert!(
            model.nav.screen == Screen::Welcome || model.run.going_on() && model.nav.screen == Screen::Run,
            "{:?} {:?} {:?}", model.nav.screen, model.nav.history, model.dialogs.open
        );
        prop_assert!(forgets || model.form.answers == answers, "Esc changed an answer: {:?}, {answers:?}", model.form.answers);
        // Whatever was typed, right or wrong, is there again when the session is opened.
        let state = tempfile::tempdir().unwrap();
        session::draft(&model).write(state.path()).unwrap();
        let saved = session::list(state.path());
        prop_assert_eq!(saved.len(), 1);
        let opened = session::open(state.path(), &saved[0].name);
        prop_assert!(opened.is_ok(), "{:?}", opened.err());
        prop_assert_eq!(opened.unwrap().answers, session::portable(&model.form.answers, &model.form.base));
    }
}
