//! What a drain of a worker will do, in lines.

use crate::engine::drain::{DrainWish, NOT_READY};
use crate::kube::drain::{DrainList, Evictee};
use crate::plan::clean;

/// Who makes a pod anew, and its budgets.
fn about(one: &Evictee) -> String {
    let owner = if one.owner.is_empty() { "it has ended".to_owned() } else { clean::words(&one.owner) };
    let budgets = one.budgets.iter().map(|budget| format!("; {budget}"));
    std::iter::once(owner).chain(budgets).collect()
}

/// The lines; `list` is nothing where the API knows no such node.
pub fn lines(worker: &str, list: Option<&DrainList>, wish: DrainWish) -> Vec<String> {
    let Some(list) = list else {
        return vec![format!("{worker} is no node of the cluster: nothing is drained")];
    };
    if !list.ready {
        return vec![format!("{worker}: {NOT_READY}")];
    }
    let mut out = vec![format!("first {worker} is cordoned, and these pods leave it")];
    out.extend(list.leave.iter().map(|one| format!("  {one} ({})", about(one))));
    let word = if wish.lost { "leaves, and" } else { "is in the way:" };
    out.extend(list.lost.iter().map(|(one, why)| format!("  {one} {word} {why}")));
    if list.leave.is_empty() && list.lost.is_empty() {
        out.push("  none".to_owned());
    }
    if !list.budgets_why.is_empty() {
        out.push(format!("  their disruption budgets could not be read: {}", list.budgets_why));
    }
    out.extend(list.stay.iter().map(|(one, why)| format!("  {one} stays: {why}")));
    out
}
