//! Namespace: `kube-system` does not exist in a v1.2 cluster until somebody makes it, and without it no
//! mirror pod and no DNS pod can be.

use serde_json::json;

use super::definition::{On, Step, StepId};
use super::input::StepInput;
use super::state::StepState;
use crate::plan::action::Action;
use crate::plan::fact::FactQuery;
use crate::plan::model::{Plan, Worker};

/// The step.
pub struct Namespace;

/// The API path of the namespace.
pub const PATH: &str = "/api/v1/namespaces/kube-system";

impl Step for Namespace {
    fn id(&self) -> StepId {
        StepId("namespace")
    }

    fn title(&self) -> &'static str {
        "Namespace kube-system"
    }

    fn on(&self) -> On {
        On::Cluster
    }

    // Without it the kubelet's mirror pods are refused, and their logs are not found.
    fn at_once(&self) -> bool {
        true
    }

    fn queries(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        Vec::new()
    }

    fn look(&self, cx: &StepInput) -> StepState {
        match cx.cluster.objects.get(PATH) {
            Some(Some(_)) => StepState::Done("it exists".to_owned()),
            Some(None) | None => StepState::Todo(vec![Action::KubeApply {
                object: json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}}),
            }]),
        }
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/namespace.md")
    }
}
