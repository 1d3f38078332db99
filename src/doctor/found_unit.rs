//! Units whose files were changed since systemd read them: to know, or a cause where the unit fails and nothing else says why.

use super::diagnosis::{Cause, Diagnosis, explains};
use crate::plan::action::{Action, Verb};
use crate::plan::code::ProblemCode;
use crate::plan::fact::Facts;
use crate::plan::problem::Problem;
use crate::plan::runtime_fact::RuntimeKind;
use crate::runtime::of_facts;

/// The units, and what each that fails is told by.
fn units() -> Vec<(&'static str, Vec<ProblemCode>)> {
    let kubelet =
        [ProblemCode::Kubelet01, ProblemCode::Kubelet02, ProblemCode::Kubelet04, ProblemCode::Kubelet06];
    let runtimes = RuntimeKind::ALL.map(|kind| (kind.name(), of_facts::down(kind).to_vec()));
    let own = [("kubelet", kubelet.to_vec()), ("kube-proxy", vec![ProblemCode::Container02])];
    own.into_iter().chain(runtimes).collect()
}

/// Judges them when all else is in order.
pub(super) fn unread(facts: &Facts, diagnosis: &mut Diagnosis) {
    for (name, own) in units() {
        if is_unread(facts, name) && !fails_unread(facts, name, &own, diagnosis) {
            diagnosis.notes.push(format!(
                "a file of the unit {name} was changed since systemd read it: what stands there counts after systemctl \
                 daemon-reload, and a restart of {name}"
            ));
        }
    }
}

/// The kubelet of a plan, where that a file was not read is a fault of its own: it is why the kubelet ends, if it does.
pub(super) fn unread_in_plan(facts: &Facts, diagnosis: &mut Diagnosis) {
    let is_it = |cause: &Cause| cause.problem.code == ProblemCode::Unit02;
    let Some(at) = diagnosis.causes.iter().position(is_it) else { return };
    let told = diagnosis.causes.remove(at);
    let mut units = units().into_iter();
    let kubelet = units.find(|(name, _)| *name == "kubelet" && is_unread(facts, name));
    if !kubelet.is_some_and(|(name, own)| fails_unread(facts, name, &own, diagnosis)) {
        diagnosis.causes.insert(at, told);
    }
}

fn is_unread(facts: &Facts, name: &str) -> bool {
    facts.unit(name).yes().is_some_and(|unit| unit.stale && unit.load == "loaded")
}

