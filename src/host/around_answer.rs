//! Turns what was found around a kubelet into a fact.

use crate::plan::fact::{Fact, Known};
use crate::plan::remote::Remote;
use crate::plan::surroundings::{
    DiskFact, InotifyFact, InotifyKind, ListenerFact, LogEnd, ProxyFact, Surroundings,
};
use crate::plan::{clean, redact};
use crate::runtime::answer_lines::{AnswerLines, all, first, has};
use crate::runtime::cri_log::CriLog;

/// As many lines of a kind are taken.
const MANY: usize = 40;

/// The fact behind the lines.
pub fn around(lines: &AnswerLines) -> Known<Fact> {
    if !has(lines, "done") {
        return Known::No("the answer was cut off".to_owned());
    }
    let mut around = Surroundings {
        listeners: all(lines, "port").take(MANY).filter_map(listener).collect(),
        refusals: all(lines, "drop").take(MANY).map(|line| clean::short(line, 200).into()).collect(),
        proxy_log: all(lines, "proxy")
            .take(MANY)
            .filter_map(said)
            .map(|line| clean::short(&redact::line(&line), 300).into())
            .collect(),
        log_ends: log_ends(lines),
        suppressed: first(lines, "suppressed")
            .filter(|line| !line.is_empty())
            .map(|line| clean::short(line, 200).into()),
        machine_id: first(lines, "machine-id").map(|id| clean::short(id.trim(), 64).into()),
        lo_down: has(lines, "lo-down"),
        unresolved: first(lines, "unresolved").map(|name| clean::short(name, 253).into()),
        inotify: inotify(lines),
        proxy: proxy(lines),
        bridges: all(lines, "bridge").take(MANY).filter_map(bridge).collect(),
        root_group: first(lines, "root-group").map(|names| {
            names.split_whitespace().take(MANY).map(|name| clean::short(name, 64).into()).collect()
        }),
        ..Surroundings::default()
    };
    for line in all(lines, "disk").take(MANY) {
        let mut words = line.split_whitespace();
        let Some(path) = words.next() else { continue };
        let same = |line: &&str| line.split_whitespace().next() == Some(path);
        let inodes = all(lines, "inode").find(same).and_then(size);
        let options = all(lines, "mount").find(same).and_then(|line| line.split_whitespace().nth(1));
        let mounted_on = words.nth(5).unwrap_or_default();
        around.disks.push(DiskFact {
            path: clean::short(path, 200).into(),
            mounted_on: clean::short(mounted_on, 200).into(),
            kib: size(line),
            // Some file systems make them as they are needed, and say that they have none.
            inodes: inodes.filter(|(all, _)| *all > 0),
            read_only: options.is_some_and(|options| options.split(',').any(|one| one == "ro")),
        });
    }
    Known::Yes(Fact::Around(Box::new(around)))
}

fn proxy(lines: &AnswerLines) -> Option<ProxyFact> {
    let up = first(lines, "proxy-up")?;
    let rules: Vec<&str> =
        first(lines, "proxy-rules").unwrap_or("cut").split_whitespace().take(MANY).collect();
    Some(ProxyFact {
        up_s: up.trim().parse().ok(),
        mode: first(lines, "proxy-mode").map(|mode| clean::short(mode.trim(), 40).into()),
        whole: !rules.contains(&"cut"),
        nftables: !rules.contains(&"no-nft"),
        rules: rules
            .into_iter()
            .filter(|rule| !["cut", "no-nft"].contains(rule))
            .map(|rule| clean::short(rule, 40).into())
            .collect(),
    })
}

/// A row of `ip -o addr`: its interface and its address.
fn bridge(row: &str) -> Option<(Remote<String>, Remote<String>)> {
    let mut words = row.split_whitespace().skip(1);
    Some((clean::short(words.next()?, 40).into(), clean::short(words.nth(1)?, 64).into()))
}

fn inotify(lines: &AnswerLines) -> InotifyFact {
    let limit =
        |name: &str| all(lines, "inotify").find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    InotifyFact {
        refused: match first(lines, "inotify-out") {
            Some("instances") => Some(InotifyKind::Instances),
            Some("watches") => Some(InotifyKind::Watches),
            Some(_) | None => None,
        },
        instances: limit("instances "),
        watches: limit("watches "),
    }
}

