//! What is wrong with a worker that no plan tells of: judged by what its own unit, configuration, kubeconfig and
//! certificates say, and by what the API answers to its own identity. What is nobody's fault there, such as a path that
//! gangplank would not have taken, is none here.

use super::diagnosis::{Cause, Diagnosis};
use super::findings::Findings;
use super::found_api::{api, told_nodes};
use super::found_paths::FoundWorker;
use super::identity::{SHARED, gone, identity};
use super::judge::{beside, manifests, ordered};
use super::layout::Layout;
use super::{
    around, certificate_anew, flannel, found_pods, found_proxy, found_runtime, found_unit, kubelet, machine,
    resolver, serving,
};
use crate::plan::action::Action;
use crate::plan::code::ProblemCode;
use crate::plan::fact::Known;
use crate::plan::found::config_tree;
use crate::plan::model::Version;
use crate::plan::problem::{Problem, Remedy};
use crate::runtime::of_facts;

/// A clock that is further off than this refuses certificates that others take, seconds.
const CLOCK: i64 = 60;

/// Says what is wrong with it.
pub fn diagnose_found(worker: &FoundWorker) -> Diagnosis {
    let facts = worker.facts;
    let mut found = Findings::default();
    let layout = Layout::of(facts);
    match facts.unit("kubelet") {
        Known::Yes(unit) if unit.load == "not-found" => {
            let problem = Problem::new(
                ProblemCode::Kubelet01,
                format!("there is no unit of a kubelet on {}", worker.name),
            )
            .seen("systemctl show kubelet: not-found")
            .manual("if it should be a worker: gangplank apply, with a plan that names it");
            return Diagnosis {
                causes: vec![Cause { problem, follows: Vec::new() }],
                ..Diagnosis::default()
            };
        }
        Known::Yes(unit) if unit.load == "masked" => found.add(
            Problem::new(ProblemCode::Kubelet07, "the kubelet's unit is masked: systemd will not start it")
                .manual(format!(
                    "if it may run, on the host: systemctl unmask {}kubelet; systemctl enable --now kubelet",
                    unit.unmask_switch()
                )),
        ),
        Known::Yes(unit) => found.well.push(format!("unit: {}", unit.fragment)),
        other => found.add(Problem::unknown("the kubelet's unit", other.why_not())),
    }
    found.notes.push(format!("layout: {}", layout.about()));
    if let Known::Yes(start) = facts.kubelet_start()
        && !start.otherwise.is_empty()
    {
        let flags: Vec<String> = start.otherwise.iter().map(|name| format!("--{name}")).collect();
        found.notes.push(format!(
            "the kubelet that runs was started with another {} than its unit gives it now",
            flags.join(", ")
        ));
    }
    clock(worker, &mut found);
    programs(worker, &mut found);
    match of_facts::trouble(facts) {
        Some(problem) => found.add(problem),
        None => match of_facts::found(facts).map(|kind| (kind, of_facts::version(kind, facts))) {
            Some((kind, Known::Yes(Ok(version)))) => {
                found.well.push(format!("container runtime: {} {version}", kind.name()));
            }
            _ => found.add(Problem::unknown("the container runtime", "none was found that is known here")),
        },
    }
    for problem in kubelet::faults(facts, worker.name, worker.paths.healthz) {
        found.add(problem);
    }
    machine::swap(worker, &mut found);
    machine::address(worker, &mut found);
    if let Some(port) = worker.paths.healthz
        && matches!(facts.healthz(port), Known::Yes(_))
    {
        found.well.push(format!("kubelet: answers its health check on 127.0.0.1:{port}"));
    }
    files(worker, &mut found);
    certificate_anew::unread(worker, &mut found);
    let identity = identity(worker, layout, &mut found);
    static_pods(worker, &mut found);
    if let Some(identity) = identity {
        api(worker, identity, &mut found);
    }
    let serving = serving::judge(worker, identity, &mut found);
    let nodes = identity.map(told_nodes).unwrap_or_default();
    let version = nodes.first().and_then(|node| Version::parse(&node.kubelet.as_ref()?.to_string()));
    found_runtime::judge(worker, version, &mut found);
    if let Some(identity) = identity {
        found_pods::judge(worker, identity, &mut found);
    }
    machine::kernel(worker, nodes.first().map_or(&[], |node| &node.pod_ranges), &mut found);
    let reached = identity.is_some_and(|identity| identity.node.status.is_some());
    let proxy = found_proxy::causes(worker, layout, reached, &mut found);
    beside(facts, worker.name, (&worker.paths.api, reached), &mut found);
    let around = around::seen(facts, around::name_of(&worker.paths.api).as_deref());
    flannel::judge(facts, around, nodes.first(), &mut found);
    let other = around.zip(nodes.first()).and_then(|(seen, node)| around::other_machine(seen, node));
    found.notes.extend(other);
    incoming(worker, &mut found);
    resolver::judge(facts, worker.name, worker.paths.resolver(), &mut found);
    if let Some((server, domain)) = worker.paths.dns().filter(|_| proxy.is_empty()) {
        resolver::cluster_dns(facts, &server, domain, &mut found);
    }
    let mut diagnosis = ordered(facts, worker.name, found);
    for cause in &mut diagnosis.causes {
        without_plan(&mut cause.problem);
    }
    with_proxy(&mut diagnosis, proxy);
    found_unit::unread(worker.facts, &mut diagnosis);
    if layout == Layout::Kubeadm {
        cannot_bootstrap(&mut diagnosis);
    }
    diagnosis.causes.extend(serving);
    diagnosis
}

