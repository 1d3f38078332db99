//! One line for each host, the API last; or all of them in one line.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use super::{
    Grid, Ink, api_words, cut, figure_styles, kubelet_trouble, link, load_words, next, put, ready_style,
    short,
};
use crate::kube::ReadyState;
use crate::live::row::{NodeSeen, age};
use crate::live::{HostRow, Link, Panel};

/// In so many columns there is room for load, memory and disk.
const NARROW: usize = 70;

/// Why a host is down and when it is tried next, which is always to be seen.
fn reason(why: &str, next: &str, width: usize, ink: &Ink) -> [Span<'static>; 2] {
    // The row says already which host it is.
    let why = why.split_once(" is not reachable: ").map_or(why, |(_, why)| why);
    let why = cut(why, width.saturating_sub(next.width() + 2), ink.more);
    [Span::styled(why, ink.bad), Span::styled(format!("; {next}"), ink.text)]
}

/// What stands in a row's wide column.
fn content(row: &HostRow, now: Timestamp, ink: &Ink) -> Vec<Span<'static>> {
    let Some(seen) = &row.seen else {
        let text = if row.link == Link::Up { "waiting for the first sample" } else { "connecting" };
        return vec![Span::styled(text, ink.dim)];
    };
    if seen.containers.is_empty() && !seen.error.is_empty() {
        return vec![Span::styled(seen.error.clone(), ink.bad)];
    }
    let style = if row.stale(now) { ink.dim } else { ink.text };
    let mut spans = vec![Span::styled(format!("{} running", row.running()), style)];
    if let Some(trouble) = kubelet_trouble(&seen.kubelet, seen.restarts) {
        spans.push(Span::styled(format!("  {trouble}"), ink.bad));
    }
    for (number, shown) in row.names(now).into_iter().enumerate() {
        let before = if number == 0 { "  " } else { ", " };
        spans.push(Span::styled(format!("{before}{}", shown.words()), style));
        if shown.new {
            spans.push(Span::styled(" new", ink.new));
        }
    }
    spans
}

fn sample_age(row: &HostRow, now: Timestamp, ink: &Ink) -> Span<'static> {
    match row.age(now) {
        Some(age) if row.stale(now) => Span::styled(format!("{} ago", short(age)), ink.warn),
        Some(age) => Span::styled(format!("{} ago", short(age)), ink.dim),
        None => Span::styled(ink.none, ink.dim),
    }
}

fn node_words(seen: &NodeSeen, now: Timestamp) -> String {
    if seen.is_new(now) { format!("{} new", seen.words()) } else { seen.words() }
}

