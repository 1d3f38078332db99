//! Messages and effects of every kind, made at random.

use std::sync::Arc;
use std::time::Duration;

use gangplank::doctor::{Cause, Diagnosis};
use gangplank::engine::doctor::{Examined, NodeElsewhere};
use gangplank::engine::drain::DrainWish;
use gangplank::host::{CertificateEnd, HostDetail, HostFigures, Lasts, LogSource, Sample, TrustAnswer};
use gangplank::kube::{Happening, NodeEvent, NodeNews};
use gangplank::live::{ApiNews, HostNews, LogNews, LogWish, Update};
use gangplank::plan::answers::{Answers, ContextAnswers, KubectlAnswers, WorkerAnswers};
use gangplank::plan::code::ProblemCode;
use gangplank::runtime::Lister;
use gangplank::ui::wizard::key::{Key, KeyCode};
use gangplank::ui::wizard::look::{Look, LookStatus, ProbeTarget};
use gangplank::ui::wizard::message::{Effect, Examinations, Msg, Opened};
use gangplank::ui::wizard::opening::{Demo, Saved};
use gangplank::ui::wizard::question::{Question, Reply};
use gangplank::ui::wizard::role::{ROLES, Role};
use gangplank::ui::wizard::run_state::Offline;
use gangplank::ui::wizard::undoing::{TakeBack, TakeBackList};
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use zeroize::Zeroizing;

use crate::told::{actions, exit_code, path, place, previews, problem, stamped, step, text, texts};

/// How many kinds of messages there are, as `any_msg` makes them.
pub const MESSAGES: usize = 36;
/// How many kinds of effects there are, as `any_effect` makes them.
pub const EFFECTS: usize = 30;

fn time() -> BoxedStrategy<Timestamp> {
    (-4_000_000_000_i64..4_000_000_000, 0_i32..1_000_000_000)
        .prop_map(|(second, nano)| Timestamp::new(second, if second < 0 { -nano } else { nano }).unwrap())
        .boxed()
}

fn role() -> BoxedStrategy<Role> {
    select(&ROLES[..]).boxed()
}

fn lines() -> BoxedStrategy<Vec<(Role, String)>> {
    vec((role(), text()), 0..3).boxed()
}

fn key() -> BoxedStrategy<Key> {
    let code = prop_oneof![
        any::<char>().prop_map(KeyCode::Char),
        any::<u8>().prop_map(KeyCode::F),
        select(vec![
            KeyCode::Enter,
            KeyCode::Tab,
            KeyCode::BackTab,
            KeyCode::Esc,
            KeyCode::Backspace,
            KeyCode::Delete,
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Left,
            KeyCode::Right,
            KeyCode::Home,
            KeyCode::End,
            KeyCode::PageUp,
            KeyCode::PageDown,
            KeyCode::Other,
        ]),
    ];
    (code, any::<(bool, bool, bool)>())
        .prop_map(|(code, (control, alt, shift))| Key { code, control, alt, shift })
        .boxed()
}

fn select_lister(number: u32) -> Option<Lister> {
    [None, Some(Lister::Docker), Some(Lister::Crictl), Some(Lister::Ctr)][number as usize % 4]
}

