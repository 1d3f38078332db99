//! Undo: what gangplank wrote down on each machine is taken back, newest first. What somebody changed after
//! it is left alone and named. An issued certificate cannot be taken back.

use super::event::{Event, TaskOutcome};
use super::exit::ExitCode;
use super::run::Engine;
use crate::engine::cluster::facts::SharedFacts;
use crate::engine::session::objects::{self, Made};
use crate::engine::sync::Gate;
use crate::host::{Batch, BatchProgress, Host};
use crate::plan::action::{Action, Verb};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Known};
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy};
use crate::plan::record::{self, Record, RecordKind};
use crate::plan::written::{RunFolder, Written};
use crate::step::StepId;

const UNDO: StepId = StepId::UNDO;
/// The unit whose containers and whose restart matter.
const KUBELET: &str = "kubelet";
/// A host's clock and the API's may differ so much, seconds.
const CLOCKS_DIFFER: i64 = 5;

/// Sees everything that would be taken back, and says whether it shall be.
pub type ConfirmUndo<'c> = dyn Fn(&[(Place, Vec<Action>)]) -> bool + 'c;

/// A machine with what is to be taken back on it.
struct UndoHost {
    place: Place,
    host: Box<dyn Host>,
    back: Back,
}

fn deletion((path, uid): &(String, String)) -> Action {
    Action::KubeDelete { path: path.clone(), uid: Some(uid.clone()) }
}

/// What takes a record back.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Back {
    /// What is done first, newest change first.
    pub actions: Vec<Action>,
    /// The record itself goes last, when nothing was left alone and the node is gone.
    pub forget: Vec<Action>,
    /// The node, when it was new; with the time (seconds since 1970, the host's clock) when only its age can tell.
    pub node: Option<(String, Option<i64>)>,
    /// Lines of the record that nobody here understands: what they tell of stays, and so does the record.
    pub not_understood: Vec<String>,
}

/// The actions that take a record back.
pub fn back(record: &Record) -> Back {
    let lines = &record.lines;
    let mut actions = Vec::new();
    let mut node = None;
    let mut units = false;
    // Only a kubelet or a node that was not there before takes its containers with it.
    let new_node = lines.iter().any(|line| matches!(line.kind, RecordKind::Node | RecordKind::NodeUnknown));
    let new_kubelet = !lines.iter().any(|line| line.kind == RecordKind::Foreign)
        && lines.iter().any(|line| {
            line.path == crate::profile::UNIT && line.kind == RecordKind::Put && line.old.is_empty()
        });
    let mut restart = false;
    let mut merged = std::collections::BTreeMap::new();
    for line in lines.iter().rev() {
        match &line.kind {
            RecordKind::Merged => {
                merged.insert(line.path.clone(), Written::of(&line.new));
            }
            RecordKind::Merge => actions.push(Action::RestoreFile {
                path: line.path.clone(),
                run: RunFolder::Of(line.run.clone()),
                old: line.old.clone(),
                // Without the line that says what kubectl made of it, nobody knows whether it is still ours.
                new: merged.remove(&line.path).unwrap_or(Written::Unknown),
                mode: line.mode.clone(),
            }),
            RecordKind::Put | RecordKind::Key if line.old.is_empty() && line.new.is_empty() => {}
            RecordKind::Put | RecordKind::Key if line.old.is_empty() => {
                units |= line.path.starts_with("/etc/systemd/");
                actions.push(Action::UndoCreate { path: line.path.clone(), new: Written::of(&line.new) });
            }
            RecordKind::Put | RecordKind::Key => {
                units |= line.path.starts_with("/etc/systemd/");
                actions.push(Action::RestoreFile {
                    path: line.path.clone(),
                    run: RunFolder::Of(line.run.clone()),
                    old: line.old.clone(),
                    new: Written::of(&line.new),
                    mode: line.mode.clone(),
                });
            }
            RecordKind::Dir => actions.push(Action::UndoMakeDir { path: line.path.clone() }),
            // A name that meant another image before keeps the one it has now.
            RecordKind::Image if line.old.is_empty() => {
                actions.push(Action::UndoLoadImage { name: line.path.clone() });
            }
            RecordKind::Enable if line.old != "enabled" => {
                actions.push(Action::Service { verb: Verb::Disable, unit: line.path.clone() });
            }
            RecordKind::Start if line.old != "active" => {
                actions.push(Action::Service { verb: Verb::Stop, unit: line.path.clone() });
                // Another unit is one that a repair started.
                if line.path == KUBELET && (new_kubelet || new_node) {
                    actions.push(Action::CleanPods);
                }
                restart &= line.path != KUBELET;
            }
            RecordKind::Start => restart |= line.path == KUBELET,
            RecordKind::Node => node = Some((line.path.clone(), None)),
            RecordKind::NodeUnknown => {
                node = node.or_else(|| Some((line.path.clone(), Some(line.time))));
            }
            RecordKind::Image
            | RecordKind::Enable
            | RecordKind::Started
            | RecordKind::Restarted
            | RecordKind::Foreign
            // Named with the lines that cannot be read.
            | RecordKind::Other(_) => {}
        }
    }
    if units {
        actions.push(Action::Service { verb: Verb::DaemonReload, unit: String::new() });
    }
    if restart {
        // It ran before and has read what was ours.
        actions.push(Action::Service { verb: Verb::Restart, unit: KUBELET.to_owned() });
    }
    let not_understood = record.not_understood();
    let mut runs: Vec<&String> = lines.iter().map(|line| &line.run).collect();
    runs.dedup();
    if !not_understood.is_empty() {
        // Whatever they tell of can be taken back only with the record and the old files.
        runs.clear();
    }
    let forget = runs.into_iter().map(|run| Action::DeleteRecord { run: run.clone() }).collect();
    Back { actions, forget, node, not_understood }
}

