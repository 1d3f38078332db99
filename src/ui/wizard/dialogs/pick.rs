//! Lists to pick from: the demos, the workers that come back, and where something is taken back.

use std::collections::BTreeSet;

use crate::engine::demo;
use crate::ui::wizard::intent::{Intent, called};
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::opening::KeptWorker;
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::undoing::TakeBack;

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
        let last = labs.len().saturating_sub(1);
        match intent {
            Intent::Cancel => return Outcome::Close,
            Intent::Confirm => {
                let name = labs.get(self.at).map(|(name, _)| (*name).to_owned());
                return name.map_or(Outcome::Close, |name| Outcome::Effect(Effect::OpenDemo(name)));
            }
            Intent::Number(number) => self.at = called(*number, self.at, last),
            Intent::Choose(at) => self.at = *at,
            Intent::Move(motion) => self.at = motion.moved(self.at, last),
            _ => {}
        }
        Outcome::Stay
    }
}

/// The last row of the workers that come back.
pub const ANOTHER: &str = "another host: its login is typed";

/// The workers that come back.
#[derive(Debug, Default)]
pub struct PickDialog {
    /// The chosen ones, by name.
    pub chosen: BTreeSet<String>,
    /// The marked row, counted from 0.
    pub at: usize,
    /// Somebody has moved the mark, or chosen one.
    pub touched: bool,
}

impl PickDialog {
    /// `names` are all workers; behind them are those of other sessions, and a row for one that is in none.
    pub fn intent(&mut self, intent: &Intent, names: &[String], kept: &[KeptWorker]) -> Outcome {
        let last = names.len().saturating_add(kept.len());
        self.touched |= matches!(intent, Intent::Toggle | Intent::Choose(_) | Intent::Move(_));
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
                // Whoever is of another session or typed comes alone.
                let Some(name) = names.get(self.at) else {
                    let kept = kept.get(self.at.saturating_sub(names.len())).cloned();
                    return kept.map_or(Outcome::Login, |KeptWorker { session, worker, .. }| {
                        Outcome::Effect(Effect::OpenSessionFor { name: session, worker })
                    });
                };
                let mut chosen = self.chosen.clone();
                if chosen.is_empty() {
                    chosen.insert(name.clone());
                }
                return Outcome::ComeBack(chosen);
            }
            Intent::Choose(at) => self.at = (*at).min(last),
            Intent::Move(motion) => self.at = motion.moved(self.at, last),
            _ => {}
        }
        Outcome::Stay
    }
}

/// Where something is taken back.
#[derive(Debug, Default)]
pub struct WhereDialog {
    /// A worker is removed from the cluster; else it is the last run.
    pub remove: bool,
    /// The marked row, counted from 0.
    pub at: usize,
}

impl WhereDialog {
    /// `offered` are its rows.
    pub fn intent(&mut self, intent: &Intent, offered: &[TakeBack]) -> Outcome {
        let last = offered.len().saturating_sub(1);
        match intent {
            Intent::Cancel => return Outcome::Close,
            Intent::Confirm => {
                return offered.get(self.at).cloned().map_or(Outcome::Close, Outcome::TakeBack);
            }
            Intent::Number(number) => self.at = called(*number, self.at, last),
            Intent::Choose(at) => self.at = (*at).min(last),
            Intent::Move(motion) => self.at = motion.moved(self.at, last),
            _ => {}
        }
        Outcome::Stay
    }
}
