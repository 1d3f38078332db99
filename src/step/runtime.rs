//! Container runtime: that of older kubelets is taken as it is; containerd is made fit for a kubelet with the smallest change of its
//! configuration, and restarted only when that changed.

use super::daemons::{self, Comes, by_whom};
use super::definition::{Step, StepId};
use super::images;
use super::input::StepInput;
use super::state::{StepState, state, unknown};
use crate::plan::action::{Action, Verb};
use crate::plan::code::ProblemCode;
use crate::plan::containerd_fact::ContainerdFact;
use crate::plan::fact::{FactQuery, Known};
use crate::plan::minors;
use crate::plan::model::{Plan, Worker};
use crate::plan::problem::{Problem, Verdict};
use crate::plan::programs;
use crate::plan::record::RecordKind;
use crate::plan::runtime_fact::RuntimeKind;
use crate::profile::Profile;
use crate::runtime::containerd::{self, ContainerdWanted};
use crate::runtime::containerd_change::{OWN_PART, Remake, UNIT, remake};
use crate::runtime::containerd_config::KubeletNeeds;
use crate::runtime::pod_network::{self, ComingNetwork, NetworkFound};
use crate::runtime::{docker, of_facts};

/// The step.
pub struct ContainerRuntime;

/// What a kubelet of this plan needs of containerd. The driver of cgroups is the kubelet's to follow.
fn needs(plan: &Plan) -> KubeletNeeds {
    KubeletNeeds { sandbox_image: plan.images.pause.clone(), ..KubeletNeeds::default() }
}

/// Containers of pods run on the worker.
fn has_pods(cx: &StepInput) -> bool {
    cx.facts.containers().yes().is_some_and(|rows| !rows.is_empty())
}

/// What is to say about the runtime and the pod network before anything is changed. What the step itself mends stops
/// nothing.
pub(super) fn verdicts(cx: &StepInput, kind: RuntimeKind) -> Vec<Verdict> {
    match kind {
        RuntimeKind::Docker => docker::verdicts(cx.facts, cx.profile() == Ok(Profile::V1_2)),
        RuntimeKind::Containerd => of_containerd(cx),
    }
}

/// What containerd's own answers say, before what this step mends is left out.
fn judged(cx: &StepInput, fact: &ContainerdFact) -> Vec<Verdict> {
    let needs = needs(cx.plan);
    let brought = cx.worker.into_iter().flat_map(|worker| &worker.images);
    let brought = brought.filter_map(|tar| images::in_tar(cx, tar).yes().copied()).flatten();
    let there = cx.facts.images().yes().copied().into_iter().flatten();
    let images: Vec<String> =
        there.chain(brought).map(|image| containerd::full_name(&image.name.to_string())).collect();
    let wanted = ContainerdWanted {
        needs: &needs,
        kubelet_systemd: cx.setup().is_ok_and(|(_, setup)| setup.cgroup_driver == "systemd"),
        kubelet_asks: cx
            .kubelet_version()
            .is_some_and(|version| minors::CGROUP_DRIVER_OF_RUNTIME.holds(version)),
        images: &images,
        pods: has_pods(cx),
    };
    containerd::verdicts(fact, cx.facts.unit("containerd").yes().copied(), &wanted)
}

/// What is wrong with containerd now, also what this step would mend.
pub fn runtime_faults(cx: &StepInput) -> Vec<Problem> {
    let (Ok(Profile::Current), Known::Yes(fact)) = (cx.profile(), cx.facts.containerd()) else {
        return Vec::new();
    };
    let stops = judged(cx, fact).into_iter().filter_map(|verdict| match verdict {
        Verdict::Stops(problem) => Some(problem),
        Verdict::Ok { .. } | Verdict::Warning { .. } => None,
    });
    stops.collect()
}

