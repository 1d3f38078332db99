//! The repair: the smallest change, action by action.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::ui::tui::text::some;
use crate::ui::tui::view::beside::{self, Heads};
use crate::ui::wizard::beside as beside_list;
use crate::ui::wizard::found::to_mend;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::repair;

/// Draws the repair.
pub fn draw(frame: &mut Frame, model: &Model, area: Rect) {
    let number = model.form.journey.number(Screen::Repair);
    let number = number.map_or_else(String::new, |number| format!("{number} "));
    let title = match to_mend(model) {
        Some(one) => format!("{number}Repair of {}: {}", one.worker, some(one.repair().len(), "action")),
        None => format!("{number}Repair"),
    };
    let at = model.doctor.at.map(|at| format!("as looked at {}", at.strftime("%H:%M:%S")));
    let heads = Heads {
        title: &title,
        right: &at.unwrap_or_default(),
        row: model.doctor.action,
        scroll: model.doctor.scroll,
    };
    beside::draw(frame, model, area, &heads, beside_list::shown(model, repair::lines));
}
