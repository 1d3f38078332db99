//! Lines made after the sources, where no journal of a real one was recorded, and what becomes of lines.

use super::row::When::{self, Ends, Pods, Runs};
use super::tapes::{facts, learn, named};
use super::{beside, cause, proxy_row, row};
use crate::doctor::diagnosis::Cause;
use crate::plan::code::ProblemCode;
use crate::plan::fact::{Fact, FactQuery, Facts, Known};
use crate::plan::problem::Problem;
use crate::plan::surroundings::Surroundings;
use crate::plan::unit::UnitFact;

const X509: &str =
    "Unable to register node \"w1\" with API server: Post \"https://10.0.0.1:6443/api/v1/nodes\": x509:";

fn klog(level: char, second: u32, text: &str) -> String {
    format!("{level}1128 10:{:02}:{:02}.000001      42 x.go:1] {text}", second / 60, second % 60)
}

fn code(journal: &str, when: When) -> Option<ProblemCode> {
    named(journal, when).map(|said| said.code)
}

/// Made from the sources of the versions that stand behind them.
const MADE: &[(&str, When, ProblemCode)] = &[
    // 1.16 to 1.23, and 1.34.
    (
        "failed to run Kubelet: Running with swap on is not supported, please disable swap! /proc/swaps contained: [x]",
        Ends,
        ProblemCode::Swap01,
    ),
    (
        "\"command failed\" err=\"failed to run Kubelet: running with swap on is not supported, please disable swap\"",
        Ends,
        ProblemCode::Swap01,
    ),
    // 1.2 to 1.18 on a machine with cgroup v2 alone.
    (
        "Failed to start ContainerManager system validation failed - Following Cgroup subsystem not mounted: [cpu memory]",
        Ends,
        ProblemCode::Kubelet06,
    ),
    (
        "failed to get docker version: Cannot connect to the Docker daemon at unix:///var/run/docker.sock",
        Ends,
        ProblemCode::Docker01,
    ),
    // 1.24.
    (
        "\"command failed\" err=\"failed to run Kubelet: unable to determine runtime API version: rpc error\"",
        Ends,
        ProblemCode::Containerd04,
    ),
    // 1.16 to 1.23.
    (
        "Container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is not ready: cni config uninitialized",
        Runs,
        ProblemCode::Network04,
    ),
    (
        "Error syncing pod 1, skipping: failed to \"CreatePodSandbox\" for \"a\" with CreatePodSandboxError: \"networkPlugin cni failed to set up pod: failed to find plugin \"bridge\" in path [/opt/cni/bin]\"",
        Pods,
        ProblemCode::Network02,
    ),
    (
        "\"RunPodSandbox from runtime service failed\" err=\"rpc error: open /run/flannel/subnet.env: no such file or directory\"",
        Pods,
        ProblemCode::Network07,
    ),
    (
        "failed to set bridge addr: \"cni0\" already has an IP address different from 10.2.1.1/24",
        Pods,
        ProblemCode::Network08,
    ),
    (
        "Error loading CNI config file /etc/cni/net.d/10.conf: error parsing configuration",
        Runs,
        ProblemCode::Network01,
    ),
    (
        "RunPodSandbox from runtime service failed: rpc error: code = Unknown desc = failed pulling image \"k8s.gcr.io/pause:3.2\": x",
        Pods,
        ProblemCode::Image02,
    ),
    (
        "\"RunPodSandbox from runtime service failed\" err=\"failed to get sandbox image \\\"registry.k8s.io/pause:3.10\\\": x\"",
        Pods,
        ProblemCode::Image02,
    ),
    // With rotation, and a kubelet of kubeadm.
    (
        "\"Failed to ensure lease exists, will retry\" err=\"The currently active client certificate has expired\"",
        Runs,
        ProblemCode::Cert13,
    ),
    (
        "part of the existing bootstrap client certificate in /etc/kubernetes/kubelet.conf is expired: 2026-01-01",
        Ends,
        ProblemCode::Cert13,
    ),
    (
        "\"Unable to register node with API server\" err=\"nodes is forbidden: User \\\"system:anonymous\\\" cannot create resource\"",
        Runs,
        ProblemCode::Api05,
    ),
    (
        "Failed to watch *v1.Node: failed to list *v1.Node: nodes \"w1\" is forbidden: User \"system:node:w1\" cannot list resource \"nodes\" in API group \"\" at the cluster scope",
        Runs,
        ProblemCode::Api06,
    ),
    (
        "Unable to register node \"w1\" with API server: nodes \"w1\" is forbidden: node \"w2\" is not allowed to modify node \"w1\"",
        Runs,
        ProblemCode::Cert08,
    ),
    (
        "Unable to register node \"w1\" with API server: nodes \"w1\" is forbidden: is not allowed to set the following labels: a.kubernetes.io/b",
        Runs,
        ProblemCode::Kubelet02,
    ),
    (
        "Unable to read config path \"/etc/kubernetes/manifests\": path does not exist, ignoring",
        Pods,
        ProblemCode::File05,
    ),
    (
        "Can't process manifest file \"/m/a.yaml\": /m/a.yaml: couldn't parse as pod(x)",
        Pods,
        ProblemCode::File06,
    ),
    (
        "\"Could not process manifest file\" err=\"static pods may not reference secrets\"",
        Pods,
        ProblemCode::File06,
    ),
    // 1.2 and 1.20.
    (
        "failed to run Kubelet: invalid configuration: [unable to read client-cert /a.crt for x due to open /a.crt: no such file]",
        Ends,
        ProblemCode::File05,
    ),
    (
        "\"command failed\" err=\"failed to run Kubelet: invalid kubeconfig: no server found for cluster \\\"a\\\"\"",
        Ends,
        ProblemCode::File05,
    ),
    ("Failed to parse kubelet flag err=\"unknown flag: --x\"", Ends, ProblemCode::Kubelet02),
    (
        "Failed to validate kubelet configuration err=\"invalid configuration: x\"",
        Ends,
        ProblemCode::Kubelet11,
    ),
    (
        "\"command failed\" err=\"failed to set feature gates from initial flags-based config: unrecognized feature gate: X\"",
        Ends,
        ProblemCode::Kubelet11,
    ),
    (
        "failed to run Kubelet: misconfiguration: kubelet cgroup driver: \"cgroupfs\" is different from docker cgroup driver: \"systemd\"",
        Ends,
        ProblemCode::Kubelet11,
    ),
    (
        "\"Error syncing pod, skipping\" err=\"expected cgroupsPath to be of format \\\"slice:prefix:name\\\"\"",
        Pods,
        ProblemCode::Containerd08,
    ),
    (
        "Failed to start ContainerManager [invalid kernel flag: vm/overcommit_memory, expected value: 1, actual value: 0]",
        Ends,
        ProblemCode::Kernel03,
    ),
    (
        "Failed to start ContainerManager [open /proc/sys/vm/overcommit_memory: permission denied] Updating kernel flag failed",
        Ends,
        ProblemCode::Kernel02,
    ),
    (
        "failed to run Kubelet: failed to create kubelet: open /dev/kmsg: no such file or directory",
        Ends,
        ProblemCode::Kubelet06,
    ),
    // 1.2 and later.
    (
        "Error updating node status, will retry: Node IP: \"10.0.0.9\" not found in the host's network interfaces",
        Runs,
        ProblemCode::Address01,
    ),
    (
        "Failed to set some node status fields: failed to validate nodeIP: node IP: \"10.0.0.9\" not found",
        Runs,
        ProblemCode::Address01,
    ),
    (
        "skipping pod synchronization - PLEG is not healthy: pleg was last seen active 3m5s ago; threshold is 3m0s",
        Runs,
        ProblemCode::Containerd02,
    ),
    (
        "\"Container runtime sanity check failed\" err=\"rpc error: code = DeadlineExceeded desc = context deadline exceeded\"",
        Runs,
        ProblemCode::Containerd02,
    ),
    ("skipping pod synchronization - container runtime is down", Runs, ProblemCode::Containerd01),
    ("Failed to initialize CSINodeInfo: timed out; Failed to initialize CSINode", Ends, ProblemCode::Api24),
    (
        "Error while configuring: ConfigureCBR0 requested, but PodCIDR not set. Will not configure CBR0 right now",
        Runs,
        ProblemCode::Network04,
    ),
    (
        "\"Could not open resolv conf file.\" err=\"open /etc/resolv.none: no such file or directory\"",
        Pods,
        ProblemCode::Name03,
    ),
    ("tls: failed to find any PEM data in certificate input", Runs, ProblemCode::Cert01),
    (
        "failed to get node: Failed to watch: Get \"https://api:6443/api\": dial tcp: lookup api on 127.0.0.1:53: read udp: connection refused",
        Runs,
        ProblemCode::Name02,
    ),
    (
        "Failed to update lease, error: Put \"https://10.0.0.1:6443/x\": net/http: TLS handshake timeout",
        Runs,
        ProblemCode::Api24,
    ),
    (
        "kubelet.service: Failed to load environment files: No such file or directory",
        Ends,
        ProblemCode::File05,
    ),
];

