//! L3: the scripted lab: machines, a cluster and a clock in memory, so that every step, every fault and every
//! undo can be tried without a machine, a network or a sleep. It interprets actions instead of running shell,
//! but keys, requests and certificates are real and are really checked. A [`Lab`] is a handle; its clones
//! show the same lab.

mod act;
mod api;
mod ca;
pub mod clock;
pub mod cluster;
mod container_log;
mod containerd;
mod containerd_facts;
mod dns;
mod dns_pods;
mod facts;
pub mod faults;
mod flags;
mod found;
mod happenings;
mod journal;
mod kernel;
mod kubectl;
mod kubelet;
mod lock;
pub mod machine;
mod node;
mod outcome;
mod pods;
mod run;
mod seed;
pub mod setup;
mod state;
mod stream;
mod takes;
mod undo;

pub use crate::lab::api::LabCluster;
pub use crate::lab::clock::LabClock;
pub use crate::lab::cluster::ClusterState;
pub use crate::lab::faults::Fault;
pub use crate::lab::machine::{Build, LabFile, LabMachine, LabTar, Picture};
pub use crate::lab::run::LabHost;
pub use crate::lab::setup::{LabError, LabSetup};
pub use crate::lab::state::{HERE, Lab};
