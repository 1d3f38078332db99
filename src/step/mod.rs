//! L3: how a worker comes aboard. One file per step, named as on the screen; [`CATALOGUE`] is their order.
//! A step sees facts and returns actions as data; it never talks to a machine. `look` is pure, and the
//! doctor is nothing but `look` on every step.

mod admin;
mod catalogue;
mod certificates;
mod connect;
mod containers;
mod context;
mod definition;
mod dns;
mod identity;
mod images;
mod input;
mod keys;
mod kube_proxy;
mod kubeconfigs;
mod kubelet;
mod namespace;
mod prerequisites;
mod ready;
mod sign;
mod start;
mod state;

pub use admin::admin_folder;
pub use catalogue::{
    CATALOGUE, admin_login, admin_request, cluster_paths, missing_containers, queries, steps,
};
pub use definition::{On, Step, StepId};
pub use identity::request;
pub use input::{ClusterFacts, PlaceView, RunView, StepInput};
pub use state::{Proof, StepState, bug, unknown};
