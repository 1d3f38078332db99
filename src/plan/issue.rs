//! A remark: one thing in the answers that is missing, wrong or doubtful, where it was written and what
//! to write instead. It never shows a secret and decides nothing.

use std::fmt::{self, Write as _};

use crate::plan::clean::is_invisible;
use crate::plan::redact::{self, has_login_password};

/// Part of the cure wherever an answer is refused because it may be a secret.
pub const NEVER_IN_A_PLAN: &str = "secrets are never in a plan";

/// One thing to say about the answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanIssue {
    /// Name of the plan file as shown; empty when the answers were typed into the program.
    pub file: String,
    /// Line in the file, from 1.
    pub line: Option<usize>,
    /// Column in the line, from 1, in characters.
    pub column: Option<usize>,
    /// The field, `workers[1].address`; empty for the file as a whole.
    pub field: String,
    /// What is so.
    pub what: String,
    /// What to write instead.
    pub cure: String,
    /// No plan is made while it stands; `false` for a warning.
    pub stops: bool,
    /// The field is not answered yet, as opposed to answered wrongly.
    pub missing: bool,
}

impl PlanIssue {
    /// Something wrong: no plan is made of it.
    pub fn wrong(field: impl Into<String>, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            file: String::new(),
            line: None,
            column: None,
            field: field.into(),
            what: what.into(),
            cure: cure.into(),
            stops: true,
            missing: false,
        }
    }

    /// Something not answered yet.
    pub fn missing(field: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { missing: true, ..Self::wrong(field, "is missing", cure) }
    }

    /// Something doubtful: a plan is made all the same.
    pub fn warning(field: impl Into<String>, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { stops: false, ..Self::wrong(field, what, cure) }
    }
}

impl fmt::Display for PlanIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut place = self.file.clone();
        if let Some(line) = self.line {
            write!(place, "{}{line}", if place.is_empty() { "line " } else { ":" })?;
        }
        if let (Some(_), Some(column)) = (self.line, self.column) {
            write!(place, ":{column}")?;
        }
        if !place.is_empty() {
            write!(f, "{place}  ")?;
        }
        if !self.stops {
            f.write_str("warning: ")?;
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.what)?;
        if self.cure.is_empty() { Ok(()) } else { write!(f, "; {}", self.cure) }
    }
}

/// A value as a remark shows it: quoted, on one line, at most 60 characters. What may hold a password
/// (`user:password@host`), a key or a token is not shown.
pub fn shown(text: &str) -> String {
    const MOST: usize = 60;
    if text.contains("-----BEGIN") {
        return "a key or certificate (not shown)".to_owned();
    }
    if has_login_password(text) {
        return "a login with a password in it (not shown)".to_owned();
    }
    // No more is looked at than could be shown.
    let text = redact::line(&text.chars().take(4 * MOST).collect::<String>());
    let mut out = String::from('"');
    for (count, c) in text.chars().enumerate() {
        if count == MOST {
            out.push('…');
            break;
        }
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if is_invisible(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_one_line_with_place_field_and_cure() {
        let what = format!("{} is not an IP address", shown("10.3.0.300"));
        let mut issue = PlanIssue::wrong("workers[1].address", what, "write one like 192.168.2.1");
        issue.file = "plan.yaml".to_owned();
        (issue.line, issue.column) = (Some(14), Some(5));
        assert_eq!(
            issue.to_string(),
            "plan.yaml:14:5  workers[1].address: \"10.3.0.300\" is not an IP address; write one like 192.168.2.1"
        );
    }

    #[test]
    fn needs_neither_file_nor_field() {
        assert_eq!(PlanIssue::wrong("", "is empty", "").to_string(), "is empty");
        assert_eq!(PlanIssue::warning("ca.days", "is long", "").to_string(), "warning: ca.days: is long");
    }

    #[test]
    fn shows_no_password_and_no_control_character() {
        assert!(!shown("ssh://root:hunter2@host/dir").contains("hunter2"));
        assert!(!shown("root:hunter2@host").contains("hunter2"));
        assert_eq!(shown("a\u{1b}[2J\"b"), "\"a\\u{1b}[2J\\\"b\"");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), 63);
    }
}
