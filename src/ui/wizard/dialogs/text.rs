//! A difference or another long text to read.

use crate::ui::wizard::intent::{Intent, PageSize};
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::role::Role;

/// A text, as far as it was read.
#[derive(Debug)]
pub struct TextDialog {
    /// What it is.
    pub title: String,
    /// What it says.
    pub lines: Vec<(Role, String)>,
    /// First line shown, counted from 0.
    pub scroll: usize,
}

impl TextDialog {
    /// A text from its beginning.
    pub fn new(title: impl Into<String>, lines: Vec<(Role, String)>) -> Self {
        Self { title: title.into(), lines, scroll: 0 }
    }

    /// `pages` are its own.
    pub fn intent(&mut self, intent: &Intent, pages: PageSize) -> Outcome {
        match intent {
            Intent::Cancel | Intent::Confirm => return Outcome::Close,
            Intent::Copy => {
                let all: Vec<&str> = self.lines.iter().map(|(_, line)| line.as_str()).collect();
                return Outcome::Copy(all.join("\n") + "\n");
            }
            Intent::Move(motion) => self.scroll = motion.scrolled(self.scroll, pages),
            _ => {}
        }
        Outcome::Stay
    }
}
