//! The live panel in the wizard: a strip below every screen, and the whole window when it has the keys. What is
//! in it is drawn by [`crate::ui::panel`], as in `gangplank watch`.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::ui::panel::{self, Ink, OpenedHost};
use crate::ui::tui::text::{cut, some};
use crate::ui::tui::theme::Paint;
use crate::ui::tui::unwrapped::Unwrapped;
use crate::ui::tui::view::log::log_lines;
use crate::ui::tui::view::pane::block;
use crate::ui::tui::view::window::edge;
use crate::ui::wizard::listing::hidden_words;
use crate::ui::wizard::model::{LiveLog, LogState, Model};
use crate::ui::wizard::role::Role;

/// The strip below a screen.
pub fn strip(frame: &mut Frame, model: &Model, area: Rect) {
    let Some(live) = &model.live.panel else { return };
    let ink = Ink::of(&model.window.theme);
    if area.height < 3 {
        let room = usize::from(area.width).saturating_sub(18);
        let mut strip = panel::one_line(live, model.window.now, &ink, room);
        strip.spans.insert(0, Span::raw(" "));
        strip.push_span(Span::styled(" (l opens)", model.window.theme.style(Role::Dim)));
        frame.render_widget(Unwrapped::new(strip), area);
        return;
    }
    let title = format!("Live: {} and node status", live.listers());
    let pane = block(model.window.theme, &title, "l opens", false, area.width);
    let inner = pane.inner(area);
    frame.render_widget(pane, area);
    panel::rows(live, model.window.now, None, &ink, inner, frame.buffer_mut());
}

/// The whole window.
pub fn full(frame: &mut Frame, model: &Model, area: Rect) {
    let Some(live) = &model.live.panel else { return };
    if let Some(log) = model.live.log() {
        return followed(frame, model, log, area);
    }
    let ink = Ink::of(&model.window.theme);
    let view = &model.live;
    let counts = live.counts();
    let containers = some(counts.containers, "container");
    let right = format!("{} up, {} down, {containers}", counts.up, counts.down);
    let one = live.rows().get(view.at).filter(|_| view.host);
    let title = one.map_or_else(
        || format!("Live: {} and node status", live.listers()),
        |row| format!("Live: {}", row.place),
    );
    let pane = block(model.window.theme, &title, &right, true, area.width);
    let inner = pane.inner(area).inner(Margin::new(1, 0));
    frame.render_widget(pane, area);
    match one {
        Some(row) => {
            let (now, chosen) = (model.window.now, view.row);
            let host = OpenedHost { panel: live, place: &row.place, now, chosen, ink: &ink };
            let seen = host.draw(inner, frame.buffer_mut());
            edge(frame, model, area, hidden_words(seen.first, seen.all, seen.rows));
        }
        None if live.rows().is_empty() => {
            frame.render_widget(Unwrapped::new(Line::raw(" no hosts are known yet")), inner);
        }
        None => panel::rows(live, model.window.now, Some(view.at), &ink, inner, frame.buffer_mut()),
    }
}

/// A log on the whole window.
fn followed(frame: &mut Frame, model: &Model, log: &LiveLog, area: Rect) {
    let theme = model.window.theme;
    let lines = &log.lines;
    let mut right = match log.state {
        LogState::Asked => "asked for".to_owned(),
        LogState::Ended => format!("ended, {}", some(lines.len(), "line")),
        LogState::Open if lines.follow => format!("following, {}", some(lines.len(), "line")),
        LogState::Open => format!("+{} new, f follows", lines.unseen),
    };
    if !lines.search.is_empty() {
        right = format!("/{} {} hits  {right}", cut(&lines.search, 16), lines.hits());
    }
    let room = usize::from(area.width).saturating_sub(right.width() + 8);
    let title = cut(&format!("Log: {} on {}", log.title, log.wish.place), room);
    let pane = block(theme, &title, &right, true, area.width);
    let inner = pane.inner(area);
    frame.render_widget(pane, area);
    let (rows, width) = (usize::from(inner.height), usize::from(inner.width));
    let mut shown = log_lines(lines, theme, rows, width);
    if lines.is_empty() {
        let words = if log.state == LogState::Open { " nothing is written to it yet" } else { "" };
        shown.push(Line::styled(words, theme.style(Role::Dim)));
    }
    frame.render_widget(Unwrapped::new(shown), inner);
    let first = lines.first(rows);
    edge(
        frame,
        model,
        area,
        hidden_words(first.saturating_sub(lines.dropped), lines.len() - lines.dropped, rows),
    );
}
