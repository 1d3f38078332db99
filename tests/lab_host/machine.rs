//! Actions, events and faults of lab machines, seen as from real ones.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use gangplank::engine::World;
use gangplank::engine::world::scripted::LabWorld;
use gangplank::host::stream::Live;
use gangplank::host::{Batch, BatchProgress, Stop, Vault};
use gangplank::kube::ReadyState;
use gangplank::lab::setup::FAILED_WORKER;
use gangplank::lab::{Fault, HERE};
use gangplank::pki::{self};
use gangplank::plan::action::{Action, KeyAlgorithm, SecretRef, Slot, Verb, sha256};
use gangplank::plan::fact::{FactQuery, Known};
use gangplank::plan::place::Place;
use gangplank::plan::record::RecordKind;
use gangplank::plan::written::{RunFolder, Written};
use gangplank::step::{On, StepState};
use serde_json::json;

use super::fleet::*;

#[test]
fn an_action_has_the_effect_its_word_has() {
    let fleet = Fleet::first();
    let mut host = fleet.host("w1");
    let (a, key) = ("/etc/deep/a".to_owned(), "/etc/deep/k".to_owned());
    let actions = vec![
        Action::MakeDir { path: "/etc/deep".to_owned(), mode: "0700" },
        put(&a, "one\n"),
        put(&a, "two\n"),
        Action::MakeKey { path: key.clone(), kind: KeyAlgorithm::P256 },
    ];
    let wants = vec![
        file(&a),
        FactQuery::Key(key.clone()),
        FactQuery::Record,
        FactQuery::Folder("/etc/deep".to_owned()),
    ];
    let end = run(host.as_mut(), actions, wants);
    assert!(end.complete && end.trouble.is_none());
    let fact = end.facts.file(&a).yes().copied().unwrap().clone().unwrap();
    assert_eq!((fact.mode.as_str(), fact.owner.untrusted(), fact.size), ("640", "root:root", 4));
    assert_eq!(fact.content.as_deref(), Some(b"two\n".as_slice()));
    let k = end.facts.key(&key).yes().copied().unwrap().clone().unwrap();
    assert_eq!((k.mode.as_str(), k.spki_sha256.len()), ("600", 64));
    assert_eq!(end.facts.folder("/etc/deep").yes().copied().unwrap().clone().unwrap(), ["a", "k"]);
    let record = end.facts.record().yes().copied().unwrap().clone();
    let record = record.lines;
    let kinds: Vec<RecordKind> = record.iter().map(|line| line.kind.clone()).collect();
    assert_eq!(kinds, [RecordKind::Dir, RecordKind::Put, RecordKind::Put, RecordKind::Key]);
    assert_eq!((record[2].old.clone(), record[2].mode.as_str()), (sha256(b"one\n"), "640 root:root"));
    let kept = fleet
        .lab()
        .machine("w1", |m| m.files[&format!("/var/lib/gangplank/{RUN}/{}", record[2].old)].clone());
    assert_eq!((kept.unwrap().bytes.as_slice(), record[2].run.as_str()), (b"one\n".as_slice(), RUN));
    // A changed file is left alone, an unchanged one is put back, a full folder stays.
    let wrong = Action::UndoCreate { path: a.clone(), new: Written::Sha256(sha256(b"one\n")) };
    let back = Action::RestoreFile {
        path: a.clone(),
        run: RunFolder::Of(RUN.to_owned()),
        old: sha256(b"one\n"),
        new: Written::Sha256(sha256(b"two\n")),
        mode: "600 root:root".to_owned(),
    };
    let end = run(
        host.as_mut(),
        vec![wrong, back, Action::UndoMakeDir { path: "/etc/deep".to_owned() }],
        vec![file(&a)],
    );
    assert!(end.actions[&0].out.contains("no longer what gangplank wrote"));
    assert!(end.actions[&2].out.contains("is not empty: it stays"));
    let fact = end.facts.file(&a).yes().copied().unwrap().clone().unwrap();
    assert_eq!((fact.content.as_deref(), fact.mode.as_str()), (Some(b"one\n".as_slice()), "600"));
}

