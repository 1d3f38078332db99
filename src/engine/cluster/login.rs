//! How gangplank becomes known to the API: with the admin's certificate of an earlier run, or with one the CA signs
//! for a day in memory. Who only looks signs in over a client of its own, so it takes no run's login away.

use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::engine::cluster::trust::check_api;
use crate::engine::signing::request::WRONG_PASSPHRASE;
use crate::engine::signing::signer::Signer;
use crate::engine::world::World;
use crate::kube::cluster::ClientIdentity;
use crate::kube::{ApiError, ClusterApi};
use crate::pki::{self, CaInfo};
use crate::plan::code::ProblemCode;
use crate::plan::model::{CaPlace, Plan};
use crate::plan::problem::Problem;
use crate::step;

/// Signed once, however often the API has to be tried.
pub(crate) type Passing = Mutex<Option<Arc<ClientIdentity>>>;

/// Why nobody is logged in.
pub(crate) struct NoLogin {
    pub(crate) why: String,
    /// The CA cannot sign, so nothing of this run can be done.
    pub(crate) stops: Option<Problem>,
}

impl NoLogin {
    fn only(error: &impl ToString) -> Self {
        Self { why: error.to_string(), stops: None }
    }

    /// A CA that does not sign now will not sign the workers' requests either: better said before keys are made.
    fn because(problem: Problem) -> Self {
        let hopeless = [
            WRONG_PASSPHRASE,
            ProblemCode::Secret01,
            ProblemCode::Ca02,
            ProblemCode::Ca10,
            ProblemCode::Ca17,
        ];
        let stops = hopeless.contains(&problem.code);
        Self { why: problem.what.clone(), stops: stops.then_some(problem) }
    }
}

/// Logs in to the API: with an earlier session's certificate, with one made for a day in memory, or as
/// nobody. The words say why, when nothing better was possible.
pub(crate) fn log_in(
    plan: &Plan,
    world: &dyn World,
    cluster: &dyn ClusterApi,
    signer: &Signer,
    passing: &Passing,
) -> Result<(), NoLogin> {
    if let Some(result) = earlier(plan, world, cluster, signer.info()) {
        return result;
    }
    let ca = signer.info().pem().map_err(|error| NoLogin::only(&error))?;
    // As nobody the version may be told; and nothing is signed for an API that is not there.
    if let Err(error) = cluster.login(ca.as_bytes(), None)
        && unreachable(&error)
    {
        return Err(NoLogin::only(&error));
    }
    if signer.is_offline() {
        let why = "the CA is offline, so the API knows us once the admin certificate of this run is there; until then \
                   versions come from the kubelets";
        return Err(NoLogin::only(&why));
    }
    let login = {
        let mut passing = passing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(login) = &*passing {
            Arc::clone(login)
        } else {
            let login = Arc::new(in_memory(plan, world, signer).map_err(NoLogin::because)?);
            *passing = Some(Arc::clone(&login));
            login
        }
    };
    cluster.login(ca.as_bytes(), Some(&login)).map_err(|error| {
        let _ = cluster.login(ca.as_bytes(), None);
        NoLogin::only(&error)
    })
}

/// Logs in with the certificate of an earlier session; `None` when there is none or it is not taken.
pub(crate) fn earlier(
    plan: &Plan,
    world: &dyn World,
    cluster: &dyn ClusterApi,
    ca: &CaInfo,
) -> Option<Result<(), NoLogin>> {
    let (cert, key) = step::admin_login(plan, &world.home());
    let (Ok(cert), Ok(key)) = (world.read(cert.as_ref()), world.read(key.as_ref())) else { return None };
    let ca = match ca.pem() {
        Ok(ca) => ca,
        Err(error) => return Some(Err(NoLogin::only(&error))),
    };
    match cluster.login(ca.as_bytes(), Some(&ClientIdentity { cert: cert.to_vec(), key })) {
        Ok(()) => Some(Ok(())),
        Err(error) if unreachable(&error) => Some(Err(NoLogin::only(&error))),
        Err(_) => None,
    }
}

/// An admin's certificate that lives in memory and ends by itself.
fn in_memory(plan: &Plan, world: &dyn World, signer: &Signer) -> Result<ClientIdentity, Problem> {
    let words = |error: pki::PkiError| Problem::new(error.code(), error.to_string());
    let key = pki::make_key(pki::NewKey::P256).map_err(words)?;
    let mut request = step::admin_request(plan, &world.home());
    "gangplank".clone_into(&mut request.cn);
    request.days = 1;
    let csr = pki::make_csr(&key, &request.cn).map_err(words)?;
    let public = openssl::pkey::PKey::private_key_from_pem(key.as_bytes())
        .and_then(|key| key.public_key_to_pem())
        .map_err(|error| Problem::new(ProblemCode::Ca16, error.to_string()))?;
    let spki = pki::spki_sha256(&public).map_err(words)?;
    let cert = signer.sign(&csr, &request, &spki, world)?;
    Ok(ClientIdentity { cert: cert.into_bytes(), key: Zeroizing::new(key.as_bytes().to_vec()) })
}

fn unreachable(error: &ApiError) -> bool {
    matches!(error, ApiError::Unreachable(_) | ApiError::Timeout(_) | ApiError::Stopped | ApiError::Tls(_))
}

/// Signs in, as often as needed, and asks the CA at most once.
#[derive(Default)]
pub struct SignIn {
    signer: Option<Signer>,
    passing: Passing,
    /// Why the CA cannot be used; it is not asked again by itself, as that may ask a person.
    refused: Option<String>,
}

/// The CA's certificate where no connection and no passphrase is needed for it.
fn known_ca(plan: &Plan, world: &dyn World) -> Option<CaInfo> {
    let cert = match &plan.ca.place {
        CaPlace::Files { cert, .. } | CaPlace::New { cert, .. } | CaPlace::Offline { cert } => {
            world.read(cert)
        }
        CaPlace::Host { .. } => {
            let folder = step::admin_folder(plan, &world.home());
            world.read(format!("{folder}/ca.crt").as_ref())
        }
    };
    CaInfo::load(&cert.ok()?).ok()
}

impl SignIn {
    /// Logs in to `cluster`. The CA is used only when `may_sign`: it may ask for a passphrase or connect to
    /// its host. The words say why it was not possible.
    pub fn enter(
        &mut self,
        plan: &Plan,
        world: &dyn World,
        cluster: &dyn ClusterApi,
        may_sign: bool,
    ) -> Result<(), String> {
        if self.signer.is_none()
            && let Some(ca) = known_ca(plan, world)
        {
            check_api(&ca, cluster).map_err(|problem| problem.what)?;
            if let Some(result) = earlier(plan, world, cluster, &ca) {
                return result.map_err(|no| no.why);
            }
        }
        if !may_sign {
            return Err("nobody is known to the API yet".to_owned());
        }
        if let Some(why) = &self.refused {
            return Err(why.clone());
        }
        let signer = match self.signer.take() {
            Some(signer) => signer,
            None => Signer::open(plan, world, false)
                .map_err(|problem| self.refused.insert(problem.what).clone())?,
        };
        let signer = self.signer.insert(signer);
        signer.check(world.now()).map_err(|problem| problem.what)?;
        check_api(signer.info(), cluster).map_err(|problem| problem.what)?;
        log_in(plan, world, cluster, signer, &self.passing).map_err(|no| no.why)
    }
}
