//! Kubeconfigs: where the API is and which certificate the kubelet and kube-proxy show it.

use super::daemons;
use super::definition::{Step, StepId};
use super::input::StepInput;
use super::state::{StepState, bug, state, todo};
use crate::kube::kubeconfig_write::Contents;
use crate::plan::fact::FactQuery;
use crate::plan::model::{Plan, Worker};
use crate::profile::{DesiredFile, KUBECONFIG, PROXY_KUBECONFIG};

/// The step.
pub struct Kubeconfigs;

impl Step for Kubeconfigs {
    fn id(&self) -> StepId {
        StepId("kubeconfigs")
    }

    fn title(&self) -> &'static str {
        "Kubeconfigs"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["certificates"]
    }

    fn queries(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        let file = |path: &str| FactQuery::File { path: path.to_owned(), content: true };
        vec![file(KUBECONFIG), file(PROXY_KUBECONFIG), FactQuery::Folder("/etc/kubernetes".to_owned())]
    }

    fn look(&self, cx: &StepInput) -> StepState {
        state((|| {
            let (profile, setup) = cx.setup()?;
            let mut actions = Vec::new();
            let server = profile.kubeconfig_server(cx.plan);
            for id in daemons::identities(cx, profile, setup.worker) {
                let path = if id.name == "kubelet" { KUBECONFIG } else { PROXY_KUBECONFIG };
                let contents =
                    Contents::worker(id.name, server.as_deref(), profile.ca_path(), &id.cert, &id.key);
                let text = contents.text().map_err(|error| bug(&error))?.to_string();
                actions.extend(cx.file(&DesiredFile { path: path.to_owned(), text }, "0600")?);
            }
            Ok(todo(actions, "as wanted"))
        })())
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/kubeconfigs.md")
    }
}
