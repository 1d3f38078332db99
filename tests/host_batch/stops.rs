//! The wish to stop, and a connection that is cut: what runs comes to its end, nothing else begins, nothing
//! is left behind.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gangplank::host::{BatchProgress, Host, HostTrouble, LocalWire, Stop, Wire};
use gangplank::plan::action::{Action, Content};
use gangplank::plan::fact::FactQuery;

use crate::sshd::Sshd;
use crate::support::{Run, gone, group, limit, literal, long, names, over, pattern, put, script};

/// Far less than what runs would take by itself, far more than a busy machine needs.
const SOON: Duration = Duration::from_secs(20);

/// An action that says its group, waits for a file to appear and says that it has ended.
fn waiting(go: &std::path::Path) -> Action {
    script(&format!(
        "read -r _ _ _ _ g _ </proc/self/stat; echo group $g; \
         until [ -e {go} ]; do sleep 0.02; done; echo >{go}.ended",
        go = go.display()
    ))
}

/// This computer, and the same over ssh where there is an sshd.
fn both() -> (Option<Sshd>, Vec<Arc<dyn Wire>>) {
    let sshd = Sshd::start("");
    let ssh = sshd.as_ref().map(|sshd| Arc::new(sshd.connect()) as Arc<dyn Wire>);
    (sshd, std::iter::once(Arc::new(LocalWire::new()) as Arc<dyn Wire>).chain(ssh).collect())
}

#[test]
fn once_ends_after_the_current_action_even_with_contents_to_come() {
    let (_sshd, wires) = both();
    for wire in wires {
        let (dir, stop, mut seen) = (tempfile::tempdir().unwrap(), Stop::default(), None);
        let (go, next) = (dir.path().join("go"), dir.path().join("next"));
        fs::write(dir.path().join("big"), pattern(1 << 20)).unwrap();
        let big = Content::File { path: dir.path().join("big"), sha256: None };
        let actions =
            vec![waiting(&go), put(&next, literal("x"), "0644"), put(&dir.path().join("big2"), big, "0644")];
        let run = Run::new();
        let (said, hears) = std::sync::mpsc::channel();
        let end = std::thread::scope(|scope| {
            let (stop, go) = (&stop, &go);
            scope.spawn(move || {
                let _group: String = hears.recv_timeout(limit()).unwrap();
                stop.press();
                // No event tells that the wish has arrived; this is many times what it needs on an idle machine.
                let since = Instant::now();
                crate::support::until("it has travelled", limit(), || {
                    since.elapsed() > Duration::from_secs(2)
                });
                fs::write(go, "").unwrap();
            });
            over(wire).run(&run.batch(actions, vec![FactQuery::Machine]), stop, &mut |heard| {
                if let Some(name) = group(&heard) {
                    seen = Some(name.clone());
                    said.send(name).unwrap();
                }
            })
        });
        assert_eq!((end.trouble.clone(), end.stopped, end.complete), (None, true, true), "{end:?}");
        assert_eq!((end.actions.len(), end.actions[&0].status), (1, Some(0)), "{end:?}");
        assert!(dir.path().join("go.ended").exists() && !next.exists());
        gone(&seen.unwrap(), SOON);
    }
}

#[test]
fn before_anything_is_sent_nothing_begins() {
    let (_sshd, wires) = both();
    for wire in wires {
        let (stop, dir) = (Stop::default(), tempfile::tempdir().unwrap());
        stop.press();
        let batch = Run::new().batch(
            vec![
                script(&format!("sleep 0.3; echo >{}/a", dir.path().display())),
                script(&format!("echo >{}/b", dir.path().display())),
            ],
            vec![],
        );
        let end = over(wire).run(&batch, &stop, &mut |_| ());
        assert!(end.stopped && end.actions.len() < 2, "{end:?}");
        assert!(!dir.path().join("b").exists());
    }
}

