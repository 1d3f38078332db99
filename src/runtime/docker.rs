//! Docker as a prerequisite: it answers, it is stopped, it is frozen, or it fails; and what a kubelet of 1.2 needs of
//! it.

use serde_json::{Value, json};

use crate::plan::action::{Action, Content, Verb};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{Facts, Known, Machine};
use crate::plan::problem::{Problem, Verdict};
use crate::plan::runtime_fact::DockerFact;
use crate::plan::unit::UnitFact;

/// Docker's own configuration.
pub const DAEMON: &str = "/etc/docker/daemon.json";
/// Where it keeps its images unless it is told otherwise.
pub const ROOT: &str = "/var/lib/docker";
/// The first docker that gives each container an IPC namespace of its own.
const PRIVATE_IPC: (u32, u32) = (20, 10);

/// What is to say about docker; `joins_ipc` = the kubelet joins a pod's containers to the IPC of its pause container,
/// which must then be shareable.
pub fn verdicts(facts: &Facts, joins_ipc: bool) -> Vec<Verdict> {
    match facts.docker() {
        Known::Yes(docker) if !docker.version.is_empty() => {
            let seen = format!("{}, {}, cgroups by {}", docker.version, docker.storage, docker.cgroup_driver);
            let mut verdicts = vec![Verdict::ok("docker", seen)];
            verdicts.extend(private_ipc(facts, docker).filter(|_| joins_ipc).map(Verdict::Stops));
            verdicts
        }
        Known::Yes(docker) => vec![Verdict::Stops(silent(docker, facts.unit("docker").yes().copied()))],
        other => vec![Verdict::Stops(Problem::unknown("docker", other.why_not()))],
    }
}

fn service(verb: Verb) -> Action {
    Action::Service { verb, unit: "docker".to_owned() }
}

/// A docker that gave no version: which of the reasons it is.
fn silent(docker: &DockerFact, unit: Option<&UnitFact>) -> Problem {
    let look = "look at: journalctl -u docker -n 30";
    let problem = |code, what: &str| Problem::new(code, what).seen(docker.error.clone());
    if docker.error == "docker is not installed" {
        return Problem::new(ProblemCode::Docker01, "docker is not installed on this worker")
            .manual("install docker, and start it: the kubelet runs every container through it");
    }
    let Some(unit) = unit else {
        let what = "docker does not answer on this worker";
        return problem(ProblemCode::Docker01, what)
            .repair("start docker", vec![service(Verb::Start)])
            .manual(look);
    };
    let state = format!("docker: {} ({})", unit.active, unit.sub);
    let still = unit.stands_still().filter(|_| unit.active == "active");
    if unit.active == "active" && (docker.frozen || still.is_some()) {
        let frozen =
            problem(ProblemCode::Docker02, "docker runs on this worker and does not answer: it is frozen")
                .seen(still.map_or(state.clone(), |why| format!("{state}; {why}")));
        let frozen = match unit.state.untrusted() {
            "T" => frozen.manual("let it go on, its containers stay: systemctl kill --signal=CONT docker"),
            "frozen" => frozen.manual("let it go on, its containers stay: systemctl thaw docker"),
            _ => frozen,
        };
        return frozen
            .repair(
                "restart docker (its containers end, unless live-restore is on)",
                vec![service(Verb::Restart)],
            )
            .manual(look);
    }
    match (unit.load.untrusted(), unit.active.untrusted()) {
        ("masked", _) => problem(ProblemCode::Docker01, "docker's unit is masked on this worker")
            .manual(format!("if it may run: systemctl unmask {}docker", unit.unmask_switch())),
        (_, "inactive" | "deactivating") => {
            problem(ProblemCode::Docker01, "docker is stopped on this worker")
                .seen(state)
                .repair("start docker", vec![service(Verb::Start)])
                .manual(look)
        }
        ("not-found", _) => problem(ProblemCode::Docker01, "docker does not answer on this worker")
            .seen("systemd knows no unit docker")
            .manual("start it as it is started on this machine"),
        (_, "active" | "reloading") => {
            problem(ProblemCode::Docker03, "docker runs on this worker and answers with an error")
                .seen(state)
                .manual(look)
        }
        _ => {
            let fails = problem(ProblemCode::Docker03, "docker does not stay up on this worker").seen(state);
            unit.journal.iter().fold(fails, |fails, line| fails.seen(line.clone())).manual(look)
        }
    }
}

