//! What a step looks at, and what it asks of it: the profile, the CA, a file as it should be.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::changed::in_the_way;
use super::state::unknown;
use crate::kube::Node;
use crate::kube::addon::NodeAddon;
use crate::kube::service_facts::ServiceFacts;
use crate::pki::CaInfo;
use crate::plan::action::{Action, Content, sha256};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{Facts, FileFact, Known};
use crate::plan::kubelet_fields::KubeletFields;
use crate::plan::minors;
use crate::plan::model::{Plan, Version, Worker};
use crate::plan::plan_field::PlanField;
use crate::plan::problem::{Problem, Remedy};
use crate::plan::remote::Remote;
use crate::plan::runtime_fact::RuntimeKind;
use crate::profile::{self, DesiredFile, NodeSetup, Profile};
use crate::runtime::of_facts;

/// What is known of the cluster.
#[derive(Debug, Clone, Default)]
pub struct ClusterFacts {
    /// The API server's version.
    pub version: Option<Version>,
    /// Why the version is not known.
    pub version_why: String,
    /// Its nodes; `None` = not known.
    pub nodes: Option<Vec<Node>>,
    /// When they were asked for, by this computer's clock, milliseconds since 1970.
    pub nodes_at_ms: i64,
    /// Why the nodes are not known.
    pub nodes_why: String,
    /// The live objects asked for, by API path; `None` = there is none.
    pub objects: BTreeMap<String, Option<serde_json::Value>>,
    /// Uids of the objects gangplank made here.
    pub made: BTreeSet<String>,
    /// Name of the service that holds the DNS address, `namespace/name`.
    pub at_dns_address: Option<String>,
    /// Milliseconds the API's clock is ahead of this computer's.
    pub clock_ahead_ms: Option<i64>,
    /// What the API knows of services and DNS.
    pub services: ServiceFacts,
    /// What comes to nodes by DaemonSets, or why that is not known; `None` = the API was not asked.
    pub addons: Option<Result<Vec<NodeAddon>, String>>,
}

impl ClusterFacts {
    /// RBAC is there; before it a service account needs no rights.
    pub fn rbac(&self) -> bool {
        self.version.is_none_or(|version| minors::RBAC.holds(version))
    }
}

/// The container runtime of a worker, by the kubelet that is there; `None` = not known.
pub fn runtime_of(facts: &Facts) -> Option<RuntimeKind> {
    facts.kubelets_runtime()
}

/// What is known of the one place a step looks at.
#[derive(Clone, Copy)]
pub struct PlaceView<'a> {
    /// The worker, when the place is one.
    pub worker: Option<&'a Worker>,
    /// What the place answered.
    pub facts: &'a Facts,
    /// When it answered, by this computer's clock, milliseconds since 1970.
    pub asked_ms: i64,
    /// A repair changed it a moment ago: what the API heard of its kubelet before proves nothing.
    pub repaired: bool,
}

/// What is known of the operator's computer.
#[derive(Debug, Clone, Default)]
pub struct LocalFacts {
    /// What it answered.
    pub facts: Facts,
    /// The operator's home folder, as an absolute path.
    pub home: String,
}

/// What the steps of every place see alike.
#[derive(Clone, Copy)]
pub struct RunView<'a> {
    /// The operator's computer.
    pub local: &'a LocalFacts,
    /// What is known of the cluster.
    pub cluster: &'a ClusterFacts,
    /// The CA's public half; `None` = it is not known.
    pub ca: Option<&'a CaInfo>,
    /// This computer's clock.
    pub now: Timestamp,
    /// What ends within this time is renewed; `None` = what ends within the usual time.
    pub renew: Option<SignedDuration>,
}

/// What a step looks at; [`StepInput::new`] alone makes one.
#[derive(Clone, Copy)]
pub struct StepInput<'a> {
    pub(super) plan: &'a Plan,
    pub(super) worker: Option<&'a Worker>,
    pub(super) facts: &'a Facts,
    pub(super) local: &'a LocalFacts,
    pub(super) cluster: &'a ClusterFacts,
    pub(super) ca: Option<&'a CaInfo>,
    /// Actions of the earlier steps of this place.
    pub(super) queued: &'a [Action],
    pub(super) now: Timestamp,
    pub(super) renew: Option<SignedDuration>,
    pub(super) asked_ms: i64,
    pub(super) repaired: bool,
}

