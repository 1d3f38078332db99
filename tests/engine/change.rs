//! A plan that changes between runs: each time only what differs is written, and the kubelet is restarted
//! only when something it reads has changed.

use gangplank::lab::setup::{FIRST_CLUSTER, FIRST_CLUSTER_PLAN};

use super::bench::{ALL, Bench, Ran};
use super::look::{assert_same_state, stale, state};

fn with(plan: &str, from: &str, to: &str) -> String {
    assert!(plan.contains(from), "{from}");
    plan.replace(from, to)
}

fn kubelet_args(args: &str) -> String {
    with(
        FIRST_CLUSTER_PLAN,
        "  ssh: {user: root}\n",
        &format!("  ssh: {{user: root}}\n  kubelet_args: [{args}]\n"),
    )
}

/// Two plans whose kubelets have other flags and whose unit is all that differs.
pub fn two_plans() -> (String, String) {
    (kubelet_args("--max-pods=40"), kubelet_args("--max-pods=50"))
}

fn domain(plan: &str, domain: &str) -> String {
    with(plan, "  dns: 10.3.0.2\n", &format!("  dns: 10.3.0.2\n  domain: {domain}\n"))
}

/// Two plans that differ in the kubelet's configuration file.
pub fn two_domains() -> (String, String) {
    (FIRST_CLUSTER_PLAN.to_owned(), domain(FIRST_CLUSTER_PLAN, "c.local"))
}

const UNIT: &str = "write /etc/systemd/system/kubelet.service";
const CONFIG: &str = "write /var/lib/kubelet/config.yaml";
const RELOAD: &str = "systemctl daemon-reload";
const RESTART: &str = "systemctl restart kubelet";

/// What is asked of a kubelet before its files are swapped and after its restart.
const ASKS: [&str; 2] = [
    "let the kubelet read its new configuration without starting",
    "wait until the kubelet is up, else put its old files back and restart it",
];

#[track_caller]
fn only(ran: &Ran, bench: &Bench, actions: &[&str]) {
    assert_eq!(ran.code, 0, "{}", ran.trouble());
    for worker in ALL {
        // Around a changed file the kubelet is asked whether it takes it, and whether it is up.
        let (asks, does): (Vec<_>, Vec<_>) =
            ran.actions(worker).into_iter().partition(|action| ASKS.contains(&action.as_str()));
        assert_eq!(does, actions, "{worker}");
        let restarts = actions.contains(&RESTART);
        assert_eq!(asks.len(), if restarts { ASKS.len() } else { 0 }, "{worker}: {asks:?}");
        assert_eq!(bench.lab().machine(worker, |machine| stale(machine)), Some(Vec::new()), "{worker}");
    }
    assert!(!ran.trouble().contains("not written by gangplank"));
}

#[test]
fn a_plan_changed_three_times_writes_only_what_differs() {
    let (a, b) = two_plans();
    let mut bench = Bench::new(FIRST_CLUSTER, &a);
    bench.apply().done();
    let first = state(&bench);
    bench.replan(&b);
    only(&bench.apply(), &bench, &[UNIT, RELOAD, RESTART]);
    only(&bench.apply(), &bench, &[]);
    bench.replan(&domain(&b, "c.local"));
    let ran = bench.apply();
    only(&ran, &bench, &[CONFIG, RESTART]);
    assert_eq!(ran.actions("cluster"), ["apply ConfigMap kube-system/coredns"]);
    only(&bench.apply(), &bench, &[]);
    bench.replan(&a);
    only(&bench.apply(), &bench, &[UNIT, CONFIG, RELOAD, RESTART]);
    assert_same_state(&state(&bench), &first, "back at the first plan");
}

#[test]
fn another_dns_address_is_written_where_no_dns_is_deployed() {
    let none = with(FIRST_CLUSTER_PLAN, "deploy: coredns", "deploy: none");
    let mut bench = Bench::new(FIRST_CLUSTER, &none);
    bench.apply().done();
    for dns in ["10.3.0.3", "10.3.0.4", "10.3.0.2"] {
        bench.replan(&with(&none, "dns: 10.3.0.2", &format!("dns: {dns}")));
        only(&bench.apply(), &bench, &[CONFIG, RESTART]);
        only(&bench.apply(), &bench, &[]);
    }
}

#[test]
fn another_address_for_a_deployed_dns_is_refused_by_name() {
    let mut bench = Bench::first();
    bench.apply().done();
    bench.replan(&with(FIRST_CLUSTER_PLAN, "dns: 10.3.0.2", "dns: 10.3.0.3"));
    let ran = bench.apply();
    assert_eq!((ran.code, ran.codes("cluster")), (1, vec!["E-DNS-02".to_owned()]));
}

#[test]
fn kube_proxy_is_restarted_without_the_kubelet_when_only_its_manifest_changed() {
    let mut bench = Bench::first();
    bench.apply().done();
    let args = "  ssh: {user: root}\n  proxy_args: [\"--v=2\"]\n";
    bench.replan(&with(FIRST_CLUSTER_PLAN, "  ssh: {user: root}\n", args));
    only(&bench.apply(), &bench, &["write /etc/kubernetes/manifests/kube-proxy.yaml"]);
    let args = bench.lab().machine("w1", |machine| {
        machine
            .containers
            .iter()
            .any(|one| one.name.starts_with("k8s_kube-proxy") && one.command.contains("--v=2"))
    });
    assert_eq!(args, Some(true));
}
