//! Records on hosts: the undo list is right, and it is carried out.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use gangplank::engine::undo::{Back, back};
use gangplank::host::{Batch, Host, ShellHost, Stop, Vault};
use gangplank::lab::{HERE, setup::FIRST_CLUSTER};
use gangplank::plan::action::{Action, SecretRef};
use gangplank::plan::fact::FactQuery;
use gangplank::plan::record::{Record, RecordKind};
use serde_json::json;
use zeroize::Zeroizing;

use super::bench::Bench;
use super::fixtures::{copy, files, fixture, settle};
use super::rewritten::RewrittenWire;

const FIRST: &str = "20261123T090012Z-4711";
const SECOND: &str = "20261123T093456Z-4802";

/// A lab that stands as a fixture says, with its session.
fn bench(name: &str) -> Bench {
    let plan = std::fs::read_to_string(fixture(name).join("sessions/first/plan.yaml")).unwrap();
    let bench = Bench::new(FIRST_CLUSTER, &plan);
    copy(&fixture(name).join("sessions/first"), &bench.session());
    settle(bench.lab(), name);
    bench
}

fn record(host: &mut dyn Host) -> Record {
    let batch = Batch { queries: vec![FactQuery::Record], ..Batch::default() };
    let end = host.run(&batch, &Stop::default(), &mut |_| {});
    let record = end.facts.record().yes().copied().cloned();
    record.unwrap_or_else(|| panic!("{end:?}"))
}

fn titles(back: &Back) -> Vec<String> {
    back.actions.iter().chain(&back.forget).map(Action::title).collect()
}

/// What takes the worker of `finished` back, in order.
fn of_the_worker() -> Vec<String> {
    let removed = |path: &str| format!("remove {path}");
    [
        "put back /etc/systemd/system/kubelet.service".to_owned(),
        "systemctl stop kubelet".to_owned(),
        "remove the kubelet's containers and kube-proxy's rules".to_owned(),
        "systemctl disable kubelet".to_owned(),
        removed("/etc/kubernetes/manifests/kube-proxy.yaml"),
        "remove folder /etc/kubernetes/manifests if it is empty".to_owned(),
        removed("/var/lib/kubelet/config.yaml"),
        removed("/etc/systemd/system/kubelet.service"),
        removed("/etc/kubernetes/kube-proxy-kubeconfig.yaml"),
        removed("/etc/kubernetes/worker-kubeconfig.yaml"),
        removed("/etc/kubernetes/ssl/kube-proxy.crt"),
        removed("/etc/kubernetes/ssl/worker.crt"),
        removed("/etc/kubernetes/ssl/ca.crt"),
        removed("/etc/kubernetes/ssl/kube-proxy.key"),
        removed("/etc/kubernetes/ssl/worker.key"),
        "remove folder /etc/kubernetes/ssl if it is empty".to_owned(),
        "remove image k8s.gcr.io/coredns:1.7.0".to_owned(),
        "remove image k8s.gcr.io/pause:3.2".to_owned(),
        "remove image k8s.gcr.io/kube-proxy:v1.20.2".to_owned(),
        "systemctl daemon-reload".to_owned(),
        format!("remove the record of run {FIRST}"),
        format!("remove the record of run {SECOND}"),
    ]
    .to_vec()
}

#[test]
fn the_record_of_82fdae4_gives_its_undo_list() {
    let bench = bench("finished");
    let worker = back(&record(&mut bench.lab().connect("10.0.0.11").unwrap()), None);
    assert_eq!(titles(&worker), of_the_worker());
    assert!(worker.node);
    let here = back(&record(&mut bench.lab().here()), None);
    assert_eq!(
        titles(&here),
        [
            "put back /home/op/.kube/config".to_owned(),
            "remove /home/op/.kube/first/ca.crt".to_owned(),
            "remove /home/op/.kube/first/kubectl.crt".to_owned(),
            "remove /home/op/.kube/first/kubectl.key".to_owned(),
            "remove folder /home/op/.kube/first if it is empty".to_owned(),
            format!("remove the record of run {FIRST}"),
        ]
    );
    let merged = here.actions.first().map(|action| action.shell().to_string()).unwrap_or_default();
    assert!(merged.contains("629328e6496f91e421b1338f0e29570673e1fe4adb205801bcffc74ef6dbc580"), "{merged}");
}

#[test]
fn what_82fdae4_did_is_taken_back_in_the_lab() {
    let bench = bench("finished");
    let made = gangplank::engine::session::objects::made(&bench.session());
    bench.lab().cluster_state(|cluster| {
        for (path, uid) in &made {
            cluster.objects.insert(path.clone(), json!({"metadata": {"uid": uid}}));
        }
    });
    let ran = bench.undo();
    assert_eq!(ran.code, 0, "{}", ran.trouble());
    assert_eq!(ran.actions("w1"), of_the_worker());
    let theirs =
        |path: &&String| path.contains("kube") && !path.starts_with("/usr") || path.contains("gangplank");
    let left = |name: &str| -> Vec<String> {
        bench.lab().machine(name, |machine| machine.files.keys().filter(theirs).cloned().collect()).unwrap()
    };
    assert_eq!(left("w1"), Vec::<String>::new());
    assert_eq!(left(HERE), ["/home/op/.kube/config"]);
    let config = bench.lab().read_here("/home/op/.kube/config").unwrap();
    assert!(!String::from_utf8_lossy(&config).contains("loadbalancer"), "what was there before is back");
    let gone =
        bench.lab().cluster_state(|cluster| made.iter().all(|(path, _)| !cluster.objects.contains_key(path)));
    assert!(gone && !bench.session().join("objects.jsonl").exists());
}

