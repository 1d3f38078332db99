//! What a changed configuration is tried with before anything is restarted with it.

use crate::lab::act::Doer;
use crate::lab::outcome::{ActResult, failed};
use crate::plan::record::{Record, RecordKind};

impl Doer<'_> {
    /// `containerd_takes PROGRAM FILE CHANGED`: a file that it refuses is put back as it was before.
    pub(crate) fn containerd_takes(&mut self, words: &str) -> ActResult {
        let words = shell_words::split(words).unwrap_or_default();
        let changed = words.get(2).cloned().unwrap_or_default();
        let Err(why) = self.machine.containerd_config() else { return Ok(String::new()) };
        let lines = crate::lab::facts::record(self.machine);
        let record = Record::read(lines.iter().map(String::as_str));
        let last = record.lines.iter().rfind(|line| line.kind == RecordKind::Put && line.path == changed);
        match last.map(|line| line.old.clone()).filter(|old| !old.is_empty()) {
            Some(old) => {
                let kept = format!("{}/{old}", self.folder_of_run(self.run));
                if let Some(file) = self.machine.files.get(&kept).cloned() {
                    self.machine.write(&changed, &file.bytes, "644", &file.owner);
                }
            }
            None => drop(self.machine.files.remove(&changed)),
        }
        failed(format!("{why}\ncontainerd refuses {changed}: it is as it was before"))
    }
}
