//! The step on facts made by hand: what comes, what is said, and what stops it.

use super::*;
use crate::plan::answers::EXAMPLE;
use crate::plan::check::{PathBases, finish};
use crate::plan::code::ProblemCode;
use crate::plan::containerd_fact::ContainerdFact;
use crate::plan::fact::{Fact, Facts, Known, KubeletFact, Machine};
use crate::plan::model::Version;
use crate::plan::programs::{LocalProgram, PlacedProgram, ProgramFolder, ProgramForm};
use crate::plan::runtime_fact::RuntimeFact;
use crate::plan::unit::UnitFact;
use crate::step::catalogue::steps;
use crate::step::definition::On;
use crate::step::input::{ClusterFacts, LocalFacts, PlaceView, RunView};

const FOLDER: &str = "/home/op/binaries";

/// A worker of a cluster of 1.37 with containerd from `/usr/local/bin`, and a folder here.
struct Bench {
    plan: Plan,
    folder: Known<ProgramFolder>,
    there: ProgramsFact,
    containerd: ContainerdFact,
    kubelet: Option<KubeletFact>,
    pods: usize,
}

fn local(name: &str, form: ProgramForm) -> LocalProgram {
    let size = 10 << 20;
    LocalProgram {
        name: name.to_owned(),
        path: format!("{FOLDER}/{name}"),
        form,
        size,
        sha256: name.repeat(2),
    }
}

fn elf(name: &str) -> LocalProgram {
    local(name, ProgramForm::Elf("x86_64".to_owned()))
}

fn placed(path: &str, sha256: &str) -> PlacedProgram {
    let (mode, owner) = ("755".to_owned(), "root:root".into());
    PlacedProgram { path: path.to_owned(), sha256: sha256.to_owned(), mode, owner, size: 5 << 20 }
}

impl Bench {
    fn new(programs: Vec<LocalProgram>) -> Self {
        let answers = crate::plan::yaml::read(EXAMPLE, "plan.yaml".as_ref()).unwrap().0;
        let bases = PathBases { base: "/plans".into(), home: Some("/home/op".into()) };
        let mut plan = finish(&answers, &bases).unwrap();
        plan.workers.truncate(1);
        plan.workers[0].binaries = Some(FOLDER.into());
        plan.workers[0].kubelet = None;
        let mut containerd = ContainerdFact {
            program: "/usr/local/bin/containerd".into(),
            kill_mode: "process".into(),
            ..ContainerdFact::default()
        };
        containerd.network.bin_dirs = vec!["/opt/cni/bin".into()];
        let there = ProgramsFact {
            unit: true,
            active: true,
            starts: "/usr/local/bin/containerd".into(),
            free_mib: Some(9_000),
            ..ProgramsFact::default()
        };
        let folder = Known::Yes(ProgramFolder { programs, ..ProgramFolder::default() });
        Self { plan, folder, there, containerd, kubelet: None, pods: 0 }
    }

    /// What every step of a worker up to this one finds.
    fn look(&self, id: &str) -> (StepState, Vec<Verdict>) {
        let mut facts = Facts::default();
        let machine = Machine { arch: "x86_64".into(), uid: 0, ..Machine::default() };
        facts.learn(FactQuery::Machine, Known::Yes(Fact::Machine(machine)));
        facts.learn(FactQuery::Programs, Known::Yes(Fact::Programs(self.there.clone())));
        let runtime = RuntimeFact { docker: None, containerd: Some(self.containerd.clone()) };
        facts.learn(FactQuery::Runtime, Known::Yes(Fact::Runtime(Box::new(runtime))));
        let active = UnitFact { load: "loaded".into(), active: "active".into(), ..UnitFact::default() };
        facts.learn(FactQuery::Unit("kubelet".to_owned()), Known::Yes(Fact::Unit(active)));
        let rows = vec!["row".into(); self.pods];
        facts.learn(FactQuery::Containers, Known::Yes(Fact::Containers(rows)));
        let drop_in = FactQuery::File { path: CONTAINERD_DROP_IN.to_owned(), content: true };
        facts.learn(drop_in, Known::Yes(Fact::File(None)));
        let kubelet = FactQuery::Kubelet { path: crate::profile::KUBELET.to_owned(), flags: Vec::new() };
        facts.learn(kubelet, Known::Yes(Fact::Kubelet(self.kubelet.clone())));
        let mut local = LocalFacts::default();
        let folder = match &self.folder {
            Known::Yes(folder) => Known::Yes(Fact::ProgramFolder(folder.clone())),
            Known::No(why) => Known::No(why.clone()),
            Known::NotAsked => Known::NotAsked,
        };
        local.facts.learn(FactQuery::ProgramFolder(FOLDER.to_owned()), folder);
        let version = Some(Version { major: 1, minor: 37, patch: 2 });
        let cluster = ClusterFacts { version, ..ClusterFacts::default() };
        let run = RunView {
            local: &local,
            cluster: &cluster,
            ca: None,
            now: jiff::Timestamp::UNIX_EPOCH,
            renew: None,
        };
        let place =
            PlaceView { worker: self.plan.workers.first(), facts: &facts, asked_ms: 0, repaired: false };
        let cx = StepInput::new(&self.plan, place, run, &[]);
        let step = steps(On::Worker).find(|step| step.id().0 == id).unwrap();
        (step.look(&cx), step.verdicts(&cx))
    }

