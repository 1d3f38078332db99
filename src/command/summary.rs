//! What both repairs share: how one is wished, what is shown, and what is remembered for its summary.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gangplank::engine::doctor::Examined;
use gangplank::engine::drain::DrainWish;
use gangplank::engine::signing::offline::Bundle;
use gangplank::engine::{Event, ExitCode, Front, Stamped, TaskOutcome};
use gangplank::plan::action::Action;
use gangplank::plan::place::Place;
use gangplank::plan::problem::Problem;
use gangplank::step::StepId;
use gangplank::ui;
use gangplank::ui::output::say;

/// How a repair is wished.
pub(super) struct RepairWish<'a> {
    /// Nobody is asked.
    pub yes: bool,
    /// Pods leave first.
    pub drain: Option<DrainWish>,
    /// Where the summary of the incident goes.
    pub summary: Option<&'a Path>,
}

/// A file that was not there before.
pub(super) struct NewFile {
    path: PathBuf,
    file: File,
    written: bool,
}

impl NewFile {
    pub(super) fn make(path: &Path) -> Result<Self, ExitCode> {
        let file = File::create_new(path).map_err(|error| {
            say::err(format_args!("--summary {}: {error}; name a file that is not there", path.display()));
            ExitCode::Usage
        })?;
        Ok(Self { path: path.to_owned(), file, written: false })
    }

    pub(super) fn write(mut self, text: &str) -> Result<(), ExitCode> {
        self.written = true;
        self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_all()).map_err(|error| {
            say::err(format_args!("--summary {}: {error}", self.path.display()));
            ExitCode::Problem
        })
    }
}

impl Drop for NewFile {
    /// Where nothing came of it no empty file stays.
    fn drop(&mut self) {
        if !self.written {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// What was changed, in words, and what stood in the way, each with its place.
pub(super) type WhatHappened = (Vec<String>, Vec<(Place, Problem)>);

/// Shows a run, and remembers what was changed and what stood in the way.
pub(super) struct Remembering<'a> {
    shown: &'a dyn Front,
    kept: Mutex<WhatHappened>,
}

impl<'a> Remembering<'a> {
    pub(super) fn over(shown: &'a dyn Front) -> Self {
        Self { shown, kept: Mutex::default() }
    }

    pub(super) fn remembered(&self) -> WhatHappened {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Front for Remembering<'_> {
    fn emit(&self, event: &Stamped) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match &event.event {
            Event::ActionEnded { action, status: 0, .. } => kept.0.push(format!("{}: {action}", event.place)),
            Event::Trouble { problem } | Event::TaskEnded { outcome: TaskOutcome::Failed { problem } }
                if !kept.1.iter().any(|(_, one)| one.code == problem.code) =>
            {
                kept.1.push((event.place.clone(), problem.clone()));
            }
            _ => {}
        }
        drop(kept);
        self.shown.emit(event);
    }

    fn go_on(&self, place: &Place, step: StepId, actions: &[Action]) -> bool {
        self.shown.go_on(place, step, actions)
    }

    fn offline(&self, bundle: &Bundle) {
        self.shown.offline(bundle);
    }
}

/// Shows what was found on workers.
pub(super) fn show(examined: &[Examined], json: bool) {
    if json {
        for line in ui::output::doctor::json(examined) {
            say::out(&format!("{line}\n"));
        }
    } else {
        say::out(&ui::output::doctor::text(examined));
    }
}