fn of_containerd(cx: &StepInput) -> Vec<Verdict> {
    let fact = match cx.facts.containerd() {
        Known::Yes(fact) => fact,
        other => return vec![Verdict::Stops(unknown("containerd", other.why_not()))],
    };
    let needs = needs(cx.plan);
    let change = match remake(fact, &needs, has_pods(cx)) {
        Remake::Change(change) => Some(change),
        Remake::Nothing | Remake::Kept(_) => None,
    };
    let due = change.is_some() || restart_is_due(cx, fact);
    // Nobody looked which images there are: nothing is said of one that is missing.
    let unseen = matches!(cx.facts.images(), Known::NotAsked);
    let comes = super::program_list::comes(cx, programs::CONTAINERD);
    let mended = |verdict: &Verdict| match verdict {
        Verdict::Stops(problem) => match problem.code {
            ProblemCode::Containerd04 => due,
            // Too old, or not there: another one comes before it is asked for anything.
            ProblemCode::Containerd07 => comes,
            ProblemCode::Containerd01 => comes && fact.program.is_empty(),
            _ => false,
        },
        Verdict::Warning { about, .. } => unseen && *about == containerd::SANDBOX,
        Verdict::Ok { .. } => false,
    };
    let mut all: Vec<Verdict> = judged(cx, fact).into_iter().filter(|verdict| !mended(verdict)).collect();
    if let Some(change) = &change {
        all.push(Verdict::warning("containerd", change.title(), "the step Container runtime does it"));
    }
    let coming = match daemons::network(cx) {
        Comes::This(addon) => Some(addon.daemon_set.title()),
        Comes::Nothing(_) | Comes::Unknown(_) => None,
    };
    let coming = coming.as_deref().map(|daemon_set| ComingNetwork { daemon_set });
    all.extend(pod_network::verdicts(&fact.network, coming, of_facts::own_loopback(fact)));
    if let (Comes::Nothing(away), None) = (daemons::network(cx), NetworkFound::read(&fact.network).first) {
        all.extend(away.into_iter().map(|(addon, why)| {
            let seen = format!("{} does not come to this worker: {why}", by_whom(addon));
            Verdict::warning(
                "pod network",
                seen,
                "give the node what it wants, or deploy one for this worker",
            )
        }));
    }
    all
}

/// A run was cut off between gangplank's change of the configuration and the restart that lets containerd read it.
fn restart_is_due(cx: &StepInput, fact: &ContainerdFact) -> bool {
    let program = programs::place(programs::CONTAINERD);
    let read = |path: &str| {
        path == OWN_PART || fact.file.path == path || path == program || path == programs::CONTAINERD_DROP_IN
    };
    cx.facts.unread(&read, &RecordKind::Started, UNIT)
}

/// What has to change, and what is so.
fn fit(cx: &StepInput, fact: &ContainerdFact) -> Result<StepState, Problem> {
    match remake(fact, &needs(cx.plan), has_pods(cx)) {
        Remake::Nothing if restart_is_due(cx, fact) => {
            Ok(StepState::Todo(vec![Action::Service { verb: Verb::Restart, unit: UNIT.to_owned() }]))
        }
        Remake::Nothing => {
            Ok(StepState::Done(format!("containerd {}, pods begin with {}", fact.server, fact.sandbox_image)))
        }
        Remake::Change(change) => Ok(StepState::Todo(change.actions())),
        Remake::Kept(problem) => Err(*problem),
    }
}

impl Step for ContainerRuntime {
    fn id(&self) -> StepId {
        StepId("runtime")
    }

    fn title(&self) -> &'static str {
        "Container runtime"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["kernel"]
    }

    fn queries(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        vec![FactQuery::Runtime, FactQuery::Record]
    }

    fn look(&self, cx: &StepInput) -> StepState {
        state((|| match cx.profile()?.runtime() {
            RuntimeKind::Containerd => match cx.facts.containerd() {
                Known::Yes(fact) => fit(cx, fact),
                other => Err(unknown("containerd", other.why_not())),
            },
            kind @ RuntimeKind::Docker => match of_facts::version(kind, cx.facts) {
                Known::Yes(told) => {
                    Ok(StepState::Done(format!("{} {}", kind.name(), told.unwrap_or_default())))
                }
                other => Err(unknown(kind.name(), other.why_not())),
            },
        })())
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/runtime.md")
    }
}
