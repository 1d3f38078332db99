//! Where certificates are signed: by a CA whose files are here, or by openssl on the CA's own host, in rounds
//! of whatever requests wait. Every certificate is checked field by field before anybody gets it.

use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::engine::cluster::trust::check_api;
use crate::engine::world::{Cost, World, cost};
use crate::host::{Batch, Host, Stop};
use crate::pki::{self, CaInfo, CaSigner, PkiError, Request, openssl_ca};
use crate::plan::action::{Action, SecretRef};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Known};
use crate::plan::model::{CaPlace, Plan};
use crate::plan::place::Place;
use crate::plan::plan_field::PlanField;
use crate::plan::problem::{Problem, Remedy};

/// The code of a passphrase that does not open the CA's key.
pub(crate) const WRONG_PASSPHRASE: ProblemCode = ProblemCode::Ca04;

/// A CA that is open: what it says of itself, and how it signs.
pub struct Signer {
    info: CaInfo,
    kind: SignerKind,
}

enum SignerKind {
    Local(Box<CaSigner>),
    Remote(Remote),
    /// Somebody signs elsewhere and brings the certificates.
    Offline,
}

struct Remote {
    host: Mutex<Box<dyn Host>>,
    key: String,
    encrypted: bool,
    queue: Mutex<Queue>,
    answered: Condvar,
}

/// So long a round waits for hosts whose keys are being made: one round is less work than several.
const GATHER: Duration = Duration::from_millis(400);

/// A place that is about to bring requests; over when it is dropped.
pub struct Coming<'a>(Option<&'a Remote>);

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        if let Some(remote) = self.0 {
            remote.queue.lock().unwrap_or_else(PoisonError::into_inner).coming -= 1;
            remote.answered.notify_all();
        }
    }
}

#[derive(Default)]
struct Queue {
    next: u64,
    /// Places whose requests come soon.
    coming: usize,
    waiting: Vec<QueuedRequest>,
    answers: std::collections::BTreeMap<u64, Result<String, Problem>>,
    busy: bool,
}

struct QueuedRequest {
    id: u64,
    wanted: SignRequest,
}

/// A certificate that is wanted.
pub struct SignRequest {
    /// The signing request.
    pub csr: String,
    /// What the certificate must say.
    pub request: Request,
    /// The hash of the public key that is on the machine it is for.
    pub spki: String,
}

/// Refuses a request whose key is not the one on the machine it is for.
pub(crate) fn check(one: &SignRequest) -> Result<pki::CheckedCsr, Problem> {
    pki::check_csr(one.csr.as_bytes(), Some(&one.spki), &one.request).map_err(|error| pki_problem(&error))
}

/// Reads a file of the CA on this computer.
pub(crate) fn read(world: &dyn World, path: &Path) -> Result<Zeroizing<Vec<u8>>, Problem> {
    world.read(path).map_err(|error| {
        Problem::new(ProblemCode::Ca12, format!("{} cannot be read", path.display()))
            .seen(error.to_string())
            .edit(PlanField::CaCert, "ca.cert and ca.key")
    })
}

/// A PKI error with its ways out.
pub(crate) fn pki_problem(error: &PkiError) -> Problem {
    let problem = Problem::new(error.code(), error.to_string());
    match error {
        PkiError::PassphraseNeeded => {
            problem.manual("run it at a terminal, where it asks; or give it with --secret ca=fd:3 3<FILE")
        }
        PkiError::WrongPassphrase => problem.seen("nothing was signed").way(Remedy::Retry),
        PkiError::KeyMismatch { .. } => {
            problem.edit(PlanField::CaKey, "ca.key or ca.cert: they must belong together")
        }
        PkiError::CaExpired { .. } => {
            problem.manual("renew the CA certificate first; every certificate of it has ended too")
        }
        PkiError::NotACa { .. } => {
            problem.edit(PlanField::CaCert, "ca.cert: the certificate of the CA itself")
        }
        _ => problem.edit(PlanField::CaCert, "ca"),
    }
}

