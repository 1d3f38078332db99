//! The API objects that gangplank made, remembered in the session: `objects.jsonl`, one line `{"v", "run", "path", "uid"}`
//! each. An object whose uid is another one by now is not ours, and undo leaves it alone.

use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::engine::session::version::VERSION;
use crate::host::whole_file;
use crate::limits;

/// The file in the session's folder.
const FILE: &str = "objects.jsonl";

/// It is left to the others.
const NAMESPACE: &str = "/api/v1/namespaces/kube-system";

/// API objects: path and uid.
pub type Made = Vec<(String, String)>;

/// The API objects a session made, newest first.
pub fn made(session: &Path) -> Made {
    made_in_runs(session).into_iter().map(|(_, object)| object).collect()
}

/// The same, each with the run that made it; older lines do not say which.
pub fn made_in_runs(session: &Path) -> Vec<(Option<String>, (String, String))> {
    let text = limits::file::read_text(&session.join(FILE), &limits::OWN_FILE).unwrap_or_default();
    text.lines()
        .rev()
        .filter_map(|line| read(line).map(|object| (run_of(line), object)))
        // Others may use the namespace by now, and deleting it deletes what is in it.
        .filter(|(_, (path, _))| path != NAMESPACE)
        .collect()
}

fn run_of(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    line["run"].as_str().map(str::to_owned)
}

fn read(line: &str) -> Option<(String, String)> {
    let line: Value = serde_json::from_str(line).ok()?;
    Some((line["path"].as_str()?.to_owned(), line["uid"].as_str()?.to_owned()))
}

/// The lines that name no object: what they tell of cannot be taken back.
pub fn not_understood(session: &Path) -> Vec<String> {
    let text = limits::file::read_text(&session.join(FILE), &limits::OWN_FILE).unwrap_or_default();
    text.lines().filter(|line| !line.trim().is_empty() && read(line).is_none()).map(str::to_owned).collect()
}

/// The uids of the API objects that earlier runs of a session made.
pub fn uids(session: &Path) -> BTreeSet<String> {
    made(session).into_iter().map(|(_, uid)| uid).collect()
}

/// Remembers an object that was made; the line is on disk when this returns.
pub(crate) fn remember(session: &Path, run: &str, path: &str, uid: &str) -> std::io::Result<()> {
    let file = session.join(FILE);
    let mut file = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
    // In one write: others may append to it too.
    let line = json!({"v": VERSION, "run": run, "path": path, "uid": uid});
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_all()
}

/// These are not there any more. Without any left the file goes.
pub(crate) fn forget(session: &Path, gone: &[(String, String)]) {
    let file = session.join(FILE);
    let text = limits::file::read_text(&file, &limits::OWN_FILE).unwrap_or_default();
    let stays = |line: &&str| !line.trim().is_empty() && read(line).is_none_or(|one| !gone.contains(&one));
    let left: Vec<&str> = text.lines().filter(stays).collect();
    let namespace = |line: &&str| read(line).is_some_and(|(path, _)| path == NAMESPACE);
    // A file that stays names objects that are gone, which the next undo finds out.
    let _ = if left.iter().all(namespace) {
        std::fs::remove_file(file)
    } else {
        whole_file::replace(
            &file,
            left.iter().flat_map(|line| [line, "\n"]).collect::<String>().as_bytes(),
            0o600,
        )
    };
}
