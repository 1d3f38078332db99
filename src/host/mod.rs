//! L2: machines. [`Host`] takes a batch of actions and questions and tells what came of it. A host is a
//! shell at the end of a wire (`shell`, over `ssh` or `local`), this computer itself (`local_host`), or, above
//! this layer, a machine of the scripted lab. Nothing here knows a step.

mod agent;
pub mod answer;
mod answer_lines;
mod ask;
pub mod batch;
mod channel_io;
pub mod config;
mod config_file;
mod deadlines;
mod docker_answer;
pub mod error;
mod journal;
mod jump;
mod keys;
pub mod known_hosts;
pub mod local;
pub mod local_host;
pub mod login;
mod machine;
mod questions;
mod reader;
mod session_loop;
pub mod shell;
mod socket;
pub mod ssh;
pub mod stop;
pub mod stream;
pub mod target;
mod trouble;
pub mod trust;
mod unit_answer;
pub mod whole_file;
pub mod wire;

pub use ask::{Ask, HostKeyQuestion, SecretWanted, TrustAnswer};
pub use batch::{Batch, CompileError, HostLock};
pub use config::resolve;
pub use config_file::names as config_hosts;
pub use deadlines::Deadlines;
pub use docker_answer::FROZEN;
pub use error::WireError;
pub use local::LocalWire;
pub use local_host::LocalHost;
pub use machine::{Host, Pipe, Vault};
pub use reader::{ActionEnd, BatchEnd, BatchProgress};
pub use shell::ShellHost;
pub use ssh::SshWire;
pub use stop::Stop;
pub use stream::{Live, LiveStream, Sample};
pub use target::{SshEnvironment, SshTarget};
pub use trouble::HostTrouble;
pub use trust::{NewKeys, TrustPolicy};
pub use wire::{Chunk, Duplex, RecvTimeout, Sender, Wire, WireCounts};
