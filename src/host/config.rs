//! From the login in the plan to everything a connection needs, with the operator's ssh_config filling the
//! rest. `ssh -G` says what OpenSSH itself would do; without it `config_file.rs` reads the file.
//!
//! `StrictHostKeyChecking` is not obeyed on purpose: `no` would accept a changed key, `yes` would forbid the
//! question that is asked here anyway.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::config_file;
use super::config_tokens::PathTokens;
use super::config_words;
use super::error::WireError;
use super::proxy::{self, parse_jump};
use super::target::{ConfigBlock, KeyFile, KeyFrom, RevokedKeys, SshEnvironment, SshTarget, TypedWay};
use crate::limits::time::SSH_CONFIG;
use crate::limits::{SSH_ANSWER, program};
use crate::plan::clean;
use crate::plan::model::Login;

/// Jump hosts one behind the other; more is a loop.
const LONGEST_CHAIN: usize = 8;

/// Fills a login from the operator's SSH configuration. What the plan states wins.
pub fn resolve(login: &Login, here: &SshEnvironment) -> Result<SshTarget, WireError> {
    resolve_unless(login, here, &|| false)
}

/// The same, given up as soon as `stop` says so.
pub fn resolve_unless(
    login: &Login,
    here: &SshEnvironment,
    stop: &dyn Fn() -> bool,
) -> Result<SshTarget, WireError> {
    resolve_deep(login, here, LONGEST_CHAIN, stop)
}

fn resolve_deep(
    login: &Login,
    here: &SshEnvironment,
    depth: usize,
    stop: &dyn Fn() -> bool,
) -> Result<SshTarget, WireError> {
    let refuse = |why: String| WireError::Config { host: login.host.clone(), why: clean::words(&why) };
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
        Some(program) => ask_ssh(program, login, here, stop)?,
        None => config_file::read(login, here)?,
    };
    let host = found.host.clone().unwrap_or_else(|| login.host.clone());
    let user = login.user.clone().or_else(|| found.user.clone()).unwrap_or_else(|| here.user.clone());
    let port = login.port.or(found.port).unwrap_or(22);
    let mut target = SshTarget::plain(&host, port, &user, here);

    let alias = found.host_key_alias.as_deref().unwrap_or(&login.host);
    let tokens = PathTokens { login, here, host: &host, user: &user, port, alias };
    if let Some(next) = next_hop(&found, &tokens, login)? {
        target.jump = Some(Box::new(resolve_deep(&next, here, deeper, stop)?));
    }
    for name in found.revoked.iter().filter(|name| *name != "none") {
        let place = place_of(here, "revokedhostkeys", &found.revoked.join(" "));
        let file =
            tokens.path(name).map_err(|why| refuse(format!("{place}RevokedHostKeys {name}: {why}")))?;
        target.revoked.push(RevokedKeys { file, place });
    }

    let mut notes = found.notes.clone();
    if !found.keys.is_empty() {
        target.keys = tokens.keys(&found.keys, &mut notes);
    }
    for name in found.certificates.iter().filter(|name| *name != "none") {
        match tokens.path(name) {
            Ok(path) => target.certificates.push(path),
            Err(why) => notes.push(format!("certificate {name} ({why})")),
        }
    }
    target.notes = notes;
    if let Some(key) = &login.key {
        let path = tokens.path(&key.to_string_lossy()).unwrap_or_else(|_| key.clone());
        target.keys.retain(|file| file.path != path);
        target.keys.insert(0, KeyFile { path, from: KeyFrom::Plan });
    }
    let closed = |at: usize| closed(&found, at, here);
    if let Some(why) = closed(0) {
        // The plan's own key is tried all the same, and no other.
        target.keys.retain(|key| key.from == KeyFrom::Plan);
        target
            .notes
            .push(format!("{}keys not tried: {why}", if target.keys.is_empty() { "" } else { "other " }));
        target.certificates.clear();
    }
    let no_keys = target.keys.is_empty() && closed(0).is_some();
    for (at, name, way) in
        [(1, "password", TypedWay::Password), (2, "keyboard-interactive", TypedWay::Answers)]
    {
        if let Some(why) = closed(at) {
            target.shut.push(way);
            target.notes.push(format!("{name} not tried: {why}"));
        }
    }
    match found.agent.as_deref() {
        _ if no_keys => target.agent = None,
        None | Some("SSH_AUTH_SOCK") => {}
        Some("none") => target.agent = None,
        // A variable that holds the socket, without braces: of the agent alone.
        Some(name) if name.starts_with('$') && !name.starts_with("${") => {
            target.agent = std::env::var_os(name.trim_start_matches('$')).map(PathBuf::from);
        }
        Some(path) => target.agent = tokens.path(path).ok(),
    }
    // Nothing is in it and nothing is kept there: as if there were no such file.
    let nowhere = |path: &PathBuf| path.as_path() == Path::new("/dev/null");
    let files = |names: &[String]| {
        names.iter().filter_map(|name| tokens.path(name).ok()).filter(|path| !nowhere(path)).collect()
    };
    if !found.known_hosts.is_empty() {
        target.known_hosts = files(&found.known_hosts);
    }
    if !found.global_known_hosts.is_empty() {
        target.global_known_hosts = files(&found.global_known_hosts);
    }
    target.identities_only = found.identities_only.unwrap_or_default() || closed(0).is_some();
    target.hash_names = found.hash_names.unwrap_or_default();
    target.host_key_alias = found.host_key_alias;
    target.connect_timeout = found.connect_timeout.filter(|time| *time > 0).map(Duration::from_secs);
    target.host_key.clone_from(&login.host_key);
    Ok(target)
}

