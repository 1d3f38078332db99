//! Cluster DNS: its objects, its pods, and a real lookup answered on every worker.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::Value;

use super::definition::{On, Step, StepId};
use super::input::StepInput;
use super::state::{Proof, StepState, bug, state, todo};
use crate::kube::{apply, subset};
use crate::plan::action::{Action, object_name};
use crate::plan::code::ProblemCode;
use crate::plan::fact::FactQuery;
use crate::plan::minors;
use crate::plan::model::{DnsKind, Plan, Version, Worker};
use crate::plan::plan_field::PlanField;
use crate::plan::problem::Problem;
use crate::profile;

/// How long DNS pods may take; kube2sky's readiness probe alone starts after 30 s.
const PODS_WITHIN: u64 = 300;
/// How long a worker may take to answer once the pods are ready.
const LOOKUP_WITHIN: u64 = 120;

/// The step that applies the objects.
pub struct DnsObjects;
/// The step that waits for the pods.
pub struct DnsPods;
/// The step that proves an answer, on each worker.
pub struct DnsLookup;

/// The API paths the cluster is asked for, whose API has this version.
pub fn paths(plan: &Plan, api: Option<Version>) -> Vec<String> {
    let mut paths = vec![super::namespace::PATH.to_owned()];
    let objects = profile::dns_objects(plan, api).unwrap_or_default();
    paths.extend(objects.iter().filter_map(object_path));
    paths.sort();
    paths.dedup();
    paths
}

fn object_path(object: &Value) -> Option<String> {
    apply::ObjectPaths::of(object).ok().map(|place| place.object)
}

impl Step for DnsObjects {
    fn id(&self) -> StepId {
        StepId("dns")
    }

    fn title(&self) -> &'static str {
        "Cluster DNS"
    }

    fn on(&self) -> On {
        On::Cluster
    }

    fn needs(&self) -> &'static [&'static str] {
        &["namespace"]
    }

    fn queries(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        Vec::new()
    }

    fn look(&self, cx: &StepInput) -> StepState {
        if cx.plan.dns.deploy == Some(DnsKind::None) {
            return StepState::Done("none is deployed".to_owned());
        }
        state((|| {
            if let Some(holder) = &cx.cluster.at_dns_address
                && holder != "kube-system/kube-dns"
            {
                return Err(Problem::new(
                    ProblemCode::Dns01,
                    format!("{} belongs to the service {holder}", cx.plan.cluster.dns),
                )
                .edit(PlanField::DnsAddress, "cluster.dns: a free address of the service range")
                .manual(format!("delete the service {holder} if nobody needs it")));
            }
            let api = cx.cluster.version;
            if profile::dns_kind(cx.plan, api) == DnsKind::KubeDnsV11
                && let Some(version) = api.filter(|version| minors::CRI_ONLY.holds(*version))
            {
                return Err(Problem::new(
                    ProblemCode::Dns08,
                    format!("kube-dns v11 of 2016 does not work with an API server {version}"),
                )
                .edit(PlanField::DnsDeploy, "dns.deploy: coredns, or leave it out"));
            }
            let objects = profile::dns_objects(cx.plan, api).map_err(|error| bug(&error))?;
            strange_dns(cx, &objects)?;
            let mut actions = Vec::new();
            for object in objects {
                let path = object_path(&object).ok_or_else(|| {
                    Problem::new(ProblemCode::Bug02, format!("{} has no path", object_name(&object)))
                })?;
                match cx.cluster.objects.get(&path) {
                    Some(Some(live)) if subset::differences(&object, live).is_empty() => {}
                    Some(Some(live)) => {
                        check_address(&object, live)?;
                        if !is_made(cx, live) {
                            return Err(Problem::new(
                                ProblemCode::Dns06,
                                format!(
                                    "{} exists, differs, and was not made from here",
                                    object_name(&object)
                                ),
                            )
                            .seen(format!("it differs in {}", subset::differences(&object, live).join(", ")))
                            .edit(
                                PlanField::DnsDeploy,
                                "dns.deploy: none, when cluster DNS is already looked after",
                            )
                            .manual(format!("delete {} if nobody needs it as it is", object_name(&object))));
                        }
                        actions.push(Action::KubeApply { object });
                    }
                    Some(None) | None => actions.push(Action::KubeApply { object }),
                }
            }
            Ok(todo(actions, "all objects are as wanted"))
        })())
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/dns.md")
    }
}

