//! The current cluster: workers that have containerd, a kubelet of today, CoreDNS.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::Scenario;
use super::lab::{Lab, until};
use super::program::Home;

pub const ALL: &[Scenario] = &[
    ("three_blank_workers_with_containerd_become_ready_and_dns_answers", three_blank_workers),
    ("a_second_run_on_containerd_changes_nothing", second_run),
    ("the_api_reaches_the_kubelets_for_logs_and_exec", logs_and_exec),
    ("a_worker_that_starts_again_is_ready_without_gangplank", starts_again),
    ("undo_on_containerd_leaves_everything_as_it_was", undo),
    ("a_kubelet_config_that_cannot_be_used_is_named_before_any_change", bad_kubelet_config),
    ("the_script_by_hand_brings_workers_aboard_and_leaves_nothing_to_do", script_by_hand),
    ("a_run_killed_after_every_third_action_is_finished_by_the_next", killed),
];

const WORKERS: [&str; 3] = ["x1", "x2", "x3"];

/// Three workers aboard, and how they were before.
pub struct Aboard {
    /// The operator's.
    pub home: Home,
    /// A snapshot of each worker.
    pub before: BTreeMap<&'static str, String>,
}

/// What one scenario leaves for the next.
static LEFT: Mutex<Option<Aboard>> = Mutex::new(None);

/// Forgets what the last scenario left, with its folders.
pub fn clear() {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner).take();
}

pub fn blank(lab: &Lab) -> Aboard {
    lab.reset(&WORKERS);
    lab.forget_coredns();
    let before = WORKERS.iter().map(|worker| (*worker, lab.snapshot(worker))).collect();
    Aboard { home: Home::new().secret("sudo:x2", lab.get("LAB_OPS_PASSWORD")), before }
}

fn aboard(lab: &Lab) -> Aboard {
    let left = LEFT.lock().unwrap_or_else(PoisonError::into_inner).take();
    left.unwrap_or_else(|| {
        let aboard = blank(lab);
        aboard.home.aboard(&lab.plan("LAB_PLAN"));
        aboard
    })
}

fn keep(aboard: Aboard) {
    *LEFT.lock().unwrap_or_else(PoisonError::into_inner) = Some(aboard);
}

/// kube-proxy runs on a worker, by containerd's own list.
pub fn runs_kube_proxy(lab: &Lab, worker: &str) -> bool {
    let ids = lab.on(
        worker,
        "ctr -n k8s.io c ls -q 'labels.\"io.kubernetes.container.name\"==kube-proxy' 2>/dev/null",
    );
    let tasks = lab.on(worker, "ctr -n k8s.io t ls 2>/dev/null");
    ids.lines().any(|id| tasks.lines().any(|task| task.starts_with(id) && task.contains("RUNNING")))
}

fn three_blank_workers(lab: &Lab) {
    let aboard = blank(lab);
    let run = aboard.home.aboard(&lab.plan("LAB_PLAN"));
    let nodes = lab.nodes();
    for worker in WORKERS {
        assert_eq!(nodes.get(worker), Some(&true), "{nodes:?}\n{}", run.story());
        assert!(runs_kube_proxy(lab, worker), "{worker}: no kube-proxy\n{}", run.story());
        assert!(lab.dns_answers(worker), "{worker}: DNS does not answer");
        assert_eq!(run.cost(worker), [1, 1, 1], "{worker}: connections, execs, streams");
        let key = lab.on(worker, "stat -c '%a %U' /etc/kubernetes/ssl/worker.key");
        assert_eq!(key.trim(), "600 root", "{worker}");
    }
    // Only the one whose CRI was off had its containerd changed.
    for worker in WORKERS {
        let restarts = run.actions(worker).iter().any(|action| action == "systemctl restart containerd");
        assert_eq!(restarts, worker != "x1", "{worker}: {:?}", run.actions(worker));
    }
    let config = lab.on("x2", "cat /var/lib/kubelet/config.yaml");
    assert!(config.contains("cgroupDriver: \"systemd\""), "{config}");
    keep(aboard);
}

fn second_run(lab: &Lab) {
    let aboard = aboard(lab);
    let plan = lab.plan("LAB_PLAN");
    let before: Vec<String> = WORKERS.iter().map(|worker| lab.snapshot(worker)).collect();
    let run = aboard.home.aboard(&plan);
    for event in run.ended() {
        assert!(matches!(event["outcome"].as_str(), Some("same" | "proven")), "{event}");
    }
    for worker in WORKERS {
        assert_eq!(run.actions(worker), Vec::<String>::new());
        assert_eq!(run.cost(worker), [1, 1, 0], "{worker}: connections, execs, streams");
    }
    let after: Vec<String> = WORKERS.iter().map(|worker| lab.snapshot(worker)).collect();
    assert_eq!(after, before);
    keep(aboard);
}

