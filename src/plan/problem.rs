//! What went wrong, in words: a stable code, the evidence, and numbered ways out. The codes are listed
//! in one test and in the README; texts may improve, codes stay.

use serde::Serialize;

use super::action::Action;
use super::place::Place;

/// A problem shown to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Stable, such as `E-CERT-04`.
    pub code: String,
    /// One sentence: what happened, with the thing named.
    pub what: String,
    /// What was seen, a line each.
    pub evidence: Vec<String>,
    /// What can be done about it.
    pub ways: Vec<Remedy>,
}

/// A way out of a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "text")]
pub enum Remedy {
    /// The same again may work.
    Retry,
    /// An answer of the plan is to be changed: its field.
    Edit(String),
    /// Something to do by hand.
    Manual(String),
    /// Leave this host alone and finish the others.
    Skip,
    /// What is in the way may be replaced by `workers[].replace`: what that does.
    Replace(String),
    /// A small and safe action that helps; the run goes on after it.
    Repair {
        /// What it does, such as "start docker".
        title: String,
        /// The actions, recorded for undo like others.
        #[serde(skip)]
        actions: Vec<Action>,
    },
}

impl Problem {
    /// A problem without evidence or ways yet.
    pub fn new(code: &str, what: impl Into<String>) -> Self {
        Self { code: code.to_owned(), what: what.into(), evidence: Vec::new(), ways: Vec::new() }
    }

    /// Adds a line of evidence; empty lines are left out.
    #[must_use]
    pub fn seen(mut self, line: impl Into<String>) -> Self {
        let line = line.into();
        if !line.trim().is_empty() {
            self.evidence.push(line);
        }
        self
    }

    /// Adds a way out.
    #[must_use]
    pub fn way(mut self, way: Remedy) -> Self {
        self.ways.push(way);
        self
    }

    /// Adds something to do by hand.
    #[must_use]
    pub fn manual(self, text: impl Into<String>) -> Self {
        self.way(Remedy::Manual(text.into()))
    }

    /// Adds that what is in the way may be replaced.
    #[must_use]
    pub fn replace(self, what: impl Into<String>) -> Self {
        self.way(Remedy::Replace(what.into()))
    }

    /// Adds a repair.
    #[must_use]
    pub fn repair(self, title: impl Into<String>, actions: Vec<Action>) -> Self {
        self.way(Remedy::Repair { title: title.into(), actions })
    }

    /// Adds an answer to change.
    #[must_use]
    pub fn edit(self, field: impl Into<String>) -> Self {
        self.way(Remedy::Edit(field.into()))
    }
}

impl Remedy {
    /// The way as a line for a person; `place` is the host the problem is on.
    pub fn text(&self, place: &Place) -> String {
        match self {
            Self::Retry => "run the same command again".to_owned(),
            Self::Edit(field) => format!("change {field} in the plan"),
            Self::Manual(text) => text.clone(),
            Self::Skip => format!("leave {place} alone with --worker for the others"),
            Self::Replace(what) => format!("write replace: true for {place} in the plan, {what}"),
            Self::Repair { title, actions } => {
                let commands: Vec<String> = actions.iter().map(Action::title).collect();
                format!("{title}: {}", commands.join("; "))
            }
        }
    }
}

/// How far a prerequisite is from what the work needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// Nothing is wrong with it.
    Ok {
        /// What was looked at.
        about: String,
        /// What was seen.
        seen: String,
    },
    /// Works, but somebody should know.
    Warning {
        /// What was looked at.
        about: String,
        /// What was seen.
        seen: String,
        /// What to do about it.
        cure: String,
    },
    /// The work cannot go on.
    Stops(Problem),
}

impl Problem {
    /// The card of the problem as lines: what, evidence, numbered ways; `place` is where it is.
    pub fn card(&self, place: &Place) -> Vec<String> {
        let mut lines = vec![format!("{}  {}", self.code, self.what)];
        lines.extend(self.evidence.iter().map(|line| format!("    {line}")));
        for (number, way) in self.ways.iter().enumerate() {
            lines.push(format!("  {}  {}", number + 1, way.text(place)));
        }
        lines
    }
}
