//! What a failed action means, read from what the machine said.

use crate::plan::action::Action;
use crate::plan::code::ProblemCode;
use crate::plan::place::Place;
use crate::plan::plan_field::PlanField;
use crate::plan::problem::{Problem, Remedy};
use crate::profile::{self, DryCheck};
use crate::runtime::of_facts;

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
    if let Some(problem) = kubelet_problem(place, action, status, text) {
        return problem;
    }
    let mut problem = if let Some(silent) = of_facts::refused(text, &what) {
        silent
    } else if lower.contains("no space left on device") {
        Problem::new(ProblemCode::Disk02, what)
            .manual("make room on that disk: df -h, then du -xh --max-depth=2 / | sort -h | tail")
    } else if lower.contains("read-only file system") {
        Problem::new(ProblemCode::Disk03, what)
            .manual("remount it writable; look at dmesg for the reason first")
    } else if matches!(action, Action::TryPrograms { .. }) {
        Problem::new(ProblemCode::Program04, format!("{place}: the programs of the folder are not as wanted"))
            .edit(PlanField::Binaries, "workers[].binaries: a folder with other ones")
    } else if let Action::LoadModule { name } = action {
        Problem::new(ProblemCode::Kernel01, format!("{place}: the kernel has no module {name} to load"))
            .manual("install the modules of the kernel that runs (uname -r), or start the one they are installed for")
    } else if let Action::SetSysctl { key, .. } = action {
        Problem::new(ProblemCode::Kernel02, format!("{place}: {key} cannot be set")).manual(format!(
            "as root there: sysctl -w {key}=1; inside a container that is for its host to do"
        ))
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

/// What a kubelet said of its new files, before or after it was started with them.
fn kubelet_problem(place: &Place, action: &Action, status: i32, text: &str) -> Option<Problem> {
    let shown = |mut problem: Problem, lines: &[String]| {
        for line in lines {
            problem = problem.seen(line.clone());
        }
        problem
    };
    let config = |problem: Problem, field: Option<String>| {
        let field = field.filter(|field| !field.starts_with("--"));
        let new = field.map_or_else(String::new, |field| format!(": {field}"));
        problem.edit(PlanField::KubeletConfig, format!("workers[].kubelet_config{new}"))
    };
    match action {
        Action::CheckKubelet { .. } => {
            let (lines, field) = match profile::dry_check(text, Some(status)) {
                DryCheck::Bad { lines, field } => (lines, field),
                DryCheck::Unknown(why) => (vec![why], None),
                // Its answer was cut off before the end.
                DryCheck::Good => return None,
            };
            let problem = Problem::new(
                ProblemCode::Kubelet12,
                format!("{place}: the kubelet refuses the configuration it would get"),
            );
            let flag = field.clone().filter(|field| field.starts_with("--"));
            let problem = shown(problem, &lines).seen("its files are as they were, and it was not restarted");
            let problem = match flag {
                Some(new) => problem.edit(PlanField::KubeletArgs, format!("workers[].kubelet_args: {new}")),
                None => config(problem, field),
            };
            Some(problem.way(Remedy::Retry))
        }
        Action::ProveKubelet { back, .. } => {
            // The kubelet's own words, without systemd's.
            let systemd = ["kubelet.service: ", "Started kubelet", "Stopped kubelet", "Starting kubelet"];
            let own =
                |line: &&str| !line.trim().is_empty() && !systemd.iter().any(|head| line.starts_with(head));
            let lines: Vec<&str> = text.lines().filter(own).collect();
            let (said, end) = lines.split_at(lines.len().saturating_sub(1));
            let said = said.iter().skip(said.len().saturating_sub(6));
            let lines: Vec<String> = said.chain(end).map(|line| crate::plan::redact::said(line)).collect();
            let problem = Problem::new(
                ProblemCode::Kubelet13,
                format!("{place}: the kubelet did not come up with its new files"),
            );
            let problem = shown(problem, &lines);
            let put = |path: &str| back.iter().any(|one| one == path);
            let problem = if put(profile::KUBELET_CONFIG) {
                config(problem, None)
            } else if put(profile::UNIT) {
                problem.edit(PlanField::KubeletArgs, "workers[].kubelet_args")
            } else {
                problem.edit(PlanField::Binaries, "workers[].binaries: another kubelet")
            };
            Some(problem.manual("all it said: journalctl -u kubelet -n 100 --no-pager").way(Remedy::Retry))
        }
        _ => None,
    }
}
