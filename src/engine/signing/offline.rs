//! An offline CA: the requests of a run gather in one folder, beside a script that signs them wherever the CA's
//! key is, and wait there until their certificates come back, as files or as pasted text. Nothing here signs; what
//! comes back is checked field by field before anybody gets it. A later run finds the same folder again.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::engine::cluster::facts::{SharedFacts, millis};
use crate::engine::event::Event;
use crate::engine::inspect::WorkSite;
use crate::engine::run::Engine;
use crate::engine::signing::signer::{SignRequest, pki_problem};
use crate::pki::{self, CaInfo, CertificateDifference, PkiError, offline};
use crate::plan::action::sha256;
use crate::plan::code::ProblemCode;
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy};

/// How often the folder is looked at.
const POLL: Duration = Duration::from_millis(300);
/// Certificates start so much before they are asked for.
const BACK: SignedDuration = SignedDuration::from_mins(5);
/// What is run where the CA's key is.
const COMMAND: &str = "sh sign.sh CA.crt CA.key";

/// The requests that wait for an offline CA.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bundle {
    /// Where they lie, `offline/` in the session's folder; certificates may be put there.
    pub folder: PathBuf,
    /// Those whose certificates are still to come.
    pub waiting: Vec<WaitingRequest>,
    /// What to run with that folder where the CA's key is.
    pub command: String,
    /// Names of those whose certificates have come and fit.
    pub arrived: Vec<String>,
    /// Files that came and do not fit: the name, and why.
    pub refused: Vec<(String, Problem)>,
    /// Places that may still bring requests; empty = the bundle is whole.
    pub coming: Vec<Place>,
}

/// One request that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingRequest {
    /// Its name: `NAME.csr` is the request, `NAME.crt` will be the certificate.
    pub name: String,
    /// The request's file.
    pub csr: PathBuf,
    /// The subject the certificate must have.
    pub subject: String,
}

/// Where certificates of an offline CA come in; its clones are the same place.
#[derive(Clone, Default)]
pub struct OfflineCerts(Arc<OfflineShared>);

#[derive(Default)]
struct OfflineShared {
    desk: Mutex<OfflineQueue>,
    /// The state that was told last; held while telling, so that nobody hears an older one after a newer.
    told: Mutex<u64>,
}

#[derive(Default)]
struct OfflineQueue {
    folder: PathBuf,
    ca: Option<CaInfo>,
    entries: BTreeMap<String, OfflineEntry>,
    refused: BTreeMap<String, (String, Problem)>,
    coming: BTreeSet<Place>,
    /// Counts changes.
    state: u64,
    looked_ms: Option<i64>,
    announced: bool,
}

struct OfflineEntry {
    wanted: SignRequest,
    cert: Option<String>,
}

impl OfflineQueue {
    fn bundle(&self) -> Bundle {
        let waiting = self.entries.iter().filter(|(_, entry)| entry.cert.is_none());
        Bundle {
            folder: self.folder.clone(),
            waiting: waiting
                .map(|(name, entry)| WaitingRequest {
                    name: name.clone(),
                    csr: self.folder.join(format!("{name}.csr")),
                    subject: entry.wanted.request.subject_text(),
                })
                .collect(),
            command: COMMAND.to_owned(),
            arrived: self
                .entries
                .iter()
                .filter(|(_, entry)| entry.cert.is_some())
                .map(|(name, _)| name.clone())
                .collect(),
            refused: self
                .refused
                .iter()
                .map(|(file, (_, problem))| (file.clone(), problem.clone()))
                .collect(),
            coming: self.coming.iter().cloned().collect(),
        }
    }

    /// Takes a certificate that fits a request.
    fn take(&mut self, name: &str, pem: &str, now: Timestamp) -> Result<(), Problem> {
        let (Some(ca), Some(entry)) = (&self.ca, self.entries.get_mut(name)) else {
            return Err(nothing_waits());
        };
        let cert = judge(&entry.wanted, pem, ca, now).map_err(|found| does_not_fit(name, &found))?;
        entry.cert = Some(cert);
        self.refused.remove(&format!("{name}.crt"));
        self.state += 1;
        Ok(())
    }

