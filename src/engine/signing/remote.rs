//! A CA whose key is on a host of its own: openssl signs there, in rounds of whatever requests wait, and every
//! certificate is checked field by field before anybody gets it. The key never leaves that host.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::signing::request::{SignRequest, WRONG_PASSPHRASE, pki_problem};
use crate::engine::world::{Cost, World, cost};
use crate::host::{Batch, Host, Stop};
use crate::pki::{self, CaInfo, PkiError, openssl_ca};
use crate::plan::action::{Action, SecretRef};
use crate::plan::clean;
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Known};
use crate::plan::place::Place;
use crate::plan::plan_field::PlanField;
use crate::plan::problem::{Problem, Remedy};

/// A CA whose key is on a host of its own, where openssl signs in rounds of whatever requests wait.
pub(crate) struct RemoteSigner {
    host: Mutex<Box<dyn Host>>,
    key: String,
    encrypted: bool,
    queue: Mutex<Queue>,
    answered: Condvar,
}

/// So long a round waits for hosts whose keys are being made: one round is less work than several.
const GATHER: Duration = Duration::from_millis(400);

/// A place that is about to bring requests; over when it is dropped.
pub struct Coming<'a>(Option<&'a RemoteSigner>);

impl Coming<'_> {
    /// Nobody gathers requests: each place is signed for by itself.
    pub(crate) fn alone() -> Self {
        Self(None)
    }
}

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
    answers: BTreeMap<u64, Result<String, Problem>>,
    busy: bool,
}

struct QueuedRequest {
    id: u64,
    wanted: SignRequest,
}

/// A round under way. When it is over, everybody in it has an answer and the CA is free again, after a panic too.
struct Busy<'r> {
    remote: &'r RemoteSigner,
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

impl RemoteSigner {
    /// A CA whose key is on a connected host; its public half and whether its key has a passphrase are asked for in
    /// one exec.
    pub(crate) fn open(mut host: Box<dyn Host>, cert: &str, key: &str) -> Result<(CaInfo, Self), Problem> {
        let (info, encrypted) = there(host.as_mut(), cert, key)?;
        let (queue, answered) = (Mutex::default(), Condvar::new());
        Ok((info, Self { host: Mutex::new(host), key: key.to_owned(), encrypted, queue, answered }))
    }

    /// Says that requests come soon, so that one round can sign them with those of others.
    pub(crate) fn expect(&self) -> Coming<'_> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).coming += 1;
        Coming(Some(self))
    }

    /// What the CA's host cost.
    pub(crate) fn cost(&self) -> Cost {
        cost(self.host.lock().unwrap_or_else(PoisonError::into_inner).as_ref())
    }

    /// Joins the round that waits, or runs one: whoever finds the CA free signs for everybody.
    pub(crate) fn sign(
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
    for line in said.lines().map(clean::line).filter(|line| !line.trim().is_empty()).take(4) {
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

fn there(host: &mut dyn Host, cert: &str, key: &str) -> Result<(CaInfo, bool), Problem> {
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

/// The CA's host cannot sign.
pub(crate) fn no_openssl() -> Problem {
    Problem::new(ProblemCode::Openssl01, "openssl is not installed on the CA host")
        .manual("install the package openssl there, or name the CA's files here")
}
