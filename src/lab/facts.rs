//! What questions see on a lab machine: the lines that the words of the prelude would print, read by the
//! same reader as those of a real machine.

use openssl::base64::encode_block;

use crate::host::answer;
use crate::kube::dns;
use crate::lab::containerd_facts;
use crate::lab::faults::Fault;
use crate::lab::flags::unknown_flags;
use crate::lab::found;
use crate::lab::kernel::kernel_lines;
use crate::lab::machine::{LabContainer, LabMachine, parent};
use crate::lab::state::{Lab, LabState};
use crate::plan::action::sha256;
use crate::plan::fact::{Fact, FactQuery, FlagSet, Known};
use crate::plan::record::{Record, RecordLine};

/// Where containerd listens.
const SOCKET: &str = "/run/containerd/containerd.sock";

type FactLines = Vec<(String, String)>;

/// Answers one question about a machine of the lab.
pub(crate) fn ask(state: &LabState, name: &str, want: &FactQuery, wall_ms: i64, latest: u64) -> Known<Fact> {
    let Some(machine) = state.machines.get(name) else { return answer::read(want, &[]) };
    let mut lines = FactLines::new();
    let mut say = |key: &str, value: String| lines.push((key.to_owned(), value));
    match want {
        FactQuery::Machine if !machine.here => machine_lines(machine, wall_ms, &mut say),
        FactQuery::File { path, content } => file_lines(machine, path, *content, &mut say),
        FactQuery::Key(path) => key_lines(machine, path, &mut say),
        FactQuery::Unit(name) if !machine.here => unit_lines(machine, name, latest, &mut say),
        FactQuery::Journal(name) if !machine.here => {
            machine.look_unit(name, latest).journal.into_iter().for_each(|line| say("journal", line.into()));
            say("done", String::new());
        }
        FactQuery::Healthz(port) if !machine.here => healthz_lines(machine, *port, &mut say),
        FactQuery::Manifests(path) if !machine.here => manifest_lines(machine, path, &mut say),
        FactQuery::KubeletStart if !machine.here => found::start_lines(machine, &mut say),
        FactQuery::Identity { kubeconfig, node, server } if !machine.here => {
            let asked = (kubeconfig.as_str(), node.as_str(), server.as_str());
            found::identity_lines(state, machine, asked, (wall_ms, latest), &mut say);
        }
        FactQuery::Kernel(keys) if !machine.here => kernel_lines(machine, keys, &mut say),
        FactQuery::Runtime if machine.has_containerd() => {
            containerd_facts::runtime_lines(machine, &mut say);
        }
        FactQuery::Containers if machine.has_containerd() => {
            containerd_facts::task_lines(machine, latest, &mut say);
        }
        FactQuery::Images if machine.has_containerd() => containerd_facts::image_lines(machine, &mut say),
        FactQuery::Runtime if !machine.here => docker_lines(machine, &mut say),
        FactQuery::Containers if !machine.here => {
            for row in rows(state, machine, latest) {
                say("ps", row);
            }
            say("done", String::new());
        }
        FactQuery::Images if !machine.here => {
            if machine.runtime_runs() {
                for image in &machine.images {
                    let name = image.name.to_string();
                    let (repository, tag) = name.rsplit_once(':').unwrap_or((&name, "latest"));
                    say("image", format!("{repository} {tag} sha256:{} 2 years ago 1MB", image.id));
                }
            }
            say("done", String::new());
        }
        FactQuery::Tar(path) => tar_lines(machine, path, &mut say),
        FactQuery::Kubelet { path, flags } if !machine.here => kubelet_lines(machine, path, flags, &mut say),
        FactQuery::Folder(path) => {
            match machine.names(path) {
                Some(names) => names.into_iter().for_each(|name| say("name", name)),
                None => say("none", String::new()),
            }
            say("done", String::new());
        }
        FactQuery::Ways(paths) if !machine.here => {
            for (index, path) in paths.iter().enumerate() {
                if let Some(why) = machine.faults.way(path) {
                    say("way", format!("{} {why}", index + 1));
                }
            }
            say("done", String::new());
        }
        FactQuery::Record => {
            for line in record(machine) {
                say("line", line);
            }
            say("done", String::new());
        }
        FactQuery::Lookup(host) if !machine.here => {
            if let Some(address) = state.cluster.resolve(host)
                && !machine.faults.has(&Fault::NoApi)
            {
                say("host", format!("{address} STREAM {host}"));
            }
            say("done", String::new());
        }
        FactQuery::Dns { message, .. } if !machine.here => {
            let asked = openssl::base64::decode_block(message).unwrap_or_default();
            let question = asked.get(2..).unwrap_or_default();
            let named = dns::asked_name(question).and_then(|name| state.cluster.service(&name));
            let reply =
                named.filter(|_| state.cluster.dns_ready(latest)).and_then(|to| dns::reply(question, &[to]));
            if let Some(reply) = reply {
                say("reply", openssl::base64::encode_block(&reply));
            }
            say("done", String::new());
        }
        FactQuery::Tls { host, port } if !machine.here => {
            let cut = machine.faults.has(&Fault::NoApi) || machine.faults.has(&Fault::NoRoute);
            match state.cluster.shows(host, *port).filter(|_| !cut) {
                Some(pem) => pem.lines().for_each(|line| say("pem", line.to_owned())),
                None => say("error", format!("connect to {host}:{port}: Connection refused")),
            }
        }
        // This computer is asked nothing of these.
        _ => return Known::NotAsked,
    }
    answer::read(want, &lines)
}

