//! Kubelet: its unit, and its configuration file where the profile has one.

use super::definition::{Step, StepId};
use super::input::StepInput;
use super::state::{StepState, bug, state, todo};
use crate::plan::action::{Action, Content};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Known};
use crate::plan::model::{Plan, Worker};
use crate::plan::plan_field::PlanField;
use crate::plan::problem::{Problem, Verdict};
use crate::plan::remote;
use crate::plan::unit::{DropIn, UnitFact};
use crate::profile::{self, DesiredFile, KUBELET, KUBELET_CONFIG, MANIFESTS, Profile, UNIT};

/// The step.
pub struct Kubelet;

/// A kubelet unit that is somebody else's: installed by a package, or changed by drop-ins we do not write.
fn foreign_unit(cx: &StepInput) -> Result<Vec<Action>, Problem> {
    let Known::Yes(unit) = cx.facts.unit("kubelet") else { return Ok(Vec::new()) };
    let dropins = own_dropins(unit);
    let other = unit.load == "loaded" && !unit.fragment.is_empty() && unit.fragment != UNIT;
    if !other && dropins.is_empty() {
        return Ok(Vec::new());
    }
    if cx.worker.is_some_and(|worker| worker.replace) && dropins.is_empty() {
        return Ok(vec![Action::NoteForeign { unit: "kubelet".to_owned() }]);
    }
    let what = match dropins.first() {
        Some(first) if !other => {
            format!("{} changes the kubelet's unit, and gangplank did not write it", first.path)
        }
        Some(_) | None => "there is a kubelet unit here that gangplank did not write".to_owned(),
    };
    let mut problem = Problem::new(ProblemCode::Kubelet05, what);
    if other {
        problem = problem.seen(format!("{} ({}, {})", unit.fragment, unit.active, unit.file));
    }
    for dropin in &dropins {
        let sets = if dropin.sets.is_empty() {
            "nothing that could be read".to_owned()
        } else {
            remote::join(&dropin.sets, ", ")
        };
        problem = problem.seen(format!("{} sets {sets}", dropin.path));
    }
    if let Some(first) = dropins.first() {
        let path = first.path.to_string();
        let folder = path.rsplit_once('/').map_or(path.as_str(), |(folder, _)| folder);
        return Err(problem.manual(format!("move it out of {folder}, then: systemctl daemon-reload")));
    }
    Err(problem
        .replace("and a unit of ours comes before it; undo takes ours away again")
        .manual("remove the package, if this machine is to be onboarded anew"))
}

/// The drop-ins for the kubelet itself; those of a distribution for all services are no business of ours.
fn own_dropins(unit: &UnitFact) -> Vec<&DropIn> {
    unit.dropins.iter().filter(|dropin| !dropin.path.contains("/service.d/")).collect()
}

/// Before anything is swapped the kubelet reads what it would get. Not where a lock file is among its flags: with one it
/// would start.
fn dry_check(flags: Vec<String>, config: DesiredFile) -> Option<Action> {
    if flags.iter().any(|flag| flag.starts_with("--lock-file")) {
        return None;
    }
    let flags = flags.into_iter().filter(|flag| !flag.starts_with("--config=")).collect();
    let config = Content::Literal(config.text.into_bytes());
    Some(Action::CheckKubelet { program: KUBELET.to_owned(), config, flags })
}

/// What is to say of a configuration that somebody else wrote: what of it stays, and what cannot.
fn there_before(cx: &StepInput) -> Vec<Verdict> {
    let about = "kubelet config";
    let Some(file) = cx.strange_config() else { return Vec::new() };
    let Some(text) = file.content.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok()) else {
        let what = format!("{KUBELET_CONFIG} is no text that could be read, so nothing of it stays");
        return vec![Verdict::warning(about, what, "the old file is kept on the host for undo")];
    };
    let kept = match profile::kept(text, cx.kubelet_version()) {
        Ok(kept) => kept,
        Err(findings) => {
            let problem = Problem::new(
                ProblemCode::Kubelet11,
                format!("{KUBELET_CONFIG} was not written by gangplank, and nothing of it can be taken over"),
            );
            let said = findings.iter().map(|finding| format!("{KUBELET_CONFIG}, {finding}"));
            let problem = said.fold(problem, Problem::seen);
            return vec![Verdict::Stops(
                problem.manual(format!("mend it there, or move it away: {KUBELET_CONFIG}")),
            )];
        }
    };
    let mut verdicts = Vec::new();
    for finding in &kept.said {
        let what = if finding.field.is_empty() {
            format!("{KUBELET_CONFIG}: {}", finding.what)
        } else {
            format!("{KUBELET_CONFIG}: {}: {}", finding.field, finding.what)
        };
        verdicts.push(Verdict::warning(about, what, &finding.cure));
    }
    if !kept.fields.is_empty() {
        let names: Vec<&str> = kept.fields.keys().map(String::as_str).collect();
        verdicts.push(Verdict::warning(
            about,
            format!("of {KUBELET_CONFIG} these fields stay: {}", names.join(", ")),
            "name them below kubelet_config in the plan, if another worker shall have them too",
        ));
    }
    verdicts
}

