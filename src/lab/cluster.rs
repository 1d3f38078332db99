//! The lab's cluster: an API server that checks certificates, objects compared as the real client compares
//! them, rules for service addresses, and DNS pods that take their time.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::kube::apply::{Applied, ObjectPaths};
use crate::kube::cluster::OUT_OF_SERVICE;
use crate::kube::{ApiError, subset};
use crate::lab::node::{Clocks, LabKubelet, LabNode, NodeLogin, SILENT_AFTER};
use crate::pki::{self, CaInfo, CertFacts};
use crate::plan::action::sha256;
use crate::plan::minors;
use crate::plan::model::{ApiAddress, Version};

/// Conditions beside `Ready`, with the reasons for not having them and for having them.
const PRESSURES: [(&str, &str, &str); 3] = [
    ("MemoryPressure", "KubeletHasSufficientMemory", "KubeletHasInsufficientMemory"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "KubeletHasDiskPressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "KubeletHasInsufficientPID"),
];

/// Somebody the API knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ApiClient {
    /// Nobody in particular.
    Anonymous,
    /// A certificate's common name and organizations.
    User(String, Vec<String>),
}

/// The cluster's state.
#[derive(Debug, Clone)]
pub struct ClusterState {
    /// Its address.
    pub api: ApiAddress,
    /// What its name resolves to.
    pub address: Option<IpAddr>,
    /// Its version.
    pub version: Version,
    /// Of the API server's `--service-cluster-ip-range`.
    pub service_range: IpNet,
    /// The CA of its clients and of its own certificate.
    pub ca: CaInfo,
    /// The certificate it shows, PEM.
    pub certificate: String,
    /// Milliseconds its clock is ahead.
    pub clock_ahead_ms: i64,
    /// It answers so many more calls; `None` = for ever.
    pub calls_left: Option<usize>,
    /// Its controller manager marks a node that nothing is heard of.
    pub marks_silent: bool,
    /// Objects by API path.
    pub objects: BTreeMap<String, Value>,
    /// First and last second of its certificate's life.
    shown: (Timestamp, Timestamp),
    pub(crate) nodes: BTreeMap<String, LabNode>,
    pub(crate) applied: BTreeMap<String, u64>,
    pub(crate) serial: u64,
    uids: BTreeMap<String, u64>,
}

