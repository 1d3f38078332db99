//! Prerequisites: what the post takes for granted, each a fact with a verdict. What stops is said before
//! anything on the machine is changed.

use openssl::x509::X509;

use super::definition::{Step, StepId};
use super::input::StepInput;
use super::state::{StepState, state, unknown};
use super::{disk, program_list, runtime, versions};
use crate::plan::action::{Action, Content};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Known, Machine};
use crate::plan::minors;
use crate::plan::model::{Plan, Worker};
use crate::plan::plan_field::PlanField;
use crate::plan::problem::{Problem, Verdict};
use crate::plan::programs::CONTAINERD;
use crate::plan::remote;
use crate::plan::runtime_fact::RuntimeKind;
use crate::plan::wishes::{CgroupV1, SwapPolicy};
use crate::profile::{self, KUBELET, Profile};
use crate::runtime::of_facts;

/// A clock this far off is worth a word, milliseconds.
pub const CLOCK_WARN: i64 = 5_000;
/// Certificates start five minutes back; a clock further behind than this refuses them, milliseconds.
const CLOCK_STOP: i64 = 240_000;

/// The step.
pub struct Prerequisites;

impl Step for Prerequisites {
    fn id(&self) -> StepId {
        StepId("prerequisites")
    }

    fn title(&self) -> &'static str {
        "Prerequisites"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["connect"]
    }

    fn queries(&self, plan: &Plan, worker: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        let api = &plan.cluster.api;
        let mut wants = vec![
            FactQuery::Machine,
            FactQuery::Runtime,
            FactQuery::Unit("kubelet".to_owned()),
            FactQuery::Unit("flanneld".to_owned()),
            FactQuery::Tls { host: api.host.clone(), port: api.port },
        ];
        wants.extend(of_facts::queries());
        if api.host.parse::<std::net::IpAddr>().is_err() {
            wants.push(FactQuery::Lookup(api.host.clone()));
        }
        if let Some(worker) = worker {
            wants.push(FactQuery::Kubelet {
                path: KUBELET.to_owned(),
                flags: profile::flag_sets(plan, worker),
            });
        }
        wants
    }

    fn barrier(&self) -> bool {
        true
    }

    fn look(&self, cx: &StepInput) -> StepState {
        state((|| {
            let worker = cx.the_worker()?;
            match cx.facts.kubelet(KUBELET) {
                Known::Yes(None) if worker.kubelet.is_none() && program_list::kubelet_comes(cx) => {
                    return Ok(StepState::Done("no kubelet yet: it comes with the step Programs".to_owned()));
                }
                // The one that comes decides.
                Known::Yes(Some(kubelet)) if program_list::kubelet_comes(cx) => {
                    let version = &kubelet.version;
                    return Ok(StepState::Done(format!("{version}, replaced by the step Programs")));
                }
                Known::Yes(Some(_)) => {}
                Known::Yes(None) => {
                    let Some(file) = &worker.kubelet else { return Err(no_kubelet()) };
                    let sha256 = Some(file.sha256.clone());
                    return Ok(StepState::Todo(vec![Action::Put {
                        path: KUBELET.to_owned(),
                        content: Content::File { path: file.file.clone(), sha256 },
                        mode: "0755",
                        owner: "root:root",
                    }]));
                }
                other => return Err(unknown("the kubelet", other.why_not())),
            }
            let profile = cx.profile()?;
            let version = cx.kubelet_version().map(|version| version.to_string()).unwrap_or_default();
            Ok(StepState::Done(format!("kubelet {version}, profile {}", profile.name())))
        })())
    }

    fn verdicts(&self, cx: &StepInput) -> Vec<Verdict> {
        let Known::Yes(machine) = cx.facts.machine() else { return Vec::new() };
        // Without a kubelet, whatever there is.
        let of_api = || profile::choose(cx.cluster.version?, None).ok().map(Profile::runtime);
        let found = || of_facts::found(cx.facts).or_else(of_api).unwrap_or_default();
        let kind = cx.profile().map_or_else(|_| found(), Profile::runtime);
        let mut verdicts =
            if program_list::kubelet_comes(cx) { before_programs(cx) } else { runtime::verdicts(cx, kind) };
        verdicts.extend(wishes(cx));
        verdicts.extend(clock(cx, machine));
        verdicts.extend(disk::verdicts(machine, of_facts::images_place(kind, cx.facts, machine)));
        verdicts.extend(basics(cx, machine));
        verdicts.extend(addresses(cx, machine));
        verdicts.push(api(cx));
        verdicts.extend(flannel(cx));
        verdicts.extend(same_node(cx));
        verdicts.extend(versions::verdicts(cx));
        verdicts
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/prerequisites.md")
    }
}

