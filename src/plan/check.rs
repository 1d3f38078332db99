//! From answers to a plan. `check` says everything that is missing, wrong or doubtful, `finish` makes the
//! plan; both run the same judgement, so they cannot disagree. Nothing is read from disk or environment:
//! directories come as [`PathBases`]. The workers are in `check_worker`.

use std::{net::IpAddr, path::PathBuf};

use ipnet::IpNet;

use super::answers::{Answers, CaAnswers, ClusterAnswers, DifferenceAnswers, IMAGE_KEYS, KubectlAnswers};
use super::model::{
    ApiAddress, Ca, CaPlace, Cluster, Differences, Dns, DnsKind, Images, Kubectl, Login, Plan, Version,
};
use super::range::Refusal;
use super::{check_worker, value};
use crate::plan::issue::{PlanIssue, shown};

/// The directories that paths in a plan start from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PathBases {
    /// Where relative paths start: the plan file's directory.
    pub base: PathBuf,
    /// What `~` stands for, when known.
    pub home: Option<PathBuf>,
}

/// Everything there is to say about the answers; nothing is looked up.
pub fn check(answers: &Answers) -> Vec<PlanIssue> {
    let places = PathBases { base: PathBuf::new(), home: Some(PathBuf::from("~")) };
    validate(answers, &places).1
}

/// The plan, or what stops it. Warnings do not stop it; `check` tells them.
pub fn finish(answers: &Answers, places: &PathBases) -> Result<Plan, Vec<PlanIssue>> {
    let (plan, issues) = validate(answers, places);
    match plan {
        Some(plan) if !issues.iter().any(|issue| issue.stops) => Ok(plan),
        _ => Err(issues),
    }
}

/// Ids of differences that no profile has. Apart from `check`, because the ids are the profile's.
pub fn check_differences(answers: &Answers, known: &[&str]) -> Vec<PlanIssue> {
    let Some(DifferenceAnswers::Each { set, .. }) = &answers.cluster.differences else { return Vec::new() };
    let unknown = set.keys().filter(|id| !known.contains(&id.as_str()));
    unknown
        .map(|id| {
            let near = known.iter().min_by_key(|known| strsim::damerau_levenshtein(known, id));
            let cure = near.map_or(String::new(), |near| format!("did you mean {near}?"));
            PlanIssue::wrong(format!("cluster.differences.{id}"), "is not a known difference", cure)
        })
        .collect()
}

fn validate(answers: &Answers, places: &PathBases) -> (Option<Plan>, Vec<PlanIssue>) {
    let mut judge = Judge { places, issues: Vec::new() };
    let cluster = judge.cluster(&answers.cluster);
    let ca = judge.ca(&answers.ca);
    let workers = check_worker::workers(&mut judge, answers, &cluster);
    let images = judge.images(answers);
    let kubectl = judge.kubectl(answers, cluster.name.as_deref().unwrap_or_default());
    let dns = judge.dns(answers);
    let offline = ca.as_ref().is_some_and(|ca| matches!(ca.place, CaPlace::Offline { .. }));
    if offline && kubectl.is_none() && matches!(answers.kubectl, KubectlAnswers::Word(_)) {
        // Elsewhere an admin's certificate is signed in memory; here there is only the one of the context.
        let what = "none leaves nobody whom the API knows, as the CA is offline".to_owned();
        judge.wrong("kubectl", what, "name a context, or leave it out");
    }
    let plan = || {
        let cluster = Cluster {
            name: cluster.name?,
            api: cluster.api?,
            domain: cluster.domain?,
            service_range: cluster.service_range?,
            dns: cluster.dns?,
            pod_range: cluster.pod_range,
            kubernetes: cluster.kubernetes,
            differences: cluster.differences,
        };
        Some(Plan { cluster, ca: ca?, workers, images, kubectl, dns })
    };
    (plan(), judge.issues)
}

/// What could be made of the answers about the cluster; the parts that others are compared with.
pub(crate) struct ClusterParts {
    name: Option<String>,
    pub(crate) api: Option<ApiAddress>,
    domain: Option<String>,
    pub(crate) service_range: Option<IpNet>,
    dns: Option<IpAddr>,
    pub(crate) pod_range: Option<IpNet>,
    pub(crate) kubernetes: Option<Version>,
    differences: Differences,
}

/// The judgement in progress.
pub(crate) struct Judge<'a> {
    pub(crate) places: &'a PathBases,
    pub(crate) issues: Vec<PlanIssue>,
}

