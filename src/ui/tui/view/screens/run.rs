//! The run: matrix of steps and places, output of one place, the card of a problem.

use crate::ui::wizard::progress;
use crate::ui::wizard::remedy;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::plan::place::Place;
use crate::ui::output::wrap::wrap;
use crate::ui::tui::text::{cut, fill, some};
use crate::ui::tui::theme::{Glyph, Paint};
use crate::ui::tui::unwrapped::Unwrapped;
use crate::ui::tui::view::log::log_lines;
use crate::ui::tui::view::pane::{block, button_row, labels};
use crate::ui::tui::view::window::{edge, key_of};
use crate::ui::wizard::cells::{Cell, CellState};
use crate::ui::wizard::layout::run_parts;
use crate::ui::wizard::listing::{self, hidden_words, window};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::log::Log;

/// Draws the run.
pub fn draw(frame: &mut Frame, model: &Model) {
    let (left, right, problem) = run_parts(model);
    let places = progress::places(model);
    if left.height > 2 {
        matrix(frame, model, &places, left.into());
    }
    if right.height > 2
        && let Some(place) = places.get(model.run.shown)
    {
        output(frame, model, place, right.into());
    }
    if problem.height > 2 {
        card(frame, model, problem.into());
    }
}

/// The sign of a cell and how it is meant.
pub fn cell_look(state: CellState) -> (Glyph, Role) {
    match state {
        CellState::Waiting => (Glyph::Waiting, Role::Dim),
        CellState::Running => (Glyph::Running, Role::Running),
        CellState::Changed | CellState::Proven => (Glyph::Ok, Role::Ok),
        CellState::Same => (Glyph::Same, Role::Dim),
        CellState::Unproven | CellState::Skipped => (Glyph::Warn, Role::Warn),
        CellState::Failed => (Glyph::Bad, Role::Bad),
        CellState::Held => (Glyph::Held, Role::Warn),
    }
}

fn cell_text(model: &Model, cell: Option<&Cell>, width: usize) -> (String, Role) {
    let theme = &model.window.theme;
    let none = Cell::default();
    let cell = cell.unwrap_or(&none);
    let (glyph, role) = cell_look(cell.state);
    let word = match cell.state {
        CellState::Running => match cell.sent {
            Some((sent, of)) if of > 0 => format!("{} %", sent.saturating_mul(100) / of),
            _ if cell.done > 0 => format!("{} done", cell.done),
            _ => "running".to_owned(),
        },
        CellState::Changed if cell.done > 0 && width >= 13 => format!("changed {}", cell.done),
        CellState::Waiting => String::new(),
        // There is no room for two words in a column.
        CellState::Same => "right".to_owned(),
        state => progress::word(state).to_owned(),
    };
    (fill(&format!("{} {word}", theme.glyph(glyph)), width.saturating_sub(1)) + " ", role)
}

