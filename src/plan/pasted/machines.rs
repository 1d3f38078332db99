//! `machines.txt`, as "Kubernetes the hard way" (2025) has it: on each line an address, a full name, a host name and, of
//! workers alone, the subnet of its pods.

use std::net::IpAddr;

use super::line::Row;
use crate::plan::issue::shown;

/// A machine of such a file.
struct MachineLine<'a> {
    address: IpAddr,
    host: &'a str,
    /// The subnet of its pods; a master has none.
    subnet: Option<&'a str>,
}

impl<'a> MachineLine<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [address, full, host, more @ ..] = words.as_slice() else { return None };
        let is_of = |full: &str| full.strip_prefix(host).is_some_and(|rest| rest.starts_with('.'));
        if !is_of(full) || host.contains(['.', '@', ':']) {
            return None;
        }
        let subnet = match more {
            [] => None,
            [subnet] if is_subnet(subnet) => Some(*subnet),
            _ => return None,
        };
        Some(Self { address: address.parse().ok()?, host, subnet })
    }
}

fn is_subnet(text: &str) -> bool {
    text.split_once('/').is_some_and(|(net, bits)| {
        net.parse::<IpAddr>().is_ok_and(|net| {
            let most = if net.is_ipv4() { 32 } else { 128 };
            bits.parse::<u8>().is_ok_and(|bits| bits <= most)
        })
    })
}

/// Whether these lines are those of such a file: every one is a machine, and one at least has a subnet.
pub(super) fn is_it(lines: &[(usize, String)]) -> bool {
    let read: Option<Vec<MachineLine>> = lines.iter().map(|(_, line)| MachineLine::read(line)).collect();
    read.is_some_and(|machines| machines.iter().any(|machine| machine.subnet.is_some()))
}

/// The worker of a line, or why it is none.
pub(super) fn row(line: &str) -> Result<Vec<Row>, String> {
    let Some(machine) = MachineLine::read(line) else {
        return Err("this is no line of machines.txt".to_owned());
    };
    if machine.subnet.is_none() {
        return Ok(Vec::new());
    }
    let (name, address) = (Some(machine.host.to_owned()), Some(machine.address.to_string()));
    Ok(vec![Row { name, address, left_out: vec![4], ..Row::default() }])
}

/// Lines without a subnet, which are masters, a sentence each; and addresses and names that stand there twice.
pub(super) fn judged(lines: &[(usize, String)]) -> (Vec<String>, Vec<String>) {
    let (mut masters, mut wrong) = (Vec::new(), Vec::new());
    let all: Vec<(usize, MachineLine)> =
        lines.iter().filter_map(|(number, line)| Some((*number, MachineLine::read(line)?))).collect();
    for (at, (number, machine)) in all.iter().enumerate() {
        if machine.subnet.is_none() {
            let host = shown(machine.host);
            masters.push(format!("line {number}: {host} has no subnet of pods, so it is a master: left out"));
        }
        for (before, other) in all.iter().take(at) {
            if other.address == machine.address {
                wrong.push(format!("line {number}: {} is the address of line {before} too", machine.address));
            }
            if other.host == machine.host {
                wrong
                    .push(format!("line {number}: {} is the name of line {before} too", shown(machine.host)));
            }
            if other.subnet.is_some() && other.subnet == machine.subnet {
                wrong.push(format!("line {number}: its subnet of pods is that of line {before} too"));
            }
        }
    }
    (masters, wrong)
}
