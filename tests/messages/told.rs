//! What the engine tells and finds, of every kind, made at random.

use std::collections::BTreeMap;
use std::path::PathBuf;

use gangplank::engine::inspect::StepOutcome;
use gangplank::engine::{Event, ExitCode, PlacePreview, Stamped, TaskOutcome};
use gangplank::host::{plain_action, plain_shell};
use gangplank::plan::action::{
    Action, CertificateSpec, Content, KeyAlgorithm, ProgramTrial, SecretRef, Slot, Verb,
};
use gangplank::plan::code::ProblemCode;
use gangplank::plan::fact::{
    Fact, FactQuery, Facts, FileFact, FlagSet, ImageFact, KeyFact, Known, KubeletFact, Machine,
};
use gangplank::plan::place::Place;
use gangplank::plan::plan_field::PlanField;
use gangplank::plan::problem::{Problem, Remedy, Verdict};
use gangplank::plan::record::Record;

use gangplank::plan::runtime_fact::{DockerFact, RuntimeFact, RuntimeKind};
use gangplank::plan::unit::UnitFact;
use gangplank::plan::written::{RunFolder, Written};
use gangplank::step::{CATALOGUE, NetworkComes, Proof, StepId, StepState};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

pub fn text() -> BoxedStrategy<String> {
    prop_oneof![
        "[ -~]{0,24}",
        "\\PC{0,8}",
        Just("\u{1b}[2J\u{202e}\u{0}\r\n\t".to_owned()),
        Just(String::new()),
        Just("here".to_owned()),
        Just("\"},{\"kind\":\"trouble\"".to_owned()),
    ]
    .boxed()
}

pub fn texts() -> BoxedStrategy<Vec<String>> {
    vec(text(), 0..3).boxed()
}

pub fn path() -> BoxedStrategy<PathBuf> {
    text().prop_map(PathBuf::from).boxed()
}

pub fn place() -> BoxedStrategy<Place> {
    prop_oneof![Just(Place::Local), Just(Place::CaHost), Just(Place::Cluster), text().prop_map(Place::Worker)]
        .boxed()
}

pub fn exit_code() -> BoxedStrategy<ExitCode> {
    select(ExitCode::ALL.to_vec()).boxed()
}

pub fn step() -> BoxedStrategy<StepId> {
    let known = CATALOGUE.iter().map(|step| step.id()).chain([StepId::REPAIR, StepId::UNDO]);
    select(known.collect::<Vec<_>>()).boxed()
}

pub fn content() -> BoxedStrategy<Content> {
    let secret = prop_oneof![
        Just(SecretRef::Ca),
        text().prop_map(SecretRef::Sudo),
        text().prop_map(SecretRef::Ssh),
        path().prop_map(SecretRef::Key),
        text().prop_map(SecretRef::Made),
    ];
    prop_oneof![
        vec(any::<u8>(), 0..20).prop_map(Content::Literal),
        text().prop_map(|slot| Content::Later(Slot(slot))),
        (path(), option::of(text())).prop_map(|(path, sha256)| Content::File { path, sha256 }),
        secret.prop_map(Content::Secret),
    ]
    .boxed()
}

pub fn wish() -> BoxedStrategy<CertificateSpec> {
    (text(), texts(), any::<[u8; 4]>(), any::<[u8; 16]>(), any::<(bool, bool)>(), any::<u32>())
        .prop_map(|(cn, names, four, six, (client, server), days)| CertificateSpec {
            cn,
            organizations: names.clone(),
            ips: vec![four.into(), six.into()],
            names,
            client,
            server,
            days,
        })
        .boxed()
}

fn run_folder() -> BoxedStrategy<RunFolder> {
    prop_oneof![Just(RunFolder::ThisRun), text().prop_map(RunFolder::Of)].boxed()
}

fn written() -> BoxedStrategy<Written> {
    let known = [Written::Nothing, Written::NotYet, Written::Unknown].map(Just);
    let [nothing, not_yet, unknown] = known;
    prop_oneof![nothing, not_yet, unknown, text().prop_map(Written::Sha256)].boxed()
}

fn runtime() -> BoxedStrategy<Option<RuntimeKind>> {
    option::of(select(vec![RuntimeKind::Docker, RuntimeKind::Containerd])).boxed()
}

