//! The host's own thread: it owns the session and runs every channel on it, waiting with poll(2) for exactly
//! what libssh2 is blocked by.
//!
//! Liveness: while a channel is read from, a keepalive that wants an answer goes out every
//! [`Deadlines::keepalive`](crate::host::deadlines::Deadlines), and nothing at all arriving for `silence` ends the
//! connection. While the near ends take nothing, nothing is read and silence is not counted. On a session
//! without channels keepalives go out for the sake of firewalls; libssh2 reads nothing without a channel, so
//! their answers wait and a dead peer is noticed by the next command, or at once when the peer hangs up.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};
use std::time::{Duration, Instant};

use ssh2::{Channel, ErrorCode, Session};

use crate::host::channel_io::{ChannelIo, Pass};
use crate::host::deadlines::Deadlines;
use crate::host::error::WireError;
use crate::host::socket::{Socket, WakeListener, again, wait, writable};
use crate::host::wire::RemoteEnd;
use crate::plan::remote::Remote;

/// How long a packet that another channel's call took off the socket may stay unseen.
const HASTE: Duration = Duration::from_millis(20);
/// `LIBSSH2_ERROR_CHANNEL_FAILURE`, `LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED`.
const CHANNEL_FAILURE: ErrorCode = ErrorCode::Session(-21);
const REQUEST_DENIED: ErrorCode = ErrorCode::Session(-22);

/// What a new channel is for.
#[derive(Debug, Clone)]
pub(crate) enum Purpose {
    /// Run a command.
    Exec(String),
    /// Connect onwards.
    Tcp(String, u16),
}

/// A channel somebody wants.
pub(crate) struct Order {
    pub(crate) purpose: Purpose,
    pub(crate) far: RemoteEnd,
    pub(crate) reply: SyncSender<Result<(), WireError>>,
}

/// An order under way.
struct ChannelOpening {
    order: Order,
    /// Open, the command not yet accepted.
    channel: Option<Channel>,
}

/// Everything the host's thread owns.
pub(crate) struct SessionLoop {
    pub(crate) session: Session,
    pub(crate) socket: Socket,
    pub(crate) bell: WakeListener,
    pub(crate) orders: Receiver<Order>,
    pub(crate) cut: Arc<AtomicBool>,
    /// Set before anybody hears of the end.
    pub(crate) over: Arc<AtomicBool>,
    pub(crate) host: String,
    pub(crate) deadlines: Deadlines,
}

/// A wait that ends so much too late says that this computer is busy.
const OVERSLEPT: Duration = Duration::from_millis(500);

impl SessionLoop {
    /// Runs until the connection ends; tells every stream why.
    pub(crate) fn run(self) {
        let mut lines = Vec::new();
        let mut waiting = VecDeque::new();
        let mut opening = None;
        let error = match self.serve(&mut lines, &mut waiting, &mut opening) {
            Ok(()) => WireError::Cut,
            Err(_) if self.cut.load(Ordering::Acquire) => WireError::Cut,
            Err(error) => error,
        };
        self.over.store(true, Ordering::Release);
        // libssh2 frees a channel by closing it with the peer: shut the socket first and let it notice.
        self.socket.shut();
        for line in &lines {
            line.lose(&error);
        }
        waiting.extend(opening.take().map(|opening: ChannelOpening| opening.order));
        for order in waiting {
            // Nobody waits when the caller has given up.
            let _ = order.reply.try_send(Err(error.clone()));
        }
        let mut buffer = vec![0; 32 * 1024];
        if let Some(line) = lines.first_mut() {
            for _ in 0..256 {
                if !line.drain(&mut buffer) {
                    break;
                }
            }
        }
        drop(lines);
        // Orders sent from now on find no receiver, those already sent are answered by its end.
        while let Ok(order) = self.orders.try_recv() {
            let _ = order.reply.try_send(Err(error.clone()));
        }
    }

