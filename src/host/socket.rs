//! The one socket of a connection, TCP or the end of a pair towards a jump host, and waiting on it.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::limits::time::{OwnClock, STEP};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use ssh2::{BlockDirections, ErrorCode, Session};

/// libssh2's `LIBSSH2_ERROR_EAGAIN`.
const EAGAIN: i32 = -37;

/// The socket of a session.
#[derive(Debug)]
pub(crate) enum Socket {
    /// Straight to the machine.
    Tcp(TcpStream),
    /// Our end of a pair whose other end a jump host's channel is pumped into.
    Pair(UnixStream),
}

impl Socket {
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Tcp(stream) => Self::Tcp(stream.try_clone()?),
            Self::Pair(stream) => Self::Pair(stream.try_clone()?),
        })
    }

    /// Ends both directions; whatever waits on it returns at once.
    pub(crate) fn shut(&self) {
        // An error means that it is shut already.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
            Self::Pair(stream) => stream.shutdown(Shutdown::Both),
        };
    }

    /// The address at the other end; behind a jump host it is not seen.
    pub(crate) fn peer(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(stream) => stream.peer_addr().ok().map(|address| address.ip()),
            Self::Pair(_) => None,
        }
    }

    /// The first bytes waiting, without taking them; `None` when there are none or that cannot be seen.
    pub(crate) fn first_bytes(&self) -> Option<Vec<u8>> {
        let Self::Tcp(stream) = self else { return None };
        let mut buffer = [0; 120];
        let count = stream.peek(&mut buffer).ok()?;
        (count > 0).then(|| buffer.get(..count).unwrap_or_default().to_vec())
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Pair(stream) => stream.as_fd(),
        }
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

/// Which directions of the socket something waits for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Wants {
    /// Until something arrives.
    pub(crate) input: bool,
    /// Until something can be sent.
    pub(crate) output: bool,
    /// Until the peer ends its direction; where the system cannot tell, that shows at the next use.
    pub(crate) end: bool,
}

impl Wants {
    /// Adds what the session's last call was blocked by. Must be asked right after that call: a write into a
    /// closed window overwrites the session's directions with "inbound" only.
    pub(crate) fn note(&mut self, session: &Session) {
        match session.block_directions() {
            BlockDirections::Inbound | BlockDirections::None => self.input = true,
            BlockDirections::Outbound => self.output = true,
            BlockDirections::Both => {
                self.input = true;
                self.output = true;
            }
        }
    }

    fn flags(self) -> PollFlags {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, self.input);
        flags.set(PollFlags::OUT, self.output);
        #[cfg(any(target_os = "linux", target_os = "android"))]
        flags.set(PollFlags::RDHUP, self.end);
        flags
    }
}

/// What a wait on the socket ended with.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SocketReady {
    /// Something arrived.
    pub(crate) input: bool,
    /// The peer is gone.
    pub(crate) hung_up: bool,
}

/// Waits for the wanted directions, a wake-up or the timeout.
pub(crate) fn wait(
    socket: &Socket,
    wants: Wants,
    waker: Option<&UnixStream>,
    timeout: Duration,
) -> io::Result<SocketReady> {
    let mut fds = vec![PollFd::new(socket, wants.flags())];
    if let Some(waker) = waker {
        fds.push(PollFd::new(waker, PollFlags::IN));
    }
    let seconds = i64::try_from(timeout.as_secs().min(86_400)).unwrap_or(86_400);
    let timeout = Timespec { tv_sec: seconds, tv_nsec: i64::from(timeout.subsec_nanos()) };
    match poll(&mut fds, Some(&timeout)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let seen = fds.first().map_or(PollFlags::empty(), PollFd::revents);
    let mut ends = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    ends.insert(PollFlags::RDHUP);
    Ok(SocketReady { input: seen.contains(PollFlags::IN), hung_up: seen.intersects(ends) })
}

/// Can a small packet be sent now, wholly? libssh2 builds end of file and keepalive packets on its stack and
/// finds a half-sent packet again by its address, so these may only be sent when they cannot be cut in two.
pub(crate) fn writable(socket: &Socket) -> bool {
    let mut fds = [PollFd::new(socket, PollFlags::OUT)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut fds, Some(&now)).is_ok_and(|count| count > 0)
}

/// Did this call only ask to be repeated?
pub(crate) fn again(error: &ssh2::Error) -> bool {
    error.code() == ErrorCode::Session(EAGAIN)
}

/// Why [`drive`] stopped.
pub(crate) enum Stopped {
    /// The call itself failed.
    Failed(ssh2::Error),
    /// The deadline passed.
    Late,
    /// The socket cannot be waited on.
    Broken(io::Error),
}

/// Repeats one call of a non-blocking session until it ends, waiting for exactly the directions it names.
/// `seen` is called when something has arrived, before it is read.
pub(crate) fn drive<T>(
    session: &Session,
    socket: &Socket,
    limit: Duration,
    mut seen: impl FnMut(&Socket),
    mut call: impl FnMut() -> Result<T, ssh2::Error>,
) -> Result<T, Stopped> {
    let mut clock = OwnClock::start();
    let mut asked = Duration::ZERO;
    let mut overdue = false;
    loop {
        let before = clock.spent();
        match call() {
            Ok(value) => return Ok(value),
            Err(error) if again(&error) => {}
            Err(error) => return Err(Stopped::Failed(error)),
        }
        // A person may be asked inside the call; that time is not the machine's.
        asked += clock.spent().saturating_sub(before);
        let mut wants = Wants::default();
        wants.note(session);
        let left = limit.saturating_add(asked).saturating_sub(clock.spent());
        let ready = wait(socket, wants, None, left.min(STEP)).map_err(Stopped::Broken)?;
        if left.is_zero() {
            // What lies there already came in time: only this thread was late. Once, so that a flood ends too.
            if overdue || !(ready.input || ready.hung_up) {
                return Err(Stopped::Late);
            }
            overdue = true;
        }
        if ready.input {
            seen(socket);
        }
    }
}

/// Wakes a thread that waits in [`wait`].
#[derive(Debug, Clone)]
pub(crate) struct Waker {
    stream: Arc<UnixStream>,
    rung: Arc<AtomicBool>,
}

/// The end a waiting thread listens on.
#[derive(Debug)]
pub(crate) struct WakeListener {
    pub(crate) stream: UnixStream,
    rung: Arc<AtomicBool>,
}

/// Makes a waker and its bell.
pub(crate) fn waker() -> io::Result<(Waker, WakeListener)> {
    let (near, far) = UnixStream::pair()?;
    near.set_nonblocking(true)?;
    far.set_nonblocking(true)?;
    let rung = Arc::new(AtomicBool::new(false));
    Ok((Waker { stream: Arc::new(near), rung: Arc::clone(&rung) }, WakeListener { stream: far, rung }))
}

impl Waker {
    /// Wakes; never blocks. Many calls before the thread wakes are one byte.
    pub(crate) fn wake(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            let _ = (&*self.stream).write(&[1]);
        }
    }
}

impl WakeListener {
    /// Forgets the calls so far; must come before looking at what they announced.
    pub(crate) fn clear(&self) {
        let mut buffer = [0; 64];
        while matches!((&self.stream).read(&mut buffer), Ok(count) if count > 0) {}
        // Only now: a call between the two would write no byte that is eaten here.
        self.rung.swap(false, Ordering::AcqRel);
    }
}
