//! What of the machine itself keeps a kubelet that no plan tells of from starting, or its pods from each other: swap and the
//! kernel. It is judged as the steps judge it, where it concerns this worker at all.

use std::net::IpAddr;

use super::differs;
use super::findings::Findings;
use super::found_paths::FoundWorker;
use super::journal;
use crate::plan::action::Action;
use crate::plan::code::ProblemCode;
use crate::plan::fact::{Facts, Known};
use crate::plan::kernel_fact::KernelFact;
use crate::plan::problem::Problem;
use crate::plan::remote::Remote;
use crate::runtime::of_facts;
use crate::step;

/// Swap is on and its kubelet, which was not told to put up with it, does not run.
pub(super) fn swap(worker: &FoundWorker, found: &mut Findings) {
    let on = worker.facts.machine().yes().is_some_and(|machine| machine.swap);
    let down = found.has(&[ProblemCode::Kubelet04, ProblemCode::Kubelet14]);
    if !(on && down && worker.paths.fails_on_swap == Some(true)) {
        return;
    }
    let mut problem = step::swap_refused()
        .seen("neither its flags nor its configuration let it start with swap (failSwapOn)");
    if found.has(&[ProblemCode::Kubelet04])
        && let Some(told) = journal::why_it_ends(worker.facts, worker.name)
    {
        if told.code == ProblemCode::Swap01 {
            problem.evidence.extend(told.evidence);
        } else {
            // It ends for that before it looks at swap.
            found.add(told);
        }
    }
    found.add(problem);
}

/// Its kubelet is told an address that the machine does not have: it runs, its node keeps the addresses that it had, and a new
/// one gets none (Kubernetes 1.37, `pkg/kubelet/nodestatus/setters.go`). `0.0.0.0` and `::` only say which family it prefers.
pub(super) fn address(worker: &FoundWorker, found: &mut Findings) {
    let Some(told) = worker.paths.address.filter(|address| !address.is_unspecified()) else { return };
    let Some(machine) = worker.facts.machine().yes().copied() else { return };
    let of_its_kind = |text: &&Remote<String>| {
        text.to_string().parse::<IpAddr>().is_ok_and(|own| own.is_ipv4() == told.is_ipv4())
    };
    let is_it = |text: &&Remote<String>| text.to_string().parse() == Ok(told);
    let mut own = machine.addresses.iter().filter(of_its_kind).peekable();
    if own.peek().is_none() || machine.addresses.iter().any(|text| is_it(&text)) {
        return;
    }
    let own: Vec<String> = own.map(ToString::to_string).collect();
    found.add(
        Problem::new(
            ProblemCode::Address01,
            format!("the kubelet of {} is told an address that is on no interface there", worker.name),
        )
        .seen(format!("--node-ip is {told}, the machine has {}", own.join(", ")))
        .seen("a kubelet does not tell the API of it: the node keeps the addresses that it had, and a new one gets none")
        .manual(
            "mend --node-ip where it stands (systemctl cat kubelet, and the files of variables that it names), or the machine's \
             addresses; then: systemctl restart kubelet",
        ),
    );
}

/// What the kernel is missing; `ranges` are those of the node's pods, as far as the API told them.
pub(super) fn kernel(worker: &FoundWorker, ranges: &[Remote<String>], found: &mut Findings) {
    let fact = match worker.facts.kernel() {
        Known::Yes(fact) => fact,
        Known::No(why) => return found.add(Problem::unknown("the kernel", &why)),
        Known::NotAsked => return,
    };
    let (mut faults, mut problem) = (Vec::new(), None::<Problem>);
    let mut well = true;
    for action in step::kernel_lacks(fact) {
        match matters(&action, fact, worker.facts, ranges) {
            Matters::Fault(why) => faults.push((action, why)),
            Matters::Note(text) => {
                well = false;
                found.notes.push(text);
            }
            Matters::Not => {}
        }
    }
    for (action, why) in faults {
        let Some(one) = differs::fault(&action, "kernel", worker.facts, &[]) else { continue };
        let one = one.seen(why);
        match &mut problem {
            None => problem = Some(one),
            Some(all) => {
                all.evidence.extend(
                    one.evidence.into_iter().filter(|line| !all.evidence.contains(line)).collect::<Vec<_>>(),
                );
                all.ways.extend(one.ways);
            }
        }
    }
    match problem {
        Some(problem) => found.add(problem.manual(
            "so that it stays: name modules in /etc/modules-load.d/*.conf, and settings in /etc/sysctl.d/*.conf",
        )),
        None if well => found.well.push("kernel: nothing is missing that its pods are known to need".to_owned()),
        None => {}
    }
}

