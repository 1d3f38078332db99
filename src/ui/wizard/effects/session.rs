//! Sessions of the wizard on disk: answers and place, whole or not at all, never a secret. The plan in it is the
//! same file that `gangplank apply` takes.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::engine::session::folder::ORIGIN;
use crate::engine::session::version;
use crate::host::whole_file;
use crate::limits;
use crate::plan::answers::{Answers, KubectlAnswers, WorkerAnswers};
use crate::plan::code::ProblemCode;
use crate::plan::issue::PlanIssue;
use crate::plan::yaml;
use crate::ui::wizard::dialogs::bulk::expand_ranges;
use crate::ui::wizard::message::{Msg, Opened};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::opening::Saved;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;

/// What is written.
#[derive(Debug, Clone)]
pub struct Draft {
    name: String,
    api: Option<String>,
    value: Value,
}

/// Files in the plan start where it lies; a plan that is saved elsewhere names them in full.
pub fn portable(answers: &Answers, base: &Path) -> Answers {
    let mut answers = answers.clone();
    let full = |path: &mut Option<String>| {
        if let Some(text) = path
            && !text.starts_with('/')
            && !text.starts_with('~')
        {
            *text = base.join(&*text).display().to_string();
        }
    };
    if !answers.ca.place.as_deref().is_some_and(|place| place.starts_with("ssh:")) {
        full(&mut answers.ca.cert);
        full(&mut answers.ca.key);
    }
    full(&mut answers.ca.ssh.key);
    full(&mut answers.defaults.ssh.key);
    full(&mut answers.defaults.kubelet.file);
    full(&mut answers.defaults.binaries);
    let images = |list: &mut Option<Vec<String>>| {
        for image in list.iter_mut().flatten() {
            if let Some(path) = image.strip_prefix("here:")
                && !path.starts_with(['/', '~'])
            {
                *image = format!("here:{}", base.join(path).display());
            }
        }
    };
    images(&mut answers.defaults.images);
    for worker in &mut answers.workers {
        full(&mut worker.ssh.key);
        full(&mut worker.kubelet.file);
        full(&mut worker.binaries);
        images(&mut worker.images);
    }
    if let KubectlAnswers::Context(context) = &mut answers.kubectl {
        full(&mut context.file);
    }
    answers
}

/// The session as it stands.
pub fn draft(model: &Model) -> Draft {
    let plan = yaml::write(&portable(&model.form.answers, &model.form.base));
    let finished: Vec<&str> = model.nav.finished.iter().map(|screen| screen.name()).collect();
    let value = json!({
        "v": version::VERSION,
        "screen": model.nav.screen.name(),
        "row": model.nav.row,
        "only": model.form.only,
        "finished": finished,
        "saved": model.window.now.to_string(),
        "actions": model.run.actions.1,
        "problems": model.run.troubles.len(),
        "plan": plan,
    });
    // A name that is no folder, right or wrong, must not cost the other answers.
    let name = Some(model.session()).filter(|name| folder(Path::new(""), name).is_some());
    let api = crate::ui::wizard::validation::plan(model).map(|plan| plan.cluster.api.url());
    Draft { name: name.unwrap_or_else(|| "unnamed".to_owned()), api, value }
}

/// A name that is a folder of its own; no file system takes more than 255 bytes.
fn folder(state: &Path, name: &str) -> Option<PathBuf> {
    let plain = (1..=255).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    (plain && !name.starts_with('.')).then(|| state.join(name))
}

impl Draft {
    /// Writes it; the words say where it is.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, state: &Path) -> std::io::Result<()> {
        let Some(folder) = folder(state, &self.name) else { return Ok(()) };
        // The name of another cluster's session: that one is not written over.
        let theirs = limits::file::read_text(&folder.join("cluster.json"), &limits::OWN_FILE).ok();
        let theirs = theirs.and_then(|text| serde_json::from_str::<Value>(&text).ok());
        if let (Some(ours), Some(theirs)) = (&self.api, theirs.as_ref().and_then(|one| one["api"].as_str()))
            && ours != theirs
        {
            let why = format!("{} is the session of {theirs}; give this cluster another name", self.name);
            return Err(std::io::Error::other(why));
        }
        if let Some(v) = read(state, &self.name).as_ref().and_then(version::newer) {
            let what = version::refusal(&format!("the session \"{}\"", self.name), v);
            return Err(std::io::Error::other(format!("{what}; it is left as it is")));
        }
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        whole_file::replace(&folder.join("wizard.json"), self.value.to_string().as_bytes(), 0o600)?;
        if self.name != "unnamed" && read(state, "unnamed").as_ref().and_then(version::newer).is_none() {
            // The answers have a name now.
            let _ = std::fs::remove_file(state.join("unnamed/wizard.json"));
            let _ = std::fs::remove_dir(state.join("unnamed"));
        }
        Ok(())
    }
}

