//! What an undo will do, as lines, before anything is done.

use std::fmt::Write;

use crate::engine::undo::UndoList;
use crate::plan::clean;

/// The whole list.
pub fn text(list: &UndoList, workers: &[String]) -> String {
    let mut out = String::new();
    let _ = match &list.run {
        Some(run) => writeln!(out, "what undoing run {} will do", clean::words(run)),
        None if list.is_empty() => writeln!(out, "nothing is to be taken back"),
        None => writeln!(out, "what removing {} from the cluster will do", workers.join(", ")),
    };
    for (place, actions) in list.places.iter().filter(|(_, actions)| !actions.is_empty()) {
        let _ =
            writeln!(out, "{place}: {} action{}", actions.len(), if actions.len() == 1 { "" } else { "s" });
        for action in actions {
            let _ = writeln!(out, "  {}", clean::line(&action.title()));
        }
    }
    if !list.stays.is_empty() {
        out.push_str("what stays\n");
        for (place, text) in &list.stays {
            let _ = writeln!(out, "  {place}: {}", clean::line(text));
        }
    }
    out
}

/// The question behind it.
pub fn question(list: &UndoList, workers: &[String]) -> String {
    match &list.run {
        Some(_) => "Undo all this?".to_owned(),
        None => format!("Remove {} from the cluster?", workers.join(", ")),
    }
}
