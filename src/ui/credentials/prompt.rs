//! Who is asked for a secret that the vault does not have, and about host keys: lines at a terminal, or dialogs of
//! the wizard. It keeps nothing itself.

use std::collections::HashSet;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::engine::world::real::Asker;
use crate::host::{Ask, HostKeyQuestion, SecretWanted, TrustAnswer, Vault};
use crate::limits;
use crate::plan::action::SecretRef;
use crate::plan::place::Place;
use crate::ui::credentials::vault::{SecretError, SecretVault};

/// Who speaks with the person: lines at a terminal, or the wizard's dialogs.
pub trait Prompt: Send + Sync {
    /// Somebody is there.
    fn there(&self) -> bool;
    /// Asks for a secret.
    fn secret(&self, prompt: &str) -> Option<Zeroizing<String>>;
    /// Asks about an unknown host key; `Remember`, `Once` or `Refuse`.
    fn trust(&self, question: &HostKeyQuestion) -> TrustAnswer;
    /// Says something that the person must know; nothing is asked.
    fn say(&self, words: &str);
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
        let answer = limits::lines::typed();
        match answer.trim() {
            "yes" | "y" => TrustAnswer::Remember,
            "once" | "o" => TrustAnswer::Once,
            _ => TrustAnswer::Refuse,
        }
    }

    fn say(&self, words: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{words}");
    }
}

/// Asks for what the vault does not have, when somebody is there.
pub struct CredentialPrompt {
    prompt: Box<dyn Prompt>,
    vault: SecretVault,
    may_ask: AtomicBool,
    remember_hosts: bool,
    one_at_a_time: Mutex<()>,
    /// Who gets the passphrase of the CA's key, in words; empty = this computer.
    ca_goes_to: Mutex<String>,
    /// To whom it was said that a passphrase goes that nobody typed.
    said: Mutex<HashSet<String>>,
}

impl CredentialPrompt {
    /// `secrets` are the `--secret` arguments. With `remember_hosts` off nothing is written to known_hosts.
    ///
    /// # Errors
    /// A `--secret` that cannot be read.
    pub fn new(secrets: &[String], remember_hosts: bool) -> Result<Self, SecretError> {
        Self::with(Box::new(AtTerminal), secrets, remember_hosts)
    }

    /// The same with somebody else to ask.
    ///
    /// # Errors
    /// A `--secret` that cannot be read.
    pub fn with(
        prompt: Box<dyn Prompt>,
        secrets: &[String],
        remember_hosts: bool,
    ) -> Result<Self, SecretError> {
        Ok(Self {
            vault: SecretVault::new(secrets)?,
            may_ask: AtomicBool::new(prompt.there()),
            prompt,
            remember_hosts,
            one_at_a_time: Mutex::new(()),
            ca_goes_to: Mutex::default(),
            said: Mutex::default(),
        })
    }

    /// From now on nobody is asked; a question that stands is waited for.
    pub fn close(&self) {
        let _one = self.one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
        self.may_ask.store(false, Ordering::Release);
    }

    fn ask(&self, prompt: &str, keep_as: Option<&str>) -> Option<Zeroizing<String>> {
        let _one = self.one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.can_ask() {
            return None;
        }
        // Somebody else may have been asked the same while we waited.
        if let Some(known) = keep_as.and_then(|key| self.vault.given(&[key.to_owned()])) {
            return Some(known);
        }
        let value = self.prompt.secret(prompt)?;
        if let Some(key) = keep_as {
            self.vault.keep(key, value.clone());
        }
        Some(value)
    }
}

impl Vault for CredentialPrompt {
    fn get(&self, name: &SecretRef) -> Option<Zeroizing<String>> {
        let keys = self.vault.keys(name);
        let receiver = match name {
            SecretRef::Ca => self.ca_goes_to.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            _ => String::new(),
        };
        let prompt = if receiver.is_empty() {
            name.to_string()
        } else {
            format!("{name}, which is given to {receiver}")
        };
        if let Some(given) = self.vault.given(&keys) {
            // Nobody saw a prompt where it came from a file: who gets it is said once.
            let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            if !receiver.is_empty() && said.insert(receiver.clone()) {
                self.prompt.say(&format!("the {name} is given to {receiver}"));
            }
            return Some(given);
        }
        let typed = self.ask(&prompt, keys.first().map(String::as_str))?;
        self.said.lock().unwrap_or_else(PoisonError::into_inner).insert(receiver);
        Some(typed)
    }

