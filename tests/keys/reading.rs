//! What is longer than its window can be read to its end.

use gangplank::plan::place::Place;
use gangplank::step::StepId;
use gangplank::ui::wizard::dialogs::confirm::Confirm;
use gangplank::ui::wizard::message::Msg;
use gangplank::ui::wizard::question::Question;
use gangplank::ui::wizard::update::update;

use crate::random::text;
use crate::setup::{answered, confirm, press};

#[test]
fn help_and_explanations_scroll_to_their_end_and_no_further() {
    let mut model = answered("review");
    model.window.size = (80, 24);
    press(&mut model, "?");
    press(&mut model, &"<down>".repeat(600));
    let end = text(&model);
    press(&mut model, "<up>");
    assert_ne!(text(&model), end, "one up is one line up");
    press(&mut model, "<down>");
    assert_eq!(text(&model), end);
    press(&mut model, "<esc><c-k>explanations<enter>");
    // What fits does not scroll.
    press(&mut model, &"<down>".repeat(600));
    assert_eq!(model.explain.scroll, 0);
    model.window.size = (60, 16);
    press(&mut model, &"<right>".repeat(2));
    press(&mut model, &"<down>".repeat(600));
    assert!(model.explain.scroll < 100, "{}", model.explain.scroll);
}

#[test]
fn every_action_of_a_confirm_and_of_a_guided_step_can_be_read_and_it_is_said_how_many_are_hidden() {
    let actions: Vec<String> = (1..=30).map(|number| format!("write file-{number:02}")).collect();
    let what = Confirm::Replace { host: "worker1".to_owned(), actions: actions.clone(), more: Vec::new() };
    let mut replace = confirm(what);
    let question = Question::GoOn { place: Place::Local, step: StepId("keys"), actions };
    let mut guided = answered("review");
    update(&mut guided, Msg::Ask { id: 1, question });
    for model in [&mut replace, &mut guided] {
        let shown = text(model);
        assert!(shown.contains("file-01") && !shown.contains("file-30"), "{shown}");
        assert!(shown.contains("more"), "{shown}");
        press(model, &"<pgdn>".repeat(9));
        let shown = text(model);
        assert!(shown.contains("file-30") && shown.contains("more above"), "{shown}");
    }
}
