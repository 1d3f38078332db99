//! The last question before a plan is carried out.

use ratatui::Frame;
use ratatui::text::Line;

use crate::ui::tui::view::window::{centred, choose, dialog, say};
use crate::ui::wizard::dialogs::apply::ANSWERS;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::screens::review;

/// What is carried out, and the answers.
pub fn draw(frame: &mut Frame, model: &Model, at: usize) {
    let width = 74.min(model.window.size.0.saturating_sub(4));
    let inside = usize::from(width).saturating_sub(4);
    let mut lines = Vec::new();
    for (role, words) in review::in_words(model) {
        say(model, &mut lines, role, &words, inside);
    }
    lines.push(Line::raw(""));
    choose(model, &mut lines, ANSWERS.into_iter(), at, inside);
    let height = u16::try_from(lines.len()).unwrap_or(8).saturating_add(2);
    dialog(frame, model, "Apply?", "Enter, Esc leaves it", lines, 0, centred(model, width, height));
}
