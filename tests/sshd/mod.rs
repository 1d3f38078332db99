//! A private sshd on loopback, and somebody who answers.

#![expect(dead_code, reason = "each test file uses its own part")]
#![expect(clippy::unwrap_used, clippy::format_push_string, reason = "only tests use this")]
#![expect(clippy::unnecessary_wraps, reason = "it is compared with an optional chunk")]

#[path = "../support/left_out.rs"]
pub mod left_out;

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Lines};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use gangplank::engine::RealWorld;
use gangplank::engine::world::real::Asker;
use gangplank::host::{
    Ask, Chunk, Deadlines, Duplex, HostKeyQuestion, NewKeys, SecretWanted, SshEnvironment, SshTarget,
    SshWire, TrustAnswer, TrustPolicy, Vault, Wire, WireError,
};
use gangplank::plan::action::SecretRef;
use gangplank::plan::model::{ApiAddress, Login};
use gangplank::plan::place::Place;
use zeroize::Zeroizing;

const SSHD: &str = "/usr/sbin/sshd";
/// Nothing on loopback takes longer.
pub const LIMIT: Duration = Duration::from_secs(90);

pub fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub fn keygen(path: &Path, args: &[&str], passphrase: &str) {
    let file = path.to_str().unwrap();
    let mut all = vec!["-q", "-N", passphrase, "-f", file, "-C", "test key"];
    all.extend(args);
    output("ssh-keygen", &all);
}

