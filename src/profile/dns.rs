//! The objects and images of the cluster's DNS.

use super::render::{self, RenderError};
use crate::plan::model::{Dns, DnsKind, Plan};

/// Images of the cluster's DNS pods.
pub fn dns_images(plan: &Plan) -> Vec<(&'static str, String)> {
    let pick = |own: &Option<String>, default: &str| own.clone().unwrap_or_else(|| default.to_owned());
    let images = &plan.images;
    match plan.dns.deploy {
        None | Some(DnsKind::KubeDnsV11) => vec![
            ("etcd", pick(&images.etcd, "gcr.io/google_containers/etcd-amd64:2.2.1")),
            ("kube2sky", pick(&images.kube2sky, "gcr.io/google_containers/kube2sky:1.14")),
            ("skydns", pick(&images.skydns, "gcr.io/google_containers/skydns:2015-10-13-8c72f8c")),
            ("healthz", pick(&images.healthz, "gcr.io/google_containers/exechealthz:1.0")),
        ],
        Some(DnsKind::CoreDns) => vec![("coredns", pick(&images.coredns, "k8s.gcr.io/coredns:1.7.0"))],
        Some(DnsKind::None) => Vec::new(),
    }
}

/// The objects of the cluster's DNS, in the order they are applied. `rbac` = the API knows RBAC, so the pods
/// need a service account that may list services.
///
/// # Errors
/// A template and its values do not fit: a bug.
pub fn dns_objects(plan: &Plan, rbac: bool) -> Result<Vec<serde_json::Value>, RenderError> {
    let Dns { deploy, .. } = &plan.dns;
    let template = match deploy {
        None | Some(DnsKind::KubeDnsV11) => include_str!("../../assets/manifests/kube-dns-v11.yaml"),
        Some(DnsKind::CoreDns) => include_str!("../../assets/manifests/coredns.yaml"),
        Some(DnsKind::None) => return Ok(Vec::new()),
    };
    render::dns(template, plan, rbac, &dns_images(plan))
}
