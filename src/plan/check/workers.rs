//! The workers of a plan: ranges expanded, defaults inherited, each worker judged by itself and then
//! against all others and the cluster. A remark names the entry of the file, `workers[1].address`, also
//! when the entry stands for several workers.

use std::{collections::HashMap, net::IpAddr, path::PathBuf};

use super::cluster::ClusterParts;
use super::judge::Judge;
use super::kubelet_fields::kubelet_fields;
use super::login::login;
use crate::plan::answers::{Answers, Defaults, KubeletAnswers, WorkerAnswers};
use crate::plan::issue::{PlanIssue, shown};
use crate::plan::kubelet_fields::{KubeletFields, merged};
use crate::plan::model::{ImageTar, KubeletFile, Login, Worker};
use crate::plan::{minors, range, value};

/// Flags of the kubelet that gangplank writes, and where to say it instead.
const KUBELET_OURS: [(&str, &str); 9] = [
    ("api-servers", "write cluster.api instead"),
    ("cluster-dns", "write cluster.dns instead"),
    ("cluster-domain", "write cluster.domain instead"),
    ("config", "remove it"),
    ("hostname-override", "write the worker's name instead"),
    ("kubeconfig", "remove it"),
    ("node-ip", "write the worker's address instead"),
    ("tls-cert-file", "remove it"),
    ("tls-private-key-file", "remove it"),
];

/// The same for kube-proxy.
const PROXY_OURS: [(&str, &str); 5] = [
    ("cluster-cidr", "write cluster.pod_range instead"),
    ("config", "remove it"),
    ("hostname-override", "write the worker's name instead"),
    ("kubeconfig", "remove it"),
    ("master", "write cluster.api instead"),
];

/// All workers, in the order of the file.
pub(super) fn workers(judge: &mut Judge<'_>, answers: &Answers, cluster: &ClusterParts) -> Vec<Worker> {
    if answers.workers.is_empty() {
        judge
            .issues
            .push(PlanIssue::missing("workers", "write one like - {name: worker1, address: 192.168.2.1}"));
    }
    if answers.defaults.ssh.host.is_some() {
        let what = "cannot be the same for all workers".to_owned();
        judge.wrong("defaults.ssh.host", what, "write it below each worker's ssh, or leave it out");
    }
    // What is inherited is judged once, here, so that a mistake is told once and at its place.
    let common = common(judge, "defaults", &answers.defaults, None);
    let mut seen = TakenNames::default();
    let mut out = Vec::new();
    // One more than the most, so that too many entries are told as such.
    for (at, entry) in answers.workers.iter().enumerate().take(range::MOST + 1) {
        let field = format!("workers[{at}]");
        for worker in entry_of(judge, &field, entry, &common, cluster) {
            seen.compare(judge, &field, &worker);
            out.push(worker);
        }
        if out.len() > range::MOST {
            break;
        }
    }
    if answers.workers.len().max(out.len()) > range::MOST {
        let what = format!("are more than {} in all", range::MOST);
        judge.wrong("workers", what, "make several plans");
    }
    out
}

/// What defaults and workers have in common.
#[derive(Clone, Default)]
struct WorkerDefaults {
    login: Login,
    images: Vec<ImageTar>,
    kubelet: Option<KubeletFile>,
    binaries: Option<PathBuf>,
    kubelet_args: Vec<String>,
    kubelet_config: KubeletFields,
    proxy_args: Vec<String>,
}

