//! A lab written down in YAML: machines, images, tars, the API. Keys and certificates are made when it is set
//! up; what each machine does wrong stands in it too, and what happened before it is seen (`past`).

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::lab::cluster::ClusterState;
use crate::lab::faults::Fault;
use crate::lab::machine::{Build, LabMachine, LabTar};
use crate::lab::seed::{Draw, Seed};
use crate::lab::state::{HERE, Lab};
use crate::pki::{self, CaInfo, CaSigner, NewKey, PkiError, Request, San, Usages};
use crate::plan::action::sha256;
use crate::plan::fact::ImageFact;
use crate::plan::model::{ApiAddress, Version};

/// The lab of three workers that join a cluster for the first time.
pub const FIRST_CLUSTER: &str = include_str!("../../assets/labs/first-cluster.yaml");
/// The plan that goes with [`FIRST_CLUSTER`].
pub const FIRST_CLUSTER_PLAN: &str = include_str!("../../assets/labs/first-cluster.plan.yaml");
/// The lab of workers that failed: an old certificate, a wrong clock, a stopped Docker.
pub const FAILED_WORKER: &str = include_str!("../../assets/labs/failed-worker.yaml");

/// A lab cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// It is not the YAML it should be.
    #[error("the lab's description cannot be read: {0}")]
    Yaml(#[from] serde_yaml::Error),
    /// Its certificates could not be made.
    #[error("the lab's certificates cannot be made: {0}")]
    Pki(#[from] PkiError),
    /// A value does not fit.
    #[error("the lab's description says {0}, which does not fit")]
    Value(String),
}

/// A lab as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabSetup {
    /// What its clock shows first.
    #[serde(default = "morning")]
    pub clock: Timestamp,
    /// Home folder of the operator.
    #[serde(default = "home")]
    pub home: String,
    /// The CA.
    pub ca: CaSetup,
    /// The cluster.
    pub cluster: ClusterSetup,
    /// Images in tars, by the tar's path, on every worker or `here:` on the operator's computer.
    #[serde(default)]
    pub tars: BTreeMap<String, Vec<String>>,
    /// The workers.
    pub workers: Vec<WorkerSetup>,
    /// What happened before, oldest first; whoever sets the lab up plays it.
    #[serde(default)]
    pub past: Vec<Past>,
}

/// Something that happened before the lab's clock shows its first time.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Past {
    /// So many days before.
    pub days_ago: u32,
    /// And so many hours.
    pub hours_ago: u32,
    /// These workers were onboarded with the lab's plan.
    pub onboard: Vec<String>,
    /// The API got a new certificate.
    pub renew_api: bool,
    /// Docker was stopped on these workers.
    pub stop_docker: Vec<String>,
    /// The clocks of these workers went off by so many minutes.
    pub clock_off: BTreeMap<String, i64>,
}

/// Where the CA is: on a host, or on the operator's computer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaSetup {
    /// The host; none = here.
    pub host: Option<String>,
    /// Certificate file.
    pub cert: String,
    /// Key file.
    pub key: String,
    /// Its common name.
    #[serde(default = "lab_ca")]
    pub name: String,
    /// Its key is RSA, whose signatures are the same on every take.
    #[serde(default)]
    pub rsa: bool,
}

/// The cluster.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterSetup {
    /// Name or address of the API.
    pub api: String,
    /// Its port.
    #[serde(default = "https")]
    pub port: u16,
    /// What the name resolves to.
    pub address: Option<IpAddr>,
    /// Its version.
    pub version: String,
    /// Service addresses.
    pub service_range: IpNet,
    /// How long its first certificate is good.
    #[serde(default = "year")]
    pub days: u32,
}

