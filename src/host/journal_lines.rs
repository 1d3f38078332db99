//! The lines of a journal as a program wrote them, and who wrote each and when.

use std::borrow::Cow;

/// A value of several lines is not read further than this.
const LONGEST: usize = 4000;
const DAY: u64 = 86_400;
/// A line that seems to be from later than now by no more than this was written just now, seconds.
const JUST_NOW: u64 = 60;

/// A line as it was written: without the time, host and program that some forms of a journal put before it.
pub(super) fn without_head(line: &str) -> &str {
    let line = line.trim_end();
    let Some((head, rest)) = line.split_once("]: ") else { return line };
    let program = head.rsplit(' ').next().unwrap_or_default();
    let named = program.split_once('[').is_some_and(|(name, pid)| {
        !name.is_empty() && !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit())
    });
    if named && klog(line).is_none() { rest } else { line }
}

/// The same of all; a value that klog writes over several lines (`err=<`, indented lines, ` >`) is put into one.
pub(super) fn joined<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Cow<'a, str>> {
    let mut all: Vec<Cow<str>> = Vec::new();
    let mut open = false;
    for line in lines.map(without_head) {
        let goes_on = open && (line.starts_with(['\t', ' ']) || line.is_empty());
        if goes_on && let Some(last) = all.last_mut() {
            open = !line.starts_with(" >");
            if last.len().saturating_add(line.len()) < LONGEST {
                let last = last.to_mut();
                last.push(' ');
                last.push_str(line.trim_start());
            }
            continue;
        }
        open = klog(line).is_some() && line.ends_with("=<");
        all.push(Cow::Borrowed(line));
    }
    all
}

/// The process of a klog line, `E1128 10:00:01.000001    4242 kubelet.go:2183] ...`.
pub(super) fn writer(line: &str) -> Option<u32> {
    klog(line)?;
    line.split_whitespace().nth(2)?.parse().ok()
}

/// Level and text of a klog line.
pub(super) fn klog(line: &str) -> Option<(char, &str)> {
    let level = line.chars().next().filter(|level| "IWEF".contains(*level))?;
    let digits = line.get(1..5)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || line.as_bytes().get(5) != Some(&b' ') {
        return None;
    }
    line.split_once("] ").map(|(_, text)| (level, text))
}

/// When a klog line was written: seconds since the year began, which it does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp(u64);

impl Stamp {
    /// Of a klog line.
    pub(super) fn of(line: &str) -> Option<Self> {
        klog(line)?;
        Self::read(line.get(1..)?)
    }

    /// Of `1128 10:00:01`, whatever comes behind it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let number = |from: usize, most: u64| {
            text.get(from..from.saturating_add(2))?.parse::<u64>().ok().filter(|number| *number <= most)
        };
        let (month, day) = (number(0, 12)?.checked_sub(1)?, number(2, 31)?.checked_sub(1)?);
        let months = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let before: u64 = months.iter().take(usize::try_from(month).ok()?).sum();
        let (hour, minute, second) = (number(5, 23)?, number(8, 59)?, number(11, 60)?);
        Some(Self((before + day) * DAY + hour * 3600 + minute * 60 + second))
    }

    /// Seconds from it to `now`.
    pub(super) fn ago(self, now: Self) -> Option<u64> {
        match now.0.checked_sub(self.0) {
            Some(ago) => Some(ago),
            None if self.0 - now.0 <= JUST_NOW => Some(0),
            // It is of the year before.
            None => (now.0 + 366 * DAY).checked_sub(self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Stamp, joined};

    #[test]
    fn a_value_of_several_lines_is_one_line() {
        let text = "E1128 17:29:06.000001    42 run.go:72] \"command failed\" err=<\n\tfailed to validate kubelet flags: one\n\t--node-labels of it\n >\n\
                    kubelet.service: Main process exited\n\tindented of nobody\n";
        assert_eq!(
            joined(text.lines()),
            [
                "E1128 17:29:06.000001    42 run.go:72] \"command failed\" err=< failed to validate kubelet flags: one --node-labels of it >",
                "kubelet.service: Main process exited",
                "\tindented of nobody",
            ]
        );
        let cut = "E1128 17:29:06.000001    42 run.go:72] \"command failed\" err=<\n\tone\nE1128 17:29:06.000002    42 run.go:72] two\n";
        assert_eq!(joined(cut.lines()).len(), 2);
    }

    #[test]
    fn how_long_ago_is_told_across_midnight_and_the_new_year() {
        let ago = |line: &str, now: &str| {
            Stamp::of(&format!("E{line}.000001    42 a.go:1] b"))?.ago(Stamp::read(now)?)
        };
        assert_eq!(ago("1128 23:59:58", "1129 00:00:03"), Some(5));
        assert_eq!(ago("1231 23:59:58", "0101 00:00:03"), Some(5));
        assert_eq!(ago("1128 10:00:30", "1128 10:00:00"), Some(0));
        // A clock of another zone: it is not called new.
        assert!(ago("1128 11:00:00", "1128 10:00:00").is_some_and(|ago| ago > 300 * 86_400));
        assert_eq!(ago("1328 11:00:00", "1128 10:00:00"), None);
        assert!(Stamp::of("kubelet.service: Failed").is_none());
    }
}
