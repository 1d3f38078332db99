//! How long is waited for what is elsewhere: one deadline for each exchange as a whole, never for each piece of it, so
//! that a byte now and then is no answer. The time that a person takes to answer a question is not counted.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

/// One deadline, as the README lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimit {
    /// What is waited for.
    pub what: &'static str,
    /// The longest that it may take.
    pub time: Duration,
    /// Why no more is needed.
    pub why: &'static str,
}

/// What ssh says of its configuration.
pub const SSH_CONFIG: TimeLimit = TimeLimit {
    what: "what `ssh -G` says of a host",
    time: Duration::from_secs(10),
    why: "it reads two files; only a `Match exec` takes longer",
};

/// A name and a TCP connection.
pub const CONNECT: TimeLimit = TimeLimit {
    what: "a name looked up, and a TCP connection",
    time: Duration::from_secs(5),
    why: "across the world it takes one; `ConnectTimeout` of ssh_config says otherwise",
};

/// Greeting and key exchange.
pub const GREETING: TimeLimit = TimeLimit {
    what: "the greeting of SSH with its keys",
    time: Duration::from_secs(15),
    why: "a small machine needs two",
};

/// The login as a whole.
pub const LOGIN: TimeLimit = TimeLimit {
    what: "a login, all its tries together",
    time: Duration::from_secs(60),
    why: "PAM waits three after each wrong password",
};

/// The list of the ssh-agent.
pub const AGENT_KEYS: TimeLimit = TimeLimit {
    what: "the ssh-agent, until it lists its keys",
    time: Duration::from_secs(3),
    why: "it asks nobody for that",
};

/// A signature of the ssh-agent, a part of the login.
pub const AGENT_SIGNS: TimeLimit = TimeLimit {
    what: "the ssh-agent, for one signature",
    time: Duration::from_secs(30),
    why: "a key may want a touch or a word in another window",
};

/// A channel.
pub const OPEN: TimeLimit = TimeLimit {
    what: "a command being accepted",
    time: Duration::from_secs(20),
    why: "a machine under load needs five",
};

/// Nothing heard, not even an answer to a keepalive.
pub const SILENCE: TimeLimit = TimeLimit {
    what: "a connection on which nothing at all comes",
    time: Duration::from_secs(45),
    why: "three keepalives of 15 s",
};

/// What sudo does before the script.
pub const SUDO: TimeLimit = TimeLimit {
    what: "sudo, until it asks or starts",
    time: Duration::from_secs(30),
    why: "it looks names up, which takes five where DNS is broken",
};

/// All questions of one look at a host.
pub const LOOK: TimeLimit = TimeLimit {
    what: "the answers of a host to one look",
    time: Duration::from_secs(60),
    why: "all are asked together, and each ends itself after 20 s",
};

/// The same where a tar has to be read.
pub const LOOK_AT_TAR: TimeLimit = TimeLimit {
    what: "the same, with image tars on that host",
    time: Duration::from_secs(180),
    why: "a tar of 2 GB is read in 40 s",
};

/// One action.
pub const ACTION: TimeLimit = TimeLimit {
    what: "one action on a host, what is sent for it not counted",
    time: Duration::from_secs(900),
    why: "a runtime takes three minutes for a tar of 2 GB",
};

/// A program of this computer.
pub const PROGRAM: TimeLimit = TimeLimit {
    what: "kubectl or tar on this computer",
    time: Duration::from_secs(120),
    why: "a tar of 2 GB is read in 20 s",
};

/// One answer of the API.
pub const API: TimeLimit = TimeLimit {
    what: "a handshake with the API, or one answer of it",
    time: Duration::from_secs(5),
    why: "across the world it takes two",
};

/// A list of the API. It begins as soon as any answer: only the rest of it takes as long as the line makes it take.
pub const LIST: TimeLimit = TimeLimit {
    what: "a list of the API, once it has begun",
    time: Duration::from_secs(30),
    why: "1,000 nodes have 4 MiB, which a line of 2 Mbit/s brings in 17 s",
};

/// All of them, in the order of the README's table.
pub const TIMES: [TimeLimit; 15] = [
    SSH_CONFIG,
    CONNECT,
    GREETING,
    LOGIN,
    AGENT_KEYS,
    AGENT_SIGNS,
    OPEN,
    SILENCE,
    SUDO,
    LOOK,
    LOOK_AT_TAR,
    ACTION,
    PROGRAM,
    API,
    LIST,
];

/// What is sent to a host has no deadline: as long as so much of it goes out, it goes on. A bad mobile link has twice as
/// much, and a disk that writes 2 GB out stands for half a minute.
pub const LEAST_RATE: (u64, Duration) = (256 * 1024, Duration::from_secs(60));

/// What divides every deadline, and none becomes shorter than a second by it: tests of the program as it is built for
/// them need not wait for the real ones. A release knows nothing of it.
#[cfg(debug_assertions)]
fn haste() -> u32 {
    static HASTE: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    let read = || std::env::var("GANGPLANK_TEST_HASTE").ok()?.parse().ok().filter(|haste| *haste > 0);
    *HASTE.get_or_init(|| read().unwrap_or(1))
}

