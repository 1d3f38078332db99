//! What the kubelet of a lab machine has written into the journal, and what its certificates say of their end: the
//! answer to `detail`, as a real stream gives it.

use crate::host::{CertificateEnd, HostDetail, Lasts};
use crate::lab::machine::{LabMachine, Process};
use crate::lab::state::LabState;
use crate::pki;
use crate::plan::remote::Remote;
use crate::runtime::ps::Container;

/// Lines that are told.
const MOST: usize = 40;
/// The process of a lab's kubelet.
const PID: u32 = 812;
/// A kubelet in trouble says so again so often, milliseconds.
const AGAIN: u64 = 10_000;
/// It tells that it is well so often, milliseconds.
const ROUND: u64 = 60_000;

/// The answer of a machine.
pub(crate) fn detail(
    state: &LabState,
    machine: &LabMachine,
    latest: u64,
    certificates: &[String],
) -> HostDetail {
    let ends = |path: &String| {
        let until = match machine.files.get(path) {
            None => Lasts::Missing,
            Some(file) => {
                pki::examine(&file.bytes).map_or(Lasts::Unreadable, |cert| Lasts::Until(cert.not_after))
            }
        };
        CertificateEnd { path: path.clone(), until }
    };
    let lines = written(state, machine, latest);
    let skip = lines.len().saturating_sub(MOST);
    let journal = lines.into_iter().skip(skip).map(|(_, line)| Remote::new(line));
    HostDetail {
        journal: journal.collect(),
        error: String::new(),
        certificates: certificates.iter().map(ends).collect(),
    }
}

/// Milliseconds and lines of the kubelet's journal, oldest first, as `journalctl -o short` prints them.
pub(crate) fn written(state: &LabState, machine: &LabMachine, latest: u64) -> Vec<(u64, String)> {
    let lines = machine.process.as_ref().map_or_else(Vec::new, |process| lines(machine, process, latest));
    let line = |(ms, writer, text): (u64, String, String)| {
        let at = state.at(ms).strftime("%b %d %H:%M:%S");
        (ms, format!("{at} {} {writer}: {}", machine.build.hostname, stamped(state, ms, &text)))
    };
    lines.into_iter().map(line).collect()
}

/// A line of klog has its own time and process too.
fn stamped(state: &LabState, ms: u64, text: &str) -> String {
    let Some((level, rest)) = text.split_once(' ').filter(|(level, _)| ["I", "W", "E"].contains(level))
    else {
        return text.to_owned();
    };
    let at = state.at(ms);
    let micros = at.as_microsecond().rem_euclid(1_000_000);
    format!("{level}{}.{micros:06} {PID:>7} {rest}", at.strftime("%m%d %H:%M:%S"))
}

