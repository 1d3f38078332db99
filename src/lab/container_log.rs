//! What the containers of a lab have written, and go on writing while its clock goes on: the log that is followed, as a
//! real machine has it.

use std::time::{Duration, Instant};

use crate::host::{LogHeard, LogSource, LogStream};
use crate::lab::journal;
use crate::lab::machine::{LabContainer, LabMachine, lost};
use crate::lab::state::{Lab, LabState};
use crate::plan::clean;

/// Lines that are there already come first, so many at most.
const TAIL: usize = 1_000;
/// How often a log that is followed looks, of real time.
const LOOK: Duration = Duration::from_millis(150);

/// What an image writes: lines when it starts, each with its milliseconds, then lines again and again.
struct LogScript {
    image: &'static str,
    start: &'static [(u64, &'static str)],
    every: u64,
    rounds: &'static [&'static str],
}

/// `{t}` is the time as klog writes it, `{n}` a number that grows.
const SCRIPTS: [LogScript; 7] = [
    LogScript {
        image: "coredns:v1.",
        start: &[
            (100, ".:53"),
            (
                120,
                "[INFO] plugin/reload: Running configuration SHA512 = 591cf328cccc12bc490481273e738df59329c62c0b729d94",
            ),
            (140, "CoreDNS-1.14.6"),
            (141, "linux/amd64, go1.26.8, "),
        ],
        every: 5_000,
        rounds: &[
            "[INFO] 10.244.21.3:4{n} - 3771 \"A IN kubernetes.default.svc.cluster.local. udp 54 false 512\" NOERROR qr,aa,rd 106 0.000151s",
            "[INFO] 10.244.22.2:4{n} - 8120 \"AAAA IN kubernetes.default.svc.cluster.local. udp 54 false 512\" NOERROR qr,aa,rd 147 0.000117s",
        ],
    },
    LogScript {
        image: "kube-proxy:v1.3",
        start: &[
            (200, "I{t}       1 shared_informer.go:524] \"Waiting for caches to sync\""),
            (300, "I{t}       1 shared_informer.go:531] \"Caches are synced\""),
            (
                590,
                "I{t}       1 server.go:267] \"kube-proxy running in single-stack mode\" ipFamily=\"IPv4\"",
            ),
            (592, "I{t}       1 server_linux.go:144] \"Using iptables Proxier\""),
            (596, "I{t}       1 server.go:530] \"Version info\" version=\"v1.37.2\""),
            (830, "I{t}       1 config.go:200] \"Starting service config controller\""),
            (831, "I{t}       1 config.go:106] \"Starting endpoint slice config controller\""),
            (930, "I{t}       1 shared_informer.go:510] \"Caches are synced\" controller=\"service config\""),
        ],
        every: 60_000,
        rounds: &[],
    },
    LogScript {
        image: "coredns",
        start: &[
            (100, ".:53"),
            (120, "[INFO] plugin/reload: Running configuration MD5 = db32ca3650231d74073ff4cf814959a7"),
            (140, "CoreDNS-1.7.0"),
            (141, "linux/amd64, go1.14.4, f59c03d"),
        ],
        every: 5_000,
        rounds: &[
            "[INFO] 10.244.0.7:4{n} - 3771 \"A IN kubernetes.default.svc.cluster.local. udp 54 false 512\" NOERROR qr,aa,rd 106 0.000151s",
            "[INFO] 10.244.0.9:4{n} - 8120 \"AAAA IN kubernetes.default.svc.cluster.local. udp 54 false 512\" NOERROR qr,aa,rd 147 0.000117s",
            "[INFO] 10.244.0.9:4{n} - 9254 \"A IN registry.example. udp 34 false 512\" NXDOMAIN qr,rd,ra 109 0.012s",
        ],
    },
    LogScript {
        image: "kube-proxy",
        start: &[
            (200, "I{t}       1 node.go:172] Successfully retrieved node IP"),
            (210, "W{t}       1 server_others.go:578] Unknown proxy mode \"\", assuming iptables proxy"),
            (220, "I{t}       1 server_others.go:185] Using iptables Proxier."),
            (420, "I{t}       1 config.go:315] Starting service config controller"),
            (425, "I{t}       1 shared_informer.go:240] Waiting for caches to sync for service config"),
            (530, "I{t}       1 shared_informer.go:247] Caches are synced for service config"),
        ],
        every: 10_000,
        rounds: &[
            "I{t}       1 proxier.go:871] Syncing iptables rules",
            "I{t}       1 proxier.go:826] syncProxyRules took 24.{n}ms",
        ],
    },
    LogScript {
        image: "hyperkube",
        start: &[
            (200, "I{t}       1 server.go:200] Using iptables Proxier."),
            (230, "I{t}       1 server.go:213] Tearing down userspace rules."),
        ],
        every: 10_000,
        rounds: &["I{t}       1 proxier.go:502] Setting endpoints for \"default/kubernetes:https\""],
    },
    LogScript { image: "pause", start: &[], every: 60_000, rounds: &[] },
    LogScript {
        image: "",
        start: &[(100, "starting"), (300, "ready")],
        every: 5_000,
        rounds: &["GET /healthz 200 0.{n}ms"],
    },
];

