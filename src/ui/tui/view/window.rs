//! A window over a screen: its frame in the middle, and the lines, choices and fields in it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;
use unicode_width::UnicodeWidthStr;

use super::pane::block;
use crate::ui::output::wrap::wrap;
use crate::ui::tui::theme::{Glyph, Paint};
use crate::ui::tui::unwrapped::Unwrapped;
use crate::ui::wizard::form::text_input::TextInput;
use crate::ui::wizard::layout;
use crate::ui::wizard::listing::{hidden_words, window};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;

/// A rectangle of this size, or as much of it as fits, in the middle of the window.
pub fn centred(model: &Model, width: u16, height: u16) -> Rect {
    layout::centred(model.window.size, width, height).into()
}

/// How many rows of a list are hidden above and below those that are shown.
pub fn hidden(
    model: &Model,
    lines: &mut Vec<Line<'static>>,
    scroll: usize,
    all: usize,
    shown: usize,
    width: usize,
) {
    let more = all.saturating_sub(scroll.saturating_add(shown));
    let words = match (scroll, more) {
        (0, 0) => return,
        (0, more) => format!("  and {more} more"),
        (above, 0) => format!("  {above} more above: PageUp"),
        (above, more) => format!("  {above} more above, {more} more below: PageUp, PageDown"),
    };
    say(model, lines, Role::Dim, &words, width);
}

/// A frame with lines from `scroll` on; how many are hidden is said at its lower edge.
pub fn dialog(
    frame: &mut Frame,
    model: &Model,
    title: &str,
    right: &str,
    lines: Vec<Line>,
    scroll: usize,
    area: Rect,
) {
    frame.render_widget(Clear, area);
    let pane = block(model.window.theme, title, right, true, area.width);
    let inner = pane.inner(area);
    frame.render_widget(pane, area);
    let rows = usize::from(inner.height);
    let top = scroll.min(lines.len().saturating_sub(rows));
    let words = hidden_words(top, lines.len(), rows);
    let shown: Vec<Line> = lines.into_iter().skip(top).take(rows).collect();
    frame.render_widget(Unwrapped::new(shown), inner);
    edge(frame, model, area, words);
}

/// Words at the lower edge of a frame, such as how many rows are hidden.
pub fn edge(frame: &mut Frame, model: &Model, area: Rect, words: Option<String>) {
    let Some(words) = words.filter(|_| area.width > 2 && area.height > 1) else { return };
    let words = format!(" {words} ");
    let room = area.width.saturating_sub(2);
    let width = u16::try_from(words.width()).unwrap_or(u16::MAX).min(room);
    let right = area.right().saturating_sub(1);
    let at = Rect::new(right.saturating_sub(width), area.bottom().saturating_sub(1), width, 1);
    frame.render_widget(Unwrapped::new(Span::styled(words, model.window.theme.style(Role::Dim))), at);
}

/// Words in a role, wrapped.
pub fn say(model: &Model, lines: &mut Vec<Line<'static>>, role: Role, text: &str, width: usize) {
    for line in wrap(text, width) {
        lines.push(Line::styled(format!(" {line}"), model.window.theme.style(role)));
    }
}

/// Numbered choices, the chosen one marked, in at most so many rows; how many lines are hidden is said below them.
pub fn choose_within<'a>(
    model: &Model,
    lines: &mut Vec<Line<'static>>,
    choices: impl Iterator<Item = &'a str>,
    at: usize,
    width: usize,
    rows: usize,
) {
    let choices: Vec<&str> = choices.collect();
    let mut all = Vec::new();
    choose(model, &mut all, choices.iter().copied(), at, width);
    let mut end = Vec::new();
    choose(model, &mut end, choices.iter().copied().take(at.saturating_add(1)), at, width);
    let top = window(end.len().saturating_sub(1), all.len(), rows);
    let count = all.len();
    lines.extend(all.into_iter().skip(top).take(rows));
    hidden(model, lines, top, count, rows, width);
}

/// Choices with the number of the key that chooses each, the chosen one marked.
pub fn choose<'a>(
    model: &Model,
    lines: &mut Vec<Line<'static>>,
    choices: impl Iterator<Item = &'a str>,
    at: usize,
    width: usize,
) {
    numbered(model, lines, (1..).zip(choices).map(|(number, text)| (key_of(number), text)), at, width);
}

/// Choices that no number chooses, the chosen one marked.
pub fn choose_by_arrows<'a>(
    model: &Model,
    lines: &mut Vec<Line<'static>>,
    choices: impl Iterator<Item = &'a str>,
    at: usize,
    width: usize,
) {
    numbered(model, lines, choices.map(|text| (' ', text)), at, width);
}

/// What is written on the key of a number: there is none from 10 on.
pub fn key_of(number: u32) -> char {
    char::from_digit(number, 10).unwrap_or(' ')
}

fn numbered<'a>(
    model: &Model,
    lines: &mut Vec<Line<'static>>,
    choices: impl Iterator<Item = (char, &'a str)>,
    at: usize,
    width: usize,
) {
    for (row, (number, text)) in choices.enumerate() {
        let chosen = row == at;
        let mark = if chosen { model.window.theme.glyph(Glyph::Here) } else { " " };
        for (part, line) in wrap(text, width.saturating_sub(6)).into_iter().enumerate() {
            let head = if part == 0 { format!(" {mark} {number} ") } else { "     ".to_owned() };
            let style = model.window.theme.style(if chosen { Role::Focus } else { Role::Text });
            lines.push(Line::from(vec![
                Span::styled(head, model.window.theme.style(Role::Accent)),
                Span::styled(line, style),
            ]));
        }
    }
}

/// A line to type into.
pub fn field(frame: &mut Frame, model: &Model, label: &str, text: &TextInput, area: Rect) {
    let theme = &model.window.theme;
    let head = format!(" {label}{}[", if label.is_empty() { "" } else { " " });
    let width = u16::try_from(head.width()).unwrap_or(0);
    frame.render_widget(Unwrapped::new(Span::styled(head, theme.style(Role::Accent))), area);
    let inside = Rect::new(
        area.x.saturating_add(width),
        area.y,
        area.width.saturating_sub(width).saturating_sub(2),
        1,
    )
    .intersection(area);
    frame.render_widget(text.widget(), inside);
    let close = Rect::new(inside.right(), area.y, 1, 1).intersection(area);
    frame.render_widget(Unwrapped::new(Span::styled("]", theme.style(Role::Accent))), close);
}

/// Rows with boxes to tick.
pub fn list(frame: &mut Frame, model: &Model, title: &str, right: &str, rows: &[(String, bool)], at: usize) {
    let theme = &model.window.theme;
    let lines: Vec<Line> = rows
        .iter()
        .enumerate()
        .map(|(number, (name, on))| {
            let chosen = number == at;
            let mark = if chosen { theme.glyph(Glyph::Here) } else { " " };
            let sign = if *on { "[x]" } else { "[ ]" };
            let style = theme.style(if chosen { Role::Focus } else { Role::Text });
            Line::from(vec![
                Span::styled(format!(" {mark} {sign} "), theme.style(Role::Accent)),
                Span::styled(name.clone(), style),
            ])
        })
        .collect();
    let height =
        u16::try_from(rows.len()).unwrap_or(10).saturating_add(2).min(model.window.size.1.saturating_sub(4));
    let inside = usize::from(height.saturating_sub(2)).max(1);
    let top = window(at, rows.len(), inside);
    dialog(frame, model, title, right, lines, top, centred(model, 66, height));
}
