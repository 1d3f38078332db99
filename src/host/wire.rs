//! The seam between scripts and machines: start a command, send bytes, get chunks. It knows no shell, no
//! marker and no success; `exit status 0` is also what libssh2 says when there was none, so callers judge by
//! what the script itself prints.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::error::WireError;

/// Bytes that may wait on either side before the producer is held back.
const ROOM: usize = 1 << 20;

/// A way to run a command on a machine and talk to it byte by byte.
pub trait Wire: Send + Sync {
    /// Starts `command` (already fit for any login shell); returns when the machine has accepted it. The
    /// streams run on the host's own thread.
    fn exec(&self, command: &str) -> Result<Duplex, WireError>;
    /// A TCP connection made by the machine. Its end shows as [`Chunk::Exit`] without status.
    fn tcp(&self, host: &str, port: u16) -> Result<Duplex, WireError>;
    /// What was used so far.
    fn counts(&self) -> WireCounts;
    /// The machine, `root@10.0.0.1:22`.
    fn describe(&self) -> String;
    /// Drops the connection at once; never blocks. Every stream ends with [`WireError::Cut`].
    fn cut(&self);
}

/// What a wire has used so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WireCounts {
    /// Connections made, jump hosts included.
    pub connections: usize,
    /// Commands started.
    pub execs: usize,
    /// TCP connections made by the machine.
    pub tcp: usize,
}

/// Bytes on their way to a machine.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outgoing {
    /// They may be a secret: once they are sent they are wiped.
    Wiped(Zeroizing<Vec<u8>>),
    /// A piece of a file that anybody may see. Wiping one takes longer than sending it.
    Open(Vec<u8>),
}

impl std::ops::Deref for Outgoing {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Wiped(bytes) => bytes,
            Self::Open(bytes) => bytes,
        }
    }
}

/// One thing a machine sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chunk {
    /// Bytes of stdout, or of the TCP connection.
    Out(Vec<u8>),
    /// Bytes of stderr.
    Err(Vec<u8>),
    /// The command ended; a status of 0 is also what a server that sent none looks like.
    Exit {
        /// Its exit status.
        status: Option<i32>,
        /// The signal that ended it, `KILL`.
        signal: Option<String>,
    },
    /// The connection ended before the command did.
    Lost(WireError),
}

/// Why [`Duplex::recv`] has no chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecvTimeout {
    /// Nothing came in time.
    Timeout,
    /// The stream has ended; its last chunk was received before.
    Ended,
}

/// Both directions of one command or connection. Dropping it gives the command up.
#[derive(Debug)]
pub struct Duplex {
    sender: Sender,
}

impl Duplex {
    /// Sends bytes; blocks while too many wait, errors when the other end is gone. They may be a secret: once they
    /// are sent they are wiped.
    pub fn send(&self, bytes: Zeroizing<Vec<u8>>) -> Result<(), WireError> {
        self.sender.send(bytes)
    }

    /// End of file on the command's stdin; may be said twice.
    pub fn finish(&self) {
        self.sender.finish();
    }

