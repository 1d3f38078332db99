//! From Review to Run: what was shown and agreed to is remembered, and a run that would send something else stops
//! before it sends anything of it.

use std::collections::{BTreeMap, BTreeSet};

use super::inspect::PlacePreview;
use crate::plan::action::{Action, Content, sha256};
use crate::plan::code::ProblemCode;
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy};
use crate::step::{StepId, StepState};

/// Lines of evidence for one kind of difference.
const SHOWN: usize = 8;

/// What a person has seen and agreed to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reviewed {
    places: BTreeMap<Place, Agreed>,
}

/// What was seen of one place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Agreed {
    steps: BTreeMap<StepId, Vec<ReviewedAction>>,
    /// What follows the last step depends on what it does, so it could not be seen.
    behind: bool,
    /// It did not know us yet, so nothing of it could be seen.
    unknown: bool,
}

/// One action as it was shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ReviewedAction {
    title: String,
    shell: String,
    content: String,
}

impl ReviewedAction {
    fn of(action: &Action) -> Self {
        let content = match action.content() {
            Some(Content::Literal(bytes)) => sha256(bytes),
            Some(Content::Later(_) | Content::File { .. } | Content::Secret(_)) | None => String::new(),
        };
        // Whether a node's name is surely new turns with the API's answer; what is noted is the same.
        let (title, shell) = match action {
            Action::NoteNode { name, .. } => (format!("note the node {name}"), String::new()),
            _ => (action.title(), action.shell().to_string()),
        };
        Self { title, shell, content }
    }
}

impl Reviewed {
    /// Everything a preview showed.
    pub fn of(seen: &[PlacePreview]) -> Self {
        let mut places: BTreeMap<Place, Agreed> = BTreeMap::new();
        for one in seen {
            let agreed = places.entry(one.place.clone()).or_default();
            for looked in &one.looked {
                let shown = match &looked.state {
                    StepState::Todo(actions) => actions.iter().map(ReviewedAction::of).collect(),
                    StepState::Done(_) | StepState::Await(_) | StepState::Blocked(_) => Vec::new(),
                };
                agreed.steps.insert(looked.step.id(), shown);
            }
            let barrier = one
                .looked
                .last()
                .is_some_and(|last| last.step.barrier() && matches!(last.state, StepState::Todo(_)));
            agreed.behind |= barrier;
            agreed.unknown |= one.unknown;
        }
        Self { places }
    }

    /// Compares what is about to be sent; the steps that could not be reviewed and are allowed, or the first step
    /// that is another one and the difference.
    pub fn check(
        &self,
        place: &Place,
        tasks: &[(StepId, Action)],
    ) -> Result<BTreeSet<StepId>, (StepId, Problem)> {
        let nothing = Agreed::default();
        let agreed = self.places.get(place).unwrap_or(&nothing);
        let (mut free, mut new) = (BTreeSet::new(), Vec::new());
        let mut left = agreed.steps.clone();
        for (id, action) in tasks {
            let shown = ReviewedAction::of(action);
            match left.get_mut(id) {
                Some(list) => match list.iter().position(|one| *one == shown) {
                    Some(at) => drop(list.remove(at)),
                    None if agreed.unknown => drop(free.insert(*id)),
                    None => new.push((*id, shown)),
                },
                None if agreed.behind || agreed.unknown => drop(free.insert(*id)),
                None => new.push((*id, shown)),
            }
        }
        let Some((first, _)) = new.first() else { return Ok(free) };
        let mut problem =
            Problem::new(ProblemCode::Review01, format!("{place}: this has changed since the review"))
                .seen("nothing of it was sent");
        for (id, shown) in new.iter().take(SHOWN) {
            let what = match left.get(id).into_iter().flatten().find(|one| one.title == shown.title) {
                Some(before) if before.content != shown.content => "other content",
                Some(_) => "other command",
                None => "new",
            };
            problem = problem.seen(format!("{what}, {id}: {}", shown.title));
        }
        if new.len() > SHOWN {
            problem = problem.seen(format!("and {} more", new.len() - SHOWN));
        }
        let steps: BTreeSet<StepId> = new.iter().map(|(id, _)| *id).collect();
        let gone = steps.iter().flat_map(|id| left.get(id).into_iter().flatten().map(move |one| (id, one)));
        let gone = gone.filter(|(_, one)| !new.iter().any(|(_, shown)| shown.title == one.title));
        for (id, one) in gone.take(SHOWN) {
            problem = problem.seen(format!("no longer, {id}: {}", one.title));
        }
        Err((*first, problem.manual("look at the review again and start from there").way(Remedy::Skip)))
    }
}
