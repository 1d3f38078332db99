//! Session folders: the wizard goes on in them, and an interrupted run is named.

use gangplank::engine::Session;
use gangplank::engine::session::journal::left_open;
use gangplank::engine::session::objects::made;
use rustix::process::Signal;
use serde_json::Value;

use super::bench;
use super::fixtures::{copy, files, fixture};
use super::term::{Home, Term};

/// A home with the sessions of a fixture.
fn home(name: &str) -> Home {
    let home = Home::new();
    copy(&fixture(name).join("sessions"), &home.sessions());
    home
}

fn wizard(home: &Home) -> Value {
    let text = std::fs::read_to_string(home.sessions().join("first/wizard.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Resumes a fixture and leaves again: the words of its screen, and nothing in it is lost.
#[track_caller]
fn resumes(name: &str, words: &[&str]) {
    let home = home(name);
    let before = wizard(&home);
    let mut term = Term::start(home.gangplank(&["resume", "first"]), 120, 36);
    term.shows_all(words);
    term.signal(Signal::TERM);
    assert_eq!(term.code(), 3);
    let after = wizard(&home);
    for key in ["v", "screen", "row", "only", "finished", "plan"] {
        assert_eq!(after[key], before[key], "{name}: {key}");
    }
}

#[test]
fn a_session_of_82fdae4_opens_with_its_answers_at_its_screen_and_row() {
    resumes("finished", &["Which machines join the cluster?", "10.0.0.11", "▶", "10.0.0.12", "10.0.0.13"]);
}

#[test]
fn a_session_whose_run_was_interrupted_opens_at_its_screen() {
    resumes("interrupted", &["Valid for days", "w1", "w2", "w3"]);
}

#[test]
fn a_session_in_which_something_was_undone_opens_at_its_screen() {
    resumes("undone", &["Which cluster do they join?", "loadbalancer.example.com", "10.3.0.0/24"]);
}

#[test]
fn the_interrupted_run_of_82fdae4_is_found_and_named() {
    let open = left_open(&fixture("interrupted/sessions/first"));
    assert_eq!(open, [("w1".to_owned(), "write /etc/kubernetes/worker-kubeconfig.yaml".to_owned())]);
    assert_eq!(left_open(&fixture("finished/sessions/first")), []);
    // Its undo in the wizard opened a journal that stayed empty.
    let here = "kubectl config --kubeconfig=/home/op/.kube/config set-credentials".to_owned();
    let undone = left_open(&fixture("undone/sessions/first"));
    assert_eq!(undone, [vec![("here".to_owned(), here)], open].concat());
}

#[test]
fn the_objects_of_82fdae4_are_known_newest_first() {
    let paths: Vec<String> =
        made(&fixture("finished/sessions/first")).into_iter().map(|(path, _)| path).collect();
    assert_eq!(
        paths,
        [
            "/api/v1/namespaces/kube-system/services/kube-dns",
            "/apis/apps/v1/namespaces/kube-system/deployments/coredns",
            "/api/v1/namespaces/kube-system/configmaps/coredns",
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/system%3Acoredns",
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Acoredns",
            "/api/v1/namespaces/kube-system/serviceaccounts/coredns",
        ]
    );
}

/// The session of `finished` in which a newer gangplank has added to a file.
fn with_a_newer(file: &str, line: &str) -> Home {
    let home = home("finished");
    let path = home.sessions().join("first").join(file);
    let lines = if std::path::Path::new(file).extension().is_some_and(|ending| ending == "jsonl") {
        std::fs::read_to_string(&path).unwrap_or_default()
    } else {
        String::new()
    };
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, lines + line + "\n").unwrap();
    home
}

/// The session's files are the same, byte for byte.
#[track_caller]
fn untouched(home: &Home, before: &[(String, Vec<u8>)]) {
    let now = files(&home.sessions().join("first"));
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&now), names(before));
    for ((name, is), (_, was)) in now.iter().zip(before) {
        assert!(is == was, "{name} was written over");
    }
}

/// A file of each format that a session holds, with a line of a newer version.
const NEWER: [(&str, &str); 4] = [
    ("wizard.json", r#"{"v":2,"screen":"harbour","plan":{"cluster":"first"}}"#),
    ("cluster.json", r#"{"v":2,"api":"https://loadbalancer.example.com"}"#),
    ("objects.jsonl", r#"{"v":2,"object":{"path":"/api/v1/nodes/w1","uid":"1"}}"#),
    ("runs/20271123T093456Z-1.jsonl", r#"{"v":2,"does":"batch"}"#),
];

#[test]
fn a_session_in_which_a_newer_gangplank_wrote_anything_is_refused_in_words_and_left_as_it_is() {
    let plan = std::fs::read_to_string(fixture("finished/sessions/first/plan.yaml")).unwrap();
    for (file, line) in NEWER {
        let home = with_a_newer(file, line);
        let folder = home.sessions();
        let before = files(&folder.join("first"));
        let refused = Session::open(&folder, &bench::plan(&plan), "another plan").err().unwrap();
        assert_eq!(refused.code.to_string(), "E-SESSION-05");
        assert!(refused.what.contains("its format is 2, this program reads 1"), "{}", refused.what);
        assert!(refused.evidence[0].ends_with(file), "{:?}", refused.evidence);
        untouched(&home, &before);
    }
}

#[test]
fn the_commands_refuse_a_newer_session_before_they_contact_anybody() {
    for command in ["plan", "apply", "undo"] {
        let home = with_a_newer(NEWER[2].0, NEWER[2].1);
        let (folder, plan) = (home.sessions(), home.path().join("plan.yaml"));
        let before = files(&folder.join("first"));
        std::fs::copy(folder.join("first/plan.yaml"), &plan).unwrap();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_gangplank"))
            .args([command, plan.to_str().unwrap(), "--state", folder.to_str().unwrap()])
            .env("HOME", home.path())
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("E-SESSION-05") && said.contains("objects.jsonl"), "{said}");
        untouched(&home, &before);
    }
}

#[test]
fn the_wizard_refuses_to_resume_a_newer_session_and_says_why() {
    let home = with_a_newer(NEWER[0].0, NEWER[0].1);
    let before = files(&home.sessions().join("first"));
    let mut term = Term::start(home.gangplank(&["resume", "first"]), 120, 36);
    term.shows("the session \"first\" was written by a newer gangplank");
    term.signal(Signal::TERM);
    term.code();
    untouched(&home, &before);
}

#[test]
fn the_wizard_does_not_write_over_a_newer_session_of_the_same_name() {
    let home = with_a_newer(NEWER[0].0, NEWER[0].1);
    let before = files(&home.sessions().join("first"));
    let plan = home.path().join("plan.yaml");
    std::fs::copy(home.sessions().join("first/plan.yaml"), &plan).unwrap();
    let mut term = Term::start(home.gangplank(&["open", plan.to_str().unwrap()]), 120, 36);
    term.shows("E-SESSION-01 the session cannot be saved");
    term.signal(Signal::TERM);
    term.code();
    untouched(&home, &before);
}
