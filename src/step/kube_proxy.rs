//! kube-proxy: a static pod the kubelet starts from a file, so it needs no scheduler and no API to be there. Where a
//! DaemonSet of the cluster brings one to the worker, or a network that does without, no pod is written.

use super::daemons::{self, Comes, by_whom};
use super::definition::{Step, StepId};
use super::input::StepInput;
use super::proxy_args;
use super::state::{StepState, bug, state, todo};
use crate::kube::addon::NodeAddon;
use crate::plan::action::{Action, Content};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Known};
use crate::plan::model::{Plan, Worker};
use crate::plan::plan_field::PlanField;
use crate::plan::problem::{Problem, Verdict};
use crate::plan::static_pod::same_pod;
use crate::plan::unit::ManifestFact;
use crate::plan::wishes::KubeProxyWish;
use crate::profile::MANIFESTS;

/// What the pod of our manifest is called.
const POD: &str = "kube-system/kube-proxy";

/// The step.
pub struct KubeProxy;

/// The files beside those that may be ours. The kubelet leaves out names that begin with a dot.
fn strangers<'a>(cx: &StepInput<'a>) -> impl Iterator<Item = &'a ManifestFact> {
    let all = cx.facts.manifests(MANIFESTS).yes().copied();
    all.into_iter().flatten().filter(|one| one.name != "kube-proxy" && one.name != "kube-proxy.yaml")
}

/// The names that a manifest of ours has had.
const NAMES: [&str; 2] = ["kube-proxy", "kube-proxy.yaml"];

/// The manifests under these names; `true` = gangplank wrote it.
fn manifests(cx: &StepInput) -> Vec<(String, bool)> {
    let there = |path: &String| match cx.facts.file(path) {
        Known::Yes(Some(file)) => Some(cx.facts.is_ours(path, &file.sha256)),
        Known::Yes(None) | Known::No(_) | Known::NotAsked => None,
    };
    let all = NAMES.map(|name| format!("{MANIFESTS}/{name}"));
    all.into_iter().filter_map(|path| Some((there(&path)?, path))).map(|(ours, path)| (path, ours)).collect()
}

/// The plan leaves kube-proxy to somebody else: a manifest of ours goes, any other stays.
fn left_to_others(cx: &StepInput) -> StepState {
    let ours = manifests(cx).into_iter().filter(|(_, ours)| *ours);
    let actions = ours.map(|(path, _)| Action::Remove { path }).collect();
    todo(actions, "none of ours: the plan leaves it to others")
}

/// Two kube-proxies: what one writes the other one writes too, and both want the same ports.
fn two_of_them(addon: &NodeAddon, ours: &str) -> Problem {
    let set = &addon.daemon_set;
    Problem::new(ProblemCode::Network05, format!("{} brings a kube-proxy to this worker too", by_whom(addon)))
        .seen(format!("{ours} is another one: both write the same rules and want the same ports"))
        .edit(PlanField::KubeProxy, "cluster.kube_proxy: none, and the static pod of gangplank is taken away")
        .manual(format!(
            "or keep the DaemonSet away from this worker, by a node affinity: {}",
            shell_words::join(["kubectl", "-n", &set.namespace, "edit", "daemonset", &set.name])
        ))
}

/// A DaemonSet does the work here: nothing is written, and what gangplank wrote before is not taken away by itself.
fn from_the_cluster(cx: &StepInput, addon: &NodeAddon) -> StepState {
    let ours: Vec<String> =
        manifests(cx).into_iter().filter(|(_, ours)| *ours).map(|(path, _)| path).collect();
    match ours.first() {
        Some(path) if addon.is_kube_proxy() => {
            let actions = ours.iter().map(|path| Action::Remove { path: path.clone() }).collect();
            let what = "take gangplank's static pod away, the DaemonSet's stays";
            StepState::Blocked(
                two_of_them(addon, &format!("{path}, which gangplank wrote,")).repair(what, actions),
            )
        }
        _ => StepState::Done(format!("it comes by {}", by_whom(addon))),
    }
}

