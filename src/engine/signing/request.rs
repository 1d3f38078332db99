//! A certificate that is wanted, whoever signs it, and what is said when it cannot be had.

use crate::pki::{self, PkiError, Request};
use crate::plan::code::ProblemCode;
use crate::plan::problem::Problem;

/// The code of a passphrase that does not open the CA's key.
pub(crate) const WRONG_PASSPHRASE: ProblemCode = ProblemCode::Ca04;

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

/// A PKI error with its ways out.
pub(crate) fn pki_problem(error: &PkiError) -> Problem {
    error.problem()
}
