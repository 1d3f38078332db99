//! What the API knows, set against the plan: DaemonSets that bring kube-proxy, addresses, the domain.

use gangplank::engine::{Event, Stamped};
use gangplank::lab::setup::FIRST_CLUSTER_PLAN;
use gangplank::plan::action::{Action, sha256};
use gangplank::plan::problem::{Problem, Remedy, Verdict};
use serde_json::{Value, json};

use super::bench::{ALL, Bench, Ran};
use super::faults::{KUBELET, without_kubelet};

const SETS: &str = "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy";
const MANIFEST: &str = "/etc/kubernetes/manifests/kube-proxy.yaml";

fn put(bench: &Bench, path: &str, object: Value) {
    bench.lab().cluster_state(|cluster| cluster.objects.insert(path.to_owned(), object));
}

/// The DaemonSet that kubeadm makes, for these nodes alone when a selector is given.
#[expect(clippy::needless_pass_by_value, reason = "a literal is given as it is")]
fn kube_proxy(selector: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "kube-proxy", "namespace": "kube-system"},
        "spec": {"template": {"spec": {"nodeSelector": selector, "tolerations": [{"operator": "Exists"}],
            "containers": [{"name": "kube-proxy", "image": "registry.k8s.io/kube-proxy:v1.20.2",
                "command": ["/usr/local/bin/kube-proxy", "--config=/var/lib/kube-proxy/config.conf"]}]}}}})
}

fn has_manifest(bench: &Bench, worker: &str) -> bool {
    bench.lab().machine(worker, |machine| machine.files.contains_key(MANIFEST)).unwrap()
}

fn said(ran: &Ran, place: &str) -> String {
    ran.at(place).map(|one| format!("{:?}", one.event)).collect::<Vec<_>>().join("\n")
}

fn edits(problem: &Problem) -> Vec<String> {
    let edit = |way: &Remedy| match way {
        Remedy::Edit { text, .. } => Some(text.clone()),
        _ => None,
    };
    problem.ways.iter().filter_map(edit).collect()
}

fn wants(bench: &mut Bench, wish: &str) {
    let text =
        FIRST_CLUSTER_PLAN.replace("  dns: 10.3.0.2\n", &format!("  dns: 10.3.0.2\n  kube_proxy: {wish}\n"));
    bench.replan(&text);
}

#[test]
fn where_a_daemon_set_brings_kube_proxy_no_static_pod_is_written() {
    let bench = Bench::first();
    put(&bench, SETS, kube_proxy(json!({"kubernetes.io/hostname": "w1"})));
    let ran = bench.apply();
    assert!(!has_manifest(&bench, "w1") && has_manifest(&bench, "w2"), "{}", ran.trouble());
    assert!(said(&ran, "w1").contains("it comes by DaemonSet kube-system/kube-proxy"));
    let away = "does not come to this worker (its nodeSelector wants kubernetes.io/hostname=w1)";
    assert!(said(&ran, "w2").contains(away), "{}", said(&ran, "w2"));
    // What nobody reads is not made: no key, no certificate, no kubeconfig.
    let of_proxy = |worker: &str| {
        let of_it = |path: &String| path.contains("kube-proxy");
        bench
            .lab()
            .machine(worker, |machine| machine.files.keys().filter(|path| of_it(path)).count())
            .unwrap()
    };
    assert_eq!((of_proxy("w1"), of_proxy("w2")), (0, 4));
}

#[test]
fn what_is_to_say_of_a_step_behind_a_barrier_is_said_once() {
    let bench = without_kubelet(&sha256(KUBELET));
    put(&bench, SETS, kube_proxy(json!({})));
    let ran = bench.apply();
    let comes = |one: &&Stamped| match &one.event {
        Event::Verdict(Verdict::Ok { about, seen }) => about == "kube-proxy" && seen.contains("DaemonSet"),
        _ => false,
    };
    assert_eq!(ran.at("w1").filter(comes).count(), 1, "{}", said(&ran, "w1"));
}

#[test]
fn a_mode_that_kube_proxy_does_not_have_is_refused_before_any_change() {
    let mut bench = Bench::first();
    bench.replan(&FIRST_CLUSTER_PLAN.replacen(
        "name: w3,",
        "name: w3, proxy_args: [\"--proxy-mode=nftables\"],",
        1,
    ));
    let ran = bench.apply();
    assert_eq!(ran.codes("w3"), ["E-NETWORK-06"], "{}", ran.trouble());
    assert_eq!(ran.actions("w3"), Vec::<String>::new());
}

#[test]
fn two_kube_proxies_are_refused_before_any_change() {
    let mut bench = Bench::first();
    put(&bench, SETS, kube_proxy(json!({})));
    wants(&mut bench, "static-pod");
    let ran = bench.apply();
    for worker in ALL {
        assert_eq!(ran.codes(worker), ["E-NETWORK-05"]);
        assert!(ran.actions(worker).is_empty());
    }
}

