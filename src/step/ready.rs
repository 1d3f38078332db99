//! Node Ready: proven by a word of the kubelet that is young enough, not by what the API still shows. After a change
//! or a repair the word must be younger than it; with nothing changed not older than four of the kubelet's intervals, and
//! the kubelet must be alive. Where that does not decide it is waited for.

use jiff::Timestamp;

use super::daemons::{self, Comes};
use super::definition::{Step, StepId};
use super::input::StepInput;
use super::state::{DaemonPods, NetworkComes, Proof, StepState};
use crate::kube::{Node, ReadyState};
use crate::plan::action::{Action, Verb};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Known};
use crate::plan::model::{Plan, Worker};
use crate::plan::problem::{Problem, Remedy, Verdict};
use crate::profile::{self, Profile};
use crate::runtime::pod_network::NetworkFound;

/// A node is Ready about 12 s after its kubelet started; slow disks take longer.
const WITHIN: u64 = 180;
/// Where nothing was changed a kubelet that lives is heard of again within this time, seconds.
const HEARD_WITHIN: u64 = 45;
/// A node that is not Ready for so long does not become so by waiting, seconds.
const SETTLED: i64 = 180;

/// A network that a DaemonSet brings may take so long, seconds.
const NETWORK_WITHIN: u64 = 300;

/// The step.
pub struct NodeReady;

/// How the network of pods comes to this worker: a kubelet with a runtime of CRI is not Ready before.
fn network(cx: &StepInput) -> NetworkComes {
    let Known::Yes(fact) = cx.facts.containerd() else { return NetworkComes::There };
    if cx.profile() != Ok(Profile::Current) || NetworkFound::read(&fact.network).network().is_some() {
        return NetworkComes::There;
    }
    match daemons::network(cx) {
        Comes::This(addon) => NetworkComes::By(DaemonPods::of(addon)),
        Comes::Nothing(_) => NetworkComes::Nothing { folder: fact.network.conf_dir.to_string() },
        Comes::Unknown(_) => NetworkComes::There,
    }
}

/// The folder where a file of the network of pods would be, where there is none and no DaemonSet brings one.
pub fn no_network(cx: &StepInput) -> Option<String> {
    match network(cx) {
        NetworkComes::Nothing { folder } => Some(folder),
        NetworkComes::There | NetworkComes::By(_) => None,
    }
}

/// Whether a node says that it is not Ready for want of a network of pods.
pub fn lacks_network(node: &Node) -> bool {
    let says = |words: &str| node.ready.message.contains(words);
    node.ready.state == ReadyState::NotReady
        && (says("NetworkPluginNotReady")
            || says("cni plugin not initialized")
            || says("cni config uninitialized"))
}

impl Step for NodeReady {
    fn id(&self) -> StepId {
        StepId("ready")
    }

    fn title(&self) -> &'static str {
        "Node Ready"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["start"]
    }

    fn queries(&self, _: &Plan, worker: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        let mut wants = vec![FactQuery::Unit("kubelet".to_owned()), FactQuery::Runtime];
        wants.extend(worker.and_then(profile::healthz_port).map(FactQuery::Healthz));
        wants
    }

    fn look(&self, cx: &StepInput) -> StepState {
        let name = cx.worker.map(|worker| worker.name.clone()).unwrap_or_default();
        let network = network(cx);
        let wait = |within, since_ms, healthz, otherwise| {
            // A DaemonSet may have to pull its images first.
            let within =
                if matches!(network, NetworkComes::By(_)) { NETWORK_WITHIN.max(within) } else { within };
            let (name, network) = (name.clone(), network.clone());
            StepState::Await(Proof::NodeReady { name, within, since_ms, healthz, otherwise, network })
        };
        let active = cx.facts.unit("kubelet").yes().is_some_and(|unit| unit.active == "active");
        let node = cx.cluster.nodes.as_ref().and_then(|nodes| nodes.iter().find(|node| node.name == name));
        let settled = cx.queued.is_empty() && active;
        if let (true, Some(_), None) = (settled, &cx.cluster.nodes, node) {
            // It was just started, or else its restart would be queued.
            return wait(HEARD_WITHIN, None, None, away(cx, None).or_else(|| Some(unregistered(&name))));
        }
        let Some(node) = node.filter(|_| settled) else { return wait(WITHIN, None, None, None) };
        let ready = node.ready.state == ReadyState::Ready;
        let age = heard(cx, node);
        let fresh = age.is_some_and(|age| age <= node.patience().as_millis());
        let away = away(cx, age);
        // From now on; a word that came after the look is one of a kubelet that lives and reaches the API.
        let now = Some(cx.cluster.nodes_at_ms);
        if let Some(problem) = away {
            // What was heard a moment ago may still be from before.
            return if ready && fresh {
                wait(HEARD_WITHIN, now, None, Some(problem))
            } else {
                StepState::Blocked(problem)
            };
        }
        if !ready {
            let long = node.ready.since.is_some_and(|since| {
                cx.cluster.nodes_at_ms.saturating_sub(since.as_millisecond()) > SETTLED * 1000
            });
            return wait(if long && fresh { HEARD_WITHIN } else { WITHIN }, None, None, None);
        }
        if !fresh {
            return wait(HEARD_WITHIN, now, None, Some(silent(node, age)));
        }
        let port = cx.worker.and_then(profile::healthz_port);
        match port.map(|port| (port, cx.facts.healthz(port))) {
            Some((port, Known::No(why))) => {
                wait(HEARD_WITHIN, None, Some(port), Some(deaf(&name, port, &why)))
            }
            // Nothing there can ask it, or it was turned off: the young word has to do.
            Some((_, Known::Yes(_) | Known::NotAsked)) | None if cx.repaired => {
                wait(HEARD_WITHIN, None, None, None)
            }
            Some((_, Known::Yes(_) | Known::NotAsked)) | None => {
                StepState::Done(format!("the API says Ready{}", cordoned(node)))
            }
        }
    }

    fn verdicts(&self, cx: &StepInput) -> Vec<Verdict> {
        let Some(worker) = cx.worker else { return Vec::new() };
        let nodes = cx.cluster.nodes.iter().flatten();
        nodes
            .filter(|node| node.name == worker.name && node.unschedulable)
            .map(|node| {
                Verdict::warning(
                    "node",
                    format!("{} is cordoned: no new pods are placed on it", node.name),
                    &format!(
                        "if it may take pods again: kubectl uncordon {}",
                        shell_words::quote(&worker.name)
                    ),
                )
            })
            .collect()
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/ready.md")
    }
}

