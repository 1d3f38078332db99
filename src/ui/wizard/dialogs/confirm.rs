//! What cannot be made again is confirmed by typing the host's name.

use crate::ui::wizard::form::text_input::TextInput;
use crate::ui::wizard::intent::{Intent, Motion, PageSize};
use crate::ui::wizard::outcome::Outcome;

/// What is confirmed by typing a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirm {
    /// Carry out a plan that replaces what others made on these hosts.
    Replace {
        /// The host whose name is typed now.
        host: String,
        /// The actions, in words.
        actions: Vec<String>,
        /// Hosts still to confirm after it.
        more: Vec<String>,
    },
}

/// The name and the two buttons.
#[derive(Debug)]
pub struct ConfirmDialog {
    /// What is confirmed.
    pub what: Confirm,
    /// What is typed.
    pub typed: TextInput,
    /// `false` = Cancel has the keys.
    pub yes: bool,
    /// The first line shown of the actions, counted from 0.
    pub scroll: usize,
}

impl ConfirmDialog {
    /// Nothing is typed yet.
    pub fn new(what: Confirm) -> Self {
        Self { what, typed: TextInput::line(""), yes: false, scroll: 0 }
    }

    /// The name stands there.
    pub fn is_right(&self) -> bool {
        let Confirm::Replace { host, .. } = &self.what;
        self.typed.first().trim() == host
    }

    /// `pages` are those of what it lists.
    pub fn intent(&mut self, intent: &Intent, pages: PageSize) -> Outcome {
        match intent {
            Intent::Move(Motion::Left | Motion::Right) | Intent::Toggle => {
                self.yes = self.is_right() && !self.yes;
            }
            Intent::Move(motion) => self.scroll = motion.scrolled(self.scroll, pages),
            // Once the name stands there, Enter goes to the button, and only there it means yes.
            Intent::Confirm if self.is_right() && !self.yes => self.yes = true,
            Intent::Confirm if self.is_right() => return Outcome::Confirmed,
            Intent::Cancel | Intent::Confirm => return Outcome::Close,
            Intent::Type(key) => {
                self.typed.press(*key);
                self.yes = false;
            }
            Intent::Text(text) => {
                self.typed = TextInput::line(text);
                self.yes = false;
            }
            _ => {}
        }
        Outcome::Stay
    }
}
