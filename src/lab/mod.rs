//! The scripted lab: machines, a cluster and a clock in memory, so that every step, every fault and every
//! undo can be tried without a machine, a network or a sleep. It interprets actions instead of running shell,
//! but keys, requests and certificates are real and are really checked. A [`Lab`] is a handle; its clones
//! show the same lab.

mod act;
mod api;
mod ca;
pub mod clock;
pub mod cluster;
mod dns;
mod dns_pods;
mod facts;
pub mod faults;
mod kubectl;
mod kubelet;
pub mod machine;
mod pods;
mod run;
mod seed;
pub mod setup;
mod stream;
mod undo;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

pub use crate::lab::api::LabCluster;
pub use crate::lab::clock::LabClock;
pub use crate::lab::cluster::ClusterState;
pub use crate::lab::faults::Fault;
pub use crate::lab::machine::{Build, LabFile, LabMachine, LabTar, Picture};
pub use crate::lab::run::LabHost;
pub use crate::lab::setup::{LabError, LabSetup};

use crate::host::{Vault, WireError};
use crate::lab::cluster::Clocks;
use crate::lab::seed::Seed;
use crate::plan::record::{Record, RecordLine};

/// The name of the operator's computer among the machines.
pub const HERE: &str = "here";

/// How long a connection to nowhere is tried.
const SYN_TIMEOUT: Duration = Duration::from_secs(3);

/// Everything there is in a lab.
#[derive(Debug)]
pub(crate) struct LabState {
    pub machines: BTreeMap<String, LabMachine>,
    pub cluster: ClusterState,
    pub fast_keys: bool,
    pub(in crate::lab) seed: Seed,
    /// gangplank was killed: nothing answers.
    pub dead: bool,
    start: Timestamp,
    /// The half second and the change of the cluster at which its pods were looked at last.
    pods_at: Option<(u64, u64)>,
}

struct Inner {
    clock: LabClock,
    state: Mutex<LabState>,
    vault: Mutex<Option<Arc<dyn Vault>>>,
}

/// A lab.
#[derive(Clone)]
pub struct Lab(Arc<Inner>);

impl LabState {
    /// A time of the lab as a date.
    fn at(&self, ms: u64) -> Timestamp {
        let span = SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
        self.start.saturating_add(span).unwrap_or(Timestamp::MAX)
    }

    /// Lets everything that runs by itself run up to now.
    fn work(&mut self, latest: u64) {
        let now_ms = self.at(latest).as_millisecond();
        let api_ms = now_ms.saturating_add(self.cluster.clock_ahead_ms);
        for machine in self.machines.values_mut() {
            let wall_ms = now_ms.saturating_add(machine.faults.clock_off());
            if let Some(identity) = machine.work(&self.cluster, Clocks { wall_ms, api_ms }, latest) {
                let images = machine.images.iter().map(|image| image.name.clone()).collect();
                self.cluster.hear(&identity, images, latest);
            }
        }
        // Everything comes by here; pods are dear to make and change seldom.
        let at = Some((latest / 500, self.cluster.serial));
        if self.pods_at == at {
            return;
        }
        self.pods_at = at;
        let pods = self.cluster.pods("k8s-app=kube-dns", latest);
        for machine in self.machines.values_mut() {
            machine.cluster_pods(&pods, latest);
        }
    }
}

impl Lab {
    /// A lab with a cluster and the operator's computer, whose clock shows `start`.
    fn new(start: Timestamp, cluster: ClusterState, here: LabMachine, seed: Seed) -> Self {
        let machines = BTreeMap::from([(HERE.to_owned(), here)]);
        let state = LabState { machines, cluster, fast_keys: false, seed, dead: false, start, pods_at: None };
        Self(Arc::new(Inner {
            clock: LabClock::new(start),
            state: Mutex::new(state),
            vault: Mutex::new(None),
        }))
    }

