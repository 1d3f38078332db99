//! containerd's commands: pods live in the namespace `k8s.io`, CRI labels what it makes there, and an image with the
//! label `io.cri-containerd.pinned` is kept from the kubelet's collection (`pkg/cri/labels` of containerd).

use super::what::Typed;
use crate::runtime::containerd::full_name;

const CTR: &str = "ctr -n k8s.io";
const NAME: &str = "io.kubernetes.container.name";
const POD: &str = "io.kubernetes.pod.name";
const SPACE: &str = "io.kubernetes.pod.namespace";

/// The ids of a pod's containers, by their labels.
fn ids(labels: &[(&str, &str)]) -> String {
    let filter: Vec<String> =
        labels.iter().map(|(key, value)| format!("labels.\"{key}\"=={value}")).collect();
    format!("{CTR} containers ls -q {}", shell_words::quote(&filter.join(",")))
}

fn pinned(names: &[&str]) -> impl Iterator<Item = String> {
    let line = |name: &&str| {
        let name = full_name(name);
        format!("{CTR} images label {} io.cri-containerd.pinned=pinned", shell_words::quote(&name))
    };
    names.iter().map(line).collect::<Vec<_>>().into_iter()
}

pub(super) fn typed(what: Typed) -> Vec<String> {
    match what {
        Typed::Import { tar, names } => {
            std::iter::once(format!("{CTR} images import {tar}")).chain(pinned(names)).collect()
        }
        Typed::ImportSent { what, names } => {
            let import = format!("{CTR} images import -  # sent from here: {what}");
            std::iter::once(import).chain(pinned(names)).collect()
        }
        Typed::RemoveImage(name) => {
            vec![format!("{CTR} images rm {}", shell_words::quote(&full_name(name)))]
        }
        // One that has ended has no task any more.
        Typed::EndContainers(container) => vec![format!(
            "for c in $({}); do {CTR} tasks kill \"$c\" || :; done",
            ids(&[(NAME, container), (SPACE, "kube-system")])
        )],
        Typed::RemovePods => vec![
            format!("for c in $({CTR} containers ls -q); do"),
            format!("  {CTR} tasks rm -f \"$c\" 2> /dev/null || :; {CTR} containers rm \"$c\""),
            "done".to_owned(),
        ],
        Typed::Runs { container, pod } => {
            let found = ids(&[(NAME, container), (POD, pod), (SPACE, "kube-system")]);
            // An empty list of patterns would match whatever runs.
            vec![format!("c=$({found}) && [ -n \"$c\" ] && {CTR} tasks ls | grep RUNNING | grep -qF \"$c\"")]
        }
    }
}
