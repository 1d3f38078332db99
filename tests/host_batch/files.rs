//! Files, folders and keys: written whole or not at all, kept, recorded, and brought back byte for byte.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gangplank::host::{BatchProgress, Host, HostTrouble, Stop, Wire};
use gangplank::plan::action::{Action, CertificateSpec, Content, KeyAlgorithm, Slot, sha256};
use gangplank::plan::fact::FactQuery;
use gangplank::plan::record::{RecordKind, RecordLine};
use gangplank::plan::written::{RunFolder, Written};

use crate::sshd::Sshd;
use crate::support::{Run, all_well, done, limit, literal, local, names, over, pattern, put, script, until};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn a_batch_over_ssh_leaves_files_folders_and_keys_as_asked() {
    if !crate::root() {
        return;
    }
    let Some(sshd) = Sshd::start("") else { return };
    let (dir, run) = (tempfile::tempdir().unwrap(), Run::new());
    let deep = dir.path().join("a/b c");
    let (small, big, empty) = (deep.join("it's \"odd\" \\1"), deep.join("big"), deep.join("empty"));
    let (rsa, ec) = (deep.join("rsa.key"), deep.join("ec.key"));
    fs::write(dir.path().join("source"), pattern(3 << 20)).unwrap();
    let wish = CertificateSpec {
        cn: "the node".to_owned(),
        organizations: vec!["a/b".to_owned()],
        ips: vec!["10.0.0.1".parse().unwrap()],
        names: vec!["w1".to_owned()],
        client: true,
        server: true,
        days: 1,
    };
    let batch = run.batch(
        vec![
            Action::MakeDir { path: text(&deep), mode: "0750" },
            put(&small, Content::Literal(pattern(5_000)), "0640"),
            put(&big, Content::File { path: dir.path().join("source"), sha256: None }, "0644"),
            put(&empty, literal(""), "0600"),
            Action::MakeKey { path: text(&rsa), kind: KeyAlgorithm::Rsa2048 },
            Action::MakeKey { path: text(&ec), kind: KeyAlgorithm::P256 },
            Action::MakeCsr { key: text(&rsa), wish, out: Slot("csr".to_owned()) },
        ],
        vec![FactQuery::Key(text(&rsa)), FactQuery::Record],
    );
    let end = done(&mut over(Arc::new(sshd.connect())), &batch);
    all_well(&end, 7);
    assert_eq!((mode(&deep), mode(&dir.path().join("a"))), (0o750, 0o755));
    assert_eq!((fs::read(&small).unwrap(), mode(&small)), (pattern(5_000), 0o640));
    assert_eq!((fs::read(&big).unwrap(), mode(&big)), (pattern(3 << 20), 0o644));
    assert_eq!((fs::read(&empty).unwrap(), mode(&empty)), (Vec::new(), 0o600));
    assert_eq!((mode(&rsa), mode(&ec)), (0o600, 0o600));
    let csr = openssl::x509::X509Req::from_pem(end.actions[&6].out.as_bytes()).unwrap();
    let public = sha256(&csr.public_key().unwrap().public_key_to_der().unwrap());
    assert_eq!(end.facts.key(&text(&rsa)).yes().copied().cloned().unwrap().unwrap().spki_sha256, public);
    assert_eq!(names(&deep), ["big", "ec.key", "empty", "it's \"odd\" \\1", "rsa.key"]);
    assert_eq!(run.record()[2].path, text(&small));
    let kinds: Vec<RecordKind> = run.record().into_iter().map(|line| line.kind).collect();
    let (dir, put, key) = (RecordKind::Dir, RecordKind::Put, RecordKind::Key);
    assert_eq!(kinds, [dir.clone(), dir, put.clone(), put.clone(), put, key.clone(), key]);
    assert!(
        end.facts
            .record()
            .yes()
            .unwrap()
            .lines
            .iter()
            .any(|line| line.run == run.0 && line.path == text(&big))
    );
    assert_eq!((mode(&run.folder()), mode(Path::new("/var/lib/gangplank"))), (0o700, 0o700));
}

