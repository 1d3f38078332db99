//! Containers up: kube-proxy, and its pause container where the runtime lists it, as in the post.

use super::daemons::{self, Comes, by_whom};
use super::definition::{Step, StepId};
use super::input::StepInput;
use super::state::{Proof, StepState};
use crate::plan::action::{Action, Content, Verb};
use crate::plan::fact::{FactQuery, Known};
use crate::plan::model::{Plan, Worker};
use crate::plan::static_pod::{same_containers, same_pod};
use crate::plan::wishes::KubeProxyWish;
use crate::profile::{MANIFESTS, Profile};
use crate::runtime::of_facts;
use crate::runtime::ps::{self, Container};

/// How long the kubelet may take: it looks at the manifests folder every 20 s.
const WITHIN: u64 = 120;

/// The step.
pub struct Containers;

/// The containers that are up.
fn up(rows: &[String]) -> Vec<Container> {
    ps::parse(&rows.join("\n")).into_iter().filter_map(Result::ok).filter(Container::is_up).collect()
}

/// Which of the wanted containers are not up in these rows; those of `old` do not count.
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

/// That the wanted containers run, as evidence.
pub fn all_run(wanted: &[(String, String)]) -> String {
    let pause = wanted.iter().any(|(container, _)| container == "POD");
    if pause { "kube-proxy and pause run".to_owned() } else { "kube-proxy runs".to_owned() }
}

/// Whether the manifest to come makes another container of kube-proxy than the one there is: a comment does not, and
/// for a kubelet of 1.2 that is not restarted only the container itself counts.
fn makes_anew(cx: &StepInput) -> bool {
    let puts = cx.queued.iter().find_map(|action| match action {
        Action::Put { path, content: Content::Literal(text), .. } if path.starts_with(MANIFESTS) => {
            Some((path.as_str(), text.as_slice()))
        }
        _ => None,
    });
    let Some((path, new)) = puts else { return false };
    let there = |path: &str| match cx.facts.file(path) {
        Known::Yes(Some(file)) => file.content.clone(),
        Known::Yes(None) | Known::No(_) | Known::NotAsked => None,
    };
    let in_place = cx.profile() == Ok(Profile::V1_2)
        && !cx.queued.iter().any(|action| {
            matches!(action, Action::Service { verb: Verb::Start | Verb::Restart, unit } if unit == "kubelet")
        });
    // In 1.2 a pod is known by its name, later by its file too.
    let twin = path.strip_suffix(".yaml").map_or_else(|| format!("{path}.yaml"), str::to_owned);
    let old = there(path).or_else(|| there(&twin).filter(|_| in_place));
    let Some(old) = old else { return true };
    if in_place { !same_containers(&old, new) } else { !same_pod(&old, new) }
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
        match (cx.plan.cluster.kube_proxy, daemons::kube_proxy(cx)) {
            (KubeProxyWish::None, _) => {
                return StepState::Done("no kube-proxy of ours is wanted".to_owned());
            }
            (KubeProxyWish::Auto, Comes::This(addon)) => {
                return StepState::Done(format!("no kube-proxy of ours, it comes by {}", by_whom(addon)));
            }
            (KubeProxyWish::Auto | KubeProxyWish::StaticPod, _) => {}
        }
        let pod = |container: &str| {
            let name = cx.worker.map_or("", |worker| worker.name.as_str());
            (container.to_owned(), format!("kube-proxy-{name}"))
        };
        let runtime = cx.profile().ok().map(Profile::runtime);
        let wanted = if runtime.is_some_and(of_facts::lists_pause) {
            vec![pod("kube-proxy"), pod("POD")]
        } else {
            vec![pod("kube-proxy")]
        };
        let rows: Vec<String> = cx
            .facts
            .containers()
            .yes()
            .map_or(Vec::new(), |rows| rows.iter().map(|row| row.untrusted().to_owned()).collect());
        let rows = rows.as_slice();
        // Another pod, or a restart, makes another container; the one of before proves nothing. Its pause container
        // may stay: a kubelet of 1.2 changes a pod in its place.
        let restarted = cx.queued.iter().any(|action| matches!(action, Action::RestartPod { .. }));
        let anew = restarted || makes_anew(cx);
        let old = up(rows)
            .into_iter()
            .filter(|one| {
                one.kubelet.as_ref().is_some_and(|name| {
                    name.pod.starts_with("kube-proxy") && name.container == "kube-proxy" && anew
                })
            })
            .map(|one| one.id)
            .collect();
        let disturbed = cx.queued.iter().any(|action| {
            matches!(action, Action::Service { .. } | Action::RestartPod { .. } | Action::Put { .. })
        });
        let active = cx.facts.unit("kubelet").yes().is_some_and(|unit| unit.active == "active");
        if active && !disturbed && missing(&wanted, rows, &[]).is_empty() {
            return StepState::Done(all_run(&wanted));
        }
        StepState::Await(Proof::Containers { wanted, old, runtime, within: WITHIN })
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/containers.md")
    }
}
