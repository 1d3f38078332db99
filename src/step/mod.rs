//! L3: how a worker comes aboard. One file per step, named as on the screen; [`CATALOGUE`] is their order.
//! A step sees facts and returns actions as data; it never talks to a machine. `look` is pure, and the
//! doctor is nothing but `look` on every step.

mod admin;
mod catalogue;
mod certificates;
mod changed;
mod connect;
mod containers;
mod context;
mod daemons;
mod definition;
mod disk;
mod dns;
mod identity;
mod images;
mod input;
mod kernel;
mod keys;
mod kube_proxy;
mod kubeconfigs;
mod kubelet;
mod namespace;
mod plan_fits;
mod prerequisites;
mod program_files;
mod program_list;
mod program_places;
mod program_versions;
mod programs;
mod proxy_args;
mod reach;
mod ready;
mod runtime;
mod sign;
mod start;
mod state;
mod versions;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

pub use admin::admin_folder;
pub use catalogue::{
    CATALOGUE, admin_login, admin_request, cluster_paths, missing_containers, queries, steps,
};
pub use containers::all_run;
pub use context::kubectl_words;
pub use definition::{On, Step, StepId};
pub use identity::{faults, request};
pub use input::{ClusterFacts, LocalFacts, PlaceView, RunView, StepInput, runtime_of};
pub use kernel::{kernel_lacks, kernel_query};
pub use plan_fits::{differs, untold};
pub use prerequisites::{CLOCK_WARN, swap_refused};
pub use ready::{cordoned, deaf, heard_ago, heard_words, is_ready, lacks_network, no_network};
pub use runtime::runtime_faults;
pub use start::{REGISTERS_WITHIN, unread_file};
pub use state::{DaemonPods, NetworkComes, Proof, StepState, bug, unknown};

/// A step goes by its id; only one that there is can be read back.
impl<'de> Deserialize<'de> for StepId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        let mut all = CATALOGUE.iter().map(|step| step.id()).chain([Self::REPAIR, Self::UNDO]);
        let known = all.find(|known| known.0 == id);
        known.ok_or_else(|| D::Error::custom(format!("there is no step {id}")))
    }
}
