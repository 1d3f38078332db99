//! What an API address shows before it is trusted: TCP, TLS, its certificates, the client CAs it takes
//! and its clock. Nothing is sent but one anonymous GET; no credential is ever used here.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use openssl::error::ErrorStack;
use openssl::ssl::{
    HandshakeError, Ssl, SslContext, SslMethod, SslRef, SslStream, SslVerifyMode, SslVersion,
};
use openssl::x509::{X509, X509Name, X509Ref};

use super::clock::Clock;
use super::credential::Credential;
use super::error::ApiError;
use super::sniff::{ClientCertRequest, Sniffed, request_tls12, request_tls13};
use super::tls::{self, ServerCertificate, TlsFault};
use crate::limits::time::within;
use crate::plan::clean;
use crate::plan::hex;
use crate::plan::model::{ApiAddress, Version};

/// No answer about a version is longer, bytes.
const LARGEST_ANSWER: usize = 64 * 1024;

/// Everything seen at one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Why nothing more is known; `None` = TLS came up.
    pub fault: Option<ApiError>,
    /// TLS version of the handshake; the server may speak newer ones too.
    pub tls: Option<String>,
    /// The presented chain, the server's own certificate first.
    pub chain: Vec<ServerCertificate>,
    /// Does the chain lead to our CA? `None` when there was no CA to check with or no chain.
    pub trusted: Option<Result<(), TlsFault>>,
    /// Does the certificate carry the address?
    pub name: Option<NameCheck>,
    /// Which clients the server accepts.
    pub clients: ClientCas,
    /// The server's clock against ours.
    pub clock: Option<Clock>,
    /// What it says of its version to anybody; 401 before 1.6.
    pub version: Result<Version, ApiError>,
}

impl Probe {
    /// Nothing was seen.
    pub(super) fn unseen(fault: ApiError) -> Self {
        Self {
            fault: Some(fault.clone()),
            tls: None,
            chain: Vec::new(),
            trusted: None,
            name: None,
            clients: ClientCas::NotSeen,
            clock: None,
            version: Err(fault),
        }
    }
}

/// Does the server's certificate carry the address?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameCheck {
    /// In subjectAltName.
    Carried,
    /// Only as common name, which kubectl since 1.19 does not accept.
    CommonNameOnly,
    /// Not at all; the names it has.
    Missing(Vec<String>),
}

/// Which client certificates a server accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientCas {
    /// It asks for no client certificate.
    NotAsked,
    /// It asks and names no CA, as API servers of Kubernetes 1.2 do without `--client-ca-file`.
    Any,
    /// It asks for one of these CAs.
    Named(Vec<ClientCa>),
    /// It could not be seen.
    NotSeen,
}

/// The subject of a client CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCa {
    /// On one line.
    pub subject: String,
    /// As sent.
    pub der: Vec<u8>,
}

impl ClientCas {
    /// Would a certificate signed by the CA with this subject (DER) be asked for? `None` = unknown.
    pub fn takes(&self, subject: &[u8]) -> Option<bool> {
        match self {
            Self::NotAsked => Some(false),
            Self::Any => Some(true),
            Self::Named(list) => Some(list.iter().any(|ca| ca.der == subject)),
            Self::NotSeen => None,
        }
    }
}

/// What one handshake gave.
struct Shake {
    result: Result<SslStream<Sniffed>, ApiError>,
    tls: Option<String>,
    chain: Vec<X509>,
    clients: ClientCertRequest,
}