fn no_kubelet() -> Problem {
    Problem::new(ProblemCode::Kubelet01, format!("there is no kubelet at {KUBELET}"))
        .edit(PlanField::KubeletFile, "workers[].kubelet: {file, sha256}, and gangplank copies it")
        .manual(format!("copy a kubelet to {KUBELET} on the worker (mode 0755)"))
}

/// The reference is the API's clock; this computer's where the API does not answer.
fn clock(cx: &StepInput, machine: &Machine) -> Vec<Verdict> {
    let Some(worker_ahead) = machine.ahead_ms(cx.asked_ms) else {
        return vec![Verdict::warning(
            "clock",
            "the worker's clock could not be read",
            "compare `date -u` by hand",
        )];
    };
    let api_ahead = cx.cluster.clock_ahead_ms.unwrap_or(0);
    let off = worker_ahead - api_ahead;
    let mut verdicts = Vec::new();
    if api_ahead.abs() >= CLOCK_WARN && worker_ahead.abs() >= CLOCK_WARN && off.abs() < CLOCK_WARN {
        verdicts.push(Verdict::warning(
            "clock of this computer",
            format!("it is {}, which agree", apart(-api_ahead, "the API and the worker")),
            "set this computer's clock; certificates start five minutes back",
        ));
    }
    let reference = if cx.cluster.clock_ahead_ms.is_some() { "the API" } else { "this computer" };
    verdicts.push(if off.abs() >= CLOCK_STOP {
        Verdict::Stops(
            Problem::new(ProblemCode::Clock01, format!("the worker's clock is {}", apart(off, reference)))
                .seen("a certificate signed now would not be valid there yet, or would seem to start in the past")
                .manual("set the clock on the worker: timedatectl set-ntp true, or date -s"),
        )
    } else if off.abs() >= CLOCK_WARN {
        Verdict::warning("clock", apart(off, reference), "let the worker use NTP")
    } else {
        Verdict::ok("clock", apart(off, reference))
    });
    verdicts
}

/// How far a clock is from another one.
fn apart(ms: i64, reference: &str) -> String {
    let text = match ms.abs() {
        0..1_000 => return format!("less than 1 s from {reference}"),
        off @ 1_000..120_000 => format!("{}.{} s", off / 1000, off % 1000 / 100),
        off @ 120_000..7_200_000 => format!("{} min", (off + 30_000) / 60_000),
        off => format!("{}.{} h", (off + 180_000) / 3_600_000, (off + 180_000) % 3_600_000 / 360_000),
    };
    if ms > 0 { format!("{text} ahead of {reference}") } else { format!("{text} behind {reference}") }
}

/// Swap is on where a kubelet was not told to put up with it (Kubernetes 1.37, `pkg/kubelet/cm/container_manager_linux.go`).
pub fn swap_refused() -> Problem {
    Problem::new(ProblemCode::Swap01, "swap is on; a kubelet since 1.8 refuses to start with it")
        .manual("swapoff -a, and take the line out of /etc/fstab")
}

