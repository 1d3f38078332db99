//! The labs of `gangplank demo`: a world in memory that takes its time, the plan that goes with it, what there
//! is to see, and faults to throw while somebody watches. The same seed gives the same names, serials, keys and
//! times on every take; only on which of two equally fast workers a DNS pod lands may differ.
//!
//! A lab is two files in `assets/labs/demo`: `NAME.yaml`, a [`LabSetup`], and `NAME.plan.yaml`, an ordinary plan.
//! A setup may have a `past`: entries with `days_ago` and `hours_ago`, oldest first, that onboard workers,
//! renew the API's certificate, stop docker or put a clock off. It is played when the lab is opened, onboarding
//! by the real engine at the lab's own time of then, so that files, records, nodes and certificates are those
//! that the product leaves behind. `cut_sending` on a worker loses its connection once, half way through the
//! first large file. `assets/labs/*.yaml` beside that folder are the labs of the tests.
//!
//! At speed 1 three blank workers take half a minute. [`DemoLab::pause`] holds everybody who waits: a paused
//! lab must go on before its run is waited for.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::event::{Front, Stamped};
use super::exit::ExitCode;
use super::options::RunOptions;
use super::run::Engine;
use crate::engine::world::scripted::LabWorld;
use crate::host::Stop;
use crate::lab::{Fault, LabError, LabFile, LabSetup};
use crate::plan::action::sha256;
use crate::plan::answers::Answers;
use crate::plan::model::Plan;
use crate::plan::runtime_fact::RuntimeKind;
use crate::plan::yaml;
use crate::profile::SSL;

/// A demo lab, running.
pub struct DemoLab {
    /// Its name: `first-cluster`.
    pub name: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// What will be seen, in two or three sentences.
    pub about: &'static str,
    /// The world the engine runs over.
    pub world: std::sync::Arc<LabWorld>,
    /// The plan that goes with it, as a plan file.
    pub plan_text: String,
    /// The same plan as answers.
    pub answers: Answers,
    thrown: Mutex<Vec<Thrown>>,
}

/// A lab as it is built in.
struct BuiltInLab {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    lab: &'static str,
    plan: &'static str,
}

const LABS: [BuiltInLab; 4] = [
    BuiltInLab {
        name: "first-cluster",
        title: "three blank workers join a cluster",
        about: "Three workers have Docker and a kubelet and nothing else. Each makes its keys, the CA on its own \
                host signs them, files and units are written, containers start, and the nodes become Ready. At \
                the end DNS answers on every worker.",
        lab: include_str!("../../assets/labs/demo/first-cluster.yaml"),
        plan: include_str!("../../assets/labs/demo/first-cluster.plan.yaml"),
    },
    BuiltInLab {
        name: "failed-worker",
        title: "three workers that failed come back",
        about: "The workers were onboarded before and are NotReady: the clock of worker01 is three hours late, the \
                certificates of worker02 have ended, Docker is stopped on worker03. Each is looked at, and only \
                what differs is proposed. Mend the clock and Docker from the command menu, run it again, and \
                all three are Ready.",
        lab: include_str!("../../assets/labs/demo/failed-worker.yaml"),
        plan: include_str!("../../assets/labs/demo/failed-worker.plan.yaml"),
    },
    BuiltInLab {
        name: "cable-pull",
        title: "a connection is lost in the middle of the work",
        about: "Images are sent to three blank workers, and the connection to worker02 is lost half way. The other \
                two are not disturbed and become Ready. A retry finds them as they should be and finishes \
                worker02.",
        lab: include_str!("../../assets/labs/demo/cable-pull.yaml"),
        plan: include_str!("../../assets/labs/demo/cable-pull.plan.yaml"),
    },
    BuiltInLab {
        name: "current",
        title: "three workers of today: containerd, Kubernetes 1.37",
        about: "Three workers have a kubelet of 1.37 and containerd: 2.4 without a configuration, 1.6 as Debian ships \
                it with cgroups by systemd, and 2.4 with a packaged file that takes CRI off and keeps every kubelet \
                out. Where it must, containerd's configuration is changed and containerd restarted; the nodes \
                become Ready, and CoreDNS answers on every worker.",
        lab: include_str!("../../assets/labs/demo/current.yaml"),
        plan: include_str!("../../assets/labs/demo/current.plan.yaml"),
    },
];

/// Where the plan of a lab would lie on the lab's own computer; relative paths in it start there.
const PLAN_FILE: &str = "plan.yaml";

