//! `--json`: one event a line on stdout.

use std::io::Write;

use crate::engine::{Front, Stamped};

/// Writes events as JSON lines.
pub struct Json;

impl Front for Json {
    fn emit(&self, event: &Stamped) {
        let Ok(line) = event.told() else { return };
        let mut out = std::io::stdout().lock();
        // A reader that went away must not stop the work.
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}