fn basics(cx: &StepInput, machine: &Machine) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    if !machine.systemd {
        verdicts.push(Verdict::Stops(
            Problem::new(ProblemCode::Systemd01, "systemd does not run this machine")
                .manual("gangplank starts the kubelet as a systemd unit; use a machine with systemd"),
        ));
    }
    if machine.openssl.is_empty() {
        verdicts.push(Verdict::Stops(
            Problem::new(ProblemCode::Openssl01, "openssl is not installed on this worker")
                .seen("the private key is made on the worker and never leaves it")
                .manual("install the package openssl"),
        ));
    } else {
        verdicts.push(Verdict::ok("openssl", machine.openssl.clone()));
    }
    let modern = cx.profile().is_ok_and(|profile| profile != Profile::V1_2);
    if machine.swap {
        let told = cx.profile() == Ok(Profile::Current) && cx.plan.cluster.swap == SwapPolicy::NoSwap;
        verdicts.push(if told {
            let kept = cx.kubelet_version().is_some_and(|version| minors::NO_SWAP_FOR_PODS.holds(version));
            let pods = if kept { "pods get none" } else { "this kubelet does not keep pods from it" };
            Verdict::warning(
                "swap",
                format!("on, which the plan allows: {pods}"),
                "swapoff -a, unless the host needs it",
            )
        } else if modern {
            Verdict::Stops(swap_refused())
        } else {
            Verdict::ok("swap", "on, which this kubelet does not mind")
        });
    }
    verdicts.extend(cgroup_v1(cx, machine));
    if machine.cgroup == 2 && !modern {
        verdicts.push(Verdict::warning(
            "cgroups",
            "version 2, which v1.2 does not know",
            "boot with systemd.unified_cgroup_hierarchy=0",
        ));
    }
    // From 1.24 on the step Kernel sees to it.
    if !machine.ip_forward && cx.profile() != Ok(Profile::Current) {
        verdicts.push(Verdict::warning(
            "forwarding",
            "net.ipv4.ip_forward is 0",
            "sysctl -w net.ipv4.ip_forward=1, or pods reach nothing",
        ));
    }
    if machine.asks_itself && !machine.resolved && cx.profile() == Ok(Profile::Current) {
        verdicts.push(Verdict::warning(
            "name servers",
            "/etc/resolv.conf names this machine alone: a CoreDNS pod here asks itself, finds the loop and ends",
            "name a server there that pods can reach",
        ));
    }
    let runs = cx.facts.unit("kubelet").yes().is_some_and(|unit| unit.active == "active");
    if !runs && machine.listening.contains(&10250) {
        verdicts.push(Verdict::Stops(
            Problem::new(
                ProblemCode::Port01,
                "something listens on port 10250, and it is not the kubelet's unit",
            )
            .manual("find it with: ss -ltnp sport = :10250"),
        ));
    }
    verdicts
}

/// What the plan says and cannot be had on this worker.
fn wishes(cx: &StepInput) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let wished = cx.plan.cluster.runtime.kind();
    if let (Some(wished), Ok(profile), Some(version)) = (wished, cx.profile(), cx.kubelet_version())
        && profile.runtime() != wished
    {
        let needs = profile.runtime().name();
        verdicts.push(Verdict::Stops(
            Problem::new(
                ProblemCode::Version01,
                format!(
                    "the plan wants {}, and a kubelet {version} is set up here with {needs}",
                    wished.name()
                ),
            )
            .seen(Profile::RUNTIMES)
            .edit(PlanField::Runtime, "cluster.runtime: auto"),
        ));
    }
    verdicts.extend(kubelet_config(cx));
    verdicts
}

/// What is to say of the runtime of a worker whose kubelet is still to come: of the one that is there.
fn before_programs(cx: &StepInput) -> Vec<Verdict> {
    if cx.facts.containerd().yes().is_some() {
        return runtime::verdicts(cx, RuntimeKind::Containerd);
    }
    let other = RuntimeKind::default();
    let answers = matches!(of_facts::version(other, cx.facts), Known::Yes(Ok(_)));
    if !answers && program_list::comes(cx, CONTAINERD) {
        return Vec::new();
    }
    runtime::verdicts(cx, other)
}