#[test]
fn once_while_a_content_is_sent_leaves_the_old_file_and_no_part() {
    if !crate::root() {
        return;
    }
    let (_sshd, wires) = both();
    for wire in wires {
        let (dir, source, stop) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), Stop::default());
        let (target, next) = (dir.path().join("target"), dir.path().join("next"));
        fs::write(&target, "old").unwrap();
        fs::write(source.path().join("big"), pattern(60 << 20)).unwrap();
        let big = Content::File { path: source.path().join("big"), sha256: None };
        let actions = vec![long_group(), put(&target, big, "0644"), put(&next, literal("x"), "0644")];
        let (run, mut seen) = (Run::new(), None);
        let end = over(wire).run(&run.batch(actions, vec![]), &stop, &mut |heard| {
            seen = group(&heard).or(seen.take());
            if matches!(heard, BatchProgress::Sent(sent, _) if sent > 1 << 20) && !stop.wanted() {
                stop.press();
            }
        });
        assert_eq!((end.trouble.clone(), end.stopped), (None, true), "{end:?}");
        assert_ne!(end.actions[&1].status, Some(0), "{end:?}");
        assert!(!end.actions.contains_key(&2));
        gone(&seen.unwrap(), SOON);
        assert_eq!(
            (names(dir.path()), fs::read(&target).unwrap()),
            (vec!["target".to_owned()], b"old".to_vec())
        );
    }
}

fn long_group() -> Action {
    script("read -r _ _ _ _ g _ </proc/self/stat; echo group $g")
}

#[test]
fn twice_ends_everything_at_once() {
    let (_sshd, wires) = both();
    for wire in wires {
        let (dir, stop) = (tempfile::tempdir().unwrap(), Stop::default());
        let (mut seen, mut pressed) = (None, None);
        let actions = vec![long(), put(&dir.path().join("next"), literal("x"), "0644")];
        let end = over(wire).run(&Run::new().batch(actions, vec![FactQuery::Machine]), &stop, &mut |heard| {
            if let Some(name) = group(&heard) {
                seen = Some(name);
                pressed = Some(Instant::now());
                stop.press();
                stop.press();
            }
        });
        assert!(pressed.unwrap().elapsed() < SOON, "{:?}", pressed.unwrap().elapsed());
        assert_eq!((end.trouble.clone(), end.stopped, end.actions.len()), (None, true, 1), "{end:?}");
        assert_ne!(end.actions[&0].status, Some(0));
        gone(&seen.unwrap(), SOON);
        assert!(names(dir.path()).is_empty());
    }
}

#[test]
fn a_question_that_takes_too_long_is_ended_and_the_connection_is_not() {
    let dir = tempfile::tempdir().unwrap();
    crate::support::program(
        dir.path(),
        "docker",
        "#!/bin/sh\nread -r _ _ _ _ g _ </proc/self/stat; echo $g >$0.group.part; mv $0.group.part $0.group; exec sleep 300\n",
    );
    let Some(wire) = crate::support::with_programs(dir.path()) else { return };
    let wire = Arc::new(wire);
    let mut host = over(wire.clone()).with_deadline(Duration::from_secs(2));
    let asked = |query| Run::new().batch(vec![], vec![query]);
    let began = Instant::now();
    let end = host.run(&asked(FactQuery::Runtime), &Stop::default(), &mut |_| ());
    let Some(trouble) = &end.trouble else { panic!("{end:?}") };
    assert!(trouble.to_string().contains("within 2 s"), "{trouble}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    gone(fs::read_to_string(dir.path().join("docker.group")).unwrap().trim(), SOON);
    let end = host.run(&asked(FactQuery::Folder("/etc".to_owned())), &Stop::default(), &mut |_| ());
    assert!(end.trouble.is_none() && end.complete, "{end:?}");
}

#[test]
fn a_question_that_hangs_is_left_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    crate::support::program(
        dir.path(),
        "docker",
        "#!/bin/sh\nread -r _ _ _ _ g _ </proc/self/stat; echo $g >$0.group.part; mv $0.group.part $0.group; exec sleep 300\n",
    );
    let Some(wire) = crate::support::with_programs(dir.path()) else { return };
    let (stop, group) = (Stop::default(), dir.path().join("docker.group"));
    let batch = Run::new().batch(vec![], vec![FactQuery::Runtime]);
    let end = std::thread::scope(|scope| {
        scope.spawn(|| {
            crate::support::until("it hangs", limit(), || group.exists());
            stop.press();
        });
        over(Arc::new(wire)).run(&batch, &stop, &mut |_| ())
    });
    assert!(end.stopped, "{end:?}");
    gone(fs::read_to_string(&group).unwrap().trim(), SOON);
}

