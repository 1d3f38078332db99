//! Profile v1.2: the post, with a list of named differences. *Faithful* leaves out every difference the
//! work can do without; *repaired* has them all. The list is good teaching material: the screen shows it.

use minijinja::context;

use super::{
    DesiredFile, Flag, Identity, KUBECONFIG, MANIFESTS, NodeSetup, PROXY_KUBECONFIG, Profile, RenderError,
    SSL, render,
};
use crate::plan::action::{CertificateSpec, KeyAlgorithm};
use crate::plan::model::{Plan, Worker};

/// The kubelet's default in v1.2.2.
pub(super) const PAUSE: &str = "gcr.io/google_containers/pause:2.0";

/// A named difference from the post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// Its name in the plan.
    pub id: &'static str,
    /// Why it is there.
    pub why: &'static str,
    /// The work cannot do without it, so it is on in *faithful* too.
    pub needed: bool,
}

/// All of them.
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        id: "network-online",
        why: "Requires=networking.service exists only with ifupdown; Wants=network-online.target works everywhere",
        needed: true,
    },
    Difference {
        id: "dns-san",
        why: "the v1.2 API server dials a kubelet by its node name, so the name stands in the certificate beside the IP",
        needed: true,
    },
    Difference {
        id: "server",
        why: "the kubeconfig names the API server itself; --api-servers and --master still win",
        needed: false,
    },
    Difference {
        id: "hostname-override",
        why: "the node registers under the name in the plan, whatever uname -n says",
        needed: false,
    },
    Difference {
        id: "node-ip",
        why: "the node registers the address in the plan, not the one of its default route",
        needed: false,
    },
    Difference {
        id: "eku",
        why: "the certificate says what it is for: clientAuth and serverAuth",
        needed: false,
    },
    Difference {
        id: "manifest-suffix",
        why: "kube-proxy.yaml instead of kube-proxy; both are read",
        needed: false,
    },
    Difference {
        id: "wants-docker",
        why: "the unit pulls in docker instead of only starting after it",
        needed: false,
    },
    Difference {
        id: "wants-flannel",
        why: "the unit starts after flanneld where that is installed",
        needed: false,
    },
    Difference {
        id: "node-identity",
        why: "CN=system:node:NAME, O=system:nodes, which API servers with Node,RBAC ask for (v1.2 ignores O)",
        needed: false,
    },
    Difference {
        id: "proxy-identity",
        why: "kube-proxy has a certificate of its own; with RBAC the node's may not list services",
        needed: false,
    },
];

/// Whether a difference is on in this plan.
pub(super) fn on(plan: &Plan, id: &str) -> bool {
    let chosen = &plan.cluster.differences;
    let needed = DIFFERENCES.iter().any(|difference| difference.id == id && difference.needed);
    needed || chosen.set.get(id).copied().unwrap_or(chosen.repaired)
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
            cn: "system:kube-proxy".to_owned(),
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
    let NodeSetup { plan, worker, kubelet, .. } = setup;
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
    let image = Profile::V1_2.images(plan, *kubelet).swap_remove(0);
    let ca_folder = "/etc/ssl/etcd";
    let text = render::yaml(
        include_str!("../../assets/manifests/kube-proxy-v1.2.yaml"),
        context! { image, args, kubeconfig, ca_folder },
    )?;
    let suffix = if on(plan, "manifest-suffix") { ".yaml" } else { "" };
    Ok(DesiredFile { path: format!("{MANIFESTS}/kube-proxy{suffix}"), text })
}
