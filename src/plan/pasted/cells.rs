//! A line cut into cells: remarks and bullets off, then by its separator. Quotes are heeded, and within the brackets
//! of a range nothing is cut.

use std::net::IpAddr;

/// What stands between the cells of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    /// A comma, a semicolon or a tab: an empty cell keeps its place.
    Sign(char),
    /// Blanks, as many as there are.
    Blank,
    /// Two blanks or more, as programs print tables: a cell may have one in it.
    Wide,
    /// Blanks, commas and semicolons alike.
    Any,
}

impl Separator {
    /// Whether empty cells keep their place, as in a table.
    pub(super) fn keeps_places(self) -> bool {
        matches!(self, Self::Sign(_))
    }
}

/// A character of a line: where it stands, and in what.
struct Mark {
    at: usize,
    c: char,
    /// Between quotes.
    quoted: bool,
    /// A quote itself, which is no part of its cell.
    quote: bool,
    /// Between so many brackets.
    depth: usize,
}

/// Every character of a line; the quote that is left open, if any. A quote begins where a cell does.
fn marks(line: &str) -> (Vec<Mark>, Option<char>) {
    let (mut all, mut open, mut depth, mut before) = (Vec::new(), None, 0_usize, ' ');
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let starts = before.is_whitespace() || ",;[(".contains(before);
        let mut quote = false;
        match open {
            Some(mark) if c == mark => {
                quote = true;
                // Two of them are one that belongs to the text.
                if chars.peek().is_some_and(|(_, next)| *next == mark) {
                    all.push(Mark { at, c, quoted: true, quote: false, depth });
                    chars.next();
                    continue;
                }
                open = None;
            }
            None if "\"'".contains(c) && starts => (open, quote) = (Some(c), true),
            None if c == '[' => depth = depth.saturating_add(1),
            None if c == ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        all.push(Mark { at, c, quoted: open.is_some() || quote, quote, depth });
        before = c;
    }
    (all, open)
}

/// Up to a remark: `#`, `;`, `//` or `--` at the beginning or behind a blank.
pub(super) fn without_remark(line: &str) -> &str {
    let mut before = ' ';
    for mark in marks(line).0 {
        let rest = line.get(mark.at..).unwrap_or_default();
        let ends = |text: &str| text.chars().next().is_none_or(|c| c.is_whitespace() || c == '-');
        let begins = match mark.c {
            '#' => true,
            ';' => !is_table(line.get(..mark.at).unwrap_or_default(), rest),
            '/' => rest.starts_with("//"),
            '-' => rest.strip_prefix("--").is_some_and(ends) && line.trim() != "---",
            _ => false,
        };
        if begins && !mark.quoted && before.is_whitespace() {
            return line.get(..mark.at).unwrap_or_default();
        }
        before = mark.c;
    }
    line
}

/// A semicolon behind a blank that parts cells: one did so before, or a name is before it and an address behind.
fn is_table(before: &str, rest: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split([' ', '\t', ';', ',']).filter(|word| !word.is_empty()).map(unquoted).collect()
    };
    let address = |word: &String| word.parse::<IpAddr>().is_ok();
    before.contains(';')
        || !words(before).is_empty()
            && !words(before).iter().any(address)
            && words(rest).first().is_some_and(address)
}

fn unquoted(word: &str) -> String {
    word.trim_matches(['"', '\'']).to_owned()
}

/// Without the sign of a list at its beginning: `-`, `*`, `1.`, `1)`.
pub(super) fn without_bullet(line: &str) -> &str {
    let Some((first, rest)) = line.split_once(char::is_whitespace) else { return line };
    let digits = first.trim_end_matches(['.', ')']);
    let number =
        digits.len().saturating_add(1) == first.len() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if ["-", "*", "•", "+"].contains(&first) || number && !digits.is_empty() { rest.trim() } else { line }
}

/// Nothing but the brackets of a list or the line of a table, or nothing at all.
pub(super) fn is_frame(line: &str) -> bool {
    line.chars().all(|c| c.is_whitespace() || "[](){},;".contains(c))
        || line.chars().all(|c| c.is_whitespace() || "-=+".contains(c))
}

/// The name of an INI section, `[workers]`; no range, no address and no list.
pub(super) fn section(line: &str) -> Option<&str> {
    let name = line.strip_prefix('[')?.strip_suffix(']')?;
    let plain = |c: char| c.is_alphanumeric() || " _-:.".contains(c);
    (name.starts_with(char::is_alphabetic) && name.chars().all(plain) && name.parse::<IpAddr>().is_err())
        .then_some(name)
}

/// Without the brackets around a list of quoted texts.
pub(super) fn without_list(line: &str) -> &str {
    let end = line.trim_end_matches([',', ';']);
    if line.starts_with('[') && end.ends_with(']') && line.contains('"') {
        return end.trim_start_matches('[').trim_end_matches(']');
    }
    line
}

/// What separates the cells of a line.
pub(super) fn separator(line: &str) -> Separator {
    let end = line.trim_end_matches(|c: char| c.is_whitespace() || ",;".contains(c));
    let has = |sign: char| marks(end).0.iter().any(|mark| mark.c == sign && !mark.quoted && mark.depth == 0);
    [';', ',', '\t'].into_iter().find(|sign| has(*sign)).map_or(Separator::Blank, Separator::Sign)
}

/// The cells of a line, without their quotes; empty ones at its end are none.
pub(super) fn split(line: &str, separator: Separator) -> Result<Vec<String>, String> {
    let (marks, open) = marks(line);
    if let Some(mark) = open {
        return Err(format!("a quote {mark} is not closed"));
    }
    let (mut all, mut text, mut blanks, mut quoted) = (Vec::new(), String::new(), 0_usize, false);
    for mark in &marks {
        let free = !mark.quoted && mark.depth == 0;
        let blank = free && mark.c.is_whitespace();
        let part = free
            && match separator {
                Separator::Sign(sign) => mark.c == sign,
                Separator::Blank => blank || ",;".contains(mark.c) && is_last(line, mark.at),
                Separator::Wide => blank && (blanks > 0 || mark.c == '\t'),
                Separator::Any => blank || ",;".contains(mark.c),
            };
        blanks = if blank { blanks.saturating_add(1) } else { 0 };
        if part {
            let cell = std::mem::take(&mut text).trim().to_owned();
            if !cell.is_empty() || quoted || separator.keeps_places() {
                all.push(cell);
            }
            quoted = false;
        } else if mark.quote {
            quoted = true;
        } else {
            text.push(mark.c);
        }
    }
    all.push(text.trim().to_owned());
    while all.last().is_some_and(String::is_empty) {
        all.pop();
    }
    Ok(all)
}

/// Nothing but commas and blanks stands behind.
fn is_last(line: &str, at: usize) -> bool {
    line.get(at..).is_some_and(|rest| rest.chars().all(|c| c.is_whitespace() || ",;".contains(c)))
}
