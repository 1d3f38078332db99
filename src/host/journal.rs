//! What a unit's journal says about the reason: of a thousand lines the few that name it. Left out are the dumps of a
//! program that ended, usage text and what systemd says of its own doing.

use super::journal_lines::{Stamp, joined, klog, without_head, writer};
use crate::plan::unit::JournalLine;
use crate::plan::{clean, redact};

/// So many lines are told.
const MOST: usize = 4;
/// A longer line loses its middle: the cause stands at the end of most.
const LONG: usize = 420;
/// So many lines are handed to who judges them, each no longer than this.
const TO_JUDGE: (usize, usize) = (40, 1400);

/// How much a line says about the reason for an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// It says nothing.
    Noise,
    /// systemd's word on an end, the best there is when the program itself said nothing.
    Systemd,
    /// Something was said.
    Said,
    /// An error that every start tells, or that only wraps another one.
    Usual,
    /// An error.
    Error,
    /// What ended the program.
    Fatal,
}

/// The lines that say most, oldest first. Of a unit that runs, `pid` is its process: what others of its name wrote
/// before is not its own.
pub(super) fn reasons<'a>(lines: impl Iterator<Item = &'a str>, pid: Option<u32>) -> Vec<String> {
    let lines = joined(lines);
    let mut usage = false;
    let mut told: Vec<(Weight, String, &str)> = Vec::new();
    for line in &lines {
        usage = starts_usage(line) || usage && is_usage(line);
        let weight = if usage { Weight::Noise } else { weigh(line) };
        if weight != Weight::Noise {
            told.push((weight, essence(line), line));
        }
    }
    if let Some(pid) = pid
        && told.iter().any(|(.., line)| writer(line) == Some(pid))
    {
        told.retain(|(.., line)| writer(line).is_none_or(|writer| writer == pid));
    }
    let most = told.iter().map(|(weight, ..)| *weight).max().unwrap_or(Weight::Noise);
    // Where something ended the program, the errors before it lead there; lines that only inform then say nothing.
    let least = if most >= Weight::Error { Weight::Error } else { most };
    let mut picked: Vec<(usize, &str)> = Vec::new();
    let mut known: Vec<&str> = Vec::new();
    for wanted in [Weight::Fatal, Weight::Error, Weight::Usual, Weight::Said, Weight::Systemd] {
        for (at, (weight, essence, line)) in told.iter().enumerate().rev() {
            if *weight != wanted
                || wanted < least
                || picked.len() >= MOST
                || known.contains(&essence.as_str())
            {
                continue;
            }
            known.push(essence);
            picked.push((at, line));
        }
    }
    picked.sort_unstable();
    picked.into_iter().map(|(_, line)| clean::line(&cut(&redact::line(line), LONG))).collect()
}

/// The same of a unit that something else ended: `pid` was its last process, and what others of its name wrote before it is
/// not the reason, also where it wrote nothing.
pub(super) fn last_words<'a>(lines: impl Iterator<Item = &'a str>, pid: Option<u32>) -> Vec<String> {
    let own =
        |line: &&str| pid.is_none() || writer(without_head(line)).is_none_or(|writer| Some(writer) == pid);
    let lines: Vec<&str> = lines.collect();
    let first = lines.iter().rposition(|line| began(without_head(line))).unwrap_or_default();
    reasons(lines.into_iter().skip(first).filter(own), pid)
}

/// The lines that somebody is to judge, oldest first; `now` is the time on the machine.
pub(super) fn lines_of<'a>(lines: impl Iterator<Item = &'a str>, now: Option<Stamp>) -> Vec<JournalLine> {
    let (mut by, mut at, mut usage) = (None, None, false);
    let mut all: Vec<(String, JournalLine)> = Vec::new();
    for line in joined(lines) {
        usage = starts_usage(&line) || usage && is_usage(&line);
        // What has no head of its own comes from who wrote before it, unless another one was started since.
        match Stamp::of(&line) {
            Some(stamp) => (by, at) = (writer(&line), Some(stamp)),
            None if began(&line) => by = None,
            None => {}
        }
        if usage || weigh(&line) == Weight::Noise {
            continue;
        }
        let ago_s = at.zip(now).and_then(|(at, now)| at.ago(now));
        let text = clean::line(&cut(&redact::line(&line), TO_JUDGE.1)).into();
        let essence = essence(&line);
        all.retain(|(known, _)| *known != essence);
        all.push((essence, JournalLine { text, writer: by, ago_s }));
    }
    let skip = all.len().saturating_sub(TO_JUDGE.0);
    all.into_iter().skip(skip).map(|(_, line)| line).collect()
}

