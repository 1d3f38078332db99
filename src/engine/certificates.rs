//! Every certificate of the workers and of our own login, and how long each is still good. One question for each worker,
//! and none to the API or the CA.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::run::Engine;
use crate::host::Batch;
use crate::pki;
use crate::plan::fact::{FactQuery, Facts, Known};
use crate::plan::model::Worker;
use crate::plan::place::Place;
use crate::profile::Profile;
use crate::step;

/// A certificate that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedCertificate {
    /// Where it lies; the CA's is on every worker.
    pub places: Vec<Place>,
    /// Absolute path.
    pub path: String,
    /// Whose it is and when it ends; or why that is not known.
    pub life: Result<CertificateLife, String>,
}

/// Whose a certificate is and when it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateLife {
    /// The subject on one line.
    pub subject: String,
    /// It is one of a CA.
    pub ca: bool,
    /// Its last second.
    pub end: Timestamp,
    /// Whole days until then by this computer's clock; below 0 = it has ended.
    pub days: i64,
    fingerprint: String,
}

/// The paths on a worker, whatever its profile turns out to be.
fn paths(engine: &Engine, worker: &Worker) -> Vec<String> {
    let of = |profile: &Profile| {
        let own = profile.identities(engine.plan, worker).into_iter().map(|identity| identity.cert);
        own.chain([profile.ca_path().to_owned()]).collect::<Vec<_>>()
    };
    let mut all: Vec<String> = Profile::ALL.iter().flat_map(of).collect();
    all.sort();
    all.dedup();
    all
}

fn life(facts: &Facts, path: &str, now: Timestamp) -> Option<Result<CertificateLife, String>> {
    match facts.file(path) {
        Known::Yes(None) => None,
        Known::Yes(Some(file)) => Some(match pki::examine(file.content.as_deref().unwrap_or_default()) {
            Ok(facts) => Ok(CertificateLife {
                subject: facts.subject_text(),
                ca: facts.ca == Some(true),
                end: facts.not_after,
                days: facts.not_after.duration_since(now).as_secs().div_euclid(86_400),
                fingerprint: facts.fingerprint.clone(),
            }),
            Err(error) => Err(error.to_string()),
        }),
        other => Some(Err(other.why_not().to_owned())),
    }
}

impl Engine<'_> {
    /// Looks at all of them, those that end first at the head; what could not be looked at stands before them.
    pub fn certificates(&self) -> Vec<DatedCertificate> {
        let now = self.world.now();
        let files = |paths: &[String]| Batch {
            queries: paths.iter().map(|path| FactQuery::File { path: path.clone(), content: true }).collect(),
            ..Batch::default()
        };
        let mut all: Vec<DatedCertificate> = Vec::new();
        let mut add = |place: Place, path: &str, life: Result<CertificateLife, String>| {
            // The CA's own lies on every worker.
            let same = |known: &&mut DatedCertificate| {
                known.path == path
                    && known.life.as_ref().is_ok_and(|known| {
                        known.ca && life.as_ref().is_ok_and(|life| life.fingerprint == known.fingerprint)
                    })
            };
            match all.iter_mut().find(same) {
                Some(known) => known.places.push(place),
                None => all.push(DatedCertificate { places: vec![place], path: path.to_owned(), life }),
            }
        };
        let (admin, _) = step::admin_login(self.plan, &self.world.home());
        let local =
            self.world.local().run(&files(std::slice::from_ref(&admin)), self.options.stop, &mut |_| {});
        if let Some(life) = life(&local.facts, &admin, now) {
            add(Place::Local, &admin, life);
        }
        let ask = |worker: &Worker| -> BTreeMap<String, Result<CertificateLife, String>> {
            let (place, paths) = (Place::Worker(worker.name.clone()), paths(self, worker));
            let failed = |why: String| BTreeMap::from([(String::new(), Err(why))]);
            let mut host = match self.world.host(&place, &worker.ssh) {
                Ok(host) => host,
                Err(trouble) => return failed(trouble.problem(&place).what),
            };
            let end = host.run(&files(&paths), self.options.stop, &mut |_| {});
            if let Some(trouble) = end.trouble {
                return failed(trouble.problem(&place).what);
            }
            let lives = paths.iter().filter_map(|path| Some((path.clone(), life(&end.facts, path, now)?)));
            let lives: BTreeMap<_, _> = lives.collect();
            if lives.is_empty() {
                failed("there is no certificate where this plan puts them".to_owned())
            } else {
                lives
            }
        };
        for (worker, told) in self.workers().into_iter().zip(self.each_worker(&ask)) {
            let told = told.unwrap_or_else(|| {
                BTreeMap::from([(String::new(), Err("looking at it ended early".to_owned()))])
            });
            for (path, life) in told {
                add(Place::Worker(worker.name.clone()), &path, life);
            }
        }
        all.sort_by_key(|one| one.life.as_ref().map_or(i64::MIN, |life| life.end.as_second()));
        all
    }
}
