//! A home folder with a plan in it, the program run there, and what came of it.

use std::fmt;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use gangplank::plan::clean::is_invisible;
use tempfile::TempDir;

use crate::api_server::{Pair, ca};

/// The most that one answer may cost.
const MOST_KIB: u64 = 150 * 1024;
/// What may pass between a deadline and the end of the program, on a machine that has nothing else to do.
const GRACE: Duration = Duration::from_secs(2);
/// What divides the program's deadlines meanwhile; those of the README stand in its constants, which are compared with it.
const HASTE: u64 = 5;
/// A plan file is read or refused with so much work of this computer, in a build that nothing was made faster in; where it
/// takes more, with so many times what the YAML library alone takes just then for a file as long as one may be.
const MOST_WORK: Duration = Duration::from_secs(2);
const MOST_FLOORS: u32 = 4;
/// How often the program's memory is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// One hostile answer.
pub struct HostileAnswer {
    pub name: &'static str,
    /// Every exchange that the answer can hold still has this deadline, in seconds.
    pub deadline: u64,
    /// The machine's own limits end it, which nothing divides.
    pub real: bool,
    /// Puts it up, and says how the program is started; `None` = that cannot be had here.
    pub make: Make,
    /// One of these stands in what is told.
    pub says: &'static [&'static str],
}

pub type Make = Box<dyn Fn(&mut Stage) -> Option<Sent> + Send + Sync>;

impl HostileAnswer {
    pub fn new(
        name: &'static str,
        deadline: u64,
        says: &'static [&'static str],
        make: impl Fn(&mut Stage) -> Option<Sent> + Send + Sync + 'static,
    ) -> Self {
        Self { name, deadline, real: false, make: Box::new(make), says }
    }

    /// The same with the real deadlines.
    pub fn real(mut self) -> Self {
        self.real = true;
        self
    }

    /// Its deadline as the program has it.
    pub fn limit(&self) -> Duration {
        let haste = if self.real { 1 } else { HASTE };
        Duration::from_millis(self.deadline * 1000 / haste).max(Duration::from_secs(1))
    }
}

/// What a hostile host began does not outlive its answer.
impl Drop for Stage {
    fn drop(&mut self) {
        let folder = self.home.path().display().to_string();
        for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Ok(number) = process.file_name().to_string_lossy().parse::<i32>() else { continue };
            let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            if String::from_utf8_lossy(&line).contains(&folder)
                && let Some(process) = rustix::process::Pid::from_raw(number)
            {
                let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
            }
        }
    }
}

/// How the program is started.
pub struct Sent {
    pub args: Vec<String>,
    pub env: Vec<(&'static str, String)>,
    /// A program that runs it, with its arguments.
    pub by: Vec<String>,
    /// Ctrl-C comes after so long, for what has no end of its own.
    pub stop_after: Option<Duration>,
}

impl Sent {
    pub fn plan(stage: &Stage) -> Self {
        Self::with(&["plan", stage.at("plan.yaml").to_str().unwrap(), "--trust-new"])
    }

