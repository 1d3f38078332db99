//! The repair of a worker that no plan tells of, broken off after every action: the next one ends it, in the layout of
//! kubeadm and in one that was made by hand.

use std::sync::Mutex;

use gangplank::doctor::Layout;
use gangplank::engine::demo::DemoLab;
use gangplank::engine::doctor::Examined;
use gangplank::engine::found::{FoundVisit, examine_found};
use gangplank::engine::found_repair::FoundRepair;
use gangplank::engine::signing::signer::Signer;
use gangplank::engine::{ExitCode, Front, Stamped};
use gangplank::host::Stop;
use gangplank::lab::Fault;
use gangplank::plan::code::ProblemCode;

use super::bench::{Bench, Ran};
use super::demo::open;
use super::killed::{Seen, action, killed};
use super::look::{assert_same_state, state};
use super::scripted::{ended, own};
use super::traces::assert_nothing_half;

const WORKER: &str = "worker01";
const UNIT: &str = "/etc/systemd/system/kubelet.service";
const OURS: &str = "/etc/kubernetes/worker-kubeconfig.yaml";
const CRT: &str = "/etc/kubernetes/ssl/worker.crt";
const KEY: &str = "/etc/kubernetes/ssl/worker.key";
const CONF: &str = "/etc/kubernetes/kubelet.conf";
const PAIR: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";

struct Shown<'s> {
    events: Mutex<Vec<Stamped>>,
    seen: Seen<'s>,
}

impl Front for Shown<'_> {
    fn emit(&self, event: &Stamped) {
        (self.seen)(event);
        self.events.lock().unwrap().push(event.clone());
    }
}

/// A worker that somebody else made.
struct Stranger {
    bench: Bench,
    layout: Layout,
    _lab: DemoLab,
}

impl Stranger {
    /// The kubelet of kubeadm has its certificate and its key in one file.
    fn made(layout: Layout) -> Self {
        let (lab, bench) = open("current");
        bench.lab().set_fast_keys();
        bench.apply_only(&[WORKER]).done();
        bench.lab().machine(WORKER, |machine| {
            let kept = machine.state.clone();
            machine.files.retain(|path, _| !path.starts_with(&kept));
            machine.folders.retain(|path, _| !path.starts_with(&kept));
            if layout == Layout::Kubeadm {
                let pair = [machine.files[CRT].bytes.clone(), machine.files[KEY].bytes.clone()].concat();
                machine.write(PAIR, &pair, "600", "root:root");
                let text = |path: &str| String::from_utf8(machine.files[path].bytes.clone()).unwrap();
                let conf = text(OURS).replace(CRT, PAIR).replace(KEY, PAIR);
                let unit = text(UNIT).replace(OURS, CONF);
                machine.write(CONF, conf.as_bytes(), "600", "root:root");
                machine.write(UNIT, unit.as_bytes(), "644", "root:root");
                machine.files.remove(OURS);
                machine.units.get_mut("kubelet").unwrap().loaded = Some(unit.into_bytes());
            }
        });
        bench.lab().turn_kubelet(WORKER, true);
        bench.lab().advance(std::time::Duration::from_secs(60));
        Self { bench, layout, _lab: lab }
    }

    fn visit<T>(&self, run: &str, does: impl FnOnce(FoundVisit, &Signer) -> T) -> T {
        let (plan, stop) = (&self.bench.plan, Stop::default());
        let signer = Signer::at(&plan.ca.place, &self.bench.world).unwrap();
        let login = &plan.workers[0].ssh;
        does(
            FoundVisit { world: &self.bench.world, login, run, stop: &stop, ca: Some(signer.info()) },
            &signer,
        )
    }

    fn examine(&self) -> Examined {
        self.visit("look", |visit, _| examine_found(&visit))
    }

    fn mend(&self, run: &str, seen: Seen) -> Ran {
        let shown = Shown { events: Mutex::default(), seen };
        let code = self.visit(run, |visit, signer| {
            let first = examine_found(&visit);
            if first.healthy() {
                ExitCode::Done
            } else {
                FoundRepair::new(visit, &shown, Some(signer)).mend(&first).0
            }
        });
        Ran { code: code.number(), run: run.to_owned(), events: shown.events.into_inner().unwrap() }
    }

    fn place(&self) -> String {
        self.bench.plan.workers[0].ssh.host.clone()
    }
}

fn codes(examined: &Examined) -> Vec<ProblemCode> {
    examined.found.as_ref().unwrap().causes.iter().map(|cause| cause.problem.code).collect()
}

