//! The lab's clock. Nobody sleeps: whoever waits moves it on. Each thread has a time of its own, because
//! one that waits three minutes for a node must not make another one's machine look three minutes late; what
//! happens in the lab happens by the latest time anybody has reached.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// A clock that moves when somebody waits.
#[derive(Debug)]
pub struct LabClock {
    start: Timestamp,
    times: Mutex<Times>,
}

#[derive(Debug, Default)]
struct Times {
    latest: u64,
    threads: HashMap<ThreadId, u64>,
    /// Real milliseconds for a second of the lab.
    pace: u64,
    /// Since when time flows by itself at that pace, and what it was then.
    flows: Option<(Instant, u64)>,
}

impl Times {
    /// At a pace, nobody's time is behind the real one.
    fn floor(&self) -> u64 {
        let Some((since, was)) = self.flows else { return 0 };
        let real = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        was.saturating_add(real.saturating_mul(1000) / self.pace.max(1))
    }

    fn latest(&mut self) -> u64 {
        self.latest = self.latest.max(self.floor());
        self.latest
    }

    fn mine(&mut self) -> &mut u64 {
        let (latest, floor) = (self.latest(), self.floor());
        let mine = self.threads.entry(thread::current().id()).or_insert(latest);
        *mine = floor.max(*mine);
        mine
    }
}

impl LabClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self { start, times: Mutex::default() }
    }

    /// From now on a second of the lab takes so many real milliseconds, whether somebody waits or not; 0 =
    /// nobody sleeps, and only waiting moves the clock.
    pub fn set_pace(&self, ms_per_second: u64) {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = times.latest();
        times.pace = ms_per_second;
        times.flows = (ms_per_second > 0).then(|| (Instant::now(), latest));
    }

    /// Moves this thread's time on, and the lab's when nobody was further.
    pub fn advance(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let pace = {
            let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
            let mine = times.mine();
            *mine = mine.saturating_add(ms);
            let reached = *mine;
            times.latest = times.latest.max(reached);
            times.pace
        };
        if pace > 0 {
            thread::sleep(Duration::from_millis(ms.saturating_mul(pace) / 1000));
        } else {
            thread::yield_now();
        }
    }

    /// Milliseconds since the start, by this thread.
    pub fn mine_ms(&self) -> u64 {
        *self.times.lock().unwrap_or_else(PoisonError::into_inner).mine()
    }

    /// Milliseconds since the start, the latest anybody has reached.
    pub fn latest_ms(&self) -> u64 {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).latest()
    }

    /// What this thread's clock shows.
    pub fn now(&self) -> Timestamp {
        self.at(self.mine_ms())
    }

    /// A time of the lab as a date.
    pub fn at(&self, ms: u64) -> Timestamp {
        let span = SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
        self.start.saturating_add(span).unwrap_or(Timestamp::MAX)
    }
}
