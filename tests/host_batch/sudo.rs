//! Becoming root with sudo: a user of the test's own, gone afterwards.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gangplank::host::{BatchEnd, BatchProgress, Host, HostTrouble, ShellHost, Stop, Vault, Wire};
use gangplank::plan::action::{Content, SecretRef};
use gangplank::plan::fact::FactQuery;
use zeroize::Zeroizing;

use crate::sshd::left_out::left_out;
use crate::sshd::{Person, Sshd, connect, output};
use crate::support::{
    Purse, Run, all_well, gone, group, limit, literal, long, pattern, program, put, script, showing, until,
    with_programs,
};

const PASSWORD: &str = "canary-pass word'\"$x";

/// One at a time changes the system's users.
static USERS: Mutex<()> = Mutex::new(());

/// A throw-away user with a password.
pub struct User {
    pub name: String,
}

impl User {
    /// `None` when no user can be made here.
    pub fn new(shell: &str) -> Option<Self> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let _one = USERS.lock().unwrap_or_else(PoisonError::into_inner);
        let user =
            Self { name: format!("gpt{}x{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst)) };
        let made = Command::new("useradd").args(["-M", "-d", "/", "-s", shell, &user.name]).status();
        if !made.is_ok_and(|status| status.success()) {
            left_out("no user can be made here");
            return None;
        }
        let mut child = Command::new("chpasswd").stdin(Stdio::piped()).spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{}:{PASSWORD}", user.name).unwrap();
        assert!(child.wait().unwrap().success());
        Some(user)
    }

    pub fn uid(&self) -> u32 {
        output("id", &["-u", &self.name]).parse().unwrap()
    }

    fn sudoers(&self) -> PathBuf {
        Path::new("/etc/sudoers.d").join(&self.name)
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let _one = USERS.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = fs::remove_file(self.sudoers());
        let _ = Command::new("userdel").args(["-f", &self.name]).status();
        let _ = fs::remove_file(Path::new("/var/lib/sudo/lectured").join(&self.name));
    }
}

/// A host behind sudo; `rules` are lines for sudoers, USER stands for the user.
struct Bench {
    host: ShellHost,
    purse: Arc<Purse>,
    wire: Arc<dyn Wire>,
    _user: User,
    _sshd: Sshd,
}

fn bench(rules: &str, password: Option<&str>) -> Option<Bench> {
    if !crate::root() {
        return None;
    }
    if !Path::new("/usr/bin/sudo").exists() {
        left_out("sudo is not installed");
        return None;
    }
    let (sshd, user) = (Sshd::start("SetEnv HOME=/")?, User::new("/bin/bash")?);
    if !rules.is_empty() {
        fs::write(user.sudoers(), rules.replace("USER", &user.name) + "\n").unwrap();
        fs::set_permissions(user.sudoers(), fs::Permissions::from_mode(0o440)).unwrap();
    }
    let mut target = sshd.target();
    target.user.clone_from(&user.name);
    let wire: Arc<dyn Wire> = Arc::new(connect(&target, &Person::trusting()).unwrap());
    let name = SecretRef::Sudo(wire.describe());
    let purse = password.map_or_else(Arc::default, |password| Purse::with(name, password));
    let host = ShellHost::new(Arc::clone(&wire), purse.clone(), true);
    Some(Bench { host, purse, wire, _user: user, _sshd: sshd })
}

/// Somebody who types longer than sudo is waited for.
struct Slow(Duration);

impl Vault for Slow {
    fn get(&self, _: &SecretRef) -> Option<Zeroizing<String>> {
        let begun = Instant::now();
        while begun.elapsed() < self.0 {
            std::thread::yield_now();
        }
        Some(Zeroizing::new("word".to_owned()))
    }

