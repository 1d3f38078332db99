//! Which pods leave a node before it goes, and which stay: decided as `kubectl drain` decides it (Kubernetes 1.37,
//! `staging/src/k8s.io/kubectl/pkg/drain/filters.go`).

use serde_json::{Value, json};

use super::api::Api;
use super::error::ApiError;
use super::node::{items, text};
use super::percent::encoded;
use crate::plan::minors;
use crate::plan::model::Version;
use crate::plan::remote::Remote;

/// A static pod as its kubelet shows it to the API has this annotation: deleting it there changes nothing on the node.
const MIRROR: &str = "kubernetes.io/config.mirror";
/// Who made a pod, as servers before 1.5 note it.
const CREATED_BY: &str = "kubernetes.io/created-by";

/// A pod that leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evictee {
    /// Its namespace.
    pub namespace: Remote<String>,
    /// Its name.
    pub name: Remote<String>,
    /// Its uid, to be compared and sent back.
    uid: String,
    /// Its path in the API.
    path: String,
    /// Who makes it anew elsewhere, `ReplicaSet web-5d9`; empty = nobody.
    pub owner: String,
    /// The disruption budgets that it is under, and how many of their pods may be missing now.
    pub budgets: Vec<Budget>,
}

/// A disruption budget of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Its name.
    pub name: Remote<String>,
    /// So many of its pods may leave now (`status.disruptionsAllowed`); `None` = it does not say.
    pub allows: Option<i64>,
}

impl std::fmt::Display for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.allows {
            Some(allows) => write!(f, "budget {} lets {allows} leave now", self.name),
            None => write!(f, "budget {} does not say how many may leave", self.name),
        }
    }
}

impl Evictee {
    /// Its path in the API.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether an object is this pod, and no other of its name.
    pub fn is(&self, object: &Value) -> bool {
        object.pointer("/metadata/uid").and_then(Value::as_str) == Some(&self.uid)
    }

    /// Asks it to leave by a server of this version: by an eviction, which heeds disruption budgets, and by a deletion
    /// where there is none.
    pub(super) fn leave(&self, api: &Api, version: Version) -> Result<Evicted, ApiError> {
        if !minors::EVICTION.holds(version) {
            return match api.delete(&self.path, &self.uid) {
                // Another one of its name: it has gone.
                Ok(_) | Err(ApiError::Conflict(_)) => Ok(Evicted::Leaves),
                Err(error) => Err(error),
            };
        }
        let group = if minors::EVICTION_V1.holds(version) { "policy/v1" } else { "policy/v1beta1" };
        let last = |text: &str| text.rsplit('/').next().unwrap_or_default().to_owned();
        let eviction = json!({
            "apiVersion": group,
            "kind": "Eviction",
            "metadata": {"name": last(&self.path), "namespace": self.namespace_in_path()},
            "deleteOptions": {"preconditions": {"uid": self.uid}},
        });
        match api.post(&format!("{}/eviction", self.path), &eviction) {
            Ok(_) | Err(ApiError::NotFound(_) | ApiError::Conflict(_)) => Ok(Evicted::Leaves),
            // Too many requests: the budget would be broken now.
            Err(ApiError::Server { status: 429, message }) => Ok(Evicted::NotNow(message)),
            Err(error) => Err(error),
        }
    }

    fn namespace_in_path(&self) -> &str {
        self.path.split('/').nth(4).unwrap_or_default()
    }
}

impl std::fmt::Display for Evictee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// What becomes of the pods of a node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DrainList {
    /// Why the disruption budgets could not be read; empty = they were.
    pub budgets_why: String,
    /// The API calls the node Ready: else nobody knows whether its pods can leave.
    pub ready: bool,
    /// It is cordoned, and by the API's own note a drain of ours left it so.
    pub ours: bool,
    /// These leave, and somebody makes them anew elsewhere.
    pub leave: Vec<Evictee>,
    /// With these something is lost, and what: nobody makes them anew, or their data is on the node.
    pub lost: Vec<(Evictee, &'static str)>,
    /// These stay, and why.
    pub stay: Vec<(Evictee, &'static str)>,
}

/// What became of asking a pod to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evicted {
    /// It is going, or gone.
    Leaves,
    /// Its disruption budget does not allow it now, in the server's words.
    NotNow(String),
}

