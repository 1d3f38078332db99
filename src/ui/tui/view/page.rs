//! A form as rows: words, fields, buttons. Drawn with the focused row always in view.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::super::theme::{Glyph, Role};
use super::{block, cut, wrap};
use crate::ui::wizard::form;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::model::{Button, Item, Model};

/// Cells a label takes.
const LABEL: usize = 18;

/// A row of a page.
pub enum PageRow<'a> {
    /// Words.
    Text(Line<'a>),
    /// A field.
    Field(Field),
    /// Nothing.
    Space,
}

/// A form.
pub struct Page<'a> {
    /// Its title.
    pub title: String,
    /// Words at the right end of the title.
    pub right: String,
    /// Cells of its lines.
    pub width: usize,
    /// Its rows.
    pub rows: Vec<PageRow<'a>>,
    /// The row of the chosen line of a list.
    pub chosen: Option<usize>,
}

impl<'a> Page<'a> {
    /// Words in a role, wrapped.
    pub fn say(&mut self, model: &Model, role: Role, text: &str, width: usize) {
        for line in wrap(text, width) {
            self.rows.push(PageRow::Text(Line::styled(format!(" {line}"), model.theme.style(role))));
        }
    }

    /// A line.
    pub fn line(&mut self, line: impl Into<Line<'a>>) {
        self.rows.push(PageRow::Text(line.into()));
    }

    /// An empty row.
    pub fn space(&mut self) {
        self.rows.push(PageRow::Space);
    }

    /// Lines with a sign by their role, as looks give them.
    pub fn seen(&mut self, model: &Model, lines: &[(Role, String)], width: usize) {
        for (role, text) in lines {
            let sign = match role {
                Role::Ok => model.theme.glyph(Glyph::Ok),
                Role::Bad => model.theme.glyph(Glyph::Bad),
                Role::Warn => model.theme.glyph(Glyph::Warn),
                _ => " ",
            };
            for (number, line) in wrap(text, width.saturating_sub(3)).into_iter().enumerate() {
                let sign = if number == 0 { sign } else { " " };
                let style = if matches!(role, Role::Ok) {
                    model.theme.style(Role::Text)
                } else {
                    model.theme.style(*role)
                };
                self.rows.push(PageRow::Text(Line::from(vec![
                    Span::styled(format!(" {sign} "), model.theme.style(*role)),
                    Span::styled(line, style),
                ])));
            }
        }
    }
}

/// Draws a page.
pub fn draw(frame: &mut Frame, model: &Model, page: &Page, area: Rect) {
    let theme = &model.theme;
    let framed = block(theme, &page.title, &page.right, true);
    let inner = framed.inner(area);
    frame.render_widget(framed, area);
    let buttons = form::buttons(model);
    let bar = u16::from(!buttons.is_empty());
    let body = Rect::new(inner.x, inner.y, inner.width, inner.height.saturating_sub(bar));
    let focus = focus_row(model, page);
    let rows = usize::from(body.height);
    // What has the keys is in view, with a row of context, until somebody turns the page.
    let top = match focus {
        Some(at) if page.rows.len() > rows && model.scroll == 0 => {
            let latest = at.saturating_sub(1);
            let earliest = at.saturating_add(3).saturating_sub(rows);
            earliest.min(latest).min(page.rows.len().saturating_sub(rows))
        }
        _ => model.scroll.min(page.rows.len().saturating_sub(rows)),
    };
    for (row, y) in page.rows.iter().skip(top).zip(body.y..body.bottom()) {
        let at = Rect::new(body.x, y, body.width, 1);
        match row {
            PageRow::Text(line) => frame.render_widget(Paragraph::new(line.clone()), at),
            PageRow::Field(field) => draw_field(frame, model, *field, at),
            PageRow::Space => {}
        }
    }
    let hidden = page.rows.len().saturating_sub(top.saturating_add(rows));
    if hidden > 0 && body.height > 0 {
        let words = format!(" {hidden} more below ");
        let width = u16::try_from(words.width()).unwrap_or(0).min(body.width);
        let at = Rect::new(body.right().saturating_sub(width), area.bottom().saturating_sub(1), width, 1);
        frame.render_widget(Paragraph::new(Span::styled(words, theme.style(Role::Dim))), at);
    }
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
    let theme = &model.theme;
    let focused = model.item() == Some(Item::Field(field));
    let label = if focused { Role::Key } else { Role::Text };
    let sign = if focused { theme.glyph(Glyph::Here) } else { " " };
    let value = field.get(&model.answers, model.row);
    let head = format!(" {sign} {:<LABEL$}", cut(field.label(), LABEL));
    let start = area.x.saturating_add(u16::try_from(head.width()).unwrap_or(0));
    let room = area.right().saturating_sub(start).saturating_sub(1);
    frame.render_widget(Paragraph::new(Span::styled(head, theme.style(label))), area);
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
        frame.render_widget(Paragraph::new(Line::from(spans)), at);
        return;
    }
    let wide = match field {
        Field::Port | Field::Days | Field::Replicas => 8,
        _ => 48,
    };
    let box_width = at.width.min(wide);
    let inside = Rect::new(at.x.saturating_add(1), at.y, box_width.saturating_sub(2), 1).intersection(at);
    let edge = theme.style(if focused { Role::Accent } else { Role::Dim });
    frame
        .render_widget(Paragraph::new(Span::styled("[", edge)), Rect::new(at.x, at.y, 1, 1).intersection(at));
    let close = Rect::new(inside.right(), at.y, 1, 1).intersection(at);
    frame.render_widget(Paragraph::new(Span::styled("]", edge)), close);
    if let (Some(editor), true) = (&model.editor, focused) {
        let empty = editor.lines().first().is_none_or(String::is_empty);
        if empty {
            let hint = hint(model, field);
            let text =
                Span::styled(cut(&hint, usize::from(inside.width).saturating_sub(1)), theme.style(Role::Dim));
            let behind = Rect::new(inside.x.saturating_add(1), inside.y, inside.width.saturating_sub(1), 1);
            frame.render_widget(editor, Rect::new(inside.x, inside.y, 1.min(inside.width), 1));
            frame.render_widget(Paragraph::new(text), behind.intersection(at));
        } else {
            frame.render_widget(editor, inside);
        }
    } else {
        let text = if value.is_empty() {
            Span::styled(cut(&hint(model, field), usize::from(inside.width)), theme.style(Role::Dim))
        } else {
            Span::raw(cut(&value, usize::from(inside.width)))
        };
        frame.render_widget(Paragraph::new(text), inside);
    }
}

fn hint(model: &Model, field: Field) -> String {
    field
        .inherited(&model.answers)
        .map_or_else(|| field.hint().to_owned(), |value| format!("{value} (as for all)"))
}

/// The buttons of the screen with their words.
pub fn labels(model: &Model) -> Vec<(Button, String)> {
    form::buttons(model).into_iter().map(|button| (button, button.label().to_owned())).collect()
}

/// Buttons at the right end of a row; closer, then with shorter words, where there is no room for them.
pub fn button_row(frame: &mut Frame, model: &Model, area: Rect, labels: &[(Button, String)]) {
    let theme = &model.theme;
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
    frame.render_widget(Paragraph::new(Line::from(spans)), at);
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

/// Rows of the present page that do not fit into the window: so far it scrolls.
pub fn hidden(model: &Model) -> usize {
    let area = crate::ui::wizard::layout::regions(model).main;
    let bar = u16::from(!form::buttons(model).is_empty());
    let rows = super::pages::page(model, area.width).rows.len();
    rows.saturating_sub(usize::from(area.height.saturating_sub(2).saturating_sub(bar)))
}
