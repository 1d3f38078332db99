//! L3: how a worker comes aboard. One file per step, named as on the screen; [`CATALOGUE`] is their order.
//! A step sees facts and returns actions as data; it never talks to a machine. `look` is pure, and the
//! doctor is nothing but `look` on every step.

mod admin;
mod certificates;
mod connect;
mod containers;
mod context;
mod dns;
mod identity;
mod images;
mod keys;
mod kube_proxy;
mod kubeconfigs;
mod kubelet;
mod namespace;
mod prerequisites;
mod ready;
mod sign;
mod start;

use std::net::IpAddr;

use jiff::Timestamp;

use crate::kube::Node;
use crate::pki::CaInfo;
use crate::plan::action::{Action, Content, sha256};
use crate::plan::fact::{FactQuery, Facts, Known};
use crate::plan::model::{Plan, Version, Worker};
use crate::plan::problem::{Problem, Verdict};
use crate::profile::{self, DesiredFile, NodeSetup, Profile};

pub use identity::request;

/// Names a step; stable, used in events, the journal and `assets/explain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct StepId(pub &'static str);

impl std::fmt::Display for StepId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

/// Which queue a step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// Every worker.
    Worker,
    /// The operator's computer.
    Local,
    /// The cluster, through its API; waits for one Ready worker.
    Cluster,
    /// Every Ready worker, once the cluster's steps are done.
    Ready,
}

/// What is known of the cluster.
#[derive(Debug, Clone, Default)]
pub struct ClusterFacts {
    /// The API server's version.
    pub version: Option<Version>,
    /// Why the version is not known.
    pub version_why: String,
    /// Its nodes; `None` = not known.
    pub nodes: Option<Vec<Node>>,
    /// Why the nodes are not known.
    pub nodes_why: String,
    /// The live objects asked for, by API path; `None` = there is none.
    pub objects: std::collections::BTreeMap<String, Option<serde_json::Value>>,
    /// Uids of the objects gangplank made here.
    pub made: std::collections::BTreeSet<String>,
    /// Name of the service that holds the DNS address, `namespace/name`.
    pub at_dns_address: Option<String>,
    /// Milliseconds the API's clock is ahead of this computer's.
    pub clock_ahead_ms: Option<i64>,
}

impl ClusterFacts {
    /// RBAC is there since 1.6; before, a service account needs no rights.
    pub fn rbac(&self) -> bool {
        self.version.is_none_or(|version| (version.major, version.minor) >= (1, 6))
    }
}

/// What a step looks at.
#[derive(Clone, Copy)]
pub struct StepInput<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The worker, for a step on one.
    pub worker: Option<&'a Worker>,
    /// What is known of this place.
    pub facts: &'a Facts,
    /// What is known of the operator's computer.
    pub here: &'a Facts,
    /// What is known of the cluster.
    pub cluster: &'a ClusterFacts,
    /// The CA's public half.
    pub ca: Option<&'a CaInfo>,
    /// Actions of the earlier steps of this place.
    pub queued: &'a [Action],
    /// The operator's home folder.
    pub home: &'a str,
    /// This computer's clock.
    pub now: Timestamp,
    /// When the facts of this place were read, by this computer's clock, milliseconds since 1970.
    pub asked_ms: i64,
}

/// What a step found.
#[derive(Debug, Clone, PartialEq)]
pub enum StepState {
    /// Nothing to do, and how that shows.
    Done(String),
    /// These actions, in this order.
    Todo(Vec<Action>),
    /// Nothing to do but wait until something is true.
    Await(Proof),
    /// It cannot go on.
    Blocked(Problem),
}

