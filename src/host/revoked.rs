//! `RevokedHostKeys`: files of host keys that nobody may show any more. As with OpenSSH a file that is not there, or that
//! cannot be read, refuses every host: nobody can tell what stood in it.

use std::path::PathBuf;

use super::error::WireError;
use super::keys::public_key;
use super::target::{RevokedKeys, SshTarget};
use crate::limits;

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
