//! What the ssh-agent holds, asked with a deadline: libssh2 would wait for ever on an agent that hangs, and
//! `SSH_AUTH_SOCK` often names a socket nobody listens on any more.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::keys::string;
use crate::limits::time::within;

/// `SSH_AGENTC_REQUEST_IDENTITIES` and its answer.
const REQUEST: [u8; 5] = [0, 0, 0, 1, 11];
const ANSWER: u8 = 12;
/// An agent that lists its keys needs no touch and no passphrase.
const LIMIT: Duration = Duration::from_secs(3);
/// Longest answer taken.
const LONGEST: usize = 256 * 1024;

/// One key of the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AgentKey {
    pub(crate) blob: Vec<u8>,
    pub(crate) comment: String,
}

/// The agent's keys; none when there is no agent, it is dead, hangs or is locked.
pub(crate) fn identities(socket: &Path) -> Vec<AgentKey> {
    let socket = socket.to_owned();
    within(LIMIT, &|| false, move || ask(&socket)).flatten().unwrap_or_default()
}

fn ask(socket: &Path) -> Option<Vec<AgentKey>> {
    let mut stream = UnixStream::connect(socket).ok()?;
    stream.set_read_timeout(Some(LIMIT)).ok()?;
    stream.set_write_timeout(Some(LIMIT)).ok()?;
    stream.write_all(&REQUEST).ok()?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).ok()?;
    let length = usize::try_from(u32::from_be_bytes(head)).ok().filter(|length| *length <= LONGEST)?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    let (kind, rest) = body.split_first()?;
    if *kind != ANSWER {
        return None;
    }
    let count = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?);
    let mut rest = rest.get(4..)?;
    let mut found = Vec::new();
    for _ in 0..count {
        let (blob, after) = string(rest)?;
        let (comment, after) = string(after)?;
        found.push(AgentKey { blob: blob.to_vec(), comment: String::from_utf8_lossy(comment).into_owned() });
        rest = after;
    }
    Some(found)
}
