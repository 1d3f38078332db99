//! A repair before it is made.

use ratatui::Frame;
use ratatui::text::Line;

use crate::ui::tui::theme::Paint;
use crate::ui::tui::view::window::{centred, choose, dialog, hidden};
use crate::ui::wizard::dialogs::mend::{ANSWERS, MendDialog};
use crate::ui::wizard::listing;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;

/// What is run, what takes it back, and the answers.
pub fn draw(frame: &mut Frame, model: &Model, mend: &MendDialog) {
    let width = 78.min(model.window.size.0.saturating_sub(4));
    let inside = usize::from(width).saturating_sub(4);
    let listed = listing::mend(model, mend);
    let top = listed.top(mend.scroll);
    let mut lines = Vec::new();
    for line in listed.lines.iter().skip(top).take(listed.rows) {
        lines.push(Line::styled(format!(" {line}"), model.window.theme.style(Role::Code)));
    }
    hidden(model, &mut lines, top, listed.lines.len(), listed.rows, inside);
    lines.push(Line::raw(""));
    choose(model, &mut lines, ANSWERS.into_iter(), mend.at, inside);
    let height = u16::try_from(lines.len()).unwrap_or(8).saturating_add(2);
    let title = format!("{}?", mend.title);
    dialog(frame, model, &title, "Esc leaves it", lines, 0, centred(model, width, height));
}
