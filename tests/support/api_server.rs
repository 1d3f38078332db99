//! An HTTPS server on loopback that answers from tapes and remembers what it was asked.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gangplank::plan::model::ApiAddress;
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::ssl::{SslAcceptor, SslMethod, SslStream, SslVerifyMode, SslVersion};
use openssl::stack::Stack;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Name};

/// A certificate with its key.
#[derive(Clone)]
pub struct Pair {
    pub cert: X509,
    pub key: PKey<Private>,
}

impl Pair {
    pub fn pem(&self) -> Vec<u8> {
        self.cert.to_pem().unwrap()
    }
}

/// What differs from a plain server certificate for 127.0.0.1.
#[derive(Clone)]
pub struct Leaf {
    pub ips: Vec<&'static str>,
    pub names: Vec<&'static str>,
    pub digest: MessageDigest,
    /// Start and end in seconds from now.
    pub life: (i64, i64),
}

impl Default for Leaf {
    fn default() -> Self {
        Self { ips: vec!["127.0.0.1"], names: vec![], digest: MessageDigest::sha256(), life: (-600, 86_400) }
    }
}

fn name(common: &str) -> X509Name {
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_text("O", "Example").unwrap();
    name.append_entry_by_text("CN", common).unwrap();
    name.build()
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// RSA keys as the post's would take most of the tests' time.
fn key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn build(common: &str, issuer: Option<&Pair>, leaf: &Leaf, key: PKey<Private>) -> Pair {
    let mut cert = X509::builder().unwrap();
    cert.set_version(2).unwrap();
    let serial = BigNum::from_u32(u32::try_from(now() % 1_000_000).unwrap() + 1).unwrap();
    cert.set_serial_number(&serial.to_asn1_integer().unwrap()).unwrap();
    cert.set_subject_name(&name(common)).unwrap();
    cert.set_pubkey(&key).unwrap();
    cert.set_not_before(&Asn1Time::from_unix(now() + leaf.life.0).unwrap()).unwrap();
    cert.set_not_after(&Asn1Time::from_unix(now() + leaf.life.1).unwrap()).unwrap();
    if let Some(issuer) = issuer {
        cert.set_issuer_name(issuer.cert.subject_name()).unwrap();
        if !leaf.ips.is_empty() || !leaf.names.is_empty() {
            let mut san = SubjectAlternativeName::new();
            leaf.ips.iter().for_each(|ip| {
                san.ip(ip);
            });
            leaf.names.iter().for_each(|name| {
                san.dns(name);
            });
            let san = san.build(&cert.x509v3_context(Some(&issuer.cert), None)).unwrap();
            cert.append_extension(san).unwrap();
        }
    } else {
        cert.set_issuer_name(&name(common)).unwrap();
        cert.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    }
    cert.sign(issuer.map_or(&key, |issuer| &issuer.key), leaf.digest).unwrap();
    Pair { cert: cert.build(), key }
}

/// A self-signed CA.
pub fn ca(common: &str) -> Pair {
    build(common, None, &Leaf::default(), key())
}

/// A certificate signed by `ca`.
pub fn signed(common: &str, ca: &Pair, leaf: &Leaf) -> Pair {
    build(common, Some(ca), leaf, key())
}

/// As [`signed`], with an RSA key.
pub fn signed_rsa(common: &str, ca: &Pair) -> Pair {
    build(common, Some(ca), &Leaf::default(), PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap())
}

/// One scripted answer.
#[derive(Clone)]
pub struct Reply {
    pub to: &'static str,
    pub status: u16,
    pub body: String,
    pub then: Then,
}

/// What happens after an answer's body.
#[derive(Clone, Copy, PartialEq)]
pub enum Then {
    /// The connection stays open.
    Keep,
    /// The connection is closed, without saying so before.
    Close,
    /// More is announced than comes.
    Stall,
    /// Nothing at all is sent.
    Silent,
}

/// An answer to `GET /path` or `POST /path`.
pub fn reply(to: &'static str, status: u16, body: impl Into<String>) -> Reply {
    Reply { to, status, body: body.into(), then: Then::Keep }
}

/// An answer as recorded.
pub fn tape(to: &'static str, file: &str) -> Reply {
    let path = format!("{}/tests/tapes/v1.2.2/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let (head, body) = text.split_once("\n\n").or_else(|| text.split_once("\r\n\r\n")).unwrap();
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    reply(to, status, body)
}

/// How the server speaks TLS.
pub struct Tls {
    pub server: Pair,
    pub client_ca: Option<Pair>,
    pub required: bool,
    pub version: SslVersion,
    pub date: Option<jiff::Timestamp>,
}

impl Tls {
    pub fn plain(server: Pair) -> Self {
        Self { server, client_ca: None, required: false, version: SslVersion::TLS1_2, date: None }
    }

    pub fn asking(server: Pair, ca: &Pair) -> Self {
        Self { client_ca: Some(ca.clone()), ..Self::plain(server) }
    }
}

/// One request as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub line: String,
    pub body: String,
    /// Common name of the client's certificate.
    pub client: Option<String>,
}

pub struct Server {
    pub address: ApiAddress,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Answers each request with the first reply not used yet for it; the last one stays.
    pub fn start(tls: Tls, replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&asked);
        let replies = Arc::new(Mutex::new(VecDeque::from(replies)));
        std::thread::spawn(move || {
            let acceptor = acceptor(&tls);
            for socket in listener.incoming().flatten() {
                let (acceptor, record, replies) =
                    (acceptor.clone(), Arc::clone(&record), Arc::clone(&replies));
                let date = tls.date;
                std::thread::spawn(move || {
                    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                    if let Ok(stream) = acceptor.accept(socket) {
                        serve(stream, &record, &replies, date);
                    }
                });
            }
        });
        Self { address: ApiAddress { host: "127.0.0.1".into(), port }, asked }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).collect()
    }
}

