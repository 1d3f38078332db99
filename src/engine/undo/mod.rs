//! Undo: what gangplank wrote down on each machine is taken back, newest first: what one run did, or the whole record
//! of a worker with its node. What somebody changed after it is left alone and named. An issued certificate cannot be
//! taken back.

mod back;
mod belief;
mod carry;
mod nodes;

use std::collections::BTreeSet;

use crate::engine::event::Event;
use crate::engine::exit::ExitCode;
use crate::engine::run::Engine;
use crate::engine::session::journal;
use crate::engine::session::objects::{self, Made};
use crate::host::{Batch, Host};
use crate::plan::action::{Action, Verb};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Facts, Known};
use crate::plan::place::Place;
use crate::plan::problem::Problem;
use crate::plan::record::{self, Record, RecordKind};
use crate::plan::runtime_fact::RuntimeKind;
use crate::profile::{Profile, UNIT};
use crate::step::StepId;

pub use back::{Back, back, of_run};
pub use belief::{believe, believe_found, is_run};

const UNDO: StepId = StepId::UNDO;

/// What is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoScope {
    /// The last run that changed something.
    LastRun,
    /// The run of this id.
    Run(String),
    /// Whatever the record of each machine holds, and the nodes of the workers.
    Everything,
}

/// What will happen, before it does.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UndoList {
    /// The run that is taken back; `None` = the whole record.
    pub run: Option<String>,
    /// What is done on each place, in order.
    pub places: Vec<(Place, Vec<Action>)>,
    /// What stays as it is, in words.
    pub stays: Vec<(Place, String)>,
}

impl UndoList {
    /// There is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.places.iter().all(|(_, actions)| actions.is_empty())
    }
}

/// Sees everything that will happen, and says whether it shall.
pub type ConfirmUndo<'c> = dyn Fn(&UndoList) -> bool + 'c;

/// A machine with what is to be taken back on it.
struct UndoHost {
    place: Place,
    host: Box<dyn Host>,
    record: Record,
    /// The runtime of its kubelet; `None` = not known, and found out there.
    runtime: Option<RuntimeKind>,
    /// What its record says and nobody believes.
    strange: Vec<String>,
    back: Back,
}

/// A machine, what its record says, and the runtime of its kubelet where that is known.
type ReadRecord = (Box<dyn Host>, Record, Option<RuntimeKind>);

/// An API object with the run that made it.
type Remembered = (Option<String>, (String, String));

fn deletion((path, uid): &(String, String)) -> Action {
    Action::KubeDelete { path: path.clone(), uid: Some(uid.clone()) }
}

/// Lines that are named at most.
const NAMED: usize = 8;

fn named(mut problem: Problem, lines: &[String]) -> Problem {
    for line in lines.iter().take(NAMED) {
        problem = problem.seen(crate::plan::clean::line(line));
    }
    if lines.len() > NAMED {
        problem = problem.seen(format!("and {} more", lines.len() - NAMED));
    }
    problem.seen("everything else was taken back; the record and the old files stay on this machine")
}

/// Something on a machine was done that this program cannot take back.
pub(super) fn not_understood(place: &Place, lines: &[String]) -> Problem {
    let what = match lines.len() {
        1 => "a line of the record says nothing that this gangplank understands".to_owned(),
        count => format!("{count} lines of the record say nothing that this gangplank understands"),
    };
    named(Problem::new(ProblemCode::Undo04, format!("{place}: {what}")), lines)
        .manual("take back by hand what these lines tell of, then remove the record")
}

/// The record of a machine names what is not its own.
pub(super) fn not_believed(place: &Place, lines: &[String]) -> Problem {
    let what = match lines.len() {
        1 => "a line of the record names what gangplank does not change there".to_owned(),
        count => format!("{count} lines of the record name what gangplank does not change there"),
    };
    named(Problem::new(ProblemCode::Undo05, format!("{place}: {what}")), lines)
        .manual("find out who wrote these lines; then remove the record on that machine by hand")
}

