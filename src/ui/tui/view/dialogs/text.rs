//! A long text such as a difference.

use ratatui::Frame;
use ratatui::text::Line;

use crate::ui::output::wrap::wrap;
use crate::ui::tui::theme::Paint;
use crate::ui::tui::view::window::{centred, dialog};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;

/// Its lines from `scroll` on.
pub fn draw(frame: &mut Frame, model: &Model, title: &str, lines: &[(Role, String)], scroll: usize) {
    let rect =
        centred(model, model.window.size.0.saturating_sub(8).min(130), model.window.size.1.saturating_sub(4));
    let shown: Vec<Line> = lines
        .iter()
        .flat_map(|(role, text)| {
            let parts = if text.is_empty() {
                vec![String::new()]
            } else {
                wrap(text, usize::from(rect.width).saturating_sub(4))
            };
            parts.into_iter().map(|part| Line::styled(format!(" {part}"), model.window.theme.style(*role)))
        })
        .collect();
    dialog(frame, model, title, "y copy, Esc closes", shown, scroll, rect);
}