/// A kubelet of 1.2 joins a pod's containers to the IPC of its pause container, which must then be shareable.
fn private_ipc(facts: &Facts, docker: &DockerFact) -> Option<Problem> {
    if version(docker.version.untrusted()).is_none_or(|is| is < PRIVATE_IPC) {
        return None;
    }
    if facts.unit("docker").yes().is_some_and(|unit| unit.shareable_ipc) {
        return None;
    }
    let text = match facts.file(DAEMON) {
        Known::Yes(None) => String::new(),
        Known::Yes(Some(file)) => {
            String::from_utf8_lossy(file.content.as_deref().unwrap_or_default()).into_owned()
        }
        Known::No(_) | Known::NotAsked => return None,
    };
    let config: Result<Value, _> =
        if text.trim().is_empty() { Ok(json!({})) } else { serde_json::from_str(&text) };
    let problem = |seen: &str| {
        Problem::new(
            ProblemCode::Docker04,
            "docker gives each container an IPC of its own, and the pods of a 1.2 kubelet never start with that",
        )
        .seen(format!("docker {}; {seen}", docker.version))
    };
    match config {
        Ok(Value::Object(mut config)) => {
            if config.get("default-ipc-mode").and_then(Value::as_str) == Some("shareable") {
                return None;
            }
            let restore = config.get("live-restore").and_then(Value::as_bool) == Some(true);
            config.insert("default-ipc-mode".to_owned(), json!("shareable"));
            let text = serde_json::to_string_pretty(&Value::Object(config)).unwrap_or_default() + "\n";
            let put = Action::Put {
                path: DAEMON.to_owned(),
                content: Content::Literal(text.into_bytes()),
                mode: "0644",
                owner: "root:root",
            };
            let folder = Action::MakeDir { path: "/etc/docker".to_owned(), mode: "0755" };
            let ends =
                if restore { "containers go on: live-restore is on" } else { "every running container ends" };
            Some(
                problem(&format!("{DAEMON} does not say \"default-ipc-mode\": \"shareable\""))
                    .seen(format!("docker must be restarted for it; {ends}"))
                    .repair(
                        format!("add it to {DAEMON} and restart docker ({ends})"),
                        vec![folder, put, service(Verb::Restart)],
                    )
                    .manual(format!("write it into {DAEMON} yourself, then: systemctl restart docker")),
            )
        }
        Ok(_) | Err(_) => Some(
            problem(&format!("{DAEMON} is no JSON object, so nothing can be added to it")).manual(format!(
                "write \"default-ipc-mode\": \"shareable\" into {DAEMON}, then: systemctl restart docker"
            )),
        ),
    }
}

/// Where it keeps its images, and what is free there, MiB.
pub(super) fn images_place(docker: Option<&DockerFact>, machine: &Machine) -> (String, Option<u64>) {
    match docker.filter(|docker| !docker.root.is_empty() && docker.root != ROOT) {
        Some(docker) => (docker.root.to_string(), docker.free_mib),
        None => (ROOT.to_owned(), machine.free_mib.get(ROOT).copied()),
    }
}

/// Docker before 1.10 makes ids of its own, and one that stores images with containerd shows the manifest's digest.
pub(super) fn names_alone(docker: &DockerFact) -> bool {
    let old = ["1.6.", "1.7.", "1.8.", "1.9."].iter().any(|old| docker.version.starts_with(old));
    old || docker.storage == "overlayfs"
}

/// What an action said that failed because docker did not answer.
pub fn refused(said: &str, what: &str) -> Option<Problem> {
    said.to_lowercase().contains("cannot connect to the docker daemon").then(|| {
        Problem::new(ProblemCode::Docker01, what)
            .repair("start docker", vec![service(Verb::Start)])
            .manual("look at: journalctl -u docker -n 30")
    })
}

/// Year and month, or major and minor, of docker's version.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
