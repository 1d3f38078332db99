//! Ctrl-C while something hostile holds the program still: it answers within a second, in every phase that can be held.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crate::stage::{Sent, Stage, interrupt, listen, silence};
use crate::{api, shells};

/// The first answer to Ctrl-C.
const ANSWERS: Duration = Duration::from_secs(1);

/// A phase: its name, what holds it, and within how many seconds an `apply` ends there.
type Phase = (&'static str, u64, fn(&mut Stage) -> Option<Sent>);

fn phases() -> Vec<Phase> {
    vec![
        ("ssh_config", 1, |stage| {
            stage.write(".ssh/config", "Match exec \"sleep 300\"\n  User root\n");
            stage.plan(None, "{host: 127.0.0.1, port: 1, user: root}", "");
            Some(Sent::plan(stage))
        }),
        ("connect", 1, |stage| {
            // Nobody accepts, and nobody more fits into the queue: the next one waits.
            let full = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let at = full.local_addr().unwrap();
            let mut queue = Vec::new();
            while let Ok(one) = TcpStream::connect_timeout(&at, Duration::from_millis(300)) {
                queue.push(one);
            }
            stage.plan(None, &format!("{{host: 127.0.0.1, port: {}, user: root}}", at.port()), "");
            stage.keep((full, queue));
            Some(Sent::plan(stage))
        }),
        ("banner", 1, |stage| Some(stage.raw_host(|socket| silence(&socket)))),
        ("banner flood", 1, |stage| {
            Some(stage.raw_host(
                |mut socket| {
                    while std::io::Write::write_all(&mut socket, &[b'a'; 16_384]).is_ok() {}
                },
            ))
        }),
        ("facts", 2, |stage| shells::host(stage, "exec sleep 900", "")),
        ("facts flood", 2, |stage| shells::host(stage, "while :; do echo a; sleep 0.1; done", "")),
        // An answer of the API that is under way is waited for, its five seconds at most, each time it is asked.
        ("API", 22, |stage| Some(api::still(stage))),
        ("API handshake", 22, |stage| {
            let port = listen(|socket| silence(&socket));
            stage.plan(Some(port), "{host: 127.0.0.1, port: 1, user: root}", "");
            Some(Sent::plan(stage))
        }),
    ]
}

/// Starts it, presses Ctrl-C after a while; when it first answered after that, when it ended, and what it said.
fn pressed(stage: &Stage, args: &[String]) -> (Option<Duration>, Duration, String) {
    let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", stage.at("bin").display());
    let mut child = Command::new(env!("CARGO_BIN_EXE_gangplank"))
        .args(args)
        .env_clear()
        .env("HOME", stage.home.path())
        .env("PATH", path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (say, hear) = channel();
    let stderr: Box<dyn Read + Send> = Box::new(child.stderr.take().unwrap());
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if say.send((Instant::now(), line)).is_err() {
                return;
            }
        }
    });
    let mut said = String::new();
    // By then it stands where it is held.
    let held = Instant::now() + Duration::from_secs(3);
    while let Ok((_, line)) = hear.recv_timeout(held.saturating_duration_since(Instant::now())) {
        said.push_str(&line);
    }
    assert!(child.try_wait().unwrap().is_none(), "it was not held: {said}");
    interrupt(child.id());
    let at = Instant::now();
    let mut first = None;
    while let Ok((when, line)) = hear.recv_timeout(Duration::from_secs(40)) {
        if line.contains("stop") {
            first.get_or_insert(when.saturating_duration_since(at));
        }
        said.push_str(&line);
    }
    let _ = child.kill();
    let ended = at.elapsed();
    let _ = child.wait();
    (first, ended, said)
}

pub fn try_all() -> Vec<String> {
    let broken = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for (name, ends, make) in phases() {
            for command in ["plan", "apply"] {
                let broken = &broken;
                scope.spawn(move || {
                    let mut stage = Stage::new();
                    let Some(mut sent) = make(&mut stage) else { return };
                    command.clone_into(&mut sent.args[0]);
                    let (first, ended, said) = pressed(&stage, &sent.args);
                    let ends = if command == "plan" { 1 } else { ends };
                    let wrong = |what: String| {
                        broken.lock().unwrap().push(format!("{command}, {name}: {what}: {said:?}"))
                    };
                    match first {
                        Some(after) if after <= ANSWERS => {}
                        other => wrong(format!("it answered after {other:?}")),
                    }
                    if ended > Duration::from_secs(ends) + ANSWERS {
                        wrong(format!("it ended after {ended:?}"));
                    }
                });
            }
        }
    });
    broken.into_inner().unwrap()
}
