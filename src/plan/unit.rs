//! What is learnt of a systemd unit, of the files that change it, and of the files a kubelet makes static pods of.

use serde::{Deserialize, Serialize};

use super::remote::Remote;

/// A systemd unit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UnitFact {
    /// `LoadState`: loaded, not-found, masked ...
    pub load: Remote<String>,
    /// `ActiveState`: active, inactive, failed ...
    pub active: Remote<String>,
    /// `SubState`: running, dead, auto-restart ...
    pub sub: Remote<String>,
    /// `UnitFileState`: enabled, disabled ...
    pub file: Remote<String>,
    /// `NRestarts`: how often systemd started it again by itself; `None` = this systemd does not count.
    pub restarts: Option<u32>,
    /// How often in the last ten minutes systemd started it again, as its journal tells where systemd does not count.
    pub ends_lately: Option<u32>,
    /// `NeedDaemonReload`: its file was changed since systemd read it.
    pub stale: bool,
    /// `FragmentPath`: the file it is read from.
    pub fragment: Remote<String>,
    /// `DropInPaths`: files that change it.
    pub dropins: Vec<DropIn>,
    /// The lines of its journal that say most, when it is not active.
    pub journal: Vec<Remote<String>>,
    /// The state of its main process as the kernel calls it, `S`, `T`, `Z`, `D`; empty = there is none.
    pub state: Remote<String>,
    /// `Result`: how systemd calls its end, `exit-code`, `signal`, `oom-kill`, `start-limit-hit`; `success` or empty = it
    /// did not end badly, or that is not told.
    pub result: Remote<String>,
    /// How its main process ended last, `ExecMainCode` and `ExecMainStatus`: 1 with the status that it ended with, 2 or 3
    /// with the signal that killed it (`si_code` of `waitid(2)`); `None` = it has not ended, or that is not told.
    pub ended: Option<(u32, u32)>,
    /// Seconds since it became active; `None` = not known.
    pub up_s: Option<u64>,
    /// Its process was started with `--default-ipc-mode=shareable`, which the runtime of old kubelets needs.
    pub shareable_ipc: bool,
}

impl UnitFact {
    /// The switch of `systemctl unmask` that fits how it was masked, with a blank behind it.
    pub fn unmask_switch(&self) -> &'static str {
        if self.file == "masked-runtime" { "--runtime " } else { "" }
    }

    /// Something else than itself ended its process, or kept it from beginning: it need not have said anything.
    pub fn was_cut_off(&self) -> bool {
        self.active != "active" && matches!(self.ended, Some((2 | 3, _) | (1, 200..)))
    }

    /// How its process ended last, in words; `None` = not badly, or it is not told.
    pub fn last_end(&self) -> Option<String> {
        let how = match self.ended? {
            (1, 0) => return None,
            _ if self.result == "watchdog" => {
                "systemd ended it: it gave no sign of life in time (watchdog)".to_owned()
            }
            _ if self.result == "timeout" => {
                "systemd ended it: it did not start or stop in time (timeout)".to_owned()
            }
            // Statuses of systemd itself (systemd.exec(5)).
            (1, 203) => "systemd could not execute its program (status 203)".to_owned(),
            (1, status) => format!("it ended with status {status}"),
            (2 | 3, 9) if self.result == "oom-kill" => {
                "the kernel killed it for want of memory (systemd: oom-kill)".to_owned()
            }
            (2 | 3, 9) => {
                "signal 9 (KILL) ended it; who sent it is not told: the kernel does it for want of memory, and then dmesg says so"
                    .to_owned()
            }
            (2 | 3, signal @ (4 | 6 | 7 | 8 | 11)) => format!("signal {signal} ended it, as a crash does"),
            (2 | 3, signal) => format!("signal {signal} ended it"),
            _ => return None,
        };
        // Until version 229 it had the shorter name.
        let gave_up = self.result == "start-limit-hit" || self.result == "start-limit";
        Some(if gave_up {
            format!("{how}; systemd gave up after too many starts (start-limit-hit)")
        } else {
            how
        })
    }

    /// Why its process does nothing at all although systemd calls it active.
    pub fn stands_still(&self) -> Option<&'static str> {
        match self.state.untrusted() {
            "T" => Some("it was stopped by a signal (SIGSTOP)"),
            "t" => Some("a debugger holds it"),
            "Z" => Some("it has ended and nobody has taken note (zombie)"),
            "D" => Some("it waits for a disk or the kernel and cannot be interrupted (D)"),
            "frozen" => Some("its control group is frozen"),
            _ => None,
        }
    }
}

/// A line of a unit's journal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JournalLine {
    /// As it was written; one whose value has several lines is one.
    pub text: Remote<String>,
    /// The process that wrote it, as far as that can be told.
    pub writer: Option<u32>,
    /// How long ago it was written, by the clock of its machine, seconds.
    pub ago_s: Option<u64>,
}

/// What a unit's journal says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JournalFact {
    /// The lines that say most, oldest first.
    pub said: Vec<Remote<String>>,
    /// Lines that differ in more than times and numbers, each as it was written last, oldest first.
    pub lines: Vec<JournalLine>,
    /// The unit's process; `None` = it has none, or it was not told.
    pub pid: Option<u32>,
    /// How long ago the first line was written that was read, seconds.
    pub since_s: Option<u64>,
}

/// A file that changes a unit. Of its values nothing is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DropIn {
    /// Absolute path.
    pub path: Remote<String>,
    /// What it sets: directives, variables and flags by name.
    pub sets: Vec<Remote<String>>,
}

/// A file in the folder of static pods, read as the kubelet reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFact {
    /// Its name in the folder.
    pub name: Remote<String>,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// `namespace/name` of its pod, or why the kubelet makes none of it.
    pub pod: Result<Remote<String>, Remote<String>>,
    /// The kubeconfig of a kube-proxy in it, as a path of the machine; `None` = it has none that is mounted from there.
    #[serde(default)]
    pub kubeconfig: Option<Remote<String>>,
}
