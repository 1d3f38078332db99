//! Turns the lines about a systemd unit, its journal, a health check and the files of static pods into facts.

use openssl::base64;

use super::journal::{last_words, lines_of, reasons};
use super::journal_lines::Stamp;
use crate::plan::action::sha256;
use crate::plan::fact::{Fact, Known};
use crate::plan::remote::Remote;
use crate::plan::static_pod::{pod, proxy_kubeconfig};
use crate::plan::unit::{DropIn, JournalFact, ManifestFact, UnitFact};
use crate::plan::{clean, redact};
use crate::runtime::answer_lines::{AnswerLines, all, first, has};

pub(super) fn unit(lines: &AnswerLines) -> Known<Fact> {
    let value = |key: &str| {
        all(lines, "show")
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .unwrap_or_default()
            .to_owned()
    };
    let load = value("LoadState");
    if load.is_empty() {
        return Known::No(redact::said(first(lines, "show").unwrap_or("systemd did not answer")));
    }
    let frozen = value("FreezerState").starts_with("fr");
    let state =
        if frozen { "frozen".to_owned() } else { clean::line(first(lines, "state").unwrap_or_default()) };
    let up = || {
        let (seconds, _) = first(lines, "uptime")?.split_once('.')?;
        let since: u64 = value("ActiveEnterTimestampMonotonic").parse().ok().filter(|micros| *micros > 0)?;
        seconds.parse::<u64>().ok()?.checked_sub(since / 1_000_000)
    };
    let number = |key: &str| value(key).parse::<u32>().ok();
    // Of a process that has ended; older versions of systemd say 0 while none has.
    let ended = number("ExecMainCode").filter(|code| *code > 0).zip(number("ExecMainStatus"));
    // What others of its name wrote before is not its own.
    let last = number("ExecMainPID").filter(|pid| *pid > 0 && ended.is_some());
    let unit = UnitFact {
        up_s: up(),
        result: value("Result").into(),
        ended,
        load: load.into(),
        active: value("ActiveState").into(),
        sub: value("SubState").into(),
        file: value("UnitFileState").into(),
        restarts: value("NRestarts").parse().ok(),
        ends_lately: first(lines, "ends").and_then(|count| count.trim().parse().ok()),
        stale: value("NeedDaemonReload") == "yes",
        fragment: value("FragmentPath").into(),
        dropins: dropins(lines),
        journal: Vec::new(),
        state: state.into(),
        shareable_ipc: first(lines, "ipc") == Some("shareable"),
    };
    let said = all(lines, "journal");
    let said = if unit.was_cut_off() { last_words(said, last) } else { reasons(said, last) };
    Known::Yes(Fact::Unit(UnitFact { journal: remote(said), ..unit }))
}

fn remote(texts: Vec<String>) -> Vec<Remote<String>> {
    texts.into_iter().map(Remote::from).collect()
}

/// The files that change a unit; each is followed by its content.
fn dropins(lines: &AnswerLines) -> Vec<DropIn> {
    let mut found: Vec<(DropIn, Vec<u8>)> = Vec::new();
    for (key, value) in lines {
        match key.as_str() {
            "dropin" => {
                found.push((DropIn { path: clean::line(value).into(), sets: Vec::new() }, Vec::new()));
            }
            "sets" => {
                if let Some((_, text)) = found.last_mut() {
                    text.extend(base64::decode_block(value).unwrap_or_default());
                }
            }
            _ => {}
        }
    }
    found
        .into_iter()
        .map(|(dropin, text)| DropIn { sets: remote(names(&String::from_utf8_lossy(&text))), ..dropin })
        .collect()
}

