//! Undo: what gangplank wrote down on each machine is taken back, newest first. What somebody changed after
//! it is left alone and named. An issued certificate cannot be taken back.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::Value;

use super::base::Base;
use super::event::{Event, Outcome};
use super::run::{Engine, code};
use crate::host::{Batch, Heard, Host};
use crate::plan::action::{Action, Verb};
use crate::plan::fact::{Known, RecordLine, Want};
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Way};
use crate::step::StepId;

const UNDO: StepId = StepId("undo");

/// Sees everything that would be taken back, and says whether it shall be.
pub type Confirm<'c> = dyn Fn(&[(Place, Vec<Action>)]) -> bool + 'c;

/// A machine with what is to be taken back on it.
struct Turn {
    place: Place,
    host: Box<dyn Host>,
    actions: Vec<Action>,
    node: Option<String>,
}

/// API objects: path and uid.
type Made = Vec<(String, String)>;

fn deletion((path, uid): &(String, String)) -> Action {
    Action::KubeDelete { path: path.clone(), uid: Some(uid.clone()) }
}

/// The API objects a session made, newest first.
pub fn made(session: &Path) -> Made {
    let text = std::fs::read_to_string(session.join("objects.jsonl")).unwrap_or_default();
    let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    lines
        .iter()
        .rev()
        .filter_map(|line| Some((line["path"].as_str()?.to_owned(), line["uid"].as_str()?.to_owned())))
        // Others may use the namespace by now, and deleting it deletes what is in it.
        .filter(|(path, _)| path != "/api/v1/namespaces/kube-system")
        .collect()
}

/// Notes an object that was made, in the session.
pub(super) fn remember(session: &Path, line: &Value) -> std::io::Result<()> {
    let file = session.join("objects.jsonl");
    let mut file = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
    writeln!(file, "{line}")?;
    file.sync_all()
}

/// The actions that take a record back, newest first, and the node it says was new.
pub fn actions(record: &[RecordLine]) -> (Vec<Action>, Option<String>) {
    let mut actions = Vec::new();
    let mut node = None;
    let mut units = false;
    // Only a kubelet or a node that was not there before takes its containers with it.
    let new_node = record.iter().any(|line| line.kind == "node");
    let new_kubelet = !record.iter().any(|line| line.kind == "foreign")
        && record
            .iter()
            .any(|line| line.path == crate::profile::UNIT && line.kind == "put" && line.old.is_empty());
    let mut restart = false;
    let mut merged = std::collections::BTreeMap::new();
    for line in record.iter().rev() {
        match line.kind.as_str() {
            "merged" => {
                merged.insert(line.path.clone(), line.new.clone());
            }
            "merge" => actions.push(Action::PutBack {
                path: line.path.clone(),
                run: line.run.clone(),
                old: line.old.clone(),
                // Without the line that says what kubectl made of it, nobody knows whether it is still ours.
                new: merged.remove(&line.path).unwrap_or_else(|| "unknown".to_owned()),
                mode: line.mode.clone(),
            }),
            "put" | "key" if line.old.is_empty() && line.new.is_empty() => {}
            "put" | "key" if line.old.is_empty() => {
                units |= line.path.starts_with("/etc/systemd/");
                actions.push(Action::TakeAway { path: line.path.clone(), new: line.new.clone() });
            }
            "put" | "key" => {
                units |= line.path.starts_with("/etc/systemd/");
                actions.push(Action::PutBack {
                    path: line.path.clone(),
                    run: line.run.clone(),
                    old: line.old.clone(),
                    new: line.new.clone(),
                    mode: line.mode.clone(),
                });
            }
            "dir" => actions.push(Action::TakeDir { path: line.path.clone() }),
            // A name that meant another image before keeps the one it has now.
            "image" if line.old.is_empty() => actions.push(Action::TakeImage { name: line.path.clone() }),
            "enable" if line.old != "enabled" => {
                actions.push(Action::Service { verb: Verb::Disable, unit: line.path.clone() });
            }
            "start" if line.old != "active" => {
                actions.push(Action::Service { verb: Verb::Stop, unit: line.path.clone() });
                if new_kubelet || new_node {
                    actions.push(Action::CleanPods);
                }
                restart = false;
            }
            "start" => restart = true,
            "node" => node = Some(line.path.clone()),
            _ => {}
        }
    }
    if units {
        actions.push(Action::Service { verb: Verb::DaemonReload, unit: String::new() });
    }
    if restart {
        // It ran before and has read what was ours.
        actions.push(Action::Service { verb: Verb::Restart, unit: "kubelet".to_owned() });
    }
    let mut runs: Vec<&String> = record.iter().map(|line| &line.run).collect();
    runs.dedup();
    actions.extend(runs.into_iter().map(|run| Action::Forget { run: run.clone() }));
    (actions, node)
}

