//! L5: people. What a run looks like as lines or as JSON, what a plan looks like before it runs, and who is
//! asked for secrets and about host keys.

pub mod credentials;
pub mod gallery;
pub mod output;
pub mod panel;
pub mod plain;
pub mod script;
pub mod tui;
pub mod wizard;

use crate::plan::place::Place;
use crate::plan::problem::Problem;

/// A problem as a card of lines: what, evidence, numbered ways.
pub fn problem_lines(problem: &Problem, place: &Place) -> Vec<String> {
    let mut lines = vec![format!("{}  {}", problem.code, problem.what)];
    lines.extend(problem.evidence.iter().map(|line| format!("    {line}")));
    for (number, way) in problem.ways.iter().enumerate() {
        lines.push(format!("  {}  {}", number + 1, way.text(place)));
    }
    lines
}
