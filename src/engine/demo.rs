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

pub mod faults;
mod thrown;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use thrown::Thrown;

use super::event::{Front, Stamped};
use super::exit::ExitCode;
use super::options::RunOptions;
use super::run::Engine;
use crate::engine::world::World;
use crate::engine::world::scripted::LabWorld;
use crate::host::Stop;
use crate::lab::{Fault, LabError, LabSetup};
use crate::plan::answers::Answers;
use crate::plan::model::Plan;
use crate::plan::yaml;

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
    /// One thing is broken in it, and nobody is told what.
    pub surprise: bool,
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
        surprise: false,
        thrown: Mutex::default(),
    })
}

/// Opens a lab as an exercise: every worker has joined and is well, but for one thing that is broken on one of them.
pub fn open_with_surprise(name: &str, pace: f64, seed: Option<u64>) -> Result<DemoLab, LabError> {
    let lab = open(name, 0.0, seed)?;
    for worker in lab.workers() {
        lab.mend(&worker);
    }
    let home = lab.world.home();
    let home = Path::new(&home);
    let loaded = yaml::load(lab.plan_text.as_bytes(), &home.join(PLAN_FILE), Some(home))
        .map_err(|remarks| LabError::Value(remarks.iter().map(ToString::to_string).collect()))?;
    onboard(&lab.world, &loaded.plan, &lab.workers())?;
    lab.world.lab().advance(HOUR);
    lab.surprise(seed)?;
    lab.world.lab().advance(HOUR);
    lab.world.lab().clock().set_speed(pace);
    Ok(DemoLab {
        title: "something is broken on one of three workers: what?",
        about: "Every worker had joined and was well. Then one thing was broken on one of them, and nothing here says \
                which. Find it, and bring the worker back: with the repair, or, where that is for a person at the \
                machine, from the command menu, whose entries that begin with demo do what a person would do there.",
        surprise: true,
        ..lab
    })
}

/// So long a worker has been well before it is broken, and broken before somebody looks.
const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);

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

    fn list(&self) -> MutexGuard<'_, Vec<Thrown>> {
        self.thrown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