/// Rows for all hosts below a line of titles, the API last. The selected row is kept in sight.
pub fn rows(panel: &Panel, now: Timestamp, selected: Option<usize>, ink: &Ink, area: Rect, buf: &mut Buffer) {
    let total = usize::from(area.width);
    let widest = |texts: &mut dyn Iterator<Item = usize>, least: usize, most: usize| {
        texts.max().unwrap_or(0).clamp(least, most)
    };
    let wide = total >= 100;
    let host = widest(
        &mut panel.rows().iter().map(|row| row.place.to_string().width()),
        5,
        if wide { 24 } else { 14 },
    );
    let node = panel
        .rows()
        .iter()
        .filter_map(|row| panel.node(&row.place))
        .map(|seen| node_words(seen, now).width());
    let node = widest(&mut { node }, 5, if wide { 30 } else { 13 });
    let told = panel.rows().iter().any(|row| row.seen.as_ref().is_some_and(|seen| seen.figures.is_some()));
    // Load, memory and disk; where nobody says them, or there is no room, the names of containers have it.
    let figures: &[(&str, usize)] =
        if told && total >= NARROW { &[(" LOAD", 5), (" MEM", 4), ("DISK", 4)] } else { &[] };
    let columns = 7 + figures.len();
    let fixed =
        1 + host + 6 + node + 4 + 8 + columns - 1 + figures.iter().map(|(_, width)| width).sum::<usize>();
    let mut widths = vec![1, host, 6, node, 4, total.saturating_sub(fixed)];
    widths.extend(figures.iter().map(|(_, width)| width));
    widths.push(8);
    let grid = Grid { area, widths };
    let body = usize::from(area.height).saturating_sub(2);
    let count = panel.rows().len();
    let first =
        selected.map_or(0, |at| at.saturating_sub(body.saturating_sub(1))).min(count.saturating_sub(body));
    let names = if count > body {
        format!("CONTAINERS (hosts {}-{} of {count})", first + 1, (first + body).min(count))
    } else {
        "CONTAINERS".to_owned()
    };
    let mut titles = vec!["", "HOST", "SSH", "NODE", "AGE", &names];
    titles.extend(figures.iter().map(|(title, _)| title));
    titles.push("SAMPLE");
    for (column, title) in titles.into_iter().enumerate() {
        grid.put(buf, 0, column, &[Span::styled(title.to_owned(), ink.head)], ink.more);
    }
    for (line, (number, row)) in (1..).zip(panel.rows().iter().enumerate().skip(first).take(body)) {
        one_row(panel, row, now, ink, &grid, buf, line);
        if selected == Some(number) {
            grid.put(buf, line, 0, &[Span::styled(ink.pointer, ink.text)], ink.more);
            let y = area.y.saturating_add(u16::try_from(line).unwrap_or(u16::MAX));
            buf.set_style(Rect { y, height: 1, ..area }.intersection(area), ink.cursor);
        }
    }
    if area.height > 1 {
        api_row(panel, now, ink, &grid, buf, (count + 1).min(usize::from(area.height) - 1));
    }
}

fn one_row(
    panel: &Panel,
    row: &HostRow,
    now: Timestamp,
    ink: &Ink,
    grid: &Grid,
    buf: &mut Buffer,
    line: usize,
) {
    grid.put(buf, line, 1, &[Span::styled(row.place.to_string(), ink.text)], ink.more);
    grid.put(buf, line, 2, &[link(row, ink)], ink.more);
    if let Link::Down { why, again, .. } = &row.link {
        // With nothing to say about its node there is more room for the reason.
        let column = if panel.node(&row.place).is_some() { 5 } else { 3 };
        let age = if row.seen.is_some() { 9 } else { 0 };
        let start = grid.start(column);
        let room = usize::from(grid.area.width).saturating_sub(start + age);
        put(buf, grid.area, (start, line), room, &reason(why, &next(*again, now), room, ink), ink.more);
    } else {
        grid.put(buf, line, 5, &content(row, now, ink), ink.more);
        if grid.last() > 6 {
            figures(row, now, ink, grid, buf, line);
        }
    }
    if row.seen.is_some() {
        grid.put(buf, line, grid.last(), &[sample_age(row, now, ink)], ink.more);
    }
    let nothing = Span::styled(ink.none, ink.dim);
    if matches!(row.link, Link::Down { .. }) && panel.node(&row.place).is_none() {
        return;
    }
    let (node, old) = match panel.node(&row.place) {
        None => (vec![nothing.clone()], nothing),
        Some(seen) => {
            let style = if panel.nodes_stale() { ink.dim } else { ready_style(&seen.node, ink) };
            let mut node = vec![Span::styled(seen.words(), style)];
            if seen.is_new(now) {
                node.push(Span::styled(" new", ink.new));
            }
            let old = seen
                .node
                .created
                .map_or(nothing, |at| Span::styled(short(age(now, at)).replace(' ', ""), ink.text));
            (node, old)
        }
    };
    grid.put(buf, line, 3, &node, ink.more);
    grid.put(buf, line, 4, &[old], ink.more);
}

