//! What runs leave beside what they were to do: what undo would take back, locks, files that are half there, keys, and how
//! often a key was signed for.

use std::collections::BTreeMap;

use gangplank::engine::session::{nodes, objects};
use gangplank::engine::undo::back;
use gangplank::engine::{Event, Stamped};
use gangplank::lab::{HERE, LabFile};
use gangplank::pki;
use gangplank::plan::action::{Action, Verb};
use gangplank::plan::record::Record;

use super::bench::{Bench, Ran};
use super::look::is_key;

fn places(bench: &Bench) -> Vec<String> {
    bench.lab().workers().into_iter().chain([HERE.to_owned(), "root-ca-host".to_owned()]).collect()
}

/// What undo would take back of all runs, whatever their number: of what was changed twice only the oldest counts.
pub fn taken_back(bench: &Bench) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for place in places(bench) {
        let lines = bench.lab().record(&place);
        let runs: Vec<String> = lines.iter().map(|line| line.run.clone()).collect();
        let turned = back(&Record { lines, ..Record::default() }, None);
        assert!(turned.not_understood.is_empty(), "{place}: {:?}", turned.not_understood);
        let mut add = |what: String, was: String| all.insert(format!("{place} {what}"), was);
        for action in &turned.actions {
            match action {
                Action::UndoCreate { path, .. } => drop(add(path.clone(), "was not there".to_owned())),
                Action::RestoreFile { path, old, mode, .. } => {
                    let kept = bench.lab().machine(&place, |machine| {
                        runs.iter().any(|run| {
                            let kept = machine.files.get(&format!("{}/{run}/{old}", machine.state));
                            kept.is_some_and(|file| file.mode == "600")
                        })
                    });
                    // Keys and certificates are others in every lab.
                    let other = is_key(path) || path.ends_with("crt") || path.ends_with("pem");
                    let hash = if other { "" } else { old };
                    add(path.clone(), format!("{mode} {hash} kept: {kept:?}"));
                }
                // It runs either way.
                Action::Service { verb: Verb::Restart, .. } => {}
                action => drop(add(action.title(), String::new())),
            }
        }
        add("its node was new".to_owned(), turned.node.to_string());
    }
    let made = objects::made(&bench.session()).into_iter().map(|(path, _)| path);
    all.extend(made.map(|path| (format!("made {path}"), String::new())));
    let seen = nodes::seen(&bench.session()).into_iter().map(|one| one.node);
    all.extend(seen.map(|node| (format!("noted node {node}"), String::new())));
    all
}

/// Keys that others can read.
pub fn open_keys(bench: &Bench) -> Vec<String> {
    let mut open = Vec::new();
    for place in places(bench) {
        bench.lab().machine(&place, |machine| {
            let is_open = |file: &LabFile| {
                let ours = file.owner == "root:root" || file.owner == "-";
                file.bytes.windows(12).any(|part| part == b"PRIVATE KEY-") && (file.mode != "600" || !ours)
            };
            let all = machine.files.iter().filter(|(_, file)| is_open(file));
            open.extend(all.map(|(path, file)| format!("{place} {path} {}", file.mode)));
        });
    }
    open
}

/// No lock, nothing that is half there, and no key that others can read but those that they could read before.
pub fn assert_nothing_half(bench: &Bench, before: &[String], about: &str) {
    let open = open_keys(bench);
    assert!(open.iter().all(|key| before.contains(key)), "{about}: {open:?}");
    for place in places(bench) {
        bench.lab().machine(&place, |machine| {
            assert!(machine.lock.is_none(), "{about}: {place} is locked");
            for path in machine.files.keys() {
                let name = path.rsplit('/').next().unwrap_or_default();
                assert!(!name.contains(".part") && !name.contains(".tmp"), "{about}: {place} {path}");
            }
        });
    }
}

/// Certificates that were issued, by place and path.
pub fn issued(bench: &Bench) -> BTreeMap<(String, String), Vec<u8>> {
    let mut all = BTreeMap::new();
    for place in places(bench) {
        bench.lab().machine(&place, |machine| {
            let kept = format!("{}/", machine.state);
            for (path, file) in machine.files.iter().filter(|(path, _)| !path.starts_with(&kept)) {
                let is = |cert: &pki::CertFacts| cert.ca != Some(true);
                if path.ends_with("crt") && pki::examine(&file.bytes).is_ok_and(|cert| is(&cert)) {
                    all.insert((place.clone(), path.clone()), file.bytes.clone());
                }
            }
        });
    }
    all
}

/// How many certificates a run was given by the CA.
pub fn signatures(ran: &Ran) -> usize {
    let signed = |one: &&Stamped| match &one.event {
        Event::ActionEnded { action, status: 0, .. } => action.starts_with("sign "),
        _ => false,
    };
    ran.events.iter().filter(signed).count()
}

/// Certificates that are other ones than before.
pub fn new_ones(bench: &Bench, before: &BTreeMap<(String, String), Vec<u8>>) -> usize {
    issued(bench).iter().filter(|(at, bytes)| before.get(*at) != Some(*bytes)).count()
}
