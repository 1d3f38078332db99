//! Batches, facts, stops, sudo and the live stream with a real shell: on this computer and behind a private
//! sshd on loopback. What needs root says so when it is not.

#![expect(clippy::unwrap_used, reason = "only tests are here")]

mod sshd;

#[path = "host_batch/answers.rs"]
mod answers;
#[path = "host_batch/around.rs"]
mod around;
#[path = "host_batch/batches.rs"]
mod batches;
#[path = "host_batch/cri_streams.rs"]
mod cri_streams;
#[path = "host_batch/early.rs"]
mod early;
#[path = "host_batch/facts.rs"]
mod facts;
#[path = "host_batch/files.rs"]
mod files;
#[path = "host_batch/found.rs"]
mod found;
#[path = "host_batch/links.rs"]
mod links;
#[path = "host_batch/lock.rs"]
mod lock;
#[path = "host_batch/logs.rs"]
mod logs;
#[path = "host_batch/programs.rs"]
mod programs;
#[path = "host_batch/secrets.rs"]
mod secrets;
#[path = "host_batch/stops.rs"]
mod stops;
#[path = "host_batch/streams.rs"]
mod streams;
#[path = "host_batch/sudo.rs"]
mod sudo;
#[path = "host_batch/support.rs"]
mod support;

/// Whether this is root; without it the test is left out.
fn root() -> bool {
    let root = sshd::output("id", &["-u"]) == "0";
    if !root {
        sshd::left_out::left_out("it needs root");
    }
    root
}

#[test]
fn a_test_that_is_left_out_is_named_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("left-out");
    for why in ["it needs root", "there is no sshd"] {
        sshd::left_out::note(Some(file.as_os_str()), why);
    }
    sshd::left_out::note(None, "nobody asked");
    let name = "host_batch::a_test_that_is_left_out_is_named_with_its_reason";
    let lines = format!("{name}: it needs root\n{name}: there is no sshd\n");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), lines);
}
