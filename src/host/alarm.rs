//! A deadline that holds however busy the other side keeps libssh2: within one of its calls nobody looks at a clock as
//! long as bytes come. When it rings the socket is shut, and the call ends.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::socket::Socket;
use super::stop::Stop;
use crate::limits::time::{OwnClock, STEP};

/// An alarm; it ends when it is dropped.
pub(crate) struct Alarm {
    clock: Arc<AlarmClock>,
}

struct AlarmClock {
    state: Mutex<AlarmState>,
    changed: Condvar,
}

struct AlarmState {
    time: Duration,
    left: Duration,
    /// Runs by this clock; `None` while a person is asked.
    clock: Option<OwnClock>,
    over: bool,
    rang: Option<Ring>,
}

/// Why it rang.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ring {
    /// The time is over.
    Late,
    /// Somebody stops.
    Stopped,
}

impl AlarmState {
    fn left(&mut self) -> Duration {
        self.clock.as_mut().map_or(self.left, |clock| self.left.saturating_sub(clock.spent()))
    }
}

impl AlarmClock {
    fn lock(&self) -> MutexGuard<'_, AlarmState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the end of the time.
    fn watch(&self, socket: &Socket, stop: Option<&Stop>) {
        let mut state = self.lock();
        while !state.over {
            let late = state.clock.is_some() && state.left().is_zero();
            if late || stop.is_some_and(Stop::wanted) {
                state.rang = Some(if late { Ring::Late } else { Ring::Stopped });
                socket.shut();
                return;
            }
            let pause = state.left().min(STEP).max(Duration::from_millis(1));
            state = self.changed.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Alarm {
    /// Rings in so long, or as soon as `stop` wants it.
    pub(crate) fn set(socket: &Socket, time: Duration, stop: Option<&Arc<Stop>>) -> io::Result<Self> {
        let state = AlarmState { time, left: time, clock: Some(OwnClock::start()), over: false, rang: None };
        let clock = Arc::new(AlarmClock { state: Mutex::new(state), changed: Condvar::new() });
        let (watched, socket, stop) = (Arc::clone(&clock), socket.try_clone()?, stop.cloned());
        std::thread::Builder::new()
            .name("alarm".to_owned())
            .spawn(move || watched.watch(&socket, stop.as_deref()))?;
        Ok(Self { clock })
    }

    /// Why the socket was shut, if it was.
    pub(crate) fn rang(&self) -> Option<Ring> {
        self.clock.lock().rang
    }

    /// The whole time.
    pub(crate) fn time(&self) -> Duration {
        self.clock.lock().time
    }

    /// What is left of the time.
    pub(crate) fn left(&self) -> Duration {
        self.clock.lock().left()
    }

    /// Asks a person, whose time is not the machine's.
    pub(crate) fn asking<T>(&self, ask: impl FnOnce() -> T) -> T {
        {
            let mut state = self.clock.lock();
            state.left = state.left();
            state.clock = None;
        }
        let answer = ask();
        self.clock.lock().clock = Some(OwnClock::start());
        answer
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.clock.lock().over = true;
        self.clock.changed.notify_all();
    }
}
