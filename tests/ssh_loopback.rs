//! The wire against a real sshd on loopback: bytes, ends, cuts and jump hosts.

#![expect(clippy::unwrap_used, reason = "a helper of tests")]

mod sshd;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use gangplank::host::{
    Chunk, Deadlines, LocalWire, RecvTimeout, SshWire, TrustPolicy, Wire, WireCounts, WireError,
};
use sshd::{LIMIT, Person, Sshd, collect, connect, exited, read_line, run};

/// Far less than the minute a remote command would sleep, far more than a busy machine needs.
const QUICK: Duration = Duration::from_secs(15);

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at * 7 + at / 251) % 256).unwrap()).collect()
}

fn sha256_hex(bytes: &[u8]) -> String {
    let words = openssl::sha::sha256(bytes);
    words
        .chunks(8)
        .map(|part| part.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)))
        .fold(String::new(), |text, word| format!("{text}{word:016x}"))
}

fn upload(wire: &dyn Wire, bytes: &[u8]) -> String {
    let duplex = wire.exec("sha256sum").unwrap();
    for piece in bytes.chunks(100_000) {
        duplex.send(piece.to_vec().into()).unwrap();
    }
    duplex.finish();
    let ran = collect(&duplex);
    assert_eq!(ran.last, exited(0));
    String::from_utf8(ran.out).unwrap().split(' ').next().unwrap().to_owned()
}

#[test]
fn gives_streams_apart_status_and_signal() {
    let Some(sshd) = Sshd::start("") else { return };
    let started = Instant::now();
    let wire = sshd.connect();
    println!("connect and login: {:?}", started.elapsed());
    let ran = run(&wire, "echo out; echo err >&2; exit 7");
    assert_eq!((ran.out.as_slice(), ran.err.as_slice()), (b"out\n".as_slice(), b"err\n".as_slice()));
    assert_eq!(ran.last, exited(7));
    let ran = run(&wire, "kill -9 $$");
    assert_eq!(ran.last, Some(Chunk::Exit { status: None, signal: Some("KILL".into()) }));
    let ran = run(&wire, "cat");
    assert_eq!((ran.out.len(), ran.last), (0, exited(0)));
    assert_eq!(wire.counts(), WireCounts { connections: 1, execs: 3, tcp: 0 });
    assert_eq!(wire.describe(), format!("{}@127.0.0.1:{}", sshd.user, sshd.port));
}

#[test]
fn a_stream_that_has_ended_says_so_and_takes_nothing() {
    let Some(sshd) = Sshd::start("") else { return };
    let wire = sshd.connect();
    let duplex = wire.exec("true").unwrap();
    assert_eq!(collect(&duplex).last, exited(0));
    assert_eq!(duplex.recv(LIMIT), Err(RecvTimeout::Ended));
    assert_eq!(duplex.send(vec![1].into()).unwrap_err().code(), "E-SSH-17");
}

#[test]
fn uploads_64_megabytes_unharmed() {
    let Some(sshd) = Sshd::start("") else { return };
    let wire = sshd.connect();
    let bytes = pattern(64 << 20);
    let started = Instant::now();
    assert_eq!(upload(&wire, &bytes), sha256_hex(&bytes));
    println!("64 MiB up: {:?}", started.elapsed());
}

#[test]
fn goes_on_while_keys_are_exchanged_again_and_again() {
    let Some(sshd) = Sshd::start("RekeyLimit 1M") else { return };
    let wire = sshd.connect();
    let bytes = pattern(12 << 20);
    let down = wire.exec("head -c 12000000 /dev/zero").unwrap();
    assert_eq!(upload(&wire, &bytes), sha256_hex(&bytes));
    assert_eq!(collect(&down).out.len(), 12_000_000);
}

#[test]
fn takes_five_megabytes_on_each_stream() {
    let Some(sshd) = Sshd::start("") else { return };
    let wire = sshd.connect();
    let command = "i=0; while [ $i -lt 50 ]; do head -c 100000 /dev/zero; \
                   head -c 100000 /dev/zero >&2; i=$((i+1)); done";
    let ran = run(&wire, command);
    assert_eq!((ran.out.len(), ran.err.len(), ran.last), (5_000_000, 5_000_000, exited(0)));
}