/// Looks at `address`: connection, handshake and answer take at most `wait` each.
pub fn probe(address: &ApiAddress, ca: Option<&[u8]>, wait: Duration) -> Probe {
    let mut shake = shake(address, SslVersion::TLS1_2, wait);
    let only_newer = matches!(&shake.result, Err(ApiError::Tls(TlsFault::NothingInCommon)));
    if only_newer && shake.chain.is_empty() {
        shake = self::shake(address, SslVersion::TLS1_3, wait);
    }
    let (fault, (clock, version)) = match shake.result {
        Ok(mut stream) => {
            stream.get_mut().until = Instant::now() + wait;
            (None, ask_version(&mut stream, address))
        }
        Err(fault) => (Some(fault.clone()), (None, Err(fault))),
    };
    let fault_seen = fault.is_some();
    let trusted = ca
        .filter(|_| !shake.chain.is_empty())
        .map(|ca| tls::check(&shake.chain, ca, None, security_level()).map_or(Ok(()), Err));
    Probe {
        fault,
        tls: shake.tls,
        trusted,
        name: shake.chain.first().map(|leaf| carries(leaf, &address.host)),
        chain: shake.chain.iter().map(|cert| ServerCertificate::read(cert)).collect(),
        // Broken off before its end, it may not have asked yet.
        clients: match client_cas(shake.clients) {
            ClientCas::NotAsked if fault_seen => ClientCas::NotSeen,
            clients => clients,
        },
        clock,
        version,
    }
}

fn no_certificate() -> TlsFault {
    TlsFault::ClientRefused { why: "a client certificate is required".to_owned() }
}

/// Does the server ask for a client certificate? Then the alert "handshake failure" most often means it.
pub(super) fn wants_certificate(address: &ApiAddress, wait: Duration) -> Option<TlsFault> {
    let shake = shake(address, SslVersion::TLS1_2, wait);
    matches!(shake.clients, ClientCertRequest::Names(_)).then(no_certificate)
}

/// Finds out why a client that verifies refused the server: the chain is fetched again, untrusted.
pub(super) fn explain(address: &ApiAddress, ca: &[u8], wait: Duration) -> Option<TlsFault> {
    let mut shake = shake(address, SslVersion::TLS1_2, wait);
    if shake.chain.is_empty() {
        shake = self::shake(address, SslVersion::TLS1_3, wait);
    }
    // Trust comes first: a wrong name on a stranger's certificate is not the news.
    let level = security_level();
    tls::check(&shake.chain, ca, None, level)
        .or_else(|| tls::check(&shake.chain, ca, Some(&address.host), level))
}

/// Shakes hands with our credential and waits for an alert, sending nothing more.
pub(super) fn refusal(address: &ApiAddress, me: Option<&Credential>, wait: Duration) -> Option<TlsFault> {
    let wait = wait.min(Duration::from_secs(2));
    let socket = connect(address, wait).ok()?;
    let mut context = SslContext::builder(SslMethod::tls_client()).ok()?;
    // No request is sent, so nothing secret goes to a server that is not the right one.
    context.set_verify(SslVerifyMode::NONE);
    if let Some(me) = me {
        context.set_certificate(me.chain.first()?).ok()?;
        context.set_private_key(&me.key).ok()?;
    }
    let ssl = Ssl::new(&context.build()).ok()?;
    match ssl.connect(Sniffed::over(socket, wait)) {
        Ok(mut stream) => {
            let error = stream.ssl_read(&mut [0]).err()?;
            tls::from_words(&error.to_string())
        }
        Err(HandshakeError::Failure(mid)) => tls::from_words(&mid.error().to_string()),
        Err(_) => None,
    }
}

