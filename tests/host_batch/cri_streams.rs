//! The live stream and the log of a machine with containerd, with a ctr and a crictl of the test's own.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gangplank::host::{Host, Live, LiveStream, LocalWire, LogHeard, LogSource, Sample};
use gangplank::plan::runtime_fact::RuntimeKind;
use gangplank::runtime::Lister;
use gangplank::runtime::ps::Container;

use crate::support::{Wrapped, gone, limit, over, program, until};

/// What containerd 2.4.2, its ctr and crictl 1.37.0 said.
const LIST: &str = include_str!("../fixtures/containerd-live/crictl-ps.json");
const INFO: &str = include_str!("../fixtures/containerd-live/ctr-info.json");
const EVENTS: &str = include_str!("../fixtures/containerd-live/ctr-events.txt");
const WEB: &str = "be14bda0f29b2bf8d17d9baec94d37ecec6838587d6693ae7e6cfbc7462f23de";
const BAD: &str = "9a2d3249f60ee6eacffb54a5aa1c0461a6114f281cf99cba9ef5eb774b83f084";
/// What the pods of these stand in.
const SANDBOX: &str = "c143f0f0bf4e430dc371db09f82c0a525c76342d18d4d85e38405e83efe54154";

/// A machine whose ctr follows a file, lists another and tells of a container; whose docker is one too, but for its
/// containers; and whose containerd has its folders. `None` when no mount namespace can be made here.
fn machine(folder: &Path, crictl: bool) -> Option<Wrapped> {
    fs::write(folder.join("events"), "").unwrap();
    fs::write(folder.join("ids"), format!("{BAD}\n{WEB}\n")).unwrap();
    fs::write(folder.join("info"), INFO).unwrap();
    fs::write(folder.join("list"), LIST).unwrap();
    fs::write(folder.join("asked"), "").unwrap();
    program(
        folder,
        "ctr",
        "#!/bin/sh\nd=${0%/*}; [ ! -e $d/down ] || { echo 'ctr: no containerd' >&2; exit 1; }\n\
         case \"$*\" in\n\
         '-a /run/containerd/containerd.sock -n k8s.io events '*) read -r _ _ _ _ g _ </proc/self/stat; echo $g >$d/part; mv $d/part $d/group\n\
           for w; do echo \"$w\"; done >$d/filters; exec tail -f -n +1 -s 0.05 $d/events ;;\n\
         *' containers ls '*) echo 'a warning' >&2; cat $d/ids ;;\n\
         *' containers info '*) for i; do :; done; echo $i >>$d/asked; [ $i != BAD ] || exit 1; cat $d/info ;;\n\
         *' tasks ls') echo \"TASK PID STATUS\"; echo \"WEB 7 RUNNING\" ;;\n\
         *) exit 9 ;; esac\n"
            .replace("BAD", BAD)
            .replace("WEB", WEB)
            .as_str(),
    );
    program(
        folder,
        "docker",
        "#!/bin/sh\nd=${0%/*}; : >$d/docker-asked; case $1 in ps) printf 'id\\ti\\tc\\t2020\\tUp 3 s\\tn\\n' ;; events) exec sleep 300 ;; esac\n",
    );
    program(
        folder,
        "systemctl",
        "#!/bin/sh\nprintf 'ActiveState=active\\nSubState=running\\nNRestarts=0\\n'\n",
    );
    if crictl {
        program(
            folder,
            "crictl",
            "#!/bin/sh\nd=${0%/*}; echo \"$*\" >>$d/crictl-asked; case \"$*\" in *' -q') cat $d/ids ;; *) cat $d/list ;; esac\n",
        );
    }
    let cri = folder.join("lib/io.containerd.grpc.v1.cri/containers");
    for (id, state) in [
        (BAD, "\"StartedAt\":1795958893472980147,\"FinishedAt\":1795958893497322117,\"ExitCode\":3"),
        (WEB, "\"StartedAt\":1795958893066952231,\"FinishedAt\":0,\"ExitCode\":0"),
    ] {
        fs::create_dir_all(cri.join(id)).unwrap();
        let created = "\"Version\":\"v1\",\"CreatedAt\":1795958892946390428";
        fs::write(cri.join(id).join("status"), format!("{{{created},{state}}}")).unwrap();
    }
    // A crictl of this computer is not to be found.
    let hide = if crictl { "" } else { "c=$(command -v crictl) && mount --bind /dev/null $c; " };
    let text = format!(
        "mount -t tmpfs none /run && mkdir -p /run/containerd/io.containerd.grpc.v1.cri/sandboxes/{SANDBOX} \
         /run/containerd/io.containerd.runtime.v2.task/k8s.io && mount -t tmpfs none /var/lib && mkdir /var/lib/containerd && \
         mount --bind {0}/lib /var/lib/containerd && mount --bind {0} /usr/local/sbin || exit 1; \
         [ ! -e {0}/pods ] || mkdir /run/containerd/io.containerd.runtime.v2.task/k8s.io/{WEB}; {hide} exec sh -c \"$1\"",
        folder.display()
    );
    let before = format!("exec unshare -m sh -c {} sh", shell_words::quote(&text));
    let wrapped = Wrapped { wire: LocalWire::new(), before };
    if crate::sshd::run(&wrapped, "true").last == crate::sshd::exited(0) {
        return Some(wrapped);
    }
    crate::sshd::left_out::left_out("no mount namespace can be made here");
    None
}

