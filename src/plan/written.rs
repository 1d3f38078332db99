//! What undo must know of a change: what gangplank left at a path, and which run's folder holds what was there
//! before. Of a change that is only shown, neither is known yet: it is told by its name and cannot be sent.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What gangplank left at a path; anything else there is somebody else's by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Written {
    /// A file of this SHA-256, lower-case hex.
    Sha256(String),
    /// Nothing: it was removed.
    Nothing,
    /// A file that is made only when this is carried out.
    NotYet,
    /// Another program wrote it, and nobody noted what it became.
    Unknown,
}

/// The folder of a run below /var/lib/gangplank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunFolder {
    /// Of the run of this id.
    Of(String),
    /// Of the run that is yet to be.
    ThisRun,
}

impl Written {
    /// As a record's line says it: no hash is nothing.
    pub fn of(hash: &str) -> Self {
        if hash.is_empty() { Self::Nothing } else { Self::Sha256(hash.to_owned()) }
    }

    /// Whether this lies there still; `None` is nothing.
    pub fn is(&self, there: Option<&str>) -> bool {
        match self {
            Self::Sha256(hash) => there == Some(hash.as_str()),
            Self::Nothing => there.is_none(),
            Self::NotYet | Self::Unknown => false,
        }
    }

    /// Its word in the shell; `Err` is the name of what is not known yet.
    pub fn word(&self) -> Result<&str, &'static str> {
        match self {
            Self::Sha256(hash) => Ok(hash),
            Self::Nothing => Ok(""),
            Self::NotYet => Err("its hash"),
            Self::Unknown => Ok("unknown"),
        }
    }
}

impl RunFolder {
    /// The run's id, once there is one.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Of(run) => Some(run),
            Self::ThisRun => None,
        }
    }

    /// Its word in the shell; `Err` is the name of what is not known yet.
    pub fn word(&self) -> Result<&str, &'static str> {
        self.id().ok_or("this run")
    }
}

impl fmt::Display for RunFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.word() {
            Ok(run) => f.write_str(run),
            Err(name) => write!(f, "<{name}>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::action::{Action, Piece, ShellText};

    #[test]
    fn what_was_written_is_told_from_what_somebody_else_made_of_it() {
        let one = Written::of("1f");
        assert!(one.is(Some("1f")) && !one.is(Some("2f")) && !one.is(None));
        let gone = Written::of("");
        assert!(gone.is(None) && !gone.is(Some("1f")));
        for never in [Written::NotYet, Written::Unknown] {
            assert!(!never.is(None) && !never.is(Some("unknown")) && !never.is(Some("<its hash>")));
        }
    }

    #[test]
    fn what_is_not_known_yet_is_shown_by_its_name_and_is_a_hole_in_the_shell() {
        let action = Action::RestoreFile {
            path: "/x y".to_owned(),
            run: RunFolder::ThisRun,
            old: "1f".to_owned(),
            new: Written::NotYet,
            mode: "644 root:root".to_owned(),
        };
        let ShellText(pieces) = action.shell();
        assert_eq!(pieces.iter().filter(|piece| matches!(piece, Piece::Hole(_))).count(), 2);
        assert_eq!(action.shell().to_string(), "put_back '/x y' <this run> 1f <its hash> '644 root:root'");
        let known = Action::RestoreFile {
            path: "/x".to_owned(),
            run: RunFolder::Of("r".to_owned()),
            old: "1f".to_owned(),
            new: Written::Nothing,
            mode: "600 -".to_owned(),
        };
        assert_eq!(known.shell().to_string(), "put_back /x r 1f '' '600 -'");
    }
}
