//! L0: what each Kubernetes wants written. A profile is chosen from the versions the machines report, never
//! by default; it names the certificates, files, flags and images of a worker, and touches nothing.

mod render;
mod v1_16;
mod v1_2;

use crate::plan::action::{CertificateSpec, KeyAlgorithm};
use crate::plan::fact::{FlagSet, Machine};
use crate::plan::model::{Dns, DnsKind, Plan, Version, Worker};
use crate::plan::problem::Problem;

pub use render::RenderError;
pub use v1_2::{DIFFERENCES, Difference};

/// Where the kubelet binary is expected.
pub const KUBELET: &str = "/usr/local/bin/kubelet";
/// Where static pods are read from.
pub const MANIFESTS: &str = "/etc/kubernetes/manifests";
/// The unit file.
pub const UNIT: &str = "/etc/systemd/system/kubelet.service";
/// Folder of the worker's keys and certificates.
pub const SSL: &str = "/etc/kubernetes/ssl";
/// The kubelet's kubeconfig.
pub const KUBECONFIG: &str = "/etc/kubernetes/worker-kubeconfig.yaml";
/// kube-proxy's kubeconfig, where it has an identity of its own.
pub const PROXY_KUBECONFIG: &str = "/etc/kubernetes/kube-proxy-kubeconfig.yaml";
/// The kubelet's configuration file (1.10 and later).
pub const KUBELET_CONFIG: &str = "/var/lib/kubelet/config.yaml";

/// What a Kubernetes wants written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// 1.2: the post.
    V1_2,
    /// 1.16 to 1.23: the last with dockershim.
    V1_16,
}

/// A key pair with its certificate on a worker.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// `kubelet` or `kube-proxy`.
    pub name: &'static str,
    /// Private key.
    pub key: String,
    /// Certificate.
    pub cert: String,
    /// Key kind.
    pub kind: KeyAlgorithm,
    /// What the certificate says.
    pub wish: CertificateSpec,
}

/// A file a profile wants.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredFile {
    /// Absolute path.
    pub path: String,
    /// Text.
    pub text: String,
}

/// A kubelet flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// `--name=value`.
    pub text: String,
    /// Without it the node would not be what was asked for; an optional one is dropped with a note when the
    /// kubelet's parser refuses it.
    pub required: bool,
}

impl Flag {
    /// `--name`.
    pub fn name(&self) -> &str {
        self.text.split('=').next().unwrap_or(&self.text)
    }
}

/// What a profile is asked for: one worker of a plan and what is known of its machine.
#[derive(Debug, Clone, Copy)]
pub struct NodeSetup<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The worker.
    pub worker: &'a Worker,
    /// Its machine.
    pub machine: &'a Machine,
    /// Docker's cgroup driver.
    pub cgroup_driver: &'a str,
    /// The kubelet's version.
    pub kubelet: Version,
    /// Flags its parser refuses.
    pub refused: &'a [String],
    /// flanneld is installed as a unit.
    pub flannel: bool,
}

/// Chooses the profile for a kubelet.
///
/// # Errors
/// A problem in words when this version has no profile, or when the kubelet is newer than the API server.
pub fn choose(kubelet: Version, api: Option<Version>) -> Result<Profile, Problem> {
    if let Some(api) = api
        && (kubelet.major, kubelet.minor) > (api.major, api.minor)
    {
        return Err(Problem::new(
            "E-VERSION-02",
            format!("the kubelet ({kubelet}) is newer than the API server ({api})"),
        )
        .seen("a kubelet may be older than its API server, never newer")
        .manual(format!("install a kubelet of v{}.{} on the worker", api.major, api.minor)));
    }
    match (kubelet.major, kubelet.minor) {
        (1, 2) => Ok(Profile::V1_2),
        (1, 16..=23) => Ok(Profile::V1_16),
        (1, minor) if minor >= 24 => Err(Problem::new(
            "E-VERSION-01",
            format!("kubelet {kubelet} needs containerd or cri-dockerd, which gangplank cannot set up yet"),
        )
        .seen("profiles so far: v1.2 (the post) and v1.16 to v1.23 (docker)")
        .manual("use a kubelet of v1.16 to v1.23, or onboard this worker by other means")),
        _ => Err(Problem::new("E-VERSION-01", format!("there is no profile for kubelet {kubelet}"))
            .seen("profiles so far: v1.2 (the post) and v1.16 to v1.23 (docker)")
            .manual("use a kubelet of v1.2 or of v1.16 to v1.23")),
    }
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
        };
        FlagSet {
            versions: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(),
            flags: profile.flags(&setup).into_iter().map(|flag| flag.text).collect(),
        }
    };
    let v = |minor| Version { major: 1, minor, patch: 0 };
    vec![set(Profile::V1_2, v(2), &["v1.2.*"]), set(Profile::V1_16, v(20), &["v1.1[6-9].*", "v1.2[0-3].*"])]
}

