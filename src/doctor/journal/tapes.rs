//! Every recorded journal, judged as the doctor judges it.

use super::row::When;
use super::{JournalCause, cause, proxy_row, row};
use crate::host::answer::read;
use crate::plan::code::ProblemCode;
use crate::plan::fact::{Fact, FactQuery, Facts, Known};
use crate::plan::problem::Problem;
use crate::plan::unit::UnitFact;

macro_rules! tape {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../tests/tapes/", $name, ".txt")))
    };
}

type Tape = (&'static str, &'static str);

/// The text of a line behind the time, host and program.
fn bare(line: &str) -> &str {
    line.split_once("]: ").filter(|(head, _)| head.starts_with("20")).map_or(line, |(_, rest)| rest)
}

fn is_klog(line: &&str) -> bool {
    line.starts_with(['I', 'W', 'E', 'F']) && line.as_bytes().get(5) == Some(&b' ')
}

/// Of a journal the newest process runs, and says so now.
pub(super) fn facts(journal: &str, when: When) -> Facts {
    let newest = journal.lines().rev().map(bare).find(is_klog).unwrap_or("I0101 00:00:00.0 0 x.go:1] x");
    let pid = newest.split_whitespace().nth(2).unwrap_or_default();
    let mut lines = vec![("now".to_owned(), newest.get(1..14).unwrap_or_default().to_owned())];
    if when != When::Ends {
        lines.push(("pid".to_owned(), pid.to_owned()));
    }
    lines.extend(journal.lines().map(|line| ("journal".to_owned(), line.to_owned())));
    let mut facts = Facts::default();
    learn(&mut facts, &lines);
    let (active, sub) =
        if when == When::Ends { ("activating", "auto-restart") } else { ("active", "running") };
    let unit = UnitFact {
        load: "loaded".into(),
        active: active.into(),
        sub: sub.into(),
        up_s: Some(3600),
        ..UnitFact::default()
    };
    facts.learn(FactQuery::Unit("kubelet".to_owned()), Known::Yes(Fact::Unit(unit)));
    facts
}

/// What a host answers of the journal.
pub(super) fn learn(facts: &mut Facts, lines: &[(String, String)]) {
    let query = FactQuery::Journal("kubelet".to_owned());
    facts.learn(query.clone(), read(&query, lines));
}

/// What it names where nothing else does.
pub(super) fn named(journal: &str, when: When) -> Option<JournalCause> {
    let symptom = match when {
        When::Ends => ProblemCode::Kubelet04,
        When::Runs => ProblemCode::Node04,
        When::Pods => ProblemCode::Container02,
    };
    cause(&facts(journal, when), "w1", &[Problem::new(symptom, "x")], None)
}

fn code(journal: &str, when: When) -> Option<ProblemCode> {
    named(journal, when).map(|said| said.code)
}

const ENDS: [(Tape, ProblemCode); 15] = [
    (tape!("v1.37/journal-config-wrong-type"), ProblemCode::Kubelet11),
    (tape!("v1.37/journal-containerd-cri-disabled"), ProblemCode::Containerd04),
    (tape!("v1.37/journal-containerd-stopped-start"), ProblemCode::Containerd01),
    (tape!("v1.37/journal-failcgroupv1"), ProblemCode::Cgroup01),
    (tape!("v1.37/journal-feature-gate-unknown"), ProblemCode::Kubelet11),
    (tape!("v1.37/journal-flag-unknown"), ProblemCode::Kubelet02),
    (tape!("v1.37/journal-key-not-of-cert"), ProblemCode::Cert07),
    (tape!("v1.37/journal-kubeconfig-missing"), ProblemCode::File05),
    (tape!("v1.37/journal-label-refused"), ProblemCode::Kubelet02),
    (tape!("v1.37/journal-port-10250-taken"), ProblemCode::Port01),
    (tape!("v1.2.2/journal-docker-down"), ProblemCode::Docker01),
    (tape!("v1.2.2/journal-key-mismatch"), ProblemCode::Cert07),
    (tape!("v1.2.2/journal-no-certificate"), ProblemCode::File05),
    (tape!("v1.2.2/journal-unknown-flag"), ProblemCode::Kubelet02),
    (tape!("v1.37/journal-client-cert-expired"), ProblemCode::Api05),
];

const RUNS: [(Tape, ProblemCode); 11] = [
    (tape!("v1.37/journal-api-drop"), ProblemCode::Api24),
    (tape!("v1.37/journal-api-wrong-port"), ProblemCode::Api24),
    (tape!("v1.37/journal-client-cert-expired"), ProblemCode::Api05),
    (tape!("v1.37/journal-cn-of-other-node"), ProblemCode::Cert08),
    (tape!("v1.37/journal-cni-config-missing"), ProblemCode::Network04),
    (tape!("v1.37/journal-containerd-stopped-running"), ProblemCode::Containerd01),
    (tape!("v1.37/journal-kubeconfig-ca-stranger"), ProblemCode::Api21),
    (tape!("v1.2.2/journal-api-unreachable"), ProblemCode::Api24),
    (tape!("v1.2.2/journal-certificate-expired"), ProblemCode::Api05),
    (tape!("v1.2.2/journal-docker-down"), ProblemCode::Docker01),
    (tape!("v1.2.2/journal-other-ca"), ProblemCode::Api21),
];

