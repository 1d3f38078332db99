//! Many workers at once: lists, ranges, `user@host:port`, lines of /etc/hosts.

use std::net::IpAddr;

use crate::plan::answers::{Answers, LoginAnswers, WorkerAnswers};
use crate::plan::range;

/// Reads pasted text; what cannot be read is told line by line.
pub fn parse(text: &str) -> Result<Vec<WorkerAnswers>, Vec<String>> {
    let mut all = Vec::new();
    let mut wrong = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let seen: String =
            line.chars().filter(|c| *c == '\t' || !crate::plan::clean::is_invisible(*c)).collect();
        let line = seen.split('#').next().unwrap_or_default().trim().trim_end_matches(',');
        if line.is_empty() {
            continue;
        }
        match read(line) {
            Ok(workers) => all.extend(workers),
            Err(why) => wrong.push(format!("line {number}: {why}")),
        }
    }
    if all.len() > range::MOST {
        wrong.push(format!("these are {} workers; {} is the most", all.len(), range::MOST));
    }
    if wrong.is_empty() { Ok(all) } else { Err(wrong) }
}

/// A word with its login parts taken off.
struct Word {
    user: Option<String>,
    host: String,
    port: Option<u32>,
}

fn word(text: &str) -> Word {
    let (user, rest) = match text.rsplit_once('@') {
        Some((user, rest)) => (Some(user.to_owned()), rest),
        None => (None, text),
    };
    let port = |text: &str| text.parse::<u32>().ok();
    if let Some((inside, behind)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        && inside.parse::<std::net::Ipv6Addr>().is_ok()
    {
        return Word { user, host: inside.to_owned(), port: behind.strip_prefix(':').and_then(port) };
    }
    match rest.rsplit_once(':') {
        Some((host, number)) if !host.contains(':') && port(number).is_some() => {
            Word { user, host: host.to_owned(), port: port(number) }
        }
        _ => Word { user, host: rest.to_owned(), port: None },
    }
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

fn read(line: &str) -> Result<Vec<WorkerAnswers>, String> {
    let words: Vec<&str> =
        line.split(|c: char| c.is_whitespace() || c == ';').filter(|word| !word.is_empty()).collect();
    // `a, b, c` on one line are three workers; a comma inside brackets belongs to its range.
    if words.len() > 1 && words.iter().rev().skip(1).all(|word| word.ends_with(',')) {
        let each: Result<Vec<_>, _> = words.iter().map(|word| read(word.trim_end_matches(','))).collect();
        return Ok(each?.into_iter().flatten().collect());
    }
    let mut expanded = Vec::new();
    for one in words.iter().take(2) {
        // The brackets of an IPv6 address are no range.
        let texts = if word(one).host.parse::<std::net::Ipv6Addr>().is_ok() {
            vec![(*one).to_owned()]
        } else {
            range::expand(one).map_err(|(what, cure)| format!("{one} {what}; {cure}"))?
        };
        expanded.push(texts);
    }
    let count = expanded.iter().map(Vec::len).max().unwrap_or(0);
    if expanded.iter().any(|texts| texts.len() != count && texts.len() != 1) {
        return Err("the ranges stand for different numbers of workers".to_owned());
    }
    let at = |texts: &[String], index: usize| texts.get(index).or_else(|| texts.first()).cloned();
    (0..count)
        .map(|index| {
            let words: Vec<Word> =
                expanded.iter().filter_map(|texts| at(texts, index)).map(|text| word(&text)).collect();
            worker(&words)
        })
        .collect()
}

fn worker(words: &[Word]) -> Result<WorkerAnswers, String> {
    let address = words.iter().find(|word| is_address(&word.host));
    let name = words.iter().find(|word| !is_address(&word.host));
    if words.len() > 1 && (address.is_none() || name.is_none()) {
        return Err("a name and an address are expected".to_owned());
    }
    let user = words.iter().find_map(|word| word.user.clone());
    let port = words.iter().find_map(|word| word.port);
    let label = |host: &str| host.split('.').next().unwrap_or(host).to_lowercase();
    let mut ssh = LoginAnswers { port, user, ..LoginAnswers::default() };
    // A name alone is what one logs in at; its address is still to be said.
    if let (Some(name), None) = (name, address) {
        ssh.host = Some(name.host.clone());
    }
    Ok(WorkerAnswers {
        name: name.map(|word| label(&word.host)),
        address: address.map(|word| word.host.clone()),
        ssh,
        ..WorkerAnswers::default()
    })
}

/// Gives names to those that have none.
pub fn name_them(workers: &mut [WorkerAnswers], taken: &[String]) {
    let mut taken: Vec<String> = taken.to_vec();
    let mut number = 1_usize;
    for worker in workers.iter_mut().filter(|worker| worker.name.is_none()) {
        let name = loop {
            let name = format!("worker{number}");
            number = number.saturating_add(1);
            if !taken.contains(&name) {
                break name;
            }
        };
        taken.push(name.clone());
        worker.name = Some(name);
    }
}

/// One row for each worker: a range in a plan that was opened becomes as many rows.
pub fn expand_ranges(answers: &mut Answers) {
    let rows = std::mem::take(&mut answers.workers);
    for row in rows {
        match expand(&row) {
            Some(many) => answers.workers.extend(many),
            None => answers.workers.push(row),
        }
    }
}

fn expand(row: &WorkerAnswers) -> Option<Vec<WorkerAnswers>> {
    let ranged = |text: &Option<String>| text.as_deref().is_some_and(range::has_range);
    if !ranged(&row.name) && !ranged(&row.address) && !ranged(&row.ssh.host) {
        return None;
    }
    let list =
        |text: &Option<String>| text.as_deref().map_or(Some(Vec::new()), |text| range::expand(text).ok());
    let (names, addresses, hosts) = (list(&row.name)?, list(&row.address)?, list(&row.ssh.host)?);
    let count = names.len().max(addresses.len()).max(hosts.len());
    let fits = |texts: &[String]| texts.is_empty() || texts.len() == count || texts.len() == 1;
    // One login for many workers would reach one machine many times.
    let apart = hosts.is_empty() || hosts.len() == count;
    if !apart || !fits(&names) || !fits(&addresses) || !fits(&hosts) || addresses.len() != count {
        return None;
    }
    let pick = |texts: &[String], at: usize| texts.get(at).or_else(|| texts.first()).cloned();
    Some(
        (0..count)
            .map(|at| {
                let mut one = row.clone();
                one.name = match pick(&names, at) {
                    // As the plan file has it: a plain name with a range of addresses is numbered.
                    Some(name) if names.len() == 1 && count > 1 => {
                        Some(format!("{name}-{}", at.saturating_add(1)))
                    }
                    name => name,
                };
                one.address = pick(&addresses, at);
                one.ssh.host = pick(&hosts, at);
                one
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let workers = parse(text).unwrap();
        workers
            .into_iter()
            .map(|worker| (worker.name.unwrap_or_default(), worker.address.unwrap_or_default()))
            .collect()
    }

    #[test]
    fn reads_lists_ranges_logins_and_hosts_lines() {
        assert_eq!(pairs("192.168.2.[1-2]").len(), 2);
        assert_eq!(
            pairs("w[1-2] 10.0.0.[1-2]"),
            [("w1".into(), "10.0.0.1".into()), ("w2".into(), "10.0.0.2".into())]
        );
        assert_eq!(pairs("10.0.0.5 node5.example.com node5 # rack 3"), [("node5".into(), "10.0.0.5".into())]);
        assert_eq!(pairs("10.0.0.1, 10.0.0.2, 10.0.0.3").len(), 3);
        let one = &parse("core@10.0.0.7:2222").unwrap()[0];
        assert_eq!((one.ssh.user.as_deref(), one.ssh.port), (Some("core"), Some(2222)));
        let name = &parse("ops@node1.example.com").unwrap()[0];
        assert_eq!(
            (name.name.as_deref(), name.ssh.host.as_deref()),
            (Some("node1"), Some("node1.example.com"))
        );
    }

    #[test]
    fn says_which_line_cannot_be_read() {
        let wrong = parse("10.0.0.1\nw[1-2] 10.0.0.[1-3]\nw[").unwrap_err();
        assert!(wrong[0].contains("line 2") && wrong[1].contains("line 3"), "{wrong:?}");
        assert!(parse("a b").is_err());
    }

    #[test]
    fn names_that_are_missing_are_made_and_taken_ones_left_out() {
        let mut workers = parse("10.0.0.1\n10.0.0.2").unwrap();
        name_them(&mut workers, &["worker1".to_owned()]);
        assert_eq!(workers[0].name.as_deref(), Some("worker2"));
        assert_eq!(workers[1].name.as_deref(), Some("worker3"));
    }

    #[test]
    fn ipv6_addresses_are_no_ports() {
        assert_eq!(pairs("fd00::7"), [(String::new(), "fd00::7".into())]);
        let one = &parse("root@[fd00::7]:2222").unwrap()[0];
        assert_eq!((one.address.as_deref(), one.ssh.port), (Some("fd00::7"), Some(2222)));
    }
}
