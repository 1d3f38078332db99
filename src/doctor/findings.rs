//! What was found on a worker, before it is put in order.

use crate::plan::code::ProblemCode;
use crate::plan::problem::Problem;

/// What a step that is not blocked by another one found.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) faults: Vec<Problem>,
    pub(super) unknown: Vec<Problem>,
    pub(super) notes: Vec<String>,
    pub(super) well: Vec<String>,
    /// How long ago the API heard of the kubelet, seconds.
    pub(super) heard_s: Option<u64>,
}

impl Findings {
    /// Whether one of these was found.
    pub(super) fn has(&self, codes: &[ProblemCode]) -> bool {
        self.faults.iter().any(|problem| codes.contains(&problem.code))
    }

    pub(super) fn add(&mut self, problem: Problem) {
        let list = if problem.code == ProblemCode::Fact01 { &mut self.unknown } else { &mut self.faults };
        // Several steps say the same of a missing program.
        if !list.iter().any(|known| known.code == problem.code && known.what == problem.what) {
            list.push(problem);
        }
    }
}