fn acceptor(tls: &Tls) -> SslAcceptor {
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    acceptor.set_security_level(0);
    acceptor.set_private_key(&tls.server.key).unwrap();
    acceptor.set_certificate(&tls.server.cert).unwrap();
    acceptor.set_min_proto_version(Some(tls.version)).unwrap();
    acceptor.set_max_proto_version(Some(tls.version)).unwrap();
    acceptor.set_session_id_context(b"tapes").unwrap();
    if let Some(ca) = &tls.client_ca {
        let mut names = Stack::new().unwrap();
        names.push(X509Name::from_der(&ca.cert.subject_name().to_der().unwrap()).unwrap()).unwrap();
        acceptor.set_client_ca_list(names);
        acceptor.cert_store_mut().add_cert(ca.cert.clone()).unwrap();
        let required =
            if tls.required { SslVerifyMode::FAIL_IF_NO_PEER_CERT } else { SslVerifyMode::empty() };
        acceptor.set_verify(SslVerifyMode::PEER | required);
    }
    acceptor.build()
}

fn serve(
    stream: SslStream<TcpStream>,
    record: &Mutex<Vec<Asked>>,
    replies: &Mutex<VecDeque<Reply>>,
    date: Option<jiff::Timestamp>,
) {
    let client = stream.ssl().peer_certificate().map(|cert| {
        let entry = cert.subject_name().entries_by_nid(Nid::COMMONNAME).next().unwrap();
        entry.data().to_string().unwrap()
    });
    let mut stream = BufReader::new(stream);
    loop {
        let mut first = String::new();
        if stream.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        let line = first.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
        let body = String::from_utf8(body).unwrap();
        record.lock().unwrap().push(Asked { line: line.clone(), body, client: client.clone() });
        let reply = next_reply(&mut replies.lock().unwrap(), &line);
        let reply = reply.unwrap_or_else(|| tape("", "service-not-found.http"));
        if reply.then == Then::Silent {
            // Until the client goes away: no sleep, the read ends with the connection.
            let _ = stream.read(&mut [0]);
            return;
        }
        let date = date.unwrap_or_else(jiff::Timestamp::now);
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date).unwrap();
        let head = format!(
            "HTTP/1.1 {} X\r\nDate: {date}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            reply.status,
            reply.body.len() + if reply.then == Then::Stall { 100 } else { 0 }
        );
        let stream = stream.get_mut();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(reply.body.as_bytes()).unwrap();
        if reply.then == Then::Stall {
            let _ = stream.read(&mut [0]);
        }
        if reply.then != Then::Keep {
            return;
        }
    }
}

fn next_reply(replies: &mut VecDeque<Reply>, line: &str) -> Option<Reply> {
    let fits = |reply: &Reply| reply.to == line;
    let at = replies.iter().position(fits)?;
    if replies.iter().filter(|reply| fits(reply)).count() > 1 {
        replies.remove(at)
    } else {
        replies.get(at).cloned()
    }
}
