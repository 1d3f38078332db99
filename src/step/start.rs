//! Start: enable and start the kubelet, or restart it, but only when something it reads has changed.

use super::daemons;
use super::definition::{Step, StepId};
use super::input::StepInput;
use super::ready::heard_ago;
use super::state::{StepState, state, todo, unknown};
use crate::kube::ReadyState;
use crate::pki::examine;
use crate::plan::action::{Action, Verb};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Known};
use crate::plan::minors;
use crate::plan::model::{Plan, Worker};
use crate::plan::problem::{Problem, Verdict};
use crate::plan::record::{RecordKind, RecordLine};
use crate::plan::unit::UnitFact;
use crate::profile::{self, KUBECONFIG, KUBELET, KUBELET_CONFIG, MANIFESTS, PROXY_KUBECONFIG, Profile, UNIT};

/// A kubelet that was just started may still be about to register its node, seconds.
pub const REGISTERS_WITHIN: u64 = 15;

/// The step.
pub struct StartKubelet;

impl Step for StartKubelet {
    fn id(&self) -> StepId {
        StepId("start")
    }

    fn title(&self) -> &'static str {
        "Enable and start"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["kubelet", "kube-proxy", "images"]
    }

    fn queries(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        vec![FactQuery::Unit("kubelet".to_owned()), FactQuery::Containers]
    }

    fn look(&self, cx: &StepInput) -> StepState {
        state((|| {
            let worker = cx.the_worker()?;
            let profile = cx.profile()?;
            let Known::Yes(unit) = cx.facts.unit("kubelet") else {
                return Err(unknown("the kubelet's unit", cx.facts.unit("kubelet").why_not()));
            };
            if let ("D" | "t" | "frozen", Some(why)) = (unit.state.untrusted(), unit.stands_still()) {
                return Err(Problem::new(
                    ProblemCode::Kubelet08,
                    format!("the kubelet of {} runs and does nothing", worker.name),
                )
                .seen(why)
                .manual(match unit.state.untrusted() {
                    "frozen" => "if it may go on: systemctl thaw kubelet",
                    "t" => "end the debugger that holds it",
                    _ => "a restart cannot end it: look at dmesg, disks and network mounts first",
                }));
            }
            let service = |verb| Action::Service { verb, unit: "kubelet".to_owned() };
            let own =
                daemons::identities(cx, profile, worker).iter().any(|identity| identity.name == "kube-proxy");
            let again = reads_again(cx, &worker.name, own);
            let for_kubelet = |path: &str| kubelet_reads(path) && !(path == KUBELET_CERT && again.kubelet);
            let for_proxy = |path: &str| proxy_reads(path, own) && !(is_certificate(path) && again.proxy);
            let written: Vec<&str> = cx.queued.iter().filter_map(inputs).collect();
            // Written by a run that was cut off before its restart counts as much as written by this one.
            let changed = written.iter().any(|path| for_kubelet(path))
                || cx.facts.unread(&for_kubelet, &RecordKind::Started, "kubelet");
            let mut actions = Vec::new();
            if unit.file != "enabled" {
                // Enabling reads the unit files again.
                actions.push(service(Verb::Enable));
            } else if unit.stale || unit.load != "loaded" || written.contains(&UNIT) {
                actions.push(Action::Service { verb: Verb::DaemonReload, unit: String::new() });
            }
            let runs = unit.active == "active" || unit.active == "activating";
            let stands_still = runs && unit.stands_still().is_some();
            let lost = unit.active == "active" && is_lost(cx, unit, &worker.name);
            if !runs {
                let known =
                    cx.cluster.nodes.as_ref().map(|nodes| nodes.iter().any(|node| node.name == worker.name));
                if known != Some(true) {
                    actions.push(Action::NoteNode { name: worker.name.clone(), unknown: known.is_none() });
                }
                actions.push(service(if unit.active == "failed" { Verb::Restart } else { Verb::Start }));
            } else if changed || unit.stale || stands_still || lost {
                if lost {
                    actions.push(Action::NoteNode { name: worker.name.clone(), unknown: false });
                }
                actions.push(service(Verb::Restart));
                // One that ran before has files to go back to. Its program comes by a step before this one was looked at.
                let is_new = |path: &&str| {
                    written.contains(path)
                        || cx.facts.unread(&|changed| changed == *path, &RecordKind::Started, "kubelet")
                };
                let back: Vec<String> =
                    [KUBELET, UNIT, KUBELET_CONFIG].into_iter().filter(is_new).map(str::to_owned).collect();
                if !back.is_empty() && unit.active == "active" {
                    let port = profile::healthz_port(worker).unwrap_or(0);
                    actions.push(Action::ProveKubelet { port, back });
                }
            }
            let proxy_changed = written.iter().any(|path| for_proxy(path))
                || cx.facts.unread(&for_proxy, &RecordKind::Restarted, "kube-proxy")
                    && cx.facts.unread(&for_proxy, &RecordKind::Started, "kubelet");
            let new_pod = written.iter().any(|path| path.starts_with(MANIFESTS));
            // Where containers could not be looked at it may run, and what does not run is not restarted.
            let proxy_runs = cx
                .facts
                .containers()
                .yes()
                .is_none_or(|rows| rows.iter().any(|row| row.contains("k8s_kube-proxy")));
            if proxy_changed && proxy_runs && !new_pod {
                actions.push(Action::RestartPod {
                    container: "kube-proxy".to_owned(),
                    runtime: Some(profile.runtime()),
                });
            }
            Ok(todo(actions, format!("enabled, {} ({})", unit.active, unit.sub)))
        })())
    }

    fn verdicts(&self, cx: &StepInput) -> Vec<Verdict> {
        let (Some(worker), Known::Yes(unit)) = (cx.worker, cx.facts.unit("kubelet")) else {
            return Vec::new();
        };
        if unit.active != "active" {
            return Vec::new();
        }
        let mut verdicts = Vec::new();
        if let ("T" | "Z", Some(why)) = (unit.state.untrusted(), unit.stands_still()) {
            verdicts.push(Verdict::warning("kubelet", format!("it does nothing: {why}"), "it is restarted"));
        }
        if is_lost(cx, unit, &worker.name) {
            verdicts.push(Verdict::warning(
                "node",
                format!("the API has no node {}, and its kubelet runs", worker.name),
                "a kubelet registers its node only when it starts: it is restarted",
            ));
        }
        verdicts
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/start.md")
    }
}