/// Where the disruption budgets of a server of this version are; `None` = it has none.
pub fn budgets_path(version: Version) -> Option<&'static str> {
    if minors::BUDGETS_V1.holds(version) {
        Some("/apis/policy/v1/poddisruptionbudgets")
    } else if minors::EVICTION.holds(version) {
        Some("/apis/policy/v1beta1/poddisruptionbudgets")
    } else {
        None
    }
}

/// Whether the labels of a pod are those of a selector; one that is empty selects every pod in policy/v1, and none before.
fn selects(selector: &Value, labels: &Value, v1: bool) -> bool {
    let Some(words) = selector.as_object() else { return false };
    if words.is_empty() {
        return v1;
    }
    let label = |key: &str| labels.get(key).and_then(Value::as_str);
    let all = selector.get("matchLabels").and_then(Value::as_object);
    let equal = all.is_none_or(|all| all.iter().all(|(key, value)| label(key) == value.as_str()));
    equal
        && items(selector, "matchExpressions").all(|one| {
            let key = one.get("key").and_then(Value::as_str).unwrap_or_default();
            let mut values = items(one, "values").filter_map(Value::as_str);
            let mut is_one = || label(key).is_some_and(|label| values.any(|value| value == label));
            match one.get("operator").and_then(Value::as_str) {
                Some("In") => is_one(),
                Some("NotIn") => !is_one(),
                Some("Exists") => label(key).is_some(),
                Some("DoesNotExist") => label(key).is_none(),
                _ => false,
            }
        })
}

/// The budgets among a PodDisruptionBudgetList that a pod is under.
fn budgets_of(meta: &Value, budgets: &Value) -> Vec<Budget> {
    let v1 = budgets.get("apiVersion").and_then(Value::as_str) != Some("policy/v1beta1");
    let space = |meta: &Value| meta.get("namespace").and_then(Value::as_str).map(str::to_owned);
    let labels = meta.get("labels").unwrap_or(&Value::Null);
    let is_under = |one: &&Value| {
        one.get("metadata").is_some_and(|own| space(own) == space(meta))
            && one.pointer("/spec/selector").is_some_and(|selector| selects(selector, labels, v1))
    };
    let told = |one: &Value| {
        Some(Budget {
            name: text(one.get("metadata")?, "name")?,
            allows: one.pointer("/status/disruptionsAllowed").and_then(Value::as_i64),
        })
    };
    items(budgets, "items").filter(is_under).filter_map(told).collect()
}

/// Judges the pods of a node, a PodList, with the PodDisruptionBudgetList of the cluster.
pub fn judge(list: &Value, budgets: &Value) -> DrainList {
    let mut out = DrainList::default();
    for pod in items(list, "items") {
        let Some(meta) = pod.get("metadata") else { continue };
        let raw = |field: &str| meta.get(field).and_then(Value::as_str).unwrap_or_default();
        let Some(name) = text(meta, "name").filter(|name| !name.is_empty()) else { continue };
        let annotation = |key: &str| meta.get("annotations").and_then(|all| all.get(key));
        let owner = owner(meta);
        let one = Evictee {
            namespace: text(meta, "namespace").unwrap_or_default(),
            name,
            uid: raw("uid").to_owned(),
            path: format!("/api/v1/namespaces/{}/pods/{}", encoded(raw("namespace")), encoded(raw("name"))),
            owner: owner.clone().unwrap_or_default(),
            budgets: budgets_of(meta, budgets),
        };
        let phase = pod.pointer("/status/phase").and_then(Value::as_str).unwrap_or_default();
        let on_node = |volume: &Value| volume.get("emptyDir").is_some();
        let keeps = pod.get("spec").is_some_and(|spec| items(spec, "volumes").any(on_node));
        if annotation(MIRROR).is_some() {
            out.stay.push((one, "a static pod: it is of the node"));
        } else if owner.as_deref().is_some_and(|owner| owner.starts_with("DaemonSet ")) {
            out.stay.push((one, "of a DaemonSet, which wants it on every node"));
        } else if matches!(phase, "Succeeded" | "Failed") {
            out.leave.push(one);
        } else if owner.is_none() {
            out.lost.push((one, "nobody makes it anew elsewhere"));
        } else if keeps {
            out.lost.push((one, "what it has in an emptyDir is on this node alone"));
        } else {
            out.leave.push(one);
        }
    }
    out
}