#[test]
fn events_counts_and_a_failing_action_are_those_of_a_script() {
    let fleet = Fleet::first();
    let mut host = fleet.host("w1");
    let mut heard = Vec::new();
    let actions = vec![put("/etc/x", "x"), put("/nowhere/x", "x"), put("/etc/y", "y")];
    let batch = Batch { actions, queries: vec![file("/etc/y")], run: RUN.to_owned(), lock: None };
    let end = host.run(&batch, &Stop::default(), &mut |one| heard.push(one));
    assert_eq!(heard[..3], [BatchProgress::Began(0), BatchProgress::Ended(0, 0), BatchProgress::Began(1)]);
    assert!(
        matches!(&heard[3], BatchProgress::Said(1, true, said) if said.contains("Directory nonexistent"))
    );
    assert_eq!(heard[4..], [BatchProgress::Ended(1, 1)]);
    assert_eq!((end.complete, end.actions.len()), (true, 2));
    assert_eq!(end.facts.file("/etc/y"), Known::Yes(&None));
    let stop = Stop::default();
    stop.press();
    let end = host.run(&batch, &stop, &mut |_| {});
    assert!(end.stopped && end.complete && end.actions.is_empty());
    drop(host.stream().unwrap());
    let counts = host.counts();
    assert_eq!((counts.connections, counts.execs, host.streams()), (1, 2, 1));
    assert_eq!(fleet.host("w1").counts().connections, 1, "one machine is connected once");
}

#[test]
fn a_lost_connection_leaves_the_effect_or_not_and_a_new_one_works() {
    for (fault, there) in [(Fault::CutAfterAction(1), true), (Fault::CutBeforeAction(1), false)] {
        let fleet = Fleet::first();
        let mut host = fleet.host("w1");
        fleet.lab().fault("w1", fault);
        let actions = vec![put("/etc/x", "x"), put("/etc/y", "y"), put("/etc/z", "z")];
        let end = run(host.as_mut(), actions, vec![file("/etc/y")]);
        assert_eq!(end.trouble.as_ref().unwrap().code(), "E-SSH-17");
        assert_eq!((end.complete, end.actions[&1].status, end.actions.len()), (false, None, 2));
        assert!(matches!(end.facts.file("/etc/y"), Known::No(_)));
        assert!(run(host.as_mut(), Vec::new(), Vec::new()).trouble.is_some());
        let mut again = fleet.host("w1");
        let end = run(again.as_mut(), Vec::new(), vec![file("/etc/y"), file("/etc/z")]);
        assert_eq!(end.facts.file("/etc/y").yes().unwrap().is_some(), there);
        assert_eq!(end.facts.file("/etc/z"), Known::Yes(&None));
        assert_eq!(again.counts().connections, 2);
    }
}

#[test]
fn killed_nothing_answers_until_it_is_started_anew() {
    let fleet = Fleet::first();
    fleet.lab().fault("w1", Fault::KillAfterAction(0));
    let end = run(fleet.host("w1").as_mut(), vec![put("/etc/x", "x"), put("/etc/y", "y")], Vec::new());
    assert_eq!((end.actions[&0].status, end.actions.len(), end.complete), (Some(0), 1, false));
    assert!(fleet.world.host(&Place::Worker("w2".to_owned()), &fleet.worker("w2").ssh).is_err());
    assert!(run(fleet.world.local().as_mut(), Vec::new(), Vec::new()).trouble.is_some());
    fleet.lab().revive();
    let end = run(fleet.host("w1").as_mut(), Vec::new(), vec![file("/etc/x")]);
    assert!(end.facts.file("/etc/x").yes().unwrap().is_some());
}