impl Engine<'_> {
    /// Takes back what was done; the exit code. `confirm` sees everything first.
    pub fn undo(&self, scope: &UndoScope, confirm: &ConfirmUndo) -> ExitCode {
        let mut problems = false;
        let mut machines: Vec<UndoHost> = Vec::new();
        for worker in self.workers() {
            let place = Place::Worker(worker.name.clone());
            let host = self.world.host(&place, &worker.ssh).map_err(|trouble| trouble.problem(&place));
            problems |= !self.find(place, host, &mut machines);
        }
        let all = self.options.only.is_empty();
        if all {
            problems |= !self.find(Place::Local, Ok(self.world.local()), &mut machines);
        }
        let remembered = match self.options.session {
            Some(session) if all => objects::made_in_runs(&session.folder),
            Some(_) | None => Vec::new(),
        };
        if let Some(problem) = no_run(scope, problems, &all_runs(&machines, &remembered)) {
            self.fail(&Place::Cluster, Some(UNDO), problem);
            return ExitCode::Problem;
        }
        let run = match scope {
            UndoScope::LastRun => self.last_run(&machines, &remembered),
            UndoScope::Run(run) => Some(run.clone()),
            UndoScope::Everything => None,
        };
        if run.is_none() && *scope == UndoScope::LastRun {
            // Nothing was done by any run; what is strange in a record is told all the same.
            for machine in &mut machines {
                machine.record.lines.clear();
            }
        }
        let (mut machines, built_upon) = self.turned_round(machines, run.as_deref());
        problems |= built_upon;
        let (oldest, made) = (oldest_run(&machines, &remembered), remembered);
        let of_run = |of: &Option<String>| {
            run.as_ref().is_none_or(|run| of.as_ref().or(oldest.as_ref()).is_some_and(|of| of == run))
        };
        let made = made.into_iter().filter(|(of, _)| of_run(of)).map(|(_, object)| object).collect();
        let nodes = self.nodes_of(&machines, run.as_deref());
        for machine in &mut machines {
            machine.back.node |= nodes.wants(&machine.place);
        }
        let mut stays = nodes.stays.clone();
        let (made, nodes) = match self.in_the_cluster(made, &nodes, &mut stays) {
            Ok(found) => found,
            Err(problem) => {
                problems = true;
                self.fail(&Place::Cluster, Some(UNDO), problem);
                // The record stays, so that the node can be deleted by the next undo.
                for machine in machines.iter_mut().filter(|machine| machine.back.node) {
                    machine.back.forget.clear();
                }
                (Vec::new(), Vec::new())
            }
        };
        for machine in &machines {
            let lines = machine.strange.iter().chain(&machine.back.not_understood);
            stays.extend(lines.map(|line| (machine.place.clone(), crate::plan::clean::line(line))));
        }
        let list = listed(run.clone(), &machines, &made, &nodes, stays);
        if !confirm(&list) {
            return ExitCode::Stopped;
        }
        for (place, text) in list.stays.iter().filter(|(place, _)| *place == Place::Cluster) {
            self.events.tell(place, Some(UNDO), Event::Note { text: text.clone() });
        }
        let cluster_good = self.delete(&made);
        problems |= !cluster_good;
        if let (true, Some(session)) = (all, self.options.session) {
            let strange = objects::not_understood(&session.folder);
            if !strange.is_empty() {
                problems = true;
                self.fail(&Place::Cluster, Some(UNDO), not_understood(&Place::Cluster, &strange));
            }
        }
        let (mut local, mut hosts): (Vec<_>, Vec<_>) =
            machines.into_iter().partition(|machine| machine.place == Place::Local);
        let mut good: Vec<bool> = hosts.iter_mut().map(|machine| self.take_back(machine)).collect();
        // Only now: a kubelet that still runs would register its node again.
        let gone = self.delete(&nodes);
        problems |= !gone;
        for (machine, good) in hosts.iter_mut().zip(&mut good) {
            let node_gone = gone || !machine.back.node;
            *good = *good && node_gone && self.forget(machine);
        }
        problems |= good.iter().any(|good| !good);
        if let (true, Some(session)) = (cluster_good && !problems, self.options.session) {
            objects::forget(&session.folder, &made);
        }
        for machine in &mut local {
            problems |= !(self.take_back(machine) && self.forget(machine));
        }
        match (problems, self.options.stop.wanted()) {
            (_, true) => ExitCode::Stopped,
            (true, false) => ExitCode::Problem,
            (false, false) => ExitCode::Done,
        }
    }

    /// Reads a machine's record; `false` when that was not possible.
    fn find(&self, place: Place, host: Result<Box<dyn Host>, Problem>, machines: &mut Vec<UndoHost>) -> bool {
        match host.and_then(|host| self.record(&place, host)) {
            Ok((host, record, runtime)) => {
                let (record, strange) = believe(&record, &place);
                machines.push(UndoHost { place, host, record, runtime, strange, back: Back::default() });
                true
            }
            Err(problem) => {
                self.fail(&place, Some(UNDO), problem);
                false
            }
        }
    }

    fn record(&self, place: &Place, mut host: Box<dyn Host>) -> Result<ReadRecord, Problem> {
        let (run, lock) = (self.options.run.clone(), self.lock_on(place));
        let mut queries = vec![FactQuery::Record];
        if matches!(place, Place::Worker(_)) {
            queries.push(FactQuery::File { path: UNIT.to_owned(), content: true });
        }
        let batch = Batch { queries, run, lock, ..Batch::default() };
        let end = host.run(&batch, self.options.stop, &mut |_| {});
        if let Some(trouble) = end.trouble {
            return Err(trouble.problem(place));
        }
        match end.facts.record() {
            Known::Yes(Record { newer: Some(v), .. }) => Err(Problem::new(
                ProblemCode::Undo03,
                format!("{place}: a newer gangplank wrote the record there"),
            )
            .seen(format!("its format is {v}, this program reads up to {}", record::VERSION))
            .seen("nothing was taken back on this machine, and the record stays as it is")
            .manual("undo it with the gangplank that made the last run")),
            Known::Yes(record) => {
                let record = record.clone();
                let runtime = runtime_of(&record, &end.facts);
                Ok((host, record, runtime))
            }
            other => Err(Problem::new(ProblemCode::Fact01, format!("{place}: the record could not be read"))
                .seen(other.why_not().to_owned())),
        }
    }

    /// The last run that changed something and was not taken back yet. What this computer's journals say goes before
    /// what the records of the machines say.
    fn last_run(&self, machines: &[UndoHost], remembered: &[Remembered]) -> Option<String> {
        let runs = all_runs(machines, remembered);
        let known = self.options.session.map(|session| journal::changed(&session.folder)).unwrap_or_default();
        runs.intersection(&known).last().or_else(|| runs.last()).cloned()
    }

    /// What is to be done on each machine; those on which a later run stands are told and left out.
    fn turned_round(&self, machines: Vec<UndoHost>, run: Option<&str>) -> (Vec<UndoHost>, bool) {
        let (mut kept, mut refused) = (Vec::new(), false);
        for mut machine in machines {
            if let Some(run) = run {
                let runs = runs_of(&machine.record);
                let later: Vec<&String> = runs.iter().filter(|other| other.as_str() > run).collect();
                if runs.contains(run) && !later.is_empty() {
                    refused = true;
                    self.fail(&machine.place, Some(UNDO), built_upon(&machine.place, run, &later));
                    continue;
                }
                machine.record = of_run(&machine.record, run);
            }
            let mut back = back(&machine.record, machine.runtime);
            if !machine.strange.is_empty() {
                back.forget.clear();
            }
            let restarts = |action: &Action| matches!(action, Action::Service { verb: Verb::Restart, .. });
            if !back.forget.is_empty() && back.actions.iter().any(restarts) {
                // A restart is written down too.
                back.forget.push(Action::DeleteRecord { run: self.options.run.clone() });
            }
            machine.back = back;
            kept.push(machine);
        }
        (kept, refused)
    }
}

