//! Admin certificate: the key pair kubectl uses, made on this computer and signed like any other.

use super::identity::{Need, cert_slot, csr_slot, need};
use super::{Look, On, State, Step, StepId, admin_folder, bug, state, todo};
use crate::plan::action::{Action, Content, KeyKind, Wish};
use crate::plan::fact::Want;
use crate::plan::model::Plan;
use crate::plan::model::Worker;
use crate::profile::{Identity, Wanted};

/// The step.
pub struct Admin;

/// The admin's identity; `system:masters` is bound to cluster-admin from RBAC (1.6) on, v1.2 ignores it.
pub fn identity(plan: &Plan, home: &str) -> Identity {
    let folder = admin_folder(plan, home);
    Identity {
        name: "kubectl",
        key: format!("{folder}/kubectl.key"),
        cert: format!("{folder}/kubectl.crt"),
        kind: KeyKind::P256,
        wish: Wish {
            cn: "kubectl".to_owned(),
            organizations: vec!["system:masters".to_owned()],
            ips: Vec::new(),
            names: Vec::new(),
            client: true,
            server: false,
            days: plan.ca.days,
        },
    }
}

impl Step for Admin {
    fn id(&self) -> StepId {
        StepId("admin")
    }

    fn title(&self) -> &'static str {
        "Admin certificate"
    }

    fn on(&self) -> On {
        On::Here
    }

    fn wants(&self, plan: &Plan, _: Option<&Worker>, home: &str) -> Vec<Want> {
        let mut wants = super::images::wants_here(plan);
        let identity = identity(plan, home);
        let folder = admin_folder(plan, home);
        wants.push(Want::Folder(folder.clone()));
        wants.push(Want::Key(identity.key));
        wants.push(Want::File { path: identity.cert, content: true });
        wants.push(Want::File { path: format!("{folder}/ca.crt"), content: true });
        wants.push(Want::Record);
        wants
    }

    fn look(&self, cx: &Look) -> State {
        if cx.plan.kubectl.is_none() {
            return State::Done("no kubectl context is wanted".to_owned());
        }
        state((|| {
            let identity = identity(cx.plan, cx.home);
            let folder = admin_folder(cx.plan, cx.home);
            let needed = need(cx, &identity)?;
            let mut actions: Vec<Action> = Vec::new();
            actions.extend(cx.folder(&folder, "0700"));
            if !matches!(needed, Need::Nothing(_)) {
                if let Need::Both(_) = needed {
                    actions.push(Action::MakeKey { path: identity.key.clone(), kind: identity.kind });
                }
                let (csr, cert) =
                    (csr_slot("this computer", &identity), cert_slot("this computer", &identity));
                actions.push(Action::MakeCsr {
                    key: identity.key.clone(),
                    wish: identity.wish.clone(),
                    out: csr.clone(),
                });
                actions.push(Action::Sign {
                    csr,
                    key: identity.key.clone(),
                    wish: identity.wish.clone(),
                    out: cert.clone(),
                });
                actions.push(Action::Put {
                    path: identity.cert.clone(),
                    content: Content::Later(cert),
                    mode: "0644",
                    owner: "-",
                });
            }
            let text = cx.ca()?.pem().map_err(|error| bug(&error))?;
            actions.extend(cx.file(&Wanted { path: format!("{folder}/ca.crt"), text }, "0644")?);
            let left = match needed {
                Need::Nothing(left) => left,
                Need::Certificate(why) | Need::Both(why) => why,
            };
            Ok(todo(actions, left))
        })())
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/admin.md")
    }
}
