//! How somebody who only looks becomes known to the API: with the admin's certificate of an earlier run, or
//! with one the CA signs for a day in memory. It uses a client of its own, so it takes no run's login away.

use crate::engine::cluster::facts::{Passing, check_api, earlier, log_in};
use crate::engine::signing::signer::Signer;
use crate::engine::world::World;
use crate::kube::ClusterApi;
use crate::pki::CaInfo;
use crate::plan::model::{CaPlace, Plan};
use crate::step;

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
