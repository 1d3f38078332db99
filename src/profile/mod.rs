//! L1: what each Kubernetes wants written. A profile is chosen from the versions the machines report, never
//! by default; it names the certificates, files, flags and images of a worker, and touches nothing.

mod choice;
mod current;
mod difference;
mod dns;
mod dry_check;
pub mod kernel;
mod kubelet_config;
mod node;
mod paths;
mod render;
mod v1_16;
mod v1_2;

pub use choice::{Profile, choose, flag_sets, healthz_port};
pub use difference::{DIFFERENCES, Difference, needed_differences};
pub use dns::{dns_images, dns_kind, dns_objects};
pub use dry_check::{DryCheck, dry_check};
pub use kubelet_config::{
    CgroupDriver, ConfigEffect, ConfigFinding, KeptFields, KubeletConfigError, KubeletSettings, KubeletSwap,
    NamedFile, OwnedField, judge_map, judge_text, kept, kubelet_config, named_files, owned_fields,
    taken_over,
};
pub use node::{DesiredFile, Flag, Identity, NodeSetup};
pub use paths::{
    KUBE_PROXY_USER, KUBECONFIG, KUBELET, KUBELET_CONFIG, MANIFESTS, PROXY_KUBECONFIG, SSL, UNIT, is_own,
    is_own_folder,
};
pub use render::RenderError;
