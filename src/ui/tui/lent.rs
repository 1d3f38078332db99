//! The terminal lent to another program, such as a shell on a host. Whoever lends it hears on meanwhile and gets it back
//! in the modes it had.

use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use crate::ui::output::say;

/// Another program has the terminal now.
static LENT: AtomicBool = AtomicBool::new(false);

/// What ssh ends with when it did not get to the host; why stands on the terminal, and is read before that is drawn over.
/// Ctrl-C and Ctrl-Z are the program's: the first ends it alone, and stopped it could not be brought back.
const RUNS: &str = r#"trap '' TSTP; trap : INT; "$@"; s=$?
if [ $s = 255 ]; then printf '\nit ended with 255; Enter goes back to gangplank '; read -r l; fi; exit $s"#;

/// Whether another program has the terminal: what is pressed there is not meant for us.
pub fn is_lent() -> bool {
    LENT.load(Ordering::Acquire)
}

/// Runs a program on the terminal, which must not be ours now; the words about its end. `meanwhile` is called again and
/// again and should take a moment.
pub fn lend(words: &[String], mut meanwhile: impl FnMut()) -> String {
    let Some(program) = words.first() else { return String::new() };
    if !is_there(program) {
        return format!("there is no {program} on this computer");
    }
    let modes = tcgetattr(io::stdin()).ok();
    LENT.store(true, Ordering::Release);
    say::out(&format!("{}\n", shell_words::join(words)));
    let started = Command::new("sh").args(["-c", RUNS, "sh"]).args(words).spawn();
    let note = match started {
        Err(error) => format!("{program} cannot be started: {error}"),
        Ok(mut child) => loop {
            match child.try_wait() {
                Ok(None) => meanwhile(),
                Ok(Some(status)) => break ended(status.code()),
                Err(error) => break format!("{program} is not heard of any more: {error}"),
            }
        },
    };
    // A program that was killed may have left them as they were for it.
    if let Some(modes) = modes {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &modes);
    }
    LENT.store(false, Ordering::Release);
    note
}

fn ended(code: Option<i32>) -> String {
    match code {
        Some(255) => "ssh did not get to a shell there, or lost it (255)".to_owned(),
        Some(code) => format!("the shell ended with {code}"),
        None => "the shell was killed".to_owned(),
    }
}

/// Whether a program of this name can be found.
fn is_there(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    program.contains('/') && Path::new(program).is_file()
        || std::env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}