fn update() -> BoxedStrategy<Update> {
    let host = prop_oneof![
        Just(HostNews::Connecting),
        text().prop_map(|login| HostNews::Up { login }),
        (texts(), text(), any::<i64>(), any::<u32>(), any::<[u32; 3]>()).prop_map(
            |(containers, error, clock, restarts, [load, free, used])| {
                let lister = select_lister(restarts);
                let figures = lister.map(|_| HostFigures {
                    load,
                    processors: restarts,
                    memory_kib: free.into(),
                    memory_free_kib: used.into(),
                    folder: error.as_str().into(),
                    disk_used_kib: used.into(),
                    disk_free_kib: free.into(),
                });
                let (kubelet, more) = (error.clone(), clock % 2 == 0);
                HostNews::Sample(Sample {
                    lister,
                    containers,
                    error,
                    more,
                    figures,
                    clock,
                    kubelet,
                    restarts,
                })
            },
        ),
        (texts(), text(), text(), time()).prop_map(|(lines, error, path, until)| {
            let journal = lines.into_iter().map(Into::into).collect();
            let until = [Lasts::Missing, Lasts::Unreadable, Lasts::Until(until)];
            let certificates =
                until.map(|until| CertificateEnd { path: path.clone(), until }).into_iter().collect();
            HostNews::Detail(HostDetail { journal, error, certificates })
        }),
        (text(), option::of(select(ProblemCode::ALL)), option::of(time()))
            .prop_map(|(why, code, again)| HostNews::Down { why, code, again }),
    ];
    let node = |text: String| {
        gangplank::kube::Node::from_json(&json!({"metadata": {"name": format!("n{text}")}})).unwrap()
    };
    let api = prop_oneof![
        Just(ApiNews::SigningIn),
        texts().prop_map(move |all| ApiNews::Nodes(NodeNews::All(all.into_iter().map(node).collect()))),
        text().prop_map(move |text| ApiNews::Nodes(NodeNews::One(Box::new(NodeEvent::Put(node(text)))))),
        text().prop_map(|text| ApiNews::Nodes(NodeNews::One(Box::new(NodeEvent::Bookmark(text.into()))))),
        text().prop_map(|why| ApiNews::Listing { why }),
        (text(), time()).prop_map(|(why, again)| ApiNews::Down { why, again }),
        (text(), text(), any::<bool>()).prop_map(|(node, said, known)| {
            let one = Happening::from_json(&json!({"reason": said, "message": said})).unwrap();
            ApiNews::Happenings { node, said: if known { Ok(vec![one]) } else { Err(said) } }
        }),
    ];
    let log =
        prop_oneof![Just(LogNews::Open), texts().prop_map(LogNews::Lines), text().prop_map(LogNews::Ended),];
    prop_oneof![
        (any::<u64>(), log).prop_map(|(number, news)| Update::Log { number, news }),
        (place(), time(), host).prop_map(|(place, at, news)| Update::Host { place, at, news }),
        (time(), api).prop_map(|(at, news)| Update::Api { at, news }),
    ]
    .boxed()
}

fn target() -> BoxedStrategy<ProbeTarget> {
    prop_oneof![Just(ProbeTarget::Ca), Just(ProbeTarget::Api), text().prop_map(ProbeTarget::Worker)].boxed()
}

fn look() -> BoxedStrategy<Look> {
    let moods = vec![LookStatus::Looking, LookStatus::Good, LookStatus::Doubtful, LookStatus::Bad];
    (select(moods), text(), lines(), option::of(problem()), any::<bool>(), option::of(text()))
        .prop_map(|(mood, word, lines, problem, stale, version)| Look {
            mood,
            word,
            lines,
            problem,
            stale,
            version,
        })
        .boxed()
}

fn question() -> BoxedStrategy<Question> {
    prop_oneof![
        text().prop_map(|prompt| Question::Secret { prompt }),
        (text(), text(), text(), text()).prop_map(|(host, kind, fingerprint, note)| Question::Trust {
            host,
            kind,
            fingerprint,
            note
        }),
        (place(), step(), texts()).prop_map(|(place, step, actions)| Question::GoOn { place, step, actions }),
        (taken_back(), text(), texts(), vec(place(), 0..3), any::<usize>()).prop_map(
            |(what, name, lines, places, actions)| {
                Question::TakeBack(TakeBackList { what, name, lines, places, actions })
            }
        ),
    ]
    .boxed()
}

fn taken_back() -> BoxedStrategy<TakeBack> {
    prop_oneof![option::of(text()).prop_map(TakeBack::Run), text().prop_map(TakeBack::Worker)].boxed()
}

fn answers() -> BoxedStrategy<Answers> {
    let kubectl = prop_oneof![
        text().prop_map(KubectlAnswers::Word),
        option::of(text()).prop_map(|context| KubectlAnswers::Context(ContextAnswers {
            context,
            ..ContextAnswers::default()
        })),
    ];
    (option::of(text()), option::of(text()), option::of(any::<u32>()), option::of(texts()), kubectl)
        .prop_map(|(name, address, port, images, kubectl)| {
            let mut answers = Answers { kubectl, ..Answers::default() };
            answers.cluster.name.clone_from(&name);
            answers.defaults.ssh.port = port;
            answers.workers = vec![WorkerAnswers { name, address, images, ..WorkerAnswers::default() }];
            answers
        })
        .boxed()
}

