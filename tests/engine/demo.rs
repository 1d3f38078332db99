//! The labs of the demo: each to its end with its golden events, the same on every take, faults thrown and
//! mended while somebody watches, and what it costs to watch.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use gangplank::engine::demo::faults::FaultPlace;
use gangplank::engine::demo::{self, DemoLab};
use gangplank::engine::doctor::Examined;
use gangplank::engine::world::scripted::LabWorld;
use gangplank::engine::{Event, World};
use gangplank::host::{Batch, Host, Live, LiveStream, Stop};
use gangplank::kube::ReadyState;
use gangplank::pki;
use gangplank::plan::code::ProblemCode;
use gangplank::plan::fact::FactQuery;
use gangplank::profile::SSL;

use super::apply::golden;
use super::bench::{Bench, Ran};

pub const WORKERS: [&str; 3] = ["worker01", "worker02", "worker03"];

/// A lab that waits for nobody, and runs over it.
pub fn open(name: &str) -> (DemoLab, Bench) {
    let lab = demo::open(name, 0.0, Some(7)).unwrap();
    let world = LabWorld::new(lab.world.lab().clone(), &lab.world.home());
    let bench = Bench::over(world, &lab.plan_text);
    (lab, bench)
}

/// Time passes for everybody, however far this thread's own clock is behind.
pub fn later(lab: &DemoLab, seconds: i64) {
    let lab = lab.world.lab();
    let now = lab.clock().at(lab.clock().latest_ms());
    for second in 1..=seconds {
        lab.leap_to(now + jiff::SignedDuration::from_secs(second));
    }
}

fn onboarded() -> (DemoLab, Bench) {
    let (lab, bench) = open("first-cluster");
    bench.apply().done();
    (lab, bench)
}

pub fn events(title: &str, ran: &Ran) -> String {
    let places = ["here", "ca-host", "cluster"].into_iter().chain(WORKERS);
    let lines = places.flat_map(|place| ran.lines(place)).map(|line| line + "\n");
    format!("# {title}\n{}\n", lines.collect::<String>())
}

