//! The menu of all commands that are possible now, searched by typing.

use crate::ui::wizard::keymap;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use crate::ui::tui::text::fill;
use crate::ui::tui::theme::{Glyph, Paint};
use crate::ui::tui::unwrapped::Unwrapped;
use crate::ui::tui::view::pane::block;
use crate::ui::tui::view::window::{centred, edge, field};
use crate::ui::wizard::form::text_input::TextInput;
use crate::ui::wizard::listing::{hidden_words, window};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;

/// The commands that match, `at` chosen.
pub fn draw(frame: &mut Frame, model: &Model, search: &TextInput, at: usize) {
    let theme = &model.window.theme;
    let area = centred(model, 86.min(model.window.size.0), 20.min(model.window.size.1.saturating_sub(2)));
    frame.render_widget(Clear, area);
    let pane = block(*theme, "All commands", "type to search, Enter, Esc", true, area.width);
    let inner = pane.inner(area);
    frame.render_widget(pane, area);
    field(frame, model, "", search, Rect::new(inner.x, inner.y, inner.width, 1));
    let text = search.first().to_owned();
    let found = keymap::entries(model, &text);
    let rows = usize::from(inner.height).saturating_sub(2);
    let at = at.min(found.len().saturating_sub(1));
    let top = window(at, found.len(), rows);
    edge(frame, model, area, hidden_words(top, found.len(), rows));
    let width = usize::from(inner.width).saturating_sub(14);
    let lines: Vec<Line> = found
        .iter()
        .enumerate()
        .skip(top)
        .take(rows)
        .map(|(number, entry)| {
            let chosen = number == at;
            let mark = if chosen { theme.glyph(Glyph::Here) } else { " " };
            Line::from(vec![
                Span::styled(format!(" {mark} "), theme.style(Role::Accent)),
                Span::styled(
                    fill(&entry.text, width),
                    theme.style(if chosen { Role::Focus } else { Role::Text }),
                ),
                Span::styled(format!(" {}", entry.key), theme.style(Role::Key)),
            ])
        })
        .collect();
    let body = Rect::new(inner.x, inner.y.saturating_add(2), inner.width, inner.height.saturating_sub(2));
    if lines.is_empty() {
        frame.render_widget(
            Unwrapped::new(Line::styled("   nothing of that name is possible now", theme.style(Role::Dim))),
            body,
        );
    } else {
        frame.render_widget(Unwrapped::new(lines), body);
    }
}