impl Engine<'_> {
    /// Takes back what this and earlier runs did; the exit code. `confirm` sees everything first.
    pub fn undo(&self, confirm: &Confirm) -> u8 {
        let mut problems = false;
        let mut turns: Vec<Turn> = Vec::new();
        for worker in self.workers() {
            let place = Place::Worker(worker.name.clone());
            let host = self.world.host(&place, &worker.ssh).map_err(|trouble| trouble.problem(&place));
            problems |= !self.find(place, host, &mut turns);
        }
        let all = self.only.is_empty();
        if all {
            problems |= !self.find(Place::Here, Ok(self.world.here()), &mut turns);
        }
        let remembered = if all {
            self.session.map(|session| made(&session.folder)).unwrap_or_default()
        } else {
            Vec::new()
        };
        let (mut remembered_nodes, objects): (Made, Made) =
            remembered.into_iter().partition(|(path, _)| path.starts_with("/api/v1/nodes/"));
        let nodes: Vec<String> = turns.iter().filter_map(|turn| turn.node.clone()).collect();
        let asked = self.in_the_cluster(objects, &nodes, &mut remembered_nodes);
        let (objects, nodes) = match asked {
            Ok(found) => found,
            Err(problem) => {
                problems = true;
                self.teller.tell(
                    &Place::Cluster,
                    Some(UNDO),
                    Event::TaskEnded { outcome: Outcome::Failed { problem } },
                );
                // The record stays, so that the node can be deleted by the next undo.
                for turn in turns.iter_mut().filter(|turn| turn.node.is_some()) {
                    turn.actions.retain(|action| !matches!(action, Action::Forget { .. }));
                }
                (Vec::new(), Vec::new())
            }
        };
        let mut shown: Vec<(Place, Vec<Action>)> =
            turns.iter().map(|turn| (turn.place.clone(), turn.actions.clone())).collect();
        shown.push((Place::Cluster, objects.iter().chain(&nodes).map(deletion).collect()));
        if !confirm(&shown) {
            return code::STOPPED;
        }
        let kept_objects = !self.delete(&objects);
        problems |= kept_objects;
        let (here, hosts): (Vec<_>, Vec<_>) = turns.into_iter().partition(|turn| turn.place == Place::Here);
        for mut turn in hosts {
            problems |= !self.take_back(&turn.place, turn.host.as_mut(), &turn.actions);
        }
        // Only now: a kubelet that still runs would register its node again.
        problems |= !self.delete(&nodes);
        if let (true, Some(session)) = (all && !problems, self.session) {
            let _ = std::fs::remove_file(session.folder.join("objects.jsonl"));
        }
        for mut turn in here {
            problems |= !self.take_back(&turn.place, turn.host.as_mut(), &turn.actions);
        }
        match (problems, self.stop.wanted()) {
            (_, true) => code::STOPPED,
            (true, false) => code::PROBLEM,
            (false, false) => code::DONE,
        }
    }

    /// Reads a machine's record; `false` when that was not possible.
    fn find(&self, place: Place, host: Result<Box<dyn Host>, Problem>, turns: &mut Vec<Turn>) -> bool {
        match host.and_then(|host| self.record(&place, host)) {
            Ok((host, record)) => {
                let (mut actions, node) = actions(&record);
                if actions.iter().any(|action| matches!(action, Action::Service { verb: Verb::Restart, .. }))
                {
                    // A restart is written down too.
                    actions.push(Action::Forget { run: self.run.clone() });
                }
                turns.push(Turn { place, host, actions, node });
                true
            }
            Err(problem) => {
                self.teller.tell(
                    &place,
                    Some(UNDO),
                    Event::TaskEnded { outcome: Outcome::Failed { problem } },
                );
                false
            }
        }
    }

    /// Which of the objects and nodes to delete are really there: path and uid.
    fn in_the_cluster(
        &self,
        objects: Made,
        nodes: &[String],
        remembered: &mut Made,
    ) -> Result<(Made, Made), Problem> {
        if objects.is_empty() && nodes.is_empty() && remembered.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let base = Base::learn(self.plan, self.world, false, &self.made, &super::base::Gate::default())?;
        let Some(known) = &base.cluster.nodes else {
            return Err(Problem::new("E-UNDO-02", "what was made in the cluster cannot be taken back now")
                .seen(base.cluster.nodes_why.clone())
                .seen("the record of it stays, so undo can be run again")
                .way(Way::Retry));
        };
        let mut nodes: Made = known
            .iter()
            .filter(|node| nodes.contains(&node.name))
            .map(|node| (format!("/api/v1/nodes/{}", node.name), node.uid.clone()))
            .collect();
        remembered.retain(|one| !nodes.contains(one));
        nodes.append(remembered);
        Ok((objects, nodes))
    }

    fn record(
        &self,
        place: &Place,
        mut host: Box<dyn Host>,
    ) -> Result<(Box<dyn Host>, Vec<RecordLine>), Problem> {
        let batch = Batch { wants: vec![Want::Record], run: self.run.clone(), ..Batch::default() };
        let end = host.run(&batch, self.stop, &mut |_| {});
        if let Some(trouble) = end.trouble {
            return Err(trouble.problem(place));
        }
        match end.facts.record() {
            Known::Yes(record) => {
                let record = record.clone();
                Ok((host, record))
            }
            other => Err(Problem::new("E-FACT-01", format!("{place}: the record could not be read"))
                .seen(other.why_not().to_owned())),
        }
    }

    /// Takes a place's actions back and tells how it ended; `true` when it is as it was.
    fn take_back(&self, place: &Place, host: &mut dyn Host, actions: &[Action]) -> bool {
        let outcome = self.send_back(place, host, actions);
        let good = outcome.good();
        self.teller.tell(place, Some(UNDO), Event::TaskEnded { outcome });
        good
    }

    fn send_back(&self, place: &Place, host: &mut dyn Host, actions: &[Action]) -> Outcome {
        if actions.is_empty() {
            return Outcome::Same { evidence: "gangplank changed nothing here".to_owned() };
        }
        self.teller.tell(place, Some(UNDO), Event::TaskStarted);
        let batch = Batch { actions: actions.to_vec(), run: self.run.clone(), ..Batch::default() };
        let end = host.run(&batch, self.stop, &mut |heard| match heard {
            Heard::Began(index) => {
                if let Some(action) = actions.get(index) {
                    let shell = action.shell().to_string();
                    self.teller.tell(
                        place,
                        Some(UNDO),
                        Event::ActionStarted { action: action.title(), shell },
                    );
                }
            }
            Heard::Said(_, err, line) => self.teller.tell(place, Some(UNDO), Event::Output { line, err }),
            Heard::Ended(index, status) => {
                if let Some(action) = actions.get(index) {
                    self.teller.tell(
                        place,
                        Some(UNDO),
                        Event::ActionEnded { action: action.title(), status, ms: 0 },
                    );
                }
            }
            Heard::Sent(..) => {}
        });
        if end.stopped {
            return Outcome::Stopped;
        }
        if let Some(trouble) = end.trouble {
            return Outcome::Failed { problem: trouble.problem(place) };
        }
        let failed = actions
            .iter()
            .enumerate()
            .find(|(index, _)| end.actions.get(index).is_none_or(|done| done.status != Some(0)));
        match failed {
            None => Outcome::Changed { actions: actions.len() },
            Some((index, action)) => {
                let said = end.actions.get(&index).map(|done| done.err.clone()).unwrap_or_default();
                let mut problem = Problem::new("E-UNDO-01", format!("{place}: {} failed", action.title()));
                for line in said.lines().take(4) {
                    problem = problem.seen(crate::host::clean::line(line));
                }
                Outcome::Failed {
                    problem: problem.seen("the record stays, so undo can be run again").way(Way::Retry),
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
        self.teller.tell(&place, Some(UNDO), Event::TaskStarted);
        let actions = made.len();
        let mut outcome = Outcome::Changed { actions };
        for (path, uid) in made {
            let action = deletion(&(path.clone(), uid.clone()));
            let started = Event::ActionStarted { action: action.title(), shell: action.shell().to_string() };
            self.teller.tell(&place, Some(UNDO), started);
            let result = self.world.cluster().delete(path, uid);
            let status = i32::from(result.is_err());
            self.teller.tell(
                &place,
                Some(UNDO),
                Event::ActionEnded { action: action.title(), status, ms: 0 },
            );
            match result {
                Ok(_) => {}
                Err(crate::kube::ApiError::Conflict(_)) => {
                    let text = format!("{path} is another object by now: left alone");
                    self.teller.tell(&place, Some(UNDO), Event::Note { text });
                }
                Err(error) => {
                    let problem = Problem::new(error.code(), format!("{path} could not be deleted"))
                        .seen(error.to_string())
                        .way(Way::Retry);
                    outcome = Outcome::Failed { problem };
                }
            }
        }
        let good = outcome.good();
        self.teller.tell(&place, Some(UNDO), Event::TaskEnded { outcome });
        good
    }
}