/// What is to say of the fields that the plan adds to the kubelet's configuration.
fn kubelet_config(cx: &StepInput) -> Vec<Verdict> {
    let about = "kubelet config";
    let Some(fields) = cx.worker.map(|worker| &worker.kubelet_config).filter(|fields| !fields.is_empty())
    else {
        return Vec::new();
    };
    if cx.profile().is_ok_and(|profile| profile != Profile::Current) {
        let what = "the plan's fields are not written for a kubelet of this version";
        return vec![Verdict::warning(about, what, "leave them out, or use kubelet flags")];
    }
    let findings = profile::judge_map(fields, cx.kubelet_version());
    let (notices, wrong): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| finding.effect == profile::ConfigEffect::Notice);
    let owned = profile::owned_fields(fields);
    let owned =
        owned.iter().map(|one| format!("{} is gangplank's own: {}; {}", one.field, one.why, one.instead));
    let said: Vec<String> = owned.chain(wrong.iter().map(ToString::to_string)).collect();
    let mut verdicts: Vec<Verdict> = notices
        .into_iter()
        .map(|finding| Verdict::warning(about, format!("{}: {}", finding.field, finding.what), &finding.cure))
        .collect();
    if !said.is_empty() {
        let problem = Problem::new(ProblemCode::Kubelet10, "the plan's kubelet config cannot be used");
        let problem = said.into_iter().fold(problem, Problem::seen);
        verdicts.push(Verdict::Stops(
            problem.edit(PlanField::KubeletConfig, "workers[].kubelet_config, or that of the defaults"),
        ));
    }
    verdicts
}

/// A kubelet from 1.35 on refuses to start on cgroup v1 unless it is told to put up with it.
fn cgroup_v1(cx: &StepInput, machine: &Machine) -> Option<Verdict> {
    let refused = cx.kubelet_version().is_some_and(|version| minors::CGROUP_V1_REFUSED.holds(version));
    if machine.cgroup != 1 || !refused {
        return None;
    }
    Some(if cx.plan.cluster.cgroup_v1 == CgroupV1::Allow {
        Verdict::warning(
            "cgroups",
            "version 1, which the plan allows: the kubelet is told to start all the same (failCgroupV1: false)",
            "move the machine to cgroup v2 before Kubernetes gives v1 up",
        )
    } else {
        Verdict::Stops(
            Problem::new(ProblemCode::Cgroup01, "the machine is on cgroup v1, and this kubelet refuses to start there")
                .seen("a kubelet from v1.35 on has failCgroupV1: true")
                .edit(PlanField::CgroupV1, "cluster.cgroup_v1: allow, if it has to stay as it is")
                .manual("boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line; Debian 11, Ubuntu 21.10 and RHEL 9 have cgroup v2 by themselves"),
        )
    })
}

fn addresses(cx: &StepInput, machine: &Machine) -> Vec<Verdict> {
    let Some(worker) = cx.worker else { return Vec::new() };
    let mut verdicts = Vec::new();
    let address = worker.address.to_string();
    if machine.addresses.iter().any(|one| *one == address) {
        verdicts.push(Verdict::ok("address", format!("{address} is on an interface")));
    } else if machine.addresses.is_empty() {
        verdicts.push(Verdict::warning(
            "address",
            "the addresses of its interfaces could not be read (ip -o addr show)",
            "the kubelet ends when its --node-ip is on none of them",
        ));
    } else {
        verdicts.push(Verdict::Stops(
            Problem::new(ProblemCode::Address01, format!("{address} is on no interface of this machine"))
                .seen(format!("it has {}", remote::join(&machine.addresses, ", ")))
                .edit(
                    PlanField::WorkerAddress,
                    "workers[].address: the node's own address, as the masters reach it",
                ),
        ));
    }
    if !machine.hostname.to_string().eq_ignore_ascii_case(&worker.name) {
        if !cx.profile().is_ok_and(|profile| profile.overrides_name(cx.plan)) {
            verdicts.push(Verdict::Stops(
                Problem::new(
                    ProblemCode::Name01,
                    format!("the machine calls itself {}, the plan {}", machine.hostname, worker.name),
                )
                .seen("faithful to the post the kubelet registers under the machine's own name")
                .edit(PlanField::WorkerName, "workers[].name: the machine's own name")
                .edit(PlanField::Differences, "cluster.differences: {hostname-override: on}"),
            ));
            return verdicts;
        }
        verdicts.push(Verdict::warning(
            "name",
            format!("the machine calls itself {}", machine.hostname),
            "the node registers under the plan's name (--hostname-override)",
        ));
    }
    verdicts
}

