//! A test that cannot run where it is, for want of root or of a program, says so: on its own output, and with its
//! name in the file that `GANGPLANK_LEFT_OUT` names, from which `tests/run` tells it at its end.

use std::ffi::OsStr;
use std::io::Write;

/// Says why the test of this thread does not run, or not in full.
pub fn left_out(why: &str) {
    note(std::env::var_os("GANGPLANK_LEFT_OUT").as_deref(), why);
}

/// As [`left_out`], into this file.
pub fn note(file: Option<&OsStr>, why: &str) {
    let thread = std::thread::current();
    // A test that is run alone may have the main thread; then it was asked for by its name.
    let asked = || std::env::args().skip_while(|word| word != "--exact").nth(1);
    let name = thread.name().filter(|name| *name != "main").map(str::to_owned).or_else(asked);
    let line = format!("{}::{}: {why}\n", env!("CARGO_CRATE_NAME"), name.as_deref().unwrap_or("a test"));
    print!("left out: {line}");
    // Tests run at the same time: a line is written in one go.
    let opened = file.map(|file| std::fs::OpenOptions::new().create(true).append(true).open(file));
    if let Some(written) = opened.map(|file| file.and_then(|mut file| file.write_all(line.as_bytes()))) {
        written.expect("the file for what is left out");
    }
}
