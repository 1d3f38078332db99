//! What the facts of a machine say of its runtime, whichever it is.

use super::containerd_config::{Merged, Release};
use super::pod_network::{MadeNetwork, NetworkFound};
use super::{containerd, docker};
use crate::plan::code::ProblemCode;
use crate::plan::containerd_fact::ContainerdFact;
use crate::plan::fact::{FactQuery, Facts, Known, Machine};
use crate::plan::problem::{Problem, Verdict};
use crate::plan::runtime_fact::{DockerFact, RuntimeFact, RuntimeKind};

impl Facts {
    /// What containerd said.
    pub fn containerd(&self) -> Known<&ContainerdFact> {
        match self.runtime() {
            Known::Yes(RuntimeFact { containerd: Some(containerd), .. }) => Known::Yes(containerd),
            Known::Yes(_) => Known::No("containerd is not installed".to_owned()),
            Known::No(why) => Known::No(why),
            Known::NotAsked => Known::NotAsked,
        }
    }

    /// The Docker engine.
    pub fn docker(&self) -> Known<&DockerFact> {
        match self.runtime() {
            Known::Yes(RuntimeFact { docker: Some(docker), .. }) => Known::Yes(docker),
            Known::Yes(_) => Known::No("docker is not installed".to_owned()),
            Known::No(why) => Known::No(why),
            Known::NotAsked => Known::NotAsked,
        }
    }
}

/// What is asked of every worker before its runtime is known.
pub fn queries() -> Vec<FactQuery> {
    let unit = |kind: RuntimeKind| FactQuery::Unit(kind.name().to_owned());
    vec![
        unit(RuntimeKind::Docker),
        unit(RuntimeKind::Containerd),
        FactQuery::File { path: docker::DAEMON.to_owned(), content: true },
    ]
}

/// Its version, or why it does not answer.
pub fn version(runtime: RuntimeKind, facts: &Facts) -> Known<Result<String, String>> {
    let told = |version: String, error: String| if version.is_empty() { Err(error) } else { Ok(version) };
    match runtime {
        RuntimeKind::Docker => match facts.docker() {
            Known::Yes(fact) => Known::Yes(told(fact.version.to_string(), fact.error.to_string())),
            Known::No(why) => Known::No(why),
            Known::NotAsked => Known::NotAsked,
        },
        RuntimeKind::Containerd => match facts.containerd() {
            Known::Yes(fact) => Known::Yes(told(fact.server.to_string(), fact.error.to_string())),
            Known::No(why) => Known::No(why),
            Known::NotAsked => Known::NotAsked,
        },
    }
}

/// Why a runtime that is there does not answer, with its name.
pub fn silent(facts: &Facts) -> Option<String> {
    RuntimeKind::ALL.into_iter().find_map(|kind| match version(kind, facts) {
        Known::Yes(Err(why)) => Some(format!("{}: {why}", kind.name())),
        Known::Yes(Ok(_)) | Known::No(_) | Known::NotAsked => None,
    })
}

/// What it means that an action ended with these words, when they are those of a runtime that does not answer.
pub fn refused(said: &str, what: &str) -> Option<Problem> {
    docker::refused(said, what)
}

/// Why the runtime that a machine has does not answer; `None` = it does, or there is none.
pub fn trouble(facts: &Facts) -> Option<Problem> {
    match found(facts)? {
        RuntimeKind::Containerd => {
            let fact = facts.containerd();
            containerd::unanswered(fact.yes()?, facts.unit(RuntimeKind::Containerd.name()).yes().copied())
        }
        RuntimeKind::Docker => docker::verdicts(facts, false).into_iter().find_map(|verdict| match verdict {
            Verdict::Stops(problem) => Some(problem),
            Verdict::Ok { .. } | Verdict::Warning { .. } => None,
        }),
    }
}

/// Whether it was found on the machine, whatever it answers.
pub fn is_there(runtime: RuntimeKind, facts: &Facts) -> bool {
    match runtime {
        RuntimeKind::Docker => facts.docker().yes().is_some(),
        RuntimeKind::Containerd => facts.containerd().yes().is_some(),
    }
}

/// The one that a machine has, when it is not known what its kubelet needs; `None` = none answers to its name.
pub fn found(facts: &Facts) -> Option<RuntimeKind> {
    let Known::Yes(fact) = facts.runtime() else { return None };
    match (&fact.docker, &fact.containerd) {
        (_, Some(_)) => Some(RuntimeKind::Containerd),
        (Some(_), None) => Some(RuntimeKind::Docker),
        (None, None) => None,
    }
}

