//! What is wrong with a worker that no plan tells of: judged by what its own unit, configuration, kubeconfig and
//! certificates say, and by what the API answers to its own identity. What is nobody's fault there, such as a path that
//! gangplank would not have taken, is none here.

use serde_json::{Value, json};

use super::diagnosis::{Cause, Diagnosis};
use super::findings::Findings;
use super::found_paths::FoundWorker;
use super::identity::{SHARED, gone, identity};
use super::judge::{beside, manifests, ordered};
use super::kubelet;
use super::layout::Layout;
use super::node::{self, Heard};
use super::{around, certificate_anew, flannel, machine, resolver};
use crate::kube::heartbeat::join_leases;
use crate::kube::{Node, ReadyState};
use crate::pki::{CaInfo, San, examine};
use crate::plan::action::{Action, Verb};
use crate::plan::check::typed_api;
use crate::plan::code::ProblemCode;
use crate::plan::fact::Known;
use crate::plan::found::{NodeIdentity, config_tree};
use crate::plan::problem::{Problem, Remedy};
use crate::runtime::of_facts;
use crate::step::ClusterFacts;
use jiff::Timestamp;

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
    if let Some(port) = worker.paths.healthz
        && matches!(facts.healthz(port), Known::Yes(_))
    {
        found.well.push(format!("kubelet: answers its health check on 127.0.0.1:{port}"));
    }
    files(worker, &mut found);
    certificate_anew::unread(worker, &mut found);
    let identity = identity(worker, layout, &mut found);
    static_pods(worker, &mut found);
    let proxy = proxy(worker, layout, &mut found);
    if let Some(identity) = identity {
        api(worker, identity, &mut found);
    }
    let nodes = identity.map(told_nodes).unwrap_or_default();
    machine::kernel(worker, nodes.first().map_or(&[], |node| &node.pod_ranges), &mut found);
    let reached = identity.is_some_and(|identity| identity.node.status.is_some());
    beside(facts, worker.name, (&worker.paths.api, reached), &mut found);
    let around = around::seen(facts, around::name_of(&worker.paths.api).as_deref());
    flannel::judge(facts, around, nodes.first(), &mut found);
    let other = around.zip(nodes.first()).and_then(|(seen, node)| around::other_machine(seen, node));
    found.notes.extend(other);
    resolver::judge(facts, worker.name, worker.paths.resolver(), &mut found);
    let mut diagnosis = ordered(facts, worker.name, found);
    for cause in &mut diagnosis.causes {
        without_plan(&mut cause.problem);
    }
    // A unit of its own does not end with the kubelet.
    diagnosis.causes.extend(proxy.map(|problem| Cause { problem, follows: Vec::new() }));
    if layout == Layout::Kubeadm {
        cannot_bootstrap(&mut diagnosis);
    }
    diagnosis
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

/// kube-proxy, where it is a unit of its own.
fn proxy(worker: &FoundWorker, layout: Layout, found: &mut Findings) -> Option<Problem> {
    let unit = worker.facts.unit("kube-proxy").yes().copied()?;
    if unit.load == "not-found" {
        if layout == Layout::HardWay {
            found.notes.push(
                "there is no unit kube-proxy: whether something else does its work was not asked".to_owned(),
            );
        }
        return None;
    }
    if unit.active == "active" && unit.stands_still().is_none() {
        found.well.push("kube-proxy: its unit runs".to_owned());
        return None;
    }
    let mut problem =
        Problem::new(ProblemCode::Container02, format!("kube-proxy does not run on {}", worker.name))
            .seen(format!("systemd says {} ({})", unit.active, unit.sub));
    for line in &unit.journal {
        problem = problem.seen(line.clone());
    }
    let service = |verb| vec![Action::Service { verb, unit: "kube-proxy".to_owned() }];
    let stopped = unit.active == "inactive" && unit.load == "loaded";
    let frozen = unit.active == "active" && (unit.state == "T" || unit.state == "Z");
    Some(if stopped {
        problem.repair("start it", service(Verb::Start))
    } else if frozen {
        problem.repair("restart it", service(Verb::Restart))
    } else {
        problem.manual("on the host: systemctl restart kube-proxy; journalctl -u kube-proxy -n 30 --no-pager")
    })
}

