//! Certificates against the real openssl: what it makes we read, what we make it accepts.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[path = "pki/ca.rs"]
mod ca;
#[path = "pki/csr.rs"]
mod csr;
#[path = "pki/existing.rs"]
mod existing;
#[path = "pki/issuers.rs"]
mod issuers;
#[path = "pki/limits.rs"]
mod limits;
#[path = "pki/remote.rs"]
mod remote;
#[path = "support/openssl.rs"]
mod support;
#[path = "pki/tampered.rs"]
mod tampered;
