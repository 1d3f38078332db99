//! What runs the containers of a worker.

pub mod containerd_config;
