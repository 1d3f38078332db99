//! Certificates: signed here, on the CA's host, or by somebody with an offline CA.

pub(crate) mod ca_files;
pub mod offline;
pub(crate) mod remote;
pub(crate) mod request;
pub mod signer;
