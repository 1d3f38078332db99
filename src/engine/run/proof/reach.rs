//! The proof that the API server reaches a kubelet: a real log and a real command, asked of the API as kubectl asks.
//! What hinders it is told by what it is: a right that the API server's user lacks, with the binding that gives it, or
//! a way that is closed.

use serde_json::{Value, json};

use crate::engine::cluster::facts::SharedFacts;
use crate::engine::run::Engine;
use crate::engine::run::proof::{Ended, POLL};
use crate::kube::{ApiError, ContainerPlace, ReadyState};
use crate::plan::action::Action;
use crate::plan::clean;
use crate::plan::code::ProblemCode;
use crate::plan::minors;
use crate::plan::model::Version;
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy};
use crate::step::Proof;

/// The role that has all rights that an API server needs at kubelets.
const ROLE: &str = "system:kubelet-api-admin";
/// The binding that is offered.
const BINDING: &str = "gangplank:kubelet-api-admin";
/// Who has shown no certificate.
const NOBODY: &str = "system:anonymous";
/// A kubelet remembers a refusal for 30 s (`authorization.webhook.cacheUnauthorizedTTL`); milliseconds.
const REMEMBERED: i64 = 40_000;

/// What stands between the API server and a kubelet.
enum Hindrance {
    /// It may not: the user as the kubelet names it.
    Right(String),
    /// Our own login may not ask.
    Ours,
    /// Something else.
    Way,
}

/// The user whom a kubelet refused: `Forbidden (user=U, verb=get, resource=nodes, subresource(s)=[proxy])`.
fn refused_user(words: &str) -> Option<String> {
    let rest = words.split_once("(user=")?.1;
    let (user, rest) = rest.split_once(", verb=")?;
    rest.contains("resource=nodes").then(|| clean::short(user, 200))
}

/// An API server that did not get through names the kubelet's address that it asked, or that it dialed; what a kubelet itself
/// answers, such as that a log is gone, came through.
fn is_of_the_way(words: &str) -> bool {
    words.contains("https://") || words.contains("dial")
}

fn hindrance(words: &str, forbidden: bool) -> Hindrance {
    match refused_user(words) {
        Some(user) => Hindrance::Right(user),
        None if forbidden => Hindrance::Ours,
        None => Hindrance::Way,
    }
}

/// A container that runs, with what is run in it: a program that it surely has, and that only tells something.
struct TryOn {
    at: ContainerPlace,
    command: Vec<&'static str>,
}

/// The best container to try it on: kube-proxy's, then one of kube-system, then any; one that runs before one of which
/// nothing is said yet, as the status of a pod comes seconds after it.
fn choose(list: &Value) -> Option<TryOn> {
    let text =
        |value: &Value, at: &str| value.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    let all =
        |value: &'_ Value, at: &str| value.pointer(at).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut best: Option<((u8, bool), TryOn)> = None;
    for pod in all(list, "/items") {
        let over = matches!(text(&pod, "/status/phase").as_str(), "Succeeded" | "Failed");
        if over || pod.pointer("/metadata/deletionTimestamp").is_some_and(|at| !at.is_null()) {
            continue;
        }
        let statuses = all(&pod, "/status/containerStatuses");
        let runs = |status: &Value| status.pointer("/state/running").is_some_and(Value::is_object);
        let containers: Vec<(String, bool)> = if statuses.is_empty() {
            all(&pod, "/spec/containers").iter().map(|one| (text(one, "/name"), true)).collect()
        } else {
            statuses.iter().filter(|one| runs(one)).map(|one| (text(one, "/name"), false)).collect()
        };
        for (container, silent) in containers {
            let namespace = text(&pod, "/metadata/namespace");
            let system = namespace == "kube-system";
            let (rank, command) = match container.as_str() {
                "kube-proxy" if system => (0, vec!["kube-proxy", "--version"]),
                "coredns" if system => (1, vec!["/coredns", "-version"]),
                _ if system => (2, vec!["true"]),
                _ => (3, vec!["true"]),
            };
            if best.as_ref().is_none_or(|(than, _)| (rank, silent) < *than) {
                let at = ContainerPlace { namespace, pod: text(&pod, "/metadata/name"), container };
                best = Some(((rank, silent), TryOn { at, command }));
            }
        }
    }
    best.map(|(_, found)| found)
}

/// The binding that gives a user the right.
pub(super) fn binding(user: &str) -> Value {
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": BINDING},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ROLE},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]})
}

