//! Onboarding from blank, and once more.

use std::path::PathBuf;

use gangplank::lab::HERE;
use gangplank::lab::setup::{FAILED_WORKER, FIRST_CLUSTER_PLAN};

use super::bench::{ALL, Bench, Ran};
use super::look::{assert_same_state, stale, state};

/// Renews the golden files instead of comparing: `RENEW_GOLDEN=1 cargo test --test engine`.
const RENEW: &str = "RENEW_GOLDEN";

pub fn golden(name: &str, is: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os(RENEW).is_some() {
        std::fs::write(&path, is).unwrap();
        return;
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    let diff = similar::TextDiff::from_lines(wanted.as_str(), is);
    let diff = diff.unified_diff().context_radius(3).header("golden", "this run").to_string();
    assert!(wanted == is, "{}, {RENEW}=1 renews it:\n{diff}", path.display());
}

fn events(title: &str, ran: &Ran) -> String {
    let mut text = format!("# {title}\n");
    for place in ["here", "ca-host", "cluster"].into_iter().chain(ALL) {
        for line in ran.lines(place) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

#[test]
fn three_workers_come_aboard_from_blank() {
    let bench = Bench::first();
    let ran = bench.apply().done();
    for worker in ALL {
        assert_eq!(ran.end(worker), "changed");
        assert_eq!(ran.cost(worker), (1, 1, 1), "{worker}: connections, execs, streams");
        assert!(ran.outcomes(worker).contains(&("dns-lookup".to_owned(), "proven")), "{worker}");
        assert_eq!(bench.lab().machine(worker, |machine| stale(machine)), Some(Vec::new()));
    }
    assert_eq!(ran.cost("ca-host").0, 1, "one connection to the CA's host");
    let args = ["--kubeconfig", "/home/op/.kube/config", "--context", "first", "get", "nodes"];
    let nodes = bench.lab().kubectl(&args).unwrap();
    for worker in ALL {
        assert!(nodes.contains(&format!("{worker} Ready v1.20.2")), "{nodes}");
    }
}

#[test]
fn a_second_run_finds_everything_done_with_one_exec_each() {
    let bench = Bench::first();
    bench.apply().done();
    let before = state(&bench);
    let ran = bench.apply().done();
    for worker in ALL {
        let outcomes = ran.outcomes(worker);
        assert!(outcomes.iter().all(|(_, outcome)| ["same", "proven"].contains(outcome)), "{outcomes:?}");
        assert_eq!((ran.end(worker), ran.actions(worker)), ("same", Vec::new()));
    }
    assert_eq!((ran.end("here"), ran.end("cluster")), ("same", "same"));
    let before_kept: Vec<_> = ALL.iter().map(|worker| bench.lab().record(worker).len()).collect();
    bench.apply().done();
    let after_kept: Vec<_> = ALL.iter().map(|worker| bench.lab().record(worker).len()).collect();
    assert_eq!(before_kept, after_kept, "nothing new is recorded");
    assert_same_state(&state(&bench), &before, "a second run");
}

#[test]
fn a_second_run_costs_one_connection_and_one_exec() {
    // The lab counts for a machine's whole life: what the second run added is what it cost.
    let bench = Bench::first();
    let first = bench.apply().done();
    bench.lab().revive();
    let second = bench.apply().done();
    for worker in ALL {
        let (a, b) = (first.cost(worker), second.cost(worker));
        assert_eq!((b.0 - a.0, b.1 - a.1, b.2 - a.2), (1, 1, 0), "{worker}");
    }
}

#[test]
fn the_events_of_two_runs_are_the_golden_ones() {
    let bench = Bench::first();
    let first = events("From blank.", &bench.apply().done());
    let second = events("Once more.", &bench.apply().done());
    golden("first-cluster.txt", &format!("{first}\n{second}"));
}

#[test]
fn events_are_numbered_without_gaps_and_their_tasks_end() {
    let bench = Bench::first();
    let ran = bench.apply().done();
    for (number, one) in ran.events.iter().enumerate() {
        assert_eq!((one.seq, one.v, one.run.as_str()), (number as u64, 1, ran.run.as_str()));
    }
    for place in ["here", "cluster"].into_iter().chain(ALL) {
        let count = |word: &str| ran.lines(place).iter().filter(|line| line.contains(word)).count();
        assert_eq!(count(" action-started "), count(" action-ended 0 "), "{place}");
        assert!(count(" task-started") <= count(" task-ended "), "{place}");
    }
}

const V1_2: &str = "
clock: 2026-11-23T09:00:00Z
ca: {cert: /home/op/ca.crt, key: /home/op/ca.key}
cluster: {api: loadbalancer.example.com, address: 10.0.0.5, version: v1.2.2, service_range: 10.3.0.0/24}
tars:
  /root/images.tar:
  - quay.io/coreos/hyperkube:v1.2.2_coreos.0
  - gcr.io/google_containers/pause:2.0
  - gcr.io/google_containers/etcd-amd64:2.2.1
  - gcr.io/google_containers/kube2sky:1.14
  - gcr.io/google_containers/skydns:2015-10-13-8c72f8c
  - gcr.io/google_containers/exechealthz:1.0
workers:
- {name: w1, address: 10.0.0.11, kubelet: v1.2.2, flannel: true}
- {name: w2, address: 10.0.0.12, kubelet: v1.2.2}
";
const V1_2_PLAN: &str = "
cluster: {name: old, api: 'https://loadbalancer.example.com', service_range: 10.3.0.0/24, dns: 10.3.0.2}
ca: {where: files, cert: /home/op/ca.crt, key: /home/op/ca.key}
defaults: {images: ['host:/root/images.tar']}
workers: [{name: w1, address: 10.0.0.11}, {name: w2, address: 10.0.0.12}]
";

#[test]
fn the_post_s_own_version_comes_aboard_and_is_done_the_second_time() {
    for differences in ["repaired", "faithful"] {
        let plan =
            V1_2_PLAN.replace("dns: 10.3.0.2}", &format!("dns: 10.3.0.2, differences: {differences}}}"));
        let bench = Bench::new(V1_2, &plan);
        let ran = bench.apply().done();
        assert_eq!((ran.end("w1"), ran.end("w2"), ran.end("cluster")), ("changed", "changed", "changed"));
        assert_eq!((ran.cost("w1"), ran.cost("w2")), ((1, 1, 1), (1, 1, 1)));
        let again = bench.apply().done();
        assert_eq!((again.end("w1"), again.end("w2"), again.end("cluster")), ("same", "same", "same"));
        assert_eq!(bench.undo().code, 0, "{differences}");
    }
}

#[test]
fn failed_workers_say_why_and_come_back_when_mended() {
    let plan = FIRST_CLUSTER_PLAN
        .replace("where: ssh://root@root-ca-host/root", "where: files")
        .replace("cert: ca.crt", "cert: ca/ca.crt")
        .replace("key: ca.key", "key: ca/ca.key")
        .replace(", \"here:/home/op/dns.tar\"", "")
        .replace(", ssh: {user: core}", "");
    let bench = Bench::new(FAILED_WORKER, &plan);
    let ran = bench.apply();
    assert_eq!((ran.code, ran.end("w1")), (1, "changed"), "{}", ran.trouble());
    assert_eq!(
        (ran.codes("w2"), ran.codes("w3")),
        (vec!["E-CLOCK-01".to_owned()], vec!["E-DOCKER-01".to_owned()])
    );
    assert!(
        !ran.actions("w1").iter().any(|title| title.starts_with("make key /etc/kubernetes/ssl/worker.key"))
    );
    for worker in ALL {
        bench.lab().mend(worker);
    }
    let again = bench.apply().done();
    assert_eq!(ALL.map(|worker| again.end(worker).to_owned()), ["same", "changed", "changed"]);
}

#[test]
fn a_key_that_others_can_read_is_seen_and_closed_and_no_new_one_is_made() {
    let bench = Bench::first();
    bench.apply().done();
    let key = "/etc/kubernetes/ssl/worker.key";
    let admin = "/home/op/.kube/first/kubectl.key";
    let open = |name: &str, path: &str, mode: &str, owner: Option<&str>| {
        bench.lab().machine(name, |machine| {
            let file = machine.files.get_mut(path).unwrap();
            file.mode = mode.to_owned();
            if let Some(owner) = owner {
                file.owner = owner.to_owned();
            }
        })
    };
    open("w1", key, "644", None);
    open("w2", key, "640", None);
    open("w3", key, "600", Some("core:core"));
    open(HERE, admin, "644", None);
    let before = bench.lab().machine("w1", |machine| machine.hash(key));
    let ran = bench.apply().done();
    assert_eq!(ran.actions("w1"), [format!("close {key} (others can read it, mode 644)")]);
    assert_eq!(ran.actions("w2"), [format!("close {key} (its group can read it, mode 640)")]);
    assert_eq!(ran.actions("w3"), [format!("close {key} (it belongs to core, mode 600)")]);
    assert_eq!(ran.actions("here"), [format!("close {admin} (others can read it, mode 644)")]);
    for name in ["w1", "w2", "w3"] {
        let file = bench.lab().machine(name, |machine| machine.files[key].clone()).unwrap();
        assert_eq!((file.mode.as_str(), file.owner.as_str()), ("600", "root:root"), "{name}");
    }
    assert_eq!(bench.lab().machine("w1", |machine| machine.hash(key)), before);
    let again = bench.apply().done();
    assert_eq!((again.end("w1"), again.end("here")), ("same", "same"));
}