pub fn action() -> BoxedStrategy<Action> {
    let modes = || select(vec!["0755", "0644", "0600", "0700"]);
    let slot = || text().prop_map(Slot);
    let verbs = vec![Verb::DaemonReload, Verb::Enable, Verb::Disable, Verb::Start, Verb::Restart, Verb::Stop];
    let first = prop_oneof![
        (text(), modes()).prop_map(|(path, mode)| Action::MakeDir { path, mode }),
        (text(), select(vec![KeyAlgorithm::Rsa2048, KeyAlgorithm::P256]))
            .prop_map(|(path, kind)| Action::MakeKey { path, kind }),
        (text(), wish(), slot()).prop_map(|(key, wish, out)| Action::MakeCsr { key, wish, out }),
        (slot(), text(), wish(), slot()).prop_map(|(csr, key, wish, out)| Action::Sign {
            csr,
            key,
            wish,
            out
        }),
        (text(), content(), modes(), select(vec!["root:root", "-"]))
            .prop_map(|(path, content, mode, owner)| Action::Put { path, content, mode, owner }),
        (text(), texts(), runtime()).prop_map(|(tar, names, runtime)| Action::LoadImage {
            tar,
            names,
            runtime
        }),
        (content(), texts(), runtime()).prop_map(|(tar, names, runtime)| Action::SendImage {
            tar,
            names,
            runtime
        }),
        (select(verbs), text()).prop_map(|(verb, unit)| Action::Service { verb, unit }),
        (text(), runtime()).prop_map(|(container, runtime)| Action::RestartPod { container, runtime }),
        text().prop_map(|path| Action::Remove { path }),
        text().prop_map(|unit| Action::NoteForeign { unit }),
        (text(), content(), texts()).prop_map(|(program, config, flags)| Action::CheckKubelet {
            program,
            config,
            flags
        }),
        (any::<u16>(), texts()).prop_map(|(port, back)| Action::ProveKubelet { port, back }),
        (text(), text()).prop_map(|(key, value)| Action::SetSysctl { key, value }),
        text().prop_map(|name| Action::LoadModule { name }),
        (text(), text(), text()).prop_map(|(key, old, new)| Action::UndoSysctl { key, old, new }),
        text().prop_map(|name| Action::KeepModule { name }),
    ];
    let second = prop_oneof![
        (text(), any::<bool>()).prop_map(|(name, unknown)| Action::NoteNode { name, unknown }),
        (text(), any::<i64>(), 0_u32..1000).prop_map(|(a, b, c)| Action::KubeApply {
            object: json!({"kind": a, "spec": [b, null, {"c": c}]})
        }),
        texts().prop_map(|args| Action::Kubectl { args }),
        (text(), run_folder(), text(), written(), text())
            .prop_map(|(path, run, old, new, mode)| Action::RestoreFile { path, run, old, new, mode }),
        (text(), written()).prop_map(|(path, new)| Action::UndoCreate { path, new }),
        text().prop_map(|path| Action::UndoMakeDir { path }),
        (text(), runtime()).prop_map(|(name, runtime)| Action::UndoLoadImage { name, runtime }),
        runtime().prop_map(|runtime| Action::CleanPods { runtime }),
        (text(), option::of(text())).prop_map(|(path, uid)| Action::KubeDelete { path, uid }),
        text().prop_map(|run| Action::DeleteRecord { run }),
        (text(), text(), text()).prop_map(|(title, text, host)| Action::Script {
            title,
            text,
            secrets: vec![SecretRef::Ca, SecretRef::Sudo(host)],
        }),
    ];
    let trial = (text(), text(), text(), texts()).prop_map(|(name, sha256, wanted, takes)| ProgramTrial {
        name,
        sha256,
        wanted,
        takes,
    });
    let programs = prop_oneof![
        (text(), content(), any::<u64>()).prop_map(|(name, program, size)| Action::SendProgram {
            name,
            program,
            size
        }),
        (vec(trial, 0..3), option::of(text()))
            .prop_map(|(programs, config)| Action::TryPrograms { programs, config }),
        (text(), text(), text(), text()).prop_map(|(name, sha256, path, effect)| Action::PlaceProgram {
            name,
            sha256,
            path,
            effect
        }),
    ];
    prop_oneof![first, second, programs].boxed()
}