/// What it means for this worker that its kernel lacks something.
#[derive(Debug, PartialEq, Eq)]
enum Matters {
    /// Its pods need it, and why.
    Fault(&'static str),
    /// They may need it.
    Note(String),
    /// They do not, as far as is known.
    Not,
}

fn matters(action: &Action, fact: &KernelFact, facts: &Facts, ranges: &[Remote<String>]) -> Matters {
    let (v6, v4): (Vec<String>, Vec<String>) =
        ranges.iter().map(ToString::to_string).partition(|range| range.contains(':'));
    let fault = |when: bool, why| if when { Matters::Fault(why) } else { Matters::Not };
    match action {
        Action::LoadModule { name } if name == "overlay" => fault(
            of_facts::is_on_overlayfs(facts),
            "containerd keeps containers on overlayfs, which this kernel does not have now",
        ),
        Action::LoadModule { .. } => fault(
            of_facts::is_bridged(facts),
            "its pods are on a bridge, and br_netfilter, which lets services work between pods of one node, is not there",
        ),
        Action::SetSysctl { key, .. } if key.starts_with("net.bridge.") => {
            let own =
                if key.ends_with("ip6tables") { !v6.is_empty() } else { ranges.is_empty() || !v4.is_empty() };
            fault(
                own && of_facts::is_bridged(facts),
                "its pods are on a bridge, and packets between them pass by the rules of services",
            )
        }
        Action::SetSysctl { key, .. } if fact.sysctls.get(key).is_none_or(|value| *value != "0") => {
            Matters::Not
        }
        Action::SetSysctl { .. } if !v4.is_empty() => Matters::Fault(
            "the node's pods have IPv4 addresses, and the kernel forwards none of their packets",
        ),
        Action::SetSysctl { key, .. } if v6.is_empty() => Matters::Note(format!(
            "{key} is 0: packets of pods with IPv4 addresses are forwarded only where an interface has a setting of its own"
        )),
        _ => Matters::Not,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::super::found_paths::FoundPaths;
    use super::*;
    use crate::doctor::kubelet;
    use crate::plan::containerd_fact::{ContainerdFact, NetworkFile, NetworkFolders};
    use crate::plan::fact::{Fact, FactQuery, Machine};
    use crate::plan::found::KubeletStart;
    use crate::plan::runtime_fact::RuntimeFact;
    use crate::plan::unit::UnitFact;

    /// What is found of a machine whose kubelet is in this state.
    fn judged(facts: &Facts, paths: &FoundPaths, ranges: &[&str]) -> Findings {
        let worker = FoundWorker { name: "w1", facts, asked_ms: 0, paths, now: Timestamp::UNIX_EPOCH };
        let mut found = Findings::default();
        for problem in kubelet::faults(facts, "w1", None) {
            found.add(problem);
        }
        swap(&worker, &mut found);
        let ranges: Vec<Remote<String>> = ranges.iter().map(|range| (*range).into()).collect();
        kernel(&worker, &ranges, &mut found);
        found
    }

    fn codes(found: &Findings) -> Vec<ProblemCode> {
        found.faults.iter().map(|problem| problem.code).collect()
    }

    fn unit(active: &str, sub: &str, journal: &[&str]) -> Known<Fact> {
        Known::Yes(Fact::Unit(UnitFact {
            load: "loaded".into(),
            active: active.into(),
            sub: sub.into(),
            journal: journal.iter().map(|line| (*line).into()).collect(),
            ..UnitFact::default()
        }))
    }

    fn told(flags: &[(&str, &str)]) -> FoundPaths {
        let flags = flags.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        FoundPaths::of_flags(&KubeletStart { flags, ..KubeletStart::default() }, "w1")
    }

    #[test]
    fn an_address_that_it_is_told_and_the_machine_does_not_have_is_a_fault() {
        let judged = |told_ip: &str, own: &[&str]| {
            let mut facts = Facts::default();
            let addresses = own.iter().map(|text| (*text).into()).collect();
            let machine = Machine { addresses, ..Machine::default() };
            facts.learn(FactQuery::Machine, Known::Yes(Fact::Machine(machine)));
            let paths = told(&[("node-ip", told_ip)]);
            let worker = FoundWorker {
                name: "w1",
                facts: &facts,
                asked_ms: 0,
                paths: &paths,
                now: Timestamp::UNIX_EPOCH,
            };
            let mut found = Findings::default();
            address(&worker, &mut found);
            codes(&found)
        };
        assert_eq!(judged("10.0.0.9", &["10.0.0.1", "fd00::1"]), [ProblemCode::Address01]);
        for (told_ip, own) in [
            ("10.0.0.1", &["10.0.0.1"][..]),
            ("fd00:0::1", &["10.0.0.1", "fd00::1"]),
            // It says which family is preferred; none is told; the addresses of that kind were not read.
            ("0.0.0.0", &["10.0.0.1"]),
            ("::", &["10.0.0.1"]),
            ("10.0.0.9,fd00::9", &["10.0.0.1"]),
            ("10.0.0.9", &[]),
            ("10.0.0.9", &["fd00::1"]),
        ] {
            assert!(judged(told_ip, own).is_empty(), "{told_ip}");
        }
    }

    #[test]
    fn swap_is_a_fault_only_where_the_kubelet_does_not_run_and_was_not_told_to_put_up_with_it() {
        let mut facts = Facts::default();
        facts.learn(
            FactQuery::Machine,
            Known::Yes(Fact::Machine(Machine { swap: true, ..Machine::default() })),
        );
        let kubelet = FactQuery::Unit("kubelet".to_owned());
        let ended = unit("activating", "auto-restart", &["running with swap on is not supported"]);
        let plain = told(&[]).with_config("kind: KubeletConfiguration");
        facts.learn(kubelet.clone(), ended);
        let found = judged(&facts, &plain, &[]);
        assert_eq!(codes(&found), [ProblemCode::Kubelet04, ProblemCode::Swap01]);
        assert!(found.faults[1].evidence.concat().contains("its journal: running"), "{:?}", found.faults[1]);
        // It may be of before 1.8, or what it is told is in files that were not read.
        let more = told(&[("config-dir", "/etc/kubelet.d")]).with_config("kind: KubeletConfiguration");
        for paths in [
            told(&[]),
            more,
            told(&[("fail-swap-on", "false")]).with_config("failSwapOn: true"),
            told(&[]).with_config("failSwapOn: false"),
        ] {
            assert_eq!(codes(&judged(&facts, &paths, &[])), [ProblemCode::Kubelet04], "{paths:?}");
        }
        assert_eq!(codes(&judged(&facts, &told(&[("fail-swap-on", "true")]), &[])).len(), 2);
        // What it ends for first is told too.
        facts.learn(kubelet.clone(), unit("failed", "failed", &["E1130 unknown flag: --x"]));
        let found = judged(&facts, &plain, &[]);
        assert_eq!(codes(&found), [ProblemCode::Kubelet04, ProblemCode::Kubelet02, ProblemCode::Swap01]);
        facts.learn(kubelet, unit("active", "running", &[]));
        assert!(codes(&judged(&facts, &plain, &[])).is_empty());
    }

    fn with_kernel(kernel: KernelFact, network: &str, snapshotter: &str) -> Facts {
        let mut facts = Facts::default();
        facts.learn(FactQuery::Unit("kubelet".to_owned()), unit("active", "running", &[]));
        facts.learn(FactQuery::Kernel(Vec::new()), Known::Yes(Fact::Kernel(Box::new(kernel))));
        let files = vec![NetworkFile { name: "10-net.conf".into(), text: network.into(), cut: false }];
        let containerd = ContainerdFact {
            dump: format!(
                "version = 3\n[plugins.'io.containerd.cri.v1.images']\nsnapshotter = '{snapshotter}'\n"
            )
            .as_str()
            .into(),
            network: NetworkFolders { files, ..NetworkFolders::default() },
            ..ContainerdFact::default()
        };
        let runtime = RuntimeFact { containerd: Some(containerd), ..RuntimeFact::default() };
        facts.learn(FactQuery::Runtime, Known::Yes(Fact::Runtime(Box::new(runtime))));
        facts
    }

    #[test]
    fn the_kernel_is_judged_by_what_the_pods_of_this_worker_need() {
        let bridge = r#"{"name":"n","type":"bridge"}"#;
        let other = r#"{"name":"n","type":"cilium-cni"}"#;
        let off = |keys: &[&str]| KernelFact {
            sysctls: keys.iter().map(|key| ((*key).to_owned(), "0".into())).collect::<BTreeMap<_, _>>(),
            ..KernelFact::default()
        };
        // Without a bridge, overlayfs or IPv4 nothing of it is needed.
        let facts = with_kernel(off(&["net.ipv4.ip_forward"]), other, "zfs");
        let found = judged(&facts, &told(&[]), &["fd00::/64"]);
        assert!(codes(&found).is_empty() && found.notes.is_empty(), "{:?} {:?}", found.faults, found.notes);
        // Nobody knows of which family its pods are.
        let found = judged(&facts, &told(&[]), &[]);
        assert!(
            codes(&found).is_empty() && found.notes.len() == 1 && found.well.is_empty(),
            "{:?}",
            found.notes
        );
        let found = judged(&facts, &told(&[]), &["10.0.1.0/24"]);
        assert_eq!(codes(&found), [ProblemCode::Kernel03]);
        assert!(found.faults[0].evidence.concat().contains("IPv4"), "{:?}", found.faults);
        // All that a bridge and overlayfs need, as one fault.
        let facts = with_kernel(off(&[]), bridge, "overlayfs");
        let found = judged(&facts, &told(&[]), &["10.0.1.0/24"]);
        assert_eq!(codes(&found), [ProblemCode::Kernel03]);
        let said = found.faults[0].evidence.join("\n");
        for part in ["overlay", "br_netfilter", "net.bridge.bridge-nf-call-iptables"] {
            assert!(said.contains(part), "no {part}: {said}");
        }
        assert!(!said.contains("ip6tables") && !said.contains("ip_forward"), "{said}");
        let mut whole =
            KernelFact { overlay: true, bridge: true, ..off(&["net.bridge.bridge-nf-call-ip6tables"]) };
        for key in ["net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables"] {
            whole.sysctls.insert(key.to_owned(), "1".into());
        }
        let found = judged(&with_kernel(whole, bridge, "overlayfs"), &told(&[]), &["10.0.1.0/24"]);
        assert!(codes(&found).is_empty() && found.notes.is_empty() && found.well.len() == 1);
    }
}
