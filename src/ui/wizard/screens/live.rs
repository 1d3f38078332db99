//! The live panel on the whole window: a list of hosts, or one host as a table.

use crate::ui::wizard::intent::{Intent, Motion};
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::Model;

/// The panel while it has the keys.
pub struct LiveScreen;

impl LiveScreen {
    /// Takes an intent in.
    pub fn intent(model: &mut Model, intent: &Intent) -> Vec<Effect> {
        let count = model.live.panel.as_ref().map_or(0, |panel| panel.rows().len());
        let view = &mut model.live;
        match intent {
            Intent::Cancel if view.host => view.host = false,
            Intent::Cancel | Intent::Done => view.open = false,
            Intent::Confirm => {
                view.host = !view.host;
                view.scroll = 0;
            }
            Intent::Move(motion @ (Motion::Up | Motion::Down)) if view.host => {
                view.scroll = motion.moved(view.scroll, 500);
            }
            Intent::Move(motion @ (Motion::Up | Motion::Down | Motion::PageUp | Motion::PageDown)) => {
                view.at = motion.moved(view.at, count.saturating_sub(1));
            }
            _ => {}
        }
        Vec::new()
    }
}
