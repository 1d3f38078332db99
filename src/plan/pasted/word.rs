//! One word of a line: `user@host:port`, an address in every form, and the ranges a word may stand for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::plan::issue::shown;
use crate::plan::{range, value};

/// A word with its login parts taken off.
#[derive(Debug, Clone)]
pub(super) struct Word {
    pub(super) user: Option<String>,
    pub(super) host: String,
    pub(super) port: Option<u32>,
}

impl Word {
    pub(super) fn is_address(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok() || self.zone().is_some()
    }

    /// The address before the zone of `fe80::1%eth0`.
    pub(super) fn zone(&self) -> Option<Ipv6Addr> {
        self.host.split_once('%')?.0.parse().ok()
    }
}

/// Reads one; `ssh://` before it is taken off.
pub(super) fn word(text: &str) -> Result<Word, String> {
    let text = without_scheme(text)?;
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
            Ok(Word { user, host: without_dot(host), port: Some(port(number)?) })
        }
        _ => Ok(Word { user, host: without_dot(rest), port: None }),
    }
}

/// Behind `ssh://`; another scheme is no login.
fn without_scheme(text: &str) -> Result<&str, String> {
    let Some((scheme, rest)) = text.split_once("://") else { return Ok(text) };
    if !scheme.eq_ignore_ascii_case("ssh") {
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        let host = host.split_once(':').map_or(host, |(host, _)| host);
        let cure = if host.parse::<IpAddr>().is_ok() {
            format!("write {host}")
        } else {
            "write its host alone".to_owned()
        };
        return Err(format!("a URL that is no login; {cure}"));
    }
    match rest.strip_suffix('/').unwrap_or(rest) {
        rest if rest.contains('/') => {
            Err("the URL of a login has a path; write ssh://user@host:port".to_owned())
        }
        rest => Ok(rest),
    }
}

/// The dot behind an address ends a sentence.
fn without_dot(host: &str) -> String {
    match host.strip_suffix('.') {
        Some(address) if address.parse::<IpAddr>().is_ok() => address.to_owned(),
        _ => host.to_owned(),
    }
}

/// A port as written; what is no number is not shown, for it may be a password.
fn port(text: &str) -> Result<u32, String> {
    if !is_number(text) {
        return Err("what stands behind the colon is no port".to_owned());
    }
    let number = text.parse::<u32>().map_err(|_| format!("{} is no port", shown(text)))?;
    value::port(number).map(u32::from).map_err(|refusal| words(&refusal))
}

pub(super) fn words((what, cure): &range::Refusal) -> String {
    if cure.is_empty() { what.clone() } else { format!("{what}; {cure}") }
}

/// Digits alone: never a name.
pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An address, one with a login around it, or a range of them.
pub(super) fn is_address(text: &str) -> bool {
    expand(text)
        .ok()
        .and_then(|all| all.into_iter().next())
        .is_some_and(|text| word(&text).is_ok_and(|word| word.is_address()))
}

/// The texts one word stands for: a range in brackets, or of addresses with a dash between.
pub(super) fn expand(text: &str) -> Result<Vec<String>, String> {
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
pub(super) fn dashed(text: &str) -> Option<Result<Vec<String>, String>> {
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
