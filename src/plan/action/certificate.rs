//! What a key is to be and what a certificate shall say.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Key kinds made by gangplank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyAlgorithm {
    /// RSA with 2048 bits, as in the post.
    Rsa2048,
    /// NIST P-256.
    P256,
}

impl KeyAlgorithm {
    /// The word the prelude takes.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa2048",
            Self::P256 => "p256",
        }
    }
}

/// What a certificate shall say; ours, whatever the CSR asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateSpec {
    /// Common name.
    pub cn: String,
    /// Organizations (groups for the API server from Kubernetes 1.4 on).
    pub organizations: Vec<String>,
    /// IP addresses of the SAN.
    pub ips: Vec<IpAddr>,
    /// DNS names of the SAN.
    pub names: Vec<String>,
    /// Extended key usage clientAuth.
    pub client: bool,
    /// Extended key usage serverAuth.
    pub server: bool,
    /// Life in days.
    pub days: u32,
}

impl CertificateSpec {
    /// The subject as `openssl -subj` takes it.
    pub fn subject(&self) -> String {
        let escape = |text: &str| text.replace('\\', "\\\\").replace('/', "\\/");
        let mut out = String::new();
        for organization in &self.organizations {
            out.push_str("/O=");
            out.push_str(&escape(organization));
        }
        out.push_str("/CN=");
        out.push_str(&escape(&self.cn));
        out
    }

    /// The SAN as openssl's configuration takes it; empty when there is none.
    pub fn san(&self) -> String {
        let names = self.names.iter().map(|name| format!("DNS:{name}"));
        let ips = self.ips.iter().map(|ip| format!("IP:{ip}"));
        names.chain(ips).collect::<Vec<_>>().join(",")
    }
}