/// Connects to the first address of the host that answers.
pub(super) fn connect(address: &ApiAddress, wait: Duration) -> Result<TcpStream, ApiError> {
    let unknown = |why: String| ApiError::Unreachable(format!("{}: {}", address.host, clean::words(&why)));
    let (host, port) = (address.host.clone(), address.port);
    // The resolver has no deadline of its own.
    let look_up = move || (host.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
    let Some(found) = within(wait, &|| false, look_up) else {
        return Err(ApiError::Timeout(format!("looking up {}", address.host)));
    };
    let found = found.map_err(|e| unknown(e.to_string()))?;
    let mut last = unknown("the name has no address".to_owned());
    let until = Instant::now() + wait;
    for socket in found {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(&socket, left) {
            Ok(stream) => {
                let set = stream.set_read_timeout(Some(wait)).and(stream.set_write_timeout(Some(wait)));
                return set.map(|()| stream).map_err(|e| unknown(e.to_string()));
            }
            Err(e) if e.kind() == std::io::ErrorKind::TimedOut => {
                last = ApiError::Timeout(format!("connecting to {socket}"));
            }
            Err(e) => last = ApiError::Unreachable(format!("{socket}: {}", clean::words(&e.to_string()))),
        }
    }
    Err(last)
}

fn shake(address: &ApiAddress, version: SslVersion, wait: Duration) -> Shake {
    let secret = Arc::new(Mutex::new(None));
    let failed = |fault| Shake {
        result: Err(fault),
        tls: None,
        chain: Vec::new(),
        clients: ClientCertRequest::Unreadable,
    };
    let socket = match connect(address, wait) {
        Ok(socket) => socket,
        Err(fault) => return failed(fault),
    };
    let ssl = match untrusting(address, version, &secret) {
        Ok(ssl) => ssl,
        Err(error) => return failed(ApiError::Credential(clean::words(&error.to_string()))),
    };
    let read = |ssl: &SslRef, stream: &Sniffed| {
        let chain =
            ssl.peer_cert_chain().map(|c| c.iter().map(X509Ref::to_owned).collect()).unwrap_or_default();
        let secret = secret.lock().ok().and_then(|mut s| s.take());
        let clients = match secret {
            Some(secret) => request_tls13(&stream.seen, &hex::decode(&secret).unwrap_or_default()),
            // Of a handshake that is longer than what was kept the rest was not seen.
            None if stream.is_cut() => ClientCertRequest::Unreadable,
            None => request_tls12(&stream.seen),
        };
        (chain, clients, Some(ssl.version_str().to_owned()))
    };
    match ssl.connect(Sniffed::over(socket, wait)) {
        Ok(stream) => {
            let (chain, clients, tls) = read(stream.ssl(), stream.get_ref());
            Shake { result: Ok(stream), tls, chain, clients }
        }
        Err(HandshakeError::SetupFailure(error)) => {
            failed(ApiError::Credential(clean::words(&error.to_string())))
        }
        Err(HandshakeError::Failure(mid) | HandshakeError::WouldBlock(mid)) => {
            let (chain, clients, _) = read(mid.ssl(), mid.get_ref());
            let asked = matches!(clients, ClientCertRequest::Names(_));
            let fault = match handshake_fault(mid.error()) {
                // Up to TLS 1.2 a missing certificate gets the same alert as no cipher in common; but
                // who has asked for one has agreed on a cipher before.
                ApiError::Tls(TlsFault::NothingInCommon) if asked => ApiError::Tls(no_certificate()),
                other => other,
            };
            Shake { result: Err(fault), tls: None, chain, clients }
        }
    }
}

/// A client that takes any certificate and any strength, to be able to say what is wrong.
fn untrusting(
    address: &ApiAddress,
    version: SslVersion,
    secret: &Arc<Mutex<Option<String>>>,
) -> Result<Ssl, ErrorStack> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    context.set_verify(SslVerifyMode::NONE);
    context.set_security_level(0);
    context.set_max_proto_version(Some(version))?;
    if version == SslVersion::TLS1_3 {
        context.set_min_proto_version(Some(version))?;
        // Every TLS 1.3 server has this one, and its records are opened in `sniff`.
        context.set_ciphersuites("TLS_AES_128_GCM_SHA256")?;
        let secret = Arc::clone(secret);
        context.set_keylog_callback(move |_, line| {
            let mut words = line.split(' ');
            if words.next() == Some("SERVER_HANDSHAKE_TRAFFIC_SECRET")
                && let (Some(found), Ok(mut secret)) = (words.nth(1), secret.lock())
            {
                *secret = Some(found.to_owned());
            }
        });
    } else {
        context.set_min_proto_version(None)?;
    }
    let mut ssl = Ssl::new(&context.build())?;
    if address.host.parse::<std::net::IpAddr>().is_err() {
        ssl.set_hostname(&address.host)?;
    }
    Ok(ssl)
}

