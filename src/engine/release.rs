//! The pods of a machine that is surely off are released: its node gets the taint out-of-service, so that they come up
//! elsewhere with their volumes; it goes again when a run reaches the machine.

use super::event::Event;
use super::run::Engine;
use crate::engine::cluster::facts::SharedFacts;
use crate::engine::cluster::login::SignIn;
use crate::host::HostTrouble;
use crate::kube::cluster::OUT_OF_SERVICE;
use crate::kube::{ApiError, ReadyState};
use crate::plan::code::ProblemCode;
use crate::plan::minors;
use crate::plan::model::Worker;
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy};

impl Engine<'_> {
    /// Says why a worker's machine may still run; nothing = by what is seen from here it is off.
    fn may_run(&self, worker: &Worker) -> Result<Option<String>, Problem> {
        let place = Place::Worker(worker.name.clone());
        match self.world.host(&place, &worker.ssh) {
            Ok(_) => return Ok(Some(format!("{} lets us log in", worker.ssh))),
            // Whoever refuses, or speaks at all, runs.
            Err(HostTrouble::Wire(error)) if error.is_silence() => {}
            Err(trouble) => {
                let problem = trouble.problem(&place);
                return Ok(Some(format!(
                    "it is not known whether {} is silent: {}",
                    worker.ssh, problem.what
                )));
            }
        }
        let nodes = self.world.cluster().nodes().map_err(|error| self.not_released(&worker.name, &error))?;
        let Some(node) = nodes.iter().find(|node| node.name == worker.name) else {
            return Err(Problem::new(ProblemCode::Node02, format!("the API has no node {}", worker.name))
                .seen("there are no pods to be released"));
        };
        Ok(match node.ready.state {
            ReadyState::Silent => None,
            ReadyState::Ready => Some("the API says that its node is Ready".to_owned()),
            ReadyState::NotReady | ReadyState::NotSaid => {
                Some("the API has heard of its kubelet, which says that the node is not Ready".to_owned())
            }
        })
    }

    fn not_released(&self, worker: &str, error: &ApiError) -> Problem {
        Problem::new(error.code(), format!("the pods of {worker} were not released: {error}"))
            .seen(self.world.cluster().url())
            .way(Remedy::Retry)
    }

    /// Releases the pods of a worker whose machine is off; `false` = its node was marked so already.
    pub fn release(&self, worker: &Worker) -> Result<bool, Problem> {
        let api = self.world.cluster();
        SignIn::default()
            .enter(self.plan, self.world, api, true)
            .map_err(|why| Problem::new(ProblemCode::Api23, "the API does not know us").seen(why))?;
        let failed = |error: ApiError| self.not_released(&worker.name, &error);
        let version = api.version().map_err(failed)?;
        if !minors::OUT_OF_SERVICE.holds(version) {
            return Err(Problem::new(
                ProblemCode::Node10,
                format!("Kubernetes {version} does not heed {OUT_OF_SERVICE}"),
            )
            .manual(format!(
                "delete its node, then its pods come up elsewhere: kubectl delete node {}",
                shell_words::quote(&worker.name)
            )));
        }
        if let Some(why) = self.may_run(worker)? {
            return Err(Problem::new(
                ProblemCode::Node09,
                format!("the machine of {} may not be off", worker.name),
            )
            .seen(why)
            .manual(
                "switch it off and wait until the API calls its node silent, which takes about a minute",
            ));
        }
        let done = api.out_of_service(&worker.name, true).map_err(failed)?;
        if done {
            self.events.tell(
                &Place::Cluster,
                None,
                Event::Note {
                    text: format!(
                        "{} is marked as out of service: its pods may come up elsewhere now",
                        worker.name
                    ),
                },
            );
        }
        Ok(done)
    }

    /// Takes the mark of [`Engine::release`] away from a worker whose machine is reached: it is not off, and with the mark no
    /// pod could run there, not that of a network either.
    pub(crate) fn back_in_service(&self, shared: &SharedFacts, worker: &str) {
        let nodes = shared.cluster.nodes.iter().flatten();
        let mut marked = nodes.filter(|node| node.name == worker).flat_map(|node| &node.taints);
        if !marked.any(|taint| taint.key == OUT_OF_SERVICE) {
            return;
        }
        match self.world.cluster().out_of_service(worker, false) {
            Ok(true) => self.events.tell(&Place::Cluster, None, Event::Note {
                text: format!("{worker} is no longer marked as out of service"),
            }),
            Ok(false) => {}
            Err(error) => self.events.tell(&Place::Cluster, None, Event::Note {
                text: format!("{worker} is still marked as out of service: {error}; kubectl taint node {worker} {OUT_OF_SERVICE}-"),
            }),
        }
    }
}
