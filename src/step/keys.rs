//! Keys and requests: a private key for each identity, made on the worker with umask 077 and never sent
//! anywhere, and a signing request for each certificate that is needed.

use super::daemons;
use super::definition::{Step, StepId};
use super::identity::{Need, csr_slot, need, restricted};
use super::input::StepInput;
use super::state::{StepState, state, todo};
use crate::plan::action::Action;
use crate::plan::fact::FactQuery;
use crate::plan::model::{Plan, Worker};
use crate::profile::{Profile, SSL};

/// The step.
pub struct Keys;

impl Step for Keys {
    fn id(&self) -> StepId {
        StepId("keys")
    }

    fn title(&self) -> &'static str {
        "Keys and requests"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["prerequisites"]
    }

    fn queries(&self, plan: &Plan, worker: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        let mut wants = vec![FactQuery::Folder(SSL.to_owned()), FactQuery::Record];
        for profile in Profile::ALL {
            for identity in worker.into_iter().flat_map(|worker| profile.identities(plan, worker)) {
                wants.push(FactQuery::Key(identity.key));
                wants.push(FactQuery::File { path: identity.cert, content: true });
            }
        }
        wants
    }

    fn look(&self, cx: &StepInput) -> StepState {
        state((|| {
            let worker = cx.the_worker()?;
            let profile = cx.profile()?;
            let mut actions = Vec::new();
            let mut evidence = Vec::new();
            for identity in daemons::identities(cx, profile, worker) {
                let needed = need(cx, &identity)?;
                if !matches!(needed, Need::Both(_)) {
                    actions.extend(restricted(cx, &identity.key));
                }
                if let Need::Nothing(left) = &needed {
                    evidence.push(format!("{} {left}", identity.name));
                    continue;
                }
                // Once: it is queued after the first time.
                if !actions.iter().any(|action| matches!(action, Action::MakeDir { .. })) {
                    actions.extend(cx.folder(SSL, "0755"));
                }
                if let Need::Both(_) = needed {
                    actions.push(Action::MakeKey { path: identity.key.clone(), kind: identity.kind });
                }
                actions.push(Action::MakeCsr {
                    key: identity.key.clone(),
                    out: csr_slot(&worker.name, &identity),
                    wish: identity.wish,
                });
            }
            Ok(todo(actions, evidence.join(", ")))
        })())
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/keys.md")
    }
}
