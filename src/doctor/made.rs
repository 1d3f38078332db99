//! Certificates for the tests of the doctor, made anew each time.

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::sha::sha256;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};

use crate::plan::hex;

/// The time by which they are judged, seconds since 1970.
pub(super) const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;

/// A key with its certificate.
pub(super) struct Pair {
    key: PKey<Private>,
    cert: X509,
}

impl Pair {
    /// A CA of that name.
    pub(super) fn ca(name: &str) -> Self {
        make(None, &[("CN", name)], &[], (-9, 9))
    }

    /// A certificate of this CA; its life from and to, in days from now.
    pub(super) fn issue(&self, subject: &[(&str, &str)], sans: &[&str], life: (i64, i64)) -> Self {
        make(Some(self), subject, sans, life)
    }

    pub(super) fn pem(&self) -> String {
        String::from_utf8(self.cert.to_pem().expect("it is written")).expect("it is text")
    }

    /// SHA-256 of the public half of its key.
    pub(super) fn spki(&self) -> String {
        hex::encode(&sha256(&self.key.public_key_to_der().expect("it has one")))
    }
}

fn make(ca: Option<&Pair>, subject: &[(&str, &str)], sans: &[&str], life: (i64, i64)) -> Pair {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("it is known");
    let key = PKey::from_ec_key(EcKey::generate(&group).expect("a key")).expect("a key");
    let mut name = X509NameBuilder::new().expect("a name");
    for (kind, value) in subject {
        name.append_entry_by_text(kind, value).expect("an entry");
    }
    let name = name.build();
    let mut cert = X509::builder().expect("a certificate");
    let at = |days: i64| Asn1Time::from_unix(NOW + days * DAY).expect("a time");
    cert.set_version(2).expect("a version");
    cert.set_subject_name(&name).expect("a subject");
    cert.set_issuer_name(ca.map_or(&name, |ca| ca.cert.subject_name())).expect("an issuer");
    cert.set_pubkey(&key).expect("a key");
    cert.set_not_before(&at(life.0)).expect("a begin");
    cert.set_not_after(&at(life.1)).expect("an end");
    let serial = BigNum::from_u32(7).and_then(|number| number.to_asn1_integer()).expect("a number");
    cert.set_serial_number(&serial).expect("it has a number");
    if ca.is_none() {
        let ca = BasicConstraints::new().critical().ca().build().expect("an extension");
        cert.append_extension(ca).expect("it is taken");
    }
    if !sans.is_empty() {
        let mut names = SubjectAlternativeName::new();
        for san in sans {
            if san.parse::<std::net::IpAddr>().is_ok() {
                names.ip(san)
            } else {
                names.dns(san)
            };
        }
        let names = names.build(&cert.x509v3_context(None, None)).expect("an extension");
        cert.append_extension(names).expect("it is taken");
    }
    cert.sign(ca.map_or(&key, |ca| &ca.key), MessageDigest::sha256()).expect("it is signed");
    Pair { key, cert: cert.build() }
}
