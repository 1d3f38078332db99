//! A host that is a shell at the end of a wire: batches become scripts, the fixed bootstrap reads exactly
//! the script's bytes from stdin, payload follows on descriptor 3. As another user than root everything
//! runs below `sudo`, whose password goes in only when its own prompt asks for it, and nothing else goes in
//! before the script says READY: a wrong password eats nothing.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::batch::{self, Batch, LockUse, Script};
use super::error::WireError;
use super::feed::Feed;
use super::log_stream::{LogSource, LogStream, ShellLog};
use super::patience::Patience;
use super::reader::{BatchEnd, BatchProgress, Reader};
use super::stop::Stop;
use super::stream::{LiveStream, ShellStream};
use super::tcp_pipe::TcpPipe;
use super::wire::{Chunk, Duplex, RecvTimeout, Wire, WireCounts};
use super::{Host, HostTrouble, Pipe, Vault};
use crate::limits::time::{OwnClock, SUDO};
use crate::limits::{ANSWERS, BEFORE};
use crate::plan::action::SecretRef;
use crate::plan::redact;
use crate::plan::runtime_fact::RuntimeKind;

/// How long a group that was told to end at once may take before the connection is cut.
const KILL_GRACE: Duration = Duration::from_secs(3);
/// How long a script that let its time pass may take to end when it is told to.
const HUNG_GRACE: Duration = Duration::from_secs(1);
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
    /// The shell that did the scripts before, and may hold the lock of this machine.
    session: Option<ShellSession>,
    /// The lock of this machine is ours, unless somebody took it meanwhile.
    locked: bool,
    /// No lock can be had there.
    unlocked: bool,
    /// How long sudo may take to ask or to start.
    patience: Duration,
    /// How long questions may take; `None` = as is usual.
    look: Option<Duration>,
    /// Whose containers its stream tells; `None` = it finds out.
    runtime: Option<RuntimeKind>,
}

/// So long a machine may take to end a session that was let go.
const LET_GO: Duration = Duration::from_secs(5);

/// How often the one who holds a lock gives a sign.
const BEAT: Duration = Duration::from_secs(20);

/// One shell for all scripts of a run. It holds the lock until that is given back, or until it ends.
struct ShellSession {
    duplex: Duplex,
    /// Who has it sends something whole; nothing comes in between.
    gate: Arc<Mutex<()>>,
    /// Dropped, the beats end, and the lock is given back.
    beats: Option<std::sync::mpsc::Sender<()>>,
}

impl ShellSession {
    fn new(duplex: Duplex) -> Self {
        Self { duplex, gate: Arc::default(), beats: None }
    }

    /// It holds the lock: from now on it says that it lives, also while a script runs.
    fn holds(&mut self) {
        let (beats, over) = std::sync::mpsc::channel();
        let (sender, gate) = (self.duplex.sender(), Arc::clone(&self.gate));
        std::thread::spawn(move || {
            while over.recv_timeout(BEAT) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                let _whole = gate.lock().unwrap_or_else(PoisonError::into_inner);
                if sender.send(b"\n".to_vec().into()).is_err() {
                    return;
                }
            }
        });
        self.beats = Some(beats);
    }

    /// Gives the lock back; the shell stays.
    fn free(&mut self) {
        if self.beats.take().is_some() {
            let _whole = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = self.duplex.send(b"free\n".to_vec().into());
        }
    }
}

impl Drop for ShellSession {
    fn drop(&mut self) {
        self.duplex.finish();
    }
}

impl ShellHost {
    /// A host whose login is not root when `need_sudo`.
    pub fn new(wire: Arc<dyn Wire>, vault: Arc<dyn Vault>, need_sudo: bool) -> Self {
        let patience = SUDO.limit();
        Self {
            wire,
            vault,
            need_sudo,
            streams: 0,
            session: None,
            locked: false,
            unlocked: false,
            patience,
            look: None,
            runtime: None,
        }
    }

