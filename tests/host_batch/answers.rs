//! What the programs of a worker answer when it is not well: warnings beside answers, no answer, odd tables.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gangplank::host::{BatchEnd, LocalWire};
use gangplank::plan::fact::{FactQuery, FlagSet};
use gangplank::plan::runtime_fact::RuntimeKind;
use gangplank::runtime::ps;

use crate::support::{Run, Wrapped, done, over, program, with_programs};

/// Asks with these programs in the place of the machine's own.
fn ask(programs: &[(&str, &str)], queries: Vec<FactQuery>) -> Option<BatchEnd> {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in programs {
        program(dir.path(), name, text);
    }
    let wire = with_programs(dir.path())?;
    let end = done(&mut over(Arc::new(wire)), &Run::new().batch(Vec::new(), queries));
    assert_eq!(end.trouble, None, "{end:?}");
    Some(end)
}

const WARNING: &str =
    "echo 'WARNING: Error loading config file: /root/.docker/config.json: permission denied' >&2\n";

fn rows() -> Vec<&'static str> {
    vec![
        "ab00000000000000000000000000000000000000000000000000000000000001\tk8s.gcr.io/pause:3.2\t\"/pause\"\t2026-11-28 07:43:43 +0000 UTC\tUp About an hour\tk8s_POD_kube-proxy-w1_kube-system_0123_0",
        "ab00000000000000000000000000000000000000000000000000000000000002\tnginx\t\"nginx\"\t2026-11-28 07:43:43 +0000 UTC\tRestarting (137) 1 second ago\tflappy",
        "ab00000000000000000000000000000000000000000000000000000000000003\t\t\"\"\t2026-11-28 07:43:43 +0000 UTC\tUp 5 seconds\t",
    ]
}

fn docker(before: &str) -> String {
    format!(
        "#!/bin/sh\n{before}case $1 in info) printf ' Server Version: 20.10.7\\n Containers: 3\\n Images: 1\\n Docker Root Dir: /var/lib/docker\\n' ;; ps) cat <<'X'\n{}\nX\n;; esac\n",
        rows().join("\n")
    )
}

#[test]
fn a_warning_of_docker_hides_no_container_and_an_empty_last_field_is_one() {
    let queries = vec![FactQuery::Runtime, FactQuery::Containers];
    let Some(end) = ask(&[("docker", &docker(WARNING))], queries) else { return };
    let facts = end.facts.docker().yes().copied().cloned().unwrap();
    assert_eq!((facts.version.untrusted(), facts.error.untrusted()), ("20.10.7", ""));
    let found = end.facts.containers().yes().copied().cloned().unwrap();
    assert_eq!(found, rows());
    let read: Vec<_> = ps::parse(
        &found.iter().map(gangplank::plan::remote::Remote::untrusted).collect::<Vec<_>>().join("\n"),
    )
    .into_iter()
    .collect::<Result<_, _>>()
    .unwrap();
    assert_eq!(read.iter().filter(|one| one.is_up()).count(), 2);
}

#[test]
fn the_live_stream_tells_containers_and_leaves_warnings_out() {
    let dir = tempfile::tempdir().unwrap();
    program(dir.path(), "docker", &docker(&format!("[ \"$1\" != events ] || exec sleep 300\n{WARNING}")));
    program(
        dir.path(),
        "systemctl",
        "#!/bin/sh\nprintf 'ActiveState=activating\\nSubState=auto-restart\\n'\n",
    );
    let Some(wire) = with_programs(dir.path()) else { return };
    let mut host = over(Arc::new(wire));
    let mut stream = gangplank::host::Host::stream(&mut host).unwrap();
    let mut sample = || {
        stream.sample();
        loop {
            match stream.next(Duration::from_secs(20)) {
                gangplank::host::Live::Sample(sample) => return sample,
                gangplank::host::Live::Happened => {}
                other => panic!("{other:?}"),
            }
        }
    };
    let first = sample();
    assert_eq!(
        (first.containers, first.error.as_str()),
        (rows().into_iter().map(str::to_owned).collect(), "")
    );
    // This systemd does not count restarts: they are counted as they are seen.
    assert_eq!([first.restarts, sample().restarts, sample().restarts], [1, 2, 3]);
}

