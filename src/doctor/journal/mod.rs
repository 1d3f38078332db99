//! The journal as a witness: what its lines mean, when that is a cause, and what it leaves out. What a line says of
//! certificates, identity, clock and API is decided by the files and by asking; it is a cause only where nothing else was
//! found, and then says so.

mod noise;
mod row;
mod rows;
mod rows_run;
#[cfg(test)]
mod tapes;
#[cfg(test)]
mod tests;

use super::diagnosis::{Cause, explains};
use super::kubelet::lines;
use crate::plan::clean;
use crate::plan::code::{ProblemCode, ProblemGroup};
use crate::plan::fact::{Fact, Facts, Known};
use crate::plan::problem::Problem;
use crate::plan::remote::Remote;
use crate::plan::runtime_fact::RuntimeKind;
use crate::plan::unit::{JournalFact, JournalLine, UnitFact};
use crate::runtime::of_facts;
use row::{JournalRow, When};

/// What goes wrong again and again is written again within this; what was written longer ago is over. Seconds.
const AGAIN_WITHIN: u64 = 600;
/// Lines of one end of a kubelet are not further apart than this, seconds.
const ONE_END: u64 = 120;
/// Two clocks that were read one after the other, seconds.
const SLACK: u64 = 10;
/// So much of a line is shown, characters.
const LONG: usize = 420;

/// What the journal names as a cause, and what comes from it.
pub(super) struct JournalCause {
    /// The cause, which others may have found too.
    pub code: ProblemCode,
    /// It, where nothing else found it.
    pub problem: Option<Problem>,
    pub of: Vec<ProblemCode>,
}

impl JournalCause {
    /// What it says of a cause that was found otherwise stands beside that one.
    fn new(problem: Problem, of: Vec<ProblemCode>, faults: &[Problem]) -> Self {
        let code = problem.code;
        let known = faults.iter().map(|fault| fault.code).find(|fault| is_witness(code, *fault));
        match known {
            Some(code) => Self { code, problem: None, of },
            None => Self { code, problem: Some(problem), of },
        }
    }
}

/// What a line means, if it is one that tells.
fn row(line: &str) -> Option<&'static JournalRow> {
    find(line, rows::ROWS.iter().chain(rows_run::ROWS))
}

/// The same of kube-proxy.
fn proxy_row(line: &str) -> Option<&'static JournalRow> {
    let of_api = rows_run::ROWS.iter().filter(|row| row.of_api);
    find(line, rows_run::PROXY.iter().chain(of_api))
}

