//! The ssh-agent, asked with a deadline: libssh2 would wait for ever on an agent that hangs, and `SSH_AUTH_SOCK` often
//! names a socket nobody listens on any more. While a login runs libssh2 talks to a socket of ours ([`Relay`]), behind
//! which each answer of the agent has its deadline.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;

use super::keys::string;
use super::stop::Stop;
use crate::limits::time::{AGENT_KEYS, AGENT_SIGNS, OwnClock, STEP, TimeLimit, within};

/// `SSH_AGENTC_REQUEST_IDENTITIES` and its answer.
const REQUEST: &[u8] = &[11];
const ANSWER: u8 = 12;
/// `SSH_AGENTC_SIGN_REQUEST`, which may take a person.
const SIGN: u8 = 13;
/// `SSH_AGENT_FAILURE`, told to libssh2 where there is no answer.
const FAILURE: &[u8] = &[5];
/// Longest message taken.
const LONGEST: usize = 256 * 1024;

/// One key of the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AgentKey {
    pub(crate) blob: Vec<u8>,
    pub(crate) comment: String,
}

/// Why the agent gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AgentFault {
    /// There is none, it went away or speaks another language.
    Gone,
    /// It took longer; in words.
    Late(String),
    /// Somebody stops.
    Stopped,
}

/// The agent's keys; none when it is locked.
pub(crate) fn identities(socket: &Path, stop: Option<&Arc<Stop>>) -> Result<Vec<AgentKey>, AgentFault> {
    let mut stream = connect(socket, stop)?;
    let body = exchange(&mut stream, socket, REQUEST, stop)?;
    Ok(listed(&body).unwrap_or_default())
}