fn machine_lines(machine: &LabMachine, wall_ms: i64, say: &mut impl FnMut(&str, String)) {
    let build = &machine.build;
    say("os", build.os.clone());
    say("uname", format!("{} 6.1.0-28-amd64 x86_64", build.hostname));
    say("uid", "0".to_owned());
    say("clock", wall_ms.to_string());
    say("cpus", "2".to_owned());
    say("memory", "4030856 kB".split(' ').next().unwrap_or_default().to_owned());
    say("swap", if build.swap { "1048572" } else { "0" }.to_owned());
    say("cgroup", build.cgroup.to_string());
    say("df", "Filesystem 1024-blocks Used Available Capacity Mounted on".to_owned());
    let full = machine.faults.has(&Fault::NoSpace);
    let free = if full { 0 } else { build.free_mib.saturating_mul(1024) };
    for _ in ["/", "/etc", "/var/lib/docker"] {
        say("df", format!("/dev/vda1 82043328 {} {free} 50% /", 82_043_328_u64.saturating_sub(free)));
    }
    say("addr", "1: lo    inet 127.0.0.1/8 scope host lo".to_owned());
    for address in &build.addresses {
        let family = if address.contains(':') { "inet6" } else { "inet" };
        say("addr", format!("2: eth0    {family} {address}/24 scope global eth0"));
    }
    say("openssl", build.openssl.clone());
    let kubelet = machine.process.as_ref().filter(|process| !process.crashes).map(|_| 10250);
    for port in build.listening.iter().copied().chain(kubelet) {
        say("listen", format!("{port:04X}"));
    }
    say("forward", if build.ip_forward { "1" } else { "0" }.to_owned());
    for tool in &build.dns_tools {
        say("dns", tool.clone());
    }
    say("systemd", "1".to_owned());
    let ends = |path: &String| [".conf", ".conflist"].iter().any(|end| path.ends_with(end));
    let cni = |path: &String| parent(path) == "/etc/cni/net.d" && ends(path);
    if machine.files.keys().any(cni) {
        say("cni", "1".to_owned());
    }
    if machine.files.contains_key("/run/systemd/resolve/resolv.conf") {
        say("resolved", "1".to_owned());
    }
    say("done", String::new());
}

fn file_lines(machine: &LabMachine, path: &str, content: bool, say: &mut impl FnMut(&str, String)) {
    if machine.folders.contains_key(path) {
        say("odd", "not a file".to_owned());
    }
    let missing = path == crate::profile::KUBELET && machine.kubelet().is_none();
    if path == SOCKET && machine.has_containerd() && machine.runtime_runs() {
        return say("odd", "not a file".to_owned());
    }
    let Some(file) = machine.files.get(path).filter(|_| !missing) else { return say("none", String::new()) };
    say("stat", format!("{} {} {}", file.mode, file.owner, file.bytes.len()));
    say("sha256", sha256(&file.bytes));
    if content && file.bytes.len() <= 262_144 {
        for part in file.bytes.chunks(2250) {
            say("content", encode_block(part));
        }
    }
}