#[test]
fn a_frozen_docker_costs_eight_seconds_and_says_nothing_about_the_clock() {
    let began = Instant::now();
    let queries = vec![FactQuery::Machine, FactQuery::Runtime, FactQuery::Containers, FactQuery::Images];
    let Some(end) = ask(&[("docker", "#!/bin/sh\nexec sleep 60\n")], queries) else { return };
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
    let docker = end.facts.docker().yes().copied().cloned().unwrap();
    assert!(docker.frozen && docker.error.contains("did not answer within 8 s"), "{docker:?}");
    assert!(end.facts.containers().why_not().contains("did not answer"));
    let machine = end.facts.machine().yes().copied().cloned().unwrap();
    let ahead = machine.ahead_ms(0).unwrap();
    assert!(ahead.abs() < 2_000, "the clock is told to be {ahead} ms ahead");
}

const DF: &str = "#!/bin/sh\ncat <<X\nFilesystem     1024-blocks     Used Available Capacity Mounted on\n\
    /dev/sda2         51343840  9000000  42343840      18% /\n\
    /dev/sda2         51343840  9000000  42343840      18% /\n\
    /dev/sda5         10190136 10090136    100000      99% /var\nX\n";

#[test]
fn space_is_that_of_the_row_which_df_printed_for_the_path() {
    let Some(end) = ask(&[("df", DF)], vec![FactQuery::Machine]) else { return };
    let free = end.facts.machine().yes().unwrap().free_mib.clone();
    assert_eq!((free["/"], free["/etc"], free["/var/lib/docker"]), (41_351, 41_351, 97));
}

#[test]
fn space_for_images_is_where_docker_really_has_its_root() {
    let docker = "#!/bin/sh\nprintf ' Server Version: 20.10.7\\n Docker Root Dir: /data/docker\\n'\n";
    let df = "#!/bin/sh\necho header > /dev/null\nprintf 'Filesystem 1024-blocks Used Available Capacity Mounted on\\n'\nshift\nfor p; do case $p in /data/*) printf '/dev/sdb 100 50 51200 50%% /data\\n' ;; *) printf '/dev/sda 100 50 9999999 50%% /\\n' ;; esac; done\n";
    let Some(end) = ask(&[("docker", docker), ("df", df)], vec![FactQuery::Machine, FactQuery::Runtime])
    else {
        return;
    };
    let docker = end.facts.docker().yes().copied().cloned().unwrap();
    assert_eq!((docker.root.untrusted(), docker.free_mib), ("/data/docker", Some(50)));
}

#[test]
fn an_address_of_global_scope_on_loopback_counts() {
    let ip = "#!/bin/sh\ncat <<'X'\n\
        1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever\n\
        1: lo    inet 192.168.77.11/32 scope global lo\\       valid_lft forever preferred_lft forever\n\
        2: eth0    inet 169.254.10.1/30 scope link eth0\\       valid_lft forever\nX\n";
    let Some(end) = ask(&[("ip", ip)], vec![FactQuery::Machine]) else { return };
    assert_eq!(end.facts.machine().yes().unwrap().addresses, ["192.168.77.11", "169.254.10.1"]);
}

fn systemctl(lines: &str) -> String {
    format!("#!/bin/sh\ncat <<'X'\n{lines}\nX\n")
}

