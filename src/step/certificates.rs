//! Certificates: the CA's and the worker's own are put where the kubelet reads them.

use super::daemons;
use super::definition::{Step, StepId};
use super::identity::{Need, cert_slot, need};
use super::input::StepInput;
use super::state::{StepState, bug, state, todo};
use crate::pki;
use crate::plan::action::{Action, Content};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Known};
use crate::plan::model::{Plan, Worker};
use crate::plan::problem::{Problem, Remedy};
use crate::profile::{DesiredFile, Profile};

/// The step.
pub struct Certificates;

impl Step for Certificates {
    fn id(&self) -> StepId {
        StepId("certificates")
    }

    fn title(&self) -> &'static str {
        "Certificates"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["sign"]
    }

    fn queries(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        let mut wants = Vec::new();
        for profile in Profile::ALL {
            wants.push(FactQuery::File { path: profile.ca_path().to_owned(), content: true });
            wants.push(FactQuery::Folder(parent(profile.ca_path()).to_owned()));
        }
        wants
    }

    fn look(&self, cx: &StepInput) -> StepState {
        state((|| {
            let worker = cx.the_worker()?;
            let profile = cx.profile()?;
            let mut actions = Vec::new();
            actions.extend(ca_file(cx, profile.ca_path())?);
            for identity in daemons::identities(cx, profile, worker) {
                if let Need::Nothing(_) = need(cx, &identity)? {
                    continue;
                }
                actions.push(Action::Put {
                    content: Content::Later(cert_slot(&worker.name, &identity)),
                    path: identity.cert,
                    mode: "0644",
                    owner: "root:root",
                });
            }
            Ok(todo(actions, "the CA's and the worker's own are in place"))
        })())
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/certificates.md")
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("/", |(folder, _)| folder)
}

/// The CA file may be there already, in any form, from the flannel set-up: the same certificate is enough.
fn ca_file(cx: &StepInput, path: &str) -> Result<Vec<Action>, Problem> {
    let ca = cx.ca()?;
    let text = ca.bundle().map_err(|error| bug(&error))?;
    if let Known::Yes(Some(file)) = cx.facts.file(path) {
        let theirs = pki::examine(file.content.as_deref().unwrap_or_default());
        match theirs {
            // An older run wrote an intermediate CA without those above it.
            Ok(theirs) if theirs.fingerprint == ca.cert.fingerprint => {
                if ca.chain.is_empty() || !cx.may_replace(path, &file.sha256) {
                    return Ok(Vec::new());
                }
            }
            Ok(theirs) if !cx.may_replace(path, &file.sha256) => {
                return Err(Problem::new(ProblemCode::Cert16, format!("{path} is another CA's certificate"))
                    .seen(format!("there  {}  {}", theirs.subject_text(), theirs.fingerprint))
                    .seen(format!("ours   {}  {}", ca.subject(), ca.cert.fingerprint))
                    .manual("use that CA: change ca in the plan")
                    .replace("and it is replaced; the old file is kept on the host for undo")
                    .way(Remedy::Skip));
            }
            Ok(_) | Err(_) => {}
        }
    }
    let mut actions: Vec<Action> = cx.folder(parent(path), "0755").into_iter().collect();
    actions.extend(cx.file(&DesiredFile { path: path.to_owned(), text }, "0644")?);
    if actions.iter().all(|action| matches!(action, Action::MakeDir { .. })) {
        actions.clear();
    }
    Ok(actions)
}
