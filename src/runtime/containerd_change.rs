//! The change after which a kubelet can use the containerd of a worker, or why nothing is changed: a whole file where
//! nobody set anything, a file of its own where the configuration imports such, else the file changed in place.

use super::containerd_config::{ConfigFile, KubeletNeeds, Merged, Release, Remark, Unreadable};
use crate::plan::action::{Action, Content, Verb};
use crate::plan::code::ProblemCode;
use crate::plan::containerd_fact::ContainerdFact;
use crate::plan::problem::Problem;
use crate::plan::redact;

/// The unit of systemd.
pub const UNIT: &str = "containerd";
/// The folder that configurations import their parts from.
const PARTS: &str = "/etc/containerd/conf.d";
/// gangplank's own part; it stands behind most others, for a later one wins.
pub const OWN_PART: &str = "/etc/containerd/conf.d/99-gangplank.toml";
const OWN_NAME: &str = "99-gangplank.toml";

/// How a configuration is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeWay {
    /// The whole file: nobody set anything in it, or there is none.
    Whole,
    /// A file of gangplank's own, which the configuration imports.
    Part,
    /// The file as it is, with the settings that are wanted.
    InPlace,
}

/// A change of containerd's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigChange {
    /// The file that is written, absolute path.
    pub path: String,
    /// Its text before; `None` = there was none, or, of a part, it was not read.
    pub before: Option<String>,
    /// Its text afterwards.
    pub after: String,
    /// How it is changed.
    pub way: ChangeWay,
    /// The containers that run go on while containerd is restarted; `None` = its unit does not say.
    pub survives: Option<bool>,
    program: String,
    root: String,
    private: bool,
}

/// What is to be done about a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remake {
    /// Nothing: it says what is wanted.
    Nothing,
    /// This change.
    Change(ConfigChange),
    /// It is not what is wanted, and is not changed, because of this.
    Kept(Box<Problem>),
}

impl ConfigChange {
    /// What it does, in a few words, the restart included.
    pub fn title(&self) -> String {
        format!("write {} and restart containerd ({})", self.path, ends(self.survives))
    }

    /// The lines that change, with their sign; what may be secret is hidden, and what stays is not shown.
    pub fn difference(&self) -> Vec<(char, String)> {
        redact::difference(self.before.as_deref().unwrap_or_default(), &self.after, Some(0))
    }

    /// The file, a look of containerd at it, which puts the old one back where it refuses it, and the restart.
    pub fn actions(&self) -> Vec<Action> {
        let folder = self.path.rsplit_once('/').map_or("/", |(folder, _)| folder).to_owned();
        vec![
            Action::MakeDir { path: folder, mode: "0755" },
            Action::Put {
                path: self.path.clone(),
                content: Content::Literal(self.after.clone().into_bytes()),
                // It may hold logins to registries: what was private stays so.
                mode: if self.private { "0600" } else { "0644" },
                owner: "root:root",
            },
            Action::Script {
                title: format!("let containerd read {} before it is restarted", self.path),
                text: format!(
                    "containerd_takes {}",
                    shell_words::join([&self.program, &self.root, &self.path])
                ),
                secrets: Vec::new(),
            },
            Action::Service { verb: Verb::Restart, unit: UNIT.to_owned() },
        ]
    }
}

/// What becomes of the containers at a restart.
pub fn ends(survives: Option<bool>) -> &'static str {
    match survives {
        Some(true) => "containers go on: KillMode=process",
        Some(false) => "every container ends: its unit does not say KillMode=process",
        None => "what becomes of the containers is not known: systemd does not tell KillMode",
    }
}

/// Whether containers survive a restart of containerd (`KillMode` of its unit, systemd.kill(5)).
pub fn survives(fact: &ContainerdFact) -> Option<bool> {
    match fact.kill_mode.untrusted() {
        "" => None,
        mode => Some(matches!(mode, "process" | "none")),
    }
}

/// A remark on a line of the file, as evidence.
pub fn remarked(path: &str, remark: &Remark) -> String {
    match remark.line {
        Some(line) => format!("{path}, line {line}: {}", remark.what),
        None => format!("{path}: {}", remark.what),
    }
}

/// The problem of a file that cannot be read: it is left as it is.
pub fn unreadable(path: &str, why: &Unreadable) -> Problem {
    let (what, cure) = match why {
        Unreadable::NotToml { .. } => ("is no TOML", "mend that line"),
        Unreadable::UnknownVersion { .. } => (
            "is of a version that is not known here",
            "write it in version 2, or in the newest that containerd knows",
        ),
    };
    Problem::new(ProblemCode::Containerd06, format!("{path} {what}, so nothing is changed in it"))
        .seen(format!("{path}: {why}"))
        .manual(format!("{cure}, then look whether containerd takes it: containerd -c {path} config dump"))
}

