//! Hosts, vaults and a look at processes for the tests of the host layer.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gangplank::host::{
    Batch, BatchEnd, BatchProgress, Duplex, Host, LocalWire, ShellHost, Stop, Vault, Wire, WireCounts,
    WireError,
};
use gangplank::plan::action::{Action, Content, SecretRef};
use gangplank::plan::fact::FactQuery;
use zeroize::Zeroizing;

use crate::sshd::LIMIT;

/// Holds what the test gave it and remembers what did not fit.
#[derive(Default)]
pub struct Purse {
    pub secrets: Mutex<HashMap<SecretRef, String>>,
    pub wrong: Mutex<Vec<SecretRef>>,
}

impl Purse {
    pub fn with(name: SecretRef, value: &str) -> Arc<Self> {
        let purse = Self::default();
        purse.secrets.lock().unwrap().insert(name, value.to_owned());
        Arc::new(purse)
    }
}

impl Vault for Purse {
    fn get(&self, name: &SecretRef) -> Option<Zeroizing<String>> {
        self.secrets.lock().unwrap().get(name).cloned().map(Zeroizing::new)
    }

    fn wrong(&self, name: &SecretRef) {
        self.wrong.lock().unwrap().push(name.clone());
    }
}

pub fn over(wire: Arc<dyn Wire>) -> ShellHost {
    ShellHost::new(wire, Arc::new(Purse::default()), false)
}

pub fn local() -> ShellHost {
    over(Arc::new(LocalWire::new()))
}

/// This computer, with a command of the test before each command.
pub struct Wrapped {
    pub wire: LocalWire,
    pub before: String,
}

impl Wire for Wrapped {
    fn exec(&self, command: &str) -> Result<Duplex, WireError> {
        self.wire.exec(&format!("{} {}", self.before, shell_words::quote(command)))
    }

    fn tcp(&self, host: &str, port: u16) -> Result<Duplex, WireError> {
        self.wire.tcp(host, port)
    }

    fn counts(&self) -> WireCounts {
        self.wire.counts()
    }

    fn describe(&self) -> String {
        self.wire.describe()
    }

    fn cut(&self) {
        self.wire.cut();
    }
}

/// Programs the script finds first, in a mount namespace of its own; `None` when that is not allowed here.
pub fn with_programs(folder: &Path) -> Option<Wrapped> {
    let before = format!(
        "exec unshare -m sh -c 'mount --bind {} /usr/local/sbin && exec sh -c \"$1\"' sh",
        folder.display()
    );
    let wrapped = Wrapped { wire: LocalWire::new(), before };
    let ran = crate::sshd::run(&wrapped, "true");
    if ran.last == crate::sshd::exited(0) {
        return Some(wrapped);
    }
    let why = format!("no mount namespace can be made here ({})", String::from_utf8_lossy(&ran.err).trim());
    crate::sshd::left_out::left_out(&why);
    None
}

pub fn program(folder: &Path, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(folder.join(name), text).unwrap();
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs that are there.
static RUNS: Mutex<usize> = Mutex::new(0);

/// A run of its own; what it leaves below /var/lib/gangplank goes with it.
pub struct Run(pub String);

impl Run {
    pub fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        *RUNS.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Self(format!("test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst)))
    }

    pub fn folder(&self) -> PathBuf {
        Path::new("/var/lib/gangplank").join(&self.0)
    }

    pub fn batch(&self, actions: Vec<Action>, queries: Vec<FactQuery>) -> Batch {
        Batch { actions, queries, run: self.0.clone(), lock: None }
    }

    pub fn record(&self) -> Vec<gangplank::plan::record::RecordLine> {
        let text = fs::read_to_string(self.folder().join("record.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.folder());
        let mut runs = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
        *runs -= 1;
        // Another test may be about to write in it.
        if *runs == 0 {
            let _ = fs::remove_dir("/var/lib/gangplank");
        }
    }
}

pub fn done(host: &mut ShellHost, batch: &Batch) -> BatchEnd {
    host.run(batch, &Stop::default(), &mut |_| ())
}

/// All actions ended with 0.
pub fn all_well(end: &BatchEnd, count: usize) {
    assert_eq!(end.trouble, None, "{end:?}");
    assert_eq!(end.actions.len(), count, "{end:?}");
    assert!(end.actions.values().all(|action| action.status == Some(0)), "{end:?}");
    assert!(end.complete && !end.stopped);
}

pub fn script(text: &str) -> Action {
    Action::Script { title: "test".to_owned(), text: text.to_owned(), secrets: Vec::new() }
}

/// Says its process group, then waits for ever.
pub fn long() -> Action {
    script("read -r _ _ _ _ g _ </proc/self/stat; echo group $g; exec sleep 300")
}

pub fn put(path: &Path, content: Content, mode: &'static str) -> Action {
    Action::Put { path: path.display().to_string(), content, mode, owner: "root:root" }
}

pub fn literal(text: &str) -> Content {
    Content::Literal(text.as_bytes().to_vec())
}

pub fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at * 7 + at / 251) % 256).unwrap()).collect()
}

pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Waits for something that sends no event.
pub fn until(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Waits until a process group is empty.
pub fn gone(group: &str, limit: Duration) {
    until(&format!("group {group} is empty"), limit, || members(group).is_empty());
}

/// Living processes of a group.
pub fn members(group: &str) -> Vec<String> {
    processes(|folder| {
        let stat = fs::read_to_string(folder.join("stat")).ok()?;
        let (_, rest) = stat.rsplit_once(") ")?;
        let words: Vec<&str> = rest.split(' ').collect();
        (words[2] == group && words[0] != "Z").then_some(stat)
    })
}

/// Something read from each process.
pub fn processes(look: impl Fn(&Path) -> Option<String>) -> Vec<String> {
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()))
        .filter_map(|entry| look(&entry.path()))
        .collect()
}

/// Command lines and environments of other processes that hold this text.
pub fn showing(text: &str) -> Vec<String> {
    let own = std::process::id().to_string();
    processes(|folder| {
        if folder.ends_with(&own) {
            return None;
        }
        let read = |name: &str| fs::read(folder.join(name)).unwrap_or_default();
        let all = [read("cmdline"), read("environ")].concat();
        let all = String::from_utf8_lossy(&all).into_owned();
        all.contains(text).then_some(all)
    })
}

/// The group `long` said.
pub fn group(heard: &BatchProgress) -> Option<String> {
    match heard {
        BatchProgress::Said(_, false, line) => line.strip_prefix("group ").map(str::to_owned),
        _ => None,
    }
}

pub fn limit() -> Duration {
    LIMIT
}
