//! Connect: log in and become root. The engine does the connecting; this step reads what came of it.

use super::{Look, State, Step, StepId, unknown};
use crate::plan::fact::{Known, Want};
use crate::plan::model::{Plan, Worker};
use crate::plan::problem::Problem;

/// The step.
pub struct Connect;

impl Step for Connect {
    fn id(&self) -> StepId {
        StepId("connect")
    }

    fn title(&self) -> &'static str {
        "Connect"
    }

    fn wants(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<Want> {
        vec![Want::Machine]
    }

    fn look(&self, cx: &Look) -> State {
        match cx.facts.machine() {
            Known::Yes(machine) if machine.uid == 0 => {
                State::Done(format!("{}, {}", machine.hostname, machine.os))
            }
            Known::Yes(machine) => State::Blocked(
                Problem::new("E-SUDO-01", "the login is not root and did not become root")
                    .seen(format!("the shell runs as user id {}", machine.uid))
                    .manual("log in as root, or as a user whose sudo may run sh"),
            ),
            other => State::Blocked(unknown("the machine", other.why_not())),
        }
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/connect.md")
    }
}
