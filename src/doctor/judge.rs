//! From what was looked at to causes: each step looks by itself, the kubelet, the node and the containers beside them;
//! then what follows from another cause goes below it.

use super::cluster::ClusterWord;
use super::diagnosis::{Cause, Diagnosis, RUNTIME, explains, is_symptom, may_follow, rank};
use super::findings::Findings;
use super::layout::is_ours;
use super::node::Heard;
use super::{
    around, cluster, differs, flannel, found_unit, journal, known_to_api, kubelet, node, resolver, services,
};
use crate::plan::action::{Action, Verb};
use crate::plan::code::{ProblemCode, ProblemGroup};
use crate::plan::fact::{Facts, Known};
use crate::plan::model::{Plan, Worker};
use crate::plan::problem::{Problem, Verdict};
use crate::plan::unit::ManifestFact;
use crate::profile::{self, MANIFESTS};
use crate::step::{self, On, PlaceView, Proof, RunView, StepInput, StepState};

/// What is known of a worker.
#[derive(Clone, Copy)]
pub struct Patient<'a> {
    /// What the operator decided.
    pub plan: &'a Plan,
    /// The worker.
    pub worker: &'a Worker,
    /// What it answered.
    pub facts: &'a Facts,
    /// When, by this computer's clock, milliseconds since 1970.
    pub asked_ms: i64,
    /// What is known beside it.
    pub run: RunView<'a>,
    /// What the API said of what runs on it.
    pub word: &'a ClusterWord,
}

/// Says what is wrong with a worker.
pub fn diagnose(patient: &Patient) -> Diagnosis {
    let mut found = Findings::default();
    let place = PlaceView {
        worker: Some(patient.worker),
        facts: patient.facts,
        asked_ms: patient.asked_ms,
        repaired: false,
    };
    let cx = StepInput::new(patient.plan, place, patient.run, &[]);
    let mut before: Vec<Action> = Vec::new();
    for one in step::steps(On::Worker) {
        // The node and the kubelet's process are judged below, without waiting for them.
        let state = one.look(&cx);
        for verdict in one.verdicts(&cx) {
            match verdict {
                Verdict::Stops(problem) => found.add(problem),
                Verdict::Warning { about, seen, .. } if about != "node" && about != "kubelet" => {
                    found.notes.push(format!("{about}: {seen}"));
                }
                Verdict::Warning { .. } | Verdict::Ok { .. } => {}
            }
        }
        let id = one.id().0;
        match state {
            StepState::Done(seen) => found.well.push(format!("{}: {seen}", one.title())),
            StepState::Todo(actions) if id == "runtime" => runtime(&cx, &actions, &mut found),
            StepState::Todo(actions) => {
                let first = before.len();
                before.extend(actions);
                for (at, action) in before.iter().enumerate().skip(first) {
                    let earlier = before.get(..at).unwrap_or_default();
                    if let Some(problem) = differs::fault(action, id, patient.facts, earlier) {
                        found.add(problem);
                    }
                }
            }
            StepState::Blocked(problem) if !["ready", "start"].contains(&id) => found.add(problem),
            StepState::Await(proof) => containers(patient, &proof, &mut found),
            // It is judged below by what it stands on.
            StepState::Blocked(_) => {}
        }
    }
    for problem in step::faults(&cx) {
        found.add(problem);
    }
    unread(&cx, &mut found);
    if let Some(folder) = step::no_network(&cx) {
        found.add(
            Problem::new(
                ProblemCode::Network04,
                format!("there is no network of pods on {}", patient.worker.name),
            )
            .seen(format!("no file in {folder} makes one, and no DaemonSet of the cluster brings one here"))
            .manual(format!(
                "put the file of the network into {folder} again, or deploy one for the cluster"
            )),
        );
    }
    manifests(patient.facts, MANIFESTS, &mut found);
    for problem in kubelet::faults(patient.facts, &patient.worker.name, profile::healthz_port(patient.worker))
    {
        found.add(problem);
    }
    api(patient, &mut found);
    let address = &patient.plan.cluster.api;
    let reached = matches!(patient.facts.tls(&address.host, address.port), Known::Yes(_));
    beside(patient.facts, &patient.worker.name, (&address.host, reached), &mut found);
    // What somebody else's kubelet is told is not in the plan.
    let path = resolver::of_plan(patient.worker, patient.facts).filter(|_| !is_stranger(patient.facts));
    resolver::judge(patient.facts, &patient.worker.name, path.as_deref(), &mut found);
    let node = patient.run.cluster.nodes.iter().flatten().find(|node| node.name == patient.worker.name);
    let around = around::seen(patient.facts, around::name_of(&address.host).as_deref());
    flannel::judge(patient.facts, around, node, &mut found);
    found.notes.extend(around.zip(node).and_then(|(around, node)| around::other_machine(around, node)));
    if let Some(problem) = cluster::fault(patient.facts, patient.word) {
        found.add(problem);
    }
    found.notes.extend(cluster::notes(patient.word, around));
    program(patient, &mut found);
    let unit = patient.facts.unit("kubelet").yes().copied();
    let up_s = unit.filter(|unit| unit.active == "active").and_then(|unit| unit.up_s);
    let heard = Heard { ago_ms: step::heard_ago(&cx), up_s };
    found.heard_s = heard.seconds();
    let word = node::read(patient.run.cluster, &patient.worker.name, heard);
    found.notes.extend(word.notes);
    found.well.extend(word.well);
    for problem in word.faults {
        found.add(problem);
    }
    known_to_api::judge(patient.facts, patient.plan, patient.worker, &mut found);
    let cluster = &patient.plan.cluster;
    resolver::cluster_dns(patient.facts, &cluster.dns.to_string(), &cluster.domain, &mut found);
    match unit {
        Some(unit) if unit.load == "not-found" => {
            if matches!(patient.facts.record(), Known::Yes(record) if record.lines.is_empty()) {
                return not_aboard(patient);
            }
        }
        Some(_) if is_stranger(patient.facts) => others_files(&mut found),
        Some(_) | None => {}
    }
    let mut diagnosis = ordered(patient.facts, &patient.worker.name, found);
    found_unit::unread_in_plan(patient.facts, &mut diagnosis);
    diagnosis
}

