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
use crate::plan::fact::{FactQuery, Facts, Known};
use crate::plan::model::{Kubectl, Plan, Worker};
use crate::plan::plan_field::PlanField;
use crate::plan::problem::{Problem, Verdict};
use crate::profile::DesiredFile;

/// The step.
pub struct Context;

fn usual(home: &str) -> String {
    format!("{home}/.kube/config")
}

fn own(plan: &Plan, home: &str) -> String {
    format!("{home}/.kube/{}.yaml", plan.cluster.name)
}

/// The file the context goes into, by what this computer answered.
fn file(cx: &StepInput, kubectl: &Kubectl) -> String {
    context_file(cx.plan, kubectl, cx.facts, &cx.local.home)
}

fn context_file(plan: &Plan, kubectl: &Kubectl, facts: &Facts, home: &str) -> String {
    if let Some(file) = &kubectl.file {
        return file.display().to_string();
    }
    let usual = usual(home);
    let ours = match facts.file(&usual) {
        Known::Yes(Some(file)) => kubectl.merge || facts.is_ours(&usual, &file.sha256),
        Known::Yes(None) => true,
        // What cannot be looked at is not silently left for another file.
        Known::No(_) => kubectl.merge,
        Known::NotAsked => false,
    };
    if ours { usual } else { own(plan, home) }
}

/// The words that make kubectl use the plan's context: with the file, unless it is the one that kubectl reads by itself
/// (`reads`).
pub fn kubectl_words(plan: &Plan, facts: &Facts, home: &str, reads: &[PathBuf]) -> Vec<String> {
    let Some(kubectl) = &plan.kubectl else { return Vec::new() };
    let file = context_file(plan, kubectl, facts, home);
    let mut words = vec!["kubectl".to_owned()];
    if reads != [PathBuf::from(&file)] {
        words.extend(["--kubeconfig".to_owned(), file]);
    }
    words.extend(["--context".to_owned(), kubectl.context.clone()]);
    words
}

/// A file outside `~/.kube` that nobody agreed to.
fn outside(cx: &StepInput, kubectl: &Kubectl) -> Option<Problem> {
    let file = kubectl.outside(Path::new(&cx.local.home)).filter(|_| !kubectl.outside_agreed)?;
    let file = file.display();
    Some(
        Problem::new(ProblemCode::Kubectl04, format!("the kubeconfig is outside ~/.kube: {file}"))
            .seen("a program that reads that file would read what this plan writes there")
            .edit(PlanField::KubectlFile, "kubectl.file: a file in ~/.kube, or leave it out")
            .manual(format!("when {file} is meant: start again with --write-outside-kube")),
    )
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
            if let Some(problem) = outside(cx, kubectl) {
                return Err(problem);
            }
            let path = file(cx, kubectl);
            let contents = contents(cx, kubectl);
            let there = match cx.facts.file(&path) {
                Known::Yes(there) => there,
                other => return Err(super::state::unknown(&path, other.why_not())),
            };
            let text = there.as_ref().and_then(|file| file.content.as_deref()).map(String::from_utf8_lossy);
            let read = text.as_deref().map(|text| Kubeconfig::parse(text, Path::new(&path)));
            let parsed = read.as_ref().and_then(|read| read.as_ref().ok());
            if let Some(target) = parsed.and_then(|parsed| parsed.find(Some(&kubectl.context)).ok())
                && target.server == contents.server
                && target.ca.as_ref() == Some(&contents.ca)
                && target.cert.as_ref() == Some(&contents.cert)
                && target.key.as_ref() == Some(&contents.key)
            {
                return Ok(StepState::Done(format!("{path}, context {}", kubectl.context)));
            }
            if kubectl.merge && there.is_some() {
                match &read {
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(unread(&path, &error.to_string())),
                    // Nothing is merged into what nobody has seen.
                    None => return Err(unread(&path, "it is larger than 256 KiB and was not looked at")),
                }
                // kubectl would write the first one back, and the others would be gone.
                if let Some(line) = text.as_deref().and_then(Kubeconfig::second_document) {
                    return Err(unread(
                        &path,
                        &format!("it has more than one document, the second from line {line} on"),
                    ));
                }
                if let Some(parsed) = parsed {
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

    fn verdicts(&self, cx: &StepInput) -> Vec<Verdict> {
        let agreed = cx.plan.kubectl.as_ref().filter(|kubectl| kubectl.outside_agreed);
        let outside = agreed.and_then(|kubectl| kubectl.outside(Path::new(&cx.local.home)));
        let cure = "it is written only when somebody agrees: Apply asks, --write-outside-kube agrees";
        let warning = |file: &Path| {
            Verdict::warning("kubeconfig", format!("{} is outside ~/.kube", file.display()), cure)
        };
        outside.map(warning).into_iter().collect()
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/context.md")
    }
}

/// A kubeconfig that nothing can be merged into.
fn unread(path: &str, why: &str) -> Problem {
    Problem::new(ProblemCode::Kubectl01, format!("{path} is not a kubeconfig that can be merged into"))
        .seen(why)
        .edit(PlanField::KubectlFile, "kubectl.file: another file")
        .edit(PlanField::KubectlMerge, "kubectl.merge: false, and a file of its own is written")
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
