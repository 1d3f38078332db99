//! Container runtime: docker is taken as it is; containerd is made fit for a kubelet with the smallest change of its
//! configuration, and restarted only when that changed.

use super::definition::{Step, StepId};
use super::input::StepInput;
use super::state::{StepState, state, unknown};
use crate::plan::action::{Action, Content, Verb};
use crate::plan::containerd_fact::ContainerdFact;
use crate::plan::fact::{FactQuery, Known};
use crate::plan::model::{Plan, Worker};
use crate::plan::problem::Problem;
use crate::plan::runtime_fact::RuntimeKind;
use crate::runtime::containerd_config::{ConfigFile, KubeletNeeds, Merged, Release};

/// The step.
pub struct ContainerRuntime;

/// What a kubelet of this plan needs of containerd. The driver of cgroups is the kubelet's to follow.
fn needs(cx: &StepInput) -> KubeletNeeds {
    KubeletNeeds { sandbox_image: cx.plan.images.pause.clone(), ..KubeletNeeds::default() }
}

/// Why its configuration cannot be made fit.
fn unfit(fact: &ContainerdFact, why: impl std::fmt::Display) -> Problem {
    unknown(&format!("containerd's configuration {}", fact.file.path), &why.to_string())
}

/// What has to change, and what is so.
fn fit(cx: &StepInput, fact: &ContainerdFact) -> Result<StepState, Problem> {
    let merged = Merged::read(fact.dump.untrusted()).map_err(|why| unfit(fact, why))?;
    let needs = needs(cx);
    if merged.has(&needs) {
        let image = merged.sandbox_image.unwrap_or_default();
        return Ok(StepState::Done(format!("containerd {}, pods begin with {image}", fact.server)));
    }
    let release = Release::parse(fact.version.untrusted())
        .ok_or_else(|| unfit(fact, format!("containerd says its version is {}", fact.version)))?;
    let text = match &fact.file.text {
        None if fact.file.error.is_empty() => needs.whole(release),
        None => return Err(unfit(fact, &fact.file.error)),
        Some(text) => {
            let file = ConfigFile::read(text.untrusted()).map_err(|why| unfit(fact, why))?;
            file.with(&needs, release)
        }
    };
    let path = fact.file.path.to_string();
    let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder).to_owned();
    Ok(StepState::Todo(vec![
        Action::MakeDir { path: folder, mode: "0755" },
        Action::Put { path, content: Content::Literal(text.into_bytes()), mode: "0644", owner: "root:root" },
        Action::Service { verb: Verb::Restart, unit: "containerd".to_owned() },
    ]))
}

impl Step for ContainerRuntime {
    fn id(&self) -> StepId {
        StepId("runtime")
    }

    fn title(&self) -> &'static str {
        "Container runtime"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["prerequisites"]
    }

    fn queries(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        vec![FactQuery::Runtime]
    }

    fn look(&self, cx: &StepInput) -> StepState {
        state((|| match cx.profile()?.runtime() {
            RuntimeKind::Docker => match cx.facts.docker() {
                Known::Yes(docker) => Ok(StepState::Done(format!("docker {}", docker.version))),
                other => Err(unknown("docker", other.why_not())),
            },
            RuntimeKind::Containerd => match cx.facts.containerd() {
                Known::Yes(fact) => fit(cx, fact),
                other => Err(unknown("containerd", other.why_not())),
            },
        })())
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/runtime.md")
    }
}
