//! Which nodes go with a worker. Its own record may say that its node was new; which node that is, is noted on this
//! computer, by its uid. Without such a note the node is named, with the command that deletes it.

use super::{Engine, UndoHost};
use crate::engine::cluster::facts::SharedFacts;
use crate::engine::session::nodes::{self, SeenNode};
use crate::engine::session::objects::Made;
use crate::engine::sync::Gate;
use crate::plan::code::ProblemCode;
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy};

/// What is known of the nodes of some workers.
#[derive(Default)]
pub(super) struct NodesNoted {
    /// Names with the uids that were seen.
    wanted: Vec<(String, Vec<String>)>,
    /// Nodes that stay, in words.
    pub stays: Vec<(Place, String)>,
}

impl NodesNoted {
    /// Whether a node of this place is to be deleted.
    pub fn wants(&self, place: &Place) -> bool {
        self.wanted.iter().any(|(name, _)| place.is_worker(name))
    }
}

impl Engine<'_> {
    /// The nodes that go with these machines: new in `run`, or, with the whole record, whichever was seen.
    pub(super) fn nodes_of(&self, machines: &[UndoHost], run: Option<&str>) -> NodesNoted {
        let seen = self.options.session.map(|session| nodes::seen(&session.folder)).unwrap_or_default();
        let mut noted = NodesNoted::default();
        for machine in machines {
            let Place::Worker(name) = &machine.place else { continue };
            let of_it =
                |one: &&SeenNode| one.node == *name && run.is_none_or(|run| one.new && one.run == run);
            let uids: Vec<String> = seen.iter().filter(of_it).map(|one| one.uid.clone()).collect();
            if !uids.is_empty() {
                noted.wanted.push((name.clone(), uids));
            } else if machine.back.node || run.is_none() && !machine.record.lines.is_empty() {
                let text = format!(
                    "node {name} stays if there is one: its uid is not noted on this computer; {} deletes it",
                    self.by_hand(name)
                );
                noted.stays.push((Place::Cluster, text));
            }
        }
        noted
    }

    /// The command that deletes a node.
    fn by_hand(&self, name: &str) -> String {
        let mut words = vec!["kubectl".to_owned()];
        if let Some(kubectl) = &self.plan.kubectl {
            if let Some(file) = &kubectl.file {
                words.extend(["--kubeconfig".to_owned(), file.display().to_string()]);
            }
            words.extend(["--context".to_owned(), kubectl.context.clone()]);
        }
        words.extend(["delete".to_owned(), "node".to_owned(), name.to_owned()]);
        shell_words::join(words)
    }

    /// Which of the objects and nodes to delete are really there: path and uid.
    pub(super) fn in_the_cluster(
        &self,
        objects: Made,
        noted: &NodesNoted,
        stays: &mut Vec<(Place, String)>,
    ) -> Result<(Made, Made), Problem> {
        if objects.is_empty() && noted.wanted.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let shared = SharedFacts::learn(self.plan, self.world, false, &self.options.made, &Gate::default())?;
        let Some(known) = &shared.cluster.nodes else {
            return Err(Problem::new(
                ProblemCode::Undo02,
                "what was made in the cluster cannot be taken back now",
            )
            .seen(shared.cluster.nodes_why.clone())
            .seen("the record of it stays, so undo can be run again")
            .way(Remedy::Retry));
        };
        let mut gone = Vec::new();
        for (name, uids) in &noted.wanted {
            let Some(node) = known.iter().find(|node| node.name == *name) else { continue };
            let uid = node.uid.to_string();
            if uids.contains(&uid) {
                gone.push((format!("/api/v1/nodes/{name}"), uid));
            } else {
                let text = format!(
                    "node {name} stays: it is another one by now than the one noted on this computer; {} deletes it",
                    self.by_hand(name)
                );
                stays.push((Place::Cluster, text));
            }
        }
        Ok((objects, gone))
    }
}