#[test]
fn an_upload_a_flood_and_small_events_do_not_hold_each_other() {
    let Some(sshd) = Sshd::start("") else { return };
    let wire = sshd.connect();
    let events = wire.exec("for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; sleep 0.05; done").unwrap();
    let flood = wire.exec("head -c 5000000 /dev/zero >&2").unwrap();
    let up = wire.exec("cat >/dev/null; echo done").unwrap();
    let sender = up.sender();
    let sending = std::thread::spawn(move || {
        for _ in 0..94 {
            sender.send(vec![7; 1_000_000].into()).unwrap();
        }
        sender.finish();
    });
    let flood = std::thread::spawn(move || collect(&flood).err.len());
    let mut worst = Duration::ZERO;
    let mut last = Instant::now();
    let mut text = Vec::new();
    loop {
        match events.recv(LIMIT).unwrap() {
            Chunk::Out(bytes) => text.extend(bytes),
            Chunk::Err(_) | Chunk::Lost(_) => panic!(),
            Chunk::Exit { .. } => break,
        }
        worst = worst.max(last.elapsed());
        last = Instant::now();
    }
    println!("worst gap between events 50 ms apart: {worst:?}");
    assert_eq!(text, b"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n");
    sending.join().unwrap();
    assert_eq!(collect(&up).out, b"done\n");
    assert_eq!(flood.join().unwrap(), 5_000_000);
}

#[test]
fn a_stream_nobody_reads_does_not_hold_the_others() {
    let Some(sshd) = Sshd::start("") else { return };
    let wire = sshd.connect();
    let flood = wire.exec("head -c 20000000 /dev/zero").unwrap();
    let bytes = pattern(5_000_000);
    assert_eq!(upload(&wire, &bytes), sha256_hex(&bytes));
    assert_eq!(collect(&flood).out.len(), 20_000_000);
}

#[test]
fn a_quick_command_passes_a_long_one() {
    let Some(sshd) = Sshd::start("") else { return };
    let wire = sshd.connect();
    let long = wire.exec("echo up; read x; echo $x").unwrap();
    assert_eq!(read_line(&long), "up");
    assert_eq!(run(&wire, "echo quick").out, b"quick\n");
    long.send(b"word\n".to_vec().into()).unwrap();
    assert_eq!(collect(&long).out, b"word\n");
}

#[test]
fn eight_connections_with_eight_commands_each_run_at_once() {
    let Some(sshd) = Sshd::start("") else { return };
    let started = Instant::now();
    std::thread::scope(|scope| {
        for host in 0..8 {
            let sshd = &sshd;
            scope.spawn(move || {
                let wire = sshd.connect();
                let wire = &wire;
                std::thread::scope(|scope| {
                    for command in 0..8 {
                        scope.spawn(move || {
                            for round in 0..8 {
                                let text = format!("{host} {command} {round}\n");
                                let duplex = wire.exec("cat").unwrap();
                                duplex.send(text.clone().into_bytes().into()).unwrap();
                                duplex.finish();
                                let ran = collect(&duplex);
                                assert_eq!((ran.out, ran.last), (text.into_bytes(), exited(0)));
                            }
                        });
                    }
                });
            });
        }
    });
    println!("8 x 8 x 8 commands: {:?}", started.elapsed());
}

#[test]
fn giving_up_an_upload_leaves_the_connection_usable() {
    let Some(sshd) = Sshd::start("") else { return };
    let wire = sshd.connect();
    for _ in 0..5 {
        let stuck = wire.exec("echo up; sleep 60").unwrap();
        assert_eq!(read_line(&stuck), "up");
        let sender = stuck.sender();
        let sending = std::thread::spawn(move || while sender.send(vec![0; 100_000].into()).is_ok() {});
        assert_eq!(run(&wire, "echo between").out, b"between\n");
        drop(stuck);
        sending.join().unwrap();
        assert_eq!(run(&wire, "echo after").out, b"after\n");
    }
}

