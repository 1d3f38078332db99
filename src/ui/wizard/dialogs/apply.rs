//! The last question before a plan is carried out: what, on how many places, and what cannot be taken back.

use crate::ui::wizard::intent::{Intent, Motion, called};
use crate::ui::wizard::outcome::Outcome;

/// The answers, in order.
pub const ANSWERS: [&str; 3] = [
    "Carry it out: all at once",
    "Carry it out step by step: each says why and what it runs, and asks first",
    "Not yet",
];

/// The question.
#[derive(Debug, Clone, Copy, Default)]
pub struct ApplyDialog {
    /// The chosen answer, counted from 0.
    pub at: usize,
}

impl ApplyDialog {
    /// Takes an intent in.
    pub fn intent(&mut self, intent: &Intent) -> Outcome {
        let last = ANSWERS.len().saturating_sub(1);
        match intent {
            Intent::Confirm if self.at < last => return Outcome::Begin { guided: self.at == 1 },
            Intent::Cancel | Intent::Confirm => return Outcome::Close,
            Intent::Number(number) => self.at = called(*number, self.at, last),
            Intent::Choose(at) => self.at = (*at).min(last),
            Intent::Move(Motion::Left) => self.at = self.at.saturating_sub(1),
            Intent::Move(Motion::Right) => self.at = self.at.saturating_add(1).min(last),
            Intent::Move(motion) => self.at = motion.moved(self.at, last),
            _ => {}
        }
        Outcome::Stay
    }
}