/// The kubelet has not read what a run of ours wrote that did not come to its restart.
fn unread(cx: &StepInput, found: &mut Findings) {
    if let Some(path) = step::unread_file(cx) {
        let restart = Action::Service { verb: Verb::Restart, unit: "kubelet".to_owned() };
        found.add(
            Problem::new(ProblemCode::Unit03, "the kubelet runs with a file as it was before")
                .seen(format!("gangplank wrote {path} after the kubelet was started, by its record"))
                .repair("restart it, pods go on", vec![restart]),
        );
    }
}

/// By its record somebody else set the machine up.
fn is_stranger(facts: &Facts) -> bool {
    matches!(facts.record(), Known::Yes(_)) && !is_ours(facts)
}

/// A machine that is no worker yet.
fn not_aboard(patient: &Patient) -> Diagnosis {
    let name = &patient.worker.name;
    let problem = Problem::new(ProblemCode::Step02, format!("{name} has not joined the cluster yet"))
        .seen("there is no unit of a kubelet, and no record of gangplank below /var/lib/gangplank")
        .manual(format!("gangplank apply, with --worker {}", shell_words::quote(name)));
    Diagnosis { causes: vec![Cause { problem, follows: Vec::new() }], ..Diagnosis::default() }
}

/// The files of a worker that somebody else set up are not those of this plan, and that is no fault of theirs.
fn others_files(found: &mut Findings) {
    let of_the_plan = |code: ProblemCode| {
        matches!(
            code.group(),
            ProblemGroup::File
                | ProblemGroup::Cert
                | ProblemGroup::Key
                | ProblemGroup::Kernel
                | ProblemGroup::Image
        ) && !matches!(
            code,
            ProblemCode::File02 | ProblemCode::File06 | ProblemCode::Kernel04 | ProblemCode::Key02
        ) || matches!(
            code,
            ProblemCode::Kubelet05 | ProblemCode::Kubelet11 | ProblemCode::Container02 | ProblemCode::Step02
        )
    };
    let before = found.faults.len();
    found.faults.retain(|problem| !of_the_plan(problem.code));
    if found.faults.len() != before {
        found.unknown.push(
            Problem::new(ProblemCode::Fact01, "its files and certificates were not judged")
                .seen("gangplank did not set this worker up, so they are not those of this plan"),
        );
    }
}

