//! What runs the containers of a worker: the rows that are shown of them, whoever lists them, and what each runtime
//! is told and says.

pub mod containerd_config;
pub mod ps;
pub mod said;
