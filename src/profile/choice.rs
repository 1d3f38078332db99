//! The profiles: which one a kubelet gets, and what each answers. What is written stands in a file of its own for
//! each, `v1_2.rs` and `v1_16.rs`.

use super::difference::on;
use super::node::{DesiredFile, Flag, Identity, NodeSetup};
use super::paths::{KUBELET_CONFIG, UNIT};
use super::render::{self, RenderError};
use super::{current, v1_2, v1_16};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FlagSet, Machine};
use crate::plan::kubelet_fields::KubeletFields;
use crate::plan::minors::{self, Skew};
use crate::plan::model::{Plan, Version, Worker};
use crate::plan::problem::Problem;
use crate::plan::runtime_fact::RuntimeKind;

/// What a Kubernetes wants written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// 1.2: the post.
    V1_2,
    /// 1.16 to 1.23: the last with dockershim.
    V1_16,
    /// 1.24 and later: containerd.
    Current,
}

/// Chooses the profile for a kubelet.
///
/// # Errors
/// A problem in words when this version has no profile, or when the API server does not serve such a kubelet.
pub fn choose(kubelet: Version, api: Option<Version>) -> Result<Profile, Problem> {
    if let Some(api) = api {
        fits(kubelet, api)?;
    }
    if minors::THE_POST.holds(kubelet) {
        Ok(Profile::V1_2)
    } else if minors::DOCKERSHIM.holds(kubelet) {
        Ok(Profile::V1_16)
    } else if minors::CRI_ONLY.holds(kubelet) {
        Ok(Profile::Current)
    } else {
        let served = "v1.2 (the post), v1.16 to v1.23 with docker, and v1.24 on with containerd";
        Err(Problem::new(ProblemCode::Version01, format!("there is no profile for kubelet {kubelet}"))
            .seen(format!("profiles: {served}"))
            .manual("use a kubelet of one of these versions"))
    }
}

/// Whether the API server serves this kubelet.
fn fits(kubelet: Version, api: Version) -> Result<(), Problem> {
    let (code, what, rule) = match minors::skew(kubelet, api) {
        Skew::Served => return Ok(()),
        Skew::Newer => (
            ProblemCode::Version02,
            format!("the kubelet ({kubelet}) is newer than the API server ({api})"),
            "a kubelet may be older than its API server, never newer".to_owned(),
        ),
        Skew::TooOld { most } => (
            ProblemCode::Version03,
            format!("the kubelet ({kubelet}) is too old for the API server ({api})"),
            format!("an API server of this version serves kubelets that are {most} minors older at most"),
        ),
    };
    let minor = api.without_patch();
    Err(Problem::new(code, what).seen(rule).manual(format!("install a kubelet of {minor} on the worker")))
}

/// The flags every profile would try on this worker, for one exec that does not know the version yet.
pub fn flag_sets(plan: &Plan, worker: &Worker) -> Vec<FlagSet> {
    let machine = Machine { cni: true, ..Machine::default() };
    let set = |profile: Profile, version: Version, patterns: &[&str]| {
        let setup = NodeSetup {
            plan,
            worker,
            machine: &machine,
            cgroup_driver: "cgroupfs",
            kubelet: version,
            refused: &[],
            flannel: false,
            kept: KubeletFields::new(),
        };
        FlagSet {
            versions: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(),
            flags: profile.flags(&setup).into_iter().map(|flag| flag.text).collect(),
            runtime: profile.runtime(),
        }
    };
    let v = |minor| Version { major: 1, minor, patch: 0 };
    vec![
        set(Profile::V1_2, v(2), &["v1.2.*"]),
        set(Profile::V1_16, v(20), &["v1.1[6-9].*", "v1.2[0-3].*"]),
        set(Profile::Current, v(24), &["v1.2[4-6].*"]),
        set(Profile::Current, v(27), &["v1.2[7-9].*", "v1.[3-9][0-9].*"]),
    ]
}

/// The port on loopback where the kubelet of a worker says whether it is well; `None` = it is told not to.
pub fn healthz_port(worker: &Worker) -> Option<u16> {
    let value = |name: &str| {
        worker.kubelet_args.iter().rev().find_map(|arg| arg.strip_prefix(name)?.strip_prefix('='))
    };
    let loopback = value("--healthz-bind-address").is_none_or(|at| {
        at.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
    });
    let field = worker.kubelet_config.get("healthzPort").and_then(serde_json::Value::as_u64);
    let port = match (value("--healthz-port"), field) {
        (Some(flag), _) => flag.parse().ok(),
        (None, Some(field)) => u16::try_from(field).ok(),
        (None, None) => Some(10_248),
    };
    port.filter(|port| *port != 0 && loopback)
}

