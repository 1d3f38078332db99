//! How long a batch is waited for: its questions and each of its actions have a deadline, what is sent has a least rate.

use std::time::{Duration, Instant};

use super::batch::Batch;
use super::reader::Reader;
use crate::limits::time::{ACTION, LEAST_RATE, LOOK, LOOK_AT_TAR};
use crate::plan::fact::FactQuery;

/// What a batch may still take: its questions, each of its actions, and the sending of what they want.
pub(super) struct Patience {
    look: Duration,
    /// Marks of actions that came.
    marks: usize,
    /// Since the last of them, or since nothing is sent any more.
    since: Instant,
    /// How much was sent when.
    sent: (u64, Instant),
}

impl Patience {
    pub(super) fn new(batch: &Batch) -> Self {
        let tars = batch.queries.iter().any(|query| matches!(query, FactQuery::Tar(_)));
        let look = if tars { LOOK_AT_TAR.time } else { LOOK.time };
        let now = Instant::now();
        Self { look, marks: 0, since: now, sent: (0, now) }
    }

    /// What did not come, and within which time.
    pub(super) fn over(
        &mut self,
        reader: &Reader,
        sending: bool,
        sent: u64,
    ) -> Option<(&'static str, Duration)> {
        let now = Instant::now();
        if reader.marks() != self.marks {
            self.marks = reader.marks();
            self.since = now;
        }
        let (least, within) = LEAST_RATE;
        if sending {
            self.since = now;
            if sent.saturating_sub(self.sent.0) >= least {
                self.sent = (sent, now);
            }
            return (self.sent.1.elapsed() > within).then_some(("taking what is sent to it", within));
        }
        self.sent = (sent, now);
        // After the last end come the questions; before the first beginning nothing is done.
        let acting = reader.acting();
        let (what, limit) = if acting {
            ("ending an action", ACTION.time)
        } else {
            ("answering what it was asked", self.look)
        };
        (self.since.elapsed() > limit).then_some((what, limit))
    }
}
