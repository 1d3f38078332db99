//! The way aboard, the second run, and the way back.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde_yaml::Value as Yaml;

use super::Scenario;
use super::lab::{Lab, kubectl, only, until};
use super::program::{Home, Run};

pub const ALL: &[Scenario] = &[
    ("three_blank_workers_become_ready_and_dns_answers", three_blank_workers),
    ("a_second_run_and_a_plan_change_nothing", second_run),
    ("undo_leaves_everything_as_it_was", undo),
    ("v1_2_faithful_to_the_post_becomes_ready", faithful),
];

const WORKERS: [&str; 3] = ["w1", "w2", "w3"];

/// Three workers aboard, and how they were before.
struct Aboard {
    home: Home,
    before: BTreeMap<&'static str, String>,
}

/// What one scenario leaves for the next.
static LEFT: Mutex<Option<Aboard>> = Mutex::new(None);

/// Forgets what the last scenario left, with its folders.
pub fn clear() {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner).take();
}

fn go_aboard(lab: &Lab) -> (Aboard, Run) {
    lab.reset(&WORKERS);
    lab.forget_dns();
    let before = WORKERS.iter().map(|worker| (*worker, lab.snapshot(worker))).collect();
    let home = Home::new().secret("sudo:w2", lab.get("LAB_OPS_PASSWORD"));
    let run = home.aboard(&lab.plan("LAB_PLAN"));
    (Aboard { home, before }, run)
}

fn keep(aboard: Aboard) {
    *LEFT.lock().unwrap_or_else(PoisonError::into_inner) = Some(aboard);
}

fn aboard(lab: &Lab) -> Aboard {
    let left = LEFT.lock().unwrap_or_else(PoisonError::into_inner).take();
    left.unwrap_or_else(|| go_aboard(lab).0)
}

/// A manifest that changes alone is proven by a container that runs, not by a new pause; nothing is restarted.
pub fn manifest_alone(lab: &Lab, home: &Home, plan: &Yaml, worker: &str) {
    // Faithful to the post it has no suffix.
    let manifest = lab.on(worker, "ls /etc/kubernetes/manifests/kube-proxy*").trim().to_owned();
    let mut changed = plan.clone();
    for one in changed["workers"].as_sequence_mut().into_iter().flatten() {
        one["proxy_args"] = vec!["--v=3".to_owned()].into();
    }
    let write = format!("write {manifest}");
    for plan in [&changed, plan] {
        let began = Instant::now();
        let run = home.aboard(plan);
        assert_eq!(run.actions(worker), [write.as_str()], "{}", run.story());
        assert!(began.elapsed().as_secs() < 100, "{}", run.story());
        runs_a_node(lab, worker);
    }
    // Taken away and written again before the kubelet has ended its pod.
    lab.on(
        worker,
        &format!("mv {manifest} /root/kube-proxy.yaml; sleep 3; mv /root/kube-proxy.yaml {manifest}"),
    );
    let run = home.aboard(plan);
    assert_eq!(run.actions(worker), Vec::<String>::new(), "{}", run.story());
    runs_a_node(lab, worker);
}

fn runs_a_node(lab: &Lab, worker: &str) {
    let containers = lab.containers(worker);
    for name in ["k8s_kube-proxy_kube-proxy", "k8s_POD_kube-proxy"] {
        assert!(containers.iter().any(|one| one.starts_with(name)), "{worker}: no {name} in {containers:?}");
    }
}

fn three_blank_workers(lab: &Lab) {
    let (aboard, run) = go_aboard(lab);
    let home = &aboard.home;
    let nodes = lab.nodes();
    for worker in WORKERS {
        assert_eq!(nodes.get(worker), Some(&true), "{nodes:?}");
        runs_a_node(lab, worker);
        assert!(lab.dns_answers(worker), "{worker}: 10.3.0.2 does not answer");
        assert_eq!(run.cost(worker), [1, 1, 1], "{worker}: connections, execs, streams");
        let key = lab.on(worker, "stat -c '%a %U' /etc/kubernetes/ssl/worker.key");
        assert_eq!(key.trim(), "600 root", "{worker}");
    }
    let [connections, execs, streams] = run.cost("ca-host");
    assert_eq!((connections, streams), (1, 0));
    assert_eq!(execs, 1, "a look and all signing in one shell");
    let file = home.kubeconfig();
    let file = file.to_str().expect("it is UTF-8");
    let listed = kubectl(&["--kubeconfig", file, "--context", "lab", "get", "nodes", "-o", "name"]);
    assert_eq!(listed.lines().count(), 3, "{listed}");
    keep(aboard);
}

