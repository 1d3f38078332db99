//! An offline CA: the requests of a run gather in one folder, beside a script that signs them wherever the CA's
//! key is, and wait there until their certificates come back, as files or as pasted text. Nothing here signs; what
//! comes back is checked field by field before anybody gets it. A later run finds the same folder again.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::engine::signing::request::{SignRequest, check, pki_problem};
use crate::host::whole_file;
use crate::limits;
use crate::pki::{self, CaInfo, CertificateDifference, PkiError, offline};
use crate::plan::action::sha256;
use crate::plan::code::ProblemCode;
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy};

/// How often the folder is looked at.
pub(crate) const POLL: Duration = Duration::from_millis(300);
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
    queue: Mutex<OfflineQueue>,
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
        let ms = now.as_millisecond();
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
            let Ok(bytes) = limits::file::read(&self.folder.join(&file), &limits::PEM) else {
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
    whole_file::replace(&folder.join(name), text.as_bytes(), mode)
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
    fn queue(&self) -> MutexGuard<'_, OfflineQueue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What waits now.
    pub fn bundle(&self) -> Bundle {
        self.queue().bundle()
    }

    /// Takes pasted certificates, PEM, one or several; the names of those that fit. Each is kept as a file beside
    /// its request, so that a later run finds it. When any does not fit the words say which and why; the others
    /// are taken all the same.
    pub fn give(&self, text: &str, now: Timestamp) -> Result<Vec<String>, Problem> {
        let mut queue = self.queue();
        let Some(ca) = queue.ca.clone() else { return Err(nothing_waits()) };
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
            match queue.paste(block, now) {
                Ok(name) => taken.push(name),
                Err(problem) => bad.push(problem),
            }
        }
        drop(queue);
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

impl OfflineCerts {
    /// A run begins: these places may bring requests.
    pub(crate) fn begin(&self, places: impl Iterator<Item = Place>) {
        let mut queue = self.queue();
        let state = queue.state + 1;
        *queue = OfflineQueue { state, coming: places.collect(), ..OfflineQueue::default() };
    }

    /// This place brings no requests any more; whether that is news to whoever waits.
    pub(crate) fn no_more(&self, place: &Place) -> bool {
        let mut queue = self.queue();
        let gone = queue.coming.remove(place);
        queue.state += u64::from(gone);
        gone && !queue.entries.is_empty()
    }

    /// Puts a place's requests, by name, into the bundle in `folder`.
    pub(crate) fn put_down(
        &self,
        place: &Place,
        (folder, cluster): (PathBuf, &str),
        ca: &CaInfo,
        requests: Vec<(String, SignRequest)>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        for (_, wanted) in &requests {
            check(wanted)?;
        }
        let mut queue = self.queue();
        queue.folder = folder;
        queue.ca = Some(ca.clone());
        queue.coming.remove(place);
        for (name, wanted) in requests {
            queue.entries.insert(name, OfflineEntry { wanted, cert: None });
        }
        queue.state += 1;
        // What is there already needs no signing again.
        queue.looked_ms = None;
        queue.look(now);
        queue.looked_ms = None;
        queue.write(cluster, now)
    }

    /// Files that have come since and do not fit, and the certificates of these requests as far as they are there.
    pub(crate) fn look(
        &self,
        names: &[String],
        now: Timestamp,
    ) -> (Vec<(String, Problem)>, Vec<Option<String>>) {
        let mut queue = self.queue();
        let news = queue.look(now);
        let cert = |name: &String| queue.entries.get(name).and_then(|entry| entry.cert.clone());
        (news, names.iter().map(cert).collect())
    }

    /// Hands the bundle on when it is another one than before; `true` = it has just become whole. Nobody is told an
    /// older bundle after a newer one.
    pub(crate) fn tell(&self, tell: impl FnOnce(&Bundle, bool)) {
        let mut told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (bundle, announce) = {
            let mut queue = self.queue();
            if *told == queue.state {
                return;
            }
            *told = queue.state;
            let bundle = queue.bundle();
            let whole = bundle.coming.is_empty() && !bundle.waiting.is_empty() && !queue.announced;
            queue.announced |= whole;
            (bundle, whole)
        };
        tell(&bundle, announce);
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
