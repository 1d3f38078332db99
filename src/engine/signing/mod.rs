//! Certificates: signed here, on the CA's host, or by somebody with an offline CA.

pub mod offline;
pub mod signer;
