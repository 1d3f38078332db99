//! The binary: flags, places, the wish to stop, the exit code.

mod cli;
mod command;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use gangplank::host::Stop;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let Some(places) = places() else {
        eprintln!("no home folder is known: set HOME");
        return ExitCode::from(2);
    };
    let stop = Arc::new(Stop::default());
    let says = !matches!(cli.command, cli::Command::Watch { .. });
    // A password prompt switches the echo off; whoever ends in the middle of one switches it on again.
    let terminal = rustix::termios::tcgetattr(std::io::stdin()).ok();
    if let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) {
        let stop = Arc::clone(&stop);
        std::thread::spawn(move || {
            for _ in signals.forever() {
                match stop.level() {
                    0 | 1 if !says => {}
                    0 => eprintln!("stopping after the current action; once more stops at once"),
                    1 => eprintln!("stopping at once; once more ends this program whatever the hosts do"),
                    // What was begun and has no end mark is looked at on the next run.
                    _ => {
                        if let Some(modes) = &terminal {
                            let now = rustix::termios::OptionalActions::Now;
                            let _ = rustix::termios::tcsetattr(std::io::stdin(), now, modes);
                        }
                        std::process::exit(3)
                    }
                }
                stop.press();
            }
        });
    }
    let code = std::panic::catch_unwind(|| command::run(cli.command, &places, &stop));
    ExitCode::from(code.unwrap_or(4))
}

fn places() -> Option<command::Places> {
    let home = directories::BaseDirs::new()?.home_dir().to_path_buf();
    let project = directories::ProjectDirs::from("", "", "gangplank")?;
    let state = project.state_dir().unwrap_or_else(|| project.data_local_dir());
    Some(command::Places { home, state: state.join("sessions") })
}
