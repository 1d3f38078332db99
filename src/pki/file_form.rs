//! What a file is that should hold a certificate or a private key, told by its frame: the labels of its PEM blocks,
//! the names of its algorithms, how it is written. A host tells the same signs in words, so a key is judged without
//! a byte of it leaving its machine.

use std::fmt;

use openssl::asn1::Asn1Object;
use openssl::base64;
use openssl::pkey::PKey;
use openssl::x509::{X509Crl, X509Req};
use x509_parser::der_parser::ber::{BerObject, BerObjectContent, parse_ber};

/// What some editors of Windows write in front of UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// As many signs of a kind are looked at.
const MOST: usize = 8;

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileForm {
    /// Nothing is in it.
    Empty,
    /// Longer than any key.
    TooLong,
    /// Compressed by gzip.
    Gzip,
    /// Text in UTF-16, as some editors and PowerShell write it.
    Utf16 {
        /// Which of the two, where it does not say so itself.
        order: Option<&'static str>,
    },
    /// A PEM file in base64 once more.
    Base64,
    /// A text in which that stands, such as a kubeconfig or a Secret.
    HoldsBase64,
    /// The base64 text of DER, without the BEGIN and END lines.
    Bare,
    /// PEM with blanks before its lines, as copied out of YAML.
    Indented,
    /// PEM in one line, with `\n` written out, as copied out of JSON.
    Escaped,
    /// PEM whose lines end with a carriage return alone.
    CarriageReturns,
    /// PEM with a byte order mark in front.
    Marked,
    /// A PKCS#12 store (.pfx, .p12).
    Pkcs12,
    /// Certificates in PKCS#7 (.p7b); in DER or as PEM.
    Pkcs7 {
        /// Not as PEM.
        der: bool,
    },
    /// A key store of Java.
    JavaStore,
    /// A certificate with the trust settings that openssl adds.
    Trusted,
    /// A certificate, in DER or as PEM.
    Certificate,
    /// A signing request.
    SigningRequest,
    /// A list of revoked certificates.
    RevocationList,
    /// Only the public half of a key; of SSH or not.
    PublicKey {
        /// In a form of SSH.
        ssh: bool,
    },
    /// A private key.
    PrivateKey {
        /// The cipher it is encrypted with.
        cipher: Option<String>,
        /// Not as PEM.
        der: bool,
    },
    /// A private key in OpenSSH's own form.
    OpenSsh,
    /// A private key of PuTTY.
    Putty,
    /// Parameters of a curve or of a key exchange, no key.
    Parameters,
    /// Something of PGP.
    Pgp,
    /// A page of the web.
    WebPage,
    /// None of these.
    Unknown,
}

/// What a file should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileRole {
    /// The CA's certificate.
    Certificate,
    /// The CA's private key.
    Key,
}

