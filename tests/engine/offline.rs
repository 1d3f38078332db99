//! An offline CA: all requests gather as one bundle, the script beside them signs with the real openssl, and the
//! certificates come back as files or pasted, now or in a later run.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use gangplank::engine::{Bundle, Event, OfflineCerts, World};
use gangplank::host::Stop;
use gangplank::lab::HERE;
use gangplank::lab::setup::{FIRST_CLUSTER, FIRST_CLUSTER_PLAN};
use gangplank::step::StepState;
use tempfile::TempDir;

use super::bench::{ALL, Bench, How, Ran, how};
use super::look::pictures;

const NAMES: [&str; 7] =
    ["kubectl", "w1-kube-proxy", "w1-worker", "w2-kube-proxy", "w2-worker", "w3-kube-proxy", "w3-worker"];

/// The lab, and a folder with the CA as the machine has it that nothing reaches.
fn bench() -> (Bench, TempDir) {
    let plan = FIRST_CLUSTER_PLAN.replace(
        "  where: ssh://root@root-ca-host/root\n  cert: ca.crt\n  key: ca.key\n",
        "  where: offline\n  cert: ca.crt\n",
    );
    let (bench, vault) = (Bench::new(FIRST_CLUSTER, &plan), tempfile::tempdir().unwrap());
    for name in ["ca.crt", "ca.key"] {
        let bytes =
            bench.lab().machine("root-ca-host", |host| host.files[&format!("/root/{name}")].bytes.clone());
        std::fs::write(vault.path().join(name), bytes.unwrap()).unwrap();
    }
    // openssl takes real time, so the lab's has to pass for everybody alike.
    bench.lab().clock().set_speed(100.0);
    let cert = std::fs::read(vault.path().join("ca.crt")).unwrap();
    bench.lab().machine(HERE, |here| here.write("/home/op/ca.crt", &cert, "644", "-"));
    (bench, vault)
}

/// Runs the script as somebody would where the CA's key is.
fn sign(folder: &Path, vault: &Path, passphrase: &str) -> (bool, String) {
    let mut child = Command::new("sh")
        .arg(folder.join("sign.sh"))
        .args(["ca.crt", "ca.key"])
        .current_dir(vault)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(passphrase.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

/// A run that waits for ever, as nobody brings what it wants, is stopped and fails.
fn apply(bench: &Bench, how: &How) -> Ran {
    let (over, end) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let stop = how.stop;
        scope.spawn(move || {
            if end
                .recv_timeout(Duration::from_secs(60))
                .is_err_and(|error| error == RecvTimeoutError::Timeout)
            {
                stop.press();
            }
        });
        let ran = bench.apply_with(how);
        drop(over);
        ran
    })
}

fn names(bundle: &Bundle) -> Vec<String> {
    bundle.waiting.iter().map(|one| one.name.clone()).collect()
}

fn is_whole(bundle: &Bundle) -> bool {
    bundle.coming.is_empty() && bundle.waiting.len() == NAMES.len()
}

#[test]
fn all_requests_come_as_one_bundle_however_few_hosts_work_at_a_time() {
    let ((bench, vault), stop, whole) = (bench(), Stop::default(), Mutex::new(Vec::new()));
    let seen = |bundle: &Bundle| {
        if is_whole(bundle) {
            whole.lock().unwrap().push(bundle.clone());
            let (good, said) = sign(&bundle.folder, vault.path(), "");
            assert!(good, "{said}");
        }
    };
    let ran = apply(&bench, &How { jobs: 1, bundle: &seen, ..how(&stop) }).done();
    let whole = whole.into_inner().unwrap();
    assert_eq!((whole.len(), names(&whole[0])), (1, NAMES.map(str::to_owned).to_vec()));
    assert_eq!(whole[0].folder, bench.session().join("offline"));
    let subjects: Vec<&str> = whole[0].waiting.iter().map(|one| one.subject.as_str()).collect();
    assert_eq!(subjects[..2], ["O=system:masters, CN=kubectl", "CN=system:kube-proxy"]);
    for place in ALL {
        assert_eq!(ran.end(place), "changed");
        assert!(ran.outcomes(place).contains(&("ready".to_owned(), "proven")));
    }
    assert!(ran.outcomes("here").contains(&("kubectl".to_owned(), "proven")), "{:?}", ran.outcomes("here"));
    assert!(ran.outcomes("cluster").contains(&("dns-pods".to_owned(), "proven")));
    let said: Vec<&String> = ran
        .events
        .iter()
        .filter_map(|one| match &one.event {
            Event::Note { text } if text.contains("sh sign.sh CA.crt CA.key") => Some(text),
            _ => None,
        })
        .collect();
    assert_eq!(said.len(), 1, "it says once what it waits for");
    assert!(said[0].contains("w3-worker") && said[0].contains(&bench.session().display().to_string()));
    // Nothing is asked for again, and undo finds its way in.
    apply(&bench, &How { bundle: &|_| panic!("nothing waits"), ..how(&stop) }).done();
    assert_eq!(bench.undo().code, 0);
}

