//! Canaries: what was secret is in no event, no journal, no record and no file of the session.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use gangplank::host::Vault;
use gangplank::lab::HERE;
use gangplank::lab::setup::{FIRST_CLUSTER, FIRST_CLUSTER_PLAN};
use gangplank::plan::action::SecretRef;
use zeroize::Zeroizing;

use super::bench::{ALL, Bench, Ran};
use super::look::is_key;

const SUDO: &str = "canary-sudo-5b1f";
pub const PASSPHRASE: &str = "canary-ca-77c0";

/// Hands out the canaries and remembers what it was asked for.
#[derive(Default)]
struct Canaries {
    asked: Mutex<BTreeMap<String, usize>>,
}

impl Vault for Canaries {
    fn get(&self, name: &SecretRef) -> Option<Zeroizing<String>> {
        *self.asked.lock().unwrap().entry(format!("{name:?}")).or_default() += 1;
        match name {
            SecretRef::Sudo(_) => Some(Zeroizing::new(SUDO.to_owned())),
            SecretRef::Ca => Some(Zeroizing::new(PASSPHRASE.to_owned())),
            SecretRef::Ssh(_) | SecretRef::Key(_) | SecretRef::Made(_) => None,
        }
    }

    fn wrong(&self, name: &SecretRef) {
        panic!("{name:?} did not fit");
    }
}

pub fn encrypted(key: &[u8]) -> Vec<u8> {
    let key = openssl::pkey::PKey::private_key_from_pem(key).unwrap();
    key.private_key_to_pem_pkcs8_passphrase(openssl::symm::Cipher::aes_256_cbc(), PASSPHRASE.as_bytes())
        .unwrap()
}

/// Everything that is shown or written down, by where it is.
fn told(bench: &Bench, runs: &[&Ran]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for ran in runs {
        for one in &ran.events {
            all.push((format!("event {}", one.seq), serde_json::to_string(one).unwrap()));
            all.push((format!("event {} for debugging", one.seq), format!("{one:?}")));
        }
    }
    for folder in [bench.session(), bench.session().join("runs")] {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_file() {
                let text = std::fs::read_to_string(entry.path()).unwrap();
                all.push((entry.file_name().to_string_lossy().into_owned(), text));
            }
        }
    }
    for name in ALL.into_iter().chain([HERE, "root-ca-host"]) {
        for line in bench.lab().record(name) {
            all.push((format!("record of {name}"), serde_json::to_string(&line).unwrap()));
        }
    }
    all
}

/// The lines of the keys' text, without their frames.
fn keys(bench: &Bench) -> Vec<String> {
    let mut lines = Vec::new();
    for name in ALL.into_iter().chain([HERE]) {
        bench.lab().machine(name, |machine| {
            for (path, file) in machine.files.iter().filter(|(path, _)| is_key(path)) {
                let text = String::from_utf8_lossy(&file.bytes).into_owned();
                // The middle of a key; the beginning of every P-256 key is alike.
                let long = text.lines().filter(|line| !line.starts_with('-') && line.len() > 40);
                let before = lines.len();
                lines.extend(long.map(|line| line[20..40].to_owned()));
                assert!(lines.len() > before, "{path}");
            }
        });
    }
    lines
}

#[track_caller]
fn no_canary(bench: &Bench, runs: &[&Ran]) {
    let mut canaries = keys(bench);
    canaries.extend([SUDO.to_owned(), PASSPHRASE.to_owned(), "PRIVATE KEY".to_owned()]);
    let told = told(bench, runs);
    assert!(told.len() > 100);
    for (place, text) in &told {
        for canary in &canaries {
            assert!(!text.contains(canary), "{canary} is in {place}: {text}");
        }
    }
}

fn lab_with_sudo() -> String {
    let lab = FIRST_CLUSTER.replace("user: core}", &format!("user: core, sudo_password: {SUDO}}}"));
    assert!(lab.contains(SUDO));
    lab
}

#[test]
fn sudo_password_passphrase_and_keys_are_told_nowhere_with_the_ca_on_a_host() {
    let bench = Bench::new(&lab_with_sudo(), FIRST_CLUSTER_PLAN);
    let vault = Arc::new(Canaries::default());
    bench.lab().set_vault(vault.clone());
    bench.lab().machine("root-ca-host", |machine| {
        let key = machine.files.get_mut("/root/ca.key").unwrap();
        key.bytes = encrypted(&key.bytes);
    });
    let first = bench.apply().done();
    let second = bench.apply().done();
    no_canary(&bench, &[&first, &second]);
    let asked = vault.asked.lock().unwrap();
    assert!(
        asked.keys().any(|name| name.starts_with("Sudo")) && asked.keys().any(|name| name == "Ca"),
        "{asked:?}"
    );
    drop(asked);
    no_canary(&bench, &[&first, &second, &bench.undo()]);
}

#[test]
fn passphrase_and_keys_are_told_nowhere_with_the_ca_here() {
    let lab = lab_with_sudo()
        .replace("host: root-ca-host, cert: /root/", "cert: /home/op/")
        .replace("key: /root/", "key: /home/op/");
    let plan = FIRST_CLUSTER_PLAN.replace("where: ssh://root@root-ca-host/root", "where: files");
    let bench = Bench::new(&lab, &plan);
    bench.lab().set_vault(Arc::new(Canaries::default()));
    bench.world.set_ca_passphrase(PASSPHRASE);
    bench.lab().machine(HERE, |machine| {
        let key = machine.files.get_mut("/home/op/ca.key").unwrap();
        key.bytes = encrypted(&key.bytes);
    });
    let ran = bench.apply().done();
    no_canary(&bench, &[&ran]);
}

#[test]
fn a_failing_run_tells_no_secret_either() {
    let bench = Bench::new(&lab_with_sudo(), FIRST_CLUSTER_PLAN);
    bench.lab().set_vault(Arc::new(Canaries::default()));
    bench.lab().fault("w3", gangplank::lab::Fault::CutAfterAction(9));
    bench.lab().fault("w1", gangplank::lab::Fault::DiskFull);
    let ran = bench.apply();
    assert_eq!(ran.code, 1);
    no_canary(&bench, &[&ran]);
}