/// A rule of its firewall that may keep the API servers away: with the worker's own identity they are not asked about it.
fn incoming(worker: &FoundWorker, found: &mut Findings) {
    let name = around::name_of(&worker.paths.api);
    if let Some(rule) = around::refuses_incoming(worker.facts, name.as_deref()).first() {
        found.notes.push(format!(
            "{rule}; whether the API servers get through to its kubelet all the same was not asked: kubectl logs of a pod on it \
             tells"
        ));
    }
}

/// What is wrong with kube-proxy by itself comes last; that it made no rules is seen of it.
fn with_proxy(diagnosis: &mut Diagnosis, mut proxy: Vec<Cause>) {
    if let Some(cause) = proxy.first_mut() {
        let seen = |one: &Cause| one.problem.code == ProblemCode::Container03;
        if let Some(at) = diagnosis.causes.iter().position(seen) {
            cause.follows.push(diagnosis.causes.remove(at).problem);
        }
    }
    diagnosis.causes.extend(proxy);
}

/// A cure that speaks of a plan is none here.
fn without_plan(problem: &mut Problem) {
    for way in &mut problem.ways {
        if let Remedy::Manual(text) = way
            && text.starts_with("let the plan ")
        {
            "mend what its journal names, then on the host: systemctl restart kubelet".clone_into(text);
        } else if let Remedy::Manual(text) = way
            && let Some((here, _)) = text.split_once("; or say in the plan")
        {
            *text = format!("{here}; or failSwapOn: false in its configuration");
        }
    }
}

/// A kubelet that is told a bootstrap file ends when its certificate has expired and that file is gone, which is usual
/// once it has joined (Kubernetes 1.37, `pkg/kubelet/certificate/bootstrap/bootstrap.go`).
fn cannot_bootstrap(diagnosis: &mut Diagnosis) {
    let is = |code| move |cause: &Cause| cause.problem.code == code;
    let ended = diagnosis.causes.iter().position(is(ProblemCode::Kubelet04));
    let expired = diagnosis.causes.iter().any(is(ProblemCode::Cert13));
    if let (Some(at), true) = (ended, expired) {
        let ended = diagnosis.causes.remove(at);
        let follows = diagnosis.causes.iter_mut().find(|cause| cause.problem.code == ProblemCode::Cert13);
        if let Some(cause) = follows {
            cause.follows.push(ended.problem);
            cause.follows.extend(ended.follows);
        }
    }
}

fn clock(worker: &FoundWorker, found: &mut Findings) {
    let Some(ahead) = worker.facts.machine().yes().and_then(|machine| machine.ahead_ms(worker.asked_ms))
    else {
        return;
    };
    let seconds = ahead / 1000;
    if seconds.abs() > CLOCK {
        let how = if seconds > 0 { "ahead of" } else { "behind" };
        found.add(
            Problem::new(
                ProblemCode::Clock01,
                format!("the clock of {} is not that of this computer", worker.name),
            )
            .seen(format!(
                "it is {} s {how} this computer's; which of the two is right was not asked",
                seconds.abs()
            ))
            .manual("on the host: timedatectl; systemctl restart systemd-timesyncd or chronyd"),
        );
    } else {
        found.well.push("clock: as this computer's, to a minute".to_owned());
    }
}

