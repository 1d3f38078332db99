//! The CA on a host: whoever signs for everybody, everybody hears of it.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use gangplank::engine::{Event, Stamped, TaskOutcome};
use gangplank::host::{Stop, Vault};
use gangplank::plan::action::SecretRef;
use zeroize::Zeroizing;

use super::bench::{Bench, How, how, in_time};
use super::secrets::{PASSPHRASE, encrypted};

/// Ends whoever asks for the CA's passphrase a second time: the first is for the login to the API.
#[derive(Default)]
struct Mined(AtomicUsize);

impl Vault for Mined {
    fn get(&self, name: &SecretRef) -> Option<Zeroizing<String>> {
        let asked = self.0.fetch_add(usize::from(*name == SecretRef::Ca), Ordering::SeqCst);
        assert_eq!(asked, 0, "the test wants this panic");
        Some(Zeroizing::new(PASSPHRASE.to_owned()))
    }

    fn wrong(&self, _: &SecretRef) {}
}

#[test]
fn a_panic_while_the_ca_host_signs_is_a_problem_for_whoever_waits_and_nobody_waits_for_ever() {
    let (panicked, mut told) = in_time(|| {
        let bench = Bench::first();
        bench.lab().set_vault(Arc::new(Mined::default()));
        bench.lab().machine("root-ca-host", |machine| {
            let key = machine.files.get_mut("/root/ca.key").unwrap();
            key.bytes = encrypted(&key.bytes);
        });
        let (told, stop) = (Mutex::new(Vec::new()), Stop::default());
        let seen = |one: &Stamped| {
            if let Event::TaskEnded { outcome: TaskOutcome::Failed { problem } } = &one.event {
                told.lock().unwrap().push((one.place.to_string(), problem.code));
            }
        };
        let run = || bench.apply_with(&How { seen: &seen, ..how(&stop) });
        let panicked = catch_unwind(AssertUnwindSafe(run)).is_err();
        (panicked, told.into_inner().unwrap())
    });
    assert!(panicked, "it is a bug, and ends as one");
    told.retain(|(place, _)| place.starts_with('w') || place == "here");
    let codes: BTreeSet<&str> = told.iter().map(|(_, code)| code.as_str()).collect();
    assert_eq!(codes, BTreeSet::from(["E-BUG-04"]), "{told:?}");
    assert!(told.len() >= 2, "one panicked, the others were told: {told:?}");
}
