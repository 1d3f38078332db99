//! The kubelet's process and its unit.

use crate::plan::action::{Action, Verb};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{Facts, Known};
use crate::plan::problem::Problem;
use crate::plan::unit::{DropIn, UnitFact};
use crate::step::{self, REGISTERS_WITHIN};

/// One that was started again by systemd so often, and is up for less than [`REGISTERS_WITHIN`], keeps ending.
const OFTEN: u32 = 3;
fn service(verb: Verb) -> Vec<Action> {
    vec![Action::Service { verb, unit: "kubelet".to_owned() }]
}

/// What is wrong with it.
pub(super) fn faults(facts: &Facts, worker: &str, port: Option<u16>) -> Vec<Problem> {
    let unit = match facts.unit("kubelet") {
        Known::Yes(unit) => unit,
        other => return vec![Problem::unknown("the kubelet's unit", other.why_not())],
    };
    let mut all = Vec::new();
    // That it is not there, or masked, is told by those who look at its file.
    if unit.load == "masked" || unit.load == "not-found" {
        return all;
    }
    if unit.file == "disabled" {
        all.push(
            Problem::new(
                ProblemCode::Kubelet15,
                format!("the kubelet of {worker} is not started when the machine starts"),
            )
            .seen(format!("systemctl is-enabled kubelet: {}", unit.file))
            .repair("enable it", service(Verb::Enable)),
        );
    }
    all.extend(process(facts, unit, worker, port));
    all
}

fn process(facts: &Facts, unit: &UnitFact, worker: &str, port: Option<u16>) -> Option<Problem> {
    let state = format!("systemd says {} ({})", unit.active, unit.sub);
    let ends = |how: &str| {
        let mut problem = Problem::new(ProblemCode::Kubelet04, format!("the kubelet of {worker} {how}"))
            .seen(restarts(unit, &state));
        if let Some(end) = unit.last_end() {
            problem = problem.seen(end);
        }
        for path in limits_memory(unit) {
            problem = problem.seen(format!("{path} limits its memory"));
        }
        let said = lines(facts, unit);
        if said.is_empty() {
            problem =
                problem.seen("its journal has no line of that: it wrote none, or the journal was cut since");
        }
        for line in said {
            problem = problem.seen(line);
        }
        problem.manual("on the host: journalctl -u kubelet -n 50 --no-pager")
    };
    let is = |state: &str| unit.active == state;
    if is("failed") {
        let problem = ends("has ended, and systemd does not start it again");
        return Some(problem.repair("start it again, and see whether it stays", service(Verb::Start)));
    }
    if is("activating") && unit.sub == "auto-restart" {
        return Some(ends("keeps ending"));
    }
    if is("activating") || is("deactivating") || is("reloading") {
        return Some(
            Problem::new(ProblemCode::Fact01, "it is not known yet whether the kubelet runs")
                .seen(format!("{state}: it is being started or stopped at this moment; look again")),
        );
    }
    if !is("active") {
        return Some(
            Problem::new(ProblemCode::Kubelet14, format!("the kubelet of {worker} does not run"))
                .seen(state)
                .repair("start it", service(Verb::Start)),
        );
    }
    if let Some(why) = unit.stands_still() {
        let problem =
            Problem::new(ProblemCode::Kubelet08, format!("the kubelet of {worker} runs and does nothing"))
                .seen(format!("{state}, and {why}"));
        return Some(if unit.state == "T" || unit.state == "Z" {
            problem.repair("restart it, pods go on", service(Verb::Restart))
        } else {
            // A restart does not end what the kernel holds.
            problem
                .manual("on the host: dmesg | tail; systemctl thaw kubelet, if its control group is frozen")
        });
    }
    // The count may be left over from a fault that was mended: one that answers has not ended again.
    let answers = port.is_some_and(|port| matches!(facts.healthz(port), Known::Yes(_)));
    let often = unit.restarts.or(unit.ends_lately).is_some_and(|count| count >= OFTEN);
    if often && !answers && unit.up_s.is_some_and(|up| up < REGISTERS_WITHIN) {
        return Some(ends("keeps ending"));
    }
    match port.map(|port| (port, facts.healthz(port))) {
        // One that was just started does not listen yet.
        Some((port, Known::No(why))) if unit.up_s.is_none_or(|up| up >= REGISTERS_WITHIN) => {
            Some(step::deaf(worker, port, &why))
        }
        Some(_) | None => None,
    }
}

/// The drop-ins that limit the memory of a unit whose process was killed.
fn limits_memory(unit: &UnitFact) -> impl Iterator<Item = String> {
    let killed = matches!(unit.ended, Some((2 | 3, 9)));
    let limits = |one: &&DropIn| one.sets.iter().any(|name| name == "MemoryMax" || name == "MemoryLimit");
    unit.dropins.iter().filter(move |one| killed && limits(one)).map(|one| one.path.to_string())
}

fn restarts(unit: &UnitFact, state: &str) -> String {
    match (unit.restarts, unit.ends_lately) {
        (Some(count), _) if count > 0 => format!("{state}, started again {count} times"),
        (None, Some(count)) if count > 0 => {
            format!("{state}; by its journal it was started again {count} times in the last ten minutes")
        }
        _ => state.to_owned(),
    }
}

/// What its journal says, oldest first.
pub(super) fn lines(facts: &Facts, unit: &UnitFact) -> Vec<String> {
    let own = unit.journal.iter().map(ToString::to_string).collect::<Vec<_>>();
    // Of one that has ended, what others of its name wrote before says nothing.
    if !own.is_empty() || unit.was_cut_off() {
        return own;
    }
    facts
        .journal("kubelet")
        .yes()
        .map_or(Vec::new(), |journal| journal.said.iter().map(ToString::to_string).collect())
}
