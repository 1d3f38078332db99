//! `--json`: one event a line on stdout.

use crate::engine::{Front, Stamped};
use crate::ui::output::say;

/// Writes events as JSON lines.
pub struct Json;

impl Front for Json {
    fn emit(&self, event: &Stamped) {
        let Ok(line) = event.told() else { return };
        // A reader that went away must not stop the work.
        say::out(&format!("{line}\n"));
    }
}
