//! What undo's actions do to a lab machine: what is no longer ours is left alone, and said.

use crate::lab::act::Doer;
use crate::lab::machine::LabFile;
use crate::lab::outcome::{ActResult, failed};
use crate::plan::written::{RunFolder, Written};

impl Doer<'_> {
    pub(crate) fn spare(&mut self, path: &str) -> String {
        self.machine.left = true;
        self.left_alone = true;
        format!("{path} is no longer what gangplank wrote: left alone\n")
    }

    fn is_ours(&self, path: &str, written: &Written) -> bool {
        written.is(self.machine.hash(path).as_deref())
    }

    pub(crate) fn put_back(
        &mut self,
        path: &str,
        run: &RunFolder,
        old: &str,
        new: &Written,
        mode: &str,
    ) -> ActResult {
        if !self.is_ours(path, new) {
            return Ok(self.spare(path));
        }
        let copy = format!("{}/{old}", self.folder_of_run(run.id().unwrap_or_default()));
        let Some(kept) = self.machine.files.get(&copy) else {
            return failed(format!("cp: cannot stat '{copy}': No such file or directory"));
        };
        self.room()?;
        let (mode, owner) = mode.split_once(' ').unwrap_or((mode, "root:root"));
        let file = LabFile { bytes: kept.bytes.clone(), mode: mode.to_owned(), owner: owner.to_owned() };
        self.machine.files.insert(path.to_owned(), file);
        Ok(String::new())
    }

    pub(crate) fn take_away(&mut self, path: &str, new: &Written) -> String {
        if !self.machine.files.contains_key(path) {
            return String::new();
        }
        if !self.is_ours(path, new) {
            return self.spare(path);
        }
        self.machine.files.remove(path);
        String::new()
    }

    pub(crate) fn take_dir(&mut self, path: &str) -> String {
        match self.machine.names(path) {
            None => String::new(),
            Some(names) if names.is_empty() => {
                self.machine.folders.remove(path);
                String::new()
            }
            Some(_) if self.machine.here => String::new(),
            Some(_) => format!("{path} is not empty: it stays\n"),
        }
    }

    pub(crate) fn take_image(&mut self, name: &str) -> String {
        let used = self.machine.containers.iter().any(|one| one.image == name);
        if used || !self.machine.runtime_runs() || !self.machine.images.iter().any(|one| one.name == name) {
            return format!("{name} is still in use: it stays\n");
        }
        self.machine.images.retain(|one| one.name != name);
        String::new()
    }

    pub(crate) fn clean_pods(&mut self) -> ActResult {
        if !self.machine.runtime_runs() {
            return failed(self.machine.no_runtime());
        }
        self.machine.containers.retain(|one| !one.name.starts_with("k8s_"));
        self.machine.rules = false;
        Ok(String::new())
    }

    pub(crate) fn forget(&mut self, run: &str) -> String {
        let folder = self.folder_of_run(run);
        if self.machine.left {
            return format!("{folder} is kept: it holds what was there before\n");
        }
        let inside = format!("{folder}/");
        self.machine.files.retain(|path, _| !path.starts_with(&inside));
        self.machine.folders.remove(&folder);
        let state = self.machine.state.clone();
        // On this computer the folder is the session's and stays.
        if !self.machine.here && self.machine.names(&state).is_some_and(|names| names.is_empty()) {
            self.machine.folders.remove(&state);
        }
        String::new()
    }
}
