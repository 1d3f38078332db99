//! What is wrong with a worker, from what was looked at: causes in the order in which they must be mended, what only
//! follows from them, and what could not be looked at. Nothing is asked and nothing is changed here.

mod cluster;
mod diagnosis;
mod differs;
mod found;
mod found_paths;
mod identity;
mod journal;
mod judge;
mod kubelet;
mod layout;
mod node;

pub use cluster::{ClusterWord, kube_proxy_sees, may_kube_proxy_see};
pub use diagnosis::{Cause, Diagnosis};
pub use found::diagnose_found;
pub use found_paths::{FoundPaths, FoundWorker};
pub use judge::{Patient, diagnose};
pub use layout::Layout;