/// The three ways to log in, and the keyword that forbids each.
const WAYS: [(&str, &str); 3] = [
    ("publickey", "PubkeyAuthentication"),
    ("password", "PasswordAuthentication"),
    ("keyboard-interactive", "KbdInteractiveAuthentication"),
];

/// Why ssh_config has this way of [`WAYS`] left out.
fn closed(found: &ConfigBlock, at: usize, here: &SshEnvironment) -> Option<String> {
    let (way, keyword) = WAYS.get(at)?;
    if found.allowed.get(at) == Some(&Some(false)) {
        return Some(format!("{}{keyword} no", place_of(here, &keyword.to_ascii_lowercase(), "no")));
    }
    let list = found.preferred.as_ref().filter(|list| list.split(',').all(|one| one.trim() != *way))?;
    let place = place_of(here, "preferredauthentications", list);
    Some(clean::words(&format!("{place}PreferredAuthentications {list}")))
}

/// The host to go through: the plan's word, else that of ssh_config.
fn next_hop(found: &ConfigBlock, tokens: &PathTokens<'_>, login: &Login) -> Result<Option<Login>, WireError> {
    let refuse = |why: String| WireError::Config { host: login.host.clone(), why: clean::words(&why) };
    if proxy::is_none(&login.jump) {
        return Ok(None);
    }
    let jump = if login.jump.is_empty() {
        found.jump.iter().map(|hop| tokens.jump(hop)).collect()
    } else {
        login.jump.clone()
    };
    if let Some((last, before)) = jump.split_last() {
        let mut next = parse_jump(last).ok_or_else(|| refuse(format!("\"{last}\" is no jump host")))?;
        next.jump = before.to_vec();
        return Ok(Some(next));
    }
    let Some(command) = &found.proxy_command else { return Ok(None) };
    let (host, here) = (login.host.clone(), tokens.here);
    if found.passes_socket.unwrap_or_default() {
        let place = place_of(here, "proxyusefdpass", "yes");
        return Err(WireError::ProxyCommand { host, what: format!("{place}ProxyUseFdpass") });
    }
    let next = proxy::proxy_jump(command, &|text| tokens.jump(text), here).ok_or_else(|| {
        let place = place_of(here, "proxycommand", command);
        let program = proxy::program(command).map_or_else(String::new, |name| format!(" {name}"));
        WireError::ProxyCommand { host, what: clean::words(&format!("{place}ProxyCommand{program}")) }
    })?;
    Ok(Some(next))
}