    /// Looks at the files that have come; what does not fit and is new.
    fn look(&mut self, now: Timestamp) -> Vec<(String, Problem)> {
        let ms = millis(now);
        let pause = i64::try_from(POLL.as_millis()).unwrap_or(300);
        if self.looked_ms.is_some_and(|last| (0..pause).contains(&ms.saturating_sub(last))) {
            return Vec::new();
        }
        self.looked_ms = Some(ms);
        let waiting = self.entries.iter().filter(|(_, entry)| entry.cert.is_none());
        let names: Vec<String> = waiting.map(|(name, _)| name.clone()).collect();
        let mut news = Vec::new();
        for name in names {
            let file = format!("{name}.crt");
            let Ok(bytes) = std::fs::read(self.folder.join(&file)) else {
                self.state += u64::from(self.refused.remove(&file).is_some());
                continue;
            };
            let hash = sha256(&bytes);
            if self.refused.get(&file).is_some_and(|(known, _)| *known == hash) {
                continue;
            }
            if let Err(problem) = self.take(&name, &String::from_utf8_lossy(&bytes), now) {
                self.refused.insert(file.clone(), (hash, problem.clone()));
                self.state += 1;
                news.push((file, problem));
            }
        }
        news
    }

    fn write(&self, cluster: &str, now: Timestamp) -> Result<(), Problem> {
        let Some(ca) = &self.ca else { return Ok(()) };
        let trouble = |error: std::io::Error| {
            Problem::new(ProblemCode::Session01, format!("{} cannot be written", self.folder.display()))
                .seen(error.to_string())
                .way(Remedy::Retry)
        };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(trouble)?;
        let waiting: Vec<_> = self.entries.iter().filter(|(_, entry)| entry.cert.is_none()).collect();
        for (name, entry) in &waiting {
            write(&self.folder, &format!("{name}.csr"), &entry.wanted.csr, 0o644).map_err(trouble)?;
        }
        let asks: Vec<offline::OfflineRequest> = waiting
            .iter()
            .map(|(name, entry)| offline::OfflineRequest { name, request: &entry.wanted.request })
            .collect();
        let script = offline::script(cluster, &asks, ca, now).map_err(|error| pki_problem(&error))?;
        write(&self.folder, "sign.sh", &script, 0o755).map_err(trouble)
    }
}

/// Writes a file whole or not at all.
fn write(folder: &Path, name: &str, text: &str, mode: u32) -> std::io::Result<()> {
    let part = folder.join(format!(".{name}.part"));
    let mut file =
        std::fs::OpenOptions::new().create(true).truncate(true).write(true).mode(mode).open(&part)?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    std::fs::rename(part, folder.join(name))
}

/// Whether a certificate is the one that is wanted, and will do for a while.
fn judge(
    wanted: &SignRequest,
    pem: &str,
    ca: &CaInfo,
    now: Timestamp,
) -> Result<String, Vec<CertificateDifference>> {
    // Its own chain may come with it.
    let mut blocks = offline::pem_blocks(pem);
    blocks.retain(|block| !is_ca(block, ca));
    let pem = blocks.concat();
    // How long it took to carry it here and there must not count: its life is measured from its own start.
    let start = pki::examine(pem.as_bytes()).map_err(|_| vec![CertificateDifference::Unreadable])?.not_before;
    let asked = start.saturating_add(BACK).unwrap_or(now).min(now);
    let issued = pki::verify_issued(&pem, &wanted.request, &wanted.spki, ca, asked, now)?;
    let left = pki::compare(&issued.facts, &wanted.request, Some(&wanted.spki), ca, now);
    if left.is_empty() { Ok(issued.pem) } else { Err(left) }
}

