//! Where something happens.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A place: one queue of work each.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The operator's computer; `here` in files and events.
    #[serde(rename = "here")]
    Local,
    /// The host that holds the CA's key.
    CaHost,
    /// The cluster, through its API.
    Cluster,
    /// A worker, by node name.
    Worker(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("here"),
            Self::CaHost => f.write_str("ca-host"),
            Self::Cluster => f.write_str("cluster"),
            Self::Worker(name) => f.write_str(name),
        }
    }
}
