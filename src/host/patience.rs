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
    /// `look` is how long questions may take; `None` = as long as is usual for theirs.
    pub(super) fn new(batch: &Batch, look: Option<Duration>) -> Self {
        let tars = batch.queries.iter().any(|query| matches!(query, FactQuery::Tar(_)));
        let look = look.unwrap_or_else(|| if tars { LOOK_AT_TAR.limit() } else { LOOK.limit() });
        let now = Instant::now();
        Self { look, marks: 0, since: now, sent: (0, now) }
    }

    /// What did not come, and within which time.
    pub(super) fn over(
        &mut self,
        reader: &Reader,
        sending: bool,
        sent: u64,
        now: Instant,
    ) -> Option<(&'static str, Duration)> {
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
            return (now.saturating_duration_since(self.sent.1) > within)
                .then_some(("taking what is sent to it", within));
        }
        self.sent = (sent, now);
        // After the last end come the questions; before the first beginning nothing is done.
        let acting = reader.acting();
        let (what, limit) = if acting {
            ("ending an action", ACTION.limit())
        } else {
            ("answering what it was asked", self.look)
        };
        (now.saturating_duration_since(self.since) > limit).then_some((what, limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(began: Instant, seconds: u64) -> Instant {
        began + Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_sent_goes_on_for_hours_at_the_least_rate_and_ends_below_it() {
        let (least, within) = LEAST_RATE;
        let (reader, began) = (Reader::new("n", &[], 1), Instant::now());
        let mut patience = Patience::new(&Batch::default(), None);
        let step = within.as_secs() - 1;
        for round in 1..500 {
            let over = patience.over(&reader, true, least * round, at(began, step * round));
            assert_eq!(over, None, "round {round}");
        }
        let (sent, done) = (least * 499, step * 499);
        assert_eq!(patience.over(&reader, true, sent + least - 1, at(began, done + step)), None);
        let over = patience.over(&reader, true, sent + least - 1, at(began, done + step + 3));
        assert_eq!(over.map(|(_, time)| time), Some(within));
    }

    #[test]
    fn a_look_has_a_minute_and_an_action_its_quarter_of_an_hour() {
        let began = Instant::now();
        let mut patience = Patience::new(&Batch::default(), None);
        let mut reader = Reader::new("n", &[], 1);
        assert_eq!(patience.over(&reader, false, 0, at(began, 59)), None);
        assert_eq!(patience.over(&reader, false, 0, at(began, 62)).map(|(_, time)| time), Some(LOOK.time));
        reader.feed(false, b"@n b 0\n", &mut |_| {});
        assert_eq!(patience.over(&reader, false, 0, at(began, 100)), None);
        assert_eq!(patience.over(&reader, false, 0, at(began, 999)), None);
        assert_eq!(
            patience.over(&reader, false, 0, at(began, 1002)).map(|(_, time)| time),
            Some(ACTION.time)
        );
        // Its end is a new beginning: the questions follow.
        reader.feed(false, b"@n e 0 0\n", &mut |_| {});
        assert_eq!(patience.over(&reader, false, 0, at(began, 1003)), None);
        let tar = Batch { queries: vec![FactQuery::Tar("/a.tar".to_owned())], ..Batch::default() };
        assert_eq!(Patience::new(&tar, None).look, LOOK_AT_TAR.time);
    }
}
