//! A line of text that something needs, such as a file name.

use crate::plan::check::typed_login;
use crate::ui::wizard::form::text_input::TextInput;
use crate::ui::wizard::intent::{Intent, LineFor};
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::role::Role;

/// The line.
#[derive(Debug)]
pub struct LineDialog {
    /// What it is for.
    pub what: LineFor,
    /// What is typed.
    pub text: TextInput,
}

impl LineDialog {
    /// With what is proposed.
    pub fn new(what: LineFor, text: &str) -> Self {
        Self { what, text: TextInput::line(text) }
    }

    /// Takes an intent in.
    pub fn intent(&mut self, intent: &Intent) -> Outcome {
        match intent {
            Intent::Cancel => return Outcome::Close,
            Intent::Type(key) => self.text.press(*key),
            Intent::Text(text) => self.text = TextInput::line(text),
            Intent::Confirm => {
                let text = self.text.first().trim();
                return match self.what {
                    LineFor::Search => Outcome::Search(text.to_owned()),
                    _ if text.is_empty() => Outcome::Close,
                    LineFor::OpenPlan => Outcome::Effect(Effect::OpenPlan(text.into())),
                    LineFor::SavePlan => Outcome::Effect(Effect::WritePlan(text.into())),
                    LineFor::Summary => Outcome::Effect(Effect::WriteSummary(text.into())),
                    LineFor::Login => match typed_login(text) {
                        Ok(login) => Outcome::ComesBackBy(Box::new(login)),
                        Err((what, cure)) => Outcome::Say(Role::Bad, format!("{what}; {cure}")),
                    },
                    LineFor::Export => Outcome::Effect(Effect::Export(text.into())),
                };
            }
            _ => {}
        }
        Outcome::Stay
    }
}
