//! Waits and checks: nodes Ready, pods ready, DNS answering, each with its deadline.

use super::login::ScriptLogin;
use super::text::{comment, quote};
use super::writer::{Writer, why};
use crate::engine::PlacePreview;
use crate::plan::action::Action;
use crate::plan::minors;
use crate::plan::place::Place;
use crate::plan::runtime_fact::RuntimeKind;
use crate::profile::MANIFESTS;
use crate::runtime::typed::{Typed, typed};
use crate::step::{Proof, Step, StepId, StepState};

impl Writer<'_> {
    pub(super) fn proof(
        &mut self,
        step: &dyn Step,
        target: Option<&ScriptLogin>,
        proof: &Proof,
        ready: &mut Vec<(String, u64)>,
    ) {
        match proof {
            Proof::NodeReady { name, within, .. } => {
                ready.push((name.clone(), *within));
                return;
            }
            Proof::Containers { .. }
            | Proof::Pods { .. }
            | Proof::Dns { .. }
            | Proof::Reach { .. }
            | Proof::Kubectl { .. } => {}
        }
        self.why(step);
        let place = match proof {
            Proof::Kubectl { .. } => "here",
            Proof::NodeReady { .. }
            | Proof::Containers { .. }
            | Proof::Pods { .. }
            | Proof::Reach { .. }
            | Proof::Dns { .. } => "cluster",
        };
        self.tell(target.map_or(place, |target| &target.name), step.title());
        match proof {
            Proof::NodeReady { .. } | Proof::Dns { .. } | Proof::Reach { .. } => {}
            Proof::Containers { wanted, within, runtime, .. } => {
                let Some(target) = target else { return };
                let runtime = runtime.unwrap_or_default();
                let tests: Vec<String> = wanted
                    .iter()
                    .flat_map(|(container, pod)| typed(runtime, Typed::Runs { container, pod }))
                    .collect();
                let there = wait(&tests.join(" && "), *within, &format!("not there after {within} s"));
                let lines = self.as_root(target, &there);
                self.body.extend(lines);
            }
            Proof::Pods { selector, count, within } => {
                self.used.kube = true;
                let path = r#"{range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}"#;
                self.body.push(format!(
                    "pods_ready() {{\n  kube --namespace=kube-system get pods -l {} \\\n    -o jsonpath={} | grep -c True\n}}",
                    quote(selector),
                    quote(path)
                ));
                let test = format!("[ \"$(pods_ready)\" -ge {count} ]");
                self.body.extend(wait(&test, *within, &format!("not ready after {within} s")));
            }
            Proof::Kubectl { .. } => {
                self.used.kube = true;
                self.body.push("kube get nodes".to_owned());
            }
        }
    }

    /// The nodes, then the objects in the cluster.
    pub(super) fn cluster(&mut self, seen: Option<&PlacePreview>, ready: &[(String, u64)]) {
        if seen.is_none() && ready.is_empty() {
            return;
        }
        self.heading("the cluster");
        if let Some((_, first)) = ready.first() {
            self.body.push(String::new());
            self.body.push(comment(&format!("Nodes Ready: {}", why(StepId("ready")))));
            self.body.push(comment(&format!("Each may take {first} s; about 12 s is usual.")));
        }
        for (name, within) in ready {
            self.used.kube = true;
            self.used.ready = true;
            self.body.push(format!("wait_ready {} {within}", quote(name)));
        }
        let Some(seen) = seen else { return };
        if let Some(problem) = seen.blocked() {
            self.problem(problem, &Place::Cluster);
            return;
        }
        for one in &seen.looked {
            match &one.state {
                StepState::Done(evidence) => self.same(one.step, evidence),
                StepState::Todo(actions) => {
                    self.why(one.step);
                    self.tell("cluster", one.step.title());
                    self.actions(None, &seen.facts, actions);
                }
                StepState::Await(proof) => self.proof(one.step, None, proof, &mut Vec::new()),
                StepState::Blocked(_) => {}
            }
        }
    }

    /// A log and a command of each worker's kube-proxy, which the API server asks its kubelet for.
    pub(super) fn logs_and_exec(&mut self, seen: &[PlacePreview]) {
        let planned = self.plan.cluster.kubernetes.and_then(minors::runtime);
        let cri = |one: &&PlacePreview| {
            one.facts.kubelets_runtime().or(planned) == Some(RuntimeKind::Containerd)
                && one.blocked().is_none()
                && has_static_pod(one)
        };
        let nodes: Vec<String> = seen
            .iter()
            .filter(cri)
            .filter_map(|one| match &one.place {
                Place::Worker(name) => Some(name.clone()),
                _ => None,
            })
            .collect();
        if nodes.is_empty() {
            return;
        }
        self.used.kube = true;
        self.body.push(String::new());
        self.body.push(comment(&format!("Logs and exec: {}", why(StepId("reach")))));
        self.body.extend(nodes.iter().map(|name| format!("logs_and_exec {}", quote(name))));
    }

    /// A real question to cluster DNS from every worker that has a program for it.
    pub(super) fn lookups(&mut self, seen: &[PlacePreview]) {
        let (name, server) =
            (format!("kubernetes.default.svc.{}", self.plan.cluster.domain), self.plan.cluster.dns);
        self.body.push(String::new());
        self.body.push(comment(&format!("DNS answers: {}", why(StepId("dns-lookup")))));
        for one in seen {
            let Some(target) = self.hosts.get(&one.place).cloned() else { continue };
            if one.blocked().is_some() {
                continue;
            }
            let tools = one.facts.machine().yes().map(|machine| machine.dns_tools.clone());
            let tools = tools.unwrap_or_default();
            let has = |tool: &str| tools.iter().any(|one| one == tool);
            let ask = if has("dig") {
                // dig puts its errors where its answers go.
                format!(
                    "dig +short +time=2 +tries=1 {name} @{server} | grep -Eqx '[0-9]+(\\.[0-9]+){{3}}|[0-9a-fA-F:]+:[0-9a-fA-F:]*'"
                )
            } else if has("nslookup") {
                format!("nslookup {name} {server} > /dev/null")
            } else if has("host") {
                format!("host {name} {server} > /dev/null")
            } else {
                let text = format!("{} has none of dig, nslookup and host: not tried there.", target.name);
                self.body.push(comment(&text));
                continue;
            };
            self.tell(&target.name, "DNS answers");
            let lines = self.as_root(&target, &wait(&ask, 120, "no answer after 120 s"));
            self.body.extend(lines);
        }
    }
}

/// kube-proxy is a static pod there, or becomes one.
fn has_static_pod(seen: &PlacePreview) -> bool {
    seen.looked.iter().filter(|one| one.step.id() == StepId("kube-proxy")).any(|one| match &one.state {
        StepState::Todo(actions) => actions
            .iter()
            .any(|action| matches!(action, Action::Put { path, .. } if path.starts_with(MANIFESTS))),
        StepState::Done(evidence) => evidence.starts_with(MANIFESTS),
        StepState::Await(_) | StepState::Blocked(_) => false,
    })
}

/// A loop until a test is true.
fn wait(test: &str, within: u64, said: &str) -> Vec<String> {
    vec![
        "n=0".to_owned(),
        format!("until {test}; do"),
        format!("  [ \"$n\" -lt {within} ] || {{ echo {} >&2; exit 1; }}", quote(said)),
        "  n=$((n + 2)); sleep 2".to_owned(),
        "done".to_owned(),
    ]
}