impl FileForm {
    /// Tells what bytes are.
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_signs(&signs(bytes))
    }

    /// Tells what a file is by the signs of it.
    pub fn of_signs(signs: &[String]) -> Self {
        let has = |word: &str| signs.iter().any(|sign| sign == word);
        let of = |word: &str| -> Vec<&str> {
            signs.iter().filter_map(|sign| sign.strip_prefix(word)?.strip_prefix(' ')).collect()
        };
        for (word, form) in [
            ("empty", Self::Empty),
            ("large", Self::TooLong),
            ("gzip", Self::Gzip),
            ("utf16", Self::Utf16 { order: None }),
            ("utf16be", Self::Utf16 { order: Some("BE") }),
            ("utf16le", Self::Utf16 { order: Some("LE") }),
            ("java", Self::JavaStore),
            ("web", Self::WebPage),
            ("escaped", Self::Escaped),
            ("carriage", Self::CarriageReturns),
            ("putty", Self::Putty),
            ("bom", Self::Marked),
        ] {
            if has(word) {
                return form;
            }
        }
        let (labels, names) = (of("label"), of("name"));
        let framed = |label: &str| match label {
            "PKCS7" | "CMS" | "PKCS #7 SIGNED DATA" => Some(Self::Pkcs7 { der: false }),
            "TRUSTED CERTIFICATE" => Some(Self::Trusted),
            "CERTIFICATE" | "X509 CERTIFICATE" => Some(Self::Certificate),
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Some(Self::SigningRequest),
            "X509 CRL" => Some(Self::RevocationList),
            "OPENSSH PRIVATE KEY" => Some(Self::OpenSsh),
            "SSH2 PUBLIC KEY" => Some(Self::PublicKey { ssh: true }),
            _ if label.starts_with("PGP") => Some(Self::Pgp),
            _ if label.ends_with("PRIVATE KEY") => {
                let sealed = label.starts_with("ENCRYPTED") || has("sealed");
                Some(Self::PrivateKey { cipher: sealed.then(|| cipher(&names)).flatten(), der: false })
            }
            _ if label.ends_with("PUBLIC KEY") => Some(Self::PublicKey { ssh: false }),
            _ => None,
        };
        if let Some(form) = labels.iter().find_map(|label| framed(label)) {
            return if has("indented") { Self::Indented } else { form };
        }
        if labels.iter().any(|label| label.ends_with("PARAMETERS")) {
            return Self::Parameters;
        }
        for (word, form) in [
            ("ssh", Self::PublicKey { ssh: true }),
            ("public", Self::PublicKey { ssh: false }),
            ("crl", Self::RevocationList),
            ("request", Self::SigningRequest),
            ("base64", Self::Base64),
            ("holds", Self::HoldsBase64),
            ("bare", Self::Bare),
        ] {
            if has(word) {
                return form;
            }
        }
        match names.as_slice() {
            ["pkcs7-signedData", ..] => Self::Pkcs7 { der: true },
            ["pkcs7-data" | "pkcs7-encryptedData", ..] => Self::Pkcs12,
            [first, ..] if first.starts_with("PBES2") || first.starts_with("pbe") => {
                Self::PrivateKey { cipher: cipher(&names), der: true }
            }
            ["rsaEncryption" | "id-ecPublicKey" | "ED25519" | "ED448" | "rsassaPss", ..] => {
                Self::PrivateKey { cipher: None, der: true }
            }
            ["commonName" | "organizationName" | "countryName" | "domainComponent", ..] => {
                Self::SigningRequest
            }
            [first, ..] if first.contains("With") || first.contains("with") => Self::Certificate,
            _ => Self::Unknown,
        }
    }

    /// The command that makes of `path` the file that is wanted, and that file; `None` = there is none.
    pub fn conversion(&self, role: FileRole, path: &str) -> Option<(String, String)> {
        // A name that begins as a flag does is a path all the same.
        let here = |path: &str| if path.starts_with('-') { format!("./{path}") } else { path.to_owned() };
        let new = format!("{path}.pem");
        let (from, to) = (here(path), here(&new));
        let (from, to) = (shell_words::quote(&from).into_owned(), shell_words::quote(&to).into_owned());
        let command = match (self, role) {
            (Self::Gzip, _) => format!("gzip -dc < {from} > {to}"),
            (Self::Utf16 { order }, _) => {
                format!("iconv -f UTF-16{} -t UTF-8 {from} > {to}", order.unwrap_or_default())
            }
            (Self::HoldsBase64, _) => {
                format!("grep -o 'LS0tLS1[A-Za-z0-9+/=]*' {from} | head -n 1 | base64 -d > {to}")
            }
            (Self::Base64, _) => format!("base64 -d {from} > {to}"),
            (Self::Indented, _) => format!("sed 's/^[[:space:]]*//' {from} > {to}"),
            (Self::Escaped, _) => {
                format!("printf '%b\\n' \"$(grep -o -e '-----BEGIN.*-----' {from})\" > {to}")
            }
            (Self::Marked, _) => format!("tail -c +4 {from} > {to}"),
            (Self::CarriageReturns, _) => format!("tr '\\r' '\\n' < {from} > {to}"),
            (Self::Bare, FileRole::Certificate) => {
                let open = format!("base64 -di {from} | openssl");
                format!(
                    "{open} x509 -inform DER -out {to} || {open} pkcs7 -inform DER -print_certs -out {to}"
                )
            }
            (Self::Bare, FileRole::Key) => {
                format!("base64 -di {from} | openssl pkey -inform DER -out {to}")
            }
            (Self::Pkcs12, FileRole::Certificate) => {
                format!("openssl pkcs12 -in {from} -nokeys -out {to}")
            }
            (Self::Pkcs12, FileRole::Key) => format!("openssl pkcs12 -in {from} -nocerts -out {to}"),
            (Self::Pkcs7 { der }, FileRole::Certificate) => {
                let form = if *der { "-inform DER " } else { "" };
                format!("openssl pkcs7 -print_certs {form}-in {from} -out {to}")
            }
            (Self::JavaStore, _) => {
                format!(
                    "keytool -importkeystore -srckeystore {from} -destkeystore {to} -deststoretype PKCS12"
                )
            }
            (Self::Trusted, FileRole::Certificate) => format!("openssl x509 -in {from} -out {to}"),
            (Self::OpenSsh, FileRole::Key) => {
                format!("cp {from} {to} && ssh-keygen -p -m PKCS8 -f {to}")
            }
            (Self::PrivateKey { cipher: Some(_), der }, FileRole::Key) => {
                let form = if *der { "-inform DER " } else { "" };
                format!("openssl pkey -provider legacy -provider default {form}-in {from} -aes256 -out {to}")
            }
            (Self::PrivateKey { cipher: None, der: true }, FileRole::Key) => {
                format!("openssl pkey -inform DER -in {from} -out {to}")
            }
            _ => return None,
        };
        // A key must not become readable by others on its way.
        let command = if role == FileRole::Key { format!("umask 077; {command}") } else { command };
        Some((command, new))
    }

    /// What to do where no command helps; empty = nothing is known to help.
    pub fn advice(&self, role: FileRole) -> &'static str {
        match (self, role) {
            (Self::PrivateKey { .. } | Self::OpenSsh | Self::Putty, FileRole::Certificate)
            | (Self::Certificate | Self::Trusted, FileRole::Key) => {
                "exchange ca.cert and ca.key, if the other file is the other one; else name the right file"
            }
            (Self::SigningRequest, FileRole::Certificate) => {
                "name the certificate that was made of this request"
            }
            (Self::SigningRequest | Self::PublicKey { .. }, _) => {
                "name the private key that belongs to the CA's certificate"
            }
            (Self::PrivateKey { cipher: None, .. }, FileRole::Key) => {
                "copy the file again from where it is whole"
            }
            (Self::Empty, _) => "name a file that holds something, or copy it again",
            (Self::JavaStore, _) => "then take what is wanted out of that PKCS#12 store with openssl pkcs12",
            (Self::Pkcs12, _) => "where openssl says unsupported, add -legacy to that command",
            (Self::Putty, FileRole::Key) => "export it in PuTTYgen: Conversions, Export OpenSSH key",
            _ => "",
        }
    }
}