#[test]
fn every_row_is_told_in_the_words_of_the_versions_that_have_it() {
    for (line, when, wanted) in MADE {
        assert_eq!(code(&klog('E', 0, line), *when), Some(*wanted), "{line}");
    }
}

#[test]
fn of_the_apis_certificate_the_inner_cause_is_named() {
    for (said, wanted) in [
        ("certificate is valid for 10.0.0.2, not 10.0.0.1", ProblemCode::Api22),
        (
            "cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs",
            ProblemCode::Api22,
        ),
        ("certificate relies on legacy Common Name field, use SANs instead", ProblemCode::Api22),
        ("certificate signed by unknown authority", ProblemCode::Api21),
        (
            "certificate has expired or is not yet valid: current time 2026-01-01T00:00:00Z is before 2026-11-01T00:00:00Z",
            ProblemCode::Clock01,
        ),
        (
            "certificate has expired or is not yet valid: current time 2027-01-01T00:00:00Z is after 2026-11-01T00:00:00Z",
            ProblemCode::Api22,
        ),
        ("certificate has expired or is not yet valid", ProblemCode::Api22),
    ] {
        assert_eq!(code(&klog('E', 0, &format!("{X509} {said}")), Runs), Some(wanted), "{said}");
    }
}

#[test]
fn what_only_carries_a_text_of_another_cause_tells_nothing() {
    for line in [
        "\"Server rejected event (will not retry!)\" err=\"x\" event=\"&Event{Message: cgroup v1 detected, Unauthorized}\"",
        "http: TLS handshake error from 10.0.0.9:4000: remote error: tls: bad certificate",
        "Unable to authenticate the request due to an error: x509: certificate signed by unknown authority",
        "Readiness probe for \"a\" failed (failure): Get \"http://10.2.1.5/\": dial tcp 10.2.1.5:80: connect: connection refused",
        "MountVolume.SetUp failed for volume \"a\": rpc error: dial tcp 10.0.0.7:2049: connect: connection refused",
        "\"PullImage from image service failed\" err=\"dial tcp: lookup docker.io on 127.0.0.1:53: no such host\"",
        "\"PullImage from image service failed\" err=\"unexpected status: 401 Unauthorized\" image=\"a/b\"",
        "\"Failed to update status for pod\" err=\"failed to patch status \\\"{message: cni plugin not initialized}\\\" for pod \\\"a\\\"/\\\"b\\\": x\"",
        "driver failed programming external connectivity: listen tcp4 0.0.0.0:80: bind: address already in use",
        "\"Error getting the current node from lister\" err=\"node \\\"w1\\\" not found\"",
        "dynamic_serving_content.go:221] key failed with : tls: private key does not match public key",
    ] {
        assert!(row(&klog('E', 0, line)).is_none(), "{line}: {:?}", row(&klog('E', 0, line)));
    }
    assert!(row(&klog('I', 0, "skipping pod synchronization - [container runtime is down]")).is_none());
    // What stands behind a status that was to be sent is said of the API.
    let patch = klog(
        'E',
        0,
        "\"Error updating node status, will retry\" err=\"failed to patch status \\\"{NetworkPluginNotReady}\\\" for node \\\"w1\\\": Patch \\\"https://a\\\": dial tcp 10.0.0.1:6443: connect: connection refused\"",
    );
    assert_eq!(row(&patch).map(|row| row.code), Some(ProblemCode::Api24));
}