/// Times, writers and texts, oldest first.
fn lines(machine: &LabMachine, process: &Process, latest: u64) -> Vec<(u64, String, String)> {
    let kubelet = || format!("kubelet[{PID}]");
    let started = if machine.has_containerd() {
        "Started kubelet.service - The primary agent to run pods."
    } else {
        "Started Kubernetes kubelet."
    };
    let mut all = vec![(process.started, "systemd[1]".to_owned(), started.to_owned())];
    let mut said = |ms: u64, text: String| {
        if ms <= latest {
            all.push((ms, kubelet(), text));
        }
    };
    let begun = process.tried;
    let version = machine.kubelet().unwrap_or_else(|| "unknown".to_owned());
    if machine.has_containerd() {
        for (ms, text) in of_today(machine, process, &version) {
            said(ms, text);
        }
    } else if !process.crashes {
        said(begun + 300, format!("I server.go:683] Started kubelet {version}"));
        said(begun + 420, "I fs_resource_analyzer.go:66] Starting FS ResourceAnalyzer".to_owned());
        said(begun + 700, "I kubelet.go:1226] Attempting to register node".to_owned());
    }
    let docker = !machine.has_containerd();
    if let Some(name) = process.node.as_ref().filter(|_| docker && process.registered) {
        said(begun + 2_500, format!("I kubelet.go:1229] Successfully registered node {name}"));
    }
    for one in machine.containers.iter().filter(|one| one.started >= process.started) {
        let row = format!("{}\t{}\t\"\"\t\t\t{}", one.id, one.image, one.name);
        let name = Container::parse(&row).ok().and_then(|read| read.kubelet);
        match name {
            Some(name) if docker => {
                let text =
                    format!("I docker_manager.go] Started container {} of pod {}", name.container, name.pod);
                said(one.started, text);
            }
            Some(name) if name.container != "POD" => {
                let text = format!(
                    "I pod_startup_latency_tracker.go:144] \"Observed pod startup duration\" pod=\"{}/{}\"",
                    name.namespace, name.pod
                );
                said(one.started.saturating_add(900), text);
            }
            Some(_) | None => {}
        }
    }
    // What it complains of comes again and again; nothing is kept of longer ago than the lines that are told.
    let every = if process.journal.is_empty() { ROUND } else { AGAIN };
    let since = begun.saturating_add(3_000).max(latest.saturating_sub(every.saturating_mul(MOST as u64)));
    let mut at = begun.saturating_add(3_000);
    while at < since {
        at = at.saturating_add(every);
    }
    while at <= latest {
        if docker && process.journal.is_empty() && process.node.is_some() {
            said(at, "I container_manager.go] Discovered runtime cgroups".to_owned());
        }
        for line in &process.journal {
            said(at, if docker { format!("E kubelet.go:1764] {line}") } else { complaint(line) });
        }
        at = at.saturating_add(every);
    }
    all.sort_by_key(|(ms, ..)| *ms);
    all
}

/// The lines that tell most of the start of a kubelet of 1.37.2, each so long after it as it was seen there. At the usual
/// verbosity it says nothing while all is well.
fn of_today(machine: &LabMachine, process: &Process, version: &str) -> Vec<(u64, String)> {
    let mut all = vec![(20, format!("I server.go:545] \"Kubelet version\" kubeletVersion=\"{version}\""))];
    let mut say = |after: u64, text: &str| all.push((after, text.to_owned()));
    if !process.crashes {
        let driver = machine.cri.as_ref().is_some_and(|cri| cri.systemd);
        if machine.containerd_release().tells_driver() {
            say(
                40,
                &format!(
                    "I server.go:1502] \"Using cgroup driver setting received from the CRI runtime\" cgroupDriver=\"{}\"",
                    if driver { "systemd" } else { "cgroupfs" }
                ),
            );
        } else {
            say(
                40,
                "I server.go:1479] \"CRI implementation should be updated to support RuntimeConfig. Falling back to using cgroupDriver from kubelet config.\"",
            );
        }
        say(
            260,
            &format!(
                "I kuberuntime_manager.go:315] \"Container runtime initialized\" containerRuntime=\"containerd\" version=\"{}\" apiVersion=\"v1\"",
                machine.build.containerd
            ),
        );
        say(290, "I server.go:1336] \"Started kubelet\"");
        if let Some(name) = process.node.as_ref().filter(|_| process.registered) {
            say(
                570,
                &format!("I kubelet_node_status.go:75] \"Attempting to register node\" node=\"{name}\""),
            );
            say(
                590,
                &format!("I kubelet_node_status.go:78] \"Successfully registered node\" node=\"{name}\""),
            );
        }
    }
    all.into_iter().map(|(after, text)| (process.tried.saturating_add(after), text)).collect()
}

/// What a kubelet of 1.37.2 complains of, with the place that says it.
fn complaint(line: &str) -> String {
    let place = match line {
        _ if line.starts_with("\"Skipping pod") => "E kubelet.go:2697]",
        _ if line.starts_with("\"Container runtime network") => "I kubelet.go:3343]",
        _ if line.starts_with("\"command failed") => "E run.go:72]",
        _ if line.starts_with("kubelet.service:") => return line.to_owned(),
        _ => "E kubelet_node_status.go:108]",
    };
    format!("{place} {line}")
}
