//! Whatever the wizard hears and wants done can be written down and read back without loss, holds no secret, and
//! plays again to the same last screen.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[path = "messages/any.rs"]
mod any;
#[path = "support/nowhere.rs"]
mod nowhere;
#[path = "messages/record.rs"]
mod record;
#[path = "messages/told.rs"]
mod told;

use std::collections::BTreeSet;

use any::{any_effect, any_msg};
use gangplank::plan::action::{Action, Content};
use gangplank::plan::fact::{Fact, FactQuery, Facts, FileFact, Known};
use gangplank::ui::wizard::key::{Key, KeyCode};
use gangplank::ui::wizard::message::{Effect, Msg};
use gangplank::ui::wizard::model::Model;
use gangplank::ui::wizard::question::{Question, Reply};
use gangplank::ui::wizard::role::{Role, Theme};
use gangplank::ui::wizard::update::update;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use record::{FIXTURE, LAST_SCREEN, play, read, replay, screen, write};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

const CANARY: &str = "kanarienvogel";

/// Written, read back and written again.
fn twice<T: Serialize + DeserializeOwned>(one: &T) -> (String, T, String) {
    let first = serde_json::to_string(one).unwrap();
    let back: T = serde_json::from_str(&first).unwrap();
    let second = serde_json::to_string(&back).unwrap();
    (first, back, second)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_message_is_the_same_after_it_was_written_and_read(msg in any_msg()) {
        let (first, back, second) = twice(&msg);
        prop_assert_eq!(&first, &second);
        // What is marked differs, and so does the length of marked contents; nothing else may.
        if !first.contains("<not written>") && !first.contains("<contents: ") {
            prop_assert_eq!(format!("{msg:?}"), format!("{back:?}"));
        }
    }

    #[test]
    fn an_effect_is_the_same_after_it_was_written_and_read(effect in any_effect()) {
        let (first, back, second) = twice(&effect);
        prop_assert_eq!(&first, &second);
        if !first.contains("<not written>") && !first.contains("<contents: ") {
            prop_assert_eq!(format!("{effect:?}"), format!("{back:?}"));
        }
    }
}

/// The names of the variants in a generator's values.
fn variants<T: Serialize + std::fmt::Debug>(
    strategy: &impl Strategy<Value = T>,
    of: usize,
) -> BTreeSet<String> {
    let mut runner = TestRunner::deterministic();
    let mut names = BTreeSet::new();
    for _ in 0..4000 {
        let value = serde_json::to_value(strategy.new_tree(&mut runner).unwrap().current()).unwrap();
        names.insert(match value {
            serde_json::Value::String(name) => name,
            serde_json::Value::Object(map) => map.keys().next().unwrap().clone(),
            other => panic!("{other}"),
        });
        if names.len() == of {
            break;
        }
    }
    names
}

/// A new variant is a line here and in the generator.
#[test]
fn every_message_and_every_effect_is_among_those_that_are_tried() {
    assert_eq!(variants(&any_msg(), any::MESSAGES).len(), any::MESSAGES);
    assert_eq!(variants(&any_effect(), any::EFFECTS).len(), any::EFFECTS);
}

#[test]
fn what_is_typed_or_pasted_while_a_secret_is_asked_is_not_written() {
    let mut model = Model::new(Theme::default(), (80, 24), jiff::Timestamp::UNIX_EPOCH);
    update(&mut model, Msg::Ask { id: 1, question: Question::Secret { prompt: "password".to_owned() } });
    let mut written = String::new();
    let mut replies = Vec::new();
    let typed = CANARY.chars().map(|c| Msg::Key(Key::plain(KeyCode::Char(c))));
    let enter = Msg::Key(Key::plain(KeyCode::Enter));
    for msg in typed.chain([Msg::Paste(CANARY.to_owned()), enter]) {
        let msg = msg.guarded(&model);
        written += &serde_json::to_string(&msg).unwrap();
        replies.extend(update(&mut model, msg));
    }
    let whole = format!("{CANARY}{CANARY}");
    assert!(
        matches!(&replies[..], [Effect::Reply { reply: Reply::Secret(Some(secret)), .. }] if **secret == whole),
        "the person's secret arrives all the same: {replies:?}"
    );
    written += &serde_json::to_string(&replies).unwrap();
    assert!(!written.contains(CANARY), "{written}");
    for c in CANARY.chars().collect::<BTreeSet<_>>() {
        assert!(!written.contains(&format!("\"Char\":\"{c}\"")), "{c} in {written}");
    }
    assert!(written.contains("\"Enter\""), "{written}");
}