fn key_lines(machine: &LabMachine, path: &str, say: &mut impl FnMut(&str, String)) {
    let Some(file) = machine.files.get(path) else { return say("none", String::new()) };
    say("stat", format!("{} {} {}", file.mode, file.owner, file.bytes.len()));
    say("sha256", sha256(&file.bytes));
    if crate::pki::needs_passphrase(&file.bytes) {
        say("encrypted", "1".to_owned());
        for sign in crate::pki::key_signs(&file.bytes, false) {
            say("sign", sign);
        }
        return;
    }
    let public = openssl::pkey::PKey::private_key_from_pem_callback(&file.bytes, |_| Ok(0))
        .and_then(|key| key.public_key_to_der());
    match public {
        Ok(der) => say("spki", sha256(&der)),
        Err(_) => {
            for sign in crate::pki::key_signs(&file.bytes, false) {
                say("sign", sign);
            }
        }
    }
}

fn unit_lines(machine: &LabMachine, name: &str, latest: u64, say: &mut impl FnMut(&str, String)) {
    let look = machine.look_unit(name, latest);
    for (key, value) in [
        ("LoadState", look.load.to_string()),
        ("ActiveState", look.active.to_string()),
        ("SubState", look.sub.to_string()),
        ("UnitFileState", look.file.to_string()),
        ("NRestarts", look.restarts.unwrap_or(0).to_string()),
        ("ActiveEnterTimestampMonotonic", BOOTED_S.saturating_mul(1_000_000).to_string()),
        ("NeedDaemonReload", if look.stale { "yes" } else { "no" }.to_owned()),
    ] {
        say("show", format!("{key}={value}"));
    }
    if let Some(up) = look.up_s {
        say("uptime", format!("{}.00", BOOTED_S.saturating_add(up)));
    }
    if !look.state.is_empty() {
        say("state", look.state.into());
    }
    if look.active != "active" && look.load != "not-found" {
        look.journal.into_iter().for_each(|line| say("journal", line.into()));
    }
}

/// Long enough after a machine began.
const BOOTED_S: u64 = 1000;

fn manifest_lines(machine: &LabMachine, folder: &str, say: &mut impl FnMut(&str, String)) {
    let inside = |path: &&String| parent(path) == folder && !path.contains("/.");
    for path in machine.files.keys().filter(inside) {
        let bytes = machine.files.get(path).map(|file| file.bytes.as_slice()).unwrap_or_default();
        say("manifest", path.rsplit('/').next().unwrap_or(path).to_owned());
        say("sha256", sha256(bytes));
        for part in bytes.chunks(2250) {
            say("text", encode_block(part));
        }
    }
    say("done", String::new());
}

fn healthz_lines(machine: &LabMachine, port: u16, say: &mut impl FnMut(&str, String)) {
    if machine.faults.has(&Fault::KubeletStopped) {
        say("healthz", "no answer within 5 s".to_owned());
    } else if machine.process.as_ref().is_some_and(|process| !process.crashes) && port == 10_248 {
        say("healthz", "HTTP/1.0 200 OK".to_owned());
        say("healthz", "ok".to_owned());
    } else {
        say("healthz", "connect: Connection refused".to_owned());
    }
}

fn docker_lines(machine: &LabMachine, say: &mut impl FnMut(&str, String)) {
    if machine.build.docker.is_empty() {
        return say("info", "sh: 1: docker: not found".to_owned());
    }
    if machine.faults.has(&Fault::RuntimeFrozen) {
        return say("info", "= 124".to_owned());
    }
    if !machine.runtime_runs() {
        return say("info", format!("ERROR: {}", machine.no_runtime()));
    }
    for (key, value) in [
        ("Server Version", machine.build.docker.as_str()),
        ("Storage Driver", "overlay2"),
        ("Cgroup Driver", &machine.build.cgroup_driver),
        ("Docker Root Dir", "/var/lib/docker"),
    ] {
        say("info", format!(" {key}: {value}"));
    }
}

/// The containers as `docker ps` lists them, tab-separated, the youngest first; or what the runtime complains of.
pub(crate) fn rows(state: &LabState, machine: &LabMachine, latest: u64) -> Vec<String> {
    let cri = machine.has_containerd();
    if machine.build.docker.is_empty() && !cri {
        return vec!["sh: 1: docker: not found".to_owned()];
    }
    if machine.faults.has(&Fault::RuntimeFrozen) {
        return vec!["= 124".to_owned()];
    }
    if !machine.runtime_runs() {
        return vec![machine.no_runtime().to_owned()];
    }
    // CRI lists no container for what holds a pod's network.
    let listed = |one: &&LabContainer| one.created <= latest && !(cri && one.name.starts_with("k8s_POD_"));
    let mut all: Vec<_> = machine.containers.iter().filter(listed).collect();
    all.sort_by(|a, b| b.created.cmp(&a.created).then(a.name.cmp(&b.name)));
    all.into_iter()
        .map(|one| {
            let made = state.at(one.created).strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string();
            let up = words(latest.saturating_sub(one.started) / 1000);
            format!("{}\t{}\t\"{}\"\t{made}\tUp {up}\t{}", one.id, one.image, one.command, one.name)
        })
        .collect()
}

