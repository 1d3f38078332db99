//! The proof that a node is Ready. A node that waits for its network of pods is told of as that: by the DaemonSet that
//! brings it, with what its pod says, or as one that nothing brings a network to, which is no fault of its kubelet.

use std::time::Duration;

use serde_json::Value;

use crate::engine::cluster::facts::SharedFacts;
use crate::engine::event::Event;
use crate::engine::inspect::WorkSite;
use crate::engine::run::Engine;
use crate::engine::run::proof::ready::ReadyLook;
use crate::engine::run::proof::{Ended, POLL};
use crate::host::Batch;
use crate::kube::addon::node_addons;
use crate::kube::daemon_set::NodeTraits;
use crate::kube::{ContainerPlace, Node, Pod};
use crate::plan::clean;
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Known};
use crate::plan::problem::{Problem, Remedy};
use crate::step::{self, DaemonPods, NetworkComes, Proof, StepId};

/// How often a host is asked by an exec while something is waited for.
const POLL_HOST: Duration = Duration::from_secs(3);
/// A network that nobody brings may be deployed just now, milliseconds.
const GRACE: i64 = 15_000;
/// How often the pods of a DaemonSet are asked what they wait for, milliseconds.
const ASK_PODS: i64 = 3_000;
/// Lines that are told of such pods.
const MOST_LINES: usize = 6;

/// The waiting for a network of pods.
pub(super) struct NetworkWait {
    comes: NetworkComes,
    /// When it was first seen to be missing, milliseconds.
    since: Option<i64>,
    /// When the pods were asked last, milliseconds.
    asked: i64,
    /// What was told last.
    told: Vec<String>,
}

impl NetworkWait {
    fn new(comes: NetworkComes) -> Self {
        Self { comes, since: None, asked: 0, told: Vec::new() }
    }

    /// What is told when it did not come in time; `None` = nothing was waited for.
    fn late(&self, node: &str, within: u64) -> Option<Problem> {
        let NetworkComes::By(pods) = &self.comes else { return None };
        self.since?;
        let set = format!("DaemonSet {}/{}", pods.namespace, pods.daemon_set);
        let problem = Problem::new(
            ProblemCode::Network04,
            format!("{node}: {set} ({}) did not bring the pod network within {within} s", pods.name),
        );
        let problem = self.told.iter().cloned().fold(problem, Problem::seen);
        let describe = [
            "kubectl",
            "-n",
            &pods.namespace,
            "describe",
            "pods",
            "-l",
            &pods.selector,
            &format!("--field-selector=spec.nodeName={node}"),
        ];
        Some(problem.manual(shell_words::join(describe)).way(Remedy::Retry))
    }
}

/// A node that is not Ready, as far as that is known.
pub(super) struct NotReady {
    node: Option<Box<Node>>,
    why: String,
}

