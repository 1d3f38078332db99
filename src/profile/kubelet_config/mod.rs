//! The configuration file of a kubelet (`KubeletConfiguration`, v1beta1) from 1.24 on: what gangplank writes of its
//! own, what an operator may add, and what is to be said of a file that somebody else wrote.
//!
//! Facts: `config/v1beta1/types.go` of k8s.io/kubelet v0.24.0 to v0.37.2, and what Kubernetes 1.37.2 does with the
//! values (`pkg/kubelet`, `cmd/kubelet/app/server.go`).

mod amount;
mod duration;
mod eviction;
mod fields;
mod file;
mod finding;
mod judge;
mod owned;
mod remarks;
#[cfg(test)]
mod tests;
mod written;
mod yaml_text;

pub use file::{KeptFields, NamedFile, judge_map, judge_text, kept, named_files};
pub use finding::{ConfigEffect, ConfigFinding};
pub use owned::{OwnedField, owned_fields};
pub use written::{
    CgroupDriver, KubeletConfigError, KubeletSettings, KubeletSwap, kubelet_config, taken_over,
};