impl Profile {
    /// Its name on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::V1_2 => "v1.2",
            Self::V1_16 => "v1.16-1.23",
        }
    }

    /// Where the CA certificate is on a worker.
    pub fn ca_path(self) -> &'static str {
        match self {
            Self::V1_2 => "/etc/ssl/etcd/ca.crt",
            Self::V1_16 => "/etc/kubernetes/ssl/ca.crt",
        }
    }

    /// The key pairs of a worker.
    pub fn identities(self, plan: &Plan, worker: &Worker) -> Vec<Identity> {
        match self {
            Self::V1_2 => v1_2::identities(plan, worker),
            Self::V1_16 => v1_16::identities(plan, worker),
        }
    }

    /// Whether the node registers under the plan's name, whatever the machine calls itself.
    pub fn overrides_name(self, plan: &Plan) -> bool {
        match self {
            Self::V1_2 => v1_2::on(plan, "hostname-override"),
            Self::V1_16 => true,
        }
    }

    /// The server a worker's kubeconfig names; `None` = the flags alone name it, as in the post.
    pub fn kubeconfig_server(self, plan: &Plan) -> Option<String> {
        match self {
            Self::V1_2 if !v1_2::on(plan, "server") => None,
            Self::V1_2 | Self::V1_16 => Some(plan.cluster.api.url()),
        }
    }

    /// The kubelet's flags.
    pub fn flags(self, setup: &NodeSetup) -> Vec<Flag> {
        let mut flags = match self {
            Self::V1_2 => v1_2::flags(setup),
            Self::V1_16 => v1_16::flags(setup),
        };
        flags
            .extend(setup.worker.kubelet_args.iter().map(|text| Flag { text: text.clone(), required: true }));
        flags
    }

    /// The unit, and the configuration file where the profile has one.
    ///
    /// # Errors
    /// A template and its values do not fit: a bug.
    pub fn kubelet_files(self, setup: &NodeSetup) -> Result<Vec<DesiredFile>, RenderError> {
        let flags: Vec<String> = self
            .flags(setup)
            .into_iter()
            .filter(|flag| flag.required || !setup.refused.iter().any(|refused| refused == flag.name()))
            .map(|flag| flag.text)
            .collect();
        let mut files = vec![DesiredFile { path: UNIT.to_owned(), text: render::unit(setup, &flags, self)? }];
        if self == Self::V1_16 {
            files.push(DesiredFile { path: KUBELET_CONFIG.to_owned(), text: v1_16::config(setup)? });
        }
        Ok(files)
    }

    /// The kube-proxy static pod.
    ///
    /// # Errors
    /// A template and its values do not fit: a bug.
    pub fn kube_proxy(self, setup: &NodeSetup) -> Result<DesiredFile, RenderError> {
        match self {
            Self::V1_2 => v1_2::kube_proxy(setup),
            Self::V1_16 => v1_16::kube_proxy(setup),
        }
    }

    /// Images a worker needs before anything runs: kube-proxy's and pause.
    pub fn images(self, plan: &Plan, kubelet: Version) -> Vec<String> {
        let (proxy, pause) = match self {
            Self::V1_2 => ("quay.io/coreos/hyperkube:v1.2.2_coreos.0".to_owned(), v1_2::PAUSE.to_owned()),
            Self::V1_16 => (format!("k8s.gcr.io/kube-proxy:{kubelet}"), v1_16::pause(kubelet).to_owned()),
        };
        vec![plan.images.kube_proxy.clone().unwrap_or(proxy), plan.images.pause.clone().unwrap_or(pause)]
    }
}

/// Images of the cluster's DNS pods.
pub fn dns_images(plan: &Plan) -> Vec<(&'static str, String)> {
    let pick = |own: &Option<String>, default: &str| own.clone().unwrap_or_else(|| default.to_owned());
    let images = &plan.images;
    match plan.dns.deploy {
        DnsKind::KubeDnsV11 => vec![
            ("etcd", pick(&images.etcd, "gcr.io/google_containers/etcd-amd64:2.2.1")),
            ("kube2sky", pick(&images.kube2sky, "gcr.io/google_containers/kube2sky:1.14")),
            ("skydns", pick(&images.skydns, "gcr.io/google_containers/skydns:2015-10-13-8c72f8c")),
            ("healthz", pick(&images.healthz, "gcr.io/google_containers/exechealthz:1.0")),
        ],
        DnsKind::CoreDns => vec![("coredns", pick(&images.coredns, "k8s.gcr.io/coredns:1.7.0"))],
        DnsKind::None => Vec::new(),
    }
}

/// The objects of the cluster's DNS, in the order they are applied. `rbac` = the API knows RBAC, so the pods
/// need a service account that may list services.
///
/// # Errors
/// A template and its values do not fit: a bug.
pub fn dns_objects(plan: &Plan, rbac: bool) -> Result<Vec<serde_json::Value>, RenderError> {
    let Dns { deploy, .. } = &plan.dns;
    let template = match deploy {
        DnsKind::KubeDnsV11 => include_str!("../../assets/manifests/kube-dns-v11.yaml"),
        DnsKind::CoreDns => include_str!("../../assets/manifests/coredns.yaml"),
        DnsKind::None => return Ok(Vec::new()),
    };
    render::dns(template, plan, rbac, &dns_images(plan))
}
