//! Reading `~/.ssh/config` where there is no ssh program, through the `ssh2-config` crate. It lets the
//! settings of a `Match` block that does not match leak into others, so such files are refused, and so are
//! those that include further files, which would have to be looked through as well.

use std::io::BufReader;

use ssh2_config::{ParseRule, SshConfig};

use super::error::WireError;
use super::target::{ConfigBlock, SshEnvironment};
use crate::limits;
use crate::plan::model::Login;

/// What the file says about the host; nothing when there is no file.
pub(super) fn read(login: &Login, here: &SshEnvironment) -> Result<ConfigBlock, WireError> {
    let file = here.config.clone().unwrap_or_else(|| here.home.join(".ssh/config"));
    let refuse = |why: String| WireError::Config {
        host: login.host.clone(),
        why: format!("{}: {why}", file.display()),
    };
    let text = match limits::file::read_text(&file, &limits::SSH_FILE) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(ConfigBlock::default()),
        Err(error) => return Err(refuse(error.to_string())),
    };
    for (number, line) in text.lines().enumerate() {
        let word = line.trim().split(|c: char| c.is_whitespace() || c == '=').next().unwrap_or_default();
        if ["match", "proxycommand", "include"].contains(&word.to_ascii_lowercase().as_str()) {
            let number = number + 1;
            return Err(refuse(format!(
                "line {number} holds {word}, which cannot be followed without an ssh program on this computer"
            )));
        }
    }
    // The crate takes the home directory from the environment.
    let text = text.replace("~/", &format!("{}/", here.home.display()));
    let rules = ParseRule::ALLOW_UNKNOWN_FIELDS | ParseRule::ALLOW_UNSUPPORTED_FIELDS;
    let config = SshConfig::default()
        .parse(&mut BufReader::new(text.as_bytes()), rules)
        .map_err(|error| refuse(error.to_string()))?;
    let params = config.query(&login.host);
    let other = |name: &str| -> Option<Vec<String>> {
        let same = |key: &&String| key.eq_ignore_ascii_case(name);
        let mut all = params.unsupported_fields.iter().chain(&params.ignored_fields);
        all.find(|(key, _)| same(key)).map(|(_, values)| values.clone())
    };
    let first = |name| other(name).and_then(|values| values.into_iter().next());
    let is_yes = |name| first(name).is_some_and(|value| value.eq_ignore_ascii_case("yes"));
    let jump = params.proxy_jump.clone().unwrap_or_default();
    Ok(ConfigBlock {
        host: params.host_name.as_ref().map(|name| name.replace("%h", &login.host)),
        port: params.port,
        user: params.user.clone(),
        keys: params.identity_file.iter().flatten().map(|path| path.to_string_lossy().into_owned()).collect(),
        agent: first("identityagent"),
        identities_only: is_yes("identitiesonly"),
        jump: jump.into_iter().filter(|host| host != "none").collect(),
        known_hosts: other("userknownhostsfile").unwrap_or_default(),
        global_known_hosts: other("globalknownhostsfile").unwrap_or_default(),
        hash_names: is_yes("hashknownhosts"),
        host_key_alias: first("hostkeyalias"),
        connect_timeout: params.connect_timeout.map(|limit| limit.as_secs()),
        proxy_command: None,
    })
}

/// The names an ssh_config gives to hosts, in its order; patterns are left out. A file that is not there, or that
/// cannot be read, names none.
pub fn names(home: &std::path::Path) -> Vec<String> {
    let Ok(text) = limits::file::read_text(&home.join(".ssh/config"), &limits::SSH_FILE) else {
        return Vec::new();
    };
    let rules = ParseRule::ALLOW_UNKNOWN_FIELDS | ParseRule::ALLOW_UNSUPPORTED_FIELDS;
    let text = text.replace("~/", &format!("{}/", home.display()));
    let Ok(config) = SshConfig::default().parse(&mut BufReader::new(text.as_bytes()), rules) else {
        return Vec::new();
    };
    let mut names: Vec<String> = Vec::new();
    for clause in config.get_hosts().iter().flat_map(|host| &host.pattern) {
        let plain = !clause.negated && !clause.pattern.contains(['*', '?', '!']);
        if plain && !clause.pattern.is_empty() && !names.contains(&clause.pattern) {
            names.push(clause.pattern.clone());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hosts_and_no_patterns() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".ssh")).unwrap();
        let text = "Host w1 w2\n  User core\nHost *.example.com !bad\n  Port 2222\nHost w1\n  User x\n";
        std::fs::write(home.path().join(".ssh/config"), text).unwrap();
        assert_eq!(names(home.path()), ["w1", "w2"]);
        assert!(names(std::path::Path::new("/nowhere")).is_empty());
    }
}