/// Names and titles of the labs.
pub fn names() -> &'static [(&'static str, &'static str)] {
    const NAMES: [(&str, &str); LABS.len()] = [
        (LABS[0].name, LABS[0].title),
        (LABS[1].name, LABS[1].title),
        (LABS[2].name, LABS[2].title),
        (LABS[3].name, LABS[3].title),
    ];
    &NAMES
}

/// Opens a lab. `pace` = seconds of the lab in a real one, 0 = nobody waits at all (tests); without a seed
/// no two takes are the same.
pub fn open(name: &str, pace: f64, seed: Option<u64>) -> Result<DemoLab, LabError> {
    let known = LABS
        .iter()
        .find(|known| known.name == name)
        .ok_or_else(|| LabError::Value(format!("{name}: there is no lab of this name")))?;
    let setup = LabSetup::read(known.lab)?;
    let world = LabWorld::new(setup.lab_of(seed)?, &setup.home);
    let home = Path::new(&setup.home);
    let loaded = yaml::load(known.plan.as_bytes(), &home.join(PLAN_FILE), Some(home))
        .map_err(|remarks| LabError::Value(remarks.iter().map(ToString::to_string).collect()))?;
    play(&setup, &world, &loaded.plan)?;
    world.lab().clock().set_speed(pace);
    Ok(DemoLab {
        name: known.name,
        title: known.title,
        about: known.about,
        world: std::sync::Arc::new(world),
        plan_text: known.plan.to_owned(),
        answers: loaded.answers,
        thrown: Mutex::default(),
    })
}

/// Plays what happened in a lab before it is seen; onboarding is done by the real engine.
fn play(setup: &LabSetup, world: &LabWorld, plan: &Plan) -> Result<(), LabError> {
    let lab = world.lab();
    for past in &setup.past {
        lab.leap_to(setup.when(past));
        if past.renew_api {
            setup.renew_api(lab)?;
        }
        if !past.onboard.is_empty() {
            onboard(world, plan, &past.onboard)?;
        }
        for worker in &past.stop_docker {
            lab.turn_runtime(worker, false);
        }
        for (worker, minutes) in &past.clock_off {
            lab.fault(worker, Fault::ClockOff(minutes.saturating_mul(60_000)));
        }
    }
    lab.leap_to(setup.clock);
    Ok(())
}

/// Nobody watches the past.
struct Nobody;

impl Front for Nobody {
    fn emit(&self, _: &Stamped) {}
}

fn onboard(world: &LabWorld, plan: &Plan, workers: &[String]) -> Result<(), LabError> {
    let run = format!("{}-1", world.lab().clock().now().strftime("%Y%m%dT%H%M%SZ"));
    let stop = Stop::default();
    let options = RunOptions { jobs: workers.len(), only: workers.to_vec(), ..RunOptions::new(&run, &stop) };
    match Engine::new(plan, world, &Nobody, options).apply() {
        ExitCode::Done => Ok(()),
        code => Err(LabError::Value(format!(
            "{}: onboarded with exit code {}",
            workers.join(", "),
            code.number()
        ))),
    }
}

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