/// The controller of a pod: kind and name.
fn owner(meta: &Value) -> Option<String> {
    let words = |kind: &Value, name: &Value| {
        let word = |value: &Value| crate::plan::clean::words(value.as_str().unwrap_or_default());
        format!("{} {}", word(kind), word(name))
    };
    let controls = |one: &&Value| one.get("controller").and_then(Value::as_bool) == Some(true);
    if let Some(one) = items(meta, "ownerReferences").find(controls) {
        return Some(words(one.get("kind")?, one.get("name")?));
    }
    let noted = meta.get("annotations")?.get(CREATED_BY)?.as_str()?;
    let noted: Value = serde_json::from_str(noted).ok()?;
    let reference = noted.get("reference")?;
    Some(words(reference.get("kind")?, reference.get("name")?))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::judge;

    fn pod(name: &str, mut meta: Value, spec: &Value, phase: &str) -> Value {
        meta["name"] = name.into();
        meta["namespace"] = "default".into();
        meta["uid"] = format!("u-{name}").into();
        json!({"metadata": meta, "spec": spec, "status": {"phase": phase}})
    }

    #[test]
    fn each_pod_leaves_stays_or_would_be_lost() {
        let of = |kind: &str| json!({"ownerReferences": [{"kind": kind, "name": "x", "controller": true}]});
        let old = json!({"annotations": {"kubernetes.io/created-by":
            "{\"kind\":\"SerializedReference\",\"reference\":{\"kind\":\"ReplicationController\",\"name\":\"dns\"}}"}});
        let list = json!({"items": [
            pod("web", of("ReplicaSet"), &json!({}), "Running"),
            pod("old", old, &json!({}), "Running"),
            pod("proxy", of("DaemonSet"), &json!({}), "Running"),
            pod("static", json!({"annotations": {"kubernetes.io/config.mirror": "x"}}), &json!({}), "Running"),
            pod("bare", json!({}), &json!({}), "Running"),
            pod("done", json!({}), &json!({}), "Succeeded"),
            pod("cache", of("StatefulSet"), &json!({"volumes": [{"name": "c", "emptyDir": {}}]}), "Running"),
            // An owner that does not control it makes none anew.
            pod("held", json!({"ownerReferences": [{"kind": "ReplicaSet", "name": "x"}]}), &json!({}), "Running"),
        ]});
        let found = judge(&list, &Value::Null);
        let names = |all: Vec<String>| all.join(" ");
        assert_eq!(
            names(found.leave.iter().map(|one| format!("{one}={}", one.owner)).collect()),
            "default/web=ReplicaSet x default/old=ReplicationController dns default/done="
        );
        assert_eq!(names(found.stay.iter().map(|(one, _)| one.name.to_string()).collect()), "proxy static");
        assert_eq!(
            names(found.lost.iter().map(|(one, _)| one.name.to_string()).collect()),
            "bare cache held"
        );
    }

    #[test]
    fn a_pod_is_under_the_budgets_that_select_it_in_its_namespace() {
        let budget = |name: &str, space: &str, selector: Value| {
            json!({"metadata": {"name": name, "namespace": space}, "spec": {"selector": selector},
                "status": {"disruptionsAllowed": 1}})
        };
        let of = |operator: &str, values: Value| json!({"matchExpressions": [{"key": "tier", "operator": operator, "values": values}]});
        let budgets = json!({"items": [
            budget("labels", "default", json!({"matchLabels": {"app": "web"}})),
            budget("other", "default", json!({"matchLabels": {"app": "db"}})),
            budget("elsewhere", "kube-system", json!({"matchLabels": {"app": "web"}})),
            budget("in", "default", of("In", json!(["front", "back"]))),
            budget("not-in", "default", of("NotIn", json!(["front"]))),
            budget("exists", "default", of("Exists", Value::Null)),
            budget("absent", "default", of("DoesNotExist", Value::Null)),
            budget("all", "default", json!({})),
            budget("none", "default", Value::Null),
        ]});
        let meta = json!({"labels": {"app": "web", "tier": "front"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "x", "controller": true}]});
        let found = judge(&json!({"items": [pod("web", meta, &json!({}), "Running")]}), &budgets);
        let names: Vec<String> = found.leave[0].budgets.iter().map(|one| one.name.to_string()).collect();
        assert_eq!(names, ["labels", "in", "exists", "all"]);
        assert_eq!(found.leave[0].budgets[0].to_string(), "budget labels lets 1 leave now");
    }
}
