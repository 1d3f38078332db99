//! The named differences of profile v1.2 from the post. *Faithful* leaves out every one the work can do without;
//! *repaired* has them all.

use crate::plan::model::Plan;

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
        id: "key-usage",
        why: "nonRepudiation is left out of the certificates: TLS makes no use of it",
        needed: true,
    },
    Difference {
        id: "key-identifiers",
        why: "certificates carry the key identifiers of their own key and of the CA's, so a chain is found by them",
        needed: true,
    },
    Difference {
        id: "admin-group",
        why: "the administrator's certificate has O=system:masters, without which RBAC allows it nothing (v1.2 ignores O)",
        needed: true,
    },
    Difference {
        id: "kubeconfig-mode",
        why: "the kubeconfigs of a worker are readable by root alone, as the keys they name",
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

/// Those that cannot be turned off.
pub fn needed_differences() -> Vec<&'static str> {
    DIFFERENCES.iter().filter(|difference| difference.needed).map(|difference| difference.id).collect()
}

/// Whether a difference is on in this plan.
pub(super) fn on(plan: &Plan, id: &str) -> bool {
    let chosen = &plan.cluster.differences;
    let needed = DIFFERENCES.iter().any(|difference| difference.id == id && difference.needed);
    needed || chosen.set.get(id).copied().unwrap_or(chosen.repaired)
}
