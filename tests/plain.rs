//! The wizard as numbered lines, as a person or a script meets it: a process with pipes, or with a terminal where
//! that matters.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "sshd/mod.rs"]
mod sshd;

#[path = "plain/back.rs"]
mod back;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use unicode_width::UnicodeWidthStr;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn command(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gangplank"));
    command
        .args(args)
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/bin:/bin")
        .env("USER", "op")
        .current_dir(home);
    command
}

/// A talk with the program.
struct Talk {
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<Vec<u8>>,
    said: String,
    /// What was heard so far by the test.
    at: usize,
}

fn follow(mut from: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (send, output) = mpsc::channel();
    std::thread::spawn(move || {
        let mut chunk = [0; 4096];
        while let Ok(count) = from.read(&mut chunk) {
            if count == 0 || send.send(chunk[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    output
}

/// Waits for a text in what comes; the text up to and with it.
fn hear(output: &Receiver<Vec<u8>>, said: &mut String, at: &mut usize, text: &str) -> String {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = said[*at..].find(text) {
            let from = *at;
            *at += found + text.len();
            return said[from..*at].to_owned();
        }
        let left = end.saturating_duration_since(Instant::now());
        match output.recv_timeout(left) {
            Ok(bytes) => said.push_str(&String::from_utf8_lossy(&bytes)),
            Err(error) => panic!("{text:?} was not said ({error})\n{said}"),
        }
    }
}

impl Talk {
    fn begin(home: &Path, args: &[&str]) -> Self {
        Self::of(&mut command(home, args))
    }

    fn of(command: &mut Command) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let input = child.stdin.take();
        let output = follow(child.stdout.take().unwrap());
        Self { child, input, output, said: String::new(), at: 0 }
    }

    /// Waits until this is said.
    fn hear(&mut self, text: &str) -> String {
        hear(&self.output, &mut self.said, &mut self.at, text)
    }

    /// Says a line.
    fn say(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
        input.flush().unwrap();
    }

    /// Waits for a prompt and answers it; what was said before.
    fn answer(&mut self, prompt: &str, line: &str) -> String {
        let said = self.hear(prompt);
        self.say(line);
        said
    }

    /// No more input; the exit code and everything that was said.
    fn end(mut self) -> (i32, String) {
        drop(self.input.take());
        let end = Instant::now() + PATIENCE;
        while let Ok(bytes) = self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.said.push_str(&String::from_utf8_lossy(&bytes));
        }
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        (code, std::mem::take(&mut self.said))
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whatever is said fits a narrow line and holds nothing that a screen reader spells out.
fn assert_plain(said: &str) {
    for line in said.lines() {
        // A command is not cut in two.
        let is_command = gangplank::ui::wizard::manual::command_in(line.trim()) == Some(line.trim());
        assert!(line.width() <= 80 || is_command, "{} columns: {line}", line.width());
        let strange = line.chars().find(|c| c.is_control() || ('\u{2190}'..='\u{2bff}').contains(c));
        assert_eq!(strange, None, "{line:?}");
    }
}

const MENU: &str = "Your choice";

#[test]
fn a_dialogue_takes_the_demo_from_the_ca_to_the_report_with_every_node_ready() {
    let home = tempfile::tempdir().unwrap();
    let mut talk = Talk::begin(home.path(), &["demo", "--plain", "--speed", "50", "--seed", "1"]);
    let ca = talk.answer(MENU, "1");
    assert!(ca.contains("1 of 8 Certificate CA"), "{ca}");
    assert!(ca.contains("ok: key and certificate belong together"), "{ca}");
    assert!(talk.answer(MENU, "1").contains("2 of 8 Cluster"));
    let workers = talk.answer(MENU, "d 3");
    assert!(workers.contains("3 of 8 Workers") && workers.contains("3 worker03"), "{workers}");
    assert!(talk.answer(MENU, "").contains("ok: kubelet v1.20.2"), "what was seen of a worker is told");
    let certificates = talk.answer(MENU, "1");
    assert!(certificates.contains("SAN: DNS:worker01,IP:192.168.2.21"), "{certificates}");
    assert!(talk.answer(MENU, "d").contains("5 of 8 kubectl context"));
    assert!(talk.answer(MENU, "1").contains("kubeconfig before and after:"));
    assert!(talk.answer(MENU, "?").contains("6 of 8 SkyDNS"));
    let explained = talk.answer(MENU, "1");
    for part in ["What:", "Why:", "Commands:", "Undo:"] {
        assert!(explained.contains(part), "{part} is missing\n{explained}");
    }
    let review = talk.answer(MENU, "d 8");
    assert!(review.contains("7 of 8 Review") && review.contains("worker02 ("), "{review}");
    let detail = talk.answer(MENU, "a");
    assert!(detail.contains("openssl x509 -req") && detail.contains("undo: "), "{detail}");
    talk.answer("Type yes", "no");
    assert!(talk.answer(MENU, "a").contains("Nothing is done."));
    talk.answer("Type yes", "yes");
    let run = talk.hear("\nReport\n");
    for worker in ["worker01", "worker02", "worker03"] {
        for line in [
            format!("{worker}: Kubelet: changed (5 actions, "),
            format!("{worker}: Node Ready: proven ("),
            format!("{worker}: DNS answers: proven ("),
        ] {
            assert!(run.contains(&line), "{line} is not said\n{run}");
        }
    }
    let report = talk.answer(MENU, "u worker02");
    assert!(report.contains("kubectl --context first-cluster get nodes"), "{report}");
    let listed = talk.answer("Type worker02 to do it", "worker02");
    for words in
        ["what undoing run ", "worker02: 2", "remove /etc/kubernetes/ssl/worker.key", "cluster: 1 action\n"]
    {
        assert!(listed.contains(words), "{words}\n{listed}");
    }
    let ended = talk.answer(MENU, "k worker01");
    assert!(ended.contains("Taken back: what the run did on worker02."), "{ended}");
    assert!(ended.contains("worker02: taken back") && !ended.contains("Every worker has joined"), "{ended}");
    let listed = talk.answer("Type worker01 to do it", "worker02");
    assert!(listed.contains("what removing worker01 from the cluster will do"), "{listed}");
    assert!(talk.answer(MENU, "q").contains("Another name: nothing is done."));
    let (code, said) = talk.end();
    assert_eq!(code, 0, "{said}");
    assert_plain(&said);
}

#[test]
fn a_problem_names_the_fields_of_the_form_and_no_key_of_the_file() {
    let home = tempfile::tempdir().unwrap();
    let plan = "cluster: {name: lab, api: 'https://127.0.0.1:1', service_range: 10.3.0.0/24, dns: 10.3.0.2}\n\
                ca: {where: files, cert: ca.crt, key: ca.key}\nworkers: [{name: w1, address: 127.0.0.1}]\n";
    std::fs::write(home.path().join("plan.yaml"), plan).unwrap();
    let mut talk = Talk::begin(home.path(), &["open", "plan.yaml", "--plain"]);
    talk.answer(MENU, "1");
    let card = talk.answer("Which way", "");
    assert!(card.contains("E-CA-12") && card.contains(" Change Certificate and Key"), "{card}");
    assert!(!card.contains("ca.cert"), "{card}");
    talk.answer(MENU, "q");
    assert_plain(&talk.end().1);
}

#[test]
fn a_kubeconfig_outside_kube_is_written_after_its_path_was_shown_and_agreed_to() {
    let home = tempfile::tempdir().unwrap();
    let mut talk = Talk::begin(home.path(), &["demo", "--plain", "--speed", "50", "--seed", "1"]);
    for answer in ["1", "1", "d 3", "", "1", "2"] {
        talk.answer(MENU, answer);
    }
    for answer in ["1", "", "", ""] {
        talk.answer("]: ", answer);
    }
    talk.answer("Kubeconfig [", "~/.bash_profile");
    talk.answer(MENU, "1");
    talk.answer(MENU, "1");
    let path = home.path().join(".bash_profile").display().to_string();
    let one_line = |said: &str| said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(one_line(&talk.answer(MENU, "a")).contains(&format!("kubeconfig: {path} is outside ~/.kube")));
    let asked = one_line(&talk.answer("Type yes", "yes"));
    assert!(asked.contains(&format!("The kubeconfig goes to {path}, outside ~/.kube")), "{asked}");
    let run = talk.hear("\nReport\n");
    assert!(
        run.contains("here: kubectl context: changed") && run.contains("listed by context first-cluster"),
        "{run}"
    );
    talk.answer(MENU, "q");
    assert_eq!(talk.end().0, 0);
}

#[test]
fn the_whole_walk_can_be_piped_in_at_once_and_the_end_of_input_leaves() {
    let home = tempfile::tempdir().unwrap();
    let mut talk = Talk::begin(home.path(), &["demo", "--plain", "--speed", "50", "--seed", "1"]);
    for line in ["1", "1", "1", "1", "1", "1", "a", "yes"] {
        talk.say(line);
    }
    let (code, said) = talk.end();
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("Every worker has joined.") && said.contains("There is no more input."), "{said}");
    assert_plain(&said);
}

#[test]
fn wrong_answers_are_told_with_the_cure_and_asked_again() {
    let home = tempfile::tempdir().unwrap();
    let mut plain = command(home.path(), &["--state", "state"]);
    let mut talk = Talk::of(plain.env("GANGPLANK_PLAIN", "1"));
    talk.answer(MENU, "9");
    assert!(talk.answer(MENU, "1").contains("\"9\" is no choice here"));
    assert!(talk.answer("Number [1]:", "7").contains("1 of 8"));
    assert!(talk.answer("Number [1]:", "3").contains("wrong: write a number from 1 to 4"));
    let about = talk.answer("Certificate", "ca.crt");
    assert!(about.contains("the CA's certificate; every worker gets a copy"), "{about}");
    let about = talk.answer("Key", "ca.key");
    assert!(about.contains("the CA's private key; it is only used to sign"), "{about}");
    talk.answer(MENU, "1");
    talk.answer("Cluster name", "first");
    talk.answer("API address", "https://root:Geheim123@10.0.0.1");
    talk.answer("API address", "http://not https");
    assert!(talk.answer("API address", "https://127.0.0.1:1").contains("wrong: "));
    talk.answer("Service range", "10.3.0.0/24");
    talk.answer("DNS address", "10.4.0.2");
    assert!(talk.answer("DNS address", "10.3.0.2").contains("wrong: "));
    talk.answer("DNS domain", ".");
    assert!(talk.answer(MENU, "1").contains("https://127.0.0.1:1: "), "it was looked at");
    assert!(talk.answer(MENU, "1").contains("There is no worker yet."));
    let refused = talk.hear(MENU);
    assert!(refused.contains("wrong: a worker is missing"), "{refused}");
    talk.say("l");
    talk.answer(MENU, "p");
    for line in ["w1 192.0.2.1", "w1 192.0.2.2", "."] {
        talk.answer("line:", line);
    }
    let twice = talk.answer(MENU, "r 2");
    assert!(twice.contains("2 w1, 192.0.2.2: not looked at"), "{twice}");
    talk.answer(MENU, "r 1");
    talk.answer(MENU, "p");
    for line in ["w[1-2] 10.0.0.[1-3]", "."] {
        talk.answer("line:", line);
    }
    let answer = talk.answer("line:", "127.0.0.1 localhost");
    assert!(answer.contains("different numbers of workers"), "{answer}");
    for line in ["", "w1 192.0.2.1", ""] {
        talk.answer("line:", line);
    }
    let left_out = talk.answer("line:", ".");
    assert!(!left_out.contains("wrong"), "an empty line ends nothing: {left_out}");
    assert!(talk.answer(MENU, "r 1").contains("1 w1, 192.0.2.1: "));
    assert!(talk.hear(MENU).contains("There is no worker yet."));
    talk.say("a");
    talk.answer("Name", "");
    talk.answer("Address", "root:Geheim123@10.0.0.1");
    let refused = talk.answer("Address", ".");
    assert!(refused.contains("not shown"), "{refused}");
    talk.answer(MENU, "q");
    let (code, said) = talk.end();
    assert_eq!(code, 0, "{said}");
    // What was typed stands there as it was typed; it is not offered again.
    assert_eq!(said.matches("Geheim123").count(), 2, "{said}");
    assert_plain(&said);
}

#[test]
fn a_session_that_was_left_goes_on_at_the_same_place_in_either_face() {
    let home = tempfile::tempdir().unwrap();
    let mut talk = Talk::begin(home.path(), &["--plain", "--state", "state"]);
    talk.answer(MENU, "1");
    talk.answer("Number [1]:", "3");
    talk.answer("Certificate", "pki/ca.crt");
    talk.answer("Key", "pki/ca.key");
    talk.answer(MENU, "1");
    talk.answer("Cluster name", "kept");
    talk.hear("API address");
    let (code, said) = talk.end();
    assert_eq!(code, 0);
    assert!(
        said.contains("There is no more input.") && said.contains("gangplank resume kept --plain"),
        "{said}"
    );
    let saved = gangplank::ui::wizard::effects::session::list(&home.path().join("state"));
    assert_eq!(saved.len(), 1, "the whole screen lists it too");
    assert_eq!((saved[0].name.as_str(), saved[0].screen.as_str()), ("kept", "Cluster"));
    let opened = gangplank::ui::wizard::effects::session::open(&home.path().join("state"), "kept").unwrap();
    assert_eq!(opened.answers.ca.place.as_deref(), Some("new"));
    let mut talk = Talk::begin(home.path(), &["resume", "--plain", "--state", "state"]);
    let resumed = talk.answer("Cluster name [kept]:", "");
    assert!(resumed.contains("2 of 8 Cluster"), "{resumed}");
    talk.hear("API address");
    let (code, said) = talk.end();
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_problem_is_a_card_whose_ways_are_taken_by_number() {
    let home = tempfile::tempdir().unwrap();
    let args = ["demo", "failed-worker", "--plain", "--speed", "100", "--seed", "1"];
    let mut talk = Talk::begin(home.path(), &args);
    let told = talk.answer("Numbers", "3");
    for words in ["worker01: E-CLOCK-01", "worker02: E-CERT-13", "worker03: E-DOCKER-01"] {
        assert!(told.contains(words), "{words}\n{told}");
    }
    talk.answer(MENU, "r");
    let review = talk.answer(MENU, "a");
    assert!(review.contains("worker03 (") && !review.contains("worker01 ("), "{review}");
    talk.answer("type yes to have it proven:", "yes");
    let card = talk.hear(MENU);
    assert!(card.contains("Problem E-") && card.contains("worker03"), "{card}");
    let number = |text: &str, word: &str| {
        let line = text.lines().find(|line| line.contains(word)).unwrap().trim();
        line.split(' ').next().unwrap().to_owned()
    };
    // Mended beside the wizard, then tried again.
    talk.say("m");
    let faults = talk.hear("Which, Enter for none:");
    talk.say(&number(&faults, "start docker on worker03"));
    let card = talk.hear(MENU);
    talk.say(&number(&card, "Try again"));
    talk.hear("worker03: Node Ready: ");
    talk.hear(MENU);
    talk.say("q");
    let (_, said) = talk.end();
    let behind = said.split_once("Diagnosis").map_or("", |(_, behind)| behind);
    assert!(!behind.contains("worker01: "), "only the chosen one is worked on\n{said}");
    assert_plain(&said);
}

#[test]
fn the_guided_pace_asks_before_each_step_and_no_stops_it() {
    let home = tempfile::tempdir().unwrap();
    let mut talk = Talk::begin(home.path(), &["demo", "--plain", "--speed", "50", "--seed", "1"]);
    for _ in 0..6 {
        talk.answer(MENU, "1");
    }
    talk.answer(MENU, "g");
    assert!(talk.answer(MENU, "a").contains("step by step"));
    talk.answer("Type yes", "yes");
    let first = talk.answer("1 go on, 2 stop [1]:", "5");
    assert!(first.contains(": next is "), "{first}");
    talk.hear("\"5\" is no choice here");
    talk.answer("1 go on, 2 stop [1]:", "1");
    talk.hear("changed (");
    talk.answer("1 go on, 2 stop [1]:", "2");
    let (code, said) = talk.end();
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("Stopped. What was done stays"), "{said}");
    assert_plain(&said);
}

#[test]
fn ctrl_c_stops_a_run_after_the_current_action_and_leaves_anywhere_else() {
    let home = tempfile::tempdir().unwrap();
    // A real hour for what takes a minute: it cannot be over before the signal.
    let mut talk = Talk::begin(home.path(), &["demo", "--plain", "--speed", "1", "--seed", "1"]);
    for _ in 0..6 {
        talk.answer(MENU, "1");
    }
    talk.answer(MENU, "a");
    talk.answer("Type yes", "yes");
    talk.hear("Contacts ");
    let pid = Pid::from_child(&talk.child);
    kill_process(pid, Signal::INT).unwrap();
    talk.hear("Stopping after the current action");
    talk.hear("Stopped. What was done stays");
    talk.hear(MENU);
    kill_process(pid, Signal::INT).unwrap();
    let (code, said) = talk.end();
    assert_eq!(code, 3, "{said}");
    assert_plain(&said);
}

/// A talk at a terminal of its own.
struct Terminal {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    input: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    said: String,
    at: usize,
    _pair: portable_pty::PtyPair,
}

impl Terminal {
    fn begin(home: &Path, args: &[&str]) -> Self {
        let size = portable_pty::PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = portable_pty::native_pty_system().openpty(size).unwrap();
        let mut command = portable_pty::CommandBuilder::new(env!("CARGO_BIN_EXE_gangplank"));
        command.args(args);
        command.env_clear();
        command.env("HOME", home);
        // Without ssh: that program takes the home folder from the list of users, not from HOME.
        command.env("PATH", home);
        command.env("USER", sshd::output("id", &["-un"]));
        command.cwd(home);
        let child = pair.slave.spawn_command(command).unwrap();
        let output = follow(pair.master.try_clone_reader().unwrap());
        let input = pair.master.take_writer().unwrap();
        Self { child, input, output, said: String::new(), at: 0, _pair: pair }
    }

    fn answer(&mut self, prompt: &str, line: &str) -> String {
        let said = hear(&self.output, &mut self.said, &mut self.at, prompt);
        write!(self.input, "{line}\r").unwrap();
        self.input.flush().unwrap();
        said
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn at_a_terminal_host_keys_are_asked_about_and_a_passphrase_is_not_shown() {
    let Some(server) = sshd::Sshd::start("") else { return };
    let home = tempfile::tempdir().unwrap();
    let key = home.path().join("id");
    sshd::keygen(&key, &["-t", "ed25519"], "not-to-be-shown");
    server.allow(&home.path().join("id.pub"));
    let plan = format!(
        "cluster:\n  name: here\n  api: https://127.0.0.1:1\n  service_range: 10.3.0.0/24\n  dns: 10.3.0.2\n\
         ca:\n  where: new\n  cert: ca.crt\n  key: ca.key\n\
         workers:\n  - name: w1\n    address: 192.0.2.1\n    ssh: {{host: 127.0.0.1, user: {}, port: {}, key: id}}\n",
        server.user, server.port
    );
    std::fs::write(home.path().join("plan.yaml"), plan).unwrap();
    let mut talk = Terminal::begin(home.path(), &["open", "plan.yaml", "--plain", "--state", "state"]);
    talk.answer(MENU, "1");
    talk.answer(MENU, "1");
    talk.answer("(not shown):", "not-to-be-shown");
    let asked = talk.answer("Is this the machine you mean [3]:", "1");
    assert!(asked.contains("SHA256:") && asked.contains("not known yet"), "{asked}");
    let seen = talk.answer(MENU, "q");
    assert!(seen.contains("1 w1, 192.0.2.1"), "{seen}");
    hear(&talk.output, &mut talk.said, &mut talk.at, "Saved as \"here\".");
    assert!(!talk.said.contains("not-to-be-shown"), "{}", talk.said);
    let status = talk.child.wait().unwrap();
    assert_eq!(status.exit_code(), 0, "{}", talk.said);
    assert!(!talk.said.contains('\u{1b}'), "no escapes at a terminal either: {:?}", talk.said);
    let known = std::fs::read_to_string(home.path().join(".ssh/known_hosts")).unwrap();
    assert!(known.contains("127.0.0.1"), "it was to be remembered");
}
