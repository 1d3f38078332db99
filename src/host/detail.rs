//! What the stream of a host tells on request beside a sample: the newest lines of the kubelet's journal and how long
//! certificates last. Read from its lines, bounded and cleaned.

use jiff::Timestamp;
use openssl::base64;
use serde::{Deserialize, Serialize};

use crate::pki;
use crate::plan::remote::Remote;
use crate::plan::{clean, redact};
use crate::runtime::said::Said;

/// So many lines of the journal are asked for and kept.
pub const JOURNAL_LINES: usize = 40;
/// Columns of a line of it that are kept.
pub(super) const LONGEST: usize = 600;

/// The answer to `detail`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HostDetail {
    /// The newest lines of the kubelet's journal, oldest first; why there is none, in words.
    pub journal: Vec<Remote<String>>,
    /// Why the journal was not had; empty = it was.
    pub error: String,
    /// The certificates that were asked for, in that order.
    pub certificates: Vec<CertificateEnd>,
}

/// How long a certificate lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateEnd {
    /// Its file.
    pub path: String,
    /// Its last second.
    pub until: Lasts,
}

/// What its file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lasts {
    /// The last second of its first certificate.
    Until(Timestamp),
    /// There is no such file.
    Missing,
    /// There is no certificate in it that can be read.
    Unreadable,
}

/// Whether a path may be asked for: it stands in a line of the stream as it is. Of a file only the certificates in it
/// are told, never a key.
pub(super) fn is_plain(path: &str) -> bool {
    path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
}

/// The lines of an answer, as they come.
#[derive(Debug, Default)]
pub(super) struct DetailLines {
    certificates: Vec<CertificateEnd>,
    journal: Vec<String>,
}

impl DetailLines {
    /// `PATH BASE64`, or `PATH -` where there is no such file.
    pub fn certificate(&mut self, rest: &str) {
        let (path, text) = rest.split_once(' ').unwrap_or((rest, ""));
        let until = match text.trim() {
            "-" => Lasts::Missing,
            text => base64::decode_block(text)
                .ok()
                .and_then(|bytes| pki::examine(&bytes).ok())
                .map_or(Lasts::Unreadable, |cert| Lasts::Until(cert.not_after)),
        };
        self.certificates.push(CertificateEnd { path: clean::line(path), until });
    }

    /// A line of the journal, or of what became of asking for it.
    pub fn journal(&mut self, line: &str) {
        self.journal.push(line.to_owned());
    }

    /// All of it was told.
    pub fn finish(self) -> HostDetail {
        let said = Said::read(self.journal.iter().map(String::as_str));
        let rows: Vec<Remote<String>> = said
            .rows
            .iter()
            .filter(|line| !line.starts_with("-- "))
            .map(|line| Remote::new(clean::line(&redact::line(line))))
            .collect();
        let error = if rows.is_empty() { why(&said) } else { String::new() };
        let skip = rows.len().saturating_sub(JOURNAL_LINES);
        HostDetail { journal: rows.into_iter().skip(skip).collect(), error, certificates: self.certificates }
    }
}

/// Why there are no lines; empty = there just are none.
fn why(said: &Said) -> String {
    if said.frozen() {
        return "journalctl did not answer within 5 s".to_owned();
    }
    match said.complaint() {
        Some(line) if line.contains("failed to run command") => "there is no journalctl".to_owned(),
        Some(line) if said.failed() => clean::line(line),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_that_was_not_had_says_why_and_an_empty_one_says_nothing() {
        let read = |lines: &[&str]| {
            let mut detail = DetailLines::default();
            for line in lines {
                detail.journal(line);
            }
            detail.finish()
        };
        assert_eq!(read(&["= 124"]).error, "journalctl did not answer within 5 s");
        let missing = "! timeout: failed to run command 'journalctl': No such file or directory";
        assert_eq!(read(&[missing, "= 127"]).error, "there is no journalctl");
        assert_eq!(read(&["! No journal files were opened", "= 1"]).error, "No journal files were opened");
        assert_eq!(read(&["-- No entries --", "= 0"]), HostDetail::default());
        let seen = read(&["Nov 23 12:00:01 w1 kubelet[7]: \u{1b}[31mred\u{1b}[0m", "! a warning", "= 0"]);
        assert_eq!(seen.journal, [Remote::from("Nov 23 12:00:01 w1 kubelet[7]: red")]);
        assert_eq!(seen.error, "");
    }

    #[test]
    fn only_plain_paths_are_asked_for() {
        assert!(is_plain("/etc/kubernetes/ssl/worker.crt"));
        for path in ["worker.crt", "/a b", "/a;b", "/a\nsample", "/$(x)", "/*"] {
            assert!(!is_plain(path), "{path}");
        }
    }
}
