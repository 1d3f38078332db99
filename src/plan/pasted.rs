//! Workers as people paste them: lists, ranges, `user@host:port`, command lines of ssh, lines of /etc/hosts, CSV, what
//! kubectl prints, quoted lists, the machines.txt of "Kubernetes the hard way". Every cell is judged as the plan judges it; a line that is no worker is refused with
//! its number and the reason, and machines that can be no workers are left out with a word.

mod cells;
mod heading;
mod line;
mod machines;
mod word;

use std::net::IpAddr;

use super::answers::{LoginAnswers, WorkerAnswers};
use super::clean::is_invisible;
use super::issue::shown;
use super::{range, value};
use line::Row;
use word::{Word, expand, word, words};

/// What was read of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PastedWorkers {
    /// The workers, in order.
    pub workers: Vec<WorkerAnswers>,
    /// What was left out, a sentence each.
    pub left_out: Vec<String>,
}

/// Whether SSH may be told this as a host.
pub fn is_login_host(text: &str) -> bool {
    value::ssh_host(text).is_ok()
}

/// Reads a pasted text; what cannot be read is told line by line.
pub fn read(text: &str) -> Result<PastedWorkers, Vec<String>> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    // What stands in a key would be read as names, and shown.
    if let Some((number, _)) = (1..).zip(text.lines()).find(|(_, line)| line.contains("-----BEGIN")) {
        return Err(vec![format!("line {number}: a key or a certificate begins here, and no worker")]);
    }
    let lines = lines(&text);
    let below: Vec<&str> = lines.iter().skip(1).map(|(_, line)| line.as_str()).collect();
    let heading = lines.first().and_then(|(_, line)| heading::heading(line, &below));
    let (mut all, mut wrong, mut dropped) = (PastedWorkers::default(), Vec::new(), Vec::new());
    let of_machines = machines::is_it(&lines);
    if of_machines {
        (all.left_out, wrong) = machines::judged(&lines);
    }
    for (at, (number, line)) in lines.iter().enumerate() {
        let rows = match &heading {
            _ if of_machines => machines::row(line),
            Some(heading) if at == 0 => {
                all.left_out.push(format!("line {number}: {}", heading.said()));
                continue;
            }
            Some(heading) if heading.has_columns() => heading.row(line).map(|row| vec![row]),
            _ => line::rows(line),
        };
        let mut said = Vec::new();
        match rows.and_then(|rows| workers(&rows, &mut said).map(|workers| (rows, workers))) {
            Ok((rows, workers)) => {
                all.workers.extend(workers);
                dropped.extend(rows.into_iter().map(|row| (*number, row.left_out)));
            }
            Err(why) => wrong.push(format!("line {number}: {why}")),
        }
        all.left_out.extend(said.into_iter().map(|what| format!("line {number}: {what}")));
    }
    all.left_out.extend(columns(&dropped));
    if all.workers.len() > range::MOST {
        wrong.push(format!("these are {} workers; {} is the most", all.workers.len(), range::MOST));
    }
    if wrong.is_empty() { Ok(all) } else { Err(wrong) }
}

/// The lines that say something, with their numbers: without remarks, bullets, frames and INI sections.
fn lines(text: &str) -> Vec<(usize, String)> {
    let (mut all, mut of_section) = (Vec::new(), true);
    for (number, line) in (1..).zip(text.lines()) {
        let seen: String = line.chars().filter(|c| *c == '\t' || !is_invisible(*c)).collect();
        let line = cells::without_bullet(cells::without_remark(&seen).trim());
        if let Some(section) = cells::section(line) {
            // Variables and names of groups are no machines.
            of_section = !section.ends_with(":vars") && !section.ends_with(":children");
        } else if of_section && !cells::is_frame(line) {
            all.push((number, line.to_owned()));
        }
    }
    all
}

/// The columns that were left out; lines one behind the other with the same ones are told together.
fn columns(dropped: &[(usize, Vec<usize>)]) -> Vec<String> {
    let mut all: Vec<(usize, usize, &[usize])> = Vec::new();
    for (number, columns) in dropped.iter().filter(|(_, columns)| !columns.is_empty()) {
        match all.last_mut() {
            Some((_, last, same)) if *same == columns.as_slice() && last.saturating_add(1) == *number => {
                *last = *number;
            }
            _ => all.push((*number, *number, columns)),
        }
    }
    let told = all.into_iter().map(|(first, last, columns)| {
        let lines = if first == last { format!("line {first}") } else { format!("lines {first} to {last}") };
        let numbers: Vec<String> = columns.iter().map(ToString::to_string).collect();
        match numbers.split_last() {
            Some((last, [])) => format!("{lines}: column {last} left out"),
            Some((last, more)) => format!("{lines}: columns {} and {last} left out", more.join(", ")),
            None => lines,
        }
    });
    told.collect()
}

/// The workers of the rows of a line; a row with a range is several.
fn workers(rows: &[Row], left_out: &mut Vec<String>) -> Result<Vec<WorkerAnswers>, String> {
    let mut all = Vec::new();
    for row in rows {
        let (names, addresses) = texts(row)?;
        for at in 0..names.len().max(addresses.len()) {
            let pick = |texts: &[String]| texts.get(at).or_else(|| texts.first()).map(|text| word(text));
            let words =
                [pick(&names), pick(&addresses)].into_iter().flatten().collect::<Result<Vec<_>, _>>()?;
            if let Some(mut worker) = worker(&words, left_out)? {
                worker.ssh.user = worker.ssh.user.or_else(|| row.user.clone());
                worker.ssh.port = worker.ssh.port.or(row.port);
                worker.ssh.key.clone_from(&row.key);
                all.push(worker);
            }
        }
    }
    Ok(all)
}