/// What `--json` writes of a run, place by place, without what differs from take to take: numbers and times, on which
/// worker the DNS pod was placed, and how many nodes there were when kubectl first asked.
pub fn json(ran: &Ran) -> String {
    let mut text = String::new();
    for place in ["here", "ca-host", "cluster"].into_iter().chain(WORKERS) {
        let mut lines: Vec<(bool, String)> = Vec::new();
        for one in ran.in_order(place) {
            let mut value = one.told().unwrap();
            let map = value.as_object_mut().unwrap();
            for key in ["seq", "t", "ms", "counts"] {
                map.shift_remove(key);
            }
            if let Some(evidence) = map.get_mut("evidence").filter(|evidence| evidence.is_string()) {
                let said = evidence.as_str().unwrap_or_default();
                let said = said.trim_start_matches(|c: char| c.is_ascii_digit());
                // How many are there by then depends on who was first.
                let said = said.replacen(" node listed", " nodes listed", 1);
                if said.starts_with(" nodes listed")
                    || evidence.as_str().is_some_and(|one| one.contains(", on worker"))
                {
                    *evidence = said.split(", on worker").next().unwrap_or_default().into();
                }
            }
            let sign = one.step.is_some_and(|step| step.0 == "sign");
            let action = matches!(one.event, Event::ActionStarted { .. } | Event::ActionEnded { .. });
            lines.push((sign && action, value.to_string()));
        }
        // Signing runs side by side.
        for block in lines.chunk_by_mut(|a, b| a.0 && b.0) {
            block.sort();
        }
        for (_, line) in lines {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

pub fn ends(ran: &Ran) -> [&str; 3] {
    WORKERS.map(|worker| ran.end(worker))
}

#[test]
fn first_cluster_comes_aboard() {
    let (_, bench) = open("first-cluster");
    let ran = bench.apply().done();
    assert_eq!(ends(&ran), ["changed", "changed", "changed"]);
    golden("demo-first-cluster.txt", &events("Three blank workers.", &ran));
    golden("demo-first-cluster.jsonl", &json(&ran));
}

#[test]
fn failed_workers_are_proposed_only_what_differs_and_are_ready_when_mended() {
    let (lab, bench) = open("failed-worker");
    let first = bench.apply();
    assert_eq!((first.code, ends(&first)), (1, ["problem", "changed", "problem"]));
    assert_eq!(first.codes("worker01"), ["E-CLOCK-01"]);
    assert_eq!(first.codes("worker03"), ["E-DOCKER-01"]);
    for worker in WORKERS {
        lab.mend(worker);
    }
    later(&lab, 20);
    let second = bench.apply().done();
    assert_eq!(ends(&second), ["same", "same", "same"]);
    let text = events("As they failed.", &first) + &events("The clock and docker mended.", &second);
    golden("demo-failed-worker.txt", &text);
    golden("demo-failed-worker.jsonl", &(json(&first) + &json(&second)));
}

#[test]
fn failed_workers_are_not_ready_for_the_reasons_one_would_find() {
    let (lab, bench) = open("failed-worker");
    let wants = vec![FactQuery::Unit("kubelet".to_owned()), FactQuery::Containers];
    let journal = |worker: &str| {
        let batch = Batch { queries: wants.clone(), ..Batch::default() };
        let mut host = lab.world.lab().connect(worker).unwrap();
        let facts = host.run(&batch, &Stop::default(), &mut |_| {}).facts;
        let containers = facts.containers().yes().map_or(0, |rows| rows.len());
        (facts.unit("kubelet").yes().copied().unwrap().active.clone(), containers)
    };
    assert_eq!(journal("worker01"), ("active".into(), 2));
    assert_eq!(journal("worker02"), ("active".into(), 4), "kube-proxy and cluster DNS");
    assert_eq!(journal("worker03"), ("active".into(), 0));
    assert!(bench.lab().record("worker02").iter().any(|line| line.path.ends_with("worker.crt")));
    assert_eq!(ready(&lab), [ReadyState::Silent, ReadyState::Silent, ReadyState::NotReady]);
    let broken = [("clock", "worker01".to_owned()), ("docker", "worker03".to_owned())];
    assert_eq!(lab.broken(), broken);
}

/// What the API says of the nodes, seen by an administrator.
pub fn ready(lab: &DemoLab) -> [ReadyState; 3] {
    let cluster = lab.world.another_cluster();
    let read = |path: &str| lab.world.lab().read_here(path).unwrap();
    let folder = format!("/home/op/.kube/{}", lab.name);
    let login = gangplank::kube::cluster::ClientIdentity {
        cert: read(&format!("{folder}/kubectl.crt")).to_vec(),
        key: read(&format!("{folder}/kubectl.key")),
    };
    cluster.login(&read(&format!("{folder}/ca.crt")), Some(&login)).unwrap();
    let nodes = cluster.nodes().unwrap();
    WORKERS.map(|worker| nodes.iter().find(|node| node.name == worker).unwrap().ready.state)
}

#[test]
fn a_connection_lost_while_sending_stops_one_worker_and_a_retry_finishes_it() {
    let (_, bench) = open("cable-pull");
    let first = bench.apply();
    assert_eq!((first.code, ends(&first)), (1, ["changed", "problem", "changed"]));
    assert_eq!(first.codes("worker02"), ["E-SSH-17"]);
    let second = bench.apply().done();
    assert_eq!(ends(&second), ["same", "changed", "same"]);
    let text = events("The cable.", &first) + &events("A retry.", &second);
    golden("demo-cable-pull.txt", &text);
    golden("demo-cable-pull.jsonl", &(json(&first) + &json(&second)));
}

/// What somebody sees of a run, times left out: evidence too.
fn seen(ran: &Ran, place: &str) -> Vec<String> {
    let text = |event: &Event| {
        let mut value = serde_json::to_value(event).unwrap();
        if let Some(map) = value.as_object_mut() {
            map.remove("ms");
            map.remove("counts");
        }
        value.to_string()
    };
    let mut lines: Vec<String> = ran
        .at(place)
        .map(|one| format!("{} {}", one.step.map_or("", |step| step.0), text(&one.event)))
        // Where the DNS pod is placed is a race while nobody waits.
        .map(|line| line.split(", on worker").next().unwrap_or_default().to_owned())
        .filter(|line| !line.starts_with("kubectl ") && !line.contains("clock"))
        .collect();
    lines.sort();
    lines
}

/// Files, names and numbers of a lab: everything that is drawn lots for elsewhere.
fn lots(lab: &DemoLab) -> Vec<String> {
    let mut all = Vec::new();
    for worker in WORKERS {
        lab.world.lab().machine(worker, |machine| {
            for name in ["ca", "worker", "kube-proxy"] {
                let bytes = &machine.files[&format!("{SSL}/{name}.crt")].bytes;
                let cert = pki::examine(bytes).unwrap();
                all.push(format!("{worker} {name} {:02x?} {}", cert.serial, cert.spki_sha256));
                if name == "ca" {
                    all.push(cert.fingerprint);
                }
            }
            let own = machine.containers.iter().filter(|one| one.name.contains("kube-proxy"));
            all.extend(own.map(|one| format!("{} {}", one.id, one.name)));
        });
    }
    all
}

#[test]
fn two_takes_of_a_seed_show_the_same_and_another_seed_shows_other_numbers() {
    let take = |seed: u64| {
        let lab = demo::open("first-cluster", 0.0, Some(seed)).unwrap();
        let world = LabWorld::new(lab.world.lab().clone(), "/home/op");
        let bench = Bench::over(world, &lab.plan_text);
        let ran = bench.apply().done();
        let shown: Vec<_> = ["here", "cluster"].into_iter().chain(WORKERS).map(|at| seen(&ran, at)).collect();
        (shown, lots(&lab))
    };
    let (first, second) = (take(7), take(7));
    for (a, b) in first.0.iter().flatten().zip(second.0.iter().flatten()) {
        assert_eq!(a, b);
    }
    for (a, b) in first.1.iter().zip(&second.1) {
        assert_eq!(a, b);
    }
    assert_eq!(first.1.len(), second.1.len());
    assert_ne!(take(8).1, first.1);
}

#[test]
fn the_answers_of_a_lab_are_its_plan() {
    for (name, _) in demo::names() {
        let lab = demo::open(name, 0.0, Some(1)).unwrap();
        let written = gangplank::plan::yaml::write(&lab.answers);
        assert_eq!(super::bench::plan(&written), super::bench::plan(&lab.plan_text), "{name}");
        assert!(lab.about.contains("worker"), "{name}");
    }
    assert!(demo::open("atlantis", 0.0, None).is_err());
}

/// Throws a fault on worker02, runs, mends it and runs again.
#[track_caller]
fn thrown(id: &str, code: &str) {
    let (lab, bench) = onboarded();
    assert!(lab.throw(id, "worker02").unwrap());
    assert!(!lab.throw(id, "worker02").unwrap(), "{id}: it is broken already");
    let broken: Vec<(&str, String)> = lab.broken();
    assert_eq!(broken, [(id, "worker02".to_owned())]);
    let ran = bench.apply();
    assert_eq!((ends(&ran), ran.codes("worker02")), (["same", "problem", "same"], vec![code.to_owned()]));
    lab.mend("worker02");
    assert_eq!(lab.broken(), []);
    later(&lab, 20);
    assert_eq!(ends(&bench.apply().done()), ["same", "same", "same"], "{id} leaves no trace");
}

#[test]
fn a_pulled_cable_is_a_problem_until_it_is_plugged_in_again() {
    thrown("cable", "E-SSH-01");
}

#[test]
fn a_stopped_docker_is_a_problem_until_it_is_started() {
    thrown("docker", "E-DOCKER-01");
}

#[test]
fn a_clock_set_back_is_a_problem_until_it_is_set_right() {
    thrown("clock", "E-CLOCK-01");
}

#[test]
fn a_certificate_of_another_ca_is_a_problem_until_it_is_taken_off() {
    thrown("certificate", "E-CERT-04");
}

#[test]
fn somebody_else_s_file_is_a_problem_until_it_is_taken_off() {
    // It stands in the place of one that gangplank wrote.
    thrown("file", "E-FILE-03");
}

/// Throws a fault on worker02, lets the doctor look, and mends it.
#[track_caller]
fn diagnosed(id: &str, code: ProblemCode) {
    let (lab, bench) = onboarded();
    assert!(lab.throw(id, "worker02").unwrap());
    assert!(!lab.throw(id, "worker02").unwrap(), "{id}: it is broken already");
    assert_eq!(lab.broken(), [(id, "worker02".to_owned())]);
    later(&lab, 120);
    let all = bench.examine(&[]);
    let first = |one: &Examined| match &one.found {
        Ok(found) => found.causes.first().map(|cause| cause.problem.code),
        Err(problem) => Some(problem.code),
    };
    assert_eq!(
        all.iter().map(first).collect::<Vec<_>>(),
        [None, Some(code), None],
        "{id} {:#?}",
        all[1].found
    );
    lab.mend("worker02");
    assert_eq!(lab.broken(), [], "{id}");
    later(&lab, 60);
    let all = bench.examine(&[]);
    assert!(all.iter().all(Examined::healthy), "{id} leaves no trace: {:#?}", all[1].found);
}

#[test]
fn every_fault_of_a_worker_is_named_first_by_the_doctor_and_leaves_no_trace() {
    diagnosed("stopped", ProblemCode::Kubelet14);
    diagnosed("frozen", ProblemCode::Kubelet08);
    diagnosed("program", ProblemCode::Kubelet01);
    diagnosed("kubeconfig", ProblemCode::File05);
    diagnosed("key", ProblemCode::Key02);
    diagnosed("hung", ProblemCode::Docker02);
    diagnosed("route", ProblemCode::Api24);
    diagnosed("disk", ProblemCode::Disk01);
    diagnosed("clock", ProblemCode::Clock01);
    diagnosed("cable", ProblemCode::Ssh01);
    diagnosed("docker", ProblemCode::Docker01);
    diagnosed("certificate", ProblemCode::Cert04);
    diagnosed("file", ProblemCode::File03);
}

#[test]
fn a_surprise_is_one_thing_on_one_worker_that_differs_from_seed_to_seed() {
    let mut seen = std::collections::BTreeSet::new();
    for (seed, name) in (1..).zip(["failed-worker", "current", "failed-worker", "current"]) {
        let lab = demo::open_with_surprise(name, 0.0, Some(seed)).unwrap();
        let broken = lab.broken();
        assert_eq!(broken.len(), 1, "{seed}: {broken:?}");
        if seed == 1 {
            let again = demo::open_with_surprise(name, 0.0, Some(seed)).unwrap();
            assert_eq!(again.broken(), broken, "{seed}: the same on every take");
        }
        let (fault, worker) = broken[0].clone();
        let bench = Bench::over(LabWorld::new(lab.world.lab().clone(), "/home/op"), &lab.plan_text);
        let ill: Vec<_> =
            bench.examine(&[]).into_iter().filter(|one| !one.healthy()).map(|one| one.worker).collect();
        assert_eq!(ill, std::slice::from_ref(&worker), "{seed}: {fault} shows on its worker and on no other");
        seen.insert(fault);
    }
    assert!(seen.len() > 2, "{seen:?}");
}

#[test]
fn a_full_disk_stops_a_blank_worker_and_shows_on_its_node() {
    let (lab, bench) = open("first-cluster");
    lab.throw("disk", "worker02").unwrap();
    assert_eq!(bench.apply().codes("worker02"), ["E-DISK-01"; 2], "of /etc and of docker");
    lab.mend("worker02");
    assert_eq!(ends(&bench.apply().done()), ["same", "changed", "same"]);
    lab.throw("disk", "worker02").unwrap();
    later(&lab, 15);
    assert_eq!(ready(&lab), [ReadyState::Ready; 3]);
    lab.mend("worker02");
}

#[test]
fn the_api_goes_down_and_comes_up_again() {
    let (lab, bench) = onboarded();
    assert!(lab.throw("api", "").unwrap());
    assert_eq!(lab.broken(), [("api", String::new())]);
    later(&lab, 60);
    assert_eq!(bench.apply().code, 1);
    lab.mend("");
    later(&lab, 20);
    assert_eq!(ready(&lab), [ReadyState::Ready; 3]);
    assert_eq!(bench.apply().done().end("cluster"), "same");
}

#[test]
fn a_fault_that_is_not_there_is_not_thrown() {
    let (lab, _) = open("first-cluster");
    assert!(!lab.throw("earthquake", "worker01").unwrap());
    assert!(!lab.throw("cable", "worker04").unwrap());
    let titles: Vec<_> = lab.faults().iter().map(|fault| fault.title("worker02")).collect();
    assert!(titles.contains(&"pull worker02's cable".to_owned()), "{titles:?}");
    for fault in lab.faults() {
        let named = fault.mend_title("worker02").contains("worker02");
        assert_eq!(named, fault.place == FaultPlace::Worker, "{}", fault.id);
    }
}

pub fn stream(lab: &DemoLab, worker: &str) -> Box<dyn LiveStream> {
    let mut stream = lab.world.lab().connect(worker).unwrap().stream().unwrap();
    while stream.next(Duration::from_millis(1)) == Live::Happened {}
    stream
}

#[test]
fn a_pulled_cable_ends_the_live_stream_at_once() {
    let (lab, _) = onboarded();
    lab.set_speed(1.0);
    let mut stream = stream(&lab, "worker02");
    let (tell, told) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // Long enough that only the cable can be the reason.
            tell.send(stream.next(Duration::from_secs(30))).unwrap();
        });
        lab.throw("cable", "worker02").unwrap();
        let end = told.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(matches!(end, Live::Ended(_)), "{end:?}");
    });
}