/// systemd starts a process.
fn began(line: &str) -> bool {
    ["Started ", "Starting "].iter().any(|word| line.starts_with(word))
}

/// What is the same whenever a line is told again: no times, no numbers.
fn essence(line: &str) -> String {
    let text = klog(line).map_or(line, |(_, text)| text);
    text.chars().filter(|c| !c.is_ascii_digit()).take(200).collect()
}

/// Errors that a healthy start tells too.
const USUAL: [&str; 9] = [
    "because node is not registered yet",
    "container runtime status check may not have completed yet",
    "pleg has yet to be successful",
    "PLEG is not healthy: pleg has yet to be successful",
    "Image garbage collection failed",
    "Failed to get the kubelet's cgroup",
    "has been deprecated",
    "Server rejected event",
    "update node status exceeds retry count",
];

fn weigh(line: &str) -> Weight {
    let text = line.trim();
    // What klog indents goes on with a message that began above: a configuration, field by field.
    if text.is_empty() || is_dump(line) || line.starts_with('\t') || line == " >" {
        return Weight::Noise;
    }
    if let Some((level, text)) = klog(line) {
        let usual = USUAL.iter().any(|usual| text.contains(usual));
        return match level {
            'F' => Weight::Fatal,
            _ if text.contains("\"command failed\"") || text.contains("\"Failed to run kubelet\"") => {
                Weight::Fatal
            }
            'E' if usual => Weight::Usual,
            'E' => Weight::Error,
            _ if text.contains("level=fatal") => Weight::Fatal,
            _ => Weight::Said,
        };
    }
    if let Some(weight) = of_systemd(text) {
        return weight;
    }
    let fatal =
        ["panic:", "fatal error:", "unknown flag:", "unknown shorthand flag", "invalid argument", "Error:"];
    if fatal.iter().any(|word| text.starts_with(word) || text.contains(&format!(" {word}")))
        || [
            "level=fatal",
            "failed to start daemon",
            "unable to configure the Docker daemon",
            "command failed",
        ]
        .iter()
        .any(|word| text.contains(word))
    {
        return Weight::Fatal;
    }
    if text.contains("level=error") || text.starts_with("error:") || text.starts_with("failed to ") {
        return Weight::Error;
    }
    Weight::Said
}

/// What systemd says of a unit: of the cause, of an end, or only of its own doing.
fn of_systemd(text: &str) -> Option<Weight> {
    let causes = [
        "Failed to locate executable",
        "Failed at step",
        "Failed to load environment files",
        "Failed to set up",
        "Failed to execute",
        "Failed to spawn",
        "Failed to run",
        "killed by the OOM killer",
        "oom-kill",
        "start request repeated too quickly",
        "Start request repeated too quickly",
        "bad unit file setting",
        "unit file setting",
        "Executable path is not absolute",
    ];
    let unit = text.split_once(": ").filter(|(unit, _)| {
        [".service", ".socket"].iter().any(|end| unit.trim_start_matches("Unit ").ends_with(end))
            && !unit.contains(']')
    });
    if let Some((_, said)) = unit {
        if causes.iter().any(|cause| said.contains(cause)) {
            return Some(Weight::Systemd);
        }
        let end = said.contains("process exited") || said.contains("process ended");
        return Some(if end { Weight::Systemd } else { Weight::Noise });
    }
    let own = ["Started ", "Starting ", "Stopped ", "Stopping ", "Reloading ", "Reloaded ", "Suppressed "];
    let old = [
        "holdoff time over, scheduling restart.",
        "entered failed state.",
        ".service failed.",
        "Consumed ",
        "-- Logs begin",
        "-- Journal begins",
        "-- No entries",
        "-- Boot ",
    ];
    (own.iter().any(|word| text.starts_with(word)) || old.iter().any(|word| text.contains(word)))
        .then_some(Weight::Noise)
}

