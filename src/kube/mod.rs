//! L2: Kubernetes from this computer: the API client, what a TLS server shows before it is trusted, node
//! and pod status, kubeconfig files and a DNS question. It decides nothing
//! about a plan and touches no other machine than the API's address it is given.

pub mod addon;
pub mod api;
pub mod apply;
pub mod clock;
pub mod cluster;
pub mod credential;
pub mod daemon_set;
pub mod dns;
pub mod drain;
pub mod error;
pub mod exec;
pub mod happening;
pub mod heartbeat;
pub mod kubeconfig;
mod kubeconfig_shape;
pub mod kubeconfig_write;
pub mod lease;
pub mod node;
mod percent;
pub mod pod;
pub mod probe;
pub mod quantity;
pub mod service_facts;
mod sniff;
pub mod subset;
pub mod tls;
pub mod watch;

pub use api::Api;
pub use apply::Applied;
pub use clock::Clock;
pub use cluster::{ClusterApi, LiveCluster, NodeNews};
pub use credential::Credential;
pub use error::ApiError;
pub use exec::{ContainerPlace, ExecSaid};
pub use happening::{About, Happening};
pub use lease::Lease;
pub use node::{Node, NodeCondition, NodeEvent, ReadyState, Taint};
pub use pod::{Pod, PodWait};
pub use probe::{Probe, probe};
pub use tls::TlsFault;

/// An object as YAML, for people to read.
pub fn yaml(object: &serde_json::Value) -> String {
    // A JSON value can always be written.
    serde_yaml::to_string(object).unwrap_or_default()
}
