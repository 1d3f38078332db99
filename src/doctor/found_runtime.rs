//! What a worker in no plan needs of its container runtime beside that it answers: the same driver of cgroups as its kubelet's,
//! the image that pods begin with, and the program that makes containers.

use super::findings::Findings;
use super::found_paths::FoundWorker;
use crate::plan::code::ProblemCode;
use crate::plan::containerd_fact::ContainerdFact;
use crate::plan::minors;
use crate::plan::model::Version;
use crate::plan::problem::{Problem, Verdict};
use crate::runtime::{of_facts, pod_network};

/// Judges it; `version` is that of the kubelet, where the API told it.
pub(super) fn judge(worker: &FoundWorker, version: Option<Version>, found: &mut Findings) {
    let fact = worker.facts.containerd();
    let Some(fact) = fact.yes() else { return };
    // What does not answer, or is not what the kubelet uses, is not judged further.
    if fact.server.is_empty() || of_facts::trouble(worker.facts).is_some() {
        return;
    }
    runc(worker, fact, found);
    driver(worker, fact, version, found);
    network(fact, found);
    if !fact.sandbox_image.is_empty() && fact.sandbox_there == Some(false) {
        found.notes.push(format!(
            "{}, the image that every pod begins with by containerd's configuration, is not there: it is pulled with the next pod, \
             which needs its registry; whether that answers was not asked",
            fact.sandbox_image
        ));
    }
}

/// containerd would start a program that it does not find: what runs goes on, and no further container starts.
fn runc(worker: &FoundWorker, fact: &ContainerdFact, found: &mut Findings) {
    let Some(program) = &fact.runc_absent else { return };
    let seen = if program.starts_with("/") {
        format!("{}: BinaryName of the runtime that is used when a pod names none", fact.file.path)
    } else {
        "no folder in the PATH of containerd's process has it".to_owned()
    };
    found.add(
        Problem::new(
            ProblemCode::Containerd11,
            format!("containerd on {} finds no {program}, which makes its containers", worker.name),
        )
        .seen(seen)
        .seen("containers that run go on; no further one starts")
        .manual("put it there (mode 0755), as runc's releases or the package runc have it; containerd needs no restart"),
    );
}

/// The network of pods, as far as there is one: a node is Ready with any file that can be read, whatever its pods reach by it.
fn network(fact: &ContainerdFact, found: &mut Findings) {
    for verdict in pod_network::verdicts(&fact.network, None, of_facts::own_loopback(fact)) {
        match verdict {
            Verdict::Stops(problem) if !found.has(&[problem.code]) => found.add(problem),
            Verdict::Stops(_) | Verdict::Warning { .. } | Verdict::Ok { .. } => {}
        }
    }
}

/// Who makes cgroups, on both sides.
fn driver(worker: &FoundWorker, fact: &ContainerdFact, version: Option<Version>, found: &mut Findings) {
    let Some(kubelet) = worker.paths.systemd_cgroups else { return };
    let Some((has, tells)) = of_facts::cgroups_of_containerd(worker.facts) else { return };
    let asks = version.is_none_or(|version| minors::CGROUP_DRIVER_OF_RUNTIME.holds(version));
    if has == kubelet || tells && asks {
        return;
    }
    let name = |systemd: bool| if systemd { "systemd" } else { "cgroupfs" };
    found.add(
        Problem::new(
            ProblemCode::Containerd08,
            format!("containerd makes cgroups by {}, the kubelet by {}", name(has), name(kubelet)),
        )
        .seen(if has {
            "no pod starts: the kubelet's paths are none that systemd takes"
        } else {
            "pods start, in the wrong place: what the kubelet reserves and limits does not hold"
        })
        .seen(format!("{}: SystemdCgroup = {has}", fact.file.path))
        .manual(format!(
            "on the host: SystemdCgroup = {kubelet} in the options of its runtime in {}, then: systemctl restart containerd kubelet",
            fact.file.path
        ))
        .manual(format!("or cgroupDriver: {} in the kubelet's configuration, then: systemctl restart kubelet", name(has))),
    );
}

#[cfg(test)]
mod tests {
    use super::super::found_paths::FoundPaths;
    use super::*;
    use crate::plan::containerd_fact::{NetworkFile, NetworkFolders};
    use crate::plan::fact::{Fact, FactQuery, Facts, Known};
    use crate::plan::found::KubeletStart;
    use crate::plan::runtime_fact::RuntimeFact;

