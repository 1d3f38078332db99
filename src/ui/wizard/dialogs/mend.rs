//! A repair before it is made: what is run, what takes it back, and one question.

use crate::host::plain_action;
use crate::plan::action::Action;
use crate::plan::fact::Facts;
use crate::plan::place::Place;
use crate::ui::output::doctor::undo;
use crate::ui::wizard::intent::{Intent, Motion, PageSize, called};
use crate::ui::wizard::outcome::Outcome;

/// The answers, in order; the one that harms nothing is marked.
pub const ANSWERS: [&str; 2] = ["Repair it now", "Not yet"];

/// A repair.
#[derive(Debug, Clone, PartialEq)]
pub struct MendDialog {
    /// The place that has the problem.
    pub place: Place,
    /// What it is called.
    pub title: String,
    /// What is run, in order.
    pub actions: Vec<Action>,
    /// The plan is carried out there afterwards.
    pub again: bool,
    /// The chosen answer, counted from 0.
    pub at: usize,
    /// The first line shown of what is run, counted from 0.
    pub scroll: usize,
}

impl MendDialog {
    /// With the answer marked that harms nothing.
    pub fn new(place: Place, title: String, actions: Vec<Action>, again: bool) -> Self {
        Self { place, title, actions, again, at: 1, scroll: 0 }
    }

    /// What is run, and what takes each back.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (number, action) in (1..).zip(&self.actions) {
            lines.push(format!("{number} {}", action.title()));
            lines.extend(plain_action(action).lines().map(|line| format!("    {line}")));
            let inverse: Vec<String> = undo(action, &Facts::default()).iter().map(Action::title).collect();
            let undo =
                if inverse.is_empty() { "nothing to take back".to_owned() } else { inverse.join(", ") };
            lines.push(format!("    undo: {undo}"));
        }
        lines.push(if self.again {
            format!("Then the plan is carried out on {}.", self.place)
        } else {
            "Nothing else is done. It is a run of its own: its journal is kept, and u takes it back."
                .to_owned()
        });
        lines
    }

    /// `pages` are those of what is run.
    pub fn intent(&mut self, intent: &Intent, pages: PageSize) -> Outcome {
        let last = ANSWERS.len().saturating_sub(1);
        match intent {
            Intent::Confirm if self.at == 0 => {
                return Outcome::Mend(self.place.clone(), self.actions.clone(), self.again);
            }
            Intent::Cancel | Intent::Confirm => return Outcome::Close,
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