    fn wrong(&self, name: &SecretRef) {
        panic!("{name:?} did not fit")
    }
}

#[test]
fn the_time_of_sudo_does_not_run_while_a_person_types() {
    let folder = tempfile::tempdir().unwrap();
    program(
        folder.path(),
        "sudo",
        "#!/bin/sh\nprintf %s \"$4\" >&2\nread -r word\n[ \"$word\" = word ] || exit 1\nshift 4\nexec \"$@\"\n",
    );
    let Some(wire) = with_programs(folder.path()) else { return };
    let patience = Duration::from_secs(2);
    let typing = Arc::new(Slow(patience + Duration::from_millis(500)));
    let mut host = ShellHost::new(Arc::new(wire), typing, true).with_patience(patience);
    let end =
        host.run(&Run::new().batch(Vec::new(), vec![FactQuery::Machine]), &Stop::default(), &mut |_| ());
    assert_eq!(end.trouble, None);
    assert!(end.facts.machine().yes().is_some());
}

const ALL: &str = "USER ALL=(ALL) ALL\nDefaults:USER lecture=always";

/// Puts a small and a large file and asks for the machine; what was put, and the end.
fn work(bench: &mut Bench) -> (BatchEnd, Vec<Vec<u8>>) {
    let (dir, source, run) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), Run::new());
    fs::write(source.path().join("big"), pattern(2 << 20)).unwrap();
    let big = Content::File { path: source.path().join("big"), sha256: None };
    let (small, large) = (dir.path().join("small"), dir.path().join("large"));
    let actions =
        vec![put(&small, literal("small\n"), "0600"), put(&large, big, "0600"), script("cat; id -u")];
    let end = bench.host.run(&run.batch(actions, vec![FactQuery::Machine]), &Stop::default(), &mut |_| ());
    let files: Vec<Vec<u8>> = [&small, &large].iter().filter_map(|path| fs::read(path).ok()).collect();
    for path in [&small, &large] {
        assert!(fs::metadata(path).map_or(0, |meta| meta.uid()) == 0);
    }
    assert!(!run.folder().exists() || end.actions.len() == 3, "{end:?}");
    (end, files)
}

fn works(rules: &str, password: Option<&str>) {
    let Some(mut bench) = bench(rules, password) else { return };
    let (end, files) = work(&mut bench);
    all_well(&end, 3);
    assert_eq!(files, [b"small\n".to_vec(), pattern(2 << 20)]);
    assert_eq!((end.actions[&2].out.as_str(), end.facts.machine().yes().unwrap().uid), ("0\n", 0));
    assert!(bench.purse.wrong.lock().unwrap().is_empty());
}

#[test]
fn the_right_password_makes_root_below_a_lecture() {
    works(ALL, Some(PASSWORD));
}

#[test]
fn nopasswd_asks_for_nothing() {
    works("USER ALL=(ALL) NOPASSWD: ALL", None);
}

#[test]
fn works_in_a_pty_of_sudos_own() {
    works(&format!("{ALL}\nDefaults:USER use_pty"), Some(PASSWORD));
}

#[test]
fn works_when_sudo_records_input_and_output() {
    let folder = tempfile::tempdir().unwrap();
    let rules = format!("{ALL}\nDefaults:USER log_output, iolog_dir={}", folder.path().display());
    works(&rules, Some(PASSWORD));
}

fn refused(rules: &str, password: Option<&str>) -> Option<(HostTrouble, Bench)> {
    let mut bench = bench(rules, password)?;
    let since = Instant::now();
    let (end, files) = work(&mut bench);
    // sudo itself waits some seconds after a wrong one; nobody waits for sudo as long as for a dead one.
    assert!(since.elapsed() < Duration::from_secs(25), "{:?}", since.elapsed());
    assert!(files.is_empty() && end.actions.is_empty(), "{end:?}");
    // Nothing waits for a better password.
    let user = bench.wire.describe();
    let user = user.split('@').next().unwrap().to_owned();
    until("sudo is gone", limit(), || showing("sudo\0-S").iter().all(|line| !line.contains(&user)));
    Some((end.trouble.unwrap(), bench))
}

#[test]
fn a_wrong_password_does_nothing_and_is_told_to_the_vault() {
    for more in ["", "\nDefaults:USER passwd_tries=1"] {
        let Some((trouble, bench)) = refused(&format!("{ALL}{more}"), Some("not it")) else { return };
        assert!(matches!(trouble, HostTrouble::SudoPasswordWrong { .. }), "{trouble:?}");
        assert_eq!(*bench.purse.wrong.lock().unwrap(), [SecretRef::Sudo(bench.wire.describe())]);
    }
}