impl Engine<'_> {
    /// Waits until a node is Ready, and its network there.
    pub(super) fn node_ready(
        &self,
        shared: &SharedFacts,
        site: &mut WorkSite,
        proof: &Proof,
        started: Option<i64>,
        ended: Option<i64>,
    ) -> Ended {
        let Proof::NodeReady { name, within, healthz, otherwise, network, .. } = proof else {
            return Ended::NotShown("not a node".to_owned());
        };
        let Some(look) = ReadyLook::of(site, proof, started, ended) else {
            return Ended::NotShown("not a node".to_owned());
        };
        let deadline = self.deadline(*within);
        let mut seen;
        let mut coming = NetworkWait::new(network.clone());
        loop {
            if self.options.stop.wanted() {
                return Ended::Stopped;
            }
            match self.ready_now(shared, &look) {
                Ok(evidence) => match healthz.map_or(Ok(()), |port| self.kubelet_lives(site, port)) {
                    Ok(()) => return Ended::True(evidence),
                    Err(why) => seen = why,
                },
                Err(NotReady { node, why }) => {
                    if let Some(node) = node.filter(|node| step::lacks_network(node))
                        && let Some(problem) = self.without_network(site, &node, &mut coming)
                    {
                        return Ended::Not(problem);
                    }
                    seen = why;
                }
            }
            if self.over(deadline) {
                if let Some(problem) = coming.late(name, *within) {
                    return Ended::Not(problem.seen(seen));
                }
                let late = || {
                    let what = format!("{name} did not become Ready within {within} s");
                    Problem::new(ProblemCode::Node02, what).way(Remedy::Retry)
                };
                let problem = otherwise.clone().unwrap_or_else(late).seen(seen);
                return Ended::Not(self.with_journal(site, problem));
            }
            self.world.wait(if healthz.is_some() { POLL_HOST } else { POLL });
        }
    }

    /// What shows that the node is Ready, asked of the API once.
    pub(super) fn ready_now(&self, shared: &SharedFacts, look: &ReadyLook) -> Result<String, NotReady> {
        let no = |why: String| NotReady { node: None, why };
        let nodes = shared.nodes(self.plan, self.world, look.leases()).map_err(no)?;
        let Some(node) = nodes.iter().find(|node| node.name == look.name) else {
            return Err(no("the API does not know the node yet".to_owned()));
        };
        if step::is_ready(node, look.status, look.word) {
            let version = node.kubelet.clone().unwrap_or_default();
            return Ok(format!("Ready, kubelet {version}{}", step::cordoned(node)));
        }
        let heard = node.heard().map_or("never".to_owned(), |at| format!("at {at}"));
        let why = format!(
            "{:?} {} {}; its kubelet was heard of {heard}",
            node.ready.state, node.ready.reason, node.ready.message
        );
        Err(NotReady { node: Some(Box::new(node.clone())), why })
    }

    /// Whether the kubelet's process is not stopped and answers its health check, asked by one exec.
    fn kubelet_lives(&self, site: &mut WorkSite, port: u16) -> Result<(), String> {
        let queries = vec![FactQuery::Unit("kubelet".to_owned()), FactQuery::Healthz(port)];
        let batch = Batch { queries, run: self.options.run.clone(), ..Batch::default() };
        let end = site.host.run(&batch, self.options.stop, &mut |_| {});
        if let Some(still) = end.facts.unit("kubelet").yes().and_then(|unit| unit.stands_still()) {
            return Err(still.to_owned());
        }
        match end.facts.healthz(port) {
            Known::Yes(_) | Known::NotAsked if end.trouble.is_none() => Ok(()),
            other => Err(format!("http://127.0.0.1:{port}/healthz: {}", other.why_not())),
        }
    }

    /// A node that is not Ready for want of a network: what brings it is told, once and when it changes; a problem where
    /// nothing does.
    fn without_network(&self, site: &WorkSite, node: &Node, wait: &mut NetworkWait) -> Option<Problem> {
        let now = self.world.now().as_millisecond();
        let since = *wait.since.get_or_insert(now);
        if let NetworkComes::Nothing { folder } = &wait.comes {
            if now.saturating_sub(since) < GRACE {
                return None;
            }
            let folder = folder.clone();
            // It may have been deployed since the cluster was looked at.
            match self.network_for(node) {
                Some(pods) => wait.comes = NetworkComes::By(pods),
                None => return Some(no_network(node, &folder)),
            }
        }
        let NetworkComes::By(pods) = &wait.comes else { return None };
        if wait.told.is_empty() {
            let text = format!(
                "waits for the pod network: DaemonSet {}/{} ({}) brings it",
                pods.namespace, pods.daemon_set, pods.name
            );
            self.events.tell(&site.place, Some(StepId("ready")), Event::Note { text: text.clone() });
            wait.told.push(text);
        }
        if now.saturating_sub(wait.asked) < ASK_PODS {
            return None;
        }
        wait.asked = now;
        let says = self.what_pods_say(pods, &node.name.to_string());
        if !says.is_empty() {
            // The same reason comes again and again, with another port or number in its words.
            for text in says.iter().filter(|text| !wait.told.iter().any(|told| reason(told) == reason(text)))
            {
                self.events.tell(&site.place, Some(StepId("ready")), Event::Note { text: text.clone() });
            }
            wait.told = says;
        }
        None
    }

    /// The DaemonSet that brings a network to a node, asked now.
    fn network_for(&self, node: &Node) -> Option<DaemonPods> {
        let api = self.world.cluster();
        let addons = node_addons(api, api.version().ok()).ok()?;
        let traits = NodeTraits::of(node).before_its_network();
        let mut fit = addons.iter().filter(|one| one.network && one.daemon_set.comes_to(&traits).is_ok());
        fit.next().map(DaemonPods::of)
    }

    /// What the pods of a DaemonSet on a node say: why they wait, and the last line of the log of one that ended.
    pub(super) fn what_pods_say(&self, pods: &DaemonPods, node: &str) -> Vec<String> {
        let path = format!(
            "/api/v1/namespaces/{}/pods?fieldSelector=spec.nodeName%3D{node}&labelSelector={}",
            pods.namespace,
            pods.selector.replace('=', "%3D").replace(',', "%2C").replace('/', "%2F")
        );
        let list = match self.world.cluster().get_list(&path) {
            Ok(list) => list.unwrap_or_default(),
            Err(error) => return vec![format!("its pods: {}", clean::short(&error.to_string(), 200))],
        };
        let items = list.get("items").and_then(Value::as_array).into_iter().flatten();
        let mut lines = Vec::new();
        let mut there = false;
        for pod in items.filter_map(Pod::from_json).take(MOST_LINES) {
            there = true;
            if pod.waiting.is_empty() && !pod.is_ready() {
                let reason = pod.reason.clone().unwrap_or_default();
                let ready = format!("{} of {} containers ready", pod.ready, pod.containers);
                lines.push(format!("pod {}: {} {ready} {reason}", pod.name, pod.phase).trim_end().to_owned());
            }
            for held in &pod.waiting {
                lines.push(format!(
                    "pod {}: container {}: {} {}",
                    pod.name, held.container, held.reason, held.message
                ));
                // Of one whose image is not there yet there is no log.
                let at = ContainerPlace {
                    namespace: pods.namespace.clone(),
                    pod: pod.name.to_string(),
                    container: held.container.to_string(),
                };
                if (held.reason == "CrashLoopBackOff" || held.reason == "Error")
                    && let Ok(log) = self.world.cluster().log(&at, 1)
                    && !log.trim().is_empty()
                {
                    lines.push(format!("its last line: {}", crate::plan::redact::said(log.trim())));
                }
            }
        }
        if !there {
            let set = format!("DaemonSet {}/{}", pods.namespace, pods.daemon_set);
            lines.push(format!("{set} has made no pod for {node} yet"));
        }
        lines.truncate(MOST_LINES);
        lines
    }
}

/// A line of what a pod says as far as its reason: `pod NAME: container NAME: REASON`.
fn reason(line: &str) -> Vec<&str> {
    line.split(' ').take(5).collect()
}

/// Nothing brings a network to this node.
fn no_network(node: &Node, folder: &str) -> Problem {
    Problem::new(
        ProblemCode::Network04,
        format!("{}: there is no pod network, so the node is not Ready", node.name),
    )
    .seen(format!("its kubelet runs and reports: {}", node.ready.message))
    .seen(format!(
        "no .conf, .conflist or .json in {folder}, and no DaemonSet of the cluster brings one here"
    ))
    .manual("deploy a pod network in the cluster, such as flannel, calico or cilium")
    .manual(format!(
        "or put the file of a network of your own into {folder}, and its plugins where CRI looks"
    ))
    .way(Remedy::Retry)
}
