//! systemd's units and the kubelet of a lab machine: what it reads when it is started, what keeps it from
//! working, and the containers it makes from the manifests.

use std::path::Path;

use serde_yaml::Value;

use crate::kube::kubeconfig::{Kubeconfig, Material};
use crate::lab::cluster::ClusterState;
use crate::lab::faults::Fault;
use crate::lab::flags::unknown_flags;
use crate::lab::machine::{LabMachine, Process};
use crate::lab::node::{Clocks, LabKubelet, LabNode, NodeLogin};
use crate::pki;
use crate::plan::action::sha256;
use crate::plan::minors;
use crate::plan::model::Version;
use crate::plan::remote::Remote;
use crate::plan::unit::UnitFact;
use crate::profile::{KUBELET, MANIFESTS};

/// How long a kubelet takes, milliseconds after it began to work.
#[derive(Clone, Copy)]
struct KubeletPace {
    /// Its node is there.
    there: u64,
    /// And is Ready.
    ready: u64,
}

/// Until 1.23 it looks at docker every ten seconds.
const WITH_DOCKER: KubeletPace = KubeletPace { there: 2_500, ready: 11_000 };
/// As it was seen of 1.37 with containerd.
const CURRENT: KubeletPace = KubeletPace { there: 700, ready: 1_400 };
/// A kubelet says how it is so often, milliseconds.
const HEARTBEAT: u64 = 10_000;
/// systemd tries again so often, milliseconds.
const RESTART_SEC: u64 = 10_000;

impl LabMachine {
    /// Whether systemd knows the unit.
    pub(crate) fn has_unit(&self, name: &str) -> bool {
        self.unit_file(name).is_some() || self.units.get(name).is_some_and(|unit| unit.builtin)
    }

    /// The unit file's text.
    pub(crate) fn unit_file(&self, name: &str) -> Option<Vec<u8>> {
        self.files.get(&format!("/etc/systemd/system/{name}.service")).map(|file| file.bytes.clone())
    }

    /// systemd forgets a unit that neither runs nor is enabled.
    pub(crate) fn forget_unit(&mut self, name: &str) {
        self.units.retain(|known, unit| known != name || unit.enabled || unit.active || unit.builtin);
    }

    /// What `systemctl show` says of a unit.
    pub(crate) fn look_unit(&self, name: &str, latest: u64) -> UnitFact {
        let name = name.trim_end_matches(".service");
        let unit = self.units.get(name).cloned().unwrap_or_default();
        if !self.has_unit(name) && !unit.active {
            return UnitFact {
                load: "not-found".into(),
                active: "inactive".into(),
                sub: "dead".into(),
                ..UnitFact::default()
            };
        }
        let file = self.unit_file(name);
        let is_runtime = self.runtime().is_some_and(|runtime| runtime.name() == name);
        let runs = unit.active && !(is_runtime && self.faults.has(&Fault::RuntimeDown));
        let mut look = UnitFact {
            load: "loaded".into(),
            active: if runs { "active" } else { "inactive" }.into(),
            sub: if runs { "running" } else { "dead" }.into(),
            file: if unit.enabled { "enabled" } else { "disabled" }.into(),
            restarts: Some(0),
            stale: !unit.builtin && unit.loaded.is_some() && unit.loaded != file,
            state: if runs { "S" } else { "" }.into(),
            ..UnitFact::default()
        };
        if let (true, Some(process)) = (name == "kubelet", &self.process) {
            look.journal = process.journal.iter().cloned().map(Remote::from).collect();
            if process.crashes {
                look.active = "activating".into();
                look.sub = "auto-restart".into();
                let times = latest.saturating_sub(process.started) / RESTART_SEC;
                look.restarts = Some(u32::try_from(times).unwrap_or(u32::MAX));
                look.state = Remote::default();
            } else {
                look.up_s = Some(latest.saturating_sub(process.tried) / 1000);
                if self.faults.has(&Fault::KubeletStopped) {
                    look.state = "T".into();
                }
            }
        }
        look
    }