/// A kubelet registers its node once, when it starts: a node that was deleted since does not come back by itself.
fn is_lost(cx: &StepInput, unit: &UnitFact, name: &str) -> bool {
    let api = &cx.plan.cluster.api;
    let reached = matches!(cx.facts.tls(&api.host, api.port), Known::Yes(_));
    let known = cx.cluster.nodes.as_ref().map(|nodes| nodes.iter().any(|node| node.name == name));
    known == Some(false) && reached && unit.up_s.is_none_or(|up| up >= REGISTERS_WITHIN)
}

/// The file an action changes, when something running may have read it.
fn inputs(action: &Action) -> Option<&str> {
    match action {
        Action::Put { path, .. } | Action::MakeKey { path, .. } => Some(path.as_str()),
        _ => None,
    }
}

fn is_ca(path: &str) -> bool {
    Profile::ALL.iter().any(|profile| path == profile.ca_path())
}

const KUBELET_CERT: &str = "/etc/kubernetes/ssl/worker.crt";
const PROXY_CERT: &str = "/etc/kubernetes/ssl/kube-proxy.crt";
/// So many seconds it takes at most until a certificate is read again, twice the five minutes of client-go.
const READ_WITHIN: i64 = 600;

fn is_certificate(path: &str) -> bool {
    path == KUBELET_CERT || path == PROXY_CERT
}

/// Who reads a certificate again by itself, so that one that is renewed in time needs no restart.
struct ReadsAgain {
    kubelet: bool,
    proxy: bool,
}

