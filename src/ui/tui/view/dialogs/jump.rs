//! The steps of the path that one can jump to.

use crate::ui::wizard::navigation;
use ratatui::Frame;
use ratatui::text::{Line, Span};

use crate::ui::tui::theme::{Glyph, Paint};
use crate::ui::tui::view::window::{centred, dialog};
use crate::ui::wizard::listing::window;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;

/// The steps, `at` chosen.
pub fn draw(frame: &mut Frame, model: &Model, at: usize) {
    let screens = navigation::jumps(model);
    let mut lines = Vec::new();
    for (number, screen) in screens.iter().enumerate() {
        let chosen = number == at;
        let mark = if chosen { model.window.theme.glyph(Glyph::Here) } else { " " };
        let head = model.form.journey.number(*screen).map_or_else(String::new, |number| format!("{number} "));
        let style = model.window.theme.style(if chosen { Role::Focus } else { Role::Text });
        lines.push(Line::from(vec![
            Span::styled(format!(" {mark} "), model.window.theme.style(Role::Accent)),
            Span::styled(format!("{head}{}", model.title(*screen)), style),
        ]));
    }
    let height = u16::try_from(lines.len()).unwrap_or(8).saturating_add(2);
    let area = centred(model, 40, height);
    let top = window(at, lines.len(), usize::from(area.height.saturating_sub(2)));
    dialog(frame, model, "Jump to a step", "Enter, Esc", lines, top, area);
}
