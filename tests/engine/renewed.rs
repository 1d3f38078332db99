//! A renewal that is broken off at any action: one worker at a time unless it is told otherwise, and no certificate beside a key that it is not for.

use std::collections::BTreeMap;

use gangplank::engine::renew::{Renewed, in_turn};
use gangplank::engine::session::journal::{left_open, unfinished};
use gangplank::engine::{ExitCode, Journal};
use gangplank::host::Stop;
use gangplank::lab::Fault;
use gangplank::pki;
use gangplank::plan::action::{Action, Verb, sha256};
use gangplank::plan::fact::Facts;
use gangplank::plan::place::Place;
use gangplank::step::StepId;

use super::bench::{ALL, Bench, How, Ran, how};
use super::killed::{Seen, action, killed};
use super::look::{assert_same_state, state};
use super::traces::{assert_nothing_half, issued, new_ones, signatures};

/// All that was issued an hour ago is due.
fn almost() -> jiff::SignedDuration {
    jiff::SignedDuration::from_hours(24 * 365) - jiff::SignedDuration::from_mins(30)
}

/// So many hours pass, and a while in which whatever runs is heard of again.
fn later(bench: &Bench, hours: i64) {
    let clock = bench.lab().clock();
    bench.lab().leap_to(clock.at(clock.latest_ms()) + jiff::SignedDuration::from_hours(hours));
    bench.lab().advance(std::time::Duration::from_secs(60));
}

