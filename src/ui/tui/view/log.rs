//! Lines of a log as they are shown: those of a run, and those of a container.

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::ui::output::wrap::wrap;
use crate::ui::tui::text::cut;
use crate::ui::tui::theme::Paint;
use crate::ui::wizard::role::{Role, Theme};
use crate::ui::wizard::screens::log::Log;

/// The lines that have room, hits of the search marked.
pub fn log_lines(log: &Log, theme: Theme, rows: usize, width: usize) -> Vec<Line<'static>> {
    let first = log.first(rows);
    let mut lines: Vec<Line> = Vec::with_capacity(rows);
    for line in log.from(first) {
        let style = theme.style(if log.hit(line) { Role::Focus } else { line.role });
        let stamp = if line.at.is_empty() { String::new() } else { format!("{} ", line.at) };
        let room = width.saturating_sub(stamp.width());
        let head = Span::styled(stamp.clone(), theme.style(Role::Dim));
        if log.wrap {
            for (number, part) in wrap(&line.text, room).into_iter().enumerate() {
                let head = if number == 0 { head.clone() } else { Span::raw(" ".repeat(stamp.width())) };
                lines.push(Line::from(vec![head, Span::styled(part, style)]));
            }
        } else {
            let text: String = line.text.chars().skip(log.left).collect();
            lines.push(Line::from(vec![head, Span::styled(cut(&text, room), style)]));
        }
        if !log.follow && lines.len() >= rows {
            break;
        }
    }
    if log.follow && lines.len() > rows {
        lines.drain(..lines.len().saturating_sub(rows));
    }
    lines
}
