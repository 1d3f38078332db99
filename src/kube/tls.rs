//! Certificates a server shows, read without trusting them, and what is wrong with them in words. It
//! opens no connection.

use jiff::Timestamp;
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::error::ErrorStack;
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509VerifyParam;
use openssl::x509::{X509, X509NameRef, X509PurposeId, X509Ref, X509StoreContext, X509VerifyResult};

use crate::plan::clean;

/// Why TLS did not come up or cannot be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsFault {
    /// The certificate is for other names.
    #[error("its certificate does not carry the address, only {}", listed(names))]
    NameMismatch {
        /// The names and addresses it carries.
        names: Vec<String>,
    },
    /// No CA of ours signed it.
    #[error("its certificate comes from {issuer}, which is not our CA")]
    UnknownIssuer {
        /// Subject of the issuer.
        issuer: String,
    },
    /// Its time is over.
    #[error("its certificate expired at {end}")]
    Expired {
        /// End of its life.
        end: Timestamp,
    },
    /// Its time has not come: most often a wrong clock.
    #[error("its certificate starts at {start}; is a clock wrong?")]
    NotYetValid {
        /// Start of its life.
        start: Timestamp,
    },
    /// Signed with SHA-1 or MD5.
    #[error("its certificate is signed with {algorithm}, which is too weak")]
    WeakSignature {
        /// OpenSSL's name of the signature.
        algorithm: String,
    },
    /// A key in the chain is too short.
    #[error("a key in its certificate chain is too short ({bits} bits)")]
    WeakKey {
        /// Shortest key in the chain.
        bits: u32,
    },
    /// The certificate is not one for a server.
    #[error("its certificate may not be used by a server")]
    NotForServers,
    /// The server refused our certificate, or wants one.
    #[error("it refuses our certificate: {why}")]
    ClientRefused {
        /// The alert in words.
        why: String,
    },
    /// What answers does not speak TLS.
    #[error("the port does not speak TLS")]
    NotTls,
    /// No TLS version or cipher in common.
    #[error("no TLS version or cipher in common")]
    NothingInCommon,
    /// Anything else, in OpenSSL's words.
    #[error("{0}")]
    Other(String),
}

/// A certificate as shown by a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCertificate {
    /// Subject on one line, `CN=kube-apiserver, O=...`.
    pub subject: String,
    /// Issuer on one line.
    pub issuer: String,
    /// DNS names and IP addresses of subjectAltName.
    pub names: Vec<String>,
    /// Start of its life.
    pub start: Option<Timestamp>,
    /// End of its life.
    pub end: Option<Timestamp>,
    /// Signature algorithm, OpenSSL's name.
    pub signature: String,
    /// SHA-256 of the certificate, hex.
    pub sha256: String,
}

impl ServerCertificate {
    pub(crate) fn read(cert: &X509Ref) -> Self {
        let digest = cert.digest(openssl::hash::MessageDigest::sha256());
        Self {
            subject: name_line(cert.subject_name()),
            issuer: name_line(cert.issuer_name()),
            names: names(cert),
            start: timestamp(cert.not_before()),
            end: timestamp(cert.not_after()),
            signature: signature(cert),
            sha256: digest.map(|digest| crate::plan::hex::encode(&digest)).unwrap_or_default(),
        }
    }
}

/// Checks a chain against CA certificates (PEM, one or more) at OpenSSL's security level `level`; with
/// a host also its name. `None` = nothing wrong.
pub(super) fn check(chain: &[X509], ca: &[u8], host: Option<&str>, level: u32) -> Option<TlsFault> {
    let leaf = chain.first()?;
    match verify(chain, ca, host, level) {
        Ok(X509VerifyResult::OK) => None,
        Ok(result) => Some(fault(result, leaf, chain)),
        Err(error) => Some(TlsFault::Other(clean::words(&error.to_string()))),
    }
}

fn verify(chain: &[X509], ca: &[u8], host: Option<&str>, level: u32) -> Result<X509VerifyResult, ErrorStack> {
    let Some(leaf) = chain.first() else { return Ok(X509VerifyResult::OK) };
    let mut store = X509StoreBuilder::new()?;
    for cert in X509::stack_from_pem(ca)? {
        store.add_cert(cert)?;
    }
    let mut param = X509VerifyParam::new()?;
    param.set_auth_level(i32::try_from(level).unwrap_or(1));
    param.set_purpose(X509PurposeId::SSL_SERVER)?;
    match host.map(|host| (host, host.parse())) {
        Some((_, Ok(ip))) => param.set_ip(ip)?,
        Some((host, Err(_))) => param.set_host(host)?,
        None => {}
    }
    store.set_param(&param)?;
    let mut between = Stack::new()?;
    for cert in chain.iter().skip(1) {
        between.push(cert.clone())?;
    }
    let mut context = X509StoreContext::new()?;
    context.init(&store.build(), leaf, &between, |context| {
        context.verify_cert()?;
        Ok(context.error())
    })
}

