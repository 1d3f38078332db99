//! The explain pane, beside a screen or over it: what, why, commands, undo.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use crate::ui::tui::theme::Paint;
use crate::ui::tui::unwrapped::Unwrapped;
use crate::ui::tui::view::pane::block;
use crate::ui::wizard::layout;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::texts;

/// Over the screen, where the window has no room for a pane beside it.
pub fn over(frame: &mut Frame, model: &Model) {
    let area = layout::explain_over(model.window.size).into();
    frame.render_widget(Clear, area);
    draw(frame, model, area, "Esc closes");
}

/// The explain pane: four tabs.
pub fn draw(frame: &mut Frame, model: &Model, area: Rect, right: &str) {
    let theme = &model.window.theme;
    let pane = block(*theme, "Explain", right, false, area.width);
    let inner = pane.inner(area);
    frame.render_widget(pane, area);
    let mut tabs = vec![Span::raw(" ")];
    for (number, name) in texts::TABS.iter().enumerate() {
        let style = theme.style(if number == model.explain.tab { Role::Focus } else { Role::Text });
        tabs.push(Span::styled(*name, style));
        tabs.push(Span::raw(if theme.ascii { "  " } else { " · " }));
    }
    tabs.pop();
    let width = usize::from(inner.width).saturating_sub(2);
    let mut lines = vec![Line::from(tabs), Line::raw("")];
    let body = texts::tab(model, model.explain.tab, width);
    let rows = usize::from(inner.height).saturating_sub(lines.len());
    let top = model.explain.scroll.min(body.len().saturating_sub(rows));
    let more = body.len().saturating_sub(top + rows);
    for (role, text) in body.into_iter().skip(top).take(rows) {
        lines.push(Line::styled(format!(" {text}"), theme.style(role)));
    }
    frame.render_widget(Unwrapped::new(lines), inner);
    let words = match (top, more) {
        (0, 0) => " E next tab, y copy ".to_owned(),
        (0, more) => format!(" E next tab, {more} more "),
        (above, more) => format!(" E next tab, {above} more above, {more} more below "),
    };
    let width = u16::try_from(words.len()).unwrap_or(0).min(inner.width);
    let at = Rect::new(inner.right().saturating_sub(width), area.bottom().saturating_sub(1), width, 1);
    frame.render_widget(Unwrapped::new(Span::styled(words, theme.style(Role::Dim))), at);
}
