//! What a doctor says of a worker.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::plan::code::{ProblemCode, ProblemGroup};
use crate::plan::problem::Problem;

/// What makes a worker fail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// The cause, its evidence, and what mends it.
    pub problem: Problem,
    /// What is seen too and comes from it; it goes when the cause is mended.
    pub follows: Vec<Problem>,
}

impl Cause {
    /// It may be there for a while only, as long as something else comes up or goes down.
    pub fn may_pass(&self) -> bool {
        is_symptom(self.problem.code)
    }
}

/// What was found on one worker.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Diagnosis {
    /// What is wrong, in the order in which it must be mended.
    pub causes: Vec<Cause>,
    /// What could not be looked at; where there is any of it, nobody calls the worker healthy.
    pub unknown: Vec<Problem>,
    /// What somebody should know, and what is no fault.
    pub notes: Vec<String>,
    /// What was looked at and is right.
    pub well: Vec<String>,
}

impl Diagnosis {
    /// Everything was looked at, and nothing is wrong.
    pub fn healthy(&self) -> bool {
        self.causes.is_empty() && self.unknown.is_empty()
    }

    /// As `--json` tells it.
    pub fn told(&self) -> Value {
        let problems = |all: &[Problem]| all.iter().map(Problem::told).collect::<Vec<_>>();
        let cause = |cause: &Cause| {
            let mut told = cause.problem.told();
            told["follows"] = problems(&cause.follows).into();
            told
        };
        json!({
            "healthy": self.healthy(),
            "causes": self.causes.iter().map(cause).collect::<Vec<_>>(),
            "unknown": problems(&self.unknown),
            "notes": self.notes,
            "well": self.well,
        })
    }
}

/// The rank of what is wrong with the container runtime.
pub(super) const RUNTIME: u8 = 2;

/// The place of a cause in the order of mending: the machine, its runtime, the kubelet's program and files, the way to the
/// API, what runs, the node.
pub(super) fn rank(code: ProblemCode) -> u8 {
    use ProblemGroup as Group;
    match code {
        ProblemCode::Kubelet04 | ProblemCode::Kubelet08 | ProblemCode::Kubelet14 => return 7,
        ProblemCode::Kubelet15
        | ProblemCode::Key02
        | ProblemCode::Unit02
        | ProblemCode::Unit03
        | ProblemCode::Image02 => return 8,
        ProblemCode::Container02 | ProblemCode::Container03 | ProblemCode::Container04 => return 9,
        ProblemCode::Kubelet01 | ProblemCode::Kubelet06 | ProblemCode::Kubelet09 => return 3,
        _ => {}
    }
    match code.group() {
        Group::Address if code == ProblemCode::Address02 => 1,
        Group::Ssh | Group::Sudo | Group::Host | Group::Systemd => 0,
        Group::Disk | Group::Clock | Group::Cgroup | Group::Swap | Group::Kernel => 1,
        group if group.is_of_runtime() => RUNTIME,
        Group::Program => 3,
        Group::Ca | Group::Key | Group::Cert | Group::File | Group::Kubelet | Group::Unit => 4,
        Group::Port | Group::Image => 5,
        Group::Api | Group::Address | Group::Name | Group::Network | Group::Version => 6,
        Group::Node => 9,
        _ => 8,
    }
}

/// It may come from another cause, so that it is named below that where it is there. A kubelet that does not answer is
/// none: what stopped its process is told by nothing else.
pub(super) fn is_symptom(code: ProblemCode) -> bool {
    matches!(
        code,
        ProblemCode::Kubelet04
            | ProblemCode::Kubelet14
            | ProblemCode::Container02
            | ProblemCode::Container03
            | ProblemCode::Node02
            | ProblemCode::Node03
            | ProblemCode::Node04
            | ProblemCode::Network04
            | ProblemCode::Network07
            | ProblemCode::Api24
    )
}

