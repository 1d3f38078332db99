//! What is typed into a field of a number and is none.

use gangplank::ui::wizard::form::field::Field;
use gangplank::ui::wizard::screen::Screen;
use gangplank::ui::wizard::validation::plan;

use super::random;
use super::setup::{answered, press};

#[test]
fn what_is_no_number_stays_as_it_was_typed_is_wrong_and_is_no_answer() {
    let mut model = answered("certificates");
    press(&mut model, "<backtab><backtab>");
    if model.form.editor.is_none() {
        press(&mut model, "<enter>");
    }
    press(&mut model, "<c-u>36x");
    let days = Field::Days;
    assert!(model.answer(days, 0).ends_with("36x"), "{}", model.answer(days, 0));
    assert_eq!(model.form.answers.ca.days, None);
    assert!(model.remark(days, 0).is_some_and(|issue| issue.stops), "{:?}", model.form.issues);
    press(&mut model, "<esc>");
    assert!(random::text(&model).contains("36x"), "{}", random::text(&model));
    assert_eq!(plan(&model), None);
    press(&mut model, "c");
    assert_eq!(model.nav.screen, Screen::Certificates, "it stops");
    // Right again, it is a number again.
    press(&mut model, &"<backspace>".repeat(40));
    press(&mut model, "36");
    assert_eq!(model.form.answers.ca.days, Some(36));
}
