//! All steps in the order of the screen, and what others ask of them without knowing one by name.

use super::definition::{On, Step};
use super::identity::request;
use super::{
    admin, certificates, connect, containers, context, dns, images, kernel, keys, kube_proxy, kubeconfigs,
    kubelet, namespace, prerequisites, programs, reach, ready, runtime, sign, start,
};
use crate::pki::Request;
use crate::plan::fact::FactQuery;
use crate::plan::model::{Plan, Version, Worker};
use crate::plan::programs::places;

/// All steps, in order.
pub const CATALOGUE: &[&dyn Step] = &[
    &connect::Connect,
    &prerequisites::Prerequisites,
    &programs::Programs,
    &kernel::Kernel,
    &runtime::ContainerRuntime,
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
    &reach::LogsAndExec,
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
    if matches!(on, On::Worker) {
        all.push(FactQuery::Ways(writable(&all)));
    }
    all
}

/// What may be written: each file, key and folder that is looked at.
fn writable(all: &[FactQuery]) -> Vec<String> {
    let mut paths: Vec<String> = all
        .iter()
        .filter_map(|want| match want {
            FactQuery::File { path, .. }
            | FactQuery::Key(path)
            | FactQuery::Folder(path)
            | FactQuery::Kubelet { path, .. } => Some(path.clone()),
            _ => None,
        })
        .chain(all.iter().flat_map(|want| match want {
            FactQuery::Programs => places(),
            _ => Vec::new(),
        }))
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

/// The API paths whose objects the cluster's steps look at, where the API has this version.
pub fn cluster_paths(plan: &Plan, api: Option<Version>) -> Vec<String> {
    dns::paths(plan, api)
}

/// Certificate and key of an earlier run that the API may accept.
pub fn admin_login(plan: &Plan, home: &str) -> (String, String) {
    let identity = admin::identity(plan, home);
    (identity.cert, identity.key)
}

/// What an admin's certificate says, for the one that lives an hour in memory.
pub fn admin_request(plan: &Plan, home: &str) -> Request {
    request(&admin::identity(plan, home).wish)
}

/// Which of the wanted containers are not up in these rows; those of `old` do not count.
pub fn missing_containers(wanted: &[(String, String)], rows: &[String], old: &[String]) -> Vec<String> {
    containers::missing(wanted, rows, old)
}