/// A line of a dump: goroutines, their functions, their places in a source.
fn is_dump(line: &str) -> bool {
    let text = line.trim();
    if text.starts_with("goroutine ") && text.contains('[')
        || text.starts_with("created by ")
        || text.starts_with("[signal ")
        || text.starts_with("rax ") && text.contains("0x")
    {
        return true;
    }
    let place = text.starts_with('/')
        && text.split(' ').next().is_some_and(|path| {
            path.rsplit_once(':').is_some_and(|(file, number)| {
                file.rsplit_once('.').is_some_and(|(_, end)| end == "go" || end == "s")
                    && !number.is_empty()
                    && number.bytes().all(|byte| byte.is_ascii_digit())
            })
        });
    let function = text.split_once('(').is_some_and(|(name, _)| {
        !name.contains([' ', '"', ':', '=']) && (name.contains('.') || name == "panic")
    }) && (text.ends_with(')') || text.ends_with("...") || text.contains("(0x"));
    place || function
}

fn starts_usage(line: &str) -> bool {
    line.starts_with("Usage") || line.trim() == "Flags:" || line.trim() == "Available Commands:"
}

/// A line below the beginning of a usage text.
fn is_usage(line: &str) -> bool {
    klog(line).is_none() && (line.starts_with([' ', '\t']) || line.trim().is_empty() || line.ends_with(':'))
}

fn cut(line: &str, long: usize) -> String {
    let count = line.chars().count();
    if count <= long {
        return line.to_owned();
    }
    let head: String = line.chars().take(long / 3).collect();
    let tail: String = line.chars().skip(count.saturating_sub(long * 2 / 3)).collect();
    format!("{head} … {tail}")
}

#[cfg(test)]
mod tests {
    use super::reasons;

    fn of(text: &str) -> Vec<String> {
        reasons(text.lines(), None)
    }

    fn dump() -> String {
        let frame = |at: usize| {
            format!(
                "k8s.io/kubernetes/vendor/k8s.io/klog/v2.stacks({at:#x})\n\t/workspace/klog.go:{at} +{at:#x}\n"
            )
        };
        format!("goroutine 1 [running]:\n{}", (1..60).map(frame).collect::<String>())
    }

    const SYSTEMD: &str = "kubelet.service: Main process exited, code=exited, status=255/EXCEPTION\n\
         kubelet.service: Failed with result 'exit-code'.\n\
         kubelet.service: Scheduled restart job, restart counter is at 7.\n\
         Stopped The primary agent to run pods.\nStarted The primary agent to run pods.\n";

    #[test]
    fn a_fatal_line_is_found_behind_a_dump_of_goroutines() {
        let fatal = "F1128 10:00:01.000001    4242 server.go:269] failed to run Kubelet: misconfiguration: kubelet cgroup driver: \"cgroupfs\" is different from docker cgroup driver: \"systemd\"";
        let text = format!(
            "I1128 10:00:00.000001    4242 server.go:416] Version: v1.20.2\n{fatal}\n{}{SYSTEMD}",
            dump()
        );
        assert_eq!(of(&text), [fatal]);
    }

    #[test]
    fn a_secret_in_a_line_of_the_journal_is_not_told() {
        let head = "E1128 10:00:01.000001    4242 server.go:302]";
        let told =
            of(&format!("{head} proxy http://op:canary-pass@10.0.0.1:3128 refused, --token=canary-token\n"));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(!told[0].contains("canary") && told[0].contains("refused"), "{told:?}");
    }

    #[test]
    fn an_error_is_told_and_not_what_systemd_did_after_it() {
        let error = "E1128 10:00:01.000001    4242 server.go:302] \"Failed to run kubelet\" err=\"failed to run Kubelet: misconfiguration\"";
        assert_eq!(
            of(&format!("I1128 10:00:00.000001    4242 server.go:416] Version: v1.23.3\n{error}\n{SYSTEMD}")),
            [error]
        );
    }

