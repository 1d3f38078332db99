//! Which client CAs a server names in its CertificateRequest. It stays because no TLS library here hands
//! them out: OpenSSL knows them (`SSL_get0_peer_CA_list`), but neither the openssl crate nor native-tls
//! nor ureq passes them on to a client. So the bytes are kept as they come in. In TLS 1.2 the message is
//! in the clear; in TLS 1.3 it is opened with the handshake key OpenSSL gives to its key log. It must
//! never fail a handshake.

use std::io::{ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use openssl::symm::{Cipher, decrypt_aead};

/// A socket that keeps the first bytes it reads.
#[derive(Debug)]
pub(super) struct Sniffed {
    pub(super) socket: TcpStream,
    pub(super) seen: Vec<u8>,
    /// When all of it ends: a byte now and then is no answer.
    pub(super) until: Instant,
}

impl Sniffed {
    pub(super) fn over(socket: TcpStream, wait: Duration) -> Self {
        Self { socket, seen: Vec::new(), until: Instant::now() + wait }
    }

    pub(super) fn is_cut(&self) -> bool {
        self.seen.len() >= MOST
    }

    fn left(&self) -> Result<Duration> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

/// More than any handshake; what comes after is not looked at.
const MOST: usize = 256 * 1024;

impl Read for Sniffed {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        self.socket.set_read_timeout(Some(self.left()?))?;
        let n = self.socket.read(buf)?;
        if self.seen.len() < MOST {
            self.seen.extend(buf.iter().take(n));
        }
        Ok(n)
    }
}

impl Write for Sniffed {
    fn write(&mut self, buf: &[u8]) -> Result<usize> {
        self.socket.set_write_timeout(Some(self.left()?))?;
        self.socket.write(buf)
    }

    fn flush(&mut self) -> Result<()> {
        self.socket.flush()
    }
}

/// What the handshake messages said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ClientCertRequest {
    /// The server asks for no certificate.
    None,
    /// It asks, and names these (DER); empty = any.
    Names(Vec<Vec<u8>>),
    /// The bytes could not be read.
    Unreadable,
}

/// Reads the server's side of a TLS 1.0 to 1.2 handshake.
pub(super) fn request_tls12(seen: &[u8]) -> ClientCertRequest {
    let mut messages = Vec::new();
    for (kind, body) in records(seen) {
        match kind {
            22 => messages.extend_from_slice(body),
            // ChangeCipherSpec: from here on it is encrypted.
            20 => break,
            _ => {}
        }
    }
    let mut signatures = false;
    for (kind, body) in handshake(&messages) {
        match kind {
            2 => signatures = body.get(..2).is_some_and(|version| version >= [3, 3].as_slice()),
            13 => {
                return names_tls12(body, signatures)
                    .map_or(ClientCertRequest::Unreadable, ClientCertRequest::Names);
            }
            _ => {}
        }
    }
    if messages.is_empty() { ClientCertRequest::Unreadable } else { ClientCertRequest::None }
}

/// Reads the server's side of a TLS 1.3 handshake made with `TLS_AES_128_GCM_SHA256`; `secret` is the
/// server's handshake traffic secret.
pub(super) fn request_tls13(seen: &[u8], secret: &[u8]) -> ClientCertRequest {
    let (Some(key), Some(iv)) = (expand(secret, b"tls13 key", 16), expand(secret, b"tls13 iv", 12)) else {
        return ClientCertRequest::Unreadable;
    };
    let mut messages = Vec::new();
    for (sequence, record) in (0u64..).zip(records(seen).filter(|(kind, _)| *kind == 23)) {
        // The records after the server's Finished have another key: the first that does not open is one.
        let Some(content) = open(&key, &iv, sequence, record.1) else { break };
        messages.extend_from_slice(&content);
    }
    for (kind, body) in handshake(&messages) {
        if kind == 13 {
            return names_tls13(body).map_or(ClientCertRequest::Unreadable, ClientCertRequest::Names);
        }
    }
    if messages.is_empty() { ClientCertRequest::Unreadable } else { ClientCertRequest::None }
}

