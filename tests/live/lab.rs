//! The threads over the scripted lab.

use std::path::Path;
use std::sync::Arc;

use gangplank::engine::world::scripted::LabWorld;
use gangplank::engine::{Engine, ExitCode, Front, Journal, RunOptions, Session, Stamped, World};
use gangplank::host::{CertificateEnd, Lasts, LogSource, Stop};
use gangplank::kube::ReadyState;
use gangplank::lab::machine::LabContainer;
use gangplank::lab::setup::{FIRST_CLUSTER, FIRST_CLUSTER_PLAN};
use gangplank::lab::{Fault, Lab};
use gangplank::live::panel::ApiState;
use gangplank::live::{Change, Link, LogNews, LogWish, Panel, Update, start, watch_targets};
use gangplank::plan::model::Plan;
use gangplank::plan::runtime_fact::RuntimeKind;
use gangplank::plan::wishes::RuntimeWish;
use gangplank::plan::yaml;

use crate::support::{Ear, ear, place};

struct Room {
    lab: Lab,
    world: Arc<LabWorld>,
    plan: Arc<Plan>,
}

fn room() -> Room {
    let world = LabWorld::read(FIRST_CLUSTER).unwrap();
    world.lab().set_fast_keys();
    let text = FIRST_CLUSTER_PLAN.as_bytes();
    let plan = yaml::load(text, Path::new("/home/op/plan.yaml"), Some(Path::new("/home/op"))).unwrap().plan;
    Room { lab: world.lab().clone(), world: Arc::new(world), plan: Arc::new(plan) }
}

fn first_looks(ear: &mut Ear, names: &[&str]) {
    for name in names {
        if ear.panel.row(&place(name)).is_some_and(|row| row.seen.is_none()) {
            ear.until(&format!("a look at {name}"), |panel, _| {
                panel.row(&place(name)).unwrap().seen.is_some()
            });
        }
    }
}

fn run(lab: &Lab, name: &str, id: char) {
    let container = LabContainer {
        id: id.to_string().repeat(64),
        image: "web:1".to_owned(),
        command: "/web".to_owned(),
        name: "web".to_owned(),
        manifest: String::new(),
        manifest_sha256: String::new(),
        created: lab.clock().latest_ms(),
        started: lab.clock().latest_ms(),
    };
    lab.machine(name, |machine| machine.containers.push(container)).unwrap();
}

fn is_down(panel: &Panel, name: &str) -> bool {
    matches!(panel.row(&place(name)).unwrap().link, Link::Down { .. })
}

#[test]
fn a_container_that_starts_is_heard_of_and_the_end_of_the_watch_ends_the_threads() {
    let Room { lab, world, plan } = room();
    let (send, mut ear) = ear(&watch_targets(&plan));
    let watch = start(world, &plan, false, send);
    first_looks(&mut ear, &["w1", "w2", "w3"]);
    run(&lab, "w2", 'a');
    ear.until(
        "web started on w2",
        |_, change| matches!(change, Change::Started(on, one) if *on == place("w2") && one.name == "web"),
    );
    drop(watch);
    ear.ends();
}

#[test]
fn a_host_that_is_lost_says_why_is_tried_again_and_holds_nobody_up() {
    let Room { lab, world, plan } = room();
    let (send, mut ear) = ear(&watch_targets(&plan));
    let _watch = start(world, &plan, false, send);
    first_looks(&mut ear, &["w1", "w2", "w3"]);
    lab.fault("w2", Fault::Unreachable);
    // All connections end, as after a power cut; two come back.
    lab.revive();
    ear.until("w2 cannot be reached", |panel, _| match &panel.row(&place("w2")).unwrap().link {
        Link::Down { why, again, .. } => why.contains("not reachable") && again.is_some(),
        Link::Idle | Link::Connecting | Link::Up => false,
    });
    for name in ["w1", "w3"] {
        if is_down(&ear.panel, name) {
            ear.until(&format!("{name} is back"), |panel, _| {
                panel.row(&place(name)).unwrap().link == Link::Up
            });
        }
    }
    run(&lab, "w1", 'b');
    ear.until("web started on w1 while w2 is down", |panel, change| {
        matches!(change, Change::Started(on, _) if *on == place("w1")) && is_down(panel, "w2")
    });
    lab.mend("w2");
    ear.until("w2 is back", |panel, _| panel.row(&place("w2")).unwrap().link == Link::Up);
}