/// The runtime of a machine's kubelet: what its images were loaded into, or what its unit waits for.
fn runtime_of(record: &Record, facts: &Facts) -> Option<RuntimeKind> {
    let mut images = record.lines.iter().rev().filter(|line| line.kind == RecordKind::Image);
    let loaded = images.find_map(|line| RuntimeKind::named(&line.mode));
    let unit =
        facts.file(UNIT).yes().copied().and_then(Option::as_ref).and_then(|file| file.content.as_deref());
    loaded.or_else(|| Profile::runtime_of_unit(&String::from_utf8_lossy(unit?)))
}

/// Why the run that is to be taken back is not known.
pub(super) fn no_run(scope: &UndoScope, unread: bool, known: &BTreeSet<String>) -> Option<Problem> {
    let problem = match scope {
        UndoScope::Run(wanted) if !known.contains(wanted) => {
            Problem::new(ProblemCode::Undo07, format!("no record here knows run {wanted}"))
        }
        UndoScope::LastRun if unread => Problem::new(
            ProblemCode::Undo08,
            "which run was the last is not known while a machine cannot be read",
        )
        .manual("say which one with --run ID, or leave that machine alone with --worker for the others"),
        UndoScope::Run(_) | UndoScope::LastRun | UndoScope::Everything => return None,
    };
    let problem = known
        .iter()
        .rev()
        .take(NAMED)
        .fold(problem, |problem, run| problem.seen(format!("run {run} can be taken back")));
    Some(problem.seen("nothing was taken back"))
}