impl<'a> StepInput<'a> {
    /// What a step sees of a place, of everything else, and of what the earlier steps of the place would do.
    pub fn new(plan: &'a Plan, place: PlaceView<'a>, run: RunView<'a>, queued: &'a [Action]) -> Self {
        let PlaceView { worker, facts, asked_ms, repaired } = place;
        let RunView { local, cluster, ca, now, renew } = run;
        Self { plan, worker, facts, local, cluster, ca, queued, now, renew, asked_ms, repaired }
    }

    pub(super) fn the_worker(&self) -> Result<&'a Worker, Problem> {
        self.worker
            .ok_or_else(|| Problem::new(ProblemCode::Bug01, "a worker's step was looked at without a worker"))
    }

    /// The kubelet's version on this worker: as found, or as the plan states.
    pub fn kubelet_version(&self) -> Option<Version> {
        if let Known::Yes(Some(kubelet)) = self.facts.kubelet(profile::KUBELET) {
            // What is there decides; what the plan states does not make up for a kubelet that does not run.
            return Version::parse(kubelet.version.untrusted());
        }
        self.plan.cluster.kubernetes
    }

    /// The profile of this worker.
    pub fn profile(&self) -> Result<Profile, Problem> {
        let Some(version) = self.kubelet_version() else {
            if let Known::Yes(Some(kubelet)) = self.facts.kubelet(profile::KUBELET) {
                return Err(Problem::new(
                    ProblemCode::Kubelet06,
                    format!("{} does not run on this machine", profile::KUBELET),
                )
                .seen(format!("--version printed: {}", kubelet.version))
                .manual("put a kubelet for this architecture there (mode 0755)"));
            }
            return Err(Problem::new(
                ProblemCode::Kubelet01,
                format!("there is no kubelet at {}", profile::KUBELET),
            )
            .seen(self.facts.kubelet(profile::KUBELET).why_not().to_owned())
            .edit(PlanField::KubeletFile, "workers[].kubelet: {file, sha256}, and gangplank copies it")
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
        let refused: &'a [Remote<String>] = match kubelet {
            Known::Yes(Some(kubelet)) => &kubelet.refused,
            Known::Yes(None) | Known::No(_) | Known::NotAsked => &[],
        };
        // The runtime has one of these two; the kubelet follows it.
        let systemd = of_facts::systemd_cgroups(profile.runtime(), self.facts);
        let cgroup_driver = if systemd { "systemd" } else { "cgroupfs" };
        let flannel = self.facts.unit("flanneld").yes().is_some_and(|unit| unit.load == "loaded");
        let version = self.kubelet_version().unwrap_or(Version { major: 1, minor: 2, patch: 2 });
        Ok((
            profile,
            NodeSetup {
                plan: self.plan,
                worker,
                machine,
                cgroup_driver,
                kubelet: version,
                refused,
                flannel,
                kept: self.kept_fields(),
            },
        ))
    }

    /// The kubelet's configuration that is there and was not written by gangplank as it stands.
    pub(super) fn strange_config(&self) -> Option<&'a FileFact> {
        let file = self.facts.file(profile::KUBELET_CONFIG).yes().copied()?.as_ref()?;
        (!self.facts.is_ours(profile::KUBELET_CONFIG, &file.sha256)).then_some(file)
    }

    /// Fields of somebody else in the kubelet's configuration that is there. Of a file of gangplank's they are those that
    /// it says it took over; the others come from a plan.
    fn kept_fields(&self) -> KubeletFields {
        let there = self.facts.file(profile::KUBELET_CONFIG).yes().copied().and_then(Option::as_ref);
        let text = there.and_then(|file| std::str::from_utf8(file.content.as_deref()?).ok());
        let Some(text) = text else { return KubeletFields::new() };
        // Where nothing can be taken over, that is a verdict of the step that writes the file.
        let Ok(kept) = profile::kept(text, self.kubelet_version()) else { return KubeletFields::new() };
        let mut fields = kept.fields;
        if self.strange_config().is_none() {
            fields.retain(|key, _| profile::taken_over(text).any(|name| name == key));
        }
        fields
    }

    /// The CA's public half.
    pub fn ca(&self) -> Result<&'a CaInfo, Problem> {
        self.ca.ok_or_else(|| {
            Problem::new(ProblemCode::Ca00, "the CA is not known, so no certificate can be looked at")
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
                let problem = in_the_way(self.facts, wanted, file, put());
                Err(if problem.code == ProblemCode::File03 {
                    problem.way(Remedy::Skip)
                } else if self.worker.is_some() {
                    problem
                        .replace("and it is replaced; the old file is kept on the host for undo")
                        .way(Remedy::Skip)
                } else {
                    problem
                        .edit(PlanField::KubectlFile, "kubectl.file: another file, or kubectl.merge: true")
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