fn find(line: &str, mut rows: impl Iterator<Item = &'static JournalRow>) -> Option<&'static JournalRow> {
    if noise::is_noise(line) {
        return None;
    }
    let line = noise::core(line);
    rows.find(|row| row.says(&line))
}

/// A line that tells, and what.
type Telling = (&'static JournalRow, String);

/// What the journal names as the reason for what nothing else explains; `heard_s` is when the API heard of the kubelet.
pub(super) fn cause(
    facts: &Facts,
    worker: &str,
    faults: &[Problem],
    heard_s: Option<u64>,
) -> Option<JournalCause> {
    let unit = facts.unit("kubelet").yes().copied()?;
    let unexplained = |codes: &[ProblemCode]| -> Vec<ProblemCode> {
        let there = |code: &ProblemCode| faults.iter().any(|problem| problem.code == *code);
        // That inotify is used up says nothing of why it ends: its journal does.
        let explained = |symptom: ProblemCode| {
            faults.iter().any(|problem| {
                problem.code != ProblemCode::Kernel04
                    && problem.code != symptom
                    && explains(problem.code, symptom)
            })
        };
        let there: Vec<ProblemCode> = codes.iter().copied().filter(there).collect();
        if there.iter().any(|code| explained(*code)) { Vec::new() } else { there }
    };
    let ends = unexplained(&[ProblemCode::Kubelet04]);
    if !ends.is_empty() {
        return Some(JournalCause::new(why_it_ends(facts, worker)?, ends, faults));
    }
    if !runs(unit) {
        return None;
    }
    let said = of_now(facts, unit, heard_s);
    let node = unexplained(&NODE);
    if !node.is_empty()
        && let Some(telling) = said.iter().rev().find(|one| {
            // A node is registered whatever else does not work yet.
            is_one(one, When::Runs)
                && (!node.contains(&ProblemCode::Node02) || may_keep_a_node_away(one.0.code))
        })
    {
        return Some(JournalCause::new(told(facts, worker, telling, When::Runs), node, faults));
    }
    let proxy = unexplained(&[ProblemCode::Container02, ProblemCode::Container03]);
    if proxy.is_empty() {
        return None;
    }
    let log = of_proxy(facts);
    let own = log.iter().rev().find(|(row, _)| !NODE.contains(&row.code));
    let mut problem = told(facts, worker, own.or_else(|| pick(&said, When::Pods))?, When::Pods);
    if own.is_some() {
        problem.what = problem.what.replacen("the kubelet of", "kube-proxy on", 1);
        if let Some(line) = problem.evidence.first_mut() {
            *line = line.replacen("its journal: ", "its log: ", 1);
        }
    }
    Some(JournalCause::new(problem, proxy, faults))
}

/// What the journal of a kubelet that keeps ending names as the reason.
pub(super) fn why_it_ends(facts: &Facts, worker: &str) -> Option<Problem> {
    let said = of_the_end(facts, facts.unit("kubelet").yes().copied()?);
    let telling = pick(&said, When::Ends).or_else(|| pick(&said, When::Runs))?;
    Some(told(facts, worker, telling, When::Ends))
}

/// What a kubelet that reports says of its node, or nobody says any more.
const NODE: [ProblemCode; 3] = [ProblemCode::Node02, ProblemCode::Node03, ProblemCode::Node04];

fn runs(unit: &UnitFact) -> bool {
    unit.active == "active" && unit.stands_still().is_none()
}

/// The newest that may be a cause here. Whether there is a node the API has said.
fn pick(said: &[Telling], when: When) -> Option<&Telling> {
    said.iter().rev().find(|one| is_one(one, when))
}

fn is_one((row, _): &Telling, when: When) -> bool {
    row.when.contains(&when) && !NODE.contains(&row.code)
}

/// With it a kubelet may not be able to register its node.
fn may_keep_a_node_away(code: ProblemCode) -> bool {
    use ProblemGroup as Group;
    matches!(
        code.group(),
        Group::Api
            | Group::Ca
            | Group::Cert
            | Group::Key
            | Group::Clock
            | Group::Name
            | Group::File
            | Group::Kubelet
    )
}

fn told(facts: &Facts, worker: &str, (row, line): &Telling, when: When) -> Problem {
    let how = match when {
        When::Ends if row.decides.is_empty() => "ends",
        When::Ends => "ends, by its own words",
        When::Runs | When::Pods => "says",
    };
    let code = of_its_runtime(facts, row.code);
    let mut problem = Problem::new(code, format!("the kubelet of {worker} {how}: {}", row.means))
        .seen(format!("its journal: {line}"));
    if !row.decides.is_empty() {
        let decides = row.decides;
        problem =
            problem.seen(format!("nothing else that was looked at shows it; what would decide: {decides}"));
    }
    problem.manual(row.cure)
}

/// A kubelet says the same of each runtime.
fn of_its_runtime(facts: &Facts, code: ProblemCode) -> ProblemCode {
    match (code, of_facts::found(facts)) {
        (ProblemCode::Containerd01, Some(RuntimeKind::Docker)) => ProblemCode::Docker01,
        (ProblemCode::Containerd02, Some(RuntimeKind::Docker)) => ProblemCode::Docker02,
        (code, _) => code,
    }
}

/// What tells in the lines of its last end, oldest first.
fn of_the_end(facts: &Facts, unit: &UnitFact) -> Vec<Telling> {
    let journal = facts.journal("kubelet").yes().copied().filter(|journal| !journal.lines.is_empty());
    // Of one that something else ended, others of its name say nothing.
    let Some(journal) = journal.filter(|_| !unit.was_cut_off()) else {
        return lines(facts, unit).into_iter().filter_map(|line| Some((row(&line)?, line))).collect();
    };
    let newest = journal.lines.iter().filter_map(|line| line.ago_s).min();
    let of_it = |line: &&JournalLine| {
        line.ago_s.zip(newest).is_none_or(|(ago, newest)| ago <= newest.saturating_add(ONE_END))
    };
    telling(journal.lines.iter().filter(of_it))
}

/// What tells in the lines of the process that runs, as far as it still holds, oldest first.
fn of_now(facts: &Facts, unit: &UnitFact, heard_s: Option<u64>) -> Vec<Telling> {
    let Some(journal) = facts.journal("kubelet").yes().copied() else { return Vec::new() };
    let own = own(journal, unit);
    let answered = own.iter().rposition(|line| noise::is_success(line.text.untrusted()));
    let holds = |(at, line): &(usize, &JournalLine)| {
        let of_api = row(line.text.untrusted()).is_some_and(|row| row.of_api);
        let before = |limit: Option<u64>| line.ago_s.zip(limit).is_some_and(|(ago, limit)| ago > limit);
        let over = of_api
            && (answered.is_some_and(|answered| *at < answered)
                || before(heard_s.map(|heard| heard.saturating_add(SLACK))));
        !over && !before(Some(AGAIN_WITHIN))
    };
    telling(own.into_iter().enumerate().filter(holds).map(|(_, line)| line))
}

/// The lines of the process that runs; where none has its number, as of one in a container, by its age.
fn own<'a>(journal: &'a JournalFact, unit: &UnitFact) -> Vec<&'a JournalLine> {
    let pid = journal.pid.filter(|pid| journal.lines.iter().any(|line| line.writer == Some(*pid)));
    let is_own = |line: &&JournalLine| match pid {
        Some(pid) => line.writer == Some(pid),
        None => line.ago_s.zip(unit.up_s).is_none_or(|(ago, up)| ago <= up.saturating_add(SLACK)),
    };
    journal.lines.iter().filter(is_own).collect()
}

