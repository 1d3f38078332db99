//! Where secrets live, and nowhere else: in memory, each under its name, wiped at the end. Headless they come from
//! open files (`--secret NAME=fd:N`).

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::plan::action::SecretRef;

/// A `--secret` that cannot be used, in words.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SecretError {
    /// Not `NAME=fd:N`; it is not told again, as it may be the secret.
    #[error(
        "--secret: write it as ca=fd:3, ca:HOST=fd:3, sudo=fd:3, sudo:HOST=fd:3, ssh:HOST=fd:3 or key:FILE=fd:3"
    )]
    Form,
    /// The file is not open.
    #[error("--secret {name}: file descriptor {number} cannot be read: {why}")]
    Descriptor {
        /// The secret's name.
        name: String,
        /// The number.
        number: u32,
        /// What the system says.
        why: String,
    },
}

/// Keeps secrets and who refused which.
pub struct SecretVault {
    given: Mutex<HashMap<String, Zeroizing<String>>>,
    names: Mutex<HashMap<String, Vec<String>>>,
    /// The login that the passphrase of the CA's key goes to; `None` = it stays on this computer.
    ca_host: Mutex<Option<String>>,
    /// Who refused which secret: one host's refusal takes it from nobody else.
    refused: Mutex<HashSet<(String, String)>>,
}

/// Bytes for a secret's file; half of them are read at most.
const LONGEST: usize = 1 << 16;

fn read_secret(text: &str) -> Result<(String, Zeroizing<String>), SecretError> {
    let form = || SecretError::Form;
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
    let file = std::fs::File::open(format!("/dev/fd/{number}")).map_err(bad)?;
    // As long as it may be from the first: grown in place it would leave copies behind.
    let mut value = Zeroizing::new(String::with_capacity(LONGEST));
    file.take(LONGEST as u64 / 2).read_to_string(&mut value).map_err(bad)?;
    let line = Zeroizing::new(value.lines().next().unwrap_or_default().to_owned());
    Ok((name.to_owned(), line))
}

impl SecretVault {
    /// `secrets` are the `--secret` arguments.
    ///
    /// # Errors
    /// One that cannot be read.
    pub fn new(secrets: &[String]) -> Result<Self, SecretError> {
        let given = secrets.iter().map(|text| read_secret(text)).collect::<Result<HashMap<_, _>, _>>()?;
        Ok(Self {
            given: Mutex::new(given),
            names: Mutex::default(),
            ca_host: Mutex::default(),
            refused: Mutex::default(),
        })
    }

    /// The names a secret may have been given under, the most exact first.
    pub fn keys(&self, name: &SecretRef) -> Vec<String> {
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
            SecretRef::Ca => {
                let host = self.ca_host.lock().unwrap_or_else(PoisonError::into_inner).clone();
                host.map_or_else(|| vec!["ca".to_owned()], |login| with_host("ca", &login))
            }
            SecretRef::Sudo(login) => with_host("sudo", login),
            SecretRef::Ssh(login) => with_host("ssh", login),
            SecretRef::Key(path) => vec![format!("key:{}", path.display()), "key".to_owned()],
            SecretRef::Made(label) => vec![label.clone()],
        }
    }

    /// The first of these names that a secret was given under and that nobody refused.
    pub fn given(&self, keys: &[String]) -> Option<Zeroizing<String>> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let owner = keys.first()?;
        keys.iter()
            .filter(|key| !refused.contains(&(owner.clone(), (*key).clone())))
            .find_map(|key| given.get(key))
            .cloned()
    }

    /// Keeps a secret under this name, whoever refused another one before.
    pub fn keep(&self, key: &str, value: Zeroizing<String>) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.remove(&(key.to_owned(), key.to_owned()));
        drop(refused);
        self.given.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), value);
    }

    /// What was given under the first of these names that has something was wrong.
    pub fn refuse(&self, keys: &[String]) {
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

    /// The passphrase of the CA's key goes to this login.
    pub fn ca_goes_to(&self, login: &str) {
        *self.ca_host.lock().unwrap_or_else(PoisonError::into_inner) = Some(login.to_owned());
    }

    /// A login belongs to this place: secrets are found under the place's name too.
    pub fn name(&self, login: &str, place: &str) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let known = names.entry(login.to_owned()).or_default();
        if !known.iter().any(|one| one == place) {
            known.push(place.to_owned());
        }
    }
}
