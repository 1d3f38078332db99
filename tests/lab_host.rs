//! The scripted lab: the step catalogue carried out by hand on it, undone again byte for byte, and every
//! fault seen as it would be seen from a real machine.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use gangplank::engine::World;
use gangplank::engine::lab::LabWorld;
use gangplank::host::lab::setup::{FAILED_WORKER, FIRST_CLUSTER, FIRST_CLUSTER_PLAN};
use gangplank::host::lab::{Fault, HERE, Lab};
use gangplank::host::stream::Live;
use gangplank::host::{Batch, BatchEnd, Heard, Host, Stop};
use gangplank::kube::{ReadyState, cluster, dns};
use gangplank::pki::{self, CaInfo, openssl_ca};
use gangplank::plan::action::{Action, Content, KeyKind, Slot, Verb, Wish, sha256};
use gangplank::plan::fact::{Facts, Known, RecordLine, Want};
use gangplank::plan::model::{CaPlace, Plan, Worker};
use gangplank::plan::place::Place;
use gangplank::plan::yaml;
use gangplank::step::{self, ClusterFacts, Look, On, State};
use serde_json::json;

const RUN: &str = "20261123-0900";
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
";
const V1_2_PLAN: &str = "
cluster: {name: old, api: 'https://loadbalancer.example.com', service_range: 10.3.0.0/24, dns: 10.3.0.2}
ca: {where: files, cert: /home/op/ca.crt, key: /home/op/ca.key}
defaults: {images: ['host:/root/images.tar']}
workers: [{name: w1, address: 10.0.0.11}]
";

struct Fleet {
    world: LabWorld,
    plan: Plan,
    ca: CaInfo,
}

impl Fleet {
    fn new(lab: &str, plan: &str) -> Self {
        let world = LabWorld::read(lab).unwrap();
        let loaded =
            yaml::load(plan.as_bytes(), Path::new("/home/op/plan.yaml"), Some(Path::new("/home/op")))
                .unwrap();
        world.lab().set_fast_keys();
        let pem = match &loaded.plan.ca.place {
            CaPlace::Files { cert, .. } => world.read(cert).unwrap().to_vec(),
            CaPlace::Host { login, cert, .. } => {
                world.lab().machine(&login.host, |m| m.files[cert].bytes.clone()).unwrap()
            }
            CaPlace::New { .. } => panic!("the labs have a CA"),
        };
        Self { world, plan: loaded.plan, ca: CaInfo::load(&pem).unwrap() }
    }

    fn first() -> Self {
        Self::new(FIRST_CLUSTER, FIRST_CLUSTER_PLAN)
    }

    fn lab(&self) -> &Lab {
        self.world.lab()
    }

    fn worker(&self, name: &str) -> &Worker {
        self.plan.workers.iter().find(|worker| worker.name == name).unwrap()
    }

    fn host(&self, name: &str) -> Box<dyn Host> {
        self.world.host(&Place::Worker(name.to_owned()), &self.worker(name).ssh).unwrap()
    }

    /// Signs where the CA is, the way the plan says.
    fn sign(&self, csr: &str, wish: &Wish) -> String {
        let (request, now) = (step::request(wish), self.world.now());
        let csr_checked = pki::check_csr(csr.as_bytes(), None, &request).unwrap();
        let pem = match &self.plan.ca.place {
            CaPlace::Host { login, cert, key } => {
                let place = openssl_ca::Place { cert, key, info: &self.ca, passphrase_fd: None };
                let tasks = [openssl_ca::Task { id: "one", csr, request: &request }];
                let text = openssl_ca::script(&tasks, &place, now).unwrap();
                let action = Action::Script { title: "sign".to_owned(), text, secrets: Vec::new() };
                let mut host = self.world.host(&Place::CaHost, login).unwrap();
                let end = run(host.as_mut(), vec![action], Vec::new());
                assert_eq!(end.actions[&0].status, Some(0), "{}", end.actions[&0].err);
                openssl_ca::read_output(&end.actions[&0].out)[0].1.clone().unwrap()
            }
            CaPlace::Files { cert, key } => {
                let (cert, key) = (self.world.read(cert).unwrap(), self.world.read(key).unwrap());
                let ca = pki::Ca::load(&cert, &key, None, now).unwrap();
                ca.sign(&csr_checked.key, &request, pki::Serial::random().unwrap(), now).unwrap()
            }
            CaPlace::New { .. } => panic!("the labs have a CA"),
        };
        pki::verify_issued(&pem, &request, &csr_checked.key.sha256(), &self.ca, now, now).unwrap();
        pem
    }

