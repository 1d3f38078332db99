//! What the cluster brings to a worker by DaemonSets: which one is its kube-proxy, or replaces it, and which makes its
//! network of pods. A DaemonSet that does not come to this worker counts as none, and its reason is told.

use super::input::StepInput;
use crate::kube::addon::{NodeAddon, ServesServices};
use crate::kube::daemon_set::NodeTraits;
use crate::plan::fact::Known;
use crate::plan::model::Worker;
use crate::plan::wishes::KubeProxyWish;
use crate::profile::{Identity, Profile};

/// What comes to a worker.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Comes<'a> {
    /// The API was not asked, or refused to say: why; empty = it was not asked.
    Unknown(String),
    /// Nothing of that kind; those that there are and that do not come here, each with its reason.
    Nothing(Vec<(&'a NodeAddon, String)>),
    /// This one.
    This(&'a NodeAddon),
}

/// The worker as a DaemonSet sees it: as the API knows its node, else as the node will be.
fn traits(cx: &StepInput) -> Option<NodeTraits> {
    let worker = cx.worker?;
    let known = cx.cluster.nodes.iter().flatten().find(|node| node.name == worker.name);
    Some(match (known, cx.facts.machine()) {
        (Some(node), _) => NodeTraits::of(node),
        (None, Known::Yes(machine)) => NodeTraits::to_come(&worker.name, &machine.arch.to_string()),
        (None, _) => NodeTraits::to_come(&worker.name, ""),
    })
}

fn comes<'a>(
    cx: &StepInput<'a>,
    then: fn(NodeTraits) -> NodeTraits,
    wanted: &dyn Fn(&NodeAddon) -> Result<bool, String>,
) -> Comes<'a> {
    let addons = match &cx.cluster.addons {
        Some(Ok(addons)) => addons,
        Some(Err(why)) => return Comes::Unknown(why.clone()),
        None => return Comes::Unknown(String::new()),
    };
    let Some(node) = traits(cx).map(then) else { return Comes::Unknown(String::new()) };
    let (mut away, mut unknown) = (Vec::new(), None);
    for addon in addons {
        match (wanted(addon), addon.daemon_set.comes_to(&node)) {
            (Ok(true), Ok(())) => return Comes::This(addon),
            (Ok(true), Err(why)) => away.push((addon, why)),
            (Err(why), Ok(())) => unknown = Some(why),
            (Ok(false), _) | (Err(_), Err(_)) => {}
        }
    }
    unknown.map_or(Comes::Nothing(away), Comes::Unknown)
}

/// What does kube-proxy's work on this worker: kube-proxy itself before a network that does without it.
pub(super) fn kube_proxy<'a>(cx: &StepInput<'a>) -> Comes<'a> {
    let itself = comes(cx, NodeTraits::once_ready, &|addon| Ok(addon.is_kube_proxy()));
    if let Comes::This(_) = itself {
        return itself;
    }
    let replaced = comes(cx, NodeTraits::once_ready, &|addon| match &addon.services {
        ServesServices::Yes => Ok(!addon.is_kube_proxy()),
        ServesServices::No => Ok(false),
        ServesServices::Unknown(why) => Err(format!("whether {} replaces it: {why}", addon.name)),
    });
    match (itself, replaced) {
        (Comes::Nothing(mut away), Comes::Nothing(more)) => {
            away.extend(more);
            Comes::Nothing(away)
        }
        (_, replaced) => replaced,
    }
}

/// Whether gangplank writes a static pod of kube-proxy for this worker.
pub(super) fn gets_static_pod(cx: &StepInput) -> bool {
    match (cx.plan.cluster.kube_proxy, kube_proxy(cx)) {
        (KubeProxyWish::None, _) | (KubeProxyWish::Auto, Comes::This(_)) => false,
        (KubeProxyWish::Auto | KubeProxyWish::StaticPod, _) => true,
    }
}

/// The key pairs that the worker needs: kube-proxy's only where a static pod of it is written.
pub(super) fn identities(cx: &StepInput, profile: Profile, worker: &Worker) -> Vec<Identity> {
    let mut all = profile.identities(cx.plan, worker);
    if !gets_static_pod(cx) {
        all.retain(|identity| identity.name != "kube-proxy");
    }
    all
}

/// What makes the network of pods on this worker: it has to come before the node is Ready.
pub(super) fn network<'a>(cx: &StepInput<'a>) -> Comes<'a> {
    comes(cx, NodeTraits::before_its_network, &|addon| Ok(addon.network))
}

/// `DaemonSet kube-system/kube-proxy`, or `cilium, by DaemonSet kube-system/cilium`.
pub(super) fn by_whom(addon: &NodeAddon) -> String {
    let set = format!("DaemonSet {}", addon.daemon_set.title());
    if addon.is_kube_proxy() { set } else { format!("{}, {set}", addon.name) }
}
