//! Whose folders root writes in, links, and names that nobody can know before.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use gangplank::plan::action::{Action, Content, KeyAlgorithm, sha256};
use gangplank::plan::fact::FactQuery;
use gangplank::plan::written::{RunFolder, Written};

use crate::support::{Run, all_well, done, literal, local, names, put};

const NOBODY: u32 = 65534;

/// A name, what is done to a folder, and what must be said of it.
type Spoilt<'s> = (&'s str, &'s dyn Fn(&Path), &'s [&'s str]);

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The first action fails and says this; nothing is written.
#[track_caller]
fn refused(actions: Vec<Action>, words: &[&str]) {
    let run = Run::new();
    let end = done(&mut local(), &run.batch(actions, vec![]));
    assert_eq!(end.trouble, None, "{end:?}");
    assert_eq!((end.actions.len(), end.actions[&0].status), (1, Some(1)), "{end:?}");
    for word in words {
        assert!(end.actions[&0].err.contains(word), "{word}: {end:?}");
    }
}

fn key(path: &Path) -> Action {
    Action::MakeKey { path: text(path), kind: KeyAlgorithm::P256 }
}

#[test]
fn a_folder_that_another_may_change_is_not_written_in_and_who_and_the_cure_are_said() {
    if !crate::root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let ssl = dir.path().join("kubernetes/ssl");
    fs::create_dir_all(&ssl).unwrap();
    let spoil: [Spoilt; 4] = [
        (
            "another's",
            &|path| chown(path, Some(NOBODY), None).unwrap(),
            &["belongs to nobody", "chown root:root"],
        ),
        ("open to all", &|path| chmod(path, 0o777), &["may be written by others", "chmod go-w"]),
        (
            "open to a group",
            &|path| {
                chown(path, None, Some(NOBODY)).unwrap();
                chmod(path, 0o775);
            },
            &["may be written by its group", "chmod go-w"],
        ),
        (
            "a group of others, setgid",
            &|path| {
                chown(path, None, Some(NOBODY)).unwrap();
                chmod(path, 0o2775);
            },
            &["may be written by its group", "mode 2775"],
        ),
    ];
    for at in [&ssl, &dir.path().join("kubernetes")] {
        for (name, spoil, words) in &spoil {
            spoil(at);
            for action in [key(&ssl.join("worker.key")), put(&ssl.join("ca.crt"), literal("x"), "0644")] {
                refused(vec![action], words);
            }
            // It is found out before anything else of the batch is done.
            let other = dir.path().join("fine");
            refused(vec![put(&other, literal("x"), "0644"), key(&ssl.join("worker.key"))], words);
            let made = Action::MakeDir { path: text(&ssl.join("more")), mode: "0755" };
            refused(vec![made], words);
            assert_eq!((names(&ssl), other.exists()), (Vec::new(), false), "{name}");
            chown(at, Some(0), Some(0)).unwrap();
            chmod(at, 0o755);
        }
    }
    let run = Run::new();
    all_well(&done(&mut local(), &run.batch(vec![key(&ssl.join("worker.key"))], vec![])), 1);
}

#[test]
fn a_group_of_root_and_a_sticky_folder_above_one_of_our_own_are_fine() {
    if !crate::root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    chmod(dir.path(), 0o1777);
    let own = dir.path().join("own");
    fs::create_dir(&own).unwrap();
    chmod(&own, 0o775);
    let run = Run::new();
    all_well(&done(&mut local(), &run.batch(vec![put(&own.join("x"), literal("x"), "0644")], vec![])), 1);
    assert_eq!(names(&own), ["x"]);
    chown(&own, Some(NOBODY), None).unwrap();
    refused(vec![put(&own.join("x"), literal("y"), "0644")], &["belongs to nobody"]);
}

#[test]
fn a_linked_folder_is_followed_when_the_link_and_where_it_leads_are_roots() {
    if !crate::root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (real, theirs) = (dir.path().join("data/real one"), dir.path().join("theirs"));
    for folder in [&real, &theirs] {
        fs::create_dir_all(folder).unwrap();
    }
    let link = |name: &str, to: &str| {
        let at = dir.path().join(name);
        symlink(to, &at).unwrap();
        at
    };
    let absolute = link("absolute", &text(&real));
    let relative = link("relative", "data/../data/./real one");
    let twice = link("twice", "relative");
    for (n, folder) in [&absolute, &relative, &twice].into_iter().enumerate() {
        let run = Run::new();
        let file = folder.join(format!("file{n}"));
        all_well(&done(&mut local(), &run.batch(vec![put(&file, literal("x"), "0644")], vec![])), 1);
    }
    assert_eq!(names(&real), ["file0", "file1", "file2"]);
    let led = link("led", &text(&theirs));
    chown(&theirs, Some(NOBODY), None).unwrap();
    refused(vec![put(&led.join("x"), literal("x"), "0644")], &["belongs to nobody"]);
    // A link of somebody else's leads wherever that one wants, even when it leads to us now.
    std::os::unix::fs::lchown(&absolute, Some(NOBODY), None).unwrap();
    refused(vec![put(&absolute.join("x"), literal("x"), "0644")], &["belongs to nobody"]);
    // One on the way through a folder of another.
    symlink(&real, theirs.join("on")).unwrap();
    let through = link("through", &text(&theirs.join("on")));
    refused(vec![put(&through.join("x"), literal("x"), "0644")], &["belongs to nobody"]);
    let round = link("round", "round");
    refused(vec![put(&round.join("x"), literal("x"), "0644")], &[]);
}

#[test]
fn nothing_is_written_over_or_through_a_link_and_what_it_leads_to_is_as_before() {
    if !crate::root() {
        return;
    }
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let victim = elsewhere.path().join("victim");
    fs::write(&victim, "theirs").unwrap();
    chmod(&victim, 0o640);
    for to in [victim.clone(), elsewhere.path().join("none")] {
        let target = dir.path().join("token");
        symlink(&to, &target).unwrap();
        for action in
            [put(&target, literal("ours"), "0644"), key(&target), Action::Remove { path: text(&target) }]
        {
            let other = put(&dir.path().join("first"), literal("x"), "0644");
            refused(vec![action.clone()], &["is a symbolic link to", &text(&to)]);
            refused(vec![other, action], &["is a symbolic link to"]);
        }
        assert_eq!((fs::read_link(&target).unwrap(), names(dir.path())), (to, vec!["token".to_owned()]));
        fs::remove_file(&target).unwrap();
    }
    assert_eq!(
        (fs::read_to_string(&victim).unwrap(), fs::metadata(&victim).unwrap().mode() & 0o777),
        ("theirs".into(), 0o640)
    );
}

#[test]
fn a_link_that_was_put_in_the_place_of_our_file_is_somebodys_and_is_left_alone() {
    if !crate::root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (target, copy) = (dir.path().join("target"), dir.path().join("copy"));
    fs::write(&copy, "ours").unwrap();
    symlink(&copy, &target).unwrap();
    let new = || Written::Sha256(sha256(b"ours"));
    let run = Run::new();
    let restore = |new| Action::RestoreFile {
        path: text(&target),
        run: RunFolder::Of(run.0.clone()),
        old: sha256(b"before"),
        new,
        mode: "644 root:root".to_owned(),
    };
    let actions = vec![
        Action::UndoCreate { path: text(&target), new: new() },
        restore(new()),
        restore(Written::Nothing),
        Action::UndoMakeDir { path: text(&target) },
    ];
    let end = done(&mut local(), &Run::new().batch(actions, vec![]));
    all_well(&end, 4);
    let left: Vec<bool> = end.actions.values().map(|action| action.left_alone).collect();
    assert_eq!(left, [true, true, true, false]);
    assert!(target.is_symlink() && fs::read_to_string(&copy).unwrap() == "ours");
}

#[test]
fn names_that_could_be_known_before_lead_nowhere_and_what_was_left_from_before_goes() {
    if !crate::root() {
        return;
    }
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let victim: PathBuf = elsewhere.path().join("victim");
    fs::write(&victim, "theirs").unwrap();
    let (target, worker) = (dir.path().join("file"), dir.path().join("worker.key"));
    for name in [".file.part", ".worker.key.part", ".file.0011223344556677.part"] {
        symlink(&victim, dir.path().join(name)).unwrap();
    }
    let run = Run::new();
    let actions = vec![put(&target, Content::Literal(b"ours".to_vec()), "0600"), key(&worker)];
    all_well(&done(&mut local(), &run.batch(actions, vec![])), 2);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "theirs");
    assert_eq!(names(dir.path()), ["file", "worker.key"]);
    // The prelude makes every such file with the shell's refusal of what is there.
    let made = gangplank::host::batch::PRELUDE.matches(">\"$part\"").count();
    let exclusive = gangplank::host::batch::PRELUDE.matches("set -C").count();
    assert!(exclusive >= 4 && made >= 4, "{exclusive} {made}");
}