/// Looks at a folder without pause until told to end; every name with every mode it was seen with.
fn watched(folder: &Path, work: impl FnOnce()) -> BTreeSet<(String, u32)> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut seen = BTreeSet::new();
            while !over.load(Ordering::SeqCst) {
                for entry in fs::read_dir(folder).unwrap().map_while(Result::ok) {
                    if let Ok(meta) = entry.metadata() {
                        seen.insert((entry.file_name().to_string_lossy().into_owned(), meta.mode() & 0o777));
                    }
                }
            }
            seen
        });
        work();
        over.store(true, Ordering::SeqCst);
        watcher.join().unwrap()
    })
}

#[test]
fn what_is_being_written_is_a_dot_file_for_its_owner_alone_from_the_first_moment() {
    if !crate::root() {
        return;
    }
    let (dir, run, source) = (tempfile::tempdir().unwrap(), Run::new(), tempfile::tempdir().unwrap());
    let at = |name: &str| dir.path().join(name);
    fs::write(source.path().join("big"), pattern(30 << 20)).unwrap();
    let key = |name: &str, kind| Action::MakeKey { path: text(&at(name)), kind };
    let mut actions: Vec<Action> = (0..5).map(|n| key(&format!("rsa{n}"), KeyAlgorithm::Rsa2048)).collect();
    actions.extend((0..5).map(|n| key(&format!("ec{n}"), KeyAlgorithm::P256)));
    actions.push(put(&at("big"), Content::File { path: source.path().join("big"), sha256: None }, "0600"));
    let count = actions.len();
    let seen = watched(dir.path(), || all_well(&done(&mut local(), &run.batch(actions, vec![])), count));
    assert!(seen.iter().any(|(name, _)| name.contains(".part")), "{seen:?}");
    assert!(
        seen.iter().all(|(name, mode)| *mode == 0o600 && (!name.contains("part") || name.starts_with('.'))),
        "{seen:?}"
    );
    assert_eq!(names(dir.path()).len(), count);
}

#[test]
fn what_was_there_is_kept_and_undo_brings_it_back_byte_for_byte() {
    if !crate::root() {
        return;
    }
    let (dir, run) = (tempfile::tempdir().unwrap(), Run::new());
    let (old, new, changed, folder) =
        (dir.path().join("old"), dir.path().join("new"), dir.path().join("changed"), dir.path().join("x/y"));
    for path in [&old, &changed] {
        fs::write(path, b"before\0\xff").unwrap();
        std::os::unix::fs::chown(path, Some(65534), Some(65534)).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o4751)).unwrap();
    }
    let actions = vec![
        put(&old, literal("after"), "0644"),
        put(&new, literal("after"), "0644"),
        put(&changed, literal("after"), "0644"),
        Action::MakeDir { path: text(&folder), mode: "0755" },
    ];
    all_well(&done(&mut local(), &run.batch(actions, vec![])), 4);
    let kept = run.folder().join(sha256(b"before\0\xff"));
    assert_eq!((fs::read(&kept).unwrap(), mode(&kept)), (b"before\0\xff".to_vec(), 0o600));
    fs::write(&changed, "somebody else").unwrap();
    // As undo makes them: from the record, backwards.
    let undo: Vec<Action> = run.record().into_iter().rev().map(|line| undo_of(&line)).collect();
    let end = done(&mut local(), &Run::new().batch(undo, vec![]));
    all_well(&end, 5);
    assert_eq!((fs::read(&old).unwrap(), mode(&old)), (b"before\0\xff".to_vec(), 0o4751));
    assert_eq!((fs::metadata(&old).unwrap().uid(), fs::metadata(&old).unwrap().gid()), (65534, 65534));
    assert_eq!(fs::read(&changed).unwrap(), b"somebody else");
    assert!(end.actions.values().any(|action| action.out.contains("left alone")), "{end:?}");
    assert_eq!(names(dir.path()), ["changed", "old"]);
    all_well(
        &done(&mut local(), &Run::new().batch(vec![Action::DeleteRecord { run: run.0.clone() }], vec![])),
        1,
    );
    assert!(!run.folder().exists());
}

fn undo_of(line: &RecordLine) -> Action {
    match (&line.kind, line.old.as_str()) {
        (RecordKind::Dir, _) => Action::UndoMakeDir { path: line.path.clone() },
        (_, "") => Action::UndoCreate { path: line.path.clone(), new: Written::of(&line.new) },
        _ => Action::RestoreFile {
            path: line.path.clone(),
            run: RunFolder::Of(line.run.clone()),
            old: line.old.clone(),
            new: Written::of(&line.new),
            mode: line.mode.clone(),
        },
    }
}

