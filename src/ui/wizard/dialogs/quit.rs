//! Leave, or stop what runs.

use crate::ui::wizard::intent::{Intent, Motion, called};
use crate::ui::wizard::outcome::Outcome;

/// The question whether to leave.
#[derive(Debug, Default)]
pub struct QuitDialog {
    /// The chosen answer, counted from 0.
    pub at: usize,
}

impl QuitDialog {
    /// `answers` = how many there are.
    pub fn intent(&mut self, intent: &Intent, answers: usize) -> Outcome {
        let last = answers.saturating_sub(1);
        match intent {
            Intent::Cancel => return Outcome::Close,
            Intent::Confirm => return Outcome::Leave(self.at),
            // The key that asked is the answer one came for.
            Intent::Again => return Outcome::Leave(1),
            Intent::Number(number) => self.at = called(*number, self.at, last),
            Intent::Move(Motion::Left) => self.at = self.at.saturating_sub(1),
            Intent::Move(Motion::Right) => self.at = self.at.saturating_add(1).min(last),
            Intent::Move(motion) => self.at = motion.moved(self.at, last),
            _ => {}
        }
        Outcome::Stay
    }
}
