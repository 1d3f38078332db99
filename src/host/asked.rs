//! What a server asks at the login (keyboard-interactive), passed on to a person.

use ssh2::{KeyboardInteractivePrompt, Prompt};
use zeroize::Zeroizing;

use super::alarm::Alarm;
use super::ask::{Ask, SecretWanted};
use super::socket::Socket;
use crate::plan::clean;

/// The server's questions, passed on.
pub(super) struct Questions<'a> {
    pub(super) ask: &'a dyn Ask,
    pub(super) alarm: &'a Alarm,
    pub(super) socket: &'a Socket,
    pub(super) user: String,
    pub(super) host: String,
    pub(super) again: bool,
    pub(super) given_up: bool,
    /// What was answered before and not taken: question and answer.
    pub(super) refused: Vec<(String, Zeroizing<String>)>,
    /// What is answered now.
    pub(super) sent: Vec<(String, Zeroizing<String>)>,
}

impl KeyboardInteractivePrompt for Questions<'_> {
    fn prompt(&mut self, _user: &str, _instructions: &str, prompts: &[Prompt<'_>]) -> Vec<String> {
        prompts
            .iter()
            .map(|prompt| {
                let (user, host) = (self.user.clone(), self.host.clone());
                // The one question PAM asks is the password, which may be known already.
                let plain = !prompt.echo && prompt.text.to_lowercase().contains("password");
                let wanted = if plain {
                    SecretWanted::Password { user, host, again: self.again }
                } else {
                    let question = clean::words(&prompt.text);
                    SecretWanted::Answer { user, host, question, echo: prompt.echo }
                };
                let ask = || self.ask.secret(&wanted);
                let mut answer = if self.given_up { None } else { self.alarm.asking(ask) };
                // The same secret is not sent a second time: it would be refused again, and count towards a lock.
                let known = |secret: &Zeroizing<String>| {
                    self.refused.iter().any(|(text, sent)| text == &*prompt.text && sent == secret)
                };
                if !prompt.echo && answer.as_ref().is_some_and(known) {
                    answer = None;
                }
                if answer.is_none() && !self.given_up {
                    // libssh2 sends an answer whatever is returned here, and an empty one counts towards a lock.
                    self.socket.shut();
                    self.given_up = true;
                }
                let text = answer.as_ref().map(|secret| secret.as_str().to_owned()).unwrap_or_default();
                self.sent.extend(answer.map(|secret| (prompt.text.to_string(), secret)));
                text
            })
            .collect()
    }
}