pub fn fingerprint_of(public: &Path) -> String {
    let text = output("ssh-keygen", &["-l", "-f", public.to_str().unwrap()]);
    text.split_whitespace().nth(1).unwrap().to_owned()
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Starts it on a port of its own; what it said when it did not come up.
fn begin(file: &Path, config: &str) -> Result<(u16, Child, Lines<BufReader<ChildStderr>>), String> {
    let port = free_port();
    std::fs::write(file, format!("Port {port}\n{config}")).unwrap();
    let mut child = Command::new(SSHD)
        .args(["-D", "-e", "-f"])
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut seen = String::new();
    loop {
        let Some(Ok(line)) = lines.next() else {
            let _ = child.wait();
            eprintln!("sshd has not started: {seen}");
            return Err(seen);
        };
        if line.contains("Server listening") {
            return Ok((port, child, lines));
        }
        seen.push_str(&line);
    }
}

/// A private sshd; it ends with the test.
pub struct Sshd {
    pub dir: tempfile::TempDir,
    pub port: u16,
    pub user: String,
    child: Child,
    log: Arc<(Mutex<String>, Condvar)>,
}

impl Sshd {
    /// `None` where there is no sshd: the test is left out.
    pub fn start(extra: &str) -> Option<Self> {
        Self::with_host_keys(&["ed25519"], extra)
    }

    pub fn with_host_keys(kinds: &[&str], extra: &str) -> Option<Self> {
        if !Path::new(SSHD).exists() {
            left_out::left_out("sshd is not installed");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        // sshd refuses to start as root without its privilege separation folder.
        let _ = std::fs::create_dir_all("/run/sshd");
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir(at("home")).unwrap();
        std::fs::create_dir(at("home/.ssh")).unwrap();
        let mut config = format!(
            "ListenAddress 127.0.0.1\nPidFile none\nStrictModes no\nPermitRootLogin yes\n\
             AuthorizedKeysFile {}\nSetEnv HOME={}\nLogLevel VERBOSE\n{extra}\n",
            at("authorized").display(),
            // The .bashrc of whoever runs the tests may take its time.
            at("home").display()
        );
        for default in
            ["UsePAM no", "PasswordAuthentication no", "KbdInteractiveAuthentication no", "MaxStartups 100"]
        {
            let word = default.split(' ').next().unwrap();
            if !extra.contains(word) {
                config.push_str(default);
                config.push('\n');
            }
        }
        for kind in kinds {
            let key = at(&format!("host_{kind}"));
            keygen(&key, &["-t", kind], "");
            config.push_str(&format!("HostKey {}\n", key.display()));
        }
        keygen(&at("id"), &["-t", "ed25519"], "");
        std::fs::copy(at("id.pub"), at("authorized")).unwrap();
        // A port that is free now may be another's when sshd takes it.
        let begun = (0..5).find_map(|_| begin(&at("sshd_config"), &config).ok());
        let (port, child, lines) = begun.expect("sshd has not started");
        let log: Arc<(Mutex<String>, Condvar)> = Arc::default();
        let (file, grows) = (at("log"), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut text = grows.0.lock().unwrap();
                text.push_str(&line);
                text.push('\n');
                let _ = std::fs::write(&file, &*text);
                grows.1.notify_all();
            }
        });
        Some(Self { dir, port, user: output("id", &["-un"]), child, log })
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn here(&self) -> SshEnvironment {
        SshEnvironment { home: self.at("home"), user: self.user.clone(), ..SshEnvironment::default() }
    }

    /// A target with the sshd's own key and a known_hosts of its own.
    pub fn target(&self) -> SshTarget {
        let mut target = SshTarget::plain("127.0.0.1", self.port, &self.user, &self.here());
        target.keys = vec![gangplank::host::target::KeyFile {
            path: self.at("id"),
            from: gangplank::host::target::KeyFrom::Plan,
        }];
        target.known_hosts = vec![self.at("home/.ssh/known_hosts")];
        target.global_known_hosts.clear();
        target
    }

    /// The login of a plan; its host key is not known.
    pub fn login(&self) -> Login {
        Login {
            host: "127.0.0.1".to_owned(),
            port: Some(self.port),
            user: Some(self.user.clone()),
            key: Some(self.at("id")),
            ..Login::default()
        }
    }

    /// The real world, with nobody to ask; `kept` is where it remembers hosts.
    pub fn world(&self, policy: TrustPolicy, api: &ApiAddress, kept: PathBuf) -> RealWorld {
        RealWorld::new(self.here(), policy, Arc::new(Nobody), api, kept)
    }

    pub fn allow(&self, public: &Path) {
        let text = std::fs::read_to_string(public).unwrap();
        let before = std::fs::read_to_string(self.at("authorized")).unwrap();
        std::fs::write(self.at("authorized"), before + &text).unwrap();
    }

    pub fn connect(&self) -> SshWire {
        connect(&self.target(), &Person::trusting()).unwrap()
    }

    /// What sshd wrote, once it has written this.
    pub fn until_log_has(&self, text: &str) -> String {
        let (said, grows) = &*self.log;
        let (said, late) = grows
            .wait_timeout_while(said.lock().unwrap(), Duration::from_secs(20), |said| !said.contains(text))
            .unwrap();
        assert!(!late.timed_out(), "{text} is not in:\n{said}");
        said.clone()
    }

    pub fn known_hosts(&self) -> PathBuf {
        self.at("home/.ssh/known_hosts")
    }

    pub fn host_public(&self, kind: &str) -> String {
        let text = std::fs::read_to_string(self.at(&format!("host_{kind}.pub"))).unwrap();
        text.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Answers from a list, remembers what was asked.
#[derive(Default)]
pub struct Person {
    pub answers: Mutex<VecDeque<String>>,
    pub asked: Mutex<Vec<SecretWanted>>,
    pub questions: Mutex<Vec<HostKeyQuestion>>,
    pub trust: Option<TrustAnswer>,
}

impl Person {
    pub fn trusting() -> Self {
        Self { trust: Some(TrustAnswer::Once), ..Self::default() }
    }

    pub fn judging(answer: TrustAnswer) -> Self {
        Self { trust: Some(answer), ..Self::default() }
    }

    pub fn saying(answers: &[&str]) -> Self {
        let answers = answers.iter().map(|text| (*text).to_owned()).collect();
        Self { answers: Mutex::new(answers), ..Self::trusting() }
    }

    pub fn asked(&self) -> Vec<SecretWanted> {
        self.asked.lock().unwrap().clone()
    }

    pub fn questions(&self) -> Vec<HostKeyQuestion> {
        self.questions.lock().unwrap().clone()
    }
}

/// Knows no secret and is never asked.
struct Nobody;

impl Vault for Nobody {
    fn get(&self, _: &SecretRef) -> Option<Zeroizing<String>> {
        None
    }

    fn wrong(&self, _: &SecretRef) {}
}

impl Ask for Nobody {
    fn secret(&self, _: &SecretWanted) -> Option<Zeroizing<String>> {
        None
    }

    fn trust(&self, _: &HostKeyQuestion) -> TrustAnswer {
        TrustAnswer::Refuse
    }
}

impl Asker for Nobody {
    fn name(&self, _: &str, _: &Place) {}

    fn can_ask(&self) -> bool {
        false
    }
}

impl Ask for Person {
    fn secret(&self, wanted: &SecretWanted) -> Option<Zeroizing<String>> {
        self.asked.lock().unwrap().push(wanted.clone());
        self.answers.lock().unwrap().pop_front().map(Zeroizing::new)
    }

    fn trust(&self, question: &HostKeyQuestion) -> TrustAnswer {
        self.questions.lock().unwrap().push(question.clone());
        self.trust.unwrap_or(TrustAnswer::Refuse)
    }
}

pub fn connect(target: &SshTarget, person: &Person) -> Result<SshWire, WireError> {
    SshWire::connect(target, &TrustPolicy::default(), person, Deadlines::default())
}

pub fn connect_with(target: &SshTarget, accept: &[&str], new: NewKeys) -> Result<SshWire, WireError> {
    let accept = accept.iter().map(|text| (*text).to_owned()).collect();
    let policy = TrustPolicy { accept, new, ..TrustPolicy::default() };
    SshWire::connect(target, &policy, &Person::default(), Deadlines::default())
}

/// What one command gave.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Ran {
    pub out: Vec<u8>,
    pub err: Vec<u8>,
    pub last: Option<Chunk>,
}

pub fn collect(duplex: &Duplex) -> Ran {
    let mut ran = Ran::default();
    let deadline = Instant::now() + LIMIT;
    loop {
        match duplex.recv(deadline.saturating_duration_since(Instant::now())) {
            Ok(Chunk::Out(bytes)) => ran.out.extend(bytes),
            Ok(Chunk::Err(bytes)) => ran.err.extend(bytes),
            Ok(last @ (Chunk::Exit { .. } | Chunk::Lost(_))) => {
                ran.last = Some(last);
                return ran;
            }
            Err(error) => panic!("{error:?} after {} + {} bytes", ran.out.len(), ran.err.len()),
        }
    }
}

pub fn run(wire: &dyn Wire, command: &str) -> Ran {
    let duplex = wire.exec(command).unwrap();
    duplex.finish();
    collect(&duplex)
}

pub fn exited(status: i32) -> Option<Chunk> {
    Some(Chunk::Exit { status: Some(status), signal: None })
}

/// Receives until `count` bytes of stdout are there.
pub fn read_line(duplex: &Duplex) -> String {
    let mut text = Vec::new();
    let deadline = Instant::now() + LIMIT;
    while !text.contains(&b'\n') {
        match duplex.recv(deadline.saturating_duration_since(Instant::now())).unwrap() {
            Chunk::Out(bytes) => text.extend(bytes),
            other => panic!("{other:?}"),
        }
    }
    String::from_utf8(text).unwrap().lines().next().unwrap().to_owned()
}