    /// systemd starts the kubelet: it reads its files now.
    pub(crate) fn start_kubelet(&mut self, latest: u64) {
        self.faults.set.retain(|fault| *fault != Fault::KubeletStopped);
        self.process = Some(Process {
            started: latest,
            tried: latest,
            files: self.files.clone(),
            up: None,
            talks: None,
            works: None,
            node: None,
            registered: false,
            login: std::cell::OnceCell::new(),
            journal: Vec::new(),
            crashes: false,
        });
    }

    /// Lets the kubelet work up to now; `Some` = it talks to the API and this is what it says.
    pub(crate) fn work(&mut self, cluster: &ClusterState, clocks: Clocks, latest: u64) -> Option<LabKubelet> {
        if self.faults.has(&Fault::KubeletStopped) {
            return None;
        }
        let mut process = self.process.take()?;
        if process.crashes && latest >= process.tried.saturating_add(RESTART_SEC) {
            // systemd starts it again, and it reads its files again.
            process.tried = latest;
            process.registered = false;
            process.files.clone_from(&self.files);
            process.login = std::cell::OnceCell::new();
        }
        let verdict = self.judge(&process, cluster, clocks);
        let mut node = None;
        match verdict {
            FlagVerdict { crash: Some(lines), .. } => {
                process.journal = lines;
                process.crashes = true;
                process.up = None;
                (process.talks, process.works) = (None, None);
            }
            FlagVerdict { flags, complaint, identity, admitted, unready, .. } => {
                process.crashes = false;
                let first = if process.journal.is_empty() { process.started } else { latest };
                let up = *process.up.get_or_insert(first);
                process.journal = complaint;
                if self.runtime_runs() {
                    self.pods(&flags, &identity.name, up, latest);
                }
                if admitted {
                    process.talks.get_or_insert(first);
                    let fine = process.journal.is_empty();
                    let known = cluster.node(&identity.name);
                    if known.is_some() || !process.registered {
                        let pace = if self.has_containerd() { CURRENT } else { WITH_DOCKER };
                        node = tell(identity, &mut process, known, (fine, unready), (latest, pace));
                        process.registered |= node.is_some();
                    }
                } else {
                    process.talks = None;
                }
            }
        }
        let ready = node.as_ref().filter(|identity| identity.unready.is_empty());
        process.node = ready.map(|identity: &LabKubelet| identity.name.clone());
        self.process = Some(process);
        node
    }

    fn judge(&self, process: &Process, cluster: &ClusterState, clocks: Clocks) -> FlagVerdict {
        let unit = self.units.get("kubelet").and_then(|unit| unit.loaded.clone()).unwrap_or_default();
        let flags = exec_start(&String::from_utf8_lossy(&unit));
        let mut judged = FlagVerdict { flags, ..FlagVerdict::default() };
        let Some(version) = self.kubelet() else {
            let why = "kubelet.service: Main process exited, code=exited, status=203/EXEC";
            let lines =
                vec![format!("kubelet.service: Failed to locate executable {KUBELET}"), why.to_owned()];
            return FlagVerdict { crash: Some(lines), ..judged };
        };
        let crash = |line: String, status: &str| {
            let end = format!("kubelet.service: Main process exited, code=exited, status={status}");
            Some(vec![line, end, "kubelet.service: Failed with result 'exit-code'.".to_owned()])
        };
        if let Some(flag) = unknown_flags(&version, &judged.flags).first() {
            judged.crash = crash(format!("unknown flag: {flag}"), "2/INVALIDARGUMENT");
            return judged;
        }
        judged.identity = LabKubelet {
            name: judged.flag("hostname-override").unwrap_or(&self.build.hostname).to_owned(),
            address: judged
                .flag("node-ip")
                .or(self.build.addresses.first().map(String::as_str))
                .unwrap_or_default()
                .to_owned(),
            version: version.clone(),
            ..LabKubelet::default()
        };
        let login = process.login.get_or_init(|| self.login(process, &judged, cluster));
        let login = match login {
            Ok(login) => login,
            Err(line) => {
                judged.crash = crash(line.clone(), "255/EXCEPTION");
                return judged;
            }
        };
        let rbac = Version::parse(&version).is_some_and(|version| minors::RBAC.holds(version));
        if rbac && self.build.swap {
            let line = "failed to run Kubelet: running with swap on is not supported, please disable swap!";
            judged.crash = crash(line.to_owned(), "255/EXCEPTION");
            return judged;
        }
        judged.identity.full = self.faults.has(&Fault::DiskFull);
        if self.has_containerd() {
            judged.identity.runtime = format!("containerd://{}", self.build.containerd);
            match self.cri_refuses() {
                Some(why) if process.up.is_none() => {
                    judged.crash =
                        crash(command_failed(&format!("failed to run Kubelet: {why}")), "1/FAILURE");
                    return judged;
                }
                Some(_) => {
                    judged.complaint.push(format!("\"Skipping pod synchronization\" err=\"{RUNTIME_DOWN}\""));
                }
                None if !self.has_pod_network() => {
                    judged.complaint.push(format!(
                        "\"Container runtime network not ready\" networkReady=\"{NO_NETWORK}\""
                    ));
                    judged.unready = format!("container runtime network not ready: {NO_NETWORK}");
                }
                None => {}
            }
        } else {
            judged.identity.runtime = format!("docker://{}", self.build.docker);
            if !self.runtime_runs() {
                judged.complaint.push(format!("skipping pod synchronization - [{RUNTIME_DOWN}]"));
            }
        }
        if self.faults.has(&Fault::NoRoute) || self.faults.has(&Fault::Mute) {
            judged.complaint.push(format!("dial tcp {}: i/o timeout", cluster.host()));
        } else if self.faults.has(&Fault::NoApi) || self.faults.has(&Fault::Unreachable) {
            judged.complaint.push(format!("dial tcp: lookup {}: no such host", cluster.host()));
        } else if let Err(line) = cluster.admits(login, &judged.identity.name, clocks) {
            judged.complaint.push(line);
        } else {
            judged.admitted = true;
        }
        judged
    }