    fn of(minor: u16) -> Version {
        Version { major: 1, minor, patch: 0 }
    }

    fn judged(server: &str, systemd: Option<bool>, kubelet: &str, version: Option<Version>) -> Findings {
        let table = "[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc.options]";
        let told = systemd.map_or_else(String::new, |on| format!("SystemdCgroup = {on}\n"));
        let fact = ContainerdFact {
            server: server.into(),
            dump: format!("version = 2\n{table}\n{told}").as_str().into(),
            sandbox_image: "registry.example/pause:3".into(),
            sandbox_there: Some(systemd.is_some()),
            runc_absent: (version == Some(of(1))).then(|| "runc".into()),
            ..ContainerdFact::default()
        };
        let mut facts = Facts::default();
        let runtime = RuntimeFact { docker: None, containerd: Some(fact) };
        facts.learn(FactQuery::Runtime, Known::Yes(Fact::Runtime(Box::new(runtime))));
        let paths = FoundPaths::of_flags(&KubeletStart::default(), "w1").with_config(kubelet);
        let now = jiff::Timestamp::UNIX_EPOCH;
        let worker = FoundWorker { name: "w1", facts: &facts, asked_ms: 0, paths: &paths, now };
        let mut found = Findings::default();
        judge(&worker, version, &mut found);
        found
    }

    #[test]
    fn drivers_of_cgroups_differ_only_where_the_kubelet_does_not_ask() {
        let differs = |server: &str, systemd, kubelet: &str, version| {
            let found = judged(server, systemd, kubelet, version);
            found.has(&[ProblemCode::Containerd08])
        };
        let systemd = "cgroupDriver: systemd";
        let new = Some(of(37));
        assert!(differs("1.7.24", Some(false), systemd, new));
        assert!(differs("1.6.20~ds1", None, systemd, None), "false is its default");
        assert!(
            differs("1.7.24", Some(true), "kind: KubeletConfiguration", new),
            "cgroupfs is the kubelet's"
        );
        assert!(!differs("1.7.24", Some(true), systemd, new));
        assert!(!differs("1.7.24", Some(false), "cgroupDriver: cgroupfs", new));
        for version in [new, None, Some(of(31))] {
            assert!(!differs("2.1.4", Some(false), systemd, version), "{version:?}");
        }
        assert!(differs("2.1.4", Some(false), systemd, Some(of(29))), "that one does not ask");
    }

    #[test]
    fn a_missing_runc_is_a_fault_and_a_missing_image_is_to_know() {
        let found = judged("2.4.2", Some(true), "", Some(of(37)));
        assert!(found.faults.is_empty() && found.notes.is_empty(), "{:?} {:?}", found.faults, found.notes);
        let found = judged("2.4.2", None, "", Some(of(37)));
        assert!(found.faults.is_empty() && found.notes.len() == 1 && found.notes[0].contains("pause:3"));
        assert!(judged("2.4.2", Some(true), "", Some(of(1))).has(&[ProblemCode::Containerd11]));
        let deaf = judged("", Some(false), "cgroupDriver: systemd", Some(of(1)));
        assert!(deaf.faults.is_empty(), "one that does not answer is told elsewhere");
    }

    #[test]
    fn of_the_network_of_pods_only_what_stands_there_and_does_not_work_is_a_fault() {
        let codes = |files: &[(&str, &str)]| {
            let files = files.iter().map(|(name, text)| NetworkFile {
                name: (*name).into(),
                text: (*text).into(),
                cut: false,
            });
            let fact = ContainerdFact {
                network: NetworkFolders { files: files.collect(), ..NetworkFolders::default() },
                ..ContainerdFact::default()
            };
            let mut found = Findings::default();
            network(&fact, &mut found);
            found.faults.iter().map(|problem| problem.code).collect::<Vec<_>>()
        };
        let loopback = r#"{"cniVersion":"0.4.0","name":"lo","type":"loopback"}"#;
        let bridge = r#"{"name":"n","plugins":[{"type":"bridge"}]}"#;
        assert_eq!(codes(&[("00-lo.conf", loopback), ("10-n.conflist", bridge)]), [ProblemCode::Network03]);
        assert_eq!(codes(&[("00-n.conflist", "{"), ("10-n.conflist", bridge)]), [ProblemCode::Network01]);
        assert!(codes(&[]).is_empty(), "that the node is not Ready says it");
    }
}
