//! Kernel: forwarding, the filter on bridges and the overlay file system, now and at the next start. What is right, and
//! kept so by somebody else's files, is left to them.

use super::definition::{Step, StepId};
use super::input::StepInput;
use super::state::{StepState, state, todo, unknown};
use crate::plan::action::Action;
use crate::plan::fact::{FactQuery, Known};
use crate::plan::kernel_fact::KernelFact;
use crate::plan::model::{Plan, Worker};
use crate::profile::kernel::{self, KernelWants, MODULES_FILE, SYSCTL_FILE, SYSCTLS};
use crate::profile::{DesiredFile, Profile};

/// What is changed in the kernel that runs.
fn changes(wants: &KernelWants) -> Vec<Action> {
    let load = wants.load.iter().map(|name| Action::LoadModule { name: (*name).to_owned() });
    let set = wants.set.iter();
    let set = set.map(|key| Action::SetSysctl { key: (*key).to_owned(), value: "1".to_owned() });
    load.chain(set).collect()
}

/// What the kernel that runs is missing for pods, whoever set the machine up: what this step would change in it.
pub fn kernel_lacks(fact: &KernelFact) -> Vec<Action> {
    changes(&kernel::wanted(fact))
}

/// What is asked of a kernel.
pub fn kernel_query() -> FactQuery {
    FactQuery::Kernel(SYSCTLS.iter().map(|key| (*key).to_owned()).collect())
}

/// The step.
pub struct Kernel;

impl Step for Kernel {
    fn id(&self) -> StepId {
        StepId("kernel")
    }

    fn title(&self) -> &'static str {
        "Kernel"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["programs"]
    }

    fn queries(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        let file = |path: &str| FactQuery::File { path: path.to_owned(), content: true };
        vec![kernel_query(), file(SYSCTL_FILE), file(MODULES_FILE)]
    }

    fn look(&self, cx: &StepInput) -> StepState {
        state((|| {
            let profile = cx.profile()?;
            if profile != Profile::Current {
                return Ok(StepState::Done(format!("profile {} sets nothing here", profile.name())));
            }
            let Known::Yes(fact) = cx.facts.kernel() else {
                return Err(unknown("the kernel", cx.facts.kernel().why_not()));
            };
            let wants = kernel::wanted(fact);
            let mut actions = changes(&wants);
            for (path, text) in [(MODULES_FILE, wants.modules_file), (SYSCTL_FILE, wants.sysctl_file)] {
                if let Some(text) = text {
                    actions.extend(cx.file(&DesiredFile { path: path.to_owned(), text }, "0644")?);
                }
            }
            Ok(todo(actions, "forwards, filters on bridges, has overlay; files keep it so"))
        })())
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/kernel.md")
    }
}