/// It may be named below another cause where that is there.
pub(super) fn may_follow(code: ProblemCode) -> bool {
    // Nobody answers on an interface that is down, whatever stands there.
    is_symptom(code) || code == ProblemCode::Kubelet08
}

/// A kubelet ends with it, or does not start.
fn ends_the_kubelet(cause: ProblemCode) -> bool {
    use ProblemGroup as Group;
    match cause {
        // Of certificates only those that cannot be loaded: one that the API refuses leaves the kubelet running.
        ProblemCode::Ca01
        | ProblemCode::Cert01
        | ProblemCode::Cert07
        | ProblemCode::Key01
        | ProblemCode::Key03
        | ProblemCode::File01
        | ProblemCode::File03
        | ProblemCode::File05 => true,
        // Without the program that makes containers what runs goes on.
        ProblemCode::Kubelet08
        | ProblemCode::Kubelet14
        | ProblemCode::Kubelet15
        | ProblemCode::Unit02
        | ProblemCode::Unit03
        | ProblemCode::Containerd11 => false,
        _ => {
            cause.group().is_of_runtime()
                || matches!(
                    cause.group(),
                    Group::Disk | Group::Cgroup | Group::Swap | Group::Kubelet | Group::Port | Group::Unit
                )
        }
    }
}

/// Whether `symptom` comes from `cause` where both are there.
pub(super) fn explains(cause: ProblemCode, symptom: ProblemCode) -> bool {
    use ProblemGroup as Group;
    // A kubelet that runs has what it needs of it.
    if cause == ProblemCode::Kernel04 {
        return symptom == ProblemCode::Kubelet04;
    }
    let ends = ends_the_kubelet(cause);
    let stands = matches!(cause, ProblemCode::Kubelet08 | ProblemCode::Kubelet14);
    match symptom {
        ProblemCode::Kubelet04 => ends && cause != ProblemCode::Kubelet04,
        // Somebody stopped it; only that it cannot be started comes from elsewhere.
        ProblemCode::Kubelet14 => matches!(cause, ProblemCode::Kubelet01 | ProblemCode::Kubelet07),
        ProblemCode::Container02 => {
            // Without that file no pod is made; a kube-proxy ends when its node is deleted.
            matches!(cause, ProblemCode::Node02 | ProblemCode::Name03 | ProblemCode::Containerd11)
                || ends
                || stands
                || matches!(cause.group(), Group::File | Group::Image | Group::Program)
        }
        ProblemCode::Kubelet08 => cause == ProblemCode::Address02,
        ProblemCode::Api24 => cause == ProblemCode::Name02,
        ProblemCode::Network04 => {
            matches!(cause, ProblemCode::Network01 | ProblemCode::Network02 | ProblemCode::Network03)
        }
        // It makes them when it has heard of the services.
        ProblemCode::Container03 => {
            matches!(cause.group(), Group::Api | Group::Cert | Group::Ca | Group::Key | Group::Clock)
                && cause != ProblemCode::Key02
                || matches!(cause, ProblemCode::Name02 | ProblemCode::File05)
        }
        // flannel is a pod too, and asks the API.
        ProblemCode::Network07 => {
            ends || stands
                || matches!(
                    cause,
                    ProblemCode::Name02 | ProblemCode::Name03 | ProblemCode::Api20 | ProblemCode::Api24
                )
        }
        // The kubelet reports all the same.
        ProblemCode::Node02 | ProblemCode::Node03 | ProblemCode::Node04
            if matches!(cause, ProblemCode::Name03 | ProblemCode::Network07 | ProblemCode::Network08) =>
        {
            false
        }
        ProblemCode::Node02 | ProblemCode::Node03 | ProblemCode::Node04 => {
            ends || stands
                || matches!(
                    cause.group(),
                    Group::Api | Group::Clock | Group::Ca | Group::Cert | Group::Network | Group::Name
                )
        }
        _ => false,
    }
}