/// Judges the common part; what is not said is inherited.
fn common(
    judge: &mut Judge<'_>,
    field: &str,
    said: &Defaults,
    from: Option<&WorkerDefaults>,
) -> WorkerDefaults {
    let from = from.cloned().unwrap_or_default();
    let places = judge.places;
    let mut list = |key: &str, items: Option<&Vec<String>>, ours: &[(&str, &str)]| {
        let items = items?.iter().enumerate();
        let take = |(at, text): (usize, &String)| {
            judge.take(&format!("{field}.{key}[{at}]"), value::argument(text, ours))
        };
        Some(items.filter_map(take).collect::<Vec<_>>())
    };
    let kubelet_args = list("kubelet_args", said.kubelet_args.as_ref(), &KUBELET_OURS);
    let proxy_args = list("proxy_args", said.proxy_args.as_ref(), &PROXY_OURS);
    let images = said.images.as_ref().map(|items| {
        let take = |(at, text): (usize, &String)| {
            judge.take(&format!("{field}.images[{at}]"), value::image_tar(text, places))
        };
        items.iter().enumerate().filter_map(take).collect()
    });
    let binaries =
        judge.maybe(&format!("{field}.binaries"), said.binaries.as_ref(), |text| value::path(text, places));
    let own = kubelet_fields(judge, &format!("{field}.kubelet_config"), said.kubelet_config.as_ref());
    WorkerDefaults {
        login: login(judge, &format!("{field}.ssh"), &said.ssh, from.login),
        images: images.unwrap_or(from.images),
        kubelet: kubelet(judge, &format!("{field}.kubelet"), &said.kubelet).or(from.kubelet),
        binaries: binaries.or(from.binaries),
        kubelet_args: kubelet_args.unwrap_or(from.kubelet_args),
        kubelet_config: merged(&from.kubelet_config, &own),
        proxy_args: proxy_args.unwrap_or(from.proxy_args),
    }
}

fn kubelet(judge: &mut Judge<'_>, field: &str, said: &KubeletAnswers) -> Option<KubeletFile> {
    if *said == KubeletAnswers::default() {
        return None;
    }
    let places = judge.places;
    let (file_field, sum_field) = (format!("{field}.file"), format!("{field}.sha256"));
    let file =
        judge.need(&file_field, said.file.as_ref(), "write the path of the kubelet binary here", |text| {
            value::path(text, places)
        });
    let sum = "write what `sha256sum` shows of the file";
    let sha256 = judge.need(&sum_field, said.sha256.as_ref(), sum, value::sha256);
    Some(KubeletFile { file: file?, sha256: sha256? })
}

/// The workers one entry stands for.
fn entry_of(
    judge: &mut Judge<'_>,
    field: &str,
    entry: &WorkerAnswers,
    from: &WorkerDefaults,
    cluster: &ClusterParts,
) -> Vec<Worker> {
    let said = Defaults {
        ssh: entry.ssh.clone(),
        images: entry.images.clone(),
        kubelet: entry.kubelet.clone(),
        binaries: entry.binaries.clone(),
        kubelet_args: entry.kubelet_args.clone(),
        kubelet_config: entry.kubelet_config.clone(),
        proxy_args: entry.proxy_args.clone(),
    };
    let common = common(judge, field, &said, Some(from));
    let (name_field, address_field) = (format!("{field}.name"), format!("{field}.address"));
    let host_field = format!("{field}.ssh.host");
    let ranged =
        |text: &str| range::expand(text).map_err(|(what, cure)| (format!("{} {what}", shown(text)), cure));
    let names = judge.need(&name_field, entry.name.as_ref(), "write one like worker1", ranged);
    let addresses =
        judge.need(&address_field, entry.address.as_ref(), "write its IP address, like 192.168.2.1", ranged);
    let hosts = judge.maybe(&host_field, entry.ssh.host.as_ref(), ranged);
    let (Some(mut names), Some(addresses)) = (names, addresses) else { return Vec::new() };
    if let ([name], true) = (names.as_slice(), addresses.len() > 1) {
        names = (1..=addresses.len()).map(|n| format!("{name}-{n}")).collect();
    }
    if names.len() != addresses.len() {
        let what =
            format!("{} and {} do not match", many(names.len(), "name"), many(addresses.len(), "address"));
        judge.wrong(&address_field, what, "write as many addresses as names");
        return Vec::new();
    }
    if let Some(hosts) = hosts.as_ref().filter(|hosts| hosts.len() != names.len()) {
        let what = format!("{} and {} do not match", many(hosts.len(), "host"), many(names.len(), "worker"));
        judge.wrong(&host_field, what, "write as many hosts as workers, or none");
        return Vec::new();
    }
    if names.len() > 1 && entry.ssh.host_key.is_some() {
        let what = format!("is the same for {} workers", names.len());
        let cure = "write each worker by itself unless they share one host key";
        judge.issues.push(PlanIssue::warning(format!("{field}.ssh.host_key"), what, cure));
    }
    let mut out = Vec::new();
    for (at, (name, address)) in names.iter().zip(&addresses).enumerate() {
        let name = judge.take_first(&name_field, value::node_name(name));
        let address = judge.take_first(&address_field, value::node_address(address));
        if let Some(address) = address {
            against_cluster(judge, &address_field, address, cluster);
        }
        let host = match hosts.as_ref().and_then(|hosts| hosts.get(at)) {
            Some(host) => judge.take_first(&host_field, value::ssh_host(host)),
            None => address.map(|address| address.to_string()),
        };
        let (Some(name), Some(address), Some(host)) = (name, address, host) else { continue };
        let common = common.clone();
        out.push(Worker {
            name,
            address,
            ssh: Login { host, ..common.login },
            images: common.images,
            kubelet: common.kubelet,
            binaries: common.binaries,
            kubelet_args: common.kubelet_args,
            kubelet_config: common.kubelet_config,
            proxy_args: common.proxy_args,
            replace: entry.replace.unwrap_or(false),
        });
    }
    out
}