    /// What the API says, as an admin sees it.
    fn cluster(&self) -> ClusterFacts {
        let key = pki::make_key(pki::Kind::P256).unwrap();
        let wish = Wish {
            cn: "kubectl".to_owned(),
            organizations: vec!["system:masters".to_owned()],
            ips: Vec::new(),
            names: Vec::new(),
            client: true,
            server: false,
            days: 1,
        };
        let cert = self.sign(&pki::make_csr(&key, "kubectl").unwrap(), &wish).into_bytes();
        let login = cluster::Login { cert, key: key.as_bytes().to_vec().into() };
        let api = self.world.cluster();
        let ca = self.ca.pem().unwrap();
        api.login(ca.as_bytes(), Some(&login)).unwrap();
        let objects = step::dns::paths(&self.plan).into_iter();
        ClusterFacts {
            version: Some(api.version().unwrap()),
            nodes: Some(api.nodes().unwrap()),
            objects: objects.map(|path| (path.clone(), api.get(&path).unwrap())).collect(),
            clock_ahead_ms: api.clock_ahead_ms(),
            ..ClusterFacts::default()
        }
    }

    fn facts(&self, on: On, worker: Option<&Worker>, host: &mut dyn Host) -> Facts {
        let end = run(host, Vec::new(), step::wants(on, &self.plan, worker, "/home/op"));
        assert_eq!(end.trouble, None);
        end.facts
    }

