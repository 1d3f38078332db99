//! A worker that leaves, and its pods before it.

use super::Scenario;
use super::lab::{Lab, until};
use super::program::Home;

pub const ALL: &[Scenario] = &[("pods_leave_a_worker_before_it_is_removed_as_their_budgets_allow", drained)];

const PODS: &str = r#"{"apiVersion": "v1", "kind": "List", "items": [
{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "default"},
 "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}},
  "spec": {"terminationGracePeriodSeconds": 1, "automountServiceAccountToken": false,
   "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule",
     "nodeTaintsPolicy": "Honor", "labelSelector": {"matchLabels": {"app": "web"}}}],
   "containers": [{"name": "web", "image": "registry.k8s.io/pause:3.10.2", "imagePullPolicy": "Never"}]}}}},
{"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web", "namespace": "default"},
 "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}},
{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare", "namespace": "default"},
 "spec": {"nodeName": "x1", "terminationGracePeriodSeconds": 1, "automountServiceAccountToken": false,
  "containers": [{"name": "bare", "image": "registry.k8s.io/pause:3.10.2", "imagePullPolicy": "Never"}]}}]}"#;

fn running(lab: &Lab) -> Vec<(String, String)> {
    let told = lab.kubectl(&["get", "pods", "-l", "app=web", "-o",
        "jsonpath={range .items[?(@.status.phase==\"Running\")]}{.metadata.name} {.spec.nodeName}{\"\\n\"}{end}"]);
    told.lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(pod, node)| (pod.to_owned(), node.to_owned()))
        .collect()
}

fn cordoned(lab: &Lab) -> bool {
    lab.kubectl(&["get", "node", "x1", "-o", "jsonpath={.spec.unschedulable}"]).trim() == "true"
}

fn drained(lab: &Lab) {
    lab.reset(&["x1", "x3"]);
    let (home, plan) = (Home::new(), lab.small_plan(&["x1", "x3"]));
    home.aboard(&plan);
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), PODS).expect("it is written");
    lab.kubectl(&["apply", "--validate=false", "-f", &file.path().display().to_string()]);
    let both = || {
        running(lab).iter().map(|(_, node)| node.clone()).collect::<std::collections::BTreeSet<_>>().len()
            == 2
    };
    until("a pod runs on each worker", 60, both);
    let remove = |more: &[&str]| {
        let words = [&["--worker", "x1", "--yes", "--json"], more].concat();
        home.run("remove", &plan, &words)
    };
    // Nobody makes the bare one anew: nothing is begun.
    let run = remove(&["--drain"]);
    assert_eq!(run.code, 1, "{}", run.story());
    assert!(run.said.contains("E-NODE-06") && run.said.contains("default/bare"), "{}", run.story());
    assert!(!cordoned(lab) && lab.nodes().get("x1") == Some(&true) && both(), "{}", run.story());
    lab.kubectl(&["delete", "pod", "bare", "--wait=true"]);
    // The budget wants both, and there is no third worker for a new one.
    let run = remove(&["--drain", "--drain-within", "6"]);
    assert_eq!(run.code, 1, "{}", run.story());
    assert!(run.said.contains("E-NODE-07") && run.said.contains("disruption budget"), "{}", run.story());
    assert!(!cordoned(lab) && lab.nodes().get("x1") == Some(&true) && both(), "{}", run.story());
    lab.kubectl(&["delete", "pdb", "web"]);
    let run = remove(&["--drain"]);
    assert_eq!(run.code, 0, "{}", run.story());
    assert!(
        run.said.contains("x1 takes no new pods now") && run.said.contains("leaves x1"),
        "{}",
        run.story()
    );
    assert_eq!(lab.nodes().get("x1"), None, "{}", run.story());
    assert!(running(lab).iter().all(|(_, node)| node == "x3"), "{:?}", running(lab));
    lab.kubectl(&["delete", "deployment", "web"]);
    lab.reset(&["x1", "x3"]);
}
