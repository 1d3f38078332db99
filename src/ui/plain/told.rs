//! What was said of a run already.

use std::collections::BTreeMap;

use crate::plan::place::Place;
use crate::ui::wizard::run_state::Offline;

/// What was told of a run.
#[derive(Default)]
pub(super) struct RunTold {
    /// When a step began on a place.
    pub(super) begun: BTreeMap<(Place, &'static str), f64>,
    /// Tenths of an upload, by place.
    pub(super) tenths: BTreeMap<Place, u64>,
    /// The person wants no more steps of this run.
    pub(super) stopped: bool,
    /// What was said of the offline CA.
    pub(super) offline: Option<Offline>,
}
