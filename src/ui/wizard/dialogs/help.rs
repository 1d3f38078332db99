//! Help: the keys that are possible now, and the glossary, searched by typing.

use crate::ui::wizard::form::text_input::TextInput;
use crate::ui::wizard::intent::{Intent, PageSize};
use crate::ui::wizard::outcome::Outcome;

/// Help, as far as it was read.
#[derive(Debug, Default)]
pub struct HelpDialog {
    /// First line shown, counted from 0.
    pub scroll: usize,
    /// What is searched, once somebody began to.
    pub search: Option<TextInput>,
}

impl HelpDialog {
    /// What is searched; empty = nothing is, and all is shown.
    pub fn searched(&self) -> &str {
        self.search.as_ref().map_or("", TextInput::first)
    }

    /// `pages` are its own.
    pub fn intent(&mut self, intent: &Intent, pages: PageSize) -> Outcome {
        match (intent, &mut self.search) {
            (Intent::Cancel, Some(_)) => {
                self.search = None;
                self.scroll = 0;
            }
            (Intent::Cancel | Intent::Confirm, _) => return Outcome::Close,
            (Intent::Toggle, None) => self.search = Some(TextInput::line("")),
            (Intent::Type(key), Some(search)) => {
                search.press(*key);
                self.scroll = 0;
            }
            (Intent::Move(motion), _) => self.scroll = motion.scrolled(self.scroll, pages),
            _ => {}
        }
        Outcome::Stay
    }
}
