//! A host that is a shell at the end of a wire: batches become scripts, the fixed bootstrap reads exactly
//! the script's bytes from stdin, payload follows on descriptor 3. As another user than root everything
//! runs below `sudo`, whose password goes in only when its own prompt asks for it, and nothing else goes in
//! before the script says READY: a wrong password eats nothing.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::batch::{self, Batch, LockUse, Payload, Script};
use super::error::WireError;
use super::log_stream::{LogSource, LogStream, ShellLog};
use super::patience::Patience;
use super::reader::{BatchEnd, BatchProgress, Reader};
use super::stop::Stop;
use super::stream::{LiveStream, ShellStream};
use super::tcp_pipe::TcpPipe;
use super::wire::{Chunk, Duplex, RecvTimeout, Sender, Wire, WireCounts};
use super::{Host, HostTrouble, Pipe, Vault};
use crate::limits::time::{OwnClock, SUDO};
use crate::limits::{self, ANSWERS, BEFORE};
use crate::plan::action::SecretRef;
use crate::plan::redact;
use crate::plan::runtime_fact::RuntimeKind;

/// How long a group that was told to end at once may take before the connection is cut.
const KILL_GRACE: Duration = Duration::from_secs(3);
/// How long a look that is stopped may take to end by itself.
const STOP_GRACE: Duration = Duration::from_millis(500);
/// How often the wish to stop is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A host reached over a wire.
pub struct ShellHost {
    wire: Arc<dyn Wire>,
    vault: Arc<dyn Vault>,
    need_sudo: bool,
    streams: usize,
    /// The script that holds the lock of this machine.
    hold: Option<Hold>,
    /// No lock can be had there.
    unlocked: bool,
    /// How long sudo may take to ask or to start.
    patience: Duration,
    /// Whose containers its stream tells; `None` = it finds out.
    runtime: Option<RuntimeKind>,
}

/// So long a machine may take to end a session that was let go.
const LET_GO: Duration = Duration::from_secs(5);

/// How often the one who holds a lock gives a sign.
const BEAT: Duration = Duration::from_secs(20);

/// A script that has done its work and holds the lock until it is let go.
struct Hold {
    duplex: Duplex,
    /// Dropped, the beats end.
    _beats: std::sync::mpsc::Sender<()>,
}

impl Hold {
    fn new(duplex: Duplex) -> Self {
        let (beats, over) = std::sync::mpsc::channel();
        let sender = duplex.sender();
        std::thread::spawn(move || {
            while over.recv_timeout(BEAT) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                if sender.send(b"\n".to_vec().into()).is_err() {
                    return;
                }
            }
        });
        Self { duplex, _beats: beats }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.duplex.finish();
    }
}

impl ShellHost {
    /// A host whose login is not root when `need_sudo`.
    pub fn new(wire: Arc<dyn Wire>, vault: Arc<dyn Vault>, need_sudo: bool) -> Self {
        let patience = SUDO.limit();
        Self { wire, vault, need_sudo, streams: 0, hold: None, unlocked: false, patience, runtime: None }
    }

    /// With another patience for sudo.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Its live stream is of this runtime, whatever else is installed.
    #[must_use]
    pub fn with_runtime(mut self, runtime: RuntimeKind) -> Self {
        self.runtime = Some(runtime);
        self
    }

    fn start(&self, nonce: &str, text: &str, stop: &Stop) -> Result<Duplex, HostTrouble> {
        let length = text.len();
        let boot = format!("s=$(head -c {length}); exec 3<&0 </dev/null; eval \"$s\"");
        let command = if self.need_sudo {
            // In English, whatever the host's language; a variable before the command is not for every shell.
            format!("env LC_ALL=C LANGUAGE=C sudo -S -k -p @{nonce}P sh -c 'echo @{nonce}R; {boot}'")
        } else {
            format!("sh -c '{boot}'")
        };
        let duplex = self.wire.exec(&command).map_err(HostTrouble::Wire)?;
        if self.need_sudo {
            self.become_root(&duplex, nonce, stop)?;
        }
        Ok(duplex)
    }

    /// The script of a batch, and its exec. Where a machine opens no second session beside the one that holds the lock,
    /// that one ends and the lock is taken anew.
    fn begin(&mut self, batch: &Batch, nonce: &str, stop: &Stop) -> Result<(Script, Duplex), HostTrouble> {
        let mut until: Option<Instant> = None;
        loop {
            let lock = match (&batch.lock, &self.hold) {
                (Some(_), Some(_)) => LockUse::Keep,
                (Some(_), None) if !self.unlocked => LockUse::Take,
                (Some(_) | None, _) => LockUse::None,
            };
            let script = batch::compile(batch, nonce, lock, &|name| self.vault.get(name))
                .map_err(HostTrouble::Compile)?;
            match self.start(nonce, &script.text, stop) {
                Ok(duplex) => return Ok((script, duplex)),
                Err(HostTrouble::Wire(WireError::TooManySessions { .. }))
                    if self.hold.is_some() || until.is_some_and(|until| Instant::now() < until) =>
                {
                    if self.hold.is_some() {
                        self.release();
                        until = Some(Instant::now() + LET_GO);
                    }
                    // The machine needs a moment to end it.
                    std::thread::sleep(POLL_INTERVAL);
                }
                Err(trouble) => return Err(trouble),
            }
        }
    }