fn demo() -> BoxedStrategy<Demo> {
    (text(), text(), vec((text(), text(), text()), 0..2), option::of(text()), any::<bool>())
        .prop_map(|(name, about, faults, caption, paused)| Demo {
            title: name.clone(),
            name,
            about,
            faults,
            caption,
            paused,
        })
        .boxed()
}

fn opened() -> BoxedStrategy<Opened> {
    (answers(), path(), text(), any::<usize>(), texts(), any::<bool>(), option::of(demo()))
        .prop_map(|(answers, base, screen, row, only, reonboard, demo)| Opened {
            answers,
            base,
            note: screen.clone(),
            screen,
            row,
            finished: only.clone(),
            only,
            reonboard,
            demo,
        })
        .boxed()
}

fn examined() -> BoxedStrategy<Examinations> {
    let diagnosis = (vec((problem(), vec(problem(), 0..2)), 0..3), vec(problem(), 0..2), texts(), texts())
        .prop_map(|(causes, unknown, notes, well)| Diagnosis {
            causes: causes.into_iter().map(|(problem, follows)| Cause { problem, follows }).collect(),
            unknown,
            notes,
            well,
        });
    let found = prop_oneof![diagnosis.prop_map(Ok), problem().prop_map(Err)];
    let one =
        (text(), text(), found, actions(), previews()).prop_map(|(worker, host, found, actions, seen)| {
            Examined { worker, host, found, actions, facts: seen.facts, layout: None, pods: Vec::new() }
        });
    prop_oneof![vec(one, 0..3).prop_map(|all| Ok(Arc::new(all))), problem().prop_map(Err)].boxed()
}

fn wish() -> BoxedStrategy<DrainWish> {
    (any::<bool>(), 0..900_u64)
        .prop_map(|(lost, seconds)| DrainWish { lost, within: Duration::from_secs(seconds) })
        .boxed()
}

/// A message of any kind.
pub fn any_msg() -> BoxedStrategy<Msg> {
    let saved = (text(), text(), text(), text(), vec(text(), 0..3))
        .prop_map(|(name, screen, when, about, workers)| Saved { name, screen, when, about, workers });
    let seen = prop_oneof![vec(previews(), 0..3).prop_map(|all| Ok(Arc::new(all))), problem().prop_map(Err)];
    let first = prop_oneof![
        key().prop_map(Msg::Key),
        text().prop_map(Msg::Paste),
        key().prop_map(Msg::HiddenKey),
        text().prop_map(Msg::HiddenPaste),
        any::<(u16, u16)>().prop_map(|(width, height)| Msg::Resize(width, height)),
        any::<usize>().prop_map(|rows| Msg::Page { rows }),
        time().prop_map(Msg::Tick),
        Just(Msg::Resumed),
        (target(), any::<u64>(), look()).prop_map(|(target, number, look)| Msg::Looked {
            target,
            number,
            look
        }),
        (any::<u64>(), seen).prop_map(|(number, seen)| Msg::Inspected { number, seen }),
        (any::<u64>(), examined()).prop_map(|(number, seen)| Msg::Examined { number, seen }),
    ];
    let node = (text(), text(), any::<bool>()).prop_map(|(name, address, ready)| NodeElsewhere {
        name,
        address,
        ready,
    });
    let pods = prop_oneof![texts().prop_map(Ok), problem().prop_map(Err)];
    let back = prop_oneof![
        vec(node, 0..3).prop_map(Msg::Elsewhere),
        (text(), wish(), pods).prop_map(|(worker, wish, lines)| Msg::Leaving { worker, wish, lines }),
    ];
    let first = prop_oneof![11 => first, 2 => back];
    let second = prop_oneof![
        stamped().prop_map(Msg::Run),
        (exit_code(), vec(place(), 0..3)).prop_map(|(code, undone)| Msg::RunOver { code, undone }),
        update().prop_map(Msg::Live),
        (any::<u64>(), question()).prop_map(|(id, question)| Msg::Ask { id, question }),
        any::<u64>().prop_map(|id| Msg::Unasked { id }),
        (text(), text(), vec((text(), any::<bool>()), 0..3), text()).prop_map(
            |(folder, command, waiting, said)| Msg::Offline(Offline { folder, command, waiting, said })
        ),
        (role(), text()).prop_map(|(role, text)| Msg::Say(role, text)),
        (text(), lines()).prop_map(|(title, lines)| Msg::Text { title, lines }),
        (text(), lines()).prop_map(|(title, lines)| Msg::Difference { title, lines }),
    ];
    let third = prop_oneof![
        text().prop_map(Msg::Saved),
        opened().prop_map(|opened| Msg::Opened(Box::new(opened))),
        texts().prop_map(|hosts| Msg::Hosts(hosts.into_iter().map(|host| (host, None)).collect())),
        vec(saved, 0..3).prop_map(Msg::Sessions),
        option::of(text()).prop_map(Msg::Caption),
        any::<bool>().prop_map(Msg::Paused),
        vec((text(), text(), text()), 0..3).prop_map(Msg::Faults),
        exit_code().prop_map(Msg::Leave),
        prop_oneof![
            demo().prop_map(Msg::Announced),
            Just(Msg::Told),
            Just(Msg::Interrupted),
            Just(Msg::LaidAside),
            Just(Msg::PutBack),
            Just(Msg::LetGo),
        ],
    ];
    prop_oneof![11 => first, 9 => second, 8 => third].boxed()
}

