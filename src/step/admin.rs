//! Admin certificate: the key pair kubectl uses, made on this computer and signed like any other.

use super::definition::{On, Step, StepId};
use super::identity::{Need, cert_slot, csr_slot, need, reissue, restricted};
use super::input::StepInput;
use super::state::{StepState, bug, state, todo};
use crate::plan::action::{Action, CertificateSpec, Content, KeyAlgorithm};
use crate::plan::fact::FactQuery;
use crate::plan::model::Plan;
use crate::plan::model::Worker;
use crate::plan::problem::Verdict;
use crate::profile::{DesiredFile, Identity};

/// The step.
pub struct Admin;

/// The admin's identity; `system:masters` is bound to cluster-admin from RBAC (1.6) on, v1.2 ignores it.
pub fn identity(plan: &Plan, home: &str) -> Identity {
    let folder = admin_folder(plan, home);
    Identity {
        name: "kubectl",
        key: format!("{folder}/kubectl.key"),
        cert: format!("{folder}/kubectl.crt"),
        kind: KeyAlgorithm::P256,
        wish: CertificateSpec {
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

/// The folder of this computer that holds the admin's key and certificate.
pub fn admin_folder(plan: &Plan, home: &str) -> String {
    format!("{home}/.kube/{}", plan.cluster.name)
}

impl Step for Admin {
    fn id(&self) -> StepId {
        StepId("admin")
    }

    fn title(&self) -> &'static str {
        "Admin certificate"
    }

    fn on(&self) -> On {
        On::Local
    }

    fn queries(&self, plan: &Plan, _: Option<&Worker>, home: &str) -> Vec<FactQuery> {
        let mut wants = super::images::wants_here(plan);
        wants.extend(super::program_list::wants_here(plan));
        let identity = identity(plan, home);
        let folder = admin_folder(plan, home);
        wants.push(FactQuery::Folder(folder.clone()));
        wants.push(FactQuery::Key(identity.key));
        wants.push(FactQuery::File { path: identity.cert, content: true });
        wants.push(FactQuery::File { path: format!("{folder}/ca.crt"), content: true });
        wants.push(FactQuery::Record);
        wants
    }

    fn look(&self, cx: &StepInput) -> StepState {
        if cx.plan.kubectl.is_none() {
            return StepState::Done("no kubectl context is wanted".to_owned());
        }
        state((|| {
            let identity = identity(cx.plan, &cx.local.home);
            let folder = admin_folder(cx.plan, &cx.local.home);
            let needed = need(cx, &identity)?;
            let mut actions: Vec<Action> = Vec::new();
            actions.extend(cx.folder(&folder, "0700"));
            if !matches!(needed, Need::Both(_)) {
                actions.extend(restricted(cx, &identity.key));
            }
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
            let text = cx.ca()?.bundle().map_err(|error| bug(&error))?;
            actions.extend(cx.file(&DesiredFile { path: format!("{folder}/ca.crt"), text }, "0644")?);
            let left = match needed {
                Need::Nothing(left) => left,
                Need::Certificate(why) | Need::Both(why) => why,
            };
            Ok(todo(actions, left))
        })())
    }

    fn verdicts(&self, cx: &StepInput) -> Vec<Verdict> {
        let wanted = cx.plan.kubectl.as_ref();
        wanted.and_then(|_| reissue(cx, &identity(cx.plan, &cx.local.home))).into_iter().collect()
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/admin.md")
    }
}