/// Sessions that can be gone on with, the newest first.
pub fn list(state: &Path) -> Vec<Saved> {
    let Ok(entries) = std::fs::read_dir(state) else { return Vec::new() };
    let mut all: Vec<(String, Saved)> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let Some(value) = read(state, &name) else { return by_lines(state, name) };
            let newer = version::newer(&value).is_some();
            let screen = match value["screen"].as_str().and_then(Screen::parse) {
                Some(screen) => screen.title().to_owned(),
                None if newer => String::new(),
                None => return None,
            };
            let (actions, problems) =
                (value["actions"].as_u64().unwrap_or(0), value["problems"].as_u64().unwrap_or(0));
            let about = match (actions, problems) {
                _ if newer => "a newer gangplank wrote it".to_owned(),
                (0, _) => "nothing changed yet".to_owned(),
                (actions, 0) => format!("{actions} actions done"),
                (actions, problems) => format!("{actions} actions done, {problems} problems"),
            };
            let time = value["saved"].as_str().unwrap_or_default().to_owned();
            let when = time.parse::<jiff::Timestamp>().map_or_else(|_| String::new(), in_words);
            let workers = value["plan"].as_str().map_or_else(Vec::new, names_of_workers);
            Some((time, Saved { name, screen, when, about, workers }))
        })
        .collect();
    all.sort_by(|a, b| b.0.cmp(&a.0));
    all.into_iter().map(|(_, saved)| saved).collect()
}

