//! The lab's clock. In a test nobody sleeps: whoever waits moves it on. Each thread has a time of its own,
//! because one that waits three minutes for a node must not make another one's machine look three minutes
//! late; what happens in the lab happens by the latest time anybody has reached. In a demo it flows by itself,
//! faster or slower than a real one, and whoever waits sleeps; then all threads have the same time.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// The slowest and the fastest a clock may flow, lab seconds in a real second.
const SPEEDS: (f64, f64) = (0.01, 1000.0);

/// A clock that moves when somebody waits, or flows.
#[derive(Debug)]
pub struct LabClock {
    start: Timestamp,
    times: Mutex<Times>,
    /// The speed was changed, the clock stopped or started again, or somebody has to look up.
    turned: Condvar,
}

#[derive(Debug, Default)]
struct Times {
    latest: u64,
    threads: HashMap<ThreadId, u64>,
    flow: Option<Flow>,
}

/// How a clock flows.
#[derive(Debug, Clone, Copy)]
struct Flow {
    /// Lab seconds in a real second.
    speed: f64,
    /// Since when, and what it showed then.
    since: Instant,
    was: u64,
    /// It stands still.
    paused: bool,
}

impl Flow {
    fn now(&self) -> u64 {
        if self.paused {
            return self.was;
        }
        let gone = self.since.elapsed().mul_f64(self.speed).as_millis();
        self.was.saturating_add(u64::try_from(gone).unwrap_or(u64::MAX))
    }
}

impl Times {
    fn latest(&mut self) -> u64 {
        if let Some(flow) = &self.flow {
            self.latest = self.latest.max(flow.now());
        }
        self.latest
    }

    /// This thread's time while nothing flows.
    fn mine(&mut self) -> &mut u64 {
        let latest = self.latest;
        self.threads.entry(thread::current().id()).or_insert(latest)
    }
}

impl LabClock {
    /// A clock that shows `start` and moves only when somebody waits.
    pub fn new(start: Timestamp) -> Self {
        Self { start, times: Mutex::default(), turned: Condvar::new() }
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self, change: impl FnOnce(&mut Times)) {
        let mut times = self.times();
        times.latest();
        change(&mut times);
        drop(times);
        self.turned.notify_all();
    }

    /// From now on the clock flows: so many seconds of the lab in a real one; 0 = nobody sleeps, and only
    /// waiting moves it. Whoever sleeps just now sleeps on at the new speed.
    pub fn set_speed(&self, speed: f64) {
        self.turn(|times| {
            let paused = times.flow.is_some_and(|flow| flow.paused);
            let flow = Flow {
                speed: speed.clamp(SPEEDS.0, SPEEDS.1),
                since: Instant::now(),
                was: times.latest,
                paused,
            };
            times.flow = (speed > 0.0).then_some(flow);
            times.threads.clear();
        });
    }

    /// Lets a clock that flows stand still, or go on.
    pub fn pause(&self, paused: bool) {
        self.turn(|times| {
            let latest = times.latest;
            if let Some(flow) = &mut times.flow {
                *flow = Flow { paused, since: Instant::now(), was: latest, ..*flow };
            }
        });
    }

    /// Goes to a later time at once, for everybody.
    pub fn leap_to(&self, time: Timestamp) {
        let ms = u64::try_from(time.duration_since(self.start).as_millis()).unwrap_or(0);
        self.turn(|times| {
            times.latest = times.latest.max(ms);
            times.threads.clear();
            let latest = times.latest;
            if let Some(flow) = &mut times.flow {
                (flow.since, flow.was) = (Instant::now(), latest);
            }
        });
    }

    /// Wakes whoever [rests](Self::rest): something happened without time.
    pub fn wake(&self) {
        self.turned.notify_all();
    }

    /// Time passes by itself.
    pub fn flows(&self) -> bool {
        self.times().flow.is_some()
    }

    /// How much of the lab's time is so much real time; `None` = it does not flow.
    pub fn in_lab(&self, real: Duration) -> Option<Duration> {
        self.times().flow.map(|flow| real.mul_f64(flow.speed))
    }

    /// How much real time is so much of the lab's; `None` = it does not flow.
    pub fn in_real(&self, lab: Duration) -> Option<Duration> {
        self.times().flow.map(|flow| lab.div_f64(flow.speed))
    }

    /// Lets so much time pass: a clock that flows is waited for, another one is moved.
    pub fn advance(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let mut times = self.times();
        if times.flow.is_none() {
            let mine = times.mine();
            *mine = mine.saturating_add(ms);
            let reached = *mine;
            times.latest = times.latest.max(reached);
            drop(times);
            return thread::yield_now();
        }
        let until = times.latest().saturating_add(ms);
        while let Some(flow) = times.flow {
            let now = times.latest();
            if now >= until {
                return;
            }
            times = if flow.paused {
                self.turned.wait(times).unwrap_or_else(PoisonError::into_inner)
            } else {
                let left = Duration::from_millis(until - now).div_f64(flow.speed);
                // A clock in whole milliseconds would be looked at again a moment too early.
                let left = left.saturating_add(Duration::from_micros(200));
                self.turned.wait_timeout(times, left).unwrap_or_else(PoisonError::into_inner).0
            };
        }
    }

    /// Sleeps for so much real time, or until somebody [wakes](Self::wake) it.
    pub fn rest(&self, real: Duration) {
        let times = self.times();
        drop(self.turned.wait_timeout(times, real));
    }

    /// Milliseconds since the start, by this thread.
    pub fn mine_ms(&self) -> u64 {
        let mut times = self.times();
        if times.flow.is_some() { times.latest() } else { *times.mine() }
    }

    /// Milliseconds since the start, the latest anybody has reached.
    pub fn latest_ms(&self) -> u64 {
        self.times().latest()
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
