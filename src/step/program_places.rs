//! Where programs go on a worker, what starts them there, and what their replacement does to what runs.

use super::changed::written;
use super::input::StepInput;
use super::program_list::ComingProgram;
use crate::plan::action::Action;
use crate::plan::action::Verb;
use crate::plan::code::ProblemCode;
use crate::plan::plan_field::PlanField;
use crate::plan::problem::{Problem, Verdict};
use crate::plan::programs::{CONTAINERD, CONTAINERD_DROP_IN, ProgramsFact, RUNC, place};
use crate::profile::DesiredFile;
use crate::runtime::containerd_change::{ends, survives};

/// Room beside what is sent and kept, MiB.
const SPARE: u64 = 32;

/// What becomes of the containers when containerd is restarted, in words.
pub(super) fn survival(cx: &StepInput) -> &'static str {
    ends(cx.facts.containerd().yes().and_then(|fact| survives(fact)))
}

fn pods(cx: &StepInput) -> bool {
    cx.facts.containers().yes().is_some_and(|rows| !rows.is_empty())
}

/// A restart of containerd must not end pods that nobody drained.
pub(super) fn may_restart(cx: &StepInput, there: &ProgramsFact) -> Result<(), Problem> {
    let Some(fact) = cx.facts.containerd().yes().copied() else { return Ok(()) };
    if !(there.active && pods(cx) && survives(fact) == Some(false)) {
        return Ok(());
    }
    Err(Problem::new(
        ProblemCode::Containerd10,
        "containerd would be replaced, and its restart would end every container",
    )
    .seen(format!("its unit says KillMode={}, pods run on this worker", fact.kill_mode))
    .manual("drain the node first (kubectl drain NODE --ignore-daemonsets), then run this again")
    .manual("or let containers survive: KillMode=process in [Service] of a drop-in of the unit, then: systemctl daemon-reload"))
}

/// The configuration that the containerd of the worker takes, and that its successor must take too.
pub(super) fn taken_config(cx: &StepInput) -> Option<String> {
    let fact = cx.facts.containerd().yes().copied()?;
    let taken = fact.file.text.is_some() && fact.dump_error.is_empty() && !fact.dump.is_empty();
    taken.then(|| fact.file.path.to_string())
}

/// What lets the unit of containerd start the program of the folder, when it starts another one; `None` = it does.
pub(super) fn drop_in(cx: &StepInput, there: &ProgramsFact) -> Result<Option<Vec<Action>>, Problem> {
    let ours = place(CONTAINERD);
    if !there.unit {
        return Err(Problem::new(ProblemCode::Program03, "the folder holds a containerd, and no unit of this worker would start it")
            .seen("systemd has loaded no unit containerd: it is missing, or masked")
            .manual(format!("give it one that starts {ours}, such as the containerd.service of its release, then: systemctl daemon-reload"))
            .edit(PlanField::Binaries, "workers[].binaries: a folder without containerd"));
    }
    let starts = there.starts.to_string();
    let mut words = starts.split_whitespace();
    let program = words.next().unwrap_or_default();
    if program.is_empty() || program == ours {
        return Ok(None);
    }
    let arguments: Vec<&str> = words.collect();
    let plain =
        |word: &&str| word.chars().all(|sign| sign.is_ascii_alphanumeric() || "-_./=:,@".contains(sign));
    let may = arguments.iter().all(plain) && starts.chars().count() < 200;
    if !(may && cx.worker.is_some_and(|worker| worker.replace)) {
        return Err(not_started(&starts, &ours, may));
    }
    let command = std::iter::once(ours.as_str()).chain(arguments).collect::<Vec<_>>().join(" ");
    let text = format!("# Written by gangplank.\n[Service]\nExecStart=\nExecStart={command}\n");
    let folder = CONTAINERD_DROP_IN.rsplit_once('/').map_or("/", |(folder, _)| folder);
    let file = DesiredFile { path: CONTAINERD_DROP_IN.to_owned(), text };
    let mut actions = Vec::new();
    if let Some(put) = cx.file(&file, "0644")? {
        actions.push(Action::MakeDir { path: folder.to_owned(), mode: "0755" });
        actions.push(put);
    }
    actions.push(Action::Service { verb: Verb::DaemonReload, unit: String::new() });
    Ok(Some(actions))
}

fn not_started(starts: &str, ours: &str, may: bool) -> Problem {
    let problem = Problem::new(
        ProblemCode::Program03,
        format!("the folder holds a containerd, and the unit of this worker starts another one: one at {ours} would never run"),
    )
    .seen(format!("its ExecStart: {starts}"))
    .seen("a program of a package is not written over: the package would put its own back");
    let problem = if may {
        problem.replace(format!("and a drop-in of the unit lets it start {ours}; undo takes both away again"))
    } else {
        problem.manual(format!(
            "write a drop-in with ExecStart= and ExecStart={ours} ..., then: systemctl daemon-reload"
        ))
    };
    problem.edit(PlanField::Binaries, "workers[].binaries: a folder without containerd")
}

/// Room for what is sent, for a copy where it is put in place, and for the copies of the old ones.
pub(super) fn room(
    there: &ProgramsFact,
    sent: &[&ComingProgram],
    all: &[&ComingProgram],
) -> Result<(), Problem> {
    let bytes: u64 = sent.iter().map(|one| one.program.size).sum();
    let old: u64 = all.iter().filter_map(|one| there.at(&one.path)).map(|one| one.size).sum();
    let need = bytes.saturating_add(old) / (1 << 20) + SPARE;
    match there.free_mib {
        Some(free) if free < need => Err(Problem::new(
            ProblemCode::Disk01,
            format!("/var/lib has {free} MiB left, {need} MiB are needed for the programs"),
        )
        .seen("what is sent waits there, and copies of the old ones are kept there for undo")
        .manual("make room: du -xh --max-depth=2 /var | sort -h | tail")),
        Some(_) | None => Ok(()),
    }
}

/// What is to say of where they go.
pub(super) fn verdicts(cx: &StepInput, there: &ProgramsFact, all: &[ComingProgram]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    if all.iter().any(|one| one.program.name == RUNC) && !there.runc.is_empty() {
        verdicts.push(Verdict::warning(
            "programs",
            format!(
                "runc goes to {}, and the containerd of this worker finds {} first",
                place(RUNC),
                there.runc
            ),
            "take that one away, or let the PATH of containerd's unit begin with /usr/local/sbin",
        ));
    }
    let of_a_package = |one: &&ComingProgram| {
        one.differs
            && one.path.starts_with("/usr/lib")
            && there.at(&one.path).is_some()
            && written(cx.facts, &one.path).is_none()
    };
    let names: Vec<&str> = all.iter().filter(of_a_package).map(|one| one.path.as_str()).collect();
    if !names.is_empty() {
        verdicts.push(Verdict::warning(
            "programs",
            format!("{} were put there by somebody else, such as a package", names.join(", ")),
            "an upgrade of that package puts its own back",
        ));
    }
    verdicts
}