fn in_words(at: jiff::Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// What a plan calls its workers; one that has no name yet is called as it is reached.
fn names_of_workers(plan: &str) -> Vec<String> {
    let Ok((mut answers, _)) = yaml::read(plan, Path::new("plan.yaml")) else { return Vec::new() };
    expand_ranges(&mut answers);
    let name = |worker: WorkerAnswers| worker.name.or(worker.address).or(worker.ssh.host);
    answers.workers.into_iter().filter_map(name).collect()
}

/// A session that only the command line has used: its plan is there.
fn by_lines(state: &Path, name: String) -> Option<(String, Saved)> {
    let file = folder(state, &name)?.join("plan.yaml");
    let plan = limits::file::read_text(&file, &limits::PLAN).ok()?;
    let at = jiff::Timestamp::try_from(file.metadata().ok()?.modified().ok()?).ok()?;
    let saved = Saved {
        name,
        screen: Screen::Review.title().to_owned(),
        when: in_words(at),
        about: "used by the command line".to_owned(),
        workers: names_of_workers(&plan),
    };
    Some((at.to_string(), saved))
}

/// The same, opened: relative paths start where its plan lay.
fn open_by_lines(state: &Path, name: &str) -> Result<Opened, String> {
    let unread = || format!("the session \"{name}\" cannot be read");
    let folder = folder(state, name).ok_or_else(unread)?;
    let kept = folder.join("plan.yaml");
    let text = limits::file::read_text(&kept, &limits::PLAN).map_err(|_| unread())?;
    let (answers, _) = yaml::read(&text, &kept)
        .map_err(|remarks| remarks.first().map(ToString::to_string).unwrap_or_default())?;
    let origin = limits::file::read_text(&folder.join(ORIGIN), &limits::OWN_FILE).ok();
    let origin = origin.map(PathBuf::from).and_then(|file| file.parent().map(Path::to_path_buf));
    let base = origin.unwrap_or(folder);
    Ok(Opened {
        // The session is saved in another folder.
        answers: portable(&answers, &base),
        base,
        screen: Screen::Review.name().to_owned(),
        note: format!("opened the plan of \"{name}\""),
        ..Opened::default()
    })
}

fn read(state: &Path, name: &str) -> Option<Value> {
    let text = limits::file::read_text(&folder(state, name)?.join("wizard.json"), &limits::OWN_FILE).ok()?;
    serde_json::from_str(&text).ok()
}

/// Opens a session.
///
/// # Errors
/// Why it cannot be gone on with, in words.
pub fn open(state: &Path, name: &str) -> Result<Opened, String> {
    let Some(value) = read(state, name) else { return open_by_lines(state, name) };
    if let Some(v) = version::newer(&value) {
        return Err(version::refusal(&format!("the session \"{name}\""), v));
    }
    let text = value["plan"].as_str().unwrap_or_default();
    let file = state.join(name).join("plan.yaml");
    let (answers, _) = yaml::read(text, &file)
        .map_err(|remarks| remarks.first().map(ToString::to_string).unwrap_or_default())?;
    let strings = |key: &str| {
        let list = value[key].as_array().cloned().unwrap_or_default();
        list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    Ok(Opened {
        answers,
        base: file.parent().map(Path::to_path_buf).unwrap_or_default(),
        screen: value["screen"].as_str().unwrap_or_default().to_owned(),
        row: value["row"].as_u64().and_then(|row| usize::try_from(row).ok()).unwrap_or(0),
        only: strings("only"),
        finished: strings("finished"),
        reonboard: false,
        demo: None,
        note: format!("resumed \"{name}\""),
    })
}

/// Opens a plan file: its answers, or what is wrong with it.
pub fn open_plan(path: &Path) -> Msg {
    let read =
        limits::file::read(path, &limits::PLAN).map_err(|error| vec![format!("{}: {error}", path.display())]);
    let answers = read.and_then(|bytes| {
        let text = yaml::text(&bytes, path).map_err(words)?;
        yaml::read(text, path).map_err(words)
    });
    match answers {
        Ok((answers, _)) => Msg::Opened(Box::new(Opened {
            answers,
            base: yaml::folder_of(path),
            note: format!("opened {}", path.display()),
            ..Opened::default()
        })),
        Err(lines) => Msg::Text {
            title: "That plan cannot be opened".to_owned(),
            lines: lines.into_iter().map(|line| (Role::Bad, line)).collect(),
        },
    }
}

fn words(remarks: Vec<PlanIssue>) -> Vec<String> {
    remarks.into_iter().map(|remark| remark.to_string()).collect()
}

/// Writes drafts in a thread of its own, so that no key waits for the disk.
pub struct Saver {
    drafts: Sender<Draft>,
    thread: JoinHandle<()>,
}

impl Saver {
    /// Writes into the folder of all sessions.
    pub fn new(state: PathBuf, told: Sender<Msg>) -> Self {
        let (saves, drafts) = mpsc::channel::<Draft>();
        let thread = std::thread::spawn(move || {
            while let Ok(mut draft) = drafts.recv() {
                // Only the newest counts.
                while let Ok(newer) = drafts.try_recv() {
                    draft = newer;
                }
                let msg = match draft.write(&state) {
                    Ok(()) => Msg::Saved(
                        jiff::Timestamp::now()
                            .to_zoned(jiff::tz::TimeZone::system())
                            .strftime("%H:%M:%S")
                            .to_string(),
                    ),
                    Err(error) => {
                        let code = ProblemCode::Session01;
                        Msg::Say(Role::Bad, format!("{code} the session cannot be saved: {error}"))
                    }
                };
                let _ = told.send(msg);
            }
        });
        Self { drafts: saves, thread }
    }

    /// Writes this, unless a newer one comes before its turn.
    pub fn save(&self, draft: Draft) {
        let _ = self.drafts.send(draft);
    }

    /// What was saved last is on disk when this returns.
    pub fn close(self) {
        drop(self.drafts);
        let _ = self.thread.join();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::answers::WorkerAnswers;
    use crate::ui::wizard::role::Theme;

    #[test]
    fn a_session_opens_at_the_same_place_with_the_same_answers() {
        let state = tempfile::tempdir().unwrap();
        let mut model = Model::new(Theme::default(), (80, 24), jiff::Timestamp::UNIX_EPOCH);
        model.form.base = "/base".into();
        model.form.answers.cluster.name = Some("demo".to_owned());
        model.form.answers.ca.cert = Some("ca.crt".to_owned());
        model
            .form
            .answers
            .workers
            .push(WorkerAnswers { name: Some("w1".to_owned()), ..WorkerAnswers::default() });
        model.nav.screen = Screen::Kubectl;
        model.nav.finished.insert(Screen::Workers);
        draft(&model).write(state.path()).unwrap();
        let opened = open(state.path(), "demo").unwrap();
        assert_eq!(
            (opened.screen.as_str(), opened.finished.as_slice()),
            ("kubectl", &["workers".to_owned()][..])
        );
        assert_eq!(opened.answers.ca.cert.as_deref(), Some("/base/ca.crt"));
        assert_eq!(opened.answers.workers, model.form.answers.workers);
        assert_eq!(list(state.path()).len(), 1);
    }

    #[test]
    fn a_session_that_only_the_command_line_used_is_listed_with_its_workers_and_finds_its_files() {
        let state = tempfile::tempdir().unwrap();
        let plan = "cluster:\n  name: prod\nca:\n  where: files\n  cert: ca.crt\nworkers:\n  - name: w1\n";
        for (name, text) in [("prod", plan), ("empty", "cluster:\n  name: empty\n")] {
            std::fs::create_dir(state.path().join(name)).unwrap();
            std::fs::write(state.path().join(name).join("plan.yaml"), text).unwrap();
        }
        std::fs::write(state.path().join("prod").join(ORIGIN), "/plans/here/plan.yaml").unwrap();
        let mut listed: Vec<(String, Vec<String>)> =
            list(state.path()).into_iter().map(|saved| (saved.name, saved.workers)).collect();
        listed.sort();
        assert_eq!(listed, [("empty".to_owned(), vec![]), ("prod".to_owned(), vec!["w1".to_owned()])]);
        let opened = open(state.path(), "prod").unwrap();
        assert_eq!(opened.answers.ca.cert.as_deref(), Some("/plans/here/ca.crt"));
        assert_eq!(opened.answers.workers.len(), 1);
    }

    #[test]
    fn answers_under_a_name_that_is_no_folder_are_kept_as_unnamed() {
        let state = tempfile::tempdir().unwrap();
        let mut model = Model::new(Theme::default(), (80, 24), jiff::Timestamp::UNIX_EPOCH);
        for name in ["../evil".to_owned(), "x".repeat(256)] {
            model.form.answers.cluster.name = Some(name);
            draft(&model).write(state.path()).unwrap();
            assert_eq!(list(state.path())[0].name, "unnamed");
        }
    }
}