/// What is to say of DaemonSets that do the work of kube-proxy.
fn of_the_cluster(cx: &StepInput) -> Option<Verdict> {
    let about = "kube-proxy";
    let wish = cx.plan.cluster.kube_proxy;
    match (daemons::kube_proxy(cx), wish) {
        (Comes::This(addon), KubeProxyWish::StaticPod) if addon.is_kube_proxy() => Some(Verdict::Stops(
            two_of_them(addon, "the static pod that the plan wants")
                .edit(PlanField::KubeProxy, "cluster.kube_proxy: auto, and none is written here"),
        )),
        (Comes::This(addon), KubeProxyWish::StaticPod) => Some(Verdict::warning(
            about,
            format!("{} does without it, and the plan wants a static pod all the same", by_whom(addon)),
            "leave the choice to gangplank (auto): both lead addresses of services to pods, each in its own way",
        )),
        (Comes::This(addon), KubeProxyWish::Auto | KubeProxyWish::None) => {
            let left = manifests(cx);
            let left = left.iter().find(|(_, ours)| wish == KubeProxyWish::Auto || !*ours);
            Some(match left {
                Some((path, ours)) if !addon.is_kube_proxy() || !*ours => Verdict::warning(
                    about,
                    format!(
                        "it comes by {}; {path} is a static pod of it as well, and stays",
                        by_whom(addon)
                    ),
                    "with none in the plan a static pod of gangplank is taken away; take away another one by hand",
                ),
                Some(_) | None => Verdict::ok(about, format!("it comes by {}", by_whom(addon))),
            })
        }
        (Comes::Nothing(away), KubeProxyWish::None) => {
            let away =
                away.first().map(|(addon, why)| format!("; {} does not come here: {why}", by_whom(addon)));
            Some(Verdict::warning(
                about,
                format!("the plan wants none, and no DaemonSet brings one here{}", away.unwrap_or_default()),
                "without it or a network that replaces it no address of a service is reached from this worker",
            ))
        }
        (Comes::Nothing(away), KubeProxyWish::Auto | KubeProxyWish::StaticPod) => {
            let (addon, why) = away.first()?;
            let seen =
                format!("{} does not come to this worker ({why}): it gets a static pod", by_whom(addon));
            Some(Verdict::ok(about, seen))
        }
        (Comes::Unknown(why), KubeProxyWish::Auto) if !why.is_empty() => Some(Verdict::warning(
            about,
            format!("whether a DaemonSet brings one is not known: {why}"),
            "a static pod is written; with none in the plan it is not",
        )),
        (Comes::Unknown(_), KubeProxyWish::Auto | KubeProxyWish::StaticPod | KubeProxyWish::None) => None,
    }
}

/// Another pod takes the place of one that runs: for a moment there is none.
fn interrupted(cx: &StepInput) -> Option<Verdict> {
    let (profile, setup) = cx.setup().ok().filter(|_| daemons::gets_static_pod(cx))?;
    let wanted = profile.kube_proxy(&setup).ok()?;
    let Known::Yes(Some(file)) = cx.facts.file(&wanted.path) else { return None };
    let old = file.content.as_deref()?;
    let changes = cx.file(&wanted, "0644").ok()??;
    let Action::Put { content: Content::Literal(new), .. } = changes else { return None };
    (!same_pod(old, &new)).then(|| {
        Verdict::warning(
            "kube-proxy",
            "its manifest changes: the old pod ends before the new one starts, about 15 s without kube-proxy",
            "connections stay; services that change meanwhile are reached as they were",
        )
    })
}

/// Flags of the plan that may be misspelt.
fn flags_to_look_at(cx: &StepInput) -> Vec<Verdict> {
    let Ok((_, setup)) = cx.setup() else { return Vec::new() };
    if !daemons::gets_static_pod(cx) {
        return Vec::new();
    }
    let version = proxy_args::version(cx.plan, setup.kubelet);
    proxy_args::judge(&setup.worker.proxy_args, version).unwrap_or_default()
}

