//! The nodes that this computer saw behind the plan's workers: `nodes.jsonl`, one line `{"v", "run", "node", "uid",
//! "new"}` each. What a worker's own record says of a node is not enough to delete one.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::engine::session::version::VERSION;
use crate::limits;

/// The file in the session's folder.
const FILE: &str = "nodes.jsonl";

/// A node that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenNode {
    /// The version of its format.
    v: u64,
    /// The run that saw it.
    pub run: String,
    /// The worker's name in the plan, which is the node's.
    pub node: String,
    /// Its uid.
    pub uid: String,
    /// The API did not have it before that run.
    pub new: bool,
}

/// The nodes a session knows, oldest first. A line that cannot be read names none, so nothing is deleted for it.
pub fn seen(session: &Path) -> Vec<SeenNode> {
    let text = limits::file::read_text(&session.join(FILE), &limits::OWN_FILE).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Notes a node; the line is on disk when this returns. One that is noted already is not noted again.
pub(crate) fn note(session: &Path, run: &str, node: &str, uid: &str, new: bool) -> std::io::Result<()> {
    if uid.is_empty() || seen(session).iter().any(|one| one.node == node && one.uid == uid) {
        return Ok(());
    }
    let line = SeenNode { v: VERSION, run: run.to_owned(), node: node.to_owned(), uid: uid.to_owned(), new };
    let line = serde_json::to_string(&line)?;
    let file = session.join(FILE);
    let mut file = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
    // In one write: the threads of other workers append to it too.
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_that_threads_note_at_once_are_all_seen() {
        let session = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for at in 0..200 {
                let session = session.path();
                scope.spawn(move || note(session, "run", &format!("w{at}"), "uid", true).unwrap());
            }
        });
        assert_eq!(seen(session.path()).len(), 200);
    }
}