impl FileForm {
    /// What it is, for somebody who needs it as `role` and cannot read it.
    pub fn seen(&self, role: FileRole) -> String {
        match (self, role) {
            (Self::Certificate, FileRole::Certificate)
            | (Self::PrivateKey { cipher: None, der: false }, FileRole::Key) => {
                format!("{self}, and what stands between its BEGIN and END lines cannot be read")
            }
            _ => self.to_string(),
        }
    }
}

fn cipher(names: &[&str]) -> Option<String> {
    // With PBES2 the ways to derive a key come first, the cipher is last.
    names.last().map(|name| (*name).to_owned())
}

impl fmt::Display for FileForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Empty => "it is empty",
            Self::TooLong => "it is longer than any certificate or key",
            Self::Gzip => "it is compressed by gzip",
            Self::Utf16 { .. } => "it is text in UTF-16, not in ASCII or UTF-8",
            Self::Base64 => {
                "it is the base64 of a PEM file, as certificate-authority-data of a kubeconfig holds it"
            }
            Self::HoldsBase64 => "the base64 of a PEM file stands in it, as in a kubeconfig or a Secret",
            Self::Bare => "it is base64 without the BEGIN and END lines of PEM",
            Self::Indented => "it is PEM with blanks before its lines",
            Self::Escaped => "it is PEM in one line, with \\n written out",
            Self::CarriageReturns => "it is PEM whose lines end with a carriage return alone",
            Self::Marked => "it is PEM with a byte order mark in front of it",
            Self::Pkcs12 => "it is a PKCS#12 store (.pfx, .p12)",
            Self::Pkcs7 { .. } => "it holds certificates in PKCS#7 (.p7b)",
            Self::JavaStore => "it is a key store of Java",
            Self::Trusted => "it is a TRUSTED CERTIFICATE, with trust settings of openssl behind it",
            Self::Certificate => "it is a certificate",
            Self::SigningRequest => "it is a signing request (CSR), not yet a certificate",
            Self::RevocationList => "it is a list of revoked certificates (CRL)",
            Self::PublicKey { ssh: false } => "it is a public key, only the half that everybody may know",
            Self::PublicKey { ssh: true } => "it is a public key of SSH",
            Self::PrivateKey { cipher: Some(cipher), der } => {
                let form = if *der { " in DER" } else { "" };
                return write!(f, "it is a private key{form}, encrypted with {cipher}");
            }
            Self::PrivateKey { cipher: None, der: true } => "it is a key in DER",
            Self::PrivateKey { cipher: None, der: false } => "it is a private key",
            Self::OpenSsh => "it is a private key in OpenSSH's own form",
            Self::Putty => "it is a private key of PuTTY",
            Self::Parameters => "it holds only parameters of keys, no key",
            Self::Pgp => "it is something of PGP",
            Self::WebPage => "it is a web page or another text of XML",
            Self::Unknown => "it is neither PEM nor any form of certificate or key that is known here",
        };
        f.write_str(text)
    }
}

