//! Makes an object be as a manifest says: GET, then POST or PUT, and nothing when it is so already.
//! There is no server-side apply on old servers.

use serde_json::Value;

use super::api::Api;
use super::error::ApiError;
use super::percent::encoded;
use super::subset;

/// What became of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// It was made.
    Created {
        /// Its uid, for undo.
        uid: String,
    },
    /// It was there and as the manifest says: nothing was written.
    Same,
    /// It was there and was changed.
    Changed {
        /// The fields that were other.
        fields: Vec<String>,
        /// The pod template of a ReplicationController changed: it does not replace its running pods,
        /// they stay as they are until they are deleted.
        pods_stay: bool,
    },
}

/// Where an object lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPaths {
    /// Path of the list, for POST.
    pub list: String,
    /// Path of the object.
    pub object: String,
}

/// Kinds that are in no namespace.
const CLUSTER_WIDE: [&str; 8] = [
    "Namespace",
    "Node",
    "PersistentVolume",
    "ClusterRole",
    "ClusterRoleBinding",
    "PriorityClass",
    "StorageClass",
    "PodSecurityPolicy",
];

impl ObjectPaths {
    /// From a manifest's `apiVersion`, `kind`, `metadata.namespace` (`default` when left out) and name.
    pub fn of(object: &Value) -> Result<Self, ApiError> {
        let word = |path: &str| object.pointer(path).and_then(Value::as_str).filter(|word| !word.is_empty());
        let need = |path: &str| word(path).ok_or_else(|| ApiError::Manifest(format!("it has no {path}")));
        let (version, kind, name) = (need("/apiVersion")?, need("/kind")?, need("/metadata/name")?);
        let root = if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") };
        let plural = plural(kind);
        let list = if CLUSTER_WIDE.contains(&kind) {
            format!("{root}/{plural}")
        } else {
            let namespace = encoded(word("/metadata/namespace").unwrap_or("default"));
            format!("{root}/namespaces/{namespace}/{plural}")
        };
        Ok(Self { object: format!("{list}/{}", encoded(name)), list })
    }
}

/// A manifest saved from a cluster carries what only the server may say; the live object's counts.
fn without_the_servers(object: &Value) -> Value {
    const SERVERS: [&str; 6] =
        ["resourceVersion", "uid", "selfLink", "creationTimestamp", "generation", "managedFields"];
    let mut object = object.clone();
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.retain(|key, _| !SERVERS.contains(&key.as_str()));
    }
    if let Some(object) = object.as_object_mut() {
        object.remove("status");
    }
    object
}

/// `ReplicationController` lives under `replicationcontrollers`, `NetworkPolicy` under `networkpolicies`.
fn plural(kind: &str) -> String {
    let lower = kind.to_ascii_lowercase();
    match lower.strip_suffix('y') {
        _ if lower == "endpoints" => lower,
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if lower.ends_with('s') => format!("{lower}es"),
        _ => format!("{lower}s"),
    }
}

impl Api {
    /// Makes the object be as `object` says. Fields the manifest does not name are kept.
    pub fn apply(&self, object: &Value) -> Result<Applied, ApiError> {
        let place = ObjectPaths::of(object)?;
        let object = &without_the_servers(object);
        match self.get(&place.object) {
            Ok(live) => return self.change(&place, object, &live),
            Err(ApiError::NotFound(_)) => {}
            Err(other) => return Err(other),
        }
        match self.post(&place.list, object) {
            Ok(made) => {
                let uid = made.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
                Ok(Applied::Created { uid: uid.to_owned() })
            }
            // Someone made it in between.
            Err(ApiError::Conflict(_)) => {
                let live = self.get(&place.object)?;
                self.change(&place, object, &live)
            }
            Err(other) => Err(other),
        }
    }

    fn change(&self, place: &ObjectPaths, ours: &Value, live: &Value) -> Result<Applied, ApiError> {
        match self.change_once(place, ours, live) {
            // Changed in between, by a controller writing a status most often: once more on the new one.
            Err(ApiError::Conflict(_)) => {
                let live = self.get(&place.object)?;
                self.change_once(place, ours, &live)
            }
            other => other,
        }
    }

    fn change_once(&self, place: &ObjectPaths, ours: &Value, live: &Value) -> Result<Applied, ApiError> {
        let fields = subset::differences(ours, live);
        if fields.is_empty() {
            return Ok(Applied::Same);
        }
        self.put(&place.object, &subset::over(ours, live))?;
        let controller = ours.get("kind").and_then(Value::as_str) == Some("ReplicationController");
        let pods_stay = controller && fields.iter().any(|field| field.starts_with("spec.template"));
        Ok(Applied::Changed { fields, pods_stay })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ObjectPaths, plural};
    use crate::plan::code::ProblemCode;

    #[test]
    fn knows_where_objects_live() {
        let path = |version: &str, kind: &str, namespace: Option<&str>| {
            let meta = json!({"name": "a", "namespace": namespace});
            ObjectPaths::of(&json!({"apiVersion": version, "kind": kind, "metadata": meta})).unwrap().object
        };
        assert_eq!(path("v1", "Namespace", None), "/api/v1/namespaces/a");
        assert_eq!(path("v1", "Service", None), "/api/v1/namespaces/default/services/a");
        let rc = path("v1", "ReplicationController", Some("kube-system"));
        assert_eq!(rc, "/api/v1/namespaces/kube-system/replicationcontrollers/a");
        assert_eq!(path("apps/v1", "Deployment", Some("b")), "/apis/apps/v1/namespaces/b/deployments/a");
        let role = path("rbac.authorization.k8s.io/v1", "ClusterRole", None);
        assert_eq!(role, "/apis/rbac.authorization.k8s.io/v1/clusterroles/a");
        assert_eq!(
            (plural("NetworkPolicy").as_str(), plural("Endpoints").as_str()),
            ("networkpolicies", "endpoints")
        );
        assert_eq!(plural("StorageClass"), "storageclasses");
    }

    #[test]
    fn a_manifest_without_a_name_is_not_sent() {
        assert_eq!(
            ObjectPaths::of(&json!({"apiVersion": "v1", "kind": "Pod"})).unwrap_err().code(),
            ProblemCode::Api12
        );
    }
}
