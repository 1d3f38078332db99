//! Draws the live panel: pure functions from [`Panel`] to cells. What things look like comes from an [`Ink`];
//! no function here knows a colour. Every state is a word; a sign or a style only stands beside it.

pub mod watch;

mod detail;
mod host;
mod rows;

use std::time::Duration;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::host::HostFigures;
use crate::kube::{Node, ReadyState};
use crate::live::panel::ApiState;
use crate::live::row::age;
use crate::live::{HostRow, Link, Panel};
use crate::ui::tui::theme::{Glyph, Paint};
use crate::ui::wizard::role::{Palette, Role, Theme};

pub use host::{OpenedHost, TableSeen};
pub use rows::{Rows, one_line, rows};

/// What things look like.
#[derive(Debug, Clone, Copy)]
pub struct Ink {
    /// Plain text.
    pub text: Style,
    /// Old or unimportant.
    pub dim: Style,
    /// Titles of columns.
    pub head: Style,
    /// As it should be.
    pub ok: Style,
    /// Not as it should be, perhaps for a moment.
    pub warn: Style,
    /// Something is wrong.
    pub bad: Style,
    /// The word `new`.
    pub new: Style,
    /// The row that is selected.
    pub cursor: Style,
    /// Beside `up`.
    pub up: &'static str,
    /// Beside `wait`.
    pub wait: &'static str,
    /// Beside `down`.
    pub down: &'static str,
    /// Before the selected row.
    pub pointer: &'static str,
    /// Where text was cut.
    pub more: &'static str,
    /// Where there is nothing.
    pub none: &'static str,
}

impl Ink {
    /// A theme as the panel takes it.
    pub fn of(theme: &Theme) -> Self {
        Self {
            text: theme.style(Role::Text),
            dim: theme.style(Role::Dim),
            head: theme.style(Role::Dim),
            ok: theme.style(Role::Ok),
            warn: theme.style(Role::Warn),
            bad: theme.style(Role::Bad),
            new: theme.style(Role::Running),
            cursor: theme.style(Role::Focus),
            up: theme.glyph(Glyph::Running),
            wait: theme.glyph(Glyph::Waiting),
            down: theme.glyph(Glyph::Bad),
            pointer: theme.glyph(Glyph::Here),
            more: theme.glyph(Glyph::More),
            none: theme.glyph(Glyph::None),
        }
    }

    /// Without any colour; `ascii` = without signs some terminals do not have.
    pub fn mono(ascii: bool) -> Self {
        Self::of(&Theme { palette: Palette::Mono, ascii })
    }
}

/// A time in two parts at most: `12 s`, `3 m`, `2 h`, `41 d`.
pub fn short(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} m", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Cut to so many cells.
fn cut(text: &str, width: usize, more: &str) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(more.width());
    let mut used = 0;
    let mut kept: String = text
        .chars()
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= room
        })
        .collect();
    if width > 0 {
        kept.push_str(more);
    }
    kept
}

/// Columns of one line: start and width, in cells.
struct Grid {
    area: Rect,
    widths: Vec<usize>,
}

impl Grid {
    /// Where a column begins.
    fn start(&self, column: usize) -> usize {
        self.widths.iter().take(column).map(|width| width + 1).sum()
    }

    /// The number of the last column.
    fn last(&self) -> usize {
        self.widths.len().saturating_sub(1)
    }

    /// A cell of a line; nothing outside the area is written.
    fn put(&self, buf: &mut Buffer, line: usize, column: usize, spans: &[Span], more: &str) {
        let start = self.start(column);
        let width = self.widths.get(column).copied().unwrap_or(0);
        put(buf, self.area, (start, line), width, spans, more);
    }
}

/// Writes spans at a place of an area, cut to a width and to the area.
fn put(buf: &mut Buffer, area: Rect, at: (usize, usize), width: usize, spans: &[Span], more: &str) {
    let (Ok(x), Ok(y)) = (u16::try_from(at.0), u16::try_from(at.1)) else { return };
    if x >= area.width || y >= area.height {
        return;
    }
    let mut left = width.min(usize::from(area.width - x));
    let mut cells = area.x.saturating_add(x);
    let mut rest: usize = spans.iter().map(|span| span.content.width()).sum();
    for span in spans {
        let own = span.content.width();
        // The last span that fits wholly may be followed by more: then the sign belongs to it.
        let fits = rest <= left;
        let text = if fits || own < left { span.content.to_string() } else { cut(&span.content, left, more) };
        let text = if !fits && own == left { cut(&format!("{text} "), left, more) } else { text };
        let (end, _) = buf.set_stringn(cells, area.y.saturating_add(y), &text, left, span.style);
        left = left.saturating_sub(usize::from(end.saturating_sub(cells)));
        rest = rest.saturating_sub(own);
        cells = end;
        if left == 0 {
            return;
        }
    }
}