/// What its unit starts, and the socket of the runtime that it is told.
fn programs(worker: &FoundWorker, found: &mut Findings) {
    let start = worker.facts.kubelet_start();
    if let Some(program) = start.yes().and_then(|start| start.absent.as_ref()) {
        found.add(
            Problem::new(ProblemCode::Kubelet01, format!("there is no kubelet at {program}"))
                .seen("the kubelet's unit starts that program")
                .manual(
                    "look where it is: command -v kubelet; then mend ExecStart in the unit or its drop-in, and on the host: \
                     systemctl daemon-reload; systemctl restart kubelet",
                ),
        );
    }
    if let Some(program) = start.yes().and_then(|start| start.closed.as_ref()) {
        found.add(
            Problem::new(ProblemCode::Kubelet06, format!("{program} does not run on this machine"))
                .seen("the kubelet's unit starts that program, which is there and may not be executed")
                .manual(format!(
                    "on the host: chmod 0755 {}; systemctl restart kubelet",
                    shell_words::quote(&program.to_string())
                )),
        );
    }
    if let Some((program, status, said)) = start.yes().and_then(|start| start.mute.as_ref()) {
        found.add(
            Problem::new(ProblemCode::Kubelet06, format!("{program} does not run on this machine"))
                .seen(format!("--version printed: {said}"))
                .seen(format!("it ended with status {status}"))
                .manual("put a kubelet for this architecture there (mode 0755)"),
        );
    }
    let Some(socket) = &worker.paths.socket else { return };
    let answers = of_facts::found(worker.facts)
        .is_some_and(|kind| matches!(of_facts::version(kind, worker.facts), Known::Yes(Ok(_))));
    // A runtime that does not run has none.
    if answers && matches!(worker.facts.file(socket), Known::Yes(None)) {
        found.add(
            Problem::new(ProblemCode::File05, format!("{socket} is not there"))
                .seen("the kubelet is told to reach its container runtime by that socket; the runtime itself answers")
                .manual("mend containerRuntimeEndpoint in its configuration, or its flag, then: systemctl restart kubelet"),
        );
    }
}

/// Files that its flags and its configuration name.
fn files(worker: &FoundWorker, found: &mut Findings) {
    if let Some(path) = &worker.paths.config {
        match worker.facts.file(path) {
            Known::Yes(Some(file)) => {
                let text = file.content.as_deref().map(String::from_utf8_lossy);
                match text.as_deref().map(config_tree) {
                    Some(Some(_)) => found.well.push(format!("configuration: {path}")),
                    Some(None) => found.add(
                        Problem::new(
                            ProblemCode::Kubelet12,
                            format!("{path} is no configuration that a kubelet can read"),
                        )
                        .seen("it is no YAML mapping")
                        .manual(format!(
                            "put the configuration into {path} again, then: systemctl restart kubelet"
                        )),
                    ),
                    None => found.add(Problem::unknown(path, "its content was not told")),
                }
            }
            Known::Yes(None) => found.add(gone(path, "the kubelet's configuration", SHARED)),
            other => found.add(Problem::unknown(path, other.why_not())),
        }
    }
    let identity = worker
        .paths
        .kubeconfig
        .as_ref()
        .map(|kubeconfig| worker.facts.identity(kubeconfig, &worker.paths.node, &worker.paths.server));
    let named: Vec<String> = match identity {
        Some(Known::Yes(Some(identity))) => identity.files.values().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    for path in &worker.paths.files {
        // What the kubeconfig names too is judged there.
        if matches!(worker.facts.file(path), Known::Yes(None)) && !named.contains(path) {
            found.add(gone(path, "the kubelet is told to read it", "a backup"));
        }
    }
}

/// The folder of static pods, where it has one.
fn static_pods(worker: &FoundWorker, found: &mut Findings) {
    let Some(folder) = &worker.paths.manifests else { return };
    match worker.facts.folder(folder) {
        Known::Yes(None) => found.add(
            Problem::new(ProblemCode::File05, format!("the folder of static pods {folder} is gone"))
                .seen("the kubelet is told to watch it")
                .repair("make it again", vec![Action::MakeDir { path: folder.clone(), mode: "0755" }]),
        ),
        _ => manifests(worker.facts, folder, found),
    }
}
