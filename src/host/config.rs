//! From the login in the plan to everything a connection needs, with the operator's ssh_config filling the
//! rest. `ssh -G` says what OpenSSH itself would do; without it `config_file.rs` reads the file.
//!
//! `StrictHostKeyChecking` is not obeyed on purpose: `no` would accept a changed key, `yes` would forbid the
//! question that is asked here anyway.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::config_file;
use super::error::WireError;
use super::target::{ConfigBlock, DEFAULT_KEYS, KeyFile, KeyFrom, SshEnvironment, SshTarget};
use crate::plan::model::Login;

/// Jump hosts one behind the other; more is a loop.
const LONGEST_CHAIN: usize = 8;

/// Fills a login from the operator's SSH configuration. What the plan states wins.
pub fn resolve(login: &Login, here: &SshEnvironment) -> Result<SshTarget, WireError> {
    resolve_deep(login, here, LONGEST_CHAIN)
}

fn resolve_deep(login: &Login, here: &SshEnvironment, depth: usize) -> Result<SshTarget, WireError> {
    let refuse = |why: String| WireError::Config { host: login.host.clone(), why };
    if login.host.is_empty() || login.host.starts_with('-') || login.host.contains(char::is_whitespace) {
        return Err(refuse("a host name may not be empty, begin with \"-\" or hold blanks".to_owned()));
    }
    if login.user.as_ref().is_some_and(|user| user.is_empty() || user.starts_with('-')) {
        return Err(refuse("a user name may not be empty or begin with \"-\"".to_owned()));
    }
    let Some(deeper) = depth.checked_sub(1) else {
        return Err(refuse(format!("more than {LONGEST_CHAIN} jump hosts, is this a loop?")));
    };
    let found = match &here.ssh {
        Some(program) => ask_ssh(program, login, here)?,
        None => config_file::read(login, here)?,
    };
    let host = found.host.clone().unwrap_or_else(|| login.host.clone());
    let user = login.user.clone().or_else(|| found.user.clone()).unwrap_or_else(|| here.user.clone());
    let port = login.port.or(found.port).unwrap_or(22);
    let mut target = SshTarget::plain(&host, port, &user, here);

    let jump = if login.jump.is_empty() { found.jump.clone() } else { login.jump.clone() };
    if login.jump.is_empty() && jump.is_empty() && found.proxy_command.is_some() {
        return Err(refuse("it asks for ProxyCommand, which is not supported; use ProxyJump".to_owned()));
    }
    if let Some((last, before)) = jump.split_last() {
        let mut next = parse_jump(last).ok_or_else(|| refuse(format!("\"{last}\" is no jump host")))?;
        next.jump = before.to_vec();
        target.jump = Some(Box::new(resolve_deep(&next, here, deeper)?));
    }

    let tokens = PathTokens { login, here, host: &host, user: &user, port };
    if !found.keys.is_empty() {
        target.keys = tokens.keys(&found.keys);
    }
    if let Some(key) = &login.key {
        let path = tokens.path(&key.to_string_lossy()).unwrap_or_else(|| key.clone());
        target.keys.retain(|file| file.path != path);
        target.keys.insert(0, KeyFile { path, from: KeyFrom::Plan });
    }
    match found.agent.as_deref() {
        None | Some("SSH_AUTH_SOCK") => {}
        Some("none") => target.agent = None,
        Some(path) => target.agent = tokens.path(path),
    }
    let files = |names: &[String]| names.iter().filter_map(|name| tokens.path(name)).collect();
    if !found.known_hosts.is_empty() {
        target.known_hosts = files(&found.known_hosts);
    }
    if !found.global_known_hosts.is_empty() {
        target.global_known_hosts = files(&found.global_known_hosts);
    }
    target.identities_only = found.identities_only;
    target.hash_names = found.hash_names;
    target.host_key_alias = found.host_key_alias;
    target.connect_timeout = found.connect_timeout.map(Duration::from_secs);
    target.host_key.clone_from(&login.host_key);
    Ok(target)
}

/// `user@host:port`, `ssh://user@host:port`, an IPv6 address in brackets.
fn parse_jump(text: &str) -> Option<Login> {
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

/// Runs `ssh -G`; it prints one `keyword value` a line, keywords in lower case.
fn ask_ssh(program: &Path, login: &Login, here: &SshEnvironment) -> Result<ConfigBlock, WireError> {
    let mut command = Command::new(program);
    command.arg("-G");
    if let Some(file) = &here.config {
        command.arg("-F").arg(file);
    }
    if let Some(user) = &login.user {
        command.arg("-l").arg(user);
    }
    if let Some(port) = login.port {
        command.arg("-p").arg(port.to_string());
    }
    let output = command.arg("--").arg(&login.host).stdin(Stdio::null()).output().map_err(|error| {
        WireError::Local { program: program.display().to_string(), why: error.to_string() }
    })?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let why = text.lines().find(|line| !line.starts_with("Pseudo-terminal")).unwrap_or("ssh -G failed");
        return Err(WireError::Config { host: login.host.clone(), why: why.trim().to_owned() });
    }
    Ok(read_answer(&String::from_utf8_lossy(&output.stdout)))
}

