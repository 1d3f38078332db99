//! The labs of `gangplank demo`: a world in memory that takes its time, the plan that goes with it, and what
//! there is to see. The same seed gives the same names, serials, keys and times on every take.

use std::path::Path;

use super::lab::LabWorld;
use crate::host::lab::{LabError, Setup};
use crate::plan::answers::Answers;
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
    pub world: LabWorld,
    /// The plan that goes with it, as a plan file.
    pub plan_text: String,
    /// The same plan as answers.
    pub answers: Answers,
}

/// A lab as it is built in.
struct Known {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    lab: &'static str,
    plan: &'static str,
}

const LABS: [Known; 1] = [Known {
    name: "first-cluster",
    title: "three blank workers join a cluster",
    about: "Three workers have Docker and a kubelet and nothing else. Each makes its keys, the CA on its own \
            host signs them, files and units are written, containers start, and the nodes become Ready. At \
            the end DNS answers on every worker.",
    lab: include_str!("../../assets/labs/demo/first-cluster.yaml"),
    plan: include_str!("../../assets/labs/demo/first-cluster.plan.yaml"),
}];

/// Where the plan of a lab would lie on the lab's own computer; relative paths in it start there.
const PLAN_FILE: &str = "plan.yaml";

/// Names and titles of the labs.
pub fn names() -> &'static [(&'static str, &'static str)] {
    const NAMES: [(&str, &str); 1] = [(LABS[0].name, LABS[0].title)];
    &NAMES
}

/// Opens a lab. `speed` = seconds of the lab in a real one, 0 = nobody waits at all (tests); without a seed
/// no two takes are the same.
pub fn open(name: &str, speed: f64, seed: Option<u64>) -> Result<DemoLab, LabError> {
    let known = LABS
        .iter()
        .find(|known| known.name == name)
        .ok_or_else(|| LabError::Value(format!("{name}: there is no lab of this name")))?;
    let setup = Setup::read(known.lab)?;
    let world = LabWorld::new(setup.lab_of(seed)?, &setup.home);
    let home = Path::new(&setup.home);
    let loaded = yaml::load(known.plan.as_bytes(), &home.join(PLAN_FILE), Some(home))
        .map_err(|remarks| LabError::Value(remarks.iter().map(ToString::to_string).collect()))?;
    world.lab().clock().set_speed(speed);
    Ok(DemoLab {
        name: known.name,
        title: known.title,
        about: known.about,
        world,
        plan_text: known.plan.to_owned(),
        answers: loaded.answers,
    })
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
}
