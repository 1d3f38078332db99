//! Keys: what kind they are, reading them in every form openssl ever wrote, and lending one to rcgen.
//! OpenSSL does the work, as libssh2 links it anyway and rcgen's own backends read fewer forms.

use std::fmt;

use der::asn1::OctetStringRef;
use der::{Decode, Sequence};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{HasPublic, Id, PKey, PKeyRef, Private, Public};
use openssl::rsa::Rsa;
use openssl::sha::sha256;
use openssl::sign::Signer;
use rcgen::{PublicKeyData, SignatureAlgorithm, SigningKey};
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use zeroize::Zeroizing;

use super::error::PkiError;
use super::file_form::{BYTE_ORDER_MARK, FileForm, signs};
use crate::plan::hex;

/// What a key is, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA with so many bits.
    Rsa(u32),
    /// The curve P-256.
    P256,
    /// The curve P-384.
    P384,
    /// Ed25519, of RFC 8032.
    Ed25519,
    /// Anything else, by name; it can neither sign nor be signed.
    Other(String),
}

impl KeyKind {
    pub(super) fn of<T: HasPublic>(key: &PKeyRef<T>) -> Self {
        match key.id() {
            Id::RSA => Self::Rsa(key.bits()),
            Id::RSA_PSS => Self::Other("RSA-PSS".to_owned()),
            Id::ED25519 => Self::Ed25519,
            Id::ED448 => Self::Other("Ed448".to_owned()),
            Id::DSA => Self::Other("DSA".to_owned()),
            Id::EC => match key.ec_key().ok().and_then(|ec| ec.group().curve_name()) {
                _ if !names_curve(&key.public_key_to_der().unwrap_or_default()) => {
                    Self::Other("EC with parameters of its own".to_owned())
                }
                Some(Nid::X9_62_PRIME256V1) => Self::P256,
                Some(Nid::SECP384R1) => Self::P384,
                Some(Nid::SECP521R1) => Self::Other("P-521".to_owned()),
                Some(other) => Self::Other(other.short_name().unwrap_or("EC").to_owned()),
                None => Self::Other("EC".to_owned()),
            },
            _ => Self::Other("unknown".to_owned()),
        }
    }