/// Its step changes the configuration of the runtime: by what it says of itself, or else by what would be changed.
fn runtime(cx: &StepInput, actions: &[Action], found: &mut Findings) {
    let faults = step::runtime_faults(cx);
    if faults.is_empty() {
        let seen = |problem: Problem, action: &Action| problem.seen(action.title());
        let problem =
            Problem::new(ProblemCode::Step02, "the container runtime is not set up as a kubelet needs it");
        found.add(actions.iter().fold(problem, seen));
    }
    for problem in faults {
        found.add(problem);
    }
}

/// The kubelet's program is gone, also where the plan says its version.
fn program(patient: &Patient, found: &mut Findings) {
    let known = [ProblemCode::Kubelet01, ProblemCode::Kubelet06];
    let told =
        |problem: &Problem| known.contains(&problem.code) || problem.what.starts_with(profile::KUBELET);
    if matches!(patient.facts.kubelet(profile::KUBELET), Known::Yes(None)) && !found.faults.iter().any(told) {
        found.add(
            Problem::new(ProblemCode::Kubelet01, format!("there is no kubelet at {}", profile::KUBELET))
                .manual(format!("copy a kubelet to {} on the worker (mode 0755)", profile::KUBELET)),
        );
    }
}

/// A static pod that should run and does not.
fn containers(patient: &Patient, proof: &Proof, found: &mut Findings) {
    let Proof::Containers { wanted, .. } = proof else { return };
    let Known::Yes(rows) = patient.facts.containers() else { return };
    let rows: Vec<String> = rows.iter().map(|row| row.untrusted().to_owned()).collect();
    let missing = step::missing_containers(wanted, &rows, &[]);
    if !missing.is_empty() {
        let problem = Problem::new(
            ProblemCode::Container02,
            format!("kube-proxy does not run on {}", patient.worker.name),
        )
        .seen(format!("not among the containers that run: {}", missing.join(", ")));
        let problem = cluster::proxy_waits(patient.word).into_iter().fold(problem, Problem::seen);
        found.add(problem.manual(
            "on the host its newest log says why it ended: tail -n 20 /var/log/pods/kube-system_kube-proxy-*/kube-proxy/*.log",
        ));
    }
}

/// A file from which a kubelet cannot make a pod keeps today's from making any of the folder; two of one pod, or a second
/// kube-proxy, take each other's place or ports.
pub(super) fn manifests(facts: &Facts, folder: &str, found: &mut Findings) {
    let files = facts.manifests(folder).yes().copied().map_or(&[][..], Vec::as_slice);
    let pods: Vec<(&ManifestFact, String)> =
        files.iter().filter_map(|file| Some((file, file.pod.as_ref().ok()?.to_string()))).collect();
    for (at, (file, pod)) in pods.iter().enumerate() {
        let is_proxy = |pod: &str| pod.starts_with("kube-system/kube-proxy");
        let first = pods.iter().take(at).find(|(_, other)| other == pod || is_proxy(other) && is_proxy(pod));
        let Some((first, _)) = first else { continue };
        let ours = |file: &ManifestFact| facts.is_ours(&format!("{folder}/{}", file.name), &file.sha256);
        let (kept, second) = if ours(file) { (file, first) } else { (first, file) };
        let path = format!("{folder}/{}", second.name);
        found.add(
            Problem::new(ProblemCode::File02, format!("{path} makes the pod of {} once more", kept.name))
                .seen(format!("{}: {}", kept.name, shown(kept)))
                .seen(format!("{}: {}", second.name, shown(second)))
                .manual(format!("on the host: mv {} /root/", shell_words::quote(&path))),
        );
    }
    for file in files {
        if let Err(why) = &file.pod {
            let path = format!("{folder}/{}", file.name);
            found.add(
                Problem::new(ProblemCode::File06, format!("{path} is no manifest that a kubelet can read"))
                    .seen(why.to_string())
                    .seen("a kubelet that cannot read one file there may end the pods of the others")
                    .manual(format!("on the host: mv {} /root/", shell_words::quote(&path))),
            );
        }
    }
}

/// The pod of a file, as it is shown.
fn shown(file: &ManifestFact) -> String {
    file.pod.as_ref().map_or_else(|_| String::new(), ToString::to_string)
}