fn next(stream: &mut dyn LiveStream) -> Live {
    let deadline = Instant::now() + limit();
    loop {
        match stream.next(Duration::from_millis(100)) {
            Live::Quiet => assert!(Instant::now() < deadline, "it says nothing"),
            live => return live,
        }
    }
}

/// The next sample, and how often something happened before it.
fn sampled(stream: &mut dyn LiveStream) -> (usize, Sample) {
    stream.sample();
    let mut happened = 0;
    loop {
        match next(stream) {
            Live::Happened => happened += 1,
            Live::Sample(sample) => return (happened, sample),
            other => panic!("{other:?}"),
        }
    }
}

fn happen(folder: &Path, lines: &str) {
    let mut file = fs::OpenOptions::new().append(true).open(folder.join("events")).unwrap();
    write!(file, "{lines}").unwrap();
}

/// The lines of these topics that say something of this container.
fn told(topics: &[&str], id: &str) -> String {
    let of = |line: &&str| {
        let topic = line.split(' ').nth(5).unwrap_or_default();
        topics.contains(&topic) && line.contains(id)
    };
    EVENTS.lines().filter(of).flat_map(|line| [line, "\n"]).collect()
}

#[test]
fn ctr_gives_rows_asks_of_each_container_once_and_tells_nothing_of_its_environment() {
    let dir = tempfile::tempdir().unwrap();
    let Some(wire) = machine(dir.path(), false) else { return };
    let mut host = over(Arc::new(wire)).with_runtime(RuntimeKind::Containerd);
    let mut stream = host.stream().unwrap();
    let (_, sample) = sampled(&mut *stream);
    assert_eq!((sample.lister, sample.error.as_str(), sample.more), (Some(Lister::Ctr), "", false));
    let rows: Vec<Container> = sample.containers.iter().map(|row| Container::parse(row).unwrap()).collect();
    let web = rows.iter().find(|one| one.id == WEB).unwrap();
    assert_eq!(web.shown_name(sample.lister), "web-1/web");
    assert_eq!(
        (web.image.to_string(), web.command.to_string()),
        ("registry.lab/web:1".to_owned(), "/web run --flag=a b quote\"d".to_owned())
    );
    assert!(web.is_up() && web.kubelet.as_ref().is_some_and(|name| name.attempt == Some(0)), "{web:?}");
    let bad = rows.iter().find(|one| one.id == BAD).unwrap();
    assert!(bad.status.starts_with("Exited (3) ") && bad.status.ends_with(" ago"), "{bad:?}");
    assert!(!format!("{sample:?}").contains("hunter2"));
    let figures = sample.figures.expect("it says how it is");
    assert!(figures.memory_kib > figures.memory_free_kib && figures.processors > 0, "{figures:?}");
    assert_eq!(figures.folder, "/var/lib/containerd");
    assert!(figures.disk_percent().is_some(), "{figures:?}");
    let (_, again) = sampled(&mut *stream);
    assert_eq!(again.containers.len(), 2);
    assert_eq!(fs::read_to_string(dir.path().join("asked")).unwrap(), format!("{BAD}\n{WEB}\n"));
    // It goes away, and says so.
    fs::write(dir.path().join("down"), "").unwrap();
    let (_, sample) = sampled(&mut *stream);
    assert_eq!((sample.containers.len(), sample.error.as_str()), (0, "ctr: no containerd"));
    assert!(!dir.path().join("docker-asked").exists());
}

