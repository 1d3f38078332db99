//! The lab's cluster as a client sees it: who one is is checked first, then what one may.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use openssl::x509::X509;
use serde_json::{Value, json};

use crate::kube::api::Deleted;
use crate::kube::apply::Applied;
use crate::kube::cluster::{ApiInspection, BY_US, ClientIdentity, ClusterApi, NOBODY, NodeNews};
use crate::kube::drain::{Evicted, Evictee};
use crate::kube::kubeconfig::{Kubeconfig, Material};
use crate::kube::probe::{self, ClientCa, ClientCas};
use crate::kube::tls::ServerCertificate;
use crate::kube::{
    About, ApiError, Clock, ContainerPlace, ExecSaid, Happening, Node, NodeEvent, Pod, Probe, ReadyState,
    TlsFault,
};
use crate::lab::cluster::{ApiClient, ClusterState};
use crate::lab::kubectl::config;
use crate::lab::state::{HERE, Lab, LabState};
use crate::pki::{self, CaInfo};
use crate::plan::model::Version;
use crate::plan::remote::Remote;

/// How often a watch looks while the clock flows, of real time.
const IDLE: Duration = Duration::from_millis(250);
/// How often a watch looks.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Words that end the path of a list.
const LISTS: [&str; 9] = [
    "daemonsets",
    "namespaces",
    "nodes",
    "services",
    "pods",
    "endpoints",
    "replicationcontrollers",
    "configmaps",
    "deployments",
];

/// The lab's cluster.
pub struct LabCluster {
    lab: Lab,
    who: Mutex<Option<Result<ApiClient, ApiError>>>,
}

impl Lab {
    /// The cluster as somebody new sees it.
    pub fn cluster(&self) -> LabCluster {
        LabCluster::new(self.clone())
    }

    /// Runs kubectl on the operator's computer.
    pub fn kubectl(&self, args: &[&str]) -> Result<String, String> {
        if args.contains(&"config") {
            let args: Vec<String> = args.iter().map(|word| (*word).to_owned()).collect();
            let done = self.machine(HERE, |here| config(here, &args));
            return done.unwrap_or(Ok(String::new())).map_err(|failed| failed.1);
        }
        kubectl(self, args)
    }
}

impl LabCluster {
    pub(crate) fn new(lab: Lab) -> Self {
        Self { lab, who: Mutex::new(None) }
    }

    /// One call; `open` = nobody in particular may do it too.
    fn call<T>(
        &self,
        open: bool,
        what: &str,
        does: impl FnOnce(&mut LabState, u64) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.lab.clock().advance(Duration::from_millis(20));
        let who = self.who.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut state = self.lab.state();
        if state.dead {
            return Err(ApiError::Unreachable("the connection was dropped from this side".to_owned()));
        }
        state.cluster.call()?;
        let nobody = || ApiError::Unauthorized(NOBODY.to_owned());
        let who = who.ok_or_else(nobody)??;
        allow(&state, &who, open, what)?;
        let latest = self.lab.clock().latest_ms();
        does(&mut state, latest)
    }

    fn object(state: &LabState, path: &str, latest: u64) -> Option<Value> {
        let at = |ms: u64| state.at(ms);
        let node = |name: &str| {
            let node = state.cluster.nodes.get(name)?;
            Some(state.cluster.node_object(name, node, latest, &at))
        };
        if let Some(name) = path.strip_prefix("/api/v1/nodes/") {
            return node(name);
        }
        if let Some(live) = state.cluster.objects.get(path) {
            return Some(live.clone());
        }
        if let Some(rest) = path.strip_prefix("/api/v1/pods?fieldSelector=spec.nodeName%3D") {
            let name =
                rest.split(['%', '&']).next().filter(|name| state.cluster.nodes.contains_key(*name))?;
            return Some(json!({"items": state.cluster.pods_on(name, latest)}));
        }
        let (above, plural) = path.rsplit_once('/')?;
        if !LISTS.contains(&plural) {
            return None;
        }
        let items: Vec<Value> = if plural == "nodes" {
            state.cluster.nodes.keys().filter_map(|name| node(name)).collect()
        } else {
            let inside = |known: &str| {
                known.strip_prefix(above).is_some_and(|rest| {
                    let words: Vec<&str> = rest.split('/').collect();
                    matches!(words.as_slice(), ["", kind, _] if *kind == plural)
                        || matches!(words.as_slice(), ["", "namespaces", _, kind, _] if *kind == plural)
                })
            };
            let all = state.cluster.objects.iter().filter(|(known, _)| inside(known));
            all.map(|(_, object)| object.clone()).collect()
        };
        Some(json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items}))
    }
}

