//! A command in a container, and the log of one, as kubectl asks for them: both go from the API server on to the kubelet,
//! so an answer proves that way. The command's output comes over a WebSocket (`v4.channel.k8s.io`), of which only the
//! server's half is spoken here: nothing is ever written to the command.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use openssl::base64::encode_block;
use openssl::rand::rand_bytes;
use openssl::ssl::{SslConnector, SslMethod, SslVersion};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use serde_json::Value;

use super::api::Api;
use super::credential::Credential;
use super::error::ApiError;
use super::percent::encoded;
use super::probe;
use super::tls::{self, TlsFault};
use crate::plan::clean;
use crate::plan::model::ApiAddress;

/// The channel on which the end is told.
const STATUS: u8 = 3;
/// The sub-protocol: each message begins with the number of its channel.
const PROTOCOL: &str = "v4.channel.k8s.io";
/// Of an answer, and of a message, no more is read, bytes.
const MOST: usize = 64 * 1024;
/// Of a log no more is asked for, bytes.
const LOG_MOST: u32 = 4096;

/// A container of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerPlace {
    /// Namespace of the pod.
    pub namespace: String,
    /// Name of the pod.
    pub pod: String,
    /// Name of the container in it.
    pub container: String,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExecSaid {
    /// What it printed, the beginning of it.
    pub said: String,
    /// Why it did not end well, as the kubelet or the runtime tells it.
    pub failed: Option<String>,
}

impl ContainerPlace {
    fn path(&self) -> String {
        format!("/api/v1/namespaces/{}/pods/{}", encoded(&self.namespace), encoded(&self.pod))
    }

    /// Path of the last lines of its log.
    pub fn log_path(&self, lines: u32) -> String {
        let container = encoded(&self.container);
        format!("{}/log?container={container}&tailLines={lines}&limitBytes={LOG_MOST}", self.path())
    }

    /// Path of a command in it.
    pub fn exec_path(&self, command: &[&str]) -> String {
        let words: Vec<String> = command.iter().map(|word| format!("command={}", encoded(word))).collect();
        let container = encoded(&self.container);
        format!("{}/exec?{}&container={container}&stdout=1&stderr=1", self.path(), words.join("&"))
    }
}

impl Api {
    /// Runs a command in a container and waits for its end.
    ///
    /// # Errors
    /// It was not begun: refused, or the API server did not get through to the kubelet.
    pub fn exec(&self, at: &ContainerPlace, command: &[&str]) -> Result<ExecSaid, ApiError> {
        let (address, ca, me, wait) = self.parts();
        let mut stream = secured(address, ca, me, wait)?;
        let mut key = [0; 16];
        rand_bytes(&mut key).map_err(|error| ApiError::Credential(error.to_string()))?;
        let host = address.url();
        let host = host.trim_start_matches("https://");
        let ask = format!(
            "GET {} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: \
             13\r\nSec-WebSocket-Key: {}\r\nSec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n",
            at.exec_path(command),
            encode_block(&key)
        );
        stream.write_all(ask.as_bytes()).map_err(|error| read_fault(&error))?;
        messages(&mut stream, Instant::now() + wait)
    }
}

/// A connection to a server of this CA, with our certificate.
fn secured(
    address: &ApiAddress,
    ca: &[u8],
    me: Option<&Credential>,
    wait: Duration,
) -> Result<openssl::ssl::SslStream<std::net::TcpStream>, ApiError> {
    let bad = |error: openssl::error::ErrorStack| ApiError::Credential(clean::words(&error.to_string()));
    let mut store = X509StoreBuilder::new().map_err(bad)?;
    for root in X509::stack_from_pem(ca).map_err(bad)? {
        store.add_cert(root).map_err(bad)?;
    }
    let mut connector = SslConnector::builder(SslMethod::tls_client()).map_err(bad)?;
    connector.set_cert_store(store.build());
    connector.set_min_proto_version(Some(SslVersion::TLS1_2)).map_err(bad)?;
    if let Some(me) = me {
        let mut chain = me.chain.iter();
        if let Some(leaf) = chain.next() {
            connector.set_certificate(leaf).map_err(bad)?;
            connector.set_private_key(&me.key).map_err(bad)?;
        }
        for above in chain {
            connector.add_extra_chain_cert(above.clone()).map_err(bad)?;
        }
    }
    let socket = probe::connect(address, wait)?;
    connector.build().connect(&address.host, socket).map_err(|error| {
        let words = clean::short(&error.to_string(), 300);
        ApiError::Tls(tls::from_words(&words).unwrap_or(TlsFault::Other(words)))
    })
}