#[test]
fn a_cable_pulled_while_a_file_is_sent_ends_the_batch_and_nothing_else() {
    let (lab, bench) = open("cable-pull");
    lab.world.lab().mend("worker02");
    lab.set_speed(20.0);
    let pulled = std::sync::atomic::AtomicBool::new(false);
    let seen = |one: &gangplank::engine::Stamped| {
        let sends = matches!(one.event, Event::Progress { .. }) && one.place.to_string() == "worker03";
        if sends && !pulled.swap(true, std::sync::atomic::Ordering::SeqCst) {
            lab.throw("cable", "worker03").unwrap();
        }
    };
    let stop = Stop::default();
    let ran = bench.apply_with(&super::bench::How { seen: &seen, ..super::bench::how(&stop) });
    assert_eq!(ends(&ran), ["changed", "changed", "problem"], "{}", ran.trouble());
    lab.set_speed(0.0);
    lab.mend("worker03");
    assert_eq!(ends(&bench.apply().done()), ["same", "same", "changed"]);
}

/// Processor time of this thread so far.
fn spent() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split_whitespace().next().unwrap().parse().unwrap())
}

#[test]
fn watching_an_idle_demo_costs_next_to_nothing() {
    let (lab, _) = onboarded();
    lab.set_speed(1.0);
    let lab = &lab;
    std::thread::scope(|scope| {
        let watching = WORKERS.map(|worker| {
            scope.spawn(move || {
                let mut stream = stream(lab, worker);
                let before = spent();
                let began = Instant::now();
                while began.elapsed() < Duration::from_secs(2) {
                    assert_eq!(stream.next(Duration::from_secs(1)), Live::Quiet, "{worker}");
                }
                (spent().saturating_sub(before), began.elapsed())
            })
        });
        let all: Vec<_> = watching.into_iter().map(|one| one.join().unwrap()).collect();
        let cost: f64 = all.iter().map(|(spent, gone)| spent.as_secs_f64() / gone.as_secs_f64()).sum();
        // Not optimized; a release build takes a fifth of it.
        assert!(cost < 0.03, "{:.2} % of a core", cost * 100.0);
    });
}

