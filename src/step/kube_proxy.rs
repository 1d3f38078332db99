//! kube-proxy: a static pod the kubelet starts from a file, so it needs no scheduler and no API to be there.

use super::definition::{Step, StepId};
use super::input::StepInput;
use super::state::{StepState, bug, state, todo};
use crate::plan::action::Action;
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Known};
use crate::plan::model::{Plan, Worker};
use crate::plan::problem::{Problem, Verdict};
use crate::profile::MANIFESTS;

/// The step.
pub struct KubeProxy;

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
        vec![file("kube-proxy"), file("kube-proxy.yaml"), FactQuery::Folder(MANIFESTS.to_owned())]
    }

    fn look(&self, cx: &StepInput) -> StepState {
        state((|| {
            let (profile, setup) = cx.setup()?;
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
            Ok(todo(actions, format!("{} as wanted", wanted.path)))
        })())
    }

    fn verdicts(&self, cx: &StepInput) -> Vec<Verdict> {
        let Known::Yes(Some(names)) = cx.facts.folder(MANIFESTS) else { return Vec::new() };
        names
            .iter()
            .filter(|name| {
                !name.starts_with('.') && !["kube-proxy", "kube-proxy.yaml"].contains(&name.as_str())
            })
            .map(|name| {
                Verdict::warning(
                    "static pods",
                    format!("{MANIFESTS}/{name} is a stranger; the kubelet runs every file there"),
                    "move it away if it is a backup",
                )
            })
            .collect()
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/kube-proxy.md")
    }
}
