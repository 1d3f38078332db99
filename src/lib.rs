//! gangplank walks worker nodes aboard a Kubernetes cluster.

pub mod plan;
