//! Connect: log in and become root. The engine does the connecting; this step reads what came of it.

use super::definition::{Step, StepId};
use super::input::StepInput;
use super::state::{StepState, unknown};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Known};
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

    fn queries(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        vec![FactQuery::Machine]
    }

    fn look(&self, cx: &StepInput) -> StepState {
        match cx.facts.machine() {
            Known::Yes(machine) if machine.uid == 0 => {
                StepState::Done(format!("{}, {}", machine.hostname, machine.os))
            }
            Known::Yes(machine) => StepState::Blocked(
                Problem::new(ProblemCode::Sudo01, "the login is not root and did not become root")
                    .seen(format!("the shell runs as user id {}", machine.uid))
                    .manual("log in as root, or as a user whose sudo may run sh"),
            ),
            other => StepState::Blocked(unknown("the machine", other.why_not())),
        }
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/connect.md")
    }
}
