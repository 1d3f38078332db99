//! What is known of a certificate authority by its certificate, whether its key is here or not.

use jiff::Timestamp;

use super::dates::day;
use super::error::PkiError;
use super::facts::{CertFacts, facts, read_all};
use super::key::KeyKind;

const KEY_CERT_SIGN: u16 = 1 << 5;

/// The public half of a CA; all there is when its key is on another host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaInfo {
    /// Its certificate.
    pub cert: CertFacts,
    /// Signed by itself: a root. Otherwise somebody else's intermediate.
    pub self_signed: bool,
    /// May sign certificates.
    pub is_ca: bool,
    /// Further certificates in the same file.
    pub others: usize,
}

impl CaInfo {
    /// Reads the first certificate of PEM or DER bytes; judges nothing.
    pub fn load(cert: &[u8]) -> Result<Self, PkiError> {
        let all = read_all(cert).map_err(|_| PkiError::CaUnreadable)?;
        let x509 = all.first().ok_or(PkiError::CaUnreadable)?;
        let cert = facts(x509).map_err(|_| PkiError::CaUnreadable)?;
        let same_name = cert.subject_raw == cert.issuer_raw;
        let self_signed = same_name && x509.public_key().and_then(|key| x509.verify(&key)).unwrap_or(false);
        let is_ca = match (cert.version, cert.ca) {
            (_, Some(ca)) => ca && cert.usage.is_none_or(|usage| usage & KEY_CERT_SIGN != 0),
            // Version 1 has no extensions; every verifier takes such a root as a trust anchor.
            (1, None) => self_signed,
            (_, None) => false,
        };
        Ok(Self { cert, self_signed, is_ca, others: all.len().saturating_sub(1) })
    }

    /// Whether it can sign now: a CA, alive, with a key of a kind everybody verifies.
    pub fn check(&self, now: Timestamp) -> Result<(), PkiError> {
        let subject = self.subject();
        if !self.is_ca {
            return Err(PkiError::NotACa { subject });
        }
        self.cert.key.algorithm()?;
        if now > self.cert.not_after {
            return Err(PkiError::CaExpired { subject, when: day(self.cert.not_after) });
        }
        if now < self.cert.not_before {
            return Err(PkiError::CaNotYetValid { subject, when: day(self.cert.not_before) });
        }
        Ok(())
    }

    /// The subject on one line.
    pub fn subject(&self) -> String {
        self.cert.subject_text()
    }

    /// The subject's DER, as it becomes the issuer of what this CA signs.
    pub fn subject_raw(&self) -> &[u8] {
        &self.cert.subject_raw
    }

    /// The kind of its key.
    pub fn key(&self) -> &KeyKind {
        &self.cert.key
    }

    /// The certificate as PEM, alone and without comments.
    pub fn pem(&self) -> Result<String, PkiError> {
        let pem = self.cert.x509()?.to_pem()?;
        String::from_utf8(pem).map_err(|_| PkiError::CertUnreadable)
    }

    /// Whether this CA's key made the certificate's signature.
    pub fn signed(&self, cert: &CertFacts) -> bool {
        let verify = || Ok::<_, PkiError>(cert.x509()?.verify(&*self.cert.x509()?.public_key()?)?);
        verify().unwrap_or(false)
    }
}