/// Lines that are named at most.
const NAMED: usize = 8;

/// Something on a machine was done that this program cannot take back.
fn not_understood(place: &Place, lines: &[String]) -> Problem {
    let what = match lines.len() {
        1 => "a line of the record says nothing that this gangplank understands".to_owned(),
        count => format!("{count} lines of the record say nothing that this gangplank understands"),
    };
    let mut problem = Problem::new(ProblemCode::Undo04, format!("{place}: {what}"));
    for line in lines.iter().take(NAMED) {
        problem = problem.seen(crate::plan::clean::line(line));
    }
    if lines.len() > NAMED {
        problem = problem.seen(format!("and {} more", lines.len() - NAMED));
    }
    problem
        .seen("everything else was taken back; the record and the old files stay on this machine")
        .manual("take back by hand what these lines tell of, then remove the record")
}

impl Engine<'_> {
    /// Takes back what this and earlier runs did; the exit code. `confirm` sees everything first.
    pub fn undo(&self, confirm: &ConfirmUndo) -> ExitCode {
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
        let remembered = if all {
            self.options.session.map(|session| objects::made(&session.folder)).unwrap_or_default()
        } else {
            Vec::new()
        };
        let nodes: Vec<(String, Option<i64>)> =
            machines.iter().filter_map(|machine| machine.back.node.clone()).collect();
        let (made, nodes) = match self.in_the_cluster(remembered, &nodes) {
            Ok(found) => found,
            Err(problem) => {
                problems = true;
                self.events.tell(
                    &Place::Cluster,
                    Some(UNDO),
                    Event::TaskEnded { outcome: TaskOutcome::Failed { problem } },
                );
                // The record stays, so that the node can be deleted by the next undo.
                for machine in machines.iter_mut().filter(|machine| machine.back.node.is_some()) {
                    machine.back.forget.clear();
                }
                (Vec::new(), Vec::new())
            }
        };
        let shown = |machine: &UndoHost| {
            let back = &machine.back;
            (machine.place.clone(), back.actions.iter().chain(&back.forget).cloned().collect())
        };
        let mut everything: Vec<(Place, Vec<Action>)> = machines.iter().map(shown).collect();
        everything.push((Place::Cluster, made.iter().chain(&nodes).map(deletion).collect()));
        if !confirm(&everything) {
            return ExitCode::Stopped;
        }
        problems |= !self.delete(&made);
        if let (true, Some(session)) = (all, self.options.session) {
            let strange = objects::not_understood(&session.folder);
            if !strange.is_empty() {
                problems = true;
                let outcome = TaskOutcome::Failed { problem: not_understood(&Place::Cluster, &strange) };
                self.events.tell(&Place::Cluster, Some(UNDO), Event::TaskEnded { outcome });
            }
        }
        let (mut local, mut hosts): (Vec<_>, Vec<_>) =
            machines.into_iter().partition(|machine| machine.place == Place::Local);
        let mut good: Vec<bool> = hosts.iter_mut().map(|machine| self.take_back(machine)).collect();
        // Only now: a kubelet that still runs would register its node again.
        let gone = self.delete(&nodes);
        problems |= !gone;
        for (machine, good) in hosts.iter_mut().zip(&mut good) {
            let node_gone = gone || machine.back.node.is_none();
            *good = *good && node_gone && self.forget(machine);
        }
        problems |= good.iter().any(|good| !good);
        if let (true, Some(session)) = (all && !problems, self.options.session) {
            objects::forget(&session.folder);
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
            Ok((host, record)) => {
                let mut back = back(&record);
                if back.not_understood.is_empty()
                    && back
                        .actions
                        .iter()
                        .any(|action| matches!(action, Action::Service { verb: Verb::Restart, .. }))
                {
                    // A restart is written down too.
                    back.forget.push(Action::DeleteRecord { run: self.options.run.clone() });
                }
                machines.push(UndoHost { place, host, back });
                true
            }
            Err(problem) => {
                self.events.tell(
                    &place,
                    Some(UNDO),
                    Event::TaskEnded { outcome: TaskOutcome::Failed { problem } },
                );
                false
            }
        }
    }

    /// Which of the objects and nodes to delete are really there: path and uid.
    fn in_the_cluster(
        &self,
        objects: Made,
        nodes: &[(String, Option<i64>)],
    ) -> Result<(Made, Made), Problem> {
        if objects.is_empty() && nodes.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let shared = SharedFacts::learn(self.plan, self.world, false, &self.options.made, &Gate::default())?;
        let Some(known) = &shared.cluster.nodes else {
            return Err(Problem::new(
                ProblemCode::Undo02,
                "what was made in the cluster cannot be taken back now",
            )
            .seen(shared.cluster.nodes_why.clone())
            .seen("the record of it stays, so undo can be run again")
            .way(Remedy::Retry));
        };
        let new = |node: &crate::kube::Node| {
            nodes.iter().any(|(name, noted)| {
                let younger =
                    |noted: i64| node.created.is_some_and(|at| at.as_second() + CLOCKS_DIFFER >= noted);
                *name == node.name && noted.is_none_or(younger)
            })
        };
        let nodes = known
            .iter()
            .filter(|node| new(node))
            .map(|node| (format!("/api/v1/nodes/{}", node.name), node.uid.clone()))
            .collect();
        Ok((objects, nodes))
    }

    fn record(&self, place: &Place, mut host: Box<dyn Host>) -> Result<(Box<dyn Host>, Record), Problem> {
        let batch =
            Batch { queries: vec![FactQuery::Record], run: self.options.run.clone(), ..Batch::default() };
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
                Ok((host, record))
            }
            other => Err(Problem::new(ProblemCode::Fact01, format!("{place}: the record could not be read"))
                .seen(other.why_not().to_owned())),
        }
    }

    /// Takes a place's actions back and tells how it ended; `true` when it is as it was.
    fn take_back(&self, machine: &mut UndoHost) -> bool {
        let actions = std::mem::take(&mut machine.back.actions);
        let strange = std::mem::take(&mut machine.back.not_understood);
        let mut outcome = match (actions.is_empty(), strange.is_empty()) {
            (true, true) if machine.back.forget.is_empty() => {
                TaskOutcome::Same { evidence: "gangplank changed nothing here".to_owned() }
            }
            (true, false) => TaskOutcome::Changed { actions: 0 },
            _ => self.send_back(machine, &actions),
        };
        if outcome.good() && !strange.is_empty() {
            outcome = TaskOutcome::Failed { problem: not_understood(&machine.place, &strange) };
        }
        let good = outcome.good();
        self.events.tell(&machine.place, Some(UNDO), Event::TaskEnded { outcome });
        good
    }

    /// Removes the record; a failure is told.
    fn forget(&self, machine: &mut UndoHost) -> bool {
        let actions = std::mem::take(&mut machine.back.forget);
        if actions.is_empty() {
            return true;
        }
        let outcome = self.send_back(machine, &actions);
        let good = outcome.good();
        if !good {
            self.events.tell(&machine.place, Some(UNDO), Event::TaskEnded { outcome });
        }
        good
    }

    fn send_back(&self, machine: &mut UndoHost, actions: &[Action]) -> TaskOutcome {
        let place = &machine.place;
        self.events.tell(place, Some(UNDO), Event::TaskStarted);
        let batch = Batch { actions: actions.to_vec(), run: self.options.run.clone(), ..Batch::default() };
        let mut left = false;
        let end = machine.host.run(&batch, self.options.stop, &mut |heard| match heard {
            BatchProgress::Began(index) => {
                if let Some(action) = actions.get(index) {
                    let shell = action.shell().to_string();
                    self.events.tell(
                        place,
                        Some(UNDO),
                        Event::ActionStarted { action: action.title(), shell },
                    );
                }
            }
            BatchProgress::LeftAlone(_) => left = true,
            BatchProgress::Said(_, err, line) => {
                self.events.tell(place, Some(UNDO), Event::Output { line, err });
            }
            BatchProgress::Ended(index, status) => {
                if let Some(action) = actions.get(index) {
                    self.events.tell(
                        place,
                        Some(UNDO),
                        Event::ActionEnded { action: action.title(), status, ms: 0 },
                    );
                }
            }
            BatchProgress::Sent(..) => {}
        });
        if left {
            // What was there before lies beside the record, and somebody may want it yet.
            machine.back.forget.clear();
            let text = "the record and the old files stay on this machine, because something was left alone"
                .to_owned();
            self.events.tell(place, Some(UNDO), Event::Note { text });
        }
        if end.stopped {
            return TaskOutcome::Stopped;
        }
        if let Some(trouble) = end.trouble {
            return TaskOutcome::Failed { problem: trouble.problem(place) };
        }
        let failed = actions
            .iter()
            .enumerate()
            .find(|(index, _)| end.actions.get(index).is_none_or(|done| done.status != Some(0)));
        match failed {
            None => TaskOutcome::Changed { actions: actions.len() },
            Some((index, action)) => {
                let said = end.actions.get(&index).map(|done| done.err.clone()).unwrap_or_default();
                let mut problem =
                    Problem::new(ProblemCode::Undo01, format!("{place}: {} failed", action.title()));
                for line in said.lines().take(4) {
                    problem = problem.seen(crate::plan::clean::line(line));
                }
                TaskOutcome::Failed {
                    problem: problem.seen("the record stays, so undo can be run again").way(Remedy::Retry),
                }
            }
        }
    }

    /// Deletes API objects that are still the ones that were made; `true` when none was refused.
    fn delete(&self, made: &[(String, String)]) -> bool {
        if made.is_empty() {
            return true;
        }
        let place = Place::Cluster;
        self.events.tell(&place, Some(UNDO), Event::TaskStarted);
        let actions = made.len();
        let mut outcome = TaskOutcome::Changed { actions };
        for (path, uid) in made {
            let action = deletion(&(path.clone(), uid.clone()));
            let started = Event::ActionStarted { action: action.title(), shell: action.shell().to_string() };
            self.events.tell(&place, Some(UNDO), started);
            let result = self.world.cluster().delete(path, uid);
            let status = i32::from(result.is_err());
            self.events.tell(
                &place,
                Some(UNDO),
                Event::ActionEnded { action: action.title(), status, ms: 0 },
            );
            match result {
                Ok(_) => {}
                Err(crate::kube::ApiError::Conflict(_)) => {
                    let text = format!("{path} is another object by now: left alone");
                    self.events.tell(&place, Some(UNDO), Event::Note { text });
                }
                Err(error) => {
                    let problem = Problem::new(error.code(), format!("{path} could not be deleted"))
                        .seen(error.to_string())
                        .way(Remedy::Retry);
                    outcome = TaskOutcome::Failed { problem };
                }
            }
        }
        let good = outcome.good();
        self.events.tell(&place, Some(UNDO), Event::TaskEnded { outcome });
        good
    }
}
