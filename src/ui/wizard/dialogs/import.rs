//! Hosts of ssh_config that become workers.

use crate::plan::answers::{LoginAnswers, WorkerAnswers};
use crate::plan::clean::is_invisible;
use crate::plan::pasted::PastedWorkers;
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::outcome::Outcome;

/// The hosts.
#[derive(Debug)]
pub struct ImportDialog {
    /// Names, and whether they are chosen.
    pub hosts: Vec<(String, bool)>,
    /// The marked row, counted from 0.
    pub at: usize,
}

impl ImportDialog {
    /// None is chosen yet.
    pub fn new(hosts: Vec<String>) -> Self {
        let seen = |host: String| host.chars().filter(|c| !is_invisible(*c)).collect();
        Self { hosts: hosts.into_iter().map(|host| (seen(host), false)).collect(), at: 0 }
    }

    /// Takes an intent in.
    pub fn intent(&mut self, intent: &Intent) -> Outcome {
        match intent {
            Intent::Cancel => return Outcome::Close,
            Intent::Toggle => {
                if let Some(host) = self.hosts.get_mut(self.at) {
                    host.1 = !host.1;
                }
            }
            Intent::Choose(at) => self.at = *at,
            Intent::Confirm => {
                return Outcome::Workers(PastedWorkers { workers: self.workers(), left_out: Vec::new() });
            }
            Intent::Move(motion) => self.at = motion.moved(self.at, self.hosts.len().saturating_sub(1)),
            _ => {}
        }
        Outcome::Stay
    }

    /// The chosen ones, or the marked one when none is.
    fn workers(&self) -> Vec<WorkerAnswers> {
        let none = !self.hosts.iter().any(|host| host.1);
        let rows = self.hosts.iter().enumerate();
        rows.filter(|(row, host)| host.1 || none && *row == self.at)
            .map(|(_, (host, _))| WorkerAnswers {
                // A node's name has no underscore; an alias may.
                name: Some(host.split('.').next().unwrap_or(host).to_lowercase().replace('_', "-")),
                ssh: LoginAnswers { host: Some(host.clone()), ..LoginAnswers::default() },
                ..WorkerAnswers::default()
            })
            .collect()
    }
}