    fn wrong(&self, name: &SecretRef) {
        self.vault.refuse(&self.vault.keys(name));
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
                let given = self.vault.given(&self.vault.keys(&name));
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

    fn ca_goes_to(&self, login: &str, fingerprint: &str) {
        // A plan names the host: whoever types the passphrase must see who gets it.
        let words = format!("{login} (host key {fingerprint})");
        self.vault.ca_goes_to(login);
        *self.ca_goes_to.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }

    fn name(&self, login: &str, place: &Place) {
        self.vault.name(login, &place.to_string());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// Answers with what it was asked.
    struct Echo;

    impl Prompt for Echo {
        fn there(&self) -> bool {
            true
        }

        fn secret(&self, prompt: &str) -> Option<Zeroizing<String>> {
            Some(Zeroizing::new(prompt.to_owned()))
        }

        fn trust(&self, _: &HostKeyQuestion) -> TrustAnswer {
            TrustAnswer::Refuse
        }

        fn say(&self, _: &str) {}
    }

    /// Nobody is there; what is said is kept.
    #[derive(Clone, Default)]
    struct Nobody(Arc<Mutex<Vec<String>>>);

    impl Prompt for Nobody {
        fn there(&self) -> bool {
            false
        }

        fn secret(&self, _: &str) -> Option<Zeroizing<String>> {
            None
        }

        fn trust(&self, _: &HostKeyQuestion) -> TrustAnswer {
            TrustAnswer::Refuse
        }

        fn say(&self, words: &str) {
            self.0.lock().unwrap().push(words.to_owned());
        }
    }

    fn of_file(text: &str) -> (std::fs::File, i32) {
        use std::io::{Seek, Write};
        use std::os::fd::AsRawFd;
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.rewind().unwrap();
        let number = file.as_raw_fd();
        (file, number)
    }

    #[test]
    fn who_gets_a_passphrase_that_nobody_typed_is_said_once_and_one_for_a_host_goes_to_no_other() {
        let nobody = Nobody::default();
        let (_file, number) = of_file("sesame");
        let with =
            |secret: String| CredentialPrompt::with(Box::new(nobody.clone()), &[secret], true).unwrap();
        let any = with(format!("ca=fd:{number}"));
        any.ca_goes_to("root@10.0.0.9:22", "SHA256:abc");
        for _ in 0..2 {
            assert_eq!(any.get(&SecretRef::Ca).unwrap().as_str(), "sesame");
        }
        let said = nobody.0.lock().unwrap().clone();
        assert_eq!(said, ["the passphrase of the CA key is given to root@10.0.0.9:22 (host key SHA256:abc)"]);
        let (_file, number) = of_file("sesame");
        let one = with(format!("ca:10.0.0.9=fd:{number}"));
        assert!(one.get(&SecretRef::Ca).is_none(), "not before it is known who gets it");
        one.ca_goes_to("root@10.0.0.8:22", "SHA256:other");
        assert!(one.get(&SecretRef::Ca).is_none(), "not another host");
        one.ca_goes_to("root@10.0.0.9:22", "SHA256:abc");
        assert_eq!(one.get(&SecretRef::Ca).unwrap().as_str(), "sesame");
    }

    #[test]
    fn the_passphrase_of_the_ca_is_asked_for_with_who_gets_it() {
        let here = CredentialPrompt::with(Box::new(Echo), &[], true).unwrap();
        assert_eq!(here.get(&SecretRef::Ca).unwrap().as_str(), "passphrase of the CA key");
        let there = CredentialPrompt::with(Box::new(Echo), &[], true).unwrap();
        there.ca_goes_to("root@10.0.0.9:22", "SHA256:abc");
        let asked = there.get(&SecretRef::Ca).unwrap();
        for part in ["passphrase of the CA key", "root@10.0.0.9:22", "SHA256:abc"] {
            assert!(asked.contains(part), "{part}: {}", asked.as_str());
        }
    }
}
