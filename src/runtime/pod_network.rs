//! The network of pods as CRI finds it on a worker: which file of the CNI folder it takes, what that file makes, and
//! whether the plugins it names are there.
//!
//! Facts: containerd takes the first file by name that ends in `.conf`, `.conflist` or `.json` and reads no other
//! (`go-cni` `opts.go`, `max_conf_num = 1`); one that cannot be read leaves it without a network, whatever stands behind
//! it. It brings the loopback device of every pod up with the plugin `loopback` itself.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::plan::clean;
use crate::plan::code::ProblemCode;
use crate::plan::containerd_fact::{NetworkFile, NetworkFolders};
use crate::plan::problem::{Problem, Verdict};
use crate::plan::remote::Remote;

/// The plugin that only brings the loopback device up.
const LOOPBACK: &str = "loopback";
/// What verdicts are about.
const ABOUT: &str = "pod network";
/// Networks that a DaemonSet brings, by the type of the plugin that its file names.
const KNOWN: [(&str, &str); 6] = [
    ("flannel", "flannel"),
    ("calico", "calico"),
    ("cilium-cni", "cilium"),
    ("weave-net", "weave"),
    ("antrea", "antrea"),
    ("multus", "multus"),
];
/// A name is not longer, in columns.
const LONG: usize = 120;
/// Where flannel writes the worker's subnet, and its plugin reads it unless it is told another file (flannel's CNI plugin,
/// `flannel.go`).
pub const SUBNET_FILE: &str = "/run/flannel/subnet.env";

/// What a file makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeNetwork {
    /// The file's name in the folder.
    pub file: String,
    /// The name of the network.
    pub name: String,
    /// The plugins that it needs, those of its addresses too.
    pub plugins: Vec<String>,
    /// The network that is known by this plugin: one that a DaemonSet brings.
    pub known: Option<&'static str>,
    /// The file that flannel's plugin reads the worker's subnet from; `None` = it is no network of flannel.
    pub subnet_file: Option<String>,
}

impl MadeNetwork {
    /// It brings the loopback device up and nothing else.
    pub fn is_loopback(&self) -> bool {
        self.plugins.iter().all(|plugin| plugin == LOOPBACK)
    }

    /// As it is called: by its well-known name, else by its own.
    pub fn title(&self) -> &str {
        self.known.unwrap_or(&self.name)
    }
}

/// A file that CRI cannot take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenNetwork {
    /// The file's name in the folder.
    pub file: String,
    /// What is wrong, with line and column where it has them.
    pub why: String,
}

/// What CRI makes of the folder: what it takes, and what stands behind that and is not read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkFound {
    /// The first file by name; `None` = there is none.
    pub first: Option<Result<MadeNetwork, BrokenNetwork>>,
    /// Those behind it.
    pub others: Vec<Result<MadeNetwork, BrokenNetwork>>,
}

impl NetworkFound {
    /// Reads the files as CRI does.
    pub fn read(folders: &NetworkFolders) -> Self {
        let counts =
            |file: &&NetworkFile| [".conf", ".conflist", ".json"].iter().any(|end| file.name.ends_with(end));
        let mut files: Vec<&NetworkFile> = folders.files.iter().filter(counts).collect();
        files.sort_by(|a, b| a.name.untrusted().as_bytes().cmp(b.name.untrusted().as_bytes()));
        let mut read = files.into_iter().map(network);
        Self { first: read.next(), others: read.collect() }
    }

    /// The network that pods get; `None` = there is none, or the file that CRI takes makes none.
    pub fn network(&self) -> Option<&MadeNetwork> {
        self.first.as_ref()?.as_ref().ok().filter(|network| !network.is_loopback())
    }
}