proptest! {
    #[test]
    fn what_people_read_of_an_action_names_no_function_of_ours(action in action()) {
        let functions = || gangplank::host::batch::PRELUDE.lines().filter_map(|line| line.split_once("() {"));
        let own = |line: &str| functions().any(|(name, _)| line.split(' ').next() == Some(name));
        let plain = plain_action(&action);
        let random = matches!(action, Action::Script { .. });
        prop_assert!(random || !plain.lines().any(own), "{plain}");
        if let Action::Put { path, .. } = &action {
            prop_assert!(plain.starts_with("install /dev/stdin "), "{plain} {path}");
        }
    }
}

#[test]
fn the_scripts_of_the_steps_are_shown_without_functions_of_ours() {
    for (sent, shown) in [
        ("restrict /etc/x.key", "chown root:root /etc/x.key && chmod 600 /etc/x.key"),
        ("keep_for_undo '/home/a b'", "# a copy is kept for undo: '/home/a b'"),
        ("note_merged /home/c", "# noted for undo, as it is now: /home/c"),
        (
            "put /etc/x 0644 root:root 12 abcdef",
            "install /dev/stdin /etc/x -m 0644 -o root -g root  # 12 bytes, sha256 abcdef",
        ),
        ("put /x 0600 - <certificate of w1>", "install /dev/stdin /x -m 0600  # <certificate of w1>"),
        ("put_back /x r 1f '' '600 root:root'", "install /var/lib/gangplank/r/1f /x -m 600 -o root -g root"),
        ("service daemon-reload", "systemctl daemon-reload"),
        (
            "send_program ctr <size of /a/ctr> abcdef",
            "install -D /dev/stdin /var/lib/gangplank/programs/abcdef/ctr -m 0700  # <size of /a/ctr> abcdef",
        ),
        (
            "try_program kubelet 12 'v1.34 to v1.37' 'v1.3[4-7].*'",
            "/var/lib/gangplank/programs/12/kubelet --version  # wanted: v1.34 to v1.37",
        ),
        (
            "try_program containerd-shim-runc-v2 12 any '*'",
            "/var/lib/gangplank/programs/12/containerd-shim-runc-v2 -v",
        ),
        (
            "try_program bridge 12 any '*'",
            r#"echo '{"cniVersion":"1.0.0"}' | CNI_COMMAND=VERSION /var/lib/gangplank/programs/12/bridge"#,
        ),
        ("tried", "# nothing is put in place unless all of them are as wanted"),
        (
            "place_program ctr 12 /usr/local/bin/ctr",
            "install /var/lib/gangplank/programs/12/ctr /usr/local/bin/ctr -m 0755 -o root -g root",
        ),
    ] {
        assert_eq!(plain_shell(sent), shown);
    }
}

pub fn actions() -> BoxedStrategy<Vec<Action>> {
    vec(action(), 0..4).boxed()
}

pub fn remedy() -> BoxedStrategy<Remedy> {
    prop_oneof![
        Just(Remedy::Retry),
        (select(PlanField::ALL), text()).prop_map(|(field, text)| Remedy::Edit { field, text }),
        text().prop_map(Remedy::Manual),
        Just(Remedy::Skip),
        text().prop_map(Remedy::Replace),
        (text(), actions()).prop_map(|(title, actions)| Remedy::Repair { title, actions }),
    ]
    .boxed()
}

pub fn problem() -> BoxedStrategy<Problem> {
    (select(ProblemCode::ALL), text(), texts(), vec(remedy(), 0..3))
        .prop_map(|(code, what, evidence, ways)| Problem { code, what, evidence, ways })
        .boxed()
}

pub fn verdict() -> BoxedStrategy<Verdict> {
    prop_oneof![
        (text(), text()).prop_map(|(about, seen)| Verdict::Ok { about, seen }),
        (text(), text(), text()).prop_map(|(about, seen, cure)| Verdict::Warning { about, seen, cure }),
        problem().prop_map(Verdict::Stops),
    ]
    .boxed()
}