fn listed(body: &[u8]) -> Option<Vec<AgentKey>> {
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

fn late(socket: &Path, limit: &TimeLimit) -> AgentFault {
    let did = if *limit == AGENT_SIGNS { "sign" } else { "list its keys" };
    AgentFault::Late(format!("the agent at {} did not {did} within {}", socket.display(), limit.length()))
}

fn wanted(stop: Option<&Arc<Stop>>) -> bool {
    stop.is_some_and(|stop| stop.wanted())
}

/// Connecting waits too where the agent accepts nobody any more.
fn connect(socket: &Path, stop: Option<&Arc<Stop>>) -> Result<UnixStream, AgentFault> {
    let path = socket.to_owned();
    match within(AGENT_KEYS.limit(), &|| wanted(stop), move || UnixStream::connect(path)) {
        Some(Ok(stream)) => Ok(stream),
        Some(Err(_)) => Err(AgentFault::Gone),
        None if wanted(stop) => Err(AgentFault::Stopped),
        None => Err(late(socket, &AGENT_KEYS)),
    }
}

/// One question and its answer, with one deadline for both.
fn exchange(
    stream: &mut UnixStream,
    socket: &Path,
    request: &[u8],
    stop: Option<&Arc<Stop>>,
) -> Result<Vec<u8>, AgentFault> {
    let limit = if request.first() == Some(&SIGN) { AGENT_SIGNS } else { AGENT_KEYS };
    let mut clock = OwnClock::start();
    let gone = |_| AgentFault::Gone;
    stream.set_read_timeout(Some(STEP)).map_err(gone)?;
    stream.set_write_timeout(Some(STEP)).map_err(gone)?;
    // What was waited for in vain: on with it, unless it is late or somebody stops.
    let mut again = |error: &std::io::Error| match error.kind() {
        _ if wanted(stop) => Err(AgentFault::Stopped),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
            if clock.spent() < limit.limit() =>
        {
            Ok(())
        }
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => Err(late(socket, &limit)),
        _ => Err(AgentFault::Gone),
    };
    let message = framed(request).ok_or(AgentFault::Gone)?;
    let mut rest = message.as_slice();
    while !rest.is_empty() {
        match stream.write(rest) {
            Ok(count) => rest = rest.get(count..).unwrap_or_default(),
            Err(error) => again(&error)?,
        }
    }
    let mut answer = Vec::new();
    loop {
        let wants = match answer.get(..4).and_then(|head| head.try_into().ok()).map(u32::from_be_bytes) {
            None => 4,
            Some(length) => usize::try_from(length)
                .ok()
                .filter(|length| *length <= LONGEST)
                .ok_or(AgentFault::Gone)?
                .saturating_add(4),
        };
        if wants > 4 && answer.len() == wants {
            return Ok(answer.split_off(4));
        }
        let mut piece = [0; 4096];
        let room = wants.saturating_sub(answer.len()).min(piece.len());
        match stream.read(piece.get_mut(..room).unwrap_or_default()) {
            Ok(0) => return Err(AgentFault::Gone),
            Ok(count) => answer.extend_from_slice(piece.get(..count).unwrap_or_default()),
            Err(error) => again(&error)?,
        }
        // A byte now and then is no answer.
        again(&ErrorKind::Interrupted.into())?;
    }
}

fn framed(body: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(body.len()).ok()?;
    Some([&length.to_be_bytes(), body].concat())
}

/// A socket that libssh2 takes for the agent.
pub(crate) struct Relay {
    folder: Option<TempDir>,
    path: PathBuf,
    fault: Arc<Mutex<Option<AgentFault>>>,
    over: Arc<AtomicBool>,
}

impl Relay {
    /// Opens it, in a folder that nobody else may enter.
    pub(crate) fn open(agent: &Path, stop: Option<&Arc<Stop>>) -> std::io::Result<Self> {
        // The path of a socket may not be long, as that of a folder for temporary files may be.
        let bound = |folder: std::io::Result<TempDir>| {
            let folder = folder?;
            let path = folder.path().join("agent");
            UnixListener::bind(&path).map(|listener| (folder, path, listener))
        };
        let (folder, path, listener) =
            bound(tempfile::tempdir()).or_else(|_| bound(tempfile::tempdir_in("/tmp")))?;
        let (fault, over) = (Arc::new(Mutex::new(None)), Arc::new(AtomicBool::new(false)));
        let relay = Self { folder: Some(folder), path, fault: Arc::clone(&fault), over: Arc::clone(&over) };
        let (agent, stop) = (agent.to_owned(), stop.cloned());
        std::thread::Builder::new().name("agent".to_owned()).spawn(move || {
            let Ok((near, _)) = listener.accept() else { return };
            if !over.load(Ordering::Acquire) {
                serve(near, &agent, stop.as_ref(), &fault);
            }
        })?;
        Ok(relay)
    }

    /// Where libssh2 connects to.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Nobody else connects: nothing of it is left behind, however this program ends.
    pub(crate) fn connected(&mut self) {
        self.folder = None;
    }

    /// Why the agent gave no answer, if that was so.
    pub(crate) fn fault(&self) -> Option<AgentFault> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        // Whoever still waits for libssh2 waits no longer.
        let _ = UnixStream::connect(&self.path);
    }
}

/// Passes questions on until libssh2 goes away. Without an answer it is told of a failure: it waits for the rest of a
/// message even where there will be none.
fn serve(mut near: UnixStream, agent: &Path, stop: Option<&Arc<Stop>>, fault: &Mutex<Option<AgentFault>>) {
    let mut far = connect(agent, stop);
    loop {
        let mut head = [0; 4];
        if near.read_exact(&mut head).is_err() {
            return;
        }
        let length = usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX);
        if length > LONGEST {
            return;
        }
        let mut request = vec![0; length];
        if near.read_exact(&mut request).is_err() {
            return;
        }
        let answer = match &mut far {
            Ok(stream) => exchange(stream, agent, &request, stop),
            Err(why) => Err(why.clone()),
        };
        let answer = answer.unwrap_or_else(|why| {
            fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why.clone());
            // The rest of a late answer would be taken for the next one.
            far = Err(why);
            FAILURE.to_vec()
        });
        if framed(&answer).is_none_or(|answer| near.write_all(&answer).is_err()) {
            return;
        }
    }
}
