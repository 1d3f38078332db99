//! Judging a certificate field by field: one that was just signed for us (`verify_issued`, everything
//! must be as wished), or one that lies on a worker (`compare`, does it still do the job).

use std::collections::BTreeSet;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::ca::CaInfo;
use super::facts::{CertFacts, day, facts, one_line, read_all};
use super::request::{Request, San};

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

/// One way in which a certificate is not what we want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateDifference {
    /// No certificate can be read.
    Unreadable,
    /// Not one certificate.
    Count(usize),
    /// Not version 3.
    Version(u32),
    /// Issued by another CA.
    OtherIssuer {
        /// The issuer in the certificate.
        theirs: String,
        /// Our CA's subject.
        ours: String,
    },
    /// Names our CA, but its key did not sign it.
    SignatureBad,
    /// Signed over MD5 or SHA-1.
    WeakHash(String),
    /// For another key.
    OtherKey {
        /// SHA-256 of its public key.
        is: String,
        /// SHA-256 of the wanted one.
        want: String,
    },
    /// Another subject.
    Subject {
        /// In the certificate.
        is: String,
        /// Wanted.
        want: String,
    },
    /// Other alternative names.
    San {
        /// Wanted, not there.
        missing: Vec<String>,
        /// There, not wanted.
        extra: Vec<String>,
    },
    /// Another key usage or extended key usage.
    Usage {
        /// In the certificate.
        is: String,
        /// Wanted.
        want: String,
    },
    /// It is, or may be, a CA.
    IsCa,
    /// A critical extension that not every verifier knows, by number.
    Extension(String),
    /// Starts later than now.
    NotYetValid {
        /// Its start.
        when: Timestamp,
    },
    /// Past its end.
    Expired {
        /// Its end.
        when: Timestamp,
    },
    /// Ends soon.
    ExpiresSoon {
        /// Whole days left.
        days: i64,
    },
    /// Ends at another time than wished.
    End {
        /// In the certificate.
        is: Timestamp,
        /// Wished.
        want: Timestamp,
    },
    /// Ends after its CA.
    OutlivesCa {
        /// Its end.
        is: Timestamp,
        /// The CA's end.
        ca: Timestamp,
    },
    /// Zero, negative or too long.
    Serial,
}

impl CertificateDifference {
    /// The stable code shown beside the text.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable => "E-CERT-01",
            Self::Count(_) => "E-CERT-02",
            Self::Version(_) | Self::Extension(_) | Self::Serial => "E-CERT-03",
            Self::OtherIssuer { .. } => "E-CERT-04",
            Self::SignatureBad => "E-CERT-05",
            Self::WeakHash(_) => "E-CERT-06",
            Self::OtherKey { .. } => "E-CERT-07",
            Self::Subject { .. } => "E-CERT-08",
            Self::San { .. } => "E-CERT-09",
            Self::Usage { .. } => "E-CERT-10",
            Self::IsCa => "E-CERT-11",
            Self::NotYetValid { .. } => "E-CERT-12",
            Self::Expired { .. } => "E-CERT-13",
            Self::ExpiresSoon { .. } => "E-CERT-14",
            Self::End { .. } | Self::OutlivesCa { .. } => "E-CERT-15",
        }
    }
}

impl fmt::Display for CertificateDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => f.write_str("it is not a readable certificate"),
            Self::Count(count) => write!(f, "there are {count} certificates instead of one"),
            Self::Version(version) => {
                write!(f, "it is an X.509 version {version} certificate, not version 3")
            }
            Self::OtherIssuer { theirs, ours } => {
                write!(f, "it was issued by \"{theirs}\", our CA is \"{ours}\"")
            }
            Self::SignatureBad => f.write_str("it names our CA, but our CA's key did not sign it"),
            Self::WeakHash(hash) => write!(f, "it is signed with {hash}, which is no longer accepted"),
            Self::OtherKey { is, want } => write!(f, "it is for the key {is}, ours is {want}"),
            Self::Subject { is, want } => write!(f, "its subject is \"{is}\" instead of \"{want}\""),
            Self::San { missing, extra } if extra.is_empty() => {
                write!(f, "it is not good for {}", missing.join(", "))
            }
            Self::San { missing, extra } if missing.is_empty() => {
                write!(f, "it is also good for {}", extra.join(", "))
            }
            Self::San { missing, extra } => {
                write!(f, "it is good for {} instead of {}", extra.join(", "), missing.join(", "))
            }
            Self::Usage { is, want } => write!(f, "its key usage is {is} instead of {want}"),
            Self::IsCa => f.write_str("it may be used as the certificate of a CA"),
            Self::Extension(id) => write!(f, "it has a critical extension {id}"),
            Self::NotYetValid { when } => write!(f, "it is not valid before {}", day(*when)),
            Self::Expired { when } => write!(f, "it expired on {}", day(*when)),
            Self::ExpiresSoon { days: 0 } => f.write_str("it expires within a day"),
            Self::ExpiresSoon { days: 1 } => f.write_str("it expires in 1 day"),
            Self::ExpiresSoon { days } => write!(f, "it expires in {days} days"),
            Self::End { is, want } => write!(f, "it ends on {} instead of {}", day(*is), day(*want)),
            Self::OutlivesCa { is, ca } => {
                write!(f, "it ends on {}, after its CA, which ends on {}", day(*is), day(*ca))
            }
            Self::Serial => f.write_str("its serial number is not a positive number of at most 20 bytes"),
        }
    }
}

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
    if is.not_after > ca.cert.not_after {
        found.push(CertificateDifference::OutlivesCa { is: is.not_after, ca: ca.cert.not_after });
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
    let mut found = identity(is, request, spki_sha256, ca);
    found.extend(lacking_usage(is, request));
    if is.ca == Some(true) {
        found.push(CertificateDifference::IsCa);
    }
    if is.not_before > now {
        found.push(CertificateDifference::NotYetValid { when: is.not_before });
    }
    let left = is.not_after.duration_since(now);
    let fifth = SignedDuration::from_secs(request.life().as_secs() / 5);
    let soon = fifth.min(SignedDuration::from_hours(SOON_DAYS * 24));
    if left.is_negative() {
        found.push(CertificateDifference::Expired { when: is.not_after });
    } else if left < soon && is.not_after < ca.cert.not_after {
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
    if is.subject != request.subject() {
        found.push(CertificateDifference::Subject {
            is: is.subject_text(),
            want: one_line(&request.subject()),
        });
    }
    let lower = |san: &San| match san {
        San::Dns(name) => San::Dns(name.to_ascii_lowercase()),
        San::Ip(address) => San::Ip(*address),
    };
    let want: BTreeSet<San> = request.sans.iter().map(lower).collect();
    let have: BTreeSet<San> = is.sans.iter().cloned().collect();
    let missing: Vec<String> = want.difference(&have).map(ToString::to_string).collect();
    let mut extra: Vec<String> = have.difference(&want).map(ToString::to_string).collect();
    extra.extend(is.other_sans.iter().cloned());
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