/// As docker counts: `Less than a second`, `12 seconds`, `About a minute`, `3 minutes`, `2 hours`.
fn words(seconds: u64) -> String {
    match seconds {
        0 => "Less than a second".to_owned(),
        1 => "1 second".to_owned(),
        2..60 => format!("{seconds} seconds"),
        60..120 => "About a minute".to_owned(),
        120..3600 => format!("{} minutes", seconds / 60),
        3600..7200 => "About an hour".to_owned(),
        7200..172_800 => format!("{} hours", seconds / 3600),
        172_800..1_209_600 => format!("{} days", seconds / 86_400),
        1_209_600..5_184_000 => format!("{} weeks", seconds / 604_800),
        5_184_000..63_072_000 => format!("{} months", seconds / 2_592_000),
        _ => format!("{} years", seconds / 31_536_000),
    }
}

fn tar_lines(machine: &LabMachine, path: &str, say: &mut impl FnMut(&str, String)) {
    match machine.tars.get(path) {
        Some(tar) => {
            let entries: Vec<_> = tar
                .images
                .iter()
                .map(|one| serde_json::json!({"Config": format!("{}.json", one.id), "RepoTags": [one.name]}))
                .collect();
            say("manifest", serde_json::Value::Array(entries).to_string());
        }
        None if machine.files.contains_key(path) => {
            say("manifest", "tar: This does not look like a tar archive".to_owned());
        }
        None => say("none", String::new()),
    }
    say("done", String::new());
}

fn kubelet_lines(machine: &LabMachine, path: &str, sets: &[FlagSet], say: &mut impl FnMut(&str, String)) {
    let (Some(version), Some(file)) = (machine.kubelet(), machine.files.get(path)) else {
        return say("none", String::new());
    };
    say("size", file.bytes.len().to_string());
    say("version", format!("Kubernetes {version}"));
    if let Some(set) = sets.iter().find(|set| set.versions.iter().any(|pattern| glob(pattern, &version))) {
        for flag in unknown_flags(&version, &set.flags).into_iter().take(12) {
            say("refused", flag);
        }
        let cadvisor = "--housekeeping-interval";
        if machine.faults.has(&Fault::KubeletWithoutCgo)
            && set.flags.iter().any(|flag| flag.starts_with(cadvisor))
        {
            say("refused", cadvisor.to_owned());
        }
        say("tried", "1".to_owned());
    }
}

/// A shell pattern with `*` and `[a-b]`.
fn glob(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else { return text.is_empty() };
    let rest = pattern.get(first.len_utf8()..).unwrap_or_default();
    if first == '*' {
        return text.char_indices().any(|(at, _)| glob(rest, text.get(at..).unwrap_or_default()))
            || glob(rest, "");
    }
    let Some(c) = text.chars().next() else { return false };
    let tail = text.get(c.len_utf8()..).unwrap_or_default();
    match (first, rest.split_once(']')) {
        ('[', Some((class, rest))) => {
            let mut ends = class.split('-').filter_map(|part| part.chars().next());
            let low = ends.next().unwrap_or(c);
            let high = ends.next().unwrap_or(low);
            (low..=high).contains(&c) && glob(rest, tail)
        }
        _ => first == c && glob(rest, tail),
    }
}

impl Lab {
    /// The lines of a machine's records that can be read.
    pub fn record(&self, name: &str) -> Vec<RecordLine> {
        let lines = self.machine(name, |machine| record(machine)).unwrap_or_default();
        Record::read(lines.iter().map(String::as_str)).lines
    }
}

/// The lines of all records, in the order of the runs.
pub(crate) fn record(machine: &LabMachine) -> Vec<String> {
    let start = format!("{}/", machine.state);
    let is = |path: &String| path.starts_with(&start) && path.ends_with("/record.jsonl");
    let files = machine.files.iter().filter(|(path, _)| is(path));
    files
        .flat_map(|(_, file)| {
            String::from_utf8_lossy(&file.bytes).lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}