#[test]
fn faults_show_as_they_would_on_a_machine() {
    let fleet = Fleet::first();
    let code = |fault: Fault| {
        fleet.lab().fault("w1", fault);
        let code = match fleet.world.host(&Place::CaHost, &fleet.worker("w1").ssh) {
            Err(trouble) => trouble.code().as_str(),
            Ok(mut host) => {
                let end = run(host.as_mut(), vec![put("/etc/x", "x")], vec![FactQuery::Machine]);
                let full = end.actions.get(&0).is_some_and(|one| one.err.contains("No space left on device"));
                if full { "full" } else { end.trouble.map_or("none", |trouble| trouble.code().as_str()) }
            }
        };
        fleet.lab().mend("w1");
        code
    };
    assert_eq!(code(Fault::Unreachable), "E-SSH-01");
    assert_eq!(code(Fault::WrongSudoPassword), "E-SUDO-03");
    assert_eq!(code(Fault::NoSudo), "E-SUDO-04");
    assert_eq!(code(Fault::DiskFull), "full");
    let see = |fault: Fault| {
        fleet.lab().fault("w1", fault);
        let facts = fleet.facts(On::Worker, Some(fleet.worker("w1")), fleet.host("w1").as_mut());
        let now = fleet.world.now().as_millisecond();
        fleet.lab().mend("w1");
        (facts, now)
    };
    let (facts, _) = see(Fault::RuntimeDown);
    assert!(facts.docker().yes().unwrap().error.contains("Cannot connect to the Docker daemon"));
    assert!(facts.containers().why_not().contains("Cannot connect"));
    let (facts, _) = see(Fault::KubeletMissing);
    assert_eq!(facts.kubelet(gangplank::profile::KUBELET), Known::Yes(&None));
    let (facts, _) = see(Fault::KubeletVersion("v1.30.0".to_owned()));
    let kubelet = facts.kubelet(gangplank::profile::KUBELET).yes().copied().unwrap().clone().unwrap();
    assert_eq!(kubelet.version, "Kubernetes v1.30.0");
    let (facts, now) = see(Fault::ClockOff(-900_000));
    let off = facts.machine().yes().unwrap().clock_ms - now;
    assert!((-901_000..-899_000).contains(&off), "{off}");
    let (facts, _) = see(Fault::NoApi);
    assert_eq!(facts.lookup("loadbalancer.example.com").yes().unwrap().len(), 0);
    fleet.lab().fault("w1", Fault::ForeignFile(gangplank::profile::UNIT.to_owned()));
    let states = fleet.onboard(On::Worker, Some("w1"));
    assert!(
        states
            .iter()
            .any(|(_, state)| matches!(state, StepState::Blocked(problem) if problem.code == "E-FILE-01"))
    );
}

#[test]
fn a_down_api_says_so_and_the_host_steps_go_on() {
    let fleet = Fleet::first();
    let pem = fleet.ca.pem().unwrap();
    fleet.lab().set_api_calls(Some(0));
    let api = fleet.world.cluster();
    assert_eq!(api.look(pem.as_bytes(), fleet.ca.subject_raw()).fault.unwrap().code(), "E-API-01");
    assert_eq!(api.login(pem.as_bytes(), None).unwrap_err().code(), "E-API-01");
    let tls = FactQuery::Tls { host: "loadbalancer.example.com".to_owned(), port: 443 };
    let end = run(fleet.host("w1").as_mut(), Vec::new(), vec![tls]);
    assert!(end.facts.tls("loadbalancer.example.com", 443).why_not().contains("refused"));
    fleet.lab().set_api_calls(None);
    assert_eq!(api.login(pem.as_bytes(), None).unwrap_err().code(), "E-API-06");
    assert!(api.version().is_ok(), "the version is open to anybody");
    let old = Fleet::new(V1_2, V1_2_PLAN);
    let pem = old.ca.pem().unwrap();
    assert_eq!(old.world.cluster().login(pem.as_bytes(), None).unwrap_err().code(), "E-API-05");
    assert!(old.world.cluster().version().is_err());
}