    #[test]
    fn what_is_told_again_and_again_is_told_once() {
        let line = |second: u32| {
            format!(
                "E1128 10:00:0{second}.000001    4242 kubelet.go:2183] Container runtime network not ready: cni config uninitialized\n\
                 W1128 10:00:0{second}.000001    4242 cni.go:239] Unable to update cni config\n"
            )
        };
        let said = of(&(1..4).map(line).collect::<String>());
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("10:00:03") && said[0].contains("cni config uninitialized"), "{said:?}");
    }

    #[test]
    fn a_panic_an_unknown_flag_and_an_error_without_a_head_are_reasons() {
        for (text, reason) in [
            (format!("panic: runtime error: index out of range\n\n{}", dump()), "panic: runtime error: index out of range"),
            ("unknown flag: --rotate-certificates\nUsage of /usr/local/bin/kubelet:\n      --address=0.0.0.0: the address\n  -v, --v=0: log level\n".to_owned() + SYSTEMD, "unknown flag: --rotate-certificates"),
            (format!("Usage:\n  kubelet [flags]\n\nFlags:\n      --x  string\n\nError: unknown flag: --y\n{SYSTEMD}"), "Error: unknown flag: --y"),
            (format!("time=\"2026-11-28T10:00:00Z\" level=info msg=\"Starting up\"\nfailed to start daemon: error initializing graphdriver: overlay2\n{SYSTEMD}"), "failed to start daemon: error initializing graphdriver: overlay2"),
        ] {
            assert_eq!(of(&text), [reason], "{text}");
        }
    }

    #[test]
    fn without_a_word_of_the_program_systemd_is_heard() {
        let text = format!(
            "kubelet.service: Failed to locate executable /usr/local/bin/kubelet: No such file or directory\n{SYSTEMD}"
        );
        let said = of(&text);
        assert!(said[0].contains("Failed to locate executable"), "{said:?}");
        assert!(
            said.iter().all(|line| !line.contains("Scheduled restart") && !line.starts_with("Started")),
            "{said:?}"
        );
    }

    #[test]
    fn what_the_process_before_wrote_is_not_of_the_one_that_runs() {
        let text = "F1128 10:00:01.000001    11 server.go:269] old reason\nE1128 10:05:01.000001    22 kubelet.go:1] new reason\n";
        assert_eq!(reasons(text.lines(), Some(22)), ["E1128 10:05:01.000001    22 kubelet.go:1] new reason"]);
        assert!(reasons(text.lines(), Some(33)).len() == 2, "nothing of this process is there: all is told");
    }

    #[test]
    fn a_very_long_line_keeps_its_end() {
        let text = format!(
            "E1128 10:00:01.000001    22 event.go:193] refused '{}': 'the server has asked for the client to provide credentials'",
            "x".repeat(3000)
        );
        let said = of(&text);
        assert!(said[0].ends_with("provide credentials'") && said[0].chars().count() < 430, "{said:?}");
    }

    #[test]
    fn the_tapes_of_a_real_kubelet_name_their_reasons() {
        for (tape, reason) in [
            (
                include_str!("../../tests/tapes/v1.2.2/journal-key-mismatch.txt"),
                "tls: private key does not match public key",
            ),
            (
                include_str!("../../tests/tapes/v1.2.2/journal-unknown-flag.txt"),
                "unknown flag: --rotate-certificates",
            ),
            (include_str!("../../tests/tapes/v1.2.2/journal-node-deleted.txt"), "nodes \"w3\" not found"),
            (include_str!("../../tests/tapes/v1.2.2/journal-ipc-private.txt"), "can't join IPC of container"),
            (include_str!("../../tests/tapes/v1.2.2/journal-certificate-expired.txt"), "provide credentials"),
            (include_str!("../../tests/tapes/v1.2.2/journal-api-unreachable.txt"), "connection refused"),
            (
                include_str!("../../tests/tapes/v1.2.2/journal-other-ca.txt"),
                "certificate signed by unknown authority",
            ),
            (
                include_str!("../../tests/tapes/v1.2.2/journal-docker-down.txt"),
                "cannot connect to Docker endpoint",
            ),
            (
                include_str!("../../tests/tapes/v1.2.2/journal-no-certificate.txt"),
                "no such file or directory",
            ),
        ] {
            let said = of(tape);
            assert!(said.iter().any(|line| line.contains(reason)), "{reason}: {said:#?}");
            assert!(
                said.iter().all(|line| !line.contains(".go:47") && !line.starts_with("Started")),
                "{said:#?}"
            );
        }
    }
}
