//! The live stream with a docker of the test's own.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gangplank::host::{Host, HostDetail, Lasts, Live, LiveStream};

use crate::support::{gone, limit, over, program, until, with_programs};

/// `events` waits for lines in a file, `ps` prints a row.
fn docker(folder: &Path) {
    fs::write(folder.join("events"), "").unwrap();
    program(
        folder,
        "docker",
        "#!/bin/sh\nd=${0%/*}; case $1 in \
         events) read -r _ _ _ _ g _ </proc/self/stat; echo $g >$d/part; mv $d/part $d/group; exec tail -f -n +1 -s 0.05 $d/events ;; \
         ps) [ ! -e $d/down ] || { echo 'no daemon' >&2; exit 1; }; \
             printf 'id\\timage\\t\"c\\033[31md\"\\t2020\\tUp 3 s\\tk8s_x\\n' ;; esac\n",
    );
    program(
        folder,
        "systemctl",
        "#!/bin/sh\nprintf 'ActiveState=active\\nSubState=running\\nNRestarts=4\\n'\n",
    );
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

fn next_detail(stream: &mut dyn LiveStream) -> HostDetail {
    loop {
        match next(stream) {
            Live::Detail(detail) => return detail,
            Live::Happened => {}
            other => panic!("{other:?}"),
        }
    }
}

/// The processes of a group that follow a file, as `docker events` does here.
fn following(group: &str) -> Vec<String> {
    crate::support::processes(|folder| {
        let line = fs::read_to_string(folder.join("cmdline")).ok()?;
        line.starts_with("tail\0-f").then_some(())?;
        let stat = fs::read_to_string(folder.join("stat")).ok()?;
        let (_, rest) = stat.rsplit_once(") ")?;
        (rest.split(' ').nth(2) == Some(group))
            .then(|| folder.file_name().unwrap().to_string_lossy().into_owned())
    })
}

fn happen(folder: &Path, line: &str) {
    use std::io::Write;
    let mut file = fs::OpenOptions::new().append(true).open(folder.join("events")).unwrap();
    writeln!(file, "{line}").unwrap();
}

#[test]
fn a_stream_tells_events_samples_and_lookups_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    docker(dir.path());
    let Some(wire) = with_programs(dir.path()) else { return };
    let mut host = over(Arc::new(wire));
    let mut stream = host.stream().unwrap();
    assert_eq!(host.streams(), 1);
    until("docker events runs", limit(), || dir.path().join("group").exists());
    happen(dir.path(), "2020 container exec_create: ls");
    happen(dir.path(), "2020 container start");
    assert_eq!(next(&mut *stream), Live::Happened);
    stream.sample();
    let Live::Sample(sample) = next(&mut *stream) else { panic!("no sample") };
    assert_eq!(sample.containers, ["id\timage\t\"cd\"\t2020\tUp 3 s\tk8s_x"]);
    assert_eq!((sample.kubelet.as_str(), sample.restarts, sample.error.as_str()), ("active/running", 4, ""));
    assert!(sample.clock > 1_500_000_000);
    fs::write(dir.path().join("down"), "").unwrap();
    stream.sample();
    let Live::Sample(sample) = next(&mut *stream) else { panic!("no sample") };
    assert_eq!((sample.containers.len(), sample.error.as_str()), (0, "no daemon"));
    let installed = ["dig", "nslookup", "host"].map(|tool| {
        crate::sshd::run(&gangplank::host::LocalWire::new(), &format!("command -v {tool}")).last
            == crate::sshd::exited(0)
    });
    if installed == [false; 3] {
        stream.lookup("kubernetes.default", "127.0.0.1");
        let none = Live::Lookup { tool: String::new(), said: String::new(), answered: false };
        assert_eq!(next(&mut *stream), none);
    }
    program(dir.path(), "dig", "#!/bin/sh\necho \"10.0.0.1 for $*\"\n");
    stream.lookup("kubernetes.default", "10.0.0.10");
    let said = "10.0.0.1 for +short +time=2 +tries=2 @10.0.0.10 kubernetes.default A".to_owned();
    assert_eq!(next(&mut *stream), Live::Lookup { tool: "dig".to_owned(), said, answered: true });
    let group = fs::read_to_string(dir.path().join("group")).unwrap().trim().to_owned();
    assert!(!crate::support::members(&group).is_empty());
    drop(stream);
    gone(&group, limit());
}

