//! Who is asked. Secrets live here and nowhere else: in memory, each asked for once, wiped at the end. At a
//! terminal the person types them; headless they come from open files (`--secret NAME=fd:N`).

use std::collections::{HashMap, HashSet};
use std::io::{IsTerminal, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::engine::world::real::Asker;
use crate::host::{Ask, HostKeyQuestion, SecretWanted, TrustAnswer, Vault};
use crate::plan::action::SecretRef;
use crate::plan::place::Place;

/// A `--secret` that cannot be used, in words.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SecretError {
    /// Not `NAME=fd:N`.
    #[error("--secret {0}: write it as ca=fd:3, sudo=fd:3, sudo:HOST=fd:3, ssh:HOST=fd:3 or key:FILE=fd:3")]
    Form(String),
    /// The file is not open.
    #[error("--secret {name}: file descriptor {number} cannot be read: {why}")]
    Descriptor {
        /// The secret's name.
        name: String,
        /// The number.
        number: u32,
        /// Why.
        why: String,
    },
}

/// Who speaks with the person: lines at a terminal, or the wizard's dialogs.
pub trait Prompt: Send + Sync {
    /// Somebody is there.
    fn there(&self) -> bool;
    /// Asks for a secret.
    fn secret(&self, prompt: &str) -> Option<Zeroizing<String>>;
    /// Asks about an unknown host key; `Remember`, `Once` or `Refuse`.
    fn trust(&self, question: &HostKeyQuestion) -> TrustAnswer;
}

/// Lines at the terminal.
struct AtTerminal;

impl Prompt for AtTerminal {
    fn there(&self) -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    fn secret(&self, prompt: &str) -> Option<Zeroizing<String>> {
        rpassword::prompt_password(format!("{prompt}: ")).ok().map(Zeroizing::new)
    }

    fn trust(&self, question: &HostKeyQuestion) -> TrustAnswer {
        let mut err = std::io::stderr().lock();
        let _ = writeln!(err, "{} is not known yet. It shows the {} key", question.host, question.kind);
        let _ = writeln!(err, "  {}", question.fingerprint);
        if !question.note.is_empty() {
            let _ = writeln!(err, "  {}", question.note);
        }
        let _ = write!(err, "Is this the machine you mean? yes, once or no [no]: ");
        let _ = err.flush();
        let mut answer = String::new();
        let _ = std::io::stdin().read_line(&mut answer);
        match answer.trim() {
            "yes" | "y" => TrustAnswer::Remember,
            "once" | "o" => TrustAnswer::Once,
            _ => TrustAnswer::Refuse,
        }
    }
}

/// The vault, with somebody in front of it when there is one.
pub struct CredentialPrompt {
    prompt: Box<dyn Prompt>,
    given: Mutex<HashMap<String, Zeroizing<String>>>,
    names: Mutex<HashMap<String, Vec<String>>>,
    /// Who refused which secret: one host's refusal takes it from nobody else.
    refused: Mutex<HashSet<(String, String)>>,
    may_ask: AtomicBool,
    remember_hosts: bool,
    accept: Vec<String>,
    accept_new: bool,
    one_at_a_time: Mutex<()>,
}

fn read_secret(text: &str) -> Result<(String, Zeroizing<String>), SecretError> {
    let form = || SecretError::Form(text.split('=').next().unwrap_or_default().to_owned());
    let (name, source) = text.rsplit_once('=').ok_or_else(form)?;
    let number: u32 = source.strip_prefix("fd:").and_then(|number| number.parse().ok()).ok_or_else(form)?;
    let kind = name.split(':').next().unwrap_or_default();
    if !["ca", "sudo", "ssh", "key"].contains(&kind) {
        return Err(form());
    }
    let bad = |error: std::io::Error| SecretError::Descriptor {
        name: name.to_owned(),
        number,
        why: error.to_string(),
    };
    let mut value = Zeroizing::new(String::new());
    let mut file = std::fs::File::open(format!("/dev/fd/{number}")).map_err(bad)?;
    file.read_to_string(&mut value).map_err(bad)?;
    let line = Zeroizing::new(value.lines().next().unwrap_or_default().to_owned());
    Ok((name.to_owned(), line))
}

impl CredentialPrompt {
    /// `secrets` are the `--secret` arguments. With `remember_hosts` off nothing is written to known_hosts,
    /// and `accept` (fingerprints) and `accept_new` are answered here.
    ///
    /// # Errors
    /// A `--secret` that cannot be read.
    pub fn new(
        secrets: &[String],
        remember_hosts: bool,
        accept: &[String],
        accept_new: bool,
    ) -> Result<Self, SecretError> {
        Self::with(Box::new(AtTerminal), secrets, remember_hosts, accept, accept_new)
    }

