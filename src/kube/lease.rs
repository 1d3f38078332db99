//! A node's Lease as it is kept with the node.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A node's Lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// When the kubelet renewed it, by its own clock.
    pub renewed: Timestamp,
    /// How long it lasts, seconds: four of the kubelet's intervals.
    pub lasts_s: u32,
}
