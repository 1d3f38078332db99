//! The pods of the node of a worker in no plan, as the API told them to the worker itself.

use std::convert::Infallible;
use std::str::FromStr;

use serde_json::{Deserializer, Value};

use super::around;
use super::cluster::{self, ClusterWord, is_proxy};
use super::findings::Findings;
use super::found_paths::FoundWorker;
use crate::kube::Pod;
use crate::plan::code::{ProblemCode, ProblemGroup};
use crate::plan::found::NodeIdentity;
use crate::plan::problem::Problem;

/// Why a container waits that does not come up by itself soon; any other may just be starting.
const STUCK: [&str; 8] = [
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImageNeverPull",
    "ErrImagePull",
    "Error",
    "ImagePullBackOff",
    "RunContainerError",
];

/// Notes what waits, and says when kube-proxy does; of a kubelet that is not heard of, what it told before is not repeated.
pub(super) fn judge(worker: &FoundWorker, identity: &NodeIdentity, found: &mut Findings) {
    if identity.more.status != Some(200) {
        return;
    }
    let silent = |problem: &Problem| {
        matches!(problem.code, ProblemCode::Node02 | ProblemCode::Node03 | ProblemCode::Node04)
            || problem.code.group() == ProblemGroup::Kubelet
    };
    if found.faults.iter().any(silent) {
        return;
    }
    let word = ClusterWord {
        proxy: None,
        pods: identity.more.body.read().map(|ToldPods(pods)| pods).unwrap_or_default(),
    };
    let stuck = |pod: &&Pod| {
        is_proxy(pod)
            && !pod.leaving
            && pod.waiting.iter().any(|wait| STUCK.iter().any(|one| wait.reason == *one))
    };
    if let Some(pod) = word.pods.iter().find(stuck) {
        let problem =
            Problem::new(ProblemCode::Container02, format!("kube-proxy does not run on {}", worker.name));
        let problem = cluster::proxy_waits(&word).into_iter().fold(problem, Problem::seen);
        found.add(problem.manual(format!(
            "see what it wrote last: kubectl -n kube-system logs {} --previous, or on the host: tail -n 20 \
             /var/log/pods/kube-system_kube-proxy-*/kube-proxy/*.log",
            pod.name
        )));
    }
    let around = around::seen(worker.facts, around::name_of(&worker.paths.api).as_deref());
    found.notes.extend(cluster::notes(&word, around));
    let waits = word.pods.iter().any(|pod| !pod.waiting.is_empty());
    if !waits && !word.pods.is_empty() {
        found.well.push(format!("pods: of {} on the node none waits", word.pods.len()));
    }
}

/// The pods of a list that may have been cut off.
struct ToldPods(Vec<Pod>);

impl FromStr for ToldPods {
    type Err = Infallible;

    fn from_str(body: &str) -> Result<Self, Infallible> {
        Ok(Self(told(body)))
    }
}

/// The pods of a list; of one that was cut off, those before that.
fn told(body: &str) -> Vec<Pod> {
    let mut pods = Vec::new();
    let Some((_, rest)) = body.split_once("\"items\":") else { return pods };
    let mut rest = rest.trim_start().trim_start_matches('[');
    loop {
        rest = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
        let mut values = Deserializer::from_str(rest).into_iter::<Value>();
        let Some(Ok(pod)) = values.next() else { return pods };
        pods.extend(Pod::from_json(&pod));
        let end = values.byte_offset();
        rest = rest.get(end..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::found_paths::FoundPaths;
    use super::*;
    use crate::plan::fact::Facts;
    use crate::plan::found::ApiAnswer;

    fn pod(name: &str, state: &Value) -> Value {
        json!({"metadata": {"name": name, "namespace": "kube-system"}, "status": {"containerStatuses": [
            {"name": "c", "restartCount": 7, "state": state}]}})
    }

    fn judged(pods: &[Value], faults: &[ProblemCode]) -> Findings {
        let identity = NodeIdentity {
            more: ApiAnswer {
                status: Some(200),
                body: json!({"kind": "PodList", "metadata": {"resourceVersion": "7"}, "items": pods})
                    .to_string()
                    .into(),
            },
            ..NodeIdentity::default()
        };
        let (facts, paths) = (Facts::default(), FoundPaths::default());
        let now = jiff::Timestamp::UNIX_EPOCH;
        let worker = FoundWorker { name: "w1", facts: &facts, asked_ms: 0, paths: &paths, now };
        let mut found = Findings::default();
        for code in faults {
            found.add(Problem::new(*code, "x"));
        }
        judge(&worker, &identity, &mut found);
        found
    }

    #[test]
    fn a_kube_proxy_that_does_not_come_up_is_a_fault_and_any_other_pod_is_to_know() {
        let runs = json!({"running": {}});
        let ends = json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}});
        let found = judged(&[pod("kube-proxy-x9", &runs), pod("web", &runs)], &[]);
        assert!(found.faults.is_empty() && found.notes.is_empty() && found.well.len() == 1);
        let found = judged(&[pod("kube-proxy-x9", &ends), pod("web", &ends)], &[]);
        assert_eq!(found.faults.len(), 1);
        assert_eq!(found.faults[0].code, ProblemCode::Container02);
        assert!(found.faults[0].evidence.concat().contains("CrashLoopBackOff: back-off 5m0s"));
        assert_eq!(found.notes, ["pod kube-system/web waits: c: CrashLoopBackOff: back-off 5m0s"]);
        // One that is just being made comes up.
        let begins = json!({"waiting": {"reason": "ContainerCreating"}});
        assert!(judged(&[pod("kube-proxy-x9", &begins)], &[]).faults.is_empty());
        // What the API knows is from before the kubelet ended.
        let found = judged(&[pod("kube-proxy-x9", &ends), pod("web", &ends)], &[ProblemCode::Node04]);
        assert!(found.faults.len() == 1 && found.notes.is_empty());
    }

    #[test]
    fn of_a_list_that_was_cut_off_the_pods_before_that_are_read() {
        let all: Vec<Value> = (0..9).map(|at| pod(&format!("p{at}"), &json!({"running": {}}))).collect();
        let whole = json!({"kind": "PodList", "items": all});
        assert_eq!(told(&whole.to_string()).len(), 9);
        assert_eq!(told(&serde_json::to_string_pretty(&whole).unwrap_or_default()).len(), 9);
        let text = whole.to_string();
        assert_eq!(told(&text[..text.len() - 40]).len(), 8);
        assert!(
            told("").is_empty() && told("{\"items\":null}").is_empty() && told("{\"items\":[").is_empty()
        );
    }
}
