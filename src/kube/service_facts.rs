//! What the API knows of the addresses of services and of cluster DNS: the range, the API server's own service, the
//! service of DNS, the domain. Each is said with where it was read; what was refused is not known, and nothing is
//! concluded from it. Looking makes nothing: where the range has to be asked for, it is by a service with an impossible
//! address in a question with `dryRun`, whose refusal names the range.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Value, json};

use super::cluster::ClusterApi;
use super::error::ApiError;
use super::node::items;
use crate::plan::clean;
use crate::plan::minors;
use crate::plan::model::Version;

/// The service range as an object, from 1.33 on.
const RANGE: &str = "/apis/networking.k8s.io/v1/servicecidrs/kubernetes";
/// The configuration of CoreDNS.
const COREDNS: &str = "/api/v1/namespaces/kube-system/configmaps/coredns";
/// What kubeadm made the cluster with.
const KUBEADM: &str = "/api/v1/namespaces/kube-system/configmaps/kubeadm-config";
/// What a server's certificate has before the domain.
const OWN_NAME: &str = "kubernetes.default.svc.";
/// A text is not longer, columns.
const LONG: usize = 200;

/// A service that has to do with DNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceSeen {
    /// Namespace and name, as `kubectl` takes them with a slash.
    pub title: String,
    /// Its addresses; empty = it is headless.
    pub addresses: Vec<IpAddr>,
    /// The labels of the pods behind it; empty = it has no selector.
    pub selector: String,
    /// It answers on port 53.
    pub dns: bool,
    /// gangplank made it from here.
    pub made: bool,
}

/// The domain of services, by one who knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainSeen {
    /// `cluster.local`; more than one where several are served.
    pub domains: Vec<String>,
    /// Where that stands, in words.
    pub by: String,
}

/// What is known of services.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceFacts {
    /// The ranges of the API server, and by whom that is known, or why it is not told; `None` = this API has no words
    /// for it.
    pub ranges: Option<Result<(Vec<IpNet>, String), String>>,
    /// The address of `default/kubernetes`: the first one of the range.
    pub kubernetes: Option<IpAddr>,
    /// The service `kube-system/kube-dns`.
    pub dns: Option<ServiceSeen>,
    /// Who has the address of the plan.
    pub holder: Option<ServiceSeen>,
    /// Other services that answer on port 53.
    pub others: Vec<ServiceSeen>,
    /// The domain, or why it is not told; `None` = nothing in the cluster says one.
    pub domain: Option<Result<DomainSeen, String>>,
}

/// What is asked about.
#[derive(Debug, Clone, Copy)]
pub struct ServiceQuestion<'a> {
    /// The API server's version.
    pub version: Option<Version>,
    /// The plan's address of DNS.
    pub dns: IpAddr,
    /// The plan's domain.
    pub domain: &'a str,
    /// The names of the API server's certificate.
    pub names: &'a [String],
    /// Objects that are known already, by path.
    pub objects: &'a BTreeMap<String, Option<Value>>,
    /// Uids of what gangplank made.
    pub made: &'a BTreeSet<String>,
}

fn why(error: &ApiError) -> String {
    clean::short(&error.to_string(), LONG)
}

fn word(value: &Value, pointer: &str) -> String {
    clean::short(value.pointer(pointer).and_then(Value::as_str).unwrap_or_default(), 100)
}

impl ServiceSeen {
    fn of(service: &Value, made: &BTreeSet<String>) -> Self {
        let spec = service.get("spec").unwrap_or(&Value::Null);
        let first = spec.get("clusterIP").and_then(Value::as_str).into_iter();
        let all = first.chain(items(spec, "clusterIPs").filter_map(Value::as_str));
        let mut addresses: Vec<IpAddr> = all.filter_map(|address| address.parse().ok()).take(8).collect();
        addresses.dedup();
        let selector = spec.get("selector").and_then(Value::as_object).into_iter().flatten();
        let selector: Vec<String> =
            selector.take(8).filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect();
        Self {
            title: format!("{}/{}", word(service, "/metadata/namespace"), word(service, "/metadata/name")),
            addresses,
            selector: clean::short(&selector.join(","), LONG),
            dns: items(spec, "ports").any(|port| port["port"] == 53),
            made: made.contains(&word(service, "/metadata/uid")),
        }
    }
}