const FAULTS: [LiveFault; 8] = [
    LiveFault {
        id: "cable",
        place: FaultPlace::Worker,
        runtime: None,
        break_it: "pull {}'s cable",
        mend_it: "plug {}'s cable in again",
    },
    LiveFault {
        id: "docker",
        place: FaultPlace::Worker,
        runtime: Some(RuntimeKind::Docker),
        break_it: "stop docker on {}",
        mend_it: "start docker on {}",
    },
    LiveFault {
        id: "containerd",
        place: FaultPlace::Worker,
        runtime: Some(RuntimeKind::Containerd),
        break_it: "stop containerd on {}",
        mend_it: "start containerd on {}",
    },
    LiveFault {
        id: "disk",
        place: FaultPlace::Worker,
        runtime: None,
        break_it: "fill {}'s disk",
        mend_it: "free space on {}'s disk",
    },
    LiveFault {
        id: "clock",
        place: FaultPlace::Worker,
        runtime: None,
        break_it: "set {}'s clock back three hours",
        mend_it: "set {}'s clock right",
    },
    LiveFault {
        id: "certificate",
        place: FaultPlace::Worker,
        runtime: None,
        break_it: "put a certificate of another CA on {}",
        mend_it: "take the certificate of the other CA off {}",
    },
    LiveFault {
        id: "file",
        place: FaultPlace::Worker,
        runtime: None,
        break_it: "put somebody else's kubelet configuration on {}",
        mend_it: "take somebody else's kubelet configuration off {}",
    },
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

/// A fault that was thrown.
struct Thrown {
    id: &'static str,
    worker: String,
    files: Vec<Replaced>,
}

/// A file that a fault put somewhere.
struct Replaced {
    path: String,
    /// What was there before.
    before: Option<LabFile>,
    /// What the fault put there.
    put: Option<String>,
}

impl DemoLab {
    /// Changes how fast the lab's clock goes.
    pub fn set_speed(&self, speed: f64) {
        self.world.lab().clock().set_speed(speed);
    }

    /// Stops the lab's clock and whoever waits for it, or lets it go on.
    pub fn pause(&self, paused: bool) {
        self.world.lab().clock().pause(paused);
    }

    /// The names of the workers there are.
    pub fn workers(&self) -> Vec<String> {
        self.world.lab().workers()
    }

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

    fn list(&self) -> MutexGuard<'_, Vec<Thrown>> {
        self.thrown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is broken now: a fault's name and the worker, empty for the cluster.
    pub fn broken(&self) -> Vec<(&'static str, String)> {
        let lab = self.world.lab();
        let mut all = Vec::new();
        for worker in lab.workers() {
            let off = lab.machine(&worker, |machine| {
                // Whatever the lab itself began with is mended like what was thrown.
                let clock = machine.has_fault(|fault| matches!(fault, Fault::ClockOff(_)));
                let cable = machine.has_fault(|fault| *fault == Fault::Unreachable);
                let disk = machine.has_fault(|fault| *fault == Fault::DiskFull);
                let runtime = machine.runtime().map_or("", RuntimeKind::name);
                [("cable", cable), (runtime, !machine.runtime_runs()), ("disk", disk), ("clock", clock)]
            });
            let off = off.into_iter().flatten().filter(|(_, is)| *is);
            all.extend(off.map(|(id, _)| (id, worker.clone())));
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

    /// Breaks something; `false` = there is no such fault or worker, or it is broken already. The worker does
    /// not matter for a fault of the cluster.
    pub fn throw(&self, id: &str, worker: &str) -> Result<bool, LabError> {
        let lab = self.world.lab();
        let Some(fault) = FAULTS.iter().find(|fault| fault.id == id) else { return Ok(false) };
        let worker = if fault.place == FaultPlace::Cluster { "" } else { worker };
        let known = fault.place == FaultPlace::Cluster || lab.workers().iter().any(|name| name == worker);
        let other = fault.runtime.is_some_and(|runtime| self.runtime_of(worker) != Some(runtime));
        if !known || other || self.broken().iter().any(|(other, name)| *other == id && name == worker) {
            return Ok(false);
        }
        let paths = match fault.id {
            "certificate" => vec![format!("{SSL}/worker.crt"), format!("{SSL}/worker.key")],
            "file" => vec![FOREIGN.to_owned()],
            _ => Vec::new(),
        };
        let before: Vec<_> = paths
            .iter()
            .map(|path| lab.machine(worker, |machine| machine.files.get(path).cloned()).flatten())
            .collect();
        match fault.id {
            "cable" => lab.pull_cable(worker),
            "docker" | "containerd" => lab.turn_runtime(worker, false),
            "disk" => {
                lab.fault(worker, Fault::DiskFull);
                lab.fault(worker, Fault::NoSpace);
            }
            "clock" => lab.fault(worker, Fault::ClockOff(BACK)),
            "certificate" => lab.foreign_certificate(worker)?,
            "file" => lab.fault(worker, Fault::ForeignFile(FOREIGN.to_owned())),
            _ => lab.set_api_calls(Some(0)),
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

    /// Mends one thing; what was wrong from the beginning is mended too.
    pub fn mend_one(&self, id: &str, worker: &str) {
        let lab = self.world.lab();
        let thrown = {
            let mut list = self.list();
            let at = list.iter().position(|thrown| thrown.id == id && thrown.worker == worker);
            at.map(|at| list.remove(at))
        };
        match id {
            "cable" => lab.mend_one(worker, |fault| *fault == Fault::Unreachable),
            "docker" | "containerd" => {
                lab.mend_one(worker, |fault| *fault == Fault::RuntimeDown);
                lab.turn_runtime(worker, true);
            }
            "disk" => lab.mend_one(worker, |fault| matches!(fault, Fault::DiskFull | Fault::NoSpace)),
            "clock" => lab.mend_one(worker, |fault| matches!(fault, Fault::ClockOff(_))),
            "api" => lab.set_api_calls(None),
            _ => {}
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
}
