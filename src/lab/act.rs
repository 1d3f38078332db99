//! What each action does to a lab machine: the same that the words of `assets/host/prelude.sh` do, the
//! record's line written before the change, old content kept by its hash, `.part` files never seen.

use zeroize::Zeroizing;

use crate::lab::faults::Fault;
use crate::lab::machine::{LabFile, LabMachine, LabTar, LabUnit, parent};
use crate::lab::outcome::{ActResult, Failed, failed};
use crate::lab::seed::Seed;
use crate::pki::{self, PkiError};
use crate::plan::action::{Action, CertificateSpec, Verb, sha256};
use crate::plan::fact::ImageFact;
use crate::plan::record::{self, RecordKind, RecordLine};

/// What an action carries, fetched before it begins.
#[derive(Debug, Clone)]
pub(crate) enum Carried {
    /// It needs nothing that is sent.
    Nothing,
    /// A file's bytes.
    Bytes(Vec<u8>),
    /// An image tar.
    Tar(LabTar),
}

/// Does actions of one run on one machine.
pub(crate) struct Doer<'a> {
    /// The machine.
    pub machine: &'a mut LabMachine,
    /// Run id.
    pub run: &'a str,
    /// Seconds since 1970 by the machine's clock.
    pub seconds: i64,
    /// Milliseconds of the lab.
    pub latest: u64,
    /// What is drawn lots for.
    pub seed: &'a mut Seed,
    /// The key that is to be made, drawn beforehand as that takes its time.
    pub key: Option<Result<Zeroizing<String>, PkiError>>,
    /// What an action printed before it failed.
    pub out: String,
    /// It left something as it is, because that is no longer what gangplank wrote.
    pub left_alone: bool,
}

