//! A current cluster in memory: kubelets of 1.37 on containerd in three states, from blank to undone.

use std::collections::BTreeMap;
use std::time::Duration;

use gangplank::engine::demo::DemoLab;
use gangplank::host::Live;
use gangplank::host::stream::Sample;
use gangplank::kube::ReadyState;
use gangplank::lab::{Fault, Picture};
use gangplank::runtime::Lister;
use gangplank::runtime::ps::Container;

use super::apply::golden;
use super::bench::Bench;
use super::demo::{WORKERS, ends, events, json, later, open, ready, stream};

fn onboarded() -> (DemoLab, Bench) {
    let (lab, bench) = open("current");
    bench.apply().done();
    (lab, bench)
}

fn pictures(lab: &DemoLab) -> BTreeMap<&'static str, Picture> {
    WORKERS.map(|name| (name, lab.world.lab().machine(name, |machine| machine.picture()).unwrap())).into()
}

fn sample(lab: &DemoLab, worker: &str) -> Sample {
    let mut stream = stream(lab, worker);
    stream.sample();
    loop {
        if let Live::Sample(sample) = stream.next(Duration::from_secs(1)) {
            return sample;
        }
    }
}

fn config(lab: &DemoLab, worker: &str) -> Option<String> {
    let path = "/etc/containerd/config.toml";
    let file = lab.world.lab().machine(worker, |machine| machine.files.get(path).cloned()).flatten();
    file.map(|file| String::from_utf8(file.bytes).unwrap())
}

#[test]
fn three_workers_with_containerd_come_aboard_and_a_second_run_changes_nothing() {
    let (lab, bench) = open("current");
    let ran = bench.apply().done();
    assert_eq!(ends(&ran), ["changed", "changed", "changed"]);
    golden("demo-current.txt", &events("Three workers with containerd.", &ran));
    golden("demo-current.jsonl", &json(&ran));
    assert_eq!(ready(&lab), [ReadyState::Ready; 3]);
    let restarts = WORKERS.map(|worker| {
        ran.actions(worker).iter().filter(|action| *action == "systemctl restart containerd").count()
    });
    assert_eq!(restarts, [0, 1, 1], "only where its configuration must change");
    let again = bench.apply().done();
    assert_eq!(ends(&again), ["same", "same", "same"]);
}

#[test]
fn what_somebody_wrote_into_containerd_s_file_stays() {
    let (lab, _) = onboarded();
    assert_eq!(config(&lab, "worker01"), None);
    let debian = config(&lab, "worker02").unwrap();
    assert!(debian.contains("# Cgroups are made by systemd on our machines."), "{debian}");
    assert!(debian.contains("sandbox_image = \"registry.k8s.io/pause:3.10.2\""), "{debian}");
    let docker = config(&lab, "worker03").unwrap();
    assert!(!docker.contains("disabled_plugins = [\"cri\"]"), "{docker}");
}

#[test]
fn undo_leaves_workers_with_containerd_as_they_were() {
    let (lab, bench) = open("current");
    let before = pictures(&lab);
    let docker = config(&lab, "worker03");
    bench.apply().done();
    assert_ne!(config(&lab, "worker03"), docker);
    let ran = bench.undo();
    assert_eq!(ran.code, 0, "{}", ran.trouble());
    for (name, was) in before {
        assert_eq!(lab.world.lab().machine(name, |machine| machine.picture()).unwrap(), was, "{name}");
    }
    assert_eq!(config(&lab, "worker03"), docker);
    assert_eq!(lab.world.lab().cluster_state(|cluster| cluster.node_names()), Vec::<String>::new());
}

#[test]
fn a_stopped_containerd_is_a_problem_until_it_is_started_and_its_containers_go_on() {
    let (lab, bench) = onboarded();
    assert!(!lab.throw("docker", "worker02").unwrap(), "there is none");
    assert!(lab.throw("containerd", "worker02").unwrap());
    assert_eq!(lab.broken(), [("containerd", "worker02".to_owned())]);
    let runs =
        |lab: &DemoLab| lab.world.lab().machine("worker02", |machine| machine.containers.len()).unwrap();
    assert!(runs(&lab) > 0);
    later(&lab, 20);
    assert_eq!(ready(&lab), [ReadyState::Ready, ReadyState::NotReady, ReadyState::Ready]);
    let seen = sample(&lab, "worker02");
    assert!(seen.containers.is_empty() && seen.error.contains("containerd.sock"), "{seen:?}");
    let ran = bench.apply();
    assert_eq!(
        (ends(&ran), ran.codes("worker02")),
        (["same", "problem", "same"], vec!["E-CONTAINERD-01".to_owned()])
    );
    lab.mend("worker02");
    later(&lab, 20);
    assert_eq!(ends(&bench.apply().done()), ["same", "same", "same"]);
    assert_eq!(ready(&lab), [ReadyState::Ready; 3]);
}

#[test]
fn a_frozen_containerd_is_told_apart_from_a_stopped_one() {
    let (lab, bench) = onboarded();
    lab.world.lab().fault("worker01", Fault::RuntimeFrozen);
    assert_eq!(bench.apply().codes("worker01"), ["E-CONTAINERD-02"]);
}

#[test]
fn a_blank_worker_with_a_full_disk_is_stopped_before_any_change() {
    let (lab, bench) = open("current");
    let before = pictures(&lab);
    lab.throw("disk", "worker03").unwrap();
    let ran = bench.apply();
    assert!(
        ran.codes("worker03").iter().all(|code| code.starts_with("E-DISK")),
        "{:?}",
        ran.codes("worker03")
    );
    assert_eq!(pictures(&lab)["worker03"], before["worker03"]);
    lab.mend("worker03");
    assert_eq!(ends(&bench.apply().done()), ["same", "same", "changed"]);
}

#[test]
fn what_runs_is_listed_by_the_program_that_is_there_as_pod_and_container() {
    let (lab, _) = onboarded();
    for (worker, lister) in [("worker01", Lister::Crictl), ("worker02", Lister::Ctr)] {
        let sample = sample(&lab, worker);
        assert_eq!(sample.lister, Some(lister));
        let rows: Vec<Container> =
            sample.containers.iter().map(|row| Container::parse(row).unwrap()).collect();
        let names: Vec<String> = rows.iter().map(|row| row.shown_name(sample.lister).to_string()).collect();
        assert!(names.contains(&format!("kube-proxy-{worker}/kube-proxy")), "{names:?}");
        assert!(!rows.iter().any(Container::is_pause), "CRI lists none");
        let figures = sample.figures.unwrap();
        assert_eq!(figures.folder.to_string(), "/var/lib/containerd");
        assert!(figures.memory_percent() > Some(0) && figures.disk_percent() > Some(0));
    }
}

#[test]
fn the_demo_of_a_current_cluster_never_offers_to_stop_docker() {
    let (lab, _) = open("current");
    let titles: Vec<String> = lab.faults().iter().map(|fault| fault.title("worker01")).collect();
    assert!(titles.contains(&"stop containerd on worker01".to_owned()), "{titles:?}");
    assert!(!titles.iter().any(|title| title.contains("docker")), "{titles:?}");
}