impl Profile {
    /// Its name on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::V1_2 => "v1.2",
            Self::V1_16 => "v1.16-1.23",
            Self::Current => "current",
        }
    }

    /// The runtime that a kubelet's unit of ours waits for, by the unit's text; `None` = it names none.
    pub fn runtime_of_unit(unit: &str) -> Option<RuntimeKind> {
        let after = unit.lines().find_map(|line| line.trim().strip_prefix("After="))?;
        after
            .split_whitespace()
            .find_map(|word| RuntimeKind::named(word.strip_suffix(".service").unwrap_or(word)))
    }

    /// All of them.
    pub const ALL: [Self; 3] = [Self::V1_2, Self::V1_16, Self::Current];

    /// Which kubelets have which runtime, in words.
    pub const RUNTIMES: &str =
        "kubelets to v1.23 have docker through dockershim; from v1.24 on they need containerd";

    /// What runs the containers of its workers.
    pub fn runtime(self) -> RuntimeKind {
        match self {
            Self::V1_2 | Self::V1_16 => RuntimeKind::Docker,
            Self::Current => RuntimeKind::Containerd,
        }
    }

    /// Where the CA certificate is on a worker.
    pub fn ca_path(self) -> &'static str {
        match self {
            Self::V1_2 => v1_2::CA_PATH,
            Self::V1_16 | Self::Current => v1_16::CA_PATH,
        }
    }

    /// The key pairs of a worker.
    pub fn identities(self, plan: &Plan, worker: &Worker) -> Vec<Identity> {
        match self {
            Self::V1_2 => v1_2::identities(plan, worker),
            Self::V1_16 | Self::Current => v1_16::identities(plan, worker),
        }
    }

    /// Whether the node registers under the plan's name, whatever the machine calls itself.
    pub fn overrides_name(self, plan: &Plan) -> bool {
        match self {
            Self::V1_2 => on(plan, "hostname-override"),
            Self::V1_16 | Self::Current => true,
        }
    }

    /// The server a worker's kubeconfig names; `None` = the flags alone name it, as in the post.
    pub fn kubeconfig_server(self, plan: &Plan) -> Option<String> {
        match self {
            Self::V1_2 if !on(plan, "server") => None,
            Self::V1_2 | Self::V1_16 | Self::Current => Some(plan.cluster.api.url()),
        }
    }

    /// The kubelet's flags.
    pub fn flags(self, setup: &NodeSetup) -> Vec<Flag> {
        let mut flags = match self {
            Self::V1_2 => v1_2::flags(setup),
            Self::V1_16 => v1_16::flags(setup),
            Self::Current => current::flags(setup),
        };
        flags
            .extend(setup.worker.kubelet_args.iter().map(|text| Flag { text: text.clone(), required: true }));
        flags
    }

    /// The flags as the unit has them: without those that can be spared and that the kubelet refuses.
    pub fn unit_flags(self, setup: &NodeSetup) -> Vec<String> {
        let refused = |flag: &Flag| setup.refused.iter().any(|refused| refused == flag.name());
        let flags = self.flags(setup).into_iter().filter(|flag| flag.required || !refused(flag));
        flags.map(|flag| flag.text).collect()
    }

    /// The unit, and the configuration file where the profile has one.
    ///
    /// # Errors
    /// A template and its values do not fit: a bug.
    pub fn kubelet_files(self, setup: &NodeSetup) -> Result<Vec<DesiredFile>, RenderError> {
        let text = render::unit(&self.unit_flags(setup), self.runtime().name(), &self.unit_wants(setup))?;
        let mut files = vec![DesiredFile { path: UNIT.to_owned(), text }];
        let config = match self {
            Self::V1_2 => None,
            Self::V1_16 => Some(v1_16::config(setup)?),
            Self::Current => Some(current::config(setup)?),
        };
        files.extend(config.map(|text| DesiredFile { path: KUBELET_CONFIG.to_owned(), text }));
        Ok(files)
    }

    /// Units that the kubelet's pulls in.
    fn unit_wants(self, setup: &NodeSetup) -> Vec<&'static str> {
        let wants = |difference: &str| self != Self::V1_2 || on(setup.plan, difference);
        let mut units = Vec::new();
        match self.runtime() {
            RuntimeKind::Docker if wants("wants-docker") => units.push("docker.service"),
            RuntimeKind::Docker => {}
            RuntimeKind::Containerd => units.push("containerd.service"),
        }
        if self != Self::Current && setup.flannel && wants("wants-flannel") {
            units.push("flanneld.service");
        }
        units
    }

    /// The kube-proxy static pod.
    ///
    /// # Errors
    /// A template and its values do not fit: a bug.
    pub fn kube_proxy(self, setup: &NodeSetup) -> Result<DesiredFile, RenderError> {
        match self {
            Self::V1_2 => v1_2::kube_proxy(setup),
            Self::V1_16 => v1_16::kube_proxy(setup),
            Self::Current => current::kube_proxy(setup),
        }
    }

    /// Images a worker needs before anything runs: kube-proxy's and pause.
    pub fn images(self, plan: &Plan, kubelet: Version) -> Vec<String> {
        match self {
            Self::V1_2 => v1_2::images(plan).to_vec(),
            Self::V1_16 => v1_16::images(plan, kubelet).to_vec(),
            Self::Current => current::images(plan, kubelet).to_vec(),
        }
    }
}
