//! Which versions of a program are wanted: a kubelet's by the API server that it will speak to, containerd's by what is
//! served. Of the others it only counts that they start.

use super::input::StepInput;
use crate::plan::action::ProgramTrial;
use crate::plan::code::ProblemCode;
use crate::plan::model::Version;
use crate::plan::problem::Problem;
use crate::plan::programs::{CONTAINERD, KUBELET, LocalProgram};
use crate::plan::runtime_fact::RuntimeKind;
use crate::profile;
use crate::runtime::containerd::{OLDEST, SERVED};
use crate::runtime::of_facts;

/// Minors that are looked through: there are not that many yet.
const MINORS: u16 = 100;

/// What is wanted of a program.
pub(super) fn trial(cx: &StepInput, program: &LocalProgram) -> Result<ProgramTrial, Problem> {
    let (wanted, takes) = match program.name.as_str() {
        KUBELET => kubelets(cx)?,
        CONTAINERD => (
            format!("{}.{} or newer", OLDEST.major, OLDEST.point),
            SERVED.iter().map(|pattern| (*pattern).to_owned()).collect(),
        ),
        _ => ("any".to_owned(), vec!["*".to_owned()]),
    };
    Ok(ProgramTrial { name: program.name.clone(), sha256: program.sha256.clone(), wanted, takes })
}

/// The versions of a kubelet that the API server serves, that have a profile, and whose runtime is here or comes.
fn kubelets(cx: &StepInput) -> Result<(String, Vec<String>), Problem> {
    let api = cx.cluster.version;
    let comes =
        |kind: RuntimeKind| kind == RuntimeKind::Containerd && super::program_list::comes(cx, CONTAINERD);
    let there: Vec<RuntimeKind> = RuntimeKind::ALL
        .into_iter()
        .filter(|kind| of_facts::is_there(*kind, cx.facts) || comes(*kind))
        .collect();
    let runs = |version: Version| {
        let kind = profile::choose(version, api).map(profile::Profile::runtime);
        kind.is_ok_and(|kind| there.contains(&kind))
    };
    let one = |minor: u16| Version { major: 1, minor, patch: 0 };
    let minors: Vec<u16> = (0..MINORS).filter(|minor| runs(one(*minor))).collect();
    let names: Vec<&str> = there.iter().map(|kind| kind.name()).collect();
    let runtimes = if names.is_empty() { "no container runtime".to_owned() } else { names.join(" and ") };
    let why = match api {
        Some(api) => format!("which the API server ({api}) serves, with {runtimes} on the worker"),
        None => format!("with {runtimes} on the worker; the API server's version is not known"),
    };
    if minors.is_empty() {
        return Err(Problem::new(
            ProblemCode::Program04,
            "no kubelet of any version would be served on this worker",
        )
        .seen(why)
        .manual("see what Prerequisites say of the container runtime, or add containerd to the folder"));
    }
    Ok((format!("{}, {why}", spans(&minors)), minors.iter().map(|minor| format!("v1.{minor}.*")).collect()))
}

/// `v1.2, v1.34 to v1.37`.
fn spans(minors: &[u16]) -> String {
    let mut spans: Vec<(u16, u16)> = Vec::new();
    for minor in minors {
        match spans.last_mut() {
            Some((_, last)) if last.saturating_add(1) == *minor => *last = *minor,
            _ => spans.push((*minor, *minor)),
        }
    }
    let text = |(first, last): &(u16, u16)| match (first, last) {
        (first, last) if *last == MINORS - 1 => format!("v1.{first} or newer"),
        (first, last) if first == last => format!("v1.{first}"),
        (first, last) => format!("v1.{first} to v1.{last}"),
    };
    spans.iter().map(text).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minors_in_a_row_are_told_by_the_first_and_the_last() {
        assert_eq!(spans(&[2]), "v1.2");
        assert_eq!(spans(&[2, 34, 35, 36, 37]), "v1.2, v1.34 to v1.37");
        assert_eq!(spans(&(16..MINORS).collect::<Vec<_>>()), "v1.16 or newer");
    }
}
