//! The node as the API knows it.

use crate::kube::cluster::OUT_OF_SERVICE;
use crate::kube::{Node, ReadyState, Taint};
use crate::plan::action::{Action, Verb};
use crate::plan::clean;
use crate::plan::code::ProblemCode;
use crate::plan::problem::Problem;
use crate::plan::remote;
use crate::step::{ClusterFacts, REGISTERS_WITHIN, cordoned, heard_words};

/// What the API says of the worker's node.
#[derive(Debug, Default)]
pub(super) struct NodeWord {
    pub faults: Vec<Problem>,
    pub notes: Vec<String>,
    pub well: Vec<String>,
}

/// When a kubelet was heard of, and since when it runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    /// Milliseconds since the API heard of it; `None` = not known.
    pub ago_ms: Option<i64>,
    /// Seconds since it was started; `None` = not known, or it does not run.
    pub up_s: Option<u64>,
}

impl Heard {
    /// Seconds since the API heard of it.
    pub(super) fn seconds(self) -> Option<u64> {
        u64::try_from(self.ago_ms?).ok().map(|ms| ms / 1000)
    }

    /// What the API shows may be from before its start.
    fn precedes_its_start(self) -> bool {
        let (Some(ago), Some(up)) = (self.ago_ms, self.up_s) else { return false };
        // A heartbeat has whole seconds, and so has this.
        i128::from(ago) > i128::from(up) * 1000 + 2000
    }
}

/// Reads it.
pub(super) fn read(cluster: &ClusterFacts, worker: &str, heard: Heard) -> NodeWord {
    let mut word = NodeWord::default();
    let Some(nodes) = &cluster.nodes else {
        word.faults.push(Problem::unknown("the node", &cluster.nodes_why));
        return word;
    };
    let Some(node) = nodes.iter().find(|node| node.name == worker) else {
        if let Some(up) = heard.up_s.filter(|up| *up < REGISTERS_WITHIN) {
            word.faults.push(
                Problem::new(ProblemCode::Fact01, "it is not known yet whether the node comes").seen(
                    format!(
                        "the API has no node {worker}, and its kubelet was started {up} s ago; look again"
                    ),
                ),
            );
            return word;
        }
        word.faults.push(
            Problem::new(ProblemCode::Node02, format!("the API has no node {worker}"))
                .seen("a kubelet registers its node only when it starts")
                .repair(
                    "restart the kubelet, pods go on",
                    vec![Action::Service { verb: Verb::Restart, unit: "kubelet".to_owned() }],
                ),
        );
        return word;
    };
    // One that comes from later tells of a clock that was set.
    let ago_ms = heard.ago_ms.filter(|ms| *ms > -2000);
    let age = ago_ms.map(heard_words);
    let stale = heard.ago_ms.is_some_and(|ms| i128::from(ms) > node.patience().as_millis());
    let says =
        || clean::short(&remote::join(&[node.ready.reason.clone(), node.ready.message.clone()], ": "), 300);
    match node.ready.state {
        ReadyState::Ready if stale => word.faults.push(
            Problem::new(
                ProblemCode::Node03,
                format!("the API shows {worker} as Ready, and has not heard of its kubelet lately"),
            )
            .seen(age.unwrap_or_default()),
        ),
        ReadyState::Ready if heard.precedes_its_start() => word.faults.push(Problem::unknown(
            "whether the node is Ready",
            &format!(
                "its kubelet was started {} s ago, and the API has not heard of it since: look again in half a minute",
                heard.up_s.unwrap_or_default()
            ),
        )),
        ReadyState::Ready => word.well.push(match age {
            Some(age) => format!("node Ready, {age}"),
            None => "node Ready".to_owned(),
        }),
        ReadyState::NotReady | ReadyState::Silent | ReadyState::NotSaid => word.faults.push(
            Problem::new(ProblemCode::Node04, format!("the node {worker} is not Ready"))
                .seen(says())
                .seen(age.unwrap_or_default()),
        ),
    }
    pressures(node, &mut word);
    out_of_service(node, &mut word);
    if !cordoned(node).is_empty() {
        word.notes.push(format!(
            "{worker} is cordoned: no new pods are placed on it; if it may take them: kubectl uncordon {}",
            shell_words::quote(worker)
        ));
    }
    word.notes.extend(evicting(node));
    word
}

/// Another object has its name than the one that `run` saw: somebody deleted that, and it was made anew.
pub fn made_anew(node: &Node, run: &str, seen_uid: &str) -> Option<String> {
    let uid = node.uid.to_string();
    if uid.is_empty() || seen_uid.is_empty() || uid == seen_uid {
        return None;
    }
    let since =
        node.created.map_or_else(String::new, |at| format!(" on {} UTC", at.strftime("%Y-%m-%d %H:%M:%S")));
    Some(format!(
        "the node {} is not the one that run {} saw: that was deleted, and this one was made{since}, with the labels and taints that \
         its kubelet or somebody gave it then",
        node.name,
        clean::words(run),
    ))
}

