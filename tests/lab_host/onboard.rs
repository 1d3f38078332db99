//! Onboarding on the lab: the catalogue until every step is done, undone again byte for byte.

use std::time::Duration;

use gangplank::engine::World;
use gangplank::kube::{ReadyState, dns};
use gangplank::lab::Fault;
use gangplank::plan::fact::FactQuery;
use gangplank::step::On;

use super::fleet::*;

#[test]
fn three_workers_come_aboard_and_a_second_pass_finds_all_done() {
    let fleet = Fleet::first();
    for worker in ["w1", "w2", "w3"] {
        assert_done(&fleet.onboard(On::Worker, Some(worker)));
        let before = fleet.lab().machine(worker, |machine| machine.picture()).unwrap();
        let facts = fleet.facts(On::Worker, Some(fleet.worker(worker)), fleet.host(worker).as_mut());
        let (states, actions) = fleet.look(On::Worker, Some(fleet.worker(worker)), &facts);
        assert_done(&states);
        assert_eq!(actions, []);
        assert_eq!(fleet.lab().machine(worker, |machine| machine.picture()).unwrap(), before);
    }
    let nodes = fleet.cluster().nodes.unwrap();
    assert_eq!(nodes.len(), 3);
    assert!(nodes.iter().all(|node| node.ready.state == ReadyState::Ready));
    assert_eq!(
        nodes[0].internal_ip.as_ref().map(gangplank::plan::remote::Remote::untrusted),
        Some("10.0.0.11")
    );
}

#[test]
fn hosts_worked_on_side_by_side_keep_their_clocks() {
    let fleet = Fleet::first();
    std::thread::scope(|scope| {
        for name in ["w1", "w2", "w3"] {
            let fleet = &fleet;
            scope.spawn(move || {
                assert_done(&fleet.onboard(On::Worker, Some(name)));
                for _ in 0..20 {
                    let asked = fleet.world.now().as_millisecond();
                    let end = run(fleet.host(name).as_mut(), Vec::new(), vec![FactQuery::Machine]);
                    let off = end.facts.machine().yes().unwrap().clock_ms - asked;
                    assert!((0..2_000).contains(&off), "{name}: {off}");
                    fleet.world.wait(Duration::from_secs(30));
                }
            });
        }
    });
}

#[test]
fn the_post_s_own_version_comes_aboard_too() {
    let fleet = Fleet::new(V1_2, V1_2_PLAN);
    assert_done(&fleet.onboard(On::Worker, Some("w1")));
    let rows = fleet.facts(On::Worker, Some(fleet.worker("w1")), fleet.host("w1").as_mut());
    let rows = rows.containers().yes().copied().unwrap().clone();
    let names: Vec<String> = rows
        .iter()
        .map(|row| {
            gangplank::runtime::ps::Container::parse(row.untrusted()).unwrap().kubelet.unwrap().container
        })
        .map(|name| name.to_string())
        .collect();
    assert_eq!(names.len(), 2);
    assert!(names.contains(&"kube-proxy".to_owned()) && names.contains(&"POD".to_owned()));
}

#[test]
fn this_computer_gets_its_admin_certificate_and_kubectl_works() {
    let fleet = Fleet::first();
    assert_done(&fleet.onboard(On::Worker, Some("w1")));
    assert_done(&fleet.onboard(On::Local, None));
    let args = ["--kubeconfig", "/home/op/.kube/config", "--context", "first", "get", "nodes"];
    let said = fleet.world.kubectl(&args).unwrap().unwrap();
    assert!(said.contains("w1 Ready v1.20.2"), "{said}");
}

#[test]
fn cluster_dns_is_ready_after_its_objects_and_answers_on_a_worker() {
    let fleet = Fleet::first();
    assert_done(&fleet.onboard(On::Worker, Some("w1")));
    let api = fleet.world.cluster();
    assert!(fleet.host("w1").tcp("10.3.0.2", 53).is_err());
    let cluster = fleet.cluster();
    let objects = gangplank::profile::dns_objects(&fleet.plan, cluster.version).unwrap();
    for object in &objects {
        assert!(matches!(api.apply(object).unwrap(), gangplank::kube::Applied::Created { .. }));
        assert_eq!(api.apply(object).unwrap(), gangplank::kube::Applied::Same);
    }
    let ready = || api.pods("k8s-app=kube-dns").unwrap().iter().filter(|pod| pod.is_ready()).count();
    assert_eq!(ready(), 0);
    // The pod's own container comes after its pause container.
    fleet.world.wait(Duration::from_secs(1));
    let rows = run(fleet.host("w1").as_mut(), Vec::new(), vec![FactQuery::Containers]).facts;
    let rows = rows.containers().yes().copied().unwrap().clone();
    assert!(rows.iter().any(|row| row.contains("\tk8s_coredns_coredns-")), "{rows:?}");
    fleet.world.wait(Duration::from_secs(10));
    assert_eq!(ready(), 1);
    let mut pipe = fleet.host("w1").tcp("10.3.0.2", 53).unwrap();
    let answer = dns::ask(&mut pipe, "kubernetes.default.svc.cluster.local", dns::AddressKind::A, 7).unwrap();
    assert_eq!(answer.addresses, ["10.3.0.1".parse::<std::net::IpAddr>().unwrap()]);
    let none = dns::ask(&mut pipe, "nobody.default.svc.cluster.local", dns::AddressKind::A, 8).unwrap();
    assert_eq!((none.addresses.len(), none.rcode.as_str()), (0, "NameError"));
    // A worker without kube-proxy does not reach it.
    assert!(fleet.host("w2").tcp("10.3.0.2", 53).is_err());
}

#[test]
fn undo_brings_the_first_state_back_byte_for_byte() {
    let fleet = Fleet::first();
    // Something of an earlier set-up that is replaced with leave.
    let foreign = "/etc/kubernetes/manifests/kube-proxy.yaml";
    fleet.lab().fault("w2", Fault::ForeignFile(foreign.to_owned()));
    let mut plan = fleet.plan.clone();
    plan.workers.iter_mut().for_each(|worker| worker.replace = true);
    let fleet = Fleet { plan, ..fleet };
    let before = fleet.lab().machine("w2", |machine| machine.picture()).unwrap();
    assert_done(&fleet.onboard(On::Worker, Some("w2")));
    let record = fleet.lab().record("w2");
    assert!(record.iter().any(|line| line.path == foreign && !line.old.is_empty()));
    let end = run(fleet.host("w2").as_mut(), undo(&record), Vec::new());
    for (index, one) in &end.actions {
        assert_eq!((one.status, one.out.as_str()), (Some(0), ""), "action {index}: {}", one.err);
    }
    assert_eq!(fleet.lab().machine("w2", |machine| machine.picture()).unwrap(), before);
    fleet.world.wait(Duration::from_secs(60));
    let nodes = fleet.cluster().nodes.unwrap();
    assert_eq!(nodes[0].ready.state, ReadyState::Silent);
    let api = fleet.world.cluster();
    assert!(api.delete("/api/v1/nodes/w2", "another").is_err());
    api.delete("/api/v1/nodes/w2", nodes[0].uid.untrusted()).unwrap();
    assert!(api.nodes().unwrap().is_empty());
}