#[test]
fn a_connection_lost_in_the_middle_of_output_is_said() {
    let Some(sshd) = Sshd::start("") else { return };
    let wire = sshd.connect();
    let duplex = wire.exec("echo $PPID; exec yes").unwrap();
    let pid = read_line(&duplex);
    sshd::output("kill", &["-9", &pid]);
    let last = collect(&duplex).last;
    assert!(matches!(last, Some(Chunk::Lost(WireError::Lost { .. }))), "{last:?}");
    assert_eq!(wire.exec("true").unwrap_err().code(), "E-SSH-17");
}

#[test]
fn a_connection_lost_in_the_middle_of_an_upload_is_said() {
    let Some(sshd) = Sshd::start("") else { return };
    let wire = sshd.connect();
    let duplex = wire.exec("echo $PPID; exec cat >/dev/null").unwrap();
    let pid = read_line(&duplex);
    let sender = duplex.sender();
    let sending = std::thread::spawn(move || {
        let mut sent = 0_u64;
        loop {
            match sender.send(vec![0; 100_000].into()) {
                Ok(()) => sent += 1,
                Err(error) => return (sent, error),
            }
            if sent == 50 {
                sshd::output("kill", &["-9", &pid]);
            }
        }
    });
    let (sent, error) = sending.join().unwrap();
    assert!(sent >= 50);
    assert_eq!(error.code(), "E-SSH-17");
    assert!(matches!(collect(&duplex).last, Some(Chunk::Lost(_))));
}

#[test]
fn a_lost_idle_connection_is_noticed_by_the_next_command() {
    let Some(sshd) = Sshd::start("") else { return };
    let wire = sshd.connect();
    let pid = String::from_utf8(run(&wire, "echo $PPID").out).unwrap();
    sshd::output("kill", &["-9", pid.trim()]);
    assert_eq!(wire.exec("true").unwrap_err().code(), "E-SSH-17");
}

#[test]
fn a_peer_that_falls_silent_is_given_up() {
    let Some(sshd) = Sshd::start("") else { return };
    let deadlines = Deadlines {
        keepalive: Duration::from_secs(2),
        silence: Duration::from_secs(5),
        ..Deadlines::default()
    };
    let person = Person::trusting();
    let wire = SshWire::connect(&sshd.target(), &TrustPolicy::default(), &person, deadlines).unwrap();
    let duplex = wire.exec("echo $PPID; sleep 60").unwrap();
    let pid = read_line(&duplex);
    // Longer than the deadline, yet kept alive by the answers.
    assert_eq!(duplex.recv(Duration::from_secs(7)), Err(RecvTimeout::Timeout));
    sshd::output("kill", &["-STOP", &pid]);
    let last = collect(&duplex).last;
    sshd::output("kill", &["-KILL", &pid]);
    let Some(Chunk::Lost(WireError::Lost { why })) = last else { panic!("{last:?}") };
    assert!(why.contains("nothing was heard"), "{why}");
}

#[test]
fn dropping_while_a_command_sleeps_is_quick() {
    let Some(sshd) = Sshd::start("") else { return };
    let wire = sshd.connect();
    let duplex = wire.exec("echo up; sleep 60").unwrap();
    assert_eq!(read_line(&duplex), "up");
    let started = Instant::now();
    drop(wire);
    let took = started.elapsed();
    println!("dropped in {took:?}");
    assert!(took < QUICK, "{took:?}");
    assert_eq!(collect(&duplex).last, Some(Chunk::Lost(WireError::Cut)));
}

#[test]
fn cutting_ends_every_stream_at_once() {
    let Some(sshd) = Sshd::start("") else { return };
    let wire = sshd.connect();
    let duplex = wire.exec("echo up; exec yes").unwrap();
    assert!(read_line(&duplex).starts_with("up"));
    let started = Instant::now();
    wire.cut();
    let last = collect(&duplex).last;
    assert!(started.elapsed() < QUICK, "{:?}", started.elapsed());
    assert_eq!(last, Some(Chunk::Lost(WireError::Cut)));
    assert_eq!(wire.exec("true").unwrap_err(), WireError::Cut);
}

