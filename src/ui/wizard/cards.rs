//! The cards of the certificates, kept beside what they were made of.

use std::sync::Arc;

use crate::engine::PlacePreview;
use crate::plan::model::Plan;
use crate::ui::wizard::role::Role;

/// A card.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// Whose and what for.
    pub title: String,
    /// What happens, in a word.
    pub word: String,
    /// How that is meant.
    pub role: Role,
    /// What it says, by name.
    pub lines: Vec<(&'static str, String)>,
    /// Days the new one lives.
    pub days: i64,
    /// Days the one that is there still lives; negative = it has ended.
    pub there: Option<i64>,
    /// How what is there differs.
    pub differs: Vec<(Role, String)>,
}

/// Cards with what they were made of: they say what is true while that is the same.
#[derive(Debug, Clone)]
pub struct KeptCards {
    /// What they were made of.
    pub of: MadeOf,
    /// The cards.
    pub cards: Arc<Vec<Card>>,
}

/// All that the cards depend on.
#[derive(Debug, Clone)]
pub struct MadeOf {
    /// The plan; another one is another allocation.
    pub plan: Arc<Plan>,
    /// What was seen of the hosts.
    pub seen: Option<Arc<Vec<PlacePreview>>>,
    /// The workers of the journey; empty = all.
    pub only: Vec<String>,
    /// Days a new certificate is asked to live.
    pub days: i64,
    /// The hour of the clock, counted from 1970, as lives are told in days.
    pub hour: i64,
}

impl MadeOf {
    /// Cards of the other would be the same.
    pub fn same(&self, other: &Self) -> bool {
        let seen = match (&self.seen, &other.seen) {
            (Some(one), Some(another)) => Arc::ptr_eq(one, another),
            (None, None) => true,
            _ => false,
        };
        seen && Arc::ptr_eq(&self.plan, &other.plan)
            && self.only == other.only
            && (self.days, self.hour) == (other.days, other.hour)
    }
}
