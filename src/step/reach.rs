//! Logs and exec: the API server itself asks the kubelet for the log of a container, and runs a command in one. A node
//! may be Ready for months without that: the kubelet reaches the API, and nobody has asked the other way round.

use super::daemons::{self, Comes, by_whom};
use super::definition::{On, Step, StepId};
use super::input::StepInput;
use super::state::{Proof, StepState};
use crate::plan::fact::FactQuery;
use crate::plan::model::{Plan, Worker};
use crate::plan::wishes::KubeProxyWish;
use crate::profile::Profile;

/// The pod of kube-proxy is in the API a moment after it runs, seconds.
const WITHIN: u64 = 60;
/// So long for any pod where none is expected, seconds.
const ANY_WITHIN: u64 = 5;

/// The step.
pub struct LogsAndExec;

impl Step for LogsAndExec {
    fn id(&self) -> StepId {
        StepId("reach")
    }

    fn title(&self) -> &'static str {
        "Logs and exec"
    }

    fn on(&self) -> On {
        On::Ready
    }

    fn at_once(&self) -> bool {
        true
    }

    fn rare(&self) -> bool {
        true
    }

    fn queries(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        Vec::new()
    }

    fn applies(&self, cx: &StepInput) -> bool {
        cx.profile() == Ok(Profile::Current)
    }

    fn look(&self, cx: &StepInput) -> StepState {
        let node = cx.worker.map(|worker| worker.name.clone()).unwrap_or_default();
        let wish = cx.plan.cluster.kube_proxy;
        let expected = match (daemons::kube_proxy(cx), wish) {
            (Comes::This(addon), KubeProxyWish::Auto | KubeProxyWish::None) => Some(by_whom(addon)),
            (_, KubeProxyWish::None) => None,
            (_, KubeProxyWish::Auto | KubeProxyWish::StaticPod) => {
                Some(format!("kube-system/kube-proxy-{node}"))
            }
        };
        let within = if expected.is_some() { WITHIN } else { ANY_WITHIN };
        StepState::Await(Proof::Reach { node, expected, within })
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/reach.md")
    }
}
