//! kubectl context: a file of its own by default, a merge into the existing kubeconfig on request, and the
//! proof that `kubectl get nodes` works with it.

use std::path::{Path, PathBuf};

use super::admin;
use super::admin::admin_folder;
use super::definition::{On, Step, StepId};
use super::input::StepInput;
use super::state::{Proof, StepState, bug, state};
use crate::kube::kubeconfig::{Kubeconfig, Material};
use crate::kube::kubeconfig_write::Contents;
use crate::plan::action::Action;
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Known};
use crate::plan::model::{Kubectl, Plan, Worker};
use crate::plan::plan_field::PlanField;
use crate::plan::problem::Problem;
use crate::profile::DesiredFile;

/// The step.
pub struct Context;

fn usual(home: &str) -> String {
    format!("{home}/.kube/config")
}

fn own(plan: &Plan, home: &str) -> String {
    format!("{home}/.kube/{}.yaml", plan.cluster.name)
}

/// The file the context goes into.
fn file(cx: &StepInput, kubectl: &Kubectl) -> String {
    if let Some(file) = &kubectl.file {
        return file.display().to_string();
    }
    let usual = usual(&cx.local.home);
    let ours = match cx.facts.file(&usual) {
        Known::Yes(Some(file)) => kubectl.merge || cx.facts.is_ours(&usual, &file.sha256),
        Known::Yes(None) => true,
        Known::No(_) | Known::NotAsked => false,
    };
    if ours { usual } else { own(cx.plan, &cx.local.home) }
}

fn contents(cx: &StepInput, kubectl: &Kubectl) -> Contents {
    let identity = admin::identity(cx.plan, &cx.local.home);
    let folder = admin_folder(cx.plan, &cx.local.home);
    Contents {
        cluster: kubectl.cluster.clone(),
        user: kubectl.user.clone(),
        context: kubectl.context.clone(),
        server: Some(cx.plan.cluster.api.url()),
        ca: Material::File(PathBuf::from(format!("{folder}/ca.crt"))),
        cert: Material::File(PathBuf::from(identity.cert)),
        key: Material::File(PathBuf::from(identity.key)),
    }
}

impl Step for Context {
    fn id(&self) -> StepId {
        StepId("context")
    }

    fn title(&self) -> &'static str {
        "kubectl context"
    }

    fn on(&self) -> On {
        On::Local
    }

    fn needs(&self) -> &'static [&'static str] {
        &["admin"]
    }

    fn queries(&self, plan: &Plan, _: Option<&Worker>, home: &str) -> Vec<FactQuery> {
        let Some(kubectl) = &plan.kubectl else { return Vec::new() };
        let read = |path: String| FactQuery::File { path, content: true };
        let mut wants =
            vec![read(usual(home)), read(own(plan, home)), FactQuery::Folder(format!("{home}/.kube"))];
        if let Some(file) = &kubectl.file {
            wants.push(read(file.display().to_string()));
            if let Some(folder) = file.parent() {
                wants.push(FactQuery::Folder(folder.display().to_string()));
            }
        }
        wants
    }

    fn look(&self, cx: &StepInput) -> StepState {
        let Some(kubectl) = &cx.plan.kubectl else { return StepState::Done("none is wanted".to_owned()) };
        state((|| {
            let path = file(cx, kubectl);
            let contents = contents(cx, kubectl);
            let there = match cx.facts.file(&path) {
                Known::Yes(there) => there,
                other => return Err(super::state::unknown(&path, other.why_not())),
            };
            let text = there.as_ref().and_then(|file| file.content.as_deref()).map(String::from_utf8_lossy);
            let parsed = text.as_deref().and_then(|text| Kubeconfig::parse(text, Path::new(&path)).ok());
            if let Some(target) = parsed.as_ref().and_then(|parsed| parsed.find(Some(&kubectl.context)).ok())
                && target.server == contents.server
                && target.ca.as_ref() == Some(&contents.ca)
                && target.cert.as_ref() == Some(&contents.cert)
                && target.key.as_ref() == Some(&contents.key)
            {
                return Ok(StepState::Done(format!("{path}, context {}", kubectl.context)));
            }
            if kubectl.merge && there.is_some() {
                if text.is_some() && parsed.is_none() {
                    return Err(Problem::new(
                        ProblemCode::Kubectl01,
                        format!("{path} is not a kubeconfig that can be read"),
                    )
                    .edit(PlanField::KubectlFile, "kubectl.file: another file"));
                }
                if let Some(parsed) = &parsed {
                    same_names(parsed, kubectl, &path)?;
                }
                let commands =
                    contents.merge_commands(Some(Path::new(&path)), false).map_err(|error| bug(&error))?;
                let mut actions = vec![Action::Script {
                    title: format!("keep a copy of {path}"),
                    text: format!("keep_for_undo {}", shell_words::quote(&path)),
                    secrets: Vec::new(),
                }];
                // The command lists start with the program's name.
                actions
                    .extend(commands.into_iter().map(|words| Action::Kubectl { args: words[1..].to_vec() }));
                actions.push(Action::Script {
                    title: format!("note what became of {path}"),
                    text: format!("note_merged {}", shell_words::quote(&path)),
                    secrets: Vec::new(),
                });
                return Ok(StepState::Todo(actions));
            }
            let text = contents.text().map_err(|error| bug(&error))?;
            let mut actions: Vec<Action> = Vec::new();
            if let Some(folder) = Path::new(&path).parent() {
                actions.extend(cx.folder(&folder.display().to_string(), "0700"));
            }
            let put = cx.file(&DesiredFile { path, text: text.to_string() }, "0600")?;
            actions.extend(put);
            Ok(StepState::Todo(actions))
        })())
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/context.md")
    }
}

/// An entry of the same name that is another one must not be overwritten.
fn same_names(parsed: &Kubeconfig, kubectl: &Kubectl, path: &str) -> Result<(), Problem> {
    let mut taken = Vec::new();
    if parsed.contexts().contains(&kubectl.context.as_str()) {
        taken.push(format!("context {}", kubectl.context));
    }
    if parsed.has_cluster(&kubectl.cluster) {
        taken.push(format!("cluster {}", kubectl.cluster));
    }
    if parsed.has_user(&kubectl.user) {
        taken.push(format!("user {}", kubectl.user));
    }
    if taken.is_empty() {
        return Ok(());
    }
    Err(Problem::new(ProblemCode::Kubectl03, format!("{path} has another entry of the same name"))
        .seen(taken.join(", "))
        .edit(
            PlanField::KubectlContext,
            "kubectl.context, kubectl.cluster and kubectl.user: names that are free there",
        )
        .edit(PlanField::KubectlMerge, "kubectl.merge: false, and a file of its own is written"))
}

/// The step that proves it.
pub struct KubectlWorks;

impl Step for KubectlWorks {
    fn id(&self) -> StepId {
        StepId("kubectl")
    }

    fn title(&self) -> &'static str {
        "kubectl works"
    }

    fn on(&self) -> On {
        On::Local
    }

    fn needs(&self) -> &'static [&'static str] {
        &["context"]
    }

    fn queries(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        Vec::new()
    }

    fn look(&self, cx: &StepInput) -> StepState {
        let Some(kubectl) = &cx.plan.kubectl else { return StepState::Done("none is wanted".to_owned()) };
        StepState::Await(Proof::Kubectl { file: file(cx, kubectl), context: kubectl.context.clone() })
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/kubectl.md")
    }
}
