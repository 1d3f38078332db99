//! Every step of a place looks, in order, each knowing what the earlier ones would do.

use serde::{Deserialize, Serialize};

use crate::engine::cluster::facts::SharedFacts;
use crate::engine::repaired::RepairedAt;
use crate::engine::run::failure::not_safe;
use crate::engine::sync::Slots;
use crate::engine::world::World;
use crate::host::Host;
use crate::plan::action::Action;
use crate::plan::fact::Facts;
use crate::plan::model::{Plan, Worker};
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy, Verdict};
use crate::step::{self, On, PlaceView, Step, StepInput, StepState};

/// A step of the catalogue.
pub type StepRef = &'static dyn Step;

/// A step is written as its id and read from the catalogue.
mod by_id {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::StepRef;
    use crate::step::CATALOGUE;

    pub(super) fn serialize<S: Serializer>(step: &StepRef, serializer: S) -> Result<S::Ok, S::Error> {
        step.id().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StepRef, D::Error> {
        let id = String::deserialize(deserializer)?;
        let known = CATALOGUE.iter().find(|step| step.id().0 == id);
        known.copied().ok_or_else(|| D::Error::custom(format!("there is no step {id}")))
    }
}

/// A step that was looked at.
#[derive(Clone, Serialize, Deserialize)]
pub struct StepOutcome {
    /// The step of the catalogue.
    #[serde(with = "by_id")]
    pub step: StepRef,
    /// What it found.
    pub state: StepState,
    /// Its remarks.
    pub verdicts: Vec<Verdict>,
}

impl StepOutcome {
    /// What it would change.
    pub fn actions(&self) -> &[Action] {
        match &self.state {
            StepState::Todo(actions) => actions,
            StepState::Done(_) | StepState::Await(_) | StepState::Blocked(_) => &[],
        }
    }

    /// What is in the way: its own refusal, or a remark that stops.
    pub fn blocked(&self) -> Option<&Problem> {
        if let StepState::Blocked(problem) = &self.state {
            return Some(problem);
        }
        self.verdicts.iter().find_map(|verdict| match verdict {
            Verdict::Stops(problem) => Some(problem),
            Verdict::Ok { .. } | Verdict::Warning { .. } => None,
        })
    }
}

/// A place that was only looked at.
#[derive(Clone, Serialize, Deserialize)]
pub struct PlacePreview {
    /// The queue of work that was looked at.
    pub place: Place,
    /// How it is reached: `root@10.0.0.1`, the API's address, or "this computer".
    pub host: String,
    /// Each step, in order.
    pub looked: Vec<StepOutcome>,
    /// What is known of it, for undo and risk.
    pub facts: Facts,
    /// Why it could not be looked at.
    pub problem: Option<Problem>,
    /// When its facts were asked for, by this computer's clock, milliseconds since 1970; 0 = it is not known.
    #[serde(default)]
    pub asked_ms: i64,
    /// Nothing of it can be seen before this run is under way.
    pub unknown: bool,
    /// Things worth saying.
    pub notes: Vec<String>,
}

impl PlacePreview {
    /// What is in the way of it: why it could not be looked at, or the first step that cannot go on.
    pub fn blocked(&self) -> Option<&Problem> {
        self.problem.as_ref().or_else(|| self.looked.iter().find_map(StepOutcome::blocked))
    }
}

/// One place being worked on.
pub struct WorkSite<'s> {
    /// The queue of work it is.
    pub place: Place,
    /// The worker, when it is one.
    pub worker: Option<&'s Worker>,
    /// Its queue.
    pub on: On,
    /// The machine.
    pub host: &'s mut dyn Host,
    /// What is known of it.
    pub facts: Facts,
    /// When that was asked, milliseconds.
    pub asked_ms: i64,
    /// Where its slot comes from, when it holds one.
    pub slots: Option<&'s Slots>,
    /// When a repair of this run changed it.
    pub repaired: Option<RepairedAt>,
}

impl WorkSite<'_> {
    /// What a step sees of this place.
    pub fn view(&self) -> PlaceView<'_> {
        PlaceView {
            worker: self.worker,
            facts: &self.facts,
            asked_ms: self.asked_ms,
            repaired: self.repaired.is_some(),
        }
    }
}

/// A step that would write where somebody else could change it is in the way.
fn written_safely(site: &WorkSite, state: StepState) -> StepState {
    let StepState::Todo(actions) = &state else { return state };
    let first = actions.iter().find_map(|action| Some((action, site.facts.unsafe_way(action.path()?)?)));
    match first {
        Some((action, why)) => StepState::Blocked(not_safe(&site.place, action, &why).way(Remedy::Retry)),
        None => state,
    }
}

/// Looks at all steps of a queue; ends at a step that is in the way, and behind one whose actions change what
/// the later ones must know.
pub fn look_all(plan: &Plan, world: &dyn World, shared: &SharedFacts, site: &WorkSite) -> Vec<StepOutcome> {
    let mut queued: Vec<Action> = Vec::new();
    let mut all = Vec::new();
    for step in step::steps(site.on) {
        let cx = StepInput::new(plan, site.view(), shared.view(world.now()), &queued);
        let state = written_safely(site, step.look(&cx));
        let looked = StepOutcome { step, state, verdicts: step.verdicts(&cx) };
        let actions = looked.actions().to_vec();
        let barrier = step.barrier() && !actions.is_empty();
        // A machine that cannot be worked on at all makes every later remark noise.
        let hopeless =
            looked.blocked().is_some() && step.barrier() || matches!(looked.state, StepState::Blocked(_));
        queued.extend(actions);
        all.push(looked);
        if barrier || hopeless {
            break;
        }
    }
    all
}
