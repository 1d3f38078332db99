//! The objects and images of the cluster's DNS, by the version of its API.

use super::render::{self, RenderError};
use crate::plan::minors;
use crate::plan::model::{DnsKind, Plan, Version};

/// CoreDNS of the minors before the table begins.
const OLD_COREDNS: &str = "k8s.gcr.io/coredns:1.7.0";

/// What is deployed: what the plan says, else what fits the API's version: kube-dns v11, and CoreDNS from 1.24 on.
pub fn dns_kind(plan: &Plan, api: Option<Version>) -> DnsKind {
    let current = api.or(plan.cluster.kubernetes).is_some_and(|version| minors::CRI_ONLY.holds(version));
    plan.dns.deploy.unwrap_or(if current { DnsKind::CoreDns } else { DnsKind::KubeDnsV11 })
}

/// Images of the cluster's DNS pods.
pub fn dns_images(plan: &Plan, api: Option<Version>) -> Vec<(&'static str, String)> {
    let pick = |own: &Option<String>, default: &str| own.clone().unwrap_or_else(|| default.to_owned());
    let images = &plan.images;
    match dns_kind(plan, api) {
        DnsKind::KubeDnsV11 => vec![
            ("etcd", pick(&images.etcd, "gcr.io/google_containers/etcd-amd64:2.2.1")),
            ("kube2sky", pick(&images.kube2sky, "gcr.io/google_containers/kube2sky:1.14")),
            ("skydns", pick(&images.skydns, "gcr.io/google_containers/skydns:2015-10-13-8c72f8c")),
            ("healthz", pick(&images.healthz, "gcr.io/google_containers/exechealthz:1.0")),
        ],
        DnsKind::CoreDns => {
            let own = api.and_then(|version| minors::at(minors::COREDNS, version));
            vec![("coredns", pick(&images.coredns, own.unwrap_or(OLD_COREDNS)))]
        }
        DnsKind::None => Vec::new(),
    }
}

/// The objects of the cluster's DNS, in the order they are applied. An API that knows RBAC needs a service account that
/// may list services.
///
/// # Errors
/// A template and its values do not fit: a bug.
pub fn dns_objects(plan: &Plan, api: Option<Version>) -> Result<Vec<serde_json::Value>, RenderError> {
    let current = api.is_some_and(|version| minors::CRI_ONLY.holds(version));
    let template = match dns_kind(plan, api) {
        DnsKind::KubeDnsV11 => include_str!("../../assets/manifests/kube-dns-v11.yaml"),
        DnsKind::CoreDns if current => include_str!("../../assets/manifests/coredns-current.yaml"),
        DnsKind::CoreDns => include_str!("../../assets/manifests/coredns.yaml"),
        DnsKind::None => return Ok(Vec::new()),
    };
    let rbac = api.is_none_or(|version| minors::RBAC.holds(version));
    render::dns(template, plan, rbac, &dns_images(plan, api))
}