/// Milliseconds and texts of a container's log up to now, after a time.
fn lines(state: &LabState, one: &LabContainer, after: Option<u64>, latest: u64) -> Vec<(u64, String)> {
    let name = one.image.rsplit('/').next().unwrap_or_default();
    let Some(script) = SCRIPTS.iter().find(|script| name.starts_with(script.image)) else {
        return Vec::new();
    };
    let new = |ms: u64| ms <= latest && after.is_none_or(|after| ms > after);
    let text = |ms: u64, number: u64, words: &str| {
        let at = state.at(ms);
        let micros = at.as_microsecond().rem_euclid(1_000_000);
        let klog = format!("{}.{micros:06}", at.strftime("%m%d %H:%M:%S"));
        words.replace("{t}", &klog).replace("{n}", &(number % 9_000 + 1_000).to_string())
    };
    let begin = |(offset, words): &(u64, &str)| {
        let ms = one.started.saturating_add(*offset);
        new(ms).then(|| (ms, text(ms, 0, words)))
    };
    let mut all: Vec<(u64, String)> = script.start.iter().filter_map(begin).collect();
    let rounds = script.rounds.len() as u64;
    if rounds == 0 {
        return all;
    }
    let first = one.started.saturating_add(3_000);
    let passed = latest.saturating_sub(first) / script.every;
    // Of those long ago only the newest are wanted.
    let mut round = passed.saturating_sub(TAIL as u64);
    while round <= passed {
        let ms = first.saturating_add(round.saturating_mul(script.every));
        let at = usize::try_from(round % rounds).unwrap_or(0);
        if let Some(words) = script.rounds.get(at).filter(|_| new(ms)) {
            all.push((ms, text(ms, round.saturating_mul(37), words)));
        }
        round = round.saturating_add(1);
    }
    all
}

/// A log that is followed.
pub(crate) struct LabLog {
    lab: Lab,
    name: String,
    generation: u64,
    source: LogSource,
    /// Up to when it was told.
    told: Option<u64>,
    ended: Option<String>,
}

impl LabLog {
    pub fn new(lab: Lab, name: String, generation: u64, source: LogSource) -> Self {
        Self { lab, name, generation, source, told: None, ended: None }
    }

    fn of(&self, state: &LabState, machine: &LabMachine, latest: u64) -> Result<Vec<(u64, String)>, String> {
        match &self.source {
            LogSource::Kubelet => {
                let all = journal::written(state, machine, latest);
                Ok(all.into_iter().filter(|(ms, _)| self.told.is_none_or(|told| *ms > told)).collect())
            }
            // The log of a container of CRI is a file that is read.
            LogSource::Container(_) if !machine.runtime_runs() => Err(machine.no_runtime().to_owned()),
            LogSource::Container(id) | LogSource::Cri(id) => machine
                .containers
                .iter()
                .find(|one| one.id == *id)
                .map(|one| lines(state, one, self.told, latest))
                .ok_or_else(|| format!("Error: No such container: {id}")),
        }
    }

    /// What was written since it was told last.
    fn look(&mut self) -> LogHeard {
        let lab = self.lab.clone();
        let state = lab.state();
        let latest = lab.clock().latest_ms();
        let machine = state.machines.get(&self.name);
        let Some(machine) = machine.filter(|one| !state.dead && one.generation == self.generation) else {
            return LogHeard::Ended(format!("the connection was lost: {}", lost(machine)));
        };
        let found = self.of(&state, machine, latest);
        match found {
            Err(line) if self.told.is_some() => {
                drop(line);
                LogHeard::Ended("nothing more is written to it".to_owned())
            }
            Err(line) => {
                self.ended = Some("it ended with status 1".to_owned());
                LogHeard::Lines(vec![line])
            }
            Ok(found) => {
                let first = self.told.replace(latest).is_none();
                let skip = if first { found.len().saturating_sub(TAIL) } else { 0 };
                let lines: Vec<String> =
                    found.into_iter().skip(skip).map(|(_, line)| clean::line(&line)).collect();
                if lines.is_empty() { LogHeard::Quiet } else { LogHeard::Lines(lines) }
            }
        }
    }
}

impl LogStream for LabLog {
    fn next(&mut self, patience: Duration) -> LogHeard {
        if let Some(why) = &self.ended {
            return LogHeard::Ended(why.clone());
        }
        let until = Instant::now() + patience;
        loop {
            let heard = self.look();
            if heard != LogHeard::Quiet {
                return heard;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return LogHeard::Quiet;
            }
            if !self.lab.clock().flows() {
                self.lab.clock().advance(patience);
            }
            self.lab.clock().rest(left.min(LOOK));
        }
    }
}
