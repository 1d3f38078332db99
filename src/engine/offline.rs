//! An offline CA: the requests of a run gather in one folder, beside a script that signs them wherever the CA's
//! key is, and wait there until their certificates come back. Nothing here signs.

use std::path::PathBuf;
use std::sync::Arc;

use crate::plan::problem::Problem;

/// The requests that wait for an offline CA.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bundle {
    /// Where they lie, `offline/` in the session's folder; certificates may be put there.
    pub folder: PathBuf,
    /// Those whose certificates are still to come.
    pub waiting: Vec<Waiting>,
    /// What to run in that folder where the CA's key is.
    pub command: String,
    /// Names of those whose certificates have come and fit.
    pub arrived: Vec<String>,
    /// Files that came and do not fit: the name, and why.
    pub refused: Vec<(String, Problem)>,
}

/// One request that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its name: `NAME.csr` is the request, `NAME.crt` will be the certificate.
    pub name: String,
    /// The request's file.
    pub csr: PathBuf,
    /// The subject the certificate must have.
    pub subject: String,
}

/// Where certificates of an offline CA come in; its clones are the same place.
#[derive(Clone, Default)]
pub struct OfflineCerts(Arc<std::sync::Mutex<Vec<String>>>);

impl OfflineCerts {
    /// Takes certificates, PEM, one or several; the names of those that fit.
    pub fn give(&self, pem: &str, _now: jiff::Timestamp) -> Result<Vec<String>, Problem> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(pem.to_owned());
        Ok(Vec::new())
    }
}