#[test]
fn without_a_login_the_api_says_so_and_with_the_ca_it_is_watched() {
    let Room { lab, world, plan } = room();
    let (send, mut ear) = ear(&watch_targets(&plan));
    let mut watch = start(world, &plan, false, send);
    ear.until("nobody is known", |panel, change| {
        *change == Change::Api
            && matches!(panel.api(), ApiState::Down { why, .. } if why.contains("nobody is known"))
    });
    watch.cluster(&plan, true);
    ear.until("the nodes are watched", |panel, _| matches!(panel.api(), ApiState::Watching { .. }));
    lab.set_api_calls(Some(0));
    ear.until(
        "the api is down",
        |panel, _| matches!(panel.api(), ApiState::Down { why, .. } if why.contains("refused")),
    );
    lab.set_api_calls(None);
    ear.until("the nodes are watched again", |panel, _| matches!(panel.api(), ApiState::Watching { .. }));
}

/// Events and the journal are nobody's business before a host is opened, and no longer after it is closed.
#[test]
fn an_opened_host_tells_its_journal_its_certificates_and_events_and_a_closed_one_does_not() {
    let Room { lab, world, plan } = room();
    let state = tempfile::tempdir().unwrap();
    let session = Session::open(state.path(), &plan, FIRST_CLUSTER_PLAN).unwrap();
    let stop = Stop::default();
    let options = RunOptions {
        only: vec!["w1".to_owned()],
        session: Some(&session),
        journal: Journal::open(&session.folder, "run").unwrap(),
        ..RunOptions::new("run", &stop)
    };
    assert_eq!(Engine::new(&plan, &*world, &Quiet, options).apply(), ExitCode::Done);
    let (send, mut ear) = ear(&watch_targets(&plan));
    let mut watch = start(Arc::clone(&world) as _, &plan, true, send);
    first_looks(&mut ear, &["w1", "w2", "w3"]);
    let w1 = place("w1");
    let known = |panel: &Panel| panel.row(&w1).unwrap().detail.is_some() || panel.happenings(&w1).is_some();
    assert!(!known(&ear.panel));
    watch.open(Some(&w1));
    ear.panel_until("its journal and its events", |panel| {
        let journal = panel.row(&w1).unwrap().detail.as_ref().is_some_and(|(_, detail)| {
            let ends = |one: &CertificateEnd| matches!(one.until, Lasts::Until(_));
            detail.journal.iter().any(|line| line.contains("Successfully registered node w1"))
                && detail.certificates.iter().any(|one| one.path.ends_with("/worker.crt") && ends(one))
        });
        let said = panel.happenings(&w1).and_then(|(_, said)| said.as_ref().ok());
        let has = |reason: &str, pod: &str| {
            said.is_some_and(|all| all.iter().any(|one| one.reason == *reason && one.pod == *pod))
        };
        journal && has("NodeReady", "") && has("Started", "kube-proxy-w1")
    });
    assert!(ear.panel.row(&place("w2")).unwrap().detail.is_none());
    // An API that goes away is said, not guessed.
    lab.set_api_calls(Some(0));
    ear.panel_until("no events", |panel| {
        panel.happenings(&w1).is_some_and(|(_, said)| said.as_ref().is_err_and(|why| why.contains("refused")))
    });
    watch.open(Some(&place("w2")));
    ear.panel_until("the journal of the other", |panel| panel.row(&place("w2")).unwrap().detail.is_some());
    let told = |panel: &Panel| panel.row(&w1).unwrap().detail.as_ref().map(|(at, _)| *at);
    let seen = |panel: &Panel, name: &str| panel.row(&place(name)).unwrap().seen.as_ref().map(|seen| seen.at);
    // What was asked for before that may still come with the first of two looks.
    let mut before = None;
    for _ in 0..2 {
        before = told(&ear.panel);
        let samples = seen(&ear.panel, "w1");
        ear.panel_until("another look at it", |panel| seen(panel, "w1") > samples);
    }
    assert_eq!(told(&ear.panel), before);
}