#[test]
fn a_static_pod_of_ours_is_not_taken_away_silently_when_a_daemon_set_comes() {
    let mut bench = Bench::first();
    bench.apply().done();
    put(&bench, SETS, kube_proxy(json!({})));
    let ran = bench.apply();
    assert_eq!((ran.codes("w1"), has_manifest(&bench, "w1")), (vec!["E-NETWORK-05".to_owned()], true));
    let problem = ran.problems("w1").remove(0);
    let repair = problem.ways.iter().find_map(|way| match way {
        Remedy::Repair { actions, .. } => Some(actions.clone()),
        _ => None,
    });
    assert_eq!(repair, Some(vec![Action::Remove { path: MANIFEST.to_owned() }]));
    wants(&mut bench, "none");
    bench.apply();
    assert!(!has_manifest(&bench, "w1"));
}

#[test]
fn a_network_that_replaces_kube_proxy_is_asked_for_its_configuration() {
    let cilium = json!({"metadata": {"name": "cilium", "namespace": "net"}, "spec": {"template": {"spec":
        {"tolerations": [{"operator": "Exists"}], "containers": [{"name": "cilium-agent", "image": "quay.io/cilium/cilium:v1.18.0"}]}}}});
    let config = |replaces: &str| json!({"data": {"kube-proxy-replacement": replaces}});
    for (replaces, static_pod) in [("true", false), ("false", true)] {
        let bench = Bench::first();
        put(&bench, "/apis/apps/v1/namespaces/net/daemonsets/cilium", cilium.clone());
        put(&bench, "/api/v1/namespaces/net/configmaps/cilium-config", config(replaces));
        let ran = bench.apply();
        assert_eq!(has_manifest(&bench, "w1"), static_pod, "{replaces}: {}", ran.trouble());
        let comes = said(&ran, "w1").contains("it comes by cilium, DaemonSet net/cilium");
        assert_eq!(comes, !static_pod, "{replaces}");
    }
}

#[test]
fn a_range_and_an_address_that_are_not_the_cluster_s_are_one_problem_before_any_change() {
    let mut bench = Bench::first();
    let text = FIRST_CLUSTER_PLAN.replace("10.3.0.0/24", "10.9.0.0/24").replace("10.3.0.2", "10.9.0.2");
    bench.replan(&text);
    let ran = bench.apply();
    assert_eq!((ran.code, ran.codes("cluster")), (1, vec!["E-API-25".to_owned()]));
    let problem = ran.problems("cluster").remove(0);
    let about = "E-API-25: the API server's service range is 10.3.0.0/24, the plan says 10.9.0.0/24";
    assert_eq!(problem.evidence[0], about);
    assert_eq!(
        edits(&problem),
        ["cluster.service_range: 10.3.0.0/24", "cluster.dns: an address inside 10.3.0.0/24"]
    );
    for worker in ALL {
        assert!(ran.actions(worker).is_empty());
    }
    assert!(ran.actions("here").is_empty());
}

#[test]
fn another_domain_is_named_with_who_says_it() {
    let bench = Bench::first();
    let corefile = ".:53 {\n    kubernetes k8s.example in-addr.arpa ip6.arpa {\n    }\n}\n";
    put(&bench, "/api/v1/namespaces/kube-system/configmaps/coredns", json!({"data": {"Corefile": corefile}}));
    let ran = bench.apply();
    assert_eq!((ran.code, ran.codes("cluster")), (1, vec!["E-DNS-09".to_owned()]));
    let problem = ran.problems("cluster").remove(0);
    assert_eq!(edits(&problem), ["cluster.domain: k8s.example"]);
    assert!(problem.evidence[0].contains("Corefile"));
}

#[test]
fn a_dns_service_of_somebody_else_at_another_address_is_named_and_left() {
    let bench = Bench::first();
    let path = "/api/v1/namespaces/kube-system/services/kube-dns";
    let service = json!({"metadata": {"name": "kube-dns", "namespace": "kube-system", "uid": "u"},
        "spec": {"clusterIP": "10.3.0.10", "selector": {"app": "theirs"}, "ports": [{"port": 53}]}});
    put(&bench, path, service.clone());
    let ran = bench.apply();
    assert_eq!((ran.code, ran.codes("cluster")), (1, vec!["E-DNS-02".to_owned()]));
    let problem = ran.problems("cluster").remove(0);
    assert_eq!(edits(&problem), ["cluster.dns: 10.3.0.10"]);
    assert!(problem.evidence[0].contains("app=theirs") && problem.evidence[0].contains("not made from here"));
    assert_eq!(bench.lab().cluster_state(|cluster| cluster.objects.get(path).cloned()), Some(service));
}
