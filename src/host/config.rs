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
use super::error::WireError;
use super::target::{ConfigBlock, DEFAULT_KEYS, KeyFile, KeyFrom, SshEnvironment, SshTarget};
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

    let jump = if login.jump.is_empty() { found.jump.clone() } else { login.jump.clone() };
    let next = match (jump.split_last(), &found.proxy_command) {
        (Some((last, before)), _) => {
            let mut next = parse_jump(last).ok_or_else(|| refuse(format!("\"{last}\" is no jump host")))?;
            next.jump = before.to_vec();
            Some(next)
        }
        (None, Some(command)) => Some(proxy_jump(command, &user).ok_or_else(|| {
            let place = place_of(here, "proxycommand", command);
            refuse(format!(
                "{place}ProxyCommand {command} is not followed here; only ssh -W %h:%p HOST is, as ProxyJump HOST"
            ))
        })?),
        (None, None) => None,
    };
    if let Some(next) = next {
        target.jump = Some(Box::new(resolve_deep(&next, here, deeper, stop)?));
    }

    let alias = found.host_key_alias.as_deref().unwrap_or(&login.host);
    let tokens = PathTokens { login, here, host: &host, user: &user, port, alias };
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
    match found.agent.as_deref() {
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
                line.keyword == keyword && line.values.join(" ") == names.join(" ")
            };
            if let Some(line) = lines.iter().find(same) {
                names.clone_from(&line.values);
            }
        };
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
    let line = lines.iter().find(same).or_else(|| lines.iter().find(|line| line.keyword == keyword));
    line.map_or_else(String::new, |line| format!("{}: ", line.place()))
}

/// The jump host of `ProxyCommand ssh -W %h:%p HOST`, with the options that say how to reach it.
fn proxy_jump(command: &str, user: &str) -> Option<Login> {
    let words = shell_words::split(command).ok()?;
    let mut words = words.iter().map(String::as_str).skip_while(|word| *word == "exec");
    if words.next()?.rsplit('/').next() != Some("ssh") {
        return None;
    }
    let (mut next, mut forwards) = (Login::default(), false);
    let (mut place, mut said): (Option<Login>, Login) = (None, Login::default());
    while let Some(word) = words.next() {
        let Some(flags) = word.strip_prefix('-') else {
            if place.is_some() {
                return None;
            }
            place = Some(parse_jump(&word.replace("%r", user))?);
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
                'p' => said.port = Some(value.parse().ok()?),
                'l' => said.user = Some(value.replace("%r", user)),
                'i' => said.key = Some(PathBuf::from(value)),
                'J' => next.jump = value.split(',').map(str::to_owned).collect(),
                'o' => option(&mut said, value)?,
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
fn option(said: &mut Login, text: &str) -> Option<()> {
    let (key, value) = text.split_once(['=', ' '])?;
    match key.trim().to_ascii_lowercase().as_str() {
        "port" => said.port = Some(value.trim().parse().ok()?),
        "user" => said.user = Some(value.trim().to_owned()),
        "identityfile" => said.key = Some(PathBuf::from(value.trim())),
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

/// Keywords that decide whether plain ssh gets in and that are not used here; the value that means nothing.
const NOT_USED: [(&str, &str); 6] = [
    ("PKCS11Provider", "none"),
    ("KnownHostsCommand", "none"),
    ("BindAddress", "none"),
    ("BindInterface", "none"),
    ("HostbasedAuthentication", "no"),
    ("ProxyUseFdpass", "no"),
];

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
            _ => {
                let not_used = NOT_USED.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
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

/// What `~`, `${NAME}` and `%x` in a path stand for.
struct PathTokens<'a> {
    login: &'a Login,
    here: &'a SshEnvironment,
    host: &'a str,
    user: &'a str,
    port: u16,
    alias: &'a str,
}

impl PathTokens<'_> {
    fn keys(&self, names: &[String], notes: &mut Vec<String>) -> Vec<KeyFile> {
        let folder = self.here.home.join(".ssh");
        let mut files: Vec<KeyFile> = Vec::new();
        for name in names.iter().filter(|name| *name != "none") {
            let path = match self.path(name) {
                Ok(path) => path,
                Err(why) => {
                    notes.push(format!("key {name} ({why})"));
                    continue;
                }
            };
            let usual =
                ["id_dsa", "id_xmss"].iter().chain(&DEFAULT_KEYS).any(|name| path == folder.join(name));
            let from = if usual { KeyFrom::Usual } else { KeyFrom::Config };
            files.push(KeyFile { path, from });
        }
        files
    }

    /// The words say which part of it is not known here.
    fn path(&self, text: &str) -> Result<PathBuf, String> {
        let mut path = String::new();
        let mut rest = text.trim_matches('"');
        while let Some(at) = rest.find(['%', '$']) {
            let (before, token) = rest.split_at(at);
            path.push_str(before);
            if let Some(name) = token.strip_prefix("${") {
                let (name, behind) = name.split_once('}').ok_or("a ${ without }")?;
                path.push_str(&std::env::var(name).map_err(|_| format!("{name} is not set here"))?);
                rest = behind;
                continue;
            }
            let mut chars = token.chars();
            let (first, second) = (chars.next(), chars.next());
            if first == Some('$') {
                path.push('$');
                rest = token.get(1..).unwrap_or_default();
                continue;
            }
            match second {
                Some('%') => path.push('%'),
                Some('d') => path.push_str(&self.here.home.to_string_lossy()),
                Some('h') => path.push_str(self.host),
                Some('k') => path.push_str(self.alias),
                Some('n') => path.push_str(&self.login.host),
                Some('p') => path.push_str(&self.port.to_string()),
                Some('r') => path.push_str(self.user),
                Some('u') => path.push_str(&self.here.user),
                Some('i') => path.push_str(&rustix::process::getuid().as_raw().to_string()),
                Some('l') => path.push_str(&own_name()),
                Some('L') => path.push_str(own_name().split('.').next().unwrap_or_default()),
                other => {
                    return Err(format!(
                        "%{} is not known here",
                        other.map(String::from).unwrap_or_default()
                    ));
                }
            }
            rest = chars.as_str();
        }
        path.push_str(rest);
        Ok(match path.strip_prefix("~/") {
            Some(below) => self.here.home.join(below),
            None => PathBuf::from(path),
        })
    }
}

/// This computer's name.
fn own_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
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
        let (host, user) = ("10.0.0.1", "core");
        let tokens = PathTokens { login: &login, here: &here, host, user, port: 22, alias: "w1" };
        assert_eq!(tokens.path("~/.ssh/%r@%h-%n-%p"), Ok("/h/.ssh/core@10.0.0.1-w1-22".into()));
        assert_eq!(tokens.path("%d/100%%/$x/%k"), Ok("/h/100%/$x/w1".into()));
        assert_eq!(tokens.path("\"/a b/${CARGO_PKG_NAME}/id\""), Ok("/a b/gangplank/id".into()));
        assert_eq!(tokens.path("${NO_SUCH_NAME}/id"), Err("NO_SUCH_NAME is not set here".to_owned()));
        assert!(tokens.path("/tmp/%C").is_err());
    }

    #[test]
    fn a_proxy_command_that_is_a_jump_is_read_as_one() {
        let read = |text: &str| {
            proxy_jump(text, "me")
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
