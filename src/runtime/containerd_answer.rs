//! Turns what was asked of containerd into a fact. Its parts come side by side, each under keys of its own; a part that
//! is missing hides no other.

use std::collections::BTreeMap;

use openssl::base64;

use super::answer_lines::{AnswerLines, all, first, free_mib, has};
use crate::plan::containerd_fact::{ContainerdFact, ContainerdFile, CriPlugin, NetworkFile, NetworkFolders};
use crate::plan::fact::ImageFact;
use crate::plan::remote::Remote;
use crate::plan::{clean, redact};

/// How `timeout` says that it ended something.
const TIMED_OUT: i32 = 124;
/// What is said of a containerd that let the time pass.
pub const SILENT: &str = "containerd did not answer within 5 s";

/// A name, or a line, is not longer, in columns.
const LONG: usize = 300;
/// As many names of a folder, or lines of complaints, are taken.
const MANY: usize = 200;
/// As many programs of the folders of plugins are taken: the folder may be one of the system's.
const PROGRAMS: usize = 5_000;
/// A file is not longer, in bytes.
const FILE: usize = 64 << 10;
/// The merged configuration is not longer, in bytes.
const DUMP: usize = 256 << 10;
/// As many files of the pod network are taken.
const FILES: usize = 16;

/// What a program said: its lines as they came, what it complained of, and its end.
#[derive(Default)]
struct Uttered<'a> {
    text: Vec<&'a str>,
    complaints: Vec<&'a str>,
    status: Option<i32>,
}

impl<'a> Uttered<'a> {
    fn read(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut said = Self::default();
        for line in lines {
            if let Some(complaint) = line.strip_prefix("! ") {
                said.complaints.push(complaint);
            } else if let Some(status) = line.strip_prefix("= ").and_then(|word| word.trim().parse().ok()) {
                said.status = Some(status);
            } else {
                said.text.push(line);
            }
        }
        said
    }

    /// Why it failed; `None` = it ended well, whatever it warned of.
    fn failure(&self, name: &str, silent: &str) -> Option<Remote<String>> {
        match self.status {
            Some(0) => None,
            Some(TIMED_OUT) => Some(silent.into()),
            Some(status) => {
                let warns = |line: &&&str| line.contains("level=warning") || line.contains("DEPRECATION");
                let told = self.complaints.iter().rfind(|line| !warns(line) && !line.trim().is_empty());
                let told = told.map(|line| redact::said(line));
                Some(told.unwrap_or_else(|| format!("{name} ended with status {status}")).into())
            }
            None => Some(format!("{name} said nothing").into()),
        }
    }
}

/// Bytes that came as base64 in several lines, at most so many.
fn bytes<'a>(lines: impl Iterator<Item = &'a str>, most: usize) -> Vec<u8> {
    let mut all: Vec<u8> = Vec::new();
    for line in lines {
        all.extend(base64::decode_block(line).unwrap_or_default());
        if all.len() >= most {
            all.truncate(most);
            break;
        }
    }
    all
}

fn word(lines: &AnswerLines, key: &str) -> Remote<String> {
    clean::short(first(lines, key).unwrap_or_default(), LONG).into()
}

fn words(lines: &AnswerLines, key: &str) -> Vec<Remote<String>> {
    all(lines, key).take(MANY).map(|name| clean::short(name, LONG).into()).collect()
}

/// What was learnt of containerd from the lines of one question.
pub fn containerd(lines: &AnswerLines) -> ContainerdFact {
    let version = Uttered::read(all(lines, "version"));
    let server = Uttered::read(all(lines, "server"));
    let dump = String::from_utf8_lossy(&bytes(all(lines, "dump"), DUMP)).into_owned();
    let dump = Uttered::read(dump.lines());
    let dump_error = if has(lines, "program") {
        dump.failure("containerd config dump", "containerd config dump did not end within 5 s")
    } else {
        None
    };
    let told = |said: &str| redact::said(said).into();
    let running = running(&server);
    let unheard = first(lines, "deaf").map(told);
    let error = running.is_empty().then(|| {
        unheard
            .unwrap_or_else(|| server.failure("ctr version", SILENT).unwrap_or("it named no version".into()))
    });
    ContainerdFact {
        program: word(lines, "program"),
        // Not asked where the program is the very one that runs.
        version: version.text.first().map_or_else(|| running.clone(), |line| told(line)),
        frozen: running.is_empty() && server.status == Some(TIMED_OUT),
        server: running,
        error: error.unwrap_or_default(),
        file: file(lines),
        dropins: words(lines, "dropin"),
        // Empty lines are kept: an error names a line by its number.
        dump: if dump_error.is_none() { dump.text.join("\n").into() } else { Remote::default() },
        dump_error: dump_error.unwrap_or_default(),
        complaints: dump.complaints.iter().take(MANY).map(|line| told(line)).collect(),
        plugins: plugins(lines),
        plugins_listed: has(lines, "plugins-listed"),
        sandbox_image: word(lines, "sandbox"),
        sandbox_there: first(lines, "sandbox-there").map(|word| word == "1"),
        runc_absent: first(lines, "runc-absent").map(told),
        network: network(lines),
        root: word(lines, "root"),
        free_mib: free_mib(lines).last().copied().flatten(),
        kill_mode: word(lines, "kill-mode"),
        crictl: word(lines, "crictl"),
        socket: socket(lines, "containerd"),
        crio: socket(lines, "crio"),
        cri_dockerd: socket(lines, "cri-dockerd"),
        bridge_iptables: first(lines, "bridge").map(|value| value.trim() == "1"),
        overlay: has(lines, "overlay"),
    }
}

