//! Logging in: stated key, agent, usual key files, password, keyboard-interactive. What the server accepts is
//! asked for (one round trip) only after the keys have failed.
//!
//! Not all that a login knows is wiped: the `ssh2` crate makes C strings of a password, a passphrase and the text of
//! a key file, one for each call, and frees them as they are. So it does with answers to keyboard-interactive
//! questions, and libssh2 with the packet they go out in. What a command reads afterwards (sudo's password, the CA's
//! passphrase) goes as bytes of a channel: those are wiped here, and libssh2 encrypts its copy in place.

use std::path::Path;
use std::sync::Arc;

use ssh2::{ErrorCode, Session};
use zeroize::Zeroizing;

use super::agent::{AgentFault, AgentKey, Relay};
use super::alarm::{Alarm, Ring};
use super::ask::{Ask, SecretWanted};
use super::asked::Questions;
use super::error::WireError;
use super::key_ring::{KeyRing, KeySource};
use super::keys::{PrivateKey, UserCertificate};
use super::socket::{Socket, Stopped, drive};
use super::stop::Stop;
use super::target::{SshTarget, TypedWay};
use crate::plan::remote::Remote;

/// Keys that were not tried are named up to so many.
const MOST_NAMED: usize = 5;
/// A server names so many ways to log in at most.
const MOST_METHODS: usize = 10;
/// Times a secret is asked for.
const TRIES: usize = 3;

/// How one try ended.
enum Tried {
    In,
    Refused,
    /// The key could not be used; the server has not seen it.
    Unusable,
}

/// One login under way.
struct LoginAttempt<'a> {
    session: &'a Session,
    socket: &'a Socket,
    target: &'a SshTarget,
    ask: &'a dyn Ask,
    alarm: &'a Alarm,
    stop: Option<&'a Arc<Stop>>,
    tried: Vec<String>,
    /// Keys whose turn has not come.
    waiting: Vec<String>,
    /// The agent was waited for in vain: it is not asked again.
    silent: bool,
}

/// Logs in, or says why not.
pub(crate) fn log_in(
    session: &Session,
    socket: &Socket,
    target: &SshTarget,
    ring: KeyRing,
    ask: &dyn Ask,
    (alarm, stop): (&Alarm, Option<&Arc<Stop>>),
) -> Result<(), WireError> {
    let (tried, silent) = (ring.tried, false);
    let waiting = ring.ways.iter().map(KeySource::name).collect();
    let mut login = LoginAttempt { session, socket, target, ask, alarm, stop, tried, waiting, silent };
    // Only as the first request it costs nothing: sshd counts a later one as a failed try.
    let accepts = login.accepted()?;
    if session.authenticated() {
        return Ok(());
    }
    if !accepts.is_empty() && !offers(&accepts, "publickey") {
        return login.words(Some(accepts));
    }
    for way in ring.ways {
        let name = login.waiting.remove(0);
        let result = match way {
            KeySource::Agent(identity) => login.agent(ring.agent.as_deref(), &identity)?,
            KeySource::File { key, certificate, passphrase, plan } => {
                login.file(name, &key, certificate.as_ref(), passphrase, plan)?
            }
        };
        if matches!(result, Tried::In) {
            return Ok(());
        }
    }
    // Where only keys were offered one of them may have been part of the way.
    let known = offers(&accepts, "password") || offers(&accepts, "keyboard-interactive");
    login.words(known.then_some(accepts))
}

fn offers(accepts: &[Remote<String>], way: &str) -> bool {
    accepts.iter().any(|one| *one == way)
}

