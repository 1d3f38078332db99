//! Proofs: "the unit is in place" is not "the node is Ready". Each waits for something to become true, with a
//! deadline that is told, and says what was seen when it did not.

use std::time::Duration;

use crate::engine::cluster::facts::SharedFacts;
use crate::engine::event::{Event, TaskOutcome};
use crate::engine::inspect::WorkSite;
use crate::engine::run::{Engine, Worked};
use crate::host::{Batch, Live, LiveStream};
use crate::kube::Node;
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Known};
use crate::plan::model::Worker;
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy};
use crate::plan::remote::{self, Remote};
use crate::plan::runtime_fact::RuntimeKind;
use crate::runtime::of_facts;
use crate::runtime::typed::lists;
use crate::step::{self, Proof, StepId};

mod lookup;
mod node;
mod reach;
mod ready;

use ready::ReadyLook;

/// How often the API is asked while something is waited for.
const POLL: Duration = Duration::from_millis(300);
/// The same in milliseconds.
const POLL_MS: i64 = 300;
/// A sample at least this often, even when the runtime is silent, milliseconds.
const HEARTBEAT: i64 = 2_000;
/// Containers must stay up so long to count, milliseconds: what ends at once does not count.
const STEADY: i64 = 1_200;
/// Events that come close together are one.
const DEBOUNCE: Duration = Duration::from_millis(80);
/// So many restarts by systemd are a crash loop.
const CRASH_LOOP: u32 = 4;

/// A waiting that ended.
pub enum Ended {
    /// It became true.
    True(String),
    /// It cannot be shown here, which is not a failure.
    NotShown(String),
    /// It did not.
    Not(Problem),
    /// The person stopped it.
    Stopped,
}

