//! Containers up: kube-proxy and its pause container in `docker ps`, as in the post.

use super::{Look, Proof, State, Step, StepId};
use crate::kube::docker_ps::{self, Container};
use crate::plan::action::Action;
use crate::plan::fact::{Known, Want};
use crate::plan::model::{Plan, Worker};

/// How long the kubelet may take: it looks at the manifests folder every 20 s.
const WITHIN: u64 = 120;

/// The step.
pub struct Containers;

/// Which of the wanted containers are not up in these `docker ps` lines.
pub fn missing(wanted: &[(String, String)], rows: &[String]) -> Vec<String> {
    let up: Vec<Container> = docker_ps::parse(&rows.join("\n"))
        .into_iter()
        .filter_map(Result::ok)
        .filter(Container::is_up)
        .collect();
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

    fn wants(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<Want> {
        vec![Want::Containers]
    }

    fn look(&self, cx: &Look) -> State {
        let pod = |container: &str| {
            let name = cx.worker.map_or("", |worker| worker.name.as_str());
            (container.to_owned(), format!("kube-proxy-{name}"))
        };
        let wanted = vec![pod("kube-proxy"), pod("POD")];
        let disturbed = cx.queued.iter().any(|action| {
            matches!(action, Action::Service { .. } | Action::RestartPod { .. } | Action::Put { .. })
        });
        match cx.facts.containers() {
            Known::Yes(rows) if !disturbed && missing(&wanted, rows).is_empty() => {
                State::Done("kube-proxy and pause run".to_owned())
            }
            Known::Yes(_) | Known::No(_) | Known::NotAsked => {
                State::Await(Proof::Containers { wanted, within: WITHIN })
            }
        }
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/containers.md")
    }
}
