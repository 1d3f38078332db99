//! A long text such as a difference.

use ratatui::Frame;
use ratatui::text::Line;

use crate::ui::output::wrap::indented;
use crate::ui::tui::theme::Paint;
use crate::ui::tui::view::window::dialog;
use crate::ui::wizard::layout;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;

/// Its lines from `scroll` on.
pub fn draw(frame: &mut Frame, model: &Model, title: &str, lines: &[(Role, String)], scroll: usize) {
    let rect = layout::text_over(model.window.size).into();
    let shown: Vec<Line> = lines
        .iter()
        .flat_map(|(role, text)| {
            let parts = if text.is_empty() {
                vec![String::new()]
            } else {
                indented(text, layout::inside(layout::text_over(model.window.size)))
            };
            parts.into_iter().map(|part| Line::styled(format!(" {part}"), model.window.theme.style(*role)))
        })
        .collect();
    dialog(frame, model, title, "y copy, Esc closes", shown, scroll, rect);
}
