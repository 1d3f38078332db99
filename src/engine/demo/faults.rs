//! Faults of a demo: what can be broken in it while somebody watches, and mended.

use super::DemoLab;
use super::thrown::{Replaced, Thrown};
use crate::lab::{Fault, LabError, LabMachine};
use crate::plan::action::sha256;
use crate::plan::runtime_fact::RuntimeKind;
use crate::profile::SSL;

/// Where a fault is thrown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultPlace {
    /// On one worker.
    Worker,
    /// On the cluster.
    Cluster,
}

/// Something that can be broken while somebody watches, and mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveFault {
    /// Its name.
    pub id: &'static str,
    /// Whether a worker has it or the cluster.
    pub place: FaultPlace,
    /// It is of this container runtime; `None` = of any.
    runtime: Option<RuntimeKind>,
    break_it: &'static str,
    mend_it: &'static str,
}

impl LiveFault {
    /// What throwing it is called: `pull worker02's cable`.
    pub fn title(&self, worker: &str) -> String {
        self.break_it.replace("{}", worker)
    }

    /// What mending it is called: `plug worker02's cable in again`.
    pub fn mend_title(&self, worker: &str) -> String {
        self.mend_it.replace("{}", worker)
    }
}

const fn of_worker(id: &'static str, break_it: &'static str, mend_it: &'static str) -> LiveFault {
    LiveFault { id, place: FaultPlace::Worker, runtime: None, break_it, mend_it }
}

const fn of_runtime(runtime: RuntimeKind, id: &'static str, words: [&'static str; 2]) -> LiveFault {
    let [break_it, mend_it] = words;
    LiveFault { id, place: FaultPlace::Worker, runtime: Some(runtime), break_it, mend_it }
}

const FAULTS: [LiveFault; 15] = [
    of_worker("cable", "pull {}'s cable", "plug {}'s cable in again"),
    of_runtime(RuntimeKind::Docker, "docker", ["stop docker on {}", "start docker on {}"]),
    of_runtime(RuntimeKind::Containerd, "containerd", ["stop containerd on {}", "start containerd on {}"]),
    of_worker("disk", "fill {}'s disk", "free space on {}'s disk"),
    of_worker("clock", "set {}'s clock back three hours", "set {}'s clock right"),
    of_worker(
        "certificate",
        "put a certificate of another CA on {}",
        "take the certificate of the other CA off {}",
    ),
    of_worker(
        "file",
        "put somebody else's kubelet configuration on {}",
        "take somebody else's kubelet configuration off {}",
    ),
    of_worker("stopped", "stop and disable the kubelet on {}", "enable and start the kubelet on {}"),
    of_worker("frozen", "freeze {}'s kubelet with a signal", "let {}'s kubelet go on after the signal"),
    of_worker("program", "delete {}'s kubelet program", "put {}'s kubelet program back"),
    of_worker("kubeconfig", "delete {}'s kubeconfig", "put {}'s kubeconfig back"),
    of_worker("key", "let everybody read {}'s key", "keep {}'s key from others again"),
    of_worker("hung", "let {}'s container runtime hang", "let {}'s container runtime go on"),
    of_worker("route", "cut {} off from the API", "let {} reach the API again"),
    LiveFault {
        id: "api",
        place: FaultPlace::Cluster,
        runtime: None,
        break_it: "take the API down",
        mend_it: "bring the API up again",
    },
];

/// The clock is set back so far, milliseconds.
const BACK: i64 = -3 * 3_600_000;
/// Where somebody else's file is put.
const FOREIGN: &str = "/var/lib/kubelet/config.yaml";
/// The kubeconfig of a worker of the labs.
const KUBECONFIG: &str = "/etc/kubernetes/worker-kubeconfig.yaml";

fn key() -> String {
    format!("{SSL}/worker.key")
}

/// Faults of the lab that are a switch of the machine: set they are the fault, taken away they are mended.
fn switches(id: &str) -> Vec<Fault> {
    match id {
        "cable" => vec![Fault::Unreachable],
        "disk" => vec![Fault::DiskFull, Fault::NoSpace],
        "clock" => vec![Fault::ClockOff(BACK)],
        "frozen" => vec![Fault::KubeletStopped],
        "program" => vec![Fault::KubeletMissing],
        "hung" => vec![Fault::RuntimeFrozen],
        "route" => vec![Fault::NoRoute],
        _ => Vec::new(),
    }
}

