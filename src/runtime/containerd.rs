//! containerd as the runtime of a worker: it answers, it is stopped, frozen or failing; its CRI is on, off or did not
//! load; its configuration is what it is taken for; and it agrees with the kubelet.
//!
//! Facts: `docs/cri/config.md` and `RELEASES.md` of containerd; the kubelet asks for the driver of cgroups by
//! `RuntimeConfig` of CRI, which containerd has since 2.0.

use super::containerd_change::{ConfigChange, Remake, UNIT, ends, remake, remarked, survives, unreadable};
use super::containerd_config::{ConfigFile, KubeletNeeds, Merged, Release, ignored, unknown_keys};
use crate::plan::action::{Action, Verb};
use crate::plan::clean;
use crate::plan::code::ProblemCode;
use crate::plan::containerd_fact::{ContainerdFact, CriPlugin};
use crate::plan::problem::{Problem, Verdict};
use crate::plan::remote::Remote;
use crate::plan::unit::UnitFact;

/// The oldest containerd that is served: the first that kubelets of 1.24 and on have CRI v1 of.
pub const OLDEST: Release = Release { major: 1, point: 6 };
/// Shell patterns on the versions from the oldest on.
pub const SERVED: [&str; 3] = ["1.[6-9].*", "1.[1-9][0-9].*", "[2-9].*"];
/// The newest one that was looked at.
pub const NEWEST: Release = Release { major: 2, point: 4 };
/// What the verdict on the image is about that every pod begins with.
pub const SANDBOX: &str = "sandbox image";
/// Less than this, in MiB, and nothing can be unpacked.
const FULL: u64 = 16;
/// Where a kubelet looks for it.
const SOCKET: &str = "/run/containerd/containerd.sock";

/// What a kubelet and the plan want of containerd.
#[derive(Debug, Clone, Copy)]
pub struct ContainerdWanted<'a> {
    /// What its configuration must say.
    pub needs: &'a KubeletNeeds,
    /// The kubelet's own setting: it makes cgroups through systemd.
    pub kubelet_systemd: bool,
    /// The kubelet takes the driver that containerd names, whatever its own setting (`KubeletCgroupDriverFromCRI`).
    pub kubelet_asks: bool,
    /// Names of images, in full, that are on the worker or in tars of the plan.
    pub images: &'a [String],
    /// Containers of pods run on the worker.
    pub pods: bool,
}

/// The registry that a name without one means, with the stroke behind it.
pub const DEFAULT_REGISTRY: &str = "docker.io/";

/// The name of an image with the registry that a name without one means, as containerd keeps it: `coredns:1` is
/// `docker.io/library/coredns:1` (`distribution/reference`).
pub fn full_name(name: &str) -> String {
    match name.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => name.to_owned(),
        Some(_) => format!("docker.io/{name}"),
        None => format!("docker.io/library/{name}"),
    }
}

/// What is to say about containerd.
pub fn verdicts(fact: &ContainerdFact, unit: Option<&UnitFact>, wanted: &ContainerdWanted) -> Vec<Verdict> {
    let other = others(fact);
    if !other.is_empty() {
        return other;
    }
    if fact.program.is_empty() {
        return vec![Verdict::Stops(
            Problem::new(ProblemCode::Containerd01, "containerd is not installed on this worker")
                .manual("install it, from the package containerd, or name a folder of programs in the plan (binaries)"),
        )];
    }
    let merged = Merged::read(fact.dump.untrusted()).ok().filter(|_| !fact.dump.is_empty());
    let mut verdicts = Vec::new();
    let broken = configuration(fact, wanted);
    let refused = broken.is_some();
    verdicts.extend(broken.map(Verdict::Stops));
    if fact.server.is_empty() {
        verdicts.push(Verdict::Stops(silent(fact, unit, refused)));
    }
    let release = Release::parse(fact.version.untrusted());
    verdicts.extend(version(fact, release));
    if !refused {
        verdicts.extend(cri(fact, merged.as_ref(), wanted).map(Verdict::Stops));
        verdicts.extend(without_effect(fact));
    }
    if let (Some(merged), Some(release)) = (&merged, release) {
        verdicts.extend(driver(fact, merged, release, wanted));
        verdicts.extend(sandbox(fact, merged, wanted));
        verdicts.extend(elsewhere(merged));
    }
    if !verdicts.iter().any(|verdict| matches!(verdict, Verdict::Stops(_))) {
        let seen = merged.as_ref().map(|merged| {
            let driver = if merged.systemd_cgroup == Some(true) { "systemd" } else { "cgroupfs" };
            let snapshotter = merged.snapshotter.as_deref().map(|name| clean::short(name, 40));
            format!(", {}, cgroups by {driver}", snapshotter.unwrap_or_else(|| "overlayfs".to_owned()))
        });
        verdicts.insert(0, Verdict::ok(UNIT, format!("{}{}", fact.server, seen.unwrap_or_default())));
    }
    verdicts
}