#[test]
fn a_folder_with_something_in_it_and_a_changed_file_are_left_alone() {
    if !crate::root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "theirs").unwrap();
    let actions = vec![
        Action::UndoCreate { path: text(&file), new: Written::Sha256(sha256(b"ours")) },
        Action::UndoMakeDir { path: text(dir.path()) },
        Action::UndoCreate { path: text(&dir.path().join("none")), new: Written::Sha256(sha256(b"ours")) },
    ];
    let end = done(&mut local(), &Run::new().batch(actions, vec![]));
    all_well(&end, 3);
    assert!(end.actions[&0].out.contains("no longer what gangplank wrote"), "{end:?}");
    let left: Vec<bool> = end.actions.values().map(|action| action.left_alone).collect();
    assert_eq!(left, [true, false, false]);
    assert!(end.actions[&1].out.contains("is not empty"), "{end:?}");
    assert_eq!(fs::read(&file).unwrap(), b"theirs");
}

#[test]
fn a_program_that_says_left_alone_leaves_nothing_alone() {
    if !crate::root() {
        return;
    }
    let end = done(&mut local(), &Run::new().batch(vec![script("echo x is left alone")], vec![]));
    all_well(&end, 1);
    assert_eq!((end.actions[&0].out.as_str(), end.actions[&0].left_alone), ("x is left alone\n", false));
}

#[test]
fn a_file_does_not_go_into_a_folder_of_its_name() {
    if !crate::root() {
        return;
    }
    let (dir, run) = (tempfile::tempdir().unwrap(), Run::new());
    let taken = dir.path().join("taken");
    fs::create_dir(&taken).unwrap();
    let end = done(&mut local(), &run.batch(vec![put(&taken, literal("x"), "0644")], vec![]));
    assert_ne!(end.actions[&0].status, Some(0), "{end:?}");
    assert_eq!((names(dir.path()), names(&taken)), (vec!["taken".to_owned()], Vec::new()));
}

