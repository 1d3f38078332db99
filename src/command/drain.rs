//! `--drain`: what it will do is shown with the rest, and done before the rest.

use std::fmt::Write;
use std::time::Duration;

use gangplank::engine::Engine;
use gangplank::engine::drain::{DrainWish, Drained};
use gangplank::plan::clean;
use gangplank::plan::problem::Problem;
use gangplank::ui::output::say;

use crate::cli::{DrainFlags, DrainPods};

/// What was wished for; `None` = no drain.
pub(super) fn wish(flags: &DrainFlags) -> Option<DrainWish> {
    let pods = flags.drain?;
    Some(DrainWish { lost: pods == DrainPods::All, within: Duration::from_secs(flags.drain_within) })
}

/// What a drain of a worker will do, in lines.
pub(super) fn announced(engine: &Engine<'_>, worker: &str, wish: DrainWish) -> Result<String, Problem> {
    let Some(list) = engine.drain_list(worker)? else {
        return Ok(format!("{worker} is no node of the cluster: nothing is drained\n"));
    };
    let mut out = format!("first {worker} is cordoned, and these pods leave it\n");
    for one in &list.leave {
        let owner = if one.owner.is_empty() { "it has ended" } else { one.owner.as_str() };
        let _ = writeln!(out, "  {one} ({})", clean::words(owner));
    }
    let word = if wish.lost { "leaves, and" } else { "is in the way:" };
    for (one, why) in &list.lost {
        let _ = writeln!(out, "  {one} {word} {why}");
    }
    if list.leave.is_empty() && list.lost.is_empty() {
        out.push_str("  none\n");
    }
    for (one, why) in &list.stay {
        let _ = writeln!(out, "  {one} stays: {why}");
    }
    Ok(out)
}

/// Drains workers, one after another; those that were cordoned for it.
pub(super) fn drain(
    engine: &Engine<'_>,
    workers: &[String],
    wish: DrainWish,
) -> Result<Vec<String>, Problem> {
    let mut cordoned = Vec::new();
    for worker in workers {
        match engine.drain(worker, wish) {
            Ok(Drained::Done { cordoned: true }) => cordoned.push(worker.clone()),
            Ok(Drained::Done { cordoned: false } | Drained::NoNode) => {}
            Ok(Drained::NotHeard) => say::err(format_args!(
                "{worker}: the API does not hear its kubelet, so no pod can leave it first; it goes on without a drain"
            )),
            Err(problem) => {
                // Nothing of the rest is done, so the others take pods again too.
                for other in &cordoned {
                    if engine.uncordon(other).is_err() {
                        say::err(format_args!("{other} stays cordoned: kubectl uncordon {other}"));
                    }
                }
                return Err(problem);
            }
        }
    }
    Ok(cordoned)
}
