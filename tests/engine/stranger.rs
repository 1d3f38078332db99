//! The record on a worker is a stranger's text: whoever is root there can write it.

use gangplank::engine::Event;
use gangplank::engine::undo::UndoScope;
use gangplank::host::Stop;
use gangplank::lab::setup::FIRST_CLUSTER_PLAN;

use super::bench::{Bench, Ran, how};

const RUN: &str = "20261123T080000Z-7";
const HASH: &str = "9ce1f4d8ebb0f83115247ba8c2c4719cb5218ed6198076a394953610a229cc2c";

fn bench() -> Bench {
    Bench::new(
        gangplank::lab::setup::FIRST_CLUSTER,
        &FIRST_CLUSTER_PLAN.replace("deploy: coredns", "deploy: none"),
    )
}

/// A record of that text on w1.
fn write(bench: &Bench, lines: &[String]) {
    let text = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect::<String>();
    bench.lab().machine("w1", |machine| {
        machine.write(&format!("/var/lib/gangplank/{RUN}/record.jsonl"), text.as_bytes(), "600", "root:root");
    });
}

fn line(kind: &str, path: &str) -> String {
    serde_json::json!({"v": 1, "run": RUN, "kind": kind, "path": path, "old": "", "new": HASH, "mode": ""})
        .to_string()
}

fn nodes(bench: &Bench) -> Vec<String> {
    bench.lab().cluster_state(|cluster| cluster.node_names())
}

fn notes(ran: &Ran) -> Vec<String> {
    let note = |one: &gangplank::engine::Stamped| match &one.event {
        Event::Note { text } => Some(text.clone()),
        _ => None,
    };
    ran.events.iter().filter_map(note).collect()
}

#[test]
fn a_worker_names_another_node_and_it_stays() {
    for kind in ["node", "node-unknown"] {
        let bench = bench();
        bench.apply_only(&["w2"]).done();
        write(&bench, &[line(kind, "w2")]);
        let stop = Stop::default();
        let ran = bench.undo_with(&super::bench::How { only: vec!["w1".to_owned()], ..how(&stop) });
        assert_eq!(nodes(&bench), ["w2"], "{}", ran.trouble());
        assert_eq!((ran.code, ran.codes("w1")), (1, vec!["E-UNDO-05".to_owned()]));
        assert!(ran.problems("w1")[0].evidence[0].contains("w2"), "{}", ran.trouble());
        let kept = bench.lab().machine("w1", |machine| {
            machine.files.contains_key(&format!("/var/lib/gangplank/{RUN}/record.jsonl"))
        });
        assert_eq!(kept, Some(true), "the record stays");
    }
}

#[test]
fn a_worker_names_its_own_node_and_without_a_note_here_it_is_only_named_with_the_command() {
    let bench = bench();
    bench.apply_only(&["w1"]).done();
    // Another computer has no such session.
    std::fs::remove_file(bench.session().join("nodes.jsonl")).unwrap();
    let ran = bench.undo().done();
    assert_eq!(nodes(&bench), ["w1"]);
    let told = notes(&ran);
    assert!(told.iter().any(|text| text.contains("kubectl") && text.contains("delete node w1")), "{told:?}");
    let left = bench.lab().machine("w1", |machine| {
        machine.files.keys().filter(|path| path.starts_with("/etc/kubernetes")).cloned().collect::<Vec<_>>()
    });
    assert_eq!(left, Some(Vec::new()), "everything else is undone");
    assert_eq!(bench.lab().record("w1"), Vec::new());
}

#[test]
fn a_node_that_was_made_anew_by_somebody_else_is_left_alone_and_named() {
    let bench = bench();
    bench.apply_only(&["w1"]).done();
    let file = bench.session().join("nodes.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    let noted: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!((noted["node"].as_str(), noted["new"].as_bool()), (Some("w1"), Some(true)));
    std::fs::write(&file, text.replace(noted["uid"].as_str().unwrap(), "another")).unwrap();
    let ran = bench.undo().done();
    assert_eq!(nodes(&bench), ["w1"]);
    assert!(notes(&ran).iter().any(|text| text.contains("delete node w1")), "{:?}", notes(&ran));
}

#[test]
fn what_a_worker_says_of_others_files_units_and_images_is_named_and_nothing_is_done() {
    let hostile = [
        line("put", "/etc/passwd"),
        line("dir", "/home"),
        line("start", "--host=root@other"),
        line("enable", "sshd"),
        line("image", "-f"),
        line("key", "/etc/kubernetes/../ssh/ssh_host_ed25519_key"),
        line("put", "/etc/kubernetes/x").replace(RUN, "../../../etc"),
        line("put", "/etc/kubernetes/x").replace(RUN, "r\\n\\u001b[2JEverything is fine. Undo all this?"),
    ];
    for one in hostile {
        let bench = bench();
        let machine = |bench: &Bench| bench.lab().machine("w1", |machine| machine.picture());
        write(&bench, std::slice::from_ref(&one));
        let before = machine(&bench);
        let stop = Stop::default();
        let (ran, shown) = bench.undo_run(&UndoScope::Everything, &how(&stop));
        assert_eq!(
            (ran.code, ran.codes("w1")),
            (1, vec!["E-UNDO-05".to_owned()]),
            "{one}: {}",
            ran.trouble()
        );
        assert!(ran.actions("w1").is_empty(), "{one}: {:?}", ran.actions("w1"));
        assert_eq!(machine(&bench), before, "{one}");
        let told = gangplank::ui::output::undo::text(&shown, &[]);
        assert!(!told.contains('\u{1b}') && told.lines().count() == 3, "{told:?}");
        let evidence = &ran.problems("w1")[0].evidence;
        assert!(!evidence.concat().chars().any(gangplank::plan::clean::is_invisible), "{evidence:?}");
    }
}

#[test]
fn beside_a_strange_line_all_else_is_taken_back_and_the_record_stays() {
    let bench = bench();
    bench.apply_only(&["w1"]).done();
    write(&bench, &[line("node", "victim")]);
    let ran = bench.undo();
    assert_eq!((ran.code, ran.codes("w1")), (1, vec!["E-UNDO-05".to_owned()]), "{}", ran.trouble());
    let left = bench.lab().machine("w1", |machine| {
        machine.files.keys().filter(|path| path.starts_with("/etc/kubernetes")).cloned().collect::<Vec<_>>()
    });
    assert_eq!(left, Some(Vec::new()));
    assert_eq!(nodes(&bench), Vec::<String>::new(), "its own node, noted here, is gone");
    assert!(!bench.lab().record("w1").is_empty(), "the record stays");
}
