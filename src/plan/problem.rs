//! What went wrong, in words: a stable code, the evidence, and numbered ways out. The codes stand in `code`; texts
//! may improve, codes stay.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::action::Action;
use super::code::ProblemCode;
use super::place::Place;
use super::plan_field::PlanField;

/// A problem shown to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable, such as `E-CERT-04`.
    pub code: ProblemCode,
    /// One sentence: what happened, with the thing named.
    pub what: String,
    /// What was seen, a line each.
    pub evidence: Vec<String>,
    /// What can be done about it.
    pub ways: Vec<Remedy>,
}

/// A way out of a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Remedy {
    /// The same again may work.
    Retry,
    /// An answer of the plan is to be changed.
    Edit {
        /// Which one.
        field: PlanField,
        /// The answer, or several that belong together, and what to write there.
        text: String,
    },
    /// Something to do by hand.
    Manual(String),
    /// Leave this host alone and finish the others.
    Skip,
    /// What is in the way may be replaced by `workers[].replace`: what that does.
    Replace(String),
    /// A small and safe action that helps; the run goes on after it.
    Repair {
        /// What it does, such as "start the runtime".
        title: String,
        /// The actions, recorded for undo like others.
        actions: Vec<Action>,
    },
}

impl Problem {
    /// A problem without evidence or ways yet.
    pub fn new(code: ProblemCode, what: impl Into<String>) -> Self {
        Self { code, what: what.into(), evidence: Vec::new(), ways: Vec::new() }
    }

    /// A fact that is needed and not known.
    pub fn unknown(about: &str, why: &str) -> Self {
        Self::new(ProblemCode::Fact01, format!("{about} could not be looked at"))
            .seen(why.to_owned())
            .way(Remedy::Retry)
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

    /// The actions of the first repair that it offers.
    pub fn offers(&self) -> Option<&[Action]> {
        self.ways.iter().find_map(|way| match way {
            Remedy::Repair { actions, .. } => Some(actions.as_slice()),
            _ => None,
        })
    }

    /// Adds an answer to change.
    #[must_use]
    pub fn edit(self, field: PlanField, text: impl Into<String>) -> Self {
        self.way(Remedy::Edit { field, text: text.into() })
    }
}

impl Remedy {
    /// The way as a line for a person; `place` is the host the problem is on.
    pub fn text(&self, place: &Place) -> String {
        match self {
            Self::Retry => "run the same command again".to_owned(),
            Self::Edit { text, .. } => format!("change {text} in the plan"),
            Self::Manual(text) => text.clone(),
            Self::Skip => format!("leave {place} alone with --worker for the others"),
            Self::Replace(what) => {
                format!("write replace: true for {place} in the plan, or say --replace {place}, {what}")
            }
            Self::Repair { title, actions } => {
                let commands: Vec<String> = actions.iter().map(Action::title).collect();
                format!("{title}: {}", commands.join("; "))
            }
        }
    }
}

impl Remedy {
    /// As `--json` tells it: each has its `kind`, most have a `text`, and an answer to change has its `field`. The
    /// actions of a repair are not told.
    fn told(&self) -> Value {
        match self {
            Self::Retry => json!({"kind": "retry"}),
            Self::Skip => json!({"kind": "skip"}),
            Self::Edit { field, text } => json!({"kind": "edit", "text": text, "field": field}),
            Self::Manual(text) => json!({"kind": "manual", "text": text}),
            Self::Replace(text) => json!({"kind": "replace", "text": text}),
            Self::Repair { title, actions: _ } => json!({"kind": "repair", "text": {"title": title}}),
        }
    }
}

impl Problem {
    /// As `--json` tells it.
    pub fn told(&self) -> Value {
        let ways = self.told_ways();
        json!({"code": self.code, "what": self.what, "evidence": self.evidence, "ways": ways})
    }

    /// Its ways out as `--json` tells them.
    pub fn told_ways(&self) -> Value {
        self.ways.iter().map(Remedy::told).collect()
    }
}

impl Verdict {
    /// Nothing is wrong with it.
    pub fn ok(about: &str, seen: impl Into<String>) -> Self {
        Self::Ok { about: about.to_owned(), seen: seen.into() }
    }

    /// It works, but somebody should know.
    pub fn warning(about: &str, seen: impl Into<String>, cure: &str) -> Self {
        Self::Warning { about: about.to_owned(), seen: seen.into(), cure: cure.to_owned() }
    }

    /// As `--json` tells it.
    pub fn told(&self) -> Value {
        match self {
            Self::Ok { about, seen } => json!({"verdict": "ok", "about": about, "seen": seen}),
            Self::Warning { about, seen, cure } => {
                json!({"verdict": "warning", "about": about, "seen": seen, "cure": cure})
            }
            Self::Stops(problem) => json!({
                "verdict": "stops",
                "code": problem.code,
                "what": problem.what,
                "evidence": problem.evidence,
                "ways": problem.told_ways(),
            }),
        }
    }
}

/// How far a prerequisite is from what the work needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