    /// The same with somebody else to ask.
    ///
    /// # Errors
    /// A `--secret` that cannot be read.
    pub fn with(
        prompt: Box<dyn Prompt>,
        secrets: &[String],
        remember_hosts: bool,
        accept: &[String],
        accept_new: bool,
    ) -> Result<Self, SecretError> {
        let given = secrets.iter().map(|text| read_secret(text)).collect::<Result<HashMap<_, _>, _>>()?;
        Ok(Self {
            given: Mutex::new(given),
            names: Mutex::default(),
            refused: Mutex::default(),
            may_ask: AtomicBool::new(prompt.there()),
            prompt,
            remember_hosts,
            accept: accept.to_vec(),
            accept_new,
            one_at_a_time: Mutex::new(()),
        })
    }

    /// From now on nobody is asked; a question that stands is waited for.
    pub fn close(&self) {
        let _one = self.one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
        self.may_ask.store(false, Ordering::Release);
    }

    /// The names a secret may have been given under, the most exact first.
    fn keys(&self, name: &SecretRef) -> Vec<String> {
        let with_host = |kind: &str, login: &str| {
            let mut keys = vec![format!("{kind}:{login}")];
            let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
            keys.extend(names.get(login).into_iter().flatten().map(|name| format!("{kind}:{name}")));
            let address = login.rsplit_once('@').map_or(login, |(_, address)| address);
            let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
            keys.push(format!("{kind}:{address}"));
            keys.push(format!("{kind}:{host}"));
            keys.push(kind.to_owned());
            keys
        };
        match name {
            SecretRef::Ca => vec!["ca".to_owned()],
            SecretRef::Sudo(login) => with_host("sudo", login),
            SecretRef::Ssh(login) => with_host("ssh", login),
            SecretRef::Key(path) => vec![format!("key:{}", path.display()), "key".to_owned()],
            SecretRef::Made(label) => vec![label.clone()],
        }
    }

    fn given(&self, keys: &[String]) -> Option<Zeroizing<String>> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let owner = keys.first()?;
        keys.iter()
            .filter(|key| !refused.contains(&(owner.clone(), (*key).clone())))
            .find_map(|key| given.get(key))
            .cloned()
    }

    fn ask(&self, prompt: &str, keep_as: Option<&str>) -> Option<Zeroizing<String>> {
        let _one = self.one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.can_ask() {
            return None;
        }
        // Somebody else may have been asked the same while we waited.
        if let Some(known) = keep_as.and_then(|key| self.given(&[key.to_owned()])) {
            return Some(known);
        }
        let value = self.prompt.secret(prompt)?;
        if let Some(key) = keep_as {
            let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            refused.remove(&(key.to_owned(), key.to_owned()));
            drop(refused);
            self.given.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), value.clone());
        }
        Some(value)
    }
}

impl Vault for CredentialPrompt {
    fn get(&self, name: &SecretRef) -> Option<Zeroizing<String>> {
        let keys = self.keys(name);
        self.given(&keys).or_else(|| self.ask(&name.to_string(), keys.first().map(String::as_str)))
    }

    fn wrong(&self, name: &SecretRef) {
        let keys = self.keys(name);
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(owner) = keys.first() else { return };
        let tried = keys
            .iter()
            .find(|key| given.contains_key(*key) && !refused.contains(&(owner.clone(), (*key).clone())));
        if let Some(key) = tried {
            refused.insert((owner.clone(), key.clone()));
        }
    }
}

impl Ask for CredentialPrompt {
    fn secret(&self, wanted: &SecretWanted) -> Option<Zeroizing<String>> {
        let (name, again) = match wanted {
            SecretWanted::Passphrase { file, again } => (SecretRef::Key(file.clone()), *again),
            SecretWanted::Password { user, host, again } => {
                (SecretRef::Ssh(format!("{user}@{host}")), *again)
            }
            SecretWanted::Answer { user, host, question, .. } => {
                let name = SecretRef::Ssh(format!("{user}@{host}"));
                let given = self.given(&self.keys(&name));
                return given.or_else(|| self.ask(&format!("{user}@{host} asks: {question}"), None));
            }
        };
        if again {
            self.wrong(&name);
        }
        self.get(&name)
    }

    fn trust(&self, question: &HostKeyQuestion) -> TrustAnswer {
        let yes = if self.remember_hosts { TrustAnswer::Remember } else { TrustAnswer::Once };
        if self.accept_new || self.accept.contains(&question.fingerprint) {
            return yes;
        }
        let _one = self.one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.can_ask() {
            return TrustAnswer::Refuse;
        }
        match self.prompt.trust(question) {
            TrustAnswer::Remember => yes,
            other => other,
        }
    }
}

impl Asker for CredentialPrompt {
    fn can_ask(&self) -> bool {
        self.may_ask.load(Ordering::Acquire)
    }

    fn name(&self, login: &str, place: &Place) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let known = names.entry(login.to_owned()).or_default();
        let name = place.to_string();
        if !known.contains(&name) {
            known.push(name);
        }
    }
}
