//! The binary: flags, places, the exit code.

// They panic when nobody reads; `ui::output::say` does not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod cli;
mod command;
mod environment;
mod open;
mod prepare;
mod signals;

use std::io::Write;
use std::sync::Arc;

use clap::Parser;
use environment::StandardFolders;
use gangplank::engine::ExitCode;
use gangplank::host::Stop;
use gangplank::ui::output::say;
use gangplank::ui::wizard::start::Opening;

fn main() -> ! {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { ExitCode::Usage } else { ExitCode::Done };
            let _ = error.print();
            end(code)
        }
    };
    let Some(places) = StandardFolders::find() else {
        say::err(format_args!("no home folder is known: set HOME"));
        end(ExitCode::Usage)
    };
    let stop = Arc::new(Stop::default());
    let code = std::panic::catch_unwind(|| match cli.command {
        None => open::open(&cli.wizard, Opening::Welcome, &places),
        Some(command) => command::run(command, &places, &stop),
    });
    let code = code.unwrap_or(ExitCode::Bug);
    let code = match say::lost() {
        Some(why) => {
            say::err(format_args!("what was to be said could not be written: {why}"));
            if code == ExitCode::Done { ExitCode::Problem } else { code }
        }
        None => code,
    };
    end(code)
}

/// At once: what OpenSSL does at the end of a process frees what another thread may be using, one that makes a key.
fn end(code: ExitCode) -> ! {
    let _ = std::io::stdout().flush();
    signal_hook::low_level::exit(code.number().into())
}
