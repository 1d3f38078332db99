//! Draws a page: its rows, fields to type into and buttons, with the focused row always in view.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::page::{Page, PageRow};
use super::pane::{block, button_row, labels};
use super::window::edge;
use crate::ui::tui::text::cut;
use crate::ui::tui::theme::{Glyph, Paint};
use crate::ui::tui::unwrapped::Unwrapped;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::form::item::Item;
use crate::ui::wizard::listing::hidden_words;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;

/// Cells a label takes.
const LABEL: usize = 18;

/// Draws a page.
pub fn draw(frame: &mut Frame, model: &Model, page: &Page, area: Rect) {
    let theme = &model.window.theme;
    let framed = block(*theme, &page.title, &page.right, true, area.width);
    let inner = framed.inner(area);
    frame.render_widget(framed, area);
    let buttons = model.buttons();
    let bar = u16::from(!buttons.is_empty());
    let body = Rect::new(inner.x, inner.y, inner.width, inner.height.saturating_sub(bar));
    let focus = focus_row(model, page);
    let rows = usize::from(body.height);
    // What has the keys is in view, with a row of context, until somebody turns the page.
    let top = match focus {
        Some(at) if page.rows.len() > rows && model.nav.scroll == 0 => {
            let latest = at.saturating_sub(1);
            let earliest = at.saturating_add(3).saturating_sub(rows);
            earliest.min(latest).min(page.rows.len().saturating_sub(rows))
        }
        _ => model.nav.scroll.min(page.rows.len().saturating_sub(rows)),
    };
    for (row, y) in page.rows.iter().skip(top).zip(body.y..body.bottom()) {
        let at = Rect::new(body.x, y, body.width, 1);
        match row {
            PageRow::Text(line) => frame.render_widget(line, at),
            PageRow::Later(line) => frame.render_widget(line(), at),
            PageRow::Field(field) => draw_field(frame, model, *field, at),
            PageRow::Space => {}
        }
    }
    edge(frame, model, area, hidden_words(top, page.rows.len(), rows));
    if bar > 0 {
        let at = Rect::new(inner.x, inner.bottom().saturating_sub(1), inner.width, 1);
        button_row(frame, model, at, &labels(model));
    }
}

fn focus_row(model: &Model, page: &Page) -> Option<usize> {
    match model.item()? {
        Item::Rows => page.chosen,
        Item::Field(field) => {
            page.rows.iter().position(|row| matches!(row, PageRow::Field(one) if *one == field))
        }
        Item::Button(_) => None,
    }
}

fn draw_field(frame: &mut Frame, model: &Model, field: Field, area: Rect) {
    let theme = &model.window.theme;
    let focused = model.item() == Some(Item::Field(field));
    let label = if focused { Role::Key } else { Role::Text };
    let sign = if focused { theme.glyph(Glyph::Here) } else { " " };
    let value = model.answer(field, model.nav.row);
    let head = format!(" {sign} {:<LABEL$}", cut(field.label(), LABEL));
    let start = area.x.saturating_add(u16::try_from(head.width()).unwrap_or(0));
    let room = area.right().saturating_sub(start).saturating_sub(1);
    frame.render_widget(Unwrapped::new(Span::styled(head, theme.style(label))), area);
    let at = Rect::new(start, area.y, room, 1).intersection(area);
    if let Some(choices) = field.choices() {
        let mut spans = Vec::new();
        let known = choices.iter().any(|(choice, _)| *choice == value);
        let short: usize = choices.iter().map(|(_, words)| words.width() + 6).sum();
        if short <= usize::from(at.width) {
            for (choice, words) in choices {
                let glyph = if *choice == value { Glyph::Chosen } else { Glyph::Other };
                let role = if *choice == value && focused { Role::Focus } else { Role::Text };
                spans.push(Span::styled(format!("{} {words}", theme.glyph(glyph)), theme.style(role)));
                spans.push(Span::raw("  "));
            }
        } else {
            let words = choices
                .iter()
                .find(|(choice, _)| *choice == value)
                .map_or(value.as_str(), |(_, words)| words);
            let at_choice = choices.iter().position(|(choice, _)| *choice == value).map_or(0, |at| at + 1);
            let role = if focused { Role::Focus } else { Role::Text };
            spans.push(Span::styled(format!("< {words} >"), theme.style(role)));
            if known {
                let count = format!("  {at_choice} of {}", choices.len());
                spans.push(Span::styled(count, theme.style(Role::Dim)));
            }
        }
        frame.render_widget(Unwrapped::new(Line::from(spans)), at);
        return;
    }
    let wide = match field {
        Field::Port | Field::Days | Field::Replicas => 14,
        _ => 48,
    };
    let box_width = at.width.min(wide);
    let inside = Rect::new(at.x.saturating_add(1), at.y, box_width.saturating_sub(2), 1).intersection(at);
    let edge = theme.style(if focused { Role::Accent } else { Role::Dim });
    frame
        .render_widget(Unwrapped::new(Span::styled("[", edge)), Rect::new(at.x, at.y, 1, 1).intersection(at));
    let close = Rect::new(inside.right(), at.y, 1, 1).intersection(at);
    frame.render_widget(Unwrapped::new(Span::styled("]", edge)), close);
    if let (Some(editor), true) = (&model.form.editor, focused) {
        let empty = editor.first().is_empty();
        if empty {
            let hint = hint(model, field);
            let text =
                Span::styled(cut(&hint, usize::from(inside.width).saturating_sub(1)), theme.style(Role::Dim));
            let behind = Rect::new(inside.x.saturating_add(1), inside.y, inside.width.saturating_sub(1), 1);
            frame.render_widget(editor.widget(), Rect::new(inside.x, inside.y, 1.min(inside.width), 1));
            frame.render_widget(Unwrapped::new(text), behind.intersection(at));
        } else {
            frame.render_widget(editor.widget(), inside);
        }
    } else {
        let text = if value.is_empty() {
            Span::styled(cut(&hint(model, field), usize::from(inside.width)), theme.style(Role::Dim))
        } else {
            Span::raw(cut(&value, usize::from(inside.width)))
        };
        frame.render_widget(Unwrapped::new(text), inside);
    }
}

/// What stands in an empty field: words that nobody takes for an answer, whatever the colours.
fn hint(model: &Model, field: Field) -> String {
    if let Some(value) = field.inherited(&model.form.answers) {
        return format!("as for all: {value}");
    }
    match field.hint() {
        "" => String::new(),
        hint if field.hint_is_example() => format!("such as {hint}"),
        hint => format!("empty: {hint}"),
    }
}