/// The same fault, however far a clock is off.
fn same(one: &Fault, other: &Fault) -> bool {
    one == other || matches!((one, other), (Fault::ClockOff(_), Fault::ClockOff(_)))
}

/// Whether a machine has a fault that it shows by itself, whoever made it.
fn shows(machine: &LabMachine, id: &str) -> bool {
    match id {
        "docker" | "containerd" => {
            let hangs = machine.has_fault(|fault| *fault == Fault::RuntimeFrozen);
            machine.runtime().is_some_and(|runtime| runtime.name() == id) && !machine.runtime_runs() && !hangs
        }
        "stopped" => machine.is_worker() && !machine.units.get("kubelet").is_some_and(|unit| unit.active),
        "key" => machine.files.get(&key()).is_some_and(|file| file.mode != "600"),
        // A machine that has no program of its own has none to lose.
        _ => switches(id).first().is_some_and(|fault| machine.has_fault(|one| same(one, fault))),
    }
}

impl DemoLab {
    /// What can be broken in it.
    pub fn faults(&self) -> Vec<&'static LiveFault> {
        FAULTS.iter().filter(|fault| fault.runtime.is_none_or(|runtime| self.has_runtime(runtime))).collect()
    }

    /// A worker of it has this container runtime.
    fn has_runtime(&self, runtime: RuntimeKind) -> bool {
        let lab = self.world.lab();
        lab.workers().iter().any(|name| self.runtime_of(name) == Some(runtime))
    }

    fn runtime_of(&self, worker: &str) -> Option<RuntimeKind> {
        self.world.lab().machine(worker, |machine| machine.runtime()).flatten()
    }

    /// What is broken now: a fault's name and the worker, empty for the cluster.
    pub fn broken(&self) -> Vec<(&'static str, String)> {
        let lab = self.world.lab();
        let mut all = Vec::new();
        for worker in lab.workers() {
            // Whatever the lab itself began with is mended like what was thrown.
            let off = lab.machine(&worker, |machine| FAULTS.map(|fault| shows(machine, fault.id)));
            let off = FAULTS.iter().zip(off.into_iter().flatten()).filter(|(_, is)| *is);
            all.extend(off.map(|(fault, _)| (fault.id, worker.clone())));
        }
        // A file that somebody replaced since is mended.
        let is_there = |worker: &str, file: &Replaced| {
            lab.machine(worker, |machine| machine.hash(&file.path)).flatten() == file.put
        };
        let list = self.list();
        let there = list.iter().filter(|one| one.files.iter().any(|file| is_there(&one.worker, file)));
        all.extend(there.map(|thrown| (thrown.id, thrown.worker.clone())));
        if lab.cluster_state(|cluster| cluster.calls_left == Some(0)) {
            all.push(("api", String::new()));
        }
        all
    }

    /// Breaks something; `false` = there is no such fault or worker, nothing of it is there to be broken, or it is broken
    /// already. The worker does not matter for a fault of the cluster.
    pub fn throw(&self, id: &str, worker: &str) -> Result<bool, LabError> {
        let lab = self.world.lab();
        let Some(fault) = FAULTS.iter().find(|fault| fault.id == id) else { return Ok(false) };
        let worker = if fault.place == FaultPlace::Cluster { "" } else { worker };
        let known = fault.place == FaultPlace::Cluster || lab.workers().iter().any(|name| name == worker);
        let other = fault.runtime.is_some_and(|runtime| self.runtime_of(worker) != Some(runtime));
        let there = match fault.id {
            "stopped" | "frozen" | "kubeconfig" | "key" => {
                lab.machine(worker, |machine| machine.is_worker()).unwrap_or(false)
            }
            _ => true,
        };
        if !known || other || !there || self.is_broken(id, worker) {
            return Ok(false);
        }
        let paths = match fault.id {
            "certificate" => vec![format!("{SSL}/worker.crt"), key()],
            "file" => vec![FOREIGN.to_owned()],
            "kubeconfig" => vec![KUBECONFIG.to_owned()],
            _ => Vec::new(),
        };
        let before: Vec<_> = paths
            .iter()
            .map(|path| lab.machine(worker, |machine| machine.files.get(path).cloned()).flatten())
            .collect();
        match fault.id {
            // Connections that are open end too.
            "cable" => lab.pull_cable(worker),
            "docker" | "containerd" => lab.turn_runtime(worker, false),
            "certificate" => lab.foreign_certificate(worker)?,
            "file" => lab.fault(worker, Fault::ForeignFile(FOREIGN.to_owned())),
            "stopped" => lab.turn_kubelet(worker, false),
            "kubeconfig" => {
                lab.machine(worker, |machine| machine.files.remove(KUBECONFIG));
            }
            "key" => self.set_mode(worker, "644"),
            "api" => lab.set_api_calls(Some(0)),
            id => switches(id).into_iter().for_each(|fault| lab.fault(worker, fault)),
        }
        let files = paths.into_iter().zip(before).map(|(path, before)| {
            let put = lab.machine(worker, |machine| machine.hash(&path)).flatten();
            Replaced { path, before, put }
        });
        // A key that was kept is not of the fault.
        let is_new = |file: &Replaced| file.before.as_ref().map(|file| sha256(&file.bytes)) != file.put;
        let files = files.filter(is_new).collect();
        self.list().push(Thrown { id: fault.id, worker: worker.to_owned(), files });
        Ok(true)
    }

    /// Whether this is broken there.
    pub fn is_broken(&self, id: &str, worker: &str) -> bool {
        self.broken().iter().any(|(one, name)| *one == id && name == worker)
    }

    fn set_mode(&self, worker: &str, mode: &str) {
        self.world.lab().machine(worker, |machine| {
            if let Some(file) = machine.files.get_mut(&key()) {
                mode.clone_into(&mut file.mode);
            }
        });
    }

    /// Mends one thing; what was wrong from the beginning is mended too.
    pub fn mend_one(&self, id: &str, worker: &str) {
        let lab = self.world.lab();
        let thrown = {
            let mut list = self.list();
            let at = list.iter().position(|thrown| thrown.id == id && thrown.worker == worker);
            at.map(|at| list.remove(at))
        };
        match id {
            "docker" | "containerd" => {
                lab.mend_one(worker, |fault| *fault == Fault::RuntimeDown);
                lab.turn_runtime(worker, true);
            }
            "stopped" => lab.turn_kubelet(worker, true),
            "key" => self.set_mode(worker, "600"),
            "api" => lab.set_api_calls(None),
            id => {
                for fault in switches(id) {
                    lab.mend_one(worker, |one| same(one, &fault));
                }
            }
        }
        for file in thrown.map(|thrown| thrown.files).unwrap_or_default() {
            lab.machine(worker, |machine| match file.before {
                // What somebody wrote since stays.
                _ if machine.hash(&file.path) != file.put => None,
                Some(before) => machine.files.insert(file.path, before),
                None => machine.files.remove(&file.path),
            });
        }
    }

    /// Mends everything that is wrong with a worker; the empty name = with the cluster.
    pub fn mend(&self, worker: &str) {
        for (id, name) in self.broken() {
            if name == worker {
                self.mend_one(id, &name);
            }
        }
    }

    /// Breaks one thing on one worker that is mended already, drawn by a seed or by chance.
    pub(super) fn surprise(&self, seed: Option<u64>) -> Result<(), LabError> {
        let workers = self.workers();
        let faults: Vec<_> =
            self.faults().into_iter().filter(|fault| fault.place == FaultPlace::Worker).collect();
        let pairs: Vec<_> =
            faults.iter().flat_map(|fault| workers.iter().map(move |worker| (fault.id, worker))).collect();
        let drawn = seed.unwrap_or_else(|| {
            use std::hash::{BuildHasher, Hasher};
            std::collections::hash_map::RandomState::new().build_hasher().finish()
        });
        let drawn = sha256(format!("surprise {drawn}").as_bytes());
        let drawn = drawn.get(..8).and_then(|hex| usize::from_str_radix(hex, 16).ok()).unwrap_or(0);
        // One that cannot be thrown there gives way to the next.
        for turn in 0..pairs.len() {
            let at = drawn.wrapping_add(turn).checked_rem(pairs.len()).unwrap_or(0);
            if let Some((id, worker)) = pairs.get(at)
                && self.throw(id, worker)?
            {
                return Ok(());
            }
        }
        Err(LabError::Value("a surprise where nothing can be broken".to_owned()))
    }
}