impl Doer<'_> {
    /// Carries an action out.
    pub fn act(&mut self, action: &Action, carried: &Carried) -> ActResult {
        match action {
            Action::MakeDir { path, mode } => self.make_dir(path, mode),
            Action::MakeKey { path, .. } => self.make_key(path),
            Action::MakeCsr { key, wish, .. } => self.make_csr(key, wish),
            Action::Put { path, mode, owner, .. } => match carried {
                Carried::Bytes(bytes) => self.settle(RecordKind::Put, path, bytes, mode, owner),
                Carried::Tar(_) | Carried::Nothing => failed(format!("{path}: nothing arrived")),
            },
            Action::LoadImage { tar, names, .. } => self.load_image(tar, names),
            Action::SendImage { names, .. } => match carried {
                Carried::Tar(tar) => self.load(&tar.clone(), names),
                Carried::Bytes(_) | Carried::Nothing => {
                    failed("open /var/lib/gangplank/.image.part: invalid tar header")
                }
            },
            Action::SendProgram { .. } | Action::TryPrograms { .. } | Action::PlaceProgram { .. } => {
                failed("a machine of the demo takes no programs")
            }
            Action::Service { verb, unit } => self.service(*verb, unit),
            Action::RestartPod { container, .. } => self.restart_pod(container),
            Action::Remove { path } => self.remove(path),
            // A lab kubelet takes every configuration, and is up as soon as it is started.
            Action::CheckKubelet { .. } | Action::ProveKubelet { .. } | Action::KeepModule { .. } => {
                Ok(String::new())
            }
            Action::SetSysctl { key, value } => self.set_sysctl(key, value),
            Action::LoadModule { name } => self.load_module(name),
            Action::UndoSysctl { key, old, new } => Ok(self.take_sysctl(key, old, new)),
            Action::NoteForeign { unit } => {
                self.note(RecordKind::Foreign, unit, "", "", "").map(|()| String::new())
            }
            Action::NoteNode { name, unknown } => {
                let kind = if *unknown { RecordKind::NodeUnknown } else { RecordKind::Node };
                self.note(kind, name, "", "", "").map(|()| String::new())
            }
            Action::RestoreFile { path, run, old, new, mode } => self.put_back(path, run, old, new, mode),
            Action::UndoCreate { path, new } => Ok(self.take_away(path, new)),
            Action::UndoMakeDir { path } => Ok(self.take_dir(path)),
            Action::UndoLoadImage { name, .. } => Ok(self.take_image(name)),
            Action::CleanPods { .. } => self.clean_pods(),
            Action::DeleteRecord { run } => Ok(self.forget(run)),
            Action::Kubectl { args } if self.machine.here => crate::lab::kubectl::config(self.machine, args),
            Action::Script { title, text, .. } => self.script(title, text, carried),
            Action::Kubectl { .. } | Action::KubeApply { .. } | Action::KubeDelete { .. } => {
                Err(Failed(127, "sh: 1: kubectl: not found".to_owned()))
            }
            Action::Sign { .. } => failed("a certificate is signed where the CA is"),
        }
    }

    pub(crate) fn room(&self) -> Result<(), Failed> {
        if self.machine.faults.has(&Fault::DiskFull) {
            return failed("head: error writing 'standard output': No space left on device");
        }
        Ok(())
    }

    pub(crate) fn folder_of_run(&self, run: &str) -> String {
        format!("{}/{run}", self.machine.state)
    }

    fn home(&mut self) -> Result<String, Failed> {
        self.room()?;
        let folder = self.folder_of_run(self.run);
        if !self.machine.folders.contains_key(&folder) {
            let state = self.machine.state.clone();
            self.machine.folders.insert(state, "700".to_owned());
            self.machine.folders.insert(folder.clone(), "700".to_owned());
        }
        Ok(folder)
    }

    pub(crate) fn note(
        &mut self,
        kind: RecordKind,
        path: &str,
        old: &str,
        new: &str,
        mode: &str,
    ) -> Result<(), Failed> {
        let record = format!("{}/record.jsonl", self.home()?);
        let line = RecordLine {
            v: record::VERSION,
            run: self.run.to_owned(),
            kind,
            path: path.to_owned(),
            old: old.to_owned(),
            new: new.to_owned(),
            mode: mode.to_owned(),
            time: self.seconds,
        };
        let Ok(text) = serde_json::to_string(&line) else { return failed("the record's line") };
        let owner = if self.machine.here { "-" } else { "root:root" };
        let file = self.machine.files.entry(record).or_insert_with(|| LabFile {
            bytes: Vec::new(),
            mode: "644".to_owned(),
            owner: owner.to_owned(),
        });
        file.bytes.extend_from_slice(text.as_bytes());
        file.bytes.push(b'\n');
        Ok(())
    }

    /// Keeps a copy of what is there; its hash, mode and owner.
    fn keep(&mut self, path: &str) -> Result<(String, String), Failed> {
        let Some(file) = self.machine.files.get(path).cloned() else {
            return Ok((String::new(), String::new()));
        };
        let hash = sha256(&file.bytes);
        let copy = format!("{}/{hash}", self.home()?);
        let kept = LabFile { mode: "600".to_owned(), ..file.clone() };
        self.machine.files.entry(copy).or_insert(kept);
        Ok((hash, format!("{} {}", file.mode, file.owner)))
    }

    fn settle(&mut self, kind: RecordKind, path: &str, bytes: &[u8], mode: &str, owner: &str) -> ActResult {
        let folder = parent(path);
        if folder != "/" && !self.machine.folders.contains_key(folder) {
            let name = path.rsplit('/').next().unwrap_or_default();
            return Err(Failed(
                1,
                format!("sh: 1: cannot create {folder}/.{name}.part: Directory nonexistent"),
            ));
        }
        self.room()?;
        let (old, was) = self.keep(path)?;
        self.note(kind, path, &old, &sha256(bytes), &was)?;
        let owner = match (owner, self.machine.here) {
            (_, true) => "-",
            ("-", false) => "root:root",
            (owner, false) => owner,
        };
        let mode = mode.trim_start_matches('0').to_owned();
        let file = LabFile { bytes: bytes.to_vec(), mode, owner: owner.to_owned() };
        self.machine.files.insert(path.to_owned(), file);
        Ok(String::new())
    }

    fn remove(&mut self, path: &str) -> ActResult {
        if self.machine.files.contains_key(path) {
            let (old, was) = self.keep(path)?;
            self.note(RecordKind::Put, path, &old, "", &was)?;
            self.machine.files.remove(path);
        }
        Ok(String::new())
    }

    fn make_dir(&mut self, path: &str, mode: &str) -> ActResult {
        if path.is_empty() || path == "/" || self.machine.folders.contains_key(path) {
            return Ok(String::new());
        }
        if self.machine.files.contains_key(path) {
            return failed(format!("mkdir: cannot create directory '{path}': File exists"));
        }
        self.make_dir(parent(path), "0755")?;
        self.note(RecordKind::Dir, path, "", "", "")?;
        self.machine.folders.insert(path.to_owned(), mode.trim_start_matches('0').to_owned());
        Ok(String::new())
    }

    fn make_key(&mut self, path: &str) -> ActResult {
        if !self.machine.here && self.machine.build.openssl.is_empty() {
            return Err(Failed(127, "sh: 1: openssl: not found".to_owned()));
        }
        let key = match self.key.take() {
            Some(key) => key.map_err(|error| Failed(1, error.to_string()))?,
            None => return failed("no key was drawn"),
        };
        self.settle(RecordKind::Key, path, key.as_bytes(), "0600", "-")
    }

    fn make_csr(&mut self, key: &str, wish: &CertificateSpec) -> ActResult {
        if !self.machine.here && self.machine.build.openssl.is_empty() {
            return Err(Failed(127, "sh: 1: openssl: not found".to_owned()));
        }
        let Some(file) = self.machine.files.get(key) else {
            return failed(format!("Could not open file or uri for loading private key from {key}"));
        };
        let made = if self.machine.here {
            let text = Zeroizing::new(String::from_utf8_lossy(&file.bytes).into_owned());
            pki::make_csr(&text, &wish.cn).ok()
        } else {
            crate::lab::ca::request(&file.bytes, wish).ok()
        };
        made.ok_or_else(|| Failed(1, format!("Could not read private key from {key}")))
    }

    fn load_image(&mut self, path: &str, names: &[String]) -> ActResult {
        if let Some(tar) = self.machine.tars.get(path).cloned() {
            return self.load(&tar, names);
        }
        for name in names {
            let old =
                self.machine.images.iter().find(|image| image.name == *name).map(|image| image.id.clone());
            self.note(RecordKind::Image, name, &String::from(old.unwrap_or_default()), "", "")?;
        }
        failed(format!("open {path}: no such file or directory"))
    }

    fn load(&mut self, tar: &LabTar, names: &[String]) -> ActResult {
        self.room()?;
        for name in names {
            self.note(RecordKind::Image, name, "", "", "")?;
        }
        if !self.machine.runtime_runs() {
            return failed(self.machine.no_runtime());
        }
        for image in &tar.images {
            self.machine.images.retain(|known| known.name != image.name);
            self.machine.images.push(image.clone());
        }
        self.machine.images.sort();
        let containerd = self.machine.has_containerd();
        let said = |image: &ImageFact| {
            if containerd {
                format!("unpacking {} (sha256:{})...done\n", image.name, image.id)
            } else {
                format!("Loaded image: {}\n", image.name)
            }
        };
        let said: Vec<String> = tar.images.iter().map(said).collect();
        Ok(said.concat())
    }

    fn service(&mut self, verb: Verb, name: &str) -> ActResult {
        let name = name.trim_end_matches(".service");
        let word = |yes: bool, is: &str, not: &str| if yes { is.to_owned() } else { not.to_owned() };
        let unit = self.machine.units.get(name).cloned().unwrap_or_default();
        match verb {
            Verb::DaemonReload => {
                for name in self.machine.units.keys().cloned().collect::<Vec<_>>() {
                    self.read_unit(&name);
                }
                return Ok(String::new());
            }
            Verb::Enable => {
                let was = if self.machine.has_unit(name) {
                    word(unit.enabled, "enabled", "disabled")
                } else {
                    String::new()
                };
                self.note(RecordKind::Enable, name, &was, "enabled", "")?;
            }
            Verb::Start | Verb::Restart => {
                let down = self.is_runtime(name) && self.machine.faults.has(&Fault::RuntimeDown);
                self.note(
                    RecordKind::Start,
                    name,
                    &word(unit.active && !down, "active", "inactive"),
                    "active",
                    "",
                )?;
            }
            Verb::Stop | Verb::Disable => {}
        }
        if !self.machine.has_unit(name) && !unit.active {
            if matches!(verb, Verb::Stop | Verb::Disable) {
                return Ok(String::new());
            }
            return match verb {
                Verb::Enable | Verb::Disable => failed(format!(
                    "Failed to {} unit: Unit file {name}.service does not exist.",
                    verb.word()
                )),
                _ => Err(Failed(
                    5,
                    format!("Failed to {} {name}.service: Unit {name}.service not found.", verb.word()),
                )),
            };
        }
        self.turn(verb, name);
        if name == "containerd" && matches!(verb, Verb::Start | Verb::Restart) && self.machine.cri.is_none() {
            return failed(
                "Job for containerd.service failed because the control process exited with error code.",
            );
        }
        if matches!(verb, Verb::Start | Verb::Restart) {
            self.note(RecordKind::Started, name, "", "", "")?;
        }
        Ok(String::new())
    }

    fn turn(&mut self, verb: Verb, name: &str) {
        match verb {
            Verb::Enable | Verb::Disable => {
                self.read_unit(name);
                self.unit(name).enabled = verb == Verb::Enable;
            }
            Verb::Start | Verb::Restart
                if self.is_runtime(name) && self.machine.faults.has(&Fault::RuntimeDown) =>
            {
                self.machine.faults.set.retain(|fault| *fault != Fault::RuntimeDown);
                self.unit(name).active = true;
                self.machine.start_containerd();
            }
            Verb::Start if self.unit(name).active => {}
            Verb::Start | Verb::Restart => {
                if self.is_runtime(name) {
                    self.machine.faults.set.retain(|fault| *fault != Fault::RuntimeFrozen);
                }
                if self.unit(name).loaded.is_none() {
                    self.read_unit(name);
                }
                self.unit(name).active = true;
                if name == "kubelet" {
                    self.machine.start_kubelet(self.latest);
                }
                if name == "containerd" && !self.machine.start_containerd() {
                    self.unit(name).active = false;
                }
            }
            Verb::Stop => {
                self.unit(name).active = false;
                if name == "kubelet" {
                    self.machine.process = None;
                }
            }
            Verb::DaemonReload => {}
        }
        self.machine.forget_unit(name);
    }

    fn is_runtime(&self, unit: &str) -> bool {
        self.machine.runtime().is_some_and(|runtime| runtime.name() == unit)
    }

    fn unit(&mut self, name: &str) -> &mut LabUnit {
        self.machine.units.entry(name.to_owned()).or_default()
    }

    fn read_unit(&mut self, name: &str) {
        let text = self.machine.unit_file(name);
        let unit = self.unit(name);
        if !unit.builtin {
            unit.loaded = text;
        }
        self.machine.forget_unit(name);
    }

    fn restart_pod(&mut self, container: &str) -> ActResult {
        if !self.machine.runtime_runs() {
            return failed(self.machine.no_runtime());
        }
        let latest = self.latest;
        let is = |name: &str| {
            let rest = name.strip_prefix("k8s_").and_then(|name| name.strip_prefix(container));
            rest.is_some_and(|rest| rest.starts_with(['.', '_']))
        };
        for one in self.machine.containers.iter_mut().filter(|one| is(&one.name)) {
            // The kubelet starts a new container in its place.
            one.id = sha256(one.id.as_bytes());
            one.created = latest;
            one.started = latest;
        }
        self.note(RecordKind::Restarted, container, "", "", "").map(|()| String::new())
    }

    fn script(&mut self, title: &str, text: &str, carried: &Carried) -> ActResult {
        if let Some(path) = text.strip_prefix("keep_for_undo ") {
            let path = shell_words::split(path).map(|words| words.concat()).unwrap_or_default();
            let (old, mode) = self.keep(&path)?;
            return self.note(RecordKind::Merge, &path, &old, "", &mode).map(|()| String::new());
        }
        if let Some(path) = text.strip_prefix("note_merged ") {
            let path = shell_words::split(path).map(|words| words.concat()).unwrap_or_default();
            let new = self.machine.hash(&path).unwrap_or_default();
            return self.note(RecordKind::Merged, &path, "", &new, "").map(|()| String::new());
        }
        if let Some(words) = text.strip_prefix("containerd_takes ") {
            return self.containerd_takes(words);
        }
        if let Some(path) = text.strip_prefix("restrict ") {
            let path = shell_words::split(path).map(|words| words.concat()).unwrap_or_default();
            let owner = if self.machine.here { "-" } else { "root:root" };
            if let Some(file) = self.machine.files.get_mut(&path) {
                "600".clone_into(&mut file.mode);
                owner.clone_into(&mut file.owner);
            }
            return Ok(String::new());
        }
        if let Some(done) = self.of_found(text) {
            return done;
        }
        if text.contains("openssl ca ") {
            let secret = if let Carried::Bytes(bytes) = carried { bytes.as_slice() } else { &[] };
            let (out, err) = crate::lab::ca::sign(self.machine, text, secret, self.seed);
            return if err.is_empty() {
                Ok(out)
            } else {
                self.out = out;
                Err(Failed(1, err))
            };
        }
        failed(format!("the lab does not know the script \"{title}\""))
    }
}
