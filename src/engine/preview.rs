//! Looking without touching: what `gangplank plan` shows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::run::Engine;
use crate::engine::cluster::facts::SharedFacts;
use crate::engine::inspect::{PlacePreview, StepOutcome, WorkSite, look_all};
use crate::engine::sync::Gate;
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Facts};
use crate::plan::model::Worker;
use crate::plan::place::Place;
use crate::plan::problem::Problem;
use crate::step::{self, On, PlaceView, StepInput};

/// A worker nothing is known of.
fn nothing_seen(worker: &Worker) -> PlacePreview {
    PlacePreview {
        place: Place::Worker(worker.name.clone()),
        host: worker.ssh.to_string(),
        looked: Vec::new(),
        facts: Facts::default(),
        problem: None,
        asked_ms: 0,
        unknown: false,
        notes: Vec::new(),
    }
}

impl Engine<'_> {
    /// Looks at every place and changes nothing.
    pub fn preview(&self) -> Result<Vec<PlacePreview>, Problem> {
        let login = Gate::default();
        let shared = SharedFacts::learn(self.plan, self.world, false, &self.options.made, &login)?;
        shared.fits(self.plan)?;
        let mut seen = self.inspect_workers(&shared, &|_| Vec::new());
        let mut host = self.world.local();
        let site = WorkSite {
            place: Place::Local,
            worker: None,
            on: On::Local,
            host: host.as_mut(),
            facts: shared.local.facts.clone(),
            asked_ms: 0,
            slots: None,
            repaired: None,
        };
        let looked = look_all(self.plan, self.world, &shared, &site);
        seen.push(PlacePreview {
            place: Place::Local,
            host: "this computer".to_owned(),
            looked,
            facts: shared.local.facts.clone(),
            problem: None,
            asked_ms: 0,
            unknown: false,
            notes: Vec::new(),
        });
        seen.push(self.peek_cluster(&shared));
        Ok(seen)
    }

    /// What is found of each worker, in the plan's order, so many at a time as may be worked on at once; `None` = it ended
    /// in a panic.
    pub(super) fn each_worker<T: Send>(&self, one: &(dyn Fn(&Worker) -> T + Sync)) -> Vec<Option<T>> {
        let workers = self.workers();
        let next = AtomicUsize::new(0);
        let seen: Vec<Mutex<Option<T>>> = workers.iter().map(|_| Mutex::new(None)).collect();
        let look = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let (Some(worker), Some(place)) = (workers.get(index), seen.get(index)) else { return };
                let found = catch_unwind(AssertUnwindSafe(|| one(worker)));
                *place.lock().unwrap_or_else(PoisonError::into_inner) = found.ok();
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..self.options.jobs.clamp(1, workers.len().max(1)) {
                scope.spawn(look);
            }
        });
        seen.into_iter().map(|place| place.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
    }

    /// Every worker looked at; one whose look ends in a panic is there with that as its problem. `more` is asked beside
    /// what the steps want to know.
    pub(super) fn inspect_workers(
        &self,
        shared: &SharedFacts,
        more: &(dyn Fn(&Worker) -> Vec<FactQuery> + Sync),
    ) -> Vec<PlacePreview> {
        let ended = |worker: &Worker| {
            let mut seen = nothing_seen(worker);
            let problem =
                Problem::new(ProblemCode::Bug04, format!("{}: looking at it ended early", seen.place));
            seen.problem = Some(problem.seen("nothing is known of it"));
            seen
        };
        let seen = self.each_worker(&|worker| self.inspect(shared, worker, &more(worker)));
        seen.into_iter()
            .zip(&self.workers())
            .map(|(place, worker)| place.unwrap_or_else(|| ended(worker)))
            .collect()
    }

    fn inspect(&self, shared: &SharedFacts, worker: &Worker, more: &[FactQuery]) -> PlacePreview {
        let mut seen = nothing_seen(worker);
        let place = seen.place.clone();
        let mut host = match self.world.host(&place, &worker.ssh) {
            Ok(host) => host,
            Err(trouble) => {
                seen.problem = Some(trouble.problem(&place));
                return seen;
            }
        };
        let mut site = WorkSite {
            place,
            worker: Some(worker),
            on: On::Worker,
            host: host.as_mut(),
            facts: Facts::default(),
            asked_ms: 0,
            slots: None,
            repaired: None,
        };
        match self.first_look(&mut site, more) {
            Ok(()) => seen.looked = look_all(self.plan, self.world, shared, &site),
            Err(problem) => seen.problem = Some(problem),
        }
        seen.asked_ms = site.asked_ms;
        seen.facts = site.facts;
        seen
    }

    fn peek_cluster(&self, shared: &SharedFacts) -> PlacePreview {
        let nothing = Facts::default();
        let looked = step::steps(On::Cluster)
            .map(|step| {
                let place = PlaceView { worker: None, facts: &nothing, asked_ms: 0, repaired: false };
                let cx = StepInput::new(self.plan, place, shared.view(self.world.now()), &[]);
                StepOutcome { step, state: step.look(&cx), verdicts: Vec::new() }
            })
            .collect();
        // With an offline CA nobody is known before the run, which is as it should be.
        let unknown = shared.cluster.nodes.is_none() && !shared.signer.is_offline();
        let problem = unknown.then(|| {
            Problem::new(ProblemCode::Api23, "what is in the cluster is not known")
                .seen(shared.cluster.nodes_why.clone())
        });
        PlacePreview {
            place: Place::Cluster,
            host: self.plan.cluster.api.url(),
            looked,
            facts: nothing,
            problem,
            asked_ms: 0,
            unknown: shared.cluster.nodes.is_none(),
            notes: shared.notes.clone(),
        }
    }
}
