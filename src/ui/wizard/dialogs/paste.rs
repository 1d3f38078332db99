//! Texts of many lines that are pasted: workers, or certificates of an offline CA.

use crate::plan::pasted;
use crate::ui::wizard::form::text_input::TextInput;
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::outcome::Outcome;

/// Many workers at once.
#[derive(Debug)]
pub struct PasteDialog {
    /// What is typed or pasted.
    pub text: TextInput,
    /// What is wrong with it, line by line; empty = nothing is known to be.
    pub wrong: Vec<String>,
}

impl PasteDialog {
    /// With what was pasted already.
    pub fn new(text: &str) -> Self {
        Self { text: TextInput::many(text), wrong: Vec::new() }
    }

    /// Takes an intent in.
    pub fn intent(&mut self, intent: &Intent) -> Outcome {
        match intent {
            Intent::Cancel => return Outcome::Close,
            Intent::Type(key) => self.text.press(*key),
            Intent::Text(text) => self.text = TextInput::many(text),
            Intent::Done => match pasted::read(&self.text.text()) {
                Ok(all) if all.workers.is_empty() && all.left_out.is_empty() => {
                    self.wrong = vec!["nothing was written yet".to_owned()];
                }
                Ok(all) if all.workers.is_empty() => {
                    self.wrong = vec!["no worker is among these lines".to_owned()];
                    self.wrong.extend(all.left_out);
                }
                Ok(all) => return Outcome::Workers(all),
                Err(wrong) => self.wrong = wrong,
            },
            _ => {}
        }
        Outcome::Stay
    }
}

/// Certificates of an offline CA.
#[derive(Debug)]
pub struct CertificatesDialog {
    /// What is pasted.
    pub text: TextInput,
}

impl Default for CertificatesDialog {
    fn default() -> Self {
        Self { text: TextInput::many("") }
    }
}

impl CertificatesDialog {
    /// Takes an intent in.
    pub fn intent(&mut self, intent: &Intent) -> Outcome {
        match intent {
            Intent::Cancel => return Outcome::Close,
            Intent::Type(key) => self.text.press(*key),
            Intent::Text(text) => self.text = TextInput::many(text),
            Intent::Done => return Outcome::Effect(Effect::Certificates(self.text.text())),
            _ => {}
        }
        Outcome::Stay
    }
}
