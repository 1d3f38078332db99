//! Events of a lab's API: what its kubelets and controllers would have said of a node and its pods by now.

use serde_json::{Value, json};

use crate::kube::happening::{About, Happening, newest};
use crate::lab::machine::{LabContainer, LabMachine};
use crate::lab::node::SILENT_AFTER;
use crate::lab::state::LabState;
use crate::runtime::ps::Container;

/// An event is kept for an hour, milliseconds.
const KEPT: u64 = 3_600_000;

/// Time, kind, reason, message.
type EventWords = (u64, &'static str, &'static str, String);

/// The events about a node or a pod, the newest first.
pub(crate) fn happenings(state: &LabState, about: &About, latest: u64) -> Vec<Happening> {
    let (kind, name, told) = match about {
        About::Node(name) => ("Node", name, of_node(state, name, latest)),
        About::Pod(_, name) => ("Pod", name, of_pod(state, name)),
    };
    let all = told.into_iter().filter(|(ms, ..)| *ms <= latest && latest - *ms <= KEPT);
    let object = |(ms, kind_of, reason, message): EventWords| -> Value {
        json!({"type": kind_of, "reason": reason, "message": message, "count": 1,
            "involvedObject": {"kind": kind, "name": name},
            "lastTimestamp": state.at(ms).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()})
    };
    newest(all.filter_map(|told| Happening::from_json(&object(told))).collect())
}

fn of_node(state: &LabState, name: &str, latest: u64) -> Vec<EventWords> {
    let Some(node) = state.cluster.nodes.get(name) else { return Vec::new() };
    let mut all = vec![
        (node.created, "Normal", "Starting", "Starting kubelet.".to_owned()),
        (
            node.created + 900,
            "Normal",
            "RegisteredNode",
            format!("Node {name} event: Registered Node {name} in NodeController"),
        ),
    ];
    if let Some(ready) = node.ready_at {
        all.push((ready, "Normal", "NodeReady", format!("Node {name} status is now: NodeReady")));
    }
    if !node.unready.is_empty() {
        all.push((node.since, "Normal", "NodeNotReady", format!("Node {name} status is now: NodeNotReady")));
    }
    if node.full {
        let words = "failed to garbage collect required amount of images".to_owned();
        all.push((node.since, "Warning", "FreeDiskSpaceFailed", words));
    }
    if node.is_silent(latest) {
        let words = format!("Node {name} status is now: NodeNotReady");
        all.push((node.heard + SILENT_AFTER, "Normal", "NodeNotReady", words));
    }
    all
}

/// What the kubelet of its machine did for a pod.
fn of_pod(state: &LabState, pod: &str) -> Vec<EventWords> {
    let all = |machine: &'_ LabMachine| (machine.has_containerd(), machine.containers.clone());
    let containers =
        state.machines.values().map(all).flat_map(|(cri, list)| list.into_iter().map(move |one| (cri, one)));
    let named = |one: &LabContainer| {
        let row = format!("{}\t{}\t\"\"\t\t\t{}", one.id, one.image, one.name);
        Container::parse(&row).ok().and_then(|read| read.kubelet)
    };
    let of = containers
        .filter_map(|(cri, one)| named(&one).filter(|name| name.pod == pod).map(|name| (cri, one, name)));
    of.filter(|(_, _, name)| name.container != "POD")
        .flat_map(|(cri, one, name)| {
            let id: String = one.id.chars().take(12).collect();
            let container = name.container.to_string();
            let image = format!("Container image \"{}\" already present on machine", one.image);
            let (image, created, started) = if cri {
                (
                    format!("{image} and can be accessed by the pod"),
                    "Container created".to_owned(),
                    "Container started".to_owned(),
                )
            } else {
                (
                    image,
                    format!("Created container {container} with id {id}"),
                    format!("Started container {container} with id {id}"),
                )
            };
            [
                (one.created, "Normal", "Pulled", image),
                (one.created, "Normal", "Created", created),
                (one.started, "Normal", "Started", started),
            ]
        })
        .collect()
}
