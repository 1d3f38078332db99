//! A node's status as the API tells it, in the shapes of Kubernetes 1.2 to today: every field may be
//! missing or null. It holds what is shown, not the whole object.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lease::Lease;
use crate::plan::clean;
use crate::plan::remote::Remote;

/// Addresses, conditions and taints that are kept of a node; real ones have three to six.
const MOST_ROWS: usize = 32;
/// Labels that are kept of a node; real ones have ten to sixty.
const MOST_LABELS: usize = 256;

/// One node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Node name.
    pub name: Remote<String>,
    /// Object uid; empty when the server sent none.
    pub uid: Remote<String>,
    /// The ID of the machine that its kubelet told, `status.nodeInfo.machineID`; empty = none.
    #[serde(default)]
    pub machine_id: Remote<String>,
    /// `resourceVersion` of the object, for a watch.
    pub resource_version: Remote<String>,
    /// Is it ready?
    pub ready: Ready,
    /// Other conditions that are true, `MemoryPressure`.
    pub pressures: Vec<Remote<String>>,
    /// No new pods are placed on it.
    pub unschedulable: bool,
    /// Kubelet version as the node says, `v1.2.2`.
    pub kubelet: Option<Remote<String>>,
    /// `InternalIP`; in Kubernetes 1.2 else `LegacyHostIP`.
    pub internal_ip: Option<Remote<String>>,
    /// All addresses: type and value.
    pub addresses: Vec<(Remote<String>, Remote<String>)>,
    /// The runtime with its version, `containerd://2.4.2`.
    pub runtime: Option<Remote<String>>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// All conditions, as the API lists them.
    #[serde(default)]
    pub conditions: Vec<NodeCondition>,
    /// Its Lease, where somebody asked for it.
    #[serde(default)]
    pub lease: Option<Lease>,
    /// Its labels: key and value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<(Remote<String>, Remote<String>)>,
    /// What keeps pods away from it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taints: Vec<Taint>,
    /// The ranges that its pods have their addresses of (`spec.podCIDRs`, before 1.16 `spec.podCIDR`); empty = it was given
    /// none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pod_ranges: Vec<Remote<String>>,
    /// flannel has its subnet from these ranges, and noted so here (flannel, `pkg/subnet/kube`).
    #[serde(default)]
    pub flannel_by_api: bool,
}

/// A taint of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taint {
    /// Its key, `node.kubernetes.io/not-ready`.
    pub key: Remote<String>,
    /// Empty when it has none.
    pub value: Remote<String>,
    /// `NoSchedule`, `PreferNoSchedule`, `NoExecute`.
    pub effect: Remote<String>,
}

/// The `Ready` condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// What the condition says.
    pub state: ReadyState,
    /// One word, `KubeletReady`; empty when none.
    pub reason: Remote<String>,
    /// A sentence; empty when none.
    pub message: Remote<String>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// When the kubelet last wrote.
    pub heartbeat: Option<Timestamp>,
}

/// A condition of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeCondition {
    /// `Ready`, `DiskPressure`.
    pub kind: Remote<String>,
    /// `True`, `False`, `Unknown`.
    pub status: Remote<String>,
    /// One word, `KubeletReady`; empty when none.
    pub reason: Remote<String>,
    /// A sentence; empty when none.
    pub message: Remote<String>,
    /// Since when it is so.
    pub since: Option<Timestamp>,
}

impl NodeCondition {
    /// It is as one wishes: ready, and nothing else is said of the node.
    pub fn is_well(&self) -> bool {
        if self.kind == "Ready" { self.status == "True" } else { self.status == "False" }
    }
}

/// The value of a `Ready` condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadyState {
    /// `True`: the kubelet takes pods.
    Ready,
    /// `False`: it says why not.
    NotReady,
    /// `Unknown`: the kubelet stopped writing.
    Silent,
    /// There is no such condition yet.
    NotSaid,
}

/// What a watch says about one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodeEvent {
    /// It is new or changed.
    Put(Node),
    /// It was deleted.
    Gone(Node),
    /// Only a newer resource version.
    Bookmark(Remote<String>),
    /// The resource version is too old: list again.
    TooOld,
}

