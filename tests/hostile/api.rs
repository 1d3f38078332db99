//! API servers that mean no good: TLS from the right CA, and what is then said.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use openssl::ssl::{SslAcceptor, SslMethod, SslStream};

use crate::api_server::{Leaf, Pair, ca, signed};
use crate::hosts::EVIL;
use crate::stage::{HostileAnswer, Sent, Stage, listen, rest, silence};

/// TCP, TLS and answer of each of the few questions that are asked before nobody asks any more, of which three are for
/// lists.
const ASKED: u64 = 35 + 3 * 30;

/// An API that accepts and then says nothing.
pub fn still(stage: &Stage) -> Sent {
    api(stage, &Leaf::default(), |stream, _| silence(stream.get_ref()))
}

type Serve = fn(SslStream<TcpStream>, String);

fn acceptor(server: &Pair, clients: &Pair) -> SslAcceptor {
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    acceptor.set_private_key(&server.key).unwrap();
    acceptor.set_certificate(&server.cert).unwrap();
    let mut names = openssl::stack::Stack::new().unwrap();
    let subject = clients.cert.subject_name().to_der().unwrap();
    names.push(openssl::x509::X509Name::from_der(&subject).unwrap()).unwrap();
    acceptor.set_client_ca_list(names);
    acceptor.cert_store_mut().add_cert(clients.cert.clone()).unwrap();
    acceptor.set_verify(openssl::ssl::SslVerifyMode::PEER);
    acceptor.set_session_id_context(b"hostile").unwrap();
    acceptor.build()
}

/// A server of our CA that answers each request with `serve`.
fn api(stage: &Stage, leaf: &Leaf, serve: Serve) -> Sent {
    let port = serving(stage, leaf, serve);
    stage.plan(Some(port), "{host: 127.0.0.1, port: 1, user: root}", "");
    Sent::plan(stage)
}

/// The port of such a server.
fn serving(stage: &Stage, leaf: &Leaf, serve: Serve) -> u16 {
    let server = signed("kube-apiserver", &stage.ca, leaf);
    let acceptor = acceptor(&server, &stage.ca);
    listen(move |socket| {
        let _ = socket.set_read_timeout(Some(Duration::from_secs(60)));
        let Ok(mut stream) = acceptor.accept(socket) else { return };
        if let Some(line) = request(&mut stream) {
            serve(stream, line);
        }
    })
}

/// The port of an API that tells its version and nothing else to whom it does not know.
pub fn knows_nobody(stage: &Stage) -> u16 {
    serving(stage, &Leaf::default(), |s, l| but(s, &l, "401 Unauthorized", "Unauthorized"))
}

/// The port of an API without a node.
pub fn empty(stage: &Stage) -> u16 {
    serving(stage, &Leaf::default(), |s, l| {
        but(s, &l, "200 OK", "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}");
    })
}

/// The first line of a request, once its head is there.
fn request(stream: &mut SslStream<TcpStream>) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 || head.len() > 65_536 {
            return None;
        }
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    head.lines().next().map(str::to_owned)
}

fn flood(mut stream: SslStream<TcpStream>, first: &str, piece: &str) {
    let _ = stream.write_all(first.as_bytes());
    let many = piece.repeat(1 + 16_384 / piece.len());
    while stream.write_all(many.as_bytes()).is_ok() {}
}

fn drip(mut stream: SslStream<TcpStream>, first: &str, bytes: &str) {
    let _ = stream.write_all(first.as_bytes());
    for byte in bytes.bytes().cycle() {
        if !rest(stream.get_ref(), Duration::from_secs(1)) || stream.write_all(&[byte]).is_err() {
            return;
        }
    }
}

fn says(mut stream: SslStream<TcpStream>, status: &str, body: &str) {
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes());
    let _ = stream.shutdown();
}