/// A unit that systemd will not start.
fn masked(unit: &UnitFact) -> Problem {
    Problem::new(ProblemCode::Kubelet07, "the kubelet's unit is masked: systemd will not start it")
        .seen(format!("{} ({}, {})", unit.load, unit.active, unit.file))
        .manual(format!("if it may run again: systemctl unmask {}kubelet", unit.unmask_switch()))
}

impl Step for Kubelet {
    fn id(&self) -> StepId {
        StepId("kubelet")
    }

    fn title(&self) -> &'static str {
        "Kubelet"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["kubeconfigs"]
    }

    fn queries(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        let file = |path: &str| FactQuery::File { path: path.to_owned(), content: true };
        vec![
            file(UNIT),
            file(KUBELET_CONFIG),
            FactQuery::Folder("/var/lib/kubelet".to_owned()),
            FactQuery::Folder(MANIFESTS.to_owned()),
            FactQuery::Unit("flanneld".to_owned()),
            FactQuery::Unit("kubelet".to_owned()),
        ]
    }

    fn look(&self, cx: &StepInput) -> StepState {
        state((|| {
            if let Known::Yes(unit) = cx.facts.unit("kubelet")
                && unit.load == "masked"
            {
                return Err(masked(unit));
            }
            let (profile, setup) = cx.setup()?;
            for flag in profile.flags(&setup).iter().filter(|flag| flag.required) {
                if setup.refused.iter().any(|refused| refused == flag.name()) {
                    return Err(Problem::new(
                        ProblemCode::Kubelet03,
                        format!("this kubelet does not know {}", flag.name()),
                    )
                    .seen(format!("tried with the parser of {KUBELET} ({})", setup.kubelet))
                    .edit(PlanField::KubeletArgs, "workers[].kubelet_args, if it is one of yours")
                    .manual("use another build of the kubelet"));
                }
            }
            let mut actions = foreign_unit(cx)?;
            let mut files = Vec::new();
            let all = profile.kubelet_files(&setup).map_err(|error| bug(&error))?;
            for wanted in &all {
                if wanted.path == KUBELET_CONFIG {
                    files.extend(cx.folder("/var/lib/kubelet", "0700"));
                }
                files.extend(cx.file(wanted, "0644")?);
            }
            let config = all.into_iter().find(|wanted| wanted.path == KUBELET_CONFIG);
            if let Some(config) = config.filter(|_| !files.is_empty()) {
                actions.extend(dry_check(profile.unit_flags(&setup), config));
            }
            actions.extend(files);
            actions.extend(cx.folder(MANIFESTS, "0755"));
            Ok(todo(actions, format!("as wanted, profile {}", profile.name())))
        })())
    }

    fn verdicts(&self, cx: &StepInput) -> Vec<Verdict> {
        let before = if cx.profile() == Ok(Profile::Current) { there_before(cx) } else { Vec::new() };
        before.into_iter().chain(flag_verdicts(cx)).collect()
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/kubelet.md")
    }
}

/// What its parser says of the flags it would get.
fn flag_verdicts(cx: &StepInput) -> Vec<Verdict> {
    let (Ok((profile, setup)), Known::Yes(Some(kubelet))) = (cx.setup(), cx.facts.kubelet(KUBELET)) else {
        return Vec::new();
    };
    let mut verdicts = Vec::new();
    // cAdvisor's flags are there only in a build that can run.
    if profile == Profile::V1_2 && kubelet.refused.iter().any(|flag| flag == "--housekeeping-interval") {
        verdicts.push(Verdict::Stops(
            Problem::new(
                ProblemCode::Kubelet09,
                format!("{KUBELET} was built without cgo, and such a kubelet of 1.2 ends when it is started"),
            )
            .seen(format!("{} does not know --housekeeping-interval", kubelet.version))
            .manual("use the official binary, or one built with CGO_ENABLED=1"),
        ));
    }
    for flag in profile.flags(&setup) {
        if !flag.required && kubelet.refused.iter().any(|refused| refused == flag.name()) {
            verdicts.push(Verdict::warning(
                "kubelet flags",
                format!("this kubelet does not know {}", flag.name()),
                "it is left out of the unit",
            ));
        }
    }
    if !kubelet.error.is_empty() {
        verdicts.push(Verdict::Stops(
            Problem::new(ProblemCode::Kubelet02, "the kubelet refuses the flags it would be started with")
                .seen(kubelet.error.clone())
                .edit(PlanField::KubeletArgs, "workers[].kubelet_args, if it is one of yours"),
        ));
    }
    verdicts
}
