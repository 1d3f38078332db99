//! Help: the keys that are possible now, and the glossary.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use crate::ui::tui::text::fill;
use crate::ui::tui::theme::Paint;
use crate::ui::tui::view::window::dialog;
use crate::ui::wizard::dialogs::help::HelpDialog;
use crate::ui::wizard::layout;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::texts;

/// Its lines from where it was read to.
pub fn draw(frame: &mut Frame, model: &Model, help: &HelpDialog) {
    let theme = &model.window.theme;
    let area = layout::help(model.window.size);
    let lines = texts::help(model, help.searched(), layout::inside(area))
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
    let right = match &help.search {
        Some(_) => format!("/{}_  Esc shows all", help.searched()),
        None => "/ searches, Esc closes".to_owned(),
    };
    dialog(frame, model, "Help", &right, lines, help.scroll, area.into());
}