#[test]
fn too_many_sessions_are_named_and_the_others_live() {
    let Some(sshd) = Sshd::start("MaxSessions 2") else { return };
    let wire = sshd.connect();
    let first = wire.exec("echo up; cat").unwrap();
    let _second = wire.exec("cat").unwrap();
    let error = wire.exec("cat").unwrap_err();
    assert!(matches!(error, WireError::TooManySessions { .. }), "{error}");
    first.finish();
    assert_eq!(collect(&first).out, b"up\n");
}

#[test]
fn a_command_that_is_too_long_is_refused_here() {
    let Some(sshd) = Sshd::start("") else { return };
    let wire = sshd.connect();
    assert_eq!(wire.exec(&format!(": {}", "x".repeat(40_000))).unwrap_err().code(), "E-SSH-21");
    let long = format!("echo {} | wc -c", "x".repeat(29_000));
    assert_eq!(run(&wire, &long).out, b"29001\n");
}

fn echo_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut reading = stream.try_clone().unwrap();
                let mut writing = stream;
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = reading.read(&mut buffer) {
                    writing.write_all(&buffer[..count]).unwrap();
                }
            });
        }
    });
    port
}

fn echoes(wire: &dyn Wire) {
    let port = echo_server();
    let duplex = wire.tcp("127.0.0.1", port).unwrap();
    let bytes = pattern(3_000_000);
    let (sender, copy) = (duplex.sender(), bytes.clone());
    let sending = std::thread::spawn(move || {
        for piece in copy.chunks(50_000) {
            sender.send(piece.to_vec().into()).unwrap();
        }
        sender.finish();
    });
    let ran = collect(&duplex);
    sending.join().unwrap();
    assert!(ran.out == bytes);
    assert_eq!(ran.last, Some(Chunk::Exit { status: None, signal: None }));
    let closed = sshd::free_port();
    assert!(matches!(wire.tcp("127.0.0.1", closed).unwrap_err(), WireError::NoTcp { .. }));
}

#[test]
fn the_machine_connects_onwards() {
    let Some(sshd) = Sshd::start("") else { return };
    let wire = sshd.connect();
    echoes(&wire);
    assert_eq!(wire.counts(), WireCounts { connections: 1, execs: 0, tcp: 2 });
    assert_eq!(run(&wire, "echo still").out, b"still\n");
}

#[test]
fn a_server_that_speaks_first_and_closes_is_read_to_its_end() {
    let Some(sshd) = Sshd::start("") else { return };
    let wire = sshd.connect();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.accept().unwrap().0.write_all(b"hello").unwrap());
    let duplex = wire.tcp("127.0.0.1", port).unwrap();
    let ran = collect(&duplex);
    assert_eq!(
        (ran.out.as_slice(), ran.last),
        (b"hello".as_slice(), Some(Chunk::Exit { status: None, signal: None }))
    );
}

#[test]
fn goes_through_a_jump_host() {
    let (Some(bastion), Some(worker)) = (Sshd::start(""), Sshd::start("")) else { return };
    let mut target = worker.target();
    target.jump = Some(Box::new(bastion.target()));
    let person = Person::trusting();
    let started = Instant::now();
    let wire = connect(&target, &person).unwrap();
    println!("through a jump host: {:?}", started.elapsed());
    let hosts: Vec<String> = person.questions().into_iter().map(|question| question.host).collect();
    assert_eq!(hosts, [format!("[127.0.0.1]:{}", bastion.port), format!("[127.0.0.1]:{}", worker.port)]);
    let bytes = pattern(20 << 20);
    let started = Instant::now();
    assert_eq!(upload(&wire, &bytes), sha256_hex(&bytes));
    println!("20 MiB through a jump host: {:?}", started.elapsed());
    assert_eq!(wire.counts(), WireCounts { connections: 2, execs: 1, tcp: 1 });
    echoes(&wire);
    let duplex = wire.exec("echo up; sleep 60").unwrap();
    assert_eq!(read_line(&duplex), "up");
    let started = Instant::now();
    drop(wire);
    assert!(started.elapsed() < QUICK, "{:?}", started.elapsed());
}

