//! What a run is asked: which workers, how many at a time, at which pace, how it is stopped and what it may write.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::engine::review::Reviewed;
use crate::engine::session::folder::Session;
use crate::engine::session::journal::Journal;
use crate::engine::session::nodes::SeenNode;
use crate::engine::signing::offline::OfflineCerts;
use crate::host::Stop;

/// Hosts worked on at once when nobody says how many.
const JOBS: usize = 16;

/// What a run is asked.
pub struct RunOptions<'a> {
    /// The run's id: time and process, sortable.
    pub run: String,
    /// The person's wish to stop.
    pub stop: &'a Stop,
    /// Hosts worked on at once.
    pub jobs: usize,
    /// One batch for each step, agreed to by the person, instead of as few as possible.
    pub guided: bool,
    /// Only these workers; empty = all.
    pub only: Vec<String>,
    /// The session, when this run may change something.
    pub session: Option<&'a Session>,
    /// Writes down what is about to be done.
    pub journal: Journal,
    /// Uids of the API objects that earlier runs made.
    pub made: BTreeSet<String>,
    /// The nodes that earlier runs from here saw, oldest first.
    pub seen: Vec<SeenNode>,
    /// What was reviewed; anything else is not sent. `None` = nobody reviewed.
    pub reviewed: Option<Reviewed>,
    /// Where certificates of an offline CA come in.
    pub offline: OfflineCerts,
    /// Certificates that end within this time are renewed; `None` = within the usual time.
    pub renew: Option<SignedDuration>,
}

impl<'a> RunOptions<'a> {
    /// A run of all workers, straight, that keeps no session.
    pub fn new(run: &str, stop: &'a Stop) -> Self {
        Self {
            run: run.to_owned(),
            stop,
            jobs: JOBS,
            guided: false,
            only: Vec::new(),
            session: None,
            journal: Journal::none(),
            made: BTreeSet::new(),
            seen: Vec::new(),
            reviewed: None,
            offline: OfflineCerts::default(),
            renew: None,
        }
    }
}
