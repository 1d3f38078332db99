//! The problem of a look, with its ways out.

use crate::plan::problem::Problem;
use crate::ui::wizard::intent::{Intent, Motion, PageSize, called};
use crate::ui::wizard::look::ProbeTarget;
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::remedy::look_choices;

/// The problem.
#[derive(Debug)]
pub struct ProblemDialog {
    /// Whose it is.
    pub target: ProbeTarget,
    /// What is in the way.
    pub problem: Problem,
    /// The chosen way, counted from 0.
    pub at: usize,
    /// The first line shown of what was seen, counted from 0.
    pub scroll: usize,
}

impl ProblemDialog {
    /// With the first way marked.
    pub fn new(target: ProbeTarget, problem: Problem) -> Self {
        Self { target, problem, at: 0, scroll: 0 }
    }

    /// `pages` are those of what was seen.
    pub fn intent(&mut self, intent: &Intent, pages: PageSize) -> Outcome {
        let choices = look_choices(&self.problem, &self.target);
        let last = choices.len().saturating_sub(1);
        match intent {
            Intent::Cancel => return Outcome::Close,
            Intent::Confirm => {
                let act = choices.into_iter().nth(self.at).map(|choice| choice.act);
                return act.map_or(Outcome::Close, |act| Outcome::Remedy(self.target.clone(), act));
            }
            Intent::Number(number) => self.at = called(*number, self.at, last),
            Intent::Choose(at) => self.at = (*at).min(last),
            Intent::Move(motion @ (Motion::PageUp | Motion::PageDown)) => {
                self.scroll = motion.scrolled(self.scroll, pages);
            }
            Intent::Move(motion) => self.at = motion.moved(self.at, last),
            _ => {}
        }
        Outcome::Stay
    }
}