/// An effect of any kind.
pub fn any_effect() -> BoxedStrategy<Effect> {
    let reply = prop_oneof![
        option::of(text()).prop_map(|text| Reply::Secret(text.map(Zeroizing::new))),
        any::<bool>().prop_map(Reply::GoOn),
        any::<bool>().prop_map(Reply::TakeBack),
        prop_oneof![Just(TrustAnswer::Remember), Just(TrustAnswer::Once), Just(TrustAnswer::Refuse)]
            .prop_map(Reply::Trust),
    ];
    let plain = vec![
        Effect::Save,
        Effect::Stop,
        Effect::Live,
        Effect::KubeconfigDiff,
        Effect::Diagnose { only: vec!["worker01".to_owned()] },
        Effect::DaysLeft,
        Effect::Suspend,
        Effect::Redraw,
        Effect::FindHosts,
    ];
    let first = prop_oneof![
        exit_code().prop_map(Effect::Quit),
        (target(), any::<u64>()).prop_map(|(target, number)| Effect::Look { target, number }),
        any::<u64>().prop_map(|number| Effect::Inspect { number }),
        texts().prop_map(|only| Effect::Run { only }),
        taken_back().prop_map(Effect::Undo),
        (place(), actions(), any::<bool>()).prop_map(|(place, actions, again)| Effect::Repair {
            place,
            actions,
            again
        }),
        (any::<u64>(), reply).prop_map(|(id, reply)| Effect::Reply { id, reply }),
        text().prop_map(Effect::Certificates),
    ];
    let second = prop_oneof![
        text().prop_map(Effect::Copy),
        path().prop_map(Effect::Export),
        path().prop_map(Effect::WritePlan),
        path().prop_map(Effect::WriteSummary),
        text().prop_map(Effect::Mend),
        (text(), wish()).prop_map(|(worker, wish)| Effect::Leaving { worker, wish }),
        (any::<u64>(), texts()).prop_map(|(number, only)| Effect::Examine { number, only }),
        text().prop_map(Effect::Shell),
        text().prop_map(Effect::OpenSession),
        (text(), text()).prop_map(|(name, worker)| Effect::OpenSessionFor { name, worker }),
        path().prop_map(Effect::OpenPlan),
        text().prop_map(Effect::OpenDemo),
        option::of(place()).prop_map(Effect::LookInto),
        option::of((any::<u64>(), place(), option::of(text()))).prop_map(|wish| {
            Effect::Follow(wish.map(|(number, place, id)| LogWish {
                number,
                place,
                source: match id {
                    None => LogSource::Kubelet,
                    Some(id) if number % 2 == 0 => LogSource::Cri(id),
                    Some(id) => LogSource::Container(id),
                },
            }))
        }),
        (text(), text()).prop_map(|(fault, host)| Effect::Throw { fault, host }),
    ];
    prop_oneof![7 => select(plain), 8 => first, 8 => second].boxed()
}
