//! One host opened.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

use super::detail::{sections, wanted};
use super::{
    Grid, Ink, api_words, figure_styles, kubelet_trouble, link, load_words, next, put, ready_style, short,
};
use crate::host::HostFigures;
use crate::live::row::age;
use crate::live::{HostRow, Link, Panel};
use crate::plan::place::Place;
use crate::runtime::Lister;
use crate::runtime::ps::{Container, spoken};

/// How wide the words before a text are.
const LABEL: usize = 9;
const TITLES: [&str; 7] = ["", "CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "NAMES"];

/// From so many rows on the sections below the table are told in full.
const ROOMY: usize = 22;

/// One host opened.
#[derive(Debug, Clone, Copy)]
pub struct OpenedHost<'p> {
    /// The panel.
    pub panel: &'p Panel,
    /// The host.
    pub place: &'p Place,
    /// What time it is.
    pub now: Timestamp,
    /// The row of the table that is chosen.
    pub chosen: usize,
    /// What things look like.
    pub ink: &'p Ink,
}

/// What of the table is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableSeen {
    /// The first row that is shown.
    pub first: usize,
    /// Rows there are.
    pub all: usize,
    /// Rows that have room.
    pub rows: usize,
}

impl OpenedHost<'_> {
    /// Its connection, its node, its kubelet, its containers as a table, and below it, where there
    /// is room, what was asked for besides.
    pub fn draw(&self, area: Rect, buf: &mut Buffer) -> TableSeen {
        let Self { panel, place, now, ink, .. } = *self;
        let Some(row) = panel.row(place) else { return TableSeen::default() };
        let (width, height) = (usize::from(area.width), usize::from(area.height));
        let roomy = height >= ROOMY;
        let head = head(panel, row, now, ink, (width, roomy));
        for (line, spans) in head.iter().enumerate() {
            put(buf, area, (0, line), width, spans, ink.more);
        }
        let table: Vec<(Span, [String; 6])> = row
            .containers()
            .iter()
            .map(|one| (one, Span::styled(if row.is_new(&one.id, now) { "new" } else { "" }, ink.new)))
            .chain(row.gone(now).map(|one| (one, Span::styled("gone", ink.warn))))
            .map(|(one, mark)| (mark, cells(one, row.lister(), now, area.width < 100)))
            .collect();
        let grid = Grid { area, widths: columns(&table, width) };
        let top = head.len();
        for (column, title) in TITLES.iter().enumerate() {
            grid.put(buf, top, column, &[Span::styled(*title, ink.head)], ink.more);
        }
        let below = height.saturating_sub(top + 1);
        // A long table leaves a part of the window to what is below it.
        let least = table.len().min((below / 2).max(3)).min(below);
        let rows = below
            .saturating_sub(wanted(panel, row, now, ink))
            .clamp(least, table.len().min(below).max(least));
        let chosen = self.chosen.min(table.len().saturating_sub(1));
        let first = chosen.saturating_sub(rows.saturating_sub(1)).min(table.len().saturating_sub(rows));
        let style = if row.stale(now) { ink.dim } else { ink.text };
        let shown = table.iter().enumerate().skip(first).take(rows);
        for (line, (number, (mark, cells))) in (top + 1..).zip(shown) {
            let here = number == chosen;
            let pointer = Span::styled(if here { ink.pointer } else { " " }, ink.text);
            grid.put(buf, line, 0, &[pointer, mark.clone()], ink.more);
            for (column, text) in (1..).zip(cells) {
                grid.put(buf, line, column, &[Span::styled(text.clone(), style)], ink.more);
            }
            if here {
                let y = area.y.saturating_add(u16::try_from(line).unwrap_or(u16::MAX));
                buf.set_style(Rect { y, height: 1, ..area }.intersection(area), ink.cursor);
            }
        }
        let at = top + 1 + rows.min(table.len());
        let below = sections(panel, row, now, ink, (width, height.saturating_sub(at), roomy));
        for (line, spans) in (at..).zip(&below) {
            put(buf, area, (0, line), width, spans, ink.more);
        }
        TableSeen { first, all: table.len(), rows }
    }
}

