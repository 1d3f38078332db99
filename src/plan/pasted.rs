//! Workers as people paste them: lists, ranges, `user@host:port`, lines of /etc/hosts, CSV, quoted lists. Every token
//! is judged as the plan judges it; a line that is no worker is refused with its number and the reason, and machines
//! that can be no workers are left out with a word.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::answers::{LoginAnswers, WorkerAnswers};
use super::clean::is_invisible;
use super::issue::shown;
use super::{range, value};

/// What was read of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PastedWorkers {
    /// The workers, in order.
    pub workers: Vec<WorkerAnswers>,
    /// What was left out, a sentence each.
    pub left_out: Vec<String>,
}

/// Words of the first line of a table.
const HEADINGS: [&str; 17] = [
    "name",
    "names",
    "host",
    "hosts",
    "hostname",
    "node",
    "nodes",
    "worker",
    "address",
    "ip",
    "ipaddress",
    "ip_address",
    "user",
    "username",
    "login",
    "port",
    "role",
];

/// Reads a pasted text; what cannot be read is told line by line.
pub fn read(text: &str) -> Result<PastedWorkers, Vec<String>> {
    let (mut all, mut wrong) = (PastedWorkers::default(), Vec::new());
    let mut first = true;
    for (number, line) in (1..).zip(text.lines()) {
        let seen: String = line.chars().filter(|c| *c == '\t' || !is_invisible(*c)).collect();
        let line = without_remark(&seen).trim();
        if is_frame(line) {
            continue;
        }
        let mut said = Vec::new();
        match of_line(line, std::mem::take(&mut first), &mut said) {
            Ok(workers) => all.workers.extend(workers),
            Err(why) => wrong.push(format!("line {number}: {why}")),
        }
        all.left_out.extend(said.into_iter().map(|what| format!("line {number}: {what}")));
    }
    if all.workers.len() > range::MOST {
        wrong.push(format!("these are {} workers; {} is the most", all.workers.len(), range::MOST));
    }
    if wrong.is_empty() { Ok(all) } else { Err(wrong) }
}

/// Up to a `#` at the beginning or behind a blank.
fn without_remark(line: &str) -> &str {
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        if c == '#' && before.is_whitespace() {
            return line.get(..at).unwrap_or_default();
        }
        before = c;
    }
    line
}

/// Nothing but the brackets of a list, or nothing at all.
fn is_frame(line: &str) -> bool {
    line.chars().all(|c| c.is_whitespace() || "[](){},;".contains(c)) || line == "---"
}

/// A token and whether a comma or a semicolon stands behind it.
struct Token {
    text: String,
    comma: bool,
}

/// Tokens are parted by blanks, commas and semicolons; within quotes and within the brackets of a range they are not.
fn tokens(line: &str) -> Result<Vec<Token>, String> {
    let line = line.strip_prefix("- ").unwrap_or(line).trim();
    let quoted_list =
        line.starts_with('[') && line.trim_end_matches([',', ';']).ends_with(']') && line.contains('"');
    let line = if quoted_list {
        line.trim_start_matches('[').trim_end_matches([',', ';']).trim_end_matches(']')
    } else {
        line
    };
    let (mut all, mut text) = (Vec::new(), String::new());
    let (mut depth, mut quote, mut was_quoted) = (0_usize, None, false);
    let mut end = |text: &mut String, comma: bool, was_quoted: &mut bool| {
        if !text.is_empty() || *was_quoted {
            all.push(Token { text: std::mem::take(text), comma });
        } else if comma && let Some(last) = all.last_mut() {
            let last: &mut Token = last;
            last.comma = true;
        }
        *was_quoted = false;
    };
    for c in line.chars() {
        match quote {
            Some(mark) if c == mark => quote = None,
            Some(_) => text.push(c),
            None => match c {
                '"' | '\'' => (quote, was_quoted) = (Some(c), true),
                ',' | ';' if depth == 0 => end(&mut text, true, &mut was_quoted),
                c if c.is_whitespace() && depth == 0 => end(&mut text, false, &mut was_quoted),
                c => {
                    depth = match c {
                        '[' => depth.saturating_add(1),
                        ']' => depth.saturating_sub(1),
                        _ => depth,
                    };
                    text.push(c);
                }
            },
        }
    }
    if let Some(mark) = quote {
        return Err(format!("a quote {mark} is not closed"));
    }
    end(&mut text, false, &mut was_quoted);
    Ok(all)
}

/// A token with its login parts taken off.
#[derive(Debug, Clone)]
struct Word {
    user: Option<String>,
    host: String,
    port: Option<u32>,
}

impl Word {
    fn is_address(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok() || self.zone().is_some()
    }

