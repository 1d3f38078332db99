//! What every place needs to know before it can be looked at: the CA, this computer, the cluster. It is
//! learnt once, by the thread that looks after the cluster, while the hosts are connected to.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::engine::signing::signer::Signer;
use crate::engine::world::World;
use crate::host::{Batch, Stop};
use crate::kube::cluster::{ClientIdentity, ClusterApi};
use crate::pki::{self, CaInfo};
use crate::plan::code::ProblemCode;
use crate::plan::fact::Facts;
use crate::plan::model::Plan;
use crate::plan::plan_field::PlanField;
use crate::plan::problem::{Problem, Remedy};
use crate::step::{self, ClusterFacts, On, RunView};

/// A value that one thread brings and others wait for.
pub struct Gate<T> {
    value: Mutex<Option<T>>,
    changed: Condvar,
}

impl<T> Default for Gate<T> {
    fn default() -> Self {
        Self { value: Mutex::new(None), changed: Condvar::new() }
    }
}

impl<T: Clone> Gate<T> {
    /// Brings it; the first one counts.
    pub fn open(&self, value: T) {
        self.value.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(value);
        self.changed.notify_all();
    }

    /// Waits for it.
    pub fn wait(&self) -> T {
        let mut value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(value) = &*value {
                return value.clone();
            }
            value = self.changed.wait(value).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for it, so long.
    pub fn wait_for(&self, time: Duration) -> Option<T> {
        let deadline = Instant::now() + time;
        let mut value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(value) = &*value {
                return Some(value.clone());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            value = self.changed.wait_timeout(value, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// What is known beside the hosts.
pub struct SharedFacts {
    /// Signs.
    pub signer: Signer,
    /// This computer.
    pub local: Facts,
    /// The operator's home folder.
    home: String,
    /// The cluster, as first seen.
    pub cluster: ClusterFacts,
    /// Things worth saying.
    pub notes: Vec<String>,
    /// The API knows us.
    logged_in: Mutex<bool>,
    last_nodes: Mutex<Option<(i64, NodesNow)>>,
    /// The certificate that lives only in memory, once it was needed.
    passing: Passing,
}

/// Signed once, however often the API has to be tried.
pub(crate) type Passing = Mutex<Option<std::sync::Arc<ClientIdentity>>>;

/// What this computer answers.
pub fn local_facts(plan: &Plan, world: &dyn World) -> Facts {
    let home = world.home();
    let batch = Batch { queries: step::queries(On::Local, plan, None, &home), ..Batch::default() };
    world.local().run(&batch, &Stop::default(), &mut |_| {}).facts
}

/// The API must know this CA before anybody logs in anywhere.
pub fn check_api(ca: &CaInfo, cluster: &dyn ClusterApi) -> Result<Vec<String>, Problem> {
    let pem = ca.pem().map_err(|error| Problem::new(error.code(), error.to_string()))?;
    let seen = cluster.look(pem.as_bytes(), ca.subject_raw());
    if let Some(why) = &seen.distrust {
        return Err(distrusts(ca, why));
    }
    if seen.takes_our_clients == Some(false) {
        return Err(refuses_clients(ca, &seen.client_cas));
    }
    Ok(match &seen.fault {
        Some(fault) => vec![format!("{fault}; host steps go on, proofs wait")],
        None => Vec::new(),
    })
}

/// The API's certificate and our CA, or the address, do not belong together.
pub(crate) fn distrusts(ca: &pki::CaInfo, why: &str) -> Problem {
    Problem::new(ProblemCode::Api22, "the API shows a certificate that does not fit this CA and address")
        .seen(why.to_owned())
        .seen(format!("our CA is {}", ca.subject()))
        .edit(PlanField::CaCert, "ca: the CA that signed the API's certificate")
        .edit(PlanField::Api, "cluster.api: the name or address in that certificate")
}

/// The API takes clients of other CAs only.
pub(crate) fn refuses_clients(ca: &pki::CaInfo, theirs: &[String]) -> Problem {
    let problem = Problem::new(ProblemCode::Ca15, "the API accepts no certificates of this CA")
        .seen(format!("ours is {}", ca.subject()));
    let problem = if theirs.is_empty() {
        problem.seen("it asks for no client certificate at all")
    } else {
        problem.seen(format!("it accepts {}", theirs.join("; ")))
    };
    problem
        .edit(PlanField::CaCert, "ca: the one the API server was given as --client-ca-file")
        .way(Remedy::Skip)
}

/// Why nobody is logged in.
pub(crate) struct NoLogin {
    pub(crate) why: String,
    /// The CA cannot sign, so nothing of this run can be done.
    stops: Option<Problem>,
}

impl NoLogin {
    fn only(error: &impl ToString) -> Self {
        Self { why: error.to_string(), stops: None }
    }

    /// A CA that does not sign now will not sign the workers' requests either: better said before keys are made.
    fn because(problem: Problem) -> Self {
        let stops =
            [crate::engine::signing::signer::WRONG_PASSPHRASE, ProblemCode::Secret01].contains(&problem.code);
        Self { why: problem.what.clone(), stops: stops.then_some(problem) }
    }
}

/// Logs in to the API: with an earlier session's certificate, with one made for a day in memory, or as
/// nobody. The words say why, when nothing better was possible.
pub(crate) fn log_in(
    plan: &Plan,
    world: &dyn World,
    cluster: &dyn ClusterApi,
    signer: &Signer,
    passing: &Passing,
) -> Result<(), NoLogin> {
    if let Some(result) = earlier(plan, world, cluster, signer.info()) {
        return result;
    }
    let ca = signer.info().pem().map_err(|error| NoLogin::only(&error))?;
    // As nobody the version may be told; and nothing is signed for an API that is not there.
    if let Err(error) = cluster.login(ca.as_bytes(), None)
        && unreachable(&error)
    {
        return Err(NoLogin::only(&error));
    }
    if signer.is_offline() {
        let why = "the CA is offline, so the API knows us once the admin certificate of this run is there; until then \
                   versions come from the kubelets";
        return Err(NoLogin::only(&why));
    }
    let login = {
        let mut passing = passing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(login) = &*passing {
            std::sync::Arc::clone(login)
        } else {
            let login = std::sync::Arc::new(in_memory(plan, world, signer).map_err(NoLogin::because)?);
            *passing = Some(std::sync::Arc::clone(&login));
            login
        }
    };
    cluster.login(ca.as_bytes(), Some(&login)).map_err(|error| {
        let _ = cluster.login(ca.as_bytes(), None);
        NoLogin::only(&error)
    })
}

/// Logs in with the certificate of an earlier session; `None` when there is none or it is not taken.
pub(crate) fn earlier(
    plan: &Plan,
    world: &dyn World,
    cluster: &dyn ClusterApi,
    ca: &CaInfo,
) -> Option<Result<(), NoLogin>> {
    let (cert, key) = step::admin_login(plan, &world.home());
    let (Ok(cert), Ok(key)) = (world.read(cert.as_ref()), world.read(key.as_ref())) else { return None };
    let ca = match ca.pem() {
        Ok(ca) => ca,
        Err(error) => return Some(Err(NoLogin::only(&error))),
    };
    match cluster.login(ca.as_bytes(), Some(&ClientIdentity { cert: cert.to_vec(), key })) {
        Ok(()) => Some(Ok(())),
        Err(error) if unreachable(&error) => Some(Err(NoLogin::only(&error))),
        Err(_) => None,
    }
}

/// An admin's certificate that lives in memory and ends by itself.
fn in_memory(plan: &Plan, world: &dyn World, signer: &Signer) -> Result<ClientIdentity, Problem> {
    let words = |error: pki::PkiError| Problem::new(error.code(), error.to_string());
    let key = pki::make_key(pki::NewKey::P256).map_err(words)?;
    let mut request = step::admin_request(plan, &world.home());
    "gangplank".clone_into(&mut request.cn);
    request.days = 1;
    let csr = pki::make_csr(&key, &request.cn).map_err(words)?;
    let public = openssl::pkey::PKey::private_key_from_pem(key.as_bytes())
        .and_then(|key| key.public_key_to_pem())
        .map_err(|error| Problem::new(ProblemCode::Ca16, error.to_string()))?;
    let spki = pki::spki_sha256(&public).map_err(words)?;
    let cert = signer.sign(&csr, &request, &spki, world)?;
    Ok(ClientIdentity { cert: cert.into_bytes(), key: zeroize::Zeroizing::new(key.as_bytes().to_vec()) })
}

fn unreachable(error: &crate::kube::ApiError) -> bool {
    use crate::kube::ApiError;
    matches!(error, ApiError::Unreachable(_) | ApiError::Timeout(_) | ApiError::Tls(_))
}

/// What is known of the cluster now.
pub fn cluster(plan: &Plan, world: &dyn World, made: &BTreeSet<String>) -> ClusterFacts {
    let api = world.cluster();
    let mut facts = ClusterFacts { made: made.clone(), ..ClusterFacts::default() };
    match api.version() {
        Ok(version) => facts.version = Some(version),
        Err(error) => facts.version_why = error.to_string(),
    }
    if facts.version.is_none() && plan.cluster.kubernetes.is_some() {
        facts.version = plan.cluster.kubernetes;
    }
    match api.nodes() {
        Ok(nodes) => facts.nodes = Some(nodes),
        Err(error) => {
            facts.nodes_why = error.to_string();
            return facts;
        }
    }
    facts.clock_ahead_ms = api.clock_ahead_ms();
    for path in step::cluster_paths(plan) {
        if let Ok(object) = api.get(&path) {
            facts.objects.insert(path, object);
        }
    }
    if let Ok(Some(services)) = api.get("/api/v1/services") {
        let address = plan.cluster.dns.to_string();
        let text = |service: &serde_json::Value, pointer: &str| {
            service.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
        };
        facts.at_dns_address = services["items"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|service| text(service, "/spec/clusterIP") == address)
            .map(|service| {
                format!("{}/{}", text(service, "/metadata/namespace"), text(service, "/metadata/name"))
            });
    }
    facts
}

impl SharedFacts {
    /// Learns everything; `make` = a CA that does not exist yet is made; `uids` = the
    /// API objects earlier runs made.
    pub fn learn(
        plan: &Plan,
        world: &dyn World,
        make: bool,
        uids: &BTreeSet<String>,
        login_gate: &Gate<()>,
    ) -> Result<Self, Problem> {
        let signer = Signer::open(plan, world, make)?;
        signer.check(world.now())?;
        let mut notes = check_api(signer.info(), world.cluster())?;
        login_gate.open(());
        let local = local_facts(plan, world);
        let passing = Passing::default();
        let logged_in = match log_in(plan, world, world.cluster(), &signer, &passing) {
            Ok(()) => true,
            Err(NoLogin { stops: Some(problem), .. }) => return Err(problem),
            Err(NoLogin { why, .. }) => {
                notes.push(format!("the API does not know us yet: {why}"));
                false
            }
        };
        let cluster = cluster(plan, world, uids);
        Ok(Self {
            signer,
            local,
            home: world.home(),
            cluster,
            notes,
            logged_in: Mutex::new(logged_in),
            last_nodes: Mutex::default(),
            passing,
        })
    }

    /// What the steps of every place see of this.
    pub fn view(&self, now: Timestamp) -> RunView<'_> {
        RunView {
            local: &self.local,
            cluster: &self.cluster,
            ca: Some(self.signer.info()),
            home: &self.home,
            now,
        }
    }

    /// The nodes now, logging in first when that was not possible before. However many wait for their node, the
    /// API is asked by one at a time, and an answer serves everybody for a moment.
    pub fn nodes(&self, plan: &Plan, world: &dyn World) -> NodesNow {
        let mut last = self.last_nodes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, answer)) = &*last {
            let fresh = if answer.is_ok() { FRESH } else { FRESH_FAILURE };
            if millis(world.now()).saturating_sub(*at) < fresh {
                return answer.clone();
            }
        }
        let answer = self.ask_nodes(plan, world);
        *last = Some((millis(world.now()), answer.clone()));
        answer
    }

    fn ask_nodes(&self, plan: &Plan, world: &dyn World) -> NodesNow {
        let mut logged_in = self.logged_in.lock().unwrap_or_else(PoisonError::into_inner);
        if !*logged_in {
            log_in(plan, world, world.cluster(), &self.signer, &self.passing).map_err(|no| no.why)?;
            *logged_in = true;
        }
        world.cluster().nodes().map(std::sync::Arc::new).map_err(|error| error.to_string())
    }
}

/// The nodes, or why they are not known.
type NodesNow = Result<std::sync::Arc<Vec<crate::kube::Node>>, String>;

/// So long an answer about the nodes serves everybody, milliseconds.
const FRESH: i64 = 200;
/// So long a failure does: asking again may take as long as its deadline. Milliseconds.
const FRESH_FAILURE: i64 = 2_000;

/// Now, in milliseconds since 1970.
pub fn millis(time: Timestamp) -> i64 {
    time.as_millisecond()
}
