//! What stands in a certificate. OpenSSL reads names and keys, in all their string types; x509-parser
//! reads the extensions, as the openssl crate shows few of them. Nothing is judged here.

use jiff::Timestamp;
use openssl::nid::Nid;
use openssl::sha::sha256;
use openssl::x509::X509;
use x509_parser::extensions::{ExtendedKeyUsage, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::error::PkiError;
use super::file_form::{BYTE_ORDER_MARK, blocks};
use super::key::KeyKind;
use super::name_limits::NameLimits;
use super::names::{Name, entries, one_line, san};
use super::san::San;
use crate::plan::hex;
use crate::plan::remote::Remote;

/// A certificate, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertFacts {
    /// The whole certificate.
    pub der: Vec<u8>,
    /// 1 to 3.
    pub version: u32,
    /// The contents of the serial number, big-endian and signed.
    pub serial: Vec<u8>,
    /// Subject entries in order.
    pub subject: Name,
    /// The subject's DER.
    pub subject_raw: Vec<u8>,
    /// Issuer entries in order.
    pub issuer: Name,
    /// The issuer's DER.
    pub issuer_raw: Vec<u8>,
    /// First second of its life.
    pub not_before: Timestamp,
    /// Last second of its life.
    pub not_after: Timestamp,
    /// Addresses and names, names in lower case.
    pub sans: Vec<San>,
    /// Alternative names of other kinds (email, URI ...), as text.
    pub other_sans: Vec<Remote<String>>,
    /// Key usage bits, the first one lowest; `None` = no such extension.
    pub usage: Option<u16>,
    /// Extended key usages by name or number, sorted; `None` = no such extension.
    pub purposes: Option<Vec<String>>,
    /// basicConstraints' CA flag; `None` = no such extension.
    pub ca: Option<bool>,
    /// How many CAs may stand between it and a certificate of a machine; `None` = as many as one likes.
    pub path_length: Option<u32>,
    /// The names it may sign, when it is a CA.
    pub name_limits: NameLimits,
    /// Subject key identifier.
    pub ski: Option<Vec<u8>>,
    /// Critical extensions of a kind that a TLS certificate does not need, as numbers.
    pub unknown_critical: Vec<String>,
    /// Kind of the public key.
    pub key: KeyKind,
    /// SHA-256 of the DER SubjectPublicKeyInfo, lower-case hex.
    pub spki_sha256: String,
    /// SHA-256 of the whole certificate, lower-case hex.
    pub fingerprint: String,
    /// Short name of the hash in the signature, when that is MD5 or SHA-1.
    pub weak_hash: Option<String>,
}

impl CertFacts {
    /// The subject on one line.
    pub fn subject_text(&self) -> String {
        one_line(&self.subject)
    }

    /// The issuer on one line.
    pub fn issuer_text(&self) -> String {
        one_line(&self.issuer)
    }

    pub(super) fn x509(&self) -> Result<X509, PkiError> {
        X509::from_der(&self.der).map_err(|_| PkiError::CertUnreadable)
    }
}

/// Reads the first certificate of PEM or DER bytes.
pub fn examine(bytes: &[u8]) -> Result<CertFacts, PkiError> {
    read_all(bytes)?.first().map_or(Err(PkiError::CertUnreadable), facts)
}

/// Every certificate in the bytes; at least one.
pub(super) fn read_all(bytes: &[u8]) -> Result<Vec<X509>, PkiError> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    if text.contains("-----BEGIN TRUSTED CERTIFICATE-----") {
        // The certificate comes first in such a block; the trust settings behind it are left out.
        let of = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];
        let all = blocks(&text).filter(|(label, _)| of.contains(label));
        let all = all.map(|(_, der)| X509::from_der(&der)).collect::<Result<Vec<X509>, _>>();
        return all.ok().filter(|all| !all.is_empty()).ok_or(PkiError::CertUnreadable);
    }
    match X509::stack_from_pem(bytes) {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) | Err(_) => Ok(vec![X509::from_der(bytes).map_err(|_| PkiError::CertUnreadable)?]),
    }
}