/// By the version, and only where the API hears of the kubelet now: with a certificate that is refused it would take minutes.
/// One that was written long ago has been read by now, whatever else is wrong. `own` = kube-proxy has an identity of its own.
/// A file that the kubelet reads when it starts, as it runs: written by a run of ours that did not come to its restart.
/// Whoever started it since by hand made it read that.
pub fn unread_file<'f>(cx: &StepInput<'f>) -> Option<&'f str> {
    let (worker, unit) = (cx.worker?, cx.facts.unit("kubelet").yes().copied()?);
    let again = reads_again(cx, &worker.name, true).kubelet;
    let (record, machine) = (cx.facts.record().yes().copied()?, cx.facts.machine().yes().copied()?);
    let started = machine.clock_ms / 1000 - i64::try_from(unit.up_s?).ok()?;
    let since = record.lines.iter().rev();
    let mut since = since.take_while(|line| !(line.kind == RecordKind::Started && line.path == "kubelet"));
    let is = |line: &&RecordLine| {
        matches!(line.kind, RecordKind::Put | RecordKind::Key)
            && kubelet_reads(&line.path)
            && !(line.path == KUBELET_CERT && again)
            && line.time > started
    };
    since.find(is).map(|line| line.path.as_str()).filter(|_| unit.active == "active")
}

fn reads_again(cx: &StepInput, name: &str, own: bool) -> ReadsAgain {
    let node = cx.cluster.nodes.iter().flatten().find(|node| node.name == name);
    let heard = node.filter(|node| node.ready.state == ReadyState::Ready).is_some_and(|node| {
        heard_ago(cx).is_some_and(|ms| i128::from(ms) <= node.patience().as_millis() && is_of_now(cx, ms))
    });
    let holds = |span: minors::Span| cx.kubelet_version().is_some_and(|version| span.holds(version));
    let of_proxy = if own { PROXY_CERT } else { KUBELET_CERT };
    ReadsAgain {
        kubelet: holds(minors::KUBELET_READS_CERT_AGAIN) && (heard || was_read(cx, KUBELET_CERT)),
        proxy: holds(minors::CLIENT_READS_CERT_AGAIN)
            && (heard && !is_over(cx, of_proxy) || was_read(cx, of_proxy)),
    }
}

/// What was heard so long ago came from the kubelet that runs, which the API took then: one that was started with a
/// certificate that is refused was heard before. Both times may be whole seconds.
fn is_of_now(cx: &StepInput, ago_ms: i64) -> bool {
    let up_s = cx.facts.unit("kubelet").yes().and_then(|unit| unit.up_s);
    up_s.is_none_or(|up| i128::from(ago_ms) + 2000 <= i128::from(up) * 1000)
}

/// It is not written now, and was written so long ago that whoever reads it by itself has done so.
fn was_read(cx: &StepInput, path: &str) -> bool {
    if cx.queued.iter().filter_map(inputs).any(|queued| queued == path) {
        return false;
    }
    let record = cx.facts.record();
    let written = record.yes().and_then(|record| record.lines.iter().rev().find(|line| line.path == path));
    let now = cx.facts.machine().yes().map(|machine| machine.clock_ms / 1000);
    written.zip(now).is_some_and(|(line, now)| now.saturating_sub(line.time) > READ_WITHIN)
}

/// The certificate that is there has expired, is not valid yet, or cannot be read.
fn is_over(cx: &StepInput, path: &str) -> bool {
    let Known::Yes(Some(file)) = cx.facts.file(path) else { return true };
    let content = file.content.as_deref().unwrap_or_default();
    examine(content).map_or(true, |cert| cx.now < cert.not_before || cx.now > cert.not_after)
}

/// What a kubelet reads when it starts.
fn kubelet_reads(path: &str) -> bool {
    is_ca(path)
        || path.starts_with("/etc/kubernetes/ssl/worker.")
        || [UNIT, KUBELET, KUBECONFIG, KUBELET_CONFIG].contains(&path)
}

/// What kube-proxy reads when it starts; without an identity of its own, the kubelet's.
fn proxy_reads(path: &str, own: bool) -> bool {
    let theirs = if own {
        path == PROXY_KUBECONFIG || path.starts_with("/etc/kubernetes/ssl/kube-proxy.")
    } else {
        path == KUBECONFIG || path.starts_with("/etc/kubernetes/ssl/worker.")
    };
    theirs || is_ca(path)
}