/// The numbers are OpenSSL's `X509_V_ERR_*`, stable since 1.1.0.
fn fault(result: X509VerifyResult, leaf: &X509Ref, chain: &[X509]) -> TlsFault {
    let now = Asn1Time::days_from_now(0).ok();
    let of = |wrong: &dyn Fn(&X509) -> bool| {
        chain.iter().find(|c| wrong(c)).cloned().unwrap_or_else(|| leaf.to_owned())
    };
    match result.as_raw() {
        9 => {
            let cert = of(&|c| now.as_ref().is_some_and(|now| c.not_before() > now));
            timestamp(cert.not_before())
                .map_or_else(|| other(result), |start| TlsFault::NotYetValid { start })
        }
        10 => {
            let cert = of(&|c| now.as_ref().is_some_and(|now| c.not_after() < now));
            timestamp(cert.not_after()).map_or_else(|| other(result), |end| TlsFault::Expired { end })
        }
        // 7: signed by a CA of the same name with another key.
        2 | 7 | 18 | 19 | 20 | 21 => {
            let last = chain.last().map_or(leaf, |cert| cert);
            TlsFault::UnknownIssuer { issuer: name_line(last.issuer_name()) }
        }
        26 => TlsFault::NotForServers,
        62 | 64 => TlsFault::NameMismatch { names: names(leaf) },
        66 | 67 => {
            let bits = chain.iter().filter_map(|c| c.public_key().ok()).map(|key| key.bits()).min();
            TlsFault::WeakKey { bits: bits.unwrap_or(0) }
        }
        68 => {
            let cert = of(&|c| ["sha1", "md5", "SHA1", "MD5"].iter().any(|weak| signature(c).contains(weak)));
            TlsFault::WeakSignature { algorithm: signature(&cert) }
        }
        _ => other(result),
    }
}

fn other(result: X509VerifyResult) -> TlsFault {
    TlsFault::Other(result.error_string().to_owned())
}

/// Finds the TLS alert or other plain cause in the text of an OpenSSL error.
pub(super) fn from_words(words: &str) -> Option<TlsFault> {
    let number = words.split("alert number ").nth(1).and_then(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u8>().ok()
    });
    let refused = |why: &str| Some(TlsFault::ClientRefused { why: why.to_owned() });
    match number {
        Some(42) => refused("it is bad"),
        Some(43) => refused("it is of a kind it does not take"),
        Some(44) => refused("it was revoked"),
        Some(45) => refused("it is expired, or the server's clock is wrong"),
        Some(46) => refused("it does not like it and does not say why"),
        Some(48) => refused("it does not know the CA that signed it"),
        Some(116) => refused("a client certificate is required"),
        Some(40 | 70 | 71) => Some(TlsFault::NothingInCommon),
        Some(number) => Some(TlsFault::Other(format!("it ends the handshake with TLS alert {number}"))),
        None if ["wrong version number", "packet length too long", "http request"]
            .iter()
            .any(|w| words.contains(w)) =>
        {
            Some(TlsFault::NotTls)
        }
        None if words.contains("unsupported protocol") || words.contains("no protocols available") => {
            Some(TlsFault::NothingInCommon)
        }
        None => None,
    }
}

/// A distinguished name on one line.
pub(super) fn name_line(name: &X509NameRef) -> String {
    let mut parts = Vec::new();
    for entry in name.entries() {
        let kind = entry.object().nid().short_name().unwrap_or("?");
        let value = entry.data().to_string().unwrap_or_default();
        parts.push(format!("{kind}={}", clean::words(&value)));
    }
    if parts.is_empty() { "an empty name".to_owned() } else { parts.join(", ") }
}

/// Seconds since 1970 of an ASN.1 time.
pub(super) fn timestamp(time: &Asn1TimeRef) -> Option<Timestamp> {
    let diff = Asn1Time::from_unix(0).ok()?.diff(time).ok()?;
    let seconds = i64::from(diff.days).checked_mul(86_400)?.checked_add(i64::from(diff.secs))?;
    Timestamp::from_second(seconds).ok()
}

fn names(cert: &X509Ref) -> Vec<String> {
    let mut out = Vec::new();
    for name in cert.subject_alt_names().iter().flatten() {
        if let Some(dns) = name.dnsname() {
            out.push(clean::words(dns));
        } else if let Some(ip) = name.ipaddress() {
            let four = <[u8; 4]>::try_from(ip).map(|ip| std::net::IpAddr::from(ip).to_string());
            let six = || <[u8; 16]>::try_from(ip).map(|ip| std::net::IpAddr::from(ip).to_string());
            out.extend(four.or_else(|_| six()).ok());
        }
    }
    out
}

fn signature(cert: &X509Ref) -> String {
    let object = cert.signature_algorithm().object();
    object.nid().long_name().map_or_else(|_| object.to_string(), str::to_owned)
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "no name in subjectAltName at all".to_owned() } else { names.join(", ") }
}
