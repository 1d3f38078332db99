//! Certificates in the lab: the signing request a worker's openssl would make, and the script that `openssl
//! ca` would run on the CA host, read word by word and carried out with our own PKI.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::stack::Stack;
use openssl::x509::extension::SubjectAlternativeName;
use openssl::x509::{X509NameBuilder, X509ReqBuilder};
use zeroize::Zeroizing;

use crate::lab::machine::LabMachine;
use crate::lab::seed::Seed;
use crate::pki::openssl_ca::{FOUND, MISSING};
use crate::pki::{CaSigner, Request, San, Usages, check_csr};
use crate::plan::action::CertificateSpec;

/// What `make_csr` of the prelude prints.
pub(crate) fn request(key_pem: &[u8], wish: &CertificateSpec) -> Result<String, ErrorStack> {
    let key = PKey::private_key_from_pem_callback(key_pem, |_| Ok(0))?;
    let mut name = X509NameBuilder::new()?;
    for organization in &wish.organizations {
        name.append_entry_by_nid(Nid::ORGANIZATIONNAME, organization)?;
    }
    name.append_entry_by_nid(Nid::COMMONNAME, &wish.cn)?;
    let mut csr = X509ReqBuilder::new()?;
    csr.set_version(0)?;
    csr.set_subject_name(&name.build())?;
    csr.set_pubkey(&key)?;
    if !wish.san().is_empty() {
        let mut san = SubjectAlternativeName::new();
        for name in &wish.names {
            san.dns(name);
        }
        for ip in &wish.ips {
            san.ip(&ip.to_string());
        }
        let mut extensions = Stack::new()?;
        extensions.push(san.build(&csr.x509v3_context(None))?)?;
        csr.add_extensions(&extensions)?;
    }
    csr.sign(&key, MessageDigest::sha256())?;
    Ok(String::from_utf8_lossy(&csr.build().to_pem()?).into_owned())
}

/// What the words of the script ask for so far.
#[derive(Default)]
struct RequestConfig {
    files: BTreeMap<String, String>,
    options: BTreeMap<String, String>,
}

/// Runs the script of `pki::openssl_ca`; `secret` is what descriptor 4 holds.
/// What it prints and what it complains.
pub(crate) fn sign(machine: &LabMachine, text: &str, secret: &[u8], seed: &mut Seed) -> (String, String) {
    let Ok(words) = shell_words::split(text) else {
        return (String::new(), "sh: 1: Syntax error: Unterminated quoted string".to_owned());
    };
    let mut asked = RequestConfig::default();
    let (mut out, mut err) = (String::new(), String::new());
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let rest = words.get(at.saturating_add(1)..).unwrap_or_default();
        let whole = rest.first().is_some_and(|form| form == "%s\\n");
        if word == "printf" && whole && rest.get(1).is_none_or(|word| word != "$pass") {
            let lines: Vec<&str> =
                rest.iter().skip(1).take_while(|word| !word.starts_with('>')).map(String::as_str).collect();
            let file =
                rest.get(lines.len().saturating_add(1)).map_or("", |word| word.trim_start_matches('>'));
            asked.files.insert(file.to_owned(), lines.join("\n"));
            at = at.saturating_add(lines.len()).saturating_add(2);
        } else if word == "printf" && rest.get(1).is_some_and(|word| word == FOUND) {
            let id = rest.get(2).cloned().unwrap_or_default();
            match one(machine, &asked, secret, seed) {
                Ok(pem) => out.extend([FOUND, " ", &id, "\n", &pem]),
                Err(why) => {
                    out.extend([MISSING, " ", &id, "\n"]);
                    err.push_str(&why);
                    err.push('\n');
                }
            }
        } else if let (true, Some(value)) = (word.starts_with('-'), rest.first()) {
            asked.options.insert(word.clone(), value.clone());
        }
        at = at.saturating_add(1);
    }
    (out, err)
}