/// Whether this is the file that a runtime reads its configuration from, and it is there.
pub fn reads(facts: &Facts, path: &str) -> bool {
    facts.containerd().yes().is_some_and(|fact| fact.file.path == path && fact.file.text.is_some())
}

/// It makes cgroups through systemd.
pub fn systemd_cgroups(runtime: RuntimeKind, facts: &Facts) -> bool {
    match runtime {
        RuntimeKind::Docker => facts.docker().yes().is_some_and(|docker| docker.cgroup_driver == "systemd"),
        RuntimeKind::Containerd => facts
            .containerd()
            .yes()
            .and_then(|fact| Merged::read(fact.dump.untrusted()).ok()?.systemd_cgroup)
            .unwrap_or(false),
    }
}

/// Whether containerd makes cgroups through systemd, and whether it tells a kubelet that asks; `None` = that is not known.
pub fn cgroups_of_containerd(facts: &Facts) -> Option<(bool, bool)> {
    let fact = facts.containerd();
    let fact = fact.yes().filter(|fact| !fact.dump.is_empty())?;
    let release = Release::parse(fact.server.untrusted())?;
    let merged = Merged::read(fact.dump.untrusted()).ok()?;
    Some((merged.systemd_cgroup.unwrap_or(false), release.tells_driver()))
}

/// By which it is told that a runtime does not run or fails.
pub fn down(runtime: RuntimeKind) -> [ProblemCode; 2] {
    match runtime {
        RuntimeKind::Docker => [ProblemCode::Docker01, ProblemCode::Docker03],
        RuntimeKind::Containerd => [ProblemCode::Containerd01, ProblemCode::Containerd03],
    }
}

/// containerd serves kubelets and keeps containers on overlayfs, which is its default.
pub fn is_on_overlayfs(facts: &Facts) -> bool {
    let fact = facts.containerd();
    let dump = fact.yes().map(|fact| &fact.dump).filter(|dump| !dump.is_empty());
    let merged = dump.and_then(|dump| Merged::read(dump.untrusted()).ok());
    merged.is_some_and(|merged| !merged.cri_off && merged.snapshotter.is_none_or(|name| name == "overlayfs"))
}

/// The network of pods that CRI takes of its folder; `None` = none, or nobody looked.
pub fn network(facts: &Facts) -> Option<MadeNetwork> {
    NetworkFound::read(&facts.containerd().yes()?.network).network().cloned()
}

/// Whether this containerd needs no plugin for the loopback device.
pub fn own_loopback(fact: &ContainerdFact) -> bool {
    Merged::read(fact.dump.untrusted()).is_ok_and(|merged| merged.own_loopback)
}

/// That network is a bridge.
pub fn is_bridged(facts: &Facts) -> bool {
    network(facts).is_some_and(|network| network.plugins.iter().any(|plugin| plugin == "bridge"))
}

/// Where it keeps its images, and what is free there, MiB; `None` = not known.
pub fn images_place(runtime: RuntimeKind, facts: &Facts, machine: &Machine) -> (String, Option<u64>) {
    match runtime {
        RuntimeKind::Docker => docker::images_place(facts.docker().yes().copied(), machine),
        RuntimeKind::Containerd => match facts.containerd() {
            Known::Yes(fact) if !fact.root.is_empty() => (fact.root.to_string(), fact.free_mib),
            Known::Yes(_) | Known::No(_) | Known::NotAsked => ("/var/lib/containerd".to_owned(), None),
        },
    }
}

/// Its images have ids of their own making, so that only a name tells one from another.
pub fn names_alone(facts: &Facts) -> bool {
    facts.docker().yes().is_some_and(|fact| docker::names_alone(fact))
}

/// CRI lists no container for what holds a pod's network; docker does.
pub fn lists_pause(runtime: RuntimeKind) -> bool {
    runtime == RuntimeKind::Docker
}

#[cfg(test)]
mod tests {
    use super::{FactQuery, Facts, Known, Machine, RuntimeFact, RuntimeKind, images_place};
    use crate::plan::containerd_fact::ContainerdFact;
    use crate::plan::fact::Fact;

    #[test]
    fn where_containerd_keeps_its_images_is_looked_at_and_not_where_docker_would() {
        let containerd =
            ContainerdFact { root: "/data/c".into(), free_mib: Some(1), ..ContainerdFact::default() };
        let mut facts = Facts::default();
        let fact = RuntimeFact { docker: None, containerd: Some(containerd) };
        facts.learn(FactQuery::Runtime, Known::Yes(Fact::Runtime(Box::new(fact))));
        let place = images_place(RuntimeKind::Containerd, &facts, &Machine::default());
        assert_eq!(place, ("/data/c".to_owned(), Some(1)));
    }
}
