//! Looks that change nothing: the CA, the API and a worker, as the screens show them while a person types.

use std::path::PathBuf;

use gangplank::engine::World;
use gangplank::engine::probe;
use gangplank::host::Host;
use gangplank::kube::probe::NameCheck;
use gangplank::lab::{Fault, HERE};
use gangplank::pki::CaInfo;
use gangplank::plan::model::CaPlace;
use gangplank::plan::problem::Verdict;

use super::bench::Bench;
use super::look::pictures;

fn here(bench: &Bench, mode: &str, key: &str) -> CaPlace {
    let (cert, ours) = bench
        .lab()
        .machine("root-ca-host", |host| {
            (host.files["/root/ca.crt"].bytes.clone(), host.files["/root/ca.key"].bytes.clone())
        })
        .unwrap();
    let bytes = match key {
        "ours" => ours,
        "encrypted" => {
            let key = openssl::pkey::PKey::private_key_from_pem(&ours).unwrap();
            key.private_key_to_pem_pkcs8_passphrase(openssl::symm::Cipher::aes_128_cbc(), b"secret").unwrap()
        }
        _ => gangplank::pki::make_key(gangplank::pki::NewKey::P256).unwrap().as_bytes().to_vec(),
    };
    bench.lab().machine(HERE, |here| {
        here.write("/home/op/ca.crt", &cert, "644", "op:op");
        here.write("/home/op/ca.key", &bytes, mode, "op:op");
    });
    CaPlace::Files { cert: PathBuf::from("/home/op/ca.crt"), key: PathBuf::from("/home/op/ca.key") }
}

fn stops(remarks: &[Verdict]) -> Vec<&str> {
    let code = |verdict: &Verdict| match verdict {
        Verdict::Stops(problem) => Some(problem.code.as_str()),
        Verdict::Ok { .. } | Verdict::Warning { .. } => None,
    };
    remarks.iter().filter_map(code).collect()
}

fn warnings(remarks: &[Verdict]) -> Vec<&str> {
    let about = |verdict: &'_ Verdict| match verdict {
        Verdict::Warning { about, .. } => Some(about.clone()),
        Verdict::Ok { .. } | Verdict::Stops(_) => None,
    };
    remarks.iter().filter_map(about).map(|about| &*about.leak()).collect()
}

fn info(bench: &Bench) -> CaInfo {
    probe::ca(&bench.plan.ca.place, &bench.world).unwrap().info.unwrap()
}

#[test]
fn a_ca_on_its_host_is_seen_by_one_exec_and_nothing_is_changed() {
    let bench = Bench::first();
    let before = pictures(&bench);
    let seen = probe::ca(&bench.plan.ca.place, &bench.world).unwrap();
    let key = seen.key.unwrap();
    assert_eq!((seen.place.as_str(), seen.issuer.as_str()), ("on root@root-ca-host", "itself, it is a root"));
    assert_eq!((key.belongs, key.encrypted, key.private), (Some(true), false, true));
    assert_eq!(key.readers, "only root (mode 600)");
    assert!(seen.days_left.is_some_and(|days| days > 365), "{:?}", seen.days_left);
    assert_eq!((seen.fingerprint.len(), stops(&seen.remarks)), (64, Vec::new()));
    let counts = bench.lab().connect("root-ca-host").unwrap().counts();
    assert_eq!((counts.connections, counts.execs), (1, 1));
    assert!(pictures(&bench) == before);
}

#[test]
fn a_key_that_others_may_read_is_a_warning_and_a_foreign_one_stops() {
    let bench = Bench::first();
    let seen = probe::ca(&here(&bench, "640", "ours"), &bench.world).unwrap();
    assert_eq!((warnings(&seen.remarks), stops(&seen.remarks)), (vec!["readers of the key"], Vec::new()));
    assert!(!seen.key.unwrap().private);
    let seen = probe::ca(&here(&bench, "600", "foreign"), &bench.world).unwrap();
    assert_eq!((stops(&seen.remarks), seen.key.unwrap().belongs), (vec!["E-CA-05"], Some(false)));
}

#[test]
fn an_encrypted_key_is_said_and_nobody_is_asked() {
    let bench = Bench::first();
    let seen = probe::ca(&here(&bench, "600", "encrypted"), &bench.world).unwrap();
    let key = seen.key.unwrap();
    assert_eq!((key.encrypted, key.belongs, stops(&seen.remarks)), (true, None, Vec::new()));
    let said = seen
        .remarks
        .iter()
        .any(|one| matches!(one, Verdict::Ok { seen, .. } if seen.contains("asked for when it signs")));
    assert!(said, "{:?}", seen.remarks);
}

