//! Sign: the requests go to the CA, wherever it is; what comes back is checked field by field before it is
//! installed anywhere.

use super::daemons;
use super::definition::{Step, StepId};
use super::identity::{Need, cert_slot, csr_slot, need, reissue};
use super::input::StepInput;
use super::state::{StepState, state, todo};
use crate::plan::action::Action;
use crate::plan::fact::FactQuery;
use crate::plan::model::{Plan, Worker};
use crate::plan::problem::Verdict;

/// The step.
pub struct Sign;

impl Step for Sign {
    fn id(&self) -> StepId {
        StepId("sign")
    }

    fn title(&self) -> &'static str {
        "Sign"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["keys"]
    }

    fn queries(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        Vec::new()
    }

    fn look(&self, cx: &StepInput) -> StepState {
        state((|| {
            let worker = cx.the_worker()?;
            let mut actions = Vec::new();
            for identity in daemons::identities(cx, cx.profile()?, worker) {
                if let Need::Nothing(_) = need(cx, &identity)? {
                    continue;
                }
                actions.push(Action::Sign {
                    csr: csr_slot(&worker.name, &identity),
                    key: identity.key.clone(),
                    out: cert_slot(&worker.name, &identity),
                    wish: identity.wish,
                });
            }
            Ok(todo(actions, "no certificate is needed"))
        })())
    }

    fn verdicts(&self, cx: &StepInput) -> Vec<Verdict> {
        let (Some(worker), Ok(profile)) = (cx.worker, cx.profile()) else { return Vec::new() };
        daemons::identities(cx, profile, worker).iter().filter_map(|identity| reissue(cx, identity)).collect()
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/sign.md")
    }
}
