//! What is wrong around a kubelet: the disks it writes to, its ports, the name of the API; and what the firewall refuses, as
//! evidence where the API is not reached.

use crate::kube::Node;
use crate::plan::code::ProblemCode;
use crate::plan::fact::{Facts, Known};
use crate::plan::problem::Problem;
use crate::plan::surroundings::{DiskFact, InotifyFact, InotifyKind, ListenerFact, Surroundings};

/// With fewer files left than this, in percent of all, a kubelet says DiskPressure (Kubernetes 1.37,
/// `pkg/kubelet/eviction/defaults_linux.go`: `nodefs.inodesFree`, `imagefs.inodesFree`).
const FEW_FILES: u64 = 5;
/// With less room left than this, in percent of all and in KiB, what writes there ends sooner or later.
const LITTLE_ROOM: (u64, u64) = (2, 1 << 20);
const LOGS: &str = "/var/log";
/// So many lines of kube-proxy's log are shown.
const LOG_LINES: usize = 3;
/// So many rules of a firewall are shown.
const RULES: usize = 6;

/// What was found; nothing where it was not asked.
pub(super) fn seen<'a>(facts: &'a Facts, name: Option<&str>) -> Option<&'a Surroundings> {
    facts.around(name).yes().copied()
}

/// What is wrong; `runs` is whether the kubelet runs.
pub(super) fn faults(around: &Surroundings, worker: &str, runs: bool) -> Vec<Problem> {
    let mut all = Vec::new();
    let mut mounts: Vec<String> = Vec::new();
    for disk in &around.disks {
        let mounted_on = at(disk);
        // Several folders on one file system are one fault.
        if mounts.contains(&mounted_on) {
            continue;
        }
        all.extend(of_disk(disk));
        mounts.push(mounted_on);
    }
    if around.lo_down {
        all.push(
            Problem::new(ProblemCode::Address02, format!("the loopback interface of {worker} is down"))
                .seen("/sys/class/net/lo/flags has no UP; nobody there answers on 127.0.0.1, the kubelet's health check neither")
                .manual("on the host: ip link set lo up"),
        );
    }
    if let Some(name) = &around.unresolved {
        all.push(
            Problem::new(
                ProblemCode::Name02,
                format!("{worker} finds no address for {name}, the name of the API"),
            )
            .seen("getent ahosts finds none there")
            .manual(
                "put it into /etc/hosts there, or mend /etc/resolv.conf; the kubelet asks again by itself",
            ),
        );
    }
    all.extend(no_inotify(around, worker));
    let strangers = around.listeners.iter().filter(|one| !runs && is_stranger(one));
    if let Some(one) = strangers.into_iter().next() {
        all.push(
            Problem::new(
                ProblemCode::Port01,
                format!("another program listens on port {}, which the kubelet needs", one.port),
            )
            .seen(listens(one))
            .manual(stop(one)),
        );
    }
    all
}

/// The kernel refused one more; that a limit is low is its default, and no fault.
fn no_inotify(around: &Surroundings, worker: &str) -> Option<Problem> {
    let what = match around.inotify.refused? {
        InotifyKind::Instances => "instances",
        InotifyKind::Watches => "watches",
    };
    Some(
        Problem::new(ProblemCode::Kernel04, format!("the kernel of {worker} gives root no more inotify {what}"))
            .seen("one more was refused there just now (tail -f)")
            .manual(
                "see who holds them: find /proc/[0-9]*/fd -lname anon_inode:inotify 2>/dev/null | cut -d/ -f3 | sort | \
                 uniq -c | sort -n | tail",
            )
            .manual(format!(
                "or raise the limit: sysctl -w fs.inotify.max_user_{what}=N, and a line for it in /etc/sysctl.d"
            )),
    )
}

/// The limits, as they are set.
fn limits(inotify: &InotifyFact) -> impl Iterator<Item = String> {
    [("instances", inotify.instances), ("watches", inotify.watches)]
        .into_iter()
        .filter_map(|(name, limit)| Some(format!("fs.inotify.max_user_{name} is {}", limit?)))
}

/// That the node may be of another machine. An ID can be made anew after the kubelet's start, so it is to know and no fault.
pub(super) fn other_machine(around: &Surroundings, node: &Node) -> Option<String> {
    let is_id = |id: &String| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let own = around.machine_id.as_ref().map(ToString::to_string).filter(is_id)?;
    let told = Some(node.machine_id.to_string()).filter(is_id)?;
    (own != told).then(|| {
        format!(
            "the node {} was told by a machine with the ID {told}, and this one has {own}: another machine runs under that name, \
             or /etc/machine-id was made anew since its kubelet started; its addresses may tell which: kubectl get node {} -o wide",
            node.name,
            node.name
        )
    })
}

/// It has a name, and that is not the kubelet's.
fn is_stranger(one: &ListenerFact) -> bool {
    !one.program.is_empty() && !one.program.to_string().contains("kubelet")
}