const PODS: [(Tape, ProblemCode); 5] = [
    (tape!("v1.37/journal-cni-plugin-missing"), ProblemCode::Network02),
    (tape!("v1.37/journal-kube-proxy-image-missing"), ProblemCode::Image02),
    (tape!("v1.37/journal-pause-image-missing"), ProblemCode::Image02),
    (tape!("v1.37/journal-static-pod-bad-yaml"), ProblemCode::File06),
    (tape!("v1.2.2/journal-ipc-private"), ProblemCode::Docker04),
];

/// Those that name no cause, and why.
const NONE: [(Tape, &str); 12] = [
    (tape!("v1.37/journal-healthy-restart"), "it is well"),
    (tape!("v1.37/journal-config-unknown-field"), "the key is left out, and it is well"),
    (tape!("v1.37/journal-kube-proxy-argument-changed"), "the pod is made anew, as it should be"),
    (
        tape!("v1.37/journal-renewal-in-place"),
        "between two copies a pair does not fit; success writes nothing",
    ),
    (tape!("v1.37/journal-node-deleted"), "whether there is a node the API has said: it is a witness only"),
    (tape!("v1.2.2/journal-node-deleted"), "whether there is a node the API has said: it is a witness only"),
    (tape!("v1.37/journal-cni-config-missing-containerd"), "of the runtime, which is asked itself"),
    (tape!("v1.37/journal-cni-plugin-missing-containerd"), "of the runtime, which is asked itself"),
    (tape!("v1.37/journal-containerd-cri-disabled-containerd"), "of the runtime, which is asked itself"),
    (tape!("v1.37/journal-containerd-stopped-running-containerd"), "of the runtime, which is asked itself"),
    (tape!("v1.37/journal-kube-proxy-image-missing-containerd"), "of the runtime, which is asked itself"),
    (tape!("v1.37/journal-pause-image-missing-containerd"), "of the runtime, which is asked itself"),
];

#[test]
fn every_tape_names_its_cause_or_none() {
    for (of, when) in [(&ENDS[..], When::Ends), (&RUNS, When::Runs), (&PODS, When::Pods)] {
        for ((name, tape), wanted) in of {
            let said = named(tape, when).and_then(|said| said.problem);
            assert_eq!(said.as_ref().map(|said| said.code), Some(*wanted), "{name}: {said:?}");
        }
    }
    for ((name, tape), why) in NONE.iter().filter(|(_, why)| !why.starts_with("of the runtime")) {
        for when in [When::Ends, When::Runs, When::Pods] {
            assert_eq!(code(tape, when), None, "{name}: {why}");
        }
    }
}

#[test]
fn no_tape_is_left_out() {
    let mut judged: Vec<&str> = ENDS.iter().chain(&RUNS).chain(&PODS).map(|((name, _), _)| *name).collect();
    judged.extend(NONE.iter().map(|((name, _), _)| *name));
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tapes");
    for folder in ["v1.37", "v1.2.2"] {
        for file in std::fs::read_dir(root.join(folder)).expect("the folder").flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            let Some(name) = name.strip_suffix(".txt").filter(|name| name.starts_with("journal-")) else {
                continue;
            };
            assert!(judged.contains(&format!("{folder}/{name}").as_str()), "{folder}/{name}");
        }
    }
}

#[test]
fn what_a_healthy_kubelet_writes_tells_nothing() {
    let (_, healthy) = NONE[0].0;
    let (_, field) = NONE[1].0;
    // A fault that is made by a restart begins with the end of the one that was well.
    let heads = ENDS.iter().chain(&RUNS).chain(&PODS).filter_map(|((_, tape), _)| {
        let (head, _) = tape.split_once("Stopped kubelet.service")?;
        Some(head).filter(|head| head.contains("Stopping kubelet.service"))
    });
    let heads: Vec<&str> = heads.collect();
    assert!(heads.len() > 8, "{}", heads.len());
    for line in healthy.lines().chain(heads.iter().flat_map(|head| head.lines())) {
        assert!(row(bare(line)).is_none() && proxy_row(bare(line)).is_none(), "{line}");
    }
    let only: Vec<ProblemCode> =
        field.lines().filter_map(|line| row(bare(line))).map(|row| row.code).collect();
    assert_eq!(only, [ProblemCode::Kubelet11], "the key that is left out");
}

#[test]
fn a_deleted_node_is_witnessed() {
    for ((_, tape), _) in NONE.iter().filter(|((name, _), _)| name.ends_with("journal-node-deleted")) {
        let said = super::of_now(
            &facts(tape, When::Runs),
            &UnitFact { active: "active".into(), ..UnitFact::default() },
            None,
        );
        assert!(said.iter().any(|(row, _)| row.code == ProblemCode::Node02), "{said:?}");
    }
}