fn aboard() -> Bench {
    let bench = Bench::first();
    bench.apply().done();
    later(&bench, 1);
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

fn renew(bench: &Bench, worker: &str, seen: Seen) -> Ran {
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

/// What ends within so many days is issued anew: all that was there, and nothing that was issued since.
const WITHIN: u32 = 363;
const TWO: [&str; 2] = ["w1", "w2"];

fn two_aboard() -> Bench {
    let bench = Bench::first();
    bench.apply_only(&TWO).done();
    later(&bench, 72);
    bench
}

/// A renewal as the command does it, so many workers at once: how it went, and its runs.
fn renewal(bench: &Bench, at_once: usize, seen: Seen) -> (Renewed, Vec<Ran>) {
    let workers = bench.due(WITHIN).workers;
    let of_two = workers.into_iter().filter(|name| *name != "w3").collect::<Vec<_>>();
    renewal_of(bench, &of_two, at_once, seen)
}

fn renewal_of(bench: &Bench, workers: &[String], at_once: usize, seen: Seen) -> (Renewed, Vec<Ran>) {
    let (mut runs, stop) = (Vec::new(), Stop::default());
    let renewed = in_turn::<()>(workers, at_once, |_, names| {
        let renew = Some(jiff::SignedDuration::from_hours(i64::from(WITHIN) * 24));
        let how = How { seen, only: names.to_vec(), jobs: at_once, renew, ..how(&stop) };
        runs.push(bench.apply_with(&how));
        Ok(ExitCode::of_number(runs.last().unwrap().code))
    });
    (renewed.unwrap(), runs)
}

fn signed(runs: &[Ran]) -> usize {
    runs.iter().map(signatures).sum()
}

/// A renewal of two workers that nobody disturbs: the state afterwards, and the signatures.
fn undisturbed() -> (BTreeMap<String, String>, usize) {
    let bench = two_aboard();
    let before = issued(&bench);
    let (renewed, runs) = renewal(&bench, 1, &|_| {});
    assert_eq!((renewed.code, runs.len()), (ExitCode::Done, 2));
    assert_eq!(signed(&runs), new_ones(&bench, &before), "one signature for each key");
    assert_eq!(touched(&bench, &before), TWO);
    assert_eq!(bench.due(WITHIN).workers, [""; 0], "nothing is due any more");
    (state(&bench), signed(&runs))
}

/// The same again after one that was broken off: nobody is renewed twice, nothing is signed twice, the rest is renewed.
#[track_caller]
fn ended_by_the_next(
    bench: &Bench,
    wanted: &(BTreeMap<String, String>, usize),
    before: &Before,
    about: &str,
) {
    assert_nothing_half(bench, &[], about);
    assert_eq!(pairs(bench), before.keys, "{about}: each key is the one before");
    let there = issued(bench);
    let new = new_ones(bench, &before.issued);
    let (renewed, runs) = renewal(bench, 1, &|_| {});
    assert_eq!(
        renewed.code,
        ExitCode::Done,
        "{about}: {:?}",
        runs.iter().map(Ran::trouble).collect::<Vec<_>>()
    );
    let now = issued(bench);
    let again = |(at, cert): (&(String, String), &Vec<u8>)| {
        before.issued.get(at) != Some(cert) && now.get(at) != Some(cert)
    };
    assert!(!there.iter().any(again), "{about}: renewed twice");
    assert_eq!(signed(&runs), wanted.1 - new, "{about}");
    assert_eq!(pairs(bench), before.keys, "{about}");
    assert_same_state(&state(bench), &wanted.0, about);
    assert_eq!(touched(bench, &before.issued), TWO, "{about}");
    assert_nothing_half(bench, &[], about);
}

struct Before {
    issued: BTreeMap<(String, String), Vec<u8>>,
    keys: BTreeMap<String, String>,
}

fn before(bench: &Bench) -> Before {
    Before { issued: issued(bench), keys: pairs(bench) }
}

#[test]
fn killed_after_any_action_a_renewal_of_several_is_ended_by_the_next_and_nobody_is_renewed_twice() {
    let wanted = undisturbed();
    let (mut first_done, mut ends) = (0, 0);
    for after in 0.. {
        let bench = two_aboard();
        let was = before(&bench);
        let does = |seen: Seen| renewal(&bench, 1, seen).1.pop().unwrap();
        let (first, Some(title)) = killed(&bench, after, &action, &does) else {
            assert!(after >= wanted.1 * 2, "only {after}");
            break;
        };
        assert_ne!(first.code, 0, "after {title}");
        // The second is begun only when the first is whole.
        if touched(&bench, &was.issued) == TWO {
            first_done += 1;
        }
        ends += usize::from(bench.due(WITHIN).unfinished > 0);
        ended_by_the_next(&bench, &wanted, &was, &format!("{after}, after {title}"));
    }
    assert!(first_done > 0 && ends > 0, "{first_done} {ends}");
}

#[test]
fn cut_off_at_any_action_a_renewal_leaves_the_others_alone_and_is_ended_by_the_next() {
    let wanted = undisturbed();
    let faults: [fn(usize) -> Fault; 2] = [Fault::CutAfterAction, Fault::CutBeforeAction];
    for fault in faults {
        for k in 0.. {
            let bench = two_aboard();
            let was = before(&bench);
            bench.lab().fault("w1", fault(k));
            let (renewed, _) = renewal(&bench, 1, &|_| {});
            if renewed.code == ExitCode::Done {
                assert!(k >= 3, "only {k}");
                break;
            }
            let about = format!("{:?}", fault(k));
            assert_eq!(
                (renewed.last, renewed.left),
                (vec!["w1".to_owned()], vec!["w2".to_owned()]),
                "{about}"
            );
            assert!(!touched(&bench, &was.issued).contains(&"w2".to_owned()), "{about}");
            ended_by_the_next(&bench, &wanted, &was, &about);
        }
    }
}

#[test]
fn several_at_once_are_renewed_side_by_side_and_no_further_one_is_begun_where_one_does_not_come_back() {
    let all: Vec<String> = ALL.map(str::to_owned).into();
    let bench = Bench::first();
    bench.apply().done();
    later(&bench, 72);
    assert_eq!(bench.due(WITHIN).workers, all);
    // The API hears nothing of w1 any more: it is renewed and does not come back.
    bench.lab().fault("w1", Fault::Mute);
    let was = issued(&bench);
    let (renewed, runs) = renewal_of(&bench, &all, 2, &|_| {});
    assert_eq!((renewed.code, runs.len()), (ExitCode::Problem, 1));
    assert_eq!((renewed.last, renewed.left), (all[..2].to_vec(), all[2..].to_vec()));
    assert_eq!(touched(&bench, &was), TWO);
    assert_eq!((runs[0].end("w1"), runs[0].end("w2")), ("problem", "changed"));
    // Said again it begins with those, so that whoever is not back holds the rest up.
    let due = bench.due(WITHIN);
    assert_eq!((due.workers, due.unfinished), (all.clone(), 2));
    let (renewed, _) = renewal_of(&bench, &all, 1, &|_| {});
    assert_eq!((renewed.code, renewed.left.len()), (ExitCode::Problem, 2));
    bench.lab().mend("w1");
    let due = bench.due(WITHIN);
    assert_eq!((&due.workers[..], due.unfinished), (&["w1".to_owned(), "w3".to_owned()][..], 1));
    let (renewed, runs) = renewal_of(&bench, &due.workers, 99, &|_| {});
    assert_eq!((renewed.code, runs.len(), renewed.left.len()), (ExitCode::Done, 1, 0));
    assert_eq!(touched(&bench, &was), ALL);
    assert_eq!(bench.due(WITHIN).workers, [""; 0]);
}

#[test]
fn of_the_runs_of_one_renewal_the_last_one_is_what_was_left_open() {
    let folder = tempfile::tempdir().unwrap();
    let open = |run: &str| Journal::open(folder.path(), run).unwrap();
    let action = Action::Service { verb: Verb::Restart, unit: "kubelet".to_owned() };
    for (run, worker) in
        [("20261123T090000Z-7", "w1"), ("20261123T090000Z-7-001", "w2"), ("20261123T090000Z-7-010", "w3")]
    {
        let (journal, place) = (open(run), Place::Worker(worker.to_owned()));
        journal.renews(&[worker]).unwrap();
        journal.before(&place, 0, &[(StepId::REPAIR, action.clone())], &Facts::default()).unwrap();
        assert_eq!(left_open(folder.path()), [(worker.to_owned(), "systemctl restart kubelet".to_owned())]);
        assert_eq!(Vec::from_iter(unfinished(folder.path())), [worker]);
        journal.ended(&place, 0, 0, 0).unwrap();
        journal.over(0).unwrap();
        assert!(left_open(folder.path()).is_empty() && unfinished(folder.path()).is_empty(), "{run}");
    }
}