impl Signer {
    /// Opens the CA of a plan. For one on a host this connects and asks for its facts in one exec. A CA that
    /// is to be made is made when `make`; else it is only described.
    pub fn open(plan: &Plan, world: &dyn World, make: bool) -> Result<Self, Problem> {
        match &plan.ca.place {
            CaPlace::Files { cert, key } => Self::here(world, cert, key),
            CaPlace::New { cert, key } => match (world.read(cert), world.read(key)) {
                (Ok(_), Ok(_)) => Self::here(world, cert, key),
                (Err(_), Err(_)) if make => make_ca(plan, world, cert, key),
                (Err(_), Err(_)) => Err(Problem::new(
                    ProblemCode::Ca11,
                    format!("a new CA would be made at {}", cert.display()),
                )
                .seen("until it exists nothing can be said about certificates")
                .manual("gangplank apply makes it")),
                (there, _) => Err(half_there(there.is_ok(), cert, key)),
            },
            CaPlace::Offline { cert } => {
                let info = CaInfo::load(&read(world, cert)?).map_err(|error| pki_problem(&error))?;
                Ok(Self { info, kind: SignerKind::Offline })
            }
            CaPlace::Host { login, cert, key } => {
                let mut host =
                    world.host(&Place::CaHost, login).map_err(|trouble| trouble.problem(&Place::CaHost))?;
                Self::there(&mut host, cert, key).map(|(info, encrypted)| Self {
                    info,
                    kind: SignerKind::Remote(Remote {
                        host: Mutex::new(host),
                        key: key.clone(),
                        encrypted,
                        queue: Mutex::default(),
                        answered: Condvar::new(),
                    }),
                })
            }
        }
    }

    fn here(world: &dyn World, cert: &Path, key: &Path) -> Result<Self, Problem> {
        let (cert, key) = (read(world, cert)?, read(world, key)?);
        let mut again = false;
        loop {
            let passphrase = pki::needs_passphrase(&key).then(|| world.ca_passphrase(again)).flatten();
            match CaSigner::load(&cert, &key, passphrase.as_ref(), world.now()) {
                Ok(ca) => return Ok(Self { info: ca.info().clone(), kind: SignerKind::Local(Box::new(ca)) }),
                Err(PkiError::WrongPassphrase) if !again => again = true,
                // It was asked for again and nobody answered: the one before is still what is wrong.
                Err(PkiError::PassphraseNeeded) if again => {
                    return Err(pki_problem(&PkiError::WrongPassphrase));
                }
                Err(error) => return Err(pki_problem(&error)),
            }
        }
    }

    fn there(host: &mut Box<dyn Host>, cert: &str, key: &str) -> Result<(CaInfo, bool), Problem> {
        let batch = Batch {
            queries: vec![
                FactQuery::Machine,
                FactQuery::File { path: cert.to_owned(), content: true },
                FactQuery::Key(key.to_owned()),
            ],
            ..Batch::default()
        };
        let end = host.run(&batch, &Stop::default(), &mut |_| {});
        if let Some(trouble) = end.trouble {
            return Err(trouble.problem(&Place::CaHost));
        }
        let missing = |path: &str, why: &str| {
            Problem::new(ProblemCode::Ca12, format!("{path} cannot be read on the CA host"))
                .seen(why.to_owned())
                .edit(PlanField::CaPlace, "ca.where, ca.cert and ca.key")
        };
        let content = match end.facts.file(cert) {
            Known::Yes(Some(file)) => file.content.clone().unwrap_or_default(),
            Known::Yes(None) => return Err(missing(cert, "there is no such file")),
            other => return Err(missing(cert, other.why_not())),
        };
        let info = CaInfo::load(&content).map_err(|error| pki_problem(&error))?;
        let fact = match end.facts.key(key) {
            Known::Yes(Some(fact)) => fact.clone(),
            Known::Yes(None) => return Err(missing(key, "there is no such file")),
            other => return Err(missing(key, other.why_not())),
        };
        if !fact.encrypted && fact.spki_sha256.is_empty() {
            return Err(missing(key, "openssl there cannot read it as a private key"));
        }
        if !fact.encrypted && fact.spki_sha256 != info.cert.spki_sha256 {
            return Err(pki_problem(&PkiError::KeyMismatch { subject: info.subject() }));
        }
        if let Known::Yes(machine) = end.facts.machine()
            && machine.openssl.is_empty()
        {
            return Err(no_openssl());
        }
        Ok((info, fact.encrypted))
    }

