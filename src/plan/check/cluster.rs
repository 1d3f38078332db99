//! The cluster: its name, its API, its ranges and what they say about each other.

use std::net::IpAddr;

use ipnet::IpNet;

use super::judge::Judge;
use crate::plan::answers::{ClusterAnswers, DifferenceAnswers};
use crate::plan::issue::shown;
use crate::plan::model::{ApiAddress, Differences, Version};
use crate::plan::range::Refusal;
use crate::plan::wishes::{CgroupV1, KubeProxyWish, PodNetworkWish, RuntimeWish, SwapPolicy};
use crate::plan::{minors, value};

/// What could be made of the answers about the cluster; the parts that others are compared with.
pub(super) struct ClusterParts {
    pub(super) name: Option<String>,
    pub(super) api: Option<ApiAddress>,
    pub(super) domain: Option<String>,
    pub(super) service_range: Option<IpNet>,
    pub(super) dns: Option<IpAddr>,
    pub(super) pod_range: Option<IpNet>,
    pub(super) kubernetes: Option<Version>,
    pub(super) differences: Differences,
    pub(super) runtime: RuntimeWish,
    pub(super) kube_proxy: KubeProxyWish,
    pub(super) cgroup_v1: CgroupV1,
    pub(super) swap: SwapPolicy,
    pub(super) pod_network: PodNetworkWish,
}

impl Judge<'_> {
    pub(super) fn cluster(&mut self, answers: &ClusterAnswers) -> ClusterParts {
        let service = |text: &str| value::net(text, "10.3.0.0/24");
        let parts = ClusterParts {
            name: self.need("cluster.name", answers.name.as_ref(), "write one like demo", value::label),
            api: self.need(
                "cluster.api",
                answers.api.as_ref(),
                "write the load balancer's address, like https://loadbalancer.example.com",
                value::api,
            ),
            domain: match &answers.domain {
                None => Some("cluster.local".to_owned()),
                domain => self.maybe("cluster.domain", domain.as_ref(), value::domain),
            },
            service_range: self.need(
                "cluster.service_range",
                answers.service_range.as_ref(),
                "write the API server's --service-cluster-ip-range, like 10.3.0.0/24",
                service,
            ),
            dns: self.need(
                "cluster.dns",
                answers.dns.as_ref(),
                "write an address in the service range, like 10.3.0.2",
                |text| value::ip(text, "10.3.0.2"),
            ),
            pod_range: self.maybe("cluster.pod_range", answers.pod_range.as_ref(), |text| {
                value::net(text, "10.2.0.0/16")
            }),
            kubernetes: self
                .maybe("cluster.kubernetes", answers.kubernetes.as_ref(), value::version)
                .flatten(),
            differences: self.differences(answers.differences.as_ref()),
            runtime: self.wish("runtime", answers.runtime.as_ref(), RuntimeWish::parse),
            kube_proxy: self.wish("kube_proxy", answers.kube_proxy.as_ref(), KubeProxyWish::parse),
            cgroup_v1: self.wish("cgroup_v1", answers.cgroup_v1.as_ref(), CgroupV1::parse),
            swap: self.wish("swap", answers.swap.as_ref(), SwapPolicy::parse),
            pod_network: self.wish("pod_network", answers.pod_network.as_ref(), PodNetworkWish::parse),
        };
        self.ranges(&parts);
        parts
    }

    /// A key of a few words; left out or wrong it has the usual one.
    fn wish<T: Default>(
        &mut self,
        key: &str,
        text: Option<&String>,
        parse: fn(&str) -> Result<T, Refusal>,
    ) -> T {
        self.maybe(&format!("cluster.{key}"), text, parse).unwrap_or_default()
    }

    fn differences(&mut self, answers: Option<&DifferenceAnswers>) -> Differences {
        let repaired = |text: &str| match text {
            "repaired" => Ok(true),
            "faithful" => Ok(false),
            other => Err((
                format!("{} is no choice", shown(other)),
                "write repaired, faithful or a mapping like {base: faithful, some-id: on}".to_owned(),
            )),
        };
        let (field, base, set) = match answers {
            None => return Differences { repaired: true, ..Differences::default() },
            Some(DifferenceAnswers::All(word)) => ("cluster.differences", Some(word), None),
            Some(DifferenceAnswers::Each { base, set }) => {
                ("cluster.differences.base", base.as_ref(), Some(set))
            }
        };
        let repaired = self.maybe(field, base, repaired).unwrap_or(true);
        let set = set.cloned().unwrap_or_default();
        for id in set.keys().filter(|id| !value::is_label(id)) {
            let what = format!("{} is not the id of a difference", shown(id));
            self.wrong("cluster.differences", what, "write an id as the screen shows it");
        }
        Differences { repaired, set }
    }

    /// What DNS address, service range and pod range say about each other.
    fn ranges(&mut self, parts: &ClusterParts) {
        let Some(service) = parts.service_range else { return };
        if let Some(dns) = parts.dns {
            let first = match service {
                IpNet::V4(net) => IpAddr::V4(u32::from(net.network()).saturating_add(1).into()),
                IpNet::V6(net) => IpAddr::V6(u128::from(net.network()).saturating_add(1).into()),
            };
            let wrong = if !service.contains(&dns) {
                Some(format!("{dns} is outside the service range {service}"))
            } else if dns == service.network() {
                Some(format!("{dns} is the network address of {service}"))
            } else if dns == first {
                Some(format!("{dns} belongs to the service \"kubernetes\" (the first of {service})"))
            } else if dns.is_ipv4() && dns == service.broadcast() {
                Some(format!("{dns} is the last address of {service}"))
            } else {
                None
            };
            if let Some(what) = wrong {
                self.wrong("cluster.dns", what, "write another address of the service range");
            }
        }
        if let Some(pods) = parts.pod_range.filter(|pods| overlap(*pods, service)) {
            let what = format!("{pods} overlaps the service range {service}");
            self.wrong("cluster.pod_range", what, "write the range the pod network has");
        }
        if let Some(api) = parts.api.as_ref().and_then(|api| api.host.parse::<IpAddr>().ok()) {
            for (name, range) in [("service", Some(service)), ("pod", parts.pod_range)] {
                if let Some(range) = range.filter(|range| range.contains(&api)) {
                    let what = format!("{api} is inside the {name} range {range}");
                    self.wrong(
                        "cluster.api",
                        what,
                        "write the address workers reach before they have joined",
                    );
                }
            }
        }
        let old = parts.kubernetes.filter(|version| !minors::IPV6.holds(*version));
        if let Some(version) = old.filter(|_| service.addr().is_ipv6()) {
            let what = format!("{service} is IPv6, which {version} cannot do");
            self.wrong("cluster.service_range", what, "write an IPv4 range, or a version from 1.18");
        }
    }
}

fn overlap(a: IpNet, b: IpNet) -> bool {
    a.contains(&b.network()) || b.contains(&a.network())
}
