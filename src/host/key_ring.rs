//! The keys a login tries, in order: gathered before anything is connected, with the passphrases of stated keys.

use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::agent::{self, AgentFault, AgentKey};
use super::ask::{Ask, SecretWanted};
use super::error::WireError;
use super::keys::{self, KeyFound, PrivateKey, UserCertificate};
use super::stop::Stop;
use super::target::{KeyFrom, SshTarget};

/// One key to try.
pub(super) enum KeySource {
    Agent(AgentKey),
    File {
        key: PrivateKey,
        /// A certificate of the key, shown instead of the key alone.
        certificate: Option<UserCertificate>,
        passphrase: Option<Zeroizing<String>>,
        plan: bool,
    },
}

impl KeySource {
    pub(super) fn name(&self) -> String {
        match self {
            Self::Agent(identity) => format!("agent key {}", identity.comment),
            Self::File { key, certificate: Some(certificate), .. } => {
                format!("certificate {} of key {}", certificate.file.display(), key.file.display())
            }
            Self::File { key, certificate: None, .. } => format!("key {}", key.file.display()),
        }
    }
}

/// The keys to try, in order, with the passphrases already asked for.
pub(crate) struct KeyRing {
    pub(super) ways: Vec<KeySource>,
    pub(super) agent: Option<PathBuf>,
    pub(super) tried: Vec<String>,
}

impl KeyRing {
    /// Looks at key files and agent, and asks for the passphrase of stated keys.
    pub(crate) fn gather(
        target: &SshTarget,
        ask: &dyn Ask,
        stop: Option<&Arc<Stop>>,
    ) -> Result<Self, WireError> {
        let mut ring = Self { ways: Vec::new(), agent: target.agent.clone(), tried: target.notes.clone() };
        let mut held = match target.agent.as_deref().map(|socket| agent::identities(socket, stop)) {
            Some(Ok(held)) => held,
            Some(Err(AgentFault::Stopped)) => return Err(WireError::Cut),
            Some(Err(AgentFault::Late(why))) => {
                ring.tried.push(why);
                Vec::new()
            }
            // A socket nobody listens on any more is as good as none.
            Some(Err(AgentFault::Gone)) | None => Vec::new(),
        };
        let mut certificates = ring.certificates(target);
        let (mut usual, mut usual_public) = (Vec::new(), Vec::new());
        for file in &target.keys {
            let path = &file.path;
            let refuse = |why: &str| WireError::KeyUnreadable { file: path.clone(), why: why.to_owned() };
            let key = match keys::load(path) {
                Ok(KeyFound::Private(key)) => key,
                // Its private half is where the agent has it, and nowhere else.
                Ok(KeyFound::Public { blob, beside }) => {
                    let why = if beside {
                        "no such file, and no agent has the key in its .pub"
                    } else {
                        keys::PUBLIC
                    };
                    match held.iter().position(|identity| identity.blob == blob) {
                        _ if file.from == KeyFrom::Usual => usual_public.push(blob),
                        _ if ring.has_agent_key(&blob) => {}
                        Some(at) => ring.ways.push(KeySource::Agent(held.remove(at))),
                        None if file.from == KeyFrom::Plan => return Err(refuse(why)),
                        None => ring.tried.push(format!("key {} ({why})", path.display())),
                    }
                    continue;
                }
                Ok(KeyFound::Missing) if file.from == KeyFrom::Plan => return Err(refuse("no such file")),
                Ok(KeyFound::Missing) => {
                    if file.from == KeyFrom::Config {
                        ring.tried.push(format!("key {} (no such file)", path.display()));
                    }
                    continue;
                }
                Err(error) if file.from == KeyFrom::Plan => return Err(error),
                Err(error) => {
                    ring.tried.push(format!("{error} (skipped)"));
                    continue;
                }
            };
            if key.public.as_ref().is_some_and(|blob| ring.has_agent_key(blob)) {
                continue;
            }
            let in_agent = held.iter().position(|identity| key.public.as_ref() == Some(&identity.blob));
            match file.from {
                // A key the agent holds open needs no passphrase.
                KeyFrom::Plan | KeyFrom::Config => match in_agent {
                    Some(at) => ring.ways.push(KeySource::Agent(held.remove(at))),
                    None if file.from == KeyFrom::Plan && key.open.is_some() => {
                        return Err(refuse(&key.unprotected().unwrap_or_default()));
                    }
                    None => ring.add_file(key, file.from == KeyFrom::Plan, &mut certificates, ask),
                },
                KeyFrom::Usual => usual.push((key, in_agent.is_some())),
            }
        }
        if target.identities_only {
            let named = usual.iter().filter_map(|(key, _): &(PrivateKey, bool)| key.public.as_ref());
            let named: Vec<&Vec<u8>> = named.chain(&usual_public).collect();
            held.retain(|identity| named.contains(&&identity.blob));
        }
        ring.ways.extend(held.into_iter().map(KeySource::Agent));
        for (key, _) in usual.into_iter().filter(|(key, in_agent)| !in_agent && !key.needs_agent()) {
            match key.unprotected() {
                Some(why) => ring.tried.push(format!("key {} ({why})", key.file.display())),
                None => ring.with_certificates(key, &mut certificates, None, false),
            }
        }
        for left in certificates.into_iter().filter(|one| one.stated) {
            let file = left.file.display();
            ring.tried
                .push(format!("certificate {file} (no key file here is its key; an agent must hold both)"));
        }
        Ok(ring)
    }

