//! What is wrong with a worker, from what was looked at: causes in the order in which they must be mended, what only
//! follows from them, and what could not be looked at. Nothing is asked and nothing is changed here.

mod cluster;
mod diagnosis;
mod differs;
mod journal;
mod judge;
mod kubelet;
mod node;

pub use cluster::{ClusterWord, kube_proxy_sees, may_kube_proxy_see};
pub use diagnosis::{Cause, Diagnosis};
pub use judge::{Patient, diagnose};