pub(super) fn facts(x509: &X509) -> Result<CertFacts, PkiError> {
    let bytes = x509.to_der()?;
    let unreadable = |_| PkiError::CertUnreadable;
    let (_, parsed) = X509Certificate::from_der(&bytes).map_err(|_| PkiError::CertUnreadable)?;
    let key = x509.public_key().map_or(KeyKind::Other("unknown".to_owned()), |key| KeyKind::of(&key));
    let (mut sans, mut other_sans) = (Vec::new(), Vec::new());
    if let Some(names) = parsed.subject_alternative_name().map_err(unreadable)? {
        for name in &names.value.general_names {
            match san(name) {
                Ok(san) => sans.push(san),
                Err(other) => other_sans.push(other),
            }
        }
    }
    let hash = x509.signature_algorithm().object().nid().signature_algorithms().map(|both| both.digest);
    let weak_hash = hash.filter(|nid| [Nid::MD5, Nid::SHA1].contains(nid));
    Ok(CertFacts {
        version: parsed.version().0 + 1,
        serial: parsed.raw_serial().to_vec(),
        subject: entries(x509.subject_name()),
        subject_raw: parsed.subject().as_raw().to_vec(),
        issuer: entries(x509.issuer_name()),
        issuer_raw: parsed.issuer().as_raw().to_vec(),
        not_before: time(parsed.validity().not_before.timestamp()),
        not_after: time(parsed.validity().not_after.timestamp()),
        sans,
        other_sans,
        usage: parsed.key_usage().map_err(unreadable)?.map(|usage| usage.value.flags),
        purposes: parsed.extended_key_usage().map_err(unreadable)?.map(|eku| purposes(eku.value)),
        ca: parsed.basic_constraints().map_err(unreadable)?.map(|constraints| constraints.value.ca),
        path_length: parsed
            .basic_constraints()
            .map_err(unreadable)?
            .and_then(|constraints| constraints.value.path_len_constraint),
        name_limits: parsed
            .name_constraints()
            .map_err(unreadable)?
            .map(|constraints| NameLimits::of(constraints.value))
            .unwrap_or_default(),
        ski: parsed.iter_extensions().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
            _ => None,
        }),
        unknown_critical: unknown_critical(&parsed),
        key,
        spki_sha256: hex::encode(&sha256(parsed.public_key().raw)),
        fingerprint: hex::encode(&sha256(&bytes)),
        weak_hash: weak_hash.and_then(|nid| nid.short_name().ok().map(ToOwned::to_owned)),
        der: bytes.clone(),
    })
}

fn unknown_critical(parsed: &X509Certificate<'_>) -> Vec<String> {
    let known = |extension: &ParsedExtension<'_>| {
        matches!(
            extension,
            ParsedExtension::BasicConstraints(_)
                | ParsedExtension::KeyUsage(_)
                | ParsedExtension::ExtendedKeyUsage(_)
                | ParsedExtension::SubjectAlternativeName(_)
                | ParsedExtension::SubjectKeyIdentifier(_)
                | ParsedExtension::AuthorityKeyIdentifier(_)
                | ParsedExtension::NameConstraints(_)
        )
    };
    let unknown =
        |one: &&x509_parser::prelude::X509Extension<'_>| one.critical && !known(one.parsed_extension());
    parsed.iter_extensions().filter(unknown).map(|one| one.oid.to_id_string()).collect()
}

pub(super) fn purposes(eku: &ExtendedKeyUsage<'_>) -> Vec<String> {
    let named = [
        (eku.any, "any"),
        (eku.server_auth, "serverAuth"),
        (eku.client_auth, "clientAuth"),
        (eku.code_signing, "codeSigning"),
        (eku.email_protection, "emailProtection"),
        (eku.time_stamping, "timeStamping"),
        (eku.ocsp_signing, "OCSPSigning"),
    ];
    let named = named.into_iter().filter(|(set, _)| *set).map(|(_, name)| name.to_owned());
    let mut all: Vec<String> =
        named.chain(eku.other.iter().map(x509_parser::der_parser::Oid::to_id_string)).collect();
    all.sort();
    all
}

/// The year 9999, "no end", is just past what jiff counts.
fn time(second: i64) -> Timestamp {
    let edge = if second < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(second).unwrap_or(edge)
}
