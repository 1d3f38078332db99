//! Verdicts on what lies in the folders of the pod network.

use gangplank::plan::containerd_fact::{NetworkFile, NetworkFolders};
use gangplank::plan::problem::Verdict;
use gangplank::runtime::pod_network::{ComingNetwork, MadeNetwork, NetworkFound, verdicts};

const BRIDGE: &str = r#"{"cniVersion": "1.0.0", "name": "pods", "plugins": [
    {"type": "bridge", "bridge": "cni0", "ipam": {"type": "host-local"}}, {"type": "portmap"}]}"#;
const LO: &str = r#"{"cniVersion": "1.1.0", "name": "lo", "type": "loopback"}"#;
const FLANNEL: &str = r#"{"name": "cbr0", "cniVersion": "0.3.1", "plugins": [
    {"type": "flannel", "delegate": {"hairpinMode": true}}, {"type": "portmap"}]}"#;

fn folders(files: &[(&str, &str)], programs: &[&str]) -> NetworkFolders {
    NetworkFolders {
        conf_dir: "/etc/cni/net.d".into(),
        files: files
            .iter()
            .map(|(name, text)| NetworkFile { name: (*name).into(), text: (*text).into(), cut: false })
            .collect(),
        more: false,
        bin_dirs: vec!["/opt/cni/bin".into()],
        programs: programs.iter().map(|name| (*name).into()).collect(),
    }
}

const ALL: [&str; 4] = ["bridge", "host-local", "portmap", "loopback"];

fn said(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Ok { seen, .. } => format!("ok: {seen}"),
        Verdict::Warning { seen, cure, .. } => format!("warning: {seen} -> {cure}"),
        Verdict::Stops(problem) => format!("{} {} {:?}", problem.code, problem.what, problem.evidence),
    }
}

fn judged(files: &[(&str, &str)], programs: &[&str]) -> Vec<String> {
    verdicts(&folders(files, programs), None, false).iter().map(said).collect()
}

fn why(name: &str, text: &str) -> String {
    let found = NetworkFound::read(&folders(&[(name, text)], &ALL));
    found.first.expect("there is a file").expect_err("it is broken").why
}

#[test]
fn a_bridge_whose_plugins_are_there_is_well() {
    let said = judged(&[("10-bridge.conflist", BRIDGE), ("99-loopback.conf", LO)], &ALL);
    assert_eq!(
        said,
        ["ok: pods by /etc/cni/net.d/10-bridge.conflist, its plugins are in /opt/cni/bin"],
        "a loopback file is no second network"
    );
}

#[test]
fn of_two_networks_the_first_by_name_is_taken_and_both_are_named() {
    let said = judged(&[("20-a.conflist", FLANNEL), ("10-b.conflist", BRIDGE)], &ALL);
    let [_, two] = said.as_slice() else { panic!("{said:?}") };
    assert!(
        two.contains("10-b.conflist (pods) is taken") && two.contains("20-a.conflist (flannel)"),
        "{two}"
    );
    // A digit stands before a letter, a .conf counts as well as the others, and what ends otherwise does not.
    let files = [("b.conf", LO), ("a.json", LO), ("0.conflist.bak", "{"), ("1.txt", "{")];
    let found = NetworkFound::read(&folders(&files, &ALL));
    assert_eq!(
        found.first.as_ref().and_then(|first| first.as_ref().ok()).map(|one| one.file.as_str()),
        Some("a.json")
    );
    assert_eq!((found.others.len(), found.network()), (1, None));
}

#[test]
fn plugins_that_are_missing_are_named_with_the_one_for_loopback() {
    let said = judged(&[("10.conflist", BRIDGE)], &["bridge"]);
    let [one] = said.as_slice() else { panic!("{said:?}") };
    assert!(one.starts_with("E-NETWORK-02") && one.contains("host-local, portmap, loopback"), "{one}");
    let own =
        verdicts(&folders(&[("10.conflist", BRIDGE)], &["bridge", "host-local", "portmap"]), None, true);
    assert!(matches!(own.as_slice(), [Verdict::Ok { .. }]), "{own:?}");
    // What a DaemonSet brings may come yet.
    let coming = Some(ComingNetwork { daemon_set: "kube-flannel/kube-flannel-ds" });
    let flannel = verdicts(&folders(&[("10.conflist", FLANNEL)], &["portmap", "loopback"]), coming, false);
    let [one] = flannel.as_slice() else { panic!("{flannel:?}") };
    let one = said_of(one);
    assert!(one.contains("flannel, bridge, host-local") && one.contains("kube-flannel-ds"), "{one}");
}

