//! What a TLS server is called by: an address or a name.

use std::fmt;
use std::net::IpAddr;

/// One subject alternative name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum San {
    /// An address.
    Ip(IpAddr),
    /// A name.
    Dns(String),
}

impl fmt::Display for San {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => write!(f, "IP:{address}"),
            Self::Dns(name) => write!(f, "DNS:{name}"),
        }
    }
}
