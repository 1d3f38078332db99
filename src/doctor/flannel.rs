//! The subnet that flannel leased for a worker: its plugin reads it for every pod, and the runtime's own bridge has to lie in
//! it where no plugin gives pods their addresses.

use ipnet::Ipv4Net;

use super::findings::Findings;
use crate::kube::Node;
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Facts, Known};
use crate::plan::problem::Problem;
use crate::plan::surroundings::Surroundings;
use crate::runtime::flannel_bridge::bridge_elsewhere;
use crate::runtime::of_facts;
use crate::runtime::pod_network::SUBNET_FILE;

/// After its start a machine has no such file until flannel runs, seconds.
const FLANNEL_COMES: u64 = 120;

/// The question for the file that flannel writes.
pub fn flannel_query() -> FactQuery {
    FactQuery::File { path: SUBNET_FILE.to_owned(), content: true }
}

/// Judges it; `node` is the worker's, as far as the API told of it.
pub(super) fn judge(facts: &Facts, around: Option<&Surroundings>, node: Option<&Node>, found: &mut Findings) {
    let Known::Yes(file) = facts.file(SUBNET_FILE) else { return };
    let network =
        of_facts::network(facts).filter(|network| network.subnet_file.as_deref() == Some(SUBNET_FILE));
    let text = file.as_ref().and_then(|file| file.content.as_deref()).map(String::from_utf8_lossy);
    let subnet = text.as_deref().and_then(subnet);
    match (network, file, subnet) {
        (Some(network), None, _) if runs_since(facts, FLANNEL_COMES) => found.add(
            Problem::new(
                ProblemCode::Network07,
                format!("{SUBNET_FILE} is not there: no new pod of the pod network gets an address"),
            )
            .seen(format!(
                "the pod network is flannel's ({}), whose plugin reads that file for every pod",
                network.file
            ))
            .manual(
                "flannel writes it when it runs: kubectl get pods -A -o wide | grep flannel, and the log of \
                     the one on this worker; where it is a unit: systemctl status flanneld",
            ),
        ),
        (Some(_), Some(_), Some(subnet)) => {
            found.faults.extend(node.and_then(|node| of_another_node(subnet, node)));
        }
        (None, Some(_), Some(subnet)) => {
            found.faults.extend(around.and_then(|around| bridge_elsewhere(facts, around, subnet)));
        }
        _ => {}
    }
}

/// The kubelet runs for longer than this.
fn runs_since(facts: &Facts, seconds: u64) -> bool {
    facts.unit("kubelet").yes().is_some_and(|unit| {
        unit.active == "active" && unit.stands_still().is_none() && unit.up_s.is_some_and(|up| up > seconds)
    })
}

/// `FLANNEL_SUBNET=10.244.1.1/24`: the address of the bridge in the worker's part of the network.
fn subnet(text: &str) -> Option<Ipv4Net> {
    text.lines().find_map(|line| line.trim().strip_prefix("FLANNEL_SUBNET=")?.trim().parse().ok())
}