/// What must become true, and by when.
#[derive(Debug, Clone, PartialEq)]
pub enum Proof {
    /// Containers of the node's own static pods run.
    Containers {
        /// Container names in `kube-system`, `POD` for pause.
        wanted: Vec<(String, String)>,
        /// Ids of containers that ran before and do not count.
        old: Vec<String>,
        /// Seconds.
        within: u64,
    },
    /// The API says the node is Ready.
    NodeReady {
        /// Node name.
        name: String,
        /// Seconds.
        within: u64,
    },
    /// Pods of a selector are ready.
    Pods {
        /// Label selector.
        selector: String,
        /// How many.
        count: usize,
        /// Seconds.
        within: u64,
    },
    /// A DNS server answers on the worker.
    Dns {
        /// Question.
        name: String,
        /// Server.
        server: IpAddr,
        /// The answer it must give.
        expect: IpAddr,
        /// Seconds.
        within: u64,
    },
    /// `kubectl get nodes` works with the new context.
    Kubectl {
        /// The kubeconfig.
        file: String,
        /// The context.
        context: String,
    },
}

/// A step.
pub trait Step: Sync {
    /// Its name.
    fn id(&self) -> StepId;
    /// Its title on the screen.
    fn title(&self) -> &'static str;
    /// Whose queue it is in.
    fn on(&self) -> On {
        On::Worker
    }
    /// Steps of the same queue that must be done before.
    fn needs(&self) -> &'static [&'static str] {
        &[]
    }
    /// What it wants to know, whatever the profile turns out to be.
    fn queries(&self, plan: &Plan, worker: Option<&Worker>, home: &str) -> Vec<FactQuery>;
    /// What it finds.
    fn look(&self, cx: &StepInput) -> StepState;
    /// Remarks on the machine, one for each thing looked at.
    fn verdicts(&self, _: &StepInput) -> Vec<Verdict> {
        Vec::new()
    }
    /// Its actions change what the later steps must know before they can look.
    fn barrier(&self) -> bool {
        false
    }
    /// What, why, commands, undo: Markdown.
    fn explain(&self) -> &'static str;
}

/// All steps, in order.
pub const CATALOGUE: &[&dyn Step] = &[
    &connect::Connect,
    &prerequisites::Prerequisites,
    &images::LoadImages,
    &keys::Keys,
    &sign::Sign,
    &certificates::Certificates,
    &kubeconfigs::Kubeconfigs,
    &kubelet::Kubelet,
    &kube_proxy::KubeProxy,
    &start::StartKubelet,
    &containers::Containers,
    &ready::NodeReady,
    &admin::Admin,
    &context::Context,
    &context::KubectlWorks,
    &namespace::Namespace,
    &dns::DnsObjects,
    &dns::DnsPods,
    &dns::DnsLookup,
];

/// The steps of a queue.
pub fn steps(on: On) -> impl Iterator<Item = &'static dyn Step> {
    CATALOGUE.iter().copied().filter(move |step| step.on() == on)
}

/// The union of what the steps of a queue want to know.
pub fn queries(on: On, plan: &Plan, worker: Option<&Worker>, home: &str) -> Vec<FactQuery> {
    let mut all: Vec<FactQuery> = steps(on).flat_map(|step| step.queries(plan, worker, home)).collect();
    all.sort();
    all.dedup();
    // Asking for the content answers the question for the hash too.
    let full: Vec<String> = all
        .iter()
        .filter_map(|want| match want {
            FactQuery::File { path, content: true } => Some(path.clone()),
            _ => None,
        })
        .collect();
    all.retain(|want| !matches!(want, FactQuery::File { path, content: false } if full.contains(path)));
    all
}

/// The API paths whose objects the cluster's steps look at.
pub fn cluster_paths(plan: &Plan) -> Vec<String> {
    dns::paths(plan)
}

/// Certificate and key of an earlier run that the API may accept.
pub fn admin_login(plan: &Plan, home: &str) -> (String, String) {
    let identity = admin::identity(plan, home);
    (identity.cert, identity.key)
}

/// What an admin's certificate says, for the one that lives an hour in memory.
pub fn admin_request(plan: &Plan, home: &str) -> crate::pki::Request {
    request(&admin::identity(plan, home).wish)
}