/// A worker.
#[expect(clippy::struct_excessive_bools, reason = "each is a yes-or-no of its own, none a state")]
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerSetup {
    /// Name of the machine, and what `uname -n` says.
    pub name: String,
    /// Its address.
    pub address: IpAddr,
    /// Login user.
    #[serde(default = "root")]
    pub user: String,
    /// The password sudo asks for.
    pub sudo_password: Option<String>,
    /// Version of its kubelet; empty = none.
    pub kubelet: String,
    /// Docker's version; a worker that has containerd has none.
    #[serde(default = "docker")]
    pub docker: String,
    /// containerd's version.
    #[serde(default)]
    pub containerd: String,
    /// Its configuration file; none = there is none.
    pub containerd_config: Option<String>,
    /// It has crictl.
    #[serde(default)]
    pub crictl: bool,
    /// 1 or 2.
    #[serde(default = "first")]
    pub cgroup: u8,
    /// Its kernel has no `br_netfilter` loaded.
    #[serde(default)]
    pub no_bridge_filter: bool,
    /// flanneld runs as a unit.
    #[serde(default)]
    pub flannel: bool,
    /// Images it has.
    #[serde(default)]
    pub images: Vec<String>,
    /// DNS tools it has.
    #[serde(default)]
    pub dns_tools: Vec<String>,
    /// Milliseconds its clock is off.
    #[serde(default)]
    pub clock_off_ms: i64,
    /// Docker does not run.
    #[serde(default)]
    pub docker_down: bool,
    /// Its connection is lost in the middle of the first file that is sent to it.
    #[serde(default)]
    pub cut_sending: bool,
    /// It has a certificate of our CA that ended so many days ago.
    pub expired_days: Option<u32>,
}

fn morning() -> Timestamp {
    Timestamp::from_second(1_795_420_800).unwrap_or(Timestamp::UNIX_EPOCH)
}
fn home() -> String {
    "/home/op".to_owned()
}
fn year() -> u32 {
    365
}
fn https() -> u16 {
    443
}
fn lab_ca() -> String {
    "lab-ca".to_owned()
}
fn root() -> String {
    "root".to_owned()
}
fn first() -> u8 {
    1
}
fn docker() -> String {
    "20.10.24".to_owned()
}

/// An image's id in every lab: made from its name.
pub fn image(name: &str) -> ImageFact {
    ImageFact { name: name.into(), id: sha256(name.as_bytes()).into() }
}

impl LabSetup {
    /// Reads a description.
    pub fn read(text: &str) -> Result<Self, LabError> {
        Ok(serde_yaml::from_str(text)?)
    }

    /// Sets it up; nothing in it is as in another one.
    pub fn lab(&self) -> Result<Lab, LabError> {
        self.lab_of(None)
    }

    /// Sets it up; the same seed gives the same keys, serials and names.
    pub fn lab_of(&self, seed: Option<u64>) -> Result<Lab, LabError> {
        let mut seed = Seed::new(seed)?;
        // The CA is a year old, so that certificates that ended can have been of it.
        let born = self.clock.saturating_sub(SignedDuration::from_hours(24 * 500)).unwrap_or(self.clock);
        let kind = if self.ca.rsa { NewKey::Rsa2048 } else { NewKey::P256 };
        let draw = seed.next("ca");
        let made = CaSigner::make_with(&self.ca.name, draw.key(kind)?.as_bytes(), 3650, draw.serial(), born)?;
        let ca = CaSigner::load(made.cert.as_bytes(), made.key.as_bytes(), None, self.clock)?;
        let cluster = self.cluster(&ca, &seed.next("api"))?;
        let workers = self.workers.iter().map(|worker| self.worker(worker, &ca, &seed.next(&worker.name)));
        let workers = workers.collect::<Result<Vec<_>, _>>()?;
        let lab = Lab::new(self.start(), cluster, self.here(), seed);
        let files = |machine: &mut LabMachine| {
            machine.write(&self.ca.cert, made.cert.as_bytes(), "644", "root:root");
            machine.write(&self.ca.key, made.key.as_bytes(), "600", "root:root");
        };
        match &self.ca.host {
            None => lab.machine(HERE, files),
            Some(host) => {
                let build = Build {
                    hostname: host.clone(),
                    addresses: vec![host.clone()],
                    docker: String::new(),
                    kubelet: String::new(),
                    ..Build::default()
                };
                let mut machine = LabMachine::new(build);
                files(&mut machine);
                lab.add(host, machine);
                None
            }
        };
        for (worker, machine) in self.workers.iter().zip(workers) {
            lab.add(&worker.name, machine);
            if worker.clock_off_ms != 0 {
                lab.fault(&worker.name, Fault::ClockOff(worker.clock_off_ms));
            }
            if worker.docker_down {
                lab.fault(&worker.name, Fault::RuntimeDown);
            }
            if worker.cut_sending {
                lab.fault(&worker.name, Fault::CutWhileSending);
            }
        }
        Ok(lab)
    }

