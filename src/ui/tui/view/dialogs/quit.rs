//! Leave, or stop what goes on.

use crate::ui::wizard::conclusion;
use ratatui::Frame;
use ratatui::text::Line;

use crate::ui::tui::text::cut;
use crate::ui::tui::view::window::{centred, choose, dialog, say};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;

/// What becomes of everything, and the ways.
pub fn draw(frame: &mut Frame, model: &Model, at: usize) {
    let width = 70.min(model.window.size.0.saturating_sub(4));
    let inside = usize::from(width).saturating_sub(4);
    let mut lines = Vec::new();
    let words = if model.run.going_on() {
        "A run goes on. What was done stays; a new run looks again and goes on from there."
    } else if model.demo.is_some() {
        "The demo ends; nothing of it is kept."
    } else {
        "The session is saved: Resume on the first screen opens it at this place."
    };
    say(model, &mut lines, Role::Text, words, inside);
    lines.push(Line::raw(""));
    choose(model, &mut lines, conclusion::quit_choices(model).into_iter(), at, inside);
    let height = u16::try_from(lines.len()).unwrap_or(6).saturating_add(2);
    let title = if model.run.going_on() { "Stop?" } else { "Leave?" };
    let right = cut("Enter, Esc stays", inside);
    dialog(frame, model, title, &right, lines, 0, centred(model, width, height));
}
