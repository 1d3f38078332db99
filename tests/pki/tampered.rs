//! What comes back from a signer, changed in one field at a time: each change is seen and named.

use gangplank::pki::{
    CaInfo, CaSigner, CertificateDifference, Issued, NewKey, Request, Serial, verify_issued,
};
use jiff::Timestamp;
use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509Extension, X509Name};

use super::support::{WORKER_KEY, days, made_ca, now, public, serial, worker, worker_spki};

/// A certificate as another signer would make it, to be changed by a test.
struct Forge {
    now: Timestamp,
    ca: CaInfo,
    ca_key: PKey<Private>,
    issuer: Option<X509>,
    key: PKey<Private>,
    version: i32,
    serial: BigNum,
    subject: Vec<(&'static str, &'static str)>,
    sans: Vec<X509Extension>,
    usage: Vec<&'static str>,
    purposes: Vec<&'static str>,
    constraints: Option<bool>,
    more: Vec<X509Extension>,
    start: Timestamp,
    end: Timestamp,
    hash: MessageDigest,
}

fn names(dns: &[&str], ips: &[&str], emails: &[&str]) -> Vec<X509Extension> {
    let mut names = SubjectAlternativeName::new();
    for name in dns {
        names.dns(name);
    }
    for name in ips {
        names.ip(name);
    }
    for name in emails {
        names.email(name);
    }
    vec![names.build(&X509::builder().unwrap().x509v3_context(None, None)).unwrap()]
}

impl Forge {
    fn new() -> Self {
        let now = now();
        let made = CaSigner::make("demo-ca", NewKey::P256, 3650, serial(), now).unwrap();
        Self {
            now,
            ca: CaInfo::load(made.cert.as_bytes()).unwrap(),
            ca_key: PKey::private_key_from_pem(made.key.as_bytes()).unwrap(),
            issuer: None,
            key: PKey::private_key_from_pem(WORKER_KEY.as_bytes()).unwrap(),
            version: 2,
            serial: BigNum::from_u32(77).unwrap(),
            subject: vec![("O", "system:nodes"), ("CN", "system:node:worker-1")],
            sans: names(&["worker-1"], &["192.168.2.1", "2001:db8::1"], &[]),
            usage: vec!["digitalSignature", "nonRepudiation", "keyEncipherment"],
            purposes: vec!["clientAuth", "serverAuth"],
            constraints: Some(false),
            more: vec![],
            start: now,
            end: now + days(365),
            hash: MessageDigest::sha256(),
        }
    }

    fn pem(self) -> (String, CaInfo, Timestamp) {
        let mut name = X509Name::builder().unwrap();
        for (kind, value) in &self.subject {
            name.append_entry_by_text(kind, value).unwrap();
        }
        let mut cert = X509Builder::new().unwrap();
        cert.set_version(self.version).unwrap();
        cert.set_serial_number(&Asn1Integer::from_bn(&self.serial).unwrap()).unwrap();
        cert.set_subject_name(&name.build()).unwrap();
        let own = X509::from_der(&self.ca.cert.der).unwrap();
        cert.set_issuer_name(self.issuer.as_ref().unwrap_or(&own).subject_name()).unwrap();
        cert.set_pubkey(&self.key).unwrap();
        cert.set_not_before(&Asn1Time::from_unix(self.start.as_second()).unwrap()).unwrap();
        cert.set_not_after(&Asn1Time::from_unix(self.end.as_second()).unwrap()).unwrap();
        if self.version == 2 {
            self.extend(&mut cert);
        }
        cert.sign(&self.ca_key, self.hash).unwrap();
        (String::from_utf8(cert.build().to_pem().unwrap()).unwrap(), self.ca, self.now)
    }

    fn extend(&self, cert: &mut X509Builder) {
        let mut extensions: Vec<X509Extension> = Vec::new();
        if let Some(ca) = self.constraints {
            let mut constraints = BasicConstraints::new();
            if ca {
                constraints.ca();
            }
            extensions.push(constraints.critical().build().unwrap());
        }
        if !self.usage.is_empty() {
            let mut usage = KeyUsage::new();
            for name in &self.usage {
                match *name {
                    "digitalSignature" => usage.digital_signature(),
                    "nonRepudiation" => usage.non_repudiation(),
                    "keyEncipherment" => usage.key_encipherment(),
                    "keyCertSign" => usage.key_cert_sign(),
                    other => panic!("{other}"),
                };
            }
            extensions.push(usage.build().unwrap());
        }
        if !self.purposes.is_empty() {
            let mut eku = ExtendedKeyUsage::new();
            for name in &self.purposes {
                eku.other(name);
            }
            extensions.push(eku.build().unwrap());
        }
        for extension in extensions.iter().chain(&self.sans).chain(&self.more) {
            cert.append_extension2(extension).unwrap();
        }
    }
}