fn matrix(frame: &mut Frame, model: &Model, places: &[Place], area: Rect) {
    let theme = &model.window.theme;
    let legend = format!(
        "{} now {} changed {} right {} failed {} to come",
        theme.glyph(Glyph::Running),
        theme.glyph(Glyph::Ok),
        theme.glyph(Glyph::Same),
        theme.glyph(Glyph::Bad),
        theme.glyph(Glyph::Waiting)
    );
    let number = model.form.journey.number(Screen::Run).unwrap_or_default();
    let title = format!("{number} {}", Screen::Run.title());
    let pane = block(*theme, &title, &legend, !model.run.in_log && model.run.troubles.is_empty(), area.width);
    let inner = pane.inner(area);
    frame.render_widget(pane, area);
    let width = usize::from(inner.width);
    let label = 22.min(width / 3);
    let column = (width.saturating_sub(label + 1) / places.len().max(1)).clamp(9, 14);
    let fit = (width.saturating_sub(label + 1) / column).max(1);
    // The columns move so that the place whose output is shown is among them.
    let first = model
        .run
        .shown
        .saturating_add(1)
        .saturating_sub(fit)
        .min(places.len().saturating_sub(fit.min(places.len())));
    let seen: Vec<_> =
        places.iter().skip(first).take(fit).map(|place| (place, model.run.cells.of(place))).collect();
    let shown = places.get(model.run.shown);
    let mut head = vec![Span::raw(" ".repeat(label + 1))];
    for (place, _) in &seen {
        let name = if **place == Place::Local { "this PC".to_owned() } else { place.to_string() };
        let style = if shown == Some(*place) { theme.style(Role::Accent) } else { theme.style(Role::Text) };
        head.push(Span::styled(fill(&cut(&name, column.saturating_sub(1)), column), style));
    }
    let mut lines = vec![Line::from(head)];
    for (state, title) in progress::repair_actions(model) {
        let (glyph, role) = cell_look(state);
        let text = format!(" {} {title}", theme.glyph(glyph));
        lines.push(Line::styled(cut(&text, width.saturating_sub(1)), theme.style(role)));
    }
    for step in progress::steps(model) {
        let mut spans = vec![Span::raw(format!(" {}", fill(step.title(), label)))];
        for (place, cells) in &seen {
            if !progress::belongs(step, place) {
                spans.push(Span::styled(fill(theme.glyph(Glyph::None), column), theme.style(Role::Dim)));
                continue;
            }
            let cell = cells.and_then(|cells| cells.get(step.id().0));
            let (text, role) = cell_text(model, cell, column);
            spans.push(Span::styled(text, theme.style(role)));
        }
        lines.push(Line::from(spans));
    }
    let notes: Vec<Line> = listing::notes(model, width)
        .into_iter()
        .map(|(role, text)| Line::styled(cut(&text, width.saturating_sub(1)), theme.style(role)))
        .collect();
    let room = listing::matrix_rows(model);
    let body = lines.split_off(1);
    let top = listing::matrix_top(model);
    let more = places.len().saturating_sub(seen.len());
    let more = (more > 0).then(|| format!("{} more: h", some(more, "place")));
    let steps = hidden_words(top, body.len(), room).map(|words| format!("steps: {words}"));
    let hidden: Vec<String> = more.into_iter().chain(steps).collect();
    lines.extend(body.into_iter().skip(top).take(room));
    lines.extend(notes);
    frame.render_widget(Unwrapped::new(lines), inner);
    let bar = Rect::new(inner.x, inner.bottom().saturating_sub(1), inner.width, 1);
    button_row(frame, model, bar, &labels(model));
    edge(frame, model, area, (!hidden.is_empty()).then(|| hidden.join("; ")));
}

fn output(frame: &mut Frame, model: &Model, place: &Place, area: Rect) {
    let theme = &model.window.theme;
    let none = Log::default();
    let log = model.run.logs.get(place).unwrap_or(&none);
    let title = format!("Output: {place}");
    let rows = usize::from(area.height.saturating_sub(2));
    let hidden = hidden_words(log.first(rows), log.len(), rows);
    let mut right =
        if log.follow { "following".to_owned() } else { format!("+{} new, F follows", log.unseen) };
    if !log.search.is_empty() {
        right = format!("/{} {} hits  {right}", cut(&log.search, 16), log.hits());
    }
    let pane = block(*theme, &title, &right, model.run.in_log, area.width);
    let inner = pane.inner(area);
    frame.render_widget(pane, area);
    let (rows, width) = (usize::from(inner.height), usize::from(inner.width));
    let mut lines = log_lines(log, *theme, rows, width);
    if log.is_empty() {
        lines.push(Line::styled(" no output yet", theme.style(Role::Dim)));
    }
    frame.render_widget(Unwrapped::new(lines), inner);
    edge(frame, model, area, hidden);
}