impl TimeLimit {
    /// The longest that it may take.
    #[cfg(debug_assertions)]
    pub fn limit(&self) -> Duration {
        if haste() == 1 {
            self.time
        } else {
            (self.time / haste()).max(Duration::from_secs(1).min(self.time))
        }
    }

    /// The longest that it may take.
    #[cfg(not(debug_assertions))]
    pub fn limit(&self) -> Duration {
        self.time
    }

    /// `60 s`, `15 min`.
    pub fn length(&self) -> String {
        let seconds = self.time.as_secs();
        if seconds >= 300 { format!("{} min", seconds / 60) } else { format!("{seconds} s") }
    }
}

/// Does what has no deadline of its own on a thread that may be left behind; `None` = it took longer. What that thread
/// waits for on a busy computer before it begins does not count. `stop` is asked meanwhile and ends the wait too.
pub fn within<T: Send + 'static>(
    time: Duration,
    stop: &dyn Fn() -> bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, answer) = sync_channel(2);
    std::thread::spawn(move || {
        let _ = done.send(None);
        let _ = done.send(Some(work()));
    });
    let first = answer.recv().ok()?;
    if first.is_some() {
        return first;
    }
    let mut clock = OwnClock::start();
    loop {
        let left = time.saturating_sub(clock.spent());
        match answer.recv_timeout(left.min(STEP)) {
            Ok(found) => return found,
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) if left.is_zero() || stop() => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Does what has deadlines of its own on a thread that is left behind when `stop` says so; `None` = it was, or was not
/// even begun.
pub fn unless<T: Send + 'static>(
    stop: &dyn Fn() -> bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    if stop() { None } else { within(Duration::MAX, stop, work) }
}

/// Waits, shorter when `stop` says so.
pub fn pause(time: Duration, stop: &dyn Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !stop() {
        let left = time.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return;
        }
        std::thread::sleep(left.min(STEP));
    }
}

/// The time that somebody who looks at it often has waited. What passes unseen, on a computer that has no time for this
/// program or sleeps, is not the silence of the other side.
#[derive(Debug)]
pub struct OwnClock {
    seen: Instant,
    spent: Duration,
}

/// More than so much between two looks was not spent waiting.
const MOST_UNSEEN: Duration = Duration::from_secs(1);

impl OwnClock {
    /// Begins now.
    pub fn start() -> Self {
        Self { seen: Instant::now(), spent: Duration::ZERO }
    }

    /// How long it has been.
    pub fn spent(&mut self) -> Duration {
        let now = Instant::now();
        self.pass(now.saturating_duration_since(self.seen));
        self.seen = now;
        self.spent
    }

    fn pass(&mut self, unseen: Duration) {
        self.spent = self.spent.saturating_add(unseen.min(MOST_UNSEEN));
    }
}

/// How often somebody who waits looks whether they still should.
pub const STEP: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    /// The README's table is this one.
    #[test]
    fn the_readme_has_every_deadline_with_its_reason() {
        let readme = include_str!("../../README.md");
        for limit in TIMES {
            let row = format!("| {} | {} | {} |", limit.what, limit.length(), limit.why);
            assert!(readme.contains(&row), "README.md lacks the row\n{row}");
        }
        let (bytes, time) = LEAST_RATE;
        let rate = format!("{} KiB in {} s", bytes / 1024, time.as_secs());
        assert!(readme.contains(&rate), "README.md lacks {rate}");
    }

    #[test]
    fn what_never_ends_is_left_behind_at_its_deadline_or_when_somebody_stops() {
        let (keep, never) = std::sync::mpsc::channel::<()>();
        let never = std::sync::Arc::new(std::sync::Mutex::new(never));
        let wait = || {
            let never = std::sync::Arc::clone(&never);
            move || never.lock().map(|never| never.recv()).is_ok()
        };
        assert_eq!(within(Duration::from_millis(50), &|| false, wait()), None);
        assert_eq!(within(Duration::from_secs(600), &|| true, wait()), None);
        assert_eq!(within(Duration::from_secs(600), &|| false, || 3), Some(3));
        drop(keep);
    }

    #[test]
    fn what_passes_unseen_is_not_waited() {
        let mut clock = OwnClock::start();
        clock.pass(Duration::from_millis(100));
        clock.pass(Duration::from_secs(3600));
        let spent = clock.spent();
        assert!(spent >= Duration::from_millis(1100) && spent < Duration::from_secs(600), "{spent:?}");
    }

    #[test]
    fn who_stops_waits_for_nothing_and_begins_nothing() {
        let begun = std::time::Instant::now();
        assert_eq!(unless(&|| true, || panic!("it was begun")), None::<()>);
        pause(Duration::from_secs(600), &|| true);
        pause(Duration::from_millis(1), &|| false);
        assert_eq!(unless(&|| false, || 3), Some(3));
        assert!(begun.elapsed() < Duration::from_secs(60));
    }
}