/// RFC 8446 5.2: the content, without its type and padding; only of handshake records.
fn open(key: &[u8], iv: &[u8], sequence: u64, record: &[u8]) -> Option<Vec<u8>> {
    let (sealed, tag) = record.split_at_checked(record.len().checked_sub(16)?)?;
    let mut nonce = iv.to_vec();
    for (byte, mask) in nonce.iter_mut().rev().zip(sequence.to_be_bytes().iter().rev()) {
        *byte ^= mask;
    }
    let length = u16::try_from(record.len()).ok()?.to_be_bytes();
    let head = [23, 3, 3, length[0], length[1]];
    let mut plain = decrypt_aead(Cipher::aes_128_gcm(), key, Some(&nonce), &head, sealed, tag).ok()?;
    while plain.last() == Some(&0) {
        plain.pop();
    }
    (plain.pop() == Some(22)).then_some(plain)
}

/// HKDF-Expand-Label of RFC 8446 7.1 with an empty context, for up to one SHA-256 block.
fn expand(secret: &[u8], label: &[u8], length: u8) -> Option<Vec<u8>> {
    let mut info = vec![0, length, u8::try_from(label.len()).ok()?];
    info.extend_from_slice(label);
    info.extend_from_slice(&[0, 1]);
    let key = PKey::hmac(secret).ok()?;
    let mut signer = Signer::new(MessageDigest::sha256(), &key).ok()?;
    let mut block = signer.sign_oneshot_to_vec(&info).ok()?;
    block.truncate(usize::from(length));
    Some(block)
}

/// TLS records: type and body.
fn records(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let [kind, _, _, high, low, rest @ ..] = bytes else { return None };
        let (body, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
        bytes = rest;
        Some((*kind, body))
    })
}

/// Handshake messages: type and body.
fn handshake(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let [kind, a, b, c, rest @ ..] = bytes else { return None };
        let (body, rest) = rest.split_at_checked(u32::from_be_bytes([0, *a, *b, *c]) as usize)?;
        bytes = rest;
        Some((*kind, body))
    })
}

fn names_tls12(body: &[u8], signatures: bool) -> Option<Vec<Vec<u8>>> {
    let (kinds, rest) = body.split_first()?;
    let mut rest = rest.get(usize::from(*kinds)..)?;
    if signatures {
        rest = sized(rest)?.1;
    }
    name_list(sized(rest)?.0)
}

fn names_tls13(body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (context, rest) = body.split_first()?;
    let mut extensions = sized(rest.get(usize::from(*context)..)?)?.0;
    while let [a, b, rest @ ..] = extensions {
        let (extension, rest) = sized(rest)?;
        if u16::from_be_bytes([*a, *b]) == 47 {
            return name_list(sized(extension)?.0);
        }
        extensions = rest;
    }
    Some(Vec::new())
}

fn name_list(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let (name, rest) = sized(bytes)?;
        out.push(name.to_vec());
        bytes = rest;
    }
    Some(out)
}

/// Splits off what a two-byte length says.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [high, low, rest @ ..] = bytes else { return None };
    rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))
}

#[cfg(test)]
mod tests {
    use openssl::x509::X509;
    use proptest::prelude::*;

    use super::{ClientCertRequest, records, request_tls12, request_tls13};
    use crate::plan::hex;

    #[test]
    fn reads_a_request_split_over_records() {
        // ServerHello 3,3; CertificateRequest: 1 kind, 2 bytes of signatures, names "ab" and "c".
        let mut hello = vec![2, 0, 0, 2, 3, 3];
        hello.extend([13, 0, 0, 15, 1, 1, 0, 2, 4, 1, 0, 7, 0, 2, b'a', b'b', 0, 1, b'c']);
        let (a, b) = hello.split_at(9);
        let mut seen = vec![22, 3, 3, 0, 9];
        seen.extend(a);
        seen.extend([22, 3, 3, 0, u8::try_from(b.len()).unwrap()]);
        seen.extend(b);
        assert_eq!(request_tls12(&seen), ClientCertRequest::Names(vec![b"ab".to_vec(), b"c".to_vec()]));
        seen.truncate(14);
        assert_eq!(request_tls12(&seen), ClientCertRequest::None);
    }

