//! How it ends: the exit codes of the program (README), and how each place of a run ended.

use serde::{Deserialize, Serialize};

/// With what the program ends; events and messages carry its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", from = "u8")]
#[repr(u8)]
pub enum ExitCode {
    /// All is as it should be.
    Done = 0,
    /// A host has a problem.
    Problem = 1,
    /// Wrong use or plan.
    Usage = 2,
    /// The person stopped it.
    Stopped = 3,
    /// gangplank itself broke.
    Bug = 4,
    /// `plan` found differences.
    Differences = 5,
}

impl ExitCode {
    /// All of them, by number.
    pub const ALL: [Self; 6] =
        [Self::Done, Self::Problem, Self::Usage, Self::Stopped, Self::Bug, Self::Differences];

    /// The number a shell sees and events carry.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The code of a number; one that gangplank never ends with is a bug.
    pub fn of_number(number: u8) -> Self {
        Self::ALL.into_iter().find(|code| code.number() == number).unwrap_or(Self::Bug)
    }
}

impl From<ExitCode> for u8 {
    fn from(code: ExitCode) -> Self {
        code.number()
    }
}

impl From<u8> for ExitCode {
    fn from(number: u8) -> Self {
        Self::of_number(number)
    }
}

impl std::fmt::Display for ExitCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.number().fmt(f)
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

/// How a place ended, for the summary and the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Nothing needed to be done.
    Same,
    /// Something was done, and it is proven.
    Changed,
    /// It has a problem.
    Problem,
    /// The person stopped it.
    Stopped,
}

impl End {
    /// The word in the events.
    pub fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Changed => "changed",
            Self::Problem => "problem",
            Self::Stopped => "stopped",
        }
    }

    /// The exit code of a run whose places ended so: a problem outweighs a stop.
    pub fn exit_code(ends: &(impl Iterator<Item = Self> + Clone)) -> ExitCode {
        if ends.clone().any(|end| end == Self::Problem) {
            ExitCode::Problem
        } else if ends.clone().any(|end| end == Self::Stopped) {
            ExitCode::Stopped
        } else {
            ExitCode::Done
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_number_of_the_readme() {
        assert_eq!(ExitCode::ALL.map(ExitCode::number), [0, 1, 2, 3, 4, 5]);
        assert_eq!(ExitCode::ALL.map(|code| ExitCode::of_number(code.number())), ExitCode::ALL);
        assert_eq!(ExitCode::of_number(99), ExitCode::Bug);
    }

    #[test]
    fn a_code_is_written_as_its_number_and_read_back() {
        for code in ExitCode::ALL {
            let written = serde_json::to_string(&code).unwrap();
            assert_eq!(written, code.number().to_string());
            assert_eq!(serde_json::from_str::<ExitCode>(&written).unwrap(), code);
        }
    }
}