#[test]
fn a_service_address_that_is_taken_or_outside_is_refused() {
    let fleet = Fleet::first();
    fleet.cluster();
    let service = |address: &str| {
        json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "other", "namespace": "default"}, "spec": {"clusterIP": address}})
    };
    let api = fleet.world.cluster();
    assert!(api.apply(&service("10.3.0.1")).unwrap_err().address_taken());
    assert!(api.apply(&service("10.9.0.1")).unwrap_err().address_outside_range());
    api.apply(&service("10.3.0.9")).unwrap();
    let all = api.get("/api/v1/services").unwrap().unwrap();
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    assert_eq!(api.get("/api/v1/namespaces/nobody").unwrap(), None);
}

#[test]
fn a_certificate_of_another_ca_keeps_the_node_away() {
    let fleet = Fleet::first();
    let other = Fleet::first();
    let mut host = fleet.host("w1");
    let facts = fleet.facts(On::Worker, Some(fleet.worker("w1")), host.as_mut());
    let (_, actions) = fleet.look(On::Worker, Some(fleet.worker("w1")), &facts);
    // The other lab's CA signs, as if two clusters were mixed up.
    let mixed = Fleet { world: fleet.world, plan: other.plan.clone(), ca: fleet.ca };
    let mut slots: BTreeMap<Slot, String> = BTreeMap::new();
    for action in actions {
        if let Action::Sign { csr, wish, out, .. } = &action {
            slots.insert(out.clone(), other.sign(&slots[csr], wish));
            continue;
        }
        let end = run(host.as_mut(), vec![fill(action.clone(), &slots)], Vec::new());
        if let Some(slot) = action.yields() {
            slots.insert(slot.clone(), end.actions[&0].out.clone());
        }
    }
    mixed.world.wait(Duration::from_secs(60));
    assert_eq!(mixed.cluster().nodes.unwrap(), []);
    let rows = run(host.as_mut(), Vec::new(), vec![FactQuery::Containers]).facts;
    assert_eq!(rows.containers().yes().unwrap().len(), 2, "static pods need no API");
}

#[test]
fn the_live_stream_tells_of_containers() {
    let fleet = Fleet::first();
    let mut stream = fleet.host("w1").stream().unwrap();
    stream.sample();
    let Live::Sample(sample) = stream.next(Duration::from_secs(1)) else { panic!("no sample") };
    assert_eq!((sample.containers.len(), sample.kubelet.as_str()), (0, "inactive/dead"));
    assert_eq!(stream.next(Duration::from_secs(1)), Live::Quiet);
    assert_done(&fleet.onboard(On::Worker, Some("w1")));
    assert_eq!(stream.next(Duration::from_secs(1)), Live::Happened);
    stream.sample();
    let Live::Sample(sample) = stream.next(Duration::from_secs(1)) else { panic!("no sample") };
    assert_eq!((sample.containers.len(), sample.kubelet.as_str()), (2, "active/running"));
    fleet.lab().fault("w1", Fault::CutAfterAction(0));
    run(fleet.host("w1").as_mut(), vec![put("/etc/x", "x")], Vec::new());
    assert!(matches!(stream.next(Duration::from_secs(1)), Live::Ended(_)));
}

#[test]
fn failed_workers_show_why() {
    let world = LabWorld::read(FAILED_WORKER).unwrap();
    let end = |host: &str, want: FactQuery| {
        let mut host = world.lab().connect(host).unwrap();
        run(&mut host, Vec::new(), vec![want]).facts
    };
    let cert = format!("{}/worker.crt", gangplank::profile::SSL);
    let facts = end("10.0.0.11", file(&cert));
    let content = facts.file(&cert).yes().copied().unwrap().clone().unwrap().content.unwrap();
    let ended = world.now().duration_since(pki::examine(&content).unwrap().not_after).as_hours() / 24;
    assert_eq!(ended, 9);
    let off = end("w2", FactQuery::Machine).machine().yes().unwrap().clock_ms - world.now().as_millisecond();
    assert!(off < -890_000, "{off}");
    assert!(end("w3", FactQuery::Runtime).docker().yes().unwrap().version.is_empty());
    assert!(world.read(Path::new("/home/op/ca/ca.key")).is_ok());
    world.write_new(Path::new("/home/op/new"), b"x", 0o600).unwrap();
    assert!(world.write_new(Path::new("/home/op/new"), b"y", 0o600).is_err());
    assert_eq!(world.lab().machine(HERE, |here| here.files["/home/op/new"].mode.clone()).unwrap(), "600");
}