/// Made from Kubernetes 1.20 and 1.36, `cmd/kube-proxy/app` and the API server's authorizers.
#[test]
fn the_log_of_kube_proxy_names_why_it_does_not_run() {
    let log = |line: &str| klog('E', 0, line);
    for (line, wanted) in [
        (
            "Failed to watch *v1.Service: services is forbidden: User \"x\" cannot list resource \"services\" in API group \"\"",
            ProblemCode::Api28,
        ),
        (
            "failed to list *v1.Node: nodes \"w1\" is forbidden: User \"x\" cannot list resource \"nodes\"",
            ProblemCode::Api28,
        ),
        ("failed to list *v1.Node: Unauthorized", ProblemCode::Api05),
        ("could not set conntrack parameters from kube-proxy configuration: x", ProblemCode::Kernel02),
        ("iptables is not available on this host", ProblemCode::Kernel01),
        ("Error: unknown flag: --x", ProblemCode::Network06),
    ] {
        assert_eq!(proxy_row(&log(line)).map(|row| row.code), Some(wanted), "{line}");
    }
    let mut facts = facts("", Runs);
    let around = Surroundings {
        proxy_log: vec![log("iptables is not available on this host").into()],
        ..Surroundings::default()
    };
    facts.learn(FactQuery::Around(None), Known::Yes(Fact::Around(Box::new(around))));
    let symptom = [Problem::new(ProblemCode::Container02, "x")];
    let said = cause(&facts, "w1", &symptom, None).expect("a cause").problem.expect("of its own");
    assert_eq!((said.code, said.what.starts_with("kube-proxy on w1 says: ")), (ProblemCode::Kernel01, true));
    assert!(said.evidence[0].starts_with("its log: "), "{:?}", said.evidence);
}

