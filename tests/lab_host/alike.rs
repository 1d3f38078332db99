//! The lab against the real shell words: the same question on the same file, the same action on the same
//! state. Only what writes no record is tried, as the record's place is fixed.

use std::sync::Arc;

use gangplank::host::{Host, LocalWire, ShellHost, Vault};
use gangplank::pki;
use gangplank::plan::action::{Action, CertificateSpec, SecretRef, Slot, sha256};
use gangplank::plan::fact::{Fact, FactQuery, Known};
use gangplank::plan::written::Written;
use gangplank::step::request;

use super::fleet::{Fleet, file, put, run};

struct NoVault;

impl Vault for NoVault {
    fn get(&self, _: &SecretRef) -> Option<zeroize::Zeroizing<String>> {
        None
    }

    fn wrong(&self, _: &SecretRef) {}
}

fn without_owner_and_time(fact: &Known<Fact>) -> Known<Fact> {
    let mut fact = fact.clone();
    match &mut fact {
        Known::Yes(Fact::File(Some(file))) => {
            file.owner = String::new().into();
            // The lab's files have no times.
            file.written_s = None;
        }
        Known::Yes(Fact::Key(Some(key))) => key.owner = String::new().into(),
        _ => {}
    }
    fact
}

#[test]
fn questions_and_answers_are_those_of_a_real_shell() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().display().to_string();
    let path = |name: &str| format!("{root}/{name}");
    let key = pki::make_key(pki::NewKey::P256).unwrap();
    let long = "a long line of text\n".repeat(500);
    let contents = [("text", long.as_str()), ("empty", ""), ("key", key.as_str()), ("broken", "no key\n")];
    let fleet = Fleet::first();
    for (name, text) in contents {
        std::fs::write(path(name), text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o640);
        std::fs::set_permissions(path(name), mode).unwrap();
        fleet.lab().machine("w1", |machine| machine.write(&path(name), text.as_bytes(), "640", "root:root"));
    }
    let wants = vec![
        file(&path("text")),
        FactQuery::File { path: path("empty"), content: false },
        file(&path("nothing")),
        file(&root),
        FactQuery::Key(path("key")),
        FactQuery::Key(path("broken")),
        FactQuery::Key(path("nothing")),
        FactQuery::Folder(root.clone()),
        FactQuery::Folder(path("nothing")),
        FactQuery::Tar(path("nothing")),
        FactQuery::Tar(path("text")),
    ];
    let wish = CertificateSpec {
        cn: "system:node:w1".to_owned(),
        organizations: vec!["system:nodes".to_owned()],
        ips: vec!["10.0.0.11".parse().unwrap()],
        names: vec!["w1".to_owned()],
        client: true,
        server: true,
        days: 1,
    };
    let actions = vec![
        Action::MakeCsr { key: path("key"), wish: wish.clone(), out: Slot("csr".to_owned()) },
        Action::UndoCreate { path: path("text"), new: Written::Sha256(sha256(b"other")) },
        Action::UndoCreate { path: path("empty"), new: Written::Sha256(sha256(b"")) },
        Action::UndoMakeDir { path: root.clone() },
        put(&path("missing/x"), "x"),
        Action::UndoMakeDir { path: path("nothing") },
    ];
    let mut real = ShellHost::new(Arc::new(LocalWire::new()), Arc::new(NoVault), false);
    let real = run(&mut real as &mut dyn Host, actions.clone(), wants.clone());
    let lab = run(fleet.host("w1").as_mut(), actions, wants);
    let text = real.facts.file(&path("text")).yes().copied().cloned().flatten();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let ago = i64::try_from(now).unwrap() - text.and_then(|text| text.written_s).unwrap_or_default();
    assert!((0..60).contains(&ago), "it was written {ago} s ago");
    let facts = |end: &gangplank::host::BatchEnd| -> Vec<(FactQuery, Known<Fact>)> {
        end.facts.iter().map(|(want, fact)| (want.clone(), without_owner_and_time(fact))).collect()
    };
    for (real, lab) in facts(&real).into_iter().zip(facts(&lab)) {
        assert_eq!(real, lab);
    }
    assert_eq!((real.complete, real.actions.len()), (lab.complete, lab.actions.len()));
    for (index, real) in &real.actions {
        let lab = &lab.actions[index];
        assert_eq!(real.status, lab.status, "action {index}: {} / {}", real.err, lab.err);
        if *index == 0 {
            for out in [&real.out, &lab.out] {
                assert_eq!(pki::check_csr(out.as_bytes(), None, &request(&wish)).unwrap().notes, []);
            }
        } else {
            assert_eq!(real.out, lab.out, "action {index}");
        }
    }
}