    fn has_agent_key(&self, blob: &[u8]) -> bool {
        self.ways.iter().any(|way| matches!(way, KeySource::Agent(held) if held.blob == blob))
    }

    /// The certificates that ssh_config names, and those that lie beside a key as `KEY-cert.pub`.
    fn certificates(&mut self, target: &SshTarget) -> Vec<UserCertificate> {
        let mut all = Vec::new();
        let beside = target.keys.iter().map(|key| {
            let mut name = key.path.as_os_str().to_owned();
            name.push("-cert.pub");
            (PathBuf::from(name), false)
        });
        for (file, stated) in target.certificates.iter().map(|file| (file.clone(), true)).chain(beside) {
            match UserCertificate::read(&file, stated) {
                Ok(Some(certificate)) => all.push(certificate),
                Ok(None) if stated => {
                    self.tried.push(format!("certificate {} (no such file)", file.display()));
                }
                Ok(None) => {}
                Err(why) => self.tried.push(format!("certificate {} ({why})", file.display())),
            }
        }
        all
    }

    /// As OpenSSH: a key with its certificate first, then alone.
    fn with_certificates(
        &mut self,
        key: PrivateKey,
        certificates: &mut Vec<UserCertificate>,
        passphrase: Option<Zeroizing<String>>,
        plan: bool,
    ) {
        while let Some(at) = certificates.iter().position(|one| one.is_for(&key)) {
            let certificate = Some(certificates.remove(at));
            let (key, passphrase) = (key.clone(), passphrase.clone());
            self.ways.push(KeySource::File { key, certificate, passphrase, plan });
        }
        self.ways.push(KeySource::File { key, certificate: None, passphrase, plan });
    }

    fn add_file(
        &mut self,
        key: PrivateKey,
        plan: bool,
        certificates: &mut Vec<UserCertificate>,
        ask: &dyn Ask,
    ) {
        if key.needs_agent() {
            self.tried
                .push(format!("key {} (a hardware key, only the agent can use it)", key.file.display()));
            return;
        }
        if let Some(why) = key.unprotected() {
            self.tried.push(format!("key {} ({why})", key.file.display()));
            return;
        }
        let wanted = || SecretWanted::Passphrase { file: key.file.clone(), again: false };
        let passphrase = if key.encrypted { ask.secret(&wanted()) } else { None };
        if key.encrypted && passphrase.is_none() {
            self.tried.push(format!("key {} (no passphrase)", key.file.display()));
            return;
        }
        self.with_certificates(key, certificates, passphrase, plan);
    }
}
