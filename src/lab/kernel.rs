//! The kernel of a lab machine, as far as pods need it: what is set now, what is loaded, and what files say for its next
//! start.

use crate::lab::act::Doer;
use crate::lab::machine::{LabKernel, LabMachine, parent};
use crate::lab::outcome::{ActResult, failed};
use crate::plan::record::RecordKind;
use std::ffi::OsStr;
use std::path::Path;

/// Settings of bridges: they are there with `br_netfilter`, which sets them to 1.
const OF_BRIDGES: &str = "net.bridge.";
/// The module that they come with.
const BRIDGE_MODULE: &str = "br_netfilter";
/// Where files for the next start lie.
const SYSCTL_FILES: &str = "/etc/sysctl.d";
const MODULE_FILES: &str = "/etc/modules-load.d";

impl LabKernel {
    /// A setting; `None` = there is none of this name.
    fn get(&self, key: &str) -> Option<&str> {
        if self.no_bridge_filter && key.starts_with(OF_BRIDGES) {
            return None;
        }
        Some(self.sysctls.get(key).map_or("1", String::as_str))
    }
}

/// Answers what is asked of the kernel.
pub(crate) fn kernel_lines(machine: &LabMachine, keys: &[String], say: &mut impl FnMut(&str, String)) {
    for key in keys {
        if let Some(value) = machine.kernel.get(key) {
            say("sysctl", format!("{key} {value}"));
        }
    }
    say("overlay", "1".to_owned());
    if !machine.kernel.no_bridge_filter {
        say("bridge", "1".to_owned());
    }
    say("modules", "1".to_owned());
    for (path, file) in
        machine.files.iter().filter(|(path, _)| Path::new(path).extension() == Some(OsStr::new("conf")))
    {
        let text = String::from_utf8_lossy(&file.bytes);
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';']));
        match parent(path) {
            SYSCTL_FILES => {
                for (key, value) in lines.filter_map(|line| line.split_once('=')) {
                    if keys.iter().any(|wanted| wanted == key.trim()) {
                        say("kept-sysctl", format!("{} {} {path}", key.trim(), value.trim()));
                    }
                }
            }
            MODULE_FILES => lines
                .filter(|line| [BRIDGE_MODULE, "overlay"].contains(line))
                .for_each(|line| say("kept-module", format!("{line} {path}"))),
            _ => {}
        }
    }
    say("done", String::new());
}

impl Doer<'_> {
    /// `set_sysctl KEY VALUE`.
    pub(crate) fn set_sysctl(&mut self, key: &str, value: &str) -> ActResult {
        let Some(old) = self.machine.kernel.get(key).map(str::to_owned) else {
            let path = key.replace('.', "/");
            return failed(format!("cat: /proc/sys/{path}: No such file or directory"));
        };
        if old != value {
            self.note(RecordKind::Sysctl, key, &old, value, "")?;
            self.machine.kernel.sysctls.insert(key.to_owned(), value.to_owned());
        }
        Ok(String::new())
    }

    /// `take_sysctl KEY OLD NEW`.
    pub(crate) fn take_sysctl(&mut self, key: &str, old: &str, new: &str) -> String {
        match self.machine.kernel.get(key) {
            Some(is) if is == new => {
                self.machine.kernel.sysctls.insert(key.to_owned(), old.to_owned());
                String::new()
            }
            Some(is) if is != old => self.spare(key),
            Some(_) | None => String::new(),
        }
    }

    /// `load_module NAME`.
    pub(crate) fn load_module(&mut self, name: &str) -> ActResult {
        self.note(RecordKind::Module, name, "", "", "")?;
        if name == BRIDGE_MODULE {
            self.machine.kernel.no_bridge_filter = false;
        }
        Ok(String::new())
    }
}