pub fn event() -> BoxedStrategy<Event> {
    let outcome = prop_oneof![
        any::<usize>().prop_map(|actions| TaskOutcome::Changed { actions }),
        text().prop_map(|evidence| TaskOutcome::Same { evidence }),
        text().prop_map(|evidence| TaskOutcome::Proven { evidence }),
        text().prop_map(|why| TaskOutcome::NotProven { why }),
        text().prop_map(|why| TaskOutcome::Skipped { why }),
        problem().prop_map(|problem| TaskOutcome::Failed { problem }),
        Just(TaskOutcome::Stopped),
    ];
    prop_oneof![
        texts().prop_map(|hosts| Event::RunStarted { hosts }),
        text().prop_map(|text| Event::Note { text }),
        verdict().prop_map(Event::Verdict),
        Just(Event::TaskStarted),
        (text(), text()).prop_map(|(action, shell)| Event::ActionStarted { action, shell }),
        (text(), any::<bool>()).prop_map(|(line, err)| Event::Output { line, err }),
        any::<(u64, u64)>().prop_map(|(sent, of)| Event::Progress { sent, of }),
        (text(), any::<i32>(), any::<u64>()).prop_map(|(action, status, ms)| Event::ActionEnded {
            action,
            status,
            ms
        }),
        outcome.prop_map(|outcome| Event::TaskEnded { outcome }),
        problem().prop_map(|problem| Event::Trouble { problem }),
        (exit_code(), btree_map(text(), text(), 0..3), texts()).prop_map(|(code, places, next)| {
            let counts =
                places.keys().map(|place| (place.clone(), gangplank::engine::world::Cost::default()));
            Event::RunEnded { code, counts: counts.collect::<BTreeMap<_, _>>(), places, next }
        }),
    ]
    .boxed()
}

/// Seconds are counted in whole nanoseconds, up to about a year.
pub fn stamped() -> BoxedStrategy<Stamped> {
    (any::<u64>(), 0_u32..30_000_000, 0_u32..1_000_000_000, text(), place(), option::of(step()), event())
        .prop_map(|(seq, whole, nanos, run, place, step, event)| Stamped {
            v: 1,
            seq,
            t: std::time::Duration::new(whole.into(), nanos).as_secs_f64(),
            run,
            place,
            step,
            event,
        })
        .boxed()
}

pub fn proof() -> BoxedStrategy<Proof> {
    prop_oneof![
        (vec((text(), text()), 0..2), texts(), any::<u64>())
            .prop_map(|(wanted, old, within)| Proof::Containers { wanted, old, runtime: None, within }),
        (text(), any::<u64>()).prop_map(|(name, within)| Proof::NodeReady {
            name,
            within,
            since_ms: None,
            healthz: None,
            otherwise: None,
            network: NetworkComes::default(),
        }),
        (text(), proptest::option::of(text()), any::<u64>())
            .prop_map(|(node, expected, within)| Proof::Reach { node, expected, within }),
        (text(), any::<(usize, u64)>()).prop_map(|(selector, (count, within))| Proof::Pods {
            selector,
            count,
            within
        }),
        (text(), any::<[u8; 4]>(), any::<[u8; 16]>(), any::<u64>()).prop_map(
            |(name, server, expect, within)| Proof::Dns {
                name,
                server: server.into(),
                expect: expect.into(),
                within
            }
        ),
        (text(), text()).prop_map(|(file, context)| Proof::Kubectl { file, context }),
    ]
    .boxed()
}

pub fn known<T: std::fmt::Debug + Clone + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Known<T>> {
    prop_oneof![value.prop_map(Known::Yes), text().prop_map(Known::No), Just(Known::NotAsked)].boxed()
}