#[test]
fn only_what_the_process_says_that_runs_and_says_still_is_its_cause() {
    let (cni, other) = ("cni config uninitialized", "Failed to update lease: connect: connection refused");
    let now = klog('I', 1200, "x");
    assert_eq!(code(&format!("{}\n{now}", klog('E', 700, cni)), Runs), Some(ProblemCode::Network04));
    assert_eq!(code(&format!("{}\n{now}", klog('E', 500, cni)), Runs), None, "it is over");
    let before = klog('E', 1190, cni).replace("   42 ", "   41 ");
    assert_eq!(code(&format!("{before}\n{}", klog('E', 1200, "x")), Runs), None, "of the process before");
    let registered = klog('I', 1195, "\"Successfully registered node\" node=\"w1\"");
    assert_eq!(code(&format!("{}\n{registered}\n{now}", klog('E', 1190, other)), Runs), None);
    assert_eq!(code(&format!("{registered}\n{}", klog('E', 1200, other)), Runs), Some(ProblemCode::Api24));
    // The API has heard of it since.
    let facts = facts(&format!("{}\n{now}", klog('E', 1100, other)), Runs);
    let symptom = [Problem::new(ProblemCode::Node04, "x")];
    let heard = |ago| cause(&facts, "w1", &symptom, Some(ago)).map(|said| said.code);
    assert_eq!((heard(30), heard(200)), (None, Some(ProblemCode::Api24)));
}

