//! What a line says that says nothing: healthy kubelets write it too, or it only carries what others said.

use super::row::says;

/// Lines of a healthy start, of one that goes on, and of others who ask a kubelet; seen in Kubernetes 1.2.2, 1.20.2 and
/// 1.37.2.
const NOISE: &[&str] = &[
    "because node is not registered yet",
    "container runtime status check may not have completed yet",
    "pleg has yet to be successful",
    "Image garbage collection failed once",
    "Image garbage collection failed: unable to find data for container /",
    "invalid capacity 0 on image filesystem",
    "Failed to get the kubelet's cgroup",
    "has been deprecated",
    "Error getting the current node from lister",
    "No need to create a mirror pod, since failed to get node info",
    "failed to get node info: node \"",
    "Failed creating a mirror pod*already exists",
    "no relationship found between node",
    "update node status exceeds retry count",
    "Failed to set rlimit on max file handles",
    "ApplyOOMScoreAdj",
    "oom_score_adj",
    "oom-score-adj",
    "Failed to read data from checkpoint",
    "failed to check if we have separate container filesystem",
    "MemoryQoS feature only works",
    "container factory failed",
    "container factory registration failed",
    "from runtime service failed*code = NotFound",
    "failed to detect process id for \"docker\"",
    "failed to read memory cgroup",
    // That of 1.20 looks for one also where it is told to use none.
    "Unable to update cni config",
    "Container not found in pod's containers",
    "monitoring loop exiting",
    "nodePortAddresses is unset",
    "No cloud provider specified",
    // Its whole events and states stand in these, and in them what was wrong before, or elsewhere.
    "Server rejected event",
    // A new pair is put in place file by file.
    "dynamic_serving_content.go*key failed with",
    "Loading client cert failed*no such file or directory",
    // Others who ask the kubelet, and what it asks for pods.
    "http: TLS handshake error from",
    "Unable to authenticate the request",
    "robe failed",
    "robe for \"",
    "prober.go:",
];

/// 1.2 says this once of every start, at the level of what only informs.
const AT_A_START: &str = "skipping pod synchronization - [container runtime is down]";

/// Whether it says nothing.
pub(super) fn is_noise(line: &str) -> bool {
    line.starts_with('I') && line.contains(AT_A_START) || NOISE.iter().any(|words| says(line, words))
}

/// The line without what it only carries: an event, or the whole status that was to be sent.
pub(super) fn core(line: &str) -> String {
    let line = line.replace('\\', "");
    let line = [" event=\"&Event{", " event='&", "'&api.Event{"]
        .iter()
        .filter_map(|words| line.find(words))
        .min()
        .and_then(|at| line.get(..at))
        .unwrap_or(&line);
    let Some((before, status)) = line.split_once("failed to patch status ") else { return line.to_owned() };
    let after = ["\" for node \"", "\" for pod \""]
        .iter()
        .filter_map(|words| status.rsplit_once(words))
        .map(|(_, after)| after)
        .min_by_key(|after| after.len())
        .unwrap_or_default();
    format!("{before}{after}")
}

/// What a kubelet says when the API has answered it after all.
const REGISTERED: [&str; 2] = ["Successfully registered node", "was previously registered"];

/// The API has answered it.
pub(super) fn is_success(line: &str) -> bool {
    REGISTERED.iter().any(|words| line.contains(words))
}
