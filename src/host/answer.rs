//! Turns the lines a question printed into its typed fact. Every value comes from a foreign machine: what
//! cannot be read is `No(why)`, never a guess.

use openssl::base64;

use super::around_answer::around;
use super::found_answer;
use super::kernel_answer::kernel;
use super::programs_answer::programs;
use super::unit_answer::{healthz, journal, manifests, unit};
use crate::plan::fact::{Fact, FactQuery, FileFact, ImageFact, KeyFact, Known, KubeletFact, Machine};
use crate::plan::record::Record;
use crate::plan::remote::Remote;
use crate::plan::runtime_fact::RuntimeFact;
use crate::plan::{clean, redact};
use crate::runtime::answer_lines::{AnswerLines, all, first, free_mib, has};
use crate::runtime::containerd_answer;
use crate::runtime::docker::ROOT;
use crate::runtime::docker_answer;

/// The fact behind the lines that answer `want`.
pub fn read(want: &FactQuery, lines: &AnswerLines) -> Known<Fact> {
    if lines.is_empty() {
        return Known::No("the machine did not answer".to_owned());
    }
    match want {
        FactQuery::Machine => machine(lines),
        FactQuery::File { path, content } => file(path, *content, lines),
        FactQuery::Key(path) => key(path, lines),
        FactQuery::Unit(_) => unit(lines),
        FactQuery::Journal(_) => journal(lines),
        FactQuery::Healthz(_) => healthz(lines),
        FactQuery::Manifests(_) => manifests(lines),
        FactQuery::KubeletStart | FactQuery::ProxyStart => found_answer::start(lines),
        FactQuery::Identity { .. } => found_answer::identity(lines),
        FactQuery::Around(_) => around(lines),
        FactQuery::Kernel(_) => kernel(lines),
        FactQuery::Runtime => Known::Yes(Fact::Runtime(Box::new(runtime(lines)))),
        FactQuery::Containers => docker_answer::containers(lines),
        FactQuery::Images if has(lines, "containerd") => {
            containerd_answer::images(lines).map_or_else(Known::No, |images| Known::Yes(Fact::Images(images)))
        }
        FactQuery::Images => Known::Yes(Fact::Images(all(lines, "image").filter_map(image).collect())),
        FactQuery::Tar(path) => tar(path, lines),
        FactQuery::Kubelet { .. } => kubelet(lines),
        FactQuery::Programs => programs(lines),
        FactQuery::ProgramFolder(_) => Known::NotAsked,
        FactQuery::Folder(_) => {
            let names = all(lines, "name").map(Remote::from).collect();
            Known::Yes(Fact::Folder((!has(lines, "none")).then_some(names)))
        }
        FactQuery::Ways(paths) => ways(paths, lines),
        FactQuery::Record => Known::Yes(Fact::Record(Record::read(all(lines, "line")))),
        FactQuery::Dns { .. } if has(lines, "none") => Known::No("there is no bash, which asks".to_owned()),
        FactQuery::Dns { .. } => {
            let reply: String = all(lines, "reply").map(str::trim).collect();
            Known::Yes(Fact::Dns(reply.into()))
        }
        FactQuery::Lookup(_) => {
            let mut hosts: Vec<Remote<String>> = all(lines, "host")
                .filter_map(|line| line.split_whitespace().next())
                .map(Remote::from)
                .collect();
            hosts.sort();
            hosts.dedup();
            Known::Yes(Fact::Lookup(hosts))
        }
        FactQuery::Tls { .. } => {
            let pem: Vec<&str> = all(lines, "pem").collect();
            if pem.is_empty() {
                return Known::No(clean::line(first(lines, "error").unwrap_or("no certificate was shown")));
            }
            Known::Yes(Fact::Tls(pem.join("\n") + "\n"))
        }
    }
}

/// Whoever was asked says something; where nobody was, there is no runtime.
fn runtime(lines: &AnswerLines) -> RuntimeFact {
    RuntimeFact {
        docker: has(lines, "info").then(|| docker_answer::docker(lines)),
        containerd: has(lines, "containerd").then(|| containerd_answer::containerd(lines)),
    }
}

