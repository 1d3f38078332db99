//! Models to press keys on, and what is looked for among the effects.

use gangplank::engine::{Event, Stamped};
use gangplank::plan::code::ProblemCode;
use gangplank::plan::place::Place;
use gangplank::plan::problem::{Problem, Remedy};
use gangplank::step::StepId;
use gangplank::ui::wizard::autoplay;
use gangplank::ui::wizard::dialogs::Dialog;
use gangplank::ui::wizard::dialogs::confirm::Confirm;
use gangplank::ui::wizard::dialogs::confirm::ConfirmDialog;
use gangplank::ui::wizard::look::ProbeTarget;
use gangplank::ui::wizard::message::{Effect, Msg, Opened};
use gangplank::ui::wizard::model::Model;
use gangplank::ui::wizard::question::Question;
use gangplank::ui::wizard::role::Theme;
use gangplank::ui::wizard::screen::Screen;
use gangplank::ui::wizard::update::update;
use gangplank::ui::wizard::validation::validate;
use std::sync::Arc;

pub fn model() -> Model {
    let mut model = Model::new(Theme::default(), (100, 32), jiff::Timestamp::UNIX_EPOCH);
    model.form.base = "/plans".into();
    model.form.home = Some("/home/op".into());
    validate(&mut model);
    model
}

pub fn press(model: &mut Model, text: &str) -> Vec<Effect> {
    autoplay::keys(text).into_iter().flat_map(|key| update(model, Msg::Key(key))).collect()
}

/// A model with every answer given, on this screen.
pub fn answered(screen: &str) -> Model {
    let mut model = model();
    press(&mut model, WALK);
    assert_eq!(model.nav.screen, Screen::Review);
    assert!(gangplank::ui::wizard::validation::plan(&model).is_some(), "{:?}", model.form.issues);
    if screen == "review" {
        seen(&mut model);
        return model;
    }
    let opened = Opened {
        answers: model.form.answers.clone(),
        base: model.form.base.clone(),
        screen: screen.to_owned(),
        ..Opened::default()
    };
    let mut new = self::model();
    update(&mut new, Msg::Opened(Box::new(opened)));
    new
}

/// The newest inspection ends, and finds nothing at all.
pub fn seen(model: &mut Model) {
    let number = model.preview.number;
    update(model, Msg::Inspected { number, seen: Ok(Arc::new(Vec::new())) });
}

pub fn running() -> Model {
    let mut model = answered("review");
    let effects = press(&mut model, "a<enter>");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Run { .. })));
    assert!(model.run.going_on());
    model
}

pub fn looks(effects: &[Effect]) -> Vec<&ProbeTarget> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Look { target, .. } => Some(target),
            _ => None,
        })
        .collect()
}

pub fn saves(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Save))
}

pub fn writes(effects: &[Effect]) -> bool {
    let writes = |effect: &Effect| {
        matches!(effect, Effect::Run { .. } | Effect::Undo(_) | Effect::Repair { .. } | Effect::Mend(_))
    };
    effects.iter().any(writes)
}

pub fn trust(id: u64) -> Msg {
    let question = Question::Trust {
        host: "10.0.0.11".to_owned(),
        kind: "ed25519".to_owned(),
        fingerprint: "SHA256:x".to_owned(),
        note: String::new(),
    };
    Msg::Ask { id, question }
}

pub fn secret(id: u64) -> Msg {
    Msg::Ask { id, question: Question::Secret { prompt: "password of core@10.0.0.11".to_owned() } }
}

#[test]
pub fn secrets_are_in_no_debug_text() {
    let mut model = answered("workers");
    update(&mut model, secret(1));
    press(&mut model, "swordfish");
    let shown = format!("{:?}", model.dialogs.open);
    assert!(!shown.contains("swordfish"), "{shown}");
    let effects = press(&mut model, "<enter>");
    let shown = format!("{effects:?}");
    assert!(!shown.contains("swordfish") && shown.contains("Secret(given)"), "{shown}");
}

pub fn trouble(place: Place, ways: Vec<Remedy>) -> Msg {
    let problem = Problem { ways, ..Problem::new(ProblemCode::Action01, "it does not work") };
    Msg::Run(Stamped {
        v: 1,
        seq: 0,
        t: 1.0,
        run: "r".to_owned(),
        place,
        step: Some(StepId("keys")),
        event: Event::Trouble { problem },
    })
}

/// From the welcome screen to Review: every letter a person presses.
pub const WALK: &str = "<enter>ca.crt<enter>ca.key<enter><enter>\
    prod<enter>https://10.0.0.1:6443<enter>10.3.0.0/24<enter>10.3.0.2<esc>c\
    +10.0.0.11<tab>core<enter><esc>+10.0.0.12<esc>cccc";

pub fn confirm(what: Confirm) -> Model {
    let mut model = answered("review");
    model.dialogs.open.push(Dialog::Confirm(ConfirmDialog::new(what)));
    model
}

pub fn replace() -> Confirm {
    Confirm::Replace { host: "worker1".to_owned(), actions: vec!["put a file".to_owned()], more: Vec::new() }
}