impl LoginAttempt<'_> {
    /// Runs one call to its end; `Ok(false)` when the server refused.
    fn step(&mut self, call: impl FnMut() -> Result<(), ssh2::Error>) -> Result<bool, WireError> {
        match drive(self.session, self.socket, self.alarm.left(), |_| (), call) {
            Ok(()) => Ok(true),
            Err(Stopped::Failed(error)) => match self.ended(&error) {
                Some(error) => Err(error),
                None => Ok(false),
            },
            Err(stopped) => Err(self.stopped(stopped)),
        }
    }

    /// Did the server end the connection? libssh2 has several numbers for that, and "Waiting for ..." texts.
    fn ended(&self, error: &ssh2::Error) -> Option<WireError> {
        if let Some(ring) = self.alarm.rang() {
            return Some(self.rung(ring));
        }
        let over = matches!(error.code(), ErrorCode::Session(-7 | -13 | -43 | -30))
            || error.message().starts_with("Waiting for");
        over.then(|| {
            if self.tried.is_empty() {
                WireError::lost("the machine closed it during the login")
            } else {
                WireError::TooManyFailures {
                    host: self.target.address(),
                    user: self.target.user.clone(),
                    tried: self.tried.iter().cloned().chain(self.not_tried()).collect(),
                }
            }
        })
    }

    fn not_tried(&self) -> Vec<String> {
        let named = self.waiting.iter().take(MOST_NAMED).map(|name| format!("{name} (not tried)"));
        let more = self.waiting.len().saturating_sub(MOST_NAMED);
        named.chain((more > 0).then(|| format!("{more} more (not tried)"))).collect()
    }

    fn stopped(&self, stopped: Stopped) -> WireError {
        match stopped {
            Stopped::Failed(error) => WireError::lost(error.message()),
            Stopped::Broken(error) => WireError::lost(error.to_string()),
            Stopped::Late => self.rung(Ring::Late),
        }
    }

    fn rung(&self, ring: Ring) -> WireError {
        match ring {
            Ring::Stopped => WireError::Cut,
            Ring::Late => WireError::Timeout {
                what: format!("the login on {}", self.target.address()),
                seconds: self.alarm.time().as_secs(),
            },
        }
    }

    fn agent(&mut self, socket: Option<&Path>, identity: &AgentKey) -> Result<Tried, WireError> {
        let name = format!("agent key {}", identity.comment);
        let Some(mut relay) =
            socket.filter(|_| !self.silent).and_then(|socket| Relay::open(socket, self.stop).ok())
        else {
            self.tried.push(format!("{name} (the agent did not answer)"));
            return Ok(Tried::Unusable);
        };
        let held = |relay: &mut Relay| -> Result<_, ssh2::Error> {
            let mut agent = self.session.agent()?;
            agent.set_identity_path(relay.path())?;
            let connected = agent.connect();
            relay.connected();
            connected?;
            agent.list_identities()?;
            let found = agent.identities()?.into_iter().find(|key| key.blob() == identity.blob);
            Ok(found.map(|key| (agent, key)))
        };
        let tried = match held(&mut relay) {
            Ok(Some((agent, key))) => {
                let user = self.target.user.clone();
                self.tried.push(name.clone());
                Some(self.step(|| agent.userauth(&user, &key)))
            }
            Ok(None) | Err(_) => None,
        };
        match (relay.fault(), tried) {
            (_, Some(Ok(true))) => Ok(Tried::In),
            (Some(AgentFault::Stopped), _) => Err(WireError::Cut),
            (Some(AgentFault::Late(why)), tried) => {
                self.silent = true;
                if tried.is_some() {
                    self.tried.pop();
                }
                self.tried.push(format!("{name} ({why})"));
                Ok(Tried::Unusable)
            }
            (_, Some(tried)) => tried.map(|_| Tried::Refused),
            (_, None) => {
                self.tried.push(format!("{name} (the agent did not answer)"));
                Ok(Tried::Unusable)
            }
        }
    }

    fn file(
        &mut self,
        name: String,
        key: &PrivateKey,
        certificate: Option<&UserCertificate>,
        given: Option<Zeroizing<String>>,
        plan: bool,
    ) -> Result<Tried, WireError> {
        let shown = certificate.map(|certificate| certificate.text.as_str());
        let mut passphrase = given;
        for again in [false, true, true] {
            if key.encrypted && passphrase.is_none() {
                let wanted = SecretWanted::Passphrase { file: key.file.clone(), again };
                passphrase = self.alarm.asking(|| self.ask.secret(&wanted));
                if passphrase.is_none() {
                    break;
                }
            }
            let (session, user) = (self.session, self.target.user.clone());
            let secret = passphrase.as_deref().map(String::as_str);
            let call = || session.userauth_pubkey_memory(&user, shown, &key.text, secret);
            match drive(session, self.socket, self.alarm.left(), |_| (), call) {
                Ok(()) => return Ok(Tried::In),
                Err(Stopped::Failed(error)) if unreadable(&error) => {
                    if !key.encrypted {
                        self.tried.push(format!("{name} (of a kind that cannot be used)"));
                        let why = "of a kind that cannot be used".to_owned();
                        let error = WireError::KeyUnreadable { file: key.file.clone(), why };
                        return if plan { Err(error) } else { Ok(Tried::Unusable) };
                    }
                    passphrase = None;
                }
                Err(Stopped::Failed(error)) => {
                    self.tried.push(name);
                    return match self.ended(&error) {
                        Some(error) => Err(error),
                        None => Ok(Tried::Refused),
                    };
                }
                Err(stopped) => return Err(self.stopped(stopped)),
            }
        }
        if plan {
            return Err(WireError::PassphraseWrong { file: key.file.clone() });
        }
        self.tried.push(format!("{name} (not opened)"));
        Ok(Tried::Unusable)
    }

    /// What the server would still accept.
    fn accepted(&mut self) -> Result<Vec<Remote<String>>, WireError> {
        let (session, user) = (self.session, self.target.user.clone());
        let call = || session.auth_methods(&user).map(str::to_owned);
        match drive(session, self.socket, self.alarm.left(), |_| (), call) {
            Ok(methods) => Ok(methods.split(',').take(MOST_METHODS).map(Remote::new).collect()),
            Err(Stopped::Failed(error)) => match self.ended(&error) {
                Some(error) => Err(error),
                None => Ok(Vec::new()),
            },
            Err(stopped) => Err(self.stopped(stopped)),
        }
    }

    fn tries(&self, way: TypedWay) -> bool {
        !self.target.shut.contains(&way)
    }

    /// Password and keyboard-interactive.
    fn words(&mut self, known: Option<Vec<Remote<String>>>) -> Result<(), WireError> {
        let mut accepted = match known {
            Some(known) => known,
            None => self.accepted()?,
        };
        if self.session.authenticated() {
            return Ok(());
        }
        let mut asked_password = false;
        if offers(&accepted, "password") && self.tries(TypedWay::Password) {
            if self.password()? {
                return Ok(());
            }
            let now = self.accepted()?;
            // Part of the way: the server now wants the next kind only.
            asked_password = offers(&now, "password");
            accepted = now;
        }
        // The same password again would only be refused again.
        let interactive = offers(&accepted, "keyboard-interactive") && self.tries(TypedWay::Answers);
        if interactive && !asked_password && self.interactive()? {
            return Ok(());
        }
        Err(WireError::LoginRefused {
            host: self.target.address(),
            user: self.target.user.clone(),
            tried: self.tried.clone(),
            accepts: accepted,
        })
    }

    fn password(&mut self) -> Result<bool, WireError> {
        let mut sent: Option<Zeroizing<String>> = None;
        for attempt in 0..TRIES {
            let wanted = SecretWanted::Password {
                user: self.target.user.clone(),
                host: self.target.address(),
                again: attempt > 0,
            };
            let Some(secret) = self.alarm.asking(|| self.ask.secret(&wanted)) else { break };
            // Refused once it would be refused again, and count towards a lock.
            if sent.as_ref() == Some(&secret) {
                break;
            }
            self.tried.push("password".to_owned());
            let (session, user) = (self.session, self.target.user.clone());
            if self.step(|| session.userauth_password(&user, &secret))? {
                return Ok(true);
            }
            sent = Some(secret);
        }
        Ok(false)
    }

    fn interactive(&mut self) -> Result<bool, WireError> {
        let mut refused = Vec::new();
        for attempt in 0..TRIES {
            let mut questions = Questions {
                ask: self.ask,
                alarm: self.alarm,
                socket: self.socket,
                user: self.target.user.clone(),
                host: self.target.address(),
                again: attempt > 0,
                given_up: false,
                refused: std::mem::take(&mut refused),
                sent: Vec::new(),
            };
            self.tried.push("keyboard-interactive".to_owned());
            let (session, user) = (self.session, self.target.user.clone());
            let result = self.step(|| session.userauth_keyboard_interactive(&user, &mut questions));
            if questions.given_up {
                break;
            }
            if result? {
                return Ok(true);
            }
            refused = questions.sent;
        }
        Ok(false)
    }
}

/// Did libssh2 fail on the key itself (`LIBSSH2_ERROR_FILE`, `_METHOD_NONE`, `_KEYFILE_AUTH_FAILED`)?
fn unreadable(error: &ssh2::Error) -> bool {
    matches!(error.code(), ErrorCode::Session(-16 | -17 | -48))
        || error.message().contains("Unable to extract")
}
