//! A list and what is known of its chosen row, beside it or below it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::pane::{block, button_row, labels};
use super::window::edge;
use crate::ui::tui::theme::{Glyph, Paint};
use crate::ui::tui::unwrapped::Unwrapped;
use crate::ui::wizard::beside::{Beside, areas};
use crate::ui::wizard::form::item::Item;
use crate::ui::wizard::listing::hidden_words;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;

/// The words of the frame, and what is chosen.
pub struct Heads<'a> {
    /// At the left of the upper edge.
    pub title: &'a str,
    /// At its right.
    pub right: &'a str,
    /// The chosen row.
    pub row: usize,
    /// The first line shown of what is beside it.
    pub scroll: usize,
}

/// Draws both parts in one frame, with the buttons of the screen.
pub fn draw(frame: &mut Frame, model: &Model, area: Rect, heads: &Heads<'_>, both: Beside) {
    let theme = &model.window.theme;
    let pane = block(*theme, heads.title, heads.right, true, area.width);
    let inner = pane.inner(area);
    frame.render_widget(pane, area);
    let bar = Rect::new(inner.x, inner.bottom().saturating_sub(1), inner.width, 1);
    button_row(frame, model, bar, &labels(model));
    let parts = areas(model);
    let (list, detail): (Rect, Rect) = (parts.list.into(), parts.detail.into());
    let (rows, below) = (usize::from(list.height), usize::from(detail.height));
    let top = both.top(heads.row, rows);
    let focus = model.item() == Some(Item::Rows);
    let lines: Vec<Line> = both
        .list
        .iter()
        .skip(top)
        .take(rows)
        .map(|line| {
            let Some(row) = line.row else {
                return Line::styled(format!(" {}", line.text), theme.style(line.role));
            };
            let chosen = row == heads.row;
            let mark = if chosen && line.first { theme.glyph(Glyph::Here) } else { " " };
            let sign = match line.role {
                _ if !line.first => " ",
                Role::Ok => theme.glyph(Glyph::Ok),
                Role::Bad => theme.glyph(Glyph::Bad),
                Role::Warn => theme.glyph(Glyph::Warn),
                _ => " ",
            };
            let style = if chosen && focus { theme.style(Role::Focus) } else { theme.style(line.role) };
            Line::from(vec![
                Span::styled(format!(" {mark} "), theme.style(Role::Accent)),
                Span::styled(format!("{sign} "), theme.style(line.role)),
                Span::styled(line.text.clone(), style),
            ])
        })
        .collect();
    frame.render_widget(Unwrapped::new(lines), list);
    border(frame, model, parts.right, list, detail);
    let pages = both.pages(below);
    let first = heads.scroll.min(pages.last_top);
    let (all, count) = (both.list.len(), both.detail.len());
    let lines: Vec<Line> = both
        .detail
        .into_iter()
        .skip(first)
        .take(below)
        .map(|(role, text)| Line::styled(format!(" {text}"), theme.style(role)))
        .collect();
    frame.render_widget(Unwrapped::new(lines), detail);
    let above = hidden_words(top, all, rows).map(|words| format!("list: {words}"));
    let beside = hidden_words(first, count, below).map(|words| format!("lines: {words}, J K"));
    let hidden: Vec<String> = above.into_iter().chain(beside).collect();
    edge(frame, model, area, (!hidden.is_empty()).then(|| hidden.join("; ")));
}

/// The line between the two.
fn border(frame: &mut Frame, model: &Model, right: bool, list: Rect, detail: Rect) {
    let theme = &model.window.theme;
    let style = theme.style(Role::Border);
    if right {
        let sign = if theme.ascii { "|" } else { "│" };
        let lines: Vec<Line> = (0..list.height).map(|_| Line::styled(sign, style)).collect();
        frame.render_widget(Unwrapped::new(lines), Rect::new(list.right(), list.y, 1, list.height));
    } else if detail.height > 0 {
        let sign = if theme.ascii { "-" } else { "┄" };
        let line = Line::styled(sign.repeat(usize::from(list.width)), style);
        frame.render_widget(Unwrapped::new(line), Rect::new(list.x, list.bottom(), list.width, 1));
    }
}
