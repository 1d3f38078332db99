//! What a folder of programs holds, against the worker that is to get them: each file is a program for its machine, or is
//! named with what it is.

use crate::plan::code::ProblemCode;
use crate::plan::plan_field::PlanField;
use crate::plan::problem::Problem;
use crate::plan::programs::{KUBELET, LocalProgram, ProgramFolder, ProgramForm};

/// The problem of a folder that cannot be used at all.
pub(super) fn unusable(folder: &str, why: &str) -> Problem {
    Problem::new(ProblemCode::Program01, format!("the folder of programs {folder} cannot be used"))
        .seen(why)
        .edit(PlanField::Binaries, "workers[].binaries: a folder on this computer, or leave it out")
}

/// Whether a program of one architecture is for a machine of another name of it (`uname -m`).
fn fits(program: &str, machine: &str) -> bool {
    match program {
        "armv7l" => machine.starts_with("armv"),
        "i686" => matches!(machine, "i386" | "i486" | "i586" | "i686"),
        same => same == machine,
    }
}

/// The programs that a worker of this architecture is to have, each once; the kubelet is left out where the plan names
/// one by itself.
pub(super) fn good<'a>(
    folder: &'a ProgramFolder,
    name: &str,
    arch: &str,
    kubelet_named: bool,
) -> Result<Vec<&'a LocalProgram>, Problem> {
    let mut good: Vec<&LocalProgram> = Vec::new();
    let mut wrong = Vec::new();
    for program in folder.programs.iter().filter(|one| !(kubelet_named && one.name == KUBELET)) {
        let path = &program.path;
        match &program.form {
            ProgramForm::Elf(built) if fits(built, arch) => {
                match good.iter().find(|one| one.name == program.name) {
                    None => good.push(program),
                    Some(first) if first.sha256 == program.sha256 => {}
                    Some(first) => wrong.push(format!("{path} is another one than {}", first.path)),
                }
            }
            ProgramForm::Elf(built) => wrong.push(format!("{path} is a program for {built}")),
            ProgramForm::Other(what) => wrong.push(format!("{path} is {what}")),
            ProgramForm::Unreadable(why) => wrong.push(format!("{path} cannot be read: {why}")),
        }
    }
    if !wrong.is_empty() {
        let problem = Problem::new(
            ProblemCode::Program02,
            format!("the folder {name} holds what is no program for this worker, which is {arch}"),
        );
        return Err(wrong
            .into_iter()
            .fold(problem, Problem::seen)
            .seen("nothing of the folder was sent")
            .edit(PlanField::Binaries, "workers[].binaries: a folder for this architecture")
            .manual("put the right files there, or take these out"));
    }
    if good.is_empty() {
        let seen = match folder.others.as_slice() {
            [] => "it is empty".to_owned(),
            others => format!("there is: {}", others.join(", ")),
        };
        let kubelet = kubelet_named && folder.programs.iter().any(|one| one.name == KUBELET);
        if kubelet {
            return Ok(good);
        }
        return Err(unusable(name, "it holds none of kubelet, containerd, containerd-shim-runc-v2, ctr, crictl, runc and the CNI plugins")
            .seen(seen));
    }
    Ok(good)
}
