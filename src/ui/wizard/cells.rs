//! The matrix of a run: how far every step is on every place.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::place::Place;

/// A cell of the matrix.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cell {
    /// How far it is.
    pub state: CellState,
    /// Actions done.
    pub done: usize,
    /// Of how many; 0 = not known.
    pub of: usize,
    /// Words about the end.
    pub words: String,
    /// Seconds of the run at which the waiting began, and the deadline in seconds, when there is one.
    pub since: Option<f64>,
    /// Bytes sent and in all, while a file is on its way.
    pub sent: Option<(u64, u64)>,
}

/// How far a step is on a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CellState {
    /// Not begun.
    #[default]
    Waiting,
    /// Going on.
    Running,
    /// Something was done.
    Changed,
    /// As it was.
    Same,
    /// It became true.
    Proven,
    /// Could not be shown.
    Unproven,
    /// Left alone.
    Skipped,
    /// It has a problem.
    Failed,
    /// Held back by a failure or the person.
    Held,
}

/// All cells. Those that matter now are known without a walk through the others, which are thousands where hundreds
/// of workers come aboard.
#[derive(Debug, Default)]
pub struct Cells {
    by_place: BTreeMap<Place, BTreeMap<&'static str, Cell>>,
    active: BTreeSet<(Place, &'static str)>,
}

impl Cells {
    /// The cell of a step on a place; `None` = nothing was heard of it.
    pub fn get(&self, place: &Place, step: &str) -> Option<&Cell> {
        self.by_place.get(place)?.get(step)
    }

    /// The cells of a place by step.
    pub fn of(&self, place: &Place) -> Option<&BTreeMap<&'static str, Cell>> {
        self.by_place.get(place)
    }

    /// Changes a cell, which is made if it is not there.
    pub fn change(&mut self, place: &Place, step: &'static str, change: impl FnOnce(&mut Cell)) {
        if !self.by_place.contains_key(place) {
            self.by_place.insert(place.clone(), BTreeMap::new());
        }
        let Some(steps) = self.by_place.get_mut(place) else { return };
        let cell = steps.entry(step).or_default();
        let before = cell.state.is_active();
        change(cell);
        match (before, cell.state.is_active()) {
            (false, true) => {
                self.active.insert((place.clone(), step));
            }
            (true, false) => {
                self.active.remove(&(place.clone(), step));
            }
            (true, true) | (false, false) => {}
        }
    }

    /// Something was heard of a step somewhere.
    pub fn told(&self, step: &str) -> bool {
        self.by_place.values().any(|steps| steps.contains_key(step))
    }

    /// Holds what runs, at the places that this says of.
    pub fn hold_running(&mut self, at: impl Fn(&Place) -> bool) {
        self.hold(at, CellState::Running);
    }

    /// Holds what has not begun, at the places that this says of.
    pub fn hold_waiting(&mut self, at: impl Fn(&Place) -> bool) {
        self.hold(at, CellState::Waiting);
    }

    fn hold(&mut self, at: impl Fn(&Place) -> bool, held: CellState) {
        for (_, steps) in self.by_place.iter_mut().filter(|(place, _)| at(place)) {
            for cell in steps.values_mut().filter(|cell| cell.state == held) {
                cell.state = CellState::Held;
            }
        }
        let Self { by_place, active } = self;
        active.retain(|(place, step)| {
            let cell = by_place.get(place).and_then(|steps| steps.get(step));
            cell.is_some_and(|cell| cell.state.is_active())
        });
    }

    /// Forgets the cells of a place.
    pub fn forget(&mut self, gone: &Place) {
        self.by_place.remove(gone);
        self.active.retain(|(place, _)| place != gone);
    }

    /// What runs now, in the order of the places.
    pub fn running(&self) -> impl DoubleEndedIterator<Item = (&Place, &'static str, &Cell)> {
        self.active.iter().filter_map(|(place, step)| {
            let cell = self.get(place, step)?;
            (cell.state == CellState::Running).then_some((place, *step, cell))
        })
    }

    /// A step of this id runs, or failed, on some place.
    pub fn active_steps(&self) -> BTreeSet<&'static str> {
        self.active.iter().map(|(_, step)| *step).collect()
    }
}

impl CellState {
    /// It is looked at first: it runs, or it failed.
    fn is_active(self) -> bool {
        matches!(self, CellState::Running | CellState::Failed)
    }
}
