//! What an opened host shows below its containers: the conditions of its node, how long its certificates last, events
//! and the newest lines of the kubelet's journal, in as many rows as there are.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::style::Style;
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

use super::{Ink, cut, short};
use crate::host::{CertificateEnd, HostDetail, Lasts};
use crate::kube::{Happening, NodeCondition};
use crate::live::row::age;
use crate::live::{HostRow, Link, Panel};

/// How wide the words before a section are.
const LABEL: usize = 11;
/// What was told longer ago is old: it was not told again the last two times.
const OLD: Duration = Duration::from_secs(20);
/// Days from which on the end of a certificate is near.
const NEAR: i64 = 30;
/// Events that are shown at least where there is room for anything.
const EVENTS: usize = 4;

type Spans = Vec<Span<'static>>;

/// The rows of all sections, no more than there is room for; where it is not roomy, conditions that are well and
/// certificates take one row each.
pub fn sections(
    panel: &Panel,
    row: &HostRow,
    now: Timestamp,
    ink: &Ink,
    (width, room, roomy): (usize, usize, bool),
) -> Vec<Spans> {
    let page = Sections { panel, row, now, ink, width: width.saturating_sub(LABEL).max(20) };
    let mut lines = Vec::new();
    // One row stays between the table and what is below it.
    if room > 4 {
        lines.push(Vec::new());
    }
    page.add(&mut lines, room, "conditions", page.conditions(roomy));
    page.add(&mut lines, room, "certs", page.certificates(roomy));
    let left = room.saturating_sub(lines.len());
    let (events, journal) = (page.events(), page.journal());
    let shares = share(left, events.len(), journal.len());
    page.add(&mut lines, room, "events", page.cut_at(events, shares.0, false));
    page.add(&mut lines, room, "journal", page.cut_at(journal, shares.1, true));
    lines
}

/// How many rows the sections would take with room for all of them.
pub fn wanted(panel: &Panel, row: &HostRow, now: Timestamp, ink: &Ink) -> usize {
    let page = Sections { panel, row, now, ink, width: 80 };
    let all = [page.conditions(true), page.certificates(true), page.events(), page.journal()];
    all.iter().map(Vec::len).sum::<usize>() + 1
}

/// Rows for events and for the journal.
fn share(left: usize, events: usize, journal: usize) -> (usize, usize) {
    let first = events.min((left / 3).max(EVENTS.min(left / 2)));
    let second = journal.min(left - first);
    (events.min(left - second), second)
}

struct Sections<'p> {
    panel: &'p Panel,
    row: &'p HostRow,
    now: Timestamp,
    ink: &'p Ink,
    width: usize,
}