/// Runs `ssh -G`; it prints one `keyword value` a line, keywords in lower case.
fn ask_ssh(
    program: &Path,
    login: &Login,
    here: &SshEnvironment,
    stop: &dyn Fn() -> bool,
) -> Result<ConfigBlock, WireError> {
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
    command.arg("--").arg(&login.host);
    let output = program::output(command, &SSH_ANSWER, &SSH_CONFIG, stop).map_err(|error| {
        let refuse = |why: String| WireError::Config { host: login.host.clone(), why };
        match error.kind() {
            ErrorKind::TimedOut => refuse(format!("{error}; does a `Match exec` in it wait for something?")),
            ErrorKind::FileTooLarge => refuse(error.to_string()),
            ErrorKind::Interrupted => WireError::Cut,
            _ => WireError::Local { program: program.display().to_string(), why: error.to_string() },
        }
    })?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let why = text.lines().find(|line| !line.starts_with("Pseudo-terminal")).unwrap_or("ssh -G failed");
        return Err(WireError::Config { host: login.host.clone(), why: clean::short(why, 300) });
    }
    let mut found = read_answer(&String::from_utf8_lossy(&output.stdout));
    // It prints names with blanks as they are: how the file parts them tells one name from two.
    if found.known_hosts.iter().chain(&found.global_known_hosts).any(|name| !Path::new(name).is_absolute())
        || found.known_hosts.len() > 2
        || !found.notes.is_empty()
    {
        let lines = config_file::lines(here).unwrap_or_default();
        let part = |names: &mut Vec<String>, keyword: &str| {
            let same = |line: &&config_file::ConfigLine| {
                line.keyword == keyword && config_words::may_print(&line.values, &names.join(" "))
            };
            if let Some(line) = lines.iter().find(same) {
                names.clone_from(&line.values);
            }
        };
        part(&mut found.revoked, "revokedhostkeys");
        part(&mut found.known_hosts, "userknownhostsfile");
        part(&mut found.global_known_hosts, "globalknownhostsfile");
        for note in &mut found.notes {
            let keyword = note.split(' ').next().unwrap_or_default().to_ascii_lowercase();
            if let Some(line) = lines.iter().find(|line| line.keyword == keyword) {
                *note = format!("{}: {note}", line.place());
            }
        }
    }
    Ok(found)
}

/// Where a keyword with this value stands, in words with a colon; nothing when that is not found.
fn place_of(here: &SshEnvironment, keyword: &str, value: &str) -> String {
    let lines = config_file::lines(here).unwrap_or_default();
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let same =
        |line: &&config_file::ConfigLine| line.keyword == keyword && squeezed(&line.rest) == squeezed(value);
    let mut any = lines.iter().filter(|line| line.keyword == keyword);
    let line = lines.iter().find(same).or_else(|| any.next().filter(|_| any.next().is_none()));
    line.map_or_else(String::new, |line| format!("{}: ", line.place()))
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
            "certificatefile" => found.certificates.push(value.to_owned()),
            "identityagent" => found.agent = Some(value.to_owned()),
            "identitiesonly" => found.identities_only = Some(value == "yes"),
            "proxyjump" => {
                found.jump = some().map_or(Vec::new(), |value| value.split(',').map(str::to_owned).collect());
            }
            "proxycommand" => found.proxy_command = some(),
            "proxyusefdpass" => found.passes_socket = Some(value == "yes"),
            "revokedhostkeys" => found.revoked = vec![value.to_owned()],
            "userknownhostsfile" => found.known_hosts = list(),
            "globalknownhostsfile" => found.global_known_hosts = list(),
            "pubkeyauthentication" => found.allowed[0] = Some(!["no", "false"].contains(&value)),
            "passwordauthentication" => found.allowed[1] = Some(value != "no"),
            "kbdinteractiveauthentication" | "challengeresponseauthentication" => {
                found.allowed[2] = Some(value != "no");
            }
            "preferredauthentications" => found.preferred = Some(value.to_owned()),
            "hashknownhosts" => found.hash_names = Some(value == "yes"),
            "hostkeyalias" => found.host_key_alias = some(),
            "connecttimeout" => found.connect_timeout = value.parse().ok(),
            _ => {
                let not_used = config_file::NOT_USED.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
                if let Some((name, nothing)) = not_used
                    && value != *nothing
                {
                    found.notes.push(format!("{name} is not used here"));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::code::ProblemCode;

    #[test]
    fn refuses_a_host_that_looks_like_an_option() {
        let login = Login { host: "-oProxyCommand=touch /tmp/x".into(), ..Login::default() };
        assert_eq!(resolve(&login, &SshEnvironment::default()).unwrap_err().code(), ProblemCode::Ssh20);
    }
}