/// What is added where a node takes no new pods.
pub fn cordoned(node: &Node) -> &'static str {
    if node.unschedulable { ", cordoned" } else { "" }
}

/// Milliseconds since the kubelet was heard of, at the moment when the nodes were asked for. Its word carries the time
/// of the worker's clock; where that is not known, of the API's.
fn heard(cx: &StepInput, node: &Node) -> Option<i128> {
    let heard = node.heard()?.as_millisecond();
    let ahead = cx.facts.machine().yes().and_then(|machine| machine.ahead_ms(cx.asked_ms));
    let ahead = ahead.or(cx.cluster.clock_ahead_ms).unwrap_or(0);
    Some(i128::from(cx.cluster.nodes_at_ms) - (i128::from(heard) - i128::from(ahead)))
}

/// Milliseconds since the API heard of the worker's kubelet; `None` = that is not known.
pub fn heard_ago(cx: &StepInput) -> Option<i64> {
    let worker = cx.worker?;
    let node = cx.cluster.nodes.iter().flatten().find(|node| node.name == worker.name)?;
    i64::try_from(heard(cx, node)?).ok()
}

/// How long ago, in words.
fn ago(age: Option<i128>) -> String {
    age.map_or_else(
        || "the API has never heard of its kubelet".to_owned(),
        |age| heard_words(i64::try_from(age).unwrap_or(i64::MAX)),
    )
}

/// So many milliseconds ago the API heard of a kubelet, in words.
pub fn heard_words(ago_ms: i64) -> String {
    let seconds = ago_ms.max(0) / 1000;
    let ago = match seconds {
        0..=299 => format!("{seconds} s"),
        300..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    };
    format!("the API heard of its kubelet {ago} ago")
}

/// The worker cannot reach the API that this computer reaches.
fn away(cx: &StepInput, age: Option<i128>) -> Option<Problem> {
    let api = &cx.plan.cluster.api;
    let Known::No(why) = cx.facts.tls(&api.host, api.port) else { return None };
    let worker = cx.worker?;
    // openssl takes an IPv6 address in brackets.
    let host = if api.host.contains(':') { format!("[{}]", api.host) } else { api.host.clone() };
    let connect_to = format!("{host}:{}", api.port);
    Some(
        Problem::new(ProblemCode::Api24, format!("{} cannot reach the API at {}", worker.name, api.url()))
            .seen(format!("from there: {why}"))
            .seen(ago(age))
            .manual(format!(
                "on the host: openssl s_client -connect {} </dev/null; look at routes, firewall and load balancer",
                shell_words::quote(&connect_to)
            ))
            .way(Remedy::Retry),
    )
}

/// The API says Ready, and its last word is too old.
fn silent(node: &Node, age: Option<i128>) -> Problem {
    let most = node.patience().as_secs();
    Problem::new(
        ProblemCode::Node03,
        format!(
            "the API shows {} as Ready and has not heard of its kubelet for more than {most} s",
            node.name
        ),
    )
    .seen(ago(age))
    .repair("restart the kubelet", vec![restart()])
    .manual("on the host: journalctl -u kubelet -n 50 --no-pager")
}

/// The kubelet runs and its node is not there.
fn unregistered(name: &str) -> Problem {
    Problem::new(ProblemCode::Node02, format!("the kubelet of {name} runs, and the API has no such node"))
        .seen("a kubelet registers its node only when it starts")
        .repair("restart the kubelet", vec![restart()])
        .manual("on the host: journalctl -u kubelet -n 50 --no-pager")
}

/// The kubelet runs and does not say that it is well.
pub fn deaf(name: &str, port: u16, why: &str) -> Problem {
    Problem::new(
        ProblemCode::Kubelet08,
        format!("the kubelet of {name} runs and does not answer its health check"),
    )
    .seen(format!("http://127.0.0.1:{port}/healthz: {why}"))
    .repair("restart the kubelet", vec![restart()])
    .manual("on the host: journalctl -u kubelet -n 50 --no-pager")
}

fn restart() -> Action {
    Action::Service { verb: Verb::Restart, unit: "kubelet".to_owned() }
}

/// Whether a node says that it is Ready, and was heard of since: its status after `status`, any word after `word`, both
/// by the kubelet's own clock, milliseconds since 1970.
pub fn is_ready(node: &Node, status: Option<i64>, word: Option<i64>) -> bool {
    let since = |at: Option<Timestamp>, since: Option<i64>| {
        since.is_none_or(|since| at.is_some_and(|at| at.as_millisecond() >= since))
    };
    node.ready.state == ReadyState::Ready && since(node.ready.heartbeat, status) && since(node.heard(), word)
}
