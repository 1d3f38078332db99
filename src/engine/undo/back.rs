//! What takes a record back: its lines turned round, newest first. Nothing is run here.

use crate::plan::action::{Action, Verb};
use crate::plan::programs;
use crate::plan::record::{Record, RecordKind};
use crate::plan::runtime_fact::RuntimeKind;
use crate::plan::written::{RunFolder, Written};

/// The unit whose containers and whose restart matter.
const KUBELET: &str = "kubelet";
/// The runtime that is restarted for its configuration.
const CONTAINERD: &str = "containerd";

/// What takes a record back.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Back {
    /// What is done first, newest change first.
    pub actions: Vec<Action>,
    /// The record itself goes last, when nothing was left alone and the node is gone.
    pub forget: Vec<Action>,
    /// It says that its node was new, or may have been.
    pub node: bool,
    /// Lines of the record that nobody here understands: what they tell of stays, and so does the record.
    pub not_understood: Vec<String>,
}

/// The actions that take a record back; `runtime` is that of the machine's kubelet, `None` = the machine finds out.
pub fn back(record: &Record, runtime: Option<RuntimeKind>) -> Back {
    let lines = &record.lines;
    let mut actions = Vec::new();
    let mut node = false;
    let mut units = false;
    // Only a kubelet or a node that was not there before takes its containers with it.
    let new_node = lines.iter().any(|line| matches!(line.kind, RecordKind::Node | RecordKind::NodeUnknown));
    let new_kubelet = !lines.iter().any(|line| line.kind == RecordKind::Foreign)
        && lines.iter().any(|line| {
            line.path == crate::profile::UNIT && line.kind == RecordKind::Put && line.old.is_empty()
        });
    let mut restart = false;
    let mut restart_containerd = false;
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
                actions.push(Action::UndoLoadImage { name: line.path.clone(), runtime });
            }
            RecordKind::Enable if line.old != "enabled" => {
                actions.push(Action::Service { verb: Verb::Disable, unit: line.path.clone() });
            }
            RecordKind::Start if !ran(&line.old) => {
                actions.push(Action::Service { verb: Verb::Stop, unit: line.path.clone() });
                // Another unit is one that a repair started.
                if line.path == KUBELET && (new_kubelet || new_node) {
                    actions.push(Action::CleanPods { runtime });
                }
                restart &= line.path != KUBELET;
            }
            RecordKind::Start => {
                restart |= line.path == KUBELET;
                restart_containerd |= line.path == CONTAINERD;
            }
            RecordKind::Sysctl => actions.push(Action::UndoSysctl {
                key: line.path.clone(),
                old: line.old.clone(),
                new: line.new.clone(),
            }),
            RecordKind::Link => actions.push(Action::Script {
                title: format!("lead {} to {} again", line.path, line.old),
                text: shell_words::join(["rotate_back", &line.path, &line.old, &line.new]),
                secrets: Vec::new(),
            }),
            RecordKind::Module => actions.push(Action::KeepModule { name: line.path.clone() }),
            RecordKind::Node | RecordKind::NodeUnknown => node = true,
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
    // It runs, and has read a file that is as it was before now.
    if restart_containerd && lines.iter().any(|line| is_containerd(&line.path)) {
        actions.push(Action::Service { verb: Verb::Restart, unit: CONTAINERD.to_owned() });
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

/// A unit ran before by what systemd said of it: one that it starts again and again counts as one that runs.
fn ran(state: &str) -> bool {
    matches!(state, "active" | "activating" | "reloading")
}

/// Whether a file is read by containerd when it starts.
fn is_containerd(path: &str) -> bool {
    path.starts_with("/etc/containerd/")
        || path == programs::CONTAINERD_DROP_IN
        || path == programs::place(programs::CONTAINERD)
}

impl Back {
    /// Whether something is put back or taken away; a restart alone does neither.
    pub fn takes_back(&self) -> bool {
        let restart = |action: &Action| matches!(action, Action::Service { verb: Verb::Restart, .. });
        self.node || self.actions.iter().any(|action| !restart(action))
    }
}

/// What one run wrote down. A line that cannot be read belongs to it when it does not say that it is another's.
pub fn of_run(record: &Record, run: &str) -> Record {
    let says = |line: &str| {
        let line: Option<serde_json::Value> = serde_json::from_str(line).ok();
        line.and_then(|line| line["run"].as_str().map(str::to_owned))
    };
    Record {
        lines: record.lines.iter().filter(|line| line.run == run).cloned().collect(),
        unread: record.unread.iter().filter(|line| says(line).is_none_or(|of| of == run)).cloned().collect(),
        newer: record.newer,
    }
}