/// The names and the addresses of a row, as many of the one as of the other where there is more than one.
fn texts(row: &Row) -> Result<(Vec<String>, Vec<String>), String> {
    let list = |text: &Option<String>| text.as_deref().map_or(Ok(Vec::new()), expand);
    let (mut names, addresses) = (list(&row.name)?, list(&row.address)?);
    let count = names.len().max(addresses.len());
    if let ([name], true) = (names.as_slice(), count > 1) {
        names = numbered(name, count)?;
    }
    if [&names, &addresses].iter().any(|texts| texts.len() > 1 && texts.len() != count) {
        return Err("the ranges stand for different numbers of workers".to_owned());
    }
    Ok((names, addresses))
}

/// The names of as many workers: `node01-03` counts from one to the other, anything else is numbered as in a plan.
fn numbered(name: &str, count: usize) -> Result<Vec<String>, String> {
    if let Some((before, last)) = name.rsplit_once('-') {
        let digits = before.len().saturating_sub(before.trim_end_matches(|c: char| c.is_ascii_digit()).len());
        let (stem, first) = before.split_at(before.len().saturating_sub(digits));
        if !first.is_empty()
            && let Ok(names) = range::expand(&format!("{stem}[{first}-{last}]"))
        {
            return if names.len() == count {
                Ok(names)
            } else {
                Err("the ranges stand for different numbers of workers".to_owned())
            };
        }
    }
    if name.contains(['.', ':', '@']) {
        return Err(format!("one name and {count} addresses; write a name for each"));
    }
    Ok((1..=count).map(|number| format!("{name}-{number}")).collect())
}

/// One worker out of a name, an address or both; none when it can be no worker.
fn worker(parts: &[Word], left_out: &mut Vec<String>) -> Result<Option<WorkerAnswers>, String> {
    let address = parts.iter().find(|word| word.is_address());
    let name = parts.iter().find(|word| !word.is_address());
    if let Some(why) = no_machine(address, name) {
        left_out.push(why);
        return Ok(None);
    }
    if let Some(address) = address {
        value::node_address(&address.host).map_err(|refusal| words(&refusal))?;
    }
    let bare = name.map(|word| word.host.trim_end_matches('.'));
    let label = bare.map(|host| host.split('.').next().unwrap_or(host).to_lowercase());
    if let Some(label) = &label {
        value::node_name(label).map_err(|refusal| no_name(label, &refusal))?;
    }
    let user = parts.iter().find_map(|word| word.user.clone());
    let port = parts.iter().find_map(|word| word.port);
    let mut ssh = LoginAnswers { port, user, ..LoginAnswers::default() };
    // A name alone is what one logs in at; its address is still to be said.
    if let (Some(host), None) = (bare, address) {
        value::ssh_host(host).map_err(|refusal| words(&refusal))?;
        ssh.host = Some(host.to_owned());
    }
    Ok(Some(WorkerAnswers {
        name: label,
        address: address.map(|word| word.host.clone()),
        ssh,
        ..WorkerAnswers::default()
    }))
}

/// Why a text is no name. Where it is not even like one it is not shown: it may be a password.
fn no_name(label: &str, refusal: &range::Refusal) -> String {
    let like = value::node_name(&label.replace('_', "-")).is_ok();
    let address = label.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let long = label.len() > 63 && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if like || address || long {
        return words(refusal);
    }
    "what stands for the name is no name and no address; write one like worker1".to_owned()
}

/// Why these can be no worker: every /etc/hosts has such lines.
fn no_machine(address: Option<&Word>, name: Option<&Word>) -> Option<String> {
    let text = |word: Option<&Word>| word.map(|word| shown(&word.host));
    if let Some(word) = address {
        let ip = word.zone().map(IpAddr::V6).or_else(|| word.host.parse().ok())?;
        let kind = match ip {
            ip if ip.is_loopback() => "is the loopback address",
            ip if ip.is_multicast() => "is a multicast address",
            ip if ip.is_unspecified() => "is no machine's address",
            IpAddr::V4(ip) if ip.is_broadcast() => "is the broadcast address",
            IpAddr::V4(ip) if ip.is_link_local() => "is a link-local address",
            IpAddr::V6(ip) if ip.is_unicast_link_local() => "is a link-local address",
            _ if word.zone().is_some() => "has a zone, so it is reached from one machine alone",
            _ => "",
        };
        if !kind.is_empty() {
            return Some(format!("{} {kind}: left out", text(address).unwrap_or_default()));
        }
    }
    let host = name?.host.to_lowercase();
    let local = host == "localhost"
        || host.starts_with("localhost.")
        || host == "broadcasthost"
        || [
            "ip6-localhost",
            "ip6-loopback",
            "ip6-localnet",
            "ip6-mcastprefix",
            "ip6-allnodes",
            "ip6-allrouters",
            "ip6-allhosts",
        ]
        .contains(&host.as_str());
    local.then(|| format!("{} is no machine of its own: left out", text(name).unwrap_or_default()))
}

#[cfg(test)]
#[path = "pasted/tests.rs"]
mod tests;

#[cfg(test)]
#[path = "pasted/found.rs"]
mod found;
