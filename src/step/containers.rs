//! Containers up: kube-proxy and its pause container in `docker ps`, as in the post.

use super::definition::{Step, StepId};
use super::input::StepInput;
use super::state::{Proof, StepState};
use crate::kube::docker_ps::{self, Container};
use crate::plan::action::Action;
use crate::plan::fact::FactQuery;
use crate::plan::model::{Plan, Worker};
use crate::profile::MANIFESTS;

/// How long the kubelet may take: it looks at the manifests folder every 20 s.
const WITHIN: u64 = 120;

/// The step.
pub struct Containers;

/// The containers that are up.
fn up(rows: &[String]) -> Vec<Container> {
    docker_ps::parse(&rows.join("\n")).into_iter().filter_map(Result::ok).filter(Container::is_up).collect()
}

/// Which of the wanted containers are not up in these `docker ps` lines; those of `old` do not count.
pub fn missing(wanted: &[(String, String)], rows: &[String], old: &[String]) -> Vec<String> {
    let up: Vec<Container> = up(rows).into_iter().filter(|one| !old.contains(&one.id)).collect();
    wanted
        .iter()
        .filter(|(container, pod)| {
            !up.iter().filter_map(|one| one.kubelet.as_ref()).any(|name| {
                name.container == *container
                    && name.namespace == "kube-system"
                    && name.pod.starts_with(pod.as_str())
            })
        })
        .map(
            |(container, pod)| if container == "POD" { format!("pause of {pod}") } else { container.clone() },
        )
        .collect()
}

impl Step for Containers {
    fn id(&self) -> StepId {
        StepId("containers")
    }

    fn title(&self) -> &'static str {
        "Containers up"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["start"]
    }

    fn queries(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        vec![FactQuery::Containers, FactQuery::Unit("kubelet".to_owned())]
    }

    fn look(&self, cx: &StepInput) -> StepState {
        let pod = |container: &str| {
            let name = cx.worker.map_or("", |worker| worker.name.as_str());
            (container.to_owned(), format!("kube-proxy-{name}"))
        };
        let wanted = vec![pod("kube-proxy"), pod("POD")];
        let rows: &[String] = cx.facts.containers().yes().map_or(&[], |rows| rows.as_slice());
        // A new manifest, or a restart, makes new containers: the ones of before prove nothing.
        let new_pod =
            cx.queued.iter().any(|action| action.path().is_some_and(|path| path.starts_with(MANIFESTS)));
        let restarted = cx.queued.iter().any(|action| matches!(action, Action::RestartPod { .. }));
        let old = up(rows)
            .into_iter()
            .filter(|one| {
                one.kubelet.as_ref().is_some_and(|name| {
                    name.pod.starts_with("kube-proxy") && (new_pod || restarted && name.container != "POD")
                })
            })
            .map(|one| one.id)
            .collect();
        let disturbed = cx.queued.iter().any(|action| {
            matches!(action, Action::Service { .. } | Action::RestartPod { .. } | Action::Put { .. })
        });
        let active = cx.facts.unit("kubelet").yes().is_some_and(|unit| unit.active == "active");
        if active && !disturbed && missing(&wanted, rows, &[]).is_empty() {
            return StepState::Done("kube-proxy and pause run".to_owned());
        }
        StepState::Await(Proof::Containers { wanted, old, within: WITHIN })
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/containers.md")
    }
}
