//! A pod's status as the API tells it, old and new shapes. It holds what is shown, not the object.

use jiff::Timestamp;
use serde_json::Value;

use crate::plan::remote::Remote;

use super::node::{items, text, time};

/// One pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Pod name.
    pub name: Remote<String>,
    /// The namespace it is in.
    pub namespace: Remote<String>,
    /// Object uid; empty when the server sent none.
    pub uid: Remote<String>,
    /// The node it was placed on.
    pub node: Option<Remote<String>>,
    /// `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`; empty when not said.
    pub phase: Remote<String>,
    /// Containers that are ready.
    pub ready: usize,
    /// Containers the pod has.
    pub containers: usize,
    /// Why a container waits or ended: container name, reason, message.
    pub waiting: Vec<PodWait>,
    /// Restarts of all its containers.
    pub restarts: u64,
    /// Pod address.
    pub ip: Option<Remote<String>>,
    /// When the node took it.
    pub started: Option<Timestamp>,
    /// Why the pod as a whole is not placed or was put off.
    pub reason: Option<Remote<String>>,
    /// It is being deleted.
    pub leaving: bool,
}

/// A container that is not running, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodWait {
    /// Container name.
    pub container: Remote<String>,
    /// One word, `ImagePullBackOff`, `CrashLoopBackOff`, `Error`.
    pub reason: Remote<String>,
    /// A sentence; empty when none.
    pub message: Remote<String>,
}

impl Pod {
    /// Reads one Pod object; `None` when it has no name.
    pub fn from_json(object: &Value) -> Option<Self> {
        let meta = object.get("metadata")?;
        let name = text(meta, "name").filter(|name| !name.is_empty())?;
        let spec = object.get("spec").unwrap_or(&Value::Null);
        let status = object.get("status").unwrap_or(&Value::Null);
        let said = || items(status, "containerStatuses");
        let not_placed = items(status, "conditions")
            .find(|c| c.get("type").and_then(Value::as_str) == Some("PodScheduled") && c["status"] == "False")
            .and_then(|c| text(c, "message").or_else(|| text(c, "reason")));
        Some(Self {
            name,
            namespace: text(meta, "namespace").unwrap_or_default(),
            uid: text(meta, "uid").unwrap_or_default(),
            node: text(spec, "nodeName").filter(|n| !n.is_empty()),
            phase: text(status, "phase").unwrap_or_default(),
            ready: said().filter(|c| c["ready"] == true).count(),
            // Before the kubelet has seen the pod there is no status of its containers.
            containers: items(spec, "containers").count().max(said().count()),
            waiting: said().chain(items(status, "initContainerStatuses")).filter_map(PodWait::of).collect(),
            restarts: said().filter_map(|c| c.get("restartCount")?.as_u64()).sum(),
            ip: text(status, "podIP").filter(|ip| !ip.is_empty()),
            started: time(status, "startTime"),
            reason: text(status, "message").or_else(|| text(status, "reason")).or(not_placed),
            leaving: meta.get("deletionTimestamp").is_some_and(|t| !t.is_null()),
        })
    }

    /// Reads the items of a PodList.
    pub fn list(object: &Value) -> Vec<Self> {
        items(object, "items").filter_map(Self::from_json).collect()
    }

    /// Running with every container ready, and staying.
    pub fn is_ready(&self) -> bool {
        self.phase == "Running" && self.containers > 0 && self.ready == self.containers && !self.leaving
    }
}

impl PodWait {
    fn of(container: &Value) -> Option<Self> {
        let state = container.get("state")?;
        let (held, otherwise) = match (state.get("waiting"), state.get("terminated")) {
            (Some(waiting), _) if !waiting.is_null() => (waiting, "Waiting"),
            (_, Some(ended)) if !ended.is_null() && ended["exitCode"] != 0 => (ended, "Error"),
            _ => return None,
        };
        let reason = text(held, "reason").filter(|r| !r.is_empty()).unwrap_or_else(|| otherwise.into());
        let container = text(container, "name").unwrap_or_default();
        Some(Self { container, reason, message: text(held, "message").unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::plan::remote::Remote;

    use super::Pod;

    #[test]
    fn counts_and_names_what_waits() {
        let pod = Pod::from_json(&json!({
            "metadata": {"name": "p", "namespace": "kube-system"},
            "spec": {"nodeName": "w1", "containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}]},
            "status": {"phase": "Pending", "startTime": null, "containerStatuses": [
                {"name": "a", "ready": true, "restartCount": 2, "state": {"running": {"startedAt": null}}},
                {"name": "b", "ready": false, "restartCount": 0,
                 "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"x\""}}},
                {"name": "c", "ready": false, "restartCount": 5, "state": {"terminated": {"exitCode": 1}}}]},
        }))
        .expect("a pod");
        assert_eq!((pod.ready, pod.containers, pod.restarts), (1, 3, 7));
        let reasons: Vec<(String, String)> =
            pod.waiting.iter().map(|w| (w.container.to_string(), w.reason.to_string())).collect();
        assert_eq!(
            reasons,
            [("b", "ImagePullBackOff"), ("c", "Error")].map(|(c, r)| (c.to_owned(), r.to_owned()))
        );
        assert!(!pod.is_ready());
    }

    #[test]
    fn a_pod_not_yet_placed_says_why() {
        let pod = Pod::from_json(&json!({
            "metadata": {"name": "p"}, "spec": {"containers": [{"name": "a"}]},
            "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
                "reason": "Unschedulable", "message": "no nodes available to schedule pods"}]},
        }))
        .expect("a pod");
        assert_eq!(pod.reason, Some(Remote::from("no nodes available to schedule pods")));
        assert_eq!((pod.ready, pod.containers, pod.node), (0, 1, None));
    }

    #[test]
    fn a_job_that_ended_well_waits_for_nothing() {
        let status = json!({"phase": "Succeeded", "containerStatuses": [
            {"name": "a", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}]});
        let pod = Pod::from_json(&json!({"metadata": {"name": "p"}, "status": status})).expect("a pod");
        assert!(pod.waiting.is_empty());
    }
}