#[test]
fn crictl_gives_the_list_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let Some(wire) = machine(dir.path(), true) else { return };
    let mut host = over(Arc::new(wire)).with_runtime(RuntimeKind::Containerd);
    let mut stream = host.stream().unwrap();
    let (_, sample) = sampled(&mut *stream);
    assert_eq!((sample.lister, sample.error.as_str()), (Some(Lister::Crictl), ""));
    let (_, again) = sampled(&mut *stream);
    let names = |sample: &Sample| {
        sample.containers.iter().map(|row| Container::parse(row).unwrap().kubelet).collect::<Vec<_>>()
    };
    assert_eq!((again.containers.len(), names(&again)), (2, names(&sample)));
    // One that is new is asked about, and crictl's whole list is not asked for again.
    let new = "0123456789abcdef";
    fs::write(dir.path().join("ids"), format!("{BAD}\n{new}\n{WEB}\n")).unwrap();
    let (_, more) = sampled(&mut *stream);
    let row = more.containers.iter().find(|row| row.starts_with(new)).expect("it is listed");
    let row = Container::parse(row).unwrap();
    assert!(row.image == "registry.lab/web:1" && row.kubelet.is_some_and(|name| name.attempt == Some(0)));
    let names: Vec<String> = sample
        .containers
        .iter()
        .map(|row| Container::parse(row).unwrap().shown_name(sample.lister).to_string())
        .collect();
    assert_eq!(names, ["bad-1/bad", "web-1/web"]);
    let asked = fs::read_to_string(dir.path().join("crictl-asked")).unwrap();
    let socket = "unix:///run/containerd/containerd.sock";
    let calls = ["-o json", "-q", "-q"].map(|how| format!("-r {socket} -i {socket} ps -a {how}\n"));
    assert_eq!(asked, calls.concat());
}

/// Probes run a process in a container again and again: nobody is woken by that, nor by what holds a pod's network.
#[test]
fn probes_and_sandboxes_wake_nobody_and_a_start_and_an_end_do() {
    let dir = tempfile::tempdir().unwrap();
    let Some(wire) = machine(dir.path(), false) else { return };
    let mut host = over(Arc::new(wire)).with_runtime(RuntimeKind::Containerd);
    let mut stream = host.stream().unwrap();
    until("ctr events runs", limit(), || dir.path().join("filters").exists());
    let probe = told(&["/tasks/exec-added", "/tasks/exec-started", "/tasks/exit"], WEB);
    assert_eq!(probe.lines().count(), 3, "{probe}");
    happen(dir.path(), &probe.repeat(100));
    happen(dir.path(), &told(&["/tasks/start"], SANDBOX));
    let start = told(&["/tasks/start"], WEB);
    assert_eq!(start.lines().count(), 1);
    happen(dir.path(), &start);
    assert_eq!(next(&mut *stream), Live::Happened);
    assert_eq!(sampled(&mut *stream).0, 0, "only the start was told");
    let end = told(&["/tasks/exit"], BAD);
    assert_eq!(end.lines().count(), 1);
    happen(dir.path(), &format!("{}{end}", probe.repeat(10)));
    assert_eq!(next(&mut *stream), Live::Happened);
    assert_eq!(sampled(&mut *stream).0, 0, "only the end was told");
    // The first events of a probe are not even asked for.
    let filters = fs::read_to_string(dir.path().join("filters")).unwrap();
    assert!(
        filters.contains("namespace==k8s.io,topic==\"/tasks/start\"") && !filters.contains("exec"),
        "{filters}"
    );
    let group = fs::read_to_string(dir.path().join("group")).unwrap().trim().to_owned();
    drop(stream);
    gone(&group, limit());
}

#[test]
fn of_two_runtimes_the_one_that_holds_containers_of_a_kubelet_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let Some(wire) = machine(dir.path(), false) else { return };
    let (_, sample) = sampled(&mut *over(Arc::new(wire)).stream().unwrap());
    assert_eq!((sample.lister, sample.containers.len()), (Some(Lister::Docker), 1));
    fs::write(dir.path().join("pods"), "").unwrap();
    let Some(wire) = machine(dir.path(), false) else { return };
    let (_, sample) = sampled(&mut *over(Arc::new(wire)).stream().unwrap());
    assert_eq!((sample.lister, sample.containers.len()), (Some(Lister::Ctr), 2));
}