#[test]
fn a_container_that_starts_is_told_of_while_the_clock_flows() {
    let (lab, _) = onboarded();
    lab.set_speed(1.0);
    let mut stream = stream(&lab, "worker01");
    let (tell, told) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || tell.send((stream.next(Duration::from_secs(30)), Instant::now())).unwrap());
        let began = lab.world.lab().machine("worker01", |machine| {
            let mut another = machine.containers[0].clone();
            "f".repeat(64).clone_into(&mut another.id);
            machine.containers.push(another);
            Instant::now()
        });
        let (live, when) = told.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(live, Live::Happened);
        assert!(when.saturating_duration_since(began.unwrap()) < Duration::from_secs(1));
    });
}

#[test]
fn a_clock_that_stands_still_holds_whoever_waits() {
    let (lab, _) = open("first-cluster");
    lab.set_speed(100.0);
    lab.pause(true);
    let (tell, told) = mpsc::channel();
    let lab = &lab;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            lab.world.wait(Duration::from_millis(500));
            tell.send(()).unwrap();
        });
        assert!(told.recv_timeout(Duration::from_millis(200)).is_err(), "it waits for the clock");
        let stood = lab.world.now();
        assert_eq!(lab.world.now(), stood);
        lab.pause(false);
        told.recv_timeout(Duration::from_secs(10)).unwrap();
    });
}
