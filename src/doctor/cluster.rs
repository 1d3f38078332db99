//! What the API says of what runs on the worker: its pods, and whether kube-proxy may see the services.

use serde_json::{Value, json};

use crate::kube::{Pod, PodWait};
use crate::plan::action::Action;
use crate::plan::clean;
use crate::plan::code::ProblemCode;
use crate::plan::fact::{Facts, Known};
use crate::plan::problem::Problem;
use crate::plan::remote;
use crate::plan::surroundings::Surroundings;
use crate::profile::{KUBE_PROXY_USER, SSL};

/// The cluster role of a kube-proxy, a default of API servers with RBAC (1.6 and later).
const ROLE: &str = "system:node-proxier";
/// The binding that is offered; the default one has the name of the role.
const BINDING: &str = "gangplank:node-proxier";
/// So many pods that wait are named.
const MOST_PODS: usize = 5;

/// What the API was asked beside what every run asks.
#[derive(Debug, Default)]
pub struct ClusterWord {
    /// Whether kube-proxy's user may list services, and the API's reason where it may not; `None` = it was not said.
    pub proxy: Option<Result<(), String>>,
    /// The pods on the worker's node; empty where they were not told.
    pub pods: Vec<Pod>,
}

/// The question whether kube-proxy's user may list services.
pub fn may_kube_proxy_see() -> (&'static str, Value) {
    (
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
            "user": KUBE_PROXY_USER, "groups": ["system:authenticated"],
            "resourceAttributes": {"verb": "list", "resource": "services"}}}),
    )
}

/// What the API answered to it; `None` = it did not say.
pub fn kube_proxy_sees(answer: &Value) -> Option<Result<(), String>> {
    if answer.pointer("/status/allowed")?.as_bool()? {
        return Some(Ok(()));
    }
    let reason = answer.pointer("/status/reason").and_then(Value::as_str).unwrap_or_default();
    Some(Err(clean::short(&clean::line(reason), 300)))
}

/// A kube-proxy whose identity the API refuses runs, and its node is Ready, while no service is served.
pub(super) fn fault(facts: &Facts, word: &ClusterWord) -> Option<Problem> {
    let own = matches!(facts.file(&format!("{SSL}/kube-proxy.crt")), Known::Yes(Some(_)));
    let Some(Err(reason)) = word.proxy.as_ref().filter(|_| own) else { return None };
    let by_hand = shell_words::join([
        "kubectl",
        "create",
        "clusterrolebinding",
        BINDING,
        &format!("--clusterrole={ROLE}"),
        &format!("--user={KUBE_PROXY_USER}"),
    ]);
    let group = "rbac.authorization.k8s.io";
    let binding = json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding",
        "metadata": {"name": BINDING}, "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": ROLE},
        "subjects": [{"apiGroup": group, "kind": "User", "name": KUBE_PROXY_USER}]});
    let problem = Problem::new(ProblemCode::Api28, "kube-proxy may not see the services of the cluster")
        .seen(format!("asked whether user {KUBE_PROXY_USER} may list services, the API says no"));
    let problem = if reason.is_empty() { problem } else { problem.seen(reason.clone()) };
    Some(
        problem
            .repair(
                format!("give {KUBE_PROXY_USER} the ClusterRole {ROLE}"),
                vec![Action::KubeApply { object: binding }],
            )
            .manual(format!("the same by hand: {by_hand}")),
    )
}

/// A pod of kube-proxy, static or of a DaemonSet.
pub(super) fn is_proxy(pod: &Pod) -> bool {
    pod.namespace == "kube-system" && pod.name.to_string().starts_with("kube-proxy")
}

/// Why containers of a pod wait, in a line each.
fn waits(pod: &Pod) -> Vec<String> {
    let one = |wait: &PodWait| {
        let why = remote::join(&[wait.reason.clone(), wait.message.clone()], ": ");
        clean::short(&format!("{}: {why}", wait.container), 300)
    };
    pod.waiting.iter().map(one).collect()
}

