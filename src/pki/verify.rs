//! Judging a certificate field by field: one that was just signed for us (`verify_issued`, everything
//! must be as wished), or one that lies on a worker (`compare`, does it still do the job).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::ca_info::CaInfo;
use super::difference::CertificateDifference;
use super::facts::{CertFacts, facts, read_all};
use super::request::Request;
use super::san::San;

/// Another signer may round the end to its own clock or to midnight.
const SLACK: SignedDuration = SignedDuration::from_hours(24);
const SOON_DAYS: i64 = 30;
const SERIAL_LONGEST: usize = 20;
const USAGES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

/// A certificate that is as wished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Exactly this certificate, without what stood around it.
    pub pem: String,
    /// What stands in it.
    pub facts: CertFacts,
}

/// Checks what a signer returned. `asked` is the time the request was made with, from which the end is
/// counted; `now` is the time of looking.
pub fn verify_issued(
    cert: &str,
    request: &Request,
    spki_sha256: &str,
    ca: &CaInfo,
    asked: Timestamp,
    now: Timestamp,
) -> Result<Issued, Vec<CertificateDifference>> {
    let all = read_all(cert.as_bytes()).map_err(|_| vec![CertificateDifference::Unreadable])?;
    let [one] = all.as_slice() else { return Err(vec![CertificateDifference::Count(all.len())]) };
    let is = facts(one).map_err(|_| vec![CertificateDifference::Unreadable])?;
    let mut found = identity(&is, request, Some(spki_sha256), ca);
    found.extend(exact_usage(&is, request));
    if is.ca != Some(false) {
        found.push(CertificateDifference::IsCa);
    }
    found.extend(is.unknown_critical.iter().cloned().map(CertificateDifference::Extension));
    if is.not_before > now {
        found.push(CertificateDifference::NotYetValid { when: is.not_before });
    }
    let want = request.not_after(asked, ca);
    if is.not_after.duration_since(want).abs() > SLACK {
        found.push(CertificateDifference::End { is: is.not_after, want });
    }
    if is.not_after > ca.end() {
        found.push(CertificateDifference::OutlivesCa { is: is.not_after, ca: ca.end() });
    }
    if is.not_after <= now {
        found.push(CertificateDifference::Expired { when: is.not_after });
    }
    if !serial_good(&is.serial) {
        found.push(CertificateDifference::Serial);
    }
    let pem = one.to_pem().ok().and_then(|pem| String::from_utf8(pem).ok());
    match (found.is_empty(), pem) {
        (true, Some(pem)) => Ok(Issued { pem, facts: is }),
        (true, None) => Err(vec![CertificateDifference::Unreadable]),
        (false, _) => Err(found),
    }
}

/// Compares a certificate that is there with what is wanted; empty = nothing needs to be done. A missing
/// usage extension allows everything, so the certificates of the post's own commands pass.
pub fn compare(
    is: &CertFacts,
    request: &Request,
    spki_sha256: Option<&str>,
    ca: &CaInfo,
    now: Timestamp,
) -> Vec<CertificateDifference> {
    let fifth = SignedDuration::from_secs(request.life().as_secs() / 5);
    let soon = fifth.min(SignedDuration::from_hours(SOON_DAYS * 24));
    compare_within(is, request, spki_sha256, ca, (now, soon))
}

/// The same, where what ends within `soon` from `now` is to be renewed.
pub fn compare_within(
    is: &CertFacts,
    request: &Request,
    spki_sha256: Option<&str>,
    ca: &CaInfo,
    (now, soon): (Timestamp, SignedDuration),
) -> Vec<CertificateDifference> {
    let mut found = identity(is, request, spki_sha256, ca);
    found.extend(lacking_usage(is, request));
    if is.ca == Some(true) {
        found.push(CertificateDifference::IsCa);
    }
    if is.not_before > now {
        found.push(CertificateDifference::NotYetValid { when: is.not_before });
    }
    let left = is.not_after.duration_since(now);
    if left.is_negative() {
        found.push(CertificateDifference::Expired { when: is.not_after });
    } else if left < soon && is.not_after < ca.end() {
        // One that ends with its CA cannot be had any longer: that is the CA's trouble, not its own.
        found.push(CertificateDifference::ExpiresSoon { days: left.as_hours() / 24 });
    }
    found
}

