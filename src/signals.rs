//! The wish to stop: Ctrl-C once, twice, three times, for the commands that print lines. The wizard hears its own.

use std::io::Write;
use std::sync::Arc;

use gangplank::host::Stop;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// What the first Ctrl-C does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstPress {
    /// It is told on stderr what it means, and the current action is the last.
    Tells,
    /// The same without a word: for what has no actions.
    Stops,
    /// Nothing is changed by this command, so it ends at once, whatever it waits for.
    Ends,
}

/// Listens from now on.
pub fn listen(stop: &Arc<Stop>, first: FirstPress) {
    // A password prompt switches the echo off; whoever ends in the middle of one switches it on again.
    let terminal = rustix::termios::tcgetattr(std::io::stdin()).ok();
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else { return };
    let stop = Arc::clone(stop);
    std::thread::spawn(move || {
        let end = || {
            if let Some(modes) = &terminal {
                let now = rustix::termios::OptionalActions::Now;
                let _ = rustix::termios::tcsetattr(std::io::stdin(), now, modes);
            }
            std::process::exit(3)
        };
        for _ in signals.forever() {
            match stop.level() {
                0 if first == FirstPress::Ends => {
                    tell("stopped; nothing was changed");
                    end();
                }
                0 | 1 if first == FirstPress::Stops => {}
                0 => tell("stopping after the current action; once more stops at once"),
                1 => tell("stopping at once; once more ends this program whatever the hosts do"),
                // What was begun and has no end mark is looked at on the next run.
                _ => end(),
            }
            stop.press();
        }
    });
}

fn tell(line: &str) {
    // Nobody reads it: that stops nothing.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