/// The card of the problem that is shown.
fn card(frame: &mut Frame, model: &Model, area: Rect) {
    let theme = &model.window.theme;
    let Some(trouble) = progress::shown(model) else { return };
    let problem = &trouble.problem;
    let title = cut(
        &format!("{} {}  {}", theme.glyph(Glyph::Bad), problem.code, problem.what),
        usize::from(area.width).saturating_sub(14),
    );
    let right = format!("{} of {}", model.run.card.saturating_add(1), model.run.troubles.len());
    let pane = block(*theme, &title, &right, !model.run.in_log, area.width);
    let inner = pane.inner(area);
    frame.render_widget(pane, area);
    let width = usize::from(inner.width).saturating_sub(2);
    let room = usize::from(inner.height);
    let mut lines = Vec::new();
    let mut pair = |name: &str, text: &str, role: Role| {
        lines.push(Line::from(vec![
            Span::styled(format!(" {name:<15}"), theme.style(Role::Dim)),
            Span::styled(text.to_owned(), theme.style(role)),
        ]));
    };
    let beside = listing::card_width(area.width);
    for (number, line) in listing::what_happened(trouble, beside).iter().take(listing::HAPPENED).enumerate() {
        pair(if number == 0 { "What happened" } else { "" }, line, Role::Text);
    }
    let seen = listing::card(model).seen;
    let top = seen.top(model.run.evidence);
    for (number, line) in seen.lines.iter().skip(top).take(seen.rows).enumerate() {
        pair(if number == 0 { "Evidence" } else { "" }, line, Role::Text);
    }
    if let Some(words) = hidden_words(top, seen.lines.len(), seen.rows) {
        pair("", &format!("{words}: PageUp, PageDown"), Role::Dim);
    }
    let done = match trouble.done.as_slice() {
        [] => "nothing that needs undoing".to_owned(),
        done => {
            let last = done.last().cloned().unwrap_or_default();
            let count = some(done.len(), "action");
            format!("{count}, the last: {last}. What is done stays; a new run goes on from there")
        }
    };
    pair("Already done", &cut(&done, beside), Role::Dim);
    let left = room.saturating_sub(lines.len());
    let (ways, marked) = ways(model, width);
    let rows = if ways.len() > left { left.saturating_sub(1) } else { left };
    let top = window(marked, ways.len(), rows);
    let hidden = hidden_words(top, ways.len(), rows);
    for (number, (mark, spans)) in ways.into_iter().skip(top).take(rows).enumerate() {
        let head = if number == 0 { "Choose" } else { "" };
        let mut line = vec![Span::styled(format!(" {head:<13}{mark} "), theme.style(Role::Accent))];
        line.extend(spans);
        lines.push(Line::from(line));
    }
    if let Some(words) = hidden {
        lines.push(Line::styled(format!(" {:<15}{words}", ""), theme.style(Role::Dim)));
    }
    frame.render_widget(Unwrapped::new(lines), inner);
}

/// A line of a way out: its mark and its words.
type WayLine = (&'static str, Vec<Span<'static>>);

/// The ways out in lines, and which is the last line of the marked one.
fn ways(model: &Model, width: usize) -> (Vec<WayLine>, usize) {
    let theme = &model.window.theme;
    let (mut lines, mut marked) = (Vec::new(), 0);
    for (row, (number, choice)) in (1..).zip(&progress::choices(model)).enumerate() {
        let chosen = row == model.run.way;
        let kind = match choice.act {
            remedy::RunRemedy::Manual(_) if width < 100 => "  (by hand)",
            remedy::RunRemedy::Manual(_) => "  (by hand; Enter copies it)",
            remedy::RunRemedy::Edit(..) if width >= 100 => "  (opens that answer)",
            _ => "",
        };
        let style = theme.style(if chosen { Role::Focus } else { Role::Text });
        let fits = width.saturating_sub(18 + kind.len());
        // The chosen way is read to its end.
        let parts = if chosen { wrap(&choice.text, fits) } else { vec![cut(&choice.text, fits)] };
        for (part, text) in parts.into_iter().enumerate() {
            let (mark, number, kind) = match part {
                0 if chosen => (theme.glyph(Glyph::Here), key_of(number), kind),
                0 => (" ", key_of(number), kind),
                _ => (" ", ' ', ""),
            };
            let kind = Span::styled(kind, theme.style(Role::Dim));
            lines.push((mark, vec![Span::styled(format!("{number} {text}"), style), kind]));
        }
        if chosen {
            marked = lines.len().saturating_sub(1);
        }
    }
    (lines, marked)
}