#[test]
fn secrets_and_contents_of_files_are_not_written() {
    let content = || Content::Literal(CANARY.as_bytes().to_vec());
    let put = |content| Action::Put { path: "/a".to_owned(), content, mode: "0600", owner: "root:root" };
    let mut facts = Facts::default();
    let file = FileFact { content: Some(CANARY.as_bytes().to_vec()), ..FileFact::default() };
    let asked = FactQuery::File { path: "/a".to_owned(), content: true };
    facts.learn(asked, Known::Yes(Fact::File(Some(file))));
    let previews = told::preview(facts, vec![put(content())]);
    let msgs = [
        Msg::Inspected { number: 1, seen: Ok(std::sync::Arc::new(vec![previews])) },
        Msg::HiddenPaste(CANARY.to_owned()),
        Msg::Difference { title: "a".to_owned(), lines: vec![(Role::Added, format!("+ {CANARY}"))] },
    ];
    let effects = [
        Effect::Reply { id: 1, reply: Reply::Secret(Some(Zeroizing::new(CANARY.to_owned()))) },
        Effect::Certificates(CANARY.to_owned()),
        Effect::Copy(CANARY.to_owned()),
        Effect::Repair {
            place: gangplank::plan::place::Place::Local,
            actions: vec![put(content())],
            again: true,
        },
    ];
    let written = serde_json::to_string(&(&msgs, &effects)).unwrap();
    assert!(!written.contains(CANARY), "{written}");
    assert_eq!(written.matches("<contents: 13 bytes").count(), 3, "{written}");
    let bytes = serde_json::to_string(CANARY.as_bytes()).unwrap();
    assert!(!written.contains(bytes.trim_matches(['[', ']'])), "not as numbers either");
}

#[test]
fn a_step_goes_by_its_id_and_one_that_is_not_there_cannot_be_read() {
    let preview = told::preview(Facts::default(), Vec::new());
    let text = serde_json::to_string(&preview).unwrap();
    assert!(text.contains("\"step\":\"connect\""), "{text}");
    let wrong = text.replace("\"step\":\"connect\"", "\"step\":\"no-such-step\"");
    let error = serde_json::from_str::<gangplank::engine::PlacePreview>(&wrong).err().unwrap();
    assert!(error.to_string().contains("no-such-step"), "{error}");
}

/// With `GANGPLANK_RECORD` set the fixture is written anew.
#[test]
fn a_demo_that_is_written_down_plays_again_to_the_same_last_screen() {
    let (msgs, model) = play("first-cluster");
    let last = screen(&model);
    assert!(last.contains("Report"), "{last}");
    assert_eq!(screen(&replay(read(&write(&msgs)))), last);
    if std::env::var_os("GANGPLANK_RECORD").is_some_and(|what| what != "screen") {
        std::fs::write(FIXTURE, write(&msgs)).unwrap();
        std::fs::write(LAST_SCREEN, last).unwrap();
    }
}

/// With `GANGPLANK_RECORD=screen` only what the recording leads to is written anew.
#[test]
fn the_recorded_demo_plays_to_its_last_screen() {
    let msgs = read(&std::fs::read_to_string(FIXTURE).unwrap());
    assert!(msgs.len() > 100, "{}", msgs.len());
    let last = screen(&replay(msgs));
    if std::env::var_os("GANGPLANK_RECORD").is_some_and(|what| what == "screen") {
        std::fs::write(LAST_SCREEN, &last).unwrap();
    }
    assert_eq!(last, std::fs::read_to_string(LAST_SCREEN).unwrap());
}