/// A version for who asks for it, else this.
fn but(stream: SslStream<TcpStream>, line: &str, status: &str, body: &str) {
    if line.contains("/version") {
        says(stream, "200 OK", r#"{"gitVersion":"v1.20.2"}"#);
    } else {
        says(stream, status, body);
    }
}

fn is_version(line: &str) -> bool {
    line.contains("/version")
}

const LIST: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"metadata\":{},\"items\":[";
const NODE: &str = r#"{"metadata":{"name":"a"},"status":{}},"#;

fn version(stream: SslStream<TcpStream>) {
    says(stream, "200 OK", r#"{"gitVersion":"v1.20.2"}"#);
}

fn json_evil() -> String {
    serde_json::Value::from(EVIL).to_string()
}

pub fn all() -> Vec<HostileAnswer> {
    let tls: Vec<(&'static str, Serve)> = vec![
        ("version: silence", |s, _| silence(s.get_ref())),
        ("version: closed at once", |s, _| drop(s)),
        ("version: a byte a second", |s, _| {
            drip(s, "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{\"gitVersion\":\"", "1");
        }),
        ("version: a head at a byte a second", |s, _| drip(s, "HTTP/1.1 200 OK\r\n", "X: y\r\n")),
        ("version: a head without end", |s, _| flood(s, "HTTP/1.1 200 OK\r\n", "X-Head: abcdefgh\r\n")),
        ("version: a head line without end", |s, _| flood(s, "HTTP/1.1 200 OK\r\nX-Head: ", "a")),
        ("version: interim answers without end", |s, _| flood(s, "", "HTTP/1.1 100 Continue\r\n\r\n")),
        ("version: a body without end", |s, _| flood(s, "HTTP/1.1 200 OK\r\n\r\n{\"gitVersion\":\"", "1")),
        ("version: a chunk of a size without end", |s, _| {
            flood(s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "0");
        }),
        ("version: chunk extensions without end", |s, _| {
            flood(s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "a=b;");
        }),
        ("version: small chunks without end", |s, _| {
            flood(s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n");
        }),
        ("version: a flood that is no HTTP", |s, _| flood(s, "", "zzzzzzzz")),
        ("version: escapes", |s, _| says(s, "200 OK", &format!("{{\"gitVersion\":{}}}", json_evil()))),
        ("version: a status line with escapes", |s, _| {
            says(s, &format!("500 {}", EVIL.replace('\r', "")), "{}")
        }),
        ("version: a refusal with escapes", |s, _| {
            says(s, "403 Forbidden", &format!("{{\"kind\":\"Status\",\"message\":{}}}", json_evil()));
        }),
        ("version: sent elsewhere", |s, _| {
            says(s, "302 Found\r\nLocation: https://127.0.0.1:1/", "");
        }),
        ("version: HTML with escapes", |s, _| says(s, "200 OK", &format!("<html>{EVIL}"))),
        ("version: brackets a million deep", |s, _| says(s, "200 OK", &"[".repeat(1_000_000))),
        ("version: a date with escapes", |s, _| {
            says(s, &format!("200 OK\r\nDate: {}", EVIL.replace('\r', "")), r#"{"gitVersion":"v1.20.2"}"#);
        }),
        ("nodes: silence", |s, l| if is_version(&l) { version(s) } else { silence(s.get_ref()) }),
        ("nodes: a byte a second", |s, l| if is_version(&l) { version(s) } else { drip(s, LIST, " ") }),
        ("nodes: without end", |s, l| if is_version(&l) { version(s) } else { flood(s, LIST, NODE) }),
        ("nodes: one name without end", |s, l| {
            if is_version(&l) {
                version(s)
            } else {
                flood(s, &format!("{LIST}{{\"metadata\":{{\"name\":\""), "a")
            }
        }),
        ("nodes: one with labels without end", |s, l| {
            if is_version(&l) {
                version(s);
            } else {
                flood(s, &format!("{LIST}{{\"metadata\":{{\"labels\":{{\"b\":\"c\""), ",\"a\":\"b\"");
            }
        }),
        ("nodes: blanks without end", |s, l| if is_version(&l) { version(s) } else { flood(s, LIST, " ") }),
        ("nodes: a field beside without end", |s, l| {
            if is_version(&l) { version(s) } else { flood(s, "HTTP/1.1 200 OK\r\n\r\n{\"x\":[0", ",0") }
        }),
        ("nodes: 64 MiB in one", |s, l| {
            but(
                s,
                &l,
                "200 OK",
                &format!("{{\"items\":[{{\"metadata\":{{\"name\":\"{}\"}}}}]}}", "a".repeat(64 << 20)),
            );
        }),
        ("nodes: brackets a million deep", |s, l| {
            but(s, &l, "200 OK", &format!("{{\"items\":[{}", "[".repeat(1_000_000)));
        }),
        ("nodes: names and reasons with escapes", |s, l| {
            let evil = json_evil();
            let node = format!(
                "{{\"metadata\":{{\"name\":\"w1\",\"uid\":{evil}}},\"spec\":{{\"podCIDR\":{evil},\"unschedulable\":true}},\"status\":\
                 {{\"conditions\":[{{\"type\":\"Ready\",\"status\":\"False\",\"reason\":{evil},\"message\":{evil}}}],\"addresses\":\
                 [{{\"type\":{evil},\"address\":{evil}}}],\"nodeInfo\":{{\"kubeletVersion\":{evil}}}}}}}"
            );
            but(
                s,
                &l,
                "200 OK",
                &format!("{{\"metadata\":{{\"resourceVersion\":{evil}}},\"items\":[{node}]}}"),
            );
        }),
        ("nodes: a refusal with escapes", |s, l| {
            but(s, &l, "403 Forbidden", &format!("{{\"kind\":\"Status\",\"message\":{}}}", json_evil()));
        }),
        ("objects: escapes everywhere", |s, l| {
            let evil = json_evil();
            if l.contains("/nodes") {
                says(s, "200 OK", "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}");
            } else {
                but(
                    s,
                    &l,
                    "200 OK",
                    &format!(
                        "{{\"kind\":{evil},\"metadata\":{{\"name\":{evil},\"namespace\":{evil},\"uid\":{evil}}},\"spec\":\
                         {{\"clusterIP\":\"10.3.0.2\"}},\"items\":[{{\"metadata\":{{\"name\":{evil},\"namespace\":{evil}}},\"spec\":\
                         {{\"clusterIP\":\"10.3.0.2\"}}}}]}}"
                    ),
                );
            }
        }),
    ];
    let mut all: Vec<HostileAnswer> = tls
        .into_iter()
        .map(|(name, serve)| {
            // What is only ugly is no problem, as long as it is told clean.
            let says: &[&str] =
                if name.contains("escapes") { &["w1"] } else { &["E-API", "the API", "not known"] };
            HostileAnswer::new(name, ASKED, says, move |stage| Some(api(stage, &Leaf::default(), serve)))
        })
        .collect();
    let raw: Vec<(&'static str, fn(TcpStream))> = vec![
        ("TLS: silence", |s| silence(&s)),
        ("TLS: closed at once", |s| drop(s)),
        ("TLS: a flood of noise", |mut s| while s.write_all(&[7; 16_384]).is_ok() {}),
        ("TLS: a web server with escapes", |mut s| {
            let _ = s.write_all(format!("HTTP/1.1 400 {EVIL}\r\n\r\n").as_bytes());
            let _ = rest(&s, Duration::from_millis(200));
        }),
        ("TLS: a record at a byte a second", |mut s| {
            let _ = s.write_all(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc");
            while rest(&s, Duration::from_secs(1)) && s.write_all(&[3]).is_ok() {}
        }),
        ("TLS: warnings without end", |mut s| {
            while s.write_all(&b"\x15\x03\x03\x00\x02\x01\x5a".repeat(999)).is_ok() {}
        }),
        ("TLS: empty records without end", |mut s| {
            while s.write_all(&b"\x16\x03\x03\x00\x00".repeat(999)).is_ok() {}
        }),
        ("TLS: a message of 16 MiB", |mut s| {
            let _ = s.write_all(b"\x16\x03\x03\x40\x00\x0b\xff\xff\xff");
            let record: Vec<u8> = [b"\x16\x03\x03\x40\x00".as_slice(), &[0; 16_384]].concat();
            while s.write_all(&record).is_ok() {}
        }),
    ];
    for (name, serve) in raw {
        all.push(HostileAnswer::new(name, ASKED, &["E-API", "the API", "not known"], move |stage| {
            Some(stage.raw_api(serve))
        }));
    }
    all.push(HostileAnswer::new(
        "TLS: a real handshake at a byte every 100 ms",
        ASKED,
        &["E-API", "the API", "not known"],
        |stage| {
            let server = signed("kube-apiserver", &stage.ca, &Leaf::default());
            let acceptor = acceptor(&server, &stage.ca);
            let behind = listen(move |socket| drop(acceptor.accept(socket)));
            Some(stage.raw_api(move |mut near| {
                let Ok(mut far) = TcpStream::connect(("127.0.0.1", behind)) else { return };
                let (mut reading, mut writing) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                std::thread::spawn(move || std::io::copy(&mut reading, &mut writing));
                let (bell, tick) = std::sync::mpsc::channel::<()>();
                let mut byte = [0];
                while far.read(&mut byte).is_ok_and(|count| count > 0) && near.write_all(&byte).is_ok() {
                    let _ = tick.recv_timeout(Duration::from_millis(100));
                }
                drop(bell);
            }))
        },
    ));
    all.push(HostileAnswer::new(
        "certificate: of a stranger with escapes in its name",
        ASKED,
        &["E-API-22"],
        |stage| {
            let stranger = ca("\u{1b}[2J\u{202e}\u{61c}kube");
            let server = signed("\u{1b}]0;owned\u{7}", &stranger, &Leaf::default());
            let acceptor = acceptor(&server, &stage.ca);
            Some(stage.raw_api(move |socket| drop(acceptor.accept(socket))))
        },
    ));
    all.push(HostileAnswer::new("certificate: other names, with escapes", ASKED, &["E-API-22"], |stage| {
        let leaf = Leaf {
            ips: vec![],
            names: vec!["\u{1b}[2J\u{202e}a\u{61c}\u{7}", "\nE-FAKE"],
            ..Leaf::default()
        };
        Some(api(stage, &leaf, |s, _| version(s)))
    }));
    all.push(HostileAnswer::new("certificate: ten thousand names", ASKED, &["E-API", "E-CA"], |stage| {
        let leaf = Leaf { ips: vec![], names: vec!["a.example.org"; 10_000], ..Leaf::default() };
        Some(api(stage, &leaf, |s, _| version(s)))
    }));
    for (name, piece) in [
        ("watch: a line without end", "a"),
        ("watch: lines without end", "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}\n"),
        ("watch: empty lines without end", "\n"),
    ] {
        let serve: Serve = match piece {
            "a" => |s, l| watched(s, &l, "a"),
            "\n" => |s, l| watched(s, &l, "\n"),
            _ => |s, l| watched(s, &l, "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}\n"),
        };
        all.push(
            HostileAnswer::new(name, 16, &["w1"], move |stage| {
                let _ = api(stage, &Leaf::default(), serve);
                let plan = stage.at("plan.yaml");
                let mut sent = Sent::with(&["watch", plan.to_str().unwrap(), "--trust-new", "--plain"]);
                sent.stop_after = Some(Duration::from_secs(12));
                Some(sent)
            })
            .real(),
        );
    }
    all
}

fn watched(stream: SslStream<TcpStream>, line: &str, piece: &str) {
    if line.contains("watch=true") {
        flood(stream, "HTTP/1.1 200 OK\r\n\r\n", piece);
    } else if line.contains("/nodes") {
        says(stream, "200 OK", "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}");
    } else {
        version(stream);
    }
}
