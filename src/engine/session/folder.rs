//! A session is a folder for one cluster: its plan, its runs, and a lock so that two gangplanks do not work on
//! the same cluster at once. The same name with another API or CA is another cluster, and is refused.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::engine::session::version;
use crate::host::whole_file;
use crate::limits;
use crate::plan::code::ProblemCode;
use crate::plan::model::Plan;
use crate::plan::plan_field::PlanField;
use crate::plan::problem::{Problem, Remedy};

/// Bytes that are read of the line that says who holds the lock.
const LONGEST_HOLDER: u64 = 4096;

/// The file that says where the plan lies.
pub const ORIGIN: &str = "plan-file";

/// An open session.
pub struct Session {
    /// Its folder.
    pub folder: PathBuf,
    lock: File,
}

impl Session {
    /// Opens or makes the session of a plan below `state`; `text` is the plan file, kept as it is.
    pub fn open(state: &Path, plan: &Plan, text: &str) -> Result<Self, Problem> {
        let folder = state.join(&plan.cluster.name);
        let trouble = |error: std::io::Error| {
            Problem::new(
                ProblemCode::Session01,
                format!("the session folder {} cannot be used", folder.display()),
            )
            .seen(error.to_string())
            .manual("give another one with --state DIR")
        };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(trouble)?;
        let mut lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(folder.join("lock"))
            .map_err(trouble)?;
        if lock.try_lock().is_err() {
            let mut holder = String::new();
            let _ = Read::by_ref(&mut lock).take(LONGEST_HOLDER).read_to_string(&mut holder);
            return Err(Problem::new(
                ProblemCode::Session02,
                format!("another gangplank works on {}", plan.cluster.name),
            )
            .seen(holder.trim().to_owned())
            .way(Remedy::Retry));
        }
        version::check(&folder)?;
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| writeln!(lock, "process {} on {host}", std::process::id()))
            .map_err(trouble)?;
        let session = Self { folder: folder.clone(), lock };
        session.write("plan.yaml", text).map_err(trouble)?;
        Ok(session)
    }

    /// Refuses a cluster that only has the same name; remembers what this one is.
    pub fn check_identity(&self, plan: &Plan, ca_fingerprint: &str) -> Result<(), Problem> {
        let file = self.folder.join("cluster.json");
        let now = json!({"api": plan.cluster.api.url(), "ca": ca_fingerprint});
        let before: Option<Value> = limits::file::read_text(&file, &limits::OWN_FILE)
            .ok()
            .and_then(|text| serde_json::from_str(&text).ok());
        match before {
            Some(before) if before != now => Err(Problem::new(
                ProblemCode::Session03,
                format!("{} was another cluster before", plan.cluster.name),
            )
            .seen(format!(
                "then  API {}  CA {}",
                before["api"].as_str().unwrap_or("?"),
                before["ca"].as_str().unwrap_or("?")
            ))
            .seen(format!("now   API {}  CA {ca_fingerprint}", plan.cluster.api.url()))
            .edit(PlanField::ClusterName, "cluster.name: give this cluster a name of its own")
            .manual(format!("if it really is the same one, remove {}", file.display()))),
            Some(_) => Ok(()),
            None => self.write("cluster.json", &now.to_string()).map_err(|error| {
                Problem::new(ProblemCode::Session01, "the session folder cannot be written")
                    .seen(error.to_string())
            }),
        }
    }

    /// Keeps another plan text from now on: the answers have changed since it was opened.
    pub fn keep_plan(&self, text: &str) -> Result<(), Problem> {
        self.write("plan.yaml", text).map_err(|error| {
            Problem::new(ProblemCode::Session01, "the session folder cannot be written")
                .seen(error.to_string())
        })
    }

    /// Notes where the plan lies: relative paths in it start there.
    pub fn keep_origin(&self, plan: &Path) {
        // Without the note the wizard asks for the files again; the run does not need it.
        if let Ok(plan) = std::path::absolute(plan) {
            let _ = self.write(ORIGIN, &plan.display().to_string());
        }
    }

    /// Writes a file of the session, whole or not at all.
    fn write(&self, name: &str, text: &str) -> std::io::Result<()> {
        whole_file::replace(&self.folder.join(name), text.as_bytes(), 0o600)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The lock goes with the process anyway.
        let _ = self.lock.unlock();
    }
}
