//! A machine reached over SSH: connecting, the check of its key, the login, and the handle of the thread that
//! then owns the session (`pump.rs`).

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use openssl::base64;
use ssh2::{ErrorCode, HashType, MethodType, Session};

use super::alarm::{Alarm, Ring};
use super::ask::Ask;
use super::deadlines::Deadlines;
use super::error::WireError;
use super::key_ring::KeyRing;
use super::login;
use super::socket::{Socket, Stopped, Waker, drive, waker};
use super::stop::Stop;
use super::target::{SshTarget, join};
use super::trust::{self, NewHostKey, TrustPolicy};
use super::wire::{self, Duplex, Wire, WireCounts};
use crate::host::session_loop::{Order, Purpose, SessionLoop};
use crate::limits::time::{OwnClock, STEP, within};
use crate::plan::remote::Remote;

/// Longest command libssh2 sends (30 000 bytes were tried); payload belongs on stdin.
pub const LONGEST_COMMAND: usize = 30_000;

/// One SSH connection.
pub struct SshWire {
    name: String,
    deadlines: Deadlines,
    orders: Option<mpsc::Sender<Order>>,
    waker: Waker,
    socket: Socket,
    cut: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    /// A command was not accepted in time: whoever comes next connects anew.
    late: AtomicBool,
    thread: Mutex<Option<JoinHandle<()>>>,
    execs: AtomicUsize,
    tcp: AtomicUsize,
    /// Its key is new, and known_hosts does not have it yet.
    new_key: Mutex<Option<NewHostKey>>,
    /// Of the host key it showed.
    fingerprint: String,
    /// The jump host this connection runs through; dropped last.
    jump: Option<Arc<SshWire>>,
}

impl std::fmt::Debug for SshWire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SshWire({})", self.name)
    }
}

impl SshWire {
    /// Connects, through its jump hosts if there are any, checks the host key and logs in.
    pub fn connect(
        target: &SshTarget,
        policy: &TrustPolicy,
        ask: &dyn Ask,
        deadlines: Deadlines,
    ) -> Result<Self, WireError> {
        Self::connect_unless(target, policy, ask, deadlines, None)
    }

    /// The same, given up as soon as `stop` wants it.
    pub fn connect_unless(
        target: &SshTarget,
        policy: &TrustPolicy,
        ask: &dyn Ask,
        deadlines: Deadlines,
        stop: Option<&Arc<Stop>>,
    ) -> Result<Self, WireError> {
        // Passphrases are asked for before anything is connected: sshd's login grace time runs.
        let keys = KeyRing::gather(target, ask, stop)?;
        let Some(jump) = &target.jump else {
            let limit = target.connect_timeout.unwrap_or(deadlines.connect);
            let noted = |error| match error {
                // What plain ssh would do otherwise may be the reason.
                WireError::Unreachable { addr, why } if !target.notes.is_empty() => {
                    WireError::Unreachable { addr, why: format!("{why}; {}", target.notes.join("; ")) }
                }
                other => other,
            };
            let socket = tcp_connect(&target.host, target.port, limit, stop).map_err(noted)?;
            return Self::over((Socket::Tcp(socket), None), target, policy, ask, keys, (deadlines, stop));
        };
        let through = |error| match error {
            WireError::Jump { .. } => error,
            other => WireError::Jump { host: jump.address(), error: Box::new(other) },
        };
        let jump_wire = Arc::new(Self::connect_unless(jump, policy, ask, deadlines, stop).map_err(through)?);
        let duplex = jump_wire.tcp(&target.host, target.port).map_err(through)?;
        let socket = super::jump::socket(duplex).map_err(|error| WireError::lost(error.to_string()))?;
        Self::over((Socket::Pair(socket), Some(jump_wire)), target, policy, ask, keys, (deadlines, stop))
    }

