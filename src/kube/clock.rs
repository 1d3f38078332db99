//! A server's clock from the `Date` of its answer. It asks nobody and knows no limits.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

/// A server's clock against ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Server's time minus ours at the middle of the round trip; positive = the server is ahead.
    pub offset: SignedDuration,
    /// How exact it is: the header's whole second and half the round trip.
    pub within: Duration,
}

impl Clock {
    /// Resolution of the `Date` header.
    pub const RESOLUTION: Duration = Duration::from_secs(1);

    /// From a `Date` header, our time when the request was sent, and the round trip.
    pub fn read(date: &str, sent: Timestamp, trip: Duration) -> Option<Self> {
        let server = DateTimeParser::new().parse_timestamp(date.trim()).ok()?;
        // The header is cut to the second: its middle is the best guess.
        let server = server.checked_add(SignedDuration::from_millis(500)).ok()?;
        let half = SignedDuration::try_from(trip / 2).ok()?;
        let ours = sent.checked_add(half).ok()?;
        Some(Self { offset: server.duration_since(ours), within: Self::RESOLUTION / 2 + trip / 2 })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::Clock;

    #[test]
    fn the_middle_of_the_round_trip_counts() {
        let sent: Timestamp = "2026-11-23T08:12:20Z".parse().unwrap();
        let clock = Clock::read("Mon, 23 Nov 2026 08:12:29 GMT", sent, Duration::from_secs(4)).unwrap();
        assert_eq!(clock.offset.as_millis(), 7_500);
        assert_eq!(clock.within, Duration::from_millis(2_500));
        assert!(Clock::read("yesterday", sent, Duration::ZERO).is_none());
    }
}
