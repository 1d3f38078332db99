//! Key files, looked at before anything touches the network: libssh2 has one and the same error for a wrong
//! passphrase, a missing one and a file it cannot read.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use openssl::base64;
use zeroize::Zeroizing;

use super::error::WireError;
use crate::limits;

/// Why a public half alone is not enough.
pub(crate) const PUBLIC: &str = "this is the public half and no agent has its key; name the private key";

/// A private key as it is in its file. Not `Debug`: its text may not end up in a log.
#[derive(Clone)]
pub(crate) struct PrivateKey {
    pub(crate) file: PathBuf,
    pub(crate) text: Zeroizing<String>,
    pub(crate) encrypted: bool,
    /// The public half as it goes over the wire, when it can be told without the passphrase.
    pub(crate) public: Option<Vec<u8>>,
    /// Its mode, where others than its owner may do something with it.
    pub(crate) open: Option<u32>,
}

/// What stands behind the name of a key.
pub(crate) enum KeyFound {
    Private(PrivateKey),
    /// The public half alone: the private one is where the agent has it.
    Public {
        blob: Vec<u8>,
        /// Where it stands is not where the name says: in `NAME.pub`.
        beside: bool,
    },
    Missing,
}

/// Reads a key file, or the public half that stands for it.
pub(crate) fn load(file: &Path) -> Result<KeyFound, WireError> {
    let fail = |why: &str| WireError::KeyUnreadable { file: file.to_owned(), why: why.to_owned() };
    let text = match limits::file::read_secret(file, &limits::SSH_FILE) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(beside(file).map_or(KeyFound::Missing, |blob| KeyFound::Public { blob, beside: true }));
        }
        Err(error) => return Err(fail(&error.to_string())),
    };
    let text = Zeroizing::new(
        std::str::from_utf8(&text).map_err(|_| fail("this is not a PEM or OpenSSH key file"))?.to_owned(),
    );
    if text.starts_with("PuTTY-User-Key-File") {
        return Err(fail("this is a PuTTY key; export it in OpenSSH format"));
    }
    if !text.contains("PRIVATE KEY-----") {
        return match text.lines().find_map(public_key) {
            Some(blob) => Ok(KeyFound::Public { blob, beside: false }),
            None if text.contains("PUBLIC KEY-----") => Err(fail(PUBLIC)),
            None => Err(fail("this is not a PEM or OpenSSH key file")),
        };
    }
    let body = openssh_body(&text);
    let (encrypted, inside) = match &body {
        Some(body) => {
            let (cipher, public) = openssh_head(body).ok_or_else(|| fail("the OpenSSH key is cut short"))?;
            (cipher != b"none", Some(public))
        }
        None => {
            (text.contains("Proc-Type: 4,ENCRYPTED") || text.contains("BEGIN ENCRYPTED PRIVATE KEY"), None)
        }
    };
    let public = inside.or_else(|| beside(file));
    Ok(KeyFound::Private(PrivateKey { file: file.to_owned(), text, encrypted, public, open: open(file) }))
}

/// As OpenSSH: a key of ours that others may read is not used.
fn open(file: &Path) -> Option<u32> {
    let found = std::fs::metadata(file).ok()?;
    let own = found.uid() == rustix::process::getuid().as_raw();
    Some(found.mode() & 0o777).filter(|mode| own && mode & 0o077 != 0)
}

impl PrivateKey {
    /// Why it is not used, and what helps; `None` = nothing is in the way.
    pub(crate) fn unprotected(&self) -> Option<String> {
        let file = self.file.display().to_string();
        let cure = shell_words::join(["chmod", "600", &file]);
        self.open.map(|mode| format!("its mode is {mode:03o}, so others may read it; ssh refuses it: {cure}"))
    }

    /// A hardware key; only the agent can use it.
    pub(crate) fn needs_agent(&self) -> bool {
        self.public.as_ref().is_some_and(|blob| blob.get(4..7) == Some(b"sk-"))
    }
}

