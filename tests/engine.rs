//! The engine over the scripted lab: onboarding, every fault, a crash after every action, changed plans,
//! undo and stop. Nothing here sleeps; the lab's clock moves when somebody waits.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[path = "engine/alive.rs"]
mod alive;
#[path = "engine/apply.rs"]
mod apply;
#[path = "engine/bench.rs"]
mod bench;
#[path = "engine/ca_files.rs"]
mod ca_files;
#[path = "engine/change.rs"]
mod change;
#[path = "engine/crash.rs"]
mod crash;
#[path = "engine/current.rs"]
mod current;
#[path = "engine/demo.rs"]
mod demo;
#[path = "engine/doctor.rs"]
mod doctor;
#[path = "engine/drained.rs"]
mod drained;
#[path = "engine/faults.rs"]
mod faults;
#[path = "engine/found.rs"]
mod found;
#[path = "engine/from_api.rs"]
mod from_api;
#[path = "engine/jobs.rs"]
mod jobs;
#[path = "engine/killed.rs"]
mod killed;
#[path = "engine/kubectl.rs"]
mod kubectl;
#[path = "engine/lock.rs"]
mod lock;
#[path = "engine/look.rs"]
mod look;
#[path = "engine/of_one_runtime.rs"]
mod of_one_runtime;
#[path = "engine/offline.rs"]
mod offline;
#[path = "engine/pace.rs"]
mod pace;
#[path = "engine/places.rs"]
mod places;
#[path = "engine/preview.rs"]
mod preview;
#[path = "engine/probe.rs"]
mod probe;
#[path = "engine/released.rs"]
mod released;
#[path = "engine/renewed.rs"]
mod renewed;
#[path = "engine/repair.rs"]
mod repair;
#[path = "engine/review.rs"]
mod review;
#[path = "engine/scripted.rs"]
mod scripted;
#[path = "engine/secrets.rs"]
mod secrets;
#[path = "engine/signer.rs"]
mod signer;
#[path = "engine/stop.rs"]
mod stop;
#[path = "engine/stranger.rs"]
mod stranger;
#[path = "engine/summed_up.rs"]
mod summed_up;
#[path = "engine/table.rs"]
mod table;
#[path = "support/totals.rs"]
mod totals;
#[path = "engine/traces.rs"]
mod traces;
#[path = "engine/undo.rs"]
mod undo;
#[path = "engine/undo_run.rs"]
mod undo_run;
