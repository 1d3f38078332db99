//! What gangplank does in Rust, it shows as shell. Here both are run and compared.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/left_out.rs"]
mod left_out;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use gangplank::host::{Batch, BatchEnd, Host, LocalHost, LocalWire, ShellHost, Stop, Vault};
use gangplank::pki::{self, CaSigner, NewKey, PublicKey, Serial};
use gangplank::plan::action::{Action, CertificateSpec, Content, KeyAlgorithm, SecretRef, Slot};
use gangplank::plan::fact::FactQuery;
use gangplank::step::request;
use jiff::Timestamp;
use tempfile::TempDir;
use zeroize::Zeroizing;

struct NoSecrets;

impl Vault for NoSecrets {
    fn get(&self, _: &SecretRef) -> Option<Zeroizing<String>> {
        None
    }

    fn wrong(&self, _: &SecretRef) {}
}

fn wish() -> CertificateSpec {
    CertificateSpec {
        cn: "system:node:w1".to_owned(),
        organizations: vec!["system:nodes".to_owned()],
        ips: vec!["192.0.2.1".parse().unwrap()],
        names: vec!["w1".to_owned()],
        client: true,
        server: true,
        days: 365,
    }
}

fn actions(root: &Path) -> Vec<Action> {
    let at = |name: &str| root.join(name).display().to_string();
    let put = |name: &str, text: &str, mode| Action::Put {
        path: at(name),
        content: Content::Literal(text.as_bytes().to_vec()),
        mode,
        owner: "-",
    };
    vec![
        Action::MakeDir { path: at("a/b c"), mode: "0700" },
        put("a/b c/file", "one\ntwo\n", "0640"),
        put("old", "new text without an end of line", "0600"),
        Action::MakeKey { path: at("key"), kind: KeyAlgorithm::P256 },
        Action::MakeCsr { key: at("key"), wish: wish(), out: Slot("csr".to_owned()) },
    ]
}