    fn over(
        (socket, jump): (Socket, Option<Arc<Self>>),
        target: &SshTarget,
        policy: &TrustPolicy,
        ask: &dyn Ask,
        keys: KeyRing,
        (deadlines, stop): (Deadlines, Option<&Arc<Stop>>),
    ) -> Result<Self, WireError> {
        let peer = socket.peer();
        let alarm =
            |time| Alarm::set(&socket, time, stop).map_err(|error| WireError::lost(error.to_string()));
        let greeted = alarm(deadlines.handshake).and_then(|alarm| {
            greet(&socket, target, peer, &deadlines).map_err(|error| match alarm.rang() {
                Some(Ring::Stopped) => WireError::Cut,
                Some(Ring::Late) if !matches!(error, WireError::NotSsh { .. }) => {
                    late_greeting(&target.address(), &deadlines)
                }
                Some(Ring::Late) | None => error,
            })
        });
        let result = greeted.and_then(|session| {
            let new = trust::check(&session, target, peer, policy, ask)?;
            login::log_in(&session, &socket, target, keys, ask, (&alarm(deadlines.login)?, stop))?;
            Ok((session, new))
        });
        let (session, new) = result.inspect_err(|_| socket.shut())?;
        session.set_keepalive(true, u32::try_from(deadlines.keepalive.as_secs()).unwrap_or(15).max(1));
        Self::start(session, socket, jump, target, deadlines, new)
            .map_err(|error| WireError::lost(error.to_string()))
    }

    /// Writes down the host keys that were taken for new while somebody only looked.
    pub fn remember(&self) -> Result<(), WireError> {
        if let Some(jump) = &self.jump {
            jump.remember()?;
        }
        let mut new = self.new_key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = new.as_ref() {
            key.remember()?;
        }
        *new = None;
        Ok(())
    }

    fn start(
        session: Session,
        socket: Socket,
        jump: Option<Arc<Self>>,
        target: &SshTarget,
        deadlines: Deadlines,
        new_key: Option<NewHostKey>,
    ) -> io::Result<Self> {
        let (waker, bell) = waker()?;
        let (orders, incoming) = mpsc::channel();
        let cut = Arc::new(AtomicBool::new(false));
        let over = Arc::new(AtomicBool::new(false));
        let name = format!("{}@{}", target.user, target.address());
        let hash = session.host_key_hash(HashType::Sha256).unwrap_or_default();
        let fingerprint = format!("SHA256:{}", base64::encode_block(hash).trim_end_matches('='));
        let pump = SessionLoop {
            session,
            socket: socket.try_clone()?,
            bell,
            orders: incoming,
            cut: Arc::clone(&cut),
            over: Arc::clone(&over),
            host: target.address(),
            deadlines,
        };
        let thread = std::thread::Builder::new().name(format!("ssh {name}")).spawn(move || pump.run())?;
        Ok(Self {
            name,
            deadlines,
            orders: Some(orders),
            waker,
            socket,
            cut,
            over,
            late: AtomicBool::new(false),
            thread: Mutex::new(Some(thread)),
            execs: AtomicUsize::new(0),
            tcp: AtomicUsize::new(0),
            new_key: Mutex::new(new_key),
            fingerprint,
            jump,
        })
    }

    /// `SHA256:...` of the host key it showed.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The connection has ended, or does not answer any more; nothing more comes of it.
    pub fn ended(&self) -> bool {
        let set = |flag: &AtomicBool| flag.load(Ordering::Acquire);
        set(&self.over)
            || set(&self.cut)
            || set(&self.late)
            || self.jump.as_ref().is_some_and(|jump| jump.ended())
    }

    fn order(&self, purpose: Purpose, what: &str) -> Result<Duplex, WireError> {
        let onwards = matches!(purpose, Purpose::Tcp(..));
        let waker = self.waker.clone();
        let (near, far) = wire::duplex(move || waker.wake());
        let (reply, answer) = mpsc::sync_channel(1);
        let ended = || {
            if self.cut.load(Ordering::Acquire) {
                WireError::Cut
            } else {
                WireError::lost("it had ended before")
            }
        };
        let Some(orders) = &self.orders else { return Err(ended()) };
        orders.send(Order { purpose, far, reply }).map_err(|_| ended())?;
        self.waker.wake();
        let mut clock = OwnClock::start();
        let answer = loop {
            let left = self.deadlines.open.saturating_sub(clock.spent());
            match answer.recv_timeout(left.min(STEP)) {
                Err(RecvTimeoutError::Timeout) if !left.is_zero() => {}
                answer => break answer,
            }
        };
        match answer {
            Ok(Ok(())) => Ok(near),
            Ok(Err(error)) => Err(error),
            Err(RecvTimeoutError::Disconnected) => Err(ended()),
            Err(RecvTimeoutError::Timeout) => {
                // Connecting onwards may be slow for reasons of its own.
                self.late.fetch_or(!onwards, Ordering::AcqRel);
                Err(WireError::Timeout {
                    what: format!("{} {what}", self.name),
                    seconds: self.deadlines.open.as_secs(),
                })
            }
        }
    }
}

