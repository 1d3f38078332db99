//! The journal of a run on this computer. Before a batch is sent, one line
//! that is on disk lists its actions and what was there before (hashes only); each end mark adds a line. An
//! action without an end line is unknown, and is looked at, never assumed.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::engine::session::version::VERSION;
use crate::limits;
use crate::plan::action::Action;
use crate::plan::code::ProblemCode;
use crate::plan::fact::Facts;
use crate::plan::place::Place;
use crate::plan::problem::Problem;
use crate::step::StepId;

fn unwritten(what: &str, error: &std::io::Error) -> Problem {
    Problem::new(ProblemCode::Session04, what).seen(error.to_string())
}

/// The journal of one run; without a folder it writes nothing (`gangplank plan`).
pub struct Journal {
    file: Option<Mutex<File>>,
}

impl Journal {
    /// No journal.
    pub fn none() -> Self {
        Self { file: None }
    }

    /// `runs/<run>.jsonl` in the session's folder.
    pub fn open(session: &Path, run: &str) -> Result<Self, Problem> {
        let folder = session.join("runs");
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        let mut options = OpenOptions::new();
        options.create(true).append(true).mode(0o600);
        let file = made.and_then(|()| options.open(folder.join(format!("{run}.jsonl"))));
        let file = file.map_err(|error| unwritten("the journal cannot be written", &error))?;
        Ok(Self { file: Some(Mutex::new(file)) })
    }

    fn write(&self, line: &Value, sync: bool) -> std::io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(file, "{line}")?;
        if sync { file.sync_data() } else { Ok(()) }
    }

    /// A batch is about to be sent; the line is on disk when this returns.
    pub fn before(
        &self,
        place: &Place,
        batch: u64,
        actions: &[(StepId, Action)],
        facts: &Facts,
    ) -> Result<(), Problem> {
        let list: Vec<Value> = actions
            .iter()
            .map(|(step, action)| {
                let before = action.path().map(|path| hash_before(facts, path));
                json!({"step": step, "action": action.title(), "before": before})
            })
            .collect();
        let line = json!({"v": VERSION, "kind": "batch", "place": place.to_string(), "batch": batch, "actions": list});
        self.write(&line, true)
            .map_err(|error| unwritten("the journal cannot be written, so nothing was sent", &error))
    }

    /// An action began.
    pub fn began(&self, place: &Place, batch: u64, index: usize) -> std::io::Result<()> {
        self.write(
            &json!({"v": VERSION, "kind": "begin", "place": place.to_string(), "batch": batch, "index": index}),
            false,
        )
    }

    /// An action ended.
    pub fn ended(&self, place: &Place, batch: u64, index: usize, status: i32) -> std::io::Result<()> {
        self.write(
            &json!({"v": VERSION, "kind": "end", "place": place.to_string(), "batch": batch, "index": index, "status": status}),
            false,
        )
    }

    /// This run is a renewal of these workers.
    pub fn renews(&self, workers: &[&str]) -> std::io::Result<()> {
        self.write(&json!({"v": VERSION, "kind": "renew", "workers": workers}), true)
    }

    /// The run ended by itself.
    pub fn over(&self, code: u8) -> std::io::Result<()> {
        self.write(&json!({"v": VERSION, "kind": "over", "code": code}), true)
    }
}

fn hash_before(facts: &Facts, path: &str) -> String {
    if let Some(Some(file)) = facts.file(path).yes() {
        return file.sha256.clone();
    }
    match facts.key(path).yes() {
        Some(Some(key)) => key.sha256.clone(),
        Some(None) | None => "absent".to_owned(),
    }
}

/// What the journal of the last run left open: place and action of each that began and has no end, and, when the
/// program itself was cut off, of the first of each batch that was sent and not heard of again.
pub fn left_open(session: &Path) -> Vec<(String, String)> {
    // A journal without a line is of something that did nothing, and hides nothing.
    let texts = runs(session)
        .into_iter()
        .rev()
        .filter_map(|run| limits::file::read_text(&run, &limits::OWN_FILE).ok());
    let Some(text) = texts.into_iter().find(|text| !text.trim().is_empty()) else { return Vec::new() };
    let mut open: Vec<Open> = Vec::new();
    let mut over = false;
    for line in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let place = line["place"].as_str().unwrap_or_default().to_owned();
        let batch = line["batch"].as_u64().unwrap_or_default();
        let index =
            line["index"].as_u64().and_then(|index| usize::try_from(index).ok()).unwrap_or(usize::MAX);
        let same = |one: &Open| one.place == place && one.batch == batch && one.index == index;
        match line["kind"].as_str() {
            Some("batch") => {
                for (index, action) in line["actions"].as_array().into_iter().flatten().enumerate() {
                    let title = action["action"].as_str().unwrap_or_default().to_owned();
                    open.push(Open { place: place.clone(), batch, index, title, began: false });
                }
            }
            Some("begin") => open.iter_mut().filter(|one| same(one)).for_each(|one| one.began = true),
            Some("end") => open.retain(|one| !same(one)),
            Some("over") => over = true,
            _ => {}
        }
    }
    let first = |one: &Open| !open.iter().any(|other| other.batch == one.batch && other.index < one.index);
    let unknown = |one: &&Open| one.began || !over && first(one);
    open.iter().filter(unknown).map(|one| (one.place.clone(), one.title.clone())).collect()
}

/// The workers of the last renewal, when it was cut off or did not end well.
pub fn unfinished(session: &Path) -> BTreeSet<String> {
    let lines = |run: &PathBuf| -> Option<Vec<Value>> {
        let text = limits::file::read_text(run, &limits::OWN_FILE).ok()?;
        Some(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    };
    let kind = |line: &&Value, kind: &str| line["kind"].as_str() == Some(kind);
    for lines in runs(session).iter().rev().filter_map(lines) {
        let Some(renewal) = lines.iter().find(|line| kind(line, "renew")) else { continue };
        let well = lines.iter().any(|line| kind(&line, "over") && line["code"].as_u64() == Some(0));
        let names = renewal["workers"].as_array().into_iter().flatten().filter_map(Value::as_str);
        return names.filter(|_| !well).map(str::to_owned).collect();
    }
    BTreeSet::new()
}

/// The runs of a session that began to change something.
pub fn changed(session: &Path) -> BTreeSet<String> {
    let change = |line: &str| {
        let line: Option<Value> = serde_json::from_str(line).ok();
        line.is_some_and(|line| matches!(line["kind"].as_str(), Some("begin" | "end")))
    };
    let changed = |file: &PathBuf| {
        limits::file::read_text(file, &limits::OWN_FILE).is_ok_and(|text| text.lines().any(change))
    };
    let name = |file: PathBuf| file.file_stem().map(|name| name.to_string_lossy().into_owned());
    runs(session).into_iter().filter(changed).filter_map(name).collect()
}

struct Open {
    place: String,
    batch: u64,
    index: usize,
    title: String,
    began: bool,
}

/// The order of runs: the second of one process has a number behind its id, and a number is no word.
fn order(run: &Path) -> Vec<(u64, String)> {
    let name = run.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('-').map(|part| (part.parse().unwrap_or_default(), part.to_owned())).collect()
}

/// Journals of a session, oldest first.
fn runs(session: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(session.join("runs")) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    files.sort_by_cached_key(|file| order(file));
    files
}
