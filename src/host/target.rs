//! Everything that is needed to connect to one machine, and what it is made of.

use std::path::PathBuf;
use std::time::Duration;

/// Key files OpenSSH tries by itself; DSA and XMSS are left out, nothing here can use them.
pub(super) const DEFAULT_KEYS: [&str; 5] =
    ["id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk"];

/// What is taken from this computer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SshEnvironment {
    /// Home directory.
    pub home: PathBuf,
    /// Login name, used when nothing states a user.
    pub user: String,
    /// The agent's socket, from `SSH_AUTH_SOCK`.
    pub agent: Option<PathBuf>,
    /// The ssh program, when there is one.
    pub ssh: Option<PathBuf>,
    /// Another file than `~/.ssh/config`.
    pub config: Option<PathBuf>,
}

/// A key file to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// The file.
    pub path: PathBuf,
    /// Who named it.
    pub from: KeyFrom,
}

/// Who named a key file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFrom {
    /// The plan; it must be there.
    Plan,
    /// ssh_config; skipped when missing.
    Config,
    /// Nobody, it is one of OpenSSH's usual names.
    Usual,
}

/// A file of host keys that are never believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedKeys {
    /// The file.
    pub file: PathBuf,
    /// The line of ssh_config that names it, in words with a colon; empty where that is not found.
    pub place: String,
}

/// A way to log in for which somebody types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypedWay {
    /// A password.
    Password,
    /// Answers to the server's own questions (keyboard-interactive).
    Answers,
}

/// Everything needed to connect to one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshTarget {
    /// Host name or address to connect to.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whom to log in as.
    pub user: String,
    /// Key files, in order.
    pub keys: Vec<KeyFile>,
    /// User certificates for them.
    pub certificates: Vec<PathBuf>,
    /// What ssh_config says and is not used here, for when the connection fails.
    pub notes: Vec<String>,
    /// The agent's socket.
    pub agent: Option<PathBuf>,
    /// Only agent keys that are also among `keys`.
    pub identities_only: bool,
    /// The machine to connect through, which may have one itself.
    pub jump: Option<Box<SshTarget>>,
    /// The operator's known_hosts files; the first one is written.
    pub known_hosts: Vec<PathBuf>,
    /// The computer's known_hosts files.
    pub global_known_hosts: Vec<PathBuf>,
    /// Files of host keys that are never believed.
    pub revoked: Vec<RevokedKeys>,
    /// Write hashed names.
    pub hash_names: bool,
    /// The name in known_hosts, when it is another one.
    pub host_key_alias: Option<String>,
    /// Ways to log in that are not tried, whatever the server accepts.
    pub shut: Vec<TypedWay>,
    /// `SHA256:...` the plan states.
    pub host_key: Option<String>,
    /// `ConnectTimeout` of ssh_config; none = our own deadline.
    pub connect_timeout: Option<Duration>,
}

impl SshTarget {
    /// A target without any configuration: usual key files, usual known_hosts.
    pub fn plain(host: &str, port: u16, user: &str, here: &SshEnvironment) -> Self {
        let folder = here.home.join(".ssh");
        let usual = |name: &&str| KeyFile { path: folder.join(name), from: KeyFrom::Usual };
        Self {
            host: host.to_owned(),
            port,
            user: user.to_owned(),
            keys: DEFAULT_KEYS.iter().map(usual).collect(),
            certificates: Vec::new(),
            notes: Vec::new(),
            agent: here.agent.clone(),
            identities_only: false,
            jump: None,
            known_hosts: vec![folder.join("known_hosts"), folder.join("known_hosts2")],
            global_known_hosts: vec!["/etc/ssh/ssh_known_hosts".into(), "/etc/ssh/ssh_known_hosts2".into()],
            revoked: Vec::new(),
            hash_names: false,
            host_key_alias: None,
            shut: Vec::new(),
            host_key: None,
            connect_timeout: None,
        }
    }

    /// `host:port`, as errors and questions name it.
    pub fn address(&self) -> String {
        join(&self.host, self.port)
    }
}

/// What a configuration says about one host, not yet merged with the plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ConfigBlock {
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) user: Option<String>,
    pub(super) keys: Vec<String>,
    pub(super) certificates: Vec<String>,
    pub(super) agent: Option<String>,
    pub(super) identities_only: Option<bool>,
    pub(super) jump: Vec<String>,
    pub(super) known_hosts: Vec<String>,
    pub(super) global_known_hosts: Vec<String>,
    pub(super) hash_names: Option<bool>,
    pub(super) host_key_alias: Option<String>,
    pub(super) connect_timeout: Option<u64>,
    pub(super) proxy_command: Option<String>,
    pub(super) passes_socket: Option<bool>,
    pub(super) revoked: Vec<String>,
    /// `PubkeyAuthentication`, `PasswordAuthentication`, `KbdInteractiveAuthentication`.
    pub(super) allowed: [Option<bool>; 3],
    /// The value of `PreferredAuthentications`.
    pub(super) preferred: Option<String>,
    /// Keywords that are decided: what is said later of them does not count.
    pub(super) settled: Vec<&'static str>,
    /// What it says and is not used here.
    pub(super) notes: Vec<String>,
}

impl ConfigBlock {
    /// Whether this is the first word about it.
    pub(super) fn settle(&mut self, what: &'static str) -> bool {
        let first = !self.settled.contains(&what);
        if first {
            self.settled.push(what);
        }
        first
    }
}

/// `host:port`, an IPv6 address in brackets.
pub(crate) fn join(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