#[test]
fn an_interrupted_run_of_82fdae4_is_taken_back_in_the_lab() {
    let bench = bench("interrupted");
    let ran = bench.undo();
    assert_eq!(ran.code, 0, "{}", ran.trouble());
    let left: Vec<String> = bench
        .lab()
        .machine("w1", |machine| {
            machine
                .files
                .keys()
                .filter(|path| path.contains("kubernetes") || path.contains("gangplank"))
                .cloned()
                .collect()
        })
        .unwrap();
    assert_eq!(left, Vec::<String>::new());
}

struct NoVault;

impl Vault for NoVault {
    fn get(&self, _: &SecretRef) -> Option<Zeroizing<String>> {
        None
    }

    fn wrong(&self, _: &SecretRef) {}
}

/// This computer with another root and no network, whose programs are those of this one but for systemctl and docker;
/// `None` without root or mount namespaces.
fn elsewhere(root: &Path) -> Option<RewrittenWire> {
    let at = |path: &str| root.join(path);
    for folder in ["usr", "proc", "dev", "etc", "tmp", "var/lib", "programs"] {
        std::fs::create_dir_all(at(folder)).unwrap();
    }
    for name in ["passwd", "group"] {
        std::fs::copy(Path::new("/etc").join(name), at("etc").join(name)).unwrap();
    }
    let mut mounts = vec!["usr", "proc", "dev"];
    for name in ["bin", "sbin", "lib", "lib64"] {
        let own = Path::new("/").join(name);
        match std::fs::read_link(&own) {
            Ok(to) => std::os::unix::fs::symlink(to, at(name)).unwrap(),
            Err(_) if own.is_dir() => {
                std::fs::create_dir(at(name)).unwrap();
                mounts.push(name);
            }
            Err(_) => {}
        }
    }
    for (name, text) in [("systemctl", SYSTEMCTL), ("docker", "#!/bin/sh\n")] {
        let path = at("programs").join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mount: Vec<String> =
        mounts.iter().map(|name| format!("mount --rbind /{name} {}", at(name).display())).collect();
    let programs = at("programs");
    let enter = format!(
        "{} && mount --bind {} {} && exec chroot {} sh -c \"$1\"",
        mount.join(" && "),
        programs.display(),
        at("usr/local/sbin").display(),
        root.display()
    );
    let can = std::process::Command::new("unshare").args(["-mn", "sh", "-c", &enter, "sh", "true"]).status();
    if !can.is_ok_and(|status| status.success()) {
        crate::left_out::left_out("it needs root and mount namespaces");
        return None;
    }
    Some(RewrittenWire::new(move |command| {
        let words = ["unshare", "-mn", "sh", "-c", &enter, "sh", command];
        format!("exec {}", shell_words::join(words))
    }))
}

/// Notes what it is told.
const SYSTEMCTL: &str =
    "#!/bin/sh\ncase $1 in show) echo LoadState=loaded ;; *) echo \"$@\" >>/told ;; esac\n";

#[test]
fn what_82fdae4_did_is_taken_back_by_a_real_shell() {
    let root = tempfile::tempdir().unwrap();
    let Some(wire) = elsewhere(root.path()) else { return };
    copy(&fixture("finished/w1"), root.path());
    let mut host = ShellHost::new(Arc::new(wire), Arc::new(NoVault), false);
    let back = back(&record(&mut host), None);
    assert_eq!(titles(&back), of_the_worker());
    let actions: Vec<Action> = back.actions.into_iter().chain(back.forget).collect();
    let (count, batch) = (actions.len(), Batch { actions, run: "undo".to_owned(), ..Batch::default() });
    let end = host.run(&batch, &Stop::default(), &mut |_| {});
    assert_eq!((end.trouble.clone(), end.actions.len()), (None, count), "{end:?}");
    assert!(end.actions.values().all(|one| one.status == Some(0) && one.out.is_empty()), "{end:?}");
    let left: Vec<String> = ["etc", "var"]
        .iter()
        .flat_map(|folder| files(&root.path().join(folder)))
        .map(|(name, _)| name)
        .filter(|name| name.contains("kube") || name.contains("gangplank"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
    let told = std::fs::read_to_string(root.path().join("told")).unwrap();
    assert_eq!(told, "stop kubelet\ndisable kubelet\ndaemon-reload\n");
}

/// A line that some later gangplank may write.
const STRANGE: &str =
    r#"{"run":"20261123T090012Z-4711","kind":"socket","path":"/run/x.sock","colour":"red"}"#;

/// Adds a line to the record of `w1`.
fn add_line(bench: &Bench, line: &str) {
    bench.lab().machine("w1", |machine| {
        let file = machine.files.get_mut(&format!("/var/lib/gangplank/{FIRST}/record.jsonl")).unwrap();
        file.bytes.extend_from_slice(line.as_bytes());
        file.bytes.push(b'\n');
    });
}

/// Files of `w1` that undo would take away.
fn left(bench: &Bench) -> Vec<String> {
    let theirs = |path: &&String| path.contains("kubernetes") || path.contains("gangplank");
    bench.lab().machine("w1", |machine| machine.files.keys().filter(theirs).cloned().collect()).unwrap()
}

#[test]
fn kinds_are_written_as_before_and_an_unknown_one_is_kept_as_it_stands() {
    let words = [
        "put",
        "key",
        "dir",
        "image",
        "enable",
        "start",
        "started",
        "restarted",
        "merge",
        "merged",
        "foreign",
        "node",
        "node-unknown",
        "socket",
    ];
    for word in words {
        let kind: RecordKind = serde_json::from_value(json!(word)).unwrap();
        assert_eq!(matches!(kind, RecordKind::Other(_)), word == "socket", "{word}");
        assert_eq!(serde_json::to_value(&kind).unwrap(), json!(word));
    }
}

#[test]
fn a_line_nobody_understands_is_named_and_its_record_stays_with_the_old_files() {
    for (line, shown) in
        [(STRANGE, "socket /run/x.sock"), ("{\"run\":\"2026", "{\"run\":\"2026"), ("\u{7}", "")]
    {
        let bench = bench("finished");
        add_line(&bench, line);
        let ran = bench.undo();
        assert_eq!((ran.code, ran.codes("w1")), (1, vec!["E-UNDO-04".to_owned()]), "{}", ran.trouble());
        let problem = ran.problems("w1").remove(0);
        assert!(problem.evidence.first().is_some_and(|named| named.contains(shown)), "{problem:?}");
        let kept = |name: &str| format!("/var/lib/gangplank/{name}");
        let saved = "9ce1f4d8ebb0f83115247ba8c2c4719cb5218ed6198076a394953610a229cc2c";
        let all =
            [format!("{FIRST}/record.jsonl"), format!("{SECOND}/{saved}"), format!("{SECOND}/record.jsonl")];
        assert_eq!(left(&bench), all.map(|name| kept(&name)), "all else is taken back");
        // Again: it is still named and still there.
        assert_eq!(bench.undo().codes("w1"), ["E-UNDO-04"]);
    }
}

#[test]
fn a_record_with_nothing_but_a_line_nobody_understands_is_no_empty_one() {
    let bench = Bench::first();
    bench.lab().machine("w1", |machine| {
        machine.write("/var/lib/gangplank/x/record.jsonl", b"garbage\n", "600", "root:root");
    });
    assert_eq!(bench.undo().codes("w1"), ["E-UNDO-04"]);
    assert_eq!(left(&bench), ["/var/lib/gangplank/x/record.jsonl"]);
}

#[test]
fn a_record_of_a_newer_gangplank_is_refused_in_words_and_nothing_is_touched() {
    let bench = bench("finished");
    add_line(&bench, r#"{"v":2,"run":"20261123T090012Z-4711","changes":[]}"#);
    let before = left(&bench);
    let ran = bench.undo();
    assert_eq!((ran.code, ran.codes("w1")), (1, vec!["E-UNDO-03".to_owned()]), "{}", ran.trouble());
    assert!(ran.problems("w1")[0].what.contains("a newer gangplank wrote the record"), "{}", ran.trouble());
    assert_eq!((left(&bench), ran.actions("w1")), (before, Vec::new()));
}

#[test]
fn lines_of_today_say_their_version_in_the_lab_on_hosts_and_here() {
    let bench = Bench::first();
    bench.apply_only(&["w1"]).done();
    for name in ["w1", HERE] {
        let lines = bench.lab().record(name);
        assert!(!lines.is_empty() && lines.iter().all(|line| line.v == 1));
    }
    let record = Record::read(["{\"run\":\"r\",\"kind\":\"dir\",\"path\":\"/x\"}"]);
    assert_eq!((record.lines[0].v, record.newer), (1, None), "without one it is the first");
    assert!(gangplank::host::batch::PRELUDE.contains(r#"'{"v":1,"run":"#));
}

#[test]
fn a_line_of_the_objects_that_nobody_understands_is_named_and_the_file_stays() {
    let bench = bench("finished");
    let file = bench.session().join("objects.jsonl");
    let lines = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{lines}{{\"path\":\"/api/v1/nodes/x\"}}\n{{\"pa")).unwrap();
    let ran = bench.undo();
    assert_eq!((ran.code, ran.codes("cluster")), (1, vec!["E-UNDO-04".to_owned()]));
    let named = ran.problems("cluster").remove(0).evidence;
    assert_eq!(named[..2], [r#"{"path":"/api/v1/nodes/x"}"#.to_owned(), r#"{"pa"#.to_owned()]);
    assert!(std::fs::read_to_string(&file).unwrap().ends_with("{\"pa"));
}