#[test]
fn where_another_cause_was_found_or_nothing_is_wrong_the_journal_names_none() {
    let facts = facts(&klog('E', 0, "Failed to update lease: Unauthorized"), Runs);
    let codes = |codes: &[ProblemCode]| {
        let faults: Vec<Problem> = codes.iter().map(|code| Problem::new(*code, "x")).collect();
        cause(&facts, "w1", &faults, None).map(|said| said.code)
    };
    assert_eq!(codes(&[]), None);
    assert_eq!(codes(&[ProblemCode::Node04, ProblemCode::Cert13]), None);
    assert_eq!(codes(&[ProblemCode::Node04]), Some(ProblemCode::Api05));
    let said = cause(&facts, "w1", &[Problem::new(ProblemCode::Node04, "x")], None)
        .expect("one")
        .problem
        .expect("of its own");
    assert!(said.evidence.iter().any(|line| line.contains("what would decide: openssl")), "{said:?}");
    let found = |code| {
        let mut causes = [Cause { problem: Problem::new(code, "x"), follows: Vec::new() }];
        beside(&facts, &mut causes, None);
        causes[0].problem.evidence.clone()
    };
    assert!(found(ProblemCode::Cert13)[0].ends_with("Unauthorized"));
    assert!(found(ProblemCode::Swap01).is_empty());
}

#[test]
fn what_the_journal_does_not_tell_is_said() {
    let mut facts = facts(&klog('E', 0, "an error of no row"), Runs);
    let evidence = |facts: &Facts| {
        let mut causes = [Cause { problem: Problem::new(ProblemCode::Node04, "x"), follows: Vec::new() }];
        beside(facts, &mut causes, None);
        causes[0].problem.evidence.join("; ")
    };
    assert_eq!(evidence(&facts), "its journal names no cause of that which is known here");
    let lines =
        [("now", "1128 10:20:00"), ("pid", "42"), ("oldest", "E1128 10:19:00.000001      42 x.go:1] x")];
    let lines = lines.map(|(key, value)| (key.to_owned(), value.to_owned()));
    learn(&mut facts, &lines);
    assert_eq!(
        evidence(&facts),
        "its journal has no error of the process that runs; of its journal the last 60 s were read, and it runs for 3600 s"
    );
    let query = FactQuery::Journal("kubelet".to_owned());
    facts.learn(query, Known::No("no journalctl".to_owned()));
    assert_eq!(evidence(&facts), "its journal was not read: no journalctl");
}

/// In the form that people report: Kubernetes 1.20.2 with a dump, 1.23.3 with what systemd did behind it, 1.20 without a
/// network, and a systemd that does not count.
#[test]
fn a_cause_is_found_before_a_dump_of_goroutines_and_before_systemds_own_words() {
    let tail = "kubelet.service: Main process exited, code=exited, status=255/EXCEPTION\n\
        kubelet.service: Failed with result 'exit-code'.\nkubelet.service: Scheduled restart job, restart counter is at 7.\n\
        Stopped The primary agent to run pods.\nStarted The primary agent to run pods.\n";
    let old = "kubelet.service holdoff time over, scheduling restart.\nStarted kubelet.\n";
    let dump = "k8s.io/klog/v2.stacks(0x1)\n\t/src/klog.go:1001 +0x1\n".repeat(400);
    let drivers = "misconfiguration: kubelet cgroup driver: \"cgroupfs\" is different from docker cgroup driver: \"systemd\"";
    let fatal = klog('F', 0, &format!("failed to run Kubelet: {drivers}"));
    let error = klog('E', 0, &format!("\"Failed to run kubelet\" err=\"{}\"", drivers.replace('"', "\\\"")));
    for journal in [
        format!("{fatal}\ngoroutine 1 [running]:\n{dump}{tail}"),
        format!("{error}\n{tail}"),
        format!("{fatal}\ngoroutine 1 [running]:\n{dump}{old}"),
        // Caught in the moment in which the next one has begun.
        format!("{fatal}\n{old}{}", klog('I', 1, "Version: v1.20.2").replace("   42 ", "   43 ")),
    ] {
        assert_eq!(code(&journal, Ends), Some(ProblemCode::Kubelet11), "{journal}");
    }
    let cni = klog(
        'E',
        0,
        "Container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is not ready: cni config uninitialized",
    );
    assert_eq!(
        code(&format!("{cni}\n{}", klog('W', 1, "Unable to update cni config")), Runs),
        Some(ProblemCode::Network04)
    );
}

