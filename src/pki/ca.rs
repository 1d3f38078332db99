//! A certificate authority whose key is here, and making a new one.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use openssl::pkey::{PKey, Private};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyIdMethod, KeyUsagePurpose,
};
use zeroize::Zeroizing;

use super::ca_info::CaInfo;
use super::difference::CertificateDifference;
use super::error::PkiError;
use super::key::{self, NewKey, OpensslKey};
use super::request::{Request, Usages};
use super::serial::Serial;

/// A CA whose key is here.
pub struct CaSigner {
    info: CaInfo,
    key: OpensslKey,
}

impl fmt::Debug for CaSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ca").field("subject", &self.info.subject()).finish_non_exhaustive()
    }
}

/// A CA just made.
pub struct NewCa {
    /// Its certificate, PEM.
    pub cert: String,
    /// Its key, PKCS#8 PEM, not encrypted.
    pub key: Zeroizing<String>,
}

impl CaSigner {
    /// Reads a CA that can sign now. Every form of key is read that openssl writes; the passphrase is
    /// looked at only when the key is encrypted, and nothing is ever asked on the terminal.
    pub fn load(
        cert: &[u8],
        key: &[u8],
        passphrase: Option<&Zeroizing<String>>,
        now: Timestamp,
    ) -> Result<Self, PkiError> {
        let info = CaInfo::load(cert)?;
        info.check(now)?;
        let key = key::load(key, passphrase)?;
        if !info.cert.x509()?.public_key()?.public_eq(&key) {
            return Err(info.mismatch(&key::spki_of(&key)?));
        }
        Ok(Self { info, key: OpensslKey::new(key)? })
    }

    /// Its public half.
    pub fn info(&self) -> &CaInfo {
        &self.info
    }

    pub(super) fn key(&self) -> &OpensslKey {
        &self.key
    }

    /// Makes a root CA. For a cluster of the post take [`NewKey::Rsa2048`], as its own commands do: Go 1.6
    /// verifies P-256 as well, but Kubernetes 1.2 reads only RSA keys for service accounts, and people
    /// give it the CA's. [`NewKey::P256`] is stronger and made at once, for everything later.
    pub fn make(
        cn: &str,
        kind: NewKey,
        days: u32,
        serial: Serial,
        now: Timestamp,
    ) -> Result<NewCa, PkiError> {
        Self::of(cn, key::generate(kind)?, days, serial, now)
    }

    /// Makes a root CA of a key that is there, PKCS#8 PEM.
    pub fn make_with(
        cn: &str,
        key: &[u8],
        days: u32,
        serial: Serial,
        now: Timestamp,
    ) -> Result<NewCa, PkiError> {
        Self::of(cn, key::load(key, None)?, days, serial, now)
    }

    fn of(
        cn: &str,
        key: PKey<Private>,
        days: u32,
        serial: Serial,
        now: Timestamp,
    ) -> Result<NewCa, PkiError> {
        let wish = Request {
            cn: cn.to_owned(),
            organizations: Vec::new(),
            sans: Vec::new(),
            usages: Usages::default(),
            client: false,
            server: false,
            days,
        };
        wish.check()?;
        let key = OpensslKey::new(key)?;
        let mut params = CertificateParams::default();
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, cn);
        params.distinguished_name = name;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        params.key_identifier_method =
            KeyIdMethod::PreSpecified(key::identifier(rcgen::PublicKeyData::der_bytes(&key)));
        params.serial_number = Some(serial.rcgen());
        let start = now.saturating_sub(SignedDuration::from_mins(5)).unwrap_or(now);
        set_life(&mut params, start, now.saturating_add(wish.life()).unwrap_or(Timestamp::MAX));
        let cert = params.self_signed(&key).map_err(|error| PkiError::Build(error.to_string()))?;
        let made = NewCa { cert: cert.pem(), key: key::private_pem(key.key())? };
        let info = CaInfo::load(made.cert.as_bytes())?;
        if info.self_signed && info.is_ca {
            Ok(made)
        } else {
            Err(PkiError::NotAsWanted(vec![CertificateDifference::SignatureBad]))
        }
    }
}

/// Sets both dates; rcgen counts with another crate's times. Years before 1970 do not occur.
pub(super) fn set_life(params: &mut CertificateParams, start: Timestamp, end: Timestamp) {
    let since = |time: Timestamp| Duration::from_secs(u64::try_from(time.as_second()).unwrap_or(0));
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + since(start);
    params.not_after = epoch + since(end);
}
