//! Programs: those of a folder on the operator's computer that differ from a worker's are sent, tried there, and only
//! when all are as wanted put in place. What the later steps must know changes with them, so they look again behind it.

use super::definition::{Step, StepId};
use super::input::StepInput;
use super::program_list::{ComingProgram, coming, folder, folder_of, there};
use super::program_places;
use super::program_versions::trial;
use super::state::{StepState, state, todo};
use crate::plan::action::{Action, Content, Verb};
use crate::plan::fact::FactQuery;
use crate::plan::model::{Plan, Worker};
use crate::plan::problem::{Problem, Verdict};
use crate::plan::programs::{CONTAINERD, CONTAINERD_DROP_IN, KUBELET, ProgramsFact};

/// The step.
pub struct Programs;

/// What becomes of what lies at a path now, in words; empty = nothing does.
fn effect(cx: &StepInput, there: &ProgramsFact, one: &ComingProgram) -> String {
    if there.at(&one.path).is_none() {
        return String::new();
    }
    let kept = "a copy of the old one is kept";
    let kubelet = cx.facts.unit("kubelet").yes().is_some_and(|unit| unit.active == "active");
    match one.program.name.as_str() {
        KUBELET if kubelet => {
            format!(
                "{kept}; the kubelet that runs goes on until the step Enable and start restarts it, pods go on"
            )
        }
        CONTAINERD if there.active => {
            format!("{kept}; containerd is restarted next, {}", program_places::survival(cx))
        }
        _ => kept.to_owned(),
    }
}

/// What is to be done about all of them.
fn actions(cx: &StepInput, there: &ProgramsFact, all: &[ComingProgram]) -> Result<Vec<Action>, Problem> {
    let differing: Vec<&ComingProgram> = all.iter().filter(|one| one.differs).collect();
    let has_containerd = all.iter().any(|one| one.program.name == CONTAINERD);
    let replaces = differing.iter().any(|one| one.program.name == CONTAINERD);
    let drop_in = if has_containerd { program_places::drop_in(cx, there)? } else { None };
    let restarts = replaces || drop_in.is_some();
    if restarts {
        program_places::may_restart(cx, there)?;
    }
    let sent: Vec<&ComingProgram> =
        differing.iter().copied().filter(|one| !there.waiting.contains(&one.program.sha256)).collect();
    let mut actions = Vec::new();
    if !differing.is_empty() {
        program_places::room(there, &sent, &differing)?;
        actions.extend(sent.iter().map(|one| Action::SendProgram {
            name: one.program.name.clone(),
            program: Content::File {
                path: one.program.path.clone().into(),
                sha256: Some(one.program.sha256.clone()),
            },
            size: one.program.size,
        }));
        let programs = differing.iter().map(|one| trial(cx, one.program)).collect::<Result<Vec<_>, _>>()?;
        actions.push(Action::TryPrograms {
            programs,
            config: if replaces { program_places::taken_config(cx) } else { None },
        });
        actions.extend(differing.iter().map(|one| Action::PlaceProgram {
            name: one.program.name.clone(),
            sha256: one.program.sha256.clone(),
            path: one.path.clone(),
            effect: effect(cx, there, one),
        }));
    }
    actions.extend(drop_in.into_iter().flatten());
    if restarts {
        let verb = if there.active { Verb::Restart } else { Verb::Start };
        actions.push(Action::Service { verb, unit: CONTAINERD.to_owned() });
    }
    Ok(actions)
}

/// `kubelet, ctr and 3 more`.
fn names(all: &[ComingProgram]) -> String {
    let names: Vec<&str> = all.iter().map(|one| one.program.name.as_str()).collect();
    match names.as_slice() {
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        few => few.join(", "),
    }
}

impl Step for Programs {
    fn id(&self) -> StepId {
        StepId("programs")
    }

    fn title(&self) -> &'static str {
        "Programs"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["prerequisites"]
    }

    fn queries(&self, _: &Plan, worker: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        if worker.is_none_or(|worker| worker.binaries.is_none()) {
            return Vec::new();
        }
        let drop_in = FactQuery::File { path: CONTAINERD_DROP_IN.to_owned(), content: true };
        vec![FactQuery::Programs, drop_in, FactQuery::Runtime, FactQuery::Record]
    }

    fn barrier(&self) -> bool {
        true
    }

    fn look(&self, cx: &StepInput) -> StepState {
        state((|| {
            let worker = cx.the_worker()?;
            let Some(folder) = folder_of(worker) else {
                return Ok(StepState::Done("no folder of programs is named".to_owned()));
            };
            let all = coming(cx)?;
            Ok(todo(actions(cx, there(cx)?, &all)?, format!("as in {folder}: {}", names(&all))))
        })())
    }

    fn verdicts(&self, cx: &StepInput) -> Vec<Verdict> {
        let Some(Ok((name, folder))) = folder(cx) else { return Vec::new() };
        let mut verdicts = Vec::new();
        if !folder.others.is_empty() {
            let more = if folder.more { " and more" } else { "" };
            verdicts.push(Verdict::warning(
                "programs",
                format!("not used of {name}: {}{more}", folder.others.join(", ")),
                "kubelet, containerd, containerd-shim-runc-v2, ctr, crictl, runc and CNI plugins are",
            ));
        }
        let named = cx.worker.and_then(|worker| worker.kubelet.as_ref());
        if let (Some(named), true) = (named, folder.programs.iter().any(|one| one.name == KUBELET)) {
            verdicts.push(Verdict::warning(
                "programs",
                format!("the kubelet of {name} is not used: the plan names {}", named.file.display()),
                "that one is put only where there is no kubelet",
            ));
        }
        if let (Ok(there), Ok(all)) = (there(cx), coming(cx)) {
            verdicts.extend(program_places::verdicts(cx, there, &all));
        }
        verdicts
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/programs.md")
    }
}

#[cfg(test)]
mod tests;
