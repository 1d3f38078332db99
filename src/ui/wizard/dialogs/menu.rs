//! The menu of everything that is possible now, with a search.

use crate::ui::wizard::command::Command;
use crate::ui::wizard::form::text_input::TextInput;
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::remedy::RunRemedy;
use crate::ui::wizard::screen::Screen;

/// A row of the menu.
#[derive(Debug, Clone, PartialEq)]
pub struct MenuEntry {
    /// Its word in the key bar and others like it, which are searched too.
    pub word: String,
    /// What it does, in words.
    pub text: String,
    /// Its key, in words.
    pub key: String,
    /// What it does.
    pub does: Does,
}

/// What a row of the menu does.
#[derive(Debug, Clone, PartialEq)]
pub enum Does {
    /// A command.
    Command(Command),
    /// To a screen.
    Jump(Screen),
    /// A way out of one of the problems of the run, counted from 0.
    Way(usize, RunRemedy),
    /// A fault of the demo is thrown or mended: its id and the worker.
    Throw(String, String),
}

/// The menu.
#[derive(Debug)]
pub struct MenuDialog {
    /// What is searched.
    pub search: TextInput,
    /// The chosen row, counted from 0.
    pub at: usize,
}

impl Default for MenuDialog {
    fn default() -> Self {
        Self { search: TextInput::line(""), at: 0 }
    }
}

impl MenuDialog {
    /// `found` are the rows that the search leaves.
    pub fn intent(&mut self, intent: &Intent, found: &[MenuEntry]) -> Outcome {
        let last = found.len().saturating_sub(1);
        match intent {
            Intent::Cancel => return Outcome::Close,
            Intent::Confirm => {
                return match found.get(self.at.min(last)).map(|entry| entry.does.clone()) {
                    Some(Does::Command(command)) => Outcome::Command(command),
                    Some(Does::Jump(screen)) => Outcome::Jump(screen),
                    Some(Does::Way(card, act)) => Outcome::OfProblem(card, act),
                    Some(Does::Throw(fault, host)) => Outcome::Effect(Effect::Throw { fault, host }),
                    None => Outcome::Close,
                };
            }
            Intent::Move(motion) => self.at = motion.moved(self.at, last),
            Intent::Type(key) => {
                self.search.press(*key);
                self.at = 0;
            }
            _ => {}
        }
        Outcome::Stay
    }
}