    fn actions(&self) -> Vec<Action> {
        match self.look("programs").0 {
            StepState::Todo(actions) => actions,
            other => panic!("{other:?}"),
        }
    }

    fn titles(&self) -> Vec<String> {
        self.actions().iter().map(Action::title).collect()
    }

    fn refused(&self) -> Problem {
        match self.look("programs").0 {
            StepState::Blocked(problem) => problem,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_differs_is_sent_tried_and_put_in_place_and_containerd_is_restarted() {
    let mut bench =
        Bench::new(vec![elf("kubelet"), elf("containerd"), elf("ctr"), elf("bridge"), elf("runc")]);
    bench.there.there = vec![
        placed("/usr/local/bin/ctr", "ctrctr"),
        placed("/usr/local/bin/containerd", "old"),
        placed("/usr/local/bin/kubelet", "old"),
    ];
    assert_eq!(
        bench.titles(),
        [
            "send kubelet (10 MB, sha256 kubeletkubel)",
            "send containerd (10 MB, sha256 containerdco)",
            "send bridge (10 MB, sha256 bridgebridge)",
            "send runc (10 MB, sha256 runcrunc)",
            "start for their version: kubelet (wanted: v1.34 to v1.37, which the API server (v1.37.2) serves, with containerd on the worker), containerd (wanted: 1.6 or newer), bridge, runc",
            "replace /usr/local/bin/kubelet (a copy of the old one is kept; the kubelet that runs goes on until the step Enable and start restarts it, pods go on)",
            "replace /usr/local/bin/containerd (a copy of the old one is kept; containerd is restarted next, containers go on: KillMode=process)",
            "put /opt/cni/bin/bridge in place",
            "put /usr/local/sbin/runc in place",
            "systemctl restart containerd",
        ]
    );
    let Some(Action::TryPrograms { programs, .. }) = bench.actions().into_iter().nth(4) else {
        panic!("no try")
    };
    assert_eq!(programs[0].takes, ["v1.34.*", "v1.35.*", "v1.36.*", "v1.37.*"]);
    bench.there.waiting = vec!["kubeletkubelet".to_owned()];
    assert!(!bench.titles()[0].starts_with("send kubelet"), "{:?}", bench.titles());
}

#[test]
fn what_is_there_byte_by_byte_is_left_as_it_is() {
    let mut bench = Bench::new(vec![elf("kubelet"), elf("loopback")]);
    bench.there.there = vec![
        placed("/usr/local/bin/kubelet", "kubeletkubelet"),
        placed("/opt/cni/bin/loopback", "loopbackloopback"),
    ];
    assert_eq!(bench.look("programs").0, StepState::Done(format!("as in {FOLDER}: kubelet, loopback")));
    // Nobody but root may change it.
    bench.there.there[0].mode = "777".to_owned();
    assert_eq!(bench.titles().len(), 3);
}

#[test]
fn a_file_that_is_no_program_for_the_worker_stops_all_and_each_is_named() {
    let text = local("kubelet", ProgramForm::Other("a text file (it begins: hello)".to_owned()));
    let arm = local("runc", ProgramForm::Elf("aarch64".to_owned()));
    let gone = local("ctr", ProgramForm::Unreadable("Permission denied".to_owned()));
    let twice =
        LocalProgram { path: format!("{FOLDER}/worker/crictl"), sha256: "x".to_owned(), ..elf("crictl") };
    let mut bench = Bench::new(vec![text, arm, gone, elf("crictl"), twice, elf("bridge")]);
    let problem = bench.refused();
    assert_eq!(problem.code, ProblemCode::Program02);
    assert_eq!(
        problem.evidence,
        [
            "/home/op/binaries/kubelet is a text file (it begins: hello)",
            "/home/op/binaries/runc is a program for aarch64",
            "/home/op/binaries/ctr cannot be read: Permission denied",
            "/home/op/binaries/worker/crictl is another one than /home/op/binaries/crictl",
            "nothing of the folder was sent",
        ]
    );
    bench.folder = Known::No("Permission denied".to_owned());
    assert_eq!(bench.refused().code, ProblemCode::Program01);
    bench.folder =
        Known::Yes(ProgramFolder { others: vec!["kubectl".to_owned()], ..ProgramFolder::default() });
    assert!(bench.refused().evidence.contains(&"there is: kubectl".to_owned()), "{:?}", bench.refused());
}

#[test]
fn a_containerd_that_nothing_would_start_is_refused_unless_it_may_be_replaced() {
    let mut bench = Bench::new(vec![elf("containerd")]);
    bench.there.starts = "/usr/bin/containerd --log-level warn".into();
    let problem = bench.refused();
    assert_eq!(problem.code, ProblemCode::Program03);
    assert!(problem.evidence[0].contains("/usr/bin/containerd --log-level warn"), "{problem:?}");
    bench.plan.workers[0].replace = true;
    let titles = bench.titles();
    assert_eq!(
        titles[titles.len() - 3..],
        [
            format!("write {CONTAINERD_DROP_IN}"),
            "systemctl daemon-reload".to_owned(),
            "systemctl restart containerd".to_owned()
        ]
    );
    let put = bench.actions().into_iter().find_map(|action| {
        action.content().cloned().filter(|content| matches!(content, Content::Literal(_)))
    });
    let text = "# Written by gangplank.\n[Service]\nExecStart=\nExecStart=/usr/local/bin/containerd --log-level warn\n";
    assert_eq!(put, Some(Content::Literal(text.as_bytes().to_vec())));
    // What systemd would not read back as it stands is nobody's to write.
    bench.there.starts = "/usr/bin/containerd --root %S/x".into();
    assert_eq!(bench.refused().code, ProblemCode::Program03);
    bench.there.unit = false;
    assert!(bench.refused().what.contains("no unit"), "{:?}", bench.refused());
}

#[test]
fn containers_that_would_end_keep_containerd_as_it_is() {
    let mut bench = Bench::new(vec![elf("containerd")]);
    bench.containerd.kill_mode = "mixed".into();
    assert!(bench.titles().contains(&"systemctl restart containerd".to_owned()));
    bench.pods = 2;
    assert_eq!(bench.refused().code, ProblemCode::Containerd10);
    bench.there.there = vec![placed("/usr/local/bin/containerd", "containerdcontainerd")];
    assert!(matches!(bench.look("programs").0, StepState::Done(_)));
}

#[test]
fn a_disk_without_room_is_named_before_anything_is_sent() {
    let mut bench = Bench::new(vec![elf("kubelet")]);
    bench.there.free_mib = Some(20);
    assert_eq!(bench.refused().code, ProblemCode::Disk01);
}

#[test]
fn a_kubelet_named_by_itself_wins_and_what_is_not_used_is_said() {
    let mut bench = Bench::new(vec![elf("kubelet"), elf("ctr")]);
    let (file, sha256) = ("/k/kubelet".into(), "a".repeat(64));
    bench.plan.workers[0].kubelet = Some(crate::plan::model::KubeletFile { file, sha256 });
    if let Known::Yes(folder) = &mut bench.folder {
        folder.others = vec!["client".to_owned(), "worker/kube-proxy".to_owned()];
    }
    bench.there.runc = "/usr/lib/lab/runc".into();
    assert!(bench.titles().iter().all(|title| !title.contains("kubelet")), "{:?}", bench.titles());
    let said = format!("{:?}", bench.look("programs").1);
    for part in ["client, worker/kube-proxy", "the plan names /k/kubelet"] {
        assert!(said.contains(part), "no {part}: {said}");
    }
    assert!(!said.contains("runc goes to"), "{said}");
    if let Known::Yes(folder) = &mut bench.folder {
        folder.programs.push(elf("runc"));
    }
    assert!(format!("{:?}", bench.look("programs").1).contains("finds /usr/lib/lab/runc first"));
}

#[test]
fn plugins_go_where_containerd_looks_for_them() {
    let mut bench = Bench::new(vec![elf("bridge")]);
    bench.containerd.network.bin_dirs = vec!["/usr/lib/cni".into()];
    assert!(bench.titles().contains(&"put /usr/lib/cni/bridge in place".to_owned()));
    bench.containerd.network.bin_dirs = vec!["/srv/cni".into()];
    assert_eq!(bench.refused().code, ProblemCode::Program03);
}

#[test]
fn a_kubelet_that_comes_lets_the_prerequisites_pass_without_one_or_with_one_that_is_refused() {
    let mut bench = Bench::new(vec![elf("kubelet")]);
    assert_eq!(
        bench.look("prerequisites").0,
        StepState::Done("no kubelet yet: it comes with the step Programs".to_owned())
    );
    bench.kubelet = Some(KubeletFact { version: "Kubernetes v1.38.1".into(), ..KubeletFact::default() });
    assert_eq!(
        bench.look("prerequisites").0,
        StepState::Done("Kubernetes v1.38.1, replaced by the step Programs".to_owned())
    );
    bench.there.there = vec![placed("/usr/local/bin/kubelet", "kubeletkubelet")];
    assert!(matches!(bench.look("prerequisites").0, StepState::Blocked(_)));
}

#[test]
fn without_a_folder_nothing_is_asked_and_nothing_is_done() {
    let mut bench = Bench::new(Vec::new());
    bench.plan.workers[0].binaries = None;
    assert_eq!(bench.look("programs").0, StepState::Done("no folder of programs is named".to_owned()));
    assert_eq!(Programs.queries(&bench.plan, bench.plan.workers.first(), ""), []);
}
