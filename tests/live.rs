//! The live panel: what updates make of its state, what is drawn of that, and the threads over the scripted
//! lab and over a real sshd with a docker of the test's own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod sshd;

#[path = "live/draw.rs"]
mod draw;
#[path = "live/lab.rs"]
mod lab;
#[path = "live/panel.rs"]
mod panel;
#[path = "live/real.rs"]
mod real;
#[path = "live/screen.rs"]
mod screen;
#[path = "live/support.rs"]
mod support;
