//! A canary given as a secret is found where it belongs and nowhere else.

use std::fs;
use std::sync::Arc;

use gangplank::host::batch::LockUse;
use gangplank::host::{BatchProgress, Host, LocalWire, ShellHost, Stop, batch};
use gangplank::plan::action::{Action, Content, SecretRef};
use gangplank::plan::fact::FactQuery;

use crate::support::{Purse, Run, Wrapped, all_well, done, over, put, showing};

const CANARY: &str = "canary-4711 it's\\n\"secret\"";

#[test]
fn a_secret_is_nowhere_but_where_it_belongs() {
    if !crate::root() {
        return;
    }
    let (dir, run) = (tempfile::tempdir().unwrap(), Run::new());
    let name = SecretRef::Made("the key".to_owned());
    let purse = Purse::with(name.clone(), CANARY);
    purse.secrets.lock().unwrap().insert(SecretRef::Ca, "other".to_owned());
    let target = dir.path().join("key");
    let text = format!(
        "IFS= read -r a <&4; IFS= read -r b <&4; cat; printf '%s' \"$a|$b\" >{}/read; echo pause; sleep 0.2",
        dir.path().display()
    );
    let batch = run.batch(
        vec![
            put(&target, Content::Secret(name.clone()), "0600"),
            Action::Script { title: "sign".to_owned(), text, secrets: vec![name.clone(), SecretRef::Ca] },
            crate::support::script("env; set"),
        ],
        vec![FactQuery::Machine, FactQuery::Record],
    );
    let compiled = batch::compile(&batch, "0123", LockUse::None, true, &|name| {
        gangplank::host::Vault::get(&*purse, name)
    })
    .unwrap();
    assert!(!compiled.text.contains("canary"));
    let (mut heard, mut shown) = (Vec::new(), Vec::new());
    let mut host = ShellHost::new(Arc::new(LocalWire::new()), purse, false);
    let end = host.run(&batch, &Stop::default(), &mut |event: BatchProgress| {
        shown.extend(showing("canary-4711"));
        heard.push(event);
    });
    all_well(&end, 3);
    assert_eq!(fs::read_to_string(&target).unwrap(), CANARY);
    assert_eq!(fs::read_to_string(dir.path().join("read")).unwrap(), format!("{CANARY}|other"));
    assert_eq!(shown, Vec::<String>::new());
    let coded = openssl::base64::encode_block(CANARY.as_bytes());
    for text in [format!("{heard:?}"), format!("{end:?}"), format!("{batch:?}"), end.noise.clone()] {
        assert!(!text.contains("canary") && !text.contains(coded.get(..12).unwrap()), "{text}");
    }
    for entry in fs::read_dir(run.folder()).unwrap() {
        let text = fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&text).contains("canary"));
    }
}

#[test]
fn a_secret_nobody_gave_sends_nothing() {
    let wire = Arc::new(Wrapped { wire: LocalWire::new(), before: "sh -c".to_owned() });
    let action =
        Action::Script { title: "x".to_owned(), text: "true".to_owned(), secrets: vec![SecretRef::Ca] };
    let end = done(&mut over(wire.clone()), &Run::new().batch(vec![action], vec![]));
    assert_eq!(end.trouble.unwrap().code(), "E-SECRET-01");
    assert_eq!(gangplank::host::Wire::counts(&*wire).execs, 0);
}