fn machine(lines: &AnswerLines) -> Known<Fact> {
    if !has(lines, "done") {
        return Known::No("the answer was cut off".to_owned());
    }
    let number = |key: &str| first(lines, key).and_then(|value| value.trim().parse::<u64>().ok());
    let word = |key: &str| clean::line(first(lines, key).unwrap_or_default().trim());
    let uname = word("uname");
    let mut names = uname.split(' ');
    let mut machine = Machine {
        os: word("os").into(),
        hostname: names.next().unwrap_or_default().into(),
        kernel: names.next().unwrap_or_default().into(),
        arch: names.next().unwrap_or_default().into(),
        uid: number("uid").and_then(|uid| u32::try_from(uid).ok()).unwrap_or(u32::MAX),
        clock_ms: first(lines, "clock").and_then(|value| value.trim().parse().ok()).unwrap_or(0),
        cpus: number("cpus").and_then(|cpus| u32::try_from(cpus).ok()).unwrap_or(0),
        memory_mib: number("memory").unwrap_or(0) / 1024,
        swap: number("swap").unwrap_or(0) > 0,
        cgroup: if first(lines, "cgroup") == Some("2") { 2 } else { 1 },
        openssl: word("openssl").into(),
        ip_forward: first(lines, "forward") == Some("1"),
        dns_tools: all(lines, "dns").map(Remote::from).collect(),
        systemd: has(lines, "systemd"),
        cni: has(lines, "cni"),
        resolved: has(lines, "resolved"),
        asks_itself: has(lines, "asks-itself"),
        clock_at_ms: first(lines, "heard").and_then(|value| value.parse().ok()),
        ..Machine::default()
    };
    for (path, free) in ["/", "/etc", ROOT].iter().zip(free_mib(lines)) {
        if let Some(free) = free {
            machine.free_mib.insert((*path).to_owned(), free);
        }
    }
    for line in all(lines, "addr") {
        let columns: Vec<&str> = line.split_whitespace().collect();
        // What reaches a whole network may stand on loopback too: the kubelet takes it.
        let global = columns.windows(2).any(|two| two == ["scope", "global"]);
        let outside = columns.get(1).is_some_and(|interface| *interface != "lo");
        if let (true, Some(address)) = (outside || global, columns.get(3)) {
            let address = address.split('/').next().unwrap_or_default();
            machine.addresses.push(address.into());
        }
    }
    // From ss its fourth word, or from /proc/net/tcp the port in hex.
    let port = |line: &str| line.split_whitespace().nth(3)?.rsplit(':').next()?.parse::<u16>().ok();
    machine.listening = all(lines, "socket").filter_map(port).collect();
    machine.listening.extend(all(lines, "listen").filter_map(|hex| u16::from_str_radix(hex.trim(), 16).ok()));
    machine.listening.sort_unstable();
    machine.listening.dedup();
    Known::Yes(Fact::Machine(machine))
}

/// Each line has the number of a path and what is wrong on its way.
fn ways(paths: &[String], lines: &AnswerLines) -> Known<Fact> {
    if !has(lines, "done") {
        return Known::No("the answer was cut off".to_owned());
    }
    let told = all(lines, "way").filter_map(|line| {
        let (number, why) = line.split_once(' ')?;
        let path = paths.get(number.parse::<usize>().ok()?.checked_sub(1)?)?;
        Some((path.clone(), Remote::from(why)))
    });
    Known::Yes(Fact::Ways(told.collect()))
}

/// `MODE OWNER SIZE`, or with the time of the last writing before the size.
fn stat(lines: &AnswerLines) -> (String, String, Option<i64>, u64) {
    let words: Vec<&str> = first(lines, "stat").unwrap_or_default().split(' ').collect();
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    let written = (words.len() > 3).then(|| word(2).parse().ok()).flatten();
    (word(0).to_owned(), word(1).to_owned(), written, word(words.len().min(4) - 1).parse().unwrap_or(0))
}