#[test]
fn no_password_is_said() {
    let Some((trouble, _bench)) = refused(ALL, None) else { return };
    assert!(matches!(trouble, HostTrouble::SudoPasswordWanted { .. }), "{trouble:?}");
}

#[test]
fn a_user_who_may_not_hears_sudos_words() {
    let Some((trouble, bench)) = refused("", Some(PASSWORD)) else { return };
    assert!(
        matches!(&trouble, HostTrouble::NoRoot { said, .. } if said.contains("is not in the sudoers file")),
        "{trouble:?}"
    );
    assert!(bench.purse.wrong.lock().unwrap().is_empty());
}

#[test]
fn requiretty_hears_sudos_words() {
    let Some((trouble, _bench)) = refused(&format!("{ALL}\nDefaults:USER requiretty"), Some(PASSWORD)) else {
        return;
    };
    assert!(matches!(&trouble, HostTrouble::NoRoot { said, .. } if said.contains("tty")), "{trouble:?}");
}

fn twice_leaves_nothing(rules: &str) {
    let Some(mut bench) = bench(rules, Some(PASSWORD)) else { return };
    let (stop, mut seen, mut shown) = (Stop::default(), None, Vec::new());
    let since = Instant::now();
    let batch = Run::new().batch(vec![long(), script("true")], vec![FactQuery::Machine]);
    let end = bench.host.run(&batch, &stop, &mut |heard: BatchProgress| {
        if let Some(name) = group(&heard) {
            seen = Some(name);
            shown = showing(PASSWORD);
            stop.press();
            stop.press();
        }
    });
    assert!(since.elapsed() < limit(), "{:?}", since.elapsed());
    assert!(end.stopped && end.actions.len() == 1, "{end:?}");
    assert_eq!(shown, Vec::<String>::new(), "the password is seen by everybody");
    gone(&seen.unwrap(), limit());
}

#[test]
fn twice_ends_what_runs_below_sudo() {
    twice_leaves_nothing(ALL);
}

#[test]
fn twice_ends_what_runs_in_a_pty_of_sudos_own() {
    twice_leaves_nothing(&format!("{ALL}\nDefaults:USER use_pty"));
}

#[test]
fn a_sudo_that_floods_drips_or_says_nothing_has_an_end() {
    let ends = [
        ("exec tr '\\0' a < /dev/zero", "holds more than 64 KiB"),
        ("exec tr '\\0' a < /dev/zero >&2", "holds more than 64 KiB"),
        ("while :; do printf a >&2; sleep 0.2; done", "become root"),
        ("exec sleep 600", "become root"),
    ];
    for (text, told) in ends {
        let folder = tempfile::tempdir().unwrap();
        program(folder.path(), "sudo", &format!("#!/bin/sh\n{text}\n"));
        let Some(wire) = with_programs(folder.path()) else { return };
        let patience = Duration::from_secs(2);
        let mut host =
            ShellHost::new(Arc::new(wire), Arc::new(Purse::default()), true).with_patience(patience);
        let began = Instant::now();
        let end = host.run(&gangplank::host::Batch::default(), &Stop::default(), &mut |_| {});
        let trouble = end.trouble.unwrap().to_string();
        assert!(trouble.contains(told), "{text}: {trouble}");
        assert!(began.elapsed() < patience + Duration::from_secs(2), "{text}: {:?}", began.elapsed());
    }
}

#[test]
fn a_wish_to_stop_is_heard_while_sudo_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    program(folder.path(), "sudo", "#!/bin/sh\nexec sleep 600\n");
    let Some(wire) = with_programs(folder.path()) else { return };
    let mut host = ShellHost::new(Arc::new(wire), Arc::new(Purse::default()), true);
    let stop = Stop::default();
    stop.press();
    let began = Instant::now();
    let end = host.run(&gangplank::host::Batch::default(), &stop, &mut |_| {});
    assert_eq!(end.trouble.unwrap().code(), gangplank::plan::code::ProblemCode::Ssh18);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}