#[test]
fn stopped_while_it_waits_a_later_run_gathers_the_same_and_takes_what_has_come() {
    let ((bench, vault), stop) = (bench(), Stop::default());
    let press = |bundle: &Bundle| {
        if is_whole(bundle) && !stop.wanted() {
            stop.press();
        }
    };
    let ran = apply(&bench, &How { bundle: &press, ..how(&stop) });
    assert_eq!(ran.code, 3, "{}", ran.trouble());
    assert!(ran.outcomes("w1").contains(&("sign".to_owned(), "stopped")), "{:?}", ran.outcomes("w1"));
    let (again, stop, folder) = (Mutex::new(Vec::new()), Stop::default(), bench.session().join("offline"));
    let requests = || NAMES.map(|name| std::fs::read(folder.join(format!("{name}.csr"))).unwrap());
    let first = requests();
    let press = |bundle: &Bundle| {
        if is_whole(bundle) && !stop.wanted() {
            again.lock().unwrap().extend(names(bundle));
            stop.press();
        }
    };
    assert_eq!(apply(&bench, &How { bundle: &press, ..how(&stop) }).code, 3);
    assert_eq!(again.into_inner().unwrap(), NAMES);
    let key =
        |csr: &[u8]| openssl::x509::X509Req::from_pem(csr).unwrap().public_key().unwrap().public_key_to_der();
    for (before, after) in first.iter().zip(&requests()) {
        assert_eq!(key(before).unwrap(), key(after).unwrap(), "the keys are the same");
    }
    let (good, said) = sign(&folder, vault.path(), "");
    assert!(good && said.contains("signed w2-worker.crt"), "{said}");
    let stop = Stop::default();
    let nothing = |bundle: &Bundle| assert!(bundle.waiting.is_empty(), "{bundle:?}");
    apply(&bench, &How { bundle: &nothing, ..how(&stop) }).done();
}