#[test]
fn a_failure_on_the_way_names_the_jump_host() {
    let (Some(bastion), Some(worker)) = (Sshd::start(""), Sshd::start("")) else { return };
    let mut target = worker.target();
    let mut jump = bastion.target();
    jump.keys.clear();
    target.jump = Some(Box::new(jump));
    let error = connect(&target, &Person::trusting()).unwrap_err();
    let WireError::Jump { host, error } = error else { panic!("{error}") };
    assert_eq!((host, error.code().as_str()), (format!("127.0.0.1:{}", bastion.port), "E-SSH-10"));

    target.jump = Some(Box::new(bastion.target()));
    target.port = sshd::free_port();
    let error = connect(&target, &Person::trusting()).unwrap_err();
    assert!(matches!(&error, WireError::Jump { error, .. } if error.code() == "E-SSH-16"), "{error}");
}

#[test]
fn says_what_answers_on_a_port_without_ssh() {
    let Some(sshd) = Sshd::start("") else { return };
    let mut target = sshd.target();
    let try_port = |target: &gangplank::host::SshTarget, deadlines| {
        SshWire::connect(target, &TrustPolicy::default(), &Person::trusting(), deadlines).unwrap_err()
    };
    let usual = Deadlines::default();
    target.port = sshd::free_port();
    assert!(matches!(try_port(&target, usual), WireError::Unreachable { .. }));

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    target.port = silent.local_addr().unwrap().port();
    let short = Deadlines { handshake: Duration::from_millis(700), ..usual };
    assert!(matches!(try_port(&target, short), WireError::Timeout { .. }));

    let http = TcpListener::bind("127.0.0.1:0").unwrap();
    target.port = http.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in http.incoming().flatten() {
            let mut buffer = [0; 100];
            let _ = stream.read(&mut buffer);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let error = try_port(&target, usual);
    assert!(
        matches!(&error, WireError::NotSsh { shown, .. } if shown == "HTTP/1.1 400 Bad Request"),
        "{error}"
    );
}

#[test]
fn no_common_algorithm_is_named() {
    let Some(sshd) = Sshd::start("KexAlgorithms diffie-hellman-group14-sha1") else { return };
    let error = connect(&sshd.target(), &Person::trusting()).unwrap_err();
    assert!(matches!(error, WireError::NoCommonAlgorithm { .. }), "{error}");
}

#[test]
fn this_computer_behaves_like_a_machine() {
    let wire = LocalWire::new();
    let ran = run(&wire, "echo out; echo err >&2; exit 7");
    assert_eq!((ran.out, ran.err, ran.last), (b"out\n".to_vec(), b"err\n".to_vec(), exited(7)));
    assert_eq!(
        run(&wire, "kill -9 $$").last,
        Some(Chunk::Exit { status: None, signal: Some("KILL".into()) })
    );
    let bytes = pattern(8 << 20);
    assert_eq!(upload(&wire, &bytes), sha256_hex(&bytes));
    echoes(&wire);
    let duplex = wire.exec("echo up; read x; echo over >&2; sleep 60").unwrap();
    assert_eq!(read_line(&duplex), "up");
    wire.cut();
    assert_eq!(collect(&duplex).last, Some(Chunk::Lost(WireError::Cut)));
    let duplex = wire.exec("echo up; sleep 60").unwrap();
    assert_eq!(read_line(&duplex), "up");
    wire.kill();
    assert_eq!(collect(&duplex).last, Some(Chunk::Exit { status: None, signal: Some("KILL".into()) }));
}

#[test]
fn the_last_bytes_arrive_without_an_end_of_file() {
    let Some(sshd) = Sshd::start("") else { return };
    let wire = sshd.connect();
    for length in [3 << 20, 5_000_000, 9_000_001] {
        let bytes = pattern(length);
        let duplex = wire.exec(&format!("echo up; head -c {length} | sha256sum")).unwrap();
        assert_eq!(read_line(&duplex), "up");
        for piece in bytes.chunks(128 << 10) {
            duplex.send(piece.to_vec().into()).unwrap();
        }
        assert_eq!(read_line(&duplex).split(' ').next(), Some(sha256_hex(&bytes).as_str()));
    }
}
