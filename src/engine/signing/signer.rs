//! Where certificates are signed: by a CA whose files are on this computer, by openssl on the CA's own host, or
//! elsewhere by somebody with an offline CA. A CA that is to be made is made here.

use std::path::Path;

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::engine::cluster::trust::check_api;
use crate::engine::signing::ca_files::CaFiles;
use crate::engine::signing::remote::{Coming, RemoteSigner};
use crate::engine::signing::request::{SignRequest, check, pki_problem};
use crate::engine::world::{Cost, World};
use crate::pki::{self, CaInfo, CaSigner, PkiError, Request};
use crate::plan::code::ProblemCode;
use crate::plan::model::{CaPlace, Plan};
use crate::plan::place::Place;
use crate::plan::plan_field::PlanField;
use crate::plan::problem::Problem;

/// A CA that is open: what it says of itself, and how it signs.
pub struct Signer {
    info: CaInfo,
    kind: SignerKind,
}

enum SignerKind {
    Local(Box<CaSigner>),
    Remote(RemoteSigner),
    /// Somebody signs elsewhere and brings the certificates.
    Offline,
}

/// Reads a file of the CA on this computer.
pub(crate) fn read(world: &dyn World, path: &Path) -> Result<Zeroizing<Vec<u8>>, Problem> {
    world.read(path).map_err(|error| {
        Problem::new(ProblemCode::Ca12, format!("{} cannot be read", path.display()))
            .seen(error.to_string())
            .edit(PlanField::CaCert, "ca.cert and ca.key")
    })
}

/// The certificate of a CA on this computer.
pub(crate) fn public_half(world: &dyn World, cert: &Path) -> Result<CaInfo, Problem> {
    let path = cert.display().to_string();
    let files = CaFiles { cert: &path, key: "", host: None };
    CaInfo::load(&read(world, cert)?).map_err(|error| files.problem(&error))
}

impl Signer {
    /// Opens the CA of a plan. For one on a host this connects and asks for its facts in one exec. A CA that
    /// is to be made is made when `make`; else it is only described.
    pub fn open(plan: &Plan, world: &dyn World, make: bool) -> Result<Self, Problem> {
        match &plan.ca.place {
            place @ (CaPlace::Files { .. } | CaPlace::Host { .. } | CaPlace::Offline { .. }) => {
                Self::at(place, world)
            }
            CaPlace::New { cert, key } => match (world.read(cert), world.read(key)) {
                (Ok(_), Ok(_)) => Self::local(world, cert, key),
                (Err(_), Err(_)) if make => make_ca(plan, world, cert, key),
                (Err(_), Err(_)) => Err(Problem::new(
                    ProblemCode::Ca11,
                    format!("a new CA would be made at {}", cert.display()),
                )
                .seen("until it exists nothing can be said about certificates")
                .manual("gangplank apply makes it")),
                (there, _) => Err(half_there(there.is_ok(), cert, key)),
            },
        }
    }

    /// Opens a CA that has been there.
    pub fn at(place: &CaPlace, world: &dyn World) -> Result<Self, Problem> {
        match place {
            CaPlace::Files { cert, key } | CaPlace::New { cert, key } => Self::local(world, cert, key),
            CaPlace::Offline { cert } => {
                let info = public_half(world, cert)?;
                Ok(Self { info, kind: SignerKind::Offline })
            }
            CaPlace::Host { login, cert, key } => {
                let host =
                    world.host(&Place::CaHost, login).map_err(|trouble| trouble.problem(&Place::CaHost))?;
                let login = login.to_string();
                let files = CaFiles { cert, key, host: Some(&login) };
                let (info, remote) = RemoteSigner::open(host, &files, &world.stop())?;
                Ok(Self { info, kind: SignerKind::Remote(remote) })
            }
        }
    }

    fn local(world: &dyn World, cert: &Path, key: &Path) -> Result<Self, Problem> {
        let (cert_path, key_path) = (cert.display().to_string(), key.display().to_string());
        let files = CaFiles { cert: &cert_path, key: &key_path, host: None };
        let (cert, key) = (read(world, cert)?, read(world, key)?);
        pki::check_cipher(&key).map_err(|error| files.problem(&error))?;
        let mut again = false;
        loop {
            let passphrase = pki::needs_passphrase(&key).then(|| world.ca_passphrase(again)).flatten();
            match CaSigner::load(&cert, &key, passphrase.as_ref(), world.now()) {
                Ok(ca) => return Ok(Self { info: ca.info().clone(), kind: SignerKind::Local(Box::new(ca)) }),
                Err(PkiError::WrongPassphrase) if !again => again = true,
                // It was asked for again and nobody answered: the one before is still what is wrong.
                Err(PkiError::PassphraseNeeded) if again => {
                    return Err(files.problem(&PkiError::WrongPassphrase));
                }
                Err(error) => return Err(files.problem(&error)),
            }
        }
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
        match &self.kind {
            SignerKind::Remote(remote) => remote.expect(),
            SignerKind::Local(_) | SignerKind::Offline => Coming::alone(),
        }
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
            SignerKind::Remote(remote) => Some(remote.cost()),
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