/// The signs of a file, a word or two each, as a host tells them too: `empty`, `utf16`, `label RSA PRIVATE KEY`,
/// `name des-cbc` ... Nothing of what a key holds is among them.
pub fn signs(bytes: &[u8]) -> Vec<String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return vec!["empty".to_owned()];
    }
    let mut signs = Vec::new();
    let mut say = |word: &str| signs.push(word.to_owned());
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => say("utf16"),
        [0x2d, 0, 0x2d, ..] => say("utf16le"),
        [0, 0x2d, 0, ..] => say("utf16be"),
        [0x1f, 0x8b, ..] => say("gzip"),
        [0xfe, 0xed, 0xfe, 0xed, ..] => say("java"),
        _ => {}
    }
    let text = String::from_utf8_lossy(bytes);
    let begins: Vec<&str> = text.lines().filter(|line| line.contains("-----BEGIN ")).collect();
    let start = text.trim_start().to_ascii_lowercase();
    let der = bytes.first() == Some(&0x30);
    let base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c) || c.is_ascii_whitespace();
    let words = [
        ("bom", bytes.starts_with(BYTE_ORDER_MARK)),
        ("web", ["<!doctype", "<html", "<?xml"].iter().any(|word| start.starts_with(word))),
        ("putty", start.starts_with("putty-user-key-file")),
        ("ssh", ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|word| start.starts_with(word))),
        ("escaped", text.contains("-----\\n")),
        ("carriage", text.contains("-----\r") && !text.contains('\n')),
        ("indented", begins.iter().any(|line| line.starts_with([' ', '\t']))),
        ("base64", text.trim_start().starts_with("LS0tLS1")),
        ("holds", text.contains("LS0tLS1")),
        // A sequence of DER begins with 0x30.
        ("bare", text.trim_start().starts_with('M') && text.chars().all(base64)),
        ("sealed", text.contains("Proc-Type: 4,ENCRYPTED")),
        ("public", der && PKey::public_key_from_der(bytes).is_ok()),
        ("crl", der && X509Crl::from_der(bytes).is_ok()),
        ("request", der && X509Req::from_der(bytes).is_ok()),
    ];
    for (word, is) in words {
        if is {
            say(word);
        }
    }
    let label = |line: &str| {
        let (_, rest) = line.split_once("-----BEGIN ")?;
        Some(format!("label {}", rest.split_once("-----")?.0))
    };
    let labels: Vec<String> = begins.iter().filter_map(|line| label(line)).take(MOST).collect();
    let legacy = text.lines().find_map(|line| line.strip_prefix("DEK-Info:"));
    let name = |line: &str| format!("name {}", line.split(',').next().unwrap_or_default().trim());
    signs.extend(legacy.map(name));
    if labels.is_empty() {
        signs.extend(names(bytes));
    } else if let (None, Some(der)) = (legacy, first_block(&text)) {
        signs.extend(names(&der));
    }
    signs.extend(labels);
    signs
}

/// The DER of the first PEM block that is no parameters.
fn first_block(text: &str) -> Option<Vec<u8>> {
    blocks(text).find(|(label, _)| !label.ends_with("PARAMETERS")).map(|(_, der)| der)
}

/// The PEM blocks of a text: label and DER; what cannot be decoded is left out.
pub(super) fn blocks(text: &str) -> impl Iterator<Item = (&str, Vec<u8>)> {
    text.split("-----BEGIN ").skip(1).filter_map(|part| {
        let (label, rest) = part.split_once("-----")?;
        let (body, _) = rest.split_once("-----END ")?;
        let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
        Some((label, base64::decode_block(&body).ok()?))
    })
}

/// The names of the algorithms and kinds that stand in DER, in order.
fn names(der: &[u8]) -> Vec<String> {
    fn walk(object: &BerObject, found: &mut Vec<String>) {
        match &object.content {
            BerObjectContent::OID(oid) if found.len() < MOST => {
                let id = oid.to_id_string();
                let name = Asn1Object::from_str(&id).map_or(id, |object| object.to_string());
                found.push(format!("name {name}"));
            }
            BerObjectContent::Sequence(all) | BerObjectContent::Set(all) => {
                for one in all {
                    walk(one, found);
                }
            }
            BerObjectContent::Tagged(_, _, inner) => walk(inner, found),
            _ => {}
        }
    }
    let mut found = Vec::new();
    if let Ok((_, object)) = parse_ber(der) {
        walk(&object, &mut found);
    }
    found
}