fn file(path: &str, content: bool, lines: &AnswerLines) -> Known<Fact> {
    if has(lines, "odd") {
        return Known::No(format!("{path} is not a file"));
    }
    if has(lines, "none") {
        return Known::Yes(Fact::File(None));
    }
    let (mode, owner, written_s, size) = stat(lines);
    let sha256 = first(lines, "sha256").unwrap_or_default().to_owned();
    if sha256.len() != 64 {
        return Known::No(format!("{path} could not be read"));
    }
    let content = (content && size <= 262_144).then(|| {
        all(lines, "content")
            .flat_map(|part| base64::decode_block(part).unwrap_or_default())
            .collect::<Vec<u8>>()
    });
    let holds_key = has(lines, "key");
    if !holds_key && content.as_ref().is_some_and(|bytes| crate::plan::action::sha256(bytes) != sha256) {
        return Known::No(format!("{path} changed while it was read"));
    }
    Known::Yes(Fact::File(Some(FileFact {
        sha256,
        mode,
        owner: owner.into(),
        size,
        content,
        holds_key,
        written_s,
    })))
}

fn key(path: &str, lines: &AnswerLines) -> Known<Fact> {
    if let Some(odd) = first(lines, "odd") {
        return Known::No(format!("{path} {}", clean::line(odd)));
    }
    if has(lines, "none") {
        return Known::Yes(Fact::Key(None));
    }
    let (mode, owner, _, _) = stat(lines);
    Known::Yes(Fact::Key(Some(KeyFact {
        mode,
        owner: owner.into(),
        spki_sha256: first(lines, "spki").unwrap_or_default().to_owned(),
        encrypted: has(lines, "encrypted"),
        sha256: first(lines, "sha256").unwrap_or_default().to_owned(),
        signs: all(lines, "sign").take(SIGNS).map(clean::line).collect(),
    })))
}

/// A name of an image is not longer, in columns.
const LONG_NAME: usize = 300;

/// As many signs of a key are taken.
const SIGNS: usize = 24;

fn image(line: &str) -> Option<ImageFact> {
    let columns: Vec<&str> = line.split_whitespace().collect();
    let (repository, tag, id) = (columns.first()?, columns.get(1)?, columns.get(2)?);
    if *repository == "REPOSITORY" || *tag == "<none>" {
        return None;
    }
    let name = format!("{repository}:{tag}").into();
    Some(ImageFact { name, id: id.trim_start_matches("sha256:").into() })
}

/// The images of a tar, from its manifest.json; both the old (`<digest>.json`) and the OCI
/// layout (`blobs/sha256/<digest>`) name the config by its digest.
fn tar(path: &str, lines: &AnswerLines) -> Known<Fact> {
    if has(lines, "none") {
        return Known::No(format!("{path} is not there or cannot be read"));
    }
    // Folded at the door; between JSON's tokens a newline more or less is nothing.
    let text: String = all(lines, "manifest").collect();
    match images_of_manifest(&text) {
        Some(images) => Known::Yes(Fact::Tar(images)),
        None => Known::No(format!("{path} is no tar of images: it has no manifest.json that lists them")),
    }
}

/// Reads manifest.json of a tar of images.
pub fn images_of_manifest(text: &str) -> Option<Vec<ImageFact>> {
    let entries: Vec<serde_json::Value> = serde_json::from_str(text).ok()?;
    let mut images = Vec::new();
    for entry in &entries {
        let config = entry.get("Config")?.as_str()?;
        let id = clean::short(config.rsplit('/').next()?.trim_end_matches(".json"), LONG_NAME);
        for name in entry.get("RepoTags")?.as_array().into_iter().flatten() {
            // JSON can say what a line cannot: a newline in a name would forge a line.
            images.push(ImageFact {
                name: clean::short(name.as_str()?, LONG_NAME).into(),
                id: id.clone().into(),
            });
        }
    }
    Some(images)
}

fn kubelet(lines: &AnswerLines) -> Known<Fact> {
    if has(lines, "none") {
        return Known::Yes(Fact::Kubelet(None));
    }
    let Some(version) = first(lines, "version") else {
        return Known::No("the kubelet did not say its version".to_owned());
    };
    Known::Yes(Fact::Kubelet(Some(KubeletFact {
        version: redact::said(version).into(),
        refused: all(lines, "refused").map(Remote::from).collect(),
        error: redact::said(first(lines, "error").unwrap_or_default()).into(),
        size: first(lines, "size").and_then(|size| size.parse().ok()).unwrap_or(0),
    })))
}