/// What the API says to the worker's own identity.
fn api(worker: &FoundWorker, identity: &NodeIdentity, found: &mut Findings) {
    let server = identity.server.to_string();
    let name = worker.name;
    let node = &worker.paths.node;
    let body = identity.node.body.to_string();
    // With these nobody could ask as it.
    let unasked = found.has(&[
        ProblemCode::Cert01,
        ProblemCode::Cert07,
        ProblemCode::Key01,
        ProblemCode::Key03,
        ProblemCode::File05,
    ]);
    let refused =
        found.has(&[ProblemCode::Cert04, ProblemCode::Cert05, ProblemCode::Cert12, ProblemCode::Cert13]);
    if identity.node.status.is_some() {
        served(worker, identity, found);
    }
    let look = "from the worker, with its own certificate:";
    match identity.node.status {
        // What is wrong with the certificate was said.
        Some(401) | None if unasked => {}
        Some(401) if refused => {}
        None if refused && body.contains("alert") => {}
        None => found.add(
            Problem::new(ProblemCode::Api24, format!("{name} cannot reach the API at {server}"))
                .seen(format!("{look} {body}"))
                .manual("look at the kubeconfig's server, at routes, firewall and load balancer between them"),
        ),
        Some(401) => found.add(
            Problem::new(ProblemCode::Api05, format!("the API does not know {name}"))
                .seen(format!("{look} {server} answers 401"))
                .seen("its certificate is alive and for its key: the API trusts another CA, or the cluster is another one")
                .manual("compare the CA of the cluster with the issuer of the certificate"),
        ),
        Some(403) => {
            let mut problem =
                Problem::new(ProblemCode::Api06, format!("the API does not let {name} see the node {node}"))
                    .seen(format!("{look} {server} answers 403"));
            if let Ok(cert) = examine(identity.cert.as_bytes()) {
                problem = problem.seen(format!("it says that it is {}", cert.subject_text()));
            }
            found.add(problem.manual(format!("a node's certificate says O=system:nodes and CN=system:node:{node}")));
        }
        // Something else may answer there, such as the balancer itself.
        Some(404) if !is_status(identity) => found.add(
            Problem::new(ProblemCode::Api04, format!("what answers at {server} is no Kubernetes API"))
                .seen(format!("{look} 404, and not in the words of an API server"))
                .manual("mend the kubeconfig's server, or the load balancer, then: systemctl restart kubelet"),
        ),
        Some(200 | 404) => the_node(worker, identity, found),
        Some(other) => {
            let why = format!("{server} answers {other}: {body}");
            found.add(Problem::unknown(&format!("the node {node}"), &why));
        }
    }
}

/// The answer is a `Status`, as an API server of any version says that there is no such object.
fn is_status(identity: &NodeIdentity) -> bool {
    identity.node.body.read::<Value>().is_some_and(|body| body.get("kind") == Some(&json!("Status")))
}

/// The certificate that the API shows there, by the CA and the address of the kubeconfig.
fn served(worker: &FoundWorker, identity: &NodeIdentity, found: &mut Findings) {
    let kubeconfig = worker.paths.kubeconfig.as_deref().unwrap_or_default();
    let Ok(address) = typed_api(&identity.server.to_string()) else { return };
    let Ok(ca) = CaInfo::load(identity.ca.as_bytes()) else {
        if !identity.has("certificate-authority") {
            // Those of the system count then.
            let why = format!("{kubeconfig} names no CA, and those of the system were not asked");
            found.add(Problem::unknown("whether the kubelet trusts the API's certificate", &why));
        }
        let gone = identity.gone.iter().any(|what| what == "certificate-authority");
        if identity.has("certificate-authority") && !gone {
            found.add(
                Problem::new(ProblemCode::Ca01, format!("the CA of {kubeconfig} cannot be read"))
                    .seen("the kubelet trusts no API without it")
                    .manual(format!(
                        "put the cluster's CA certificate there: certificate-authority-data: $(base64 -w0 ca.crt) in {kubeconfig}, then: \
                         systemctl restart kubelet"
                    )),
            );
        }
        return;
    };
    let Known::Yes(pem) = worker.facts.tls(&address.host, address.port) else { return };
    let Ok(shown) = examine(pem.as_bytes()) else { return };
    // Whoever sends more than one certificate may have another CA between.
    let alone = pem.matches("BEGIN CERTIFICATE").count() == 1;
    let its = format!("{}, issued by {}", shown.subject_text(), shown.issuer_text());
    if alone && !ca.any_signed(&shown) {
        found.add(
            Problem::new(
                ProblemCode::Api21,
                format!("{} is shown a certificate that the CA of its kubeconfig did not sign", worker.name),
            )
            .seen(format!("{}: {its}", address.url()))
            .seen(format!("the CA in {kubeconfig}: {}", ca.subject()))
            .manual(format!(
                "put the cluster's CA certificate into {kubeconfig}, or mend its server, then: systemctl restart kubelet"
            )),
        );
    } else if !fits(&shown.sans, &address.host) {
        let names: Vec<String> = shown.sans.iter().map(ToString::to_string).collect();
        found.add(
            Problem::new(ProblemCode::Api22, format!("the API's certificate is not for {}", address.host))
                .seen(format!("{}: {its}, for {}", address.url(), names.join(" ")))
                .manual(format!(
                    "name the API in {kubeconfig} as its certificate does, or give that the name"
                )),
        );
    } else if worker.now > shown.not_after {
        found.add(
            Problem::new(ProblemCode::Api22, "the API's certificate has expired")
                .seen(format!("{}: {its}, until {}", address.url(), shown.not_after))
                .manual("renew it on the masters"),
        );
    }
}

