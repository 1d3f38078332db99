//! What is begun beside the actions before it: the next RSA key, and what a kubelet says of its configuration.

use std::fs;
use std::path::Path;

use gangplank::host::BatchEnd;
use gangplank::plan::action::{Action, KeyAlgorithm};

use crate::support::{Run, all_well, done, literal, local, names, over, program, put, script, with_programs};

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn rsa(path: &Path) -> Action {
    Action::MakeKey { path: text(path), kind: KeyAlgorithm::Rsa2048 }
}

/// Waits for FILE for five seconds.
fn until(file: &Path) -> String {
    let file = text(file);
    format!("i=0; until [ -e {file} ]; do i=$((i + 1)); [ $i -lt 500 ] || exit 9; sleep 0.01; done")
}

#[test]
fn two_rsa_keys_are_made_at_once_and_are_two() {
    let (dir, programs, run) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), Run::new());
    let Some(wire) = with_programs(programs.path()) else { return };
    let (one, two) = (programs.path().join("one"), programs.path().join("two"));
    // Each key waits until the other has been begun.
    let openssl = format!(
        "#!/bin/sh\n[ \"$1\" = genrsa ] || exec /usr/bin/openssl \"$@\"\n\
         if mkdir {}; then {}; else mkdir {}; fi\nexec /usr/bin/openssl \"$@\"\n",
        text(&one),
        until(&two),
        text(&two)
    );
    program(programs.path(), "openssl", &openssl);
    let (first, second) = (dir.path().join("a"), dir.path().join("b"));
    let mut host = over(std::sync::Arc::new(wire));
    all_well(&done(&mut host, &run.batch(vec![rsa(&first), rsa(&second)], Vec::new())), 2);
    let key = |path: &Path| {
        let key = openssl::rsa::Rsa::private_key_from_pem(&fs::read(path).unwrap()).unwrap();
        (key.size(), key.n().to_vec())
    };
    let (first, second) = (key(&first), key(&second));
    assert_eq!((first.0, second.0), (256, 256));
    assert_ne!(first.1, second.1);
    assert_eq!(names(dir.path()), ["a", "b"]);
}

#[test]
fn a_key_whose_turn_does_not_come_leaves_nothing() {
    if !crate::root() {
        return;
    }
    let (dir, run) = (tempfile::tempdir().unwrap(), Run::new());
    let keys = vec![rsa(&dir.path().join("a")), script("exit 3"), rsa(&dir.path().join("b"))];
    let end = done(&mut local(), &run.batch(keys, Vec::new()));
    assert_eq!((end.actions.len(), end.actions[&1].status), (2, Some(3)), "{end:?}");
    assert_eq!(names(dir.path()), ["a"]);
}

#[test]
fn a_key_that_could_not_be_begun_early_is_made_in_its_turn() {
    if !crate::root() {
        return;
    }
    let (dir, run) = (tempfile::tempdir().unwrap(), Run::new());
    let folder = dir.path().join("later");
    let make = Action::MakeDir { path: text(&folder), mode: "0700" };
    let actions = vec![rsa(&dir.path().join("a")), make, rsa(&folder.join("b"))];
    all_well(&done(&mut local(), &run.batch(actions, Vec::new())), 3);
    assert_eq!(names(&folder), ["b"]);
}

/// What a kubelet that begins with `first` says of a configuration, asked behind a file and `meanwhile`.
fn judged(run: &Run, dir: &Path, first: &str, meanwhile: &str, says: &str) -> BatchEnd {
    program(dir, "kubelet", &format!("#!/bin/sh\n{first}\necho '{says}' >&2; exit 1\n"));
    let actions = vec![
        put(&dir.join("x"), literal("x\n"), "0644"),
        script(meanwhile),
        Action::CheckKubelet {
            program: text(&dir.join("kubelet")),
            config: literal("kind: KubeletConfiguration\n"),
            flags: Vec::new(),
        },
    ];
    done(&mut local(), &run.batch(actions, Vec::new()))
}

const FINE: &str = "cannot exit on lock file contention: no lock file specified";

#[test]
fn a_kubelet_reads_its_configuration_while_other_files_are_written() {
    if !crate::root() {
        return;
    }
    let (dir, run) = (tempfile::tempdir().unwrap(), Run::new());
    let (began, go) = (dir.path().join("began"), dir.path().join("go"));
    let first = format!("echo $* > {}; {}", text(&began), until(&go));
    let meanwhile = format!("{}; echo > {}", until(&began), text(&go));
    let end = judged(&run, dir.path(), &first, &meanwhile, FINE);
    all_well(&end, 3);
    let asked = fs::read_to_string(&began).unwrap();
    assert!(asked.contains("--exit-on-lock-contention") && asked.contains(&text(&run.folder())), "{asked}");
    // What it refuses is said in its turn.
    let end = judged(&run, dir.path(), ":", ":", "unknown field \"x\"");
    assert_eq!(end.actions[&2].status, Some(1), "{end:?}");
    assert_eq!(end.actions[&2].err, "unknown field \"x\"\n");
    assert_eq!(end.actions[&1].err, "");
    assert!(names(&run.folder()).iter().all(|name| !name.contains("early") && !name.contains("kubelet")));
}

#[test]
fn a_kubelet_whose_turn_does_not_come_is_waited_for_and_says_nothing() {
    if !crate::root() {
        return;
    }
    let (dir, run) = (tempfile::tempdir().unwrap(), Run::new());
    let (began, over) = (dir.path().join("began"), dir.path().join("over"));
    let first = format!("echo > {}; sleep 0.3; echo > {}", text(&began), text(&over));
    let end = judged(&run, dir.path(), &first, &format!("{}; exit 4", until(&began)), "no");
    assert_eq!((end.actions.len(), end.actions[&1].status), (2, Some(4)), "{end:?}");
    assert!(over.exists());
    assert!(names(&run.folder()).iter().all(|name| !name.contains("early") && !name.contains("kubelet")));
}