fn allow(state: &LabState, who: &ApiClient, open: bool, what: &str) -> Result<(), ApiError> {
    let rbac = state.cluster.rbac();
    match who {
        ApiClient::Anonymous if !rbac => Err(ApiError::Unauthorized("Unauthorized".to_owned())),
        ApiClient::User(..) if !rbac => Ok(()),
        ApiClient::User(_, groups) if groups.iter().any(|group| group == "system:masters") => Ok(()),
        _ if open => Ok(()),
        ApiClient::User(name, groups)
            if name.starts_with("system:node:")
                && groups.iter().any(|group| group == "system:nodes")
                && what == "list nodes" =>
        {
            Ok(())
        }
        who => {
            let name = match who {
                ApiClient::Anonymous => "system:anonymous",
                ApiClient::User(name, _) => name,
            };
            Err(ApiError::Forbidden(format!("User \"{name}\" cannot {what} at the cluster scope")))
        }
    }
}

impl ClusterApi for LabCluster {
    fn look(&self, ca_pem: &[u8], ca_subject: &[u8]) -> ApiInspection {
        let mut state = self.lab.state();
        let subject = state.cluster.ca.subject();
        if let Err(fault) = state.cluster.call() {
            return ApiInspection {
                fault: Some(fault),
                distrust: None,
                takes_our_clients: None,
                client_cas: Vec::new(),
                names: Vec::new(),
            };
        }
        let ca = &state.cluster.ca;
        let trusted = CaInfo::load(ca_pem).is_ok_and(|ours| ours.cert.fingerprint == ca.cert.fingerprint);
        let distrust = (!trusted).then(|| TlsFault::UnknownIssuer { issuer: subject.clone() }.to_string());
        let takes_our_clients = Some(ca.subject_raw() == ca_subject);
        let chain = X509::stack_from_pem(state.cluster.certificate.as_bytes()).unwrap_or_default();
        let names = chain.first().map(|leaf| ServerCertificate::read(leaf).names).unwrap_or_default();
        ApiInspection { fault: None, distrust, takes_our_clients, client_cas: vec![subject], names }
    }

    fn url(&self) -> String {
        self.lab.state().cluster.api.url()
    }

    fn probe(&self, ca_pem: Option<&[u8]>) -> Probe {
        self.lab.clock().advance(Duration::from_millis(60));
        let mut state = self.lab.state();
        if let Err(fault) = state.cluster.call() {
            return Probe {
                fault: Some(fault.clone()),
                tls: None,
                chain: Vec::new(),
                trusted: None,
                name: None,
                clients: ClientCas::NotSeen,
                clock: None,
                version: Err(fault),
            };
        }
        let cluster = &state.cluster;
        let subject = cluster.ca.subject();
        let chain = X509::stack_from_pem(cluster.certificate.as_bytes()).unwrap_or_default();
        let trusted = ca_pem.map(|pem| {
            let ours = CaInfo::load(pem);
            if ours.is_ok_and(|ours| ours.cert.fingerprint == cluster.ca.cert.fingerprint) {
                Ok(())
            } else {
                Err(TlsFault::UnknownIssuer { issuer: subject.clone() })
            }
        });
        Probe {
            fault: None,
            tls: Some("TLSv1.2".to_owned()),
            trusted,
            name: chain.first().map(|leaf| probe::carries(leaf, &cluster.api.host)),
            chain: chain.iter().map(|cert| ServerCertificate::read(cert)).collect(),
            clients: ClientCas::Named(vec![ClientCa { subject, der: cluster.ca.subject_raw().to_vec() }]),
            clock: Some(Clock {
                offset: SignedDuration::from_millis(cluster.clock_ahead_ms),
                within: Clock::RESOLUTION,
            }),
            version: if cluster.rbac() {
                Ok(cluster.version)
            } else {
                Err(ApiError::Unauthorized("Unauthorized".to_owned()))
            },
        }
    }

    fn login(&self, ca_pem: &[u8], login: Option<&ClientIdentity>) -> Result<(), ApiError> {
        let now = self.lab.clock().now();
        let who = {
            let mut state = self.lab.state();
            state.cluster.call()?;
            let cluster = &state.cluster;
            let ours = CaInfo::load(ca_pem).map_err(|error| ApiError::Credential(error.to_string()))?;
            if ours.cert.fingerprint != cluster.ca.cert.fingerprint {
                return Err(ApiError::Tls(TlsFault::UnknownIssuer { issuer: cluster.ca.subject() }));
            }
            match login {
                None => Ok(ApiClient::Anonymous),
                Some(login) => {
                    let cert =
                        pki::examine(&login.cert).map_err(|error| ApiError::Credential(error.to_string()))?;
                    let key = openssl::pkey::PKey::private_key_from_pem_callback(&login.key, |_| Ok(0))
                        .and_then(|key| key.public_key_to_der())
                        .map_err(|_| ApiError::Credential("the key cannot be read".to_owned()))?;
                    if crate::plan::action::sha256(&key) != cert.spki_sha256 {
                        return Err(ApiError::Credential("the key does not belong to it".to_owned()));
                    }
                    // A certificate it does not like makes nobody of us, as of 1.2.
                    let signed = cluster.ca.signed(&cert);
                    ClusterState::who(&cert, signed, now).map_err(ApiError::Unauthorized)
                }
            }
        };
        *self.who.lock().unwrap_or_else(PoisonError::into_inner) = Some(who);
        self.nodes().map(|_| ())
    }

