//! The way to a host through another one: `ProxyJump`, and a `ProxyCommand` that is the same in other words. Of any
//! other command only the program is named: passwords stand in them.

use std::path::{Path, PathBuf};

use super::target::SshEnvironment;
use crate::plan::model::Login;

/// Shells around a command, one in the other.
const SHELLS: usize = 3;

/// No jump host, whatever is said later.
pub(super) fn is_none(jump: &[String]) -> bool {
    matches!(jump, [one] if one.eq_ignore_ascii_case("none"))
}

/// The program that a command runs, for people; `None` where that cannot be told for sure.
pub(super) fn program(command: &str) -> Option<String> {
    let set = |word: &str| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
    };
    let words = shell_words::split(command).ok()?;
    let word = words.iter().find(|word| *word != "exec" && !set(word))?;
    let name = word.rsplit('/').next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    ((1..=32).contains(&name.len()) && name.chars().all(plain)).then(|| name.to_owned())
}

/// `user@host:port`, `ssh://user@host:port`, an IPv6 address in brackets.
pub(super) fn parse_jump(text: &str) -> Option<Login> {
    let text = text.trim().trim_start_matches("ssh://").trim_end_matches('/');
    let (user, rest) = match text.rsplit_once('@') {
        Some((user, rest)) => (Some(user.to_owned()), rest),
        None => (None, text),
    };
    let (host, port) = if let Some(inner) = rest.strip_prefix('[') {
        let (host, after) = inner.split_once(']')?;
        (host, after.strip_prefix(':'))
    } else if rest.matches(':').count() == 1 {
        rest.split_once(':').map(|(host, port)| (host, Some(port)))?
    } else {
        (rest, None)
    };
    let port = port.map(str::parse).transpose().ok()?;
    (!host.is_empty()).then(|| Login { host: host.to_owned(), port, user, ..Login::default() })
}

/// The jump host of `ProxyCommand ssh -W %h:%p HOST`, with the options that say how to reach it.
pub(super) fn proxy_jump(
    command: &str,
    fill: &dyn Fn(&str) -> String,
    here: &SshEnvironment,
) -> Option<Login> {
    let words = ssh_words(command, SHELLS)?;
    let mut words = words.iter().map(String::as_str);
    let (mut next, mut forwards) = (Login::default(), false);
    let (mut place, mut said): (Option<Login>, Login) = (None, Login::default());
    while let Some(word) = words.next() {
        let Some(flags) = word.strip_prefix('-') else {
            if place.is_some() {
                return None;
            }
            place = Some(parse_jump(&fill(word))?);
            continue;
        };
        for (at, flag) in flags.char_indices() {
            if "46AaCGgKkNnqTtVvXxYy".contains(flag) {
                continue;
            }
            let behind = flags.get(at.saturating_add(flag.len_utf8())..).unwrap_or_default();
            let value = if behind.is_empty() { words.next()? } else { behind };
            match flag {
                'W' => forwards = ["%h:%p", "[%h]:%p"].contains(&value),
                'p' => said.port = Some(fill(value).parse().ok()?),
                'l' => said.user = Some(fill(value)),
                'i' => said.key = Some(PathBuf::from(fill(value))),
                'J' => next.jump = fill(value).split(',').map(str::to_owned).collect(),
                'o' => option(&mut said, &mut next, &fill(value))?,
                // The file that is read here anyway.
                'F' => is_own(value, here).then_some(())?,
                _ => return None,
            }
            break;
        }
    }
    let place = place.filter(|_| forwards)?;
    next.host = place.host;
    next.port = place.port.or(said.port);
    next.user = place.user.or(said.user);
    next.key = said.key;
    Some(next)
}

/// `-o Key=Value`: what says how to reach the host; what is only about questions and checks is left as it is here.
fn option(said: &mut Login, next: &mut Login, text: &str) -> Option<()> {
    let (key, value) = text.split_once(['=', ' '])?;
    match key.trim().to_ascii_lowercase().as_str() {
        "port" => said.port = Some(value.trim().parse().ok()?),
        "user" => said.user = Some(value.trim().to_owned()),
        "identityfile" => said.key = Some(PathBuf::from(value.trim())),
        "proxyjump" => next.jump = value.trim().split(',').map(str::to_owned).collect(),
        "proxycommand" if value.trim().eq_ignore_ascii_case("none") => next.jump = vec!["none".to_owned()],
        "stricthostkeychecking"
        | "userknownhostsfile"
        | "loglevel"
        | "connecttimeout"
        | "batchmode"
        | "serveraliveinterval"
        | "serveralivecountmax"
        | "forwardagent"
        | "compression" => {}
        _ => return None,
    }
    Some(())
}

