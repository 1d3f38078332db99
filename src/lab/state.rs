//! The lab itself: its machines, its cluster, its clock and who may look at them. What each of them does stands
//! in a file of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use crate::host::Vault;
use crate::lab::clock::LabClock;
use crate::lab::cluster::ClusterState;
use crate::lab::faults::{Fault, Faults};
use crate::lab::machine::LabMachine;
use crate::lab::node::Clocks;
use crate::lab::seed::{Draw, Seed};
use crate::plan::runtime_fact::RuntimeKind;

/// The name of the operator's computer among the machines.
pub const HERE: &str = "this computer";

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
    pub(super) fn at(&self, ms: u64) -> Timestamp {
        let span = SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
        self.start.saturating_add(span).unwrap_or(Timestamp::MAX)
    }

    /// Lets everything that runs by itself run up to now.
    pub(super) fn work(&mut self, latest: u64) {
        let now_ms = self.at(latest).as_millisecond();
        let api_ms = now_ms.saturating_add(self.cluster.clock_ahead_ms);
        for machine in self.machines.values_mut() {
            let wall_ms = now_ms.saturating_add(machine.faults.clock_off());
            if let Some(identity) = machine.work(&self.cluster, Clocks { wall_ms, api_ms }, latest) {
                let images = machine.images.iter().map(|image| image.name.to_string()).collect();
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
    pub(super) fn new(start: Timestamp, cluster: ClusterState, here: LabMachine, seed: Seed) -> Self {
        let machines = BTreeMap::from([(HERE.to_owned(), here)]);
        let state = LabState { machines, cluster, fast_keys: false, seed, dead: false, start, pods_at: None };
        Self(Arc::new(Inner {
            clock: LabClock::new(start),
            state: Mutex::new(state),
            vault: Mutex::new(None),
        }))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, LabState> {
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

    pub(super) fn draw(&self, name: &str) -> Draw {
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

    pub(super) fn vault(&self) -> Option<Arc<dyn Vault>> {
        self.0.vault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds a machine under a name.
    pub fn add(&self, name: &str, machine: LabMachine) {
        self.state().machines.insert(name.to_owned(), machine);
    }

    /// The names of the machines that may become workers: those with a container runtime.
    pub fn workers(&self) -> Vec<String> {
        let state = self.state();
        let is = |(_, machine): &(&String, &LabMachine)| !machine.here && machine.runtime().is_some();
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
            if fault == Fault::RuntimeDown && !machine.has_containerd() {
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

    /// Stops a machine's container runtime, as `systemctl stop` does, or starts it. The containers of docker end with it,
    /// those of containerd go on.
    pub fn turn_runtime(&self, name: &str, runs: bool) {
        self.machine(name, |machine| {
            let Some(runtime) = machine.runtime() else { return };
            if let Some(unit) = machine.units.get_mut(runtime.name()) {
                unit.active = runs;
            }
            match (runtime, runs) {
                (RuntimeKind::Docker, false) => machine.containers.clear(),
                (RuntimeKind::Containerd, true) => drop(machine.start_containerd()),
                (RuntimeKind::Docker, true) | (RuntimeKind::Containerd, false) => {}
            }
        });
        self.0.clock.wake();
    }

    /// Stops a machine's kubelet and disables it, as somebody who forgot it does, or enables and starts it.
    pub fn turn_kubelet(&self, name: &str, runs: bool) {
        let latest = self.0.clock.latest_ms();
        let mut state = self.state();
        if let Some(machine) = state.machines.get_mut(name) {
            if let Some(unit) = machine.units.get_mut("kubelet") {
                (unit.active, unit.enabled) = (runs, runs);
            }
            if runs {
                machine.start_kubelet(latest);
            } else {
                machine.process = None;
            }
        }
        drop(state);
        self.0.clock.wake();
    }

    /// Takes all faults of a machine away; a foreign file stays.
    pub fn mend(&self, name: &str) {
        self.machine(name, |machine| machine.faults = Faults::default());
    }

    /// gangplank itself ends, as by kill -9: nothing answers any more until [`Lab::revive`].
    pub fn kill(&self) {
        self.state().dead = true;
        self.0.clock.wake();
    }

    /// After [`Fault::KillAfterAction`] or [`Lab::kill`]: gangplank is started anew.
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

    /// Reads a file of the operator's computer.
    pub fn read_here(&self, path: &str) -> Option<Zeroizing<Vec<u8>>> {
        self.machine(HERE, |here| here.files.get(path).map(|file| Zeroizing::new(file.bytes.clone())))
            .flatten()
    }
}