fn judged(forge: Forge) -> Result<Issued, Vec<CertificateDifference>> {
    let (pem, ca, now) = forge.pem();
    verify_issued(&pem, &worker(), &worker_spki(), &ca, now, now)
}

/// Changes one thing; exactly one difference with this code has to be found.
fn assert_seen(code: &str, change: impl FnOnce(&mut Forge)) -> CertificateDifference {
    let mut forge = Forge::new();
    change(&mut forge);
    let found = judged(forge).expect_err("it was taken");
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(one.code(), code, "{one}");
    one.clone()
}

#[test]
fn takes_the_unchanged_one() {
    let issued = judged(Forge::new()).unwrap();
    assert_eq!(issued.facts.subject_text(), "O=system:nodes, CN=system:node:worker-1");
    assert_eq!(issued.pem.matches("BEGIN CERTIFICATE").count(), 1);
}

#[test]
fn returns_the_certificate_without_what_stands_around_it() {
    let (pem, ca, now) = Forge::new().pem();
    let noisy = format!("Certificate:\n    Data: x\n{pem}\ntrailing\n");
    assert_eq!(verify_issued(&noisy, &worker(), &worker_spki(), &ca, now, now).unwrap().pem, pem);
}

#[test]
fn sees_none_or_more_than_one() {
    let (pem, ca, now) = Forge::new().pem();
    let judge = |text: &str| verify_issued(text, &worker(), &worker_spki(), &ca, now, now).unwrap_err();
    assert_eq!(judge(""), [CertificateDifference::Unreadable]);
    assert_eq!(judge("sorry"), [CertificateDifference::Unreadable]);
    assert_eq!(judge(&pem[..pem.len() / 2]), [CertificateDifference::Unreadable]);
    assert_eq!(judge(&format!("{pem}{pem}")), [CertificateDifference::Count(2)]);
}

#[test]
fn sees_another_issuer() {
    let other = CaSigner::make("other-ca", NewKey::P256, 9, serial(), now()).unwrap();
    let seen = assert_seen("E-CERT-04", |forge| {
        forge.issuer = Some(X509::from_pem(other.cert.as_bytes()).unwrap());
        forge.ca_key = PKey::private_key_from_pem(other.key.as_bytes()).unwrap();
    });
    assert_eq!(seen.to_string(), "it was issued by \"CN=other-ca\", our CA is \"CN=demo-ca\"");
}

#[test]
fn sees_another_signer_of_the_same_name() {
    let other = CaSigner::make("demo-ca", NewKey::P256, 9, serial(), now()).unwrap();
    assert_seen("E-CERT-05", |forge| {
        forge.ca_key = PKey::private_key_from_pem(other.key.as_bytes()).unwrap();
    });
}

#[test]
fn sees_a_changed_byte() {
    let (pem, ca, now) = Forge::new().pem();
    let mut der = X509::from_pem(pem.as_bytes()).unwrap().to_der().unwrap();
    let at = der.windows(8).position(|part| part == b"worker-1").unwrap();
    der[at + 7] = b'2';
    let pem = String::from_utf8(X509::from_der(&der).unwrap().to_pem().unwrap()).unwrap();
    let found = verify_issued(&pem, &worker(), &worker_spki(), &ca, now, now).unwrap_err();
    assert!(found.contains(&CertificateDifference::SignatureBad), "{found:?}");
}

#[test]
fn sees_a_weak_hash() {
    assert_seen("E-CERT-06", |forge| forge.hash = MessageDigest::sha1());
}

#[test]
fn sees_another_key() {
    let key = gangplank::pki::make_key(NewKey::P256).unwrap();
    assert_seen("E-CERT-07", |forge| forge.key = PKey::private_key_from_pem(key.as_bytes()).unwrap());
}

#[test]
fn sees_another_subject() {
    assert_seen("E-CERT-08", |forge| forge.subject[1].1 = "system:node:worker-2");
    assert_seen("E-CERT-08", |forge| forge.subject[1].1 = "system:node:worker-1\0.evil");
    assert_seen("E-CERT-08", |forge| forge.subject.swap(0, 1));
    assert_seen("E-CERT-08", |forge| _ = forge.subject.remove(0));
    assert_seen("E-CERT-08", |forge| forge.subject.insert(0, ("O", "system:masters")));
    assert_seen("E-CERT-08", |forge| forge.subject[0].0 = "OU");
}

