//! Lists to pick from: the demos, and the workers that come back.

use std::collections::BTreeSet;

use crate::engine::demo;
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::outcome::Outcome;

/// The demos.
#[derive(Debug, Default)]
pub struct DemosDialog {
    /// The marked row, counted from 0.
    pub at: usize,
}

impl DemosDialog {
    /// Takes an intent in.
    pub fn intent(&mut self, intent: &Intent) -> Outcome {
        let labs = demo::names();
        match intent {
            Intent::Cancel => return Outcome::Close,
            Intent::Confirm => {
                let name = labs.get(self.at).map(|(name, _)| (*name).to_owned());
                return name.map_or(Outcome::Close, |name| Outcome::Effect(Effect::OpenDemo(name)));
            }
            Intent::Choose(at) => self.at = *at,
            Intent::Move(motion) => self.at = motion.moved(self.at, labs.len().saturating_sub(1)),
            _ => {}
        }
        Outcome::Stay
    }
}

/// The workers that come back.
#[derive(Debug, Default)]
pub struct PickDialog {
    /// The chosen ones, by name.
    pub chosen: BTreeSet<String>,
    /// The marked row, counted from 0.
    pub at: usize,
}

impl PickDialog {
    /// `names` are all workers.
    pub fn intent(&mut self, intent: &Intent, names: &[String]) -> Outcome {
        match intent {
            Intent::Cancel => return Outcome::Close,
            Intent::Toggle => {
                if let Some(name) = names.get(self.at)
                    && !self.chosen.remove(name)
                {
                    self.chosen.insert(name.clone());
                }
            }
            Intent::Confirm => {
                let mut chosen = self.chosen.clone();
                if chosen.is_empty() {
                    chosen.extend(names.get(self.at).cloned());
                }
                return Outcome::ComeBack(chosen);
            }
            Intent::Choose(at) => self.at = *at,
            Intent::Move(motion) => self.at = motion.moved(self.at, names.len().saturating_sub(1)),
            _ => {}
        }
        Outcome::Stay
    }
}
