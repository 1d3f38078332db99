//! Whether a worker is alive is looked at now: a frozen kubelet, a silent one, a node that was deleted, a worker that
//! cannot reach the API, a docker that answers nothing.

use gangplank::engine::{Event, Stamped};
use gangplank::lab::Fault;
use gangplank::lab::setup::{FIRST_CLUSTER, FIRST_CLUSTER_PLAN};
use gangplank::plan::problem::{Remedy, Verdict};

use super::bench::{Bench, Ran};

fn aboard() -> Bench {
    let bench = Bench::first();
    bench.apply_only(&["w1"]).done();
    bench.lab().advance(std::time::Duration::from_secs(60));
    bench
}

fn evidence(ran: &Ran) -> String {
    ran.problems("w1").iter().flat_map(|problem| problem.evidence.clone()).collect::<Vec<_>>().join("\n")
}

fn warnings(ran: &Ran, place: &str) -> Vec<String> {
    let warning = |one: &Stamped| match &one.event {
        Event::Verdict(Verdict::Warning { about, seen, cure }) => Some(format!("{about}: {seen}; {cure}")),
        _ => None,
    };
    ran.at(place).filter_map(warning).collect()
}

#[test]
fn with_nothing_changed_one_exec_proves_it() {
    let bench = aboard();
    let ran = bench.apply_only(&["w1"]).done();
    assert_eq!(ran.end("w1"), "same");
    // The lab counts on: one of them and the stream are of the run before.
    assert_eq!(ran.cost("w1"), (1, 2, 1), "connections, execs, streams");
    assert!(ran.outcomes("w1").contains(&("ready".to_owned(), "same")));
}

#[test]
fn a_kubelet_that_was_stopped_by_a_signal_is_restarted() {
    let bench = aboard();
    bench.lab().fault("w1", Fault::KubeletStopped);
    let ran = bench.apply_only(&["w1"]).done();
    assert_eq!(ran.actions("w1"), ["systemctl restart kubelet"]);
    assert!(warnings(&ran, "w1").iter().any(|line| line.contains("SIGSTOP")), "{:?}", warnings(&ran, "w1"));
    assert!(ran.outcomes("w1").contains(&("ready".to_owned(), "proven")));
}

#[test]
fn a_node_that_was_deleted_comes_back_by_a_restart_of_its_kubelet() {
    let bench = aboard();
    let gone = |bench: &Bench| {
        bench.lab().cluster_state(|cluster| cluster.forget_node("w1"));
        bench.lab().advance(std::time::Duration::from_secs(60));
        bench.lab().cluster_state(|cluster| cluster.node_names())
    };
    assert_eq!(gone(&bench), Vec::<String>::new(), "a running kubelet does not register again");
    let ran = bench.apply_only(&["w1"]).done();
    assert_eq!(ran.actions("w1"), ["note that node w1 is new", "systemctl restart kubelet"]);
    assert!(warnings(&ran, "w1").iter().any(|line| line.contains("registers its node only when it starts")));
    assert_eq!(bench.lab().cluster_state(|cluster| cluster.node_names()), ["w1"]);
    assert_eq!(bench.apply_only(&["w1"]).done().end("w1"), "same");
}

#[test]
fn a_cordoned_node_is_named() {
    let bench = aboard();
    bench.lab().cluster_state(|cluster| cluster.cordon("w1"));
    let ran = bench.apply_only(&["w1"]).done();
    assert!(
        warnings(&ran, "w1")
            .iter()
            .any(|line| line.contains("cordoned") && line.contains("kubectl uncordon w1"))
    );
}

#[test]
fn a_worker_that_cannot_reach_the_api_does_not_end_well() {
    let bench = aboard();
    bench.lab().fault("w1", Fault::NoRoute);
    let began = bench.lab().clock().latest_ms();
    let ran = bench.apply_only(&["w1"]);
    let lasted = bench.lab().clock().latest_ms() - began;
    assert_eq!((ran.code, ran.codes("w1")), (1, vec!["E-API-24".to_owned()]), "{}", ran.trouble());
    assert!(lasted < 90_000, "{lasted} ms of the lab");
    // A while later everything agrees, and nothing is waited for.
    bench.lab().advance(std::time::Duration::from_secs(120));
    let began = bench.lab().clock().latest_ms();
    let ran = bench.apply_only(&["w1"]);
    let lasted = bench.lab().clock().latest_ms() - began;
    assert_eq!((ran.code, ran.codes("w1")), (1, vec!["E-API-24".to_owned()]), "{}", ran.trouble());
    assert!(lasted < 10_000, "{lasted} ms of the lab");
    bench.lab().mend("w1");
    bench.lab().advance(std::time::Duration::from_secs(60));
    assert_eq!(bench.apply_only(&["w1"]).done().end("w1"), "same");
}

