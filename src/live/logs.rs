//! The log that is followed: one at a time, over the connection of its host, until it ends or somebody ends it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::thread::{StopSignal, WatchShared, WatchTarget};
use super::update::{LogNews, Update};
use crate::host::{HostTrouble, LogHeard, LogSource, LogStream};
use crate::plan::place::Place;

/// How soon the wish to end is noticed.
const GLANCE: Duration = Duration::from_millis(100);
/// Lines are told so often at most, whatever a container writes.
const PACE: Duration = Duration::from_millis(50);

/// A log that somebody wants to follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogWish {
    /// Counted on with each log that is opened.
    pub number: u64,
    /// The host.
    pub place: Place,
    /// What is followed there.
    pub source: LogSource,
}

/// Follows it until it ends or until told to end.
pub(super) fn follow(shared: &WatchShared, told: &StopSignal, spot: &WatchTarget, wish: &LogWish) {
    let say = |news| shared.say(told, Update::Log { number: wish.number, news });
    let opened: Result<Box<dyn LogStream>, HostTrouble> = {
        let _turn = shared.turn();
        shared.world.host(&spot.place, &spot.login).and_then(|mut host| host.log(&wish.source))
    };
    let mut log = match opened {
        Ok(log) => log,
        Err(trouble) => return say(LogNews::Ended(trouble.to_string())),
    };
    say(LogNews::Open);
    while !told.over() {
        match log.next(GLANCE) {
            LogHeard::Lines(lines) => {
                say(LogNews::Lines(lines));
                std::thread::park_timeout(PACE);
            }
            LogHeard::Ended(why) => return say(LogNews::Ended(why)),
            LogHeard::Quiet => {}
        }
    }
}
