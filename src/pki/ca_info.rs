//! What is known of a certificate authority by its certificate, whether its key is here or not.

use jiff::Timestamp;

use super::dates::day;
use super::error::PkiError;
use super::facts::{CertFacts, facts, read_all};
use super::file_form::FileForm;
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
    /// Further certificates in the same file, in its order.
    pub others: Vec<CertFacts>,
    /// Those of them that stand above it, its own issuer first.
    pub chain: Vec<CertFacts>,
}

impl CaInfo {
    /// Reads the first certificate of PEM or DER bytes; judges nothing.
    pub fn load(cert: &[u8]) -> Result<Self, PkiError> {
        let unreadable = || PkiError::CaUnreadable(FileForm::of(cert));
        let all = read_all(cert).map_err(|_| unreadable())?;
        let x509 = all.first().ok_or_else(unreadable)?;
        let cert = facts(x509).map_err(|_| unreadable())?;
        let same_name = cert.subject_raw == cert.issuer_raw;
        let self_signed = same_name && x509.public_key().and_then(|key| x509.verify(&key)).unwrap_or(false);
        let is_ca = match (cert.version, cert.ca) {
            (_, Some(ca)) => ca && cert.usage.is_none_or(|usage| usage & KEY_CERT_SIGN != 0),
            // Version 1 has no extensions; every verifier takes such a root as a trust anchor.
            (1, None) => self_signed,
            (_, None) => false,
        };
        let others: Vec<CertFacts> = all.iter().skip(1).filter_map(|one| facts(one).ok()).collect();
        let chain = if self_signed { Vec::new() } else { chain(&cert, &others) };
        Ok(Self { cert, self_signed, is_ca, others, chain })
    }

    /// That a key does not belong to it; and which certificate of the same file it belongs to.
    pub fn mismatch(&self, spki_sha256: &str) -> PkiError {
        let fits = self.others.iter().position(|other| other.spki_sha256 == spki_sha256);
        let fits = fits.and_then(|at| Some((at.saturating_add(2), self.others.get(at)?.subject_text())));
        PkiError::KeyMismatch { subject: self.subject(), fits }
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

    /// The certificate and those above it, as PEM: whoever has these can verify up to the root.
    pub fn bundle(&self) -> Result<String, PkiError> {
        let mut text = self.pem()?;
        for cert in &self.chain {
            let pem = cert.x509()?.to_pem()?;
            text.push_str(&String::from_utf8(pem).map_err(|_| PkiError::CertUnreadable)?);
        }
        Ok(text)
    }

    /// Whether the key of this CA, or of another one in its file, made the certificate's signature.
    pub fn any_signed(&self, cert: &CertFacts) -> bool {
        self.signed(cert) || self.others.iter().any(|other| signs(other, cert))
    }

    /// Whether this CA's key made the certificate's signature.
    pub fn signed(&self, cert: &CertFacts) -> bool {
        signs(&self.cert, cert)
    }
}

/// The certificates among `others` that lead from `cert` to a root, as far as they are there.
fn chain(cert: &CertFacts, others: &[CertFacts]) -> Vec<CertFacts> {
    let mut chain: Vec<CertFacts> = Vec::new();
    let mut below = cert;
    while below.subject_raw != below.issuer_raw {
        let signed = |other: &&CertFacts| other.subject_raw == below.issuer_raw && signs(other, below);
        let Some(next) = others.iter().find(signed) else { break };
        if chain.contains(next) || next == cert {
            break;
        }
        chain.push(next.clone());
        below = next;
    }
    chain
}

fn signs(issuer: &CertFacts, cert: &CertFacts) -> bool {
    let verify = || Ok::<_, PkiError>(cert.x509()?.verify(&*issuer.x509()?.public_key()?)?);
    verify().unwrap_or(false)
}