    /// The CA's public half.
    pub fn info(&self) -> &CaInfo {
        &self.info
    }

    /// Somebody signs elsewhere and brings the certificates.
    pub fn is_offline(&self) -> bool {
        matches!(self.kind, SignerKind::Offline)
    }

    /// The CA is good to sign now.
    pub fn check(&self, now: Timestamp) -> Result<(), Problem> {
        self.info.check(now).map_err(|error| pki_problem(&error))
    }

    /// Signs one request; `spki` is the hash of the public key that is on the machine it is for.
    pub fn sign(
        &self,
        csr: &str,
        request: &Request,
        spki: &str,
        world: &dyn World,
    ) -> Result<String, Problem> {
        let one = SignRequest { csr: csr.to_owned(), request: request.clone(), spki: spki.to_owned() };
        let nothing = || Err(Problem::new(ProblemCode::Ca14, "the CA signed nothing"));
        self.sign_all(vec![one], self.expect(), world, &|_, _| {}).pop().unwrap_or_else(nothing)
    }

    /// Says that requests come soon, so that one round on the CA's host can sign them with those of others.
    pub fn expect(&self) -> Coming<'_> {
        let remote = match &self.kind {
            SignerKind::Remote(remote) => Some(remote),
            SignerKind::Local(_) | SignerKind::Offline => None,
        };
        if let Some(remote) = remote {
            remote.queue.lock().unwrap_or_else(PoisonError::into_inner).coming += 1;
        }
        Coming(remote)
    }

    /// Signs requests that belong together, on a CA host in one round; `signed` hears how each ended.
    pub fn sign_all(
        &self,
        wanted: Vec<SignRequest>,
        coming: Coming,
        world: &dyn World,
        signed: &dyn Fn(usize, bool),
    ) -> Vec<Result<String, Problem>> {
        match &self.kind {
            SignerKind::Local(ca) => wanted
                .iter()
                .enumerate()
                .map(|(index, one)| {
                    let result = check(one).and_then(|checked| {
                        let serial = pki::Serial::random().map_err(|error| pki_problem(&error))?;
                        ca.sign(&checked.key, &one.request, serial, world.now())
                            .map_err(|error| pki_problem(&error))
                    });
                    signed(index, result.is_ok());
                    result
                })
                .collect(),
            SignerKind::Offline => {
                let nobody = || Err(Problem::new(ProblemCode::Ca14, "an offline CA signs nothing by itself"));
                wanted.iter().map(|one| check(one).and_then(|_| nobody())).collect()
            }
            SignerKind::Remote(remote) => {
                let checked: Vec<_> = wanted.into_iter().map(|one| check(&one).map(|_| one)).collect();
                let results = remote.sign(checked, coming, &self.info, world);
                for (index, result) in results.iter().enumerate() {
                    signed(index, result.is_ok());
                }
                results
            }
        }
    }

    /// What the CA's host cost.
    pub fn cost(&self) -> Option<Cost> {
        match &self.kind {
            SignerKind::Local(_) | SignerKind::Offline => None,
            SignerKind::Remote(remote) => {
                let host = remote.host.lock().unwrap_or_else(PoisonError::into_inner);
                Some(cost(host.as_ref()))
            }
        }
    }
}

