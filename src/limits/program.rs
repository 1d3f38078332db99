//! The output of a program of this computer, with a limit.

use std::io::{Error, ErrorKind, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

use super::ByteLimit;

/// Bytes of its error output that are kept; the rest is passed over.
const MOST_WORDS: u64 = 64 * 1024;

/// Runs a program without input to its end. Errors: it cannot be started, or its output is more than the limit; then
/// it is ended.
pub fn output(mut command: Command, limit: &ByteLimit) -> std::io::Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    let named = |error: Error| Error::new(error.kind(), format!("{name}: {error}"));
    let pipes = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.process_group(0).spawn().map_err(named)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let words = std::thread::spawn(move || {
        let mut kept = Vec::new();
        if let Some(mut stderr) = stderr {
            // Half of its words are better than none.
            let _ = stderr.by_ref().take(MOST_WORDS).read_to_end(&mut kept);
            let _ = std::io::copy(&mut stderr, &mut std::io::sink());
        }
        kept
    });
    let mut kept = Vec::new();
    let read = stdout.map_or(Ok(0), |pipe| pipe.take(limit.bytes.saturating_add(1)).read_to_end(&mut kept));
    let over = kept.len() as u64 > limit.bytes;
    if over || read.is_err() {
        // With all that it has started; an error means that it has just ended by itself.
        if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
    let status = child.wait().map_err(named)?;
    read.map_err(named)?;
    if over {
        return Err(named(Error::new(ErrorKind::FileTooLarge, format!("its output {}", limit.exceeded()))));
    }
    Ok(Output { status, stdout: kept, stderr: words.join().unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: ByteLimit = ByteLimit { what: "a test", bytes: 5, why: "it is one" };

    fn shell(text: &str) -> std::io::Result<Output> {
        let mut command = Command::new("sh");
        command.args(["-c", text]);
        output(command, &SMALL)
    }

    #[test]
    fn output_comes_with_its_status_and_words() {
        let done = shell("printf hello; echo no >&2; exit 3").unwrap();
        assert_eq!(
            (done.stdout.as_slice(), done.stderr.as_slice()),
            (b"hello".as_slice(), b"no\n".as_slice())
        );
        assert_eq!(done.status.code(), Some(3));
    }

    #[test]
    fn a_program_that_never_stops_talking_is_ended() {
        let error = shell("exec yes").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert!(shell("yes >&2 & exec yes").is_err());
        assert!(output(Command::new("/nowhere"), &SMALL).unwrap_err().to_string().starts_with("/nowhere: "));
    }
}
