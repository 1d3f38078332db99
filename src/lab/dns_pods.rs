//! The pods of the lab's cluster: where they are placed, when they are ready, and what cluster DNS then knows.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::lab::cluster::ClusterState;
use crate::lab::node::LabNode;
use crate::plan::action::sha256;

/// CoreDNS is ready so long after it may start, milliseconds.
const COREDNS_AFTER: u64 = 8_000;
/// kube2sky's readiness probe alone waits 30 s, milliseconds.
const KUBE_DNS_AFTER: u64 = 35_000;

impl ClusterState {
    /// The pods of `kube-system` that carry all labels of a selector, as API objects.
    pub(crate) fn pods(&self, selector: &str, latest: u64) -> Vec<Value> {
        let mut pods = Vec::new();
        for (path, object) in &self.objects {
            let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
            let template = object.pointer("/spec/template");
            let carries = |label: &str| {
                let (key, value) = label.split_once('=').unwrap_or((label, ""));
                template.and_then(|template| template.pointer("/metadata/labels")?.get(key)?.as_str())
                    == Some(value)
            };
            if !["ReplicationController", "Deployment"].contains(&kind) || !selector.split(',').all(carries) {
                continue;
            }
            let Some(template) = template else { continue };
            let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            let count = object.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1);
            let due = self.due(path, template, latest);
            for number in 0..count {
                let set =
                    if kind == "Deployment" { format!("{}-", letters(name, 10)) } else { String::new() };
                let own = letters(&format!("{name}{number}"), 5);
                pods.push(pod(&format!("{name}-{set}{own}"), template, due.as_ref(), latest));
            }
        }
        pods
    }

    /// The pods of a node, as it is asked for them: that of its manifest, and those of the cluster.
    pub(crate) fn pods_on(&self, node: &str, latest: u64) -> Vec<Value> {
        let mut all =
            vec![json!({"metadata": {"name": format!("kube-proxy-{node}"), "namespace": "kube-system",
                "annotations": {"kubernetes.io/config.mirror": "1"}},
            "status": {"phase": "Running", "containerStatuses": [{"name": "kube-proxy", "ready": true,
                "state": {"running": {}}}]}})];
        let is_here = |pod: &Value| pod.pointer("/spec/nodeName").and_then(Value::as_str) == Some(node);
        all.extend(self.pods("k8s-app=kube-dns", latest).into_iter().filter(is_here).map(|mut pod| {
            let owner = json!([{"kind": "ReplicaSet", "name": "coredns", "controller": true}]);
            pod["metadata"]["ownerReferences"] = owner;
            pod
        }));
        all
    }

    /// On which node the pods of a template run and since when they are ready.
    fn due(&self, path: &str, template: &Value, latest: u64) -> Option<(String, u64)> {
        let containers = template.pointer("/spec/containers").and_then(Value::as_array)?;
        let images: Vec<&str> = containers.iter().filter_map(|one| one.get("image")?.as_str()).collect();
        let fits = |node: &LabNode| images.iter().all(|image| node.images.iter().any(|known| known == image));
        // Wherever it fits first it is placed, and there it stays.
        let first = |node: &LabNode| node.ready_at.filter(|_| fits(node));
        let all = self.nodes.iter().filter_map(|(name, node)| Some((first(node)?, name, node)));
        let (since, name, node) = all.min_by_key(|(since, name, _)| (*since, *name))?;
        let account = template.pointer("/spec/serviceAccountName").and_then(Value::as_str);
        if self.rbac() && account.is_none() {
            // Its default account may not list services: it never becomes ready.
            return Some((name.clone(), u64::MAX));
        }
        if !node.unready.is_empty() || node.is_silent(latest) {
            // The node controller takes its pods' readiness away.
            return Some((name.clone(), u64::MAX));
        }
        let applied = self.applied.get(path).copied().unwrap_or(0);
        let after = if self.rbac() && images.len() == 1 { COREDNS_AFTER } else { KUBE_DNS_AFTER };
        Some((name.clone(), applied.max(since).saturating_add(after)))
    }

    /// Whether DNS pods answer.
    pub(crate) fn dns_ready(&self, latest: u64) -> bool {
        let pods = self.pods("k8s-app=kube-dns", latest);
        pods.iter().filter_map(crate::kube::Pod::from_json).any(|pod| pod.is_ready())
    }

    /// The DNS domain its DNS pods serve.
    pub(crate) fn domain(&self) -> String {
        let text = |path: &str| self.objects.get(path).map(Value::to_string).unwrap_or_default();
        let after = |text: &str, start: &str| {
            let rest = text.split_once(start)?.1;
            rest.split([' ', '"', '\\']).next().map(|word| word.trim_end_matches('.').to_owned())
        };
        let old = text("/api/v1/namespaces/kube-system/replicationcontrollers/kube-dns-v11");
        let new = text("/api/v1/namespaces/kube-system/configmaps/coredns");
        after(&old, "--domain=").or_else(|| after(&new, "kubernetes ")).unwrap_or_default()
    }

    /// The address of a service, by its DNS name.
    pub(crate) fn service(&self, name: &str) -> Option<IpAddr> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let short = name.strip_suffix(&format!(".svc.{}", self.domain()))?;
        let (service, space) = short.split_once('.')?;
        let live = self.objects.get(&format!("/api/v1/namespaces/{space}/services/{service}"))?;
        live.pointer("/spec/clusterIP")?.as_str()?.parse().ok()
    }
}

/// What a controller adds to a name: no vowels, nothing that looks like something else.
fn letters(of: &str, count: usize) -> String {
    const SET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let hash = sha256(of.as_bytes());
    let pairs = hash.as_bytes().chunks(2).take(count);
    let place = |pair: &[u8]| {
        pair.iter().fold(0, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)))
    };
    pairs.filter_map(|pair| SET.get(place(pair) % SET.len())).map(|byte| char::from(*byte)).collect()
}

fn uid(name: &str) -> String {
    let hash = sha256(name.as_bytes());
    let part = |from: usize, to: usize| hash.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

fn pod(name: &str, template: &Value, due: Option<&(String, u64)>, latest: u64) -> Value {
    let mut spec = template.get("spec").cloned().unwrap_or_else(|| json!({}));
    let containers = spec.pointer("/containers").and_then(Value::as_array).cloned().unwrap_or_default();
    let ready = due.is_some_and(|(_, ready)| latest >= *ready);
    if let (Some((node, _)), Some(spec)) = (due, spec.as_object_mut()) {
        spec.insert("nodeName".to_owned(), json!(node));
    }
    let said: Vec<Value> = containers
        .iter()
        .filter(|_| due.is_some())
        .map(|one| json!({"name": one["name"], "ready": ready, "restartCount": 0, "state": {"running": {}}}))
        .collect();
    let phase = if due.is_some() { "Running" } else { "Pending" };
    let status = if ready { "True" } else { "False" };
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "kube-system", "uid": uid(name),
            "labels": template.pointer("/metadata/labels")},
        "spec": spec,
        "status": {"phase": phase, "containerStatuses": said,
            "conditions": [{"type": "Ready", "status": status}]}})
}
