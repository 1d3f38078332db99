//! The real program before hosts, API servers and files that mean no good: floods, drips, silence, escapes, bombs.
//! `tests/hostile/README.md` says how one of them is tried by hand.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(
    clippy::too_many_lines,
    clippy::type_complexity,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::semicolon_if_nothing_returned,
    reason = "tables of answers, each a word for it and how it is made"
)]

#[path = "hostile/api.rs"]
mod api;
#[path = "support/api_server.rs"]
#[expect(dead_code, reason = "only its certificates are used")]
mod api_server;
#[path = "hostile/files.rs"]
mod files;
#[path = "hostile/hosts.rs"]
mod hosts;
#[path = "hostile/names.rs"]
mod names;
#[path = "hostile/shells.rs"]
mod shells;
mod sshd;
#[path = "hostile/stage.rs"]
mod stage;
#[path = "hostile/starved.rs"]
mod starved;
#[path = "hostile/stops.rs"]
mod stops;

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use stage::{HostileAnswer, Stage};

/// So many at a time: nearly all of them wait.
const AT_ONCE: usize = 20;
/// There are at least so many, unless some were left out.
const LEAST: usize = 60;

/// The tests one after the other: what is measured is not each other.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tell(line: &str) {
    // Not through `println`: the count is told when all is well too.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

#[test]
fn every_hostile_answer_is_held() {
    let _alone = alone();
    let only = std::env::var("HOSTILE").unwrap_or_default();
    let mut all: Vec<HostileAnswer> = [hosts::all(), shells::all(), names::all(), api::all(), files::all()]
        .into_iter()
        .flatten()
        .filter(|answer| answer.name.contains(&only))
        .collect();
    // The longest first, that none of them is left for the end.
    all.sort_by_key(|answer| std::cmp::Reverse(answer.limit()));
    let (next, held) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let broken = Mutex::new(Vec::new());
    let work = || {
        while let Some(answer) = all.get(next.fetch_add(1, Ordering::SeqCst)) {
            let mut stage = Stage::new();
            let Some(sent) = (answer.make)(&mut stage) else { continue };
            let told = stage.run(&sent, answer);
            let faults = told.faults(answer);
            if !only.is_empty() || !faults.is_empty() {
                tell(&format!("{}: {told}", answer.name));
            }
            if faults.is_empty() {
                held.fetch_add(1, Ordering::SeqCst);
            } else {
                let said =
                    told.text.lines().filter(|line| line.contains("E-")).collect::<Vec<_>>().join(" | ");
                broken.lock().unwrap().push(format!("{}: {}; told: {said}", answer.name, faults.join("; ")));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let (broken, held) = (broken.into_inner().unwrap(), held.load(Ordering::SeqCst));
    assert!(broken.is_empty(), "{held} held, {} not:\n{}", broken.len(), broken.join("\n"));
    assert!(held >= LEAST || !only.is_empty(), "only {held} answers");
    tell(&format!("{held} answers held"));
}

#[test]
fn the_first_ctrl_c_answers_within_a_second_wherever_it_is_held() {
    let _alone = alone();
    let broken = stops::try_all();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_host_is_said_to_be_silent_where_this_computer_has_no_time() {
    let _alone = alone();
    let Some(said) = starved::told() else { return };
    let silent: Vec<&str> =
        said.lines().filter(|line| line.contains("E-SSH-") || line.contains("no answer")).collect();
    assert!(silent.is_empty(), "{}", silent.join("\n"));
    let there = said.lines().filter(|line| line.contains("Connect: already right")).count();
    assert_eq!(there, 60, "{}", said.chars().take(3000).collect::<String>());
}

#[test]
fn no_host_is_said_to_be_silent_while_this_program_stands_still() {
    let _alone = alone();
    for said in starved::told_after_standing_still() {
        assert!(!said.contains("E-SSH-") && said.contains("Connect: already right"), "{said}");
    }
}