pub fn facts() -> BoxedStrategy<Facts> {
    let query = prop_oneof![
        Just(FactQuery::Machine),
        (text(), any::<bool>()).prop_map(|(path, content)| FactQuery::File { path, content }),
        text().prop_map(FactQuery::Key),
        texts().prop_map(FactQuery::Ways),
        Just(FactQuery::Record),
        (text(), texts()).prop_map(|(path, words)| FactQuery::Kubelet {
            path,
            flags: vec![FlagSet { versions: words.clone(), flags: words, runtime: RuntimeKind::Containerd }]
        }),
        (text(), any::<u16>()).prop_map(|(host, port)| FactQuery::Tls { host, port }),
    ];
    let image = || (text(), text()).prop_map(|(name, id)| ImageFact { name: name.into(), id: id.into() });
    let fact = prop_oneof![
        (text(), any::<u32>(), any::<i64>(), btree_map(text(), any::<u64>(), 0..3)).prop_map(
            |(os, uid, clock_ms, free_mib)| {
                Fact::Machine(Machine { os: os.into(), uid, clock_ms, free_mib, ..Machine::default() })
            }
        ),
        option::of((text(), option::of(vec(any::<u8>(), 0..9)))).prop_map(|file| Fact::File(
            file.map(|(mode, content)| FileFact { mode, content, ..FileFact::default() })
        )),
        option::of(text())
            .prop_map(|mode| Fact::Key(mode.map(|mode| KeyFact { mode, ..KeyFact::default() }))),
        texts().prop_map(|journal| Fact::Unit(UnitFact { journal: remote(journal), ..UnitFact::default() })),
        text().prop_map(|error| Fact::Runtime(Box::new(RuntimeFact {
            docker: Some(DockerFact { error: error.into(), ..DockerFact::default() }),
            ..RuntimeFact::default()
        }))),
        texts().prop_map(|rows| Fact::Containers(remote(rows))),
        vec(image(), 0..2).prop_map(Fact::Images),
        vec(image(), 0..2).prop_map(Fact::Tar),
        option::of(text()).prop_map(|version| Fact::Kubelet(
            version.map(|version| KubeletFact { version: version.into(), ..KubeletFact::default() })
        )),
        option::of(texts()).prop_map(|names| Fact::Folder(names.map(remote))),
        btree_map(text(), text().prop_map(gangplank::plan::remote::Remote::new), 0..3).prop_map(Fact::Ways),
        text().prop_map(|line| Fact::Record(Record::read([
            line.as_str(),
            r#"{"v":1,"run":"r","kind":"put","path":"/a","new":"n","time":5}"#
        ]))),
        text().prop_map(|reply| Fact::Dns(reply.into())),
        texts().prop_map(|hosts| Fact::Lookup(remote(hosts))),
        text().prop_map(Fact::Tls),
    ];
    vec((query, known(fact)), 0..4)
        .prop_map(|list| {
            let mut facts = Facts::default();
            for (query, known) in list {
                facts.learn(query, known);
            }
            facts
        })
        .boxed()
}

/// A place with one step that has these actions.
pub fn preview(facts: Facts, actions: Vec<Action>) -> PlacePreview {
    let step = *CATALOGUE.iter().find(|step| step.id().0 == "connect").unwrap();
    PlacePreview {
        place: Place::Worker("w1".to_owned()),
        host: "root@10.0.0.1:22".to_owned(),
        looked: vec![StepOutcome { step, state: StepState::Todo(actions), verdicts: Vec::new() }],
        facts,
        problem: None,
        unknown: false,
        asked_ms: 0,
        notes: Vec::new(),
    }
}

pub fn previews() -> BoxedStrategy<PlacePreview> {
    let state = prop_oneof![
        text().prop_map(StepState::Done),
        actions().prop_map(StepState::Todo),
        proof().prop_map(StepState::Await),
        problem().prop_map(StepState::Blocked),
    ];
    let looked =
        (select(CATALOGUE.iter().map(|step| step.id().0).collect::<Vec<_>>()), state, vec(verdict(), 0..2));
    let looked = looked.prop_map(|(id, state, verdicts)| {
        let step = *CATALOGUE.iter().find(|step| step.id().0 == id).unwrap();
        (step.id(), state, verdicts)
    });
    (place(), text(), vec(looked, 0..3), facts(), option::of(problem()), any::<bool>(), texts())
        .prop_map(|(place, host, looked, facts, problem, unknown, notes)| PlacePreview {
            looked: looked
                .into_iter()
                .map(|(id, state, verdicts)| {
                    let step = *CATALOGUE.iter().find(|step| step.id() == id).unwrap();
                    StepOutcome { step, state, verdicts }
                })
                .collect(),
            place,
            host,
            facts,
            problem,
            asked_ms: 7,
            unknown,
            notes,
        })
        .boxed()
}

fn remote(texts: Vec<String>) -> Vec<gangplank::plan::remote::Remote<String>> {
    texts.into_iter().map(Into::into).collect()
}