/// One log at a time: the last one that was wished for.
#[test]
fn the_log_of_a_container_and_the_journal_are_followed_until_another_one_is() {
    let Room { lab, world, plan } = room();
    let (send, ear) = ear(&watch_targets(&plan));
    let mut watch = start(Arc::clone(&world) as _, &plan, false, send);
    run(&lab, "w1", 'a');
    let wish = |number, name: &str, source| LogWish { number, place: place(name), source };
    let container = |id: char| LogSource::Container(id.to_string().repeat(64));
    let told = |number: u64, wanted: &dyn Fn(&LogNews) -> bool| {
        let deadline = std::time::Instant::now() + crate::sshd::LIMIT;
        loop {
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            match ear.news.recv_timeout(left).expect("it is heard") {
                Update::Log { number: of, news } if of == number && wanted(&news) => return,
                _ => {}
            }
        }
    };
    let has = |news: &LogNews, words: &str| matches!(news, LogNews::Lines(lines) if lines.iter().any(|line| line.contains(words)));
    watch.log(Some(&wish(1, "w1", container('a'))));
    told(1, &|news| *news == LogNews::Open);
    told(1, &|news| has(news, "ready"));
    // It goes on while the clock does.
    told(1, &|news| has(news, "GET /healthz"));
    watch.log(Some(&wish(2, "w1", container('b'))));
    told(2, &|news| has(news, "No such container"));
    told(2, &|news| matches!(news, LogNews::Ended(why) if why.contains("status 1")));
    watch.log(Some(&wish(3, "nobody", LogSource::Kubelet)));
    told(3, &|news| matches!(news, LogNews::Ended(why) if why.contains("not watched")));
    watch.log(None);
    drop(watch);
    ear.ends();
}

struct Quiet;

impl Front for Quiet {
    fn emit(&self, _: &Stamped) {}
}

#[test]
fn a_run_is_seen_while_it_goes_on_and_is_not_disturbed() {
    let Room { world, plan, .. } = room();
    let (send, mut ear) = ear(&watch_targets(&plan));
    let _watch = start(Arc::clone(&world) as _, &plan, true, send);
    first_looks(&mut ear, &["w1", "w2", "w3"]);
    let state = tempfile::tempdir().unwrap();
    let session = Session::open(state.path(), &plan, FIRST_CLUSTER_PLAN).unwrap();
    let stop = Stop::default();
    let options = RunOptions {
        jobs: 4,
        only: vec!["w1".to_owned()],
        session: Some(&session),
        journal: Journal::open(&session.folder, "run").unwrap(),
        ..RunOptions::new("run", &stop)
    };
    assert_eq!(Engine::new(&plan, &*world, &Quiet, options).apply(), ExitCode::Done);
    let w1 = place("w1");
    ear.until("w1 is Ready and kube-proxy runs there", |panel, _| {
        let ready = panel.node(&w1).is_some_and(|seen| seen.node.ready.state == ReadyState::Ready);
        ready && panel.row(&w1).unwrap().names(world_now(panel)).iter().any(|one| one.name == "kube-proxy")
    });
    let login = &plan.workers[0].ssh;
    assert_eq!(world.host(&w1, login).unwrap().counts().connections, 1);
}

/// Any time does: names are there whatever it is.
fn world_now(panel: &Panel) -> jiff::Timestamp {
    panel.heard().unwrap_or_default()
}

#[test]
fn the_stream_of_a_host_is_of_the_runtime_that_the_plan_names() {
    let mut room = room();
    Arc::get_mut(&mut room.plan).unwrap().cluster.runtime = RuntimeWish::Containerd;
    let (send, mut ear) = ear(&watch_targets(&room.plan));
    let _watch = start(room.world, &room.plan, false, send);
    first_looks(&mut ear, &["w1"]);
    let named = room.lab.machine("w1", |machine| machine.stream_runtime).unwrap();
    assert_eq!(named, Some(RuntimeKind::Containerd));
}