fn handshake_fault(error: &openssl::ssl::Error) -> ApiError {
    let words = error.to_string();
    if let Some(fault) = tls::from_words(&words) {
        return ApiError::Tls(fault);
    }
    if let Some(io) = error.io_error() {
        return match io.kind() {
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => {
                ApiError::Timeout("waiting for the TLS handshake".to_owned())
            }
            _ => ApiError::Unreachable(format!("cut off during the handshake: {}", clean::words(&words))),
        };
    }
    if words.contains("unexpected eof") {
        return ApiError::Unreachable("it closes the connection during the handshake".to_owned());
    }
    ApiError::Tls(TlsFault::Other(clean::words(&words)))
}

/// The level OpenSSL verifies with here; Debian sets 2, OpenSSL's own default is 1.
fn security_level() -> u32 {
    SslContext::builder(SslMethod::tls_client()).map_or(1, |context| context.build().security_level())
}

/// Whether a certificate is good for this name or address.
pub(crate) fn carries(leaf: &X509, host: &str) -> NameCheck {
    let names = ServerCertificate::read(leaf).names;
    let ip: Option<std::net::IpAddr> = host.parse().ok();
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let is_it = |name: &String| match ip {
        Some(ip) => name.parse() == Ok(ip),
        None => matches(&name.to_ascii_lowercase(), &host),
    };
    if names.iter().any(is_it) {
        return NameCheck::Carried;
    }
    let common = leaf.subject_name().entries_by_nid(openssl::nid::Nid::COMMONNAME).last();
    let common = common.and_then(|entry| entry.data().to_string().ok());
    match common {
        Some(common) if names.is_empty() && common.eq_ignore_ascii_case(&host) => NameCheck::CommonNameOnly,
        _ => NameCheck::Missing(names),
    }
}

/// RFC 6125: a star stands for one whole label, the first.
fn matches(name: &str, host: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(rest) => host.split_once('.').is_some_and(|(label, tail)| !label.is_empty() && tail == rest),
        None => name == host,
    }
}

fn client_cas(request: ClientCertRequest) -> ClientCas {
    match request {
        ClientCertRequest::None => ClientCas::NotAsked,
        ClientCertRequest::Unreadable => ClientCas::NotSeen,
        ClientCertRequest::Names(names) if names.is_empty() => ClientCas::Any,
        ClientCertRequest::Names(names) => ClientCas::Named(names.into_iter().map(client_ca).collect()),
    }
}

fn client_ca(der: Vec<u8>) -> ClientCa {
    let subject = X509Name::from_der(&der).map_or_else(|_| "unreadable".to_owned(), |n| tls::name_line(&n));
    ClientCa { subject, der }
}

/// Asks anonymously for `/version`: any answer, also 401, carries a `Date`.
fn ask_version(
    stream: &mut SslStream<Sniffed>,
    address: &ApiAddress,
) -> (Option<Clock>, Result<Version, ApiError>) {
    let host = address.url();
    let host = host.trim_start_matches("https://");
    let ask = format!(
        "GET /version HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    );
    let (sent, begin) = (Timestamp::now(), Instant::now());
    let silent = || ApiError::Timeout("asking for /version".to_owned());
    if stream.write_all(ask.as_bytes()).is_err() {
        return (None, Err(silent()));
    }
    let (mut said, mut buf, mut trip) = (Vec::new(), [0; 2048], None);
    while said.len() < LARGEST_ANSWER {
        let Some(n) = stream.read(&mut buf).ok().filter(|n| *n > 0) else { break };
        trip.get_or_insert_with(|| begin.elapsed());
        said.extend(buf.iter().take(n));
        // Not every server closes because it is asked to.
        if is_whole(&said) {
            break;
        }
    }
    let Some(trip) = trip else { return (None, Err(silent())) };
    let said = String::from_utf8_lossy(&said);
    let (head, body) = said.split_once("\r\n\r\n").unwrap_or((&said, ""));
    let clock = header(head, "date").and_then(|date| Clock::read(date, sent, trip));
    (clock, read_version(head, body))
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut lines = head.split("\r\n");
    lines
        .find_map(|line| line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name)))
        .map(|it| it.1)
}

