//! What both repairs share: how one is wished, what is shown, and the new file of its summary.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use gangplank::engine::ExitCode;
use gangplank::engine::doctor::Examined;
use gangplank::engine::drain::DrainWish;
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
