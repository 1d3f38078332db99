//! Start: enable and start the kubelet, or restart it, but only when something it reads has changed.

use super::{Look, State, Step, StepId, state, todo, unknown};
use crate::plan::action::{Action, Verb};
use crate::plan::fact::{Known, Want};
use crate::plan::model::{Plan, Worker};
use crate::profile::{MANIFESTS, PROXY_KUBECONFIG, UNIT};

/// The step.
pub struct Start;

impl Step for Start {
    fn id(&self) -> StepId {
        StepId("start")
    }

    fn title(&self) -> &'static str {
        "Enable and start"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["kubelet", "kube-proxy", "images"]
    }

    fn wants(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<Want> {
        vec![Want::Unit("kubelet".to_owned()), Want::Containers]
    }

    fn look(&self, cx: &Look) -> State {
        state((|| {
            let worker = cx.the_worker()?;
            let profile = cx.profile()?;
            let Known::Yes(unit) = cx.facts.unit("kubelet") else {
                return Err(unknown("the kubelet's unit", cx.facts.unit("kubelet").why_not()));
            };
            let service = |verb| Action::Service { verb, unit: "kubelet".to_owned() };
            let written: Vec<&str> = cx.queued.iter().filter_map(inputs).collect();
            let for_proxy = |path: &str| path == PROXY_KUBECONFIG || path.contains("/kube-proxy.");
            let inputs = written.iter().any(|path| !path.starts_with(MANIFESTS) && !for_proxy(path));
            let mut actions = Vec::new();
            let reload = unit.stale || written.contains(&UNIT);
            if unit.file != "enabled" {
                // Enabling reads the unit files again.
                actions.push(service(Verb::Enable));
            } else if reload {
                actions.push(Action::Service { verb: Verb::DaemonReload, unit: String::new() });
            }
            if unit.active != "active" && unit.active != "activating" {
                if let Some(nodes) = &cx.cluster.nodes
                    && !nodes.iter().any(|node| node.name == worker.name)
                {
                    actions.push(Action::NoteNode { name: worker.name.clone() });
                }
                actions.push(service(if unit.load == "loaded" && unit.active == "failed" {
                    Verb::Restart
                } else {
                    Verb::Start
                }));
            } else if inputs || unit.stale || unit.active == "activating" && !written.is_empty() {
                actions.push(service(Verb::Restart));
            }
            let proxy_reads =
                profile.identities(cx.plan, worker).iter().any(|identity| identity.name == "kube-proxy")
                    && written.iter().any(|path| for_proxy(path) && !path.starts_with(MANIFESTS));
            let runs = cx
                .facts
                .containers()
                .yes()
                .is_some_and(|rows| rows.iter().any(|row| row.contains("k8s_kube-proxy")));
            if proxy_reads && runs {
                actions.push(Action::RestartPod { container: "kube-proxy".to_owned() });
            }
            Ok(todo(actions, format!("enabled, {} ({})", unit.active, unit.sub)))
        })())
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/start.md")
    }
}

/// The file an action changes, when something running may have read it.
fn inputs(action: &Action) -> Option<&str> {
    match action {
        Action::Put { path, .. } | Action::MakeKey { path, .. } => Some(path.as_str()),
        _ => None,
    }
}