fn one(
    machine: &LabMachine,
    asked: &RequestConfig,
    secret: &[u8],
    seed: &mut Seed,
) -> Result<String, String> {
    let read = |path: &str| {
        let file = machine.files.get(path).ok_or_else(|| format!("Can't open \"{path}\" for reading"))?;
        Ok::<_, String>(file.bytes.clone())
    };
    let option = |name: &str| asked.options.get(name).map_or("", String::as_str);
    let said = |error: crate::pki::PkiError| error.to_string();
    let start = date(option("-startdate")).ok_or("start date is invalid")?;
    let end = date(option("-enddate")).ok_or("end date is invalid")?;
    // In whole ten minutes, so that a certificate and its hash are the same on every take.
    let whole = |time: Timestamp| {
        let over = SignedDuration::from_secs(time.as_second().rem_euclid(600));
        time.saturating_sub(over).unwrap_or(time)
    };
    let (start, end) = (whole(start), whole(end));
    // Certificates of ours start five minutes back.
    let now = start.saturating_add(SignedDuration::from_mins(5)).unwrap_or(start);
    let line = String::from_utf8_lossy(secret).lines().next().unwrap_or_default().to_owned();
    let secret = (!line.is_empty()).then(|| Zeroizing::new(line));
    let cert = asked.files.get("ca.crt").ok_or("unable to load CA certificate")?;
    let ca = CaSigner::load(cert.as_bytes(), &read(option("-keyfile"))?, secret.as_ref(), now)
        .map_err(|error| format!("Could not read CA private key: {error}"))?;
    let hours = end.duration_since(now).as_hours().saturating_add(23);
    let request = wish(
        option("-subj"),
        asked.files.get("ext").map_or("", String::as_str),
        u32::try_from(hours / 24).unwrap_or(1),
    );
    let csr = asked.files.get("csr").map_or("", String::as_str);
    let csr = check_csr(csr.as_bytes(), None, &request).map_err(said)?;
    // Named by the key: requests come in any order.
    let serial = seed.next(&format!("serial {}", csr.key.sha256())).serial();
    ca.sign(&csr.key, &request, serial, now).map_err(said)
}

fn date(text: &str) -> Option<Timestamp> {
    let form = if text.len() == 13 { "%y%m%d%H%M%SZ" } else { "%Y%m%d%H%M%SZ" };
    DateTime::strptime(form, text).ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn wish(subject: &str, extensions: &str, days: u32) -> Request {
    let list = |start: &str| {
        let line = extensions.lines().find_map(|line| line.strip_prefix(start)).unwrap_or_default();
        line.split(',').map(str::trim).map(str::to_owned).collect::<Vec<_>>()
    };
    let (usages, purposes) = (list("keyUsage ="), list("extendedKeyUsage ="));
    let has = |all: &[String], word: &str| all.iter().any(|one| one == word);
    let mut request = Request {
        cn: String::new(),
        organizations: Vec::new(),
        sans: Vec::new(),
        usages: Usages {
            digital_signature: has(&usages, "digitalSignature"),
            key_encipherment: has(&usages, "keyEncipherment"),
            content_commitment: has(&usages, "nonRepudiation"),
        },
        client: has(&purposes, "clientAuth"),
        server: has(&purposes, "serverAuth"),
        days,
    };
    for entry in entries(subject) {
        match entry.split_once('=') {
            Some(("O", value)) => request.organizations.push(value.to_owned()),
            Some(("CN", value)) => value.clone_into(&mut request.cn),
            Some(_) | None => {}
        }
    }
    for line in extensions.lines() {
        let Some((kind, value)) = line.split_once(" = ") else { continue };
        if kind.starts_with("DNS.") {
            request.sans.push(San::Dns(value.to_owned()));
        } else if let (true, Ok(ip)) = (kind.starts_with("IP."), value.parse()) {
            request.sans.push(San::Ip(ip));
        }
    }
    request
}

/// Takes `/O=a/CN=b` apart; a backslash escapes.
fn entries(subject: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut chars = subject.chars();
    while let Some(c) = chars.next() {
        let (end, c) = match c {
            '/' => (true, None),
            '\\' => (false, chars.next()),
            c => (false, Some(c)),
        };
        if end {
            all.push(String::new());
        } else if let Some(last) = all.last_mut() {
            last.extend(c);
        }
    }
    all
}