/// Which of the wanted containers are not up in these `docker ps` lines; those of `old` do not count.
pub fn missing_containers(wanted: &[(String, String)], rows: &[String], old: &[String]) -> Vec<String> {
    containers::missing(wanted, rows, old)
}

/// The folder of this computer that holds the admin's key and certificate.
pub fn admin_folder(plan: &Plan, home: &str) -> String {
    format!("{home}/.kube/{}", plan.cluster.name)
}

impl<'a> StepInput<'a> {
    fn the_worker(&self) -> Result<&'a Worker, Problem> {
        self.worker.ok_or_else(|| Problem::new("E-BUG-01", "a worker's step was looked at without a worker"))
    }

    /// The kubelet's version on this worker: as found, or as the plan states.
    pub fn kubelet_version(&self) -> Option<Version> {
        if let Known::Yes(Some(kubelet)) = self.facts.kubelet(profile::KUBELET) {
            // What is there decides; what the plan states does not make up for a kubelet that does not run.
            return Version::parse(&kubelet.version);
        }
        self.plan.cluster.kubernetes
    }

    /// The profile of this worker.
    pub fn profile(&self) -> Result<Profile, Problem> {
        let Some(version) = self.kubelet_version() else {
            if let Known::Yes(Some(kubelet)) = self.facts.kubelet(profile::KUBELET) {
                return Err(Problem::new(
                    "E-KUBELET-06",
                    format!("{} does not run on this machine", profile::KUBELET),
                )
                .seen(format!("--version printed: {}", kubelet.version))
                .manual("put a kubelet for this architecture there (mode 0755)"));
            }
            return Err(Problem::new("E-KUBELET-01", format!("there is no kubelet at {}", profile::KUBELET))
                .seen(self.facts.kubelet(profile::KUBELET).why_not().to_owned())
                .edit("workers[].kubelet: {file, sha256}, and gangplank copies it")
                .manual(format!("copy a kubelet to {} on the worker (mode 0755)", profile::KUBELET)));
        };
        profile::choose(version, self.cluster.version)
    }

    /// What the profile is asked for.
    pub fn setup(&self) -> Result<(Profile, NodeSetup<'a>), Problem> {
        let worker = self.the_worker()?;
        let profile = self.profile()?;
        let Known::Yes(machine) = self.facts.machine() else {
            return Err(unknown("the machine", self.facts.machine().why_not()));
        };
        let kubelet = self.facts.kubelet(profile::KUBELET);
        let refused: &'a [String] = match kubelet {
            Known::Yes(Some(kubelet)) => &kubelet.refused,
            Known::Yes(None) | Known::No(_) | Known::NotAsked => &[],
        };
        let docker = self.facts.docker();
        let cgroup_driver = match docker {
            Known::Yes(docker) => docker.cgroup_driver.as_str(),
            Known::No(_) | Known::NotAsked => "cgroupfs",
        };
        let flannel = self.facts.unit("flanneld").yes().is_some_and(|unit| unit.load == "loaded");
        let version = self.kubelet_version().unwrap_or(Version { major: 1, minor: 2, patch: 2 });
        Ok((
            profile,
            NodeSetup { plan: self.plan, worker, machine, cgroup_driver, kubelet: version, refused, flannel },
        ))
    }

    /// The CA's public half.
    pub fn ca(&self) -> Result<&'a CaInfo, Problem> {
        self.ca.ok_or_else(|| {
            Problem::new("E-CA-00", "the CA is not known, so no certificate can be looked at")
                .manual("see what the CA step says and mend that first")
        })
    }

    /// A file as it should be: nothing to do, a `Put`, or somebody else's file in the way.
    pub fn file(&self, wanted: &DesiredFile, mode: &'static str) -> Result<Option<Action>, Problem> {
        let owner = if self.worker.is_some() { "root:root" } else { "-" };
        let put = || {
            let content = Content::Literal(wanted.text.clone().into_bytes());
            Some(Action::Put { path: wanted.path.clone(), content, mode, owner })
        };
        match self.facts.file(&wanted.path) {
            Known::Yes(None) => Ok(put()),
            Known::Yes(Some(file)) => {
                let hash = sha256(wanted.text.as_bytes());
                let right_mode =
                    file.mode == mode.trim_start_matches('0') && (owner == "-" || file.owner == "root:root");
                if file.sha256 == hash && right_mode {
                    return Ok(None);
                }
                if file.sha256 == hash || self.may_replace(&wanted.path, &file.sha256) {
                    return Ok(put());
                }
                let problem = foreign(&wanted.path, file, wanted);
                Err(if self.worker.is_some() {
                    problem
                        .replace("and it is replaced; the old file is kept on the host for undo")
                        .way(crate::plan::problem::Remedy::Skip)
                } else {
                    problem
                        .edit("kubectl.file: another file, or kubectl.merge: true")
                        .manual(format!("move {} away", wanted.path))
                })
            }
            other => Err(unknown(&wanted.path, other.why_not())),
        }
    }

    /// Whether what is at a path may be replaced: ours by the host's record, or the operator said so.
    pub fn may_replace(&self, path: &str, hash: &str) -> bool {
        self.facts.is_ours(path, hash) || self.worker.is_some_and(|worker| worker.replace)
    }

    /// Folders above a path that are not there yet.
    pub fn folder(&self, path: &str, mode: &'static str) -> Option<Action> {
        let comes = self
            .queued
            .iter()
            .any(|action| matches!(action, Action::MakeDir { path: queued, .. } if queued == path));
        let there = matches!(self.facts.folder(path).yes(), Some(Some(_)));
        (!comes && !there).then(|| Action::MakeDir { path: path.to_owned(), mode })
    }
}