#[test]
fn a_silent_kubelet_of_a_node_that_is_still_shown_as_ready_is_not_ready() {
    let bench = aboard();
    // The controller manager is down: nobody marks the node.
    bench.lab().cluster_state(|cluster| cluster.marks_silent = false);
    bench.lab().fault("w1", Fault::Mute);
    bench.lab().advance(std::time::Duration::from_secs(300));
    let ran = bench.apply_only(&["w1"]);
    assert_eq!((ran.code, ran.codes("w1")), (1, vec!["E-NODE-03".to_owned()]), "{}", ran.trouble());
    assert!(evidence(&ran).contains("heard of its kubelet 5 min"), "{}", evidence(&ran));
}

#[test]
fn a_frozen_docker_is_not_one_that_is_stopped() {
    let bench = aboard();
    bench.lab().fault("w1", Fault::RuntimeFrozen);
    let ran = bench.apply_only(&["w1"]);
    assert_eq!(ran.codes("w1").first().map(String::as_str), Some("E-DOCKER-02"), "{}", ran.trouble());
    let problem = ran.problems("w1").remove(0);
    let repairs: Vec<&str> = problem
        .ways
        .iter()
        .filter_map(|way| match way {
            Remedy::Repair { title, .. } => Some(title.as_str()),
            _ => None,
        })
        .collect();
    assert!(
        repairs.iter().all(|title| !title.contains("start docker") || title.contains("restart")),
        "{repairs:?}"
    );
    assert!(warnings(&ran, "w1").iter().all(|line| !line.starts_with("clock")), "{:?}", warnings(&ran, "w1"));
}

#[test]
fn the_reason_of_a_new_certificate_is_told() {
    let bench = aboard();
    bench.lab().machine("w1", |machine| {
        let other = machine.files["/etc/kubernetes/ssl/kube-proxy.key"].bytes.clone();
        machine.files.get_mut("/etc/kubernetes/ssl/worker.key").unwrap().bytes = other;
    });
    let seen = bench.preview();
    let told: Vec<&Verdict> = seen
        .iter()
        .filter(|place| place.place.to_string() == "w1")
        .flat_map(|place| &place.looked)
        .flat_map(|looked| &looked.verdicts)
        .filter(
            |verdict| matches!(verdict, Verdict::Warning { about, .. } if about == "certificate of kubelet"),
        )
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(format!("{:?}", told[0]).contains("key"), "{told:?}");
}

const UNIT: &str = "/etc/systemd/system/kubelet.service";

#[test]
fn a_file_of_ours_that_was_changed_is_told_and_can_be_put_back_alone() {
    let bench = aboard();
    let wanted = bench.lab().machine("w1", |machine| machine.files[UNIT].bytes.clone()).unwrap();
    bench.lab().machine("w1", |machine| {
        let text = String::from_utf8(machine.files[UNIT].bytes.clone()).unwrap();
        let text = text.replace("Restart=always", "Restart=no\nEnvironment=API_TOKEN=canary");
        machine.files.get_mut(UNIT).unwrap().bytes = text.into_bytes();
    });
    let ran = bench.apply_only(&["w1"]);
    assert_eq!(ran.codes("w1"), ["E-FILE-03"], "{}", ran.trouble());
    let said = evidence(&ran);
    assert!(said.contains("in run 20261123T090000Z-1"), "{said}");
    assert!(said.contains("changed: [Service] Restart from always to no"), "{said}");
    assert!(said.contains("API_TOKEN (not shown)") && !said.contains("canary"), "{said}");
    let problem = ran.problems("w1").remove(0);
    let repair = problem.ways.iter().find_map(|way| match way {
        Remedy::Repair { actions, .. } => Some(actions.clone()),
        _ => None,
    });
    let place = gangplank::plan::place::Place::Worker("w1".to_owned());
    assert_eq!(bench.repair(&place, &repair.unwrap()).code, 0);
    assert_eq!(bench.lab().machine("w1", |machine| machine.files[UNIT].bytes.clone()), Some(wanted));
    let ran = bench.apply_only(&["w1"]).done();
    assert!(ran.actions("w1").contains(&"systemctl restart kubelet".to_owned()), "{:?}", ran.actions("w1"));
}