/// So many taints are named.
const TAINTS: usize = 6;

/// Taints of somebody else that evict pods, which is on purpose or not. Those of `node.kubernetes.io` come from the node's own
/// state, or are told as that (Kubernetes 1.37, `pkg/controller/nodelifecycle/node_lifecycle_controller.go`).
fn evicting(node: &Node) -> Option<String> {
    let own = |taint: &&Taint| !taint.key.starts_with("node.kubernetes.io/");
    let all: Vec<String> = node
        .taints
        .iter()
        .filter(|taint| taint.effect == "NoExecute")
        .filter(own)
        .map(|taint| {
            let value = if taint.value.is_empty() { String::new() } else { format!("={}", taint.value) };
            clean::short(&format!("{}{value}:{}", taint.key, taint.effect), 200)
        })
        .collect();
    let more = all.len().saturating_sub(TAINTS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (first, named) = (all.first()?, all.iter().take(TAINTS).cloned().collect::<Vec<_>>().join(", "));
    Some(format!(
        "{} has the taint {named}{more}: pods that do not tolerate it are evicted; if it is not meant: kubectl taint node {} {}",
        node.name,
        shell_words::quote(&node.name.to_string()),
        shell_words::quote(&format!("{first}-")),
    ))
}

/// While its kubelet is heard the taint is a fault; while it is not, it says what somebody wanted.
fn out_of_service(node: &Node, word: &mut NodeWord) {
    let Some(taint) = node.taints.iter().find(|taint| taint.key == OUT_OF_SERVICE) else { return };
    if node.ready.state != ReadyState::Ready {
        word.notes.push(format!("{} has the taint {}: its pods are released", node.name, taint.key));
        return;
    }
    let name = shell_words::quote(&node.name.to_string()).into_owned();
    word.faults.push(
        Problem::new(ProblemCode::Node08, format!("the node {} is marked as out of service", node.name))
            .seen(format!("its taint {}={}:{}", taint.key, taint.value, taint.effect))
            .manual(format!("where the machine is well: kubectl taint node {name} {OUT_OF_SERVICE}-")),
    );
}

fn pressures(node: &Node, word: &mut NodeWord) {
    for kind in &node.pressures {
        let said = node.conditions.iter().find(|condition| condition.kind == *kind);
        let mut problem = Problem::new(ProblemCode::Node05, format!("{} says {kind} of itself", node.name));
        if let Some(said) = said {
            problem = problem.seen(remote::join(&[said.reason.clone(), said.message.clone()], ": "));
        }
        word.faults.push(problem.manual("on the host: df -h; df -i; free -m; ps -e | wc -l"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Heard, read};
    use crate::kube::Node;
    use crate::step::ClusterFacts;

    #[test]
    fn a_node_that_was_made_anew_is_told_by_its_uid() {
        let node = Node::from_json(&json!({"metadata": {"name": "w1", "uid": "b",
            "creationTimestamp": "2026-05-01T10:00:00Z"}}))
        .expect("a node");
        assert_eq!(super::made_anew(&node, "r1", "b"), None);
        assert_eq!(super::made_anew(&node, "r1", ""), None);
        let told = super::made_anew(&node, "r1", "a").unwrap_or_default();
        assert!(told.starts_with("the node w1 is not the one that run r1 saw: "), "{told}");
        assert!(told.contains("made on 2026-05-01 10:00:00 UTC"), "{told}");
    }

    #[test]
    fn taints_that_evict_pods_are_to_know_and_no_fault() {
        let notes = |taints: serde_json::Value| {
            let node = json!({"metadata": {"name": "w1"}, "spec": {"taints": taints},
                "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
            let nodes = Node::from_json(&node).into_iter().collect();
            let cluster = ClusterFacts { nodes: Some(nodes), ..ClusterFacts::default() };
            let word = read(&cluster, "w1", Heard { ago_ms: Some(1000), up_s: None });
            assert!(word.faults.is_empty(), "{:?}", word.faults);
            word.notes
        };
        assert!(notes(json!([])).is_empty());
        assert!(
            notes(json!([
                {"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"},
                {"key": "gpu", "value": "yes", "effect": "NoSchedule"}
            ]))
            .is_empty()
        );
        assert_eq!(
            notes(json!([
                {"key": "gpu", "value": "yes", "effect": "NoSchedule"},
                {"key": "team", "value": "a\nb", "effect": "NoExecute"},
                {"key": "etcd", "effect": "NoExecute"}
            ])),
            [
                "w1 has the taint team=a b:NoExecute, etcd:NoExecute: pods that do not tolerate it are evicted; if it is not \
              meant: kubectl taint node w1 'team=a b:NoExecute-'"
            ]
        );
        let many: Vec<_> = (0..9).map(|at| json!({"key": format!("k{at}"), "effect": "NoExecute"})).collect();
        assert!(notes(json!(many))[0].contains("k5:NoExecute and 3 more: "));
    }
}
