//! Who we are to an API server: a certificate and its key, out of PEM in any form. The key is in memory
//! only; neither `Debug` nor an error shows it.

use std::fmt;

use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use ureq::tls::{Certificate, ClientCert, PrivateKey};
use zeroize::Zeroizing;

use super::error::ApiError;

/// A client certificate with its key, checked to belong together.
#[derive(Clone)]
pub struct Credential {
    pub(super) chain: Vec<X509>,
    pub(super) key: PKey<Private>,
}

impl Credential {
    /// Takes a certificate (with its chain, if any) and its key in PEM: PKCS#1, SEC1 or PKCS#8.
    pub fn new(cert: &[u8], key: &[u8]) -> Result<Self, ApiError> {
        let bad = |what: &str| ApiError::Credential(what.to_owned());
        let chain = X509::stack_from_pem(cert).map_err(|_| bad("the certificate is not PEM"))?;
        let leaf = chain.first().ok_or_else(|| bad("the file holds no certificate"))?;
        let key = read_key(key)?;
        let public = leaf.public_key().map_err(|_| bad("the certificate's key cannot be read"))?;
        if !public.public_eq(&key) {
            return Err(bad("key and certificate do not belong together"));
        }
        Ok(Self { chain, key })
    }

    /// For ureq, which takes DER and hands PKCS#8 on to native-tls, which takes nothing else.
    pub(super) fn client_cert(&self) -> Result<ClientCert, ApiError> {
        let bad = |what: &str| ApiError::Credential(what.to_owned());
        let key = self.key.private_key_to_pem_pkcs8().map_err(|_| bad("the key cannot be converted"))?;
        let key =
            PrivateKey::from_pem(&Zeroizing::new(key)).map_err(|_| bad("the key cannot be converted"))?;
        Ok(ClientCert::new_with_certs(&certificates(&self.chain)?, key))
    }
}

/// Certificates as ureq wants them.
pub(super) fn certificates(chain: &[X509]) -> Result<Vec<Certificate<'static>>, ApiError> {
    let ders: Result<Vec<_>, _> = chain.iter().map(|cert| cert.to_der()).collect();
    let ders = ders.map_err(|_| ApiError::Credential("a certificate cannot be converted".to_owned()))?;
    Ok(ders.iter().map(|der| Certificate::from_der(der).to_owned()).collect())
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(..)")
    }
}

/// Without a password callback OpenSSL would ask for one on the terminal, under the screen.
fn read_key(pem: &[u8]) -> Result<PKey<Private>, ApiError> {
    let mut asked = false;
    let key = PKey::private_key_from_pem_callback(pem, |_| {
        asked = true;
        Ok(0)
    });
    let words = if asked { "the key is encrypted" } else { "the key is not a PEM key" };
    key.map_err(|_| ApiError::Credential(words.to_owned()))
}