#[test]
fn a_unit_tells_its_process_its_drop_ins_and_the_reason_for_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let dropin = dir.path().join("10-kubeadm.conf");
    fs::write(&dropin, "[Service]\nEnvironment=\"ARGS=--node-ip=10.0.0.canary\"\nExecStart=\nExecStart=/usr/bin/kubelet $ARGS\n").unwrap();
    let mut sleeper = std::process::Command::new("sleep").arg("100").spawn().unwrap();
    let pid = rustix::process::Pid::from_child(&sleeper);
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let state =
        || fs::read_to_string(Path::new("/proc").join(sleeper.id().to_string()).join("stat")).unwrap();
    crate::support::until("it is stopped", Duration::from_secs(5), || state().contains(") T "));
    let text = systemctl(&format!(
        "LoadState=loaded\nActiveState=active\nSubState=running\nMainPID={}\nActiveEnterTimestampMonotonic=1000000\nDropInPaths={}",
        sleeper.id(),
        dropin.display()
    ));
    let unit = || FactQuery::Unit("kubelet".to_owned());
    let end = ask(&[("systemctl", &text)], vec![unit()]);
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
    let Some(end) = end else { return };
    let fact = end.facts.unit("kubelet").yes().copied().cloned().unwrap();
    assert_eq!((fact.state.untrusted(), fact.restarts), ("T", None));
    assert!(fact.stands_still().is_some() && fact.up_s.is_some_and(|up| up > 10), "{fact:?}");
    assert_eq!(fact.dropins.len(), 1);
    assert_eq!(fact.dropins[0].sets, ["Environment (ARGS, --node-ip)", "ExecStart"]);
    // One that does not stay up says why, behind whatever was dumped.
    let fatal = "F1128 10:00:01.000001    4242 server.go:269] failed to run Kubelet: misconfiguration";
    let dump = (1..2_000)
        .map(|at| {
            format!(
                "main.run({at:#x})\n\t/workspace/main.go:{at} +0x1\nk8s.io/x/cache.(*R).List({{{{0x3b5?, {at:#x}?}}}}, 0x1)\n\tk8s.io/x/wait.go:{at} +0x25\n"
            )
        })
        .collect::<Vec<_>>()
        .concat();
    let journal = format!(
        "#!/bin/sh\ncat <<'X'\n{fatal}\ngoroutine 1 [running]:\n{dump}kubelet.service: Scheduled restart job, restart counter is at 7.\nStarted The primary agent to run pods.\nX\n"
    );
    let text =
        systemctl("LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nMainPID=0\nNRestarts=7");
    let programs = [("systemctl", text.as_str()), ("journalctl", journal.as_str())];
    let Some(end) = ask(&programs, vec![unit(), FactQuery::Journal("kubelet".to_owned())]) else { return };
    assert_eq!(end.facts.unit("kubelet").yes().unwrap().journal, [fatal]);
    let said = end.facts.journal("kubelet").yes().copied().cloned().unwrap();
    assert_eq!(said.said, [fatal]);
    assert_eq!((said.lines.len(), said.lines[0].writer), (1, Some(4242)));
    assert!(said.lines[0].ago_s.is_some() && said.since_s == said.lines[0].ago_s);
    // One that does not count has its journal to tell.
    let text = systemctl("LoadState=loaded\nActiveState=active\nSubState=running\nMainPID=0");
    let programs = [("systemctl", text.as_str()), ("journalctl", journal.as_str())];
    let Some(end) = ask(&programs, vec![unit()]) else { return };
    let fact = end.facts.unit("kubelet").yes().copied().cloned().unwrap();
    assert_eq!((fact.restarts, fact.ends_lately), (None, Some(1)));
}

#[test]
fn a_health_check_is_asked_on_loopback() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        for answer in [
            "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.0 500 Internal Server Error\r\n\r\nsyncloop failed",
        ] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.extend(byte);
            }
            assert!(request.starts_with(b"GET /healthz"));
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let one = |port| {
        let end =
            done(&mut crate::support::local(), &Run::new().batch(Vec::new(), vec![FactQuery::Healthz(port)]));
        end.facts
            .healthz(port)
            .yes()
            .copied()
            .cloned()
            .ok_or_else(|| end.facts.healthz(port).why_not().to_owned())
    };
    assert_eq!(one(port), Ok("ok".into()));
    assert_eq!(one(port), Err("HTTP/1.0 500 Internal Server Error syncloop failed".to_owned()));
    server.join().unwrap();
    assert_eq!(one(crate::sshd::free_port()), Err("connection refused".to_owned()));
    // Connections are taken, as of a process that is stopped, and nothing is said.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let began = Instant::now();
    assert_eq!(one(silent.local_addr().unwrap().port()), Err("no answer within 5 s".to_owned()));
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[test]
fn every_file_of_a_manifest_folder_is_read_as_a_kubelet_would() {
    let dir = tempfile::tempdir().unwrap();
    let pod = "kind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a}]}\n";
    for (name, text) in [("b.yaml~", pod), ("a broken", "x: [\n"), (".hidden", pod)] {
        fs::write(dir.path().join(name), text).unwrap();
    }
    fs::create_dir(dir.path().join("folder")).unwrap();
    let path = dir.path().display().to_string();
    let end = done(
        &mut crate::support::local(),
        &Run::new().batch(Vec::new(), vec![FactQuery::Manifests(path.clone())]),
    );
    let found = end.facts.manifests(&path).yes().copied().cloned().unwrap();
    let told: Vec<(&str, bool)> = found.iter().map(|one| (one.name.untrusted(), one.pod.is_ok())).collect();
    assert_eq!(told, [("a broken", false), ("b.yaml~", true)]);
}

