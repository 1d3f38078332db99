//! The steps of the path that one can jump to.

use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::screen::{Journey, Screen};

/// The list of steps.
#[derive(Debug)]
pub struct JumpDialog {
    /// The chosen row, counted from 0.
    pub at: usize,
}

impl JumpDialog {
    /// `screens` are those that can be jumped to on the path of this journey.
    pub fn intent(&mut self, intent: &Intent, screens: &[Screen], journey: Journey) -> Outcome {
        match intent {
            Intent::Cancel => return Outcome::Close,
            Intent::Confirm => {
                return screens.get(self.at).map_or(Outcome::Close, |screen| Outcome::Jump(*screen));
            }
            // A step is called by its number on the path.
            Intent::Number(number) => {
                let found = screens.iter().position(|screen| journey.number(*screen) == Some(*number));
                self.at = found.unwrap_or(self.at);
            }
            Intent::Move(motion) => self.at = motion.moved(self.at, screens.len().saturating_sub(1)),
            _ => {}
        }
        Outcome::Stay
    }
}