fn read_fault(error: &std::io::Error) -> ApiError {
    let words = clean::short(&error.to_string(), 200);
    match (tls::from_words(&words), error.kind()) {
        (Some(fault), _) => ApiError::Tls(fault),
        (None, ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            ApiError::Timeout("waiting for the end of a command".to_owned())
        }
        (None, _) => ApiError::Unreachable(words),
    }
}

/// The bytes that came and were not used yet.
struct Incoming<'s, S> {
    stream: &'s mut S,
    kept: Vec<u8>,
    until: Instant,
}

impl<S: Read> Incoming<'_, S> {
    /// Reads on; `false` = the other side has ended.
    fn more(&mut self) -> Result<bool, ApiError> {
        if Instant::now() > self.until {
            return Err(ApiError::Timeout("waiting for the end of a command".to_owned()));
        }
        let mut part = [0; 4096];
        let read = self.stream.read(&mut part).map_err(|error| read_fault(&error))?;
        self.kept.extend(part.iter().take(read));
        if self.kept.len() > MOST {
            return Err(ApiError::NotKubernetes(format!("it sends more than {MOST} bytes at once")));
        }
        Ok(read > 0)
    }

    /// The head of the answer.
    fn head(&mut self) -> Result<String, ApiError> {
        loop {
            if let Some(at) = self.kept.windows(4).position(|four| four == b"\r\n\r\n") {
                let head: Vec<u8> = self.kept.drain(..at + 4).collect();
                return Ok(String::from_utf8_lossy(&head).into_owned());
            }
            if !self.more()? {
                return Err(ApiError::Unreachable("it closes the connection without an answer".to_owned()));
            }
        }
    }

    /// The first bytes, once so many are there; `None` = the other side has ended.
    fn take(&mut self, count: usize) -> Result<Option<Vec<u8>>, ApiError> {
        while self.kept.len() < count {
            if !self.more()? {
                return Ok(None);
            }
        }
        Ok(Some(self.kept.drain(..count).collect()))
    }

    /// One frame (RFC 6455, 5.2): its first byte and what it carries; `None` = the other side has ended.
    fn frame(&mut self) -> Result<Option<(u8, Vec<u8>)>, ApiError> {
        let odd = |what: &str| ApiError::NotKubernetes(format!("its WebSocket {what}"));
        let Some(head) = self.take(2)? else { return Ok(None) };
        let (first, second) = (head.first().copied().unwrap_or(0), head.get(1).copied().unwrap_or(0));
        if second & 0x80 != 0 {
            return Err(odd("masks what a server sends"));
        }
        let longer = match second & 0x7f {
            126 => 2,
            127 => 8,
            short => {
                return Ok(self.take(usize::from(short))?.map(|data| (first, data)));
            }
        };
        let Some(length) = self.take(longer)? else { return Ok(None) };
        let length = length.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let length = usize::try_from(length).ok().filter(|length| *length <= MOST);
        let length = length.ok_or_else(|| odd("has a message that is too long"))?;
        Ok(self.take(length)?.map(|data| (first, data)))
    }
}

/// Reads the answer and what the command says, to its end.
fn messages<S: Read>(stream: &mut S, until: Instant) -> Result<ExecSaid, ApiError> {
    let mut coming = Incoming { stream, kept: Vec::new(), until };
    let head = coming.head()?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
    let Some(status) = status.filter(|_| head.starts_with("HTTP/")) else {
        return Err(ApiError::NotKubernetes("its answer is not HTTP".to_owned()));
    };
    if status != 101 {
        // Its body tells why; where it has no length it ends with the connection.
        while !probe::is_whole(&[head.as_bytes(), &coming.kept].concat()) && coming.more()? {}
        let body = String::from_utf8_lossy(&coming.kept).into_owned();
        let object = body.find('{').zip(body.rfind('}')).and_then(|(from, to)| body.get(from..=to));
        return Err(match ApiError::from_answer(status, object.unwrap_or(&body).as_bytes()) {
            // A success without a change of protocol is none.
            ApiError::Server { status: 200..300, .. } => {
                ApiError::NotKubernetes("it does not change to a WebSocket".to_owned())
            }
            error => error,
        });
    }
    let mut said = ExecSaid::default();
    let (mut output, mut end, mut channel) = (Vec::new(), Vec::new(), 0);
    while let Some((first, mut data)) = coming.frame()? {
        match first & 0x0f {
            // A further piece of the message before.
            0 => {}
            1 | 2 if data.is_empty() => continue,
            1 | 2 => channel = data.remove(0),
            8 => break,
            _ => continue,
        }
        let kept = if channel == STATUS { &mut end } else { &mut output };
        if kept.len() < MOST {
            kept.extend(data);
        }
        if channel == STATUS && first & 0x80 != 0 {
            said.failed = why_not(&end);
            break;
        }
    }
    said.said = clean::short(&String::from_utf8_lossy(&output), 300);
    Ok(said)
}