    const TAPES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tapes/tls");

    /// A recorded handshake: the server's traffic secret, when it is of TLS 1.3, and all the server sent.
    fn tape(name: &str) -> (Option<Vec<u8>>, Vec<u8>) {
        let text = std::fs::read_to_string(format!("{TAPES}/{name}.txt")).unwrap();
        let lines = || text.lines().filter(|line| !line.starts_with('#'));
        let secret = lines().find_map(|line| line.strip_prefix("secret "));
        let seen: String = lines().filter(|line| !line.starts_with("secret ")).collect();
        (secret.map(|digits| hex::decode(digits).unwrap()), hex::decode(&seen).unwrap())
    }

    fn read(secret: Option<&Vec<u8>>, seen: &[u8]) -> ClientCertRequest {
        match secret {
            Some(secret) => request_tls13(seen, secret),
            None => request_tls12(seen),
        }
    }

    /// The subjects of the client CAs the server of the tapes was started with.
    fn client_cas() -> ClientCertRequest {
        let all = X509::stack_from_pem(&std::fs::read(format!("{TAPES}/clients.pem")).unwrap()).unwrap();
        ClientCertRequest::Names(all.iter().map(|ca| ca.subject_name().to_der().unwrap()).collect())
    }

    #[test]
    fn reads_the_names_in_recorded_handshakes() {
        let named =
            ["tls1.0-named", "tls1.2-named", "tls1.2-split", "tls1.3-named", "tls1.3-split", "tls1.3-padded"];
        for name in named {
            let (secret, seen) = tape(name);
            assert_eq!(secret.is_some(), name.starts_with("tls1.3"), "{name}");
            assert_eq!(read(secret.as_ref(), &seen), client_cas(), "{name}");
        }
    }

    #[test]
    fn tells_any_from_not_asked_in_recorded_handshakes() {
        for name in ["tls1.2-any", "tls1.3-any"] {
            let (secret, seen) = tape(name);
            assert_eq!(read(secret.as_ref(), &seen), ClientCertRequest::Names(Vec::new()), "{name}");
        }
        for name in ["tls1.2-not-asked", "tls1.3-not-asked"] {
            let (secret, seen) = tape(name);
            assert_eq!(read(secret.as_ref(), &seen), ClientCertRequest::None, "{name}");
        }
    }

    #[test]
    fn a_recorded_handshake_cut_anywhere_never_gives_other_names() {
        for name in ["tls1.2-split", "tls1.3-split"] {
            let (secret, seen) = tape(name);
            let mut found = 0;
            for end in 0..seen.len() {
                match read(secret.as_ref(), &seen[..end]) {
                    ClientCertRequest::None | ClientCertRequest::Unreadable => {}
                    names @ ClientCertRequest::Names(_) => {
                        found += 1;
                        assert_eq!(names, client_cas(), "{name} cut at {end}");
                    }
                }
            }
            assert!(found > 0, "{name}");
        }
    }

    #[test]
    fn the_request_of_the_split_tapes_is_longer_than_a_record() {
        let (_, seen) = tape("tls1.2-split");
        assert!(records(&seen).all(|(_, body)| body.len() <= 512));
        let ClientCertRequest::Names(names) = client_cas() else { panic!("no names") };
        assert!(names.concat().len() > 512);
    }

    #[test]
    fn another_sessions_secret_opens_nothing() {
        let (_, seen) = tape("tls1.3-named");
        let (other, _) = tape("tls1.3-any");
        assert_eq!(request_tls13(&seen, &other.unwrap()), ClientCertRequest::Unreadable);
        assert_eq!(request_tls12(&seen), ClientCertRequest::None);
    }

    proptest! {
        #[test]
        fn never_panics(seen in prop::collection::vec(any::<u8>(), 0..300), body in prop::collection::vec(0u8..30, 0..60)) {
            request_tls12(&seen);
            request_tls13(&seen, &[0; 32]);
            let mut record = vec![22, 3, 3, 0, u8::try_from(body.len()).unwrap()];
            record.extend(body);
            request_tls12(&record);
        }
    }
}
