//! Whether the API and a CA belong together: the API's certificate must be of this CA, and the API must take clients
//! of it. It is looked at before anybody logs in anywhere.

use crate::kube::ClusterApi;
use crate::pki::CaInfo;
use crate::plan::code::ProblemCode;
use crate::plan::plan_field::PlanField;
use crate::plan::problem::{Problem, Remedy};

/// What is seen of an API that belongs to a CA.
#[derive(Debug, Default)]
pub struct TrustSeen {
    /// Things worth saying.
    pub notes: Vec<String>,
    /// The names of its certificate.
    pub names: Vec<String>,
}

/// The API must know this CA before anybody logs in anywhere.
pub fn check_api(ca: &CaInfo, cluster: &dyn ClusterApi) -> Result<TrustSeen, Problem> {
    let pem = ca.pem().map_err(|error| Problem::new(error.code(), error.to_string()))?;
    let seen = cluster.look(pem.as_bytes(), ca.subject_raw());
    if let Some(why) = &seen.distrust {
        return Err(distrusts(ca, why));
    }
    if seen.takes_our_clients == Some(false) {
        return Err(refuses_clients(ca, &seen.client_cas));
    }
    let notes = seen.fault.iter().map(|fault| format!("{fault}; host steps go on, proofs wait"));
    Ok(TrustSeen { notes: notes.collect(), names: seen.names })
}

/// The API's certificate and our CA, or the address, do not belong together.
pub(crate) fn distrusts(ca: &CaInfo, why: &str) -> Problem {
    Problem::new(ProblemCode::Api22, "the API shows a certificate that does not fit this CA and address")
        .seen(why.to_owned())
        .seen(format!("our CA is {}", ca.subject()))
        .edit(PlanField::CaCert, "ca: the CA that signed the API's certificate")
        .edit(PlanField::Api, "cluster.api: the name or address in that certificate")
}

/// The API takes clients of other CAs only.
pub(crate) fn refuses_clients(ca: &CaInfo, theirs: &[String]) -> Problem {
    let problem = Problem::new(ProblemCode::Ca15, "the API accepts no certificates of this CA")
        .seen(format!("ours is {}", ca.subject()));
    let problem = if theirs.is_empty() {
        problem.seen("it asks for no client certificate at all")
    } else {
        problem.seen(format!("it accepts {}", theirs.join("; ")))
    };
    problem
        .edit(PlanField::CaCert, "ca: the one the API server was given as --client-ca-file")
        .way(Remedy::Skip)
}