    pub fn with(args: &[&str]) -> Self {
        let args = args.iter().map(|word| (*word).to_owned()).collect();
        Self { args, env: Vec::new(), by: Vec::new(), stop_after: None }
    }
}

pub struct Stage {
    pub home: TempDir,
    pub ca: Pair,
    kept: Vec<Box<dyn std::any::Any>>,
}

impl Stage {
    pub fn new() -> Self {
        let home = TempDir::new().unwrap();
        let pair = ca("kube-ca");
        let at = |name: &str| home.path().join(name);
        std::fs::write(at("ca.crt"), pair.pem()).unwrap();
        std::fs::write(at("ca.key"), pair.key.private_key_to_pem_pkcs8().unwrap()).unwrap();
        std::fs::create_dir_all(at(".ssh")).unwrap();
        std::fs::create_dir_all(at("bin")).unwrap();
        std::fs::write(at(".ssh/config"), "").unwrap();
        let stage = Self { home, ca: pair, kept: Vec::new() };
        // The configuration of whoever runs the tests is not part of them.
        stage.program(
            "ssh",
            "exec /usr/bin/ssh -F \"$HOME/.ssh/config\" -o UserKnownHostsFile=\"$HOME/.ssh/known_hosts\" \"$@\"",
        );
        stage
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A program of the search path.
    pub fn program(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.write(&format!("bin/{name}"), format!("#!/bin/sh\n{text}\n"));
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// It stays until the answer was tried.
    pub fn keep(&mut self, one: impl std::any::Any) {
        self.kept.push(Box::new(one));
    }

    /// What was kept of this kind.
    pub fn kept<T: 'static>(&self) -> Option<&T> {
        self.kept.iter().find_map(|one| one.downcast_ref())
    }

    /// A plan of one worker, with an API nobody serves unless there is one.
    pub fn plan(&self, api: Option<u16>, ssh: &str, more: &str) {
        let text = format!(
            "cluster:\n  name: here\n  api: https://127.0.0.1:{}\n  service_range: 10.3.0.0/24\n  dns: 10.3.0.2\nca:\n  \
             where: files\n  cert: ca.crt\n  key: ca.key\nworkers:\n  - name: w1\n    address: 192.168.2.1\n    ssh: {ssh}\n{more}",
            api.unwrap_or(1)
        );
        self.write("plan.yaml", text);
    }

    /// A host whose socket is served by `serve`, and the plan to it.
    pub fn raw_host(&self, serve: fn(TcpStream)) -> Sent {
        let port = listen(serve);
        self.plan(None, &format!("{{host: 127.0.0.1, port: {port}, user: root}}"), "");
        Sent::plan(self)
    }

    /// An API whose socket is served by `serve`, and the plan to it; the worker is not there.
    pub fn raw_api(&self, serve: impl Fn(TcpStream) + Send + Sync + Clone + 'static) -> Sent {
        let port = listen(serve);
        self.plan(Some(port), "{host: 127.0.0.1, port: 1, user: root}", "");
        Sent::plan(self)
    }

    /// Runs it to its end.
    pub fn run(&self, sent: &Sent, answer: &HostileAnswer) -> Told {
        let program = env!("CARGO_BIN_EXE_gangplank").to_owned();
        let mut words = sent.by.clone();
        words.push(program);
        words.extend(sent.args.iter().cloned());
        let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", self.at("bin").display());
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", path)
            .env("USER", "root")
            .env("GANGPLANK_TEST_HASTE", if answer.real { "1" } else { "5" })
            .envs(sent.env.iter().cloned())
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let began = Instant::now();
        let (end, ended) = channel();
        let reader = |pipe: Box<dyn Read + Send>| {
            let end = end.clone();
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                // More than this is no answer to a person.
                let _ = pipe.take(8 << 20).read_to_end(&mut bytes);
                drop(end);
                bytes
            })
        };
        let out = reader(Box::new(child.stdout.take().unwrap()));
        let err = reader(Box::new(child.stderr.take().unwrap()));
        drop(end);
        let (mut cpu, mut starved) = (Duration::ZERO, Duration::ZERO);
        let (mut peak, mut stopped, mut late) = (0, sent.stop_after.is_none(), false);
        while ended.recv_timeout(LOOK) == Err::<(), _>(RecvTimeoutError::Timeout) {
            peak = peak.max(peak_kib(child.id()));
            cpu = cpu.max(worked(child.id()));
            starved = starved.max(waited(child.id()));
            if !stopped && sent.stop_after.is_some_and(|after| began.elapsed() > after) {
                stopped = true;
                interrupt(child.id());
            }
            if began.elapsed() > answer.limit() + GRACE * 20 {
                late = true;
                child.kill().unwrap();
                break;
            }
        }
        let status = child.wait().unwrap();
        let took = began.elapsed();
        let slack = slack() + starved;
        let mut text = if late { Vec::new() } else { out.join().unwrap() };
        if !late {
            text.extend(err.join().unwrap());
        }
        Told {
            code: status.code(),
            took,
            slack,
            cpu,
            peak,
            text: String::from_utf8_lossy(&text).into_owned(),
        }
    }
}

pub fn interrupt(process: u32) {
    let process = rustix::process::Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
    let _ = rustix::process::kill_process(process, rustix::process::Signal::INT);
}