    fn state(&self) -> MutexGuard<'_, LabState> {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.work(self.0.clock.latest_ms());
        state
    }

    /// The clock.
    pub fn clock(&self) -> &LabClock {
        &self.0.clock
    }

    /// Moves the clock on.
    pub fn advance(&self, time: Duration) {
        // In small steps, as whatever runs by itself begins at the step in which it is looked at.
        let mut left = time;
        while !left.is_zero() {
            let step = left.min(Duration::from_secs(1));
            self.0.clock.advance(step);
            left = left.saturating_sub(step);
            drop(self.state());
        }
    }

    /// Goes to a later time; whatever runs by itself is looked at only then.
    pub fn leap_to(&self, time: Timestamp) {
        self.0.clock.leap_to(time);
        drop(self.state());
    }

    fn draw(&self, name: &str) -> seed::Draw {
        self.state().seed.next(name)
    }

    /// Keys are P-256 even where RSA is asked for.
    pub fn set_fast_keys(&self) {
        self.state().fast_keys = true;
    }

    /// Where the lab's hosts get secrets from.
    pub fn set_vault(&self, vault: Arc<dyn Vault>) {
        *self.0.vault.lock().unwrap_or_else(PoisonError::into_inner) = Some(vault);
    }

    fn vault(&self) -> Option<Arc<dyn Vault>> {
        self.0.vault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds a machine under a name.
    pub fn add(&self, name: &str, machine: LabMachine) {
        self.state().machines.insert(name.to_owned(), machine);
    }

    /// The names of the machines that may become workers: those with Docker.
    pub fn workers(&self) -> Vec<String> {
        let state = self.state();
        let is = |(_, machine): &(&String, &LabMachine)| !machine.here && !machine.build.docker.is_empty();
        state.machines.iter().filter(is).map(|(name, _)| name.clone()).collect()
    }

    /// Looks at a machine or changes it; `None` = there is none of this name.
    pub fn machine<T>(&self, name: &str, see: impl FnOnce(&mut LabMachine) -> T) -> Option<T> {
        self.state().machines.get_mut(name).map(see)
    }

    /// Looks at the cluster or changes it.
    pub fn cluster_state<T>(&self, see: impl FnOnce(&mut ClusterState) -> T) -> T {
        see(&mut self.state().cluster)
    }

    /// Breaks something on a machine.
    pub fn fault(&self, name: &str, fault: Fault) {
        self.machine(name, |machine| {
            if machine.faults.set.is_empty() {
                machine.faults.actions = 0;
            }
            if let Fault::ForeignFile(path) = &fault {
                let text = b"# somebody else wrote this\n";
                return machine.write(path, text, "644", "root:root");
            }
            if fault == Fault::DockerDown {
                machine.containers.clear();
            }
            machine.faults.set.push(fault);
        });
        self.0.clock.wake();
    }

    /// The cable of a machine is pulled: what is connected is lost, and nobody gets there until it is plugged in.
    pub fn pull_cable(&self, name: &str) {
        self.machine(name, |machine| {
            machine.faults.set.push(Fault::Unreachable);
            machine.generation = machine.generation.saturating_add(1);
            machine.connected = false;
        });
        self.0.clock.wake();
    }

    /// Takes one fault of a machine away; a foreign file stays.
    pub fn mend_one(&self, name: &str, is: impl Fn(&Fault) -> bool) {
        self.machine(name, |machine| machine.faults.set.retain(|fault| !is(fault)));
        self.0.clock.wake();
    }

    /// Stops Docker on a machine, as `systemctl stop docker` does, or starts it.
    pub fn docker(&self, name: &str, runs: bool) {
        self.machine(name, |machine| {
            if let Some(unit) = machine.units.get_mut("docker") {
                unit.active = runs;
            }
            if !runs {
                machine.containers.clear();
            }
        });
        self.0.clock.wake();
    }

    /// Puts a certificate of a CA that nobody knows in a worker's place.
    pub fn foreign_certificate(&self, name: &str) -> Result<(), LabError> {
        let ssl = crate::profile::SSL;
        let (cert_path, key_path) = (format!("{ssl}/worker.crt"), format!("{ssl}/worker.key"));
        let (cert, key) = setup::foreign(self, name, &key_path)?;
        self.machine(name, |machine| {
            machine.write(&cert_path, cert.as_bytes(), "644", "root:root");
            if !machine.files.contains_key(&key_path) {
                machine.write(&key_path, key.as_bytes(), "600", "root:root");
            }
        });
        Ok(())
    }

    /// Takes all faults of a machine away; a foreign file stays.
    pub fn mend(&self, name: &str) {
        self.machine(name, |machine| machine.faults = faults::Faults::default());
    }

    /// After [`Fault::KillAfterAction`]: gangplank is started anew.
    pub fn revive(&self) {
        let mut state = self.state();
        state.dead = false;
        for machine in state.machines.values_mut() {
            machine.connected = false;
            machine.generation = machine.generation.saturating_add(1);
        }
    }

    /// The API answers so many more calls; `None` = for ever, `Some(0)` = it is down.
    pub fn set_api_calls(&self, left: Option<usize>) {
        self.state().cluster.calls_left = left;
    }

    /// The lines of a machine's records that can be read.
    pub fn record(&self, name: &str) -> Vec<RecordLine> {
        let lines = self.machine(name, |machine| facts::record(machine)).unwrap_or_default();
        Record::read(lines.iter().map(String::as_str)).lines
    }

    /// Finds a machine by its name, `uname -n` or an address.
    pub fn find(&self, host: &str) -> Option<String> {
        let state = self.state();
        let is = |(name, machine): &(&String, &LabMachine)| {
            !machine.here
                && (*name == host
                    || machine.build.hostname == host
                    || machine.build.addresses.iter().any(|address| address == host))
        };
        state.machines.iter().find(is).map(|(name, _)| name.clone())
    }

    /// Connects to a machine by name or address, as the login of a plan names it.
    pub fn connect(&self, host: &str) -> Result<LabHost, WireError> {
        let unreachable =
            |why: &str| WireError::Unreachable { addr: format!("{host}:22"), why: why.to_owned() };
        let name = self.find(host).ok_or_else(|| unreachable("Name or service not known"))?;
        self.0.clock.advance(Duration::from_millis(300));
        let mut state = self.state();
        let dead = state.dead;
        let machine = state.machines.get_mut(&name).ok_or_else(|| unreachable("no route to host"))?;
        if machine.faults.has(&Fault::Unreachable) {
            let addr = format!("{host}:{}", machine.build.port);
            drop(state);
            self.0.clock.advance(SYN_TIMEOUT);
            return Err(WireError::Unreachable {
                addr,
                why: "Connection timed out (os error 110)".to_owned(),
            });
        }
        if dead {
            return Err(WireError::Cut);
        }
        if !machine.connected {
            machine.connected = true;
            machine.counts.connections = machine.counts.connections.saturating_add(1);
        }
        let (generation, describe) = (machine.generation, machine.describe());
        drop(state);
        Ok(LabHost::new(self.clone(), name, describe, generation))
    }

    /// The operator's computer as a host.
    pub fn here(&self) -> LabHost {
        LabHost::new(self.clone(), HERE.to_owned(), "this computer".to_owned(), 0)
    }

    /// The cluster as somebody new sees it.
    pub fn cluster(&self) -> LabCluster {
        LabCluster::new(self.clone())
    }

    /// Reads a file of the operator's computer.
    pub fn read_here(&self, path: &str) -> Option<Zeroizing<Vec<u8>>> {
        self.machine(HERE, |here| here.files.get(path).map(|file| Zeroizing::new(file.bytes.clone())))
            .flatten()
    }

    /// Runs kubectl on the operator's computer.
    pub fn kubectl(&self, args: &[&str]) -> Result<String, String> {
        if args.contains(&"config") {
            let args: Vec<String> = args.iter().map(|word| (*word).to_owned()).collect();
            let done = self.machine(HERE, |here| kubectl::config(here, &args));
            return done.unwrap_or(Ok(String::new())).map_err(|failed| failed.1);
        }
        api::kubectl(self, args)
    }
}