/// It fails and nothing else says why: that becomes a cause, and what told of it goes below.
fn fails_unread(facts: &Facts, name: &str, own: &[ProblemCode], diagnosis: &mut Diagnosis) -> bool {
    let Some(unit) = facts.unit(name).yes().copied() else { return false };
    let fails = unit.active == "failed" || unit.sub == "auto-restart";
    let is_own = |cause: &Cause| own.contains(&cause.problem.code);
    let first = diagnosis.causes.iter().position(is_own);
    // Where a file that it needs is gone, that is mended first, and may be all.
    let other = diagnosis
        .causes
        .iter()
        .any(|cause| !is_own(cause) && own.iter().any(|code| explains(cause.problem.code, *code)));
    let Some(at) = first.filter(|_| fails && !other) else { return false };
    let mut seen: Vec<Problem> = Vec::new();
    diagnosis.causes.retain_mut(|cause| {
        let own = is_own(cause);
        if own {
            seen.push(cause.problem.clone());
            seen.append(&mut cause.follows);
        }
        !own
    });
    let problem = Problem::new(
        ProblemCode::Unit02,
        format!("{name} fails, and a file of its unit was changed since systemd read it"),
    )
    .seen(format!("systemctl show {name}: NeedDaemonReload=yes, {} ({})", unit.active, unit.sub))
    .seen("what systemd starts is the unit as it was before; whether it runs with what stands there now shows when it is started")
    .repair(
        "read it, and start it anew",
        vec![
            Action::Service { verb: Verb::DaemonReload, unit: String::new() },
            Action::Service { verb: Verb::Restart, unit: name.to_owned() },
        ],
    );
    diagnosis.causes.insert(at.min(diagnosis.causes.len()), Cause { problem, follows: seen });
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fact::{Fact, FactQuery, Known};
    use crate::plan::unit::UnitFact;

    fn judged(name: &str, state: (&str, &str), causes: &[ProblemCode]) -> (Vec<ProblemCode>, usize, usize) {
        let unit = UnitFact {
            load: "loaded".into(),
            active: state.0.into(),
            sub: state.1.into(),
            stale: true,
            ..UnitFact::default()
        };
        let mut facts = Facts::default();
        facts.learn(FactQuery::Unit(name.to_owned()), Known::Yes(Fact::Unit(unit)));
        let cause = |code: &ProblemCode| Cause { problem: Problem::new(*code, "x"), follows: Vec::new() };
        let mut diagnosis = Diagnosis { causes: causes.iter().map(cause).collect(), ..Diagnosis::default() };
        unread(&facts, &mut diagnosis);
        let first = diagnosis.causes.first().map_or(0, |cause| cause.follows.len());
        (diagnosis.causes.iter().map(|cause| cause.problem.code).collect(), first, diagnosis.notes.len())
    }

    #[test]
    fn in_a_plan_it_comes_first_where_the_kubelet_ends_and_stays_where_it_is_else() {
        use ProblemCode as Code;
        let judged = |state: (&str, &str), codes: &[Code]| {
            let unit = UnitFact {
                load: "loaded".into(),
                active: state.0.into(),
                sub: state.1.into(),
                stale: true,
                ..UnitFact::default()
            };
            let mut facts = Facts::default();
            facts.learn(FactQuery::Unit("kubelet".to_owned()), Known::Yes(Fact::Unit(unit)));
            let cause = |code: &Code| Cause { problem: Problem::new(*code, "x"), follows: Vec::new() };
            let mut diagnosis =
                Diagnosis { causes: codes.iter().map(cause).collect(), ..Diagnosis::default() };
            unread_in_plan(&facts, &mut diagnosis);
            diagnosis.causes.iter().map(|cause| cause.problem.code).collect::<Vec<_>>()
        };
        let again = ("activating", "auto-restart");
        assert_eq!(judged(again, &[Code::Kubelet02, Code::Unit02]), [Code::Unit02]);
        let gone = [Code::File05, Code::Unit02, Code::Kubelet04];
        assert_eq!(judged(again, &gone), gone);
        let runs = [Code::Key02, Code::Unit02];
        assert_eq!(judged(("active", "running"), &runs), runs);
        assert_eq!(judged(again, &[Code::Kubelet02]), [Code::Kubelet02]);
    }

    #[test]
    fn a_unit_that_was_not_read_anew_is_a_cause_only_where_it_fails_and_nothing_else_says_why() {
        use ProblemCode as Code;
        let (runs, fails, again) =
            (("active", "running"), ("failed", "failed"), ("activating", "auto-restart"));
        assert_eq!(judged("kubelet", runs, &[]), (vec![], 0, 1));
        assert_eq!(judged("kubelet", fails, &[Code::Kubelet04]), (vec![Code::Unit02], 1, 0));
        assert_eq!(
            judged("kubelet", again, &[Code::Key02, Code::Kubelet01, Code::Kubelet04]),
            (vec![Code::Key02, Code::Unit02], 0, 0)
        );
        // A file that it needs is gone: that is mended first.
        let all = [Code::File05, Code::Kubelet04];
        assert_eq!(judged("kubelet", fails, &all), (all.to_vec(), 0, 1));
        assert_eq!(
            judged(RuntimeKind::Containerd.name(), fails, &[Code::Containerd01]),
            (vec![Code::Unit02], 1, 0)
        );
        assert_eq!(judged("kube-proxy", again, &[Code::Container02]), (vec![Code::Unit02], 1, 0));
        // Who stopped it had a reason.
        assert_eq!(judged("kubelet", ("inactive", "dead"), &[Code::Kubelet14]).0, [Code::Kubelet14]);
    }
}
