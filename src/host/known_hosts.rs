//! known_hosts: reading with the `ssh-key` crate, matching here. libssh2's own reader stops at the first bad
//! line, accepts revoked keys as unknown ones and takes another key type for a changed key.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use openssl::base64;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use ssh_key::known_hosts::{Entry, HostPatterns, Marker};

use super::error::WireError;
use crate::limits;

/// A line that speaks of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKeyRecord {
    /// Its file.
    pub file: PathBuf,
    /// Its number, from 1.
    pub line: usize,
    /// What it says.
    pub says: Says,
    /// `ssh-ed25519`, `ssh-rsa` and so on.
    pub kind: String,
    /// The key as it comes over the wire.
    pub blob: Vec<u8>,
}

/// What a line says of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// The host has it.
    Key,
    /// Nobody may use it.
    Revoked,
    /// It signs host keys; not supported here.
    Authority,
}

/// What was found for one name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// The lines, in order.
    pub records: Vec<HostKeyRecord>,
    /// Lines that cannot be read, `file:line`.
    pub bad: Vec<String>,
}

/// Looks a name up in the files. A missing file is empty; one that cannot be read is an error, for an empty
/// answer would make a changed key look new.
pub fn look_up(files: &[PathBuf], name: &str) -> Result<Records, WireError> {
    let mut found = Records::default();
    for file in files {
        let text = match limits::file::read(file, &limits::SSH_FILE) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(WireError::KnownHosts { file: file.clone(), why: error.to_string() }),
        };
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.first().is_none_or(|word| word.starts_with('#')) {
                continue;
            }
            // The crate splits at single blanks only and fails on some comments: they are not needed.
            let needed = if line.trim_start().starts_with('@') { 4 } else { 3 };
            let plain = words.get(..needed.min(words.len())).unwrap_or_default().join(" ");
            let Some(told) = told(&plain) else {
                found.bad.push(format!("{}:{line_number}", file.display()));
                continue;
            };
            let (patterns, says, kind, blob) = told;
            if !matches(&patterns, name) {
                continue;
            }
            found.records.push(HostKeyRecord { file: file.clone(), line: line_number, says, kind, blob });
        }
    }
    Ok(found)
}

/// Whom a line speaks of, what it says, the type of its key and the key.
type LineTold = (HostPatterns, Says, String, Vec<u8>);

/// Reads the words of a line. A key of a type that the crate does not know is a key all the same: whose key is known is
/// not new.
fn told(line: &str) -> Option<LineTold> {
    if let Ok(entry) = line.parse::<Entry>() {
        let says = match entry.marker() {
            None => Says::Key,
            Some(Marker::Revoked) => Says::Revoked,
            Some(Marker::CertAuthority) => Says::Authority,
        };
        let kind = entry.public_key().algorithm().as_str().to_owned();
        let blob = entry.public_key().to_bytes().ok()?;
        return Some((entry.host_patterns().clone(), says, kind, blob));
    }
    let (says, rest) = match line.split_once(' ') {
        Some(("@revoked", rest)) => (Says::Revoked, rest),
        Some(("@cert-authority", rest)) => (Says::Authority, rest),
        Some(_) | None => (Says::Key, line),
    };
    let mut words = rest.split(' ');
    let (names, kind, key) = (words.next()?, words.next()?, words.next()?);
    let blob = base64::decode_block(key).ok()?;
    let length = u32::try_from(kind.len()).ok()?.to_be_bytes();
    let is_its_own = blob.strip_prefix(&length).is_some_and(|rest| rest.starts_with(kind.as_bytes()));
    (is_its_own && blob.len() > kind.len() + 4).then_some(())?;
    Some((names.parse().ok()?, says, kind.to_owned(), blob))
}

/// Does the name field of a line speak of `name` (`host` or `[host]:port`, in lower case)?
fn matches(patterns: &HostPatterns, name: &str) -> bool {
    match patterns {
        HostPatterns::HashedName { salt, hash } => hmac(salt, name).is_some_and(|own| own == hash),
        HostPatterns::Patterns(list) => {
            let mut hit = false;
            for pattern in list {
                let pattern = pattern.to_ascii_lowercase();
                match pattern.strip_prefix('!') {
                    Some(not) if glob(not.as_bytes(), name.as_bytes()) => return false,
                    Some(_) => {}
                    None => hit |= glob(pattern.as_bytes(), name.as_bytes()),
                }
            }
            hit
        }
    }
}

/// `*` is any text, `?` one character; brackets are themselves. Linear: the last star is the only one that
/// ever has to give way.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(want) if *want == b'?' || want == c => {
                p += 1;
                t += 1;
            }
            Some(_) | None => match &mut star {
                Some((at, from)) => {
                    *from += 1;
                    (p, t) = (*at + 1, *from);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|c| *c == b'*'))
}

fn hmac(salt: &[u8], name: &str) -> Option<Vec<u8>> {
    let key = PKey::hmac(salt).ok()?;
    Signer::new(MessageDigest::sha1(), &key).ok()?.sign_oneshot_to_vec(name.as_bytes()).ok()
}

/// Adds one line; the rest of the file is not touched. Makes the file (0600) and its folder (0700).
pub fn remember(file: &Path, name: &str, kind: &str, blob: &[u8], hashed: bool) -> Result<(), WireError> {
    let fail = |error: &dyn std::fmt::Display| WireError::KnownHosts {
        file: file.to_owned(),
        why: error.to_string(),
    };
    let shown = if hashed {
        let mut salt = [0; 20];
        openssl::rand::rand_bytes(&mut salt).map_err(|error| fail(&error))?;
        let hash = hmac(&salt, name).ok_or_else(|| fail(&"the name cannot be hashed"))?;
        format!("|1|{}|{}", base64::encode_block(&salt), base64::encode_block(&hash))
    } else {
        name.to_owned()
    };
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| fail(&error))?;
    }
    let before = limits::file::read(file, &limits::SSH_FILE).unwrap_or_default();
    let gap = if before.last().is_some_and(|byte| *byte != b'\n') { "\n" } else { "" };
    let line = format!("{gap}{shown} {kind} {}\n", base64::encode_block(blob));
    let mut open = std::fs::OpenOptions::new();
    let mut out = open.append(true).create(true).mode(0o600).open(file).map_err(|error| fail(&error))?;
    // One write: two hosts may be remembered at the same time.
    out.write_all(line.as_bytes()).map_err(|error| fail(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_like_openssh() {
        for (pattern, text, hit) in [
            ("*", "a", true),
            ("*", "", true),
            ("10.0.0.*", "10.0.0.12", true),
            ("10.0.0.?", "10.0.0.12", false),
            ("[127.0.0.*]:2222", "[127.0.0.1]:2222", true),
            ("*.example.org", "example.org", false),
            ("a*b*c", "axxbyybzc", true),
            ("a*b*c", "axxbyybz", false),
        ] {
            assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), hit, "{pattern} {text}");
        }
    }

    #[test]
    fn a_negated_pattern_excludes_the_line() {
        let patterns = HostPatterns::Patterns(vec!["*.lan".into(), "!bad.lan".into()]);
        assert!(matches(&patterns, "good.lan"));
        assert!(!matches(&patterns, "bad.lan"));
    }
}
