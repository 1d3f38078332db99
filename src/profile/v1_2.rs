//! Profile v1.2: the post, with the differences that the plan chooses.

use minijinja::context;

use super::difference::on;
use super::node::{DesiredFile, Flag, Identity, NodeSetup};
use super::paths::{KUBE_PROXY_USER, KUBECONFIG, MANIFESTS, PROXY_KUBECONFIG, SSL};
use super::render::{self, RenderError};
use crate::plan::action::{CertificateSpec, KeyAlgorithm};
use crate::plan::model::{Plan, Worker};

/// The kubelet's default in v1.2.2.
const PAUSE: &str = "gcr.io/google_containers/pause:2.0";

/// Folder of the CA certificate, as in the post.
const CA_FOLDER: &str = "/etc/ssl/etcd";

/// Where the CA certificate is on a worker.
pub(super) const CA_PATH: &str = "/etc/ssl/etcd/ca.crt";

/// Images a worker needs before anything runs: kube-proxy's and pause.
pub(super) fn images(plan: &Plan) -> [String; 2] {
    let pick = |own: &Option<String>, default: &str| own.clone().unwrap_or_else(|| default.to_owned());
    [
        pick(&plan.images.kube_proxy, "quay.io/coreos/hyperkube:v1.2.2_coreos.0"),
        pick(&plan.images.pause, PAUSE),
    ]
}

pub(super) fn identities(plan: &Plan, worker: &Worker) -> Vec<Identity> {
    let eku = on(plan, "eku");
    let node = on(plan, "node-identity");
    let short = worker.name.split('.').next().unwrap_or(&worker.name);
    let mut ids = vec![Identity {
        name: "kubelet",
        key: format!("{SSL}/worker.key"),
        cert: format!("{SSL}/worker.crt"),
        kind: KeyAlgorithm::Rsa2048,
        wish: CertificateSpec {
            cn: if node { format!("system:node:{}", worker.name) } else { short.to_owned() },
            organizations: if node { vec!["system:nodes".to_owned()] } else { Vec::new() },
            ips: vec![worker.address],
            names: vec![worker.name.clone()],
            client: eku,
            server: eku,
            days: plan.ca.days,
        },
    }];
    if on(plan, "proxy-identity") {
        ids.push(proxy_identity(plan));
    }
    ids
}

/// kube-proxy's own key pair; `system:kube-proxy` is bound to `system:node-proxier` by default (RBAC, 1.6).
pub(super) fn proxy_identity(plan: &Plan) -> Identity {
    Identity {
        name: "kube-proxy",
        key: format!("{SSL}/kube-proxy.key"),
        cert: format!("{SSL}/kube-proxy.crt"),
        kind: KeyAlgorithm::P256,
        wish: CertificateSpec {
            cn: KUBE_PROXY_USER.to_owned(),
            organizations: Vec::new(),
            ips: Vec::new(),
            names: Vec::new(),
            client: true,
            server: false,
            days: plan.ca.days,
        },
    }
}

pub(super) fn flags(setup: &NodeSetup) -> Vec<Flag> {
    let NodeSetup { plan, worker, .. } = setup;
    let need = |text: String| Flag { text, required: true };
    let like = |text: String| Flag { text, required: false };
    let mut flags = vec![
        need(format!("--api-servers={}", plan.cluster.api.url())),
        need("--register-node=true".to_owned()),
        like("--register-schedulable=true".to_owned()),
        need("--allow-privileged=true".to_owned()),
        need(format!("--config={MANIFESTS}")),
        need(format!("--cluster-dns={}", plan.cluster.dns)),
        need(format!("--cluster-domain={}", plan.cluster.domain)),
        need(format!("--kubeconfig={KUBECONFIG}")),
        need(format!("--tls-cert-file={SSL}/worker.crt")),
        need(format!("--tls-private-key-file={SSL}/worker.key")),
        // Built without cgo, v1.2.2 has no cAdvisor flags.
        like("--housekeeping-interval=60s".to_owned()),
    ];
    if on(plan, "hostname-override") {
        flags.push(need(format!("--hostname-override={}", worker.name)));
    }
    if on(plan, "node-ip") {
        flags.push(need(format!("--node-ip={}", worker.address)));
    }
    if let Some(pause) = &plan.images.pause {
        flags.push(like(format!("--pod-infra-container-image={pause}")));
    }
    flags
}

pub(super) fn kube_proxy(setup: &NodeSetup) -> Result<DesiredFile, RenderError> {
    let NodeSetup { plan, worker, .. } = setup;
    let own = on(plan, "proxy-identity");
    let kubeconfig = if own { PROXY_KUBECONFIG } else { KUBECONFIG };
    let mut args = vec![
        format!("--master={}", plan.cluster.api.url()),
        format!("--kubeconfig={kubeconfig}"),
        "--proxy-mode=iptables".to_owned(),
    ];
    if on(plan, "hostname-override") {
        args.push(format!("--hostname-override={}", worker.name));
    }
    args.extend(worker.proxy_args.iter().cloned());
    let [image, _] = images(plan);
    let text = render::yaml(
        include_str!("../../assets/manifests/kube-proxy-v1.2.yaml"),
        context! { image, args, kubeconfig, ca_folder => CA_FOLDER },
    )?;
    let suffix = if on(plan, "manifest-suffix") { ".yaml" } else { "" };
    Ok(DesiredFile { path: format!("{MANIFESTS}/kube-proxy{suffix}"), text })
}
