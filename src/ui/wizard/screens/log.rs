//! The output of one place: the newest lines are kept, the view follows only when it was at the end already.

use std::collections::VecDeque;

use crate::plan::clean;
use crate::ui::wizard::role::Role;

/// So many lines are kept for a place.
pub const KEPT: usize = 5_000;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Seconds of the run, in words.
    pub at: String,
    /// How it is meant.
    pub role: Role,
    /// What was said.
    pub text: String,
}

/// Lines and how they are looked at.
#[derive(Debug, Clone)]
pub struct Log {
    lines: VecDeque<LogLine>,
    /// Lines that were dropped because there were too many.
    pub dropped: usize,
    /// New lines move the view.
    pub follow: bool,
    /// Long lines are broken.
    pub wrap: bool,
    /// The first line shown when not following, counted from the first line ever.
    pub top: usize,
    /// Columns scrolled to the right.
    pub left: usize,
    /// What is searched.
    pub search: String,
    /// Lines that came while the view did not follow.
    pub unseen: usize,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            lines: VecDeque::new(),
            dropped: 0,
            follow: true,
            wrap: false,
            top: 0,
            left: 0,
            search: String::new(),
            unseen: 0,
        }
    }
}

impl Log {
    /// Adds a line.
    pub fn push(&mut self, at: String, role: Role, text: String) {
        let text = if text.chars().any(clean::is_invisible) { clean::line(&text) } else { text };
        if self.lines.len() >= KEPT {
            self.lines.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        self.lines.push_back(LogLine { at, role, text });
        if !self.follow {
            self.unseen = self.unseen.saturating_add(1);
        }
    }

    /// How many lines there ever were.
    pub fn len(&self) -> usize {
        self.dropped.saturating_add(self.lines.len())
    }

    /// Nothing was said yet.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The lines from the first one ever counted; dropped ones are skipped.
    pub fn from(&self, top: usize) -> impl Iterator<Item = &LogLine> {
        self.lines.iter().skip(top.saturating_sub(self.dropped))
    }

    /// The first line to show in so many rows.
    pub fn first(&self, rows: usize) -> usize {
        let last = self.len().saturating_sub(rows);
        if self.follow { last } else { self.top.clamp(self.dropped, last.max(self.dropped)) }
    }

    /// Moves the view by lines, down when positive; at the end it follows again.
    pub fn scroll(&mut self, by: isize, rows: usize) {
        let last = self.len().saturating_sub(rows);
        let top = self.first(rows).saturating_add_signed(by).clamp(self.dropped.min(last), last);
        self.top = top;
        self.follow = top >= last;
        if self.follow {
            self.unseen = 0;
        }
    }

    /// To the first line kept.
    pub fn home(&mut self) {
        self.follow = false;
        self.top = self.dropped;
    }

    /// To the end, following.
    pub fn end(&mut self) {
        self.follow = true;
        self.unseen = 0;
    }

    /// Whether a line has what is searched: case counts only when the search has upper-case letters.
    pub fn hit(&self, line: &LogLine) -> bool {
        if self.search.is_empty() {
            return false;
        }
        if self.search.chars().any(char::is_uppercase) {
            line.text.contains(&self.search)
        } else {
            line.text.to_lowercase().contains(&self.search)
        }
    }

    /// How many lines have what is searched.
    pub fn hits(&self) -> usize {
        self.lines.iter().filter(|line| self.hit(line)).count()
    }

    /// To the next or previous line that has what is searched; `false` = there is none.
    pub fn find(&mut self, forward: bool, rows: usize) -> bool {
        let at = self.first(rows);
        let hits: Vec<usize> = self
            .lines
            .iter()
            .enumerate()
            .filter(|(_, line)| self.hit(line))
            .map(|(index, _)| index.saturating_add(self.dropped))
            .collect();
        let next = if forward {
            hits.iter().find(|hit| **hit > at).or_else(|| hits.first())
        } else {
            hits.iter().rev().find(|hit| **hit < at).or_else(|| hits.last())
        };
        let Some(next) = next.copied() else { return false };
        self.top = next;
        self.follow = false;
        true
    }

    /// Everything that is kept, as text.
    pub fn text(&self) -> String {
        self.lines.iter().flat_map(|line| [line.at.as_str(), " ", line.text.as_str(), "\n"]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_for_a_terminal_never_gets_into_a_line() {
        for (said, shown) in [
            ("\u{1b}[31;1mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}a", "a"),
            ("\u{1b}]52;c;aGk=\u{1b}\\b", "b"),
            ("\u{1b}[2J\u{1b}[H\u{9b}5;5Hc", "c"),
            ("10 %\r50 %\r100 %\r", "100 %"),
            ("a\tb\u{8}\u{202e}c\u{7}", "a bc"),
            ("\u{1b}", ""),
            ("\u{1b}]0;never ends", ""),
            ("plain ✓", "plain ✓"),
        ] {
            let mut log = Log::default();
            log.push(String::new(), Role::Text, said.to_owned());
            assert_eq!(log.from(0).next().unwrap().text, shown, "{said:?}");
        }
    }

    fn log(lines: usize) -> Log {
        let mut log = Log::default();
        (0..lines).for_each(|at| log.push(String::new(), Role::Text, format!("line {at}")));
        log
    }

    #[test]
    fn follows_until_scrolled_up_and_stays_there() {
        let mut log = log(20);
        assert_eq!(log.first(5), 15);
        log.scroll(-3, 5);
        assert_eq!(log.first(5), 12);
        log.push(String::new(), Role::Text, "new".to_owned());
        assert_eq!((log.first(5), log.unseen), (12, 1));
        log.scroll(100, 5);
        assert!(log.follow && log.unseen == 0);
    }

    #[test]
    fn keeps_the_newest_and_the_view_stays_on_its_lines() {
        let mut log = log(KEPT);
        log.scroll(-100, 10);
        let first = log.first(10);
        log.push(String::new(), Role::Text, "one more".to_owned());
        assert_eq!((log.first(10), log.len()), (first, KEPT + 1));
        let shown = log.from(first).next().unwrap().text.clone();
        assert_eq!(shown, format!("line {first}"));
    }

    #[test]
    fn finds_forward_and_back_and_round() {
        let mut log = log(30);
        log.search = "line 1".to_owned();
        log.home();
        assert!(log.find(true, 5));
        assert_eq!(log.first(5), 1);
        assert!(log.find(true, 5));
        assert_eq!(log.first(5), 10);
        assert!(log.find(false, 5));
        assert_eq!(log.first(5), 1);
        log.search = "none".to_owned();
        assert!(!log.find(true, 5));
    }
}
