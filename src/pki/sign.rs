//! Signing here: our values, the requester's public key, the CA's own name as issuer.
//!
//! rcgen writes the certificate. Its issuer and subject are then replaced, because rcgen keeps a name in
//! a map: of two OUs, DCs or Os one is lost and the certificate no longer names its CA.

use jiff::Timestamp;
use openssl::x509::X509;
use rcgen::{
    CertificateParams, DistinguishedName, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod,
    KeyUsagePurpose, SanType,
};

use super::ca::{CaSigner, set_life};
use super::error::PkiError;
use super::key::PublicKey;
use super::renamed::Renamed;
use super::request::Request;
use super::san::San;
use super::serial::Serial;
use super::verify::verify_issued;

impl CaSigner {
    /// Signs one certificate, looks at it as if a stranger had made it, and returns its PEM.
    pub fn sign(
        &self,
        key: &PublicKey,
        request: &Request,
        serial: Serial,
        now: Timestamp,
    ) -> Result<String, PkiError> {
        request.check()?;
        self.info().check(now)?;
        self.info().may_sign(request, now)?;
        let build = |error: rcgen::Error| PkiError::Build(error.to_string());
        let issuer = Issuer::new(issuer_params(self), self.key());
        let plain = params(self, key, request, serial, now)?.signed_by(key, &issuer).map_err(build)?;
        let subject = request.name()?.to_der()?;
        let unreadable = |error: der::Error| PkiError::Build(format!("its own DER: {error}"));
        let renamed = Renamed::new(plain.der(), self.info().subject_raw(), &subject).map_err(unreadable)?;
        let signature = self.key().signature(&renamed.tbs().map_err(unreadable)?)?;
        let pem = X509::from_der(&renamed.signed(&signature).map_err(unreadable)?)?.to_pem()?;
        let pem = String::from_utf8(pem).map_err(|_| PkiError::CertUnreadable)?;
        verify_issued(&pem, request, &key.sha256(), self.info(), now, now).map_err(PkiError::NotAsWanted)?;
        Ok(pem)
    }
}

/// Only the key identifier of these is used; the name is replaced.
fn issuer_params(ca: &CaSigner) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.key_identifier_method = KeyIdMethod::PreSpecified(ca.info().cert.ski.clone().unwrap_or_default());
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn params(
    ca: &CaSigner,
    key: &PublicKey,
    request: &Request,
    serial: Serial,
    now: Timestamp,
) -> Result<CertificateParams, PkiError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.serial_number = Some(serial.rcgen());
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_identifier_method = KeyIdMethod::PreSpecified(key.identifier());
    // A CA without an identifier gets none made up.
    params.use_authority_key_identifier_extension = ca.info().cert.ski.is_some();
    for san in &request.sans {
        params.subject_alt_names.push(match san {
            San::Ip(address) => SanType::IpAddress(*address),
            San::Dns(name) => SanType::DnsName(
                name.as_str().try_into().map_err(|error: rcgen::Error| PkiError::Build(error.to_string()))?,
            ),
        });
    }
    let usages = [
        (request.usages.digital_signature, KeyUsagePurpose::DigitalSignature),
        (request.usages.content_commitment, KeyUsagePurpose::ContentCommitment),
        (request.usages.key_encipherment, KeyUsagePurpose::KeyEncipherment),
    ];
    params.key_usages = usages.into_iter().filter(|(set, _)| *set).map(|(_, usage)| usage).collect();
    let purposes = [
        (request.client, ExtendedKeyUsagePurpose::ClientAuth),
        (request.server, ExtendedKeyUsagePurpose::ServerAuth),
    ];
    params.extended_key_usages = purposes.into_iter().filter(|(set, _)| *set).map(|(_, one)| one).collect();
    set_life(&mut params, request.not_before(now, ca.info()), request.not_after(now, ca.info()));
    Ok(params)
}