#[test]
fn the_script_is_clean_and_asks_for_the_passphrase_of_an_encrypted_key() {
    let ((bench, vault), stop) = (bench(), Stop::default());
    let key = openssl::pkey::PKey::private_key_from_pem(&std::fs::read(vault.path().join("ca.key")).unwrap())
        .unwrap();
    let key = key
        .private_key_to_pem_pkcs8_passphrase(openssl::symm::Cipher::aes_256_cbc(), b"open sesame")
        .unwrap();
    std::fs::write(vault.path().join("ca.key"), key).unwrap();
    let tries = AtomicUsize::new(0);
    let seen = |bundle: &Bundle| {
        if !is_whole(bundle) || tries.fetch_add(1, Ordering::SeqCst) > 0 {
            return;
        }
        let script = bundle.folder.join("sign.sh");
        for (program, args) in [("sh", vec!["-n"]), ("shellcheck", vec!["-s", "sh"])] {
            match Command::new(program).args(args).arg(&script).output() {
                Ok(output) => {
                    assert!(
                        output.status.success(),
                        "{program}: {}",
                        String::from_utf8_lossy(&output.stdout)
                    );
                }
                Err(error) => {
                    assert_eq!((program, error.kind()), ("shellcheck", std::io::ErrorKind::NotFound));
                }
            }
        }
        let text = std::fs::read_to_string(&script).unwrap();
        for part in
            ["# w1-worker: /O=system:nodes/CN=system:node:w1", "IP:10.0.0.11", "365 days", "serverAuth"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        let (good, said) = sign(&bundle.folder, vault.path(), "wrong\n");
        assert!(!good && said.contains("not signed: w1-worker"), "{said}");
        assert!(!bundle.folder.join("w1-worker.crt").exists());
        let (good, said) = sign(&bundle.folder, vault.path(), "open sesame\n");
        assert!(good, "{said}");
        let left: Vec<_> = std::fs::read_dir(vault.path()).unwrap().collect();
        assert_eq!(left.len(), 2, "nothing is left beside the CA");
    };
    apply(&bench, &How { bundle: &seen, ..how(&stop) }).done();
    assert!(tries.into_inner() > 0);
}

/// The certificates of a bundle, signed elsewhere and taken away again.
fn signed_elsewhere(bundle: &Bundle, vault: &Path) -> Vec<String> {
    let (good, said) = sign(&bundle.folder, vault, "");
    assert!(good, "{said}");
    let take = |name: &String| {
        let file = bundle.folder.join(format!("{name}.crt"));
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(file).unwrap();
        text
    };
    names(bundle).iter().map(take).collect()
}

#[test]
fn pasted_certificates_are_matched_by_key_and_refused_in_words() {
    let ((bench, vault), stop, certs) = (bench(), Stop::default(), OfflineCerts::default());
    let early = certs.give("-----BEGIN", bench.world.now()).unwrap_err();
    assert_eq!(early.code, "E-OFFLINE-02");
    let done = AtomicUsize::new(0);
    let seen = |bundle: &Bundle| {
        if !is_whole(bundle) || done.fetch_add(1, Ordering::SeqCst) > 0 {
            return;
        }
        let (now, folder) = (bench.world.now(), tempfile::tempdir().unwrap());
        // Signed by somebody in a copy of the folder; nothing comes back as a file.
        for entry in std::fs::read_dir(&bundle.folder).unwrap().map(Result::unwrap) {
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
        let away = Bundle { folder: folder.path().to_owned(), ..bundle.clone() };
        let all = signed_elsewhere(&away, vault.path());
        let ca = std::fs::read_to_string(vault.path().join("ca.crt")).unwrap();
        for (text, code) in [("hello", "E-OFFLINE-01"), (ca.as_str(), "E-OFFLINE-01")] {
            assert_eq!(certs.give(text, now).unwrap_err().code, code);
        }
        // w2's names on w1's key.
        let script = std::fs::read_to_string(bundle.folder.join("sign.sh")).unwrap();
        std::fs::write(folder.path().join("sign.sh"), script.replace("10.0.0.11", "10.0.0.66")).unwrap();
        let other = signed_elsewhere(&away, vault.path());
        let refused = certs.give(&format!("{}{}", all[0], other[2]), now).unwrap_err();
        assert_eq!(refused.code, "E-CERT-09");
        assert!(
            refused.evidence.iter().any(|line| line.contains("IP:10.0.0.66 instead of IP:10.0.0.11")),
            "{refused:?}"
        );
        assert!(refused.evidence.contains(&"taken: kubectl".to_owned()), "{refused:?}");
        let stranger = bench.lab().cluster_state(|cluster| cluster.certificate.clone());
        assert_eq!(certs.give(&stranger, now).unwrap_err().code, "E-OFFLINE-03");
        let rest = format!("Certificate:\n    Data:\n{}\n{ca}\n{}", all[1..].concat(), all[1]);
        assert_eq!(certs.give(&rest, now).unwrap().len(), 7);
        assert!(certs.bundle().waiting.is_empty());
    };
    let ran = apply(&bench, &How { bundle: &seen, certs: certs.clone(), ..how(&stop) }).done();
    assert_eq!((ran.end("w1"), done.into_inner() > 0), ("changed", true));
    assert!(bench.session().join("offline/w3-worker.crt").exists(), "kept for a later run");
}

#[test]
fn a_file_that_does_not_fit_is_named_and_a_better_one_is_taken() {
    let ((bench, vault), stop, refused) = (bench(), Stop::default(), Mutex::new(Vec::new()));
    let seen = |bundle: &Bundle| {
        let first = bundle.folder.join("w1-worker.crt");
        if let Some((file, problem)) = bundle.refused.first() {
            refused.lock().unwrap().push((file.clone(), problem.code.to_string()));
            std::fs::copy(vault.path().join("kept"), first).unwrap();
        } else if is_whole(bundle) {
            assert!(sign(&bundle.folder, vault.path(), "").0);
            std::fs::rename(&first, vault.path().join("kept")).unwrap();
            std::fs::copy(bundle.folder.join("w2-worker.crt"), first).unwrap();
        }
    };
    let ran = apply(&bench, &How { bundle: &seen, ..how(&stop) }).done();
    let refused = refused.into_inner().unwrap();
    assert_eq!(refused.first(), Some(&("w1-worker.crt".to_owned(), "E-CERT-07".to_owned())));
    let said = |one: &&gangplank::engine::Stamped| matches!(&one.event, Event::Note { text } if text.starts_with("w1-worker.crt is refused: it is for the key"));
    assert_eq!(ran.events.iter().filter(said).count(), 1);
}

#[test]
fn a_review_says_what_is_not_known_yet_and_changes_nothing() {
    let (bench, _vault) = bench();
    let before = pictures(&bench);
    let seen = bench.preview();
    assert!(seen.iter().all(|one| one.problem.is_none()), "an unknown cluster is no problem here");
    let cluster = seen.last().unwrap();
    assert!(
        cluster.unknown && cluster.notes.iter().any(|note| note.contains("versions come from the kubelets"))
    );
    let signs =
        seen[0].looked.iter().any(|one| one.step.id().0 == "sign" && matches!(one.state, StepState::Todo(_)));
    assert!(signs && pictures(&bench) == before);
    assert!(!bench.session().join("offline").exists());
}