/// Whether one of the names is the host's; a star stands for its first part.
fn fits(names: &[San], host: &str) -> bool {
    let address: Option<std::net::IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    names.iter().any(|name| match (name, address) {
        (San::Ip(own), Some(address)) => *own == address,
        (San::Dns(own), None) => {
            let rest = |name: &str| name.split_once('.').map(|(_, rest)| rest.to_owned());
            own == host || own.strip_prefix("*.").is_some_and(|own| rest(host).as_deref() == Some(own))
        }
        _ => false,
    })
}

/// When the API heard of a kubelet, by the kubelet's own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeHeard {
    /// The API says that the node is Ready.
    pub ready: bool,
    /// When the kubelet wrote the status.
    pub status: Option<Timestamp>,
    /// When it was heard of last, by its status or its Lease.
    pub last: Option<Timestamp>,
}

/// What the API said of the node when it was asked as the worker; `None` = it did not tell of it.
pub fn heard_of(worker: &FoundWorker) -> Option<NodeHeard> {
    let kubeconfig = worker.paths.kubeconfig.as_ref()?;
    let identity = worker.facts.identity(kubeconfig, &worker.paths.node, &worker.paths.server);
    let Known::Yes(Some(identity)) = identity else { return None };
    let nodes = told_nodes(identity);
    let node = nodes.first().filter(|_| identity.node.status == Some(200))?;
    let ready = node.ready.state == ReadyState::Ready;
    Some(NodeHeard { ready, status: node.ready.heartbeat, last: node.heard() })
}

/// The node that the API told of, with its Lease; empty = it told of none.
fn told_nodes(identity: &NodeIdentity) -> Vec<Node> {
    let told = identity.node.body.read::<Value>();
    let mut nodes: Vec<Node> = told.as_ref().and_then(Node::from_json).into_iter().collect();
    if let (Some(200), Some(lease)) = (identity.lease.status, identity.lease.body.read::<Value>()) {
        join_leases(&mut nodes, &json!({"items": [lease]}));
    }
    nodes
}

fn the_node(worker: &FoundWorker, identity: &NodeIdentity, found: &mut Findings) {
    let mut nodes = told_nodes(identity);
    if identity.node.status == Some(200) && nodes.is_empty() {
        found.add(Problem::unknown("the node", "what the API answered is no node"));
        return;
    }
    if identity.node.status == Some(404) {
        nodes.clear();
    }
    let unit = worker.facts.unit("kubelet").yes().copied();
    let up_s = unit.filter(|unit| unit.active == "active").and_then(|unit| unit.up_s);
    // It was asked for the unit first, and then the API.
    let clock = worker.facts.machine().yes().map(|machine| machine.clock_ms);
    let since = identity.asked_ms.zip(clock).map_or(0, |(asked, clock)| asked.saturating_sub(clock).max(0));
    let up_s = up_s.map(|up| up.saturating_add(u64::try_from(since).unwrap_or(0).div_ceil(1000)));
    let heard = nodes.first().and_then(Node::heard).zip(identity.asked_ms);
    let heard = Heard { ago_ms: heard.map(|(at, asked)| asked.saturating_sub(at.as_millisecond())), up_s };
    found.heard_s = heard.seconds();
    let cluster = ClusterFacts { nodes: Some(nodes), ..ClusterFacts::default() };
    let word = node::read(&cluster, &worker.paths.node, heard);
    found.notes.extend(word.notes);
    found.well.extend(word.well);
    for problem in word.faults {
        found.add(problem);
    }
}