struct OneSecret(&'static str, std::sync::atomic::AtomicUsize);

impl Vault for OneSecret {
    fn get(&self, name: &SecretRef) -> Option<zeroize::Zeroizing<String>> {
        assert_eq!(*name, SecretRef::Sudo("core@10.0.0.13:22".to_owned()));
        (!self.0.is_empty()).then(|| self.0.to_owned().into())
    }

    fn wrong(&self, _: &SecretRef) {
        self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }
}

#[test]
fn sudo_takes_the_right_password_only() {
    let fleet = Fleet::first();
    fleet.lab().machine("w3", |machine| machine.build.sudo_password = Some("opensesame".to_owned()));
    for (given, code, wrong) in
        [("opensesame", None, 0), ("guess", Some("E-SUDO-03"), 1), ("", Some("E-SUDO-02"), 0)]
    {
        let vault = std::sync::Arc::new(OneSecret(given, 0.into()));
        fleet.lab().set_vault(vault.clone());
        let end = run(fleet.host("w3").as_mut(), vec![put("/etc/x", "x")], Vec::new());
        assert_eq!(end.trouble.map(|trouble| trouble.code().as_str()), code, "{given}");
        assert_eq!(vault.1.load(std::sync::atomic::Ordering::SeqCst), wrong);
    }
}

#[test]
fn a_kubelet_that_cannot_start_is_tried_again_and_recovers() {
    let fleet = Fleet::first();
    assert_eq!(fleet.onboard(On::Worker, Some("w1")).len(), 15);
    let cert = format!("{}/worker.crt", gangplank::profile::SSL);
    let kept = fleet.lab().machine("w1", |machine| machine.files.remove(&cert)).unwrap().unwrap();
    let restart = Action::Service { verb: Verb::Restart, unit: "kubelet".to_owned() };
    run(fleet.host("w1").as_mut(), vec![restart], Vec::new());
    fleet.world.wait(Duration::from_secs(25));
    let unit = || {
        let end = run(fleet.host("w1").as_mut(), Vec::new(), vec![FactQuery::Unit("kubelet".to_owned())]);
        end.facts.unit("kubelet").yes().copied().unwrap().clone()
    };
    let seen = unit();
    assert_eq!((seen.active.untrusted(), seen.restarts), ("activating", Some(2)));
    assert!(seen.journal[0].contains("worker.crt: no such file or directory"), "{:?}", seen.journal);
    fleet.lab().machine("w1", |machine| machine.files.insert(cert.clone(), kept.clone()));
    fleet.world.wait(Duration::from_secs(25));
    assert_eq!(unit().active, "active");
    // Docker goes, which the kubelet says itself, and comes back: the containers too.
    fleet.lab().fault("w1", Fault::RuntimeDown);
    fleet.world.wait(Duration::from_secs(60));
    let state = || fleet.cluster().nodes.unwrap()[0].ready.state;
    assert_eq!(state(), ReadyState::NotReady);
    fleet.lab().mend("w1");
    fleet.world.wait(Duration::from_secs(30));
    assert_eq!(state(), ReadyState::Ready);
    let rows = run(fleet.host("w1").as_mut(), Vec::new(), vec![FactQuery::Containers]).facts;
    assert_eq!(rows.containers().yes().unwrap().len(), 2);
}
