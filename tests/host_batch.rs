//! Batches, facts, stops, sudo and the live stream with a real shell: on this computer and behind a private
//! sshd on loopback. What needs root says so when it is not.

#![expect(clippy::unwrap_used, reason = "only tests are here")]

mod sshd;

#[path = "host_batch/batches.rs"]
mod batches;
#[path = "host_batch/facts.rs"]
mod facts;
#[path = "host_batch/files.rs"]
mod files;
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

/// Whether this is root; says why a test is not run otherwise.
fn root() -> bool {
    let root = sshd::output("id", &["-u"]) == "0";
    if !root {
        println!("skipped: this needs root");
    }
    root
}
