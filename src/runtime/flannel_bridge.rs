//! The bridge on which docker gives pods their addresses, beside a flannel that leased a subnet for it.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::of_facts::found;
use super::pod_network::SUBNET_FILE;
use crate::plan::code::ProblemCode;
use crate::plan::fact::Facts;
use crate::plan::problem::Problem;
use crate::plan::runtime_fact::RuntimeKind;
use crate::plan::surroundings::Surroundings;

/// docker gives pods their addresses, and its bridge lies elsewhere: they are reached from no other node.
pub fn bridge_elsewhere(facts: &Facts, around: &Surroundings, subnet: Ipv4Net) -> Option<Problem> {
    let cni = facts.machine().yes().is_none_or(|machine| machine.cni);
    if cni || found(facts) != Some(RuntimeKind::Docker) || around.bridges.is_empty() {
        return None;
    }
    let within = |address: &str| {
        address
            .split('/')
            .next()
            .and_then(|one| one.parse::<Ipv4Addr>().ok())
            .is_none_or(|one| subnet.contains(&one))
    };
    if around.bridges.iter().any(|(_, address)| within(&address.to_string())) {
        return None;
    }
    let bridges: Vec<String> =
        around.bridges.iter().map(|(name, address)| format!("{name} has {address}")).collect();
    Some(
        Problem::new(ProblemCode::Network08, "docker's bridge does not lie in flannel's subnet")
            .seen(format!("{}, {SUBNET_FILE} says {subnet}", bridges.join(", ")))
            .manual(
                "start docker after flannel, with --bip=$FLANNEL_SUBNET --mtu=$FLANNEL_MTU from that file; where \
                 docker0 is there with another address: systemctl stop docker; ip link delete docker0; systemctl \
                 start docker. Its containers end",
            ),
    )
}