fn second_run(lab: &Lab) {
    let aboard = aboard(lab);
    let home = &aboard.home;
    let plan = lab.plan("LAB_PLAN");
    let before: Vec<String> = WORKERS.iter().map(|worker| lab.snapshot(worker)).collect();
    let run = home.aboard(&plan);
    for event in run.ended() {
        let good = matches!(event["outcome"].as_str(), Some("same" | "proven"));
        assert!(good, "{event}");
    }
    for worker in WORKERS {
        assert_eq!(run.cost(worker), [1, 1, 0], "{worker}: connections, execs, streams");
        assert_eq!(run.places().get(worker).map(String::as_str), Some("same"));
    }
    let listing = home.listing();
    let seen = home.run("plan", &plan, &[]);
    assert_eq!(seen.code, 0, "{}", seen.story());
    assert_eq!(home.listing(), listing, "plan wrote something");
    let after: Vec<String> = WORKERS.iter().map(|worker| lab.snapshot(worker)).collect();
    assert_eq!(after, before);
    keep(aboard);
}

fn undo(lab: &Lab) {
    let Aboard { home, before } = aboard(lab);
    let plan = lab.plan("LAB_PLAN");
    let refused = home.run("undo", &plan, &[]);
    assert_eq!(refused.code, 3, "without a terminal and without --yes nothing happens\n{}", refused.story());
    assert!(lab.nodes().values().all(|ready| *ready));
    let run = home.run("undo", &plan, &["--yes", "--json"]);
    assert_eq!(run.code, 0, "{}", run.story());
    for worker in WORKERS {
        let after = lab.snapshot(worker);
        let was: Vec<&str> = before[worker].lines().collect();
        let is: Vec<&str> = after.lines().collect();
        let gone: Vec<_> = was.iter().filter(|line| !is.contains(line)).collect();
        let new: Vec<_> = is.iter().filter(|line| !was.contains(line)).collect();
        assert!(gone.is_empty() && new.is_empty(), "{worker}: gone {gone:#?} new {new:#?}");
        let (left, _) = lab.try_on(worker, "test -e /etc/kubernetes -o -e /var/lib/gangplank", b"");
        assert!(!left, "{worker}: a folder is left");
        assert_eq!(lab.on(worker, "docker ps -aq"), "", "{worker}: containers are left");
        let dangling =
            lab.on(worker, "for d in containers pods; do find /var/log/$d -xtype l 2>/dev/null; done; :");
        assert_eq!(dangling, "", "{worker}: links to logs that are gone are left");
    }
    assert!(lab.nodes().is_empty(), "{:?}", lab.nodes());
    assert!(!home.kubeconfig().exists());
    assert!(!home.path("home/.kube/lab/kubectl.key").exists());
    let seen = home.run("plan", &plan, &[]);
    assert_eq!(seen.code, 5, "{}", seen.story());
}

fn faithful(lab: &Lab) {
    lab.reset(&WORKERS);
    lab.forget_dns();
    lab.api(&["pods", "allow"]);
    let mut plan = lab.plan("LAB_PLAN_ALLOW");
    only(&mut plan, &["w3"]);
    plan["cluster"]["differences"] = "faithful".into();
    let home = Home::new();
    home.aboard(&plan);
    assert_eq!(lab.nodes().get("w3"), Some(&true));
    runs_a_node(lab, "w3");
    assert!(lab.dns_answers("w3"));
    let unit = lab.on("w3", "cat /etc/systemd/system/kubelet.service");
    assert!(unit.contains("--api-servers="), "{unit}");
    manifest_alone(lab, &home, &plan, "w3");
    // Its pods would go on asking the other server.
    lab.reset(&["w3"]);
    lab.forget_dns();
    until("w3 is forgotten", 30, || !lab.nodes().contains_key("w3"));
}
