//! The review: every step of every place in a table, below it the exact actions of the chosen one.

use crate::ui::wizard::form::target;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::plan::place::Place;
use crate::plan::problem::Verdict;
use crate::step::StepState;
use crate::ui::output::wrap::wrap;
use crate::ui::tui::text::{cut, fill, some};
use crate::ui::tui::theme::{Glyph, Paint};
use crate::ui::tui::unwrapped::Unwrapped;
use crate::ui::tui::view::page::inspection_words;
use crate::ui::tui::view::pane::{block, button_row, labels};
use crate::ui::tui::view::window::edge;
use crate::ui::wizard::form::by_label;
use crate::ui::wizard::form::item::{Button, Item};
use crate::ui::wizard::listing::hidden_words;
use crate::ui::wizard::look::Inspection;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::review_table::{self, ReviewRow};
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::review;

/// Draws the review.
pub fn draw(frame: &mut Frame, model: &Model, area: Rect) {
    let theme = &model.window.theme;
    let rows = review::rows(model);
    let number = model.form.journey.number(Screen::Review);
    let head = number.map_or_else(String::new, |number| format!("{number} ")) + Screen::Review.title();
    let (title, right) = match &model.preview.inspection {
        Inspection::Seen { at, stale, table, .. } => {
            let count = table.count;
            let pace = if model.run.guided { "step by step" } else { "all at once" };
            let problems = if count.problems > 0 {
                format!(", {} with a problem", count.problems)
            } else {
                String::new()
            };
            let title = format!(
                "{head}: {} on {}, {} right{problems}",
                some(count.actions, "action"),
                some(count.places, "place"),
                some(count.same, "step")
            );
            let whole = format!("{title}; {pace}");
            // Words that do not fit are left out, none is cut.
            let title = if whole.len() + 6 <= usize::from(area.width) { whole } else { title };
            let old = if *stale { ", answers changed since" } else { "" };
            (title, format!("looked at {at}{old}"))
        }
        Inspection::None | Inspection::Looking | Inspection::Failed(_) => (head, String::new()),
    };
    let title = cut(&title, usize::from(area.width).saturating_sub(6));
    let right = if usize::from(area.width) > title.len() + right.len() + 10 { right } else { String::new() };
    let pane = block(*theme, &title, &right, true, area.width);
    let inner = pane.inner(area);
    frame.render_widget(pane, area);
    let bar = Rect::new(inner.x, inner.bottom().saturating_sub(1), inner.width, 1);
    buttons(frame, model, bar);
    let body = Rect::new(inner.x, inner.y, inner.width, inner.height.saturating_sub(1));
    let width = usize::from(body.width);
    if rows.is_empty() {
        let all = nothing(model, body.width);
        let (count, shown) = (all.len(), usize::from(body.height));
        let top = model.nav.scroll.min(count.saturating_sub(shown));
        let lines = all.into_iter().skip(top).take(shown);
        let lines: Vec<Line> = lines.map(|(role, text)| Line::styled(text, theme.style(role))).collect();
        frame.render_widget(Unwrapped::new(lines), body);
        return edge(frame, model, area, hidden_words(top, count, shown));
    }
    let parts = review::parts(model);
    let table = u16::try_from(parts.table).unwrap_or(u16::MAX).min(body.height);
    let head = Rect::new(body.x, body.y, body.width, table);
    let mut lines = vec![Line::styled(header(width), theme.style(Role::Dim))];
    let shown = parts.table.saturating_sub(1);
    let top = model.preview.row.saturating_sub(shown / 2).min(rows.len().saturating_sub(shown));
    for (at, row) in (top..top + shown).filter_map(|at| Some((at, rows.get(at)?))) {
        let same_place = at > top
            && rows.get(at.saturating_sub(1)).is_some_and(|before| before.seen.place == row.seen.place);
        lines.push(table_row(model, &row, at == model.preview.row, same_place, width));
    }
    frame.render_widget(Unwrapped::new(lines), head);
    let rest = Rect::new(body.x, head.bottom(), body.width, body.height.saturating_sub(head.height));
    let lines = review::detail(model, width);
    let below = lines.len();
    let first = model.preview.scroll.min(below.saturating_sub(parts.detail));
    let lines: Vec<Line> = lines
        .into_iter()
        .skip(first)
        .take(parts.detail)
        .map(|(role, text)| Line::styled(text, theme.style(role)))
        .collect();
    frame.render_widget(Unwrapped::new(lines), rest);
    let table = hidden_words(top, rows.len(), shown).map(|words| format!("steps: {words}"));
    let detail = hidden_words(first, below, parts.detail).map(|words| format!("lines: {words}, J K"));
    let hidden: Vec<String> = table.into_iter().chain(detail).collect();
    edge(frame, model, area, (!hidden.is_empty()).then(|| hidden.join("; ")));
}

