//! Hosts of ssh_config that become workers.

use std::net::IpAddr;

use crate::plan::answers::{LoginAnswers, WorkerAnswers};
use crate::plan::clean::is_invisible;
use crate::plan::issue::shown;
use crate::plan::pasted::{self, PastedWorkers};
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::outcome::Outcome;

/// The hosts.
#[derive(Debug)]
pub struct ImportDialog {
    /// Names, and whether they are chosen.
    pub hosts: Vec<(String, bool)>,
    /// The `HostName` of each, where it has one.
    addresses: Vec<Option<String>>,
    /// The marked row, counted from 0.
    pub at: usize,
}

impl ImportDialog {
    /// None is chosen yet.
    pub fn new(hosts: Vec<String>) -> Self {
        Self::with_addresses(hosts.into_iter().map(|host| (host, None)).collect())
    }

    /// The same, with the `HostName` of each.
    pub fn with_addresses(hosts: Vec<(String, Option<String>)>) -> Self {
        let seen = |host: String| host.chars().filter(|c| !is_invisible(*c)).collect();
        let (hosts, addresses) = hosts.into_iter().map(|(host, name)| ((seen(host), false), name)).unzip();
        Self { hosts, addresses, at: 0 }
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
                return Outcome::Workers(self.workers());
            }
            Intent::Move(motion) => self.at = motion.moved(self.at, self.hosts.len().saturating_sub(1)),
            _ => {}
        }
        Outcome::Stay
    }

    /// The chosen ones, or the marked one when none is.
    fn workers(&self) -> PastedWorkers {
        let none = !self.hosts.iter().any(|host| host.1);
        let rows = self.hosts.iter().zip(&self.addresses).enumerate();
        let mut all = PastedWorkers::default();
        for (_, ((host, _), name)) in rows.filter(|(row, (host, _))| host.1 || none && *row == self.at) {
            if pasted::is_login_host(host) {
                all.workers.push(worker(host, name.as_deref()));
            } else {
                all.left_out.push(format!("{} is no host of a worker: left out", shown(host)));
            }
        }
        all
    }
}

/// A worker as its lines of ssh_config tell it.
fn worker(host: &str, name: Option<&str>) -> WorkerAnswers {
    let ip = |text: &str| text.parse::<IpAddr>().is_ok();
    let ssh = LoginAnswers { host: Some(host.to_owned()), ..LoginAnswers::default() };
    if ip(host) {
        return WorkerAnswers { address: Some(host.to_owned()), ssh, ..WorkerAnswers::default() };
    }
    WorkerAnswers {
        // A node's name has no underscore; an alias may.
        name: Some(host.split('.').next().unwrap_or(host).to_lowercase().replace('_', "-")),
        address: name.filter(|name| ip(name)).map(str::to_owned),
        ssh,
        ..WorkerAnswers::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_ssh_config_is_the_workers_and_what_is_no_host_is_left_out() {
        let hosts = [
            ("10.0.0.15", None),
            ("w3", Some("10.0.0.13")),
            ("w_6", Some("fd00::6")),
            ("w7", Some("w7.lab.example")),
            ("quoted host", None),
        ];
        let hosts = hosts.map(|(host, name)| (host.to_owned(), name.map(str::to_owned)));
        let mut dialog = ImportDialog::with_addresses(hosts.to_vec());
        dialog.hosts.iter_mut().for_each(|host| host.1 = true);
        let all = dialog.workers();
        let read = |worker: &WorkerAnswers| (worker.name.clone(), worker.address.clone());
        let row =
            |name: Option<&str>, address: Option<&str>| (name.map(str::to_owned), address.map(str::to_owned));
        assert_eq!(
            all.workers.iter().map(read).collect::<Vec<_>>(),
            [
                row(None, Some("10.0.0.15")),
                row(Some("w3"), Some("10.0.0.13")),
                row(Some("w-6"), Some("fd00::6")),
                row(Some("w7"), None),
            ]
        );
        assert_eq!(all.left_out, ["\"quoted host\" is no host of a worker: left out"]);
    }
}
