//! Whether the plan's addresses of services and DNS, and its domain, are those of the cluster: set against what the API
//! knows before anything is changed anywhere. What is not known is no difference, and is said.

use super::dns::first_of;
use super::input::ClusterFacts;
use crate::kube::service_facts::ServiceSeen;
use crate::plan::code::ProblemCode;
use crate::plan::model::{DnsKind, Plan};
use crate::plan::plan_field::PlanField;
use crate::plan::problem::Problem;

/// One difference.
struct Disagreement {
    code: ProblemCode,
    what: String,
    seen: Vec<String>,
    field: PlanField,
    edit: String,
}

fn range(plan: &Plan, cluster: &ClusterFacts) -> Option<Disagreement> {
    let ours = plan.cluster.service_range;
    let facts = &cluster.services;
    let differs = |what: String, seen: Vec<String>, edit: String| {
        Some(Disagreement { code: ProblemCode::Api25, what, seen, field: PlanField::ServiceRange, edit })
    };
    if let Some(Ok((ranges, by))) = &facts.ranges {
        if ranges.contains(&ours) {
            return None;
        }
        let theirs: Vec<String> = ranges.iter().map(ToString::to_string).collect();
        let theirs = theirs.join(", ");
        return differs(
            format!("the API server's service range is {theirs}, the plan says {ours}"),
            vec![format!("the API says it by {by}")],
            theirs,
        );
    }
    // The API server takes the first address of its range for its own service.
    let own = facts.kubernetes.filter(|own| *own != first_of(ours))?;
    differs(
        format!("the API server's own service is at {own}, the plan's service range is {ours}"),
        vec![format!(
            "service default/kubernetes has the first address of the range, which would be {}",
            first_of(ours)
        )],
        "what the API server was given as --service-cluster-ip-range".to_owned(),
    )
}

fn who(service: &ServiceSeen) -> String {
    let pods = if service.selector.is_empty() {
        "has no selector".to_owned()
    } else {
        format!("leads to the pods with {}", service.selector)
    };
    let made = if service.made { "gangplank made it from here" } else { "it was not made from here" };
    format!("service {} {pods}; {made}", service.title)
}

fn dns(plan: &Plan, cluster: &ClusterFacts) -> Option<Disagreement> {
    let ours = plan.cluster.dns;
    let facts = &cluster.services;
    let differs = |code, what: String, seen: Vec<String>, edit: String| {
        Some(Disagreement { code, what, seen, field: PlanField::DnsAddress, edit })
    };
    if let Some(service) = &facts.dns
        && let Some(theirs) = service.addresses.first()
        && !service.addresses.contains(&ours)
    {
        return differs(
            ProblemCode::Dns02,
            format!("the DNS service {} has the address {theirs}, the plan says {ours}", service.title),
            vec![
                who(service),
                "an address cannot be changed, and pods would be told one at which nobody answers".to_owned(),
            ],
            format!("{theirs}"),
        );
    }
    if let Some(service) = &facts.holder
        && service.title != "kube-system/kube-dns"
        && (plan.dns.deploy != Some(DnsKind::None) || !service.dns)
    {
        let mut seen = vec![who(service)];
        if !service.dns {
            seen.push("it does not answer on port 53".to_owned());
        }
        return differs(
            ProblemCode::Dns01,
            format!("{ours} belongs to the service {}", service.title),
            seen,
            "a free address of the service range".to_owned(),
        );
    }
    let (ranges, by) = facts.ranges.as_ref()?.as_ref().ok()?;
    if ranges.iter().any(|range| range.contains(&ours)) {
        return None;
    }
    let theirs: Vec<String> = ranges.iter().map(ToString::to_string).collect();
    differs(
        ProblemCode::Dns10,
        format!("the DNS address {ours} is outside the API server's service range {}", theirs.join(", ")),
        vec![format!("the API says the range by {by}")],
        format!("an address inside {}", theirs.join(" or ")),
    )
}

fn domain(plan: &Plan, cluster: &ClusterFacts) -> Option<Disagreement> {
    let ours = &plan.cluster.domain;
    let known = cluster.services.domain.as_ref()?.as_ref().ok()?;
    if known.domains.contains(ours) {
        return None;
    }
    let theirs = known.domains.join(", ");
    Some(Disagreement {
        code: ProblemCode::Dns09,
        what: format!("the cluster's DNS domain is {theirs}, the plan says {ours}"),
        seen: vec![format!("the API says it by {}", known.by)],
        field: PlanField::Domain,
        edit: known.domains.join(" or "),
    })
}

/// What the plan says of services and DNS, and the cluster otherwise: one problem with each difference and the answer
/// that mends it.
pub fn differs(plan: &Plan, cluster: &ClusterFacts) -> Option<Problem> {
    let all: Vec<Disagreement> =
        [range(plan, cluster), dns(plan, cluster), domain(plan, cluster)].into_iter().flatten().collect();
    let first = all.first()?;
    let mut problem = if all.len() == 1 {
        Problem::new(first.code, first.what.clone())
    } else {
        Problem::new(first.code, format!("the plan and the cluster differ in {} things", all.len()))
    };
    for one in &all {
        if all.len() > 1 {
            problem = problem.seen(format!("{}: {}", one.code, one.what));
        }
        problem = one.seen.iter().cloned().fold(problem, Problem::seen);
    }
    let deletable = |one: &Disagreement| one.code == ProblemCode::Dns01;
    if all.iter().any(deletable)
        && let Some(holder) = &cluster.at_dns_address
    {
        problem = problem.manual(format!("delete the service {holder} if nobody needs it"));
    }
    Some(
        all.into_iter().fold(problem, |problem, one| {
            problem.edit(one.field, format!("{}: {}", one.field.path(), one.edit))
        }),
    )
}

/// What the API would not tell, so that the plan is taken at its word.
pub fn untold(cluster: &ClusterFacts) -> Vec<String> {
    let facts = &cluster.services;
    let mut notes = Vec::new();
    if let Some(Err(why)) = &facts.ranges {
        notes.push(format!("the API's service range is not known, the plan's is taken: {why}"));
    }
    if let Some(Err(why)) = &facts.domain {
        notes.push(format!("the cluster's DNS domain is not known, the plan's is taken: {why}"));
    }
    if let Some(Err(why)) = &cluster.addons {
        notes.push(format!("what comes to nodes by DaemonSets is not known: {why}"));
    }
    if facts.holder.is_none() && facts.dns.is_none() {
        let dns = facts.others.iter().filter(|other| other.title.starts_with("kube-system/"));
        notes.extend(dns.filter_map(|other| {
            let address = other.addresses.first()?;
            Some(format!(
                "service {} answers on port 53 at {address}; the plan's DNS is another",
                other.title
            ))
        }));
    }
    notes
}