    /// When something of the past happened.
    pub fn when(&self, past: &Past) -> Timestamp {
        let hours = i64::from(past.days_ago).saturating_mul(24).saturating_add(i64::from(past.hours_ago));
        self.clock.saturating_sub(SignedDuration::from_hours(hours)).unwrap_or(self.clock)
    }

    /// The first time anything happens.
    fn start(&self) -> Timestamp {
        self.past.iter().map(|past| self.when(past)).min().unwrap_or(self.clock)
    }

    /// The API gets a new certificate.
    pub fn renew_api(&self, lab: &Lab) -> Result<(), LabError> {
        let now = lab.clock().now();
        let host = self.ca.host.as_deref().unwrap_or(HERE);
        let read = |path: &str| {
            let file = lab.machine(host, |machine| machine.files.get(path).map(|file| file.bytes.clone()));
            file.flatten().ok_or_else(|| LabError::Value(format!("{path}: there is no such file")))
        };
        let ca = CaSigner::load(&read(&self.ca.cert)?, &read(&self.ca.key)?, None, now)?;
        let (certificate, _) = self.api_certificate(&ca, 365, now, &lab.draw("api"))?;
        lab.cluster_state(|cluster| cluster.show(certificate));
        Ok(())
    }

    fn api_certificate(
        &self,
        ca: &CaSigner,
        days: u32,
        now: Timestamp,
        draw: &Draw,
    ) -> Result<(String, Zeroizing<String>), LabError> {
        let mut sans =
            vec![self.cluster.api.parse().map_or_else(|_| San::Dns(self.cluster.api.clone()), San::Ip)];
        sans.extend(self.cluster.address.map(San::Ip));
        sans.dedup();
        issue(ca, "kube-apiserver", sans, &[], days, now, draw.key(NewKey::P256)?, draw)
    }

    fn cluster(&self, ca: &CaSigner, draw: &Draw) -> Result<ClusterState, LabError> {
        let wanted = &self.cluster;
        let version =
            Version::parse(&wanted.version).ok_or_else(|| LabError::Value(wanted.version.clone()))?;
        let (certificate, _) = self.api_certificate(ca, wanted.days, self.start(), draw)?;
        let api = ApiAddress { host: wanted.api.clone(), port: wanted.port };
        let info: CaInfo = ca.info().clone();
        let mut cluster = ClusterState::new(api, version, wanted.service_range, info, certificate);
        cluster.address = wanted.address;
        Ok(cluster)
    }

    fn here(&self) -> LabMachine {
        let mut here = LabMachine::here(&self.home, &format!("{}/.local/state/gangplank", self.home));
        for (path, tar) in self.tars(true) {
            here.tars.insert(path, tar);
        }
        here
    }

    fn tars(&self, here: bool) -> Vec<(String, LabTar)> {
        let all = self.tars.iter().filter(|(path, _)| path.starts_with("here:") == here);
        all.map(|(path, names)| {
            let images: Vec<ImageFact> = names.iter().map(|name| image(name)).collect();
            let size = (images.len() as u64).saturating_mul(40 << 20);
            (path.trim_start_matches("here:").to_owned(), LabTar { images, size })
        })
        .collect()
    }