/// What a unit's file sets: directives, with the variables and flags in them by name. No value is kept.
fn names(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let joined = text.replace("\\\n", " ");
    for line in joined.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';', '[']) {
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let key = key.trim();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            continue;
        }
        let mut inside: Vec<String> = Vec::new();
        let words = shell_words::split(value).unwrap_or_else(|_| vec![value.to_owned()]);
        for word in &words {
            let rest = match word.split_once('=') {
                Some((name, rest)) if key == "Environment" && is_name(name) => {
                    inside.push(name.to_owned());
                    rest
                }
                _ => word,
            };
            inside.extend(rest.split_whitespace().filter_map(flag));
        }
        let one = if inside.is_empty() { key.to_owned() } else { format!("{key} ({})", inside.join(", ")) };
        if !all.contains(&one) {
            all.push(one);
        }
    }
    // A directive is emptied before it is set anew: that is told by the second.
    let bare = |one: &String| all.iter().any(|other| other.starts_with(&format!("{one} (")));
    let kept: Vec<String> = all.iter().filter(|one| !bare(one)).cloned().collect();
    kept
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The name of a flag, `--node-ip`.
fn flag(word: &str) -> Option<String> {
    let name = word.split('=').next()?;
    let plain = name.strip_prefix("--")?;
    let is = plain.starts_with(|c: char| c.is_ascii_lowercase())
        && plain.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    is.then(|| name.to_owned())
}

pub(super) fn journal(lines: &AnswerLines) -> Known<Fact> {
    let pid = first(lines, "pid").and_then(|pid| pid.trim().parse().ok());
    let now = first(lines, "now").and_then(Stamp::read);
    Known::Yes(Fact::Journal(Box::new(JournalFact {
        said: remote(reasons(all(lines, "journal"), pid)),
        lines: lines_of(all(lines, "journal"), now),
        pid: pid.filter(|pid| *pid > 0),
        since_s: first(lines, "oldest").and_then(Stamp::of).zip(now).and_then(|(first, now)| first.ago(now)),
    })))
}

/// What the answer to a health check is: its last line with status 200.
pub(super) fn healthz(lines: &AnswerLines) -> Known<Fact> {
    if has(lines, "none") {
        return Known::NotAsked;
    }
    let said: Vec<&str> = all(lines, "healthz").collect();
    let status = said.iter().find(|line| line.trim_start().starts_with("HTTP/"));
    let Some(status) = status else {
        // The shell that asks puts its own name before the reason.
        let why =
            said.iter().find(|line| line.contains("refused") || line.contains("no answer")).or(said.last());
        let why = why
            .map_or("no answer", |line| if line.contains("refused") { "connection refused" } else { line });
        return Known::No(clean::short(why, 200));
    };
    if status.split_whitespace().nth(1) == Some("200") {
        return Known::Yes(Fact::Healthz("ok".into()));
    }
    let body = said.iter().rev().find(|line| !line.trim().is_empty()).copied().unwrap_or_default();
    Known::No(clean::short(&format!("{} {body}", status.trim()), 200))
}

/// The files of static pods; each is followed by its content.
pub(super) fn manifests(lines: &AnswerLines) -> Known<Fact> {
    if !has(lines, "done") {
        return Known::No("the answer was cut off".to_owned());
    }
    let mut found: Vec<(ManifestFact, Vec<u8>)> = Vec::new();
    for (key, value) in lines {
        if key == "manifest" {
            let empty = ManifestFact {
                name: value.as_str().into(),
                sha256: String::new(),
                pod: Err(Remote::default()),
                kubeconfig: None,
            };
            found.push((empty, Vec::new()));
        }
        let Some((fact, text)) = found.last_mut() else { continue };
        match key.as_str() {
            "sha256" => value.split(' ').next().unwrap_or_default().clone_into(&mut fact.sha256),
            "text" => text.extend(base64::decode_block(value).unwrap_or_default()),
            _ => {}
        }
    }
    let read = |(fact, text): (ManifestFact, Vec<u8>)| {
        let whole = sha256(&text) == fact.sha256;
        let pod = if whole { pod(&text) } else { Err("it could not be read whole".to_owned()) };
        let kubeconfig = if whole { proxy_kubeconfig(&text).map(Remote::from) } else { None };
        ManifestFact { pod: pod.map(Remote::from).map_err(Remote::from), kubeconfig, ..fact }
    };
    Known::Yes(Fact::Manifests(found.into_iter().map(read).collect()))
}