/// A fact that is needed and not known.
pub fn unknown(about: &str, why: &str) -> Problem {
    Problem::new("E-FACT-01", format!("{about} could not be looked at"))
        .seen(why.to_owned())
        .way(crate::plan::problem::Remedy::Retry)
}

fn foreign(path: &str, file: &crate::plan::fact::FileFact, wanted: &DesiredFile) -> Problem {
    let mut problem = Problem::new("E-FILE-01", format!("{path} was not written by gangplank and differs"));
    if let Some(content) = &file.content {
        let theirs = String::from_utf8_lossy(content);
        let diff = similar::TextDiff::from_lines(theirs.as_ref(), wanted.text.as_str());
        for change in
            diff.iter_all_changes().filter(|change| change.tag() != similar::ChangeTag::Equal).take(12)
        {
            let sign = if change.tag() == similar::ChangeTag::Delete { '-' } else { '+' };
            problem =
                problem.seen(format!("{sign} {}", without_secret(&crate::host::clean::line(change.value()))));
        }
    } else {
        problem =
            problem.seen(format!("sha256 {} there, {} wanted", file.sha256, sha256(wanted.text.as_bytes())));
    }
    problem
}

/// The line with its value hidden when its key sounds like a secret.
fn without_secret(line: &str) -> String {
    let lower = line.to_lowercase();
    let secret = ["token", "password", "secret", "key-data", "private", "passphrase"]
        .iter()
        .any(|word| lower.contains(word));
    match line.split_once([':', '=']) {
        _ if !secret => line.to_owned(),
        Some((key, _)) => format!("{key}: <not shown>"),
        None => "<not shown>".to_owned(),
    }
}

/// A template did not fit: a bug, said as one.
pub fn bug(error: &impl std::fmt::Display) -> Problem {
    Problem::new("E-BUG-02", format!("a template did not fit: {error}"))
}

/// `Todo` when there is something, else `Done`.
fn todo(actions: Vec<Action>, evidence: impl Into<String>) -> StepState {
    if actions.is_empty() { StepState::Done(evidence.into()) } else { StepState::Todo(actions) }
}

/// Turns a refusal into [`StepState::Blocked`].
fn state(result: Result<StepState, Problem>) -> StepState {
    result.unwrap_or_else(StepState::Blocked)
}
