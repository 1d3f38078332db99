//! A client of one API address: plain JSON over one kept connection, in the words old servers know (no
//! server-side apply, no tables). It trusts only the CA it is given and tries nothing twice except a GET
//! on a connection the server had closed. Proxies of the environment are not used.

use std::fmt;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use openssl::x509::X509;
use serde_json::{Value, json};
use ureq::http::{Method, Request, Response};
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    ConnectionDetails, Connector, NativeTlsConnector, TcpConnector, Transport,
};
use ureq::{Agent, Body};

use super::clock::Clock;
use super::credential::{Credential, certificates};
use super::error::ApiError;
use super::happening::{About, Happening, newest};
use super::node::Node;
use super::percent::encoded;
use super::pod::Pod;
use super::probe;
use super::tls::{self, TlsFault};
use super::watch::NodeWatch;
use crate::limits::objects::each_item;
use crate::limits::{API_LIST, API_OBJECT};
use crate::plan::clean;
use crate::plan::model::{ApiAddress, Version};

/// What a client has used so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RequestCounts {
    /// TCP connections opened.
    pub connections: usize,
    /// Requests sent.
    pub requests: usize,
    /// Of these, requests that may change something (not GET).
    pub writes: usize,
}

#[derive(Debug, Default)]
struct Counters {
    connections: AtomicUsize,
    requests: AtomicUsize,
    writes: AtomicUsize,
}

/// The client.
pub struct Api {
    address: ApiAddress,
    agent: Agent,
    ca: Vec<u8>,
    me: Option<Credential>,
    wait: Duration,
    /// How long a list may take that has begun.
    list_wait: Duration,
    counters: Arc<Counters>,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("address", &self.address)
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

/// What `/version` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerVersion {
    /// As written, `v1.18.3-gke.1`.
    pub text: String,
    /// Its numbers.
    pub version: Version,
}

/// What became of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone or going.
    Done,
    /// There was none.
    Absent,
}

