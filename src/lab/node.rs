//! A node between its kubelet and the API: what the kubelet says of itself, how it logs in, what the API keeps.

use crate::pki::CertFacts;

/// A node that is not heard of for so long is Unknown, milliseconds.
pub(crate) const SILENT_AFTER: u64 = 40_000;

/// What two clocks show, milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clocks {
    /// The machine's.
    pub wall_ms: i64,
    /// The API's.
    pub api_ms: i64,
}

/// A node.
#[derive(Debug, Clone)]
pub(crate) struct LabNode {
    pub uid: String,
    pub address: String,
    pub version: String,
    /// The runtime with its version, `containerd://2.4.2`.
    pub runtime: String,
    pub created: u64,
    /// Since when it is Ready, or not.
    pub since: u64,
    /// When it was Ready for the first time.
    pub ready_at: Option<u64>,
    /// Why it is not Ready; empty = it is.
    pub unready: String,
    /// Its disk is full.
    pub full: bool,
    /// When its kubelet was heard of last.
    pub heard: u64,
    /// Images its machine has, names only.
    pub images: Vec<String>,
    /// No new pods are placed on it.
    pub cordoned: bool,
    /// Whose cordon that is, as the API notes it; empty = nobody's.
    pub cordoned_by: String,
    /// It has the taint out-of-service.
    pub out_of_service: bool,
}

impl LabNode {
    /// Nothing was heard of it for too long.
    pub fn is_silent(&self, latest: u64) -> bool {
        latest.saturating_sub(self.heard) > SILENT_AFTER
    }
}

/// What a kubelet tells the API.
#[derive(Default)]
pub(crate) struct LabKubelet {
    pub name: String,
    pub address: String,
    pub version: String,
    /// The runtime with its version, `containerd://2.4.2`.
    pub runtime: String,
    /// Why it is not Ready; empty = it is.
    pub unready: String,
    /// When it said so last, milliseconds of the lab.
    pub said: u64,
    /// Since when it is so.
    pub since: u64,
    /// Since when it talks to the API without a break.
    pub talks: u64,
    /// Its disk is full.
    pub full: bool,
}

/// What a kubelet shows the API, looked at once: its files are read when it starts.
#[derive(Debug, Clone)]
pub(crate) struct NodeLogin {
    /// The server it talks to.
    pub server: String,
    /// Fingerprint of the CA it trusts; empty = none that can be read.
    pub ca: String,
    /// Its certificate.
    pub cert: CertFacts,
    /// The cluster's CA signed it.
    pub signed: bool,
}
