//! A renewal that is killed after any action: one worker at a time, and no certificate beside a key that it is not for.

use std::collections::BTreeMap;

use gangplank::host::Stop;
use gangplank::pki;
use gangplank::plan::action::sha256;

use super::bench::{ALL, Bench, How, how};
use super::killed::{Seen, action, killed};
use super::look::{assert_same_state, state};
use super::traces::{assert_nothing_half, issued, signatures};

/// All that was issued an hour ago is due.
fn almost() -> jiff::SignedDuration {
    jiff::SignedDuration::from_hours(24 * 365) - jiff::SignedDuration::from_mins(30)
}

fn aboard() -> Bench {
    let bench = Bench::first();
    bench.apply().done();
    bench.lab().advance(std::time::Duration::from_secs(3600));
    bench
}

/// The keys, and that each certificate is for the one beside it and alive.
fn pairs(bench: &Bench) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    for ((place, path), cert) in issued(bench) {
        let key = bench.lab().machine(&place, |machine| {
            let key = machine.files.get(&path.replace(".crt", ".key"))?;
            let key = openssl::pkey::PKey::private_key_from_pem(&key.bytes).unwrap();
            Some(sha256(&key.public_key_to_der().unwrap()))
        });
        let cert = pki::examine(&cert).unwrap();
        assert!(cert.not_after > bench.lab().clock().now(), "{place} {path}");
        if let Some(key) = key.flatten() {
            assert_eq!(key, cert.spki_sha256, "{place} {path}");
            keys.insert(format!("{place} {path}"), key);
        }
    }
    keys
}

fn renew(bench: &Bench, worker: &str, seen: Seen) -> super::bench::Ran {
    let only = vec![worker.to_owned()];
    bench.apply_with(&How { seen, only, renew: Some(almost()), ..how(&Stop::default()) })
}

/// The workers whose certificates are other ones than before.
fn touched(bench: &Bench, before: &BTreeMap<(String, String), Vec<u8>>) -> Vec<String> {
    let now = issued(bench);
    let other = |worker: &str| now.iter().any(|(at, cert)| at.0 == worker && before.get(at) != Some(cert));
    ALL.iter().filter(|worker| other(worker)).map(|name| (*name).to_owned()).collect()
}

#[test]
fn killed_after_any_action_a_renewal_leaves_whole_pairs_on_one_worker_at_most_and_the_next_ends_it() {
    let (wanted, signed) = {
        let bench = aboard();
        let ran = renew(&bench, "w1", &|_| {}).done();
        (state(&bench), signatures(&ran))
    };
    assert!(signed >= 2, "{signed}");
    for after in 0.. {
        let bench = aboard();
        let (before, keys) = (issued(&bench), pairs(&bench));
        let (first, Some(title)) = killed(&bench, after, &action, &|seen| renew(&bench, "w1", seen)) else {
            assert!(after >= signed * 2, "only {after}");
            break;
        };
        assert_ne!(first.code, 0, "after {title}");
        assert_eq!(pairs(&bench), keys, "after {title}: each key is the one before");
        assert!(["w2", "w3"].iter().all(|name| !touched(&bench, &before).contains(&(*name).to_owned())));
        assert_nothing_half(&bench, &[], &title);
        let there = issued(&bench).iter().filter(|(at, cert)| before.get(*at) != Some(*cert)).count();
        let second = renew(&bench, "w1", &|_| {}).done();
        assert_eq!(signatures(&second), signed - there, "after {title}");
        assert_eq!(pairs(&bench), keys, "after {title}");
        assert_same_state(&state(&bench), &wanted, &title);
        assert_eq!(touched(&bench, &before), ["w1"], "after {title}");
    }
}