/// What both kinds of judging share: who signed, for which key, which names.
fn identity(is: &CertFacts, request: &Request, key: Option<&str>, ca: &CaInfo) -> Vec<CertificateDifference> {
    let mut found = Vec::new();
    if is.version != 3 {
        found.push(CertificateDifference::Version(is.version));
    }
    if is.issuer_raw != ca.subject_raw() {
        found.push(CertificateDifference::OtherIssuer { theirs: is.issuer_text(), ours: ca.subject() });
    } else if !ca.signed(is) {
        found.push(CertificateDifference::SignatureBad);
    }
    if let Some(hash) = &is.weak_hash {
        found.push(CertificateDifference::WeakHash(hash.clone()));
    }
    if let Some(want) = key
        && !want.eq_ignore_ascii_case(&is.spki_sha256)
    {
        found.push(CertificateDifference::OtherKey { is: is.spki_sha256.clone(), want: want.to_owned() });
    }
    if is.subject != request.entries() {
        found.push(CertificateDifference::Subject { is: is.subject_text(), want: request.subject_text() });
    }
    let lower = |san: &San| match san {
        San::Dns(name) => San::Dns(name.to_ascii_lowercase()),
        San::Ip(address) => San::Ip(*address),
    };
    let want: BTreeSet<San> = request.sans.iter().map(lower).collect();
    let have: BTreeSet<San> = is.sans.iter().cloned().collect();
    let missing: Vec<String> = want.difference(&have).map(ToString::to_string).collect();
    let mut extra: Vec<String> = have.difference(&want).map(ToString::to_string).collect();
    extra.extend(is.other_sans.iter().map(ToString::to_string));
    if !missing.is_empty() || !extra.is_empty() {
        found.push(CertificateDifference::San { missing, extra });
    }
    found
}

fn exact_usage(is: &CertFacts, request: &Request) -> Vec<CertificateDifference> {
    let want = Some(request.usages.flags()).filter(|flags| *flags != 0);
    let purposes = Some(wanted_purposes(request)).filter(|purposes| !purposes.is_empty());
    let mut found = Vec::new();
    if is.usage != want {
        found.push(CertificateDifference::Usage { is: usage_text(is.usage), want: usage_text(want) });
    }
    if is.purposes != purposes {
        found.push(CertificateDifference::Usage {
            is: purpose_text(is.purposes.as_ref()),
            want: purpose_text(purposes.as_ref()),
        });
    }
    found
}

fn lacking_usage(is: &CertFacts, request: &Request) -> Vec<CertificateDifference> {
    let mut found = Vec::new();
    let want = request.usages.flags();
    if is.usage.is_some_and(|have| have & want != want) {
        found.push(CertificateDifference::Usage { is: usage_text(is.usage), want: usage_text(Some(want)) });
    }
    let purposes = wanted_purposes(request);
    let lacks = |have: &Vec<String>| {
        !have.iter().any(|one| one == "any") && purposes.iter().any(|purpose| !have.contains(purpose))
    };
    if is.purposes.as_ref().is_some_and(lacks) {
        found.push(CertificateDifference::Usage {
            is: purpose_text(is.purposes.as_ref()),
            want: purpose_text(Some(&purposes)),
        });
    }
    found
}

fn wanted_purposes(request: &Request) -> Vec<String> {
    let both = [(request.client, "clientAuth"), (request.server, "serverAuth")];
    both.into_iter().filter(|(set, _)| *set).map(|(_, name)| name.to_owned()).collect()
}

pub(super) fn usage_text(flags: Option<u16>) -> String {
    let Some(flags) = flags else { return "not limited".to_owned() };
    let set = USAGES.iter().enumerate().filter(|(bit, _)| flags >> bit & 1 == 1).map(|(_, name)| *name);
    let names = set.collect::<Vec<_>>().join(", ");
    if names.is_empty() { "none".to_owned() } else { names }
}

pub(super) fn purpose_text(purposes: Option<&Vec<String>>) -> String {
    purposes.map_or_else(|| "not limited".to_owned(), |names| names.join(", "))
}

/// Positive, as RFC 5280 wants it: at most 20 bytes, not zero, the sign bit clear.
fn serial_good(serial: &[u8]) -> bool {
    serial.len() <= SERIAL_LONGEST
        && serial.iter().any(|byte| *byte != 0)
        && serial.first().is_some_and(|byte| byte & 0x80 == 0)
}
