//! What a step would change, as what is wrong: of files, units, images and the kernel.

use std::path::Path;

use super::keys::others_read;
use crate::plan::action::{Action, Content, Verb};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{Facts, Known};
use crate::plan::problem::Problem;

/// The fault that an action mends; `None` = it only belongs to one that is told elsewhere. `before` are the actions that
/// come before it: where its folder is gone too, that is made with it.
pub(super) fn fault(action: &Action, step: &str, facts: &Facts, before: &[Action]) -> Option<Problem> {
    let holds = |one: &&Action| match (one, action.path()) {
        (Action::MakeDir { path, .. }, Some(file)) => Path::new(file).starts_with(path),
        _ => false,
    };
    let mends = |problem: Problem| {
        let folders = before.iter().filter(holds).cloned();
        problem.repair("put it right", folders.chain([action.clone()]).collect())
    };
    match action {
        // Key pairs are judged as pairs.
        Action::Put { content: Content::Later(_), .. }
        | Action::MakeKey { .. }
        | Action::MakeCsr { .. }
        | Action::Sign { .. }
        | Action::MakeDir { .. }
        | Action::CheckKubelet { .. }
        | Action::ProveKubelet { .. }
        | Action::NoteNode { .. }
        | Action::NoteForeign { .. } => None,
        Action::Put { path, .. } => Some(match facts.file(path) {
            Known::Yes(Some(file)) => mends(
                Problem::new(ProblemCode::File07, format!("{path} is not as the plan wants it"))
                    .seen(format!("{}, mode {}", file.owner, file.mode)),
            ),
            Known::Yes(None) => mends(Problem::new(ProblemCode::File05, format!("{path} is gone"))),
            // Nobody asked whether it is there.
            Known::No(_) | Known::NotAsked => {
                Problem::new(ProblemCode::Step02, format!("not as the plan wants it: {}", action.title()))
                    .seen(format!("the step {step} would change it"))
            }
        }),
        Action::Script { title, text, .. } if step == "keys" => {
            let what = if is_roots(text, facts) {
                "a key is not as closed as the plan wants it"
            } else {
                "a key can be read by others than root"
            };
            Some(mends(Problem::new(ProblemCode::Key02, what).seen(title.clone())))
        }
        Action::Service { verb: Verb::DaemonReload, .. } => Some(mends(Problem::new(
            ProblemCode::Unit02,
            "a file of a unit was changed, and systemd has not read it since",
        ))),
        // Whether the kubelet runs is told by its process.
        Action::Service { unit, .. } if unit == "kubelet" => None,
        Action::SetSysctl { .. } | Action::LoadModule { .. } => Some(mends(
            Problem::new(ProblemCode::Kernel03, "the kernel is not set as pods need it").seen(action.title()),
        )),
        // Where nobody could look, it is not known which are there.
        Action::LoadImage { .. } | Action::SendImage { .. } if !matches!(facts.images(), Known::Yes(_)) => {
            None
        }
        Action::LoadImage { .. } | Action::SendImage { .. } => Some(
            Problem::new(ProblemCode::Image02, "an image that the node needs is not there")
                .seen(action.title()),
        ),
        _ => Some(
            Problem::new(ProblemCode::Step02, format!("not as the plan wants it: {}", action.title()))
                .seen(format!("the step {step} would change it")),
        ),
    }
}

/// The key that a script would close belongs to root, and nobody else can read it: only its mode is another one than the plan's.
fn is_roots(script: &str, facts: &Facts) -> bool {
    let words = shell_words::split(script).unwrap_or_default();
    let [_, path] = words.as_slice() else { return false };
    let Known::Yes(Some(key)) = facts.key(path) else { return false };
    key.owner == "root:root" && !others_read(facts, &key.mode, true)
}