impl Engine<'_> {
    /// Tells how a proof ended; the problem when it did not come true, for then later work may not build on it.
    pub fn tell_proof(&self, place: &Place, id: StepId, ended: Ended) -> Option<Problem> {
        let outcome = match ended {
            Ended::True(evidence) => TaskOutcome::Proven { evidence },
            Ended::NotShown(why) => TaskOutcome::NotProven { why },
            Ended::Not(problem) => TaskOutcome::Failed { problem },
            Ended::Stopped => TaskOutcome::Stopped,
        };
        let problem = match &outcome {
            TaskOutcome::Failed { problem } => Some(problem.clone()),
            _ => None,
        };
        self.events.tell(place, Some(id), Event::TaskEnded { outcome });
        problem
    }

    /// The proofs of a worker: its containers, then the node. A node may be Ready before its containers have been up for
    /// long enough: it is looked at meanwhile, and told as soon as it is.
    pub fn prove_worker(
        &self,
        shared: &SharedFacts,
        site: &mut WorkSite,
        worked: &mut Worked,
        stream: &mut Option<Box<dyn LiveStream>>,
    ) {
        let proofs = std::mem::take(&mut worked.proofs);
        let mut ready = proofs.iter().find_map(|(id, proof)| {
            let look = ReadyLook::of(site, proof, worked.started_ms, worked.ended_ms)?;
            look.is_of_the_api_alone().then_some((*id, look))
        });
        let mut ready_at = 0;
        let place = site.place.clone();
        let mut beside = || {
            let now = self.world.now().as_millisecond();
            if ready.is_none() || now.saturating_sub(ready_at) < POLL_MS {
                return None;
            }
            ready_at = now;
            let (id, look) = ready.as_ref()?;
            let evidence = self.ready_now(shared, look).ok()?;
            let id = *id;
            ready = None;
            self.events.tell(&place, Some(id), Event::TaskStarted);
            self.tell_proof(&place, id, Ended::True(evidence));
            Some(id)
        };
        let mut told = None;
        for (id, proof) in proofs {
            if told == Some(id) {
                continue;
            }
            self.events.tell(&site.place, Some(id), Event::TaskStarted);
            let ended = match &proof {
                Proof::Containers { wanted, old, runtime, within } => {
                    self.containers(site, (wanted, old), *runtime, *within, stream, &mut || {
                        told = told.or_else(&mut beside);
                    })
                }
                Proof::NodeReady { .. } => {
                    self.node_ready(shared, site, &proof, worked.started_ms, worked.ended_ms)
                }
                Proof::Pods { .. } | Proof::Dns { .. } | Proof::Reach { .. } | Proof::Kubectl { .. } => {
                    Ended::NotShown("this is not shown on a worker".to_owned())
                }
            };
            let stopped = matches!(ended, Ended::Stopped);
            worked.problem = self.tell_proof(&site.place, id, ended);
            worked.stopped |= stopped;
            if worked.problem.is_some() || stopped {
                return;
            }
        }
    }

    fn containers(
        &self,
        site: &mut WorkSite,
        (wanted, old): (&[(String, String)], &[String]),
        runtime: Option<RuntimeKind>,
        within: u64,
        stream: &mut Option<Box<dyn LiveStream>>,
        beside: &mut dyn FnMut(),
    ) -> Ended {
        if stream.is_none() {
            match site.host.stream() {
                Ok(opened) => *stream = Some(opened),
                Err(trouble) => return Ended::Not(trouble.problem(&site.place)),
            }
        }
        let Some(live) = stream.as_mut() else { return Ended::NotShown("no stream".to_owned()) };
        live.sample();
        let deadline = self.deadline(within);
        let mut missing: Vec<String> = Vec::new();
        let mut kubelet = String::new();
        let (mut first_restarts, mut up_since) = (None, None);
        let mut quiet = self.world.now().as_millisecond();
        loop {
            if self.options.stop.wanted() {
                return Ended::Stopped;
            }
            beside();
            // To the very moment at which they have been up for long enough.
            let now = self.world.now().as_millisecond();
            let left = up_since.map_or(200, |since: i64| since.saturating_add(STEADY).saturating_sub(now));
            match live.next(Duration::from_millis(u64::try_from(left.clamp(10, 200)).unwrap_or(200))) {
                Live::Happened => {
                    // Whatever else comes within the debounce is in the same sample.
                    while live.next(DEBOUNCE) == Live::Happened {}
                    live.sample();
                }
                Live::Sample(sample) => {
                    quiet = self.world.now().as_millisecond();
                    missing = step::missing_containers(wanted, &sample.containers, old);
                    kubelet = format!("{} {}", sample.kubelet, sample.error);
                    // One moment proves nothing: a container may end again at once.
                    if missing.is_empty() && sample.kubelet.starts_with("active") {
                        let since = *up_since.get_or_insert_with(|| self.world.now().as_millisecond());
                        if self.world.now().as_millisecond().saturating_sub(since) >= STEADY {
                            return Ended::True(step::all_run(wanted));
                        }
                    } else {
                        up_since = None;
                    }
                    let first = *first_restarts.get_or_insert(sample.restarts);
                    if sample.restarts.saturating_sub(first) >= CRASH_LOOP {
                        let problem = Problem::new(
                            ProblemCode::Kubelet04,
                            format!("{}: the kubelet keeps ending", site.place),
                        )
                        .seen(format!("systemd started it again {} times", sample.restarts));
                        return Ended::Not(self.with_journal(site, problem));
                    }
                }
                Live::Ended(why) => {
                    *stream = None;
                    return Ended::Not(
                        Problem::new(ProblemCode::Host03, format!("{}: the live stream ended", site.place))
                            .seen(why)
                            .way(Remedy::Retry),
                    );
                }
                Live::Quiet | Live::Lookup { .. } | Live::Detail(_) => {
                    let now = self.world.now().as_millisecond();
                    // Up for long enough, and nobody has looked since.
                    let steady = up_since.map(|since| since.saturating_add(STEADY));
                    let due = steady.is_some_and(|steady| now >= steady && quiet < steady);
                    if due || now.saturating_sub(quiet) > HEARTBEAT {
                        quiet = now;
                        live.sample();
                    }
                }
            }
            if self.over(deadline) {
                let problem = Problem::new(
                    ProblemCode::Container01,
                    format!("{}: {} did not start within {within} s", site.place, missing.join(" and ")),
                )
                .seen(format!("kubelet: {}", kubelet.trim()))
                .manual(format!(
                    "on the host: {}, and journalctl -u kubelet -n 50 --no-pager",
                    lists(runtime.unwrap_or_default())
                ))
                .way(Remedy::Retry);
                let problem = self.under_pressure(site, problem);
                return Ended::Not(self.with_journal(site, problem));
            }
        }
    }

    /// Adds what its node says of itself that may keep containers away: without room a kubelet takes images away.
    fn under_pressure(&self, site: &WorkSite, mut problem: Problem) -> Problem {
        let told = |worker: &Worker| {
            let object = self.world.cluster().get(&format!("/api/v1/nodes/{}", worker.name)).ok()??;
            Node::from_json(&object)
        };
        problem.evidence.extend(site.worker.and_then(told).iter().flat_map(pressures));
        problem
    }

    /// Adds what the kubelet's journal says; one more exec, on a run that has failed anyway.
    fn with_journal(&self, site: &mut WorkSite, mut problem: Problem) -> Problem {
        let batch = Batch {
            queries: vec![
                FactQuery::Unit("kubelet".to_owned()),
                FactQuery::Journal("kubelet".to_owned()),
                FactQuery::Runtime,
            ],
            run: self.options.run.clone(),
            ..Batch::default()
        };
        let end = site.host.run(&batch, self.options.stop, &mut |_| {});
        if let Known::Yes(unit) = end.facts.unit("kubelet") {
            let restarts = unit.restarts.map(|count| format!(", {count} restarts")).unwrap_or_default();
            let still = unit.stands_still().map(|why| format!("; {why}")).unwrap_or_default();
            problem = problem.seen(format!("kubelet: {} ({}){restarts}{still}", unit.active, unit.sub));
            let said = end.facts.journal("kubelet");
            for line in said.yes().map_or(&unit.journal, |journal| &journal.said) {
                problem = problem.seen(line.clone());
            }
        }
        if let Some(why) = of_facts::silent(&end.facts) {
            problem = problem.seen(why);
        }
        problem.manual("journalctl -u kubelet -n 50 --no-pager")
    }

    /// Pods of the cluster.
    pub fn pods_ready(&self, selector: &str, count: usize, within: u64) -> Ended {
        let deadline = self.deadline(within);
        let mut seen;
        loop {
            if self.options.stop.wanted() {
                return Ended::Stopped;
            }
            match self.world.cluster().pods(selector) {
                Ok(pods) => {
                    let pods: Vec<_> = pods.into_iter().filter(|pod| !pod.leaving).collect();
                    let ready = pods.iter().filter(|pod| pod.is_ready()).count();
                    if ready >= count {
                        let node = pods
                            .iter()
                            .filter_map(|pod| pod.node.as_ref().map(ToString::to_string))
                            .collect::<Vec<_>>()
                            .join(", ");
                        return Ended::True(format!("{ready} of {count} ready, on {node}"));
                    }
                    seen = pods
                        .iter()
                        .map(|pod| {
                            let why: Vec<String> = pod
                                .waiting
                                .iter()
                                .map(|one| format!("{}: {} {}", one.container, one.reason, one.message))
                                .collect();
                            let reason = pod.reason.clone().unwrap_or_default();
                            format!(
                                "{} {} {}/{} {reason} {}",
                                pod.name,
                                pod.phase,
                                pod.ready,
                                pod.containers,
                                why.join("; ")
                            )
                        })
                        .collect::<Vec<_>>();
                    if seen.is_empty() {
                        seen.push("there is no such pod yet".to_owned());
                    }
                }
                Err(error) => seen = vec![error.to_string()],
            }
            if self.over(deadline) {
                let pods = if count == 1 { "DNS pod" } else { "DNS pods" };
                let mut problem = Problem::new(
                    ProblemCode::Dns03,
                    format!("{count} {pods} did not become ready within {within} s"),
                );
                for line in seen {
                    problem = problem.seen(line);
                }
                return Ended::Not(
                    problem
                        .manual("kubectl --namespace=kube-system describe pods -l k8s-app=kube-dns")
                        .way(Remedy::Retry),
                );
            }
            self.world.wait(POLL);
        }
    }

    /// `kubectl get nodes` with the new context.
    pub fn kubectl_works(&self, file: &str, context: &str) -> Ended {
        let args = [
            "--kubeconfig",
            file,
            "--context",
            context,
            "get",
            "nodes",
            "-o",
            "name",
            "--request-timeout=10s",
        ];
        match self.world.kubectl(&args) {
            None => Ended::NotShown("kubectl is not installed on this computer".to_owned()),
            Some(Ok(said)) => {
                let count = said.lines().count();
                let nodes = if count == 1 { "node" } else { "nodes" };
                Ended::True(format!("{count} {nodes} listed by context {context}"))
            }
            // Who stops ends kubectl too: what it says then is no fault of the context.
            Some(Err(_)) if self.options.stop.wanted() => Ended::Stopped,
            Some(Err(said)) => Ended::Not(
                Problem::new(ProblemCode::Kubectl02, "kubectl get nodes does not work with the new context")
                    .seen(said)
                    .manual(shell_words::join([
                        "kubectl",
                        "--kubeconfig",
                        file,
                        "--context",
                        context,
                        "get",
                        "nodes",
                        "-v",
                        "6",
                    ]))
                    .way(Remedy::Retry),
            ),
        }
    }

    fn deadline(&self, seconds: u64) -> i64 {
        self.world
            .now()
            .as_millisecond()
            .saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX / 2000).saturating_mul(1000))
    }

    fn over(&self, deadline: i64) -> bool {
        self.world.now().as_millisecond() >= deadline
    }
}

/// What a node says of itself that keeps pods away, as the API heard it.
fn pressures(node: &Node) -> Vec<String> {
    let told = |kind: &Remote<String>| {
        let said = node.conditions.iter().find(|condition| condition.kind == *kind);
        let why = said.map(|said| remote::join(&[said.reason.clone(), said.message.clone()], ": "));
        format!("its node says {kind}: {}", why.unwrap_or_default())
    };
    node.pressures.iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::{Node, pressures};

    #[test]
    fn a_node_without_room_says_so_where_a_container_did_not_start() {
        let condition = |kind: &str, status: &str| serde_json::json!({"type": kind, "status": status, "reason": "KubeletHasIt", "message": "its kubelet has it"});
        let all = [
            condition("DiskPressure", "True"),
            condition("PIDPressure", "False"),
            condition("Ready", "True"),
        ];
        let object = serde_json::json!({"metadata": {"name": "w1"}, "status": {"conditions": all}});
        let node = Node::from_json(&object).expect("a node");
        assert_eq!(pressures(&node), ["its node says DiskPressure: KubeletHasIt: its kubelet has it"]);
    }
}