/// Where flannel takes its subnets from the nodes, it is the node's own range.
fn of_another_node(subnet: Ipv4Net, node: &Node) -> Option<Problem> {
    let ranges: Vec<Ipv4Net> =
        node.pod_ranges.iter().filter_map(|range| range.to_string().parse().ok()).collect();
    let own = ranges.iter().any(|range| range.trunc() == subnet.trunc());
    if !node.flannel_by_api || ranges.is_empty() || own {
        return None;
    }
    let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
    Some(
        Problem::new(
            ProblemCode::Network07,
            format!("flannel's subnet on {} is not the one of its node", node.name),
        )
        .seen(format!("{SUBNET_FILE} says {subnet}, the node's podCIDR is {}", ranges.join(" ")))
        .seen("flannel takes its subnets from the nodes, by the node's annotation")
        .manual(
            "let flannel write it anew: delete its pod on this worker, it comes back; pods with addresses of the \
             other range are then to be made anew, and the bridge cni0 too: ip link delete cni0, once no pod is on it",
        ),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::containerd_fact::{ContainerdFact, NetworkFile, NetworkFolders};
    use crate::plan::fact::{Fact, FileFact, Machine};
    use crate::plan::runtime_fact::{DockerFact, RuntimeFact};
    use crate::plan::unit::UnitFact;

    fn facts(network: Option<&str>, text: Option<&str>, up_s: u64) -> Facts {
        let mut facts = Facts::default();
        let unit = UnitFact { active: "active".into(), up_s: Some(up_s), ..UnitFact::default() };
        facts.learn(FactQuery::Unit("kubelet".to_owned()), Known::Yes(Fact::Unit(unit)));
        let file =
            text.map(|text| FileFact { content: Some(text.as_bytes().to_vec()), ..FileFact::default() });
        facts.learn(flannel_query(), Known::Yes(Fact::File(file)));
        facts.learn(FactQuery::Machine, Known::Yes(Fact::Machine(Machine::default())));
        let files = network.map(|text| NetworkFile {
            name: "10-flannel.conflist".into(),
            text: text.into(),
            cut: false,
        });
        let network = NetworkFolders { files: files.into_iter().collect(), ..NetworkFolders::default() };
        let runtime = if network.files.is_empty() {
            RuntimeFact { docker: Some(DockerFact::default()), ..RuntimeFact::default() }
        } else {
            let containerd = ContainerdFact { network, ..ContainerdFact::default() };
            RuntimeFact { containerd: Some(containerd), ..RuntimeFact::default() }
        };
        facts.learn(FactQuery::Runtime, Known::Yes(Fact::Runtime(Box::new(runtime))));
        facts
    }

    fn judged(facts: &Facts, bridges: &[(&str, &str)], node: &serde_json::Value) -> Vec<ProblemCode> {
        let bridges = bridges.iter().map(|(name, address)| ((*name).into(), (*address).into())).collect();
        let around = Surroundings { bridges, ..Surroundings::default() };
        let mut found = Findings::default();
        judge(facts, Some(&around), Node::from_json(node).as_ref(), &mut found);
        found.faults.iter().map(|problem| problem.code).collect()
    }

    const FLANNEL: &str =
        r#"{"name":"cbr0","plugins":[{"type":"flannel","delegate":{}},{"type":"portmap"}]}"#;
    const ENV: &str = "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\nFLANNEL_MTU=1450\n";

    fn node(range: &str, by_api: &str) -> serde_json::Value {
        json!({"metadata": {"name": "w1", "annotations": {"flannel.alpha.coreos.com/kube-subnet-manager": by_api}},
            "spec": {"podCIDR": range}})
    }

    #[test]
    fn a_file_that_flannels_plugin_reads_and_is_not_there_is_a_fault() {
        let own = node("10.244.1.0/24", "true");
        assert_eq!(judged(&facts(Some(FLANNEL), None, 500), &[], &own), [ProblemCode::Network07]);
        assert!(judged(&facts(Some(FLANNEL), None, 30), &[], &own).is_empty(), "flannel may be coming");
        assert!(judged(&facts(Some(FLANNEL), Some(ENV), 500), &[], &own).is_empty());
        let other = FLANNEL.replace("\"delegate\"", "\"subnetFile\":\"/x\",\"delegate\"");
        for network in [other.as_str(), r#"{"name":"n","plugins":[{"type":"bridge"}]}"#] {
            assert!(judged(&facts(Some(network), None, 500), &[], &own).is_empty(), "{network}");
        }
        assert!(judged(&facts(None, None, 500), &[("docker0", "172.17.0.1/16")], &own).is_empty());
    }

    #[test]
    fn another_subnet_than_the_nodes_is_a_fault_only_where_flannel_takes_it_from_there() {
        let facts = facts(Some(FLANNEL), Some(ENV), 500);
        assert_eq!(judged(&facts, &[], &node("10.244.7.0/24", "true")), [ProblemCode::Network07]);
        assert!(judged(&facts, &[], &node("10.244.7.0/24", "false")).is_empty(), "it leases them from etcd");
        assert!(judged(&facts, &[], &node("fd00::/64", "true")).is_empty());
        assert!(judged(&facts, &[], &json!({"metadata": {"name": "w1"}})).is_empty());
    }

    #[test]
    fn dockers_bridge_lies_in_flannels_subnet_where_no_plugin_gives_addresses() {
        let none = json!({});
        let old = facts(None, Some(ENV), 500);
        assert_eq!(judged(&old, &[("docker0", "172.17.0.1/16")], &none), [ProblemCode::Network08]);
        assert!(judged(&old, &[("docker0", "10.244.1.1/24")], &none).is_empty());
        assert!(judged(&old, &[("docker0", "172.17.0.1/16"), ("cbr0", "10.244.1.1/24")], &none).is_empty());
        assert!(judged(&old, &[], &none).is_empty(), "docker has no bridge");
        let mut plugin = old;
        let machine = Machine { cni: true, ..Machine::default() };
        plugin.learn(FactQuery::Machine, Known::Yes(Fact::Machine(machine)));
        assert!(judged(&plugin, &[("docker0", "172.17.0.1/16")], &none).is_empty());
    }
}
