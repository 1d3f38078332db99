//! Help: the keys that are possible now, and the glossary.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use crate::ui::tui::text::fill;
use crate::ui::tui::theme::Paint;
use crate::ui::tui::view::window::dialog;
use crate::ui::wizard::layout;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::texts;

/// Its lines from `scroll` on.
pub fn draw(frame: &mut Frame, model: &Model, scroll: usize) {
    let theme = &model.window.theme;
    let area = layout::help(model.window.size);
    let lines = texts::help(model, layout::inside(area))
        .into_iter()
        .map(|line| match line.head {
            Some(head) => Line::from(vec![
                Span::styled(format!(" {} ", fill(&head, 15)), theme.style(line.role)),
                Span::raw(line.text),
            ]),
            None if line.text.is_empty() => Line::raw(""),
            None => Line::styled(format!(" {}", line.text), theme.style(line.role)),
        })
        .collect();
    dialog(frame, model, "Help", "Up, Down, Esc", lines, scroll, area.into());
}
