//! A run whose CA is offline: each place puts its requests down and waits for their certificates, and everybody is
//! told once the bundle is whole.

use std::collections::BTreeSet;

use crate::engine::cluster::facts::SharedFacts;
use crate::engine::event::Event;
use crate::engine::inspect::WorkSite;
use crate::engine::run::Engine;
use crate::engine::signing::offline::POLL;
use crate::engine::signing::request::SignRequest;
use crate::engine::sync::Slots;
use crate::plan::code::ProblemCode;
use crate::plan::place::Place;
use crate::plan::problem::Problem;

/// Certificates, or the answer for each request that cannot even wait; `None` = the person stopped.
pub(crate) type Gathered = Option<Vec<Result<String, Problem>>>;

impl Engine<'_> {
    /// A run begins: these places may bring requests.
    pub(crate) fn expect_requests(&self) {
        let workers = self.workers().into_iter().map(|worker| Place::Worker(worker.name.clone()));
        self.options.offline.begin(workers.chain([Place::Local]));
    }

    /// This place brings no requests any more.
    pub(crate) fn no_more_requests(&self, place: &Place) {
        if self.options.offline.no_more(place) {
            self.tell_bundle();
        }
    }

    /// Puts a place's requests into the bundle and waits for all their certificates.
    pub(crate) fn gather(
        &self,
        shared: &SharedFacts,
        site: &WorkSite,
        requests: Vec<(String, SignRequest)>,
        signed: &dyn Fn(usize, bool),
    ) -> Gathered {
        let names: Vec<String> = requests.iter().map(|(name, _)| name.clone()).collect();
        if let Err(problem) = self.put_down(shared, &site.place, requests) {
            return Some(names.iter().map(|_| Err(problem.clone())).collect());
        }
        // Others may work meanwhile: all requests shall come together, however few hosts work at a time.
        let _waits = site.slots.map(Slots::lend);
        let mut told = BTreeSet::new();
        loop {
            let (news, certs) = self.options.offline.look(&names, self.world.now());
            for (file, problem) in news {
                let text = format!("{file} is refused: {}", problem.evidence.join("; "));
                self.events.tell(&Place::Local, None, Event::Note { text });
            }
            for (index, _) in certs.iter().enumerate().filter(|(_, cert)| cert.is_some()) {
                if told.insert(index) {
                    signed(index, true);
                }
            }
            self.tell_bundle();
            if certs.iter().all(Option::is_some) {
                return Some(certs.into_iter().flatten().map(Ok).collect());
            }
            if self.options.stop.wanted() {
                return None;
            }
            self.world.wait(POLL);
        }
    }

    fn put_down(
        &self,
        shared: &SharedFacts,
        place: &Place,
        requests: Vec<(String, SignRequest)>,
    ) -> Result<(), Problem> {
        let Some(session) = self.options.session else {
            return Err(Problem::new(ProblemCode::Bug07, "certificates are waited for without a session"));
        };
        let bundle = (session.folder.join("offline"), self.plan.cluster.name.as_str());
        self.options.offline.put_down(place, bundle, shared.signer.info(), requests, self.world.now())
    }

    /// Tells the front when the bundle is another one, and everybody once it is whole.
    fn tell_bundle(&self) {
        self.options.offline.tell(|bundle, announce| {
            self.events.front().offline(bundle);
            if announce {
                let names: Vec<&str> = bundle.waiting.iter().map(|one| one.name.as_str()).collect();
                let text = format!(
                    "waits for {} certificates of the offline CA ({}): take {} to where its key is, run there: {}, and \
                     bring the .crt files back into that folder; a stopped run goes on from here",
                    names.len(),
                    names.join(", "),
                    bundle.folder.display(),
                    bundle.command
                );
                self.events.tell(&Place::Local, None, Event::Note { text });
            }
        });
    }
}