#[test]
fn a_kubelet_that_is_caught_between_two_ends_is_known_where_systemd_does_not_count() {
    let judged = |ends, up| {
        let mut facts = Facts::default();
        let unit = UnitFact {
            load: "loaded".into(),
            active: "active".into(),
            sub: "running".into(),
            ends_lately: ends,
            up_s: Some(up),
            ..UnitFact::default()
        };
        facts.learn(FactQuery::Unit("kubelet".to_owned()), Known::Yes(Fact::Unit(unit)));
        crate::doctor::kubelet::faults(&facts, "w1", None)
            .into_iter()
            .map(|problem| problem.code)
            .collect::<Vec<_>>()
    };
    assert_eq!(judged(Some(9), 1), [ProblemCode::Kubelet04]);
    assert!(judged(Some(9), 60).is_empty() && judged(Some(0), 1).is_empty() && judged(None, 1).is_empty());
}

/// Of Kubernetes 1.37, `pkg/kubelet/kubelet.go` and `pkg/kubelet/config/file_linux.go`, and of `k8s.io/utils/inotify`.
#[test]
fn a_disk_is_full_only_where_no_watch_is_meant() {
    for (line, wanted) in [
        ("Failed to start cAdvisor err=\"inotify_init: too many open files\"", ProblemCode::Kernel04),
        ("unable to create inotify: too many open files", ProblemCode::Kernel04),
        ("inotify_add_watch /sys/fs/cgroup/a: no space left on device", ProblemCode::Kernel04),
        ("mkdir /var/lib/kubelet/pods: no space left on device", ProblemCode::Disk02),
        (
            "\"Failed to create listener\" err=\"failed to unlink socket file: read-only file system\"",
            ProblemCode::Disk03,
        ),
        ("open /x: too many open files", ProblemCode::Kubelet17),
        (
            "err=\"start cpu manager error: could not restore state from checkpoint: invalid\"",
            ProblemCode::Kubelet16,
        ),
    ] {
        assert_eq!(code(line, Ends), Some(wanted), "{line}");
    }
}

#[test]
fn that_a_network_is_looked_for_which_nobody_wants_says_nothing() {
    let line = klog('W', 1, "Unable to update cni config: no networks found in /etc/cni/net.d");
    assert_eq!(code(&line, Runs), None);
    assert!(!super::may_keep_a_node_away(ProblemCode::Network04));
    assert!(super::may_keep_a_node_away(ProblemCode::Api24));
}

#[test]
fn what_the_files_show_is_no_second_cause_by_the_journal() {
    let expired =
        klog('E', 1, "part of the existing bootstrap client certificate in /x has expired: 2026-11-29");
    let found = named(&expired, Ends).expect("a cause");
    assert!(found.problem.is_some(), "nothing else shows it");
    let faults = [Problem::new(ProblemCode::Kubelet04, "ends"), Problem::new(found.code, "it has expired")];
    let beside = cause(&facts(&expired, Ends), "w1", &faults, None).expect("a witness");
    assert_eq!((beside.code, beside.problem, beside.of), (found.code, None, vec![ProblemCode::Kubelet04]));
}