fn logs_and_exec(lab: &Lab) {
    let aboard = aboard(lab);
    for worker in WORKERS {
        let pod = format!("kube-proxy-{worker}");
        let said = lab.kubectl(&["-n", "kube-system", "logs", &pod, "--tail=3"]);
        assert!(!said.trim().is_empty(), "{worker}: no log");
        let version = lab.kubectl(&["-n", "kube-system", "exec", &pod, "--", "kube-proxy", "--version"]);
        assert!(version.contains("Kubernetes v1."), "{worker}: {version}");
    }
    keep(aboard);
}

fn starts_again(lab: &Lab) {
    let aboard = aboard(lab);
    for worker in WORKERS {
        lab.restart(worker);
        until(&format!("{worker} starts again"), 60, || {
            lab.try_on(worker, "systemctl is-active kubelet", b"").0
                && lab.heard_since_its_start(worker)
                && lab.nodes().get(worker) == Some(&true)
        });
        until(&format!("{worker}: kube-proxy"), 60, || runs_kube_proxy(lab, worker));
    }
    keep(aboard);
}

fn undo(lab: &Lab) {
    let Aboard { home, before } = aboard(lab);
    let run = home.run("undo", &lab.plan("LAB_PLAN"), &["--yes", "--json"]);
    assert_eq!(run.code, 0, "{}", run.story());
    for worker in WORKERS {
        let after = lab.snapshot(worker);
        let was: Vec<&str> = before[worker].lines().collect();
        let is: Vec<&str> = after.lines().collect();
        let gone: Vec<_> = was.iter().filter(|line| !is.contains(line)).collect();
        let new: Vec<_> = is.iter().filter(|line| !was.contains(line)).collect();
        assert!(gone.is_empty() && new.is_empty(), "{worker}: gone {gone:#?} new {new:#?}");
    }
    assert!(lab.nodes().is_empty(), "{:?}", lab.nodes());
}

fn bad_kubelet_config(lab: &Lab) {
    let Aboard { home, before } = blank(lab);
    let mut plan = lab.small_plan(&["x1"]);
    plan["workers"][0]["kubelet_config"] = serde_yaml::from_str(
        "{clusterDNS: [1.2.3.4], maxPod: 5, systemReserved: {memory: 100MiB}, evictionHard: {memory.availabe: 5%}}",
    )
    .expect("it is YAML");
    let run = home.run("apply", &plan, &["--json"]);
    assert_ne!(run.code, 0, "{}", run.story());
    let said = run.problem_text();
    for part in ["E-KUBELET-10", "clusterDNS", "maxPod", "100MiB", "memory.availabe"] {
        assert!(said.contains(part), "no {part}: {said}");
    }
    assert_eq!(lab.snapshot("x1"), before["x1"]);
}

/// The script that `plan --script` writes, run with nothing but ssh, openssl and kubectl. The worker whose sudo wants a
/// password is left out: it asks on a terminal.
fn script_by_hand(lab: &Lab) {
    let Aboard { home, .. } = blank(lab);
    let mut plan = lab.plan("LAB_PLAN");
    super::lab::only(&mut plan, &["x1", "x3"]);
    let script = home.script(&plan);
    assert!(!script.to_lowercase().contains("docker"), "{script}");
    let (good, said) = home.run_script(&script);
    assert!(good, "{said}\n{script}");
    for worker in ["x1", "x3"] {
        assert_eq!(lab.nodes().get(worker), Some(&true), "{said}");
        assert!(runs_kube_proxy(lab, worker), "{worker}: no kube-proxy\n{said}");
        assert!(lab.dns_answers(worker), "{worker}: DNS does not answer\n{said}");
    }
    // What was typed is what gangplank would have written.
    let run = home.aboard(&plan);
    for worker in ["x1", "x3"] {
        assert_eq!(run.actions(worker), Vec::<String>::new(), "{}", run.story());
    }
    // It has no record, so nobody takes it back.
    lab.reset(&["x1", "x3"]);
    lab.forget_coredns();
    lab.kubectl(&["delete", "node", "x1", "x3", "--ignore-not-found"]);
}

fn killed(lab: &Lab) {
    let plan = lab.small_plan(&["x3"]);
    let mut kills = 0;
    for actions in (3..).step_by(3) {
        lab.reset(&["x3"]);
        // Forwarding is off, so that the kernel is set too.
        lab.on("x3", "echo 0 > /proc/sys/net/ipv4/ip_forward");
        let home = Home::new();
        let mut run = home.start("apply", &plan, &["--json"]);
        if !run.wait_for_ends("x3", actions) {
            assert_eq!(run.finish().code, 0);
            break;
        }
        run.signal(rustix::process::Signal::KILL);
        run.finish();
        kills += 1;
        let run = home.aboard(&plan);
        assert_eq!(lab.nodes().get("x3"), Some(&true), "killed after {actions}\n{}", run.story());
        assert!(runs_kube_proxy(lab, "x3"), "killed after {actions}\n{}", run.story());
    }
    assert!(kills >= 7, "only {kills} kills");
}