/// Load, memory and disk of a machine, before the last column.
fn figures(row: &HostRow, now: Timestamp, ink: &Ink, grid: &Grid, buf: &mut Buffer, line: usize) {
    let Some(figures) = row.seen.as_ref().and_then(|seen| seen.figures.as_ref()) else { return };
    let words = |percent: Option<u64>| percent.map_or_else(|| ink.none.to_owned(), |of| format!("{of}%"));
    let texts = [
        format!("{:>5}", load_words(figures)),
        format!("{:>4}", words(figures.memory_percent())),
        format!("{:>4}", words(figures.disk_percent())),
    ];
    for ((column, text), style) in (6..).zip(texts).zip(figure_styles(figures, ink)) {
        let style = if row.stale(now) { ink.dim } else { style };
        grid.put(buf, line, column, &[Span::styled(text, style)], ink.more);
    }
}

fn api_row(panel: &Panel, now: Timestamp, ink: &Ink, grid: &Grid, buf: &mut Buffer, line: usize) {
    let (word, text) = api_words(panel, now, ink);
    grid.put(buf, line, 1, &[Span::styled("api", ink.text)], ink.more);
    grid.put(buf, line, 2, &[word], ink.more);
    let start = grid.start(3);
    let room = usize::from(grid.area.width).saturating_sub(start + 9);
    put(buf, grid.area, (start, line), room, &[Span::styled(text, ink.text)], ink.more);
    if let Some(at) = panel.heard() {
        let style = if panel.nodes_stale() { ink.warn } else { ink.dim };
        let text = Span::styled(format!("{} ago", short(age(now, at))), style);
        grid.put(buf, line, grid.last(), &[text], ink.more);
    }
}

/// The panel in one line, for small screens.
pub fn one_line(panel: &Panel, now: Timestamp, ink: &Ink, width: usize) -> Line<'static> {
    let mut spans = vec![Span::styled("LIVE", ink.head)];
    let mut used = 4;
    let whole = panel.rows().iter().map(|row| {
        let (sign, style, text) = match &row.link {
            Link::Down { code, .. } => (
                ink.down,
                ink.bad,
                format!("down{}", code.map_or_else(String::new, |code| format!(" {code}"))),
            ),
            Link::Idle | Link::Connecting => (ink.wait, ink.warn, "wait".to_owned()),
            Link::Up => {
                let new = row.names(now).iter().any(|shown| shown.new);
                let words = match panel.node(&row.place) {
                    Some(seen) if seen.node.ready.state != ReadyState::Ready => seen.words(),
                    _ => format!("{} run{}", row.running(), if new { " (new)" } else { "" }),
                };
                (ink.up, ink.ok, words)
            }
        };
        (Span::styled(format!(" {sign} "), style), Span::styled(format!("{} {text} ", row.place), ink.text))
    });
    for (sign, text) in whole {
        used += sign.content.width() + text.content.width();
        if used > width {
            return counted(panel, ink, width);
        }
        spans.extend([sign, text]);
    }
    Line::from(spans)
}

fn counted(panel: &Panel, ink: &Ink, width: usize) -> Line<'static> {
    let counts = panel.counts();
    let mut spans =
        vec![Span::styled("LIVE", ink.head), Span::styled(format!(" {} {} up", ink.up, counts.up), ink.ok)];
    if counts.connecting > 0 {
        spans.push(Span::styled(format!("  {} {} wait", ink.wait, counts.connecting), ink.warn));
    }
    if counts.down > 0 {
        spans.push(Span::styled(format!("  {} {} down", ink.down, counts.down), ink.bad));
    }
    let containers = format!("  {} containers", counts.containers);
    let nodes = format!("  {} of {} nodes Ready", counts.ready, counts.nodes);
    let mut used: usize = spans.iter().map(|span| span.content.width()).sum();
    for text in [containers, nodes] {
        used += text.width();
        if used <= width {
            spans.push(Span::styled(text, ink.text));
        }
    }
    Line::from(spans)
}

/// All rows as a widget, for who has a frame.
pub struct Rows<'p> {
    /// The panel.
    pub panel: &'p Panel,
    /// What time it is.
    pub now: Timestamp,
    /// The selected row.
    pub selected: Option<usize>,
    /// What things look like.
    pub ink: &'p Ink,
}

impl Widget for Rows<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        rows(self.panel, self.now, self.selected, self.ink, area, buf);
    }
}
