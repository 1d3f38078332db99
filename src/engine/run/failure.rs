//! What a failed action means, read from what the machine said.

use crate::plan::action::{Action, Verb};
use crate::plan::code::ProblemCode;
use crate::plan::place::Place;
use crate::plan::plan_field::PlanField;
use crate::plan::problem::{Problem, Remedy};

/// What the prelude says of a folder, a link on the way, or a link at the target.
const NOT_SAFE: [&str; 3] =
    ["who could change what root writes there", "nothing is written over it", "too many links lead there"];

/// Somebody else could change what this action would write: before the first change, and when it is refused.
pub(crate) fn not_safe(place: &Place, action: &Action, why: &str) -> Problem {
    Problem::new(ProblemCode::File04, format!("{place}: {} would not be safe", action.title()))
        .seen(crate::plan::redact::said(why))
        .manual(
            "run there, as root, what stands behind the colon, and find out who had the right to write there",
        )
}

/// What a failed action means.
pub(crate) fn action_problem(
    place: &Place,
    action: &Action,
    status: i32,
    end: &crate::host::ActionEnd,
) -> Problem {
    let text = if end.err.trim().is_empty() { &end.out } else { &end.err };
    let lower = text.to_lowercase();
    if let Some(why) = text.lines().find(|line| NOT_SAFE.iter().any(|words| line.contains(words))) {
        return not_safe(place, action, why).seen("what was done before it stays").way(Remedy::Retry);
    }
    let what = format!("{place}: {} failed", action.title());
    let mut problem = if lower.contains("no space left on device") {
        Problem::new(ProblemCode::Disk02, what)
            .manual("make room on that disk: df -h, then du -xh --max-depth=2 / | sort -h | tail")
    } else if lower.contains("cannot connect to the docker daemon") {
        Problem::new(ProblemCode::Docker01, what)
            .repair("start docker", vec![Action::Service { verb: Verb::Start, unit: "docker".to_owned() }])
            .manual("look at: journalctl -u docker -n 30")
    } else if lower.contains("read-only file system") {
        Problem::new(ProblemCode::Disk03, what)
            .manual("remount it writable; look at dmesg for the reason first")
    } else if matches!(action, Action::TryPrograms { .. }) {
        Problem::new(ProblemCode::Program04, format!("{place}: the programs of the folder are not as wanted"))
            .edit(PlanField::Binaries, "workers[].binaries: a folder with other ones")
    } else if matches!(action, Action::Service { .. }) {
        Problem::new(ProblemCode::Unit01, what).manual("look at: journalctl -u kubelet -n 50 --no-pager")
    } else {
        Problem::new(ProblemCode::Action01, what)
    };
    problem = problem.seen(format!("exit status {status}"));
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    for line in lines.iter().skip(lines.len().saturating_sub(6)) {
        problem = problem.seen(crate::plan::redact::said(line));
    }
    problem.seen("what was done before it stays; the next run goes on from there").way(Remedy::Retry)
}