/// What the status of the end says; `None` = it ended well.
fn why_not(status: &[u8]) -> Option<String> {
    let object: Value = serde_json::from_slice(status).unwrap_or_default();
    let word = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default();
    (word("status") != "Success").then(|| {
        let message = word("message");
        let raw = String::from_utf8_lossy(status);
        clean::short(if message.is_empty() { &raw } else { message }, 300)
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{ApiError, ContainerPlace, ExecSaid, messages};

    fn read(answer: &[u8]) -> Result<ExecSaid, ApiError> {
        messages(&mut &answer[..], Instant::now() + Duration::from_secs(5))
    }

    fn frame(data: &[u8]) -> Vec<u8> {
        let length = u8::try_from(data.len()).expect("it is short");
        let head = if length < 126 { vec![0x82, length] } else { vec![0x82, 126, 0, length] };
        [head, data.to_vec()].concat()
    }

    const SWITCH: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

    #[test]
    fn output_and_end_are_read_from_their_channels() {
        let end = b"\x03{\"metadata\":{},\"status\":\"Success\"}";
        let all =
            [SWITCH, &frame(b"\x01"), &frame(b"\x01Kubernetes v1.37.2\n"), &[0x89, 0], &frame(end)].concat();
        assert_eq!(read(&all), Ok(ExecSaid { said: "Kubernetes v1.37.2".into(), failed: None }));
        let end = b"\x03{\"status\":\"Failure\",\"reason\":\"InternalError\",\"message\":\"exec: \\\"true\\\": executable file not found in $PATH, a sentence that is long enough\"}";
        let failed = read(&[SWITCH, &frame(end)].concat()).expect("it was begun").failed;
        assert!(failed.is_some_and(|why| why.starts_with("exec: \"true\"")));
    }

    #[test]
    fn a_refusal_is_read_with_its_words() {
        let words = "Forbidden (user=kube-apiserver, verb=get, resource=nodes, subresource(s)=[proxy])";
        let answer = format!("HTTP/1.1 403 Forbidden\r\nContent-Length: {}\r\n\r\n{words}", words.len());
        assert_eq!(read(answer.as_bytes()), Err(ApiError::Forbidden(words.to_owned())));
        assert!(matches!(read(b"HTTP/1.1 200 OK\r\n\r\n"), Err(ApiError::NotKubernetes(_))));
        assert!(matches!(read(b"SSH-2.0"), Err(ApiError::Unreachable(_))));
    }

    #[test]
    fn a_server_that_sends_without_end_is_left() {
        let long = [SWITCH, &[0x82, 127, 0, 0, 0, 0, 0xff, 0, 0, 0]].concat();
        assert!(matches!(read(&long), Err(ApiError::NotKubernetes(_))));
        assert!(matches!(read(&vec![b'a'; 100_000]), Err(ApiError::NotKubernetes(_))));
        let cut = [SWITCH, &[0x82, 20, 1]].concat();
        assert_eq!(read(&cut), Ok(ExecSaid::default()));
    }

    #[test]
    fn names_are_written_as_a_path_may_have_them() {
        let at = ContainerPlace { namespace: "a".into(), pod: "p/../x".into(), container: "c&d".into() };
        let path = at.exec_path(&["sh", "-c", "echo a b"]);
        assert!(!path.contains("../") && !path.contains(' ') && !path.contains("c&d"), "{path}");
        assert!(at.log_path(1).contains("tailLines=1"));
    }
}
