//! What an undo will do is shown, and agreed to.

use std::io::{IsTerminal, Write};

use gangplank::engine::undo::UndoList;
use gangplank::limits;
use gangplank::ui;

/// Shows the whole list of what will happen, then asks.
pub(super) fn may_undo(all: &UndoList, workers: &[String], yes: bool) -> bool {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(ui::output::undo::text(all, workers).as_bytes());
    if yes || all.is_empty() {
        return true;
    }
    if !std::io::stdin().is_terminal() {
        let _ = writeln!(err, "nothing was done: say --yes to do it without being asked");
        return false;
    }
    let _ = write!(err, "{} yes or no [no]: ", ui::output::undo::question(all, workers));
    let _ = err.flush();
    let answer = limits::lines::typed();
    answer.trim() == "yes"
}
