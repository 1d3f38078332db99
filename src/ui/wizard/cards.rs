//! What a screen shows and is dear to make, kept beside what it was made of: the cards of the certificates, the
//! manifest of the cluster DNS.

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

/// The objects of the cluster DNS by name, as YAML, or why there are none.
pub type Manifest = Result<Vec<(String, String)>, String>;

/// Something with what it was made of: it says what is true while that is the same.
#[derive(Debug, Clone)]
pub struct Kept<T> {
    /// What it was made of.
    pub of: MadeOf,
    /// What was made.
    pub made: Arc<T>,
}

impl<T> Kept<T> {
    /// What is kept, when it would be made of the same now.
    pub fn still(kept: Option<&Self>, of: Option<&MadeOf>) -> Option<Arc<T>> {
        kept.zip(of).filter(|(kept, of)| kept.of.same(of)).map(|(kept, _)| Arc::clone(&kept.made))
    }
}

/// All that it depends on.
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
    /// What is made of the other would be the same.
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
