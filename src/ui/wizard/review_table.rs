//! The steps of all places in the order of the review, and counted: made once for each inspection.

use crate::engine::PlacePreview;
use crate::engine::inspect::StepOutcome;
use crate::plan::action::Action;
use crate::plan::place::Place;
use crate::step::StepState;

/// A row of the review.
#[derive(Clone, Copy)]
pub struct ReviewRow<'a> {
    /// The place.
    pub seen: &'a PlacePreview,
    /// The step; `None` = the place could not be looked at.
    pub looked: Option<&'a StepOutcome>,
}

impl ReviewRow<'_> {
    /// Something stands in its way.
    pub fn is_blocked(&self) -> bool {
        self.looked.map_or(self.seen.problem.is_some(), |looked| looked.blocked().is_some())
    }
}

/// The rows of the review in their order, and their counts. Made once for each inspection: hundreds of hosts have
/// thousands of rows, and each frame asks for them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReviewTable {
    /// Which place and which of its steps; `None` = the place could not be looked at.
    rows: Vec<(usize, Option<usize>)>,
    /// What they are in all.
    pub count: Count,
    /// Whether something stands in the way of the workers' certificates; `None` = there is no worker.
    pub certificates: Option<bool>,
    /// The same of the kubectl context.
    pub kubectl: Option<bool>,
    /// The same of the cluster DNS.
    pub dns: Option<bool>,
}

/// Whether something stands in the way of these steps on these places; `None` = there is no such place.
fn blocked(seen: &[PlacePreview], of: impl Fn(&Place) -> bool, steps: &[&str]) -> Option<bool> {
    let bad = |place: &PlacePreview| {
        let mut own = place.looked.iter().filter(|one| steps.contains(&one.step.id().0));
        place.problem.is_some() || own.any(|one| one.blocked().is_some())
    };
    seen.iter().filter(|place| of(&place.place)).map(bad).reduce(|one, other| one || other)
}

impl ReviewTable {
    /// Places with a problem first, and of each place what stands in its way; else in order.
    pub fn of(seen: &[PlacePreview]) -> Self {
        let mut places: Vec<(usize, &PlacePreview)> = seen.iter().enumerate().collect();
        places.sort_by_key(|(_, place)| place.blocked().is_none());
        let rows = places.into_iter().flat_map(|(at, place)| {
            let broken = place.problem.is_some() && place.looked.is_empty();
            let first = broken.then_some(ReviewRow { seen: place, looked: None });
            let steps = place.looked.iter().map(move |one| ReviewRow { seen: place, looked: Some(one) });
            let numbers = broken.then_some(None).into_iter().chain((0..place.looked.len()).map(Some));
            let mut rows: Vec<(Option<usize>, ReviewRow<'_>)> =
                numbers.zip(first.into_iter().chain(steps)).collect();
            rows.sort_by_key(|(_, row)| !row.is_blocked());
            rows.into_iter().map(move |(step, _)| (at, step))
        });
        Self {
            rows: rows.collect(),
            count: count(seen),
            certificates: blocked(
                seen,
                |place| matches!(place, Place::Worker(_)),
                &["keys", "sign", "certificates"],
            ),
            kubectl: blocked(seen, |place| *place == Place::Local, &["admin", "context", "kubectl"]),
            dns: blocked(seen, |place| *place == Place::Cluster, &["namespace", "dns", "dns-pods"]),
        }
    }

    /// The rows of the places that it was made of.
    pub fn rows<'a>(&'a self, seen: &'a [PlacePreview]) -> ReviewRows<'a> {
        ReviewRows { seen, rows: &self.rows }
    }
}

/// The rows of the review, each made when it is asked for.
#[derive(Clone, Copy, Default)]
pub struct ReviewRows<'a> {
    seen: &'a [PlacePreview],
    rows: &'a [(usize, Option<usize>)],
}

impl<'a> ReviewRows<'a> {
    /// How many there are.
    pub fn len(self) -> usize {
        self.rows.len()
    }

    /// There is none.
    pub fn is_empty(self) -> bool {
        self.rows.is_empty()
    }

    /// The row of this number, counted from 0.
    pub fn get(self, at: usize) -> Option<ReviewRow<'a>> {
        let (place, step) = *self.rows.get(at)?;
        let seen = self.seen.get(place)?;
        let looked = match step {
            Some(step) => Some(seen.looked.get(step)?),
            None => None,
        };
        Some(ReviewRow { seen, looked })
    }

    /// All of them.
    pub fn iter(self) -> impl Iterator<Item = ReviewRow<'a>> {
        (0..self.len()).filter_map(move |at| self.get(at))
    }
}

/// Actions of a step.
pub fn actions(looked: &StepOutcome) -> &[Action] {
    match &looked.state {
        StepState::Todo(actions) => actions,
        StepState::Done(_) | StepState::Await(_) | StepState::Blocked(_) => &[],
    }
}

/// Counts of an inspection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Actions of all places.
    pub actions: usize,
    /// Places that have some.
    pub places: usize,
    /// Places with a problem.
    pub problems: usize,
    /// Steps that are as they should be.
    pub same: usize,
}

fn count(seen: &[PlacePreview]) -> Count {
    let mut count = Count::default();
    for place in seen {
        let of_place: usize = place.looked.iter().map(|one| actions(one).len()).sum();
        count.actions = count.actions.saturating_add(of_place);
        count.places = count.places.saturating_add(usize::from(of_place > 0));
        count.problems = count.problems.saturating_add(usize::from(place.blocked().is_some()));
        let same = place.looked.iter().filter(|one| matches!(one.state, StepState::Done(_))).count();
        count.same = count.same.saturating_add(same);
    }
    count
}
