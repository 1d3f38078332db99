//! L1: certificates. Loads a CA, checks what a worker asks for, signs what the plan wants, and checks
//! what comes back. Bytes in, bytes out: no file, no process, no clock of its own; time and serial
//! numbers are arguments. A certificate carries our values alone, never those of a signing request.

pub mod ca;
pub mod ca_info;
pub mod csr;
mod dates;
pub mod describe;
pub mod difference;
pub mod error;
pub mod facts;
pub mod file_form;
pub mod key;
mod limits;
pub mod name_limits;
mod names;
pub mod offline;
pub mod openssl_ca;
mod renamed;
pub mod request;
pub mod san;
pub mod serial;
pub mod sign;
pub mod verify;

pub use ca::CaSigner;
pub use ca_info::CaInfo;
pub use csr::{CheckedCsr, Note, check_csr, make_csr};
pub use describe::describe;
pub use difference::CertificateDifference;
pub use error::PkiError;
pub use facts::{CertFacts, examine};
pub use file_form::{FileForm, FileRole};
pub use key::{
    KeyKind, NewKey, PublicKey, check_cipher, key_signs, make_key, needs_passphrase, private_spki_sha256,
    spki_sha256,
};
pub use name_limits::NameLimits;
pub use request::{Request, Usages};
pub use san::San;
pub use serial::Serial;
pub use verify::{Issued, compare, compare_within, verify_issued};
