//! The output of a program of this computer, with a limit.

use std::io::{Error, ErrorKind, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;

use rustix::process::{Pid, Signal, kill_process_group};

use super::ByteLimit;
use super::time::{OwnClock, STEP, TimeLimit};

/// Bytes of its error output that are kept; the rest is passed over.
const MOST_WORDS: u64 = 64 * 1024;

/// Runs a program without input to its end. Errors: it cannot be started, or its output is more than the limit; then
/// it is ended. So it is when its time is over, or when `stop` says so.
pub fn output(
    mut command: Command,
    limit: &ByteLimit,
    time: &TimeLimit,
    stop: &dyn Fn() -> bool,
) -> std::io::Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    let named = |error: Error| Error::new(error.kind(), format!("{name}: {error}"));
    let pipes = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.process_group(0).spawn().map_err(named)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (said, hear) = channel();
    let most = limit.bytes.saturating_add(1);
    let kept = said.clone();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stdout.map_or(Ok(0), |pipe| pipe.take(most).read_to_end(&mut bytes));
        let _ = kept.send((true, read.map(|_| bytes)));
    });
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stderr) = stderr {
            // Half of its words are better than none.
            let _ = stderr.by_ref().take(MOST_WORDS).read_to_end(&mut bytes);
            let _ = said.send((false, Ok(bytes)));
            let _ = std::io::copy(&mut stderr, &mut std::io::sink());
        }
    });
    let mut clock = OwnClock::start();
    let (mut out, mut words, mut ended) = (None, None, None);
    let trouble = loop {
        let left = time.limit().saturating_sub(clock.spent());
        match hear.recv_timeout(left.min(STEP)) {
            Ok((true, read)) => out = Some(read),
            Ok((false, read)) => words = read.ok(),
            Err(_) => {}
        }
        if let Some(Ok(bytes)) = &out
            && bytes.len() as u64 > limit.bytes
        {
            break Some(Error::new(ErrorKind::FileTooLarge, format!("its output {}", limit.exceeded())));
        }
        if ended.is_none() {
            ended = child.try_wait().map_err(named)?;
        }
        match (&out, ended) {
            (Some(Err(_)), _) => break None,
            // What it left running may hold its error output open.
            (Some(Ok(_)), Some(_)) => {
                words = words.or_else(|| hear.recv_timeout(STEP).ok().and_then(|(_, read)| read.ok()));
                break None;
            }
            _ => {}
        }
        if left.is_zero() {
            break Some(Error::new(ErrorKind::TimedOut, format!("it did not end within {}", time.length())));
        }
        if stop() {
            break Some(Error::new(ErrorKind::Interrupted, "it was stopped"));
        }
    };
    if ended.is_none() || trouble.is_some() {
        // With all that it has started; an error means that it has just ended by itself.
        if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
    let status = child.wait().map_err(named)?;
    if let Some(error) = trouble {
        return Err(named(error));
    }
    let stdout = out.unwrap_or_else(|| Ok(Vec::new())).map_err(named)?;
    Ok(Output { status, stdout, stderr: words.unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: ByteLimit = ByteLimit { what: "a test", bytes: 5, why: "it is one" };

    const SOON: TimeLimit =
        TimeLimit { what: "a test", time: std::time::Duration::from_secs(2), why: "it is one" };

    fn shell(text: &str) -> std::io::Result<Output> {
        let mut command = Command::new("sh");
        command.args(["-c", text]);
        output(command, &SMALL, &SOON, &|| false)
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
        let nowhere = output(Command::new("/nowhere"), &SMALL, &SOON, &|| false);
        assert!(nowhere.unwrap_err().to_string().starts_with("/nowhere: "));
    }

    #[test]
    fn a_program_that_never_ends_is_ended_at_its_deadline_or_when_somebody_stops() {
        let error = shell("exec 2>/dev/null; sleep 600").unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::TimedOut, "sh: it did not end within 2 s")
        );
        let mut command = Command::new("sleep");
        command.arg("600");
        assert_eq!(output(command, &SMALL, &SOON, &|| true).unwrap_err().kind(), ErrorKind::Interrupted);
    }

    #[test]
    fn a_program_that_leaves_another_one_behind_has_ended() {
        assert_eq!(shell("sleep 600 >/dev/null & printf here").unwrap().stdout, b"here");
    }
}