/// The runs that left something to take back, anywhere.
fn all_runs(machines: &[UndoHost], remembered: &[Remembered]) -> BTreeSet<String> {
    let machines = machines.iter().flat_map(|machine| runs_of(&machine.record));
    machines.chain(remembered.iter().filter_map(|(run, _)| run.clone())).collect()
}

/// The runs of a record that left something to take back.
pub(super) fn runs_of(record: &Record) -> BTreeSet<String> {
    let all: BTreeSet<&String> = record.lines.iter().map(|line| &line.run).collect();
    all.into_iter().filter(|run| back(&of_run(record, run), None).takes_back()).cloned().collect()
}

/// Older lines about objects do not say which run made them: it was the first.
fn oldest_run(machines: &[UndoHost], remembered: &[Remembered]) -> Option<String> {
    let machines =
        machines.iter().flat_map(|machine| machine.record.lines.iter().map(|line| line.run.clone()));
    machines.chain(remembered.iter().filter_map(|(run, _)| run.clone())).min()
}

pub(super) fn built_upon(place: &Place, run: &str, later: &[&String]) -> Problem {
    let mut problem =
        Problem::new(ProblemCode::Undo06, format!("{place}: a later run stands on what run {run} did"));
    for other in later.iter().take(NAMED) {
        problem = problem.seen(format!("run {other} came after it and was not taken back"));
    }
    problem
        .seen("nothing was taken back on this machine")
        .manual("take back the later runs first, newest first")
}

fn listed(
    run: Option<String>,
    machines: &[UndoHost],
    made: &Made,
    nodes: &Made,
    stays: Vec<(Place, String)>,
) -> UndoList {
    let shown = |machine: &UndoHost| {
        let back = &machine.back;
        (machine.place.clone(), back.actions.iter().chain(&back.forget).cloned().collect::<Vec<_>>())
    };
    let mut places: Vec<(Place, Vec<Action>)> = machines.iter().map(shown).collect();
    places.push((Place::Cluster, made.iter().chain(nodes).map(deletion).collect()));
    UndoList { run, places, stays }
}