fn telling<'a>(lines: impl Iterator<Item = &'a JournalLine>) -> Vec<Telling> {
    lines.filter_map(|line| Some((row(line.text.untrusted())?, shown(line.text.untrusted())))).collect()
}

/// The cause stands at the end of most: a long one loses its middle.
fn shown(line: &str) -> String {
    let count = line.chars().count();
    if count <= LONG {
        return clean::line(line);
    }
    let head: String = line.chars().take(LONG / 3).collect();
    let tail: String = line.chars().skip(count.saturating_sub(LONG * 2 / 3)).collect();
    clean::line(&format!("{head} … {tail}"))
}

/// What tells in the log of kube-proxy: of its container, or of its unit.
fn of_proxy(facts: &Facts) -> Vec<Telling> {
    let around = facts.iter().find_map(|(_, known)| match known {
        Known::Yes(Fact::Around(around)) => Some(around),
        _ => None,
    });
    let log = around.map_or(&[][..], |around| around.proxy_log.as_slice());
    let unit = facts.unit("kube-proxy").yes().map_or(&[][..], |unit| unit.journal.as_slice());
    let all = unit.iter().chain(log).map(Remote::untrusted);
    all.filter_map(|line| Some((proxy_row(line)?, shown(line)))).collect()
}

/// Puts what it says beside the causes that it is a witness of, and its gaps beside what nothing explains.
pub(super) fn beside(facts: &Facts, causes: &mut [Cause], heard_s: Option<u64>) {
    let Some(unit) = facts.unit("kubelet").yes().copied() else { return };
    let said = match unit.active == "active" {
        true if runs(unit) => of_now(facts, unit, heard_s),
        true => return,
        false => of_the_end(facts, unit),
    };
    let mut done: Vec<ProblemCode> = Vec::new();
    for (row, line) in said.iter().rev() {
        let Some(cause) = causes.iter_mut().find(|cause| is_witness(row.code, cause.problem.code)) else {
            continue;
        };
        let shown = cause.follows.iter().flat_map(|problem| &problem.evidence).chain(&cause.problem.evidence);
        let told = shown.into_iter().any(|known| same_words(known, line));
        let problem = &mut cause.problem;
        if !told && !done.contains(&problem.code) {
            problem.evidence.push(format!("its journal: {line}"));
        }
        done.push(problem.code);
    }
    for cause in causes.iter_mut().filter(|cause| NODE.contains(&cause.problem.code) && runs(unit)) {
        let problem = &mut cause.problem;
        if !done.contains(&problem.code) {
            problem.evidence.extend(gaps(facts, unit));
        }
    }
}

/// A line stands in another one, whatever blanks are in both.
fn same_words(one: &str, line: &str) -> bool {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    words(one).ends_with(&words(line))
}

/// Whether what a row means is seen in such a cause too.
fn is_witness(row: ProblemCode, cause: ProblemCode) -> bool {
    use ProblemCode as Code;
    let also: &[ProblemCode] = match row {
        Code::Api05 => &[Code::Cert04, Code::Cert05, Code::Cert12, Code::Cert13, Code::Ca15, Code::Clock01],
        Code::Api06 => &[Code::Cert08],
        Code::Api21 => &[Code::Api22, Code::Ca01, Code::Cert16],
        Code::Api22 => &[Code::Clock01],
        Code::Api24 => &[Code::Api20],
        Code::Cert08 => &[Code::Api06],
        Code::Clock01 => &[Code::Api22],
        Code::Containerd01 | Code::Containerd02 | Code::Docker01 => &[
            Code::Containerd01,
            Code::Containerd02,
            Code::Containerd03,
            Code::Docker01,
            Code::Docker02,
            Code::Docker03,
        ],
        Code::Disk02 => &[Code::Disk04, Code::Disk05],
        Code::File05 => &[Code::Cert01, Code::Key03, Code::File07],
        Code::Kubelet11 => &[Code::Kubelet12],
        Code::Name02 => &[Code::Api20, Code::Api24],
        Code::Network04 => &[Code::Network01, Code::Network02, Code::Network03],
        _ => &[],
    };
    row == cause || also.contains(&cause)
}

/// Why the journal of one that runs says nothing of what is wrong.
fn gaps(facts: &Facts, unit: &UnitFact) -> Vec<String> {
    let journal = match facts.journal("kubelet") {
        Known::Yes(journal) => journal,
        Known::No(why) => return vec![format!("its journal was not read: {why}")],
        Known::NotAsked => return Vec::new(),
    };
    let mut all = Vec::new();
    if own(journal, unit).is_empty() {
        all.push("its journal has no error of the process that runs".to_owned());
    } else {
        all.push("its journal names no cause of that which is known here".to_owned());
    }
    if let (Some(since), Some(up)) = (journal.since_s, unit.up_s)
        && since.saturating_add(ONE_END) < up
    {
        all.push(format!("of its journal the last {since} s were read, and it runs for {up} s"));
    }
    all
}