#[cfg(test)]
mod tests {
    use super::{names, unit};
    use crate::plan::fact::{Fact, Known};
    use crate::plan::unit::UnitFact;

    fn told(show: &[&str], journal: &[&str]) -> UnitFact {
        let line = |key: &'static str| move |text: &&str| (key.to_owned(), (*text).to_owned());
        let lines: Vec<(String, String)> =
            show.iter().map(line("show")).chain(journal.iter().map(line("journal"))).collect();
        match unit(&lines) {
            Known::Yes(Fact::Unit(unit)) => unit,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn how_it_ended_is_told_and_only_its_own_last_words() {
        let journal = [
            "E1130 19:03:04.000001   31400 kubelet.go:1] \"an older reason\"",
            "kubelet.service: Main process exited, code=killed, status=9/KILL",
        ];
        let shown = |code, status, pid, result| {
            let show = ["LoadState=loaded", "ActiveState=failed", code, status, pid, result];
            told(&show, &journal)
        };
        let killed = shown("ExecMainCode=2", "ExecMainStatus=9", "ExecMainPID=31500", "Result=signal");
        assert_eq!(killed.ended, Some((2, 9)));
        assert!(killed.last_end().is_some_and(|end| end.contains("KILL") && end.contains("dmesg")));
        assert!(
            killed.journal.iter().all(|line| !line.to_string().contains("older")),
            "{:?}",
            killed.journal
        );
        let memory = shown("ExecMainCode=2", "ExecMainStatus=9", "ExecMainPID=31500", "Result=oom-kill");
        assert!(memory.last_end().is_some_and(|end| end.contains("want of memory")));
        let own = shown("ExecMainCode=1", "ExecMainStatus=1", "ExecMainPID=31400", "Result=start-limit-hit");
        assert!(own.journal.iter().any(|line| line.to_string().contains("older")), "it was this process");
        assert!(
            own.last_end().is_some_and(|end| end.contains("status 1") && end.contains("too many starts"))
        );
        let exec = shown("ExecMainCode=1", "ExecMainStatus=203", "ExecMainPID=31500", "Result=exit-code");
        assert!(exec.last_end().is_some_and(|end| end.contains("could not execute")));
        // One that was stopped, and one that runs for the first time.
        assert_eq!(
            shown("ExecMainCode=1", "ExecMainStatus=0", "ExecMainPID=9", "Result=success").last_end(),
            None
        );
        assert_eq!(
            shown("ExecMainCode=0", "ExecMainStatus=0", "ExecMainPID=9", "Result=success").ended,
            None
        );
    }

    #[test]
    fn of_a_drop_in_the_names_are_told_and_no_value() {
        let text = "# Note: canary\n[Service]\n\
             Environment=\"KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/canary --kubeconfig=/etc/canary\" TOKEN=canary\n\
             Environment='HTTPS_PROXY=http://ops:canary@proxy:3128'\n\
             EnvironmentFile=-/etc/default/canary\n\
             ExecStart=\nExecStart=/usr/bin/kubelet --registry-pass=--canary \\\n  --node-ip=10.0.0.canary $X\n\
             MemoryMax=1G\n";
        let said = names(text);
        assert_eq!(
            said,
            [
                "Environment (KUBELET_KUBECONFIG_ARGS, --bootstrap-kubeconfig, --kubeconfig, TOKEN)",
                "Environment (HTTPS_PROXY)",
                "EnvironmentFile",
                "ExecStart (--registry-pass, --node-ip)",
                "MemoryMax",
            ]
        );
        assert!(!said.join("").contains("canary"));
    }
}
