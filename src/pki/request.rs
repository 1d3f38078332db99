//! What we want of a certificate: our own values. Nothing in here comes from a signing request.

use jiff::{SignedDuration, Timestamp};
use openssl::nid::Nid;
use openssl::x509::{X509Name, X509NameBuilder};

use super::ca_info::CaInfo;
use super::error::PkiError;
use super::names::{Name, one_line};
use super::san::San;

/// Clocks differ; a certificate starts so much before now.
const BACK: SignedDuration = SignedDuration::from_mins(5);
/// X.509 allows no longer CN or O, and OpenSSL refuses one.
const LONGEST_NAME: usize = 64;
const LONGEST_DNS: usize = 253;

/// One certificate to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Common name; the user name Kubernetes sees.
    pub cn: String,
    /// Organizations, in order; the groups Kubernetes sees.
    pub organizations: Vec<String>,
    /// Addresses and names it is good for.
    pub sans: Vec<San>,
    /// Key usage; none set = the extension is left out.
    pub usages: Usages,
    /// Good for a TLS client; neither this nor `server` = the extension is left out.
    pub client: bool,
    /// Good for a TLS server.
    pub server: bool,
    /// Life in days; cut at the end of the CA.
    pub days: u32,
}

/// What the key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usages {
    /// TLS with (EC)DHE.
    pub digital_signature: bool,
    /// TLS with RSA key exchange.
    pub key_encipherment: bool,
    /// Once called nonRepudiation; the post asks for it.
    pub content_commitment: bool,
}

impl Usages {
    /// As the bits of the extension, the first bit lowest.
    pub(super) fn flags(self) -> u16 {
        u16::from(self.digital_signature)
            | u16::from(self.content_commitment) << 1
            | u16::from(self.key_encipherment) << 2
    }
}

impl Request {
    /// Refuses values that no certificate can carry, before anything is signed.
    pub fn check(&self) -> Result<(), PkiError> {
        let unfit = |what: String| Err(PkiError::Unfit { what });
        for (what, value) in
            std::iter::once(("CN", &self.cn)).chain(self.organizations.iter().map(|value| ("O", value)))
        {
            if value.trim().is_empty() {
                return unfit(format!("an empty {what}"));
            }
            if value.chars().count() > LONGEST_NAME {
                return unfit(format!("the {what} \"{value}\": it is longer than {LONGEST_NAME} characters"));
            }
            if value.chars().any(char::is_control) {
                return unfit(format!("a {what} with control characters"));
            }
        }
        for san in &self.sans {
            if let San::Dns(name) = san
                && !dns_name(name)
            {
                return unfit(format!("{name:?} as a DNS name"));
            }
        }
        if self.days == 0 { unfit("a life of 0 days".to_owned()) } else { Ok(()) }
    }

    /// First second of its life: five minutes back, yet not before the CA's.
    pub fn not_before(&self, now: Timestamp, ca: &CaInfo) -> Timestamp {
        whole(now.saturating_sub(BACK).unwrap_or(now)).max(ca.cert.not_before)
    }

    /// Last second of its life: as wished, yet not after the CA's.
    pub fn not_after(&self, now: Timestamp, ca: &CaInfo) -> Timestamp {
        whole(now.saturating_add(self.life()).unwrap_or(Timestamp::MAX)).min(ca.end())
    }

    pub(super) fn life(&self) -> SignedDuration {
        SignedDuration::from_hours(i64::from(self.days) * 24)
    }

    /// The subject as it is read from a certificate.
    pub(super) fn entries(&self) -> Name {
        self.subject().into_iter().map(|(kind, value)| (kind, value.into())).collect()
    }

    /// The subject on one line.
    pub fn subject_text(&self) -> String {
        one_line(&self.entries())
    }

    /// The subject in order: organizations, then the common name.
    pub(super) fn subject(&self) -> Vec<(String, String)> {
        let organizations = self.organizations.iter().map(|value| ("O".to_owned(), value.clone()));
        organizations.chain([("CN".to_owned(), self.cn.clone())]).collect()
    }

    pub(super) fn name(&self) -> Result<X509Name, PkiError> {
        let mut name = X509NameBuilder::new()?;
        for value in &self.organizations {
            name.append_entry_by_nid(Nid::ORGANIZATIONNAME, value)?;
        }
        name.append_entry_by_nid(Nid::COMMONNAME, &self.cn)?;
        Ok(name.build())
    }
}

/// Certificates count in whole seconds.
fn whole(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

fn dns_name(name: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= LONGEST_DNS && name.split('.').all(label)
}