    /// The kubeconfig the kubelet read, with its certificate checked against its key.
    fn login(
        &self,
        process: &Process,
        judged: &FlagVerdict,
        cluster: &ClusterState,
    ) -> Result<NodeLogin, String> {
        let read = |path: &str| {
            let file =
                process.files.get(path).ok_or_else(|| format!("open {path}: no such file or directory"))?;
            Ok::<_, String>(file.bytes.clone())
        };
        let config = match judged.flag("config") {
            Some(path) if path != MANIFESTS => Some(String::from_utf8_lossy(&read(path)?).into_owned()),
            Some(_) | None => None,
        };
        if let Some(text) = &config {
            let value: Value = serde_yaml::from_str(text)
                .map_err(|_| "failed to load Kubelet config file: yaml: cannot be read".to_owned())?;
            let driver = value.get("cgroupDriver").and_then(Value::as_str).unwrap_or("cgroupfs");
            if self.has_containerd() {
                let fails = value.get("failCgroupV1").and_then(Value::as_bool).unwrap_or(true);
                if self.build.cgroup == 1 && fails {
                    let why = "kubelet is configured to not run on a host using cgroup v1";
                    return Err(command_failed(&format!(
                        "failed to validate kubelet configuration, error: {why}"
                    )));
                }
            } else if driver != self.build.cgroup_driver {
                let docker = &self.build.cgroup_driver;
                return Err(format!(
                    "failed to run Kubelet: misconfiguration: kubelet cgroup driver: \"{driver}\" is different from docker cgroup driver: \"{docker}\""
                ));
            }
            for field in ["tlsCertFile", "tlsPrivateKeyFile"] {
                read(value.get(field).and_then(Value::as_str).unwrap_or_default())?;
            }
        }
        for flag in ["tls-cert-file", "tls-private-key-file"] {
            if let Some(path) = judged.flag(flag) {
                read(path)?;
            }
        }
        let path = judged.flag("kubeconfig").unwrap_or("/var/lib/kubelet/kubeconfig");
        let text = String::from_utf8_lossy(&read(path)?).into_owned();
        let target = Kubeconfig::parse(&text, Path::new(path))
            .and_then(|parsed| parsed.find(None))
            .map_err(|error| format!("invalid kubeconfig: {error}"))?;
        let material = |material: Option<&Material>| match material {
            Some(Material::File(path)) => read(&path.display().to_string()),
            Some(Material::Data(bytes)) => Ok(bytes.to_vec()),
            None => Err(format!("invalid configuration: {path} names no certificate")),
        };
        let (ca, cert) = (material(target.ca.as_ref())?, material(target.cert.as_ref())?);
        let key = material(target.key.as_ref())?;
        let cert = pki::examine(&cert)
            .map_err(|_| "tls: failed to find any PEM data in certificate input".to_owned())?;
        let public = openssl::pkey::PKey::private_key_from_pem_callback(&key, |_| Ok(0))
            .and_then(|key| key.public_key_to_der())
            .map_err(|_| "tls: failed to parse private key".to_owned())?;
        if sha256(&public) != cert.spki_sha256 {
            return Err("tls: private key does not match public key".to_owned());
        }
        let server = judged.flag("api-servers").map(str::to_owned).or(target.server).unwrap_or_default();
        let ca = pki::examine(&ca).map(|ca| ca.fingerprint).unwrap_or_default();
        let signed = cluster.ca.signed(&cert);
        Ok(NodeLogin { server, ca, cert, signed })
    }
}

