//! The cluster behind a trait, so that the scripted lab can stand in for it: what the engine asks of an API
//! and nothing more.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::api::{Api, Deleted};
use super::apply::Applied;
use super::credential::Credential;
use super::drain::{Evicted, Evictee};
use super::error::ApiError;
use super::exec::{ContainerPlace, ExecSaid};
use super::happening::{About, Happening};
use super::node::{Node, NodeEvent};
use super::percent::encoded;
use super::pod::Pod;
use super::probe::{self, ClientCas, Probe};
use crate::limits::time::{API, LIST, unless};
use crate::plan::model::{ApiAddress, Version};

/// What is said where nobody logged in, and nothing was asked.
pub const NOBODY: &str = "nobody logged in";

/// How long the pods of a ReplicationController may take to go.
const EMPTIED_WITHIN: Duration = Duration::from_secs(10);

/// A certificate and its key, PEM.
pub struct ClientIdentity {
    /// The client certificate, with its intermediates behind it.
    pub cert: Vec<u8>,
    /// Private key.
    pub key: Zeroizing<Vec<u8>>,
}

/// What is seen of an API before anybody logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiInspection {
    /// Why TLS did not come up.
    pub fault: Option<ApiError>,
    /// Whether its chain leads to our CA and it carries its address, in words when not.
    pub distrust: Option<String>,
    /// Whether it takes clients of our CA: `Some(false)` with the CAs it takes.
    pub takes_our_clients: Option<bool>,
    /// Subjects of the CAs whose clients it takes.
    pub client_cas: Vec<String>,
    /// The names and addresses of its certificate.
    pub names: Vec<String>,
}

/// What a watch of the nodes says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodeNews {
    /// All nodes there are; comes first.
    All(Vec<Node>),
    /// One of them.
    One(Box<NodeEvent>),
}

/// A cluster.
pub trait ClusterApi: Send + Sync {
    /// Looks at the address without logging in.
    fn look(&self, ca_pem: &[u8], ca_subject: &[u8]) -> ApiInspection;
    /// Its address.
    fn url(&self) -> String;
    /// Everything seen at the address without logging in; trust is judged when there is a CA.
    fn probe(&self, ca_pem: Option<&[u8]>) -> Probe;
    /// Logs in with a certificate, or as nobody; tried by asking for the nodes.
    fn login(&self, ca_pem: &[u8], login: Option<&ClientIdentity>) -> Result<(), ApiError>;
    /// What `/version` says, which old servers tell only to who is logged in.
    fn version(&self) -> Result<Version, ApiError>;
    /// All nodes.
    fn nodes(&self) -> Result<Vec<Node>, ApiError>;
    /// Lists the nodes and then watches them for at most `life`; `on` hears it and says whether to go on. The
    /// end is normal. An error after a list means that this server lists but does not watch.
    fn watch_nodes(&self, life: Duration, on: &mut dyn FnMut(NodeNews) -> bool) -> Result<(), ApiError>;
    /// Pods of `kube-system` with a selector.
    fn pods(&self, selector: &str) -> Result<Vec<Pod>, ApiError>;
    /// The newest events about an object, the newest first.
    fn happenings(&self, about: &About) -> Result<Vec<Happening>, ApiError>;
    /// An object; `None` = there is none.
    fn get(&self, path: &str) -> Result<Option<Value>, ApiError>;
    /// A list as one object, which may take longer.
    fn get_list(&self, path: &str) -> Result<Option<Value>, ApiError> {
        self.get(path)
    }
    /// The last lines of a container's log.
    fn log(&self, at: &ContainerPlace, lines: u32) -> Result<String, ApiError>;
    /// Runs a command in a container and waits for its end.
    fn exec(&self, at: &ContainerPlace, command: &[&str]) -> Result<ExecSaid, ApiError>;
    /// A question by POST, which is answered and makes nothing: a review, or with `dryRun=All` where
    /// [`crate::plan::minors::DRY_RUN`] holds.
    fn question(&self, path: &str, object: &Value) -> Result<Value, ApiError>;
    /// Makes the object as it should be.
    fn apply(&self, object: &Value) -> Result<Applied, ApiError>;
    /// Deletes an object with this uid.
    fn delete(&self, path: &str, uid: &str) -> Result<Deleted, ApiError>;
    /// Lets a node take no new pods, or take them again; `false` = it was so already, and not by us.
    fn cordon(&self, node: &str, cordoned: bool) -> Result<bool, ApiError>;
    /// Puts [`OUT_OF_SERVICE`] on a node, or takes away the one that was put there so; `false` = it was so already, and
    /// nothing was changed.
    fn out_of_service(&self, node: &str, on: bool) -> Result<bool, ApiError>;
    /// Asks a pod to leave a server of this version.
    fn evict(&self, pod: &Evictee, version: Version) -> Result<Evicted, ApiError>;
    /// Milliseconds its clock is ahead of ours.
    fn clock_ahead_ms(&self) -> Option<i64>;
}