    pub(super) fn algorithm(&self) -> Result<&'static SignatureAlgorithm, PkiError> {
        match self {
            Self::Rsa(_) => Ok(&rcgen::PKCS_RSA_SHA256),
            Self::P256 => Ok(&rcgen::PKCS_ECDSA_P256_SHA256),
            Self::P384 => Ok(&rcgen::PKCS_ECDSA_P384_SHA384),
            Self::Ed25519 => Ok(&rcgen::PKCS_ED25519),
            Self::Other(kind) => Err(PkiError::KeyUnsupported { kind: kind.clone() }),
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "RSA {bits}"),
            Self::P256 => f.write_str("P-256"),
            Self::P384 => f.write_str("P-384"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

/// A key to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewKey {
    /// The curve P-256.
    P256,
    /// RSA with 2048 bits, as in the post.
    Rsa2048,
}

pub(super) fn generate(kind: NewKey) -> Result<PKey<Private>, ErrorStack> {
    match kind {
        NewKey::P256 => {
            let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
            PKey::from_ec_key(EcKey::generate(&group)?)
        }
        NewKey::Rsa2048 => PKey::from_rsa(Rsa::generate(2048)?),
    }
}

/// Makes a key, as PKCS#8 PEM.
pub fn make_key(kind: NewKey) -> Result<Zeroizing<String>, PkiError> {
    let key = generate(kind)?;
    private_pem(&key)
}

pub(super) fn private_pem(key: &PKeyRef<Private>) -> Result<Zeroizing<String>, PkiError> {
    let pem = Zeroizing::new(key.private_key_to_pem_pkcs8()?);
    let text =
        std::str::from_utf8(&pem).map_err(|_| PkiError::Build("a key's PEM is not text".to_owned()))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// A public key as it goes into a certificate.
#[derive(Debug, Clone)]
pub struct PublicKey {
    der: Vec<u8>,
    bits: Vec<u8>,
    kind: KeyKind,
    algorithm: &'static SignatureAlgorithm,
}

impl PublicKey {
    /// Reads a PEM or DER SubjectPublicKeyInfo; refuses kinds that cannot be used and weak keys.
    pub fn read(bytes: &[u8]) -> Result<Self, PkiError> {
        let key = PKey::public_key_from_pem(bytes)
            .or_else(|_| PKey::public_key_from_der(bytes))
            .map_err(|_| PkiError::PublicKeyUnreadable)?;
        Self::of(&key)
    }

    pub(super) fn of(key: &PKeyRef<Public>) -> Result<Self, PkiError> {
        let kind = KeyKind::of(key);
        let algorithm = kind.algorithm()?;
        if matches!(kind, KeyKind::Rsa(size) if size < 2048) {
            return Err(PkiError::WeakKey { kind: kind.to_string() });
        }
        let der = key.public_key_to_der()?;
        let bits = public_key_bits(&der)?;
        Ok(Self { der, bits, kind, algorithm })
    }

    /// What it is.
    pub fn kind(&self) -> &KeyKind {
        &self.kind
    }

    /// SHA-256 of the DER SubjectPublicKeyInfo, lower-case hex; on a worker
    /// `openssl pkey -in KEY -pubout -outform DER | sha256sum`.
    pub fn sha256(&self) -> String {
        hex::encode(&sha256(&self.der))
    }

    pub(super) fn identifier(&self) -> Vec<u8> {
        identifier(&self.bits)
    }
}

impl PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.bits
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

/// The key itself in a SubjectPublicKeyInfo.
fn public_key_bits(spki: &[u8]) -> Result<Vec<u8>, PkiError> {
    let spki = SubjectPublicKeyInfoRef::from_der(spki).map_err(|_| PkiError::PublicKeyUnreadable)?;
    Ok(spki.subject_public_key.raw_bytes().to_vec())
}

/// Whether an EC key's SubjectPublicKeyInfo names its curve, instead of writing its parameters out;
/// OpenSSL 3 reads such a key as the named curve, other verifiers refuse the certificate.
fn names_curve(spki: &[u8]) -> bool {
    SubjectPublicKeyInfoRef::from_der(spki).is_ok_and(|spki| spki.algorithm.parameters_oid().is_ok())
}

/// SHA-256 of a public key given as PEM or DER, of any kind, lower-case hex.
pub fn spki_sha256(public_key: &[u8]) -> Result<String, PkiError> {
    let key = PKey::public_key_from_pem(public_key)
        .or_else(|_| PKey::public_key_from_der(public_key))
        .map_err(|_| PkiError::PublicKeyUnreadable)?;
    Ok(hex::encode(&sha256(&key.public_key_to_der()?)))
}

/// RFC 7093 method 1: the left 160 bits of SHA-256.
pub(super) fn identifier(bits: &[u8]) -> Vec<u8> {
    sha256(bits).into_iter().take(20).collect()
}

/// The same of a private key's public half; the key must not be encrypted.
pub fn private_spki_sha256(key: &[u8]) -> Result<String, PkiError> {
    let key = load(key, None)?;
    spki_of(&key)
}

/// The same of a key that was read.
pub(super) fn spki_of(key: &PKeyRef<Private>) -> Result<String, PkiError> {
    Ok(hex::encode(&sha256(&key.public_key_to_der()?)))
}

/// Whether the key file is encrypted.
pub fn needs_passphrase(key: &[u8]) -> bool {
    let text = String::from_utf8_lossy(key);
    let pem =
        text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED");
    pem || encrypted_der(key)
}

/// RFC 5958: a key in DER that is encrypted.
#[derive(Sequence)]
struct EncryptedKey<'a> {
    cipher: AlgorithmIdentifierRef<'a>,
    sealed: &'a OctetStringRef,
}

fn encrypted_der(key: &[u8]) -> bool {
    EncryptedKey::from_der(key).is_ok()
}

pub(super) fn load(key: &[u8], passphrase: Option<&Zeroizing<String>>) -> Result<PKey<Private>, PkiError> {
    let key = key.strip_prefix(BYTE_ORDER_MARK).unwrap_or(key);
    if !needs_passphrase(key) {
        // Without the callback OpenSSL would ask on /dev/tty, in the middle of the screen.
        return PKey::private_key_from_pem_callback(key, |_| Ok(0))
            .or_else(|error| PKey::private_key_from_der(key).map_err(|_| error))
            .map_err(|error| PkiError::KeyUnreadable(FileForm::of(key), error));
    }
    let passphrase = passphrase.ok_or(PkiError::PassphraseNeeded)?.as_bytes();
    // OpenSSL takes a C string; one with a zero byte in it opens no key.
    if passphrase.contains(&0) {
        return Err(PkiError::WrongPassphrase);
    }
    let opened = if encrypted_der(key) {
        PKey::private_key_from_pkcs8_passphrase(key, passphrase)
    } else {
        PKey::private_key_from_pem_passphrase(key, passphrase)
    };
    opened.map_err(|error| refusal(key, &error))
}

/// The signs of a key that is encrypted or cannot be read, as a host tells them; none of one that is readable.
pub fn key_signs(key: &[u8], readable: bool) -> Vec<String> {
    if readable {
        return Vec::new();
    }
    let mut all = signs(key);
    all.extend(check_cipher(key).is_err().then(|| "unsupported".to_owned()));
    all
}

/// Says so when an encrypted key's cipher is not there, before anybody is asked for the passphrase.
pub fn check_cipher(key: &[u8]) -> Result<(), PkiError> {
    if !needs_passphrase(key) {
        return Ok(());
    }
    // The cipher is looked for before the passphrase is tried.
    match load(key, Some(&Zeroizing::new("x".to_owned()))) {
        Err(error @ PkiError::CipherUnsupported { .. }) => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// A wrong passphrase, unless OpenSSL could not find the cipher. The decoder says "unsupported" as well
/// when a wrong passphrase happens to leave valid padding, so the word alone tells nothing.
fn refusal(key: &[u8], error: &ErrorStack) -> PkiError {
    let no_cipher = |one: &openssl::error::Error| {
        one.library() == Some("digital envelope routines") && one.reason() == Some("unsupported")
    };
    if error.errors().iter().any(no_cipher) {
        let cipher = match FileForm::of(key) {
            FileForm::PrivateKey { cipher: Some(cipher), .. } => cipher,
            _ => "an unknown cipher".to_owned(),
        };
        PkiError::CipherUnsupported { cipher }
    } else {
        PkiError::WrongPassphrase
    }
}

/// A private key of OpenSSL that rcgen signs with.
pub(super) struct OpensslKey {
    key: PKey<Private>,
    bits: Vec<u8>,
    algorithm: &'static SignatureAlgorithm,
}

impl OpensslKey {
    pub fn new(key: PKey<Private>) -> Result<Self, PkiError> {
        let algorithm = KeyKind::of(&key).algorithm()?;
        let der = key.public_key_to_der()?;
        let bits = public_key_bits(&der)?;
        Ok(Self { key, bits, algorithm })
    }

    pub fn key(&self) -> &PKeyRef<Private> {
        &self.key
    }

    pub fn signature(&self, message: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let mut signer = if self.algorithm == &rcgen::PKCS_ED25519 {
            Signer::new_without_digest(&self.key)?
        } else if self.algorithm == &rcgen::PKCS_ECDSA_P384_SHA384 {
            Signer::new(MessageDigest::sha384(), &self.key)?
        } else {
            Signer::new(MessageDigest::sha256(), &self.key)?
        };
        signer.sign_oneshot_to_vec(message)
    }
}

impl PublicKeyData for OpensslKey {
    fn der_bytes(&self) -> &[u8] {
        &self.bits
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

impl SigningKey for OpensslKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.signature(message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}