impl Node {
    /// It is one of the control plane, by the labels that kubeadm and most others give (master up to 1.23).
    pub fn is_master(&self) -> bool {
        let roles = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];
        self.labels.iter().any(|(key, _)| roles.iter().any(|role| *key == *role))
    }

    /// Whether one of its addresses is this.
    pub fn has(&self, address: &str) -> bool {
        self.internal_ip
            .iter()
            .chain(self.addresses.iter().map(|(_, value)| value))
            .any(|one| *one == address)
    }

    /// Reads one Node object; `None` when it has no name.
    pub fn from_json(object: &Value) -> Option<Self> {
        let meta = object.get("metadata")?;
        let name = text(meta, "name").filter(|name| !name.is_empty())?;
        let status = object.get("status").unwrap_or(&Value::Null);
        let info = status.get("nodeInfo").unwrap_or(&Value::Null);
        let addresses: Vec<(Remote<String>, Remote<String>)> = items(status, "addresses")
            .filter_map(|a| Some((text(a, "type")?, text(a, "address")?)))
            .take(MOST_ROWS)
            .collect();
        let by_type = |kind: &str| addresses.iter().find(|(k, _)| *k == kind).map(|(_, a)| a.clone());
        Some(Self {
            name,
            uid: text(meta, "uid").unwrap_or_default(),
            machine_id: text(info, "machineID").unwrap_or_default(),
            resource_version: text(meta, "resourceVersion").unwrap_or_default(),
            ready: Ready::from_status(status),
            pressures: pressures(status),
            unschedulable: object.pointer("/spec/unschedulable").and_then(Value::as_bool).unwrap_or(false),
            kubelet: text(info, "kubeletVersion").filter(|v| !v.is_empty()),
            runtime: text(info, "containerRuntimeVersion").filter(|v| !v.is_empty()),
            internal_ip: by_type("InternalIP").or_else(|| by_type("LegacyHostIP")),
            created: time(meta, "creationTimestamp"),
            conditions: conditions(status),
            lease: None,
            addresses,
            labels: labels(meta),
            taints: taints(object),
            pod_ranges: pod_ranges(object),
            flannel_by_api: meta
                .get("annotations")
                .and_then(|notes| notes.get("flannel.alpha.coreos.com/kube-subnet-manager")?.as_str())
                .is_some_and(|said| said == "true"),
        })
    }

    /// Reads the items of a NodeList.
    pub fn list(object: &Value) -> Vec<Self> {
        items(object, "items").filter_map(Self::from_json).collect()
    }
}

impl NodeEvent {
    /// Reads one line of a watch; `None` for a type we do not know.
    pub fn from_json(event: &Value) -> Option<Self> {
        let object = event.get("object")?;
        match event.get("type")?.as_str()? {
            "ADDED" | "MODIFIED" => Node::from_json(object).map(Self::Put),
            "DELETED" => Node::from_json(object).map(Self::Gone),
            "BOOKMARK" => text(object.get("metadata")?, "resourceVersion").map(Self::Bookmark),
            // 1.2 sends an ERROR with 410 or a plain "too old resource version" of etcd; either way
            // only a new list helps.
            "ERROR" => Some(Self::TooOld),
            _ => None,
        }
    }
}

impl Ready {
    fn from_status(status: &Value) -> Self {
        let found =
            items(status, "conditions").find(|c| c.get("type").and_then(Value::as_str) == Some("Ready"));
        let Some(found) = found else {
            let empty = Remote::default();
            let state = ReadyState::NotSaid;
            return Self { state, reason: empty.clone(), message: empty, since: None, heartbeat: None };
        };
        let state = match found.get("status").and_then(Value::as_str) {
            Some("True") => ReadyState::Ready,
            Some("False") => ReadyState::NotReady,
            _ => ReadyState::Silent,
        };
        Self {
            state,
            reason: text(found, "reason").unwrap_or_default(),
            message: text(found, "message").unwrap_or_default(),
            since: time(found, "lastTransitionTime"),
            heartbeat: time(found, "lastHeartbeatTime"),
        }
    }
}

/// Conditions besides `Ready`; each of them says something bad when it is true.
fn pressures(status: &Value) -> Vec<Remote<String>> {
    items(status, "conditions")
        .filter(|one| one.get("status").and_then(Value::as_str) == Some("True"))
        .filter_map(|one| text(one, "type"))
        .filter(|kind| *kind != "Ready")
        .take(MOST_ROWS)
        .collect()
}

fn conditions(status: &Value) -> Vec<NodeCondition> {
    items(status, "conditions")
        .filter_map(|one| {
            Some(NodeCondition {
                kind: text(one, "type")?,
                status: text(one, "status").unwrap_or_default(),
                reason: text(one, "reason").unwrap_or_default(),
                message: text(one, "message").unwrap_or_default(),
                since: time(one, "lastTransitionTime"),
            })
        })
        .take(MOST_ROWS)
        .collect()
}

