//! `--drain`: what it will do is shown with the rest, and done before the rest.

use std::time::Duration;

use gangplank::engine::Engine;
use gangplank::engine::drain::{DrainWish, Drained, NOT_READY};
use gangplank::plan::problem::Problem;
use gangplank::ui;
use gangplank::ui::output::say;

use crate::cli::{DrainFlags, DrainPods};

/// What was wished for; `None` = no drain.
pub(super) fn wish(flags: &DrainFlags) -> Option<DrainWish> {
    let pods = flags.drain?;
    Some(DrainWish { lost: pods == DrainPods::All, within: Duration::from_secs(flags.drain_within) })
}

/// What a drain of a worker will do, in lines.
pub(super) fn announced(engine: &Engine<'_>, worker: &str, wish: DrainWish) -> Result<String, Problem> {
    let list = engine.drain_list(worker)?;
    Ok(ui::output::drain::lines(worker, list.as_ref(), wish).join("\n"))
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
            Ok(Drained::NotReady { cordoned: ours }) => {
                say::err(format_args!("{worker}: {NOT_READY}"));
                cordoned.extend(ours.then(|| worker.clone()));
            }
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
