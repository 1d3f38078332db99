//! What runs the containers of a worker: the rows that are shown of them, whoever lists them, and what each runtime
//! is told and says.

pub mod answer_lines;
pub mod containerd;
pub mod containerd_answer;
pub mod containerd_change;
pub mod containerd_config;
pub mod cri_log;
pub mod cri_rows;
pub mod docker;
pub mod docker_answer;
pub mod flannel_bridge;
mod lister;
pub mod of_facts;
pub mod pod_network;
pub mod ps;
pub mod said;
pub mod typed;

pub use lister::Lister;

/// Where the runtimes keep what they write.
pub const FOLDERS: [&str; 2] = ["/var/lib/containerd", "/var/lib/docker"];
