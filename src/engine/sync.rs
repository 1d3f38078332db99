//! What threads that wait for each other need: a value that one brings and others wait for, and how many hosts are
//! worked on at a time.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Runs when it is dropped, after a panic too.
pub(crate) struct OnDrop<F: Fn()>(pub(crate) F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// How many hosts may be worked on at once.
pub struct Slots {
    free: Mutex<usize>,
    freed: Condvar,
}

/// A slot that others may use meanwhile; dropped, it is taken again.
pub(crate) struct Lent<'s>(&'s Slots);

impl Slots {
    pub(crate) fn new(jobs: usize) -> Self {
        Self { free: Mutex::new(jobs.max(1)), freed: Condvar::new() }
    }

    pub(crate) fn take(&self) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
    }

    pub(crate) fn give(&self) {
        *self.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.freed.notify_one();
    }

    /// Lets others work while whoever holds a slot waits for a person.
    pub(crate) fn lend(&self) -> Lent<'_> {
        self.give();
        Lent(self)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.0.take();
    }
}

/// A value that one thread brings and others wait for.
pub struct Gate<T> {
    value: Mutex<Option<T>>,
    changed: Condvar,
}

impl<T> Default for Gate<T> {
    fn default() -> Self {
        Self { value: Mutex::new(None), changed: Condvar::new() }
    }
}

impl<T: Clone> Gate<T> {
    /// Brings it; the first one counts.
    pub fn open(&self, value: T) {
        self.value.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(value);
        self.changed.notify_all();
    }

    /// Waits for it.
    pub fn wait(&self) -> T {
        let mut value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(value) = &*value {
                return value.clone();
            }
            value = self.changed.wait(value).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for it, so long.
    pub fn wait_for(&self, time: Duration) -> Option<T> {
        let deadline = Instant::now() + time;
        let mut value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(value) = &*value {
                return Some(value.clone());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            value = self.changed.wait_timeout(value, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