#[test]
fn of_many_containers_that_are_new_at_once_some_are_told_of_with_the_next_sample() {
    let dir = tempfile::tempdir().unwrap();
    let Some(wire) = machine(dir.path(), false) else { return };
    let ids: Vec<String> = (0..40).map(|number| format!("{number:064x}\n")).collect();
    fs::write(dir.path().join("ids"), ids.concat()).unwrap();
    let mut host = over(Arc::new(wire)).with_runtime(RuntimeKind::Containerd);
    let mut stream = host.stream().unwrap();
    let asked = || fs::read_to_string(dir.path().join("asked")).unwrap().lines().count();
    let (_, first) = sampled(&mut *stream);
    assert_eq!((first.containers.len(), first.more, asked()), (40, true, 32));
    let (_, second) = sampled(&mut *stream);
    assert_eq!((second.containers.len(), second.more, asked()), (40, false, 40));
}

/// Lines of a log until it ends or one of them is `last`.
fn lines(log: &mut dyn gangplank::host::LogStream, last: &str) -> (Vec<String>, Option<String>) {
    let deadline = Instant::now() + limit();
    let mut all: Vec<String> = Vec::new();
    loop {
        match log.next(Duration::from_millis(100)) {
            LogHeard::Lines(lines) => all.extend(lines),
            LogHeard::Ended(why) => return (all, Some(why)),
            LogHeard::Quiet => assert!(Instant::now() < deadline, "it says nothing: {all:?}"),
        }
        if all.iter().any(|line| line == last) {
            return (all, None);
        }
    }
}

#[test]
fn the_log_of_a_pod_is_told_by_crictl_or_is_the_file_that_containerd_knows() {
    let dir = tempfile::tempdir().unwrap();
    let source = LogSource::Cri(WEB.to_owned());
    let Some(wire) = machine(dir.path(), true) else { return };
    program(dir.path(), "crictl", "#!/bin/sh\necho \"$*\"\n");
    let (said, ended) = lines(&mut *over(Arc::new(wire)).log(&source).unwrap(), "");
    let socket = "unix:///run/containerd/containerd.sock";
    assert_eq!(said, [format!("-c /dev/null -r {socket} -i {socket} logs --tail 1000 --follow {WEB}")]);
    assert_eq!(ended.as_deref(), Some("nothing more is written to it"));

    fs::remove_file(dir.path().join("crictl")).unwrap();
    let Some(wire) = machine(dir.path(), false) else { return };
    let path = dir.path().join("0.log").display().to_string();
    let at = "2026-11-29T13:28:13.067434541Z";
    fs::write(&path, format!("{at} stdout F started\n{at} stdout P a long \n{at} stderr F of \u{1b}[31mstderr\n{at} stdout F line\n")).unwrap();
    // Where it is stands in what CRI keeps beside the container.
    let info = INFO.lines().map(|line| {
        let Some((head, rest)) = line.split_once("\"value\": \"eyJ") else { return format!("{line}\n") };
        let text = openssl::base64::decode_block(&format!("eyJ{}", rest.trim_end_matches('"'))).unwrap();
        let text = String::from_utf8(text).unwrap();
        let old = "/var/log/pods/default_web-1_a2e3a94e-0000-4000-8000-000000000001/web/0.log";
        assert!(text.contains(old));
        let text = openssl::base64::encode_block(text.replace(old, &path).as_bytes());
        format!("{head}\"value\": \"{text}\"\n")
    });
    fs::write(dir.path().join("info"), info.collect::<String>()).unwrap();
    let mut host = over(Arc::new(wire));
    let mut log = host.log(&source).unwrap();
    let (said, ended) = lines(&mut *log, "a long line");
    assert_eq!((said, ended), (["started", "of stderr", "a long line"].map(str::to_owned).to_vec(), None));
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    writeln!(file, "{at} stdout F it grows").unwrap();
    assert_eq!(lines(&mut *log, "it grows").1, None);
    drop(log);
    // What nobody wrote anything of says so.
    fs::remove_file(&path).unwrap();
    let Some(wire) = machine(dir.path(), false) else { return };
    let (said, ended) = lines(&mut *over(Arc::new(wire)).log(&source).unwrap(), "");
    assert_eq!(
        (said, ended.as_deref()),
        (vec!["there is no log of it here".to_owned()], Some("it ended with status 1"))
    );
}