#[test]
fn a_ca_to_be_made_says_where_and_one_file_alone_is_a_problem() {
    let bench = Bench::first();
    let place = |cert: &str, key: &str| CaPlace::New { cert: PathBuf::from(cert), key: PathBuf::from(key) };
    let seen = probe::ca(&place("/home/op/new.crt", "/home/op/new.key"), &bench.world).unwrap();
    assert_eq!((seen.info, seen.key), (None, None));
    assert!(format!("{:?}", seen.remarks).contains("/home/op/new.key"));
    here(&bench, "600", "ours");
    let seen = probe::ca(&place("/home/op/ca.crt", "/home/op/ca.key"), &bench.world).unwrap();
    assert_eq!(warnings(&seen.remarks), ["new CA"]);
    let half = probe::ca(&place("/home/op/ca.crt", "/home/op/new.key"), &bench.world).unwrap_err();
    assert_eq!(half.code, "E-CA-13");
    let files = CaPlace::Files { cert: "/home/op/no.crt".into(), key: "/home/op/ca.key".into() };
    assert_eq!(probe::ca(&files, &bench.world).unwrap_err().code, "E-CA-12");
}

#[test]
fn an_offline_ca_shows_its_certificate_alone() {
    let bench = Bench::first();
    here(&bench, "600", "ours");
    let seen = probe::ca(&CaPlace::Offline { cert: "/home/op/ca.crt".into() }, &bench.world).unwrap();
    assert_eq!((seen.key, seen.place.as_str(), stops(&seen.remarks)), (None, "offline", Vec::new()));
    assert_eq!(seen.fingerprint, info(&bench).cert.fingerprint);
}

#[test]
fn an_api_of_our_ca_fits() {
    let bench = Bench::first();
    let ca = info(&bench);
    let seen = probe::api(&bench.world, Some(&ca));
    assert_eq!((seen.fault, seen.trusted, seen.takes_our_clients), (None, Some(Ok(())), Some(true)));
    assert_eq!(seen.name, Some(NameCheck::Carried));
    assert_eq!(seen.version.map(|version| version.to_string()).as_deref(), Ok("v1.20.2"));
    assert!(seen.chain.first().is_some_and(|cert| cert.end.is_some()));
    assert_eq!((stops(&seen.remarks), warnings(&seen.remarks)), (Vec::new(), Vec::new()));
    let alone = probe::api(&bench.world, None);
    assert_eq!((alone.trusted, alone.takes_our_clients), (None, None));
}

#[test]
fn an_api_of_another_ca_stops_and_one_that_is_down_does_not() {
    let (bench, other) = (Bench::first(), Bench::first());
    let seen = probe::api(&bench.world, Some(&info(&other)));
    assert_eq!(stops(&seen.remarks), ["E-API-22"]);
    bench.lab().set_api_calls(Some(0));
    let seen = probe::api(&bench.world, Some(&info(&other)));
    assert!(seen.fault.is_some() && seen.version.is_err());
    assert_eq!((stops(&seen.remarks), warnings(&seen.remarks)), (Vec::new(), vec!["API"]));
}

#[test]
fn a_worker_is_seen_by_one_exec_without_the_ca_and_nothing_is_changed() {
    let bench = Bench::first();
    let before = pictures(&bench);
    let worker = &bench.plan.workers[0];
    let seen = probe::worker(&bench.plan, worker, &bench.world);
    assert_eq!(seen.problem, None);
    assert_eq!(seen.host, "root@10.0.0.11");
    assert!(seen.os.is_some_and(|os| !os.is_empty()) && seen.login_ms.is_some_and(|ms| ms >= 0));
    assert!(matches!(seen.runtimes.as_slice(), [(_, Ok(_))]));
    assert_eq!(seen.kubelet, Some(Some("Kubernetes v1.20.2".to_owned())));
    assert!(seen.clock_ahead_ms.is_some_and(|ms| ms.abs() < 1_000));
    let steps: Vec<&str> = seen.looked.iter().map(|one| one.step.id().0).collect();
    assert_eq!(steps, ["connect", "prerequisites"]);
    let counts = |name: &str| bench.lab().connect(name).unwrap().counts();
    assert_eq!((counts("w1").connections, counts("w1").execs), (1, 1));
    assert_eq!(counts("root-ca-host").execs, 0, "the CA is left alone");
    assert!(pictures(&bench) == before);
    assert!(bench.world.read("/home/op/.kube/first/kubectl.crt".as_ref()).is_err());
}

#[test]
fn what_is_wrong_with_a_worker_is_its_problem() {
    for (fault, code) in [
        (Fault::Unreachable, "E-SSH-01"),
        (Fault::NoSudo, "E-SUDO-04"),
        (Fault::RuntimeDown, "E-DOCKER-01"),
        (Fault::KubeletMissing, "E-KUBELET-01"),
        (Fault::ClockOff(-900_000), "E-CLOCK-01"),
    ] {
        let bench = Bench::first();
        bench.lab().fault("w1", fault.clone());
        let seen = probe::worker(&bench.plan, &bench.plan.workers[0], &bench.world);
        assert_eq!(seen.problem.map(|problem| problem.code.as_str()), Some(code), "{fault:?}");
    }
}