impl ClusterState {
    /// A cluster with nothing in it but what its masters make themselves.
    pub fn new(
        api: ApiAddress,
        version: Version,
        service_range: IpNet,
        ca: CaInfo,
        certificate: String,
    ) -> Self {
        let shown = pki::examine(certificate.as_bytes())
            .map_or((Timestamp::MIN, Timestamp::MAX), |cert| (cert.not_before, cert.not_after));
        let mut cluster = Self {
            api,
            address: None,
            version,
            service_range,
            ca,
            certificate,
            clock_ahead_ms: 0,
            calls_left: None,
            marks_silent: true,
            objects: BTreeMap::new(),
            shown,
            nodes: BTreeMap::new(),
            applied: BTreeMap::new(),
            serial: 0,
            uids: BTreeMap::new(),
        };
        let first = service_range.hosts().next().map(|one| one.to_string()).unwrap_or_default();
        cluster.put(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}), 0);
        if cluster.rbac() {
            let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}});
            cluster.put(&space, 0);
        }
        let kubernetes = json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "kubernetes", "namespace": "default"},
            "spec": {"clusterIP": first, "ports": [{"name": "https", "port": 443, "protocol": "TCP"}]}});
        cluster.put(&kubernetes, 0);
        cluster
    }

    /// Name or address of the API.
    pub fn host(&self) -> &str {
        &self.api.host
    }

    /// RBAC and the Node authorizer are on.
    pub fn rbac(&self) -> bool {
        minors::RBAC.holds(self.version)
    }

    pub(crate) fn node(&self, name: &str) -> Option<&LabNode> {
        self.nodes.get(name)
    }

    /// Names of the nodes it knows.
    pub fn node_names(&self) -> Vec<String> {
        self.nodes.keys().cloned().collect()
    }

    /// Somebody deletes a node.
    pub fn forget_node(&mut self, name: &str) {
        self.nodes.remove(name);
    }

    /// Somebody cordons a node.
    pub fn cordon(&mut self, name: &str) {
        if let Some(node) = self.nodes.get_mut(name) {
            node.cordoned = true;
            "kubectl-cordon".clone_into(&mut node.cordoned_by);
        }
    }

    /// Whether no new pods are placed on a node.
    pub fn is_cordoned(&self, name: &str) -> bool {
        self.nodes.get(name).is_some_and(|node| node.cordoned)
    }

    /// Whether the pods of a node were released, as its machine is off.
    pub fn is_out_of_service(&self, name: &str) -> bool {
        self.nodes.get(name).is_some_and(|node| node.out_of_service)
    }

    /// What a name resolves to.
    pub fn resolve(&self, host: &str) -> Option<IpAddr> {
        host.parse().ok().or_else(|| (host == self.api.host).then_some(self.address).flatten())
    }

    /// From now on it shows this certificate, PEM.
    pub(crate) fn show(&mut self, certificate: String) {
        if let Ok(cert) = pki::examine(certificate.as_bytes()) {
            self.shown = (cert.not_before, cert.not_after);
        }
        self.certificate = certificate;
    }

    /// The certificate an address shows; `None` = nothing listens there.
    pub fn shows(&self, host: &str, port: u16) -> Option<&str> {
        let is = host == self.api.host || self.address.is_some_and(|address| address.to_string() == host);
        (is && port == self.api.port && self.calls_left != Some(0)).then_some(self.certificate.as_str())
    }

    /// One call; refused when the API is down.
    pub(crate) fn call(&mut self) -> Result<(), ApiError> {
        match &mut self.calls_left {
            Some(0) => Err(ApiError::Unreachable(format!(
                "{}:{}: Connection refused (os error 111)",
                self.api.host, self.api.port
            ))),
            Some(left) => {
                *left = left.saturating_sub(1);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Who shows this certificate; `signed` = our CA signed it.
    pub(crate) fn who(cert: &CertFacts, signed: bool, now: Timestamp) -> Result<ApiClient, String> {
        if !signed {
            return Err("x509: certificate signed by unknown authority".to_owned());
        }
        if now > cert.not_after || now < cert.not_before {
            return Err("x509: certificate has expired or is not yet valid".to_owned());
        }
        if cert
            .purposes
            .as_ref()
            .is_some_and(|all| !all.iter().any(|one| one == "clientAuth" || one == "any"))
        {
            return Err("x509: certificate specifies an incompatible key usage".to_owned());
        }
        let all = |kind: &str| -> Vec<String> {
            cert.subject.iter().filter(|(name, _)| name == kind).map(|(_, value)| value.to_string()).collect()
        };
        Ok(ApiClient::User(all("CN").concat(), all("O")))
    }

    /// Whether a kubelet may register a node of this name; else what its journal says.
    pub(crate) fn admits(&self, login: &NodeLogin, node: &str, clocks: Clocks) -> Result<(), String> {
        let at = format!("Unable to register {node} with API server");
        let host = &self.api.host;
        if login.server.trim_end_matches('/') != self.api.url() {
            return Err(format!("{at}: dial tcp: {} is not reachable", login.server));
        }
        if self.calls_left == Some(0) {
            return Err(format!("{at}: dial tcp {host}:{}: connect: connection refused", self.api.port));
        }
        if login.ca != self.ca.cert.fingerprint {
            return Err(format!("{at}: x509: certificate signed by unknown authority"));
        }
        let wall = Timestamp::from_millisecond(clocks.wall_ms).unwrap_or(Timestamp::MAX);
        if wall < self.shown.0 || wall > self.shown.1 {
            return Err(format!("{at}: x509: certificate has expired or is not yet valid"));
        }
        let now = Timestamp::from_millisecond(clocks.api_ms).unwrap_or(Timestamp::MAX);
        match Self::who(&login.cert, login.signed, now) {
            Err(why) => Err(format!("{at}: {why}")),
            Ok(ApiClient::User(name, groups)) if self.rbac() => {
                let wanted = format!("system:node:{node}");
                let member = groups.iter().any(|group| group == "system:nodes");
                if name == wanted && member {
                    return Ok(());
                }
                Err(format!(
                    "{at}: nodes \"{node}\" is forbidden: User \"{name}\" cannot get resource \"nodes\" in API group \"\" at the cluster scope"
                ))
            }
            Ok(_) => Ok(()),
        }
    }

    /// A kubelet is heard of.
    pub(crate) fn hear(&mut self, identity: &LabKubelet, images: Vec<String>, latest: u64) {
        let uid = if self.nodes.contains_key(&identity.name) {
            String::new()
        } else {
            self.uid("node", &identity.name)
        };
        let node = self.nodes.entry(identity.name.clone()).or_insert_with(|| LabNode {
            uid,
            address: identity.address.clone(),
            version: identity.version.clone(),
            runtime: identity.runtime.clone(),
            created: identity.since,
            since: identity.since,
            ready_at: None,
            unready: identity.unready.clone(),
            full: identity.full,
            heard: identity.said,
            images: Vec::new(),
            cordoned: false,
            cordoned_by: String::new(),
            out_of_service: false,
        });
        if node.is_silent(latest) && identity.talks > node.heard {
            node.since = identity.said;
        } else if node.unready != identity.unready {
            node.since = identity.since;
        }
        node.unready.clone_from(&identity.unready);
        node.full = identity.full;
        if node.unready.is_empty() {
            node.ready_at.get_or_insert(identity.since);
        }
        node.address.clone_from(&identity.address);
        node.version.clone_from(&identity.version);
        node.runtime.clone_from(&identity.runtime);
        node.heard = node.heard.max(identity.said);
        node.images = images;
    }

    /// The next uid of a name; the same on every take, whatever else was made before.
    fn uid(&mut self, kind: &str, name: &str) -> String {
        self.serial = self.serial.saturating_add(1);
        let name = format!("{kind} {name}");
        let count = self.uids.entry(name.clone()).or_insert(0);
        *count = count.saturating_add(1);
        let hash = sha256(format!("{name} {count}").as_bytes());
        let part = |from: usize, to: usize| hash.get(from..to).unwrap_or_default();
        format!("{}-{}-11f1-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 28))
    }

    /// A node as an API object.
    pub(crate) fn node_object(
        &self,
        name: &str,
        node: &LabNode,
        latest: u64,
        at: &dyn Fn(u64) -> Timestamp,
    ) -> Value {
        let silent = self.marks_silent && node.is_silent(latest);
        // It changes when something is said of the node, not with the time.
        let version = node.heard.max(node.since).saturating_add(if silent { SILENT_AFTER } else { 1 });
        let time = |ms: u64| at(ms).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut conditions: Vec<Value> = PRESSURES
            .iter()
            .map(|(kind, none, some)| {
                let bad = *kind == "DiskPressure" && node.full;
                (*kind, if bad { "True" } else { "False" }, if bad { *some } else { *none }, String::new())
            })
            .chain([match node.unready.as_str() {
                "" => ("Ready", "True", "KubeletReady", "kubelet is posting ready status".to_owned()),
                why => ("Ready", "False", "KubeletNotReady", why.to_owned()),
            }])
            .map(|(kind, status, reason, message)| {
                json!({"type": kind, "status": status, "reason": reason, "message": message,
                    "lastHeartbeatTime": time(node.heard), "lastTransitionTime": time(node.since)})
            })
            .collect();
        if silent {
            for condition in &mut conditions {
                condition["status"] = json!("Unknown");
                condition["reason"] = json!("NodeStatusUnknown");
                condition["message"] = json!("Kubelet stopped posting node status.");
                condition["lastTransitionTime"] = json!(time(node.heard.saturating_add(SILENT_AFTER)));
            }
        }
        let taints: Vec<Value> = node
            .out_of_service
            .then(|| json!({"key": OUT_OF_SERVICE, "value": "gangplank", "effect": "NoExecute"}))
            .into_iter()
            .collect();
        let fields: Vec<Value> = (!node.cordoned_by.is_empty())
            .then(|| json!({"manager": node.cordoned_by, "fieldsV1": {"f:spec": {"f:unschedulable": {}}}}))
            .into_iter()
            .collect();
        json!({"apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "uid": node.uid, "resourceVersion": version.to_string(),
                "creationTimestamp": time(node.created), "managedFields": fields},
            "spec": {"unschedulable": node.cordoned, "taints": taints},
            "status": {
                "addresses": [{"type": "InternalIP", "address": node.address}],
                "nodeInfo": {"kubeletVersion": node.version, "containerRuntimeVersion": node.runtime},
                "conditions": conditions}})
    }

    fn put(&mut self, object: &Value, latest: u64) -> Option<String> {
        let place = ObjectPaths::of(object).ok()?;
        let mut live = object.clone();
        let uid = self.uid("object", &place.object);
        self.serial = self.serial.saturating_add(1);
        if let Some(meta) = live.get_mut("metadata").and_then(Value::as_object_mut) {
            meta.insert("uid".to_owned(), json!(uid));
            meta.insert("resourceVersion".to_owned(), json!(self.serial.to_string()));
        }
        self.applied.insert(place.object.clone(), latest);
        self.objects.insert(place.object, live);
        Some(uid)
    }

    /// Makes an object be as a manifest says, with the rules of a real API server.
    pub(crate) fn apply(&mut self, object: &Value, latest: u64) -> Result<Applied, ApiError> {
        let place = ObjectPaths::of(object)?;
        let space = object.pointer("/metadata/namespace").and_then(Value::as_str);
        if let Some(space) = space
            && !self.objects.contains_key(&format!("/api/v1/namespaces/{space}"))
        {
            return Err(ApiError::NotFound(format!("namespaces \"{space}\" not found")));
        }
        if let Some(group) = object.get("apiVersion").and_then(Value::as_str)
            && group.contains('/')
            && !self.rbac()
        {
            return Err(ApiError::NotFound("the server could not find the requested resource".to_owned()));
        }
        let Some(live) = self.objects.get(&place.object).cloned() else {
            let mut object = object.clone();
            self.give_address(&mut object, &place.object)?;
            let uid = self.put(&object, latest).unwrap_or_default();
            return Ok(Applied::Created { uid });
        };
        let fields = subset::differences(object, &live);
        if fields.is_empty() {
            return Ok(Applied::Same);
        }
        if fields.iter().any(|field| field == "spec.clusterIP") {
            return Err(invalid(object, "field is immutable"));
        }
        let over = subset::over(object, &live);
        self.serial = self.serial.saturating_add(1);
        self.applied.insert(place.object.clone(), latest);
        self.objects.insert(place.object, over);
        let controller = object.get("kind").and_then(Value::as_str) == Some("ReplicationController");
        let pods_stay = controller && fields.iter().any(|field| field.starts_with("spec.template"));
        Ok(Applied::Changed { fields, pods_stay })
    }

    /// A service gets an address, or its own is looked at.
    fn give_address(&self, object: &mut Value, path: &str) -> Result<(), ApiError> {
        if object.get("kind").and_then(Value::as_str) != Some("Service") {
            return Ok(());
        }
        let taken = |address: &str| {
            self.objects.iter().any(|(other, live)| {
                other != path && live.pointer("/spec/clusterIP").and_then(Value::as_str) == Some(address)
            })
        };
        let asked = object.pointer("/spec/clusterIP").and_then(Value::as_str).map(str::to_owned);
        match asked {
            Some(address) if address == "None" => Ok(()),
            Some(address) => {
                let inside = address.parse::<IpAddr>().is_ok_and(|one| self.service_range.contains(&one));
                if !inside {
                    let words = if self.rbac() {
                        format!(
                            "provided IP is not in the valid range. The range of valid IPs is {}",
                            self.service_range
                        )
                    } else {
                        "provided IP is not in the valid range".to_owned()
                    };
                    return Err(invalid(object, &words));
                }
                if taken(&address) {
                    return Err(invalid(object, "provided IP is already allocated"));
                }
                Ok(())
            }
            None => {
                let free = self.service_range.hosts().map(|one| one.to_string()).find(|one| !taken(one));
                if let (Some(free), Some(spec)) =
                    (free, object.get_mut("spec").and_then(Value::as_object_mut))
                {
                    spec.insert("clusterIP".to_owned(), json!(free));
                }
                Ok(())
            }
        }
    }
}

fn invalid(object: &Value, why: &str) -> ApiError {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let said = format!("Invalid value: \"{}\": {why}", text("/spec/clusterIP"));
    ApiError::Invalid {
        message: format!(
            "{} \"{}\" is invalid: spec.clusterIP: {said}",
            text("/kind"),
            text("/metadata/name")
        ),
        causes: vec![("spec.clusterIP".to_owned(), said)],
    }
}
