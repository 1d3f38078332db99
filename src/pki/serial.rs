//! Serial numbers of the certificates signed here.

use openssl::rand::rand_bytes;
use rcgen::SerialNumber;

use super::error::PkiError;

/// A serial number: 16 bytes, positive and never shorter, as some readers print what they trim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Serial([u8; 16]);

impl Serial {
    /// From the operating system's randomness.
    pub fn random() -> Result<Self, PkiError> {
        let mut bytes = [0; 16];
        rand_bytes(&mut bytes)?;
        Ok(Self::from_bytes(bytes))
    }

    /// The two highest bits become 01.
    pub fn from_bytes(mut bytes: [u8; 16]) -> Self {
        bytes[0] = bytes[0] & 0x3f | 0x40;
        Self(bytes)
    }

    pub(super) fn rcgen(self) -> SerialNumber {
        SerialNumber::from_slice(&self.0)
    }
}