fn listens(one: &ListenerFact) -> String {
    let pid = one.pid.map_or_else(String::new, |pid| format!(" (process {pid})"));
    format!("on port {} listens {}{pid}", one.port, one.program)
}

fn stop(one: &ListenerFact) -> String {
    match one.pid {
        Some(pid) => format!("see what it is: systemctl status {pid}; stop it, or give it another port"),
        None => "see what it is, stop it, or give it another port".to_owned(),
    }
}

/// Where it is mounted; where that was not told, the folder.
fn at(disk: &DiskFact) -> String {
    if disk.mounted_on.is_empty() { disk.path.to_string() } else { disk.mounted_on.to_string() }
}

fn of_disk(disk: &DiskFact) -> Vec<Problem> {
    let (path, mounted_on) = (&disk.path, at(disk));
    let at = shell_words::quote(&mounted_on).into_owned();
    // A kubelet watches where it and its runtime keep things, and not where logs are.
    let few = if *path == LOGS { 1 } else { FEW_FILES };
    let mut all = Vec::new();
    if disk.read_only {
        all.push(
            Problem::new(
                ProblemCode::Disk03,
                format!("{path} cannot be written: its file system can only be read"),
            )
            .seen(format!("{mounted_on} is mounted read-only"))
            .manual(format!("find out why: dmesg | tail; then: mount -o remount,rw {at}")),
        );
    }
    if let Some((files, left)) = disk.inodes
        && left.saturating_mul(100) < files.saturating_mul(few)
    {
        all.push(
            Problem::new(ProblemCode::Disk04, format!("the disk of {path} can hold hardly any more files"))
                .seen(format!("{mounted_on}: {left} of {files} inodes are left"))
                .manual(format!(
                    "find them: du --inodes -x --max-depth=2 {at} | sort -n | tail; remove what nobody needs"
                )),
        );
    }
    if let Some((kib, left)) = disk.kib
        && left.saturating_mul(100) < kib.saturating_mul(LITTLE_ROOM.0)
        && left < LITTLE_ROOM.1
    {
        all.push(
            Problem::new(ProblemCode::Disk05, format!("the disk of {path} is as good as full"))
                .seen(format!("{mounted_on}: {} of {} MiB are left", left / 1024, kib / 1024))
                .manual(format!("make room: du -xh --max-depth=2 {at} | sort -h | tail")),
        );
    }
    all
}

/// What the firewall refuses, for somebody who cannot reach the API; who listens, for one whose port is taken.
pub(super) fn evidence(facts: &Facts, name: Option<&str>, problem: &mut Problem) {
    let Some(around) = seen(facts, name) else { return };
    match problem.code {
        ProblemCode::Api20 | ProblemCode::Api24 => {
            let rules = around.refusals.iter().take(RULES);
            problem.evidence.extend(rules.map(|rule| format!("a rule of its firewall: {rule}")));
        }
        ProblemCode::Kernel04 => problem.evidence.extend(limits(&around.inotify)),
        ProblemCode::Port01 => {
            let told: Vec<String> =
                around.listeners.iter().filter(|one| is_stranger(one)).map(listens).collect();
            let new = told.into_iter().filter(|line| !problem.evidence.contains(line)).collect::<Vec<_>>();
            problem.evidence.extend(new);
        }
        ProblemCode::Container02 | ProblemCode::Container03 => {
            let last = around.proxy_log.len().saturating_sub(LOG_LINES);
            let lines = around.proxy_log.iter().skip(last);
            problem.evidence.extend(lines.map(|line| format!("its newest log: {line}")));
        }
        _ => {}
    }
}

/// Rules of its firewall for what comes in, which may be what keeps the API from its kubelet; whether they do is for the API to
/// tell. Empty where there are none, or where they were not told.
pub fn refuses_incoming(facts: &Facts, name: Option<&str>) -> Vec<String> {
    let Some(around) = seen(facts, name) else { return Vec::new() };
    let incoming = |rule: &&str| {
        rule.starts_with("-A INPUT ") || rule.starts_with(":INPUT ") || rule.contains(" (hook input): ")
    };
    let rules: Vec<String> = around.refusals.iter().map(ToString::to_string).collect();
    let rules = rules.iter().map(String::as_str).filter(incoming).take(RULES);
    rules.map(|rule| format!("a rule of its firewall: {rule}")).collect()
}

/// The name by which an address is asked for, where it is none.
pub fn name_of(host: &str) -> Option<String> {
    let bare = host.trim_matches(['[', ']']);
    (!bare.is_empty() && bare.parse::<std::net::IpAddr>().is_err()).then(|| host.to_owned())
}

