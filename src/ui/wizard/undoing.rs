//! What is taken back, and how far that is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::ExitCode;
use crate::engine::undo::UndoList;
use crate::plan::place::Place;
use crate::ui::output;

/// What is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TakeBack {
    /// What the last run did that changed something: on one worker, or everywhere.
    Run(Option<String>),
    /// All that was ever done on a worker; it leaves the cluster.
    Worker(String),
}

impl TakeBack {
    /// In a few words.
    pub fn title(&self) -> String {
        match self {
            Self::Run(Some(host)) => format!("Undo this run on {host}"),
            Self::Run(None) => "Undo this run everywhere".to_owned(),
            Self::Worker(host) => format!("Remove {host} from the cluster"),
        }
    }

    /// The word of the button that does it.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Run(_) => "Undo",
            Self::Worker(_) => "Remove",
        }
    }

    /// The worker it is about, when it is one.
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Run(host) => host.as_deref(),
            Self::Worker(host) => Some(host),
        }
    }
}

/// Everything that will happen, as it is shown before the name is typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeBackList {
    /// What is taken back.
    pub what: TakeBack,
    /// The name that is typed.
    pub name: String,
    /// The lines `gangplank undo` shows.
    pub lines: Vec<String>,
    /// Where something is done.
    pub places: Vec<Place>,
    /// How many actions.
    pub actions: usize,
}

impl TakeBackList {
    /// As `gangplank undo` and `gangplank remove` say it too.
    pub fn of(what: TakeBack, all: &UndoList, cluster: &str) -> Self {
        let workers: Vec<String> = what.host().map(str::to_owned).into_iter().collect();
        let some = || all.places.iter().filter(|(_, actions)| !actions.is_empty());
        Self {
            name: what.host().unwrap_or(cluster).to_owned(),
            lines: output::undo::text(all, &workers).lines().map(str::to_owned).collect(),
            places: some().map(|(place, _)| place.clone()).collect(),
            actions: some().map(|(_, actions)| actions.len()).sum(),
            what,
        }
    }
}

/// How far it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Undoing {
    /// What is taken back.
    pub what: TakeBack,
    /// Since when, once somebody agreed; until then nothing is changed.
    pub since: Option<Timestamp>,
    /// Actions done.
    pub done: usize,
    /// Of how many.
    pub of: usize,
    /// With what it ended.
    pub code: Option<ExitCode>,
}
