//! Versions as a prerequisite: what the plan states, and what is newer than this program knows.

use super::input::StepInput;
use crate::plan::minors;
use crate::plan::problem::Verdict;

/// What is to say of the versions of kubelet and API server; which kubelets are served is judged with the profile.
pub(super) fn verdicts(cx: &StepInput) -> Vec<Verdict> {
    stated_version(cx).into_iter().chain(beyond_the_table(cx)).collect()
}

/// A version in the plan is a wish; what the machines report decides.
fn stated_version(cx: &StepInput) -> Option<Verdict> {
    let stated = cx.plan.cluster.kubernetes?;
    let found = cx.kubelet_version()?;
    // A minor alone says nothing of a patch.
    let same = stated == found || stated.patch == 0 && stated.without_patch() == found.without_patch();
    (!same).then(|| {
        Verdict::warning(
            "version",
            format!("the kubelet is {found}, the plan says {stated}"),
            "what the kubelet is decides what is written",
        )
    })
}

/// A minor that is newer than what was read for this program is set up as the newest that was.
fn beyond_the_table(cx: &StepInput) -> Option<Verdict> {
    let known = [("kubelet", cx.kubelet_version()), ("API server", cx.cluster.version)];
    let (what, version) = known
        .into_iter()
        .find_map(|(what, version)| Some((what, version.filter(|one| minors::is_newer(*one))?)))?;
    let newest = minors::NEWEST.without_patch();
    Some(Verdict::warning(
        "version",
        format!(
            "the {what} is {version}, newer than this gangplank knows: it is served as {newest}, the newest"
        ),
        "look into its release notes for what the kubelet does not take any more, or use a newer gangplank",
    ))
}
