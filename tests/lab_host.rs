//! The scripted lab: the step catalogue carried out by hand on it, undone again byte for byte, and every
//! fault seen as it would be seen from a real machine.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[path = "lab_host/alike.rs"]
mod alike;
#[path = "lab_host/fleet.rs"]
mod fleet;
#[path = "lab_host/machine.rs"]
mod machine;
#[path = "lab_host/onboard.rs"]
mod onboard;