/// Head and as much body as the head tells.
pub(super) fn is_whole(said: &[u8]) -> bool {
    let Some(at) = said.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(said.get(..at).unwrap_or_default());
    let body = said.len().saturating_sub(at + 4);
    match header(&head, "content-length").and_then(|length| length.trim().parse::<usize>().ok()) {
        Some(length) => body >= length,
        None => said.ends_with(b"\r\n0\r\n\r\n"),
    }
}

fn read_version(head: &str, body: &str) -> Result<Version, ApiError> {
    let status = head.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
    let Some(status) = status.filter(|_| head.starts_with("HTTP/")) else {
        return Err(ApiError::NotKubernetes("its answer is not HTTP".to_owned()));
    };
    if status != 200 {
        return Err(ApiError::from_answer(status, body.as_bytes()));
    }
    // The sizes of a chunked answer stand outside of the object.
    let object = body.find('{').zip(body.rfind('}')).and_then(|(from, to)| body.get(from..=to));
    let text = object.and_then(|object| serde_json::from_str::<serde_json::Value>(object).ok());
    let text = text.as_ref().and_then(|object| object.get("gitVersion")).and_then(serde_json::Value::as_str);
    text.and_then(Version::parse)
        .ok_or_else(|| ApiError::NotKubernetes("/version holds no version".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{ClientCa, ClientCas, is_whole, matches, read_version};
    use crate::plan::code::ProblemCode;
    use crate::plan::model::Version;

    #[test]
    fn a_star_is_one_label() {
        assert!(matches("*.example.org", "api.example.org"));
        assert!(!matches("*.example.org", "a.b.example.org"));
        assert!(!matches("*.example.org", ".example.org"));
        assert!(!matches("*.example.org", "example.org"));
    }

    #[test]
    fn takes_asks_by_bytes() {
        let named = ClientCas::Named(vec![ClientCa { subject: "CN=a".into(), der: vec![1] }]);
        assert_eq!((named.takes(&[1]), named.takes(&[2])), (Some(true), Some(false)));
        assert_eq!(ClientCas::NotSeen.takes(&[1]), None);
    }

    #[test]
    fn a_version_is_read_from_whole_and_chunked_answers() {
        let ok = "HTTP/1.1 200 OK\r\nContent-Length: 24";
        let body = "{\"gitVersion\":\"v1.20.2\"}";
        let version = Version { major: 1, minor: 20, patch: 2 };
        assert_eq!(read_version(ok, body), Ok(version));
        assert_eq!(read_version("HTTP/1.1 200 OK", &format!("18\r\n{body}\r\n0\r\n\r\n")), Ok(version));
        let refused = read_version("HTTP/1.1 401 Unauthorized", "Unauthorized\n").unwrap_err();
        assert_eq!(refused.code(), ProblemCode::Api05);
        assert_eq!(read_version("SSH-2.0-OpenSSH", "").unwrap_err().code(), ProblemCode::Api04);
        assert!(is_whole(format!("{ok}\r\n\r\n{body}").as_bytes()));
        assert!(!is_whole(format!("{ok}\r\n\r\n{}", &body[..9]).as_bytes()));
    }
}