/// The API as the worker sees it: it resolves, answers TLS, and its certificate is our CA's.
fn api(cx: &StepInput) -> Verdict {
    let address = &cx.plan.cluster.api;
    if let Known::Yes(found) = cx.facts.lookup(&address.host)
        && found.is_empty()
    {
        return Verdict::Stops(
            Problem::new(ProblemCode::Api20, format!("the worker cannot resolve {}", address.host))
                .manual(format!("add it to DNS, or to /etc/hosts on the worker: ADDRESS {}", address.host)),
        );
    }
    let about = "the API from the worker";
    let pem = match cx.facts.tls(&address.host, address.port) {
        Known::Yes(pem) => pem,
        other => {
            return Verdict::warning(
                about,
                format!("{} does not answer: {}", address.url(), other.why_not()),
                "host steps go on; the node cannot become Ready until it answers",
            );
        }
    };
    let Some(ca) = cx.ca else { return Verdict::ok(about, "it answers") };
    match chain_ends_at(pem, ca) {
        Ok(()) => Verdict::ok(about, format!("{} answers with a certificate of our CA", address.url())),
        Err(why) => Verdict::Stops(
            Problem::new(
                ProblemCode::Api21,
                format!("{} shows the worker a certificate our CA did not sign", address.url()),
            )
            .seen(why)
            .manual("use the CA that signed the API's certificate, or the right address"),
        ),
    }
}

fn chain_ends_at(pem: &str, ca: &crate::pki::CaInfo) -> Result<(), String> {
    let chain =
        X509::stack_from_pem(pem.as_bytes()).map_err(|_| "the certificate cannot be read".to_owned())?;
    let key = X509::from_der(&ca.cert.der)
        .and_then(|cert| cert.public_key())
        .map_err(|_| "the CA certificate cannot be read".to_owned())?;
    if chain.iter().any(|cert| cert.verify(&key).unwrap_or(false)) {
        return Ok(());
    }
    let issuer = chain.last().map(|cert| {
        cert.issuer_name()
            .entries()
            .filter_map(|entry| entry.data().to_string().ok())
            .collect::<Vec<_>>()
            .join(", ")
    });
    Err(format!("it was issued by {}; our CA is {}", issuer.unwrap_or_default(), ca.subject()))
}

fn flannel(cx: &StepInput) -> Vec<Verdict> {
    if cx.profile() != Ok(Profile::V1_2) {
        return Vec::new();
    }
    match cx.facts.unit("flanneld") {
        Known::Yes(unit) if unit.active == "active" => vec![Verdict::ok("flannel", "flanneld runs")],
        Known::Yes(_) | Known::No(_) | Known::NotAsked => vec![Verdict::warning(
            "flannel",
            "flanneld does not run as a unit",
            "without it, or routes of your own, pods on different nodes do not reach each other",
        )],
    }
}

/// A node of this name that is another machine must not be taken over silently.
fn same_node(cx: &StepInput) -> Vec<Verdict> {
    let (Some(worker), Some(nodes)) = (cx.worker, &cx.cluster.nodes) else { return Vec::new() };
    let Some(node) = nodes.iter().find(|node| node.name == worker.name) else { return Vec::new() };
    let address = worker.address.to_string();
    match &node.internal_ip {
        Some(other) if *other != address => vec![Verdict::Stops(
            Problem::new(
                ProblemCode::Node01,
                format!("the cluster has a node {} already, at {other}", worker.name),
            )
            .seen(format!("this worker is {address}"))
            .edit(PlanField::WorkerName, "workers[].name")
            .manual(format!(
                "if that machine is gone: kubectl delete node {}",
                shell_words::quote(&worker.name)
            )),
        )],
        Some(_) | None => vec![Verdict::ok("node", format!("{} is known to the API", worker.name))],
    }
}