fn is_ca(pem: &str, ca: &CaInfo) -> bool {
    pki::examine(pem.as_bytes()).is_ok_and(|cert| cert.fingerprint == ca.cert.fingerprint)
}

fn does_not_fit(name: &str, found: &[CertificateDifference]) -> Problem {
    let code = PkiError::NotAsWanted(found.to_vec()).code();
    let problem = Problem::new(code, format!("the certificate for {name} is not the one that waits"));
    let problem = found.iter().fold(problem, |problem, one| problem.seen(one.to_string()));
    problem.manual("sign the request again with sign.sh, and bring the new certificate")
}

fn nothing_waits() -> Problem {
    Problem::new(ProblemCode::Offline02, "no request waits for a certificate now")
        .manual("wait until the requests are there, then bring the certificates")
}

impl OfflineCerts {
    fn desk(&self) -> MutexGuard<'_, OfflineQueue> {
        self.0.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What waits now.
    pub fn bundle(&self) -> Bundle {
        self.desk().bundle()
    }

    /// Takes pasted certificates, PEM, one or several; the names of those that fit. Each is kept as a file beside
    /// its request, so that a later run finds it. When any does not fit the words say which and why; the others
    /// are taken all the same.
    pub fn give(&self, text: &str, now: Timestamp) -> Result<Vec<String>, Problem> {
        let mut desk = self.desk();
        let Some(ca) = desk.ca.clone() else { return Err(nothing_waits()) };
        let mut blocks = offline::pem_blocks(text);
        let all = blocks.len();
        blocks.retain(|block| !is_ca(block, &ca));
        if blocks.is_empty() {
            let only_ca =
                if all > 0 { "it holds the CA's own certificate, which is here already" } else { "" };
            return Err(Problem::new(ProblemCode::Offline01, "this text holds no certificate for a request")
                .seen(only_ca)
                .manual("paste whole certificates, from -----BEGIN CERTIFICATE----- to its END line"));
        }
        let (mut taken, mut bad) = (Vec::new(), Vec::new());
        for block in &blocks {
            match desk.paste(block, now) {
                Ok(name) => taken.push(name),
                Err(problem) => bad.push(problem),
            }
        }
        drop(desk);
        let Some(first) = bad.first() else { return Ok(taken) };
        if let ([_], true) = (bad.as_slice(), taken.is_empty()) {
            return Err(first.clone());
        }
        let what = format!("{} of {} certificates do not fit", bad.len(), blocks.len());
        let mut problem = Problem::new(first.code, what);
        for one in &bad {
            problem = problem.seen(one.what.clone());
            problem.evidence.extend(one.evidence.iter().cloned());
        }
        if !taken.is_empty() {
            problem = problem.seen(format!("taken: {}", taken.join(", ")));
        }
        Err(problem.manual("sign those again with sign.sh"))
    }
}

impl OfflineQueue {
    /// Takes one pasted certificate; it is found by its key.
    fn paste(&mut self, block: &str, now: Timestamp) -> Result<String, Problem> {
        let facts = pki::examine(block.as_bytes()).map_err(|error| pki_problem(&error))?;
        let of_this_key = |(_, entry): &(&String, &OfflineEntry)| {
            entry.wanted.spki.eq_ignore_ascii_case(&facts.spki_sha256)
        };
        let Some(name) = self.entries.iter().find(of_this_key).map(|(name, _)| name.clone()) else {
            return Err(Problem::new(ProblemCode::Offline03, "no request has the key of this certificate")
                .seen(format!("its subject is {}", facts.subject_text()))
                .manual("take the certificates of the requests that lie in the folder now"));
        };
        self.take(&name, block, now)?;
        let kept = self.entries.get(&name).and_then(|entry| entry.cert.clone()).unwrap_or_default();
        // Without the file this run has it all the same, only a later one would ask again.
        let _ = write(&self.folder, &format!("{name}.crt"), &kept, 0o644);
        Ok(name)
    }
}

