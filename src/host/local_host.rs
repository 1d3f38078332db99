//! This computer, worked on in Rust rather than through a shell, so that it may be a Mac too: the admin's
//! key, its certificate, the kubeconfig. Keys are 0600 from their first byte, files are renamed into place,
//! and what is replaced is kept in the session's folder with a record, as on every other host.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::batch::Batch;
use super::program_folder::program_folder;
use super::reader::{ActionEnd, BatchEnd, BatchProgress};
use crate::host::whole_file::{self, WholeFile};
use crate::host::{Host, HostTrouble, LiveStream, Pipe, Stop, answer};
use crate::limits;
use crate::limits::time::PROGRAM;
use crate::pki;
use crate::plan::action::{Action, Content, KeyAlgorithm, sha256};
use crate::plan::fact::{Fact, FactQuery, Facts, FileFact, KeyFact, Known};
use crate::plan::record::{self, Record, RecordKind, RecordLine};
use crate::plan::redact;
use crate::plan::written::{RunFolder, Written};

/// Largest file whose content is read, bytes.
const LARGEST: u64 = 256 << 10;

/// What an action did.
#[derive(Default)]
struct Done {
    /// What it says.
    out: String,
    /// It left something as it is, because that is no longer what gangplank wrote.
    left_alone: bool,
}

impl Done {
    fn says(out: String) -> Self {
        Self { out, left_alone: false }
    }

    fn left_alone(path: &Path) -> Self {
        let out = format!("{} is no longer what gangplank wrote: left alone", path.display());
        Self { out, left_alone: true }
    }
}

/// This computer.
pub struct LocalHost {
    state: PathBuf,
}

impl LocalHost {
    /// `state` is the folder for what is kept and recorded; it is made when something is changed.
    pub fn new(state: PathBuf) -> Self {
        Self { state }
    }

    fn run_folder(&self, run: &str) -> std::io::Result<PathBuf> {
        let folder = self.state.join(run);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        Ok(folder)
    }

    fn note(
        &self,
        run: &str,
        kind: RecordKind,
        path: &str,
        old: &str,
        new: &str,
        mode: &str,
    ) -> std::io::Result<()> {
        let time = jiff::Timestamp::now().as_second();
        let line = RecordLine {
            v: record::VERSION,
            run: run.to_owned(),
            kind,
            path: path.to_owned(),
            old: old.to_owned(),
            new: new.to_owned(),
            mode: mode.to_owned(),
            time,
        };
        let text = serde_json::to_string(&line).map_err(std::io::Error::other)?;
        let file = self.run_folder(run)?.join("record.jsonl");
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
        file.write_all(format!("{text}\n").as_bytes())?;
        file.sync_all()
    }