fn labels(meta: &Value) -> Vec<(Remote<String>, Remote<String>)> {
    let all = meta.get("labels").and_then(Value::as_object).into_iter().flatten();
    all.filter_map(|(key, value)| {
        Some((Remote::new(clean::words(key)), Remote::new(clean::words(value.as_str()?))))
    })
    .take(MOST_LABELS)
    .collect()
}

fn taints(object: &Value) -> Vec<Taint> {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    items(spec, "taints")
        .filter_map(|one| {
            Some(Taint {
                key: text(one, "key")?,
                value: text(one, "value").unwrap_or_default(),
                effect: text(one, "effect").unwrap_or_default(),
            })
        })
        .take(MOST_ROWS)
        .collect()
}

fn pod_ranges(object: &Value) -> Vec<Remote<String>> {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    let several: Vec<Remote<String>> = items(spec, "podCIDRs")
        .filter_map(|range| Some(Remote::new(clean::short(range.as_str()?, 64))))
        .take(MOST_ROWS)
        .collect();
    if several.is_empty() {
        return text(spec, "podCIDR").filter(|range| !range.is_empty()).into_iter().collect();
    }
    several
}

/// A string field, cleaned.
pub(super) fn text(object: &Value, field: &str) -> Option<Remote<String>> {
    object.get(field).and_then(Value::as_str).map(|text| Remote::new(clean::words(text)))
}

/// A time field; null, missing and unreadable are the same.
pub(super) fn time(object: &Value, field: &str) -> Option<Timestamp> {
    object.get(field).and_then(Value::as_str)?.parse().ok()
}

/// The elements of a list field; null and missing are empty.
pub(super) fn items<'a>(object: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    object.get(field).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::plan::remote::Remote;

    use super::{Node, NodeEvent, ReadyState};

    #[test]
    fn takes_a_node_that_has_only_a_name() {
        let node =
            Node::from_json(&json!({"metadata": {"name": "w1", "creationTimestamp": null}, "status": null}))
                .expect("a node");
        assert_eq!((node.ready.state, node.kubelet, node.internal_ip), (ReadyState::NotSaid, None, None));
        assert_eq!(Node::from_json(&json!({"metadata": {"name": null}})), None);
    }

    #[test]
    fn reads_a_silent_cordoned_node_of_a_newer_server() {
        let node = Node::from_json(&json!({
            "metadata": {"name": "w1", "uid": "u", "managedFields": []},
            "spec": {"unschedulable": true, "taints": [{"key": "a"}]},
            "status": {"addresses": [{"type": "Hostname", "address": "w1"}, {"type": "InternalIP", "address": "10.0.0.1"}],
                "conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "DiskPressure", "status": "True"}, {"type": "Ready", "status": "Unknown",
                "reason": "NodeStatusUnknown", "message": "Kubelet stopped\u{1b}[31m posting", "lastTransitionTime": "2026-11-23T07:21:03Z"}]},
        }))
        .expect("a node");
        assert_eq!(node.ready.state, ReadyState::Silent);
        assert_eq!(node.ready.message, "Kubelet stopped posting");
        assert_eq!(node.pressures, ["DiskPressure"]);
        let all: Vec<_> = node.conditions.iter().map(|one| (one.kind.to_string(), one.is_well())).collect();
        let all: Vec<_> = all.iter().map(|(kind, well)| (kind.as_str(), *well)).collect();
        assert_eq!(all, [("MemoryPressure", true), ("DiskPressure", false), ("Ready", false)]);
        assert!(node.unschedulable && node.ready.since.is_some() && node.ready.heartbeat.is_none());
        assert_eq!(node.internal_ip, Some(Remote::from("10.0.0.1")));
    }

    #[test]
    fn falls_back_to_the_old_address_type() {
        let addresses = json!([{"type": "LegacyHostIP", "address": "10.0.0.9"}]);
        let node = Node::from_json(&json!({"metadata": {"name": "w"}, "status": {"addresses": addresses}}));
        assert_eq!(node.expect("a node").internal_ip, Some(Remote::from("10.0.0.9")));
    }

    #[test]
    fn knows_the_events_of_a_watch() {
        let node = json!({"metadata": {"name": "w"}});
        let event = |kind: &str| NodeEvent::from_json(&json!({"type": kind, "object": node}));
        assert!(matches!(event("DELETED"), Some(NodeEvent::Gone(_))));
        assert!(matches!(event("ADDED"), Some(NodeEvent::Put(_))));
        assert_eq!(event("NEWS"), None);
        let gone = json!({"type": "ERROR", "object": {"kind": "Status", "code": 410}});
        assert_eq!(NodeEvent::from_json(&gone), Some(NodeEvent::TooOld));
    }
}
