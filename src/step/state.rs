//! What a step finds: nothing to do, actions, something to wait for, or a problem.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::kube::addon::NodeAddon;
use crate::plan::action::Action;
use crate::plan::code::ProblemCode;
use crate::plan::problem::Problem;
use crate::plan::runtime_fact::RuntimeKind;

/// What a step found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum StepState {
    /// Nothing to do, and how that shows.
    Done(String),
    /// These actions, in this order.
    Todo(Vec<Action>),
    /// Nothing to do but wait until something is true.
    Await(Proof),
    /// It cannot go on.
    Blocked(Problem),
}

/// What must become true, and by when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Proof {
    /// Containers of the node's own static pods run.
    Containers {
        /// Container names in `kube-system`, `POD` for pause.
        wanted: Vec<(String, String)>,
        /// Ids of containers that ran before and do not count.
        old: Vec<String>,
        /// What runs them; `None` = not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        runtime: Option<RuntimeKind>,
        /// Seconds it may take.
        within: u64,
    },
    /// The API says the node is Ready.
    NodeReady {
        /// Node name.
        name: String,
        /// Seconds it may take.
        within: u64,
        /// Its kubelet must be heard of after this, by this computer's clock, milliseconds since 1970.
        #[serde(default)]
        since_ms: Option<i64>,
        /// The port of the health check that must answer too.
        #[serde(default)]
        healthz: Option<u16>,
        /// What is told if it does not come true; `None` = that the node did not become Ready.
        #[serde(default)]
        otherwise: Option<Problem>,
        /// How its network of pods comes.
        #[serde(default)]
        network: NetworkComes,
    },
    /// The API server reads a log and runs a command in a container of the node.
    Reach {
        /// Node name.
        node: String,
        /// The pod that is expected there, in words; `None` = any will do, and there may be none.
        expected: Option<String>,
        /// Seconds that a pod to try it on may take.
        within: u64,
    },
    /// Pods of a selector are ready.
    Pods {
        /// Label selector.
        selector: String,
        /// How many.
        count: usize,
        /// Seconds it may take.
        within: u64,
    },
    /// A DNS server answers on the worker.
    Dns {
        /// The name that is looked up.
        name: String,
        /// The DNS server that is asked.
        server: IpAddr,
        /// The answer it must give.
        expect: IpAddr,
        /// Seconds it may take.
        within: u64,
    },
    /// `kubectl get nodes` works with the new context.
    Kubectl {
        /// The kubeconfig.
        file: String,
        /// The context.
        context: String,
    },
}

/// How the network of pods comes to a node.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum NetworkComes {
    /// A file of it is there, or nobody knows more.
    #[default]
    There,
    /// A DaemonSet of the cluster brings it.
    By(DaemonPods),
    /// There is no file, and no DaemonSet brings one.
    Nothing {
        /// The folder where a file of it would be.
        folder: String,
    },
}

/// The pods of a DaemonSet that something is waited for from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonPods {
    /// What people call it, `flannel`.
    pub name: String,
    /// Namespace of the DaemonSet.
    pub namespace: String,
    /// Its name.
    pub daemon_set: String,
    /// The labels of its pods.
    pub selector: String,
}

impl DaemonPods {
    /// Those of an addon.
    pub fn of(addon: &NodeAddon) -> Self {
        let set = &addon.daemon_set;
        Self {
            name: addon.name.to_owned(),
            namespace: set.namespace.clone(),
            daemon_set: set.name.clone(),
            selector: set.selector.clone(),
        }
    }
}

/// A fact that is needed and not known.
pub fn unknown(about: &str, why: &str) -> Problem {
    Problem::unknown(about, why)
}

/// A template did not fit: a bug, said as one.
pub fn bug(error: &impl std::fmt::Display) -> Problem {
    Problem::new(ProblemCode::Bug02, format!("a template did not fit: {error}"))
}

/// `Todo` when there is something, else `Done`.
pub(super) fn todo(actions: Vec<Action>, evidence: impl Into<String>) -> StepState {
    if actions.is_empty() { StepState::Done(evidence.into()) } else { StepState::Todo(actions) }
}

/// Turns a refusal into [`StepState::Blocked`].
pub(super) fn state(result: Result<StepState, Problem>) -> StepState {
    result.unwrap_or_else(StepState::Blocked)
}