impl Api {
    /// A client that trusts `ca` (PEM, one or more certificates) and waits `wait` for an answer.
    /// Nothing is sent yet.
    pub fn new(
        address: &ApiAddress,
        ca: &[u8],
        me: Option<&Credential>,
        wait: Duration,
    ) -> Result<Self, ApiError> {
        let bad = |what: &str| ApiError::Credential(what.to_owned());
        let roots = X509::stack_from_pem(ca).map_err(|_| bad("the CA certificate is not PEM"))?;
        if roots.is_empty() {
            return Err(bad("the CA file holds no certificate"));
        }
        let roots = RootCerts::from(certificates(&roots)?);
        let tls = TlsConfig::builder()
            .provider(TlsProvider::NativeTls)
            .root_certs(roots)
            .client_cert(me.map(Credential::client_cert).transpose()?)
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .https_only(true)
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .accept("application/json")
            .user_agent(concat!("gangplank/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(wait))
            .timeout_connect(Some(wait))
            .build();
        let counters = Arc::new(Counters::default());
        let tcp = CountedTcp { tcp: TcpConnector::default(), counters: Arc::clone(&counters) };
        let connector = ().chain(tcp).chain(NativeTlsConnector::default());
        let agent = Agent::with_parts(config, connector, DefaultResolver::default());
        Ok(Self {
            address: address.clone(),
            agent,
            ca: ca.to_vec(),
            me: me.cloned(),
            wait,
            list_wait: wait,
            counters,
        })
    }

    /// Lists that have begun may take longer than other answers.
    #[must_use]
    pub fn with_lists(mut self, wait: Duration) -> Self {
        self.list_wait = wait;
        self
    }

    /// The address this client talks to.
    pub fn address(&self) -> &ApiAddress {
        &self.address
    }

    /// What another kind of connection to the same server needs.
    pub(super) fn parts(&self) -> (&ApiAddress, &[u8], Option<&Credential>, Duration) {
        (&self.address, &self.ca, self.me.as_ref(), self.wait)
    }

    /// GET of plain text, a log.
    pub fn text(&self, path: &str) -> Result<String, ApiError> {
        let answer = self.send(&Method::GET, path, None)?;
        let status = answer.status();
        let body = answer.into_body().into_with_config().limit(API_OBJECT.bytes).read_to_vec();
        let body = body.map_err(|error| self.fault(error))?;
        if status.is_success() {
            return Ok(String::from_utf8_lossy(&body).into_owned());
        }
        Err(ApiError::from_answer(status.as_u16(), &body))
    }

    /// Connections and requests so far.
    pub fn counts(&self) -> RequestCounts {
        let read = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        RequestCounts {
            connections: read(&self.counters.connections),
            requests: read(&self.counters.requests),
            writes: read(&self.counters.writes),
        }
    }

    /// The server's version.
    pub fn version(&self) -> Result<ServerVersion, ApiError> {
        let answer = self.get("/version")?;
        let text = answer.get("gitVersion").and_then(Value::as_str).map(clean::words);
        let text = text.ok_or_else(|| ApiError::NotKubernetes("/version names no version".to_owned()))?;
        let version = Version::parse(&text);
        let version = version.ok_or_else(|| ApiError::NotKubernetes(format!("{text} is no version")))?;
        Ok(ServerVersion { text, version })
    }

    /// The server's clock against ours, from the `Date` of an answer; the connection is opened first.
    pub fn clock(&self) -> Result<Option<Clock>, ApiError> {
        self.get("/version")?;
        let (sent, begin) = (Timestamp::now(), Instant::now());
        let answer = self.send(&Method::GET, "/version", None)?;
        let trip = begin.elapsed();
        let date = answer.headers().get("date").and_then(|date| date.to_str().ok());
        let clock = date.and_then(|date| Clock::read(date, sent, trip));
        self.read(answer)?;
        Ok(clock)
    }

    /// All nodes, and the resource version to watch from.
    pub fn nodes(&self) -> Result<(Vec<Node>, String), ApiError> {
        let mut all = Vec::new();
        let version = self.list("/api/v1/nodes", |one| all.extend(Node::from_json(&one)))?;
        Ok((all, version.unwrap_or_else(|| "0".to_owned())))
    }

    /// One node.
    pub fn node(&self, name: &str) -> Result<Node, ApiError> {
        let object = self.get(&format!("/api/v1/nodes/{}", encoded(name)))?;
        Node::from_json(&object).ok_or_else(|| ApiError::NotKubernetes("its node has no name".to_owned()))
    }

    /// The pods of a namespace; `selector` such as `k8s-app=kube-dns`, empty = all.
    pub fn pods(&self, namespace: &str, selector: &str) -> Result<Vec<Pod>, ApiError> {
        let query =
            if selector.is_empty() { String::new() } else { format!("?labelSelector={}", encoded(selector)) };
        let path = format!("/api/v1/namespaces/{}/pods{query}", encoded(namespace));
        let mut all = Vec::new();
        self.list(&path, |one| all.extend(Pod::from_json(&one)))?;
        Ok(all)
    }

    /// The newest events about an object, the newest first.
    pub fn happenings(&self, about: &About) -> Result<Vec<Happening>, ApiError> {
        let mut all = Vec::new();
        self.list(&about.path(), |one| all.extend(Happening::from_json(&one)))?;
        Ok(newest(all))
    }

    /// GET of a list, whose items are handed out one by one; gives its resource version.
    fn list(&self, path: &str, keep: impl FnMut(Value)) -> Result<Option<String>, ApiError> {
        let answer = self.send_list(path)?;
        if !answer.status().is_success() {
            self.read(answer)?;
            return Err(ApiError::NotKubernetes("a list it neither gives nor refuses".to_owned()));
        }
        let body = answer.into_body().into_with_config().limit(u64::MAX).reader();
        each_item(body, &API_LIST, &API_OBJECT, keep).map_err(|error| {
            let words = clean::short(&error.to_string(), 120);
            let error = std::io::Error::from(error);
            match error.kind() {
                ErrorKind::InvalidData | ErrorKind::UnexpectedEof | ErrorKind::FileTooLarge => {
                    ApiError::NotKubernetes(format!("{path} is no list: {words}"))
                }
                _ => self.fault(ureq::Error::from(error)),
            }
        })
    }

    /// GET of a list as one object, for what is small in all but the largest clusters.
    pub fn get_list(&self, path: &str) -> Result<Value, ApiError> {
        let answer = self.send_list(path)?;
        self.read(answer)
    }

    /// It begins as soon as any other answer.
    fn send_list(&self, path: &str) -> Result<Response<Body>, ApiError> {
        let first = self.run_list(path);
        let answer = match first {
            Err(ureq::Error::Io(error)) if was_closed(&error) => self.run_list(path),
            other => other,
        };
        answer.map_err(|error| self.fault(error))
    }

    fn run_list(&self, path: &str) -> Result<Response<Body>, ureq::Error> {
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        let request = self.request(&Method::GET, path).body(())?;
        let request = self
            .agent
            .configure_request(request)
            .timeout_global(Some(self.wait.saturating_add(self.list_wait)))
            .timeout_resolve(Some(self.wait))
            .timeout_recv_response(Some(self.wait))
            .timeout_recv_body(Some(self.list_wait))
            .build();
        self.agent.run(request)
    }

    /// GET of an object.
    pub fn get(&self, path: &str) -> Result<Value, ApiError> {
        self.call(&Method::GET, path, None)
    }

    /// POST: makes an object.
    pub fn post(&self, path: &str, object: &Value) -> Result<Value, ApiError> {
        self.call(&Method::POST, path, Some(object))
    }

    /// PUT: replaces an object; its `resourceVersion` guards against a change in between.
    pub fn put(&self, path: &str, object: &Value) -> Result<Value, ApiError> {
        self.call(&Method::PUT, path, Some(object))
    }

    /// Deletes the object at `path` if it still has this uid; another one of the same name is kept and
    /// reported as [`ApiError::Conflict`]. Kubernetes before 1.7 leaves the pods of a
    /// ReplicationController running: scale it to 0 first.
    pub fn delete(&self, path: &str, uid: &str) -> Result<Deleted, ApiError> {
        let live = match self.get(path) {
            Err(ApiError::NotFound(_)) => return Ok(Deleted::Absent),
            other => other?,
        };
        // A server that does not know preconditions would delete any: look before.
        let found = live.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
        if found != uid {
            return Err(ApiError::Conflict(format!(
                "{path} is another object now (uid {})",
                clean::words(found)
            )));
        }
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid},
            "propagationPolicy": "Background"});
        match self.call(&Method::DELETE, path, Some(&options)) {
            Err(ApiError::NotFound(_)) => Ok(Deleted::Absent),
            other => other.map(|_| Deleted::Done),
        }
    }

    /// Watches all nodes from a resource version for at most `life`. The end of the iterator is normal
    /// (a server ends its watches, a balancer cuts them): list again, then watch again.
    pub fn watch_nodes(&self, resource_version: &str, life: Duration) -> Result<NodeWatch, ApiError> {
        let seconds = life.as_secs().max(1);
        let version = encoded(resource_version);
        let path = format!("/api/v1/nodes?watch=true&resourceVersion={version}&timeoutSeconds={seconds}");
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        let request = self.request(&Method::GET, &path).body(()).map_err(|e| bad_path(&e))?;
        let request = self
            .agent
            .configure_request(request)
            .timeout_global(None)
            .timeout_resolve(Some(self.wait))
            .timeout_recv_response(Some(self.wait))
            .timeout_recv_body(Some(life))
            .build();
        let answer = self.agent.run(request).map_err(|error| self.fault(error))?;
        if !answer.status().is_success() {
            self.read(answer)?;
            return Err(ApiError::NotKubernetes("a watch it neither starts nor refuses".to_owned()));
        }
        let reader = answer.into_body().into_with_config().limit(u64::MAX).reader();
        Ok(NodeWatch::over(reader))
    }

    fn call(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Value, ApiError> {
        let answer = self.send(method, path, body)?;
        self.read(answer)
    }

    fn request(&self, method: &Method, path: &str) -> ureq::http::request::Builder {
        Request::builder().method(method.clone()).uri(format!("{}{path}", self.address.url()))
    }

    fn send(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Response<Body>, ApiError> {
        let once = || {
            self.counters.requests.fetch_add(1, Ordering::Relaxed);
            if *method != Method::GET {
                self.counters.writes.fetch_add(1, Ordering::Relaxed);
            }
            let request = self.request(method, path);
            let Some(body) = body else { return self.agent.run(request.body(())?) };
            let request = request.header("content-type", "application/json").body(body.to_string())?;
            // A DELETE with a body is unusual but what the API wants.
            self.agent.run(self.agent.configure_request(request).allow_non_standard_methods(true).build())
        };
        let first = once();
        let answer = match first {
            Err(ureq::Error::Io(error)) if *method == Method::GET && was_closed(&error) => once(),
            other => other,
        };
        answer.map_err(|error| self.fault(error))
    }

    fn read(&self, answer: Response<Body>) -> Result<Value, ApiError> {
        let status = answer.status();
        let body = answer.into_body().into_with_config().limit(API_OBJECT.bytes).read_to_vec();
        let body = body.map_err(|error| self.fault(error))?;
        if !status.is_success() {
            return Err(ApiError::from_answer(status.as_u16(), &body));
        }
        let object: Option<Value> = serde_json::from_slice(&body).ok();
        object.filter(Value::is_object).ok_or_else(|| {
            ApiError::NotKubernetes(format!(
                "it answers {}",
                clean::short(&String::from_utf8_lossy(&body), 80)
            ))
        })
    }

    fn fault(&self, error: ureq::Error) -> ApiError {
        let words = clean::short(&error.to_string(), 300);
        match error {
            // Only that of a list has a deadline of its own.
            ureq::Error::Timeout(what @ ureq::Timeout::RecvBody) => {
                ApiError::Timeout(format!("{what}, {} s", self.list_wait.as_secs_f32()))
            }
            ureq::Error::Timeout(what) => ApiError::Timeout(format!("{what}, {} s", self.wait.as_secs_f32())),
            ureq::Error::HostNotFound => ApiError::Unreachable(format!("{} is not known", self.address.host)),
            ureq::Error::Io(error) => self.io_fault(&error, words),
            ureq::Error::NativeTls(_) | ureq::Error::Tls(_) => self.tls_fault(words),
            ureq::Error::Protocol(_) | ureq::Error::BodyExceedsLimit(_) => ApiError::NotKubernetes(words),
            ureq::Error::Der(_) | ureq::Error::Pem(_) => ApiError::Credential(words),
            _ => ApiError::Unreachable(words),
        }
    }

    fn io_fault(&self, error: &std::io::Error, words: String) -> ApiError {
        if let Some(fault) = tls::from_words(&words) {
            return ApiError::Tls(fault);
        }
        if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) {
            return ApiError::Timeout(words);
        }
        if !was_closed(error) {
            return ApiError::Unreachable(words);
        }
        // In TLS 1.3 a server refuses our certificate after the handshake, and our request on its way
        // makes the socket drop the alert: ask again without sending one.
        match probe::refusal(&self.address, self.me.as_ref(), self.wait) {
            Some(fault) => ApiError::Tls(fault),
            None => ApiError::Unreachable("it closes the connection without an answer".to_owned()),
        }
    }

    fn tls_fault(&self, words: String) -> ApiError {
        match tls::from_words(&words) {
            Some(TlsFault::NothingInCommon) => {
                let asked = probe::wants_certificate(&self.address, self.wait);
                return ApiError::Tls(asked.unwrap_or(TlsFault::NothingInCommon));
            }
            Some(fault) => return ApiError::Tls(fault),
            None => {}
        }
        if words.contains("unexpected eof") || words.contains("unexpected EOF") {
            return ApiError::Unreachable("it closes the connection during the handshake".to_owned());
        }
        let fault = probe::explain(&self.address, &self.ca, self.wait);
        ApiError::Tls(fault.unwrap_or(TlsFault::Other(words)))
    }
}

/// ureq's TCP connector, counted.
#[derive(Debug)]
struct CountedTcp {
    tcp: TcpConnector,
    counters: Arc<Counters>,
}

impl<In: Transport> Connector<In> for CountedTcp {
    type Out = <TcpConnector as Connector<In>>::Out;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let out = self.tcp.connect(details, chained)?;
        self.counters.connections.fetch_add(1, Ordering::Relaxed);
        Ok(out)
    }
}

fn bad_path(error: &ureq::http::Error) -> ApiError {
    ApiError::Manifest(clean::words(&error.to_string()))
}

fn was_closed(error: &std::io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}