    /// A sending half for another thread.
    pub fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// The next chunk. [`Chunk::Exit`] or [`Chunk::Lost`] is the last one.
    pub fn recv(&self, timeout: Duration) -> Result<Chunk, RecvTimeout> {
        let shared = &self.sender.shared;
        let deadline = Instant::now() + timeout;
        let mut state = shared.lock();
        loop {
            if let Some(chunk) = state.from.pop_front() {
                let before = state.from_bytes;
                state.from_bytes = before.saturating_sub(size(&chunk));
                let room_again = before >= ROOM && state.from_bytes < ROOM;
                drop(state);
                if room_again {
                    shared.changed.notify_all();
                    (shared.wake)();
                }
                return Ok(chunk);
            }
            if state.ended {
                return Err(RecvTimeout::Ended);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(RecvTimeout::Timeout);
            }
            state = shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Duplex {
    fn drop(&mut self) {
        let shared = &self.sender.shared;
        {
            let mut state = shared.lock();
            state.abandoned = true;
            state.gone.get_or_insert(WireError::Cut);
            state.from.clear();
            state.from_bytes = 0;
        }
        shared.changed.notify_all();
        (shared.wake)();
    }
}

/// The sending half of a [`Duplex`].
#[derive(Debug, Clone)]
pub struct Sender {
    shared: Arc<DuplexShared>,
}

impl Sender {
    /// Sends bytes; blocks while too many wait, errors when the other end is gone. They may be a secret: once they
    /// are sent they are wiped.
    pub fn send(&self, bytes: Zeroizing<Vec<u8>>) -> Result<(), WireError> {
        self.pass_on(Outgoing::Wiped(bytes))
    }

    /// The same of a piece of a file that anybody may see.
    pub(crate) fn send_open(&self, bytes: Vec<u8>) -> Result<(), WireError> {
        self.pass_on(Outgoing::Open(bytes))
    }

    fn pass_on(&self, bytes: Outgoing) -> Result<(), WireError> {
        let mut state = self.shared.lock();
        loop {
            if let Some(error) = &state.gone {
                return Err(error.clone());
            }
            if state.finished {
                return Err(WireError::lost("stdin was already finished"));
            }
            if state.to_bytes < ROOM {
                break;
            }
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if bytes.is_empty() {
            return Ok(());
        }
        state.to_bytes = state.to_bytes.saturating_add(bytes.len());
        state.to.push_back(bytes);
        let first = state.to.len() == 1;
        drop(state);
        if first {
            self.shared.changed.notify_all();
            (self.shared.wake)();
        }
        Ok(())
    }

    /// End of file on the command's stdin; may be said twice.
    pub fn finish(&self) {
        self.shared.lock().finished = true;
        self.shared.changed.notify_all();
        (self.shared.wake)();
    }
}

/// What both ends share; the lock is never held over a call that waits.
struct DuplexShared {
    state: Mutex<DuplexState>,
    changed: Condvar,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl DuplexShared {
    fn lock(&self) -> MutexGuard<'_, DuplexState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for DuplexShared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

#[derive(Default)]
struct DuplexState {
    to: VecDeque<Outgoing>,
    to_bytes: usize,
    finished: bool,
    from: VecDeque<Chunk>,
    from_bytes: usize,
    ended: bool,
    gone: Option<WireError>,
    abandoned: bool,
}

fn size(chunk: &Chunk) -> usize {
    match chunk {
        Chunk::Out(bytes) | Chunk::Err(bytes) => bytes.len(),
        Chunk::Exit { .. } | Chunk::Lost(_) => 0,
    }
}

/// The machine's end of a [`Duplex`].
#[derive(Debug)]
pub(crate) struct RemoteEnd {
    shared: Arc<DuplexShared>,
}

/// What waits to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// For the command's stdin, in order.
    Bytes(Outgoing),
    /// End of file.
    Eof,
    /// Nothing yet.
    Nothing,
}

/// Makes the two ends; `wake` is called when the far end has something to do.
pub(crate) fn duplex(wake: impl Fn() + Send + Sync + 'static) -> (Duplex, RemoteEnd) {
    let shared =
        Arc::new(DuplexShared { state: Mutex::default(), changed: Condvar::new(), wake: Box::new(wake) });
    (Duplex { sender: Sender { shared: Arc::clone(&shared) } }, RemoteEnd { shared })
}

impl RemoteEnd {
    /// The near end was dropped.
    pub(crate) fn abandoned(&self) -> bool {
        self.shared.lock().abandoned
    }

    /// May more be pushed without holding too much?
    pub(crate) fn has_room(&self) -> bool {
        let state = self.shared.lock();
        state.from_bytes < ROOM || state.abandoned
    }

    /// Hands a chunk to the near end; never blocks.
    pub(crate) fn push(&self, chunk: Chunk) {
        let mut state = self.shared.lock();
        if state.abandoned || state.ended {
            return;
        }
        state.from_bytes = state.from_bytes.saturating_add(size(&chunk));
        state.from.push_back(chunk);
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Waits until there is room again, `false` when nobody reads any more. For threads of their own.
    pub(crate) fn wait_for_room(&self) -> bool {
        let mut state = self.shared.lock();
        while state.from_bytes >= ROOM && !state.abandoned && !state.ended {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        !state.abandoned && !state.ended
    }

    /// The next thing to send.
    pub(crate) fn take(&self) -> Input {
        let mut state = self.shared.lock();
        let input = Self::next(&mut state);
        drop(state);
        if matches!(input, Input::Bytes(_)) {
            self.shared.changed.notify_all();
        }
        input
    }

    /// The same, waiting for it; abandoned or gone counts as end of file. For threads of their own.
    pub(crate) fn wait_for_input(&self) -> Input {
        let mut state = self.shared.lock();
        loop {
            if state.abandoned || state.gone.is_some() {
                return Input::Eof;
            }
            let input = Self::next(&mut state);
            if input != Input::Nothing {
                drop(state);
                self.shared.changed.notify_all();
                return input;
            }
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn next(state: &mut DuplexState) -> Input {
        match state.to.pop_front() {
            Some(bytes) => {
                state.to_bytes = state.to_bytes.saturating_sub(bytes.len());
                Input::Bytes(bytes)
            }
            None if state.finished => Input::Eof,
            None => Input::Nothing,
        }
    }

    /// Waits until the near end is dropped or the stream is lost. For threads of their own.
    pub(crate) fn wait_until_given_up(&self) {
        let mut state = self.shared.lock();
        while !state.abandoned && state.gone.is_none() {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The last chunk; afterwards `send` answers with `error`.
    pub(crate) fn end(&self, last: Chunk, error: WireError) {
        self.push(last);
        {
            let mut state = self.shared.lock();
            state.ended = true;
            state.gone.get_or_insert(error);
            state.to.clear();
            state.to_bytes = 0;
        }
        self.shared.changed.notify_all();
    }

    /// The stream ends because the connection did.
    pub(crate) fn lose(&self, error: &WireError) {
        self.end(Chunk::Lost(error.clone()), error.clone());
    }

    /// Nothing more will come, but sending goes on (a TCP connection half closed).
    pub(crate) fn end_of_output(&self) {
        self.push(Chunk::Exit { status: None, signal: None });
        self.shared.lock().ended = true;
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sending_is_held_back_and_goes_on_when_taken() {
        let (near, far) = duplex(|| ());
        near.send(vec![0; ROOM].into()).unwrap();
        let sender = near.sender();
        let thread = std::thread::spawn(move || sender.send(vec![1; 3].into()));
        assert_eq!(far.take(), Input::Bytes(Outgoing::Wiped(vec![0; ROOM].into())));
        thread.join().unwrap().unwrap();
        near.finish();
        assert_eq!(far.take(), Input::Bytes(Outgoing::Wiped(vec![1; 3].into())));
        assert_eq!(far.take(), Input::Eof);
    }

    #[test]
    fn a_blocked_sender_is_released_when_the_connection_is_lost() {
        let (near, far) = duplex(|| ());
        near.send(vec![0; ROOM].into()).unwrap();
        let sender = near.sender();
        let thread = std::thread::spawn(move || sender.send(vec![1].into()));
        far.lose(&WireError::Cut);
        assert_eq!(thread.join().unwrap(), Err(WireError::Cut));
        assert_eq!(near.recv(Duration::ZERO), Ok(Chunk::Lost(WireError::Cut)));
        assert_eq!(near.recv(Duration::from_secs(9)), Err(RecvTimeout::Ended));
    }

    #[test]
    fn output_is_kept_until_read_and_then_the_end_is_seen() {
        let (near, far) = duplex(|| ());
        far.push(Chunk::Out(b"a".to_vec()));
        far.end(Chunk::Exit { status: Some(3), signal: None }, WireError::Cut);
        assert_eq!(near.recv(Duration::ZERO), Ok(Chunk::Out(b"a".to_vec())));
        assert_eq!(near.recv(Duration::ZERO), Ok(Chunk::Exit { status: Some(3), signal: None }));
        assert_eq!(near.recv(Duration::ZERO), Err(RecvTimeout::Ended));
    }
}