/// Which runtime is asked about on a machine that has both, by its kubelet; and how often that one is started for it.
#[test]
fn of_two_runtimes_the_one_of_the_kubelet_is_asked_and_the_kubelet_is_started_once() {
    let asked = |kubelet: &str| {
        let dir = tempfile::tempdir().unwrap();
        program(dir.path(), "docker", &docker(""));
        program(dir.path(), "ctr", "#!/bin/sh\nexit 1\n");
        program(
            dir.path(),
            "kubelet",
            &format!("#!/bin/sh\necho \"$*\" >>{}/started\n{kubelet}\n", dir.path().display()),
        );
        let before = format!(
            "exec unshare -m sh -c 'mount --bind {0} /usr/local/sbin && mount --bind {0} /usr/local/bin && exec sh -c \"$1\"' sh",
            dir.path().display()
        );
        let wire = Wrapped { wire: LocalWire::new(), before };
        if crate::sshd::run(&wire, "true").last != crate::sshd::exited(0) {
            crate::sshd::left_out::left_out("no mount namespace can be made here");
            return None;
        }
        let set = |versions: &str, flag: &str, runtime| FlagSet {
            versions: vec![versions.to_owned()],
            flags: vec![flag.to_owned()],
            runtime,
        };
        let flags = vec![
            set("v1.2[0-3].*", "--old", RuntimeKind::Docker),
            set("v1.[3-9][0-9].*", "--new", RuntimeKind::Containerd),
        ];
        let path = gangplank::profile::KUBELET.to_owned();
        let queries = vec![FactQuery::Kubelet { path: path.clone(), flags }, FactQuery::Runtime];
        let end = done(&mut over(Arc::new(wire)), &Run::new().batch(Vec::new(), queries));
        assert_eq!(end.trouble, None, "{end:?}");
        let started = fs::read_to_string(dir.path().join("started")).unwrap_or_default();
        let version = end.facts.kubelet(&path).yes().copied().cloned().unwrap().unwrap().version;
        let docker = end.facts.docker().yes().is_some();
        assert_ne!(docker, end.facts.containerd().yes().is_some(), "{end:?}");
        Some((docker, version.untrusted().to_owned(), started.lines().map(str::to_owned).collect::<Vec<_>>()))
    };
    let Some(old) = asked("echo Kubernetes v1.20.2") else { return };
    assert_eq!(old, (true, "Kubernetes v1.20.2".to_owned(), vec!["--old --version".to_owned()]));
    let (docker, version, started) = asked("echo Kubernetes v1.37.2").unwrap();
    assert_eq!((docker, version.as_str()), (false, "Kubernetes v1.37.2"));
    assert_eq!(started, ["--old --version", "--new --version"]);
    // One that does not say which it is.
    let (docker, _, started) = asked("echo broken >&2; exit 1").unwrap();
    assert_eq!((docker, started), (true, vec!["--old --version".to_owned(), "--version".to_owned()]));
}

/// Docker needs containerd, so most machines with docker have both; what docker says is then held back until the kubelet
/// has told its version, and goes out while files are told.
#[test]
fn answers_that_come_side_by_side_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let row =
        |number: u32| format!("registry.example/some/image v{number} sha256:{number:064} 2 years ago 1MB\n");
    let listed = folder.path().join("images");
    fs::write(&listed, (0..300).map(row).collect::<String>()).unwrap();
    let docker = format!(
        "#!/bin/sh\ncase $1 in info) echo ' Server Version: 20.10' ;; images) cat {} ;; esac\n",
        listed.display()
    );
    let nothing = "#!/bin/sh\n";
    let paths: Vec<String> = (0..150)
        .map(|number| {
            let path = folder.path().join(format!("file{number}"));
            // A line of the answer, nearly as long as one may be.
            fs::write(&path, vec![b'x'; 2_200]).unwrap();
            path.display().to_string()
        })
        .collect();
    for turn in 0..15 {
        let kubelet = FactQuery::Kubelet { path: "/nowhere/kubelet".to_owned(), flags: Vec::new() };
        let mut queries = vec![kubelet, FactQuery::Runtime, FactQuery::Containers, FactQuery::Images];
        queries.extend(paths.iter().map(|path| FactQuery::File { path: path.clone(), content: true }));
        let programs = [("docker", docker.as_str()), ("containerd", nothing), ("ctr", nothing)];
        let Some(end) = ask(&programs, queries) else { return };
        assert_eq!(end.facts.images().yes().map(|all| all.len()), Some(300), "{turn}");
        for path in &paths {
            let file = end.facts.file(path);
            assert_eq!(file.why_not(), "", "{turn}: {path}");
            assert_eq!(file.yes().copied().and_then(Option::as_ref).map(|file| file.size), Some(2_200));
        }
    }
}