/// How far somebody wants to stop: 1 = after what is being changed, 2 = at once.
pub type StopLevel = Arc<dyn Fn() -> u8 + Send + Sync>;

/// A real API server.
pub struct LiveCluster {
    address: ApiAddress,
    api: Mutex<Option<Arc<Api>>>,
    stop: Option<StopLevel>,
}

impl LiveCluster {
    /// Nothing is sent yet.
    pub fn new(address: &ApiAddress) -> Self {
        Self { address: address.clone(), api: Mutex::new(None), stop: None }
    }

    /// Whoever stops waits for no answer: not for one that only tells something, and for none when it is to be at once.
    #[must_use]
    pub fn with_stop(mut self, stop: StopLevel) -> Self {
        self.stop = Some(stop);
        self
    }

    fn stopped(&self, level: u8) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop() >= level)
    }

    /// Asks for what is only told.
    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Api) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let api = self.api()?;
        unless(&|| self.stopped(1), move || question(&api)).unwrap_or(Err(ApiError::Stopped))
    }

    /// Changes something: begun, it is waited for.
    fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Api) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let api = self.api()?;
        unless(&|| self.stopped(2), move || change(&api)).unwrap_or(Err(ApiError::Stopped))
    }

    /// Where it is.
    pub fn address(&self) -> &ApiAddress {
        &self.address
    }

    fn api(&self) -> Result<Arc<Api>, ApiError> {
        let api = self.api.lock().unwrap_or_else(PoisonError::into_inner).clone();
        api.ok_or_else(|| ApiError::Unauthorized(NOBODY.to_owned()))
    }
}

