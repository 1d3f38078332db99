//! A lab with its plan, and the catalogue carried out on it by hand.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use gangplank::engine::World;
use gangplank::engine::world::scripted::LabWorld;
use gangplank::host::{Batch, BatchEnd, Host, Stop};
use gangplank::kube::cluster;
use gangplank::lab::Lab;
use gangplank::lab::setup::{FIRST_CLUSTER, FIRST_CLUSTER_PLAN};
use gangplank::pki::{self, CaInfo, openssl_ca};
use gangplank::plan::action::{Action, CertificateSpec, Content, Slot, Verb};
use gangplank::plan::fact::{FactQuery, Facts};
use gangplank::plan::model::{CaPlace, Plan, Worker};
use gangplank::plan::place::Place;
use gangplank::plan::record::{RecordKind, RecordLine};
use gangplank::plan::written::{RunFolder, Written};
use gangplank::plan::yaml;
use gangplank::step::{self, ClusterFacts, LocalFacts, On, PlaceView, Proof, RunView, StepInput, StepState};

pub const RUN: &str = "20261123-0900";
pub const V1_2: &str = "
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
pub const V1_2_PLAN: &str = "
cluster: {name: old, api: 'https://loadbalancer.example.com', service_range: 10.3.0.0/24, dns: 10.3.0.2}
ca: {where: files, cert: /home/op/ca.crt, key: /home/op/ca.key}
defaults: {images: ['host:/root/images.tar']}
workers: [{name: w1, address: 10.0.0.11}]
";

pub struct Fleet {
    pub world: LabWorld,
    pub plan: Plan,
    pub ca: CaInfo,
}