/// Whether it could not be looked at, and why.
pub(super) fn unknown(facts: &Facts, name: Option<&str>) -> Option<Problem> {
    match facts.around(name) {
        Known::No(why) => Some(Problem::unknown("what is around its kubelet", &why)),
        Known::Yes(_) | Known::NotAsked => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::fact::{Fact, FactQuery};

    use super::{
        DiskFact, Facts, InotifyFact, InotifyKind, Known, ListenerFact, ProblemCode, Surroundings, faults,
        limits, name_of, other_machine, refuses_incoming,
    };

    fn codes(around: &Surroundings, runs: bool) -> Vec<ProblemCode> {
        faults(around, "w1", runs).into_iter().map(|problem| problem.code).collect()
    }

    #[test]
    fn the_node_of_another_machine_is_to_know_where_both_tell_an_id() {
        let node = |id: &str| {
            let json =
                serde_json::json!({"metadata": {"name": "w1"}, "status": {"nodeInfo": {"machineID": id}}});
            crate::kube::Node::from_json(&json).expect("a node")
        };
        let around =
            |id: Option<&str>| Surroundings { machine_id: id.map(Into::into), ..Surroundings::default() };
        let (one, other) = ("0123456789abcdef0123456789abcdef", "ffffffff89abcdef0123456789abcdef");
        assert!(other_machine(&around(Some(one)), &node(other)).is_some_and(|note| note.contains(other)));
        for (own, told) in [(Some(one), one), (Some(one), ""), (None, one), (Some("uninitialized"), one)] {
            assert_eq!(other_machine(&around(own), &node(told)), None);
        }
    }

    #[test]
    fn rules_for_what_comes_in_are_told_from_the_others() {
        let rules = [
            "-A OUTPUT -d 10.0.0.5/32 -j REJECT",
            "-A INPUT -p tcp -m tcp --dport 10250 -j DROP",
            ":INPUT DROP [0:0]",
            "nft inet filter out (hook output): ip daddr 10.0.0.1 reject",
            "nft inet filter in (hook input): policy drop",
        ];
        let around = Surroundings { refusals: rules.map(Into::into).to_vec(), ..Surroundings::default() };
        let mut facts = Facts::default();
        assert!(refuses_incoming(&facts, None).is_empty(), "it was not asked");
        facts.learn(FactQuery::Around(None), Known::Yes(Fact::Around(Box::new(around))));
        let told = [rules[1], rules[2], rules[4]].map(|rule| format!("a rule of its firewall: {rule}"));
        assert_eq!(refuses_incoming(&facts, None), told);
    }

    #[test]
    fn a_disk_is_judged_once_by_files_room_and_whether_it_can_be_written() {
        let disk = |path: &str, at: &str| DiskFact {
            path: path.into(),
            mounted_on: at.into(),
            kib: Some((1000, 21)),
            inodes: Some((1000, 50)),
            read_only: false,
        };
        let mut around =
            Surroundings { disks: vec![disk("/a", "/"), disk("/b", "/")], ..Surroundings::default() };
        assert!(codes(&around, true).is_empty());
        for disk in &mut around.disks {
            (disk.kib, disk.inodes, disk.read_only) = (Some((1000, 19)), Some((1000, 49)), true);
        }
        assert_eq!(codes(&around, true), [ProblemCode::Disk03, ProblemCode::Disk04, ProblemCode::Disk05]);
        around.disks[1].mounted_on = "/other".into();
        assert_eq!(codes(&around, true).len(), 6);
    }

    #[test]
    fn a_port_is_taken_only_by_somebody_else_while_the_kubelet_does_not_run() {
        let listener = |program: &str| ListenerFact { port: 10250, program: program.into(), pid: Some(7) };
        let around =
            |program: &str| Surroundings { listeners: vec![listener(program)], ..Surroundings::default() };
        assert_eq!(codes(&around("python3"), false), [ProblemCode::Port01]);
        assert!(codes(&around("python3"), true).is_empty());
        assert!(codes(&around("kubelet"), false).is_empty());
        assert!(codes(&around(""), false).is_empty());
    }

    #[test]
    fn only_what_the_kernel_refused_is_out_of_inotify() {
        let low = InotifyFact { refused: None, instances: Some(128), watches: Some(8192) };
        let mut around = Surroundings { inotify: low, ..Surroundings::default() };
        assert!(codes(&around, true).is_empty() && codes(&around, false).is_empty());
        around.inotify.refused = Some(InotifyKind::Watches);
        assert_eq!((codes(&around, true), codes(&around, false).len()), (vec![ProblemCode::Kernel04], 1));
        assert!(faults(&around, "w1", true)[0].what.ends_with("watches"));
        assert_eq!(limits(&around.inotify).count(), 2);
    }

    #[test]
    fn only_a_name_is_resolved() {
        assert_eq!(name_of("api.example").as_deref(), Some("api.example"));
        assert_eq!((name_of("10.0.0.5"), name_of("[::1]"), name_of("")), (None, None, None));
    }
}