fn is_made(cx: &StepInput, live: &Value) -> bool {
    live.pointer("/metadata/uid").and_then(Value::as_str).is_some_and(|uid| cx.cluster.made.contains(uid))
}

/// A DNS service that answers already, with pods that are not these: ours beside them would share its answers.
fn strange_dns(cx: &StepInput, objects: &[Value]) -> Result<(), Problem> {
    let live = |kind: &[&str]| {
        objects
            .iter()
            .filter(|object| object["kind"].as_str().is_some_and(|is| kind.contains(&is)))
            .filter_map(object_path)
            .find_map(|path| cx.cluster.objects.get(&path).cloned().flatten())
    };
    let (service, pods) = (live(&["Service"]), live(&["ReplicationController", "Deployment"]));
    match (service, pods) {
        (Some(service), None) if !is_made(cx, &service) => Err(Problem::new(
            ProblemCode::Dns07,
            "the cluster has a DNS service already, with pods that are not these",
        )
        .seen(format!("{} at {}", object_name(&service), cx.plan.cluster.dns))
        .edit(PlanField::DnsDeploy, "dns.deploy: none, and only what answers is proven")
        .manual("delete that service and its pods first, if they are to be replaced")),
        _ => Ok(()),
    }
}

/// A service's address cannot be changed, only made anew; that is not ours to decide.
fn check_address(object: &Value, live: &Value) -> Result<(), Problem> {
    let address = |value: &Value| value.pointer("/spec/clusterIP").and_then(Value::as_str).map(str::to_owned);
    match (address(object), address(live)) {
        (Some(ours), Some(theirs)) if ours != theirs => Err(Problem::new(
            ProblemCode::Dns02,
            format!("{} exists with address {theirs}", object_name(object)),
        )
        .seen(format!("the plan says {ours}; an address cannot be changed"))
        .edit(PlanField::DnsAddress, format!("cluster.dns: {theirs}"))
        .manual("delete the service first, if nobody needs it")),
        _ => Ok(()),
    }
}

impl Step for DnsPods {
    fn id(&self) -> StepId {
        StepId("dns-pods")
    }

    fn title(&self) -> &'static str {
        "DNS pods ready"
    }

    fn on(&self) -> On {
        On::Cluster
    }

    fn needs(&self) -> &'static [&'static str] {
        &["dns"]
    }

    fn queries(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        Vec::new()
    }

    fn look(&self, cx: &StepInput) -> StepState {
        if cx.plan.dns.deploy == Some(DnsKind::None) {
            return StepState::Done("none is deployed".to_owned());
        }
        StepState::Await(Proof::Pods {
            selector: match profile::dns_kind(cx.plan, cx.cluster.version) {
                DnsKind::KubeDnsV11 => "k8s-app=kube-dns,version=v11",
                DnsKind::CoreDns | DnsKind::None => "k8s-app=kube-dns",
            }
            .to_owned(),
            count: usize::try_from(cx.plan.dns.replicas).unwrap_or(1),
            within: PODS_WITHIN,
        })
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/dns-pods.md")
    }
}

/// The first address of a range: the API server's own service, `kubernetes.default`.
pub fn first_of(range: ipnet::IpNet) -> IpAddr {
    match range.network() {
        IpAddr::V4(address) => Ipv4Addr::from(u32::from(address).saturating_add(1)).into(),
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address).saturating_add(1)).into(),
    }
}

impl Step for DnsLookup {
    fn id(&self) -> StepId {
        StepId("dns-lookup")
    }

    fn title(&self) -> &'static str {
        "DNS answers"
    }

    fn on(&self) -> On {
        On::Ready
    }

    fn queries(&self, _: &Plan, _: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        Vec::new()
    }

    fn look(&self, cx: &StepInput) -> StepState {
        let cluster = &cx.plan.cluster;
        // What somebody else deployed is proven too.
        if cx.plan.dns.deploy == Some(DnsKind::None) && cx.cluster.at_dns_address.is_none() {
            return StepState::Done("none is deployed".to_owned());
        }
        StepState::Await(Proof::Dns {
            name: format!("kubernetes.default.svc.{}", cluster.domain),
            server: cluster.dns,
            expect: first_of(cluster.service_range),
            within: LOOKUP_WITHIN,
        })
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/dns-lookup.md")
    }
}
