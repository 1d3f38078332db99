//! Waiting costs nothing. Alone in its file: the processor time of the whole process is measured.

#![expect(clippy::unwrap_used, reason = "a helper of tests")]

mod sshd;

use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

use gangplank::host::{Chunk, RecvTimeout, Wire};
use sshd::{LIMIT, Sshd, collect, read_line};

/// Processor time of this process so far, in ticks of 10 ms.
fn ticks() -> u64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after = text.rsplit_once(')').unwrap().1;
    after.split_whitespace().skip(11).take(2).map(|word| word.parse::<u64>().unwrap()).sum()
}

/// Lets two seconds pass by waiting for something that does not come.
fn spent(wire: &dyn Wire) -> u64 {
    let quiet = wire.exec("cat").unwrap();
    let before = ticks();
    assert_eq!(quiet.recv(Duration::from_secs(2)), Err(RecvTimeout::Timeout));
    ticks() - before
}

#[test]
fn waiting_in_every_state_costs_nothing() {
    if !std::path::Path::new("/proc/self/stat").exists() {
        sshd::left_out::left_out("there is no /proc");
        return;
    }
    let Some(sshd) = Sshd::start("ClientAliveInterval 1") else { return };
    let wire = sshd.connect();
    assert!(spent(&wire) <= 4, "a quiet command");

    let flood = wire.exec("yes").unwrap();
    assert!(matches!(flood.recv(LIMIT), Ok(Chunk::Out(_))));
    let _ = spent(&wire);
    assert!(spent(&wire) <= 4, "output that nobody reads");
    drop(flood);

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let half = wire.tcp("127.0.0.1", listener.local_addr().unwrap().port()).unwrap();
    listener.accept().unwrap().0.write_all(b"hello").unwrap();
    assert_eq!(collect(&half).out, b"hello");
    assert!(spent(&wire) <= 4, "a TCP connection ended by the other side");

    let given_up = wire.exec("echo up; sleep 60").unwrap();
    assert_eq!(read_line(&given_up), "up");
    drop(given_up);
    assert!(spent(&wire) <= 4, "a command that was given up and goes on");

    let stuck = wire.exec("echo up; sleep 60").unwrap();
    assert_eq!(read_line(&stuck), "up");
    let sender = stuck.sender();
    let sending = std::thread::spawn(move || while sender.send(vec![0; 100_000].into()).is_ok() {});
    let _ = spent(&wire);
    assert!(spent(&wire) <= 4, "an upload that the command does not take");
    drop(stuck);
    sending.join().unwrap();

    let before = ticks();
    assert_eq!(wire.exec("sleep 60").unwrap().recv(Duration::from_secs(2)), Err(RecvTimeout::Timeout));
    assert!(ticks() - before <= 4, "many of them together");
}