    /// Answers sudo's prompt, at most once, and waits for READY.
    fn become_root(&self, duplex: &Duplex, nonce: &str, stop: &Stop) -> Result<(), HostTrouble> {
        let (prompt, ready) = (format!("@{nonce}P"), format!("@{nonce}R"));
        let name = SecretRef::Sudo(self.wire.describe());
        let mut clock = OwnClock::start();
        let (mut out, mut err, mut asked) = (String::new(), String::new(), false);
        loop {
            if stop.wanted() {
                return Err(HostTrouble::Wire(WireError::Cut));
            }
            let left = self.patience.saturating_sub(clock.spent());
            let heard =
                if left.is_zero() { Err(RecvTimeout::Timeout) } else { duplex.recv(left.min(POLL_INTERVAL)) };
            match heard {
                Ok(Chunk::Out(bytes)) => out.push_str(&String::from_utf8_lossy(&bytes)),
                Ok(Chunk::Err(bytes)) => err.push_str(&String::from_utf8_lossy(&bytes)),
                Ok(Chunk::Lost(error)) => return Err(HostTrouble::Wire(error)),
                Ok(Chunk::Exit { .. }) | Err(RecvTimeout::Ended) => {
                    // With passwd_tries=1 it does not ask again.
                    if asked && err.contains("incorrect password") {
                        self.vault.wrong(&name);
                        return Err(HostTrouble::SudoPasswordWrong { host: self.wire.describe() });
                    }
                    return Err(HostTrouble::NoRoot { host: self.wire.describe(), said: words(&err, &out) });
                }
                Err(RecvTimeout::Timeout) if !left.is_zero() => {}
                Err(RecvTimeout::Timeout) => {
                    return Err(HostTrouble::NoRoot {
                        host: self.wire.describe(),
                        said: format!("sudo neither started nor asked within {} s", self.patience.as_secs()),
                    });
                }
            }
            if out.contains(&ready) {
                return Ok(());
            }
            if out.len().saturating_add(err.len()) > BEFORE.count() {
                return Err(HostTrouble::TooMuch { host: self.wire.describe(), limit: BEFORE });
            }
            if let Some((_, rest)) = err.split_once(&prompt) {
                err = rest.to_owned();
                if asked {
                    self.vault.wrong(&name);
                    return Err(HostTrouble::SudoPasswordWrong { host: self.wire.describe() });
                }
                asked = true;
                let Some(password) = self.vault.get(&name) else {
                    return Err(HostTrouble::SudoPasswordWanted { host: self.wire.describe() });
                };
                // Grown in place it would leave copies behind.
                let mut line = Zeroizing::new(Vec::with_capacity(password.len() + 1));
                line.extend_from_slice(password.as_bytes());
                line.push(b'\n');
                duplex.send(line).map_err(HostTrouble::Wire)?;
                // A person took as long as a person takes; sudo's own time begins now.
                clock = OwnClock::start();
            }
        }
    }
}

fn words(err: &str, out: &str) -> String {
    let text = if err.trim().is_empty() { out } else { err };
    text.lines()
        .map(redact::said)
        .filter(|line| !line.trim().is_empty())
        .take(3)
        .collect::<Vec<_>>()
        .join("; ")
}

/// A fresh nonce; 64 random bits in hex.
pub(crate) fn nonce() -> String {
    let mut bytes = [0; 8];
    // Randomness here only keeps foreign output from looking like ours; the clock is enough of a fallback.
    if openssl::rand::rand_bytes(&mut bytes).is_err() {
        let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        bytes = nanos.as_nanos().to_be_bytes()[8..].try_into().unwrap_or_default();
    }
    crate::plan::hex::encode(&bytes)
}

/// Sends the script with its small contents, then each large one when its action asks for it, on a thread
/// of its own, so output is read meanwhile. A wish to stop in the middle of a content ends the input.
struct Feed {
    state: Arc<Sending>,
    orders: std::sync::mpsc::Sender<usize>,
    total: u64,
}

/// What the thread and its owner share.
#[derive(Default)]
struct Sending {
    sent: AtomicU64,
    halt: AtomicBool,
    busy: AtomicBool,
    failed: std::sync::Mutex<Option<String>>,
}

