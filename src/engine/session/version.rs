//! The version of what a session holds. Every format carries a `v`; what has none is of the first version. What a
//! newer gangplank wrote is refused in words, and never written over: half understood it would be worse than lost.

use std::path::Path;

use serde_json::Value;

use crate::limits;
use crate::plan::code::ProblemCode;
use crate::plan::problem::Problem;

/// The version that this program writes, and the newest that it reads.
pub const VERSION: u64 = 1;

/// The version of a value that a newer gangplank wrote.
pub fn newer(value: &Value) -> Option<u64> {
    value.get("v").and_then(Value::as_u64).filter(|v| *v > VERSION)
}

/// The newest version among lines of JSON, when it is newer than this program reads.
fn newest(text: &str) -> Option<u64> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok().as_ref().and_then(newer)).max()
}

/// What is said of it.
pub fn refusal(what: &str, v: u64) -> String {
    format!("{what} was written by a newer gangplank: its format is {v}, this program reads {VERSION}")
}

/// Refuses a session in which a newer gangplank wrote something.
pub fn check(folder: &Path) -> Result<(), Problem> {
    let mut files = ["wizard.json", "cluster.json", "objects.jsonl", "nodes.jsonl"]
        .map(|name| folder.join(name))
        .to_vec();
    let runs = std::fs::read_dir(folder.join("runs")).into_iter().flatten();
    files.extend(runs.filter_map(Result::ok).map(|entry| entry.path()));
    for file in files {
        // One that is not there is of no version, and one that cannot be read is somebody else's to tell of.
        let found = limits::file::read_text(&file, &limits::OWN_FILE).ok().and_then(|text| newest(&text));
        if let Some(v) = found {
            let session = folder.file_name().unwrap_or_default().to_string_lossy();
            return Err(Problem::new(ProblemCode::Session05, refusal(&format!("the session {session}"), v))
                .seen(format!("in {}", file.display()))
                .seen("nothing in it was changed")
                .manual("use the gangplank that wrote it, or give another place with --state DIR"));
        }
    }
    Ok(())
}