/// What may pass now between a deadline and the end of the program: more where starting a program takes longer than it
/// does on a machine that has nothing else to do.
fn slack() -> Duration {
    let begun = Instant::now();
    for _ in 0..5 {
        let _ = Command::new("true").status();
    }
    // Five of them take 10 ms there.
    GRACE.mul_f64((begun.elapsed().as_secs_f64() / 0.05).clamp(1.0, 10.0))
}

/// The most memory it ever had; nothing once it has ended.
fn peak_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status"));
    let status = status.unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or(0)
}

/// How long it has had a processor.
fn worked(process: u32) -> Duration {
    let stat = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat"));
    let stat = stat.unwrap_or_default();
    let behind = stat.rsplit(')').next().unwrap_or_default();
    let ticks = behind.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

/// What the YAML library alone works for as many keys as a plan may have, on this machine and beside what it does now.
fn floor() -> Duration {
    let worked = || {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        Duration::from_nanos(stat.split_whitespace().next().unwrap().parse().unwrap())
    };
    let text: String = (0..49_000).map(|at| format!("key{at}: 1\n")).collect();
    let begun = worked();
    let read: serde_yaml::Mapping = serde_yaml::from_str(&text).unwrap();
    assert_eq!(read.len(), 49_000);
    worked().saturating_sub(begun)
}

/// How long one of its threads could have gone on and had no processor, at most.
fn waited(process: u32) -> Duration {
    let tasks = std::fs::read_dir(Path::new("/proc").join(process.to_string()).join("task"));
    let waited = tasks.into_iter().flatten().flatten().filter_map(|task| {
        let stat = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        stat.split_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
    });
    waited.max().unwrap_or_default()
}

/// What came of it.
pub struct Told {
    code: Option<i32>,
    took: Duration,
    slack: Duration,
    /// What it worked itself, whatever else the machine did.
    cpu: Duration,
    peak: u64,
    pub text: String,
}

impl Told {
    /// What is wrong with it.
    pub fn faults(&self, answer: &HostileAnswer) -> Vec<String> {
        let mut faults = Vec::new();
        let limit = answer.limit() + self.slack;
        if self.took > limit {
            faults.push(format!("{:.1} s instead of {:.0}", self.took.as_secs_f64(), limit.as_secs_f64()));
        }
        if answer.name.starts_with("plan") && self.cpu > MOST_WORK {
            let floor = floor();
            if self.cpu > floor * MOST_FLOORS {
                let (cpu, floor) = (self.cpu.as_secs_f64(), floor.as_secs_f64());
                faults.push(format!("{cpu:.1} s of work, where the library alone takes {floor:.2} s"));
            }
        }
        if self.peak > MOST_KIB {
            faults.push(format!("{} MB of memory", self.peak / 1024));
        }
        if !matches!(self.code, Some(0..=3)) {
            faults.push(format!("ended with {:?}", self.code));
        }
        let raw: Vec<char> = self.text.chars().filter(|c| *c != '\n' && is_invisible(*c)).take(9).collect();
        if !raw.is_empty() {
            faults.push(format!("told raw: {raw:?}"));
        }
        if self.text.contains("panicked at") || self.text.contains("E-BUG") {
            faults.push("a panic".to_owned());
        }
        if !answer.says.iter().any(|word| self.text.contains(word)) {
            faults.push(format!("says none of {:?}", answer.says));
        }
        faults
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most: String = self.text.chars().take(2500).collect();
        let (took, cpu) = (self.took.as_secs_f64(), self.cpu.as_secs_f64());
        write!(f, "{:?} after {took:.1} s, {cpu:.1} s of work, {} MB\n{most:?}", self.code, self.peak / 1024)
    }
}

/// Serves each connection on a thread of its own.
pub fn listen(serve: impl Fn(TcpStream) + Send + Sync + Clone + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(socket));
        }
    });
    port
}

/// Waits for the client's next word, at most so long; `false` when it is gone.
pub fn rest(socket: &TcpStream, time: Duration) -> bool {
    let until = Instant::now() + time;
    let mut scratch = [0; 4096];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        socket.set_read_timeout(Some(left)).unwrap();
        match (&*socket).read(&mut scratch) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => {
                return matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut);
            }
        }
    }
}

/// Until the client goes away.
pub fn silence(socket: &TcpStream) {
    while rest(socket, Duration::from_secs(600)) {}
}
