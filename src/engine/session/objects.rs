//! The API objects that gangplank made, remembered in the session: `objects.jsonl`, one line `{"v", "path", "uid"}` each.
//! An object whose uid is another one by now is not ours, and undo leaves it alone.

use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::engine::session::version::VERSION;

/// The file in the session's folder.
const FILE: &str = "objects.jsonl";

/// API objects: path and uid.
pub type Made = Vec<(String, String)>;

/// The API objects a session made, newest first.
pub fn made(session: &Path) -> Made {
    let text = std::fs::read_to_string(session.join(FILE)).unwrap_or_default();
    text.lines()
        .rev()
        .filter_map(read)
        // Others may use the namespace by now, and deleting it deletes what is in it.
        .filter(|(path, _)| path != "/api/v1/namespaces/kube-system")
        .collect()
}

fn read(line: &str) -> Option<(String, String)> {
    let line: Value = serde_json::from_str(line).ok()?;
    Some((line["path"].as_str()?.to_owned(), line["uid"].as_str()?.to_owned()))
}

/// The lines that name no object: what they tell of cannot be taken back.
pub fn not_understood(session: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(session.join(FILE)).unwrap_or_default();
    text.lines().filter(|line| !line.trim().is_empty() && read(line).is_none()).map(str::to_owned).collect()
}

/// The uids of the API objects that earlier runs of a session made.
pub fn uids(session: &Path) -> BTreeSet<String> {
    made(session).into_iter().map(|(_, uid)| uid).collect()
}

/// Remembers an object that was made; the line is on disk when this returns.
pub(crate) fn remember(session: &Path, path: &str, uid: &str) -> std::io::Result<()> {
    let file = session.join(FILE);
    let mut file = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
    writeln!(file, "{}", json!({"v": VERSION, "path": path, "uid": uid}))?;
    file.sync_all()
}

/// Nothing that was made is there any more.
pub(crate) fn forget(session: &Path) {
    // A file that stays names objects that are gone, which the next undo finds out.
    let _ = std::fs::remove_file(session.join(FILE));
}
