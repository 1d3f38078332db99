//! A repair: the few actions a problem offers, carried out on its place alone. They are journaled and recorded for
//! undo like all others; what the place still needs is for the next run to find out.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use super::event::{Event, TaskOutcome};
use super::exit::ExitCode;
use super::repaired::RepairedAt;
use super::run::{Engine, Worked};
use crate::engine::cluster::login::SignIn;
use crate::engine::inspect::WorkSite;
use crate::host::Host;
use crate::plan::action::Action;
use crate::plan::code::ProblemCode;
use crate::plan::fact::Facts;
use crate::plan::place::Place;
use crate::plan::problem::Problem;
use crate::step::{On, StepId};

const REPAIR: StepId = StepId::REPAIR;

impl Engine<'_> {
    /// When a repair of this run changed a place.
    pub(crate) fn repaired_at(&self, place: &Place) -> Option<RepairedAt> {
        self.repaired.lock().unwrap_or_else(PoisonError::into_inner).get(place).copied()
    }

    /// Carries a repair out; the exit code.
    pub fn repair(&self, place: &Place, actions: &[Action]) -> ExitCode {
        let failed = |problem: Problem| {
            self.fail(place, Some(REPAIR), problem);
            ExitCode::Problem
        };
        if !actions.is_empty() && actions.iter().all(|action| matches!(action, Action::KubeApply { .. })) {
            return self.repair_cluster(place, actions);
        }
        let worker = self.plan.workers.iter().find(|worker| *place == Place::Worker(worker.name.clone()));
        let host: Result<Box<dyn Host>, Problem> = match (place, worker) {
            (Place::Local, _) => Ok(self.world.local()),
            (_, Some(worker)) => {
                self.world.host(place, &worker.ssh).map_err(|trouble| trouble.problem(place))
            }
            (_, None) => {
                Err(Problem::new(ProblemCode::Bug06, format!("there is nothing to repair on {place}")))
            }
        };
        let mut host = match host {
            Ok(host) => host,
            Err(problem) => return failed(problem),
        };
        let mut site = WorkSite {
            place: place.clone(),
            worker,
            on: if worker.is_some() { On::Worker } else { On::Local },
            host: host.as_mut(),
            facts: Facts::default(),
            asked_ms: 0,
            slots: None,
            repaired: None,
        };
        if self.options.stop.wanted() {
            self.events.tell(place, Some(REPAIR), Event::TaskEnded { outcome: TaskOutcome::Stopped });
            return ExitCode::Stopped;
        }
        let batch: Vec<(StepId, Action)> = actions.iter().map(|action| (REPAIR, action.clone())).collect();
        let mut carried = Worked::default();
        let good = self.send(&mut site, &batch, Vec::new(), &mut BTreeMap::new(), &mut carried);
        if let Some(ended_ms) = carried.ended_ms {
            let mut all = self.repaired.lock().unwrap_or_else(PoisonError::into_inner);
            let started_ms =
                carried.started_ms.or_else(|| all.get(place).and_then(|before| before.started_ms));
            all.insert(place.clone(), RepairedAt { started_ms, ended_ms });
        }
        match (good, carried.stopped) {
            (true, _) => ExitCode::Done,
            (false, true) => ExitCode::Stopped,
            (false, false) => ExitCode::Problem,
        }
    }

    /// A repair of the cluster, whichever place showed that it is needed.
    fn repair_cluster(&self, place: &Place, actions: &[Action]) -> ExitCode {
        if self.options.stop.wanted() {
            self.events.tell(place, Some(REPAIR), Event::TaskEnded { outcome: TaskOutcome::Stopped });
            return ExitCode::Stopped;
        }
        let entered = SignIn::default().enter(self.plan, self.world, self.world.cluster(), true);
        let done = match entered {
            Ok(()) => self.kube(place, REPAIR, actions),
            Err(why) => Err(Problem::new(ProblemCode::Api23, "the API does not know us").seen(why)),
        };
        match done {
            Ok(true) => ExitCode::Done,
            Ok(false) => {
                self.events.tell(place, Some(REPAIR), Event::TaskEnded { outcome: TaskOutcome::Stopped });
                ExitCode::Stopped
            }
            Err(problem) => {
                self.fail(place, Some(REPAIR), problem);
                ExitCode::Problem
            }
        }
    }
}