    fn serve(
        &self,
        lines: &mut Vec<ChannelIo>,
        waiting: &mut VecDeque<Order>,
        opening: &mut Option<ChannelOpening>,
    ) -> Result<(), WireError> {
        let mut pass = Pass::new(&self.session, &self.socket);
        let mut heard = Instant::now();
        let mut kept_alive = Instant::now();
        loop {
            self.bell.clear();
            if self.cut.load(Ordering::Acquire) || !self.collect(waiting) {
                return Ok(());
            }
            pass.reset();
            for line in &mut *lines {
                line.push(&mut pass)?;
            }
            for line in &mut *lines {
                line.pull(&mut pass)?;
            }
            for line in &mut *lines {
                line.settle(&mut pass)?;
            }
            self.open(lines, waiting, opening, &mut pass)?;
            lines.retain(|line| !line.closed());

            if pass.moved || lines.iter().any(ChannelIo::overlooked) {
                heard = Instant::now();
                continue;
            }
            // Nobody reads, or nothing is there to be read by: the answer to a keepalive may not arrive.
            if lines.iter().all(ChannelIo::deaf) && opening.is_none() {
                heard = Instant::now();
                pass.wants.input = false;
                pass.wants.end = lines.is_empty();
            }
            let silent = heard.elapsed();
            if silent >= self.deadlines.silence {
                let seconds = silent.as_secs();
                return Err(WireError::lost(format!("nothing was heard from {} for {seconds} s", self.host)));
            }
            if kept_alive.elapsed() >= self.deadlines.keepalive && writable(&self.socket) {
                self.session.keepalive_send().map_err(|_| WireError::lost("the machine closed it"))?;
                kept_alive = Instant::now();
            }
            let mut timeout = self
                .deadlines
                .keepalive
                .saturating_sub(kept_alive.elapsed())
                .min(self.deadlines.silence.saturating_sub(silent))
                .max(Duration::from_millis(5));
            if pass.hasten || opening.is_some() {
                timeout = timeout.min(HASTE);
            }
            let begun = Instant::now();
            let ready = wait(&self.socket, pass.wants, Some(&self.bell.stream), timeout)
                .map_err(|error| WireError::lost(error.to_string()))?;
            // Woken far too late: this computer had no time, and the machine may have had nothing to answer.
            let unseen = begun.elapsed().saturating_sub(timeout);
            if unseen > OVERSLEPT {
                heard += unseen;
                kept_alive += unseen;
            }
            if ready.input {
                heard = Instant::now();
            }
            if ready.hung_up && lines.is_empty() && opening.is_none() {
                return Err(WireError::lost("the machine closed it"));
            }
        }
    }

    /// Fetches new orders; `false` when nobody can send any more.
    fn collect(&self, waiting: &mut VecDeque<Order>) -> bool {
        loop {
            match self.orders.try_recv() {
                Ok(order) => waiting.push_back(order),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Opens channels one after the other: libssh2 keeps the state of an opening in the session.
    fn open(
        &self,
        lines: &mut Vec<ChannelIo>,
        waiting: &mut VecDeque<Order>,
        slot: &mut Option<ChannelOpening>,
        pass: &mut Pass<'_>,
    ) -> Result<(), WireError> {
        loop {
            if slot.is_none() {
                *slot = waiting.pop_front().map(|order| ChannelOpening { order, channel: None });
            }
            let Some(mut opening) = slot.take() else { return Ok(()) };
            match self.advance(&mut opening) {
                Ok(Some(channel)) => {
                    let tcp = matches!(opening.order.purpose, Purpose::Tcp(..));
                    lines.push(ChannelIo::new(channel, opening.order.far, tcp));
                    let _ = opening.order.reply.try_send(Ok(()));
                    pass.moved = true;
                }
                Ok(None) => {
                    pass.wants.note(&self.session);
                    pass.wants.input = true;
                    *slot = Some(opening);
                    return Ok(());
                }
                Err(error) => {
                    let fatal = matches!(error, WireError::Lost { .. });
                    let _ = opening.order.reply.try_send(Err(error.clone()));
                    pass.moved = true;
                    if fatal {
                        return Err(error);
                    }
                    if let Some(channel) = opening.channel {
                        // Refused by the server; it closes like any other channel.
                        let (near, far) = crate::host::wire::duplex(|| ());
                        drop(near);
                        lines.push(ChannelIo::new(channel, far, false));
                    }
                }
            }
        }
    }

    /// One step of an opening: the channel when it is ready, nothing when the same step must come again.
    fn advance(&self, opening: &mut ChannelOpening) -> Result<Option<Channel>, WireError> {
        let refused = |error: &ssh2::Error, purpose: &Purpose| self.refused(error, purpose);
        if opening.channel.is_none() {
            let result = match &opening.order.purpose {
                Purpose::Exec(_) => self.session.channel_session(),
                Purpose::Tcp(host, port) => self.session.channel_direct_tcpip(host, *port, None),
            };
            match result {
                Ok(channel) => opening.channel = Some(channel),
                Err(error) if again(&error) => return Ok(None),
                Err(error) => return Err(refused(&error, &opening.order.purpose)),
            }
        }
        let Some(channel) = &mut opening.channel else { return Ok(None) };
        if let Purpose::Exec(command) = &opening.order.purpose {
            match channel.exec(command) {
                Ok(()) => {}
                Err(error) if again(&error) => return Ok(None),
                Err(error) => return Err(refused(&error, &opening.order.purpose)),
            }
        }
        Ok(opening.channel.take())
    }

    fn refused(&self, error: &ssh2::Error, purpose: &Purpose) -> WireError {
        let host = self.host.clone();
        let why = || {
            let text = error.message();
            text.split_once('(').map_or(text, |(_, rest)| rest.trim_end_matches(')')).to_owned()
        };
        match (error.code(), purpose) {
            (CHANNEL_FAILURE, Purpose::Exec(_)) => {
                WireError::TooManySessions { host, why: Remote::new(why()) }
            }
            (CHANNEL_FAILURE, Purpose::Tcp(to, port)) => {
                WireError::NoTcp { host, to: format!("{to}:{port}"), why: Remote::new(why()).to_string() }
            }
            (REQUEST_DENIED, _) => WireError::NoShell { host },
            (ErrorCode::Session(_) | ErrorCode::SFTP(_), _) => WireError::lost("the machine closed it"),
        }
    }
}
