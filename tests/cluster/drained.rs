//! A worker that leaves, and its pods before it.

use super::Scenario;
use super::lab::{Lab, until};
use super::program::Home;

pub const ALL: &[Scenario] = &[
    ("pods_leave_a_worker_before_it_is_removed_as_their_budgets_allow", drained),
    ("pods_of_a_machine_that_is_off_are_released_and_the_mark_goes_when_it_is_back", released),
];

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

fn marked(lab: &Lab) -> bool {
    lab.kubectl(&["get", "node", "x3", "-o", "jsonpath={.spec.taints[*].key}"]).contains("out-of-service")
}

fn released(lab: &Lab) {
    lab.reset(&["x1", "x3"]);
    let (home, plan) = (Home::new(), lab.small_plan(&["x1", "x3"]));
    home.aboard(&plan);
    let release = || home.run("release", &plan, &["--worker", "x3", "--yes", "--json"]);
    // It runs.
    let run = release();
    assert!(run.code == 1 && run.said.contains("E-NODE-09"), "{}", run.story());
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), PODS).expect("it is written");
    lab.kubectl(&["apply", "--validate=false", "-f", &file.path().display().to_string()]);
    until("a pod runs on x3", 60, || running(lab).iter().any(|(_, node)| node == "x3"));
    lab.off("x3");
    // The API still says Ready.
    let run = release();
    assert!(run.code == 1 && run.said.contains("E-NODE-09") && !marked(lab), "{}", run.story());
    until("the API calls it silent", 120, || {
        let path = "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}";
        lab.kubectl(&["get", "node", "x3", "-o", path]).trim() == "Unknown"
    });
    let run = release();
    assert!(run.code == 0 && marked(lab), "{}", run.story());
    until("no pod is left on x3", 90, || {
        let told = lab.kubectl(&["get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].spec.nodeName}"]);
        !told.contains("x3")
    });
    lab.restart("x3");
    until("it is back", 90, || lab.nodes().get("x3") == Some(&true));
    let run = home.run("doctor", &plan, &["--worker", "x3", "--json"]);
    assert!(run.said.contains("E-NODE-08"), "{}", run.story());
    let run = home.run("apply", &plan, &["--worker", "x3", "--json"]);
    assert!(run.code == 0 && !marked(lab), "{}", run.story());
    lab.kubectl(&["delete", "deployment", "web"]);
    lab.kubectl(&["delete", "pdb", "web"]);
    lab.kubectl(&["delete", "pod", "bare", "--ignore-not-found", "--force"]);
    lab.reset(&["x1", "x3"]);
}
