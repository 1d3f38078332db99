//! What every place needs to know before it can be looked at: the CA, this computer, the cluster. It is
//! learnt once, by the thread that looks after the cluster, while the hosts are connected to.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::engine::cluster::login::{NoLogin, Passing, log_in};
use crate::engine::cluster::trust::check_api;
use crate::engine::signing::ca_files;
use crate::engine::signing::signer::Signer;
use crate::engine::sync::Gate;
use crate::engine::world::World;
use crate::host::Batch;
use crate::kube::addon::node_addons;
use crate::kube::heartbeat::{LEASES, join_leases};
use crate::kube::service_facts::{ServiceQuestion, service_facts};
use crate::kube::{ApiError, Node};
use crate::plan::clean;
use crate::plan::minors;
use crate::plan::model::Plan;
use crate::plan::problem::Problem;
use crate::step::{self, ClusterFacts, LocalFacts, On, RunView};

/// What is known beside the hosts.
pub struct SharedFacts {
    /// The CA as it signs for this run.
    pub signer: Signer,
    /// This computer.
    pub local: LocalFacts,
    /// The cluster, as first seen.
    pub cluster: ClusterFacts,
    /// Things worth saying.
    pub notes: Vec<String>,
    /// Certificates that end within this time are renewed; `None` = within the usual time.
    pub renew: Option<SignedDuration>,
    /// The names of the API's certificate.
    pub names: Vec<String>,
    /// The API knows us.
    logged_in: Mutex<bool>,
    last_nodes: Mutex<Option<(i64, bool, NodesNow)>>,
    /// The certificate that lives only in memory, once it was needed.
    passing: Passing,
}

/// What this computer answers.
pub fn local_facts(plan: &Plan, world: &dyn World) -> LocalFacts {
    let home = world.home();
    let batch = Batch { queries: step::queries(On::Local, plan, None, &home), ..Batch::default() };
    LocalFacts { facts: world.local().run(&batch, &world.stop(), &mut |_| {}).facts, home }
}

/// The nodes, each with its Lease when that is wanted and told.
fn nodes(world: &dyn World, leases: bool) -> Result<Vec<Node>, ApiError> {
    let api = world.cluster();
    let mut nodes = api.nodes()?;
    if leases
        && !nodes.is_empty()
        && let Ok(Some(list)) = api.get_list(LEASES)
    {
        join_leases(&mut nodes, &list);
    }
    Ok(nodes)
}

/// What is known of the cluster now; `names` are those of its certificate.
pub fn cluster(plan: &Plan, world: &dyn World, made: &BTreeSet<String>, names: &[String]) -> ClusterFacts {
    let api = world.cluster();
    let mut facts = ClusterFacts { made: made.clone(), ..ClusterFacts::default() };
    match api.version() {
        Ok(version) => facts.version = Some(version),
        Err(error) => facts.version_why = error.to_string(),
    }
    if facts.version.is_none() && plan.cluster.kubernetes.is_some() {
        facts.version = plan.cluster.kubernetes;
    }
    let leases = facts.version.is_none_or(|version| minors::NODE_LEASE.holds(version));
    facts.nodes_at_ms = world.now().as_millisecond();
    match nodes(world, leases) {
        Ok(nodes) => facts.nodes = Some(nodes),
        Err(error) => {
            facts.nodes_why = error.to_string();
            return facts;
        }
    }
    facts.clock_ahead_ms = api.clock_ahead_ms();
    for path in step::cluster_paths(plan, facts.version) {
        if let Ok(object) = api.get(&path) {
            facts.objects.insert(path, object);
        }
    }
    let services = api.get_list("/api/v1/services").ok().flatten();
    let question = ServiceQuestion {
        version: facts.version,
        dns: plan.cluster.dns,
        domain: &plan.cluster.domain,
        names,
        objects: &facts.objects,
        made,
    };
    facts.services = service_facts(api, &question, services.as_ref());
    facts.at_dns_address = facts.services.holder.as_ref().map(|service| service.title.clone());
    let addons = node_addons(api, facts.version);
    facts.addons = Some(addons.map_err(|error| clean::short(&error.to_string(), 200)));
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
        let mut notes = ca_files::notes(signer.info(), plan.ca.days, world.now());
        let seen = check_api(signer.info(), world.cluster())?;
        notes.extend(seen.notes);
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
        let cluster = cluster(plan, world, uids, &seen.names);
        notes.extend(step::untold(&cluster));
        Ok(Self {
            signer,
            local,
            cluster,
            notes,
            renew: None,
            names: seen.names,
            logged_in: Mutex::new(logged_in),
            last_nodes: Mutex::default(),
            passing,
        })
    }

    /// Whether the plan's addresses and domain are the cluster's, as far as those are known.
    ///
    /// # Errors
    /// They are not.
    pub fn fits(&self, plan: &Plan) -> Result<(), Problem> {
        step::differs(plan, &self.cluster).map_or(Ok(()), Err)
    }

    /// What the steps of every place see of this.
    pub fn view(&self, now: Timestamp) -> RunView<'_> {
        RunView {
            local: &self.local,
            cluster: &self.cluster,
            ca: Some(self.signer.info()),
            now,
            renew: self.renew,
        }
    }

    /// The nodes now, logging in first when that was not possible before. However many wait for their node, the
    /// API is asked by one at a time, and an answer serves everybody for a moment. Their Leases come with them where
    /// `leases` wants them.
    pub fn nodes(&self, plan: &Plan, world: &dyn World, leases: bool) -> NodesNow {
        let mut last = self.last_nodes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, with, answer)) = &*last
            && (*with || !leases)
        {
            let fresh = if answer.is_ok() { FRESH } else { FRESH_FAILURE };
            if world.now().as_millisecond().saturating_sub(*at) < fresh {
                return answer.clone();
            }
        }
        let answer = self.ask_nodes(plan, world, leases);
        *last = Some((world.now().as_millisecond(), leases, answer.clone()));
        answer
    }

    /// A node as it was seen last, without asking.
    pub fn last_seen(&self, name: &str) -> Option<Node> {
        let last = self.last_nodes.lock().unwrap_or_else(PoisonError::into_inner);
        let nodes = match &*last {
            Some((_, _, Ok(nodes))) => Some(nodes.as_slice()),
            Some((_, _, Err(_))) | None => None,
        };
        let nodes = nodes.or(self.cluster.nodes.as_deref())?;
        nodes.iter().find(|node| node.name == name).cloned()
    }

    fn ask_nodes(&self, plan: &Plan, world: &dyn World, leases: bool) -> NodesNow {
        let mut logged_in = self.logged_in.lock().unwrap_or_else(PoisonError::into_inner);
        if !*logged_in {
            log_in(plan, world, world.cluster(), &self.signer, &self.passing).map_err(|no| no.why)?;
            *logged_in = true;
        }
        let leases = leases && self.cluster.version.is_none_or(|version| minors::NODE_LEASE.holds(version));
        nodes(world, leases).map(std::sync::Arc::new).map_err(|error| error.to_string())
    }
}

/// The nodes, or why they are not known.
type NodesNow = Result<std::sync::Arc<Vec<Node>>, String>;

/// So long an answer about the nodes serves everybody, milliseconds.
const FRESH: i64 = 200;
/// So long a failure does: asking again may take as long as its deadline. Milliseconds.
const FRESH_FAILURE: i64 = 2_000;
