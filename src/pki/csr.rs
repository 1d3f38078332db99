//! Signing requests. Of what a worker sends only the public key is used, and only after its signature
//! shows that the sender holds the private half. Whatever else it asks for is told and left out.

use std::fmt;

use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::Id;
use openssl::x509::{X509NameBuilder, X509Req, X509ReqBuilder};
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509CertificationRequest};
use zeroize::Zeroizing;

use super::error::PkiError;
use super::key::{self, PublicKey};
use super::names::{entries, one_line, san};
use super::request::Request;
use super::san::San;

/// A signing request whose key may be certified.
#[derive(Debug, Clone)]
pub struct CheckedCsr {
    /// The only thing taken over.
    pub key: PublicKey,
    /// What it asks for that it does not get.
    pub notes: Vec<Note>,
}

/// A wish in a signing request that is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// It wants to be a CA.
    AsksCa,
    /// Names and addresses that we did not plan.
    ForeignSan(Vec<String>),
    /// Another subject than ours.
    OtherSubject(String),
    /// Extensions that we do not set, by name or number.
    OtherExtension(String),
    /// Attributes beside the extensions, such as a challenge password.
    OtherAttribute(String),
    /// What it asks for cannot be read.
    Unreadable,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsksCa => f.write_str("it asks to be a CA"),
            Self::ForeignSan(names) => write!(f, "it asks for other names: {}", names.join(", ")),
            Self::OtherSubject(subject) => write!(f, "it asks for the subject \"{subject}\""),
            Self::OtherExtension(id) => write!(f, "it asks for the extension {id}"),
            Self::OtherAttribute(id) => write!(f, "it carries the attribute {id}"),
            Self::Unreadable => f.write_str("part of what it asks for is not readable"),
        }
    }
}

/// Checks a signing request: its signature, that its key is the one whose hash the worker told, and that
/// the key is strong enough. Its wishes are compared with `request` and become notes.
pub fn check_csr(pem: &[u8], expected_spki: Option<&str>, request: &Request) -> Result<CheckedCsr, PkiError> {
    let csr = X509Req::from_pem(pem).map_err(|_| PkiError::CsrUnreadable)?;
    let key = csr.public_key().map_err(|_| PkiError::CsrUnreadable)?;
    if !csr.verify(&key).unwrap_or(false) {
        return Err(PkiError::CsrSignature);
    }
    let key = PublicKey::of(&key)?;
    if let Some(want) = expected_spki
        && !want.eq_ignore_ascii_case(&key.sha256())
    {
        return Err(PkiError::CsrOtherKey { is: key.sha256(), want: want.to_owned() });
    }
    let mut notes = Vec::new();
    let subject = entries(csr.subject_name());
    if subject != request.entries() {
        notes.push(Note::OtherSubject(one_line(&subject)));
    }
    notes.extend(wishes(&csr.to_der()?, request));
    Ok(CheckedCsr { key, notes })
}

fn wishes(der: &[u8], request: &Request) -> Vec<Note> {
    let Ok((_, parsed)) = X509CertificationRequest::from_der(der) else { return vec![Note::Unreadable] };
    let mut notes = Vec::new();
    for attribute in parsed.certification_request_info.iter_attributes() {
        match attribute.parsed_attribute() {
            ParsedCriAttribute::ExtensionRequest(wanted) => {
                for extension in &wanted.extensions {
                    notes.extend(wish(extension.parsed_extension(), &extension.oid.to_id_string(), request));
                }
            }
            ParsedCriAttribute::ChallengePassword(_) => {
                notes.push(Note::OtherAttribute("challengePassword".to_owned()));
            }
            ParsedCriAttribute::UnsupportedAttribute => {
                notes.push(Note::OtherAttribute(attribute.oid.to_id_string()));
            }
        }
    }
    notes
}

fn wish(extension: &ParsedExtension<'_>, id: &str, request: &Request) -> Option<Note> {
    match extension {
        ParsedExtension::BasicConstraints(constraints) => constraints.ca.then_some(Note::AsksCa),
        ParsedExtension::SubjectAlternativeName(names) => {
            let ours = |san: &San| request.sans.iter().any(|own| same(own, san));
            let foreign = |name| match san(name) {
                Ok(san) => (!ours(&san)).then(|| san.to_string()),
                Err(other) => Some(other.to_string()),
            };
            let foreign: Vec<String> = names.general_names.iter().filter_map(foreign).collect();
            (!foreign.is_empty()).then_some(Note::ForeignSan(foreign))
        }
        // These we set ourselves, so asking for them is no surprise.
        ParsedExtension::KeyUsage(_)
        | ParsedExtension::ExtendedKeyUsage(_)
        | ParsedExtension::SubjectKeyIdentifier(_) => None,
        ParsedExtension::ParseError { .. } => Some(Note::Unreadable),
        _ => Some(Note::OtherExtension(id.to_owned())),
    }
}

fn same(own: &San, other: &San) -> bool {
    match (own, other) {
        (San::Dns(own), San::Dns(other)) => own.eq_ignore_ascii_case(other),
        (own, other) => own == other,
    }
}

/// Makes a signing request for a key made here; its subject is the common name alone, as ours counts.
pub fn make_csr(key: &Zeroizing<String>, cn: &str) -> Result<String, PkiError> {
    let key = key::load(key.as_bytes(), None)?;
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_nid(Nid::COMMONNAME, cn)?;
    let mut csr = X509ReqBuilder::new()?;
    csr.set_version(0)?;
    csr.set_subject_name(&name.build())?;
    csr.set_pubkey(&key)?;
    let digest = if key.id() == Id::ED25519 { MessageDigest::null() } else { MessageDigest::sha256() };
    csr.sign(&key, digest)?;
    String::from_utf8(csr.build().to_pem()?).map_err(|_| PkiError::CsrUnreadable)
}
