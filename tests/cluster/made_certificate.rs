//! A worker's certificate that is wrong in one way, signed as one of the lab's CA or of one that only has its name.

use std::time::{SystemTime, UNIX_EPOCH};

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::x509::extension::{ExtendedKeyUsage, KeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509NameBuilder};

use super::lab::Lab;

const DAY: i64 = 86_400;

/// What is made of a certificate: what it says where nothing is changed is that of the worker.
pub struct Made<'a> {
    /// Days from now, of its start and its end.
    pub life: (i64, i64),
    /// Another CN.
    pub cn: Option<&'a str>,
    /// The DNS name and the address in it; `None` = no names at all.
    pub names: Option<(&'a str, &'a str)>,
    /// It may serve.
    pub server: bool,
    /// The key that signs is not that of the CA it names.
    pub stranger: bool,
}

/// The certificate at `path`, for the same key, made anew in another way.
pub fn certificate(lab: &Lab, worker: &str, path: &str, made: &Made) -> Vec<u8> {
    let old = X509::from_pem(lab.on(worker, &format!("cat {path}")).as_bytes()).expect("a certificate");
    signed(lab, &old, made).expect("openssl signs")
}

fn signed(lab: &Lab, old: &X509, made: &Made) -> Result<Vec<u8>, ErrorStack> {
    let read = |name| std::fs::read(lab.get(name)).expect("the lab wrote it");
    let ca = X509::from_pem(&read("LAB_CA_CERT"))?;
    let key = if made.stranger {
        PKey::from_rsa(Rsa::generate(2048)?)?
    } else {
        PKey::private_key_from_pem(&read("LAB_CA_KEY"))?
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let now = i64::try_from(now).expect("it fits");
    let mut new = X509Builder::new()?;
    new.set_version(2)?;
    let serial = BigNum::from_u32(77)?.to_asn1_integer()?;
    new.set_serial_number(&serial)?;
    new.set_issuer_name(ca.subject_name())?;
    if let Some(cn) = made.cn {
        let mut subject = X509NameBuilder::new()?;
        subject.append_entry_by_text("O", "system:nodes")?;
        subject.append_entry_by_text("CN", cn)?;
        new.set_subject_name(&subject.build())?;
    } else {
        new.set_subject_name(old.subject_name())?;
    }
    let public = old.public_key()?;
    new.set_pubkey(&public)?;
    let start = Asn1Time::from_unix(now + made.life.0 * DAY)?;
    let end = Asn1Time::from_unix(now + made.life.1 * DAY)?;
    new.set_not_before(&start)?;
    new.set_not_after(&end)?;
    if let Some((name, address)) = made.names {
        let mut names = SubjectAlternativeName::new();
        let names = names.dns(name).ip(address).build(&new.x509v3_context(Some(&ca), None))?;
        new.append_extension(names)?;
    }
    let mut usages = ExtendedKeyUsage::new();
    usages.client_auth();
    if made.server {
        usages.server_auth();
    }
    new.append_extension(usages.build()?)?;
    new.append_extension(KeyUsage::new().digital_signature().key_encipherment().build()?)?;
    new.sign(&key, MessageDigest::sha256())?;
    new.build().to_pem()
}