/// Runtimes that are recognised and not served.
fn others(fact: &ContainerdFact) -> Vec<Verdict> {
    let mut found = Vec::new();
    if fact.crio {
        found.push(Verdict::Stops(
            Problem::new(ProblemCode::Containerd09, "this worker runs CRI-O, which gangplank does not serve")
                .seen("its socket is there: /var/run/crio/crio.sock")
                .manual("use a worker with containerd 1.6 or newer instead")
                .manual("or replace it: drain the node, systemctl disable --now crio, remove its socket, install containerd"),
        ));
    }
    if fact.cri_dockerd {
        found.push(Verdict::Stops(
            Problem::new(
                ProblemCode::Containerd09,
                "this worker runs cri-dockerd, which gangplank does not serve",
            )
            .seen("its socket is there: /run/cri-dockerd.sock")
            .manual(
                "let the containerd that stands behind it serve instead: drain the node, then \
                 systemctl disable --now cri-docker.socket cri-docker.service",
            ),
        ));
    }
    found
}

fn restart(fact: &ContainerdFact) -> (String, Vec<Action>) {
    let service = Action::Service { verb: Verb::Restart, unit: UNIT.to_owned() };
    (format!("restart containerd ({})", ends(survives(fact))), vec![service])
}

fn with_change(problem: Problem, change: &ConfigChange) -> Problem {
    problem.repair(change.title(), change.actions())
}

/// Why it does not answer; `None` = it does.
pub(super) fn unanswered(fact: &ContainerdFact, unit: Option<&UnitFact>) -> Option<Problem> {
    (!fact.error.is_empty()).then(|| silent(fact, unit, !fact.dump_error.is_empty()))
}

/// A containerd that does not answer: which of the reasons it is.
fn silent(fact: &ContainerdFact, unit: Option<&UnitFact>, refused: bool) -> Problem {
    let look = "look at: journalctl -u containerd -n 30";
    let problem = |code, what: &str| Problem::new(code, what).seen(fact.error.to_string());
    let Some(unit) = unit else {
        return problem(ProblemCode::Containerd01, "containerd does not answer on this worker").manual(look);
    };
    let state = format!("containerd: {} ({})", unit.active, unit.sub);
    let still = unit.stands_still().filter(|_| unit.active == "active");
    if unit.active == "active" && (fact.frozen || still.is_some()) {
        let frozen = problem(
            ProblemCode::Containerd02,
            "containerd runs on this worker and does not answer: it is frozen",
        )
        .seen(still.map_or(state.clone(), |why| format!("{state}; {why}")));
        let frozen = match unit.state.untrusted() {
            "T" => frozen.manual("let it go on: systemctl kill --signal=CONT containerd"),
            "frozen" => frozen.manual("let it go on: systemctl thaw containerd"),
            _ => frozen,
        };
        if refused {
            return frozen.manual(look);
        }
        let (title, actions) = restart(fact);
        return frozen.repair(title, actions).manual(look);
    }
    if is_full(fact, unit) {
        let (root, free) = (&fact.root, fact.free_mib.map_or("?".to_owned(), |mib| mib.to_string()));
        return problem(ProblemCode::Disk02, "the disk of containerd is full, and it does not come up")
            .seen(format!("{root} has {free} MiB left; {state}"))
            .manual(format!(
                "make room: du -xh --max-depth=2 {} | sort -h | tail; then: systemctl start containerd",
                shell_words::quote(&root.to_string())
            ));
    }
    match (unit.load.untrusted(), unit.active.untrusted()) {
        ("masked", _) => problem(ProblemCode::Containerd01, "containerd's unit is masked on this worker")
            .manual("if it may run: systemctl unmask containerd, then: systemctl start containerd"),
        ("not-found", _) => problem(ProblemCode::Containerd01, "containerd does not answer on this worker")
            .seen("systemd knows no unit containerd")
            .manual("give it a unit that starts it at boot, or install it from a package"),
        (_, "inactive" | "deactivating") => {
            let stopped =
                problem(ProblemCode::Containerd01, "containerd is stopped on this worker").seen(state);
            // It would not come up.
            if refused {
                return stopped.manual("mend its configuration first, then: systemctl start containerd");
            }
            let start = Action::Service { verb: Verb::Start, unit: UNIT.to_owned() };
            stopped.repair("start containerd", vec![start]).manual(look)
        }
        (_, "active" | "reloading") => {
            let fails = problem(
                ProblemCode::Containerd03,
                "containerd runs on this worker and answers with an error",
            )
            .seen(state);
            // Only a start makes it again.
            let says = |text: &str| fact.error.untrusted().contains(text);
            if !refused && says("cannot access socket") && says("no such file or directory") {
                let (title, actions) = restart(fact);
                return fails.seen("its socket is gone").repair(title, actions).manual(look);
            }
            fails.manual(look)
        }
        _ => {
            let fails =
                problem(ProblemCode::Containerd03, "containerd does not stay up on this worker").seen(state);
            unit.journal.iter().fold(fails, |fails, line| fails.seen(line.clone())).manual(look)
        }
    }
}