impl Fleet {
    pub fn new(lab: &str, plan: &str) -> Self {
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
            CaPlace::New { .. } | CaPlace::Offline { .. } => panic!("the labs have a CA"),
        };
        Self { world, plan: loaded.plan, ca: CaInfo::load(&pem).unwrap() }
    }

    pub fn first() -> Self {
        Self::new(FIRST_CLUSTER, FIRST_CLUSTER_PLAN)
    }

    pub fn lab(&self) -> &Lab {
        self.world.lab()
    }

    pub fn worker(&self, name: &str) -> &Worker {
        self.plan.workers.iter().find(|worker| worker.name == name).unwrap()
    }

    pub fn host(&self, name: &str) -> Box<dyn Host> {
        self.world.host(&Place::Worker(name.to_owned()), &self.worker(name).ssh).unwrap()
    }

    /// Signs where the CA is, the way the plan says.
    pub fn sign(&self, csr: &str, wish: &CertificateSpec) -> String {
        let (request, now) = (step::request(wish), self.world.now());
        let csr_checked = pki::check_csr(csr.as_bytes(), None, &request).unwrap();
        let pem = match &self.plan.ca.place {
            CaPlace::Host { login, key, .. } => {
                let place = openssl_ca::RemoteCa { key, info: &self.ca, passphrase_fd: None };
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
                let ca = pki::CaSigner::load(&cert, &key, None, now).unwrap();
                ca.sign(&csr_checked.key, &request, pki::Serial::random().unwrap(), now).unwrap()
            }
            CaPlace::New { .. } | CaPlace::Offline { .. } => panic!("the labs have a CA"),
        };
        pki::verify_issued(&pem, &request, &csr_checked.key.sha256(), &self.ca, now, now).unwrap();
        pem
    }

    /// What the API says, as an admin sees it.
    pub fn cluster(&self) -> ClusterFacts {
        let key = pki::make_key(pki::NewKey::P256).unwrap();
        let wish = CertificateSpec {
            cn: "kubectl".to_owned(),
            organizations: vec!["system:masters".to_owned()],
            ips: Vec::new(),
            names: Vec::new(),
            client: true,
            server: false,
            days: 1,
        };
        let cert = self.sign(&pki::make_csr(&key, "kubectl").unwrap(), &wish).into_bytes();
        let login = cluster::ClientIdentity { cert, key: key.as_bytes().to_vec().into() };
        let api = self.world.cluster();
        let ca = self.ca.pem().unwrap();
        api.login(ca.as_bytes(), Some(&login)).unwrap();
        let version = api.version().unwrap();
        let objects = step::cluster_paths(&self.plan, Some(version)).into_iter();
        ClusterFacts {
            version: Some(version),
            nodes: Some(api.nodes().unwrap()),
            objects: objects.map(|path| (path.clone(), api.get(&path).unwrap())).collect(),
            clock_ahead_ms: api.clock_ahead_ms(),
            ..ClusterFacts::default()
        }
    }

    pub fn facts(&self, on: On, worker: Option<&Worker>, host: &mut dyn Host) -> Facts {
        let end = run(host, Vec::new(), step::queries(on, &self.plan, worker, "/home/op"));
        assert_eq!(end.trouble, None);
        end.facts
    }

    /// Looks at the steps of a queue: the states and all actions, up to a barrier with something to do.
    pub fn look(
        &self,
        on: On,
        worker: Option<&Worker>,
        facts: &Facts,
    ) -> (Vec<(&'static str, StepState)>, Vec<Action>) {
        let facts_here = self.facts(On::Local, None, self.world.local().as_mut());
        let local = LocalFacts { facts: facts_here, home: "/home/op".to_owned() };
        let cluster = self.cluster();
        let (mut states, mut queued) = (Vec::new(), Vec::new());
        for step in step::steps(on) {
            let now = self.world.now();
            let place = PlaceView { worker, facts, asked_ms: now.as_millisecond(), repaired: false };
            let run = RunView { local: &local, cluster: &cluster, ca: Some(&self.ca), now, renew: None };
            let cx = StepInput::new(&self.plan, place, run, &queued);
            let state = step.look(&cx);
            let more = if let StepState::Todo(actions) = &state { actions.clone() } else { Vec::new() };
            states.push((step.id().0, state));
            queued.extend(more);
            let blocked = matches!(states.last(), Some((_, StepState::Blocked(_))));
            if blocked || step.barrier() && !queued.is_empty() {
                break;
            }
        }
        (states, queued)
    }

    /// Carries actions out, filling what comes back.
    pub fn carry(&self, host: &mut dyn Host, actions: &[Action]) {
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
    pub fn onboard(&self, on: On, name: Option<&str>) -> Vec<(&'static str, StepState)> {
        let worker = name.map(|name| self.worker(name));
        let mut host = name.map_or_else(|| self.world.local(), |name| self.host(name));
        let mut states = Vec::new();
        for _ in 0..60 {
            let facts = self.facts(on, worker, host.as_mut());
            let (seen, actions) = self.look(on, worker, &facts);
            states = seen;
            let blocked = matches!(states.last(), Some((_, StepState::Blocked(_))));
            if blocked || states.iter().all(|(_, state)| matches!(state, StepState::Done(_))) {
                return states;
            }
            self.carry(host.as_mut(), &actions);
            self.world.wait(Duration::from_secs(5));
        }
        states
    }
}

pub fn fill(action: Action, slots: &BTreeMap<Slot, String>) -> Action {
    match action {
        Action::Put { path, content: Content::Later(slot), mode, owner } => {
            Action::Put { path, content: Content::Literal(slots[&slot].clone().into_bytes()), mode, owner }
        }
        other => other,
    }
}

pub fn run(host: &mut dyn Host, actions: Vec<Action>, queries: Vec<FactQuery>) -> BatchEnd {
    host.run(&Batch { actions, queries, run: RUN.to_owned(), lock: None }, &Stop::default(), &mut |_| {})
}

pub fn put(path: &str, text: &str) -> Action {
    let content = Content::Literal(text.as_bytes().to_vec());
    Action::Put { path: path.to_owned(), content, mode: "0640", owner: "root:root" }
}

pub fn file(path: &str) -> FactQuery {
    FactQuery::File { path: path.to_owned(), content: true }
}

pub fn assert_done(states: &[(&'static str, StepState)]) {
    for (step, state) in states {
        // That kubectl works is for a proof to say, not for a look.
        let kubectl = matches!(state, StepState::Await(Proof::Kubectl { .. }));
        assert!(kubectl || matches!(state, StepState::Done(_)), "{step}: {state:?}");
    }
}

/// What undo does with the record of a host, newest first.
pub fn undo(record: &[RecordLine]) -> Vec<Action> {
    let own = |text: &String| text.clone();
    let mut actions = Vec::new();
    for line in record.iter().rev() {
        actions.extend(match &line.kind {
            RecordKind::Put | RecordKind::Key if line.old.is_empty() => {
                vec![Action::UndoCreate { path: own(&line.path), new: Written::of(&line.new) }]
            }
            RecordKind::Put | RecordKind::Key => vec![Action::RestoreFile {
                path: own(&line.path),
                run: RunFolder::Of(own(&line.run)),
                old: own(&line.old),
                new: Written::of(&line.new),
                mode: own(&line.mode),
            }],
            RecordKind::Dir => vec![Action::UndoMakeDir { path: own(&line.path) }],
            RecordKind::Image => vec![Action::UndoLoadImage { name: own(&line.path), runtime: None }],
            RecordKind::Enable => vec![Action::Service { verb: Verb::Disable, unit: own(&line.path) }],
            RecordKind::Start => {
                vec![
                    Action::Service { verb: Verb::Stop, unit: own(&line.path) },
                    Action::CleanPods { runtime: None },
                ]
            }
            _ => Vec::new(),
        });
    }
    actions.push(Action::DeleteRecord { run: RUN.to_owned() });
    actions
}