/// What goes wrong on it, how, and what is named.
type Wrong = (&'static str, ProblemCode, fn(&Stranger));

const EITHER: [Wrong; 3] = [
    ("the kubelet is frozen", ProblemCode::Kubelet08, |one| {
        one.bench.lab().fault(WORKER, Fault::KubeletStopped);
        one.bench.lab().advance(std::time::Duration::from_secs(120));
    }),
    ("the kubelet was stopped and disabled", ProblemCode::Kubelet14, |one| {
        one.bench.lab().turn_kubelet(WORKER, false);
        one.bench.lab().advance(std::time::Duration::from_secs(120));
    }),
    ("its certificate has expired", ProblemCode::Cert13, |one| {
        let read = |path: &str| {
            one.bench.lab().machine(WORKER, |machine| machine.files[path].bytes.clone()).unwrap()
        };
        let old = ended(&one.bench, &read(KEY), &read(CRT), WORKER);
        one.bench.lab().machine(WORKER, |machine| {
            if one.layout == Layout::Kubeadm {
                let pair = [old, machine.files[KEY].bytes.clone()].concat();
                machine.write(PAIR, &pair, "600", "root:root");
            } else {
                machine.write(CRT, &old, "644", "root:root");
            }
        });
        one.bench.lab().turn_kubelet(WORKER, true);
        one.bench.lab().advance(std::time::Duration::from_secs(120));
    }),
];

const OF_KUBEADM: [Wrong; 1] = [("others can read its key", ProblemCode::Key02, |one| {
    one.bench
        .lab()
        .machine(WORKER, |machine| "644".clone_into(&mut machine.files.get_mut(PAIR).unwrap().mode));
})];

#[test]
fn a_worker_of_somebody_else_is_well_and_its_layout_is_recognised() {
    for layout in [Layout::Kubeadm, Layout::ByHand] {
        let seen = Stranger::made(layout).examine();
        assert!(seen.healthy(), "{layout:?}: {:#?}", seen.found);
        assert_eq!(seen.layout, Some(layout));
    }
}

fn broken_off(layout: Layout, (name, code, make): &Wrong) -> Vec<String> {
    let ill = || {
        let one = Stranger::made(layout);
        make(&one);
        one
    };
    let whole = ill();
    let seen = whole.examine();
    assert_eq!(codes(&seen).first(), Some(code), "{layout:?} {name}: {:#?}", seen.found);
    let ran = whole.mend("20261130T090000Z-1", &|_| {});
    assert_eq!(ran.code, 0, "{layout:?} {name}: {} {:#?}", ran.trouble(), whole.examine().found);
    let wanted = state(&whole.bench);
    let actions = own(&ran, &whole.place());
    println!("{layout:?}: {name}: {code}; {}", actions.join("; "));
    let mut broken = Vec::new();
    let mut one = |about: String, breaks: &dyn Fn(&Stranger) -> Option<Ran>| {
        let one = ill();
        let Some(first) = breaks(&one) else { return false };
        let end = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            assert_ne!(first.code, 0, "the first repair");
            let second = one.mend("20261130T091000Z-1", &|_| {});
            assert_eq!(second.code, 0, "{} {:#?}", second.trouble(), one.examine().found);
            assert!(one.examine().healthy(), "{:#?}", one.examine().found);
            assert_same_state(&state(&one.bench), &wanted, "after the second repair");
            assert_nothing_half(&one.bench, &[], "after the second repair");
            let strange = one
                .bench
                .lab()
                .machine(WORKER, |machine| machine.files.keys().any(|path| path.contains("/gangplank-")));
            assert_eq!(strange, Some(false), "a certificate lies beside the pair");
        }));
        if let Err(panic) = end {
            let why = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            broken.push(format!("{layout:?}: {name}, {about}: {why}"));
        }
        true
    };
    for after in 0.. {
        let kill = |one: &Stranger| {
            let (ran, at) = killed(&one.bench, after, &action, &|seen| one.mend("20261130T090000Z-1", seen));
            // Over but for its end mark.
            at.filter(|_| ran.code != 0).map(|_| ran)
        };
        if !one(format!("killed after {after}"), &kill) {
            assert!(after + 1 >= actions.len(), "{name}: only {after}");
            break;
        }
    }
    // The record of a repair that left nothing to undo goes at its end.
    for (k, title) in actions.iter().enumerate().filter(|(_, title)| !title.starts_with("remove the record"))
    {
        for fault in [Fault::CutAfterAction(k), Fault::CutBeforeAction(k)] {
            one(format!("{fault:?} {title}"), &|one: &Stranger| {
                one.bench.lab().fault(WORKER, fault.clone());
                Some(one.mend("20261130T090000Z-1", &|_| {}))
            });
        }
    }
    broken
}

#[test]
fn the_repair_of_a_worker_of_kubeadm_broken_off_after_any_action_is_finished_by_the_next() {
    let broken: Vec<String> =
        EITHER.iter().chain(&OF_KUBEADM).flat_map(|wrong| broken_off(Layout::Kubeadm, wrong)).collect();
    assert!(broken.is_empty(), "{}:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn the_repair_of_a_worker_made_by_hand_broken_off_after_any_action_is_finished_by_the_next() {
    let broken: Vec<String> = EITHER.iter().flat_map(|wrong| broken_off(Layout::ByHand, wrong)).collect();
    assert!(broken.is_empty(), "{}:\n{}", broken.len(), broken.join("\n"));
}