fn many(count: usize, what: &str) -> String {
    match (count, what.ends_with('s')) {
        (1, _) => format!("1 {what}"),
        (_, true) => format!("{count} {what}es"),
        (_, false) => format!("{count} {what}s"),
    }
}

/// What earlier workers have taken, each with the field of its entry.
#[derive(Default)]
struct TakenNames {
    names: HashMap<String, String>,
    addresses: HashMap<IpAddr, String>,
    logins: HashMap<(String, u16), String>,
}

impl TakenNames {
    fn compare(&mut self, judge: &mut Judge<'_>, field: &str, worker: &Worker) {
        let login = (worker.ssh.host.to_lowercase(), worker.ssh.port.unwrap_or(22));
        let shown_login = format!("{}, port {},", login.0, login.1);
        let same_name = self.names.insert(worker.name.clone(), field.to_owned());
        let same_address = self.addresses.insert(worker.address, field.to_owned());
        let same_login = self.logins.insert(login, field.to_owned());
        let address = worker.address.to_string();
        if let Some(first) = same_name {
            clash(judge, &format!("{field}.name"), &worker.name, &first, "give each worker its own name");
        }
        if let Some(first) = same_address {
            clash(judge, &format!("{field}.address"), &address, &first, "give each worker its own address");
        } else if let Some(first) = same_login {
            clash(judge, &format!("{field}.ssh"), &shown_login, &first, "write another ssh.host or port");
        }
    }
}

/// Two equal ranges clash in every worker; once a field is enough.
fn clash(judge: &mut Judge<'_>, field: &str, value: &str, first: &str, cure: &str) {
    judge.wrong_first(field, format!("{value} is already taken by {first}"), cure);
}

fn against_cluster(judge: &mut Judge<'_>, field: &str, address: IpAddr, cluster: &ClusterParts) {
    let api = cluster.api.as_ref().and_then(|api| api.host.parse::<IpAddr>().ok());
    if api == Some(address) {
        let what = format!("{address} is the API's address");
        judge.wrong_first(field, what, "write the worker's own address; a load balancer is no worker");
    }
    for (name, range) in [("service", cluster.service_range), ("pod", cluster.pod_range)] {
        if let Some(range) = range.filter(|range| range.contains(&address)) {
            let what = format!("{address} is inside the {name} range {range}");
            judge.wrong_first(field, what, "write the worker's own address, or correct the range");
        }
    }
    if let Some(version) =
        cluster.kubernetes.filter(|version| address.is_ipv6() && !minors::IPV6.holds(*version))
    {
        judge.wrong_first(
            field,
            format!("{address} is IPv6, which {version} cannot do"),
            "write an IPv4 address",
        );
    } else if let Some(range) =
        cluster.service_range.filter(|range| range.addr().is_ipv6() != address.is_ipv6())
    {
        let what = format!("{address} and the service range {range} are not both IPv4 or both IPv6");
        if !judge.issues.iter().any(|issue| issue.field == field) {
            judge.issues.push(PlanIssue::warning(field, what, "this works only in a dual-stack cluster"));
        }
    }
}
