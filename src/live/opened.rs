//! What is asked for while one host is opened: which certificates, and the events of its node and its pods.

use std::time::Duration;

use super::thread::{StopSignal, WatchShared};
use super::update::{ApiNews, Update};
use crate::host::Sample;
use crate::kube::cluster::NOBODY;
use crate::kube::happening::newest;
use crate::kube::{About, ApiError, ClusterApi, Happening};
use crate::profile::{Profile, SSL};
use crate::runtime::ps::Container;

/// The certificates a worker has, whatever its profile; what is not there is not shown.
pub fn certificates() -> Vec<String> {
    let mut all: Vec<String> = ["worker.crt", "kube-proxy.crt"].map(|name| format!("{SSL}/{name}")).into();
    for path in Profile::ALL.map(Profile::ca_path) {
        if !all.iter().any(|known| known == path) {
            all.push(path.to_owned());
        }
    }
    all
}

/// Events are asked for so often.
const EVERY: Duration = Duration::from_secs(8);
/// Of so many pods, the newest of the host: each is a question of its own.
const PODS: usize = 8;

/// Asks for the events of a node until told to end; `host` is told which pods the host has.
pub(super) fn follow(
    shared: &WatchShared,
    told: &StopSignal,
    host: &StopSignal,
    cluster: &dyn ClusterApi,
    node: &str,
) {
    while !told.over() {
        let said = events(cluster, node, &host.pods()).map_err(|error| why(&error));
        let news = ApiNews::Happenings { node: node.to_owned(), said };
        shared.say(told, Update::Api { at: shared.world.now(), news });
        let _ = shared.rest(told, Some(EVERY));
    }
}

/// Why events are not known; that nobody logged in yet is no refusal.
fn why(error: &ApiError) -> String {
    match error {
        ApiError::Unauthorized(said) if said == NOBODY => "nobody is known to the API yet".to_owned(),
        error => error.to_string(),
    }
}

/// The newest events of a node and of pods, namespace and name each.
pub fn events(
    cluster: &dyn ClusterApi,
    node: &str,
    pods: &[(String, String)],
) -> Result<Vec<Happening>, ApiError> {
    let mut all = cluster.happenings(&About::Node(node.to_owned()))?;
    for (space, pod) in pods.iter().take(PODS) {
        all.extend(cluster.happenings(&About::Pod(space.clone(), pod.clone()))?);
    }
    Ok(newest(all))
}

/// The pods of a sample, the newest first, each once.
pub fn pods(sample: &Sample) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for name in sample.containers.iter().filter_map(|line| Container::parse(line).ok()?.kubelet) {
        let pod = (name.namespace.to_string(), name.pod.to_string());
        if !all.contains(&pod) {
            all.push(pod);
        }
    }
    all
}