    /// The address before the zone of `fe80::1%eth0`.
    fn zone(&self) -> Option<Ipv6Addr> {
        self.host.split_once('%')?.0.parse().ok()
    }
}

fn word(text: &str) -> Result<Word, String> {
    let (user, rest) = match text.rsplit_once('@') {
        Some((user, rest)) => (Some(user.to_owned()), rest),
        None => (None, text),
    };
    if let Some(user) = &user {
        if user.contains(':') {
            return Err("a login with a password in it (not shown); passwords are asked for".to_owned());
        }
        value::ssh_user(user).map_err(|refusal| words(&refusal))?;
    }
    let port = |text: &str| -> Result<u32, String> {
        let number = text.parse::<u32>().map_err(|_| format!("{} is no port", shown(text)))?;
        value::port(number).map(u32::from).map_err(|refusal| words(&refusal))
    };
    if let Some((inside, behind)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        && inside.parse::<Ipv6Addr>().is_ok()
    {
        let port = match behind.strip_prefix(':') {
            Some(text) => Some(port(text)?),
            None if behind.is_empty() => None,
            None => return Err(format!("{} has something behind its brackets", shown(text))),
        };
        return Ok(Word { user, host: inside.to_owned(), port });
    }
    match rest.split_once(':') {
        Some((host, number)) if !number.contains(':') => {
            if number.is_empty() {
                return Err(format!(
                    "{} ends with a colon, as a key of YAML does: it is no worker",
                    shown(text)
                ));
            }
            Ok(Word { user, host: host.to_owned(), port: Some(port(number)?) })
        }
        _ => Ok(Word { user, host: rest.to_owned(), port: None }),
    }
}

fn words((what, cure): &range::Refusal) -> String {
    if cure.is_empty() { what.clone() } else { format!("{what}; {cure}") }
}

/// The texts one token stands for: a range in brackets, or of addresses with a dash between.
fn expand(text: &str) -> Result<Vec<String>, String> {
    // The brackets of an IPv6 address are no range.
    if word(text).is_ok_and(|word| word.host.parse::<Ipv6Addr>().is_ok()) {
        return Ok(vec![text.to_owned()]);
    }
    if let Some(all) = dashed(text) {
        return all;
    }
    range::expand(text).map_err(|(what, cure)| format!("{} {what}; {cure}", shown(text)))
}

/// `10.0.0.1-5`, `10.0.0.1-10.0.0.5`, with user and port around it; a dash behind anything else is part of a name.
fn dashed(text: &str) -> Option<Result<Vec<String>, String>> {
    let (before, rest) = text.rsplit_once('@').map_or(("", text), |(user, rest)| (user, rest));
    let (first, last) = rest.split_once('-')?;
    let from: Ipv4Addr = first.parse().ok()?;
    let (last, behind) = last.split_once(':').map_or((last, ""), |(last, port)| (last, port));
    let octets = from.octets();
    let to = match (last.parse::<Ipv4Addr>(), last.parse::<u8>()) {
        (Ok(to), _) => to,
        (_, Ok(end)) => Ipv4Addr::new(octets[0], octets[1], octets[2], end),
        _ => {
            return Some(Err(format!("{} is no range of addresses; write one like 10.0.0.1-5", shown(text))));
        }
    };
    let (from, to) = (u32::from(from), u32::from(to));
    if from > to {
        return Some(Err(format!("{} runs backwards", shown(text))));
    }
    if usize::try_from(to - from).map_or(true, |more| more >= range::MOST) {
        return Some(Err(format!("{} stands for more than {} workers", shown(text), range::MOST)));
    }
    let one = |address: u32| {
        let address = Ipv4Addr::from(address);
        let user = if before.is_empty() { String::new() } else { format!("{before}@") };
        let port = if behind.is_empty() { String::new() } else { format!(":{behind}") };
        format!("{user}{address}{port}")
    };
    Some(Ok((from..=to).map(one).collect()))
}

fn of_line(line: &str, first: bool, left_out: &mut Vec<String>) -> Result<Vec<WorkerAnswers>, String> {
    let tokens = tokens(line)?;
    let lower = |token: &Token| token.text.to_lowercase();
    if first && tokens.len() > 1 && tokens.iter().all(|token| HEADINGS.contains(&lower(token).as_str())) {
        left_out.push(format!("{} are headings", shown(line)));
        return Ok(Vec::new());
    }
    if let Some(key) = tokens.iter().find(|token| token.text.contains(['=', '{', '}', '<', '>', '|', '$']))
        && !range::has_range(&key.text)
    {
        return Err(format!("{} is no name and no address", shown(&key.text)));
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    for token in &tokens {
        rows.push(expand(&token.text)?);
    }
    let kinds: Vec<bool> = rows
        .iter()
        .map(|texts| texts.first().map_or(Ok(false), |text| word(text).map(|word| word.is_address())))
        .collect::<Result<_, _>>()?;
    // Addresses alone, or names with commas between, are a worker each.
    let commas = tokens.iter().rev().skip(1).all(|token| token.comma);
    let alike = kinds.iter().all(|kind| *kind) || (commas && kinds.iter().all(|kind| !kind));
    if alike {
        let mut all = Vec::new();
        for text in rows.iter().flatten() {
            all.extend(worker(&[word(text)?], left_out)?);
        }
        return Ok(all);
    }
    let table = tokens.iter().any(|token| token.comma);
    let (pair, behind) = pair(&rows, &kinds, table)?;
    let count = pair.iter().map(|texts| texts.len()).max().unwrap_or(0);
    if pair.iter().any(|texts| texts.len() != count && texts.len() != 1) {
        return Err("the ranges stand for different numbers of workers".to_owned());
    }
    let mut all = Vec::new();
    for at in 0..count {
        let texts = pair.iter().filter_map(|texts| texts.get(at).or_else(|| texts.first()));
        let words = texts.map(|text| word(text)).collect::<Result<Vec<Word>, String>>()?;
        if let Some(mut worker) = worker(&words, left_out)? {
            let rest = columns(&mut worker, &behind);
            if at == 0 && !rest.is_empty() {
                left_out.push(format!("{} left out", rest.join(", ")));
            }
            all.push(worker);
        }
    }
    Ok(all)
}

/// The name and the address of a line, and what stands in further columns. Behind an address further names are
/// aliases, as in /etc/hosts; in a table they are columns.
fn pair<'t>(
    rows: &'t [Vec<String>],
    kinds: &[bool],
    table: bool,
) -> Result<(Vec<&'t Vec<String>>, Vec<&'t str>), String> {
    if kinds.iter().filter(|kind| **kind).count() != 1 {
        let names = kinds.len();
        return Err(format!(
            "a name and an address are expected, and here are {names} words; write each worker on a line of its own"
        ));
    }
    let address = kinds.iter().position(|kind| *kind).unwrap_or_default();
    let name = usize::from(address == 0);
    if address > 1 {
        return Err("the address is neither first nor second; write a name and an address".to_owned());
    }
    let pair = [name, address].iter().filter_map(|at| rows.get(*at)).collect();
    let aliases = address == 0 && !table;
    let behind =
        rows.iter().skip(2).filter(|_| !aliases).filter_map(|texts| texts.first()).map(String::as_str);
    Ok((pair, behind.collect()))
}

/// Takes user and port out of further columns; the rest is left out.
fn columns(worker: &mut WorkerAnswers, behind: &[&str]) -> Vec<String> {
    let mut rest = Vec::new();
    for text in behind {
        let port = text.parse::<u32>().ok().filter(|number| value::port(*number).is_ok());
        if let (Some(port), None) = (port, worker.ssh.port) {
            worker.ssh.port = Some(port);
        } else if worker.ssh.user.is_none() && port.is_none() && value::ssh_user(text).is_ok() {
            worker.ssh.user = Some((*text).to_owned());
        } else {
            rest.push(shown(text));
        }
    }
    rest
}

/// One worker out of a name, an address or both; none when it can be no worker.
fn worker(words: &[Word], left_out: &mut Vec<String>) -> Result<Option<WorkerAnswers>, String> {
    let address = words.iter().find(|word| word.is_address());
    let name = words.iter().find(|word| !word.is_address());
    if let Some(why) = no_machine(address, name) {
        left_out.push(why);
        return Ok(None);
    }
    if let Some(address) = address {
        value::node_address(&address.host).map_err(|refusal| crate::plan::pasted::words(&refusal))?;
    }
    let bare = name.map(|word| word.host.trim_end_matches('.'));
    let label = bare.map(|host| host.split('.').next().unwrap_or(host).to_lowercase());
    if let Some(label) = &label {
        value::node_name(label).map_err(|refusal| crate::plan::pasted::words(&refusal))?;
    }
    let user = words.iter().find_map(|word| word.user.clone());
    let port = words.iter().find_map(|word| word.port);
    let mut ssh = LoginAnswers { port, user, ..LoginAnswers::default() };
    // A name alone is what one logs in at; its address is still to be said.
    if let (Some(host), None) = (bare, address) {
        value::ssh_host(host).map_err(|refusal| crate::plan::pasted::words(&refusal))?;
        ssh.host = Some(host.to_owned());
    }
    Ok(Some(WorkerAnswers {
        name: label,
        address: address.map(|word| word.host.clone()),
        ssh,
        ..WorkerAnswers::default()
    }))
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
