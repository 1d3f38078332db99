//! Node Ready: the API says so, and says so after whatever was changed.

use super::definition::{Step, StepId};
use super::input::StepInput;
use super::state::{Proof, StepState};
use crate::kube::ReadyState;
use crate::plan::action::Action;
use crate::plan::fact::FactQuery;
use crate::plan::model::{Plan, Worker};

/// A node is Ready about 12 s after its kubelet started; slow disks take longer.
const WITHIN: u64 = 180;

/// The step.
pub struct NodeReady;

impl Step for NodeReady {
    fn id(&self) -> StepId {
        StepId("ready")
    }

    fn title(&self) -> &'static str {
        "Node Ready"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["start"]
    }

    fn queries(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        Vec::new()
    }

    fn look(&self, cx: &StepInput) -> StepState {
        let name = cx.worker.map(|worker| worker.name.clone()).unwrap_or_default();
        let restarts = cx.queued.iter().any(|action| matches!(action, Action::Service { .. }));
        let ready = cx.cluster.nodes.as_ref().is_some_and(|nodes| {
            nodes.iter().any(|node| node.name == name && node.ready.state == ReadyState::Ready)
        });
        let active = cx.facts.unit("kubelet").yes().is_some_and(|unit| unit.active == "active");
        if ready && active && !restarts {
            return StepState::Done("the API says Ready".to_owned());
        }
        StepState::Await(Proof::NodeReady { name, within: WITHIN })
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/ready.md")
    }
}