/// The words behind `ssh`, without a shell around it and without a stderr that is thrown away; `None` where a shell
/// would make something else of them.
fn ssh_words(command: &str, shells: usize) -> Option<Vec<String>> {
    let mut words = shell_words::split(command).ok()?;
    if words.first().is_some_and(|word| word == "exec") {
        words.remove(0);
    }
    if let Some(at) = words.iter().position(|word| word.starts_with("2>")) {
        let apart = words.get(at).is_some_and(|word| word == "2>");
        let name = words.get(at + usize::from(apart)).map(|word| word.trim_start_matches("2>"));
        (name == Some("/dev/null")).then_some(())?;
        words.drain(at..=at + usize::from(apart));
    }
    let name = words.first()?.rsplit('/').next()?.to_owned();
    if let [_, flag, inner] = words.as_slice()
        && ["sh", "bash", "dash", "ash", "ksh", "zsh"].contains(&name.as_str())
    {
        return if flag == "-c" { ssh_words(inner, shells.checked_sub(1)?) } else { None };
    }
    let plain = |word: &String| !word.contains([';', '|', '&', '<', '>', '`', '$', '(', ')', '\n']);
    (name == "ssh" && words.iter().all(plain)).then_some(())?;
    words.remove(0);
    Some(words)
}

/// Whether a file is the ssh_config that is read here.
fn is_own(file: &str, here: &SshEnvironment) -> bool {
    let own = here.config.clone().unwrap_or_else(|| here.home.join(".ssh/config"));
    match file.strip_prefix("~/") {
        Some(below) => here.home.join(below) == own,
        None => Path::new(file) == own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_jump_hosts_in_all_spellings() {
        let read = |text| parse_jump(text).map(|login| (login.user, login.host, login.port));
        assert_eq!(read("a@b:3"), Some((Some("a".into()), "b".into(), Some(3))));
        assert_eq!(read("ssh://a@b:3/"), Some((Some("a".into()), "b".into(), Some(3))));
        assert_eq!(read("[fe80::1]:22"), Some((None, "fe80::1".into(), Some(22))));
        assert_eq!(read("fe80::1"), Some((None, "fe80::1".into(), None)));
        assert_eq!(read("a@"), None);
        assert_eq!(read("b:x"), None);
    }

    #[test]
    fn a_proxy_command_that_is_a_jump_is_read_as_one() {
        let read = |text: &str| {
            proxy_jump(text, &|text| text.replace("%r", "me"), &SshEnvironment::default())
                .map(|login| (login.user.clone(), login.host.clone(), login.port, login.jump))
        };
        let (some, port) = (|text: &str| Some(text.to_owned()), Some(2222));
        for text in [
            "ssh -W %h:%p bastion",
            "ssh bastion -W %h:%p",
            "exec /usr/bin/ssh -q -W [%h]:%p bastion",
            "ssh -qW %h:%p bastion",
        ] {
            assert_eq!(read(text), Some((None, "bastion".into(), None, Vec::new())), "{text}");
        }
        for text in [
            "ssh -W %h:%p -p 2222 -l ops bastion",
            "ssh -o StrictHostKeyChecking=no -W %h:%p ops@bastion -p2222",
            "ssh -o \"User ops\" -oPort=2222 -W %h:%p bastion",
            "ssh -W %h:%p ssh://ops@bastion:2222",
        ] {
            assert_eq!(read(text), Some((some("ops"), "bastion".into(), port, Vec::new())), "{text}");
        }
        assert_eq!(read("ssh -W %h:%p %r@b -J a"), Some((some("me"), "b".into(), None, vec!["a".into()])));
        for text in [
            "nc -x proxy:1080 %h %p",
            "ssh bastion nc %h %p",
            "ssh -W %h:%p",
            "ssh -F other -W %h:%p b",
            "ssh b",
            "x -W %h:%p b",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
