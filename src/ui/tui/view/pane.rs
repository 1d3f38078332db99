//! The frame around what is shown, and the row of buttons in it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders};
use unicode_width::UnicodeWidthStr;

use crate::ui::tui::text::cut;
use crate::ui::tui::theme::{Glyph, Paint};
use crate::ui::tui::unwrapped::Unwrapped;
use crate::ui::wizard::form::item::{Button, Item};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::{Role, Theme};
use crate::ui::wizard::screen::Screen;

/// A pane of so many cells with a title at the left and words at the right. Where there is no room for both the words
/// at the right give way, and then the end of the title.
pub fn block(theme: Theme, title: &str, right: &str, focus: bool, width: u16) -> Block<'static> {
    let room = usize::from(width).saturating_sub(2);
    // A title has a blank at either side, and a cell of the border stays between the two.
    let both = title.width().saturating_add(right.width()).saturating_add(5);
    let right = if both <= room { right } else { "" };
    let title = cut(title, room.saturating_sub(2));
    let role = if focus { Role::BorderFocus } else { Role::Border };
    let name = if focus { Role::Accent } else { Role::Text };
    let mut block = Block::new()
        .borders(Borders::ALL)
        .border_set(theme.border(focus))
        .border_style(theme.style(role))
        .title_top(Line::styled(format!(" {title} "), theme.style(name)));
    if !right.is_empty() {
        block = block.title_top(Line::styled(format!(" {right} "), theme.style(Role::Dim)).right_aligned());
    }
    block
}

/// The buttons of the screen with their words.
pub fn labels(model: &Model) -> Vec<(Button, String)> {
    let label = |button: Button| match (button, model.nav.screen) {
        (Button::Continue, Screen::Diagnosis) => "Its repair",
        _ => button.label(),
    };
    model.buttons().into_iter().map(|button| (button, label(button).to_owned())).collect()
}

/// Buttons at the right end of a row; closer, then with shorter words, where there is no room for them.
pub fn button_row(frame: &mut Frame, model: &Model, area: Rect, labels: &[(Button, String)]) {
    let theme = &model.window.theme;
    let texts = |level: u8| -> Vec<String> {
        labels
            .iter()
            .map(|(button, label)| {
                let sign =
                    if model.item() == Some(Item::Button(*button)) { theme.glyph(Glyph::Here) } else { " " };
                match level {
                    0 => format!("{sign}[ {label} ] "),
                    1 => format!("{sign}[{label}] "),
                    _ => format!("{sign}[{}]", short(*button).unwrap_or(label)),
                }
            })
            .collect()
    };
    let width = |texts: &[String]| texts.iter().map(|text| text.width()).sum::<usize>();
    let room = usize::from(area.width);
    let texts = (0..2).map(texts).find(|row| width(row) <= room).unwrap_or_else(|| texts(2));
    let width = u16::try_from(width(&texts)).unwrap_or(u16::MAX).min(area.width);
    let spans: Vec<Span> = texts
        .into_iter()
        .zip(labels)
        .map(|(text, (button, _))| {
            let focused = model.item() == Some(Item::Button(*button));
            Span::styled(text, theme.style(if focused { Role::Focus } else { Role::Text }))
        })
        .collect();
    let at = Rect::new(area.right().saturating_sub(width), area.y, width, 1);
    frame.render_widget(Unwrapped::new(Line::from(spans)), at);
}

fn short(button: Button) -> Option<&'static str> {
    match button {
        Button::Look => Some("Look"),
        Button::SavePlan => Some("Save"),
        Button::Export => Some("Export"),
        Button::Paste => Some("Paste"),
        Button::Apply => Some("Apply"),
        _ => None,
    }
}