/// The range that a refusal names.
fn named_range(error: &ApiError) -> Option<IpNet> {
    let ApiError::Invalid { message, causes } = error else { return None };
    let said = causes.iter().map(|(_, words)| words.as_str()).chain([message.as_str()]);
    said.filter_map(|words| words.split("range of valid IPs is ").nth(1))
        .filter_map(|rest| rest.split(|c: char| !(c.is_ascii_hexdigit() || ".:/".contains(c))).next())
        .find_map(|range| range.trim_end_matches(['.', ':']).parse().ok())
}

fn ranges(api: &dyn ClusterApi, ask: &ServiceQuestion) -> Option<Result<(Vec<IpNet>, String), String>> {
    let version = ask.version?;
    if minors::SERVICE_CIDRS.holds(version) {
        let object = match api.get(RANGE) {
            Ok(object) => object.unwrap_or_default(),
            Err(error) => return Some(Err(why(&error))),
        };
        let spec = object.get("spec").unwrap_or(&Value::Null);
        let cidrs = items(spec, "cidrs").filter_map(|cidr| cidr.as_str()?.parse().ok()).collect::<Vec<_>>();
        if !cidrs.is_empty() {
            return Some(Ok((cidrs, "ServiceCIDR kubernetes".to_owned())));
        }
    }
    if !minors::DRY_RUN.holds(version) {
        return None;
    }
    // An address of documentation: nobody's range has it.
    let address = if ask.dns.is_ipv4() { "192.0.2.1" } else { "2001:db8::1" };
    let service = json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "gangplank-asks-for-the-range", "namespace": "default"},
        "spec": {"clusterIP": address, "ports": [{"port": 443}]}});
    match api.question("/api/v1/namespaces/default/services?dryRun=All", &service) {
        Err(error) => Some(match named_range(&error) {
            Some(range) => Ok((vec![range], "its refusal of another address".to_owned())),
            None => Err(why(&error)),
        }),
        // Old servers do not judge the address in such a question.
        Ok(_) => None,
    }
}

/// The domains that a Corefile serves as Kubernetes' own.
fn of_corefile(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter_map(|line| line.strip_prefix("kubernetes "));
    lines
        .flat_map(|rest| rest.split('{').next().unwrap_or_default().split_whitespace())
        .map(|zone| zone.trim_end_matches('.').to_owned())
        .filter(|zone| !zone.is_empty() && zone.rsplit('.').next() != Some("arpa"))
        .take(8)
        .collect()
}

/// `networking.dnsDomain` of kubeadm's configuration.
fn of_kubeadm(text: &str) -> Vec<String> {
    let value: serde_yaml::Value = serde_yaml::from_str(text).unwrap_or_default();
    value["networking"]["dnsDomain"].as_str().map(|domain| clean::short(domain, 100)).into_iter().collect()
}