impl Engine<'_> {
    /// A log and a command on a worker, through the API.
    pub fn kubelet_is_reached(&self, place: &Place, proof: &Proof) -> Ended {
        let Proof::Reach { node, expected, within } = proof else {
            return Ended::NotShown("not a kubelet".to_owned());
        };
        let mut deadline = self.deadline(*within);
        let mut remembered = false;
        loop {
            if self.options.stop.wanted() {
                return Ended::Stopped;
            }
            let tried = match self.container_on(node) {
                Ok(Some(on)) => match self.try_reach(&on) {
                    Ok(evidence) => return Ended::True(evidence),
                    Err((what, error)) => Err((on, what, error)),
                },
                Ok(None) => Ok(format!("no container runs on {node} that it could be tried on")),
                Err(ApiError::Stopped) => return Ended::Stopped,
                Err(error) => return Ended::NotShown(format!("the pods of {node} are not told: {error}")),
            };
            if let Err((on, what, error)) = &tried {
                // A refusal is the kubelet's, and is told as its word.
                let words = match error {
                    ApiError::Forbidden(words) => words.clone(),
                    other => other.to_string(),
                };
                match hindrance(&words, matches!(error, ApiError::Forbidden(_))) {
                    Hindrance::Ours => return Ended::NotShown(format!("this login may not ask: {words}")),
                    Hindrance::Right(user) if !self.has_the_right(&user) => {
                        return Ended::Not(no_right(place, &user, what, &words));
                    }
                    // The right is there by now, and the kubelet still remembers that it was not.
                    Hindrance::Right(_) if !remembered => {
                        remembered = true;
                        deadline = self.world.now().as_millisecond().saturating_add(REMEMBERED);
                    }
                    Hindrance::Right(_) | Hindrance::Way => {}
                }
                if self.over(deadline) {
                    // The API server's own word about a container that has not begun.
                    return if matches!(error, ApiError::Invalid { .. }) {
                        Ended::NotShown(words)
                    } else {
                        Ended::Not(no_way(place, on, what, &words))
                    };
                }
            }
            if let Ok(why) = tried
                && self.over(deadline)
            {
                let waited = expected.as_ref().map(|pod| format!("; {pod} was waited for"));
                return Ended::NotShown(format!("{why}{}", waited.unwrap_or_default()));
            }
            self.world.wait(POLL);
        }
    }

    /// The same of a node that was Ready before this run, tried while its worker is still being looked at: it counts
    /// where nothing had to be changed. `None` = it was not, or it did not work.
    pub fn reached_before(&self, shared: &SharedFacts, node: &str) -> Option<String> {
        let known = shared.cluster.nodes.iter().flatten().find(|one| one.name == node)?;
        let version = Version::parse(&known.kubelet.as_ref()?.to_string())?;
        if known.ready.state != ReadyState::Ready
            || !minors::CRI_ONLY.holds(version)
            || self.options.stop.wanted()
        {
            return None;
        }
        let on = self.container_on(node).ok()??;
        self.try_reach(&on).ok()
    }

    /// Why the API server does not get through to a kubelet that runs, told by asking for a line of a log as kubectl does.
    /// `None` = it does, or nothing tells: no container runs there, or our login may not ask.
    pub fn hinders_the_api(&self, node: &str) -> Option<Problem> {
        let on = self.container_on(node).ok()??;
        let error = self.world.cluster().log(&on.at, 1).err()?;
        let place = Place::Worker(node.to_owned());
        match (&error, error.to_string()) {
            (ApiError::Forbidden(words), _) => match hindrance(words, true) {
                Hindrance::Right(user) if !self.has_the_right(&user) => {
                    Some(no_right(&place, &user, "log", words))
                }
                _ => None,
            },
            (ApiError::Timeout(_), words) => Some(no_way(&place, &on, "log", &words)),
            (ApiError::Server { .. }, words) if is_of_the_way(&words) => {
                Some(no_way(&place, &on, "log", &words))
            }
            _ => None,
        }
    }

    fn container_on(&self, node: &str) -> Result<Option<TryOn>, ApiError> {
        let path = format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{node}");
        Ok(self.world.cluster().get_list(&path)?.as_ref().and_then(choose))
    }

    /// Both; the evidence, or which of them did not work and why.
    fn try_reach(&self, on: &TryOn) -> Result<String, (&'static str, ApiError)> {
        let api = self.world.cluster();
        let log = api.log(&on.at, 1).map_err(|error| ("log", error))?;
        let ran = api.exec(&on.at, &on.command).map_err(|error| ("exec", error))?;
        if let Some(why) = ran.failed.as_ref().filter(|why| refused_user(why).is_some()) {
            return Err(("exec", ApiError::Forbidden(why.clone())));
        }
        let log = if log.trim().is_empty() { "an empty log".to_owned() } else { "its log".to_owned() };
        let exec = match (&ran.failed, ran.said.is_empty()) {
            // It was the container's own program that failed: the way there is proven.
            (Some(why), _) => format!("{} was begun in it: {why}", on.command.join(" ")),
            (None, true) => format!("{} ran in it", on.command.join(" ")),
            (None, false) => format!("{} says {}", on.command.join(" "), ran.said),
        };
        Ok(format!("{}/{}: {log}, and {exec}", on.at.namespace, on.at.pod))
    }

    /// Whether the API itself says that this user may ask kubelets; groups are not known, so a no may be a yes.
    fn has_the_right(&self, user: &str) -> bool {
        let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {"user": user, "resourceAttributes": {"verb": "get", "resource": "nodes", "subresource": "proxy"}}});
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        let answer = self.world.cluster().question(path, &review);
        answer.is_ok_and(|answer| answer.pointer("/status/allowed") == Some(&Value::Bool(true)))
    }
}