#[test]
fn every_file_among_the_manifests_is_seen() {
    let bench = aboard();
    bench.lab().machine("w1", |machine| {
        let own = machine
            .files
            .iter()
            .find(|(path, _)| path.starts_with("/etc/kubernetes/manifests/"))
            .map(|(_, file)| file.bytes.clone())
            .unwrap();
        machine.write(
            "/etc/kubernetes/manifests/broken.yaml",
            b"kind: Pod\n\tname: canary\n",
            "644",
            "root:root",
        );
        machine.write(
            "/etc/kubernetes/manifests/notes.txt",
            b"kind: Pod\nmetadata: {name: extra}\nspec: {containers: [{name: a}]}\n",
            "644",
            "root:root",
        );
        machine.write("/etc/kubernetes/manifests/.hidden", &own, "644", "root:root");
    });
    let seen: Vec<String> = bench
        .preview()
        .iter()
        .flat_map(|place| &place.looked)
        .flat_map(|looked| &looked.verdicts)
        .filter_map(|verdict| match verdict {
            Verdict::Warning { about, seen, .. } if about == "static pods" => Some(seen.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen[0].contains("broken.yaml cannot become a pod: it is no YAML or JSON, line 2"), "{seen:?}");
    assert!(seen[1].contains("notes.txt makes pod default/extra"), "{seen:?}");
    bench.lab().machine("w1", |machine| {
        let own = machine.files["/etc/kubernetes/manifests/.hidden"].bytes.clone();
        machine.write("/etc/kubernetes/manifests/kube-proxy.yaml.bak", &own, "644", "root:root");
    });
    let ran = bench.apply_only(&["w1"]);
    assert_eq!(ran.codes("w1"), ["E-FILE-02"], "{}", ran.trouble());
    assert!(ran.problems("w1")[0].what.contains("kube-proxy.yaml.bak"));
}

#[test]
fn a_manifest_that_changes_in_a_comment_alone_needs_no_new_container() {
    let bench = aboard();
    let path = "/etc/kubernetes/manifests/kube-proxy.yaml";
    let old = bench.lab().machine("w1", |machine| {
        let file = machine.files.get_mut(path).unwrap();
        file.bytes = [b"# by an older gangplank\n".as_slice(), &file.bytes].concat();
        gangplank::plan::action::sha256(&file.bytes)
    });
    // Its record says that this text was ours.
    bench.lab().machine("w1", |machine| {
        let line = format!(
            "{{\"v\":1,\"run\":\"old\",\"kind\":\"put\",\"path\":\"{path}\",\"old\":\"\",\"new\":\"{}\",\"mode\":\"\",\"time\":1}}\n",
            old.clone().unwrap()
        );
        machine.write("/var/lib/gangplank/z-old/record.jsonl", line.as_bytes(), "600", "root:root");
    });
    let ran = bench.apply_only(&["w1"]).done();
    assert_eq!(ran.actions("w1"), [format!("write {path}")]);
}

#[test]
fn a_kubelet_of_1_2_that_was_built_without_cgo_is_refused_before_anything_is_changed() {
    let lab = FIRST_CLUSTER.replace("v1.20.2", "v1.2.2");
    let bench = Bench::new(&lab, FIRST_CLUSTER_PLAN);
    bench.lab().fault("w1", Fault::KubeletWithoutCgo);
    let before = bench.lab().machine("w1", |machine| machine.picture());
    let ran = bench.apply_only(&["w1"]);
    assert_eq!(ran.codes("w1"), ["E-KUBELET-09"], "{}", ran.trouble());
    assert_eq!(bench.lab().machine("w1", |machine| machine.picture()), before, "nothing was changed");
    // The same flag left out of a kubelet of 1.20 is a warning only.
    let bench = Bench::first();
    bench.lab().fault("w1", Fault::KubeletWithoutCgo);
    assert_eq!(bench.apply_only(&["w1"]).done().codes("w1"), Vec::<String>::new());
}

#[test]
fn docker_that_gives_each_container_its_own_ipc_stops_a_1_2_kubelet_and_the_repair_adds_a_line() {
    let lab = FIRST_CLUSTER.replace("v1.20.2", "v1.2.2");
    let bench = Bench::new(&lab, FIRST_CLUSTER_PLAN);
    let config = b"{\"storage-driver\": \"overlay2\"}\n";
    bench.lab().machine("w1", |machine| machine.write("/etc/docker/daemon.json", config, "644", "root:root"));
    let ran = bench.apply_only(&["w1"]);
    assert!(ran.codes("w1").contains(&"E-DOCKER-04".to_owned()), "{}", ran.trouble());
    let actions = ran
        .problems("w1")
        .iter()
        .flat_map(|problem| problem.ways.clone())
        .find_map(|way| match way {
            Remedy::Repair { actions, .. } => Some(actions),
            _ => None,
        })
        .unwrap();
    let place = gangplank::plan::place::Place::Worker("w1".to_owned());
    assert_eq!(bench.repair(&place, &actions).code, 0);
    let text =
        bench.lab().machine("w1", |machine| machine.files["/etc/docker/daemon.json"].bytes.clone()).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(value, serde_json::json!({"storage-driver": "overlay2", "default-ipc-mode": "shareable"}));
    assert!(!bench.apply_only(&["w1"]).codes("w1").contains(&"E-DOCKER-04".to_owned()));
}