fn said_of(verdict: &Verdict) -> String {
    assert!(matches!(verdict, Verdict::Warning { .. }), "{verdict:?}");
    said(verdict)
}

#[test]
fn a_broken_file_is_named_with_its_line_whatever_stands_behind_it() {
    let broken = "{\"name\": \"pods\",\n \"type\": \"bridge\"\n \"ipam\": {}}";
    assert!(why("10.conf", broken).starts_with("line 3, column 2: expected"), "{}", why("10.conf", broken));
    let said = judged(&[("10.conf", broken), ("20.conflist", BRIDGE)], &ALL);
    let [one] = said.as_slice() else { panic!("{said:?}") };
    assert!(
        one.starts_with("E-NETWORK-01") && one.contains("10.conf") && one.contains("20.conflist"),
        "{one}"
    );
    // Behind a good one it does no harm.
    let said = judged(&[("10.conflist", BRIDGE), ("20.conf", broken)], &ALL);
    let [_, two] = said.as_slice() else { panic!("{said:?}") };
    assert!(two.starts_with("warning: /etc/cni/net.d/20.conf makes no pod network: line 3"), "{two}");
}

#[test]
fn what_is_json_and_no_network_has_a_reason() {
    for (name, text, expected) in [
        ("10.conf", "", "it is empty"),
        ("10.conf", BRIDGE, "such a file ends in .conflist"),
        ("10.conf", "{\"name\": \"a\"}", "there is no \"type\""),
        ("10.conf", "{\"type\": \"bridge\"}", "has no \"name\""),
        ("10.conflist", LO, "has a list \"plugins\""),
        ("10.conflist", "{\"name\": \"a\", \"plugins\": []}", "is empty"),
        ("10.conflist", "{\"name\": \"a\", \"plugins\": [{\"type\": \"x\"}, {}]}", "plugin 2"),
        ("10.conflist", "{\"plugins\": [{\"type\": \"x\"}]}", "has no \"name\""),
    ] {
        assert!(why(name, text).contains(expected), "{name} {text}: {}", why(name, text));
    }
    let mut large = folders(&[("10.conf", LO)], &ALL);
    large.files[0].cut = true;
    let found = NetworkFound::read(&large);
    assert!(found.first.expect("there is one").expect_err("it is cut").why.contains("64 KiB"));
}

#[test]
fn a_loopback_file_is_no_network_and_must_not_stand_first() {
    let said = judged(&[("00-lo.conf", LO), ("10.conflist", BRIDGE)], &ALL);
    let [one] = said.as_slice() else { panic!("{said:?}") };
    assert!(
        one.starts_with("E-NETWORK-03") && one.contains("00-lo.conf") && one.contains("10.conflist"),
        "{one}"
    );
    let said = judged(&[("99-lo.conf", LO)], &ALL);
    let [one] = said.as_slice() else { panic!("{said:?}") };
    assert!(one.starts_with("warning: ") && one.contains("the node becomes Ready"), "{one}");
}

#[test]
fn none_at_all_is_no_failure_of_the_kubelet() {
    let said = judged(&[], &[]);
    let [one] = said.as_slice() else { panic!("{said:?}") };
    assert!(
        one.starts_with("warning: there is none") && one.contains("not Ready until one is there"),
        "{one}"
    );
    let coming = Some(ComingNetwork { daemon_set: "kube-system/cilium" });
    let waited = verdicts(&folders(&[], &[]), coming, false);
    assert!(matches!(waited.as_slice(), [Verdict::Ok { seen, .. }] if seen.contains("kube-system/cilium")));
}

#[test]
fn networks_that_a_daemon_set_brings_are_known_by_their_plugin() {
    for (kind, title) in
        [("flannel", "flannel"), ("calico", "calico"), ("cilium-cni", "cilium"), ("bridge", "x")]
    {
        let text = format!("{{\"name\": \"x\", \"plugins\": [{{\"type\": \"{kind}\"}}]}}");
        let found = NetworkFound::read(&folders(&[("10.conflist", &text)], &ALL));
        assert_eq!(found.network().map(MadeNetwork::title), Some(title));
    }
}

#[test]
fn what_a_file_says_is_shown_cleaned() {
    let text = "{\"name\": \"a\\u001b[2J\\nb\", \"type\": \"x\\u202e\"}";
    let found = NetworkFound::read(&folders(&[("10.conf", text)], &ALL));
    let network = found.network().expect("it makes one");
    assert_eq!((network.name.as_str(), network.plugins.as_slice()), ("a b", ["x".to_owned()].as_slice()));
}
