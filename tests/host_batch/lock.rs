//! One operator at a time on a worker: a lock that is taken in the first exec, goes with the connection, and is taken
//! over when its holder is dead. All use the one lock of this computer, so they take turns.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gangplank::host::{Batch, BatchEnd, Host, HostLock, HostTrouble, ShellHost, Wire};
use gangplank::plan::action::Action;
use gangplank::plan::fact::FactQuery;

use crate::sshd::Sshd;
use crate::support::{Run, done, limit, literal, local, over, put, until};

const LOCK: &str = "/var/lib/gangplank/lock";

fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn locked(run: &Run, who: &str, actions: Vec<Action>) -> Batch {
    let lock = HostLock { token: format!("{}-token", run.0), who: who.to_owned() };
    Batch { lock: Some(lock), ..run.batch(actions, vec![FactQuery::Folder("/etc".to_owned())]) }
}

/// Asks only, and holds the lock then.
fn taken(host: &mut ShellHost, run: &Run, who: &str) -> BatchEnd {
    done(host, &locked(run, who, Vec::new()))
}

#[track_caller]
fn held_by(end: &BatchEnd, words: &str) {
    let Some(HostTrouble::Held { who, since, .. }) = &end.trouble else { panic!("{end:?}") };
    assert!(who.contains(words) && (words.is_empty() || *since > 1_600_000_000), "{who} {since}");
    assert!(end.actions.is_empty(), "nothing was touched: {end:?}");
}

fn free() {
    until("the lock is let go", limit(), || !Path::new(LOCK).exists());
}

#[test]
fn the_second_is_told_who_works_there_since_when_and_touches_nothing() {
    if !crate::root() {
        return;
    }
    let _turn = turn();
    let (first, second, dir) = (Run::new(), Run::new(), tempfile::tempdir().unwrap());
    let (mut a, mut b) = (local(), local());
    assert_eq!(taken(&mut a, &first, "ann@desk, run 1").trouble, None);
    let file = dir.path().join("x");
    held_by(
        &done(&mut b, &locked(&second, "bob@lap, run 2", vec![put(&file, literal("b"), "0644")])),
        "ann@desk, run 1",
    );
    assert!(!file.exists());
    // The first goes on, in its second exec.
    let end = done(&mut a, &locked(&first, "ann@desk, run 1", vec![put(&file, literal("a"), "0644")]));
    assert_eq!((end.trouble, fs::read_to_string(&file).unwrap()), (None, "a".to_owned()));
    assert_eq!(a.counts().execs, 1, "one shell for all of a run");
    a.release();
    free();
    assert_eq!(taken(&mut b, &second, "bob@lap, run 2").trouble, None);
    b.release();
    free();
}

#[test]
fn a_look_without_a_lock_is_never_held_up() {
    if !crate::root() {
        return;
    }
    let _turn = turn();
    let (first, second) = (Run::new(), Run::new());
    let mut a = local();
    assert_eq!(taken(&mut a, &first, "ann").trouble, None);
    let end = done(&mut local(), &second.batch(Vec::new(), vec![FactQuery::Folder("/etc".to_owned())]));
    assert_eq!(end.trouble, None);
    assert!(end.facts.folder("/etc").yes().is_some());
    a.release();
    free();
}

#[test]
fn a_pulled_plug_lets_go_and_the_next_one_works() {
    if !crate::root() {
        return;
    }
    let _turn = turn();
    let Some(sshd) = Sshd::start("") else { return };
    let (first, second) = (Run::new(), Run::new());
    let wire = Arc::new(sshd.connect());
    let mut a = over(wire.clone());
    assert_eq!(taken(&mut a, &first, "ann").trouble, None);
    let text = fs::read_to_string(LOCK).unwrap();
    assert!(text.contains("from 127.0.0.1"), "{text}");
    held_by(&taken(&mut over(Arc::new(sshd.connect())), &second, "bob"), "ann");
    wire.cut();
    free();
    let mut b = over(Arc::new(sshd.connect()));
    assert_eq!(taken(&mut b, &second, "bob").trouble, None);
    b.release();
    free();
}

#[test]
fn a_file_that_nobody_holds_any_more_is_no_lock() {
    if !crate::root() {
        return;
    }
    let _turn = turn();
    let run = Run::new();
    fs::create_dir_all("/var/lib/gangplank").unwrap();
    // As a reboot leaves it; its process id is somebody's by now.
    fs::write(LOCK, format!("old-token\n{}\n1700000000\nann@desk\n", std::process::id())).unwrap();
    let mut host = local();
    assert_eq!(taken(&mut host, &run, "bob").trouble, None);
    assert!(fs::read_to_string(LOCK).unwrap().contains("bob"));
    host.release();
    free();
}

#[test]
fn a_holder_that_gives_no_sign_is_ended_and_its_run_does_nothing_more() {
    if !crate::root() {
        return;
    }
    let _turn = turn();
    let (first, second, dir) = (Run::new(), Run::new(), tempfile::tempdir().unwrap());
    let (mut a, mut b) = (local(), local());
    assert_eq!(taken(&mut a, &first, "ann").trouble, None);
    // No beat came for two minutes.
    crate::sshd::output("touch", &["-d", "2 minutes ago", LOCK]);
    assert_eq!(taken(&mut b, &second, "bob").trouble, None);
    let file = dir.path().join("x");
    let late = done(&mut a, &locked(&first, "ann", vec![put(&file, literal("a"), "0644")]));
    held_by(&late, "bob");
    assert!(!file.exists());
    b.release();
    free();
    // Nobody has it now, and it is not the first one's either: what that one saw may be old.
    held_by(&done(&mut a, &locked(&first, "ann", vec![put(&file, literal("a"), "0644")])), "");
    assert!(!file.exists());
}

#[test]
fn the_words_of_another_are_a_line_without_escapes() {
    if !crate::root() {
        return;
    }
    let _turn = turn();
    let (first, second) = (Run::new(), Run::new());
    let mut a = local();
    assert_eq!(taken(&mut a, &first, "ann").trouble, None);
    let own = fs::read_to_string(LOCK).unwrap();
    fs::write(LOCK, own.replace("ann", "ann\u{1b}[2J\u{202e}\u{7}")).unwrap();
    let end = taken(&mut local(), &second, "bob");
    let Some(trouble) = &end.trouble else { panic!("{end:?}") };
    let card = trouble.problem(&gangplank::plan::place::Place::Worker("w1".to_owned()));
    assert_eq!(card.code, "E-HOST-04");
    let all = format!("{} {}", card.what, card.evidence.join(" "));
    assert!(!all.chars().any(gangplank::plan::clean::is_invisible), "{all:?}");
    a.release();
    free();
}

#[test]
fn a_machine_that_opens_one_session_at_a_time_is_worked_on_all_the_same() {
    if !crate::root() {
        return;
    }
    let _turn = turn();
    let Some(sshd) = Sshd::start("MaxSessions 1") else { return };
    let (run, dir) = (Run::new(), tempfile::tempdir().unwrap());
    let mut host = over(Arc::new(sshd.connect()));
    assert_eq!(taken(&mut host, &run, "ann").trouble, None);
    let file = dir.path().join("x");
    let end = done(&mut host, &locked(&run, "ann", vec![put(&file, literal("a"), "0644")]));
    assert_eq!((end.trouble, fs::read_to_string(&file).unwrap()), (None, "a".to_owned()));
    host.release();
    free();
}