fn is_full(fact: &ContainerdFact, unit: &UnitFact) -> bool {
    let says = |text: &str| text.contains("no space left on device");
    let lines = unit.journal.iter().map(Remote::untrusted);
    fact.free_mib.is_some_and(|mib| mib < FULL) || says(fact.error.untrusted()) || lines.into_iter().any(says)
}

/// A configuration that cannot be read, or that containerd refuses: it would not come up with it.
fn configuration(fact: &ContainerdFact, wanted: &ContainerdWanted) -> Option<Problem> {
    let path = fact.file.path.to_string();
    let read = fact.file.text.as_ref().map(|text| ConfigFile::read(text.untrusted()));
    if let Some(Err(why)) = &read {
        // A containerd before 2.0 takes a version that it does not know, and goes on.
        let runs = !fact.dump.is_empty()
            && Merged::read(fact.dump.untrusted()).is_ok_and(|merged| merged.has(wanted.needs));
        return (!runs).then(|| unreadable(&path, why).seen(fact.dump_error.to_string()));
    }
    if !fact.file.error.is_empty() {
        return Some(
            Problem::new(ProblemCode::Containerd06, format!("{path} {}", fact.file.error))
                .manual("look at it on the worker, and put a configuration of containerd there"),
        );
    }
    if fact.dump_error.is_empty() {
        return None;
    }
    let refused = Problem::new(
        ProblemCode::Containerd06,
        "containerd refuses its configuration: it would not come up after a restart",
    )
    .seen(fact.dump_error.to_string());
    let remarks = read.and_then(Result::ok).map(|file| file.remarks()).unwrap_or_default();
    let stops: Vec<_> = remarks.into_iter().filter(|remark| remark.stops).collect();
    let refused = stops.iter().fold(refused, |refused, remark| refused.seen(remarked(&path, remark)));
    let refused = match remake(fact, wanted.needs, wanted.pods) {
        Remake::Change(change) if !stops.is_empty() => with_change(refused, &change),
        Remake::Change(_) | Remake::Nothing | Remake::Kept(_) => refused,
    };
    let refused = stops.into_iter().fold(refused, |refused, remark| refused.manual(remark.cure));
    Some(refused.manual(format!("mend it, then look whether it is taken: containerd -c {path} config dump")))
}

fn is_cri(plugin: &CriPlugin) -> bool {
    plugin.kind == "io.containerd.grpc.v1" && plugin.id == "cri"
}

