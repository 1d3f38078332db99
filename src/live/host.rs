//! One host: connects, opens the stream, asks for a sample whenever something happened and now and then
//! without that, and tries again after an end.

use std::time::Duration;

use jiff::Timestamp;

use super::opened::{certificates, pods};
use super::thread::{StopSignal, WatchShared, WatchTarget, later};
use super::update::{HostNews, Update};
use crate::host::{HostTrouble, Live, LiveStream, WireError};
use crate::plan::code::ProblemCode;

/// Without an event a host is looked at so often: its clock and its kubelet tell nothing by themselves.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// The journal and the certificates of an opened host are asked for so often.
const DETAIL: Duration = Duration::from_secs(5);
/// A container that starts makes several events; one sample serves them all.
const DEBOUNCE: Duration = Duration::from_millis(150);
/// How soon the wish to end is noticed.
const SAMPLE_TIMEOUT: Duration = Duration::from_millis(500);
/// Waits between tries after a lost connection, seconds; the last one stays.
const BACKOFF: [u64; 6] = [1, 2, 4, 8, 16, 30];
/// A refused login tried again and again locks the operator out.
const REFUSED: Duration = Duration::from_secs(60);

/// Why there is no stream.
struct Down {
    why: String,
    code: Option<ProblemCode>,
    wait: Wait,
}

/// When it is tried next.
enum Wait {
    Soon,
    Later,
    Told,
}

/// Follows a host until told to end.
pub(super) fn follow(shared: &WatchShared, told: &StopSignal, spot: &WatchTarget) {
    let mut failed = 0;
    while !told.over() {
        say(shared, told, spot, HostNews::Connecting);
        let Some(down) = once(shared, told, spot, &mut failed) else { return };
        let wait = match down.wait {
            Wait::Soon => BACKOFF.get(failed).or(BACKOFF.last()).copied().map(Duration::from_secs),
            Wait::Later => Some(REFUSED),
            Wait::Told => None,
        };
        failed = failed.saturating_add(1);
        let again = wait.map(|wait| later(shared.world.now(), wait));
        say(shared, told, spot, HostNews::Down { why: down.why, code: down.code, again });
        let _ = shared.rest(told, wait);
    }
}

fn say(shared: &WatchShared, told: &StopSignal, spot: &WatchTarget, news: HostNews) {
    let at = shared.world.now();
    shared.say(told, Update::Host { place: spot.place.clone(), at, news });
}

/// Connects and follows the stream to its end; `None` when told to end.
fn once(shared: &WatchShared, told: &StopSignal, spot: &WatchTarget, failed: &mut usize) -> Option<Down> {
    let opened = {
        let _turn = shared.turn();
        if told.over() {
            return None;
        }
        shared.world.host(&spot.place, &spot.login).and_then(|mut host| {
            host.of_runtime(spot.runtime);
            host.stream().map(|stream| (host.describe(), stream))
        })
    };
    match opened {
        Ok((login, mut stream)) => {
            say(shared, told, spot, HostNews::Up { login });
            let why = samples(shared, told, spot, &mut *stream, failed)?;
            told.forget();
            Some(Down { why, code: None, wait: Wait::Soon })
        }
        Err(trouble) => Some(down(&trouble)),
    }
}

fn down(trouble: &HostTrouble) -> Down {
    let wait = match trouble {
        HostTrouble::Wire(error) => refused(error),
        HostTrouble::SudoPasswordWanted { .. } | HostTrouble::SudoPasswordWrong { .. } => Wait::Told,
        HostTrouble::NoRoot { .. }
        | HostTrouble::NoShell { .. }
        | HostTrouble::TooMuch { .. }
        | HostTrouble::Unable(_) => Wait::Later,
        HostTrouble::Compile(_)
        | HostTrouble::Ended { .. }
        | HostTrouble::NotSent(_)
        | HostTrouble::Held { .. } => Wait::Soon,
    };
    Down { why: trouble.to_string(), code: Some(trouble.code()), wait }
}

/// What a person must change first is not tried by itself: it would ask again, or lock the login.
fn refused(error: &WireError) -> Wait {
    match error {
        WireError::HostKeyUnknown { .. }
        | WireError::HostKeyChanged { .. }
        | WireError::HostKeyNotStated { .. }
        | WireError::HostKeyRevoked { .. }
        | WireError::PassphraseWrong { .. }
        | WireError::KeyUnreadable { .. } => Wait::Told,
        WireError::LoginRefused { .. }
        | WireError::TooManyFailures { .. }
        | WireError::KnownHosts { .. }
        | WireError::NoCommonAlgorithm { .. }
        | WireError::NoShell { .. }
        | WireError::TooManySessions { .. }
        | WireError::NoTcp { .. }
        | WireError::Config { .. }
        | WireError::ProxyCommand { .. }
        | WireError::TooLong { .. }
        | WireError::Local { .. } => Wait::Later,
        WireError::Jump { error, .. } => refused(error),
        WireError::Unreachable { .. }
        | WireError::NotSsh { .. }
        | WireError::Timeout { .. }
        | WireError::Lost { .. }
        | WireError::Cut => Wait::Soon,
    }
}

/// Asks and listens until the stream ends, and why; `None` when told to end.
fn samples(
    shared: &WatchShared,
    told: &StopSignal,
    spot: &WatchTarget,
    stream: &mut dyn LiveStream,
    failed: &mut usize,
) -> Option<String> {
    let since = |time: Timestamp| {
        // A clock that was set back must not stop the looking.
        Duration::from_millis(shared.world.now().as_millisecond().abs_diff(time.as_millisecond()))
    };
    let (mut asked, mut waiting, mut happened) = (shared.world.now(), true, false);
    let certificates = certificates();
    // When the journal was asked for last, and whether the answer is there.
    let (mut detailed, mut detailing) = (None, false);
    stream.sample();
    loop {
        if told.over() {
            return None;
        }
        if !told.is_open() {
            detailed = None;
        } else if !detailing && detailed.is_none_or(|at| since(at) >= DETAIL) {
            (detailed, detailing) = (Some(shared.world.now()), true);
            stream.detail(&certificates.iter().map(String::as_str).collect::<Vec<_>>());
        }
        let age = since(asked);
        let due = if happened { DEBOUNCE } else { HEARTBEAT };
        if !waiting && age >= due {
            asked = shared.world.now();
            (waiting, happened) = (true, false);
            stream.sample();
        }
        let patience = if waiting { SAMPLE_TIMEOUT } else { SAMPLE_TIMEOUT.min(due.saturating_sub(age)) };
        match stream.next(patience) {
            Live::Happened => happened = true,
            Live::Sample(sample) => {
                waiting = false;
                happened |= sample.more;
                *failed = 0;
                told.set_pods(if told.is_open() { pods(&sample) } else { Vec::new() });
                say(shared, told, spot, HostNews::Sample(sample));
            }
            Live::Detail(detail) => {
                detailing = false;
                say(shared, told, spot, HostNews::Detail(detail));
            }
            Live::Lookup { .. } | Live::Quiet => {}
            Live::Ended(why) => return Some(why),
        }
    }
}
