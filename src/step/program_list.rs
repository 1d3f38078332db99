//! Which programs come to a worker: those of the folder that its plan names, each with the path where it goes and whether
//! that holds another one.

use super::input::StepInput;
use super::program_files;
use super::state::unknown;
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Known};
use crate::plan::model::{Plan, Worker};
use crate::plan::plan_field::PlanField;
use crate::plan::problem::Problem;
use crate::plan::programs::{
    CNI_FOLDERS, KUBELET, LocalProgram, ProgramFolder, ProgramsFact, is_plugin, place,
};
use crate::plan::remote;

/// A program of the folder and where it goes.
pub(super) struct ComingProgram<'a> {
    /// The file here.
    pub(super) program: &'a LocalProgram,
    /// Absolute path on the worker.
    pub(super) path: String,
    /// What lies there now is another one, or there is none.
    pub(super) differs: bool,
}

/// What the operator's computer is asked for: the folders that are named.
pub(super) fn wants_here(plan: &Plan) -> Vec<FactQuery> {
    let mut folders: Vec<String> = plan.workers.iter().filter_map(folder_of).collect();
    folders.sort();
    folders.dedup();
    folders.into_iter().map(FactQuery::ProgramFolder).collect()
}

pub(super) fn folder_of(worker: &Worker) -> Option<String> {
    worker.binaries.as_ref().map(|folder| folder.display().to_string())
}

/// The folder of a worker; `None` = its plan names none.
pub(super) fn folder<'a>(cx: &StepInput<'a>) -> Option<Result<(String, &'a ProgramFolder), Problem>> {
    let name = cx.worker.and_then(folder_of)?;
    Some(match cx.local.facts.program_folder(&name) {
        Known::Yes(folder) => Ok((name, folder)),
        Known::No(why) => Err(program_files::unusable(&name, &why)),
        Known::NotAsked => Err(unknown(&name, "it was not asked")),
    })
}

/// What the worker has of them.
pub(super) fn there<'a>(cx: &StepInput<'a>) -> Result<&'a ProgramsFact, Problem> {
    match cx.facts.programs() {
        Known::Yes(there) => Ok(there),
        other => Err(unknown("the worker's programs", other.why_not())),
    }
}

/// The programs of the folder that the worker is to have.
pub(super) fn coming<'a>(cx: &StepInput<'a>) -> Result<Vec<ComingProgram<'a>>, Problem> {
    let Some(folder) = folder(cx) else { return Ok(Vec::new()) };
    let (name, folder) = folder?;
    let there = there(cx)?;
    let arch = match cx.facts.machine() {
        Known::Yes(machine) => machine.arch.to_string(),
        other => return Err(unknown("the machine", other.why_not())),
    };
    // The kubelet that the plan names with its hash wins.
    let named = cx.worker.is_some_and(|worker| worker.kubelet.is_some());
    let good = program_files::good(folder, &name, &arch, named)?;
    good.into_iter()
        .map(|program| {
            let path = path(cx, &program.name)?;
            let differs = there.at(&path).is_none_or(|one| {
                one.sha256 != program.sha256 || one.mode != "755" || one.owner != "root:root"
            });
            Ok(ComingProgram { program, path, differs })
        })
        .collect()
}

/// Whether a program of this name comes with the step, another one than the worker has or the first.
pub(super) fn comes(cx: &StepInput, name: &str) -> bool {
    coming(cx).is_ok_and(|all| all.iter().any(|one| one.program.name == name && one.differs))
}

/// Where a program goes on this worker, absolute path.
fn path(cx: &StepInput, name: &str) -> Result<String, Problem> {
    if !is_plugin(name) {
        return Ok(place(name));
    }
    let folders =
        cx.facts.containerd().yes().map(|fact| fact.network.bin_dirs.as_slice()).unwrap_or_default();
    let ours = folders.iter().find_map(|folder| CNI_FOLDERS.into_iter().find(|ours| *folder == **ours));
    match ours {
        Some(folder) => Ok(format!("{folder}/{name}")),
        None if folders.is_empty() => Ok(format!("{}/{name}", CNI_FOLDERS[0])),
        None => Err(Problem::new(
            ProblemCode::Program03,
            "containerd looks for CNI plugins in a folder that gangplank does not write to",
        )
        .seen(format!("its bin_dir: {}", remote::join(folders, ", ")))
        .seen(format!("gangplank puts plugins into {}", CNI_FOLDERS.join(", ")))
        .manual(format!(
            "let containerd look in {} (bin_dir of its CRI), or copy them by hand",
            CNI_FOLDERS[0]
        ))
        .edit(PlanField::Binaries, "workers[].binaries: a folder without CNI plugins")),
    }
}

/// Whether another kubelet comes than the one that is there, which then decides nothing.
pub(super) fn kubelet_comes(cx: &StepInput) -> bool {
    comes(cx, KUBELET)
}