/// What a kubelet says without a container runtime.
const RUNTIME_DOWN: &str = "container runtime is down";
/// What a kubelet says of a runtime that has no network for its pods.
const NO_NETWORK: &str = "NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni \
    plugin not initialized";

/// The last line of a kubelet of today that does not start.
fn command_failed(why: &str) -> String {
    format!("\"command failed\" err=\"{}\"", why.replace('"', "\\\""))
}

/// What a kubelet says before it has looked at its container runtime.
const NOT_LOOKED: &str = "[container runtime status check may not have completed yet]";

/// What a kubelet says of its node; `fine` = nothing else is wrong with it, else this is.
fn tell(
    mut identity: LabKubelet,
    process: &mut Process,
    known: Option<&LabNode>,
    (fine, wrong): (bool, String),
    (latest, pace): (u64, KubeletPace),
) -> Option<LabKubelet> {
    let talks = process.talks?;
    let there = talks.saturating_add(pace.there);
    // One whose node is Ready already needs no time to become so.
    let first = known.is_none_or(|node| !node.unready.is_empty())
        && process.works.is_none_or(|(worked, since)| !worked && since < talks.saturating_add(pace.ready));
    let ready = if first { talks.saturating_add(pace.ready) } else { there };
    if latest < there {
        return None;
    }
    let works = fine && latest >= ready;
    let since = match process.works {
        Some((worked, since)) if worked == works => since,
        Some(_) if works && first => ready,
        None if works => ready,
        None => there,
        Some(_) => latest,
    };
    process.works = Some((works, since));
    let why = match (works, fine) {
        (true, _) => "",
        (false, true) => NOT_LOOKED,
        (false, false) if wrong.is_empty() => RUNTIME_DOWN,
        (false, false) => &wrong,
    };
    why.clone_into(&mut identity.unready);
    let beats = latest.saturating_sub(since) / HEARTBEAT;
    identity.said = since.saturating_add(beats.saturating_mul(HEARTBEAT));
    (identity.since, identity.talks) = (since, talks);
    Some(identity)
}

/// What becomes of a kubelet's start.
#[derive(Default)]
struct FlagVerdict {
    flags: Vec<String>,
    crash: Option<Vec<String>>,
    complaint: Vec<String>,
    identity: LabKubelet,
    /// Why its node is not Ready, where it is not the runtime that is down.
    unready: String,
    /// The API takes what it says.
    admitted: bool,
}

impl FlagVerdict {
    fn flag(&self, name: &str) -> Option<&str> {
        self.flags.iter().find_map(|flag| flag.strip_prefix("--")?.strip_prefix(name)?.strip_prefix('='))
    }
}

/// The arguments of `ExecStart`.
fn exec_start(unit: &str) -> Vec<String> {
    let joined = unit.replace("\\\n", " ");
    let line = joined.lines().find_map(|line| line.trim().strip_prefix("ExecStart=")).unwrap_or_default();
    let words = shell_words::split(line).unwrap_or_default();
    words.into_iter().skip(1).map(|word| word.replace("%%", "%").replace("$$", "$")).collect()
}
