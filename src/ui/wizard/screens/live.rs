//! The live panel on the whole window: a list of hosts, or one host as a table.

use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::outcome::Outcome;

/// The panel while it has the keys.
pub struct LiveScreen;

impl LiveScreen {
    /// Takes an intent in.
    pub fn intent(model: &mut Model, intent: &Intent) -> Outcome {
        let count = model.live.panel.as_ref().map_or(0, |panel| panel.rows().len());
        let place = model.live.panel.as_ref().and_then(|panel| panel.rows().get(model.live.at));
        let now = model.window.now;
        // What stopped a moment ago stands below what runs.
        let lines = place.map_or(0, |row| (row.containers().len() + row.gone(now).count()).saturating_sub(1));
        let view = &mut model.live;
        match intent {
            Intent::Cancel if view.host => view.host = false,
            Intent::Cancel | Intent::Done => view.open = false,
            Intent::Confirm => {
                view.host = !view.host;
                view.row = 0;
            }
            Intent::Move(motion) if view.host => {
                view.row = motion.moved(view.row, lines);
            }
            Intent::Move(motion) => {
                view.at = motion.moved(view.at, count.saturating_sub(1));
            }
            _ => {}
        }
        Outcome::Stay
    }
}
