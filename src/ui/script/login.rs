//! The hosts of a script: one function for each login, and one that runs commands there as root.

use std::collections::BTreeSet;

use super::text::{comment, quote};
use crate::plan::model::Login;

/// Who the login is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LoginUser {
    Root,
    Other,
    /// The plan does not say; `ssh_config` does.
    Unknown,
}

/// A host that commands go to.
#[derive(Debug, Clone)]
pub(super) struct ScriptLogin {
    /// What it is called in comments.
    pub(super) name: String,
    word: String,
    ssh: String,
    place: String,
    host_key: Option<String>,
    who: LoginUser,
    /// Somebody may be asked for something there, so a terminal is needed.
    asks: bool,
}

/// A name as part of a function's name, unlike the others.
fn word(name: &str, taken: &mut BTreeSet<String>) -> String {
    let base: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let mut word = base.clone();
    let mut number = 2;
    while !taken.insert(word.clone()) {
        word = format!("{base}_{number}");
        number += 1;
    }
    word
}

impl ScriptLogin {
    /// A host; `asks` when a program there may ask for a passphrase.
    pub(super) fn new(name: &str, login: &Login, asks: bool, taken: &mut BTreeSet<String>) -> Self {
        let place = match &login.user {
            Some(user) => format!("{user}@{}", login.host),
            None => login.host.clone(),
        };
        let mut options: Vec<String> = Vec::new();
        if let Some(port) = login.port.filter(|port| *port != 22) {
            options.push(format!("-p {port}"));
        }
        if let Some(key) = &login.key {
            options.push(format!("-i {}", quote(&key.display().to_string())));
        }
        if !login.jump.is_empty() {
            options.push(format!("-J {}", quote(&login.jump.join(","))));
        }
        options.push(quote(&place));
        let ssh = options.join(" ");
        let who = match login.user.as_deref() {
            Some("root") => LoginUser::Root,
            Some(_) => LoginUser::Other,
            None => LoginUser::Unknown,
        };
        let word = word(name, taken);
        Self { name: name.to_owned(), word, ssh, place, host_key: login.host_key.clone(), who, asks }
    }

    /// The function that runs one command there as the login.
    pub(super) fn ssh(&self) -> String {
        format!("ssh_{}", self.word)
    }

    /// The function that runs the commands on its standard input there as root.
    pub(super) fn root(&self) -> String {
        format!("root_{}", self.word)
    }

    /// Descriptor 3 must be the terminal.
    pub(super) fn needs_terminal(&self) -> bool {
        self.asks || self.who != LoginUser::Root
    }

    /// Both functions; the second only when it is used.
    pub(super) fn functions(&self, root: bool) -> Vec<String> {
        let mut lines = vec![comment(&format!("{}: {}", self.name, self.place))];
        if let Some(key) = &self.host_key {
            lines.push(comment(&format!("the host key that ssh shows must be {key}")));
        }
        let (ssh, ssh_there) = (self.ssh(), &self.ssh);
        lines.push(format!("{ssh}() {{ ssh {ssh_there} \"$@\"; }}"));
        if !root {
            return lines;
        }
        let name = self.root();
        if !self.needs_terminal() {
            lines.push(format!("{name}() {{ {ssh} 'sh -eu'; }}"));
            return lines;
        }
        let run = match self.who {
            LoginUser::Root => "sh -eu onboard-step.sh",
            LoginUser::Other => "sudo sh -eu onboard-step.sh",
            LoginUser::Unknown => {
                "if test -w /; then sh -eu onboard-step.sh; else sudo sh -eu onboard-step.sh; fi"
            }
        };
        lines.push(format!("{name}() {{"));
        lines.push(format!("  {ssh} 'umask 077; cat > onboard-step.sh'"));
        lines.push(format!("  ssh -t {ssh_there} '{run} && rm -f onboard-step.sh' <&3"));
        lines.push("}".to_owned());
        lines
    }
}
