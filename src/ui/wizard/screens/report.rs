//! The report: a page to read.

use crate::ui::wizard::form::editing;
use crate::ui::wizard::form::editing::scroll;
use crate::ui::wizard::form::item::Item;
use crate::ui::wizard::intent::{Intent, Motion};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::outcome::Outcome;

/// The screen.
pub struct ReportScreen;

impl ReportScreen {
    /// Takes an intent in: while no button has the keys, arrows turn the page.
    pub fn intent(model: &mut Model, intent: &Intent) -> Outcome {
        match intent {
            Intent::Move(Motion::Left | Motion::Right) => editing::intent(model, intent),
            Intent::Move(motion) if model.item() == Some(Item::Rows) => {
                scroll(model, *motion);
                Outcome::Stay
            }
            _ => editing::intent(model, intent),
        }
    }
}