    /// Keeps a copy of what is there; its hash and mode, empty when nothing is.
    fn keep(&self, run: &str, path: &Path) -> std::io::Result<(String, String)> {
        let content = match limits::file::read(path, &limits::TEXT_FILE) {
            Ok(content) => content,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok((String::new(), String::new()));
            }
            // It is there and would be lost.
            Err(error) => return Err(error),
        };
        let hash = sha256(&content);
        let copy = self.run_folder(run)?.join(&hash);
        if !copy.exists() {
            whole_file::replace(&copy, &content, 0o600)?;
        }
        Ok((hash, mode_of(path)))
    }

    fn put(&self, run: &str, kind: RecordKind, path: &str, content: &[u8], mode: u32) -> std::io::Result<()> {
        let target = Path::new(path);
        if target.is_symlink() {
            let why = "is a symbolic link: nothing is written over it; put the file itself there, or remove the link";
            return Err(std::io::Error::other(format!("{path} {why}")));
        }
        let (old, was) = self.keep(run, target)?;
        let part = WholeFile::beside(target, content, mode)?;
        self.note(run, kind, path, &old, &sha256(content), &was)?;
        part.settle(target)
    }

    fn make_dir(&self, run: &str, path: &Path, mode: u32) -> std::io::Result<()> {
        if path.is_dir() || path.as_os_str().is_empty() {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            self.make_dir(run, parent, 0o755)?;
        }
        self.note(run, RecordKind::Dir, &path.display().to_string(), "", "", "")?;
        fs::DirBuilder::new().mode(mode).create(path)
    }

    fn act(&self, run: &str, action: &Action) -> Result<Done, String> {
        let words = |error: std::io::Error| error.to_string();
        match action {
            Action::MakeDir { path, mode } => {
                self.make_dir(run, Path::new(path), octal(mode)).map(|()| Done::default()).map_err(words)
            }
            Action::MakeKey { path, kind } => {
                let kind = match kind {
                    KeyAlgorithm::Rsa2048 => pki::NewKey::Rsa2048,
                    KeyAlgorithm::P256 => pki::NewKey::P256,
                };
                let key = pki::make_key(kind).map_err(|error| error.to_string())?;
                self.put(run, RecordKind::Key, path, key.as_bytes(), 0o600)
                    .map(|()| Done::default())
                    .map_err(words)
            }
            Action::MakeCsr { key, wish, .. } => {
                let text = limits::file::read_text(Path::new(key), &limits::PEM)
                    .map(zeroize::Zeroizing::new)
                    .map_err(words)?;
                pki::make_csr(&text, &wish.cn).map(Done::says).map_err(|error| error.to_string())
            }
            Action::Put { path, content: Content::Literal(bytes), mode, .. } => self
                .put(run, RecordKind::Put, path, bytes, octal(mode))
                .map(|()| Done::default())
                .map_err(words),
            Action::Kubectl { args } => kubectl(args).map(Done::says),
            Action::Script { title, text, .. } => match text.strip_prefix("keep_for_undo ") {
                Some(path) => {
                    let path = shell_words::split(path).map_err(|error| error.to_string())?.concat();
                    let (old, mode) = self.keep(run, Path::new(&path)).map_err(words)?;
                    self.note(run, RecordKind::Merge, &path, &old, "", &mode)
                        .map(|()| Done::default())
                        .map_err(words)
                }
                None if text.starts_with("note_merged ") => {
                    let words_of = shell_words::split(text).map_err(|error| error.to_string())?;
                    let path = words_of.get(1).cloned().unwrap_or_default();
                    let new = limits::file::read(Path::new(&path), &limits::TEXT_FILE)
                        .map(|content| sha256(&content))
                        .map_err(words)?;
                    self.note(run, RecordKind::Merged, &path, "", &new, "")
                        .map(|()| Done::default())
                        .map_err(words)
                }
                None if text.starts_with("restrict ") => {
                    let words_of = shell_words::split(text).map_err(|error| error.to_string())?;
                    let path = words_of.get(1).cloned().unwrap_or_default();
                    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
                        .map(|()| Done::default())
                        .map_err(words)
                }
                None => Err(format!("{title} is not done on this computer")),
            },
            Action::RestoreFile { path, run: from, old, new, mode } => {
                self.put_back(path, from, old, new, mode).map_err(words)
            }
            Action::UndoCreate { path, new } => take_away(Path::new(path), new).map_err(words),
            Action::UndoMakeDir { path } => Ok(match fs::remove_dir(path) {
                Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => {
                    Done::says(format!("{path} is not empty: it stays"))
                }
                Ok(()) | Err(_) => Done::default(),
            }),
            Action::DeleteRecord { run } => {
                fs::remove_dir_all(self.state.join(run)).map(|()| Done::default()).map_err(words)
            }
            other => Err(format!("{} is not done on this computer", other.title())),
        }
    }

    fn put_back(
        &self,
        path: &str,
        run: &RunFolder,
        old: &str,
        new: &Written,
        mode: &str,
    ) -> std::io::Result<Done> {
        let target = Path::new(path);
        if !new.is(limits::file::read(target, &limits::TEXT_FILE)
            .map(|content| sha256(&content))
            .ok()
            .as_deref())
        {
            return Ok(Done::left_alone(target));
        }
        let run = run.id().ok_or_else(|| std::io::Error::other("what was there before is not kept yet"))?;
        let content = limits::file::read(&self.state.join(run).join(old), &limits::TEXT_FILE)?;
        // A link that somebody keeps the file behind stays one.
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        whole_file::replace(&target, &content, octal(mode.split(' ').next().unwrap_or("600")))?;
        Ok(Done::default())
    }

    fn ask(&self, want: &FactQuery) -> Known<Fact> {
        match want {
            FactQuery::File { path, content } => file(Path::new(path), *content),
            FactQuery::Key(path) => key(Path::new(path)),
            FactQuery::Folder(path) => match fs::read_dir(path) {
                Ok(entries) => {
                    let names = entries
                        .filter_map(Result::ok)
                        .map(|entry| entry.file_name().to_string_lossy().into_owned().into());
                    Known::Yes(Fact::Folder(Some(names.collect())))
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Known::Yes(Fact::Folder(None)),
                Err(error) => Known::No(error.to_string()),
            },
            FactQuery::Tar(path) => tar(Path::new(path)),
            FactQuery::ProgramFolder(path) => program_folder(Path::new(path)),
            FactQuery::Record => Known::Yes(Fact::Record(self.record())),
            _ => Known::NotAsked,
        }
    }

    /// What earlier runs wrote down here, oldest first.
    fn record(&self) -> Record {
        let Ok(entries) = fs::read_dir(&self.state) else { return Record::default() };
        let mut runs: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        runs.sort();
        let texts: Vec<String> = runs
            .iter()
            .filter_map(|run| limits::file::read(&run.join("record.jsonl"), &limits::OWN_FILE).ok())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .collect();
        Record::read(texts.iter().flat_map(|text| text.lines()))
    }
}