    /// Looks at the steps of a queue: the states and all actions, up to a barrier with something to do.
    fn look(
        &self,
        on: On,
        worker: Option<&Worker>,
        facts: &Facts,
    ) -> (Vec<(&'static str, State)>, Vec<Action>) {
        let here = self.facts(On::Here, None, self.world.here().as_mut());
        let cluster = self.cluster();
        let (mut states, mut queued) = (Vec::new(), Vec::new());
        for step in step::steps(on) {
            let now = self.world.now();
            let cx = Look {
                plan: &self.plan,
                worker,
                facts,
                here: &here,
                cluster: &cluster,
                ca: Some(&self.ca),
                queued: &queued,
                home: "/home/op",
                now,
                asked_ms: now.as_millisecond(),
            };
            let state = step.look(&cx);
            let more = if let State::Todo(actions) = &state { actions.clone() } else { Vec::new() };
            states.push((step.id().0, state));
            queued.extend(more);
            let blocked = matches!(states.last(), Some((_, State::Blocked(_))));
            if blocked || step.barrier() && !queued.is_empty() {
                break;
            }
        }
        (states, queued)
    }

    /// Carries actions out, filling what comes back.
    fn carry(&self, host: &mut dyn Host, actions: &[Action]) {
        let mut slots: BTreeMap<Slot, String> = BTreeMap::new();
        let mut left = actions.to_vec();
        while !left.is_empty() {
            if let Action::Sign { csr, wish, out, .. } = &left[0] {
                slots.insert(out.clone(), self.sign(&slots[csr], wish));
                left.remove(0);
                continue;
            }
            let upto = left.iter().position(|one| matches!(one, Action::Sign { .. })).unwrap_or(left.len());
            let batch: Vec<Action> = left.drain(..upto).map(|one| fill(one, &slots)).collect();
            let end = run(host, batch.clone(), Vec::new());
            assert_eq!(end.trouble, None);
            for (index, action) in batch.iter().enumerate() {
                assert_eq!(
                    end.actions[&index].status,
                    Some(0),
                    "{}: {}",
                    action.title(),
                    end.actions[&index].err
                );
                if let Some(slot) = action.yields() {
                    slots.insert(slot.clone(), end.actions[&index].out.clone());
                }
            }
        }
    }

    /// Onboards until every step is done; at most five lab minutes.
    fn onboard(&self, on: On, name: Option<&str>) -> Vec<(&'static str, State)> {
        let worker = name.map(|name| self.worker(name));
        let mut host = name.map_or_else(|| self.world.here(), |name| self.host(name));
        let mut states = Vec::new();
        for _ in 0..60 {
            let facts = self.facts(on, worker, host.as_mut());
            let (seen, actions) = self.look(on, worker, &facts);
            states = seen;
            let blocked = matches!(states.last(), Some((_, State::Blocked(_))));
            if blocked || states.iter().all(|(_, state)| matches!(state, State::Done(_))) {
                return states;
            }
            self.carry(host.as_mut(), &actions);
            self.world.wait(Duration::from_secs(5));
        }
        states
    }
}

fn fill(action: Action, slots: &BTreeMap<Slot, String>) -> Action {
    match action {
        Action::Put { path, content: Content::Later(slot), mode, owner } => {
            Action::Put { path, content: Content::Literal(slots[&slot].clone().into_bytes()), mode, owner }
        }
        other => other,
    }
}

fn run(host: &mut dyn Host, actions: Vec<Action>, wants: Vec<Want>) -> BatchEnd {
    host.run(&Batch { actions, wants, run: RUN.to_owned() }, &Stop::default(), &mut |_| {})
}

fn put(path: &str, text: &str) -> Action {
    let content = Content::Literal(text.as_bytes().to_vec());
    Action::Put { path: path.to_owned(), content, mode: "0640", owner: "root:root" }
}

fn file(path: &str) -> Want {
    Want::File { path: path.to_owned(), content: true }
}

fn assert_done(states: &[(&'static str, State)]) {
    for (step, state) in states {
        assert!(matches!(state, State::Done(_)), "{step}: {state:?}");
    }
}

/// What undo does with the record of a host, newest first.
fn undo(record: &[RecordLine]) -> Vec<Action> {
    let own = |text: &String| text.clone();
    let mut actions = Vec::new();
    for line in record.iter().rev() {
        actions.extend(match line.kind.as_str() {
            "put" | "key" if line.old.is_empty() => {
                vec![Action::TakeAway { path: own(&line.path), new: own(&line.new) }]
            }
            "put" | "key" => vec![Action::PutBack {
                path: own(&line.path),
                run: own(&line.run),
                old: own(&line.old),
                new: own(&line.new),
                mode: own(&line.mode),
            }],
            "dir" => vec![Action::TakeDir { path: own(&line.path) }],
            "image" => vec![Action::TakeImage { name: own(&line.path) }],
            "enable" => vec![Action::Service { verb: Verb::Disable, unit: own(&line.path) }],
            "start" => vec![Action::Service { verb: Verb::Stop, unit: own(&line.path) }, Action::CleanPods],
            _ => Vec::new(),
        });
    }
    actions.push(Action::Forget { run: RUN.to_owned() });
    actions
}

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
    assert_eq!(nodes[0].internal_ip.as_deref(), Some("10.0.0.11"));
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
                    let end = run(fleet.host(name).as_mut(), Vec::new(), vec![Want::Machine]);
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
    let rows = rows.containers().yes().cloned().unwrap().clone();
    let names: Vec<String> = rows
        .iter()
        .map(|row| gangplank::kube::docker_ps::Container::parse(row).unwrap().kubelet.unwrap().container)
        .collect();
    assert_eq!(names.len(), 2);
    assert!(names.contains(&"kube-proxy".to_owned()) && names.contains(&"POD".to_owned()));
}

#[test]
fn this_computer_gets_its_admin_certificate_and_kubectl_works() {
    let fleet = Fleet::first();
    assert_done(&fleet.onboard(On::Worker, Some("w1")));
    assert_done(&fleet.onboard(On::Here, None));
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
    let objects = gangplank::profile::dns_objects(&fleet.plan, cluster.rbac()).unwrap();
    for object in &objects {
        assert!(matches!(api.apply(object).unwrap(), gangplank::kube::Applied::Created { .. }));
        assert_eq!(api.apply(object).unwrap(), gangplank::kube::Applied::Same);
    }
    let ready = || api.pods("k8s-app=kube-dns").unwrap().iter().filter(|pod| pod.is_ready()).count();
    assert_eq!(ready(), 0);
    let rows = run(fleet.host("w1").as_mut(), Vec::new(), vec![Want::Containers]).facts;
    let rows = rows.containers().yes().cloned().unwrap().clone();
    assert!(rows.iter().any(|row| row.contains("\tk8s_coredns_coredns-")), "{rows:?}");
    fleet.world.wait(Duration::from_secs(10));
    assert_eq!(ready(), 1);
    let mut pipe = fleet.host("w1").tcp("10.3.0.2", 53).unwrap();
    let answer = dns::ask(&mut pipe, "kubernetes.default.svc.cluster.local", dns::Kind::A, 7).unwrap();
    assert_eq!(answer.addresses, ["10.3.0.1".parse::<std::net::IpAddr>().unwrap()]);
    let none = dns::ask(&mut pipe, "nobody.default.svc.cluster.local", dns::Kind::A, 8).unwrap();
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
    api.delete("/api/v1/nodes/w2", &nodes[0].uid).unwrap();
    assert!(api.nodes().unwrap().is_empty());
}

#[test]
fn an_action_has_the_effect_its_word_has() {
    let fleet = Fleet::first();
    let mut host = fleet.host("w1");
    let (a, key) = ("/etc/deep/a".to_owned(), "/etc/deep/k".to_owned());
    let actions = vec![
        Action::MakeDir { path: "/etc/deep".to_owned(), mode: "0700" },
        put(&a, "one\n"),
        put(&a, "two\n"),
        Action::MakeKey { path: key.clone(), kind: KeyKind::P256 },
    ];
    let wants = vec![file(&a), Want::Key(key.clone()), Want::Record, Want::Folder("/etc/deep".to_owned())];
    let end = run(host.as_mut(), actions, wants);
    assert!(end.complete && end.trouble.is_none());
    let fact = end.facts.file(&a).yes().cloned().unwrap().clone().unwrap();
    assert_eq!((fact.mode.as_str(), fact.owner.as_str(), fact.size), ("640", "root:root", 4));
    assert_eq!(fact.content.as_deref(), Some(b"two\n".as_slice()));
    let k = end.facts.key(&key).yes().cloned().unwrap().clone().unwrap();
    assert_eq!((k.mode.as_str(), k.spki_sha256.len()), ("600", 64));
    assert_eq!(end.facts.folder("/etc/deep").yes().cloned().unwrap().clone().unwrap(), ["a", "k"]);
    let record = end.facts.record().yes().cloned().unwrap().clone();
    let kinds: Vec<&str> = record.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!(kinds, ["dir", "put", "put", "key"]);
    assert_eq!((record[2].old.clone(), record[2].mode.as_str()), (sha256(b"one\n"), "640 root:root"));
    let kept = fleet
        .lab()
        .machine("w1", |m| m.files[&format!("/var/lib/gangplank/{RUN}/{}", record[2].old)].clone());
    assert_eq!((kept.unwrap().bytes.as_slice(), record[2].run.as_str()), (b"one\n".as_slice(), RUN));
    // A changed file is left alone, an unchanged one is put back, a full folder stays.
    let wrong = Action::TakeAway { path: a.clone(), new: sha256(b"one\n") };
    let back = Action::PutBack {
        path: a.clone(),
        run: RUN.to_owned(),
        old: sha256(b"one\n"),
        new: sha256(b"two\n"),
        mode: "600 root:root".to_owned(),
    };
    let end = run(
        host.as_mut(),
        vec![wrong, back, Action::TakeDir { path: "/etc/deep".to_owned() }],
        vec![file(&a)],
    );
    assert!(end.actions[&0].out.contains("no longer what gangplank wrote"));
    assert!(end.actions[&2].out.contains("is not empty: left alone"));
    let fact = end.facts.file(&a).yes().cloned().unwrap().clone().unwrap();
    assert_eq!((fact.content.as_deref(), fact.mode.as_str()), (Some(b"one\n".as_slice()), "600"));
}

#[test]
fn events_counts_and_a_failing_action_are_those_of_a_script() {
    let fleet = Fleet::first();
    let mut host = fleet.host("w1");
    let mut heard = Vec::new();
    let actions = vec![put("/etc/x", "x"), put("/nowhere/x", "x"), put("/etc/y", "y")];
    let batch = Batch { actions, wants: vec![file("/etc/y")], run: RUN.to_owned() };
    let end = host.run(&batch, &Stop::default(), &mut |one| heard.push(one));
    assert_eq!(heard[..3], [Heard::Began(0), Heard::Ended(0, 0), Heard::Began(1)]);
    assert!(matches!(&heard[3], Heard::Said(1, true, said) if said.contains("Directory nonexistent")));
    assert_eq!(heard[4..], [Heard::Ended(1, 1)]);
    assert_eq!((end.complete, end.actions.len()), (true, 2));
    assert_eq!(end.facts.file("/etc/y"), Known::Yes(&None));
    let stop = Stop::default();
    stop.press();
    let end = host.run(&batch, &stop, &mut |_| {});
    assert!(end.stopped && end.complete && end.actions.is_empty());
    drop(host.stream().unwrap());
    let counts = host.counts();
    assert_eq!((counts.connections, counts.execs, host.streams()), (1, 3, 1));
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
    assert!(run(fleet.world.here().as_mut(), Vec::new(), Vec::new()).trouble.is_some());
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
            Err(trouble) => trouble.code(),
            Ok(mut host) => {
                let end = run(host.as_mut(), vec![put("/etc/x", "x")], vec![Want::Machine]);
                let full = end.actions.get(&0).is_some_and(|one| one.err.contains("No space left on device"));
                if full { "full" } else { end.trouble.map_or("none", |trouble| trouble.code()) }
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
    let (facts, _) = see(Fault::DockerDown);
    assert!(facts.docker().yes().unwrap().error.contains("Cannot connect to the Docker daemon"));
    assert!(facts.containers().why_not().contains("Cannot connect"));
    let (facts, _) = see(Fault::KubeletMissing);
    assert_eq!(facts.kubelet(gangplank::profile::KUBELET), Known::Yes(&None));
    let (facts, _) = see(Fault::KubeletVersion("v1.30.0".to_owned()));
    let kubelet = facts.kubelet(gangplank::profile::KUBELET).yes().cloned().unwrap().clone().unwrap();
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
            .any(|(_, state)| matches!(state, State::Blocked(problem) if problem.code == "E-FILE-01"))
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
    let tls = Want::Tls { host: "loadbalancer.example.com".to_owned(), port: 443 };
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
    let rows = run(host.as_mut(), Vec::new(), vec![Want::Containers]).facts;
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
    let end = |host: &str, want: Want| {
        let mut host = world.lab().connect(host).unwrap();
        run(&mut host, Vec::new(), vec![want]).facts
    };
    let cert = format!("{}/worker.crt", gangplank::profile::SSL);
    let facts = end("10.0.0.11", file(&cert));
    let content = facts.file(&cert).yes().cloned().unwrap().clone().unwrap().content.unwrap();
    let ended = world.now().duration_since(pki::examine(&content).unwrap().not_after).as_hours() / 24;
    assert_eq!(ended, 9);
    let off = end("w2", Want::Machine).machine().yes().unwrap().clock_ms - world.now().as_millisecond();
    assert!(off < -890_000, "{off}");
    assert!(end("w3", Want::Docker).docker().yes().unwrap().version.is_empty());
    assert!(world.read(Path::new("/home/op/ca/ca.key")).is_ok());
    world.write_new(Path::new("/home/op/new"), b"x", 0o600).unwrap();
    assert!(world.write_new(Path::new("/home/op/new"), b"y", 0o600).is_err());
    assert_eq!(world.lab().machine(HERE, |here| here.files["/home/op/new"].mode.clone()).unwrap(), "600");
}