/// What an opened host is asked for besides; nothing of a key that lies beside a certificate comes with it.
#[test]
fn a_stream_tells_the_journal_and_the_ends_of_certificates_and_no_key() {
    let dir = tempfile::tempdir().unwrap();
    docker(dir.path());
    program(
        dir.path(),
        "journalctl",
        "#!/bin/sh\n[ \"$*\" = '-u kubelet -n 40 --no-pager -o short' ] || exit 3\n\
         for i in $(seq 1 60); do echo \"Nov 23 12:00:00 w1 kubelet[7]: line $i\"; done; printf 'a \\033[31mred\\033[0m end %09000d\\n' 7; echo 'a warning' >&2\n",
    );
    let at = |name: &str| dir.path().join(name).display().to_string();
    let request = format!(
        "req -x509 -newkey rsa:2048 -nodes -subj /CN=w1 -days 30 -keyout {} -out {}",
        at("key"),
        at("crt")
    );
    crate::sshd::output("openssl", &request.split(' ').collect::<Vec<_>>());
    let cert = dir.path().join("worker.crt");
    let both = fs::read_to_string(at("key")).unwrap() + &fs::read_to_string(at("crt")).unwrap();
    assert!(both.contains("PRIVATE KEY") && both.contains("BEGIN CERTIFICATE"));
    fs::write(&cert, both).unwrap();
    let odd = dir.path().join("odd.crt");
    fs::write(&odd, "no certificate").unwrap();
    let Some(wire) = with_programs(dir.path()) else { return };
    let mut host = over(Arc::new(wire));
    let mut stream = host.stream().unwrap();
    let missing = dir.path().join("missing.crt");
    let paths = [&cert, &odd, &missing].map(|path| path.display().to_string());
    let mut asked: Vec<&str> = paths.iter().map(String::as_str).collect();
    // What is no plain path is not asked for.
    asked.push("/x; touch pwned");
    stream.detail(&asked);
    let detail = next_detail(&mut *stream);
    let ends: Vec<&Lasts> = detail.certificates.iter().map(|one| &one.until).collect();
    assert!(matches!(ends.as_slice(), [Lasts::Until(_), Lasts::Unreadable, Lasts::Missing]), "{detail:?}");
    assert_eq!(detail.certificates[0].path, paths[0]);
    assert_eq!((detail.journal.len(), detail.error.as_str()), (40, ""));
    let last = detail.journal.last().unwrap().to_string();
    assert!(last.starts_with("a red end 0000") && last.len() <= 600, "{last}");
    assert!(detail.journal.iter().any(|line| *line == *"Nov 23 12:00:00 w1 kubelet[7]: line 60"));
    assert!(!format!("{detail:?}").contains("PRIVATE"), "{detail:?}");
    // The next sample comes as ever.
    stream.sample();
    assert!(matches!(next(&mut *stream), Live::Sample(_)));
    program(dir.path(), "journalctl", "#!/bin/sh\necho 'No journal files were opened' >&2; exit 1\n");
    stream.detail(&[]);
    let detail = next_detail(&mut *stream);
    assert_eq!(detail.error, "No journal files were opened");
}

#[test]
fn a_stream_goes_on_when_docker_stops_telling_and_ends_with_the_wire() {
    let dir = tempfile::tempdir().unwrap();
    docker(dir.path());
    let Some(wire) = with_programs(dir.path()) else { return };
    let wire: Arc<dyn gangplank::host::Wire> = Arc::new(wire);
    let mut stream = over(Arc::clone(&wire)).stream().unwrap();
    until("docker events runs", limit(), || dir.path().join("group").exists());
    let group = fs::read_to_string(dir.path().join("group")).unwrap().trim().to_owned();
    until("docker events waits for lines", limit(), || !following(&group).is_empty());
    for process in following(&group) {
        crate::sshd::output("kill", &[&process]);
    }
    // That is an event itself, and docker is asked again.
    assert_eq!(next(&mut *stream), Live::Happened);
    stream.sample();
    assert!(matches!(next(&mut *stream), Live::Sample(_)));
    until("docker events runs again", limit(), || !following(&group).is_empty());
    happen(dir.path(), "2020 container start");
    assert_eq!(next(&mut *stream), Live::Happened);
    wire.cut();
    assert!(matches!(next(&mut *stream), Live::Ended(_)));
    gone(&group, limit());
}

/// A docker that never ends a line, neither of its events nor of its list.
#[test]
fn a_stream_that_is_left_while_docker_floods_leaves_nothing_on_the_host() {
    let dir = tempfile::tempdir().unwrap();
    docker(dir.path());
    program(
        dir.path(),
        "docker",
        "#!/bin/sh\nd=${0%/*}; case $1 in events) read -r _ _ _ _ g _ </proc/self/stat; echo $g >$d/part; mv $d/part $d/group ;; \
         ps) : >$d/asked ;; esac; exec tr '\\0' a </dev/zero\n",
    );
    let Some(wire) = with_programs(dir.path()) else { return };
    let wire: Arc<dyn gangplank::host::Wire> = Arc::new(wire);
    let mut stream = over(Arc::clone(&wire)).stream().unwrap();
    until("docker events runs", limit(), || dir.path().join("group").exists());
    let group = fs::read_to_string(dir.path().join("group")).unwrap().trim().to_owned();
    stream.sample();
    until("docker ps runs", limit(), || dir.path().join("asked").exists());
    wire.cut();
    drop(stream);
    gone(&group, limit());
}
