//! Profile v1.16 to v1.23: the last kubelets with dockershim. Identities of their own for kubelet and
//! kube-proxy (Node authorizer, RBAC), a KubeletConfiguration file, the kubelet's port closed to strangers.

use minijinja::context;

use super::node::{DesiredFile, Flag, Identity, NodeSetup};
use super::paths::{KUBECONFIG, KUBELET_CONFIG, MANIFESTS, PROXY_KUBECONFIG, SSL};
use super::render::{self, RenderError};
use super::v1_2;
use crate::plan::action::{CertificateSpec, KeyAlgorithm};
use crate::plan::minors;
use crate::plan::model::{Plan, Version, Worker};

/// Where the CA certificate is on a worker.
pub(super) const CA_PATH: &str = "/etc/kubernetes/ssl/ca.crt";

/// Images a worker needs before anything runs: kube-proxy's and pause.
pub(super) fn images(plan: &Plan, kubelet: Version) -> [String; 2] {
    let images = &plan.images;
    [
        images.kube_proxy.clone().unwrap_or_else(|| format!("k8s.gcr.io/kube-proxy:{kubelet}")),
        images
            .pause
            .clone()
            .unwrap_or_else(|| minors::at(minors::PAUSE, kubelet).unwrap_or_default().to_owned()),
    ]
}

pub(super) fn identities(plan: &Plan, worker: &Worker) -> Vec<Identity> {
    vec![
        Identity {
            name: "kubelet",
            key: format!("{SSL}/worker.key"),
            cert: format!("{SSL}/worker.crt"),
            kind: KeyAlgorithm::Rsa2048,
            wish: CertificateSpec {
                cn: format!("system:node:{}", worker.name),
                organizations: vec!["system:nodes".to_owned()],
                ips: vec![worker.address],
                names: vec![worker.name.clone()],
                client: true,
                server: true,
                days: plan.ca.days,
            },
        },
        v1_2::proxy_identity(plan),
    ]
}

pub(super) fn flags(setup: &NodeSetup) -> Vec<Flag> {
    let NodeSetup { plan, worker, machine, .. } = setup;
    let need = |text: String| Flag { text, required: true };
    let like = |text: String| Flag { text, required: false };
    let mut flags = vec![
        need(format!("--config={KUBELET_CONFIG}")),
        need(format!("--kubeconfig={KUBECONFIG}")),
        like("--container-runtime=docker".to_owned()),
        need(format!("--hostname-override={}", worker.name)),
        need(format!("--node-ip={}", worker.address)),
        like("--housekeeping-interval=60s".to_owned()),
    ];
    if machine.cni {
        // Without a configuration in /etc/cni/net.d this flag would keep the node NotReady.
        flags.push(like("--network-plugin=cni".to_owned()));
    }
    if let Some(pause) = &plan.images.pause {
        flags.push(like(format!("--pod-infra-container-image={pause}")));
    }
    flags
}

pub(super) fn config(setup: &NodeSetup) -> Result<String, RenderError> {
    let NodeSetup { plan, machine, cgroup_driver, .. } = setup;
    // systemd-resolved's stub would make a DNS pod ask itself (coredns#2087).
    let resolv_conf = if machine.resolved { "/run/systemd/resolve/resolv.conf" } else { "/etc/resolv.conf" };
    render::yaml(
        include_str!("../../assets/units/kubelet-config.yaml"),
        context! {
            ca => CA_PATH, manifests => MANIFESTS, dns => plan.cluster.dns.to_string(),
            domain => plan.cluster.domain, cert => format!("{SSL}/worker.crt"), key => format!("{SSL}/worker.key"),
            cgroup_driver, resolv_conf,
        },
    )
}

pub(super) fn kube_proxy(setup: &NodeSetup) -> Result<DesiredFile, RenderError> {
    let [image, _] = images(setup.plan, setup.kubelet);
    kube_proxy_pod(setup, &image, include_str!("../../assets/manifests/kube-proxy-v1.16.yaml"))
}

/// The static pod of a kube-proxy with an identity of its own, from this manifest.
pub(super) fn kube_proxy_pod(
    setup: &NodeSetup,
    image: &str,
    manifest: &str,
) -> Result<DesiredFile, RenderError> {
    let NodeSetup { plan, worker, .. } = setup;
    let mut args = vec![
        format!("--kubeconfig={PROXY_KUBECONFIG}"),
        "--proxy-mode=iptables".to_owned(),
        format!("--hostname-override={}", worker.name),
    ];
    if let Some(range) = plan.cluster.pod_range {
        args.push(format!("--cluster-cidr={range}"));
    }
    args.extend(worker.proxy_args.iter().cloned());
    let text = render::yaml(manifest, context! { image, args, kubeconfig => PROXY_KUBECONFIG })?;
    Ok(DesiredFile { path: format!("{MANIFESTS}/kube-proxy.yaml"), text })
}