/// The worker does not reach the API that this computer reaches.
fn api(patient: &Patient, found: &mut Findings) {
    let api = &patient.plan.cluster.api;
    let Known::No(why) = patient.facts.tls(&api.host, api.port) else { return };
    let told = [ProblemCode::Api20, ProblemCode::Api24];
    if found.faults.iter().any(|problem| told.contains(&problem.code)) {
        return;
    }
    found.add(
        Problem::new(
            ProblemCode::Api24,
            format!("{} cannot reach the API at {}", patient.worker.name, api.url()),
        )
        .seen(format!("from there: {why}"))
        .manual("look at routes, firewall and load balancer between them"),
    );
}

/// What is around its kubelet; the host of the API, and whether it was reached.
pub(super) fn beside(facts: &Facts, worker: &str, (host, reached): (&str, bool), found: &mut Findings) {
    let name = around::name_of(host);
    if let Some(problem) = around::unknown(facts, name.as_deref()) {
        found.add(problem);
    }
    let Some(seen) = around::seen(facts, name.as_deref()) else { return };
    if let Some(line) = &seen.suppressed {
        found.notes.push(format!("the kubelet's journal is not whole, journald says: {line}"));
    }
    let unit = facts.unit("kubelet").yes().copied();
    let runs = unit.is_some_and(|unit| unit.active == "active");
    for problem in around::faults(seen, worker, runs).into_iter().chain(services::fault(seen, worker)) {
        // Whoever reached it by that name has found its address.
        if problem.code == ProblemCode::Name02 && reached {
            continue;
        }
        // Two that look at it name one fault.
        if !found.has(&[problem.code]) || problem.code.group() == ProblemGroup::Disk {
            found.add(problem);
        }
    }
    for problem in &mut found.faults {
        around::evidence(facts, name.as_deref(), problem);
    }
}

/// Causes in the order of mending, each with what follows from it.
pub(super) fn ordered(facts: &Facts, worker: &str, mut found: Findings) -> Diagnosis {
    let unit = facts.unit("kubelet").yes().copied();
    let runs = unit.is_some_and(|unit| unit.active == "active" && unit.stands_still().is_none());
    // A drop-in of somebody else is no fault of a kubelet that is well.
    let ails = |problem: &Problem| is_symptom(problem.code) && problem.code != ProblemCode::Api24;
    let well = runs && !found.faults.iter().any(ails);
    found.faults.retain(|problem| {
        let harmless = well && problem.code == ProblemCode::Kubelet05;
        if harmless {
            found.notes.push(problem.what.clone());
        }
        !harmless
    });
    // A runtime that does not answer tells of no image either.
    let deaf = found.faults.iter().any(|problem| rank(problem.code) == RUNTIME);
    found.faults.retain(|problem| !(deaf && problem.code == ProblemCode::Image02));
    let said = journal::cause(facts, worker, &found.faults, found.heard_s);
    let by_journal = said.as_ref().map(|said| (said.code, said.of.clone()));
    if let Some(problem) = said.and_then(|said| said.problem) {
        found.add(problem);
    }
    let stands = unit.is_some_and(|unit| unit.stands_still().is_some());
    let explains = |cause: ProblemCode, symptom: ProblemCode| match &by_journal {
        Some((named, of)) if of.contains(&symptom) => cause == *named,
        _ => explains(cause, symptom),
    };
    let codes: Vec<ProblemCode> = found.faults.iter().map(|problem| problem.code).collect();
    let (mut causes, mut symptoms) = (Vec::new(), Vec::new());
    for problem in found.faults {
        let follows = may_follow(problem.code)
            && !(stands && problem.code == ProblemCode::Kubelet08)
            && codes.iter().any(|code| *code != problem.code && explains(*code, problem.code));
        if follows { symptoms.push(problem) } else { causes.push(Cause { problem, follows: Vec::new() }) }
    }
    causes.sort_by_key(|cause| rank(cause.problem.code));
    for symptom in symptoms {
        let first = causes.iter_mut().find(|cause| explains(cause.problem.code, symptom.code));
        match first {
            Some(cause) => cause.follows.push(symptom),
            // It comes from something that is itself below another one.
            None => causes.push(Cause { problem: symptom, follows: Vec::new() }),
        }
    }
    journal::beside(facts, &mut causes, found.heard_s);
    Diagnosis { causes, unknown: found.unknown, notes: found.notes, well: found.well }
}