/// Sends 40 MB and does something to the sender's file or wire when the first piece is on its way; `None` where there
/// is no sshd.
fn spoilt(spoil: &dyn Fn(&Path, &dyn Wire)) -> Option<(tempfile::TempDir, gangplank::host::BatchEnd)> {
    let sshd = Sshd::start("")?;
    let (dir, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (target, next, source) =
        (dir.path().join("target"), dir.path().join("next"), source.path().join("source"));
    fs::write(&target, "old").unwrap();
    fs::create_dir_all(source.parent().unwrap()).unwrap();
    fs::write(&source, pattern(40 << 20)).unwrap();
    let wire = Arc::new(sshd.connect());
    let content = Content::File { path: source.clone(), sha256: None };
    let run = Run::new();
    let batch = run.batch(
        vec![put(&target, content, "0644"), put(&next, literal("x"), "0644")],
        vec![FactQuery::Machine],
    );
    let mut spoiled = false;
    let end = over(wire.clone()).run(&batch, &Stop::default(), &mut |heard| {
        if matches!(heard, BatchProgress::Sent(sent, _) if sent > 200_000) && !spoiled {
            spoiled = true;
            spoil(&source, &*wire);
        }
    });
    assert!(spoiled);
    until("no part file is left", limit(), || names(dir.path()) == ["target"]);
    assert_eq!(fs::read(&target).unwrap(), b"old");
    fs::remove_dir_all(source.parent().unwrap()).unwrap();
    Some((dir, end))
}

#[test]
fn a_sender_that_dies_in_the_middle_leaves_the_old_file_and_no_part() {
    if !crate::root() {
        return;
    }
    let Some((_dir, end)) = spoilt(&|_, wire| wire.cut()) else { return };
    assert!(matches!(end.trouble, Some(HostTrouble::Wire(_))), "{end:?}");
    assert_eq!(end.actions[&0].status, None);
}

#[test]
fn a_source_that_becomes_shorter_is_said_and_nothing_is_written() {
    if !crate::root() {
        return;
    }
    let Some((_dir, end)) = spoilt(&|source, _| {
        fs::OpenOptions::new().write(true).open(source).unwrap().set_len(1000).unwrap();
    }) else {
        return;
    };
    assert!(
        matches!(&end.trouble, Some(HostTrouble::NotSent(why)) if why.contains("became shorter")),
        "{end:?}"
    );
    assert!(!end.actions.contains_key(&1));
}

#[test]
fn a_source_that_changes_meanwhile_is_refused_by_its_hash_and_facts_still_come() {
    if !crate::root() {
        return;
    }
    let Some((_dir, end)) = spoilt(&|source, _| {
        use std::os::unix::fs::FileExt;
        fs::OpenOptions::new().write(true).open(source).unwrap().write_all_at(b"!!", (40 << 20) - 2).unwrap();
    }) else {
        return;
    };
    assert_eq!((end.trouble.clone(), end.actions[&0].status), (None, Some(1)), "{end:?}");
    assert!(end.actions[&0].err.contains("the SHA-256 is not"), "{end:?}");
    assert!(!end.actions.contains_key(&1));
    assert!(end.facts.machine().yes().is_some());
}

#[test]
fn a_full_disk_in_the_middle_of_a_content_stops_the_batch_and_facts_still_come() {
    if !crate::root() {
        return;
    }
    let (dir, run) = (tempfile::tempdir().unwrap(), Run::new());
    let (source, mount) = (dir.path().join("source"), dir.path().join("small"));
    fs::write(&source, b"stop\nkill\n".repeat(300_000)).unwrap();
    fs::create_dir(&mount).unwrap();
    let before = format!(
        "exec unshare -m sh -c 'mount -t tmpfs -o size=100k none {} && exec sh -c \"$1\"' sh",
        mount.display()
    );
    let wire = crate::support::Wrapped { wire: gangplank::host::LocalWire::new(), before };
    if crate::sshd::run(&wire, "true").last != crate::sshd::exited(0) {
        crate::sshd::left_out::left_out("no mount namespace can be made here");
        return;
    }
    let content = || Content::File { path: source.clone(), sha256: None };
    let actions = vec![put(&mount.join("a"), content(), "0644"), put(&mount.join("b"), content(), "0644")];
    let end = done(&mut over(Arc::new(wire)), &run.batch(actions, vec![FactQuery::Machine]));
    assert_eq!((end.trouble.clone(), end.stopped, end.actions.len()), (None, false, 1), "{end:?}");
    assert_eq!(end.actions[&0].status, Some(1));
    assert!(end.facts.machine().yes().is_some(), "{end:?}");
}

#[test]
fn a_failed_action_before_contents_does_not_read_them_as_wishes() {
    if !crate::root() {
        return;
    }
    let (dir, run) = (tempfile::tempdir().unwrap(), Run::new());
    let actions = vec![script("exit 5"), put(&dir.path().join("x"), literal("stop\nkill\n"), "0644")];
    let end = done(&mut local(), &run.batch(actions, vec![FactQuery::Machine]));
    assert_eq!((end.actions.len(), end.actions[&0].status, end.stopped), (1, Some(5), false), "{end:?}");
    assert!(end.facts.machine().yes().is_some());
    assert!(names(dir.path()).is_empty());
}

/// What a refused restart puts back: the file as it was and its line gone, in a later script of the same shell too; one that
/// somebody changed meanwhile is left, and is not said to be put back.
#[test]
fn what_is_put_back_in_the_run_leaves_no_line_and_a_stranger_s_change_stays() {
    if !crate::root() {
        return;
    }
    let (dir, run) = (tempfile::tempdir().unwrap(), Run::new());
    let file = dir.path().join("x");
    let back = || script(&format!("back_as_it_was {}", text(&file)));
    fs::write(&file, "old").unwrap();
    let mut host = local();
    all_well(&done(&mut host, &run.batch(vec![put(&file, literal("new"), "0644")], Vec::new())), 1);
    all_well(&done(&mut host, &run.batch(vec![back()], Vec::new())), 1);
    assert_eq!(fs::read_to_string(&file).unwrap(), "old");
    assert!(run.record().iter().all(|line| line.path != text(&file)), "{:?}", run.record());
    all_well(&done(&mut host, &run.batch(vec![put(&file, literal("new"), "0644")], Vec::new())), 1);
    fs::write(&file, "another's").unwrap();
    let end = done(&mut host, &run.batch(vec![back()], Vec::new()));
    assert_eq!(end.actions[&0].status, Some(1), "{end:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "another's");
    assert!(run.record().iter().any(|line| line.path == text(&file)), "{:?}", run.record());
}