/// Sets a ReplicationController to no pods and waits a moment until they are gone.
fn empty(api: &Api, path: &str, uid: &str) -> Result<(), ApiError> {
    let deadline = Instant::now() + EMPTIED_WITHIN;
    loop {
        let mut live = match api.get(path) {
            Ok(live) => live,
            Err(ApiError::NotFound(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        let text = |pointer: &str| live.pointer(pointer).and_then(Value::as_str).unwrap_or_default() == uid;
        let number = |pointer: &str| live.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
        if !text("/metadata/uid") || number("/status/replicas") == 0 || Instant::now() > deadline {
            return Ok(());
        }
        if number("/spec/replicas") != 0 {
            live["spec"]["replicas"] = 0.into();
            match api.put(path, &live) {
                // Its controller wrote in between: once more on the new one.
                Ok(_) | Err(ApiError::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Its kubelet writes the same object: so often it is tried on the new one.
const CORDON_TRIES: usize = 8;

fn cordon(api: &Api, path: &str, cordoned: bool) -> Result<bool, ApiError> {
    change_node(api, path, &|node| {
        let is = node.pointer("/spec/unschedulable").and_then(Value::as_bool).unwrap_or(false);
        // One of ours that was interrupted left it so.
        let ours = is_left_by_us(node);
        node["spec"]["unschedulable"] = cordoned.into();
        is != cordoned || ours
    })
}

/// A node is cordoned, and by the API's own note one of ours left it so.
pub fn is_left_by_us(node: &Value) -> bool {
    node.pointer("/spec/unschedulable") == Some(&Value::Bool(true)) && is_cordoned_by_us(node)
}

/// Whose field it is the API notes itself (`metadata.managedFields`, Kubernetes 1.18 and later): whoever cordons it by hand
/// afterwards has it from then on. Without that note nobody's cordon is called ours.
fn is_cordoned_by_us(node: &Value) -> bool {
    let fields = node.pointer("/metadata/managedFields").and_then(Value::as_array);
    fields
        .into_iter()
        .flatten()
        .any(|entry| entry["manager"] == BY_US && entry.pointer("/fieldsV1/f:spec/f:unschedulable").is_some())
}

/// With this taint the pods of a node are deleted at once and their volumes are free for others, while the node is not Ready
/// (`node.kubernetes.io/out-of-service`; beta in 1.26, stable in 1.28; `pkg/controller/podgc/gc_controller.go`).
pub const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";
/// The value of the one that is put by [`ClusterApi::out_of_service`]: another is somebody else's. So are fields of another
/// manager.
pub(crate) const BY_US: &str = "gangplank";

fn out_of_service(api: &Api, path: &str, on: bool) -> Result<bool, ApiError> {
    change_node(api, path, &|node| {
        let said = |taint: &Value, field: &str| {
            taint.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let mut taints = node.pointer("/spec/taints").and_then(Value::as_array).cloned().unwrap_or_default();
        let before = taints.len();
        if on {
            if !taints.iter().any(|taint| said(taint, "key") == OUT_OF_SERVICE) {
                taints.push(json!({"key": OUT_OF_SERVICE, "value": BY_US, "effect": "NoExecute"}));
            }
        } else {
            taints.retain(|taint| said(taint, "key") != OUT_OF_SERVICE || said(taint, "value") != BY_US);
        }
        let other = taints.len() != before;
        node["spec"]["taints"] = taints.into();
        other
    })
}

/// Changes a node where `change` says that it is another then.
fn change_node(api: &Api, path: &str, change: &dyn Fn(&mut Value) -> bool) -> Result<bool, ApiError> {
    let mut last = ApiError::Conflict(path.to_owned());
    for _ in 0..CORDON_TRIES {
        let mut node = api.get(path)?;
        if !change(&mut node) {
            return Ok(false);
        }
        // Older servers do not heed it.
        match api.put(&format!("{path}?fieldManager={BY_US}"), &node) {
            Ok(_) => return Ok(true),
            Err(error @ ApiError::Conflict(_)) => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// Subjects of the CAs whose clients a server takes, as far as it names them.
pub fn client_subjects(clients: &ClientCas) -> Vec<String> {
    match clients {
        ClientCas::Named(list) => list.iter().map(|ca| ca.subject.clone()).collect(),
        ClientCas::NotAsked | ClientCas::Any | ClientCas::NotSeen => Vec::new(),
    }
}

/// An object, or that there is none.
fn found(answer: Result<Value, ApiError>) -> Result<Option<Value>, ApiError> {
    match answer {
        Ok(object) => Ok(Some(object)),
        Err(ApiError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Judges a probe.
fn judge(probe: Probe, ca_subject: &[u8]) -> ApiInspection {
    let client_cas = client_subjects(&probe.clients);
    let distrust = match (&probe.trusted, &probe.name) {
        (Some(Err(fault)), _) => Some(fault.to_string()),
        (_, Some(probe::NameCheck::Missing(names))) => {
            Some(format!("its certificate is for {}", names.join(", ")))
        }
        _ => None,
    };
    let names = probe.chain.first().map(|leaf| leaf.names.clone()).unwrap_or_default();
    ApiInspection {
        names,
        takes_our_clients: probe.clients.takes(ca_subject),
        fault: probe.fault,
        distrust,
        client_cas,
    }
}

impl ClusterApi for LiveCluster {
    fn look(&self, ca_pem: &[u8], ca_subject: &[u8]) -> ApiInspection {
        judge(self.probe(Some(ca_pem)), ca_subject)
    }

    fn url(&self) -> String {
        self.address.url()
    }

    fn probe(&self, ca_pem: Option<&[u8]>) -> Probe {
        let (address, ca) = (self.address.clone(), ca_pem.map(<[u8]>::to_vec));
        let probe = move || probe::probe(&address, ca.as_deref(), API.limit());
        unless(&|| self.stopped(1), probe).unwrap_or_else(|| Probe::unseen(ApiError::Stopped))
    }

    fn login(&self, ca_pem: &[u8], login: Option<&ClientIdentity>) -> Result<(), ApiError> {
        let credential = login.map(|login| Credential::new(&login.cert, &login.key)).transpose()?;
        let api = Api::new(&self.address, ca_pem, credential.as_ref(), API.limit())?.with_lists(LIST.limit());
        let api = Arc::new(api);
        // Even where the nodes are refused, the version may be open to anybody.
        *self.api.lock().unwrap_or_else(PoisonError::into_inner) = Some(api);
        self.ask(|api| api.nodes().map(|_| ()))
    }

    fn version(&self) -> Result<Version, ApiError> {
        Ok(self.ask(Api::version)?.version)
    }

    fn nodes(&self) -> Result<Vec<Node>, ApiError> {
        Ok(self.ask(Api::nodes)?.0)
    }

    fn watch_nodes(&self, life: Duration, on: &mut dyn FnMut(NodeNews) -> bool) -> Result<(), ApiError> {
        let api = self.api()?;
        let (nodes, version) = api.nodes()?;
        if !on(NodeNews::All(nodes)) {
            return Ok(());
        }
        for event in api.watch_nodes(&version, life)? {
            if event == NodeEvent::TooOld || !on(NodeNews::One(Box::new(event))) {
                break;
            }
        }
        Ok(())
    }

    fn pods(&self, selector: &str) -> Result<Vec<Pod>, ApiError> {
        let selector = selector.to_owned();
        self.ask(move |api| api.pods("kube-system", &selector))
    }

    fn happenings(&self, about: &About) -> Result<Vec<Happening>, ApiError> {
        let about = about.clone();
        self.ask(move |api| api.happenings(&about))
    }

    fn get(&self, path: &str) -> Result<Option<Value>, ApiError> {
        let path = path.to_owned();
        found(self.ask(move |api| api.get(&path)))
    }

    fn get_list(&self, path: &str) -> Result<Option<Value>, ApiError> {
        let path = path.to_owned();
        found(self.ask(move |api| api.get_list(&path)))
    }

    fn log(&self, at: &ContainerPlace, lines: u32) -> Result<String, ApiError> {
        let path = at.log_path(lines);
        self.ask(move |api| api.text(&path))
    }

    fn exec(&self, at: &ContainerPlace, command: &[&str]) -> Result<ExecSaid, ApiError> {
        let at = at.clone();
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        self.ask(move |api| api.exec(&at, &command.iter().map(String::as_str).collect::<Vec<_>>()))
    }

    fn question(&self, path: &str, object: &Value) -> Result<Value, ApiError> {
        let (path, object) = (path.to_owned(), object.clone());
        self.ask(move |api| api.post(&path, &object))
    }

    fn apply(&self, object: &Value) -> Result<Applied, ApiError> {
        if self.stopped(1) {
            return Err(ApiError::Stopped);
        }
        let object = object.clone();
        self.change(move |api| api.apply(&object))
    }

    fn delete(&self, path: &str, uid: &str) -> Result<Deleted, ApiError> {
        let (path, uid) = (path.to_owned(), uid.to_owned());
        self.change(move |api| {
            if path.contains("/replicationcontrollers/") {
                // Before 1.7 the pods of a deleted one stay for ever.
                empty(api, &path, &uid)?;
            }
            api.delete(&path, &uid)
        })
    }

    fn cordon(&self, node: &str, cordoned: bool) -> Result<bool, ApiError> {
        let path = format!("/api/v1/nodes/{}", encoded(node));
        self.change(move |api| cordon(api, &path, cordoned))
    }

    fn out_of_service(&self, node: &str, on: bool) -> Result<bool, ApiError> {
        let path = format!("/api/v1/nodes/{}", encoded(node));
        self.change(move |api| out_of_service(api, &path, on))
    }

    fn evict(&self, pod: &Evictee, version: Version) -> Result<Evicted, ApiError> {
        let pod = pod.clone();
        self.change(move |api| pod.leave(api, version))
    }

    fn clock_ahead_ms(&self) -> Option<i64> {
        let clock = self.ask(Api::clock).ok()??;
        i64::try_from(clock.offset.as_millis()).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::is_cordoned_by_us;

    #[test]
    fn a_cordon_is_ours_where_the_api_says_that_we_set_it_last() {
        let entry =
            |manager: &str, field: &str| json!({"manager": manager, "fieldsV1": {"f:spec": {field: {}}}});
        let node = |entries: &[serde_json::Value]| json!({"metadata": {"managedFields": entries}});
        assert!(is_cordoned_by_us(&node(&[
            entry("kubelet", "f:podCIDR"),
            entry("gangplank", "f:unschedulable")
        ])));
        // Somebody has cordoned it by hand since; what we set besides is another field.
        let theirs = [entry("gangplank", "f:taints"), entry("kubectl-cordon", "f:unschedulable")];
        assert!(!is_cordoned_by_us(&node(&theirs)));
        assert!(!is_cordoned_by_us(&json!({"metadata": {}})), "a server before 1.18");
    }
}