impl Wire for SshWire {
    fn exec(&self, command: &str) -> Result<Duplex, WireError> {
        if command.len() > LONGEST_COMMAND {
            return Err(WireError::TooLong { length: command.len(), limit: LONGEST_COMMAND });
        }
        self.execs.fetch_add(1, Ordering::Relaxed);
        self.order(Purpose::Exec(command.to_owned()), "accepting a command")
    }

    fn tcp(&self, host: &str, port: u16) -> Result<Duplex, WireError> {
        self.tcp.fetch_add(1, Ordering::Relaxed);
        self.order(Purpose::Tcp(host.to_owned(), port), "connecting onwards")
    }

    fn counts(&self) -> WireCounts {
        let behind = self.jump.as_ref().map(|jump| jump.counts()).unwrap_or_default();
        WireCounts {
            connections: behind.connections + 1,
            execs: behind.execs + self.execs.load(Ordering::Relaxed),
            tcp: behind.tcp + self.tcp.load(Ordering::Relaxed),
        }
    }

    fn describe(&self) -> String {
        self.name.clone()
    }

    fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        self.socket.shut();
        self.waker.wake();
    }
}

impl Drop for SshWire {
    fn drop(&mut self) {
        self.cut();
        self.orders = None;
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // The thread waits for nothing but the socket, which is shut.
            let _ = thread.join();
        }
    }
}

/// Whether somebody takes TCP connections there, tried from this computer; else why nobody does.
pub fn reaches(host: &str, port: u16, within: Duration) -> Result<(), String> {
    tcp_connect(host.trim_matches(['[', ']']), port, within, None)
        .map(drop)
        .map_err(|error| error.to_string())
}

/// Connects to the first address that answers, all within `limit`.
fn tcp_connect(
    host: &str,
    port: u16,
    limit: Duration,
    stop: Option<&Arc<Stop>>,
) -> Result<TcpStream, WireError> {
    let stopped = || stop.is_some_and(|stop| stop.wanted());
    let addr = join(host, port);
    let late = |what: &str| WireError::Timeout { what: format!("{what} {addr}"), seconds: limit.as_secs() };
    let mut deadline = Instant::now() + limit;
    let addresses = if is_numeric(host) {
        // Nothing is looked up for an address.
        (host, port).to_socket_addrs().map(Iterator::collect::<Vec<SocketAddr>>)
    } else {
        // The resolver has no deadline of its own.
        let name = host.to_owned();
        let look_up =
            move || (name.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<SocketAddr>>);
        let found = within(limit, &stopped, look_up);
        deadline = Instant::now() + limit;
        match found {
            Some(addresses) => addresses,
            None if stopped() => return Err(WireError::Cut),
            None => return Err(late("looking up the name")),
        }
    };
    let addresses = match addresses {
        Ok(addresses) => addresses,
        Err(error) => return Err(WireError::Unreachable { addr, why: error.to_string() }),
    };
    let mut why = "the name has no address".to_owned();
    let (mut timed_out, mut refused) = (false, false);
    for (tried, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        // One address that swallows everything leaves time for the next.
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(1);
        if share.is_zero() {
            return Err(late("connecting to"));
        }
        let began = Instant::now();
        let to = *address;
        let mut connected = if stop.is_some() {
            let connected = within(share, &stopped, move || TcpStream::connect_timeout(&to, share));
            if stopped() {
                return Err(WireError::Cut);
            }
            connected.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
        } else {
            TcpStream::connect_timeout(address, share)
        };
        // Far over its time: this computer let the thread wait, not the machine. It is asked once more.
        if connected.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::TimedOut)
            && began.elapsed() > share + OVERSLEPT
        {
            connected = TcpStream::connect_timeout(address, share);
        }
        match connected {
            Ok(stream) => {
                // With Nagle's delay everything takes twice the round trips.
                stream.set_nodelay(true).map_err(|error| WireError::lost(error.to_string()))?;
                return Ok(stream);
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => timed_out = true,
            Err(error) => {
                refused |= error.kind() == io::ErrorKind::ConnectionRefused;
                why = words(&error);
            }
        }
    }
    // Whoever refuses is there, whatever becomes of its other addresses.
    if timed_out && !refused {
        return Err(late("connecting to"));
    }
    Err(WireError::Unreachable { addr, why })
}