/// A user certificate of OpenSSH.
pub(crate) struct UserCertificate {
    pub(crate) file: PathBuf,
    /// `ssh-ed25519-cert-v01@openssh.com AAAA...`, one line.
    pub(crate) text: String,
    /// ssh_config names it; else it lies beside a key.
    pub(crate) stated: bool,
    /// The public half of its key, as it goes over the wire.
    key: Vec<u8>,
}

impl UserCertificate {
    /// Reads one; `None` when there is no such file, and why when it is none.
    pub(crate) fn read(file: &Path, stated: bool) -> Result<Option<Self>, String> {
        let text = match limits::file::read_text(file, &limits::SSH_FILE) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let text = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned();
        let blob = text.split_whitespace().nth(1).and_then(|body| base64::decode_block(body).ok());
        let key = blob.as_deref().and_then(certified).ok_or("not an OpenSSH certificate")?;
        Ok(Some(Self { file: file.to_owned(), text, stated, key }))
    }

    /// It certifies this key. Where the key does not show its public half, one that lies beside it is its own.
    pub(crate) fn is_for(&self, key: &PrivateKey) -> bool {
        match &key.public {
            Some(public) => *public == self.key,
            None => self.file.as_os_str().to_string_lossy() == format!("{}-cert.pub", key.file.display()),
        }
    }
}

/// The public key in a certificate: its kind without the ending, and the fields behind the nonce.
fn certified(blob: &[u8]) -> Option<Vec<u8>> {
    let (kind, rest) = string(blob)?;
    let kind = std::str::from_utf8(kind).ok()?.replace("-cert-v01@openssh.com", "");
    let fields = match kind.as_str() {
        "ssh-ed25519" => 1,
        "ssh-rsa" => 2,
        kind if kind.starts_with("ecdsa-sha2-") => 2,
        _ => return None,
    };
    let (_nonce, rest) = string(rest)?;
    let mut behind = rest;
    for _ in 0..fields {
        behind = string(behind)?.1;
    }
    let fields = rest.get(..rest.len().checked_sub(behind.len())?)?;
    let length = u32::try_from(kind.len()).ok()?.to_be_bytes();
    Some([&length, kind.as_bytes(), fields].concat())
}

fn openssh_body(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (_, rest) = text.split_once("-----BEGIN OPENSSH PRIVATE KEY-----")?;
    let (body, _) = rest.split_once("-----END")?;
    let joined: Zeroizing<String> = Zeroizing::new(body.split_whitespace().collect());
    Some(Zeroizing::new(base64::decode_block(&joined).unwrap_or_default()))
}

/// Cipher name and public key of an `openssh-key-v1` blob.
fn openssh_head(body: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    let rest = body.strip_prefix(b"openssh-key-v1\0")?;
    let (cipher, rest) = string(rest)?;
    let (_kdf, rest) = string(rest)?;
    let (_options, rest) = string(rest)?;
    let (public, _) = string(rest.get(4..)?)?;
    Some((cipher, public.to_vec()))
}

/// A length-prefixed string and what follows it.
pub(crate) fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?);
    let end = usize::try_from(length).ok()?.checked_add(4)?;
    Some((bytes.get(4..end)?, bytes.get(end..)?))
}

/// The public key in `FILE.pub`.
fn beside(file: &Path) -> Option<Vec<u8>> {
    let mut name = file.as_os_str().to_owned();
    name.push(".pub");
    let text = limits::file::read_text(&PathBuf::from(name), &limits::SSH_FILE).ok()?;
    text.lines().find_map(public_key)
}

/// The key of `ssh-ed25519 AAAA... remark`, as it goes over the wire.
pub(crate) fn public_key(line: &str) -> Option<Vec<u8>> {
    let mut words = line.split_whitespace();
    let (kind, body) = (words.next()?, words.next()?);
    let blob = base64::decode_block(body).ok()?;
    let (own, rest) = string(&blob)?;
    (own == kind.as_bytes() && !rest.is_empty()).then_some(())?;
    Some(blob)
}
