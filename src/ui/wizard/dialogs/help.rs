//! Help: the keys that are possible now, and the glossary.

use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::outcome::Outcome;

/// Help, as far as it was read.
#[derive(Debug, Default)]
pub struct HelpDialog {
    /// First line shown, counted from 0.
    pub scroll: usize,
}

impl HelpDialog {
    /// `last` is the first line of its last page.
    pub fn intent(&mut self, intent: &Intent, last: usize) -> Outcome {
        match intent {
            Intent::Cancel | Intent::Confirm => return Outcome::Close,
            Intent::Move(motion) => self.scroll = motion.moved(self.scroll, last),
            _ => {}
        }
        Outcome::Stay
    }
}
