//! `RevokedHostKeys`: files of host keys that nobody may show any more. As with OpenSSH a file that is not there, or that
//! cannot be read, refuses every host: nobody can tell what stood in it.

use std::path::PathBuf;

use openssl::base64;

use super::error::WireError;
use super::keys::string;
use super::target::SshTarget;
use crate::limits;

/// One such file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedKeys {
    /// The file.
    pub file: PathBuf,
    /// The line of ssh_config that names it, in words with a colon; empty where that is not found.
    pub place: String,
}

/// The file and the line, from 1, that revoke this key.
pub(super) fn find(target: &SshTarget, key: &[u8]) -> Result<Option<(PathBuf, usize)>, WireError> {
    for RevokedKeys { file, place } in &target.revoked {
        let refuse = |why: &str| WireError::Config {
            host: target.host.clone(),
            why: format!("{place}RevokedHostKeys {}: {why}", file.display()),
        };
        let bytes =
            limits::file::read(file, &limits::SSH_FILE).map_err(|error| refuse(&error.to_string()))?;
        if bytes.starts_with(b"SSHKRL\n") {
            return Err(refuse("this is a KRL; public keys, one a line, are read here"));
        }
        let text = String::from_utf8_lossy(&bytes);
        let mut unread = None;
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match public_key(line) {
                Some(one) if one == key => return Ok(Some((file.clone(), number))),
                Some(_) => {}
                None => unread = unread.or(Some(number)),
            }
        }
        if let Some(number) = unread {
            return Err(refuse(&format!("its line {number} is no public key")));
        }
    }
    Ok(None)
}

/// The key of `ssh-ed25519 AAAA... remark`, as it goes over the wire.
pub(super) fn public_key(line: &str) -> Option<Vec<u8>> {
    let mut words = line.split_whitespace();
    let (kind, body) = (words.next()?, words.next()?);
    let blob = base64::decode_block(body).ok()?;
    let (own, rest) = string(&blob)?;
    (own == kind.as_bytes() && !rest.is_empty()).then_some(())?;
    Some(blob)
}
