//! A log that is followed, with a docker of the test's own.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gangplank::host::{Host, LogHeard, LogSource, LogStream};

use crate::support::{gone, limit, members, over, program, until, with_programs};

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn source() -> LogSource {
    LogSource::Container(ID.to_owned())
}

/// What it says until it ends, or until a line is there.
fn lines(log: &mut dyn LogStream, last: &str) -> (Vec<String>, Option<String>) {
    let deadline = Instant::now() + limit();
    let mut all = Vec::new();
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
fn a_log_is_cleaned_goes_on_as_it_grows_and_leaves_nothing_when_it_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("log"), "").unwrap();
    program(
        dir.path(),
        "docker",
        "#!/bin/sh\nd=${0%/*}; echo \"$*\" >$d/words; read -r _ _ _ _ g _ </proc/self/stat; echo $g >$d/part; mv $d/part $d/group\n\
         printf 'first\\n\\n\\033[31mred\\033[0m\\n'; echo 'of stderr' >&2\n\
         head -c 40000 /dev/zero | tr '\\0' x; echo; exec tail -f -n +1 -s 0.05 $d/log\n",
    );
    let Some(wire) = with_programs(dir.path()) else { return };
    let mut host = over(Arc::new(wire));
    let mut log = host.log(&source()).unwrap();
    let growing = || {
        use std::io::Write;
        let mut file = fs::OpenOptions::new().append(true).open(dir.path().join("log")).unwrap();
        writeln!(file, "it grows").unwrap();
    };
    growing();
    let (all, ended) = lines(&mut *log, "it grows");
    assert_eq!(ended, None);
    assert_eq!(all[..4], ["first", "", "red", "of stderr"]);
    // A line without end is cut, and what comes after it is a line of its own.
    assert!(all[4].starts_with("xxxx") && all[4].len() <= 2_000, "{}", all[4].len());
    assert_eq!(all.len(), 6);
    let words = fs::read_to_string(dir.path().join("words")).unwrap();
    assert_eq!(words.trim(), format!("logs --tail 1000 --follow {ID}"));
    let group = fs::read_to_string(dir.path().join("group")).unwrap().trim().to_owned();
    assert!(!members(&group).is_empty());
    drop(log);
    gone(&group, limit());
}

#[test]
fn a_log_that_ends_says_how() {
    let dir = tempfile::tempdir().unwrap();
    program(dir.path(), "docker", "#!/bin/sh\nprintf 'the last line'\n");
    let Some(wire) = with_programs(dir.path()) else { return };
    let mut host = over(Arc::new(wire));
    let mut log = host.log(&source()).unwrap();
    let ended = |why: &str| Some(why.to_owned());
    assert_eq!(
        lines(&mut *log, ""),
        (vec!["the last line".to_owned()], ended("nothing more is written to it"))
    );
    program(dir.path(), "docker", "#!/bin/sh\necho \"Error: No such container: $5\" >&2; exit 1\n");
    let mut log = host.log(&source()).unwrap();
    let (all, why) = lines(&mut *log, "");
    assert_eq!(
        (all, why),
        (vec!["Error: No such container: ".to_owned() + ID], ended("it ended with status 1"))
    );
    let refused = host.log(&LogSource::Container("x; touch pwned".to_owned())).err().unwrap();
    assert!(refused.to_string().contains("no container's id"), "{refused}");
}

/// A container that writes without end fills neither this computer nor leaves anything on the host.
#[test]
fn a_log_that_floods_is_held_back_and_ends_with_the_wire() {
    let dir = tempfile::tempdir().unwrap();
    program(
        dir.path(),
        "docker",
        "#!/bin/sh\nd=${0%/*}; read -r _ _ _ _ g _ </proc/self/stat; echo $g >$d/part; mv $d/part $d/group; exec yes flood\n",
    );
    let Some(wire) = with_programs(dir.path()) else { return };
    let wire: Arc<dyn gangplank::host::Wire> = Arc::new(wire);
    let mut log = over(Arc::clone(&wire)).log(&source()).unwrap();
    for _ in 0..20 {
        let LogHeard::Lines(lines) = log.next(limit()) else { panic!("no lines") };
        // A chunk may hold a few more than are handed over at once, never all there is.
        assert!(lines.len() < 20_000, "{}", lines.len());
    }
    until("docker logs runs", limit(), || dir.path().join("group").exists());
    let group = fs::read_to_string(dir.path().join("group")).unwrap().trim().to_owned();
    wire.cut();
    drop(log);
    gone(&group, limit());
}