/// A wait that ends so much too late says that this computer is busy.
const OVERSLEPT: Duration = Duration::from_millis(500);

/// An address, with a zone perhaps: the resolver has nothing to look up.
fn is_numeric(host: &str) -> bool {
    let address = host.split_once('%').map_or(host, |(address, _)| address);
    address.parse::<IpAddr>().is_ok()
}

fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "nothing listens on that port".to_owned(),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "no route to it".to_owned(),
        _ => error.to_string(),
    }
}

/// The ciphers as a list of preference. libssh2 begins with ChaCha20 in plain C, which takes most of the time of sending
/// a program; AES-GCM is OpenSSL's, with the processor's own instructions.
fn quick_first(supported: &[&str]) -> String {
    let is_quick = |name: &&&str| name.ends_with("-gcm@openssh.com");
    let (quick, other): (Vec<&str>, Vec<&str>) = supported.iter().partition(|name| is_quick(name));
    [quick, other].concat().join(",")
}

/// Greeting and key exchange, preferring the key types that are known for the host: with another one the
/// known key could not be compared.
fn greet(
    socket: &Socket,
    target: &SshTarget,
    peer: Option<IpAddr>,
    deadlines: &Deadlines,
) -> Result<Session, WireError> {
    let lost = |error: &dyn std::fmt::Display| WireError::lost(error.to_string());
    let mut session = Session::new().map_err(|error| lost(&error))?;
    session.set_tcp_stream(socket.try_clone().map_err(|error| lost(&error))?);
    session.set_blocking(false);
    let supported = session.supported_algs(MethodType::HostKey).unwrap_or_default();
    let wanted = trust::preference(target, peer, &supported)?;
    session.method_pref(MethodType::HostKey, &wanted).map_err(|error| lost(&error))?;
    for way in [MethodType::CryptCs, MethodType::CryptSc] {
        let ciphers = quick_first(&session.supported_algs(way).unwrap_or_default());
        if !ciphers.is_empty() {
            session.method_pref(way, &ciphers).map_err(|error| lost(&error))?;
        }
    }

    let mut first: Option<Vec<u8>> = None;
    let seen = |socket: &Socket| {
        if first.is_none() {
            first = socket.first_bytes();
        }
    };
    // `handshake` wants the session for itself, `drive` only asks it for directions: a clone is the same one.
    let same = session.clone();
    let result = drive(&same, socket, deadlines.handshake, seen, || session.handshake());
    let addr = target.address();
    // What came between two calls was seen; what came within one is kept as the greeting.
    let greeting = session.banner_bytes().map(<[u8]>::to_vec);
    let foreign = first.or(greeting).filter(|bytes| !bytes.starts_with(b"SSH-") && !bytes.is_empty());
    match (result, foreign) {
        (Ok(()), _) => Ok(session),
        (Err(_), Some(bytes)) => {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let line = text.lines().next().unwrap_or_default();
            let shown = Remote::new(line.chars().take(60).collect::<String>());
            Err(WireError::NotSsh { addr, shown })
        }
        (Err(Stopped::Late), None) => Err(late_greeting(&addr, deadlines)),
        (Err(Stopped::Broken(error)), None) => Err(lost(&error)),
        (Err(Stopped::Failed(error)), None) => Err(handshake_error(&session, &error, &addr)),
    }
}

fn late_greeting(addr: &str, deadlines: &Deadlines) -> WireError {
    WireError::Timeout { what: format!("the SSH greeting of {addr}"), seconds: deadlines.handshake.as_secs() }
}

fn handshake_error(session: &Session, error: &ssh2::Error, addr: &str) -> WireError {
    let server = Remote::new(session.banner().unwrap_or(addr));
    match error.code() {
        // LIBSSH2_ERROR_KEX_FAILURE, LIBSSH2_ERROR_METHOD_NOT_SUPPORTED
        ErrorCode::Session(-5 | -33) => WireError::NoCommonAlgorithm { server },
        ErrorCode::Session(_) | ErrorCode::SFTP(_) => {
            WireError::lost(format!("{addr} ended it during the greeting"))
        }
    }
}
