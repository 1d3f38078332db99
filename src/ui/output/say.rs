//! Words to whoever started the program. A reader that went away is no reason to fail, and none to panic; a disk that
//! is full is told at the end.

use std::fmt::Arguments;
use std::io::{Error, ErrorKind, Write};
use std::sync::{Mutex, PoisonError};

use crate::plan::clean::shown;

/// Why something that was said did not arrive.
static LOST: Mutex<Option<String>> = Mutex::new(None);

/// Text on stdout.
pub fn out(text: &str) {
    let mut out = std::io::stdout().lock();
    noted(out.write_all(shown(text).as_bytes()).and_then(|()| out.flush()));
}

/// A line on stderr.
pub fn err(line: Arguments) {
    let mut err = std::io::stderr().lock();
    // Nobody is left to be told.
    let _ = writeln!(err, "{}", shown(&line.to_string()));
}

/// Remembers that something could not be written.
pub fn noted(result: Result<(), Error>) {
    let Err(error) = result else { return };
    if error.kind() != ErrorKind::BrokenPipe {
        LOST.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error.to_string());
    }
}

/// Why something did not arrive; asked once.
pub fn lost() -> Option<String> {
    LOST.lock().unwrap_or_else(PoisonError::into_inner).take()
}