/// One file of a CA that is to be made is there, the other is not.
pub(crate) fn half_there(cert_is_there: bool, cert: &Path, key: &Path) -> Problem {
    let (left, gone) = if cert_is_there { (cert, key) } else { (key, cert) };
    Problem::new(ProblemCode::Ca13, format!("{} is there and {} is not", left.display(), gone.display()))
        .seen("a new CA is made only where there is neither")
        .manual(format!("bring the other file, or move {} away", left.display()))
}

/// The CA's host cannot sign.
pub(crate) fn no_openssl() -> Problem {
    Problem::new(ProblemCode::Openssl01, "openssl is not installed on the CA host")
        .manual("install the package openssl there, or name the CA's files here")
}

/// The length of a new CA's life in days.
const NEW_CA_DAYS: u32 = 3650;

/// Makes a CA in memory and writes it only when the API does not answer with another one.
fn make_ca(plan: &Plan, world: &dyn World, cert: &Path, key: &Path) -> Result<Signer, Problem> {
    let serial = pki::Serial::random().map_err(|error| pki_problem(&error))?;
    let made = CaSigner::make(
        &format!("{}-ca", plan.cluster.name),
        pki::NewKey::Rsa2048,
        NEW_CA_DAYS,
        serial,
        world.now(),
    )
    .map_err(|error| pki_problem(&error))?;
    let ca = CaSigner::load(made.cert.as_bytes(), made.key.as_bytes(), None, world.now())
        .map_err(|error| pki_problem(&error))?;
    let signer = Signer { info: ca.info().clone(), kind: SignerKind::Local(Box::new(ca)) };
    check_api(signer.info(), world.cluster())?;
    let write = |path: &Path, bytes: &[u8], mode| {
        world.write_new(path, bytes, mode).map_err(|error| {
            Problem::new(ProblemCode::Ca13, format!("{} cannot be written", path.display()))
                .seen(error.to_string())
                .edit(PlanField::CaCert, "ca.cert and ca.key")
        })
    };
    write(key, made.key.as_bytes(), 0o600)?;
    write(cert, made.cert.as_bytes(), 0o644)?;
    Ok(signer)
}

/// A round under way. When it is over, everybody in it has an answer and the CA is free again, after a panic too.
struct Busy<'r> {
    remote: &'r Remote,
    answers: Vec<(u64, Result<String, Problem>)>,
    asked: Vec<u64>,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut queue = self.remote.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.busy = false;
        queue.answers.extend(self.answers.drain(..));
        for id in &self.asked {
            let ended = || Err(Problem::new(ProblemCode::Bug04, "whoever signed on the CA host ended early"));
            queue.answers.entry(*id).or_insert_with(ended);
        }
        self.remote.answered.notify_all();
    }
}

