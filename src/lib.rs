//! gangplank walks worker nodes aboard a Kubernetes cluster.

pub mod engine;
pub mod host;
pub mod kube;
pub mod lab;
pub mod live;
pub mod pki;
pub mod plan;
pub mod profile;
pub mod step;
pub mod ui;
