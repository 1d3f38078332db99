//! The script while it is written: what it needs at its top, the files it uses, and the lines so far.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::action::{Action, Slot};
use crate::plan::clean;
use crate::plan::model::{CaPlace, Plan};
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Verdict};
use crate::step::{Step, StepId};
use crate::ui::script::login::ScriptLogin;
use crate::ui::script::text::{WIDTH, base, comment, delimiter, quote};

/// Why each step is there, in one sentence.
const WHY: &[(&str, &str)] = &[
    ("connect", "everything below is written by root, so the login must be able to become root."),
    (
        "prerequisites",
        "a worker needs a container runtime, a kubelet and a clock that is right before anything else.",
    ),
    ("programs", "what the worker runs is copied first, and started once before it replaces anything."),
    (
        "kernel",
        "packets between pods pass through the kernel of the worker, which has to forward and filter them.",
    ),
    ("runtime", "a kubelet starts no container itself: the container runtime has to be one it can ask."),
    ("images", "a node must run pause and kube-proxy before it can be sure to reach a registry."),
    ("keys", "a key that is made where it stays cannot be copied on the way; only the request travels."),
    ("sign", "who signs decides what a certificate says: subject, names, usage and days are written here."),
    ("certificates", "the worker shows its certificate to the API, and checks the API with the CA's."),
    ("kubeconfigs", "a kubeconfig tells kubelet and kube-proxy where the API is and who they are."),
    ("kubelet", "the kubelet is the program that makes this machine a node; systemd keeps it running."),
    (
        "kube-proxy",
        "the kubelet runs every manifest in this folder, so a file is enough to start kube-proxy.",
    ),
    ("start", "enabled, the kubelet comes up again after a reboot; it is restarted only after a change."),
    ("containers", "that kube-proxy runs shows that the kubelet read the manifest."),
    ("ready", "Ready proves the whole way at once: address, CA, certificate, name, container runtime."),
    ("admin", "kubectl logs in with a certificate of its own, like every worker."),
    ("context", "a context names the cluster and the login that kubectl uses."),
    ("kubectl", "one answer through the new context proves it."),
    ("namespace", "kube-proxy and DNS live in kube-system, which an old cluster does not make itself."),
    ("dns", "with cluster DNS a program finds a service by its name."),
    ("dns-pods", "ready is more than running: the DNS server answers its own check."),
    ("reach", "logs and exec need the way from the API server to the kubelet, and a right."),
    ("dns-lookup", "each worker must reach DNS through its own kube-proxy."),
];

/// What the script turned out to need at its top.
#[derive(Default)]
pub(super) struct Used {
    pub(super) ssh: BTreeSet<String>,
    pub(super) root: BTreeSet<String>,
    pub(super) kube: bool,
    pub(super) ready: bool,
    pub(super) ca_cert: bool,
}

pub(super) struct Writer<'p> {
    pub(super) plan: &'p Plan,
    pub(super) ca: Option<ScriptLogin>,
    pub(super) hosts: BTreeMap<Place, ScriptLogin>,
    /// Files in the work folder, without their ending, by the value they hold.
    pub(super) slots: BTreeMap<Slot, String>,
    /// Signing requests left on a worker, by the name of their files here.
    pub(super) requests: BTreeMap<String, String>,
    pub(super) used: Used,
    pub(super) body: Vec<String>,
    /// The last line told of a step with nothing to do.
    pub(super) same: bool,
}

impl<'p> Writer<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        let mut taken = BTreeSet::new();
        let ca = match &plan.ca.place {
            CaPlace::Host { login, .. } => Some(ScriptLogin::new("ca", login, true, &mut taken)),
            CaPlace::Files { .. } | CaPlace::New { .. } | CaPlace::Offline { .. } => None,
        };
        let hosts = plan
            .workers
            .iter()
            .map(|worker| {
                let place = Place::Worker(worker.name.clone());
                let target = ScriptLogin::new(&place.to_string(), &worker.ssh, false, &mut taken);
                (place, target)
            })
            .collect();
        let (slots, requests) = (BTreeMap::new(), BTreeMap::new());
        Self { plan, ca, hosts, slots, requests, used: Used::default(), body: Vec::new(), same: false }
    }

    pub(super) fn heading(&mut self, text: &str) {
        let line = format!("# ==== {} ", clean::line(text));
        self.same = false;
        self.body.push(String::new());
        self.body.push(format!("{line:=<WIDTH$}"));
    }

    pub(super) fn why(&mut self, step: &dyn Step) {
        let title = step.title();
        self.same = false;
        self.body.push(String::new());
        self.body.push(comment(&format!("{title}: {}", why(step.id()))));
    }

    pub(super) fn same(&mut self, step: &dyn Step, evidence: &str) {
        let text = if evidence.is_empty() {
            format!("{}: already right, nothing to do.", step.title())
        } else {
            format!("{}: already right, nothing to do ({evidence}).", step.title())
        };
        if !self.same {
            self.body.push(String::new());
        }
        self.body.push(comment(&text));
        self.same = true;
    }

    pub(super) fn problem(&mut self, problem: &Problem, place: &Place) {
        self.body.push(String::new());
        self.body.push(comment("Nothing is done here, because of a problem:"));
        for line in problem.card(place) {
            self.body.push(comment(&format!("  {line}")));
        }
    }

    pub(super) fn warnings(&mut self, verdicts: &[Verdict]) {
        for verdict in verdicts {
            if let Verdict::Warning { about, seen, cure } = verdict {
                self.body.push(comment(&format!("Mind: {about}: {seen}; {cure}.")));
            }
        }
    }

    pub(super) fn tell(&mut self, place: &str, what: &str) {
        self.body.push(format!("echo {}", quote(&format!("{place}: {what}"))));
    }

    pub(super) fn use_ssh(&mut self, target: &ScriptLogin) -> String {
        self.used.ssh.insert(target.ssh());
        target.ssh()
    }

    /// These lines on a host, as root.
    pub(super) fn as_root(&mut self, target: &ScriptLogin, there: &[String]) -> Vec<String> {
        self.use_ssh(target);
        self.used.root.insert(target.root());
        let text = there.join("\n");
        let end = delimiter("END", &text);
        vec![format!("{} <<'{end}'", target.root()), text, end]
    }
}

pub(super) fn why(id: StepId) -> &'static str {
    WHY.iter().find(|(step, _)| *step == id.0).map_or("a step of the plan.", |(_, why)| why)
}

/// The file of a value, without its ending.
pub(super) fn slot_file(slots: &BTreeMap<Slot, String>, slot: &Slot) -> String {
    slots.get(slot).cloned().unwrap_or_else(|| base(&slot.0))
}

pub(super) fn bytes_of(action: &Action) -> String {
    action.shell().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_its_sentence() {
        for step in crate::step::CATALOGUE {
            assert!(WHY.iter().any(|(id, _)| *id == step.id().0), "{}", step.id());
        }
        assert_eq!(WHY.len(), crate::step::CATALOGUE.len());
    }
}