    fn worker(&self, worker: &WorkerSetup, ca: &CaSigner, draw: &Draw) -> Result<LabMachine, LabError> {
        let mut machine = LabMachine::new(Build {
            hostname: worker.name.clone(),
            addresses: vec![worker.address.to_string()],
            user: worker.user.clone(),
            sudo_password: worker.sudo_password.clone(),
            docker: if worker.containerd.is_empty() { worker.docker.clone() } else { String::new() },
            containerd: worker.containerd.clone(),
            crictl: worker.crictl,
            cgroup: worker.cgroup,
            kubelet: worker.kubelet.clone(),
            dns_tools: worker.dns_tools.clone(),
            ..Build::default()
        });
        machine.kernel.no_bridge_filter = worker.no_bridge_filter;
        if machine.has_containerd() {
            // A part of the pods' addresses for each worker, by the last number of its own.
            let last = worker.address.to_string();
            let last = last.rsplit(['.', ':']).next().unwrap_or("0").to_owned();
            machine.install_containerd(worker.containerd_config.as_deref(), &format!("10.244.{last}.0/24"));
        }
        machine.images = worker.images.iter().map(|name| image(name)).collect();
        machine.images.sort();
        machine.tars.extend(self.tars(false));
        if worker.flannel {
            let unit =
                crate::lab::machine::LabUnit { enabled: true, active: true, builtin: true, loaded: None };
            machine.units.insert("flanneld".to_owned(), unit);
        }
        if let Some(days) = worker.expired_days {
            let ago = SignedDuration::from_hours(24 * i64::from(days.saturating_add(365)));
            let then = self.clock.saturating_sub(ago).unwrap_or(self.clock);
            let sans = vec![San::Dns(worker.name.clone()), San::Ip(worker.address)];
            let cn = format!("system:node:{}", worker.name);
            let (cert, key) =
                issue(ca, &cn, sans, &["system:nodes"], 365, then, draw.key(NewKey::P256)?, draw)?;
            let ssl = crate::profile::SSL;
            machine.write(&format!("{ssl}/worker.crt"), cert.as_bytes(), "644", "root:root");
            machine.write(&format!("{ssl}/worker.key"), key.as_bytes(), "600", "root:root");
        }
        Ok(machine)
    }
}

impl Lab {
    /// Puts a certificate of a CA that nobody knows in a worker's place.
    pub fn foreign_certificate(&self, name: &str) -> Result<(), LabError> {
        let ssl = crate::profile::SSL;
        let (cert_path, key_path) = (format!("{ssl}/worker.crt"), format!("{ssl}/worker.key"));
        let (cert, key) = foreign(self, name, &key_path)?;
        self.machine(name, |machine| {
            machine.write(&cert_path, cert.as_bytes(), "644", "root:root");
            if !machine.files.contains_key(&key_path) {
                machine.write(&key_path, key.as_bytes(), "600", "root:root");
            }
        });
        Ok(())
    }
}

/// A certificate and a key for a worker of a CA that nobody in the lab knows; a key that is there is kept.
fn foreign(lab: &Lab, name: &str, key_path: &str) -> Result<(String, Zeroizing<String>), LabError> {
    let now = lab.clock().now();
    let (of_ca, draw) = (lab.draw("another ca"), lab.draw(&format!("foreign {name}")));
    let born = now.saturating_sub(SignedDuration::from_hours(24 * 90)).unwrap_or(now);
    let made =
        CaSigner::make_with("old-ca", of_ca.key(NewKey::P256)?.as_bytes(), 3650, of_ca.serial(), born)?;
    let ca = CaSigner::load(made.cert.as_bytes(), made.key.as_bytes(), None, now)?;
    let there = lab.machine(name, |machine| machine.files.get(key_path).map(|file| file.bytes.clone()));
    let key = match there.flatten().map(String::from_utf8) {
        Some(Ok(key)) => Zeroizing::new(key),
        Some(Err(_)) | None => draw.key(NewKey::P256)?,
    };
    let cn = format!("system:node:{name}");
    issue(&ca, &cn, vec![San::Dns(name.to_owned())], &["system:nodes"], 365, born, key, &draw)
}

#[expect(clippy::too_many_arguments, reason = "a certificate has that many sides")]
fn issue(
    ca: &CaSigner,
    cn: &str,
    sans: Vec<San>,
    organizations: &[&str],
    days: u32,
    now: Timestamp,
    key: Zeroizing<String>,
    draw: &Draw,
) -> Result<(String, Zeroizing<String>), LabError> {
    let request = Request {
        cn: cn.to_owned(),
        organizations: organizations.iter().map(|one| (*one).to_owned()).collect(),
        sans,
        usages: Usages { digital_signature: true, key_encipherment: true, content_commitment: false },
        client: true,
        server: true,
        days,
    };
    let csr = pki::check_csr(pki::make_csr(&key, cn)?.as_bytes(), None, &request)?;
    Ok((ca.sign(&csr.key, &request, draw.serial(), now)?, key))
}