    fn version(&self) -> Result<Version, ApiError> {
        self.call(true, "get /version", |state, _| Ok(state.cluster.version))
    }

    fn nodes(&self) -> Result<Vec<Node>, ApiError> {
        self.call(false, "list nodes", |state, latest| {
            Ok(Node::list(&Self::object(state, "/api/v1/nodes", latest).unwrap_or_default()))
        })
    }

    fn watch_nodes(&self, life: Duration, on: &mut dyn FnMut(NodeNews) -> bool) -> Result<(), ApiError> {
        let mut known = self.nodes()?;
        if !on(NodeNews::All(known.clone())) {
            return Ok(());
        }
        let end =
            self.lab.clock().mine_ms().saturating_add(u64::try_from(life.as_millis()).unwrap_or(u64::MAX));
        while self.lab.clock().mine_ms() < end {
            if self.lab.clock().flows() {
                self.lab.clock().rest(IDLE);
            } else {
                self.lab.clock().advance(POLL_INTERVAL);
                // A watch lasts for ever: without this the lab's years would fly by and take a processor with them.
                self.lab.clock().rest(Duration::from_millis(1));
            }
            let now = {
                let state = self.lab.state();
                if state.dead || state.cluster.calls_left == Some(0) {
                    return Ok(());
                }
                let latest = self.lab.clock().latest_ms();
                Node::list(&Self::object(&state, "/api/v1/nodes", latest).unwrap_or_default())
            };
            let is = |node: &Node, other: &Node| node.name == other.name;
            let gone = known
                .iter()
                .filter(|old| !now.iter().any(|node| is(node, old)))
                .cloned()
                .map(NodeEvent::Gone);
            let put = now.iter().filter(|node| !known.contains(node)).cloned().map(NodeEvent::Put);
            let mut events: Vec<NodeEvent> = gone.chain(put).collect();
            // So whoever watches is asked whether to go on.
            events.push(NodeEvent::Bookmark(Remote::default()));
            for event in events {
                if !on(NodeNews::One(Box::new(event))) {
                    return Ok(());
                }
            }
            known = now;
        }
        Ok(())
    }

    fn pods(&self, selector: &str) -> Result<Vec<Pod>, ApiError> {
        self.call(false, "list pods", |state, latest| {
            Ok(state.cluster.pods(selector, latest).iter().filter_map(Pod::from_json).collect())
        })
    }

    fn happenings(&self, about: &About) -> Result<Vec<Happening>, ApiError> {
        self.call(false, "list events", |state, latest| {
            Ok(crate::lab::happenings::happenings(state, about, latest))
        })
    }

    fn get(&self, path: &str) -> Result<Option<Value>, ApiError> {
        self.call(false, "get this", |state, latest| Ok(Self::object(state, path, latest)))
    }

    fn log(&self, at: &ContainerPlace, _: u32) -> Result<String, ApiError> {
        let said = format!("{} of {} runs\n", at.container, at.pod);
        self.call(false, "get this", |_, _| Ok(said))
    }

    fn exec(&self, _: &ContainerPlace, command: &[&str]) -> Result<ExecSaid, ApiError> {
        let said = command.join(" ");
        self.call(false, "create this", |_, _| Ok(ExecSaid { said, failed: None }))
    }

    fn question(&self, path: &str, object: &Value) -> Result<Value, ApiError> {
        self.call(false, "create this", |state, latest| {
            if path.ends_with("subjectaccessreviews") {
                return Ok(json!({"status": {"allowed": true}}));
            }
            state.cluster.clone().apply(object, latest).map(|_| object.clone())
        })
    }

    fn apply(&self, object: &Value) -> Result<Applied, ApiError> {
        self.call(false, "change this", |state, latest| state.cluster.apply(object, latest))
    }

