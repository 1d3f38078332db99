//! The API: signs in, lists the nodes, watches them, lists again when the watch ends, and lists every few
//! seconds where there is no watch.

use std::time::Duration;

use super::thread::{StopSignal, WatchShared, later};
use super::update::{ApiNews, Update};
use crate::engine::SignIn;
use crate::kube::{ApiError, ClusterApi, NodeEvent, NodeNews};
use crate::plan::model::Plan;
use crate::plan::remote::Remote;

/// A watch is ended and begun again so often: a peer that vanished without a word is noticed then.
const LIFE: Duration = Duration::from_secs(15);
/// Between two lists where there is no watch.
const LISTS: Duration = Duration::from_secs(5);
/// A watch that ended sooner is none.
const SHORT: Duration = Duration::from_secs(1);
/// Waits between tries, seconds; the last one stays.
const BACKOFF: [u64; 4] = [2, 5, 10, 30];

/// Follows the API until told to end.
pub(super) fn follow(
    shared: &WatchShared,
    told: &StopSignal,
    cluster: &dyn ClusterApi,
    plan: &Plan,
    may_sign: bool,
) {
    let mut sign_in = SignIn::default();
    let (mut failed, mut known) = (0, false);
    while !told.over() {
        let result = if known {
            watch(shared, told, cluster)
        } else {
            say(shared, told, ApiNews::SigningIn);
            sign_in.enter(plan, &*shared.world, cluster, may_sign).map_err(|why| (why, true))
        };
        let wait = match result {
            Ok(()) if known => {
                failed = 0;
                Duration::ZERO
            }
            Ok(()) => {
                known = true;
                Duration::ZERO
            }
            Err((why, nobody)) => {
                if known && nobody {
                    // What was signed in memory ends after a day.
                    (known, sign_in) = (false, SignIn::default());
                }
                let wait = BACKOFF.get(failed).or(BACKOFF.last()).copied().unwrap_or(30);
                let wait = Duration::from_secs(wait);
                failed = failed.saturating_add(1);
                say(shared, told, ApiNews::Down { why, again: later(shared.world.now(), wait) });
                wait
            }
        };
        if shared.rest(told, Some(wait)) && !known {
            sign_in = SignIn::default();
        }
    }
}

fn say(shared: &WatchShared, told: &StopSignal, news: ApiNews) {
    shared.say(told, Update::Api { at: shared.world.now(), news });
}

/// One list and the watch after it; an error says also whether somebody must sign in again.
fn watch(shared: &WatchShared, told: &StopSignal, cluster: &dyn ClusterApi) -> Result<(), (String, bool)> {
    let mut listed = false;
    let begun = shared.world.now();
    let result = cluster.watch_nodes(LIFE, &mut |news| {
        listed |= matches!(news, NodeNews::All(_));
        say(shared, told, ApiNews::Nodes(news));
        !told.over()
    });
    let life = u128::from(shared.world.now().as_millisecond().abs_diff(begun.as_millisecond()));
    let why = match result {
        Ok(()) if life >= SHORT.as_millis() => {
            let mark = Box::new(NodeEvent::Bookmark(Remote::default()));
            say(shared, told, ApiNews::Nodes(NodeNews::One(mark)));
            return Ok(());
        }
        Ok(()) if told.over() => return Ok(()),
        Ok(()) => "its watch ends at once".to_owned(),
        Err(error) if listed => error.to_string(),
        Err(error) => {
            let nobody = matches!(error, ApiError::Unauthorized(_) | ApiError::Forbidden(_));
            return Err((error.to_string(), nobody));
        }
    };
    say(shared, told, ApiNews::Listing { why });
    let _ = shared.rest(told, Some(LISTS));
    Ok(())
}