impl Judge<'_> {
    /// Takes a value or notes why there is none.
    pub(crate) fn take<T>(&mut self, field: &str, judged: Result<T, Refusal>) -> Option<T> {
        judged.map_err(|(what, cure)| self.issues.push(PlanIssue::wrong(field, what, cure))).ok()
    }

    /// Takes an optional text; nothing when it was left out.
    pub(crate) fn maybe<T>(
        &mut self,
        field: &str,
        text: Option<&String>,
        read: impl FnOnce(&str) -> Result<T, Refusal>,
    ) -> Option<T> {
        text.and_then(|text| self.take(field, read(text)))
    }

    /// Takes a text that must be there.
    pub(crate) fn need<T>(
        &mut self,
        field: &str,
        text: Option<&String>,
        cure: &str,
        read: impl FnOnce(&str) -> Result<T, Refusal>,
    ) -> Option<T> {
        if text.is_none_or(|text| text.trim().is_empty()) {
            self.issues.push(PlanIssue::missing(field, cure));
            return None;
        }
        self.maybe(field, text, read)
    }

    /// Takes a value of a field that stands for several: one bad one is told, the others are most often
    /// wrong in the same way.
    pub(crate) fn take_first<T>(&mut self, field: &str, judged: Result<T, Refusal>) -> Option<T> {
        judged.map_err(|(what, cure)| self.wrong_first(field, what, &cure)).ok()
    }

    /// Notes what is wrong unless the field has a remark that stops already.
    pub(crate) fn wrong_first(&mut self, field: &str, what: String, cure: &str) {
        if !self.issues.iter().any(|issue| issue.field == field && issue.stops) {
            self.wrong(field, what, cure);
        }
    }

    pub(crate) fn wrong(&mut self, field: &str, what: String, cure: &str) {
        self.issues.push(PlanIssue::wrong(field, what, cure));
    }

    fn cluster(&mut self, answers: &ClusterAnswers) -> ClusterParts {
        let service = |text: &str| value::net(text, "10.3.0.0/24");
        let parts = ClusterParts {
            name: self.need("cluster.name", answers.name.as_ref(), "write one like demo", value::label),
            api: self.need(
                "cluster.api",
                answers.api.as_ref(),
                "write the load balancer's address, like https://loadbalancer.example.com",
                value::api,
            ),
            domain: match &answers.domain {
                None => Some("cluster.local".to_owned()),
                domain => self.maybe("cluster.domain", domain.as_ref(), value::domain),
            },
            service_range: self.need(
                "cluster.service_range",
                answers.service_range.as_ref(),
                "write the API server's --service-cluster-ip-range, like 10.3.0.0/24",
                service,
            ),
            dns: self.need(
                "cluster.dns",
                answers.dns.as_ref(),
                "write an address in the service range, like 10.3.0.2",
                |text| value::ip(text, "10.3.0.2"),
            ),
            pod_range: self.maybe("cluster.pod_range", answers.pod_range.as_ref(), |text| {
                value::net(text, "10.2.0.0/16")
            }),
            kubernetes: self
                .maybe("cluster.kubernetes", answers.kubernetes.as_ref(), value::version)
                .flatten(),
            differences: self.differences(answers.differences.as_ref()),
        };
        self.ranges(&parts);
        parts
    }

    fn differences(&mut self, answers: Option<&DifferenceAnswers>) -> Differences {
        let repaired = |text: &str| match text {
            "repaired" => Ok(true),
            "faithful" => Ok(false),
            other => Err((
                format!("{} is no choice", shown(other)),
                "write repaired, faithful or a mapping like {base: faithful, some-id: on}".to_owned(),
            )),
        };
        let (field, base, set) = match answers {
            None => return Differences { repaired: true, ..Differences::default() },
            Some(DifferenceAnswers::All(word)) => ("cluster.differences", Some(word), None),
            Some(DifferenceAnswers::Each { base, set }) => {
                ("cluster.differences.base", base.as_ref(), Some(set))
            }
        };
        let repaired = self.maybe(field, base, repaired).unwrap_or(true);
        let set = set.cloned().unwrap_or_default();
        for id in set.keys().filter(|id| !value::is_label(id)) {
            let what = format!("{} is not the id of a difference", shown(id));
            self.wrong("cluster.differences", what, "write an id as the screen shows it");
        }
        Differences { repaired, set }
    }

    /// What DNS address, service range and pod range say about each other.
    fn ranges(&mut self, parts: &ClusterParts) {
        let Some(service) = parts.service_range else { return };
        if let Some(dns) = parts.dns {
            let first = match service {
                IpNet::V4(net) => IpAddr::V4(u32::from(net.network()).saturating_add(1).into()),
                IpNet::V6(net) => IpAddr::V6(u128::from(net.network()).saturating_add(1).into()),
            };
            let wrong = if !service.contains(&dns) {
                Some(format!("{dns} is outside the service range {service}"))
            } else if dns == service.network() {
                Some(format!("{dns} is the network address of {service}"))
            } else if dns == first {
                Some(format!("{dns} belongs to the service \"kubernetes\" (the first of {service})"))
            } else if dns.is_ipv4() && dns == service.broadcast() {
                Some(format!("{dns} is the last address of {service}"))
            } else {
                None
            };
            if let Some(what) = wrong {
                self.wrong("cluster.dns", what, "write another address of the service range");
            }
        }
        if let Some(pods) = parts.pod_range.filter(|pods| overlap(*pods, service)) {
            let what = format!("{pods} overlaps the service range {service}");
            self.wrong("cluster.pod_range", what, "write the range the pod network has");
        }
        if let Some(api) = parts.api.as_ref().and_then(|api| api.host.parse::<IpAddr>().ok()) {
            for (name, range) in [("service", Some(service)), ("pod", parts.pod_range)] {
                if let Some(range) = range.filter(|range| range.contains(&api)) {
                    let what = format!("{api} is inside the {name} range {range}");
                    self.wrong(
                        "cluster.api",
                        what,
                        "write the address workers reach before they have joined",
                    );
                }
            }
        }
        let old = parts.kubernetes.filter(|version| (version.major, version.minor) < (1, 18));
        if let Some(version) = old.filter(|_| service.addr().is_ipv6()) {
            let what = format!("{service} is IPv6, which {version} cannot do");
            self.wrong("cluster.service_range", what, "write an IPv4 range, or a version from 1.18");
        }
    }

    fn ca(&mut self, answers: &CaAnswers) -> Option<Ca> {
        let days = answers.days.unwrap_or(365);
        if !(1..=3650).contains(&days) {
            self.wrong("ca.days", format!("{days} is not a life in days"), "write 1 to 3650, like 365");
        }
        let cure = "write files (cert and key here), new (made here), ssh://user@host/dir or offline";
        let place = self.need("ca.where", answers.place.as_ref(), cure, |text| Ok(text.to_owned()))?;
        let place = if let Some(rest) = place.strip_prefix("ssh://") {
            self.ca_host(rest, answers)
        } else if place == "files" || place == "new" || place == "offline" {
            if answers.ssh != super::answers::CaLogin::default() {
                let what = "is only for a CA on an SSH host".to_owned();
                self.wrong("ca.ssh", what, "remove it, or write ca.where as ssh://user@host/dir");
            }
            if place == "offline" {
                let cert = self.ca_offline(answers);
                return Some(Ca { place: CaPlace::Offline { cert: cert? }, days });
            }
            let (cert, key) = (self.ca_file(answers, "cert"), self.ca_file(answers, "key"));
            let (cert, key) = (cert?, key?);
            if cert == key {
                self.wrong("ca.key", "is the same file as ca.cert".to_owned(), "write two files");
            }
            Some(if place == "new" { CaPlace::New { cert, key } } else { CaPlace::Files { cert, key } })
        } else {
            self.wrong("ca.where", format!("{} is no place for a CA", shown(&place)), cure);
            None
        };
        Some(Ca { place: place?, days })
    }

    /// A CA file here. Where a CA is to be made the names have defaults; existing ones must be named.
    fn ca_file(&mut self, answers: &CaAnswers, which: &str) -> Option<PathBuf> {
        let (text, name) = if which == "key" { (&answers.key, "ca.key") } else { (&answers.cert, "ca.crt") };
        let named =
            text.clone().or_else(|| (answers.place.as_deref() == Some("new")).then(|| name.to_owned()));
        let cure = format!("write the path of the file, like {name}");
        let places = self.places;
        self.need(&format!("ca.{which}"), named.as_ref(), &cure, |text| value::path(text, places))
    }

    /// Only the certificate of an offline CA is here.
    fn ca_offline(&mut self, answers: &CaAnswers) -> Option<PathBuf> {
        if answers.key.is_some() {
            let what = "is never read where the CA is offline".to_owned();
            self.wrong("ca.key", what, "remove it, or write ca.where: files");
        }
        self.ca_file(answers, "cert")
    }

    fn ca_host(&mut self, rest: &str, answers: &CaAnswers) -> Option<CaPlace> {
        let places = self.places;
        let key_file = self.maybe("ca.ssh.key", answers.ssh.key.as_ref(), |text| value::path(text, places));
        let jump = check_worker::jumps(self, "ca.ssh.jump", answers.ssh.jump.as_deref());
        let host_key = self.maybe("ca.ssh.host_key", answers.ssh.host_key.as_ref(), value::fingerprint);
        let ((user, host, port), dir) = self.take("ca.where", value::ssh_place(rest))?;
        let inside = |name: &str| {
            let whole = if name.starts_with('/') { name.to_owned() } else { format!("{dir}/{name}") };
            if name.trim().is_empty() || name.starts_with('~') {
                return Err((
                    format!("{} is not a file name", shown(name)),
                    "write one like ca.crt".to_owned(),
                ));
            }
            value::host_path(&whole)
        };
        let names = [("ca.cert", &answers.cert, "ca.crt"), ("ca.key", &answers.key, "ca.key")];
        let [cert, key] =
            names.map(|(field, name, usual)| self.take(field, inside(name.as_deref().unwrap_or(usual))));
        if cert.is_some() && cert == key {
            self.wrong("ca.key", "is the same file as ca.cert".to_owned(), "write two files");
        }
        let login = Login { host, port, user, key: key_file, jump, host_key };
        Some(CaPlace::Host { login, cert: cert?, key: key? })
    }

    fn images(&mut self, answers: &Answers) -> Images {
        for key in answers.images.keys().filter(|key| !IMAGE_KEYS.contains(&key.as_str())) {
            let what = format!("{} is an unknown key", shown(key));
            self.wrong("images", what, &format!("known here: {}", IMAGE_KEYS.join(", ")));
        }
        let mut image =
            |key: &str| self.maybe(&format!("images.{key}"), answers.images.get(key), value::image_name);
        Images {
            kube_proxy: image("kube_proxy"),
            pause: image("pause"),
            etcd: image("etcd"),
            kube2sky: image("kube2sky"),
            skydns: image("skydns"),
            healthz: image("healthz"),
            coredns: image("coredns"),
        }
    }

    fn kubectl(&mut self, answers: &Answers, name: &str) -> Option<Kubectl> {
        let answers = match &answers.kubectl {
            KubectlAnswers::Word(word) if word == "none" => return None,
            KubectlAnswers::Word(word) => {
                let what = format!("{} is no choice", shown(word));
                self.wrong("kubectl", what, "write none, or keys below it");
                return None;
            }
            KubectlAnswers::Context(answers) => answers,
        };
        let mut entry = |key: &str, text: &Option<String>, usual: &str| {
            self.maybe(&format!("kubectl.{key}"), text.as_ref(), value::entry_name)
                .unwrap_or_else(|| usual.to_owned())
        };
        let context = entry("context", &answers.context, name);
        let cluster = entry("cluster", &answers.cluster, name);
        let user = entry("user", &answers.user, &format!("{name}-admin"));
        let places = self.places;
        let file = self.maybe("kubectl.file", answers.file.as_ref(), |text| value::path(text, places));
        Some(Kubectl { context, cluster, user, file, merge: answers.merge.unwrap_or(false) })
    }

    fn dns(&mut self, answers: &Answers) -> Dns {
        let kind = |text: &str| match text {
            "kube-dns-v11" => Ok(DnsKind::KubeDnsV11),
            "coredns" => Ok(DnsKind::CoreDns),
            "none" => Ok(DnsKind::None),
            other => Err((
                format!("{} is no choice", shown(other)),
                "write kube-dns-v11, coredns or none".to_owned(),
            )),
        };
        let deploy = self.maybe("dns.deploy", answers.dns.deploy.as_ref(), kind);
        let replicas = answers.dns.replicas.unwrap_or(1);
        if !(1..=20).contains(&replicas) {
            self.wrong("dns.replicas", format!("{replicas} is not a number of pods"), "write 1 to 20");
        }
        Dns { deploy: deploy.unwrap_or(DnsKind::KubeDnsV11), replicas }
    }
}

fn overlap(a: IpNet, b: IpNet) -> bool {
    a.contains(&b.network()) || b.contains(&a.network())
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
