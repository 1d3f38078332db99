//! When a kubelet was last heard of. Up to 1.13 it writes the status of its node every 10 s; from 1.14 on it renews a
//! Lease as often and writes the status only when something changed.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::lease::Lease;
use super::node::{Node, items, text, time};

/// Where the Leases of the nodes are.
pub const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
/// How often a kubelet writes its status, unless it is told otherwise.
const EVERY: SignedDuration = SignedDuration::from_secs(10);
/// So many intervals without a word are too many.
const INTERVALS: i32 = 4;

/// Gives each node its Lease, out of the list of them.
pub fn join_leases(nodes: &mut [Node], list: &Value) {
    for lease in items(list, "items") {
        let name = lease.get("metadata").and_then(|meta| text(meta, "name"));
        let Some(spec) = lease.get("spec") else { continue };
        let Some(renewed) = time(spec, "renewTime") else { continue };
        let lasts = spec.get("leaseDurationSeconds").and_then(Value::as_u64);
        let lasts_s = lasts.and_then(|seconds| u32::try_from(seconds).ok()).filter(|seconds| *seconds > 0);
        for node in nodes.iter_mut().filter(|node| Some(&node.name) == name.as_ref()) {
            node.lease = Some(Lease { renewed, lasts_s: lasts_s.unwrap_or(40) });
        }
    }
}

impl Node {
    /// When its kubelet was last heard of, by the kubelet's own clock.
    pub fn heard(&self) -> Option<Timestamp> {
        self.ready.heartbeat.max(self.lease.as_ref().map(|lease| lease.renewed))
    }

    /// So old its last word may be: four of its intervals.
    pub fn patience(&self) -> SignedDuration {
        self.lease
            .as_ref()
            .map_or(EVERY * INTERVALS, |lease| SignedDuration::from_secs(i64::from(lease.lasts_s)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Node, join_leases};

    fn node(heartbeat: &str) -> Node {
        Node::from_json(&json!({"metadata": {"name": "w1"}, "status": {"conditions": [
            {"type": "Ready", "status": "True", "lastHeartbeatTime": heartbeat}]}}))
        .expect("a node")
    }

    #[test]
    fn the_younger_of_status_and_lease_counts_and_a_lease_says_how_long_it_lasts() {
        let mut nodes = [node("2026-11-28T10:00:00Z")];
        assert_eq!(nodes[0].patience().as_secs(), 40);
        let leases = json!({"items": [
            {"metadata": {"name": "w2"}, "spec": {"renewTime": "2026-11-28T10:09:00.000000Z", "leaseDurationSeconds": 40}},
            {"metadata": {"name": "w1"}, "spec": {"renewTime": "2026-11-28T10:04:30.123456Z", "leaseDurationSeconds": 20}}]});
        join_leases(&mut nodes, &leases);
        assert_eq!(nodes[0].heard().expect("heard of").to_string(), "2026-11-28T10:04:30.123456Z");
        assert_eq!(nodes[0].patience().as_secs(), 20);
        join_leases(
            &mut nodes,
            &json!({"items": [{"metadata": {"name": "w1"}, "spec": {"renewTime": null}}]}),
        );
        assert!(nodes[0].lease.is_some(), "what says nothing takes nothing away");
    }

    #[test]
    fn a_node_that_never_said_anything_was_never_heard_of() {
        let silent = Node::from_json(&json!({"metadata": {"name": "w1"}})).expect("a node");
        assert_eq!(silent.heard(), None);
    }
}