/// CRI, which a kubelet speaks: off, or not loaded.
fn cri(fact: &ContainerdFact, merged: Option<&Merged>, wanted: &ContainerdWanted) -> Option<Problem> {
    let path = fact.file.path.to_string();
    let file = fact.file.text.as_ref().and_then(|text| ConfigFile::read(text.untrusted()).ok());
    let stops: Vec<_> = file
        .map(|file| file.remarks())
        .unwrap_or_default()
        .into_iter()
        .filter(|remark| remark.stops)
        .collect();
    let off = merged.is_some_and(|merged| merged.cri_off);
    let row = fact.plugins.iter().find(|plugin| is_cri(plugin));
    // What it needs is told by its own reason; a part of it may be told of alone.
    let failed = fact
        .plugins
        .iter()
        .filter(|plugin| plugin.status != "ok")
        .min_by_key(|plugin| (plugin.reason.is_empty(), is_cri(plugin)));
    let (problem, mended) = if off || (fact.plugins_listed && row.is_none()) {
        let problem = Problem::new(
            ProblemCode::Containerd04,
            "containerd's CRI is off, so no kubelet can use this containerd",
        );
        let problem = if off || fact.file.text.is_none() {
            problem
        } else {
            problem.seen(format!("{path} does not say so any more: containerd read it before that"))
        };
        (problem, !off)
    } else {
        let failed = failed?;
        let problem = Problem::new(
            ProblemCode::Containerd05,
            "containerd's CRI did not load, so no kubelet can use this containerd",
        )
        .seen(format!("{} {}: {}", failed.kind, failed.id, failed.status))
        .seen(failed.reason.to_string());
        (problem, stops.is_empty())
    };
    let mut problem = stops.iter().fold(problem, |problem, remark| problem.seen(remarked(&path, remark)));
    match remake(fact, wanted.needs, wanted.pods) {
        Remake::Change(change) if off => problem = with_change(problem, &change),
        Remake::Kept(why) => {
            problem = problem.seen(why.what);
            problem.evidence.extend(why.evidence);
            problem.ways.extend(why.ways);
        }
        Remake::Nothing if mended => {
            let (title, actions) = restart(fact);
            problem = problem.repair(title, actions);
        }
        Remake::Change(_) | Remake::Nothing => {}
    }
    problem.evidence.dedup();
    let mut problem = stops.into_iter().fold(problem, |problem, remark| problem.manual(remark.cure));
    problem = problem.manual("look at: journalctl -u containerd -n 50 | grep -i cri");
    let mut ways = Vec::new();
    for way in problem.ways {
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    problem.ways = ways;
    Some(problem)
}

/// Too old, newer than what was looked at, or replaced while it ran.
fn version(fact: &ContainerdFact, release: Option<Release>) -> Vec<Verdict> {
    let mut found = Vec::new();
    match release {
        Some(release) if release < OLDEST => found.push(Verdict::Stops(
            Problem::new(
                ProblemCode::Containerd07,
                format!("containerd {}.{} is too old for this kubelet", release.major, release.point),
            )
            .seen(format!("{}: {}", fact.program, fact.version))
            .manual(format!(
                "install containerd {}.{} or newer, or name a folder of programs in the plan (binaries)",
                OLDEST.major, OLDEST.point
            )),
        )),
        Some(release) if release > NEWEST => found.push(Verdict::warning(
            UNIT,
            format!(
                "{}.{} is newer than what this gangplank knows; it is served as {}.{}",
                release.major, release.point, NEWEST.major, NEWEST.point
            ),
            "a newer gangplank may know it",
        )),
        Some(_) => {}
        None => found.push(Verdict::warning(
            UNIT,
            format!("its version is not known: {} said \"{}\"", fact.program, fact.version),
            "look at: containerd --version",
        )),
    }
    let running = Release::parse(fact.server.untrusted());
    if let (Some(there), Some(runs)) = (release, running)
        && there != runs
    {
        found.push(Verdict::warning(
            UNIT,
            format!("{} runs, and {} lies at {}", fact.server, fact.version, fact.program),
            "restart containerd when it suits: systemctl restart containerd",
        ));
    }
    found
}

/// Keys that do nothing where they stand, by the file itself and by what `config dump` says.
fn without_effect(fact: &ContainerdFact) -> Vec<Verdict> {
    let path = fact.file.path.to_string();
    let file = fact.file.text.as_ref().and_then(|text| ConfigFile::read(text.untrusted()).ok());
    let mut found: Vec<Verdict> = Vec::new();
    let remarks = file.map(|file| file.remarks()).unwrap_or_default();
    let idle: Vec<_> = remarks.into_iter().filter(|remark| !remark.stops).collect();
    for remark in &idle {
        found.push(Verdict::warning(UNIT, remarked(&path, remark), &remark.cure));
    }
    let complaints: Vec<&str> = fact.complaints.iter().map(Remote::untrusted).collect();
    let complaints = complaints.join("\n");
    for (plugin, key) in ignored(&complaints) {
        let last = key.rsplit(' ').next().unwrap_or_default();
        if idle.iter().any(|remark| remark.what.contains(last)) {
            continue;
        }
        let seen = format!(
            "{} of {} has no effect: containerd does not know it",
            clean::short(&key, 120),
            clean::short(&plugin, 80)
        );
        found.push(Verdict::warning(
            UNIT,
            seen,
            &format!("look where it stands in {path}, and write it where it belongs, or take it out"),
        ));
    }
    for (file, line, key) in unknown_keys(&complaints) {
        let seen = format!(
            "{}, line {line}: {} has no effect: containerd does not know it",
            clean::short(&file, 200),
            clean::short(&key, 120)
        );
        found.push(Verdict::warning(UNIT, seen, "write it where it belongs, or take it out"));
    }
    found
}

/// Who makes cgroups, on both sides.
fn driver(
    fact: &ContainerdFact,
    merged: &Merged,
    release: Release,
    wanted: &ContainerdWanted,
) -> Option<Verdict> {
    let name = |systemd: bool| if systemd { "systemd" } else { "cgroupfs" };
    let has = merged.systemd_cgroup.unwrap_or(false);
    let kubelet = wanted.kubelet_systemd;
    if release.tells_driver() && wanted.kubelet_asks {
        return (has != kubelet).then(|| {
            Verdict::warning(
                "cgroups",
                format!(
                    "containerd makes them by {}, and the kubelet's configuration says {}: the kubelet follows containerd",
                    name(has),
                    name(kubelet)
                ),
                "write the same into both, so that nobody is misled",
            )
        });
    }
    if has == kubelet {
        return None;
    }
    let problem = Problem::new(
        ProblemCode::Containerd08,
        format!("containerd makes cgroups by {}, the kubelet by {}", name(has), name(kubelet)),
    )
    .seen(if has {
        "no pod would start: the kubelet's paths are none that systemd takes"
    } else {
        "pods would start, in the wrong place: what the kubelet reserves and limits would not hold"
    })
    .seen(format!("{}: SystemdCgroup = {has}", fact.file.path));
    let needs = KubeletNeeds { systemd_cgroup: Some(kubelet), ..wanted.needs.clone() };
    Some(Verdict::Stops(match remake(fact, &needs, wanted.pods) {
        Remake::Change(change) => with_change(problem, &change),
        Remake::Kept(why) => {
            let mut problem = problem.seen(why.what);
            problem.evidence.extend(why.evidence);
            problem.ways.extend(why.ways);
            problem
        }
        Remake::Nothing => problem,
    }))
}

/// The image that every pod begins with.
fn sandbox(fact: &ContainerdFact, merged: &Merged, wanted: &ContainerdWanted) -> Option<Verdict> {
    let image = wanted.needs.sandbox_image.as_ref().or(merged.sandbox_image.as_ref())?;
    let there = fact.sandbox_image == *image && fact.sandbox_there == Some(true);
    let full = full_name(image);
    if there || wanted.images.iter().any(|name| full_name(name) == full) {
        return None;
    }
    let shown = clean::short(image, 200);
    Some(Verdict::warning(
        SANDBOX,
        format!("{shown}, with which every pod begins, is neither on the worker nor in a tar of the plan"),
        "containerd will try to pull it; without a registry every pod hangs in FailedCreatePodSandBox while the node is \
         Ready: name a tar that holds it in the plan, or another image with images.pause",
    ))
}

/// A socket that no kubelet is told.
fn elsewhere(merged: &Merged) -> Option<Verdict> {
    let socket = merged.socket.as_deref().filter(|socket| !socket.is_empty())?;
    let same = socket == SOCKET || socket.strip_prefix("/var") == Some(SOCKET);
    (!same).then(|| {
        Verdict::Stops(
            Problem::new(
                ProblemCode::Containerd10,
                format!(
                    "containerd listens at {}, and kubelets are told {SOCKET}",
                    clean::short(socket, 200)
                ),
            )
            .manual(format!("let it listen there: address = \"{SOCKET}\" in its configuration")),
        )
    })
}
