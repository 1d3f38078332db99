//! The path back of a worker that failed, in lines.

use super::{MENU, Talk, assert_plain};

#[test]
fn a_failed_worker_is_diagnosed_repaired_and_summed_up_in_lines() {
    let home = tempfile::tempdir().unwrap();
    let args = ["demo", "failed-worker", "--plain", "--speed", "100", "--seed", "1"];
    let mut talk = Talk::begin(home.path(), &args);
    talk.answer("Numbers", "2");
    let found = talk.answer(MENU, "1");
    for words in ["1 of 4 Diagnosis", "to be mended first:", "E-CERT-13", "1 repair worker02"] {
        assert!(found.contains(words), "{words}\n{found}");
    }
    let repair = talk.answer(MENU, "a");
    for words in ["2 of 4 Repair", "worker.crt", "undo:", "restarted: kubelet", "a repair it so"] {
        assert!(repair.contains(words), "{words}\n{repair}");
    }
    let done = talk.answer(MENU, "i incident.md");
    assert!(done.contains("worker02 is repaired"), "{done}");
    talk.answer(MENU, "q");
    let (code, said) = talk.end();
    assert_eq!(code, 0, "{said}");
    assert_plain(&said);
    let summary = std::fs::read_to_string(home.path().join("incident.md")).unwrap();
    assert!(summary.contains("**E-CERT-13** "), "{summary}");
}