fn no_right(place: &Place, user: &str, what: &str, words: &str) -> Problem {
    let problem = Problem::new(
        ProblemCode::Api26,
        format!("{place}: the API server may not ask the kubelet for a {what}"),
    )
    .seen(format!("the kubelet says: {words}"));
    if user == NOBODY {
        return problem
            .seen("the API server showed the kubelet no client certificate")
            .manual("give the API servers --kubelet-client-certificate and --kubelet-client-key, of the CA that the kubelet trusts")
            .way(Remedy::Retry);
    }
    let by_hand = [
        "kubectl",
        "create",
        "clusterrolebinding",
        BINDING,
        &format!("--clusterrole={ROLE}"),
        &format!("--user={user}"),
    ];
    problem
        .seen(format!("the API server comes as user {user}, whom no binding gives the right to nodes/proxy"))
        .repair(
            format!("give {user} the ClusterRole {ROLE}"),
            vec![Action::KubeApply { object: binding(user) }],
        )
        .manual(format!("the same by hand: {}", shell_words::join(by_hand)))
        .way(Remedy::Retry)
}

fn no_way(place: &Place, on: &TryOn, what: &str, words: &str) -> Problem {
    let lower = words.to_lowercase();
    let cure = if lower.contains("no such host") || lower.contains("server misbehaving") {
        "let the masters resolve the node's name, or give the API servers --kubelet-preferred-address-types=InternalIP"
    } else if lower.contains("x509") || lower.contains("certificate") {
        "the API servers' --kubelet-certificate-authority must be the CA that signed the worker's certificate, which carries its name and address"
    } else if lower.contains("unauthorized") || lower.contains("credentials") {
        "the kubelet takes clients of the plan's CA alone: the API servers' --kubelet-client-certificate must be of it"
    } else {
        "look at the way from the masters to port 10250 of the worker: routes and firewalls"
    };
    Problem::new(
        ProblemCode::Api27,
        format!("{place}: the API server does not get through to the kubelet for a {what}"),
    )
    .seen(format!("{}/{}: {words}", on.at.namespace, on.at.pod))
    .manual(cure)
    .way(Remedy::Retry)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{choose, is_of_the_way, refused_user};

    #[test]
    fn the_user_is_read_from_the_words_of_old_and_new_kubelets() {
        let old = "the API refuses this to us: Forbidden (user=kube-apiserver, verb=get, resource=nodes, subresource=proxy) ( pods/log kube-proxy-w1)";
        let new =
            "Forbidden (user=system:kube, apiserver, verb=create, resource=nodes, subresource(s)=[proxy])";
        assert_eq!(refused_user(old).as_deref(), Some("kube-apiserver"));
        assert_eq!(refused_user(new).as_deref(), Some("system:kube, apiserver"));
        let ours = "pods \"p\" is forbidden: User \"x\" cannot get resource \"pods/log\"";
        assert_eq!(refused_user(ours), None);
    }

    #[test]
    fn what_a_kubelet_itself_answers_came_through() {
        let closed = "the API answers 500: Get \"https://10.0.0.11:10250/containerLogs/kube-system/p/c\": context deadline exceeded";
        assert!(
            is_of_the_way(closed)
                && is_of_the_way("error dialing backend: dial tcp 10.0.0.11:10250: i/o timeout")
        );
        assert!(!is_of_the_way(
            "the API answers 500: unable to retrieve container logs for containerd://0a1b"
        ));
    }

    #[expect(clippy::needless_pass_by_value, reason = "a literal is given as it is")]
    fn pod(namespace: &str, container: &str, state: Value) -> Value {
        json!({"metadata": {"name": format!("{container}-x"), "namespace": namespace},
            "status": {"containerStatuses": [{"name": container, "state": state}]}})
    }

    #[test]
    fn kube_proxy_is_asked_before_others_and_what_does_not_run_is_not() {
        let running = json!({"running": {"startedAt": "2026"}});
        let list = json!({"items": [pod("shop", "web", running.clone()), pod("kube-system", "coredns", running.clone()),
            pod("kube-system", "kube-proxy", running)]});
        let chosen = choose(&list).expect("three run");
        assert_eq!(
            (chosen.at.container.as_str(), chosen.command),
            ("kube-proxy", vec!["kube-proxy", "--version"])
        );
        assert!(
            choose(&json!({"items": [pod("kube-system", "kube-proxy", json!({"waiting": {}}))]})).is_none()
        );
        let silent = json!({"items": [{"metadata": {"name": "kube-proxy-w1", "namespace": "kube-system"},
            "spec": {"containers": [{"name": "kube-proxy"}]}, "status": {"phase": "Pending"}}]});
        assert!(choose(&silent).is_some(), "the status of a pod comes after it");
    }
}
