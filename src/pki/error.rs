//! What can go wrong with keys and certificates, in one sentence each. The codes are part of the
//! public behaviour: they are documented and never reused.

use openssl::error::ErrorStack;
use thiserror::Error;

use super::difference::CertificateDifference;
use super::file_form::FileForm;
use crate::plan::code::ProblemCode;
use crate::plan::plan_field::PlanField;
use crate::plan::problem::{Problem, Remedy};

/// A problem with a CA, a key, a signing request or a certificate.
#[derive(Debug, Error)]
pub enum PkiError {
    /// The CA certificate file holds no certificate.
    #[error("the CA certificate is not a readable PEM or DER certificate")]
    CaUnreadable(FileForm),
    /// The key file holds no private key that can be read.
    #[error("the key file holds no readable private key")]
    KeyUnreadable(FileForm, #[source] ErrorStack),
    /// The key is encrypted and no passphrase was given.
    #[error("the key is encrypted and needs its passphrase")]
    PassphraseNeeded,
    /// The passphrase does not open the key.
    #[error("the passphrase does not open the key")]
    WrongPassphrase,
    /// The key is encrypted with a cipher this OpenSSL does not offer.
    #[error("the key is encrypted with {cipher}, which the OpenSSL that reads it does not support")]
    CipherUnsupported {
        /// Its name.
        cipher: String,
    },
    /// The CA's key and certificate are not of one pair.
    #[error("the key does not belong to the CA certificate \"{subject}\"")]
    KeyMismatch {
        /// The certificate's subject.
        subject: String,
        /// The one of the same file that it belongs to: its number and its subject.
        fits: Option<(usize, String)>,
    },
    /// The CA's own certificate, or one above it, does not allow what is asked.
    #[error("the CA \"{subject}\" may not sign this: {}", why.join("; "))]
    BeyondCa {
        /// The CA's subject.
        subject: String,
        /// Each limit that is passed, in words.
        why: Vec<String>,
    },
    /// The CA certificate is past its end.
    #[error("the CA certificate \"{subject}\" expired on {when}")]
    CaExpired {
        /// The certificate's subject.
        subject: String,
        /// Its end.
        when: String,
    },
    /// The CA certificate starts later than now.
    #[error("the CA certificate \"{subject}\" is not valid before {when}")]
    CaNotYetValid {
        /// The certificate's subject.
        subject: String,
        /// Its start.
        when: String,
    },
    /// The certificate may not sign others.
    #[error("the certificate \"{subject}\" is not one of a CA")]
    NotACa {
        /// The certificate's subject.
        subject: String,
    },
    /// A key kind that is refused.
    #[error("a key of kind {kind} cannot be used here, only RSA, P-256, P-384 and Ed25519")]
    KeyUnsupported {
        /// What it is.
        kind: String,
    },
    /// The signing request cannot be parsed.
    #[error("the signing request is not a readable PEM certificate request")]
    CsrUnreadable,
    /// The requester does not hold the key, or the text was changed.
    #[error("the signature of the signing request does not fit its key")]
    CsrSignature,
    /// The signing request is for another key than the one on the worker.
    #[error("the signing request is for another key than the one on the worker")]
    CsrOtherKey {
        /// SHA-256 of the public key in the request.
        is: String,
        /// SHA-256 of the public key on the worker.
        want: String,
    },
    /// The key is too short.
    #[error("the key is too weak: {kind}, at least RSA 2048 is needed")]
    WeakKey {
        /// What it is.
        kind: String,
    },
    /// The public key cannot be parsed.
    #[error("the public key is not readable as PEM or DER")]
    PublicKeyUnreadable,
    /// Text that holds no certificate.
    #[error("this is not a readable PEM or DER certificate")]
    CertUnreadable,
    /// What we were told to ask for cannot stand in a certificate.
    #[error("a certificate cannot carry {what}")]
    Unfit {
        /// The value and the reason.
        what: String,
    },
    /// What was just signed is not what was wanted.
    #[error("the signed certificate is not the one wanted: {}", first(.0))]
    NotAsWanted(Vec<CertificateDifference>),
    /// The signing library refused.
    #[error("the certificate could not be built: {0}")]
    Build(String),
    /// OpenSSL refused.
    #[error("OpenSSL refused an operation")]
    OpenSsl(#[from] ErrorStack),
}

impl PkiError {
    /// The stable code shown beside the text.
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::CaUnreadable(_) => ProblemCode::Ca01,
            Self::KeyUnreadable(..) => ProblemCode::Ca02,
            Self::PassphraseNeeded => ProblemCode::Ca03,
            Self::WrongPassphrase => ProblemCode::Ca04,
            Self::KeyMismatch { .. } => ProblemCode::Ca05,
            Self::CaExpired { .. } => ProblemCode::Ca06,
            Self::CaNotYetValid { .. } => ProblemCode::Ca07,
            Self::NotACa { .. } => ProblemCode::Ca08,
            Self::KeyUnsupported { .. } => ProblemCode::Ca09,
            Self::CipherUnsupported { .. } => ProblemCode::Ca10,
            Self::BeyondCa { .. } => ProblemCode::Ca17,
            Self::CsrUnreadable => ProblemCode::Csr01,
            Self::CsrSignature => ProblemCode::Csr02,
            Self::CsrOtherKey { .. } => ProblemCode::Csr03,
            Self::WeakKey { .. } => ProblemCode::Csr04,
            Self::PublicKeyUnreadable => ProblemCode::Csr05,
            Self::CertUnreadable => ProblemCode::Cert01,
            Self::NotAsWanted(differences) => {
                differences.first().map_or(ProblemCode::Cert03, CertificateDifference::code)
            }
            Self::Unfit { .. } => ProblemCode::Sign01,
            Self::Build(_) => ProblemCode::Sign02,
            Self::OpenSsl(_) => ProblemCode::Sign03,
        }
    }
}

impl PkiError {
    /// As a problem, with its ways out.
    pub fn problem(&self) -> Problem {
        let problem = Problem::new(self.code(), self.to_string());
        match self {
            Self::PassphraseNeeded => {
                problem.manual("run it at a terminal, where it asks; or give it with --secret ca=fd:3 3<FILE")
            }
            Self::WrongPassphrase => problem.seen("nothing was signed").way(Remedy::Retry),
            Self::KeyMismatch { .. } => {
                problem.edit(PlanField::CaKey, "ca.key or ca.cert: they must belong together")
            }
            Self::CaExpired { .. } => {
                problem.manual("renew the CA certificate first; every certificate of it has expired too")
            }
            Self::NotACa { .. } => {
                problem.edit(PlanField::CaCert, "ca.cert: the certificate of the CA itself")
            }
            Self::BeyondCa { subject, why } => {
                let problem =
                    Problem::new(self.code(), format!("the CA \"{subject}\" may not sign what is asked"));
                let names = why.iter().any(|line| line.contains("name constraints"));
                let cure = if names {
                    "give the worker a name and an address that this CA may sign"
                } else {
                    "have the CA's certificate issued anew without that limit: what it may sign stands in it"
                };
                why.iter()
                    .fold(problem, |problem, line| problem.seen(line.clone()))
                    .seen("nothing was signed")
                    .edit(PlanField::CaCert, "ca: a CA that may sign this")
                    .manual(cure)
            }
            _ => problem.edit(PlanField::CaCert, "ca.cert and ca.key"),
        }
    }
}

fn first(differences: &[CertificateDifference]) -> String {
    differences.first().map_or_else(|| "no reason is known".to_owned(), ToString::to_string)
}