impl Feed {
    fn start(sender: Sender, script: Script) -> Self {
        let Script { text, small, mut large } = script;
        let (orders, next) = std::sync::mpsc::channel();
        let state = Arc::new(Sending { busy: AtomicBool::new(true), ..Sending::default() });
        let bytes = |text: String| Payload::Bytes(Zeroizing::new(text.into_bytes()));
        let mut opening = vec![bytes(text)];
        opening.extend(small);
        opening.push(bytes("go\n".to_owned()));
        let total = opening.iter().chain(large.values()).map(Payload::len).sum();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            if !shared.send(&sender, opening) {
                return;
            }
            while let Ok(index) = next.recv() {
                if !shared.send(&sender, large.remove(&index)) {
                    return;
                }
            }
        });
        Self { state, orders, total }
    }

    /// Sends the content an action asks for.
    fn wanted(&self, index: usize) {
        self.state.busy.store(true, Ordering::SeqCst);
        // The thread is gone when it was told to halt.
        if self.orders.send(index).is_err() {
            self.state.busy.store(false, Ordering::SeqCst);
        }
    }
}

impl Sending {
    /// Sends them all; otherwise the input ends here, and `false`.
    fn send(&self, sender: &Sender, items: impl IntoIterator<Item = Payload>) -> bool {
        let mut whole = true;
        for item in items {
            whole = match send_item(sender, item, &self.sent, &self.halt) {
                Ok(whole) => whole,
                Err(why) => {
                    if let Ok(mut slot) = self.failed.lock() {
                        *slot = Some(why);
                    }
                    false
                }
            };
            if !whole {
                sender.finish();
                break;
            }
        }
        self.busy.store(false, Ordering::SeqCst);
        whole
    }
}

/// `Ok(false)` = told to stop, or the wire is gone and says so itself. A file that became shorter is an error: the count would be a lie.
fn send_item(sender: &Sender, item: Payload, sent: &AtomicU64, halt: &AtomicBool) -> Result<bool, String> {
    match item {
        Payload::Bytes(bytes) => {
            if halt.load(Ordering::SeqCst) {
                return Ok(false);
            }
            let count = bytes.len() as u64;
            if sender.send(bytes).is_err() {
                return Ok(false);
            }
            sent.fetch_add(count, Ordering::SeqCst);
            Ok(true)
        }
        Payload::File { path, size } => {
            let name = path.display().to_string();
            let mut file = limits::file::open(&path).map_err(|error| format!("{name}: {error}"))?;
            let mut left = size;
            let mut buffer = Zeroizing::new(vec![0; 128 << 10]);
            while left > 0 {
                if halt.load(Ordering::SeqCst) {
                    return Ok(false);
                }
                let want = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
                let got = file.read(&mut buffer[..want]).map_err(|error| format!("{name}: {error}"))?;
                if got == 0 {
                    return Err(format!("{name} became shorter while it was sent"));
                }
                if sender.send(buffer[..got].to_vec().into()).is_err() {
                    return Ok(false);
                }
                left = left.saturating_sub(got as u64);
                sent.fetch_add(got as u64, Ordering::SeqCst);
            }
            Ok(true)
        }
    }
}

impl Host for ShellHost {
    fn describe(&self) -> String {
        self.wire.describe()
    }