/// The images that its pods have, each with the digest of its configuration: of a name whose digest is not known the id
/// is empty.
///
/// # Errors
/// It did not tell them: why.
pub fn images(lines: &AnswerLines) -> Result<Vec<ImageFact>, String> {
    let failed = Uttered::read(all(lines, "failed"));
    if has(lines, "failed") {
        let silent = failed.status == Some(TIMED_OUT);
        let named = failed.text.first().map(|line| redact::said(line));
        let told = failed.failure("ctr images ls", "containerd did not name its images within 20 s");
        return Err(named
            .filter(|_| !silent)
            .or_else(|| told.map(String::from))
            .unwrap_or_else(|| SILENT.to_owned()));
    }
    if !has(lines, "done") {
        return Err("the answer was cut off".to_owned());
    }
    let pair = |line: &'_ str| {
        let (one, two) = line.split_once(' ')?;
        Some((one.to_owned(), two.trim().to_owned()))
    };
    let rows: Vec<(String, String)> = all(lines, "image").filter_map(pair).collect();
    // What a name points to, and the configuration of that: its record is named by it, or it was looked up.
    let mut configs: BTreeMap<String, String> = all(lines, "config").filter_map(pair).collect();
    configs.extend(
        rows.iter()
            .filter(|(name, _)| name.starts_with("sha256:"))
            .map(|(config, target)| (target.clone(), config.clone())),
    );
    let names = rows.iter().filter(|(name, _)| !name.contains("sha256:"));
    Ok(names
        .map(|(name, target)| ImageFact {
            name: clean::short(name, LONG).into(),
            id: clean::short(
                configs.get(target).map_or("", |config| config.trim_start_matches("sha256:")),
                LONG,
            )
            .into(),
        })
        .collect())
}

fn socket(lines: &AnswerLines, name: &str) -> bool {
    all(lines, "socket").any(|there| there == name)
}

/// The version below `Server:`; above it stands the one of ctr itself.
fn running(server: &Uttered) -> Remote<String> {
    if server.status != Some(0) {
        return Remote::default();
    }
    let mut below = server.text.iter().skip_while(|line| line.trim() != "Server:");
    let version = below.find_map(|line| line.trim().strip_prefix("Version:"));
    version.map(|version| clean::short(version, LONG).into()).unwrap_or_default()
}

fn file(lines: &AnswerLines) -> ContainerdFile {
    let error = word(lines, "file-odd");
    let read = has(lines, "file-there") && error.is_empty();
    let text = read.then(|| String::from_utf8(bytes(all(lines, "file-text"), FILE)));
    let (text, error) = match text {
        Some(Ok(text)) => (Some(text.into()), error),
        Some(Err(bad)) => {
            let good = bad.utf8_error().valid_up_to();
            let line = bad.as_bytes().iter().take(good).filter(|byte| **byte == b'\n').count();
            (None, format!("is not UTF-8 on line {}", line.saturating_add(1)).into())
        }
        None => (None, error),
    };
    let private = first(lines, "file-mode").is_some_and(|mode| mode.trim().ends_with('0'));
    ContainerdFile { path: word(lines, "file"), text, error, private }
}

/// A row for each, and behind it why it did not load.
fn plugins(lines: &AnswerLines) -> Vec<CriPlugin> {
    let mut found: Vec<CriPlugin> = Vec::new();
    for (key, value) in lines {
        let mut columns = value.split_whitespace();
        let (kind, id) = (columns.next().unwrap_or_default(), columns.next().unwrap_or_default());
        match key.as_str() {
            "plugin" if found.len() < MANY => {
                let short = |text: &str| clean::short(text, LONG).into();
                // Between its id and its status stand its platforms, or `-`.
                let status = short(columns.last().unwrap_or_default());
                found.push(CriPlugin { kind: short(kind), id: short(id), status, ..CriPlugin::default() });
            }
            "reason" => {
                if let Some(plugin) = found.iter_mut().find(|one| one.kind == kind && one.id == id) {
                    plugin.reason = redact::said(&columns.collect::<Vec<_>>().join(" ")).into();
                }
            }
            _ => {}
        }
    }
    found
}

/// Each name is followed by its text.
fn network(lines: &AnswerLines) -> NetworkFolders {
    let mut files: Vec<(NetworkFile, Vec<&str>)> = Vec::new();
    for (key, value) in lines {
        match key.as_str() {
            "net" if files.len() < FILES => {
                let name = clean::short(value, LONG).into();
                files.push((NetworkFile { name, ..NetworkFile::default() }, Vec::new()));
            }
            "net-cut" => {
                if let Some((file, _)) = files.last_mut() {
                    file.cut = true;
                }
            }
            "net-text" => {
                if let Some((_, text)) = files.last_mut() {
                    text.push(value);
                }
            }
            _ => {}
        }
    }
    let read = |(file, text): (NetworkFile, Vec<&str>)| NetworkFile {
        text: String::from_utf8_lossy(&bytes(text.into_iter(), FILE)).into_owned().into(),
        ..file
    };
    NetworkFolders {
        conf_dir: word(lines, "conf-dir"),
        files: files.into_iter().map(read).collect(),
        more: has(lines, "net-more"),
        bin_dirs: words(lines, "bin-dir"),
        programs: all(lines, "bin").take(PROGRAMS).map(|name| clean::short(name, LONG).into()).collect(),
    }
}