/// Each path below `/var/log/pods`, `NAMESPACE_POD_UID/CONTAINER/N.log`, is followed by its lines.
fn log_ends(lines: &AnswerLines) -> Vec<LogEnd> {
    let mut ends: Vec<LogEnd> = Vec::new();
    for (key, value) in lines {
        match key.as_str() {
            "again" if ends.len() < MANY => {
                let mut parts = value.split('_');
                let (space, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                let pod = clean::short(&format!("{space}/{name}"), 330).into();
                ends.push(LogEnd { pod, lines: Vec::new() });
            }
            "again-log" => {
                let line = said(value).map(|line| clean::short(&redact::line(&line), 300));
                if let (Some(end), Some(line)) = (ends.last_mut(), line)
                    && end.lines.len() < MANY
                {
                    end.lines.push(line.into());
                }
            }
            _ => {}
        }
    }
    ends
}

/// What a container wrote: `TIME STREAM TAG TEXT` of CRI, or the `log` of a line of JSON as an engine keeps it.
fn said(line: &str) -> Option<String> {
    if line.starts_with('{') {
        let row: serde_json::Value = serde_json::from_str(line).ok()?;
        return row.get("log")?.as_str().map(|text| text.trim_end().to_owned());
    }
    CriLog::default().line(line).filter(|text| !text.trim().is_empty())
}

/// All of it and what is left, from a row of `df -P` behind a path.
fn size(row: &str) -> Option<(u64, u64)> {
    let words: Vec<&str> = row.split_whitespace().collect();
    Some((words.get(2)?.parse().ok()?, words.get(4)?.parse().ok()?))
}

/// A row of `ss -Htlnp`.
fn listener(row: &str) -> Option<ListenerFact> {
    let port = row.split_whitespace().nth(3)?.rsplit(':').next()?.parse().ok()?;
    let program = row.split_once("((\"").and_then(|(_, rest)| rest.split_once('"')).map(|(name, _)| name);
    let pid = row
        .split_once("pid=")
        .map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    Some(ListenerFact {
        port,
        program: clean::short(program.unwrap_or_default(), 80).into(),
        pid: pid.and_then(|pid| pid.parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::{Fact, InotifyKind, Known, around};

    #[test]
    fn rooms_files_listeners_and_refusals_are_read() {
        let line = |key: &str, text: &str| (key.to_owned(), text.to_owned());
        let lines = vec![
            line("unresolved", "api.example"),
            line("disk", "/var/lib/kubelet /dev/sda1 1000 900 100 90% /var"),
            line("inode", "/var/lib/kubelet /dev/sda1 500 499 1 100% /var"),
            line("mount", "/var/lib/kubelet ro,relatime /var"),
            line("disk", "/var/log "),
            line("port", "LISTEN 0 5 0.0.0.0:10250 0.0.0.0:* users:((\"python3\",pid=77,fd=3))"),
            line("port", "LISTEN 0 5 [::]:10248 [::]:*"),
            line("proxy", "2026-11-30T10:00:00.1Z stderr F E1130 cannot watch"),
            line("proxy", "{\"log\":\"from an engine\\n\",\"stream\":\"stderr\"}"),
            line("bridge", "3: docker0    inet 172.17.0.1/16 brd 172.17.255.255 scope global docker0"),
            line("proxy-up", "   90"),
            line("proxy-mode", ""),
            line("proxy-rules", "iptables no-nft"),
            line("inotify-out", "watches"),
            line("inotify", "instances 128"),
            line("inotify", "watches many"),
            line("root-group", "eve  mallory "),
            line("drop", "-A OUTPUT -d 10.0.0.5/32 -j REJECT --reject-with icmp-port-unreachable"),
        ];
        assert!(matches!(around(&lines), Known::No(_)), "it was cut off");
        let lines = [lines, vec![line("done", "")]].concat();
        let Known::Yes(Fact::Around(found)) = around(&lines) else { panic!("it can be read") };
        let first = &found.disks[0];
        assert_eq!((first.kib, first.inodes, first.read_only), (Some((1000, 100)), Some((500, 1)), true));
        assert_eq!(first.mounted_on.to_string(), "/var");
        assert_eq!((found.disks[1].kib, found.disks[1].read_only), (None, false));
        assert_eq!(
            (found.listeners[0].pid, found.listeners[0].program.to_string()),
            (Some(77), "python3".to_owned())
        );
        assert_eq!((found.listeners[1].port, found.listeners[1].pid), (10248, None));
        let log: Vec<String> = found.proxy_log.iter().map(ToString::to_string).collect();
        assert_eq!(log, ["E1130 cannot watch", "from an engine"]);
        assert_eq!(found.refusals.len(), 1);
        assert!(found.unresolved.is_some());
        assert_eq!((found.inotify.refused, found.inotify.instances), (Some(InotifyKind::Watches), Some(128)));
        assert_eq!(found.inotify.watches, None);
        let proxy = found.proxy.as_ref().expect("it runs");
        assert_eq!((proxy.up_s, proxy.whole, proxy.nftables), (Some(90), true, false));
        assert_eq!((proxy.mode.clone(), proxy.rules.clone()), (Some("".into()), vec!["iptables".into()]));
        assert_eq!(found.bridges, [("docker0".into(), "172.17.0.1/16".into())]);
        assert_eq!(found.root_group.as_ref().map(Vec::len), Some(2));
    }
}