/// Certificates, or the answer for each request that cannot even wait; `None` = the person stopped.
pub(crate) type Gathered = Option<Vec<Result<String, Problem>>>;

impl Engine<'_> {
    /// A run begins: these places may bring requests.
    pub(crate) fn expect_requests(&self) {
        let mut desk = self.options.offline.desk();
        let state = desk.state + 1;
        let workers = self.workers().into_iter().map(|worker| Place::Worker(worker.name.clone()));
        *desk = OfflineQueue {
            state,
            coming: workers.chain([Place::Local]).collect(),
            ..OfflineQueue::default()
        };
    }

    /// This place brings no requests any more.
    pub(crate) fn no_more_requests(&self, place: &Place) {
        let gone = {
            let mut desk = self.options.offline.desk();
            let gone = desk.coming.remove(place);
            desk.state += u64::from(gone);
            gone && !desk.entries.is_empty()
        };
        if gone {
            self.tell_bundle();
        }
    }

    /// Puts a place's requests into the bundle and waits for all their certificates.
    pub(crate) fn gather(
        &self,
        base: &SharedFacts,
        site: &WorkSite,
        requests: Vec<(String, SignRequest)>,
        signed: &dyn Fn(usize, bool),
    ) -> Gathered {
        let names: Vec<String> = requests.iter().map(|(name, _)| name.clone()).collect();
        if let Err(problem) = self.put_down(base, &site.place, requests) {
            return Some(names.iter().map(|_| Err(problem.clone())).collect());
        }
        // Others may work meanwhile: all requests shall come together, however few hosts work at a time.
        let _waits = site.slots.map(crate::engine::sync::Slots::lend);
        let mut told = BTreeSet::new();
        loop {
            let (news, certs) = {
                let mut desk = self.options.offline.desk();
                let news = desk.look(self.world.now());
                let cert = |name: &String| desk.entries.get(name).and_then(|entry| entry.cert.clone());
                (news, names.iter().map(cert).collect::<Vec<_>>())
            };
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
        base: &SharedFacts,
        place: &Place,
        requests: Vec<(String, SignRequest)>,
    ) -> Result<(), Problem> {
        for (_, wanted) in &requests {
            crate::engine::signing::signer::check(wanted)?;
        }
        let Some(session) = self.options.session else {
            return Err(Problem::new(ProblemCode::Bug07, "certificates are waited for without a session"));
        };
        let mut desk = self.options.offline.desk();
        desk.folder = session.folder.join("offline");
        desk.ca = Some(base.signer.info().clone());
        desk.coming.remove(place);
        for (name, wanted) in requests {
            desk.entries.insert(name, OfflineEntry { wanted, cert: None });
        }
        desk.state += 1;
        // What is there already needs no signing again.
        desk.looked_ms = None;
        desk.look(self.world.now());
        desk.looked_ms = None;
        desk.write(&self.plan.cluster.name, self.world.now())
    }

    /// Tells the front when the bundle is another one, and everybody once it is whole.
    fn tell_bundle(&self) {
        let mut told = self.options.offline.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (bundle, announce) = {
            let mut desk = self.options.offline.desk();
            if *told == desk.state {
                return;
            }
            *told = desk.state;
            let bundle = desk.bundle();
            let whole = bundle.coming.is_empty() && !bundle.waiting.is_empty() && !desk.announced;
            desk.announced |= whole;
            (bundle, whole)
        };
        self.events.front().offline(&bundle);
        if announce {
            let names: Vec<&str> = bundle.waiting.iter().map(|one| one.name.as_str()).collect();
            let text = format!(
                "waits for {} certificates of the offline CA ({}): take {} to where its key is, run there: {}, and bring \
                 the .crt files back into that folder; a stopped run goes on from here",
                names.len(),
                names.join(", "),
                bundle.folder.display(),
                bundle.command
            );
            self.events.tell(&Place::Local, None, Event::Note { text });
        }
    }
}