fn network(file: &NetworkFile) -> Result<MadeNetwork, BrokenNetwork> {
    let name = file.name.to_string();
    let broken = |why: String| BrokenNetwork { file: name.clone(), why };
    if file.cut {
        return Err(broken("it is larger than 64 KiB".to_owned()));
    }
    let value: Value = serde_json::from_str(file.text.untrusted()).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or_default().to_owned();
        broken(if file.text.is_empty() {
            "it is empty".to_owned()
        } else {
            format!("line {line}, column {column}: {what}")
        })
    })?;
    let text = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let title = text(&value, "name");
    let inside: Vec<&Value> = if file.name.ends_with(".conflist") {
        let Some(list) = value.get("plugins").and_then(Value::as_array) else {
            return Err(broken("a .conflist has a list \"plugins\", and there is none in it".to_owned()));
        };
        list.iter().collect()
    } else if text(&value, "type").is_none() {
        let list = value.get("plugins").is_some();
        return Err(broken(if list {
            "it has a list \"plugins\": such a file ends in .conflist".to_owned()
        } else {
            "it names no plugin: there is no \"type\"".to_owned()
        }));
    } else {
        vec![&value]
    };
    if inside.is_empty() {
        return Err(broken("its list \"plugins\" is empty".to_owned()));
    }
    let Some(title) = title else {
        return Err(broken("the network has no \"name\"".to_owned()));
    };
    let (mut plugins, mut subnet_file) = (Vec::<String>::new(), None);
    for (at, plugin) in inside.iter().enumerate() {
        let Some(kind) = text(plugin, "type") else {
            return Err(broken(format!("plugin {} of its list has no \"type\"", at.saturating_add(1))));
        };
        let delegate = plugin.get("delegate");
        let mut needs = vec![kind.clone()];
        needs.extend(plugin.get("ipam").and_then(|ipam| text(ipam, "type")));
        needs.extend(delegate.and_then(|delegate| text(delegate, "type")));
        if kind == "flannel" {
            subnet_file = text(plugin, "subnetFile").or_else(|| Some(SUBNET_FILE.to_owned()));
            // It hands over to the plugin that its delegate names, with addresses by host-local.
            if delegate.and_then(|delegate| text(delegate, "type")).is_none() {
                needs.push("bridge".to_owned());
            }
            needs.push("host-local".to_owned());
        }
        for need in needs {
            let need = clean::short(&need, LONG);
            if !plugins.contains(&need) {
                plugins.push(need);
            }
        }
    }
    let known = KNOWN.iter().find(|(kind, _)| plugins.iter().any(|plugin| plugin == kind));
    Ok(MadeNetwork {
        file: name.clone(),
        name: clean::short(&title, LONG),
        plugins,
        known: known.map(|(_, title)| *title),
        subnet_file,
    })
}

/// How one comes that a DaemonSet of the cluster brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComingNetwork<'a> {
    /// Namespace and name of it, `kube-flannel/kube-flannel-ds`.
    pub daemon_set: &'a str,
}

