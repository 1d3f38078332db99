//! Session folders: the wizard goes on in them, and an interrupted run is named.

use gangplank::engine::session::journal::left_open;
use gangplank::engine::undo::made;
use rustix::process::Signal;
use serde_json::Value;

use super::fixtures::{copy, fixture};
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
