//! What a face tells the core beside keys: that it lays a dialog aside, that a signal came, that words were read.

use gangplank::engine::{Event, Stamped};
use gangplank::host::TrustAnswer;
use gangplank::plan::place::Place;
use gangplank::step::StepId;
use gangplank::ui::wizard::dialogs::Dialog;
use gangplank::ui::wizard::form::field::Field;
use gangplank::ui::wizard::form::item::Button;
use gangplank::ui::wizard::intent::{Intent, LineFor};
use gangplank::ui::wizard::look::{Inspection, LookStatus, ProbeTarget};
use gangplank::ui::wizard::message::{Effect, Msg};
use gangplank::ui::wizard::question::Reply;
use gangplank::ui::wizard::screen::Screen;
use gangplank::ui::wizard::screens::log::Log;
use gangplank::ui::wizard::undoing::TakeBack;
use gangplank::ui::wizard::update::{intent, update};

use super::setup::{answered, model, press, running, trust, writes};

#[test]
fn a_question_that_comes_while_another_dialog_is_talked_about_does_not_hear_its_answer() {
    let mut model = model();
    update(&mut model, Msg::Hosts(vec![("one".to_owned(), None), ("two".to_owned(), None)]));
    update(&mut model, Msg::LaidAside);
    assert!(model.dialogs.open.is_empty());
    update(&mut model, trust(7));
    update(&mut model, Msg::PutBack);
    let mut effects = intent(&mut model, &Intent::Choose(1));
    effects.extend(intent(&mut model, &Intent::Confirm));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Reply { .. })), "{effects:?}");
    assert_eq!(model.form.answers.workers.len(), 1, "the host was taken");
    assert!(matches!(model.dialogs.open.as_slice(), [Dialog::Ask(ask)] if ask.id == 7), "it is still asked");
    let effects = intent(&mut model, &Intent::Cancel);
    let refused =
        |effect: &Effect| matches!(effect, Effect::Reply { id: 7, reply: Reply::Trust(TrustAnswer::Refuse) });
    assert!(effects.iter().any(refused), "{effects:?}");
}

#[test]
fn a_dialog_that_is_let_go_of_is_gone_and_changes_nothing() {
    let mut model = model();
    update(&mut model, Msg::Hosts(vec![("one".to_owned(), None)]));
    update(&mut model, Msg::LaidAside);
    assert!(update(&mut model, Msg::LetGo).is_empty());
    assert!(update(&mut model, Msg::PutBack).is_empty());
    assert!(model.dialogs.open.is_empty() && model.dialogs.aside.is_empty());
    assert!(model.form.answers.workers.is_empty());
}

#[test]
fn a_signal_stops_what_runs_and_nothing_else() {
    assert!(update(&mut answered("review"), Msg::Interrupted).is_empty());
    let mut model = running();
    for times in 1..=2 {
        let effects = update(&mut model, Msg::Interrupted);
        assert!(matches!(effects.as_slice(), [Effect::Stop]), "{effects:?}");
        assert_eq!(model.run.stops, times);
    }
    assert!(model.window.toast.is_some());
    update(&mut model, Msg::Told);
    assert!(model.window.toast.is_none());
}

#[test]
fn an_answer_that_stands_there_already_changes_nothing() {
    let mut model = answered("review");
    let days = Field::Days.get(&model.form.answers, 0);
    let effects = intent(&mut model, &Intent::Answer(Field::Days, days));
    assert!(effects.is_empty(), "{effects:?}");
    assert!(matches!(model.preview.inspection, Inspection::Seen { stale: false, .. }));
    let effects = intent(&mut model, &Intent::Answer(Field::Days, "77".to_owned()));
    assert!(matches!(effects.as_slice(), [Effect::Save]), "{effects:?}");
    assert!(matches!(model.preview.inspection, Inspection::Seen { stale: true, .. }));
}

#[test]
fn whoever_gives_whole_answers_never_has_an_open_field() {
    let mut model = model();
    model.form.whole = true;
    press(&mut model, "<enter>");
    assert_eq!((model.nav.screen, model.form.editor.is_none()), (Screen::Ca, true));
    intent(&mut model, &Intent::Answer(Field::CaCert, "ca.crt".to_owned()));
    press(&mut model, "<tab><tab>");
    assert!(model.form.editor.is_none());
    assert_eq!(model.form.answers.ca.cert.as_deref(), Some("ca.crt"));
}

#[test]
fn a_look_is_asked_for_once_and_all_workers_anew() {
    let mut model = answered("workers");
    let worker = || ProbeTarget::Worker("worker1".to_owned());
    assert!(intent(&mut model, &Intent::Look(worker())).is_empty(), "it is being looked at");
    if let Some(look) = model.probes.looks.get_mut(&worker()) {
        (look.mood, look.stale) = (LookStatus::Good, true);
    }
    let effects = intent(&mut model, &Intent::Look(worker()));
    assert!(
        matches!(effects.as_slice(), [Effect::Look { target, .. }] if *target == worker()),
        "{effects:?}"
    );
    assert_eq!(intent(&mut model, &Intent::LookAtWorkers).len(), 2);
}

#[test]
fn a_name_of_a_file_and_a_button_are_whole_wishes() {
    let mut model = answered("review");
    let effects = intent(&mut model, &Intent::Line(LineFor::SavePlan, "a.yaml".to_owned()));
    assert!(
        matches!(effects.as_slice(), [Effect::WritePlan(path)] if path.ends_with("a.yaml")),
        "{effects:?}"
    );
    assert!(model.dialogs.open.is_empty());
    let what = TakeBack::Worker("worker2".to_owned());
    let effects = intent(&mut answered("review"), &Intent::TakeBack(what.clone()));
    assert!(matches!(effects.as_slice(), [Effect::Undo(one)] if *one == what), "{effects:?}");
    assert!(!writes(&intent(&mut model, &Intent::Press(Button::Back))));
    assert_ne!(model.nav.screen, Screen::Review);
}

#[test]
fn the_log_of_a_run_shows_what_one_could_type_and_no_function_of_ours() {
    let mut model = running();
    let event = Event::ActionStarted {
        action: "write /etc/kubernetes/x".to_owned(),
        shell: "put /etc/kubernetes/x 0644 root:root 12 abcdef".to_owned(),
    };
    let place = Place::Worker("worker1".to_owned());
    update(&mut model, Msg::Run(stamped(place.clone(), event)));
    let text = model.run.logs.get(&place).map(Log::text).unwrap_or_default();
    assert!(text.contains("$ install /dev/stdin /etc/kubernetes/x -m 0644 -o root -g root"), "{text}");
    assert!(!text.contains("put "), "{text}");
    press(&mut model, "v");
    assert!(matches!(model.dialogs.open.as_slice(), [Dialog::Text(_)]), "the functions are one key away");
}

fn stamped(place: Place, event: Event) -> Stamped {
    Stamped { v: 1, seq: 0, t: 1.0, run: "r".to_owned(), place, step: Some(StepId("keys")), event }
}