impl Step for KubeProxy {
    fn id(&self) -> StepId {
        StepId("kube-proxy")
    }

    fn title(&self) -> &'static str {
        "kube-proxy"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["kubelet"]
    }

    fn queries(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        let file = |name: &str| FactQuery::File { path: format!("{MANIFESTS}/{name}"), content: true };
        vec![
            file("kube-proxy"),
            file("kube-proxy.yaml"),
            FactQuery::Folder(MANIFESTS.to_owned()),
            FactQuery::Manifests(MANIFESTS.to_owned()),
        ]
    }

    fn look(&self, cx: &StepInput) -> StepState {
        state((|| {
            let (profile, setup) = cx.setup()?;
            match (cx.plan.cluster.kube_proxy, daemons::kube_proxy(cx)) {
                (KubeProxyWish::None, _) => return Ok(left_to_others(cx)),
                (KubeProxyWish::Auto, Comes::This(addon)) => return Ok(from_the_cluster(cx, addon)),
                (KubeProxyWish::Auto | KubeProxyWish::StaticPod, _) => {}
            }
            proxy_args::judge(&setup.worker.proxy_args, proxy_args::version(cx.plan, setup.kubelet))?;
            let wanted = profile.kube_proxy(&setup).map_err(|error| bug(&error))?;
            let mut actions: Vec<_> = cx.file(&wanted, "0644")?.into_iter().collect();
            for twin in [format!("{MANIFESTS}/kube-proxy"), format!("{MANIFESTS}/kube-proxy.yaml")] {
                let Known::Yes(Some(file)) = cx.facts.file(&twin) else { continue };
                if twin == wanted.path {
                    continue;
                }
                // Two manifests are two pods of one name.
                if !cx.may_replace(&twin, &file.sha256) {
                    return Err(Problem::new(
                        ProblemCode::File02,
                        format!("{twin} is a second kube-proxy manifest, and not ours"),
                    )
                    .replace("and it is removed; a copy is kept on the host for undo")
                    .manual(format!("move {twin} out of {MANIFESTS}")));
                }
                actions.push(Action::Remove { path: twin });
            }
            for copy in strangers(cx).filter(|one| one.pod.as_ref().is_ok_and(|pod| *pod == POD)) {
                let path = format!("{MANIFESTS}/{}", copy.name);
                // Whatever it is called, it is a second pod of that name.
                if !cx.may_replace(&path, &copy.sha256) {
                    return Err(Problem::new(
                        ProblemCode::File02,
                        format!(
                            "{path} is a second kube-proxy manifest, and not ours: two pods of one name fight"
                        ),
                    )
                    .seen("the kubelet makes a pod of every file there, whatever its name ends in")
                    .replace("and it is removed; a copy is kept on the host for undo")
                    .manual(format!("move it out of {MANIFESTS}")));
                }
                actions.push(Action::Remove { path });
            }
            Ok(todo(actions, format!("{} as wanted", wanted.path)))
        })())
    }

    fn verdicts(&self, cx: &StepInput) -> Vec<Verdict> {
        let others = strangers(cx).filter(|one| !one.pod.as_ref().is_ok_and(|pod| *pod == POD)).map(|one| {
            let path = format!("{MANIFESTS}/{}", one.name);
            match &one.pod {
                Ok(pod) => Verdict::warning(
                    "static pods",
                    format!("{path} makes pod {pod}, and gangplank did not write it"),
                    "move it away if it is a backup: the kubelet makes a pod of every file there",
                ),
                Err(why) => Verdict::warning(
                    "static pods",
                    format!("{path} cannot become a pod: {why}"),
                    "the kubelet tries it again and again: mend it, or move it away",
                ),
            }
        });
        let flags = flags_to_look_at(cx);
        of_the_cluster(cx).into_iter().chain(interrupted(cx)).chain(flags).chain(others).collect()
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/kube-proxy.md")
    }
}