#[test]
fn a_full_disk_makes_no_key() {
    if !crate::root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let programs = tempfile::tempdir().unwrap();
    // As openssl on a full disk: nothing, or half of it, and a good end.
    for said in ["", "echo '-----BEGIN PRIVATE KEY-----'; echo MC4CAQ"] {
        crate::support::program(programs.path(), "openssl", &format!("#!/bin/sh\n{said}\n"));
        let Some(wire) = crate::support::with_programs(programs.path()) else { return };
        let run = Run::new();
        let mut host = crate::support::over(std::sync::Arc::new(wire));
        let end = done(&mut host, &run.batch(vec![key(&dir.path().join("worker.key"))], vec![]));
        assert_eq!(end.actions[&0].status, Some(1), "{end:?}");
        assert!(end.actions[&0].err.contains("not written whole"), "{end:?}");
        assert!(names(dir.path()).is_empty());
    }
}

#[test]
fn the_questions_name_what_cannot_be_written_in_the_words_of_the_refusal() {
    if !crate::root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&dir.path().join(name));
    for folder in ["fine", "theirs", "open it's"] {
        fs::create_dir(dir.path().join(folder)).unwrap();
    }
    chown(dir.path().join("theirs"), Some(NOBODY), None).unwrap();
    chmod(&dir.path().join("open it's"), 0o777);
    symlink("elsewhere", dir.path().join("fine/link")).unwrap();
    let paths = [at("fine/x"), at("theirs/x"), at("open it's/x"), at("fine/link"), at("new/x")];
    let ask = |paths: Vec<String>| {
        let want = FactQuery::Ways(paths);
        let end = done(&mut local(), &Run::new().batch(vec![], vec![want]));
        assert_eq!(end.trouble, None, "{end:?}");
        end.facts
    };
    let facts = ask(paths.to_vec());
    assert_eq!((facts.unsafe_way(&paths[0]), facts.unsafe_way(&paths[4])), (None, None), "{facts:?}");
    for path in &paths[1..4] {
        let put = put(Path::new(path), literal("x"), "0644");
        refused(vec![put], &[facts.unsafe_way(path).as_deref().unwrap_or("nothing was said of it")]);
    }
    // The cure is read by a shell as it stands.
    let why = facts.unsafe_way(&paths[2]).unwrap();
    let cure = shell_words::split(why.rsplit_once(": ").unwrap().1).unwrap();
    assert_eq!(cure, ["chmod", "go-w", &at("open it's")]);
    assert_eq!(ask(vec![paths[0].clone()]).unsafe_way(&paths[0]), None);
}