impl Remote {
    /// Joins the round that waits, or runs one: whoever finds the CA free signs for everybody.
    fn sign(
        &self,
        wanted: Vec<Result<SignRequest, Problem>>,
        coming: Coming,
        ca: &CaInfo,
        world: &dyn World,
    ) -> Vec<Result<String, Problem>> {
        let until = Instant::now() + GATHER;
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let ids: Vec<Result<u64, Problem>> = wanted
            .into_iter()
            .map(|one| {
                one.map(|wanted| {
                    let id = queue.next;
                    queue.next += 1;
                    queue.waiting.push(QueuedRequest { id, wanted });
                    id
                })
            })
            .collect();
        drop(queue);
        drop(coming);
        queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            // Requests that came together are answered together.
            if ids.iter().flatten().all(|id| queue.answers.contains_key(id)) {
                let missing = || Err(Problem::new(ProblemCode::Ca14, "the CA host signed nothing"));
                return ids
                    .into_iter()
                    .map(|id| id.and_then(|id| queue.answers.remove(&id).unwrap_or_else(missing)))
                    .collect();
            }
            if queue.busy {
                queue = self.answered.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let left = until.saturating_duration_since(Instant::now());
            if queue.coming > 0 && !left.is_zero() {
                queue = self.answered.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            queue.busy = true;
            let round = std::mem::take(&mut queue.waiting);
            drop(queue);
            let asked = round.iter().map(|one| one.id).collect();
            let mut busy = Busy { remote: self, answers: Vec::new(), asked };
            let mut answers = self.round(&round, ca, world);
            let wrong = |answer: &(u64, Result<String, Problem>)| {
                answer.1.as_ref().is_err_and(|problem| problem.code == WRONG_PASSPHRASE)
            };
            // A mistyped passphrase is asked for once more; then the round goes again.
            if self.encrypted && answers.iter().any(wrong) && world.ca_passphrase(true).is_some() {
                answers = self.round(&round, ca, world);
            }
            busy.answers = answers;
            drop(busy);
            queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn round(
        &self,
        round: &[QueuedRequest],
        ca: &CaInfo,
        world: &dyn World,
    ) -> Vec<(u64, Result<String, Problem>)> {
        let all = |problem: &Problem| round.iter().map(|one| (one.id, Err(problem.clone()))).collect();
        let ids: Vec<String> = round.iter().map(|one| format!("r{}", one.id)).collect();
        let tasks: Vec<openssl_ca::Task> = round
            .iter()
            .zip(&ids)
            .map(|(one, id)| openssl_ca::Task { id, csr: &one.wanted.csr, request: &one.wanted.request })
            .collect();
        let asked = world.now();
        let place =
            openssl_ca::RemoteCa { key: &self.key, info: ca, passphrase_fd: self.encrypted.then_some(4) };
        let text = match openssl_ca::script(&tasks, &place, asked) {
            Ok(text) => text,
            Err(error) => return all(&pki_problem(&error)),
        };
        let batch = Batch {
            actions: vec![Action::Script {
                title: format!("sign {} requests", round.len()),
                text,
                secrets: if self.encrypted { vec![SecretRef::Ca] } else { Vec::new() },
            }],
            ..Batch::default()
        };
        let end = {
            let mut host = self.host.lock().unwrap_or_else(PoisonError::into_inner);
            host.run(&batch, &Stop::default(), &mut |_| {})
        };
        if let Some(trouble) = &end.trouble {
            return all(&trouble.problem(&Place::CaHost));
        }
        let Some(action) = end.actions.get(&0) else {
            return all(&Problem::new(ProblemCode::Ca14, "the CA host signed nothing"));
        };
        let found = openssl_ca::read_output(&action.out);
        round
            .iter()
            .zip(&ids)
            .map(|(one, id)| {
                let pem = found.iter().find(|(name, _)| name == id).and_then(|(_, pem)| pem.clone());
                let answer = match pem {
                    None => Err(refused(&action.err)),
                    Some(pem) => {
                        let SignRequest { request, spki, .. } = &one.wanted;
                        pki::verify_issued(&pem, request, spki, ca, asked, world.now())
                            .map(|issued| issued.pem)
                            .map_err(|found| pki_problem(&PkiError::NotAsWanted(found)))
                    }
                };
                (one.id, answer)
            })
            .collect()
    }
}

fn refused(said: &str) -> Problem {
    let mut problem = Problem::new(ProblemCode::Ca14, "openssl on the CA host refused to sign");
    for line in said.lines().map(crate::plan::clean::line).filter(|line| !line.trim().is_empty()).take(4) {
        problem = problem.seen(line);
    }
    let lower = said.to_lowercase();
    if lower.contains("bad decrypt")
        || lower.contains("maybe wrong password")
        || lower.contains("unable to load ca private key")
    {
        problem.code = WRONG_PASSPHRASE;
        return problem.seen("the passphrase may be wrong").way(Remedy::Retry);
    }
    problem.way(Remedy::Retry)
}
