//! A certificate that was just made, with other names in it. rcgen keeps a name in a map, so a second OU
//! or DC is lost, and a crate that reads names sorts the parts of one; here a name is an element whose
//! bytes nobody looks into, and the CA's own are put in as they are.

use der::asn1::BitStringRef;
use der::{Decode, Encode, Length, Reader, Sequence, Writer};
use x509_cert::Version;
use x509_cert::ext::Extensions;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use x509_cert::time::Validity;

/// A name, whole and unread: written exactly as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RawName<'a>(&'a [u8]);

impl<'a> Decode<'a> for RawName<'a> {
    type Error = der::Error;

    fn decode<R: Reader<'a>>(reader: &mut R) -> der::Result<Self> {
        reader.tlv_bytes().map(Self)
    }
}

impl Encode for RawName<'_> {
    fn encoded_len(&self) -> der::Result<Length> {
        Length::try_from(self.0.len())
    }

    fn encode(&self, writer: &mut impl Writer) -> der::Result<()> {
        writer.write(self.0)
    }
}

/// RFC 5280 4.1: what is signed; version 3, as the crates write it, but for the names.
#[derive(Debug, Sequence)]
struct ToBeSigned<'a> {
    #[asn1(context_specific = "0", default = "Default::default")]
    version: Version,
    serial: SerialNumber,
    algorithm: AlgorithmIdentifierRef<'a>,
    issuer: RawName<'a>,
    life: Validity,
    subject: RawName<'a>,
    key: SubjectPublicKeyInfoRef<'a>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

#[derive(Debug, Sequence)]
struct Signed<'a> {
    tbs: ToBeSigned<'a>,
    algorithm: AlgorithmIdentifierRef<'a>,
    signature: BitStringRef<'a>,
}

/// A certificate taken apart and named anew, still to be signed.
#[derive(Debug)]
pub(super) struct Renamed<'a> {
    certificate: Signed<'a>,
}

impl<'a> Renamed<'a> {
    /// Puts `issuer` and `subject` (whole DER names) in the place of those in `certificate`.
    pub fn new(certificate: &'a [u8], issuer: &'a [u8], subject: &'a [u8]) -> der::Result<Self> {
        let mut certificate = Signed::from_der(certificate)?;
        certificate.tbs.issuer = RawName(issuer);
        certificate.tbs.subject = RawName(subject);
        Ok(Self { certificate })
    }

    /// What is to be signed.
    pub fn tbs(&self) -> der::Result<Vec<u8>> {
        self.certificate.tbs.to_der()
    }

    /// The certificate again, with the signature over [`Self::tbs`].
    pub fn signed(self, signature: &[u8]) -> der::Result<Vec<u8>> {
        Signed { signature: BitStringRef::from_bytes(signature)?, ..self.certificate }.to_der()
    }
}

#[cfg(test)]
mod tests {
    use der::asn1::Any;
    use der::{Decode, Encode, Tag};
    use openssl::x509::X509;

    use super::{RawName, Renamed, ToBeSigned};
    use crate::pki::{CaSigner, NewKey, Serial};

    fn certificate() -> X509 {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let made = CaSigner::make("a", NewKey::P256, 9, Serial::from_bytes([9; 16]), now).unwrap();
        X509::from_pem(made.cert.as_bytes()).unwrap()
    }

    #[test]
    fn all_but_the_names_stays_byte_for_byte() {
        let certificate = certificate();
        let der = certificate.to_der().unwrap();
        let name = certificate.subject_name().to_der().unwrap();
        let same = Renamed::new(&der, &name, &name).unwrap();
        assert_eq!(same.signed(certificate.signature().as_slice()).unwrap(), der);
    }

    #[test]
    fn a_name_is_put_in_unread() {
        let der = certificate().to_der().unwrap();
        // Two values of one entry in the wrong order, and a length written longer than it has to be.
        let odd = [0x30, 0x81, 0x06, 0x31, 0x04, 0x02, 0x00, 0x01, 0x00];
        let tbs = Renamed::new(&der, &odd, &[0x30, 0]).unwrap().tbs().unwrap();
        assert!(tbs.windows(odd.len()).any(|some| some == odd), "{tbs:02x?}");
    }

    #[test]
    fn reads_back_every_length_form() {
        let der = certificate().to_der().unwrap();
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let name = Any::new(Tag::OctetString, vec![7; length]).unwrap().to_der().unwrap();
            let tbs = Renamed::new(&der, &name, &name).unwrap().tbs().unwrap();
            let read = ToBeSigned::from_der(&tbs).unwrap();
            assert_eq!((read.issuer, read.subject), (RawName(&name), RawName(&name)), "{length}");
        }
    }

    #[test]
    fn refuses_what_ends_early() {
        for bytes in
            [&[][..], &[0x30], &[0x30, 2, 1], &[0x30, 0x82, 1], &[0x30, 0x80, 0, 0], &[0x30, 0x89, 1]]
        {
            assert!(Renamed::new(bytes, &[], &[]).is_err(), "{bytes:?}");
        }
        let mut der = certificate().to_der().unwrap();
        der.pop();
        assert!(Renamed::new(&der, &[], &[]).is_err());
    }
}