fn run(host: &mut dyn Host, root: &Path, run: &str) -> BatchEnd {
    std::fs::write(root.join("old"), "old text").unwrap();
    std::fs::set_permissions(root.join("old"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let wants = vec![FactQuery::Key(root.join("key").display().to_string())];
    let batch = Batch { actions: actions(root), queries: wants, run: run.to_owned(), lock: None };
    let end = host.run(&batch, &Stop::default(), &mut |_| {});
    assert!(end.trouble.is_none(), "{:?}", end.trouble);
    for (index, action) in &end.actions {
        assert_eq!(action.status, Some(0), "action {index}: {}", action.err);
    }
    assert_eq!(end.actions.len(), 5);
    end
}

/// Every file below a folder: mode, and content except for keys.
fn tree(root: &Path, folder: &Path, into: &mut BTreeMap<String, (u32, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
        let name = path.strip_prefix(root).unwrap().display().to_string();
        if path.is_dir() {
            into.insert(name, (mode, "folder".to_owned()));
            tree(root, &path, into);
        } else {
            let text =
                if name == "key" { "a key".to_owned() } else { std::fs::read_to_string(&path).unwrap() };
            into.insert(name, (mode, text));
        }
    }
}

#[test]
fn files_made_in_rust_and_by_the_shell_shown_are_the_same() {
    if !rustix::process::geteuid().is_root() {
        left_out::left_out("the shell keeps its record below /var/lib/gangplank, which takes root");
        return;
    }
    let (rust, shell, state) = (TempDir::new().unwrap(), TempDir::new().unwrap(), TempDir::new().unwrap());
    let id = format!("test-by-hand-{}", std::process::id());
    let mut here = LocalHost::new(state.path().to_path_buf());
    let made = run(&mut here, rust.path(), &id);
    let mut local = ShellHost::new(Arc::new(LocalWire::new()), Arc::new(NoSecrets), false);
    let shown = run(&mut local, shell.path(), &id);

    let (mut one, mut two) = (BTreeMap::new(), BTreeMap::new());
    tree(rust.path(), rust.path(), &mut one);
    tree(shell.path(), shell.path(), &mut two);
    assert_eq!(one, two);

    let kept = Path::new("/var/lib/gangplank").join(&id);
    let lines = |folder: &Path| -> Vec<(String, String, String, String)> {
        let text = std::fs::read_to_string(folder.join("record.jsonl")).unwrap();
        text.lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .map(|line| {
                let text = |key: &str| line[key].as_str().unwrap().to_owned();
                let name = text("path").rsplit('/').next().unwrap().to_owned();
                // Two keys are never the same.
                let new = if text("kind") == "key" { "a key".to_owned() } else { text("new") };
                (text("kind"), name, new, text("old"))
            })
            .collect()
    };
    let mut recorded = lines(&state.path().join(&id));
    let mut also = lines(&kept);
    std::fs::remove_dir_all(&kept).unwrap();
    recorded.sort();
    also.sort();
    assert_eq!(recorded, also, "the record says the same");

    for end in [&made, &shown] {
        let csr = &end.actions[&4].out;
        pki::check_csr(csr.as_bytes(), None, &request(&wish())).unwrap();
    }
}

#[test]
fn a_certificate_signed_here_and_by_the_command_shown_says_the_same() {
    let now = Timestamp::now();
    let made = CaSigner::make("by-hand-ca", NewKey::P256, 3650, Serial::random().unwrap(), now).unwrap();
    let ca = CaSigner::load(made.cert.as_bytes(), made.key.as_bytes(), None, now).unwrap();
    let folder = TempDir::new().unwrap();
    let key = folder.path().join("worker.key");
    std::fs::write(&key, pki::make_key(NewKey::Rsa2048).unwrap().as_bytes()).unwrap();
    std::fs::write(folder.path().join("ca.crt"), &made.cert).unwrap();
    std::fs::write(folder.path().join("ca.key"), made.key.as_bytes()).unwrap();
    let csr = Slot("worker.csr".to_owned());
    let out = Slot("worker.crt".to_owned());
    let request_line = format!(
        "openssl req -new -key worker.key -subj {} -out worker.csr",
        shell_words::quote(&wish().subject())
    );
    let sign = Action::Sign { csr, key: key.display().to_string(), wish: wish(), out };
    // A value to come is shown as <name>; by hand one writes the file's name there.
    let shown =
        sign.shell().to_string().replace("<worker.csr>", "worker.csr").replace("<worker.crt>", "worker.crt");
    let status = Command::new("sh")
        .current_dir(folder.path())
        .args(["-ec", &format!("{request_line}\n{shown}")])
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{shown}");
    let by_hand = std::fs::read(folder.path().join("worker.crt")).unwrap();
    let csr = std::fs::read(folder.path().join("worker.csr")).unwrap();
    let public = PublicKey::read(&csr_key(&csr)).unwrap();
    let here = ca.sign(&public, &request(&wish()), Serial::random().unwrap(), now).unwrap();

    let (one, two) = (pki::examine(&by_hand).unwrap(), pki::examine(here.as_bytes()).unwrap());
    assert_eq!(one.subject, two.subject);
    assert_eq!(one.issuer_raw, two.issuer_raw);
    assert_eq!(one.sans, two.sans);
    assert_eq!(one.usage, two.usage);
    assert_eq!(one.purposes, two.purposes);
    assert_eq!(one.spki_sha256, two.spki_sha256);
    assert_eq!(one.ca, two.ca);
    let none = pki::compare(&one, &request(&wish()), Some(&two.spki_sha256), ca.info(), Timestamp::now());
    assert_eq!(none, [], "what a person signed by hand is left as it is");
}

fn csr_key(csr: &[u8]) -> Vec<u8> {
    openssl::x509::X509Req::from_pem(csr).unwrap().public_key().unwrap().public_key_to_pem().unwrap()
}
