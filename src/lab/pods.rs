//! The containers a lab's kubelet makes: those of its manifests, and those of the pods the cluster gave to its
//! node.

use serde_yaml::Value;

use crate::lab::machine::{LabContainer, LabMachine, parent};
use crate::plan::action::sha256;
use crate::profile::MANIFESTS;

/// A kubelet's containers are up so long after it began to work, milliseconds.
const PODS_AFTER: u64 = 3_000;
/// The containers of a pod are made one after the other, milliseconds.
const NEXT: u64 = 700;
/// Instead of a manifest's path: a pod of the cluster.
const CLUSTER: &str = "cluster";

impl LabMachine {
    /// Makes the containers of the manifests, and takes those away whose manifest is gone.
    pub(crate) fn pods(&mut self, flags: &[String], node: &str, since: u64, latest: u64) {
        if latest < since.saturating_add(PODS_AFTER) {
            return;
        }
        let manifests: Vec<(String, Vec<u8>)> = self
            .files
            .iter()
            .filter(|(path, _)| parent(path) == MANIFESTS && !path.contains("/."))
            .map(|(path, file)| (path.clone(), file.bytes.clone()))
            .collect();
        let is = |one: &LabContainer, path: &String, hash: &String| {
            one.manifest == *path && one.manifest_sha256 == *hash
        };
        let hashes: Vec<(String, String)> =
            manifests.iter().map(|(path, bytes)| (path.clone(), sha256(bytes))).collect();
        self.containers
            .retain(|one| one.manifest == CLUSTER || hashes.iter().any(|(path, hash)| is(one, path, hash)));
        let old = self.kubelet().is_some_and(|version| version.starts_with("v1.2."));
        for ((path, bytes), (_, hash)) in manifests.iter().zip(&hashes) {
            if self.containers.iter().any(|one| is(one, path, hash)) {
                continue;
            }
            let Ok(pod) = serde_yaml::from_slice::<Value>(bytes) else { continue };
            let named = flags.iter().find_map(|flag| flag.strip_prefix("--pod-infra-container-image="));
            let pause = named.map_or_else(|| self.pause(old), str::to_owned);
            let number = self.made.get(path).copied().unwrap_or(0);
            let made = containers(&pod, node, &pause, old, (path, hash), (number, latest));
            let missing = |one: &&LabContainer| !self.images.iter().any(|image| image.name == one.image);
            if made.iter().any(|one| missing(&one)) {
                // The node is Ready all the same; only this pod waits for its images.
                continue;
            }
            self.made.insert(path.clone(), number.saturating_add(1));
            self.rules |= made.iter().any(|one| one.name.starts_with("k8s_kube-proxy"));
            self.containers.extend(made);
        }
    }

    fn pause(&self, old: bool) -> String {
        if let Some(cri) = &self.cri {
            return cri.sandbox.clone();
        }
        let known = |name: &str| {
            self.images
                .iter()
                .map(|image| &image.name)
                .find(|image| image.contains(name))
                .map(ToString::to_string)
        };
        let usual = if old { "gcr.io/google_containers/pause:2.0" } else { "k8s.gcr.io/pause:3.2" };
        known("/pause:").unwrap_or_else(|| usual.to_owned())
    }

    /// Makes the containers of the cluster's pods on this node, and takes those away that are gone.
    pub(crate) fn cluster_pods(&mut self, pods: &[serde_json::Value], latest: u64) {
        let node = self.process.as_ref().and_then(|process| process.node.clone());
        let Some(node) = node.filter(|_| self.runtime_runs()) else { return };
        let old = self.kubelet().is_some_and(|version| version.starts_with("v1.2."));
        let mine: Vec<(&serde_json::Value, String)> = pods
            .iter()
            .filter(|pod| pod.pointer("/spec/nodeName").and_then(serde_json::Value::as_str) == Some(&node))
            .map(|pod| (pod, sha256(pod["metadata"].to_string().as_bytes())))
            .collect();
        self.containers.retain(|one| {
            one.manifest != CLUSTER || mine.iter().any(|(_, hash)| *hash == one.manifest_sha256)
        });
        for (pod, hash) in mine {
            if self.containers.iter().any(|one| one.manifest_sha256 == hash) {
                continue;
            }
            let Ok(parsed) = serde_yaml::to_value(pod) else { continue };
            let pause = self.pause(old);
            let number = self.made.entry(hash.clone()).or_insert(0);
            *number = number.saturating_add(1);
            let when = (*number, latest);
            self.containers.extend(containers(&parsed, "", &pause, old, (CLUSTER, &hash), when));
        }
    }
}

/// The containers of a pod (a static one when `node` is not empty), named as the kubelet of that time names them.
fn containers(
    pod: &Value,
    node: &str,
    pause: &str,
    old: bool,
    manifest: (&str, &str),
    (number, latest): (u64, u64),
) -> Vec<LabContainer> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let meta = pod.get("metadata");
    let name = text(meta.and_then(|meta| meta.get("name")));
    let name = if node.is_empty() { name } else { format!("{name}-{node}") };
    let space = text(meta.and_then(|meta| meta.get("namespace")));
    let space = if space.is_empty() { "default".to_owned() } else { space };
    // A static pod's uid is a hash; another one has that of its object.
    let own = text(meta.and_then(|meta| meta.get("uid")));
    let hash = || sha256(format!("{}{}", manifest.1, node).as_bytes()).chars().take(32).collect();
    let uid = if own.is_empty() { hash() } else { own };
    let one = |container: &str, image: &str, command: String, created: u64| {
        // Not of the time: the same on every take.
        let id = sha256(format!("{container}{uid}{number}").as_bytes());
        let short: String = id.chars().take(8).collect();
        let name = if old {
            format!("k8s_{container}.{short}_{name}_{space}_{uid}_{short}")
        } else {
            format!("k8s_{container}_{name}_{space}_{uid}_0")
        };
        LabContainer {
            id,
            image: image.to_owned(),
            command,
            name,
            manifest: manifest.0.to_owned(),
            manifest_sha256: manifest.1.to_owned(),
            created,
            started: created,
        }
    };
    let mut all = vec![one("POD", pause, "/pause".to_owned(), latest)];
    let mut created = latest;
    let list = pod.get("spec").and_then(|spec| spec.get("containers")).and_then(Value::as_sequence);
    for container in list.into_iter().flatten() {
        let words = ["command", "args"].into_iter().filter_map(|key| container.get(key)?.as_sequence());
        let mut command: Vec<&str> = words.flatten().filter_map(Value::as_str).collect();
        let image = text(container.get("image"));
        let entry =
            format!("/{}", image.rsplit('/').next().and_then(|name| name.split(':').next()).unwrap_or(""));
        if container.get("command").is_none() {
            // Those of the DNS pods begin with a program of the image's name.
            command.insert(0, &entry);
        }
        created = created.saturating_add(NEXT);
        all.push(one(&text(container.get("name")), &image, command.join(" "), created));
    }
    all
}
