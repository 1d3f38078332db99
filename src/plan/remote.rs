//! Text that another machine chose. It shows itself cleaned and on one line, whoever prints it; the text as it came is
//! had by one method, and who may call that stands in `tests/layers/rules.rs`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::clean;

/// What came from elsewhere: no `Deref`, no `AsRef`, so nothing prints it raw by mistake.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Remote<T>(T);

/// Columns that are shown.
const MOST: usize = 300;

impl Remote<String> {
    /// Takes a text as it came.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it came: to be compared or read, never to be shown.
    pub fn untrusted(&self) -> &str {
        &self.0
    }

    /// Nothing was said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// It begins so.
    pub fn starts_with(&self, begin: &str) -> bool {
        self.0.starts_with(begin)
    }

    /// It ends so.
    pub fn ends_with(&self, end: &str) -> bool {
        self.0.ends_with(end)
    }

    /// This stands somewhere in it.
    pub fn contains(&self, part: &str) -> bool {
        self.0.contains(part)
    }

    /// What it means, where it is a number, an address, a time: `None` = it is none.
    pub fn read<V: FromStr>(&self) -> Option<V> {
        self.0.trim().parse().ok()
    }
}

/// Texts in a row, as they may be shown.
pub fn join(texts: &[Remote<String>], between: &str) -> String {
    texts.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

impl From<Remote<String>> for String {
    /// As it may be shown.
    fn from(text: Remote<String>) -> Self {
        text.to_string()
    }
}

impl From<&str> for Remote<String> {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Remote<String> {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Remote<String> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A newline is seen and forges no line.
        let text = self.0.trim_end_matches(['\r', '\n']).replace(['\r', '\n'], "\u{23ce}");
        f.write_str(&clean::short(&text, MOST))
    }
}

impl fmt::Debug for Remote<String> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl PartialEq<str> for Remote<String> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<String> for Remote<String> {
    fn eq(&self, other: &String) -> bool {
        self.0 == *other
    }
}

impl PartialEq<&str> for Remote<String> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_itself_on_one_line_and_without_anything_that_acts() {
        let text = "SSH-2.0-a\u{1b}[2J\u{1b}]0;owned\u{7}\nE-FAKE\u{61c}\u{202e}\u{9b}31mb\r\n";
        let remote = Remote::new(text);
        assert_eq!(remote.to_string(), "SSH-2.0-a\u{23ce}E-FAKEb");
        assert_eq!(format!("{remote:?}"), "\"SSH-2.0-a\u{23ce}E-FAKEb\"");
        assert_eq!(remote.untrusted(), text);
        assert!(Remote::new("x".repeat(1 << 20)).to_string().chars().count() <= MOST);
    }
}
