//! What stands for something else in a value of ssh_config: `~`, `${NAME}` and the tokens.

use std::path::PathBuf;

use super::target::{DEFAULT_KEYS, KeyFile, KeyFrom, SshEnvironment};
use crate::plan::model::Login;

/// What `~`, `${NAME}` and `%x` in a path stand for.
pub(super) struct PathTokens<'a> {
    pub(super) login: &'a Login,
    pub(super) here: &'a SshEnvironment,
    pub(super) host: &'a str,
    pub(super) user: &'a str,
    pub(super) port: u16,
    pub(super) alias: &'a str,
}

impl PathTokens<'_> {
    /// A jump host as OpenSSH fills it in: it makes a command of it. What is no token of such a command stays.
    pub(super) fn jump(&self, text: &str) -> String {
        let (mut out, mut rest) = (String::new(), text);
        while let Some((before, token)) = rest.split_once('%') {
            out.push_str(before);
            let mut chars = token.chars();
            match chars.next() {
                Some('%') => out.push('%'),
                Some('h') => out.push_str(self.host),
                Some('k') => out.push_str(self.alias),
                Some('n') => out.push_str(&self.login.host),
                Some('p') => out.push_str(&self.port.to_string()),
                Some('r') => out.push_str(self.user),
                _ => {
                    out.push('%');
                    rest = token;
                    continue;
                }
            }
            rest = chars.as_str();
        }
        out + rest
    }

    pub(super) fn keys(&self, names: &[String], notes: &mut Vec<String>) -> Vec<KeyFile> {
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
    pub(super) fn path(&self, text: &str) -> Result<PathBuf, String> {
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
}
