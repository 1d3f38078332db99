//! A CA whose key is on a host of its own: openssl signs there, in rounds of whatever requests wait, and every
//! certificate is checked field by field before anybody gets it. The key never leaves that host.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::signing::ca_files::{CaFiles, refused_cipher, retry};
use crate::engine::signing::request::{SignRequest, WRONG_PASSPHRASE, pki_problem};
use crate::engine::world::{Cost, World, cost};
use crate::host::{Batch, Host, Stop};
use crate::pki::{self, CaInfo, PkiError, openssl_ca};
use crate::plan::action::{Action, SecretRef};
use crate::plan::code::ProblemCode;
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy};
use crate::plan::redact;

/// A CA whose key is on a host of its own, where openssl signs in rounds of whatever requests wait.
pub(crate) struct RemoteSigner {
    host: Mutex<Box<dyn Host>>,
    cert: String,
    key: String,
    login: String,
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
    pub(crate) fn open(
        mut host: Box<dyn Host>,
        files: &CaFiles,
        stop: &Stop,
    ) -> Result<(CaInfo, Self), Problem> {
        let read = files.read(host.as_mut(), stop)?;
        if let Some(problem) = read.stops.into_iter().next() {
            return Err(problem);
        }
        let signer = Self {
            host: Mutex::new(host),
            cert: files.cert.to_owned(),
            key: files.key.to_owned(),
            login: files.host.unwrap_or_default().to_owned(),
            encrypted: read.key.encrypted,
            queue: Mutex::default(),
            answered: Condvar::new(),
        };
        Ok((read.info, signer))
    }

    fn files(&self) -> CaFiles<'_> {
        CaFiles { cert: &self.cert, key: &self.key, host: Some(&self.login) }
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
            host.run(&batch, &world.stop(), &mut |_| {})
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
                    None => Err(refused(&action.err, &self.files())),
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

fn refused(said: &str, files: &CaFiles) -> Problem {
    if let Some(cipher) = refused_cipher(said) {
        return files.problem(&PkiError::CipherUnsupported { cipher });
    }
    let mut problem = Problem::new(ProblemCode::Ca14, "openssl on the CA host refused to sign");
    for line in said.lines().map(redact::said).filter(|line| !line.trim().is_empty()).take(4) {
        problem = problem.seen(line);
    }
    let lower = said.to_lowercase();
    if lower.contains("bad decrypt")
        || lower.contains("maybe wrong password")
        || lower.contains("unable to load ca private key")
    {
        problem.code = WRONG_PASSPHRASE;
        return retry(problem);
    }
    problem.way(Remedy::Retry)
}