#[test]
fn a_cut_lets_the_current_action_end_and_begins_no_other() {
    if !crate::root() {
        return;
    }
    let Some(sshd) = Sshd::start("") else { return };
    let dir = tempfile::tempdir().unwrap();
    let (go, next) = (dir.path().join("go"), dir.path().join("next"));
    let run = Run::new();
    let actions = vec![script("true"), waiting(&go), put(&next, literal("x"), "0644")];
    let mut seen = None;
    let wire = Arc::new(sshd.connect());
    let end = over(wire).run(&run.batch(actions, vec![FactQuery::Machine]), &Stop::default(), &mut |heard| {
        if let Some(name) = group(&heard) {
            kill_server(&name);
            seen = Some(name);
        }
    });
    assert!(matches!(end.trouble, Some(HostTrouble::Wire(_))), "{end:?}");
    assert_eq!((end.actions[&0].status, end.actions[&1].status), (Some(0), None), "{end:?}");
    // The shell that hears the end of file ends; the script itself and the action stay.
    let seen = seen.unwrap();
    crate::support::until("the end of file is seen", limit(), || {
        crate::support::members(&seen).iter().filter(|stat| stat.contains("(sh)")).count() <= 2
    });
    fs::write(&go, "").unwrap();
    gone(&seen, SOON);
    assert!(dir.path().join("go.ended").exists() && !next.exists());
}

/// Ends the sshd above a process group, as a power cut of the network would not, but a reset does.
fn kill_server(group: &str) {
    let stat = fs::read_to_string(format!("/proc/{group}/stat")).unwrap();
    let parent = stat.rsplit_once(") ").unwrap().1.split(' ').nth(1).unwrap().to_owned();
    let name = fs::read_to_string(format!("/proc/{parent}/comm")).unwrap();
    assert!(name.starts_with("sshd"), "{name}");
    crate::sshd::output("kill", &["-KILL", &parent]);
}

#[test]
fn an_action_that_writes_goes_on_after_a_cut() {
    let dir = tempfile::tempdir().unwrap();
    let Some(sshd) = Sshd::start("") else { return };
    let go = dir.path().join("go");
    let text = format!(
        "read -r _ _ _ _ g _ </proc/self/stat; echo group $g; until [ -e {go} ]; do sleep 0.02; done; \
         for n in 1 2 3; do echo $n; echo $n >&2; done 2>/dev/null; echo >{go}.ended",
        go = go.display()
    );
    let mut seen = None;
    let batch = Run::new().batch(vec![script(&text)], vec![]);
    let end = over(Arc::new(sshd.connect())).run(&batch, &Stop::default(), &mut |heard| {
        if let Some(name) = group(&heard) {
            kill_server(&name);
            seen = Some(name);
        }
    });
    assert!(end.trouble.is_some());
    fs::write(&go, "").unwrap();
    gone(&seen.unwrap(), SOON);
    assert!(dir.path().join("go.ended").exists());
}

#[test]
fn what_does_not_listen_is_cut_off() {
    let stop = Stop::default();
    let deaf = script(
        "trap '' TERM; read -r _ _ _ _ g _ </proc/self/stat; echo group $g; while :; do sleep 300; done",
    );
    let wire = Arc::new(LocalWire::new());
    let (mut seen, mut pressed) = (None, None);
    let end = over(wire.clone()).run(&Run::new().batch(vec![deaf], vec![]), &stop, &mut |heard| {
        if let Some(name) = group(&heard) {
            seen = Some(name);
            pressed = Some(Instant::now());
            stop.press();
            stop.press();
        }
    });
    assert!(pressed.unwrap().elapsed() < SOON, "{:?}", pressed.unwrap().elapsed());
    assert!(matches!(end.trouble, Some(HostTrouble::Wire(_))), "{end:?}");
    assert_eq!(end.actions[&0].status, None);
    wire.kill();
    gone(&seen.unwrap(), SOON);
}
