//! What is wrong with a worker, from what was looked at: causes in the order in which they must be mended, what only
//! follows from them, and what could not be looked at. Nothing is asked and nothing is changed here.

mod around;
mod certificate_anew;
mod cluster;
mod diagnosis;
mod differs;
mod findings;
mod flannel;
mod found;
mod found_api;
mod found_paths;
mod found_pods;
mod found_proxy;
mod found_runtime;
mod found_unit;
mod identity;
mod journal;
mod judge;
mod keys;
mod known_to_api;
mod kubelet;
mod layout;
mod machine;
#[cfg(test)]
mod made;
mod node;
mod resolver;
mod services;
mod serving;
mod verdicts;

pub use around::{name_of, refuses_incoming};
pub use certificate_anew::{CertificateAnew, certificate_anew, is_its_ca};
pub use cluster::{ClusterWord, kube_proxy_sees, may_kube_proxy_see};
pub use diagnosis::{Cause, Diagnosis};
pub use flannel::flannel_query;
pub use found::diagnose_found;
pub use found_api::{NodeHeard, heard_of};
pub use found_paths::{FoundPaths, FoundWorker, ServingPair};
pub use judge::{Patient, diagnose};
pub use known_to_api::identity_query;
pub use layout::Layout;
pub use node::made_anew;
pub use resolver::{FILES as RESOLVER_FILES, dns_query, resolver_query};
pub use verdicts::{FileVerdict, file_verdicts};
