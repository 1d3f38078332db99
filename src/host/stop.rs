//! The person's wish to stop, seen by every host.

use std::sync::atomic::{AtomicU8, Ordering};

/// 0 = go on, 1 = stop after the current action, 2 = at once.
#[derive(Debug, Default)]
pub struct Stop(AtomicU8);

impl Stop {
    /// One step further: go on, after the current action, at once.
    pub fn press(&self) {
        let level = self.0.load(Ordering::SeqCst);
        self.0.store(level.saturating_add(1).min(2), Ordering::SeqCst);
    }

    /// How far.
    pub fn level(&self) -> u8 {
        self.0.load(Ordering::SeqCst)
    }

    /// Whether anything new may start.
    pub fn wanted(&self) -> bool {
        self.level() > 0
    }
}