impl Sections<'_> {
    /// A section below its word.
    fn add(&self, lines: &mut Vec<Spans>, room: usize, word: &str, section: Vec<Spans>) {
        for (number, spans) in section.into_iter().enumerate() {
            if lines.len() >= room {
                return;
            }
            let word = if number == 0 { word } else { "" };
            let mut line = vec![Span::styled(format!("{word:<LABEL$}"), self.ink.head)];
            line.extend(spans);
            lines.push(line);
        }
    }

    /// The first rows, or the last; that there are more is said in the row at the edge.
    fn cut_at(&self, mut rows: Vec<Spans>, most: usize, last: bool) -> Vec<Spans> {
        let hidden = rows.len().saturating_sub(most);
        if hidden == 0 || most == 0 {
            rows.truncate(most);
            return rows;
        }
        if last {
            rows.drain(..hidden);
        } else {
            rows.truncate(most);
            if let (Some(row), true) = (rows.last_mut(), most > 1) {
                *row = self.dim(format!("and {} more", hidden + 1));
            }
        }
        rows
    }

    fn dim(&self, text: String) -> Spans {
        vec![Span::styled(text, self.ink.dim)]
    }

    fn words(&self, text: &str, style: Style) -> Spans {
        vec![Span::styled(cut(text, self.width, self.ink.more), style)]
    }

    /// What there is instead of an answer of the host.
    fn not_told(&self) -> Spans {
        match self.row.link {
            Link::Up => self.dim("asked for, not told yet".to_owned()),
            Link::Idle | Link::Connecting => self.dim("not asked yet: connecting".to_owned()),
            Link::Down { .. } => self.dim("not asked: the host is down".to_owned()),
        }
    }

    /// A row that says how old the rest is, where it is old.
    fn told_when(&self, at: Timestamp) -> Option<Spans> {
        let age = age(self.now, at);
        (age > OLD).then(|| vec![Span::styled(format!("as told {} ago", short(age)), self.ink.warn)])
    }

    fn conditions(&self, roomy: bool) -> Vec<Spans> {
        let Some(seen) = self.panel.node(&self.row.place) else { return Vec::new() };
        let (good, bad): (Vec<&NodeCondition>, Vec<&NodeCondition>) =
            seen.node.conditions.iter().partition(|one| one.is_well());
        let mut rows: Vec<Spans> = bad.iter().map(|one| self.condition(one, &seen.node.conditions)).collect();
        // That it is Ready stands above the table.
        let others: Vec<String> = good
            .iter()
            .filter(|one| one.kind != "Ready")
            .map(|one| format!("{}{}", one.kind, self.since(one, " ")))
            .collect();
        if roomy {
            rows.extend(good.iter().map(|one| self.condition(one, &seen.node.conditions)));
        } else if !others.is_empty() {
            let style = if self.panel.nodes_stale() { self.ink.dim } else { self.ink.text };
            rows.push(self.words(&format!("False: {}", others.join(", ")), style));
        }
        if seen.node.conditions.is_empty() {
            rows.push(self.dim("the node has none yet".to_owned()));
        }
        rows
    }

    fn since(&self, one: &NodeCondition, before: &str) -> String {
        one.since.map_or_else(String::new, |at| format!("{before}{}", short(age(self.now, at))))
    }

    fn condition(&self, one: &NodeCondition, all: &[NodeCondition]) -> Spans {
        let widest = all.iter().map(|one| one.kind.to_string().chars().count()).max().unwrap_or(0).min(24);
        let style = match (self.panel.nodes_stale(), one.is_well()) {
            (true, _) => self.ink.dim,
            (false, true) => self.ink.ok,
            (false, false) => self.ink.bad,
        };
        let kind = format!("{:<widest$} ", one.kind.to_string());
        let status = format!("{:<7} ", one.status.to_string());
        let since = format!("{:<5} ", self.since(one, ""));
        let why = if one.message.is_empty() {
            one.reason.to_string()
        } else {
            format!("{}: {}", one.reason, one.message)
        };
        let room = self.width.saturating_sub(kind.chars().count() + status.len() + since.len());
        vec![
            Span::styled(kind, self.ink.text),
            Span::styled(status, style),
            Span::styled(since, self.ink.dim),
            Span::styled(cut(&why, room, self.ink.more), self.ink.text),
        ]
    }

    fn certificates(&self, roomy: bool) -> Vec<Spans> {
        let Some((at, detail)) = &self.row.detail else { return vec![self.not_told()] };
        let there: Vec<&CertificateEnd> =
            detail.certificates.iter().filter(|one| one.until != Lasts::Missing).collect();
        let mut rows: Vec<Spans> = self.told_when(*at).into_iter().collect();
        if there.is_empty() {
            rows.push(self.dim("none is there".to_owned()));
        } else if roomy {
            let widest = there.iter().map(|one| file_name(&one.path).width()).max().unwrap_or(0);
            rows.extend(there.iter().map(|one| self.certificate(one, widest)));
        } else {
            let mut line = Vec::new();
            for (number, one) in there.into_iter().enumerate() {
                if number > 0 {
                    line.push(Span::styled(", ", self.ink.dim));
                }
                line.push(self.short_certificate(one, number == 0));
            }
            rows.push(line);
        }
        rows
    }

    /// Days it still lasts, and how that is meant; less than none = it has ended.
    fn days(&self, until: Timestamp) -> (i64, Style) {
        let days = until.as_second().saturating_sub(self.now.as_second()).div_euclid(86_400);
        let style = match days {
            ..0 => self.ink.bad,
            0..=NEAR => self.ink.warn,
            _ => self.ink.text,
        };
        (days, style)
    }

    /// `worker until 2027-11-23 (364 d)`; without the date `worker 364 d`.
    fn short_certificate(&self, one: &CertificateEnd, dated: bool) -> Span<'static> {
        let name = file_name(&one.path).trim_end_matches(".crt");
        let Lasts::Until(until) = one.until else {
            return Span::styled(format!("{name} unreadable"), self.ink.bad);
        };
        let (date, (days, style)) = (until.strftime("%Y-%m-%d"), self.days(until));
        let text = match (days, dated) {
            (..0, _) => format!("{name} expired {date}"),
            (_, true) => format!("{name} until {date} ({days} d)"),
            (_, false) => format!("{name} {days} d"),
        };
        Span::styled(text, style)
    }

    fn certificate(&self, one: &CertificateEnd, widest: usize) -> Spans {
        let name = file_name(&one.path);
        let (words, style) = match one.until {
            Lasts::Until(until) => {
                let (date, (days, style)) = (until.strftime("%Y-%m-%d"), self.days(until));
                let words =
                    if days < 0 { format!("expired {date}") } else { format!("until {date}, {days} d left") };
                (words, style)
            }
            Lasts::Unreadable => ("holds no certificate that can be read".to_owned(), self.ink.bad),
            Lasts::Missing => ("is not there".to_owned(), self.ink.dim),
        };
        vec![Span::styled(format!("{name:<widest$} "), self.ink.text), Span::styled(words, style)]
    }

    fn events(&self) -> Vec<Spans> {
        let Some((at, said)) = self.panel.happenings(&self.row.place) else {
            return vec![self.dim("asked for, not told yet".to_owned())];
        };
        let mut rows: Vec<Spans> = self.told_when(*at).into_iter().collect();
        match said {
            Err(why) => rows.push(self.words(&format!("not known: {why}"), self.ink.warn)),
            Ok(all) if all.is_empty() => {
                rows.push(self.dim("the API has none of this node and its pods".to_owned()));
            }
            Ok(all) => rows.extend(all.iter().map(|one| self.event(one))),
        }
        rows
    }

    fn event(&self, one: &Happening) -> Spans {
        let when = one.last.map_or_else(String::new, |at| short(age(self.now, at)));
        let times = if one.count > 1 { format!(" ({} times)", one.count) } else { String::new() };
        let pod = if one.pod.is_empty() { String::new() } else { format!("{}: ", one.pod) };
        let style = if one.warns() { self.ink.warn } else { self.ink.text };
        let warning = if one.warns() { "Warning " } else { "" };
        let head = format!("{when:<5} ");
        let text = format!("{warning}{} {pod}{}{times}", one.reason, one.message);
        let room = self.width.saturating_sub(head.len());
        vec![Span::styled(head, self.ink.dim), Span::styled(cut(&text, room, self.ink.more), style)]
    }

    fn journal(&self) -> Vec<Spans> {
        let Some((at, detail)) = &self.row.detail else { return vec![self.not_told()] };
        let HostDetail { journal, error, .. } = detail;
        let mut rows: Vec<Spans> = self.told_when(*at).into_iter().collect();
        if !error.is_empty() {
            rows.push(self.words(error, self.ink.warn));
        } else if journal.is_empty() {
            rows.push(self.dim("the kubelet has written nothing".to_owned()));
        }
        rows.extend(journal.iter().map(|line| self.written(&line.to_string())));
        rows
    }

    /// A line of the journal, without what every line of it has.
    fn written(&self, line: &str) -> Spans {
        let (when, text) = brief(line);
        let style = match text.split_once(' ').map(|(level, _)| level) {
            Some("E" | "F") => self.ink.bad,
            Some("W") => self.ink.warn,
            _ => self.ink.text,
        };
        let head = if when.is_empty() { String::new() } else { format!("{when} ") };
        let room = self.width.saturating_sub(head.len());
        vec![Span::styled(head, self.ink.dim), Span::styled(cut(&text, room, self.ink.more), style)]
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `Nov 23 12:00:01 w1 kubelet[7]: E1123 12:00:01.000001    7 kubelet.go:9] text` as its time and `E kubelet.go:9 text`;
/// any other line as it is.
fn brief(line: &str) -> (String, String) {
    let head = line.split_once("]: ").filter(|(head, _)| {
        let words = head.split_whitespace().count();
        words == 5 && head.split_whitespace().nth(2).is_some_and(|time| time.len() == 8)
    });
    let Some((head, text)) = head else { return (String::new(), line.to_owned()) };
    let words: Vec<&str> = head.split_whitespace().collect();
    let when = words.get(2).copied().unwrap_or_default().to_owned();
    let writer = words.get(4).and_then(|word| word.split_once('[')).map_or("", |(name, _)| name);
    let text = klog(text).unwrap_or_else(|| text.to_owned());
    let text = if writer == "kubelet" { text } else { format!("{writer}: {text}") };
    (when, text)
}

/// A line of klog without the time and the process.
fn klog(text: &str) -> Option<String> {
    let (head, said) = text.split_once("] ")?;
    let words: Vec<&str> = head.split_whitespace().collect();
    let [level, _, _, at] = words.as_slice() else { return None };
    let (letter, date) = level.split_at_checked(1)?;
    let is =
        ["I", "W", "E", "F"].contains(&letter) && date.len() == 4 && date.bytes().all(|b| b.is_ascii_digit());
    is.then(|| format!("{letter} {at} {said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_journal_loses_what_every_line_has_and_any_other_stays() {
        let said = |when: &str, text: &str| (when.to_owned(), text.to_owned());
        let line = "Nov 23 12:00:01 w1 kubelet[7]: E1123 12:00:01.000001    7 kubelet.go:9] it is [bad]: yes";
        assert_eq!(brief(line), said("12:00:01", "E kubelet.go:9 it is [bad]: yes"));
        let line = "Nov 23 12:00:01 w1 systemd[1]: Started Kubernetes kubelet.";
        assert_eq!(brief(line), said("12:00:01", "systemd: Started Kubernetes kubelet."));
        for odd in ["", "Started", "a b]: c", "Nov 23 12:00:01 w1 kubelet: x", "é]: é"] {
            assert_eq!(brief(odd), said("", odd));
        }
        assert_eq!(brief("Nov 23 12:00:01 w1 kubelet[7]: é1123 1 2 3] x").1, "é1123 1 2 3] x");
    }

    #[test]
    fn rows_are_shared_and_none_is_left_empty_while_something_waits() {
        assert_eq!(share(10, 2, 40), (2, 8));
        assert_eq!(share(10, 20, 40), (4, 6));
        assert_eq!(share(10, 20, 3), (7, 3));
        assert_eq!(share(1, 5, 5), (0, 1));
        assert_eq!(share(5, 6, 40), (2, 3));
        assert_eq!(share(0, 5, 5), (0, 0));
    }
}