    /// With another patience for sudo.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// With another deadline for what a batch asks.
    #[must_use]
    pub fn with_deadline(mut self, look: Duration) -> Self {
        self.look = Some(look);
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

    /// The script of a batch, and the shell it goes to: the one that did the last, else a new one.
    fn begin(
        &mut self,
        batch: &Batch,
        nonce: &str,
        stop: &Stop,
    ) -> Result<(Script, ShellSession, bool), HostTrouble> {
        let session = self.session.take();
        let lock = match &batch.lock {
            Some(_) if self.locked => LockUse::Keep,
            Some(_) if !self.unlocked => LockUse::Take,
            Some(_) | None => LockUse::None,
        };
        let first = session.is_none();
        let mut script = match batch::compile(batch, nonce, lock, first, &|name| self.vault.get(name)) {
            Ok(script) => script,
            Err(error) => {
                self.session = session;
                return Err(HostTrouble::Compile(error));
            }
        };
        let session = match session {
            Some(session) => {
                script.text = format!("run {}\n{}", script.text.len(), script.text);
                session
            }
            None => ShellSession::new(self.start(nonce, &script.text, stop)?),
        };
        Ok((script, session, lock == LockUse::Take || first && lock == LockUse::Keep))
    }

    /// Another session on the same connection. Where a machine allows one only, the shell of the scripts ends first.
    fn beside(&mut self, nonce: &str, text: &str) -> Result<Duplex, HostTrouble> {
        let until = Instant::now() + LET_GO;
        let mut ended = false;
        loop {
            match self.start(nonce, text, &Stop::default()) {
                Err(HostTrouble::Wire(WireError::TooManySessions { .. }))
                    if self.session.is_some() || ended && Instant::now() < until =>
                {
                    ended |= self.session.take().is_some();
                    // The machine needs a moment to end it.
                    std::thread::sleep(POLL_INTERVAL);
                }
                other => return other,
            }
        }
    }

    /// One batch in the shell that there is, else in a new one.
    fn run_once(&mut self, batch: &Batch, stop: &Stop, hear: &mut dyn FnMut(BatchProgress)) -> BatchEnd {
        let nonce = nonce();
        let failed = |trouble| BatchEnd { trouble: Some(trouble), ..BatchEnd::default() };
        let (script, session, takes) = match self.begin(batch, &nonce, stop) {
            Ok(begun) => begun,
            Err(trouble) => return failed(trouble),
        };
        let duplex = &session.duplex;
        let mut reader = Reader::new(&nonce, &batch.queries, batch.actions.len());
        let mut patience = Patience::new(batch, self.look);
        let (begun, mut clock) = (Instant::now(), OwnClock::start());
        let feed = Feed::start(duplex.sender(), script, &nonce, &session.gate);
        let (mut told, mut killed, mut quiet, mut last_sent) = (0, None, None, 0);
        let mut hung: Option<(Instant, WireError)> = None;
        let trouble = loop {
            match duplex.recv(POLL_INTERVAL) {
                Ok(Chunk::Out(bytes)) => reader.feed(false, &bytes, hear),
                Ok(Chunk::Err(bytes)) => reader.feed(true, &bytes, hear),
                Ok(Chunk::Exit { status, signal }) => {
                    let how = match (signal, status) {
                        (Some(signal), _) => format!("signal {signal}"),
                        (None, Some(status)) => format!("status {status}"),
                        (None, None) => "no status".to_owned(),
                    };
                    break (!reader.complete())
                        .then(|| HostTrouble::Ended { host: self.wire.describe(), how });
                }
                Ok(Chunk::Lost(error)) => break (!reader.complete()).then_some(HostTrouble::Wire(error)),
                Err(RecvTimeout::Ended) => {
                    let how = "no end mark".to_owned();
                    break (!reader.complete())
                        .then(|| HostTrouble::Ended { host: self.wire.describe(), how });
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
            let over = patience.over(&reader, sending, feed.state.sent.load(Ordering::SeqCst), now);
            if let (Some((what, limit)), None) = (over, &hung) {
                // The script is told to end, which leaves the connection to others; one that does not answer is cut off.
                let what = format!("{} {what}", self.wire.describe());
                hung = Some((Instant::now(), WireError::Timeout { what, seconds: limit.as_secs() }));
                feed.state.halt.store(true, Ordering::SeqCst);
                if !sending {
                    let _ = duplex.send(format!("@{nonce} kill\n").into_bytes().into());
                }
            }
            if let Some((since, _)) = &hung
                && since.elapsed() > HUNG_GRACE
            {
                self.wire.cut();
                break None;
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
        let trouble = hung.map(|(_, error)| HostTrouble::Wire(error)).or(trouble);
        let trouble = match (trouble, feed.state.failed.lock().ok().and_then(|mut slot| slot.take())) {
            (Some(HostTrouble::Ended { how, host }), _) if !reader.started() => {
                Some(HostTrouble::NoShell { host, said: String::new(), how })
            }
            (_, Some(why)) if !stop.wanted() => Some(HostTrouble::NotSent(why)),
            (trouble, _) => trouble,
        };
        self.conclude(session, takes, reader, trouble)
    }

    /// What came of a batch; its shell is kept for the next one when it came to its end.
    fn conclude(
        &mut self,
        mut session: ShellSession,
        takes: bool,
        reader: Reader,
        trouble: Option<HostTrouble>,
    ) -> BatchEnd {
        let held =
            reader.holder().map(|(since, who)| HostTrouble::Held { host: self.wire.describe(), who, since });
        self.unlocked |= reader.unlocked();
        if held.is_none() && trouble.is_none() && !reader.stopped() {
            if takes && !self.unlocked {
                session.holds();
                self.locked = true;
            }
            self.session = Some(session);
        } else {
            // One that stopped gave its lock back.
            self.locked &= !reader.stopped();
            drop(session);
        }
        let mut end = reader.finish();
        end.trouble = match trouble {
            _ if held.is_some() => held,
            Some(HostTrouble::NoShell { host, how, .. }) => {
                Some(HostTrouble::NoShell { host, said: words(&end.noise, ""), how })
            }
            trouble => trouble,
        };
        end
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

impl Host for ShellHost {
    fn describe(&self) -> String {
        self.wire.describe()
    }

    fn run(&mut self, batch: &Batch, stop: &Stop, hear: &mut dyn FnMut(BatchProgress)) -> BatchEnd {
        let used = self.session.is_some();
        let end = self.run_once(batch, stop, hear);
        // Somebody ended the shell since the last script. Without a word of it nothing of this one began: another shell
        // does it, if the lock is still ours.
        if used && matches!(end.trouble, Some(HostTrouble::NoShell { .. })) && !stop.wanted() {
            return self.run_once(batch, stop, hear);
        }
        end
    }

    fn release(&mut self) {
        self.locked = false;
        if let Some(session) = &mut self.session {
            session.free();
        }
    }

    fn of_runtime(&mut self, runtime: Option<RuntimeKind>) {
        self.runtime = runtime;
    }

    fn stream(&mut self) -> Result<Box<dyn LiveStream>, HostTrouble> {
        let nonce = nonce();
        let text = super::stream::script(&nonce, self.runtime);
        let duplex = self.beside(&nonce, &text)?;
        duplex.send(text.into_bytes().into()).map_err(HostTrouble::Wire)?;
        self.streams += 1;
        Ok(Box::new(ShellStream::new(&nonce, duplex)))
    }

    fn log(&mut self, what: &LogSource) -> Result<Box<dyn LogStream>, HostTrouble> {
        let unable = || HostTrouble::Unable("that is no container's id".to_owned());
        let command = what.command().ok_or_else(unable)?;
        let nonce = nonce();
        let text = super::log_stream::script(&nonce, &command);
        let duplex = self.beside(&nonce, &text)?;
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