fn link(row: &HostRow, ink: &Ink) -> Span<'static> {
    let (sign, word, style) = match row.link {
        Link::Up => (ink.up, "up", ink.ok),
        Link::Down { .. } => (ink.down, "down", ink.bad),
        Link::Idle | Link::Connecting => (ink.wait, "wait", ink.warn),
    };
    Span::styled(format!("{sign} {word}"), style)
}

fn ready_style(node: &Node, ink: &Ink) -> Style {
    match node.ready.state {
        ReadyState::Ready if node.pressures.is_empty() && !node.unschedulable => ink.ok,
        ReadyState::Ready | ReadyState::NotSaid => ink.warn,
        ReadyState::NotReady | ReadyState::Silent => ink.bad,
    }
}

/// When something is tried next.
fn next(again: Option<Timestamp>, now: Timestamp) -> String {
    match again {
        Some(at) if at > now => format!("next try in {}", short(age(at, now).max(Duration::from_secs(1)))),
        Some(_) => "trying now".to_owned(),
        None => "r tries again".to_owned(),
    }
}

/// The kubelet's unit, where it is in trouble: one that is not there yet, or was stopped, is none.
fn kubelet_trouble(state: &str, restarts: u32) -> Option<String> {
    let (active, sub) = state.split_once('/').unwrap_or((state, ""));
    match (active, sub) {
        ("failed", _) => Some("kubelet failed".to_owned()),
        // An old systemd does not count.
        ("activating", "auto-restart") if restarts == 0 => {
            Some("kubelet restarts again and again".to_owned())
        }
        ("activating", "auto-restart") => Some(format!("kubelet restarts again and again ({restarts})")),
        _ => None,
    }
}

/// Percent of memory in use from which on there is little left.
const MEMORY: u64 = 90;
/// Percent of the runtime's disk in use from which on the kubelet takes images away (its `imageGCHighThresholdPercent`).
const DISK: u64 = 85;

/// How load, memory and disk are meant.
fn figure_styles(figures: &HostFigures, ink: &Ink) -> [Style; 3] {
    // Twice as much to do as there are processors.
    let busy = figures.processors > 0 && figures.load > figures.processors.saturating_mul(200);
    let full = |percent: Option<u64>, most: u64| percent.is_some_and(|percent| percent >= most);
    let full = [busy, full(figures.memory_percent(), MEMORY), full(figures.disk_percent(), DISK)];
    full.map(|warns| if warns { ink.warn } else { ink.text })
}

/// The load in the form of the kernel, `0.12`.
fn load_words(figures: &HostFigures) -> String {
    format!("{}.{:02}", figures.load / 100, figures.load % 100)
}

/// What is known of the API: a word, its style, a sentence.
fn api_words(panel: &Panel, now: Timestamp, ink: &Ink) -> (Span<'static>, String) {
    let counts = panel.counts();
    let nodes = format!("{} nodes, {} Ready", counts.nodes, counts.ready);
    let word = |sign: &str, word: &str, style| Span::styled(format!("{sign} {word}"), style);
    match panel.api() {
        ApiState::Idle => (word(ink.wait, "wait", ink.dim), "not asked yet".to_owned()),
        ApiState::SigningIn => (word(ink.wait, "wait", ink.warn), "signing in".to_owned()),
        ApiState::Watching { .. } => (word(ink.up, "up", ink.ok), nodes),
        ApiState::Listing { why } => {
            (word(ink.up, "up", ink.ok), format!("{nodes}; listed every 5 s, no watch: {why}"))
        }
        ApiState::Down { why, again } => {
            (word(ink.down, "down", ink.bad), format!("{why}; {}", next(Some(*again), now)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_are_counted_where_systemd_counts_them() {
        let trouble = |state: &str, restarts| kubelet_trouble(state, restarts).unwrap_or_default();
        assert_eq!(trouble("activating/auto-restart", 0), "kubelet restarts again and again");
        assert_eq!(trouble("activating/auto-restart", 7), "kubelet restarts again and again (7)");
        assert_eq!(trouble("failed/failed", 7), "kubelet failed");
        assert_eq!(kubelet_trouble("inactive/dead", 0), None, "stopped, or not there yet");
    }
}