fn octal(mode: &str) -> u32 {
    u32::from_str_radix(mode, 8).unwrap_or(0o600)
}

fn mode_of(path: &Path) -> String {
    fs::metadata(path).map(|meta| format!("{:o} -", meta.mode() & 0o7777)).unwrap_or_default()
}

fn take_away(path: &Path, new: &Written) -> std::io::Result<Done> {
    match limits::file::read(path, &limits::TEXT_FILE) {
        Ok(content) if *new == Written::Nothing || new.is(Some(&sha256(&content))) => {
            fs::remove_file(path).map(|()| Done::default())
        }
        Ok(_) => Ok(Done::left_alone(path)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Done::default()),
        Err(error) => Err(error),
    }
}

fn file(path: &Path, content: bool) -> Known<Fact> {
    let meta = match fs::metadata(path) {
        Ok(meta) if meta.is_file() => meta,
        Ok(_) => return Known::No(format!("{} is not a file", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Known::Yes(Fact::File(None)),
        Err(error) => return Known::No(format!("{}: {error}", path.display())),
    };
    match limits::file::read(path, &limits::TEXT_FILE) {
        Ok(bytes) => Known::Yes(Fact::File(Some(FileFact {
            sha256: sha256(&bytes),
            mode: format!("{:o}", meta.mode() & 0o7777),
            owner: "-".into(),
            size: meta.len(),
            content: (content && meta.len() <= LARGEST).then_some(bytes),
            holds_key: false,
            written_s: Some(meta.mtime()),
        }))),
        Err(error) => Known::No(format!("{}: {error}", path.display())),
    }
}

fn key(path: &Path) -> Known<Fact> {
    let bytes = match limits::file::read_secret(path, &limits::PEM) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Known::Yes(Fact::Key(None)),
        Err(error) => return Known::No(format!("{}: {error}", path.display())),
    };
    let encrypted = pki::needs_passphrase(&bytes);
    let public = pki::private_spki_sha256(&bytes).unwrap_or_default();
    let public_known = !public.is_empty();
    Known::Yes(Fact::Key(Some(KeyFact {
        mode: mode_of(path).trim_end_matches(" -").to_owned(),
        owner: "-".into(),
        spki_sha256: public,
        encrypted,
        sha256: sha256(&bytes),
        signs: pki::key_signs(&bytes, public_known),
    })))
}

/// manifest.json of a tar of images, through the system's tar.
fn tar(path: &Path) -> Known<Fact> {
    let no = |why: String| Known::No(format!("{}: {why}", path.display()));
    // A FIFO or a device would be read for ever.
    if let Err(error) = limits::file::open(path) {
        return no(error.to_string());
    }
    let mut command = Command::new("tar");
    command.arg("-xOf").arg(path).arg("manifest.json");
    match limits::program::output(command, &limits::TAR_MANIFEST, &PROGRAM, &|| false) {
        Ok(output) if output.status.success() => {
            match answer::images_of_manifest(&String::from_utf8_lossy(&output.stdout)) {
                Some(images) => Known::Yes(Fact::Tar(images)),
                None => Known::No(format!(
                    "{} is no tar of images: it has no manifest.json that lists them",
                    path.display()
                )),
            }
        }
        Ok(output) => {
            no(redact::said(String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default()))
        }
        Err(error) => no(error.to_string()),
    }
}

fn kubectl(args: &[String]) -> Result<String, String> {
    let mut command = Command::new("kubectl");
    command.args(args);
    let output = limits::program::output(command, &limits::OUTPUT, &PROGRAM, &|| false)
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(redact::said(String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("kubectl failed")))
}

impl Host for LocalHost {
    fn describe(&self) -> String {
        "this computer".to_owned()
    }

    fn run(&mut self, batch: &Batch, stop: &Stop, hear: &mut dyn FnMut(BatchProgress)) -> BatchEnd {
        let mut end = BatchEnd { complete: true, ..BatchEnd::default() };
        let mut left = false;
        for (index, action) in batch.actions.iter().enumerate() {
            if stop.wanted() {
                end.stopped = true;
                break;
            }
            hear(BatchProgress::Began(index));
            if let (Action::DeleteRecord { run }, true) = (action, left) {
                // The old files stay with the record.
                let line =
                    format!("{} is kept: it holds what was there before", self.state.join(run).display());
                hear(BatchProgress::Said(index, false, line.clone()));
                hear(BatchProgress::Ended(index, 0));
                end.actions.insert(index, ActionEnd { status: Some(0), out: line, ..ActionEnd::default() });
                continue;
            }
            let (status, Done { out, left_alone }, err) = match self.act(&batch.run, action) {
                Ok(done) => (0, done, String::new()),
                Err(why) => (1, Done::default(), why),
            };
            if left_alone {
                left = true;
                hear(BatchProgress::LeftAlone(index));
            }
            if action.yields().is_none() {
                for line in out.lines() {
                    hear(BatchProgress::Said(index, false, redact::said(line)));
                }
            }
            for line in err.lines() {
                hear(BatchProgress::Said(index, true, redact::said(line)));
            }
            hear(BatchProgress::Ended(index, status));
            end.actions.insert(index, ActionEnd { status: Some(status), out, err, left_alone });
            if status != 0 {
                break;
            }
        }
        let mut facts = Facts::default();
        for want in &batch.queries {
            facts.learn(want.clone(), self.ask(want));
        }
        end.facts = facts;
        end
    }

    fn stream(&mut self) -> Result<Box<dyn LiveStream>, HostTrouble> {
        Err(HostTrouble::Unable("this computer has no live stream".to_owned()))
    }

    fn tcp(&mut self, host: &str, port: u16) -> Result<Box<dyn Pipe>, HostTrouble> {
        let stream = std::net::TcpStream::connect((host, port))
            .map_err(|error| HostTrouble::Unable(error.to_string()))?;
        Ok(Box::new(stream))
    }

    fn counts(&self) -> crate::host::WireCounts {
        crate::host::WireCounts::default()
    }

    fn streams(&self) -> usize {
        0
    }
}