fn columns(width: usize) -> (usize, usize, usize) {
    if width < 90 { (10, 20, 22) } else { (14, 24, (width.saturating_sub(66)).clamp(26, 60)) }
}

fn header(width: usize) -> String {
    let (place, step, now) = columns(width);
    format!("   {}{}{}ACTIONS", fill("WHERE", place), fill("STEP", step), fill("NOW", now + 2))
}

fn table_row(model: &Model, row: &ReviewRow, chosen: bool, same_place: bool, width: usize) -> Line<'static> {
    let theme = &model.window.theme;
    let (place_width, step_width, now_width) = columns(width);
    let place = if same_place && !chosen { String::new() } else { row.seen.place.to_string() };
    let mark = if chosen { theme.glyph(Glyph::Here) } else { " " };
    let on_rows = model.item() == Some(Item::Rows);
    let style = theme.style(if chosen && on_rows { Role::Focus } else { Role::Text });
    let Some(looked) = row.looked else {
        let words = row.seen.problem.as_ref().map_or_else(String::new, |problem| {
            format!("{} {} {}", theme.glyph(Glyph::Bad), problem.code, problem.what)
        });
        return Line::from(vec![
            Span::styled(format!(" {mark} "), theme.style(Role::Accent)),
            Span::styled(fill(&place, place_width), style),
            Span::styled(cut(&words, width.saturating_sub(place_width + 4)), theme.style(Role::Bad)),
        ]);
    };
    let title = looked.step.title();
    let mut spans = vec![
        Span::styled(format!(" {mark} "), theme.style(Role::Accent)),
        Span::styled(format!("{}{}", fill(&place, place_width), fill(title, step_width)), style),
    ];
    let problem = looked.blocked();
    let warnings =
        looked.verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Warning { .. })).count();
    let (words, role) = match (&looked.state, problem) {
        (_, Some(problem)) => {
            (format!("{} {} {}", theme.glyph(Glyph::Bad), problem.code, problem.what), Role::Bad)
        }
        (StepState::Done(evidence), None) => (format!("already right: {evidence}"), Role::Dim),
        (StepState::Await(proof), None) => (review::proof_words(proof), Role::Dim),
        (StepState::Todo(actions), None) => {
            let first = actions.first().map(crate::plan::action::Action::title).unwrap_or_default();
            (first, Role::Text)
        }
        (StepState::Blocked(problem), None) => (problem.what.clone(), Role::Bad),
    };
    let count = review_table::actions(looked).len();
    // Without actions the words have their column too.
    if problem.is_some() || count == 0 && warnings == 0 {
        spans.push(Span::styled(
            cut(&words, width.saturating_sub(place_width + step_width + 4)),
            theme.style(role),
        ));
        return Line::from(spans);
    }
    spans.push(Span::styled(format!("{}  ", fill(&words, now_width)), theme.style(role)));
    if count > 0 {
        let (sign, role) = review::sign(looked, row.seen);
        spans.push(Span::styled(format!("{count} {sign}"), theme.style(role)));
    } else if warnings > 0 {
        spans.push(Span::styled(
            format!("{} {}", theme.glyph(Glyph::Warn), some(warnings, "warning")),
            theme.style(Role::Warn),
        ));
    }
    Line::from(spans)
}

/// What stands there while there is no table: why, and what is to be answered or done, in lines of so many cells.
pub fn nothing(model: &Model, width: u16) -> Vec<(Role, String)> {
    let width = usize::from(width).saturating_sub(4);
    let mut lines = vec![(Role::Text, String::new())];
    let mut say = |role: Role, text: &str, indent: &str| {
        lines.extend(wrap(text, width).into_iter().map(|line| (role, format!("{indent}{line}"))));
    };
    if let Some((role, words)) = inspection_words(model) {
        say(role, &words, "  ");
    }
    if let Inspection::Failed(problem) = &model.preview.inspection {
        for line in &problem.evidence {
            say(Role::Text, line, "    ");
        }
        for (number, way) in (1..).zip(&problem.ways) {
            say(Role::Key, &format!("{number} {}", by_label::way(way, &Place::Local)), "  ");
        }
    }
    if matches!(model.preview.inspection, Inspection::None) {
        say(Role::Text, "", "");
        for remark in model.form.issues.iter().filter(|remark| remark.stops) {
            let screen = target::screen_of(&remark.field);
            let name = model.field_name(&remark.field);
            let words = format!("{}: {name} {}; {}", model.title(screen), remark.what, remark.cure);
            say(Role::Bad, &words, "  ");
        }
    }
    lines
}

fn buttons(frame: &mut Frame, model: &Model, area: Rect) {
    let places = review::counted(model).places;
    let mut labels = labels(model);
    for (button, label) in &mut labels {
        if *button == Button::Apply {
            *label = format!("Apply on {}", some(places, "place"));
        }
    }
    button_row(frame, model, area, &labels);
}