    fn delete(&self, path: &str, uid: &str) -> Result<Deleted, ApiError> {
        self.call(false, "delete this", |state, latest| {
            let Some(live) = Self::object(state, path, latest) else { return Ok(Deleted::Absent) };
            let is = live.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
            if !uid.is_empty() && is != uid {
                return Err(ApiError::Conflict(format!(
                    "Precondition failed: UID in precondition: {uid}, UID in object meta: {is}"
                )));
            }
            if let Some(name) = path.strip_prefix("/api/v1/nodes/") {
                state.cluster.nodes.remove(name);
            } else {
                state.cluster.objects.remove(path);
                let inside = format!("{path}/");
                state.cluster.objects.retain(|known, _| !known.starts_with(&inside));
            }
            Ok(Deleted::Done)
        })
    }

    fn cordon(&self, node: &str, cordoned: bool) -> Result<bool, ApiError> {
        self.call(false, "change this", |state, _| {
            // One of today notes whose it is.
            let notes = state.cluster.rbac();
            let Some(node) = state.cluster.nodes.get_mut(node) else {
                return Err(ApiError::NotFound(format!("nodes \"{node}\" not found")));
            };
            let ours = node.cordoned && node.cordoned_by == BY_US;
            let was = std::mem::replace(&mut node.cordoned, cordoned);
            if was != cordoned && notes {
                BY_US.clone_into(&mut node.cordoned_by);
            }
            Ok(was != cordoned || ours)
        })
    }

    fn out_of_service(&self, node: &str, on: bool) -> Result<bool, ApiError> {
        self.call(false, "change this", |state, _| {
            let Some(node) = state.cluster.nodes.get_mut(node) else {
                return Err(ApiError::NotFound(format!("nodes \"{node}\" not found")));
            };
            Ok(std::mem::replace(&mut node.out_of_service, on) != on)
        })
    }

    fn evict(&self, _: &Evictee, _: Version) -> Result<Evicted, ApiError> {
        // Pods of the lab are of the node or of the DNS, and none is listed by its node.
        self.call(false, "create this", |_, _| Ok(Evicted::Leaves))
    }

    fn clock_ahead_ms(&self) -> Option<i64> {
        self.who.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?;
        let state = self.lab.state();
        (state.cluster.calls_left != Some(0)).then_some(state.cluster.clock_ahead_ms)
    }
}

/// `kubectl [--kubeconfig FILE] [--context NAME] get nodes`.
pub(crate) fn kubectl(lab: &Lab, args: &[&str]) -> Result<String, String> {
    let words: Vec<&str> = args.iter().copied().filter(|word| *word != "kubectl").collect();
    if !words.contains(&"nodes") {
        return Err(format!("the lab's kubectl does not know: {}", words.join(" ")));
    }
    let file = crate::lab::kubectl::option(&words, "kubeconfig").ok_or("no kubeconfig is named")?;
    let read = |path: &str| {
        lab.machine(HERE, |here| here.files.get(path).map(|file| file.bytes.clone()))
            .flatten()
            .ok_or_else(|| format!("error: stat {path}: no such file or directory"))
    };
    let text = String::from_utf8_lossy(&read(file)?).into_owned();
    let target = Kubeconfig::parse(&text, Path::new(file))
        .and_then(|parsed| parsed.find(crate::lab::kubectl::option(&words, "context")))
        .map_err(|error| format!("error: {error}"))?;
    let material = |material: Option<&Material>| match material {
        Some(Material::File(path)) => read(&path.display().to_string()),
        Some(Material::Data(bytes)) => Ok(bytes.to_vec()),
        None => Err("error: You must be logged in to the server".to_owned()),
    };
    let login =
        ClientIdentity { cert: material(target.cert.as_ref())?, key: material(target.key.as_ref())?.into() };
    let server = lab.cluster_state(|cluster| cluster.api.url());
    if target.server.as_deref().map(|one| one.trim_end_matches('/')) != Some(server.as_str()) {
        return Err("Unable to connect to the server: dial tcp: no such host".to_owned());
    }
    let cluster = lab.cluster();
    cluster.login(&material(target.ca.as_ref())?, Some(&login)).map_err(|error| error.to_string())?;
    let nodes = cluster.nodes().map_err(|error| error.to_string())?;
    if args.windows(2).any(|two| two == ["-o", "name"]) {
        let names: Vec<String> = nodes.iter().map(|node| format!("node/{}", node.name)).collect();
        return Ok(names.join("\n") + "\n");
    }
    if nodes.is_empty() {
        return Ok("No resources found\n".to_owned());
    }
    let mut lines = vec!["NAME STATUS VERSION\n".to_owned()];
    for node in nodes {
        let ready = if node.ready.state == ReadyState::Ready { "Ready" } else { "NotReady" };
        lines.push(format!("{} {ready} {}\n", node.name, node.kubelet.unwrap_or_default()));
    }
    Ok(lines.concat())
}