fn domain(api: &dyn ClusterApi, ask: &ServiceQuestion) -> Option<Result<DomainSeen, String>> {
    let mut refused = Vec::new();
    let mut text = |path: &str, key: &str| {
        let object = match ask.objects.get(path) {
            Some(known) => known.clone(),
            None => api.get(path).unwrap_or_else(|error| {
                refused.push(why(&error));
                None
            }),
        }?;
        // What was made from here is as a plan said, and says nothing about another one.
        let made = ask.made.contains(&word(&object, "/metadata/uid"));
        object.get("data")?.get(key)?.as_str().filter(|_| !made).map(str::to_owned)
    };
    let corefile = text(COREDNS, "Corefile").map(|text| of_corefile(&text)).unwrap_or_default();
    if !corefile.is_empty() {
        let by = "the Corefile of kube-system/coredns".to_owned();
        return Some(Ok(DomainSeen { domains: corefile, by }));
    }
    let mut named: Vec<String> = ask
        .names
        .iter()
        .filter_map(|name| name.strip_prefix(OWN_NAME))
        .map(|domain| domain.trim_end_matches('.').to_ascii_lowercase())
        .filter(|domain| !domain.is_empty())
        .collect();
    named.dedup();
    if !named.iter().any(|domain| domain == ask.domain) {
        let kubeadm = text(KUBEADM, "ClusterConfiguration").map(|text| of_kubeadm(&text)).unwrap_or_default();
        if !kubeadm.is_empty() {
            let by = "kubeadm's ConfigMap kube-system/kubeadm-config".to_owned();
            return Some(Ok(DomainSeen { domains: kubeadm, by }));
        }
    }
    if named.is_empty() {
        return refused.first().map(|why| Err(why.clone()));
    }
    let by = format!("the API server's certificate, which is for {OWN_NAME}{}", named.join(", "));
    Some(Ok(DomainSeen { domains: named, by: clean::short(&by, LONG) }))
}

/// Asks for all of it; `list` = the services, or why they are not known.
pub fn service_facts(api: &dyn ClusterApi, ask: &ServiceQuestion, list: Option<&Value>) -> ServiceFacts {
    let mut facts = ServiceFacts::default();
    let services = list.and_then(|list| list.get("items")).and_then(Value::as_array).into_iter().flatten();
    for service in services {
        let seen = ServiceSeen::of(service, ask.made);
        if seen.title == "default/kubernetes" {
            facts.kubernetes = seen.addresses.first().copied();
        }
        if seen.addresses.contains(&ask.dns) {
            facts.holder = Some(seen.clone());
        }
        if seen.title == "kube-system/kube-dns" {
            facts.dns = Some(seen);
        } else if seen.dns && !seen.addresses.contains(&ask.dns) && facts.others.len() < 4 {
            facts.others.push(seen);
        }
    }
    facts.ranges = ranges(api, ask);
    facts.domain = domain(api, ask);
    facts
}

#[cfg(test)]
mod tests {
    use super::{ApiError, named_range, of_corefile, of_kubeadm};

    #[test]
    fn a_refusal_names_the_range_in_old_and_new_words() {
        let refusal = |cause: &str| ApiError::Invalid {
            message: "Service is invalid".into(),
            causes: vec![("spec.clusterIPs".into(), cause.into())],
        };
        let old = "Invalid value: \"192.0.2.1\": provided IP is not in the valid range. The range of valid IPs is 10.3.0.0/24";
        let new = "Invalid value: [\"192.0.2.1\"]: failed to allocate IP 192.0.2.1: provided IP is not in the valid range. The range of valid IPs is 10.96.0.0/12";
        let six = "the provided range. The range of valid IPs is fd00:3::/112.";
        for (words, range) in [(old, "10.3.0.0/24"), (new, "10.96.0.0/12"), (six, "fd00:3::/112")] {
            assert_eq!(named_range(&refusal(words)).map(|range| range.to_string()), Some(range.to_owned()));
        }
        assert_eq!(named_range(&refusal("provided IP is already allocated")), None);
        assert_eq!(named_range(&ApiError::Forbidden("no".into())), None);
    }

    #[test]
    fn a_corefile_says_its_domains() {
        let text = ".:53 {\n    errors\n    kubernetes cluster.local. old.example in-addr.arpa ip6.arpa {\n      pods insecure\n    }\n}\n";
        assert_eq!(of_corefile(text), ["cluster.local", "old.example"]);
        assert_eq!(of_corefile(".:53 {\n forward . /etc/resolv.conf\n}"), Vec::<String>::new());
    }

    #[test]
    fn kubeadm_says_its_domain() {
        let text = "kind: ClusterConfiguration\nnetworking:\n  dnsDomain: k8s.example\n  serviceSubnet: 10.96.0.0/12\n";
        assert_eq!(of_kubeadm(text), ["k8s.example"]);
        assert_eq!(of_kubeadm("{"), Vec::<String>::new());
    }
}
