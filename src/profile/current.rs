//! Profile *current*: Kubernetes 1.24 to 1.37 on containerd. Identities as in v1.16; a KubeletConfiguration file and the
//! few flags that have no field there; kube-proxy as a static pod that names no object of the API.

use super::kubelet_config::{CgroupDriver, KubeletConfigError, KubeletSettings, KubeletSwap, kubelet_config};
use super::node::{DesiredFile, Flag, NodeSetup};
use super::paths::{KUBECONFIG, KUBELET_CONFIG, MANIFESTS, SSL};
use super::render::RenderError;
use super::v1_16;
use crate::plan::minors;
use crate::plan::model::{Plan, Version};
use crate::plan::wishes::{CgroupV1, SwapPolicy};

/// Where containerd listens.
pub const ENDPOINT: &str = "unix:///run/containerd/containerd.sock";

/// Images a worker needs before anything runs: kube-proxy's and pause.
pub(super) fn images(plan: &Plan, kubelet: Version) -> [String; 2] {
    let images = &plan.images;
    let registry = minors::at(minors::REGISTRY, kubelet).unwrap_or_default();
    [
        images.kube_proxy.clone().unwrap_or_else(|| format!("{registry}/kube-proxy:{kubelet}")),
        images
            .pause
            .clone()
            .unwrap_or_else(|| minors::at(minors::PAUSE, kubelet).unwrap_or_default().to_owned()),
    ]
}

/// The flags that have no field in the file; before 1.27 the runtime's endpoint too.
pub(super) fn flags(setup: &NodeSetup) -> Vec<Flag> {
    let NodeSetup { worker, kubelet, .. } = setup;
    let need = |text: String| Flag { text, required: true };
    let like = |text: String| Flag { text, required: false };
    let mut flags = vec![
        need(format!("--config={KUBELET_CONFIG}")),
        need(format!("--kubeconfig={KUBECONFIG}")),
        need(format!("--hostname-override={}", worker.name)),
        need(format!("--node-ip={}", worker.address)),
        like("--housekeeping-interval=60s".to_owned()),
    ];
    if minors::RUNTIME_FLAG.holds(*kubelet) {
        flags.push(need("--container-runtime=remote".to_owned()));
    }
    if !minors::ENDPOINT_FIELD.holds(*kubelet) {
        flags.push(need(format!("--container-runtime-endpoint={ENDPOINT}")));
    }
    flags
}

/// The configuration file.
pub(super) fn config(setup: &NodeSetup) -> Result<String, RenderError> {
    let NodeSetup { plan, worker, machine, cgroup_driver, kubelet, kept, .. } = setup;
    // systemd-resolved's stub would make a DNS pod ask itself (coredns#2087).
    let resolv_conf = if machine.resolved { "/run/systemd/resolve/resolv.conf" } else { "/etc/resolv.conf" };
    let v1_allowed = plan.cluster.cgroup_v1 == CgroupV1::Allow && machine.cgroup != 2;
    let settings = KubeletSettings {
        client_ca: v1_16::CA_PATH.to_owned(),
        cert: format!("{SSL}/worker.crt"),
        key: format!("{SSL}/worker.key"),
        static_pods: MANIFESTS.to_owned(),
        dns: vec![plan.cluster.dns],
        domain: plan.cluster.domain.clone(),
        cgroup_driver: if *cgroup_driver == "systemd" {
            CgroupDriver::Systemd
        } else {
            CgroupDriver::Cgroupfs
        },
        resolv_conf: resolv_conf.to_owned(),
        runtime_endpoint: minors::ENDPOINT_FIELD.holds(*kubelet).then(|| ENDPOINT.to_owned()),
        fail_cgroup_v1: (v1_allowed && minors::FAIL_CGROUP_V1_FIELD.holds(*kubelet)).then_some(false),
        swap: match plan.cluster.swap {
            SwapPolicy::Refuse => KubeletSwap::Refuse,
            SwapPolicy::NoSwap if minors::NO_SWAP_VALUE.holds(*kubelet) => KubeletSwap::NoSwap,
            SwapPolicy::NoSwap => KubeletSwap::Start,
        },
    };
    kubelet_config(&settings, &worker.kubelet_config, kept).map_err(|error| match error {
        KubeletConfigError::Unreadable(error) => error,
        other => RenderError::Unmeant(other.to_string()),
    })
}

pub(super) fn kube_proxy(setup: &NodeSetup) -> Result<DesiredFile, RenderError> {
    let [image, _] = images(setup.plan, setup.kubelet);
    v1_16::kube_proxy_pod(setup, &image, include_str!("../../assets/manifests/kube-proxy-current.yaml"))
}
