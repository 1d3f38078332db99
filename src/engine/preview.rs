//! Looking without touching: what `gangplank plan` shows.

use super::run::{Engine, login_text};
use crate::engine::cluster::facts::{Gate, SharedFacts};
use crate::engine::inspect::{StepOutcome, WorkSite, look_all};
use crate::plan::fact::Facts;
use crate::plan::model::Worker;
use crate::plan::place::Place;
use crate::plan::problem::Problem;
use crate::step::{self, On, PlaceView, StepInput};

/// A place that was only looked at.
#[derive(Clone)]
pub struct PlacePreview {
    /// Where.
    pub place: Place,
    /// `root@10.0.0.1:22`.
    pub host: String,
    /// Each step, in order.
    pub looked: Vec<StepOutcome>,
    /// What is known of it, for undo and risk.
    pub facts: Facts,
    /// Why it could not be looked at.
    pub problem: Option<Problem>,
    /// Nothing of it can be seen before this run is under way.
    pub unknown: bool,
    /// Things worth saying.
    pub notes: Vec<String>,
}

impl Engine<'_> {
    /// Looks at every place and changes nothing.
    pub fn preview(&self) -> Result<Vec<PlacePreview>, Problem> {
        let login = Gate::default();
        let base = SharedFacts::learn(self.plan, self.world, false, &self.options.made, &login)?;
        let mut seen: Vec<PlacePreview> = std::thread::scope(|scope| {
            let base = &base;
            let threads: Vec<_> = self
                .workers()
                .into_iter()
                .map(|worker| scope.spawn(move || self.inspect(base, worker)))
                .collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
        });
        let mut host = self.world.local();
        let site = WorkSite {
            place: Place::Local,
            worker: None,
            on: On::Local,
            host: host.as_mut(),
            facts: base.local.clone(),
            asked_ms: 0,
            slots: None,
        };
        let looked = look_all(self.plan, self.world, &base, &site);
        seen.push(PlacePreview {
            place: Place::Local,
            host: "this computer".to_owned(),
            looked,
            facts: base.local.clone(),
            problem: None,
            unknown: false,
            notes: Vec::new(),
        });
        seen.push(self.peek_cluster(&base));
        Ok(seen)
    }

    fn inspect(&self, base: &SharedFacts, worker: &Worker) -> PlacePreview {
        let place = Place::Worker(worker.name.clone());
        let mut seen = PlacePreview {
            place: place.clone(),
            host: login_text(&worker.ssh),
            looked: Vec::new(),
            facts: Facts::default(),
            problem: None,
            unknown: false,
            notes: Vec::new(),
        };
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
        };
        match self.first_look(&mut site) {
            Ok(()) => seen.looked = look_all(self.plan, self.world, base, &site),
            Err(problem) => seen.problem = Some(problem),
        }
        seen.facts = site.facts;
        seen
    }

    fn peek_cluster(&self, base: &SharedFacts) -> PlacePreview {
        let nothing = Facts::default();
        let looked = step::steps(On::Cluster)
            .map(|step| {
                let place = PlaceView { worker: None, facts: &nothing, asked_ms: 0 };
                let cx = StepInput::new(self.plan, place, base.view(self.world.now()), &[]);
                StepOutcome { step, state: step.look(&cx), verdicts: Vec::new() }
            })
            .collect();
        // With an offline CA nobody is known before the run, which is as it should be.
        let unknown = base.cluster.nodes.is_none() && !base.signer.is_offline();
        let problem = unknown.then(|| {
            Problem::new("E-API-23", "what is in the cluster is not known")
                .seen(base.cluster.nodes_why.clone())
        });
        PlacePreview {
            place: Place::Cluster,
            host: self.plan.cluster.api.url(),
            looked,
            facts: nothing,
            problem,
            unknown: base.cluster.nodes.is_none(),
            notes: base.notes.clone(),
        }
    }
}