/// What is to say about the pod network of a worker; `coming` is what the cluster brings onto it by itself, and
/// `own_loopback` that this containerd needs no plugin for the loopback device (`use_internal_loopback`).
pub fn verdicts(folders: &NetworkFolders, coming: Option<ComingNetwork>, own_loopback: bool) -> Vec<Verdict> {
    let found = NetworkFound::read(folders);
    let folder = folders.conf_dir.to_string();
    let path = |file: &str| format!("{folder}/{file}");
    let mut verdicts = Vec::new();
    match &found.first {
        None => return vec![none(&folder, coming)],
        Some(Err(broken)) => {
            let behind = found.others.iter().flatten().find(|other| !other.is_loopback());
            let seen = behind.map_or_else(
                || "CRI reads the first file by name and no other: pods get no network".to_owned(),
                |other| format!("CRI reads the first file by name and no other, {} neither", other.file),
            );
            verdicts.push(Verdict::Stops(
                Problem::new(
                    ProblemCode::Network01,
                    format!("{} makes no pod network: {}", path(&broken.file), broken.why),
                )
                .seen(seen)
                .manual(format!("mend {}, or take it out of {folder}", path(&broken.file))),
            ));
        }
        Some(Ok(first)) if first.is_loopback() => {
            match found.others.iter().flatten().find(|other| !other.is_loopback()) {
                Some(other) => verdicts.push(Verdict::Stops(
                    Problem::new(
                        ProblemCode::Network03,
                        format!(
                            "{} only brings the loopback device up, and CRI takes it for the pod network",
                            path(&first.file)
                        ),
                    )
                    .seen(format!("it stands before {}, which CRI does not read", path(&other.file)))
                    .manual(format!(
                        "take {} away, CRI makes the loopback device itself; or let its name come behind {}",
                        path(&first.file),
                        other.file
                    )),
                )),
                None => verdicts.push(Verdict::warning(
                    ABOUT,
                    format!(
                        "{} only brings the loopback device up: the node becomes Ready, and its pods reach nothing",
                        path(&first.file)
                    ),
                    "deploy a pod network, such as flannel, calico or cilium, whose file stands before it",
                )),
            }
        }
        Some(Ok(first)) => {
            verdicts.push(plugins(folders, first, coming, own_loopback));
            let others: Vec<String> = found
                .others
                .iter()
                .flatten()
                .filter(|other| !other.is_loopback())
                .map(|other| format!("{} ({})", other.file, other.title()))
                .collect();
            if !others.is_empty() {
                verdicts.push(Verdict::warning(
                    ABOUT,
                    format!(
                        "more than one file in {folder} makes a pod network: {} ({}) is taken, the first by name, and {} \
                         is not",
                        first.file,
                        first.title(),
                        others.join(", ")
                    ),
                    "take away those that are not meant",
                ));
            }
        }
    }
    for broken in found.others.iter().filter_map(|other| other.as_ref().err()) {
        verdicts.push(Verdict::warning(
            ABOUT,
            format!(
                "{} makes no pod network: {}; another file stands before it, so CRI does not read it",
                path(&broken.file),
                broken.why
            ),
            "mend it, or take it away",
        ));
    }
    if folders.more {
        verdicts.push(Verdict::warning(
            ABOUT,
            format!(
                "{folder} holds more than 16 files; those behind the first 16 by name were not looked at"
            ),
            "take away what is not meant",
        ));
    }
    verdicts
}

/// No file at all: the kubelet runs and says that the node is not ready.
fn none(folder: &str, coming: Option<ComingNetwork>) -> Verdict {
    match coming {
        Some(ComingNetwork { daemon_set }) => {
            Verdict::ok(ABOUT, format!("none yet; DaemonSet {daemon_set} writes its file into {folder}"))
        }
        None => Verdict::warning(
            ABOUT,
            format!(
                "there is none: no .conf, .conflist or .json in {folder}; the kubelet will run, and the node is not \
                 Ready until one is there"
            ),
            "deploy a pod network in the cluster, such as flannel, calico or cilium",
        ),
    }
}

/// Whether the plugins of the network are there.
fn plugins(
    folders: &NetworkFolders,
    network: &MadeNetwork,
    coming: Option<ComingNetwork>,
    own_loopback: bool,
) -> Verdict {
    let there: BTreeSet<&str> = folders.programs.iter().map(Remote::untrusted).collect();
    let mut needs: Vec<&str> = network.plugins.iter().map(String::as_str).collect();
    if !own_loopback && !needs.contains(&LOOPBACK) {
        needs.push(LOOPBACK);
    }
    let missing: Vec<&str> = needs.into_iter().filter(|name| !there.contains(name)).collect();
    let dirs: Vec<String> = folders.bin_dirs.iter().map(ToString::to_string).collect();
    let (dirs, file) = (dirs.join(" or "), format!("{}/{}", folders.conf_dir, network.file));
    if missing.is_empty() {
        return Verdict::ok(ABOUT, format!("{} by {file}, its plugins are in {dirs}", network.title()));
    }
    let missing = missing.join(", ");
    match coming {
        Some(ComingNetwork { daemon_set }) => Verdict::warning(
            ABOUT,
            format!("{file} names plugins that are not in {dirs} yet: {missing}"),
            &format!(
                "DaemonSet {daemon_set} may bring them; those it does not bring are in the CNI plugins' package \
                 (containernetworking)"
            ),
        ),
        None => Verdict::Stops(
            Problem::new(
                ProblemCode::Network02,
                format!("plugins of the pod network {} are not there: {missing}", network.title()),
            )
            .seen(format!("{file} needs them in {dirs}; no pod with a network of its own would start"))
            .manual(format!(
                "put them into {dirs}: they come with the CNI plugins (containernetworking), or with the network itself"
            ))
            .manual(format!("or take {file} away, when another pod network is meant")),
        ),
    }
}
