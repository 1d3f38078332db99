//! What runs the containers of a worker: the rows that are shown of them, whoever lists them, and what each runtime
//! is told and says.

pub mod containerd;
pub mod containerd_change;
pub mod containerd_config;
pub mod cri_log;
pub mod cri_rows;
mod lister;
pub mod pod_network;
pub mod ps;
pub mod said;
pub mod typed;

pub use lister::Lister;