/// Why kube-proxy does not run, as its kubelet told the API.
pub(super) fn proxy_waits(word: &ClusterWord) -> Vec<String> {
    let told = |pod: &Pod| {
        let restarts = format!("pod {}, {} restarts", pod.name, pod.restarts);
        waits(pod).into_iter().map(move |why| format!("the API knows of {restarts}: {why}"))
    };
    word.pods.iter().filter(|pod| is_proxy(pod)).flat_map(told).collect()
}

/// Pods that wait, which is no fault of the worker by itself, with the end of what each wrote.
pub(super) fn notes(word: &ClusterWord, around: Option<&Surroundings>) -> Vec<String> {
    let waiting: Vec<&Pod> =
        word.pods.iter().filter(|pod| !pod.leaving && !is_proxy(pod) && !pod.waiting.is_empty()).collect();
    let ends = around.map_or(&[][..], |around| around.log_ends.as_slice());
    let line = |pod: &&Pod| {
        let name = format!("{}/{}", pod.namespace, pod.name);
        let end = ends.iter().find(|end| end.pod == name && !end.lines.is_empty());
        let wrote = end.map_or_else(String::new, |end| {
            let lines: Vec<String> = end.lines.iter().map(ToString::to_string).collect();
            format!("; its log ends with: {}", lines.join(" / "))
        });
        format!("pod {name} waits: {}{wrote}", waits(pod).join("; "))
    };
    let mut notes: Vec<String> = waiting.iter().take(MOST_PODS).map(line).collect();
    if waiting.len() > MOST_PODS {
        notes.push(format!("{} more pods wait on it", waiting.len().saturating_sub(MOST_PODS)));
    }
    notes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ClusterWord, fault, kube_proxy_sees, notes, proxy_waits};
    use crate::kube::Pod;
    use crate::plan::fact::Facts;
    use crate::plan::surroundings::{LogEnd, Surroundings};

    #[test]
    fn only_a_clear_no_is_a_no() {
        let said = |status| kube_proxy_sees(&json!({"kind": "SubjectAccessReview", "status": status}));
        assert_eq!(said(json!({"allowed": true})), Some(Ok(())));
        assert_eq!(
            said(json!({"allowed": false, "reason": "no\u{7} binding"})),
            Some(Err("no binding".to_owned()))
        );
        assert_eq!(said(json!({"allowed": "false"})), None);
        assert_eq!(said(json!({})), None);
        // A worker that has no identity of kube-proxy is not told of its rights.
        let word = ClusterWord { proxy: said(json!({"allowed": false})), pods: Vec::new() };
        assert!(fault(&Facts::default(), &word).is_none());
    }

    #[test]
    fn pods_that_wait_are_named_and_kube_proxys_own_is_evidence() {
        let pod = |space: &str, name: &str, waiting: bool| {
            let state = if waiting {
                json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}})
            } else {
                json!({"running": {}})
            };
            Pod::from_json(&json!({"metadata": {"name": name, "namespace": space}, "status": {
                "containerStatuses": [{"name": "c", "restartCount": 3, "state": state}]}}))
            .expect("a pod")
        };
        let mut pods = vec![pod("kube-system", "kube-proxy-w1", true), pod("default", "well", false)];
        pods.extend((0..7).map(|number| pod("default", &format!("web-{number}"), true)));
        let word = ClusterWord { proxy: None, pods };
        assert_eq!(
            proxy_waits(&word),
            ["the API knows of pod kube-proxy-w1, 3 restarts: c: CrashLoopBackOff: back-off 10s"]
        );
        let notes = |around| notes(&word, around);
        let around = Surroundings {
            log_ends: vec![LogEnd {
                pod: "default/web-1".into(),
                lines: vec!["no route".into(), "bye".into()],
            }],
            ..Surroundings::default()
        };
        assert!(notes(Some(&around))[1].ends_with("; its log ends with: no route / bye"));
        let notes = notes(None);
        assert_eq!(
            (notes.len(), notes[0].as_str()),
            (6, "pod default/web-0 waits: c: CrashLoopBackOff: back-off 10s")
        );
        assert_eq!(notes[5], "2 more pods wait on it");
    }
}
