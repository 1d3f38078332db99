//! The program as a person runs it: a home and a state folder of its own, a plan file, secrets on
//! descriptors, no terminal. What it printed, as events when it was asked for JSON.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use serde_yaml::Value as Yaml;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(400);

/// A person's folders.
pub struct Home {
    folder: tempfile::TempDir,
    secrets: Vec<(String, String)>,
    without_ssh: bool,
}

/// A run that ended.
pub struct Run {
    /// Its exit code; -1 = ended by a signal.
    pub code: i32,
    /// The lines of stdout that are JSON.
    pub events: Vec<Json>,
    /// Everything it said.
    pub said: String,
}

/// A run under way.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    events: Vec<Json>,
    out: String,
    err: Option<JoinHandle<String>>,
}

impl Home {
    /// New folders; the plan file of every run is written into them.
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            secrets: Vec::new(),
            without_ssh: false,
        }
    }

    /// Gives a secret to every run from now on.
    pub fn secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.retain(|(known, _)| known != name);
        self.secrets.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A computer without ssh: that program takes the home folder from the list of users, not from HOME.
    pub fn without_ssh(mut self) -> Self {
        self.without_ssh = true;
        self
    }

    /// A path in the home folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The kubeconfig its plans let gangplank write.
    pub fn kubeconfig(&self) -> PathBuf {
        self.path("home/.kube/lab.config")
    }

    /// Paths, sizes and times below home and state.
    pub fn listing(&self) -> String {
        let said = Command::new("find")
            .arg(self.path("home"))
            .arg(self.path("state"))
            .args(["-printf", "%p %s %T@ %M\\n"])
            .output()
            .expect("find is there");
        let mut lines: Vec<String> =
            String::from_utf8_lossy(&said.stdout).lines().map(str::to_owned).collect();
        lines.sort();
        lines.join("\n")
    }

    fn command(&self, word: &str, plan: &Yaml, flags: &[&str]) -> Command {
        let file = self.plan_file(plan);
        self.raw(word, &file, flags)
    }

    /// Writes the plan with a kubeconfig of this home; its path.
    pub fn plan_file(&self, plan: &Yaml) -> PathBuf {
        std::fs::create_dir_all(self.path("home")).expect("it can be made");
        let mut plan = plan.clone();
        if plan["kubectl"].is_mapping() {
            plan["kubectl"]["file"] = self.kubeconfig().display().to_string().into();
        }
        let file = self.path("plan.yaml");
        std::fs::write(&file, serde_yaml::to_string(&plan).expect("it is YAML")).expect("it can be written");
        file
    }

    fn raw(&self, word: &str, plan: &Path, flags: &[&str]) -> Command {
        std::fs::create_dir_all(self.path("home")).expect("it can be made");
        let mut open = String::from("exec \"$@\"");
        let mut arguments: Vec<String> = Vec::new();
        for (number, (name, value)) in (3..).zip(&self.secrets) {
            let file = self.path(&format!("secret{number}"));
            std::fs::write(&file, format!("{value}\n")).expect("it can be written");
            write!(open, " {number}< '{}'", file.display()).expect("a text takes everything");
            arguments.extend(["--secret".to_owned(), format!("{name}=fd:{number}")]);
        }
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", &open, "sh", env!("CARGO_BIN_EXE_gangplank"), word])
            .arg(plan)
            .arg("--state")
            .arg(self.path("state"))
            .args(flags)
            .args(arguments)
            .env("HOME", self.path("home"))
            .env_remove("SSH_AUTH_SOCK")
            .env_remove("KUBECONFIG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if self.without_ssh {
            command.env("PATH", self.path("home"));
        }
        command
    }

    /// Starts a run.
    pub fn start(&self, word: &str, plan: &Yaml, flags: &[&str]) -> Running {
        Running::new(self.command(word, plan, flags))
    }

    /// Runs to the end.
    pub fn run(&self, word: &str, plan: &Yaml, flags: &[&str]) -> Run {
        self.start(word, plan, flags).finish()
    }

    /// Runs with a login instead of a plan.
    pub fn on_host(&self, word: &str, login: &Path, flags: &[&str]) -> Run {
        Running::new(self.raw(word, login, flags)).finish()
    }

    /// Runs with a plan file that is given as text.
    pub fn run_text(&self, word: &str, text: &str) -> Run {
        let file = self.path("plan.yaml");
        std::fs::write(&file, text).expect("it can be written");
        Running::new(self.raw(word, &file, &[])).finish()
    }

    /// Runs to the end with these lines on its input.
    pub fn answering(&self, word: &str, plan: &Yaml, flags: &[&str], lines: &[&str]) -> Run {
        let file = self.path("lines");
        std::fs::write(&file, lines.join("\n") + "\n").expect("it can be written");
        let mut command = self.command(word, plan, flags);
        command.stdin(std::fs::File::open(&file).expect("it was written"));
        Running::new(command).finish()
    }

    /// What `plan --script` writes.
    pub fn script(&self, plan: &Yaml) -> String {
        let said = self.command("plan", plan, &["--script"]).output().expect("the program can be started");
        // 5 = there is something to do.
        let good = matches!(said.status.code(), Some(0 | 5));
        assert!(good, "{}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8(said.stdout).expect("it is text")
    }

    /// Runs a script as its reader would, with an `ssh` that knows nobody yet and keeps its connections; whether it
    /// ended well, and what it said.
    pub fn run_script(&self, script: &str) -> (bool, String) {
        let bin = self.path("bin");
        std::fs::create_dir_all(&bin).expect("it can be made");
        let at = |name: &str| self.path(name).display().to_string();
        let config = format!(
            "Host *\n  StrictHostKeyChecking accept-new\n  UserKnownHostsFile {}\n  LogLevel ERROR\n  \
             ControlMaster auto\n  ControlPath {}/%C\n  ControlPersist 60\n",
            at("known"),
            at("bin")
        );
        let put = |name: &str, text: &str| std::fs::write(self.path(name), text).expect("it can be written");
        put("ssh_config", &config);
        put("bin/ssh", &format!("#!/bin/sh\nexec /usr/bin/ssh -F '{}' \"$@\"\n", at("ssh_config")));
        std::fs::set_permissions(self.path("bin/ssh"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .expect("it was written");
        put("onboard.sh", script);
        let path = std::env::var("PATH").unwrap_or_default();
        let said = Command::new("sh")
            .arg(self.path("onboard.sh"))
            .current_dir(self.folder.path())
            .env("HOME", self.path("home"))
            .env("PATH", format!("{}:{path}", bin.display()))
            .env_remove("SSH_AUTH_SOCK")
            .env_remove("KUBECONFIG")
            .stdin(Stdio::null())
            .output()
            .expect("sh is there");
        let all = [said.stdout, said.stderr].concat();
        (said.status.success(), String::from_utf8_lossy(&all).into_owned())
    }

    /// `apply --json`, which must end well.
    pub fn aboard(&self, plan: &Yaml) -> Run {
        let run = self.run("apply", plan, &["--json"]);
        assert_eq!(run.code, 0, "{}", run.story());
        run
    }
}

impl Running {
    fn new(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the program can be started");
        let (sender, lines) = mpsc::channel();
        let out = child.stdout.take().expect("it is piped");
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut err = child.stderr.take().expect("it is piped");
        let err = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = err.read_to_string(&mut text);
            text
        });
        Self { child, lines, events: Vec::new(), out: String::new(), err: Some(err) }
    }

    fn take(&mut self, line: &str) -> bool {
        self.out.push_str(line);
        self.out.push('\n');
        let Ok(event) = serde_json::from_str(line) else { return false };
        self.events.push(event);
        true
    }

    /// Waits for an event.
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&Json) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        if self.events.iter().any(&wanted) {
            return;
        }
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("no event: {what}\n{}", story(&self.events)));
            if self.take(&line) && self.events.last().is_some_and(&wanted) {
                return;
            }
        }
    }

    /// Waits until so many actions on a place ended, or the program did; whether it goes on.
    pub fn wait_for_ends(&mut self, place: &str, actions: usize) -> bool {
        let ended = |event: &&Json| event["kind"] == "action-ended" && event["place"] == place;
        let deadline = Instant::now() + PATIENCE;
        while self.events.iter().filter(ended).count() < actions {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.take(&line);
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => return false,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("no end\n{}", story(&self.events)),
            }
        }
        true
    }

    /// Waits until a step on a place began its first action.
    pub fn wait_for_action(&mut self, place: &str, step: &str) {
        self.wait_for(&format!("{place} {step}"), |event| {
            event["kind"] == "action-started" && event["place"] == place && event["step"] == step
        });
    }

    /// Waits until a step on a place ended.
    pub fn wait_for_end(&mut self, place: &str, step: &str) {
        self.wait_for(&format!("{place} {step} ended"), |event| {
            event["kind"] == "task-ended" && event["place"] == place && event["step"] == step
        });
    }

    /// Sends the program a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("it runs");
    }

    /// Reads to the end.
    pub fn finish(mut self) -> Run {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.take(&line);
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let _ = self.child.kill();
                    panic!("it does not end\n{}", story(&self.events));
                }
            }
        }
        let status = self.child.wait().expect("it ended");
        let err = self.err.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        Run {
            code: status.code().unwrap_or(-1),
            events: std::mem::take(&mut self.events),
            said: format!("{}{err}", self.out),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A scenario that gave up must not leave a run behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The events that tell how things ended, for a failure's message.
fn story(events: &[Json]) -> String {
    let lines: Vec<String> = events
        .iter()
        .filter(|event| {
            !matches!(
                event["kind"].as_str(),
                Some("output" | "action-started" | "action-ended" | "task-started" | "verdict" | "progress")
            )
        })
        .map(ToString::to_string)
        .collect();
    lines.join("\n")
}

impl Run {
    /// What happened, for a failure's message.
    pub fn story(&self) -> String {
        if self.events.is_empty() {
            return format!("exit code {}\n{}", self.code, self.said);
        }
        let other: Vec<&str> = self.said.lines().filter(|line| !line.starts_with('{')).collect();
        format!("exit code {}\n{}\n{}", self.code, story(&self.events), other.join("\n"))
    }

    /// The ends of all steps.
    pub fn ended(&self) -> impl Iterator<Item = &Json> {
        self.events.iter().filter(|event| event["kind"] == "task-ended")
    }

    /// The actions that were carried out on a place.
    pub fn actions(&self, place: &str) -> Vec<String> {
        self.events
            .iter()
            .filter(|event| event["kind"] == "action-started" && event["place"] == place)
            .map(|event| event["action"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// The codes of all problems, by place.
    pub fn problems(&self) -> Vec<(String, String)> {
        self.events
            .iter()
            .filter_map(|event| {
                let code = event["problem"]["code"].as_str()?;
                Some((event["place"].as_str().unwrap_or_default().to_owned(), code.to_owned()))
            })
            .collect()
    }

    /// The text of all problems, as one.
    pub fn problem_text(&self) -> String {
        self.events
            .iter()
            .filter(|event| event["problem"].is_object())
            .map(|event| event["problem"].to_string())
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The last event.
    fn over(&self) -> &Json {
        self.events.last().filter(|event| event["kind"] == "run-ended").unwrap_or(&Json::Null)
    }

    /// How each place ended.
    pub fn places(&self) -> BTreeMap<String, String> {
        serde_json::from_value(self.over()["places"].clone()).unwrap_or_default()
    }

    /// What a place cost: connections, execs, streams.
    pub fn cost(&self, place: &str) -> [u64; 3] {
        let cost = &self.over()["counts"][place];
        ["connections", "execs", "streams"].map(|name| cost[name].as_u64().unwrap_or(u64::MAX))
    }

    /// The run must have ended with this code and this one problem on this place, saying these words.
    pub fn refused(&self, exit: i32, place: &str, code: &str, words: &[&str]) {
        assert_eq!(self.code, exit, "{}", self.story());
        let expected = (place.to_owned(), code.to_owned());
        assert!(self.problems().contains(&expected), "no {code} on {place}\n{}", self.story());
        let text = self.problem_text();
        for word in words {
            assert!(text.contains(word), "\"{word}\" is not said\n{}", self.story());
        }
    }
}