    fn run(&mut self, batch: &Batch, stop: &Stop, hear: &mut dyn FnMut(BatchProgress)) -> BatchEnd {
        let nonce = nonce();
        let failed = |trouble| BatchEnd { trouble: Some(trouble), ..BatchEnd::default() };
        let (script, duplex) = match self.begin(batch, &nonce, stop) {
            Ok(begun) => begun,
            Err(trouble) => return failed(trouble),
        };
        let mut reader = Reader::new(&nonce, &batch.queries, batch.actions.len());
        let mut patience = Patience::new(batch);
        let (begun, mut clock) = (Instant::now(), OwnClock::start());
        let feed = Feed::start(duplex.sender(), script);
        let (mut told, mut killed, mut quiet, mut last_sent) = (0, None, None, 0);
        let trouble = loop {
            match duplex.recv(POLL_INTERVAL) {
                Ok(Chunk::Out(bytes)) => reader.feed(false, &bytes, hear),
                Ok(Chunk::Err(bytes)) => reader.feed(true, &bytes, hear),
                Ok(Chunk::Exit { status, signal }) => {
                    break (!reader.complete()).then(|| HostTrouble::Ended {
                        host: self.wire.describe(),
                        how: match (signal, status) {
                            (Some(signal), _) => format!("signal {signal}"),
                            (None, Some(status)) => format!("status {status}"),
                            (None, None) => "no status".to_owned(),
                        },
                    });
                }
                Ok(Chunk::Lost(error)) => break (!reader.complete()).then_some(HostTrouble::Wire(error)),
                Err(RecvTimeout::Ended) => {
                    break (!reader.complete()).then(|| HostTrouble::Ended {
                        host: self.wire.describe(),
                        how: "no end mark".to_owned(),
                    });
                }
                Err(RecvTimeout::Timeout) => {}
            }
            if reader.complete() {
                break None;
            }
            if reader.too_much() {
                self.wire.cut();
                break Some(HostTrouble::TooMuch { host: self.wire.describe(), limit: ANSWERS });
            }
            let sending = feed.state.busy.load(Ordering::SeqCst);
            let now = begun + clock.spent();
            if let Some(limit) = patience.over(&reader, sending, feed.state.sent.load(Ordering::SeqCst), now)
            {
                self.wire.cut();
                break Some(HostTrouble::Wire(WireError::Timeout {
                    what: format!("{} {}", self.wire.describe(), limit.0),
                    seconds: limit.1.as_secs(),
                }));
            }
            if let Some(index) = reader.wanted() {
                feed.wanted(index);
            }
            let sent = feed.state.sent.load(Ordering::SeqCst);
            if sent != last_sent && feed.total > 1 << 20 {
                last_sent = sent;
                hear(BatchProgress::Sent(sent, feed.total));
            }
            let level = stop.level();
            if level > told {
                feed.state.halt.store(true, Ordering::SeqCst);
                // In the middle of a content the wish would be part of it: there, the input ends instead.
                if !feed.state.busy.load(Ordering::SeqCst) {
                    told = level;
                    let wish = if level > 1 { "kill" } else { "stop" };
                    let _ = duplex.send(format!("@{nonce} {wish}\n").into_bytes().into());
                }
            }
            if level > 1 {
                killed.get_or_insert_with(Instant::now);
            }
            // Who only looks leaves nothing half done.
            let looks = level > 0 && batch.actions.is_empty();
            if looks && quiet.get_or_insert_with(Instant::now).elapsed() > STOP_GRACE {
                self.wire.cut();
            }
            if killed.is_some_and(|since: Instant| since.elapsed() > KILL_GRACE) {
                self.wire.cut();
            }
        };
        let held =
            reader.holder().map(|(since, who)| HostTrouble::Held { host: self.wire.describe(), who, since });
        self.unlocked |= reader.unlocked();
        let takes = batch.lock.is_some() && self.hold.is_none() && !self.unlocked;
        if takes && held.is_none() && trouble.is_none() && !reader.stopped() {
            self.hold = Some(Hold::new(duplex));
        } else {
            duplex.finish();
        }
        let started = reader.started();
        let mut end = reader.finish();
        let unsent = feed.state.failed.lock().ok().and_then(|mut slot| slot.take());
        end.trouble = match (trouble, unsent) {
            _ if held.is_some() => held,
            (Some(HostTrouble::Ended { how, host }), _) if !started => {
                Some(HostTrouble::NoShell { host, said: words(&end.noise, ""), how })
            }
            (_, Some(why)) if !stop.wanted() => Some(HostTrouble::NotSent(why)),
            (trouble, _) => trouble,
        };
        end
    }

    fn release(&mut self) {
        self.hold = None;
    }

    fn of_runtime(&mut self, runtime: Option<RuntimeKind>) {
        self.runtime = runtime;
    }

    fn stream(&mut self) -> Result<Box<dyn LiveStream>, HostTrouble> {
        let nonce = nonce();
        let text = super::stream::script(&nonce, self.runtime);
        let duplex = self.start(&nonce, &text, &Stop::default())?;
        duplex.send(text.into_bytes().into()).map_err(HostTrouble::Wire)?;
        self.streams += 1;
        Ok(Box::new(ShellStream::new(&nonce, duplex)))
    }

    fn log(&mut self, what: &LogSource) -> Result<Box<dyn LogStream>, HostTrouble> {
        let unable = || HostTrouble::Unable("that is no container's id".to_owned());
        let command = what.command().ok_or_else(unable)?;
        let nonce = nonce();
        let text = super::log_stream::script(&nonce, &command);
        let duplex = self.start(&nonce, &text, &Stop::default())?;
        duplex.send(text.into_bytes().into()).map_err(HostTrouble::Wire)?;
        self.streams += 1;
        Ok(Box::new(ShellLog::new(&nonce, duplex)))
    }

    fn tcp(&mut self, host: &str, port: u16) -> Result<Box<dyn Pipe>, HostTrouble> {
        let duplex = self.wire.tcp(host, port).map_err(HostTrouble::Wire)?;
        Ok(Box::new(TcpPipe::over(duplex)))
    }

    fn counts(&self) -> WireCounts {
        self.wire.counts()
    }

    fn streams(&self) -> usize {
        self.streams
    }
}
