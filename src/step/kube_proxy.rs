//! kube-proxy: a static pod the kubelet starts from a file, so it needs no scheduler and no API to be there.

use super::definition::{Step, StepId};
use super::input::StepInput;
use super::state::{StepState, bug, state, todo};
use crate::plan::action::Action;
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Known};
use crate::plan::model::{Plan, Worker};
use crate::plan::problem::{Problem, Verdict};
use crate::plan::unit::ManifestFact;
use crate::plan::wishes::KubeProxyWish;
use crate::profile::MANIFESTS;

/// What the pod of our manifest is called.
const POD: &str = "kube-system/kube-proxy";

/// The step.
pub struct KubeProxy;

/// The files beside those that may be ours. The kubelet leaves out names that begin with a dot.
fn strangers<'a>(cx: &StepInput<'a>) -> impl Iterator<Item = &'a ManifestFact> {
    let all = cx.facts.manifests(MANIFESTS).yes().copied();
    all.into_iter().flatten().filter(|one| one.name != "kube-proxy" && one.name != "kube-proxy.yaml")
}

/// The plan leaves kube-proxy to somebody else: a manifest of ours goes, any other stays.
fn left_to_others(cx: &StepInput) -> StepState {
    let ours = ["kube-proxy", "kube-proxy.yaml"].map(|name| format!("{MANIFESTS}/{name}"));
    let ours = ours.into_iter().filter(|path| match cx.facts.file(path) {
        Known::Yes(Some(file)) => cx.facts.is_ours(path, &file.sha256),
        Known::Yes(None) | Known::No(_) | Known::NotAsked => false,
    });
    let actions = ours.map(|path| Action::Remove { path }).collect();
    todo(actions, "none of ours: the plan leaves it to others")
}

impl Step for KubeProxy {
    fn id(&self) -> StepId {
        StepId("kube-proxy")
    }

    fn title(&self) -> &'static str {
        "kube-proxy"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["kubelet"]
    }

    fn queries(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        let file = |name: &str| FactQuery::File { path: format!("{MANIFESTS}/{name}"), content: true };
        vec![
            file("kube-proxy"),
            file("kube-proxy.yaml"),
            FactQuery::Folder(MANIFESTS.to_owned()),
            FactQuery::Manifests(MANIFESTS.to_owned()),
        ]
    }

    fn look(&self, cx: &StepInput) -> StepState {
        state((|| {
            let (profile, setup) = cx.setup()?;
            if cx.plan.cluster.kube_proxy == KubeProxyWish::None {
                return Ok(left_to_others(cx));
            }
            let wanted = profile.kube_proxy(&setup).map_err(|error| bug(&error))?;
            let mut actions: Vec<_> = cx.file(&wanted, "0644")?.into_iter().collect();
            for twin in [format!("{MANIFESTS}/kube-proxy"), format!("{MANIFESTS}/kube-proxy.yaml")] {
                let Known::Yes(Some(file)) = cx.facts.file(&twin) else { continue };
                if twin == wanted.path {
                    continue;
                }
                // Two manifests are two pods of one name.
                if !cx.may_replace(&twin, &file.sha256) {
                    return Err(Problem::new(
                        ProblemCode::File02,
                        format!("{twin} is a second kube-proxy manifest, and not ours"),
                    )
                    .replace("and it is removed; a copy is kept on the host for undo")
                    .manual(format!("move {twin} out of {MANIFESTS}")));
                }
                actions.push(Action::Remove { path: twin });
            }
            for copy in strangers(cx).filter(|one| one.pod.as_ref().is_ok_and(|pod| *pod == POD)) {
                let path = format!("{MANIFESTS}/{}", copy.name);
                // Whatever it is called, it is a second pod of that name.
                if !cx.may_replace(&path, &copy.sha256) {
                    return Err(Problem::new(
                        ProblemCode::File02,
                        format!(
                            "{path} is a second kube-proxy manifest, and not ours: two pods of one name fight"
                        ),
                    )
                    .seen("the kubelet makes a pod of every file there, whatever its name ends in")
                    .replace("and it is removed; a copy is kept on the host for undo")
                    .manual(format!("move it out of {MANIFESTS}")));
                }
                actions.push(Action::Remove { path });
            }
            Ok(todo(actions, format!("{} as wanted", wanted.path)))
        })())
    }

    fn verdicts(&self, cx: &StepInput) -> Vec<Verdict> {
        strangers(cx)
            .filter(|one| !one.pod.as_ref().is_ok_and(|pod| *pod == POD))
            .map(|one| {
                let path = format!("{MANIFESTS}/{}", one.name);
                match &one.pod {
                    Ok(pod) => Verdict::warning(
                        "static pods",
                        format!("{path} makes pod {pod}, and gangplank did not write it"),
                        "move it away if it is a backup: the kubelet makes a pod of every file there",
                    ),
                    Err(why) => Verdict::warning(
                        "static pods",
                        format!("{path} cannot become a pod: {why}"),
                        "the kubelet tries it again and again: mend it, or move it away",
                    ),
                }
            })
            .collect()
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/kube-proxy.md")
    }
}
