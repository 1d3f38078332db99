//! The program is ended in the middle of a run, as by kill -9: from then on nothing answers, and what it wrote down on this
//! computer stays as it was at that moment.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use gangplank::engine::{Event, Stamped};

use super::bench::{Bench, Ran};

/// Who hears what happens.
pub type Seen<'s> = &'s (dyn Fn(&Stamped) + Send + Sync);

/// An action of any place ended.
pub fn action(one: &Stamped) -> Option<String> {
    let Event::ActionEnded { action, .. } = &one.event else { return None };
    Some(format!("{}: {action}", one.place))
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Ends the program when so many of what `counts` were there; after which one that was, `None` = it was over before.
pub fn killed(
    bench: &Bench,
    after: usize,
    counts: &(dyn Fn(&Stamped) -> Option<String> + Sync),
    does: &dyn Fn(Seen) -> Ran,
) -> (Ran, Option<String>) {
    let (count, at, kept) = (AtomicUsize::new(0), Mutex::new(None), tempfile::tempdir().unwrap());
    let seen = |one: &Stamped| {
        if let Some(title) = counts(one)
            && count.fetch_add(1, Ordering::SeqCst) == after
        {
            if bench.session().exists() {
                copy(&bench.session(), kept.path());
            }
            bench.lab().kill();
            *at.lock().unwrap() = Some(title);
        }
    };
    let ran = does(&seen);
    let at = at.into_inner().unwrap();
    if at.is_some() {
        if bench.session().exists() {
            std::fs::remove_dir_all(bench.session()).unwrap();
            copy(kept.path(), &bench.session());
        }
        bench.lab().revive();
    }
    (ran, at)
}