/// The change after which containerd has what is wanted; `pods` = containers of pods run on the worker.
pub fn remake(fact: &ContainerdFact, needs: &KubeletNeeds, pods: bool) -> Remake {
    let kept = |problem: Problem| Remake::Kept(Box::new(problem));
    let merged = Merged::read(fact.dump.untrusted()).ok().filter(|_| !fact.dump.is_empty());
    if merged.as_ref().is_some_and(|merged| merged.has(needs)) {
        return Remake::Nothing;
    }
    let Some(release) = Release::parse(fact.version.untrusted()) else {
        return kept(
            Problem::new(ProblemCode::Containerd10, "the version of containerd is not known")
                .seen(format!("{} --version: {}", fact.program, fact.version))
                .manual("look whether it runs: containerd --version"),
        );
    };
    let old = merged.as_ref().map(|merged| merged.systemd_cgroup.unwrap_or(false));
    if pods && needs.systemd_cgroup.is_some_and(|systemd| old.is_some_and(|old| old != systemd)) {
        return kept(driver_with_pods(needs.systemd_cgroup == Some(true)));
    }
    if pods && survives(fact) == Some(false) {
        return kept(
            Problem::new(
                ProblemCode::Containerd10,
                "containerd's configuration must change, and its restart would end every container",
            )
            .seen(format!("its unit says KillMode={}, pods run on this worker", fact.kill_mode))
            .manual("drain the node first (kubectl drain NODE --ignore-daemonsets), then run this again")
            .manual("or let containers survive: KillMode=process in [Service] of a drop-in of the unit, then: systemctl daemon-reload"),
        );
    }
    let change = match change(fact, needs, release) {
        Ok(change) => change,
        Err(problem) => return kept(*problem),
    };
    let refused = match ConfigFile::read(&change.after) {
        Ok(file) => file.remarks().into_iter().find(|remark| remark.stops),
        Err(why) => return kept(unreadable(&change.path, &why)),
    };
    match refused {
        // What is left of it is not ours to change.
        Some(remark) => kept(
            Problem::new(
                ProblemCode::Containerd06,
                format!("containerd would not come up with {}: nothing is changed in it", change.path),
            )
            .seen(remarked(&change.path, &remark))
            .manual(remark.cure),
        ),
        None => Remake::Change(change),
    }
}

fn driver_with_pods(systemd: bool) -> Problem {
    let wanted = if systemd { "systemd" } else { "cgroupfs" };
    Problem::new(
        ProblemCode::Containerd08,
        format!("containerd should make cgroups by {wanted}, and pods run on this worker"),
    )
    .seen("a pod keeps the cgroups it was started with: the driver is changed on a worker without pods")
    .manual("drain the node first (kubectl drain NODE --ignore-daemonsets), stop its static pods, then run this again")
}

fn change(
    fact: &ContainerdFact,
    needs: &KubeletNeeds,
    release: Release,
) -> Result<ConfigChange, Box<Problem>> {
    let path = fact.file.path.to_string();
    let made = |to: &str, before: Option<String>, after: String, way: ChangeWay| ConfigChange {
        path: to.to_owned(),
        before,
        after,
        way,
        survives: survives(fact),
        program: fact.program.to_string(),
        root: path.clone(),
        private: fact.file.private,
    };
    if !fact.file.error.is_empty() {
        return Err(Box::new(
            Problem::new(ProblemCode::Containerd06, format!("{path} {}", fact.file.error))
                .manual("look at it on the worker, and put a configuration of containerd there"),
        ));
    }
    let Some(text) = &fact.file.text else {
        // Without a file it reads no parts either.
        return Ok(made(&path, None, needs.whole(release), ChangeWay::Whole));
    };
    let text = text.untrusted();
    let file = ConfigFile::read(text).map_err(|why| Box::new(unreadable(&path, &why)))?;
    if file.says_nothing() {
        return Ok(made(&path, Some(text.to_owned()), needs.whole(release), ChangeWay::Whole));
    }
    let stops = file.remarks().into_iter().any(|remark| remark.stops);
    if !fact.dump_error.is_empty() && !stops {
        return Err(Box::new(
            Problem::new(
                ProblemCode::Containerd06,
                "containerd refuses its configuration, so nothing is changed in it",
            )
            .seen(fact.dump_error.clone())
            .manual(format!("mend what it names, then look: containerd -c {path} config dump")),
        ));
    }
    let imports = file.imports(&path, PARTS);
    let others: Vec<String> =
        fact.dropins.iter().filter(|name| **name != OWN_NAME).map(ToString::to_string).collect();
    let later: Vec<&str> = others.iter().map(String::as_str).filter(|name| *name > OWN_NAME).collect();
    let alone = release.merges_deep() || others.is_empty();
    if imports && later.is_empty() && alone && !stops && !file.takes_cri_off() && !file.sets_cri() {
        let part = needs.alone(file.version().max(2), release);
        return Ok(ConfigChange { private: false, ..made(OWN_PART, None, part, ChangeWay::Part) });
    }
    let after = file.with(needs, release);
    if after == text {
        let mut problem = Problem::new(
            ProblemCode::Containerd10,
            format!("{path} says what a kubelet needs, and containerd makes something else of it"),
        );
        if imports && !others.is_empty() {
            problem = problem.seen(format!("it imports other files of {PARTS} too: {}", others.join(", ")));
        }
        return Err(Box::new(problem.manual(format!(
            "find what sets it otherwise: containerd -c {path} config dump; grep -rn . {PARTS}"
        ))));
    }
    Ok(made(&path, Some(text.to_owned()), after, ChangeWay::InPlace))
}
