//! Hosts that never come to a login: what they send before and during the handshake of SSH.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use crate::stage::{HostileAnswer, rest, silence};

/// Connecting and greeting.
const GREETING: u64 = 20;

fn flood(mut socket: TcpStream, first: &[u8], piece: &[u8]) {
    let _ = socket.write_all(first);
    let many = piece.repeat(1 + 16_384 / piece.len());
    while socket.write_all(&many).is_ok() {}
}

fn drip(mut socket: TcpStream, first: &[u8], every: Duration, bytes: &[u8]) {
    let _ = socket.write_all(first);
    for byte in bytes.iter().cycle() {
        if !rest(&socket, every) || socket.write_all(&[*byte]).is_err() {
            return;
        }
    }
}

fn says(mut socket: TcpStream, bytes: &[u8]) {
    let _ = socket.write_all(bytes);
    let _ = rest(&socket, Duration::from_millis(200));
}

const HELLO: &[u8] = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n";

/// A packet before any key exchange.
fn packet(payload: &[u8]) -> Vec<u8> {
    let padding = 8 - (payload.len() + 5) % 8 + 4;
    let padding = if padding < 4 { padding + 8 } else { padding };
    let total = u32::try_from(1 + payload.len() + padding).unwrap();
    let mut all = total.to_be_bytes().to_vec();
    all.push(u8::try_from(padding).unwrap());
    all.extend_from_slice(payload);
    all.extend(vec![0; padding]);
    all
}

fn text(payload: &mut Vec<u8>, words: &[u8]) {
    payload.extend(u32::try_from(words.len()).unwrap().to_be_bytes());
    payload.extend_from_slice(words);
}

fn kexinit(name: &[u8]) -> Vec<u8> {
    let mut payload = vec![20];
    payload.extend([7; 16]);
    for _ in 0..10 {
        text(&mut payload, name);
    }
    payload.extend([0; 5]);
    packet(&payload)
}

fn disconnect(words: &str) -> Vec<u8> {
    let mut payload = vec![1, 0, 0, 0, 2];
    text(&mut payload, words.as_bytes());
    text(&mut payload, b"en");
    packet(&payload)
}

/// Moves the cursor, sets a title, turns the direction.
pub const EVIL: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}lia\u{61c}m\u{9b}31m\rE-FAKE ok";

/// What it is told as: by what was heard of it, if anything was.
fn told(name: &str) -> &'static [&'static str] {
    let (when, what) = name.split_once(": ").unwrap();
    match (when, what) {
        (_, "nothing at all" | "silence") => &["the SSH greeting of 127.0.0.1"],
        (_, "closed at once") => &["ended it during the greeting"],
        // A flood is cut off in the middle of whatever was read of it.
        (
            _,
            "a flood of NUL"
            | "a flood behind its first word"
            | "a flood of packets that nobody asked for"
            | "a flood of packets to ignore"
            | "a flood of debug messages",
        ) => &["E-SSH-02", "E-SSH-03", "E-SSH-04", "E-SSH-17"],
        ("greeting", "escapes and another direction" | "version 1 with escapes") => {
            &["no algorithm in common"]
        }
        ("greeting", _) => &["does not speak SSH, it answered"],
        // What came before it was late, or nothing.
        (_, "a byte a second" | "packets to ignore, one a second") => &["E-SSH-02", "E-SSH-03"],
        _ => &["no algorithm in common"],
    }
}

fn with(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

pub fn all() -> Vec<HostileAnswer> {
    let list: Vec<(&'static str, fn(TcpStream))> = vec![
        ("greeting: a flood without a newline", |s| flood(s, b"", b"a")),
        ("greeting: a flood of lines before it", |s| flood(s, b"", b"welcome\r\n")),
        ("greeting: a flood behind its first word", |s| flood(s, b"SSH-2.0-", b"x")),
        ("greeting: a flood of NUL", |s| flood(s, b"", &[0])),
        ("greeting: nothing at all", |s| silence(&s)),
        ("greeting: closed at once", |s| drop(s)),
        ("greeting: a byte a second", |s| drip(s, b"", Duration::from_secs(1), b"SSH-2.0-very-slow-")),
        ("greeting: lines at one a second", |s| drip(s, b"hello\r\n", Duration::from_millis(500), b"a\n")),
        ("greeting: escapes and another direction", |s| {
            says(s, &with(&[b"SSH-2.0-", EVIL.as_bytes(), b"\r\n", &disconnect(EVIL)]));
        }),
        ("greeting: a web server with escapes", |s| {
            says(s, &with(&[b"HTTP/1.1 400 ", EVIL.as_bytes(), b"\r\n\r\n"]));
        }),
        ("greeting: version 1 with escapes", |s| {
            says(s, &with(&[b"SSH-1.5-", EVIL.as_bytes(), b"\r\n"]));
        }),
        ("handshake: silence", |mut s| {
            let _ = s.write_all(HELLO);
            silence(&s);
        }),
        ("handshake: a flood of noise", |s| flood(s, HELLO, b"\x00\x00\x00\xffzzzz")),
        ("handshake: a packet of 4 GiB", |s| flood(s, &with(&[HELLO, b"\xff\xff\xff\xff\x04"]), b"zzzzzzzz")),
        ("handshake: a packet of 16 MiB", |s| {
            flood(s, &with(&[HELLO, b"\x01\x00\x00\x00\x04"]), b"zzzzzzzz")
        }),
        ("handshake: a byte a second", |s| {
            drip(s, &with(&[HELLO, b"\x00\x00\x04\x00\x04\x14"]), Duration::from_secs(1), b"z");
        }),
        ("handshake: a flood of packets to ignore", |s| {
            flood(s, HELLO, &packet(b"\x02\x00\x00\x00\x04zzzz"))
        }),
        ("handshake: a flood of debug messages", |s| {
            flood(s, HELLO, &packet(b"\x04\x01\x00\x00\x00\x03abc\x00\x00\x00\x00"));
        }),
        ("handshake: a flood of packets that nobody asked for", |s| {
            flood(s, HELLO, &packet(&with(&[b"\x5e\x00\x00\x00\x00\x00\x00\x40\x00", &[b'z'; 0x4000]])));
        }),
        ("handshake: packets to ignore, one a second", |mut s| {
            let _ = s.write_all(HELLO);
            while rest(&s, Duration::from_secs(1)) && s.write_all(&packet(b"\x02\x00\x00\x00\x00")).is_ok() {}
        }),
        ("handshake: a goodbye with escapes", |s| says(s, &with(&[HELLO, &disconnect(EVIL)]))),
        ("handshake: nothing in common, escapes in its name", |s| {
            let name = with(&[b"SSH-2.0-", EVIL.as_bytes(), b"\r\n"]);
            says(s, &with(&[&name, &kexinit(EVIL.as_bytes())]));
        }),
        ("handshake: a list of a thousand names", |s| {
            says(s, &with(&[HELLO, &kexinit("a,".repeat(1000).as_bytes())]));
        }),
    ];
    list.into_iter()
        .map(|(name, serve)| {
            HostileAnswer::new(name, GREETING, told(name), move |stage| Some(stage.raw_host(serve)))
        })
        .collect()
}
