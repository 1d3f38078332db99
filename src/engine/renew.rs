//! A renewal: which workers it is for, and that no further one is begun where one did not come back.

use super::certificates::DatedCertificate;
use super::exit::ExitCode;
use super::run::Engine;
use super::session::journal;
use crate::plan::place::Place;

/// What a renewal is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueCertificates {
    /// Those that end in time, the CA's own not among them: that one is made anew by nobody here.
    pub due: Vec<DatedCertificate>,
    /// Those that could not be looked at.
    pub unknown: Vec<DatedCertificate>,
    /// The workers that a run is for, in the plan's order, those at the head that the last renewal began and did not end.
    pub workers: Vec<String>,
    /// How many at the head those are.
    pub unfinished: usize,
}

/// How a renewal of several workers went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// How the last run of it ended.
    pub code: ExitCode,
    /// The workers of that run.
    pub last: Vec<String>,
    /// Those that were not begun any more.
    pub left: Vec<String>,
}

impl Engine<'_> {
    /// Looks which certificates end within so many days, and whom a renewal is for.
    pub fn due(&self, within: u32) -> DueCertificates {
        let (known, unknown): (Vec<_>, Vec<_>) =
            self.certificates().into_iter().partition(|one| one.life.is_ok());
        let ends = |one: &DatedCertificate| {
            one.life.as_ref().is_ok_and(|life| !life.ca && life.days < i64::from(within))
        };
        let due: Vec<DatedCertificate> = known.into_iter().filter(ends).collect();
        let begun =
            self.options.session.map(|session| journal::unfinished(&session.folder)).unwrap_or_default();
        let names = || self.workers().into_iter().map(|worker| worker.name.clone());
        let is_due = |name: &String| due.iter().any(|one| one.places.contains(&Place::Worker(name.clone())));
        let mut workers: Vec<String> = names().filter(|name| begun.contains(name)).collect();
        let unfinished = workers.len();
        workers.extend(names().filter(|name| !begun.contains(name) && is_due(name)));
        if workers.is_empty() && !due.is_empty() {
            // Our own login's is issued anew by a run of whichever worker.
            workers.extend(names().next());
        }
        DueCertificates { due, unknown, workers, unfinished }
    }
}

/// Runs on so many workers at once, then on the next, until a run does not end well. `run` gets the number of the run and
/// its workers.
pub fn in_turn<E>(
    workers: &[String],
    at_once: usize,
    mut run: impl FnMut(usize, &[String]) -> Result<ExitCode, E>,
) -> Result<Renewed, E> {
    let mut renewed = Renewed { code: ExitCode::Done, last: Vec::new(), left: workers.to_vec() };
    for (number, group) in workers.chunks(at_once.max(1)).enumerate() {
        renewed.code = run(number, group)?;
        renewed.last = group.to_vec();
        renewed.left.drain(..group.len());
        if renewed.code != ExitCode::Done {
            break;
        }
    }
    Ok(renewed)
}