#[test]
fn sees_other_names() {
    let seen = assert_seen("E-CERT-09", |forge| forge.sans = names(&["worker-1"], &["192.168.2.1"], &[]));
    assert_eq!(
        seen,
        CertificateDifference::San { missing: vec!["IP:2001:db8::1".to_owned()], extra: vec![] }
    );
    let all = ["192.168.2.1", "2001:db8::1"];
    assert_seen("E-CERT-09", |forge| forge.sans = names(&["worker-1", "x"], &all, &[]));
    assert_seen("E-CERT-09", |forge| forge.sans = names(&["worker-1", "192.168.2.1"], &["2001:db8::1"], &[]));
    let seen = assert_seen("E-CERT-09", |forge| forge.sans = names(&["worker-1"], &all, &["a@b.c"]));
    assert_eq!(seen.to_string(), "it is also good for email:a@b.c");
    assert_seen("E-CERT-09", |forge| forge.sans.clear());
}

#[test]
fn sees_another_usage() {
    assert_seen("E-CERT-10", |forge| _ = forge.usage.pop());
    let seen = assert_seen("E-CERT-10", |forge| forge.usage.push("keyCertSign"));
    assert!(seen.to_string().contains("keyEncipherment, keyCertSign instead of"), "{seen}");
    assert_seen("E-CERT-10", |forge| forge.usage.clear());
    assert_seen("E-CERT-10", |forge| _ = forge.purposes.pop());
    assert_seen("E-CERT-10", |forge| forge.purposes.push("codeSigning"));
    assert_seen("E-CERT-10", |forge| forge.purposes.push("1.2.3.4"));
    assert_seen("E-CERT-10", |forge| forge.purposes.clear());
}

#[test]
fn sees_a_ca() {
    assert_seen("E-CERT-11", |forge| forge.constraints = Some(true));
    assert_seen("E-CERT-11", |forge| forge.constraints = None);
}

#[test]
fn sees_a_critical_extension() {
    let odd = |critical| {
        let oid = openssl::asn1::Asn1Object::from_str("1.2.3.4").unwrap();
        let value = openssl::asn1::Asn1OctetString::new_from_bytes(&[5, 0]).unwrap();
        X509Extension::new_from_der(&oid, critical, &value).unwrap()
    };
    assert_eq!(
        assert_seen("E-CERT-03", |forge| forge.more.push(odd(true))),
        CertificateDifference::Extension("1.2.3.4".to_owned())
    );
    let mut forge = Forge::new();
    forge.more.push(odd(false));
    assert!(judged(forge).is_ok(), "one that is not critical does no harm");
}

#[test]
fn sees_wrong_dates() {
    assert_seen("E-CERT-12", |forge| forge.start = forge.now + days(1));
    assert_seen("E-CERT-15", |forge| forge.end = forge.now + days(363));
    assert_seen("E-CERT-15", |forge| forge.end = forge.now + days(367));
    let mut forge = Forge::new();
    forge.end = forge.now + days(3651);
    let found = judged(forge).unwrap_err();
    assert!(found.iter().any(|one| matches!(one, CertificateDifference::OutlivesCa { .. })), "{found:?}");
    let (pem, ca, now) = Forge::new().pem();
    let found = verify_issued(&pem, &worker(), &worker_spki(), &ca, now, now + days(366)).unwrap_err();
    assert!(matches!(found.as_slice(), [CertificateDifference::Expired { .. }]), "{found:?}");
}

#[test]
fn sees_a_bad_serial_number() {
    assert_seen("E-CERT-03", |forge| forge.serial = BigNum::from_u32(0).unwrap());
    assert_seen("E-CERT-03", |forge| forge.serial.set_negative(true));
    assert_seen("E-CERT-03", |forge| forge.serial = BigNum::from_slice(&[0x7f; 21]).unwrap());
}

#[test]
fn sees_version_1() {
    let mut forge = Forge::new();
    forge.version = 0;
    let found = judged(forge).unwrap_err();
    assert!(found.contains(&CertificateDifference::Version(1)), "{found:?}");
}

#[test]
fn takes_names_in_any_case_and_order() {
    let ca = made_ca();
    let mut upper = worker();
    upper.sans.reverse();
    upper.sans.push(gangplank::pki::San::Dns("WORKER-1".to_owned()));
    let cert = ca.sign(&public(&WORKER_KEY), &upper, Serial::from_bytes([0xff; 16]), now()).unwrap();
    let issued = verify_issued(&cert, &worker(), &worker_spki(), ca.info(), now(), now()).unwrap();
    assert_eq!(issued.facts.serial[0], 0x7f);
    let wants_less = Request { client: false, ..worker() };
    assert!(verify_issued(&cert, &wants_less, &worker_spki(), ca.info(), now(), now()).is_err());
}