fn read_answer(text: &str) -> ConfigBlock {
    let mut found = ConfigBlock::default();
    for line in text.lines() {
        let Some((word, value)) = line.split_once(' ') else { continue };
        let value = value.trim();
        let some = || (value != "none").then(|| value.to_owned());
        let list = || match value {
            "none" => vec!["/dev/null".to_owned()],
            _ => value.split_whitespace().map(str::to_owned).collect(),
        };
        match word {
            "hostname" => found.host = Some(value.to_owned()),
            "port" => found.port = value.parse().ok(),
            "user" => found.user = Some(value.to_owned()),
            "identityfile" => found.keys.push(value.to_owned()),
            "identityagent" => found.agent = Some(value.to_owned()),
            "identitiesonly" => found.identities_only = value == "yes",
            "proxyjump" => {
                found.jump = some().map_or(Vec::new(), |value| value.split(',').map(str::to_owned).collect());
            }
            "proxycommand" => found.proxy_command = some(),
            "userknownhostsfile" => found.known_hosts = list(),
            "globalknownhostsfile" => found.global_known_hosts = list(),
            "hashknownhosts" => found.hash_names = value == "yes",
            "hostkeyalias" => found.host_key_alias = some(),
            "connecttimeout" => found.connect_timeout = value.parse().ok(),
            _ => {}
        }
    }
    found
}

/// What `~`, `$NAME` and `%x` in a path stand for.
struct PathTokens<'a> {
    login: &'a Login,
    here: &'a SshEnvironment,
    host: &'a str,
    user: &'a str,
    port: u16,
}

impl PathTokens<'_> {
    fn keys(&self, names: &[String]) -> Vec<KeyFile> {
        let folder = self.here.home.join(".ssh");
        let mut files: Vec<KeyFile> = Vec::new();
        for path in names.iter().filter(|name| *name != "none").filter_map(|name| self.path(name)) {
            let usual =
                ["id_dsa", "id_xmss"].iter().chain(&DEFAULT_KEYS).any(|name| path == folder.join(name));
            let from = if usual { KeyFrom::Usual } else { KeyFrom::Config };
            files.push(KeyFile { path, from });
        }
        files
    }

    /// `None` for a token that is not known here, `%C` for one.
    fn path(&self, text: &str) -> Option<PathBuf> {
        let mut path = String::new();
        let mut rest = text.trim_matches('"').chars();
        while let Some(c) = rest.next() {
            if c != '%' {
                path.push(c);
                continue;
            }
            match rest.next()? {
                '%' => path.push('%'),
                'd' => path.push_str(&self.here.home.to_string_lossy()),
                'h' => path.push_str(self.host),
                'n' => path.push_str(&self.login.host),
                'p' => path.push_str(&self.port.to_string()),
                'r' => path.push_str(self.user),
                'u' => path.push_str(&self.here.user),
                _ => return None,
            }
        }
        Some(match path.strip_prefix("~/") {
            Some(below) => self.here.home.join(below),
            None => PathBuf::from(path),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::code::ProblemCode;

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
    fn refuses_a_host_that_looks_like_an_option() {
        let login = Login { host: "-oProxyCommand=touch /tmp/x".into(), ..Login::default() };
        assert_eq!(resolve(&login, &SshEnvironment::default()).unwrap_err().code(), ProblemCode::Ssh20);
    }

    #[test]
    fn expands_tokens_and_drops_unknown_ones() {
        let login = Login { host: "w1".into(), ..Login::default() };
        let here = SshEnvironment { home: "/h".into(), user: "me".into(), ..SshEnvironment::default() };
        let tokens = PathTokens { login: &login, here: &here, host: "10.0.0.1", user: "core", port: 22 };
        assert_eq!(tokens.path("~/.ssh/%r@%h-%n-%p"), Some("/h/.ssh/core@10.0.0.1-w1-22".into()));
        assert_eq!(tokens.path("%d/100%%"), Some("/h/100%".into()));
        assert_eq!(tokens.path("/tmp/%C"), None);
    }
}
