//! Which node is behind a worker is noted on this computer, by its uid: what the worker's own record says of it is not
//! enough to delete it.

use crate::engine::cluster::facts::SharedFacts;
use crate::engine::event::Event;
use crate::engine::inspect::WorkSite;
use crate::engine::run::{Engine, NewNode, Worked};
use crate::engine::session::nodes;
use crate::kube::Node;

/// A host's clock and the API's may differ so much, milliseconds.
const CLOCKS_DIFFER: i64 = 5_000;

impl Engine<'_> {
    /// Notes the node of a worker as it was seen last; the API is not asked for it.
    pub(crate) fn note_node(&self, shared: &SharedFacts, site: &WorkSite, worked: &Worked) {
        let (Some(session), Some(planned)) = (self.options.session, site.worker) else { return };
        let Some(node) = shared.last_seen(&planned.name) else { return };
        let (name, uid) = (node.name.to_string(), node.uid.to_string());
        let new = worked.node.is_some_and(|how| is_new(&node, how));
        if let Err(error) = nodes::note(&session.folder, &self.options.run, &name, &uid, new) {
            let text = format!("node {name} could not be noted for undo: {error}");
            self.events.tell(&site.place, None, Event::Note { text });
        }
    }
}

fn is_new(node: &Node, how: NewNode) -> bool {
    match how {
        NewNode::Sure => true,
        NewNode::WhenYoungerThan(noted) => {
            node.created.is_some_and(|at| at.as_millisecond().saturating_add(CLOCKS_DIFFER) >= noted)
        }
    }
}