/// The lines above the table.
fn head(
    panel: &Panel,
    row: &HostRow,
    now: Timestamp,
    ink: &Ink,
    (width, roomy): (usize, bool),
) -> Vec<Vec<Span<'static>>> {
    let text = |text: String| Span::styled(text, ink.text);
    let mut first = vec![text(format!("{}  ", row.place)), link(row, ink), text(format!("  {}", row.login))];
    if let Some(age) = row.age(now) {
        let style = if row.stale(now) { ink.warn } else { ink.dim };
        let count = row.running();
        let by = row.lister().map_or_else(String::new, |lister| format!(" ({})", lister.title()));
        first.push(text(format!("  {count} running{by}  ")));
        first.push(Span::styled(format!("{} ago", short(age)), style));
    }
    let mut lines = vec![first];
    if let Link::Down { why, code, again } = &row.link {
        let code = code.map_or_else(String::new, |code| format!("{code} "));
        lines.extend(told("ssh", &format!("{code}{why}"), ink.bad, width));
        lines.push(vec![text(format!("         {}", next(*again, now)))]);
    }
    // Where there is room for all conditions, this one is among them.
    let why = panel.node(&row.place).map(|seen| &seen.node.ready);
    let why = why.filter(|ready| !ready.reason.is_empty() && !roomy);
    lines.push(match panel.node(&row.place) {
        Some(seen) => {
            let style = if panel.nodes_stale() { ink.dim } else { ready_style(&seen.node, ink) };
            let node = &seen.node;
            let since =
                node.ready.since.map_or_else(String::new, |at| format!(" for {}", short(age(now, at))));
            let made = node.created.map_or_else(String::new, |at| format!(", {} old", short(age(now, at))));
            let version = node.kubelet.as_ref().map_or_else(String::new, |version| format!(", {version}"));
            let heard = format!(" (told {} ago)", short(age(now, seen.at)));
            let mut line = vec![text("node     ".to_owned()), Span::styled(seen.words(), style)];
            if seen.is_new(now) {
                line.push(Span::styled(" new", ink.new));
            }
            line.extend([text(format!("{since}{made}{version}")), Span::styled(heard, ink.dim)]);
            line
        }
        None if panel.nodes_stale() => {
            let (_, words) = api_words(panel, now, ink);
            vec![text(format!("node     not known: {words}"))]
        }
        None => vec![text("node     the API knows none of this name".to_owned())],
    });
    if let Some(ready) = why {
        lines.extend(told("", &format!("{}: {}", ready.reason, ready.message), ink.text, width));
    }
    if let Some(seen) = &row.seen {
        let restarts =
            if seen.restarts > 0 { format!(", restarts: {}", seen.restarts) } else { String::new() };
        let trouble = kubelet_trouble(&seen.kubelet, seen.restarts).is_some();
        let style = if trouble { ink.bad } else { ink.text };
        let state = seen.kubelet.replace("unknown/unknown", "systemd does not say");
        let mut line = vec![text("kubelet  ".to_owned()), Span::styled(format!("{state}{restarts}"), style)];
        if seen.ahead.unsigned_abs() >= 5 {
            let words = if seen.ahead > 0 { "ahead" } else { "behind" };
            let off = short(Duration::from_secs(seen.ahead.unsigned_abs()));
            line.push(Span::styled(format!("   its clock is {off} {words}"), ink.warn));
        }
        lines.push(line);
        if let Some(figures) = &seen.figures {
            lines.push(in_use(figures, ink));
        }
        if !seen.error.is_empty() {
            let who = seen.lister.map_or("runtime", Lister::program);
            lines.extend(told(who, &seen.error, ink.bad, width));
        }
    }
    lines.push(Vec::new());
    lines
}

/// How much of the machine is in use.
fn in_use(figures: &HostFigures, ink: &Ink) -> Vec<Span<'static>> {
    let processors = if figures.processors == 1 { "processor" } else { "processors" };
    let percent = |percent: Option<u64>| percent.map_or_else(|| "unknown".to_owned(), |of| format!("{of}%"));
    let gib = |kib: u64| format!("{}.{} GiB", kib >> 20, ((kib & 0xf_ffff) * 10) >> 20);
    let words = [
        format!("load {} on {} {processors}", load_words(figures), figures.processors),
        format!("memory {} of {}", percent(figures.memory_percent()), gib(figures.memory_kib)),
        format!("disk {}, {} free", percent(figures.disk_percent()), gib(figures.disk_free_kib)),
    ];
    let mut line = vec![Span::styled("machine", ink.text)];
    for (words, style) in words.into_iter().zip(figure_styles(figures, ink)) {
        line.extend([Span::raw("  "), Span::styled(words, style)]);
    }
    line.push(Span::styled(format!(" in {}", figures.folder), ink.dim));
    line
}

/// What somebody said, under a word and in as many lines as it takes.
fn told(word: &str, said: &str, style: Style, width: usize) -> Vec<Vec<Span<'static>>> {
    let room = width.saturating_sub(LABEL).max(LABEL);
    let mut lines: Vec<String> = Vec::new();
    for part in said.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + part.width() <= room => *line = format!("{line} {part}"),
            _ => lines.push(part.to_owned()),
        }
    }
    let label = |number: usize| format!("{:<LABEL$}", if number == 0 { word } else { "" });
    let line = |(number, line): (usize, String)| vec![Span::raw(label(number)), Span::styled(line, style)];
    lines.into_iter().enumerate().map(line).collect()
}

fn cells(one: &Container, lister: Option<Lister>, now: Timestamp, brief: bool) -> [String; 6] {
    let created = match &one.created {
        Ok(at) if brief => format!("{} ago", short(age(now, *at))),
        Ok(at) => format!("{} ago", spoken(age(now, *at))),
        Err(said) => said.to_string(),
    };
    let id: String = one.id.chars().take(12).collect();
    [
        id,
        one.image.to_string(),
        one.command.to_string(),
        created,
        one.status.to_string(),
        one.shown_name(lister).to_string(),
    ]
}

/// How far each column gives way when there is too little room, and who first: what a command is called and
/// how it goes on is worth less than how its container is.
const GIVES: [(usize, usize); 7] = [(3, 12), (2, 18), (6, 14), (3, 8), (2, 10), (4, 8), (5, 8)];

/// Widths of the table: each as wide as its content, until that is too much.
fn columns(table: &[(Span, [String; 6])], total: usize) -> Vec<usize> {
    let mut widths: Vec<usize> = TITLES.iter().map(|title| title.width()).collect();
    widths[0] = 5;
    for (_, cells) in table {
        for (width, text) in widths.iter_mut().skip(1).zip(cells) {
            *width = (*width).max(text.width());
        }
    }
    let mut over = (widths.iter().sum::<usize>() + widths.len() - 1).saturating_sub(total);
    for (column, least) in GIVES {
        if let Some(width) = widths.get_mut(column) {
            let gives = width.saturating_sub(least).min(over);
            *width -= gives;
            over -= gives;
        }
    }
    widths
}
